/*
 * settings.h - what the command line asked for.
 */
#ifndef FLOWRECV_SETTINGS_H
#define FLOWRECV_SETTINGS_H

#include "base/opt.h"
#include "daemon/privileges.h"
#include "expr/expr.h"
#include "naming.h"
#include "net/address.h"
#include "net/tls.h"
#include "partition.h"
#include "wire/wire.h"

enum {
	LISTEN_TRANSPORTS =
	    1 << TRANSPORT_UDP | 1 << TRANSPORT_TCP | 1 << TRANSPORT_TLS | 1 << TRANSPORT_SCTP
};

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
	struct tls_opts tls;
	const char **peer; /* names that clients' certificates may have; tls.names */
	unsigned n_peer;
	unsigned connections; /* at most so many */
	int64_t idle_ns; /* 0: never */
	struct wire_opts wire;
	/* output */
	const char *out; /* -w; NULL: standard output */
	char *resolved; /* what out is where it was a symbolic link to a file; NULL: it was none */
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
	const char *command; /* for every complete file; NULL: none */
	const char *expire; /* limits of DIR; NULL: none */
	/* run */
	unsigned workers;
	const char *metrics;
	bool has_user, no_sandbox;
	struct privileges user;
	bool stats, quiet, verbose;
};

/* Parse, checked for sense; wrong usage prints a line and exits 2. */
void settings_parse(struct settings *, int argc, char **argv);
void settings_free(struct settings *);

/* Was anything said that has a meaning for tls only? */
bool settings_has_tls(const struct settings *);

#endif
