#include "when.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "expr/expr.h"

#include "about.h"
#include "text.h"

enum { COLUMNS_MOST = 64 };

/* A record for which the expression is true; its texts and addresses are in the arena. */
struct when_hit {
	const char *key; /* of what is remembered: name and keys */
	int64_t bin_ns;
	bool binned;
	struct alert alert; /* why: its values so far */
};

void
when_init(struct when *w, struct memory *memory)
{
	*w = (struct when){
		.name = "when", .times = 1, .severity = SEVERITY_MEDIUM, .memory = memory
	};
}

void
when_free(struct when *w)
{
	expr_state_free(w->state);
	expr_free(w->expr);
	mem_free(w->sel);
	mem_free(w->hit);
	mem_free(w->bin);
	arena_free(&w->arena);
	field_list_free(&w->by);
}

int
when_compile(struct when *w, const struct tz *tz, struct err *err)
{
	struct err why = { 0 };

	w->tz = tz;
	w->expr = expr_compile(w->text, tz, &why);
	if (w->expr == NULL)
		return err_usage(err, "--when: %s", why.text);
	w->state = expr_state_new(w->expr);
	return 0;
}

/* Columns ------------------------------------------------------------------------------------------ */

struct bound {
	int key[COLUMNS_MOST], value[COLUMNS_MOST]; /* indexes into the batch */
	unsigned n_keys, n_values;
	int start, end; /* or -1 */
};

static bool
is_key(const struct column *c)
{
	const struct element *e;

	if (c->id.pen == PEN_NAMED)
		return c->type >= TYPE_IP && c->type <= TYPE_STRING;
	e = element_find(c->id.pen, c->id.id);
	return e != NULL && e->merge == MERGE_KEY;
}

static void
bind_column(struct bound *b, int i, bool key)
{
	if (key && b->n_keys < COLUMNS_MOST)
		b->key[b->n_keys++] = i;
	else if (!key && b->n_values < COLUMNS_MOST)
		b->value[b->n_values++] = i;
}

static bool
is_own_time(const struct column *c, enum own which)
{
	return c->id.pen == PEN_OWN && c->id.id == which && c->type == TYPE_TIME;
}

static void
bind(const struct when *w, struct batch *b, struct bound *to)
{
	unsigned n = b->n_cols;

	*to = (struct bound){ .start = -1, .end = -1 };
	for (size_t i = 0; i < w->by.n; i++) {
		int at = batch_resolve(b, &w->by.fields[i]);

		if (at >= 0)
			bind_column(to, at, true);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct column *c = &b->col[i];
		bool named = false;

		for (unsigned k = 0; k < to->n_keys && w->by.n > 0; k++)
			named = named || to->key[k] == (int)i;
		if (named || (type_is_var((enum type)c->type) && c->type != TYPE_STRING))
			continue;
		if (is_own_time(c, OWN_START))
			to->start = (int)i;
		else if (is_own_time(c, OWN_END))
			to->end = (int)i;
		else
			bind_column(to, (int)i, w->by.n == 0 && is_key(c));
	}
	for (unsigned i = 0; i < to->n_keys; i++)
		(void)batch_plain(b, (unsigned)to->key[i]);
	for (unsigned i = 0; i < to->n_values; i++)
		(void)batch_plain(b, (unsigned)to->value[i]);
	if (to->start >= 0)
		(void)batch_plain(b, (unsigned)to->start);
	if (to->end >= 0)
		(void)batch_plain(b, (unsigned)to->end);
}

/* The bin of a record, if it is of one: of start and end it has one only. */
static bool
bin_of(const struct batch *b, const struct bound *c, size_t rec, int64_t *ns)
{
	const struct column *time;

	if ((c->start < 0) == (c->end < 0))
		return false;
	time = &b->col[c->end >= 0 ? c->end : c->start];
	if (!column_has(time, rec))
		return false;
	*ns = column_int(time, rec);
	return true;
}

/* Records ------------------------------------------------------------------------------------------ */

static void
take_counter(struct alert *a, const struct batch *b, int i, size_t rec)
{
	const struct column *c = &b->col[i];
	struct value v = value_at(c, rec);
	bool back = c->id.pen == PEN_REVERSE;

	if (v.type != TYPE_UINT || (c->id.pen != PEN_IANA && !back))
		return;
	switch (c->id.id) {
	case 1: *(back ? &a->rbytes : &a->bytes) = v.u; break;
	case 2: *(back ? &a->rpackets : &a->packets) = v.u; break;
	case 3: a->flows = v.u; break;
	}
}

static const char *
keep(struct when *w, const struct buf *text)
{
	return arena_string(&w->arena, text->data, text->len);
}

static void
take_hit(struct when *w, const struct batch *b, const struct bound *c, size_t rec)
{
	struct buf key = { 0 }, subject = { 0 }, why = { 0 };
	struct alert a = ALERT_NONE;
	struct when_hit *h;
	struct ends *ends;

	if (w->n == WHEN_HITS_MOST) {
		w->dropped++;
		return;
	}
	if (w->n == w->cap) {
		w->cap = w->cap ? w->cap * 2 : 64;
		w->hit = mem_resize(w->hit, w->cap, sizeof(*w->hit));
	}
	h = &w->hit[w->n++];
	ends = arena_alloc(&w->arena, sizeof(*ends));
	buf_puts(&key, w->name);
	for (unsigned i = 0; i < c->n_keys; i++) {
		const struct column *col = &b->col[c->key[i]];
		struct value v = value_at(col, rec);

		about_put(&key, col, rec);
		if (!about_end(&a, ends, &col->id, &v))
			about_put(&subject, col, rec);
	}
	for (unsigned i = 0; i < c->n_values; i++) {
		about_put(&why, &b->col[c->value[i]], rec);
		take_counter(&a, b, c->value[i], rec);
	}
	a.subject = subject.len > 0 ? keep(w, &subject) : NULL;
	a.why = keep(w, &why);
	h->binned = bin_of(b, c, rec, &h->bin_ns);
	a.start_ns = c->start >= 0 && column_has(&b->col[c->start], rec)
			 ? column_int(&b->col[c->start], rec)
			 : INT64_MIN;
	a.end_ns = c->end >= 0 && column_has(&b->col[c->end], rec)
		       ? column_int(&b->col[c->end], rec)
		       : INT64_MIN;
	h->key = keep(w, &key);
	h->alert = a;
	buf_free(&key);
	buf_free(&subject);
	buf_free(&why);
}

/* Another bin, unless it is that of the record before. */
static void
note_bin(struct when *w, int64_t ns)
{
	if (w->n_bins > 0 && w->bin[w->n_bins - 1] == ns)
		return;
	if (w->n_bins == WHEN_BINS_MOST)
		return;
	if (w->n_bins == w->cap_bins) {
		w->cap_bins = w->cap_bins ? w->cap_bins * 2 : 256;
		w->bin = mem_resize(w->bin, w->cap_bins, sizeof(*w->bin));
	}
	w->bin[w->n_bins++] = ns;
}

void
when_add(struct when *w, struct batch *b, const uint64_t *sel)
{
	size_t words = bits_words(b->n);
	struct bound c;
	int64_t ns;

	if (words > w->words) {
		w->sel = mem_resize(w->sel, words, sizeof(*w->sel));
		w->words = words;
	}
	(void)expr_select(w->state, b, w->sel);
	bind(w, b, &c);
	for (size_t rec = 0; rec < b->n; rec++) {
		if (!bits_has(sel, rec))
			continue;
		if (bin_of(b, &c, rec, &ns))
			note_bin(w, ns);
		if (bits_get(w->sel, rec))
			take_hit(w, b, &c, rec);
	}
}

/* Streaks ------------------------------------------------------------------------------------------ */

static int
compare_ns(const void *x, const void *y)
{
	const int64_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int
compare_hits(const void *x, const void *y)
{
	const struct when_hit *a = x, *b = y;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : compare_ns(&a->bin_ns, &b->bin_ns);
}

/* How far apart two bins are: in time, or by the clock if that was moved from the one to the other. */
static bool
bin_distance(const struct when *w, int64_t from_ns, int64_t to_ns, bool *moved, int64_t *distance)
{
	struct tz_span a = tz_at(w->tz, floor_div(from_ns, NS_PER_S));
	struct tz_span b = tz_at(w->tz, floor_div(to_ns, NS_PER_S));
	int64_t by_ns = (b.offset_s - a.offset_s) * NS_PER_S;

	*moved =
	    a.from_s == floor_div(from_ns, NS_PER_S) || a.until_s <= floor_div(to_ns, NS_PER_S);
	return !__builtin_sub_overflow(to_ns, from_ns, distance) &&
	       !__builtin_add_overflow(*distance, by_ns, distance) && *distance > 0;
}

/*
 * How far apart bins are: the least distance of two, of this run and those before; 0: there was one only.  Where clocks
 * move bins may be shorter than others: what is between two is not asked unless there is nothing else.
 */
static int64_t
bin_width(struct when *w, struct memo *series)
{
	int64_t width = series->told_ns, least[2] = { INT64_MAX, INT64_MAX };

	if (w->n_bins == 0)
		return width;
	if (series->last_ns != 0 || width != 0) /* a run before had bins */
		note_bin(w, series->last_ns);
	qsort(w->bin, w->n_bins, sizeof(*w->bin), compare_ns);
	for (size_t i = 1; i < w->n_bins; i++) {
		int64_t gap;
		bool moved;

		if (bin_distance(w, w->bin[i - 1], w->bin[i], &moved, &gap) && gap < least[moved])
			least[moved] = gap;
	}
	if (least[false] == INT64_MAX && width == 0)
		least[false] = least[true];
	if (least[false] != INT64_MAX && (width == 0 || least[false] < width))
		width = least[false];
	if (series->count == 0 || w->bin[w->n_bins - 1] > series->last_ns)
		series->last_ns = w->bin[w->n_bins - 1];
	series->first_ns = series->last_ns;
	return width;
}

/* Where a bin ends: by the clocks of the zone, if it begins where one of theirs does; itself at the end of time. */
static int64_t
bin_end(const struct when *w, int64_t ns, int64_t width)
{
	struct tz_bins bins;
	int64_t end;

	if (width <= 0)
		return ns;
	bins = tz_bins(w->tz, width);
	if (tz_bin_floor(&bins, ns) == ns)
		end = tz_bin_next(&bins, ns);
	else if (__builtin_add_overflow(ns, width, &end))
		return ns;
	return end != INT64_MAX ? end : ns;
}

/* Does a bin, or a run, follow another? */
static bool
follows(const struct when *w, const struct when_hit *h, int64_t last, int64_t at, int64_t width)
{
	int64_t gap;

	if (!__builtin_sub_overflow(at, last, &gap) && gap == width)
		return true;
	return h->binned && bin_end(w, last, width) == at;
}

/* The last of a streak: its times, its reason. */
static void
put_alert(const struct when *w, const struct when_hit *h, const struct memo *streak, int64_t width,
    struct alerts *to)
{
	struct buf reason = { 0 }, why = { 0 };
	struct alert a = h->alert;

	if (h->binned) {
		a.start_ns = streak->first_ns;
		a.end_ns = bin_end(w, h->bin_ns, width);
	} else if (a.start_ns == INT64_MIN || a.end_ns == INT64_MIN) {
		a.start_ns = a.end_ns = time_now_ns();
	}
	buf_printf(&reason, "%s", w->text);
	if (streak->count > 1)
		buf_printf(&reason, ", %llu times in a row", (unsigned long long)streak->count);
	buf_printf(&reason, ": %s", a.why);
	buf_printf(&why, "%s%stimes=%llu for=%u", a.why, *a.why != '\0' ? " " : "",
	    (unsigned long long)streak->count, w->times);
	if (h->binned)
		why_duration(&why, "bin", width);
	a.detector = "threshold";
	a.kind = w->name;
	a.severity = w->severity;
	a.score = text_score(w->severity);
	a.reason = buf_cstr(&reason);
	a.why = buf_cstr(&why);
	alerts_put(to, &a);
	buf_free(&reason);
	buf_free(&why);
}

static void
take_streak(struct when *w, const struct when_hit *h, int64_t at, int64_t width, struct alerts *to)
{
	struct memo *m = memory_make(w->memory, MEMO_STREAK, h->key), alone = { 0 };

	if (m == NULL)
		m = &alone;
	if (m->count > 0 && at <= m->last_ns)
		return; /* looked at before */
	if (m->count == 0 || !follows(w, h, m->last_ns, at, width)) {
		m->count = 0;
		m->first_ns = at;
	}
	m->count++;
	m->last_ns = at;
	if (m->count >= w->times)
		put_alert(w, h, m, width, to);
}

void
when_end(struct when *w, struct alerts *to)
{
	struct memo *m = memory_make(w->memory, MEMO_SERIES, w->name);
	struct memo series = { 0 };

	if (m != NULL)
		series = *m;
	series.told_ns = bin_width(w, &series);
	series.count++;
	if (m != NULL)
		*m = series; /* now, before others move it */
	w->last_ns = series.last_ns;
	w->width_ns = series.told_ns;
	w->run = (int64_t)series.count;
	if (w->n > 0)
		qsort(w->hit, w->n, sizeof(*w->hit), compare_hits);
	for (size_t i = 0; i < w->n; i++) {
		const struct when_hit *h = &w->hit[i];

		if (h->binned)
			take_streak(w, h, h->bin_ns, series.told_ns, to);
		else
			take_streak(w, h, (int64_t)series.count, 1, to);
	}
}

bool
when_goes_on(const struct when *w, const struct memo *m)
{
	size_t n = strlen(w->name);
	int64_t gap;

	if (strncmp(m->name, w->name, n) != 0 || (m->name[n] != ' ' && m->name[n] != '\0'))
		return true; /* another's */
	if (m->last_ns == w->run)
		return true;
	return (w->last_ns != 0 || w->width_ns != 0) &&
	       (__builtin_sub_overflow(w->last_ns, m->last_ns, &gap) || gap <= w->width_ns ||
		   bin_end(w, m->last_ns, w->width_ns) >= w->last_ns);
}
