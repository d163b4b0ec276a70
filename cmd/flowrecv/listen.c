/*
 * listen.c - the doors of a collector: its own sockets, and those that a service manager opened.
 *
 * Every worker has a UDP socket of its own at each address; a socket that was handed over is one, the first
 * worker's.  Connections have one listener for all workers.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/file.h"
#include "base/mem.h"
#include "collector.h"
#include "net/udp.h"
#include "options.h"

/*
 * A receive buffer of n octets takes n / 4 ns at least to fill to a half at 10 Gbit/s (the kernel's
 * bookkeeping included), so waiting for so long loses nothing: 8 ms with the default one.
 */
enum { GATHER_OCTETS_NS = 4, GATHER_MOST_NS = 20000000, DESCRIPTORS = 256 };

/* The door of a worker that is opened next. */
static struct door *
next_door(const struct collector *c, unsigned worker)
{
	return &c->doors[worker * c->max_doors + c->n_doors];
}

/* Every address is none that tells senders apart. */
static struct wire_place
place_of(const struct endpoint *e)
{
	struct wire_place p = { e->addr, e->port };

	if (addr_is_v4(&p.addr) && addr_u32(&p.addr) == 0)
		p.addr = (struct addr){ 0 };
	return p;
}

static void
name_datagrams(struct door *d)
{
	struct endpoint e;

	if (endpoint_local(d->fd, &e) != 0)
		die(EXIT_FAILED, NULL, "%s", strerror(errno));
	d->name[endpoint_fmt(d->name, &e)] = '\0';
	d->at = place_of(&e);
}

static void
note_buffer(struct collector *c, int granted)
{
	if (granted < c->set.rcvbuf && !c->set.quiet)
		diag(next_door(c, 0)->name,
		    "the kernel grants a receive buffer of %d KiB, not %d KiB: raise "
		    "net.core.rmem_max",
		    granted / 1024, c->set.rcvbuf / 1024);
	if (granted / GATHER_OCTETS_NS < c->gather_ns)
		c->gather_ns = granted / GATHER_OCTETS_NS;
}

static void
add_datagrams(struct collector *c, const int *fds, int n, int granted)
{
	for (unsigned w = 0; w < c->n_workers; w++) {
		struct door *d = next_door(c, w);

		d->watched = WATCHED_DATAGRAMS;
		d->fd = w < (unsigned)n ? fds[w] : -1;
		if (d->fd >= 0)
			name_datagrams(d);
		else
			d->at = next_door(c, 0)->at;
	}
	note_buffer(c, granted);
}

static void
add_listener(struct collector *c, const struct listener *l)
{
	for (unsigned w = 0; w < c->n_workers; w++) {
		struct door *d = next_door(c, w);
		size_t n = strlen(transport_name(l->transport));

		d->watched = WATCHED_LISTENER;
		d->fd = l->fd;
		d->listener = *l;
		d->at = place_of(&l->local);
		memcpy(d->name, transport_name(l->transport), n);
		d->name[n++] = ':';
		n += endpoint_fmt(d->name + n, &l->local);
		d->name[n] = '\0';
	}
}

static void
added(struct collector *c)
{
	if (c->set.verbose)
		diag(NULL, "listening on %s", next_door(c, 0)->name);
	c->n_doors++;
}

static struct tls *
tls_of(struct collector *c)
{
	struct err err = { .status = 0 };

	if (c->tls == NULL)
		c->tls = tls_server(&c->set.tls, &err);
	if (c->tls == NULL)
		die(err.status, "tls", "%s", err.text);
	return c->tls;
}

static void
open_address(struct collector *c, const char *text)
{
	struct err err = { .status = 0 };
	struct listener l;
	struct address a;

	(void)address_parse(&a, text, ADDRESS_LISTEN, LISTEN_TRANSPORTS, &err);
	if (a.transport == TRANSPORT_UDP) {
		int fds[UDP_WORKERS_MAX], granted = 0;
		int n = udp_listen_workers(&a, c->set.rcvbuf, c->n_workers, fds, &granted, &err);

		if (n > 0)
			add_datagrams(c, fds, n, granted);
	} else if (listener_open(&l, &a, a.transport == TRANSPORT_TLS ? tls_of(c) : NULL, &err) ==
		   0) {
		add_listener(c, &l);
	}
	if (err.status != 0)
		die(err.status, text, "%s", err.text);
	added(c);
}

/* A stream socket called "tls" carries TLS. */
static void
adopt(struct collector *c, const struct service_socket *s)
{
	struct err err = { .status = 0 };
	struct inherited in;
	struct listener l;

	if (inherit_socket(s->fd, c->set.rcvbuf, &in, &err) != 0)
		die(err.status, s->name, "%s", err.text);
	if (in.transport == TRANSPORT_UDP) {
		add_datagrams(c, &s->fd, 1, in.granted);
	} else {
		listener_adopt(&l, s->fd, &in, strcmp(s->name, "tls") == 0 ? tls_of(c) : NULL);
		add_listener(c, &l);
	}
	for (unsigned w = 0; w < c->n_workers; w++)
		next_door(c, w)->handed = true;
	added(c);
}

/* Connections take descriptors: as many as are allowed. */
static void
raise_limit(const struct collector *c)
{
	struct rlimit limit;
	rlim_t want = c->set.connections + DESCRIPTORS;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want < limit.rlim_max ? want : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* What a collector before us left would say that we are ready, at its address. */
static void
remove_port_file(const char *path)
{
	struct stat st;

	if (path != NULL && lstat(path, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(path);
}

void
listen_open(struct collector *c)
{
	struct service_socket *handed = NULL;
	struct err err = { .status = 0 };
	int n = service_sockets(&handed, &err);

	if (n < 0)
		die(err.status, NULL, "%s", err.text);
	raise_limit(c);
	remove_port_file(c->set.port_file);
	c->max_doors = c->set.n_listen + (unsigned)n + 1;
	c->doors = mem_zero((size_t)c->n_workers * c->max_doors, sizeof *c->doors);
	c->gather_ns = GATHER_MOST_NS;
	for (int i = 0; i < n; i++)
		adopt(c, &handed[i]);
	for (unsigned i = 0; i < c->set.n_listen; i++)
		open_address(c, c->set.listen[i]);
	if (c->n_doors == 0)
		open_address(c, "udp:2055");
	if (c->tls == NULL && settings_has_tls(&c->set))
		opt_usage(&flowrecv_program,
		    "--cert, --key, --ca and --peer go with tls, for which nothing listens here");
	mem_free(handed);
}

void
listen_open_repeats(struct collector *c)
{
	const struct settings *set = &c->set;

	c->repeat = mem_zero((size_t)c->n_workers * set->n_repeat + 1, sizeof(struct repeat *));
	for (unsigned i = 0; i < c->n_workers * set->n_repeat; i++) {
		const char *to = set->repeat[i % set->n_repeat];
		struct err err = { .status = 0 };
		struct address a;

		(void)address_parse(&a, to, ADDRESS_SEND, 1 << TRANSPORT_UDP, &err);
		c->repeat[i] = repeat_open(&a, set->spoof, &err);
		if (c->repeat[i] == NULL)
			die(err.status, to, "%s", err.text);
	}
}

/* ADDRESS:PORT of each, without the transport. */
void
listen_write_port_file(const struct collector *c)
{
	struct buf text = { .len = 0 };
	struct err err = { .status = 0 };

	if (c->set.port_file == NULL)
		return;
	for (unsigned i = 0; i < c->n_doors; i++) {
		const struct door *d = &c->doors[i];
		const char *name = d->name;

		if (door_is_stream(d))
			name += strlen(transport_name(d->listener.transport)) + 1;
		buf_printf(&text, "%s\n", name);
	}
	if (outfile_put(c->set.port_file, text.data, text.len, &err) != 0)
		die(err.status, c->set.port_file, "%s", err.text);
	buf_free(&text);
}

void
listen_close(struct collector *c)
{
	for (unsigned w = 0; w < c->n_workers; w++)
		for (unsigned i = 0; i < c->n_doors; i++) {
			struct door *d = &c->doors[w * c->max_doors + i];

			if (!door_is_stream(d) && d->fd >= 0)
				close(d->fd);
			else if (door_is_stream(d) && w == 0)
				listener_close(&d->listener);
		}
	for (unsigned i = 0; i < c->n_workers * c->set.n_repeat; i++)
		repeat_close(c->repeat[i]);
	mem_free(c->repeat);
	mem_free(c->doors);
	tls_free(c->tls);
}
