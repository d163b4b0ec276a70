/*
 * settings.h - what the command line asked for.
 */
#ifndef FLOWRECV_SETTINGS_H
#define FLOWRECV_SETTINGS_H

#include "base/opt.h"
#include "expr/expr.h"
#include "naming.h"
#include "partition.h"
#include "wire/wire.h"

struct settings {
	/* input */
	const char **listen; /* addresses */
	unsigned n_listen;
	const char **read; /* captures and IPFIX files, "-" standard input */
	unsigned n_read;
	const char **source; /* see allow.h */
	unsigned n_source;
	const char *port_file, *templates;
	int rcvbuf;
	struct wire_opts wire;
	/* output */
	const char *out; /* -w; NULL: standard output */
	bool to_dir;
	struct naming naming;
	enum partition_by partition;
	int64_t rotate_ns; /* 0: never */
	int64_t flush_ns; /* 0: by the kind of output */
	size_t queue_octets;
	bool fast, no_history;
	int level;
	const char **repeat; /* HOST:PORT */
	unsigned n_repeat;
	bool spoof;
	struct expr *filter; /* NULL: everything */
	/* run */
	unsigned workers;
	const char *metrics;
	bool stats, quiet, verbose;
};

/* Parse, checked for sense; wrong usage prints a line and exits 2. */
void settings_parse(struct settings *, int argc, char **argv);
void settings_free(struct settings *);

#endif
