/*
 * session.h - what is remembered of each exporter: templates, sequence, clock, counts.
 *
 * A session is one (exporter address, port, our address and port, way that messages come, version, observation domain):
 * the scope of template ids (RFC 7011 8 and 10, RFC 3954 5) and of sequence numbers.  In sFlow these are an agent's:
 * its address is in the key, too.  Our address and port may be unknown, as of what was remembered: then they are those
 * of the first message that fits.
 * All memory that a sender can claim is bounded, for one and for all together.  What keeps a flood from driving out
 * honest exporters is seniority: a session that is still there after some seconds is known, as long as there are places
 * and memory, and a known one gives way to nobody before it was silent for longer than templates live.  Strangers share
 * what is left, least recently used first.  So a flood, patient or not, drives out strangers only, and hurts who comes
 * during it.
 */
#ifndef WIRE_SESSION_H
#define WIRE_SESSION_H

#include "wire/claim.h"
#include "wire/peer.h"
#include "wire/sequence.h"
#include "wire/template.h"
#include "wire/wire.h"

/* Data sets that wait for one template, oldest first. */
struct awaited {
	struct held *first, *last;
	uint16_t id;
};

struct sequence_stream {
	uint16_t id;
	struct sequence sequence;
};

struct session {
	struct wire_stats stats; /* its addresses, ports, stream, version and domain are the key */
	struct peer *peer; /* the exporter over all its domains */
	struct sequence sequence; /* of stream 0: all there is but in SCTP */
	struct sequence_stream *streams; /* others of an SCTP association, n_streams of them */
	unsigned n_streams;
	struct sampling sampling; /* what the domain's options say */
	struct firewall *firewall; /* connections whose updates were counted; NULL: none */
	bool withdrew; /* templates: data that has none may be of one that is gone */
	bool has_init; /* systemInitTimeMilliseconds was learned */
	int64_t init_ms; /* and is this */
	bool has_uptime;
	uint32_t uptime_ms; /* of the last message */

	struct template **templates; /* buckets by id */
	unsigned n_templates, n_buckets;
	struct template *newest_template, *oldest_template; /* by use */
	size_t template_octets;
	struct awaited *awaited;
	unsigned n_awaited;

	unsigned position; /* in the table's array */
	struct session *next; /* same bucket */
	struct session *kin_next, **kin_link; /* same bucket of kin: all of the key but the port */
	struct session *newer, *older; /* of its tier, by use */
	enum rank { RANK_NEW, RANK_KNOWN, RANKS } rank;
};

/* Sessions of one rank, their templates and what they had held, by use. */
struct tier {
	struct session *newest, *oldest;
	struct template *newest_template, *oldest_template;
	struct held *newest_held, *oldest_held;
	unsigned n;
	size_t template_octets, template_octets_max;
};

struct sessions {
	struct wire_opts opts;
	struct session **all; /* n of them, in no order */
	unsigned n, cap;
	struct session **buckets, **kin;
	struct peer **peers;
	size_t mask;
	uint64_t seed;
	struct tier tier[RANKS];
	struct session *last; /* asked for last; or NULL */
	uint64_t changes; /* counts templates that came and went */
	uint64_t serial; /* of the newest session */
	size_t held_octets;
	size_t learned_octets; /* of what options and events tell, and of streams */
	struct wire_totals evicted; /* counts of sessions that gave way */
};

/* Its counts, those of the sequence included. */
void session_stats(const struct session *, struct wire_stats *);

void sessions_init(struct sessions *, const struct wire_opts *);
void sessions_free(struct sessions *);

/* The sequence of a stream; beyond some streams those left share one. */
struct sequence *session_sequence(struct sessions *, struct session *, uint16_t stream_id);

/* An earlier collector knew it: it is no stranger, if there is room. */
void session_acquaint(struct sessions *, struct session *);

/* There is no room for it among those that are known: it is a stranger again. */
void session_demote(struct sessions *, struct session *);

/* What the session may claim to remember what it is told: strangers have a quarter of it all. */
struct claim session_claim(struct sessions *, const struct session *);

/* Find or make; it is the newest of its rank now.  agent: as wire_stats has it. */
struct session *session_get(struct sessions *, const struct wire_msg *, const struct addr *agent,
    uint16_t version, uint32_t domain);

/* The next session whose key differs in the ports only, behind o (NULL: the first); NULL: no more. */
struct session *session_kin(struct sessions *, const struct session *, const struct session *o);

/* The connection has ended: its sessions forget their templates (RFC 7011 8). */
void sessions_disconnect(struct sessions *, enum wire_stream, const struct addr *exporter,
    uint16_t port, const struct wire_place *to);

#endif
