/*
 * data.c - data records by their template, rows to columns.
 *
 * Records of fixed length are copied column by column with a stride; of varying length, the fields are
 * located first and each value is copied alone by the same code.
 */
#include <assert.h>

#include "base/num.h"
#include "wire/copy.h"
#include "wire/event.h"
#include "wire/options.h"
#include "wire/sampled.h"
#include "wire/section.h"

/* Columns ---------------------------------------------------------------------------------------- */

int
data_column(struct batch *b, uint16_t *hint, const struct field_id *id, enum type type,
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

/* Written member by member where it stays: this is done for each message. */
static struct constant *
add_constant(struct message *m, struct field_id id, enum type type, unsigned width)
{
	struct constant *c = &m->w->constants[m->n_constants++];

	assert(m->n_constants <= CONSTANTS_MAX);
	c->id = id;
	c->type = (uint8_t)type;
	c->width = (uint8_t)width;
	return c;
}

void
data_constant(struct message *m, struct field_id id, enum type type, unsigned width, uint64_t value)
{
	add_constant(m, id, type, width)->value = value;
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
	if (!addr_is_zero(&msg->exporter)) /* a file does not say who sent it */
		add_constant(
		    m, field_own(OWN_EXPORTER), TYPE_IP, addr_is_v4(&msg->exporter) ? 4 : 16)
		    ->ip = &msg->exporter;
	data_constant(m, field_own(OWN_DOMAIN), TYPE_UINT, 4, m->s->stats.domain);
	data_constant(m, field_own(OWN_RECEIVED), TYPE_TIME, 8, (uint64_t)msg->received_ns);
	data_constant(m, field_own(OWN_VERSION), TYPE_UINT, 2, m->s->stats.version);
	if (msg->port != 0)
		data_constant(m, field_own(OWN_EXPORTER_PORT), TYPE_UINT, 2, msg->port);
	if (msg->source != NULL && msg->source->name != NULL)
		add_constant(m, field_own(OWN_SOURCE), TYPE_STRING, 0)->text = msg->source->name;
	if (m->w->sessions.opts.raw)
		data_constant(m, field_own(OWN_WIRE), TYPE_BOOL, 1, 1);
}

bool
data_constants(struct message *m, struct batch *b, enum wire_kind kind)
{
	struct wire *w = m->w;
	bool all = true;

	for (unsigned i = 0; i < m->n_constants; i++) {
		const struct constant *c = &w->constants[i];

		w->constant_col[i] = data_column(
		    b, &w->constant_hint[kind][i], &c->id, (enum type)c->type, c->width, false);
		all &= w->constant_col[i] >= 0;
	}
	return all;
}

static void
fill_constant(struct batch *b, const struct constant *c, unsigned col, size_t first, size_t n)
{
	unsigned width = b->col[col].width;
	uint8_t *cells;

	if (c->type == TYPE_STRING) {
		for (size_t i = 0; i < n; i++)
			batch_put_octets(b, col, first + i, c->text, strlen(c->text));
		return;
	}
	cells = (uint8_t *)batch_cells(b, col) + first * width;
	if (c->type == TYPE_IP && width == 16)
		for (size_t i = 0; i < n; i++)
			memcpy(cells + 16 * i, c->ip->b, 16);
	else
		batch_fill(b, col, first, n, c->type == TYPE_IP ? addr_u32(c->ip) : c->value);
	batch_mark(b, col, first, n);
	if (c->type == TYPE_TIME)
		batch_precision(b, col, 0);
}

void
data_fill_constants(struct message *m, struct batch *b, size_t first, size_t n)
{
	const int *cols = m->w->constant_col;

	for (unsigned i = 0; i < m->n_constants; i++)
		if (cols[i] >= 0)
			fill_constant(b, &m->w->constants[i], (unsigned)cols[i], first, n);
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
	w.copy = NULL;
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

/* Which of a step's columns: of batches of IPv6 records, or of others. */
static unsigned
side(enum wire_kind kind)
{
	return kind == WIRE_FLOWS6;
}

/*
 * An address that cannot be under the identity of its pair goes to a column of its own, added when the first one comes:
 * false when the batch has that of another type, from a template with the element in a length that no address has.
 */
static bool
has_room_beside(const struct batch *b, const struct step *st)
{
	int col = st->kind == STEP_PAIR || st->kind == STEP_IP6 ? batch_find(b, &st->wire) : -1;

	return col < 0 || b->col[col].type == TYPE_IP ||
	       ((b->col[col].flags & COLUMN_SCOPE) != 0) != st->scope;
}

/* Find or add the steps' columns; false when the batch will not have one of them. */
static bool
resolve_steps(const struct task *k, struct template *t, unsigned six)
{
	bool all = true, as_numbers = t->by_uptime && !k->m->has_uptime;

	if (t->layout[six] == k->b->layout && !as_numbers)
		return true;
	for (unsigned i = 0; i < t->n_steps; i++) {
		struct step *st = &t->steps[i];
		int col = -1;

		if (!is_unplaced(k, st)) {
			col = data_column(k->b, &st->col[six], &st->id, (enum type)st->type,
			    st->width, st->scope);
		} else if (!is_skipped(k, st)) {
			struct step number = as_wire_number(st);

			col = batch_column(k->b, &number.id, TYPE_UINT, number.width, 0);
		}
		st->col[six] = col >= 0 ? (uint16_t)col : NO_COLUMN;
		all &= (col >= 0 || is_skipped(k, st)) && has_room_beside(k->b, st);
	}
	t->layout[six] = all && !as_numbers ? k->b->layout : 0;
	return all;
}

static bool
resolve(const struct task *k, struct template *t, enum wire_kind kind)
{
	bool all = data_constants(k->m, k->b, kind);

	return resolve_steps(k, t, side(kind)) && all;
}

/* What most steps are: a number or an IPv4 address of records of fixed length. */
static inline bool
run_plain(const struct task *k, const struct step *st, unsigned col)
{
	const struct rows *r = k->rows;
	struct column *c = &k->b->col[col];

	if (st->copy == NULL || r->slices != NULL || c->width != st->width)
		return false;
	st->copy((uint8_t *)c->data + k->first * st->width, r->base + k->from * r->stride + st->at,
	    r->stride, k->n);
	batch_mark(k->b, col, k->first, k->n);
	return true;
}

static void
run_step(const struct task *k, const struct step *st, unsigned col)
{
	struct step number;

	if (col == NO_COLUMN) {
		if (!is_skipped(k, st))
			message_bad(k->m, BAD_RECORD);
	} else if (is_unplaced(k, st)) {
		number = as_wire_number(st);
		step_run(k, &number, col);
	} else {
		step_run(k, st, col);
	}
}

static void
run_steps(const struct task *k, unsigned six)
{
	data_fill_constants(k->m, k->b, k->first, k->n);
	for (unsigned i = 0; i < k->t->n_steps; i++) {
		const struct step *st = &k->t->steps[i];
		unsigned col = st->col[six];

		if (col == NO_COLUMN || !run_plain(k, st, col))
			run_step(k, st, col);
	}
}

/*
 * Columns are many and long, and by the time the next message comes they have left the caches: the cells that as many
 * records as in this one will take are fetched meanwhile.
 */
static void
fetch_ahead(const struct task *k)
{
	enum { LINE = 64, MOST = 8 * LINE };

	for (unsigned i = 0; i < k->b->n_cols; i++) {
		const struct column *c = &k->b->col[i];
		size_t len = k->n * c->width;
		const uint8_t *next;

		if (len == 0) /* octets of a length of their own: there may be none yet */
			continue;
		next = (const uint8_t *)c->data + k->first * c->width + len;
		for (size_t at = LINE; at < len + LINE && at <= MOST; at += LINE)
			__builtin_prefetch(next + at, 1);
	}
}

void
data_guess_times(struct message *m)
{
	uint64_t now = (uint64_t)m->msg->received_ns;

	data_constant(m, field_own(OWN_START), TYPE_TIME, 8, now);
	data_constant(m, field_own(OWN_END), TYPE_TIME, 8, now);
	data_constant(m, field_own(OWN_TIME_GUESS), TYPE_BOOL, 1, 1);
}

/* Where no element tells the time: when the message came. */
static void
guess_times(struct message *m, const struct template *t)
{
	bool unplaced = t->by_uptime && !m->has_uptime;

	if (t->options || ((t->has_start || t->has_end) && !unplaced))
		return;
	data_guess_times(m);
}

/*
 * Would columns for the template's fields take very much memory, most of it for records without a value?  A column
 * has room for as many records as the batch does.
 */
static bool
is_too_wide(const struct batch *b, const struct template *t)
{
	size_t column = 8 * b->cap, columns = 0;

	if (t->n_steps * column <= BATCH_OCTETS)
		return false;
	for (unsigned i = 0; i < t->n_steps; i++)
		columns += batch_find(b, &t->steps[i].id) < 0;
	return columns * column > BATCH_OCTETS;
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

/* What takes more than the record's own fields. */
static void
after_steps(const struct task *k, enum wire_kind kind)
{
	struct message *m = k->m;

	if (k->t->options) {
		if (k->t->tells) {
			options_learn(&m->w->sessions, m->s, k->b, k->first, k->n);
			place_uptime(m);
		}
		return;
	}
	if (section_is_there(&k->t->section))
		section_records(k, kind);
	sampled_records(k);
	if (k->t->events)
		event_records(k);
}

static void
append(struct message *m, struct template *t, const struct rows *rows, size_t from, size_t n,
    enum wire_kind kind)
{
	while (n > 0) {
		struct task k = {
			.m = m, .t = t, .b = m->out->batch[kind], .rows = rows, .from = from
		};

		size_t most = room(k.b, t);

		if (most == 0 || is_too_wide(k.b, t)) {
			m->out->full(m->out->ctx, kind);
			k.b = m->out->batch[kind];
			most = room(k.b, t);
		}
		k.n = n < most ? n : most;
		assert(k.n > 0);
		k.b->options = kind == WIRE_OPTIONS;
		if (!resolve(&k, t, kind) && k.b->n > 0) {
			m->out->full(m->out->ctx, kind);
			k.b = m->out->batch[kind];
			k.b->options = kind == WIRE_OPTIONS;
			(void)resolve(&k, t, kind);
		}
		k.first = batch_extend(k.b, k.n);
		run_steps(&k, side(kind));
		fetch_ahead(&k);
		after_steps(&k, kind);
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
pair_is_v6(const struct rows *r, size_t rec, const struct step *pair)
{
	struct addr v4 = addr_v4((uint32_t)be_uint(field_at(r, rec, pair->at), 4)), v6;

	memcpy(v6.b, field_at(r, rec, pair->at2), 16);
	return step_pair_is_v6(&v4, &v6);
}

static bool
record_is_v6(const struct template *t, const struct rows *r, size_t rec)
{
	if (t->family == FAMILY_SECTION)
		return section_is_v6(&t->section, r, rec);
	return pair_is_v6(r, rec, &t->steps[t->family_step]);
}

/* Records of one template may be of both families: append run by run. */
static void
append_flows(struct message *m, struct template *t, const struct rows *r)
{
	size_t from = 0;

	if (t->family == FAMILY_4 || t->family == FAMILY_6) {
		append(m, t, r, 0, r->n, t->family == FAMILY_6 ? WIRE_FLOWS6 : WIRE_FLOWS4);
		return;
	}
	while (from < r->n) {
		bool v6 = record_is_v6(t, r, from);
		size_t to = from + 1;

		while (to < r->n && record_is_v6(t, r, to) == v6)
			to++;
		append(m, t, r, from, to - from, v6 ? WIRE_FLOWS6 : WIRE_FLOWS4);
		from = to;
	}
}

/* Reading records -------------------------------------------------------------------------------- */

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
		if (!octets_zero(p + (n - 1) * t->min_len, t->min_len))
			break;
		n--;
	}
	return n;
}

/* Locate the fields of as many records as there is scratch for; stops at padding or damage. */
static size_t
locate_records(struct message *m, const struct template *t, struct cursor *c)
{
	struct slice *slice = m->w->slices, *end = slice + SLICES - t->n_fields;
	size_t n = 0;

	while (!c->bad && cur_left(c) >= t->min_len && slice <= end) {
		const uint8_t *start = c->p;

		for (unsigned i = 0; i < t->n_fields; i++, slice++) {
			size_t len = t->fields[i].len;

			len = len == VARYING ? varying_length(c) : len;
			*slice = (struct slice){ (uint16_t)cur_offset(c), (uint16_t)len };
			cur_skip(c, len);
		}
		/* It is no padding: of zeros a record is as short as it can be. */
		if (c->bad) {
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
		append(m, t, r, 0, r->n, WIRE_OPTIONS);
		m->s->stats.options += r->n;
		return;
	}
	if (m->out->discard) {
		m->s->stats.discarded += r->n;
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
	r.n_fields = t->n_fields;
	do {
		r.n = locate_records(m, t, &c);
		decode_rows(m, t, &r);
	} while (r.n > 0);
}
