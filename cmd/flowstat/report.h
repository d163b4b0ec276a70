/*
 * report.h - what flowstat says: each report is a grouping of the same records, made in one pass.
 */
#ifndef FLOWSTAT_REPORT_H
#define FLOWSTAT_REPORT_H

#include "io/io.h"
#include "ops/group.h"
#include "ops/sort.h"

enum report_kind {
	REPORT_SUMMARY,
	REPORT_TOP,
	REPORT_SERIES,
	REPORT_HISTOGRAM,
	REPORT_PERCENTILES
};

/* Counters of one row. */
struct counters {
	uint64_t flows, packets, bytes;
};

struct report {
	enum report_kind kind;
	char *title; /* as it was asked for */
	struct group_spec spec;
	struct group_spec other; /* srcip and dstip together as ip: the second side */
	bool both_sides;
	struct group_table **tables; /* one a thread, and again for the other side */
	unsigned n_tables;
	struct sort_key *order;
	size_t n_order;
	uint64_t limit; /* rows handed out */
	bool scored; /* of REPORT_TOP: ordered by what adds up: shares can be summed */
	bool hidden; /* made because others need it */

	/* After report_rows. */
	uint64_t groups, weight; /* weight: records of groups whose first key is a number */
	struct counters total; /* REPORT_SUMMARY */
};

/* Where reports go: text for people, or records. */
struct output {
	bool text;
	enum text_format format; /* unless text */
	const struct io_opts *io;
	bool spark;
	struct buf buf;
	unsigned n_sections;
	struct text_writer *writer; /* of the section */
	struct field_list fields;
	char *title;
};

/* Make a report of keys (NULL none) and values; -1 err. */
int report_make(struct report *, enum report_kind, const char *title, const char *keys,
    const char *values, struct err *);
void report_free(struct report *);

/* -s KEYS[/ORDER]: a list of the top; -1 err. */
int report_parse_top(struct report *, const char *text, struct err *);

/* Open the tables; memory is this report's share. */
void report_open(
    struct report *, const struct io_opts *, unsigned workers, uint64_t memory, bool scale);
int report_add(struct report *, unsigned worker, struct batch *, const uint64_t *sel, struct err *);

/* Hand out the rows in order.  -1 err. */
int report_rows(struct report *, const struct io_opts *, bool (*fn)(void *ctx, struct batch *),
    void *ctx, struct err *);

/* A row's counters; absent ones are 0. */
struct counters report_counters(struct batch *, size_t rec);
bool report_uint(struct batch *, const struct field_id *, size_t rec, uint64_t *);

/* Are a column's values such as have a distribution?  A named column may have any type. */
bool report_has_numbers(const struct column *);

/* Printing, each in a file of its own.  total: of all records.  -1 err. */
int summary_print(struct report *, struct output *, struct err *);
int top_print(struct report *, const struct counters *total, struct output *, struct err *);
int series_print(struct report *, struct output *, struct err *);
int histogram_print(struct report *, struct output *, struct err *);

/* Those of the reports that are percentiles: one section. */
int percentiles_print(struct report *, unsigned n, struct output *, struct err *);

/* output.c: records of a section, one batch after another; text: a heading only. */
void output_begin(struct output *, const char *title);
void output_field(struct output *, const struct field_id *);
void output_computed(struct output *, const char *name); /* bps, pps, bpp */
int output_batch(struct output *, struct batch *, struct err *);
void output_end(struct output *);
void output_finish(struct output *);

/* The identity of a named column of a report. */
static inline struct field_id
output_named(const char *name)
{
	return (struct field_id){ .pen = PEN_NAMED, .named = name };
}

#endif
