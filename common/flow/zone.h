/*
 * zone.h - zone maps: between which values those of a column lie, as keys whose unsigned order is the order of values.
 */
#ifndef FLOW_ZONE_H
#define FLOW_ZONE_H

#include "flow/batch.h"

/* Zone keys: unsigned order equals the order of values.  And back. */
static inline uint64_t
zone_key_int(int64_t v)
{
	return (uint64_t)v ^ UINT64_C(1) << 63;
}
static inline int64_t
zone_int(uint64_t key)
{
	return (int64_t)(key ^ UINT64_C(1) << 63);
}
uint64_t zone_key_double(double);
double zone_double(uint64_t key);
uint64_t zone_key_octets(const void *, size_t n); /* first 8, big-endian, zero padded */

/* The zone key of one plain cell. */
uint64_t column_zone_key(const struct column *, size_t rec);

/* Is the cell, which has a value, NaN?  Those are outside of zones. */
static inline bool
column_nan(const struct column *c, size_t rec)
{
	if (c->type == TYPE_FLOAT32)
		return __builtin_isnan(((const float *)c->data)[rec]);
	return c->type == TYPE_FLOAT64 && __builtin_isnan(((const double *)c->data)[rec]);
}

/* Compute min/max over the present values of a plain column; clears COLUMN_ZONE when there is none. */
void column_zone(struct column *, size_t n);

#endif
