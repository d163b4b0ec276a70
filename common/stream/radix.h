/*
 * radix.h - some thousand numbers into order: entries of a dictionary, addresses of a block.
 */
#ifndef STREAM_RADIX_H
#define STREAM_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct radix_item {
	uint64_t key;
	uint32_t entry; /* whose it is */
};

/* By key, equal keys as they stood; in either of the two, which have room for n each. */
struct radix_item *radix_sort(struct radix_item *, struct radix_item *spare, size_t n);

#endif
