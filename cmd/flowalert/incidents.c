#include "incidents.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sum.h"
#include "base/time.h"

void
incidents_init(struct incidents *s, struct memory *memory)
{
	*s = (struct incidents){ .window_ns = 3600 * NS_PER_S,
		.cooldown_ns = 24 * 3600 * NS_PER_S,
		.memory = memory,
		.newest_ns = INT64_MIN };
}

void
incidents_free(struct incidents *s)
{
	mem_free(s->alert);
	arena_free(&s->arena);
}

struct alert *
incidents_next(struct incidents *s)
{
	if (s->n == INCIDENTS_MOST) {
		s->dropped++;
		return NULL;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 64;
		s->alert = mem_resize(s->alert, s->cap, sizeof(*s->alert));
	}
	return &s->alert[s->n++];
}

/* A part of a key and the blank behind it; a blank or worse within it cannot make it two. */
static void
put_part(struct buf *key, const char *text)
{
	for (; *text != '\0'; text++)
		buf_putc(key, (unsigned char)*text <= ' ' ? '_' : *text);
	buf_putc(key, ' ');
}

static void
put_end(struct buf *key, const struct addr *a)
{
	if (a != NULL)
		reason_addr(key, a);
	else
		buf_putc(key, '-');
	buf_putc(key, ' ');
}

void
incident_key(struct buf *key, const struct alert *a)
{
	put_part(key, a->detector);
	put_part(key, a->kind);
	put_end(key, a->src);
	put_end(key, a->dst);
	buf_printf(key, "%d ", a->dstport);
	put_part(key, a->subject != NULL ? a->subject : "");
}

static int
compare_times(const void *x, const void *y)
{
	const struct alert *a = x, *b = y;
	int order = (a->start_ns > b->start_ns) - (a->start_ns < b->start_ns);

	if (order == 0)
		order = (a->end_ns > b->end_ns) - (a->end_ns < b->end_ns);
	return order != 0 ? order : (a->score < b->score) - (a->score > b->score);
}

struct telling {
	struct incidents *s;
	void (*tell)(void *ctx, const struct alert *);
	void *ctx;
};

/* The incident of a memo is over, or the run is: tell of it, if it is to be told. */
static void
decide(const struct telling *t, struct memo *m)
{
	struct incidents *s = t->s;
	struct alert a;

	if (m->pending == 0)
		return;
	a = s->alert[m->pending - 1];
	m->pending = 0;
	if (m->severity >= a.severity && m->last_ns < time_after(m->told_ns, s->cooldown_ns)) {
		s->cooled++;
		return;
	}
	a.start_ns = m->first_ns;
	a.end_ns = m->last_ns;
	a.count = m->count;
	m->told_ns = m->last_ns;
	m->severity = (uint8_t)a.severity;
	m->score = a.score;
	t->tell(t->ctx, &a);
}

/* The alert i is what is told of its incident, if it is surer than what would be so far. */
static void
stand_for(struct incidents *s, struct memo *m, size_t i)
{
	const struct alert *a = &s->alert[i];
	struct alert *best = m->pending > 0 ? &s->alert[m->pending - 1] : NULL;

	if (best == NULL || a->severity > best->severity ||
	    (a->severity == best->severity && a->score >= best->score))
		m->pending = (uint32_t)i + 1;
}

static void
take(const struct telling *t, size_t i, struct buf *key)
{
	struct incidents *s = t->s;
	const struct alert *a = &s->alert[i];
	uint64_t count = a->count > 0 ? a->count : 1;
	struct memo *m;

	key->len = 0;
	incident_key(key, a);
	m = memory_make(s->memory, MEMO_ALERT, buf_cstr(key));
	if (a->end_ns > s->newest_ns)
		s->newest_ns = a->end_ns;
	if (m == NULL) { /* no room: better twice than never */
		t->tell(t->ctx, a);
		return;
	}
	if (m->known && a->end_ns <= m->known_ns && a->severity <= m->known_worst) {
		s->heard++;
		return;
	}
	if (m->count > 0 && a->start_ns <= time_after(m->last_ns, s->window_ns)) {
		s->repeated++;
		sum_up(&m->count, count);
	} else {
		decide(t, m);
		/* What is told is held against a host: memos may have moved. */
		m = memory_make(s->memory, MEMO_ALERT, buf_cstr(key));
		m->first_ns = a->start_ns;
		m->last_ns = a->end_ns;
		m->count = count;
	}
	if (a->start_ns < m->first_ns)
		m->first_ns = a->start_ns;
	if (a->end_ns > m->last_ns)
		m->last_ns = a->end_ns;
	if (a->severity > m->worst)
		m->worst = (uint8_t)a->severity;
	stand_for(s, m, i);
}

void
incidents_end(struct incidents *s, void (*tell)(void *ctx, const struct alert *), void *ctx)
{
	const struct telling t = { s, tell, ctx };
	struct buf key = { 0 };

	if (s->n > 0)
		qsort(s->alert, s->n, sizeof(*s->alert), compare_times);
	for (size_t i = 0; i < s->n; i++)
		take(&t, i, &key);
	for (size_t i = 0; i < memory_count(s->memory); i++)
		decide(&t, memory_at(s->memory, i));
	buf_free(&key);
}

bool
incident_over(const struct incidents *s, const struct memo *m)
{
	int64_t longest = s->window_ns > s->cooldown_ns ? s->window_ns : s->cooldown_ns;

	return time_after(time_after(m->last_ns, longest), longest) < s->newest_ns;
}
