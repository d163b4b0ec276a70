/*
 * test_biflow.c - both directions of a conversation as one group, who began it, sampling intervals, and
 * what keys and values may be asked for.
 */
#include "ops/group.h"
#include "tap.h"

struct line {
	const char *src, *dst;
	unsigned srcport, dstport, flags;
	int64_t start_s;
	uint64_t bytes, rbytes, sampling; /* 0: missing */
};

static void
put_ip(struct batch *b, uint16_t id, size_t i, const char *text)
{
	struct field_id f = field_iana(id);
	int col = batch_column(b, &f, TYPE_IP, 4, 0);
	struct addr a;

	ok(parse_ip(text, strlen(text), &a), "%s is an address", text);
	batch_put_ip(b, (unsigned)col, i, &a);
}

static void
put_uint(struct batch *b, struct field_id id, enum type type, unsigned width, size_t i, uint64_t v)
{
	int col = batch_column(b, &id, type, width, 0);

	batch_put_uint(b, (unsigned)col, i, v);
}

static struct batch *
make(const struct line *l, size_t n)
{
	struct batch *b = batch_new();

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		put_ip(b, 8, i, l[i].src);
		put_ip(b, 12, i, l[i].dst);
		put_uint(b, field_iana(7), TYPE_UINT, 2, i, l[i].srcport);
		put_uint(b, field_iana(11), TYPE_UINT, 2, i, l[i].dstport);
		put_uint(b, field_iana(6), TYPE_UINT, 1, i, l[i].flags);
		put_uint(
		    b, field_own(OWN_START), TYPE_TIME, 8, i, (uint64_t)l[i].start_s * 1000000000);
		put_uint(b, field_iana(1), TYPE_UINT, 8, i, l[i].bytes);
		if (l[i].rbytes)
			put_uint(b, (struct field_id){ .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8,
			    i, l[i].rbytes);
		if (l[i].sampling)
			put_uint(b, field_own(OWN_SAMPLING), TYPE_UINT, 4, i, l[i].sampling);
	}
	batch_close(b);
	return b;
}

static void
cell(struct buf *out, struct batch *b, struct field_id id, size_t rec)
{
	int i = batch_find(b, &id);
	const struct column *c = i < 0 ? NULL : batch_plain(b, (unsigned)i);
	uint64_t v = 0;

	if (c == NULL || (c->present != NULL && !bits_get(c->present, rec))) {
		buf_puts(out, "- ");
		return;
	}
	if (c->type == TYPE_IP) {
		struct addr a;

		if (c->width == 4)
			a = addr_v4(((const uint32_t *)c->data)[rec]);
		else
			memcpy(a.b, (const uint8_t *)c->data + rec * 16, 16);
		out->len += fmt_ip(buf_room(out, 64), &a);
		buf_putc(out, ' ');
		return;
	}
	memcpy(&v, (const uint8_t *)c->data + rec * c->width, c->width);
	buf_printf(out, "%" PRIu64 " ", v);
}

struct take {
	const struct group_spec *spec;
	struct buf out;
	bool sampling;
};

static bool
take(void *ctx, struct batch *b)
{
	struct take *t = ctx;

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < t->spec->n_keys; k++)
			cell(&t->out, b, t->spec->keys[k].as, i);
		for (size_t v = 0; v < t->spec->n_values; v++) {
			cell(&t->out, b, t->spec->values[v].as, i);
			if (t->spec->biflow)
				cell(&t->out, b, t->spec->values[v].reverse, i);
		}
		if (t->sampling)
			cell(&t->out, b, field_own(OWN_SAMPLING), i);
		buf_puts(&t->out, "| ");
	}
	return true;
}

struct how {
	const char *keys, *values;
	bool biflow, scale, sampling, doubted;
	unsigned tables;
};

static void
check(const struct line *l, size_t n, const struct how *h, const char *want, const char *name)
{
	struct group_spec spec = {
		.biflow = h->biflow, .scale = h->scale, .memory = UINT64_C(2) << 30
	};
	struct group_table *t[2];
	struct take got = { .spec = &spec, .sampling = h->sampling };
	const char *doubt[GROUP_DOUBTS];
	struct err err = { 0 };
	unsigned tables = h->tables ? h->tables : 1;

	ok(group_spec_keys(&spec, h->keys, &err) == 0 &&
		group_spec_values(&spec, h->values, &err) == 0 &&
		group_spec_check(&spec, &err) == 0,
	    "-k %s -v %s is understood%s", h->keys, h->values, err.text);
	for (unsigned i = 0; i < tables; i++)
		t[i] = group_new(&spec, tables);
	for (size_t i = 0; i < n; i++) {
		struct batch *b = make(l + i, 1);

		ok(group_add(t[i % tables], b, NULL, &err) == 0, "a record is added");
		batch_free(b);
	}
	ok(group_finish(t, tables, NULL, take, &got, &err) == 0, "the groups are handed out");
	ok((group_doubts(t, tables, doubt) > 0) == h->doubted, "there is %sdoubt",
	    h->doubted ? "" : "no ");
	is_str(buf_cstr(&got.out), want, "%s", name);
	for (unsigned i = 0; i < tables; i++)
		group_free(t[i]);
	buf_free(&got.out);
	group_spec_free(&spec);
}

static void
test_initiator(void)
{
	static const struct line syn[] = {
		{ "10.0.0.9", "10.0.0.1", 80, 50000, 0x12, 5, 700, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 80, 0x1b, 5, 100, 0, 0 },
		{ "10.0.0.9", "10.0.0.1", 80, 50000, 0x02, 9, 7, 0, 0 },
	};
	static const struct line ports[] = {
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 0x1b, 1, 700, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 50000, 443, 0x1b, 5, 100, 0, 0 },
	};
	static const struct line first[] = {
		{ "2001:db8::9", "10.0.0.1", 123, 123, 0, 4, 700, 0, 0 },
		{ "10.0.0.1", "2001:db8::9", 123, 123, 0, 3, 100, 0, 0 },
		{ "2001:db8::9", "10.0.0.1", 123, 123, 0, 2, 1, 0, 0 },
	};
	static const struct line done[] = {
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 0, 1, 700, 50, 0 },
		{ "10.0.0.9", "10.0.0.1", 443, 50000, 0, 1, 7, 0, 0 },
	};
	static const struct line service[] = {
		{ "10.0.0.9", "10.0.0.1", 3389, 2000, 0x1b, 1, 700, 0, 0 },
		{ "10.0.0.1", "10.0.0.9", 2000, 3389, 0x1b, 5, 100, 0, 0 },
	};
	static const struct line answer[] = {
		{ "10.0.0.9", "10.0.0.1", 50001, 50000, 0x14, 1, 40, 0, 0 },
	};
	struct how h = {
		.keys = "srcip,dstip,srcport,dstport", .values = "bytes,flows", .biflow = true
	};

	for (h.tables = 1; h.tables <= 2; h.tables++) {
		check(syn, 3, &h, "10.0.0.9 10.0.0.1 80 50000 707 100 2 1 | ",
		    "who sent a SYN without ACK began, whatever the ports");
		check(ports, 2, &h, "10.0.0.1 10.0.0.9 50000 443 100 700 1 1 | ",
		    "else who has the higher port began");
		check(service, 2, &h, "10.0.0.1 10.0.0.9 2000 3389 100 700 1 1 | ",
		    "a service's port is a server's, though it be the higher one");
		check(answer, 1, &h, "10.0.0.1 10.0.0.9 50000 50001 - 40 0 1 | ",
		    "who only refused did not begin");
		check(first, 3, &h, "2001:db8::9 10.0.0.1 123 123 701 100 2 1 | ",
		    "else who was seen first");
		check(ports, 1, &h, "10.0.0.1 10.0.0.9 50000 443 - 700 0 1 | ",
		    "a direction without records is missing, and of no flows");
		check(done, 2, &h, "10.0.0.9 10.0.0.1 443 50000 707 50 2 - | ",
		    "a record that is a biflow keeps its direction");
	}
	h = (struct how){ .keys = "dstip,srcip", .values = "bytes", .biflow = true, .tables = 2 };
	check(first, 3, &h, "10.0.0.1 2001:db8::9 701 100 | ", "addresses alone are keys enough");
	h.keys = "srcip/24,dstip/24";
	check(ports, 2, &h, "10.0.0.0 10.0.0.0 800 - | ", "prefixes are compared after masking");
	h = (struct how){ .keys = "srcip,dstip", .values = "count,bytes", .biflow = true };
	for (h.tables = 1; h.tables <= 2; h.tables++)
		check(ports, 2, &h, "10.0.0.9 10.0.0.1 2 - 700 100 | ",
		    "records of both directions are counted together");
}

static void
test_sampling(void)
{
	static const struct line lines[] = {
		{ "10.0.0.1", "10.0.0.9", 1, 2, 0, 5, 700, 0, 100 },
		{ "10.0.0.1", "10.0.0.9", 1, 2, 0, 5, 7, 0, 100 },
		{ "10.0.0.2", "10.0.0.9", 1, 2, 0, 5, 3, 0, 10 },
		{ "10.0.0.3", "10.0.0.9", 1, 2, 0, 5, 4, 0, 0 },
	};
	struct how h = { .keys = "srcip", .values = "bytes,flows", .sampling = true };

	check(lines, 2, &h, "10.0.0.1 707 2 100 | ", "the interval goes with the counters");
	check(lines, 4, &h, "10.0.0.1 707 2 100 | 10.0.0.2 3 1 10 | 10.0.0.3 4 1 - | ",
	    "each group has its interval");
	h.scale = true; /* and of one record the interval is not known */
	h.doubted = true;
	check(lines, 4, &h, "10.0.0.1 70700 2 1 | 10.0.0.2 30 1 1 | 10.0.0.3 4 1 1 | ",
	    "scaled counters stand for themselves, flows are not multiplied");
	h = (struct how){ .keys = "dstip", .values = "bytes", .sampling = true, .doubted = true };
	for (h.tables = 1; h.tables <= 2; h.tables++)
		check(lines, 3, &h, "10.0.0.9 710 - | ", "a group of two intervals is told");
}

static void
refused(const char *keys, const char *values, bool biflow, const char *want)
{
	struct group_spec spec = { .biflow = biflow, .memory = UINT64_C(2) << 30 };
	struct err err = { 0 };

	ok((group_spec_keys(&spec, keys, &err) < 0 || group_spec_values(&spec, values, &err) < 0 ||
	       group_spec_check(&spec, &err) < 0) &&
		err.status == EXIT_USAGE,
	    "-k %s -v %s is refused", keys, values);
	is_str(err.text, want, "and says why");
	group_spec_free(&spec);
}

static void
test_refused(void)
{
	refused("srcipp", "flows", false, "unknown field 'srcipp'; did you mean 'srcip'?");
	refused("srcip/33", "flows", false,
	    "srcip/33: a prefix length is 0 to 32, for IPv6 :0 to :128 behind it, as in "
	    "srcip/24:48");
	refused("end/5", "flows", false, "end/5: '5' is no time bin; write 5m, 1h, 10s ...");
	refused("interfaceName/3", "flows", false, "interfaceName/3: a string cannot be binned");
	refused("srcport/0", "flows", false, "srcport/0: '0' is no whole number to bin by");
	refused("srcip,srcip/24", "flows", false, "'srcip' would be in the result twice");
	refused("srcip", "bytes,sum(bytes)", false, "'bytes' would be in the result twice");
	refused("srcip", "median(bytes)", false,
	    "median(bytes): 'median' is no function; did you mean p50?");
	refused("srcip", "mode(bytes)", false,
	    "mode(bytes): 'mode' is no function; sum, min, max, mean, distinct, first, last, or "
	    "and p95 are");
	refused("srcip", "mean(bytes", false, "mean(bytes: the closing parenthesis is missing");
	refused("srcip", "sum(start)", false,
	    "sum(start): type time has no sum; mean, percentiles, min, max, distinct, first and "
	    "last do");
	refused("srcip", "dstport", false,
	    "dstport: not a quantity that adds up; write distinct(dstport), min(dstport), "
	    "max(dstport), first(dstport) or last(dstport)");
	refused("srcip", "bytes", true,
	    "-k srcip: both directions are merged, so dstip must be a key too");
	refused("srcip/24,dstip", "bytes", true,
	    "-k srcip, dstip: both directions are merged, so one must be as coarse as the other");
	refused("srcip/24,dstip/24:48", "bytes", true,
	    "-k srcip, dstip: both directions are merged, so one must be as coarse as the other");
	refused("srcip,dstip,srcport/1000,dstport", "bytes", true,
	    "-k srcport, dstport: both directions are merged, so one must be as coarse as the "
	    "other");
	refused("proto", "bytes", true, "-b needs srcip and dstip among the keys");
}

int
main(void)
{
	test_initiator();
	test_sampling();
	test_refused();
	return done_testing();
}
