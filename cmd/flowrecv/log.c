#include "log.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/num.h"
#include "counts.h"

enum { CLASSES = 24 }; /* of problems */
#define QUIET_NS (60 * NS_PER_S)

/* What was told of an exporter: bad things of all kinds are the last class. */
struct told {
	uint64_t serial; /* 0: a free slot */
	uint64_t value[CLASSES];
	int64_t next_ns[CLASSES];
	uint16_t to_port; /* as of counts_put_session */
};

struct memory {
	struct told *slot;
	size_t slots; /* a power of two, at most half used */
};

struct log {
	bool verbose;
	struct memory *of; /* each worker's exporters */
	unsigned workers;
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

static void
say(struct log *l, const struct wire_stats *w, const struct told *t, uint64_t n, const char *words)
{
	char name[ENDPOINT_TEXT_MAX + 1];
	struct endpoint e = { .addr = w->exporter, .port = w->port };
	struct buf line = { .len = 0 };

	if (l->lines++ >= LOG_LINES) {
		l->unsaid++;
		return;
	}
	name[endpoint_fmt(name, &e)] = '\0';
	if (w->version != 0)
		counts_put_session(&line, w, t->to_port);
	counts_put(&line, n, words);
	diag(name, "%s", buf_cstr(&line));
	buf_free(&line);
}

static void
tell(struct log *l, const struct wire_stats *w, struct told *t, unsigned class, uint64_t value,
    const char *words, int64_t now_ns)
{
	if (value <= t->value[class] || now_ns < t->next_ns[class])
		return;
	say(l, w, t, value - t->value[class], words);
	t->value[class] = value;
	t->next_ns[class] = now_ns + QUIET_NS;
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

void
log_tell(struct log *l, unsigned worker, const struct snapshot *s, int64_t now_ns)
{
	struct memory *m = &l->of[worker];

	if (now_ns >= l->minute_ns) {
		log_unsaid(l);
		l->minute_ns = now_ns + QUIET_NS;
		l->lines = 0;
	}
	carry_over(m, s);
	for (size_t i = 0; i < s->n; i++) {
		const struct wire_stats *w = &s->exporter[i];
		struct told *t = find(m, w->serial);

		t->to_port = snapshot_port(s, w);
		if (t->serial == 0 && l->verbose && w->version != 0)
			say(l, w, t, w->messages, "message# of a new exporter");
		t->serial = w->serial;
		tell_exporter(l, w, t, now_ns);
	}
}
