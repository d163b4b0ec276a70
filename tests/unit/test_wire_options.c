/* What options tell: sampling, the most precise first, types (RFC 5610), losses of the exporter itself. */
#include "wire_craft.h"

static struct craft c;

/* An options record of IPFIX, or of v9 whose first scope is a v9 scope type; of len 65535 two octets. */
struct given {
	uint16_t id, len;
	uint64_t value;
};

static void
put_given(const struct given *g)
{
	if (g->len == 65535)
		put(&c, 2, 1);
	put(&c, g->value, g->len == 65535 ? 2 : g->len);
}

static void
put_options(unsigned id, unsigned scopes, unsigned n, const struct given *g)
{
	open_set(&c, 3);
	put(&c, id, 2);
	put(&c, n, 2);
	put(&c, scopes, 2);
	for (unsigned i = 0; i < n; i++) {
		put(&c, g[i].id, 2);
		put(&c, g[i].len, 2);
	}
	close_set(&c);
	open_set(&c, id);
	for (unsigned i = 0; i < n; i++)
		put_given(&g[i]);
	close_set(&c);
}

static void
send_options(struct rig *r, uint32_t domain, unsigned scopes, unsigned n, const struct given *g)
{
	begin_ipfix(&c, 0, domain);
	put_options(300 + n, scopes, n, g);
	rig_send(r, &c);
}

#define OPTIONS(R, DOMAIN, SCOPES, ...) \
	send_options(R, DOMAIN, SCOPES, \
	    sizeof((struct given[]){ __VA_ARGS__ }) / sizeof(struct given), \
	    (struct given[]){ __VA_ARGS__ })

/* One flow record: packets and what else names its sampler; returns its number. */
static size_t
send_flow(struct rig *r, uint32_t domain, unsigned n, const struct given *g)
{
	size_t rec = r->b[WIRE_FLOWS4]->n;

	begin_ipfix(&c, 0, domain);
	open_set(&c, 2);
	put(&c, 400 + n, 2);
	put(&c, n, 2);
	for (unsigned i = 0; i < n; i++) {
		put(&c, g[i].id, 2);
		put(&c, g[i].len, 2);
	}
	close_set(&c);
	open_set(&c, 400 + n);
	for (unsigned i = 0; i < n; i++)
		put_given(&g[i]);
	close_set(&c);
	rig_send(r, &c);
	return rec;
}

static void
expect(struct rig *r, uint32_t domain, unsigned n, const struct given *g, uint64_t packets,
    enum sampling_src src, const char *what)
{
	size_t rec = send_flow(r, domain, n, g);

	if (packets == 0) {
		ok(!has(r, WIRE_FLOWS4, OWN(SAMPLING), rec), "%s: unknown", what);
		return;
	}
	is_u64(
	    num(r, WIRE_FLOWS4, OWN(SAMPLING), rec), packets, "%s: 1 of %" PRIu64, what, packets);
	is_u64(num(r, WIRE_FLOWS4, OWN(SAMPLING_SRC), rec), src, "%s: said by %u", what, src);
}

#define FLOW(R, DOMAIN, PACKETS, SRC, WHAT, ...) \
	expect(R, DOMAIN, sizeof((struct given[]){ __VA_ARGS__ }) / sizeof(struct given), \
	    (struct given[]){ __VA_ARGS__ }, PACKETS, SRC, WHAT)

static void
test_order(void)
{
	struct wire_source source = { .sampling = 77 };
	struct rig r;

	rig_open(&r, (struct wire_opts){ .sampling = 66 });
	FLOW(&r, 1, 66, SAMPLING_CONFIGURED, "sampling, configured for all", { 2, 4, 1 });
	r.msg.source = &source;
	FLOW(&r, 1, 77, SAMPLING_CONFIGURED, "sampling, configured for the exporter", { 2, 4, 1 });
	OPTIONS(&r, 2, 1, { 149, 4, 2 }, { 34, 4, 500 });
	FLOW(&r, 1, 500, SAMPLING_EXPORTER, "sampling, another domain's options", { 2, 4, 1 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 34, 4, 400 });
	FLOW(&r, 1, 400, SAMPLING_OPTIONS, "sampling, the domain's options", { 2, 4, 1 });
	FLOW(&r, 2, 500, SAMPLING_OPTIONS, "sampling, each domain's own", { 2, 4, 1 });
	FLOW(&r, 3, 77, SAMPLING_CONFIGURED, "sampling, domains that differ tell a third nothing",
	    { 2, 4, 1 });
	OPTIONS(&r, 1, 1, { 10, 4, 5 }, { 34, 4, 300 });
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, the interface in", { 2, 4, 1 },
	    { 10, 2, 5 });
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, else the interface out", { 10, 2, 6 },
	    { 14, 4, 5 });
	FLOW(
	    &r, 1, 400, SAMPLING_OPTIONS, "sampling, another interface", { 2, 4, 1 }, { 10, 2, 6 });
	OPTIONS(&r, 1, 1, { 302, 8, 9 }, { 305, 4, 1 }, { 306, 4, 199 });
	FLOW(&r, 1, 200, SAMPLING_SAMPLER, "sampling, 305 and 306 of the selector", { 302, 1, 9 },
	    { 10, 2, 5 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 48, 1, 3 }, { 49, 1, 2 }, { 50, 4, 100 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, 50 of the sampler", { 48, 1, 3 },
	    { 10, 2, 5 });
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, a sampler that nobody described",
	    { 48, 1, 4 }, { 10, 2, 5 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, sampler 0 is the newest", { 48, 1, 0 },
	    { 2, 4, 1 });
	FLOW(&r, 1, 10, SAMPLING_RECORD, "sampling, the record itself before all", { 48, 1, 3 },
	    { 34, 4, 10 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, 0 in the record is unknown", { 48, 1, 3 },
	    { 34, 4, 0 });
	FLOW(&r, 1, 12, SAMPLING_RECORD, "sampling, 0 as 34 but not as 50", { 50, 4, 12 },
	    { 34, 4, 0 });
	FLOW(&r, 1, 10, SAMPLING_RECORD, "sampling, 34 before 50", { 50, 4, 12 }, { 34, 4, 10 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, a selector that nobody described",
	    { 302, 8, 99 }, { 48, 1, 3 });
	FLOW(&r, 1, 200, SAMPLING_SAMPLER, "sampling, the selector before the sampler",
	    { 48, 1, 3 }, { 302, 8, 9 });
	FLOW(&r, 1, 200, SAMPLING_SAMPLER, "sampling, a selector before sampler 0", { 48, 1, 0 },
	    { 302, 8, 9 });
	FLOW(&r, 1, 10, SAMPLING_RECORD, "sampling, 34 of varying length", { 48, 1, 3 },
	    { 34, 65535, 10 });
	FLOW(&r, 1, 12, SAMPLING_RECORD, "sampling, both of varying length", { 50, 65535, 12 },
	    { 34, 65535, 0 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, a sampler of varying length",
	    { 302, 65535, 99 }, { 48, 65535, 3 }, { 2, 4, 1 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, a sampler beside a varying field",
	    { 82, 65535, 0 }, { 48, 1, 3 }, { 10, 65535, 5 });
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, an interface of varying length",
	    { 10, 65535, 5 }, { 2, 4, 1 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 48, 1, 3 }, { 49, 1, 2 }, { 50, 4, 0 });
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, a sampler told to be 0 is unknown",
	    { 48, 1, 3 }, { 10, 2, 5 });
	rig_close(&r);
}

static void
test_forms(void)
{
	static const struct {
		const char *what;
		struct given g[3];
		uint64_t packets;
	} forms[] = {
		{ "309 of 310", { { 302, 8, 1 }, { 309, 4, 2 }, { 310, 4, 100 } }, 50 },
		{ "309 is 0", { { 302, 8, 1 }, { 309, 4, 0 }, { 310, 4, 100 } }, 0 },
		{ "305 alone", { { 302, 8, 1 }, { 304, 2, 1 }, { 305, 4, 10 } }, 1 },
		{ "305 is 0", { { 302, 8, 1 }, { 305, 4, 0 }, { 306, 4, 10 } }, 0 },
		{ "311 0.01", { { 302, 8, 1 }, { 304, 2, 4 }, { 311, 8, 0x3f847ae147ae147b } },
		    100 },
		{ "311 0", { { 302, 8, 1 }, { 304, 2, 4 }, { 311, 8, 0 } }, 0 },
		{ "311 not a number",
		    { { 302, 8, 1 }, { 304, 2, 4 }, { 311, 8, 0x7ff8000000000000 } }, 0 },
		{ "311 of 4 octets", { { 302, 8, 1 }, { 304, 2, 4 }, { 311, 4, 0x3dcccccd } }, 10 },
		{ "307 of 308, by time", { { 302, 8, 1 }, { 307, 4, 1 }, { 308, 4, 9 } }, 0 },
		{ "34 of 2 octets", { { 302, 8, 1 }, { 35, 1, 2 }, { 34, 2, 1000 } }, 1000 },
		{ "a rate beyond counting",
		    { { 302, 8, 1 }, { 309, 8, 1 }, { 310, 8, UINT64_MAX } }, 0 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct rig r;

		rig_open(&r, (struct wire_opts){ 0 });
		send_options(&r, 1, 1, 3, forms[i].g);
		FLOW(&r, 1, forms[i].packets, SAMPLING_SAMPLER, forms[i].what, { 302, 2, 1 });
		rig_close(&r);
	}
}

/* v9: scopes in octets, types of their own; options template, its data and the flows in one message. */
static void
put_v9_scope(unsigned scope, unsigned value)
{
	begin_v9(&c, 4, 1, 7);
	open_set(&c, 1);
	put(&c, 300, 2);
	put(&c, 4, 2);
	put(&c, 4, 2);
	put(&c, scope, 2);
	put(&c, 4, 2);
	put(&c, 34, 2);
	put(&c, 4, 2);
	close_set(&c);
	open_set(&c, 300);
	put(&c, value, 4);
	put(&c, 128, 4);
	close_set(&c);
	for (unsigned id = 256; id <= 257; id++) {
		put_template_set(&c, 0, id, 2, (const uint16_t[][2]){ { 10, 4 }, { 2, 4 } });
		open_set(&c, id);
		put(&c, 12, 4);
		put(&c, 1, 4);
		put(&c, 13, 4);
		put(&c, 1, 4);
		close_set(&c);
	}
}

static void
test_v9(void)
{
	static const struct {
		unsigned scope, value;
		bool known[4];
		const char *what;
	} cases[] = {
		{ 1, 0, { true, true, true, true }, "System" },
		{ 2, 12, { true, false, true, false }, "Interface" },
		{ 5, 257, { false, false, true, true }, "Template" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r;

		rig_open(&r, (struct wire_opts){ 0 });
		put_v9_scope(cases[i].scope, cases[i].value);
		rig_send(&r, &c);
		for (unsigned rec = 0; rec < 4; rec++) {
			bool known = has(&r, WIRE_FLOWS4, OWN(SAMPLING), rec);

			ok(known == cases[i].known[rec] &&
				(!known || num(&r, WIRE_FLOWS4, OWN(SAMPLING), rec) == 128),
			    "sampling: v9 scope %s, in one message: record %u", cases[i].what, rec);
		}
		rig_close(&r);
	}
}

/* What one domain says of another, and samplers that only another domain described. */
static void
test_of_another(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 0, 1, { 149, 4, 5 }, { 34, 4, 100 });
	FLOW(&r, 7, 100, SAMPLING_EXPORTER, "sampling, one domain told of", { 2, 4, 1 });
	FLOW(&r, 7, 0, SAMPLING_EXPORTER, "sampling, of a record that says 0", { 34, 4, 0 },
	    { 2, 4, 1 });
	OPTIONS(&r, 0, 1, { 149, 4, 6 }, { 34, 4, 200 });
	FLOW(&r, 5, 100, SAMPLING_OPTIONS, "sampling, told of this domain by another", { 2, 4, 1 });
	FLOW(&r, 6, 200, SAMPLING_OPTIONS, "sampling, and of that", { 2, 4, 1 });
	FLOW(&r, 7, 0, SAMPLING_EXPORTER, "sampling, of a third that nobody spoke of", { 2, 4, 1 });
	OPTIONS(&r, 5, 1, { 149, 4, 5 }, { 34, 4, 300 });
	FLOW(&r, 5, 300, SAMPLING_OPTIONS, "sampling, the domain's own word", { 2, 4, 1 });
	OPTIONS(&r, 0, 1, { 48, 1, 3 }, { 50, 4, 1000 });
	FLOW(&r, 5, 1000, SAMPLING_SAMPLER, "sampling, a sampler another domain described",
	    { 48, 1, 3 }, { 2, 4, 1 });
	FLOW(&r, 7, 0, SAMPLING_SAMPLER, "sampling, but not of a record that says 0", { 48, 1, 3 },
	    { 34, 4, 0 });
	rig_close(&r);
}

/* Whom options are about is their scope; one template may have as a field what another has as its scope. */
static void
test_fields_and_scopes(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 10, 4, 5 }, { 34, 4, 300 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 10, 4, 6 }, { 34, 4, 500 });
	is_u64(r.fulls, 0, "sampling, both in one batch");
	FLOW(&r, 1, 300, SAMPLING_INTERFACE, "sampling, the interface as scope", { 10, 4, 5 });
	FLOW(&r, 1, 500, SAMPLING_INTERFACE, "sampling, the interface as field", { 10, 4, 6 });
	FLOW(&r, 1, 0, SAMPLING_INTERFACE, "sampling, of neither", { 10, 4, 7 });
	OPTIONS(&r, 1, 2, { 10, 4, 8 }, { 149, 4, 1 }, { 10, 4, 9 }, { 34, 4, 700 });
	FLOW(&r, 1, 700, SAMPLING_INTERFACE, "sampling, a scope before a field", { 10, 4, 8 });
	FLOW(&r, 1, 0, SAMPLING_INTERFACE, "sampling, which says nothing then", { 10, 4, 9 });
	rig_close(&r);
}

/* One sampler at two interfaces. */
static void
test_sampler_at_interfaces(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 10, 4, 5 }, { 48, 1, 1 }, { 34, 4, 100 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, a sampler told of at one interface",
	    { 48, 1, 1 }, { 10, 4, 7 });
	OPTIONS(&r, 1, 1, { 10, 4, 6 }, { 48, 1, 1 }, { 34, 4, 1000 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, a sampler at one interface", { 48, 1, 1 },
	    { 10, 4, 5 });
	FLOW(&r, 1, 1000, SAMPLING_SAMPLER, "sampling, and at another", { 48, 1, 1 }, { 10, 4, 6 });
	FLOW(&r, 1, 1000, SAMPLING_SAMPLER, "sampling, at the interface out", { 48, 1, 1 },
	    { 10, 4, 7 }, { 14, 4, 6 });
	FLOW(&r, 1, 0, SAMPLING_SAMPLER, "sampling, at a third that nobody spoke of", { 48, 1, 1 },
	    { 10, 4, 7 });
	OPTIONS(&r, 1, 1, { 10, 4, 5 }, { 48, 1, 2 }, { 34, 4, 300 });
	FLOW(&r, 1, 100, SAMPLING_SAMPLER, "sampling, of two samplers at one interface the one",
	    { 48, 1, 1 }, { 10, 4, 5 });
	FLOW(&r, 1, 300, SAMPLING_SAMPLER, "sampling, or the other", { 48, 1, 2 }, { 10, 4, 5 });
	OPTIONS(&r, 1, 1, { 10, 4, 5 }, { 48, 1, 1 }, { 34, 4, 1000 });
	FLOW(&r, 1, 1000, SAMPLING_SAMPLER, "sampling, at a third, when the others agree",
	    { 48, 1, 1 }, { 10, 4, 7 });
	FLOW(&r, 2, 1000, SAMPLING_SAMPLER, "sampling, of another domain, at an interface",
	    { 48, 1, 1 }, { 10, 4, 5 });
	rig_close(&r);
}

/* What is said of a template holds for its records alone. */
static void
test_of_template(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 145, 2, 401 }, { 34, 4, 100 });
	FLOW(&r, 1, 100, SAMPLING_OPTIONS, "sampling, the template as scope", { 2, 4, 1 });
	FLOW(&r, 1, 0, SAMPLING_OPTIONS, "sampling, not of another template", { 2, 4, 1 },
	    { 10, 4, 5 });
	FLOW(&r, 2, 0, SAMPLING_OPTIONS, "sampling, nor of another domain's", { 2, 4, 1 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 145, 2, 401 }, { 34, 4, 300 });
	FLOW(&r, 1, 100, SAMPLING_OPTIONS, "sampling, the template before the domain", { 2, 4, 1 });
	FLOW(&r, 1, 300, SAMPLING_OPTIONS, "sampling, a template that is no scope narrows nothing",
	    { 2, 4, 1 }, { 10, 4, 5 });
	rig_close(&r);
}

/* Options tell of what follows them: records ahead of them in their message know nothing of them. */
static void
test_from_then_on(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, (const uint16_t[][2]){ { 10, 4 }, { 2, 4 } });
	open_set(&c, 256);
	put(&c, 1, 8);
	close_set(&c);
	put_options(300, 1, 2, (const struct given[]){ { 149, 4, 1 }, { 34, 4, 50 } });
	open_set(&c, 256);
	put(&c, 2, 8);
	close_set(&c);
	rig_send(&r, &c);
	ok(!has(&r, WIRE_FLOWS4, OWN(SAMPLING), 0), "sampling: not of records before it was told");
	is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), 1), 50, "sampling: of those behind it");
	rig_close(&r);
}

/* Records of one set that tell it themselves beside those that leave it to the exporter's options. */
static void
test_some_records(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 34, 4, 64 });
	begin_ipfix(&c, 0, 1);
	put_template_set(&c, 2, 256, 2, (const uint16_t[][2]){ { 34, 4 }, { 2, 4 } });
	open_set(&c, 256);
	for (unsigned i = 0; i < 6; i++) {
		put(&c, i % 2 ? 100 + i : 0, 4);
		put(&c, 1, 4);
	}
	close_set(&c);
	rig_send(&r, &c);
	for (unsigned i = 0; i < 6; i++) {
		is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), i), i % 2 ? 100 + i : 64,
		    "sampling: a record's own, or the exporter's");
		is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING_SRC), i),
		    i % 2 ? SAMPLING_RECORD : SAMPLING_OPTIONS, "sampling: and who says so");
	}
	rig_close(&r);
}

/* The same through records of varying length. */
static void
test_varying(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 48, 1, 3 }, { 34, 4, 64 });
	OPTIONS(&r, 1, 1, { 48, 1, 4 }, { 34, 4, 32 });
	begin_ipfix(&c, 0, 1);
	put_template_set(
	    &c, 2, 256, 3, (const uint16_t[][2]){ { 371, 65535 }, { 48, 1 }, { 2, 4 } });
	open_set(&c, 256);
	for (unsigned i = 0; i < 4; i++) {
		put(&c, i, 1);
		put(&c, 0x61616161, i);
		put(&c, 3 + i % 2, 1);
		put(&c, 1, 4);
	}
	close_set(&c);
	rig_send(&r, &c);
	for (unsigned i = 0; i < 4; i++)
		is_u64(num(&r, WIRE_FLOWS4, OWN(SAMPLING), i), i % 2 ? 32 : 64,
		    "sampling: each record of a set by its own sampler");
	rig_close(&r);
}

static void
test_exporter(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 41, 8, 10 }, { 166, 8, 12345 });
	is_u64(rig_stats(&r).not_sent, 12345, "options: flows that the exporter says it lost");
	is_u64(rig_stats(&r).options, 1, "options: beside the options record");
	rig_close(&r);
}

enum { PEN = 32473 };

static void
put_type(unsigned element, unsigned type)
{
	const struct given g[] = { { 346, 4, PEN }, { 303, 2, element }, { 339, 1, type } };

	put_options(310, 2, 3, g);
}

static void
send_vendor(struct rig *r, unsigned element, unsigned len, uint64_t v)
{
	begin_ipfix(&c, 0, 1);
	open_set(&c, 2);
	put(&c, 500, 2);
	put(&c, 1, 2);
	put(&c, 0x8000 | element, 2);
	put(&c, len, 2);
	put(&c, PEN, 4);
	close_set(&c);
	open_set(&c, 500);
	put(&c, v, len);
	close_set(&c);
	rig_send(r, &c);
}

static void
test_types(void)
{
	struct field_id id = { .pen = PEN, .id = 77 };
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	send_vendor(&r, 77, 4, 1000);
	is_str(text(&r, WIRE_FLOWS4, id, 0), "000003e8", "RFC 5610: before a type is told: octets");
	begin_ipfix(&c, 0, 1);
	put_type(77, 3);
	rig_send(&r, &c);
	/* The template is known already: it is compiled again. */
	begin_ipfix(&c, 0, 1);
	open_set(&c, 500);
	put(&c, 2000, 4);
	close_set(&c);
	rig_send(&r, &c);
	is_u64(r.fulls, 1, "RFC 5610: a column of another type needs a batch of its own");
	is_u64(num(&r, WIRE_FLOWS4, id, 0), 2000, "RFC 5610: after that: a number");
	r.msg.exporter = addr_v4(0xc0000202);
	send_vendor(&r, 77, 4, 3000);
	is_str(text(&r, WIRE_FLOWS4, id, 0), "00000bb8",
	    "RFC 5610: only what the exporter itself says");
	r.msg.exporter = addr_v4(0xc0000201);
	begin_ipfix(&c, 0, 1);
	put_type(78, 99);
	put_type(79, 13);
	rig_send(&r, &c);
	rig_clear(&r);
	send_vendor(&r, 79, 3, 0x6c6f6c);
	id.id = 79;
	is_str(text(&r, WIRE_FLOWS4, id, 0), "lol", "RFC 5610: a string");
	begin_ipfix(&c, 0, 1);
	put_type(0x8000 | 80, 13);
	rig_send(&r, &c);
	rig_clear(&r);
	send_vendor(&r, 80, 3, 0x6c6f6c);
	id.id = 80;
	is_str(text(&r, WIRE_FLOWS4, id, 0), "lol", "RFC 5610: told with its enterprise bit");
	for (unsigned type = 16; type <= 17; type++) {
		begin_ipfix(&c, 0, 1);
		put_type(81 + type, type);
		rig_send(&r, &c);
		rig_clear(&r);
		send_vendor(&r, 81 + type, 8, (UINT64_C(2208988800) + 1700000000) << 32 | 0x7ff);
		id.id = (uint16_t)(81 + type);
		is_u64(num(&r, WIRE_FLOWS4, id, 0) - UINT64_C(1700000000000000000),
		    type == 16 ? 0 : 476, "RFC 5610: a time in %s",
		    type == 16 ? "microseconds" : "nanoseconds");
	}
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ .raw = true });
	begin_ipfix(&c, 0, 1);
	put_type(79, 13);
	rig_send(&r, &c);
	send_vendor(&r, 79, 3, 0x6c6f6c);
	id.id = 79;
	is_str(text(&r, WIRE_FLOWS4, id, 0), "6c6f6c", "RFC 5610: raw is what was sent");
	rig_close(&r);
}

/* Sampling that a collector saved with the options records teaches the next one. */
static void
test_restored(void)
{
	struct rig r, s;

	rig_open(&r, (struct wire_opts){ 0 });
	rig_open(&s, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 48, 1, 3 }, { 34, 4, 64 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 34, 4, 32 });
	batch_close(r.b[WIRE_OPTIONS]);
	wire_restore(s.w, r.b[WIRE_OPTIONS], NULL, NULL);
	FLOW(&s, 1, 64, SAMPLING_SAMPLER, "sampling, from saved options: sampler", { 48, 1, 3 });
	FLOW(&s, 1, 32, SAMPLING_OPTIONS, "sampling, from saved options: domain", { 2, 4, 1 });
	is_u64(rig_totals(&s).options, 0, "saved options were not received");
	rig_close(&r);
	rig_close(&s);
}

/* An exporter that connects again begins anew: what it told of itself held for its connection. */
static void
test_disconnected(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 160, 8, UINT64_C(1699996400000) });
	FLOW(&r, 1, 0, SAMPLING_OPTIONS, "of a connection", { 22, 4, 3000000 }, { 21, 4, 3500000 });
	is_u64(num(&r, WIRE_FLOWS4, OWN(START), 0), UINT64_C(1699999400000000000),
	    "a connection's exporter told when it started");
	wire_disconnect(
	    r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port, &(struct wire_place){ .port = 0 });
	rig_clear(&r);
	FLOW(&r, 1, 0, SAMPLING_OPTIONS, "of another", { 22, 4, 3000000 }, { 21, 4, 3500000 });
	is_u64(num(&r, WIRE_FLOWS4, F(22), 0), 3000000, "that of the next did not yet");
	rig_close(&r);

	rig_open(&r, (struct wire_opts){ 0 });
	OPTIONS(&r, 1, 1, { 149, 4, 1 }, { 160, 8, 0 });
	FLOW(&r, 1, 0, SAMPLING_OPTIONS, "behind a start of 0", { 22, 4, 3000000 },
	    { 21, 4, 3500000 });
	ok(num(&r, WIRE_FLOWS4, F(22), 0) == 3000000 &&
		num(&r, WIRE_FLOWS4, OWN(TIME_GUESS), 0) == 1,
	    "a start of 0 is none in options, too");
	rig_close(&r);

	/* One port of an exporter may be connected to two of ours. */
	rig_open(&r, (struct wire_opts){ 0 });
	r.msg.stream = WIRE_CONNECTION;
	r.msg.to.port = 2055;
	OPTIONS(&r, 1, 1, { 144, 4, 1 }, { 34, 4, 500 });
	r.msg.to.port = 4739;
	FLOW(&r, 3, 0, SAMPLING_EXPORTER, "sampling, told by another connection", { 2, 4, 1 });
	wire_disconnect(r.w, WIRE_CONNECTION, &r.msg.exporter, r.msg.port,
	    &(struct wire_place){ .port = 4739 });
	r.msg.to.port = 2055;
	FLOW(&r, 3, 500, SAMPLING_EXPORTER, "sampling, another connection ended", { 2, 4, 1 });
	rig_close(&r);
}

static void
test_bounds(void)
{
	struct rig r;

	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < 10000; i++)
		OPTIONS(&r, 1, 1, { 48, 4, i }, { 34, 4, 64 });
	FLOW(&r, 1, 64, SAMPLING_SAMPLER, "4096 samplers are known", { 48, 4, 4095 });
	FLOW(&r, 1, 0, SAMPLING_SAMPLER, "and no more", { 48, 4, 9999 });
	for (unsigned i = 0; i < 10000; i++) {
		begin_ipfix(&c, 0, 1);
		put_type(i, 3);
		rig_send(&r, &c);
	}
	is_u64(rig_stats(&r).options, 20000,
	    "types beyond the bound are options records all the same");
	rig_close(&r);
}

int
main(void)
{
	test_order();
	test_forms();
	test_v9();
	test_of_another();
	test_fields_and_scopes();
	test_sampler_at_interfaces();
	test_of_template();
	test_from_then_on();
	test_varying();
	test_some_records();
	test_exporter();
	test_types();
	test_restored();
	test_disconnected();
	test_bounds();
	return done_testing();
}
