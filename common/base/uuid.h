/*
 * uuid.h - identifiers made of names, so that the same thing has the same one wherever and whenever it is made.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stddef.h>
#include <stdint.h>

struct uuid {
	uint8_t b[16];
};

enum { UUID_TEXT = 36 };

/* Version 5: of a name of n octets in a name space (RFC 9562 5.5). */
struct uuid uuid_of_name(const struct uuid *space, const void *name, size_t n);

/* UUID_TEXT octets and a NUL, lower case. */
void uuid_put(const struct uuid *, char text[UUID_TEXT + 1]);

/* SHA-1 of n octets (FIPS 180-4 6.1): what version 5 is made with, and good for nothing else any more. */
void uuid_sha1(const void *, size_t n, uint8_t digest[20]);

#endif
