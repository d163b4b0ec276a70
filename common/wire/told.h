/*
 * told.h - what options records tell, by the elements that they have, and what that says of sampling.
 *
 * For who receives them, and for who sends them and wants to know what the receiver makes of them.  Private to wire/.
 */
#ifndef WIRE_TOLD_H
#define WIRE_TOLD_H

#include "flow/batch.h"
#include "wire/sampling.h"

/* The elements that tell something: IANA's, but for two scopes of v9; TOLD_COUNT: none of them. */
enum told_id {
	TOLD_INTERVAL,
	TOLD_RANDOM,
	TOLD_SAMPLER,
	TOLD_SELECTOR,
	TOLD_COUNT_TAKEN,
	TOLD_COUNT_SPACE,
	TOLD_SIZE,
	TOLD_POPULATION,
	TOLD_PROBABILITY,
	TOLD_INGRESS,
	TOLD_EGRESS,
	TOLD_INTERFACE,
	TOLD_TEMPLATE,
	TOLD_TEMPLATE_SCOPE,
	TOLD_DOMAIN,
	TOLD_STARTED,
	TOLD_NOT_SENT,
	TOLD_PEN,
	TOLD_ELEMENT,
	TOLD_TYPE,
	TOLD_COUNT
};

/*
 * The columns of a batch that tell something, as fields and as scopes (NULL: not in it), since records of a batch may
 * be of several templates; of which record it is asked.
 */
struct told {
	const struct column *field[TOLD_COUNT], *scope[TOLD_COUNT];
	size_t rec;
};

enum told_id told_find(uint32_t pen, uint16_t id);

/* Columns of a batch under the identities that they have on the wire; borrowed.  Lists and the like tell nothing. */
void told_bind(struct told *, enum told_id, const struct column *, bool scope);

/* Has any record of the batch it? */
bool told_bound(const struct told *, enum told_id);

/*
 * The record's column, NULL where it has none.  A scope says whom it is about more surely than a field of its element.
 */
const struct column *told_column(const struct told *, enum told_id);

bool told_has(const struct told *, enum told_id);
uint64_t told_number(const struct told *, enum told_id); /* 0 where the record has none */

/*
 * Learn the record's interval, if it tells one, for the domain that says so, of that number, and for its exporter.
 */
void told_sampling(const struct told *, struct sampling *domain, struct sampling *exporter,
    uint32_t number, const struct claim *);

#endif
