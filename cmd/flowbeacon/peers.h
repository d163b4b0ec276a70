/*
 * peers.h - who talks to whom at all: the first look at the records, cheap.
 *
 * Eight octets for each pair of addresses say in how many records it was and which end sent; eight for each address
 * with how many of our hosts it heard from.  So the second look keeps only pairs with enough records for a rhythm, and
 * how usual a destination is comes from all records, not from the few that were kept.  Tables are bounded: when full,
 * pairs seen once are forgotten (floods and scans are made of them), which is counted.
 */
#ifndef FLOWBEACON_PEERS_H
#define FLOWBEACON_PEERS_H

#include "detect/scope.h"
#include "flow/batch.h"

enum { PEERS_PAIRS = 1 << 23, PEERS_HOSTS = 1 << 22, PEERS_RECORDS_MOST = 1023 };

/* A record as long as this is worth a second look by itself. */
#define PEERS_LONG_NS (600 * NS_PER_S)

struct peers_counts {
	uint64_t records, pairs, hosts; /* hosts: of ours that sent something */
	uint64_t forgotten; /* pairs, for want of room */
	uint64_t unknown; /* addresses of which nothing is counted, for want of room */
	int64_t first_ns, last_ns, end_ns; /* first and last start, last end; first > last: none */
	uint32_t sampling; /* greatest interval of a record; 1: none */
	size_t octets; /* of the tables */
};

struct peers;
struct peers *peers_new(const struct scope *, size_t pairs_most); /* 0: PEERS_PAIRS */
void peers_free(struct peers *);

/* Unpack the columns that are looked at: on a worker. */
void peers_unpack(struct batch *);

/* Look at the selected (NULL: all) records. */
void peers_add(struct peers *, struct batch *, const uint64_t *sel);

/* Something was sent, as was seen before: of ours to an address.  It is no record. */
void peers_see(struct peers *, const struct addr *host, const struct addr *to);

/* Clear the bits of records whose pair was in fewer than `least`; on any worker, while nothing is added. */
void peers_select(const struct peers *, struct batch *, uint64_t *sel, unsigned least);

/* In how many records two addresses were; at most PEERS_RECORDS_MOST, which a long record counts as. */
unsigned peers_records(const struct peers *, const struct addr *, const struct addr *);

/* How many of our hosts sent something to an address. */
uint32_t peers_clients(const struct peers *, const struct addr *);

struct peers_counts peers_counts(const struct peers *);

#endif
