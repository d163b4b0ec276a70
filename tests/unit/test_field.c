/* Names of fields: what they stand for, and that every column's name reads back as that column. */
#include "flow/field.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tap.h"

static int
parse(struct field *f, const char *text, struct err *err)
{
	*err = (struct err){ 0 };
	return field_parse(f, text, strlen(text), err);
}

/* `name type pen.id pen.id...` of a field, or the reason it is none. */
static const char *
described(const char *text)
{
	static struct buf b;
	struct field f;
	struct err err;

	b.len = 0;
	if (parse(&f, text, &err) < 0) {
		buf_puts(&b, err.text);
		return buf_cstr(&b);
	}
	buf_printf(&b, "%s %s", f.name, type_name(f.type));
	if (f.derived)
		buf_puts(&b, " computed");
	for (unsigned i = 0; i < f.n; i++) {
		buf_putc(&b, ' ');
		if (f.id[i].pen == PEN_NAMED)
			buf_printf(&b, "[%s]", f.id[i].named);
		else if (f.id[i].pen == PEN_OWN)
			buf_printf(&b, "own.%u", f.id[i].id);
		else if (f.id[i].pen == PEN_V9)
			buf_printf(&b, "v9.%u", f.id[i].id);
		else
			buf_printf(&b, "%u.%u", f.id[i].pen, f.id[i].id);
		if (f.id[i].instance)
			buf_printf(&b, "/%u", f.id[i].instance);
	}
	return buf_cstr(&b);
}

static void
test_parse(void)
{
	static const struct {
		const char *text, *is;
	} cases[] = {
		{ "srcip", "srcip ip 0.8 0.27" },
		{ "SrcIP", "srcip ip 0.8 0.27" },
		{ "bytes", "bytes uint 0.1 0.85 0.231" },
		{ "packets", "packets uint 0.2 0.86 0.298" },
		{ "flows", "flows uint computed 0.3" },
		{ "duration", "duration duration computed" },
		{ "bps", "bps float64 computed" },
		{ "exporter", "exporter ip 0.130 0.131 own.4" },
		{ "domain", "domain uint 0.149 own.5" },
		{ "start", "start time own.1" },
		{ "inif", "inif uint 0.10 0.252" },
		{ "srcmask", "srcmask uint 0.9 0.29" },
		{ "natsrcip", "natsrcip ip 0.225 0.281 v9.40001" },
		{ "username", "username string 0.371 39499.7232 v9.40000" },
		{ "rbytes", "rbytes uint 29305.1 29305.85 0.232" },
		{ "rpackets", "rpackets uint 29305.2 29305.86 0.299" },
		{ "rflags", "rflags uint 29305.6" },
		{ "rstart", "rstart time 29305.156 29305.154 29305.152 29305.150" },
		{ "octetDeltaCount", "octetDeltaCount uint 0.1" },
		{ "OCTETdeltaCOUNT", "octetDeltaCount uint 0.1" },
		{ "exporterAddress", "exporterAddress ip own.4" },
		{ "sourceIPv4Address", "sourceIPv4Address ip 0.8" },
		{ "sourceIPv6Address", "sourceIPv6Address ip 0.27 0.8" },
		{ "flowStartMilliseconds", "flowStartMilliseconds time 0.152 own.1" },
		{ "flowEndSeconds", "flowEndSeconds time 0.151 own.2" },
		{ "httpHost", "httpHost string 6871.117 39499.1" },
		{ "reverseOctetDeltaCount", "reverseOctetDeltaCount uint 29305.1" },
		{ "reverseInitialTCPFlags", "reverseInitialTCPFlags uint 6871.16398" },
		{ "0.1", "bytes uint 0.1" },
		{ "35632.65000", "35632.65000 none 35632.65000" },
		{ "29305.2", "rpackets uint 29305.2" },
		{ "v9_8", "srcip ip 0.8" },
		{ "v9_33002", "fwextevent uint v9.33002" },
		{ "v9_65", "v9_65 none v9.65" },
		{ "e32473id7", "32473.7 none 32473.7" },
		{ "mpls1#2", "mpls1#2 bytes 0.70/1" },
		{ "vlan#3", "vlan#3 uint 0.58/2 0.243/2" },
		{ "flowStartNanoseconds#sent",
		    "flowStartNanoseconds#sent uint 0.156/128 own.1/128" },
		{ "flowEndNanoseconds#2sent", "flowEndNanoseconds#2sent uint 0.157/129 own.2/129" },
		{ "distinct_dstip", "distinct_dstip uint [distinct_dstip]" },
		{ "distinct(dstip)", "distinct_dstip uint [distinct_dstip]" },
		{ "DISTINCT(DstIP)", "distinct_dstip uint [distinct_dstip]" },
		{ "mean_bytes", "mean_bytes float64 [mean_bytes]" },
		{ "mean(duration)", "mean_duration duration [mean_duration]" },
		{ "min_ttl", "min_ttl uint [min_ttl]" },
		{ "first_start", "first_start time [first_start]" },
		{ "p95_duration", "p95_duration duration [p95_duration]" },
		{ "p5(bytes)", "p5_bytes uint [p5_bytes]" },
		{ "p99.9(bytes)", "p999_bytes uint [p999_bytes]" },
		{ "P9999_bytes", "p9999_bytes uint [p9999_bytes]" },
		{ "p2.5_bytes", "p025_bytes uint [p025_bytes]" },
		{ "p025_bytes", "p025_bytes uint [p025_bytes]" },
		{ "sum(bytes)", "bytes uint 0.1 0.85 0.231" },
		{ "sum_packets", "packets uint 0.2 0.86 0.298" },
		{ "sum(flows)", "flows uint computed 0.3" },
		{ "sum(duration)", "sum_duration duration [sum_duration]" },
		{ "max_distinct_dstip", "max_distinct_dstip uint [max_distinct_dstip]" },
		{ "or(flags)", "or_flags uint [or_flags]" },
		{ "count", "count uint [count]" },
		{ "`my column`", "`my column` none [my column]" },
		{ "`srcip`", "`srcip` none [srcip]" },
		{ "`a``b`", "`a``b` none [a`b]" },
		{ "dstprt", "unknown field 'dstprt'; did you mean 'dstport'?" },
		{ "octetDeltaCont",
		    "unknown field 'octetDeltaCont'; did you mean 'octetDeltaCount'?" },
		{ "", "a field name is empty" },
		{ "zzzzzzzzzz", "unknown field 'zzzzzzzzzz'; --help-fields lists them, and other "
				"names stand in backquotes" },
	};
	static const char *const wrong[] = { "rexporter", "rduration", "rfoo", "srcip#", "srcip#1",
		"srcip#0", "srcip#02", "srcip#200", "#2", "1.", ".1", "1.65536", "4294967296.1",
		"4294967044.1", "1.2.3", "v9_", "v9_65536", "p0_bytes", "p100_bytes",
		"p99999_bytes", "p990_bytes", "p99._bytes", "distinct_", "distinct()",
		"distinct(dstip", "distinct(nothing)", "mean_count_of", "``", "`", "`a`b`", "a b",
		"duration#2", "0x1.2", "-1.2", "+1.2", "srcip ", "reverseFlowId",
		"distinct_distinct_distinct_distinct_distinct_srcip" };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(described(cases[i].text), cases[i].is, "'%s'", cases[i].text);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct field f;
		struct err err;

		ok(parse(&f, wrong[i], &err) == -1 && err.status == EXIT_USAGE && err.text[0],
		    "'%s' is no field", wrong[i]);
	}
}

static bool
reads_back(const struct field_id *id)
{
	static struct buf b;
	struct field f, g;
	struct err err;
	bool good;

	b.len = 0;
	field_put_name(&b, id);
	good = parse(&f, buf_cstr(&b), &err) == 0 && f.n > 0 && field_id_equal(&f.id[0], id);
	field_of_id(&g, id);
	good = good && strcmp(g.name, b.data) == 0 && g.n == 1 && field_id_equal(&g.id[0], id) &&
	       g.derived == DERIVED_NONE && g.type == f.type;
	if (!good)
		printf("# %u.%u/%u is called %s\n", id->pen, id->id, id->instance, b.data);
	return good;
}

static void
test_long_names(void)
{
	char text[600], name[FIELD_NAME_MAX];
	const struct field_id id = { .pen = PEN_NAMED, .named = name };
	struct field f;
	struct err err = { 0 };

	memset(text, 'x', sizeof(text));
	text[0] = text[128] = '`';
	ok(field_parse(&f, text, 129, &err) == 0 && strlen(f.named) == 127,
	    "a name of 127 octets is taken, in quotes that are no part of it");
	text[128] = 'x';
	text[129] = '`';
	ok(field_parse(&f, text, 130, &err) == -1, "one of 128 is not");
	is_str(err.text, "a field name of 128 octets; at most 127 are allowed", "for its length");
	ok(field_parse(&f, text + 1, 128, &err) == -1, "nor one without quotes");
	ok(field_parse(&f, text, 600, &err) == -1, "nor one of 600");
	memcpy(text, "end\0xxxxxxxxx", 13);
	ok(field_parse(&f, text, 13, &err) == -1, "nor one with a NUL octet");
	memset(name, 'x', sizeof(name));
	name[FIELD_NAME_MAX - 1] = '\0';
	ok(reads_back(&id), "the longest name of a column reads back");
	memset(name, '`', FIELD_NAME_MAX - 1);
	ok(reads_back(&id), "and where all of it is backquotes");
	memset(text, '`', sizeof(text));
	ok(field_parse(&f, text, 258, &err) == -1, "but not with one more");
}

static void
test_round_trip(void)
{
	static const uint8_t instances[] = { 0, 1, 2, 41, 127, FIELD_AS_SENT, FIELD_AS_SENT | 1 };
	static const char *const names[] = { "distinct_dstip", "distinct_DSTIP", "count", "Count",
		"srcip", "bytes", "a b", "a`b", "`", "``", "a,b", "x(y)", "(", "a#2", "1.2", "\n",
		"\xff\xfe", "sum_bytes", "sum_duration", "p95_bps", "`srcip`", "all", "+x", "-x",
		"v9_3", "rbytes" };
	size_t n, wrong = 0;
	const struct element *e = element_table(&n);

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < sizeof(instances); k++) {
			struct field_id id = {
				.pen = e[i].pen, .id = e[i].id, .instance = instances[k]
			};

			wrong += !reads_back(&id);
			if (id.pen == PEN_IANA) {
				id.pen = PEN_REVERSE;
				wrong += !reads_back(&id);
			} else if (id.pen == PEN_CERT) {
				id.id |= 0x4000;
				wrong += !reads_back(&id);
			}
		}
	}
	is_u64(wrong, 0, "every element's name, reversed and repeated, reads back as that element");
	wrong = 0;
	for (uint32_t id = 0; id < 65536; id += 97) {
		static const uint32_t pens[] = { 0, 9, PEN_CERT, PEN_REVERSE, 32473, PEN_OWN,
			PEN_V9, PEN_SCOPE, 0xffffff05, UINT32_MAX };

		for (size_t k = 0; k < sizeof(pens) / sizeof(pens[0]); k++)
			wrong +=
			    !reads_back(&(struct field_id){ .pen = pens[k], .id = (uint16_t)id });
	}
	is_u64(wrong, 0, "so does every unknown element's number");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ok(reads_back(&(struct field_id){ .pen = PEN_NAMED, .named = names[i] }),
		    "so does the %zu. named column", i + 1);
}

/* A field computed for a batch is remembered by its first identity alone. */
static void
test_lists_agree(void)
{
	size_t n_alias, n, wrong = 0;
	const struct alias *a = field_aliases(&n_alias);
	const struct element *e = element_table(&n);
	struct field *all = mem_zero(2 * n_alias + n, sizeof(*all));
	size_t n_all = 0;

	for (size_t i = 0; i < n_alias; i++) {
		char name[FIELD_NAME_MAX];
		struct err err;

		(void)snprintf(name, sizeof(name), "r%s", a[i].name);
		n_all += parse(&all[n_all], a[i].name, &err) == 0;
		n_all += parse(&all[n_all], name, &err) == 0;
	}
	for (size_t i = 0; i < n; i++) {
		struct err err;

		n_all += parse(&all[n_all], e[i].name, &err) == 0;
	}
	for (size_t i = 0; i < n_all; i++)
		for (size_t k = 0; k < i; k++)
			if (all[i].n > 1 && all[k].n > 1 &&
			    field_id_equal(&all[i].id[0], &all[k].id[0]) &&
			    (all[i].n != all[k].n || memcmp(all[i].id, all[k].id,
							 all[i].n * sizeof(all[i].id[0])) != 0)) {
				printf("# %s and %s\n", all[i].name, all[k].name);
				wrong++;
			}
	is_u64(wrong, 0, "fields that begin with one identity and have alternatives have the same");
	mem_free(all);
}

static void
test_aliases(void)
{
	size_t n, wrong = 0, mixed = 0;
	const struct alias *a = field_aliases(&n);

	for (size_t i = 0; i < n; i++) {
		struct field f;
		struct err err;

		wrong += parse(&f, a[i].name, &err) != 0 || strcmp(f.name, a[i].name) != 0 ||
			 f.derived != a[i].derived || a[i].help[0] == 0;
		for (size_t k = 0; k < i; k++)
			wrong += strcmp(a[i].name, a[k].name) == 0 ||
				 (a[i].name[0] == 'r' && strcmp(a[i].name + 1, a[k].name) == 0);
		for (unsigned k = 0; k < a[i].n; k++) {
			const struct element *e = element_find(a[i].id[k].pen, a[i].id[k].id);

			if (e == NULL || (e->type != f.type && strcmp(a[i].name, "app") != 0))
				mixed++;
		}
	}
	is_u64(wrong, 0, "every alias is a name of its own, the reverse of none, and is explained");
	is_u64(mixed, 0, "the elements of an alias are known and of one type (but app)");
}

static const char *
wire_name(uint32_t pen, uint16_t id, uint8_t instance)
{
	static struct buf b;

	b.len = 0;
	field_put_wire_name(&b, &(struct field_id){ .pen = pen, .id = id, .instance = instance });
	return buf_cstr(&b);
}

static void
test_wire_names(void)
{
	is_str(wire_name(0, 8, 0), "sourceIPv4Address", "an IANA element has its name on wires");
	is_str(wire_name(0, 600, 0), "e0id600", "an unassigned one its numbers");
	is_str(wire_name(0, 70, 1), "mplsTopLabelStackSection#2", "a repeated one a number");
	is_str(wire_name(PEN_REVERSE, 1, 0), "reverseOctetDeltaCount",
	    "the reverse direction is named so");
	is_str(wire_name(PEN_CERT, 0x4000 | 14, 0), "reverseInitialTCPFlags", "CERT's too");
	is_str(wire_name(PEN_CERT, 21, 0), "reverseFlowDeltaMilliseconds",
	    "but not what is called so");
	is_str(
	    wire_name(39499, 1, 0), "httpHost", "a vendor's name stands though another has it too");
	is_str(wire_name(32473, 7, 2), "e32473id7#3", "unknown vendors' elements have numbers");
	is_str(wire_name(PEN_V9, 33002, 0), "v9_33002", "NetFlow v9's own types have numbers");
	is_str(wire_name(PEN_SCOPE, 2, 0), "scopeInterface", "scope types have names");
	is_str(wire_name(PEN_SCOPE, 9, 0), "scope9", "unknown ones numbers");
	is_str(
	    wire_name(0, 156, FIELD_AS_SENT), "flowStartNanoseconds", "what was kept as sent too");
}

static const char *
listed(struct field_list *list, const char *text)
{
	static struct buf b;
	struct err err = { 0 };

	b.len = 0;
	if (field_list_parse(list, text, &err) < 0) {
		buf_puts(&b, err.text);
		return buf_cstr(&b);
	}
	for (size_t i = 0; i < list->n; i++) {
		if (i > 0)
			buf_putc(&b, ' ');
		buf_puts(&b, list->fields[i].name);
	}
	if (list->all)
		buf_puts(&b, " all");
	return buf_cstr(&b);
}

static void
test_lists(void)
{
	struct field_list list = { 0 };

	is_str(listed(&list, "srcip, dstip ,bytes"), "srcip dstip bytes",
	    "fields are listed by commas");
	is_str(listed(&list, "+app,-dstip,+srcip"), "srcip bytes app", "+f adds, -f removes");
	ok(list.relative == NULL, "the list was not empty, so its own");
	is_str(listed(&list, "distinct(dstip),`a,b`,mean_bytes"), "distinct_dstip `a,b` mean_bytes",
	    "commas in parentheses and backquotes do not end a field; a new list replaces the old");
	is_str(listed(&list, "-distinct_dstip"), "`a,b` mean_bytes", "named fields can be removed");
	ok(list.n == 2 && list.fields[0].id[0].named == list.fields[0].named,
	    "and those behind keep their names");
	is_str(listed(&list, "0.1,octetTotalCount,flows"), "bytes octetTotalCount flows",
	    "three fields");
	is_str(
	    listed(&list, "+bytes"), "bytes octetTotalCount flows", "one name is not shown twice");
	is_str(listed(&list, "-bytes,-deltaFlowCount,-octetDeltaCount"), "octetTotalCount",
	    "an alias takes its element away, an element the alias");
	is_str(listed(&list, "all"), " all", "all is a word");
	is_str(listed(&list, "srcip,"), "a field name is empty", "an empty field is refused");
	is_str(listed(&list, "srcip,srcprt"), "unknown field 'srcprt'; did you mean 'srcport'?",
	    "a wrong name is refused with the nearest");
	field_list_free(&list);
	is_str(listed(&list, "+app,-srcip"), "app", "a relative list without a list adds");
	is_str(list.relative, "+app,-srcip", "and keeps its text for the defaults");
	is_str(listed(&list, "-dstip,+tos"), "app tos", "a second one adds to the first");
	is_str(list.relative, "+app,-srcip,-dstip,+tos", "and so does its text");
	field_list_free(&list);
	is_str(listed(&list, "srcip,-srcip"), "'srcip,-srcip' leaves no field",
	    "an emptied list is refused");
	field_list_free(&list);
	ok(list.fields == NULL && list.relative == NULL, "a freed list is empty");
}

static void
test_help(void)
{
	char *text = NULL;
	size_t len = 0, n;
	FILE *f = open_memstream(&text, &len);
	const struct alias *a = field_aliases(&n);

	field_help(f);
	fclose(f);
	for (size_t i = 0; i < n; i++) {
		char line[64];

		(void)snprintf(line, sizeof(line), "\n  %s ", a[i].name);
		if (strstr(text, line) == NULL)
			ok(false, "--help-fields lists %s", a[i].name);
	}
	ok(strstr(text, " (octetDeltaCount, octetTotalCount, initiatorOctets)\n") != NULL,
	    "--help-fields says what an alias reads");
	free(text);
}

int
main(void)
{
	test_parse();
	test_long_names();
	test_round_trip();
	test_lists_agree();
	test_aliases();
	test_wire_names();
	test_lists();
	test_help();
	return done_testing();
}
