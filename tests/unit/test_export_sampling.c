/*
 * Sampling survives being sent on: whatever options of any domain said before a flow, and whatever elements it has, who
 * receives it concludes what was known of it here.
 */
#include "export_sent.h"
#include "random_batch.h"
#include "wire_craft.h"

enum { FLOWS = 8, BATCHES = 12, DOMAINS = 3 };
enum { SENT_MOST = FLOWS * BATCHES };

static void
column(struct batch *b, struct field_id id, enum type type, unsigned width, unsigned flags,
    size_t rec, uint64_t v)
{
	batch_put_uint(b, (unsigned)batch_column(b, &id, type, width, flags), rec, v);
}

static void
origin(struct batch *b, size_t rec, uint64_t domain)
{
	column(b, field_own(OWN_EXPORTER), TYPE_IP, 4, 0, rec, 0xc0000201 + domain % 2);
	column(b, field_own(OWN_DOMAIN), TYPE_UINT, 4, 0, rec, domain);
}

/* An options record of a domain: an interval of one thing, or of two. */
static struct batch *
options(uint64_t *state, uint64_t domain)
{
	static const uint16_t scopes[] = { 149, 10, 14, 48, 302, 144 };
	struct batch *b = batch_new();
	uint64_t first = rnd_below(state, 6);

	b->options = true;
	batch_extend(b, 1);
	origin(b, 0, domain);
	column(b, field_iana(scopes[first]), TYPE_UINT, 4, COLUMN_SCOPE, 0,
	    first == 0 ? domain : rnd_below(state, 3));
	if (first == 3 && rnd_below(state, 2) == 0)
		column(b, field_iana(10), TYPE_UINT, 4, COLUMN_SCOPE, 0, rnd_below(state, 3));
	if (rnd_below(state, 3) == 0) {
		column(b, field_iana(305), TYPE_UINT, 4, 0, 0, 1);
		column(b, field_iana(306), TYPE_UINT, 4, 0, 0, 9 + 90 * rnd_below(state, 2));
	} else {
		column(b, field_iana(rnd_below(state, 2) ? 34 : 50), TYPE_UINT, 4, 0, 0,
		    10 + 90 * rnd_below(state, 2));
	}
	batch_close(b);
	return b;
}

/* Flows, each with an address of its own. */
static struct batch *
some_flows(uint64_t *state, uint32_t first, uint32_t *known, bool *told, const bool *domain_told)
{
	static const uint32_t intervals[] = { 0, 1, 10, 100, 1000 };
	static const uint16_t names[] = { 10, 14, 48, 302 };
	struct batch *b = batch_new();

	batch_extend(b, FLOWS);
	for (size_t i = 0; i < FLOWS; i++) {
		uint64_t domain = rnd_below(state, DOMAINS);

		known[i] = intervals[rnd_below(state, 5)];
		told[i] = domain_told[domain];
		origin(b, i, domain);
		column(b, field_iana(8), TYPE_IP, 4, 0, i, first + i);
		column(b, field_iana(2), TYPE_UINT, 8, 0, i, 1);
		if (known[i] != 0)
			column(b, field_own(OWN_SAMPLING), TYPE_UINT, 4, 0, i, known[i]);
		for (size_t k = 0; k < 4; k++)
			if (rnd_below(state, 3) == 0)
				column(b, field_iana(names[k]), TYPE_UINT, 4, 0, i,
				    rnd_below(state, 3));
		/* an element of which nothing is known is 0, or beyond any interval */
		for (unsigned element = 34; element <= 50; element += 16) {
			uint64_t v = known[i] != 0 ? intervals[rnd_below(state, 5)] : 0;

			if (rnd_below(state, 4) == 0)
				column(b, field_iana((uint16_t)element), TYPE_UINT, 8, 0, i,
				    rnd_below(state, 5) ? v : UINT64_C(0x10000000a));
		}
	}
	batch_close(b);
	return b;
}

static void
test_sampling(uint64_t seed, enum export_version version)
{
	struct export_opts o = { .version = version };
	struct sent *s = mem_zero(1, sizeof(*s));
	struct exporter *e = export_new(&o, keep, s);
	uint32_t known[SENT_MOST], first = 0x0a000000;
	bool told[SENT_MOST], domain_told[DOMAINS] = { false };
	size_t n = 0, arrived = 0, wrong = 0;
	struct err err = { 0 };
	uint64_t state = seed;
	struct rig r;

	for (unsigned i = 0; i < BATCHES; i++) {
		uint64_t domain = rnd_below(&state, DOMAINS);
		struct batch *b;

		if (rnd_below(&state, 3) == 0) {
			b = options(&state, domain);
			domain_told[domain] = true;
		} else {
			b = some_flows(
			    &state, first + (uint32_t)n, known + n, told + n, domain_told);
			n += FLOWS;
		}
		if (export_batch(e, b, NULL, &err) != 0)
			ok(false, "exporting fails: %s", err.text);
		batch_free(b);
	}
	if (export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	export_free(e);
	rig_open(&r, (struct wire_opts){ 0 });
	for (unsigned i = 0; i < s->n; i++)
		(void)rig_decode(&r, s->message[i].data, s->message[i].len);
	arrived = r.b[WIRE_FLOWS4]->n;
	for (size_t i = 0; i < arrived; i++) {
		size_t flow = (size_t)num(&r, WIRE_FLOWS4, F(8), i) - first;
		uint64_t got = has(&r, WIRE_FLOWS4, OWN(SAMPLING), i)
				   ? num(&r, WIRE_FLOWS4, OWN(SAMPLING), i)
				   : 0;

		/* where nobody knew it, the word of its own domain may tell */
		wrong += flow >= n || (got != known[flow] && !(known[flow] == 0 && told[flow]));
	}
	is_u64(arrived, n, "v%d: seed %u: flows arrive", (int)version, (unsigned)seed);
	is_u64(wrong, 0, "v%d: seed %u: with the sampling that they had", (int)version,
	    (unsigned)seed);
	rig_close(&r);
	sent_free(s);
}

int
main(void)
{
	for (uint64_t seed = 1; seed <= 200; seed++)
		test_sampling(seed, seed % 3 ? EXPORT_IPFIX : EXPORT_V9);
	return done_testing();
}
