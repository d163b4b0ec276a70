/*
 * counts.h - the counters of an exporter: the one table that statistics, log and metrics are made of.
 */
#ifndef FLOWRECV_COUNTS_H
#define FLOWRECV_COUNTS_H

#include "base/buf.h"
#include "wire/wire.h"

struct count {
	size_t offset; /* of a uint64_t in struct wire_stats */
	const char *metric; /* Prometheus: flowrecv_METRIC */
	const char *words; /* as of counts_put; NULL: of the messages line, or told otherwise */
	const char *help;
	bool logged; /* a line of the log when it grows */
	bool gauge; /* goes down too */
};

/* The table, in the order of statistics. */
const struct count *counts_table(unsigned *n);

static inline uint64_t
count_of(const struct count *c, const struct wire_stats *s)
{
	return *(const uint64_t *)(const void *)((const char *)s + c->offset);
}

/* Malformed things of all kinds. */
uint64_t counts_bad(const uint64_t bad[BAD_KINDS]);

/* "3 words"; each # in the words is an s, but for a number of 1 nothing. */
void counts_put(struct buf *, uint64_t n, const char *words);

/* What the sequence numbers of a version count, as words of counts_put. */
const char *counts_unit(unsigned version);

/*
 * "version 9, domain 7: "; "sFlow 5, agent 192.0.2.7, domain 7: " of one that sends by another's address; "version 9,
 * domain 7, to udp:2055: ", "... to udp:192.0.2.1:2055: " where the port that it sent to has to be told, and the
 * address.  told: these, or 0.
 */
void counts_put_session(struct buf *, const struct wire_stats *, const struct wire_place *told);

/* "2055", "192.0.2.1:2055". */
void counts_put_place(struct buf *, const struct wire_place *told);

/* ", 3 words" for each counter with words that is not 0; then "; bad: ...". */
void counts_put_problems(struct buf *, const struct wire_stats *);

#endif
