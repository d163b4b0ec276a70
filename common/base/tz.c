#include "base/tz.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"

/* Looked at once a WEEK: no clock moves and moves back within one.  LAST: 2051-01-01. */
enum { HOUR_S = 3600, DAY_S = 86400, WEEK_S = 7 * DAY_S, NAME_MAX_LEN = 64 };
static const int64_t LAST_S = INT64_C(2556144000);

struct change {
	int64_t from_s;
	int offset_s;
};

struct tz {
	/* In order of time; the first one holds from the beginning of time. */
	struct change *change;
	size_t n;
};

static void
add_change(struct tz *z, int64_t from_s, int offset_s)
{
	z->change = mem_resize(z->change, z->n + 1, sizeof(*z->change));
	z->change[z->n++] = (struct change){ from_s, offset_s };
}

bool
tz_parse_offset(const char *text, size_t n, int *offset_s)
{
	unsigned digit[4] = { 0 }, have = 0, minutes;

	if (n < 3 || (text[0] != '+' && text[0] != '-'))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (text[i] == ':' && i == 3)
			continue;
		if (text[i] < '0' || text[i] > '9' || have == 4)
			return false;
		digit[have++] = (unsigned)(text[i] - '0');
	}
	minutes = digit[2] * 10 + digit[3];
	if ((have != 2 && have != 4) || (have == 2 && n > 3) || minutes > 59)
		return false;
	minutes += (digit[0] * 10 + digit[1]) * 60;
	*offset_s = (int)(minutes * 60) * (text[0] == '-' ? -1 : 1);
	return minutes < 24 * 60;
}

/* RFC 9636 3.1.  Beside such files there are directories (America) and lists (zone.tab). */
static bool
is_zone_file(const char *path)
{
	static const char magic[] = { 'T', 'Z', 'i', 'f' };
	char head[sizeof(magic)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && file_read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
		  memcmp(head, magic, sizeof(magic)) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

/* A name under the system's zone directory; glibc takes unknown ones for UTC without a word. */
static bool
is_known(const char *name)
{
	const char *dir = getenv("TZDIR");
	char path[256];

	if (name[0] == '/' || name[0] == '.' || name[0] == '\0' || strstr(name, "..") != NULL)
		return false;
	if (dir == NULL)
		dir = "/usr/share/zoneinfo";
	if (strlen(dir) + strlen(name) + 2 > sizeof(path))
		return false;
	strcpy(stpcpy(stpcpy(path, dir), "/"), name);
	return is_zone_file(path);
}

static int
system_offset(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL)
		return 0;
	/*
	 * Whole minutes, as times are written: one zone had seconds, until 1972, and would read back as another time.
	 */
	return (int)tm.tm_gmtoff / 60 * 60;
}

/* The first second of (before, after] at which clocks stand as they do after it. */
static int64_t
when_moved(int64_t before, int64_t after, int offset_s)
{
	while (after - before > 1) {
		int64_t middle = before + (after - before) / 2;

		if (system_offset(middle) == offset_s)
			after = middle;
		else
			before = middle;
	}
	return after;
}

static void
learn_rules(struct tz *z)
{
	int offset_s = system_offset(0);

	add_change(z, INT64_MIN, offset_s);
	for (int64_t s = WEEK_S; s < LAST_S; s += WEEK_S) {
		int now_s = system_offset(s);

		if (now_s != offset_s)
			add_change(z, when_moved(s - WEEK_S, s, now_s), now_s);
		offset_s = now_s;
	}
}

/* The C library knows one zone at a time, that of the environment. */
static void
learn_name(struct tz *z, const char *name)
{
	const char *before = getenv("TZ");
	char *saved = before == NULL ? NULL : mem_string(before);

	setenv("TZ", name, 1);
	tzset();
	learn_rules(z);
	if (saved != NULL)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	tzset();
	mem_free(saved);
}

bool
tz_parse(const char *text, size_t n, struct tz **zone)
{
	char name[NAME_MAX_LEN];
	int offset_s = 0;

	*zone = NULL;
	if ((n == 3 && memcmp(text, "UTC", 3) == 0) || (n == 1 && *text == 'Z'))
		return true;
	if (tz_parse_offset(text, n, &offset_s)) {
		*zone = mem_zero(1, sizeof(**zone));
		add_change(*zone, INT64_MIN, offset_s);
		return true;
	}
	if (n >= sizeof(name) || memchr(text, '\0', n) != NULL)
		return false;
	memcpy(name, text, n);
	name[n] = '\0';
	if (!is_known(name))
		return false;
	*zone = mem_zero(1, sizeof(**zone));
	learn_name(*zone, name);
	return true;
}

void
tz_free(struct tz *z)
{
	if (z == NULL)
		return;
	mem_free(z->change);
	mem_free(z);
}

struct tz_span
tz_at(const struct tz *z, int64_t s)
{
	size_t low = 0, high = z == NULL ? 0 : z->n;

	if (z == NULL)
		return (struct tz_span){ INT64_MIN, INT64_MAX, 0 };
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (z->change[middle].from_s <= s)
			low = middle;
		else
			high = middle;
	}
	return (struct tz_span){ z->change[low].from_s,
		low + 1 < z->n ? z->change[low + 1].from_s : INT64_MAX, z->change[low].offset_s };
}

int64_t
tz_instant(const struct tz *z, int64_t local_s)
{
	int before_s = tz_at(z, local_s - DAY_S).offset_s;
	int after_s = tz_at(z, local_s + DAY_S).offset_s;
	int64_t early = local_s - before_s, late = local_s - after_s;

	if (tz_at(z, early).offset_s != before_s && tz_at(z, late).offset_s == after_s)
		return late;
	return early;
}

/* Down to a multiple of unit; modulo 2^64. */
static int64_t
floor_to(int64_t v, int64_t unit)
{
	return (int64_t)((uint64_t)floor_div(v, unit) * (uint64_t)unit);
}

static int64_t
rest_of(int offset_s, int64_t ns)
{
	int64_t offset_ns = offset_s * NS_PER_S;

	return offset_ns - floor_to(offset_ns, ns);
}

/* How long its bin has lasted at ns, by clocks that stand so far from UTC all that time. */
static uint64_t
past_ns(const struct tz_bins *b, int64_t ns, int offset_s)
{
	uint64_t unit = (uint64_t)b->ns, past = (uint64_t)ns - (uint64_t)floor_to(ns, b->ns);

	if (b->shift_ns != 0)
		past = (past + (uint64_t)b->shift_ns) % unit;
	if (offset_s != 0)
		past = (past + (uint64_t)rest_of(offset_s, b->ns)) % unit;
	return past;
}

struct tz_bins
tz_bins(const struct tz *tz, int64_t ns)
{
	struct tz_bins b = { .ns = ns };
	bool even = true;

	if (ns % (WEEK_S * NS_PER_S) == 0)
		b.shift_ns = 3 * DAY_S * NS_PER_S;
	if (tz == NULL)
		return b;
	for (size_t i = 1; i < tz->n; i++)
		even = even &&
		       rest_of(tz->change[i].offset_s, ns) == rest_of(tz->change[0].offset_s, ns);
	if (even)
		b.shift_ns = (b.shift_ns + rest_of(tz->change[0].offset_s, ns)) % ns;
	else
		b.moves = tz;
	return b;
}

/* The first instant at which clocks show so many ns since the epoch, or more where they leap over that. */
static int64_t
instant_ns(const struct tz *tz, int64_t local_ns)
{
	int64_t local_s = floor_div(local_ns, NS_PER_S), s = tz_instant(tz, local_s);
	struct tz_span span = tz_at(tz, s);
	uint64_t back_ns = (uint64_t)(local_s - s) * (uint64_t)NS_PER_S;

	if (s + span.offset_s != local_s)
		return span.from_s * NS_PER_S;
	return (int64_t)((uint64_t)local_ns - back_ns);
}

static struct tz_span
span_at(const struct tz_bins *b, int64_t ns)
{
	return tz_at(b->moves, floor_div(ns, NS_PER_S));
}

/* What clocks show when the bin begins that ns is in. */
static int64_t
local_floor(const struct tz_bins *b, int64_t ns)
{
	int offset_s = span_at(b, ns).offset_s;
	uint64_t local_ns = (uint64_t)ns + (uint64_t)(offset_s * NS_PER_S);

	return (int64_t)(local_ns - past_ns(b, ns, offset_s));
}

/* Do bins end where clocks move? */
static bool
is_cut(const struct tz_bins *b)
{
	return b->ns % (HOUR_S * NS_PER_S) != 0;
}

/* Did clocks not move between two times, nor so near them that what they show then is there twice? */
static bool
is_steady(struct tz_span span, int64_t begin_ns, int64_t end_ns)
{
	return floor_div(begin_ns, NS_PER_S) - 2 * DAY_S >= span.from_s &&
	       floor_div(end_ns, NS_PER_S) + 2 * DAY_S < span.until_s;
}

/* Clocks show more than 64 bits hold at either end of time, where they are steady. */
int64_t
tz_bin_floor(const struct tz_bins *b, int64_t ns)
{
	struct tz_span span;
	int64_t begin;

	if (b->moves == NULL)
		return (int64_t)((uint64_t)ns - past_ns(b, ns, 0));
	span = span_at(b, ns);
	begin = (int64_t)((uint64_t)ns - past_ns(b, ns, span.offset_s));
	if (is_steady(span, begin, ns))
		return begin;
	if (is_cut(b))
		return floor_div(begin, NS_PER_S) < span.from_s ? span.from_s * NS_PER_S : begin;
	return instant_ns(b->moves, local_floor(b, ns));
}

bool
tz_bins_even(const struct tz_bins *b, int64_t begin_ns, int64_t ns)
{
	struct tz_span span = span_at(b, begin_ns);

	return b->moves == NULL ||
	       (past_ns(b, begin_ns, span.offset_s) == 0 && span.until_s > floor_div(ns, NS_PER_S));
}

int64_t
tz_bin_next(const struct tz_bins *b, int64_t begin_ns)
{
	struct tz_span span = span_at(b, begin_ns);
	int64_t left = b->ns, next;

	if (b->moves != NULL)
		left -= (int64_t)past_ns(b, begin_ns, span.offset_s);
	if (__builtin_add_overflow(begin_ns, left, &next))
		return INT64_MAX;
	if (b->moves == NULL || is_steady(span, begin_ns, next))
		return next;
	if (is_cut(b))
		return floor_div(next, NS_PER_S) < span.until_s ? next : span.until_s * NS_PER_S;
	if (__builtin_add_overflow(local_floor(b, begin_ns), b->ns, &next))
		return INT64_MAX;
	return instant_ns(b->moves, next);
}
