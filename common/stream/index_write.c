/*
 * index_write.c - index blocks: the filters of blocks as they come, the filter of all when it is time.
 *
 * Octets are spent where they spare most: at most half on the filters of blocks, the rest on that of all, which
 * rules out whole files.  A filter that would have less than a few bits a key would rule out next to nothing and is not
 * made of all levels, or not at all.
 */
#include "base/cursor.h"
#include "base/hash.h"
#include "stream/index.h"

enum {
	KEYS_MOST = 1 << 20, /* in the set of all blocks: 16 MiB */
	BITS_WANTED = 12, /* a key: of the filter of all; beyond it little is gained */
	BITS_BLOCK = 10,
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
	unsigned n;
	struct buf filters; /* of blocks */
	struct index_set set; /* of all blocks since the last index block */
	bool odd;
	uint64_t octets; /* of those blocks */
	uint64_t last; /* where the last index block is */
	struct index_keys keys;
	struct stream_slot *slot; /* for octets in memory */
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
	slot_free(x->slot);
	buf_free(&x->filters);
	index_set_free(&x->set);
	index_set_free(&x->keys.set);
	mem_free(x);
}

/* Filters ------------------------------------------------------------------------------------------ */

#define L(LEVEL) (1U << LEVEL_##LEVEL)

/*
 * Which levels a filter of so many octets holds: the first choice that leaves each key its bits.  A few bits for
 * whole addresses still rule out more than half of the files.
 */
static const struct choice {
	uint8_t levels, bits, bits_of_all;
} choices[] = {
	{ L(WHOLE) | L(MIDDLE) | L(SHORT) | L(PORT), 6, 8 },
	{ L(WHOLE) | L(SHORT) | L(PORT), 6, 5 },
	{ L(WHOLE) | L(PORT), 5, 2 },
	{ L(WHOLE), 5, 2 },
	{ L(MIDDLE) | L(SHORT) | L(PORT), 5, 5 },
	{ L(SHORT) | L(PORT), 5, 5 },
	{ L(PORT), 5, 5 },
};

static size_t
keys_of(const struct index_set *s, unsigned levels)
{
	size_t n = 0;

	for (unsigned l = 0; l < LEVELS; l++)
		n += levels >> l & 1 ? s->count[l] : 0;
	return n;
}

/* Append the filter of a set, at most so many octets. */
static struct index_filter
put_filter(const struct index_set *s, size_t octets, bool of_all, struct buf *out)
{
	struct index_filter f = { 0 };
	size_t n = 0, most = octets / INDEX_LINE;
	uint8_t *line;

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]) && f.levels == 0; i++) {
		n = keys_of(s, choices[i].levels);
		if (most * INDEX_LINE * 8 >=
		    n * (of_all ? choices[i].bits_of_all : choices[i].bits))
			f.levels = choices[i].levels;
	}
	if (f.levels == 0 || most == 0)
		return (struct index_filter){ 0 };
	f.lines = (uint32_t)(n * (of_all ? BITS_WANTED : BITS_BLOCK) / (INDEX_LINE * 8) + 1);
	if (f.lines > most)
		f.lines = (uint32_t)most;
	/* ln 2 probes a bit a key set half of the bits, which is best (Bloom 1970). */
	f.probes = INDEX_PROBES;
	if (n > 0 && (size_t)f.lines * INDEX_LINE * 8 * 7 / 10 < n * INDEX_PROBES)
		f.probes = (uint8_t)((size_t)f.lines * INDEX_LINE * 8 * 7 / 10 / n);
	if (f.probes == 0)
		f.probes = 1;
	line = (uint8_t *)buf_room(out, (size_t)f.lines * INDEX_LINE);
	memset(line, 0, (size_t)f.lines * INDEX_LINE);
	out->len += (size_t)f.lines * INDEX_LINE;
	for (size_t i = 0; i < s->slots; i++) {
		uint64_t key = s->slot[i];
		uint8_t *to = line + index_line(key, f.lines);

		if (key == 0 || !(f.levels >> (key & (LEVELS - 1)) & 1))
			continue;
		for (unsigned p = 0; p < f.probes; p++)
			to[index_bit(key, p) / 8] |= (uint8_t)(1 << index_bit(key, p) % 8);
	}
	return f;
}

/* Blocks ------------------------------------------------------------------------------------------- */

static void
add_all(struct index_set *to, const struct index_set *from)
{
	uint64_t key[INDEX_STRETCH];
	size_t n = 0;

	for (size_t i = 0; i < from->slots; i++) {
		if (from->slot[i] == 0)
			continue;
		key[n++] = from->slot[i];
		if (n == INDEX_STRETCH) {
			index_set_add(to, key, n);
			n = 0;
		}
	}
	index_set_add(to, key, n);
}

void
index_add(struct index_writer *x, struct stream_slot *s, uint64_t at)
{
	struct index_keys *k = &x->keys;
	struct covered *c = &x->block[x->n];
	struct index_filter f;

	*c = (struct covered){ .at = at,
		.seal = le_uint(s->octets + H_HASH, 8),
		.length = s->block_len,
		.records = (uint32_t)s->batch.n,
		.options = s->batch.options };
	if (!c->options) {
		index_keys_of(k, s);
		if (s->batch.err.status != 0)
			return;
		memcpy(c->zone, k->zone, sizeof(c->zone));
		x->odd |= k->odd;
		if (!k->odd) {
			f = put_filter(
			    &k->set, s->block_len / (2 * INDEX_SHARE), false, &x->filters);
			c->lines = f.lines;
			c->probes = f.probes;
			c->levels = f.levels;
			add_all(&x->set, &k->set);
		}
	}
	x->octets += s->block_len;
	x->n++;
}

void
index_add_octets(struct index_writer *x, uint8_t *block, uint64_t at)
{
	struct block_header h;
	struct err ignored = { 0 };
	struct stream_slot *s;

	(void)header_read(&h, block);
	if (h.flags & (BLOCK_SKIPPABLE | BLOCK_HISTORY | BLOCK_END))
		return;
	if (x->slot == NULL)
		x->slot = slot_new();
	s = x->slot;
	s->octets = block; /* lent */
	s->have = h.block_len;
	if (slot_open(s, &h, &ignored) == 0)
		index_add(x, s, at);
	s->octets = NULL;
	s->have = 0;
}

bool
index_is_full(const struct index_writer *x)
{
	return x->n == INDEX_BLOCKS || x->set.n >= KEYS_MOST;
}

/* Index blocks ------------------------------------------------------------------------------------- */

static void
store(uint8_t *at, uint64_t v, size_t n)
{
	memcpy(at, &v, n);
}

static void
write_entry(uint8_t *e, const struct covered *c, uint64_t at)
{
	store(e + XE_BACK, at - c->at, 8);
	store(e + XE_LENGTH, c->length, 4);
	store(e + XE_RECORDS, c->records, 4);
	store(e + XE_SEAL, c->seal, 8);
	for (unsigned z = 0; z < ZONES; z++) {
		store(e + XE_ZONES + 16 * z, c->zone[z].min, 8);
		store(e + XE_ZONES + 16 * z + 8, c->zone[z].max, 8);
	}
	store(e + XE_LINES, c->lines, 4);
	e[XE_PROBES] = c->probes;
	e[XE_LEVELS] = c->levels;
	store(e + XE_FLAGS,
	    (c->options ? (unsigned)XE_OPTIONS : 0) |
		(c->zone[ZONE_START].valid ? (unsigned)XE_START : 0) |
		(c->zone[ZONE_END].valid ? (unsigned)XE_END : 0),
	    2);
}

/* Header, head, entries; then the filter of all, which ends the header. */
static void
put_block(struct index_writer *x, uint64_t at, size_t left, struct buf *out)
{
	size_t begin = out->len, fixed = HEADER_LEN + INDEX_HEAD + x->n * (size_t)INDEX_ENTRY;
	struct index_filter all = { 0 };
	uint8_t *h, *head;

	header_empty(
	    (uint8_t *)buf_room(out, fixed), (uint32_t)fixed, BLOCK_SKIPPABLE | BLOCK_INDEX);
	out->len += fixed;
	if (!x->odd)
		all = put_filter(
		    &x->set, left < INDEX_FILTER_MAX ? left : INDEX_FILTER_MAX, true, out);
	h = (uint8_t *)out->data + begin;
	store(h + H_HEADER_LEN, out->len - begin, 4);
	store(h + H_BLOCK_LEN, out->len - begin + x->filters.len, 4);
	head = h + HEADER_LEN;
	store(head + X_VERSION, INDEX_VERSION, 4);
	store(head + X_BLOCKS, x->n, 4);
	store(head + X_SEGMENT, at, 8);
	store(head + X_PREVIOUS, x->last == UINT64_MAX ? 0 : at - x->last, 8);
	store(head + X_HASH, hash_xxh64(x->filters.data, x->filters.len), 8);
	store(head + X_LINES, all.lines, 4);
	head[X_PROBES] = all.probes;
	head[X_LEVELS] = all.levels;
	for (unsigned i = 0; i < x->n; i++)
		write_entry(head + INDEX_HEAD + i * (size_t)INDEX_ENTRY, &x->block[i], at);
	buf_put(out, x->filters.data, x->filters.len);
	x->last = at;
}

void
index_put(struct index_writer *x, uint64_t at, struct buf *out)
{
	size_t most = x->octets / INDEX_SHARE;
	size_t fixed = HEADER_LEN + INDEX_HEAD + x->n * (size_t)INDEX_ENTRY;

	/* The filter of all is that of the only block too; and what does not fit is not there. */
	if (x->n == 1 || fixed + x->filters.len > most) {
		x->filters.len = 0;
		for (unsigned i = 0; i < x->n; i++)
			x->block[i].lines = x->block[i].levels = x->block[i].probes = 0;
	}
	if (x->n > 0 && fixed <= most)
		put_block(x, at, most - fixed - x->filters.len, out);
	x->n = 0;
	x->filters.len = 0;
	x->octets = 0;
	x->odd = false;
	index_set_clear(&x->set);
}

uint64_t
index_last(const struct index_writer *x)
{
	return x->last;
}
