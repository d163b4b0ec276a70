/*
 * text.h - records as text: table, csv, tsv, json, ndjson; and csv as records.
 *
 * A writer is made once; text_rows is called for each batch, on any thread, and only appends to the
 * buffer it is given, so formatting runs in parallel and its caller keeps the order.
 */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include "base/buf.h"
#include "flow/names.h"
#include "flow/value.h"

enum text_format { TEXT_TABLE, TEXT_CSV, TEXT_TSV, TEXT_JSON, TEXT_NDJSON };

struct text_spec {
	enum text_format format;
	const struct field_list *fields; /* NULL: the format's documented default */
	/* json and ndjson: wire names and plain integers, _kind _scope _exporter _domain */
	bool raw;
	bool options; /* print options records too */
	bool plain; /* -N */
	bool header; /* csv, table: column names first */
	/* csv -k all: fields are all columns, each with its type and width; a value outside is an error. */
	bool complete;
	const struct tz *tz;
	bool color;
	bool alerts; /* where no record comes, columns by default are those of alerts */
	bool told; /* and of such as say how many they stand for */
};

struct text_writer;
struct text_writer *text_new(const struct text_spec *);
void text_free(struct text_writer *);

/*
 * Before the first record.  first: the first batch, for column widths and defaults, or NULL.  names:
 * numbers that have names among these are printed by them, elements that no table knows are called as their exporters
 * announced; NULL: they are not.
 */
void text_begin(struct text_writer *, const struct names *, struct batch *first, struct buf *);

/*
 * Who takes text away while it is made, as soon as there is enough of it for that to pay: text that stays small stays
 * in the near caches.  take empties the buffer that text_rows got, or leaves it as it is to be asked again.
 */
struct text_drain {
	void (*take)(void *ctx);
	void *ctx;
	/* octets of text that it left there when it was asked last; text_rows's own, 0 at first */
	size_t left;
};

/*
 * The selected records (NULL: all).  drain: may be NULL.  -1: err: a record has a value that no column shows (csv -k
 * all), no column is left, or the batch is damaged: nothing was put out nor taken away.
 */
int text_rows(const struct text_writer *, const struct names *, struct batch *, const uint64_t *sel,
    struct text_drain *drain, struct buf *, struct err *);

/*
 * In output order, before a chunk of len octets that text_rows filled goes out: how many of its first
 * octets to leave out (json: the comma before the very first record; 0 in every other format).
 */
size_t text_lead(struct text_writer *, size_t len);

/* After the last record (json's bracket). */
void text_end(struct text_writer *, struct buf *);

/* csv and tsv in ---------------------------------------------------------------------------------- */

/* What to do with lines that are not records. */
struct csv_bad {
	bool skip; /* --skip-bad: count them and go on */
	uint64_t lines; /* skipped so far */
	uint64_t first_line;
	char reason[160]; /* of the first */
};

struct csv_reader;

/* fd is owned; head are octets already taken from it.  delimiter ',' or '\t'. */
struct csv_reader *csv_open(int fd, char delimiter, const void *head, size_t head_len);
void csv_close(struct csv_reader *);

/* Clock times that name no zone are in tz; before the first record. */
void csv_zone(struct csv_reader *, const struct tz *tz);

/* Nobody said that it is csv: a header that names no field at all is refused.  Before the first record. */
void csv_guess(struct csv_reader *);

/* From now on the input is at its end when stop_fd is readable. */
void csv_stop_at(struct csv_reader *, int stop_fd);

/*
 * A piece of the input: whole lines, as many as a batch holds of them.  One thread takes pieces, in order; any
 * thread reads the records of one.  A piece is used again and again; it needs the reader no more.
 */
struct csv_piece;
struct csv_piece *csv_piece_new(void);
void csv_piece_free(struct csv_piece *); /* takes NULL */

/* 1 a piece, 0 the end, -1 err. */
int csv_take(struct csv_reader *, struct csv_piece *, struct err *);

/*
 * Its records into an open batch (cleared first), which may be none; only once.  -1: err, with the line's number;
 * records before the bad line are in the batch.
 */
int csv_read(struct csv_piece *, struct batch *, struct csv_bad *, struct err *);

/* Both in one, for a batch that has records, and faster for a single thread.  1 a batch, 0 the end, -1 as above. */
int csv_next(struct csv_reader *, struct batch *, struct csv_bad *, struct err *);

#endif
