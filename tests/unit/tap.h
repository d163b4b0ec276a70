/*
 * tap.h - a unit test prints TAP: one line a check, named by a sentence.
 *
 *	ok(n == 3, "three records are read");
 *	is_str(text, "10.0.0.1", "an address is printed as dotted quad");
 *	return done_testing();
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static unsigned tap_run, tap_failed;

static inline bool __attribute__((format(printf, 2, 0)))
tap_result(bool good, const char *fmt, va_list ap)
{
	tap_run++;
	tap_failed += !good;
	printf("%sok %u - ", good ? "" : "not ", tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

static inline bool __attribute__((format(printf, 2, 3))) ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(good, fmt, ap);
	va_end(ap);
	return good;
}

/* What cannot be tested here, and why. */
static inline void
skip(const char *what, const char *why)
{
	tap_run++;
	printf("ok %u - %s # skip %s\n", tap_run, what, why);
}

/* Equal strings; NULL equals NULL. */
static inline bool __attribute__((format(printf, 3, 4)))
is_str(const char *got, const char *want, const char *fmt, ...)
{
	bool good = got == want || (got && want && strcmp(got, want) == 0);
	va_list ap;

	va_start(ap, fmt);
	tap_result(good, fmt, ap);
	va_end(ap);
	if (!good)
		printf(
		    "# got:  '%s'\n# want: '%s'\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

static inline bool __attribute__((format(printf, 3, 4)))
is_u64(uint64_t got, uint64_t want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# got:  %" PRIu64 "\n# want: %" PRIu64 "\n", got, want);
	return got == want;
}

static inline bool __attribute__((format(printf, 3, 4)))
is_i64(int64_t got, int64_t want, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_result(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("# got:  %" PRId64 "\n# want: %" PRId64 "\n", got, want);
	return got == want;
}

/* The plan, and what main returns. */
static inline int
done_testing(void)
{
	printf("1..%u\n", tap_run);
	return tap_failed == 0 && tap_run > 0 ? 0 : 1;
}

#endif
