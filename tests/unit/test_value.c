/* Cells as text, text as values, and their order. */
#include "flow/value.h"

#include <math.h>

#include "base/num.h"
#include "flow/zone.h"
#include "tap.h"

static const char *
put(const struct value *v, const struct column *c, struct text_opts opts)
{
	static struct buf b;

	b.len = 0;
	value_put(&b, v, c, &opts);
	return buf_cstr(&b);
}

/* A value of an IANA element (pen 0), in the three styles. */
static void
is_text(const struct column *c, struct value v, const char *csv, const char *table, const char *raw)
{
	v.type = (enum type)c->type;
	is_str(put(&v, c, (struct text_opts){ .style = STYLE_CSV }), csv, "%u.%u in csv: %s",
	    c->id.pen, c->id.id, csv);
	is_str(
	    put(&v, c, (struct text_opts){ .style = STYLE_TABLE }), table, "in a table: %s", table);
	is_str(put(&v, c, (struct text_opts){ .style = STYLE_RAW }), raw, "raw: %s", raw);
}

#define COL(...) (&(const struct column){ __VA_ARGS__ })
#define OCTETS(TEXT) \
	{ \
		.s = { TEXT, sizeof(TEXT) - 1 } \
	}

static void
test_numbers(void)
{
	const struct column *bytes = COL(.id = { .id = 1 }, .type = TYPE_UINT, .width = 8);
	const struct column *flags = COL(.id = { .id = 6 }, .type = TYPE_UINT, .width = 2);
	const struct column *proto = COL(.id = { .id = 4 }, .type = TYPE_UINT, .width = 1);
	const struct column *port = COL(.id = { .id = 11 }, .type = TYPE_UINT, .width = 2);
	struct value big = { .type = TYPE_UINT, .u = 1500000 };

	is_text(bytes, (struct value){ .u = 999 }, "999", "999", "999");
	is_text(bytes, (struct value){ .u = 1500000 }, "1500000", "1.5M", "1500000");
	is_text(bytes, (struct value){ .u = UINT64_MAX }, "18446744073709551615", "18.4E",
	    "18446744073709551615");
	is_str(put(&big, bytes, (struct text_opts){ .style = STYLE_TABLE, .plain = true }),
	    "1500000", "-N shows counters plain");
	is_text(port, (struct value){ .u = 65535 }, "65535", "65535", "65535");
	is_text(proto, (struct value){ .u = 6 }, "6", "tcp", "6");
	is_text(proto, (struct value){ .u = 253 }, "253", "253", "253");
	is_text(flags, (struct value){ .u = 0x1b }, "27", "...AP.SF", "27");
	is_text(flags, (struct value){ .u = 0x1c2 }, "450", "NCE....S.", "450");
	is_text(flags, (struct value){ .u = 0x1ff }, "511", "NCEUAPRSF", "511");
	is_text(flags, (struct value){ .u = 0x200 }, "512", "0x0200", "512");
	is_text(flags, (struct value){ .u = 0x5012 }, "20498", "0x5012", "20498");
	is_text(COL(.id = { .pen = PEN_REVERSE, .id = 6 }, .type = TYPE_UINT, .width = 2),
	    (struct value){ .u = 2 }, "2", "......S.", "2");
	is_text(COL(.id = { .id = 434 }, .type = TYPE_INT, .width = 4), (struct value){ .i = -5 },
	    "-5", "-5", "-5");
	is_text(COL(.id = { .id = 276 }, .type = TYPE_BOOL, .width = 1), (struct value){ .u = 1 },
	    "true", "true", "true");
	is_text(COL(.id = { .id = 56 }, .type = TYPE_MAC, .width = 8),
	    (struct value){ .u = UINT64_C(0x0a0b0c0d0e0f) }, "0a:0b:0c:0d:0e:0f",
	    "0a:0b:0c:0d:0e:0f", "0a:0b:0c:0d:0e:0f");
}

static void
test_floats(void)
{
	const struct column *rate = COL(.derived = DERIVED_BPS, .type = TYPE_FLOAT64, .width = 8);
	const struct column *prob = COL(.id = { .id = 311 }, .type = TYPE_FLOAT64, .width = 8);

	is_text(rate, (struct value){ .f = 2500000 }, "2500000", "2.5M", "2500000");
	is_text(prob, (struct value){ .f = 1.0 / 3 }, "0.3333333333333333", "0.333",
	    "0.3333333333333333");
	is_text(prob, (struct value){ .f = 2 }, "2", "2", "2");
	is_text(prob, (struct value){ .f = (double)NAN }, "nan", "nan", "nan");
}

static void
test_aggregates(void)
{
	static const struct {
		const char *name, *table;
	} cases[] = { { "distinct_dstip", "65.5K" }, { "max_dstport", "65500" },
		{ "max_bytes", "65.5K" }, { "p95_bytes", "65.5K" }, { "count", "65.5K" },
		{ "my column", "65500" }, { "mean_bps", "65.5K" }, { "or_flags", "0xffdc" },
		{ "distinct_proto", "65.5K" }, { "max_distinct_dstip", "65.5K" } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct column *c = COL(.id = { .pen = PEN_NAMED, .named = cases[i].name },
		    .type = TYPE_UINT, .width = 8);
		struct value v = { .type = TYPE_UINT, .u = 65500 };

		is_str(put(&v, c, (struct text_opts){ .style = STYLE_TABLE }), cases[i].table,
		    "%s of 65500 in a table", cases[i].name);
	}
}

static void
test_times(void)
{
	const struct column *ms =
	    COL(.id = { .id = 323 }, .type = TYPE_TIME, .width = 8, .scale = 6);
	const struct column *s =
	    COL(.id = { .id = 322 }, .type = TYPE_TIME, .width = 8, .scale = 9);
	const struct column *start = COL(.id = { .pen = PEN_OWN, .id = OWN_START },
	    .type = TYPE_TIME, .width = 8, .scale = 3);
	const struct column *dur =
	    COL(.derived = DERIVED_DURATION, .type = TYPE_DURATION, .width = 8, .scale = 6);
	int64_t t = INT64_C(1700000000123000000);

	is_text(ms, (struct value){ .i = t }, "2023-11-14T22:13:20.123Z", "2023-11-14 22:13:20.123",
	    "1700000000123");
	is_text(s, (struct value){ .i = 1700000000 * NS_PER_S }, "2023-11-14T22:13:20Z",
	    "2023-11-14 22:13:20", "1700000000");
	is_text(start, (struct value){ .i = t }, "2023-11-14T22:13:20.123000Z",
	    "2023-11-14 22:13:20.123", "1700000000123000");
	is_text(ms, (struct value){ .i = t + 5 }, "2023-11-14T22:13:20.123000005Z",
	    "2023-11-14 22:13:20.123", "1700000000123");
	is_text(ms, (struct value){ .i = -1 }, "1969-12-31T23:59:59.999999999Z",
	    "1969-12-31 23:59:59.999", "-1");
	is_text(dur, (struct value){ .i = 1500000000 }, "1.500", "1.5s", "1500");
	is_text(dur, (struct value){ .i = -1500000000 }, "-1.500", "-1.5s", "-1500");
	is_text(dur, (struct value){ .i = INT64_MIN }, "-9223372036.854775808", "-106752d00h",
	    "-9223372036855");
}

static void
test_octets(void)
{
	struct value v4 = { .ip = addr_v4(0xc0000201) };

	is_text(COL(.id = { .id = 8 }, .type = TYPE_IP, .width = 4), v4, "192.0.2.1", "192.0.2.1",
	    "192.0.2.1");
	is_text(COL(.id = { .id = 82 }, .type = TYPE_STRING), (struct value)OCTETS("a\"b,c"),
	    "a\"b,c", "a\"b,c", "a\"b,c");
	is_text(COL(.id = { .id = 95 }, .type = TYPE_BYTES), (struct value)OCTETS("\x03\0\x01\xbb"),
	    "030001bb", "030001bb", "030001bb");
	is_text(COL(.id = { .id = 70 }, .type = TYPE_BYTES), (struct value)OCTETS("\x03\xe8\x11"),
	    "03e811", "16001-0-1", "03e811");
	is_text(COL(.id = { .id = 95 }, .type = TYPE_BYTES), (struct value)OCTETS(""), "", "", "");
	is_text(COL(.id = { .id = 291 }, .type = TYPE_LIST), (struct value)OCTETS("\xff"), "ff",
	    "\"ff\"", "ff");
}

static struct value
parsed(enum type type, unsigned id, const char *text, bool *good)
{
	struct value v;
	struct field_id of = field_iana((uint16_t)id);

	*good = value_parse(&v, type, &of, text, strlen(text));
	return v;
}

static void
test_parse(void)
{
	static const struct {
		enum type type;
		unsigned id;
		const char *text;
		uint64_t u;
	} good[] = {
		{ TYPE_UINT, 1, "42", 42 },
		{ TYPE_UINT, 1, "0x2a", 42 },
		{ TYPE_UINT, 4, "tcp", 6 },
		{ TYPE_UINT, 4, "UDP", 17 },
		{ TYPE_UINT, 4, "ipv6-icmp", 58 },
		{ TYPE_UINT, 4, "icmp6", 58 },
		{ TYPE_UINT, 4, "6", 6 },
		{ TYPE_UINT, 6, "SA", 0x12 },
		{ TYPE_UINT, 6, "...AP.SF", 0x1b },
		{ TYPE_UINT, 6, "fs", 3 },
		{ TYPE_UINT, 6, "27", 27 },
		{ TYPE_INT, 434, "-7", (uint64_t)-7 },
		{ TYPE_BOOL, 276, "true", 1 },
		{ TYPE_BOOL, 276, "0", 0 },
		{ TYPE_TIME, 152, "2023-11-14T22:13:20.123Z", UINT64_C(1700000000123000000) },
		{ TYPE_TIME, 152, "1700000000.5", UINT64_C(1700000000500000000) },
		{ TYPE_DURATION, 0, "1.5", 1500000000 },
		{ TYPE_DURATION, 0, "250ms", 250000000 },
		{ TYPE_MAC, 56, "0a:0b:0c:0d:0e:0f", UINT64_C(0x0a0b0c0d0e0f) },
	};
	static const struct {
		enum type type;
		unsigned id;
		const char *text;
	} bad[] = {
		{ TYPE_UINT, 1, "" },
		{ TYPE_UINT, 1, "tcp" },
		{ TYPE_UINT, 1, "-1" },
		{ TYPE_UINT, 1, "1.5" },
		{ TYPE_UINT, 1, "18446744073709551616" },
		{ TYPE_UINT, 4, "nosuch" },
		{ TYPE_UINT, 6, "SX" },
		{ TYPE_BOOL, 276, "yes" },
		{ TYPE_BOOL, 276, "maybe" },
		{ TYPE_BOOL, 276, "2" },
		{ TYPE_TIME, 152, "now" },
		{ TYPE_TIME, 152, "-1h" },
		{ TYPE_TIME, 152, "yesterday" },
		{ TYPE_TIME, 152, "" },
		{ TYPE_DURATION, 0, "x" },
		{ TYPE_IP, 8, "1.2.3" },
		{ TYPE_MAC, 56, "0a:0b" },
		{ TYPE_BYTES, 95, "abc" },
		{ TYPE_BYTES, 95, "xy" },
		{ TYPE_FLOAT64, 311, "1,5" },
		{ TYPE_NONE, 0, "1" },
	};
	struct value v;
	bool fine;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		v = parsed(good[i].type, good[i].id, good[i].text, &fine);
		ok(fine && v.type == good[i].type && v.u == good[i].u, "'%s' is a %s", good[i].text,
		    type_name(good[i].type));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)parsed(bad[i].type, bad[i].id, bad[i].text, &fine);
		ok(!fine, "'%s' is no %s", bad[i].text, type_name(bad[i].type));
	}
	v = parsed(TYPE_IP, 8, "2001:db8::1", &fine);
	ok(fine && !addr_is_v4(&v.ip) && v.ip.b[15] == 1, "an IPv6 address is an address");
	v = parsed(TYPE_STRING, 82, "any text", &fine);
	ok(fine && v.s.n == 8, "any text is a string");
	v = parsed(TYPE_BYTES, 95, "0aFF", &fine);
	ok(fine && v.s.n == 4, "octets borrow their hex digits");
	v = parsed(TYPE_BYTES, 95, "0123456789abcdefABCDEF", &fine);
	ok(fine && v.s.n == 22, "of which these are all");
	ok(value_parse(&v, TYPE_UINT, NULL, "7", 1) && v.u == 7, "no element is needed");
}

static void
test_names(void)
{
	size_t wrong = 0;
	char text[FMT_MAX];
	unsigned bits;

	for (unsigned i = 0; i < 256; i++) {
		const char *name = proto_name(i);

		wrong += name != NULL && proto_number(name, strlen(name)) != (int)i;
	}
	is_u64(wrong, 0, "every protocol name is the name of one protocol");
	ok(proto_name(256) == NULL && proto_number("", 0) == -1, "there is no protocol 256");
	for (unsigned i = 0; i < 512; i++)
		wrong += !parse_flags(text, fmt_flags(text, i), &bits) || bits != i;
	is_u64(wrong, 0, "every set of flags reads back");
	ok(!parse_flags("", 0, &bits) && !parse_flags("S\0", 2, &bits),
	    "nothing, or a NUL, is not a flag");
}

static void
test_cells(void)
{
	struct batch *b = batch_new();
	int uint = batch_column(b, &(struct field_id){ .id = 7 }, TYPE_UINT, 2, 0);
	int text = batch_column(b, &(struct field_id){ .id = 82 }, TYPE_STRING, 0, 0);
	int ip = batch_column(b, &(struct field_id){ .id = 8 }, TYPE_IP, 4, 0);
	struct addr a = addr_v4(0x0a000001);
	struct value v;

	(void)batch_extend(b, 2);
	batch_put_uint(b, (unsigned)uint, 1, 65535);
	batch_put_octets(b, (unsigned)text, 1, "eth0", 4);
	batch_put_ip(b, (unsigned)ip, 1, &a);
	batch_close(b);
	v = value_at(batch_plain(b, (unsigned)uint), 1);
	ok(v.type == TYPE_UINT && v.u == 65535, "a cell of a narrow column is its value");
	v = value_at(batch_plain(b, (unsigned)uint), 0);
	ok(v.type == TYPE_NONE, "a cell without a value is missing");
	v = value_at(batch_plain(b, (unsigned)text), 1);
	ok(v.type == TYPE_STRING && v.s.n == 4 && memcmp(v.s.p, "eth0", 4) == 0,
	    "a string is borrowed");
	v = value_at(batch_plain(b, (unsigned)ip), 1);
	ok(v.type == TYPE_IP && memcmp(&v.ip, &a, 16) == 0, "a narrow address is a mapped one");
	batch_free(b);
}

/* The first present of several columns, of which each has a width of its own. */
static void
test_alternatives(void)
{
	struct batch *b = batch_new();
	int wide = batch_column(b, &(struct field_id){ .id = 7 }, TYPE_UINT, 2, 0);
	int small = batch_column(b, &(struct field_id){ .id = 180 }, TYPE_UINT, 1, 0);
	struct err err = { 0 };
	struct field srcport;
	struct value v;
	int at;

	(void)batch_extend(b, 3);
	batch_put_uint(b, (unsigned)wide, 0, 65535);
	batch_put_uint(b, (unsigned)wide, 1, 5);
	batch_put_uint(b, (unsigned)small, 1, 6);
	batch_put_uint(b, (unsigned)small, 2, 200);
	batch_close(b);
	(void)field_parse(&srcport, "srcport", 7, &err);
	at = batch_resolve(b, &srcport);
	ok(at >= 0, "two columns are one");
	v = value_at(batch_plain(b, (unsigned)at), 0);
	is_u64(v.u, 65535, "of the first one's value");
	v = value_at(batch_plain(b, (unsigned)at), 1);
	is_u64(v.u, 5, "also where both have one");
	v = value_at(batch_plain(b, (unsigned)at), 2);
	is_u64(v.u, 200,
	    "and of the second one's where it is alone, which stays as it is when widened");
	batch_free(b);
}

/* Records that are kept lose nothing to columns as narrow as they allow. */
static void
test_kept(void)
{
	static const uint64_t edge[] = { 0, UINT8_MAX, UINT8_MAX + 1, UINT16_MAX, UINT16_MAX + 1,
		UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX };
	static const unsigned width[] = { 1, 1, 2, 2, 4, 4, 8, 8 };
	struct batch *b = batch_new();
	int bytes = batch_column(b, &(struct field_id){ .id = 1 }, TYPE_UINT, 8, 0);

	(void)batch_extend(b, 8);
	for (uint32_t i = 0; i < 8; i++)
		batch_put_uint(b, (unsigned)bytes, i, edge[i]);
	batch_close(b);
	for (uint32_t i = 0; i < 8; i++) {
		struct batch *kept = batch_new();
		struct value v;

		(void)batch_keep(kept, b, &i, 1, NULL);
		batch_close(kept);
		v = value_at(batch_plain(kept, 0), 0);
		ok(v.type == TYPE_UINT && v.u == edge[i] && kept->col[0].width == width[i],
		    "%llu is kept in %u octets", (unsigned long long)edge[i], width[i]);
		batch_free(kept);
	}
	batch_free(b);
}

static void
test_zone_keys(void)
{
	const uint8_t octets[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

	ok(zone_key_octets(octets, 9) == UINT64_C(0x0102030405060708),
	    "the key of octets is their first eight");
	ok(zone_key_octets(octets, 2) == UINT64_C(0x0102) << 48, "zeros behind fewer");
	ok(zone_key_octets(NULL, 0) == 0, "and there may be none");
}

int
main(void)
{
	test_numbers();
	test_floats();
	test_aggregates();
	test_times();
	test_octets();
	test_parse();
	test_names();
	test_cells();
	test_alternatives();
	test_kept();
	test_zone_keys();
	return done_testing();
}
