/*
 * entropy.h - how addresses and ports are spread, bin of time by bin of time, beside how they were before.
 *
 * Sample entropy of the flows of a bin (Lakhina, Crovella and Diot, "Mining anomalies using traffic feature
 * distributions", 2005): H = -sum p log2 p over ENTROPY_PARTS parts that values are hashed to, divided by the most that
 * n flows could have, log2 min(n, parts), so that busy and quiet hours compare: 0 all the same, 1 all different.
 *
 * A value is compared, z = (H - median) / max(ENTROPY_FLOOR, 1.4826 MAD), with those of the ENTROPY_TRAIL bins before
 * it and with those of the same time of the days before, half an hour around; it must be strange beside both, where
 * there are enough.  Strange bins are not among those that later ones are compared with.
 */
#ifndef FLOWANOM_ENTROPY_H
#define FLOWANOM_ENTROPY_H

#include "base/addr.h"
#include "base/num.h"

enum entropy_of { ENTROPY_SRCIP, ENTROPY_DSTIP, ENTROPY_SRCPORT, ENTROPY_DSTPORT, ENTROPIES };
extern const char *const entropy_names[ENTROPIES];

enum {
	ENTROPY_PARTS = 4096,
	ENTROPY_OPEN = 4, /* bins */
	ENTROPY_FLOWS = 500, /* of a bin, at least */
	ENTROPY_TRAIL = 36, /* three hours */
	ENTROPY_LEAST = 12, /* values to compare with */
	ENTROPY_DAY = 288, /* bins */
	ENTROPY_DAYS = 8,
	ENTROPY_KEPT = ENTROPY_DAY * ENTROPY_DAYS,
	ENTROPY_GAP = 3 /* bins between those of one alert, at most */
};
#define ENTROPY_BIN_NS (300 * NS_PER_S)

struct entropy_z {
	double h, usual, spread, z; /* of the bins before */
	double day_usual, day_z; /* of the days before; NAN: too few */
	unsigned samples, day_samples;
};

/* Strange bins that follow each other: one alert. */
struct shift {
	uint32_t first, last, bins; /* bin number since 1970 */
	uint64_t flows;
	double z; /* greatest, of any; 0: none */
	struct entropy_z worst[ENTROPIES];
	struct addr who[2]; /* the commonest source, destination of the worst bin */
	uint16_t port[2];
	double share[ENTROPIES]; /* of these */
};

struct entropy;
typedef void (*entropy_take)(void *ctx, const struct shift *);
struct entropy *entropy_new(entropy_take, void *ctx);
void entropy_free(struct entropy *); /* takes NULL */

/* n flows of these ends; what is too late for its bin is left out, and counted. */
void entropy_add(struct entropy *, int64_t end_ns, const struct addr *src, const struct addr *dst,
    uint16_t srcport, uint16_t dstport, uint32_t n);
uint64_t entropy_late(const struct entropy *);

/* The end of the input.  resumed: open bins wait for more. */
void entropy_finish(struct entropy *, bool resumed);

/* For a state: what was kept, ENTROPY_KEPT x ENTROPIES values of bins up to *newest (NAN: not measured); open bins. */
float *entropy_kept(struct entropy *, uint32_t **newest);
struct entropy_bin {
	uint32_t number; /* since 1970; 0 none */
	uint32_t flows;
	uint32_t n[ENTROPIES][ENTROPY_PARTS];
	struct addr who[2][ENTROPY_PARTS]; /* somebody of the part */
	uint16_t port[2][ENTROPY_PARTS];
};
struct entropy_bin *entropy_open(struct entropy *, unsigned i); /* i < ENTROPY_OPEN */
void entropy_opened(struct entropy *); /* they were filled in */

#endif
