/*
 * room.c - what goes when memory is full: the sources with least against them, of equal ones the oldest.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "evidence.h"

struct rank {
	uint32_t row;
	double failed; /* D r^2 over all */
	int64_t last_ns;
};

static int
compare_ranks(const void *x, const void *y)
{
	const struct rank *a = x, *b = y;

	if (a->failed != b->failed)
		return a->failed < b->failed ? 1 : -1;
	if (a->last_ns != b->last_ns)
		return a->last_ns < b->last_ns ? 1 : -1;
	return (a->row > b->row) - (a->row < b->row);
}

/* The new row of each that stays, TABLE_NONE for the others: half of each bound, the most suspicious first. */
static uint32_t *
choose(const struct evidence *e)
{
	size_t n = e->sources.n_rows, contacts = 0, lines = 0, kept = 0;
	struct rank *rank = mem_alloc(n * sizeof(*rank));
	uint32_t *stay = mem_alloc(n * sizeof(*stay));

	for (uint32_t row = 0; row < n; row++) {
		const struct source *s = evidence_source(e, row);
		double share = s->walk.tried > 0 ? (double)s->walk.failed / s->walk.tried : 0;

		rank[row] = (struct rank){ row, s->walk.failed * share * share, s->last_ns };
		stay[row] = TABLE_NONE;
	}
	qsort(rank, n, sizeof(*rank), compare_ranks);
	for (size_t i = 0; i < n && kept < SOURCES_MOST / 2; i++) {
		const struct source *s = evidence_source(e, rank[i].row);

		if (s->promoted) {
			contacts += s->walk.tried;
			lines += 2 * (size_t)s->walk.failed;
		}
		if (contacts > CONTACTS_MOST / 2 || lines > LINES_MOST / 2)
			break;
		stay[rank[i].row] = 0;
		kept++;
	}
	mem_free(rank);
	return stay;
}

static void
move_spots(struct table *from, const uint32_t *stay, size_t n_slots)
{
	struct table to;

	table_init(&to, sizeof(struct spot), n_slots);
	for (uint32_t row = 0; row < from->n_rows; row++) {
		struct spot key = *evidence_spot(from, row);
		uint32_t at;

		if (stay[key.source] == TABLE_NONE)
			continue;
		key.source = stay[key.source];
		table_find(&to, &key, 1, &at);
		memcpy(table_tail(&to, at), table_tail(from, row), to.stride - to.tail);
	}
	table_free(from);
	*from = to;
}

static void
forget(struct evidence *e)
{
	uint32_t *stay = choose(e), before = (uint32_t)e->sources.n_rows;
	struct table to;

	table_init(&to, sizeof(struct addr), sizeof(struct source) / 8);
	for (uint32_t row = 0; row < before; row++) {
		if (stay[row] == TABLE_NONE)
			continue;
		table_find(&to, table_row(&e->sources, row), 1, &stay[row]);
		memcpy(table_slots(&to, stay[row]), table_slots(&e->sources, row),
		    sizeof(struct source));
	}
	table_free(&e->sources);
	e->sources = to;
	e->forgotten += before - to.n_rows;
	move_spots(&e->contacts, stay, 0);
	move_spots(&e->lines, stay, sizeof(struct line) / 8);
	mem_free(stay);
}

void
evidence_make_room(struct evidence *e)
{
	enum { STEPS = STEPS_MOST * CONVERSATIONS_CHUNK };

	if (e->sources.n_rows + CONVERSATIONS_CHUNK > SOURCES_MOST ||
	    e->contacts.n_rows + STEPS > CONTACTS_MOST || e->lines.n_rows + 2 * STEPS > LINES_MOST)
		forget(e);
}
