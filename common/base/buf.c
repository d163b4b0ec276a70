/*
 * buf.c - a growing buffer.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/mem.h"

enum { BUF_MIN = 256 };

void
buf_grow(struct buf *b, size_t extra)
{
	size_t need, cap = b->cap < BUF_MIN ? BUF_MIN : b->cap;

	if (__builtin_add_overflow(b->len, extra, &need))
		need = SIZE_MAX;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->data = mem_resize(b->data, cap, 1);
	b->cap = cap;
}

void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->len += n;
}

void
buf_puts(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf_room(b, 128), 128, fmt, ap);
	va_end(ap);
	if (n >= 128) {
		va_start(ap, fmt);
		vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	b->len += n > 0 ? (size_t)n : 0;
}

const char *
buf_cstr(struct buf *b)
{
	*buf_room(b, 1) = '\0';
	return b->data;
}

void
buf_free(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf){ 0 };
}
