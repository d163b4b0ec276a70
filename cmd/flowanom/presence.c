#include "presence.h"

enum { WEEK_MINUTES = 7 * 24 * 60 };

static uint32_t
longest_of(const struct presence *p)
{
	uint32_t longest = p->longest[0] > p->longest[1] ? p->longest[0] : p->longest[1];

	return longest > 1 ? longest : 1;
}

static bool
is_strange(const struct presence *p, uint32_t from, uint32_t minutes)
{
	return minutes >= SILENCE_LEAST && minutes >= SILENCE_TIMES * longest_of(p) &&
	       from - p->first >= SILENCE_KNOWN &&
	       p->active + (unsigned)__builtin_popcountll(p->bits) >= SILENCE_ACTIVE;
}

static void
learn(struct presence *p, uint32_t minute, uint32_t minutes)
{
	uint32_t week = minute / WEEK_MINUTES;

	if (week != p->week) {
		p->longest[week % 2] = 0;
		if (week != p->week + 1)
			p->longest[p->week % 2] = 0;
		p->week = week;
	}
	if (minutes > p->longest[week % 2])
		p->longest[week % 2] = minutes;
}

/* The oldest of the bits leaves: is a silence over with it? */
static bool
leave(struct presence *p, bool seen, uint32_t minute, struct silence *s)
{
	uint32_t from = minute - p->quiet - 1, minutes = p->quiet;
	bool strange;

	if (!seen) {
		p->quiet += p->active > 0;
		return false;
	}
	p->quiet = 0;
	p->active++;
	if (minutes == 0)
		return false;
	if (minutes >= SILENCE_LEAST) {
		p->gap_from = from;
		p->gap_to = minute;
	}
	strange = is_strange(p, from, minutes);
	*s = (struct silence){ from, minute, minutes, longest_of(p), from - p->first };
	if (!strange)
		learn(p, minute, minutes);
	return strange && p->told != from;
}

static bool
shift(struct presence *p, struct silence *s)
{
	bool seen = p->bits >> (PRESENCE_BITS - 1);
	uint32_t minute = p->newest - (PRESENCE_BITS - 1);

	p->bits <<= 1;
	p->newest++;
	return leave(p, seen, minute, s);
}

bool
presence_see(struct presence *p, uint32_t minute, struct silence *s)
{
	bool told = false;

	if (p->newest == 0) {
		p->newest = p->first = minute;
		p->bits = 1;
		return false;
	}
	if (minute <= p->newest) {
		if (p->newest - minute < PRESENCE_BITS)
			p->bits |= UINT64_C(1) << (p->newest - minute);
		return false;
	}
	while (p->newest < minute && p->bits != 0) {
		struct silence one;

		if (shift(p, &one)) {
			*s = one;
			told = true;
		}
	}
	if (p->active > 0)
		p->quiet += minute - p->newest;
	p->newest = minute;
	p->bits |= 1;
	return told;
}

bool
presence_missing(struct presence *p, uint32_t minute, struct silence *s)
{
	uint32_t from;

	if (p->newest == 0 || minute <= p->newest || p->bits == 0)
		return false;
	from = p->newest - (uint32_t)__builtin_ctzll(p->bits);
	*s = (struct silence){ from, 0, minute - from - 1, longest_of(p), from - p->first };
	if (!is_strange(p, from, s->minutes) || p->told == from)
		return false;
	p->told = from;
	return true;
}

bool
presence_rest(struct presence *p, struct silence *s)
{
	while (p->bits != 0)
		if (shift(p, s))
			return true;
	return false;
}
