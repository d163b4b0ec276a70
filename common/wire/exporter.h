/*
 * exporter.h - the parts of the encoders (private to wire/export*.c).
 *
 * A batch becomes fields (what each column is on the wire), records become layouts (which of the
 * fields they have), a layout becomes a template of the session it is sent in.
 */
#ifndef WIRE_EXPORTER_H
#define WIRE_EXPORTER_H

#include "base/hash.h"
#include "base/num.h"
#include "wire/export.h"
#include "wire/told.h"

enum {
	V5_HEADER = 24,
	V5_RECORD = 48,
	V5_RECORDS = 30,
	V9_HEADER = 20,
	IPFIX_HEADER = 16,
	SET_HEADER = 4,
	MESSAGE_MAX = 65507 /* UDP over IPv4 */,
	LENGTH_VAR = 65535,
	STRING_STEP = 8,
	STRING_SHORT = 256, /* NetFlow v9: strings beyond have a layout of their own */
	TEMPLATE_FIRST = 256
};

/* How a cell becomes octets. */
enum put_op {
	PUT_UINT, /* the low octets of a number; also INT, MAC, bits of floats */
	PUT_BOOL, /* 1 true, 2 false (RFC 7011 6.1.5) */
	PUT_IP4, /* the IPv4 address of an IP cell of either width */
	PUT_IP6, /* all 16 octets */
	PUT_TIME, /* a time since 1970, in whole 10^scale ns */
	PUT_NTP_US, /* RFC 7011 6.1.9 */
	PUT_NTP_NS, /* RFC 7011 6.1.10 */
	PUT_UPTIME, /* ms since the session's boot */
	PUT_PADDED, /* octets, NULs behind */
	PUT_VAR, /* octets with their length before (RFC 7011 7) */
	PUT_DOMAIN, /* the session's own number: a scope where the record has none */
};

/* One field of a batch's records on the wire. */
struct xfield {
	struct field_id id; /* of the column, for reports */
	uint32_t pen;
	uint16_t wire, length; /* LENGTH_VAR: variable */
	uint8_t op, scale, order;
	bool scope;
	/* v9: of several lengths, a layout for each; strings up to `length` share one */
	bool by_length;
	/* The receiver has to know its type: 1 + its place in exporter.typed; 0: not. */
	uint32_t typed;
	struct column col;
	const uint64_t *present; /* NULL: every record */
	/* Lists: sub-templates that record i needs are uses[uses_off[i] .. uses_off[i + 1]). */
	const uint32_t *uses, *uses_off;
};

/* A set of fields that records have. */
struct layout {
	uint64_t hash;
	uint32_t *fields; /* indexes into plan.fields, in wire order */
	unsigned n, n_scope;
	size_t fixed, least; /* octets of fixed fields; of the shortest record */
	bool variable, lists, typed;
	struct buf spec; /* the template's field list as sent */
	uint64_t spec_hash;
	const struct session *session; /* whose template was looked up last: its index */
	unsigned template;
};

struct plan {
	struct xfield *fields;
	size_t n_fields, cap_fields;
	const uint64_t *sel;
	uint64_t *own_sampling; /* flows that say their interval themselves */
	uint64_t *dropped; /* options records that cannot say what they are about; NULL: none */
	struct told told; /* options: what they tell the receiver */
	bool tells_sampling, tells_types;
	bool apart; /* what is sent before it and behind it must not overtake it */
	const struct xfield *type_semantics,
	    *type_name; /* of the types that options tell; NULL: not said */
	/* Whose start [0] and end [1] are sent, and under which elements; NULL: nobody's. */
	const uint64_t *timed[2];
	uint16_t time_wire[2];
	struct column raw_start; /* flowStartSysUpTime of records with all elements as sent */
	bool has_raw_start;
	struct layout *layouts;
	size_t n_layouts, cap_layouts;
	uint32_t *slots; /* hash table of layouts: index + 1 */
	size_t n_slots;
	uint64_t *hashes; /* of each record: which fields it has */
	uint32_t *of; /* of each record: its layout */
	size_t cap_records;
	struct arena arena;
};

struct template
{
	uint64_t hash;
	uint16_t id;
	bool sent;
	uint64_t sent_message; /* the session's count when it was */
	int64_t sent_s;
	struct buf set; /* as it was sent; streams only, which may have to send it again */
};

/* The template of records inside lists: the same number in every session. */
struct sub {
	struct buf spec;
	unsigned fields;
	uint16_t id;
};

/* An enterprise element of which only who announces it says what it is, as the receiver was told last. */
struct typed {
	uint32_t pen;
	uint16_t id;
	uint8_t data_type, semantics; /* as RFC 5610 numbers them */
	bool renamed; /* two names were told: ours say none */
	struct buf name;
};

/* From the earliest to the latest of some times; low > high: of none. */
struct span {
	int64_t low, high;
};
#define SPAN_NONE ((struct span){ INT64_MAX, INT64_MIN })

static inline void
span_join(struct span *s, const struct span *with)
{
	s->low = with->low < s->low ? with->low : s->low;
	s->high = with->high > s->high ? with->high : s->high;
}

static inline void
span_add(struct span *s, int64_t ns)
{
	span_join(s, &(struct span){ ns, ns });
}

static inline bool
span_is_none(const struct span *s)
{
	return s->low > s->high;
}

/* One original exporter and domain, with its numbers on the wire. */
struct session {
	struct session *next; /* in the order in which they were met */
	struct addr exporter;
	uint32_t original, domain;
	uint32_t sequence;
	uint64_t messages;
	unsigned transport; /* the exporter's count of transport sessions when it sent last */
	struct buf msg;
	unsigned records, count; /* data records; v9 count with templates too */
	unsigned options; /* of the data records */
	size_t set; /* where the open set begins, 0 none */
	uint16_t set_id;
	size_t least; /* of the open set's records */
	int64_t time_ns; /* newest end in the message, INT64_MIN none */
	struct span times; /* that uptimes of the message stand for */
	int64_t boot_ns; /* uptime 0 of v5 and v9 */
	bool has_boot;
	uint16_t sampling; /* v5: the header's */
	uint32_t untimed; /* v5: records of the message without a time, a bit each */
	int64_t now_s; /* monotonic, when the message was begun */
	struct sampling told; /* what the receiver was told of the domain's sampling */
	unsigned last_id; /* the highest number a template has */
	struct template *subs; /* what was sent of the exporter's sub-templates */
	uint32_t n_subs;
	struct template *types; /* records of exporter.typed that were sent, as sets */
	uint32_t n_types;
	unsigned n_templates; /* ids TEMPLATE_FIRST up */
	struct template *templates; /* by id */
	uint32_t *slots; /* hash table: index + 1 */
	size_t n_slots;
};

struct loss {
	char name[FIELD_NAME_MAX];
	const char *what;
	uint64_t n;
};

struct exporter {
	struct export_opts opts;
	export_fn fn;
	void *ctx;
	unsigned transport; /* counts transport sessions */
	struct export_totals totals;
	struct session **sessions; /* hash table */
	size_t n_sessions, n_slots;
	struct session *current, *first, **last;
	uint32_t next_domain; /* of those that take the place of numbers in use */
	struct sampling told; /* what the receiver was told of all domains' sampling */
	size_t learned_octets;
	struct plan plan;
	struct sub *subs;
	uint32_t n_subs;
	uint64_t sub_ids[1024]; /* numbers that sub-templates have */
	struct typed *typed;
	uint32_t n_typed;
	struct layout type_layouts[2]; /* of their records: without a name and with one */
	struct loss *losses;
	size_t n_losses;
	struct v5_columns *v5;
};

/* export_plan.c: what the batch's fields and layouts are.  sel as export_batch's. */
int plan_make(struct exporter *, struct batch *, const uint64_t *sel, struct err *);
void plan_free(struct plan *);

struct xfield *plan_field(struct plan *, const struct column *); /* a new field, as the column is */
uint64_t *plan_bitmap(struct plan *, size_t n); /* all zero, until the next batch */
bool plan_any(const uint64_t *bits, size_t n);
/* Plain; NULL: absent or of another type (TYPE_NONE: any). */
const struct column *plan_find(struct batch *, struct field_id, enum type);
void plan_ip(struct exporter *, struct batch *, const struct column *, size_t n);

/* The bits of from (NULL: all) for which the test holds. */
#define PLAN_SELECT(to, from, n, i, test) \
	do { \
		for (size_t i = 0; i < (n); i++) { \
			if (bits_has((from), i) && (test)) \
				bits_set((to), i); \
		} \
	} while (0)

/* export_own.c: fields made of our own columns, of options only whose they are; what of them is lost. */
void own_fields(struct exporter *, struct batch *);
void own_lost(struct exporter *, struct batch *);

/* Do our own columns say what this one does?  Else *present is what to send of it. */
bool own_says(struct exporter *, struct batch *, const struct column *, const uint64_t **present);

/*
 * export_sampling.c: what sampling the receiver will conclude.  A batch of flows gets a field where that is not theirs,
 * own_sampling; a batch of options is bound, to learn what each record tells once it was put in a message.
 */
void sampling_plan(struct exporter *, struct batch *);
void sampling_bind(struct plan *);
void sampling_tell(struct exporter *, struct session *, size_t rec);
void sampling_forget(struct exporter *); /* the receiver has: another transport session */

/*
 * export_types.c: what the receiver has to know of enterprise elements (RFC 5610).  A batch's fields are planned; what
 * options tell is bound, and learned of each record once it was put at that place of the message; what a record needs
 * is put before it, -1: err.
 */
void types_plan(struct exporter *, size_t n);
void types_bind(struct plan *);
void types_tell(struct exporter *, struct session *, size_t rec, size_t at);
int types_put(
    struct exporter *, struct session *, const struct layout *, int64_t time_ns, struct err *);
void types_forget(struct exporter *);

/* export_layout.c: which fields each selected record has, and the layouts that makes. */
void layouts_make(struct exporter *, size_t n);

/* export_list.c: a column of lists as RFC 6313 encodes them, in the arena; false: nothing is left. */
bool lists_encode(struct exporter *, struct xfield *, size_t n);

/* export_put.c: append a field of a record.  variable lengths included. */
void put_field(struct buf *, const struct xfield *, size_t rec, const struct session *);
size_t put_length(const struct xfield *, size_t rec); /* of a field of length LENGTH_VAR */
size_t put_fixed_length(const struct xfield *, size_t rec); /* of any other */
void put_be(struct buf *, uint64_t, unsigned octets); /* 1..8 */
void set_be(struct buf *, size_t at, uint64_t, unsigned octets);
uint64_t cell_uint(const struct column *, size_t rec);
bool cell_is_v4(const struct column *, size_t rec);

/* export_message.c: sessions and their messages. */
struct session *session_find(struct exporter *, const struct addr *, uint32_t domain);
void session_free(struct session *);
int session_send(struct exporter *, struct session *, struct err *); /* if it holds records */
int message_record(struct exporter *, struct session *, struct layout *, size_t rec,
    int64_t time_ns, struct err *);
/*
 * Room in the session's message for a record of so many octets, behind the templates that it needs, in its set; rec is
 * for lists in it.  1; 0: it never fits; -1: err.  Once it was put it is counted.
 */
int message_open(
    struct exporter *, struct session *, struct layout *, size_t rec, size_t octets, struct err *);
void message_count(struct session *, const struct layout *, int64_t time_ns);
bool template_due(const struct exporter *, const struct session *, const struct template *);
int64_t message_time(const struct exporter *, const struct session *);
void ipfix_header(
    const struct exporter *, const struct session *, struct buf *msg, uint32_t sequence);

/*
 * export_stream.c: the transport session is another one than when this session sent last: number anew,
 * send again what templates its earlier messages had.  As export_fn returns.
 */
int session_renew(struct exporter *, struct session *, struct err *);

/* export_uptime.c: can uptimes of one record say both times? */
bool uptime_says_both(int64_t start_ns, int64_t end_ns);

/* The boot from which uptimes of a record with these times count: the session's as long as that can be. */
int64_t uptime_boot(const struct session *, const struct span *);

/* Can a record with these times join the session's open message? */
bool uptime_fits(const struct session *, int64_t boot_ns, const struct span *);

/*
 * The time of the open message's header: the clock's, or that of the records, where it is near enough to their times;
 * else the newest of these, or the middle of those of one long flow.
 */
int64_t uptime_header(const struct exporter *, const struct session *);

/* export_v5.c */
int v5_batch(struct exporter *, struct batch *, const uint64_t *sel, struct err *);
int v5_send(struct exporter *, struct session *, struct err *);
void v5_free(struct v5_columns *);

/* From 1900, where seconds of NTP's form begin, to 1970. */
#define NTP_EPOCH_S INT64_C(2208988800)

/* Does a time fit the seconds of a header?  Others take no part in arithmetic. */
static inline bool
time_fits(int64_t ns)
{
	return ns >= 0 && ns / NS_PER_S <= UINT32_MAX;
}

#define TIMES_ROUNDED "times rounded to milliseconds"
#define TIMES_MISFIT "times before 1970 or after 2106"

/* Will NTP's form be read as this time?  The top bit of its seconds tells the era (RFC 4330 3): until 2104. */
static inline bool
ntp_fits(int64_t ns)
{
	return time_fits(ns) && ns / NS_PER_S < (INT64_C(3) << 31) - NTP_EPOCH_S;
}

#define NTP_MISFIT "times before 1970 or after 2104"

/* export_loss.c: n values of a field could not be said. */
void loss_count(struct exporter *, const struct field_id *, const char *what, uint64_t n);
void loss_add(struct exporter *, const char *name, const char *what, uint64_t n);

/* Columns of a record that say where it came from and when it ended. */
struct origin {
	struct column exporter, domain, end, received;
	bool has_exporter, has_domain, has_end, has_received;
};
void origin_bind(struct origin *, struct batch *);
struct session *origin_session(struct exporter *, const struct origin *, size_t rec);

/* How many of the n records are selected and have a value. */
size_t count_present(const uint64_t *present, const uint64_t *sel, size_t n);

#endif
