/*
 * biflow.c - both directions of a conversation as one group (RFC 5103).
 *
 * Keys that have a side (source and destination address, port, AS, MAC address, interface) change
 * places so that the lesser side comes first: both directions then have the same key.  When groups
 * are handed out, they are turned to the initiator's direction.
 */
#include "ops/conversation.h"
#include "ops/group_table.h"

/* Elements that change places when a record goes the other way. */
static const struct {
	uint16_t a, b;
} sides[] = {
	{ 8, 12 }, /* source and destination address */
	{ 7, 11 }, /* ports */
	{ 16, 17 }, /* AS numbers */
	{ 56, 80 }, /* MAC addresses */
	{ 10, 14 }, /* ingress and egress interface */
	{ 9, 13 }, /* prefix lengths */
};
enum { N_SIDES = sizeof(sides) / sizeof(sides[0]) };
_Static_assert((int)N_SIDES <= (int)PAIRS_MAX, "one pair each");

static int
find_key(const struct group_spec *spec, uint16_t id)
{
	for (size_t k = 0; k < spec->n_keys; k++) {
		const struct field *f = &spec->keys[k].field;

		if (f->n > 0 && f->id[0].pen == PEN_IANA && f->id[0].id == id &&
		    f->id[0].instance == 0)
			return (int)k;
	}
	return -1;
}

/* What is rounded on one side only changes places with what is not: the two directions would never meet. */
static bool
same_coarseness(const struct group_key *a, const struct group_key *b)
{
	int a4 = a->prefix4 < 0 ? 32 : a->prefix4, b4 = b->prefix4 < 0 ? 32 : b->prefix4;
	int a6 = a->prefix6 < 0 ? 128 : a->prefix6, b6 = b->prefix6 < 0 ? 128 : b->prefix6;

	return a4 == b4 && a6 == b6 && a->bin.ns == b->bin.ns;
}

unsigned
biflow_pairs(const struct group_spec *spec, struct key_pair *pair, struct err *err)
{
	unsigned n = 0;

	for (unsigned s = 0; s < N_SIDES; s++) {
		int a = find_key(spec, sides[s].a), b = find_key(spec, sides[s].b);

		if (a >= 0 && b >= 0 && err != NULL &&
		    !same_coarseness(&spec->keys[a], &spec->keys[b])) {
			(void)err_usage(err,
			    "-k %s, %s: both directions are merged, so one must be as coarse as "
			    "the other",
			    spec->keys[a].field.name, spec->keys[b].field.name);
			return 0;
		}
		if (a >= 0 && b >= 0) {
			pair[n++] = (struct key_pair){ (unsigned)a, (unsigned)b, s == 1 };
		} else if ((a >= 0) != (b >= 0) && err != NULL) {
			struct field other;

			field_of_id(
			    &other, &(struct field_id){ .id = a >= 0 ? sides[s].b : sides[s].a });
			(void)err_usage(err,
			    "-k %s: both directions are merged, so %s must be a key too",
			    spec->keys[a >= 0 ? a : b].field.name, other.name);
			return 0;
		} else if (s == 0 && err != NULL) {
			(void)err_usage(err, "-b needs srcip and dstip among the keys");
			return 0;
		}
	}
	return n;
}

static int
compare_sides(const struct group_table *g, const struct key_pair *p, const uint8_t *key)
{
	const struct layout *l = &g->layout;
	bool no_a = keys_missing(l, p->a, key), no_b = keys_missing(l, p->b, key);
	struct cell a, b;

	if (no_a || no_b)
		return no_b - no_a;
	a = keys_get(l, p->a, key);
	b = keys_get(l, p->b, key);
	return cell_compare(&a, &g->intern, &b, &g->intern);
}

/* Of the first pair whose sides differ; 0: a key that is the same both ways. */
static int
order_of_sides(const struct group_table *g, const uint8_t *key)
{
	int order = 0;

	for (unsigned k = 0; k < g->n_pairs && order == 0; k++)
		order = compare_sides(g, &g->pair[k], key);
	return order;
}

void
biflow_order(const struct group_table *g, uint8_t *keys, size_t n, uint8_t *dir)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *key = keys + i * g->layout.len;

		dir[i] = order_of_sides(g, key) > 0;
		if (dir[i])
			keys_swap(&g->layout, g->pair, g->n_pairs, key);
	}
}

static int
port_of(const struct group_table *g, unsigned k, const uint8_t *key)
{
	struct cell c;

	if (keys_missing(&g->layout, k, key))
		return -1;
	c = keys_get(&g->layout, k, key);
	return c.type == TYPE_UINT && c.v <= UINT16_MAX ? (int)c.v : -1;
}

/* Times are complemented; 0 is none. */
static struct side
side_of(const struct group_table *g, const uint64_t *slots, unsigned dir)
{
	const uint64_t *s = slots + g->values.biflow;
	unsigned bits = (unsigned)(s[BIFLOW_VOTES] >> dir * BIFLOW_BITS);
	int64_t start = (int64_t)s[BIFLOW_START + dir];

	return (struct side){ .votes = bits & ((1u << VOTE_BITS) - 1),
		.port = -1,
		.seen = bits >> VOTE_BITS & 1,
		.first_ns = start == 0 ? INT64_MAX : ~start };
}

static bool
second_began(const struct group_table *g, const uint8_t *key, const uint64_t *slots)
{
	struct side a = side_of(g, slots, 0), b = side_of(g, slots, 1);

	for (unsigned k = 0; k < g->n_pairs; k++)
		if (g->pair[k].ports) {
			a.port = port_of(g, g->pair[k].a, key);
			b.port = port_of(g, g->pair[k].b, key);
		}
	return conversation_begun_by_b(&a, &b);
}

void
biflow_orient(struct group_table *g)
{
	struct values *vs = &g->values;

	for (uint32_t row = 0; row < g->rows.n_rows; row++) {
		uint8_t *key = table_row(&g->rows, row);
		uint64_t *slots = table_slots(&g->rows, row);

		if (order_of_sides(g, key) == 0 || !second_began(g, key, slots))
			continue;
		keys_swap(&g->layout, g->pair, g->n_pairs, key);
		for (unsigned i = 0; i < vs->n; i++) {
			const struct value_state *v = &vs->v[i];
			uint32_t *have = slots_have(slots), forward = *have >> i & 1;
			uint32_t back = *have >> (i + REVERSE_BIT) & 1;
			uint64_t kept;

			if (v->reverse == 0)
				continue;
			kept = slots[v->off];
			slots[v->off] = slots[v->reverse];
			slots[v->reverse] = kept;
			*have &= ~(UINT32_C(1) << i | UINT32_C(1) << (i + REVERSE_BIT));
			*have |= back << i | forward << (i + REVERSE_BIT);
		}
	}
}
