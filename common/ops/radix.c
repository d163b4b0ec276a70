/*
 * radix.c - many records in order: words of 64 bits, some bits of a key above the record's number, sorted by
 * digits of the key, several threads side by side; those that come out equal again by the next bits, the next
 * octets, the next key.
 */
#include "base/cursor.h"
#include "base/ordered.h"
#include "flow/zone.h"
#include "ops/order.h"

/*
 * FEW are compared in full, SMALL is sorted by comparing words.  DIGIT: bits of a digit at most, so that where its
 * values go stays in the second cache.  DEPTH_MAX: octets of texts are looked at 8 at a time so often, then compared.
 */
enum { FEW = 32, SMALL = 2048, DIGIT = 11, DEPTH_MAX = 32, SHARED = 1 << 18 };

/* What is equal so far: the keys before this one, and of its value what is in front of a depth. */
struct stage {
	size_t key;
	unsigned depth;
};

/* How a stage's keys become few bits: above the least of them, missing ones and NaN above the others. */
struct measure {
	uint64_t min, max;
	bool any, classes; /* any value; any record without one */
	unsigned squeeze, drop, bits;
};

struct sorting {
	const struct order *o;
	struct stage at;
	unsigned id_bits;
	uint64_t *item, *spare;
	uint8_t *class;
	struct measure *of_chunk, m;
};

static uint32_t
id_of(const struct sorting *s, uint64_t item)
{
	return (uint32_t)(item & ((UINT64_C(1) << s->id_bits) - 1));
}

void
order_init(struct order *o, const struct sort_key *keys, size_t n_keys,
    const struct order_columns *chunk, const size_t *first, size_t n_chunks, unsigned threads)
{
	*o = (struct order){ .keys = keys,
		.n_keys = n_keys,
		.chunk = chunk,
		.first = first,
		.n_chunks = n_chunks,
		.threads = threads ? threads : 1 };
	for (size_t k = 0; k < n_keys; k++) {
		bool any = false;

		o->narrow[k] = true;
		for (size_t i = 0; i < n_chunks; i++) {
			const struct column *c = chunk[i].col[k];

			if (c == NULL)
				continue;
			o->type[k] = !any || o->type[k] == c->type ? (enum type)c->type : TYPE_NONE;
			o->narrow[k] = o->narrow[k] && c->width == 4;
			any = true;
			if (o->type[k] == TYPE_NONE)
				break;
		}
		if (!any) /* missing everywhere */
			o->type[k] = TYPE_UINT;
	}
}

/* Keys ------------------------------------------------------------------------------------------ */

/* An address from depth 1 on: its first and its last 8 octets. */
static uint64_t
address_part(const struct column *c, size_t rec, unsigned depth)
{
	if (c->width == 4)
		return depth == 1 ? 0 : UINT64_C(0xffff00000000) | ((const uint32_t *)c->data)[rec];
	return be_uint((const uint8_t *)c->data + rec * 16 + (depth == 1 ? 0 : 8), 8);
}

/* Octets in turns: the next 8 padded with zeros, then how many there were, 9 where there are more. */
static uint64_t
octets_part(const struct column *c, size_t rec, unsigned depth)
{
	size_t skip = depth / 2 * 8, len = c->off[rec + 1] - c->off[rec];

	len = len > skip ? len - skip : 0;
	if (depth % 2)
		return len < 9 ? len : 9;
	return zone_key_octets((const uint8_t *)c->data + c->off[rec] + skip, len);
}

static enum order_class
key_at(const struct sorting *s, uint32_t id, uint64_t *key)
{
	const struct order *o = s->o;
	const struct sort_key *k = &o->keys[s->at.key];
	const struct column *c = o->chunk[order_chunk(id)].col[s->at.key];
	enum type type = o->type[s->at.key];
	size_t rec = order_record(id);
	enum order_class class = order_key(k, c, type, rec, key);

	if (class != ORDER_VALUE || s->at.depth == 0)
		return class;
	*key =
	    type == TYPE_IP ? address_part(c, rec, s->at.depth) : octets_part(c, rec, s->at.depth);
	if (!k->ascending)
		*key = ~*key;
	return class;
}

/* What comes when this stage leaves records equal, of which this is one. */
static struct stage
next_stage(const struct sorting *s, uint32_t id)
{
	struct stage at = s->at, deeper = { at.key, at.depth + 1 }, next = { at.key + 1, 0 };
	const struct column *c = s->o->chunk[order_chunk(id)].col[at.key];
	enum type type = s->o->type[at.key];
	uint64_t key;

	if (order_exact(type) || key_at(s, id, &key) != ORDER_VALUE)
		return next;
	if (type == TYPE_IP)
		return s->o->narrow[at.key] || at.depth == 2 ? next : deeper;
	return at.depth % 2 && octets_part(c, order_record(id), at.depth) < 9 ? next : deeper;
}

static void
measure_add(struct measure *m, enum order_class class, uint64_t key)
{
	if (class != ORDER_VALUE) {
		m->classes = true;
		return;
	}
	m->min = m->any && m->min < key ? m->min : key;
	m->max = m->any && m->max > key ? m->max : key;
	m->any = true;
}

static void
measure_join(struct measure *m, const struct measure *other)
{
	m->classes = m->classes || other->classes;
	if (!other->any)
		return;
	measure_add(m, ORDER_VALUE, other->min);
	measure_add(m, ORDER_VALUE, other->max);
}

static unsigned
bits_of(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* Into the bits that a word has beside the record's number: what does not fit is a stage of its own. */
static void
measure_fit(struct measure *m, unsigned room)
{
	uint64_t span = m->any ? m->max - m->min : 0;

	m->squeeze = m->classes && bits_of(span) > 62 ? 2 : 0;
	span = (span >> m->squeeze) + (m->classes ? ORDER_MISSING : 0);
	m->bits = bits_of(span);
	m->drop = m->bits > room ? m->bits - room : 0;
	m->bits -= m->drop;
}

static uint64_t
measured(const struct measure *m, enum order_class class, uint64_t key)
{
	if (class == ORDER_VALUE)
		return (key - m->min) >> m->squeeze >> m->drop;
	return (((m->any ? m->max - m->min : 0) >> m->squeeze) + class) >> m->drop;
}

#define KEYS(T, MAP) \
	do { \
		const T *v = c->data; \
		for (size_t i = 0; i < n; i++) \
			key[i] = (MAP) ^ flip; \
	} while (0)

/* The keys of a column whose values are all there, most types at a time.  false: one by one. */
static bool
dense_keys(
    const struct sort_key *k, const struct column *c, enum type type, size_t n, uint64_t *key)
{
	uint64_t flip = k->ascending ? 0 : ~UINT64_C(0);

	if (c == NULL || c->present != NULL)
		return false;
	if (type == TYPE_IP && c->width == 4)
		KEYS(uint32_t, UINT64_C(0xffff00000000) | v[i]);
	else if ((type == TYPE_TIME || type == TYPE_DURATION) && c->width == 8)
		KEYS(int64_t, zone_key_int(v[i]));
	else if ((type != TYPE_UINT && type != TYPE_MAC && type != TYPE_BOOL) || c->width == 0)
		return false;
	else if (c->width == 1)
		KEYS(uint8_t, (uint64_t)v[i]);
	else if (c->width == 2)
		KEYS(uint16_t, (uint64_t)v[i]);
	else if (c->width == 4)
		KEYS(uint32_t, (uint64_t)v[i]);
	else
		KEYS(uint64_t, v[i]);
	return true;
}

bool
order_keys(const struct sort_key *k, const struct column *c, enum type type, size_t n,
    uint64_t *key, uint8_t *class)
{
	if (dense_keys(k, c, type, n, key)) {
		memset(class, ORDER_VALUE, n);
		return true;
	}
	for (size_t i = 0; i < n; i++)
		class[i] = (uint8_t)order_key(k, c, type, i, &key[i]);
	return false;
}

/* Keys of a chunk's records, to where the spare words of them are. */
static void
chunk_keys(void *ctx, size_t i, unsigned worker)
{
	struct sorting *s = ctx;
	const struct order *o = s->o;
	size_t first = o->first[i], n = o->first[i + 1] - first;
	uint64_t *key = s->spare + first, min = UINT64_MAX, max = 0;
	struct measure *m = &s->of_chunk[i];

	(void)worker;
	*m = (struct measure){ 0 };
	if (!order_keys(&o->keys[0], o->chunk[i].col[0], o->type[0], n, key, s->class + first)) {
		for (size_t k = 0; k < n; k++)
			measure_add(m, (enum order_class)s->class[first + k], key[k]);
		return;
	}
	for (size_t k = 0; k < n; k++) {
		min = key[k] < min ? key[k] : min;
		max = key[k] > max ? key[k] : max;
	}
	if (n > 0) {
		measure_add(m, ORDER_VALUE, min);
		measure_add(m, ORDER_VALUE, max);
	}
}

static void
chunk_items(void *ctx, size_t i, unsigned worker)
{
	struct sorting *s = ctx;
	size_t first = s->o->first[i], n = s->o->first[i + 1] - first;
	struct measure m = s->m;

	(void)worker;
	for (size_t k = 0; k < n; k++) {
		enum order_class class = (enum order_class)s->class[first + k];

		s->item[first + k] =
		    measured(&m, class, s->spare[first + k]) << s->id_bits | order_id(i, k);
	}
}

/* Words by digits ------------------------------------------------------------------------------- */

struct digits {
	const uint64_t *from;
	uint64_t *to;
	size_t n, parts;
	unsigned shift, bits;
	size_t (*count)[1 << DIGIT]; /* of each part, then where its next word of a digit goes */
};

static size_t
part_begin(const struct digits *d, size_t part)
{
	return d->n / d->parts * part + (part < d->n % d->parts ? part : d->n % d->parts);
}

static void
digit_count(void *ctx, size_t part, unsigned worker)
{
	struct digits *d = ctx;
	size_t end = part_begin(d, part + 1), *count = d->count[part];
	uint64_t mask = (UINT64_C(1) << d->bits) - 1;

	(void)worker;
	memset(count, 0, sizeof(d->count[0]));
	for (size_t i = part_begin(d, part); i < end; i++)
		count[d->from[i] >> d->shift & mask]++;
}

static void
digit_move(void *ctx, size_t part, unsigned worker)
{
	struct digits *d = ctx;
	size_t end = part_begin(d, part + 1), *at = d->count[part];
	uint64_t mask = (UINT64_C(1) << d->bits) - 1;

	(void)worker;
	for (size_t i = part_begin(d, part); i < end; i++)
		d->to[at[d->from[i] >> d->shift & mask]++] = d->from[i];
}

/* Counts to places: by digit, and within one by part.  false: all words have the same digit. */
static bool
digit_places(struct digits *d)
{
	size_t at = 0;

	for (size_t v = 0; v < (size_t)1 << d->bits; v++) {
		size_t before = at;

		for (size_t part = 0; part < d->parts; part++) {
			size_t n = d->count[part][v];

			d->count[part][v] = at;
			at += n;
		}
		if (at - before == d->n)
			return false;
	}
	return true;
}

/* By `bits` bits of the words from the lowest above the number, which leaves equal ones as they stand. */
static void
sort_digits(const struct sorting *s, uint64_t *item, uint64_t *spare, size_t n, unsigned bits)
{
	unsigned passes = (bits + DIGIT - 1) / DIGIT, threads = n < SHARED ? 1 : s->o->threads;
	struct digits d = { .from = item, .to = spare, .n = n, .parts = threads };

	if (passes == 0)
		return;
	d.count = mem_alloc(d.parts * sizeof(*d.count));
	d.bits = (bits + passes - 1) / passes;
	for (unsigned p = 0; p < passes; p++) {
		d.shift = s->id_bits + p * d.bits;
		if (d.shift + d.bits > 64)
			d.bits = 64 - d.shift;
		ordered_each(threads, d.parts, digit_count, &d);
		if (!digit_places(&d))
			continue;
		ordered_each(threads, d.parts, digit_move, &d);
		spare = (uint64_t *)(uintptr_t)d.from;
		d.from = d.to;
		d.to = spare;
	}
	if (d.from != item)
		memcpy(item, d.from, n * sizeof(*item));
	mem_free(d.count);
}

/* By the whole word: the number at its end makes that stable. */
static void
sort_words(uint64_t *v, uint64_t *tmp, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n <= FEW) {
		for (i = 1; i < n; i++) {
			uint64_t x = v[i];

			for (j = i; j > 0 && v[j - 1] > x; j--)
				v[j] = v[j - 1];
			v[j] = x;
		}
		return;
	}
	sort_words(v, tmp, half);
	sort_words(v + half, tmp, n - half);
	memcpy(tmp, v, half * sizeof(*v));
	while (i < half && j < n)
		v[k++] = v[j] < tmp[i] ? v[j++] : tmp[i++];
	while (i < half)
		v[k++] = tmp[i++];
}

/* Stages ---------------------------------------------------------------------------------------- */

static int
compare_ids(const struct sorting *s, uint32_t a, uint32_t b)
{
	const struct order *o = s->o;

	return order_compare(o->keys, o->n_keys, s->at.key, &o->chunk[order_chunk(a)],
	    order_record(a), &o->chunk[order_chunk(b)], order_record(b));
}

/* Stable, by full comparison. */
static void
sort_compared(const struct sorting *s, uint64_t *v, uint64_t *tmp, size_t n)
{
	size_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	sort_compared(s, v, tmp, half);
	sort_compared(s, v + half, tmp, n - half);
	memcpy(tmp, v, half * sizeof(*v));
	while (i < half && j < n)
		v[k++] = compare_ids(s, id_of(s, v[j]), id_of(s, tmp[i])) < 0 ? v[j++] : tmp[i++];
	while (i < half)
		v[k++] = tmp[i++];
}

/* Words of n records, which the stages before left equal. */
static void
make_items(struct sorting *s, size_t at, size_t n)
{
	uint64_t *item = s->item + at, *key = s->spare + at;

	s->m = (struct measure){ 0 };
	for (size_t i = 0; i < n; i++) {
		enum order_class class = key_at(s, id_of(s, item[i]), &key[i]);

		s->class[at + i] = (uint8_t) class;
		measure_add(&s->m, class, key[i]);
	}
	measure_fit(&s->m, 64 - s->id_bits);
	for (size_t i = 0; i < n; i++)
		item[i] = measured(&s->m, (enum order_class)s->class[at + i], key[i])
			      << s->id_bits |
			  id_of(s, item[i]);
}

static void
make_all_items(struct sorting *s)
{
	const struct order *o = s->o;

	s->of_chunk = mem_zero(o->n_chunks, sizeof(*s->of_chunk));
	if (o->n_keys > 0)
		ordered_each(o->threads, o->n_chunks, chunk_keys, s);
	for (size_t i = 0; i < o->n_chunks; i++)
		measure_join(&s->m, &s->of_chunk[i]);
	measure_fit(&s->m, 64 - s->id_bits);
	ordered_each(o->threads, o->n_chunks, chunk_items, s);
	mem_free(s->of_chunk);
}

static void
sort_items(const struct sorting *s, size_t at, size_t n)
{
	if (n <= SMALL)
		sort_words(s->item + at, s->spare + at, n);
	else
		sort_digits(s, s->item + at, s->spare + at, n, s->m.bits);
}

static void sort_stage(struct sorting *, struct stage, size_t at, size_t n);

/* Records that a stage left equal. */
static void
sort_ties(struct sorting *s, size_t at, size_t n)
{
	struct stage stage = s->at;
	bool part = s->m.drop + s->m.squeeze > 0; /* of the key was left out */

	for (size_t i = at, m; i < at + n; i += m) {
		uint64_t key = s->item[i] >> s->id_bits;

		for (m = 1; i + m < at + n && s->item[i + m] >> s->id_bits == key; m++)
			continue;
		if (m == 1)
			continue;
		s->at = stage;
		sort_stage(s, part ? stage : next_stage(s, id_of(s, s->item[i])), i, m);
	}
}

static void
sort_stage(struct sorting *s, struct stage stage, size_t at, size_t n)
{
	while (stage.key < s->o->n_keys) {
		s->at = stage;
		if (n <= FEW || s->o->type[stage.key] == TYPE_NONE || stage.depth > DEPTH_MAX) {
			sort_compared(s, s->item + at, s->spare + at, n);
			return;
		}
		make_items(s, at, n);
		if (s->m.bits > 0) {
			sort_items(s, at, n);
			sort_ties(s, at, n);
			return;
		}
		stage = next_stage(s, id_of(s, s->item[at])); /* all are equal */
	}
}

/* Is nothing left to be told apart where a word's key is the same? */
static bool
is_final(const struct sorting *s)
{
	return s->o->n_keys == 1 && s->m.drop + s->m.squeeze == 0 &&
	       (order_exact(s->o->type[0]) || (s->o->type[0] == TYPE_IP && s->o->narrow[0]));
}

void
order_sort(const struct order *o, struct sorted *sorted)
{
	size_t n = o->first[o->n_chunks], size = (n + 1) * sizeof(uint64_t);
	struct sorting s = { .o = o,
		.id_bits = ORDER_RECORD_BITS + bits_of(o->n_chunks > 0 ? o->n_chunks - 1 : 0) };
	uint32_t *ids;

	s.item = mem_table(size);
	s.spare = mem_table(size);
	s.class = mem_zero(n + 1, 1);
	make_all_items(&s);
	if (o->n_keys > 0 && o->type[0] == TYPE_NONE) {
		sort_compared(&s, s.item, s.spare, n);
	} else if (o->n_keys > 0) {
		sort_items(&s, 0, n);
		if (!is_final(&s))
			sort_ties(&s, 0, n);
	}
	mem_free(s.class);
	ids = (uint32_t *)(void *)s.spare;
	for (size_t i = 0; i < n; i++)
		ids[i] = id_of(&s, s.item[i]);
	*sorted = (struct sorted){ .ids = ids, .room = ids + n, .spare = s.item, .size = size };
}

void
sorted_free(struct sorted *s)
{
	if (s->ids != NULL) {
		mem_free_table(s->ids, s->size);
		mem_free_table(s->spare, s->size);
	}
	*s = (struct sorted){ 0 };
}
