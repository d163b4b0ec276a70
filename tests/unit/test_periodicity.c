/*
 * test_periodicity.c - scores of beats: clocks are found, chance is not, however much of it; starts are thinned evenly.
 *
 *	test_periodicity [PAIRS]	simulated pairs for each number of beats (default 200; make bench-detect 10000)
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "detect/periodicity.h"
#include "detect/rita.h"
#include "tap.h"

#define DAY_S 86400.0
#define START_NS (INT64_C(1767571200) * NS_PER_S)

/* splitmix64, so that every machine tests the same. */
static double
uniform(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

struct series {
	struct beats beats;
	double first, last;
	uint32_t hours;
	uint32_t most;
};

static void
add(struct series *s, double at, uint64_t bytes)
{
	if (s->beats.n == 0)
		s->first = s->last = at;
	s->first = fmin(s->first, at);
	s->last = fmax(s->last, at);
	s->hours |= UINT32_C(1) << (unsigned)(at / 3600) % 24;
	beats_add(&s->beats, START_NS + (int64_t)(at * 1e9), bytes, s->most);
}

static double
score(struct series *s, struct periodicity *p)
{
	double share = (s->last - s->first) / DAY_S;

	(void)periodicity(&s->beats, share, (unsigned)__builtin_popcount(s->hours), 0, p);
	beats_free(&s->beats);
	return p->score;
}

/* Chance --------------------------------------------------------------------------------------------- */

/* n starts at random times of the day, or of its hours 8 to 18; all of one size, which is the worst. */
static double
chance_score(unsigned n, bool office, uint32_t most, uint64_t *state)
{
	struct series s = { .most = most };
	struct periodicity p;

	for (unsigned i = 0; i < n; i++)
		add(&s, office ? (8 + 10 * uniform(state)) * 3600 : uniform(state) * DAY_S, 500);
	return score(&s, &p);
}

static void
test_chance(unsigned pairs)
{
	static const unsigned beats[] = { 6, 10, 30, 100, 1000, 10000 };

	for (unsigned i = 0; i < sizeof(beats) / sizeof(beats[0]); i++)
		for (unsigned office = 0; office < 2; office++) {
			uint64_t state = beats[i] * 2 + office;
			unsigned alerts = 0, n = beats[i];
			double most = 0;

			for (unsigned k = 0; k < pairs; k++) {
				double v = chance_score(n, office, 512, &state);

				alerts += v >= 0.5;
				most = fmax(most, v);
			}
			ok(alerts == 0,
			    "chance: %u pairs of %u starts%s make no alert (highest score %.3f)",
			    pairs, n, office ? " in office hours" : "", most);
		}
}

/* What the formula's p0 says is what happens. */
static void
test_expectation(void)
{
	static const double rates[] = { 2, 0.2, 0.02 };

	for (unsigned i = 0; i < 3; i++) {
		struct series s = { .most = 1 << 20 };
		uint64_t state = 7 + i;
		struct periodicity p;
		double at = 0;

		while (s.beats.n < 40000) {
			at -= log(uniform(&state)) / rates[i];
			add(&s, at, 500);
		}
		(void)score(&s, &p);
		ok(fabs(p.share - p.chance) < 0.02,
		    "chance: %g starts a second, merged by %g s: %.3f near the period, %.3f "
		    "expected",
		    rates[i], p.merge_s, p.share, p.chance);
	}
}

/* Clocks --------------------------------------------------------------------------------------------- */

/* A day of beats at a period, each up to so much of it early or late; some are missed. */
static double
clock_score(double period, double jitter, double missed, struct periodicity *p)
{
	struct series s = { .most = 512 };
	uint64_t state = 3;

	for (double at = 5; at < DAY_S; at += period * (1 + jitter * (2 * uniform(&state) - 1)))
		if (uniform(&state) >= missed)
			add(&s, at, 500);
	return score(&s, p);
}

static void
test_clocks(void)
{
	static const struct {
		double period, jitter, missed, least, most;
		const char *name;
	} t[] = {
		{ 60, 0, 0, 0.99, 1, "every minute, exactly" },
		{ 60, 0.1, 0, 0.95, 1, "10% jitter" },
		{ 271, 0.3, 0, 0.8, 1, "30% jitter" },
		{ 271, 1, 0, 0, 0.5, "100% jitter is lost" },
		{ 271, 0.05, 0.3, 0.75, 1, "three of ten are missed" },
		{ 3600, 0.01, 0, 0.9, 1, "every hour" },
		{ 4 * 3600, 0.01, 0, 0.2, 0.5, "every four hours: five gaps are not enough" },
		{ 5 * 3600, 0.01, 0, 0, 0, "every five hours: four gaps are too few" },
		{ 2, 0.01, 0, 0.9, 1, "every two seconds, thinned" },
	};

	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct periodicity p;
		double v = clock_score(t[i].period, t[i].jitter, t[i].missed, &p);

		ok(v >= t[i].least && v <= t[i].most, "clocks: %s: %.3f", t[i].name, v);
		if (v >= 0.9)
			ok(fabs(p.period_s / t[i].period - 1) < 0.06, "and the period is known");
	}
}

/* A page load of many connections each time. */
static void
test_bursts(void)
{
	struct series s = { .most = 512 };
	struct periodicity p;
	uint64_t state = 5;
	double v;

	for (double at = 0; at < DAY_S; at += 300)
		for (unsigned k = 0; k < 20; k++)
			add(&s, at + 4 * uniform(&state), 500);
	v = score(&s, &p);
	ok(v > 0.9 && fabs(p.period_s - 300) < 5 && p.merge_s > 1,
	    "clocks: bursts of 20 connections every 5 minutes are beats: %.3f", v);

	s = (struct series){ .most = 512 };
	for (double at = 0; at < DAY_S; at += 300)
		add(&s, at + (double)(int)(3 * uniform(&state)), 500);
	ok(score(&s, &p) > 0.9 && p.merge_s == 10, "clocks: whole seconds are merged by 10 s");
	s = (struct series){ .most = 512 };
	for (double at = 0; at < DAY_S; at -= 2 * log(uniform(&state)))
		add(&s, floor(at), 500);
	v = score(&s, &p);
	ok(v < 0.5, "chance: whole seconds, two apart, are no beat: %.3f", v);
}

/* Thinning ------------------------------------------------------------------------------------------- */

static void
test_thinning(void)
{
	struct beats forward = { 0 }, backward = { 0 }, b = { 0 };
	uint32_t gaps = 0, wrong = 0;

	for (int i = 0; i < 80000; i++)
		beats_add(&forward, START_NS + i * 3 * NS_PER_S, 1, 512);
	beats_sort(&forward);
	for (uint32_t i = 1; i < forward.n; i++)
		if (beats_gap(&forward, forward.beat[i - 1].ms, forward.beat[i].ms)) {
			gaps++;
			wrong += forward.beat[i].ms - forward.beat[i - 1].ms != 3000;
		}
	ok(forward.n <= 512 && gaps > 100 && wrong == 0,
	    "thinning: of 80,000 beats %u are kept with %u gaps, all true", forward.n, gaps);
	ok(forward.beat[forward.n - 1].ms - forward.beat[0].ms > 80000u * 3000 / 2,
	    "thinning: they are of all the time");
	for (int i = 19999; i >= 0; i--)
		beats_add(&backward, START_NS + i * 3 * NS_PER_S, 1, 512);
	ok(backward.n > 100 && backward.n <= 512, "thinning: the last first is no matter");
	for (int i = 0; i < 100000; i++)
		beats_add(&b, START_NS + i % 500 * NS_PER_MS, 1, 64);
	ok(b.n >= 1 && b.n <= 64, "thinning: a burst without end is bounded");
	beats_add(&b, INT64_MAX, 1, 64);
	beats_add(&b, 0, 1, 64);
	beats_add(&b, INT64_MIN / 2, UINT64_MAX, 64);
	ok(b.far == 3, "thinning: times out of reach are counted, not kept");
	beats_free(&b);
	beats_add(&b, 0, 1, 64);
	for (int i = 0; i < 40; i++)
		beats_add(&b, START_NS + i * 60 * NS_PER_S, 1, 64);
	ok(b.n == 39 && b.far == 1, "thinning: a first start of another age costs one beat");
	beats_free(&forward);
	beats_free(&backward);
	beats_free(&b);
}

/* RITA ----------------------------------------------------------------------------------------------- */

static void
test_rita(void)
{
	struct beats b = { 0 };
	int64_t from, to;
	struct rita r;

	rita_time(1713484784, 1713743991, &from, &to);
	ok(from == 1713654000 && to == 1713743991,
	    "rita: looks at the last 24 hours from the start of an hour");
	rita_time(1713743000, 1713743991, &from, &to);
	ok(from == 1713740400, "rita: or from the hour in which the data begins");
	for (int i = 0; i < 3; i++)
		beats_add(&b, START_NS + i * 60 * NS_PER_S, 100, 512);
	ok(!rita(&b, START_NS / NS_PER_S, START_NS / NS_PER_S + 86400, &r), "rita: 3 are too few");
	for (int i = 3; i < 1440; i++)
		beats_add(&b, START_NS + i * 60 * NS_PER_S, 100, 1 << 20);
	ok(rita(&b, START_NS / NS_PER_S, START_NS / NS_PER_S + 86400, &r) && r.score == 1 &&
		r.n == 1440,
	    "rita: a clock has 1");
	beats_free(&b);
}

/* Are all gaps but `most` of them this long? */
static bool
even_gaps(const struct beats *b, uint32_t ms, unsigned most)
{
	unsigned odd = 0;

	for (uint32_t i = 1; i < b->n; i++)
		odd += beats_gap(b, b->beat[i - 1].ms, b->beat[i].ms) &&
		       b->beat[i].ms - b->beat[i - 1].ms != ms;
	return odd <= most;
}

static void
test_forgetting(void)
{
	const int64_t day = 86400 * NS_PER_S;
	struct beats b = { 0 };
	uint32_t most_kept = 0;
	bool even = true;
	int64_t at = START_NS;

	/* Four months of a beat every ten minutes, a day of it kept. */
	for (int i = 0; i < 120 * 144; i++, at += 600 * NS_PER_S) {
		beats_add(&b, at, 500, 512);
		if (i % 7 == 0)
			(void)beats_forget(&b, at - day, 512);
		most_kept = b.n > most_kept ? b.n : most_kept;
		even = even && even_gaps(&b, 600000, 0);
	}
	ok(b.far == 0 && most_kept <= 152 && b.n > 140 && even, "months of beats, a day at a time");
	ok(beats_time(&b, b.beat[b.n - 1].ms) == at - 600 * NS_PER_S, "and their times are right");
	/* A dense hour makes it thin; when that is forgotten nothing is thinned any more. */
	for (int i = 0; i < 3600; i++)
		beats_add(&b, at + i * 2 * NS_PER_S, 500, 512);
	ok(b.window_ms != 0 && b.window_ms % 1000 == 0,
	    "what is dense is thinned, by whole seconds");
	for (int i = 0; i < 400; i++, at += 600 * NS_PER_S) {
		beats_add(&b, at, 500, 512);
		(void)beats_forget(&b, at - day, 512);
	}
	ok(b.window_ms == 0 && b.n > 140 && even_gaps(&b, 600000, 0),
	    "and when it is forgotten all that comes is kept again");
	ok(beats_forget(&b, at + day, 512) > 0 && b.n == 0, "all may be forgotten");
	beats_add(&b, at + 400 * day, 1, 512);
	ok(b.n == 1 && b.far == 0, "and it begins anew, however much later");
	beats_free(&b);
}

int
main(int argc, char **argv)
{
	unsigned pairs = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200;

	test_clocks();
	test_bursts();
	test_thinning();
	test_forgetting();
	test_rita();
	test_expectation();
	test_chance(pairs);
	return done_testing();
}
