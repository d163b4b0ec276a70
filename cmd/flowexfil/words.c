#include "words.h"

#include <math.h>

void
words_begin(struct judge *j)
{
	j->reason.len = j->why.len = j->hidden.len = 0;
}

void
words_octets(struct buf *b, double v)
{
	b->len += fmt_scaled(buf_room(b, FMT_MAX), floor(v));
	buf_putc(b, 'B');
}

const char *
words_hidden(struct judge *j)
{
	return j->hidden.len > 0 ? buf_cstr(&j->hidden) : NULL;
}

void
words_limits(struct judge *j, struct sampled s, bool destination)
{
	if (destination && j->baseline == NULL)
		buf_puts(&j->hidden, "no baseline: every destination counts as new");
	if (!sampled_any(&s))
		return;
	if (j->hidden.len > 0)
		buf_puts(&j->hidden, "; ");
	sampled_limits(&j->hidden, &s, "volumes are estimates, and small uploads are not seen");
}

double
score_cut(double v)
{
	return v < 0 ? 0 : v > 1 ? 1 : v;
}

double
score_size(double octets, double limit)
{
	return score_cut(0.5 + log10(octets / limit) / 4);
}

/* Told again: each time that it is so many times as much. */
bool
judge_is_news(uint64_t out, uint64_t told)
{
	return told == 0 || out / TOLD_AGAIN >= told;
}
