/* csv and tsv: what is written is what is read; what people's files hold is understood or refused by line. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "flow/value.h"
#include "random_batch.h"
#include "same.h"
#include "tap.h"
#include "text/csv_cell.h"
#include "text/csv_name.h"
#include "text/escape.h"
#include "text/text.h"

enum { ROUNDS = 150 };

static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("# ");
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

static struct csv_reader *
reader_over(const char *text, size_t n, char delimiter)
{
	int fd;
	struct err err = { 0 };

	fd = file_temp(NULL, &err);
	if (fd < 0 || file_write(fd, text, n) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return csv_open(fd, delimiter, NULL, 0);
}

/* `-k all` of a batch. */
static void
all_fields(struct field_list *list, const struct batch *b)
{
	list->fields = mem_zero(b->n_cols + 1, sizeof(*list->fields));
	list->all = true;
	for (unsigned i = 0; i < b->n_cols; i++)
		if (!(b->col[i].flags & COLUMN_EMPTY))
			field_of_column(&list->fields[list->n++], &b->col[i]);
}

static int
write_batch(struct batch *b, const struct text_spec *spec, struct buf *out, struct err *err)
{
	struct text_writer *w = text_new(spec);
	int rc;

	text_begin(w, NULL, b, out);
	rc = text_rows(w, NULL, b, NULL, NULL, out, err);
	text_end(w, out);
	text_free(w);
	return rc;
}

/* Is every column of x in y, and the other way round?  Says where not. */
static bool
same_columns(struct batch *x, struct batch *y)
{
	for (unsigned k = 0; k < x->n_cols; k++) {
		const struct column *cx = &x->col[k], *cy;
		int at = batch_find(y, &cx->id);

		if (cx->flags & COLUMN_EMPTY)
			continue;
		if (at < 0) {
			note("element %u.%u is gone", cx->id.pen, cx->id.id);
			return false;
		}
		cy = &y->col[at];
		for (size_t i = 0; i < x->n; i++) {
			struct value vx = value_at(cx, i), vy = value_at(cy, i);

			if (!same_value(&vx, &vy)) {
				note("element %u.%u of record %zu differs (types %d %d)",
				    cx->id.pen, cx->id.id, i, vx.type, vy.type);
				return false;
			}
		}
		if ((cx->type == TYPE_TIME || cx->type == TYPE_DURATION) &&
		    cx->scale != cy->scale) {
			note("element %u.%u: scale %u became %u", cx->id.pen, cx->id.id, cx->scale,
			    cy->scale);
			return false;
		}
	}
	return true;
}

static bool
round_trip(uint64_t seed, enum text_format format)
{
	struct batch *b = random_batch(seed, 1 + seed * 7 % 400), *got = batch_new();
	struct field_list fields = { 0 };
	struct text_spec spec = {
		.format = format, .fields = &fields, .complete = true, .header = true
	};
	struct buf out = { 0 };
	struct err err = { 0 };
	struct csv_bad bad = { 0 };
	struct csv_reader *r;
	bool same;

	all_fields(&fields, b);
	same = write_batch(b, &spec, &out, &err) == 0;
	r = reader_over(out.data, out.len, format == TEXT_TSV ? '\t' : ',');
	same = same && csv_next(r, got, &bad, &err) == 1 && got->n == b->n &&
	       same_columns(b, got) && same_columns(got, b) && csv_next(r, got, &bad, &err) == 0;
	if (!same)
		note("seed %llu: %s", (unsigned long long)seed, err.text);
	csv_close(r);
	buf_free(&out);
	field_list_free(&fields);
	batch_free(b);
	batch_free(got);
	return same;
}

static void
test_round_trips(void)
{
	bool csv = true, tsv = true;

	for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
		csv = csv && round_trip(seed, TEXT_CSV);
		tsv = tsv && round_trip(seed, TEXT_TSV);
	}
	ok(csv, "csv: random batches of every type come back as they were");
	ok(tsv, "tsv: random batches of every type come back as they were");
}

/* Strings that a writer could get wrong, there and back. */
static void
test_strings(void)
{
	static const struct {
		const char *octets, *csv, *tsv;
	} strings[] = {
		{ "plain", "plain", "plain" },
		{ "", "\"\"", "\"\"" },
		{ "\"\"", "\"\"\"\"\"\"", "\\x22\\x22" },
		{ "a,b", "\"a,b\"", "a,b" },
		{ "C:\\Users", "C:\\Users", "C:\\\\Users" },
		{ "\\x41", "\\\\x41", "\\\\x41" },
		{ "\\\\host", "\\\\\\\\host", "\\\\\\\\host" },
		{ "tab\there", "tab\\x09here", "tab\\there" },
		{ "two\nlines", "two\\x0alines", "two\\nlines" },
		{ "caf\xc3\xa9", "caf\xc3\xa9", "caf\xc3\xa9" },
		{ "caf\xe9", "caf\\xe9", "caf\\xe9" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\\xed\\xa0\\x80" },
		{ " blank", "\" blank\"", " blank" },
		{ "-", "-", "-" },
		{ "\\N", "\\\\N", "\\\\N" },
		{ "\\Name", "\\Name", "\\\\Name" },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct buf b = { 0 };
		char back[64];
		size_t n = strlen(strings[i].octets);

		escape_csv(&b, strings[i].octets, n, ',');
		is_str(buf_cstr(&b), strings[i].csv,
		    "csv: string %zu is written so that all can read it", i);
		b.len = 0;
		escape_csv(&b, strings[i].octets, n, '\t');
		is_str(buf_cstr(&b), strings[i].tsv,
		    "tsv: string %zu is written so that all can read it", i);
		if (n > 0) {
			size_t len = unescape_csv(back, b.data, b.len, '\t');

			ok(len == n && memcmp(back, strings[i].octets, n) == 0,
			    "tsv: string %zu comes back", i);
		}
		buf_free(&b);
	}
}

/* Read a text whole; what the first error or the bad lines were. */
struct reading {
	struct batch *b;
	struct err err;
	struct csv_bad bad;
};

static struct reading
read_text(const char *text, char delimiter, bool skip)
{
	struct reading g = { .b = batch_new(), .bad.skip = skip };
	struct csv_reader *r = reader_over(text, strlen(text), delimiter);

	(void)csv_next(r, g.b, &g.bad, &g.err);
	csv_close(r);
	return g;
}

/* A cell as text, by the name of its field. */
static const char *
cell(struct batch *b, const char *name, size_t rec, struct buf *out)
{
	const struct text_opts opts = { .style = STYLE_CSV };
	struct field f;
	struct err err = { 0 };
	struct value v;
	int i;

	out->len = 0;
	if (field_parse(&f, name, strlen(name), &err) != 0)
		return err.text[0] ? "no such field" : "";
	i = batch_resolve(b, &f);
	if (i < 0)
		return "no column";
	v = value_at(batch_plain(b, (unsigned)i), rec);
	if (v.type == TYPE_NONE)
		return "missing";
	value_put(out, &v, &b->col[i], &opts);
	return buf_cstr(out);
}

static void
test_files(void)
{
	static const struct {
		const char *text, *field, *want, *what;
	} files[] = {
		{ "srcip,bytes\n10.0.0.1,5\n", "srcip", "10.0.0.1", "an alias names a column" },
		{ "sourceIPv4Address,octetDeltaCount\n10.0.0.1,5\n", "bytes", "5",
		    "an IANA name names a column" },
		{ "\xef\xbb\xbfsrcip,bytes\r\n10.0.0.1,5\r\n", "bytes", "5",
		    "a byte order mark and CRLF" },
		{ "srcip,bytes\n\n\n10.0.0.1,5", "bytes", "5", "empty lines, no last line end" },
		{ "srcip , bytes\n 10.0.0.1 , 5 \n", "bytes", "5", "blanks around cells" },
		{ "\"srcip\",\"bytes\"\n\"10.0.0.1\",\"5\"\n", "bytes", "5",
		    "quotes around everything" },
		{ "interfaceName,bytes\n\"a\nb, \"\"c\"\"\",5\n", "interfaceName", "a\nb, \"c\"",
		    "a line end, a comma and quotes within quotes" },
		{ "start_ms,end_ms\n1588205198900,1588205198901\n", "start",
		    "2020-04-30T00:06:38.900Z", "epoch milliseconds" },
		{ "start,end\n1588205198.5,1588205199\n", "start", "2020-04-30T00:06:38.500Z",
		    "epoch seconds" },
		{ "start,duration\n1588205198,1.25\n", "end", "2020-04-30T00:06:39.250Z",
		    "a start and a duration make an end" },
		{ "end,start,duration\n1588205199.25,1588205198,7\n", "end",
		    "2020-04-30T00:06:39.250Z", "a duration beside start and end" },
		{ "end,duration\n1588205199.25,1.25\n", "start", "2020-04-30T00:06:38.000Z",
		    "an end and a duration make a start" },
		{ "proto,tcpflags\nTCP,27\n", "proto", "6", "a protocol by name" },
		{ "proto,tcpflags\nTCP,27\n", "flags", "27", "another tool's name of a column" },
		{ "ts,te,sa,da,sp,dp,pr,flg,ipkt,ibyt\n"
		  "2020-04-30 00:06:38,2020-04-30 00:06:39,10.0.0.1,10.0.0.2,1,2,UDP,......,3,4\n",
		    "end", "2020-04-30T00:06:39Z", "nfdump's columns" },
		{ "firstSeen,duration,proto,srcAddr\n2020-04-30 "
		  "00:06:38.500,26:00:04.096,TCP,10.0.0.1\n",
		    "end", "2020-05-01T02:06:42.596Z", "nfdump's columns since 1.7.4" },
		{ "sIP,flags\n10.0.0.1, S   A  \n", "flags", "18", "SiLK's blanks between flags" },
		{ "sa,mpls1,mpls10\n10.0.0.1,1048575-5-1,0-0-0\n", "mpls1", "fffffb",
		    "nfdump's entries of a label stack" },
		{ "sa,mpls1,mpls10\n10.0.0.1,16-0-1,0-0-0\n", "mpls10", "no column",
		    "and where it has none" },
		{ "bytes,label\n5,benign:x\n", "`label`", "benign:x",
		    "an unknown name is a string column" },
		{ "bytes,rtt:float64\n5,0.5\n", "`rtt`", "0.5", "a name with a type" },
		{ "bytes,srcport\n5,-\n", "srcport", "no column", "a dash is missing" },
		{ "bytes,interfaceName\n5,\"\"\n", "interfaceName", "",
		    "a quoted empty cell is an empty string" },
		{ "bytes,interfaceName\n5,\n", "interfaceName", "no column",
		    "an empty cell is missing" },
		{ "srcip\n10.0.0.1\n::1\n", "srcip", "10.0.0.1", "both families in one column" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct reading g = read_text(files[i].text, ',', false);
		struct buf out = { 0 };

		ok(g.err.status == 0 && g.b->n > 0, "csv in: %s: it is read (%s)", files[i].what,
		    g.err.text);
		if (g.b->n > 0)
			is_str(cell(g.b, files[i].field, 0, &out), files[i].want, "csv in: %s",
			    files[i].what);
		buf_free(&out);
		batch_free(g.b);
	}
}

static void
test_bad_lines(void)
{
	static const struct {
		const char *text, *err;
		uint64_t bad, good;
	} files[] = {
		{ "bytes\n18446744073709551616\n",
		    "line 2: column 1: '18446744073709551616' is too large", 1, 0 },
		{ "srcport,bytes\n1,2\n70000,3\n4,5\n", "line 3: column 1: '70000' is too large", 1,
		    2 },
		{ "srcport,bytes\n1,2\n1\n4,5\n", "line 3: 1 fields instead of 2", 1, 2 },
		{ "srcport,bytes\n1,2,3\n4,5\n", "line 2: 3 fields instead of 2", 1, 1 },
		{ "srcip,bytes\n10.0.0.x,2\n10.0.0.1,5\n",
		    "line 2: column 1: '10.0.0.x' is no IP address", 1, 1 },
		{ "start,bytes\nnever,2\n", "line 2: column 1: 'never' is no time", 1, 0 },
		{ "start,bytes\n9999-12-31 23:59:59,2\n",
		    "line 2: column 1: '9999-12-31 23:59:59' is no time from "
		    "1677-09-21T00:12:44Z to 2262-04-11T23:47:16Z",
		    1, 0 },
		{ "start,bytes\n1588205198900,2\n",
		    "line 2: column 1: '1588205198900' is too large for seconds; names like "
		    "start_ms, start_us, start_ns say the unit",
		    1, 0 },
		{ "bytes\n18446744073709551616\n",
		    "line 2: column 1: '18446744073709551616' is too large", 1, 0 },
		{ "bytes\n-1\n", "line 2: column 1: '-1' is below 0", 1, 0 },
		{ "bytes\n-x\n", "line 2: column 1: '-x' is no number", 1, 0 },
		{ "bytes\n1.5\n", "line 2: column 1: '1.5' is no whole number", 1, 0 },
		{ "bytes\n-1.0\n", "line 2: column 1: '-1.0' is below 0", 1, 0 },
		{ "bytes\n-inf\n", "line 2: column 1: '-inf' is no number", 1, 0 },
		{ "bytes\n1e30\n",
		    "line 2: column 1: '1e30' is too long or too large; write it without point and "
		    "exponent",
		    1, 0 },
		{ "bytes\n1e-400\n", "line 2: column 1: '1e-400' is no whole number", 1, 0 },
		{ "srcport\n1e5\n", "line 2: column 1: '1e5' is too large", 1, 0 },
		{ "bytes\n80.00000000000000001\n",
		    "line 2: column 1: '80.00000000000000001' is too long or too large; write it "
		    "without point and exponent",
		    1, 0 },
		{ "bytes,label\n\"5\n6\",a\n7,b\n", "line 2: column 1: '5\\x0a6' is no number", 1,
		    1 },
		{ "score:float32\n3.4028236e38\n1\n",
		    "line 2: column 1: '3.4028236e38' is too large", 1, 1 },
		{ "mpls1\n1048576-0-0\n",
		    "line 2: column 1: '1048576-0-0' is no string of hex digits", 1, 0 },
		{ "mpls1\n16-8-0\n", "line 2: column 1: '16-8-0' is no string of hex digits", 1,
		    0 },
		{ "label,bytes\na\"b,2\nc,5\n",
		    "line 2: a quote within a field, or text behind a closing quote", 1, 1 },
		{ "label,bytes\n\"a\"\rb,2\nc,5\n",
		    "line 2: a carriage return within the line, outside quotes", 1, 1 },
		{ "duration,bytes\n5,1\n-5,2\n",
		    "line 3: a duration below 0, without a start or an end", 1, 1 },
		{ "label,bytes\n\"ab,2\nc,5\n", "line 2: no closing quote", 1, 1 },
		{ "label,bytes\n\"a\nb\",x\nc,5\n", "line 2: column 2: 'x' is no number", 1, 1 },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct reading g = read_text(files[i].text, ',', false);

		is_str(
		    g.err.text, files[i].err, "csv in: bad line %zu is named with its reason", i);
		batch_free(g.b);
		g = read_text(files[i].text, ',', true);
		ok(g.err.status == 0 && g.bad.lines == files[i].bad && g.b->n == files[i].good,
		    "csv in: bad line %zu is skipped and counted, the others are read", i);
		batch_free(g.b);
	}
}

static void
test_bad_headers(void)
{
	static const char *const files[][2] = {
		{ "10.0.0.1,80\n10.0.0.2,81\n",
		    "line 1: '10.0.0.1' is no name: the first line must name the columns" },
		{ "srcip,bytes,sa\n", "line 1: columns 1 and 3 are the same field" },
		{ "srcip,,bytes\n", "line 1, column 2: a column without a name" },
		{ "\xff\xfes\0r\0", "line 1: UTF-16: only UTF-8 is read" },
		{ "\"srcip,bytes\n", "line 1: no closing quote" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct reading g = read_text(files[i][0], ',', true);

		is_str(g.err.text, files[i][1], "csv in: header %zu is refused", i);
		batch_free(g.b);
	}
}

/* A line of two MiB, and one just within bounds. */
static void
test_long_lines(void)
{
	struct buf text = { 0 };
	struct batch *b = batch_new();
	struct csv_bad bad = { .skip = true };
	struct err err = { 0 };
	struct csv_reader *r;
	size_t good = (1 << 20) - 100;

	buf_puts(&text, "label,bytes\n");
	for (size_t n = 2 << 20; n > 0; n = n > good ? good : 0) {
		memset(buf_room(&text, n), 'x', n);
		text.len += n;
		buf_puts(&text, ",5\n");
	}
	r = reader_over(text.data, text.len, ',');
	ok(csv_next(r, b, &bad, &err) == 1 && b->n == 1 && bad.lines == 1 && bad.first_line == 2,
	    "csv in: a line longer than 1 MiB is a bad line, one of nearly 1 MiB is read");
	is_str(bad.reason, "a line longer than 1 MiB", "csv in: the reason says so");
	csv_close(r);
	batch_free(b);
	buf_free(&text);
}

/* A time that is none takes no more memory the longer it is. */
static void
test_long_time(void)
{
	struct buf text = { 0 };
	struct batch *b = batch_new();
	struct csv_bad bad = { .skip = true };
	struct err err = { 0 };
	struct csv_reader *r;
	size_t n = 1000000;

	buf_puts(&text, "start,bytes\n");
	memset(buf_room(&text, n), '.', n);
	text.len += n;
	buf_puts(&text, ",5\n2026-01-05,6\n");
	r = reader_over(text.data, text.len, ',');
	ok(csv_next(r, b, &bad, &err) == 1 && b->n == 1 && bad.lines == 1,
	    "csv in: a million dots are no time");
	csv_close(r);
	batch_free(b);
	buf_free(&text);
}

/* Cells of each column: usual ones, and some that are odd, or wrong. */
static const struct {
	const char *name, *usual[4], *odd[14];
} mixed[] = {
	{ "start",
	    { "2026-01-05T00:00:01.043Z", "2026-01-05T23:59:59.999Z", "2026-01-06T12:30:00.500Z",
		"2026-01-05 00:00:01Z" },
	    { "2026-01-05T24:00:00.000Z", "2026-01-05T00:60:00.000Z", "2026-01-05T00:00:61.000Z",
		"2026-01-05T00:00:01.xZ", "2026-01-05T00:00:01.123456789Z",
		"2026-01-05T00:00:01.04aZ", "2026-01-05T00:00:01.043", "2026-01-05T00:00:01+01:00",
		"1969-12-31T23:59:59.999Z", "2026-02-29T00:00:00.000Z", "2026-01-05T0a:00:01.043Z",
		"1767571201.5", "2026-01-05T00-00:01.043Z", "2026-01-05T00:00:01.12345678Z" } },
	{ "received",
	    { "2026-01-05T00:00:02.054789Z", "2026-01-05T00:00:02Z", "2026-01-05T10:20:30.1Z",
		"2026-01-05T10:20:30.12345Z" },
	    { "2262-04-11T23:47:16.854775807Z", "1677-09-21T00:12:43.145224192Z", "x",
		"2262-04-11T23:47:16.854775808Z" } },
	{ "srcip", { "10.0.0.1", "192.168.100.200", "0.0.0.0", "255.255.255.255" },
	    { "256.0.0.1", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1..2.3", "1.2.3.", ".1.2.3",
		"a.b.c.d", "::ffff:10.0.0.1", "2001:db8::1", "1.2.3.1111", " 10.0.0.1 ",
		"1.2.3.:", "1111.2.3.4" } },
	{ "dstip",
	    { "2001:db8::1", "fd00:0:0:3::1234", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff", "::1" },
	    { "::ffff:10.0.0.1", "2001:DB8::1", "10.0.0.1", "2001:db8::1g", "2001:db8:::1",
		" 2001:db8::1", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:fffff" } },
	{ "exporter", { "10.254.255.1", "10.254.255.1", "1.1.1.1", "1.1.1.10" },
	    { "x", "1.1.1.1x" } },
	{ "srcport", { "0", "53", "443", "65535" },
	    { "65536", "-1", "00443", "0x1bb", "4 4", " 443", "443 ", "99999999", "999999999",
		"12345678901234567890123", "/", ":", "44:", "1e3" } },
	{ "proto", { "6", "17", "1", "255" }, { "256", "tcp", "TCP", "nope", "+6" } },
	{ "bytes", { "40", "1206181838", "9999999999999999", "0" },
	    { "18446744073709551615", "18446744073709551616", "12345678901234567", "1.5",
		"123456789:", "12345678/" } },
	{ "inif", { "4294967295", "1", "10", "100000000" }, { "4294967296", "9999999999" } },
	{ "label", { "plain", "two words", "-", "C:\\Users" }, { "\\x41", " blank ", "caf\xe9" } },
	{ "score:float64", { "1.5", "-2", "1e10", "0" }, { "1,5", "nan", "z" } },
	{ "delta:int16", { "-5", "0", "32767", "-32768" }, { "32768", "--1", "0x10" } },
	{ "ok:bool", { "true", "false", "1", "0" }, { "yes" } },
};
enum { MIXED = sizeof(mixed) / sizeof(mixed[0]) };

static const char *
mixed_cell(uint64_t *seed, unsigned k, unsigned odd_share)
{
	unsigned n = 0;

	if (rnd_below(seed, 20) == 0)
		return rnd_below(seed, 2) ? "" : "-";
	while (n < 14 && mixed[k].odd[n] != NULL)
		n++;
	if (rnd_below(seed, 1000) < odd_share)
		return mixed[k].odd[rnd_below(seed, n)];
	return mixed[k].usual[rnd_below(seed, 4)];
}

/* The same lines twice: as they are, and each with a quote, which makes it libcsv's. */
static void
mixed_texts(uint64_t seed, struct buf *plain, struct buf *quoted)
{
	static const unsigned shares[] = { 0, 2, 30, 300 };
	unsigned lines = 1 + (unsigned)rnd_below(&seed, 400), share = shares[rnd_below(&seed, 4)];
	const char *end = rnd_below(&seed, 3) == 0 ? "\r\n" : "\n";
	uint64_t columns = rnd(&seed) | 1;

	buf_puts(plain, "row:uint64");
	for (unsigned k = 0; k < MIXED; k++)
		if (columns >> k & 1)
			buf_printf(plain, ",%s", mixed[k].name);
	buf_puts(plain, end);
	buf_put(quoted, plain->data, plain->len);
	for (unsigned i = 0; i < lines; i++) {
		buf_printf(plain, "%u", i);
		buf_printf(quoted, "\"%u\"", i);
		for (unsigned k = 0; k < MIXED; k++) {
			const char *cell = mixed_cell(&seed, k, share);

			if ((columns >> k & 1) == 0)
				continue;
			buf_printf(plain, ",%s", cell);
			buf_printf(quoted, ",%s", cell);
		}
		if (rnd_below(&seed, 1000) < share / 4) {
			buf_puts(plain, ",");
			buf_puts(quoted, ",");
		}
		if (rnd_below(&seed, 1000) < share / 4) {
			buf_puts(plain, end);
			buf_puts(quoted, end);
		}
		buf_puts(plain, i + 1 < lines || (seed & 1) ? end : "");
		buf_puts(quoted, i + 1 < lines || (seed & 1) ? end : "");
	}
}

static bool
same_reading(struct buf *x, struct buf *y, bool skip)
{
	struct reading a = read_text(buf_cstr(x), ',', skip), b = read_text(buf_cstr(y), ',', skip);
	bool same = a.b->n == b.b->n && same_columns(a.b, b.b) && same_columns(b.b, a.b) &&
		    strcmp(a.err.text, b.err.text) == 0 && a.bad.lines == b.bad.lines &&
		    a.bad.first_line == b.bad.first_line && strcmp(a.bad.reason, b.bad.reason) == 0;

	if (!same)
		note("%zu %zu records, %s%s, %s%s", a.b->n, b.b->n, a.err.text, a.bad.reason,
		    b.err.text, b.bad.reason);
	batch_free(a.b);
	batch_free(b.b);
	return same;
}

/* Rows that are read by column are what they are one by one; so is what is said of wrong ones. */
static void
test_both_ways(void)
{
	bool whole = true, skipping = true;

	for (uint64_t seed = 1; seed <= 4 * ROUNDS && whole && skipping; seed++) {
		struct buf plain = { 0 }, quoted = { 0 };

		mixed_texts(seed, &plain, &quoted);
		whole = same_reading(&plain, &quoted, false);
		skipping = same_reading(&plain, &quoted, true);
		if (!whole || !skipping)
			note("seed %llu", (unsigned long long)seed);
		buf_free(&plain);
		buf_free(&quoted);
	}
	ok(whole, "csv in: lines without quotes give the records and the error that they give with "
		  "quotes");
	ok(skipping, "csv in: bad lines that are passed over are the same ones");
}

/* Many cells in few octets, most of them empty; numbers of every length. */
static void
test_short_cells(void)
{
	bool same = true;

	for (uint64_t seed = 1; seed <= ROUNDS && same; seed++) {
		struct buf plain = { 0 }, quoted = { 0 };
		uint64_t state = seed;
		unsigned columns = 1 + (unsigned)rnd_below(&state, 70);
		unsigned digits = (unsigned)rnd_below(&state, 4) * 6;

		for (unsigned k = 0; k < columns; k++)
			buf_printf(&plain, "%sc%u:uint64", k ? "," : "row:uint64,", k);
		buf_puts(&plain, "\n");
		buf_put(&quoted, plain.data, plain.len);
		for (unsigned i = 0; i < 200; i++) {
			buf_printf(&plain, "%u", i);
			buf_printf(&quoted, "\"%u\"", i);
			for (unsigned k = 0; k < columns; k++) {
				char cell[24] = "";
				unsigned n = (unsigned)rnd_below(&state, digits + 2);

				for (unsigned d = 0; d < n; d++)
					cell[d] = (char)('0' + rnd_below(&state, 10));
				buf_printf(&plain, ",%s", cell);
				buf_printf(&quoted, ",%s", cell);
			}
			buf_puts(&plain, "\n");
			buf_puts(&quoted, "\n");
		}
		same = same_reading(&plain, &quoted, false);
		if (!same)
			note("seed %llu", (unsigned long long)seed);
		buf_free(&plain);
		buf_free(&quoted);
	}
	ok(same,
	    "csv in: cells of no octets and of many are found and read with and without quotes");
}

/* Every record of a text, through pieces. */
static size_t
count_pieces(const struct buf *text, size_t *pieces, struct csv_bad *bad, uint64_t *sum)
{
	struct csv_reader *r = reader_over(text->data, text->len, ',');
	struct csv_piece *p = csv_piece_new();
	struct batch *b = batch_new();
	struct field_id id = { .id = 1 };
	struct err err = { 0 };
	size_t n = 0;

	while (csv_take(r, p, &err) > 0) {
		int at;

		(void)csv_read(p, b, bad, &err);
		at = batch_find(b, &id);
		for (size_t i = 0; at >= 0 && i < b->n; i++)
			*sum += column_uint(&b->col[at], i);
		n += b->n;
		++*pieces;
	}
	csv_piece_free(p);
	csv_close(r);
	batch_free(b);
	return n;
}

/* Where pieces end no record does, whatever quotes there are. */
static void
test_pieces(void)
{
	struct csv_bad bad = { .skip = true };
	struct buf text = { 0 };
	size_t pieces = 0, want = 0, n;
	uint64_t sum = 0, want_sum = 0;

	buf_puts(&text, "label,bytes\n");
	for (unsigned i = 0; i < 3 * BATCH_RECORDS; i++) {
		bool bad_line = i % 1013 == 1;

		if (bad_line)
			buf_printf(&text, "5\" disk,%u\n", i); /* an odd quote, too */
		else if (i % 3 != 0)
			buf_printf(&text, "\"a\n\"\"b\n\",%u\n", i);
		else
			buf_printf(&text, i % 5 == 0 ? "\"x,y\",%u\n" : "plain,%u\n", i);
		want += !bad_line;
		want_sum += bad_line ? 0 : i;
	}
	n = count_pieces(&text, &pieces, &bad, &sum);
	ok(n == want && sum == want_sum, "csv in: no piece ends within a quoted record");
	ok(pieces >= 3, "csv in: a piece holds as many records as a batch");
	is_u64(
	    bad.lines, 3 * BATCH_RECORDS - want, "csv in: lines with a stray quote are bad ones");
	buf_free(&text);
}

/* Addresses 10.x.y.z with the number of their row, but that from row 100 on every third is 2001:db8:: with it. */
static void
put_addresses(struct buf *text, unsigned batch, bool longer)
{
	for (unsigned i = 0; i < BATCH_RECORDS; i++) {
		unsigned n = batch * BATCH_RECORDS + i;

		if (longer && i >= 100 && i % 3 == 0)
			buf_printf(text, "2001:db8::%x:%x\n", n >> 16, n & 0xffff);
		else
			buf_printf(text, "10.%u.%u.%u\n", n >> 16 & 255, n >> 8 & 255, n & 255);
	}
}

static bool
are_addresses(const struct column *c, unsigned batch, bool longer)
{
	bool right = c->width == (longer ? 16 : 4);

	for (unsigned i = 0; i < BATCH_RECORDS && right; i++) {
		unsigned n = batch * BATCH_RECORDS + i;
		struct addr want = addr_v4(10U << 24 | n), got;

		if (longer && i >= 100 && i % 3 == 0) {
			want = (struct addr){ .b = { 0x20, 1, 0xd, 0xb8 } };
			want.b[13] = (uint8_t)(n >> 16);
			want.b[14] = (uint8_t)(n >> 8);
			want.b[15] = (uint8_t)n;
		}
		got = longer ? ((const struct addr *)c->data)[i]
			     : addr_v4(((const uint32_t *)c->data)[i]);
		right = memcmp(&got, &want, sizeof(got)) == 0;
	}
	return right;
}

/* A batch that is used again has addresses as wide as its own are. */
static void
test_widths(void)
{
	static const bool longer[] = { false, true, false, true, true, false };
	enum { PARTS = sizeof(longer) / sizeof(longer[0]) };
	struct csv_piece *p = csv_piece_new();
	struct batch *b = batch_new(), *own = batch_new();
	struct csv_reader *r, *whole;
	struct csv_bad bad = { 0 };
	struct err err = { 0 };
	struct buf text = { 0 };
	bool pieces = true, next = true;

	buf_puts(&text, "srcip\n");
	for (unsigned i = 0; i < PARTS; i++)
		put_addresses(&text, i, longer[i]);
	r = reader_over(text.data, text.len, ',');
	whole = reader_over(text.data, text.len, ',');
	for (unsigned i = 0; i < PARTS; i++) {
		pieces = pieces && csv_take(r, p, &err) == 1 && csv_read(p, b, &bad, &err) >= 0 &&
			 b->n == BATCH_RECORDS && are_addresses(&b->col[0], i, longer[i]);
		next = next && csv_next(whole, own, &bad, &err) == 1 && own->n == BATCH_RECORDS &&
		       are_addresses(&own->col[0], i, longer[i]);
	}
	ok(pieces, "csv in: addresses are as wide as those of their piece");
	ok(next, "csv in: and of their batch, when they are read little by little");
	csv_piece_free(p);
	csv_close(r);
	csv_close(whole);
	batch_free(b);
	batch_free(own);
	buf_free(&text);
}

static void
test_complete(void)
{
	struct reading g = read_text("srcip,bytes\n10.0.0.1,5\n", ',', false);
	struct field_list fields = { 0 };
	struct text_spec spec = {
		.format = TEXT_CSV, .fields = &fields, .complete = true, .header = true
	};
	struct buf out = { 0 };
	struct err err = { 0 };

	(void)field_list_parse(&fields, "srcip", &err);
	ok(write_batch(g.b, &spec, &out, &err) == -1,
	    "csv -k all: a value that no column shows is an error");
	is_str(err.text,
	    "a record has a value for bytes, which no column shows: the header went out before it "
	    "was seen",
	    "csv -k all: the message names the field");
	buf_free(&out);
	field_list_free(&fields);
	batch_free(g.b);
}

static struct batch *
one_number(uint16_t element, enum type type, unsigned width, uint64_t v)
{
	const struct field_id id = field_iana(element);
	struct batch *b = batch_new();
	unsigned col = (unsigned)batch_column(b, &id, type, width, 0);

	batch_extend(b, 1);
	batch_put_uint(b, col, 0, v);
	batch_close(b);
	return b;
}

/* Is the number of a later batch, of 8 octets, written under the header that one of `width` octets has made? */
static bool
is_written(uint16_t element, enum type type, unsigned width, uint64_t v)
{
	struct batch *first = one_number(element, type, width, 1);
	struct batch *second = one_number(element, type, 8, v);
	struct field_list fields = { 0 };
	struct text_spec spec = {
		.format = TEXT_CSV, .fields = &fields, .complete = true, .header = true
	};
	struct buf out = { 0 };
	struct err err = { 0 };
	struct text_writer *w;
	bool good;

	all_fields(&fields, first);
	w = text_new(&spec);
	text_begin(w, NULL, first, &out);
	good = text_rows(w, NULL, first, NULL, NULL, &out, &err) == 0 &&
	       text_rows(w, NULL, second, NULL, NULL, &out, &err) == 0;
	text_end(w, &out);
	if (!good && strstr(err.text, "whose type is not the one its column has") == NULL)
		note("%s", err.text);
	text_free(w);
	buf_free(&out);
	field_list_free(&fields);
	batch_free(first);
	batch_free(second);
	return good;
}

/* What reads the header takes no number that has more octets than it says. */
static void
test_header_fits(void)
{
	const uint64_t half = INT32_MAX;

	ok(is_written(4, TYPE_UINT, 1, UINT8_MAX) && !is_written(4, TYPE_UINT, 1, UINT8_MAX + 1) &&
		is_written(7, TYPE_UINT, 2, UINT16_MAX) &&
		!is_written(7, TYPE_UINT, 2, UINT16_MAX + 1) &&
		is_written(10, TYPE_UINT, 4, UINT32_MAX) &&
		!is_written(10, TYPE_UINT, 4, UINT64_C(1) << 32),
	    "csv -k all: later numbers are as large as their column in the header says");
	ok(is_written(434, TYPE_INT, 4, half) && !is_written(434, TYPE_INT, 4, half + 1) &&
		is_written(434, TYPE_INT, 4, ~half) && !is_written(434, TYPE_INT, 4, ~half - 1),
	    "csv -k all: so are those with a sign");
}

/* A time in the form that we write, or nearly so: a character more, less or another now and then. */
static size_t
random_clock(uint64_t *seed, char text[64])
{
	static const char odd[] = "0123456789:-.TZ x+/";
	uint64_t year = rnd_below(seed, 4) ? 1900 + rnd_below(seed, 200) : rnd_below(seed, 3000);
	size_t n = (size_t)snprintf(text, 64, "%04u-%02u-%02uT%02u:%02u:%02u", (unsigned)year,
	    1 + (unsigned)rnd_below(seed, 12), 1 + (unsigned)rnd_below(seed, 31),
	    (unsigned)rnd_below(seed, 25), (unsigned)rnd_below(seed, 61),
	    (unsigned)rnd_below(seed, 62));
	size_t decimals = rnd_below(seed, 11), at;

	for (size_t i = 0; i < decimals; i++)
		text[n++] = i == 0 ? '.' : (char)('0' + rnd_below(seed, 10));
	text[n++] = 'Z';
	at = rnd_below(seed, n);
	switch (rnd_below(seed, 6)) {
	case 0: text[at] = odd[rnd_below(seed, sizeof(odd) - 1)]; break;
	case 1:
		memmove(text + at, text + at + 1, n - at - 1);
		n--;
		break;
	case 2:
		memmove(text + at + 1, text + at, n - at);
		text[at] = odd[rnd_below(seed, sizeof(odd) - 1)];
		n++;
		break;
	default: break;
	}
	return n;
}

/* What csv reads of times by itself is what everybody reads of them. */
static void
test_times(void)
{
	enum { TIMES = 300000 };
	const struct csv_name name = {
		.id = { .pen = PEN_OWN, .id = OWN_START }, .type = TYPE_TIME, .width = 8, .tz = NULL
	};
	unsigned good = 0, wrong = 0;
	uint64_t seed = 1;

	for (unsigned i = 0; i < TIMES; i++) {
		char text[64];
		size_t n = random_clock(&seed, text);
		struct csv_span cell = { .p = text, .n = n };
		struct csv_value v = { 0 };
		unsigned scale = 9;
		int64_t ns = 0, span;
		bool is = parse_time(text, n, 0, name.tz, &ns, &span);
		bool got = csv_cell_parse(&v, &name, &cell, ',', NULL, &scale) == NULL;

		if (memchr(text, '-', n) == NULL)
			continue; /* a number perhaps, of which a fraction may be finer here */
		good += is;
		if ((is != got || (is && v.i != ns)) && wrong++ < 10)
			note("%.*s is %s %lld, not %s %lld", (int)n, text, got ? "a time" : "none",
			    (long long)v.i, is ? "a time" : "none", (long long)ns);
	}
	ok(wrong == 0 && good > TIMES / 4, "csv: %u of %u clock times are read as parse_time does",
	    TIMES - wrong, TIMES);
}

int
main(void)
{
	test_strings();
	test_files();
	test_bad_lines();
	test_bad_headers();
	test_long_lines();
	test_long_time();
	test_widths();
	test_complete();
	test_header_fits();
	test_both_ways();
	test_short_cells();
	test_pieces();
	test_times();
	test_round_trips();
	return done_testing();
}
