/*
 * mem.c - allocation that does not fail, huge tables, arenas.
 */
#include "base/mem.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/die.h"

static _Noreturn void
out_of_memory(void)
{
	die(EXIT_FAILED, NULL, "out of memory");
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_zero(size_t count, size_t size)
{
	void *p = count && size ? calloc(count, size) : calloc(1, 1);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_resize(void *old, size_t count, size_t size)
{
	size_t n;
	void *p;

	if (__builtin_mul_overflow(count, size, &n))
		out_of_memory();
	p = realloc(old, n ? n : 1);
	if (p == NULL)
		out_of_memory();
	return p;
}

void
mem_keep(size_t n)
{
#ifdef __GLIBC__
	/* To say the one ends the C library's guessing of both: pieces that are kept must not be mapped one by one. */
	(void)mallopt(M_TRIM_THRESHOLD, (int)n);
	(void)mallopt(M_MMAP_THRESHOLD, (int)n / 2);
#else
	(void)n;
#endif
}

char *
mem_string(const char *s)
{
	return mem_string_n(s, strlen(s));
}

char *
mem_string_n(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *p = mem_alloc(len + 1);

	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

void
mem_free(void *p)
{
	free(p);
}

enum { HUGE_PAGE = 2 << 20, PAGE = 4096 };

/* What is mapped for a table of n octets: whole huge pages, unless less than one is asked for. */
static size_t
table_size(size_t n)
{
	size_t unit = n < HUGE_PAGE ? PAGE : HUGE_PAGE;

	if (n == 0)
		n = 1;
	if (n > SIZE_MAX / 2)
		out_of_memory();
	return (n + unit - 1) / unit * unit;
}

static char *
map(size_t size, int flags)
{
	char *p =
	    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	if (p == MAP_FAILED)
		out_of_memory();
	return p;
}

/* The kernel aligns mappings to small pages: map one huge page more and give back both ends. */
static void *
new_table(size_t n, int flags)
{
	size_t size = table_size(n), head;
	char *p;

	if (size < HUGE_PAGE)
		return map(size, flags);
	p = map(size + HUGE_PAGE, 0);
	head = (HUGE_PAGE - (uintptr_t)p % HUGE_PAGE) % HUGE_PAGE;
	if (head > 0)
		munmap(p, head);
	if (HUGE_PAGE - head > 0)
		munmap(p + head + size, HUGE_PAGE - head);
	p += head;
	(void)madvise(p, size, MADV_HUGEPAGE);
	return p;
}

void *
mem_table(size_t n)
{
	return new_table(n, 0);
}

void *
mem_table_there(size_t n)
{
	return new_table(n, MAP_POPULATE);
}

void
mem_free_table(void *p, size_t n)
{
	if (p)
		munmap(p, table_size(n));
}

void *
mem_grow_table(void *p, size_t n, size_t more)
{
	size_t size = table_size(n);
	void *to = mem_table_there(more);

	/* Both are aligned to huge pages, which are moved whole. */
	if (size >= HUGE_PAGE &&
	    mremap(p, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED)
		return to;
	memcpy(to, p, n);
	mem_free_table(p, n);
	return to;
}

/* Of arenas' chunks: the first, the second, further ones, which are large pages. */
enum {
	CHUNK_SMALL = 64 << 10,
	CHUNK_MIDDLE = 1 << 20,
	CHUNK_LARGE = (8 << 20) - ARENA_ALIGN,
	SLACK = 64,
};

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of data */
	alignas(ARENA_ALIGN) char data[];
};

static struct arena_chunk *
chunk_new(size_t size)
{
	struct arena_chunk *c = size < HUGE_PAGE ? aligned_alloc(ARENA_ALIGN, sizeof(*c) + size)
						 : mem_table(sizeof(*c) + size);

	if (c == NULL)
		out_of_memory();
	c->next = NULL;
	c->size = size;
	return c;
}

static void
chunk_free(struct arena_chunk *c)
{
	if (c->size < HUGE_PAGE)
		free(c);
	else
		mem_free_table(c, sizeof(*c) + c->size);
}

/* Who needs more than a little gets much more, of which what is never used is never there. */
static size_t
chunk_size(const struct arena_chunk *before, size_t need)
{
	if (before == NULL && need <= CHUNK_SMALL)
		return CHUNK_SMALL;
	if ((before == NULL || before->size < CHUNK_MIDDLE) && need <= CHUNK_MIDDLE)
		return CHUNK_MIDDLE;
	return need < CHUNK_LARGE ? CHUNK_LARGE : need;
}

/*
 * Make `current` a chunk with room for need octets.  A kept chunk that is too small stays behind the new one, for
 * later.
 */
static void
arena_more(struct arena *a, size_t need)
{
	struct arena_chunk *next = a->current ? a->current->next : a->first;

	if (next == NULL || next->size < need) {
		struct arena_chunk *c = chunk_new(chunk_size(a->current, need));

		c->next = next;
		if (a->current)
			a->current->next = c;
		else
			a->first = c;
		next = c;
	}
	a->current = next;
	a->used = 0;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need;
	char *p;

	if (n > SIZE_MAX / 2)
		out_of_memory();
	need = (n + SLACK + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (a->current == NULL || a->current->size - a->used < need)
		arena_more(a, need);
	p = a->current->data + a->used;
	a->used += need;
	return p;
}

void *
arena_zero(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n), 0, n);
}

char *
arena_string(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	if (n > 0)
		memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void
arena_reset(struct arena *a)
{
	a->current = NULL;
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	while (a->first) {
		struct arena_chunk *next = a->first->next;

		chunk_free(a->first);
		a->first = next;
	}
	*a = (struct arena){ 0 };
}
