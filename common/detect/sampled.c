#include "detect/sampled.h"

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

void
sampled_put(struct buf *out, uint32_t interval)
{
	if (interval == 1)
		buf_puts(out, "every packet");
	else
		buf_printf(out, "1 in %u packets", interval);
}

int
sampled_as(const struct sampled *s, uint32_t interval, const char *baseline, struct err *err)
{
	struct buf text = { 0 };

	if (interval == 0 || s->greatest == 0 || (s->least == interval && s->greatest == interval))
		return 0;
	sampled_put(&text, interval);
	buf_puts(&text, ", these flows are of ");
	sampled_put(&text, s->greatest != interval ? s->greatest : s->least);
	(void)err_set(err, "%s was learned from %s", baseline, buf_cstr(&text));
	buf_free(&text);
	return -1;
}
