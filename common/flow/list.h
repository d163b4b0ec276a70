/*
 * list.h - values of TYPE_LIST: the structured data of RFC 6313 made self-contained.
 *
 * On the wire a list refers to templates of its session; in a column it carries the identities and
 * types of its fields with it.  The octets, all numbers big-endian:
 *
 *	list:	u8 kind, u8 semantic (RFC 6313 4.4; 255 undefined), then
 *		basic:	field, u32 count, count values
 *		sub:	group
 *		multi:	u16 groups, so many groups
 *	group:	u16 template id, u16 fields, so many field, u32 records, values record by record
 *	field:	u32 enterprise, u16 element, u8 instance, u8 type, u8 scale
 *	value:	u32 length, octets as on the wire (integers of any length up to 8, reduced or not;
 *		times in their wire form, RFC 7011 6.1); of type LIST: a list in this form
 *
 * Surprising rule: nothing here trusts the octets; what is not a list prints as hex.
 */
#ifndef FLOW_LIST_H
#define FLOW_LIST_H

#include "base/buf.h"
#include "base/cursor.h"
#include "flow/element.h"

enum list_kind { LIST_BASIC = 1, LIST_SUB = 2, LIST_MULTI = 3 };
enum { LIST_DEPTH_MAX = 4 };

struct list_field {
	uint32_t pen;
	uint16_t id;
	uint8_t instance; /* as struct field_id */
	uint8_t type; /* enum type; unknown elements: TYPE_BYTES */
	uint8_t scale; /* TIME: 9 s, 6 ms, 3 us, 0 ns of the wire type; else 0 */
};

/* The field of an element as the table knows it; unknown: BYTES. */
struct list_field list_field_of(uint32_t pen, uint16_t id, uint8_t instance);

/*
 * Writing.  list_begin, then list_basic once, or list_group once (sub) or several times (multi);
 * after each, values: of a group record by record, all fields of a record.  list_end completes the
 * counts.  To drop a list that went wrong half-way set out->len back.
 */
struct list_writer {
	struct buf *out;
	enum list_kind kind;
	size_t groups_at, count_at; /* where counts are filled in */
	uint32_t fields, values;
	uint16_t groups;
};
void list_begin(struct list_writer *, struct buf *out, enum list_kind, uint8_t semantic);
void list_basic(struct list_writer *, const struct list_field *);
void list_group(struct list_writer *, uint16_t template_id, const struct list_field *, uint16_t n);
void list_value(struct list_writer *, const void *, size_t n);
void list_end(struct list_writer *);

/* A value written in place, a nested list above all: open, append to out, close. */
size_t list_value_open(struct list_writer *);
void list_value_close(struct list_writer *, size_t opened);

/*
 * Reading.  list_open reads kind and semantic; then list_read_basic (basic), or for each of `groups`
 * list_read_group and its fields; then count values, or records * fields of them.  Check cur.bad.
 */
struct list_reader {
	struct cursor cur;
	enum list_kind kind;
	uint8_t semantic;
	uint16_t groups; /* 1 except of a multi list */
};
struct list_group_info {
	uint16_t template_id, fields;
	uint32_t records;
	const uint8_t *spec; /* fields * LIST_FIELD_LEN octets: list_spec_field */
};
enum { LIST_FIELD_LEN = 9 };
bool list_open(struct list_reader *, const void *, size_t n);
bool list_read_basic(struct list_reader *, struct list_field *, uint32_t *count);
bool list_read_group(struct list_reader *, struct list_group_info *);
struct list_field list_spec_field(const struct list_group_info *, unsigned i);
const uint8_t *list_read_value(struct list_reader *, size_t *n); /* NULL: damaged */

/*
 * As JSON: {"list":"basicList","semantic":3,"element":NAME,"values":[...]},
 * {"list":"subTemplateList","semantic":4,"template":257,"records":[{...}]},
 * {"list":"subTemplateMultiList","semantic":3,"groups":[{"template":...,"records":[...]}]}.
 * wire_names: names and times as wires have them (field_put_wire_name, integers).
 */
void list_put_json(struct buf *, const void *, size_t n, bool wire_names);

#endif
