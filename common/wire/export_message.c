#include "wire/exporter.h"

#include "base/time.h"

enum { SESSIONS_MAX = 16384 };
#define SECOND_NS NS_PER_S

static size_t
header_length(const struct exporter *e)
{
	switch (e->opts.version) {
	case EXPORT_V5: return V5_HEADER;
	case EXPORT_V9: return V9_HEADER;
	case EXPORT_IPFIX: break;
	}
	return IPFIX_HEADER;
}

/* Sessions ----------------------------------------------------------------------------------- */

static size_t
session_slot(const struct exporter *e, const struct addr *exporter, uint32_t domain)
{
	size_t at = (size_t)hash_octets(hash_u64(hash_seed(), domain), exporter, sizeof(*exporter));

	for (at &= e->n_slots - 1; e->sessions[at] != NULL; at = (at + 1) & (e->n_slots - 1)) {
		const struct session *s = e->sessions[at];

		if (s->original == domain && memcmp(&s->exporter, exporter, sizeof(*exporter)) == 0)
			break;
	}
	return at;
}

static bool
domain_used(const struct exporter *e, uint32_t domain)
{
	for (size_t i = 0; i < e->n_slots; i++) {
		if (e->sessions[i] != NULL && e->sessions[i]->domain == domain)
			return true;
	}
	return false;
}

/*
 * The number on the wire is the original one; where two exporters use the same, the later gets a
 * number from the upper half, so that neither sequence numbers nor templates collide.  Most exporters say
 * domain 0: numbers that others got already are not tried again.
 */
static uint32_t
domain_choose(struct exporter *e, uint32_t original)
{
	bool v5 = e->opts.version == EXPORT_V5;
	uint32_t domain = original;

	if (v5 && original > UINT16_MAX) {
		loss_add(e, "domain", "numbers beyond engine type and id, replaced", 1);
		domain = 0;
	}
	for (; domain_used(e, domain); e->next_domain++)
		domain = e->next_domain;
	return domain;
}

static void
sessions_grow(struct exporter *e)
{
	struct session **old = e->sessions;
	size_t n = e->n_slots;

	e->n_slots = n ? n * 2 : 64;
	e->sessions = mem_zero(e->n_slots, sizeof(struct session *));
	for (size_t i = 0; i < n; i++) {
		if (old[i] != NULL)
			e->sessions[session_slot(e, &old[i]->exporter, old[i]->original)] = old[i];
	}
	mem_free(old);
}

struct session *
session_find(struct exporter *e, const struct addr *exporter, uint32_t domain)
{
	struct session *s = e->current;
	size_t at;

	if (s != NULL && s->original == domain &&
	    memcmp(&s->exporter, exporter, sizeof(*exporter)) == 0)
		return s;
	if ((e->n_sessions + 1) * 2 > e->n_slots)
		sessions_grow(e);
	at = session_slot(e, exporter, domain);
	if (e->sessions[at] == NULL) {
		if (e->n_sessions >= SESSIONS_MAX)
			return NULL;
		s = mem_zero(1, sizeof(*s));
		s->exporter = *exporter;
		s->original = domain;
		s->domain = domain_choose(e, domain);
		s->time_ns = INT64_MIN;
		e->sessions[at] = s;
		*e->last = s;
		e->last = &s->next;
		e->n_sessions++;
	}
	return e->current = e->sessions[at];
}

void
session_free(struct session *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n_templates; i++)
		buf_free(&s->templates[i].set);
	for (uint32_t i = 0; i < s->n_subs; i++)
		buf_free(&s->subs[i].set);
	for (uint32_t i = 0; i < s->n_types; i++)
		buf_free(&s->types[i].set);
	buf_free(&s->msg);
	mem_free(s->templates);
	mem_free(s->slots);
	mem_free(s->subs);
	mem_free(s->types);
	mem_free(s);
}

/* Templates ---------------------------------------------------------------------------------- */

static size_t
template_slot(const struct session *s, uint64_t hash)
{
	size_t at = (size_t)hash_u64(0, hash) & (s->n_slots - 1);

	while (s->slots[at] != 0 && s->templates[s->slots[at] - 1].hash != hash)
		at = (at + 1) & (s->n_slots - 1);
	return at;
}

static void
templates_grow(struct session *s)
{
	s->n_slots = s->n_slots ? s->n_slots * 2 : 16;
	mem_free(s->slots);
	s->slots = mem_zero(s->n_slots, sizeof(*s->slots));
	s->templates = mem_resize(s->templates, s->n_slots / 2, sizeof(*s->templates));
	for (unsigned i = 0; i < s->n_templates; i++)
		s->slots[template_slot(s, s->templates[i].hash)] = i + 1;
}

/* The next free number: those of sub-templates are left out.  0: there is none. */
static uint16_t
next_id(const struct exporter *e, const struct session *s)
{
	unsigned id = s->last_id < TEMPLATE_FIRST ? TEMPLATE_FIRST : s->last_id + 1;

	while (id <= UINT16_MAX && bits_get(e->sub_ids, id))
		id++;
	return (uint16_t)(id <= UINT16_MAX ? id : 0);
}

/* Layouts are the same template when what is sent of them is; hashes of 64 bits stand for that. */
static struct template *
template_find(struct exporter *e, struct session *s, struct layout *l)
{
	uint16_t id;
	size_t at;

	if (l->session == s && l->template <s->n_templates)
		return &s->templates[l->template];
	if ((s->n_templates + 1) * 2 > s->n_slots)
		templates_grow(s);
	at = template_slot(s, l->spec_hash);
	if (s->slots[at] == 0) {
		if ((id = next_id(e, s)) == 0)
			return NULL;
		s->last_id = id;
		s->templates[s->n_templates] = (struct template){ .hash = l->spec_hash, .id = id };
		s->slots[at] = ++s->n_templates;
	}
	l->session = s;
	l->template = s->slots[at] - 1;
	return &s->templates[l->template];
}

bool
template_due(const struct exporter *e, const struct session *s, const struct template *t)
{
	const struct export_opts *o = &e->opts;

	if (!t->sent || o->stream)
		return !t->sent;
	return (o->template_messages != 0 &&
		   s->messages - t->sent_message >= o->template_messages) ||
	       (o->template_seconds != 0 && s->now_s - t->sent_s >= o->template_seconds);
}

/* Messages ----------------------------------------------------------------------------------- */

static void
message_begin(struct exporter *e, struct session *s)
{
	size_t n = header_length(e);

	memset(buf_room(&s->msg, n), 0, n);
	s->msg.len = n;
	s->records = s->count = s->options = 0;
	s->set = 0;
	s->time_ns = INT64_MIN;
	s->times = SPAN_NONE;
	s->now_s = time_monotonic_ns() / SECOND_NS;
}

/* Padding to 4 octets, if no reader can take it for a record (RFC 7011 3.3.1). */
static void
set_end(struct session *s)
{
	size_t pad = (4 - (s->msg.len - s->set) % 4) % 4;

	if (s->set == 0)
		return;
	for (; pad > 0 && pad < s->least; pad--)
		buf_putc(&s->msg, '\0');
	set_be(&s->msg, s->set + 2, s->msg.len - s->set, 2);
	s->set = 0;
}

static void
set_begin(struct session *s, uint16_t id, size_t least)
{
	set_end(s);
	s->set = s->msg.len;
	s->set_id = id;
	s->least = least;
	put_be(&s->msg, id, 2);
	put_be(&s->msg, 0, 2);
}

/* The template record behind its set header: id, counts, fields (RFC 7011 3.4, RFC 3954 5.2, 6.1). */
static size_t
template_length(const struct layout *l)
{
	return SET_HEADER + (l->n_scope ? 6u : 4u) + l->spec.len + 3;
}

/* The template's set was put at start. */
static void
template_sent(struct exporter *e, struct session *s, struct template *t, size_t start)
{
	if (e->opts.stream && t->set.len == 0)
		buf_put(&t->set, s->msg.data + start, s->msg.len - start);
	s->count++;
	t->sent = true;
	t->sent_message = s->messages;
	t->sent_s = s->now_s;
}

static void
put_template(struct exporter *e, struct session *s, const struct layout *l, struct template *t)
{
	bool v9 = e->opts.version == EXPORT_V9;
	size_t start;

	/* a template set may be padded freely: its records are longer than any padding */
	set_begin(s, (uint16_t)((v9 ? 0 : 2) + (l->n_scope ? 1 : 0)), 4);
	start = s->set;
	put_be(&s->msg, t->id, 2);
	if (l->n_scope && v9) {
		put_be(&s->msg, l->n_scope * 4, 2);
		put_be(&s->msg, (l->n - l->n_scope) * 4, 2);
	} else {
		put_be(&s->msg, l->n, 2);
		if (l->n_scope)
			put_be(&s->msg, l->n_scope, 2);
	}
	buf_put(&s->msg, l->spec.data, l->spec.len);
	set_end(s);
	template_sent(e, s, t, start);
}

/* Templates of records inside the lists of a record: what is due of them, put or only measured. */
static size_t
sub_templates(struct exporter *e, struct session *s, const struct layout *l, size_t rec, bool put)
{
	size_t octets = 0;

	for (unsigned i = 0; l->lists && i < l->n; i++) {
		const struct xfield *f = &e->plan.fields[l->fields[i]];

		for (uint32_t k = f->uses ? f->uses_off[rec] : 0;
		     f->uses && k < f->uses_off[rec + 1]; k++) {
			const struct sub *sub = &e->subs[f->uses[k]];
			struct template *t = &s->subs[f->uses[k]];
			size_t start;

			if (!template_due(e, s, t))
				continue;
			octets += SET_HEADER + 4 + sub->spec.len + 3;
			if (!put)
				continue;
			set_begin(s, 2, 4);
			start = s->set;
			put_be(&s->msg, sub->id, 2);
			put_be(&s->msg, sub->fields, 2);
			buf_put(&s->msg, sub->spec.data, sub->spec.len);
			set_end(s);
			template_sent(e, s, t, start);
		}
	}
	return octets;
}

/* The session's memory of what it sent of sub-templates keeps up with the exporter's. */
static void
subs_grow(const struct exporter *e, struct session *s)
{
	if (s->n_subs == e->n_subs)
		return;
	s->subs = mem_resize(s->subs, e->n_subs, sizeof(*s->subs));
	memset(s->subs + s->n_subs, 0, (e->n_subs - s->n_subs) * sizeof(*s->subs));
	s->n_subs = e->n_subs;
}

static size_t
record_length(const struct plan *p, const struct layout *l, size_t rec)
{
	size_t n = l->fixed;

	if (!l->variable)
		return n;
	for (unsigned i = 0; i < l->n; i++) {
		const struct xfield *f = &p->fields[l->fields[i]];

		if (f->length == LENGTH_VAR)
			n += put_length(f, rec);
	}
	return n;
}

/* The record's times that go as uptimes, and the boot from which they count: its exporter's own where it says that. */
static struct span
record_times(const struct plan *p, const struct session *s, const struct layout *l, size_t rec,
    int64_t *boot)
{
	struct span times = SPAN_NONE;
	bool own = false;

	for (unsigned i = 0; i < l->n; i++) {
		const struct xfield *f = &p->fields[l->fields[i]];
		int64_t ns;

		if (f->op != PUT_UPTIME)
			continue;
		ns = (int64_t)cell_uint(&f->col, rec);
		span_add(&times, ns);
		if (f->wire == 22 && p->has_raw_start && bits_has(p->raw_start.present, rec)) {
			own = true;
			*boot = ns - ns % NS_PER_MS -
				(int64_t)(uint32_t)cell_uint(&p->raw_start, rec) * NS_PER_MS;
		}
	}
	if (!own)
		*boot = uptime_boot(s, &times);
	return times;
}

int64_t
message_time(const struct exporter *e, const struct session *s)
{
	if (e->opts.now || s->time_ns == INT64_MIN)
		return time_now_ns();
	return s->time_ns;
}

/* The first whole second that is not before. */
static int64_t
second_after(int64_t ns)
{
	return ns / SECOND_NS + (ns % SECOND_NS > 0);
}

/* RFC 3954 5.1.  The uptime is what makes the header's time and the records' meet. */
static void
v9_header(struct exporter *e, struct session *s)
{
	int64_t time_s = second_after(uptime_header(e, s)), uptime_ns;

	if (!s->has_boot) {
		s->has_boot = true;
		s->boot_ns = (time_s - 3600) * SECOND_NS;
	}
	uptime_ns = time_s * SECOND_NS - s->boot_ns;
	set_be(&s->msg, 0, 9, 2);
	set_be(&s->msg, 2, s->count, 2);
	set_be(&s->msg, 4, (uint64_t)(uptime_ns / NS_PER_MS), 4);
	set_be(&s->msg, 8, (uint64_t)time_s, 4);
	set_be(&s->msg, 12, s->sequence, 4);
	set_be(&s->msg, 16, s->domain, 4);
	s->sequence++;
}

/* RFC 7011 3.1. */
void
ipfix_header(const struct exporter *e, const struct session *s, struct buf *msg, uint32_t sequence)
{
	set_be(msg, 0, 10, 2);
	set_be(msg, 2, msg->len, 2);
	set_be(msg, 4, (uint64_t)second_after(message_time(e, s)), 4);
	set_be(msg, 8, sequence, 4);
	set_be(msg, 12, s->domain, 4);
}

/* Send what is in the session's message; see EXPORT_AGAIN. */
static int
ipfix_send(struct exporter *e, struct session *s, struct err *err)
{
	int rc;

	for (;;) {
		rc = s->transport != e->transport ? session_renew(e, s, err) : 0;
		if (rc == 0) {
			ipfix_header(e, s, &s->msg, s->sequence);
			rc = e->fn(e->ctx, s->msg.data, s->msg.len, s->records, s->time_ns, err);
		}
		if (rc != EXPORT_AGAIN)
			break;
		e->transport++;
		sampling_forget(e);
	}
	s->sequence += s->records;
	return rc;
}

static int
message_send(struct exporter *e, struct session *s, struct err *err)
{
	int rc;

	if (s->count == 0) { /* what it was begun for did not fit */
		s->msg.len = 0;
		return 0;
	}
	set_end(s);
	if (e->opts.version == EXPORT_V9) {
		v9_header(e, s);
		rc = e->fn(e->ctx, s->msg.data, s->msg.len, s->records, s->time_ns, err);
	} else {
		rc = ipfix_send(e, s, err);
	}
	if (rc == 0) {
		e->totals.options += s->options;
		e->totals.records += s->records - s->options;
	}
	s->messages++;
	s->msg.len = 0;
	return rc;
}

int
session_send(struct exporter *e, struct session *s, struct err *err)
{
	if (s->msg.len == 0)
		return 0;
	return e->opts.version == EXPORT_V5 ? v5_send(e, s, err) : message_send(e, s, err);
}

/* What the header cannot stand for beside what is in the message goes in the next one. */
static int
fit_times(struct exporter *e, struct session *s, const struct layout *l, size_t rec,
    struct span *times, struct err *err)
{
	int64_t boot;

	*times = record_times(&e->plan, s, l, rec, &boot);
	if (!uptime_fits(s, boot, times) && s->records > 0 && message_send(e, s, err) != 0)
		return -1;
	if (!span_is_none(times)) {
		s->has_boot = true;
		s->boot_ns = boot;
	}
	return 0;
}

/* Make room in the message: 1 when the record fits, 0 when it never will, -1 err. */
static int
make_room(struct exporter *e, struct session *s, const struct layout *l, const struct template *t,
    size_t rec, size_t record, struct err *err)
{
	size_t most = e->opts.stream ? UINT16_MAX : MESSAGE_MAX;

	if (t == NULL)
		return err_set(err, "records of one exporter have more different sets of fields "
				    "than there are numbers for templates: send them in parts");
	subs_grow(e, s);
	for (;;) {
		size_t need = record + 3, subs;

		if (s->msg.len == 0)
			message_begin(e, s);
		subs = sub_templates(e, s, l, rec, false);
		need += subs;
		if (template_due(e, s, t))
			need += template_length(l) + SET_HEADER;
		else if (subs > 0 || s->set == 0 || s->set_id != t->id)
			need += 3 + SET_HEADER;
		if (s->msg.len + need <= e->opts.mtu)
			return 1;
		if (s->records == 0)
			return s->msg.len + need <= most;
		if (message_send(e, s, err) != 0)
			return -1;
	}
}

int
message_open(struct exporter *e, struct session *s, struct layout *l, size_t rec, size_t octets,
    struct err *err)
{
	struct template *t = template_find(e, s, l);
	int rc = make_room(e, s, l, t, rec, octets, err);

	if (rc <= 0)
		return rc;
	(void)sub_templates(e, s, l, rec, true);
	if (template_due(e, s, t))
		put_template(e, s, l, t);
	if (s->set == 0 || s->set_id != t->id)
		set_begin(s, t->id, l->least);
	return 1;
}

void
message_count(struct session *s, const struct layout *l, int64_t time_ns)
{
	s->records++;
	s->count++;
	if (l->n_scope)
		s->options++;
	if (time_ns > s->time_ns && time_fits(time_ns))
		s->time_ns = time_ns;
}

int
message_record(struct exporter *e, struct session *s, struct layout *l, size_t rec, int64_t time_ns,
    struct err *err)
{
	const struct plan *p = &e->plan;
	struct span times = SPAN_NONE;
	size_t at, octets = record_length(p, l, rec);
	int rc = 1;

	if (e->opts.version == EXPORT_V9 && fit_times(e, s, l, rec, &times, err) != 0)
		return -1;
	/* what its fields are goes in the same message */
	if (l->typed)
		rc = make_room(e, s, l, template_find(e, s, l), rec, octets, err);
	if (l->typed && rc > 0 && types_put(e, s, l, time_ns, err) != 0)
		return -1;
	if (rc > 0)
		rc = message_open(e, s, l, rec, octets, err);
	if (rc <= 0) {
		if (rc == 0)
			e->totals.dropped++;
		loss_add(e, "records", "longer than a message, dropped", rc == 0);
		return rc;
	}
	at = s->msg.len;
	for (unsigned i = 0; i < l->n; i++)
		put_field(&s->msg, &p->fields[l->fields[i]], rec, s);
	if (s->msg.len + 3 > e->opts.mtu)
		loss_add(e, "records", "longer than the payload bound, sent nevertheless", 1);
	message_count(s, l, time_ns);
	span_join(&s->times, &times);
	if (p->tells_types)
		types_tell(e, s, rec, at);
	return 0;
}
