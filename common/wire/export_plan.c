/*
 * What each column of a batch is on the wire.
 */
#include "wire/exporter.h"

static uint64_t *
bitmap(struct plan *p, size_t n)
{
	return arena_zero(&p->arena, bits_words(n) * 8 + 8);
}

static struct xfield *
field_add(struct plan *p, const struct column *c)
{
	struct xfield *f;

	if (p->n_fields == p->cap_fields) {
		p->cap_fields = p->cap_fields ? p->cap_fields * 2 : 64;
		p->fields = mem_resize(p->fields, p->cap_fields, sizeof(*p->fields));
	}
	f = &p->fields[p->n_fields++];
	*f = (struct xfield){ .id = c->id,
		.pen = c->id.pen,
		.wire = c->id.id,
		.col = *c,
		.present = c->present,
		.scope = (c->flags & COLUMN_SCOPE) != 0,
		.order = c->id.instance & 0x7f };
	return f;
}

/* The bits of present (NULL: all) for which the test holds. */
#define SELECT(to, from, n, i, test) \
	do { \
		for (size_t i = 0; i < (n); i++) { \
			if (((from) == NULL || bits_get((from), i)) && (test)) \
				bits_set((to), i); \
		} \
	} while (0)

static bool
bits_any(const uint64_t *w, size_t n)
{
	for (size_t i = 0; i < bits_words(n); i++) {
		if (w[i])
			return true;
	}
	return false;
}

/* Addresses ---------------------------------------------------------------------------------- */

static void
field_ip(struct plan *p, const struct column *c, uint16_t wire, enum put_op op,
    const uint64_t *present, size_t n)
{
	struct xfield *f;

	if (present != NULL && !bits_any(present, n))
		return;
	f = field_add(p, c);
	f->wire = wire;
	f->op = (uint8_t)op;
	f->length = op == PUT_IP4 ? 4 : 16;
	f->present = present;
}

/*
 * The IPv6 element of a pair has a column of its own where a record carries both; there the
 * mapped 0.0.0.0 beside a logical IPv6 address stands for the IPv4 element sent as zero.
 */
static void
plan_ip6(struct exporter *e, struct batch *b, const struct column *c, uint16_t partner, size_t n)
{
	struct field_id logical = { .pen = c->id.pen, .id = partner, .instance = c->id.instance };
	static const struct addr zero = { .b = { [10] = 0xff, [11] = 0xff } };
	struct plan *p = &e->plan;
	int at = batch_find(b, &logical);
	const struct column *l;
	uint64_t *four, *six;

	if (at < 0 || c->width != 16) {
		field_ip(p, c, c->id.id, PUT_IP6, c->present, n);
		return;
	}
	l = batch_plain(b, (unsigned)at);
	four = bitmap(p, n);
	six = bitmap(p, n);
	for (size_t i = 0; i < n; i++) {
		bool other = memcmp((const uint8_t *)c->data + i * 16, &zero, 16) == 0 &&
			     (l->present == NULL || bits_get(l->present, i)) && !cell_is_v4(l, i);

		if (c->present == NULL || bits_get(c->present, i))
			bits_set(other ? four : six, i);
	}
	field_ip(p, c, partner, PUT_IP4, four, n);
	field_ip(p, c, c->id.id, PUT_IP6, six, n);
}

static void
plan_ip(struct exporter *e, struct batch *b, const struct column *c, size_t n)
{
	bool iana = c->id.pen == PEN_IANA || c->id.pen == PEN_REVERSE, is_v6 = false;
	const struct element *el = element_find(c->id.pen, c->id.id);
	uint16_t partner = iana ? element_pair(c->id.id, &is_v6) : 0;
	struct plan *p = &e->plan;
	uint64_t *four, *six;

	if (partner != 0 && is_v6) {
		plan_ip6(e, b, c, partner, n);
		return;
	}
	if (partner == 0 && (c->width == 16 || (el != NULL && el->width == 16))) {
		field_ip(p, c, c->id.id, PUT_IP6, c->present, n);
		return;
	}
	if (c->width == 4) {
		field_ip(p, c, c->id.id, PUT_IP4, c->present, n);
		return;
	}
	four = bitmap(p, n);
	six = bitmap(p, n);
	SELECT(four, c->present, n, i, cell_is_v4(c, i));
	SELECT(six, c->present, n, i, !cell_is_v4(c, i));
	field_ip(p, c, c->id.id, PUT_IP4, four, n);
	field_ip(p, c, partner, PUT_IP6, six, n);
}

/* Numbers ------------------------------------------------------------------------------------ */

static uint64_t
greatest(const struct xfield *f, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		if (f->present == NULL || bits_get(f->present, i)) {
			uint64_t v = cell_uint(&f->col, i);

			most = v > most ? v : most;
		}
	}
	return most;
}

/* The element's own length; the column's where a value needs more or nothing is known. */
static void
plan_uint(struct xfield *f, const struct element *el, size_t n)
{
	f->op = PUT_UINT;
	f->length = f->col.width;
	if (el != NULL && el->type == f->col.type && el->width != 0 && el->width < f->length &&
	    greatest(f, n) >> (8 * el->width) == 0)
		f->length = el->width;
}

static void
plan_time(struct xfield *f, const struct element *el)
{
	unsigned scale = el != NULL ? el->scale : 6;

	f->op = scale >= 6 ? PUT_TIME : scale >= 3 ? PUT_NTP_US : PUT_NTP_NS;
	f->length = scale == 9 ? 4 : 8;
	f->scale = (uint8_t)(scale >= 9 ? 9 : 6);
}

/* Durations are unsigned32 in their unit where the values allow (IANA 161, 162 ...). */
static void
plan_duration(struct xfield *f, const struct element *el, size_t n)
{
	int64_t unit = 1;

	f->op = PUT_TIME;
	f->scale = el != NULL ? el->scale : 6;
	for (unsigned i = 0; i < f->scale; i++)
		unit *= 10;
	f->length = greatest(f, n) / (uint64_t)unit > UINT32_MAX ? 8 : 4;
}

/* Octets ------------------------------------------------------------------------------------- */

/* Lengths of the present values; false: there are none. */
static bool
lengths(const struct xfield *f, size_t n, size_t *least, size_t *most)
{
	*least = SIZE_MAX;
	*most = 0;
	for (size_t i = 0; i < n; i++) {
		size_t len = f->col.off[i + 1] - f->col.off[i];

		if (f->present != NULL && !bits_get(f->present, i))
			continue;
		*least = len < *least ? len : *least;
		*most = len > *most ? len : *most;
	}
	return *least <= *most;
}

/* Leave out values whose length does not fit. */
static void
drop_lengths(struct exporter *e, struct xfield *f, size_t n, size_t least, size_t most)
{
	uint64_t *fit = bitmap(&e->plan, n);
	size_t before = count_present(f->present, e->plan.sel, n);

	SELECT(fit, f->present, n, i,
	    f->col.off[i + 1] - f->col.off[i] >= least &&
		f->col.off[i + 1] - f->col.off[i] <= most);
	f->present = fit;
	loss_count(e, &f->id, "values that are empty or too long",
	    before - count_present(fit, e->plan.sel, n));
}

/*
 * IPFIX has variable length; NetFlow v9 does not: there strings are padded with NULs to the longest
 * of the batch, and octets get a template for each length.
 */
static void
plan_octets(struct exporter *e, struct xfield *f, size_t n)
{
	bool v9 = e->opts.version == EXPORT_V9, string = f->col.type == TYPE_STRING;
	size_t least, most, bound = 60000;

	if (!lengths(f, n, &least, &most))
		return;
	if (most > bound || (v9 && !string && least == 0)) {
		drop_lengths(e, f, n, v9 && !string, bound);
		if (!lengths(f, n, &least, &most))
			return;
	}
	f->op = PUT_PADDED;
	if (v9 && string) {
		f->length = (uint16_t)(most ? most : 1);
	} else if (!string && least == most && least > 0) {
		f->length = (uint16_t)most;
	} else if (v9) {
		f->by_length = true;
	} else {
		f->op = PUT_VAR;
		f->length = LENGTH_VAR;
	}
}

/* Where an identity goes ----------------------------------------------------------------------- */

/* RFC 3954 6.1 scope types and the elements that say the same. */
static const struct {
	uint16_t scope, element;
} scopes[] = { { 2, 10 }, { 3, 141 }, { 5, 145 } };

/* Can the format name this identity?  Sets the number; else why not. */
static const char *
wire_identity(const struct exporter *e, struct xfield *f)
{
	bool v9 = e->opts.version == EXPORT_V9;
	uint32_t pen = f->id.pen;

	if (pen == PEN_NAMED)
		return "values without an information element";
	if (pen == PEN_SCOPE) {
		for (size_t i = 0; !v9 && i < sizeof(scopes) / sizeof(scopes[0]); i++) {
			if (scopes[i].scope == f->id.id) {
				f->pen = PEN_IANA;
				f->wire = scopes[i].element;
				return NULL;
			}
		}
		return v9 && f->scope ? NULL : "scopes that only NetFlow v9 has";
	}
	if (v9 && f->scope) {
		for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
			if (pen == PEN_IANA && scopes[i].element == f->id.id) {
				f->wire = scopes[i].scope;
				return NULL;
			}
		}
		return "scopes that NetFlow v9 does not have";
	}
	if (pen == PEN_V9)
		return v9 ? NULL : "values of a type that only NetFlow v9 has";
	if (pen >= PEN_OWN)
		return "values of our own";
	if (v9 && pen != PEN_IANA)
		return "values of an enterprise's element";
	if (v9 && element_v9_pen(f->id.id) != PEN_IANA)
		return "values of an element that NetFlow v9 does not have";
	return NULL;
}

static void
plan_column(struct exporter *e, struct batch *b, unsigned i)
{
	const struct column *c = &b->col[i];
	struct plan *p = &e->plan;
	struct xfield *f = field_add(p, c);
	const char *why = wire_identity(e, f);
	const struct element *el = element_find(f->pen, f->wire);

	if (why == NULL && c->type == TYPE_LIST && e->opts.version == EXPORT_V9)
		why = "lists";
	if (why != NULL || c->type == TYPE_IP) {
		p->n_fields--;
		if (why == NULL)
			plan_ip(e, b, c, b->n);
		else
			loss_count(e, &c->id, why, count_present(c->present, p->sel, b->n));
		return;
	}
	switch ((enum type)c->type) {
	case TYPE_TIME: plan_time(f, el); break;
	case TYPE_DURATION: plan_duration(f, el, b->n); break;
	case TYPE_BOOL:
		f->op = PUT_BOOL;
		f->length = 1;
		break;
	case TYPE_MAC:
		f->op = PUT_UINT;
		f->length = 6;
		break;
	case TYPE_LIST:
		if (!lists_encode(e, f, b->n))
			p->n_fields--;
		break;
	case TYPE_STRING:
	case TYPE_BYTES: plan_octets(e, f, b->n); break;
	default: plan_uint(f, el, b->n); break;
	}
}

/* Our own columns ---------------------------------------------------------------------------- */

static const struct column *
find_plain(struct batch *b, struct field_id id)
{
	int i = batch_find(b, &id);

	return i < 0 ? NULL : batch_plain(b, (unsigned)i);
}

/* Records that carry every element as sent, a start (or end) that needs no header among them. */
static void
add_absolute(struct batch *b, const uint16_t *ids, size_t n_ids, uint64_t *said)
{
	const struct column *wire = find_plain(b, field_own(OWN_WIRE)), *c;

	for (size_t k = 0; wire != NULL && k < n_ids; k++) {
		c = find_plain(b, field_iana(ids[k]));
		if (c == NULL || c->type != TYPE_TIME)
			continue;
		SELECT(said, c->present, b->n, i,
		    (wire->present == NULL || bits_get(wire->present, i)) &&
			cell_uint(wire, i) != 0);
	}
}

static void
count_rounded(struct exporter *e, const struct xfield *f, size_t n)
{
	const uint64_t *sel = e->plan.sel;
	size_t rounded = 0;

	for (size_t i = 0; i < n; i++) {
		if ((f->present == NULL || bits_get(f->present, i)) &&
		    (sel == NULL || bits_get(sel, i)))
			rounded += cell_uint(&f->col, i) % (uint64_t)NS_PER_MS != 0;
	}
	loss_count(e, &f->id, "times rounded to milliseconds", rounded);
}

/* start or end, where the record has not said it by an element of its own already. */
static void
plan_flow_time(struct exporter *e, struct batch *b, enum own own)
{
	static const uint16_t absolute[2][4] = { { 150, 152, 154, 156 }, { 151, 153, 155, 157 } };
	bool end = own == OWN_END, v9 = e->opts.version == EXPORT_V9;
	const struct column *c = find_plain(b, field_own(own));
	const struct column *guess = find_plain(b, field_own(OWN_TIME_GUESS));
	struct plan *p = &e->plan;
	uint64_t *said = bitmap(p, b->n), *present = bitmap(p, b->n);
	struct xfield *f;

	if (c == NULL)
		return;
	add_absolute(b, absolute[end], 4, said);
	SELECT(present, c->present, b->n, i,
	    !bits_get(said, i) &&
		!(guess != NULL && (guess->present == NULL || bits_get(guess->present, i)) &&
		    cell_uint(guess, i) != 0));
	if (!bits_any(present, b->n))
		return;
	f = field_add(p, c);
	f->pen = PEN_IANA;
	f->present = count_present(present, NULL, b->n) == b->n ? NULL : present;
	if (v9) {
		f->op = PUT_UPTIME;
		f->wire = end ? 21 : 22;
		f->length = 4;
		count_rounded(e, f, b->n);
		return;
	}
	f->scale = c->scale >= 9 ? 9 : c->scale >= 6 ? 6 : c->scale >= 3 ? 3 : 0;
	f->wire = absolute[end][(9 - f->scale) / 3];
	f->op = f->scale >= 6 ? PUT_TIME : f->scale == 3 ? PUT_NTP_US : PUT_NTP_NS;
	f->length = f->scale == 9 ? 4 : 8;
}

/*
 * The sampling interval as samplingInterval (34), where neither the record has an element that says
 * it nor options records do (they are sent as they are).
 */
static void
plan_sampling(struct exporter *e, struct batch *b)
{
	const struct column *c = find_plain(b, field_own(OWN_SAMPLING));
	const struct column *source = find_plain(b, field_own(OWN_SAMPLING_SRC));
	struct plan *p = &e->plan;
	uint64_t *present;
	struct xfield *f;

	if (c == NULL || find_plain(b, field_iana(34)) != NULL)
		return;
	present = bitmap(p, b->n);
	SELECT(present, c->present, b->n, i,
	    source == NULL || (source->present != NULL && !bits_get(source->present, i)) ||
		cell_uint(source, i) == SAMPLING_HEADER || cell_uint(source, i) > SAMPLING_OPTIONS);
	if (!bits_any(present, b->n))
		return;
	f = field_add(p, c);
	f->pen = PEN_IANA;
	f->wire = 34;
	f->op = PUT_UINT;
	f->length = 4;
	f->present = present;
}

static void
plan_exporter(struct exporter *e, struct batch *b)
{
	const struct column *c = find_plain(b, field_own(OWN_EXPORTER));
	struct column named;

	if (c == NULL || !e->opts.keep_exporter || find_plain(b, field_iana(130)) != NULL)
		return;
	named = *c;
	named.id = field_iana(130);
	plan_ip(e, b, &named, b->n);
}

/* A record without any scope gets one: our own number (RFC 7011 3.4.2.1 wants at least one). */
static void
plan_domain_scope(struct exporter *e)
{
	bool v9 = e->opts.version == EXPORT_V9;
	struct xfield *f = field_add(&e->plan, &(struct column){ .type = TYPE_UINT, .width = 4 });

	f->pen = v9 ? PEN_SCOPE : PEN_IANA;
	f->wire = v9 ? 1 : 149;
	f->op = PUT_DOMAIN;
	f->length = 4;
	f->scope = true;
}

/*
 * NetFlow's uptimes and deltas have meaning only beside their own header: start and end stand for
 * them.  Returns whether the column is one of them.
 */
static bool
skip_relative_time(struct exporter *e, struct batch *b, const struct column *c)
{
	bool end = c->id.id == 21 || c->id.id == 159, start = c->id.id == 22 || c->id.id == 158;
	const struct column *own;
	uint64_t *alone;

	if (b->options || c->id.pen != PEN_IANA || (!start && !end))
		return false;
	own = find_plain(b, field_own(end ? OWN_END : OWN_START));
	if (own == NULL || own->present != NULL) {
		alone = bitmap(&e->plan, b->n);
		SELECT(alone, c->present, b->n, i, own == NULL || !bits_get(own->present, i));
		loss_count(e, &c->id, "times relative to a lost header",
		    count_present(alone, e->plan.sel, b->n));
	}
	return true;
}

/* Of our own columns some are sent, some only say how the record came to be, others are lost. */
static void
count_own(struct exporter *e, struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];
		uint64_t *said;

		if (c->id.pen != PEN_OWN || (c->flags & COLUMN_EMPTY) ||
		    (c->id.id <= OWN_EXPORTER_PORT && c->id.id != OWN_SAMPLING_MODE))
			continue;
		said = bitmap(&e->plan, b->n);
		SELECT(said, c->present, b->n, k,
		    c->id.id != OWN_SAMPLING_MODE || cell_uint(c, k) != 0);
		loss_count(e, &c->id, "values of our own", count_present(said, e->plan.sel, b->n));
	}
}

static void
bind_raw_start(struct plan *p, struct batch *b)
{
	const struct column *c = find_plain(b, field_iana(22));

	p->has_raw_start = c != NULL && c->type == TYPE_UINT;
	if (p->has_raw_start)
		p->raw_start = *c;
}

int
plan_make(struct exporter *e, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct plan *p = &e->plan;

	p->n_fields = 0;
	p->sel = sel;
	arena_reset(&p->arena);
	for (unsigned i = 0; i < b->n_cols; i++) {
		if (!(b->col[i].flags & COLUMN_EMPTY))
			(void)batch_plain(b, i);
	}
	if (b->err.status != 0) {
		*err = b->err;
		return -1;
	}
	if (!b->options) {
		plan_flow_time(e, b, OWN_START);
		plan_flow_time(e, b, OWN_END);
		plan_sampling(e, b);
		plan_exporter(e, b);
	}
	bind_raw_start(p, b);
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if (c->id.pen != PEN_OWN && !(c->flags & COLUMN_EMPTY) &&
		    !skip_relative_time(e, b, c))
			plan_column(e, b, i);
	}
	count_own(e, b);
	if (b->options)
		plan_domain_scope(e);
	layouts_make(e, b->n);
	return 0;
}
