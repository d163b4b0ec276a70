#include "base/utf8.h"

#include <stdint.h>

size_t
utf8_length(const char *text, size_t n, size_t *skip)
{
	const uint8_t *p = (const uint8_t *)text;
	uint8_t lo = 0x80, hi = 0xbf;
	size_t len;

	*skip = 1;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (p[0] == 0xe0)
		lo = 0xa0; /* shorter forms exist */
	else if (p[0] == 0xed)
		hi = 0x9f; /* surrogates */
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f; /* above U+10FFFF */
	for (size_t i = 1; i < len; i++) {
		if (i >= n || p[i] < lo || p[i] > hi) {
			*skip = i;
			return 0;
		}
		lo = 0x80;
		hi = 0xbf;
	}
	return len;
}

struct range {
	uint32_t first, last;
};

static bool
is_within(const struct range *r, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

#define IS_ONE_OF(ranges, c) is_within(ranges, sizeof(ranges) / sizeof(*(ranges)), c)

/* The character that a well-formed sequence is. */
static uint32_t
character(const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	uint32_t c = len == 1 ? p[0] : p[0] & 0x7fu >> len;

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

bool
utf8_is_shown(const char *text, size_t len)
{
	static const struct range hidden[] = { { 0, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad },
		{ 0x61c, 0x61c }, { 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },
		{ 0x2060, 0x206f }, { 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe007f } };

	return !IS_ONE_OF(hidden, character(text, len));
}

/* Whole blocks, so that the tables stay short. */
static size_t
columns_of(uint32_t c)
{
	static const struct range none[] = { { 0x300, 0x36f }, { 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f } };
	static const struct range two[] = { { 0x1100, 0x115f }, { 0x2e80, 0x303e },
		{ 0x3041, 0xa4cf }, { 0xa960, 0xa97f }, { 0xac00, 0xd7a3 }, { 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f }, { 0xff01, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x1f300, 0x1f64f },
		{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

	if (c < none[0].first)
		return 1;
	return IS_ONE_OF(none, c) ? 0 : IS_ONE_OF(two, c) ? 2 : 1;
}

size_t
utf8_columns(const char *p, size_t n)
{
	size_t columns = 0, skip, len;

	for (size_t i = 0; i < n; i += len) {
		if (p[i] >= ' ' && p[i] <= '~') {
			columns++;
			len = 1;
			continue;
		}
		len = utf8_length(p + i, n - i, &skip);
		if (len > 0 && utf8_is_shown(p + i, len)) {
			columns += columns_of(character(p + i, len));
			continue;
		}
		len = len > 0 ? len : skip;
		columns += 4 * len;
	}
	return columns;
}
