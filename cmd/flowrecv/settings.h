/*
 * settings.h - what the command line asked for.
 */
#ifndef FLOWRECV_SETTINGS_H
#define FLOWRECV_SETTINGS_H

#include "base/opt.h"
#include "wire/wire.h"

struct settings {
	const char **listen; /* [HOST:]PORT */
	unsigned n_listen;
	const char **read; /* captures and IPFIX files, "-" standard input */
	unsigned n_read;
	const char *out; /* -w; NULL or "-": standard output */
	bool to_dir;
	int64_t rotate_ns; /* 0: never */
	const char *pattern;
	int64_t flush_ns; /* 0: by the kind of output */
	const char *port_file;
	int rcvbuf;
	struct wire_opts wire;
	bool fast, no_history, quiet, verbose;
	int level;
};

extern const struct program flowrecv_program;

/* Parse, checked for sense; wrong usage prints a line and exits 2. */
void settings_parse(struct settings *, int argc, char **argv);
void settings_free(struct settings *);

#endif
