#include "pairs.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/sum.h"

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
pairs_at(const struct pairs *p, size_t i)
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
key_of(const struct pairs *p, const struct addr *client, const struct addr *server, unsigned proto,
    unsigned port)
{
	struct key k = { 0 };
	uint64_t h = p->seed;

	memcpy(k.w, client->b, 16);
	memcpy(k.w + 2, server->b, 16);
	if (!p->opts.any_port)
		k.w[4] = (uint64_t)proto << 16 | port;
	for (unsigned i = 0; i < 5; i++)
		h = hash_u64(h, k.w[i]);
	k.hash = (uint32_t)h;
	return k;
}

static struct key
key_of_conversation(const struct pairs *p, const struct conversation *c)
{
	return key_of(p, &c->client, &c->server, c->proto, c->server_port);
}

static struct key
key_of_pair(const struct pairs *p, const struct pair *k)
{
	return key_of(p, &k->client, &k->server, k->proto, k->port);
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

/* Its place in the index: its own, or the empty one where it would be. */
static size_t
place_of(const struct pairs *p, const struct key *key)
{
	size_t mask = p->index_cap - 1, at = key->hash & mask;

	for (uint64_t e; (e = p->index[at]) != 0; at = (at + 1) & mask)
		if (e >> 32 == key->hash && is_of(pairs_at(p, (uint32_t)e - 1), key))
			break;
	return at;
}

static void
enter(struct pairs *p, size_t at, uint32_t hash, size_t i)
{
	p->index[at] = (uint64_t)hash << 32 | (i + 1);
	if ((i + 1) * 2 > p->index_cap)
		grow_index(p);
}

/* NULL: there is no room for another. */
static struct pair *
find(struct pairs *p, const struct key *key, const struct addr *client, const struct addr *server)
{
	size_t at = place_of(p, key);
	struct pair *k;

	if (p->index[at] != 0)
		return pairs_at(p, (uint32_t)p->index[at] - 1);
	if (p->n == UINT32_MAX - 1 || !afford(p, sizeof(*k) + PLACE_OCTETS))
		return NULL;
	if (p->n == p->n_chunks * CHUNK_PAIRS) {
		p->chunk = mem_resize(p->chunk, p->n_chunks + 1, sizeof(struct pair *));
		p->chunk[p->n_chunks++] = mem_zero(CHUNK_PAIRS, sizeof(*k));
	}
	k = pairs_at(p, p->n++);
	*k = (struct pair){ .client = *client,
		.server = *server,
		.port = (uint16_t)key->w[4],
		.proto = (uint8_t)(key->w[4] >> 16),
		.first_ns = INT64_MAX,
		.last_ns = INT64_MIN,
		.end_ns = INT64_MIN };
	enter(p, at, key->hash, p->n - 1);
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

/* Until a conversation ends; times of pairs that were told are no less than 0. */
static void
lasts_until(const struct pairs *p, struct pair *k, const struct conversation *c)
{
	if (k->told != 0 && p->opts.window_ns != 0 && c->start_ns > k->end_ns &&
	    c->start_ns - k->end_ns > p->opts.window_ns)
		k->told = 0;
	k->end_ns = c->end_ns > k->end_ns ? c->end_ns : k->end_ns;
}

static void
add_hour(struct pair *k, int64_t start_ns)
{
	int64_t s = start_ns / NS_PER_S, hour = s / HOUR_S % PAIR_HOURS;

	k->hours |= UINT32_C(1) << hour;
	if (s > k->hour_s[hour])
		k->hour_s[hour] = s < UINT32_MAX ? (uint32_t)s : UINT32_MAX;
}

static void
add_one(struct pairs *p, struct pair *k, const struct conversation *c, bool answered)
{
	int64_t lasted = conversation_duration(c);

	k->first_ns = c->start_ns < k->first_ns ? c->start_ns : k->first_ns;
	k->last_ns = c->start_ns > k->last_ns ? c->start_ns : k->last_ns;
	lasts_until(p, k, c);
	add_hour(k, c->start_ns);
	k->sampling = c->sampling > k->sampling ? c->sampling : k->sampling;
	if (lasted / NS_PER_S > k->longest_s)
		k->longest_s =
		    lasted / NS_PER_S < UINT32_MAX ? (uint32_t)(lasted / NS_PER_S) : UINT32_MAX;
	k->connected_ns =
	    lasted > INT64_MAX - k->connected_ns ? INT64_MAX : k->connected_ns + lasted;
	k->conversations++;
	k->answered += answered;
	sum_up(&k->packets, c->packets);
	sum_up(&k->bytes, c->bytes);
	sum_up(&k->rpackets, c->rpackets);
	sum_up(&k->rbytes, c->rbytes);
	add_beat(p, k, c);
}

/* The places are fetched ahead of time: index, pair, beats. */
void
pairs_add(struct pairs *p, const struct conversation *c, const bool *answered, size_t n)
{
	struct key key[CONVERSATIONS_CHUNK];
	size_t mask = p->index_cap - 1;

	for (size_t i = 0; i < n; i++) {
		key[i] = key_of_conversation(p, &c[i]);
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
		struct pair *k = find(p, &key[i], &c[i].client, &c[i].server);

		if (k == NULL)
			p->counts.refused++;
		else
			add_one(p, k, &c[i], answered[i]);
	}
}

/* From run to run ---------------------------------------------------------------------------------- */

struct pair *
pairs_touch(struct pairs *p, const struct conversation *c)
{
	struct key key = key_of_conversation(p, c);
	struct pair *k = find(p, &key, &c->client, &c->server);

	if (k == NULL)
		return NULL;
	if (k->conversations == 0 && k->first_ns > c->start_ns) {
		k->first_ns = k->last_ns = c->start_ns;
		k->sampling = c->sampling;
	}
	lasts_until(p, k, c);
	return k;
}

const struct pair *
pairs_same(const struct pairs *p, const struct pair *of_others)
{
	struct key key = key_of_pair(p, of_others);
	uint64_t e = p->index[place_of(p, &key)];

	return e != 0 ? pairs_at(p, (uint32_t)e - 1) : NULL;
}

bool
pairs_restore(struct pairs *p, const struct pair *from)
{
	struct key key = key_of_pair(p, from);
	size_t n = p->n;
	struct pair *k = find(p, &key, &from->client, &from->server);

	if (k == NULL || p->n == n || !afford(p, from->beats.cap * sizeof(struct beat)))
		return false;
	*k = *from;
	k->port = (uint16_t)key.w[4];
	k->proto = (uint8_t)(key.w[4] >> 16);
	return true;
}

void
pairs_guess_hours(struct pair *k)
{
	int64_t last = k->last_ns / NS_PER_S / HOUR_S;

	for (int64_t back = 0; back < PAIR_HOURS && back <= last; back++)
		if (k->hours >> (last - back) % PAIR_HOURS & 1)
			add_hour(k, (last - back) * HOUR_S * NS_PER_S);
}

/* The last start in the first hour that is left, to the second; INT64_MAX: none is. */
static int64_t
forget_hours(struct pair *k, int64_t before_ns)
{
	int64_t first = INT64_MAX;

	k->hours = 0;
	for (unsigned i = 0; i < PAIR_HOURS; i++) {
		int64_t at = k->hour_s[i] * NS_PER_S;

		if (k->hour_s[i] == 0 || at + NS_PER_S <= before_ns) {
			k->hour_s[i] = 0;
			continue;
		}
		k->hours |= UINT32_C(1) << i;
		first = at < first ? at : first;
	}
	return first;
}

/* Beats of before are gone, and what is known only as a sum loses as much. */
static void
forget_beats(struct pairs *p, struct pair *k, int64_t before_ns)
{
	uint32_t before = k->beats.n, gone = beats_forget(&k->beats, before_ns, p->opts.beats_most);
	double share = before > 0 ? (double)(before - gone) / before : 1;
	int64_t first_ns = forget_hours(k, before_ns);
	uint64_t *sums[] = { &k->conversations, &k->answered, &k->packets, &k->bytes, &k->rpackets,
		&k->rbytes };

	if (gone == 0)
		return;
	for (unsigned i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = (uint64_t)((double)*sums[i] * share);
	k->connected_ns = (int64_t)((double)k->connected_ns * share);
	if (k->beats.n > 0 && beats_time(&k->beats, k->beats.beat[0].ms) - NS_PER_S < first_ns)
		first_ns = beats_time(&k->beats, k->beats.beat[0].ms);
	k->first_ns = first_ns < before_ns || first_ns == INT64_MAX ? before_ns : first_ns;
	k->last_ns = k->last_ns > k->first_ns ? k->last_ns : k->first_ns;
}

static void
drop(struct pairs *p, struct pair *k)
{
	p->counts.octets -= sizeof(*k) + PLACE_OCTETS + k->beats.cap * sizeof(struct beat);
	beats_free(&k->beats);
}

/* Close the gaps that dropped ones left. */
static void
close_up(struct pairs *p, const bool *dropped)
{
	size_t n = 0;

	memset(p->index, 0, p->index_cap * sizeof(*p->index));
	for (size_t i = 0; i < p->n; i++) {
		struct pair *k = pairs_at(p, i);
		struct key key;

		if (dropped[i])
			continue;
		*pairs_at(p, n) = *k;
		key = key_of_pair(p, pairs_at(p, n));
		enter(p, place_of(p, &key), key.hash, n);
		n++;
	}
	p->n = n;
}

/* Those with at most so many conversations go, more and more of them until half of the memory is free. */
static void
make_room(struct pairs *p, bool *dropped)
{
	for (uint64_t few = 1; p->counts.octets > p->opts.octets_most / 2 && few != 0; few *= 2)
		for (size_t i = 0; i < p->n; i++) {
			struct pair *k = pairs_at(p, i);

			if (dropped[i] || k->conversations > few)
				continue;
			drop(p, k);
			dropped[i] = true;
			p->counts.forgotten++;
		}
}

void
pairs_forget(struct pairs *p, int64_t now_ns, int64_t window_ns)
{
	int64_t before_ns = now_ns - window_ns, few_ns = now_ns - window_ns / 4;
	bool *dropped = mem_zero(p->n + 1, sizeof(*dropped));

	for (size_t i = 0; i < p->n; i++) {
		struct pair *k = pairs_at(p, i);
		bool few;

		forget_beats(p, k, before_ns);
		few = k->conversations < PAIR_FEW && k->connected_ns < PAIR_LONG_NS;
		dropped[i] =
		    k->end_ns < (few ? few_ns : before_ns) || k->first_ns - now_ns > window_ns;
		if (dropped[i])
			drop(p, k);
	}
	make_room(p, dropped);
	close_up(p, dropped);
	mem_free(dropped);
}
