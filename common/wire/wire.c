#include "wire/wire.h"

#include "base/mem.h"
#include "wire/held.h"
#include "wire/row.h"

enum { UPTIME_BACK_MS = 60000 };

const char *const wire_bad_names[BAD_KINDS] = {
	[BAD_VERSION] = "unknown version",
	[BAD_SHORT] = "shorter than it says",
	[BAD_COUNT] = "count of records is wrong",
	[BAD_SET_LENGTH] = "length of a set or sample cannot be",
	[BAD_SET_ID] = "reserved set id",
	[BAD_TEMPLATE] = "invalid template",
	[BAD_TRAILING] = "octets behind the end",
	[BAD_RECORD] = "record or field not decodable",
};

struct wire *
wire_new(const struct wire_opts *opts)
{
	struct wire *w = mem_zero(1, sizeof(*w));

	sessions_init(&w->sessions, opts);
	for (unsigned i = 0; i < FIXED_LAYOUTS; i++)
		w->fixed[i] = fixed_template(i, opts->raw);
	w->rows = row_columns_new();
	w->slices = mem_alloc(SLICES * sizeof(*w->slices));
	w->gathered = mem_alloc(GATHERED);
	w->specs = mem_alloc(TEMPLATE_FIELDS_MAX * sizeof(*w->specs));
	memset(w->constant_hint, 0xff, sizeof(w->constant_hint));
	return w;
}

void
wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	sessions_free(&w->sessions);
	for (unsigned i = 0; i < FIXED_LAYOUTS; i++)
		template_free(w->fixed[i]);
	mem_free(w->rows);
	mem_free(w->slices);
	mem_free(w->gathered);
	mem_free(w->specs);
	mem_free(w->defined);
	buf_free(&w->list);
	mem_free(w);
}

/* The protocols: a header's length, where it names its observation domain, and how it goes on. */
struct protocol {
	uint16_t version;
	size_t header, domain_at, domain_len;
	void (*decode)(struct message *, const uint8_t *, size_t len);
};

static const struct protocol protocols[] = {
	{ VERSION_NETFLOW1, 16, 0, 0, fixed_decode }, /* no domain */
	{ VERSION_NETFLOW5, 24, 20, 2, fixed_decode }, /* engine type and id */
	{ VERSION_NETFLOW7, 24, 0, 0, fixed_decode },
	{ VERSION_NETFLOW9, 20, 16, 4, netflow9_decode },
	{ VERSION_IPFIX, 16, 12, 4, ipfix_decode },
};

/* sFlow's, by the type of the agent's address: none, IPv4, IPv6; the domain is the sub agent. */
static const struct protocol sflow[] = {
	{ VERSION_SFLOW5, 24, 8, 4, sflow_decode },
	{ VERSION_SFLOW5, 28, 12, 4, sflow_decode },
	{ VERSION_SFLOW5, 40, 24, 4, sflow_decode },
};

/* A version of 4 octets: the first two are 0, which is no version of NetFlow. */
static const struct protocol *
sflow_of(const uint8_t *p, size_t len)
{
	uint64_t type = len >= 8 ? be_uint(p + 4, 4) : 0;

	if (be_uint(p, 4) != 5 || type >= sizeof(sflow) / sizeof(sflow[0]))
		return NULL;
	return &sflow[type];
}

static const struct protocol *
protocol_of(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (len >= 2 && be_uint(p, 2) == protocols[i].version)
			return &protocols[i];
	return len >= 4 ? sflow_of(p, len) : NULL;
}

/* Several agents of sFlow may send by one address.  Nothing else is needed to know one that sends by its own. */
static struct addr
agent_of(const struct protocol *p, const struct wire_msg *msg)
{
	struct addr agent = { 0 };

	if (p == &sflow[1])
		agent = addr_v4((uint32_t)be_uint(msg->data + 8, 4));
	else if (p == &sflow[2])
		memcpy(agent.b, msg->data + 8, sizeof(agent.b));
	if (addr_equal(&agent, &msg->exporter))
		agent = (struct addr){ 0 };
	return agent;
}

static void
count_message(struct session *s, const struct wire_msg *msg)
{
	s->stats.messages++;
	s->stats.octets += msg->len;
	if (s->stats.first_ns == 0)
		s->stats.first_ns = msg->received_ns;
	s->stats.last_ns = msg->received_ns;
}

static void
count_garbage(struct wire *w, const struct wire_msg *msg, enum wire_bad what)
{
	struct session *s = session_get(&w->sessions, msg, &(struct addr){ 0 }, 0, 0);

	count_message(s, msg);
	s->stats.bad[what]++;
}

bool
message_restarted(struct message *m, uint32_t uptime_ms, uint32_t seq)
{
	struct session *s = m->s;
	bool restarted = s->has_uptime && (int32_t)(uptime_ms - s->uptime_ms) < -UPTIME_BACK_MS &&
			 s->sequence.known && (int32_t)(seq - s->sequence.next) < 0;

	s->has_uptime = true;
	s->uptime_ms = uptime_ms;
	return restarted;
}

size_t
wire_decode(struct wire *w, const struct wire_msg *msg, const struct wire_out *out)
{
	struct message m = { .w = w, .msg = msg, .out = out };
	const struct protocol *p = protocol_of(msg->data, msg->len);
	struct addr agent;

	w->broken = false;
	if (p == NULL || msg->len < p->header) {
		count_garbage(w, msg, p == NULL && msg->len >= 2 ? BAD_VERSION : BAD_SHORT);
		return 0;
	}
	held_expire(&w->sessions, msg->received_ns);
	agent = agent_of(p, msg);
	m.s = session_get(&w->sessions, msg, &agent, p->version,
	    (uint32_t)be_uint(msg->data + p->domain_at, p->domain_len));
	count_message(m.s, msg);
	p->decode(&m, msg->data, msg->len);
	return m.appended;
}

bool
wire_broken(const struct wire *w)
{
	return w->broken;
}

void
wire_disconnect(struct wire *w, enum wire_stream stream, const struct addr *exporter, uint16_t port,
    const struct wire_place *to)
{
	sessions_disconnect(&w->sessions, stream, exporter, port, to);
}

uint64_t
wire_changes(const struct wire *w)
{
	return w->sessions.changes;
}

bool
wire_stats_at(const struct wire *w, size_t i, struct wire_stats *out)
{
	if (i >= w->sessions.n)
		return false;
	session_stats(w->sessions.all[i], out);
	return true;
}

#define ADD(NAME) t->NAME += s->NAME;

void
wire_totals_add(struct wire_totals *t, const struct wire_stats *s)
{
	WIRE_COUNTERS(ADD)
	for (unsigned i = 0; i < BAD_KINDS; i++)
		t->bad[i] += s->bad[i];
}

void
wire_totals_merge(struct wire_totals *t, const struct wire_totals *s)
{
	WIRE_COUNTERS(ADD)
	for (unsigned i = 0; i < BAD_KINDS; i++)
		t->bad[i] += s->bad[i];
	t->sessions_evicted += s->sessions_evicted;
}

void
wire_totals(const struct wire *w, struct wire_totals *t)
{
	struct wire_stats s;

	*t = w->sessions.evicted;
	for (size_t i = 0; wire_stats_at(w, i, &s); i++)
		wire_totals_add(t, &s);
}
