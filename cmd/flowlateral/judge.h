/*
 * judge.h - from pairs to alerts: paths first, then hosts that reach many, then what is left.
 *
 * A pair belongs to one alert.  What was told in an earlier run is not told again: a path when it has become longer, a
 * fan, or what a path branches to, when half of it is new.
 */
#ifndef FLOWLATERAL_JUDGE_H
#define FLOWLATERAL_JUDGE_H

#include "detect/alert.h"
#include "weigh.h"

enum {
	PATH_MOST = 16, /* steps of a path */
	ARRIVALS_MOST = 32, /* latest ways into a host that are tried for a way on */
	HOSTS_NAMED = 3
};

struct limits {
	double score; /* alerts with less are not given */
	double link; /* pairs with less are of no path and of no fan; with a baseline */
	unsigned fan; /* hosts */
	int64_t window_ns;
};
#define LIMITS_DEFAULT \
	{ \
		.score = 0.5, .link = 0.3, .fan = 5, .window_ns = 24 * NS_PER_HOUR \
	}

/* A pair that may be of a path: steps are in order of time. */
struct step {
	struct pair *pair;
	uint32_t before; /* step + 1; 0: nothing led here */
	uint32_t depth; /* steps of the path that ends here */
	uint32_t arrival; /* the step before this one into the same host, + 1 */
	uint32_t trail; /* + 1; 0: it is of no path */
	double miss; /* product of 1 - score along the path */
};

/* Paths that begin at one host, each at most a window after the others. */
struct trail {
	uint32_t last; /* the step that ends its longest path */
	uint32_t hosts; /* that were reached on any of its paths */
	int64_t last_ns;
	uint32_t steps, told; /* of its steps, those that were told before */
	bool weak; /* too little for an alert: its steps are judged as if alone */
	bool given; /* an alert tells it now */
};

struct judge {
	struct limits limits;
	const struct baseline *baseline; /* NULL: none */
	const struct edges *edges;
	struct alerts *alerts;
	struct weighing w;
	struct step *step;
	size_t n_steps;
	struct trail *trail;
	size_t n_trails;
	struct buf reason, why, attack, hidden;
};

void judge(struct judge *);
void judge_free(struct judge *);

/* Is enough of n things new to tell them all, though some were told? */
static inline bool
judge_news(size_t n, size_t told)
{
	return told < n && n - told >= told;
}

/* trails.c: steps to paths; needs judge.step, makes judge.trail. */
void trails_find(struct judge *);

/* report.c: one alert each.  The edges of pairs and fans are told then, of trails those of the longest path. */
void report_trail(struct judge *, const struct trail *);
void report_fan(struct judge *, const struct step *const *, size_t n);
void report_pair(struct judge *, struct pair *);

#endif
