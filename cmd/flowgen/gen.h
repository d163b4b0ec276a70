/*
 * gen.h - the parts of flowgen: a network of hosts, conversations between them, planted incidents,
 * and the rows they become.
 */
#ifndef FLOWGEN_GEN_H
#define FLOWGEN_GEN_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/time.h"
#include "flow/batch.h"

#include "dice.h"

enum { ROWS_MAX = 2, ACTIVE_TIMEOUT_MS = 300000 };

/* One flow record before it is in columns. */
struct row {
	int64_t start_ms, end_ms, received_us;
	uint64_t packets, bytes;
	struct addr src, dst, next;
	uint32_t srcas, dstas, inif, outif, exporter;
	uint16_t srcport, dstport;
	uint8_t proto, flags, tos, srcmask, dstmask, direction, end_reason;
	bool v6;
};

/* What the user asked for. */
struct gen_opts {
	uint64_t count, seed;
	int64_t start_ms, span_ms;
	uint32_t clients, servers, exporters;
	uint64_t ipv6; /* share of 2^32 */
	unsigned incidents; /* 1 << enum incident_kind */
	int64_t period_ms; /* of the beacon */
	bool jittered; /* each of its waits is longer or shorter by up to jitter, a share of 2^32 */
	uint64_t jitter;
	uint32_t probes; /* of the slow scan, a day */
	uint64_t answered; /* of them, a share of 2^32 */
	uint64_t hourly; /* octets of each small upload */
	uint32_t sources; /* of the thin flood, a minute */
};

/* hosts.c ------------------------------------------------------------------------------------- */

struct host {
	struct addr v4, v6;
	uint32_t as, interface;
	uint8_t mask4, mask6;
	uint16_t site; /* chooses the exporter that sees it */
};

enum { INTERNAL_SERVERS = 32 };

struct hosts {
	struct host *clients, *servers, internal[INTERNAL_SERVERS];
	uint32_t n_clients, n_servers, log2_clients, log2_servers, stride;
	uint64_t seed;
};
void hosts_init(struct hosts *, const struct gen_opts *);
void hosts_free(struct hosts *);
const struct host *hosts_client(const struct hosts *, struct dice *);
const struct host *hosts_busy(const struct hosts *, uint32_t rank); /* the rank-th busiest client */
/* The i-th of the internal servers, INSIDE_EACH, that a port is asked at. */
enum { INSIDE_EACH = 4 };
const struct host *hosts_inside(const struct hosts *, uint16_t port, uint32_t i);
const struct host *hosts_server(const struct hosts *, struct dice *);
void hosts_stranger(struct host *, struct dice *, uint64_t seed); /* somewhere in the internet */

/* services.c ---------------------------------------------------------------------------------- */

/* Addresses, masks, AS numbers, interfaces, next hop, exporter of a record from one host to another. */
void row_between(
    struct row *, const struct host *from, const struct host *to, bool v6, uint32_t exporters);

/* One conversation that ends at end_ms: 1 or 2 rows (request, response). */
unsigned conversation(
    const struct hosts *, struct dice *, const struct gen_opts *, int64_t end_ms, struct row *);

/* rhythm.c ------------------------------------------------------------------------------------ */

/* When the i-th of n background rows ends: more by day than by night, less on weekends. */
enum { RHYTHM_BINS = 1440 };
struct rhythm {
	int64_t start_ms, span_ms;
	uint64_t sum[RHYTHM_BINS + 1], n;
	unsigned bin;
};
void rhythm_init(struct rhythm *, int64_t start_ms, int64_t span_ms, uint64_t n);
int64_t rhythm_time(struct rhythm *, uint64_t i); /* i never falls */

/* incident.c ---------------------------------------------------------------------------------- */

enum incident_kind {
	BEACON,
	SCAN,
	EXFILTRATION,
	LATERAL,
	FLOOD,
	SLOW_SCAN,
	DRIP,
	SURPLUS,
	KNOWN_LATERAL,
	THIN_FLOOD,
	INCIDENT_KINDS
};
int incident_parse(const char *list, unsigned *set, struct err *);

struct incident {
	enum incident_kind kind;
	struct dice dice;
	struct host from, to;
	uint16_t port;
	int64_t start_ms, step_ms,
	    spread_ms; /* spread: -1 the schedule is kept, early by a fiftieth */
	int64_t last_ms; /* when the last event ends */
	uint32_t n, next; /* events */
	unsigned rows_each; /* rows an event makes */
	int64_t next_end_ms; /* INT64_MAX: over */
};

/* Plan one: who, when and how much, from the seed and the options alone. */
void incident_plan(
    struct incident *, enum incident_kind, const struct hosts *, const struct gen_opts *);
/* The next event's rows. */
unsigned incident_rows(
    struct incident *, const struct hosts *, const struct gen_opts *, struct row *);
/* The ground truth in one line of key=value. */
void incident_describe(const struct incident *, struct buf *);

/* pour.c -------------------------------------------------------------------------------------- */

/* Rows into batches: IPv4 and IPv6 apart, so addresses of IPv4 stay 4 octets wide. */
struct pour;
typedef int (*pour_fn)(void *ctx, struct batch *, struct err *);
struct pour *pour_new(pour_fn, void *ctx);
void pour_free(struct pour *);
int pour_row(struct pour *, const struct row *, struct err *); /* not 0: what pour_fn returned */
int pour_flush(struct pour *, struct err *);

#endif
