/*
 * judge_shift.c - what is said of addresses or ports that concentrate or disperse.
 */
#include "judge.h"

#include <math.h>

static void
put_dimension(struct judge *j, const struct shift *s, unsigned of)
{
	static const char *const nouns[ENTROPIES] = { "sources", "destinations", "source ports",
		"destination ports" };
	const struct entropy_z *z = &s->worst[of];

	if (j->reason.len > 0)
		buf_puts(&j->reason, ", ");
	buf_printf(&j->reason, "%s %s (%.2f, usually %.2f", nouns[of],
	    z->z > 0 ? "disperse" : "concentrate", z->h, z->usual);
	if (z->z < 0 && s->share[of] >= 0.05) {
		bool none = of >= ENTROPY_SRCPORT && s->port[of - ENTROPY_SRCPORT] == 0;

		buf_printf(
		    &j->reason, "; %.0f%% %s", s->share[of] * 100, none ? "have none" : "are ");
		if (of <= ENTROPY_DSTIP)
			reason_addr(&j->reason, &s->who[of]);
		else if (!none)
			buf_printf(&j->reason, "%u", s->port[of - ENTROPY_SRCPORT]);
	}
	buf_putc(&j->reason, ')');
}

static void
put_dimension_why(struct judge *j, unsigned of, const struct entropy_z *z)
{
	char key[32];

	snprintf(key, sizeof(key), "%s", entropy_names[of]);
	why_number(&j->why, key, z->h);
	snprintf(key, sizeof(key), "%s_usual", entropy_names[of]);
	why_number(&j->why, key, z->usual);
	snprintf(key, sizeof(key), "%s_spread", entropy_names[of]);
	why_number(&j->why, key, z->spread);
	snprintf(key, sizeof(key), "%s_z", entropy_names[of]);
	why_number(&j->why, key, z->z);
	if (isnan(z->day_z))
		return;
	snprintf(key, sizeof(key), "%s_day_usual", entropy_names[of]);
	why_number(&j->why, key, z->day_usual);
	snprintf(key, sizeof(key), "%s_day_z", entropy_names[of]);
	why_number(&j->why, key, z->day_z);
}

void
judge_shift(void *ctx, const struct shift *s)
{
	struct judge *j = ctx;
	struct alert a = judge_begin(j, "entropy");
	unsigned strange = 0, most = 0, days = 0;

	for (unsigned of = 0; of < ENTROPIES; of++) {
		if (s->worst[of].z == 0)
			continue;
		strange++;
		days += isnan(s->worst[of].day_z) ? 0 : 1;
		if (fabs(s->worst[of].z) > fabs(s->worst[most].z))
			most = of;
		put_dimension(j, s, of);
		put_dimension_why(j, of, &s->worst[of]);
	}
	why_count(&j->why, "samples", s->worst[most].samples);
	why_count(&j->why, "day_samples", s->worst[most].day_samples);
	why_count(&j->why, "bins", s->bins);
	why_count(&j->why, "dimensions", strange);
	why_number(&j->why, "z", s->z);
	if (days == 0)
		put_limit(j, "compared with the three hours before only, not with other days");
	a.score = 0.2 + 0.25 * cut(s->z / 30) + 0.15 * cut((strange - 1) / 2.0) +
		  0.2 * cut(s->bins / 3.0) + (days > 0 ? 0.1 : 0);
	if (s->worst[ENTROPY_SRCIP].z < 0 && s->share[ENTROPY_SRCIP] >= 0.05)
		a.src = &s->who[0];
	if (s->worst[ENTROPY_DSTIP].z < 0 && s->share[ENTROPY_DSTIP] >= 0.05)
		a.dst = &s->who[1];
	if (s->worst[ENTROPY_DSTPORT].z < 0 && s->share[ENTROPY_DSTPORT] >= 0.05 && s->port[1] != 0)
		a.dstport = s->port[1];
	a.start_ns = s->first * ENTROPY_BIN_NS;
	a.end_ns = ((int64_t)s->last + 1) * ENTROPY_BIN_NS - NS_PER_MS;
	a.flows = s->flows;
	judge_put(j, &a);
}
