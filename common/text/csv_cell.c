#include "text/csv_cell.h"

#include <math.h>

#include "base/num.h"
#include "base/time.h"
#include "text/escape.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Decimal digits only, without overflow; anything else is left to the general parser. */
static bool
parse_digits(const char *p, size_t n, uint64_t *v)
{
	uint64_t sum = 0;

	if (n == 0 || n > 19)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(unsigned char)p[i] - '0';

		if (digit > 9)
			return false;
		sum = sum * 10 + digit;
	}
	*v = sum;
	return true;
}

/* The precision of a number in units of 10^exponent ns that has this many decimals. */
static unsigned
precision(unsigned exponent, size_t decimals)
{
	unsigned ten = decimals < exponent ? exponent - (unsigned)decimals : 0;

	return ten >= 9 ? 9 : ten >= 6 ? 6 : ten >= 3 ? 3 : 0;
}

/* The coarsest precision that loses nothing of a value. */
static unsigned
precision_of(int64_t ns)
{
	return ns % NS_PER_S == 0 ? 9 : ns % NS_PER_MS == 0 ? 6 : ns % NS_PER_US == 0 ? 3 : 0;
}

static void
lower(unsigned *scale, unsigned to)
{
	if (to < *scale)
		*scale = to;
}

static unsigned
exponent_of(int64_t unit_ns)
{
	unsigned e = 0;

	for (; unit_ns >= 10; unit_ns /= 10)
		e++;
	return e;
}

/* [-]digits[.digits] counted in units of unit_ns, a power of ten; exact.  false: no such text. */
static bool
parse_units(const char *p, size_t n, int64_t unit_ns, int64_t *ns, unsigned *scale)
{
	bool negative = n > 0 && *p == '-';
	const char *text = p + negative, *end = p + n;
	const char *dot = memchr(text, '.', (size_t)(end - text));
	const char *whole_end = dot ? dot : end;
	int64_t sum = 0, unit = unit_ns;

	if (text == whole_end || (dot != NULL && dot + 1 == end))
		return false;
	for (const char *d = text; d < whole_end; d++)
		if (!is_digit(*d) || __builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_sub_overflow(sum, *d - '0', &sum)) /* below zero: reaches INT64_MIN */
			return false;
	if (__builtin_mul_overflow(sum, unit_ns, &sum))
		return false;
	for (const char *d = dot ? dot + 1 : end; d < end; d++) {
		unit /= 10;
		if (!is_digit(*d) || __builtin_sub_overflow(sum, (*d - '0') * unit, &sum))
			return false;
	}
	if (!negative && sum == INT64_MIN)
		return false;
	*ns = negative ? sum : -sum;
	lower(scale, precision(exponent_of(unit_ns), dot ? (size_t)(end - dot - 1) : 0));
	return true;
}

static bool
two_digits(const char *p, unsigned *v)
{
	*v = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
	return is_digit(p[0]) && is_digit(p[1]);
}

/* Days from 1970-01-01 of a Gregorian date, years 1..9999. */
static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era, year_of_era, day_of_year;

	/* Counted in years that start in March, so that the leap day is the last. */
	y -= m <= 2;
	era = y / 400;
	year_of_era = y - era * 400;
	day_of_year = (int64_t)(153 * (m + (m > 2 ? (unsigned)-3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
	       day_of_year - 719468;
}

/*
 * The form we write: 2026-11-23T21:45:49[.123]Z, T or blank, in UTC, a day that every month has.
 * Others are left to parse_time, which knows them all.
 */
static bool
parse_iso(const char *p, size_t n, int64_t *ns, unsigned *scale)
{
	unsigned century, year, month, day, hour, minute, second;
	int64_t fraction = 0, unit = NS_PER_S, s;
	size_t i = 19;

	if (n < 20 || p[4] != '-' || p[7] != '-' || (p[10] != 'T' && p[10] != ' ') ||
	    p[13] != ':' || p[16] != ':' || p[n - 1] != 'Z')
		return false;
	if (!two_digits(p, &century) || !two_digits(p + 2, &year) || !two_digits(p + 5, &month) ||
	    !two_digits(p + 8, &day) || !two_digits(p + 11, &hour) ||
	    !two_digits(p + 14, &minute) || !two_digits(p + 17, &second))
		return false;
	if (century < 16 || century > 22 || month < 1 || month > 12 || day < 1 || day > 28 ||
	    hour > 23 || minute > 59 || second > 59)
		return false;
	if (p[i] == '.') {
		for (i++; i < n - 1 && unit > 1; i++) {
			if (!is_digit(p[i]))
				return false;
			unit /= 10;
			fraction += (p[i] - '0') * unit;
		}
	}
	if (i != n - 1 || p[i - 1] == '.')
		return false;
	s = days_from_civil((int64_t)(century * 100 + year), month, day) * 86400 +
	    (int64_t)(hour * 3600 + minute * 60 + second);
	if (s < 0) { /* towards zero first: the second that holds INT64_MIN begins below it */
		s++;
		fraction -= NS_PER_S;
	}
	if (__builtin_mul_overflow(s, NS_PER_S, ns) || __builtin_add_overflow(*ns, fraction, ns))
		return false;
	lower(scale, precision(9, n > 20 ? n - 21 : 0));
	return true;
}

/* Decimals behind the point of a time or duration in any form. */
static size_t
decimals(const char *p, size_t n)
{
	const char *dot = memchr(p, '.', n);
	size_t count = 0;

	if (dot == NULL)
		return 0;
	while (dot + 1 + count < p + n && is_digit(dot[1 + count]))
		count++;
	return count;
}

static bool
parse_general(struct csv_value *v, const struct csv_name *name, const char *p, size_t n)
{
	struct value value;

	if (!value_parse(&value, name->type, &name->id, p, n))
		return false;
	if (name->type == TYPE_IP)
		v->ip = value.ip;
	else if (type_is_float(name->type))
		v->f = value.f;
	else
		v->u = value.u;
	return true;
}

/* A time in any form but those above; one that counts from now is none. */
static bool
parse_clock(struct csv_value *v, const struct csv_name *name, const char *p, size_t n)
{
	int64_t span;

	return is_digit(*p) && parse_time(p, n, 0, name->tz, &v->i, &span);
}

/* Hours, minutes and seconds: 00:00:04.096, as nfdump 1.7.4 writes durations. */
static bool
parse_hours(int64_t *ns, const char *p, size_t n)
{
	const char *colon = memchr(p, ':', n);
	size_t at = colon != NULL ? (size_t)(colon - p) : 0;
	int64_t hours, rest;
	unsigned minutes, ignored = 9;

	if (n < at + sizeof(":00:0") - 1 || p[at + 3] != ':' || !is_digit(p[0]) ||
	    !parse_units(p, at, 1, &hours, &ignored) || hours > INT64_MAX / NS_PER_S / 3600 - 1 ||
	    !two_digits(p + at + 1, &minutes) || minutes > 59 || !is_digit(p[at + 4]) ||
	    !parse_units(p + at + 4, n - at - 4, NS_PER_S, &rest, &ignored) ||
	    rest >= 60 * NS_PER_S)
		return false;
	*ns = (hours * 60 + minutes) * 60 * NS_PER_S + rest;
	return true;
}

static const char *
parse_time_cell(
    struct csv_value *v, const struct csv_name *name, const struct csv_span *cell, unsigned *scale)
{
	int64_t unit = name->unit_ns ? name->unit_ns : NS_PER_S;

	if (name->type == TYPE_TIME && parse_iso(cell->p, cell->n, &v->i, scale))
		return NULL;
	if (parse_units(cell->p, cell->n, unit, &v->i, scale))
		return NULL;
	if (name->type == TYPE_TIME && !parse_clock(v, name, cell->p, cell->n)) {
		if (time_is_beyond(cell->p, cell->n, name->tz))
			return "is no time from " TIME_RANGE;
		return unit == NS_PER_S && parse_digits(cell->p, cell->n, &v->u)
			   ? "is too large for seconds; names like start_ms, start_us, start_ns "
			     "say the unit"
			   : "is no time";
	}
	if (name->type == TYPE_DURATION && !parse_hours(&v->i, cell->p, cell->n) &&
	    !parse_general(v, name, cell->p, cell->n))
		return "is no duration";
	lower(scale, precision(9, decimals(cell->p, cell->n)));
	if (name->type == TYPE_DURATION) /* 83ms is finer than it has decimals */
		lower(scale, precision_of(v->i));
	return NULL;
}

/* Is a number whole that reads as d?  What is too small for a double (1e-400) is not 0. */
static bool
is_whole(double d, const char *p, size_t n)
{
	for (size_t i = 0; d == 0 && i < n && p[i] != 'e' && p[i] != 'E'; i++)
		if (p[i] >= '1' && p[i] <= '9')
			return false;
	return d == floor(d);
}

/*
 * 80.0 and 1e+05, as programs write integers that they keep as floats.  So short a text has no more digits than a
 * double keeps apart: what is whole then was whole in the text.
 */
static bool
parse_whole(struct csv_value *v, enum type t, const char *p, size_t n)
{
	double d;

	if (n > sizeof("12345678901234.0") - 1 || !parse_double(p, n, &d) || fabs(d) > 0x1p53 ||
	    !is_whole(d, p, n) || (d < 0 && t == TYPE_UINT))
		return false;
	if (t == TYPE_INT)
		v->i = (int64_t)d;
	else
		v->u = (uint64_t)d;
	return true;
}

/* What cannot be read as an integer of 64 bits may be one all the same. */
static const char *
why_no_int(enum type t, const char *p, size_t n)
{
	bool negative = n > 1 && *p == '-';
	double d;

	for (size_t i = negative; i < n; i++) {
		if (is_digit(p[i]))
			continue;
		if (!parse_double(p, n, &d) || !isfinite(d))
			return "is no number";
		if (d < 0 && t == TYPE_UINT)
			return "is below 0";
		return is_whole(d, p, n)
			   ? "is too long or too large; write it without point and exponent"
			   : "is no whole number";
	}
	return negative && t == TYPE_UINT ? "is below 0" : "is too large";
}

static const char *
parse_int_cell(struct csv_value *v, const struct csv_name *name, const struct csv_span *cell)
{
	unsigned bits = name->width * 8;

	if (!parse_digits(cell->p, cell->n, &v->u) && !parse_general(v, name, cell->p, cell->n) &&
	    !parse_whole(v, name->type, cell->p, cell->n))
		return why_no_int(name->type, cell->p, cell->n);
	if (name->type == TYPE_UINT && bits < 64 && v->u >> bits != 0)
		return "is too large";
	if (name->type == TYPE_INT && cell->p[0] != '-' && v->u > INT64_MAX)
		return "is too large";
	if (name->type == TYPE_INT && bits < 64 &&
	    (v->i < -(INT64_C(1) << (bits - 1)) || v->i >= INT64_C(1) << (bits - 1)))
		return "is too large";
	return NULL;
}

/* What a float cannot hold is no infinity. */
static const char *
parse_float_cell(struct csv_value *v, const struct csv_name *name, const struct csv_span *cell)
{
	if (!parse_general(v, name, cell->p, cell->n))
		return "is no number";
	if (name->type == TYPE_FLOAT32 && isfinite(v->f) && isinf((float)v->f))
		return "is too large";
	return NULL;
}

enum { MPLS_TOP = 70, MPLS_LAST = 79 }; /* mplsTopLabelStackSection and those below it */

/* An entry of a label stack (RFC 3032 2.1) as nfdump writes it: label-class-bottom.  false: no such text. */
static bool
parse_label(const struct csv_name *name, const struct csv_span *cell, uint32_t *entry)
{
	const char *end = cell->p + cell->n;
	unsigned class, bottom;
	uint64_t label;

	if (name->id.pen != PEN_IANA || name->id.id < MPLS_TOP || name->id.id > MPLS_LAST ||
	    cell->n < sizeof("0-0-0") - 1 || end[-4] != '-' || end[-2] != '-' ||
	    !parse_digits(cell->p, cell->n - 4, &label))
		return false;
	class = (unsigned)(unsigned char)end[-3] - '0';
	bottom = (unsigned)(unsigned char)end[-1] - '0';
	*entry = (uint32_t)label << 4 | class << 1 | bottom;
	return label < 1 << 20 && class < 8 && bottom < 2;
}

static const char *
parse_octets_cell(struct csv_value *v, const struct csv_name *name, const struct csv_span *cell,
    char delimiter, struct buf *octets)
{
	const char *p = cell->p;
	size_t n = cell->n;
	uint32_t entry;
	char *to;

	v->s.off = octets->len;
	v->s.n = 0;
	if (n == 0 || (delimiter == '\t' && n == 2 && p[0] == '"' && p[1] == '"'))
		return NULL;
	to = buf_room(octets, n);
	if (name->type == TYPE_STRING) {
		v->s.n = unescape_csv(to, p, n, delimiter);
	} else if (parse_label(name, cell, &entry)) {
		v->present = entry != 0; /* 0-0-0: nfdump has none */
		for (unsigned i = 0; i < 3; i++)
			to[i] = (char)(entry >> (16 - 8 * i));
		v->s.n = 3;
	} else {
		if (n > 2 && p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
			p += 2;
			n -= 2;
		}
		if (n % 2 != 0 || !parse_hex(p, n, (uint8_t *)to))
			return "is no string of hex digits";
		v->s.n = n / 2;
	}
	octets->len += v->s.n;
	return NULL;
}

bool
csv_cell_type_code(const struct csv_span *cell, uint64_t *port)
{
	const char *dot = memchr(cell->p, '.', cell->n), *end = cell->p + cell->n;
	uint64_t type, code;

	if (dot == NULL || !parse_digits(cell->p, (size_t)(dot - cell->p), &type) ||
	    !parse_digits(dot + 1, (size_t)(end - dot - 1), &code) || type > UINT8_MAX ||
	    code > UINT8_MAX)
		return false;
	*port = type << 8 | code;
	return true;
}

const char *
csv_cell_parse(struct csv_value *v, const struct csv_name *name, const struct csv_span *cell,
    char delimiter, struct buf *octets, unsigned *scale)
{
	bool variable = type_is_var(name->type);

	v->present = false;
	if (cell->n == 0 && !(cell->quoted && variable))
		return NULL;
	if (cell->n == 1 && cell->p[0] == '-' && name->type != TYPE_STRING)
		return NULL;
	if (text_is_null(cell->p, cell->n))
		return NULL;
	v->present = true;
	switch (name->type) {
	case TYPE_UINT:
	case TYPE_INT: return parse_int_cell(v, name, cell);
	case TYPE_TIME:
	case TYPE_DURATION: return parse_time_cell(v, name, cell, scale);
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST: return parse_octets_cell(v, name, cell, delimiter, octets);
	case TYPE_IP: return parse_general(v, name, cell->p, cell->n) ? NULL : "is no IP address";
	case TYPE_MAC: return parse_general(v, name, cell->p, cell->n) ? NULL : "is no MAC address";
	case TYPE_BOOL:
		return parse_general(v, name, cell->p, cell->n) ? NULL
								: "is neither true nor false";
	default: return parse_float_cell(v, name, cell);
	}
}
