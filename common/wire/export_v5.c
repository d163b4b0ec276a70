/*
 * NetFlow v5 (Cisco, "NetFlow Export Datagram Format"): a header of 24 octets and up to 30 records of 48.
 */
#include "wire/exporter.h"

/* Fields of a record: where, how long, by which name a record of ours has it. */
enum {
	SRC,
	DST,
	HOP,
	INPUT,
	OUTPUT,
	PACKETS,
	OCTETS,
	FIRST,
	LAST,
	SPORT,
	DPORT,
	FLAGS,
	PROTO,
	TOS,
	SRC_AS,
	DST_AS,
	SRC_MASK,
	DST_MASK,
	V5_OF_RECORD,
	ICMP = V5_OF_RECORD, /* these say what goes as destination port */
	ICMP_TYPE,
	ICMP_CODE,
	V5_FIELDS
};

static const struct {
	const char *name;
	uint8_t at, length;
} v5_fields[V5_FIELDS] = {
	[SRC] = { "srcip", 0, 4 },
	[DST] = { "dstip", 4, 4 },
	[HOP] = { "nexthop", 8, 4 },
	[INPUT] = { "inif", 12, 2 },
	[OUTPUT] = { "outif", 14, 2 },
	[PACKETS] = { "packets", 16, 4 },
	[OCTETS] = { "bytes", 20, 4 },
	[FIRST] = { "start", 24, 4 },
	[LAST] = { "end", 28, 4 },
	[SPORT] = { "srcport", 32, 2 },
	[DPORT] = { "dstport", 34, 2 },
	[FLAGS] = { "flags", 37, 1 },
	[PROTO] = { "proto", 38, 1 },
	[TOS] = { "tos", 39, 1 },
	[SRC_AS] = { "srcas", 40, 2 },
	[DST_AS] = { "dstas", 42, 2 },
	[SRC_MASK] = { "srcmask", 44, 1 },
	[DST_MASK] = { "dstmask", 45, 1 },
	[ICMP] = { "icmp", 34, 2 },
	[ICMP_TYPE] = { "icmptype", 34, 1 },
	[ICMP_CODE] = { "icmpcode", 35, 1 },
};
enum { PROTO_ICMP = 1, AS_TRANS = 23456 /* RFC 6793 */, SAMPLING_MAX = 0x3fff, PARTS_MAX = 4096 };
#define DAY_NS (24 * 3600 * NS_PER_S)

struct v5_columns {
	struct field fields[V5_FIELDS];
	bool has[V5_FIELDS];
	struct column col[V5_FIELDS];
	struct column sampling, mode, uptime; /* uptime: flowStartSysUpTime as sent */
	bool has_sampling, has_mode, has_uptime;
};

/* One record as numbers, before it is split and placed. */
struct v5_record {
	uint64_t v[V5_FIELDS];
	int64_t start_ns, end_ns;
	bool has_start, has_end;
};

void
v5_free(struct v5_columns *v)
{
	mem_free(v);
}

static bool
present(const struct column *c, size_t rec)
{
	return bits_has(c->present, rec);
}

static bool
bind_number(struct batch *b, struct field_id id, struct column *c)
{
	int i = batch_find(b, &id);

	if (i < 0)
		return false;
	*c = *batch_plain(b, (unsigned)i);
	return c->type == TYPE_UINT;
}

static int
bind_fields(struct exporter *e, struct batch *b, struct err *err)
{
	struct v5_columns *v = e->v5;

	if (v == NULL) {
		v = e->v5 = mem_zero(1, sizeof(*v));
		for (unsigned k = 0; k < V5_FIELDS; k++) {
			const char *name = v5_fields[k].name;

			if (field_parse(&v->fields[k], name, strlen(name), err) != 0)
				return -1;
		}
	}
	for (unsigned k = 0; k < V5_FIELDS; k++) {
		int i = batch_resolve(b, &v->fields[k]);

		v->has[k] = i >= 0;
		if (i >= 0)
			v->col[k] = *batch_plain(b, (unsigned)i);
		if (i >= 0 && v->col[k].width == 0)
			v->has[k] = false;
	}
	v->has_sampling = bind_number(b, field_own(OWN_SAMPLING), &v->sampling);
	v->has_mode = bind_number(b, field_own(OWN_SAMPLING_MODE), &v->mode);
	v->has_uptime = bind_number(b, field_iana(22), &v->uptime);
	if (b->err.status != 0) {
		*err = b->err;
		return -1;
	}
	return 0;
}

/* What is lost ------------------------------------------------------------------------------- */

/* Elements that the format says elsewhere: version, engine, sampling and uptimes of the header. */
static bool
is_of_header(const struct field_id *id)
{
	static const uint16_t header[] = { 21, 22, 34, 35, 38, 39, 60 };

	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		if (id->pen == PEN_IANA && id->id == header[i] && id->instance == 0)
			return true;
	}
	return id->pen == PEN_OWN;
}

static bool
is_sent(const struct v5_columns *v, const struct field_id *id)
{
	for (unsigned k = 0; k < V5_FIELDS; k++) {
		for (unsigned i = 0; i < v->fields[k].n; i++) {
			if (field_id_equal(id, &v->fields[k].id[i]))
				return true;
		}
	}
	return false;
}

static void
count_lost(struct exporter *e, struct batch *b, const uint64_t *sel)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if ((c->flags & COLUMN_EMPTY) || is_of_header(&c->id) || is_sent(e->v5, &c->id))
			continue;
		loss_count(e, &c->id, "values", count_present(batch_present(b, i), sel, b->n));
	}
}

/* One record --------------------------------------------------------------------------------- */

static void
lose(struct exporter *e, unsigned k, const char *what)
{
	loss_add(e, v5_fields[k].name, what, 1);
}

/* An address; false: it is IPv6. */
static bool
read_ip(const struct column *c, size_t rec, uint64_t *v)
{
	if (!cell_is_v4(c, rec))
		return false;
	*v = c->width == 4 ? ((const uint32_t *)c->data)[rec]
			   : addr_u32((const struct addr *)((const uint8_t *)c->data + rec * 16));
	return true;
}

static uint64_t
fit(struct exporter *e, unsigned k, uint64_t v)
{
	if (v >> (8 * v5_fields[k].length) == 0)
		return v;
	switch (k) {
	case SRC_AS:
	case DST_AS: lose(e, k, "numbers beyond 65535, sent as 23456"); return AS_TRANS;
	case INPUT:
	case OUTPUT: lose(e, k, "indexes beyond 65535, sent as 0"); return 0;
	case FLAGS: lose(e, k, "values with bits beyond the lower 8"); return v & 0xff;
	default: lose(e, k, "values too large, sent as 0"); return 0;
	}
}

static void
read_time(struct exporter *e, unsigned k, int64_t ns, struct v5_record *r)
{
	if (!time_fits(ns))
		lose(e, k, "times before 1970 or after 2106");
	else if (k == FIRST) {
		r->start_ns = ns;
		r->has_start = true;
	} else {
		r->end_ns = ns;
		r->has_end = true;
	}
}

/* Cisco's routers send type * 256 + code as destination port; ICMP has no other there, 0 is none. */
static void
place_icmp(struct exporter *e, struct v5_record *r)
{
	uint64_t icmp = r->v[ICMP] ? r->v[ICMP] : r->v[ICMP_TYPE] << 8 | r->v[ICMP_CODE];

	if (icmp == 0 || icmp == r->v[DPORT])
		return;
	if (r->v[PROTO] == PROTO_ICMP && r->v[DPORT] == 0)
		r->v[DPORT] = icmp;
	else
		lose(e, ICMP, "values beside another protocol or destination port");
}

/* false: NetFlow v5 has no such record. */
static bool
read_record(struct exporter *e, size_t rec, struct v5_record *r)
{
	const struct v5_columns *v = e->v5;

	*r = (struct v5_record){ 0 };
	for (unsigned k = 0; k < V5_FIELDS; k++) {
		const struct column *c = &v->col[k];

		if (!v->has[k] || !present(c, rec))
			continue;
		if (c->type == TYPE_IP) {
			if (!read_ip(c, rec, &r->v[k])) {
				lose(e, k, k == HOP ? "IPv6 addresses" : "IPv6 flows, dropped");
				if (k != HOP)
					return false;
			}
		} else if (k == FIRST || k == LAST) {
			read_time(e, k, (int64_t)cell_uint(c, rec), r);
		} else if (k == PACKETS || k == OCTETS) {
			r->v[k] = cell_uint(c, rec);
		} else {
			r->v[k] = fit(e, k, cell_uint(c, rec));
		}
	}
	place_icmp(e, r);
	if (r->has_start && r->has_end && !uptime_says_both(r->start_ns, r->end_ns)) {
		lose(e, FIRST, "times more than 49 days from the end");
		r->has_start = false;
	}
	return true;
}

/* The header's sampling: two bits of mode, 14 of interval. */
static uint16_t
sampling_of(struct exporter *e, size_t rec)
{
	const struct v5_columns *v = e->v5;
	uint64_t interval = 0, mode = 0;

	if (v->has_sampling && present(&v->sampling, rec))
		interval = cell_uint(&v->sampling, rec);
	if (v->has_mode && present(&v->mode, rec))
		mode = cell_uint(&v->mode, rec);
	if (interval > SAMPLING_MAX) {
		loss_add(e, "sampling", "intervals beyond 16383, sent as 0", 1);
		interval = 0;
	}
	return (uint16_t)((mode & 3) << 14 | interval);
}

/* Messages ----------------------------------------------------------------------------------- */

static void
begin(struct session *s, uint16_t sampling)
{
	memset(buf_room(&s->msg, V5_HEADER), 0, V5_HEADER);
	s->msg.len = V5_HEADER;
	s->records = 0;
	s->time_ns = INT64_MIN;
	s->times = SPAN_NONE;
	s->sampling = sampling;
	s->untimed = 0;
}

/* Every record has times: those without one get the header's, that of their export. */
static void
put_untimed(struct session *s, int64_t uptime)
{
	for (unsigned i = 0; i < s->records; i++) {
		size_t at = V5_HEADER + i * V5_RECORD;

		if (!(s->untimed >> i & 1))
			continue;
		set_be(&s->msg, at + v5_fields[FIRST].at, (uint64_t)uptime, 4);
		set_be(&s->msg, at + v5_fields[LAST].at, (uint64_t)uptime, 4);
	}
}

int
v5_send(struct exporter *e, struct session *s, struct err *err)
{
	int64_t time_ns = uptime_header(e, s), uptime;
	int rc;

	if (!s->has_boot) {
		s->has_boot = true;
		s->boot_ns = time_ns - DAY_NS;
	}
	/* a whole number of ms after boot, so that boot is found from the header exactly */
	uptime = (time_ns - s->boot_ns + NS_PER_MS - 1) / NS_PER_MS;
	time_ns = s->boot_ns + uptime * NS_PER_MS;
	put_untimed(s, uptime);
	set_be(&s->msg, 0, 5, 2);
	set_be(&s->msg, 2, s->records, 2);
	set_be(&s->msg, 4, (uint64_t)uptime, 4);
	set_be(&s->msg, 8, (uint64_t)(time_ns / NS_PER_S), 4);
	set_be(&s->msg, 12, (uint64_t)(time_ns % NS_PER_S), 4);
	set_be(&s->msg, 16, s->sequence, 4);
	set_be(&s->msg, 20, s->domain, 2); /* engine type and id */
	set_be(&s->msg, 22, s->sampling, 2);
	s->sequence += s->records;
	rc = e->fn(e->ctx, s->msg.data, s->msg.len, s->records, s->time_ns, err);
	s->messages++;
	s->msg.len = 0;
	return rc;
}

static struct span
times_of(const struct v5_record *r)
{
	struct span times = SPAN_NONE;

	if (r->has_start)
		span_add(&times, r->start_ns);
	if (r->has_end)
		span_add(&times, r->end_ns);
	return times;
}

/* The boot from which a record's uptimes count: the exporter's own where the record says what its uptime was. */
static int64_t
boot_for(const struct exporter *e, const struct session *s, const struct v5_record *r, size_t rec)
{
	const struct v5_columns *v = e->v5;
	struct span times = times_of(r);

	if (r->has_start && v->has_uptime && present(&v->uptime, rec))
		return r->start_ns - (int64_t)(uint32_t)cell_uint(&v->uptime, rec) * NS_PER_MS;
	return uptime_boot(s, &times);
}

/* The part-th of so many equal parts of a counter; the first gets what is left over. */
static uint64_t
share(uint64_t v, uint64_t parts, uint64_t part)
{
	return v / parts + (part < v % parts);
}

static void
put_record(struct session *s, const struct v5_record *r, uint64_t parts, uint64_t part)
{
	size_t at = s->msg.len;

	memset(buf_room(&s->msg, V5_RECORD), 0, V5_RECORD);
	s->msg.len += V5_RECORD;
	for (unsigned k = 0; k < V5_OF_RECORD; k++) {
		uint64_t v = r->v[k];

		if (k == PACKETS || k == OCTETS)
			v = share(v, parts, part);
		set_be(&s->msg, at + v5_fields[k].at, v, v5_fields[k].length);
	}
	if (!r->has_start && !r->has_end)
		s->untimed |= UINT32_C(1) << s->records;
	s->records++;
}

static int64_t
floor_ms(int64_t ns)
{
	return ns / NS_PER_MS - (ns % NS_PER_MS < 0);
}

static void
set_uptimes(struct exporter *e, const struct session *s, struct v5_record *r)
{
	int64_t start = r->start_ns - s->boot_ns, end = r->end_ns - s->boot_ns;

	if (!r->has_start && !r->has_end) {
		loss_add(e, "start", "flows without a time, sent with that of the message", 1);
		return;
	}
	if (!r->has_start)
		start = end;
	if (!r->has_end)
		end = start;
	if (r->has_start && start % NS_PER_MS != 0)
		loss_add(e, "start", TIMES_ROUNDED, 1);
	if (r->has_end && end % NS_PER_MS != 0)
		loss_add(e, "end", TIMES_ROUNDED, 1);
	r->v[FIRST] = (uint64_t)floor_ms(start) & UINT32_MAX;
	r->v[LAST] = (uint64_t)floor_ms(end) & UINT32_MAX;
}

/* Counters of 32 bits: a record with more becomes as many as it takes, their sums the same. */
static int
add_record(struct exporter *e, struct session *s, struct v5_record *r, uint16_t sampling,
    int64_t boot, struct err *err)
{
	uint64_t most = r->v[PACKETS] > r->v[OCTETS] ? r->v[PACKETS] : r->v[OCTETS];
	uint64_t parts = most / UINT32_MAX + (most % UINT32_MAX != 0);
	size_t fits = (e->opts.mtu - V5_HEADER) / V5_RECORD;
	struct span times = times_of(r);

	fits = fits < 1 ? 1 : fits > V5_RECORDS ? V5_RECORDS : fits;
	parts = parts ? parts : 1;
	if (parts > PARTS_MAX) {
		loss_add(e, "bytes", "counters beyond 4096 records, cut to 4294967295", 1);
		r->v[PACKETS] = r->v[PACKETS] > UINT32_MAX ? UINT32_MAX : r->v[PACKETS];
		r->v[OCTETS] = r->v[OCTETS] > UINT32_MAX ? UINT32_MAX : r->v[OCTETS];
		parts = 1;
	} else if (parts > 1)
		loss_add(e, "bytes", "flows beyond 4294967295, split into several", 1);
	for (uint64_t part = 0; part < parts; part++) {
		if (s->msg.len > 0 &&
		    (s->records >= fits || s->sampling != sampling ||
			!uptime_fits(s, boot, &times)) &&
		    v5_send(e, s, err) != 0)
			return -1;
		if (s->msg.len == 0)
			begin(s, sampling);
		if (!span_is_none(&times)) {
			s->has_boot = true;
			s->boot_ns = boot;
			span_join(&s->times, &times);
		}
		if (part == 0)
			set_uptimes(e, s, r);
		put_record(s, r, parts, part);
		if (r->has_end && r->end_ns > s->time_ns)
			s->time_ns = r->end_ns;
	}
	e->totals.records++;
	return 0;
}

int
v5_batch(struct exporter *e, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct origin origin;
	struct v5_record r;

	if (b->options) {
		size_t n = sel ? bits_count(sel, b->n) : b->n;

		loss_add(e, "options", "records, dropped", n);
		e->totals.dropped += n;
		return 0;
	}
	if (bind_fields(e, b, err) != 0)
		return -1;
	origin_bind(&origin, b);
	count_lost(e, b, sel);
	for (size_t i = 0; i < b->n; i++) {
		struct session *s;

		if (!bits_has(sel, i))
			continue;
		if (!read_record(e, i, &r)) {
			e->totals.dropped++;
			continue;
		}
		s = origin_session(e, &origin, i);
		if (s == NULL)
			return err_set(err, "too many exporters and observation domains");
		if (add_record(e, s, &r, sampling_of(e, i), boot_for(e, s, &r, i), err) != 0)
			return -1;
	}
	return 0;
}
