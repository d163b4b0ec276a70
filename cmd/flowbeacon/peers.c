#include "peers.h"

#include "base/hash.h"
#include "base/mem.h"
#include "base/num.h"

/*
 * A pair's word: 52 bits of hash, whether the lesser and the greater end sent, 10 bits of records.  An address's: 42
 * bits of hash, whether it is one of our hosts that sent, 21 bits of our hosts that sent to it.  0 is an empty place.
 */
enum { CHUNK = 256, FIRST_CAP = 1 << 12, RECORD_BITS = 10, CLIENT_BITS = 21 };
#define RECORDS_MASK ((UINT64_C(1) << RECORD_BITS) - 1)
#define SENT_LESSER (UINT64_C(1) << RECORD_BITS)
#define SENT_GREATER (UINT64_C(2) << RECORD_BITS)
#define PAIR_HASH (~UINT64_C(0) << (RECORD_BITS + 2))
#define CLIENTS_MASK ((UINT64_C(1) << CLIENT_BITS) - 1)
#define HOST_OURS (UINT64_C(1) << CLIENT_BITS)
#define HOST_HASH (~UINT64_C(0) << (CLIENT_BITS + 1))

struct words {
	uint64_t *word, hash;
	size_t n, cap;
};

struct peers {
	const struct scope *scope;
	uint64_t seed;
	size_t pairs_most;
	struct words pairs, hosts;
	struct peers_counts counts;
};

static void
words_init(struct words *w, uint64_t hash)
{
	w->cap = FIRST_CAP;
	w->hash = hash;
	w->word = mem_table(w->cap * sizeof(*w->word));
}

/* The place of a hash: its own, or the empty one where it would be. */
static uint64_t *
words_find(const struct words *w, uint64_t hash)
{
	/* The upper bits are what a word keeps, so they choose the place: a table grows without the keys. */
	size_t mask = w->cap - 1, at = (size_t)(hash >> 24) & mask;

	while (w->word[at] != 0 && ((w->word[at] ^ hash) & w->hash) != 0)
		at = (at + 1) & mask;
	return &w->word[at];
}

static void
words_prefetch(const struct words *w, uint64_t hash)
{
	__builtin_prefetch(&w->word[(size_t)(hash >> 24) & (w->cap - 1)]);
}

/* Into a table of that size, without the words whose low bits are at most `drop`. */
static void
words_rebuild(struct words *w, size_t cap, uint64_t mask, uint64_t drop)
{
	struct words next = { .hash = w->hash, .cap = cap };

	next.word = mem_table(cap * sizeof(*next.word));
	for (size_t i = 0; i < w->cap; i++) {
		if (w->word[i] == 0 || (w->word[i] & mask) <= drop)
			continue;
		*words_find(&next, w->word[i]) = w->word[i];
		next.n++;
	}
	mem_free_table(w->word, w->cap * sizeof(*w->word));
	*w = next;
}

struct peers *
peers_new(const struct scope *scope, size_t pairs_most)
{
	struct peers *p = mem_zero(1, sizeof(*p));

	p->scope = scope;
	p->seed = hash_seed();
	p->pairs_most = pairs_most > 0 ? pairs_most : PEERS_PAIRS;
	if (p->pairs_most < 2 * CHUNK)
		p->pairs_most = 2 * CHUNK;
	p->counts.first_ns = INT64_MAX;
	p->counts.last_ns = p->counts.end_ns = INT64_MIN;
	p->counts.sampling = 1;
	words_init(&p->pairs, PAIR_HASH);
	words_init(&p->hosts, HOST_HASH);
	return p;
}

void
peers_free(struct peers *p)
{
	if (p == NULL)
		return;
	mem_free_table(p->pairs.word, p->pairs.cap * sizeof(uint64_t));
	mem_free_table(p->hosts.word, p->hosts.cap * sizeof(uint64_t));
	mem_free(p);
}

struct peers_counts
peers_counts(const struct peers *p)
{
	struct peers_counts c = p->counts;

	c.pairs = p->pairs.n;
	c.octets = (p->pairs.cap + p->hosts.cap) * sizeof(uint64_t);
	return c;
}

/* Columns ------------------------------------------------------------------------------------------ */

#define IE(N) \
	{ \
		.id = N \
	}
#define OWN(N) \
	{ \
		.pen = PEN_OWN, .id = N \
	}

enum { SRC, DST, START, END, NEEDED, SAMPLING = NEEDED, COLUMNS };
static const struct field fields[COLUMNS] = {
	[SRC] = { .type = TYPE_IP, .n = 2, .id = { IE(8), IE(27) } },
	[DST] = { .type = TYPE_IP, .n = 2, .id = { IE(12), IE(28) } },
	[START] = { .type = TYPE_TIME, .n = 2, .id = { OWN(OWN_START), OWN(OWN_END) } },
	[END] = { .type = TYPE_TIME, .n = 2, .id = { OWN(OWN_END), OWN(OWN_START) } },
	[SAMPLING] = { .type = TYPE_UINT, .n = 1, .id = { OWN(OWN_SAMPLING) } },
};

struct view {
	const struct column *col[COLUMNS];
};

static bool
bind(struct view *v, struct batch *b)
{
	int at[COLUMNS];

	/* All are found before any is unpacked: finding one may move the columns. */
	for (unsigned k = 0; k < COLUMNS; k++) {
		at[k] = batch_resolve(b, &fields[k]);
		if (at[k] >= 0 && b->col[at[k]].type != fields[k].type)
			at[k] = -1;
		if (k < NEEDED && at[k] < 0)
			return false;
	}
	for (unsigned k = 0; k < COLUMNS; k++)
		v->col[k] = at[k] < 0 ? NULL : batch_plain(b, (unsigned)at[k]);
	return true;
}

void
peers_unpack(struct batch *b)
{
	struct view v;

	(void)bind(&v, b);
}

static bool
has_all(const struct view *v, size_t i)
{
	for (unsigned k = 0; k < NEEDED; k++)
		if (!bits_has(v->col[k]->present, i))
			return false;
	return true;
}

/* From 1970 to 2116, as conversations have them: differences are times still. */
static int64_t
time_at(const struct column *c, size_t i)
{
	int64_t ns = ((const int64_t *)c->data)[i];

	return ns < 0 ? 0 : ns > INT64_MAX / 2 ? INT64_MAX / 2 : ns;
}

/* Hashes ------------------------------------------------------------------------------------------- */

static uint64_t
hash_addr(uint64_t seed, const struct addr *a)
{
	uint64_t w[2];

	memcpy(w, a->b, sizeof(w));
	return hash_u64(hash_u64(seed, w[0]), w[1]);
}

/* The same whichever way; *greater: the first is the greater end. */
static uint64_t
hash_pair(uint64_t seed, const struct addr *a, const struct addr *b, bool *greater)
{
	*greater = memcmp(a->b, b->b, sizeof(a->b)) > 0;
	if (*greater)
		return hash_addr(hash_addr(seed, b), a);
	return hash_addr(hash_addr(seed, a), b);
}

/* A word is not 0, whatever its hash. */
static uint64_t
nonzero(uint64_t hash, uint64_t mask)
{
	return (hash & mask) != 0 ? hash : hash | (UINT64_C(1) << 63);
}

/* Adding ------------------------------------------------------------------------------------------- */

/* NULL: there is no room. */
static uint64_t *
host_word(struct peers *p, const struct addr *a)
{
	uint64_t hash = nonzero(hash_addr(p->seed, a), HOST_HASH), *w = words_find(&p->hosts, hash);

	if (*w != 0)
		return w;
	if (p->hosts.n == PEERS_HOSTS) {
		p->counts.unknown++;
		return NULL;
	}
	if ((p->hosts.n + 1) * 2 > p->hosts.cap) {
		words_rebuild(&p->hosts, p->hosts.cap * 4, HOST_OURS | CLIENTS_MASK, 0);
		w = words_find(&p->hosts, hash);
	}
	p->hosts.n++;
	return w;
}

/* One of our hosts sent something to an address for the first time. */
static void
add_client(struct peers *p, const struct addr *host, const struct addr *to)
{
	uint64_t *w = host_word(p, host);

	if (w != NULL && !(*w & HOST_OURS)) {
		if (*w == 0)
			*w = nonzero(hash_addr(p->seed, host), HOST_HASH) & HOST_HASH;
		*w |= HOST_OURS;
		p->counts.hosts++;
	}
	w = host_word(p, to);
	if (w == NULL)
		return;
	if (*w == 0)
		*w = nonzero(hash_addr(p->seed, to), HOST_HASH) & HOST_HASH;
	if ((*w & CLIENTS_MASK) < CLIENTS_MASK)
		++*w;
}

/* Room for a chunk more. */
static void
make_room(struct peers *p)
{
	uint64_t before = p->pairs.n;

	if (p->pairs.n + CHUNK > p->pairs_most) {
		for (uint64_t drop = 1; p->pairs.n > p->pairs_most / 2; drop *= 2)
			words_rebuild(&p->pairs, p->pairs.cap, RECORDS_MASK, drop);
		p->counts.forgotten += before - p->pairs.n;
	}
	if ((p->pairs.n + CHUNK) * 2 > p->pairs.cap)
		words_rebuild(&p->pairs, p->pairs.cap * 4, RECORDS_MASK, 0);
}

static void
add_record(struct peers *p, const struct view *v, size_t i, uint64_t hash, bool greater)
{
	int64_t start = time_at(v->col[START], i), end = time_at(v->col[END], i);
	uint64_t sent = greater ? SENT_GREATER : SENT_LESSER, *w = words_find(&p->pairs, hash);

	if (*w == 0) {
		*w = hash & PAIR_HASH;
		p->pairs.n++;
	}
	if (end > start && end - start >= PEERS_LONG_NS)
		*w |= RECORDS_MASK;
	else if ((*w & RECORDS_MASK) < RECORDS_MASK)
		++*w;
	if (!(*w & sent)) {
		struct addr src = column_ip(v->col[SRC], i), dst = column_ip(v->col[DST], i);

		*w |= sent;
		if (scope_internal(p->scope, &src))
			add_client(p, &src, &dst);
	}
	p->counts.first_ns = start < p->counts.first_ns ? start : p->counts.first_ns;
	p->counts.last_ns = start > p->counts.last_ns ? start : p->counts.last_ns;
	p->counts.end_ns = end > p->counts.end_ns ? end : p->counts.end_ns;
}

static void
see_sampling(struct peers *p, const struct column *c, size_t n)
{
	for (size_t i = 0; c != NULL && i < n; i++) {
		uint64_t v = bits_has(c->present, i) ? column_uint(c, i) : 1;

		if (v > p->counts.sampling)
			p->counts.sampling = v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
	}
}

void
peers_add(struct peers *p, struct batch *b, const uint64_t *sel)
{
	struct view v;

	p->counts.records += sel != NULL ? bits_count(sel, b->n) : b->n;
	if (!bind(&v, b))
		return;
	see_sampling(p, v.col[SAMPLING], b->n);
	for (size_t next = 0; next < b->n;) {
		uint64_t hash[CHUNK];
		uint32_t idx[CHUNK];
		bool greater[CHUNK];
		size_t n = 0;

		make_room(p);
		for (; next < b->n && n < CHUNK; next++) {
			struct addr src, dst;

			if (!bits_has(sel, next) || !has_all(&v, next))
				continue;
			src = column_ip(v.col[SRC], next);
			dst = column_ip(v.col[DST], next);
			idx[n] = (uint32_t)next;
			hash[n] = nonzero(hash_pair(p->seed, &src, &dst, &greater[n]), PAIR_HASH);
			words_prefetch(&p->pairs, hash[n++]);
		}
		for (size_t i = 0; i < n; i++)
			add_record(p, &v, idx[i], hash[i], greater[i]);
	}
}

void
peers_see(struct peers *p, const struct addr *host, const struct addr *to)
{
	uint64_t hash, sent, *w;
	bool greater;

	make_room(p);
	hash = nonzero(hash_pair(p->seed, host, to, &greater), PAIR_HASH);
	sent = greater ? SENT_GREATER : SENT_LESSER;
	w = words_find(&p->pairs, hash);
	if (*w == 0) {
		*w = hash & PAIR_HASH;
		p->pairs.n++;
	}
	if (!(*w & sent)) {
		*w |= sent;
		add_client(p, host, to);
	}
}

/* Asking ------------------------------------------------------------------------------------------- */

unsigned
peers_records(const struct peers *p, const struct addr *a, const struct addr *b)
{
	bool greater;
	uint64_t hash = nonzero(hash_pair(p->seed, a, b, &greater), PAIR_HASH);

	return (unsigned)(*words_find(&p->pairs, hash) & RECORDS_MASK);
}

void
peers_select(const struct peers *p, struct batch *b, uint64_t *sel, unsigned least)
{
	struct view v;

	if (!bind(&v, b)) {
		memset(sel, 0, bits_words(b->n) * sizeof(*sel));
		return;
	}
	for (size_t next = 0; next < b->n;) {
		uint64_t hash[CHUNK];
		uint32_t idx[CHUNK];
		size_t n = 0;
		bool greater;

		for (; next < b->n && n < CHUNK; next++) {
			struct addr src, dst;

			if (!bits_get(sel, next))
				continue;
			src = column_ip(v.col[SRC], next);
			dst = column_ip(v.col[DST], next);
			idx[n] = (uint32_t)next;
			hash[n] = nonzero(hash_pair(p->seed, &src, &dst, &greater), PAIR_HASH);
			words_prefetch(&p->pairs, hash[n++]);
		}
		for (size_t i = 0; i < n; i++)
			if ((*words_find(&p->pairs, hash[i]) & RECORDS_MASK) < least ||
			    !has_all(&v, idx[i]))
				bits_clear(sel, idx[i]);
	}
}

uint32_t
peers_clients(const struct peers *p, const struct addr *a)
{
	uint64_t hash = nonzero(hash_addr(p->seed, a), HOST_HASH);

	return (uint32_t)(*words_find(&p->hosts, hash) & CLIENTS_MASK);
}
