/*
 * tile.h - the texts of a tile's numbers and times, worked out side by side: no branch, wide units.
 */
#ifndef TEXT_TILE_H
#define TEXT_TILE_H

#include <stdbool.h>

#include "text/cell.h"

/* Whether these numbers, or-ed, have seven digits at the most: there is room for a character behind them. */
static inline bool
tile_takes(uint64_t all)
{
	return all < 1 << 23;
}

enum { TILE_RUN = 4 };

/* A text for each record, in the octets of a word: the first one is the lowest, 0 is behind the last one. */
struct tile_words {
	uint64_t word[CELL_TILE];
	uint32_t len[CELL_TILE];
	unsigned most; /* none is longer */
};

/* Numbers that it takes, all: or-ed; behind each of them after_n (0 or 1) of `after`. */
void tile_numbers(
    const uint32_t v[CELL_TILE], uint64_t all, char after, unsigned after_n, struct tile_words *);

/* The same text for all. */
void tile_repeat(struct tile_words *, uint64_t word, uint32_t len);

/* The texts of b behind those of a, in the same words.  false: they may be too long, a is as it was. */
bool tile_join(struct tile_words *a, const struct tile_words *b);

/*
 * The texts of `words` columns, TILE_RUN at the most, of n records behind one another to at[i], which moves behind
 * them.  Eight octets are written for each, whatever its length is.
 */
void tile_place(const struct tile_words *, unsigned words, unsigned n, char *at[]);

/* hh:mm:ss and, of four octets, .mmm; times in ns of their day.  false: one is no whole millisecond. */
bool tile_clocks(
    const uint64_t in_day_ns[CELL_TILE], uint64_t clock[CELL_TILE], uint32_t fraction[CELL_TILE]);

#endif
