/*
 * What messages are made of beside fields: headers, counts, bounds, templates of options, padding, domains.
 */
#include "base/time.h"
#include "export_sent.h"
#include "random_batch.h"
#include "wire_craft.h"

static const int64_t second_ns = INT64_C(1767571200000000000);

/* One batch after another, without a flush between; then the rest. */
static struct sent *
export_batches(
    const struct export_opts *o, struct batch *const *list, size_t n, struct export_totals *t)
{
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(o, keep, s);
	struct err err = { 0 };

	for (size_t i = 0; i < n; i++)
		if (export_batch(e, list[i], NULL, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
	if (export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	if (t != NULL)
		*t = *export_totals(e);
	export_free(e);
	return s;
}

static void
add_exporters(struct batch *b, uint32_t first, size_t some)
{
	struct field_id id = field_own(OWN_EXPORTER);
	unsigned c = (unsigned)batch_column(b, &id, TYPE_IP, 4, 0);

	for (size_t i = 0; i < b->n; i++)
		batch_put_uint(b, c, i, first + i % some);
	batch_close(b);
}

/* Flows that have a protocol and nothing else. */
static struct batch *
protocols(size_t n)
{
	struct batch *b = batch_new();
	struct field_id id = field_iana(4);
	unsigned c = (unsigned)batch_column(b, &id, TYPE_UINT, 1, 0);

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++)
		batch_put_uint(b, c, i, 17);
	batch_close(b);
	return b;
}

/* An options record: fields of 4 octets, the first `scopes` of them are whom it is about. */
static struct batch *
options_of(const uint16_t *elements, size_t n, size_t scopes)
{
	struct batch *b = batch_new();

	b->options = true;
	for (size_t i = 0; i < n; i++) {
		struct field_id id = field_iana(elements[i]);
		unsigned c =
		    (unsigned)batch_column(b, &id, TYPE_UINT, 4, i < scopes ? COLUMN_SCOPE : 0);

		if (i == 0)
			batch_extend(b, 1);
		batch_put_uint(b, c, 0, 1000 + i);
	}
	batch_close(b);
	return b;
}

/* Headers ----------------------------------------------------------------------------------------- */

static void
test_domains(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };

	for (unsigned i = 0; i < 2; i++) {
		struct export_opts o = { .version = versions[i], .domain = 77 };
		size_t at = i ? 16 : 12;
		struct batch *b = flows(2, 1000);
		struct sent *s = export_all(&o, b, NULL, NULL);

		is_u64(number(s, 0, at, 4), 77,
		    "v%d: records without a domain have the one that is said", (int)o.version);
		sent_free(s);
		add_exporters(b, 0xc0000201, 2);
		add_uint(b, field_own(OWN_DOMAIN), 4, 9);
		s = export_all(&o, b, NULL, NULL);
		is_u64(s->n, 2, "v%d: two exporters are two sequences", (int)o.version);
		is_u64(number(s, 0, at, 4), 9, "v%d: the first keeps its number", (int)o.version);
		is_u64(number(s, 1, at, 4), 0x80000000, "v%d: the second gets another",
		    (int)o.version);
		sent_free(s);
		batch_free(b);
	}
}

/* NetFlow v5 has 16 bits for engine type and id. */
static void
test_engines(void)
{
	static const uint32_t domains[][2] = { { 65535, 65535 }, { 65536, 0 }, { 0x12345678, 0 } };

	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct export_opts o = { .version = EXPORT_V5 };
		struct batch *b = flows(1, 1000);
		struct buf report = { 0 };
		struct sent *s;

		add_uint(b, field_own(OWN_DOMAIN), 4, domains[i][0]);
		s = export_all(&o, b, &report, NULL);
		is_u64(number(s, 0, 20, 2), domains[i][1], "v5: the engine of domain %u",
		    domains[i][0]);
		ok((domains[i][0] != domains[i][1]) ==
			(strstr(buf_cstr(&report), "domain: 1 numbers beyond") != NULL),
		    "v5: which is told where it is another: %s", buf_cstr(&report));
		buf_free(&report);
		sent_free(s);
		batch_free(b);
	}
}

/* The header's time is that of the newest record in its message: its end, else when it was received. */
static void
test_header_times(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };

	for (unsigned i = 0; i < 2; i++) {
		struct export_opts o = { .version = versions[i] };
		size_t at = i ? 8 : 4;
		struct sent *s = mem_zero(1, sizeof(*s));
		struct exporter *e = export_new(&o, keep, s);
		struct batch *b = flows(3, 1000), *received = protocols(1);
		struct field_id id = field_own(OWN_RECEIVED);
		unsigned c = (unsigned)batch_column(received, &id, TYPE_TIME, 8, 0);
		int64_t now_s = time_now_ns() / NS_PER_S;
		struct err err = { 0 };

		batch_put_uint(received, c, 0, (uint64_t)second_ns);
		batch_close(received);
		for (unsigned k = 0; k < 4; k++) {
			if (k == 2) /* an hour before, in a later message */
				for (size_t rec = 0; rec < 3; rec++) {
					((int64_t *)b->col[0].data)[rec] -= 3600 * NS_PER_S;
					((int64_t *)b->col[1].data)[rec] -= 3600 * NS_PER_S;
				}
			if (k == 3) /* what no header can say */
				((int64_t *)b->col[1].data)[1] = INT64_C(4300000000) * NS_PER_S;
			if (export_batch(e, k == 0 ? received : b, NULL, &err) != 0 ||
			    export_flush(e, &err) != 0)
				ok(false, "exporting fails: %s", err.text);
		}
		is_u64(number(s, 0, at, 4), 1767571200,
		    "v%d: of a record without an end, when it was received", (int)o.version);
		is_u64(
		    number(s, 1, at, 4), 1767571203, "v%d: of several the newest", (int)o.version);
		is_u64(number(s, 2, at, 4), 1767571203 - 3600,
		    "v%d: older ones later have their own", (int)o.version);
		is_u64(number(s, 3, at, 4), 1767571203 - 3600,
		    "v%d: an end beyond 2106 has no part in it", (int)o.version);
		export_free(e);
		sent_free(s);

		s = export_all(&o, received, NULL, NULL);
		sent_free(s);
		batch_unmark(received, c, 0);
		batch_close(received);
		s = export_all(&o, received, NULL, NULL);
		ok((int64_t)number(s, 0, at, 4) >= now_s &&
			(int64_t)number(s, 0, at, 4) <= now_s + 60,
		    "v%d: without any time it is now", (int)o.version);
		if (i)
			is_u64(number(s, 0, 4, 4), 3600000, "v9: in an uptime of an hour");
		sent_free(s);
		batch_free(b);
		batch_free(received);
	}
}

/* v9: records and templates of this message; IPFIX: records of those before, on options too. */
static void
test_counts(void)
{
	struct export_opts o = { .version = EXPORT_V9, .mtu = 512 };
	struct batch *b = flows(60, 1000);
	struct export_totals t;
	uint64_t sum = 0;
	struct sent *s = export_all(&o, b, NULL, &t);

	for (unsigned i = 0; i < s->n; i++)
		sum += number(s, i, 2, 2);
	ok(s->n > 3, "v9: several messages");
	is_u64(sum, 61, "v9: which count 60 records and a template");
	is_u64(number(s, 1, 2, 2), number(s, 2, 2, 2), "v9: each its own");
	is_u64(t.records, 60, "v9: all are told");
	is_u64(t.options, 0, "v9: none as options");
	sent_free(s);
	batch_free(b);
}

/* The boot from which uptimes count is the exporter's own, where its records say it. */
static void
test_boot(void)
{
	struct export_opts o = { .version = EXPORT_V9, .now = false };
	struct batch *b = flows(2, 1000);
	struct field_id own_wire = field_own(OWN_WIRE), start = field_iana(22);
	unsigned w = (unsigned)batch_column(b, &own_wire, TYPE_BOOL, 1, 0);
	unsigned c = (unsigned)batch_column(b, &start, TYPE_UINT, 4, 0);
	struct sent *s;

	for (size_t i = 0; i < b->n; i++) {
		batch_put_uint(b, w, i, 1);
		batch_put_uint(b, c, i, 5000 + 1000 * i);
		((int64_t *)b->col[0].data)[i] += 999; /* finer than a ms */
	}
	batch_close(b);
	s = export_all(&o, b, NULL, NULL);
	is_u64(s->n, 1, "boot: both records are of one");
	is_u64(number(s, 0, 20 + number(s, 0, 22, 2) + 4, 4), 5000,
	    "boot: an uptime is as it was sent");
	is_u64(number(s, 0, 4, 4), 7000, "boot: the header's counts from it too");
	sent_free(s);
	batch_free(b);
}

/*
 * Whatever times follow each other, uptimes say them, or that one of a record is lost is told: days apart, by 2^31 and
 * 2^32 ms and little more or less, ends before starts.
 */
static void
test_uptimes(uint64_t seed, enum export_version version)
{
	enum { FLOWS = 40 };
	static const int64_t apart_ms[] = { 0, 1, 1000, 86400000, INT64_C(1) << 31,
		INT64_C(1) << 32, 60 * INT64_C(86400000) };
	struct export_opts o = { .version = version, .now = seed % 3 == 0 };
	struct batch *b = flows(FLOWS, 1000);
	int64_t *start = b->col[0].data, *end = b->col[1].data;
	size_t wrong = 0, lost = 0;
	struct buf report = { 0 };
	uint64_t state = seed;
	struct sent *s;
	struct rig r;

	for (size_t i = 0; i < FLOWS; i++) {
		int64_t flow =
		    apart_ms[rnd_below(&state, 7)] + (int64_t)rnd_below(&state, 9000) - 4500;
		int64_t jump =
		    apart_ms[rnd_below(&state, 7)] + (int64_t)rnd_below(&state, 9000) - 4500;
		int64_t sign = rnd_below(&state, 5) ? 1 : -1;

		start[i] = (i > 0 ? start[i - 1] : second_ns) +
			   (rnd_below(&state, 2) ? jump : -jump) * NS_PER_MS;
		end[i] = start[i] + sign * flow * NS_PER_MS;
	}
	batch_close(b);
	s = export_all(&o, b, &report, NULL);
	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < s->n; i++)
		(void)rig_decode(&r, s->message[i].data, s->message[i].len);
	for (size_t i = 0; i < FLOWS; i++) {
		int64_t apart = end[i] < start[i] ? start[i] - end[i] : end[i] - start[i];
		bool far = apart > ((INT64_C(1) << 32) - 2001) * NS_PER_MS;

		wrong += (int64_t)num(&r, WIRE_FLOWS4, OWN(END), i) != end[i];
		wrong += !far && (int64_t)num(&r, WIRE_FLOWS4, OWN(START), i) != start[i];
		lost += far;
	}
	is_u64(wrong, 0, "v%d: seed %u: times come back", (int)version, (unsigned)seed);
	ok((lost > 0) == (report.len > 0 && strstr(buf_cstr(&report), "from the end") != NULL),
	    "v%d: seed %u: or it is told", (int)version, (unsigned)seed);
	rig_close(&r);
	buf_free(&report);
	sent_free(s);
	batch_free(b);
}

/* Bounds ------------------------------------------------------------------------------------------ */

/* Messages of many layouts, strings and templates are within any bound but for single records that are longer. */
static void
test_bounds(void)
{
	static const enum export_version versions[] = { EXPORT_IPFIX, EXPORT_V9 };
	unsigned beyond = 0, messages = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct export_opts o = { .version = versions[i % 2], .mtu = 700 + 7 * i };
		struct batch *b = random_batch(1000 + i, 80);
		struct sent *s = export_all(&o, b, NULL, NULL);
		size_t header = i % 2 ? 20 : 16;

		for (unsigned k = 0; k < s->n; k++) {
			unsigned sets = 0;

			messages++;
			if (s->message[k].len <= o.mtu)
				continue;
			/* what does not fit stands alone, behind its templates */
			for (size_t at = header; at < s->message[k].len;
			     at += number(s, k, at + 2, 2))
				sets += number(s, k, at, 2) > 255;
			beyond += sets != 1;
		}
		sent_free(s);
		batch_free(b);
	}
	ok(messages > 500, "bounds: %u messages", messages);
	is_u64(beyond, 0, "bounds: none longer than was said that could be shorter");
}

/* Records of every length up to the bound, each in a layout of its own: with them it is not passed. */
static void
test_each_bound(void)
{
	static const uint8_t octets[400];
	unsigned beyond = 0, full = 0;

	for (size_t len = 1; len < 300; len++) {
		for (unsigned variable = 0; variable < 2; variable++) {
			struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 400 + len % 7 };
			struct batch *b = protocols(6);
			struct field_id id = { .id = variable ? 371 : 95 }, tos = field_iana(5);
			unsigned c = (unsigned)batch_column(
			    b, &id, variable ? TYPE_STRING : TYPE_BYTES, 0, 0);
			unsigned d = (unsigned)batch_column(b, &tos, TYPE_UINT, 1, 0);
			struct sent *s;

			for (size_t i = 0; i < b->n; i++) {
				batch_put_octets(b, c, i, octets, len);
				if (i % 2 == 0)
					batch_put_uint(b, d, i, 0);
			}
			batch_close(b);
			s = export_all(&o, b, NULL, NULL);
			for (unsigned i = 0; i < s->n; i++) {
				beyond += s->message[i].len > o.mtu;
				full += s->message[i].len > o.mtu - 16;
			}
			sent_free(s);
			batch_free(b);
		}
	}
	is_u64(beyond, 0, "bounds: records of every length are within it");
	ok(full > 20, "bounds: some fill it");
}

/* Templates of options are in the bound, too, wherever in a message they come. */
static void
test_options_bound(void)
{
	static const uint16_t elements[] = { 10, 41 };
	unsigned beyond = 0, together = 0;

	for (size_t n = 1; n < 60; n++) {
		struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 100 };
		struct batch *list[] = { protocols(n), options_of(elements, 2, 1) };
		struct sent *s = export_batches(&o, list, 2, NULL);

		for (unsigned i = 0; i < s->n; i++)
			beyond += s->message[i].len > o.mtu;
		together += s->n == 1;
		sent_free(s);
		batch_free(list[0]);
		batch_free(list[1]);
	}
	is_u64(beyond, 0, "bounds: options behind any number of flows are within it");
	ok(together > 10 && together < 50, "bounds: in their message where that has room (%u)",
	    together);
}

/* A record that a datagram cannot hold is dropped; a stream's message can be longer. */
static void
test_longest(void)
{
	static const uint8_t octets[33000];

	for (unsigned stream = 0; stream < 2; stream++) {
		struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 1400, .stream = stream };
		struct batch *b = protocols(1);
		struct export_totals t;
		struct sent *s;

		for (unsigned i = 0; i < 2; i++) {
			struct field_id id = { .id = 95, .instance = (uint8_t)i };
			unsigned c = (unsigned)batch_column(b, &id, TYPE_BYTES, 0, 0);

			batch_put_octets(b, c, 0, octets, 32735);
		}
		batch_close(b);
		s = export_all(&o, b, NULL, &t);
		is_u64(t.records, stream, "a record of 65471 octets is %s",
		    stream ? "sent" : "dropped");
		is_u64(t.dropped, !stream, "which is counted");
		if (stream)
			ok(s->message[0].len > 65507, "in a message that no datagram holds");
		sent_free(s);
		batch_free(b);
	}
}

/* Padding that is as long as a record would be one (RFC 7011 3.3.1). */
static void
test_short_records(void)
{
	for (unsigned width = 1; width <= 4; width++) {
		for (size_t n = 1; n <= 4; n++) {
			struct export_opts o = { .version = EXPORT_IPFIX };
			struct batch *b = protocols(n);
			struct field_id id = field_iana(95);
			unsigned c = (unsigned)batch_column(b, &id, TYPE_BYTES, 0, 0);
			struct sent *s;
			struct rig r;

			for (size_t i = 0; i < n && width > 1; i++)
				batch_put_octets(b, c, i, "abc", width - 1);
			batch_close(b);
			s = export_all(&o, b, NULL, NULL);
			rig_open(&r, (struct wire_opts){ 0 });
			is_u64(rig_decode(&r, s->message[0].data, s->message[0].len), n,
			    "padding: %zu records of %u octets are no more", n, width);
			rig_close(&r);
			sent_free(s);
			batch_free(b);
		}
	}
}

/* Options ----------------------------------------------------------------------------------------- */

/* Counts of an options template: IPFIX's are of fields, NetFlow v9's octets of specifiers. */
static void
test_options_templates(void)
{
	static const uint16_t elements[] = { 145, 10, 34 };

	for (size_t scopes = 0; scopes <= 2; scopes++) {
		struct batch *b = options_of(elements, 3, scopes);
		struct export_opts o = { .version = EXPORT_IPFIX };
		size_t fields = scopes ? 3 : 4, wanted = scopes ? scopes : 1;
		struct sent *s = export_all(&o, b, NULL, NULL);

		is_u64(number(s, 0, 16, 2), 3, "IPFIX: an options template");
		is_u64(number(s, 0, 22, 2), fields, "IPFIX: of so many fields");
		is_u64(number(s, 0, 24, 2), wanted, "IPFIX: so many of them are scopes");
		is_u64(number(s, 0, 26, 2), scopes ? 145 : 149, "IPFIX: the first, or the domain");
		sent_free(s);
		o.version = EXPORT_V9;
		s = export_all(&o, b, NULL, NULL);
		is_u64(number(s, 0, 20, 2), 1, "v9: an options template");
		is_u64(number(s, 0, 26, 2), 4 * wanted, "v9: octets of its scopes");
		is_u64(number(s, 0, 28, 2), 4 * (fields - wanted), "v9: octets of its options");
		is_u64(number(s, 0, 30, 2), scopes ? 5 : 1, "v9: a template is one, or the system");
		sent_free(s);
		batch_free(b);
	}
}

/* Scopes that the formats have under other numbers. */
static void
test_scope_numbers(void)
{
	static const uint16_t scopes[][2] = { { 10, 2 }, { 141, 3 }, { 145, 5 } };

	for (size_t i = 0; i < 3; i++) {
		const uint16_t elements[] = { scopes[i][0], 34 };
		struct export_opts o = { .version = EXPORT_V9 };
		struct batch *b = options_of(elements, 2, 1);
		struct sent *s = export_all(&o, b, NULL, NULL);

		is_u64(number(s, 0, 30, 2), scopes[i][1], "v9: element %u is scope %u",
		    scopes[i][0], scopes[i][1]);
		sent_free(s);
		o.version = EXPORT_IPFIX;
		b->col[0].id = (struct field_id){ .pen = PEN_SCOPE, .id = scopes[i][1] };
		s = export_all(&o, b, NULL, NULL);
		is_u64(number(s, 0, 26, 2), scopes[i][0], "IPFIX: scope %u is element %u",
		    scopes[i][1], scopes[i][0]);
		sent_free(s);
		batch_free(b);
	}
}

/* The same fields with another number of scopes are another template. */
static void
test_scopes_apart(void)
{
	static const uint16_t elements[] = { 10, 34 };
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *list[] = { options_of(elements, 2, 1), options_of(elements, 2, 2) };
	struct export_totals t;
	struct sent *s = export_batches(&o, list, 2, &t);
	uint64_t ids[2] = { 0 }, scopes[2] = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		for (size_t at = 16; at < s->message[i].len; at += number(s, i, at + 2, 2))
			if (number(s, i, at, 2) == 3 && n < 2) {
				ids[n] = number(s, i, at + 4, 2);
				scopes[n++] = number(s, i, at + 8, 2);
			}
	is_u64(n, 2, "two options templates");
	ok(ids[0] != ids[1] && scopes[0] == 1 && scopes[1] == 2, "of one and two scopes");
	is_u64(t.options, 2, "a record each");
	sent_free(s);
	batch_free(list[0]);
	batch_free(list[1]);
}

/* What is left with nothing to say is dropped, not sent as a domain alone. */
static void
test_nothing_to_say(void)
{
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *b = batch_new();
	struct field_id id = { .pen = PEN_NAMED, .named = "mean_bytes" };
	unsigned c = (unsigned)batch_column(b, &id, TYPE_UINT, 8, 0);
	struct export_totals t;
	struct sent *s;

	batch_extend(b, 3);
	for (size_t i = 0; i < 3; i++)
		batch_put_uint(b, c, i, 1);
	batch_close(b);
	for (unsigned options = 0; options < 2; options++) {
		b->options = options;
		s = export_all(&o, b, NULL, &t);
		is_u64(s->n, 0, "%s of nothing that the format has are not sent",
		    options ? "options" : "flows");
		is_u64(t.dropped, 3, "but counted");
		sent_free(s);
	}
	batch_free(b);
}

/* What options say of sampling does not come before flows that were there earlier, nor behind later ones. */
static void
test_order(void)
{
	static const uint16_t elements[] = { 149, 34 };
	struct export_opts o = { .version = EXPORT_IPFIX };
	struct batch *list[] = { flows(1, 1), flows(1, 2), options_of(elements, 2, 1), flows(1, 3),
		flows(1, 4) };
	/* the domain of the options was met first, or last */
	static const uint32_t domains[][5] = { { 1, 2, 1, 2, 1 }, { 1, 2, 2, 1, 2 } };

	for (size_t k = 0; k < 2; k++) {
		struct sent *s;
		unsigned options = 0;
		bool before[2] = { false }, behind[2] = { false };

		for (size_t i = 0; i < 5; i++) {
			struct field_id id = field_own(OWN_DOMAIN);
			unsigned c = (unsigned)batch_column(list[i], &id, TYPE_UINT, 4, 0);

			batch_put_uint(list[i], c, 0, domains[k][i]);
			batch_close(list[i]);
		}
		s = export_batches(&o, list, 5, NULL);
		while (options < s->n && number(s, options, 16, 2) != 3)
			options++;
		for (unsigned i = 0; i < s->n; i++) {
			uint64_t domain = number(s, i, 12, 4) - 1;

			if (i < options)
				before[domain] = true;
			if (i > options)
				behind[domain] = true;
		}
		ok(options < s->n && before[0] && before[1],
		    "flows of both domains go before options");
		ok(behind[0] && behind[1], "and of both domains behind them");
		sent_free(s);
	}
	for (size_t i = 0; i < 5; i++)
		batch_free(list[i]);
}

/* Streams that break ---------------------------------------------------------------------------- */

/* The first transport session ends behind so many messages; messages of the next one. */
struct broken {
	unsigned lives;
	struct sent *s;
};

static int
keep_second(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct broken *b = ctx;

	if (b->s == NULL && b->lives-- == 0) {
		b->s = mem_zero(1, sizeof(*b->s));
		return EXPORT_AGAIN;
	}
	return b->s == NULL ? 0 : keep(b->s, data, len, records, time_ns, err);
}

/*
 * The next transport session has, within the bound, every template once and ahead of data, and counts from 0: many sets
 * of fields, an element whose type is told, by two domains.
 */
static void
test_renewed(unsigned lives)
{
	struct export_opts o = { .version = EXPORT_IPFIX, .mtu = 300, .stream = true };
	struct broken broken = { .lives = lives };
	struct exporter *e = export_new(&o, keep_second, &broken);
	struct field_id vendor = { .pen = 32473, .id = 77 };
	unsigned beyond = 0, twice = 0, late = 0, templates = 0;
	uint8_t *known = mem_zero(2, 65536);
	bool begun[2] = { false };
	uint64_t wrong = 0;
	struct err err = { 0 };

	for (unsigned round = 0; round < 2; round++) {
		struct batch *b = protocols(128);
		struct field_id domain = field_own(OWN_DOMAIN);
		unsigned c = (unsigned)batch_column(b, &domain, TYPE_UINT, 4, 0);
		unsigned v = (unsigned)batch_column(b, &vendor, TYPE_UINT, 4, 0);

		for (size_t i = 0; i < b->n; i++) {
			batch_put_uint(b, c, i, i % 2);
			batch_put_uint(b, v, i, i);
		}
		for (uint16_t k = 0; k < 6; k++) {
			struct field_id id = field_iana((uint16_t)(16 + k));
			unsigned d = (unsigned)batch_column(b, &id, TYPE_UINT, 4, 0);

			for (size_t i = 0; i < b->n; i++)
				if (i >> (k + 1) & 1)
					batch_put_uint(b, d, i, k);
		}
		batch_close(b);
		if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
		batch_free(b);
	}
	for (unsigned i = 0; i < broken.s->n; i++) {
		const struct sent *s = broken.s;
		uint64_t domain = number(s, i, 12, 4);
		size_t n = s->message[i].len;

		beyond += n > o.mtu;
		wrong += !begun[domain] && number(s, i, 8, 4) != 0;
		begun[domain] = true;
		for (size_t at = 16; at < n; at += number(s, i, at + 2, 2)) {
			uint64_t set = number(s, i, at, 2), id = number(s, i, at + 4, 2);

			if (set == 2 || set == 3) {
				twice += known[domain * 65536 + id];
				known[domain * 65536 + id] = 1;
				templates++;
			} else {
				late += !known[domain * 65536 + set];
			}
		}
	}
	is_u64(wrong, 0, "broken behind %u: each domain counts from 0", lives);
	is_u64(beyond, 0, "broken behind %u: messages are within the bound", lives);
	ok(templates > 20 && twice == 0, "broken behind %u: %u templates come once", lives,
	    templates);
	is_u64(late, 0, "broken behind %u: and ahead of their data", lives);
	sent_free(broken.s);
	export_free(e);
	mem_free(known);
}

int
main(void)
{
	test_domains();
	test_engines();
	test_header_times();
	test_counts();
	test_boot();
	for (uint64_t seed = 1; seed <= 60; seed++)
		test_uptimes(seed, seed % 2 ? EXPORT_V5 : EXPORT_V9);
	test_bounds();
	test_each_bound();
	test_options_bound();
	test_longest();
	test_short_records();
	test_options_templates();
	test_scope_numbers();
	test_scopes_apart();
	test_nothing_to_say();
	test_order();
	for (unsigned lives = 1; lives < 37; lives += 5)
		test_renewed(lives);
	return done_testing();
}
