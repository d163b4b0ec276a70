/*
 * index_write.c - index blocks: the filters of blocks as they come, the filter of all when it is time.
 *
 * Octets are spent where they spare most: at most half on the filters of blocks, the rest on that of all, which
 * rules out whole files.  A filter that would have less than a few bits a key would rule out next to nothing and is not
 * made of all levels, or not at all.
 *
 * How many keys all blocks have is known when the last one was seen, and with it how large their filter should be.  So
 * they go to wide filters first, one for each level that may be left out, which are folded at the end: as a
 * key's line is a fraction of the lines there are, so many in a row become one.
 */
#include <assert.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "stream/index.h"

enum {
	BITS_OF_ALL = 12, /* a key: beyond it little is gained */
	BITS_OF_BLOCK = 10,
	WIDE_LINES = 10080, /* 630 KiB; a number with many divisors */
	WIDE = WIDE_LINES * INDEX_LINE,
	KEYS_MOST = WIDE, /* 8 bits each */
	FILTERS_MOST = 4 << 20, /* of blocks, octets in an index block */
	AHEAD = 16, /* keys whose lines are on their way to the caches */
};

struct covered {
	uint64_t at, seal;
	uint32_t length, records;
	bool options;
	struct index_zone zone[ZONES];
	uint32_t lines;
	uint8_t probes, levels;
};

struct index_writer {
	struct covered block[INDEX_BLOCKS];
	unsigned n, flows; /* blocks, and those of flows */
	struct buf filters; /* of blocks */
	uint8_t *wide; /* LEVELS of them, of all blocks since the last index block */
	size_t count[LEVELS]; /* of keys in them */
	bool stale; /* they are to be made empty */
	bool odd; /* there is something that cannot be spoken of: no filter of all */
	uint64_t octets; /* of those blocks */
	uint64_t last; /* where the last index block is */
	struct index_note first; /* of the first block of flows, until there is another */
	uint64_t *first_key; /* its keys: our own */
	size_t first_cap;
};

struct index_writer *
index_new(void)
{
	struct index_writer *x = mem_zero(1, sizeof(*x));

	x->last = UINT64_MAX;
	return x;
}

void
index_free(struct index_writer *x)
{
	if (x == NULL)
		return;
	buf_free(&x->filters);
	mem_free(x->first_key);
	mem_free(x->wide);
	mem_free(x);
}

/* Filters ------------------------------------------------------------------------------------------ */

#define L(LEVEL) (1U << LEVEL_##LEVEL)

/*
 * Which levels a filter of so many octets holds: the first choice that leaves each key its bits.  A few bits for
 * whole addresses still rule out most of what has none.
 */
static const struct choice {
	uint8_t levels, bits, bits_of_all;
} choices[] = {
	{ L(WHOLE) | L(MIDDLE) | L(SHORT) | L(PORT), 6, 8 },
	{ L(WHOLE) | L(SHORT) | L(PORT), 6, 5 },
	{ L(WHOLE) | L(PORT), 3, 2 },
	{ L(WHOLE), 3, 2 },
	{ L(MIDDLE) | L(SHORT) | L(PORT), 5, 5 },
	{ L(SHORT) | L(PORT), 5, 5 },
	{ L(PORT), 5, 5 },
};

static size_t
keys_of(const size_t *count, unsigned levels)
{
	size_t n = 0;

	for (unsigned l = 0; l < LEVELS; l++)
		n += levels >> l & 1 ? count[l] : 0;
	return n;
}

/* The levels of a filter of at most so many octets, and its lines, 0: there is none. */
static struct index_filter
choose(const size_t *count, size_t octets, bool of_all)
{
	struct index_filter f = { .probes = INDEX_PROBES_USED };
	size_t n = 0, most, wanted;

	most = (octets < INDEX_FILTER_MAX ? octets : INDEX_FILTER_MAX) / INDEX_LINE;
	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]) && f.levels == 0; i++) {
		n = keys_of(count, choices[i].levels);
		if (most * INDEX_LINE * 8 >=
		    n * (of_all ? choices[i].bits_of_all : choices[i].bits))
			f.levels = choices[i].levels;
	}
	if (f.levels == 0 || most == 0)
		return (struct index_filter){ 0 };
	wanted = n * (of_all ? BITS_OF_ALL : BITS_OF_BLOCK) / (INDEX_LINE * 8) + 1;
	f.lines = (uint32_t)(wanted < most ? wanted : most);
	return f;
}

static uint8_t *
put_lines(uint32_t n, struct buf *out)
{
	uint8_t *line = (uint8_t *)buf_room(out, (size_t)n * INDEX_LINE);

	memset(line, 0, (size_t)n * INDEX_LINE);
	out->len += (size_t)n * INDEX_LINE;
	return line;
}

struct index_filter
index_put_filter(const struct index_note *k, size_t octets, bool of_all, struct buf *out)
{
	struct index_filter f = choose(k->count, octets, of_all);
	uint8_t *line;

	if (f.lines == 0)
		return f;
	line = put_lines(f.lines, out);
	for (size_t i = 0; i < k->n; i++)
		if (f.levels >> (k->key[i] & (LEVELS - 1)) & 1)
			(void)index_set(line, f.lines, INDEX_PROBES_USED, k->key[i]);
	return f;
}

/* The bits of so many lines, one upon the other, into one. */
static void
fold_lines(uint8_t *to, const uint8_t *from, uint32_t n)
{
	for (; n > 0; n--, from += INDEX_LINE)
		for (unsigned o = 0; o < INDEX_LINE; o++)
			to[o] |= from[o];
}

/* Append the filter of all blocks, folded. */
static struct index_filter
put_folded(const struct index_writer *x, size_t octets, struct buf *out)
{
	struct index_filter f = choose(x->count, octets, true);
	uint32_t fold = 1;
	uint8_t *line;

	if (f.lines == 0)
		return f;
	while (WIDE_LINES % fold != 0 || WIDE_LINES / fold > f.lines)
		fold++;
	f.lines = WIDE_LINES / fold;
	line = put_lines(f.lines, out);
	for (unsigned l = 0; l < LEVELS; l++) {
		const uint8_t *from = x->wide + l * (size_t)WIDE;

		for (uint32_t i = 0; i < f.lines && (f.levels >> l & 1); i++)
			fold_lines(line + i * (size_t)INDEX_LINE,
			    from + i * (size_t)fold * INDEX_LINE, fold);
	}
	return f;
}

/* Blocks ------------------------------------------------------------------------------------------- */

static const uint8_t *
wide_line(const struct index_writer *x, uint64_t key)
{
	return x->wide + (key & (LEVELS - 1)) * WIDE + index_line(key, WIDE_LINES);
}

static void
add_wide(struct index_writer *x, const struct index_note *k)
{
	if (x->wide == NULL)
		x->wide = mem_zero(LEVELS, WIDE);
	else if (x->stale)
		memset(x->wide, 0, LEVELS * WIDE);
	x->stale = false;
	for (size_t i = 0; i < k->n; i++) {
		unsigned l = k->key[i] & (LEVELS - 1);

		if (i + AHEAD < k->n)
			__builtin_prefetch(wide_line(x, k->key[i + AHEAD]), 1);
		x->count[l] +=
		    index_set(x->wide + l * (size_t)WIDE, WIDE_LINES, INDEX_PROBES_USED, k->key[i]);
	}
}

/* Keys of the first block of flows wait until there is another: the filter of one block is that of all. */
static void
keep_first(struct index_writer *x, const struct index_note *k)
{
	if (x->first_cap < k->n) {
		x->first_cap = k->n;
		x->first_key = mem_resize(x->first_key, k->n, sizeof(*x->first_key));
	}
	if (k->n > 0)
		memcpy(x->first_key, k->key, k->n * sizeof(*x->first_key));
	x->first = *k;
	x->first.key = x->first_key;
}

static void
add_flows(struct index_writer *x, struct covered *c, const struct index_note *k)
{
	memcpy(c->zone, k->zone, sizeof(c->zone));
	c->lines = k->filter.lines;
	c->probes = k->filter.probes;
	c->levels = k->filter.levels;
	buf_put(&x->filters, k->filter.line, (size_t)k->filter.lines * INDEX_LINE);
	x->odd |= k->odd;
	if (x->flows == 0)
		keep_first(x, k);
	if (x->flows == 1)
		add_wide(x, &x->first);
	if (x->flows > 0)
		add_wide(x, k);
	x->flows++;
}

/* A block that cannot be decoded is left out. */
void
index_add(struct index_writer *x, const uint8_t *h, const struct index_note *k, uint64_t at)
{
	struct covered *c = &x->block[x->n];

	assert(x->n < INDEX_BLOCKS);
	*c = (struct covered){ .at = at,
		.seal = le_uint(h + H_HASH, 8),
		.length = (uint32_t)le_uint(h + H_BLOCK_LEN, 4),
		.records = (uint32_t)le_uint(h + H_RECORDS, 4),
		.options = le_uint(h + H_FLAGS, 2) & BLOCK_OPTIONS };
	if (!c->options && k->damaged) {
		x->odd = true;
		return;
	}
	if (!c->options)
		add_flows(x, c, k);
	x->octets += c->length;
	x->n++;
}

bool
index_is_full(const struct index_writer *x)
{
	return x->n == INDEX_BLOCKS || x->count[LEVEL_WHOLE] >= KEYS_MOST ||
	       x->filters.len >= FILTERS_MOST;
}

/* Index blocks ------------------------------------------------------------------------------------- */

static void
write_entry(uint8_t *e, const struct covered *c, uint64_t at, const uint8_t *filter)
{
	store_le(e + XE_BACK, at - c->at, 8);
	store_le(e + XE_LENGTH, c->length, 4);
	store_le(e + XE_RECORDS, c->records, 4);
	store_le(e + XE_SEAL, c->seal, 8);
	for (unsigned z = 0; z < ZONES; z++) {
		store_le(e + XE_ZONES + 16 * z, c->zone[z].min, 8);
		store_le(e + XE_ZONES + 16 * z + 8, c->zone[z].max, 8);
	}
	store_le(e + XE_LINES, c->lines, 4);
	e[XE_PROBES] = c->probes;
	e[XE_LEVELS] = c->levels;
	store_le(e + XE_FLAGS,
	    (c->options ? (unsigned)XE_OPTIONS : 0) |
		(c->zone[ZONE_START].valid ? (unsigned)XE_START : 0) |
		(c->zone[ZONE_END].valid ? (unsigned)XE_END : 0),
	    2);
	if (c->lines > 0)
		store_le(e + XE_HASH, hash_xxh3(filter, (size_t)c->lines * INDEX_LINE), 8);
}

/* Header and head; entries and the filter of all; the filters of blocks. */
static void
put_block(struct index_writer *x, uint64_t at, size_t left, struct buf *out)
{
	size_t begin = out->len, body = HEADER_LEN + INDEX_HEAD,
	       fixed = body + x->n * (size_t)INDEX_ENTRY;
	const uint8_t *filter = (const uint8_t *)x->filters.data;
	struct index_filter all = { 0 };
	uint8_t *h, *head;

	memset(buf_room(out, fixed), 0, fixed);
	out->len += fixed;
	if (!x->odd && x->flows == 1)
		all = index_put_filter(&x->first, left, true, out);
	else if (!x->odd && x->flows > 1)
		all = put_folded(x, left, out);
	h = (uint8_t *)out->data + begin;
	for (unsigned i = 0; i < x->n; i++) {
		write_entry(h + body + i * (size_t)INDEX_ENTRY, &x->block[i], at, filter);
		if (x->block[i].lines > 0)
			filter += (size_t)x->block[i].lines * INDEX_LINE;
	}
	header_empty(h, HEADER_LEN + INDEX_HEAD, BLOCK_SKIPPABLE | BLOCK_INDEX);
	store_le(h + H_BLOCK_LEN, out->len - begin + x->filters.len, 4);
	head = h + HEADER_LEN;
	store_le(head + X_VERSION, INDEX_VERSION, 4);
	store_le(head + X_BLOCKS, x->n, 4);
	store_le(head + X_SEGMENT, at, 8);
	store_le(head + X_PREVIOUS, x->last == UINT64_MAX ? 0 : at - x->last, 8);
	store_le(head + X_ENTRIES, hash_xxh3(h + body, fixed - body), 8);
	store_le(head + X_COMMON, hash_xxh3(h + fixed, out->len - begin - fixed), 8);
	store_le(head + X_LINES, all.lines, 4);
	head[X_PROBES] = all.probes;
	head[X_LEVELS] = all.levels;
	buf_put(out, x->filters.data, x->filters.len);
	x->last = at;
}

void
index_put(struct index_writer *x, uint64_t at, struct buf *out)
{
	size_t most = x->octets / INDEX_SHARE;
	size_t fixed = HEADER_LEN + INDEX_HEAD + x->n * (size_t)INDEX_ENTRY;

	/* The filter of all is that of the only block too; and what does not fit is not there. */
	if (x->flows == 1 || fixed + x->filters.len > most) {
		x->filters.len = 0;
		for (unsigned i = 0; i < x->n; i++)
			x->block[i].lines = x->block[i].levels = x->block[i].probes = 0;
	}
	if (x->n > 0 && fixed <= most)
		put_block(x, at, most - fixed - x->filters.len, out);
	x->n = x->flows = 0;
	x->filters.len = 0;
	x->octets = 0;
	x->odd = false;
	x->stale = true;
	memset(x->count, 0, sizeof(x->count));
}

uint64_t
index_last(const struct index_writer *x)
{
	return x->last;
}
