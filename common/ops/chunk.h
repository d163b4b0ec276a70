/*
 * chunk.h - many records in memory, in little of it: columns as narrow as their values, times in the units that they
 * have, dictionaries with their codes, and what is the same everywhere once.
 *
 * The columns that keys of a sort read stand in a batch beside them, plain.  Chunks of few records are open batches
 * until they are closed, so that more can be joined to them.
 */
#ifndef OPS_CHUNK_H
#define OPS_CHUNK_H

#include "flow/batch.h"

enum packed_form {
	PACKED_PLAIN, /* data: a cell a record; variable: octets, off */
	PACKED_DICT, /* data: values, variable with off; of a record that of its code */
	PACKED_TIME, /* data: u32 a record, units above the base */
	PACKED_CONST, /* base is every value */
};

struct packed {
	struct field_id id;
	uint8_t type, width, scale; /* as they were */
	uint8_t form, store; /* octets of a cell, or value, here; 0 variable */
	uint16_t flags; /* COLUMN_SCOPE */
	uint64_t *present; /* NULL: every record */
	void *data;
	const uint32_t *off;
	uint16_t *codes; /* may be those of another column too, unless one is variable */
	uint64_t base, unit;
	size_t octets, longest; /* variable: of all records, of one */
};

struct chunk {
	size_t n; /* records */
	struct batch *b;
	struct packed *col;
	size_t n_cols;
	uint8_t *width; /* of b's columns before they were narrowed */
	struct slab *slab;
	size_t octets; /* of memory, about */
};

/* Memory of chunks, several threads' at a time: large pages that are used again. */
struct slabs;
struct slabs *slabs_new(void);
void slabs_free(struct slabs *); /* when the chunks are */

/* Records idx (NULL: the first n) of a batch, of its columns those that `takes` says; `plain` are of them too. */
void chunk_pack(struct chunk *, struct slabs *, struct batch *, const uint32_t *idx, size_t n,
    const bool *takes, const bool *plain);

/* The same as an open batch; and more behind it.  false: they cannot stand in one batch. */
void chunk_copy(struct chunk *, struct batch *, const uint32_t *idx, size_t n, const bool *takes);
bool chunk_join(struct chunk *, const struct chunk *);
void chunk_close(struct chunk *);

/* All columns of a batch as they are, which the chunk owns from here. */
void chunk_of(struct chunk *, struct batch *);

/*
 * Records rec[0..n) to the front, in this order; those that are not among them are lost.  Columns of variable length
 * stay as they are.  `room`: for a cell of each.
 */
enum { CHUNK_CELL_MAX = 16 };
void chunk_arrange(struct chunk *, const uint16_t *rec, size_t n, void *room);

void chunk_free(struct chunk *, struct slabs *);

/* One value into an open batch; missing ones are left so. */
void packed_put(const struct packed *, size_t rec, struct batch *to, unsigned col, size_t to_rec);

/* The octets of one value of variable length. */
static inline const uint8_t *
packed_octets(const struct packed *p, size_t rec, size_t *len)
{
	size_t i = p->form == PACKED_DICT ? p->codes[rec] : rec;

	*len = p->off[i + 1] - p->off[i];
	return (const uint8_t *)p->data + p->off[i];
}

#endif
