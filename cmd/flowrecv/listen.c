/*
 * listen.c - the sockets that a collector receives from.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/file.h"
#include "base/mem.h"
#include "collector.h"
#include "net/udp.h"

/*
 * A receive buffer of n octets takes n / 4 ns at least to fill to a half at 10 Gbit/s (the kernel's
 * bookkeeping included), so waiting for so long loses nothing: 8 ms with the default one.
 */
enum { GATHER_OCTETS_NS = 4, GATHER_MOST_NS = 10000000 };

static void
name_door(struct door *d)
{
	struct endpoint e;

	if (endpoint_local(d->fd, &e) != 0)
		die(EXIT_FAILED, NULL, "%s", strerror(errno));
	d->name[endpoint_fmt(d->name, &e)] = '\0';
}

/* A socket for each worker; a multicast group has one, the first worker's. */
static void
open_address(struct collector *c, const char *text)
{
	struct err err = { .status = 0 };
	struct address a;
	int fds[UDP_WORKERS_MAX], granted = 0, n;

	(void)address_parse(&a, text, ADDRESS_LISTEN, 1 << TRANSPORT_UDP, &err);
	n = udp_listen_workers(&a, c->set.rcvbuf, c->n_workers, fds, &granted, &err);
	if (n < 0)
		die(err.status, text, "%s", err.text);
	for (unsigned w = 0; w < c->n_workers; w++) {
		struct door *d = &c->doors[w * c->set.n_listen + c->n_doors];

		d->fd = w < (unsigned)n ? fds[w] : -1;
		if (d->fd >= 0)
			name_door(d);
	}
	if (granted < c->set.rcvbuf && !c->set.quiet)
		diag(c->doors[c->n_doors].name,
		    "the kernel grants a receive buffer of %d KiB, not %d KiB: raise "
		    "net.core.rmem_max",
		    granted / 1024, c->set.rcvbuf / 1024);
	if (granted / GATHER_OCTETS_NS < c->gather_ns)
		c->gather_ns = granted / GATHER_OCTETS_NS;
	if (c->set.verbose)
		diag(NULL, "listening on %s", c->doors[c->n_doors].name);
	c->n_doors++;
}

void
listen_open(struct collector *c)
{
	c->doors = mem_zero((size_t)c->n_workers * c->set.n_listen, sizeof *c->doors);
	c->gather_ns = GATHER_MOST_NS;
	for (unsigned i = 0; i < c->set.n_listen; i++)
		open_address(c, c->set.listen[i]);
}

void
listen_write_port_file(const struct collector *c)
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

void
listen_close(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers * c->n_doors; i++)
		if (c->doors[i].fd >= 0)
			close(c->doors[i].fd);
	mem_free(c->doors);
}
