/*
 * index_read.c - index blocks found from the end of a file, believed bit by bit, and asked.
 *
 * Segments are walked from the last to the first, and in each its index blocks; blocks that are not wanted become
 * runs that the reader leaps over.  Where anything is not as it should be the walk ends: what is before it is read.
 */
#include <sys/stat.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/hash.h"
#include "stream/index.h"

/* Loading ------------------------------------------------------------------------------------------ */

/* So many lines of octets; none where there is no filter. */
static bool
filter_holds(const struct index_filter *f)
{
	if (f->lines == 0)
		return f->levels == 0;
	return f->lines <= INDEX_FILTER_MAX / INDEX_LINE && f->probes >= 1 &&
	       f->probes <= INDEX_PROBES;
}

static void
read_zones(struct index_entry *e, struct cursor *c, const uint8_t *p)
{
	unsigned flags = (unsigned)le_uint(p + XE_FLAGS, 2);

	for (unsigned z = 0; z < ZONES; z++) {
		e->zone[z].min = cur_le(c, 8);
		e->zone[z].max = cur_le(c, 8);
	}
	e->zone[ZONE_START].valid = flags & XE_START;
	e->zone[ZONE_END].valid = flags & XE_END;
	e->options = flags & XE_OPTIONS;
}

/* A block behind the one before it, and within the segment.  from: where that one ends. */
static bool
read_entry(struct index_block *x, struct index_entry *e, struct cursor *c, uint64_t *from)
{
	const uint8_t *p = c->p;
	uint64_t back;

	if (cur_left(c) < INDEX_ENTRY)
		return false;
	back = cur_le(c, 8);
	e->length = (uint32_t)cur_le(c, 4);
	e->records = (uint32_t)cur_le(c, 4);
	e->seal = cur_le(c, 8);
	read_zones(e, c, p);
	e->filter.lines = (uint32_t)cur_le(c, 4);
	e->filter.probes = (uint8_t)cur_le(c, 1);
	e->filter.levels = (uint8_t)cur_le(c, 1);
	cur_skip(c, 2);
	e->filter_hash = cur_le(c, 8);
	e->filter_at = x->filters_len;
	if (back > x->at - x->segment || e->length < HEADER_LEN || e->length > MAX_BLOCK ||
	    e->length > back || e->records > BATCH_RECORDS_MAX || !filter_holds(&e->filter))
		return false;
	e->at = x->at - back;
	if (e->at < *from)
		return false;
	*from = e->at + e->length;
	x->filters_len += (size_t)e->filter.lines * INDEX_LINE;
	return true;
}

static void
join_zone(struct index_zone *all, const struct index_zone *z)
{
	all->valid = all->valid && z->valid;
	all->min = z->min < all->min ? z->min : all->min;
	all->max = z->max > all->max ? z->max : all->max;
}

static const char damaged[] = "damaged index (its contents contradict each other)";

static const char *
read_head(struct index_block *x, struct cursor c, uint64_t *entries_hash)
{
	uint64_t version = cur_le(&c, 4), segment, previous;

	x->n = (uint32_t)cur_le(&c, 4);
	segment = cur_le(&c, 8);
	previous = cur_le(&c, 8);
	x->common_hash = cur_le(&c, 8);
	x->filter.lines = (uint32_t)cur_le(&c, 4);
	x->filter.probes = (uint8_t)cur_le(&c, 1);
	x->filter.levels = (uint8_t)cur_le(&c, 1);
	cur_skip(&c, X_ENTRIES - X_LEVELS - 1);
	*entries_hash = cur_le(&c, 8);
	if (version != INDEX_VERSION)
		return version < INDEX_VERSION ? "index of an older version of the format (flowcat "
						 "--index makes it anew)"
					       : "index of a newer version of the format";
	if (c.bad || x->n > INDEX_BLOCKS || segment > x->at || previous > segment ||
	    !filter_holds(&x->filter))
		return damaged;
	x->segment = x->at - segment;
	x->previous = previous == 0 ? UINT64_MAX : x->at - previous;
	return NULL;
}

static const char *
read_entries(struct index_block *x, struct cursor c)
{
	uint64_t from = x->segment;

	for (unsigned z = 0; z < ZONES; z++)
		x->zone[z] = (struct index_zone){ .valid = true, .min = UINT64_MAX };
	for (unsigned i = 0; i < x->n; i++) {
		if (!read_entry(x, &x->entry[i], &c, &from))
			return damaged;
		for (unsigned z = 0; z < ZONES && !x->entry[i].options; z++)
			join_zone(&x->zone[z], &x->entry[i].zone[z]);
	}
	return NULL;
}

static size_t
common_len(const struct index_block *x)
{
	return x->filter.lines * (size_t)INDEX_LINE;
}

/* The index block at that place, which ends at `end` or before; without its filters.  NULL: done; else why not. */
static const char *
load(struct index_block *x, int fd, uint64_t at, uint64_t end)
{
	uint8_t first[HEADER_LEN + INDEX_HEAD], entries[INDEX_BLOCKS * INDEX_ENTRY];
	struct block_header h;
	uint64_t entries_hash;
	const char *why;
	size_t len;

	x->at = at;
	x->filters_len = 0;
	if (end - at < sizeof(first) || !file_read_at(fd, first, sizeof(first), x->at) ||
	    !header_read(&h, first) || header_bounds(&h) != NULL || !(h.flags & BLOCK_INDEX) ||
	    h.header_len != sizeof(first) || h.block_len > end - x->at)
		return "damaged index (no index block where the end mark says)";
	if (!header_sealed(first, sizeof(first)))
		return "damaged index (its hash does not hold)";
	why = read_head(x, cur_over(first + HEADER_LEN, INDEX_HEAD), &entries_hash);
	if (why != NULL)
		return why;
	x->length = h.block_len;
	len = x->n * (size_t)INDEX_ENTRY;
	if (sizeof(first) + len + common_len(x) > x->length)
		return damaged;
	if (!file_read_at(fd, entries, len, x->at + sizeof(first)) ||
	    hash_xxh3(entries, len) != entries_hash)
		return "damaged index (its hash does not hold)";
	why = read_entries(x, cur_over(entries, len));
	if (why == NULL && sizeof(first) + len + common_len(x) + x->filters_len != x->length)
		why = damaged;
	return why;
}

/* Read so many octets, which begin at that offset of the index block.  false: they are not there. */
static bool
load_part(const struct index_block *x, struct index_part *p, int fd, uint64_t offset, size_t len)
{
	if (p->room < len) {
		mem_free(p->line);
		p->line = mem_alloc(len);
		p->room = len;
	}
	return file_read_at(fd, p->line, len, x->at + offset);
}

static const char filters_damaged[] = "damaged index (the hash of its filters does not hold)";

static bool
filter_sound(const struct index_filter *f, uint64_t hash)
{
	return f->lines == 0 || hash_xxh3(f->line, f->lines * (size_t)INDEX_LINE) == hash;
}

const char *
index_load_common(struct index_block *x, int fd)
{
	uint64_t offset = x->length - x->filters_len - common_len(x);

	if (x->filter.lines == 0)
		return NULL;
	if (!load_part(x, &x->common, fd, offset, common_len(x)))
		return filters_damaged;
	x->filter.line = x->common.line;
	return filter_sound(&x->filter, x->common_hash) ? NULL : filters_damaged;
}

const char *
index_load_filters(struct index_block *x, int fd, unsigned first, unsigned n)
{
	size_t len = 0;

	for (unsigned i = first; i < first + n; i++)
		len += x->entry[i].filter.lines * (size_t)INDEX_LINE;
	if (len == 0)
		return NULL;
	if (!load_part(
		x, &x->filters, fd, x->length - x->filters_len + x->entry[first].filter_at, len))
		return filters_damaged;
	for (unsigned i = first; i < first + n; i++) {
		struct index_entry *e = &x->entry[i];

		e->filter.line = x->filters.line + (e->filter_at - x->entry[first].filter_at);
		if (!filter_sound(&e->filter, e->filter_hash))
			return filters_damaged;
	}
	return NULL;
}

uint64_t
index_find(int fd, uint64_t end)
{
	uint8_t mark[HEADER_LEN];
	struct block_header h;
	uint64_t back;

	if (end < HEADER_LEN || !file_read_at(fd, mark, HEADER_LEN, end - HEADER_LEN) ||
	    !header_read(&h, mark) || h.header_len != HEADER_LEN || !(h.flags & BLOCK_END) ||
	    !header_sealed(mark, HEADER_LEN))
		return UINT64_MAX;
	back = le_uint(mark + H_INDEX, 8);
	return back == 0 || back > end - HEADER_LEN ? UINT64_MAX : end - HEADER_LEN - back;
}

/* What it speaks of stands before `bound`, where what the one behind it speaks of begins. */
static bool
follows(const struct index_block *x, uint64_t from, uint64_t bound)
{
	const struct index_entry *last = x->entry + (x->n > 0 ? x->n - 1 : 0);

	return x->segment >= from && (x->n == 0 || last->at + last->length <= bound);
}

const char *
index_walk(int fd, uint64_t from, index_visit fn, void *ctx, uint64_t *first)
{
	struct index_block *x;
	const char *why = NULL;
	uint64_t end, at, bound;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return NULL;
	*first = end = bound = (uint64_t)st.st_size;
	x = mem_zero(1, sizeof(*x));
	at = index_find(fd, end);
	while (at != UINT64_MAX && at >= from && (why = load(x, fd, at, end)) == NULL) {
		why = follows(x, from, bound) ? fn(ctx, fd, x) : damaged;
		if (why != NULL)
			break;
		bound = x->n > 0 ? x->entry[0].at : bound;
		end = x->previous != UINT64_MAX ? at : x->segment;
		at = x->previous != UINT64_MAX ? x->previous : index_find(fd, x->segment);
		*first = x->segment;
	}
	mem_free(x->common.line);
	mem_free(x->filters.line);
	mem_free(x);
	return why;
}

/* Asking ------------------------------------------------------------------------------------------- */

/* Keys of one level that are looked up for one range; more say nothing in the end. */
enum { MOST = 64, MOST_SHORT = 256 };

/* Blocks whose filters are read at once. */
enum { GROUP = 16 };

struct view {
	const struct index_filter *filter;
	const struct index_zone *zone;
	bool asked_filter, asked; /* that, or anything */
};

static bool
has_level(const struct index_filter *f, enum index_level level)
{
	return f->lines > 0 && (f->levels >> level & 1);
}

/* One network after another; bits <= 64: of the upper half. */
static struct probe_key
next_key(struct probe_key v, unsigned bits)
{
	if (bits <= 64) {
		v.high += UINT64_C(1) << (64 - bits);
	} else {
		v.low += UINT64_C(1) << (128 - bits);
		v.high += v.low == 0;
	}
	return v;
}

/* How many networks of that length from lo to hi, less one; UINT64_MAX: too many to say. */
static uint64_t
networks_between(struct probe_key lo, struct probe_key hi, unsigned bits)
{
	if (bits <= 64)
		return (hi.high >> (64 - bits)) - (lo.high >> (64 - bits));
	if (lo.high != hi.high)
		return UINT64_MAX;
	return (hi.low >> (128 - bits)) - (lo.low >> (128 - bits));
}

static bool
is_v4(struct probe_key v)
{
	return v.high == 0 && v.low >> 32 == 0xffff;
}

static bool
may_address(
    const struct index_filter *f, enum index_kind kind, struct probe_key lo, struct probe_key hi)
{
	static const struct {
		unsigned bits;
		enum index_level level;
		unsigned most;
	} steps[2][4] = { { { 128, LEVEL_WHOLE, MOST }, { 64, LEVEL_MIDDLE, MOST },
			      { 48, LEVEL_SHORT, MOST }, { 32, LEVEL_SHORT, MOST_SHORT } },
		{ { 128, LEVEL_WHOLE, MOST }, { 120, LEVEL_MIDDLE, MOST },
		    { 112, LEVEL_SHORT, MOST_SHORT }, { 0, LEVEL_SHORT, 0 } } };
	bool v4 = is_v4(lo), below_v4 = lo.high == 0 && lo.low >> 32 < 0xffff;
	bool above_v4 = hi.high > 0 || hi.low >> 32 > 0xffff;

	/* IPv4 has prefixes of its own: nothing is said of a range that has some of both families. */
	if (v4 != is_v4(hi) || (below_v4 && above_v4))
		return true;
	for (unsigned i = 0; i < 4 && steps[v4][i].bits > 0; i++) {
		unsigned bits = steps[v4][i].bits;
		uint64_t n = networks_between(lo, hi, bits);
		struct probe_key v = index_mask(lo, bits);

		if (!has_level(f, steps[v4][i].level) || n >= steps[v4][i].most)
			continue;
		for (uint64_t k = 0; k <= n; k++, v = next_key(v, bits))
			if (index_has(f, index_key(kind, bits, steps[v4][i].level, v)))
				return true;
		return false;
	}
	return true;
}

static bool
may_port(const struct index_filter *f, struct probe_key lo, struct probe_key hi)
{
	if (!has_level(f, LEVEL_PORT) || hi.high > 0 || hi.low >= INDEX_PORTS ||
	    hi.low - lo.low >= MOST)
		return true;
	for (struct probe_key v = lo; v.low <= hi.low; v.low++)
		if (index_has(f, index_key(INDEX_PORT, 0, LEVEL_PORT, v)))
			return true;
	return false;
}

static bool
may(void *ctx, const struct field_id *id, enum type type, struct probe_key lo, struct probe_key hi)
{
	struct view *v = ctx;
	enum index_kind kind = index_kind_of(id);
	unsigned zone = index_zone_of(id);

	v->asked |= zone < ZONES || kind != INDEX_NONE;
	v->asked_filter |= kind != INDEX_NONE;
	if (zone < ZONES && type == TYPE_TIME)
		return !v->zone[zone].valid ||
		       (lo.low <= v->zone[zone].max && hi.low >= v->zone[zone].min);
	if (kind == INDEX_PORT && type == TYPE_UINT)
		return may_port(v->filter, lo, hi);
	if (kind < INDEX_PORT && type == TYPE_IP)
		return may_address(v->filter, kind, lo, hi);
	return true;
}

static bool
is_wanted(struct view *v, stream_ask ask, void *ctx)
{
	struct probe p = { v, may };

	return ask(ctx, &p);
}

/* Plans -------------------------------------------------------------------------------------------- */

static void
pass(struct index_plan *p, const struct index_entry *e)
{
	struct index_run *r = p->n > 0 ? &p->run[p->n - 1] : NULL;

	if (r == NULL || e->at + e->length != r->at) {
		if (p->n == p->cap) {
			p->cap = p->cap ? 2 * p->cap : 16;
			p->run = mem_resize(p->run, p->cap, sizeof(*p->run));
		}
		r = &p->run[p->n++];
		*r = (struct index_run){ .at = e->at + e->length };
	}
	r->at = e->at;
	r->octets += e->length;
	r->records += e->records;
	r->blocks++;
}

static const struct index_filter no_filter;

/* What the blocks of an index block are asked, and what came of it. */
struct asking {
	struct index_plan *plan;
	struct index_entry *first; /* the flow block that came to be the first so far */
	stream_ask ask;
	void *ctx;
	bool wanted; /* any of them, as far as what is known of all says */
	bool filters; /* filters are asked */
	bool dull; /* those of the group behind spared nothing, or one block's did not */
};

static bool
wants_block(const struct asking *a, const struct index_entry *e, bool with_filter)
{
	struct view one = { with_filter ? &e->filter : &no_filter, e->zone, false, false };

	return a->wanted && is_wanted(&one, a->ask, a->ctx);
}

/*
 * Where an index speaks of many blocks the filter of all is large, and of no use for what is everywhere.  One block's
 * tells: it has what is asked for too, mostly.
 */
static const char *
ask_one(const struct asking *a, struct index_block *x, int fd, bool *everywhere)
{
	const struct index_entry *one = x->entry;
	const char *why;

	*everywhere = false;
	if (x->n <= 4 * GROUP || one->options || one->filter.lines == 0)
		return NULL;
	why = index_load_filters(x, fd, 0, 1);
	*everywhere = why == NULL && wants_block(a, one, true);
	return why;
}

/*
 * Is any block of one index block wanted?  The filter of all is read if filters are asked and what is asked for is not
 * everywhere.
 */
static const char *
ask_all(struct asking *a, struct index_block *x, int fd, struct view *all)
{
	const char *why;
	bool everywhere;

	*all = (struct view){ &no_filter, x->zone, false, false };
	a->wanted = is_wanted(all, a->ask, a->ctx);
	if (!a->wanted || !all->asked_filter)
		return NULL;
	why = ask_one(a, x, fd, &everywhere);
	a->dull |= everywhere;
	if (why != NULL || everywhere)
		return why;
	why = index_load_common(x, fd);
	all->filter = &x->filter;
	a->wanted = why == NULL && is_wanted(all, a->ask, a->ctx);
	return why;
}

/*
 * Blocks from .. to - 1, from the last.  Where filters spared nothing, what is asked for is everywhere, mostly: then
 * one of a group is read to see whether that goes on.
 */
static const char *
plan_group(struct asking *a, struct index_block *x, int fd, unsigned from, unsigned to)
{
	bool filters = a->filters;
	unsigned asked = 0, spared = 0;
	const char *why = NULL;

	if (filters && a->dull) {
		why = index_load_filters(x, fd, to - 1, 1);
		filters = why == NULL && !wants_block(a, &x->entry[to - 1], true);
	}
	if (filters)
		why = index_load_filters(x, fd, from, to - from);
	for (unsigned i = to; i-- > from && why == NULL;) {
		const struct index_entry *e = &x->entry[i];
		bool wanted;

		if (e->options)
			continue;
		wanted = wants_block(a, e, filters);
		if (!wanted)
			pass(a->plan, e);
		asked++;
		spared += !wanted;
		*a->first = *e;
	}
	if (filters)
		a->dull = asked > 0 && spared == 0;
	return why;
}

/* The blocks of one index block.  What was not asked of all of them is not asked of each. */
static const char *
plan_blocks(struct asking *a, struct index_block *x, int fd)
{
	struct view all;
	const char *why = ask_all(a, x, fd, &all);

	if (a->wanted && !all.asked)
		return why;
	a->filters = a->wanted && all.asked_filter;
	for (unsigned to = x->n; to > 0 && why == NULL;) {
		unsigned from = to > GROUP ? to - GROUP : 0;

		why = plan_group(a, x, fd, from, to);
		to = from;
	}
	return why;
}

static void
keep(struct index_plan *p, const struct index_entry *first)
{
	struct index_run *r = p->n > 0 ? &p->run[p->n - 1] : NULL;

	if (r == NULL || r->at != first->at)
		return;
	r->at += first->length;
	r->octets -= first->length;
	r->records -= first->records;
	r->blocks--;
	p->n -= r->blocks == 0;
}

static const char *
plan_visit(void *ctx, int fd, struct index_block *x)
{
	return plan_blocks(ctx, x, fd);
}

const char *
index_plan(struct index_plan *p, int fd, uint64_t from, bool keep_first, stream_ask ask, void *ctx)
{
	struct index_entry first = { 0 };
	struct asking asking = { .plan = p, .first = &first, .ask = ask, .ctx = ctx };
	uint64_t begin;
	const char *why = index_walk(fd, from, plan_visit, &asking, &begin);

	if (keep_first)
		keep(p, &first);
	return why;
}

void
index_plan_free(struct index_plan *p)
{
	mem_free(p->run);
	*p = (struct index_plan){ 0 };
}
