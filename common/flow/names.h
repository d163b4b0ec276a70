/*
 * names.h - what exporters call their numbers: interfaces, applications, VRFs, samplers, elements.
 *
 * Options records say so.  What they said is an immutable table: a block keeps the table of its place
 * in the stream while the options behind it make another one, which shares all that did not change.
 * A name is one exporter's and domain's; of several for one number the latest stands.  One surprising
 * rule: references are counted without a lock, so names_learn, names_share and names_release belong
 * to one thread at a time; finding is for every thread that was given a reference.
 *
 * Which element names which is one table of rules, in name_rule.c.
 */
#ifndef FLOW_NAMES_H
#define FLOW_NAMES_H

#include "base/addr.h"
#include "flow/batch.h"

/* Names held in all, and octets of one: more are not taken, longer ones are cut. */
enum { NAMES_MAX = 1 << 18, NAME_LEN_MAX = 255, NAME_VALUE = 16 };

/* Octets that an exporter sent, not necessarily UTF-8; never none. */
struct name {
	unsigned refs; /* names.c's */
	uint8_t type; /* of an element (RFC 5610): enum type of its values; TYPE_NONE not said */
	uint8_t len;
	char text[];
};

/* Whose a record is; a part that the record does not say is zero. */
struct name_origin {
	struct addr exporter;
	uint32_t domain;
	uint32_t known; /* enum name_known */
};
enum name_known { KNOWN_EXPORTER = 1, KNOWN_DOMAIN = 2 };

/*
 * What has which name: a number (or octets, in a form that compares equal when they mean the same) of
 * a kind, and two accounts of whose record it is in: what the record says itself, where a mediator or
 * an exporter put it there, and the message it came in.  No holes: may be compared as octets.
 */
struct name_query {
	uint8_t value[NAME_VALUE];
	struct name_origin from[2];
	uint32_t kind; /* row of the rules */
	uint32_t unused;
};

/* The table of names --------------------------------------------------------------------------- */

struct names;
struct names *names_new(void);
struct names *names_share(struct names *); /* one more reference to it; takes NULL */
void names_release(struct names *); /* takes NULL */

/*
 * The table after the records of an options batch, in place of the reference given: the same where they say nothing
 * new.
 */
struct names *names_learn(struct names *, struct batch *);

/* Names in it; for tests. */
size_t names_count(const struct names *);

/*
 * The name, valid as long as the reference; NULL: none is known, or more than one.  The exporter's and
 * domain's own comes first.  Where that domain sent no names of the kind, or the record does not say its domain,
 * the other domains of the exporter are asked, where it does not say its exporter all of them: they must agree,
 * and, unless numbers of the kind mean the same everywhere, none may lack the number.
 */
const struct name *names_find(const struct names *, const struct name_query *);

/* The name of an element, by whoever announced it (RFC 5610 type records): all must agree. */
const struct name *names_element(const struct names *, const struct field_id *);

/* Columns whose values have names --------------------------------------------------------------- */

struct name_column {
	uint32_t kind;
	struct column value, exporter[2], domain[2]; /* plain; type TYPE_NONE: not in the batch */
};

/* Are numbers of this element named by any? */
bool name_field(const struct field_id *);

/* Bind to a column of a batch, unpacking what it takes.  false: its values are no numbers of anything named. */
bool name_column_bind(struct name_column *, struct batch *, unsigned col);

/* The question for one record; false: it has no value, or none that can have a name. */
bool name_column_query(const struct name_column *, size_t rec, struct name_query *);

/*
 * What to print of a value without a name where its octets say more than their digits: of an
 * applicationId the classification engine and the selector (RFC 6759 4.1), PANA-L7:453.  false: nothing.
 */
bool name_spell(const struct name_query *, struct buf *);

#endif
