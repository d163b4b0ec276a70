#include "flow/field.h"

/*
 * Short names.  Where an alias lists several elements, exporters use them for the same thing and the
 * first one a record has is read.  Order matters twice: a column is shown under the first alias that
 * begins with its identity, and --help-fields lists them as they stand.  Addresses are stored under
 * the IPv4 element whatever their family; the IPv6 element behind it is for columns that are not ours.
 */
#define IE(N) \
	{ \
		.id = N \
	}
#define OWN(N) \
	{ \
		.pen = PEN_OWN, .id = OWN_##N \
	}
#define V9(N) \
	{ \
		.pen = PEN_V9, .id = N \
	}
#define PE(P, N) \
	{ \
		.pen = P, .id = N \
	}

#define IDS(...) \
	.n = sizeof((struct field_id[]){ __VA_ARGS__ }) / sizeof(struct field_id), \
	.id = { __VA_ARGS__ }

/* clang-format off */
static const struct alias table[] = {
	{ "srcip", "source address, either family", 0, IDS(IE(8), IE(27)) },
	{ "dstip", "destination address, either family", 0, IDS(IE(12), IE(28)) },
	{ "srcport", "source port", 0, IDS(IE(7), IE(180), IE(182)) },
	{ "dstport", "destination port", 0, IDS(IE(11), IE(181), IE(183)) },
	{ "proto", "IP protocol: 6 or tcp, 17 or udp ...", 0, IDS(IE(4)) },
	{ "flags", "TCP flags seen: letters of CEUAPRSF, or a number", 0, IDS(IE(6)) },
	{ "tos", "type of service or traffic class", 0, IDS(IE(5)) },
	{ "packets", "packets of the flow, as counted (not scaled by sampling)", 0, IDS(IE(2), IE(86), IE(298)) },
	{ "bytes", "octets of the flow, as counted (not scaled by sampling)", 0, IDS(IE(1), IE(85), IE(231)) },
	{ "flows", "flows in this record; a record that does not say counts 1", DERIVED_FLOWS, IDS(IE(3)) },
	{ "start", "first packet of the flow", 0, IDS(OWN(START)) },
	{ "end", "last packet of the flow", 0, IDS(OWN(END)) },
	{ "duration", "end - start, else the duration the exporter sent", DERIVED_DURATION, .n = 0 },
	{ "bps", "bits per second over the duration", DERIVED_BPS, .n = 0 },
	{ "pps", "packets per second over the duration", DERIVED_PPS, .n = 0 },
	{ "bpp", "bytes per packet", DERIVED_BPP, .n = 0 },
	{ "inif", "interface the flow came in by", 0, IDS(IE(10), IE(252)) },
	{ "outif", "interface the flow went out by", 0, IDS(IE(14), IE(253)) },
	{ "srcas", "source autonomous system", 0, IDS(IE(16)) },
	{ "dstas", "destination autonomous system", 0, IDS(IE(17)) },
	{ "prevas", "autonomous system before this one", 0, IDS(IE(129)) },
	{ "nextas", "autonomous system behind this one", 0, IDS(IE(128)) },
	{ "srcmask", "length of the source prefix", 0, IDS(IE(9), IE(29)) },
	{ "dstmask", "length of the destination prefix", 0, IDS(IE(13), IE(30)) },
	{ "srcprefix", "source prefix", 0, IDS(IE(44), IE(170)) },
	{ "dstprefix", "destination prefix", 0, IDS(IE(45), IE(169)) },
	{ "nexthop", "next hop address", 0, IDS(IE(15), IE(62)) },
	{ "bgpnexthop", "BGP next hop address", 0, IDS(IE(18), IE(63)) },
	{ "exporter", "exporter: as a mediator carries it, else the message's source address", 0, IDS(IE(130), IE(131), OWN(EXPORTER)) },
	{ "source", "what the collector was told to call the exporter", 0, IDS(OWN(SOURCE)) },
	{ "domain", "observation domain: in the record, else of the message", 0, IDS(IE(149), OWN(DOMAIN)) },
	{ "received", "when the collector had the message", 0, IDS(OWN(RECEIVED)) },
	{ "sampling", "packets that one counted packet stands for", 0, IDS(OWN(SAMPLING)) },
	{ "samplingsrc", "where sampling came from", 0, IDS(OWN(SAMPLING_SRC)) },
	{ "exportversion", "export protocol: NetFlow 1, 5, 7, 9; IPFIX 10; sFlow 5 is 105", 0, IDS(OWN(VERSION)) },
	{ "app", "application: its id, else its name", 0, IDS(IE(95), IE(96)) },
	{ "appname", "application name", 0, IDS(IE(96)) },
	{ "direction", "0 ingress, 1 egress, at the observation point", 0, IDS(IE(61)) },
	{ "endreason", "why the flow ended: 1 idle 2 active timeout 3 end 4 forced 5 resources", 0, IDS(IE(136)) },
	{ "fwdstatus", "forwarding status: 64 forwarded, 128 dropped, 192 consumed, and reasons", 0, IDS(IE(89)) },
	{ "srcmac", "source MAC address", 0, IDS(IE(56)) },
	{ "dstmac", "destination MAC address", 0, IDS(IE(80)) },
	{ "postsrcmac", "source MAC address when leaving", 0, IDS(IE(81)) },
	{ "postdstmac", "destination MAC address when leaving", 0, IDS(IE(57)) },
	{ "vlan", "VLAN", 0, IDS(IE(58), IE(243)) },
	{ "srcvlan", "VLAN the flow came in by; the same as vlan", 0, IDS(IE(58), IE(243)) },
	{ "dstvlan", "VLAN the flow went out by", 0, IDS(IE(59), IE(254)) },
	{ "cvlan", "customer VLAN", 0, IDS(IE(245)) },
	{ "icmp", "ICMP type * 256 + code", 0, IDS(IE(32), IE(139)) },
	{ "icmptype", "ICMP type", 0, IDS(IE(176), IE(178)) },
	{ "icmpcode", "ICMP code", 0, IDS(IE(177), IE(179)) },
	{ "ttl", "time to live or hop limit", 0, IDS(IE(192)) },
	{ "minttl", "least time to live seen", 0, IDS(IE(52)) },
	{ "maxttl", "greatest time to live seen", 0, IDS(IE(53)) },
	{ "minlen", "length of the shortest packet", 0, IDS(IE(25)) },
	{ "maxlen", "length of the longest packet", 0, IDS(IE(26)) },
	{ "ipversion", "4 or 6", 0, IDS(IE(60)) },
	{ "flowlabel", "IPv6 flow label", 0, IDS(IE(31)) },
	{ "dscp", "differentiated services code point", 0, IDS(IE(195)) },
	{ "posttos", "type of service when leaving", 0, IDS(IE(55)) },
	{ "fragid", "fragment identification", 0, IDS(IE(54)) },
	{ "fragoffset", "fragment offset", 0, IDS(IE(88)) },
	{ "flowid", "the exporter's number of the flow", 0, IDS(IE(148)) },
	{ "mpls1", "MPLS label stack entry, the top", 0, IDS(IE(70)) },
	{ "mpls2", "MPLS label stack entry 2", 0, IDS(IE(71)) },
	{ "mpls3", "MPLS label stack entry 3", 0, IDS(IE(72)) },
	{ "mpls4", "MPLS label stack entry 4", 0, IDS(IE(73)) },
	{ "mpls5", "MPLS label stack entry 5", 0, IDS(IE(74)) },
	{ "mpls6", "MPLS label stack entry 6", 0, IDS(IE(75)) },
	{ "mpls7", "MPLS label stack entry 7", 0, IDS(IE(76)) },
	{ "mpls8", "MPLS label stack entry 8", 0, IDS(IE(77)) },
	{ "mpls9", "MPLS label stack entry 9", 0, IDS(IE(78)) },
	{ "mpls10", "MPLS label stack entry 10", 0, IDS(IE(79)) },
	{ "mplstop", "address of the MPLS top label", 0, IDS(IE(47), IE(140)) },
	{ "natsrcip", "source address after translation", 0, IDS(IE(225), IE(281), V9(40001)) },
	{ "natdstip", "destination address after translation", 0, IDS(IE(226), IE(282), V9(40002)) },
	{ "natsrcport", "source port after translation", 0, IDS(IE(227), V9(40003)) },
	{ "natdstport", "destination port after translation", 0, IDS(IE(228), V9(40004)) },
	{ "natevent", "NAT event (RFC 8158): 1 create, 2 delete ...", 0, IDS(IE(230)) },
	{ "natpool", "NAT pool", 0, IDS(IE(283)) },
	{ "fwevent", "firewall event: 1 created, 2 deleted, 3 denied, 4 alert, 5 update", 0, IDS(IE(233), V9(40005)) },
	{ "fwextevent", "extended firewall event (Cisco NSEL)", 0, IDS(V9(33002)) },
	{ "inacl", "access list of the interface in", 0, IDS(V9(33000), PE(39499, 232)) },
	{ "outacl", "access list of the interface out", 0, IDS(V9(33001), PE(39499, 233)) },
	{ "vrf", "VRF the flow came in by", 0, IDS(IE(234)) },
	{ "ingressvrf", "the same as vrf", 0, IDS(IE(234)) },
	{ "egressvrf", "VRF the flow went out by", 0, IDS(IE(235)) },
	{ "vrfname", "VRF name", 0, IDS(IE(236)) },
	{ "samplerid", "the exporter's number of the sampler", 0, IDS(IE(48)) },
	{ "selectorid", "selector id (RFC 5476)", 0, IDS(IE(302)) },
	{ "username", "user name", 0, IDS(IE(371), PE(39499, 7232), V9(40000)) },
	{ "ifname", "interface name", 0, IDS(IE(82)) },
	{ "ifdesc", "interface description", 0, IDS(IE(83)) },
	{ "enginetype", "NetFlow engine type", 0, IDS(IE(38)) },
	{ "engineid", "NetFlow engine id", 0, IDS(IE(39)) },
	{ "postbytes", "octets when leaving", 0, IDS(IE(23), IE(171)) },
	{ "postpackets", "packets when leaving", 0, IDS(IE(24), IE(172)) },
	{ "ssid", "wireless network name", 0, IDS(IE(147)) },
	{ "stamac", "wireless station's MAC address", 0, IDS(IE(365)) },
	{ "detector", "alerts: what found it: scan, beacon, exfil ...", 0, IDS(OWN(DETECTOR)) },
	{ "kind", "alerts: what was found, of the kinds that the detector knows", 0, IDS(OWN(KIND)) },
	{ "score", "alerts: from 0 to 1, the higher the surer", 0, IDS(OWN(SCORE)) },
	{ "severity", "alerts: 1 or low, 2 or medium, 3 or high, 4 or critical", 0, IDS(OWN(SEVERITY)) },
	{ "reason", "alerts: why, in a sentence", 0, IDS(OWN(REASON)) },
	{ "why", "alerts: why, in numbers: key=value, a blank between", 0, IDS(OWN(WHY)) },
	{ "attack", "alerts: MITRE ATT&CK techniques, a comma between", 0, IDS(OWN(ATTACK)) },
	{ "limits", "alerts: what could not be seen in the records", 0, IDS(OWN(LIMITS)) },
	{ "alerts", "alerts that one stands for", 0, IDS(OWN(ALERTS)) },
	{ "subject", "alerts: what it is about where no address says it", 0, IDS(OWN(SUBJECT)) },
	{ "profile", "baselines: what is described: host, edge, service, prefix, network, exporter", 0, IDS(OWN(PROFILE)) },
	{ "days", "baselines: days it was seen; bit i is i days before that of its end", 0, IDS(OWN(DAYS)) },
	{ "hourly", "baselines: values by metric, hour of week and day", 0, IDS(OWN(HOURLY)) },
	{ "sketch", "baselines: who was counted", 0, IDS(OWN(SKETCH)) },
	{ "clients", "baselines: about how many were counted", 0, IDS(OWN(CLIENTS)) },
	{ "largest", "baselines: octets out of the largest conversation, about", 0, IDS(OWN(LARGEST)) },
};
/* clang-format on */

const struct alias *
field_aliases(size_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}
