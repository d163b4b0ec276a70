/*
 * slot.c - a block as read: its memory, its header believed bit by bit, its facts.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/hash.h"
#include "flow/field.h"
#include "stream/block.h"
#include "stream/pack.h"

struct stream_slot *
slot_new(void)
{
	return mem_zero(1, sizeof(struct stream_slot));
}

void
slot_free(struct stream_slot *s)
{
	if (s == NULL)
		return;
	file_release(s->file);
	free(s->octets);
	unpacker_free(s->unpacker);
	mem_free(s->entry);
	mem_free(s->batch.col);
	arena_free(&s->batch.arena);
	arena_free(&s->batch.names);
	mem_free(s);
}

struct batch *
slot_batch(struct stream_slot *s)
{
	return &s->batch;
}

uint8_t *
slot_room(struct stream_slot *s, size_t n)
{
	if (s->cap < n) {
		size_t cap = (n + n / 2 + SLACK + 63) / 64 * 64;
		void *p = NULL;

		if (posix_memalign(&p, 64, cap) != 0)
			p = NULL;
		if (p != NULL && s->have > 0)
			memcpy(p, s->octets, s->have);
		free(s->octets);
		s->octets = p;
		s->cap = p == NULL ? 0 : cap - SLACK;
		if (p == NULL)
			errno = ENOMEM;
	}
	return s->octets;
}

struct stream_file *
file_share(struct stream_file *f)
{
	atomic_fetch_add(&f->users, 1);
	return f;
}

void
file_release(struct stream_file *f)
{
	if (f == NULL || atomic_fetch_sub(&f->users, 1) > 1)
		return;
	close(f->fd);
	mem_free(f);
}

/* Headers -------------------------------------------------------------------------------------- */

bool
header_read(struct block_header *h, const uint8_t *p)
{
	h->header_len = (uint32_t)le_uint(p + H_HEADER_LEN, 4);
	h->block_len = (uint32_t)le_uint(p + H_BLOCK_LEN, 4);
	h->records = (uint32_t)le_uint(p + H_RECORDS, 4);
	h->columns = (uint16_t)le_uint(p + H_COLUMNS, 2);
	h->flags = (uint16_t)le_uint(p + H_FLAGS, 2);
	h->version = (uint16_t)le_uint(p + H_VERSION, 2);
	h->sort = (uint16_t)le_uint(p + H_SORT, 2);
	h->selection = h->flags & BLOCK_SELECTED ? (uint32_t)le_uint(p + H_SELECTION, 4) : 0;
	h->min_start_ns = (int64_t)le_uint(p + H_MIN_START, 8);
	h->max_end_ns = (int64_t)le_uint(p + H_MAX_END, 8);
	h->sequence = le_uint(p + H_SEQUENCE, 8);
	return memcmp(p, STREAM_MAGIC, 8) == 0;
}

const char *
header_bounds(const struct block_header *h)
{
	if (h->header_len < HEADER_LEN || h->header_len > MAX_HEADER)
		return "header length out of bounds";
	if (h->block_len < h->header_len || h->block_len > MAX_BLOCK)
		return "block length out of bounds";
	if (h->header_len < HEADER_LEN + (size_t)h->columns * ENTRY_LEN)
		return "header too short for its columns";
	if (h->columns > BATCH_COLUMNS_MAX)
		return "more than 4096 columns";
	if (h->records > BATCH_RECORDS_MAX)
		return "more than 1048576 records";
	if ((h->flags & BLOCK_SELECTED) &&
	    (h->selection % SECTION_ALIGN || h->selection < h->header_len ||
		h->selection > h->block_len ||
		h->block_len - h->selection != selection_len(h->records)))
		return "selection outside its block";
	return NULL;
}

bool
section_sound(const uint8_t *p, size_t n, unsigned entry_flags, uint64_t hash)
{
	return (entry_flags & ENTRY_XXH3 ? hash_xxh3(p, n) : hash_xxh64(p, n)) == hash;
}

bool
header_sealed(const uint8_t *p, size_t header_len)
{
	return hash_xxh64_hole(p, header_len, H_HASH) == le_uint(p + H_HASH, 8);
}

static const char *
entry_bounds(
    const struct block_header *h, const struct block_entry *e, const struct column *c, unsigned at)
{
	if (c->type == TYPE_NONE || c->type >= TYPE_COUNT)
		return "unknown column type";
	if (type_is_var((enum type)c->type) != (c->width == 0))
		return "column width does not fit its type";
	if (c->width & (c->width - 1) || c->width > 16 || (c->width == 16 && c->type != TYPE_IP))
		return "impossible column width";
	if (type_width((enum type)c->type) != c->width && c->type != TYPE_UINT &&
	    c->type != TYPE_INT && (c->type != TYPE_IP || c->width != 4))
		return "column width does not fit its type";
	if (e->encoding < ENC_CONST || e->encoding > ENC_RUNS)
		return "unknown encoding";
	if (e->flags & ~ENTRY_KNOWN)
		return "unknown column flags";
	if (e->scale > 18 || e->planes > 8)
		return "impossible scale or planes";
	if (e->length > 0 &&
	    (e->offset % SECTION_ALIGN || e->offset < h->header_len || e->offset > h->block_len ||
		e->length > h->block_len - e->offset || e->length < 8))
		return "section outside its block";
	if (e->encoding == ENC_MAP && e->reference >= h->columns)
		return "impossible reference column";
	if (e->reference != NO_REFERENCE && e->encoding != ENC_MAP &&
	    (e->reference >= at || e->encoding != ENC_PLANES || c->width != 8))
		return "impossible reference column";
	if (e->encoding == ENC_CONST && (c->width == 0 || c->width > 8))
		return "constant of variable width";
	if ((e->encoding == ENC_PLANES || e->encoding == ENC_RUNS) &&
	    (c->width == 0 || c->width > 8))
		return "planes of variable width";
	if ((e->encoding == ENC_BYTES) != (c->width == 0) && e->encoding != ENC_DICT &&
	    e->encoding != ENC_MAP)
		return "encoding does not fit the width";
	return NULL;
}

/* A name as a string of its own; NULL: outside the header or not a C string. */
static const char *
entry_name(struct stream_slot *s, const struct block_header *h, uint32_t at)
{
	size_t area = HEADER_LEN + (size_t)h->columns * ENTRY_LEN, len;

	if (at < area || at > h->header_len - 2)
		return NULL;
	len = le_uint(s->octets + at, 2);
	if (len == 0 || len >= FIELD_NAME_MAX || len > h->header_len - at - 2 ||
	    memchr(s->octets + at + 2, 0, len) != NULL)
		return NULL;
	return arena_string(&s->batch.arena, (const char *)s->octets + at + 2, len);
}

static const char *
read_entry(struct stream_slot *s, const struct block_header *h, unsigned i)
{
	const uint8_t *p = s->octets + HEADER_LEN + (size_t)i * ENTRY_LEN;
	struct column *c = &s->batch.col[i];
	struct block_entry *e = &s->entry[i];
	uint32_t name = (uint32_t)le_uint(p + E_NAME, 4);
	const char *why;

	*c = (struct column){ .id = { .pen = (uint32_t)le_uint(p, 4),
				  .id = (uint16_t)le_uint(p + E_ELEMENT, 2),
				  .instance = p[E_INSTANCE] },
		.type = p[E_TYPE],
		.width = p[E_WIDTH],
		.scale = p[E_SCALE],
		.form = COLUMN_PACKED,
		.min = le_uint(p + E_MIN, 8),
		.max = le_uint(p + E_MAX, 8) };
	*e = (struct block_entry){ .encoding = p[E_ENCODING],
		.planes = p[E_PLANES],
		.scale = p[E_SCALE],
		.flags = (uint16_t)le_uint(p + E_FLAGS, 2),
		.reference = (uint16_t)le_uint(p + E_REFERENCE, 2),
		.offset = (uint32_t)le_uint(p + E_OFFSET, 4),
		.length = (uint32_t)le_uint(p + E_LENGTH, 4),
		.unpacked = (uint32_t)le_uint(p + E_UNPACKED, 4),
		.base = le_uint(p + E_BASE, 8),
		.hash = le_uint(p + E_HASH, 8) };
	why = entry_bounds(h, e, c, i);
	if (why != NULL)
		return why;
	if (e->encoding == ENC_PLANES && e->reference != NO_REFERENCE &&
	    (s->entry[e->reference].reference != NO_REFERENCE ||
		s->batch.col[e->reference].width != 8))
		return "impossible reference column";
	c->flags = (uint16_t)((e->flags & ENTRY_SCOPE ? COLUMN_SCOPE : 0) |
			      (e->flags & ENTRY_ZONE ? COLUMN_ZONE : 0) |
			      (e->flags & ENTRY_TRUNCATED ? COLUMN_TRUNCATED : 0) |
			      (e->flags & ENTRY_PRESENCE ? COLUMN_PARTIAL : 0));
	if (c->id.pen == PEN_NAMED && (c->id.named = entry_name(s, h, name)) == NULL)
		return "column without its name";
	return NULL;
}

/* Whoever finds a column by its identity finds one. */
static bool
stands_before(const struct batch *b, unsigned at)
{
	const struct column *c = &b->col[at];

	for (unsigned i = 0; i < at; i++)
		if (b->col[i].id.id == c->id.id && field_id_equal(&b->col[i].id, &c->id) &&
		    ((b->col[i].flags ^ c->flags) & COLUMN_SCOPE) == 0)
			return true;
	return false;
}

/* What the header says; of what is in the block nothing is known yet. */
static void
take_header(struct stream_slot *s, const struct block_header *h)
{
	struct batch *b = &s->batch;

	arena_reset(&b->arena);
	b->err = (struct err){ 0 };
	b->n = h->records;
	b->n_cols = b->n_all = h->columns;
	b->options = (h->flags & BLOCK_OPTIONS) != 0;
	b->sort_column = (uint16_t)(h->sort & ~SORT_DESCENDING);
	b->sort_descending = (h->sort & SORT_DESCENDING) != 0;
	b->unpack = slot_unpack;
	b->source = s;
	b->n_unpacked = 0;
	s->thinned = 0;
	s->values = 0;
	s->records = h->records;
	s->idx = NULL;
	s->selection = NULL;
	s->tail = NULL;
	s->tail_len = 0;
	s->stored = h->block_len;
	s->flags = h->flags;
	s->sequence = h->sequence;
	s->header_len = h->header_len;
	s->block_len = h->block_len;
	s->columns = h->columns;
	s->min_start_ns = h->min_start_ns;
	s->max_end_ns = h->max_end_ns;
}

static void
make_columns(struct stream_slot *s, unsigned n)
{
	struct batch *b = &s->batch;

	if (b->cap_cols < n + 16) {
		b->cap_cols = n + 16;
		b->col = mem_resize(b->col, b->cap_cols, sizeof(*b->col));
	}
	if (s->cap_entries < n) {
		s->cap_entries = n;
		s->entry = mem_resize(s->entry, s->cap_entries, sizeof(*s->entry));
	}
}

/* Entries one by one, then what holds between them, and of all. */
static int
read_entries(struct stream_slot *s, const struct block_header *h, struct err *err)
{
	uint64_t unpacked = 0;

	for (unsigned i = 0; i < h->columns; i++) {
		const char *why = read_entry(s, h, i);

		if (why == NULL && stands_before(&s->batch, i))
			why = "the same as one before";
		if (why != NULL)
			return err_set(err, "column %u: %s", i, why);
		unpacked += s->entry[i].unpacked;
		s->values += values_octets(h->records, s->batch.col[i].width);
	}
	for (unsigned i = 0; i < h->columns; i++)
		if (s->entry[i].encoding == ENC_MAP &&
		    s->entry[s->entry[i].reference].encoding != ENC_DICT)
			return err_set(err, "column %u: impossible reference column", i);
	if (unpacked > MAX_UNPACKED)
		return err_set(err, "block unpacks to more than %d MiB", MAX_UNPACKED >> 20);
	if (s->values > MAX_UNPACKED)
		return err_set(err, "values of a block take more than %d MiB", MAX_UNPACKED >> 20);
	return 0;
}

int
slot_open(struct stream_slot *s, const struct block_header *h, struct err *err)
{
	const char *why;

	take_header(s, h);
	make_columns(s, h->columns);
	if (s->batch.sort_column > h->columns)
		return err_set(err, "order by column %u of %u", s->batch.sort_column, h->columns);
	if (read_entries(s, h, err) != 0)
		return -1;
	why = h->flags & BLOCK_SELECTED ? selection_load(s, h) : NULL;
	return why == NULL ? 0 : err_set(err, "%s", why);
}

const char *
slot_unread_why(void)
{
	return errno != 0 ? strerror(errno) : "the file became shorter meanwhile";
}

int
slot_unread(const struct stream_slot *s, struct err *err)
{
	const unsigned long long at = s->file_offset;

	return errno != 0 ? err_system(err, "offset %llu: block cannot be read", at)
			  : err_set(err, "offset %llu: %s", at, slot_unread_why());
}

/* What of it is still in the file. */
static bool
read_rest(struct stream_slot *s)
{
	if (s->have < s->stored &&
	    (s->file == NULL || !file_read_at(s->file->fd, s->octets + s->have, s->stored - s->have,
				    s->file_offset + s->have)))
		return false;
	s->have = s->have > s->stored ? s->have : s->stored;
	return true;
}

const uint8_t *
slot_octets(struct stream_slot *s, size_t *len, struct err *err)
{
	if (slot_room(s, s->block_len) == NULL || !read_rest(s)) {
		(void)slot_unread(s, err);
		return NULL;
	}
	if (s->have < s->block_len)
		memcpy(s->octets + s->stored, s->tail, s->tail_len);
	s->have = s->block_len;
	*len = s->block_len;
	return s->octets;
}

bool
slot_packed(const struct stream_slot *s)
{
	for (unsigned i = 0; i < s->columns; i++)
		if (s->entry[i].encoding == ENC_PLANES || s->entry[i].encoding == ENC_DICT ||
		    s->entry[i].encoding == ENC_MAP || s->entry[i].encoding == ENC_RUNS)
			return true;
	return false;
}

bool
slot_times(const struct stream_slot *s, int64_t *min_start_ns, int64_t *max_end_ns)
{
	*min_start_ns = s->min_start_ns;
	*max_end_ns = s->max_end_ns;
	return s->min_start_ns != INT64_MIN && s->max_end_ns != INT64_MAX;
}

/* Facts ---------------------------------------------------------------------------------------- */

void
slot_info(const struct stream_slot *s, struct block_info *info)
{
	*info = (struct block_info){ .offset = s->file_offset,
		.length = s->block_len,
		.sequence = s->sequence,
		.records = (uint32_t)(s->selection != NULL ? s->n_selected : s->records),
		.options = s->batch.options,
		.columns = s->columns };
}

void
slot_column_info(const struct stream_slot *s, unsigned column, struct column_info *info)
{
	static const char *const names[] = { [ENC_CONST] = "const",
		[ENC_PLAIN] = "plain",
		[ENC_PLANES] = "planes",
		[ENC_BYTES] = "bytes",
		[ENC_DICT] = "dict",
		[ENC_MAP] = "map",
		[ENC_RUNS] = "runs" };
	const struct block_entry *e = &s->entry[column];

	*info = (struct column_info){ .col = s->batch.col[column],
		.encoding = names[e->encoding],
		.planes = e->planes,
		.stored = e->length,
		.unpacked = e->unpacked };
	info->dict_n = s->batch.col[column].dict_n;
}
