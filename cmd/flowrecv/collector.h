/*
 * collector.h - the parts of a running collector, as its main thread holds them.
 *
 * Workers receive, decode and encode; the store's threads write; the main thread waits for signals and looks
 * after the rest: log, metrics, what is remembered, the list of exporters.
 */
#ifndef FLOWRECV_COLLECTOR_H
#define FLOWRECV_COLLECTOR_H

#include <signal.h>

#include "daemon/runner.h"
#include "daemon/service.h"
#include "log.h"
#include "settings.h"
#include "stats.h"

enum { N_COMMANDS = 2 }; /* --exec, --expire */

struct collector {
	struct settings set;
	char *history; /* a line of provenance; NULL: none */
	int status;

	struct store *store;
	struct worker **worker;
	unsigned n_workers;
	struct door *doors; /* each worker's, max_doors apart */
	unsigned n_doors, max_doors;
	struct tls *tls; /* of all listeners; NULL: none needs it */
	atomic_uint connections; /* open, of all workers */
	atomic_uint silent; /* of these have sent no message yet */
	int64_t gather_ns;
	struct repeat **repeat; /* each worker's set.n_repeat behind one another */

	const struct allow *_Atomic allow; /* the one of `allows` that holds now */
	struct allow **allows; /* all: records that are held refer to them */
	unsigned n_allows;

	struct service service; /* the manager that started us, if any */
	struct runner *runner; /* NULL: there are no commands */
	struct runner_command commands[N_COMMANDS];
	const char *expire_argv[5];
	int command, expire; /* numbers of commands; -1: not asked for */

	/* Duties of the main thread. */
	struct log *log;
	struct snapshot *snapshot; /* of each worker */
	int64_t next_tick_ns, next_metrics_ns, next_save_ns; /* monotonic */
	int64_t no_save_ns; /* not before */
	uint64_t saved_changes; /* of templates, when they were saved */
	uint64_t truncated; /* packets of captures */
	/* One kind of trouble does not keep another from being told. */
	struct diag_limit command_limit, templates_limit, metrics_limit;
};

/* confine.c: privileges and the sandbox. */
void confine_privileges(struct collector *);
void confine_sandbox(struct collector *);

/* command.c: what runs when a file is complete. */
void command_start(struct collector *); /* before the sandbox */
void command_file(struct collector *, const char *path); /* on any thread */
void command_tell(struct collector *); /* what went wrong */
void command_end(struct collector *);

/* listen.c: sockets. */
void listen_open(struct collector *);
void listen_open_repeats(struct collector *);
void listen_write_port_file(const struct collector *);
void listen_close(struct collector *);

/* work.c: the store and the workers. */
void work_open(struct collector *, char **argv);
void work_start(struct collector *);
void work_stop(struct collector *); /* workers take what has arrived, and end */
void work_close(struct collector *);

/* duty.c */
void duty_begin(struct collector *);
int64_t duty_due_ns(const struct collector *); /* until the next one */
void duty_do(struct collector *); /* what is due */
void duty_statistics(struct collector *); /* SIGUSR1 */
void duty_reload(struct collector *); /* SIGHUP */
void duty_restore_known(struct collector *); /* options of an earlier one, to the store */
void duty_restore(struct collector *); /* its templates: to the workers; faults are told */
void duty_end(struct collector *); /* the last ones, when all workers have ended */

/* read.c: captures and IPFIX files, with statistics between two messages whenever they are asked for. */
void read_sources(
    struct collector *, volatile sig_atomic_t *stopped, volatile sig_atomic_t *asked_statistics);

/* allow.h, of the command line and its files; -1 with err. */
int collector_allow(struct collector *, struct err *);

#endif
