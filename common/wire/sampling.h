/*
 * sampling.h - how many packets a counted one stands for, as exporters tell it in options records.
 *
 * A record's interval is looked up where it is said most precisely: in the record itself, for the sampler
 * that it names, there first as it is at its interface, for its interface, its template, its observation domain, its
 * exporter; then what the user said, then the header of NetFlow v5.  Counters are never scaled here.
 */
#ifndef WIRE_SAMPLING_H
#define WIRE_SAMPLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/element.h"
#include "wire/claim.h"

enum {
	SAMPLINGS_MAX = 8192
}; /* samplers, interfaces, templates and samplers at interfaces of one table */

/* What an interval was said for; a domain is named where another one of the exporter's says so of it. */
enum sampling_scope {
	SAMPLING_FOR_ALL,
	SAMPLING_FOR_DOMAIN,
	SAMPLING_FOR_TEMPLATE,
	SAMPLING_FOR_SAMPLER,
	SAMPLING_FOR_SAMPLER_AT, /* an interface */
	SAMPLING_FOR_INTERFACE
};

struct sampling_key {
	enum sampling_scope scope;
	uint64_t id, at; /* at: the interface of a sampler there, else 0 */
};

struct interval {
	uint64_t id, at;
	uint32_t scope;
	uint32_t domain; /* that said so last */
	uint32_t packets; /* one stands for so many; 0: unknown */
	bool differs; /* domains of one exporter say different things: unknown to the others */
};

/* What the options of one domain said, or those of all domains of an exporter. */
struct sampling {
	struct interval *of; /* by their keys, n of them */
	unsigned n, cap;
	bool has_newest;
	uint64_t newest; /* the sampler learned last */
};

/* What there is no memory for is not learned. */
void sampling_learn(struct sampling *, const struct claim *, const struct sampling_key *,
    uint32_t domain, uint32_t packets);

/*
 * The same for a sampler at an interface: the sampler itself has the interval that it has at all of its interfaces, or
 * none that is known.
 */
void sampling_learn_at(struct sampling *, const struct claim *, uint64_t sampler,
    uint64_t interface, uint32_t domain, uint32_t packets);

/* An interval and where it was said; packets 0: nowhere. */
struct sampling_known {
	uint32_t packets;
	uint8_t source; /* enum sampling_src */
};

/* Where intervals of the records of one domain are said, of this number. */
struct sampling_said {
	const struct sampling *domain, *exporter; /* by itself, by any of its exporter's */
	uint32_t number;
	bool alone; /* what other domains do not say of this one is not for its records */
};

/* What a record names that an interval may be said for: its selector, else sampler, its interfaces in, else out. */
enum { SAMPLING_SAMPLERS = 2, SAMPLING_NAMES = 4 };
struct sampling_names {
	bool has[SAMPLING_NAMES];
	uint64_t id[SAMPLING_NAMES];
};

/* For what a record names; for all records of a template, by its number; for all of the domain. */
struct sampling_known sampling_of_names(
    const struct sampling_said *, const struct sampling_names *);
struct sampling_known sampling_of_template(const struct sampling_said *, uint16_t id);
struct sampling_known sampling_of_domain(const struct sampling_said *);

/* Was anything said of single templates? */
bool sampling_is_of_templates(const struct sampling *);
void sampling_free(struct sampling *, size_t *taken);

#endif
