/*
 * keyed.h - some thousand numbers into order: entries of a dictionary, addresses of a block.
 */
#ifndef STREAM_KEYED_H
#define STREAM_KEYED_H

#include <stddef.h>
#include <stdint.h>

struct keyed {
	uint64_t key;
	uint32_t entry; /* whose it is */
};

/* By key, equal keys as they stood; in either of the two, which have room for n each. */
struct keyed *keyed_sort(struct keyed *, struct keyed *spare, size_t n);

#endif
