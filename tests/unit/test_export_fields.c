/*
 * What is exported comes back: each kind of field, by each format that has it, in the records that have it alone.
 */
#include "export_sent.h"
#include "flow/list.h"
#include "wire_craft.h"

enum { RECORDS = 64 };
static const int64_t second_ns = INT64_C(1767571200000000000);

/* What a column's record i has. */
typedef void put_value(struct batch *, unsigned col, size_t i);

static void
put_time(struct batch *b, unsigned c, size_t i)
{
	static const int64_t units[] = { 1, NS_PER_US, NS_PER_MS, NS_PER_S };

	batch_put_uint(
	    b, c, i, (uint64_t)(second_ns + (int64_t)i * 1009 * units[b->col[c].scale / 3]));
}

static void
put_small(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, 1 + i);
}

static void
put_large(struct batch *b, unsigned c, size_t i)
{
	static const uint8_t octets[] = { 0, 1, 2, 0, 4, 0, 0, 0, 8 };

	batch_put_uint(b, c, i, UINT64_MAX >> (64 - 8 * octets[b->col[c].width]) >> i % 5);
}

/* Beyond the octets of the element. */
static void
put_wide(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, UINT64_C(0x1000000000) + i);
}

static void
put_signed(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, (uint64_t)((int64_t)i - 32));
}

/* A signed number that 4 octets hold as long as nobody looks at its sign. */
static void
put_positive(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, 3000000000 + i);
}

static void
put_bool(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, i % 3 == 0);
}

static void
put_mac(struct batch *b, unsigned c, size_t i)
{
	batch_put_uint(b, c, i, UINT64_C(0xfe0000000000) + i);
}

static void
put_double(struct batch *b, unsigned c, size_t i)
{
	double d = (double)i * -1.25;
	uint64_t v;

	memcpy(&v, &d, 8);
	batch_put_uint(b, c, i, v);
}

static void
put_address(struct batch *b, unsigned c, size_t i)
{
	struct addr a = { .b = { [0] = 0x20, [1] = 1, [15] = (uint8_t)i } };

	if (b->col[c].width == 4 || i % 2 == 0)
		a = addr_v4(0xc0000200 + (uint32_t)i);
	batch_put_ip(b, c, i, &a);
}

/* Lengths where their form on the wire changes, or the multiple that v9 pads to. */
static void
put_string(struct batch *b, unsigned c, size_t i)
{
	static const uint16_t lengths[] = { 1, 7, 8, 9, 254, 255, 256, 257, 300, 512 };
	char text[512];
	size_t n = lengths[i % 10];

	for (size_t k = 0; k < n; k++)
		text[k] = (char)('a' + (i + k) % 26);
	batch_put_octets(b, c, i, text, n);
}

static void
put_short_string(struct batch *b, unsigned c, size_t i)
{
	batch_put_octets(b, c, i, "abcdefghijkl", 1 + i % 12);
}

static void
put_three(struct batch *b, unsigned c, size_t i)
{
	batch_put_octets(b, c, i, (uint8_t[]){ 1, 2, (uint8_t)i }, 3);
}

static void
put_octets(struct batch *b, unsigned c, size_t i)
{
	static const uint8_t zeros[300] = { 1 };

	batch_put_octets(b, c, i, zeros, i % 4 == 3 ? 250 + i % 10 : 1 + i % 4);
}

static const struct kind {
	const char *name;
	struct field_id id;
	enum type type;
	uint8_t width, scale;
	bool ipfix_only; /* v9 has no enterprises; and rounds */
	put_value *put;
} kinds[] = {
	{ "start", { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8, 6, false, put_time },
	{ "end", { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8, 6, false, put_time },
	{ "seconds", { .id = 322 }, TYPE_TIME, 8, 9, false, put_time },
	{ "milliseconds", { .id = 323 }, TYPE_TIME, 8, 6, false, put_time },
	{ "microseconds", { .id = 324 }, TYPE_TIME, 8, 3, false, put_time },
	{ "nanoseconds", { .id = 325 }, TYPE_TIME, 8, 0, false, put_time },
	{ "a small number", { .id = 4 }, TYPE_UINT, 1, 0, false, put_large },
	{ "a port", { .id = 7 }, TYPE_UINT, 2, 0, false, put_large },
	{ "a counter", { .id = 1 }, TYPE_UINT, 8, 0, false, put_large },
	{ "a counter that is small", { .id = 2 }, TYPE_UINT, 8, 0, false, put_small },
	{ "an interface of 8 octets", { .id = 10 }, TYPE_UINT, 8, 0, false, put_small },
	{ "one that needs them", { .id = 14 }, TYPE_UINT, 8, 0, false, put_wide },
	{ "a second one", { .id = 14, .instance = 1 }, TYPE_UINT, 4, 0, false, put_small },
	{ "a signed number", { .id = 434 }, TYPE_INT, 4, 0, false, put_signed },
	{ "a boolean", { .id = 276 }, TYPE_BOOL, 1, 0, false, put_bool },
	{ "a MAC address", { .id = 56 }, TYPE_MAC, 8, 0, false, put_mac },
	{ "a float", { .id = 320 }, TYPE_FLOAT64, 8, 0, false, put_double },
	{ "an IPv4 address", { .id = 8 }, TYPE_IP, 4, 0, false, put_address },
	{ "a next hop of either family", { .id = 15 }, TYPE_IP, 16, 0, false, put_address },
	{ "a name", { .id = 371 }, TYPE_STRING, 0, 0, false, put_string },
	{ "a short name", { .id = 82 }, TYPE_STRING, 0, 0, false, put_short_string },
	{ "three octets", { .id = 70 }, TYPE_BYTES, 0, 0, false, put_three },
	{ "octets", { .id = 95 }, TYPE_BYTES, 0, 0, false, put_octets },
	{ "a reverse counter", { .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8, 0, true, put_small },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void
decode(struct rig *r, const struct sent *s)
{
	rig_open(r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < s->n; i++)
		(void)rig_decode(r, s->message[i].data, s->message[i].len);
}

static uint64_t
wrongs(const struct rig *r)
{
	struct wire_totals t = rig_totals(r);
	uint64_t n = t.lost + t.reordered + t.duplicate + t.restarts;

	for (unsigned i = 0; i < BAD_KINDS; i++)
		n += t.bad[i];
	return n;
}

static bool
same_cell(const struct column *a, size_t rec, const struct column *b, size_t at)
{
	const uint8_t *p = a->data, *q = b->data;
	uint64_t v = 0, w = 0;
	struct addr x, y;

	switch ((enum type)a->type) {
	case TYPE_IP:
		x = column_ip(a, rec);
		y = column_ip(b, at);
		return memcmp(&x, &y, sizeof(x)) == 0;
	case TYPE_STRING:
	case TYPE_BYTES:
		return a->off[rec + 1] - a->off[rec] == b->off[at + 1] - b->off[at] &&
		       memcmp(p + a->off[rec], q + b->off[at], a->off[rec + 1] - a->off[rec]) == 0;
	case TYPE_INT: return column_int(a, rec) == column_int(b, at);
	default: break;
	}
	memcpy(&v, p + rec * a->width, a->width);
	memcpy(&w, q + at * b->width, b->width);
	return v == w;
}

/* Does the record have the column?  All of the first; a second instance beside the first one; else of each others. */
static bool
chosen(size_t k, size_t rec)
{
	if (kinds[k].id.instance > 0)
		k--;
	return k < 2 || ((rec * 2654435761u >> 7) ^ rec >> 1) >> k % 20 & 1;
}

static void
test_kinds(enum export_version version, bool some)
{
	struct export_opts o = { .version = version };
	struct batch *b = batch_new();
	struct sent *s;
	struct rig r;

	for (size_t k = 0; k < KINDS; k++) {
		const struct kind *kind = &kinds[k];
		unsigned c = (unsigned)batch_column(b, &kind->id, kind->type, kind->width, 0);

		if (k == 0)
			batch_extend(b, RECORDS);
		if (kind->type == TYPE_TIME)
			batch_precision(b, c, kind->scale);
		for (size_t i = 0; i < RECORDS; i++)
			if (!some || chosen(k, i))
				kind->put(b, c, i);
	}
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	decode(&r, s);
	is_u64(r.b[WIRE_FLOWS4]->n, RECORDS, "v%d: as many records come back", (int)version);
	is_u64(wrongs(&r), 0, "v%d: nothing is wrong with them", (int)version);
	for (unsigned k = 0; k < KINDS; k++) {
		size_t wrong = 0, extra = 0;

		for (size_t i = 0; i < RECORDS; i++) {
			bool had = !some || chosen(k, i);
			const struct column *c = cell(&r, WIRE_FLOWS4, kinds[k].id, i);

			extra += !had && c != NULL;
			if (had && !(kinds[k].ipfix_only && version == EXPORT_V9))
				wrong += c == NULL || !same_cell(&b->col[k], i, c, i);
		}
		is_u64(wrong, 0, "v%d: as sent: %s", (int)version, kinds[k].name);
		is_u64(extra, 0, "v%d: and only where it was", (int)version);
	}
	rig_close(&r);
	sent_free(s);
	batch_free(b);
}

/* A number that needs more octets than its element has is sent in more, the sign among them. */
static void
test_signed(void)
{
	static const struct {
		const char *name;
		put_value *put;
	} cases[] = {
		{ "below zero", put_signed },
		{ "beyond 31 bits", put_positive },
	};

	for (size_t k = 0; k < 2; k++) {
		struct export_opts o = { .version = EXPORT_IPFIX };
		struct batch *b = flows(RECORDS, 1000);
		struct field_id id = field_iana(434);
		unsigned c = (unsigned)batch_column(b, &id, TYPE_INT, 8, 0);
		size_t wrong = 0;
		struct sent *s;
		struct rig r;

		for (size_t i = 0; i < RECORDS; i++)
			cases[k].put(b, c, i);
		batch_close(b);
		s = export_all(&o, b, NULL, NULL);
		decode(&r, s);
		for (size_t i = 0; i < RECORDS; i++) {
			const struct column *got = cell(&r, WIRE_FLOWS4, id, i);

			wrong += got == NULL || column_int(got, i) != column_int(&b->col[c], i);
		}
		is_u64(wrong, 0, "signed numbers of 8 octets come back: %s", cases[k].name);
		rig_close(&r);
		sent_free(s);
		batch_free(b);
	}
}

/* Every field of NetFlow v5, each with a value of its own. */
static void
test_v5(void)
{
	static const struct {
		uint16_t element;
		uint8_t width;
		uint32_t value;
	} fields[] = {
		{ 7, 2, 1111 },
		{ 11, 2, 2222 },
		{ 10, 4, 33333 },
		{ 14, 4, 44444 },
		{ 16, 4, 55555 },
		{ 17, 4, 6666 },
		{ 4, 1, 6 },
		{ 5, 1, 0xb8 },
		{ 6, 2, 0x5a },
		{ 9, 1, 24 },
		{ 13, 1, 16 },
	};
	struct export_opts o = { .version = EXPORT_V5 };
	struct batch *b = flows(3, 1000);
	struct field_id hop = field_iana(15), start = field_own(OWN_START),
			end = field_own(OWN_END);
	unsigned c = (unsigned)batch_column(b, &hop, TYPE_IP, 4, 0);
	struct sent *s;
	struct rig r;

	for (size_t i = 0; i < b->n; i++)
		batch_put_uint(b, c, i, 0xc6336400 + i);
	for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
		add_uint(b, field_iana(fields[k].element), fields[k].width, fields[k].value);
	s = export_all(&o, b, NULL, NULL);
	decode(&r, s);
	is_u64(r.b[WIRE_FLOWS4]->n, 3, "v5: three records");
	for (size_t i = 0; i < 3; i++) {
		is_u64(num(&r, WIRE_FLOWS4, F(8), i), 0x0a000001 + i, "v5: source");
		is_u64(num(&r, WIRE_FLOWS4, F(12), i), 0xc0000201, "v5: destination");
		is_u64(num(&r, WIRE_FLOWS4, F(15), i), 0xc6336400 + i, "v5: next hop");
		is_u64(num(&r, WIRE_FLOWS4, F(2), i), 3, "v5: packets");
		is_u64(num(&r, WIRE_FLOWS4, F(1), i), 1000, "v5: octets");
		is_u64(
		    num(&r, WIRE_FLOWS4, start, i), ((uint64_t *)b->col[0].data)[i], "v5: start");
		is_u64(num(&r, WIRE_FLOWS4, end, i), ((uint64_t *)b->col[1].data)[i], "v5: end");
		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++)
			is_u64(num(&r, WIRE_FLOWS4, F(fields[k].element), i), fields[k].value,
			    "v5: element %u", fields[k].element);
	}
	rig_close(&r);
	sent_free(s);
	batch_free(b);
}

/* Only what is selected. */
static void
test_selection(void)
{
	static const enum export_version versions[] = { EXPORT_V5, EXPORT_V9, EXPORT_IPFIX };

	for (unsigned v = 0; v < 3; v++) {
		struct export_opts o = { .version = versions[v] };
		struct sent *s = mem_zero(1, sizeof(*s));
		struct exporter *e = export_new(&o, keep, s);
		struct batch *b = flows(70, 1000), *options = flows(70, 1000);
		uint64_t sel[2] = { UINT64_C(0x8000000000000005), 0x20 };
		struct err err = { 0 };
		struct rig r;

		options->options = true;
		if (export_batch(e, b, sel, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
		is_u64(export_totals(e)->records, 4, "v%d: of 70 records 4 are sent",
		    (int)versions[v]);
		decode(&r, s);
		is_u64(r.b[WIRE_FLOWS4]->n, 4, "v%d: and arrive", (int)versions[v]);
		is_u64(
		    num(&r, WIRE_FLOWS4, F(8), 0), 0x0a000001, "v%d: the first", (int)versions[v]);
		is_u64(num(&r, WIRE_FLOWS4, F(8), 2), 0x0a000001 + 63, "v%d: the 64th",
		    (int)versions[v]);
		is_u64(num(&r, WIRE_FLOWS4, F(8), 3), 0x0a000001 + 69, "v%d: the last",
		    (int)versions[v]);
		rig_close(&r);
		if (versions[v] == EXPORT_V5) {
			(void)export_batch(e, options, sel, &err);
			is_u64(export_totals(e)->dropped, 4, "v5: of 70 options 4 are dropped");
		}
		export_free(e);
		sent_free(s);
		batch_free(b);
		batch_free(options);
	}
}

/* Lists ------------------------------------------------------------------------------------------- */

/* A list of values of two lengths, with a list in it, and records of two templates. */
static void
put_list(struct buf *to, unsigned which, unsigned template_id)
{
	const struct list_field pair[] = { list_field_of(0, 8, 0), list_field_of(0, 82, 0) };
	const struct list_field one[] = { list_field_of(0, 4, 0), list_field_of(32473, 9, 0) };
	const struct list_field inner = list_field_of(0, 291, 0), names = list_field_of(0, 82, 0);
	static const char text[300] = "eth";
	struct list_writer w, in;
	size_t opened;

	switch (which) {
	case 0: /* lengths around that of the long form */
		list_begin(&w, to, LIST_BASIC, 4);
		list_basic(&w, &names);
		for (size_t n = 253; n <= 257; n++) {
			char name[300];

			memset(name, 'x', n);
			list_value(&w, name, n);
		}
		list_end(&w);
		break;
	case 1: /* of one length */
		list_begin(&w, to, LIST_BASIC, 3);
		list_basic(&w, &one[0]);
		list_value(&w, "\6", 1);
		list_value(&w, "\x11", 1);
		list_end(&w);
		break;
	case 2: /* in a list */
		list_begin(&w, to, LIST_BASIC, 1);
		list_basic(&w, &inner);
		opened = list_value_open(&w);
		list_begin(&in, to, LIST_BASIC, 2);
		list_basic(&in, &one[0]);
		list_value(&in, "\1", 1);
		list_end(&in);
		list_value_close(&w, opened);
		list_end(&w);
		break;
	case 3: /* records of a template */
		list_begin(&w, to, LIST_SUB, 4);
		list_group(&w, (uint16_t)template_id, pair, 2);
		for (unsigned i = 1; i <= 3; i++) {
			list_value(&w, (uint8_t[]){ 10, 0, 0, (uint8_t)i }, 4);
			list_value(&w, text, i);
		}
		list_end(&w);
		break;
	default: /* of several, one of them the template before, one of none */
		list_begin(&w, to, LIST_MULTI, 3);
		list_group(&w, (uint16_t)(template_id - 10), pair, 2);
		list_value(&w, (uint8_t[]){ 10, 0, 0, 9 }, 4);
		list_value(&w, text, 3);
		list_group(&w, (uint16_t)(template_id + 1), one, 2);
		list_value(&w, "\6", 1);
		list_value(&w, "\1\2\3", 3);
		list_group(&w, (uint16_t)(template_id + 2), one, 0);
		list_end(&w);
		break;
	}
}

static void
list_text(struct buf *to, const struct column *c, size_t rec)
{
	to->len = 0;
	if (c != NULL && c->type == TYPE_LIST)
		list_put_json(to, (const uint8_t *)c->data + c->off[rec],
		    c->off[rec + 1] - c->off[rec], true);
}

/* Without the numbers of templates. */
static void
unnumber(struct buf *text)
{
	static const char before[] = "\"template\":";
	char *to = text->data;

	for (const char *p = buf_cstr(text); *p != '\0'; p++) {
		if (*p >= '0' && *p <= '9' && (size_t)(to - text->data) >= sizeof(before) - 1 &&
		    memcmp(to - (sizeof(before) - 1), before, sizeof(before) - 1) == 0)
			continue;
		*to++ = *p;
	}
	text->len = (size_t)(to - text->data);
}

/* A second list of an element is there beside the first one only. */
static bool
listed(unsigned k, size_t rec)
{
	return k < 3 ? rec % 4 > k : rec >> (k - 1) & 1;
}

/* Flows of 32 different sets of fields. */
static struct batch *
many_layouts(void)
{
	struct batch *b = flows(32, 1000);

	for (uint16_t k = 0; k < 5; k++) {
		struct field_id id = field_iana((uint16_t)(16 + k));
		unsigned c = (unsigned)batch_column(b, &id, TYPE_UINT, 4, 0);

		for (size_t i = 0; i < b->n; i++)
			if (i >> k & 1)
				batch_put_uint(b, c, i, k);
	}
	batch_close(b);
	return b;
}

/* Lists come back, whatever numbers their templates have; those of records take none of theirs. */
static void
test_lists(unsigned template_id, unsigned repeat, bool late)
{
	enum { LISTS = 5 };
	static const uint16_t elements[LISTS] = { 291, 291, 291, 292, 293 };
	struct export_opts o = {
		.version = EXPORT_IPFIX, .mtu = 3000, .template_messages = repeat
	};
	struct batch *b = flows(40, 1000);
	struct buf list = { 0 }, want = { 0 }, got = { 0 };
	size_t wrong, extra = 0, records, before;
	struct batch *many = many_layouts();
	struct err err = { 0 };
	struct exporter *e;
	struct sent *s;
	struct rig r;

	for (unsigned k = 0; k < LISTS; k++) {
		struct field_id id = { .id = elements[k], .instance = (uint8_t)(k < 3 ? k : 0) };
		unsigned c = (unsigned)batch_column(b, &id, TYPE_LIST, 0, 0);

		list.len = 0;
		put_list(&list, k, template_id + 10 * k);
		for (size_t i = 0; i < b->n; i++)
			if (listed(k, i))
				batch_put_octets(b, c, i, list.data, list.len);
	}
	batch_close(b);
	s = mem_zero(1, sizeof(*s));
	e = export_new(&o, keep, s);
	if (late && (export_batch(e, many, NULL, &err) != 0 || export_flush(e, &err) != 0))
		ok(false, "exporting fails: %s", err.text);
	before = s->records;
	if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	export_free(e);
	decode(&r, s);
	if (repeat == 1) { /* a collector that begins to listen when most is over */
		rig_close(&r);
		rig_open(&r, (struct wire_opts){ 0 });
		(void)rig_decode(&r, s->message[s->n - 1].data, s->message[s->n - 1].len);
	}
	records = r.b[WIRE_FLOWS4]->n;
	ok(repeat == 1 ? s->n > 1 && records > 0 : records == before + b->n,
	    "lists: records come back, templates from %u on", template_id);
	is_u64(wrongs(&r) + rig_totals(&r).unknown_template_sets, 0,
	    "lists: nothing is wrong with them");
	for (unsigned k = 0; k < LISTS; k++) {
		wrong = 0;
		for (size_t at = before; at < records; at++) {
			size_t i = (size_t)num(&r, WIRE_FLOWS4, F(8), at) - 0x0a000001;
			const struct column *c = cell(&r, WIRE_FLOWS4, b->col[6 + k].id, at);

			extra += !listed(k, i) && c != NULL;
			if (!listed(k, i))
				continue;
			list_text(&want, &b->col[6 + k], i);
			list_text(&got, c, at);
			if (late && got.len > 0) {
				unnumber(&want);
				unnumber(&got);
			}
			wrong += got.len == 0 || got.len != want.len ||
				 memcmp(got.data, want.data, got.len) != 0;
		}
		is_u64(wrong, 0, "lists: list %u is as it was", k);
	}
	is_u64(extra, 0, "lists: where it was");
	rig_close(&r);
	buf_free(&list);
	buf_free(&want);
	buf_free(&got);
	sent_free(s);
	batch_free(b);
	batch_free(many);
}

int
main(void)
{
	test_kinds(EXPORT_IPFIX, false);
	test_kinds(EXPORT_IPFIX, true);
	test_kinds(EXPORT_V9, false);
	test_kinds(EXPORT_V9, true);
	test_signed();
	test_v5();
	test_selection();
	test_lists(400, 0, false);
	test_lists(230, 0, false); /* among the numbers of the templates of records */
	test_lists(400, 1, false);
	test_lists(230, 0, true); /* which are taken already */
	return done_testing();
}
