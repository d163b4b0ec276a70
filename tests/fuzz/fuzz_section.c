/*
 * Records that carry the first octets of a packet: what becomes of the record is what the packet's own parser says of
 * the octets.  The input's first octet: bit 0 an IP packet and no frame, 1 of a fixed length, 2 its size, 3 its type
 * and 4 where the octets begin are there (a number of the input each), 5 a source address of the record's own.
 */
#include <assert.h>

#include "../unit/wire_golden.h"
#include "flow/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum how {
	HOW_IP = 1,
	HOW_FIXED = 2,
	HOW_SIZE = 4,
	HOW_TYPE = 8,
	HOW_OFFSET = 16,
	HOW_SOURCE = 32
};
enum { OWN_ADDRESS = 0x0a090807, ID = 256, OCTETS_MAX = 2000 };

struct numbers {
	unsigned size, type, offset;
};

static void
put_template_of(struct craft *c, unsigned how, size_t octets)
{
	unsigned n = 1;

	for (unsigned bit = HOW_SIZE; bit <= HOW_SOURCE; bit *= 2)
		n += (how & bit) != 0;
	open_set(c, 2);
	PUT(c, { ID, 2 }, { n, 2 });
	if (how & HOW_SOURCE)
		PUT(c, { 8, 2 }, { 4, 2 });
	if (how & HOW_SIZE)
		PUT(c, { 312, 2 }, { 2, 2 });
	if (how & HOW_TYPE)
		PUT(c, { 408, 2 }, { 2, 2 });
	if (how & HOW_OFFSET)
		PUT(c, { 409, 2 }, { 2, 2 });
	PUT(c, { how & HOW_IP ? 313 : 315, 2 }, { how & HOW_FIXED ? octets : GOLDEN_VARYING, 2 });
	close_set(c);
}

static void
put_record(struct craft *c, unsigned how, const struct numbers *v, const uint8_t *p, size_t n)
{
	open_set(c, ID);
	if (how & HOW_SOURCE)
		put(c, OWN_ADDRESS, 4);
	if (how & HOW_SIZE)
		put(c, v->size, 2);
	if (how & HOW_TYPE)
		put(c, v->type, 2);
	if (how & HOW_OFFSET)
		put(c, v->offset, 2);
	if (!(how & HOW_FIXED))
		PUT(c, { 255, 1 }, { n, 2 });
	put_text(c, (const char *)p, n);
	close_set(c);
}

static enum wire_kind
kind_of(struct rig *r)
{
	assert(r->b[WIRE_FLOWS4]->n + r->b[WIRE_FLOWS6]->n == 1 && r->b[WIRE_OPTIONS]->n == 0);
	return r->b[WIRE_FLOWS6]->n == 1 ? WIRE_FLOWS6 : WIRE_FLOWS4;
}

static void
check_address(struct rig *r, enum wire_kind kind, const struct packet *p, enum packet_field f,
    const struct addr *a)
{
	bool mapped = p->version == 6 && addr_is_v4(a);
	char want[64];

	want[fmt_ip(want, a)] = '\0';
	if (packet_has(p, f))
		assert(strcmp(text(r, kind, F(packet_element(f, mapped)), 0), want) == 0);
	else
		assert(!has(r, kind, F(packet_element(f, false)), 0));
}

static void
check_numbers(struct rig *r, enum wire_kind kind, const struct packet *p)
{
	static const enum packet_field fields[] = { PACKET_PROTO, PACKET_SRC_PORT, PACKET_DST_PORT,
		PACKET_TCP_FLAGS, PACKET_TOS, PACKET_TTL, PACKET_VLAN, PACKET_SRC_MAC,
		PACKET_ETHERTYPE };

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		struct field_id id = F(packet_element(fields[i], false));

		assert(has(r, kind, id, 0) == packet_has(p, fields[i]));
		if (packet_has(p, fields[i]))
			assert(num(r, kind, id, 0) == packet_uint(p, fields[i]));
	}
}

static void
check(struct rig *r, unsigned how, const struct numbers *v, const struct packet *p)
{
	enum wire_kind kind = kind_of(r);
	bool source = how & HOW_SOURCE;

	if (!source)
		assert((kind == WIRE_FLOWS6) == (packet_has(p, PACKET_SRC) && p->version == 6));
	if (source)
		assert(strcmp(text(r, kind, F(8), 0), "10.9.8.7") == 0);
	else
		check_address(r, kind, p, PACKET_SRC, &p->src);
	check_address(r, kind, p, PACKET_DST, &p->dst);
	check_numbers(r, kind, p);
	assert(num(r, kind, F(2), 0) == 1);
	if (packet_has(p, PACKET_LENGTH))
		assert(num(r, kind, F(1), 0) == p->length);
	else if (how & HOW_SIZE)
		assert(num(r, kind, F(1), 0) == v->size);
	else
		assert(!has(r, kind, F(1), 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct craft c;
	struct cursor in = cur_over(data, len);
	unsigned how = cur_u8(&in);
	struct numbers v = { how & HOW_SIZE ? cur_u16(&in) : 0, how & HOW_TYPE ? cur_u16(&in) : 1,
		how & HOW_OFFSET ? cur_u16(&in) : 0 };
	size_t n = cur_left(&in) < OCTETS_MAX ? cur_left(&in) : OCTETS_MAX;
	bool readable = v.offset == 0 && ((how & HOW_IP) || v.type == 1);
	struct packet p;
	struct rig r;

	if (in.bad || n == 0)
		return 0;
	packet_parse(&p, how & HOW_IP ? LINK_RAW : LINK_ETHERNET, cur_over(in.p, readable ? n : 0));
	rig_open(&r, (struct wire_opts){ .max_sessions = 4 });
	begin_ipfix(&c, 0, 1);
	put_template_of(&c, how, n);
	put_record(&c, how, &v, in.p, n);
	assert(rig_send(&r, &c) == 1);
	check(&r, how, &v, &p);
	rig_close(&r);
	return 0;
}
