/*
 * element.h - what is known about information elements: the one table of them.
 *
 * A column's identity is (enterprise, element, instance).  Enterprises from FFFFFF01 up are ours and
 * never sent as such.  Rows come from the IANA IPFIX registry (2026-07-22), RFC 5103, vendors'
 * published tables and NetFlow v9 field lists; see element_list.h.
 */
#ifndef FLOW_ELEMENT_H
#define FLOW_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of columns.  The numbers are in files: never change one (flowstream(5)). */
enum type {
	TYPE_NONE = 0, /* not known until bound to a batch */
	TYPE_UINT = 1, /* width 1 2 4 8 */
	TYPE_INT = 2, /* width 1 2 4 8, two's complement */
	TYPE_FLOAT32 = 3,
	TYPE_FLOAT64 = 4,
	TYPE_BOOL = 5, /* width 1: 0 or 1 */
	TYPE_TIME = 6, /* i64 nanoseconds since the Unix epoch */
	TYPE_DURATION = 7, /* i64 nanoseconds */
	TYPE_IP = 8, /* width 4: IPv4 as a number; width 16: network order, IPv4 mapped */
	TYPE_MAC = 9, /* width 8: a number of 48 bits */
	TYPE_STRING = 10, /* octets as sent, trailing NULs removed; not necessarily valid UTF-8 */
	TYPE_BYTES = 11,
	TYPE_LIST = 12, /* RFC 6313, self-contained octets: see flow/list.h */
	TYPE_COUNT
};

enum {
	PEN_IANA = 0,
	PEN_CERT = 6871, /* bit 0x4000 of its ids marks the reverse direction (YAF) */
	PEN_REVERSE = 29305, /* RFC 5103: reverse direction of an IANA element */
};
#define PEN_OWN UINT32_C(0xffffff01) /* our own elements: enum own */
#define PEN_V9 UINT32_C(0xffffff02) /* NetFlow v9 types that IANA does not share */
#define PEN_SCOPE UINT32_C(0xffffff03) /* NetFlow v9 scope types 1..5 */
#define PEN_NAMED UINT32_C(0xffffff04) /* the name is the identity: aggregates, csv columns */
/* What sFlow and NetFlow v7 have and IANA does not: enum sflow_element. */
#define PEN_SFLOW UINT32_C(0xffffff05)

/* Elements of PEN_OWN.  The numbers are in files: never change one. */
enum own {
	OWN_START = 1, /* TIME: first packet of the flow, from whatever the exporter sent */
	OWN_END = 2, /* TIME: last packet */
	OWN_RECEIVED = 3, /* TIME: when the collector had the message */
	OWN_EXPORTER = 4, /* IP: source address of the export message */
	OWN_DOMAIN = 5, /* UINT 4: observation domain, v9 source id, v5 engineType<<8|engineId */
	OWN_SAMPLING = 6, /* UINT 4: packets that one stands for; missing: unknown */
	OWN_SAMPLING_SRC = 7, /* UINT 1: where sampling came from: enum sampling_src */
	OWN_WIRE = 8, /* BOOL: the record carries every element as sent (flowrecv --raw) */
	OWN_VERSION = 9, /* UINT 2: protocol of the message: enum exporter_version */
	OWN_TIME_GUESS = 10, /* BOOL: no time element: start and end are the received time */
	OWN_SAMPLING_MODE = 11, /* UINT 1: NetFlow v5 header's two mode bits */
	OWN_EXPORTER_PORT = 12, /* UINT 2: source port of the export message */
	OWN_SOURCE = 13, /* STRING: what the collector was told to call the exporter */
	OWN_TEMPLATE_FIELDS =
	    14, /* BYTES: a template that a collector remembers, see wire/saved.c */
	OWN_TEMPLATE_OPTIONS = 15, /* BOOL: it is an options template */
	/* Alerts: what a detector found, and why (detect/alert.h). */
	OWN_DETECTOR = 16, /* STRING: the program that found it, without "flow": scan, beacon ... */
	OWN_KIND = 17, /* STRING: what it found, of the kinds that its manual lists */
	OWN_SCORE = 18, /* FLOAT64: 0 to 1 */
	OWN_SEVERITY = 19, /* UINT 1: enum severity; a name in tables and expressions */
	OWN_REASON = 20, /* STRING: a sentence for people */
	OWN_WHY = 21, /* STRING: key=value, blank between: every number that made the score */
	OWN_ATTACK = 22, /* STRING: MITRE ATT&CK ids, comma between */
	OWN_LIMITS = 23, /* STRING: what could not be seen in these records; there where sampled */
	OWN_ALERTS = 24, /* UINT 4: alerts that this one stands for (flowalert) */
	OWN_SUBJECT = 25, /* STRING: what it is about where no address says it: key=value */
	/* Baselines: what is normal (detect/baseline.h). */
	OWN_PROFILE =
	    32, /* STRING: what the record describes: network exporter host prefix service edge */
	OWN_DAYS = 33, /* UINT 8: bit i: seen on the day that is i before that of its end */
	OWN_HOURLY = 34, /* BYTES: by metric, hour of week and slot, see detect/hours.h */
	OWN_SKETCH = 35, /* BYTES: who was counted in clients, see detect/hll.h */
	OWN_CLIENTS = 36, /* UINT 4: how many different ones, about */
	OWN_LARGEST = 37, /* UINT 8: octets out of the largest conversation, about */
	OWN_BASE_VERSION = 38, /* UINT 2: of the profiles that follow */
	OWN_BASE_HOURS = 39, /* UINT 2: hours of week that are kept apart: 48 or 168 */
	OWN_INTERNAL = 40, /* STRING: networks that were ours, as --internal takes them */
	OWN_UTC_OFFSET = 41, /* INT 4: seconds that days and hours began before those of UTC */
};

/* Elements of PEN_SFLOW.  The numbers are in files: never change one. */
enum sflow_element {
	/* Samples of packets (sFlow version 5, 2004, "sFlow Datagram Format"). */
	SFLOW_SEQUENCE = 1, /* UINT 4: of the sample, counted by its data source */
	SFLOW_SOURCE_TYPE = 2, /* UINT 1: of the data source: 0 interface, 1 VLAN, 2 entity */
	SFLOW_SOURCE_INDEX = 3, /* UINT 4: of that type */
	SFLOW_POOL = 4, /* UINT 4: packets that could have been sampled so far */
	SFLOW_DROPS = 5, /* UINT 4: samples the agent had to drop so far */
	SFLOW_INPUT_FORMAT = 6, /* UINT 1: interface as sent: 0 an index, 1 discarded, 2 several */
	SFLOW_INPUT_VALUE = 7, /* UINT 4 */
	SFLOW_OUTPUT_FORMAT = 8, /* UINT 1 */
	SFLOW_OUTPUT_VALUE = 9, /* UINT 4 */
	SFLOW_DISCARD_REASON = 10, /* UINT 2: below 256 codes of ICMP unreachable */
	SFLOW_OUTPUT_COUNT = 11, /* UINT 4: interfaces the packet left by; 0 unknown, but several */
	SFLOW_HEADER_PROTOCOL = 12, /* UINT 1: of the sampled header: 1 Ethernet, 11 IPv4 ... */
	SFLOW_STRIPPED = 13, /* UINT 4: octets taken off the frame */
	SFLOW_SRC_PRIORITY = 14, /* UINT 1: IEEE 802.1p, coming in */
	SFLOW_DST_PRIORITY = 15, /* UINT 1: leaving */
	SFLOW_GATEWAY_AS = 16, /* UINT 4: the router's own autonomous system */
	SFLOW_AS_PATH = 17, /* STRING: to the destination; a set in braces */
	SFLOW_COMMUNITIES = 18, /* STRING: of its route, N:N */
	SFLOW_LOCAL_PREF = 19, /* UINT 4 */
	/* Counters of an interface, as in IF-MIB (RFC 2863). */
	SFLOW_IF_INDEX = 101,
	SFLOW_IF_SPEED = 102,
	SFLOW_IF_DIRECTION = 103, /* 1 full duplex, 2 half, 3 in, 4 out */
	SFLOW_IF_STATUS = 104, /* bit 0 admin, bit 1 operational: up */
	SFLOW_IF_IN_OCTETS = 105,
	SFLOW_IF_IN_UCAST = 106,
	SFLOW_IF_IN_MULTICAST = 107,
	SFLOW_IF_IN_BROADCAST = 108,
	SFLOW_IF_IN_DISCARDS = 109,
	SFLOW_IF_IN_ERRORS = 110,
	SFLOW_IF_IN_UNKNOWN = 111,
	SFLOW_IF_OUT_OCTETS = 112,
	SFLOW_IF_OUT_UCAST = 113,
	SFLOW_IF_OUT_MULTICAST = 114,
	SFLOW_IF_OUT_BROADCAST = 115,
	SFLOW_IF_OUT_DISCARDS = 116,
	SFLOW_IF_OUT_ERRORS = 117,
	SFLOW_IF_PROMISCUOUS = 118,
	/* NetFlow version 7. */
	V7_FLAGS1 = 1001, /* UINT 1 */
	V7_FLAGS2 = 1002, /* UINT 2 */
};

/*
 * What OWN_VERSION holds: the version that NetFlow and IPFIX messages begin with.  sFlow's own 5 is NetFlow's
 * already.  The numbers are in files: never change one.
 */
enum exporter_version {
	VERSION_NETFLOW1 = 1,
	VERSION_NETFLOW5 = 5,
	VERSION_NETFLOW7 = 7,
	VERSION_NETFLOW9 = 9,
	VERSION_IPFIX = 10,
	VERSION_SFLOW5 = 105
};

/* Where OWN_SAMPLING came from.  The numbers are in files: never change one. */
enum sampling_src {
	SAMPLING_RECORD = 1, /* an element of the record itself */
	SAMPLING_OPTIONS = 2, /* options records of the exporter, for the whole domain */
	SAMPLING_HEADER = 3, /* NetFlow v5's header */
	SAMPLING_CONFIGURED = 4, /* said by the user */
	SAMPLING_SCALED = 5, /* counters were multiplied: sampling is 1 */
	SAMPLING_SAMPLER = 6, /* options records, for the sampler that the record names */
	SAMPLING_INTERFACE = 7, /* options records, for the record's interface */
	SAMPLING_EXPORTER = 8, /* options records in another domain of the exporter */
};

/* What OWN_SEVERITY holds; names in flow/value.h.  The numbers are in files: never change one. */
enum severity { SEVERITY_LOW = 1, SEVERITY_MEDIUM = 2, SEVERITY_HIGH = 3, SEVERITY_CRITICAL = 4 };

/* How the values of records of one flow combine. */
enum merge {
	MERGE_NONE,
	MERGE_KEY,
	MERGE_SUM,
	MERGE_MIN,
	MERGE_MAX,
	MERGE_OR,
	MERGE_FIRST,
	MERGE_LAST
};

enum semantics {
	SEM_NONE,
	SEM_QUANTITY,
	SEM_TOTAL,
	SEM_DELTA,
	SEM_IDENTIFIER,
	SEM_FLAGS,
	SEM_LIST
};

/* Names are in it, not pointed to: pointers would be set at each start of a program, page by page. */
struct element {
	uint32_t pen;
	uint16_t id;
	uint8_t type; /* enum type */
	uint8_t width; /* natural width in memory; 0 variable */
	/* TIME: power of ten of ns its wire type counts in (9 s, 6 ms, 3 us, 0 ns). */
	uint8_t scale;
	uint8_t semantics, merge;
	char name[43];
	char unit[14]; /* as IANA writes it; "" none */
};

/* By number; a reverse element (29305, CERT's bit) resolves to its forward facts; NULL unknown. */
const struct element *element_find(uint32_t pen, uint16_t id);

/*
 * By exact name, case-insensitive; sets *reverse for "reverse..." of a reversible element.  Vendors
 * share names: the first of the table has it, the others are told apart by number only.
 */
const struct element *element_by_name(const char *, size_t n, bool *reverse);

/* The whole table, by pen and id. */
const struct element *element_table(size_t *count);

/* RFC 5103 6.1: may element id of IANA be reversed? */
bool element_reversible(uint16_t id);

/* NetFlow v9 types 1..127 (and those IANA kept) share IANA's numbers; others are PEN_V9. */
uint32_t element_v9_pen(uint16_t type);

/*
 * Address pairs: the IPv4 element that stores the logical field and its IPv6 partner.  Returns the
 * partner's id or 0; *is_v6 says which of the two `id` is.  (8/27, 12/28, 15/62, 18/63, 44/170 ...)
 */
uint16_t element_pair(uint16_t id, bool *is_v6);

const char *type_name(enum type);
unsigned type_width(enum type); /* the natural width; 0 variable */
static inline bool
type_is_var(enum type t)
{
	return t >= TYPE_STRING;
}

/* Of an enum type, whatever it is kept in. */
static inline bool
type_is_float(uint64_t t)
{
	return t == TYPE_FLOAT32 || t == TYPE_FLOAT64;
}

static inline bool
type_is_signed(uint64_t t)
{
	return t == TYPE_INT || t == TYPE_TIME || t == TYPE_DURATION;
}

#endif
