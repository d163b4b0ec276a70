/* Every text format of one small batch, compared with tests/data/text/, readable files. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "flow/list.h"
#include "tap.h"
#include "text/text.h"

static const int64_t noon = INT64_C(1795953600) * NS_PER_S; /* 2026-11-29T12:00:00Z */

static unsigned
column(struct batch *b, struct field_id id, enum type type, unsigned width)
{
	return (unsigned)batch_column(b, &id, type, width, 0);
}

static struct field_id
named(const char *name)
{
	return (struct field_id){ .pen = PEN_NAMED, .named = name };
}

static void
put_ip(struct batch *b, unsigned col, size_t rec, const char *text)
{
	struct addr a;

	if (!parse_ip(text, strlen(text), &a))
		abort();
	batch_put_ip(b, col, rec, &a);
}

static void
put_text(struct batch *b, unsigned col, size_t rec, const char *text)
{
	batch_put_octets(b, col, rec, text, strlen(text));
}

static void
put_time(struct batch *b, unsigned col, size_t rec, int64_t ns)
{
	batch_put_uint(b, col, rec, (uint64_t)ns);
	batch_precision(b, col, 6);
}

/* A basicList of interface numbers (RFC 6313 4.5.1). */
static void
put_list(struct batch *b, unsigned col, size_t rec)
{
	const struct list_field f = list_field_of(0, 10, 0);
	struct buf out = { 0 };
	struct list_writer w;

	list_begin(&w, &out, LIST_BASIC, 3);
	list_basic(&w, &f);
	list_value(&w, "\0\0\0\1", 4);
	list_value(&w, "\0\0\0\5", 4);
	list_end(&w);
	batch_put_octets(b, col, rec, out.data, out.len);
	buf_free(&out);
}

/* Three flows: an IPv4 one with everything, an IPv6 one, one with hardly anything. */
static struct batch *
flows(void)
{
	struct batch *b = batch_new();
	unsigned start = column(b, field_own(OWN_START), TYPE_TIME, 8);
	unsigned end = column(b, field_own(OWN_END), TYPE_TIME, 8);
	unsigned src = column(b, field_iana(8), TYPE_IP, 4),
		 dst = column(b, field_iana(12), TYPE_IP, 4);
	unsigned sport = column(b, field_iana(7), TYPE_UINT, 2),
		 dport = column(b, field_iana(11), TYPE_UINT, 2);
	unsigned proto = column(b, field_iana(4), TYPE_UINT, 1),
		 flags = column(b, field_iana(6), TYPE_UINT, 2);
	unsigned packets = column(b, field_iana(2), TYPE_UINT, 8),
		 bytes = column(b, field_iana(1), TYPE_UINT, 8);
	unsigned exporter = column(b, field_own(OWN_EXPORTER), TYPE_IP, 4);
	unsigned domain = column(b, field_own(OWN_DOMAIN), TYPE_UINT, 4);
	unsigned mac = column(b, field_iana(56), TYPE_MAC, 8),
		 name = column(b, field_iana(82), TYPE_STRING, 0);
	unsigned mpls = column(b, field_iana(70), TYPE_BYTES, 0),
		 list = column(b, field_iana(291), TYPE_LIST, 0);
	unsigned score = column(b, named("score"), TYPE_FLOAT64, 8);
	unsigned fragment = column(b, field_iana(88), TYPE_UINT, 2);

	batch_extend(b, 3);
	put_time(b, start, 0, noon + 250 * NS_PER_MS);
	put_time(b, end, 0, noon + 1750 * NS_PER_MS);
	put_ip(b, src, 0, "192.0.2.1");
	put_ip(b, dst, 0, "198.51.100.7");
	batch_put_uint(b, sport, 0, 49152);
	batch_put_uint(b, dport, 0, 443);
	batch_put_uint(b, proto, 0, 6);
	batch_put_uint(b, flags, 0, 0x1b);
	batch_put_uint(b, packets, 0, 1500);
	batch_put_uint(b, bytes, 0, 2345678);
	put_ip(b, exporter, 0, "203.0.113.9");
	batch_put_uint(b, domain, 0, 7);
	batch_put_uint(b, mac, 0, UINT64_C(0x00163e0a0b0c));
	put_text(b, name, 0, "ge-0/0/1, \"up\"link\t\xff");
	batch_put_octets(b, mpls, 0, "\x00\x01\x2f", 3);
	put_list(b, list, 0);
	batch_put_double(b, score, 0, 0.25);

	put_time(b, start, 1, noon + NS_PER_S);
	put_time(b, end, 1, noon + NS_PER_S);
	put_ip(b, src, 1, "2001:db8::1");
	put_ip(b, dst, 1, "2001:db8:0:1::ffff");
	batch_put_uint(b, sport, 1, 53);
	batch_put_uint(b, dport, 1, 5353);
	batch_put_uint(b, proto, 1, 17);
	batch_put_uint(b, packets, 1, 1);
	batch_put_uint(b, bytes, 1, UINT64_MAX);
	put_ip(b, exporter, 1, "2001:db8::9");
	put_text(b, name, 1, "");
	batch_put_double(b, score, 1, __builtin_inf());

	put_ip(b, src, 2, "192.0.2.2");
	batch_put_uint(b, proto, 2, 1);
	batch_put_uint(b, fragment, 2, 0);
	put_text(b, name, 2, "\xc3\xa9t\xc3\xa9 C:\\new");
	batch_close(b);
	return b;
}

/* The interface table of an exporter, as a NetFlow v9 options record tells it. */
static struct batch *
options(void)
{
	struct batch *b = batch_new();
	struct field_id scope = { .pen = PEN_SCOPE, .id = 2 };
	unsigned interface = (unsigned)batch_column(b, &scope, TYPE_UINT, 4, COLUMN_SCOPE);
	unsigned exporter = column(b, field_own(OWN_EXPORTER), TYPE_IP, 4);
	unsigned domain = column(b, field_own(OWN_DOMAIN), TYPE_UINT, 4);
	unsigned name = column(b, field_iana(82), TYPE_STRING, 0);

	b->options = true;
	batch_extend(b, 1);
	batch_put_uint(b, interface, 0, 5);
	put_ip(b, exporter, 0, "203.0.113.9");
	batch_put_uint(b, domain, 0, 7);
	put_text(b, name, 0, "ge-0/0/5");
	batch_close(b);
	return b;
}

/* An exporter that names its interfaces with care, with hostility, and an element after one of ours. */
static struct batch *
names_said(void)
{
	static const char *const called[] = { "ge-0/0/5", "a,\"b\"\t\033[2J\xff\xc3\xa9", "counter",
		"bytes", "_kind", "score" };
	struct batch *b = batch_new();
	unsigned exporter = column(b, field_own(OWN_EXPORTER), TYPE_IP, 4);
	unsigned interface = column(b, field_iana(10), TYPE_UINT, 4);
	unsigned name = column(b, field_iana(82), TYPE_STRING, 0);
	unsigned pen = column(b, field_iana(346), TYPE_UINT, 4);
	unsigned id = column(b, field_iana(303), TYPE_UINT, 2);
	unsigned type = column(b, field_iana(339), TYPE_UINT, 1);
	unsigned element = column(b, field_iana(341), TYPE_STRING, 0);

	b->options = true;
	batch_extend(b, 6);
	for (size_t i = 0; i < 6; i++) {
		put_ip(b, exporter, i, "203.0.113.9");
		if (i < 2) {
			batch_put_uint(b, interface, i, 5 + i);
			put_text(b, name, i, called[i]);
		} else {
			batch_put_uint(b, pen, i, 32473);
			batch_put_uint(b, id, i, 5 + i);
			batch_put_uint(b, type, i, i == 2 ? 3 : 13);
			put_text(b, element, i, called[i]);
		}
	}
	batch_close(b);
	return b;
}

static struct batch *
named_flows(void)
{
	struct batch *b = batch_new();
	unsigned exporter = column(b, field_own(OWN_EXPORTER), TYPE_IP, 4);
	unsigned in = column(b, field_iana(10), TYPE_UINT, 2);
	unsigned out = column(b, field_iana(14), TYPE_UINT, 4);
	unsigned app = column(b, field_iana(95), TYPE_BYTES, 0);
	unsigned score = column(b, named("score"), TYPE_FLOAT64, 8);

	batch_extend(b, 3);
	for (size_t i = 0; i < 3; i++) {
		put_ip(b, exporter, i, i < 2 ? "203.0.113.9" : "203.0.113.8");
		batch_put_uint(b, in, i, 5 + i % 2);
		if (i != 1)
			batch_put_uint(b, out, i, 7 - i);
		if (i != 2)
			batch_put_octets(b, app, i, i ? "\x0d" : "\x0d\x00\x01\xc5", i ? 1 : 4);
		batch_put_double(b, score, i, 0.5);
	}
	for (unsigned k = 0; k < 4; k++) {
		struct field_id id = { .pen = 32473, .id = (uint16_t)(7 + k) };

		put_text(b, column(b, id, TYPE_BYTES, 0), 0, "\001\002");
	}
	batch_close(b);
	return b;
}

/* Both elements of an address pair in a record, one of them zero, as --raw keeps them. */
static struct batch *
both_families(void)
{
	struct batch *b = batch_new();
	unsigned src = column(b, field_iana(8), TYPE_IP, 4),
		 src6 = column(b, field_iana(27), TYPE_IP, 16);
	unsigned start = column(b, field_own(OWN_START), TYPE_TIME, 8);
	unsigned wire = column(b, field_own(OWN_WIRE), TYPE_BOOL, 1);
	unsigned sent = column(b, field_iana(152), TYPE_TIME, 8);
	struct field_id odd = { .id = 150, .instance = FIELD_AS_SENT };
	unsigned as_sent = column(b, odd, TYPE_UINT, 8);

	batch_extend(b, 5);
	put_ip(b, src, 0, "192.0.2.1");
	put_ip(b, src6, 0, "2001:db8::1");
	put_ip(b, src, 1, "2001:db8::1");
	put_ip(b, src6, 1, "0.0.0.0");
	put_ip(b, src, 2, "192.0.2.1");
	put_ip(b, src6, 2, "::");
	put_ip(b, src6, 3, "::ffff:192.0.2.1");
	for (size_t i = 0; i < 5; i++) {
		put_time(b, start, i, noon + 1);
		batch_put_uint(b, wire, i, i != 3);
		if (i != 3)
			put_time(b, sent, i, noon + 5 * NS_PER_MS);
	}
	batch_put_uint(b, as_sent, 4, 5);
	batch_close(b);
	return b;
}

/* What flowagg makes: a key and values. */
static struct batch *
aggregate(void)
{
	struct batch *b = batch_new();
	unsigned key = column(b, field_iana(12), TYPE_IP, 4),
		 bytes = column(b, field_iana(1), TYPE_UINT, 8);
	unsigned distinct = column(b, named("distinct_srcip"), TYPE_UINT, 8);

	batch_extend(b, 2);
	put_ip(b, key, 0, "192.0.2.1");
	batch_put_uint(b, bytes, 0, 1000000);
	batch_put_uint(b, distinct, 0, 12);
	put_ip(b, key, 1, "192.0.2.2");
	batch_put_uint(b, bytes, 1, 999);
	batch_put_uint(b, distinct, 1, 1);
	batch_close(b);
	return b;
}

static char *
read_whole(const char *path)
{
	struct buf b = { 0 };
	int fd = open(path, O_RDONLY);
	ssize_t n = 1;

	if (fd < 0)
		return mem_string(strerror(errno));
	while (n > 0) {
		n = file_read(fd, buf_room(&b, 65536), 65536);
		b.len += n > 0 ? (size_t)n : 0;
	}
	(void)close(fd);
	(void)buf_cstr(&b);
	return b.data;
}

/* With FLOWKIT_UPDATE set the file is written instead: look at the difference before keeping it. */
static void
compare(const char *name, struct buf *got)
{
	char path[256];
	char *want;
	int fd;

	(void)snprintf(path, sizeof(path), "tests/data/text/%s", name);
	if (getenv("FLOWKIT_UPDATE") != NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		ok(fd >= 0 && file_write(fd, got->data, got->len) == 0 && close(fd) == 0,
		    "%s is written", path);
		return;
	}
	want = read_whole(path);
	is_str(buf_cstr(got), want, "text: a batch prints as %s", name);
	mem_free(want);
}

static struct names *
names_known(void)
{
	struct batch *b = names_said();
	struct names *names = names_learn(names_new(), b);

	batch_free(b);
	return names;
}

static void
print_with(const struct names *names, const char *name, const struct text_spec *spec,
    const char *fields, struct batch *(*make)(void))
{
	struct text_spec s = *spec;
	struct field_list list = { 0 };
	struct batch *b = make();
	struct text_writer *w;
	struct buf out = { 0 };
	struct err err = { 0 };
	size_t lead, at;

	if (fields != NULL && field_list_parse(&list, fields, &err) != 0)
		ok(false, "%s: %s", name, err.text);
	s.fields = fields ? &list : NULL;
	w = text_new(&s);
	text_begin(w, names, b, &out);
	at = out.len;
	ok(text_rows(w, names, b, NULL, NULL, &out, &err) == 0, "text: %s has no error", name);
	lead = text_lead(w, out.len - at);
	memmove(out.data + at, out.data + at + lead, out.len - at - lead);
	out.len -= lead;
	text_end(w, &out);
	compare(name, &out);
	text_free(w);
	field_list_free(&list);
	batch_free(b);
	buf_free(&out);
}

static void
print(
    const char *name, const struct text_spec *spec, const char *fields, struct batch *(*make)(void))
{
	print_with(NULL, name, spec, fields, make);
}

/* Numbers by their names, where they have names; what says names is printed as it is. */
static void
test_named(void)
{
	struct names *names = names_known();

	print_with(names, "named.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true },
	    "inif,outif,app,32473.7,32473.8,32473.10,`score`", named_flows);
	print_with(names, "named.tsv", &(struct text_spec){ .format = TEXT_TSV, .header = true },
	    "inif,outif", named_flows);
	print_with(
	    names, "named.ndjson", &(struct text_spec){ .format = TEXT_NDJSON }, NULL, named_flows);
	print_with(names, "named.table",
	    &(struct text_spec){ .format = TEXT_TABLE, .header = true },
	    "exporter,inif,outif,app,32473.7,32473.8", named_flows);
	print_with(names, "named-raw.ndjson",
	    &(struct text_spec){ .format = TEXT_NDJSON, .raw = true }, "inif,app,32473.7",
	    named_flows);
	print_with(names, "named-options.ndjson",
	    &(struct text_spec){ .format = TEXT_NDJSON, .options = true }, "inif,ifname",
	    names_said);
	names_release(names);
}

/* Only the selected records, wherever they are. */
static void
test_selection(void)
{
	const struct text_spec spec = { .format = TEXT_CSV, .header = false };
	struct text_writer *w = text_new(&spec);
	struct batch *b = aggregate();
	uint64_t sel[1] = { 2 };
	struct buf out = { 0 };
	struct err err = { 0 };

	text_begin(w, NULL, b, &out);
	ok(text_rows(w, NULL, b, sel, NULL, &out, &err) == 0, "text: a selection prints");
	is_str(buf_cstr(&out), "192.0.2.2,999,1\n",
	    "text: only selected records are printed, no header");
	text_free(w);
	batch_free(b);
	buf_free(&out);
}

/* Chunks of json: one comma between any two records whatever the chunks, none in front. */
static void
test_json_chunks(void)
{
	const struct text_spec spec = { .format = TEXT_JSON };
	struct text_writer *w = text_new(&spec);
	struct batch *b = aggregate();
	struct buf all = { 0 }, chunk = { 0 };
	struct err err = { 0 };
	size_t lead;

	text_begin(w, NULL, b, &all);
	for (uint64_t sel = 0; sel < 4; sel++) {
		chunk.len = 0;
		(void)text_rows(w, NULL, b, &sel, NULL, &chunk, &err);
		lead = text_lead(w, chunk.len);
		if (chunk.len > 0)
			buf_put(&all, chunk.data + lead, chunk.len - lead);
	}
	text_end(w, &all);
	is_str(buf_cstr(&all),
	    "[\n{\"dstip\":\"192.0.2.1\",\"bytes\":1000000,\"distinct_srcip\":12},\n"
	    "{\"dstip\":\"192.0.2.2\",\"bytes\":999,\"distinct_srcip\":1},\n"
	    "{\"dstip\":\"192.0.2.1\",\"bytes\":1000000,\"distinct_srcip\":12},\n"
	    "{\"dstip\":\"192.0.2.2\",\"bytes\":999,\"distinct_srcip\":1}\n]\n",
	    "json: chunks make one array");
	text_free(w);
	batch_free(b);
	buf_free(&all);
	buf_free(&chunk);
}

int
main(void)
{
	struct tz *an_hour_east;

	if (!tz_parse("+01:00", 6, &an_hour_east))
		return 1;
	print("flows.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true }, NULL, flows);
	print("flows-strings.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true },
	    "interfaceName,srcip,sourceMacAddress,mplsTopLabelStackSection,`score`", flows);
	print("flows-changed.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true },
	    "+ifname,bpp,-flags", flows);
	print("aggregate-changed.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true },
	    "-distinct_srcip,+srcport", aggregate);
	print("flows.tsv", &(struct text_spec){ .format = TEXT_TSV, .header = true },
	    "interfaceName,srcip,duration,bps", flows);
	print("flows.ndjson", &(struct text_spec){ .format = TEXT_NDJSON }, NULL, flows);
	print("flows.json", &(struct text_spec){ .format = TEXT_JSON }, "srcip,bytes", flows);
	print("flows-raw.ndjson", &(struct text_spec){ .format = TEXT_NDJSON, .raw = true }, NULL,
	    flows);
	print("flows.table", &(struct text_spec){ .format = TEXT_TABLE, .header = true }, NULL,
	    flows);
	print("flows-plain.table",
	    &(struct text_spec){
		.format = TEXT_TABLE, .header = true, .plain = true, .tz = an_hour_east },
	    "start,interfaceName,bytes,`score`,mplsTopLabelStackSection,basicList", flows);
	print("families-raw.ndjson", &(struct text_spec){ .format = TEXT_NDJSON, .raw = true },
	    NULL, both_families);
	print("options.ndjson", &(struct text_spec){ .format = TEXT_NDJSON, .options = true }, NULL,
	    options);
	print("options-raw.ndjson",
	    &(struct text_spec){ .format = TEXT_NDJSON, .options = true, .raw = true }, NULL,
	    options);
	print("options.csv",
	    &(struct text_spec){ .format = TEXT_CSV, .header = true, .options = true }, "srcip",
	    options);
	print("aggregate.csv", &(struct text_spec){ .format = TEXT_CSV, .header = true }, NULL,
	    aggregate);
	print("aggregate.table", &(struct text_spec){ .format = TEXT_TABLE, .header = true }, NULL,
	    aggregate);
	test_named();
	test_selection();
	test_json_chunks();
	tz_free(an_hour_east);
	return done_testing();
}
