/*
 * csv_fast.c - rows without quotes, read column by column.
 *
 * Of rows whose cells have been found (csv_find.c) each column's cells are read by one loop that knows their type, with
 * neither a search nor a branch for a cell of the usual form.  Cells of another form are read by csv_cell_parse, so
 * that nothing is understood in two ways.
 */
#include "base/clones.h"
#include "base/digits.h"
#include "base/num.h"
#include "text/csv_rows.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Cells -------------------------------------------------------------------------------------- */

static struct csv_cells
cells_of(const struct csv_rows *r, unsigned k)
{
	struct csv_cells c = { .buf = r->in.buf, .end = r->end + k, .step = r->plan->n_col };

	c.begin = k > 0 ? c.end - 1 : r->start;
	c.begin_step = k > 0 ? c.step : 1;
	c.skip = k > 0;
	return c;
}

/* Which of 16 octets are dots. */
static inline unsigned
dots_16(const char *p)
{
#ifdef __SSE2__
	__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_set1_epi8('.')));
#else
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
	unsigned dots = 0;

	for (unsigned i = 0; i < 2; i++) {
		uint64_t x = load_8(p + 8 * i) ^ ones * '.';

		/* Octets that are zero, exactly; then their bits, gathered. */
		x = ~(((x & ~tops) + ~tops) | x) & tops;
		dots |= (unsigned)((x >> 7) * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
	}
	return dots;
#endif
}

/* An octet of n digits that end before `end`; 1 to 3 of them, and no zero in front. */
static inline bool
read_octet(const char *end, unsigned n, uint32_t *host)
{
	unsigned other = (4 - n) * 8 & 31;
	uint32_t x = (load_4(end - 4) ^ UINT32_C(0x30303030)) >> other << other;
	uint32_t v = (x >> 8 & 255) * 100 + (x >> 16 & 255) * 10 + (x >> 24);
	bool digits = (((x + UINT32_C(0x76767676)) | x) & UINT32_C(0x80808080)) == 0;

	*host = *host << 8 | (v & 255);
	return digits & (v < 256) & (n == 1 + (unsigned)(v > 9) + (unsigned)(v > 99));
}

/* A dotted quad of n octets. */
static __attribute__((noinline)) bool
read_ip4(const char *p, size_t n, uint32_t *host)
{
	unsigned dots[3], first, second, third;
	bool good;

	if (n - 7 > 15 - 7)
		return false;
	dots[0] = dots_16(p) & ((1U << n) - 1);
	dots[1] = dots[0] & (dots[0] - 1);
	dots[2] = dots[1] & (dots[1] - 1);
	if (dots[2] == 0 || (dots[2] & (dots[2] - 1)) != 0) /* fewer than three, more */
		return false;
	first = (unsigned)__builtin_ctz(dots[0]);
	second = (unsigned)__builtin_ctz(dots[1]);
	third = (unsigned)__builtin_ctz(dots[2]);
	*host = 0;
	good = read_octet(p + first, first, host);
	good &= read_octet(p + second, second - first - 1, host);
	good &= read_octet(p + third, third - second - 1, host);
	return good & read_octet(p + n, (unsigned)n - third - 1, host);
}

/* Texts of addresses are met again: in the same few flows, networks, routers. */
static inline size_t
known_place(uint64_t first, uint64_t last)
{
	uint64_t hash =
	    (first * UINT64_C(0x9e3779b97f4a7c15)) ^ (last * UINT64_C(0xc2b2ae3d27d4eb4f));

	return hash >> (64 - CSV_KNOWN_BITS);
}

/* A dotted quad, or false; n octets, of which the first 8 and the last 8 are all. */
static inline __attribute__((always_inline)) bool
find_ip4(struct csv_known *known, const char *p, size_t n, uint32_t *host)
{
	uint64_t first, last;
	struct csv_known *k;

	if (n - 7 > 15 - 7)
		return false;
	first = load_8(p);
	last = load_8(p + n - 8);
	k = &known[known_place(first, last)];
	if ((k->first == first) & (k->last == last) & (k->n == n)) {
		*host = k->host;
		return true;
	}
	if (!read_ip4(p, n, host))
		return false;
	*k = (struct csv_known){ first, last, (uint32_t)n, *host };
	return true;
}

static struct csv_known_text *
known_text(const struct csv_rows *r, const char *p, size_t n)
{
	return &r->known_texts[known_place(load_8(p), load_8(p + n - 8))];
}

static bool
find_text(const struct csv_rows *r, const char *p, size_t n, uint8_t *to)
{
	const struct csv_known_text *k;

	if (n < 8 || n > CSV_ADDRESS_MOST)
		return false;
	k = known_text(r, p, n);
	if (k->n != n || memcmp(k->text, p, n) != 0)
		return false;
	memcpy(to, k->addr.b, sizeof(k->addr.b));
	return true;
}

/* Remember an address that was read the general way. */
static void
keep_text(struct csv_rows *r, const char *p, size_t n, const struct addr *a)
{
	struct csv_known_text *k;

	if (n < 8 || n > CSV_ADDRESS_MOST)
		return;
	k = known_text(r, p, n);
	k->n = (uint8_t)n;
	memcpy(k->text, p, n);
	k->addr = *a;
}

CLONES_OF_BITS static uint64_t
read_addresses(const struct csv_rows *r, const struct csv_cells *c, const struct column *col,
    size_t first, unsigned n)
{
	struct csv_known *const known = r->known;
	const struct csv_cells cells = *c;
	uint32_t *to4 = (uint32_t *)col->data + first;
	uint8_t *to16 = (uint8_t *)col->data + first * 16;
	const bool wide = col->width == 16;
	uint64_t good = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t begin = csv_cell_begin(&cells, i), len = csv_cell_end(&cells, i) - begin,
			 host = 0;
		bool plain = find_ip4(known, cells.buf + begin, len, &host);

		if (!wide) {
			to4[i] = host;
		} else if (plain) {
			struct addr a = addr_v4(host);

			memcpy(to16 + i * 16, a.b, 16);
		} else {
			plain = find_text(r, cells.buf + begin, len, to16 + i * 16);
		}
		good |= (uint64_t)plain << i;
	}
	return good;
}

/* Remember the date of a time that was read the general way, if it is of the form above. */
static void
keep_date(struct csv_column *col, const char *p, size_t n, int64_t ns)
{
	const int64_t day_ns = 86400 * NS_PER_S;

	if (n < 20 || p[4] != '-' || p[7] != '-' || p[n - 1] != 'Z' ||
	    (p[10] != 'T' && p[10] != ' ') || p[13] != ':' || p[16] != ':' || ns < 0 ||
	    ns > INT64_MAX - day_ns)
		return;
	col->date[0] = load_8(p);
	col->date[1] = load_8(p + 3);
	col->day_ns = ns / day_ns * day_ns;
}

/* Columns ------------------------------------------------------------------------------------ */

/* A cell the general way.  NULL, or why it is wrong, or that its row must be read the general way. */
static const char *
read_general(
    struct csv_rows *r, const struct csv_cells *c, unsigned k, unsigned i, struct csv_value *v)
{
	struct csv_column *col = &r->col[k];
	struct csv_span span = { .p = c->buf + csv_cell_begin(c, i) };
	const char *wrong;

	span.n = (size_t)(c->buf + csv_cell_end(c, i) - span.p);
	if (r->in.delimiter != '\t')
		csv_span_trim(&span);
	if ((int)k == r->plan->port && csv_cell_type_code(&span, &v->u))
		return "depends on the protocol";
	wrong = csv_cell_parse(v, col->name, &span, r->in.delimiter, &r->octets, &col->scale);
	if (wrong == NULL && v->present && col->name->type == TYPE_TIME && col->name->unit_ns == 0)
		keep_date(col, span.p, span.n, v->i);
	if (wrong == NULL && v->present && col->name->type == TYPE_IP)
		keep_text(r, span.p, span.n, &v->ip);
	return wrong;
}

/* A cell of a column whose cells are written at once, by its own width. */
static void
store(struct batch *b, const struct csv_column *col, size_t rec, const struct csv_value *v)
{
	struct column *c = &b->col[col->at];

	if (c->type == TYPE_IP && c->width == 16)
		memcpy((uint8_t *)c->data + rec * 16, v->ip.b, 16);
	else if (c->type == TYPE_IP)
		((uint32_t *)c->data)[rec] = addr_u32(&v->ip);
	else
		memcpy((uint8_t *)c->data + rec * c->width, &v->u, c->width);
}

static bool
is_written_at_once(const struct csv_name *name)
{
	return name->type == TYPE_UINT || name->type == TYPE_IP || name->type == TYPE_TIME;
}

/* An IPv6 address in a column of narrow ones. */
static bool
is_too_wide(const struct batch *b, const struct csv_column *col, const struct csv_value *v)
{
	return b->col[col->at].type == TYPE_IP && b->col[col->at].width == 4 && !addr_is_v4(&v->ip);
}

/* Rows whose cell of this column is of the usual form. */
static uint64_t
read_usual(struct csv_rows *r, struct batch *b, unsigned k, unsigned n)
{
	struct csv_column *col = &r->col[k];
	struct column *to = &b->col[col->at];
	struct csv_cells cells = cells_of(r, k);

	switch (col->name->type) {
	case TYPE_UINT:
		return csv_read_numbers(
		    &r->digits, &cells, to->width, (char *)to->data + b->n * to->width, n);
	case TYPE_IP: return read_addresses(r, &cells, to, b->n, n);
	case TYPE_TIME:
		return csv_read_times(&r->digits, &cells, col, (int64_t *)to->data + b->n, n);
	default: return 0;
	}
}

/* The cells of column k of n rows; returns how many rows are right. */
static unsigned
read_column(struct csv_rows *r, struct batch *b, unsigned k, unsigned n)
{
	struct csv_column *col = &r->col[k];
	const struct csv_cells cells = cells_of(r, k);
	uint64_t rest;

	col->has = read_usual(r, b, k, n);
	for (rest = ~col->has & bits_tail(n); rest != 0; rest &= rest - 1) {
		unsigned i = (unsigned)__builtin_ctzll(rest);
		struct csv_value *v = &r->value[(size_t)i * r->plan->n_all + k];

		if (csv_cell_begin(&cells, i) == csv_cell_end(&cells, i))
			continue; /* missing, in every type */
		if (read_general(r, &cells, k, i, v) != NULL)
			return i;
		if (!v->present)
			continue;
		if (is_too_wide(b, col, v)) {
			(void)batch_column(b, &col->name->id, TYPE_IP, 16, 0);
			return read_column(r, b, k, n);
		}
		if (is_written_at_once(col->name))
			store(b, col, b->n + i, v);
		col->has |= UINT64_C(1) << i;
	}
	return n;
}

/* The tile is right: its rows count. */
static void
commit(struct csv_rows *r, struct batch *b, unsigned n)
{
	size_t first = batch_extend(b, n);

	for (unsigned k = 0; k < r->plan->n_col; k++) {
		struct csv_column *col = &r->col[k];
		unsigned at = (unsigned)col->at;
		uint64_t has = col->has & bits_tail(n);

		if (col->at < 0 || has == 0)
			continue;
		if (!is_written_at_once(col->name)) {
			for (; has != 0; has &= has - 1) {
				unsigned i = (unsigned)__builtin_ctzll(has);

				csv_put_value(b, col, first + i,
				    &r->value[(size_t)i * r->plan->n_all + k], r->octets.data);
			}
		} else if (has == bits_tail(n)) {
			batch_mark(b, at, first, n);
		} else {
			for (; has != 0; has &= has - 1)
				batch_mark(b, at, first + (unsigned)__builtin_ctzll(has), 1);
		}
		if (col->name->type == TYPE_TIME || col->name->type == TYPE_DURATION)
			batch_precision(b, at, col->scale);
	}
}

unsigned
csv_fast_read(struct csv_rows *r, struct batch *b, unsigned n)
{
	unsigned good = 0;

	batch_reserve(b, n);
	/* Of a tile with a wrong row those before it are read again, so that nothing of the others is left. */
	while (n > 0 && good < n) {
		r->octets.len = 0;
		good = n;
		for (unsigned k = 0; k < r->plan->n_col && good == n; k++) {
			r->col[k].scale = UINT8_MAX;
			if (r->plan->name[k].role == CSV_VALUE)
				good = read_column(r, b, k, n);
		}
		if (good < n) {
			n = good;
			good = 0;
		}
	}
	if (n > 0)
		commit(r, b, n);
	for (unsigned k = 0; k < r->plan->n_col; k++)
		r->col[k].scale = UINT8_MAX;
	r->octets.len = 0;
	r->in.pos = r->start[n]; /* of the first row where there is none */
	r->in.line += n;
	return n;
}
