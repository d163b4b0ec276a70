/*
 * alert.h - what detectors find: records of a flow stream that explain themselves.
 *
 * An alert is built by one call and kept until the input ends; then alerts are handed out ranked, as batches with the
 * columns of flows (srcip, dstip, dstport, proto, start, end, flows, packets, bytes, and the reverse ones) and those of
 * alerts (detector, kind, score, severity, reason, why, attack, sampling, limits; flowfields(7)).  The rule that makes
 * them worth having: `why` has every number that made the score, so that who doubts can compute it again.
 */
#ifndef DETECT_ALERT_H
#define DETECT_ALERT_H

#include "base/addr.h"
#include "base/buf.h"
#include "flow/batch.h"

struct alert {
	const char *detector; /* the program without "flow": scan */
	const char *kind; /* one of those in its manual */
	double score; /* 0 to 1; what is not in it is cut to it */
	enum severity severity; /* 0: severity_of(score) */
	const char *reason; /* a sentence that a tired person understands, no full stop */
	const char *why; /* see why_*() */
	const char *attack; /* ATT&CK ids, comma between; NULL none */
	/* What could not be seen; NULL: nothing is hidden.  Must be said where sampled. */
	const char *limits;
	uint32_t sampling; /* 0, 1: not sampled */

	/* What it is about; NULL or -1: no value, so missing. */
	const struct addr *src, *dst;
	int srcport, dstport, proto;
	int64_t start_ns, end_ns;
	/*
	 * As exporters count: times `sampling` they are what there was.  NOT_COUNTED: missing, where 0 is none (flows:
	 * 0); it is what sums stay at that are too large (base/sum.h), as what they were is not known either.
	 */
	uint64_t flows, packets, bytes, rpackets, rbytes;

	uint64_t count; /* alerts that it stands for; 0: it is one, and does not say so */
	const char *subject; /* what it is about beside these ends; NULL nothing */
};

#define NOT_COUNTED UINT64_MAX

/* An alert about nobody: missing is -1, NULL and NOT_COUNTED, to be filled in with what there is. */
#define ALERT_NONE \
	{ \
		.srcport = -1, .dstport = -1, .proto = -1, .flows = NOT_COUNTED, \
		.packets = NOT_COUNTED, .bytes = NOT_COUNTED, .rpackets = NOT_COUNTED, \
		.rbytes = NOT_COUNTED \
	}

/* How a score reads where a detector has no better idea: low, from 0.5 medium, 0.75 high, 0.95 critical. */
enum severity severity_of(double score);

/* Alerts kept are bounded: of more the best are, and how many were not is counted. */
enum { ALERTS_MOST = 1 << 16 };

struct alerts;
struct alerts *alerts_new(void);
void alerts_free(struct alerts *); /* takes NULL */

/* Everything is copied. */
void alerts_put(struct alerts *, const struct alert *);
size_t alerts_count(const struct alerts *);
uint64_t alerts_dropped(const struct alerts *);
/* Say so if some were. */
void alerts_tell(const struct alerts *, void (*say)(const char *, const struct err *));

/*
 * Hand out all, the highest score first (then by severity, start, source, destination, port), as batches that are
 * closed and last during the call; they are forgotten after.  -1: what fn returned was not 0; else 0.
 */
typedef int (*alerts_take)(void *ctx, struct batch *, struct err *);
int alerts_ranked(struct alerts *, alerts_take, void *ctx, struct err *);

/* Numbers for `why`: key=value, a blank between.  Keys are lower case words; values have no blanks. */
void why_count(struct buf *, const char *key, uint64_t);
void why_number(struct buf *, const char *key, double); /* six digits at most */
void why_duration(struct buf *, const char *key, int64_t ns); /* seconds, with decimals as needed */
void why_word(struct buf *, const char *key, const char *word); /* blanks become _ */

/* For sentences: an address, a span of time as 3m20s. */
void reason_addr(struct buf *, const struct addr *);
void reason_duration(struct buf *, int64_t ns);

#endif
