/* csv and tsv: what is written is what is read; what people's files hold is understood or refused by line. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "flow/value.h"
#include "random_batch.h"
#include "tap.h"
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
			field_of_id(&list->fields[list->n++], &b->col[i].id);
}

static int
write_batch(struct batch *b, const struct text_spec *spec, struct buf *out, struct err *err)
{
	struct text_writer *w = text_new(spec);
	int rc;

	text_begin(w, NULL, b, out);
	rc = text_rows(w, NULL, b, NULL, out, err);
	text_end(w, out);
	text_free(w);
	return rc;
}

static bool
same_value(const struct value *x, const struct value *y)
{
	if (x->type != y->type)
		return false;
	if (x->type == TYPE_NONE)
		return true;
	if ((x->type == TYPE_FLOAT32 || x->type == TYPE_FLOAT64) && __builtin_isnan(x->f))
		return __builtin_isnan(y->f);
	return value_compare(x, y) == 0;
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
		{ "end,duration\n1588205199.25,1.25\n", "start", "2020-04-30T00:06:38.000Z",
		    "an end and a duration make a start" },
		{ "proto,tcpflags\nTCP,27\n", "proto", "6", "a protocol by name" },
		{ "proto,tcpflags\nTCP,27\n", "flags", "27", "another tool's name of a column" },
		{ "ts,te,sa,da,sp,dp,pr,flg,ipkt,ibyt\n"
		  "2020-04-30 00:06:38,2020-04-30 00:06:39,10.0.0.1,10.0.0.2,1,2,UDP,......,3,4\n",
		    "end", "2020-04-30T00:06:39Z", "nfdump's columns" },
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
		{ "srcport,bytes\n1,2\n70000,3\n4,5\n", "line 3: column 1: '70000' is too large", 1,
		    2 },
		{ "srcport,bytes\n1,2\n1\n4,5\n", "line 3: 1 fields instead of 2", 1, 2 },
		{ "srcport,bytes\n1,2,3\n4,5\n", "line 2: 3 fields instead of 2", 1, 1 },
		{ "srcip,bytes\n10.0.0.x,2\n10.0.0.1,5\n",
		    "line 2: column 1: '10.0.0.x' is no IP address", 1, 1 },
		{ "start,bytes\nnever,2\n", "line 2: column 1: 'never' is no time", 1, 0 },
		{ "label,bytes\na\"b,2\nc,5\n",
		    "line 2: a quote within a field, or text behind a closing quote", 1, 1 },
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

int
main(void)
{
	test_strings();
	test_files();
	test_bad_lines();
	test_bad_headers();
	test_long_lines();
	test_complete();
	test_round_trips();
	return done_testing();
}
