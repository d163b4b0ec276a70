/*
 * synonym.h - what other tools call the fields of flows: as the csv that they write is read, and as their users type.
 */
#ifndef FLOW_SYNONYM_H
#define FLOW_SYNONYM_H

#include <stddef.h>
#include <stdint.h>

struct synonym {
	const char *name, *field; /* theirs, and ours */
	int64_t unit_ns; /* times and durations as plain numbers count in these; 0: not said */
};

/* Whatever its case; NULL: nobody's name. */
const struct synonym *synonym_find(const char *name, size_t n);

/* The column, by our name or one that has no such, beside which it is not meant; NULL: there is none. */
const char *synonym_unless(const struct synonym *);

#endif
