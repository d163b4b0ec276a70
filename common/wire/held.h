/*
 * held.h - data sets that came before their template (RFC 3954 9, RFC 7011 8).
 *
 * A set is kept with all that decoding it later needs: the message's clocks, its count of records and when it was
 * received.  What can be held is bounded in age, in octets, of which no exporter gets more than a share, and in
 * template ids of a session.  The oldest gives way, and is counted; what strangers sent before what known exporters
 * did.  Private to wire/.
 */
#ifndef WIRE_HELD_H
#define WIRE_HELD_H

#include "wire/decoder.h"

struct held {
	struct session *session;
	struct held *newer, *older; /* of its tier */
	struct held *next; /* waits for the same template */
	const struct wire_source *source;
	enum rank rank; /* of the session, when it came */
	int64_t received_ns, export_ns;
	bool has_uptime;
	uint32_t uptime_ms;
	uint64_t message; /* of the session, by number: sets of one share its count */
	unsigned header_count, seen; /* v9: see struct message */
	uint16_t port, id, len;
	uint8_t octets[];
};

/* Keep the body of a data set of this message.  false: there is no room for it. */
bool held_add(struct message *, uint16_t id, const uint8_t *, size_t len);

/* Decode what waited for the templates that the message defined, its session's and that of its kin. */
void held_replay(struct message *);

/* What is too old now goes. */
void held_expire(struct sessions *, int64_t now_ns);

/* All of a session that goes. */
void held_drop(struct sessions *, struct session *);

#endif
