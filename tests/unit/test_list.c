/* Self-contained lists: written, read, printed; hostile octets. */
#include "flow/list.h"

#include "tap.h"

static const char *
json(const void *octets, size_t n, bool wire)
{
	static struct buf b;

	b.len = 0;
	list_put_json(&b, octets, n, wire);
	return buf_cstr(&b);
}

static struct list_field
iana(uint16_t id)
{
	return list_field_of(PEN_IANA, id, 0);
}

static void
test_basic(void)
{
	struct buf b = { 0 };
	struct list_writer w;
	struct list_field f = iana(10);

	list_begin(&w, &b, LIST_BASIC, 3);
	list_basic(&w, &f);
	list_value(&w, "\0\0\0\1", 4);
	list_value(&w, "\5", 1);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"basicList\",\"semantic\":3,\"element\":\"ingressInterface\",\"values\":[1,"
	    "5]}",
	    "a list of interfaces, one of them of reduced size");
	is_str(json(b.data, b.len, false),
	    "{\"list\":\"basicList\",\"semantic\":3,\"element\":\"inif\",\"values\":[1,5]}",
	    "for people it has people's names");
	b.len = 0;
	f = iana(82);
	list_begin(&w, &b, LIST_BASIC, 255);
	list_basic(&w, &f);
	list_value(&w, "ge\"0", 4);
	list_value(&w, "", 0);
	list_value(&w, "xe-1\0\0", 6);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"basicList\",\"semantic\":255,\"element\":\"interfaceName\","
	    "\"values\":[\"ge\\\"0\",\"\",\"xe-1\"]}",
	    "a list of strings");
	b.len = 0;
	f = list_field_of(32473, 32473, 0);
	list_begin(&w, &b, LIST_BASIC, 0);
	list_basic(&w, &f);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"basicList\",\"semantic\":0,\"element\":\"e32473id32473\",\"values\":[]}",
	    "an empty list of an unknown element");
	buf_free(&b);
}

static void
test_groups(void)
{
	const struct list_field pair[] = { iana(8), iana(12) }, one[] = { iana(4) };
	const struct list_field twice[] = { iana(70), list_field_of(0, 70, 1) };
	struct buf b = { 0 };
	struct list_writer w;

	list_begin(&w, &b, LIST_SUB, 4);
	list_group(&w, 257, pair, 2);
	for (unsigned i = 1; i <= 4; i++)
		list_value(&w, (uint8_t[]){ 10, 0, 0, (uint8_t)i }, 4);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"subTemplateList\",\"semantic\":4,\"template\":257,\"records\":["
	    "{\"sourceIPv4Address\":\"10.0.0.1\",\"destinationIPv4Address\":\"10.0.0.2\"},"
	    "{\"sourceIPv4Address\":\"10.0.0.3\",\"destinationIPv4Address\":\"10.0.0.4\"}]}",
	    "records of a template");
	b.len = 0;
	list_begin(&w, &b, LIST_MULTI, 3);
	list_group(&w, 256, one, 1);
	list_value(&w, "\6", 1);
	list_group(&w, 258, twice, 2);
	list_value(&w, "\1\2\3", 3);
	list_value(&w, "\4\5\6", 3);
	list_group(&w, 259, one, 0);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"subTemplateMultiList\",\"semantic\":3,\"groups\":["
	    "{\"template\":256,\"records\":[{\"protocolIdentifier\":6}]},"
	    "{\"template\":258,\"records\":[{\"mplsTopLabelStackSection\":\"010203\","
	    "\"mplsTopLabelStackSection#2\":\"040506\"}]},"
	    "{\"template\":259,\"records\":[]}]}",
	    "groups of several templates");
	b.len = 0;
	list_begin(&w, &b, LIST_MULTI, 255);
	list_end(&w);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"subTemplateMultiList\",\"semantic\":255,\"groups\":[]}",
	    "no group at all");
	buf_free(&b);
}

/* One value of a type, printed within a basic list. */
static const char *
value_text(const struct list_field *f, const void *p, size_t n, bool wire)
{
	static char text[512];
	struct buf b = { 0 };
	struct list_writer w;
	const char *all, *from;

	list_begin(&w, &b, LIST_BASIC, 0);
	list_basic(&w, f);
	list_value(&w, p, n);
	list_end(&w);
	all = json(b.data, b.len, wire);
	buf_free(&b);
	from = strstr(all, "\"values\":[");
	if (from == NULL)
		return all;
	(void)snprintf(text, sizeof(text), "%s", from + 10);
	text[strlen(text) - 2] = 0;
	return text;
}

static void
test_values(void)
{
	struct list_field ms = iana(152), us = iana(154), ns = iana(156), s = iana(150),
			  v6 = iana(27);
	struct list_field boolean = iana(276), mac = iana(56), port = iana(7), integer = iana(434);
	struct list_field real = iana(311), text = iana(371);
	const uint8_t ntp[] = { 0xe8, 0xfe, 0x6f, 0x80, 0x80, 0, 0, 0 };

	is_str(value_text(&ms, "\0\0\1\x8b\xcf\xe5\x6b\xe7", 8, true), "1700000000999",
	    "milliseconds");
	is_str(value_text(&ms, "\0\0\1\x8b\xcf\xe5\x6b\xe7", 8, false),
	    "\"2023-11-14T22:13:20.999Z\"", "milliseconds for people");
	is_str(value_text(&us, ntp, 8, true), "1700000000500000", "microseconds from an NTP time");
	is_str(value_text(&us, "\xe8\xfe\x6f\x81\xff\xff\xff\xff", 8, true), "1700000001999999",
	    "their fraction is floored, its low bits ignored");
	is_str(
	    value_text(&ns, ntp, 8, true), "1700000000500000000", "nanoseconds from an NTP time");
	is_str(value_text(&s, "\x65\x53\xf1\0", 4, true), "1700000000", "seconds");
	is_str(value_text(&ms, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8, false), "9223372036854775807",
	    "a time that nanoseconds cannot hold stays an integer");
	is_str(value_text(&v6, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, true),
	    "\"2001:db8::1\"", "an address");
	is_str(value_text(&v6, "\1\2\3", 3, true), "\"010203\"", "3 octets are no address: hex");
	is_str(value_text(&boolean, "\1", 1, true), "true", "1 is true");
	is_str(value_text(&boolean, "\2", 1, true), "false", "2 is false");
	is_str(value_text(&boolean, "\7", 1, true), "null", "7 is neither");
	is_str(value_text(&mac, "\0\x0c\x29\x70\x86\x09", 6, true), "\"00:0c:29:70:86:09\"",
	    "a MAC address");
	is_str(value_text(&port, "", 0, true), "\"\"", "a number without octets");
	is_str(value_text(&port, "\1\2\3\4\5\6\7\x8\x9", 9, true), "\"010203040506070809\"",
	    "a number of 9 octets is hex");
	is_str(value_text(&integer, "\xff", 1, true), "-1", "a reduced integer keeps its sign");
	is_str(value_text(&integer, "\x80\0\0\0\0\0\0\0", 8, true), "-9223372036854775808",
	    "the least integer");
	is_str(value_text(&real, "\x3f\x80\0\0", 4, true), "1", "a reduced float");
	is_str(value_text(&real, "\x7f\xf0\0\0\0\0\0\0", 8, true), "null", "JSON has no infinity");
	is_str(value_text(&text,
		   "\xff\xfe"
		   "bad\x01",
		   6, true),
	    "\"\xef\xbf\xbd\xef\xbf\xbd"
	    "bad\\u0001\"",
	    "strings are valid UTF-8");
}

static void
put_nested(struct buf *b, unsigned depth)
{
	struct list_writer w;
	struct list_field f = iana(depth > 0 ? 291 : 4);

	list_begin(&w, b, LIST_BASIC, 0);
	list_basic(&w, &f);
	if (depth > 0) {
		size_t opened = list_value_open(&w);

		put_nested(b, depth - 1);
		list_value_close(&w, opened);
	} else {
		list_value(&w, "\6", 1);
	}
	list_end(&w);
}

static void
test_nested(void)
{
	struct buf b = { 0 };

	put_nested(&b, 1);
	is_str(json(b.data, b.len, true),
	    "{\"list\":\"basicList\",\"semantic\":0,\"element\":\"basicList\",\"values\":["
	    "{\"list\":\"basicList\",\"semantic\":0,\"element\":\"protocolIdentifier\",\"values\":["
	    "6]}]}",
	    "a list of lists");
	b.len = 0;
	put_nested(&b, 3);
	ok(strstr(json(b.data, b.len, true), "\"protocolIdentifier\",\"values\":[6]}]}]}]}") !=
		NULL,
	    "four deep are printed");
	b.len = 0;
	put_nested(&b, 4);
	ok(strstr(json(b.data, b.len, true), "\"values\":[\"0100") != NULL, "the fifth is hex");
	buf_free(&b);
}

static void
test_hostile(void)
{
	const struct list_field pair[] = { iana(8), iana(12) };
	struct buf b = { 0 };
	struct list_writer w;
	size_t wrong = 0, n;
	static char octets[64 * 1024];

	list_begin(&w, &b, LIST_MULTI, 4);
	list_group(&w, 257, pair, 2);
	for (unsigned i = 0; i < 4; i++)
		list_value(&w, "\1\2\3\4", 4);
	list_end(&w);
	for (n = 0; n < b.len; n++)
		wrong += json(b.data, n, true)[0] != '"';
	is_u64(wrong, 0, "a list cut short anywhere is hex");
	buf_putc(&b, 0);
	ok(json(b.data, b.len, true)[0] == '"', "so is one with something behind it");
	is_str(json("", 0, true), "\"\"", "nothing is an empty string");
	is_str(json("\4\0", 2, true), "\"0400\"", "a fourth kind does not exist");
	is_str(json("\2\0\1\0\0\0\xff\xff\xff\xff", 10, true), "\"020001000000ffffffff\"",
	    "records without fields cannot be many");
	memset(octets, 0, sizeof(octets));
	memcpy(octets, "\1\0", 2);
	ok(json(octets, sizeof(octets), true)[0] == '"',
	    "a count that does not fit the octets is hex");
	b.len = 0;
	list_begin(&w, &b, LIST_BASIC, 0);
	list_basic(&w, &(struct list_field){ .pen = PEN_NAMED, .type = TYPE_UINT });
	list_end(&w);
	ok(json(b.data, b.len, true)[0] == '{' && json(b.data, b.len, false)[0] == '{',
	    "a field that claims to be a named column does no harm");
	buf_free(&b);
}

int
main(void)
{
	test_basic();
	test_groups();
	test_values();
	test_nested();
	test_hostile();
	return done_testing();
}
