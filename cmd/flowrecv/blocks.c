#include "blocks.h"

#include "base/time.h"

/*
 * A block of fewer records is not worth compressing while the file is open: it is written plain and merged
 * later.  Columns are kept for the next records, unless somebody sent very many.
 */
enum { SMALL_RECORDS = 8192, COLUMNS_KEPT = 128 };

/* What lies so little before the period is taken for one that came late. */
#define BACK_NS (60 * NS_PER_S)

#define FLUSH_PIPE_NS (NS_PER_S / 5)
#define FLUSH_FILE_NS NS_PER_S

struct blocks {
	struct blocks_opts opts;
	bool pipe;
	struct wire_out out;
	/* Monotonic: when the open batch had its first record; 0 empty. */
	int64_t since_ns[WIRE_KINDS];
	int64_t period, next_period; /* of the open batches; next INT64_MIN: not known yet */
	struct encoder *plain, *packed;
	struct stream_noter *noter; /* NULL: no notes are wanted */
	struct expr_state *filter;
	uint64_t *sel;
	uint32_t *idx;
	size_t cap;
	struct batch *part; /* of a batch: what is kept, what is of one partition */
	struct partitions partitions;
	struct encoded block;
	struct blocks_stats stats;
};

static void
put_block(struct blocks *s, struct batch *b, const char *partition, bool last)
{
	bool small = !s->pipe && !last && b->n < SMALL_RECORDS;
	struct encoder *e = s->pipe || small ? s->plain : s->packed;
	struct err err = { .status = 0 };

	if (b->n == 0)
		return;
	/* What the decoder made has a place in the format: the only errors are of batches as read. */
	if (block_encode(e, b, &s->block.octets, &err) == 0) {
		if (s->noter != NULL)
			stream_note(
			    s->noter, s->block.octets.data, s->block.octets.len, &s->block.notes);
		store_put(s->opts.store, s->period, partition, &s->block, b->n, small);
	}
	s->block.octets.len = s->block.notes.len = 0;
}

/* The records idx of b as a batch of their own. */
static struct batch *
gather(struct blocks *s, struct batch *b, const uint32_t *idx, size_t n)
{
	batch_reset(s->part);
	(void)batch_append(s->part, b, idx, n);
	batch_close(s->part);
	return s->part;
}

static void
put_partitions(struct blocks *s, struct batch *b, bool last)
{
	if (s->opts.partition == PARTITION_NONE) {
		put_block(s, b, "", last);
		return;
	}
	partitions_make(&s->partitions, s->opts.partition, b);
	for (unsigned i = 0; i < s->partitions.n; i++) {
		const struct partition *p = &s->partitions.of[i];

		put_block(s, p->n == b->n ? b : gather(s, b, p->idx, p->n), p->name, last);
	}
}

/* What the filter keeps of a batch: itself, or a batch of its own that lives until the next call. */
static struct batch *
filter(struct blocks *s, struct batch *b, struct batch **kept)
{
	size_t n;

	if (s->filter == NULL)
		return b;
	if (b->n > s->cap) {
		s->cap = b->n;
		s->sel = mem_resize(s->sel, bits_words(s->cap), sizeof *s->sel);
		s->idx = mem_resize(s->idx, s->cap, sizeof *s->idx);
	}
	n = expr_select(s->filter, b, s->sel);
	s->stats.filtered += b->n - n;
	if (n == b->n)
		return b;
	*kept = batch_new();
	(void)batch_append(*kept, b, s->idx, bits_indexes(s->sel, b->n, s->idx));
	batch_close(*kept);
	return *kept;
}

static void
hand_over(struct blocks *s, enum wire_kind kind, bool last)
{
	struct batch *b = s->out.batch[kind], *kept = NULL;

	if (b->n == 0)
		return;
	batch_close(b);
	s->since_ns[kind] = 0;
	if (kind == WIRE_OPTIONS) {
		/* The decoder holds the batch: its contents go. */
		struct batch *full = batch_new(), swap = *full;

		*full = *b;
		*b = swap;
		store_put_options(s->opts.store, s->period, &full);
		batch_free(full);
		b->options = true;
		return;
	}
	put_partitions(s, filter(s, b, &kept), last);
	batch_free(kept);
	if (b->n_cols > COLUMNS_KEPT)
		batch_reset(b);
	else
		batch_clear(b);
}

static void
full(void *ctx, enum wire_kind kind)
{
	struct blocks *s = ctx;
	struct batch *b = s->out.batch[kind];
	bool whole = b->n >= BATCH_RECORDS;

	if (kind == WIRE_OPTIONS && !store_room(s->opts.store)) {
		s->stats.options_lost += b->n;
		batch_reset(b);
	}
	hand_over(s, kind, false);
	/* It may hold columns that the record cannot join. */
	if (!whole)
		batch_reset(b);
	b->options = kind == WIRE_OPTIONS;
}

static void
hand_over_all(struct blocks *s)
{
	for (int kind = WIRE_KINDS; kind-- > 0;) /* options first */
		hand_over(s, (enum wire_kind)kind, true);
}

void
blocks_clock(struct blocks *s, int64_t now_ns)
{
	if (now_ns < s->next_period)
		return;
	hand_over_all(s);
	s->period = store_period(s->opts.store, now_ns, &s->next_period);
	store_pass(s->opts.store, s->opts.worker, s->period);
}

void
blocks_set_clock(struct blocks *s, int64_t now_ns)
{
	if (s->next_period != INT64_MIN && s->next_period != INT64_MAX &&
	    now_ns < s->period - BACK_NS)
		s->next_period = INT64_MIN;
	blocks_clock(s, now_ns);
}

void
blocks_flush(struct blocks *s)
{
	int64_t now = s->opts.timely ? time_monotonic_ns() : 0;

	for (int k = 0; k < WIRE_KINDS; k++) {
		struct batch *b = s->out.batch[k];

		if (b->n == 0)
			continue;
		if (s->since_ns[k] == 0)
			s->since_ns[k] = now;
		if (!(b->n >= s->opts.records || batch_octets(b) >= BATCH_OCTETS ||
			(s->opts.timely && now - s->since_ns[k] >= s->opts.flush_ns)))
			continue;
		if (k == WIRE_OPTIONS || store_room(s->opts.store))
			hand_over(s, (enum wire_kind)k, false);
	}
}

int64_t
blocks_due(const struct blocks *s, int64_t now_ns)
{
	int64_t due = -1;

	if (s->next_period != INT64_MAX)
		due = s->next_period > now_ns ? s->next_period - now_ns : 0;
	for (int k = 0; k < WIRE_KINDS; k++) {
		int64_t left;

		if (s->out.batch[k]->n == 0 || s->since_ns[k] == 0)
			continue;
		left = s->since_ns[k] + s->opts.flush_ns - time_monotonic_ns();
		if (left < 0)
			left = 0;
		if (due < 0 || left < due)
			due = left;
	}
	return due;
}

bool
blocks_stalled(struct blocks *s)
{
	if (store_room(s->opts.store))
		return false;
	for (int k = 0; k < WIRE_OPTIONS; k++)
		if (s->out.batch[k]->n >= s->opts.records / 2 ||
		    batch_octets(s->out.batch[k]) >= BATCH_OCTETS / 2)
			return true;
	return false;
}

struct wire_out *
blocks_out(struct blocks *s)
{
	return &s->out;
}

void
blocks_end(struct blocks *s)
{
	hand_over_all(s);
}

struct blocks_stats
blocks_stats(const struct blocks *s)
{
	return s->stats;
}

struct blocks *
blocks_new(const struct blocks_opts *opts)
{
	struct blocks *s = mem_zero(1, sizeof *s);

	s->opts = *opts;
	s->pipe = store_is_pipe(opts->store);
	if (s->opts.flush_ns == 0)
		s->opts.flush_ns = s->pipe ? FLUSH_PIPE_NS : FLUSH_FILE_NS;
	s->next_period = INT64_MIN;
	s->plain = encoder_new(PROFILE_PIPE, 0);
	s->packed = encoder_new(opts->fast ? PROFILE_FAST : PROFILE_FILE, opts->level);
	s->noter = store_indexes(opts->store) ? stream_noter_new() : NULL;
	s->filter = opts->filter != NULL ? expr_state_new(opts->filter) : NULL;
	s->part = batch_new();
	for (int k = 0; k < WIRE_KINDS; k++) {
		s->out.batch[k] = batch_new();
		s->out.batch[k]->options = k == WIRE_OPTIONS;
	}
	s->out.full = full;
	s->out.ctx = s;
	return s;
}

void
blocks_free(struct blocks *s)
{
	if (s == NULL)
		return;
	for (int k = 0; k < WIRE_KINDS; k++)
		batch_free(s->out.batch[k]);
	batch_free(s->part);
	partitions_free(&s->partitions);
	encoder_free(s->plain);
	encoder_free(s->packed);
	expr_state_free(s->filter);
	stream_noter_free(s->noter);
	encoded_free(&s->block);
	mem_free(s->sel);
	mem_free(s->idx);
	mem_free(s);
}
