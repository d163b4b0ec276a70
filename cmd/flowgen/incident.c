/*
 * Planted incidents.  Their places are fixed shares of the span and their sizes fixed shares of the
 * count, so that what a test must find follows from the options; flowgen -v prints it.
 */
#include "gen.h"

enum { TCP = 6, SYN = 2, RST = 4, PSH = 8, ACK = 16, FULL = 27 };
enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, SLICE_MS = ACTIVE_TIMEOUT_MS };
enum { BEACON_OCTETS = 412, EXFIL_OCTETS = 16000000 };

/*
 * at: where in the span it begins, in 1/1000; length: how long, at most 1/part of the span;
 * events: how many, at most 1/share of the rows.
 */
static const struct plan {
	const char *name, *what;
	unsigned at, part, share, events, rows;
	int64_t length_ms;
} plans[INCIDENT_KINDS] = {
	[BEACON] = { "beacon", "one small request at a steady interval, all the time", 0, 1, 40, 0,
	    2, 0 },
	[SCAN] = { "scan", "one client tries a port of many internal hosts", 350, 20, 20, 2000, 1,
	    10 * MINUTE_MS },
	[EXFILTRATION] = { "exfiltration", "one long upload, in slices of the active timeout", 600,
	    4, 40, 36, 2, 3 * (int64_t)HOUR_MS },
	[LATERAL] = { "lateral", "one client opens sessions with internal hosts it never spoke to",
	    480, 8, 40, 96, 2, HOUR_MS },
	[FLOOD] = { "flood", "SYN packets from invented sources to one internal server", 800, 20,
	    10, 20000, 1, 2 * MINUTE_MS },
};

const char *
incident_name(enum incident_kind k)
{
	return plans[k].name;
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
			*set |= (1u << INCIDENT_KINDS) - 1;
		else if (k == INCIDENT_KINDS)
			return err_usage(err,
			    "'%.*s' is no incident: beacon, scan, exfiltration, lateral, flood or "
			    "all",
			    (int)(n > 40 ? 40 : n), list);
		else
			*set |= 1u << k;
		list += n + (list[n] == ',');
	}
	return 0;
}

/* A client's host; the busiest ranks are avoided so that the incident is not lost in the crowd. */
static void
pick_parties(struct incident *in, const struct hosts *h)
{
	struct dice *d = &in->dice;

	in->from = h->clients[dice_below(d, h->n_clients)];
	switch (in->kind) {
	case BEACON:
		in->port = 443;
		hosts_stranger(&in->to, d, h->seed);
		break;
	case SCAN: in->port = 445; break;
	case EXFILTRATION:
		in->port = 443;
		hosts_stranger(&in->to, d, h->seed);
		break;
	case LATERAL: in->port = 3389; break;
	case FLOOD:
	case INCIDENT_KINDS:
		in->port = 80;
		in->to = h->internal[INTERNAL_SERVERS - 1];
		break;
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

/* Beats of a jittered beacon before the time is over, at most `most`. */
static uint32_t
count_beats(struct incident in, int64_t length_ms, uint32_t most)
{
	uint32_t n = 0;

	for (int64_t at = wait_of(&in); at <= length_ms && n < most; at += wait_of(&in))
		n++;
	return n;
}

static void
set_next(struct incident *in)
{
	int64_t jitter = 0;

	if (in->next >= in->n) {
		in->next_end_ms = INT64_MAX;
		return;
	}
	if (in->spread_ms >= 0) {
		in->next_end_ms += wait_of(in);
		return;
	}
	if (in->kind == BEACON) /* a fiftieth of the interval */
		jitter = dice_below(&in->dice, (uint32_t)(in->step_ms / 50 + 1));
	in->next_end_ms = in->start_ms + in->step_ms * (in->next + 1) - jitter;
}

void
incident_plan(
    struct incident *in, enum incident_kind kind, const struct hosts *h, const struct gen_opts *o)
{
	const struct plan *p = &plans[kind];
	uint64_t most = o->count / p->share / p->rows, events = p->events;
	int64_t length = o->span_ms / p->part;

	*in = (struct incident){ .kind = kind, .rows_each = p->rows, .spread_ms = -1 };
	dice_seed(&in->dice, dice_mix(o->seed) ^ (kind + 1));
	pick_parties(in, h);
	if (p->length_ms != 0 && length > p->length_ms)
		length = p->length_ms;
	if (kind == BEACON)
		events = (uint64_t)(length / o->period_ms);
	events = events < most ? events : most;
	events = (int64_t)events > length ? (uint64_t)length : events;
	in->n = (uint32_t)events;
	in->start_ms = o->start_ms + o->span_ms / 1000 * p->at;
	in->step_ms = events ? length / (int64_t)events : 0;
	if (kind == BEACON && o->jittered) {
		in->spread_ms = (int64_t)((double)in->step_ms * (double)o->jitter / 4294967296.0);
		in->n = count_beats(*in, length, (uint32_t)most);
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

unsigned
incident_rows(
    struct incident *in, const struct hosts *h, const struct gen_opts *o, struct row *rows)
{
	struct dice *d = &in->dice;
	uint16_t sport = (uint16_t)(40000 + in->next % 20000);
	int64_t end = in->next_end_ms;

	switch (in->kind) {
	case BEACON:
		make_rows(rows, &in->from, &in->to, sport, in->port, end - 80, end, o);
		set_counters(&rows[0], 6, 6 * 40 + BEACON_OCTETS, FULL);
		set_counters(&rows[1], 5, 5 * 40 + 180, FULL);
		break;
	case SCAN: {
		struct host victim = h->clients[in->next % h->n_clients];

		make_rows(rows, &in->from, &victim, sport, in->port, end, end, o);
		set_counters(&rows[0], 1, 44, SYN);
		break;
	}
	case EXFILTRATION:
		make_rows(rows, &in->from, &in->to, 51515, in->port, end - SLICE_MS, end, o);
		if (in->step_ms < SLICE_MS)
			rows[0].start_ms = rows[1].start_ms = end - in->step_ms;
		set_counters(
		    &rows[0], EXFIL_OCTETS / 1200, EXFIL_OCTETS + dice_below(d, 100000), PSH | ACK);
		set_counters(&rows[1], EXFIL_OCTETS / 2400, EXFIL_OCTETS / 2400 * 40, ACK);
		rows[0].end_reason = rows[1].end_reason = 2;
		break;
	case LATERAL: {
		static const uint16_t ports[] = { 3389, 445, 5985, 22 };
		uint32_t k = dice_below(d, h->n_clients);

		make_rows(rows, &in->from, &h->clients[k], sport, ports[in->next % 4], end - 2500,
		    end, o);
		set_counters(&rows[0], 40, 40 * 40 + 9000 + dice_below(d, 4000), FULL);
		set_counters(&rows[1], 44, 44 * 40 + 16000 + dice_below(d, 9000), FULL);
		break;
	}
	case FLOOD:
	case INCIDENT_KINDS: {
		struct host spoofed;

		hosts_stranger(&spoofed, d, dice_u64(d));
		make_rows(rows, &spoofed, &in->to, (uint16_t)(1024 + dice_below(d, 60000)),
		    in->port, end, end, o);
		set_counters(&rows[0], 1, 40, SYN);
		rows[0].end_reason = 1;
		break;
	}
	}
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

	buf_printf(out, " %s=%.*s", key, (int)fmt_time(text, ms * NS_PER_MS, 3, 0), text);
}

void
incident_describe(const struct incident *in, const struct gen_opts *o, struct buf *out)
{
	const struct plan *p = &plans[in->kind];
	int64_t last = in->start_ms + in->step_ms * in->n;

	if (last > o->start_ms + o->span_ms) /* jittered */
		last = o->start_ms + o->span_ms;
	buf_puts(out, p->name);
	if (in->kind != FLOOD)
		put_addr(out, "srcip", &in->from.v4);
	if (in->kind != SCAN && in->kind != LATERAL)
		put_addr(out, "dstip", &in->to.v4);
	if (in->kind != LATERAL)
		buf_printf(out, " dstport=%u", in->port);
	else
		buf_puts(out, " dstport=3389,445,5985,22");
	put_time(out, "start", in->start_ms);
	put_time(out, "end", last);
	buf_printf(out, " events=%u flows=%u interval=%lld.%03lld: %s", in->n,
	    in->n * in->rows_each, (long long)(in->step_ms / 1000), (long long)(in->step_ms % 1000),
	    p->what);
}
