#include "flow/list.h"

#include <math.h>

#include "base/addr.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "flow/field.h"

/* Writing ------------------------------------------------------------------------------------ */

struct list_field
list_field_of(uint32_t pen, uint16_t id, uint8_t instance)
{
	const struct element *e = element_find(pen, id);
	struct list_field f = { .pen = pen, .id = id, .instance = instance, .type = TYPE_BYTES };

	if (e != NULL) {
		f.type = e->type;
		f.scale = e->scale;
	}
	return f;
}

static void
put_be(struct buf *out, uint64_t v, unsigned octets)
{
	char *d = buf_room(out, octets);

	for (unsigned i = 0; i < octets; i++)
		d[i] = (char)(v >> (8 * (octets - 1 - i)));
	out->len += octets;
}

static void
fill_be(struct buf *out, size_t at, uint32_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		out->data[at + i] = (char)(v >> (8 * (octets - 1 - i)));
}

static void
put_field(struct buf *out, const struct list_field *f)
{
	put_be(out, f->pen, 4);
	put_be(out, f->id, 2);
	put_be(out, f->instance, 1);
	put_be(out, f->type, 1);
	put_be(out, f->scale, 1);
}

void
list_begin(struct list_writer *w, struct buf *out, enum list_kind kind, uint8_t semantic)
{
	*w = (struct list_writer){ .out = out, .kind = kind };
	put_be(out, kind, 1);
	put_be(out, semantic, 1);
	w->groups_at = out->len;
	if (kind == LIST_MULTI)
		put_be(out, 0, 2);
}

static void
open_count(struct list_writer *w, uint32_t fields)
{
	w->count_at = w->out->len;
	w->fields = fields;
	w->values = 0;
	put_be(w->out, 0, 4);
}

static void
close_count(struct list_writer *w)
{
	if (w->fields > 0)
		fill_be(w->out, w->count_at, w->values / w->fields, 4);
}

void
list_basic(struct list_writer *w, const struct list_field *f)
{
	put_field(w->out, f);
	open_count(w, 1);
}

void
list_group(struct list_writer *w, uint16_t template_id, const struct list_field *f, uint16_t n)
{
	close_count(w);
	w->groups++;
	put_be(w->out, template_id, 2);
	put_be(w->out, n, 2);
	for (unsigned i = 0; i < n; i++)
		put_field(w->out, &f[i]);
	open_count(w, n);
}

void
list_value(struct list_writer *w, const void *p, size_t n)
{
	put_be(w->out, n, 4);
	if (n > 0)
		buf_put(w->out, p, n);
	w->values++;
}

size_t
list_value_open(struct list_writer *w)
{
	put_be(w->out, 0, 4);
	return w->out->len;
}

void
list_value_close(struct list_writer *w, size_t opened)
{
	fill_be(w->out, opened - 4, (uint32_t)(w->out->len - opened), 4);
	w->values++;
}

void
list_end(struct list_writer *w)
{
	close_count(w);
	if (w->kind == LIST_MULTI)
		fill_be(w->out, w->groups_at, w->groups, 2);
}

/* Reading ------------------------------------------------------------------------------------ */

static struct list_field
read_field(struct cursor *c)
{
	struct list_field f = { .pen = cur_u32(c) };

	f.id = cur_u16(c);
	f.instance = cur_u8(c);
	f.type = cur_u8(c);
	f.scale = cur_u8(c);
	return f;
}

bool
list_open(struct list_reader *r, const void *octets, size_t n)
{
	unsigned kind;

	r->cur = cur_over(octets, n);
	kind = cur_u8(&r->cur);
	r->semantic = cur_u8(&r->cur);
	r->kind = (enum list_kind)kind;
	r->groups = kind == LIST_MULTI ? cur_u16(&r->cur) : 1;
	return !r->cur.bad && kind >= LIST_BASIC && kind <= LIST_MULTI;
}

bool
list_read_basic(struct list_reader *r, struct list_field *f, uint32_t *count)
{
	*f = read_field(&r->cur);
	*count = cur_u32(&r->cur);
	return !r->cur.bad;
}

/* A record without fields takes no octets, so its count would be bounded by nothing. */
bool
list_read_group(struct list_reader *r, struct list_group_info *g)
{
	g->template_id = cur_u16(&r->cur);
	g->fields = cur_u16(&r->cur);
	g->spec = cur_octets(&r->cur, (size_t)g->fields * LIST_FIELD_LEN);
	g->records = cur_u32(&r->cur);
	return !r->cur.bad && (g->fields > 0 || g->records == 0);
}

struct list_field
list_spec_field(const struct list_group_info *g, unsigned i)
{
	struct cursor c = cur_over(g->spec + (size_t)i * LIST_FIELD_LEN, LIST_FIELD_LEN);

	return read_field(&c);
}

const uint8_t *
list_read_value(struct list_reader *r, size_t *n)
{
	*n = cur_u32(&r->cur);
	return cur_octets(&r->cur, *n);
}

/* Printing ----------------------------------------------------------------------------------- */

static void
put_quoted_hex(struct buf *out, const uint8_t *p, size_t n)
{
	buf_putc(out, '"');
	out->len += fmt_hex(buf_room(out, 2 * n + FMT_MAX), p, n);
	buf_putc(out, '"');
}

static int64_t
be_int(const uint8_t *p, size_t n)
{
	return (int64_t)(be_uint(p, n) << (64 - 8 * n)) >> (64 - 8 * n);
}

static void
put_float(struct buf *out, const uint8_t *p, size_t n)
{
	uint64_t bits = be_uint(p, n);
	uint32_t low = (uint32_t)bits;
	float f;
	double d;

	memcpy(&f, &low, sizeof(f));
	memcpy(&d, &bits, sizeof(d));
	if (n == sizeof(f))
		d = (double)f;
	if (isfinite(d))
		out->len += fmt_double(buf_room(out, FMT_MAX), d);
	else
		buf_puts(out, "null");
}

/*
 * Seconds and milliseconds are counts from the Unix epoch; microseconds and nanoseconds are an NTP
 * timestamp, its low 11 bits ignored for the former (RFC 7011 6.1.7 to 6.1.10).  Gives the count in
 * the type's own unit, floored.
 */
static int64_t
time_units(uint64_t wire, unsigned scale)
{
	const int64_t ntp_to_unix_s = 2208988800;
	int64_t s = (int64_t)(wire >> 32) - ntp_to_unix_s;
	uint64_t fraction = wire & UINT32_MAX;

	if (scale > 3)
		return (int64_t)wire;
	if (scale == 3)
		return s * 1000000 + (int64_t)((fraction & ~UINT64_C(0x7ff)) * 1000000 >> 32);
	return s * NS_PER_S + (int64_t)(fraction * (uint64_t)NS_PER_S >> 32);
}

static void
put_time(struct buf *out, const uint8_t *p, size_t n, unsigned scale, bool wire)
{
	static const int64_t unit[] = { 1, NS_PER_US, NS_PER_MS, NS_PER_S };
	static const unsigned digits[] = { 9, 6, 3, 0 };
	unsigned i = scale >= 9 ? 3 : scale / 3;
	int64_t v = time_units(be_uint(p, n), scale), ns;

	if (wire || __builtin_mul_overflow(v, unit[i], &ns)) {
		out->len += fmt_i64(buf_room(out, FMT_MAX), v);
		return;
	}
	buf_putc(out, '"');
	out->len += fmt_time(buf_room(out, FMT_MAX), ns, digits[i], NULL);
	buf_putc(out, '"');
}

static void
put_address(struct buf *out, const uint8_t *p, size_t n)
{
	char *d;

	buf_putc(out, '"');
	d = buf_room(out, FMT_MAX);
	if (n == 4) {
		out->len += fmt_ip4(d, (uint32_t)be_uint(p, 4));
	} else {
		struct addr a;

		memcpy(a.b, p, 16);
		out->len += fmt_ip6(d, &a);
	}
	buf_putc(out, '"');
}

static void
put_string(struct buf *out, const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] == 0)
		n--;
	buf_putc(out, '"');
	json_put_text(out, (const char *)p, n);
	buf_putc(out, '"');
}

/* Is this a length that values of the type have on wires?  Integers may be reduced (RFC 7011 6.2). */
static bool
length_fits(enum type t, unsigned scale, size_t n)
{
	switch (t) {
	case TYPE_UINT:
	case TYPE_INT: return n >= 1 && n <= 8;
	case TYPE_FLOAT32: return n == 4;
	case TYPE_FLOAT64: return n == 4 || n == 8;
	case TYPE_BOOL: return n == 1;
	case TYPE_TIME: return n == 8 || (n == 4 && scale >= 9);
	case TYPE_IP: return n == 4 || n == 16;
	case TYPE_MAC: return n == 6;
	default: return t == TYPE_STRING || t == TYPE_LIST;
	}
}

static void put_list(struct buf *out, const void *octets, size_t n, bool wire, unsigned depth);

static void
put_value(struct buf *out, const struct list_field *f, const uint8_t *p, size_t n, bool wire,
    unsigned depth)
{
	char *d = buf_room(out, FMT_MAX);

	if (!length_fits((enum type)f->type, f->scale, n)) {
		put_quoted_hex(out, p, n);
		return;
	}
	switch ((enum type)f->type) {
	case TYPE_UINT: out->len += fmt_u64(d, be_uint(p, n)); break;
	case TYPE_INT: out->len += fmt_i64(d, be_int(p, n)); break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: put_float(out, p, n); break;
	case TYPE_BOOL: /* RFC 7011 6.1.5 */
		buf_puts(out, p[0] == 1 ? "true" : p[0] == 2 ? "false" : "null");
		break;
	case TYPE_TIME: put_time(out, p, n, f->scale, wire); break;
	case TYPE_IP: put_address(out, p, n); break;
	case TYPE_MAC:
		*d = '"';
		out->len += 1 + fmt_mac(d + 1, be_uint(p, 6));
		buf_putc(out, '"');
		break;
	case TYPE_STRING: put_string(out, p, n); break;
	default: put_list(out, p, n, wire, depth + 1);
	}
}

/* The field's name as a JSON string. */
static void
put_name(struct buf *out, const struct list_field *f, bool wire)
{
	struct field_id id = { .pen = f->pen, .id = f->id, .instance = f->instance };
	struct buf name = { 0 };

	if (f->pen == PEN_NAMED)
		id.named = ""; /* cannot be in a list; whoever wrote it */
	if (wire)
		field_put_wire_name(&name, &id);
	else
		field_put_name(&name, &id);
	buf_putc(out, '"');
	json_put_text(out, name.data, name.len);
	buf_putc(out, '"');
	buf_free(&name);
}

static bool
put_basic(struct buf *out, struct list_reader *r, bool wire, unsigned depth)
{
	struct list_field f;
	uint32_t count;

	if (!list_read_basic(r, &f, &count))
		return false;
	buf_puts(out, ",\"element\":");
	put_name(out, &f, wire);
	buf_puts(out, ",\"values\":[");
	for (uint32_t i = 0; i < count; i++) {
		size_t n;
		const uint8_t *p = list_read_value(r, &n);

		if (p == NULL)
			return false;
		if (i > 0)
			buf_putc(out, ',');
		put_value(out, &f, p, n, wire, depth);
	}
	buf_putc(out, ']');
	return true;
}

/* Keys of a group's records, made once: `"name":` one after another, key i ends at ends[i]. */
static void
make_keys(struct buf *keys, size_t *ends, const struct list_group_info *g, bool wire)
{
	for (unsigned i = 0; i < g->fields; i++) {
		struct list_field f = list_spec_field(g, i);

		put_name(keys, &f, wire);
		buf_putc(keys, ':');
		ends[i] = keys->len;
	}
}

static bool
put_records(struct buf *out, struct list_reader *r, const struct list_group_info *g,
    const struct buf *keys, const size_t *ends, bool wire, unsigned depth)
{
	for (uint32_t rec = 0; rec < g->records; rec++) {
		buf_puts(out, rec > 0 ? ",{" : "{");
		for (unsigned i = 0; i < g->fields; i++) {
			struct list_field f = list_spec_field(g, i);
			size_t n, from = i > 0 ? ends[i - 1] : 0;
			const uint8_t *p = list_read_value(r, &n);

			if (p == NULL)
				return false;
			if (i > 0)
				buf_putc(out, ',');
			buf_put(out, keys->data + from, ends[i] - from);
			put_value(out, &f, p, n, wire, depth);
		}
		buf_putc(out, '}');
	}
	return true;
}

static bool
put_group(struct buf *out, struct list_reader *r, bool wire, unsigned depth)
{
	struct list_group_info g;
	struct buf keys = { 0 };
	size_t *ends;
	bool good;

	if (!list_read_group(r, &g))
		return false;
	ends = mem_zero((size_t)g.fields + 1, sizeof(*ends));
	make_keys(&keys, ends, &g, wire);
	buf_printf(out, "\"template\":%u,\"records\":[", g.template_id);
	good = put_records(out, r, &g, &keys, ends, wire, depth);
	buf_putc(out, ']');
	buf_free(&keys);
	mem_free(ends);
	return good;
}

static bool
put_groups(struct buf *out, struct list_reader *r, bool wire, unsigned depth)
{
	buf_puts(out, ",\"groups\":[");
	for (unsigned i = 0; i < r->groups; i++) {
		buf_puts(out, i > 0 ? ",{" : "{");
		if (!put_group(out, r, wire, depth))
			return false;
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	return true;
}

/* Octets that are no list, or nested too deep, are printed as hex in place of all of it. */
static void
put_list(struct buf *out, const void *octets, size_t n, bool wire, unsigned depth)
{
	static const char *const names[] = { [LIST_BASIC] = "basicList",
		[LIST_SUB] = "subTemplateList",
		[LIST_MULTI] = "subTemplateMultiList" };
	struct list_reader r;
	size_t mark = out->len;
	bool good = depth < LIST_DEPTH_MAX && list_open(&r, octets, n);

	if (good) {
		buf_printf(out, "{\"list\":\"%s\",\"semantic\":%u", names[r.kind], r.semantic);
		if (r.kind == LIST_BASIC) {
			good = put_basic(out, &r, wire, depth);
		} else if (r.kind == LIST_SUB) {
			buf_putc(out, ',');
			good = put_group(out, &r, wire, depth);
		} else {
			good = put_groups(out, &r, wire, depth);
		}
		buf_putc(out, '}');
	}
	if (good && !r.cur.bad && cur_left(&r.cur) == 0)
		return;
	out->len = mark;
	put_quoted_hex(out, octets, n);
}

void
list_put_json(struct buf *out, const void *octets, size_t n, bool wire_names)
{
	put_list(out, octets, n, wire_names, 0);
}
