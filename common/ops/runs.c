#include "ops/runs.h"

#include "ops/spill.h"

/* Records merged before they are handed out, and runs merged at once: at least so many, at most so many. */
enum { WINDOW_RECORDS = 8 * BATCH_RECORDS, FAN_LEAST = 16, FAN_MOST = 4096 };

/* A piece that is read. */
struct piece {
	struct chunk chunk;
	struct order_columns cols;
	uint64_t *key; /* of the first key, and its class */
	uint8_t *class;
};

/* Where the merge stands in a run. */
struct head {
	struct piece *piece;
	size_t next, rec; /* piece to read next; record of this one */
	uint32_t run, at; /* at: of the window's pieces */
};

struct runs {
	const struct sort_key *keys;
	size_t n_keys;
	const char *tmpdir;
	struct spill spill;
	unsigned n;
	enum type type; /* of the first key in all runs; TYPE_NONE: they differ */
	uint64_t records, pieces;

	uint64_t left;
	size_t most; /* records of a block */
	size_t window; /* records of a window */
	unsigned threads;
	const struct batch *columns;
	struct head *head, **heap; /* the first record on top */
	size_t n_heap;
	struct piece **live; /* of the window */
	size_t n_live;
	struct buf buf;

	/* The window. */
	uint32_t *ids;
	size_t n_ids, *first;
	struct chunk *chunk;
	struct gather *gather;
};

struct runs *
runs_new(const struct sort_key *keys, size_t n_keys, const char *tmpdir)
{
	struct runs *r = mem_zero(1, sizeof(*r));

	r->keys = keys;
	r->n_keys = n_keys;
	r->tmpdir = tmpdir;
	return r;
}

void
runs_columns(struct runs *r, const struct batch *columns)
{
	r->columns = columns;
}

static void
free_piece(struct piece *p)
{
	chunk_free(&p->chunk, NULL);
	mem_free(p->key);
	mem_free(p->class);
	mem_free(p);
}

static void
free_window(struct runs *r)
{
	gather_free(r->gather);
	mem_free(r->chunk);
	mem_free(r->first);
	r->gather = NULL;
	r->chunk = NULL;
	r->first = NULL;
}

void
runs_free(struct runs *r)
{
	if (r == NULL)
		return;
	free_window(r);
	for (size_t i = 0; i < r->n_live; i++)
		free_piece(r->live[i]);
	spill_free(&r->spill);
	mem_free((void *)r->live);
	mem_free((void *)r->heap);
	mem_free(r->head);
	mem_free(r->ids);
	buf_free(&r->buf);
	mem_free(r);
}

void
runs_begin(struct runs *r, enum type type)
{
	r->type = r->n == 0 || r->type == type ? type : TYPE_NONE;
	r->n++;
}

int
runs_write(struct runs *r, struct batch *b, struct err *err)
{
	r->buf.len = 0;
	r->records += b->n;
	r->pieces++;
	spill_save_batch(&r->buf, b);
	return spill_write(&r->spill, r->n - 1, r->buf.data, r->buf.len, r->tmpdir, err);
}

unsigned
runs_count(const struct runs *r)
{
	return r->n;
}

/* Merging --------------------------------------------------------------------------------------- */

static bool
head_before(const struct runs *r, const struct head *a, const struct head *b)
{
	const struct piece *p = a->piece, *q = b->piece;
	int order;

	if (p->class[a->rec] != q->class[b->rec])
		return p->class[a->rec] < q->class[b->rec];
	if (p->key[a->rec] != q->key[b->rec])
		return p->key[a->rec] < q->key[b->rec];
	order = order_compare(r->keys, r->n_keys, 0, &p->cols, a->rec, &q->cols, b->rec);
	return order < 0 || (order == 0 && a->run < b->run);
}

static void
sift_down(struct runs *r, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1;
		struct head *swap = r->heap[i];

		if (child >= r->n_heap)
			return;
		if (child + 1 < r->n_heap && head_before(r, r->heap[child + 1], r->heap[child]))
			child++;
		if (!head_before(r, r->heap[child], swap))
			return;
		r->heap[i] = r->heap[child];
		r->heap[child] = swap;
		i = child;
	}
}

/* Keys of the first field: where its type differs between runs all are alike, and compared in full. */
static void
piece_keys(const struct runs *r, struct piece *p)
{
	size_t n = p->chunk.b->n;

	p->key = mem_zero(n + 1, sizeof(*p->key));
	p->class = mem_zero(n + 1, 1);
	order_bind(&p->cols, r->keys, r->n_keys, p->chunk.b);
	if (r->n_keys > 0 && r->type != TYPE_NONE)
		(void)order_keys(&r->keys[0], p->cols.col[0], r->type, n, p->key, p->class);
}

static void
add_live(struct runs *r, struct head *h)
{
	r->live = mem_resize((void *)r->live, r->n_live + 1, sizeof(*r->live));
	h->at = (uint32_t)r->n_live;
	r->live[r->n_live++] = h->piece;
}

/* Read the next piece of a head's run: 1, 0 there is none, -1 err. */
static int
next_piece(struct runs *r, struct head *h, struct err *err)
{
	struct piece *p;
	struct batch *b;

	if (h->next == spill_extents(&r->spill, h->run))
		return 0;
	if (spill_read(&r->spill, h->run, h->next++, &r->buf, err) < 0)
		return -1;
	p = mem_zero(1, sizeof(*p));
	p->chunk.b = b = batch_new();
	h->piece = p;
	h->rec = 0;
	add_live(r, h);
	if (spill_load_batch(&r->buf, b, err) < 0)
		return -1;
	chunk_of(&p->chunk, b);
	piece_keys(r, p);
	return 1;
}

/* Forget the pieces that are used up. */
static void
drop_pieces(struct runs *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_live; i++) {
		struct head *owner = NULL;

		for (size_t k = 0; k < r->n_heap; k++)
			if (r->heap[k]->piece == r->live[i])
				owner = r->heap[k];
		if (owner == NULL) {
			free_piece(r->live[i]);
			continue;
		}
		r->live[n] = r->live[i];
		owner->at = (uint32_t)n++;
	}
	r->n_live = n;
}

static int
merge_window(struct runs *r, struct err *err)
{
	while (
	    r->n_heap > 0 && r->left > 0 && r->n_ids < r->window && r->n_live < ORDER_CHUNKS_MAX) {
		struct head *h = r->heap[0];

		r->ids[r->n_ids++] = order_id(h->at, h->rec);
		r->left--;
		if (++h->rec == h->piece->chunk.b->n) {
			int rc = next_piece(r, h, err);

			if (rc < 0)
				return -1;
			if (rc == 0)
				r->heap[0] = r->heap[--r->n_heap];
		}
		sift_down(r, 0);
	}
	return 0;
}

int
runs_window(struct runs *r, size_t *blocks, struct err *err)
{
	struct gather_input in = { .memory = SIZE_MAX,
		.most = r->most,
		.threads = r->threads,
		.keys = r->keys,
		.n_keys = r->n_keys,
		.columns = r->columns };

	if (r->gather != NULL && (*blocks = gather_window(r->gather)) > 0)
		return 0;
	free_window(r);
	drop_pieces(r);
	r->n_ids = 0;
	if (merge_window(r, err) != 0)
		return -1;
	*blocks = 0;
	if (r->n_ids == 0)
		return 0;
	r->chunk = mem_alloc((r->n_live + 1) * sizeof(*r->chunk));
	r->first = mem_alloc((r->n_live + 1) * sizeof(*r->first));
	r->first[0] = 0;
	for (size_t i = 0; i < r->n_live; i++) {
		r->chunk[i] = r->live[i]->chunk;
		r->first[i + 1] = r->first[i] + r->chunk[i].b->n;
	}
	in.chunk = r->chunk;
	in.first = r->first;
	in.n_chunks = r->n_live;
	in.order = r->ids;
	in.n = r->n_ids;
	r->gather = gather_new(&in);
	*blocks = gather_window(r->gather);
	return 0;
}

/* Merge runs [first, first + n), as many records as `limit`, into windows. */
static int
begin(struct runs *r, unsigned first, unsigned n, uint64_t limit, struct err *err)
{
	r->left = limit;
	r->n_heap = 0;
	for (uint32_t i = 0; i < n; i++) {
		int rc;

		r->head[i] = (struct head){ .run = first + i };
		rc = next_piece(r, &r->head[i], err);
		if (rc < 0)
			return -1;
		r->heap[r->n_heap] = &r->head[i];
		r->n_heap += rc == 1;
	}
	for (size_t i = r->n_heap / 2; i-- > 0;)
		sift_down(r, i);
	return 0;
}

/* All windows of a merge become a run of `to`. */
static int
merge_into(struct runs *to, struct runs *r, struct err *err)
{
	struct batch *b = batch_new();
	size_t blocks;
	int rc;

	runs_begin(to, r->type);
	while ((rc = runs_window(r, &blocks, err)) == 0 && blocks > 0)
		for (size_t i = 0; i < blocks && rc == 0; i++) {
			gather_block(r->gather, i, b);
			rc = runs_write(to, b, err);
		}
	batch_free(b);
	r->n_heap = 0; /* those beyond the limit */
	drop_pieces(r);
	return rc;
}

/* Runs that stand beside each other become one, `fan` at a time. */
static int
merge_pass(struct runs *r, unsigned fan, uint64_t limit, struct err *err)
{
	struct runs *to = runs_new(r->keys, r->n_keys, r->tmpdir);
	int rc = 0;

	for (unsigned first = 0; first < r->n && rc == 0; first += fan) {
		rc = begin(r, first, r->n - first < fan ? r->n - first : fan, limit, err);
		if (rc == 0)
			rc = merge_into(to, r, err);
	}
	if (rc == 0) {
		spill_free(&r->spill);
		r->spill = to->spill;
		r->n = to->n;
		r->records = to->records;
		r->pieces = to->pieces;
		to->spill = (struct spill){ 0 };
	}
	runs_free(to);
	return rc;
}

/* How many runs may have a piece in memory. */
static unsigned
fan_of(const struct runs *r, uint64_t memory)
{
	uint64_t piece = r->spill.size / (r->pieces + 1) + 1, fan = memory / 2 / piece;

	return fan < FAN_LEAST ? FAN_LEAST : fan > FAN_MOST ? FAN_MOST : (unsigned)fan;
}

static size_t
window_of(const struct runs *r, uint64_t memory)
{
	uint64_t n = memory / 4 / (r->spill.size / (r->records + 1) + 1);

	return n < RUN_RECORDS ? RUN_RECORDS : n > WINDOW_RECORDS ? WINDOW_RECORDS : (size_t)n;
}

int
runs_merge(struct runs *r, uint64_t limit, uint64_t memory, unsigned threads, struct err *err)
{
	unsigned fan = fan_of(r, memory);
	size_t heads = (r->n < fan ? r->n : fan) + 1;

	r->threads = threads;
	r->window = window_of(r, memory);
	r->head = mem_alloc(heads * sizeof(*r->head));
	r->heap = mem_alloc(heads * sizeof(*r->heap));
	r->ids = mem_alloc(r->window * sizeof(*r->ids));
	r->most = RUN_RECORDS;
	while (r->n > fan)
		if (merge_pass(r, fan, limit, err) < 0)
			return -1;
	r->most = BATCH_RECORDS;
	return begin(r, 0, r->n, limit, err);
}

const struct gather *
runs_gather(const struct runs *r)
{
	return r->gather;
}
