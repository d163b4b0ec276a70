/*
 * field.h - fields as people name them: aliases, IANA names, PEN.ID, derived quantities.
 *
 * An alias names one canonical element; where exporters use another element for the same thing, the
 * alias lists several and the first one present in a record is read.  Nothing is added up.
 */
#ifndef FLOW_FIELD_H
#define FLOW_FIELD_H

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "flow/element.h"

struct field_id {
	uint32_t pen;
	uint16_t id;
	uint8_t instance; /* 0 the first; 1 prints as #2 ... */
	const char *named; /* PEN_NAMED: the name; compared as text; else NULL */
};

/* High bit of instance: the wire's integer, kept because the typed value could not hold it. */
enum { FIELD_AS_SENT = 0x80, FIELD_ALT_MAX = 6, FIELD_NAME_MAX = 128 };

/* A column's name in backquotes, each in it doubled. */
enum { FIELD_TEXT_MAX = 2 * FIELD_NAME_MAX + 1 };

/* Quantities computed from others (flow/resolve.c). */
enum derived {
	DERIVED_NONE,
	DERIVED_DURATION, /* end - start, else 161, 162: DURATION */
	DERIVED_BPS, /* bits per second: FLOAT64; missing when the duration is 0 or missing */
	DERIVED_PPS,
	DERIVED_BPP, /* bytes per packet */
	DERIVED_FLOWS, /* deltaFlowCount, absent counts 1: UINT 8 */
};

struct field {
	/* As printed in headers: alias, else IANA name, PEN.ID or name. */
	char name[FIELD_TEXT_MAX];
	enum type type; /* TYPE_NONE: known when bound */
	uint8_t width; /* octets a value of the widest column that was seen; 0: none was */
	enum derived derived;
	unsigned n; /* identities to try in order; 0 for purely derived ones */
	struct field_id id[FIELD_ALT_MAX];
	char named
	    [FIELD_NAME_MAX]; /* storage for id[0].named: fields may be copied by field_copy only */
};

static inline struct field_id
field_iana(uint16_t id)
{
	return (struct field_id){ .id = id };
}
static inline struct field_id
field_own(enum own id)
{
	return (struct field_id){ .pen = PEN_OWN, .id = (uint16_t)id };
}
bool field_id_equal(const struct field_id *, const struct field_id *);

/* Is it one of the field's identities? */
bool field_has(const struct field *, const struct field_id *);

/*
 * Parse a field name: alias (rbytes: reverse), IANA or vendor name (case-insensitive), PEN.ID, v9_N,
 * NAME#2, an aggregate (distinct_dstip, distinct(dstip), p95_bytes, mean_bytes ...), or `NAME` in
 * backquotes for a named column.  Wrong: status EXIT_USAGE with the nearest name suggested.
 *
 * An element's name is that element first, then where its value is kept instead: the IPv6 half of an
 * address pair reads the pair's column, flowStart... and flowEnd... of any unit read start and end, and
 * a name that several vendors use reads their elements in turn.
 */
int field_parse(struct field *, const char *text, size_t n, struct err *);

/* Is the text the name of a field?  field_parse without the search for what was meant. */
bool field_exists(const char *text, size_t n);

/*
 * The field of exactly this identity, with no alternatives and nothing derived: what a column is.
 * Its name reads back, through field_parse, as a field whose id[0] is this identity.
 */
void field_of_id(struct field *, const struct field_id *);
void field_copy(struct field *dst, const struct field *src);

/*
 * Names.  Column as people see it (the first alias that begins with the identity, else its element's
 * name where no other has it before, else its number; named columns in backquotes unless they are
 * aggregates; instance n as #n+1; FIELD_AS_SENT as #sent), and as wires do (`--raw`: IANA, v9_N,
 * ePENidID, scopeSystem, reverse..., #2).  number: the number alone.  Append to the buffer.
 */
void field_put_name(struct buf *, const struct field_id *);
void field_put_number(struct buf *, const struct field_id *);
void field_put_wire_name(struct buf *, const struct field_id *);

/* The name of a named column in backquotes, those within doubled. */
void field_put_quoted(struct buf *, const char *name);

/*
 * Functions of a field, but for percentiles: mean(bytes), whose column is mean_bytes.  gives: a sum is what the field
 * is; otherwise a number of things, a mean, or something of the field's own type.
 */
#define AGGREGATE_LIST(X) \
	/* symbol, name, gives */ \
	X(SUM, "sum", SUM) \
	X(OR, "or", SAME) \
	X(MIN, "min", SAME) \
	X(MAX, "max", SAME) \
	X(MEAN, "mean", MEAN) \
	X(DISTINCT, "distinct", COUNT) \
	X(FIRST, "first", SAME) \
	X(LAST, "last", SAME)

/*
 * p50, p95, p99.9 as ten-thousandths; digits behind the second are tenths and hundredths, so that a column's name is an
 * identifier: p999_bytes.  0: no percentile is written so, -1: one that there is not.  And back, as names have it.
 */
enum { FIELD_PERCENTILE_MAX = 8 };
int field_percentile(const char *, size_t n);
size_t field_percentile_put(char *to, unsigned ten_thousandths);

/* What a named column holds, by its name: STATISTIC_OF sets *of to the first identity of the field. */
enum statistic {
	STATISTIC_NONE, /* not an aggregate, or of something computed */
	STATISTIC_COUNT, /* a number of things: count, distinct_..., mean_bps */
	STATISTIC_OF, /* min_, max_, mean_, p95_ ...: quantities like the field's own */
};
enum statistic field_statistic(const char *name, struct field_id *of);

/*
 * A comma separated list.  One that begins with +f or -f adds to and removes from what the list holds
 * already; any other replaces it.  A field, or a
 * name, is never in it twice.
 */
struct field_list {
	struct field *fields;
	size_t n;
	bool all; /* the word `all` */
	char *relative; /* the texts, where they began with + or - and the list was empty: parse the
			 * defaults into another list, then this */
};
int field_list_parse(struct field_list *, const char *text, struct err *);
/* A copy; whether it is there or not. */
void field_list_append(struct field_list *, const struct field *);
void field_list_free(struct field_list *);

/* `--help-fields`: alias, names, type, unit, example. */
void field_help(FILE *);

/* The alias table, for documents, completions and tests. */
struct alias {
	const char *name;
	const char *help;
	enum derived derived;
	unsigned n;
	struct field_id id[FIELD_ALT_MAX];
};
const struct alias *field_aliases(size_t *count);

#endif
