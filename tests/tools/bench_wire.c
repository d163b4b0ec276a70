/*
 * bench_wire - decoding speed: million records a second on one core, for each protocol.
 *
 * Synthetic messages of the size that exporters send (about 1400 octets), decoded over and over into
 * batches that are emptied when full.
 */
#include <stdio.h>

#include "base/mem.h"
#include "base/time.h"
#include "wire/wire.h"

enum { PAYLOAD = 1400, SECONDS_NS = 500000000 };

static void
full(void *ctx, enum wire_kind kind)
{
	struct batch **b = ctx;

	batch_clear(b[kind]);
}

static size_t
put(uint8_t *p, size_t at, uint64_t v, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		p[at + i] = (uint8_t)(v >> 8 * (len - 1 - i));
	return at + len;
}

/* What a router of today sends: 20 fields. */
static const uint16_t v9_fields[][2] = { { 8, 4 }, { 12, 4 }, { 15, 4 }, { 10, 4 }, { 14, 4 },
	{ 2, 4 }, { 1, 4 }, { 22, 4 }, { 21, 4 }, { 7, 2 }, { 11, 2 }, { 6, 1 }, { 4, 1 }, { 5, 1 },
	{ 16, 4 }, { 17, 4 }, { 9, 1 }, { 13, 1 }, { 61, 1 }, { 89, 1 } };
static const uint16_t ipfix_fields[][2] = { { 27, 16 }, { 28, 16 }, { 62, 16 }, { 10, 4 },
	{ 14, 4 }, { 2, 8 }, { 1, 8 }, { 152, 8 }, { 153, 8 }, { 7, 2 }, { 11, 2 }, { 6, 2 },
	{ 4, 1 }, { 5, 1 }, { 16, 4 }, { 17, 4 }, { 9, 1 }, { 13, 1 }, { 61, 1 }, { 136, 1 } };
static const uint16_t varying_fields[][2] = { { 8, 4 }, { 12, 4 }, { 10, 4 }, { 14, 4 }, { 2, 8 },
	{ 1, 8 }, { 152, 8 }, { 153, 8 }, { 7, 2 }, { 11, 2 }, { 6, 2 }, { 4, 1 }, { 5, 1 },
	{ 16, 4 }, { 17, 4 }, { 82, 65535 }, { 371, 65535 }, { 61, 1 }, { 136, 1 }, { 60, 1 } };
enum { FIELDS = 20 };

static size_t
header(uint8_t *p, unsigned version)
{
	static const unsigned lengths[] = { [5] = 24, [9] = 20, [10] = 16 };

	put(p, 0, version, 2);
	put(p, version == 10 ? 4 : 8, 1700000000, 4);
	return lengths[version];
}

static size_t
definition(uint8_t *p, size_t at, unsigned version, const uint16_t (*fields)[2])
{
	at = put(p, at, version == 10 ? 2 : 0, 2);
	at = put(p, at, 8 + 4 * FIELDS, 2);
	at = put(p, at, 256, 2);
	at = put(p, at, FIELDS, 2);
	for (unsigned i = 0; i < FIELDS; i++) {
		at = put(p, at, fields[i][0], 2);
		at = put(p, at, fields[i][1], 2);
	}
	return at;
}

static size_t
record(uint8_t *p, size_t at, const uint16_t (*fields)[2], uint64_t seed)
{
	for (unsigned i = 0; i < FIELDS; i++) {
		unsigned len = fields[i][1];

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		if (len == 65535) {
			at = put(p, at, 12, 1);
			len = 12;
		}
		for (unsigned k = 0; k < len; k++)
			p[at++] = (uint8_t)(seed >> k % 8 * 8);
		if (fields[i][0] == 152 || fields[i][0] == 153)
			put(p, at - 8, 1700000000000 + (seed & 0xffff), 8);
	}
	return at;
}

static void
run(const char *name, struct wire *w, struct batch **batches, const uint8_t *p, size_t len)
{
	struct wire_out out = { .batch = { batches[0], batches[1], batches[2] }, full, batches };
	struct wire_msg msg = { .data = p,
		.len = len,
		.exporter = addr_v4(0xc0000201),
		.port = 2055,
		.received_ns = 1700000000 * NS_PER_S };
	int64_t begin = time_monotonic_ns(), elapsed;
	size_t records = 0;

	do {
		for (unsigned i = 0; i < 1000; i++)
			records += wire_decode(w, &msg, &out);
		elapsed = time_monotonic_ns() - begin;
	} while (elapsed < SECONDS_NS);
	printf("%-28s %6.2f M records/s  %5zu records a message\n", name,
	    (double)records / (double)elapsed * 1e3, (size_t)wire_decode(w, &msg, &out));
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		batch_reset(batches[i]);
}

static void
bench_templates(const char *name, unsigned version, const uint16_t (*fields)[2], bool raw)
{
	static uint8_t p[65536];
	struct wire *w = wire_new(&(struct wire_opts){ .raw = raw });
	struct batch *b[WIRE_KINDS] = { batch_new(), batch_new(), batch_new() };
	struct wire_out out = { .batch = { b[0], b[1], b[2] }, full, b };
	struct wire_msg msg = { .data = p,
		.exporter = addr_v4(0xc0000201),
		.port = 2055,
		.received_ns = 1700000000 * NS_PER_S };
	size_t at = definition(p, header(p, version), version, fields), set;

	if (version == 10)
		put(p, 2, at, 2);
	msg.len = at;
	wire_decode(w, &msg, &out);
	set = header(p, version);
	at = put(p, set, 256, 2) + 2;
	for (uint64_t i = 0; at < PAYLOAD; i++)
		at = record(p, at, fields, i);
	put(p, set + 2, at - set, 2);
	if (version == 10)
		put(p, 2, at, 2);
	run(name, w, b, p, at);
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		batch_free(b[i]);
	wire_free(w);
}

static void
bench_v5(const char *name, unsigned records)
{
	static uint8_t p[65536];
	struct wire *w = wire_new(&(struct wire_opts){ 0 });
	struct batch *b[WIRE_KINDS] = { batch_new(), batch_new(), batch_new() };
	size_t len = header(p, 5) + records * 48;

	put(p, 2, records, 2);
	for (size_t i = 24; i < len; i++)
		p[i] = (uint8_t)(i * 2654435761u >> 13);
	run(name, w, b, p, len);
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		batch_free(b[i]);
	wire_free(w);
}

int
main(void)
{
	bench_v5("v5, 30 records", 30);
	bench_v5("v5, 1 record", 1);
	bench_templates("v9, 20 fields", 9, v9_fields, false);
	bench_templates("v9, 20 fields, raw", 9, v9_fields, true);
	bench_templates("IPFIX, 20 fields, IPv6", 10, ipfix_fields, false);
	bench_templates("IPFIX, 20 fields, varying", 10, varying_fields, false);
	return 0;
}
