/*
 * family.c - records with an IPv6 address among their keys in a table of their own.
 *
 * Keys have one length in a table, so one IPv6 address in a file would give every IPv4 address 16 octets, and memory
 * that nobody used yet is what millions of groups cost.  A group is of one family or the other, so nothing is put
 * together between the two.  Where codes take the place of keys records of a batch stay together, as dividing them
 * would cost more, until a batch is of IPv6 alone; a table that has IPv6 addresses among its keys by then goes on so.
 */
#include "ops/group_table.h"

static bool
has_v6(const struct layout *l)
{
	for (unsigned k = 0; k < l->n; k++)
		if (l->slot[k].kind == SLOT_IP16 || l->slot[k].kind == SLOT_CELL)
			return true;
	return false;
}

static bool
takes_codes(struct group_table *g, struct batch *b, const uint64_t *sel)
{
	struct keys_bound keys;

	if (g->n_pairs > 0)
		return false;
	keys_bind(
	    &keys, g->spec, b, sel != NULL ? bits_count(sel, b->n) : b->n, false, &g->tally.coding);
	return keys.coding.space > 0;
}

/* Are this batch's records to be divided?  Where it was done once it always is; not where there are such rows. */
static bool
divides(struct group_table *g, struct batch *b, const uint64_t *sel)
{
	if ((g->v6 == NULL && has_v6(&g->layout)) || !keys_have_v6(g->spec, b))
		return false;
	return g->v6 != NULL || !takes_codes(g, b, sel);
}

/* The table of records with IPv6 addresses, made when first needed. */
static struct group_table *
table_of_v6(struct group_table *g)
{
	if (g->v6 == NULL) {
		g->v6 = group_new(g->spec, 1);
		g->v6->share = g->share;
	}
	return g->v6;
}

/* The selected records by family.  false: none has an IPv6 address. */
static bool
divide(const struct group_spec *spec, struct batch *b, const uint64_t *sel, uint64_t **v4,
    uint64_t **v6)
{
	size_t words = bits_words(b->n);
	uint64_t any = 0;

	*v6 = keys_find_v6(spec, b);
	if (*v6 == NULL)
		return false;
	*v4 = arena_alloc(&b->arena, words * 8 + 8);
	if (sel != NULL)
		memcpy(*v4, sel, words * 8);
	else
		bits_fill(*v4, b->n);
	for (size_t w = 0; w < words; w++) {
		(*v6)[w] &= (*v4)[w];
		(*v4)[w] &= ~(*v6)[w];
		any |= (*v6)[w];
	}
	return any != 0;
}

static void
add_divided(struct group_table *g, struct batch *b, const uint64_t *sel)
{
	uint64_t *v4, *v6;

	if (!divide(g->spec, b, sel, &v4, &v6)) {
		group_put(g, b, sel, true);
		return;
	}
	group_put(g, b, v4, true);
	group_put(table_of_v6(g), b, v6, false);
}

static size_t
memory_of_both(const struct group_table *g)
{
	return group_memory(g) + (g->v6 != NULL ? group_memory(g->v6) : 0);
}

/* Memory that is kept for more loose rows is given back where others take it. */
static void
trim_both(struct group_table *g)
{
	size_t idle = loose_idle(&g->loose) + (g->v6 != NULL ? loose_idle(&g->v6->loose) : 0);

	if (memory_of_both(g) + idle <= g->share + g->share / 8)
		return;
	loose_trim(&g->loose);
	if (g->v6 != NULL)
		loose_trim(&g->v6->loose);
}

/* Rows that were lost with the temporary file: nothing that is added behind them helps.  -1: err. */
static int
check(const struct group_table *g, struct err *err)
{
	if (g == NULL || g->err.status == 0)
		return 0;
	*err = g->err;
	return -1;
}

static int
send_to_disk(struct group_table *g, struct err *err)
{
	struct group_table *large = g;

	if (g->v6 != NULL && group_memory(g->v6) > group_memory(g))
		large = g->v6;
	group_settle(large);
	if (loose_memory(&large->loose) > group_memory(large) / 2)
		return group_spill_loose(large, err);
	group_fold(large);
	if (check(large, err) < 0)
		return -1;
	return memory_of_both(g) <= g->share ? 0 : group_spill(large, false, err);
}

int
group_add(struct group_table *g, struct batch *b, const uint64_t *sel, struct err *err)
{
	int rc = 0;

	if ((g->v6 != NULL || !has_v6(&g->layout)) && keys_are_v6(g->spec, b))
		group_put(table_of_v6(g), b, sel, false);
	else if (divides(g, b, sel))
		add_divided(g, b, sel);
	else
		group_put(g, b, sel, false);
	if (check(g, err) < 0 || check(g->v6, err) < 0)
		return -1;
	if (memory_of_both(g) > g->share)
		rc = send_to_disk(g, err);
	trim_both(g);
	return rc;
}

/* Finishing --------------------------------------------------------------------------------------- */

struct relay {
	bool (*fn)(void *ctx, struct batch *);
	void *ctx;
	bool stopped;
};

static bool
relay(void *ctx, struct batch *b)
{
	struct relay *r = ctx;

	r->stopped = !r->fn(r->ctx, b);
	return !r->stopped;
}

/* Tables finished apart hand out values of the same types. */
static void
learn_all(struct group_table **g, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		group_learn(g[0], g[i]);
	for (unsigned i = 1; i < n; i++)
		group_learn(g[i], g[0]);
}

int
group_finish(struct group_table **g, unsigned n, const struct group_top *top,
    bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	struct group_table **all = mem_zero(2 * (size_t)n, sizeof(*all));
	struct relay r = { fn, ctx, false };
	unsigned n_v6 = 0;
	bool apart = true;
	int rc;

	for (unsigned i = 0; i < n; i++) {
		all[i] = g[i];
		apart = apart && !has_v6(&g[i]->layout);
		if (g[i]->v6 != NULL)
			all[n + n_v6++] = g[i]->v6;
	}
	if (apart && n_v6 > 0)
		learn_all(all, n + n_v6);
	rc = group_finish_all(all, apart ? n : n + n_v6, n, top, relay, &r, err);
	if (rc == 0 && apart && n_v6 > 0 && !r.stopped)
		rc = group_finish_all(all + n, n_v6, n, top, relay, &r, err);
	else
		for (unsigned i = n; apart && i < n + n_v6; i++)
			group_forget(all[i]);
	mem_free(all);
	return rc;
}

/* What is told ------------------------------------------------------------------------------------ */

unsigned
group_spills(const struct group_table *g)
{
	return g->n_spills + g->n_loose_spills + (g->v6 != NULL ? group_spills(g->v6) : 0);
}

uint64_t
group_count(struct group_table *const *g, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += g[i]->n_groups + (g[i]->v6 != NULL ? g[i]->v6->n_groups : 0);
	return sum;
}

unsigned
group_doubts(struct group_table *const *g, unsigned n, const char *text[GROUP_DOUBTS])
{
	static const char *const texts[GROUP_DOUBTS] = {
		"counters sampled at different intervals were added up; --scale multiplies them",
		"a sum is too large for 64 bits: the greatest number stands for it",
		"--scale: records that do not say how they were sampled were not multiplied",
	};
	unsigned doubts = 0, n_texts = 0;

	for (unsigned i = 0; i < n; i++)
		doubts |= g[i]->values.doubts | (g[i]->v6 != NULL ? g[i]->v6->values.doubts : 0);
	for (unsigned d = 0; d < GROUP_DOUBTS; d++)
		if (doubts >> d & 1)
			text[n_texts++] = texts[d];
	return n_texts;
}
