#include "wire/step.h"

#include "base/num.h"
#include "wire/copy.h"

/* Times before 1990 are clocks that were never set. */
#define EARLIEST_NS (INT64_C(631152000) * NS_PER_S)

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
put_as_sent(const struct task *k, struct field_id id, unsigned width, bool scope, size_t rec,
    const struct source *s, size_t i)
{
	id.instance |= FIELD_AS_SENT;
	put_spare(
	    k, &id, TYPE_UINT, width, scope, rec, be_uint(s->p + i * s->stride, s->len), NULL);
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
		batch_mark(k->b, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		cells = cells_at(k, col, rec);
		if (cells[i] != TIME_NONE) {
			batch_mark(k->b, col, rec + i, 1);
			continue;
		}
		k->m->s->stats.odd_times++;
		put_as_sent(k, st->id, 8, st->scope, rec + i, s, i);
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
		put_as_sent(k, st->wire, 8, false, rec, s, i);
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

/* Uptimes against the start of the exporter that the record itself tells; where that is 0, as if it told none. */
static int64_t
copy_uptime_record(
    int64_t *cells, const struct source *s, const struct source *init, const struct message *m)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t started_ms = be_uint(init->p + i * init->stride, 8);
		uint64_t export_ms = (uint64_t)(m->export_ns / NS_PER_MS);
		struct source one = { s->p + i * s->stride, s->len, 0, 1 };
		int64_t ns = TIME_NONE;

		if (started_ms != 0 || m->has_uptime)
			ns = copy_uptime(cells + i, &one, m->export_ns,
			    started_ms != 0 ? (uint32_t)(export_ms - started_ms) : m->uptime_ms);
		cells[i] = ns;
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
	case FORM_UPTIME_RECORD: least = copy_uptime_record(cells, s, init, m); break;
	case FORM_DELTA: least = copy_delta(cells, s, m->export_ns); break;
	}
	batch_precision(k->b, col, st->scale);
	if (least >= EARLIEST_NS) {
		batch_mark(k->b, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		int64_t ns = ((int64_t *)cells_at(k, col, rec))[i];

		if (ns >= EARLIEST_NS)
			batch_mark(k->b, col, rec + i, 1);
		else
			put_odd(k, st, rec + i, s, i, ns);
	}
}

static void
do_bool(
    const struct task *k, const struct step *st, unsigned col, const struct source *s, size_t rec)
{
	if (copy_bool(cells_at(k, col, rec), s) == 0) {
		batch_mark(k->b, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		uint8_t v = s->p[i * s->stride];

		if (v == 1 || v == 2)
			batch_mark(k->b, col, rec + i, 1);
		else
			put_as_sent(k, st->id, 1, st->scope, rec + i, s, i);
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
		batch_mark(k->b, col, rec, s->n);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		struct addr a;

		memcpy(a.b, s->p + i * s->stride, 16);
		if (addr_is_v4(&a))
			put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec + i, 0, &a);
		else
			batch_mark(k->b, col, rec + i, 1);
	}
}

bool
step_pair_is_v6(const struct addr *v4, const struct addr *v6)
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
	if (step_pair_is_v6(&v4, &v6)) {
		batch_put_ip(k->b, col, rec, &v6);
		if (raw)
			put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec, 0, &v4);
		return;
	}
	batch_put_ip(k->b, col, rec, &v4);
	if (raw || !addr_is_zero(&v6))
		put_spare(k, &st->wire, TYPE_IP, 16, st->scope, rec, 0, &v6);
}

/* What the record says that it stands for; 0 is unknown.  The first element that says so counts. */
static void
do_sampling(const struct task *k, unsigned col, const struct source *s, size_t rec)
{
	struct field_id id = field_own(OWN_SAMPLING_SRC);
	int src = batch_column(k->b, &id, TYPE_UINT, 1, 0);

	for (size_t i = 0; i < s->n; i++) {
		uint64_t v = be_uint(s->p + i * s->stride, s->len);

		if (v == 0 || v > UINT32_MAX || column_has(&k->b->col[col], rec + i))
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

	if (st->copy != NULL && width == st->width) {
		st->copy(cells_at(k, col, rec), s->p, s->stride, s->n);
		batch_mark(k->b, col, rec, s->n);
		return;
	}
	switch ((enum step_kind)st->kind) {
	case STEP_UINT: copy_uint(cells_at(k, col, rec), width, s); break;
	case STEP_INT: copy_int(cells_at(k, col, rec), width, s); break;
	case STEP_FLOAT: copy_float(cells_at(k, col, rec), width, s); break;
	case STEP_BOOL: do_bool(k, st, col, s, rec); return;
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
	batch_mark(k->b, col, rec, s->n);
}

static void
run_fixed(const struct task *k, const struct step *st, unsigned col)
{
	struct source s = source_fixed(k, st->at, st->len), other;

	if (st->kind != STEP_CHOSEN && st->kind != STEP_PAIR) {
		do_step(k, st, col, &s, k->first);
		return;
	}
	other = source_fixed(k, st->at2, st->len2);
	if (st->kind == STEP_CHOSEN)
		do_chosen(k, st, col, &s, &other, k->first);
	else
		for (size_t i = 0; i < k->n; i++)
			do_pair(k, st, col, s.p + i * s.stride, other.p + i * other.stride,
			    k->first + i);
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

void
step_run(const struct task *k, const struct step *st, unsigned col)
{
	if (k->rows->slices != NULL)
		run_varying(k, st, col);
	else
		run_fixed(k, st, col);
}
