/*
 * cell.h - columns of a batch as the text of cells, 64 records at a time.
 *
 * Formatting runs down a column, not along a row: type, width and scale are decided once a batch,
 * the loop that formats is flat, a constant column is formatted once and a dictionary once an entry.
 * A row's text grows at its place, column after column, so no text is copied to be put together.
 * Columns of variable length are left out: the writer of the format quotes and escapes them itself.
 */
#ifndef TEXT_CELL_H
#define TEXT_CELL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/num.h"
#include "base/tz.h"
#include "flow/batch.h"

enum {
	CELL_TILE = 64, /* records at a time: a word of a selection */
	TILE_LEAST = 16, /* records that are worth working out side by side */
	CELL_STRIDE =
	    48 /* longest fixed text and a character, rounded up: IPv6 39, time with zone 35 */
};

enum cell_form {
	CELL_ISO, /* times ISO 8601, durations in seconds, nan and inf */
	CELL_JSON, /* the same, but null for what is not finite */
	CELL_WIRE, /* json of wires: times as integers of `unit` ns */
};

/* Which addresses of a column a cell shows: wires have an element for each family. */
enum cell_family { CELL_V4, CELL_V6, CELL_V6_OF_BOTH, CELL_ZERO_V4 };

struct cell;
struct tile_words;
typedef void cell_put_fn(struct cell *, const uint32_t *rec, unsigned n, char *at[]);
typedef bool cell_words_fn(
    const struct cell *, const uint32_t *rec, unsigned n, struct tile_words *);

struct cell {
	struct column col; /* a copy: asking for other columns moves them in the batch */
	struct column pair; /* CELL_V6_OF_BOTH, CELL_ZERO_V4: the logical column */
	enum cell_form form;
	enum cell_family family;
	int64_t unit; /* CELL_WIRE: ns of a unit, of TIME and DURATION */
	const struct tz *tz;
	bool variable; /* not put: octets of col */
	char after; /* behind every text, of missing ones too; after_n 0: nothing */
	unsigned after_n;
	cell_put_fn *put;
	cell_words_fn *words; /* NULL: texts are longer than a word */
	const void *values; /* what texts are made of, `step` octets a record */
	unsigned step;
	unsigned most; /* octets of the longest text, `after` included */

	/* cell_made.c: texts made once, of a constant column or of dictionary entries. */
	char *text;
	uint8_t *text_len;
	size_t stride;
	unsigned longest;

	/* The day of the last time, from its first nanosecond on, and how long from when clocks stand as they did. */
	uint64_t day_ns, from_ns, span_ns;
	bool day_wraps;
	char date[16]; /* 2026-01-05T */
	char zone[8];
	unsigned zone_len;
	int64_t again_ns; /* the last time's text */
	unsigned again_len;
	char again[40];

	/* Staged: the text of record i of the tile; length 0: missing. */
	uint8_t len[CELL_TILE];
	char stage[CELL_TILE * CELL_STRIDE + FMT_MAX];
};

/* A cell without a column: missing everywhere. */
void cell_none(struct cell *, const char *after);

/*
 * Bind to column i of the batch, unpacking it.  unit 0: 1 ns.  after: NULL, or a character that is put behind
 * every cell.
 */
void cell_bind(struct cell *, struct batch *, unsigned i, enum cell_form, const struct tz *tz,
    int64_t unit, const char *after);

/* Bind to an address column, showing one family only.  logical: the column of the pair's IPv4 element, or -1. */
void cell_bind_family(struct cell *, struct batch *, unsigned i, enum cell_family, int logical);

/*
 * Fetch what the texts of the tile after next are made of, rec being the first record of this one: where many columns
 * are read a little at a time, no processor foresees it.
 */
static inline void
cell_fetch(const struct cell *c, size_t rec)
{
	uintptr_t at = (uintptr_t)c->values + (rec + 2 * CELL_TILE) * c->step;

	for (size_t i = 0; i < (size_t)c->step * CELL_TILE; i += 64)
		__builtin_prefetch((const void *)(at + i));
}

/*
 * The text of record rec[i] to at[i], which moves behind it.  Up to CELL_STRIDE octets are written there, whatever
 * the text's length is.
 */
static inline void
cell_put(struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	c->put(c, rec, n, at);
}

/* The same as words.  false: some text is too long for one, or words do not pay for so few. */
static inline bool
cell_words(const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t)
{
	return c->words != NULL && n >= TILE_LEAST && c->words(c, rec, n, t);
}

/* The texts of the records of a tile, each at its place of the stage. */
void cell_stage(struct cell *, const uint32_t *rec, unsigned n);

static inline const char *
cell_text(const struct cell *c, unsigned i)
{
	return c->stage + i * CELL_STRIDE;
}

static inline bool
cell_has(const struct cell *c, size_t rec)
{
	return bits_has(c->col.present, rec);
}

/* Octets of a variable cell that the record has. */
static inline const char *
cell_octets(const struct cell *c, size_t rec, size_t *n)
{
	*n = c->col.off[rec + 1] - c->col.off[rec];
	return (const char *)c->col.data + c->col.off[rec];
}

/* Copy a staged text: at most CELL_STRIDE octets are written, the text's length is returned. */
static inline size_t
cell_copy(char *dst, const struct cell *c, unsigned i)
{
	memcpy(dst, cell_text(c, i), 16);
	if (c->len[i] > 16)
		memcpy(dst + 16, cell_text(c, i) + 16, CELL_STRIDE - 16);
	return c->len[i];
}

void cell_free(struct cell *);

/* The selected records (sel NULL: all) of n, a tile at a time. */
struct tiles {
	const uint64_t *sel;
	size_t n, word;
};

/* The next records, ascending; 0 at the end. */
static inline unsigned
tile_next(struct tiles *t, uint32_t rec[CELL_TILE])
{
	unsigned n = 0;

	for (; n == 0 && t->word < bits_words(t->n); t->word++) {
		uint64_t w = t->sel ? t->sel[t->word] : ~UINT64_C(0);

		if (t->word == t->n / 64)
			w &= bits_tail(t->n);
		for (; w; w &= w - 1)
			rec[n++] = (uint32_t)(t->word * 64) + (uint32_t)__builtin_ctzll(w);
	}
	return n;
}

/* Decimals that a column of this scale is printed with: 0, 3, 6 or 9. */
static inline unsigned
scale_digits(unsigned scale)
{
	return scale >= 9 ? 0 : scale >= 6 ? 3 : scale >= 3 ? 6 : 9;
}

#endif
