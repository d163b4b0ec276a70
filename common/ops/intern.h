/*
 * intern.h - octet strings as small numbers: equal strings have equal numbers within one table.
 *
 * Keys and members of variable length are interned, so that everything a hash table compares has a
 * fixed width.  A number means nothing in another table.
 */
#ifndef OPS_INTERN_H
#define OPS_INTERN_H

#include <stddef.h>
#include <stdint.h>

struct intern_entry {
	size_t off;
	uint32_t len, hash;
};

struct intern {
	uint8_t *octets;
	size_t len, cap;
	struct intern_entry *entry;
	uint32_t *index; /* number + 1, open addressing; 0 empty */
	size_t n, entry_cap, index_cap;
};

/* The number of a string, copied when it is new. */
uint32_t intern_put(struct intern *, const void *, size_t n);

/* The string of a number; valid until the next put. */
const uint8_t *intern_get(const struct intern *, uint32_t number, size_t *n);

size_t intern_memory(const struct intern *);
void intern_free(struct intern *); /* and make it empty again */

#endif
