/*
 * wire.h - exporters' messages decoded into batches.
 *
 * One decoder holds what exporters said before: sessions, templates, sequence numbers.  A message is
 * never trusted and never fails the decoder: what is wrong is counted for its exporter, what is right
 * is appended.  Templates are compiled once to column copies; nothing is looked up per record.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/addr.h"
#include "flow/batch.h"

/* Open batches that records are appended to, by kind and family (so addresses stay 4 wide). */
enum wire_kind { WIRE_FLOWS4, WIRE_FLOWS6, WIRE_OPTIONS, WIRE_KINDS };
struct wire_out {
	struct batch *batch[WIRE_KINDS]; /* open; the caller takes them when full or old */
	/*
	 * Called when a record cannot join the open batch (a column of another type, too many
	 * columns) and when it is full (BATCH_RECORDS): the caller writes it and leaves it reset.
	 */
	void (*full)(void *ctx, enum wire_kind);
	void *ctx;
	bool discard; /* flow records are counted, not appended: there is nowhere to put them */
};

struct wire_opts {
	bool raw; /* keep every wire element as sent */
	/* Malformed messages are discarded whole, no port borrows templates (RFC 7011 9.1, 8). */
	bool strict;
	bool scope_ip; /* templates of datagrams are keyed without the source port */
	unsigned lifetime_s; /* of a template over UDP; 0: 1800 */
	size_t max_templates; /* per session; 0: 4096 */
	size_t max_sessions; /* 0: 16384 */
	size_t hold_octets; /* of data sets that wait for their template; 0: 64 Mi, 1: none */
	unsigned hold_s; /* so long; 0: as long as templates live */
	uint32_t sampling; /* of records whose exporter says nothing; 0: unknown */
};

/* What is configured for an exporter. */
struct wire_source {
	const char *name; /* becomes OWN_SOURCE of its records; NULL: none */
	uint32_t sampling; /* as in wire_opts, before that */
};

/* How messages come: what is told one way holds for no other (RFC 7011 10). */
enum wire_stream {
	WIRE_DATAGRAMS,
	WIRE_CONNECTION, /* TCP, with TLS or without; a file */
	WIRE_ASSOCIATION, /* SCTP */
};

/* Where messages are sent to: ours, as far as it is known. */
struct wire_place {
	struct addr addr; /* all 0: not known */
	uint16_t port; /* 0: not known */
};

struct wire_msg {
	const uint8_t *data;
	size_t len;
	struct addr exporter;
	uint16_t port;
	struct wire_place to;
	int64_t received_ns;
	enum wire_stream stream; /* not datagrams: templates do not expire, and can be withdrawn */
	uint16_t stream_id; /* of an association: sequence numbers count in each (RFC 7011 10.2) */
	const struct wire_source *source; /* outlives the decoder; NULL: nothing is configured */
};

/* What is wrong with messages. */
enum wire_bad {
	BAD_VERSION,
	BAD_SHORT,
	BAD_COUNT,
	BAD_SET_LENGTH,
	BAD_SET_ID,
	BAD_TEMPLATE,
	BAD_TRAILING,
	BAD_RECORD,
	BAD_KINDS
};
extern const char *const wire_bad_names[BAD_KINDS];

/*
 * Counters of an exporter.  Data sets without template = held now + replayed when it came + lost.
 */
#define WIRE_COUNTERS(X) \
	X(messages) /* received, malformed ones too */ \
	X(octets) \
	X(flows) /* flow records decoded */ \
	X(options) /* options records decoded */ \
	X(templates) /* definitions, repeated ones too */ \
	X(lost) /* by sequence numbers, in the protocol's own unit; it can go down */ \
	X(incoherent) /* times that they followed no single counter: lost is unreliable */ \
	X(reordered) /* messages */ \
	X(duplicate) /* messages */ \
	X(restarts) \
	X(discarded) /* flow records counted while wire_out.discard was set; not among flows */ \
	X(unknown_template_sets) \
	X(held) /* of them, now */ \
	X(held_replayed) \
	X(held_lost) \
	X(records_unknown) /* in such sets and damage, by the next sequence number */ \
	X(templates_expired) \
	X(templates_evicted) \
	X(templates_stale) /* definitions overtaken by a newer one: ignored */ \
	X(borrowed) /* data sets decoded by the template of another port */ \
	X(cached) /* by a template of an earlier collector that was not repeated yet */ \
	X(odd_times) /* kept under their wire element */ \
	X(not_sent) /* flows that the exporter itself says it lost (166) */ \
	X(skipped) /* sFlow: samples and records of other formats than are decoded */

#define WIRE_COUNTER_FIELD(NAME) uint64_t NAME;

struct wire_stats {
	uint64_t serial; /* no other session of this decoder has it, not even one that gave way */
	struct addr exporter;
	struct wire_place to;
	uint16_t port, version;
	enum wire_stream stream;
	struct addr agent; /* sFlow: where it is not the exporter's own; else all 0 */
	uint32_t domain;
	WIRE_COUNTERS(WIRE_COUNTER_FIELD)
	uint64_t bad[BAD_KINDS];
	int64_t first_ns, last_ns;
};

/* The same over all exporters, those included that gave way to others. */
struct wire_totals {
	WIRE_COUNTERS(WIRE_COUNTER_FIELD)
	uint64_t bad[BAD_KINDS];
	uint64_t sessions_evicted;
};

struct wire;
struct wire *wire_new(const struct wire_opts *);
void wire_free(struct wire *);

/*
 * Decode one message (NetFlow v1, v5, v7, v9, IPFIX, sFlow v5).  Returns records appended, those of earlier messages
 * that waited for a template included; problems are counted.
 */
size_t wire_decode(struct wire *, const struct wire_msg *, const struct wire_out *);

/* Did the last message break a rule after which a stream's connection must be closed (RFC 7011 8.1, 9.1)? */
bool wire_broken(const struct wire *);

/* The connection was closed: its templates are void (RFC 7011 8), and another one counts anew. */
void wire_disconnect(struct wire *, enum wire_stream, const struct addr *exporter, uint16_t port,
    const struct wire_place *to);

/* How often templates came, changed and went. */
uint64_t wire_changes(const struct wire *);

/*
 * What a collector remembers over its restarts, as options records: a record for each template, but for those of
 * connections, which end with them (RFC 7011 8).  Fills the open
 * batch (cleared first) with the next ones from *at on (0 at first); false: there are no more.
 */
bool wire_save(const struct wire *, size_t *at, struct batch *);

/*
 * Learn from saved templates and from options records of any exporters, as flowstream(5) keeps them.  mine: of
 * which exporters (NULL: of all).  Nothing is counted as received.
 */
void wire_restore(struct wire *, struct batch *, bool (*mine)(void *, const struct addr *), void *);

/* Does the batch hold saved templates? */
bool wire_is_saved(const struct batch *);

/*
 * Statistics, one after another: i from 0; false when there are no more.  Datagrams that are no
 * message are counted for their exporter under version 0.
 */
bool wire_stats_at(const struct wire *, size_t i, struct wire_stats *);
void wire_totals(const struct wire *, struct wire_totals *);
void wire_totals_add(struct wire_totals *, const struct wire_stats *);
void wire_totals_merge(struct wire_totals *, const struct wire_totals *); /* of another decoder */

/* Is this the start of an IPFIX file (RFC 5655): version 10 and a plausible length? (needs 16 octets) */
bool wire_recognise_ipfix(const void *, size_t);

#endif
