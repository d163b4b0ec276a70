/*
 * row.h - one record put together value by value: what a sampled packet or a set of counters says.
 *
 * Records with a template go to their batch column by column (data.c).  These have no template: each
 * has what its packet had.  A row gathers values under fields of one table; when it is appended the
 * columns are looked for where they were the last time, so nothing is searched for per value.
 */
#ifndef WIRE_ROW_H
#define WIRE_ROW_H

#include "flow/packet.h"
#include "wire/decoder.h"

/* Fields besides those of struct packet: name, enterprise, element, scope. */
#define ROW_FIELD_LIST(X) \
	X(LABEL2, PEN_IANA, 71, false) /* ROW_LABEL is PACKET_LABELS; in order */ \
	X(LABEL3, PEN_IANA, 72, false) \
	X(LABEL4, PEN_IANA, 73, false) \
	X(LABEL5, PEN_IANA, 74, false) \
	X(LABEL6, PEN_IANA, 75, false) \
	X(LABEL7, PEN_IANA, 76, false) \
	X(LABEL8, PEN_IANA, 77, false) \
	X(LABEL9, PEN_IANA, 78, false) \
	X(LABEL10, PEN_IANA, 79, false) \
	X(SRC6, PEN_IANA, 27, false) /* ...6: see row_address */ \
	X(DST6, PEN_IANA, 28, false) \
	X(ICMP6_TYPE, PEN_IANA, 178, false) \
	X(ICMP6_CODE, PEN_IANA, 179, false) \
	X(BYTES, PEN_IANA, 1, false) \
	X(PACKETS, PEN_IANA, 2, false) \
	X(FRAME_SIZE, PEN_IANA, 312, false) \
	X(IP_SECTION, PEN_IANA, 313, false) \
	X(FRAME_SECTION, PEN_IANA, 315, false) \
	X(IN_IF, PEN_IANA, 10, false) \
	X(OUT_IF, PEN_IANA, 14, false) \
	X(STATUS, PEN_IANA, 89, false) \
	X(SRC_VLAN, PEN_IANA, 58, false) \
	X(DST_VLAN, PEN_IANA, 59, false) \
	X(NEXT_HOP, PEN_IANA, 15, false) \
	X(NEXT_HOP6, PEN_IANA, 62, false) \
	X(SRC_MASK, PEN_IANA, 9, false) \
	X(DST_MASK, PEN_IANA, 13, false) \
	X(SRC_MASK6, PEN_IANA, 29, false) \
	X(DST_MASK6, PEN_IANA, 30, false) \
	X(BGP_NEXT_HOP, PEN_IANA, 18, false) \
	X(BGP_NEXT_HOP6, PEN_IANA, 63, false) \
	X(SRC_AS, PEN_IANA, 16, false) \
	X(DST_AS, PEN_IANA, 17, false) \
	X(NEXT_AS, PEN_IANA, 128, false) \
	X(PREV_AS, PEN_IANA, 129, false) \
	X(AGENT, PEN_IANA, 130, false) \
	X(AGENT6, PEN_IANA, 131, false) \
	X(INTERVAL, PEN_IANA, 34, false) \
	X(SAMPLING, PEN_OWN, OWN_SAMPLING, false) \
	X(SAMPLING_SRC, PEN_OWN, OWN_SAMPLING_SRC, false) \
	X(SEQUENCE, PEN_SFLOW, SFLOW_SEQUENCE, false) \
	X(SOURCE_TYPE, PEN_SFLOW, SFLOW_SOURCE_TYPE, false) \
	X(SOURCE_INDEX, PEN_SFLOW, SFLOW_SOURCE_INDEX, false) \
	X(POOL, PEN_SFLOW, SFLOW_POOL, false) \
	X(DROPS, PEN_SFLOW, SFLOW_DROPS, false) \
	X(INPUT_FORMAT, PEN_SFLOW, SFLOW_INPUT_FORMAT, false) \
	X(INPUT_VALUE, PEN_SFLOW, SFLOW_INPUT_VALUE, false) \
	X(OUTPUT_FORMAT, PEN_SFLOW, SFLOW_OUTPUT_FORMAT, false) \
	X(OUTPUT_VALUE, PEN_SFLOW, SFLOW_OUTPUT_VALUE, false) \
	X(DISCARD_REASON, PEN_SFLOW, SFLOW_DISCARD_REASON, false) \
	X(OUTPUT_COUNT, PEN_SFLOW, SFLOW_OUTPUT_COUNT, false) \
	X(HEADER_PROTOCOL, PEN_SFLOW, SFLOW_HEADER_PROTOCOL, false) \
	X(STRIPPED, PEN_SFLOW, SFLOW_STRIPPED, false) \
	X(SRC_PRIORITY, PEN_SFLOW, SFLOW_SRC_PRIORITY, false) \
	X(DST_PRIORITY, PEN_SFLOW, SFLOW_DST_PRIORITY, false) \
	X(GATEWAY_AS, PEN_SFLOW, SFLOW_GATEWAY_AS, false) \
	X(AS_PATH, PEN_SFLOW, SFLOW_AS_PATH, false) \
	X(COMMUNITIES, PEN_SFLOW, SFLOW_COMMUNITIES, false) \
	X(LOCAL_PREF, PEN_SFLOW, SFLOW_LOCAL_PREF, false) \
	X(SCOPE_IN_IF, PEN_IANA, 10, true) \
	X(SCOPE_SOURCE_TYPE, PEN_SFLOW, SFLOW_SOURCE_TYPE, true) \
	X(SCOPE_SOURCE_INDEX, PEN_SFLOW, SFLOW_SOURCE_INDEX, true) \
	X(IF_TYPE, PEN_IANA, 368, false) \
	X(IF_INDEX, PEN_SFLOW, SFLOW_IF_INDEX, false) /* the counters of IF-MIB in order */ \
	X(IF_SPEED, PEN_SFLOW, SFLOW_IF_SPEED, false) \
	X(IF_DIRECTION, PEN_SFLOW, SFLOW_IF_DIRECTION, false) \
	X(IF_STATUS, PEN_SFLOW, SFLOW_IF_STATUS, false) \
	X(IF_IN_OCTETS, PEN_SFLOW, SFLOW_IF_IN_OCTETS, false) \
	X(IF_IN_UCAST, PEN_SFLOW, SFLOW_IF_IN_UCAST, false) \
	X(IF_IN_MULTICAST, PEN_SFLOW, SFLOW_IF_IN_MULTICAST, false) \
	X(IF_IN_BROADCAST, PEN_SFLOW, SFLOW_IF_IN_BROADCAST, false) \
	X(IF_IN_DISCARDS, PEN_SFLOW, SFLOW_IF_IN_DISCARDS, false) \
	X(IF_IN_ERRORS, PEN_SFLOW, SFLOW_IF_IN_ERRORS, false) \
	X(IF_IN_UNKNOWN, PEN_SFLOW, SFLOW_IF_IN_UNKNOWN, false) \
	X(IF_OUT_OCTETS, PEN_SFLOW, SFLOW_IF_OUT_OCTETS, false) \
	X(IF_OUT_UCAST, PEN_SFLOW, SFLOW_IF_OUT_UCAST, false) \
	X(IF_OUT_MULTICAST, PEN_SFLOW, SFLOW_IF_OUT_MULTICAST, false) \
	X(IF_OUT_BROADCAST, PEN_SFLOW, SFLOW_IF_OUT_BROADCAST, false) \
	X(IF_OUT_DISCARDS, PEN_SFLOW, SFLOW_IF_OUT_DISCARDS, false) \
	X(IF_OUT_ERRORS, PEN_SFLOW, SFLOW_IF_OUT_ERRORS, false) \
	X(IF_PROMISCUOUS, PEN_SFLOW, SFLOW_IF_PROMISCUOUS, false)

/* The first ones are those of enum packet_field. */
enum row_field {
	ROW_PACKET_LAST = PACKET_FIELDS - 1,
#define ROW_ENUM(NAME, PEN, ID, SCOPE) ROW_##NAME,
	ROW_FIELD_LIST(ROW_ENUM)
#undef ROW_ENUM
	    ROW_FIELDS
};

/* What is known of a field: its column, and where that was in the last batches. */
struct row_column {
	struct field_id id;
	uint8_t type, width;
	bool scope;
	uint16_t hint[WIRE_KINDS];
};

struct row_columns {
	struct row_column column[ROW_FIELDS];
};
struct row_columns *row_columns_new(void);

struct row_cell {
	uint16_t field;
	int16_t col;
	union {
		uint64_t number;
		struct addr ip;
		struct {
			const void *p;
			size_t n;
		} octets;
	};
};

/* A field once at most. */
struct row {
	struct message *m;
	unsigned n;
	struct row_cell cell[ROW_FIELDS];
	uint8_t label[PACKET_LABELS_MAX][3];
};

static inline void
row_begin(struct row *r, struct message *m)
{
	r->m = m;
	r->n = 0;
}

void row_number(struct row *, enum row_field, uint64_t);

/*
 * An address of either family under the IPv4 element; one of IPv6 that reads as IPv4, being mapped, under
 * the IPv6 element.
 */
void row_address(
    struct row *, enum row_field v4, enum row_field v6, const struct addr *, bool is_v6);
void row_octets(struct row *, enum row_field, const void *, size_t); /* borrowed by the row */

/*
 * A packet's fields out of those asked for (bits of enum packet_field), less its length: that belongs
 * to a counter.  Of fragmentation only where the packet is a fragment.
 */
void row_packet(struct row *, const struct packet *, uint64_t fields);

/* A new record, with the message's constants; counted. */
void row_append(struct row *, enum wire_kind);

/* Into a record that a batch has; records in ascending order.  What the batch will not have is counted as bad. */
void row_add(struct row *, enum wire_kind, struct batch *, size_t rec);

#endif
