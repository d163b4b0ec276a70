/*
 * biflow.c - both directions of a conversation as one group (RFC 5103).
 *
 * Keys that have a side (source and destination address, port, AS, MAC address, interface) change
 * places so that the lesser side comes first: both directions then have the same key.  When groups
 * are handed out, they are turned to the initiator's direction.
 */
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

unsigned
biflow_pairs(const struct group_spec *spec, struct key_pair *pair, struct err *err)
{
	unsigned n = 0;

	for (unsigned s = 0; s < N_SIDES; s++) {
		int a = find_key(spec, sides[s].a), b = find_key(spec, sides[s].b);

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

void
biflow_order(const struct group_table *g, uint8_t *keys, size_t n, uint8_t *dir)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *key = keys + i * g->layout.len;
		int order = 0;

		for (unsigned k = 0; k < g->n_pairs && order == 0; k++)
			order = compare_sides(g, &g->pair[k], key);
		dir[i] = order > 0;
		if (dir[i])
			keys_swap(&g->layout, g->pair, g->n_pairs, key);
	}
}

/*
 * Is the second side the initiator?  It is who sent a SYN without ACK; else who has the higher port,
 * servers having the well-known ones; else who was seen first.
 */
static bool
second_began(const struct group_table *g, const uint8_t *key, const uint64_t *slots)
{
	const uint64_t *s = slots + g->values.biflow;
	int64_t first = (int64_t)s[BIFLOW_START], second = (int64_t)s[BIFLOW_START + 1];

	if (s[BIFLOW_VOTES] == 1 || s[BIFLOW_VOTES] == 2)
		return s[BIFLOW_VOTES] == 2;
	for (unsigned k = 0; k < g->n_pairs; k++) {
		int order;

		if (!g->pair[k].ports)
			continue;
		order = compare_sides(g, &g->pair[k], key);
		if (order != 0)
			return order < 0;
	}
	/* Complemented: the greater one is earlier; 0 is none. */
	return second != 0 && (first == 0 || second > first);
}

void
biflow_orient(struct group_table *g)
{
	struct values *vs = &g->values;

	for (uint32_t row = 0; row < g->rows.n_rows; row++) {
		uint8_t *key = table_row(&g->rows, row);
		uint64_t *slots = table_slots(&g->rows, row);

		if (!second_began(g, key, slots))
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
