/*
 * check.c - a block held against what it says of itself: hashes, zone maps, the times and the order in its header.
 *
 * Whoever asks for something passes over blocks, and merges sorted ones, by what they say.
 */
#include "base/bits.h"
#include "flow/field.h"
#include "flow/zone.h"
#include "stream/block.h"

static const char *
check_zone(const struct column *c, const struct column *seen)
{
	if ((c->flags & COLUMN_ZONE) && (seen->min < c->min || seen->max > c->max))
		return "its zone map leaves out values that it has";
	return NULL;
}

/* The least start and the greatest end of the header. */
static const char *
check_times(const struct stream_slot *s, const struct column *seen)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);

	if (seen->type != TYPE_TIME || (seen->flags & COLUMN_SCOPE))
		return NULL;
	if ((field_id_equal(&seen->id, &start) && seen->min < zone_key_int(s->min_start_ns)) ||
	    (field_id_equal(&seen->id, &end) && seen->max > zone_key_int(s->max_end_ns)))
		return "the header's times leave out values that it has";
	return NULL;
}

/* The same of both zeros, which no order tells apart. */
static uint64_t
order_key(const struct column *c, size_t rec)
{
	uint64_t key = column_zone_key(c, rec);

	return type_is_float(c->type) && key == zone_key_double(-0.0) ? zone_key_double(0.0) : key;
}

/* As far as zone keys tell values apart: missing ones last, NaN before them. */
static const char *
check_order(const struct column *c, bool descending, size_t n)
{
	enum { VALUE, NOT_A_NUMBER, MISSING } class = VALUE;
	uint64_t last = descending ? UINT64_MAX : 0;

	for (size_t i = 0; i < n; i++) {
		bool present = bits_has(c->present, i);
		uint64_t key;

		if (!present)
			class = MISSING;
		else if (class != MISSING && column_nan(c, i))
			class = NOT_A_NUMBER;
		else if (class != VALUE)
			return "the block is not in its order";
		else {
			key = order_key(c, i);
			if (descending ? key > last : key < last)
				return "the block is not in its order";
			last = key;
		}
	}
	return NULL;
}

static const char *
check_column(const struct stream_slot *s, unsigned i, const struct column *c)
{
	const struct batch *b = &s->batch;
	struct column seen = *c;
	const char *why = NULL;

	column_zone(&seen, b->n);
	if (seen.flags & COLUMN_ZONE)
		why = check_zone(c, &seen);
	if (why == NULL && (seen.flags & COLUMN_ZONE))
		why = check_times(s, &seen);
	if (why == NULL && b->sort_column == i + 1)
		why = check_order(c, b->sort_descending, b->n);
	return why;
}

int
slot_check(struct stream_slot *s, struct err *err)
{
	for (unsigned i = 0; i < s->columns; i++) {
		const struct column *c = batch_plain(&s->batch, i);
		const char *why;

		if (s->batch.err.status != 0) {
			*err = s->batch.err;
			return -1;
		}
		why = check_column(s, i, c);
		if (why != NULL)
			return err_set(err, "offset %llu: column %u: %s",
			    (unsigned long long)s->file_offset, i, why);
	}
	return 0;
}
