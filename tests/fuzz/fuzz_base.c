/*
 * fuzz_base.c - numbers, addresses, times, sizes and limits from any text: what is accepted reads back from what
 * we write for it.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/expire.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_numbers(const char *s, size_t n)
{
	char text[FMT_MAX];
	uint64_t u, u2, octets;
	int64_t i, i2;
	double d, d2;

	if (parse_u64(s, n, &u))
		assert(parse_u64(text, fmt_u64(text, u), &u2) && u == u2);
	if (parse_i64(s, n, &i))
		assert(parse_i64(text, fmt_i64(text, i), &i2) && i == i2);
	if (parse_double(s, n, &d))
		assert(parse_double(text, fmt_double(text, d), &d2) &&
		       (d == d2 || (isnan(d) && isnan(d2))));
	if (parse_scaled(s, n, &d))
		assert(isfinite(d) && fmt_scaled(text, d) <= FMT_MAX &&
		       fmt_fixed(text, d, 3) <= FMT_MAX);
	if (parse_size(s, n, &octets))
		assert(parse_size(text, fmt_u64(text, octets), &u2) && u2 == octets);
	if (parse_duration(s, n, true, &i)) {
		assert(i >= 0 && fmt_duration_human(text, i) <= FMT_MAX);
		assert(parse_duration(text, fmt_duration(text, i), true, &i2) && i == i2);
	}
}

static void
check_addresses(const char *s, size_t n)
{
	char text[FMT_MAX];
	struct addr a, a2;
	uint64_t mac, mac2;
	unsigned plen;

	if (parse_ip(s, n, &a)) {
		assert(parse_ip(text, fmt_ip(text, &a), &a2) && memcmp(&a, &a2, sizeof(a)) == 0);
		assert(parse_ip(text, fmt_ip6(text, &a), &a2) && memcmp(&a, &a2, sizeof(a)) == 0);
	}
	if (parse_prefix(s, n, &a, &plen)) {
		assert(plen <= 128);
		addr_mask(&a, plen);
	}
	if (parse_mac(s, n, &mac))
		assert(parse_mac(text, fmt_mac(text, mac), &mac2) && mac == mac2);
}

static void
check_times(const char *s, size_t n)
{
	int64_t ns, ns2, span, since, until, now = INT64_C(1795470349123456789);
	char text[FMT_MAX];
	struct tz *tz;

	if (parse_time(s, n, now, NULL, &ns, &span)) {
		assert(span >= 0 && fmt_time_human(text, ns, 3, NULL) <= FMT_MAX);
		if (ns > INT64_MIN + NS_PER_S)
			assert(parse_time(text, fmt_time(text, ns, 9, 0), now, 0, &ns2, &span) &&
			       ns == ns2);
	}
	if (parse_window(s, n, now, 0, &since, &until))
		assert(since <= until);
	if (n == 0 || (*s != '+' && *s != '-') || !tz_parse(s, n, &tz))
		return;
	assert(abs(tz_at(tz, 0).offset_s) < 86400);
	if (parse_time(s, n, now, tz, &ns, &span))
		assert(fmt_time(text, ns, 3, tz) <= FMT_MAX);
	tz_free(tz);
}

/* What is refused has a reason; what is accepted deletes nothing by a limit of 0. */
static void
check_limits(const char *s, size_t n)
{
	struct expire_limits l = { 0 };
	struct err err = { 0 };
	char *text = mem_string_n(s, n);

	if (expire_parse(&l, text, &err) != 0) {
		assert(err.status == EXIT_USAGE && err.text[0] != '\0');
	} else {
		assert(l.octets > 0 || l.files > 0 || l.age_ns > 0 || l.free_share > 0 ||
		       l.free_octets > 0);
		assert(l.age_ns >= 0 && l.free_share >= 0 && l.free_share < 1);
	}
	mem_free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *s = (const char *)data;

	check_numbers(s, len);
	check_addresses(s, len);
	check_times(s, len);
	check_limits(s, len);
	return 0;
}
