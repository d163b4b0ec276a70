/*
 * csv_cell.h - the text of a csv cell as a value of its column.
 */
#ifndef TEXT_CSV_CELL_H
#define TEXT_CSV_CELL_H

#include "flow/value.h"
#include "text/csv_name.h"
#include "text/csv_split.h"

struct csv_value {
	bool present;
	union {
		uint64_t u; /* UINT BOOL MAC, INT as bits */
		int64_t i; /* TIME DURATION */
		double f;
		struct addr ip;
		struct {
			size_t off, n; /* in the octets given */
		} s;
	};
};

/*
 * Parse.  Empty, \N, and `-` except in a string, is missing.  Strings and octets are appended to `octets`.
 * *scale is lowered to the precision the text has (times, durations).  Returns NULL, or why not.
 */
const char *csv_cell_parse(struct csv_value *, const struct csv_name *, const struct csv_span *,
    char delimiter, struct buf *octets, unsigned *scale);

/* The form in which nfdump writes the destination port of ICMP: type and code, 3.1.  false: it is not that. */
bool csv_cell_type_code(const struct csv_span *, uint64_t *port);

#endif
