/*
 * name_table.h - the inside of the table of names, for those who change it.  Private to flow/.
 */
#ifndef FLOW_NAME_TABLE_H
#define FLOW_NAME_TABLE_H

#include "flow/name_rule.h"

struct name_key {
	uint8_t value[NAME_VALUE];
	struct addr exporter;
	uint32_t domain, kind;
};

struct name_entry {
	struct name_key key;
	uint32_t rank; /* which of the rule's name elements said it; lower ones are better */
	struct name *name; /* one reference to it */
};

/* The number of this key is called that now, or nothing any more (no name). */
struct name_change {
	struct name_entry entry;
	size_t shard, order; /* names_change's */
};

/* An entry of this value says that the exporter's domain names numbers of the kind at all. */
extern const uint8_t name_any[NAME_VALUE];

/* A name of n octets (at most NAME_LEN_MAX), with one reference. */
struct name *name_new(const char *, size_t n, enum type);

/* The entry of exactly this key, or NULL. */
const struct name_entry *names_entry(const struct names *, const struct name_key *);

/*
 * The table after the changes, the latest of a key last, in place of the reference given.  Takes the
 * changes' references to names.
 */
struct names *names_change(struct names *, struct name_change *, size_t n);

#endif
