/*
 * csv_name.h - the header row of csv: names of columns to what they hold, and back.
 *
 * A name is an alias, an element's name, or one of the names that other tools use (flow/synonym.h).
 * Any other name becomes a column of that name holding strings.  A suffix says the type where the
 * name does not: `score:float64`, `35632.77:uint`, `x:int16`; a number of bits is its width, else it is 8.
 */
#ifndef TEXT_CSV_NAME_H
#define TEXT_CSV_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/tz.h"
#include "flow/field.h"
#include "text/csv_split.h"

enum csv_role {
	CSV_VALUE, /* the column's values are its cells */
	CSV_DURATION, /* how long the flow took: gives an end or a start that the file has not */
	CSV_DERIVED, /* computed from other columns: not read */
};

struct csv_name {
	enum csv_role role;
	struct field_id id;
	char named[FIELD_NAME_MAX]; /* what id.named points to, where it does */
	enum type type;
	unsigned width; /* natural, or as the suffix says */
	const struct tz *tz; /* of clock times that name no zone */
	int64_t unit_ns; /* times and durations that are plain numbers count in these; 0: seconds */
};

/* What a column of the header holds; NULL: a header of which nothing else is known.  -1: err. */
int csv_name_parse(
    struct csv_name *, const struct csv_split *header, const char *, size_t n, struct err *);

/*
 * Of the first of so many columns: does its name say that the file is of another kind?  '#' a log of Zeek; what
 * separates its cells, where there is one column only; 0 no.  Backquotes make a name of it.
 */
char csv_name_foreign(const char *, size_t n, unsigned columns);

/*
 * Is a text that is no field's name a value?  In a header it says that somebody cut the names off, so a column that is
 * called so needs a type behind its name, or backquotes.
 */
bool csv_name_is_value(const char *, size_t n);

/*
 * The name that reads back as this identity and type, not yet quoted for csv.  columns: it is the first of so many, 0
 * a later one.  Returns the width that its integers may have.
 */
unsigned csv_name_put(
    struct buf *, const struct field_id *, enum type, unsigned width, unsigned columns);

#endif
