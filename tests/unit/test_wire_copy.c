/*
 * From rows to columns: every form of value in every length that the wire has, beside the plainest way to read it.
 */
#include <stdlib.h>

#include "base/addr.h"
#include "base/num.h"
#include "tap.h"
#include "wire/copy.h"

enum { MOST = 130 };

/* Numbers of values that loops handle in other ways: none, fewer and more than they take at a time. */
static const size_t counts[] = { 0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, MOST };
enum { COUNTS = sizeof(counts) / sizeof(counts[0]) };

/* Rows of random octets, in memory of just their length. */
struct rows {
	uint8_t *p;
	struct source s;
};

static uint8_t
octet(void)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint8_t)(state >> 56);
}

static struct rows
rows(size_t len, size_t gap, size_t n)
{
	size_t octets = n > 0 ? (n - 1) * (len + gap) + len : 0;
	struct rows r = { .p = malloc(octets > 0 ? octets : 1) };

	for (size_t i = 0; i < octets; i++)
		r.p[i] = octet();
	r.s = (struct source){ r.p, len, len + gap, n };
	return r;
}

static void
put(struct rows *r, size_t i, uint64_t v)
{
	for (size_t k = 0; k < r->s.len; k++)
		r->p[i * r->s.stride + k] = (uint8_t)(v >> 8 * (r->s.len - 1 - k));
}

static uint64_t
get(const struct rows *r, size_t i)
{
	uint64_t v = 0;

	for (size_t k = 0; k < r->s.len; k++)
		v = v * 256 + r->p[i * r->s.stride + k];
	return v;
}

/* A cell of 1 2 4 8 octets; what is kept of a number in one. */
static uint64_t
cell(const void *cells, unsigned width, size_t i)
{
	uint64_t v = 0;

	memcpy(&v, (const uint8_t *)cells + i * width, width); /* little endian, as streams are */
	return v;
}

static uint64_t
kept(uint64_t v, unsigned width)
{
	return width < 8 ? v & ((UINT64_C(1) << 8 * width) - 1) : v;
}

static void
test_integers(void)
{
	for (unsigned width = 1; width <= 8; width *= 2) {
		for (size_t len = 1; len <= 8; len++) {
			copy_cells *usual = copy_find(len, width);
			size_t wrong = 0, wrong_signed = 0, wrong_usual = 0;

			for (size_t k = 0; k < 3 * COUNTS; k++) {
				size_t n = counts[k / 3], gap = k % 3 * 5;
				struct rows r = rows(len, gap, n);
				uint64_t cells[MOST], negative[MOST], some[MOST];

				copy_uint(cells, width, &r.s);
				copy_int(negative, width, &r.s);
				if (usual != NULL)
					usual(some, r.s.p, r.s.stride, n);
				for (size_t i = 0; i < n; i++) {
					uint64_t v = get(&r, i), sign = UINT64_C(1)
									<< (8 * len - 1);

					wrong += cell(cells, width, i) != kept(v, width);
					wrong_signed += cell(negative, width, i) !=
							kept((v ^ sign) - sign, width);
					wrong_usual +=
					    usual != NULL && cell(some, width, i) != kept(v, width);
				}
				free(r.p);
			}
			is_u64(wrong, 0, "copy: numbers of %zu octets to cells of %u", len, width);
			is_u64(wrong_signed, 0, "copy: signed ones of %zu octets to cells of %u",
			    len, width);
			is_u64(wrong_usual, 0, "copy: and by a loop of their own");
		}
	}
}

static void
test_floats(void)
{
	static const uint64_t four[] = { 0x3fc00000, 0xc0000000, 0x7f800000 };
	static const uint64_t eight[] = { 0x3ff8000000000000, 0xc000000000000000,
		0x7ff0000000000000 };
	struct rows r4 = rows(4, 3, 3), r8 = rows(8, 0, 3);
	float f[3];
	double d[3], e[3];

	for (size_t i = 0; i < 3; i++) {
		put(&r4, i, four[i]);
		put(&r8, i, eight[i]);
	}
	copy_float(f, 4, &r4.s);
	copy_float(d, 8, &r4.s);
	copy_float(e, 8, &r8.s);
	for (size_t i = 0; i < 3; i++) {
		is_u64(cell(f, 4, i), four[i], "copy: a float32 stays one");
		is_u64(cell(d, 8, i), eight[i], "copy: or becomes a float64");
		is_u64(cell(e, 8, i), eight[i], "copy: which stays one");
	}
	free(r4.p);
	free(r8.p);
}

static void
test_booleans(void)
{
	static const uint8_t values[] = { 1, 2, 0, 3, 255, 1 };
	struct rows r = rows(1, 2, sizeof(values));
	uint8_t cells[sizeof(values)];

	for (size_t i = 0; i < sizeof(values); i++)
		put(&r, i, values[i]);
	is_u64(copy_bool(cells, &r.s), 3, "copy: 0, 3 and 255 are neither true nor false");
	ok(cells[0] == 1 && cells[1] == 0 && cells[5] == 1, "copy: 1 is true and 2 is false");
	free(r.p);
}

static void
test_addresses(void)
{
	static const uint8_t mapped[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1
	};
	struct rows r = rows(4, 3, 7), six = rows(16, 1, 5);
	uint32_t four[7];
	struct addr wide[7], got[5];
	size_t wrong = 0;

	copy_ip4(four, 4, &r.s);
	copy_ip4(wide, 16, &r.s);
	for (size_t i = 0; i < 7; i++) {
		struct addr a = addr_v4((uint32_t)get(&r, i));

		wrong += four[i] != get(&r, i) || memcmp(&wide[i], &a, 16) != 0;
	}
	is_u64(wrong, 0, "copy: IPv4 addresses to cells of 4 and of 16");
	memcpy(six.p + 17, mapped, 16);
	memcpy(six.p + 4 * 17, mapped, 16);
	is_u64(copy_ip6((uint8_t *)got, &six.s), 2, "copy: of IPv6 addresses two are mapped");
	for (size_t i = wrong = 0; i < 5; i++)
		wrong += memcmp(&got[i], six.p + i * 17, 16) != 0;
	is_u64(wrong, 0, "copy: each as it was sent");
	free(r.p);
	free(six.p);
}

/* How a form of time is copied, and read one by one. */
struct form {
	const char *name;
	size_t lens[8];
	int64_t (*copy)(int64_t *, const struct source *, int64_t unit_ns);
	int64_t (*one)(uint64_t v, int64_t unit_ns);
};

static int64_t
one_scaled(uint64_t v, int64_t unit_ns)
{
	unsigned __int128 ns = (unsigned __int128)v * (uint64_t)unit_ns;

	return ns <= INT64_MAX ? (int64_t)ns : TIME_NONE;
}

/* RFC 7011 6.1.9, 6.1.10; the era as RFC 4330 3 has it. */
static int64_t
one_ntp(uint64_t v, int64_t unit_ns)
{
	int64_t s =
	    (int64_t)(v >> 32) - 2208988800 + (v != 0 && v >> 63 == 0 ? INT64_C(1) << 32 : 0);
	uint64_t fraction = v & (unit_ns == 1000 ? 0xfffff800 : 0xffffffff);

	return s * NS_PER_S + (int64_t)(fraction * (uint64_t)(NS_PER_S / unit_ns) >> 32) * unit_ns;
}

/* An uptime of which the header's is here, behind a wrap of its count lately. */
enum { UPTIME_MS = 5000 };
static const int64_t header_ns = INT64_C(1700000000123456789);

static int64_t
copy_uptimes(int64_t *cells, const struct source *s, int64_t unit_ns)
{
	(void)unit_ns;
	return copy_uptime(cells, s, header_ns, UPTIME_MS);
}

static int64_t
one_uptime(uint64_t v, int64_t unit_ns)
{
	int64_t before_ms;

	(void)unit_ns;
	if (v > UINT32_MAX)
		return TIME_NONE;
	before_ms = UPTIME_MS - (int64_t)v;
	if (before_ms < INT32_MIN)
		before_ms += INT64_C(1) << 32;
	return header_ns - before_ms * NS_PER_MS;
}

static int64_t
copy_deltas(int64_t *cells, const struct source *s, int64_t unit_ns)
{
	(void)unit_ns;
	return copy_delta(cells, s, header_ns);
}

static int64_t
one_delta(uint64_t v, int64_t unit_ns)
{
	(void)unit_ns;
	return v <= UINT32_MAX ? header_ns - (int64_t)v * 1000 : TIME_NONE;
}

static const struct form forms[] = {
	{ "counts of a unit", { 1, 2, 3, 4, 5, 6, 7, 8 }, copy_scaled, one_scaled },
	{ "NTP's form", { 8 }, copy_ntp, one_ntp },
	{ "uptimes", { 1, 2, 3, 4, 5, 6, 7, 8 }, copy_uptimes, one_uptime },
	{ "distances from the header", { 1, 2, 3, 4, 5, 6, 7, 8 }, copy_deltas, one_delta },
};

/* Random values, and those where something ends; as many of them as the length has octets for. */
static uint64_t
value(size_t len, unsigned k)
{
	static const uint64_t ends[] = { 0, 1, INT32_MAX, UINT64_C(1) << 31, UINT32_MAX,
		UINT64_C(1) << 32, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX, 9223372036, 9223372037,
		9223372036854, 9223372036855, 9223372036854775, 9223372036854776, UPTIME_MS,
		UPTIME_MS + 1, (UINT64_C(1) << 31) + UPTIME_MS, (UINT64_C(1) << 31) + UPTIME_MS + 1,
		UINT64_C(2208988800) << 32, 0x7ff, 0x800 };
	uint64_t v = 0;

	if (k % 3 == 0)
		v = ends[k / 3 % (sizeof(ends) / sizeof(ends[0]))];
	else
		for (size_t i = 0; i < 8; i++)
			v = v << 8 | octet();
	return len < 8 ? v & ((UINT64_C(1) << 8 * len) - 1) : v;
}

static void
test_times(const struct form *f)
{
	static const int64_t units[] = { NS_PER_S, NS_PER_MS, NS_PER_US, 1 };

	for (unsigned at = 0; at < 8 && f->lens[at] != 0; at++) {
		size_t len = f->lens[at], wrong = 0, wrong_least = 0;
		unsigned k = 0;

		for (size_t x = 0; x < 4 * COUNTS; x++) {
			size_t n = counts[x / 4];
			int64_t unit = f->copy == copy_ntp ? x % 2 ? 1 : NS_PER_US : units[x % 4];
			struct rows r = rows(len, x % 3, n);
			int64_t cells[MOST], least = INT64_MAX;

			for (size_t i = 0; i < n; i++)
				put(&r, i, value(len, k++));
			if (n == 0) {
				free(r.p);
				continue;
			}
			for (size_t i = 0; i < n; i++) {
				int64_t ns = f->one(get(&r, i), unit);

				least = ns < least ? ns : least;
			}
			wrong_least += f->copy(cells, &r.s, unit) != least;
			for (size_t i = 0; i < n; i++)
				wrong += cells[i] != f->one(get(&r, i), unit);
			free(r.p);
		}
		is_u64(wrong, 0, "copy: %s in %zu octets", f->name, len);
		is_u64(wrong_least, 0, "copy: and the least of them");
	}
}

/* What the plain way above says itself, by times that are known. */
static void
test_known_times(void)
{
	struct rows r = rows(8, 0, 4);
	int64_t ns[4];

	put(&r, 0, UINT64_C(0x83aa7e8080000000)); /* 1970-01-01 00:00:00.5 */
	put(&r, 1, 1); /* 2036-02-07 06:28:16 */
	put(&r, 2, UINT64_MAX); /* the second before */
	put(&r, 3, 0);
	(void)copy_ntp(ns, &r.s, NS_PER_US);
	is_i64(ns[0], 500000000, "copy: NTP's seconds count from 1900");
	is_i64(ns[1], INT64_C(2085978496000000000), "copy: without the top bit from 2036");
	is_i64(ns[2], INT64_C(2085978495999999000), "copy: microseconds leave out 11 bits");
	is_i64(ns[3], INT64_C(-2208988800000000000), "copy: nothing at all is no time of 2036");
	free(r.p);
}

int
main(void)
{
	test_integers();
	test_floats();
	test_booleans();
	test_addresses();
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		test_times(&forms[i]);
	test_known_times();
	return done_testing();
}
