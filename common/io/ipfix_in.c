#include "io/ipfix_in.h"

#include <errno.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/time.h"
#include "wire/wire.h"

enum { MESSAGE_HEADER = 16, MESSAGE_MAX = 65535, WINDOW = 1 << 20 };

struct ipfix_in {
	int fd, stop_fd;
	struct wire *wire;
	struct wire_out out;
	uint8_t *data;
	size_t at, have;
	uint64_t offset;
	bool ended;
	struct err err; /* to be told once the whole messages before it were handed out */
	struct batch **ready; /* closed batches to hand out, oldest first */
	size_t n_ready, cap_ready;
};

/* The open batch of a kind goes to the ready ones; its place holds an empty one. */
static void
take_open(void *ctx, enum wire_kind kind)
{
	struct ipfix_in *in = ctx;
	struct batch *fresh = batch_new(), whole = *in->out.batch[kind];

	*in->out.batch[kind] = *fresh;
	*fresh = whole;
	in->out.batch[kind]->options = kind == WIRE_OPTIONS;
	if (fresh->n == 0) {
		batch_free(fresh);
		return;
	}
	batch_close(fresh);
	if (in->n_ready == in->cap_ready) {
		in->cap_ready = in->cap_ready ? in->cap_ready * 2 : 8;
		in->ready = mem_resize(in->ready, in->cap_ready, sizeof(struct batch *));
	}
	in->ready[in->n_ready++] = fresh;
}

struct ipfix_in *
ipfix_in_open(int fd, const void *head, size_t head_len, bool raw, int stop_fd)
{
	struct ipfix_in *in = mem_zero(1, sizeof(*in));
	struct wire_opts opts = { .raw = raw };

	in->fd = fd;
	in->stop_fd = stop_fd;
	in->wire = wire_new(&opts);
	in->data = mem_alloc(WINDOW);
	memcpy(in->data, head_len ? head : "", head_len);
	in->have = head_len;
	in->out.full = take_open;
	in->out.ctx = in;
	for (int k = 0; k < WIRE_KINDS; k++) {
		in->out.batch[k] = batch_new();
		in->out.batch[k]->options = k == WIRE_OPTIONS;
	}
	return in;
}

void
ipfix_in_close(struct ipfix_in *in)
{
	if (in == NULL)
		return;
	for (int k = 0; k < WIRE_KINDS; k++)
		batch_free(in->out.batch[k]);
	for (size_t i = 0; i < in->n_ready; i++)
		batch_free(in->ready[i]);
	mem_free(in->ready);
	wire_free(in->wire);
	mem_free(in->data);
	close(in->fd);
	mem_free(in);
}

/* At least n octets at data + at unless the input ends. */
static int
fill(struct ipfix_in *in, size_t n)
{
	ssize_t got;

	if (in->have >= n)
		return 0;
	memmove(in->data, in->data + in->at, in->have);
	in->at = 0;
	do {
		got = file_read_some(in->fd, in->stop_fd, in->data + in->have, WINDOW - in->have);
		if (got < 0)
			return -1;
		in->have += (size_t)got;
	} while (got > 0 && in->have < n);
	return 0;
}

/* It ends here, and should not. */
static bool
fail(struct ipfix_in *in, const char *why)
{
	err_set(&in->err, "offset %llu: %s", (unsigned long long)in->offset, why);
	return false;
}

/* One message; false when there is none any more (in->ended, perhaps in->err). */
static bool
read_message(struct ipfix_in *in)
{
	struct wire_msg msg = { .stream = WIRE_CONNECTION };
	const uint8_t *p;
	size_t len;

	in->ended = true;
	if (fill(in, MESSAGE_HEADER) != 0)
		return fail(in, strerror(errno));
	if (in->have == 0)
		return false;
	p = in->data + in->at;
	if (in->have < MESSAGE_HEADER || be_uint(p, 2) != 10 || be_uint(p + 2, 2) < MESSAGE_HEADER)
		return fail(in, "no IPFIX message header here");
	len = be_uint(p + 2, 2);
	if (fill(in, len) != 0)
		return fail(in, strerror(errno));
	if (in->have < len)
		return fail(in, "file ends within a message");
	msg.data = in->data + in->at;
	msg.len = len;
	msg.received_ns = (int64_t)be_uint(msg.data + 4, 4) * NS_PER_S;
	wire_decode(in->wire, &msg, &in->out);
	in->at += len;
	in->have -= len;
	in->offset += len;
	in->ended = false;
	return true;
}

/* Batches that are full, or all of them, options first. */
static void
take_ready(struct ipfix_in *in, size_t least)
{
	static const enum wire_kind order[WIRE_KINDS] = { WIRE_OPTIONS, WIRE_FLOWS4, WIRE_FLOWS6 };

	for (unsigned i = 0; i < WIRE_KINDS; i++)
		if (in->out.batch[order[i]]->n >= least)
			take_open(in, order[i]);
}

int
ipfix_in_next(struct ipfix_in *in, struct batch **b, struct err *err)
{
	while (in->n_ready == 0 && !in->ended)
		take_ready(in, read_message(in) ? BATCH_RECORDS : 0);
	if (in->n_ready > 0) {
		batch_free(*b);
		*b = in->ready[0];
		memmove(in->ready, in->ready + 1, --in->n_ready * sizeof(struct batch *));
		return 1;
	}
	if (in->err.status == 0)
		return 0;
	*err = in->err;
	in->err = (struct err){ 0 };
	return -1;
}
