/*
 * flood - datagrams of exporters that do not exist, to a collector on this machine.
 *
 *	flood KIND HOST:PORT COUNT [A_SECOND]
 *
 *	templates	30 definitions of ten fields, of any ids
 *	strays		ten data sets without a template
 *	options		an interface's name of a kilobyte
 *	garbage		no message of any protocol
 *	types		an element that is a number and octets by turns, 40 times
 *
 * Each comes from another address of 127.0.0.0/8 and port, with another observation domain.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../unit/wire_golden.h"
#include "base/time.h"

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
make_templates(struct craft *c, unsigned i)
{
	open_set(c, 2);
	for (unsigned t = 0; t < 30; t++) {
		PUT(c, { 256 + (i * 30 + t) % 65280, 2 }, { 10, 2 });
		for (unsigned k = 0; k < 10; k++)
			PUT(c, { 1 + (i + t + 31 * k) % 400, 2 }, { 4, 2 });
	}
	close_set(c);
}

static void
make_strays(struct craft *c, unsigned i)
{
	for (unsigned s = 0; s < 10; s++) {
		open_set(c, 256 + (i + s) % 1000);
		put(c, i, 100);
		close_set(c);
	}
}

static void
make_options(struct craft *c, unsigned i)
{
	enum { NAME = 1000 };

	open_set(c, 3);
	PUT(c, { 256, 2 }, { 2, 2 }, { 1, 2 }, { 10, 2 }, { 4, 2 }, { 82, 2 }, { NAME, 2 });
	close_set(c);
	open_set(c, 256);
	put(c, i, 4);
	for (unsigned k = 0; k < NAME; k++)
		put(c, 'a' + i % 26, 1);
	close_set(c);
}

static void
make_garbage(struct craft *c, unsigned i)
{
	c->n = 0;
	put(c, UINT64_C(0x4745542000000000) + i, 8);
}

static void
make_types(struct craft *c, unsigned i)
{
	static const uint16_t number[][2] = { { 1, 4 } }, octets[][2] = { { 1, 9 } };

	put_template_set(c, 2, 256, 1, number);
	put_template_set(c, 2, 257, 1, octets);
	for (unsigned k = 0; k < 40; k++) {
		open_set(c, 256 + k % 2);
		put(c, i, k % 2 ? 9 : 4);
		close_set(c);
	}
}

static const struct kind {
	const char *name;
	void (*make)(struct craft *, unsigned i);
} kinds[] = { { "templates", make_templates }, { "strays", make_strays },
	{ "options", make_options }, { "garbage", make_garbage }, { "types", make_types } };

static void
send_one(const struct craft *c, unsigned i, const struct sockaddr_in *to)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(0x7f000002 + i % 0xfffff0) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
		fail("socket");
	if (sendto(fd, c->d, c->n, 0, (const struct sockaddr *)to, sizeof *to) < 0)
		fail("sendto");
	close(fd);
}

static const struct kind *
kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

int
main(int argc, char **argv)
{
	static struct craft c;
	struct sockaddr_in to = { .sin_family = AF_INET };
	const struct kind *kind = argc >= 4 ? kind_of(argv[1]) : NULL;
	char *colon = kind != NULL ? strrchr(argv[2], ':') : NULL;
	unsigned long count = argc >= 4 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long rate = argc >= 5 ? strtoul(argv[4], NULL, 10) : 20000;
	int64_t begin = time_monotonic_ns();

	if (colon == NULL || count == 0 || rate == 0) {
		fprintf(stderr, "usage: flood KIND HOST:PORT COUNT [A_SECOND]\n");
		return 2;
	}
	*colon = '\0';
	if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		fail(argv[2]);
	to.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	for (unsigned i = 0; i < count; i++) {
		int64_t ahead = begin + (int64_t)i * NS_PER_S / (int64_t)rate - time_monotonic_ns();

		if (ahead > NS_PER_MS)
			nanosleep(&(struct timespec){ .tv_sec = ahead / NS_PER_S,
				      .tv_nsec = ahead % NS_PER_S },
			    NULL);
		begin_ipfix(&c, 0, i);
		kind->make(&c, i);
		if (kind->make != make_garbage)
			finish(&c);
		send_one(&c, i, &to);
	}
	printf("%lu datagrams in %.1f s\n", count, (double)(time_monotonic_ns() - begin) / 1e9);
	return 0;
}
