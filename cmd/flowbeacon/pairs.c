#include "pairs.h"

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST_INDEX = 1 << 12, HOUR_S = 3600, CHUNK_PAIRS = 1 << 12, PLACE_OCTETS = 16 };

/* Pairs stand in pieces of memory that do not move; the index has hash << 32 | number + 1. */
struct pairs {
	struct pairs_opts opts;
	struct pairs_counts counts;
	struct pair **chunk;
	size_t n, n_chunks;
	uint64_t *index, seed;
	size_t index_cap;
};

struct pairs *
pairs_new(const struct pairs_opts *opts)
{
	struct pairs *p = mem_zero(1, sizeof(*p));

	p->opts = *opts;
	p->seed = hash_seed();
	p->index_cap = FIRST_INDEX;
	p->index = mem_table(p->index_cap * sizeof(*p->index));
	return p;
}

struct pair *
pairs_at(struct pairs *p, size_t i)
{
	return &p->chunk[i / CHUNK_PAIRS][i % CHUNK_PAIRS];
}

void
pairs_free(struct pairs *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		beats_free(&pairs_at(p, i)->beats);
	for (size_t i = 0; i < p->n_chunks; i++)
		mem_free(p->chunk[i]);
	mem_free(p->chunk);
	mem_free_table(p->index, p->index_cap * sizeof(*p->index));
	mem_free(p);
}

struct pairs_counts
pairs_counts(const struct pairs *p)
{
	struct pairs_counts c = p->counts;

	c.pairs = p->n;
	return c;
}

static void
grow_index(struct pairs *p)
{
	size_t cap = p->index_cap * 4, mask = cap - 1;
	uint64_t *index = mem_table(cap * sizeof(*index));

	for (size_t i = 0; i < p->index_cap; i++) {
		size_t at = (size_t)(p->index[i] >> 32) & mask;

		if (p->index[i] == 0)
			continue;
		while (index[at] != 0)
			at = (at + 1) & mask;
		index[at] = p->index[i];
	}
	mem_free_table(p->index, p->index_cap * sizeof(*p->index));
	p->index = index;
	p->index_cap = cap;
}

/* What a pair is known by, as words. */
struct key {
	uint64_t w[5];
	uint32_t hash;
};

static struct key
key_of(const struct pairs *p, const struct conversation *c)
{
	struct key k = { 0 };
	uint64_t h = p->seed;

	memcpy(k.w, c->client.b, 16);
	memcpy(k.w + 2, c->server.b, 16);
	if (!p->opts.any_port)
		k.w[4] = (uint64_t)c->proto << 16 | c->server_port;
	for (unsigned i = 0; i < 5; i++)
		h = hash_u64(h, k.w[i]);
	k.hash = (uint32_t)h;
	return k;
}

static bool
is_of(const struct pair *k, const struct key *key)
{
	uint64_t w[4];

	memcpy(w, k->client.b, 16);
	memcpy(w + 2, k->server.b, 16);
	return ((w[0] ^ key->w[0]) | (w[1] ^ key->w[1]) | (w[2] ^ key->w[2]) | (w[3] ^ key->w[3]) |
		   (((uint64_t)k->proto << 16 | k->port) ^ key->w[4])) == 0;
}

/* Take n octets of the bound. */
static bool
afford(struct pairs *p, uint64_t n)
{
	if (p->counts.octets + n > p->opts.octets_most)
		return false;
	p->counts.octets += n;
	return true;
}

/* NULL: there is no room for another. */
static struct pair *
find(struct pairs *p, const struct key *key, const struct conversation *c)
{
	size_t mask = p->index_cap - 1, at = key->hash & mask;
	struct pair *k;

	for (uint64_t e; (e = p->index[at]) != 0; at = (at + 1) & mask)
		if (e >> 32 == key->hash && is_of(pairs_at(p, (uint32_t)e - 1), key))
			return pairs_at(p, (uint32_t)e - 1);
	if (p->n == UINT32_MAX - 1 || !afford(p, sizeof(*k) + PLACE_OCTETS))
		return NULL;
	if (p->n == p->n_chunks * CHUNK_PAIRS) {
		p->chunk = mem_resize(p->chunk, p->n_chunks + 1, sizeof(struct pair *));
		p->chunk[p->n_chunks++] = mem_zero(CHUNK_PAIRS, sizeof(*k));
	}
	p->index[at] = (uint64_t)key->hash << 32 | (p->n + 1);
	k = pairs_at(p, p->n++);
	*k = (struct pair){ .client = c->client,
		.server = c->server,
		.port = (uint16_t)key->w[4],
		.proto = (uint8_t)(key->w[4] >> 16),
		.first_ns = INT64_MAX,
		.last_ns = INT64_MIN,
		.end_ns = INT64_MIN };
	if (p->n * 2 > p->index_cap)
		grow_index(p);
	return k;
}

static void
add_beat(struct pairs *p, struct pair *k, const struct conversation *c)
{
	uint32_t cap = k->beats.cap;

	/* The next may need twice the room there is. */
	if (k->beats.n == cap && cap < p->opts.beats_most &&
	    !afford(p, (cap ? cap : BEATS_FIRST) * sizeof(struct beat))) {
		p->counts.dropped++;
		return;
	}
	beats_add(&k->beats, c->start_ns, c->bytes, p->opts.beats_most);
}

static void
add_one(struct pairs *p, struct pair *k, const struct conversation *c, bool answered)
{
	int64_t lasted = conversation_duration(c);

	k->first_ns = c->start_ns < k->first_ns ? c->start_ns : k->first_ns;
	k->last_ns = c->start_ns > k->last_ns ? c->start_ns : k->last_ns;
	k->end_ns = c->end_ns > k->end_ns ? c->end_ns : k->end_ns;
	k->hours |= UINT32_C(1) << c->start_ns / NS_PER_S / HOUR_S % 24;
	k->sampling = c->sampling > k->sampling ? c->sampling : k->sampling;
	if (lasted / NS_PER_S > k->longest_s)
		k->longest_s =
		    lasted / NS_PER_S < UINT32_MAX ? (uint32_t)(lasted / NS_PER_S) : UINT32_MAX;
	k->connected_ns =
	    lasted > INT64_MAX - k->connected_ns ? INT64_MAX : k->connected_ns + lasted;
	k->conversations++;
	k->answered += answered;
	k->packets += c->packets;
	k->bytes += c->bytes;
	k->rpackets += c->rpackets;
	k->rbytes += c->rbytes;
	add_beat(p, k, c);
}

/* The places are fetched ahead of time: index, pair, beats. */
void
pairs_add(struct pairs *p, const struct conversation *c, const bool *answered, size_t n)
{
	struct key key[CONVERSATIONS_CHUNK];
	size_t mask = p->index_cap - 1;

	for (size_t i = 0; i < n; i++) {
		key[i] = key_of(p, &c[i]);
		__builtin_prefetch(&p->index[key[i].hash & mask]);
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t e = p->index[key[i].hash & mask];
		const struct pair *k = e != 0 ? pairs_at(p, (uint32_t)e - 1) : NULL;

		if (e == 0 || e >> 32 != key[i].hash)
			continue;
		__builtin_prefetch(k);
		__builtin_prefetch(&k->conversations);
		__builtin_prefetch(&k->beats);
	}
	for (size_t i = 0; i < n; i++) {
		struct pair *k = find(p, &key[i], &c[i]);

		if (k == NULL)
			p->counts.refused++;
		else
			add_one(p, k, &c[i], answered[i]);
	}
}
