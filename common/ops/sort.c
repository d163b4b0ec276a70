#include "ops/sort.h"

#include "base/ordered.h"
#include "ops/gather.h"
#include "ops/runs.h"

/*
 * JOIN: parts of fewer records become one chunk.  PRUNE: a sort of a few looks again after so many more records.
 * ALONE: fewer records are ordered sooner than a thread has started.  SORTING: octets a record while it is sorted,
 * beside its own: two words and its class; later its number twice and a window.
 */
enum { JOIN = 8192, PRUNE = 512, ALONE = 1 << 16, SORTING = 17 };

struct sort_part {
	struct sorter *s;
	struct chunk *chunk;
	size_t n;
	/* A sort of a few: those of all records, chosen or not; else NULL. */
	struct batch *columns;
};

struct sorter {
	const struct sort_key *keys;
	size_t n_keys;
	uint64_t limit, memory;
	const char *tmpdir;
	unsigned threads;
	const struct field_list *only;

	struct slabs *slabs;
	struct chunk *chunk;
	size_t n_chunks, cap_chunks, n_records, octets;
	bool joining; /* the last chunk is open */

	/*
	 * A sort of a few has the columns of all records so far, chosen or not: who is chosen when must not decide on
	 * them.
	 */
	struct batch *columns;

	/* A sort of a few: no record behind the bar can be among them.  Other threads read it, under the lock. */
	struct ordered_lock *lock;
	struct bar {
		bool set;
		enum type type;
		enum order_class class;
		uint64_t key;
	} bar;

	/* The result. */
	struct order order;
	size_t *first;
	struct sorted sorted;
	struct gather *gather;
	struct runs *runs; /* NULL: all is in memory */
};

struct sorter *
sort_new(const struct sort_key *keys, size_t n, uint64_t limit, uint64_t memory, const char *tmpdir)
{
	struct sorter *s = mem_zero(1, sizeof(*s));

	s->keys = keys;
	s->n_keys = n;
	s->limit = limit;
	s->memory = memory;
	s->tmpdir = tmpdir;
	s->threads = 1;
	s->slabs = slabs_new();
	s->lock = ordered_lock_new();
	if (n > 0 && limit != UINT64_MAX)
		s->columns = batch_new();
	return s;
}

static void
free_order(struct sorter *s)
{
	gather_free(s->gather);
	s->gather = NULL;
	sorted_free(&s->sorted);
	mem_free(s->first);
	mem_free((void *)s->order.chunk);
	s->first = NULL;
	s->order.chunk = NULL;
}

static void
free_chunks(struct sorter *s)
{
	free_order(s);
	for (size_t i = 0; i < s->n_chunks; i++)
		chunk_free(&s->chunk[i], s->slabs);
	s->n_chunks = s->n_records = s->octets = 0;
	s->joining = false;
}

void
sort_free(struct sorter *s)
{
	if (s == NULL)
		return;
	free_chunks(s);
	mem_free(s->chunk);
	runs_free(s->runs);
	batch_free(s->columns);
	slabs_free(s->slabs);
	ordered_lock_free(s->lock);
	mem_free(s);
}

void
sort_threads(struct sorter *s, unsigned threads)
{
	s->threads = threads;
}

void
sort_only(struct sorter *s, const struct field_list *list)
{
	s->only = list;
}

unsigned
sort_runs(const struct sorter *s)
{
	return s->runs == NULL ? 0 : runs_count(s->runs);
}

/* Preparing ------------------------------------------------------------------------------------- */

static bool
is_key(const struct sorter *s, const struct field_id *id)
{
	for (size_t i = 0; i < s->n_keys; i++)
		if (field_reads(&s->keys[i].field, id))
			return true;
	return false;
}

static bool
is_wanted(const struct sorter *s, const struct field_id *id)
{
	if (s->only == NULL)
		return true;
	for (size_t i = 0; i < s->only->n; i++)
		if (field_reads(&s->only->fields[i], id))
			return true;
	/* names are those of a record's own exporter and domain */
	return is_key(s, id) ||
	       (id->pen == PEN_OWN && (id->id == OWN_EXPORTER || id->id == OWN_DOMAIN));
}

static bool
takes_column(const struct sorter *s, const struct column *c)
{
	return !(c->flags & COLUMN_EMPTY) && is_wanted(s, &c->id);
}

/* Columns as those of another batch; where types differ the first one's stays. */
static void
add_columns(struct batch *to, const struct sorter *s, const struct batch *from)
{
	for (unsigned i = 0; i < from->n_cols; i++) {
		const struct column *c = &from->col[i];
		int col = !takes_column(s, c) ? -1
					      : batch_column(to, &c->id, (enum type)c->type,
						    c->width, c->flags & COLUMN_SCOPE);

		if (col >= 0)
			batch_precision(to, (unsigned)col, c->scale);
	}
}

static void
add_chunk(struct sort_part *p, struct batch *b, const uint32_t *idx, size_t n)
{
	struct sorter *s = p->s;
	bool takes[b->n_cols + 1], keys[b->n_cols + 1];
	struct chunk *c;

	for (unsigned i = 0; i < b->n_cols; i++) {
		takes[i] = takes_column(s, &b->col[i]);
		keys[i] = takes[i] && is_key(s, &b->col[i].id);
	}
	p->chunk = mem_resize(p->chunk, p->n + 1, sizeof(*p->chunk));
	c = &p->chunk[p->n++];
	if (n < JOIN || s->limit != UINT64_MAX) {
		chunk_copy(c, b, idx, n, takes);
		chunk_close(c);
	} else {
		chunk_pack(c, s->slabs, b, idx, n, takes, keys);
	}
}

/* May some record of the batch stand before the bar, as far as its columns' ranges say? */
static bool
reaches_bar(const struct sorter *s, const struct batch *b, int col, const struct bar *bar)
{
	const struct column *c = col < 0 ? NULL : &b->col[col];
	uint64_t best;

	if (c == NULL || c->type != bar->type || bar->class != ORDER_VALUE ||
	    !order_exact(bar->type) || (c->flags & (COLUMN_ZONE | COLUMN_TRUNCATED)) != COLUMN_ZONE)
		return true;
	best = s->keys[0].ascending ? c->min : ~c->max;
	return best < bar->key || (best == bar->key && s->n_keys > 1);
}

static void
sift_down(uint64_t *heap, size_t n, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		uint64_t swap = heap[i];

		if (child >= n)
			return;
		child += child + 1 < n && heap[child + 1] > heap[child];
		if (heap[child] <= swap)
			return;
		heap[i] = heap[child];
		heap[child] = swap;
		i = child;
	}
}

/*
 * Of n keys the `few`th from below: those above it cannot be among so few.  Records are often in order of time: from
 * the end on where keys are low, the others need only be looked at.
 */
static uint64_t
key_of_few(const uint64_t *key, const uint32_t *idx, size_t n, size_t few)
{
	bool from_end = key[idx[n - 1]] < key[idx[0]];
	const uint32_t *first = from_end ? idx + n - few : idx, *rest = from_end ? idx : idx + few;
	uint64_t *heap = mem_alloc(few * sizeof(*heap)), top;

	for (size_t i = 0; i < few; i++)
		heap[i] = key[first[i]];
	for (size_t i = few / 2; i-- > 0;)
		sift_down(heap, few, i);
	for (size_t i = 0; i < n - few; i++) {
		uint64_t k = key[rest[from_end ? n - few - 1 - i : i]];

		if (k >= heap[0])
			continue;
		heap[0] = k;
		sift_down(heap, few, 0);
	}
	top = heap[0];
	mem_free(heap);
	return top;
}

/* The records of idx that the bar lets through, in front of idx; how many.  ties: also those whose key is the bar's. */
static size_t
pass_bar(const struct bar *bar, bool ties, const uint64_t *key, const uint8_t *class, uint32_t *idx,
    size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t rec = idx[i];
		uint64_t k = class[rec] == ORDER_VALUE ? key[rec] : 0;

		idx[kept] = idx[i];
		kept += class[rec] < bar->class ||
			(class[rec] == bar->class && (ties ? k <= bar->key : k < bar->key));
	}
	return kept;
}

/* The records of idx that may be among the first few, in front of idx; how many. */
static size_t
keep_few(struct sorter *s, struct batch *b, uint32_t *idx, size_t n)
{
	uint64_t *key, top = UINT64_MAX;
	uint8_t *class;
	struct bar bar;
	int col = batch_resolve(b, &s->keys[0].field);
	const struct column *c;
	enum type type;
	size_t kept = 0;

	if (s->limit == 0)
		return 0;
	ordered_lock(s->lock);
	bar = s->bar;
	ordered_unlock(s->lock);
	if (bar.set && !reaches_bar(s, b, col, &bar))
		return 0;
	c = col < 0 ? NULL : batch_plain(b, (unsigned)col);
	type = c == NULL ? TYPE_UINT : (enum type)c->type;
	bar.set = bar.set && (c == NULL || type == bar.type);
	key = mem_alloc((b->n + 1) * sizeof(*key));
	class = mem_alloc(b->n + 1);
	if (!order_keys(&s->keys[0], c, type, b->n, key, class))
		for (size_t i = 0; i < b->n; i++)
			key[i] = class[i] == ORDER_VALUE ? key[i] : UINT64_MAX;
	if (bar.set)
		n = pass_bar(&bar, s->n_keys > 1 || !order_exact(type), key, class, idx, n);
	if (s->limit < n)
		top = key_of_few(key, idx, n, (size_t)s->limit);
	for (size_t i = 0; i < n; i++) {
		idx[kept] = idx[i];
		kept += key[idx[i]] <= top;
	}
	mem_free(key);
	mem_free(class);
	return kept;
}

/* Of n records those of set bits (NULL: all). */
static uint32_t *
indexes(const uint64_t *sel, size_t n)
{
	uint32_t *idx = mem_alloc((n + 64) * sizeof(*idx));

	if (sel != NULL)
		(void)bits_indexes(sel, n, idx);
	for (uint32_t i = 0; sel == NULL && i < n; i++)
		idx[i] = i;
	return idx;
}

static bool
wants_few(const struct sorter *s)
{
	return s->n_keys > 0 && s->limit != UINT64_MAX;
}

size_t
sort_choose(struct sorter *s, struct batch *b, uint64_t *sel, size_t n)
{
	uint32_t *idx;

	if (!wants_few(s))
		return n;
	idx = indexes(sel, b->n);
	n = keep_few(s, b, idx, n);
	memset(sel, 0, bits_words(b->n) * sizeof(*sel));
	for (size_t i = 0; i < n; i++)
		bits_set(sel, idx[i]);
	mem_free(idx);
	return n;
}

struct sort_part *
sort_prepare(struct sorter *s, struct batch *b, const uint64_t *sel)
{
	size_t n = sel ? bits_count(sel, b->n) : b->n;
	struct sort_part *p;
	uint32_t *idx;

	if (n == 0 && !wants_few(s))
		return NULL;
	idx = n == b->n && n <= BATCH_RECORDS ? NULL : indexes(sel, b->n);
	p = mem_zero(1, sizeof(*p));
	p->s = s;
	if (wants_few(s)) {
		p->columns = batch_new();
		add_columns(p->columns, s, b);
	}
	for (size_t i = 0; i < n; i += BATCH_RECORDS)
		add_chunk(
		    p, b, idx ? idx + i : NULL, n - i < BATCH_RECORDS ? n - i : BATCH_RECORDS);
	mem_free(idx);
	return p;
}

void
sort_drop(struct sort_part *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		chunk_free(&p->chunk[i], p->s->slabs);
	mem_free(p->chunk);
	batch_free(p->columns);
	mem_free(p);
}

/* Taking ---------------------------------------------------------------------------------------- */

static void
close_last(struct sorter *s)
{
	if (s->joining)
		chunk_close(&s->chunk[s->n_chunks - 1]);
	s->joining = false;
}

static void
push_chunk(struct sorter *s, struct chunk *c)
{
	close_last(s);
	if (s->n_chunks == s->cap_chunks) {
		s->cap_chunks = s->cap_chunks ? 2 * s->cap_chunks : 64;
		s->chunk = mem_resize(s->chunk, s->cap_chunks, sizeof(*s->chunk));
	}
	s->chunk[s->n_chunks++] = *c;
	s->joining = c->slab == NULL;
	s->octets += c->octets;
}

/* A part of few records behind those that the last chunk has.  false: it needs a chunk of its own. */
static bool
join_chunk(struct sorter *s, struct chunk *c)
{
	struct chunk *to = s->n_chunks == 0 ? NULL : &s->chunk[s->n_chunks - 1];
	size_t before;

	if (to == NULL || !s->joining || c->slab != NULL || to->n + c->n > BATCH_RECORDS ||
	    to->octets > BATCH_OCTETS / 2)
		return false;
	before = to->octets;
	if (!chunk_join(to, c))
		return false;
	s->octets += to->octets - before;
	chunk_free(c, s->slabs);
	return true;
}

/* Its records and memory are the sorter's now. */
static void
take_chunks(struct sorter *s, struct sort_part *p)
{
	for (size_t i = 0; i < p->n; i++) {
		s->n_records += p->chunk[i].n;
		if (!join_chunk(s, &p->chunk[i]))
			push_chunk(s, &p->chunk[i]);
	}
	mem_free(p->chunk);
}

static unsigned
threads_of(const struct sorter *s)
{
	return s->n_records < ALONE ? 1 : s->threads;
}

/* All records in memory into order. */
static void
order_chunks(struct sorter *s)
{
	struct order_columns *cols = mem_alloc((s->n_chunks + 1) * sizeof(*cols));

	close_last(s);
	s->first = mem_alloc((s->n_chunks + 1) * sizeof(*s->first));
	s->first[0] = 0;
	for (size_t i = 0; i < s->n_chunks; i++) {
		order_bind(&cols[i], s->keys, s->n_keys, s->chunk[i].b);
		s->first[i + 1] = s->first[i] + s->chunk[i].n;
	}
	order_init(&s->order, s->keys, s->n_keys, cols, s->first, s->n_chunks, threads_of(s));
	order_sort(&s->order, &s->sorted);
}

/* The first n of them by windows. */
static void
start_gather(struct sorter *s, size_t n, size_t most)
{
	struct gather_input in = { .chunk = s->chunk,
		.first = s->first,
		.n_chunks = s->n_chunks,
		.order = s->sorted.ids,
		.n = n,
		.record = s->sorted.room,
		.window = s->sorted.spare,
		.memory = s->sorted.size,
		.most = most,
		.threads = threads_of(s),
		.keys = s->keys,
		.n_keys = s->n_keys,
		.columns = s->columns };

	s->gather = gather_new(&in);
}

/* Only the first `limit` records so far can be among those handed out. */
static void
prune(struct sorter *s)
{
	struct sort_part kept = { .s = s };
	struct bar bar = { .set = true };
	uint32_t last;
	size_t blocks;

	order_chunks(s);
	last = s->sorted.ids[s->limit - 1];
	bar.type = s->order.type[0];
	bar.set = bar.type != TYPE_NONE;
	bar.class = order_key(&s->keys[0], s->order.chunk[order_chunk(last)].col[0], bar.type,
	    order_record(last), &bar.key);
	start_gather(s, (size_t)s->limit, BATCH_RECORDS);
	while ((blocks = gather_window(s->gather)) > 0) {
		for (size_t i = 0; i < blocks; i++) {
			struct batch *b = batch_new();

			gather_block(s->gather, i, b);
			add_chunk(&kept, b, NULL, b->n);
			batch_free(b);
		}
	}
	free_chunks(s);
	take_chunks(s, &kept);
	ordered_lock(s->lock);
	s->bar = bar;
	ordered_unlock(s->lock);
}

/* What is in memory becomes a run on disk. */
static int
write_run(struct sorter *s, struct err *err)
{
	struct batch *b = batch_new();
	size_t blocks, n;
	int rc = 0;

	if (s->runs == NULL)
		s->runs = runs_new(s->keys, s->n_keys, s->tmpdir);
	order_chunks(s);
	n = s->n_records < s->limit ? s->n_records : (size_t)s->limit;
	start_gather(s, n, RUN_RECORDS);
	runs_begin(s->runs, s->order.type[0]);
	while (rc == 0 && (blocks = gather_window(s->gather)) > 0) {
		for (size_t i = 0; i < blocks && rc == 0; i++) {
			gather_block(s->gather, i, b);
			rc = runs_write(s->runs, b, err);
		}
	}
	batch_free(b);
	free_chunks(s);
	return rc;
}

int
sort_take(struct sorter *s, struct sort_part *p, struct err *err)
{
	if (p == NULL)
		return 0;
	take_chunks(s, p);
	if (p->columns != NULL)
		add_columns(s->columns, s, p->columns);
	batch_free(p->columns);
	mem_free(p);
	if (s->n_keys > 0 && s->limit < SIZE_MAX / 2 && s->n_records >= s->limit * 2 &&
	    s->n_records >= s->limit + PRUNE)
		prune(s);
	if (s->octets + s->n_records * SORTING > s->memory ||
	    s->n_chunks + BATCH_RECORDS_MAX / BATCH_RECORDS >= ORDER_CHUNKS_MAX)
		return write_run(s, err);
	return 0;
}

int
sort_add(struct sorter *s, struct batch *b, const uint64_t *sel, struct err *err)
{
	uint64_t *few;
	int rc;

	if (!wants_few(s))
		return sort_take(s, sort_prepare(s, b, sel), err);
	few = mem_alloc(bits_words(b->n) * sizeof(*few));
	if (sel != NULL)
		memcpy(few, sel, bits_words(b->n) * sizeof(*few));
	else
		bits_fill(few, b->n);
	(void)sort_choose(s, b, few, bits_count(few, b->n));
	rc = sort_take(s, sort_prepare(s, b, few), err);
	mem_free(few);
	return rc;
}

/* Handing out ----------------------------------------------------------------------------------- */

int
sort_order(struct sorter *s, struct err *err)
{
	if (s->runs != NULL) {
		if (s->n_records > 0 && write_run(s, err) < 0)
			return -1;
		runs_columns(s->runs, s->columns);
		return runs_merge(s->runs, s->limit, s->memory, s->threads, err);
	}
	order_chunks(s);
	start_gather(s, s->n_records < s->limit ? s->n_records : (size_t)s->limit, BATCH_RECORDS);
	return 0;
}

int
sort_window(struct sorter *s, size_t *blocks, struct err *err)
{
	if (s->runs != NULL)
		return runs_window(s->runs, blocks, err);
	*blocks = gather_window(s->gather);
	return 0;
}

void
sort_block(const struct sorter *s, size_t i, struct batch *out)
{
	gather_block(s->runs != NULL ? runs_gather(s->runs) : s->gather, i, out);
}

int
sort_finish(struct sorter *s, bool (*fn)(void *ctx, struct batch *), void *ctx, struct err *err)
{
	struct batch *b = batch_new();
	size_t blocks = 0;
	bool more = true;
	int rc = sort_order(s, err);

	while (rc == 0 && more) {
		rc = sort_window(s, &blocks, err);
		if (rc != 0 || blocks == 0)
			break;
		for (size_t i = 0; i < blocks && more; i++) {
			sort_block(s, i, b);
			more = fn(ctx, b);
		}
	}
	batch_free(b);
	return rc;
}
