/*
 * Messages of any protocol, one decoder for all: the input's first octet holds options, then come
 * messages behind a u16 length each (its top bit: the clock moves on; the next: another port).  No
 * crash, and what callers rely on: returned records are in the batches, whole, and counts add up.
 */
#include <assert.h>

#include "base/cursor.h"
#include "base/num.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct sink {
	struct batch *batch[WIRE_KINDS];
	size_t taken;
};

static void
check_column(const struct batch *b, const struct column *c)
{
	assert(c->id.pen < PEN_OWN || c->id.pen == PEN_OWN || c->id.pen == PEN_V9 ||
	       c->id.pen == PEN_SCOPE || c->id.pen == PEN_SFLOW);
	assert(c->type > TYPE_NONE && c->type < TYPE_COUNT);
	assert((c->width == 0) == type_is_var((enum type)c->type));
	assert(b->n % 64 == 0 || (c->bits[b->n / 64] & ~bits_tail(b->n)) == 0);
	if (c->width != 0)
		return;
	for (size_t i = 0; i < b->n; i++) {
		assert(c->off[i] <= c->off[i + 1]);
		assert(bits_get(c->bits, i) || c->off[i] == c->off[i + 1]);
	}
	assert(b->n == 0 || c->off[b->n] == c->data_len);
}

static void
check(struct batch *b, enum wire_kind kind)
{
	static const enum own always[] = { OWN_EXPORTER, OWN_DOMAIN, OWN_RECEIVED, OWN_VERSION,
		OWN_EXPORTER_PORT };

	batch_close(b);
	assert(b->n <= BATCH_RECORDS);
	for (unsigned i = 0; i < b->n_cols; i++)
		check_column(b, &b->col[i]);
	if (b->n == 0)
		return;
	assert(b->options == (kind == WIRE_OPTIONS));
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		struct field_id id = field_own(always[i]);
		int col = batch_find(b, &id);

		assert(col >= 0 && b->col[col].present == NULL);
	}
}

static void
full(void *ctx, enum wire_kind kind)
{
	struct sink *s = ctx;

	check(s->batch[kind], kind);
	s->taken += s->batch[kind]->n;
	batch_reset(s->batch[kind]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cur_over(data, len);
	unsigned flags = cur_u8(&c);
	struct wire_opts opts = { .raw = flags & 1,
		.strict = flags >> 1 & 1,
		.scope_ip = flags >> 2 & 1,
		.max_templates = flags >> 3 & 1 ? 4 : 0,
		.max_sessions = flags >> 4 & 1 ? 2 : 0 };
	struct wire *w = wire_new(&opts);
	struct sink s = { .batch = { batch_new(), batch_new(), batch_new() } };
	struct wire_out out = { .batch = { s.batch[0], s.batch[1], s.batch[2] }, full, &s };
	struct wire_msg msg = { .exporter = addr_v4(0xc0000201),
		.port = 2055,
		.received_ns = 1700000000 * NS_PER_S,
		.stream = flags >> 5 & 1 ? WIRE_CONNECTION : WIRE_DATAGRAMS };
	struct wire_totals t;
	size_t records = 0, messages = 0, octets = 0, held = 0;

	while (cur_left(&c) >= 2) {
		unsigned head = cur_u16(&c);

		msg.len = head & 0x3fff;
		msg.len = msg.len < cur_left(&c) ? msg.len : cur_left(&c);
		msg.data = cur_octets(&c, msg.len);
		msg.received_ns += head >> 15 ? 1000 * NS_PER_S : NS_PER_MS;
		msg.port = (uint16_t)(2055 + (head >> 14 & 1));
		records += wire_decode(w, &msg, &out);
		messages++;
		octets += msg.len;
	}
	for (unsigned i = 0; i < WIRE_KINDS; i++) {
		check(s.batch[i], (enum wire_kind)i);
		held += s.batch[i]->n;
		batch_free(s.batch[i]);
	}
	assert(records == s.taken + held);
	wire_totals(w, &t);
	assert(t.messages == messages && t.octets == octets && t.flows + t.options == records);
	wire_free(w);
	return 0;
}
