#include "detect/alert.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"

/* An alert with what it points to: addresses, and texts in one piece of memory. */
struct kept {
	struct alert alert;
	struct addr src, dst;
	char *texts;
	uint64_t number; /* of those put, so that equal ones keep their order */
};

struct alerts {
	struct kept *kept;
	size_t n, cap;
	uint64_t made, dropped;
};

enum severity
severity_of(double score)
{
	if (score >= 0.95)
		return SEVERITY_CRITICAL;
	if (score >= 0.75)
		return SEVERITY_HIGH;
	return score >= 0.5 ? SEVERITY_MEDIUM : SEVERITY_LOW;
}

struct alerts *
alerts_new(void)
{
	return mem_zero(1, sizeof(struct alerts));
}

void
alerts_free(struct alerts *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n; i++)
		mem_free(a->kept[i].texts);
	mem_free(a->kept);
	mem_free(a);
}

size_t
alerts_count(const struct alerts *a)
{
	return a->n < ALERTS_MOST ? a->n : ALERTS_MOST;
}

uint64_t
alerts_dropped(const struct alerts *a)
{
	return a->made - alerts_count(a);
}

void
alerts_tell(const struct alerts *a, void (*say)(const char *, const struct err *))
{
	struct err told = { 0 };

	if (alerts_dropped(a) == 0)
		return;
	err_set(&told, "%llu alerts beyond the best %u were dropped",
	    (unsigned long long)alerts_dropped(a), (unsigned)ALERTS_MOST);
	say(NULL, &told);
}

/* Ranking ------------------------------------------------------------------------------------------ */

static int
compare_addr(const struct addr *a, const struct addr *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);
	return memcmp(a->b, b->b, sizeof(a->b));
}

static const struct addr *
addr_of(const struct addr *given, const struct addr *kept)
{
	return given != NULL ? kept : NULL;
}

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int
compare_kept(const void *x, const void *y)
{
	const struct kept *k = x, *m = y;
	const struct alert *a = &k->alert, *b = &m->alert;
	int order = ORDER(b->score, a->score);

	if (order == 0)
		order = ORDER(b->severity, a->severity);
	if (order == 0)
		order = ORDER(a->start_ns, b->start_ns);
	if (order == 0)
		order = compare_addr(addr_of(a->src, &k->src), addr_of(b->src, &m->src));
	if (order == 0)
		order = compare_addr(addr_of(a->dst, &k->dst), addr_of(b->dst, &m->dst));
	if (order == 0)
		order = ORDER(a->dstport, b->dstport);
	return order != 0 ? order : ORDER(k->number, m->number);
}

static void
rank(struct alerts *a)
{
	size_t keep;

	if (a->n > 0)
		qsort(a->kept, a->n, sizeof(*a->kept), compare_kept);
	keep = alerts_count(a);
	for (size_t i = keep; i < a->n; i++)
		mem_free(a->kept[i].texts);
	a->n = keep;
}

/* Putting ------------------------------------------------------------------------------------------ */

static void
keep_texts(struct kept *k)
{
	const char **text[] = { &k->alert.detector, &k->alert.kind, &k->alert.reason, &k->alert.why,
		&k->alert.attack, &k->alert.limits, &k->alert.subject };
	enum { N = sizeof(text) / sizeof(text[0]) };
	size_t len[N], total = 0, at = 0;

	for (unsigned i = 0; i < N; i++) {
		len[i] = *text[i] != NULL ? strlen(*text[i]) + 1 : 0;
		total += len[i];
	}
	k->texts = mem_alloc(total + 1);
	for (unsigned i = 0; i < N; i++) {
		if (len[i] == 0)
			continue;
		memcpy(k->texts + at, *text[i], len[i]);
		*text[i] = k->texts + at;
		at += len[i];
	}
}

void
alerts_put(struct alerts *a, const struct alert *alert)
{
	struct kept *k;

	if (a->n == 2 * (size_t)ALERTS_MOST)
		rank(a);
	if (a->n == a->cap) {
		a->cap = a->cap ? a->cap * 2 : 64;
		a->kept = mem_resize(a->kept, a->cap, sizeof(*a->kept));
	}
	k = &a->kept[a->n++];
	*k = (struct kept){ .alert = *alert, .number = a->made++ };
	if (!(k->alert.score >= 0)) /* not a number either */
		k->alert.score = 0;
	if (k->alert.score > 1)
		k->alert.score = 1;
	if (k->alert.severity == 0)
		k->alert.severity = severity_of(k->alert.score);
	if (alert->src != NULL)
		k->src = *alert->src;
	if (alert->dst != NULL)
		k->dst = *alert->dst;
	keep_texts(k);
}

/* Columns ------------------------------------------------------------------------------------------ */

static void
put_uint(struct batch *b, size_t rec, struct field_id id, unsigned width, uint64_t v)
{
	int col = batch_column(b, &id, TYPE_UINT, width, 0);

	batch_put_uint(b, (unsigned)col, rec, v);
}

static void
put_time(struct batch *b, size_t rec, enum own id, int64_t ns)
{
	struct field_id f = field_own(id);
	int col = batch_column(b, &f, TYPE_TIME, 8, 0);

	batch_precision(b, (unsigned)col, 6);
	batch_put_uint(b, (unsigned)col, rec, (uint64_t)(ns - ns % NS_PER_MS));
}

static void
put_ip(struct batch *b, size_t rec, uint16_t id, const struct addr *a)
{
	struct field_id f = field_iana(id);
	int col = batch_column(b, &f, TYPE_IP, addr_is_v4(a) ? 4 : 16, 0);

	batch_put_ip(b, (unsigned)col, rec, a);
}

static void
put_text(struct batch *b, size_t rec, enum own id, const char *text)
{
	struct field_id f = field_own(id);
	int col = batch_column(b, &f, TYPE_STRING, 0, 0);

	if (text != NULL)
		batch_put_octets(b, (unsigned)col, rec, text, strlen(text));
}

static void
put_counter(struct batch *b, size_t rec, uint32_t pen, uint16_t id, uint64_t v)
{
	if (v != NOT_COUNTED)
		put_uint(b, rec, (struct field_id){ .pen = pen, .id = id }, 8, v);
}

static void
put_flow(struct batch *b, size_t rec, const struct kept *k)
{
	const struct alert *a = &k->alert;

	put_time(b, rec, OWN_START, a->start_ns);
	put_time(b, rec, OWN_END, a->end_ns);
	if (a->src != NULL)
		put_ip(b, rec, 8, &k->src);
	if (a->dst != NULL)
		put_ip(b, rec, 12, &k->dst);
	if (a->srcport >= 0)
		put_uint(b, rec, field_iana(7), 2, (uint64_t)a->srcport);
	if (a->dstport >= 0)
		put_uint(b, rec, field_iana(11), 2, (uint64_t)a->dstport);
	if (a->proto >= 0)
		put_uint(b, rec, field_iana(4), 1, (uint64_t)a->proto);
	/* A record that does not say counts as one flow. */
	put_counter(b, rec, PEN_IANA, 3, a->flows != NOT_COUNTED ? a->flows : 0);
	put_counter(b, rec, PEN_IANA, 2, a->packets);
	put_counter(b, rec, PEN_IANA, 1, a->bytes);
	put_counter(b, rec, PEN_REVERSE, 2, a->rpackets);
	put_counter(b, rec, PEN_REVERSE, 1, a->rbytes);
}

static void
put_alert(struct batch *b, size_t rec, const struct kept *k)
{
	const struct alert *a = &k->alert;
	struct field_id score = field_own(OWN_SCORE);

	put_flow(b, rec, k);
	put_text(b, rec, OWN_DETECTOR, a->detector);
	put_text(b, rec, OWN_KIND, a->kind);
	batch_put_double(b, (unsigned)batch_column(b, &score, TYPE_FLOAT64, 8, 0), rec, a->score);
	put_uint(b, rec, field_own(OWN_SEVERITY), 1, a->severity);
	put_text(b, rec, OWN_REASON, a->reason);
	put_text(b, rec, OWN_WHY, a->why);
	put_text(b, rec, OWN_ATTACK, a->attack);
	if (a->sampling > 1)
		put_uint(b, rec, field_own(OWN_SAMPLING), 4, a->sampling);
	put_text(b, rec, OWN_LIMITS, a->limits);
	if (a->count > 0)
		put_uint(b, rec, field_own(OWN_ALERTS), 4,
		    a->count < UINT32_MAX ? a->count : UINT32_MAX);
	if (a->subject != NULL)
		put_text(b, rec, OWN_SUBJECT, a->subject);
}

int
alerts_ranked(struct alerts *a, alerts_take fn, void *ctx, struct err *err)
{
	struct batch *b = batch_new();
	int rc = 0;

	rank(a);
	for (size_t first = 0; first < a->n && rc == 0; first += b->n) {
		size_t n = a->n - first < BATCH_RECORDS ? a->n - first : BATCH_RECORDS;

		batch_reset(b);
		batch_extend(b, n);
		for (size_t i = 0; i < n; i++)
			put_alert(b, i, &a->kept[first + i]);
		batch_close(b);
		rc = fn(ctx, b, err) != 0 ? -1 : 0;
	}
	batch_free(b);
	for (size_t i = 0; i < a->n; i++)
		mem_free(a->kept[i].texts);
	a->n = 0;
	return rc;
}

/* Words -------------------------------------------------------------------------------------------- */

static void
why_key(struct buf *b, const char *key)
{
	if (b->len > 0)
		buf_putc(b, ' ');
	buf_puts(b, key);
	buf_putc(b, '=');
}

void
why_count(struct buf *b, const char *key, uint64_t v)
{
	why_key(b, key);
	b->len += fmt_u64(buf_room(b, FMT_MAX), v);
}

void
why_number(struct buf *b, const char *key, double v)
{
	why_key(b, key);
	buf_printf(b, "%.6g", v);
}

void
why_duration(struct buf *b, const char *key, int64_t ns)
{
	why_key(b, key);
	b->len += fmt_duration(buf_room(b, FMT_MAX), ns);
}

void
why_word(struct buf *b, const char *key, const char *word)
{
	why_key(b, key);
	for (; *word != '\0'; word++)
		buf_putc(b, *word == ' ' ? '_' : *word);
}

void
reason_addr(struct buf *b, const struct addr *a)
{
	b->len += fmt_ip(buf_room(b, FMT_MAX), a);
}

void
reason_duration(struct buf *b, int64_t ns)
{
	b->len += fmt_duration_human(buf_room(b, FMT_MAX), ns);
}
