/*
 * What a collector remembered, as any stream of blocks: the input's first octet holds options of the decoder, bit 7
 * of it says that the rest is sealed first (seal.h), else that it describes batches (wild_batch.h).  Whatever was
 * remembered does no harm: it is remembered again as the same, and messages behind it are decoded by the laws.
 */
#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../unit/wire_golden.h"
#include "../unit/wire_oracle.h"
#include "seal.h"
#include "stream/stream.h"
#include "wild_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read of a saved template, and of options. */
static const struct field_id ids[] = {
	{ .pen = PEN_OWN, .id = OWN_EXPORTER },
	{ .pen = PEN_OWN, .id = OWN_EXPORTER_PORT },
	{ .pen = PEN_OWN, .id = OWN_VERSION },
	{ .pen = PEN_OWN, .id = OWN_DOMAIN },
	{ .pen = PEN_OWN, .id = OWN_RECEIVED },
	{ .pen = PEN_OWN, .id = OWN_TEMPLATE_FIELDS },
	{ .pen = PEN_OWN, .id = OWN_TEMPLATE_OPTIONS },
	{ .id = 145 },
	{ .id = 34 },
	{ .id = 50 },
	{ .id = 48 },
	{ .id = 302 },
	{ .id = 305 },
	{ .id = 306 },
	{ .id = 309 },
	{ .id = 310 },
	{ .id = 311 },
	{ .id = 10 },
	{ .id = 149 },
	{ .id = 160 },
	{ .id = 346 },
	{ .id = 303 },
	{ .id = 339 },
	{ .pen = PEN_SCOPE, .id = 2 },
};
enum { IDS = sizeof(ids) / sizeof(ids[0]) };

static bool
is_mine(void *ctx, const struct addr *exporter)
{
	(void)ctx;
	return exporter->b[15] != 99;
}

static void
restore_wild(struct wire *w, struct cursor *c)
{
	while (!c->bad && cur_left(c) > 2) {
		struct batch *b = wild_batch(c, ids, IDS, true);

		wire_restore(w, b, is_mine, NULL);
		batch_free(b);
	}
}

/* As flowrecv reads its file. */
static void
restore_stream(struct wire *w, const struct cursor *c)
{
	int fd = memfd_create("fuzz", 0);
	size_t n = cur_left(c);
	uint8_t *copy = mem_alloc(n);
	struct stream_slot *slot = slot_new();
	struct stream_reader *r;
	struct err err = { .status = 0 };

	memcpy(copy, c->p, n);
	seal_all(copy, n);
	assert(fd >= 0 && write(fd, copy, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0);
	mem_free(copy);
	r = stream_open(fd, 0, NULL, 0);
	while (stream_next(r, slot, &err) == STREAM_BATCH) {
		struct batch *b = slot_batch(slot);

		for (unsigned i = 0; i < b->n_cols; i++)
			(void)batch_plain(b, i);
		if (b->err.status != 0)
			break;
		if (b->options)
			wire_restore(w, b, is_mine, NULL);
	}
	slot_free(slot);
	stream_close(r);
}

/* Templates of `from`, restored to `to` as well unless that is NULL. */
static size_t
save(const struct wire *from, struct wire *to)
{
	struct batch *b = batch_new();
	size_t templates = 0;

	for (size_t at = 0; wire_save(from, &at, b);) {
		batch_close(b);
		templates += b->n;
		if (to != NULL)
			wire_restore(to, b, NULL, NULL);
	}
	batch_free(b);
	return templates;
}

static void
check_same(const struct oracle *o)
{
	struct wire *again = wire_new(&o->opts);
	size_t saved = save(o->w, again);

	assert(save(again, NULL) == saved);
	wire_free(again);
}

/* Of every protocol, from the exporters that are remembered, most likely. */
static void
decode_some(struct oracle *o)
{
	static struct craft c;
	struct wire_msg msg = { .port = 2055, .received_ns = RECEIVED_S * NS_PER_S };

	for (unsigned i = 0; i < GOLDENS; i++) {
		goldens[i].make(&c, 1);
		msg.exporter = addr_v4(0xc0000201 + i % 2);
		msg.data = c.d;
		msg.len = c.n;
		(void)oracle_feed(o, &msg);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cur_over(data, len);
	unsigned how = cur_u8(&c);
	struct wire_opts opts = { .raw = how & 1, .scope_ip = how >> 1 & 1, .max_sessions = 64 };
	struct oracle o;
	const char *wrong;

	oracle_open(&o, &opts);
	if (how >> 7)
		restore_stream(o.w, &c);
	else
		restore_wild(o.w, &c);
	check_same(&o);
	decode_some(&o);
	wrong = oracle_check(&o);
	if (wrong != NULL)
		fprintf(stderr, "%s\n", wrong);
	assert(wrong == NULL);
	oracle_close(&o);
	return 0;
}
