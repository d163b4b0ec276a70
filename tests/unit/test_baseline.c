/*
 * test_baseline.c - sketches, robust numbers, hours of the week, and baselines that merge in any grouping.
 */
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/sum.h"
#include "base/time.h"
#include "detect/baseline.h"
#include "detect/hourly.h"
#include "detect/open_alerts.h"
#include "detect/robust.h"
#include "stream/stream.h"
#include "tap.h"

#define INTERNAL "10.0.0.0/8"
static const struct hours workdays = { .buckets = HOURS_WORKDAY },
			  weekdays = { .buckets = HOURS_WEEKDAY };

static int64_t
at(const char *text)
{
	int64_t ns = 0, span;

	(void)parse_time(text, strlen(text), 0, 0, &ns, &span);
	return ns;
}

static struct addr
host(uint32_t i)
{
	return addr_v4(UINT32_C(0x0a000000) + i);
}

/* Sketches ----------------------------------------------------------------------------------------- */

static void
add_range(struct hll *h, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct addr a = host(i);

		hll_add(h, hll_hash(&a));
	}
}

static bool
same_sketch(const struct hll *a, const struct hll *b)
{
	struct buf x = { 0 }, y = { 0 };
	bool same;

	hll_put(&x, a);
	hll_put(&y, b);
	same = x.len == y.len && (x.len == 0 || memcmp(x.data, y.data, x.len) == 0);
	buf_free(&x);
	buf_free(&y);
	return same;
}

static void
test_sketch_counts(void)
{
	static const uint32_t sizes[] = { 0, 1, 2, 10, 100, 511, 600, 3000, 100000 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hll h = { 0 };
		double n, off;

		add_range(&h, 0, sizes[i]);
		add_range(&h, 0, sizes[i]);
		n = hll_count(&h);
		off = fabs(n - sizes[i]) / (sizes[i] > 0 ? sizes[i] : 1);
		ok(off < (sizes[i] <= 10 ? 0.02 : 0.1),
		    "%u different ones, each twice, count as %.1f", sizes[i], n);
		hll_free(&h);
	}
}

static void
test_sketch_merging(void)
{
	static const uint32_t cuts[][3] = { { 3, 9, 20 }, { 300, 500, 700 }, { 900, 2000, 9000 },
		{ 10, 1000, 1010 } };

	for (unsigned i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct hll all = { 0 }, a = { 0 }, b = { 0 }, c = { 0 }, ab = { 0 }, back = { 0 };
		struct buf octets = { 0 };

		add_range(&all, 0, cuts[i][2]);
		add_range(&a, 0, cuts[i][0]);
		add_range(&b, cuts[i][0], cuts[i][1]);
		add_range(&c, cuts[i][1], cuts[i][2]);
		hll_merge(&ab, &c);
		hll_merge(&ab, &b);
		hll_merge(&ab, &a);
		ok(same_sketch(&ab, &all), "sketches of %u are the same, merged or not",
		    cuts[i][2]);
		hll_put(&octets, &all);
		ok(hll_get(&back, octets.data, octets.len) && same_sketch(&back, &all),
		    "a sketch of %u reads back from its %zu octets", cuts[i][2], octets.len);
		ok(!hll_get(&back, octets.data, octets.len - 1) && back.n == 0,
		    "and not from one octet fewer");
		hll_free(&all);
		hll_free(&a);
		hll_free(&b);
		hll_free(&c);
		hll_free(&ab);
		hll_free(&back);
		buf_free(&octets);
	}
}

static void
test_sketch_refuses(void)
{
	static const char *const bad[] = { "\3", "\1", "\1\1", "\1\0\0", "\1\1\0\1\0",
		"\1\101\0\1\0", "\1\77\0", "\2\1\1" };
	static const size_t len[] = { 1, 1, 2, 3, 5, 5, 3, 3 };
	unsigned refused = 0;

	for (unsigned i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		struct hll h = { 0 };

		refused += !hll_get(&h, bad[i], len[i]) && h.n == 0;
		hll_free(&h);
	}
	is_u64(refused, sizeof(len) / sizeof(len[0]), "octets that are no sketch are refused");
}

/* Robust numbers ----------------------------------------------------------------------------------- */

static void
test_robust(void)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 }, wild[] = { 10, 11, 12, 13, 1e9 };

	ok(robust_median(odd, 3) == 5 && robust_median(even, 4) == 2.5, "medians");
	ok(robust_mad(wild, 5, robust_median(wild, 5)) == 1,
	    "a distance is usual whatever one value is");
	ok(log8_code(0, 1) == 0 && log8_code(1e30, 1) == 255, "amounts are cut at both ends");
}

static void
test_log8(void)
{
	unsigned kept = 0;
	uint64_t whole = 0;
	double worst = 0;

	for (unsigned c = 0; c <= UINT8_MAX; c++)
		kept += log8_code(log8_value(c, 256), 256) == c;
	is_u64(kept, 256, "every code of an amount reads back");
	for (uint64_t v = 0; v < 100000; v++) {
		uint8_t c = log8_code((double)v, 1);

		whole += log8_code(floor(log8_value(c, 1) + 0.5), 1) == c;
	}
	is_u64(whole, 100000, "and so does that of a whole number, read as a whole number");
	for (double v = 1e4; v < 1e11; v *= 1.01)
		worst = fmax(worst, fabs(log8_value(log8_code(v, 256), 256) / v - 1));
	ok(worst < 0.046, "amounts are within 4.6 %% (%.2f %%)", worst * 100);
}

/* Hours -------------------------------------------------------------------------------------------- */

static void
test_hours(void)
{
	struct hours east = { .buckets = HOURS_WORKDAY, .utc_offset_s = 2 * 3600 };
	int64_t monday = at("2026-01-05T14:30:00Z"), sunday = at("2026-01-04T23:10:00Z");
	char name[FMT_MAX];
	unsigned n;

	is_u64(hours_bucket(&workdays, monday), 14, "Monday 14:30 is 14h of working days");
	is_u64(hours_bucket(&workdays, sunday), 24 + 23, "Sunday 23:10 is 23h of days off");
	is_u64(hours_bucket(&weekdays, monday), 14, "by weekday Monday is the first");
	is_u64(hours_bucket(&weekdays, sunday), 6 * 24 + 23, "and Sunday the last");
	is_u64(hours_bucket(&east, sunday), 1, "further east Monday has begun");
	n = hours_put_name(&weekdays, 6 * 24 + 23, name);
	name[n] = '\0';
	is_str(name, "Sunday 23h", "hours have names");
}

/* Whenever it is asked, a zone's hours are those of the same time. */
static void
test_offset(void)
{
	static const struct {
		const char *name;
		int offset_s;
	} zones[] = { { "UTC", 0 }, { "+05:30", 19800 }, { "Europe/Zurich", 3600 },
		{ "Europe/Dublin", 0 }, { "America/New_York", -5 * 3600 },
		{ "Australia/Sydney", 10 * 3600 } };

	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		int64_t from_s = at("2026-01-01T00:00:00Z") / NS_PER_S;
		unsigned good = 0;
		struct tz *tz;

		(void)tz_parse(zones[i].name, strlen(zones[i].name), &tz);
		for (int day = 0; day < 365; day++)
			good += hours_offset(tz, from_s + day * 86400) == zones[i].offset_s;
		is_u64(good, 365, "the standard time of %s, all year", zones[i].name);
		tz_free(tz);
	}
}

/* Every slot is of a day that has it, and those kept are the bucket's last 8. */
static bool
slots_hold(const struct hours *h, int32_t latest)
{
	for (unsigned bucket = 0; bucket < h->buckets; bucket++)
		for (unsigned slot = 0; slot < HOURS_SLOTS; slot++) {
			int32_t day = hours_slot_day(h, bucket, slot, latest);
			int64_t ns = ((int64_t)day * 24 + bucket % 24) * NS_PER_HOUR;

			if (day < 0)
				continue;
			if (day > latest || hours_slot(h, day) != slot ||
			    !hours_kept(h, day, latest) || hours_bucket(h, ns) != bucket)
				return false;
		}
	return true;
}

static void
test_slots(void)
{
	unsigned good = 0, kept[2] = { 0, 0 };
	int32_t latest = hours_day(&workdays, at("2026-01-08T00:00:00Z"));

	for (int32_t day = 0; day < 500; day++)
		good += slots_hold(&workdays, day) && slots_hold(&weekdays, day);
	is_u64(good, 500, "a slot is of the day that writes to it, whatever the latest day is");
	for (int32_t day = latest - 100; day <= latest + 3; day++) {
		kept[0] += hours_kept(&workdays, day, latest);
		kept[1] += hours_kept(&weekdays, day, latest);
	}
	is_u64(kept[0], 16, "8 working days and 8 days off are kept");
	is_u64(kept[1], 56, "or 8 weeks");
}

static uint64_t dice;

static uint32_t
roll(uint32_t n)
{
	dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(dice >> 33) % n;
}

/* Octets of a record in the hours that it spans -------------------------------------------------- */

static void
test_shares(void)
{
	uint64_t shares[HOURLY_SPAN];
	uint32_t first;
	int64_t nine = at("2026-01-05T09:00:00Z");
	unsigned whole = 0;

	is_u64(
	    hourly_shares(nine + NS_PER_HOUR / 2, nine + 5 * NS_PER_HOUR / 2, 4000, &first, shares),
	    3, "from half past nine to half past eleven are three hours");
	ok(first == hourly_hour(nine) && shares[0] == 1000 && shares[1] == 2000 &&
		shares[2] == 1000,
	    "which get a quarter, a half, a quarter");
	is_u64(hourly_shares(nine, nine, 7, &first, shares), 1, "an instant is in one hour");
	is_u64(shares[0], 7, "with all of it");
	is_u64(hourly_shares(0, INT64_MAX / 2, 7, &first, shares), 1,
	    "what lasts for years is put into one");
	ok(first == hourly_hour(INT64_MAX / 2), "the last");
	dice = 5;
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t octets = ((uint64_t)roll(1u << 30) << 32) + roll(1u << 30), sum = 0;
		int64_t start = nine + roll(1000000) * NS_PER_S,
			end = start + roll(100000) * NS_PER_S;
		unsigned n = hourly_shares(start, end, octets, &first, shares);

		for (unsigned k = 0; k < n; k++)
			sum += shares[k];
		whole += sum == octets && n <= HOURLY_SPAN && first + n - 1 == hourly_hour(end);
	}
	is_u64(whole, 10000, "whatever the record, its octets are all somewhere and none twice");
}

/* Open alerts -------------------------------------------------------------------------------------- */

static void
put_ip(struct batch *b, uint16_t id, size_t rec, const struct addr *a)
{
	struct field_id f = field_iana(id);

	batch_put_ip(b, (unsigned)batch_column(b, &f, TYPE_IP, 4, 0), rec, a);
}

static void
test_open_alerts(void)
{
	struct open_alerts *o = open_alerts_new();
	struct addr a = host(1), b = host(2), c = host(3), d = host(4);
	struct batch *batch = batch_new();
	struct field_id port = field_iana(11), start = field_own(OWN_START),
			detector = field_own(OWN_DETECTOR);
	struct err err = { 0 };

	batch_extend(batch, 3);
	put_ip(batch, 8, 0, &a); /* a to b:443 since 1000 s */
	put_ip(batch, 12, 0, &b);
	batch_put_uint(batch, (unsigned)batch_column(batch, &port, TYPE_UINT, 2, 0), 0, 443);
	batch_put_uint(
	    batch, (unsigned)batch_column(batch, &start, TYPE_TIME, 8, 0), 0, 1000 * NS_PER_S);
	put_ip(batch, 8, 1, &c); /* all of c */
	put_ip(batch, 12, 2, &d); /* all to d:22 */
	for (size_t i = 0; i < 3; i++)
		batch_put_octets(batch, (unsigned)batch_column(batch, &detector, TYPE_STRING, 0, 0),
		    i, "scan", 4);
	batch_put_uint(batch, (unsigned)batch_column(batch, &port, TYPE_UINT, 2, 0), 2, 22);
	batch_close(batch);
	is_i64(open_alerts_add(o, batch, NULL, &err), 0, "alerts are taken");
	ok(open_alerts_cover(o, &a, &b, 5000, 443, 2000 * NS_PER_S),
	    "a flow under an alert is covered");
	ok(open_alerts_cover(o, &b, &a, 443, 5000, 2000 * NS_PER_S), "its answer too");
	ok(!open_alerts_cover(o, &a, &b, 5000, 443, 999 * NS_PER_S), "one from before it is not");
	ok(!open_alerts_cover(o, &a, &b, 5000, 80, 2000 * NS_PER_S), "nor one to another port");
	ok(!open_alerts_cover(o, &a, &d, 5000, 443, 2000 * NS_PER_S), "nor one to another host");
	ok(open_alerts_cover(o, &b, &c, 5000, 80, 0) && open_alerts_cover(o, &c, &b, 1, 2, 0),
	    "all of a host under an alert without a destination is");
	ok(open_alerts_cover(o, &a, &d, 5000, 22, 0) && open_alerts_cover(o, &d, &a, 22, 5000, 0) &&
		!open_alerts_cover(o, &d, &a, 5000, 22, 0),
	    "and what is with a destination's port, whoever");
	batch_reset(batch);
	batch_extend(batch, 1);
	put_ip(batch, 8, 0, &a);
	put_ip(batch, 12, 0, &b);
	batch_close(batch);
	is_i64(open_alerts_add(o, batch, NULL, &err), -1, "a flow is no alert");
	batch_free(batch);
	open_alerts_free(o);
}

/* Keyed things ------------------------------------------------------------------------------------- */

static void
test_keyed(void)
{
	struct {
		uint32_t key, value;
	} * p;
	struct keyed k;
	unsigned good = 0;

	keyed_init(&k, sizeof(*p), sizeof(p->key), 5000);
	for (uint32_t i = 0; i < 6000; i++) {
		uint32_t key = i * 2654435761u;
		size_t n = keyed_add(&k, &key);

		if (n == KEYED_NONE)
			continue;
		p = keyed_at(&k, n);
		p->value = i;
	}
	is_u64(k.n, 5000, "no more than the bound is kept");
	is_u64(k.full, 1000, "and what was not is counted");
	for (uint32_t i = 0; i < 6000; i++) {
		uint32_t key = i * 2654435761u;
		size_t n = keyed_find(&k, &key);

		p = n != KEYED_NONE ? keyed_at(&k, n) : NULL;
		good +=
		    i < 5000 ? p != NULL && p->value == i && keyed_add(&k, &key) == n : p == NULL;
	}
	is_u64(good, 6000, "everything is found where it was put");
	keyed_free(&k);
}

/* Baselines ---------------------------------------------------------------------------------------- */

/* What a day or so of an invented network leaves. */
static void
fill(struct baseline *b, int64_t from_ns, unsigned conversations)
{
	b->sampling = 1;
	for (unsigned i = 0; i < conversations; i++) {
		int64_t t = from_ns + roll(30 * 3600) * NS_PER_S;
		struct addr client = host(roll(20)),
			    server = addr_v4(UINT32_C(0xcb007100) + roll(600));
		unsigned port = roll(3) * 100 + 80;
		uint64_t hour[NETWORK_METRICS] = { roll(1000000), roll(1000), 3, 4, 5, 6, 7, 8, 9 };
		struct base_edge *e = baseline_add_edge(b, &client, &server, 6, port);
		struct base_host *h;
		struct base_service *s;
		struct base_prefix *p;

		baseline_see(b, &e->seen, t, t + NS_PER_S);
		e->flows = sum_u32(e->flows, 1);
		e->out += i;
		e->largest = (uint8_t)roll(200) > e->largest ? (uint8_t)roll(200) : e->largest;
		h = baseline_add_host(b, &client);
		baseline_see(b, &h->seen, t, t + NS_PER_S);
		h->flows++;
		hll_add(&h->peers, hll_hash(&server));
		s = baseline_add_service(b, &server, 6, port);
		baseline_see(b, &s->seen, t, t + NS_PER_S);
		hll_add(&s->clients, hll_hash(&client));
		p = baseline_add_prefix(b, &server);
		baseline_see(b, &p->seen, t, t + NS_PER_S);
		baseline_see(b, &b->network.seen, t, t + NS_PER_S);
		b->network.flows++;
		baseline_advance(b, hours_day(&b->hours, t + NS_PER_S));
		baseline_put_hour(b, h->hourly, false, t, hour);
		baseline_put_hour(b, b->network.hourly, true, t, hour);
		h = baseline_add_exporter(
		    b, &(struct addr){ .b = { 0x20, 1, [15] = (uint8_t)roll(3) } });
		baseline_see(b, &h->seen, t, t);
	}
}

static int
put_block(void *ctx, struct batch *b, struct err *err)
{
	struct encoder *enc = encoder_new(PROFILE_FILE, 0);
	int rc = block_encode(enc, b, ctx, err);

	encoder_free(enc);
	return rc;
}

/* A baseline as the octets of its blocks. */
static struct buf
octets_of(struct baseline *b)
{
	struct buf out = { 0 };
	struct err err = { 0 };

	baseline_ready(b);
	if (baseline_write(b, put_block, &out, &err) != 0)
		printf("# %s\n", err.text);
	return out;
}

/* A stream of a baseline's blocks in memory, at its beginning. */
static int
stream_of(struct baseline *b)
{
	struct buf blocks = octets_of(b);
	struct err err = { 0 };
	int fd = memfd_create("baseline", 0);
	struct stream_writer *w = stream_create(fd, NULL);
	size_t at_octet = 0;

	while (at_octet < blocks.len) { /* block by block, as they number themselves */
		uint32_t len;

		memcpy(&len, blocks.data + at_octet + 12, 4);
		(void)stream_put(w, blocks.data + at_octet, len, &err);
		at_octet += len;
	}
	(void)stream_finish(w, &err);
	stream_abandon(w);
	buf_free(&blocks);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static struct baseline *
night(unsigned i, const struct hours *hours)
{
	struct baseline *b = baseline_new(hours, INTERNAL);

	dice = i;
	fill(b, at("2026-01-01T00:00:00Z") + (int64_t)i * 5 * 86400 * NS_PER_S, 200 + 50 * i);
	return b;
}

static void
add_night(struct baseline *to, struct baseline *from)
{
	struct err err = { 0 };

	if (baseline_read(to, stream_of(from), &err) != 0)
		printf("# %s\n", err.text);
}

static bool
equal(struct baseline *a, struct baseline *b)
{
	struct buf x = octets_of(a), y = octets_of(b);
	bool same = x.len == y.len && x.len > 0 && memcmp(x.data, y.data, x.len) == 0;

	buf_free(&x);
	buf_free(&y);
	return same;
}

static void
test_round_trip(const struct hours *hours)
{
	struct baseline *b = night(1, hours), *back = baseline_new(&workdays, "");

	add_night(back, b);
	ok(equal(b, back), "a baseline of %u hours reads back as it was written", hours->buckets);
	baseline_free(b);
	baseline_free(back);
}

static void
test_merging(const struct hours *hours)
{
	struct baseline *n[4],
	    *left = baseline_new(hours, INTERNAL), *right = baseline_new(hours, INTERNAL),
	    *ab = baseline_new(hours, INTERNAL), *cd = baseline_new(hours, INTERNAL);

	for (unsigned i = 0; i < 4; i++)
		n[i] = night(i, hours);
	for (unsigned i = 0; i < 4; i++)
		add_night(left, n[i]);
	add_night(ab, n[1]);
	add_night(ab, n[0]);
	add_night(cd, n[3]);
	add_night(cd, n[2]);
	add_night(right, cd);
	add_night(right, ab);
	ok(equal(left, right),
	    "four nights of %u hours merge to the same in another grouping and order",
	    hours->buckets);
	add_night(right, n[0]);
	ok(!equal(left, right), "and a night more is another baseline");
	for (unsigned i = 0; i < 4; i++)
		baseline_free(n[i]);
	baseline_free(left);
	baseline_free(right);
	baseline_free(ab);
	baseline_free(cd);
}

static void
test_refusing(void)
{
	struct baseline *a = night(0, &workdays), *weekly = night(0, &weekdays),
			*sampled = night(0, &workdays),
			*ours = baseline_new(&workdays, "192.0.2.0/24"),
			*all[3] = { weekly, sampled, ours };
	static const char *const why[] = { "hours of the week: 168, before it 48",
		"learned from 1 in 100 packets, before it every packet",
		"our networks are others" };

	sampled->sampling = 100;
	fill(ours, at("2026-01-01T00:00:00Z"), 10);
	for (unsigned i = 0; i < 3; i++) {
		struct err err = { 0 };
		int rc = baseline_read(a, stream_of(all[i]), &err);

		ok(rc == -1 && strstr(err.text, why[i]) != NULL, "refused: %s", err.text);
	}
	baseline_free(a);
	for (unsigned i = 0; i < 3; i++)
		baseline_free(all[i]);
}

static void
test_seen(void)
{
	struct baseline *b = baseline_new(&workdays, INTERNAL);
	struct seen s = { 0 }, late = { 0 };

	baseline_see(b, &s, at("2026-01-05T10:00:00Z"), at("2026-01-05T10:00:00Z"));
	is_u64(s.days, 1, "seen on the day of its end");
	baseline_see(b, &s, at("2026-01-08T10:00:00Z"), at("2026-01-08T10:00:00Z"));
	is_u64(s.days, 9, "and three days before that");
	baseline_see(b, &s, at("2026-01-06T10:00:00Z"), at("2026-01-06T10:00:00Z"));
	is_u64(s.days, 13, "a day between comes later");
	baseline_see(b, &s, at("2026-03-08T10:00:00Z"), at("2026-03-12T10:00:00Z"));
	is_u64(s.days, 31 | UINT64_C(1) << 63,
	    "days of a long flow are all of it; what is 64 days ago is forgotten");
	baseline_see(b, &b->network.seen, at("2026-01-01T00:00:00Z"), at("2026-03-12T12:00:00Z"));
	baseline_see(b, &late, at("2026-03-08T00:00:00Z"), at("2026-03-12T00:00:00Z"));
	ok(!baseline_young(b, &s) && baseline_young(b, &late), "what is known for 4 days is young");
	baseline_free(b);
}

/* From first to last the network was seen, from that on a host: how many days is it known? */
static unsigned
days_known(const char *first, const char *last, const char *host)
{
	struct baseline *b = baseline_new(&workdays, INTERNAL);
	struct seen s = { 0 };
	unsigned days;

	baseline_see(b, &b->network.seen, at(first), at(last));
	baseline_see(b, &s, at(host), at(host));
	days = baseline_days_known(b, &s);
	ok(baseline_young(b, &s) == (days < BASELINE_NORMAL_DAYS), "%u days from %s on", days,
	    host);
	baseline_free(b);
	return days;
}

static void
test_days_known(void)
{
	const char *first = "2026-01-05T00:00:00Z", *last = "2026-01-11T23:59:57Z";

	is_u64(days_known(first, last, first), 7, "seven whole days are seven");
	is_u64(days_known(first, last, "2026-01-05T23:59:00Z"), 7,
	    "of all that is there on the first");
	is_u64(days_known(first, last, "2026-01-06T00:00:00Z"), 6,
	    "but not of what comes on the second");
	is_u64(days_known("2026-01-04T23:59:50Z", "2026-01-10T23:59:59Z", "2026-01-05T09:00:00Z"),
	    6, "a flow that was going on at their beginning makes six days no seven");
	is_u64(days_known("2026-01-04T23:59:50Z", last, "2026-01-05T22:00:00Z"), 7,
	    "nor seven days six");
	is_u64(days_known(first, "2026-01-05T11:00:00Z", first), 0, "less than half a day is none");
	is_u64(days_known(first, first, last), 0, "nor is what came after the end");
}

static void
test_history(void)
{
	struct baseline *b = baseline_new(&workdays, INTERNAL);
	struct addr a = host(1);
	struct base_host *h = baseline_add_host(b, &a);
	uint8_t codes[HOURS_SLOTS * 3];
	int64_t first = at("2026-01-05T09:00:00Z"), t;
	uint64_t hour[NETWORK_METRICS] = { 0 };
	size_t n;

	for (int day = 0; day < 10; day++) {
		t = first + day * 24 * NS_PER_HOUR;
		baseline_see(b, &b->network.seen, t, t);
		baseline_advance(b, hours_day(&b->hours, t));
		hour[METRIC_FLOWS] = day != 1;
		hour[METRIC_OUT] = (uint64_t)day * 1000000;
		baseline_put_hour(b, b->network.hourly, true, t, hour);
		if (day > 1)
			baseline_see(b, &h->seen, t, t);
		if (day > 1 && day != 3)
			baseline_put_hour(b, h->hourly, false, t, hour);
	}
	t = first + 10 * 24 * NS_PER_HOUR; /* Thursday */
	n = baseline_history(b, h, METRIC_OUT, t, codes);
	is_u64(n, 6, "working days that it was known on, silent ones too");
	is_u64(baseline_history(b, h, METRIC_OUT, first + 4 * 24 * NS_PER_HOUR, codes), 5,
	    "the hour itself is not among them");
	is_u64(baseline_history(b, h, METRIC_OUT, first + 5 * 24 * NS_PER_HOUR, codes), 1,
	    "days off are apart");
	is_u64(baseline_history(b, h, METRIC_OUT, t + 4 * NS_PER_HOUR, codes), 0,
	    "hours of which nothing is known are no silence");
	baseline_free(b);
}

static void
test_looking(void)
{
	struct baseline *b = night(2, &workdays);
	size_t n, sum = 0, found = 0, pairs = 0;

	baseline_ready(b);
	for (size_t i = 0; i < b->edges.n; i++) {
		const struct base_edge *e = keyed_at(&b->edges, i);
		struct addr c = baseline_addr(b, e->client), s = baseline_addr(b, e->server);

		found += baseline_edge(b, &c, &s, e->proto, e->port) == e &&
			 baseline_service(b, &s, e->proto, e->port) != NULL &&
			 baseline_prefix(b, &s) != NULL && baseline_host(b, &c) != NULL;
		pairs += baseline_pair(b, &c, &s, &n) != NULL && n >= 1;
	}
	is_u64(found, b->edges.n, "every edge, its service, prefix and client are found");
	is_u64(pairs, b->edges.n, "and every pair");
	for (uint32_t i = 0; i < 20; i++) {
		struct addr c = host(i);

		(void)baseline_edges(b, &c, &n);
		sum += n;
	}
	is_u64(sum, b->edges.n, "the edges of all clients are all edges");
	ok(baseline_host(b, &(struct addr){ { 1 } }) == NULL &&
		baseline_pair(b, &(struct addr){ { 1 } }, &(struct addr){ { 2 } }, &n) == NULL &&
		n == 0,
	    "who was never seen is not found");
	baseline_free(b);
}

int
main(void)
{
	test_sketch_counts();
	test_sketch_merging();
	test_sketch_refuses();
	test_robust();
	test_log8();
	test_hours();
	test_offset();
	test_slots();
	test_shares();
	test_open_alerts();
	test_keyed();
	test_seen();
	test_days_known();
	test_history();
	test_round_trip(&workdays);
	test_round_trip(&weekdays);
	test_merging(&workdays);
	test_merging(&weekdays);
	test_refusing();
	test_looking();
	return done_testing();
}
