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

struct csv_split {
	int fd, stop_fd;
	char delimiter;
	bool keep_empty; /* an empty line is a record: there is one column */
	uint64_t line; /* number of the line to be read next */

	/* The record at hand; spans are valid until the next. */
	struct csv_span *span;
	unsigned n_span;

	/* Private. */
	bool eof;
	char *buf; /* octets pos..end are not read yet */
	size_t pos, end, cap;
	unsigned cap_span;
	struct csv_parser *lib;
	struct buf unquoted; /* libcsv's fields */
	bool whole, broken;
};

/* fd is owned, -1 none; head are octets already taken from it. */
void csv_split_open(struct csv_split *, int fd, char delimiter, const void *head, size_t head_len);
void csv_split_close(struct csv_split *);

/* Pass over a byte order mark.  -1: err, it is one of UTF-16. */
int csv_split_mark(struct csv_split *, struct err *);

enum csv_got { CSV_GOT_LINE, CSV_GOT_END, CSV_GOT_PAUSE, CSV_GOT_FAILED, CSV_GOT_LONG };

/*
 * The next record that is not an empty line: LINE, END, FAILED (err), or PAUSE when a pipe has nothing
 * for a while and may_pause is set.  *why: it is no record, and its first line has been passed.  *first
 * is the number of its first line.
 */
enum csv_got csv_split_next(
    struct csv_split *, bool may_pause, uint64_t *first, const char **why, struct err *);

#endif
