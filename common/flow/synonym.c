#include "flow/synonym.h"

#include <string.h>
#include <strings.h>

#include "base/num.h"

/*
 * Where two tools mean different things by one name it is not listed.
 * nfdump 1.7 -o csv; SiLK rwcut; Zeek conn.log; pmacct print plugin; AWS VPC flow logs; common in data sets.
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
	/* nfdump */
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
	{ "firstseen", "start", 0 },
	{ "lastseen", "end", 0 },
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
	/* in many files */
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
	{ "octets", "bytes", 0 },
	{ "pkts", "packets", 0 },
	{ "src_as", "srcas", 0 },
	{ "dst_as", "dstas", 0 },
	{ "as_src", "srcas", 0 },
	{ "as_dst", "dstas", 0 },
	{ "iface_in", "inif", 0 },
	{ "iface_out", "outif", 0 },
	{ "peer_ip_src", "exporter", 0 },
};

const struct synonym *
synonym_find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i].name) == n && strncasecmp(names[i].name, name, n) == 0)
			return &names[i];
	return NULL;
}
