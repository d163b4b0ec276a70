#include "detect/sampled.h"

#include <stdio.h>

void
sampled_see(struct sampled *s, uint32_t interval)
{
	if (interval == 0)
		interval = 1;
	if (s->least == 0 || interval < s->least)
		s->least = interval;
	if (interval > s->greatest)
		s->greatest = interval;
}

void
sampled_limits(struct buf *out, const struct sampled *s, const char *hidden)
{
	if (!sampled_any(s))
		return;
	buf_printf(out, "sampled 1 in %u%s: %s", s->greatest,
	    s->least == s->greatest ? "" : " (and less)", hidden);
}

enum { INTERVAL_MAX = 40 };

static void
interval_put(char *to, uint32_t interval)
{
	if (interval == 1)
		snprintf(to, INTERVAL_MAX, "every packet");
	else
		snprintf(to, INTERVAL_MAX, "1 in %u packets", interval);
}

int
sampled_as(const struct sampled *s, uint32_t interval, const char *baseline, struct err *err)
{
	char learned[INTERVAL_MAX], these[INTERVAL_MAX];

	if (interval == 0 || s->greatest == 0 || (s->least == interval && s->greatest == interval))
		return 0;
	interval_put(learned, interval);
	interval_put(these, s->greatest != interval ? s->greatest : s->least);
	return err_set(
	    err, "%s was learned from %s, these flows are of %s", baseline, learned, these);
}
