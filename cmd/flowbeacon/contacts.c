#include "contacts.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void
contacts_init(struct contacts *c)
{
	*c = (struct contacts){ 0 };
	keyed_init(&c->all, sizeof(struct contact), 2 * sizeof(struct addr), CONTACTS_MOST);
}

void
contacts_free(struct contacts *c)
{
	keyed_free(&c->all);
}

void
contacts_forget(struct contacts *c, uint32_t before_s, uint32_t beyond_s)
{
	size_t n = 0;

	keyed_unindex(&c->all);
	for (size_t i = 0; i < c->all.n; i++) {
		const struct contact *k = keyed_at(&c->all, i);

		if (k->last_s >= before_s && k->last_s <= beyond_s)
			memmove(keyed_at(&c->all, n++), k, sizeof(*k));
	}
	c->all.n = n;
}

static int
compare_times(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Half of them, and one more where all are of the same second. */
static void
make_room(struct contacts *c)
{
	uint32_t *last = mem_alloc(c->all.n * sizeof(*last));
	size_t before = c->all.n;

	for (size_t i = 0; i < c->all.n; i++)
		last[i] = ((const struct contact *)keyed_at(&c->all, i))->last_s;
	qsort(last, c->all.n, sizeof(*last), compare_times);
	contacts_forget(c, last[c->all.n / 2], UINT32_MAX);
	if (c->all.n == before)
		c->all.n /= 2;
	c->forgotten += before - c->all.n;
	mem_free(last);
}

static void
see(struct contacts *c, const struct addr *host, const struct addr *to, int64_t ns)
{
	const struct addr key[2] = { *host, *to };
	uint32_t s = ns / NS_PER_S < UINT32_MAX ? (uint32_t)(ns / NS_PER_S) : UINT32_MAX;
	struct contact *k;

	if (c->all.n == CONTACTS_MOST)
		make_room(c);
	k = keyed_at(&c->all, keyed_add(&c->all, key));
	k->last_s = s > k->last_s ? s : k->last_s;
}

void
contacts_add(
    struct contacts *c, const struct scope *scope, const struct conversation *all, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct conversation *v = &all[i];

		if (v->flows > 0 && scope_internal(scope, &v->client))
			see(c, &v->client, &v->server, v->end_ns);
		if (v->rflows > 0 && scope_internal(scope, &v->server))
			see(c, &v->server, &v->client, v->end_ns);
	}
}

void
contacts_tell(const struct contacts *c, struct peers *peers)
{
	for (size_t i = 0; i < c->all.n; i++) {
		const struct contact *k = keyed_at(&c->all, i);

		peers_see(peers, &k->host, &k->to);
	}
}
