#include "log.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/num.h"
#include "counts.h"

enum { CLASSES = 24, DOOR_CLASSES = 2 }; /* of problems */
#define QUIET_NS (60 * NS_PER_S)

struct told_count {
	uint64_t value;
	int64_t next_ns; /* not before */
};

/* What was told of an exporter: bad things of all kinds are the last class. */
struct told {
	uint64_t serial; /* 0: a free slot */
	struct told_count count[CLASSES];
	struct wire_place to; /* as of counts_put_session */
};

struct memory {
	struct told *slot;
	size_t slots; /* a power of two, at most half used */
};

struct log {
	bool verbose;
	struct memory *of; /* each worker's exporters */
	unsigned workers;
	struct told_count (*door)[DOOR_CLASSES], repeat;
	int64_t minute_ns; /* ends then */
	unsigned lines; /* in this minute */
	uint64_t unsaid;
};

struct log *
log_new(unsigned workers, bool verbose)
{
	struct log *l = mem_zero(1, sizeof *l);

	l->of = mem_zero(workers, sizeof *l->of);
	l->workers = workers;
	l->verbose = verbose;
	return l;
}

void
log_free(struct log *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->workers; i++)
		mem_free(l->of[i].slot);
	mem_free(l->of);
	mem_free(l->door);
	mem_free(l);
}

static struct told *
find(const struct memory *m, uint64_t serial)
{
	size_t i = serial & (m->slots - 1);

	while (m->slot[i].serial != 0 && m->slot[i].serial != serial)
		i = (i + 1) & (m->slots - 1);
	return &m->slot[i];
}

/* Exporters that are still there keep what was told of them. */
static void
carry_over(struct memory *m, const struct snapshot *s)
{
	struct memory now = { .slots = 16 };

	while (now.slots < 2 * s->n)
		now.slots *= 2;
	now.slot = mem_zero(now.slots, sizeof *now.slot);
	for (size_t i = 0; i < s->n; i++) {
		uint64_t serial = s->exporter[i].serial;
		struct told *old = m->slots > 0 ? find(m, serial) : NULL;

		if (old != NULL && old->serial == serial)
			*find(&now, serial) = *old;
	}
	mem_free(m->slot);
	*m = now;
}

static bool
has_room(struct log *l)
{
	if (l->lines++ < LOG_LINES)
		return true;
	l->unsaid++;
	return false;
}

static void
say(struct log *l, const struct wire_stats *w, const struct told *t, uint64_t n, const char *words)
{
	char name[ENDPOINT_TEXT_MAX + 1];
	struct endpoint e = { .addr = w->exporter, .port = w->port };
	struct buf line = { .len = 0 };

	if (!has_room(l))
		return;
	name[endpoint_fmt(name, &e)] = '\0';
	if (w->version != 0)
		counts_put_session(&line, w, &t->to);
	counts_put(&line, n, words);
	diag(name, "%s", buf_cstr(&line));
	buf_free(&line);
}

/* How many there are to tell of now; they are told then. */
static uint64_t
news(struct told_count *t, uint64_t value, int64_t now_ns)
{
	uint64_t n = value - t->value;

	if (value <= t->value || now_ns < t->next_ns)
		return 0;
	*t = (struct told_count){ .value = value, .next_ns = now_ns + QUIET_NS };
	return n;
}

static void
tell(struct log *l, const struct wire_stats *w, struct told *t, unsigned class, uint64_t value,
    const char *words, int64_t now_ns)
{
	uint64_t n = news(&t->count[class], value, now_ns);

	if (n > 0)
		say(l, w, t, n, words);
}

static void
tell_exporter(struct log *l, const struct wire_stats *w, struct told *t, int64_t now_ns)
{
	unsigned n, class = 0;
	const struct count *table = counts_table(&n);

	for (unsigned i = 0; i < n; i++) {
		const char *words = table[i].words;
		char lost[64];

		if (!table[i].logged)
			continue;
		if (words == NULL) {
			(void)snprintf(lost, sizeof lost, "%s lost by sequence number",
			    counts_unit(w->version));
			words = lost;
		}
		tell(l, w, t, class ++, count_of(&table[i], w), words, now_ns);
	}
	tell(l, w, t, CLASSES - 1, counts_bad(w->bad),
	    w->version == 0 ? "datagram# of no export message" : "malformed", now_ns);
}

void
log_unsaid(struct log *l)
{
	if (l->unsaid > 0)
		diag(NULL, "%" PRIu64 " more line%s like these %s not printed", l->unsaid,
		    plural(l->unsaid), l->unsaid == 1 ? "was" : "were");
	l->unsaid = 0;
}

static void
tell_exporters(struct log *l, struct memory *m, const struct snapshot *s, int64_t now_ns)
{
	carry_over(m, s);
	for (size_t i = 0; i < s->n; i++) {
		const struct wire_stats *w = &s->exporter[i];
		struct told *t = find(m, w->serial);

		t->to = snapshot_place(s, w);
		if (t->serial == 0 && l->verbose && w->version != 0)
			say(l, w, t, w->messages, "message# of a new exporter");
		t->serial = w->serial;
		tell_exporter(l, w, t, now_ns);
	}
}

/* What is told of us is no exporter's. */
static void
tell_own(struct log *l, struct told_count *t, const char *name, uint64_t value, const char *words,
    int64_t now_ns)
{
	struct buf line = { .len = 0 };
	uint64_t n = news(t, value, now_ns);

	if (n == 0 || !has_room(l))
		return;
	counts_put(&line, n, words);
	diag(name, "%s", buf_cstr(&line));
	buf_free(&line);
}

static void
tell_doors(struct log *l, const struct snapshot *s, int64_t now_ns)
{
	if (l->door == NULL)
		l->door = mem_zero(s[0].n_doors + 1, sizeof *l->door);
	for (unsigned i = 0; i < s[0].n_doors; i++) {
		struct door sum = s[0].door[i];

		for (unsigned w = 1; w < l->workers; w++)
			door_add(&sum, &s[w].door[i]);
		tell_own(l, &l->door[i][0], sum.name, sum.dropped,
		    "datagram# dropped by the kernel", now_ns);
		tell_own(l, &l->door[i][1], sum.name, sum.refused, "connection# refused", now_ns);
	}
}

void
log_tell(struct log *l, const struct snapshot *s, int64_t now_ns)
{
	uint64_t unrepeated = 0;

	if (now_ns >= l->minute_ns) {
		log_unsaid(l);
		l->minute_ns = now_ns + QUIET_NS;
		l->lines = 0;
	}
	tell_doors(l, s, now_ns);
	for (unsigned i = 0; i < l->workers; i++) {
		unrepeated += s[i].repeat.failed;
		tell_exporters(l, &l->of[i], &s[i], now_ns);
	}
	tell_own(l, &l->repeat, NULL, unrepeated, "datagram# not repeated", now_ns);
}
