#include "flow/cells.h"

#include <string.h>

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

#define CONVERT(TO, FROM) \
	do { \
		TO *t = to; \
		const FROM *f = from; \
		if (idx == NULL) \
			for (size_t k = 0; k < n; k++) \
				t[k] = (TO)f[k]; \
		else \
			for (size_t k = 0; k < n; k++) \
				t[k] = (TO)f[idx[k]]; \
	} while (0)
#define CONVERT_TO(TO, SIGN) \
	switch (width) { \
	case 1: CONVERT(TO, SIGN##8_t); break; \
	case 2: CONVERT(TO, SIGN##16_t); break; \
	case 4: CONVERT(TO, SIGN##32_t); break; \
	default: CONVERT(TO, SIGN##64_t); break; \
	}
#define CONVERT_ALL(SIGN) \
	switch (to_width) { \
	case 1: CONVERT_TO(SIGN##8_t, SIGN); break; \
	case 2: CONVERT_TO(SIGN##16_t, SIGN); break; \
	case 4: CONVERT_TO(SIGN##32_t, SIGN); break; \
	default: CONVERT_TO(SIGN##64_t, SIGN); break; \
	}

void
cells_convert(void *to, unsigned to_width, const void *from, unsigned width, bool is_signed,
    const uint32_t *idx, size_t n)
{
	if (n == 0) /* they may be NULL */
		return;
	if (to_width == width && idx == NULL)
		memcpy(to, from, n * width);
	else if (to_width == width)
		cells_by_index(to, from, width, idx, n);
	else if (is_signed)
		CONVERT_ALL(int)
	else
		CONVERT_ALL(uint)
}

#define ANY_BITS(T) \
	do { \
		const T *f = from; \
		if (idx == NULL) \
			for (size_t k = 0; k < n; k++) \
				any |= f[k]; \
		else \
			for (size_t k = 0; k < n; k++) \
				any |= f[idx[k]]; \
	} while (0)

unsigned
cells_needed(const void *from, unsigned width, const uint32_t *idx, size_t n)
{
	uint64_t any = 0;

	switch (width) {
	case 1: return 1;
	case 2: ANY_BITS(uint16_t); break;
	case 4: ANY_BITS(uint32_t); break;
	default: ANY_BITS(uint64_t); break;
	}
	return any < 1 << 8 ? 1 : any < 1 << 16 ? 2 : any <= UINT32_MAX ? 4 : 8;
}
