/*
 * field_find.h - names of fields to fields: private to field.c and aggregate.c.
 */
#ifndef FLOW_FIELD_FIND_H
#define FLOW_FIELD_FIND_H

#include "flow/field.h"

/* The field of a name, with its canonical name; false when there is none.  depth: of the function it stands in. */
bool field_find(struct field *, const char *text, size_t n, unsigned depth);

/* FUNCTION_FIELD or FUNCTION(FIELD); a sum of what has an identity keeps it. */
bool aggregate_find(struct field *, const char *text, size_t n, unsigned depth);

/* Set the canonical name, the name of its column; false when it is too long. */
bool field_set_name(struct field *, const char *name, size_t n);
bool field_set_named(struct field *, const char *name, size_t n);

#endif
