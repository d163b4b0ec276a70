#include "worker.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/time.h"
#include "net/udp.h"

/*
 * While datagrams keep coming, let some gather: a wake-up for every few costs more than decoding them.
 * While the store has no room what arrives waits in the receive buffers, until they are half full.
 */
enum { GATHER_LEAST_NS = 500000, ROUNDS = 16, STALL_NS = 5000000, EVENTS = 64 };

/* A socket that gives nothing but errors for so long will not be well again. */
#define FAILING_NS (10 * NS_PER_S)

/* What another thread asks for, one at a time. */
enum ask { ASK_NOTHING, ASK_SNAPSHOT, ASK_SAVE };

struct worker {
	struct worker_opts opts;
	struct intake intake;
	struct udp_receiver *receiver;
	struct conns *conns;
	enum watched woken; /* what the set's event of `wake` points to */
	int epoll, wake;
	pthread_t thread;
	bool running, behind; /* more waits than receive_all takes at once */
	atomic_bool stopping;
	uint64_t stalls;
	struct diag_limit failing;

	pthread_mutex_t lock;
	pthread_cond_t answered;
	atomic_int ask;
	void *answer;
};

/* Answers ---------------------------------------------------------------------------------------- */

static bool
is_udp(const struct door *d)
{
	return d->fd >= 0 && !door_is_stream(d);
}

/* The kernel counts in 32 bits, which a busy day fills. */
static void
note_drops(struct door *d)
{
	d->dropped += (uint32_t)(udp_drops(d->fd) - (uint32_t)d->dropped);
}

static uint16_t
only_port(const struct snapshot *s)
{
	uint16_t port = 0;

	if (s->n_doors > 0)
		return s->n_doors == 1 ? s->door[0].at.port : 0;
	for (size_t i = 0; i < s->n; i++) { /* captures */
		uint16_t to = s->exporter[i].to.port;

		if (port != 0 && to != 0 && to != port)
			return 0;
		port = to != 0 ? to : port;
	}
	return port;
}

/* The address of captures; of doors each port has one, or none. */
static struct addr
only_address(const struct snapshot *s)
{
	struct addr only = { { 0 } };

	for (size_t i = 0; i < s->n && s->n_doors == 0; i++) {
		const struct addr *to = &s->exporter[i].to.addr;

		if (!addr_is_zero(&only) && !addr_is_zero(to) && !addr_equal(&only, to))
			return (struct addr){ { 0 } };
		only = addr_is_zero(to) ? only : *to;
	}
	return only;
}

/* Is the port ours at this address, and at no other? */
static bool
is_only_address(const struct snapshot *s, const struct wire_place *to)
{
	bool found = false;

	if (s->n_doors == 0)
		return addr_equal(&to->addr, &s->only.addr);
	for (unsigned i = 0; i < s->n_doors; i++) {
		const struct wire_place *at = &s->door[i].at;

		if (at->port == to->port && !addr_equal(&at->addr, &to->addr))
			return false;
		found = found || at->port == to->port;
	}
	return found;
}

struct wire_place
snapshot_place(const struct snapshot *s, const struct wire_stats *w)
{
	struct wire_place told = { .port = 0 };

	if (!addr_is_zero(&w->to.addr) && !is_only_address(s, &w->to))
		return w->to;
	if (w->to.port != s->only.port)
		told.port = w->to.port;
	return told;
}

static void
fill_snapshot(struct worker *w, struct snapshot *s)
{
	struct wire_stats stats;

	for (s->n = 0; wire_stats_at(w->intake.wire, s->n, &stats); s->n++) {
		if (s->n == s->cap) {
			s->cap = s->cap ? 2 * s->cap : 16;
			s->exporter = mem_resize(s->exporter, s->cap, sizeof *s->exporter);
		}
		s->exporter[s->n] = stats;
	}
	wire_totals(w->intake.wire, &s->totals);
	s->n_doors = w->opts.n_doors;
	s->door = mem_resize(s->door, s->n_doors + 1, sizeof *s->door);
	for (unsigned i = 0; i < s->n_doors; i++) {
		struct door *d = &w->opts.doors[i];

		if (is_udp(d) && !atomic_load(&w->stopping))
			note_drops(d);
		s->door[i] = *d;
	}
	s->only = (struct wire_place){ only_address(s), only_port(s) };
	s->blocks = blocks_stats(w->intake.blocks);
	s->repeat = (struct repeat_stats){ 0 };
	for (unsigned i = 0; i < w->opts.n_repeat; i++) {
		struct repeat_stats r = repeat_stats(w->opts.repeat[i]);

		s->repeat.sent += r.sent;
		s->repeat.failed += r.failed;
	}
	s->stalls = w->stalls;
	s->changes = wire_changes(w->intake.wire);
}

static void
fill_saved(struct worker *w, struct saved *s)
{
	struct batch *b = batch_new();

	for (size_t at = 0; wire_save(w->intake.wire, &at, b);) {
		batch_close(b);
		s->batch = mem_resize(s->batch, s->n + 1, sizeof(struct batch *));
		s->batch[s->n++] = b;
		b = batch_new();
	}
	batch_free(b);
}

static void
fill(struct worker *w, enum ask ask, void *answer)
{
	if (ask == ASK_SNAPSHOT)
		fill_snapshot(w, answer);
	else if (ask == ASK_SAVE)
		fill_saved(w, answer);
}

static void
answer(struct worker *w)
{
	if (atomic_load_explicit(&w->ask, memory_order_relaxed) == ASK_NOTHING)
		return;
	pthread_mutex_lock(&w->lock);
	fill(w, (enum ask)atomic_load(&w->ask), w->answer);
	atomic_store(&w->ask, ASK_NOTHING);
	pthread_cond_signal(&w->answered);
	pthread_mutex_unlock(&w->lock);
}

static void
wake(struct worker *w)
{
	uint64_t one = 1;

	(void)!write(w->wake, &one, sizeof one);
}

/* A worker that has ended answers on the thread that asks. */
static void
ask(struct worker *w, enum ask what, void *to)
{
	if (!w->running) {
		fill(w, what, to);
		return;
	}
	pthread_mutex_lock(&w->lock);
	w->answer = to;
	atomic_store(&w->ask, (int)what);
	wake(w);
	while (atomic_load(&w->ask) != ASK_NOTHING)
		pthread_cond_wait(&w->answered, &w->lock);
	pthread_mutex_unlock(&w->lock);
}

void
worker_snapshot(struct worker *w, struct snapshot *s)
{
	ask(w, ASK_SNAPSHOT, s);
}

void
worker_save(struct worker *w, struct saved *s)
{
	ask(w, ASK_SAVE, s);
}

void
snapshot_free(struct snapshot *s)
{
	mem_free(s->exporter);
	mem_free(s->door);
	*s = (struct snapshot){ .n = 0 };
}

/* Receiving -------------------------------------------------------------------------------------- */

static void
decode(struct worker *w, struct door *d, const struct datagram *p)
{
	struct wire_msg msg = { .data = p->data,
		.len = p->len,
		.exporter = p->from,
		.port = p->from_port,
		.to = d->at,
		.received_ns = p->received_ns };

	d->octets += p->len;
	d->truncated += p->truncated;
	if (intake_allows(&w->intake, &msg))
		intake_decode(&w->intake, &msg);
	else
		d->denied++;
}

/* As udp_receive, of which errors pass: the system had no memory for a moment, the network told of something. */
static int
take_datagrams(struct worker *w, struct door *d, struct datagram *out)
{
	int64_t until_ns = 0;
	int n;

	while ((n = udp_receive(w->receiver, d->fd, out)) < 0) {
		int error = errno;
		int64_t now_ns = time_monotonic_ns();

		d->failed++;
		until_ns = until_ns != 0 ? until_ns : now_ns + FAILING_NS;
		if (now_ns >= until_ns)
			die(EXIT_FAILED, d->name, "cannot receive: %s", strerror(error));
		if (!w->opts.conns.quiet)
			diag_limited(&w->failing, d->name, "cannot receive: %s; trying again",
			    strerror(error));
		nanosleep(&(struct timespec){ .tv_nsec = STALL_NS }, NULL);
	}
	return n;
}

/* Decode what waits at a door, a batch of it at most.  Returns how many datagrams that were. */
static int
receive(struct worker *w, struct door *d)
{
	struct datagram datagrams[UDP_BATCH];
	int n = take_datagrams(w, d, datagrams);

	if (n == 0)
		return 0;
	blocks_clock(w->intake.blocks, datagrams[0].received_ns);
	for (unsigned i = 0; i < w->opts.n_repeat; i++)
		repeat_send(w->opts.repeat[i], datagrams, (unsigned)n);
	for (int i = 0; i < n; i++)
		decode(w, d, &datagrams[i]);
	d->datagrams += (uint64_t)n;
	blocks_flush(w->intake.blocks);
	return n;
}

static void
stall(struct worker *w)
{
	w->stalls++;
	nanosleep(&(struct timespec){ .tv_nsec = STALL_NS }, NULL);
	blocks_flush(w->intake.blocks);
}

/* Is there time to wait for the store: is the door's receive buffer less than half full? */
static bool
can_wait(const struct door *d)
{
	struct udp_queue q = udp_queue(d->fd);

	return q.used < q.size / 2;
}

/* Decode what waits at all doors, some rounds of it.  Returns how many datagrams. */
static unsigned
receive_all(struct worker *w)
{
	struct wire_out *out = blocks_out(w->intake.blocks);
	unsigned sum = 0;

	w->behind = false;
	for (unsigned i = 0; i < w->opts.n_doors; i++)
		for (int round = 0; round < ROUNDS && is_udp(&w->opts.doors[i]); round++) {
			int n;

			out->discard = blocks_stalled(w->intake.blocks);
			if (out->discard && can_wait(&w->opts.doors[i]))
				break;
			n = receive(w, &w->opts.doors[i]);
			sum += (unsigned)n;
			if (n < UDP_BATCH)
				break;
			w->behind = w->behind || round == ROUNDS - 1;
		}
	if (out->discard && sum == 0)
		stall(w);
	out->discard = false;
	return sum;
}

/* While the store has no room connections are not read: their peers wait.  Returns if that is so. */
static bool
serve(struct worker *w, const struct epoll_event *e)
{
	enum watched *what = e->data.ptr;
	uint64_t woken;

	switch (*what) {
	case WATCHED_WAKE: (void)!read(w->wake, &woken, sizeof woken); break;
	case WATCHED_DATAGRAMS: break; /* receive_all looks at every door */
	case WATCHED_LISTENER: conns_accept(w->conns, e->data.ptr); break;
	case WATCHED_CONNECTION:
		if (blocks_stalled(w->intake.blocks)) {
			conns_leave(e->data.ptr);
			return true;
		}
		conns_read(w->conns, e->data.ptr);
		break;
	}
	return false;
}

static int
timeout_ms(const struct worker *w)
{
	int64_t due = blocks_due(w->intake.blocks, time_now_ns());
	int64_t sweep = conns_due(w->conns, time_monotonic_ns());

	if (sweep >= 0 && (due < 0 || sweep < due))
		due = sweep;
	if (due < 0)
		return -1;
	return due > 3600 * NS_PER_S ? 3600 * 1000 : (int)((due + NS_PER_MS - 1) / NS_PER_MS);
}

static void
wait_for_events(struct worker *w)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(w->epoll, events, EVENTS, timeout_ms(w));
	bool left = false;

	if (n < 0 && errno != EINTR)
		die(EXIT_FAILED, NULL, "epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++)
		left = serve(w, &events[i]) || left;
	/* Once for all of them: the receive buffers of datagrams fill meanwhile. */
	if (left)
		stall(w);
	conns_sweep(w->conns, time_monotonic_ns());
	blocks_set_clock(w->intake.blocks, time_now_ns());
	blocks_flush(w->intake.blocks);
}

/* What came before the collector was told to end is ours; what comes now is not. */
static void
drain(struct worker *w)
{
	for (unsigned i = 0; i < w->opts.n_doors; i++) {
		struct door *d = &w->opts.doors[i];

		if (d->fd < 0 || d->handed)
			continue;
		if (door_is_stream(d)) {
			conns_shut(w->conns, d);
			continue;
		}
		note_drops(d);
		udp_shut(d->fd);
		while (receive(w, d) > 0)
			continue;
	}
	conns_drain(w->conns);
	blocks_end(w->intake.blocks);
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	const struct timespec gather = { .tv_nsec = w->opts.gather_ns };

	while (!atomic_load(&w->stopping)) {
		wait_for_events(w);
		answer(w);
		while (receive_all(w) > 1 && !w->behind && w->opts.gather_ns >= GATHER_LEAST_NS &&
		       !atomic_load(&w->stopping)) {
			answer(w);
			nanosleep(&gather, NULL);
		}
	}
	drain(w);
	answer(w);
	return NULL;
}

/* Life ------------------------------------------------------------------------------------------- */

static void
watch(struct worker *w, int fd, uint32_t events, void *what)
{
	struct epoll_event e = { .events = events, .data.ptr = what };

	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
		die(EXIT_FAILED, NULL, "epoll_ctl: %s", strerror(errno));
}

/* A listener is in the sets of all workers: whoever is woken accepts. */
static void
watch_doors(struct worker *w)
{
	watch(w, w->wake, EPOLLIN, &w->woken);
	for (unsigned i = 0; i < w->opts.n_doors; i++) {
		struct door *d = &w->opts.doors[i];

		if (door_is_stream(d))
			watch(w, d->fd, EPOLLIN | EPOLLEXCLUSIVE, d);
		else if (d->fd >= 0)
			watch(w, d->fd, EPOLLIN, d);
	}
}

struct worker *
worker_new(const struct worker_opts *opts)
{
	struct worker *w = mem_zero(1, sizeof *w);
	struct conns_opts conns = opts->conns;

	w->opts = *opts;
	w->intake = (struct intake){ .wire = wire_new(&opts->wire),
		.blocks = blocks_new(&opts->blocks),
		.allow = opts->allow };
	w->receiver = udp_receiver_new();
	w->failing = (struct diag_limit){ .burst = 1, .interval_s = 60 };
	w->woken = WATCHED_WAKE;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->epoll < 0 || w->wake < 0)
		die(EXIT_FAILED, NULL, "cannot wait for events: %s", strerror(errno));
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->answered, NULL);
	watch_doors(w);
	conns.intake = w->intake;
	conns.epoll = w->epoll;
	w->conns = conns_new(&conns);
	return w;
}

struct wire *
worker_wire(struct worker *w)
{
	return w->intake.wire;
}

struct blocks *
worker_blocks(struct worker *w)
{
	return w->intake.blocks;
}

int
worker_start(struct worker *w)
{
	errno = pthread_create(&w->thread, NULL, run, w);
	w->running = errno == 0;
	return w->running ? 0 : -1;
}

void
worker_stop(struct worker *w)
{
	atomic_store(&w->stopping, true);
	wake(w);
}

void
worker_wait(struct worker *w)
{
	if (!w->running)
		return;
	pthread_join(w->thread, NULL);
	w->running = false;
}

void
worker_free(struct worker *w)
{
	if (w == NULL)
		return;
	conns_free(w->conns);
	blocks_free(w->intake.blocks);
	wire_free(w->intake.wire);
	udp_receiver_free(w->receiver);
	close(w->epoll);
	close(w->wake);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->answered);
	mem_free(w);
}
