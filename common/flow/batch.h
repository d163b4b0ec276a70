/*
 * batch.h - a set of records as typed columns: what every program works on.
 *
 * A column of a batch is absent (not in the array), packed (as stored; unpacked on first use by a
 * function that the reader installed), dictionary + codes, or plain.  Ask through batch_plain, batch_dict,
 * batch_entries, batch_planes and batch_present only.  Surprising rule one: unpacking cannot fail at the call; damage
 * makes the column all missing and sticks in b->err, which whoever finishes the batch checks once.
 * Rule two: missing is not zero; slots of missing records exist everywhere but mean nothing.
 *
 * A batch is either read-only (from a reader; memory in its arena) or open (batch_new; appended to).
 */
#ifndef FLOW_BATCH_H
#define FLOW_BATCH_H

#include "base/addr.h"
#include "base/bits.h"
#include "base/err.h"
#include "base/mem.h"
#include "flow/field.h"
#include "flow/planes.h"

enum {
	BATCH_RECORDS = 65536,
	BATCH_RECORDS_MAX = 1 << 20,
	BATCH_COLUMNS_MAX = 4096,
	BATCH_OCTETS = 1 << 26
};

enum column_form { COLUMN_PACKED, COLUMN_DICT, COLUMN_PLAIN };

enum column_flag {
	COLUMN_SCOPE = 1 << 0, /* scope field of an options record; part of the identity */
	COLUMN_ZONE = 1 << 1, /* min/max are valid */
	COLUMN_TRUNCATED = 1 << 2, /* min/max are of the first 8 octets only */
	COLUMN_COMPUTED = 1 << 3, /* made by batch_resolve; not part of the record */
	COLUMN_PARTIAL = 1 << 4, /* some records are missing (known before unpacking) */
	COLUMN_EMPTY = 1 << 5, /* closed batch: no record has a value; as if absent */
};

struct column {
	struct field_id id;
	uint8_t type; /* enum type */
	uint8_t width; /* octets a value, 0 variable */
	uint8_t scale; /* TIME, DURATION: power of ten of ns, the source's precision */
	uint8_t form; /* enum column_form */
	uint8_t derived; /* COLUMN_COMPUTED: enum derived it answers */
	uint16_t flags;

	/* Zone map: order-mapped keys of present values (flow/zone.h); COLUMN_ZONE. */
	uint64_t min, max;

	/* Plain. */
	uint64_t *present; /* NULL: every record */
	void *data; /* n values of width octets; variable: the octets */
	uint32_t *off; /* variable: n + 1 offsets into data */

	/* Dictionary: value of record i is dictionary entry codes[i]. */
	uint32_t dict_n;
	void *dict_data;
	uint32_t *dict_off;
	uint16_t *codes;

	/* Of the codes where there is a dictionary, else of the values; NULL: not asked for. */
	const struct planes *planes;

	/*
	 * Open batches: presence as owned memory, but that records [0, n_dense) have a value is written there
	 * when the batch is closed only; records whose offset is set, octets used and allocated (fixed: allocated).
	 */
	uint64_t *bits;
	size_t n_dense, n_filled, data_len, data_cap;
};

/* Does a record have a value?  Columns of open batches, and plain ones. */
static inline bool
column_has(const struct column *c, size_t rec)
{
	return c->present == NULL || rec < c->n_dense || bits_get(c->present, rec);
}

enum unpack {
	UNPACK_PRESENT,
	UNPACK_ENTRIES, /* a dictionary without its codes */
	UNPACK_PLANES,
	UNPACK_DICT,
	UNPACK_PLAIN,
};

struct batch {
	size_t n; /* records */
	struct column *col;
	unsigned n_cols; /* stored columns */
	unsigned n_all; /* with computed ones behind; index into col */
	unsigned cap_cols;
	bool options; /* options records, not flows */
	bool open, closed; /* open: to be appended to; closed: nothing was since batch_close */
	size_t cap; /* open: records there is room for */
	size_t row, octets; /* open: octets of a record's fixed cells and offsets, of all octets */
	uint64_t layout; /* open: column indexes hold while it is this; no other batch has it */
	struct arena arena; /* computed columns; read-only: all columns */
	struct arena names; /* of named columns, open batches */
	struct err err; /* sticky: damage found while unpacking */

	/* Declared order of the whole segment: column index + 1, 0 none. */
	uint16_t sort_column;
	bool sort_descending;

	/* From a reader: unpack a column, and the block as stored for pass-through. */
	void (*unpack)(struct batch *, unsigned col, enum unpack what);
	void *source;
	unsigned n_unpacked; /* columns unpacked so far, for tests and -v */
};

/* Open batches ------------------------------------------------------------------------------- */

struct batch *batch_new(void);
void batch_free(struct batch *); /* any batch made by batch_new; takes NULL */

/* Forget all records, keep columns and memory.  Columns that stay without a record are not written. */
void batch_clear(struct batch *);

/* Of a batch without records: addresses are 4 wide until a longer one comes again.  Memory stays. */
void batch_narrow(struct batch *);

/* Forget the columns too, and their memory. */
void batch_reset(struct batch *);

/*
 * Find or add a column; records so far are missing in it.  A wider width (UINT, INT, IP) widens the
 * column in place; a narrower one uses it as it is: write cells by the column's own width.
 * Returns its index (stable until batch_reset or batch_arrange), or -1 when it exists with another type, or the batch
 * is full of columns: the caller starts a new batch.
 */
int batch_column(
    struct batch *, const struct field_id *, enum type, unsigned width, unsigned flags);

/* Room for n more records: their fixed-width cells may be written before batch_extend makes them.  Moves cells. */
void batch_reserve(struct batch *, size_t n);

/* n more records, missing everywhere; returns the index of the first.  Moves cells. */
size_t batch_extend(struct batch *, size_t n);

/* Fixed-width cells of an open batch, from record 0, until the next extend or column call. */
static inline void *
batch_cells(struct batch *b, unsigned col)
{
	return b->col[col].data;
}

/* Records have a value now. */
static inline void
batch_mark(struct batch *b, unsigned col, size_t first, size_t n)
{
	struct column *c = &b->col[col];

	if (first == c->n_dense)
		c->n_dense += n;
	else
		bits_set_range(c->bits, first, n);
}

/* One has none after all. */
void batch_unmark(struct batch *, unsigned col, size_t rec);

/* One value, of up to 8 octets, into the cells of n records, the last of the batch.  It does not mark them. */
void batch_fill(struct batch *, unsigned col, size_t first, size_t n, uint64_t value);

/* Times of this column are precise to 10^scale ns: the finest one asked for is kept. */
void batch_precision(struct batch *, unsigned col, unsigned scale);

/*
 * Set one value (any width; present).  put_uint: also BOOL TIME MAC INT as bits.  put_ip: the column widens if need be.
 * put_octets: records in ascending order only.
 */
void batch_put_uint(struct batch *, unsigned col, size_t rec, uint64_t);
void batch_put_double(struct batch *, unsigned col, size_t rec, double);
void batch_put_ip(struct batch *, unsigned col, size_t rec, const struct addr *);
void batch_put_octets(struct batch *, unsigned col, size_t rec, const void *, size_t n);

/* Octets of values held: a batch of 64 MiB (BATCH_OCTETS) is full whatever its records. */
size_t batch_octets(const struct batch *);

/* These columns, as far as an open batch has them, stand first and in this order.  Indexes change. */
void batch_arrange(struct batch *, const struct field_id *, size_t n);

/* All is in: complete offsets, and let present be NULL where no record is missing.  Readable after. */
void batch_close(struct batch *);

/*
 * Append records idx[0..n) of src (NULL: all) to an open batch: its columns are the union.
 * Computed columns are left out.  -1 when a column's type differs, which none can from those of an empty batch:
 * nothing was appended.
 */
int batch_append(struct batch *, struct batch *src, const uint32_t *idx, size_t n);

/*
 * The same of the stored columns that `takes` says (NULL: all), unsigned numbers as narrow as these records
 * allow where the column is new: for who keeps many.
 */
int batch_keep(struct batch *, struct batch *src, const uint32_t *idx, size_t n, const bool *takes);

/* Reading ------------------------------------------------------------------------------------ */

/* field_of_id of a column, with its type and width. */
void field_of_column(struct field *, const struct column *);

/* The index of a stored column, or -1. */
int batch_find(const struct batch *, const struct field_id *);

/*
 * The column to read for a field: a stored one, or one computed for this batch (first present of
 * several, derived quantities).  -1: no record has it.  The result may move b->col.
 */
int batch_resolve(struct batch *, const struct field *);

/*
 * Are there columns that batch_resolve can find or compute a field from?  Whether a record has it is another question.
 */
bool batch_may_have(const struct batch *, const struct field *);

/* May what batch_resolve finds for a field be read from this column? */
bool field_reads(const struct field *, const struct field_id *);

/* Plain values; present is valid too. */
static inline const struct column *
batch_plain(struct batch *b, unsigned i)
{
	if (b->col[i].form != COLUMN_PLAIN)
		b->unpack(b, i, UNPACK_PLAIN);
	return &b->col[i];
}

/* Dictionary and codes if the column is stored so, and present; else NULL: ask for plain. */
const struct column *batch_dict(struct batch *, unsigned i);

/* The dictionary if the column is stored so, with or without codes, and perhaps presence; else NULL. */
const struct column *batch_entries(struct batch *, unsigned i);

/*
 * Its numbers (of a dictionary: its codes) as planes, if they are stored so; else NULL: ask for the dictionary or
 * plain.  Presence is valid too.
 */
const struct planes *batch_planes(struct batch *, unsigned i);

/* Presence bitmap, NULL: every record has a value. */
const uint64_t *batch_present(struct batch *, unsigned i);

/* One cell of a plain integer column, as a number; present or not. */
static inline uint64_t
column_uint(const struct column *c, size_t rec)
{
	switch (c->width) {
	case 1: return ((const uint8_t *)c->data)[rec];
	case 2: return ((const uint16_t *)c->data)[rec];
	case 4: return ((const uint32_t *)c->data)[rec];
	default: return ((const uint64_t *)c->data)[rec];
	}
}

/* The same, signed: INT, TIME, DURATION. */
static inline int64_t
column_int(const struct column *c, size_t rec)
{
	switch (c->width) {
	case 1: return ((const int8_t *)c->data)[rec];
	case 2: return ((const int16_t *)c->data)[rec];
	case 4: return ((const int32_t *)c->data)[rec];
	default: return ((const int64_t *)c->data)[rec];
	}
}

/* Either, with its sign if it has one, as a word.  Times and durations have 8 octets. */
static inline uint64_t
column_word(const struct column *c, size_t rec)
{
	return c->type == TYPE_INT ? (uint64_t)column_int(c, rec) : column_uint(c, rec);
}

/* One of a plain column of addresses, of either width. */
static inline struct addr
column_ip(const struct column *c, size_t rec)
{
	struct addr a;

	if (c->width == 4)
		return addr_v4(((const uint32_t *)c->data)[rec]);
	memcpy(a.b, (const uint8_t *)c->data + rec * sizeof(a), sizeof(a));
	return a;
}

#endif
