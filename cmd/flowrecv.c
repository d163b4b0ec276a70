/*
 * flowrecv - collect NetFlow, IPFIX and sFlow into a flow stream.
 *
 * Workers receive, decode and encode (flowrecv/worker.h); other threads write and rotate (flowrecv/store.h); this
 * one waits for signals and does what is due once a second (flowrecv/duty.c).
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/num.h"
#include "flowrecv/collector.h"
#include "flowrecv/options.h"

static volatile sig_atomic_t stopped, asked, reload;

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

static void
on_reload(int signo)
{
	(void)signo;
	reload = 1;
}

/*
 * A second SIGTERM or SIGINT ends a collector that cannot finish because its reader is stuck.
 * SIGTERM does not restart system calls: a read from a quiet pipe ends.
 */
static void
catch_signals(sigset_t *before)
{
	struct sigaction stop = { .sa_handler = on_stop, .sa_flags = (int)SA_RESETHAND };
	struct sigaction ask = { .sa_handler = on_ask, .sa_flags = SA_RESTART };
	struct sigaction again = { .sa_handler = on_reload, .sa_flags = SA_RESTART };
	sigset_t blocked;

	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGHUP);
	sigprocmask(SIG_BLOCK, &blocked, before);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGUSR1, &ask, NULL);
	sigaction(SIGHUP, &again, NULL);
}

static void
serve_signals(struct collector *c)
{
	if (asked)
		duty_statistics(c);
	if (reload) {
		(void)service_reloading(&c->service);
		duty_reload(c);
		(void)service_ready(&c->service);
	}
	asked = reload = 0;
}

/* Until a signal says so, the output fails, or whoever read it has gone. */
static void
wait_for_end(struct collector *c, const sigset_t *mask)
{
	struct pollfd fds[3] = { { .fd = store_failure_fd(c->store), .events = POLLIN },
		{ .fd = c->set.out == NULL ? STDOUT_FILENO : -1 }, { .events = POLLIN } };

	while (
	    !stopped && !store_failed(c->store) && (fds[1].revents & (POLLERR | POLLNVAL)) == 0) {
		int64_t due = duty_due_ns(c);
		struct timespec ts = { .tv_sec = due / NS_PER_S, .tv_nsec = due % NS_PER_S };

		fds[2].fd = c->runner != NULL ? runner_fd(c->runner) : -1;
		if (ppoll(fds, 3, &ts, mask) < 0 && errno != EINTR)
			die(EXIT_FAILED, NULL, "poll: %s", strerror(errno));
		serve_signals(c);
		command_tell(c);
		duty_do(c);
	}
}

/* Collect until told to end. */
static void
collect(struct collector *c, const sigset_t *mask)
{
	work_start(c);
	listen_write_port_file(c);
	(void)service_ready(&c->service);
	wait_for_end(c, mask);
	(void)service_stopping(&c->service);
	work_stop(c);
}

int
main(int argc, char **argv)
{
	struct collector c = { .status = EXIT_DONE };
	struct err err = { .status = 0 };
	sigset_t before;
	bool live;

	diag_init(argv[0]);
	settings_parse(&c.set, argc, argv);
	c.n_workers = c.set.workers;
	live = c.set.n_read == 0;
	catch_signals(&before);
	if (collector_allow(&c, &err) != 0)
		die(err.status, "--source", "%s", err.text);
	if (service_open(&c.service, &err) != 0)
		die(err.status, NULL, "%s", err.text);
	if (live) {
		listen_open(&c);
		listen_open_repeats(&c);
	}
	confine_privileges(&c);
	command_start(&c);
	confine_sandbox(&c);
	work_open(&c, argv);
	duty_begin(&c);
	duty_restore(&c);
	if (live) {
		collect(&c, &before);
	} else {
		sigprocmask(SIG_SETMASK, &before, NULL);
		read_sources(&c, &stopped, &asked);
	}
	duty_end(&c);
	command_end(&c);
	work_close(&c);
	listen_close(&c);
	service_close(&c.service);
	settings_free(&c.set);
	return opt_finish(c.status);
}
