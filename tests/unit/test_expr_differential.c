/*
 * Random conditions on random batches: the column kernels select the records that a plain evaluator
 * selects, whatever the schema, the widths, the missing values and the forms of the columns.
 */
#include "expr/expr.h"
#include "flow/zone.h"

#include "expr_rows.h"
#include "stored.h"
#include "tap.h"

enum { CASES = 6000, BATCHES = 3, USUAL_RECORDS = 300, MAX_RECORDS = 2500 };

static uint64_t seed;

static uint64_t
rnd(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static unsigned
below(unsigned n)
{
	return (unsigned)(rnd() % n);
}

/* Values from small pools, so that conditions hold often enough. ------------------------------- */

static const uint64_t uints[] = { 0, 1, 2, 5, 6, 17, 53, 80, 127, 128, 255, 256, 443, 1000, 1400,
	32767, 32768, 65535, 65536, 100000, 1500000, 2147483648, 4294967295, 4294967296,
	9000000000000, 9223372036854775807u, 9223372036854775808u, 18446744073709551615u };
static const int64_t ints[] = { 0, 1, -1, 5, -5, 127, -128, 128, 32767, -32768, 65536,
	-2147483648ll, 2147483647, INT64_MAX, INT64_MIN };
static const double doubles[] = { 0, -0.0, 1, -1, 0.5, 1000, 1e300, -1e300, 100000, 0.1 };
static const char *const addresses[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "10.1.0.1",
	"192.168.0.1", "0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1", "2001:db8::2",
	"2001:db8:0:1::1", "fe80::1", "::fffe:ffff:ffff", "::1:0:0:0",
	"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
static const struct {
	const char *p;
	size_t n;
} texts[] = { { "", 0 }, { "a", 1 }, { "ab", 2 }, { "abc", 3 }, { "abcdefgh", 8 },
	{ "abcdefghi", 9 }, { "abcdefghj", 9 }, { "b", 1 }, { "\xff\xfe", 2 }, { "q\"uote\\", 7 },
	{ "has blank", 9 }, { "ABC", 3 }, { "bc", 2 }, { "a\0b", 3 } };
static const uint64_t macs[] = { 0, 1, 0x001122aabbcc, 0x001122aabbcd, 0xffffffffffff };
#define POOL(A) (A)[below(sizeof(A) / sizeof((A)[0]))]

/* 2026-11-23T10:00:00Z, seconds apart, some finer; years before 1970 too. */
static int64_t
random_time(void)
{
	int64_t ns = INT64_C(1795428000) * NS_PER_S + (int64_t)below(6) * NS_PER_S;

	if (below(4) == 0)
		ns += below(1000);
	return below(20) == 0 ? -ns / 3 : ns;
}

static int64_t
random_duration(void)
{
	static const int64_t pool[] = { 0, 1, 1000000, 250000000, 1000000000, 1500000000,
		60000000000, -1000000 };

	return POOL(pool);
}

static struct value
random_value(enum type type, unsigned width)
{
	struct value v = { .type = type };
	unsigned i;

	switch (type) {
	case TYPE_UINT:
		v.u = POOL(uints);
		if (width < 8)
			v.u &= (UINT64_C(1) << (8 * width)) - 1;
		break;
	case TYPE_INT:
		v.i = POOL(ints);
		v.i = width == 1   ? (int8_t)v.i
		      : width == 2 ? (int16_t)v.i
		      : width == 4 ? (int32_t)v.i
				   : v.i;
		break;
	case TYPE_BOOL: v.u = below(2); break;
	case TYPE_MAC: v.u = POOL(macs); break;
	case TYPE_TIME: v.i = random_time(); break;
	case TYPE_DURATION: v.i = random_duration(); break;
	case TYPE_FLOAT32:
		v.f = (double)(float)(below(20) ? POOL(doubles) : (double)INFINITY);
		break;
	case TYPE_FLOAT64: v.f = below(20) ? POOL(doubles) : -(double)INFINITY; break;
	case TYPE_IP:
		do {
			const char *a = POOL(addresses);

			parse_ip(a, strlen(a), &v.ip);
		} while (width == 4 && !addr_is_v4(&v.ip));
		break;
	default:
		i = below(sizeof(texts) / sizeof(texts[0]));
		v.s.p = texts[i].p;
		v.s.n = texts[i].n;
	}
	return v;
}

/* Schema ---------------------------------------------------------------------------------------- */

/* Columns that batches may have; widths as exporters send them. */
static struct schema {
	struct field_id id;
	enum type type; /* NONE: drawn for each case */
	unsigned width[3];
} schema[] = {
	{ { .id = 8 }, TYPE_IP, { 4, 16, 16 } },
	{ { .id = 12 }, TYPE_IP, { 4, 16, 4 } },
	{ { .id = 15 }, TYPE_IP, { 4, 4, 16 } },
	{ { .id = 7 }, TYPE_UINT, { 2, 2, 2 } },
	{ { .id = 11 }, TYPE_UINT, { 2, 4, 2 } },
	{ { .id = 4 }, TYPE_UINT, { 1, 1, 2 } },
	{ { .id = 6 }, TYPE_UINT, { 1, 1, 2 } },
	{ { .id = 1 }, TYPE_UINT, { 4, 8, 8 } },
	{ { .id = 85 }, TYPE_UINT, { 8, 8, 4 } },
	{ { .id = 2 }, TYPE_UINT, { 4, 8, 1 } },
	{ { .id = 3 }, TYPE_UINT, { 4, 8, 1 } },
	{ { .id = 16 }, TYPE_UINT, { 4, 2, 4 } },
	{ { .id = 17 }, TYPE_UINT, { 4, 2, 4 } },
	{ { .id = 434 }, TYPE_INT, { 1, 4, 8 } },
	{ { .id = 435 }, TYPE_UINT, { 1, 2, 8 } },
	{ { .id = 276 }, TYPE_BOOL, { 1, 1, 1 } },
	{ { .id = 320 }, TYPE_FLOAT64, { 8, 8, 8 } },
	{ { .id = 321 }, TYPE_FLOAT32, { 4, 4, 4 } },
	{ { .id = 56 }, TYPE_MAC, { 8, 8, 8 } },
	{ { .id = 80 }, TYPE_MAC, { 8, 8, 8 } },
	{ { .id = 371 }, TYPE_STRING, { 0, 0, 0 } },
	{ { .id = 82 }, TYPE_STRING, { 0, 0, 0 } },
	{ { .id = 70 }, TYPE_BYTES, { 0, 0, 0 } },
	{ { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, { 8, 8, 8 } },
	{ { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, { 8, 8, 8 } },
	{ { .pen = PEN_NAMED, .named = "odd name" }, TYPE_NONE, { 0, 0, 0 } },
	{ { .pen = PEN_NAMED, .named = "other" }, TYPE_NONE, { 0, 0, 0 } },
};
enum { COLUMNS = sizeof(schema) / sizeof(schema[0]), NAMED = COLUMNS - 2 };

static const struct row_field fields[] = {
	{ "srcip", ROW_STORED, 1, { { .id = 8 } } },
	{ "dstip", ROW_STORED, 1, { { .id = 12 } } },
	{ "nexthop", ROW_STORED, 1, { { .id = 15 } } },
	{ "srcport", ROW_STORED, 1, { { .id = 7 } } },
	{ "destinationTransportPort", ROW_STORED, 1, { { .id = 11 } } },
	{ "proto", ROW_STORED, 1, { { .id = 4 } } },
	{ "flags", ROW_STORED, 1, { { .id = 6 } } },
	{ "bytes", ROW_STORED, 2, { { .id = 1 }, { .id = 85 } } },
	{ "packets", ROW_STORED, 1, { { .id = 2 } } },
	{ "flows", ROW_FLOWS, 1, { { .id = 3 } } },
	{ "srcas", ROW_STORED, 1, { { .id = 16 } } },
	{ "dstas", ROW_STORED, 1, { { .id = 17 } } },
	{ "mibObjectValueInteger", ROW_STORED, 1, { { .id = 434 } } },
	{ "dataRecordsReliability", ROW_STORED, 1, { { .id = 276 } } },
	{ "absoluteError", ROW_STORED, 1, { { .id = 320 } } },
	{ "srcmac", ROW_STORED, 1, { { .id = 56 } } },
	{ "dstmac", ROW_STORED, 1, { { .id = 80 } } },
	{ "username", ROW_STORED, 1, { { .id = 371 } } },
	{ "interfaceName", ROW_STORED, 1, { { .id = 82 } } },
	{ "mplsTopLabelStackSection", ROW_STORED, 1, { { .id = 70 } } },
	{ "start", ROW_STORED, 1, { { .pen = PEN_OWN, .id = OWN_START } } },
	{ "end", ROW_STORED, 1, { { .pen = PEN_OWN, .id = OWN_END } } },
	{ "duration", ROW_DURATION, 0, { { 0 } } },
	{ "bps", ROW_BPS, 0, { { 0 } } },
	{ "bpp", ROW_BPP, 0, { { 0 } } },
	{ "`odd name`", ROW_STORED, 1, { { .pen = PEN_NAMED, .named = "odd name" } } },
	{ "`other`", ROW_STORED, 1, { { .pen = PEN_NAMED, .named = "other" } } },
};
enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static enum type
type_of(const struct row_field *f)
{
	switch (f->derived) {
	case ROW_DURATION: return TYPE_DURATION;
	case ROW_BPS:
	case ROW_BPP: return TYPE_FLOAT64;
	case ROW_FLOWS: return TYPE_UINT;
	default: break;
	}
	for (unsigned i = 0; i < COLUMNS; i++)
		if (field_id_equal(&schema[i].id, &f->id[0]))
			return schema[i].type;
	return TYPE_NONE;
}

/* Types of the named columns of this case. */
static void
draw_named(void)
{
	static const enum type types[] = { TYPE_UINT, TYPE_INT, TYPE_FLOAT32, TYPE_FLOAT64,
		TYPE_BOOL, TYPE_TIME, TYPE_DURATION, TYPE_IP, TYPE_MAC, TYPE_STRING };
	static const unsigned widths[] = { 1, 2, 4, 8 };

	for (unsigned i = NAMED; i < COLUMNS; i++) {
		struct schema *s = &schema[i];

		s->type = POOL(types);
		for (unsigned k = 0; k < 3; k++)
			s->width[k] = s->type <= TYPE_INT  ? POOL(widths)
				      : s->type == TYPE_IP ? (k ? 16 : 4)
							   : type_width(s->type);
	}
}

/* Batches ---------------------------------------------------------------------------------------- */

static void
put(struct batch *b, unsigned col, size_t rec, const struct value *v)
{
	switch (v->type) {
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		batch_put_double(b, col, rec, below(15) == 0 ? (double)NAN : v->f);
		break;
	case TYPE_IP: batch_put_ip(b, col, rec, &v->ip); break;
	case TYPE_STRING:
	case TYPE_BYTES: batch_put_octets(b, col, rec, v->s.p, v->s.n); break;
	default: batch_put_uint(b, col, rec, v->u); break;
	}
}

static bool
is_integer(enum type t)
{
	return t == TYPE_UINT || t == TYPE_INT || t == TYPE_TIME || t == TYPE_DURATION;
}

/* Plain, closed, with zone maps on most columns. */
static struct batch *
random_batch(void)
{
	static const unsigned sizes[] = { 1, 63, 64, 65, 128, 200, USUAL_RECORDS };
	static const unsigned missing[] = { 0, 0, 0, 10, 50, 100 };
	static const uint64_t steps[] = { 1, 10, 1000, 1000000000 };
	struct batch *b = batch_new();
	uint8_t kind[MAX_RECORDS]; /* of records */
	unsigned kinds = 1 + below(9);
	size_t n = POOL(sizes);

	if (below(30) == 0) /* more than one stretch of those that kernels work in */
		n = 1000 + below(MAX_RECORDS - 1000);
	for (unsigned i = 0; i < COLUMNS; i++)
		if (below(5) != 0)
			batch_column(
			    b, &schema[i].id, schema[i].type, schema[i].width[below(3)], 0);
	batch_extend(b, n);
	for (size_t rec = 0; rec < n; rec++)
		kind[rec] = (uint8_t)below(kinds);
	for (unsigned i = 0; i < b->n_cols; i++) {
		unsigned rate = POOL(missing), width = b->col[i].width;
		bool same = below(6) == 0; /* a column of one value: zone maps decide */
		bool follows = below(4) == 0; /* from what others follow from too */
		uint64_t step = below(3) == 0 ? POOL(steps) : 0; /* numbers a step apart */
		struct value one = random_value((enum type)b->col[i].type, width), v;
		uint64_t from = rnd(), then;

		for (size_t rec = 0; rec < n; rec++) {
			if (below(100) < rate)
				continue;
			then = seed;
			if (follows)
				seed = from + kind[rec];
			v = same ? one : random_value((enum type)b->col[i].type, width);
			seed = follows ? then : seed;
			if (step > 0 && is_integer((enum type)b->col[i].type))
				v.u = one.u + step * below(300) - step * 5 - 3;
			put(b, i, rec, &v);
		}
	}
	batch_close(b);
	for (unsigned i = 0; i < b->n_cols; i++)
		if (below(4) != 0 && n > 0)
			column_zone(&b->col[i], n);
	return b;
}

/* The same records as a reader would give them: columns packed until asked for. */
struct packed {
	struct batch b; /* must be first */
	const struct batch *from;
	bool dict[COLUMNS], planes[COLUMNS];
	uint16_t *codes[COLUMNS]; /* of dictionaries */
};

/* Values of missing records mean nothing: make sure nobody reads meaning into them. */
static void
litter(struct column *c, size_t n)
{
	for (size_t rec = 0; rec < n; rec++)
		for (unsigned k = 0;
		     k < c->width && c->present != NULL && !bits_get(c->present, rec); k++)
			((uint8_t *)c->data)[rec * c->width + k] = (uint8_t)rnd();
}

static bool
same_cell(const struct column *c, size_t x, size_t y)
{
	if (c->width > 0)
		return memcmp((const char *)c->data + x * c->width,
			   (const char *)c->data + y * c->width, c->width) == 0;
	if (c->off[x + 1] - c->off[x] != c->off[y + 1] - c->off[y])
		return false;
	return c->off[x + 1] == c->off[x] ||
	       memcmp((const char *)c->data + c->off[x], (const char *)c->data + c->off[y],
		   c->off[x + 1] - c->off[x]) == 0;
}

/* Entries in order of first appearance; codes of missing records are anything. */
static void
make_dict(struct batch *b, struct column *c, const struct column *from)
{
	uint32_t entry[MAX_RECORDS];

	c->dict_data = arena_alloc(&b->arena, b->n * (c->width ? c->width : 16) + 1);
	c->dict_off = arena_zero(&b->arena, (b->n + 1) * 4);
	c->codes = arena_alloc(&b->arena, b->n * 2);
	c->dict_n = 0;
	for (size_t rec = 0; rec < b->n; rec++) {
		uint32_t k = 0;
		size_t at = c->width ? c->dict_n * c->width : c->dict_off[c->dict_n];
		size_t len = c->width ? c->width : from->off[rec + 1] - from->off[rec];

		c->codes[rec] = (uint16_t)rnd();
		if (from->present != NULL && !bits_get(from->present, rec))
			continue;
		while (k < c->dict_n && !same_cell(from, entry[k], rec))
			k++;
		c->codes[rec] = (uint16_t)k;
		if (k < c->dict_n)
			continue;
		if (len > 0)
			memcpy((char *)c->dict_data + at,
			    (const char *)from->data + (c->width ? rec * c->width : from->off[rec]),
			    len);
		entry[c->dict_n++] = (uint32_t)rec;
		c->dict_off[c->dict_n] = (uint32_t)(at + len);
	}
}

/* The least number of the records that have one. */
static uint64_t
least_of(const struct column *c, size_t n)
{
	uint64_t least = UINT64_MAX;

	for (size_t rec = 0; rec < n; rec++)
		if (c->present == NULL || bits_get(c->present, rec))
			least = column_uint(c, rec) < least ? column_uint(c, rec) : least;
	return least;
}

/* What all numbers are a multiple of, counted from the base; and the largest of the sums then. */
static uint64_t
unit_of(const struct column *c, size_t n, uint64_t base, uint64_t *most)
{
	static const uint64_t units[] = { 1000000000, 1000, 100, 10, 1 };
	uint64_t all = c->width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * c->width)) - 1;

	for (unsigned i = below(5);; i++) {
		bool fits = true;

		*most = 0;
		for (size_t rec = 0; rec < n && fits; rec++) {
			uint64_t above = (column_uint(c, rec) - base) & all;

			if (c->present != NULL && !bits_get(c->present, rec))
				continue;
			fits = above % units[i] == 0;
			*most = above / units[i] > *most ? above / units[i] : *most;
		}
		if (fits)
			return units[i];
	}
}

/*
 * Numbers as planes above a base that need not be the least of them: sums may wrap.  As few planes as hold them, or all
 * of the width; what they hold of records without a number is anything.
 */
static void
make_planes(struct batch *b, const struct column *of, const void *data, unsigned width, bool codes,
    struct column *c)
{
	struct planes *p = arena_zero(&b->arena, sizeof(*p));
	const struct column from = { .data = (void *)(uintptr_t)data,
		.width = (uint8_t)width,
		.present = codes ? NULL : of->present };
	uint64_t all = width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1, most;

	switch (codes ? 0 : below(3)) {
	case 1: p->base = column_uint(&from, below((unsigned)b->n)); break;
	case 2: p->base = least_of(&from, b->n); break;
	default: p->base = 0;
	}
	p->unit = unit_of(&from, b->n, p->base, &most);
	while (p->n < width && most >> (8 * p->n) != 0)
		p->n++;
	if (below(3) == 0)
		p->n = width;
	for (unsigned k = 0; k < p->n; k++) {
		uint8_t *plane = arena_alloc(&b->arena, b->n);

		for (size_t rec = 0; rec < b->n; rec++) {
			uint64_t sum = ((column_uint(&from, rec) - p->base) & all) / p->unit;

			if (from.present != NULL && !bits_get(from.present, rec))
				sum = rnd();
			plane[rec] = (uint8_t)(sum >> (8 * k));
		}
		p->plane[k] = plane;
	}
	c->planes = p;
}

static void
unpack_dict(struct packed *p, unsigned col, enum unpack what)
{
	struct column *c = &p->b.col[col];

	if (p->codes[col] == NULL) {
		make_dict(&p->b, c, &p->from->col[col]);
		p->codes[col] = c->codes;
		c->codes = NULL;
	}
	if (c->dict_n == 0)
		p->planes[col] = false; /* no record has a value */
	if (what == UNPACK_PLANES && p->planes[col])
		make_planes(&p->b, &p->from->col[col], p->codes[col], 2, true, c);
	if (what != UNPACK_DICT)
		return;
	c->codes = p->codes[col];
	c->form = COLUMN_DICT;
}

static void
unpack(struct batch *b, unsigned col, enum unpack what)
{
	struct packed *p = (struct packed *)b;
	const struct column *from = &p->from->col[col];
	struct column *c = &b->col[col];

	if ((what == UNPACK_DICT || what == UNPACK_ENTRIES) && !p->dict[col])
		return;
	if (what == UNPACK_PLANES && !p->planes[col])
		return;
	b->n_unpacked++;
	c->present = from->present;
	if (what == UNPACK_PRESENT)
		return;
	if (what != UNPACK_PLAIN && p->dict[col]) {
		unpack_dict(p, col, what);
		return;
	}
	if (what == UNPACK_PLANES) {
		make_planes(b, from, from->data, c->width, false, c);
		return;
	}
	c->form = COLUMN_PLAIN;
	c->planes = p->dict[col] ? NULL : c->planes;
	c->off = from->off;
	c->data = from->data;
	if (c->width == 0)
		return;
	c->data = arena_alloc(&b->arena, b->n * c->width);
	memcpy(c->data, from->data, b->n * c->width);
	litter(c, b->n);
}

static void
pack(struct packed *p, const struct batch *from)
{
	memset(p, 0, sizeof(*p));
	p->from = from;
	p->b.n = from->n;
	p->b.unpack = unpack;
	p->b.n_cols = p->b.n_all = p->b.cap_cols = from->n_cols;
	p->b.col = mem_zero(from->n_cols + 1, sizeof(struct column));
	for (unsigned i = 0; i < from->n_cols; i++) {
		const struct column *c = &from->col[i];

		p->dict[i] = below(3) == 0;
		p->planes[i] = below(2) == 0 && (p->dict[i] || (c->width > 0 && c->width <= 8));
		p->b.col[i] = (struct column){ .id = c->id,
			.type = c->type,
			.width = c->width,
			.scale = c->scale,
			.form = COLUMN_PACKED,
			.flags = c->flags,
			.min = c->min,
			.max = c->max };
	}
}

static void
packed_free(struct packed *p)
{
	mem_free(p->b.col);
	arena_free(&p->b.arena);
}

/* Conditions -------------------------------------------------------------------------------------- */

static struct arena nodes;

static const struct row_field *
field_of_type(bool (*good)(enum type))
{
	const struct row_field *f;

	do
		f = &fields[below(FIELDS)];
	while (!good(type_of(f)));
	return f;
}

static bool
any_type(enum type t)
{
	return t != TYPE_NONE;
}

static bool
is_text(enum type t)
{
	return t == TYPE_STRING || t == TYPE_BYTES;
}

static bool
is_computable(enum type t)
{
	return (t >= TYPE_UINT && t <= TYPE_FLOAT64) || t == TYPE_TIME || t == TYPE_DURATION;
}

/* A literal that the language takes for the field: ports and the like stay within their width. */
static struct row_item
random_item(enum type type, unsigned width)
{
	struct row_item it = { .lo = random_value(type, width), .plen = 128 };

	if (type == TYPE_UINT && below(3) == 0 && it.lo.u > 0)
		it.lo.u--;
	return it;
}

static unsigned
literal_width(const struct row_field *f)
{
	unsigned id = f->derived == ROW_STORED && f->id[0].pen == 0 ? f->id[0].id : 0;

	return id == 4				 ? 1
	       : id == 7 || id == 11 || id == 6	 ? 2
	       : id == 8 || id == 12 || id == 15 ? 16
						 : 8;
}

/* Make a range or a prefix of it. */
static void
spread(struct row_item *it, unsigned width)
{
	struct value hi = random_value(it->lo.type, width);
	unsigned first = it->lo.type == TYPE_IP && addr_is_v4(&it->lo.ip) ? 96 : 0;

	if (it->lo.type == TYPE_IP && below(2) == 0) {
		it->plen = first + below(129 - first);
		return;
	}
	if (it->lo.type == TYPE_BOOL || is_text(it->lo.type) || row_order(&it->lo, &hi) > 0)
		return;
	it->hi = hi;
}

static void
random_test(struct row_node *n)
{
	static const struct {
		const char *word;
		unsigned src, dst;
	} words[] = { { "ip", 0, 1 }, { "port", 3, 4 }, { "as", 10, 11 }, { "mac", 15, 16 } };
	static const char *const both[] = { "", "src or dst ", "src and dst " };
	unsigned w = below(4), join = below(3), width;
	bool single = below(3) != 0;
	char *text;

	n->field = field_of_type(any_type);
	if (!single) {
		text = arena_alloc(&nodes, 64);
		snprintf(text, 64, "%s%s", both[join], words[w].word);
		n->word = text;
		n->both = join == 2;
		n->field = &fields[words[w].src];
		n->other = &fields[words[w].dst];
	}
	width = literal_width(n->field);
	n->kind = below(3) == 0 ? ROW_LIST : ROW_TEST;
	n->op = (enum row_op)below(6);
	n->not_in = below(2) == 0;
	n->n_items = n->kind == ROW_LIST ? 1 + below(4) : 1;
	for (unsigned i = 0; i < n->n_items; i++) {
		n->item[i] = random_item(type_of(n->field), width);
		if (n->kind == ROW_LIST && below(3) == 0)
			spread(&n->item[i], width);
	}
	if (n->item[0].lo.type == TYPE_BOOL && n->op > ROW_NE)
		n->op = ROW_EQ;
	if (n->kind == ROW_TEST && n->op <= ROW_NE && n->item[0].lo.type == TYPE_IP &&
	    below(2) == 0) {
		spread(&n->item[0], width);
		n->item[0].hi.type = TYPE_NONE;
	}
}

static struct row_math *
random_math(unsigned depth)
{
	static const double numbers[] = { 0, 1, 2, 1.5, 8, 100, 1000, 0.25 };
	struct row_math *m = arena_zero(&nodes, sizeof(*m));

	if (depth == 0 || below(3) == 0) {
		if (below(2) == 0)
			m->number = POOL(numbers);
		else
			m->field = field_of_type(is_computable);
		return m;
	}
	m->op = "+-*/%&"[below(6)];
	m->left = random_math(depth - 1);
	m->right = random_math(depth - 1);
	return m;
}

static bool
names_field(const struct row_math *m)
{
	return m->op == 0 ? m->field != NULL : names_field(m->left) || names_field(m->right);
}

static void
random_arithmetic(struct row_node *n)
{
	n->kind = ROW_MATH;
	n->op = (enum row_op)below(6);
	do
		n->math[0] = random_math(3);
	while (n->math[0]->op == 0 || !names_field(n->math[0]));
	n->math[1] = random_math(2);
}

static void
random_leaf(struct row_node *n)
{
	switch (below(12)) {
	case 0: n->kind = below(2) ? ROW_TRUE : ROW_FALSE; return;
	case 1:
		n->kind = ROW_HAS;
		n->field = &fields[below(FIELDS)];
		return;
	case 2:
		n->kind = ROW_FLAGS;
		n->field = &fields[6];
		n->has_mask = below(2);
		n->mask = n->has_mask ? below(256) : 0;
		n->bits = n->has_mask ? n->mask & below(256) : below(64);
		n->op = n->has_mask && below(3) == 0 ? ROW_NE : ROW_EQ;
		return;
	case 3:
		n->kind = ROW_TEXT;
		n->field = field_of_type(is_text);
		n->text_op = below(3);
		n->item[0] = random_item(type_of(n->field), 0);
		return;
	case 4:
		n->kind = ROW_FIELDS;
		n->op = (enum row_op)below(6);
		/* A word right of a text is text, whatever it names; one right of flags may be letters. */
		do {
			n->field = field_of_type(any_type);
			n->other = field_of_type(any_type);
		} while (type_of(n->other) != type_of(n->field) || n->field == &fields[6] ||
			 (is_text(type_of(n->field)) && n->other->name[0] != '`'));
		if (n->field->name[0] != '`' && type_of(n->field) == TYPE_BOOL)
			n->op = (enum row_op)below(2); /* not ordered */
		return;
	case 5:
	case 6: random_arithmetic(n); return;
	default: random_test(n); return;
	}
}

static struct row_node *
random_tree(unsigned depth)
{
	struct row_node *n = arena_zero(&nodes, sizeof(*n));

	if (depth == 0 || below(4) == 0) {
		random_leaf(n);
		return n;
	}
	n->kind = below(4) == 0 ? ROW_NOT : below(2) ? ROW_AND : ROW_OR;
	n->n_child = n->kind == ROW_NOT ? 1 : 2 + below(2);
	for (unsigned i = 0; i < n->n_child; i++)
		n->child[i] = random_tree(depth - 1);
	return n;
}

/* Comparing ------------------------------------------------------------------------------------- */

struct tally {
	uint64_t records, selected, columns, unpacked;
};

/* The smallest conditions of a tree that differ, for whoever debugs. */
static void
blame(const struct row_node *n, const struct batch *plain, size_t rec)
{
	uint64_t sel[MAX_RECORDS / 64 + 1];
	struct buf text = { 0 };
	struct err err = { 0 };
	struct expr_state *s;
	struct packed p;
	struct expr *x;

	for (unsigned i = 0; i < n->n_child; i++)
		blame(n->child[i], plain, rec);
	row_put(&text, n, 0, 0);
	x = expr_compile(buf_cstr(&text), 0, &err);
	if (x != NULL) {
		s = expr_state_new(x);
		pack(&p, plain);
		(void)expr_select(s, &p.b, sel);
		if (bits_get(sel, rec) != row_eval(plain, n, rec))
			printf("# because of: %s\n", buf_cstr(&text));
		packed_free(&p);
		expr_state_free(s);
		expr_free(x);
	}
	buf_free(&text);
}

/* false after saying what differs: a stored batch's selection is not that one. */
static bool
agree_stored(struct expr_state *s, struct batch *plain, const uint64_t *sel, const char *text)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	struct stream_reader *r =
	    stream_open(stored_stream(&plain, 1, POOL(profiles), true), 0, NULL, 0);
	struct stream_slot *slot = slot_new();
	uint64_t got[MAX_RECORDS / 64 + 1];
	struct err err = { 0 };
	bool good = stream_next(r, slot, &err) == STREAM_BATCH;

	if (good) {
		(void)expr_select(s, slot_batch(slot), got);
		good = memcmp(got, sel, bits_words(plain->n) * sizeof(*got)) == 0;
	}
	if (!good)
		printf("# stored: %s\n# %s\n", err.text, text);
	slot_free(slot);
	stream_close(r);
	return good;
}

/* false after saying what differs. */
static bool
agree(const struct row_node *tree, struct expr_state *s, const char *text, struct tally *t)
{
	uint64_t sel[MAX_RECORDS / 64 + 1];
	struct batch *plain = random_batch();
	struct packed p;
	bool good = true;
	size_t count = 0, got;

	pack(&p, plain);
	memset(sel, 0xa5, sizeof(sel));
	got = expr_select(s, &p.b, sel);
	for (size_t rec = 0; rec < plain->n && good; rec++) {
		bool want = row_eval(plain, tree, rec);

		count += want;
		if (want == bits_get(sel, rec))
			continue;
		printf("# record %zu of %zu should %sbe selected by\n# %s\n", rec, plain->n,
		    want ? "" : "not ", text);
		blame(tree, plain, rec);
		good = false;
	}
	if (good && (got != count || (sel[bits_words(plain->n) - 1] & ~bits_tail(plain->n)) != 0)) {
		printf("# %zu counted, %zu selected, or bits behind the last record: %s\n", got,
		    count, text);
		good = false;
	}
	if (good && plain->n > 0 && below(4) == 0)
		good = agree_stored(s, plain, sel, text);
	t->records += plain->n;
	t->selected += count;
	t->columns += plain->n_cols;
	t->unpacked += p.b.n_unpacked;
	packed_free(&p);
	batch_free(plain);
	return good;
}

static bool
run_case(uint64_t number, struct tally *t)
{
	struct err err = { 0 };
	struct buf text = { 0 };
	struct row_node *tree;
	struct expr_state *s;
	struct expr *x;
	bool good = true;

	seed = number * UINT64_C(0x2545f4914f6cdd1d) + 1;
	draw_named();
	arena_reset(&nodes);
	tree = random_tree(below(4));
	row_put(&text, tree, 0, below(5));
	x = expr_compile(buf_cstr(&text), 0, &err);
	if (x == NULL) {
		printf("# case %llu: %s\n# %s\n", (unsigned long long)number, buf_cstr(&text),
		    err.text);
		buf_free(&text);
		return false;
	}
	s = expr_state_new(x);
	for (unsigned i = 0; i < BATCHES && good; i++)
		good = agree(tree, s, buf_cstr(&text), t);
	if (!good)
		printf("# case %llu\n", (unsigned long long)number);
	expr_state_free(s);
	expr_free(x);
	buf_free(&text);
	return good;
}

/* Sets of many values and ranges, which kernels look up. ------------------------------------------ */

enum set_kind { SET_WIDE_UINT, SET_UINT, SET_INT, SET_V4, SET_V6, SET_KINDS };
static const struct {
	const char *name;
	struct field_id id;
	enum type type;
	unsigned width;
} set_fields[SET_KINDS] = {
	{ "bytes", { .id = 1 }, TYPE_UINT, 8 },
	{ "srcas", { .id = 16 }, TYPE_UINT, 4 },
	{ "mibObjectValueInteger", { .id = 434 }, TYPE_INT, 4 },
	{ "srcip", { .id = 8 }, TYPE_IP, 4 },
	{ "srcip", { .id = 8 }, TYPE_IP, 16 },
};

static struct value
set_value(enum set_kind kind, unsigned number)
{
	struct value v = { .type = set_fields[kind].type };

	switch (kind) {
	case SET_INT: v.i = (int64_t)number - 3000; break;
	case SET_V4: v.ip = addr_v4(0x0a000000 + number); break;
	case SET_V6:
		v.ip = addr_v4(0x0a000000 + number);
		if (number & 1)
			v.ip = (struct addr){ { 0x20, 1, 0xd, 0xb8, [13] = (uint8_t)(number >> 16),
			    (uint8_t)(number >> 8), (uint8_t)number } };
		break;
	default: v.u = (uint64_t)number * (kind == SET_WIDE_UINT ? 1000003 : 1); break;
	}
	return v;
}

/* Numbers in [lo, hi], n of them, as a list; ranges of addresses of both families have one number. */
static void
put_set(struct buf *out, enum set_kind kind, const unsigned *lo, const unsigned *hi, unsigned n)
{
	buf_printf(out, "%s in [", set_fields[kind].name);
	for (unsigned i = 0; i < n; i++) {
		struct value first = set_value(kind, lo[i]), last = set_value(kind, hi[i]);

		buf_putc(out, ' ');
		row_put_value(out, &first, 128, 0);
		if (hi[i] == lo[i])
			continue;
		buf_putc(out, '-');
		row_put_value(out, &last, 128, 0);
	}
	buf_putc(out, ']');
}

static unsigned
wrong_in_set(enum set_kind kind, unsigned n, unsigned longest)
{
	enum { DOMAIN = 6000, RECORDS = 1500, MOST = 500 };
	unsigned lo[MOST], hi[MOST], wrong = 0;
	uint64_t sel[RECORDS / 64 + 1];
	struct batch *b = batch_new();
	unsigned col = (unsigned)batch_column(
	    b, &set_fields[kind].id, set_fields[kind].type, set_fields[kind].width, 0);
	struct buf text = { 0 };
	struct err err = { 0 };
	struct expr_state *s;
	struct expr *x;

	for (unsigned i = 0; i < n; i++) {
		lo[i] = below(DOMAIN);
		hi[i] = lo[i] + (kind == SET_V6 || below(2) ? 0 : below(longest));
	}
	put_set(&text, kind, lo, hi, n);
	x = expr_compile(buf_cstr(&text), 0, &err);
	if (x == NULL) {
		printf("# %s: %s\n", buf_cstr(&text), err.text);
		return RECORDS;
	}
	batch_extend(b, RECORDS);
	for (size_t rec = 0; rec < RECORDS; rec++) {
		struct value v = set_value(kind, (unsigned)(rec * 7 % DOMAIN));

		put(b, col, rec, &v);
	}
	batch_close(b);
	s = expr_state_new(x);
	(void)expr_select(s, b, sel);
	for (size_t rec = 0; rec < RECORDS; rec++) {
		unsigned number = (unsigned)(rec * 7 % DOMAIN);
		bool want = false;

		for (unsigned i = 0; i < n; i++)
			want |= number >= lo[i] && number <= hi[i];
		wrong += want != bits_get(sel, rec);
	}
	expr_state_free(s);
	expr_free(x);
	buf_free(&text);
	batch_free(b);
	return wrong;
}

static void
test_sets(void)
{
	static const unsigned longest[] = { 1, 3, 40, 1000 };

	for (unsigned kind = 0; kind < SET_KINDS; kind++) {
		unsigned wrong = 0;

		for (unsigned k = 0; k < 40; k++)
			wrong += wrong_in_set((enum set_kind)kind, 1 + below(499), POOL(longest));
		is_u64(wrong, 0, "sets of values and ranges of %s, %u octets wide",
		    set_fields[kind].name, set_fields[kind].width);
	}
}

int
main(void)
{
	struct tally t = { 0 };
	unsigned failed = 0;

	for (uint64_t i = 0; i < CASES && failed < 10; i++)
		failed += !run_case(i, &t);
	ok(failed == 0, "%u random conditions select what a plain evaluator selects",
	    (unsigned)CASES);
	ok(t.selected > t.records / 10 && t.selected < t.records / 10 * 9,
	    "conditions select some: %" PRIu64 " of %" PRIu64 " records", t.selected, t.records);
	ok(t.unpacked < t.columns / 4, "few columns are unpacked: %" PRIu64 " of %" PRIu64,
	    t.unpacked, t.columns);
	test_sets();
	arena_free(&nodes);
	return done_testing();
}
