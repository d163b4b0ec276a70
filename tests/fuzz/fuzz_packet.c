/*
 * A packet of any link layer: the input's first octet chooses it.  No crash, what the struct promises,
 * and that a packet cut short says nothing that the whole one does not.
 */
#include <assert.h>

#include "flow/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool
has(const struct packet *p, enum packet_field f)
{
	return packet_has(p, f);
}

static void
check(const struct packet *p, const uint8_t *data, size_t len)
{
	bool ports = has(p, PACKET_SRC_PORT) || has(p, PACKET_DST_PORT);

	assert(p->has >> PACKET_FIELDS == 0);
	assert(p->n_labels <= PACKET_LABELS_MAX && has(p, PACKET_LABELS) == (p->n_labels > 0));
	assert(!has(p, PACKET_CVLAN) || has(p, PACKET_VLAN));
	assert(!has(p, PACKET_SRC) || has(p, PACKET_VERSION));
	assert(!has(p, PACKET_VERSION) || p->version == 4 || p->version == 6);
	assert(!has(p, PACKET_FLOW_LABEL) || (p->version == 6 && p->flow_label >> 20 == 0));
	assert(!has(p, PACKET_LENGTH) || p->length > 0);
	assert(!has(p, PACKET_TCP_FLAGS) || (p->proto == 6 && p->tcp_flags >> 12 == 0));
	assert(!ports || (has(p, PACKET_PROTO) && has(p, PACKET_DST) && p->offset == 0));
	assert(!ports || !has(p, PACKET_ICMP_TYPE));
	assert(cur_left(&p->payload) == 0 ||
	       (p->payload.begin >= data && p->payload.end <= data + len));
	assert(cur_left(&p->payload) <= p->payload_len);
	assert(p->network_at <= len);
}

static void
check_part(const struct packet *part, const struct packet *whole)
{
	assert((part->has & ~whole->has) == 0 && part->n_labels <= whole->n_labels);
	for (unsigned f = 0; f < PACKET_FIELDS; f++)
		assert(!packet_has(part, (enum packet_field)f) ||
		       packet_uint(part, (enum packet_field)f) ==
			   packet_uint(whole, (enum packet_field)f));
	assert(!has(part, PACKET_SRC) || memcmp(&part->src, &whole->src, 16) == 0);
	assert(!has(part, PACKET_DST) || memcmp(&part->dst, &whole->dst, 16) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int dlts[] = { LINK_NULL, LINK_ETHERNET, LINK_PPP, LINK_RAW, LINK_PPP_SERIAL,
		LINK_RAW_FILE, LINK_LOOP, LINK_LINUX_SLL, LINK_IPV4, LINK_IPV6, LINK_LINUX_SLL2 };
	struct packet whole, part;
	int dlt;

	if (len == 0 || len > 512)
		return 0;
	dlt = dlts[data[0] % (sizeof dlts / sizeof dlts[0])];
	data++;
	len--;
	packet_parse(&whole, dlt, cur_over(data, len));
	check(&whole, data, len);
	for (size_t n = 0; n < len; n++) {
		packet_parse(&part, dlt, cur_over(data, n));
		check(&part, data, n);
		check_part(&part, &whole);
	}
	return 0;
}
