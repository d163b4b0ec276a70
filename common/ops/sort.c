#include "ops/sort.h"

#include "ops/gather.h"
#include "ops/spill.h"

/*
 * RUN_RECORDS: records of one piece of a run, so that merging many runs holds little of each.
 * PRUNE: a sort of a few looks again after so many more records.
 */
enum { RUN_RECORDS = 8192, PRUNE = 65536, REF_OCTETS = 2 * sizeof(struct ref) };

struct sorter {
	const struct sort_key *keys;
	size_t n_keys;
	uint64_t limit, memory;
	const char *tmpdir;

	struct batch **chunk;
	size_t n_chunks, n_records, octets;
	bool appending; /* the last chunk is open */

	/* A sort of a few: no record behind this one can be among them. */
	bool barred;
	enum type bar_type;
	enum order_class bar_class;
	uint64_t bar_key;

	struct spill spill;
	unsigned n_runs;
	uint32_t *idx;
	size_t idx_cap;
};

struct sorter *
sort_new(const struct sort_key *keys, size_t n, uint64_t limit, uint64_t memory, const char *tmpdir)
{
	struct sorter *s = mem_zero(1, sizeof(*s));

	s->keys = keys;
	s->n_keys = n;
	s->limit = limit == 0 ? UINT64_MAX : limit;
	s->memory = memory ? memory : UINT64_C(1) << 30;
	s->tmpdir = tmpdir;
	return s;
}

static void
free_chunks(struct sorter *s)
{
	for (size_t i = 0; i < s->n_chunks; i++)
		batch_free(s->chunk[i]);
	mem_free(s->chunk);
	s->chunk = NULL;
	s->n_chunks = s->n_records = s->octets = 0;
	s->appending = false;
}

void
sort_free(struct sorter *s)
{
	if (s == NULL)
		return;
	free_chunks(s);
	spill_free(&s->spill);
	mem_free(s->idx);
	mem_free(s);
}

unsigned
sort_runs(const struct sorter *s)
{
	return s->n_runs;
}

/* Adding ------------------------------------------------------------------------------------ */

static struct batch *
new_chunk(struct sorter *s)
{
	if (s->appending)
		batch_close(s->chunk[s->n_chunks - 1]);
	s->chunk = mem_resize(s->chunk, s->n_chunks + 1, sizeof(*s->chunk));
	s->appending = true;
	return s->chunk[s->n_chunks++] = batch_new();
}

static int
append(struct sorter *s, struct batch *b, const uint32_t *idx, size_t n, struct err *err)
{
	struct batch *to = s->appending ? s->chunk[s->n_chunks - 1] : new_chunk(s);
	size_t before;

	if (to->n > 0 && (to->n + n > BATCH_RECORDS || batch_octets(to) > BATCH_OCTETS / 2))
		to = new_chunk(s);
	before = batch_octets(to);
	if (batch_append(to, b, idx, n) < 0) {
		to = new_chunk(s);
		before = 0;
		if (batch_append(to, b, idx, n) < 0)
			return err_set(err, "records with too many columns to sort");
	}
	s->octets += batch_octets(to) - before;
	s->n_records += n;
	return 0;
}

/* Records that may be among the few, of those in idx. */
static size_t
pass_bar(struct sorter *s, struct batch *b, uint32_t *idx, size_t n)
{
	struct order_columns cols;
	const struct column *c;
	size_t kept = 0;
	bool ties = s->n_keys > 1 || !order_exact(s->bar_type);

	order_bind(&cols, s->keys, 1, b);
	c = cols.col[0];
	if (c != NULL && c->type != s->bar_type)
		return n;
	for (size_t i = 0; i < n; i++) {
		uint64_t key;
		enum order_class class = order_key(&s->keys[0], c, s->bar_type, idx[i], &key);
		bool before = class < s->bar_class || (class == s->bar_class && key < s->bar_key);

		idx[kept] = idx[i];
		kept += before || (ties && class == s->bar_class && key == s->bar_key);
	}
	return kept;
}

/* All records in memory, in order. */
static struct ref *
sorted_refs(struct sorter *s, struct order *o)
{
	struct ref *r = mem_alloc((s->n_records + 1) * sizeof(*r));
	struct order_columns *cols = mem_alloc((s->n_chunks + 1) * sizeof(*cols));
	size_t n = 0;

	if (s->appending)
		batch_close(s->chunk[s->n_chunks - 1]);
	for (uint32_t i = 0; i < s->n_chunks; i++) {
		order_bind(&cols[i], s->keys, s->n_keys, s->chunk[i]);
		for (uint32_t k = 0; k < s->chunk[i]->n; k++)
			r[n++] = (struct ref){ .chunk = i, .rec = k };
	}
	s->appending = false;
	order_init(o, s->keys, s->n_keys, cols, s->n_chunks);
	order_sort(o, r, n);
	return r;
}

struct keep {
	struct batch **chunk;
	size_t n;
};

static bool
keep_batch(void *ctx, struct batch *b)
{
	struct keep *k = ctx;

	k->chunk = mem_resize(k->chunk, k->n + 1, sizeof(*k->chunk));
	k->chunk[k->n] = batch_new();
	(void)batch_append(k->chunk[k->n], b, NULL, b->n);
	batch_close(k->chunk[k->n++]);
	return true;
}

/* Only the first `limit` records so far can be among those handed out. */
static void
prune(struct sorter *s)
{
	struct order o;
	struct ref *r = sorted_refs(s, &o), *last = &r[s->limit - 1];
	struct keep kept = { 0 };
	size_t octets = 0;

	s->barred = o.type[0] != TYPE_NONE;
	s->bar_type = o.type[0];
	s->bar_class =
	    order_key(&s->keys[0], o.chunk[last->chunk].col[0], o.type[0], last->rec, &s->bar_key);
	(void)gather_refs(s->chunk, s->n_chunks, r, s->limit, 0, keep_batch, &kept);
	mem_free(r);
	mem_free((void *)o.chunk);
	free_chunks(s);
	s->chunk = kept.chunk;
	s->n_chunks = kept.n;
	s->n_records = s->limit;
	for (size_t i = 0; i < kept.n; i++)
		octets += batch_octets(kept.chunk[i]);
	s->octets = octets;
}

struct run_writer {
	struct sorter *s;
	struct err *err;
	struct buf buf;
	int rc;
};

static bool
write_piece(void *ctx, struct batch *b)
{
	struct run_writer *w = ctx;

	w->buf.len = 0;
	spill_save_batch(&w->buf, b);
	w->rc =
	    spill_write(&w->s->spill, w->s->n_runs, w->buf.data, w->buf.len, w->s->tmpdir, w->err);
	return w->rc == 0;
}

/* What is in memory becomes a run on disk. */
static int
write_run(struct sorter *s, struct err *err)
{
	struct run_writer w = { .s = s, .err = err };
	struct order o;
	struct ref *r = sorted_refs(s, &o);

	(void)gather_refs(s->chunk, s->n_chunks, r, s->n_records, RUN_RECORDS, write_piece, &w);
	mem_free(r);
	mem_free((void *)o.chunk);
	buf_free(&w.buf);
	free_chunks(s);
	s->n_runs++;
	return w.rc;
}

int
sort_add(struct sorter *s, struct batch *b, const uint64_t *sel, struct err *err)
{
	size_t n = b->n;

	if (s->idx_cap < b->n + 64) {
		mem_free(s->idx);
		s->idx_cap = b->n + 64;
		s->idx = mem_alloc(s->idx_cap * sizeof(*s->idx));
	}
	if (sel != NULL)
		n = bits_indexes(sel, b->n, s->idx);
	else
		for (uint32_t i = 0; i < b->n; i++)
			s->idx[i] = i;
	if (s->barred)
		n = pass_bar(s, b, s->idx, n);
	for (size_t i = 0; i < n; i += BATCH_RECORDS)
		if (append(s, b, s->idx + i, n - i < BATCH_RECORDS ? n - i : BATCH_RECORDS, err) <
		    0)
			return -1;
	if (s->n_keys > 0 && s->limit < SIZE_MAX / 2 && s->n_records >= s->limit * 2 &&
	    s->n_records >= s->limit + PRUNE)
		prune(s);
	if (s->octets + s->n_records * REF_OCTETS > s->memory)
		return write_run(s, err);
	return 0;
}

/* Merging runs ---------------------------------------------------------------------------------- */

/* The piece of a run that is read; live[at] holds its batch. */
struct head {
	struct order_columns cols;
	size_t piece, rec;
	uint32_t run, at;
};

struct merger {
	struct sorter *s;
	struct head *head; /* a heap, the first record on top */
	size_t n_heads;
	struct batch **live; /* pieces that heads or refs name */
	size_t n_live;
	struct ref *ref;
	size_t n_refs;
	struct buf buf;
	struct err *err;
};

static bool
head_before(const struct merger *m, const struct head *a, const struct head *b)
{
	int order = order_compare(m->s->keys, m->s->n_keys, 0, &a->cols, a->rec, &b->cols, b->rec);

	return order < 0 || (order == 0 && a->run < b->run);
}

static void
sift_down(struct merger *m, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct head swap;

		if (child >= m->n_heads)
			return;
		if (child + 1 < m->n_heads && head_before(m, &m->head[child + 1], &m->head[child]))
			child++;
		if (!head_before(m, &m->head[child], &m->head[i]))
			return;
		swap = m->head[i];
		m->head[i] = m->head[child];
		m->head[child] = swap;
		i = child;
	}
}

/* Read the next piece of a head's run: 1, 0 there is none, -1 err. */
static int
next_piece(struct merger *m, struct head *h)
{
	struct batch *b;

	if (h->piece == spill_extents(&m->s->spill, h->run))
		return 0;
	if (spill_read(&m->s->spill, h->run, h->piece++, &m->buf, m->err) < 0)
		return -1;
	b = batch_new();
	m->live = mem_resize(m->live, m->n_live + 1, sizeof(*m->live));
	h->at = (uint32_t)m->n_live;
	m->live[m->n_live++] = b;
	if (spill_load_batch(&m->buf, b, m->err) < 0)
		return -1;
	h->rec = 0;
	order_bind(&h->cols, m->s->keys, m->s->n_keys, b);
	return 1;
}

/* Hand out the records merged so far and forget the pieces that are used up. */
static bool
flush_refs(struct merger *m, bool (*fn)(void *ctx, struct batch *), void *ctx)
{
	bool more = gather_refs(m->live, m->n_live, m->ref, m->n_refs, 0, fn, ctx);
	size_t n = 0;

	for (size_t i = 0; i < m->n_live; i++) {
		struct head *owner = NULL;

		for (size_t k = 0; k < m->n_heads; k++)
			if (m->head[k].at == i)
				owner = &m->head[k];
		if (owner == NULL) {
			batch_free(m->live[i]);
			continue;
		}
		m->live[n] = m->live[i];
		owner->at = (uint32_t)n++;
	}
	m->n_live = n;
	m->n_refs = 0;
	return more;
}

static int
merge_loop(struct merger *m, bool (*fn)(void *ctx, struct batch *), void *ctx)
{
	uint64_t left = m->s->limit;

	while (m->n_heads > 0 && left-- > 0) {
		struct head *h = &m->head[0];

		m->ref[m->n_refs++] = (struct ref){ .chunk = h->at, .rec = (uint32_t)h->rec };
		if (++h->rec == m->live[h->at]->n) {
			int rc = next_piece(m, h);

			if (rc < 0)
				return -1;
			if (rc == 0)
				*h = m->head[--m->n_heads];
		}
		sift_down(m, 0);
		if (m->n_refs == BATCH_RECORDS && !flush_refs(m, fn, ctx))
			return 0;
	}
	(void)flush_refs(m, fn, ctx);
	return 0;
}

static int
merge_runs(struct sorter *s, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	struct merger m = { .s = s, .err = err };
	int rc = 0;

	m.head = mem_zero(s->n_runs, sizeof(*m.head));
	m.ref = mem_alloc(BATCH_RECORDS * sizeof(*m.ref));
	for (uint32_t i = 0; i < s->n_runs && rc >= 0; i++) {
		m.head[m.n_heads].run = i;
		rc = next_piece(&m, &m.head[m.n_heads]);
		m.n_heads += rc == 1;
	}
	for (size_t i = m.n_heads / 2; i-- > 0;)
		sift_down(&m, i);
	if (rc >= 0)
		rc = merge_loop(&m, fn, ctx);
	for (size_t i = 0; i < m.n_live; i++)
		batch_free(m.live[i]);
	mem_free(m.live);
	mem_free(m.head);
	mem_free(m.ref);
	buf_free(&m.buf);
	return rc < 0 ? -1 : 0;
}

int
sort_finish(struct sorter *s, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	struct order o;
	struct ref *r;

	if (s->n_runs > 0) {
		if (s->n_records > 0 && write_run(s, err) < 0)
			return -1;
		return merge_runs(s, fn, ctx, err);
	}
	r = sorted_refs(s, &o);
	(void)gather_refs(s->chunk, s->n_chunks, r,
	    s->n_records < s->limit ? s->n_records : s->limit, 0, fn, ctx);
	mem_free(r);
	mem_free((void *)o.chunk);
	free_chunks(s);
	return 0;
}
