/*
 * index_file.c - indexes of whole files: described, held against the data, made anew.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "stream/index.h"

static const char *
load_all(struct index_block *x, int fd)
{
	const char *why = index_load_common(x, fd);

	return why != NULL ? why : index_load_filters(x, fd, 0, x->n);
}

/* Describing --------------------------------------------------------------------------------------- */

static const char *
describe(void *ctx, int fd, struct index_block *x)
{
	struct stream_index_info *info = ctx;

	info->index_blocks++;
	info->octets += x->length;
	info->blocks += x->n;
	for (unsigned i = 0; i < x->n; i++) {
		info->records += x->entry[i].records;
		info->without +=
		    !x->entry[i].options && x->entry[i].filter.lines == 0 && x->filter.lines == 0;
	}
	return load_all(x, fd);
}

int
stream_index_info(int fd, struct stream_index_info *info, struct err *err)
{
	uint64_t first = 0;
	const char *why;

	*info = (struct stream_index_info){ 0 };
	why = file_is_regular(fd) ? index_walk(fd, 0, describe, info, &first) : NULL;
	info->whole = first == 0;
	return why == NULL ? 0 : err_set(err, "%s", why);
}

/* Checking ----------------------------------------------------------------------------------------- */

struct checking {
	struct stream_slot *slot;
	struct index_keys keys;
	uint8_t *block; /* of room octets */
	size_t room;
};

static bool
holds(const struct index_filter *f, const struct index_keys *k)
{
	for (size_t i = 0; i < k->n && f->lines > 0; i++)
		if ((f->levels >> (k->key[i] & (LEVELS - 1)) & 1) && !index_has(f, k->key[i]))
			return false;
	return true;
}

static const char *
check_keys(const struct index_block *x, const struct index_entry *e, const struct index_keys *k)
{
	if (k->odd && (x->filter.lines > 0 || e->filter.lines > 0))
		return "index of a block that cannot have one";
	if (!holds(&e->filter, k) || !holds(&x->filter, k))
		return "index without an address, network or port that a block has";
	for (unsigned z = 0; z < ZONES; z++)
		if (e->zone[z].valid && (!k->zone[z].valid || e->zone[z].min > k->zone[z].min ||
					    e->zone[z].max < k->zone[z].max))
			return "index with other times than a block has";
	return NULL;
}

static const char *
check_block(struct checking *c, int fd, const struct index_block *x, const struct index_entry *e)
{
	static const char elsewhere[] = "index of other blocks than there are";
	struct err err = { 0 };
	struct block_header h;

	if (c->room < e->length) {
		c->room = e->length;
		c->block = mem_resize(c->block, c->room, 1);
	}
	if (!file_read_at(fd, c->block, e->length, e->at) || !header_read(&h, c->block) ||
	    header_bounds(&h) != NULL || h.block_len != e->length || h.records != e->records ||
	    le_uint(c->block + H_HASH, 8) != e->seal || !header_sealed(c->block, h.header_len) ||
	    ((h.flags & BLOCK_OPTIONS) != 0) != e->options)
		return elsewhere;
	if (e->options)
		return NULL;
	if (index_lend(c->slot, c->block, &err) != 0)
		return elsewhere;
	index_keys_of(&c->keys, c->slot);
	return c->slot->batch.err.status != 0 ? "index of a damaged block"
					      : check_keys(x, e, &c->keys);
}

static const char *
check(void *ctx, int fd, struct index_block *x)
{
	const char *why = load_all(x, fd);

	for (unsigned i = 0; i < x->n && why == NULL; i++)
		why = check_block(ctx, fd, x, &x->entry[i]);
	return why;
}

int
stream_index_check(int fd, struct err *err)
{
	struct checking *c;
	const char *why;
	uint64_t first;

	if (!file_is_regular(fd))
		return 0;
	c = mem_zero(1, sizeof(*c));
	c->slot = slot_new();
	why = index_walk(fd, 0, check, c, &first);
	(void)index_lend(c->slot, NULL, err);
	slot_free(c->slot);
	index_keys_free(&c->keys);
	mem_free(c->block);
	mem_free(c);
	return why == NULL ? 0 : err_set(err, "%s", why);
}

/* Copying ------------------------------------------------------------------------------------------ */

struct copying {
	struct stream_writer *w; /* NULL: between segments */
	uint64_t records, blocks; /* of the segment as read */
	uint8_t *block;
	size_t room;
};

/* The next block, whole, sealed and in order.  NULL: done; else why not. */
static const char *
next_block(struct copying *c, int fd, uint64_t at, uint64_t left, struct block_header *h)
{
	uint8_t first[HEADER_LEN];

	if (left < HEADER_LEN || !file_read_at(fd, first, HEADER_LEN, at))
		return "stream ends within a block header";
	if (!header_read(h, first))
		return "no flow stream block here";
	if (header_bounds(h) != NULL)
		return header_bounds(h);
	if (h->block_len > left)
		return "stream ends within a block";
	if (c->room < h->block_len) {
		c->room = h->block_len;
		c->block = mem_resize(c->block, c->room, 1);
	}
	if (!file_read_at(fd, c->block, h->block_len, at))
		return strerror(errno);
	if (!header_sealed(c->block, h->header_len))
		return "damaged block header (its hash does not hold)";
	if (h->sequence != c->records)
		return "blocks are missing (sequence)";
	if ((h->flags & BLOCK_END) && (uint64_t)h->min_start_ns != c->blocks)
		return "end mark counts other blocks than were read";
	return NULL;
}

static int
copy_block(struct copying *c, int to_fd, const struct block_header *h, struct err *err)
{
	int rc = 0;

	if (c->w == NULL) {
		c->w = stream_create(to_fd, NULL);
		stream_ordered(c->w);
		stream_index(c->w);
	}
	if (h->flags & BLOCK_END) {
		rc = stream_finish(c->w, err);
		stream_abandon(c->w);
		c->w = NULL;
		c->records = c->blocks = 0;
		return rc;
	}
	c->records += h->records;
	c->blocks++;
	return h->flags & BLOCK_INDEX ? 0 : stream_put(c->w, c->block, h->block_len, err);
}

int
stream_index_copy(int from_fd, int to_fd, struct err *err)
{
	struct copying c = { 0 };
	struct block_header h = { 0 };
	struct stat st;
	uint64_t at = 0, end;
	int rc = 0;

	if (fstat(from_fd, &st) != 0)
		return err_system(err, NULL);
	end = (uint64_t)st.st_size;
	while (rc == 0 && at < end) {
		const char *why = next_block(&c, from_fd, at, end - at, &h);

		if (why != NULL)
			rc = err_set(err, "offset %llu: %s", (unsigned long long)at, why);
		else
			rc = copy_block(&c, to_fd, &h, err);
		at += h.block_len;
	}
	if (rc == 0 && (c.w != NULL || end == 0))
		rc = err_set(
		    err, "offset %llu: stream ends without its end mark", (unsigned long long)at);
	stream_abandon(c.w);
	mem_free(c.block);
	return rc;
}
