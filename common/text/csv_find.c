/*
 * csv_find.c - where the cells and rows of csv without quotes end, 64 octets at a time, as bits.
 */
#include "base/bits.h"
#include "base/clones.h"
#include "base/num.h"
#include "text/csv_rows.h"

#if defined(CLONES_WIDE)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { LINE_MAX_OCTETS = 1 << 20, WORD = 64 };

/* Lines that another thread read are in its cache, or in none: they are asked for so many octets ahead. */
enum { AHEAD = 2048 };

/* Words -------------------------------------------------------------------------------------- */

/* Which of 64 octets are c: bit i is octet i. */
typedef uint64_t equal_fn(const char *p, char c);

/* Where cells end that end at set bits of the word at that octet; up to 64 are written, whatever they are. */
typedef uint32_t *put_fn(uint32_t *to, uint32_t at, uint64_t bits);

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
	uint8_t equal[WORD];

	for (unsigned i = 0; i < WORD; i++)
		equal[i] = p[i] == c;
	return bits_pack(equal);
}
#endif

static inline uint32_t *
put_ends(uint32_t *to, uint32_t at, uint64_t bits)
{
	for (; bits != 0; bits &= bits - 1)
		*to++ = at + (uint32_t)__builtin_ctzll(bits);
	return to;
}

#ifdef CLONES_WIDE
/* Processors that gather chosen octets do a word at once. */
#define WIDE __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")))

WIDE static inline uint64_t
equal_64_wide(const char *p, char c)
{
	return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(p), _mm512_set1_epi8(c));
}

WIDE static inline void
put_16(uint32_t *to, uint32_t at, __m128i octets)
{
	_mm512_storeu_si512(
	    to, _mm512_add_epi32(_mm512_cvtepu8_epi32(octets), _mm512_set1_epi32((int)at)));
}

WIDE static inline uint32_t *
put_ends_wide(uint32_t *to, uint32_t at, uint64_t bits)
{
	static const uint8_t octet[WORD] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36,
		37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57,
		58, 59, 60, 61, 62, 63 };
	__m512i ends = _mm512_maskz_compress_epi8(bits, _mm512_loadu_si512(octet));
	unsigned n = (unsigned)__builtin_popcountll(bits);

	put_16(to, at, _mm512_castsi512_si128(ends));
	if (n > 16)
		put_16(to + 16, at, _mm512_extracti32x4_epi32(ends, 1));
	if (n > 32) {
		put_16(to + 32, at, _mm512_extracti32x4_epi32(ends, 2));
		put_16(to + 48, at, _mm512_extracti32x4_epi32(ends, 3));
	}
	return to + n;
}
#endif

/* Rows --------------------------------------------------------------------------------------- */

/* What is found. */
struct found {
	uint32_t cells;
	unsigned rows;
};

/* Lines end at these bits.  false: one that is no row of the usual form, or rows enough. */
static inline bool
take_rows(struct csv_rows *r, struct found *f, uint32_t at, uint64_t ends, unsigned most)
{
	const uint32_t columns = r->plan->n_col;

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

/* Both ways of finding, the functions of which are known where it is compiled. */
static inline __attribute__((always_inline)) unsigned
find_by(struct csv_rows *r, unsigned most, equal_fn *equal, put_fn *put)
{
	const char *buf = r->in.buf, delimiter = r->in.delimiter;
	struct found f = { 0 };

	r->start[0] = (uint32_t)r->in.pos;
	for (size_t at = r->in.pos; at < r->in.end; at += WORD) {
		uint64_t valid = r->in.end - at < WORD ? bits_tail(r->in.end - at) : ~UINT64_C(0);
		uint64_t ends = equal(buf + at, '\n'), cells = equal(buf + at, delimiter);
		uint64_t quotes = r->quotes ? equal(buf + at, '"') & valid : 0;

		__builtin_prefetch(buf + at + AHEAD);
		if (quotes != 0) /* libcsv's line, and nothing behind it is looked at */
			valid &= (quotes & -quotes) - 1;
		ends &= valid;
		cells = (cells & valid) | ends;
		f.cells = (uint32_t)(put(r->end + f.cells, (uint32_t)at, cells) - r->end);
		if (!take_rows(r, &f, (uint32_t)at, ends, most) || quotes != 0)
			break;
	}
	return f.rows;
}

CLONES_OF_BITS static unsigned
find_rows(struct csv_rows *r, unsigned most)
{
	return find_by(r, most, equal_64, put_ends);
}

#ifdef CLONES_WIDE
WIDE static unsigned
find_rows_wide(struct csv_rows *r, unsigned most)
{
	return find_by(r, most, equal_64_wide, put_ends_wide);
}
#endif

static unsigned
find(struct csv_rows *r, unsigned most)
{
#ifdef CLONES_WIDE
	if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
		return find_rows_wide(r, most);
#endif
	return find_rows(r, most);
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

unsigned
csv_find(struct csv_rows *r, unsigned most)
{
	unsigned rows = find(r, most);

	drop_returns(r, rows);
	return rows;
}
