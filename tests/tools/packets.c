/*
 * packets - the headers of every packet of a capture, as packet_parse sees them.
 *
 *	packets FILE
 *
 * A line for each: source, destination, protocol, ports (ICMP: destination port is type * 256 + code), octets,
 * TCP flags, VLAN, type of service; separated by tabs, empty where there is none.
 */
#include <pcap/pcap.h>
#include <stdio.h>

#include "base/num.h"
#include "flow/packet.h"

static void
print_uint(const struct packet *p, enum packet_field f, const char *end)
{
	if (packet_has(p, f))
		printf("%llu", (unsigned long long)packet_uint(p, f));
	fputs(end, stdout);
}

static void
print_addr(const struct packet *p, enum packet_field f, const struct addr *a)
{
	char text[64];

	if (packet_has(p, f))
		printf("%.*s", (int)fmt_ip(text, a), text);
	putchar('\t');
}

static void
print_packet(const struct packet *p)
{
	print_addr(p, PACKET_SRC, &p->src);
	print_addr(p, PACKET_DST, &p->dst);
	print_uint(p, PACKET_PROTO, "\t");
	print_uint(p, PACKET_SRC_PORT, "\t");
	if (packet_has(p, PACKET_ICMP_CODE))
		printf("%u\t", p->icmp_type * 256u + p->icmp_code);
	else
		print_uint(p, PACKET_DST_PORT, "\t");
	print_uint(p, PACKET_LENGTH, "\t");
	print_uint(p, PACKET_TCP_FLAGS, "\t");
	print_uint(p, PACKET_VLAN, "\t");
	print_uint(p, PACKET_TOS, "\n");
}

int
main(int argc, char **argv)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *in = argc == 2 ? pcap_open_offline(argv[1], why) : NULL;
	struct pcap_pkthdr *header;
	const uint8_t *data;

	if (in == NULL) {
		fprintf(stderr, "packets: %s\n", argc == 2 ? why : "usage: packets FILE");
		return 2;
	}
	while (pcap_next_ex(in, &header, &data) == 1) {
		struct packet p;

		packet_parse(&p, pcap_datalink(in), cur_over(data, header->caplen));
		print_packet(&p);
	}
	pcap_close(in);
	return 0;
}
