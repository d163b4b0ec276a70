/*
 * sampled.h - were the records made of sampled packets, and what a detector says it cannot see then.
 *
 * Routers that count one packet in N miss short flows and single directions: a missing answer means nothing, times are
 * of the packets that were picked, and counters are a Nth.  Detectors look at the interval of what they judge and say
 * in `limits` what they switched off.
 */
#ifndef DETECT_SAMPLED_H
#define DETECT_SAMPLED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct sampled {
	uint32_t least, greatest; /* intervals seen, 1 for what does not say; 0 before the first */
};

void sampled_see(struct sampled *, uint32_t interval);

static inline bool
sampled_any(const struct sampled *s)
{
	return s->greatest > 1;
}

/*
 * The text of `limits`: "sampled 1 in N: " and what that hides, which begins in lower case and has no full stop; with
 * several intervals the greatest, saying so.  Appends nothing where nothing was sampled.
 */
void sampled_limits(struct buf *, const struct sampled *, const char *hidden);

/* What was seen of packets: "every packet", "1 in N packets". */
void sampled_put(struct buf *, uint32_t interval);

/*
 * What was learned of sampled packets says nothing of all of them: -1 and err unless a baseline's interval (0: it has
 * none) is theirs.
 */
int sampled_as(const struct sampled *, uint32_t interval, const char *baseline, struct err *);

#endif
