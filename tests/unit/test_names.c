/* Names from options records: who calls what how, in the order it was said. */
#include <stdlib.h>

#include "base/mem.h"
#include "flow/names.h"
#include "tap.h"
#include "text/label.h"

/* What one options record says; columns are made of all that any record of a batch has. */
struct say {
	const char *exporter; /* NULL: none */
	int64_t domain; /* -1: none */
	uint16_t element; /* whose number is named; 0: v9 scope Interface */
	uint64_t number;
	uint16_t name_element;
	const char *name; /* NULL: none */
};

static struct addr
address(const char *text)
{
	struct addr a = { { 0 } };

	if (text != NULL && !parse_ip(text, strlen(text), &a))
		abort();
	return a;
}

static void
put_number(struct batch *b, struct field_id id, unsigned flags, size_t rec, uint64_t v)
{
	int c = batch_column(b, &id, TYPE_UINT, 8, flags);

	batch_put_uint(b, (unsigned)c, rec, v);
}

static void
put_octets(struct batch *b, uint16_t id, enum type type, size_t rec, const void *p, size_t n)
{
	struct field_id f = field_iana(id);
	int c = batch_column(b, &f, type, 0, 0);

	batch_put_octets(b, (unsigned)c, rec, p, n);
}

static void
put_origin(struct batch *b, size_t rec, const char *exporter, int64_t domain)
{
	struct field_id id = field_own(OWN_EXPORTER);
	struct addr a = address(exporter);

	if (exporter != NULL)
		batch_put_ip(b, (unsigned)batch_column(b, &id, TYPE_IP, 4, 0), rec, &a);
	if (domain >= 0)
		put_number(b, field_own(OWN_DOMAIN), 0, rec, (uint64_t)domain);
}

static struct batch *
options(const struct say *say, size_t n)
{
	struct batch *b = batch_new();

	b->options = true;
	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		struct field_id id = field_iana(say[i].element);

		if (say[i].element == 0)
			id = (struct field_id){ .pen = PEN_SCOPE, .id = 2 };
		put_origin(b, i, say[i].exporter, say[i].domain);
		put_number(b, id, i % 2 ? COLUMN_SCOPE : 0, i, say[i].number);
		if (say[i].name != NULL)
			put_octets(b, say[i].name_element, TYPE_STRING, i, say[i].name,
			    strlen(say[i].name));
	}
	batch_close(b);
	return b;
}

static struct names *
learn(struct names *t, const struct say *say, size_t n)
{
	struct batch *b = options(say, n);

	t = names_learn(t, b);
	batch_free(b);
	return t;
}

#define LEARN(T, ...) \
	learn(T, (const struct say[]){ __VA_ARGS__ }, \
	    sizeof((const struct say[]){ __VA_ARGS__ }) / sizeof(struct say))

/* The name of a number in a flow record of that exporter and domain; "-": it has none. */
static const char *
name_of(const struct names *t, const char *exporter, int64_t domain, uint16_t element, uint64_t v)
{
	static char text[NAME_LEN_MAX + 1];
	struct batch *b = batch_new();
	const struct name *name = NULL;
	struct name_column c;
	struct name_query q;

	batch_extend(b, 1);
	put_origin(b, 0, exporter, domain);
	put_number(b, field_iana(element), 0, 0, v);
	batch_close(b);
	for (unsigned i = 0; i < b->n_cols; i++)
		if (b->col[i].id.pen == PEN_IANA && name_column_bind(&c, b, i) &&
		    name_column_query(&c, 0, &q))
			name = names_find(t, &q);
	(void)snprintf(text, sizeof(text), "%.*s", name ? name->len : 1, name ? name->text : "-");
	batch_free(b);
	return text;
}

static void
test_latest(void)
{
	struct names *t = names_new(), *before;

	t = LEARN(
	    t, { "192.0.2.1", 1, 10, 7, 82, "ge-0" }, { "192.0.2.1", 1, 0, 8, 83, "to Bern" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "ge-0", "an interface has its name");
	is_str(name_of(t, "192.0.2.1", 1, 14, 7), "ge-0", "whichever way flows go through it");
	is_str(name_of(t, "192.0.2.1", 1, 253, 8), "to Bern",
	    "or its description, of scope Interface");
	is_str(name_of(t, "192.0.2.1", 1, 10, 9), "-", "another number has none");
	is_str(name_of(t, "192.0.2.1", 1, 234, 7), "-", "numbers of other things have none");
	is_str(name_of(t, "192.0.2.2", 1, 10, 7), "-", "nor have other exporters'");

	before = names_share(t);
	t = LEARN(
	    t, { "192.0.2.1", 1, 14, 7, 82, "ge-0" }, { "192.0.2.1", 1, 10, 8, 83, "to Bern" });
	ok(t == before, "a table that is told what it says stays as it is");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 82, "xe-0" });
	ok(t != before, "one that changes is another");
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "xe-0", "the latest name stands");
	is_str(name_of(before, "192.0.2.1", 1, 10, 7), "ge-0", "the table before is what it was");
	is_str(name_of(t, "192.0.2.1", 1, 10, 8), "to Bern", "other names stay");
	names_release(before);

	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 82, "a" }, { "192.0.2.1", 1, 10, 7, 82, "b" },
	    { "192.0.2.1", 1, 10, 7, 82, "xe-0" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "xe-0", "the last of a batch stands");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 83, "described" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "xe-0", "a description does not replace a name");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 82, "" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "-", "an empty name takes it away");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 83, "described" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "described", "then a description serves");
	t = LEARN(t, { "192.0.2.1", 1, 10, 8, 0, NULL });
	is_str(
	    name_of(t, "192.0.2.1", 1, 10, 8), "to Bern", "a record without a name says nothing");
	names_release(t);
}

/* Rows of the table that name something else than interfaces. */
static void
test_kinds(void)
{
	struct names *t = names_new();

	t = LEARN(t, { "192.0.2.1", 1, 234, 1, 236, "red" },
	    { "192.0.2.1", 1, 302, 2, 335, "one in ten" }, { "192.0.2.1", 1, 48, 3, 84, "map" },
	    { "192.0.2.1", 1, 10, 4, 236, "no interface" });
	is_str(name_of(t, "192.0.2.1", 1, 235, 1), "red", "a VRF is named either way");
	is_str(name_of(t, "192.0.2.1", 1, 48, 2), "one in ten", "samplers and selectors are one");
	is_str(name_of(t, "192.0.2.1", 1, 302, 3), "map", "in either direction");
	is_str(name_of(t, "192.0.2.1", 1, 10, 4), "-", "a VRF's name names no interface");
	names_release(t);
}

static void
test_two_numbers(void)
{
	struct names *t = names_new();
	struct batch *b = options((const struct say[]){ { "192.0.2.1", 1, 10, 5, 82, "five" },
				      { "192.0.2.1", 1, 10, 6, 82, "six" } },
	    2);
	struct field_id out = field_iana(14);
	int c = batch_column(b, &out, TYPE_UINT, 4, COLUMN_SCOPE);

	batch_put_uint(b, (unsigned)c, 0, 5);
	batch_put_uint(b, (unsigned)c, 1, 9);
	batch_close(b);
	t = names_learn(t, b);
	is_str(name_of(t, "192.0.2.1", 1, 10, 5), "five", "the same number twice is named");
	is_str(name_of(t, "192.0.2.1", 1, 10, 6), "-", "of two numbers none is");
	is_str(name_of(t, "192.0.2.1", 1, 10, 9), "-", "neither the other");
	batch_free(b);
	names_release(t);
}

static void
test_domains(void)
{
	struct names *t = names_new();

	t = LEARN(t, { "192.0.2.1", 0, 10, 7, 82, "ge-0" });
	is_str(name_of(t, "192.0.2.1", 5, 10, 7), "ge-0",
	    "names of an exporter's only domain serve all");
	is_str(name_of(t, "192.0.2.1", -1, 10, 7), "ge-0", "and records that say no domain");
	t = LEARN(t, { "192.0.2.1", 1, 10, 8, 82, "ge-8" });
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "-",
	    "a domain with names of its own has none of others");
	is_str(name_of(t, "192.0.2.1", 0, 10, 7), "ge-0", "each its own");
	is_str(name_of(t, "192.0.2.1", 5, 10, 7), "-",
	    "and where one lacks the number, it is not clear");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 82, "ge-0" });
	is_str(name_of(t, "192.0.2.1", 5, 10, 7), "ge-0", "all domains agree");
	t = LEARN(t, { "192.0.2.1", 1, 10, 7, 82, "other" });
	is_str(name_of(t, "192.0.2.1", 5, 10, 7), "-", "or do not");
	is_str(name_of(t, "192.0.2.1", 1, 10, 7), "other", "for themselves they are clear");
	names_release(t);
}

static void
test_exporters(void)
{
	struct names *t = names_new();

	t = LEARN(
	    t, { "192.0.2.1", 0, 10, 7, 82, "ge-0" }, { "2001:db8::1", 0, 10, 7, 82, "ge-0" });
	is_str(name_of(t, NULL, -1, 10, 7), "ge-0", "without an exporter all must agree");
	is_str(name_of(t, NULL, 0, 10, 7), "ge-0", "whatever the domain");
	t = LEARN(t, { "192.0.2.3", 0, 10, 8, 82, "ge-8" });
	is_str(name_of(t, NULL, -1, 10, 7), "-", "one that lacks the number makes it unclear");
	is_str(name_of(t, "2001:db8::1", 0, 10, 7), "ge-0", "but not for those that have it");
	t = LEARN(t, { "192.0.2.3", 0, 10, 7, 82, "xe-0" });
	is_str(name_of(t, NULL, -1, 10, 7), "-", "so does one that calls it otherwise");
	t = LEARN(t, { "192.0.2.3", 0, 10, 7, 82, "ge-0" });
	is_str(name_of(t, NULL, -1, 10, 7), "ge-0", "until it agrees");
	t = LEARN(t, { NULL, 3, 10, 20, 82, "file" });
	is_str(
	    name_of(t, NULL, 3, 10, 20), "file", "records without exporters have names by domain");
	names_release(t);
}

/* A mediator's records: the message is its own, exporterIPv4Address says whose they are. */
static void
test_mediator(void)
{
	struct names *t = names_new();
	struct batch *b;
	struct field_id origin = field_iana(130);
	struct addr a = address("198.51.100.1");
	struct name_column c;
	struct name_query q;
	const struct name *name;
	int col;

	b = options((const struct say[]){ { "192.0.2.1", 1, 10, 7, 82, "of the first" },
			{ "192.0.2.1", 1, 10, 7, 82, "of the second" } },
	    2);
	col = batch_column(b, &origin, TYPE_IP, 4, 0);
	batch_put_ip(b, (unsigned)col, 0, &a);
	a = address("198.51.100.2");
	batch_put_ip(b, (unsigned)col, 1, &a);
	batch_close(b);
	t = names_learn(t, b);
	batch_free(b);
	is_str(name_of(t, "198.51.100.1", 1, 10, 7), "of the first",
	    "names are the original exporter's");
	is_str(name_of(t, "198.51.100.2", 1, 10, 7), "of the second", "each one's own");

	/* A router that says its loopback address in flow records only. */
	t = LEARN(t, { "192.0.2.9", 4, 10, 1, 82, "lo" });
	b = batch_new();
	batch_extend(b, 1);
	put_origin(b, 0, "192.0.2.9", 4);
	batch_put_ip(b, (unsigned)batch_column(b, &origin, TYPE_IP, 4, 0), 0, &a);
	put_number(b, field_iana(10), 0, 0, 1);
	batch_close(b);
	ok(name_column_bind(&c, b, b->n_cols - 1) && name_column_query(&c, 0, &q),
	    "the column has names");
	a = address("203.0.113.1");
	q.from[0].exporter = a;
	name = names_find(t, &q);
	ok(name != NULL && name->len == 2,
	    "the message's address serves where the record's is not known");
	t = LEARN(t, { "203.0.113.1", 4, 10, 1, 82, "its own" });
	name = names_find(t, &q);
	ok(name != NULL && name->len == 7, "and no more once it is");
	batch_free(b);
	names_release(t);
}

/* applicationId of a flow record, as it would be printed; "-": as it is. */
static const char *
application(const struct names *t, const char *id, size_t n)
{
	static char text[300];
	struct batch *b = batch_new();
	const struct name *name;
	struct buf spelled = { 0 };
	struct name_column c;
	struct name_query q;

	batch_extend(b, 1);
	put_octets(b, 95, TYPE_BYTES, 0, id, n);
	batch_close(b);
	(void)snprintf(text, sizeof(text), "-");
	if (name_column_bind(&c, b, 0) && name_column_query(&c, 0, &q)) {
		name = names_find(t, &q);
		if (name != NULL)
			(void)snprintf(text, sizeof(text), "%.*s", name->len, name->text);
		else if (name_spell(&q, &spelled))
			(void)snprintf(text, sizeof(text), "%s", buf_cstr(&spelled));
	}
	buf_free(&spelled);
	batch_free(b);
	return text;
}

static void
test_applications(void)
{
	struct names *t = names_new();
	struct batch *b = batch_new();

	b->options = true;
	batch_extend(b, 2);
	put_origin(b, 0, "192.0.2.1", 0);
	put_octets(b, 95, TYPE_BYTES, 0, "\x03\x00\x00\xa1", 4);
	put_octets(b, 96, TYPE_STRING, 0, "snmp", 4);
	put_octets(b, 95, TYPE_BYTES, 1, "\x14\x00\x00\x00\x09\x27\x10", 7);
	put_octets(b, 96, TYPE_STRING, 1, "vendor's", 8);
	batch_close(b);
	t = names_learn(t, b);
	batch_free(b);
	is_str(application(t, "\x03\x00\x00\xa1", 4), "snmp", "an application has its name");
	is_str(application(t, "\x03\x00\xa1", 3), "snmp", "however wide its selector is");
	is_str(application(t, "\x14\x00\x00\x00\x09\x00\x27\x10", 8), "vendor's",
	    "an enterprise's too");
	is_str(application(t, "\x0d\x00\x01\xc5", 4), "PANA-L7:453", "an unnamed one its engine's");
	is_str(
	    application(t, "\x14\x00\x00\x00\x09\x00", 6), "PANA-L7-PEN:9:0", "and enterprise's");
	is_str(application(t, "\x63\x05", 2), "99:5", "or that engine's number");
	is_str(application(t, "\x0d", 1), "-", "an engine alone is none");
	is_str(application(t, "\x14\x00\x00\x00\x09", 5), "-", "nor with an enterprise");
	is_str(application(t, "", 0), "-", "nor is nothing");
	is_str(
	    application(t, "\x0d\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f", 16),
	    "-", "nor is more than 15 octets");
	is_str(application(t, "\x0d\x01\x02\x03\x04\x05\x06\x07\x08\x09", 10), "-",
	    "a selector beyond 64 bits is not spelled");
	names_release(t);
}

static const char *
element_name(const struct names *t, uint32_t pen, uint16_t id)
{
	static char text[NAME_LEN_MAX + 1];
	const struct name *name = names_element(t, &(struct field_id){ .pen = pen, .id = id });

	(void)snprintf(text, sizeof(text), "%.*s", name ? name->len : 1, name ? name->text : "-");
	return text;
}

static void
test_elements(void)
{
	struct names *t = names_new();
	const struct field_id seven = { .pen = 32473, .id = 7 };
	const struct field_id both[] = { seven, { .pen = 32473, .id = 8 } };

	for (unsigned round = 0; round < 2; round++) {
		struct batch *b = batch_new();

		b->options = true;
		batch_extend(b, 2);
		for (size_t i = 0; i < 2; i++) {
			put_origin(b, i, round ? "192.0.2.2" : "192.0.2.1", 1);
			put_number(b, field_iana(346), COLUMN_SCOPE, i, 32473);
			put_number(b, field_iana(303), COLUMN_SCOPE, i, 7 + i);
			put_number(b, field_iana(339), 0, i, i ? 13 : 3);
			put_octets(b, 341, TYPE_STRING, i, i && round ? "other" : "counter",
			    i && round ? 5 : 7);
		}
		batch_close(b);
		t = names_learn(t, b);
		batch_free(b);
		is_str(element_name(t, 32473, 7), "counter", "an announced element has a name");
		ok(names_element(t, &seven)->type == TYPE_UINT, "and a type");
		ok(label_element(t, &seven, both, 1) != NULL, "columns are called by it");
		ok((label_element(t, &seven, both, 2) == NULL) == (round == 0),
		    "unless one beside it is called the same");
	}
	is_str(element_name(t, 32473, 8), "-", "one that two call differently has none");
	is_str(element_name(t, 32474, 7), "-", "another enterprise's has none");
	names_release(t);
}

static void
test_bounds(void)
{
	struct names *t = names_new();
	char name[400];
	const struct name *cut;
	const struct field_id any = field_iana(10);
	struct name_query q = { .kind = 0 };
	struct batch *b;

	memset(name, 'x', sizeof(name));
	memcpy(name + NAME_LEN_MAX - 1, "\xc3\xa9", 2);
	name[sizeof(name) - 1] = 0;
	t = LEARN(t, { NULL, 0, 10, 1, 82, name });
	q.value[NAME_VALUE - 1] = 1;
	cut = names_find(t, &q);
	ok(cut != NULL && cut->len == NAME_LEN_MAX - 1,
	    "a long name is cut, not within a character");

	for (unsigned round = 0; round < 5; round++) {
		const size_t n = 100000;
		int c;

		b = batch_new();
		b->options = true;
		batch_extend(b, n);
		c = batch_column(b, &any, TYPE_UINT, 8, 0);
		for (size_t i = 0; i < n; i++) {
			batch_put_uint(b, (unsigned)c, i, round * n + i);
			put_octets(b, 82, TYPE_STRING, i, "if", 2);
		}
		batch_close(b);
		t = names_learn(t, b);
		batch_free(b);
	}
	ok(names_count(t) > NAMES_MAX - 10 && names_count(t) <= NAMES_MAX,
	    "there are %zu names at most", (size_t)NAMES_MAX);
	t = LEARN(t, { NULL, -1, 10, 3, 82, "changed" });
	is_str(name_of(t, NULL, -1, 10, 3), "changed", "those that are known still change");
	names_release(t);
}

/* The same answers as a list that is searched from its end. */
static void
test_differential(void)
{
	enum { SAID = 3000, EACH = 40 };
	static struct say said[SAID];
	static const char *const exporters[] = { "192.0.2.1", "192.0.2.2", "2001:db8::3" };
	static const char *const names[] = { "a", "b", "c" };
	struct names *t = names_new();
	unsigned wrong = 0;

	srand(5);
	for (size_t n = 0; n < SAID; n += EACH) {
		for (size_t i = n; i < n + EACH; i++)
			said[i] = (struct say){ exporters[rand() % 3], rand() % 3, 10,
				(uint64_t)(rand() % 50), 82, names[rand() % 3] };
		t = learn(t, &said[n], EACH);
		for (unsigned k = 0; k < 30; k++) {
			const char *e = exporters[rand() % 3], *want = NULL;
			uint64_t v = (uint64_t)(rand() % 50);
			int64_t d = rand() % 3;

			for (size_t i = n + EACH; i-- > 0 && want == NULL;)
				if (strcmp(said[i].exporter, e) == 0 && said[i].domain == d &&
				    said[i].number == v)
					want = said[i].name;
			/* What none of its own says is test_domains' subject. */
			wrong += want != NULL && strcmp(name_of(t, e, d, 10, v), want) != 0;
		}
	}
	ok(wrong == 0, "%u names found as a plain list has them, %u not", SAID / EACH * 30, wrong);
	names_release(t);
}

int
main(void)
{
	test_latest();
	test_kinds();
	test_two_numbers();
	test_domains();
	test_exporters();
	test_mediator();
	test_applications();
	test_elements();
	test_bounds();
	test_differential();
	return done_testing();
}
