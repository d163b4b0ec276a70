/*
 * evidence.c - conversations to evidence, a chunk at a time so that lookups overlap.
 */
#include "evidence.h"

#include <math.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/sum.h"
#include "outcome.h"

enum { CHUNK = CONVERSATIONS_CHUNK, STEPS = STEPS_MOST * CHUNK, PORTLESS_MOST = 1000 };

/* One thing to be done to the tables. */
struct step {
	const struct conversation *c; /* NULL: the first contact, when the second comes */
	uint32_t source;
	enum outcome outcome;
};

/* What a step brings: a contact, an answer after all, the same again in another window. */
enum event { NOTHING, NEW_FAILURE, NEW_ANSWER, REPAIR, AGAIN_FAILURE, AGAIN_ANSWER };

struct scratch {
	struct step step[STEPS];
	struct spot key[STEPS];
	uint32_t row[STEPS], window[STEPS], line[2][STEPS];
	enum event event[STEPS];
	struct spot line_key[STEPS];
	uint32_t place[STEPS]; /* of what is looked for among the steps or conversations */
	struct addr addr[CHUNK];
	uint32_t source[CHUNK];
	enum outcome outcome[CHUNK];
};

static void
init_tables(struct evidence *e)
{
	table_init(&e->sources, sizeof(struct addr), sizeof(struct source) / 8);
	table_init(&e->contacts, sizeof(struct spot), 0);
	table_init(&e->lines, sizeof(struct spot), sizeof(struct line) / 8);
}

void
evidence_init(struct evidence *e, const struct scope *scope, int64_t window_ns)
{
	*e = (struct evidence){ .scope = scope,
		.window_ns = window_ns,
		.scratch = mem_zero(1, sizeof(struct scratch)) };
	init_tables(e);
	table_init(&e->targets, sizeof(struct addr), sizeof(struct target) / 8);
	table_init(&e->victims, sizeof(struct addr), sizeof(struct victim) / 8);
}

void
evidence_free(struct evidence *e)
{
	table_free(&e->sources);
	table_free(&e->contacts);
	table_free(&e->lines);
	table_free(&e->targets);
	table_free(&e->victims);
	mem_free(e->scratch);
}

uint64_t
evidence_distinct(const uint64_t *bits)
{
	size_t set = bits_count(bits, PORT_BITS);
	double empty = set < PORT_BITS ? (double)(PORT_BITS - set) : 0.5;

	return (uint64_t)(PORT_BITS * log(PORT_BITS / empty) + 0.5);
}

static void
put_bit(uint64_t *bits, const void *key, size_t n)
{
	bits_set(bits, hash_xxh64(key, n) % PORT_BITS);
}

static void
see_time(int64_t *first, int64_t *last, const struct conversation *c)
{
	if (*first == 0 || c->start_ns < *first)
		*first = c->start_ns;
	if (c->end_ns > *last)
		*last = c->end_ns;
}

static uint32_t
window_of(const struct evidence *e, const struct conversation *c)
{
	return (uint32_t)(c->start_ns / e->window_ns) + 1; /* 0: none yet */
}

static struct when
when_of(const struct evidence *e, const struct conversation *c)
{
	return (struct when){ c->start_ns, c->end_ns, e->window_ns, window_of(e, c) };
}

/* Targets and victims ------------------------------------------------------------------------------ */

/* Another source, in this minute; conversations of the one before still come. */
static void
count_minute(struct target *t, uint32_t minute)
{
	uint32_t *count = &t->now_minute;

	if (minute > t->minute) {
		t->last_minute = minute == t->minute + 1 ? t->now_minute : 0;
		t->minute = minute;
		t->now_minute = 0;
	} else if (minute + 1 == t->minute) {
		count = &t->last_minute;
	}
	if (minute + 1 >= t->minute && ++*count > t->most_minute)
		t->most_minute = *count;
}

/* A new contact with one of ours failed. */
static void
hit_target(struct evidence *e, const struct conversation *c, bool new_source)
{
	struct target *t;
	uint32_t row;

	if (!scope_internal(e->scope, &c->server))
		return;
	if (e->targets.n_rows >= TARGETS_MOST) {
		table_seek(&e->targets, &c->server, 1, &row);
		if (row == TABLE_NONE) {
			e->unwatched++;
			return;
		}
	} else {
		table_find(&e->targets, &c->server, 1, &row);
	}
	t = evidence_target(e, row);
	see_time(&t->first_ns, &t->last_ns, c);
	t->failed++;
	t->new_failed++;
	bursts_add(&t->bursts, true, c->start_ns, c->end_ns, 60 * NS_PER_S);
	if (c->sampling > t->sampling)
		t->sampling = c->sampling;
	if (c->proto == IP_TCP || c->proto == IP_UDP)
		put_bit(t->ports, &c->server_port, sizeof(c->server_port));
	if (t->votes == 0) {
		t->port = c->server_port;
		t->proto = c->proto;
		t->ported = false;
		t->on_port = 0;
	}
	t->votes += t->port == c->server_port ? 1 : UINT32_MAX;
	t->on_port += t->port == c->server_port;
	t->ported |= t->port == c->server_port && (c->client_port | c->server_port) != 0;
	if (new_source) {
		count_minute(t, (uint32_t)(c->start_ns / (60 * NS_PER_S)) + 1);
		t->sources++;
		t->external += !scope_internal(e->scope, &c->client);
	}
}

/* Every try that failed counts at its target, which is there by now if it was one of ours and there was room. */
static void
count_at_targets(struct evidence *e, const struct conversation *c, size_t n)
{
	struct scratch *x = e->scratch;
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (outcome_failed(x->outcome[i])) {
			x->place[found] = (uint32_t)i;
			x->addr[found++] = c[i].server;
		}
	table_seek(&e->targets, x->addr, found, x->row);
	for (size_t i = 0; i < found; i++) {
		const struct conversation *try = &c[x->place[i]];
		struct target *t;

		if (x->row[i] == TABLE_NONE)
			continue;
		t = evidence_target(e, x->row[i]);
		t->flows += try->flows;
		sum_up(&t->packets, try->packets);
		sum_up(&t->bytes, try->bytes);
	}
}

static void
answer_alone(struct evidence *e, const struct conversation *c)
{
	struct victim *v;
	uint32_t row;

	if (e->victims.n_rows >= VICTIMS_MOST) {
		table_seek(&e->victims, &c->server, 1, &row);
		if (row == TABLE_NONE) {
			e->unwatched++;
			return;
		}
	} else {
		table_find(&e->victims, &c->server, 1, &row);
	}
	v = evidence_victim(e, row);
	see_time(&v->first_ns, &v->last_ns, c);
	v->flows += c->rflows;
	v->fresh += c->rflows;
	sum_up(&v->packets, c->rpackets);
	sum_up(&v->bytes, c->rbytes);
	v->port = c->server_port;
	put_bit(v->clients, &c->client, sizeof(c->client));
}

/* Sources ------------------------------------------------------------------------------------------ */

static void
see_sampling(struct source *s, const struct conversation *c)
{
	if (c->sampling > s->sampling)
		s->sampling = c->sampling;
}

/* What is answered is work that the source does beside, and no part of a scan. */
static void
count_failure(struct source *s, const struct conversation *c)
{
	s->flows += c->flows;
	sum_up(&s->packets, c->packets);
	sum_up(&s->bytes, c->bytes);
	sum_up(&s->rpackets, c->rpackets);
	sum_up(&s->rbytes, c->rbytes);
	see_sampling(s, c);
}

static bool
is_first(const struct source *s, const struct conversation *c)
{
	return s->first_port == c->server_port && s->first_proto == c->proto &&
	       memcmp(&s->first_dst, &c->server, sizeof(c->server)) == 0;
}

static void
add_step(
    struct evidence *e, size_t *n, const struct conversation *c, uint32_t source, enum outcome o)
{
	e->scratch->step[(*n)++] = (struct step){ c, source, o };
}

/*
 * A failed try: a new source keeps it, the second contact makes it one that is watched, whose first one failed and was
 * perhaps answered since.
 */
static void
meet_failure(
    struct evidence *e, size_t *n, const struct conversation *c, uint32_t row, enum outcome o)
{
	struct source *s = evidence_source(e, row);
	struct when when = when_of(e, c);

	if (s->walk.tried == 0) {
		s->first_dst = c->server;
		s->first_port = c->server_port;
		s->first_proto = c->proto;
		s->refused = o == REFUSED;
		s->opened = o == HALF_OPEN;
		s->new_failed = 1;
		walk_step(&s->walk, true, &when);
		hit_target(e, c, true);
	} else if (!s->promoted && !is_first(s, c)) {
		s->promoted = true;
		add_step(e, n, NULL, row, FAILED);
		if (s->walk.failed == 0)
			add_step(e, n, NULL, row, ANSWERED);
	}
	see_time(&s->first_ns, &s->last_ns, c);
	count_failure(s, c);
	if (s->promoted)
		add_step(e, n, c, row, o);
}

static void
meet_success(struct evidence *e, size_t *n, const struct conversation *c, uint32_t row)
{
	struct source *s = evidence_source(e, row);

	if (s->promoted) {
		see_sampling(s, c);
		add_step(e, n, c, row, ANSWERED);
	} else if (s->walk.failed > 0 && is_first(s, c)) {
		walk_repair(&s->walk);
	}
}

/* Contacts and lines ------------------------------------------------------------------------------- */

static struct spot
spot_of(const struct evidence *e, const struct step *s)
{
	const struct source *first;

	if (s->c != NULL)
		return (struct spot){ .source = s->source,
			.port = s->c->server_port,
			.proto = s->c->proto,
			.dst = s->c->server };
	first = evidence_source(e, s->source);
	return (struct spot){ .source = s->source,
		.port = first->first_port,
		.proto = first->first_proto,
		.dst = first->first_dst };
}

static void
find_chunks(struct table *t, bool make, const struct spot *keys, size_t n, uint32_t *rows)
{
	for (size_t i = 0; i < n; i += TABLE_CHUNK) {
		size_t m = n - i < TABLE_CHUNK ? n - i : TABLE_CHUNK;

		if (make)
			table_find(t, keys + i, m, rows + i);
		else
			table_seek(t, keys + i, m, rows + i);
	}
}

/* What a step is, seen with what is known of its contact; most are nothing new. */
static enum event
event_of(struct contact *k, const struct step *s, uint32_t window)
{
	bool bad = outcome_failed(s->outcome);
	enum event event = NOTHING;

	if (k->window == 0) {
		event = bad ? NEW_FAILURE : NEW_ANSWER;
		k->bad = bad;
	} else if (k->bad && !bad) {
		event = REPAIR;
		k->bad = false;
	} else if (k->window != contact_window(window)) {
		event = k->bad ? AGAIN_FAILURE : AGAIN_ANSWER;
	}
	contact_tried(k, window);
	return event;
}

/* The steps that something comes of, packed. */
static size_t
find_events(struct evidence *e, size_t n)
{
	struct scratch *x = e->scratch;
	size_t events = 0;

	for (size_t i = 0; i < n; i++) {
		const struct step *s = &x->step[i];
		uint32_t window =
		    s->c != NULL ? window_of(e, s->c) : evidence_source(e, s->source)->walk.window;
		enum event event = event_of(evidence_contact(e, x->row[i]), s, window);

		if (event == NOTHING)
			continue;
		x->step[events] = *s;
		x->key[events] = x->key[i];
		x->window[events] = window;
		x->event[events++] = event;
	}
	return events;
}

/* Failures make their lines; answers count on those that there are. */
static void
find_lines(struct evidence *e, size_t n, enum line_kind kind, bool make)
{
	struct scratch *x = e->scratch;
	size_t found = 0;

	for (size_t i = 0; i < n; i++) {
		struct spot *key = &x->line_key[found];

		if ((x->event[i] == NEW_FAILURE) != make)
			continue;
		*key = x->key[i];
		key->kind = (uint8_t)kind;
		if (kind == LINE_PORT)
			key->dst = (struct addr){ 0 };
		else
			key->port = 0;
		x->place[found++] = (uint32_t)i;
	}
	find_chunks(&e->lines, make, x->line_key, found, x->row);
	for (size_t i = 0; i < found; i++)
		x->line[kind - 1][x->place[i]] = x->row[i];
}

/*
 * Some exporters leave out ports, and all that one host tries of another is one contact.  Connections that are opened
 * and dropped at once are then counted by packets; those that find nobody are not: a client may try for ever.
 */
static bool
is_portless(const struct step *s)
{
	return s->outcome == HALF_OPEN && s->c != NULL && s->c->server_port == 0 &&
	       s->c->client_port == 0;
}

/* When the i-th step was: of the first contact only its start is known. */
static struct when
when_stepped(const struct evidence *e, size_t i)
{
	const struct step *s = &e->scratch->step[i];
	int64_t first_ns = evidence_source(e, s->source)->first_ns;

	if (s->c != NULL)
		return when_of(e, s->c);
	return (struct when){ first_ns, first_ns, e->window_ns, e->scratch->window[i] };
}

/* One step of a walk that began with a failure at first_ns: what was answered before that says nothing. */
static void
step_walk(struct walk *w, int64_t first_ns, enum event event, const struct when *when)
{
	switch (event) {
	case NOTHING: break;
	case NEW_FAILURE: walk_step(w, true, when); break;
	case NEW_ANSWER:
		if (when->start_ns >= first_ns)
			walk_step(w, false, when);
		break;
	case REPAIR: walk_repair(w); break;
	case AGAIN_FAILURE:
	case AGAIN_ANSWER: walk_again(w, when->window, event == AGAIN_FAILURE); break;
	}
}

static void
step_line(struct evidence *e, size_t i, enum line_kind kind)
{
	const struct step *s = &e->scratch->step[i];
	uint32_t row = e->scratch->line[kind - 1][i];
	struct when when = when_stepped(e, i);
	enum event event = e->scratch->event[i];
	struct line *l;

	if (row == TABLE_NONE)
		return;
	l = evidence_line(e, row);
	if (s->c != NULL)
		l->ported |= (s->c->client_port | s->c->server_port) != 0;
	step_walk(&l->walk, l->first_ns, event, &when);
	if (event != NEW_FAILURE)
		return;
	if (kind == LINE_HOST && is_portless(s))
		for (uint64_t k = 1; k < s->c->packets && k < PORTLESS_MOST; k++)
			walk_step(&l->walk, true, &when);
	if (s->c != NULL)
		see_time(&l->first_ns, &l->last_ns, s->c);
	else if (l->first_ns == 0)
		l->first_ns = l->last_ns = when.start_ns;
}

/* The source's own walk; the first contact, when the second comes, it has walked already. */
static void
step_source(struct evidence *e, size_t i, bool new_host)
{
	const struct step *s = &e->scratch->step[i];
	struct source *source = evidence_source(e, s->source);
	enum event event = e->scratch->event[i];
	struct when when;

	if (s->c == NULL)
		return;
	when = when_of(e, s->c);
	step_walk(&source->walk, source->first_ns, event, &when);
	if (event != NEW_FAILURE)
		return;
	source->refused += s->outcome == REFUSED;
	source->opened += s->outcome == HALF_OPEN;
	source->new_failed++;
	hit_target(e, s->c, new_host);
}

/* Is a step's host, one of ours, new to its source?  There is a line for each protocol by which it was tried. */
static bool
is_new_host(const struct evidence *e, size_t i)
{
	uint32_t row = e->scratch->line[LINE_HOST - 1][i];
	struct spot k = e->scratch->key[i];

	if (e->scratch->event[i] != NEW_FAILURE || !scope_internal(e->scope, &k.dst) ||
	    evidence_line(e, row)->walk.tried > 0)
		return false;
	k.kind = LINE_HOST;
	k.port = 0;
	for (unsigned p = 0; p < PROTOS; p++) {
		k.proto = protos_judged[p];
		table_seek(&e->lines, &k, 1, &row);
		if (row != TABLE_NONE && evidence_line(e, row)->walk.tried > 0)
			return false;
	}
	return true;
}

static void
take_steps(struct evidence *e, size_t n)
{
	struct scratch *x = e->scratch;
	size_t events;

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		x->key[i] = spot_of(e, &x->step[i]);
	find_chunks(&e->contacts, true, x->key, n, x->row);
	events = find_events(e, n);
	for (unsigned kind = LINE_PORT; kind <= LINE_HOST; kind++) {
		find_lines(e, events, kind, true);
		find_lines(e, events, kind, false);
	}
	for (size_t i = 0; i < events; i++) {
		bool new_host = is_new_host(e, i);

		step_line(e, i, LINE_PORT);
		step_line(e, i, LINE_HOST);
		step_source(e, i, new_host);
	}
}

/* Conversations ------------------------------------------------------------------------------------ */

static void
count_answers(struct evidence *e, const struct conversation *c)
{
	e->protoless += c->proto == 0;
	if (c->answer == ANSWER_ONLY)
		return;
	if (c->proto == IP_UDP) {
		e->udp++;
		e->udp_answered += c->answer == ANSWER_GIVEN;
	} else if (c->proto == IP_TCP && !c->has_flags) {
		e->tcp_flagless++;
		e->tcp_flagless_answered += c->answer == ANSWER_GIVEN;
	}
	if (c->proto == IP_TCP || c->proto == IP_UDP) {
		bool ported = (c->client_port | c->server_port) != 0;

		e->ported += ported;
		e->portless += !ported;
	}
}

static void
prefetch_source(const struct source *s)
{
	__builtin_prefetch(&s->walk, 1);
	__builtin_prefetch(&s->promoted, 1);
}

static void
find_sources(struct evidence *e, const struct conversation *c, size_t n, bool make)
{
	struct scratch *x = e->scratch;
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (make ? outcome_failed(x->outcome[i]) : x->outcome[i] == ANSWERED) {
			x->place[found] = (uint32_t)i;
			x->addr[found++] = c[i].client;
		}
	if (make)
		table_find(&e->sources, x->addr, found, x->row);
	else
		table_seek(&e->sources, x->addr, found, x->row);
	for (size_t i = 0; i < found; i++) {
		x->source[x->place[i]] = x->row[i];
		if (x->row[i] != TABLE_NONE)
			prefetch_source(evidence_source(e, x->row[i]));
	}
}

void
evidence_add(void *evidence, const struct conversation *c, size_t n)
{
	struct evidence *e = evidence;
	struct scratch *x = e->scratch;
	size_t steps = 0;

	evidence_make_room(e);
	for (size_t i = 0; i < n; i++) {
		x->outcome[i] = outcome_of(&c[i]);
		count_answers(e, &c[i]);
		if (c[i].sampling > e->sampling)
			e->sampling = c[i].sampling;
		if (x->outcome[i] == ALONE)
			answer_alone(e, &c[i]);
	}
	/* Failures make their sources, answers look for theirs; then all in the order in which they came. */
	find_sources(e, c, n, true);
	find_sources(e, c, n, false);
	for (size_t i = 0; i < n; i++)
		if (outcome_failed(x->outcome[i]))
			meet_failure(e, &steps, &c[i], x->source[i], x->outcome[i]);
		else if (x->outcome[i] == ANSWERED && x->source[i] != TABLE_NONE)
			meet_success(e, &steps, &c[i], x->source[i]);
	take_steps(e, steps);
	count_at_targets(e, c, n);
}
