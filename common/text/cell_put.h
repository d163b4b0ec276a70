/*
 * cell_put.h - what the files of a cell share: cell.c knows how a value is put, cell_made.c puts texts made once.
 */
#ifndef TEXT_CELL_PUT_H
#define TEXT_CELL_PUT_H

#include "text/cell.h"
#include "text/tile.h"

/* What stands behind every text: a copy, as text is written through pointers that could point at the cell. */
struct after {
	char c;
	unsigned n;
};

/* Behind the text of a record that ends at d. */
static inline void
put_after(struct after after, char *d, char **at)
{
	*d = after.c;
	*at = d + after.n;
}

/* Records in a row that all have a value: what most tiles are. */
static inline bool
is_dense(const uint64_t *present, const uint32_t *rec, unsigned n)
{
	return present == NULL && rec[n - 1] - rec[0] == n - 1;
}

/* What stands behind a text is all there is of records without a value. */
static inline void
words_missing(const struct cell *c, const uint32_t *rec, unsigned n, struct tile_words *t)
{
	for (unsigned i = 0; c->col.present != NULL && i < n; i++) {
		if (!bits_get(c->col.present, rec[i])) {
			t->word[i] = (uint8_t)c->after;
			t->len[i] = c->after_n;
		}
	}
}

/* cell_made.c: whether a dictionary's texts are worth making for n records. */
bool made_pays(const struct column *dict, size_t n);

/*
 * Make the texts of a bound cell and put them from here on: of its dictionary's entries; of its value, if it has but
 * one.
 */
void made_of_entries(struct cell *);
void made_of_constant(struct cell *);
void made_free(struct cell *);

#endif
