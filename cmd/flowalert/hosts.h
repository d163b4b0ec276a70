/*
 * hosts.h - what is held against each host: its alerts, fading, and more if different detectors say so.
 *
 * An alert is held against its source if that is internal, else against its destination if that is, else against its
 * source.  Of each detector there is a sum of the scores of alerts told, which halves every `half_life`:
 *
 *	A = A * 2^(-age / half_life) + score		r = 0.6 (1 - e^-A)
 *	host = 1 - (1 - r of one detector) (1 - r of the next) ...
 *
 * so one detector alone never says more than 0.6, two not more than 0.84, three 0.94.
 */
#ifndef FLOWALERT_HOSTS_H
#define FLOWALERT_HOSTS_H

#include "detect/alert.h"
#include "detect/scope.h"
#include "memory.h"

/* Below this a memory of a host says nothing any more. */
#define HOSTS_LEAST 0.01
#define HOSTS_HALF_LIFE_NS (3 * 24 * 3600 * NS_PER_S)

struct hosts {
	struct memory *memory;
	const struct scope *scope;
	int64_t half_life_ns;
	int64_t newest_ns; /* of all that was held against anybody */
};

void hosts_init(struct hosts *, struct memory *, const struct scope *, int64_t half_life_ns);

/* Hold an alert that was told against its host. */
void hosts_add(struct hosts *, const struct alert *);

/* What is left of a memory of a host now, at newest_ns. */
double hosts_left(const struct hosts *, const struct memo *);

/* Put an alert of detector host for each, as of newest_ns: ranked, they are the hosts to look at first. */
void hosts_rank(struct hosts *, struct alerts *);

#endif
