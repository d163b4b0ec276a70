/*
 * data.c - data records by their template, rows to columns.
 *
 * Records of fixed length are copied column by column with a stride; of varying length, the fields are
 * located first and each value is copied alone by the same code.
 */
#include <assert.h>

#include "base/num.h"
#include "wire/copy.h"
#include "wire/decoder.h"

/* Times before 1990 are clocks that were never set. */
#define EARLIEST_NS (INT64_C(631152000) * NS_PER_S)

/* Records of a set: of fixed length, or with their fields located. */
struct rows {
	const uint8_t *base;
	size_t stride;
	const struct slice *slices;
	unsigned n_fields;
	size_t n;
};

/* A step over records [from, from + n) of rows to cells first... of a batch. */
struct task {
	struct message *m;
	const struct template *t;
	struct batch *b;
	const struct rows *rows;
	size_t from, n, first;
	bool guess_start, guess_end;
};

/* Columns ---------------------------------------------------------------------------------------- */

/* The column, from where it was last time if it is still there. */
static int
column_at(struct batch *b, uint16_t *hint, const struct field_id *id, enum type type,
    unsigned width, bool scope)
{
	int i;

	if (*hint < b->n_cols) {
		const struct column *c = &b->col[*hint];

		if (c->id.id == id->id && c->id.pen == id->pen && c->id.instance == id->instance &&
		    c->type == type && ((c->flags & COLUMN_SCOPE) != 0) == scope &&
		    c->width >= width)
			return *hint;
	}
	i = batch_column(b, id, type, width, scope ? COLUMN_SCOPE : 0);
	if (i >= 0)
		*hint = (uint16_t)i;
	return i;
}

static unsigned
constant_width(const struct constant *c)
{
	return c->type == TYPE_IP ? addr_is_v4(c->ip) ? 4 : 16 : c->width;
}

static void
add_constant(struct message *m, struct constant c)
{
	assert(m->n_constants < CONSTANTS_MAX);
	m->w->constants[m->n_constants++] = c;
}

void
data_constant(struct message *m, struct field_id id, enum type type, unsigned width, uint64_t value)
{
	add_constant(m, (struct constant){ id, (uint8_t)type, (uint8_t)width, value, NULL });
}

/* IPFIX has no uptime in its header: it is the time since the start that was learned. */
static void
place_uptime(struct message *m)
{
	if (m->s->stats.version != 10 || !m->s->has_init)
		return;
	m->has_uptime = true;
	m->uptime_ns = m->export_ns;
	m->uptime_ms = (uint32_t)((uint64_t)(m->export_ns / NS_PER_MS) - (uint64_t)m->s->init_ms);
}

void
data_begin(struct message *m)
{
	const struct wire_msg *msg = m->msg;

	place_uptime(m);
	m->n_constants = 0;
	add_constant(
	    m, (struct constant){ field_own(OWN_EXPORTER), TYPE_IP, 0, 0, &msg->exporter });
	data_constant(m, field_own(OWN_DOMAIN), TYPE_UINT, 4, m->s->stats.domain);
	data_constant(m, field_own(OWN_RECEIVED), TYPE_TIME, 8, (uint64_t)msg->received_ns);
	data_constant(m, field_own(OWN_VERSION), TYPE_UINT, 2, m->s->stats.version);
	data_constant(m, field_own(OWN_EXPORTER_PORT), TYPE_UINT, 2, msg->port);
	if (m->w->sessions.opts.raw)
		data_constant(m, field_own(OWN_WIRE), TYPE_BOOL, 1, 1);
}

static void
fill_constant(struct batch *b, const struct constant *c, unsigned col, size_t first, size_t n)
{
	unsigned width = b->col[col].width;
	uint8_t *cells = (uint8_t *)batch_cells(b, col) + first * width;

	if (c->type == TYPE_IP && width == 16)
		for (size_t i = 0; i < n; i++)
			memcpy(cells + 16 * i, c->ip->b, 16);
	else
		copy_constant(cells, width, c->type == TYPE_IP ? addr_u32(c->ip) : c->value, n);
	batch_mark(b, col, first, n);
	if (c->type == TYPE_TIME)
		batch_precision(b, col, 0);
}

/* Steps ------------------------------------------------------------------------------------------ */

static struct source
source_fixed(const struct task *k, size_t at, size_t len)
{
	const struct rows *r = k->rows;

	return (struct source){ r->base + k->from * r->stride + at, len, r->stride, k->n };
}

static void *
cells_at(const struct task *k, unsigned col, size_t rec)
{
	return (uint8_t *)batch_cells(k->b, col) + rec * k->b->col[col].width;
}

static void
mark(const struct task *k, unsigned col, size_t rec, size_t n)
{
	if (n == 1)
		bits_set(k->b->col[col].bits, rec);
	else
		batch_mark(k->b, col, rec, n);
}

/* Put one value in a column that few records need; a batch that will not have it is counted. */
static void
put_spare(const struct task *k, const struct field_id *id, enum type type, unsigned width,
    bool scope, size_t rec, uint64_t value, const struct addr *ip)
{
	int col = batch_column(k->b, id, type, width, scope ? COLUMN_SCOPE : 0);

	if (col < 0)
		message_bad(k->m, BAD_RECORD);
	else if (ip != NULL)
		batch_put_ip(k->b, (unsigned)col, rec, ip);
	else
		batch_put_uint(k->b, (unsigned)col, rec, value);
}

/* The wire's number under its element, where the typed value could not hold it. */
static void
put_as_sent(const struct task *k, struct field_id id, bool scope, size_t rec,
    const struct source *s, size_t i)
{
	id.instance |= FIELD_AS_SENT;
	put_spare(k, &id, TYPE_UINT, 8, scope, rec, be_uint(s->p + i * s->stride, s->len), NULL);
}

static int64_t
unit_of(unsigned scale)
{
	return scale == 9 ? NS_PER_S : scale == 6 ? NS_PER_MS : scale == 3 ? NS_PER_US : 1;
}

static void
do_time(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	int64_t *cells = cells_at(k, col, rec), least;

	if (st->form == FORM_NTP)
		least = copy_ntp(cells, s, unit_of(st->scale));
	else
		least = copy_scaled(cells, s, unit_of(st->scale));
	batch_precision(k->b, col, st->scale);
	if (least != TIME_NONE) {
		mark(k, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		cells = cells_at(k, col, rec);
		if (cells[i] != TIME_NONE) {
			mark(k, col, rec + i, 1);
			continue;
		}
		k->m->s->stats.odd_times++;
		put_as_sent(k, st->id, st->scope, rec + i, s, i);
	}
}

/* A time that cannot be start or end stays under the element that it came in. */
static void
put_odd(const struct task *k, const struct step *st, size_t rec, const struct source *s, size_t i,
    int64_t ns)
{
	const struct element *e = element_find(st->wire.pen, st->wire.id);

	k->m->s->stats.odd_times++;
	if (k->m->w->sessions.opts.raw || st->wire.id == 0)
		return;
	if (st->form != FORM_NTP && st->form != FORM_SCALED) {
		put_spare(k, &st->wire, TYPE_UINT, s->len <= 4 ? 4 : 8, false, rec,
		    be_uint(s->p + i * s->stride, s->len), NULL);
	} else if (ns == TIME_NONE || e == NULL) {
		put_as_sent(k, st->wire, false, rec, s, i);
	} else {
		int col = batch_column(k->b, &st->wire, TYPE_TIME, 8, 0);

		if (col < 0) {
			message_bad(k->m, BAD_RECORD);
			return;
		}
		batch_put_uint(k->b, (unsigned)col, rec, (uint64_t)ns);
		batch_precision(k->b, (unsigned)col, st->scale);
	}
}

/* Uptimes against the start of the exporter that the record itself tells. */
static int64_t
copy_uptime_record(
    int64_t *cells, const struct source *s, const struct source *init, int64_t export_ns)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t started_ms = be_uint(init->p + i * init->stride, 8);
		struct source one = { s->p + i * s->stride, s->len, 0, 1 };
		int64_t ns = copy_uptime(cells + i, &one, export_ns,
		    (uint32_t)((uint64_t)(export_ns / NS_PER_MS) - started_ms));

		least = ns < least ? ns : least;
	}
	return least;
}

/* The time element that makes start or end. */
static void
do_chosen(const struct task *k, const struct step *st, unsigned col, const struct source *s,
    const struct source *init, size_t rec)
{
	const struct message *m = k->m;
	int64_t *cells = cells_at(k, col, rec), least = INT64_MAX;

	switch ((enum time_form)st->form) {
	case FORM_SCALED: least = copy_scaled(cells, s, unit_of(st->scale)); break;
	case FORM_NTP: least = copy_ntp(cells, s, unit_of(st->scale)); break;
	case FORM_UPTIME: least = copy_uptime(cells, s, m->uptime_ns, m->uptime_ms); break;
	case FORM_UPTIME_RECORD: least = copy_uptime_record(cells, s, init, m->export_ns); break;
	case FORM_DELTA: least = copy_delta(cells, s, m->export_ns); break;
	}
	batch_precision(k->b, col, st->scale);
	if (least >= EARLIEST_NS) {
		mark(k, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		int64_t ns = ((int64_t *)cells_at(k, col, rec))[i];

		if (ns >= EARLIEST_NS)
			mark(k, col, rec + i, 1);
		else
			put_odd(k, st, rec + i, s, i, ns);
	}
}

/*
 * IPv6 under the IPv4 element's identity.  An address that is itself a mapped one would read as IPv4
 * there, so it stays with its own element.
 */
static void
do_ip6(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	uint8_t *cells = cells_at(k, col, rec);

	if (copy_ip6(cells, s) == 0 || st->wire.id == st->id.id) {
		mark(k, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct addr a;

		memcpy(a.b, s->p + i * s->stride, 16);
		if (addr_is_v4(&a))
			put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec + i, 0, &a);
		else
			mark(k, col, rec + i, 1);
	}
}

static bool
addr_is_zero(const struct addr *a)
{
	static const struct addr zero;

	return memcmp(a->b, zero.b, 16) == 0;
}

/* Does the IPv6 half of a pair make the logical address: alone set, and not one that reads as IPv4? */
static bool
pair_is_v6(const struct addr *v4, const struct addr *v6)
{
	return addr_u32(v4) == 0 && !addr_is_zero(v6) && !addr_is_v4(v6);
}

static void
do_pair(const struct task *k, const struct step *st, unsigned col, const uint8_t *p4,
    const uint8_t *p6, size_t rec)
{
	bool raw = k->m->w->sessions.opts.raw;
	struct addr v4 = addr_v4((uint32_t)be_uint(p4, 4)), v6;

	memcpy(v6.b, p6, 16);
	if (pair_is_v6(&v4, &v6)) {
		batch_put_ip(k->b, col, rec, &v6);
		if (raw)
			put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec, 0, &v4);
		return;
	}
	batch_put_ip(k->b, col, rec, &v4);
	if (raw || !addr_is_zero(&v6))
		put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec, 0, &v6);
}

/* What the record says that it stands for; 0 is unknown. */
static void
do_sampling(const struct task *k, unsigned col, const struct source *s, size_t rec)
{
	struct field_id id = field_own(OWN_SAMPLING_SRC);
	int src = batch_column(k->b, &id, TYPE_UINT, 1, 0);

	for (size_t i = 0; i < s->n; i++) {
		uint64_t v = be_uint(s->p + i * s->stride, s->len);

		if (v == 0 || v > UINT32_MAX)
			continue;
		batch_put_uint(k->b, col, rec + i, v);
		if (src >= 0)
			batch_put_uint(k->b, (unsigned)src, rec + i, SAMPLING_RECORD);
	}
}

static void
do_octets(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	for (size_t i = 0; i < s->n; i++) {
		const uint8_t *p = s->p + i * s->stride;
		size_t len = s->len;

		while (st->kind == STEP_STRING && len > 0 && p[len - 1] == 0)
			len--;
		batch_put_octets(k->b, col, rec + i, p, len);
	}
}

static void
do_list(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	struct buf *list = &k->m->w->list;

	for (size_t i = 0; i < s->n; i++) {
		list->len = 0;
		if (wire_list(k->m, &st->id, s->p + i * s->stride, s->len, list))
			batch_put_octets(k->b, col, rec + i, list->data, list->len);
		else
			message_bad(k->m, BAD_RECORD);
	}
}

/* One step over a source whose values have one length. */
static void
do_step(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	unsigned width = k->b->col[col].width;

	switch ((enum step_kind)st->kind) {
	case STEP_UINT: copy_uint(cells_at(k, col, rec), width, s); break;
	case STEP_INT: copy_int(cells_at(k, col, rec), width, s); break;
	case STEP_FLOAT: copy_float(cells_at(k, col, rec), width, s); break;
	case STEP_BOOL: copy_bool(cells_at(k, col, rec), s); break;
	case STEP_IP4: copy_ip4(cells_at(k, col, rec), width, s); break;
	case STEP_IP6: do_ip6(k, st, col, s, rec); return;
	case STEP_TIME: do_time(k, st, col, s, rec); return;
	case STEP_SAMPLING: do_sampling(k, col, s, rec); return;
	case STEP_STRING:
	case STEP_BYTES: do_octets(k, st, col, s, rec); return;
	case STEP_LIST: do_list(k, st, col, s, rec); return;
	case STEP_PAIR:
	case STEP_CHOSEN: return; /* these read two fields: see below */
	}
	mark(k, col, rec, s->n);
}

static void
run_fixed(const struct task *k, const struct step *st, unsigned col)
{
	struct source s = source_fixed(k, st->at, st->len),
		      other = source_fixed(k, st->at2, st->len2);

	if (st->kind == STEP_CHOSEN)
		do_chosen(k, st, col, &s, &other, k->first);
	else if (st->kind == STEP_PAIR)
		for (size_t i = 0; i < k->n; i++)
			do_pair(k, st, col, s.p + i * s.stride, other.p + i * other.stride,
			    k->first + i);
	else
		do_step(k, st, col, &s, k->first);
}

static bool
length_fits(const struct step *st, size_t len)
{
	return type_is_var((enum type)st->type) || (len >= 1 && len <= 8) || st->len != VARYING;
}

/* Does the step read one field of one length, so that its values can be gathered? */
static bool
is_gatherable(const struct step *st)
{
	return st->len != VARYING && st->kind != STEP_PAIR &&
	       !(st->kind == STEP_CHOSEN && st->form == FORM_UPTIME_RECORD);
}

#define GATHER(LEN) \
	do { \
		for (size_t i = 0; i < k->n; i++, f += r->n_fields) \
			memcpy(to + i * (LEN), r->base + f->at, LEN); \
	} while (0)

/* One field of fixed length out of records of varying length, side by side. */
static struct source
gather(const struct task *k, const struct step *st)
{
	const struct rows *r = k->rows;
	const struct slice *f = r->slices + k->from * r->n_fields + st->at;
	uint8_t *to = k->m->w->gathered;
	size_t len = st->len;

	switch (len) {
	case 1: GATHER(1); break;
	case 2: GATHER(2); break;
	case 4: GATHER(4); break;
	case 8: GATHER(8); break;
	case 16: GATHER(16); break;
	default: GATHER(len); break;
	}
	return (struct source){ to, len, len, k->n };
}

/* Values one by one: each has a length of its own, or needs a second field. */
static void
run_each(const struct task *k, const struct step *st, unsigned col)
{
	const struct rows *r = k->rows;

	for (size_t i = 0; i < k->n; i++) {
		const struct slice *fields = r->slices + (k->from + i) * r->n_fields;
		const struct slice *f = &fields[st->at], *g = &fields[st->at2];
		struct source s = { r->base + f->at, f->len, 0, 1 };
		struct source other = { r->base + g->at, st->len2, 0, 1 };

		if (!length_fits(st, s.len)) {
			if (s.len > 0)
				message_bad(k->m, BAD_RECORD);
		} else if (st->kind == STEP_CHOSEN) {
			do_chosen(k, st, col, &s, &other, k->first + i);
		} else if (st->kind == STEP_PAIR) {
			do_pair(k, st, col, s.p, other.p, k->first + i);
		} else {
			do_step(k, st, col, &s, k->first + i);
		}
	}
}

static void
run_varying(const struct task *k, const struct step *st, unsigned col)
{
	struct source s;

	if (!is_gatherable(st)) {
		run_each(k, st, col);
		return;
	}
	s = gather(k, st);
	if (st->kind == STEP_CHOSEN)
		do_chosen(k, st, col, &s, NULL, k->first);
	else
		do_step(k, st, col, &s, k->first);
}

/* Appending -------------------------------------------------------------------------------------- */

/* An uptime without the exporter's start is a number and no time. */
static bool
is_unplaced(const struct task *k, const struct step *st)
{
	return st->kind == STEP_CHOSEN && st->form == FORM_UPTIME && !k->m->has_uptime;
}

static struct step
as_wire_number(const struct step *st)
{
	struct step w = *st;

	w.kind = STEP_UINT;
	w.type = TYPE_UINT;
	w.width = st->len <= 4 ? 4 : 8;
	w.id = st->wire;
	return w;
}

static bool
is_skipped(const struct task *k, const struct step *st)
{
	return is_unplaced(k, st) && k->m->w->sessions.opts.raw;
}

/* Find or add all columns; false when the batch will not have one of them. */
static bool
resolve(const struct task *k, struct template *t, enum wire_kind kind, unsigned n_constants)
{
	struct wire *w = k->m->w;
	bool all = true;

	for (unsigned i = 0; i < n_constants; i++) {
		const struct constant *c = &k->m->w->constants[i];

		w->cols[i] = column_at(k->b, &w->constant_hint[kind][i], &c->id, (enum type)c->type,
		    constant_width(c), false);
		all &= w->cols[i] >= 0;
	}
	for (unsigned i = 0; i < t->n_steps; i++) {
		struct step *st = &t->steps[i];
		int *col = &w->cols[n_constants + i];

		if (is_skipped(k, st)) {
			*col = -1;
			continue;
		}
		if (is_unplaced(k, st)) {
			struct step number = as_wire_number(st);

			*col = batch_column(k->b, &number.id, TYPE_UINT, number.width, 0);
		} else {
			*col = column_at(k->b, &st->hint[kind == WIRE_FLOWS6], &st->id,
			    (enum type)st->type, st->width, st->scope);
		}
		all &= *col >= 0;
	}
	return all;
}

static void
reserve_cols(struct wire *w, size_t n)
{
	if (n <= w->cols_cap)
		return;
	w->cols_cap = 2 * n;
	w->cols = mem_resize(w->cols, w->cols_cap, sizeof(*w->cols));
}

static void
run_steps(struct task *k, unsigned n_constants)
{
	const int *cols = k->m->w->cols;

	for (unsigned i = 0; i < n_constants; i++)
		if (cols[i] >= 0)
			fill_constant(
			    k->b, &k->m->w->constants[i], (unsigned)cols[i], k->first, k->n);
	for (unsigned i = 0; i < k->t->n_steps; i++) {
		const struct step *st = &k->t->steps[i];
		struct step number;

		if (cols[n_constants + i] < 0) {
			if (!is_skipped(k, st))
				message_bad(k->m, BAD_RECORD);
			continue;
		}
		if (is_unplaced(k, st)) {
			number = as_wire_number(st);
			st = &number;
		}
		if (k->rows->slices != NULL)
			run_varying(k, st, (unsigned)cols[n_constants + i]);
		else
			run_fixed(k, st, (unsigned)cols[n_constants + i]);
	}
}

/* Where no element tells the time: when the message came. */
static void
guess_times(struct message *m, const struct template *t)
{
	uint64_t now = (uint64_t)m->msg->received_ns;
	bool unplaced = t->by_uptime && !m->has_uptime;

	if (t->options || ((t->has_start || t->has_end) && !unplaced))
		return;
	data_constant(m, field_own(OWN_START), TYPE_TIME, 8, now);
	data_constant(m, field_own(OWN_END), TYPE_TIME, 8, now);
	data_constant(m, field_own(OWN_TIME_GUESS), TYPE_BOOL, 1, 1);
}

/* Records that the batch takes before it is full; a record of it has 8 octets a column, or so. */
static size_t
room(const struct batch *b, const struct template *t)
{
	size_t octets = batch_octets(b), row = 8 * (b->n_cols + t->n_steps + CONSTANTS_MAX), n;

	if (b->n >= BATCH_RECORDS || octets + row > BATCH_OCTETS)
		return 0;
	n = (BATCH_OCTETS - octets) / row;
	return n < BATCH_RECORDS - b->n ? n : BATCH_RECORDS - b->n;
}

static void
append(struct message *m, struct template *t, const struct rows *rows, size_t from, size_t n,
    enum wire_kind kind)
{
	unsigned n_constants = m->n_constants;

	reserve_cols(m->w, n_constants + t->n_steps);
	while (n > 0) {
		struct task k = {
			.m = m, .t = t, .b = m->out->batch[kind], .rows = rows, .from = from
		};

		if (room(k.b, t) == 0) {
			m->out->full(m->out->ctx, kind);
			k.b = m->out->batch[kind];
		}
		k.n = n < room(k.b, t) ? n : room(k.b, t);
		assert(k.n > 0);
		k.b->options = kind == WIRE_OPTIONS;
		if (!resolve(&k, t, kind, n_constants) && k.b->n > 0) {
			m->out->full(m->out->ctx, kind);
			k.b = m->out->batch[kind];
			k.b->options = kind == WIRE_OPTIONS;
			(void)resolve(&k, t, kind, n_constants);
		}
		k.first = batch_extend(k.b, k.n);
		run_steps(&k, n_constants);
		m->appended += k.n;
		from += k.n;
		n -= k.n;
	}
}

static const uint8_t *
field_at(const struct rows *r, size_t rec, unsigned at)
{
	if (r->slices != NULL)
		return r->base + r->slices[rec * r->n_fields + at].at;
	return r->base + rec * r->stride + at;
}

static bool
record_is_v6(const struct rows *r, size_t rec, const struct step *pair)
{
	struct addr v4 = addr_v4((uint32_t)be_uint(field_at(r, rec, pair->at), 4)), v6;

	memcpy(v6.b, field_at(r, rec, pair->at2), 16);
	return pair_is_v6(&v4, &v6);
}

/* Records of one template may be of both families: append run by run. */
static void
append_flows(struct message *m, struct template *t, const struct rows *r)
{
	size_t from = 0;

	if (t->family != FAMILY_BOTH) {
		append(m, t, r, 0, r->n, t->family == FAMILY_6 ? WIRE_FLOWS6 : WIRE_FLOWS4);
		return;
	}
	while (from < r->n) {
		const struct step *pair = &t->steps[t->family_step];
		bool v6 = record_is_v6(r, from, pair);
		size_t to = from + 1;

		while (to < r->n && record_is_v6(r, to, pair) == v6)
			to++;
		append(m, t, r, from, to - from, v6 ? WIRE_FLOWS6 : WIRE_FLOWS4);
		from = to;
	}
}

/*
 * Options data tell things that later records need.  Here: the exporter's start, against which IPFIX
 * uptimes count.  Sampler tables (302, 304..306, 310/309, 34/50 by selector, interface or domain) are
 * learned here too once they are resolved; until then they travel as options records only.
 */
static void
learn(struct message *m, const struct template *t, const struct rows *r)
{
	if (t->init.len == 0 || r->n == 0)
		return;
	m->s->init_ms = (int64_t)be_uint(field_at(r, r->n - 1, t->init_at), 8);
	m->s->has_init = m->s->init_ms > 0;
	place_uptime(m);
}

/* Reading records -------------------------------------------------------------------------------- */

static bool
is_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/*
 * v9 pads flowsets to 4 octets (RFC 3954 5.3), so where records are shorter than that, padding looks
 * like records: the header's count decides.
 */
static size_t
without_padding(const struct message *m, const struct template *t, const uint8_t *p, size_t n)
{
	unsigned most = t->min_len < 4 ? 3 / t->min_len : 0;

	if (m->header_count == 0)
		return n;
	for (; most > 0 && n > 0 && m->seen + n > m->header_count; most--) {
		if (!is_zero(p + (n - 1) * t->min_len, t->min_len))
			break;
		n--;
	}
	return n;
}

/* A varying field's length (RFC 7011 7): one octet, or 255 and two. */
static size_t
varying_length(struct cursor *c)
{
	size_t len = cur_u8(c);

	return len < 255 ? len : cur_u16(c);
}

/* Locate the fields of as many records as there is scratch for; stops at padding or damage. */
static size_t
locate_records(struct message *m, const struct template *t, struct cursor *c)
{
	struct slice *slice = m->w->slices, *end = slice + SLICES - t->n_specs;
	size_t n = 0;

	while (!c->bad && cur_left(c) >= t->min_len && slice <= end) {
		const uint8_t *start = c->p;

		for (unsigned i = 0; i < t->n_specs; i++, slice++) {
			size_t len =
			    t->specs[i].len == VARYING ? varying_length(c) : t->specs[i].len;

			*slice = (struct slice){ (uint16_t)cur_offset(c), (uint16_t)len };
			cur_skip(c, len);
		}
		if (c->bad && !is_zero(start, (size_t)(c->end - start))) {
			message_bad(m, BAD_RECORD);
			m->uncounted += (size_t)(c->end - start);
		}
		n += !c->bad;
	}
	return n;
}

static void
decode_rows(struct message *m, struct template *t, const struct rows *r)
{
	unsigned n_constants = m->n_constants;

	m->units += r->n;
	m->seen += (unsigned)r->n;
	if (r->n == 0)
		return;
	if (t->options) {
		learn(m, t, r);
		append(m, t, r, 0, r->n, WIRE_OPTIONS);
		m->s->stats.options += r->n;
		return;
	}
	guess_times(m, t);
	append_flows(m, t, r);
	m->s->stats.flows += r->n;
	m->n_constants = n_constants;
}

void
data_set(struct message *m, struct template *t, const uint8_t *p, size_t len)
{
	struct rows r = { .base = p };
	struct cursor c = cur_over(p, len);

	if (!t->varying) {
		r.stride = t->min_len;
		r.n = without_padding(m, t, p, len / t->min_len);
		decode_rows(m, t, &r);
		return;
	}
	r.slices = m->w->slices;
	r.n_fields = t->n_specs;
	do {
		r.n = locate_records(m, t, &c);
		decode_rows(m, t, &r);
	} while (r.n > 0);
}
