/*
 * name_rule.h - which element's values are named by which: the one table of it.  Private to flow/.
 */
#ifndef FLOW_NAME_RULE_H
#define FLOW_NAME_RULE_H

#include "flow/names.h"

enum { RULE_ELEMENTS = 6, RULE_NAMES = 2 };

enum rule_form {
	FORM_NUMBER,
	FORM_APPLICATION, /* applicationId: an engine's octet, a selector of whatever width */
	FORM_ELEMENT, /* an enterprise and an element of it: names columns, not values */
};

struct name_rule {
	enum rule_form form;
	bool universal; /* a number means the same everywhere: who names it need only agree */
	/*
	 * In options records, scope or not, the number that is named (all that a record has must be
	 * one); in flow records what the name stands for.
	 */
	struct field_id element[RULE_ELEMENTS];
	struct field_id with; /* FORM_ELEMENT: the second half of the number */
	struct field_id name[RULE_NAMES]; /* the first that says something */
	struct field_id type; /* FORM_ELEMENT */
};

/* Rows; a kind is the number of one. */
const struct name_rule *name_rules(uint32_t *count);

/* Does the rule's list have the identity, instance and direction aside? */
bool name_rule_has(const struct name_rule *, const struct field_id *);

/* A cell as the value of a query; false: missing, or nothing of this form. */
bool name_value(enum rule_form, const struct column *, size_t rec, uint8_t value[NAME_VALUE]);
void name_value_number(uint8_t value[NAME_VALUE], uint64_t);

/* Whose the records of a batch are: [0] as the fields exporter and domain say, [1] as the message did. */
void name_origin_bind(struct batch *, struct column exporter[2], struct column domain[2]);
void name_origin_at(
    struct name_origin *, const struct column *exporter, const struct column *domain, size_t rec);

#endif
