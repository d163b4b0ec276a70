#include "hosts.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sum.h"

void
hosts_init(struct hosts *h, struct memory *memory, const struct scope *scope, int64_t half_life_ns)
{
	*h = (struct hosts){ .memory = memory,
		.scope = scope,
		.half_life_ns = half_life_ns,
		.newest_ns = INT64_MIN };
	for (size_t i = 0; i < memory_count(memory); i++) {
		const struct memo *m = memory_at(memory, i);

		if (m->kind == MEMO_HOST && m->last_ns > h->newest_ns)
			h->newest_ns = m->last_ns;
	}
}

static double
faded(const struct hosts *h, double score, int64_t from_ns, int64_t to_ns)
{
	double age = (double)to_ns - (double)from_ns;

	return age <= 0 ? score : score * exp2(-age / (double)h->half_life_ns);
}

double
hosts_left(const struct hosts *h, const struct memo *m)
{
	return faded(h, m->score, m->last_ns, h->newest_ns);
}

static const struct addr *
held_against(const struct hosts *h, const struct alert *a)
{
	if (a->src != NULL && (a->dst == NULL || scope_internal(h->scope, a->src) ||
				  !scope_internal(h->scope, a->dst)))
		return a->src;
	return a->dst;
}

void
hosts_add(struct hosts *h, const struct alert *a)
{
	const struct addr *host = held_against(h, a);
	struct buf name = { 0 };
	struct memo *m;

	if (host == NULL)
		return;
	reason_addr(&name, host);
	buf_printf(&name, " %s", a->detector);
	m = memory_make(h->memory, MEMO_HOST, buf_cstr(&name));
	buf_free(&name);
	if (m == NULL)
		return;
	if (m->count == 0) {
		m->first_ns = a->start_ns;
		m->last_ns = a->end_ns;
	}
	if (a->end_ns >= m->last_ns)
		m->score = faded(h, m->score, m->last_ns, a->end_ns) + a->score;
	else
		m->score += faded(h, a->score, a->end_ns, m->last_ns);
	m->count++;
	if (a->start_ns < m->first_ns)
		m->first_ns = a->start_ns;
	if (a->end_ns > m->last_ns)
		m->last_ns = a->end_ns;
	if (m->last_ns > h->newest_ns)
		h->newest_ns = m->last_ns;
}

/* Ranking ------------------------------------------------------------------------------------------ */

static int
compare_names(const void *x, const void *y)
{
	const struct memo *const *a = x, *const *b = y;

	return strcmp((*a)->name, (*b)->name);
}

/* The memories of hosts that still matter, those of one host beside each other. */
static const struct memo **
sorted(const struct hosts *h, size_t *n)
{
	const struct memo **list = mem_zero(memory_count(h->memory) + 1, sizeof(*list));

	*n = 0;
	for (size_t i = 0; i < memory_count(h->memory); i++) {
		const struct memo *m = memory_at(h->memory, i);

		if (m->kind == MEMO_HOST && hosts_left(h, m) >= HOSTS_LEAST)
			list[(*n)++] = m;
	}
	qsort(list, *n, sizeof(*list), compare_names);
	return list;
}

struct told {
	struct buf reason, why, names;
};

/* One host: n memories of detectors. */
static void
put_host(
    const struct hosts *h, const struct memo *const *m, size_t n, struct told *t, struct alerts *to)
{
	size_t len = strcspn(m[0]->name, " ");
	struct alert a = ALERT_NONE;
	double left = 1;
	struct addr host;

	if (!parse_ip(m[0]->name, len, &host))
		return;
	t->reason.len = t->why.len = t->names.len = 0;
	a.start_ns = INT64_MAX;
	a.end_ns = INT64_MIN;
	for (size_t i = 0; i < n; i++) {
		const char *detector = m[i]->name + len + (m[i]->name[len] == ' ');
		double sum = hosts_left(h, m[i]);

		left *= 1 - 0.6 * (1 - exp(-sum));
		sum_up(&a.count, m[i]->count);
		a.start_ns = m[i]->first_ns < a.start_ns ? m[i]->first_ns : a.start_ns;
		a.end_ns = m[i]->last_ns > a.end_ns ? m[i]->last_ns : a.end_ns;
		buf_printf(&t->names, "%s%s", i > 0 ? ", " : "", detector);
		why_number(&t->why, detector, sum);
	}
	why_duration(&t->why, "half_life", h->half_life_ns);
	buf_printf(&t->reason, "%llu alert%s of %s", (unsigned long long)a.count, plural(a.count),
	    buf_cstr(&t->names));
	a.detector = "host";
	a.kind = n > 1 ? "several" : "one";
	a.score = 1 - left;
	a.src = &host;
	a.reason = buf_cstr(&t->reason);
	a.why = buf_cstr(&t->why);
	alerts_put(to, &a);
}

void
hosts_rank(struct hosts *h, struct alerts *to)
{
	size_t n, end;
	const struct memo **list = sorted(h, &n);
	struct told t = { 0 };

	for (size_t at = 0; at < n; at = end) {
		size_t len = strcspn(list[at]->name, " ");

		for (end = at + 1;
		     end < n && strncmp(list[end]->name, list[at]->name, len + 1) == 0;)
			end++;
		put_host(h, list + at, end - at, &t, to);
	}
	buf_free(&t.reason);
	buf_free(&t.why);
	buf_free(&t.names);
	mem_free(list);
}
