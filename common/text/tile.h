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

/* Texts in the octets of a word, the first one the lowest; len does not count the character behind them. */
struct tile_words {
	uint64_t word[CELL_TILE];
	uint32_t len[CELL_TILE];
};

/* Numbers that it takes; all: or-ed. */
void tile_numbers(const uint32_t v[CELL_TILE], uint64_t all, char after, struct tile_words *);

/* hh:mm:ss and, of four octets, .mmm; times in ns of their day.  false: one is no whole millisecond. */
bool tile_clocks(
    const uint64_t in_day_ns[CELL_TILE], uint64_t clock[CELL_TILE], uint32_t fraction[CELL_TILE]);

#endif
