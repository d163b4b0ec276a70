/*
 * Planted incidents.  Their places are fixed shares of the span and their sizes fixed shares of the
 * count, so that what a test must find follows from the options; flowgen -v prints it.
 *
 * The first five are conspicuous.  The others are made to be overlooked: each is the blind spot of a detector, with
 * an option that says how far it goes, so that where it stops being found can be measured.
 */
#include <stdlib.h>

#include "gen.h"

enum { TCP = 6, SYN = 2, RST = 4, PSH = 8, ACK = 16, FULL = 27 };
enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, SLICE_MS = ACTIVE_TIMEOUT_MS };
enum { DAY_MS = 24 * HOUR_MS };
enum { BEACON_OCTETS = 412, EXFIL_OCTETS = 16000000, THIN_FLOOD_MINUTES = 10, BUSY_PART = 10 };

typedef void fill_rows(
    struct incident *, const struct hosts *, const struct gen_opts *, struct row *);
static fill_rows fill_beacon, fill_scan, fill_exfiltration, fill_lateral, fill_flood, fill_probe,
    fill_upload, fill_known_lateral;

/* Who begins: any client, one of the busiest, whoever is invented; and whom it talks to. */
enum from { ANY, BUSY, INVENTED };
enum to { MANY, STRANGER, PUBLIC, OURS };

/*
 * at: where in the span it begins, in 1/1000; length: how long, at most 1/part of the span;
 * events: how many (0: by an option), at most 1/share of the rows; early: by up to 1/early of the interval.
 */
static const struct plan {
	const char *name, *what, *ports;
	unsigned at, part, share, events, rows, early;
	int64_t length_ms;
	fill_rows *fill;
	enum from from;
	enum to to;
	bool hidden;
} plans[INCIDENT_KINDS] = {
	[BEACON] = { "beacon", "one small request at a steady interval, all the time", "443", 0, 1,
	    40, 0, 2, 50, 0, fill_beacon, ANY, STRANGER, false },
	[SCAN] = { "scan", "one client tries a port of many internal hosts", "445", 350, 20, 20,
	    2000, 1, 0, 10 * MINUTE_MS, fill_scan, ANY, MANY, false },
	[EXFILTRATION] = { "exfiltration", "one long upload, in slices of the active timeout",
	    "443", 600, 4, 40, 36, 2, 0, 3 * (int64_t)HOUR_MS, fill_exfiltration, ANY, STRANGER,
	    false },
	[LATERAL] = { "lateral", "one client opens sessions with internal hosts it never spoke to",
	    "3389,445,5985,22", 480, 8, 40, 96, 2, 0, HOUR_MS, fill_lateral, ANY, MANY, false },
	[FLOOD] = { "flood", "SYN packets from invented sources to one internal server", "80", 800,
	    20, 10, 20000, 1, 0, 2 * MINUTE_MS, fill_flood, INVENTED, OURS, false },
	[SLOW_SCAN] = { "slow-scan", "one client tries a port of internal hosts now and then",
	    "445", 0, 1, 20, 0, 2, 2, 0, fill_probe, ANY, MANY, true },
	[DRIP] = { "drip", "a small upload every hour to a host that nobody knew", "443", 0, 1, 40,
	    0, 2, 2, 0, fill_upload, ANY, STRANGER, true },
	[SURPLUS] = { "surplus", "a small upload more every hour to a server that everybody uses",
	    "443", 0, 1, 40, 0, 2, 2, 0, fill_upload, BUSY, PUBLIC, true },
	[KNOWN_LATERAL] = { "known-lateral", "one client's sessions with servers that it uses",
	    "3389,445,22", 480, 8, 40, 96, 2, 0, HOUR_MS, fill_known_lateral, BUSY, MANY, true },
	[THIN_FLOOD] = { "thin-flood", "a few SYN packets from each minute's invented sources",
	    "80", 700, 10, 10, 0, 1, 0, THIN_FLOOD_MINUTES *MINUTE_MS, fill_flood, INVENTED, OURS,
	    true },
};

static unsigned
set_of(bool hidden)
{
	unsigned set = 0;

	for (unsigned k = 0; k < INCIDENT_KINDS; k++)
		set |= (unsigned)(plans[k].hidden == hidden) << k;
	return set;
}

int
incident_parse(const char *list, unsigned *set, struct err *err)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		unsigned k = 0;

		while (k < INCIDENT_KINDS &&
		       (strlen(plans[k].name) != n || memcmp(plans[k].name, list, n) != 0))
			k++;
		if (n == 3 && memcmp(list, "all", 3) == 0)
			*set |= set_of(false);
		else if (n == 6 && memcmp(list, "hidden", 6) == 0)
			*set |= set_of(true);
		else if (k == INCIDENT_KINDS)
			return err_usage(err,
			    "'%.*s' is no incident: beacon, scan, exfiltration, lateral, flood or "
			    "all of them, slow-scan, drip, surplus, known-lateral, thin-flood or "
			    "hidden",
			    (int)(n > 40 ? 40 : n), list);
		else
			*set |= 1u << k;
		list += n + (list[n] == ',');
	}
	return 0;
}

/* Whose it is, drawn whether it is asked for or not: what follows is the same. */
static void
pick_parties(struct incident *in, const struct hosts *h)
{
	const struct plan *p = &plans[in->kind];
	struct dice *d = &in->dice;
	uint32_t from = dice_below(d, h->n_clients);

	in->from = p->from == BUSY ? *hosts_busy(h, from / BUSY_PART) : h->clients[from];
	in->port = (uint16_t)strtoul(p->ports, NULL, 10);
	switch (p->to) {
	case MANY: break;
	case STRANGER: hosts_stranger(&in->to, d, h->seed); break;
	case PUBLIC: in->to = h->servers[0]; break;
	case OURS: in->to = h->internal[INTERNAL_SERVERS - 1]; break;
	}
}

/* A jittered wait: from the beat before, as implants do, so that early and late add up. */
static int64_t
wait_of(struct incident *in)
{
	int64_t wait =
	    in->step_ms - in->spread_ms + dice_below(&in->dice, (uint32_t)(2 * in->spread_ms + 1));

	return wait > 0 ? wait : 1;
}

/* Beats of a jittered beacon before the time is over, at most `most`, and when the last of them is. */
static void
count_beats(struct incident *in, int64_t length_ms, uint32_t most)
{
	struct incident try = *in;

	in->n = 0;
	in->last_ms = in->start_ms;
	for (int64_t at = wait_of(&try); at <= length_ms && in->n < most; at += wait_of(&try)) {
		in->last_ms = in->start_ms + at;
		in->n++;
	}
}

static void
set_next(struct incident *in)
{
	unsigned early = plans[in->kind].early;
	int64_t jitter = 0;

	if (in->next >= in->n) {
		in->next_end_ms = INT64_MAX;
		return;
	}
	if (in->spread_ms >= 0) {
		in->next_end_ms += wait_of(in);
		return;
	}
	if (early != 0)
		jitter = dice_below(&in->dice, (uint32_t)(in->step_ms / early + 1));
	in->next_end_ms = in->start_ms + in->step_ms * (in->next + 1) - jitter;
}

/* How many events a kind has in a time, where an option says how dense they are. */
static uint64_t
count_events(enum incident_kind kind, const struct gen_opts *o, int64_t length)
{
	switch (kind) {
	case BEACON: return (uint64_t)(length / o->period_ms);
	case SLOW_SCAN: return (uint64_t)(length * o->probes / DAY_MS);
	case DRIP:
	case SURPLUS: return (uint64_t)(length / HOUR_MS);
	case THIN_FLOOD: return (uint64_t)(length * o->sources / MINUTE_MS);
	default: return plans[kind].events;
	}
}

void
incident_plan(
    struct incident *in, enum incident_kind kind, const struct hosts *h, const struct gen_opts *o)
{
	const struct plan *p = &plans[kind];
	uint64_t most = o->count / p->share / p->rows, events;
	int64_t length = o->span_ms / p->part;

	*in = (struct incident){ .kind = kind, .rows_each = p->rows, .spread_ms = -1 };
	dice_seed(&in->dice, dice_mix(o->seed) ^ (kind + 1));
	pick_parties(in, h);
	if (p->length_ms != 0 && length > p->length_ms)
		length = p->length_ms;
	events = count_events(kind, o, length);
	events = events < most ? events : most;
	events = (int64_t)events > length ? (uint64_t)length : events;
	in->n = (uint32_t)events;
	in->start_ms = o->start_ms + o->span_ms / 1000 * p->at;
	in->step_ms = events ? length / (int64_t)events : 0;
	in->last_ms = in->start_ms + in->step_ms * in->n;
	if (kind == BEACON && o->jittered) {
		in->spread_ms = (int64_t)((double)in->step_ms * (double)o->jitter / 4294967296.0);
		count_beats(in, length, (uint32_t)most);
		in->next_end_ms = in->start_ms;
	}
	set_next(in);
}

static void
make_rows(struct row *rows, const struct host *from, const struct host *to, uint16_t sport,
    uint16_t dport, int64_t start_ms, int64_t end_ms, const struct gen_opts *o)
{
	for (unsigned i = 0; i < 2; i++) {
		struct row *r = &rows[i];

		row_between(r, i ? to : from, i ? from : to, false, o->exporters);
		r->proto = TCP;
		r->flags = FULL;
		r->srcport = i ? dport : sport;
		r->dstport = i ? sport : dport;
		r->start_ms = start_ms;
		r->end_ms = end_ms;
		r->end_reason = 3;
	}
}

static void
set_counters(struct row *r, uint64_t packets, uint64_t bytes, uint8_t flags)
{
	r->packets = packets;
	r->bytes = bytes;
	r->flags = flags;
}

static uint16_t
high_port(const struct incident *in)
{
	return (uint16_t)(40000 + in->next % 20000);
}

static void
fill_beacon(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	int64_t end = in->next_end_ms;

	(void)h;
	make_rows(rows, &in->from, &in->to, high_port(in), in->port, end - 80, end, o);
	set_counters(&rows[0], 6, 6 * 40 + BEACON_OCTETS, FULL);
	set_counters(&rows[1], 5, 5 * 40 + 180, FULL);
}

static void
fill_scan(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	const struct host *victim = &h->clients[in->next % h->n_clients];
	int64_t end = in->next_end_ms;

	make_rows(rows, &in->from, victim, high_port(in), in->port, end, end, o);
	set_counters(&rows[0], 1, 44, SYN);
}

/* One host is asked, and refuses or, as often as was asked for, talks. */
static void
fill_probe(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	const struct host *victim = &h->clients[in->next % h->n_clients];
	bool talks = dice_u64(&in->dice) >> 32 < o->answered;
	int64_t end = in->next_end_ms;

	make_rows(rows, &in->from, victim, high_port(in), in->port, end - 40, end, o);
	set_counters(&rows[0], talks ? 5 : 1, talks ? 5 * 40 + 120 : 44, talks ? FULL : SYN);
	set_counters(&rows[1], talks ? 4 : 1, talks ? 4 * 40 + 200 : 40, talks ? FULL : RST | ACK);
}

static void
fill_exfiltration(
    struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	int64_t end = in->next_end_ms;
	uint64_t more = dice_below(&in->dice, 100000);

	(void)h;
	make_rows(rows, &in->from, &in->to, 51515, in->port, end - SLICE_MS, end, o);
	if (in->step_ms < SLICE_MS)
		rows[0].start_ms = rows[1].start_ms = end - in->step_ms;
	set_counters(&rows[0], EXFIL_OCTETS / 1200, EXFIL_OCTETS + more, PSH | ACK);
	set_counters(&rows[1], EXFIL_OCTETS / 2400, EXFIL_OCTETS / 2400 * 40, ACK);
	rows[0].end_reason = rows[1].end_reason = 2;
}

static void
fill_upload(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	uint64_t packets = o->hourly / 1200 + 4;
	int64_t end = in->next_end_ms;

	(void)h;
	make_rows(rows, &in->from, &in->to, high_port(in), in->port, end - 20000, end, o);
	set_counters(&rows[0], packets, o->hourly + packets * 40, FULL);
	set_counters(&rows[1], packets / 2 + 2, (packets / 2 + 2) * 40 + 300, FULL);
}

static void
fill_session(struct incident *in, const struct host *to, const struct gen_opts *o, struct row *rows)
{
	static const uint16_t ports[] = { 3389, 445, 5985, 22 };
	int64_t end = in->next_end_ms;
	uint64_t out = 9000 + dice_below(&in->dice, 4000),
		 back = 16000 + dice_below(&in->dice, 9000);

	make_rows(rows, &in->from, to, high_port(in), ports[in->next % 4], end - 2500, end, o);
	set_counters(&rows[0], 40, 40 * 40 + out, FULL);
	set_counters(&rows[1], 44, 44 * 40 + back, FULL);
}

static void
fill_lateral(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	fill_session(in, &h->clients[dice_below(&in->dice, h->n_clients)], o, rows);
}

/* With the servers that ordinary traffic has for these ports. */
static void
fill_known_lateral(
    struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	static const uint16_t ports[] = { 3389, 445, 22 };
	uint16_t port = ports[in->next % 3];

	fill_session(in, hosts_inside(h, port, dice_below(&in->dice, INSIDE_EACH)), o, rows);
	rows[0].dstport = rows[1].srcport = port;
}

static void
fill_flood(struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	struct host spoofed;
	int64_t end = in->next_end_ms;

	(void)h;
	hosts_stranger(&spoofed, &in->dice, dice_u64(&in->dice));
	make_rows(rows, &spoofed, &in->to, (uint16_t)(1024 + dice_below(&in->dice, 60000)),
	    in->port, end, end, o);
	set_counters(&rows[0], 1, 40, SYN);
	rows[0].end_reason = 1;
}

unsigned
incident_rows(
    struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	plans[in->kind].fill(in, h, o, rows);
	in->next++;
	set_next(in);
	return in->rows_each;
}

static void
put_addr(struct buf *out, const char *key, const struct addr *a)
{
	char text[FMT_MAX];

	buf_printf(out, " %s=%.*s", key, (int)fmt_ip(text, a), text);
}

static void
put_time(struct buf *out, const char *key, int64_t ms)
{
	char text[FMT_MAX];

	buf_printf(out, " %s=%.*s", key, (int)fmt_time(text, ms * NS_PER_MS, 3, NULL), text);
}

void
incident_describe(const struct incident *in, struct buf *out)
{
	const struct plan *p = &plans[in->kind];

	buf_puts(out, p->name);
	if (p->from != INVENTED)
		put_addr(out, "srcip", &in->from.v4);
	if (p->to != MANY)
		put_addr(out, "dstip", &in->to.v4);
	buf_printf(out, " dstport=%s", p->ports);
	put_time(out, "start", in->start_ms);
	put_time(out, "end", in->last_ms);
	buf_printf(out, " events=%u flows=%u interval=%lld.%03lld: %s", in->n,
	    in->n * in->rows_each, (long long)(in->step_ms / 1000), (long long)(in->step_ms % 1000),
	    p->what);
}
