/*
 * foreign.h - what other tools call the fields of flows: as the csv that they write is read, and as their users type.
 */
#ifndef FLOW_FOREIGN_H
#define FLOW_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

struct foreign {
	const char *name, *field; /* theirs, and ours */
	int64_t unit_ns; /* times and durations as plain numbers count in these; 0: not said */
};

/* Whatever its case; NULL: nobody's name. */
const struct foreign *foreign_find(const char *name, size_t n);

#endif
