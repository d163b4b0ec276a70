/*
 * mem.h - memory that is there or ends the program, and arenas.
 *
 * The one surprising rule: an allocation never returns NULL; out of memory prints a line and exits 3.
 * Sizes that an input chose are bounded before they come here.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* Columns are stored as they are in memory, and sums are of more than 64 bits. */
#if defined(__GNUC__) && (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !defined(__SIZEOF_INT128__))
#error "flowkit is made for little-endian machines of 64 bits, such as x86-64 and arm64"
#endif

void *mem_alloc(size_t n); /* uninitialised */
void *mem_zero(size_t count, size_t size); /* zeroed */
void *mem_resize(void *, size_t count, size_t size); /* realloc of count * size */
char *mem_string(const char *); /* strdup */
char *mem_string_n(const char *, size_t n); /* strndup; NUL-terminated */
void mem_free(void *); /* takes NULL */

/* Of what is freed so many octets are kept for who asks next, rather than given back to the system each time. */
void mem_keep(size_t n);

/* A zeroed table; from 2 MiB on aligned to that and advised to huge pages; free with mem_free_table. */
void *mem_table(size_t n);

/*
 * The same, whose small pages are there at once: for what is read all over before it is written.  A page that is read
 * first is had twice: a shared one of zeros, and then, interrupting all processors, its own.
 */
void *mem_table_there(size_t n);
void mem_free_table(void *, size_t n);

/* A table of n octets as one of `more`: what it held, then zeros.  Large ones move without being copied. */
void *mem_grow_table(void *, size_t n, size_t more);

/*
 * An arena hands out memory that is freed as a whole.  After arena_reset the chunks are kept and
 * used again, so per-block work settles to no allocations.
 */
struct arena {
	struct arena_chunk *first, *current;
	size_t used; /* of the current chunk */
};
enum { ARENA_ALIGN = 64 };

/* 64-aligned, uninitialised; 64 octets of slack behind. */
void *arena_alloc(struct arena *, size_t n);
void *arena_zero(struct arena *, size_t n);
char *arena_string(struct arena *, const char *, size_t n);
void arena_reset(struct arena *); /* everything handed out is void; memory kept */
void arena_free(struct arena *);

#endif
