/*
 * Every truncation and every changed octet of good messages; PROTOCOL 1.5.  Whatever comes, records
 * that are handed over say where they came from, and counts add up.
 */
#include "wire_craft.h"

static void
golden_v5(struct craft *c)
{
	begin_v5(c, 3, 0, 1 << 14 | 100);
	for (unsigned i = 0; i < 3; i++)
		put_v5_record(c, i, i, i);
}

static void
golden_v9(struct craft *c)
{
	static const uint16_t flow[][2] = { { 8, 4 }, { 12, 4 }, { 22, 4 }, { 21, 4 }, { 1, 4 },
		{ 2, 3 }, { 34, 4 }, { 40000, 3 }, { 70, 3 }, { 70, 3 }, { 82, 7 } };

	begin_v9(c, 5, 0, 7);
	put_template_set(c, 0, 256, 11, flow);
	open_set(c, 1);
	put(c, 257, 2);
	put(c, 8, 2);
	put(c, 8, 2);
	put(c, 0x00010004, 4);
	put(c, 0x00020000, 4);
	put(c, 0x00220004, 4);
	put(c, 0x00a00008, 4);
	put(c, 0, 2);
	close_set(c);
	open_set(c, 256);
	put(c, 0x0102030405060708, 80);
	put(c, 0, 2);
	close_set(c);
	open_set(c, 257);
	put(c, 17, 4);
	put(c, 1000, 4);
	put(c, UINT64_C(1699999000000), 8);
	close_set(c);
}

static void
golden_ipfix(struct craft *c)
{
	static const uint16_t flow[][2] = { { 8, 4 }, { 27, 16 }, { 12, 4 }, { 28, 16 }, { 156, 8 },
		{ 153, 8 }, { 82, 65535 }, { 291, 65535 }, { 292, 65535 }, { 1, 8 }, { 150, 4 } };
	static const uint16_t sub[][2] = { { 7, 2 }, { 371, 65535 } };

	begin_ipfix(c, 0, 7);
	put_template_set(c, 2, 256, 11, flow);
	put_template_set(c, 2, 257, 2, sub);
	open_set(c, 3);
	put(c, 258, 2);
	put(c, 2, 2);
	put(c, 1, 2);
	put(c, 0x80010004, 4);
	put(c, 55555, 4);
	put(c, 0x00520008, 4);
	close_set(c);
	open_set(c, 256);
	for (unsigned i = 0; i < 2; i++) {
		put(c, i ? 0x0a000001 : 0, 4);
		put(c, i ? 0 : 99, 16);
		put(c, i ? 0x0a000002 : 0, 4);
		put(c, i ? 0 : 98, 16);
		put(c, UINT64_C(3908988805) << 32, 8);
		put(c, UINT64_C(1700000004005), 8);
		put(c, 4, 1);
		put_text(c, "eth0", 4);
		put(c, 9, 1);
		put_text(c, "\3\0\12\0\2\0\1\0\5", 9);
		put(c, 255, 1);
		put(c, 13, 2);
		put_text(c, "\4\1\1\0\1\2ab\0\2\3xyz", 13);
		put(c, 1000, 8);
		put(c, 1700000001, 4);
	}
	close_set(c);
	open_set(c, 258);
	put(c, 5, 4);
	put_text(c, "wan\0\0\0\0\0", 8);
	close_set(c);
	finish(c);
}

static bool
offsets_grow(const struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if (c->width != 0)
			continue;
		for (size_t k = 0; k < b->n; k++)
			if (c->off[k] > c->off[k + 1] || c->off[k + 1] > c->data_len)
				return false;
	}
	return true;
}

/* Every record has where it came from, and flows have a time or the element that was none. */
static bool
records_whole(struct rig *r, enum wire_kind kind)
{
	static const enum own always[] = { OWN_EXPORTER, OWN_DOMAIN, OWN_RECEIVED, OWN_VERSION,
		OWN_EXPORTER_PORT };
	struct batch *b = r->b[kind];

	batch_close(b);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) && b->n > 0; i++) {
		struct field_id id = field_own(always[i]);
		int col = batch_find(b, &id);

		if (col < 0 || bits_count(b->col[col].bits, b->n) != b->n)
			return false;
	}
	return offsets_grow(b);
}

static bool
try(struct rig *r, const void *p, size_t n)
{
	struct wire_totals before = rig_totals(r), after;
	size_t got, held = 0;

	rig_clear(r);
	r->records = 0;
	got = rig_decode(r, p, n);
	after = rig_totals(r);
	for (unsigned k = 0; k < WIRE_KINDS; k++) {
		held += r->b[k]->n;
		if (!records_whole(r, (enum wire_kind)k))
			return false;
	}
	return got == held + r->records && after.messages == before.messages + 1 &&
	       after.octets == before.octets + n &&
	       after.flows + after.options == before.flows + before.options + got;
}

static void
batter(const char *name, void (*make)(struct craft *))
{
	static struct craft c;
	struct wire_opts opts[] = { { 0 }, { .raw = true }, { .strict = true } };

	make(&c);
	for (unsigned o = 0; o < 3; o++) {
		struct rig r;
		unsigned bad = 0;

		rig_open(&r, opts[o]);
		r.msg.stream = o == 1;
		for (size_t n = 0; n <= c.n; n++)
			bad += !try(&r, c.d, n);
		is_u64(bad, 0, "%s: every truncation leaves whole records and true counts", name);
		bad = 0;
		for (size_t i = 0; i < c.n; i++) {
			uint8_t was = c.d[i];

			for (unsigned bit = 0; bit < 8; bit++) {
				c.d[i] = (uint8_t)(was ^ 1 << bit);
				bad += !try(&r, c.d, c.n);
			}
			c.d[i] = 0;
			bad += !try(&r, c.d, c.n);
			c.d[i] = 0xff;
			bad += !try(&r, c.d, c.n);
			c.d[i] = was;
			bad += !try(&r, c.d, c.n);
		}
		is_u64(bad, 0, "%s: as does every octet changed", name);
		rig_close(&r);
	}
}

static void
test_bombs(void)
{
	static const uint16_t wide[][2] = { { 1, 4 }, { 2, 4 } };
	struct rig r;
	static struct craft c;
	size_t n = 0;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned d = 0; d < 200; d++) {
		begin_ipfix(&c, 0, d);
		open_set(&c, 2);
		for (unsigned i = 0; i < 1000; i++)
			put_template(&c, 256 + d * 7 + i, 2, wide);
		close_set(&c);
		n += rig_send(&r, &c);
	}
	is_u64(n, 0, "200000 templates are no records");
	is_u64(rig_totals(&r).templates, 200000, "and all are counted");
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 400, 2);
	put(&c, 3900, 2);
	for (unsigned i = 0; i < 3900; i++)
		put(&c, i == 7 ? 0x00520001 : 0x00520000, 4); /* one octet, else none */
	close_set(&c);
	open_set(&c, 400);
	put(&c, 0, 49000);
	close_set(&c);
	is_u64(rig_send(&r, &c), 49000, "fields without octets cost nothing");
	begin_ipfix(&c, 0, 2);
	open_set(&c, 2);
	put(&c, 400, 2);
	put(&c, 3001, 2);
	for (unsigned i = 0; i < 3000; i++)
		put(&c, 0x00520000, 4);
	put(&c, 0x0052ffff, 4);
	close_set(&c);
	open_set(&c, 400);
	put(&c, 0, 50000);
	close_set(&c);
	is_u64(rig_send(&r, &c), 50000, "not in records of varying length either");
	rig_close(&r);
}

int
main(void)
{
	batter("v5", golden_v5);
	batter("v9", golden_v9);
	batter("IPFIX", golden_ipfix);
	test_bombs();
	return done_testing();
}
