/*
 * session.h - what is remembered of each exporter: templates, sequence, clock, counts.
 *
 * A session is one (exporter address, port, version, observation domain): the scope of template ids
 * (RFC 7011 8, RFC 3954 5) and of sequence numbers.  All memory that a sender can claim is bounded:
 * sessions and templates give way least recently used first.
 */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include "wire/sequence.h"
#include "wire/template.h"
#include "wire/wire.h"

struct session {
	struct wire_stats stats; /* its address, port, version and domain are the key */
	struct sequence sequence;
	bool has_init; /* systemInitTimeMilliseconds was learned */
	int64_t init_ms; /* and is this */
	bool has_uptime;
	uint32_t uptime_ms; /* of the last message */

	struct template **templates; /* buckets by id */
	unsigned n_templates, n_buckets;

	unsigned position; /* in the table's array */
	struct session *next; /* same bucket */
	struct session *kin_next; /* same bucket of kin: address, version, domain */
	struct session *newer, *older; /* by use */
};

struct sessions {
	struct wire_opts opts;
	struct session **all; /* n of them, in no order */
	unsigned n, cap;
	struct session **buckets, **kin;
	size_t mask;
	uint64_t seed;
	struct session *newest, *oldest;
	struct template *newest_template, *oldest_template;
	size_t template_octets;
	uint64_t clock; /* counts uses of templates */
	struct sequence_exporter *exporters; /* by hash; two on one slot forget each other */
	struct wire_totals evicted; /* counts of sessions that gave way */
};

/* Its counts, those of the sequence included. */
void session_stats(const struct session *, struct wire_stats *);

void sessions_init(struct sessions *, const struct wire_opts *);
void sessions_free(struct sessions *);

/* Its message numbered seq is about to be counted: see sequence_common. */
void session_common_sequence(struct sessions *, struct session *, uint32_t seq);

/* Find or make; it is the newest now. */
struct session *session_get(
    struct sessions *, const struct wire_msg *, uint16_t version, uint32_t domain);

/* The session's own template for a data set, or NULL.  Expired ones go (RFC 7011 8.4). */
struct template *session_template(
    struct sessions *, struct session *, uint16_t id, const struct wire_msg *);

/*
 * The template of exactly one other session of the same address, version and domain, or NULL.  It is
 * counted: some exporters change their port with every start, or send from several.
 */
struct template *session_borrow(
    struct sessions *, struct session *, uint16_t id, const struct wire_msg *);

/* Define (same: refresh) from at most TEMPLATE_FIELDS_MAX specifiers; an invalid definition deletes the old one. */
void session_define(struct sessions *, struct session *, uint16_t id, bool options,
    const struct spec *, unsigned n, const struct wire_msg *);
void session_forget(struct sessions *, struct session *, uint16_t id);
void session_forget_all(struct sessions *, struct session *, bool flows, bool options);

#endif
