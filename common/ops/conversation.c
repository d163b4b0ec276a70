/*
 * conversation.c - the table of open conversations: records come in, complete ones go out.
 *
 * A row holds a conversation by its two ends in canonical order; who began is decided when it is handed out.  Rows
 * stand in one array, found by an index with open addressing; how long each is to be kept stands in an array of its
 * own, so that looking for those that are due reads eight octets a row.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "ops/conversation_open.h"
#include "ops/conversation_read.h"

/* Records of one flow may come this much later than others: exporters look through their caches now and then. */
#define LATE_NS (30 * NS_PER_S)
#define SWEEP_NS (10 * NS_PER_S)
/* A clock that falls by more than this is another input's: nothing of before will go on. */
#define BACK_NS (600 * NS_PER_S)
#define STEP_NS (86400 * NS_PER_S)
#define FREE INT64_MAX

enum { FIRST_INDEX = 4096, CLOCK_TIMES = 31, CLOCK_FEW = 3, TIMES_A_CHUNK = 8, SAMPLE = 1023 };

/* A row, and when it began. */
struct started {
	int64_t ns;
	uint32_t row;
};

struct conversations {
	struct patience patience;
	bool by_start;
	conversation_take take;
	void *ctx;
	struct conversation_counts counts;

	struct conversation_row *row;
	int64_t *due; /* row i may be handed out from then on; FREE: it is free */
	uint32_t *hash;
	uint32_t *spare; /* free rows below n_rows, the least last */
	size_t n_rows, n_spare, n_open, most;

	struct hash_factors factors;
	uint64_t *index; /* hash << 32 | row + 1; 0 empty */
	size_t index_cap;

	/* The input's time: the middle of the starts seen last, so that one record's odd clock moves nothing. */
	int64_t time[CLOCK_TIMES], clock_ns, sweep_ns;
	unsigned n_times, next_time;
	int64_t last_ns; /* the start of the last record */

	uint32_t *idx;
	struct started *started; /* of idx, with by_start */
	size_t idx_cap;
	/* Yet to be added: chunks are of the input, whatever blocks it comes in. */
	struct pieces pieces;
	struct conversation out[CONVERSATIONS_CHUNK];
	size_t n_out;
	bool early;
};

struct conversations *
conversations_new(const struct conversation_opts *opts, conversation_take take, void *ctx)
{
	static const struct conversation_opts defaults;
	struct conversations *c = mem_zero(1, sizeof(*c));

	opts = opts != NULL ? opts : &defaults;
	c->patience.pair_ns = opts->pair_ns > 0 ? opts->pair_ns : CONVERSATION_PAIR_NS;
	c->patience.timeout_ns = opts->timeout_ns > 0 ? opts->timeout_ns : CONVERSATION_TIMEOUT_NS;
	c->by_start = opts->by_start;
	c->most = opts->open_most > 0 ? opts->open_most : CONVERSATIONS_OPEN;
	if (c->most < 2 * CONVERSATIONS_CHUNK)
		c->most = 2 * CONVERSATIONS_CHUNK;
	c->take = take;
	c->ctx = ctx;
	/* Zero pages that nobody has written to are no memory yet. */
	c->row = mem_table(c->most * sizeof(*c->row));
	c->due = mem_table(c->most * sizeof(*c->due));
	c->hash = mem_table(c->most * sizeof(*c->hash));
	c->spare = mem_table(c->most * sizeof(*c->spare));
	c->index_cap = FIRST_INDEX;
	c->index = mem_table(c->index_cap * sizeof(*c->index));
	hash_factors_draw(&c->factors);
	c->clock_ns = INT64_MIN;
	return c;
}

void
conversations_free(struct conversations *c)
{
	if (c == NULL)
		return;
	mem_free_table(c->row, c->most * sizeof(*c->row));
	mem_free_table(c->due, c->most * sizeof(*c->due));
	mem_free_table(c->hash, c->most * sizeof(*c->hash));
	mem_free_table(c->spare, c->most * sizeof(*c->spare));
	mem_free_table(c->index, c->index_cap * sizeof(*c->index));
	mem_free(c->idx);
	mem_free(c->started);
	mem_free(c);
}

struct conversation_counts
conversations_counts(const struct conversations *c)
{
	return c->counts;
}

/* The index ---------------------------------------------------------------------------------------- */

static uint32_t
hash_ends(const struct conversations *c, const struct ends *e)
{
	uint64_t w[5], sum = 0;

	memcpy(w, e, sizeof(w));
	for (unsigned i = 0; i < 5; i++)
		sum += hash_word(&c->factors, i, w[i]);
	return (uint32_t)hash_sum(&c->factors, sum);
}

static inline bool
same_ends(const struct ends *a, const struct ends *b)
{
	uint64_t x[5], y[5];

	memcpy(x, a, sizeof(x));
	memcpy(y, b, sizeof(y));
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4])) == 0;
}

static void
grow_index(struct conversations *c)
{
	size_t cap = c->index_cap * 4, mask = cap - 1;
	uint64_t *index = mem_table(cap * sizeof(*index));

	for (size_t i = 0; i < c->index_cap; i++) {
		uint64_t e = c->index[i];
		size_t at = (size_t)(e >> 32) & mask;

		if (e == 0)
			continue;
		while (index[at] != 0)
			at = (at + 1) & mask;
		index[at] = e;
	}
	mem_free_table(c->index, c->index_cap * sizeof(*c->index));
	c->index = index;
	c->index_cap = cap;
}

/* Take a row's entry out; those behind it that had to make way for it move up. */
static void
unindex(struct conversations *c, uint32_t row)
{
	size_t mask = c->index_cap - 1, at = c->hash[row] & mask, next;

	while ((uint32_t)c->index[at] != row + 1)
		at = (at + 1) & mask;
	for (next = (at + 1) & mask; c->index[next] != 0; next = (next + 1) & mask) {
		size_t home = (size_t)(c->index[next] >> 32) & mask;

		if (((next - home) & mask) >= ((next - at) & mask)) {
			c->index[at] = c->index[next];
			at = next;
		}
	}
	c->index[at] = 0;
}

/* Handing out -------------------------------------------------------------------------------------- */

static void
flush_out(struct conversations *c)
{
	if (c->n_out > 0)
		c->take(c->ctx, c->out, c->n_out);
	c->n_out = 0;
}

static void
hand_out(struct conversations *c, uint32_t row)
{
	struct conversation *out = &c->out[c->n_out++];

	row_tell(&c->row[row], out);
	out->in_pieces = c->early;
	c->counts.conversations++;
	if (c->n_out == CONVERSATIONS_CHUNK)
		flush_out(c);
}

/* The rows that are free, the least last; those at the end are no longer counted. */
static void
find_spare(struct conversations *c)
{
	size_t n = c->n_rows;

	while (n > 0 && c->due[n - 1] == FREE)
		n--;
	c->n_rows = n;
	c->n_spare = 0;
	for (size_t i = n; i-- > 0;) {
		c->spare[c->n_spare] = (uint32_t)i;
		c->n_spare += c->due[i] == FREE;
	}
}

static int
compare_started(const void *a, const void *b)
{
	const struct started *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* The first n rows of idx in order of their starts. */
static void
sort_idx(struct conversations *c, size_t n)
{
	bool sorted = true;

	for (size_t i = 0; i < n; i++) {
		c->started[i] = (struct started){ c->row[c->idx[i]].start_ns, c->idx[i] };
		sorted = sorted && (i == 0 || c->started[i - 1].ns <= c->started[i].ns);
	}
	if (sorted)
		return;
	qsort(c->started, n, sizeof(*c->started), compare_started);
	for (size_t i = 0; i < n; i++)
		c->idx[i] = c->started[i].row;
}

/* Hand out the rows that are due at a time; their memory is used again, the least row first. */
static void
sweep(struct conversations *c, int64_t now_ns)
{
	enum { AHEAD = 16 };
	size_t n = 0;

	if (c->idx_cap < c->n_rows) {
		c->idx_cap = c->n_rows;
		c->idx = mem_resize(c->idx, c->idx_cap, sizeof(*c->idx));
		if (c->by_start)
			c->started = mem_resize(c->started, c->idx_cap, sizeof(*c->started));
	}
	for (size_t i = 0; i < c->n_rows; i++) {
		c->idx[n] = (uint32_t)i;
		n += c->due[i] <= now_ns;
	}
	if (c->by_start)
		sort_idx(c, n);
	for (size_t i = 0; i < n; i++) {
		if (i + AHEAD < n) {
			uint32_t ahead = c->idx[i + AHEAD];

			__builtin_prefetch(&c->row[ahead]);
			__builtin_prefetch(&c->row[ahead].flows);
			__builtin_prefetch(&c->index[c->hash[ahead] & (c->index_cap - 1)]);
		}
		unindex(c, c->idx[i]);
		hand_out(c, c->idx[i]);
		c->due[c->idx[i]] = FREE;
	}
	flush_out(c);
	c->n_open -= n;
	find_spare(c);
}

static int
compare_times(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Too many are open: half of them go, those that would have gone first. */
static void
make_room(struct conversations *c)
{
	int64_t *due = mem_alloc(SAMPLE * sizeof(*due));
	size_t n = 0, step = c->n_rows / SAMPLE + 1, before = c->n_open;

	for (size_t i = 0; i < c->n_rows && n < SAMPLE; i += step)
		if (c->due[i] != FREE)
			due[n++] = c->due[i];
	qsort(due, n, sizeof(*due), compare_times);
	c->early = true;
	sweep(c, n > 0 ? due[n / 2] : FREE - 1);
	c->early = false;
	c->counts.early += before - c->n_open;
	mem_free(due);
}

/* Time --------------------------------------------------------------------------------------------- */

static void
tick(struct conversations *c)
{
	const struct pieces *p = &c->pieces;
	size_t step = p->n / TIMES_A_CHUNK + 1;
	int64_t sorted[CLOCK_TIMES], now;

	for (size_t i = 0; i < p->n; i += step) {
		c->time[c->next_time] = p->piece[i].start_ns;
		c->next_time = (c->next_time + 1) % CLOCK_TIMES;
		c->n_times += c->n_times < CLOCK_TIMES;
	}
	memcpy(sorted, c->time, c->n_times * sizeof(*sorted));
	qsort(sorted, c->n_times, sizeof(*sorted), compare_times);
	now = sorted[c->n_times / 2];
	if (c->n_times < CLOCK_FEW && c->clock_ns != INT64_MIN && now > c->clock_ns + STEP_NS)
		now = c->clock_ns; /* goes on from another run: one or two prove nothing */
	if (now < c->clock_ns && c->clock_ns - now > BACK_NS) {
		sweep(c, FREE - 1);
		c->sweep_ns = now;
		c->counts.back++;
	} else if (now < c->clock_ns) {
		now = c->clock_ns;
	}
	c->clock_ns = now;
}

/*
 * Hand out what has waited long enough.  Only after the chunk that moved the clock was added: where records are few it
 * spans hours, and its first ones continue what its own time would have ended.
 */
static void
tock(struct conversations *c)
{
	if (c->clock_ns < c->sweep_ns)
		return;
	if (c->n_open > 0)
		sweep(c, c->clock_ns);
	c->sweep_ns = c->clock_ns > INT64_MAX - SWEEP_NS ? INT64_MAX : c->clock_ns + SWEEP_NS;
}

/* Records ------------------------------------------------------------------------------------------ */

/* When a row will wait for no more: what continues it may be that much later, and come later still. */
static int64_t
due_at(const struct conversations *c, const struct conversation_row *o)
{
	int64_t wait = row_wait(o, &c->patience);
	int64_t last = o->end_ns > c->clock_ns ? o->end_ns : c->clock_ns;

	return last + (wait > LATE_NS ? wait : LATE_NS);
}

static uint32_t
new_row(struct conversations *c, size_t at, uint32_t hash)
{
	uint32_t row = c->n_spare > 0 ? c->spare[--c->n_spare] : (uint32_t)c->n_rows++;

	c->hash[row] = hash;
	c->index[at] = (uint64_t)hash << 32 | (row + 1);
	c->n_open++;
	return row;
}

/*
 * The hashes of a chunk, with what a lookup touches on its way to the cache.  Both directions often leave their
 * exporter together: a piece of the same ends as the one before it is there again.
 */
static void
approach(const struct conversations *c, uint32_t *hash, bool *again)
{
	const struct pieces *p = &c->pieces;
	size_t mask = c->index_cap - 1;

	for (size_t i = 0; i < p->n; i++) {
		again[i] = i > 0 && same_ends(&p->ends[i], &p->ends[i - 1]);
		if (again[i])
			continue;
		hash[i] = hash_ends(c, &p->ends[i]);
		__builtin_prefetch(&c->index[hash[i] & mask]);
	}
	for (size_t i = 0; i < p->n; i++) {
		uint64_t e = again[i] ? 0 : c->index[hash[i] & mask];

		if (e != 0 && e >> 32 == hash[i]) {
			__builtin_prefetch(&c->row[(uint32_t)e - 1]);
			__builtin_prefetch(&c->row[(uint32_t)e - 1].packets);
		}
	}
}

/* The row of a piece's ends; true: it is new. */
static bool
find_row(struct conversations *c, const struct ends *ends, uint32_t hash, uint32_t *row)
{
	size_t mask = c->index_cap - 1, at = hash & mask;
	uint64_t e;

	for (; (e = c->index[at]) != 0; at = (at + 1) & mask)
		if (e >> 32 == hash && same_ends(&c->row[(uint32_t)e - 1].ends, ends))
			break;
	*row = e != 0 ? (uint32_t)e - 1 : new_row(c, at, hash);
	return e == 0;
}

static void
add_pieces(struct conversations *c)
{
	const struct pieces *p = &c->pieces;
	uint32_t hash[CONVERSATIONS_CHUNK], row = 0;
	bool again[CONVERSATIONS_CHUNK];

	approach(c, hash, again);
	for (size_t i = 0; i < p->n; i++) {
		bool fresh = !again[i] && find_row(c, &p->ends[i], hash[i], &row);
		struct conversation_row *o = &c->row[row];

		if (!fresh && !row_continues(o, &c->patience, &p->piece[i])) {
			hand_out(c, row);
			fresh = true;
		}
		if (fresh)
			row_begin(o, &p->ends[i], &p->piece[i]);
		row_extend(o, &p->piece[i]);
		c->due[row] = due_at(c, o);
	}
	if (c->n_open > c->counts.open_peak)
		c->counts.open_peak = c->n_open;
}

static void
add_chunk(struct conversations *c)
{
	if (c->pieces.n == 0)
		return;
	tick(c);
	if (c->n_open + CONVERSATIONS_CHUNK > c->most)
		make_room(c);
	if ((c->n_open + CONVERSATIONS_CHUNK) * 2 > c->index_cap)
		grow_index(c);
	add_pieces(c);
	tock(c);
	c->last_ns = c->pieces.piece[c->pieces.n - 1].start_ns;
	c->pieces.n = 0;
}

void
conversations_finish(struct conversations *c)
{
	add_chunk(c);
	sweep(c, FREE - 1);
}

/* From run to run -------------------------------------------------------------------------------- */

/* The end of the input is nearer than its middle: it is reached from there in steps that are not too long. */
static int64_t
latest(const struct conversations *c)
{
	int64_t sorted[CLOCK_TIMES + 1], now;
	size_t n = c->n_times, i = n / 2;

	if (n < CLOCK_FEW && c->clock_ns != INT64_MIN)
		return c->clock_ns;
	if (n == 0)
		return INT64_MIN;
	memcpy(sorted, c->time, n * sizeof(*sorted));
	sorted[n++] = c->last_ns;
	qsort(sorted, n, sizeof(*sorted), compare_times);
	for (now = sorted[i]; i < n && sorted[i] - now <= STEP_NS; i++)
		now = sorted[i];
	return now > c->clock_ns ? now : c->clock_ns;
}

void
conversations_due(struct conversations *c)
{
	add_chunk(c);
	c->clock_ns = latest(c);
	sweep(c, c->clock_ns);
}

int64_t
conversations_clock(const struct conversations *c)
{
	return c->clock_ns;
}

void
conversations_set_clock(struct conversations *c, int64_t ns)
{
	c->clock_ns = c->sweep_ns = ns;
}

void
conversations_open(const struct conversations *c,
    void (*take)(void *ctx, const struct conversation_row *), void *ctx)
{
	for (size_t i = 0; i < c->n_rows; i++)
		if (c->due[i] != FREE && c->row[i].start_ns <= c->clock_ns + STEP_NS)
			take(ctx, &c->row[i]);
}

void
conversations_peek(const struct conversations *c, conversation_take take, void *ctx)
{
	struct conversation one;

	for (size_t i = 0; i < c->n_rows; i++) {
		if (c->due[i] == FREE)
			continue;
		row_tell(&c->row[i], &one);
		take(ctx, &one, 1);
	}
}

bool
conversations_resume(struct conversations *c, const struct conversation_row *o)
{
	uint32_t row;

	if (!row_sane(o) || c->n_open + CONVERSATIONS_CHUNK > c->most)
		return false;
	if ((c->n_open + 1) * 2 > c->index_cap)
		grow_index(c);
	if (!find_row(c, &o->ends, hash_ends(c, &o->ends), &row))
		return false;
	c->row[row] = *o;
	c->due[row] = due_at(c, o);
	return true;
}

/* Adding ------------------------------------------------------------------------------------------- */

void
conversations_add(struct conversations *c, struct batch *b, const uint64_t *sel)
{
	struct piece_source source;
	size_t n = sel != NULL ? bits_count(sel, b->n) : b->n, next = 0;

	c->counts.records += n;
	if (!pieces_bind(&source, b)) {
		c->counts.strange += n;
		return;
	}
	for (;;) {
		size_t before = c->pieces.n;
		size_t seen = pieces_more(&c->pieces, &source, b->n, sel, &next);

		if (seen == 0)
			break;
		c->counts.strange += seen - (c->pieces.n - before);
		if (c->pieces.n == CONVERSATIONS_CHUNK)
			add_chunk(c);
	}
	flush_out(c);
}
