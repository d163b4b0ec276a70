#include "track.h"

#include "base/mem.h"
#include "detect/robust.h"

static const char *const kind_names[TRACK_KINDS] = { "network", "exporter", "interface", "service",
	"host" };
static const struct {
	const char *name;
	enum metric metric;
} amounts[AMOUNTS] = {
	[AMOUNT_OUT] = { "out", METRIC_OUT },
	[AMOUNT_IN] = { "in", METRIC_IN },
	[AMOUNT_LAN_OUT] = { "lan_out", METRIC_LAN_OUT },
	[AMOUNT_LAN_IN] = { "lan_in", METRIC_LAN_IN },
	[AMOUNT_DNS] = { "dns", METRIC_DNS },
	[AMOUNT_FLOWS] = { "flows", METRIC_FLOWS },
};

const char *
track_kind_name(enum track_kind k)
{
	return kind_names[k];
}

const char *
amount_name(enum amount a)
{
	return amounts[a].name;
}

enum metric
amount_metric(enum amount a)
{
	return amounts[a].metric;
}

/* A busy link carries more in an hour than a host's unit reaches. */
double
track_unit(enum track_kind kind, enum amount a)
{
	return a == AMOUNT_FLOWS ? 1 : kind == TRACK_HOST ? 256 : 65536;
}

/* Life --------------------------------------------------------------------------------------------- */

void
tracks_init(struct tracks *t, const struct hours *hours)
{
	*t = (struct tracks){ .hours = *hours, .latest = -1 };
	keyed_init(&t->at, sizeof(struct track), sizeof(struct track_key), TRACKS_MOST);
	keyed_reserve(&t->at);
	(void)tracks_add(t, TRACK_NETWORK, &(struct addr){ 0 }, 0);
}

void
tracks_free(struct tracks *t)
{
	for (size_t i = 0; i < t->at.n; i++)
		mem_free(tracks_at(t, i)->past);
	keyed_free(&t->at);
}

size_t
tracks_add(struct tracks *t, enum track_kind kind, const struct addr *a, uint32_t id)
{
	const struct track_key key = { *a, id, kind };

	return keyed_add(&t->at, &key);
}

/* Past --------------------------------------------------------------------------------------------- */

size_t
tracks_past_octets(const struct tracks *t)
{
	return (size_t)AMOUNTS * t->hours.buckets * HOURS_SLOTS;
}

uint8_t *
track_past(const struct tracks *t, struct track *k)
{
	if (k->past == NULL)
		k->past = mem_zero(1, tracks_past_octets(t));
	return k->past;
}

static size_t
place(const struct tracks *t, unsigned amount, unsigned bucket, unsigned slot)
{
	return ((size_t)amount * t->hours.buckets + bucket) * HOURS_SLOTS + slot;
}

static void
empty_slot(struct tracks *t, unsigned bucket, unsigned slot)
{
	for (size_t i = 0; i < t->at.n; i++) {
		struct track *k = tracks_at(t, i);

		for (unsigned a = 0; a < AMOUNTS && k->past != NULL; a++)
			k->past[place(t, a, bucket, slot)] = 0;
	}
}

/* Days up to this one are known: slots of days that are kept no more are emptied. */
static void
advance(struct tracks *t, int32_t day)
{
	int32_t before = t->latest;

	if (day <= before)
		return;
	t->latest = day;
	for (unsigned bucket = 0; bucket < t->hours.buckets && before >= 0; bucket++)
		for (unsigned slot = 0; slot < HOURS_SLOTS; slot++)
			if (hours_slot_day(&t->hours, bucket, slot, day) !=
			    hours_slot_day(&t->hours, bucket, slot, before))
				empty_slot(t, bucket, slot);
}

static void
keep(const struct tracks *t, struct track *k, uint32_t hour)
{
	int64_t ns = (int64_t)hour * NS_PER_HOUR;
	unsigned bucket = hours_bucket(&t->hours, ns);
	unsigned slot = hours_slot(&t->hours, hours_day(&t->hours, ns));
	uint64_t *now = k->now[hour % TRACK_OPEN];

	for (unsigned a = 0; a < AMOUNTS; a++) {
		uint8_t code = log8_code((double)now[a], track_unit(k->key.kind, a));

		if (code == 0)
			continue;
		track_past(t, k)[place(t, a, bucket, slot)] = code;
		k->peak[a] = code > k->peak[a] ? code : k->peak[a];
	}
}

struct looking {
	const struct tracks *t;
	const struct track *k;
	enum amount amount;
	int32_t from,
	    without; /* days: the first that the track was known, the one that is judged */
};

static size_t
codes_of(const void *ctx, int64_t ns, uint8_t *codes)
{
	const struct looking *l = ctx;
	const struct tracks *t = l->t;
	const uint8_t *network = tracks_at(t, 0)->past;
	unsigned bucket = hours_bucket(&t->hours, ns);
	size_t n = 0;

	for (unsigned slot = 0; slot < HOURS_SLOTS && network != NULL && l->k->past != NULL;
	     slot++) {
		int32_t day = hours_slot_day(&t->hours, bucket, slot, t->latest);

		/* In hours without any records nothing was measured. */
		if (day < l->from || day == l->without ||
		    network[place(t, AMOUNT_FLOWS, bucket, slot)] == 0)
			continue;
		codes[n++] = l->k->past[place(t, l->amount, bucket, slot)];
	}
	return n;
}

bool
track_habit(const struct tracks *t, const struct track *k, enum amount a, uint32_t hour,
    double amount, double floor, struct habit *h)
{
	int64_t ns = (int64_t)hour * NS_PER_HOUR;
	const struct looking l = { t, k, a,
		hours_day(&t->hours, (int64_t)k->first_hour * NS_PER_HOUR),
		hours_day(&t->hours, ns) };
	const struct habit_past past = { codes_of, &l, track_unit(k->key.kind, a) };

	return habit_of(&past, ns, amount, floor, h);
}

/* Hours -------------------------------------------------------------------------------------------- */

/* The network's octets are those of our hosts. */
static void
sum_hosts(struct tracks *t, uint32_t hour)
{
	struct track *network = tracks_at(t, 0);

	for (size_t i = 1; i < t->at.n; i++) {
		const struct track *k = tracks_at(t, i);

		for (unsigned a = AMOUNT_OUT; a <= AMOUNT_DNS && k->key.kind == TRACK_HOST; a++)
			track_add(network, hour, a, k->now[hour % TRACK_OPEN][a]);
	}
}

static void
end_hour(struct tracks *t, uint32_t hour, bool partial)
{
	int64_t ns = (int64_t)hour * NS_PER_HOUR;
	bool measured = tracks_at(t, 0)->now[hour % TRACK_OPEN][AMOUNT_FLOWS] > 0;

	if (!measured)
		return;
	sum_hosts(t, hour);
	advance(t, hours_day(&t->hours, ns));
	for (size_t i = 0; i < t->at.n; i++) {
		struct track *k = tracks_at(t, i);
		const uint64_t *now = k->now[hour % TRACK_OPEN];

		if ((now[AMOUNT_FLOWS] | now[AMOUNT_OUT] | now[AMOUNT_IN] | now[AMOUNT_LAN_IN]) ==
		    0)
			continue;
		if (k->first_hour == 0)
			k->first_hour = hour;
		k->last_hour = hour;
	}
	t->hour_over(t->ctx, hour, partial || hour == t->partial_hour);
	for (size_t i = 0; i < t->at.n; i++) {
		struct track *k = tracks_at(t, i);

		if (!partial && hour != t->partial_hour &&
		    !(t->baseline && k->key.kind == TRACK_HOST))
			keep(t, k, hour);
		memset(k->now[hour % TRACK_OPEN], 0, sizeof(k->now[0]));
	}
}

bool
tracks_time(struct tracks *t, int64_t end_ns)
{
	uint32_t hour = hourly_hour(end_ns);

	if (t->open_hour == 0) {
		t->open_hour = t->newest_hour = hour;
		if (end_ns % NS_PER_HOUR > NS_PER_HOUR / 12)
			t->partial_hour = hour;
	}
	if (hour <= t->newest_hour)
		return hour >= t->open_hour;
	t->newest_hour = hour;
	for (unsigned i = 0; t->open_hour + 1 < hour; t->open_hour++, i++) {
		if (i == TRACK_OPEN) { /* all that was open is over, and nothing came since */
			t->open_hour = hour - 1;
			break;
		}
		end_hour(t, t->open_hour, false);
	}
	return true;
}

void
tracks_finish(struct tracks *t)
{
	for (; t->open_hour != 0 && t->open_hour <= t->newest_hour; t->open_hour++)
		end_hour(t, t->open_hour, t->open_hour == t->newest_hour);
}

void
track_add_octets(const struct tracks *t, struct track *k, enum amount a, int64_t start_ns,
    int64_t end_ns, uint64_t octets)
{
	uint64_t shares[HOURLY_SPAN];
	uint32_t first, hour = hourly_hour(end_ns);
	unsigned n;

	if (hourly_hour(start_ns) == hour) {
		track_add(k, hour, a, octets);
		return;
	}
	n = hourly_shares(start_ns, end_ns, octets, &first, shares);
	for (unsigned i = 0; i < n; i++)
		if (first + i >= t->open_hour)
			track_add(k, first + i, a, shares[i]);
}
