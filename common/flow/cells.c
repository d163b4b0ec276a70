#include "flow/cells.h"

struct cell16 {
	uint64_t w[2];
};

#define FETCH(T) \
	do { \
		T *t = to; \
		const T *f = from; \
		for (size_t k = 0; k < n; k++) \
			t[k] = f[idx[k]]; \
	} while (0)
#define FETCH_ALL \
	switch (width) { \
	case 1: FETCH(uint8_t); break; \
	case 2: FETCH(uint16_t); break; \
	case 4: FETCH(uint32_t); break; \
	case 8: FETCH(uint64_t); break; \
	default: FETCH(struct cell16); break; \
	}

void
cells_by_code(void *to, const void *from, unsigned width, const uint16_t *idx, size_t n)
{
	FETCH_ALL
}

void
cells_by_index(void *to, const void *from, unsigned width, const uint32_t *idx, size_t n)
{
	FETCH_ALL
}
