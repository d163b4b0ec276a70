/*
 * stats.h - what was received, from whom, and what became of it, as lines on standard error.
 *
 * Every loss has a name.  Datagrams: sent = received + dropped by the kernel.  Messages: received =
 * denied + decoded, of which bad ones and sets without template are counted.  Flow records: decoded =
 * written + filtered + not written; those discarded while the output stalled were never decoded whole.
 */
#ifndef FLOWRECV_STATS_H
#define FLOWRECV_STATS_H

#include "net/frame.h"
#include "worker.h"

/* A line per exporter (address, port, version, domain) of a worker; a line per socket, of all workers. */
void stats_exporters(const struct snapshot *);
void stats_doors(const struct snapshot *, unsigned workers);
/* A line for a file: of a capture with its counters; of an IPFIX file, without, only what was denied. */
void stats_read(const char *path, const struct capture_stats *, uint64_t denied);

/* Sums over all workers. */
struct sums {
	struct wire_totals wire;
	struct blocks_stats blocks;
	struct repeat_stats repeat;
	uint64_t datagrams, denied, dropped, truncated;
};
void sums_add(struct sums *, const struct snapshot *);

void stats_total(const struct sums *, const struct store_stats *);

/* One line when something is missing from the output; nothing when all is well. */
void stats_warn(const struct sums *, const struct store_stats *);

#endif
