/*
 * buf.h - a growing buffer of octets or text.  Zero-initialise to start; buf_free to end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *data;
	size_t len, cap;
};

void buf_grow(struct buf *, size_t extra); /* the slow path of buf_room */
void buf_put(struct buf *, const void *, size_t n);
void buf_puts(struct buf *, const char *);
void buf_printf(struct buf *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *buf_cstr(struct buf *); /* NUL-terminates behind len; valid until the next change */
void buf_free(struct buf *); /* and make it empty again */

/* Room for n more octets: the place to write them; add what was written to len. */
static inline char *
buf_room(struct buf *b, size_t n)
{
	if (b->cap - b->len < n)
		buf_grow(b, n);
	return b->data + b->len;
}

static inline void
buf_putc(struct buf *b, char c)
{
	*buf_room(b, 1) = c;
	b->len++;
}

#endif
