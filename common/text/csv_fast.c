/*
 * csv_fast.c - rows without quotes, read column by column.
 *
 * Delimiters and line ends are found 64 octets at a time, as bits, and kept as where cells end; then each column's
 * cells are read by one loop that knows their type, with neither a search nor a branch for a cell of the usual form.
 * Cells of another form are read by csv_cell_parse, so that nothing is understood in two ways.
 */
#include "base/clones.h"
#include "base/digits.h"
#include "base/num.h"
#include "text/csv_rows.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { LINE_MAX_OCTETS = 1 << 20, WORD = 64 };

/* Finding ------------------------------------------------------------------------------------ */

/* Which of 64 octets are c: bit i is octet i. */
#ifdef __SSE2__
static inline uint64_t
equal_16(const char *p, __m128i want)
{
	__m128i octets = _mm_loadu_si128((const __m128i *)(const void *)p);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(octets, want));
}

static inline uint64_t
equal_64(const char *p, char c)
{
	const __m128i want = _mm_set1_epi8(c);

	return equal_16(p, want) | equal_16(p + 16, want) << 16 | equal_16(p + 32, want) << 32 |
	       equal_16(p + 48, want) << 48;
}
#else
static inline uint64_t
equal_64(const char *p, char c)
{
	uint64_t bits = 0;

	for (unsigned i = 0; i < 8; i++) {
		uint8_t equal[8];

		for (unsigned k = 0; k < 8; k++)
			equal[k] = p[8 * i + k] == c;
		bits |= (load_8(equal) * UINT64_C(0x0102040810204080) >> 56) << 8 * i;
	}
	return bits;
}
#endif

/* What find_rows has come to. */
struct found {
	uint32_t cells;
	unsigned rows;
};

/*
 * The cells that end at set bits, those of `ends` at a line's end too.  false: a line that is no row of the usual
 * form, or rows enough.
 */
static inline bool
take_word(
    struct csv_rows *r, struct found *f, uint32_t at, uint64_t bits, uint64_t ends, unsigned most)
{
	const uint32_t columns = r->plan->n_col;
	uint32_t *to = r->end + f->cells;

	for (; bits != 0; bits &= bits - 1)
		*to++ = at + (uint32_t)__builtin_ctzll(bits);
	f->cells = (uint32_t)(to - r->end);
	for (; ends != 0; ends &= ends - 1) {
		uint32_t line_end = at + (uint32_t)__builtin_ctzll(ends);
		uint32_t last = (f->rows + 1) * columns - 1;

		if (f->cells <= last || r->end[last] != line_end ||
		    line_end - r->start[f->rows] >= LINE_MAX_OCTETS)
			return false;
		r->start[++f->rows] = line_end + 1;
		if (f->rows == most)
			return false;
	}
	return f->cells <= (f->rows + 1) * columns;
}

/* A carriage return in front of the line's end belongs to it. */
static void
drop_returns(struct csv_rows *r, unsigned rows)
{
	const unsigned columns = r->plan->n_col;

	for (unsigned i = 0; i < rows; i++) {
		uint32_t *end = &r->end[(i + 1) * columns - 1];
		uint32_t begin = columns > 1 ? end[-1] + 1 : r->start[i];

		*end -= *end > begin && r->in.buf[*end - 1] == '\r';
	}
}

CLONES_OF_BITS static unsigned
find_rows(struct csv_rows *r, unsigned most)
{
	const char *buf = r->in.buf, delimiter = r->in.delimiter;
	struct found f = { 0 };

	r->start[0] = (uint32_t)r->in.pos;
	for (size_t at = r->in.pos; at < r->in.end; at += WORD) {
		uint64_t valid = r->in.end - at < WORD ? bits_tail(r->in.end - at) : ~UINT64_C(0);
		uint64_t ends = equal_64(buf + at, '\n'), bits = equal_64(buf + at, delimiter);
		uint64_t quotes = r->quotes ? equal_64(buf + at, '"') & valid : 0;

		if (quotes != 0) /* libcsv's line, and nothing behind it is looked at */
			valid &= (quotes & -quotes) - 1;
		ends &= valid;
		if (!take_word(r, &f, (uint32_t)at, (bits & valid) | ends, ends, most) ||
		    quotes != 0)
			break;
	}
	return f.rows;
}

unsigned
csv_fast_find(struct csv_rows *r, unsigned most)
{
	unsigned rows = find_rows(r, most);

	drop_returns(r, rows);
	return rows;
}

/* Cells -------------------------------------------------------------------------------------- */

/* The cells of one column: of row i, octets begin[i * step] + skip up to end[i * step]. */
struct cells {
	const char *buf;
	const uint32_t *begin, *end;
	uint32_t skip;
	size_t begin_step, step;
};

static struct cells
cells_of(const struct csv_rows *r, unsigned k)
{
	struct cells c = { .buf = r->in.buf, .end = r->end + k, .step = r->plan->n_col };

	c.begin = k > 0 ? c.end - 1 : r->start;
	c.begin_step = k > 0 ? c.step : 1;
	c.skip = k > 0;
	return c;
}

static inline uint32_t
cell_begin(const struct cells *c, unsigned i)
{
	return c->begin[i * c->begin_step] + c->skip;
}

static inline uint32_t
cell_end(const struct cells *c, unsigned i)
{
	return c->end[i * c->step];
}

/* 1 to 3 digits. */
static inline bool
read_three(const char *end, size_t n, uint64_t *v)
{
	unsigned other = (unsigned)(4 - n) * 8 & 31;
	uint32_t x = (load_4(end - 4) ^ UINT32_C(0x30303030)) >> other << other;

	*v = (x >> 8 & 255) * 100 + (x >> 16 & 255) * 10 + (x >> 24);
	return (n - 1 < 3) & ((((x + UINT32_C(0x76767676)) | x) & UINT32_C(0x80808080)) == 0);
}

/* 1 to 8 digits. */
static inline bool
read_eight(const char *end, size_t n, uint64_t *v)
{
	unsigned other = (unsigned)(8 - n) * 8 & 63;
	uint64_t x = (load_8(end - 8) ^ UINT64_C(0x3030303030303030)) >> other << other;

	*v = digits_value(x);
	return (n - 1 < 8) & are_digits(x);
}

/* 9 to 16 digits. */
static __attribute__((noinline)) bool
read_long(const char *end, size_t n, uint64_t *v)
{
	uint32_t low, high;

	if (n - 9 >= 8 || !read_small(end, 8, &low) || !read_small(end - 8, n - 8, &high))
		return false;
	*v = (uint64_t)high * DIGITS_8 + low;
	return true;
}

static inline bool
read_any(const char *end, size_t n, uint64_t *v)
{
	return n > 8 ? read_long(end, n, v) : read_eight(end, n, v);
}

/*
 * One loop for each width: numbers of n rows.  Returns which of the cells are plain numbers that fit; nothing is said
 * of the others.
 */
#define READ_NUMBERS(T, READ) \
	CLONES_OF_BITS static uint64_t read_##T(const struct cells *c, T *to, unsigned n) \
	{ \
		const struct cells cells = *c; \
		const uint32_t *begins = cells.begin, *ends = cells.end; \
		uint64_t good = 0; \
\
		for (unsigned i = 0; i < n; i++) { \
			uint64_t v = 0; \
			bool plain = READ(cells.buf + *ends, *ends - *begins - cells.skip, &v); \
\
			to[i] = (T)v; \
			good |= (uint64_t)(plain & (v == (T)v)) << i; \
			begins += cells.begin_step; \
			ends += cells.step; \
		} \
		return good; \
	}

READ_NUMBERS(uint8_t, read_three)
READ_NUMBERS(uint16_t, read_eight)
READ_NUMBERS(uint32_t, read_any)
READ_NUMBERS(uint64_t, read_any)

static uint64_t
read_numbers(const struct cells *c, unsigned width, void *to, size_t first, unsigned n)
{
	switch (width) {
	case 1: return read_uint8_t(c, (uint8_t *)to + first, n);
	case 2: return read_uint16_t(c, (uint16_t *)to + first, n);
	case 4: return read_uint32_t(c, (uint32_t *)to + first, n);
	default: return read_uint64_t(c, (uint64_t *)to + first, n);
	}
}

/* Which of 16 octets are dots. */
static inline unsigned
dots_16(const char *p)
{
#ifdef __SSE2__
	return (unsigned)equal_16(p, _mm_set1_epi8('.'));
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
read_addresses(const struct csv_rows *r, const struct cells *c, const struct column *col,
    size_t first, unsigned n)
{
	struct csv_known *const known = r->known;
	const struct cells cells = *c;
	uint32_t *to4 = (uint32_t *)col->data + first;
	uint8_t *to16 = (uint8_t *)col->data + first * 16;
	const bool wide = col->width == 16;
	uint64_t good = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t begin = cell_begin(&cells, i), len = cell_end(&cells, i) - begin, host = 0;
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

/* hh:mm:ss, in seconds. */
static inline bool
read_clock(uint64_t x, uint32_t *s)
{
	bool good;

	x ^= UINT64_C(0x30303a30303a3030);
	good = are_digits(x) & ((x & UINT64_C(0x0000ff0000ff0000)) == 0);
	x = (x * 10 + (x >> 8)) & UINT64_C(0x00ff0000ff0000ff);
	*s = (uint32_t)(x & 255) * 3600 + (uint32_t)(x >> 24 & 255) * 60 + (uint32_t)(x >> 48);
	/* Hours from 24, minutes and seconds from 60 reach the top of their octets. */
	return good & (((x + UINT64_C(0x0044000044000068)) & UINT64_C(0x0080000080000080)) == 0);
}

/* 1 to 8 decimals that end before `end`, in ns. */
static inline bool
read_decimals(const char *end, size_t n, uint32_t *ns)
{
	static const uint32_t unit[] = { 0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100,
		10 };
	uint64_t v = 0;
	bool good = n == 3 ? read_three(end, n, &v) : read_eight(end, n, &v);

	*ns = (uint32_t)v * unit[n];
	return good;
}

/* A time of the known date, by all but its date: the octets behind it, which these two words cover. */
struct same_time {
	uint64_t clock, tail;
	size_t n;
	int64_t ns;
};

/*
 * 2026-11-23T21:45:49[.123]Z of a date that is known.  Records that came in one message were received at one time, so
 * the last one is often met again.
 */
static inline bool
read_time(
    const struct csv_column *col, struct same_time *last, const char *p, size_t n, int64_t *ns)
{
	uint32_t s, fraction = 0;
	uint64_t clock, tail;

	if (n - 20 > 9 || n == 21 || load_8(p) != col->date[0] || load_8(p + 3) != col->date[1])
		return false;
	clock = load_8(p + 11);
	tail = load_8(p + n - 8);
	if (clock == last->clock && tail == last->tail && n == last->n) {
		*ns = last->ns;
		return true;
	}
	if (p[n - 1] != 'Z' || !read_clock(clock, &s))
		return false;
	if (n > 20 && (p[19] != '.' || !read_decimals(p + n - 1, n - 21, &fraction)))
		return false;
	*ns = col->day_ns + (int64_t)s * NS_PER_S + fraction;
	if (n <= 27)
		*last = (struct same_time){ clock, tail, n, *ns };
	return true;
}

/* Remember the date of a time that was read the general way, if it is of the form above. */
static void
keep_date(struct csv_column *col, const char *p, size_t n, int64_t ns)
{
	const int64_t day_ns = 86400 * NS_PER_S;
	uint32_t s;

	if (n < 20 || p[4] != '-' || p[7] != '-' || p[n - 1] != 'Z' ||
	    (p[10] != 'T' && p[10] != ' ') || !read_clock(load_8(p + 11), &s) || ns < 0 ||
	    ns > INT64_MAX - day_ns)
		return;
	col->date[0] = load_8(p);
	col->date[1] = load_8(p + 3);
	col->day_ns = ns / day_ns * day_ns;
}

/* The precision that so many decimals are. */
static unsigned
scale_of(size_t digits)
{
	return digits == 0 ? 9 : digits <= 3 ? 6 : digits <= 6 ? 3 : 0;
}

CLONES_OF_BITS static uint64_t
read_times(const struct cells *c, struct csv_column *col, int64_t *to, unsigned n)
{
	const struct cells cells = *c;
	const struct csv_column known = *col;
	struct same_time last = { 0 };
	size_t most = 20;
	uint64_t good = 0;

	for (unsigned i = 0; i < n; i++) {
		uint32_t begin = cell_begin(&cells, i), len = cell_end(&cells, i) - begin;

		if (!read_time(&known, &last, cells.buf + begin, len, &to[i]))
			continue;
		most = len > most ? len : most;
		good |= UINT64_C(1) << i;
	}
	if (good != 0 && scale_of(most > 20 ? most - 21 : 0) < col->scale)
		col->scale = scale_of(most > 20 ? most - 21 : 0);
	return good;
}

/* Columns ------------------------------------------------------------------------------------ */

/* A cell the general way.  NULL, or why it is wrong. */
static const char *
read_general(struct csv_rows *r, const struct cells *c, unsigned k, unsigned i, struct csv_value *v)
{
	struct csv_column *col = &r->col[k];
	struct csv_span span = { .p = c->buf + cell_begin(c, i) };
	const char *wrong;

	span.n = (size_t)(c->buf + cell_end(c, i) - span.p);
	if (r->in.delimiter != '\t')
		csv_span_trim(&span);
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
	struct cells cells = cells_of(r, k);

	switch (col->name->type) {
	case TYPE_UINT: return read_numbers(&cells, to->width, to->data, b->n, n);
	case TYPE_IP: return read_addresses(r, &cells, to, b->n, n);
	case TYPE_TIME: return read_times(&cells, col, (int64_t *)to->data + b->n, n);
	default: return 0;
	}
}

/* The cells of column k of n rows; returns how many rows are right. */
static unsigned
read_column(struct csv_rows *r, struct batch *b, unsigned k, unsigned n)
{
	struct csv_column *col = &r->col[k];
	const struct cells cells = cells_of(r, k);
	uint64_t rest;

	col->has = read_usual(r, b, k, n);
	for (rest = ~col->has & bits_tail(n); rest != 0; rest &= rest - 1) {
		unsigned i = (unsigned)__builtin_ctzll(rest);
		struct csv_value *v = &r->value[(size_t)i * r->plan->n_all + k];

		if (cell_begin(&cells, i) == cell_end(&cells, i))
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
