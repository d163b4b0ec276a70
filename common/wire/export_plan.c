/*
 * What each column of a batch is on the wire.
 */
#include "wire/event.h"
#include "wire/exporter.h"

uint64_t *
plan_bitmap(struct plan *p, size_t n)
{
	return arena_zero(&p->arena, bits_words(n) * 8 + 8);
}

const struct column *
plan_find(struct batch *b, struct field_id id, enum type type)
{
	int i = batch_find(b, &id);

	if (i < 0 || (type != TYPE_NONE && b->col[i].type != type))
		return NULL;
	return batch_plain(b, (unsigned)i);
}

struct xfield *
plan_field(struct plan *p, const struct column *c)
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

bool
plan_any(const uint64_t *w, size_t n)
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

	if (present != NULL && !plan_any(present, n))
		return;
	f = plan_field(p, c);
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
	const struct column *l = plan_find(b, logical, TYPE_IP);
	uint64_t *four, *six;

	if (l == NULL || c->width != 16) {
		field_ip(p, c, c->id.id, PUT_IP6, c->present, n);
		return;
	}
	four = plan_bitmap(p, n);
	six = plan_bitmap(p, n);
	for (size_t i = 0; i < n; i++) {
		bool other = memcmp((const uint8_t *)c->data + i * 16, &zero, 16) == 0 &&
			     bits_has(l->present, i) && !cell_is_v4(l, i);

		if (bits_has(c->present, i))
			bits_set(other ? four : six, i);
	}
	field_ip(p, c, partner, PUT_IP4, four, n);
	field_ip(p, c, c->id.id, PUT_IP6, six, n);
}

void
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
	four = plan_bitmap(p, n);
	six = plan_bitmap(p, n);
	PLAN_SELECT(four, c->present, n, i, cell_is_v4(c, i));
	PLAN_SELECT(six, c->present, n, i, !cell_is_v4(c, i));
	field_ip(p, c, c->id.id, PUT_IP4, four, n);
	field_ip(p, c, partner, PUT_IP6, six, n);
}

/* Numbers ------------------------------------------------------------------------------------ */

/* A number of as many bits as the value needs: a signed one's sign is one of them. */
static uint64_t
extent(const struct column *c, size_t rec)
{
	int64_t v;

	if (c->type != TYPE_INT)
		return cell_uint(c, rec);
	v = column_int(c, rec);
	return (uint64_t)(v < 0 ? ~v : v) << 1;
}

static uint64_t
greatest(const struct xfield *f, size_t n)
{
	uint64_t most = 0;

	for (size_t i = 0; i < n; i++) {
		if (bits_has(f->present, i)) {
			uint64_t v = extent(&f->col, i);

			most = v > most ? v : most;
		}
	}
	return most;
}

/* Leave out the values that are not among those that fit. */
static void
keep_fit(struct exporter *e, struct xfield *f, size_t n, uint64_t *fit, const char *what)
{
	size_t before = count_present(f->present, e->plan.sel, n);
	size_t after = count_present(fit, e->plan.sel, n);

	if (after == before)
		return;
	f->present = fit;
	loss_count(e, &f->id, what, before - after);
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

/* Seconds have 32 bits, those of NTP too, without their era; milliseconds have 64. */
static void
plan_time(struct exporter *e, struct xfield *f, const struct element *el, size_t n)
{
	unsigned scale = el != NULL ? el->scale : f->col.scale;
	uint64_t *fit = plan_bitmap(&e->plan, n);

	f->op = scale >= 6 ? PUT_TIME : scale >= 3 ? PUT_NTP_US : PUT_NTP_NS;
	f->length = scale == 9 ? 4 : 8;
	f->scale = (uint8_t)(scale >= 9 ? 9 : 6);
	if (scale == 6)
		PLAN_SELECT(fit, f->present, n, i, (int64_t)cell_uint(&f->col, i) >= 0);
	else if (scale == 9)
		PLAN_SELECT(fit, f->present, n, i, time_fits((int64_t)cell_uint(&f->col, i)));
	else
		PLAN_SELECT(fit, f->present, n, i, ntp_fits((int64_t)cell_uint(&f->col, i)));
	keep_fit(e, f, n, fit, scale >= 6 ? TIMES_MISFIT : NTP_MISFIT);
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

		if (!bits_has(f->present, i))
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
	uint64_t *fit = plan_bitmap(&e->plan, n);

	PLAN_SELECT(fit, f->present, n, i,
	    f->col.off[i + 1] - f->col.off[i] >= least &&
		f->col.off[i + 1] - f->col.off[i] <= most);
	keep_fit(e, f, n, fit, "values that are empty or too long");
}

/*
 * Long strings of NetFlow v9 have templates of their own, by their length in multiples of STRING_SHORT, so that
 * one does not make all records of the batch as long.  The others have multiples of STRING_STEP: with the length of
 * the longest alone nearly every batch would take another template, and their numbers would run out.
 */
static void
plan_string(struct xfield *f, size_t n, size_t most)
{
	size_t longest = most > 0 && most <= STRING_SHORT ? most : 1;

	f->by_length = most > STRING_SHORT;
	for (size_t i = 0; f->by_length && i < n; i++) {
		size_t len = f->col.off[i + 1] - f->col.off[i];

		if (bits_has(f->present, i) && len <= STRING_SHORT && len > longest)
			longest = len;
	}
	f->length = (uint16_t)((longest + STRING_STEP - 1) / STRING_STEP * STRING_STEP);
}

/*
 * IPFIX has variable length; NetFlow v9 does not: there short strings are padded with NULs to about
 * the longest of the batch, and octets get a template for each length.
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
		plan_string(f, n, most);
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
	if (event_set_apart(&f->id))
		return "totals of updates that were counted";
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
				f->pen = PEN_SCOPE;
				f->wire = scopes[i].scope;
				return NULL;
			}
		}
		f->scope = false;
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

/* What of the column's scope the wire has otherwise; NULL: nothing. */
static const char *
changed_scope(const struct column *c, const struct xfield *f)
{
	if (f->pen != c->id.pen)
		return f->pen == PEN_SCOPE ? "scopes sent as NetFlow v9's"
					   : "scopes sent as elements";
	return f->scope != ((c->flags & COLUMN_SCOPE) != 0) ? "scopes sent as fields" : NULL;
}

/* Without its scope a record would say of more than it is about: it is not sent.  System becomes the domain. */
static bool
drop_records(struct exporter *e, struct batch *b, const struct column *c)
{
	struct plan *p = &e->plan;

	if (!b->options || !(c->flags & COLUMN_SCOPE) || (c->id.pen == PEN_SCOPE && c->id.id == 1))
		return false;
	if (p->dropped == NULL)
		p->dropped = plan_bitmap(p, b->n);
	PLAN_SELECT(p->dropped, c->present, b->n, i, true);
	return true;
}

/* A domain that options name goes by the number that its records have here. */
static void
plan_domain(struct exporter *e, struct batch *b, struct xfield *f)
{
	const struct plan *p = &e->plan;
	uint32_t *numbers = arena_zero(&e->plan.arena, b->n * sizeof(*numbers));
	struct origin origin;

	origin_bind(&origin, b);
	for (size_t i = 0; i < b->n; i++) {
		uint32_t original = (uint32_t)cell_uint(&f->col, i);
		const struct session *s;

		if (!bits_has(f->present, i) || !bits_has(p->sel, i))
			continue;
		s = origin_session(e, &origin, i);
		s = s != NULL ? session_find(e, &s->exporter, original) : NULL;
		numbers[i] = s != NULL ? s->domain : original;
	}
	f->col.data = numbers;
	f->col.width = 4;
	f->op = PUT_UINT;
	f->length = 4;
}

/* Addresses of one column, which are scopes or not. */
static void
plan_ips(struct exporter *e, struct batch *b, const struct column *c, bool scope)
{
	struct plan *p = &e->plan;
	size_t first = p->n_fields;

	plan_ip(e, b, c, b->n);
	for (size_t i = first; i < p->n_fields; i++)
		p->fields[i].scope = scope;
}

static void
plan_column(struct exporter *e, struct batch *b, unsigned i)
{
	const struct column *c = &b->col[i];
	struct plan *p = &e->plan;
	struct xfield *f = plan_field(p, c);
	const char *why = wire_identity(e, f), *changed = changed_scope(c, f);
	const struct element *el = element_find(f->pen, f->wire);

	if (why == NULL && own_says(e, b, c, &f->present)) {
		p->n_fields--;
		return;
	}
	if (why == NULL && c->type == TYPE_LIST && e->opts.version == EXPORT_V9)
		why = "lists";
	if (why != NULL && drop_records(e, b, c))
		why = "scopes that cannot be said, their records dropped";
	if (why == NULL && changed != NULL)
		loss_count(e, &c->id, changed, count_present(c->present, p->sel, b->n));
	if (why != NULL || c->type == TYPE_IP) {
		p->n_fields--;
		if (why == NULL)
			plan_ips(e, b, c, f->scope);
		else
			loss_count(e, &c->id, why, count_present(c->present, p->sel, b->n));
		return;
	}
	if (b->options && f->pen == PEN_IANA && f->wire == 149 && c->type == TYPE_UINT) {
		plan_domain(e, b, f);
		return;
	}
	switch ((enum type)c->type) {
	case TYPE_TIME: plan_time(e, f, el, b->n); break;
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

/* A record without any scope gets one: our own number (RFC 7011 3.4.2.1 wants at least one). */
static void
plan_domain_scope(struct exporter *e)
{
	bool v9 = e->opts.version == EXPORT_V9;
	struct xfield *f = plan_field(&e->plan, &(struct column){ .type = TYPE_UINT, .width = 4 });

	f->pen = v9 ? PEN_SCOPE : PEN_IANA;
	f->wire = v9 ? 1 : 149;
	f->op = PUT_DOMAIN;
	f->length = 4;
	f->scope = true;
}

static void
bind_raw_start(struct plan *p, struct batch *b)
{
	const struct column *c = plan_find(b, field_iana(22), TYPE_UINT);

	p->has_raw_start = c != NULL;
	if (p->has_raw_start)
		p->raw_start = *c;
}

/* Must a come before b?  Scopes first; a repeated element in the order of its instances. */
static bool
comes_before(const struct xfield *a, const struct xfield *b)
{
	if (a->scope != b->scope)
		return a->scope;
	return a->pen == b->pen && a->wire == b->wire && a->order < b->order;
}

/* The order of the columns, but where that cannot be. */
static void
sort_fields(struct plan *p)
{
	for (size_t k = 1; k < p->n_fields; k++) {
		struct xfield f = p->fields[k];
		size_t at = k;

		for (size_t i = 0; i < k && at == k; i++) {
			if (comes_before(&f, &p->fields[i]))
				at = i;
		}
		memmove(&p->fields[at + 1], &p->fields[at], (k - at) * sizeof(f));
		p->fields[at] = f;
	}
}

int
plan_make(struct exporter *e, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct plan *p = &e->plan;

	p->n_fields = 0;
	p->sel = sel;
	p->dropped = NULL;
	p->tells_sampling = p->tells_types = p->apart = false;
	arena_reset(&p->arena);
	for (unsigned i = 0; i < b->n_cols; i++) {
		if (!(b->col[i].flags & COLUMN_EMPTY))
			(void)batch_plain(b, i);
	}
	if (b->err.status != 0) {
		*err = b->err;
		return -1;
	}
	own_fields(e, b);
	bind_raw_start(p, b);
	for (unsigned i = 0; i < b->n_cols; i++) {
		if (b->col[i].id.pen != PEN_OWN && !(b->col[i].flags & COLUMN_EMPTY))
			plan_column(e, b, i);
	}
	own_lost(e, b);
	if (b->options)
		plan_domain_scope(e);
	sort_fields(p);
	if (b->options)
		sampling_bind(p);
	if (e->opts.version == EXPORT_IPFIX) {
		if (b->options)
			types_bind(p);
		types_plan(e, b->n);
	}
	layouts_make(e, b->n);
	return 0;
}
