/*
 * cells.h - values of 1, 2, 4, 8 or 16 octets, one after the other, fetched by their numbers.
 */
#ifndef FLOW_CELLS_H
#define FLOW_CELLS_H

#include <stddef.h>
#include <stdint.h>

/* to[k] = from[idx[k]], of n cells of `width` octets; they do not overlap. */
void cells_by_code(void *to, const void *from, unsigned width, const uint16_t *idx, size_t n);
void cells_by_index(void *to, const void *from, unsigned width, const uint32_t *idx, size_t n);

#endif
