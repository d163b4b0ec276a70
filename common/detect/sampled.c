#include "detect/sampled.h"

#include <math.h>

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

int
sampled_as(const struct sampled *s, uint32_t interval, const char *baseline, struct err *err)
{
	if (interval == 0 || s->greatest == 0 || (s->least == interval && s->greatest == interval))
		return 0;
	return err_set(err, "%s was learned from 1 in %u packets, these flows are of 1 in %u",
	    baseline, interval, s->greatest != interval ? s->greatest : s->least);
}
