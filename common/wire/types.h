/*
 * types.h - enterprise elements whose types an exporter announced (RFC 5610).
 *
 * Believed for the exporter that said so, and only of enterprise elements that the element table does not
 * know: nobody changes what an element means for others.
 */
#ifndef WIRE_TYPES_H
#define WIRE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "flow/element.h"
#include "wire/claim.h"

enum { TYPES_MAX = 4096 };

struct types {
	struct element *known; /* by (pen, id), n of them; names are not kept */
	unsigned n, cap;
	/* Counts changes: templates compiled by an older one are compiled again. */
	unsigned version;
};

/*
 * data_type: a number of IANA's "IPFIX Information Element Data Types".  false: nothing new, or nothing to
 * be believed, or no memory.
 */
bool types_learn(
    struct types *, const struct claim *, uint32_t pen, uint16_t id, unsigned data_type);

/* NULL: not announced. */
const struct element *types_find(const struct types *, uint32_t pen, uint16_t id);
void types_free(struct types *, size_t *taken);

/* May the type of this element be announced?  Of enterprise elements that the table does not know. */
bool types_open(uint32_t pen, uint16_t id);

/*
 * The data type of values that go in so many octets, of times that count in 10^scale ns; 0 (octetArray): there is none.
 */
unsigned types_number(enum type, unsigned width, unsigned scale);

/* Are values of one data type read as what they are by who was told the other?  A wider integer will do. */
bool types_serve(unsigned told, unsigned data_type);

#endif
