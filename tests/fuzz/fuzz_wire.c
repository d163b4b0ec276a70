/*
 * Messages of any protocol, one decoder for all.  The input's first two octets hold options, then come messages
 * behind a u16 length and an octet that says who sends them, and what happens before (enum before).  No crash, and what
 * callers rely on: the laws of wire_oracle.h.
 */
#include <assert.h>
#include <stdio.h>

#include "../unit/wire_oracle.h"
#include "base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Low bits of a message's octet: port (2), exporter (2), then one of these. */
enum before {
	BEFORE_NOTHING,
	BEFORE_TIME, /* 1000 s pass */
	BEFORE_ACQUAINTED, /* 6 s pass */
	BEFORE_CLOCK_BACK, /* 30 s */
	BEFORE_DISCONNECT,
	BEFORE_RESTART, /* the collector, with what it remembered */
	BEFORE_SAVE, /* it remembers, and no more */
	BEFORE_DISCARD, /* flows are not wanted any more, or again */
};

static struct wire_opts
options(unsigned a, unsigned b)
{
	static const size_t hold[] = { 0, 1, 4096, 65536 };

	return (struct wire_opts){ .raw = a & 1,
		.strict = a >> 1 & 1,
		.scope_ip = a >> 2 & 1,
		.max_templates = a >> 3 & 1 ? 4 : 0,
		.max_sessions = a >> 4 & 1 ? 4 : 64,
		.hold_octets = hold[a >> 6],
		.hold_s = b & 1 ? 5 : 0,
		.lifetime_s = b >> 1 & 1 ? 600 : 0,
		.sampling = b >> 2 & 1 ? 100 : 0 };
}

static void
check(struct oracle *o)
{
	const char *wrong = oracle_check(o);

	if (wrong != NULL)
		fprintf(stderr, "%s\n", wrong);
	assert(wrong == NULL);
	assert(o->largest <= 2 * BATCH_OCTETS);
}

static size_t
save(const struct oracle *o, struct wire *to)
{
	struct batch *b = batch_new();
	size_t templates = 0;

	for (size_t at = 0; wire_save(o->w, &at, b);) {
		batch_close(b);
		assert(b->options && wire_is_saved(b));
		templates += b->n;
		if (to != NULL)
			wire_restore(to, b, NULL, NULL);
	}
	batch_free(b);
	return templates;
}

/* A new collector knows the templates of the old one. */
static void
restart(struct oracle *o)
{
	struct oracle fresh;
	size_t saved;

	check(o);
	oracle_open(&fresh, &o->opts);
	fresh.out.discard = o->out.discard;
	saved = save(o, fresh.w);
	assert(save(&fresh, NULL) == saved || o->opts.max_sessions == 4);
	assert(oracle_check(&fresh) == NULL); /* nothing was received */
	oracle_close(o);
	*o = fresh;
	o->out.ctx = o;
}

static void
prepare(struct oracle *o, struct wire_msg *msg, enum before before)
{
	switch (before) {
	case BEFORE_NOTHING: break;
	case BEFORE_TIME: msg->received_ns += 1000 * NS_PER_S; break;
	case BEFORE_ACQUAINTED: msg->received_ns += 6 * NS_PER_S; break;
	case BEFORE_CLOCK_BACK: msg->received_ns -= 30 * NS_PER_S; break;
	case BEFORE_DISCONNECT:
		wire_disconnect(o->w, msg->stream, &msg->exporter, msg->port, &msg->to);
		break;
	case BEFORE_RESTART: restart(o); break;
	case BEFORE_SAVE: (void)save(o, NULL); break;
	case BEFORE_DISCARD: o->out.discard = !o->out.discard; break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct wire_source source = { .name = "core", .sampling = 7 };
	struct cursor c = cur_over(data, len);
	unsigned a = cur_u8(&c), b = cur_u8(&c);
	struct wire_opts opts = options(a, b);
	struct wire_msg msg = { .received_ns = 1700000000 * NS_PER_S,
		.stream = (enum wire_stream)(a >> 5 & 1 ? 1 + (b >> 4 & 1) : 0),
		.source = b >> 3 & 1 ? &source : NULL };
	struct oracle o;

	oracle_open(&o, &opts);
	while (cur_left(&c) >= 3) {
		unsigned how;

		msg.len = cur_u16(&c);
		how = cur_u8(&c);
		msg.len = msg.len < cur_left(&c) ? msg.len : cur_left(&c);
		msg.data = cur_octets(&c, msg.len);
		msg.received_ns += NS_PER_MS;
		msg.port = (uint16_t)(2055 + (how & 3));
		msg.stream_id = msg.stream ? how & 3 : 0;
		msg.exporter = addr_v4(0xc0000201 + (how >> 2 & 3));
		prepare(&o, &msg, (enum before)(how >> 4 & 7));
		(void)oracle_feed(&o, &msg);
		if (how >> 7)
			check(&o);
	}
	check(&o);
	oracle_close(&o);
	return 0;
}
