/*
 * hourly.h - what hosts send and receive, hour by hour, as records say it.
 *
 * Octets are put where they were seen: a record that spans hours gives each its share.  They need no conversations:
 * who sent what to whom is in every record.  What learns and what compares use this one rule, so that they measure
 * the same thing.
 */
#ifndef DETECT_HOURLY_H
#define DETECT_HOURLY_H

#include "detect/baseline.h"
#include "detect/scope.h"
#include "ops/conversation_read.h"

enum hourly_kind { HOURLY_HOST, HOURLY_EXPORTER };

struct hourly_key {
	struct addr addr;
	uint32_t hour, kind; /* hours since 1970 */
};

struct hourly_row {
	struct hourly_key key;
	uint64_t v[HOST_METRICS];
	struct hll peers; /* METRIC_PEERS, until the row is read */
	bool fresh; /* records added to it: not only a state that was read */
};

struct hourly {
	struct keyed rows;
	size_t last; /* the row found last */
};

/* most: bound of rows. */
void hourly_init(struct hourly *, size_t most);
void hourly_free(struct hourly *);

/* The row of a host's (exporter's) hour, made if need be; NULL: no room (counted).  Holds until the next. */
struct hourly_row *hourly_at(struct hourly *, const struct addr *, uint32_t hour, enum hourly_kind);

/* Add a record's octets to the rows of those of its ends that are ours: the source, the destination. */
void hourly_add(struct hourly *, const struct ends *, const struct piece *, bool ours, bool theirs);

/* In steps, as keyed.h has them: the hash of the row of a host's hour, and the row. */
uint32_t hourly_prefetch(const struct hourly *, const struct addr *, uint32_t hour);
static inline void
hourly_prefetch_row(const struct hourly *h, uint32_t hash)
{
	keyed_prefetch_thing(&h->rows, hash);
}

/* Forget the rows that keep says no to. */
void hourly_keep(struct hourly *, bool (*keep)(void *ctx, struct hourly_row *), void *ctx);

/*
 * How octets of [start, end] are put into hours: shares[i] is that of the hour first + i; returns how many hours, at
 * most HOURLY_SPAN.  What lasts longer is put into its last hour.
 */
enum { HOURLY_SPAN = 49 };
unsigned hourly_shares(
    int64_t start_ns, int64_t end_ns, uint64_t octets, uint32_t *first, uint64_t *shares);

static inline uint32_t
hourly_hour(int64_t ns)
{
	return (uint32_t)(ns / NS_PER_HOUR);
}

#endif
