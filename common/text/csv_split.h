/*
 * csv_split.h - octets of csv or tsv to records of cells.
 *
 * Lines without a quote are split here; libcsv takes every record that holds one (RFC 4180: quoted
 * delimiters, doubled quotes, line ends within quotes).  Reading goes on behind the first line of a
 * bad record: a stray quote must not swallow the rest of the file.
 */
#ifndef TEXT_CSV_SPLIT_H
#define TEXT_CSV_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* A cell as split off its line. */
struct csv_span {
	const char *p;
	size_t n;
	bool quoted;
};

/* Cut blanks off both ends. */
void csv_span_trim(struct csv_span *);

/* The buffer has room in front of its octets and behind them, for loops that look at whole words. */
enum { CSV_FRONT = 16, CSV_BEHIND = 128 };

struct csv_split {
	int fd, stop_fd; /* fd -1: what the buffer holds is all */
	char delimiter;
	bool keep_empty; /* an empty line is a record: there is one column */
	uint64_t line; /* number of the line to be read next */

	/* The record at hand; spans are valid until the next. */
	struct csv_span *span;
	unsigned n_span;

	/* Octets pos..end are not read yet.  cap: where the buffer ends, but for CSV_BEHIND. */
	char *buf;
	size_t pos, end, cap;

	/* Private. */
	bool eof, borrowed;
	unsigned cap_span;
	struct csv_parser *lib;
	struct buf unquoted; /* libcsv's fields */
	bool whole, broken;
};

/* fd is owned, -1 none; head are octets already taken from it. */
void csv_split_open(struct csv_split *, int fd, char delimiter, const void *head, size_t head_len);
void csv_split_close(struct csv_split *);

/* Without an input: octets pos..end of somebody else's buffer at a time, the first of which is on that line. */
void csv_split_borrow(struct csv_split *, char delimiter, bool keep_empty);
void csv_split_over(struct csv_split *, char *buf, size_t pos, size_t end, uint64_t line);

/* Pass over a byte order mark.  -1: err, it is one of UTF-16. */
int csv_split_mark(struct csv_split *, struct err *);

enum csv_got { CSV_GOT_LINE, CSV_GOT_END, CSV_GOT_PAUSE, CSV_GOT_FAILED, CSV_GOT_LONG };

/*
 * The next record that is not an empty line: LINE, END or FAILED (err).  *why: it is no record, and its first line has
 * been passed.  *first is the number of its first line.
 */
enum csv_got csv_split_next(struct csv_split *, uint64_t *first, const char **why, struct err *);

/* How much is wanted at once. */
struct csv_want {
	size_t records, octets;
	bool near; /* what one read brings is enough: it is still in the cache */
	bool pause; /* nothing is too, if a pipe has nothing for a while */
};

/* What there is: octets pos..end, so many records, with quotes perhaps. */
struct csv_cut {
	size_t end, records;
	bool quotes;
};

/*
 * Read until there is as much as wanted, or the input pauses or ends: whole records, and `line` is that of the next.
 * Empty lines and lines that are no records count too; a line that is longer than any record may be is cut short, and
 * stands alone.  Where pieces end does not depend on how near they are to be.
 * LINE; it may be that reading failed behind them: err.  END: there is nothing more.  PAUSE.  FAILED: err.
 */
enum csv_got csv_split_cut(
    struct csv_split *, const struct csv_want *, struct csv_cut *, struct err *);

/* Give the buffer, of which pos..cut is taken, for another (NULL: none), to which the rest is moved. */
char *csv_split_swap(struct csv_split *, size_t cut, char *other, size_t *cap);

#endif
