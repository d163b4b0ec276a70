/*
 * wild_batch.h - a batch out of a fuzzer's octets: columns of given elements, mostly of the type that the element
 * has, records of any values.
 */
#ifndef TESTS_WILD_BATCH_H
#define TESTS_WILD_BATCH_H

#include "base/cursor.h"
#include "flow/batch.h"

/* How a column's first octet says what it is. */
enum { WILD_SCOPE = 1, WILD_TYPE = 2, WILD_WIDTH = 2 /* shift: two bits */ };

static inline enum type
wild_type(struct cursor *c, const struct field_id *id, unsigned how)
{
	const struct element *e = element_find(id->pen, id->id);
	unsigned any = how & WILD_TYPE ? cur_u8(c) : 0;

	if (e != NULL && !(how & WILD_TYPE))
		return (enum type)e->type;
	return (enum type)(1 + any % (TYPE_COUNT - 1));
}

static inline unsigned
wild_width(enum type type, unsigned how)
{
	unsigned log = how >> WILD_WIDTH & 3;

	switch (type) {
	case TYPE_UINT:
	case TYPE_INT: return 1U << log;
	case TYPE_FLOAT32: return 4;
	case TYPE_BOOL: return 1;
	case TYPE_IP: return log & 1 ? 4 : 16;
	default: return type_is_var(type) ? 0 : 8;
	}
}

static inline void
wild_cell(struct cursor *c, struct batch *b, unsigned col, size_t rec)
{
	unsigned how = cur_u8(c);
	const uint8_t *octets;
	struct addr a;

	if (how < 32)
		return;
	switch (b->col[col].type) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST:
		octets = cur_octets(c, how & 31);
		if (octets != NULL)
			batch_put_octets(b, col, rec, octets, how & 31);
		break;
	case TYPE_IP:
		if (how & 1) {
			a = addr_v4(cur_u32(c));
		} else {
			octets = cur_octets(c, 16);
			memcpy(a.b, octets != NULL ? octets : (const uint8_t[16]){ 0 }, 16);
		}
		batch_put_ip(b, col, rec, &a);
		break;
	case TYPE_BOOL: batch_put_uint(b, col, rec, how & 1); break;
	case TYPE_MAC: batch_put_uint(b, col, rec, cur_uint(c, 6)); break;
	default: batch_put_uint(b, col, rec, how & 1 ? cur_uint(c, 8) : cur_u8(c)); break;
	}
}

/* Up to 16 columns and 16 records; closed. */
static inline struct batch *
wild_batch(struct cursor *c, const struct field_id *ids, unsigned n_ids, bool options)
{
	unsigned n_cols = cur_u8(c) % 17, n = cur_u8(c) % 17;
	struct batch *b = batch_new();

	b->options = options;
	for (unsigned i = 0; i < n_cols; i++) {
		unsigned how = cur_u8(c);
		const struct field_id *id = &ids[cur_u8(c) % n_ids];
		enum type type = wild_type(c, id, how);

		(void)batch_column(b, id, type, wild_width(type, how),
		    options && (how & WILD_SCOPE) ? COLUMN_SCOPE : 0);
	}
	if (n > 0)
		(void)batch_extend(b, n);
	for (size_t rec = 0; rec < n; rec++)
		for (unsigned col = 0; col < b->n_cols; col++)
			wild_cell(c, b, col, rec);
	batch_close(b);
	return b;
}

#endif
