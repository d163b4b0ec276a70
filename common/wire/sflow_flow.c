/*
 * sflow_flow.c - flow samples of sFlow: each is one packet out of so many, and becomes a flow record.
 *
 * An agent describes the packet by its first octets or by what it took out of them, or both: the
 * octets come first, whatever the order of records.
 */
#include "base/num.h"
#include "flow/link.h"
#include "wire/sflow.h"

/* Records that are decoded; the first of each in a sample. */
enum known { HEADER, ETHERNET, IP4, IP6, SWITCH, ROUTER, GATEWAY, KNOWN };

static enum known
known_of(uint32_t format)
{
	switch (format) {
	case 1: return HEADER;
	case 2: return ETHERNET;
	case 3: return IP4;
	case 4: return IP6;
	case 1001: return SWITCH;
	case 1002: return ROUTER;
	case 1003: return GATEWAY;
	default: return KNOWN;
	}
}

struct sample {
	struct sflow *s;
	struct row *row; /* of s */
	struct packet packet;
	uint32_t frame_len; /* 0 unknown */
	bool has[KNOWN];
	struct cursor *record; /* KNOWN of them, of those it has */
};

/* Interfaces ------------------------------------------------------------------------------------- */

struct interface {
	uint32_t format, value;
};

enum {
	INTERFACE_INDEX = 0,
	INTERFACE_DISCARDED = 1,
	INTERFACE_SEVERAL = 2,
	NO_INTERFACE = 0x3fffffff /* to or from the device itself */
};

static struct interface
read_interface(struct cursor *c, bool expanded)
{
	uint32_t first = cur_u32(c);

	if (expanded)
		return (struct interface){ first, cur_u32(c) };
	return (struct interface){ first >> 30, first & 0x3fffffff };
}

static bool
is_local(const struct interface *i)
{
	return i->format == INTERFACE_INDEX && (i->value == NO_INTERFACE || i->value == UINT32_MAX);
}

/*
 * Why a packet was discarded, as forwardingStatus (IANA 89, RFC 7270 4.12).  Reasons below 256 are codes of
 * ICMP destination unreachable (RFC 792, RFC 1812 5.2.7.1).
 */
static unsigned
discard_status(uint32_t reason)
{
	enum {
		DROPPED = 128,
		ACL_DENY = 129,
		UNROUTABLE = 131,
		DONT_FRAGMENT = 133,
		BAD_TTL = 137,
		POLICER = 138,
		WRED = 139
	};

	switch (reason) {
	case 0: /* net, host; their being unknown, isolated, or out of reach for this service */
	case 1:
	case 6:
	case 7:
	case 8:
	case 11:
	case 12: return UNROUTABLE;
	case 4: return DONT_FRAGMENT;
	case 9: /* administratively prohibited */
	case 10:
	case 13:
	case 258: return ACL_DENY; /* access list */
	case 257: return BAD_TTL;
	case 260: return WRED; /* random early detection */
	case 261: return POLICER; /* traffic shaping */
	default: return DROPPED;
	}
}

static void
put_interfaces(struct sample *p, const struct interface *in, const struct interface *out)
{
	enum { CONSUMED = 195 /* terminated here, for us */ };
	struct row *r = p->row;

	if (in->format == INTERFACE_INDEX && in->value != 0 && !is_local(in))
		row_number(r, ROW_IN_IF, in->value);
	if (is_local(out)) {
		row_number(r, ROW_STATUS, CONSUMED);
	} else if (out->format == INTERFACE_INDEX && out->value != 0) {
		row_number(r, ROW_OUT_IF, out->value);
	} else if (out->format == INTERFACE_DISCARDED) {
		row_number(r, ROW_STATUS, discard_status(out->value));
		row_number(r, ROW_DISCARD_REASON, out->value);
	} else if (out->format == INTERFACE_SEVERAL) {
		row_number(r, ROW_OUTPUT_COUNT, out->value);
	}
	if (sflow_raw(p->s)) {
		row_number(r, ROW_INPUT_FORMAT, in->format);
		row_number(r, ROW_INPUT_VALUE, in->value);
		row_number(r, ROW_OUTPUT_FORMAT, out->format);
		row_number(r, ROW_OUTPUT_VALUE, out->value);
	}
}

/* The packet ------------------------------------------------------------------------------------- */

/* The sampled header: link layer by protocol, octets kept where nobody can read them, and by --raw. */
static bool
put_header(struct sample *p, struct cursor *c)
{
	enum { ETHERNET_FRAME = 1, IP4_PACKET = 11, IP6_PACKET = 12 };
	uint32_t protocol = cur_u32(c), frame_len = cur_u32(c), stripped = cur_u32(c);
	struct cursor octets = cur_sub(c, cur_u32(c));
	bool ip = protocol == IP4_PACKET || protocol == IP6_PACKET;
	struct row *r = p->row;

	if (c->bad)
		return false;
	if (protocol == ETHERNET_FRAME)
		packet_parse(&p->packet, LINK_ETHERNET, octets);
	else if (ip)
		packet_parse(&p->packet, LINK_RAW, octets);
	p->frame_len = frame_len;
	if (sflow_raw(p->s) || !(ip || protocol == ETHERNET_FRAME)) {
		row_octets(r, ip ? ROW_IP_SECTION : ROW_FRAME_SECTION, octets.p, cur_left(&octets));
		row_number(r, ROW_HEADER_PROTOCOL, protocol);
		row_number(r, ROW_STRIPPED, stripped);
	}
	return true;
}

static void
set_address(struct addr *a, const uint8_t *p, bool v6)
{
	if (v6)
		memcpy(a->b, p, 16);
	else
		*a = addr_v4((uint32_t)be_uint(p, 4));
}

/* What the agent says of an IP packet whose header is not there. */
static bool
take_ip(struct sample *p, struct cursor *c, bool v6)
{
	struct packet *to = &p->packet;
	uint32_t length = cur_u32(c), proto = cur_u32(c);
	const uint8_t *src = cur_octets(c, v6 ? 16 : 4), *dst = cur_octets(c, v6 ? 16 : 4);
	uint32_t src_port = cur_u32(c), dst_port = cur_u32(c), flags = cur_u32(c), tos = cur_u32(c);

	if (c->bad)
		return false;
	if (packet_has(to, PACKET_DST))
		return true;
	to->version = v6 ? 6 : 4;
	to->length = length;
	to->proto = (uint8_t)proto;
	to->tos = (uint8_t)tos;
	to->tcp_flags = (uint16_t)flags;
	to->src_port = (uint16_t)src_port;
	to->dst_port = (uint16_t)dst_port;
	set_address(&to->src, src, v6);
	set_address(&to->dst, dst, v6);
	packet_set(to, PACKET_VERSION);
	if (length > 0)
		packet_set(to, PACKET_LENGTH);
	packet_set(to, PACKET_PROTO);
	packet_set(to, PACKET_TOS);
	packet_set(to, PACKET_TCP_FLAGS);
	packet_set(to, PACKET_SRC_PORT);
	packet_set(to, PACKET_DST_PORT);
	packet_set(to, PACKET_SRC);
	packet_set(to, PACKET_DST);
	return true;
}

/* The same of an Ethernet frame; MAC addresses are padded to 8 octets. */
static bool
take_ethernet(struct sample *p, struct cursor *c)
{
	struct packet *to = &p->packet;
	uint32_t frame_len = cur_u32(c), type;
	const uint8_t *src = cur_octets(c, 8), *dst = cur_octets(c, 8);

	type = cur_u32(c);
	if (c->bad)
		return false;
	if (p->frame_len == 0)
		p->frame_len = frame_len;
	if (packet_has(to, PACKET_SRC_MAC))
		return true;
	to->src_mac = be_uint(src, 6);
	to->dst_mac = be_uint(dst, 6);
	to->ethertype = (uint16_t)type;
	packet_set(to, PACKET_SRC_MAC);
	packet_set(to, PACKET_DST_MAC);
	packet_set(to, PACKET_ETHERTYPE);
	return true;
}

/* A sample is one packet; its octets are those of IP where there is IP, else the frame's. */
static void
put_packet(struct sample *p)
{
	const struct packet *packet = &p->packet;
	struct row *r = p->row;

	row_packet(r, packet, UINT64_MAX);
	row_number(r, ROW_PACKETS, 1);
	if (packet_has(packet, PACKET_LENGTH))
		row_number(r, ROW_BYTES, packet->length);
	else if (packet_has(packet, PACKET_VERSION) && p->frame_len > packet->network_at)
		row_number(r, ROW_BYTES, p->frame_len - packet->network_at);
	else if (p->frame_len > 0)
		row_number(r, ROW_BYTES, p->frame_len);
	if (p->frame_len > 0)
		row_number(r, ROW_FRAME_SIZE, p->frame_len);
}

/* What the device knows beside it ---------------------------------------------------------------- */

static bool
put_switch(struct sample *p, struct cursor *c)
{
	static const enum row_field order[] = { ROW_SRC_VLAN, ROW_SRC_PRIORITY, ROW_DST_VLAN,
		ROW_DST_PRIORITY };

	if (cur_left(c) < 4 * sizeof(order) / sizeof(order[0]))
		return false;
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		sflow_number(p->row, order[i], cur_u32(c));
	return true;
}

/* The next hop is of its own family, the prefixes are of the packet's: a route of IPv6 may lead over IPv4. */
static bool
put_router(struct sample *p, struct cursor *c)
{
	struct addr hop = { .b = { 0 } };
	bool hop_v6, v6, known = sflow_address(c, &hop, &hop_v6);
	uint32_t src_mask = cur_u32(c), dst_mask = cur_u32(c);

	if (c->bad)
		return false;
	v6 = packet_has(&p->packet, PACKET_VERSION) ? p->packet.version == 6 : hop_v6;
	if (known)
		row_address(p->row, ROW_NEXT_HOP, ROW_NEXT_HOP6, &hop, hop_v6);
	sflow_number(p->row, v6 ? ROW_SRC_MASK6 : ROW_SRC_MASK, src_mask);
	sflow_number(p->row, v6 ? ROW_DST_MASK6 : ROW_DST_MASK, dst_mask);
	return true;
}

/* n numbers of 4 octets; NULL: there are not so many. */
static const uint8_t *
take_numbers(struct cursor *c, uint32_t n)
{
	if (n > cur_left(c) / 4)
		c->bad = true;
	return cur_octets(c, (size_t)n * 4);
}

static void
put_text(struct buf *text, uint64_t v)
{
	text->len += fmt_u64(buf_room(text, FMT_MAX), v);
}

/* The path as people write it: 64496 64497 {64498 64499}; first and last are of its ends. */
static bool
read_path(struct buf *text, struct cursor *c, uint32_t *first, uint32_t *last)
{
	enum { SET = 1 };
	uint32_t segments = cur_u32(c);

	*first = *last = 0;
	for (; segments > 0 && !c->bad; segments--) {
		bool set = cur_u32(c) == SET;
		uint32_t n = cur_u32(c);
		const uint8_t *as = take_numbers(c, n);

		for (uint32_t i = 0; as != NULL && i < n; i++) {
			*last = (uint32_t)be_uint(as + 4 * (size_t)i, 4);
			if (text->len == 0)
				*first = *last;
			else
				buf_putc(text, ' ');
			if (set && i == 0)
				buf_putc(text, '{');
			put_text(text, *last);
			if (set && i == n - 1)
				buf_putc(text, '}');
		}
	}
	return !c->bad;
}

/* Of RFC 1997: AS and a number. */
static bool
read_communities(struct buf *text, struct cursor *c)
{
	uint32_t n = cur_u32(c);
	const uint8_t *p = take_numbers(c, n);

	for (uint32_t i = 0; p != NULL && i < n; i++, p += 4) {
		if (i > 0)
			buf_putc(text, ' ');
		put_text(text, be_uint(p, 2));
		buf_putc(text, ':');
		put_text(text, be_uint(p + 2, 2));
	}
	return !c->bad;
}

static bool
put_gateway(struct sample *p, struct cursor *c)
{
	struct addr hop = { .b = { 0 } };
	bool v6, known = sflow_address(c, &hop, &v6);
	uint32_t as = cur_u32(c), src_as = cur_u32(c), src_peer = cur_u32(c), next, last;
	struct buf *text = &p->s->text;
	struct row *r = p->row;
	uint32_t local_pref;
	size_t path_len;

	text->len = 0;
	if (!read_path(text, c, &next, &last))
		return false;
	path_len = text->len;
	if (!read_communities(text, c))
		return false;
	local_pref = cur_u32(c);
	if (c->bad)
		return false;
	if (known)
		row_address(r, ROW_BGP_NEXT_HOP, ROW_BGP_NEXT_HOP6, &hop, v6);
	row_number(r, ROW_GATEWAY_AS, as);
	row_number(r, ROW_SRC_AS, src_as);
	row_number(r, ROW_PREV_AS, src_peer);
	row_number(r, ROW_LOCAL_PREF, local_pref);
	if (path_len > 0) {
		row_number(r, ROW_NEXT_AS, next);
		row_number(r, ROW_DST_AS, last);
		row_octets(r, ROW_AS_PATH, text->data, path_len);
	}
	if (text->len > path_len)
		row_octets(r, ROW_COMMUNITIES, text->data + path_len, text->len - path_len);
	return true;
}

/* The sample ------------------------------------------------------------------------------------- */

/* Note where the records are that are decoded; the rest is passed over. */
static void
find_records(struct sample *p, struct sflow_records *records)
{
	struct sflow_part part;

	while (sflow_record(p->s, records, &part)) {
		enum known k = known_of(part.format);

		if (k == KNOWN || p->has[k]) {
			p->s->m->s->stats.skipped++;
			continue;
		}
		p->has[k] = true;
		p->record[k] = part.body;
	}
}

static bool
put_record(struct sample *p, enum known k, struct cursor *c)
{
	switch (k) {
	case HEADER: return put_header(p, c);
	case ETHERNET: return take_ethernet(p, c);
	case IP4: return take_ip(p, c, false);
	case IP6: return take_ip(p, c, true);
	case SWITCH: return put_switch(p, c);
	case ROUTER: return put_router(p, c);
	case GATEWAY: return put_gateway(p, c);
	case KNOWN: break;
	}
	return true;
}

void
sflow_flow_sample(struct sflow *s, struct cursor *c, bool expanded)
{
	uint32_t sequence = cur_u32(c), rate, pool, drops;
	struct sflow_source source = sflow_source(c, expanded);
	struct cursor record[KNOWN];
	struct sample p = { .s = s, .row = &s->row, .record = record };
	struct sflow_records records = { c, 0 };
	struct interface in, out;

	rate = cur_u32(c);
	pool = cur_u32(c);
	drops = cur_u32(c);
	in = read_interface(c, expanded);
	out = read_interface(c, expanded);
	records.left = cur_u32(c);
	if (c->bad) {
		message_bad(s->m, BAD_RECORD);
		return;
	}
	row_begin(p.row, s->m);
	put_interfaces(&p, &in, &out);
	if (s->has_agent)
		row_address(p.row, ROW_AGENT, ROW_AGENT6, &s->agent, s->agent_v6);
	if (rate > 0) {
		row_number(p.row, ROW_SAMPLING, rate);
		row_number(p.row, ROW_SAMPLING_SRC, SAMPLING_RECORD);
	}
	if (sflow_raw(s)) {
		row_number(p.row, ROW_INTERVAL, rate);
		row_number(p.row, ROW_SEQUENCE, sequence);
		row_number(p.row, ROW_SOURCE_TYPE, source.type);
		row_number(p.row, ROW_SOURCE_INDEX, source.index);
		row_number(p.row, ROW_POOL, pool);
		row_number(p.row, ROW_DROPS, drops);
	}
	find_records(&p, &records);
	for (unsigned k = 0; k < KNOWN; k++)
		if (p.has[k] && !put_record(&p, (enum known)k, &p.record[k]))
			message_bad(s->m, BAD_RECORD);
	put_packet(&p);
	s->m->n_constants = s->n_flows;
	row_append(p.row,
	    packet_has(&p.packet, PACKET_SRC) && p.packet.version == 6 ? WIRE_FLOWS6 : WIRE_FLOWS4);
}
