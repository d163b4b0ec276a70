/*
 * cells.h - values of 1, 2, 4, 8 or 16 octets, one after the other: fetched by their numbers, made wider or narrower.
 *
 * What is copied from and to does not overlap.
 */
#ifndef FLOW_CELLS_H
#define FLOW_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* to[k] = from[idx[k]], of n cells of `width` octets. */
void cells_by_code(void *to, const void *from, unsigned width, const uint16_t *idx, size_t n);
void cells_by_index(void *to, const void *from, unsigned width, const uint32_t *idx, size_t n);

/*
 * The same (idx NULL: from[k]) of cells that need not be as wide in `to`: wider ones go on with the sign, if they are
 * of signed numbers, or with zeros; narrower ones have the lower octets.  Only cells of one width may have 16.
 */
void cells_convert(void *to, unsigned to_width, const void *from, unsigned width, bool is_signed,
    const uint32_t *idx, size_t n);

/* The least width that from[idx[k]] (idx NULL: from[k]) fit, as unsigned numbers of up to 8 octets. */
unsigned cells_needed(const void *from, unsigned width, const uint32_t *idx, size_t n);

#endif
