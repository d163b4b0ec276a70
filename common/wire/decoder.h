/*
 * decoder.h - what the decoders of all protocols share while they take one message apart.
 */
#ifndef WIRE_DECODER_H
#define WIRE_DECODER_H

#include "base/cursor.h"
#include "wire/session.h"

enum {
	CONSTANTS_MAX = 16,
	SETS_DEFERRED_MAX = 1024,
	SLICES = 65536 + TEMPLATE_FIELDS_MAX,
	GATHERED = 65536,
	FIXED_LAYOUTS = 3 /* NetFlow v1, v5, v7 */
};

/* A column with one value in all records of a message. */
struct constant {
	struct field_id id;
	uint8_t type, width;
	uint64_t value;
	const struct addr *ip; /* TYPE_IP */
	const char *text; /* TYPE_STRING */
};

/* Where a field of a record of varying length is, relative to its set. */
struct slice {
	uint16_t at, len;
};

struct wire {
	struct sessions sessions;
	struct template *fixed[FIXED_LAYOUTS];
	struct row_columns *rows; /* row.h */
	struct constant constants[CONSTANTS_MAX]; /* of the message at hand */
	uint16_t constant_hint[WIRE_KINDS][CONSTANTS_MAX]; /* their columns in the last batches */
	int constant_col[CONSTANTS_MAX]; /* in the batch at hand; -1: it will not have one */

	/* Scratch of one data set. */
	struct slice *slices; /* SLICES of them */
	uint8_t *gathered; /* one field of all records */
	struct buf list;
	uint16_t deferred[SETS_DEFERRED_MAX]; /* offsets of sets that wait for a template */
	struct spec *specs; /* TEMPLATE_FIELDS_MAX: a definition being read */
	uint64_t *defined, strict; /* of a strict collector: see ipfix.c */
	bool broken; /* see wire_broken */
};

struct message {
	struct wire *w;
	struct session *s;
	const struct wire_msg *msg;
	const struct wire_out *out;

	int64_t export_ns; /* the header's time */
	bool has_uptime;
	int64_t uptime_ns; /* the time at which the exporter's uptime was uptime_ms */
	uint32_t uptime_ms;

	unsigned n_constants; /* of w->constants */

	size_t appended; /* records given to the caller */
	uint64_t units; /* records in decodable sets, for sequence numbers */
	uint64_t uncounted; /* octets of sets that could not be decoded: at most so many records */
	unsigned header_count; /* v9: records of all kinds that the header promises, 0 unknown */
	unsigned seen; /* of these */
	bool defined; /* a template: what waits for it can be decoded */
};

/* Constants that every record has; the message's header fields are set. */
void data_begin(struct message *);
void data_constant(struct message *, struct field_id, enum type, unsigned width, uint64_t);

void data_guess_times(struct message *); /* start and end are when it was received, and say so */

/*
 * The column, from where it was last time if it is still there; -1 as batch_column.
 */
int data_column(
    struct batch *, uint16_t *hint, const struct field_id *, enum type, unsigned width, bool scope);

/*
 * Records without a template: find the constants' columns (false: the batch will not have one of them), and
 * fill them for records that were added since.
 */
bool data_constants(struct message *, struct batch *, enum wire_kind);
void data_fill_constants(struct message *, struct batch *, size_t first, size_t n);

/* Decode a data set's octets by a template and append the records. */
void data_set(struct message *, struct template *, const uint8_t *, size_t len);

/* A list on the wire (RFC 6313) as a self-contained value (flow/list.h). false: damaged, nothing in out. */
bool wire_list(
    struct message *, const struct field_id *, const uint8_t *, size_t len, struct buf *out);

/*
 * Walk the sets of a message (v9: flowsets).  Each protocol says what an id below 256 is.
 * Data sets before their template wait until the whole message was walked.
 */
struct set_kinds {
	uint16_t templates, options; /* ids of sets that define; others below 256 are errors */
	void (*define)(struct message *, bool options, struct cursor *);
	bool (*agrees)(struct message *, uint16_t id, struct cursor); /* see sets_well_formed */
};
void sets_walk(struct message *, const struct set_kinds *, const uint8_t *, size_t len);

/*
 * Would a strict collector take it (RFC 7011 9.1)?  By the lengths of sets, and by what kinds.agrees finds in each.
 * Nothing is learned of it; why not is counted.
 */
bool sets_well_formed(struct message *, const struct set_kinds *, const uint8_t *, size_t len);

/* A varying field's length (RFC 7011 7): one octet, or 255 and two. */
static inline size_t
varying_length(struct cursor *c)
{
	size_t len = cur_u8(c);

	return len < 255 ? len : cur_u16(c);
}

void fixed_decode(struct message *, const uint8_t *, size_t len); /* NetFlow v1, v5, v7 */
void netflow9_decode(struct message *, const uint8_t *, size_t len);
void ipfix_decode(struct message *, const uint8_t *, size_t len);
void sflow_decode(struct message *, const uint8_t *, size_t len);
struct template *fixed_template(unsigned layout, bool raw);

/*
 * The exporter's uptime and its sequence number both went back: it began anew.  One alone proves nothing: a
 * late message has a lower number, a wrapped uptime (49.7 days) is not less by serial arithmetic.  The
 * uptime is remembered for the next message.
 */
bool message_restarted(struct message *, uint32_t uptime_ms, uint32_t seq);

static inline void
message_bad(struct message *m, enum wire_bad what)
{
	m->s->stats.bad[what]++;
}

#endif
