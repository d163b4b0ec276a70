#include "wire/types.h"

#include <string.h>

#include "base/mem.h"

/* IANA "IPFIX Information Element Data Types" (RFC 7012 3.1, RFC 6313 11), by number. */
static const struct {
	uint8_t type, width, scale;
} data_types[] = {
	{ TYPE_BYTES, 0, 0 },
	{ TYPE_UINT, 1, 0 },
	{ TYPE_UINT, 2, 0 },
	{ TYPE_UINT, 4, 0 },
	{ TYPE_UINT, 8, 0 },
	{ TYPE_INT, 1, 0 },
	{ TYPE_INT, 2, 0 },
	{ TYPE_INT, 4, 0 },
	{ TYPE_INT, 8, 0 },
	{ TYPE_FLOAT32, 4, 0 },
	{ TYPE_FLOAT64, 8, 0 },
	{ TYPE_BOOL, 1, 0 },
	{ TYPE_MAC, 8, 0 },
	{ TYPE_STRING, 0, 0 },
	{ TYPE_TIME, 8, 9 },
	{ TYPE_TIME, 8, 6 },
	{ TYPE_TIME, 8, 3 },
	{ TYPE_TIME, 8, 0 },
	{ TYPE_IP, 4, 0 },
	{ TYPE_IP, 16, 0 },
};
enum { DATA_TYPES = sizeof(data_types) / sizeof(data_types[0]) };

/* Where (pen, id) is, or would be. */
static unsigned
position(const struct types *t, uint32_t pen, uint16_t id)
{
	uint64_t key = (uint64_t)pen << 16 | id;
	unsigned lo = 0, hi = t->n;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;

		if (((uint64_t)t->known[mid].pen << 16 | t->known[mid].id) < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct element *
types_find(const struct types *t, uint32_t pen, uint16_t id)
{
	unsigned i = position(t, pen, id);

	return i < t->n && t->known[i].pen == pen && t->known[i].id == id ? &t->known[i] : NULL;
}

bool
types_learn(
    struct types *t, const struct claim *claim, uint32_t pen, uint16_t id, unsigned data_type)
{
	struct element e = { .pen = pen, .id = id };
	unsigned i = position(t, pen, id);
	bool found = types_find(t, pen, id) != NULL;

	if (!types_open(pen, id) || data_type >= DATA_TYPES)
		return false;
	e.type = data_types[data_type].type;
	e.width = data_types[data_type].width;
	e.scale = data_types[data_type].scale;
	if (found && t->known[i].type == e.type && t->known[i].width == e.width &&
	    t->known[i].scale == e.scale)
		return false;
	if (!found) {
		if (t->n == TYPES_MAX)
			return false;
		if (t->n == t->cap) {
			unsigned cap = claim_more(claim, t->cap, 16, sizeof(*t->known));

			if (cap == t->cap)
				return false;
			t->cap = cap;
			t->known = mem_resize(t->known, t->cap, sizeof(*t->known));
		}
		memmove(&t->known[i + 1], &t->known[i], (t->n - i) * sizeof(*t->known));
		t->n++;
	}
	t->known[i] = e;
	t->version++;
	return true;
}

void
types_free(struct types *t, size_t *taken)
{
	*taken -= t->cap * sizeof(*t->known);
	mem_free(t->known);
	*t = (struct types){ 0 };
}

bool
types_open(uint32_t pen, uint16_t id)
{
	return pen != PEN_IANA && pen < PEN_OWN && element_find(pen, id) == NULL;
}

unsigned
types_number(enum type type, unsigned width, unsigned scale)
{
	for (unsigned i = 1; i < DATA_TYPES; i++) {
		if (data_types[i].type == type &&
		    (data_types[i].width == width || data_types[i].width == 0) &&
		    data_types[i].scale == scale)
			return i;
	}
	return 0;
}

bool
types_serve(unsigned told, unsigned data_type)
{
	if (told == data_type)
		return true;
	if (told >= DATA_TYPES || data_type >= DATA_TYPES ||
	    data_types[told].type != data_types[data_type].type)
		return false;
	return (data_types[told].type == TYPE_UINT || data_types[told].type == TYPE_INT) &&
	       data_types[told].width > data_types[data_type].width;
}
