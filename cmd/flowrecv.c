/*
 * flowrecv - collect NetFlow, IPFIX and sFlow into a flow stream.
 *
 * One loop receives and decodes; another thread encodes, writes and rotates (flowrecv/store.h).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "flowrecv/settings.h"
#include "flowrecv/source.h"
#include "flowrecv/stats.h"
#include "flowrecv/store.h"
#include "net/udp.h"

/*
 * While datagrams keep coming, let some gather: a wake-up for every few costs more than decoding them.
 * A receive buffer of n octets takes n / 4 ns at least to fill to a half at 10 Gbit/s (the kernel's
 * bookkeeping included), so waiting for so long loses nothing: 8 ms with the default one.
 */
enum { GATHER_OCTETS_NS = 4, GATHER_LEAST_NS = 500000, GATHER_MOST_NS = 10000000, ROUNDS = 16 };

static volatile sig_atomic_t stopped, asked;

static void
on_stop(int signo)
{
	(void)signo;
	stopped = 1;
}

static void
on_ask(int signo)
{
	(void)signo;
	asked = 1;
}

struct collector {
	struct settings set;
	struct wire *wire;
	struct store *store;
	struct door *doors;
	unsigned n_doors;
	int64_t gather_ns; /* 0: the receive buffers are too small for it */
	char *history;
	uint64_t truncated;
	int status;
};

/*
 * A second SIGTERM or SIGINT ends a collector that cannot finish because its reader is stuck.
 * SIGTERM does not restart system calls: a read from a quiet pipe ends.
 */
static void
catch_signals(sigset_t *blocked, sigset_t *before)
{
	struct sigaction stop = { .sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ask = { .sa_handler = on_ask, .sa_flags = SA_RESTART };

	sigemptyset(blocked);
	sigaddset(blocked, SIGTERM);
	sigaddset(blocked, SIGINT);
	sigaddset(blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, blocked, before);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &ask, NULL);
}

static void
statistics(struct collector *c)
{
	stats_exporters(c->wire);
	for (unsigned i = 0; i < c->n_doors; i++) {
		c->doors[i].dropped = udp_drops(c->doors[i].fd);
		stats_door(&c->doors[i]);
	}
}

static void
answer(struct collector *c)
{
	if (!asked)
		return;
	asked = 0;
	statistics(c);
}

/* Sockets ---------------------------------------------------------------------------------------- */

static void
open_doors(struct collector *c)
{
	c->doors = mem_zero(c->set.n_listen, sizeof *c->doors);
	c->gather_ns = GATHER_MOST_NS;
	for (unsigned i = 0; i < c->set.n_listen; i++) {
		struct door *d = &c->doors[c->n_doors++];
		struct udp_opts opts = { .rcvbuf = c->set.rcvbuf };
		struct err err = { .status = 0 };
		struct address a;
		struct endpoint at;
		int granted = 0;

		d->fd = -1;
		if (address_parse(&a, c->set.listen[i], ADDRESS_LISTEN, 1 << TRANSPORT_UDP, &err) ==
		    0)
			d->fd = udp_listen(&a, &opts, &granted, &err);
		if (d->fd < 0 || endpoint_local(d->fd, &at) != 0)
			die(err.status != 0 ? err.status : EXIT_FAILED, c->set.listen[i], "%s",
			    err.status != 0 ? err.text : strerror(errno));
		d->name[endpoint_fmt(d->name, &at)] = '\0';
		if (granted < c->set.rcvbuf && !c->set.quiet)
			diag(d->name,
			    "the kernel grants a receive buffer of %d KiB, not %d KiB: raise "
			    "net.core.rmem_max",
			    granted / 1024, c->set.rcvbuf / 1024);
		if (granted / GATHER_OCTETS_NS < c->gather_ns)
			c->gather_ns = granted / GATHER_OCTETS_NS;
		if (c->set.verbose)
			diag(NULL, "listening on %s", d->name);
	}
}

static void
write_port_file(const struct collector *c)
{
	struct buf text = { .len = 0 };
	struct err err = { .status = 0 };
	struct outfile file;

	if (c->set.port_file == NULL)
		return;
	for (unsigned i = 0; i < c->n_doors; i++)
		buf_printf(&text, "%s\n", c->doors[i].name);
	if (outfile_open(&file, c->set.port_file, &err) == 0) {
		if (file_write(file.fd, text.data, text.len) != 0) {
			err_set(&err, "%s", strerror(errno));
			outfile_discard(&file);
		} else {
			(void)outfile_commit(&file, &err);
		}
	}
	if (err.status != 0)
		die(err.status, c->set.port_file, "%s", err.text);
	buf_free(&text);
}

/* Decode what waits at a door.  Returns how many datagrams that were. */
static int
receive(struct collector *c, struct door *d, struct udp_receiver *r)
{
	struct datagram datagrams[UDP_BATCH];
	int n = udp_receive(r, d->fd, datagrams);

	if (n < 0)
		die(EXIT_FAILED, d->name, "%s", strerror(errno));
	if (n > 0)
		store_clock(c->store, datagrams[0].received_ns);
	for (int i = 0; i < n; i++) {
		const struct datagram *p = &datagrams[i];
		struct wire_msg msg = { .data = p->data,
			.len = p->len,
			.exporter = p->from,
			.port = p->from_port,
			.received_ns = p->received_ns };

		wire_decode(c->wire, &msg, store_out(c->store));
		d->octets += p->len;
		d->truncated += p->truncated;
	}
	d->datagrams += (uint64_t)n;
	if (n > 0)
		store_flush(c->store);
	return n;
}

/* Decode what waits at all doors, some rounds of it.  Returns how many datagrams. */
static unsigned
receive_all(struct collector *c, struct udp_receiver *r)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < c->n_doors; i++)
		for (int round = 0; round < ROUNDS; round++) {
			int n = receive(c, &c->doors[i], r);

			sum += (unsigned)n;
			if (n < UDP_BATCH)
				break;
		}
	return sum;
}

static void
wait_for(struct collector *c, struct pollfd *fds, unsigned n_fds, const sigset_t *mask)
{
	int64_t due = store_due(c->store, time_now_ns());
	struct timespec ts = { .tv_sec = due / NS_PER_S, .tv_nsec = due % NS_PER_S };

	if (ppoll(fds, n_fds, due >= 0 ? &ts : NULL, mask) < 0 && errno != EINTR)
		die(EXIT_FAILED, NULL, "poll: %s", strerror(errno));
	store_clock(c->store, time_now_ns());
	store_flush(c->store);
}

static void
listen_until_stopped(struct collector *c, const sigset_t *mask)
{
	const struct timespec gather = { .tv_nsec = c->gather_ns };
	struct udp_receiver *r = udp_receiver_new();
	struct pollfd *fds = mem_zero(c->n_doors + 2, sizeof *fds);
	unsigned n_fds = c->n_doors;

	for (unsigned i = 0; i < c->n_doors; i++)
		fds[i] = (struct pollfd){ .fd = c->doors[i].fd, .events = POLLIN };
	fds[n_fds++] = (struct pollfd){ .fd = store_failure_fd(c->store), .events = POLLIN };
	if (c->set.out == NULL) /* POLLERR: whoever read our output has gone */
		fds[n_fds++] = (struct pollfd){ .fd = STDOUT_FILENO };
	while (!stopped && !store_failed(c->store) &&
	       (c->set.out != NULL || (fds[n_fds - 1].revents & (POLLERR | POLLNVAL)) == 0)) {
		wait_for(c, fds, n_fds, mask);
		answer(c);
		while (receive_all(c, r) > 1 && c->gather_ns >= GATHER_LEAST_NS) {
			/* Signals wait for wait_for, which a steady flow must not keep away. */
			sigset_t waiting;

			sigpending(&waiting);
			if (sigismember(&waiting, SIGTERM) || sigismember(&waiting, SIGINT) ||
			    sigismember(&waiting, SIGUSR1) || store_failed(c->store))
				break;
			nanosleep(&gather, NULL);
		}
	}
	/* What came before the signal is ours; what comes now is not. */
	for (unsigned i = 0; i < c->n_doors; i++) {
		c->doors[i].dropped = udp_drops(c->doors[i].fd);
		udp_shut(c->doors[i].fd);
		while (receive(c, &c->doors[i], r) > 0)
			continue;
	}
	mem_free(fds);
	udp_receiver_free(r);
}

/* Captures --------------------------------------------------------------------------------------- */

static void
read_source(struct collector *c, const char *path)
{
	const char *subject = strcmp(path, "-") == 0 ? "standard input" : path;
	struct err err = { .status = 0 };
	struct source *source = source_open(path, &err);
	struct wire_msg msg;
	unsigned n = 0;
	int rc = source == NULL ? -1 : 1;

	while (rc == 1 && !stopped && !store_failed(c->store)) {
		rc = source_next(source, &msg, &err);
		if (rc != 1)
			break;
		store_clock(c->store, msg.received_ns);
		wire_decode(c->wire, &msg, store_out(c->store));
		if (++n % 16 == 0)
			store_flush(c->store);
		answer(c);
	}
	if (rc < 0 && !stopped) {
		diag_err(subject, &err);
		c->status = EXIT_FAILED;
	}
	if (source != NULL && source_capture_stats(source) != NULL) {
		c->truncated += source_capture_stats(source)->truncated;
		if (c->set.verbose)
			stats_capture(subject, source_capture_stats(source));
	}
	source_close(source);
}

static bool
reads_pipe(const struct settings *set)
{
	for (unsigned i = 0; i < set->n_read; i++)
		if (strcmp(set->read[i], "-") == 0)
			return !file_is_regular(STDIN_FILENO);
	return false;
}

/* Both ------------------------------------------------------------------------------------------- */

static void
open_store(struct collector *c, char **argv)
{
	const struct settings *set = &c->set;
	struct buf history = { .len = 0 };
	struct err err = { .status = 0 };
	struct store_opts opts = { .rotate_ns = set->rotate_ns,
		.flush_ns = set->flush_ns,
		.live = set->n_read == 0,
		.timely = set->n_read == 0 || reads_pipe(set) };

	buf_puts(&history, "flowrecv");
	for (char **word = argv + 1; *word != NULL; word++)
		buf_printf(&history, " %s", *word);
	if (!set->no_history)
		c->history = mem_string(buf_cstr(&history));
	buf_free(&history);
	opts.output = (struct output_opts){ .path = set->out,
		.dir = set->to_dir,
		.pattern = set->pattern,
		.fast = set->fast,
		.level = set->level,
		.history = c->history };
	c->store = store_open(&opts, time_now_ns(), &err);
	if (c->store == NULL)
		die(err.status, NULL, "%s", err.text);
}

static void
close_store(struct collector *c)
{
	struct store_stats written;
	struct wire_totals totals;
	struct err err = { .status = 0 };
	uint64_t dropped = 0;
	bool broken_pipe;

	if (store_close(c->store, c->status == EXIT_DONE, &written, &broken_pipe, &err) != 0) {
		c->status = EXIT_FAILED;
		if (!broken_pipe)
			diag_err(NULL, &err);
	}
	for (unsigned i = 0; i < c->n_doors; i++) {
		dropped += c->doors[i].dropped;
		c->truncated += c->doors[i].truncated;
	}
	wire_totals(c->wire, &totals);
	if (c->set.verbose) {
		stats_exporters(c->wire);
		for (unsigned i = 0; i < c->n_doors; i++)
			stats_door(&c->doors[i]);
		stats_store(&written, &totals);
	} else if (!c->set.quiet) {
		stats_warn(&totals, dropped, c->truncated);
	}
}

int
main(int argc, char **argv)
{
	struct collector c = { .status = EXIT_DONE };
	sigset_t blocked, before;

	diag_init(argv[0]);
	settings_parse(&c.set, argc, argv);
	catch_signals(&blocked, &before);
	if (c.set.n_read == 0)
		open_doors(&c);
	open_store(&c, argv);
	c.wire = wire_new(&c.set.wire);
	if (c.set.n_read == 0) {
		write_port_file(&c);
		listen_until_stopped(&c, &before);
	} else {
		sigprocmask(SIG_SETMASK, &before, NULL);
		for (unsigned i = 0; i < c.set.n_read; i++)
			read_source(&c, c.set.read[i]);
	}
	close_store(&c);
	wire_free(c.wire);
	for (unsigned i = 0; i < c.n_doors; i++)
		close(c.doors[i].fd);
	mem_free(c.doors);
	mem_free(c.history);
	settings_free(&c.set);
	return opt_finish(c.status);
}
