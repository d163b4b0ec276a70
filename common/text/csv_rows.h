/*
 * csv_rows.h - lines of csv as records of a batch.
 *
 * Two ways lead there.  Rows of the usual form, plain numbers, addresses and times without quotes, are found many
 * at once and read column by column, straight into the batch's cells (csv_fast.c).  Whatever is not of that form, a
 * cell or a line, takes the general way (csv_cell.h, csv_split.h), which also knows what to say about lines that are
 * no records.  Both make the same of the same text.
 */
#ifndef TEXT_CSV_ROWS_H
#define TEXT_CSV_ROWS_H

#include "flow/batch.h"
#include "text/csv_cell.h"
#include "text/csv_plan.h"
#include "text/text.h"

enum { CSV_TILE = 64 }; /* rows that are found and read at once: bits of a word */

enum { CSV_KNOWN_BITS = 12 }; /* of so many address texts it is remembered what they are */
struct csv_known {
	uint64_t first, last; /* octets of the text */
	uint32_t n; /* its length; 0: nothing is known */
	uint32_t host;
};

/* The same of texts of other forms: an IPv6 address has many. */
enum { CSV_ADDRESS_MOST = 39 };
struct csv_known_text {
	uint8_t n; /* octets; 0: nothing is known */
	char text[CSV_ADDRESS_MOST];
	struct addr addr;
};

/* The cells of one column: of row i, octets begin[i * begin_step] + skip up to end[i * step]. */
struct csv_cells {
	const char *buf;
	const uint32_t *begin, *end;
	uint32_t skip;
	size_t begin_step, step;
};

static inline uint32_t
csv_cell_begin(const struct csv_cells *c, unsigned i)
{
	return c->begin[i * c->begin_step] + c->skip;
}

static inline uint32_t
csv_cell_end(const struct csv_cells *c, unsigned i)
{
	return c->end[i * c->step];
}

/* Numbers on their way from text: of each cell of a tile the last eight octets, in halves, and how long it is. */
struct csv_digits {
	uint32_t high[CSV_TILE], low[CSV_TILE], len[CSV_TILE];
	uint32_t value[CSV_TILE];
	uint32_t clock[2][CSV_TILE]; /* hh:m, m:ss; then seconds in the first */
	uint8_t good[CSV_TILE];
	uint8_t usual[CSV_TILE];
};

/* A column of the rows, and where they go. */
struct csv_column {
	const struct csv_name *name;
	int at; /* column of the batch */
	unsigned scale, row_scale; /* finest precision of the tile, of a row */
	uint64_t has; /* rows of the tile that have a value */

	/* Times: the date last read, as its 11 octets (the first 8, the last 8), and when it began. */
	uint64_t date[2];
	int64_t day_ns;
};

struct csv_rows {
	struct csv_plan *plan; /* a reference */
	struct csv_split in;
	struct csv_column *col;
	bool plain; /* no column depends on others: rows may be read by column */
	bool quotes; /* of the lines at hand */

	struct csv_value *value; /* a tile of rows, n_all each */
	unsigned rows;
	struct buf octets; /* of the tile's strings */
	struct csv_known *known; /* addresses that were read, by a hash of their text */
	struct csv_known_text *known_texts;

	/* Rows found: cell k of row i ends at end[i * n_col + k] of the buffer. */
	uint32_t *end;
	uint32_t start[CSV_TILE + 1];
	struct csv_digits digits;
};

struct csv_rows *csv_rows_new(struct csv_plan *);
void csv_rows_free(struct csv_rows *); /* takes NULL */

/* Columns for the rows of an empty batch, all of them in the order of the file.  -1: err. */
int csv_rows_bind(struct csv_rows *, struct batch *, uint64_t line, struct err *);

/* Octets pos..end of a buffer: lines from that number on, in which there may be quotes. */
struct csv_lines {
	char *buf;
	size_t pos, end;
	uint64_t line;
	bool quotes;
};

/* Their rows.  -1: err; those before it are in the batch. */
int csv_rows_read(
    struct csv_rows *, struct batch *, const struct csv_lines *, struct csv_bad *, struct err *);

/* csv_find.c: how many rows without quotes and with a cell for each column come next, `most` at most. */
unsigned csv_find(struct csv_rows *, unsigned most);

/* csv_fast.c: the first n of them into the batch; returns how many: the next one is wrong. */
unsigned csv_fast_read(struct csv_rows *, struct batch *, unsigned n);

/*
 * csv_number.c: cells of n rows as numbers, each of so many octets.  Returns which are plain ones that fit; nothing is
 * said of the others.
 */
uint64_t csv_read_numbers(
    struct csv_digits *, const struct csv_cells *, unsigned width, void *to, unsigned n);

/* The same of times of the date that the column knows, in ns; of the column the precision too. */
uint64_t csv_read_times(
    struct csv_digits *, const struct csv_cells *, struct csv_column *, int64_t *to, unsigned n);

/* A value into a batch's cell. */
void csv_put_value(struct batch *, const struct csv_column *, size_t rec, const struct csv_value *,
    const char *octets);

#endif
