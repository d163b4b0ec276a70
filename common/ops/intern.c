#include "ops/intern.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { FIRST_INDEX = 256, FIRST_OCTETS = 4096 };

static void
grow_index(struct intern *in)
{
	size_t cap = in->index_cap ? in->index_cap * 2 : FIRST_INDEX;

	mem_free(in->index);
	in->index = mem_zero(cap, sizeof(*in->index));
	in->index_cap = cap;
	for (size_t i = 0; i < in->n; i++) {
		size_t at = in->entry[i].hash & (cap - 1);

		while (in->index[at] != 0)
			at = (at + 1) & (cap - 1);
		in->index[at] = (uint32_t)i + 1;
	}
	in->entry_cap = cap / 2;
	in->entry = mem_resize(in->entry, in->entry_cap, sizeof(*in->entry));
}

static uint32_t
append(struct intern *in, const void *p, size_t n, uint32_t hash)
{
	if (in->cap - in->len < n + 1) {
		in->cap = in->cap ? in->cap : FIRST_OCTETS;
		while (in->cap - in->len < n + 1)
			in->cap *= 2;
		in->octets = mem_resize(in->octets, in->cap, 1);
	}
	if (n > 0)
		memcpy(in->octets + in->len, p, n);
	in->entry[in->n] = (struct intern_entry){ in->len, (uint32_t)n, hash };
	in->len += n;
	return (uint32_t)in->n++;
}

uint32_t
intern_put(struct intern *in, const void *p, size_t n)
{
	uint32_t hash = (uint32_t)(hash_octets(hash_seed(), p, n) >> 32);
	size_t at;

	if (in->n >= in->index_cap / 2)
		grow_index(in);
	for (at = hash & (in->index_cap - 1); in->index[at] != 0;
	     at = (at + 1) & (in->index_cap - 1)) {
		const struct intern_entry *e = &in->entry[in->index[at] - 1];

		if (e->hash == hash && e->len == n &&
		    (n == 0 || memcmp(in->octets + e->off, p, n) == 0))
			return in->index[at] - 1;
	}
	in->index[at] = (uint32_t)in->n + 1;
	return append(in, p, n, hash);
}

const uint8_t *
intern_get(const struct intern *in, uint32_t number, size_t *n)
{
	*n = in->entry[number].len;
	return in->octets + in->entry[number].off;
}

size_t
intern_memory(const struct intern *in)
{
	return in->cap + in->entry_cap * sizeof(*in->entry) + in->index_cap * sizeof(*in->index);
}

void
intern_free(struct intern *in)
{
	mem_free(in->octets);
	mem_free(in->entry);
	mem_free(in->index);
	*in = (struct intern){ 0 };
}
