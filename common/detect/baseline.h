/*
 * baseline.h - what is normal: profiles of hosts, edges, services, networks outside and the whole network.
 *
 * flowbase learns one from flows (detect/learn.h), and detectors ask it: has this host ever talked to that one, who
 * serves this port, how many of our hosts know this destination, what does this host send at this hour of the week.
 * Its file is a flow stream, one record a profile (baseline_file.h has the columns).
 *
 * The rule that everything follows: merging is associative and commutative (first and last times, bitmaps of days,
 * maxima of sketches and of hours, sums of counters), so that nightly files may be kept and put together in any
 * grouping; two files in one stream are their merger.  Baselines made of different sampling, networks or hours of the
 * week are not merged but refused.
 *
 * A baseline is first filled (learn, read), then made ready: sorted, and looked into.  Pointers to profiles hold until
 * something is added.
 */
#ifndef DETECT_BASELINE_H
#define DETECT_BASELINE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "detect/hll.h"
#include "detect/hours.h"
#include "detect/keyed.h"
#include "flow/batch.h"

enum {
	BASELINE_VERSION = 1,
	BASELINE_NORMAL_DAYS = 7, /* what is younger is not called normal */
	BASELINE_ADDRESSES = 1 << 24, /* bounds, of what is more nothing is kept (counted) */
	BASELINE_HOSTS = 1 << 18,
	BASELINE_EDGES = 1 << 24,
	BASELINE_SERVICES = 1 << 22,
	BASELINE_PREFIXES = 1 << 20,
	BASELINE_EXPORTERS = 1 << 12,
};

/*
 * What is kept by hour: how much, in units, as an octet (log8_code).  Octets are of a host's own sending (out) and
 * receiving (in), by records; flows are conversations that it began.  Entropies are of conversations' addresses and
 * server ports, and have no unit: 255ths of what they could be.  The order is in files: never change it.
 */
#define METRIC_LIST(X) \
	/* symbol      name       unit  meaning */ \
	X(OUT, "out", 256, "octets to outside") \
	X(IN, "in", 256, "octets from outside") \
	X(LAN_OUT, "lan_out", 256, "octets to our networks") \
	X(LAN_IN, "lan_in", 256, "octets from our networks") \
	X(FLOWS, "flows", 1, "conversations begun") \
	X(PEERS, "peers", 1, "different hosts these were with") \
	X(FAILED, "failed", 1, "of these, without an answer or refused") \
	X(DNS, "dns", 256, "octets sent to port 53")
/* Only the whole network has these; its octets count in units of 65536. */
#define NETWORK_METRIC_LIST(X) \
	X(PACKETS, "packets", 256, "packets, of whatever direction") \
	X(HOSTS, "hosts", 1, "hosts of ours that were seen") \
	X(SRC_ENTROPY, "src_entropy", 0, "entropy of clients") \
	X(DST_ENTROPY, "dst_entropy", 0, "entropy of servers") \
	X(PORT_ENTROPY, "port_entropy", 0, "entropy of servers' ports")

#define METRIC_ENUM(SYMBOL, NAME, UNIT, MEANING) METRIC_##SYMBOL,
enum metric {
	METRIC_LIST(METRIC_ENUM) HOST_METRICS,
	METRIC_LAST_OF_HOSTS = HOST_METRICS - 1,
	NETWORK_METRIC_LIST(METRIC_ENUM) NETWORK_METRICS
};
const char *metric_name(enum metric);
double metric_unit(enum metric, bool network); /* 0: codes are 255ths */

/* When something was seen; bit i of days: on the day that is i before that of last_s. */
struct seen {
	uint32_t first_s, last_s; /* Unix seconds */
	uint64_t days;
};

/* Addresses are numbers of baseline.addresses; once ready they are in the order of addresses. */
struct base_host {
	uint32_t addr;
	struct seen seen;
	uint64_t flows, out, in; /* begun by it; octets sent and received, to and from anywhere */
	struct hll peers; /* servers that it talked to */
	uint8_t *hourly; /* HOST_METRICS x buckets x HOURS_SLOTS codes; 0: nothing */
};

/* Conversations that a host of ours began and that were answered. */
struct base_edge {
	uint32_t client, server;
	uint16_t port; /* ICMP, and what has no ports: 0 */
	uint8_t proto;
	uint8_t largest; /* octets out of the largest conversation: log8_code, unit 1 */
	uint32_t flows; /* stays at its greatest */
	struct seen seen;
	uint64_t out, in; /* octets of the client and of the server */
};
_Static_assert(sizeof(struct base_edge) == 48, "a million edges are 48 MB");

/* Who answers on a port, whoever asks. */
struct base_service {
	uint32_t server;
	uint16_t port;
	uint8_t proto;
	struct seen seen;
	uint64_t flows, out, in; /* in: octets from the server */
	struct hll clients; /* hosts of ours that it answered */
};

/* A network outside: /24 of IPv4, /48 of IPv6, that talked with ours, whoever began. */
struct base_prefix {
	struct addr prefix;
	struct seen seen;
	uint64_t flows, out, in; /* out: octets to it */
	struct hll clients; /* hosts of ours that it talked with */
};

struct base_network {
	struct seen seen;
	uint64_t flows, out, in;
	uint8_t *hourly; /* NETWORK_METRICS x buckets x HOURS_SLOTS */
};

struct baseline {
	struct hours hours;
	uint32_t sampling; /* 0: nothing was learned yet; 1: not sampled */
	char *internal; /* as --internal takes it; never NULL */
	int32_t latest; /* day of the latest flow; slots are of the days up to it */
	struct base_network network;
	struct keyed addresses, hosts, exporters, prefixes, services, edges;
	bool ready;
	/* Ready: where edges and services of address i begin, as client and as server; its host + 1, 0 none. */
	uint32_t *first_edge, *first_service, *host_of;
};

/* internal: text, copied. */
struct baseline *baseline_new(const struct hours *, const char *internal);
void baseline_free(struct baseline *); /* takes NULL */

/* A baseline from a file, ready.  NULL with err, which names the file. */
struct baseline *baseline_load(const char *path, struct err *);

/* Looking --------------------------------------------------------------------------------------- */

/* NULL: never seen.  All need a baseline that is ready. */
const struct base_host *baseline_host(const struct baseline *, const struct addr *);
const struct base_host *baseline_exporter(const struct baseline *, const struct addr *);
const struct base_edge *baseline_edge(const struct baseline *, const struct addr *client,
    const struct addr *server, int proto, unsigned port);
const struct base_service *baseline_service(
    const struct baseline *, const struct addr *server, int proto, unsigned port);
const struct base_prefix *baseline_prefix(const struct baseline *, const struct addr *member);

/* All edges of a client, and those to one server: *n of them, by server, port, protocol. */
const struct base_edge *baseline_edges(
    const struct baseline *, const struct addr *client, size_t *n);
const struct base_edge *baseline_pair(
    const struct baseline *, const struct addr *client, const struct addr *server, size_t *n);

/* All services of a server, by port and protocol. */
const struct base_service *baseline_services(
    const struct baseline *, const struct addr *server, size_t *n);

static inline struct addr
baseline_addr(const struct baseline *b, uint32_t number)
{
	return *(const struct addr *)keyed_at(&b->addresses, number);
}

/* How many hosts of ours are known: what a service's clients are a share of. */
static inline size_t
baseline_hosts(const struct baseline *b)
{
	return b->hosts.n;
}

/*
 * How many days it is known at the baseline's end: those that the baseline spans, to the nearest whole one, but for
 * those that were over when it was first seen.  So in a week's records whoever is there on the first day is known for a
 * week.
 */
unsigned baseline_days_known(const struct baseline *, const struct seen *);

/*
 * Is it known for less than BASELINE_NORMAL_DAYS?  Of a young thing it cannot be said what is normal; of a young
 * network nothing is new.
 */
static inline bool
baseline_young(const struct baseline *b, const struct seen *s)
{
	return baseline_days_known(b, s) < BASELINE_NORMAL_DAYS;
}

/*
 * What a host (the whole network) did at this hour of the week on other days: log8 codes, at most HOURS_SLOTS of
 * them, written to codes; returns how many.  Days on which it was not known yet, or nothing was learned in that hour,
 * are left out; silence is 0.  The hour of ns itself is never among them.
 */
size_t baseline_history(
    const struct baseline *, const struct base_host *, enum metric, int64_t ns, uint8_t *codes);
size_t baseline_network_history(const struct baseline *, enum metric, int64_t ns, uint8_t *codes);

/* Prefix lengths of base_prefix: 24, 48. */
struct addr baseline_prefix_of(const struct addr *member);
static inline unsigned
baseline_prefix_len(const struct addr *a)
{
	return addr_is_v4(a) ? 24 : 48;
}

/* Filling --------------------------------------------------------------------------------------- */

/*
 * Find or make a profile.  NULL: there is no room (counted in its keyed).  A pointer holds until the next of its kind
 * is made.
 */
struct base_host *baseline_add_host(struct baseline *, const struct addr *);
struct base_host *baseline_add_exporter(struct baseline *, const struct addr *);
struct base_edge *baseline_add_edge(struct baseline *, const struct addr *client,
    const struct addr *server, int proto, unsigned port);
struct base_service *baseline_add_service(
    struct baseline *, const struct addr *server, int proto, unsigned port);
struct base_prefix *baseline_add_prefix(struct baseline *, const struct addr *member);

/* It was seen from start to end; and when something else was that is to be one with it. */
void baseline_see(const struct baseline *, struct seen *, int64_t start_ns, int64_t end_ns);
void baseline_join(const struct baseline *, struct seen *, const struct seen *with);

/* Was nothing learned yet? */
static inline bool
baseline_empty(const struct baseline *b)
{
	return b->network.seen.days == 0 && b->addresses.n == 0 && b->prefixes.n == 0;
}

/*
 * While nothing is: be of this kind.  internal: n octets, copied.
 */
void baseline_become(
    struct baseline *, const struct hours *, const char *internal, size_t n, uint32_t sampling);

/* Days up to this one are known: slots of days that are kept no more are emptied. */
void baseline_advance(struct baseline *, int32_t day);

/*
 * Values, one a metric, of the hour that ns is in, of a host (network false) or of the whole: the greater of what was
 * there and these.  The day must not be after the latest; one that is kept no more is left out.
 */
void baseline_put_hour(
    const struct baseline *, uint8_t *hourly, bool network, int64_t ns, const uint64_t *values);

/* Take out hosts, prefixes, services and edges that were last seen before then. */
void baseline_forget(struct baseline *, uint32_t before_s);

/*
 * A chunk of conversations will be added: fetch what they are about to touch, so that the cache misses of one are not
 * waited for before the next.  Nothing is changed.
 */
struct base_touch {
	const struct addr *client, *server;
	uint16_t port;
	uint8_t proto;
};
enum { BASELINE_TOUCH = 256 };
void baseline_prefetch(const struct baseline *, const struct base_touch *, size_t n);

/* Sort, so that it can be looked into; adding to it after makes it not ready. */
void baseline_ready(struct baseline *);

/* Octets in memory. */
size_t baseline_memory(const struct baseline *);

/* Files ------------------------------------------------------------------------ */

/*
 * Add what a stream holds, from an open descriptor, which is read to its end and closed.  -1: err; the baseline may
 * have been filled in part.
 */
int baseline_read(struct baseline *, int fd, struct err *);

/* The same for a file by its name, which err begins with. */
int baseline_merge(struct baseline *, const char *path, struct err *);

/*
 * Hand out a baseline that is ready as batches, closed; they last during the call.  -1: what take returned was not 0.
 */
typedef int (*baseline_take)(void *ctx, struct batch *, struct err *);
int baseline_write(const struct baseline *, baseline_take, void *ctx, struct err *);

#endif
