/*
 * resolve.c - which column answers for a field in this batch, computing one where none is stored.
 *
 * Computed columns live in the batch's arena behind its stored columns and are remembered, so an
 * expression that names a field twice pays once.
 */
#include <math.h>

#include "base/num.h"
#include "flow/column.h"

static bool
same_question(const struct column *c, const struct field *f)
{
	return c->derived == (uint8_t)f->derived &&
	       (f->n == 0 || field_id_equal(&c->id, &f->id[0]));
}

static int
find_computed(const struct batch *b, const struct field *f)
{
	for (unsigned i = b->n_cols; i < b->n_all; i++)
		if (same_question(&b->col[i], f))
			return (int)i;
	return -1;
}

/* A new computed column of a fixed width, values and presence zeroed. */
static int
add_computed(struct batch *b, const struct field *f, enum type type, unsigned width)
{
	struct column *c = column_append(b);

	c->type = (uint8_t)type;
	c->width = (uint8_t)width;
	c->flags = COLUMN_COMPUTED | COLUMN_PARTIAL;
	c->derived = (uint8_t)f->derived;
	if (f->n > 0)
		c->id = f->id[0];
	c->data = arena_zero(&b->arena, (b->n + 64) * (width ? width : 1));
	c->present = arena_zero(&b->arena, (bits_words(b->n) + 1) * 8);
	return (int)b->n_all - 1;
}

/* A derived quantity may be a column of its name: kept without what it is computed of, or as a group's key. */
static struct field_id
kept_as(const struct field *f)
{
	return (struct field_id){ .pen = PEN_NAMED, .named = f->name };
}

/* What records say of it themselves; the others are computed.  false: none does. */
static bool
fill_from_kept(struct batch *b, int to, const struct field *f)
{
	struct field_id id = kept_as(f);
	struct column *c = &b->col[to];
	int i = batch_find(b, &id);
	const struct column *kept;

	if (i < 0 || b->col[i].type != c->type || b->col[i].width != c->width)
		return false;
	kept = batch_plain(b, (unsigned)i);
	memcpy(c->data, kept->data, b->n * c->width);
	if (kept->present != NULL)
		memcpy(c->present, kept->present, bits_words(b->n) * sizeof(*c->present));
	else
		bits_fill(c->present, b->n);
	c->scale = kept->scale;
	return true;
}

/* Presence that turned out complete is NULL, as everywhere. */
static int
finish_computed(struct batch *b, int i)
{
	struct column *c = &b->col[i];

	if (bits_count(c->present, b->n) == b->n) {
		c->present = NULL;
		c->flags &= (uint16_t)~COLUMN_PARTIAL;
	}
	return i;
}

static void
copy_cell(struct column *dst, const struct column *src, size_t rec)
{
	uint8_t *to = (uint8_t *)dst->data + rec * dst->width;
	const uint8_t *from = (const uint8_t *)src->data + rec * src->width;

	if (dst->width == src->width) {
		memcpy(to, from, dst->width);
	} else if (dst->type == TYPE_IP) {
		struct addr a = column_ip(src, rec);

		memcpy(to, a.b, 16);
	} else {
		bool negative = dst->type == TYPE_INT && (from[src->width - 1] & 0x80);

		memcpy(to, from, src->width); /* little-endian */
		memset(to + src->width, negative ? 0xff : 0, (size_t)(dst->width - src->width));
	}
}

/* Octets of the first present of several variable-length columns. */
static void
merge_octets(struct batch *b, int to, const unsigned *from, unsigned n)
{
	struct column *dst = &b->col[to];
	size_t len = 0, at = 0;

	for (unsigned k = 0; k < n; k++)
		len += b->col[from[k]].off[b->n];
	dst->data = arena_alloc(&b->arena, len + 1);
	dst->off = arena_alloc(&b->arena, (b->n + 1) * sizeof(*dst->off));
	for (size_t rec = 0; rec < b->n; rec++) {
		dst->off[rec] = (uint32_t)at;
		for (unsigned k = 0; k < n; k++) {
			const struct column *src = &b->col[from[k]];
			size_t octets = src->off[rec + 1] - src->off[rec];

			if (!bits_has(src->present, rec))
				continue;
			memcpy((uint8_t *)dst->data + at,
			    (const uint8_t *)src->data + src->off[rec], octets);
			at += octets;
			bits_set(dst->present, rec);
			break;
		}
	}
	dst->off[b->n] = (uint32_t)at;
}

/* The first present of several columns, record by record. */
static int
merge_columns(struct batch *b, const struct field *f, const unsigned *from, unsigned n)
{
	unsigned width = 0, scale = 9;
	int to;

	for (unsigned k = 0; k < n; k++) {
		const struct column *c = batch_plain(b, from[k]);

		width = c->width > width ? c->width : width;
		scale = c->scale < scale ? c->scale : scale;
	}
	to = add_computed(b, f, (enum type)b->col[from[0]].type, width);
	b->col[to].scale = (uint8_t)scale;
	if (width == 0) {
		merge_octets(b, to, from, n);
		return finish_computed(b, to);
	}
	for (unsigned k = n; k-- > 0;) {
		const struct column *src = &b->col[from[k]];
		struct column *dst = &b->col[to];

		for (size_t rec = 0; rec < b->n; rec++) {
			if (!bits_has(src->present, rec))
				continue;
			copy_cell(dst, src, rec);
			bits_set(dst->present, rec);
		}
	}
	return finish_computed(b, to);
}

static int
resolve_stored(struct batch *b, const struct field *f)
{
	unsigned have[FIELD_ALT_MAX], n = 0;
	int i;

	for (unsigned k = 0; k < f->n; k++) {
		i = batch_find(b, &f->id[k]);
		if (i < 0 || (n > 0 && b->col[i].type != b->col[have[0]].type))
			continue;
		have[n++] = (unsigned)i;
		if (!(b->col[i].flags & COLUMN_PARTIAL))
			break; /* every record has it: nothing behind it is read */
	}
	if (n == 0)
		return -1;
	if (n == 1)
		return (int)have[0];
	i = find_computed(b, f);
	return i >= 0 ? i : merge_columns(b, f, have, n);
}

/* Derived quantities -------------------------------------------------------------------------- */

static bool
cell_double(const struct column *c, size_t rec, double *v)
{
	if (!bits_has(c->present, rec))
		return false;
	*v = c->type == TYPE_DURATION ? (double)column_int(c, rec) : (double)column_uint(c, rec);
	return true;
}

/* A column of this batch for one identity, plain; NULL where there is none of the type. */
static const struct column *
plain_of(struct batch *b, struct field_id id, enum type type)
{
	int i = batch_find(b, &id);

	return i < 0 || b->col[i].type != type ? NULL : batch_plain(b, (unsigned)i);
}

/* So many units of nanoseconds, not negative; false: 64 bits do not hold them. */
static bool
to_ns(double v, int64_t unit_ns, int64_t *ns)
{
	if (v * (double)unit_ns >= 0x1p63)
		return false;
	*ns = (int64_t)v * unit_ns;
	return true;
}

/*
 * end - start, missing where 64 bits of nanoseconds do not hold it; where one of them is missing,
 * flowDurationMilliseconds (161) or Microseconds (162).
 */
static int
derive_duration(struct batch *b, const struct field *f)
{
	int to = add_computed(b, f, TYPE_DURATION, 8);
	const struct column *start = plain_of(b, field_own(OWN_START), TYPE_TIME);
	const struct column *end = plain_of(b, field_own(OWN_END), TYPE_TIME);
	const struct column *ms = plain_of(b, field_iana(161), TYPE_UINT);
	const struct column *us = plain_of(b, field_iana(162), TYPE_UINT);
	struct column *c = &b->col[to];
	unsigned scale = 6;
	int64_t *out = c->data;
	bool kept;

	c->scale = 9;
	kept = fill_from_kept(b, to, f);
	if (start != NULL && end != NULL)
		scale = start->scale < end->scale ? start->scale : end->scale;
	if (us != NULL && scale > 3)
		scale = 3;
	c->scale = c->scale < scale ? c->scale : (uint8_t)scale;
	for (size_t i = 0; i < b->n; i++) {
		bool fits = false;
		double v;

		if (kept && bits_get(c->present, i))
			continue;
		if (start != NULL && end != NULL && bits_has(start->present, i) &&
		    bits_has(end->present, i))
			fits = !__builtin_sub_overflow(((const int64_t *)end->data)[i],
			    ((const int64_t *)start->data)[i], &out[i]);
		else if (ms != NULL && cell_double(ms, i, &v))
			fits = to_ns(v, NS_PER_MS, &out[i]);
		else if (us != NULL && cell_double(us, i, &v))
			fits = to_ns(v, NS_PER_US, &out[i]);
		if (fits)
			bits_set(c->present, i);
	}
	return finish_computed(b, to);
}

/* Fields that derived ones are made of; the alternatives are those of the aliases bytes and packets. */
static const struct field octets_field = {
	.type = TYPE_UINT, .n = 3, .id = { { .id = 1 }, { .id = 85 }, { .id = 231 } }
};
static const struct field packets_field = {
	.type = TYPE_UINT, .n = 3, .id = { { .id = 2 }, { .id = 86 }, { .id = 298 } }
};
static const struct field duration_field = {
	.name = "duration", .type = TYPE_DURATION, .derived = DERIVED_DURATION
};

/* numerator * factor / denominator, missing where either is or the denominator is not above zero. */
static void
divide(struct batch *b, int to, int num, int den, double factor, bool kept)
{
	const struct column *x = batch_plain(b, (unsigned)num), *y = batch_plain(b, (unsigned)den);
	double *out = b->col[to].data;

	for (size_t i = 0; i < b->n; i++) {
		double p, q;

		if ((kept && bits_get(b->col[to].present, i)) || !cell_double(x, i, &p) ||
		    !cell_double(y, i, &q) || !(q > 0))
			continue;
		out[i] = p * factor / q;
		bits_set(b->col[to].present, i);
	}
}

static int
derive_ratio(struct batch *b, const struct field *f, const struct field *num,
    const struct field *den, double factor)
{
	int to = add_computed(b, f, TYPE_FLOAT64, 8);
	int x = batch_resolve(b, num), y = batch_resolve(b, den);
	bool kept = fill_from_kept(b, to, f);

	if (x >= 0 && y >= 0)
		divide(b, to, x, y, factor, kept);
	return finish_computed(b, to);
}

/* deltaFlowCount, absent counts 1. */
static int
derive_flows(struct batch *b, const struct field *f)
{
	struct field_id id = field_iana(3);
	int from = batch_find(b, &id), to;
	const struct column *stored;
	uint64_t *out;

	if (from >= 0 && b->col[from].type == TYPE_UINT && !(b->col[from].flags & COLUMN_PARTIAL))
		return from;
	to = add_computed(b, f, TYPE_UINT, 8);
	stored = plain_of(b, id, TYPE_UINT);
	out = b->col[to].data;
	for (size_t i = 0; i < b->n; i++)
		out[i] =
		    stored != NULL && bits_has(stored->present, i) ? column_uint(stored, i) : 1;
	bits_fill(b->col[to].present, b->n);
	return finish_computed(b, to);
}

int
batch_resolve(struct batch *b, const struct field *f)
{
	int i;

	if (f->derived == DERIVED_NONE)
		return resolve_stored(b, f);
	i = find_computed(b, f);
	if (i >= 0)
		return i;
	switch (f->derived) {
	case DERIVED_DURATION: return derive_duration(b, f);
	case DERIVED_BPS: return derive_ratio(b, f, &octets_field, &duration_field, 8e9);
	case DERIVED_PPS: return derive_ratio(b, f, &packets_field, &duration_field, 1e9);
	case DERIVED_BPP: return derive_ratio(b, f, &octets_field, &packets_field, 1);
	default: return derive_flows(b, f);
	}
}

/* Columns each of which is a duration. */
static struct field
stored_durations(void)
{
	return (struct field){ .n = 3,
		.id = { field_iana(161), field_iana(162), kept_as(&duration_field) } };
}

static bool
duration_reads(const struct field_id *id)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);
	const struct field stored = stored_durations();

	return field_has(&stored, id) || field_id_equal(&start, id) || field_id_equal(&end, id);
}

static bool
has_any(const struct batch *b, const struct field *f)
{
	for (unsigned i = 0; i < f->n; i++)
		if (batch_find(b, &f->id[i]) >= 0)
			return true;
	return false;
}

static bool
may_last(const struct batch *b)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);
	const struct field stored = stored_durations();

	return has_any(b, &stored) || (batch_find(b, &start) >= 0 && batch_find(b, &end) >= 0);
}

bool
batch_may_have(const struct batch *b, const struct field *f)
{
	struct field_id kept = kept_as(f);

	if (f->derived != DERIVED_NONE && batch_find(b, &kept) >= 0)
		return true;
	switch (f->derived) {
	case DERIVED_NONE: return has_any(b, f);
	case DERIVED_DURATION: return may_last(b);
	case DERIVED_BPS: return has_any(b, &octets_field) && may_last(b);
	case DERIVED_PPS: return has_any(b, &packets_field) && may_last(b);
	case DERIVED_BPP: return has_any(b, &octets_field) && has_any(b, &packets_field);
	default: return true;
	}
}

bool
field_reads(const struct field *f, const struct field_id *id)
{
	struct field_id kept = kept_as(f);

	if (f->derived != DERIVED_NONE && field_id_equal(&kept, id))
		return true;
	switch (f->derived) {
	case DERIVED_NONE: return field_has(f, id);
	case DERIVED_DURATION: return duration_reads(id);
	case DERIVED_BPS: return field_has(&octets_field, id) || duration_reads(id);
	case DERIVED_PPS: return field_has(&packets_field, id) || duration_reads(id);
	case DERIVED_BPP: return field_has(&octets_field, id) || field_has(&packets_field, id);
	default: return field_id_equal(&(struct field_id){ .id = 3 }, id);
	}
}
