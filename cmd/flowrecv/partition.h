/*
 * partition.h - the records of a batch by who exported them.
 *
 * A partition is a path below the store: the exporter's name, which is what the collector was told to call it,
 * else its address (colons become hyphens), and its observation domain where that is asked for.
 */
#ifndef FLOWRECV_PARTITION_H
#define FLOWRECV_PARTITION_H

#include "flow/batch.h"

enum partition_by { PARTITION_NONE, PARTITION_EXPORTER, PARTITION_DOMAIN };
enum { PARTITION_LEN = 128, PARTITIONS_MAX = 1024 };

struct partition {
	char name[PARTITION_LEN];
	struct addr exporter;
	uint32_t domain;
	uint32_t *idx; /* of its records, ascending */
	size_t n;
};

/* Of one batch; zero at first. */
struct partitions {
	struct partition *of;
	unsigned n, cap;
	uint16_t *group; /* of each record */
	uint32_t *idx;
	size_t cap_records;
};

/* The partition of those that are too many to have one each. */
#define PARTITION_OTHER "other"

/* The partitions of a closed batch; what is beyond PARTITIONS_MAX is PARTITION_OTHER. */
void partitions_make(struct partitions *, enum partition_by, struct batch *);
void partitions_free(struct partitions *);

/* Are the options records of an exporter for the partition of that name? */
bool partition_has_exporter(const char *name, const char *exporter);

/*
 * The options records of a closed batch that are for the partition of that name: their numbers into idx, which has
 * room for all.  Several exporters may share a name, and PARTITION_OTHER is for any.
 */
size_t partition_options(const char *name, struct batch *, uint32_t *idx);

/* May it be what an exporter is called: a name of a directory, not hidden? */
bool partition_name_good(const char *, size_t n);

#endif
