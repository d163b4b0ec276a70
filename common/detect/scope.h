/*
 * scope.h - what a detector looks at: which networks are ours, what is allowed, and the options that say so.
 *
 * The rows of options are few tables, of which a program takes those that it has a use for; scope_opt reads them all.
 */
#ifndef DETECT_SCOPE_H
#define DETECT_SCOPE_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/num.h"
#include "base/opt.h"
#include "expr/ranges.h"

extern const struct opt scope_options[]; /* --internal, -a/--allow */
extern const struct opt scope_state_options[]; /* --state */
extern const struct opt scope_baseline_options[]; /* -B/--baseline */
extern const struct opt scope_window_options[]; /* --window */

struct allowed; /* addresses and prefixes, with or without a port */

struct scope {
	struct ranges internal; /* of addresses */
	uint8_t internal_v4[256]; /* enum verdict of IPv4 addresses by their first octet */
	const char *internal_text; /* as --internal takes it */
	struct allowed *allowed; /* NULL: nothing is */
	const char *state; /* --state FILE; NULL: none */
	const char *baseline; /* -B FILE; NULL: none */
	int64_t window_ns; /* --window; 0: the program's default */
};

/*
 * Internal: RFC 1918 and link-local of IPv4 (RFC 3927), RFC 4193 and link-local of IPv6; until --internal says others.
 */
void scope_init(struct scope *);
void scope_free(struct scope *);

/* 1 the option was one of these, 0 not, -1 with err.  Texts are borrowed; an allow-list is read at once. */
int scope_opt(struct scope *, int key, const char *arg, struct err *);

/* Is the address in a set? */
static inline bool
scope_has(const struct ranges *set, const struct addr *a)
{
	u128 key = addr_key(a);

	return ranges_zone(set, key, key) == ALL;
}

static inline bool
scope_internal(const struct scope *s, const struct addr *a)
{
	uint8_t all = addr_is_v4(a) ? s->internal_v4[a->b[12]] : SOME;

	return all == SOME ? scope_has(&s->internal, a) : all == ALL;
}

/* An address of one host, not multicast, broadcast or unspecified. */
bool scope_unicast(const struct addr *);

/*
 * Does the allow-list have an end?  port -1: only as an address; else as an address, or with this port.  An alert is
 * left out when its source is allowed as an address or its destination with its port.
 */
bool scope_allows(const struct scope *, const struct addr *, int port);

/* Of so many records so many had no two addresses or no time: say so if these were all, and nothing was looked at. */
void scope_tell_unfit(
    uint64_t records, uint64_t unfit, void (*say)(const char *, const struct err *));

/* Of so many records so many count no octets: say so if these were all, and what comes of it. */
void scope_tell_uncounted(uint64_t records, uint64_t uncounted, const char *so,
    void (*say)(const char *, const struct err *));

/* Of so many records so many have no end that is ours: say so if these were all. */
void scope_tell_foreign(
    uint64_t records, uint64_t foreign, void (*say)(const char *, const struct err *));

/* Say so if the input's time fell back (conversation_counts): questions and answers may be apart then. */
void scope_tell_back(uint64_t times, void (*say)(const char *, const struct err *));

#endif
