/*
 * names.c - the table of names: entries in order of kind, value, exporter and domain, in shards by
 * kind and value that tables have in common until one of their entries changes.
 */
#include "flow/names.h"

#include <stdlib.h>

#include "base/hash.h"
#include "flow/name_table.h"

enum { SHARDS = 1024 };

struct shard {
	unsigned refs;
	size_t n;
	struct name_entry entry[];
};

struct names {
	unsigned refs;
	size_t n; /* entries */
	struct shard *shard[SHARDS]; /* NULL: empty */
};

const uint8_t name_any[NAME_VALUE] = { 0xff };

/* References ----------------------------------------------------------------------------------- */

struct name *
name_new(const char *p, size_t n, enum type type)
{
	struct name *name = mem_alloc(sizeof(*name) + n);

	name->refs = 1;
	name->type = (uint8_t)type;
	name->len = (uint8_t)n;
	memcpy(name->text, p, n);
	return name;
}

static void
name_release(struct name *name)
{
	if (name != NULL && --name->refs == 0)
		mem_free(name);
}

static void
shard_release(struct shard *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	for (size_t i = 0; i < s->n; i++)
		name_release(s->entry[i].name);
	mem_free(s);
}

struct names *
names_new(void)
{
	struct names *t = mem_zero(1, sizeof(*t));

	t->refs = 1;
	return t;
}

struct names *
names_share(struct names *t)
{
	if (t != NULL)
		t->refs++;
	return t;
}

void
names_release(struct names *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	for (size_t i = 0; i < SHARDS; i++)
		shard_release(t->shard[i]);
	mem_free(t);
}

size_t
names_count(const struct names *t)
{
	size_t count = 0;

	for (size_t i = 0; i < SHARDS; i++)
		for (size_t k = 0; t->shard[i] != NULL && k < t->shard[i]->n; k++)
			count += memcmp(t->shard[i]->entry[k].key.value, name_any, NAME_VALUE) != 0;
	return count;
}

/* Finding -------------------------------------------------------------------------------------- */

/* How much of a key counts. */
enum extent { OF_VALUE, OF_EXPORTER, OF_DOMAIN };

static int
key_order(const struct name_key *a, const struct name_key *b, enum extent extent)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (order == 0)
		order = memcmp(a->value, b->value, NAME_VALUE);
	if (order == 0 && extent >= OF_EXPORTER)
		order = memcmp(a->exporter.b, b->exporter.b, sizeof(a->exporter.b));
	if (order == 0 && extent >= OF_DOMAIN)
		order = (a->domain > b->domain) - (a->domain < b->domain);
	return order;
}

static size_t
shard_of(const struct name_key *key)
{
	return hash_octets(hash_seed() + key->kind, key->value, NAME_VALUE) % SHARDS;
}

/* The first entry not below the key, or with `behind` the first above it. */
static size_t
bound(const struct shard *s, const struct name_key *key, enum extent extent, bool behind)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int order = key_order(&s->entry[mid].key, key, extent);

		if (order < 0 || (behind && order == 0))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The entries that a key stands for. */
static const struct name_entry *
find(const struct names *t, const struct name_key *key, enum extent extent, size_t *n)
{
	const struct shard *s = t->shard[shard_of(key)];
	size_t first = s != NULL ? bound(s, key, extent, false) : 0;

	*n = s != NULL ? bound(s, key, extent, true) - first : 0;
	return *n > 0 ? &s->entry[first] : NULL;
}

const struct name_entry *
names_entry(const struct names *t, const struct name_key *key)
{
	size_t n;

	return find(t, key, OF_DOMAIN, &n);
}

static bool
same_name(const struct name *a, const struct name *b)
{
	return a == b ||
	       (a->type == b->type && a->len == b->len && memcmp(a->text, b->text, a->len) == 0);
}

/* The one name that all entries for the key agree on; none of them may lack it, unless it means the same everywhere. */
static const struct name *
agreed(const struct names *t, const struct name_key *key, enum extent extent, bool universal)
{
	struct name_key any = *key;
	size_t n, n_any = 0;
	const struct name_entry *e = find(t, key, extent, &n);

	memcpy(any.value, name_any, NAME_VALUE);
	if (!universal)
		(void)find(t, &any, extent, &n_any);
	if (n == 0 || n < n_any)
		return NULL;
	for (size_t i = 1; i < n; i++)
		if (!same_name(e[0].name, e[i].name))
			return NULL;
	return e[0].name;
}

static const struct name *
find_of(const struct names *t, const struct name_query *q, const struct name_origin *of)
{
	uint32_t count;
	bool universal = name_rules(&count)[q->kind].universal;
	struct name_key key = { .exporter = of->exporter, .domain = of->domain, .kind = q->kind };
	const struct name_entry *e;

	memcpy(key.value, q->value, NAME_VALUE);
	if (of->known & KNOWN_DOMAIN) {
		e = names_entry(t, &key);
		if (e != NULL)
			return e->name;
		memcpy(key.value, name_any, NAME_VALUE);
		if (!universal && names_entry(t, &key) != NULL)
			return NULL;
		memcpy(key.value, q->value, NAME_VALUE);
	}
	return agreed(t, &key, of->known & KNOWN_EXPORTER ? OF_EXPORTER : OF_VALUE, universal);
}

const struct name *
names_find(const struct names *t, const struct name_query *q)
{
	const struct name *name = find_of(t, q, &q->from[0]);

	if (name == NULL && memcmp(&q->from[0], &q->from[1], sizeof(q->from[0])) != 0 &&
	    (q->from[1].known & KNOWN_EXPORTER))
		name = find_of(t, q, &q->from[1]);
	return name;
}

const struct name *
names_element(const struct names *t, const struct field_id *id)
{
	struct name_key key = { .kind = 0 };
	uint32_t count;
	const struct name_rule *r = name_rules(&count);

	while (key.kind < count && r[key.kind].form != FORM_ELEMENT)
		key.kind++;
	name_value_number(key.value, (uint64_t)id->pen << 16 | id->id);
	return agreed(t, &key, OF_VALUE, true);
}

/* Changing ------------------------------------------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
	const struct name_change *x = a, *y = b;
	int order;

	if (x->shard != y->shard)
		return x->shard < y->shard ? -1 : 1;
	order = key_order(&x->entry.key, &y->entry.key, OF_DOMAIN);
	return order != 0 ? order : x->order < y->order ? -1 : 1;
}

static void
append(struct shard *to, const struct name_entry *e)
{
	to->entry[to->n] = *e;
	to->entry[to->n++].name->refs++;
}

/*
 * The entry for one key after its n changes: now is the one so far, NULL none.  A lesser element's
 * name does not replace that of a better one.
 */
static const struct name_entry *
settle(const struct name_entry *now, const struct name_change *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (now != NULL && c[i].entry.rank > now->rank)
			continue;
		now = c[i].entry.name != NULL ? &c[i].entry : NULL;
	}
	return now;
}

/* The shard with n changes, in order of keys, made to it. */
static struct shard *
merge(struct names *t, const struct shard *old, const struct name_change *c, size_t n)
{
	size_t n_old = old != NULL ? old->n : 0, i = 0, k = 0;
	struct shard *to = mem_alloc(sizeof(*to) + (n_old + n) * sizeof(struct name_entry));

	to->refs = 1;
	to->n = 0;
	while (i < n_old || k < n) {
		int order = i == n_old ? 1
			    : k == n   ? -1
				       : key_order(&old->entry[i].key, &c[k].entry.key, OF_DOMAIN);
		const struct name_entry *now = order <= 0 ? &old->entry[i] : NULL;
		bool had = now != NULL;
		size_t same = 0;

		i += had;
		while (order >= 0 && k + same < n &&
		       key_order(&c[k].entry.key, &c[k + same].entry.key, OF_DOMAIN) == 0)
			same++;
		now = settle(now, c + k, same);
		k += same;
		if (now == NULL || (!had && t->n >= NAMES_MAX)) {
			t->n -= had;
			continue;
		}
		t->n += !had;
		append(to, now);
	}
	return to;
}

struct names *
names_change(struct names *old, struct name_change *change, size_t n)
{
	struct names *t = mem_alloc(sizeof(*t));
	size_t same;

	*t = *old;
	t->refs = 1;
	for (size_t i = 0; i < SHARDS; i++)
		if (t->shard[i] != NULL)
			t->shard[i]->refs++;
	names_release(old);
	for (size_t i = 0; i < n; i++) {
		change[i].shard = shard_of(&change[i].entry.key);
		change[i].order = i;
	}
	qsort(change, n, sizeof(*change), by_key);
	for (size_t i = 0; i < n; i += same) {
		struct shard *before = t->shard[change[i].shard];

		for (same = 1; i + same < n && change[i + same].shard == change[i].shard;)
			same++;
		t->shard[change[i].shard] = merge(t, before, &change[i], same);
		shard_release(before);
	}
	for (size_t i = 0; i < n; i++)
		name_release(change[i].entry.name);
	return t;
}
