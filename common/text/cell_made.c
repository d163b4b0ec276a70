/*
 * cell_made.c - texts of a column made once: of its one value, of the entries of its dictionary.
 */
#include "base/digits.h"
#include "text/cell_put.h"

enum { TEXT_WORD = 8, TEXT_SHORT = 16, TEXT_MOST = CELL_STRIDE };

/*
 * When a dictionary's texts are worth making: when each is used several times, and where numbers are concerned,
 * when they stay in the nearest cache: fetched from afar, a text takes longer than formatting a number anew.
 */
enum { DICT_MIN_SHARE = 4, DICT_NEAR = 512 };

bool
made_pays(const struct column *c, size_t n)
{
	if (c->dict_n == 0 || c->dict_n > n / DICT_MIN_SHARE + 1)
		return false;
	return (c->type != TYPE_UINT && c->type != TYPE_INT) || c->dict_n <= DICT_NEAR;
}

/* The texts of so many values of the column, `stride` octets each. */
static void
make_texts(struct cell *c, uint32_t values, size_t stride)
{
	char *at[CELL_TILE];
	uint32_t rec[CELL_TILE];

	c->stride = stride;
	c->text = mem_alloc(values * stride + TEXT_MOST);
	c->text_len = mem_alloc(values);
	for (uint32_t base = 0; base < values; base += CELL_TILE) {
		unsigned n = values - base < CELL_TILE ? values - base : CELL_TILE;

		for (unsigned i = 0; i < n; i++) {
			rec[i] = base + i;
			at[i] = c->text + (size_t)(base + i) * stride;
		}
		/* In order: what is written behind a text is overwritten by the next one. */
		c->put(c, rec, n, at);
		for (unsigned i = 0; i < n; i++)
			c->text_len[base + i] =
			    (uint8_t)(at[i] - (c->text + (size_t)(base + i) * stride));
	}
}

/* Whether all texts are words: then there is nothing but 0 behind them. */
static bool
are_words(struct cell *c, uint32_t values)
{
	c->longest = 0;
	for (uint32_t i = 0; i < values; i++)
		c->longest = c->text_len[i] > c->longest ? c->text_len[i] : c->longest;
	for (uint32_t i = 0; c->longest <= TEXT_WORD && i < values; i++)
		memset(c->text + i * c->stride + c->text_len[i], 0, TEXT_WORD);
	return c->longest <= TEXT_WORD;
}

/* A column of one value ------------------------------------------------------------------------- */

static bool
is_constant(const struct column *col)
{
	return (col->flags & (COLUMN_ZONE | COLUMN_TRUNCATED)) == COLUMN_ZONE &&
	       col->min == col->max && col->present == NULL && col->width > 0 &&
	       !type_is_float(col->type);
}

static void
put_constant(struct cell *c, const uint32_t *rec, unsigned n, char *at[])
{
	const char *text = c->text;
	const size_t len = c->text_len[0];

	(void)rec;
	for (unsigned i = 0; i < n; i++) {
		memcpy(at[i], text, TEXT_SHORT);
		if (len > TEXT_SHORT)
			memcpy(at[i] + TEXT_SHORT, text + TEXT_SHORT, TEXT_MOST - TEXT_SHORT);
		at[i] += len;
	}
}

static bool
words_constant(const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t)
{
	(void)rec;
	(void)n;
	tile_repeat(t, load_8(c->text), c->text_len[0]);
	return true;
}

void
made_of_constant(struct cell *c)
{
	if (!is_constant(&c->col))
		return;
	make_texts(c, 1, TEXT_MOST);
	c->put = put_constant;
	c->words = are_words(c, 1) ? words_constant : NULL;
	c->step = 0;
}

/* A dictionary ---------------------------------------------------------------------------------- */

#define PUT_ENTRIES(name, STRIDE) \
	static void name(struct cell *c, const uint32_t *rec, unsigned n, char *at[]) \
	{ \
		const uint16_t *codes = c->col.codes; \
		const uint64_t *present = c->col.present; \
		const struct after after = { c->after, c->after_n }; \
		const char *texts = c->text; \
		const uint8_t *lens = c->text_len; \
\
		codes += rec[0]; \
		if (is_dense(present, rec, n)) { \
			for (unsigned i = 0; i < n; i++) { \
				size_t code = codes[i]; \
				char *d = at[i]; \
\
				memcpy(d, texts + code * (STRIDE), STRIDE); \
				at[i] = d + lens[code]; \
			} \
			return; \
		} \
		for (unsigned i = 0; i < n; i++) { \
			size_t code = codes[rec[i] - rec[0]]; \
\
			memcpy(at[i], texts + code * (STRIDE), STRIDE); \
			if (bits_has(present, rec[i])) \
				at[i] += lens[code]; \
			else \
				put_after(after, at[i], &at[i]); \
		} \
	}

PUT_ENTRIES(put_short, TEXT_SHORT)
PUT_ENTRIES(put_long, TEXT_MOST)

/* Texts of a dictionary's entries; behind the last record there is the first one. */
static bool
words_entries(const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t)
{
	for (unsigned i = 0; i < CELL_TILE; i++) {
		size_t code = c->col.codes[rec[i < n ? i : 0]];

		t->word[i] = load_8(c->text + code * c->stride);
		t->len[i] = c->text_len[code];
	}
	t->most = c->longest;
	words_missing(c, rec, n, t);
	return true;
}

void
made_of_entries(struct cell *c)
{
	struct column col = c->col;
	bool is_short = c->most <= TEXT_SHORT;

	c->col.data = col.dict_data;
	c->col.present = NULL;
	make_texts(c, col.dict_n, is_short ? TEXT_SHORT : TEXT_MOST);
	c->col = col;
	c->put = is_short ? put_short : put_long;
	c->words = are_words(c, col.dict_n) ? words_entries : NULL;
	c->values = col.codes;
	c->step = sizeof(*col.codes);
}

void
made_free(struct cell *c)
{
	mem_free(c->text);
	mem_free(c->text_len);
	c->text = NULL;
	c->text_len = NULL;
}
