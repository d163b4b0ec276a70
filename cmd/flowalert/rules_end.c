/*
 * rules_end.c - groups of rules as alerts: thresholds, what is new, what is said.
 */
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "detect/alert_read.h"
#include "expr/expr.h"

#include "about.h"
#include "rules.h"

struct making {
	struct rules *rules;
	const struct rule *r;
	struct expr_state *threshold; /* NULL: there is none */
	uint64_t sel[BATCH_RECORDS / 64];
	struct alerts *to, *fresh; /* fresh: what is new */
	struct buf reason, why, subject, limits, seen;
};

/* A column of a group, NULL: no group has it. */
static const struct column *
column_of(struct batch *b, const struct field_id *id)
{
	int i = batch_find(b, id);

	return i < 0 ? NULL : batch_plain(b, (unsigned)i);
}

static struct value
value_of(struct batch *b, const struct field_id *id, size_t rec)
{
	const struct column *c = column_of(b, id);

	return c == NULL ? (struct value){ .type = TYPE_NONE } : value_at(c, rec);
}

/* name=value of a column, nothing where no group has it. */
static void
put_cell(struct buf *out, struct batch *b, const struct field_id *id, size_t rec)
{
	const struct column *c = column_of(b, id);

	if (c != NULL)
		about_put(out, c, rec);
}

static void
put_subject(struct buf *out, struct batch *b, const struct group_key *k, size_t rec)
{
	struct value v = value_of(b, &k->as, rec);
	size_t before = out->len;

	put_cell(out, b, &k->as, rec);
	if (out->len > before && k->prefix4 >= 0 && v.type == TYPE_IP)
		buf_printf(out, "/%d", addr_is_v4(&v.ip) ? k->prefix4 : k->prefix6);
}

static uint64_t
counter(struct batch *b, struct field_id id, size_t rec)
{
	struct value v = value_of(b, &id, rec);

	return v.type == TYPE_UINT ? v.u : 0;
}

/* Least start and greatest end; their columns have other names where a key has theirs. */
static void
take_times(const struct rule *r, struct alert *a, struct batch *b, size_t rec)
{
	struct value start = value_of(b, &r->spec.values[RULE_FIRST].as, rec),
		     end = value_of(b, &r->spec.values[RULE_LAST].as, rec);

	a->end_ns = end.type == TYPE_TIME ? end.i : time_now_ns();
	a->start_ns = start.type == TYPE_TIME && start.i <= a->end_ns ? start.i : a->end_ns;
}

/* Are the keys of this group new to the rule?  Notes them in any case, and since when it watches. */
static bool
is_new(struct making *m, const struct alert *a, struct batch *b, size_t rec)
{
	struct memo *rule = memory_make(m->rules->memory, MEMO_RULE, m->r->name), *seen;

	if (rule != NULL) {
		if (rule->count++ == 0)
			rule->first_ns = rule->last_ns = a->start_ns;
		if (a->start_ns < rule->first_ns)
			rule->first_ns = a->start_ns;
		if (a->end_ns > rule->last_ns)
			rule->last_ns = a->end_ns;
	}
	m->seen.len = 0;
	buf_puts(&m->seen, m->r->name);
	for (size_t k = 0; k < m->r->n_own_keys; k++)
		put_cell(&m->seen, b, &m->r->spec.keys[k].as, rec);
	seen = memory_make(m->rules->memory, MEMO_SEEN, buf_cstr(&m->seen));
	if (seen == NULL) {
		m->rules->forgot++;
		return false;
	}
	if (seen->count++ == 0)
		seen->first_ns = seen->last_ns = a->start_ns;
	if (a->end_ns > seen->last_ns)
		seen->last_ns = a->end_ns;
	return seen->count == 1;
}

/* What is new since the rule has watched long enough, now that all of the run is known, goes on. */
static int
take_new(void *ctx, struct batch *b, struct err *err)
{
	struct making *m = ctx;
	const struct memo *rule = memory_find(m->rules->memory, MEMO_RULE, m->r->name);
	struct alert_reader reader;
	struct arena arena = { 0 };
	struct alert a;
	int64_t age;

	(void)err;
	alert_bind(&reader, b);
	for (size_t rec = 0; rec < b->n && rule != NULL; rec++) {
		arena_reset(&arena);
		alert_at(&reader, rec, &arena, &a);
		if (!__builtin_sub_overflow(a.start_ns, rule->first_ns, &age) &&
		    age >= m->r->first_ns)
			alerts_put(m->to, &a);
	}
	arena_free(&arena);
	return 0;
}

static void
put_why(struct making *m, struct batch *b, size_t rec)
{
	const struct rule *r = m->r;
	const struct field_id sampling = r->spec.values[RULE_SAMPLING].as;

	for (size_t i = 0; i < r->spec.n_values; i++)
		if (i < RULE_FIRST || i > RULE_SAMPLING)
			put_cell(&m->why, b, &r->spec.values[i].as, rec);
	if (value_of(b, &sampling, rec).type == TYPE_UINT && value_of(b, &sampling, rec).u > 1)
		put_cell(&m->why, b, &sampling, rec);
	if (r->window_ns > 0)
		why_duration(&m->why, "window", r->window_ns);
	if (r->first_ns > 0)
		why_duration(&m->why, "watched_at_least", r->first_ns);
}

static void
put_reason(struct making *m, const struct alert *a)
{
	const struct rule *r = m->r;

	buf_puts(&m->reason, r->note != NULL ? r->note : r->name);
	buf_printf(&m->reason, ": %llu flow%s, %llu octets", (unsigned long long)a->flows,
	    plural(a->flows), (unsigned long long)a->bytes);
	if (r->first_ns > 0)
		buf_puts(&m->reason, ", the first ever");
	if (r->threshold_text != NULL)
		buf_printf(&m->reason, " (%s)", r->threshold_text);
}

/* Numbers of several intervals cannot be made whole by any of them. */
static void
put_limits(struct making *m, uint32_t sampling, bool even)
{
	buf_printf(&m->limits,
	    even ? "sampled 1 in %u: numbers are those of the packets picked, most flows are "
		   "unseen"
		 : "sampled at different intervals, up to 1 in %u: numbers are added up as they "
		   "were counted, most flows are unseen",
	    sampling);
}

static void
make_alert(struct making *m, struct batch *b, size_t rec)
{
	const struct rule *r = m->r;
	struct alert a = ALERT_NONE;
	uint64_t sampling = counter(b, r->spec.values[RULE_SAMPLING].as, rec);
	struct ends ends;

	m->reason.len = m->why.len = m->subject.len = m->limits.len = 0;
	take_times(r, &a, b, rec);
	if (r->first_ns > 0 && !is_new(m, &a, b, rec))
		return;
	for (size_t k = 0; k < r->n_own_keys; k++) {
		const struct group_key *key = &r->spec.keys[k];
		struct value v = value_of(b, &key->as, rec);

		/* Networks and bins are no ends. */
		if (key->prefix4 >= 0 || key->bin.ns > 0 || !about_end(&a, &ends, &key->as, &v))
			put_subject(&m->subject, b, key, rec);
	}
	a.flows = counter(b, field_iana(3), rec);
	a.packets = counter(b, field_iana(2), rec);
	a.bytes = counter(b, field_iana(1), rec);
	put_why(m, b, rec);
	put_reason(m, &a);
	if (sampling > 1) {
		a.sampling = sampling < UINT32_MAX ? (uint32_t)sampling : UINT32_MAX;
		put_limits(m, a.sampling, counter(b, field_own(OWN_SAMPLING), rec) == sampling);
		a.limits = buf_cstr(&m->limits);
	}
	a.detector = "rule";
	a.kind = r->name;
	a.score = r->score;
	a.severity = r->severity;
	a.attack = r->attack;
	a.reason = buf_cstr(&m->reason);
	a.why = buf_cstr(&m->why);
	a.subject = m->subject.len > 0 ? buf_cstr(&m->subject) : NULL;
	alerts_put(r->first_ns > 0 ? m->fresh : m->to, &a);
}

static bool
take_groups(void *ctx, struct batch *b)
{
	struct making *m = ctx;

	if (m->threshold != NULL)
		(void)expr_select(m->threshold, b, m->sel);
	for (size_t rec = 0; rec < b->n; rec++)
		if (m->threshold == NULL || bits_get(m->sel, rec))
			make_alert(m, b, rec);
	return true;
}

/* The tables of one rule that any thread has: the others saw nothing of it. */
static int
finish_rule(struct rules *rules, size_t i, struct making *m, struct err *err)
{
	struct group_table **tables = mem_zero(rules->n_workers, sizeof(*tables));
	unsigned n = 0;
	int rc = 0;

	m->r = &rules->at[i];
	m->threshold = m->r->threshold != NULL ? expr_state_new(m->r->threshold) : NULL;
	for (unsigned w = 0; w < rules->n_workers; w++)
		if (rules->workers[w].table[i] != NULL)
			tables[n++] = rules->workers[w].table[i];
	if (n > 0)
		rc = group_finish(tables, n, NULL, take_groups, m, err);
	if (rc == 0)
		rc = alerts_ranked(m->fresh, take_new, m, err);
	expr_state_free(m->threshold);
	mem_free(tables);
	return rc;
}

int
rules_end(struct rules *rules, struct alerts *to, struct err *err)
{
	struct making *m = mem_zero(1, sizeof(*m));
	int rc = 0;

	m->rules = rules;
	m->to = to;
	m->fresh = alerts_new();
	for (size_t i = 0; i < rules->n && rc == 0; i++)
		rc = finish_rule(rules, i, m, err);
	alerts_free(m->fresh);
	buf_free(&m->reason);
	buf_free(&m->why);
	buf_free(&m->subject);
	buf_free(&m->limits);
	buf_free(&m->seen);
	mem_free(m);
	return rc;
}
