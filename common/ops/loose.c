#include "ops/loose.h"

#include "base/mem.h"

enum { CHUNK_OCTETS = 1 << 15, SLAB = 64 };

static size_t
chunk_octets(const struct loose *l)
{
	return l->stride > CHUNK_OCTETS ? l->stride : (size_t)CHUNK_OCTETS;
}

void
loose_more(struct loose *l, size_t stride, struct loose_part *p)
{
	l->stride = stride;
	l->per_chunk = stride < CHUNK_OCTETS ? CHUNK_OCTETS / stride : 1;
	if (l->used == 0 || l->cut == SLAB) {
		if (l->used == l->n_slabs) {
			l->slab = mem_resize(l->slab, l->n_slabs + 1, sizeof(*l->slab));
			l->slab[l->n_slabs++] = mem_table(chunk_octets(l) * SLAB);
		}
		l->used++;
		l->cut = 0;
	}
	if ((p->n_chunks & (p->n_chunks - 1)) == 0)
		p->chunk =
		    mem_resize(p->chunk, p->n_chunks ? 2 * p->n_chunks : 1, sizeof(*p->chunk));
	p->next = l->slab[l->used - 1] + chunk_octets(l) * l->cut++;
	p->chunk[p->n_chunks++] = p->next;
	p->left = l->per_chunk;
}

size_t
loose_rows(const struct loose *l, unsigned part, size_t i, const uint8_t **rows)
{
	const struct loose_part *p = &l->part[part];

	if (i >= p->n_chunks)
		return 0;
	*rows = p->chunk[i];
	return l->per_chunk - (i == p->n_chunks - 1 ? p->left : 0);
}

size_t
loose_memory(const struct loose *l)
{
	return l->used * (l->stride ? chunk_octets(l) * SLAB : 0);
}

size_t
loose_idle(const struct loose *l)
{
	return l->stride ? (l->n_slabs - l->used) * chunk_octets(l) * SLAB : 0;
}

void
loose_trim(struct loose *l)
{
	while (l->n_slabs > l->used)
		mem_free_table(l->slab[--l->n_slabs], chunk_octets(l) * SLAB);
}

void
loose_clear(struct loose *l)
{
	for (unsigned p = 0; p < LOOSE_PARTS; p++)
		l->part[p].n_chunks = l->part[p].left = 0;
	l->n_rows = l->used = l->cut = 0;
}

void
loose_free(struct loose *l)
{
	l->used = 0;
	loose_trim(l);
	mem_free(l->slab);
	for (unsigned p = 0; p < LOOSE_PARTS; p++)
		mem_free(l->part[p].chunk);
	*l = (struct loose){ 0 };
}
