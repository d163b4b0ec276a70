#include "ops/values.h"

#include "ops/conversation.h"

static unsigned
slots_of(enum group_fn fn)
{
	switch (fn) {
	case FN_MEAN: return MEAN_SLOTS;
	case FN_MIN:
	case FN_MAX:
	case FN_PERCENTILE: return CELL_SLOTS;
	case FN_FIRST:
	case FN_LAST: return FIRST_SLOTS;
	default: return 1;
	}
}

/* Percentiles of one field are found in one set. */
static uint8_t
home_of(const struct group_spec *spec, unsigned i)
{
	for (unsigned k = 0; k < i; k++)
		if (spec->values[k].fn == FN_PERCENTILE &&
		    strcmp(spec->values[k].field.name, spec->values[i].field.name) == 0)
			return (uint8_t)k;
	return (uint8_t)i;
}

void
values_init(struct values *vs, const struct group_spec *spec)
{
	unsigned at = 0;

	*vs = (struct values){ .spec = spec, .n = (unsigned)spec->n_values };
	for (unsigned i = 0; i < vs->n; i++) {
		enum group_fn fn = spec->values[i].fn;

		vs->v[i].scale = 9;
		vs->v[i].off = (uint16_t)at;
		vs->v[i].home = home_of(spec, i);
		vs->v[i].set.counted = fn == FN_PERCENTILE;
		at += slots_of(fn);
		if (spec->biflow && values_directed(fn))
			vs->v[i].reverse = (uint16_t)at++;
	}
	if (spec->biflow) {
		vs->biflow = (uint16_t)at;
		at += BIFLOW_SLOTS;
	}
	vs->n_slots = at;
}

void
values_free(struct values *vs)
{
	for (unsigned i = 0; i < vs->n; i++)
		distinct_free(&vs->v[i].set);
	mem_free(vs->interval);
}

static bool
has_value(const struct column *c, uint32_t rec)
{
	return bits_has(c->present, rec);
}

uint64_t
sum_word(uint64_t v, enum type from, enum type held)
{
	struct cell c = { .v = v, .type = from };

	if (type_is_float(held))
		return cell_double_bits(cell_double(&c));
	return from == TYPE_UINT && held != TYPE_UINT && v > INT64_MAX ? INT64_MAX : v;
}

uint64_t
sum_words(uint64_t a, uint64_t b, enum type held)
{
	if (type_is_float(held))
		return cell_double_bits(cell_bits_double(a) + cell_bits_double(b));
	return held == TYPE_UINT ? sum_unsigned(a, b) : sum_signed(a, b);
}

static void
add_word(uint64_t *slot, uint64_t v, enum type from, enum type held)
{
	*slot = sum_words(*slot, sum_word(v, from, held), held);
}

void
values_add(const struct values *vs, unsigned i, uint64_t *const *slots, const uint64_t *v, size_t n)
{
	enum type held = vs->spec->values[i].fn == FN_SUM ? (enum type)vs->v[i].type : TYPE_UINT;
	size_t off = vs->v[i].off;

	for (size_t k = 0; k < n; k++)
		add_word(&slots[k][off], v[k], TYPE_UINT, held);
}

static uint64_t
scale_word(const struct values_bound *bound, uint64_t v, enum type type, uint32_t rec)
{
	uint64_t by;
	int64_t scaled_signed;

	if (bound->sampling == NULL || !has_value(bound->sampling, rec))
		return v;
	by = cell_word(bound->sampling, rec);
	if (by <= 1)
		return v;
	if (type_is_float(type))
		return cell_double_bits(cell_bits_double(v) * (double)by);
	if (type == TYPE_INT) {
		if (__builtin_mul_overflow((int64_t)v, by, &scaled_signed))
			scaled_signed = (int64_t)v < 0 ? INT64_MIN : INT64_MAX;
		return (uint64_t)scaled_signed;
	}
	return product_unsigned(v, by);
}

#define ADD_DENSE(T) \
	do { \
		const T *from = c->data; \
		for (size_t i = 0; i < ch->n; i++) { \
			uint64_t *slot = &ch->slots[i][off]; \
			*slot = sum_unsigned(*slot, from[ch->idx[i]]); \
		} \
	} while (0)

/* Every record has a value, nothing is converted, scaled or directed: most of all the work there is. */
static void
sum_dense(const struct column *c, unsigned off, const struct values_chunk *ch)
{
	switch (c->width) {
	case 1: ADD_DENSE(uint8_t); break;
	case 2: ADD_DENSE(uint16_t); break;
	case 4: ADD_DENSE(uint32_t); break;
	default: ADD_DENSE(uint64_t);
	}
}

static void
sum_column(const struct values *vs, unsigned i, const struct values_bound *bound,
    const struct column *c, bool reverse, const struct values_chunk *ch)
{
	const struct value_state *v = &vs->v[i];
	enum type type = (enum type)c->type;
	uint64_t word[TABLE_CHUNK];

	if (v->reverse == 0 && c->present == NULL && type == v->type && type == TYPE_UINT &&
	    !bound->source[i].scaled) {
		sum_dense(c, v->off, ch);
		return;
	}
	cell_words(c, ch->idx, ch->n, word);
	for (size_t k = 0; k < ch->n; k++) {
		bool back = v->reverse && ((ch->dir[k] != 0) != reverse);

		if (!has_value(c, ch->idx[k]))
			continue;
		if (bound->source[i].scaled)
			word[k] = scale_word(bound, word[k], type, ch->idx[k]);
		add_word(
		    &ch->slots[k][back ? v->reverse : v->off], word[k], type, (enum type)v->type);
		*slots_have(ch->slots[k]) |= UINT32_C(1) << (back ? i + REVERSE_BIT : i);
	}
}

/* deltaFlowCount, absent counts 1 (which is why it is no plain sum). */
static void
add_flows(const struct values *vs, unsigned i, const struct column *c, const struct column *reverse,
    const struct values_bound *bound, const struct values_chunk *ch)
{
	const struct value_state *v = &vs->v[i];

	if (c == NULL && v->reverse == 0) {
		for (size_t k = 0; k < ch->n; k++)
			ch->slots[k][v->off]++;
		return;
	}
	for (size_t k = 0; k < ch->n; k++) {
		uint64_t flows = 1, *slot;
		bool back = v->reverse && ch->dir[k] != 0;

		if (c != NULL && has_value(c, ch->idx[k]))
			flows = cell_word(c, ch->idx[k]);
		slot = &ch->slots[k][back ? v->reverse : v->off];
		*slot = sum_unsigned(*slot, flows);
		*slots_have(ch->slots[k]) |= UINT32_C(1) << (back ? i + REVERSE_BIT : i);
	}
	if (reverse != NULL)
		sum_column(vs, i, bound, reverse, true, ch);
}

static void
add_mean(
    const struct value_state *v, unsigned i, const struct column *c, const struct values_chunk *ch)
{
	bool floating = v->type == TYPE_FLOAT64;
	bool is_signed = c->type != TYPE_UINT;
	uint64_t word[TABLE_CHUNK];

	cell_words(c, ch->idx, ch->n, word);
	for (size_t k = 0; k < ch->n; k++) {
		uint64_t *s = ch->slots[k] + v->off;
		__int128 sum;

		if (!has_value(c, ch->idx[k]))
			continue;
		if (floating) {
			add_word(s, word[k], (enum type)c->type, TYPE_FLOAT64);
		} else {
			memcpy(&sum, s, 16);
			sum += is_signed ? (__int128)(int64_t)word[k] : (__int128)word[k];
			memcpy(s, &sum, 16);
		}
		s[2]++;
		*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
	}
}

/* Keep the smaller (or greater) cell of slots and c. */
static void
keep_cell(uint64_t *slots, bool has, const struct cell *c, bool greater, const struct intern *in)
{
	struct cell held;
	int order;

	memcpy(&held, slots, sizeof(held));
	order = has ? cell_compare(c, in, &held, in) : 0;
	if (!has || (greater ? order > 0 : order < 0))
		memcpy(slots, c, sizeof(*c));
}

/* Least or greatest of numbers that are all of one type: compared as order-mapped words. */
static void
extreme_words(const struct value_state *v, unsigned i, const struct column *c, bool greater,
    const struct values_chunk *ch)
{
	uint64_t flip = c->type == TYPE_UINT ? 0 : UINT64_C(1) << 63;
	uint64_t word[TABLE_CHUNK];

	cell_words(c, ch->idx, ch->n, word);
	for (size_t k = 0; k < ch->n; k++) {
		uint64_t *s = ch->slots[k] + v->off, key = word[k] ^ flip;
		bool has = *slots_have(ch->slots[k]) >> i & 1;

		if (!has_value(c, ch->idx[k]))
			continue;
		if (has && (greater ? key <= (s[0] ^ flip) : key >= (s[0] ^ flip)))
			continue;
		s[0] = word[k];
		s[2] = c->type;
		*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
	}
}

static void
add_extreme(const struct value_state *v, unsigned i, const struct column *c, bool greater,
    const struct values_chunk *ch, struct intern *in)
{
	if (!v->mixed && (c->type == TYPE_UINT || c->type == TYPE_INT || c->type == TYPE_TIME ||
			     c->type == TYPE_DURATION)) {
		extreme_words(v, i, c, greater, ch);
		return;
	}
	for (size_t k = 0; k < ch->n; k++) {
		struct cell cell;

		if (!has_value(c, ch->idx[k]))
			continue;
		cell = cell_at(c, ch->idx[k], in);
		keep_cell(
		    ch->slots[k] + v->off, *slots_have(ch->slots[k]) >> i & 1, &cell, greater, in);
		*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
	}
}

/* The value of the record that starts first or ends last; of equal times the smaller or greater. */
static void
add_first(const struct value_state *v, unsigned i, const struct column *c,
    const struct column *time, bool last, const struct values_chunk *ch, struct intern *in)
{
	for (size_t k = 0; k < ch->n; k++) {
		uint64_t *s = ch->slots[k] + v->off;
		bool has = *slots_have(ch->slots[k]) >> i & 1;
		int64_t at = last ? INT64_MIN : INT64_MAX, held = (int64_t)s[0];
		struct cell cell;

		if (!has_value(c, ch->idx[k]))
			continue;
		if (time != NULL && has_value(time, ch->idx[k]))
			at = ((const int64_t *)time->data)[ch->idx[k]];
		if (has && (last ? at < held : at > held))
			continue;
		cell = cell_at(c, ch->idx[k], in);
		keep_cell(s + 1, has && at == held, &cell, last, in);
		s[0] = (uint64_t)at;
		*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
	}
}

/* A value of a set: of distinct ones the number is kept. */
static void
count_member(struct values *vs, unsigned i, uint64_t *slots, bool fresh)
{
	if (vs->spec->values[i].fn == FN_DISTINCT)
		slots[vs->v[i].off] += fresh;
	*slots_have(slots) |= UINT32_C(1) << i;
}

/* Members of a chunk; where eight beside each other were there before, nothing is to be told of them. */
static void
count_members(struct values *vs, unsigned i, uint64_t *const *slots, const bool *fresh, size_t n)
{
	uint64_t eight = 1;

	for (size_t k = 0, end; k < n; k = end) {
		end = n - k < sizeof(eight) ? n : k + sizeof(eight);
		memcpy(&eight, fresh + k, end - k);
		for (size_t m = k; m < end && eight != 0; m++)
			count_member(vs, i, slots[m], fresh[m]);
	}
}

void
values_member(struct values *vs, unsigned i, struct table *t, struct intern *in, uint32_t row,
    const struct cell *c, uint64_t count)
{
	bool fresh = distinct_add(&vs->v[i].set, row, c, count, in);

	count_member(vs, i, table_slots(t, row), fresh);
}

void
values_members(struct values *vs, unsigned i, struct table *t, const uint32_t *rows,
    const uint64_t *v, const uint64_t *counts, enum type type, size_t n)
{
	bool fresh[TABLE_CHUNK];

	distinct_add_words(&vs->v[i].set, rows, v, counts, type, n, fresh);
	for (size_t k = 0; k < n; k++)
		count_member(vs, i, table_slots(t, rows[k]), fresh[k]);
}

static void
add_to_set(struct values *vs, unsigned i, const struct column *c, const struct values_chunk *ch,
    struct intern *in)
{
	struct distinct *set = &vs->v[i].set;
	uint64_t word[TABLE_CHUNK];
	bool fresh[TABLE_CHUNK];

	if (c->present == NULL && c->width != 0 && c->width != 16) {
		cell_words(c, ch->idx, ch->n, word);
		distinct_add_words(set, ch->row, word, NULL, (enum type)c->type, ch->n, fresh);
		count_members(vs, i, ch->slots, fresh, ch->n);
		return;
	}
	for (size_t k = 0; k < ch->n; k++) {
		struct cell cell;

		if (!has_value(c, ch->idx[k]))
			continue;
		cell = cell_at(c, ch->idx[k], in);
		count_member(vs, i, ch->slots[k], distinct_add(set, ch->row[k], &cell, 1, in));
	}
}

/* Another percentile of a field: the values are in the set already. */
static void
mark_values(unsigned i, const struct column *c, const struct values_chunk *ch)
{
	for (size_t k = 0; k < ch->n; k++)
		if (has_value(c, ch->idx[k]))
			*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
}

/* What tells who began: its flags, its time, and a record that is a biflow says so itself. */
static void
add_direction(
    const struct values *vs, const struct values_bound *bound, const struct values_chunk *ch)
{
	for (size_t k = 0; k < ch->n; k++) {
		uint64_t *s = ch->slots[k] + vs->biflow;
		uint32_t rec = ch->idx[k];
		unsigned dir = ch->dir[k] != 0, votes = 1u << VOTE_BITS;
		int64_t *start = (int64_t *)&s[BIFLOW_START + dir];
		/* Slots start as zero: times are kept complemented, least as greatest. */
		if (bound->start != NULL && has_value(bound->start, rec)) {
			int64_t at = ((const int64_t *)bound->start->data)[rec];

			if (*start == 0 || ~at > *start)
				*start = ~at;
		}
		if (bound->flags != NULL && has_value(bound->flags, rec))
			votes |= conversation_vote((unsigned)cell_word(bound->flags, rec));
		for (unsigned i = 0; bound->is_biflow && i < vs->n; i++)
			if (bound->source[i].reverse != NULL &&
			    has_value(bound->source[i].reverse, rec))
				votes |= VOTE_BEGAN;
		s[BIFLOW_VOTES] |= (uint64_t)votes << dir * BIFLOW_BITS;
	}
}

static void
add_sampling(struct values *vs, const struct values_bound *bound, const struct values_chunk *ch)
{
	const struct column *c = bound->sampling;

	for (size_t k = 0; k < ch->n; k++) {
		uint32_t *held = values_interval(vs, ch->row[k]), now = 1;

		if (c != NULL && has_value(c, ch->idx[k]))
			now = (uint32_t)cell_word(c, ch->idx[k]);
		now = now == 0 ? 1 : now;
		if (*held != now)
			*held = *held == 0 ? now : (uint32_t)SAMPLING_MIXED;
	}
}

/* Is the interval of a record not known, so that its counters stay as they are among multiplied ones? */
static void
doubt_unknown(struct values *vs, const struct values_bound *bound, const struct values_chunk *ch)
{
	for (size_t k = 0; k < ch->n && !(vs->doubts & DOUBT_UNKNOWN); k++)
		if (bound->sampling == NULL || !has_value(bound->sampling, ch->idx[k]))
			vs->doubts |= DOUBT_UNKNOWN;
}

static void
update_value(struct values *vs, unsigned i, const struct values_bound *bound,
    const struct values_chunk *ch, struct intern *in)
{
	const struct value_source *src = &bound->source[i];
	const struct column *c = src->col;
	struct value_state *v = &vs->v[i];

	switch (vs->spec->values[i].fn) {
	case FN_FLOWS: add_flows(vs, i, c, src->reverse, bound, ch); return;
	case FN_RECORDS:
		for (size_t k = 0; k < ch->n; k++) {
			ch->slots[k][v->off]++;
			*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
		}
		return;
	case FN_SUM:
		if (c != NULL)
			sum_column(vs, i, bound, c, false, ch);
		if (src->reverse != NULL)
			sum_column(vs, i, bound, src->reverse, true, ch);
		return;
	default: break;
	}
	if (c == NULL)
		return;
	switch (vs->spec->values[i].fn) {
	case FN_OR:
		for (size_t k = 0; k < ch->n; k++) {
			if (!has_value(c, ch->idx[k]))
				continue;
			ch->slots[k][v->off] |= cell_word(c, ch->idx[k]);
			*slots_have(ch->slots[k]) |= UINT32_C(1) << i;
		}
		break;
	case FN_MIN: add_extreme(v, i, c, false, ch, in); break;
	case FN_MAX: add_extreme(v, i, c, true, ch, in); break;
	case FN_MEAN: add_mean(v, i, c, ch); break;
	case FN_FIRST: add_first(v, i, c, bound->start, false, ch, in); break;
	case FN_LAST: add_first(v, i, c, bound->end, true, ch, in); break;
	case FN_DISTINCT: add_to_set(vs, i, c, ch, in); break;
	case FN_PERCENTILE:
		if (v->home == i)
			add_to_set(vs, i, c, ch, in);
		else
			mark_values(i, c, ch);
		break;
	default: break;
	}
}

void
values_update(struct values *vs, const struct values_bound *bound, const struct values_chunk *ch,
    struct intern *in)
{
	if (bound->have != 0)
		for (size_t k = 0; k < ch->n; k++)
			*slots_have(ch->slots[k]) |= bound->have;
	for (unsigned i = 0; i < vs->n; i++)
		update_value(vs, i, bound, ch, in);
	if (vs->spec->biflow)
		add_direction(vs, bound, ch);
	if (vs->sampling == SAMPLING_MIXED)
		add_sampling(vs, bound, ch);
	if (bound->scales)
		doubt_unknown(vs, bound, ch);
}
