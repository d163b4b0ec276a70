/*
 * deliver.h - where told alerts go: the formats that every program has, those of other systems, and commands.
 */
#ifndef FLOWALERT_DELIVER_H
#define FLOWALERT_DELIVER_H

#include "base/opt.h"
#include "command.h"
#include "io/io.h"
#include "paper.h"

extern const struct opt deliver_options[]; /* --to --facility -x --exec-time --exec-jobs */

/* What -o takes: what io_format_parse does, and our own. */
#define DELIVER_FORMATS "flow table csv tsv json ndjson ipfix null ecs cef syslog stix"

struct delivery {
	const struct format *format; /* NULL: the sink's */
	const char *to; /* --to */
	unsigned facility;
	bool says_facility, says_commands; /* an option was given that is of syslog, of -x */
	struct commands commands;

	/* Filled. */
	struct paper paper;
	struct text_writer *json;
	struct io_sink *sink;
	struct buf line;
	char hostname[256];
	uint64_t left; /* alerts for commands */
	bool open, failed; /* a command did */
};

void deliver_init(struct delivery *, void (*tell)(const char *, const struct err *));
void deliver_free(struct delivery *);

/* 1 the option was one of these (-o too, if it names a format of ours), 0 not, -1 with err. */
int deliver_opt(struct delivery *, int key, const char *arg, struct err *);

/* After all options: do they fit together?  Sets what the sink writes to nothing where we do.  -1: err. */
int deliver_check(const struct delivery *, struct io_opts *, bool has_output, struct err *);

int deliver_open(struct delivery *, const struct io_opts *, struct io_sink *, struct err *);
int deliver_batch(struct delivery *, struct batch *, struct err *);

/* Waits for commands.  -1: err. */
int deliver_close(struct delivery *, bool complete, struct err *);

#endif
