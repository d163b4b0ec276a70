/*
 * merge.c - aggregates of two tables, or of a table and what it spilled, become one.
 */
#include "ops/values.h"

/* The type that holds sums of both. */
static enum type
sum_type(enum type a, enum type b)
{
	if (a == b || a == TYPE_NONE)
		return b == TYPE_FLOAT32 ? TYPE_FLOAT64 : b;
	if (b == TYPE_NONE)
		return a;
	if (a == TYPE_FLOAT64 || b == TYPE_FLOAT64 || b == TYPE_FLOAT32)
		return TYPE_FLOAT64;
	return TYPE_INT;
}

static void
mean_to_double(uint64_t *slots)
{
	__int128 sum;

	memcpy(&sum, slots, 16);
	slots[0] = cell_double_bits((double)sum);
	slots[1] = 0;
}

static void
convert_slots(enum group_fn fn, const struct value_state *v, enum type from, uint64_t *slots)
{
	enum type to = (enum type)v->type;

	if (fn == FN_MEAN) {
		if (to == TYPE_FLOAT64)
			mean_to_double(slots + v->off);
		return;
	}
	slots[v->off] = sum_word(slots[v->off], from, to);
	if (v->reverse != 0)
		slots[v->reverse] = sum_word(slots[v->reverse], from, to);
}

void
values_raise(struct values *vs, unsigned i, struct table *t, enum type type)
{
	struct value_state *v = &vs->v[i];
	enum group_fn fn = vs->spec->values[i].fn;
	enum type from = (enum type)v->type, to;

	if (from == type || type == TYPE_NONE)
		return;
	if (fn != FN_SUM && fn != FN_MEAN) {
		v->mixed = v->mixed || (from != TYPE_NONE && from != type);
		v->type = (uint8_t)type;
		return;
	}
	to = sum_type(from, type);
	v->type = (uint8_t)to;
	if (from == TYPE_NONE || from == to)
		return;
	for (uint32_t row = 0; row < t->n_rows; row++)
		convert_slots(fn, v, from, table_slots(t, row));
}

void
values_split_sampling(struct values *vs, struct table *t)
{
	uint32_t interval = vs->sampling;

	vs->sampling = SAMPLING_MIXED;
	for (uint32_t row = 0; row < t->n_rows; row++)
		*values_interval(vs, row) = interval;
}

void
values_meet_sampling(struct values *vs, struct table *t, uint32_t sampling)
{
	if (vs->sampling == 0)
		vs->sampling = sampling;
	else if (sampling != 0 && sampling != vs->sampling && vs->sampling != SAMPLING_MIXED)
		values_split_sampling(vs, t);
}

uint32_t *
values_interval(struct values *vs, uint32_t row)
{
	if (row >= vs->interval_cap) {
		size_t cap = vs->interval_cap ? vs->interval_cap : TABLE_CHUNK;

		while (cap <= row)
			cap *= 2;
		vs->interval = mem_resize(vs->interval, cap, sizeof(*vs->interval));
		memset(vs->interval + vs->interval_cap, 0,
		    (cap - vs->interval_cap) * sizeof(*vs->interval));
		vs->interval_cap = cap;
	}
	return &vs->interval[row];
}

uint32_t
values_sampling(const struct values *vs, uint32_t row)
{
	if (vs->sampling != SAMPLING_MIXED)
		return vs->sampling;
	return row < vs->interval_cap ? vs->interval[row] : 0;
}

static void
merge_sampling(uint32_t *held, uint32_t from)
{
	if (from != 0 && *held != from)
		*held = *held == 0 ? from : (uint32_t)SAMPLING_MIXED;
}

static void
merge_cell(uint64_t *to, bool has, const uint64_t *from, bool greater, struct intern *in,
    const struct intern *from_in)
{
	struct cell a, b;
	int order = 0;

	memcpy(&b, from, sizeof(b));
	if (has) {
		memcpy(&a, to, sizeof(a));
		order = cell_compare(&b, from_in, &a, in);
	}
	if (has && (greater ? order <= 0 : order >= 0))
		return;
	b = cell_move(&b, from_in, in);
	memcpy(to, &b, sizeof(b));
}

static void
merge_first(uint64_t *to, bool has, const uint64_t *from, bool last, struct intern *in,
    const struct intern *from_in)
{
	int64_t held = (int64_t)to[0], at = (int64_t)from[0];

	if (has && (last ? at < held : at > held))
		return;
	merge_cell(to + 1, has && at == held, from + 1, last, in, from_in);
	to[0] = from[0];
}

static void
merge_number(uint64_t *to, uint64_t from, enum type held, enum type type)
{
	*to = sum_words(*to, sum_word(from, type, held), held);
}

static void
merge_mean(uint64_t *to, const uint64_t *from, enum type held, enum type type)
{
	uint64_t f[MEAN_SLOTS];
	__int128 a, b;

	memcpy(f, from, sizeof(f));
	if (held == TYPE_FLOAT64) {
		if (type != TYPE_FLOAT64)
			mean_to_double(f);
		to[0] = cell_double_bits(cell_bits_double(to[0]) + cell_bits_double(f[0]));
	} else {
		memcpy(&a, to, 16);
		memcpy(&b, f, 16);
		a += b;
		memcpy(to, &a, 16);
	}
	to[2] += f[2];
}

static void
merge_direction(uint64_t *to, const uint64_t *from)
{
	to[BIFLOW_VOTES] |= from[BIFLOW_VOTES];
	for (unsigned d = 0; d < 2; d++) {
		int64_t *a = (int64_t *)&to[BIFLOW_START + d];
		int64_t b = (int64_t)from[BIFLOW_START + d];

		if (b != 0 && (*a == 0 || b > *a))
			*a = b;
	}
}

static void
merge_value(
    struct values *vs, unsigned i, uint64_t *to, const struct row_source *src, struct intern *in)
{
	const struct value_state *v = &vs->v[i];
	bool has = *slots_have(to) >> i & 1;
	const uint64_t *from = src->slots + v->off;
	enum group_fn fn = vs->spec->values[i].fn;

	switch (fn) {
	case FN_FLOWS:
	case FN_RECORDS: to[v->off] = sum_unsigned(to[v->off], *from); break;
	case FN_OR: to[v->off] |= *from; break;
	case FN_SUM:
		merge_number(&to[v->off], *from, (enum type)v->type, (enum type)src->type[i]);
		break;
	case FN_MIN:
	case FN_MAX: merge_cell(to + v->off, has, from, fn == FN_MAX, in, src->intern); break;
	case FN_FIRST:
	case FN_LAST: merge_first(to + v->off, has, from, fn == FN_LAST, in, src->intern); break;
	case FN_MEAN:
		merge_mean(to + v->off, from, (enum type)v->type, (enum type)src->type[i]);
		break;
	default: break; /* sets: the members are added */
	}
}

void
values_merge(struct values *vs, struct table *t, struct intern *in, uint32_t row,
    const struct row_source *src)
{
	uint32_t have = src->have;
	uint64_t *to;

	for (unsigned i = 0; i < vs->n; i++)
		values_raise(vs, i, t, (enum type)src->type[i]);
	to = table_slots(t, row);
	for (unsigned i = 0; i < vs->n; i++) {
		const struct value_state *v = &vs->v[i];

		if (have >> i & 1)
			merge_value(vs, i, to, src, in);
		if (v->reverse != 0 && (have >> (i + REVERSE_BIT) & 1))
			merge_number(&to[v->reverse], src->slots[v->reverse], (enum type)v->type,
			    (enum type)src->type[i]);
	}
	if (vs->spec->biflow)
		merge_direction(to + vs->biflow, src->slots + vs->biflow);
	*slots_have(to) |= have;
	if (vs->sampling == SAMPLING_MIXED)
		merge_sampling(values_interval(vs, row), src->sampling);
}

/* A row: sampling, which values there are, all slots, then the types and the cells again, self-contained. */
void
values_save(const struct values *vs, const struct table *t, uint32_t row, const struct intern *in,
    struct buf *out)
{
	uint64_t *slots = table_slots(t, row);
	uint32_t sampling = values_sampling(vs, row), have = *slots_have(slots);

	buf_put(out, &sampling, 4);
	buf_put(out, &have, 4);
	buf_put(out, slots, vs->n_slots * 8);
	for (unsigned i = 0; i < vs->n; i++) {
		enum group_fn fn = vs->spec->values[i].fn;
		struct cell c;

		buf_putc(out, (char)vs->v[i].type);
		if (!values_is_cell(fn) || !(have >> i & 1))
			continue;
		memcpy(&c, slots + vs->v[i].off + values_cell_at(fn), sizeof(c));
		cell_save(out, &c, in);
	}
}

void
values_load(const struct values *vs, struct cursor *cur, struct intern *in, uint64_t *slots,
    struct row_source *src)
{
	const uint8_t *p;

	*src = (struct row_source){
		.slots = slots, .intern = in, .sampling = (uint32_t)cur_le(cur, 4)
	};
	src->have = (uint32_t)cur_le(cur, 4);
	p = cur_octets(cur, vs->n_slots * 8);
	memset(slots, 0, vs->n_slots * 8);
	if (p != NULL)
		memcpy(slots, p, vs->n_slots * 8);
	for (unsigned i = 0; i < vs->n && !cur->bad; i++) {
		enum group_fn fn = vs->spec->values[i].fn;
		struct cell c;

		src->type[i] = cur_u8(cur);
		if (!values_is_cell(fn) || !(src->have >> i & 1))
			continue;
		c = cell_load(cur, in);
		src->type[i] = (uint8_t)c.type;
		memcpy(slots + vs->v[i].off + values_cell_at(fn), &c, sizeof(c));
	}
}
