#include "flow/synonym.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"

/*
 * Where two tools mean different things by one name, a name that only one of them has beside it tells them apart
 * (unless), or it is not listed.
 */
static const struct synonym names[] = {
	/* times that count in a unit of their own */
	{ "start_ms", "start", NS_PER_MS },
	{ "end_ms", "end", NS_PER_MS },
	{ "duration_ms", "duration", NS_PER_MS },
	{ "start_us", "start", NS_PER_US },
	{ "end_us", "end", NS_PER_US },
	{ "duration_us", "duration", NS_PER_US },
	{ "start_ns", "start", 1 },
	{ "end_ns", "end", 1 },
	{ "duration_ns", "duration", 1 },
	{ "start_s", "start", NS_PER_S },
	{ "end_s", "end", NS_PER_S },
	{ "duration_s", "duration", NS_PER_S },
	{ "start_time", "start", 0 },
	{ "end_time", "end", 0 },
	{ "stime", "start", 0 },
	{ "etime", "end", 0 },
	{ "timestamp_start", "start", 0 },
	{ "timestamp_end", "end", 0 },
	{ "timestamp", "start", 0 },
	/* nfdump until 1.7.3 */
	{ "ts", "start", 0 },
	{ "te", "end", 0 },
	{ "td", "duration", 0 },
	{ "sa", "srcip", 0 },
	{ "da", "dstip", 0 },
	{ "sp", "srcport", 0 },
	{ "dp", "dstport", 0 },
	{ "pr", "proto", 0 },
	{ "flg", "flags", 0 },
	{ "fwd", "forwardingStatus", 0 },
	{ "stos", "tos", 0 },
	{ "ipkt", "packets", 0 },
	{ "ibyt", "bytes", 0 },
	{ "opkt", "postPacketDeltaCount", 0 },
	{ "obyt", "postOctetDeltaCount", 0 },
	{ "in", "inif", 0 },
	{ "out", "outif", 0 },
	{ "sas", "srcas", 0 },
	{ "das", "dstas", 0 },
	{ "smk", "srcmask", 0 },
	{ "dmk", "dstmask", 0 },
	{ "dtos", "postIpClassOfService", 0 },
	{ "dir", "flowDirection", 0 },
	{ "nh", "nexthop", 0 },
	{ "nhb", "bgpNextHopIPv4Address", 0 },
	{ "svln", "vlanId", 0 },
	{ "dvln", "postVlanId", 0 },
	{ "ismc", "sourceMacAddress", 0 },
	{ "odmc", "postDestinationMacAddress", 0 },
	{ "idmc", "destinationMacAddress", 0 },
	{ "osmc", "postSourceMacAddress", 0 },
	{ "ra", "exporter", 0 },
	/* nfdump since 1.7.4 */
	{ "firstseen", "start", 0 },
	{ "lastseen", "end", 0 },
	{ "inpackets", "packets", 0 },
	{ "inbytes", "bytes", 0 },
	{ "outpackets", "postPacketDeltaCount", 0 },
	{ "outbytes", "postOctetDeltaCount", 0 },
	{ "srctos", "tos", 0 },
	{ "dsttos", "postIpClassOfService", 0 },
	{ "input", "inif", 0 },
	{ "output", "outif", 0 },
	{ "nextip", "nexthop", 0 },
	{ "bgpnextip", "bgpNextHopIPv4Address", 0 },
	{ "routerip", "exporter", 0 },
	{ "insrcmac", "sourceMacAddress", 0 },
	{ "outdstmac", "postDestinationMacAddress", 0 },
	{ "indstmac", "destinationMacAddress", 0 },
	{ "outsrcmac", "postSourceMacAddress", 0 },
	/* Zeek */
	{ "id.orig_h", "srcip", 0 },
	{ "id.resp_h", "dstip", 0 },
	{ "id.orig_p", "srcport", 0 },
	{ "id.resp_p", "dstport", 0 },
	{ "orig_pkts", "packets", 0 },
	{ "resp_pkts", "rpackets", 0 },
	{ "orig_ip_bytes", "bytes", 0 },
	{ "resp_ip_bytes", "rbytes", 0 },
	/* SiLK */
	{ "sip", "srcip", 0 },
	{ "dip", "dstip", 0 },
	{ "pro", "proto", 0 },
	{ "dur", "duration", 0 },
	{ "nhip", "nexthop", 0 },
	/* Argus; its totals are of both directions */
	{ "starttime", "start", 0 },
	{ "lasttime", "end", 0 },
	{ "totpkts", "packets", 0 },
	{ "totbytes", "bytes", 0 },
	{ "srcpkts", "packets", 0 },
	{ "dstpkts", "rpackets", 0 },
	{ "srcbytes", "bytes", 0 },
	{ "dstbytes", "rbytes", 0 },
	/* UNSW-NB15 */
	{ "dsport", "dstport", 0 },
	{ "ltime", "end", 0 },
	{ "spkts", "packets", 0 },
	{ "dpkts", "rpackets", 0 },
	{ "sbytes", "bytes", 0 },
	{ "dbytes", "rbytes", 0 },
	/* CICFlowMeter */
	{ "flow duration", "duration", NS_PER_US },
	{ "total fwd packets", "packets", 0 },
	{ "total backward packets", "rpackets", 0 },
	{ "total length of fwd packets", "bytes", 0 },
	{ "total length of bwd packets", "rbytes", 0 },
	{ "tot fwd pkts", "packets", 0 },
	{ "tot bwd pkts", "rpackets", 0 },
	{ "totlen fwd pkts", "bytes", 0 },
	{ "totlen bwd pkts", "rbytes", 0 },
	/* ipfixprobe and NEMEA */
	{ "time_first", "start", 0 },
	{ "time_last", "end", 0 },
	{ "packets_rev", "rpackets", 0 },
	{ "bytes_rev", "rbytes", 0 },
	{ "tcp_flags_rev", "rflags", 0 },
	/* NetFlow v9 (RFC 3954) */
	{ "ipv4_src_addr", "srcip", 0 },
	{ "ipv4_dst_addr", "dstip", 0 },
	{ "l4_src_port", "srcport", 0 },
	{ "l4_dst_port", "dstport", 0 },
	{ "in_pkts", "packets", 0 },
	{ "in_bytes", "bytes", 0 },
	{ "src_tos", "tos", 0 },
	{ "input_snmp", "inif", 0 },
	{ "output_snmp", "outif", 0 },
	{ "ipv4_next_hop", "nexthop", 0 },
	{ "flow_start_milliseconds", "start", NS_PER_MS },
	{ "flow_end_milliseconds", "end", NS_PER_MS },
	{ "flow_duration_milliseconds", "duration", NS_PER_MS },
	/* pmacct, AWS VPC, and many files */
	{ "src_ip", "srcip", 0 },
	{ "dst_ip", "dstip", 0 },
	{ "src ip", "srcip", 0 },
	{ "dst ip", "dstip", 0 },
	{ "src port", "srcport", 0 },
	{ "dst port", "dstport", 0 },
	{ "source_ip", "srcip", 0 },
	{ "destination_ip", "dstip", 0 },
	{ "source_port", "srcport", 0 },
	{ "destination_port", "dstport", 0 },
	{ "source ip", "srcip", 0 },
	{ "destination ip", "dstip", 0 },
	{ "source port", "srcport", 0 },
	{ "destination port", "dstport", 0 },
	{ "ip_src", "srcip", 0 },
	{ "ip_dst", "dstip", 0 },
	{ "srcaddr", "srcip", 0 },
	{ "dstaddr", "dstip", 0 },
	{ "src_port", "srcport", 0 },
	{ "dst_port", "dstport", 0 },
	{ "port_src", "srcport", 0 },
	{ "port_dst", "dstport", 0 },
	{ "sport", "srcport", 0 },
	{ "dport", "dstport", 0 },
	{ "protocol", "proto", 0 },
	{ "ip_proto", "proto", 0 },
	{ "tcpflags", "flags", 0 },
	{ "tcp_flags", "flags", 0 },
	{ "tcp-flags", "flags", 0 },
	{ "octets", "bytes", 0 },
	{ "pkts", "packets", 0 },
	{ "src_as", "srcas", 0 },
	{ "dst_as", "dstas", 0 },
	{ "as_src", "srcas", 0 },
	{ "as_dst", "dstas", 0 },
	{ "iface_in", "inif", 0 },
	{ "iface_out", "outif", 0 },
	{ "in_iface", "inif", 0 },
	{ "out_iface", "outif", 0 },
	{ "peer_ip_src", "exporter", 0 },
	{ "peer_src_ip", "exporter", 0 },
	{ "peer_ip_dst", "bgpNextHopIPv4Address", 0 },
	{ "peer_dst_ip", "bgpNextHopIPv4Address", 0 },
	{ "post_nat_src_ip", "natsrcip", 0 },
	{ "post_nat_dst_ip", "natdstip", 0 },
	{ "post_nat_src_port", "natsrcport", 0 },
	{ "post_nat_dst_port", "natdstport", 0 },
	{ "nat_event", "natevent", 0 },
	{ "sampling_rate", "sampling", 0 },
	{ "src_mac", "srcmac", 0 },
	{ "dst_mac", "dstmac", 0 },
	{ "mac_src", "srcmac", 0 },
	{ "mac_dst", "dstmac", 0 },
	{ "src_mask", "srcmask", 0 },
	{ "dst_mask", "dstmask", 0 },
	{ "mask_src", "srcmask", 0 },
	{ "mask_dst", "dstmask", 0 },
};

/*
 * Names that mean something else in files that have another column too, by this name or by one that means it anywhere:
 * what Argus calls Dir is an arrow, dTos is of the other direction, and where it writes both directions together, one
 * of them is a part of that.
 */
static const char *const unless[][2] = {
	{ "timestamp", "start" },
	{ "dtos", "srcaddr" },
	{ "dir", "srcaddr" },
	{ "srcpkts", "packets" },
	{ "dstpkts", "packets" },
	{ "srcbytes", "bytes" },
	{ "dstbytes", "bytes" },
	{ "spkts", "packets" },
	{ "dpkts", "packets" },
	{ "sbytes", "bytes" },
	{ "dbytes", "bytes" },
};

const struct synonym *
synonym_find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == n && strncasecmp(names[i].name, name, n) == 0)
			return &names[i];
	return NULL;
}

const char *
synonym_unless(const struct synonym *s)
{
	for (size_t i = 0; i < sizeof(unless) / sizeof(unless[0]); i++)
		if (strcmp(unless[i][0], s->name) == 0)
			return unless[i][1];
	return NULL;
}
