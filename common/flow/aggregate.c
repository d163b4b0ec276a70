/*
 * aggregate.c - fields that are functions of fields: distinct_dstip, p95_bytes, mean(packets).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "flow/field_find.h"

enum { DEPTH_MAX = 4 }; /* of aggregates of aggregates in one name */

/* Percentiles --------------------------------------------------------------------------------- */

int
field_percentile(const char *p, size_t n)
{
	int whole = 0, part = 0, unit = 10;
	size_t i = 1, digits = 0;

	if (n < 2 || (p[0] != 'p' && p[0] != 'P'))
		return 0;
	for (; i < n && digits < 2 && p[i] >= '0' && p[i] <= '9'; i++, digits++)
		whole = whole * 10 + p[i] - '0';
	if (digits == 0)
		return 0;
	i += i < n && p[i] == '.';
	for (; i < n && p[i] >= '0' && p[i] <= '9'; i++, unit /= 10) {
		if (unit == 0 || (i == n - 1 && p[i] == '0'))
			return -1;
		part += (p[i] - '0') * unit;
	}
	if (i < n && !(i > 1 && p[i] == '.'))
		return 0;
	return i == n && p[n - 1] != '.' && whole + part > 0 ? whole * 100 + part : -1;
}

size_t
field_percentile_put(char *to, unsigned rank)
{
	char text[FIELD_PERCENTILE_MAX + 1];
	size_t n = (size_t)snprintf(
	    text, sizeof(text), rank % 100 ? "p%04u" : "p%u", rank % 100 ? rank : rank / 100);

	n -= rank % 100 != 0 && rank % 10 == 0;
	memcpy(to, text, n);
	return n;
}

/* Functions ----------------------------------------------------------------------------------- */

enum aggregate { AGG_NONE, AGG_SUM, AGG_COUNT, AGG_MEAN, AGG_SAME };

/* The function that the first n octets name. */
static enum aggregate
aggregate_function(const char *p, size_t n)
{
#define FUNCTION(symbol, text, gives) { text, AGG_##gives },
	static const struct {
		const char *name;
		enum aggregate kind;
	} functions[] = { AGGREGATE_LIST(FUNCTION) };

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strncasecmp(functions[i].name, p, n) == 0 && functions[i].name[n] == 0)
			return functions[i].kind;
	return field_percentile(p, n) > 0 ? AGG_SAME : AGG_NONE;
}

/* The function as names of columns have it; n octets of room. */
static size_t
put_function(char *to, const char *p, size_t n)
{
	int rank = field_percentile(p, n);

	if (rank > 0)
		return field_percentile_put(to, (unsigned)rank);
	for (size_t i = 0; i < n; i++)
		to[i] = (char)tolower((unsigned char)p[i]);
	return n;
}

bool
aggregate_find(struct field *f, const char *text, size_t n, unsigned depth)
{
	const char *paren = memchr(text, '(', n), *mark = paren ? paren : memchr(text, '_', n);
	size_t fn_len = mark ? (size_t)(mark - text) : 0, len;
	enum aggregate kind = aggregate_function(text, fn_len);
	struct field of;
	char name[2 * FIELD_TEXT_MAX];

	if (kind == AGG_NONE || depth >= DEPTH_MAX || (paren != NULL && text[n - 1] != ')'))
		return false;
	if (!field_find(&of, mark + 1, n - fn_len - (paren ? 2 : 1), depth + 1))
		return false;
	if (kind == AGG_SUM && of.n > 0 && of.id[0].pen != PEN_NAMED) {
		field_copy(f, &of);
		return true;
	}
	len = put_function(name, text, fn_len);
	name[len++] = '_';
	memcpy(name + len, of.name, strlen(of.name));
	len += strlen(of.name);
	f->type = kind == AGG_COUNT ? TYPE_UINT : of.type;
	if (kind == AGG_MEAN && f->type != TYPE_TIME && f->type != TYPE_DURATION)
		f->type = TYPE_FLOAT64;
	return field_set_named(f, name, len) && field_set_name(f, name, len);
}

enum statistic
field_statistic(const char *name, struct field_id *of)
{
	const char *mark = strchr(name, '_');
	enum aggregate kind = mark ? aggregate_function(name, (size_t)(mark - name)) : AGG_NONE;
	struct field f;

	if (strcmp(name, "count") == 0 || kind == AGG_COUNT)
		return STATISTIC_COUNT;
	if (kind == AGG_NONE || !field_find(&f, mark + 1, strlen(mark + 1), 1))
		return STATISTIC_NONE;
	if (f.n == 0)
		return f.derived == DERIVED_DURATION ? STATISTIC_NONE : STATISTIC_COUNT;
	if (f.id[0].pen == PEN_NAMED)
		return field_statistic(mark + 1, of);
	*of = f.id[0];
	return STATISTIC_OF;
}
