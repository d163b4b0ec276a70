#include "detect/alert_read.h"

#include "base/time.h"

/* Texts first, then what else there is: the columns of an alert, in the order of slots. */
enum slot {
	DETECTOR,
	KIND,
	REASON,
	WHY,
	ATTACK,
	LIMITS,
	SUBJECT,
	N_TEXTS,
	SRC = N_TEXTS,
	DST,
	SRCPORT,
	DSTPORT,
	PROTO,
	START,
	END,
	SCORE,
	SEVERITY,
	SAMPLING,
	COUNT,
	FLOWS,
	PACKETS,
	OCTETS,
	RPACKETS,
	ROCTETS,
	N_SLOTS
};

static const struct wanted {
	uint32_t pen;
	uint16_t id;
	uint8_t type;
} wanted[] = {
	[DETECTOR] = { PEN_OWN, OWN_DETECTOR, TYPE_STRING },
	[KIND] = { PEN_OWN, OWN_KIND, TYPE_STRING },
	[REASON] = { PEN_OWN, OWN_REASON, TYPE_STRING },
	[WHY] = { PEN_OWN, OWN_WHY, TYPE_STRING },
	[ATTACK] = { PEN_OWN, OWN_ATTACK, TYPE_STRING },
	[LIMITS] = { PEN_OWN, OWN_LIMITS, TYPE_STRING },
	[SUBJECT] = { PEN_OWN, OWN_SUBJECT, TYPE_STRING },
	[SRC] = { 0, 8, TYPE_IP },
	[DST] = { 0, 12, TYPE_IP },
	[SRCPORT] = { 0, 7, TYPE_UINT },
	[DSTPORT] = { 0, 11, TYPE_UINT },
	[PROTO] = { 0, 4, TYPE_UINT },
	[START] = { PEN_OWN, OWN_START, TYPE_TIME },
	[END] = { PEN_OWN, OWN_END, TYPE_TIME },
	[SCORE] = { PEN_OWN, OWN_SCORE, TYPE_FLOAT64 },
	[SEVERITY] = { PEN_OWN, OWN_SEVERITY, TYPE_UINT },
	[SAMPLING] = { PEN_OWN, OWN_SAMPLING, TYPE_UINT },
	[COUNT] = { PEN_OWN, OWN_ALERTS, TYPE_UINT },
	[FLOWS] = { 0, 3, TYPE_UINT },
	[PACKETS] = { 0, 2, TYPE_UINT },
	[OCTETS] = { 0, 1, TYPE_UINT },
	[RPACKETS] = { PEN_REVERSE, 2, TYPE_UINT },
	[ROCTETS] = { PEN_REVERSE, 1, TYPE_UINT },
};
_Static_assert((int)N_SLOTS == (int)ALERT_COLUMNS, "a reader has room for every column");

void
alert_bind(struct alert_reader *r, struct batch *b)
{
	int at[N_SLOTS];

	for (unsigned i = 0; i < N_SLOTS; i++) {
		struct field_id id = { .pen = wanted[i].pen, .id = wanted[i].id };

		at[i] = batch_find(b, &id);
		if (at[i] >= 0 && b->col[at[i]].type != wanted[i].type)
			at[i] = -1;
	}
	for (unsigned i = 0; i < N_SLOTS; i++)
		r->col[i] = at[i] < 0 ? NULL : batch_plain(b, (unsigned)at[i]);
}

static bool
has(const struct alert_reader *r, enum slot slot, size_t rec)
{
	return r->col[slot] != NULL && column_has(r->col[slot], rec);
}

bool
alert_is(const struct alert_reader *r, size_t rec)
{
	return has(r, DETECTOR, rec);
}

static const char *
text_at(const struct alert_reader *r, enum slot slot, size_t rec, struct arena *arena)
{
	const struct column *c = r->col[slot];

	if (!has(r, slot, rec))
		return NULL;
	return arena_string(
	    arena, (const char *)c->data + c->off[rec], c->off[rec + 1] - c->off[rec]);
}

static const struct addr *
addr_at(const struct alert_reader *r, enum slot slot, size_t rec, struct arena *arena)
{
	const struct column *c = r->col[slot];
	struct addr *a;

	if (!has(r, slot, rec))
		return NULL;
	a = arena_alloc(arena, sizeof(*a));
	*a = column_ip(c, rec);
	return a;
}

static uint64_t
uint_at(const struct alert_reader *r, enum slot slot, size_t rec)
{
	return has(r, slot, rec) ? column_uint(r->col[slot], rec) : 0;
}

static uint64_t
counter_at(const struct alert_reader *r, enum slot slot, size_t rec)
{
	return has(r, slot, rec) ? column_uint(r->col[slot], rec) : NOT_COUNTED;
}

static int
small_at(const struct alert_reader *r, enum slot slot, size_t rec, unsigned most)
{
	return has(r, slot, rec) && uint_at(r, slot, rec) <= most ? (int)uint_at(r, slot, rec) : -1;
}

static void
times_at(const struct alert_reader *r, size_t rec, struct alert *a)
{
	bool start = has(r, START, rec), end = has(r, END, rec);

	a->start_ns = start ? column_int(r->col[START], rec) : end ? 0 : time_now_ns();
	a->end_ns = end ? column_int(r->col[END], rec) : a->start_ns;
	if (!start)
		a->start_ns = a->end_ns;
	if (a->end_ns < a->start_ns)
		a->end_ns = a->start_ns;
}

void
alert_at(const struct alert_reader *r, size_t rec, struct arena *arena, struct alert *a)
{
	const char *text[N_TEXTS];
	uint64_t severity = uint_at(r, SEVERITY, rec);

	for (unsigned i = 0; i < N_TEXTS; i++) {
		text[i] = text_at(r, (enum slot)i, rec, arena);
		if (i <= WHY && text[i] == NULL)
			text[i] = "";
	}
	*a = (struct alert){ .detector = text[DETECTOR],
		.kind = text[KIND],
		.reason = text[REASON],
		.why = text[WHY],
		.attack = text[ATTACK],
		.limits = text[LIMITS],
		.subject = text[SUBJECT],
		.src = addr_at(r, SRC, rec, arena),
		.dst = addr_at(r, DST, rec, arena),
		.srcport = small_at(r, SRCPORT, rec, UINT16_MAX),
		.dstport = small_at(r, DSTPORT, rec, UINT16_MAX),
		.proto = small_at(r, PROTO, rec, UINT8_MAX),
		.score = has(r, SCORE, rec) ? ((const double *)r->col[SCORE]->data)[rec] : 0,
		.sampling = (uint32_t)uint_at(r, SAMPLING, rec),
		.count = uint_at(r, COUNT, rec),
		.flows = counter_at(r, FLOWS, rec),
		.packets = counter_at(r, PACKETS, rec),
		.bytes = counter_at(r, OCTETS, rec),
		.rpackets = counter_at(r, RPACKETS, rec),
		.rbytes = counter_at(r, ROCTETS, rec) };
	if (!(a->score >= 0)) /* not a number either */
		a->score = 0;
	if (a->score > 1)
		a->score = 1;
	a->severity = severity >= SEVERITY_LOW && severity <= SEVERITY_CRITICAL
			  ? (enum severity)severity
			  : severity_of(a->score);
	if (a->flows == 0)
		a->flows = NOT_COUNTED;
	times_at(r, rec, a);
}
