/*
 * value.h - single values: cells as text, text as cells.
 *
 * The general, one-at-a-time path; writers of whole blocks have faster loops of their own that must
 * print the same.
 */
#ifndef FLOW_VALUE_H
#define FLOW_VALUE_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/tz.h"
#include "flow/batch.h"

struct value {
	enum type type; /* TYPE_NONE: missing */
	union {
		uint64_t u; /* UINT BOOL MAC */
		int64_t i; /* INT TIME DURATION (ns) */
		double f;
		struct addr ip;
		struct {
			const char *p;
			size_t n;
		} s; /* STRING BYTES LIST: borrowed */
	};
};

/* A cell of a plain column; missing gives TYPE_NONE.  Strings borrow from the batch. */
struct value value_at(const struct column *, size_t rec);

enum text_style {
	STYLE_CSV, /* machine: plain numbers, ISO times with the column's precision */
	STYLE_TABLE, /* people: scaled counters, protocol names, flags as letters */
	STYLE_RAW, /* wire integers: times in the element's own unit, octets in hex */
};
struct text_opts {
	enum text_style style;
	bool plain; /* -N: no scaling */
	const struct tz *tz;
};

/* Append a value as text without quoting; element facts (flags, protocol) come from id.  Octets: hex;
 * strings: as they are (the writer quotes and escapes); missing: nothing. */
void value_put(struct buf *, const struct value *, const struct column *, const struct text_opts *);

/*
 * Parse text as a value of a type (csv in, literals): numbers with 0x, times, durations in seconds or
 * with unit, addresses, protocol and flag names where the element (id, may be NULL) has them.  Strings
 * borrow the text; BYTES and LIST borrow it as the hex digits that it is, to be decoded with parse_hex.
 * Whether a number fits a column's width is the caller's to check.  false: not such.
 */
bool value_parse(struct value *, enum type, const struct field_id *, const char *, size_t n);

/* Protocol numbers by IANA keyword, lower case; NULL / -1 when unknown. */
const char *proto_name(unsigned);
int proto_number(const char *, size_t n);
const char *proto_near(const char *, size_t n); /* the name that was perhaps meant; NULL: none */

/* Severities of alerts by name, low to critical; NULL / -1 when unknown. */
const char *severity_name(unsigned);
int severity_number(const char *, size_t n);

/* TCP flags <-> bits: letters CEUAPRSF in this order, "...AP.SF"; N before them when bit 8 (AE, once NS)
 * is set; more bits than letters as 0x....  Parsed in any order, case, with or without dots
 * or blanks (SiLK's) in place of others. */
size_t fmt_flags(char *dst, unsigned bits);
bool parse_flags(const char *, size_t, unsigned *bits);

#endif
