/*
 * stats.h - what was received, from whom, and what became of it, as lines on standard error.
 *
 * Every loss has a name: received = decoded + bad + without template; sent = received + the
 * kernel's drops + sequence gaps.
 */
#ifndef FLOWRECV_STATS_H
#define FLOWRECV_STATS_H

#include "net/address.h"
#include "net/frame.h"
#include "store.h"
#include "wire/wire.h"

/* One listening socket. */
struct door {
	int fd;
	char name[ENDPOINT_TEXT_MAX + 1]; /* ADDRESS:PORT */
	uint64_t datagrams, octets, truncated;
	uint32_t dropped; /* by the kernel, as known last */
};

/* A line per exporter (address, port, version, domain). */
void stats_exporters(const struct wire *);
void stats_door(const struct door *);
void stats_capture(const char *path, const struct capture_stats *);
void stats_store(const struct store_stats *, const struct wire_totals *);

/* One line when something is missing from the output; nothing when all is well. */
void stats_warn(const struct wire_totals *, uint64_t dropped, uint64_t truncated);

#endif
