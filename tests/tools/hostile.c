/*
 * hostile - damage the export messages of captures in every way, or make seeds for the fuzz target of them.
 *
 *	hostile batter EVERY CAPTURE ...	cut each message at every length, change every octet to every
 *						other value: one in EVERY of these, and of the lengths
 *						one in EVERY / 100, by a fixed seed
 *	hostile seeds DIRECTORY CAPTURE ...	inputs of fuzz_wire, one for each capture
 *
 * Whatever was damaged, the laws of wire_oracle.h hold, and records before a cut are those of the whole
 * message.  Prints what was tried and how much memory it took; exit status 1 when a law was broken.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../unit/wire_oracle.h"
#include "base/mem.h"
#include "net/capture.h"

/* clang-format off */
static const struct mode {
	const char *name;
	struct wire_opts opts;
	bool stream;
	bool compare; /* records before a cut */
} modes[] = {
	{ "as it is", { .hold_octets = 1 }, false, true },
	{ "raw, in a stream", { .raw = true, .hold_octets = 1 }, true, true },
	{ "strict", { .strict = true, .hold_octets = 1 }, false, true },
	{ "by address, few at a time",
	    { .scope_ip = true, .max_templates = 4, .max_sessions = 2, .hold_octets = 8192 }, false, false },
};
/* clang-format on */

struct capture_file {
	const char *path;
	struct wire_msg *msg;
	size_t n, cap;
};

static _Noreturn void
fail(const char *what, const char *why)
{
	fprintf(stderr, "hostile: %s: %s\n", what, why);
	exit(3);
}

static void
load(struct capture_file *f, const char *path)
{
	struct err err = { .status = 0 };
	struct capture *c = capture_open(open(path, O_RDONLY), NULL, 0, &err);
	struct datagram d;

	*f = (struct capture_file){ .path = path };
	if (c == NULL)
		fail(path, err.text);
	while (capture_next(c, &d, &err) == 1) {
		uint8_t *copy = mem_alloc(d.len);

		if (f->n == f->cap) {
			f->cap = f->cap ? 2 * f->cap : 64;
			f->msg = mem_resize(f->msg, f->cap, sizeof *f->msg);
		}
		memcpy(copy, d.data, d.len);
		f->msg[f->n++] = (struct wire_msg){ .data = copy,
			.len = d.len,
			.exporter = d.from,
			.port = d.from_port != 0 ? d.from_port : 1,
			.received_ns = d.received_ns };
	}
	if (err.status != 0)
		fail(path, err.text);
	capture_close(c);
}

static void
unload(struct capture_file *f)
{
	for (size_t i = 0; i < f->n; i++)
		mem_free((void *)(uintptr_t)f->msg[i].data);
	mem_free(f->msg);
}

/* Damage ----------------------------------------------------------------------------------------- */

enum { CHECKED = 64 }; /* messages at a time, where it need not be known which one it was */

struct batter {
	uint64_t random, every;
	struct oracle o, whole;
	bool compare;
	uint8_t *scratch;
	unsigned long tried, compared, strange;
};

/* xorshift64* (S. Vigna, 2014) */
static bool
is_chosen(struct batter *b, uint64_t every)
{
	b->random ^= b->random >> 12;
	b->random ^= b->random << 25;
	b->random ^= b->random >> 27;
	return b->random * UINT64_C(0x2545f4914f6cdd1d) % every == 0;
}

/* Feed and look; *marks are then those of this message alone. */
static void
feed(struct batter *b, const struct wire_msg *msg)
{
	oracle_forget_marks(&b->o);
	(void)oracle_feed(&b->o, msg);
	(void)oracle_check(&b->o);
}

static size_t
marks_of(const struct oracle *o)
{
	size_t n = 0;

	for (unsigned k = 0; k < WIRE_KINDS; k++)
		n += o->n_marks[k];
	return n;
}

/*
 * What the whole message gives, when it gives the same whenever it comes (events of firewalls do not).  One that
 * is discarded as malformed may be well formed when it is cut.
 */
static bool
take_reference(struct batter *b, const struct wire_msg *msg)
{
	for (unsigned k = 0; k < WIRE_KINDS; k++) {
		uint64_t *marks = b->whole.mark[k];
		size_t cap = b->whole.cap_marks[k];

		b->whole.mark[k] = b->o.mark[k];
		b->whole.n_marks[k] = b->o.n_marks[k];
		b->whole.cap_marks[k] = b->o.cap_marks[k];
		b->o.mark[k] = marks;
		b->o.cap_marks[k] = cap;
	}
	feed(b, msg);
	return oracle_is_part(&b->o, &b->whole) && oracle_is_part(&b->whole, &b->o) &&
	       (marks_of(&b->whole) > 0 || !b->o.opts.strict);
}

static void
cut(struct batter *b, const struct wire_msg *whole)
{
	struct wire_msg msg = *whole;
	bool stable;

	b->o.marking = b->compare;
	feed(b, whole);
	feed(b, whole);
	stable = b->compare && take_reference(b, whole);
	for (msg.len = 0; msg.len < whole->len; msg.len++) {
		if (!is_chosen(b, (b->every + 99) / 100))
			continue;
		feed(b, &msg);
		b->tried++;
		b->compared += stable;
		b->strange += stable && !oracle_is_part(&b->o, &b->whole);
	}
	b->o.marking = false;
}

static void
change(struct batter *b, const struct wire_msg *whole)
{
	struct wire_msg msg = *whole;

	memcpy(b->scratch, whole->data, whole->len);
	msg.data = b->scratch;
	for (size_t at = 0; at < whole->len; at++) {
		for (unsigned k = 1; k < 256; k++) {
			if (!is_chosen(b, b->every))
				continue;
			b->scratch[at] = whole->data[at] ^ (uint8_t)k;
			(void)oracle_feed(&b->o, &msg);
			if (++b->tried % CHECKED == 0)
				(void)oracle_check(&b->o);
		}
		b->scratch[at] = whole->data[at];
	}
	feed(b, whole); /* the templates are those again that they were */
}

static bool
batter_file(struct batter *b, const struct capture_file *f, const struct mode *mode)
{
	unsigned long strange = b->strange;

	memset(&b->whole, 0, sizeof b->whole);
	oracle_open(&b->o, &mode->opts);
	b->compare = mode->compare;
	for (size_t i = 0; i < f->n; i++) {
		struct wire_msg msg = f->msg[i];

		msg.stream = mode->stream;
		cut(b, &msg);
		change(b, &msg);
	}
	if (b->o.wrong != NULL)
		printf("%s, %s: %s\n", f->path, mode->name, b->o.wrong);
	if (b->strange != strange)
		printf("%s, %s: %lu cuts change the records before them\n", f->path, mode->name,
		    b->strange - strange);
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		mem_free(b->whole.mark[k]);
	oracle_close(&b->o);
	return b->o.wrong == NULL && b->strange == strange;
}

static int
batter(unsigned long every, char **paths)
{
	struct batter b = {
		.random = 0x9e3779b97f4a7c15, .every = every, .scratch = mem_alloc(65536)
	};
	struct capture_file f;
	unsigned long messages = 0, captures = 0;
	struct rusage usage;
	bool good = true;

	for (; *paths != NULL; paths++, captures++) {
		load(&f, *paths);
		for (size_t m = 0; m < sizeof modes / sizeof modes[0]; m++)
			good &= batter_file(&b, &f, &modes[m]);
		messages += f.n;
		unload(&f);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%lu captures, %lu messages, %lu variants, %lu compared, %ld KiB\n", captures,
	    messages, b.tried, b.compared, usage.ru_maxrss);
	mem_free(b.scratch);
	return good && b.tried > 0 ? 0 : 1;
}

/* Seeds ------------------------------------------------------------------------------------------ */

enum { SEED_MAX = 16384 };

/* Two octets of options, then messages as fuzz_wire.c reads them: length, who. */
static void
write_seed(const char *path, const struct capture_file *f, unsigned how)
{
	FILE *out = fopen(path, "wb");
	size_t octets = 2;

	if (out == NULL)
		fail(path, strerror(errno));
	fputc((int)how, out);
	fputc(0, out);
	for (size_t i = 0; i < f->n; i++) {
		const struct wire_msg *msg = &f->msg[i];

		octets += 3 + msg->len;
		if (octets > SEED_MAX)
			break;
		fputc((int)(msg->len >> 8), out);
		fputc((int)(msg->len & 0xff), out);
		fputc((int)(msg->port & 3U) | (int)(msg->exporter.b[15] & 3U) << 2, out);
		fwrite(msg->data, 1, msg->len, out);
	}
	if (fclose(out) != 0)
		fail(path, strerror(errno));
}

static int
seeds(const char *dir, char **paths)
{
	for (; *paths != NULL; paths++) {
		const char *slash = strrchr(*paths, '/');
		struct capture_file f;
		char path[4096];

		load(&f, *paths);
		snprintf(path, sizeof path, "%s/%s", dir, slash != NULL ? slash + 1 : *paths);
		write_seed(path, &f, 0);
		unload(&f);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	unsigned long every = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

	if (argc > 3 && strcmp(argv[1], "batter") == 0 && every > 0)
		return batter(every, argv + 3);
	if (argc > 3 && strcmp(argv[1], "seeds") == 0)
		return seeds(argv[2], argv + 3);
	fprintf(stderr,
	    "usage: hostile batter EVERY CAPTURE ... | hostile seeds DIRECTORY CAPTURE ...\n");
	return 2;
}
