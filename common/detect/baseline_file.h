/*
 * baseline_file.h - the records of a baseline's file: private to baseline_write.c and baseline_read.c.
 *
 * A record says what it describes in `profile`.  The network's comes first and says how to read the others: version,
 * hours of the week, sampling, networks that were ours, and by its end which days the slots are of.  Then come
 * exporters, hosts, prefixes, services, edges, each kind sorted.  A stream of several files is read as their merger,
 * each network's record being followed by what belongs to it.
 */
#ifndef DETECT_BASELINE_FILE_H
#define DETECT_BASELINE_FILE_H

#include "flow/batch.h"

enum profile {
	PROFILE_NETWORK,
	PROFILE_EXPORTER,
	PROFILE_HOST,
	PROFILE_PREFIX,
	PROFILE_SERVICE,
	PROFILE_EDGE,
	PROFILES
};
extern const char *const profile_names[PROFILES];

enum base_column {
	COL_PROFILE,
	COL_START,
	COL_END,
	COL_SRC,
	COL_DST,
	COL_DSTLEN,
	COL_DSTPORT,
	COL_PROTO,
	COL_EXPORTER,
	COL_FLOWS,
	COL_BYTES,
	COL_RBYTES,
	COL_DAYS,
	COL_HOURLY,
	COL_SKETCH,
	COL_CLIENTS,
	COL_LARGEST,
	COL_VERSION,
	COL_HOURS,
	COL_SAMPLING,
	COL_INTERNAL,
	COL_OFFSET,
	COLS
};
struct base_column_spec {
	struct field_id id;
	enum type type;
	unsigned width;
};
extern const struct base_column_spec base_columns[COLS];

#endif
