/*
 * expire.c - the limits of a store from text.
 */
#include "base/expire.h"

#include <string.h>

#include "base/num.h"
#include "base/opt.h"

enum { SHOWN_MAX = 60 }; /* octets of a wrong text that a message repeats */

/* `500` may have meant anything; 500B are octets. */
static bool
size_with_unit(const char *s, size_t n, uint64_t *octets)
{
	return n > 0 && strchr("0123456789.", s[n - 1]) == NULL && parse_size(s, n, octets) &&
	       *octets > 0;
}

static bool
parse_limit_size(struct expire_limits *l, const char *s, size_t n)
{
	return size_with_unit(s, n, &l->octets);
}

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* Units are single letters: who writes 90ms did not want all files to go that are older than a tenth of a second. */
static bool
parse_limit_age(struct expire_limits *l, const char *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (is_letter(s[i - 1]) && is_letter(s[i]))
			return false;
	return parse_duration(s, n, false, &l->age_ns) && l->age_ns > 0;
}

static bool
parse_limit_free(struct expire_limits *l, const char *s, size_t n)
{
	if (n == 0 || s[n - 1] != '%')
		return size_with_unit(s, n, &l->free_octets);
	if (!parse_double(s, n - 1, &l->free_share))
		return false;
	l->free_share /= 100;
	return l->free_share > 0 && l->free_share < 1;
}

static bool
parse_limit_files(struct expire_limits *l, const char *s, size_t n)
{
	return parse_u64(s, n, &l->files) && l->files > 0;
}

static const struct limit {
	const char *name;
	bool (*parse)(struct expire_limits *, const char *, size_t);
	const char *expected;
} limits[] = {
	{ "size", parse_limit_size, "a size and its unit, such as size=500G" },
	{ "age", parse_limit_age, "a duration and its unit, such as age=90d" },
	{ "free", parse_limit_free,
	    "a share or a size of the file system, such as free=10% or free=50G" },
	{ "files", parse_limit_files, "a number from 1, such as files=10000" },
};
enum { N_LIMITS = sizeof(limits) / sizeof(limits[0]) };

static int
shown(size_t n)
{
	return n < SHOWN_MAX ? (int)n : SHOWN_MAX;
}

static int
unknown(const char *s, size_t n, struct err *err)
{
	const char *names[N_LIMITS + 1] = { NULL }, *nearest;
	char name[SHOWN_MAX + 1];
	int len = shown(n);

	for (size_t i = 0; i < N_LIMITS; i++)
		names[i] = limits[i].name;
	memcpy(name, s, (size_t)len);
	name[len] = '\0';
	nearest = opt_nearest(name, names);
	if (nearest != NULL)
		return err_usage(err, "'%s': no limit; did you mean '%s'?", name, nearest);
	return err_usage(err, "'%s': no limit; known are size=, age=, free= and files=", name);
}

/* One NAME=VALUE of n octets. */
static int
parse_one(struct expire_limits *l, const char *s, size_t n, struct err *err)
{
	const char *equal = memchr(s, '=', n);
	size_t name = equal != NULL ? (size_t)(equal - s) : n;

	for (size_t i = 0; i < N_LIMITS; i++) {
		const struct limit *row = &limits[i];

		if (strlen(row->name) != name || memcmp(row->name, s, name) != 0)
			continue;
		if ((l->given & 1U << i) != 0)
			return err_usage(err, "'%.*s': a second limit of that name", shown(n), s);
		if (equal == NULL || !row->parse(l, equal + 1, n - name - 1))
			return err_usage(err, "'%.*s': expected %s", shown(n), s, row->expected);
		l->given |= 1U << i;
		return 0;
	}
	return unknown(s, name, err);
}

int
expire_parse(struct expire_limits *l, const char *text, struct err *err)
{
	for (;;) {
		const char *comma = strchr(text, ',');
		size_t n = comma != NULL ? (size_t)(comma - text) : strlen(text);

		if (n == 0)
			return err_usage(err,
			    "'': expected limits, such as size=500G,age=90d,free=10%%,files=10000");
		if (parse_one(l, text, n, err) != 0)
			return -1;
		if (comma == NULL)
			return 0;
		text = comma + 1;
	}
}
