/*
 * rules.h - what people write down that is wrong on their network: a file of stanzas, flowrules(5).
 *
 *	[smb-out]
 *	match     = src net 10.0.0.0/8 and not dst net 10.0.0.0/8 and dst port in [139 445]
 *	keys      = srcip, dstip, dstport
 *	window    = 5m
 *	threshold = flows >= 3 and distinct(dstip) > 2
 *	severity  = high
 *	attack    = T1048
 *	note      = SMB leaves the network
 *
 * match is an expression of flow records; those for which it is true are grouped by keys, in windows of time, and
 * aggregated as flowagg does; a group for which the threshold is true is an alert.
 */
#ifndef FLOWALERT_RULES_H
#define FLOWALERT_RULES_H

#include "detect/alert.h"
#include "memory.h"
#include "ops/group.h"

struct expr;
struct expr_state;

/* The first values of every rule's groups, whatever its threshold asks for: what alerts are made of. */
enum { RULE_FLOWS, RULE_PACKETS, RULE_BYTES, RULE_FIRST, RULE_LAST, RULE_SAMPLING };
#define RULE_VALUES "flows,packets,bytes,first,last,max(sampling)"

struct rule {
	char *name, *note, *attack, *threshold_text; /* NULL: none */
	unsigned line;
	struct expr *match, *threshold;
	struct group_spec spec;
	int64_t window_ns; /* 0: all is one window */
	size_t n_own_keys; /* without the window's */
	double score;
	enum severity severity;
	/* Told only when keys are first seen, after so long a time of watching; 0: always. */
	int64_t first_ns;
};

struct rules {
	struct rule *at;
	size_t n;
	struct memory *memory;

	/* Filled: of each thread and rule. */
	struct rule_worker {
		struct expr_state **match; /* NULL until used */
		struct group_table **table;
		uint64_t *sel;
		size_t words;
	} * workers;
	unsigned n_workers;
	uint64_t forgot; /* first seen, but there was no room to remember */
};

/*
 * As suppress_load: adds, tells every error, returns how many.  Times in rules and their windows are of the zone, which
 * outlives them.
 */
typedef void (*rules_tell)(const char *subject, const struct err *);
unsigned rules_load(struct rules *, const char *path, const struct tz *, rules_tell);
unsigned rules_parse(
    struct rules *, const char *name, const char *text, size_t len, const struct tz *, rules_tell);
void rules_free(struct rules *);

/* memory_octets: for all groups. */
void rules_start(struct rules *, unsigned workers, uint64_t memory_octets);

/* Look at the selected records; on any thread, by its number.  -1: err. */
int rules_add(struct rules *, unsigned worker, struct batch *, const uint64_t *sel, struct err *);

/* Put the alerts.  -1: err. */
int rules_end(struct rules *, struct alerts *, struct err *);

#endif
