#include "ops/tally.h"

#include "base/mem.h"

/*
 * FEW codes have LANES counters each.  Arrays of LARGE octets are tables, but for those of one batch: they are had
 * again for the next.  From half a HUGE_PAGE on one has it whole: that is there, and gone, sooner than half of it in
 * small pages.  RECORDS_MAX: a count is 32 bits.
 */
enum { FEW = 1024, LANES = 4, LARGE = 1 << 18, HUGE_PAGE = 2 << 20 };
static const uint64_t records_max = UINT64_C(1) << 30;

/* Is the value how many records there were?  Then it needs no array of its own. */
static bool
is_count(const struct values_bound *bound, enum group_fn fn, unsigned i)
{
	return fn == FN_RECORDS || (fn == FN_FLOWS && bound->source[i].col == NULL);
}

bool
tally_suit(const struct values *vs, const struct values_bound *bound)
{
	if (vs->spec->biflow || vs->sampling == SAMPLING_MIXED || bound->most == UINT64_MAX)
		return false;
	for (unsigned i = 0; i < vs->n; i++) {
		enum group_fn fn = vs->spec->values[i].fn;
		const struct value_source *src = &bound->source[i];

		if (is_count(bound, fn, i) || (fn == FN_SUM && src->col == NULL))
			continue;
		if ((fn != FN_FLOWS && fn != FN_SUM) || src->scaled || src->col->present != NULL ||
		    src->col->type != TYPE_UINT)
			return false;
	}
	return true;
}

static uint32_t
summed(const struct values *vs, const struct values_bound *bound)
{
	uint32_t bits = 0;

	for (unsigned i = 0; i < vs->n; i++)
		if (!is_count(bound, vs->spec->values[i].fn, i) && bound->source[i].col != NULL)
			bits |= UINT32_C(1) << i;
	return bits;
}

bool
tally_continue(const struct tally *s, const struct values *vs, const struct values_bound *bound)
{
	return s->coding.space > 0 && !s->coding.local && s->have == bound->have &&
	       s->summed == summed(vs, bound) && s->records < records_max &&
	       bound->most < UINT64_MAX - s->most;
}

static size_t
counters(const struct coding *c)
{
	return (size_t)c->space * (c->space <= FEW ? LANES : 1);
}

/* What an array of counters of one size takes. */
static size_t
array_octets(const struct coding *c, size_t size)
{
	size_t n = counters(c) * size;

	return !c->local && n >= HUGE_PAGE / 2 && n < HUGE_PAGE ? HUGE_PAGE : n;
}

/* What a coding takes for counts and so many sums. */
static size_t
octets_of(const struct coding *c, unsigned sums)
{
	return array_octets(c, sizeof(uint32_t)) + sums * array_octets(c, sizeof(uint64_t));
}

size_t
tally_octets(const struct coding *c, const struct values *vs)
{
	return octets_of(c, vs->n);
}

static bool
is_table(const struct coding *c, size_t octets)
{
	return !c->local && octets >= LARGE;
}

static void *
array_new(const struct coding *c, size_t size)
{
	size_t octets = array_octets(c, size);

	return is_table(c, octets) ? mem_table_there(octets) : mem_zero(octets, 1);
}

static void
array_free(const struct coding *c, void *p, size_t size)
{
	size_t octets = array_octets(c, size);

	if (is_table(c, octets))
		mem_free_table(p, octets);
	else
		mem_free(p);
}

static unsigned
n_sums(const struct tally *s)
{
	return (unsigned)__builtin_popcount(s->summed);
}

/* Arrays for a coding, of the same values. */
static void
begin(struct tally *s, const struct coding *c, uint32_t have, uint32_t summed_too)
{
	*s = (struct tally){ .coding = *c, .have = have, .summed = summed_too };
	s->lanes = c->space <= FEW ? LANES : 1;
	s->count = array_new(c, sizeof(*s->count));
	for (unsigned i = 0; i < GROUP_VALUES_MAX; i++)
		if (summed_too >> i & 1)
			s->sum[i] = array_new(c, sizeof(*s->sum[i]));
}

void
tally_begin(struct tally *s, const struct coding *c, const struct values *vs,
    const struct values_bound *bound)
{
	begin(s, c, bound->have, summed(vs, bound));
}

/* Adding -------------------------------------------------------------------------------------- */

/* The first sum; NULL: none. */
static const uint64_t *
first_sum(const struct tally *s)
{
	return s->summed == 0 ? NULL : s->sum[__builtin_ctz(s->summed)];
}

/* Does the first sum tell which codes had records, as each has more than nothing, and too little for 2^64? */
static bool
sum_tells(const struct tally *s, const struct values_bound *bound)
{
	return s->summed != 0 && bound->source[__builtin_ctz(s->summed)].is_some;
}

static void
mark_records(const struct tally *s, const uint32_t *code, size_t n)
{
	uint32_t *count = s->count, lanes = s->lanes;

	for (size_t i = 0; i < n; i++)
		count[code[i] * lanes] = 1;
}

static void
count_records(const struct tally *s, const uint32_t *code, size_t n)
{
	uint32_t *count = s->count, lanes = s->lanes;
	size_t i = 0;

	if (s->coding.space == 1) { /* no keys */
		count[0] += (uint32_t)n;
		return;
	}
	if (lanes == LANES) {
		for (; i + LANES <= n; i += LANES) {
			count[code[i] * LANES]++;
			count[code[i + 1] * LANES + 1]++;
			count[code[i + 2] * LANES + 2]++;
			count[code[i + 3] * LANES + 3]++;
		}
		for (; i < n; i++)
			count[code[i] * LANES]++;
		return;
	}
	for (; i < n; i++)
		count[code[i]]++;
}

/* What each is above a base. */
#define SUM(T) \
	do { \
		const T *from = c->data; \
		size_t i = 0; \
		if (idx == NULL && s->lanes == LANES) { \
			for (from += first; i + LANES <= n; i += LANES) { \
				sum[code[i] * LANES] += base + from[i]; \
				sum[code[i + 1] * LANES + 1] += base + from[i + 1]; \
				sum[code[i + 2] * LANES + 2] += base + from[i + 2]; \
				sum[code[i + 3] * LANES + 3] += base + from[i + 3]; \
			} \
			for (; i < n; i++) \
				sum[code[i] * LANES] += base + from[i]; \
		} else if (idx == NULL) { \
			for (from += first; i < n; i++) \
				sum[code[i] * s->lanes] += base + from[i]; \
		} else { \
			for (; i < n; i++) \
				sum[code[i] * s->lanes + i % s->lanes] += base + from[idx[i]]; \
		} \
	} while (0)

static void
sum_column(const struct tally *s, uint64_t *sum, const struct column *c, uint64_t base,
    const uint32_t *idx, size_t first, size_t n, const uint32_t *code)
{
	switch (c->width) {
	case 1: SUM(uint8_t); break;
	case 2: SUM(uint16_t); break;
	case 4: SUM(uint32_t); break;
	default: SUM(uint64_t);
	}
}

/* Numbers in planes are put together a piece at a time, which stays in the nearest cache, no wider than they are. */
static void
sum_planes(const struct tally *s, uint64_t *sum, const struct value_source *src, size_t first,
    size_t n, const uint32_t *code)
{
	enum { PIECE = 1024 };
	bool is_narrow = src->col->width == 8 && planes_narrow(src->planes);
	struct planes planes = *src->planes;
	uint64_t v[PIECE];
	struct column piece = { .width = is_narrow ? 4 : src->col->width, .data = v };

	if (is_narrow)
		planes.base = 0;
	for (size_t at = 0; at < n; at += PIECE) {
		size_t m = n - at < PIECE ? n - at : PIECE;

		planes_join(v, piece.width, &planes, first + at, m);
		sum_column(s, sum, &piece, src->planes->base - planes.base, NULL, 0, m, code + at);
	}
}

void
tally_add(struct tally *s, const struct values *vs, const struct values_bound *bound,
    const uint32_t *idx, size_t first, size_t n, const uint32_t *code)
{
	if ((s->have & ~s->summed) != 0)
		count_records(s, code, n);
	else if (!sum_tells(s, bound))
		mark_records(s, code, n);
	for (unsigned i = 0; i < vs->n; i++) {
		const struct value_source *src = &bound->source[i];

		if (s->sum[i] == NULL)
			continue;
		if (src->planes != NULL)
			sum_planes(s, s->sum[i], src, first, n, code);
		else
			sum_column(s, s->sum[i], src->col, 0, idx, first, n, code);
	}
	s->records += n;
}

/* Giving ---------------------------------------------------------------------------------------- */

/* Inlined with what is known of lanes and of a sum (NULL: none) it is straight code. */
static inline __attribute__((always_inline)) size_t
codes_had(const struct tally *s, const uint64_t *sum, uint32_t lanes, uint32_t *at, uint32_t *code,
    size_t n)
{
	uint32_t next = *at, space = s->coding.space;
	const uint32_t *c = s->count;
	size_t found = 0;

	while (next < space && found < n) {
		uint32_t end = space - next < n - found ? space : next + (uint32_t)(n - found);

		for (; next < end; next++) {
			uint64_t had = 0;

			for (size_t k = (size_t)next * lanes; k < ((size_t)next + 1) * lanes; k++)
				had |= c[k] | (sum == NULL ? 0 : sum[k]);
			code[found] = next;
			found += had != 0;
		}
	}
	*at = next;
	return found;
}

size_t
tally_codes(const struct tally *s, uint32_t *at, uint32_t *code, size_t n)
{
	const uint64_t *sum = first_sum(s);

	if (s->lanes > 1)
		return codes_had(s, sum, s->lanes, at, code, n);
	return sum != NULL ? codes_had(s, sum, 1, at, code, n) : codes_had(s, NULL, 1, at, code, n);
}

/* What all lanes of each code hold. */
#define GATHER_LANES(S, FROM) \
	do { \
		for (size_t k = 0; k < n; k++) { \
			v[k] = (FROM)[(size_t)code[k] * (S)->lanes]; \
			for (uint32_t lane = 1; lane < (S)->lanes; lane++) \
				v[k] += (FROM)[(size_t)code[k] * (S)->lanes + lane]; \
		} \
	} while (0)

void
tally_values(const struct tally *s, unsigned i, const uint32_t *code, uint64_t *v, size_t n)
{
	if (s->sum[i] != NULL)
		GATHER_LANES(s, s->sum[i]);
	else
		GATHER_LANES(s, s->count);
}

void
tally_give(const struct tally *s, const struct values *vs, const uint32_t *code,
    uint64_t *const *slots, size_t n)
{
	uint64_t v[TABLE_CHUNK];

	for (size_t k = 0; k < n; k++)
		*slots_have(slots[k]) |= s->have;
	for (unsigned i = 0; i < vs->n; i++) {
		if (!(s->have >> i & 1))
			continue;
		tally_values(s, i, code, v, n);
		values_add(vs, i, slots, v, n);
	}
}

/* Joining --------------------------------------------------------------------------------------- */

static void
add_counters(struct tally *s, const struct tally *from)
{
	size_t n = counters(&s->coding);

	for (size_t i = 0; i < n; i++)
		s->count[i] += from->count[i];
	for (unsigned v = 0; v < GROUP_VALUES_MAX; v++)
		for (size_t i = 0; i < n && s->sum[v] != NULL; i++)
			s->sum[v][i] += from->sum[v][i];
}

/* The same where codes have another meaning: one that s covers. */
static void
add_codes(struct tally *s, const struct tally *from)
{
	uint32_t code[TABLE_CHUNK], to[TABLE_CHUNK], at = 0;
	uint64_t v[TABLE_CHUNK];
	size_t n;

	while ((n = tally_codes(from, &at, code, TABLE_CHUNK)) > 0) {
		codes_move(&from->coding, &s->coding, code, n, to);
		GATHER_LANES(from, from->count);
		for (size_t k = 0; k < n; k++)
			s->count[(size_t)to[k] * s->lanes] += (uint32_t)v[k];
		for (unsigned i = 0; i < GROUP_VALUES_MAX; i++) {
			if (s->sum[i] == NULL)
				continue;
			GATHER_LANES(from, from->sum[i]);
			for (size_t k = 0; k < n; k++)
				s->sum[i][(size_t)to[k] * s->lanes] += v[k];
		}
	}
}

void
tally_widen(struct tally *s, const struct coding *c)
{
	struct tally wide;

	begin(&wide, c, s->have, s->summed);
	wide.records = s->records;
	wide.most = s->most;
	add_codes(&wide, s);
	tally_free(s);
	*s = wide;
}

bool
tally_join(struct tally *s, struct tally *from, size_t octets)
{
	struct coding both = s->coding;

	if (s->coding.space == 0 || s->have != from->have || s->summed != from->summed ||
	    s->records + from->records >= records_max || from->most >= UINT64_MAX - s->most)
		return false;
	if (codes_same(&s->coding, &from->coding)) {
		add_counters(s, from);
	} else {
		if (!codes_cover(&both, &from->coding) && !codes_widen(&both, &from->coding))
			return false;
		if (octets_of(&both, n_sums(s)) > octets)
			return false;
		if (!codes_same(&both, &s->coding))
			tally_widen(s, &both);
		add_codes(s, from);
	}
	s->records += from->records;
	s->most += from->most;
	tally_free(from);
	return true;
}

size_t
tally_memory(const struct tally *s)
{
	return s->coding.space ? octets_of(&s->coding, n_sums(s)) : 0;
}

void
tally_free(struct tally *s)
{
	array_free(&s->coding, s->count, sizeof(*s->count));
	for (unsigned i = 0; i < GROUP_VALUES_MAX; i++)
		array_free(&s->coding, s->sum[i], sizeof(*s->sum[i]));
	s->coding.space = 0;
	s->records = s->most = 0;
	s->count = NULL;
	memset(s->sum, 0, sizeof(s->sum));
}
