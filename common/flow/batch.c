#include "flow/column.h"

#include <assert.h>
#include <stdatomic.h>

enum { FIRST_CAPACITY = 1024, FIRST_OCTETS = 16 * 1024, COARSEST = 9 };

/* Layouts are told apart for the life of the process, as batches come and go at one address. */
static uint64_t
new_layout(void)
{
	static atomic_uint_least64_t last;

	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

struct batch *
batch_new(void)
{
	struct batch *b = mem_zero(1, sizeof(*b));

	b->open = true;
	b->layout = new_layout();
	return b;
}

static void
free_columns(struct batch *b)
{
	if (b->open) {
		for (unsigned i = 0; i < b->n_cols; i++) {
			mem_free(b->col[i].bits);
			mem_free(b->col[i].data);
			mem_free(b->col[i].off);
		}
	}
	b->n_cols = b->n_all = 0;
}

void
batch_free(struct batch *b)
{
	if (b == NULL)
		return;
	free_columns(b);
	mem_free(b->col);
	arena_free(&b->arena);
	arena_free(&b->names);
	mem_free(b);
}

static unsigned
coarsest_scale(const struct column *c)
{
	return c->type == TYPE_TIME || c->type == TYPE_DURATION ? COARSEST : 0;
}

void
batch_clear(struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		struct column *c = &b->col[i];

		if (b->n > 0)
			memset(c->bits, 0, bits_words(b->n) * 8);
		c->present = c->bits;
		c->flags &= COLUMN_SCOPE;
		c->scale = (uint8_t)coarsest_scale(c);
		c->n_dense = c->n_filled = c->data_len = 0;
	}
	b->n = b->octets = 0;
	b->closed = false;
	b->n_all = b->n_cols;
	b->sort_column = 0;
	b->sort_descending = false;
	b->err = (struct err){ 0 };
	arena_reset(&b->arena);
}

void
batch_reset(struct batch *b)
{
	batch_clear(b);
	free_columns(b);
	b->cap = 0;
	b->row = 0;
	b->layout = new_layout();
	arena_reset(&b->names);
}

/* Octets of memory for the fixed cells of `cap` records, with room for a whole last word of 64. */
static size_t
cells_size(size_t cap, unsigned width)
{
	return (cap + 64) * width;
}

static void
column_reserve(struct column *c, size_t old_cap, size_t cap)
{
	size_t old_words = old_cap ? bits_words(old_cap) + 1 : 0, words = bits_words(cap) + 1;

	c->bits = mem_resize(c->bits, words, 8);
	memset(c->bits + old_words, 0, (words - old_words) * 8);
	c->present = c->bits;
	if (c->width == 0) {
		c->off = mem_resize(c->off, cap + 1, sizeof(*c->off));
	} else if (c->data_cap < cells_size(cap, c->width)) {
		c->data_cap = cells_size(cap, c->width);
		c->data = mem_resize(c->data, c->data_cap, 1);
	}
}

struct column *
column_append(struct batch *b)
{
	if (b->n_all == b->cap_cols) {
		b->cap_cols = b->cap_cols ? b->cap_cols * 2 : 32;
		b->col = mem_resize(b->col, b->cap_cols, sizeof(*b->col));
	}
	b->col[b->n_all] = (struct column){ .form = COLUMN_PLAIN };
	return &b->col[b->n_all++];
}

static int
find_column(const struct batch *b, const struct field_id *id, unsigned flags)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if (c->id.id == id->id && field_id_equal(&c->id, id) &&
		    ((c->flags ^ flags) & COLUMN_SCOPE) == 0)
			return (int)i;
	}
	return -1;
}

static void
store_uint(struct column *c, size_t rec, uint64_t v)
{
	switch (c->width) {
	case 1: ((uint8_t *)c->data)[rec] = (uint8_t)v; break;
	case 2: ((uint16_t *)c->data)[rec] = (uint16_t)v; break;
	case 4: ((uint32_t *)c->data)[rec] = (uint32_t)v; break;
	default: ((uint64_t *)c->data)[rec] = v; break;
	}
}

/* Make the cells of a column wider, keeping their values. */
static void
column_widen(struct batch *b, struct column *c, unsigned width)
{
	struct column old = *c;
	size_t size = cells_size(b->cap, width);
	bool there = c->data_cap >= size; /* it was as wide before */

	c->width = (uint8_t)width;
	if (there) {
		old.data = mem_alloc(cells_size(b->n, old.width));
		memcpy(old.data, c->data, b->n * old.width);
	} else {
		c->data = mem_alloc(size);
		c->data_cap = size;
	}
	column_convert(c, 0, &old, NULL, b->n);
	mem_free(old.data);
	b->row += width - old.width;
}

void
batch_narrow(struct batch *b)
{
	assert(b->open && b->n == 0);
	for (unsigned i = 0; i < b->n_cols; i++) {
		struct column *c = &b->col[i];

		if (c->type != TYPE_IP || c->width == 4)
			continue;
		c->width = 4;
		b->row -= 16 - 4;
	}
}

/* Octets of a record in a column, those of variable length left out. */
static size_t
row_octets(const struct column *c)
{
	return c->width ? c->width : sizeof(*c->off);
}

int
batch_column(
    struct batch *b, const struct field_id *id, enum type type, unsigned width, unsigned flags)
{
	int i = find_column(b, id, flags);
	struct column *c;

	assert(b->open);
	if (i >= 0) {
		c = &b->col[i];
		if (c->type != type)
			return -1;
		if (width > c->width && c->width != 0)
			column_widen(b, c, width);
		return i;
	}
	if (b->n_cols >= BATCH_COLUMNS_MAX)
		return -1;
	b->n_all = b->n_cols; /* computed columns stand behind the stored ones: they go */
	c = column_append(b);
	c->id = *id;
	if (id->named != NULL)
		c->id.named = arena_string(&b->names, id->named, strlen(id->named));
	c->type = (uint8_t)type;
	c->width = (uint8_t)(type_is_var(type) ? 0 : width);
	c->flags = (uint16_t)(flags & COLUMN_SCOPE);
	c->scale = (uint8_t)coarsest_scale(c);
	b->n_cols = b->n_all;
	b->row += row_octets(c);
	if (b->cap > 0)
		column_reserve(c, 0, b->cap);
	return (int)b->n_cols - 1;
}

/* What batch_close made of the columns. */
static void
reopen(struct batch *b)
{
	b->closed = false;
	for (unsigned i = 0; i < b->n_cols; i++) {
		b->col[i].present = b->col[i].bits;
		b->col[i].flags &= COLUMN_SCOPE;
	}
}

void
batch_reserve(struct batch *b, size_t n)
{
	size_t cap = b->cap ? b->cap : FIRST_CAPACITY;

	if (b->n + n <= b->cap)
		return;
	while (cap < b->n + n)
		cap *= 2;
	for (unsigned i = 0; i < b->n_cols; i++)
		column_reserve(&b->col[i], b->cap, cap);
	b->cap = cap;
}

size_t
batch_extend(struct batch *b, size_t n)
{
	size_t first = b->n;

	assert(b->open && n <= BATCH_RECORDS_MAX);
	b->n_all = b->n_cols; /* computed columns stand behind the stored ones: they go */
	if (b->closed)
		reopen(b);
	batch_reserve(b, n);
	b->n += n;
	return first;
}

void
batch_precision(struct batch *b, unsigned col, unsigned scale)
{
	if (scale < b->col[col].scale)
		b->col[col].scale = (uint8_t)scale;
}

/* Presence that is written nowhere yet. */
static void
write_dense(struct column *c)
{
	bits_set_words(c->bits, 0, c->n_dense);
}

void
batch_unmark(struct batch *b, unsigned col, size_t rec)
{
	struct column *c = &b->col[col];

	write_dense(c);
	c->n_dense = 0;
	bits_clear(c->bits, rec);
}

/* Whole words, the last of them into the room behind: records of a message are some tens. */
void
batch_fill(struct batch *b, unsigned col, size_t first, size_t n, uint64_t value)
{
	static const uint64_t ones[] = {
		[1] = UINT64_C(0x0101010101010101),
		[2] = UINT64_C(0x0001000100010001),
		[4] = UINT64_C(0x0000000100000001),
		[8] = 1,
	};
	unsigned width = b->col[col].width;
	uint8_t *to = (uint8_t *)batch_cells(b, col) + first * width, *end = to + n * width;
	uint64_t word[4];

	assert(first + n == b->n);
	if (width < 8)
		value &= (UINT64_C(1) << 8 * width) - 1;
	for (size_t i = 0; i < 4; i++)
		word[i] = value * ones[width];
	for (; to < end; to += sizeof word)
		memcpy(to, word, sizeof word);
}

void
batch_put_uint(struct batch *b, unsigned col, size_t rec, uint64_t v)
{
	store_uint(&b->col[col], rec, v);
	batch_mark(b, col, rec, 1);
}

void
batch_put_double(struct batch *b, unsigned col, size_t rec, double v)
{
	if (b->col[col].width == 4)
		((float *)b->col[col].data)[rec] = (float)v;
	else
		((double *)b->col[col].data)[rec] = v;
	batch_mark(b, col, rec, 1);
}

void
batch_put_ip(struct batch *b, unsigned col, size_t rec, const struct addr *a)
{
	struct column *c = &b->col[col];

	if (c->width == 4 && addr_is_v4(a)) {
		((uint32_t *)c->data)[rec] = addr_u32(a);
	} else {
		if (c->width == 4)
			column_widen(b, c, 16);
		memcpy((uint8_t *)c->data + rec * 16, a->b, 16);
	}
	batch_mark(b, col, rec, 1);
}

void
column_fill_offsets(struct column *c, size_t rec)
{
	while (c->n_filled <= rec)
		c->off[c->n_filled++] = (uint32_t)c->data_len;
}

void
column_reserve_octets(struct column *c, size_t n)
{
	if (c->data_cap > 0 && c->data_len + n <= c->data_cap)
		return;
	c->data_cap = c->data_cap ? c->data_cap : FIRST_OCTETS;
	while (c->data_cap < c->data_len + n)
		c->data_cap *= 2;
	c->data = mem_resize(c->data, c->data_cap, 1);
}

void
batch_put_octets(struct batch *b, unsigned col, size_t rec, const void *p, size_t n)
{
	struct column *c = &b->col[col];

	column_fill_offsets(c, rec);
	column_reserve_octets(c, n);
	if (n > 0)
		memcpy((uint8_t *)c->data + c->data_len, p, n);
	c->data_len += n;
	b->octets += n;
	batch_mark(b, col, rec, 1);
}

/* Slots of missing records hold zeros in a closed batch, so equal batches encode to equal octets. */
static void
zero_missing(struct column *c, size_t n)
{
	uint8_t *cells = c->data;

	for (size_t w = 0; w < bits_words(n); w++) {
		uint64_t missing = ~c->bits[w] & (w == n / 64 ? bits_tail(n) : ~UINT64_C(0));

		for (; missing; missing &= missing - 1) {
			size_t rec = w * 64 + (size_t)__builtin_ctzll(missing);

			memset(cells + rec * c->width, 0, c->width);
		}
	}
}

size_t
batch_octets(const struct batch *b)
{
	size_t sum = 0;

	if (b->open)
		return b->n * b->row + b->octets;
	for (unsigned i = 0; i < b->n_cols; i++)
		sum += b->n * row_octets(&b->col[i]);
	return sum;
}

void
batch_close(struct batch *b)
{
	for (unsigned i = 0; i < b->n_cols; i++) {
		struct column *c = &b->col[i];
		size_t present = c->n_dense;

		write_dense(c);
		if (present < b->n)
			present = bits_count(c->bits, b->n);
		c->flags &= COLUMN_SCOPE;
		if (c->width == 0 && b->cap > 0)
			column_fill_offsets(c, b->n);
		c->present = present == b->n ? NULL : c->bits;
		if (present == 0)
			c->flags |= COLUMN_EMPTY;
		if (present < b->n)
			c->flags |= COLUMN_PARTIAL;
		if (present > 0 && present < b->n && c->width > 0)
			zero_missing(c, b->n);
	}
	b->closed = true;
}

/* Reading ------------------------------------------------------------------------------------ */

void
field_of_column(struct field *f, const struct column *c)
{
	field_of_id(f, &c->id);
	f->type = (enum type)c->type;
	f->width = c->width;
}

int
batch_find(const struct batch *b, const struct field_id *id)
{
	int i = find_column(b, id, 0);

	if (i < 0 && b->options)
		i = find_column(b, id, COLUMN_SCOPE);
	return i >= 0 && (b->col[i].flags & COLUMN_EMPTY) ? -1 : i;
}

void
batch_arrange(struct batch *b, const struct field_id *id, size_t n)
{
	unsigned to = 0;

	assert(b->open && b->n_all == b->n_cols);
	for (size_t k = 0; k < n; k++) {
		int i = batch_find(b, &id[k]);
		struct column c;

		if (i < (int)to) /* it has none, or it stands there already */
			continue;
		c = b->col[i];
		memmove(&b->col[to + 1], &b->col[to], ((unsigned)i - to) * sizeof(c));
		b->col[to++] = c;
		if (b->sort_column == i + 1)
			b->sort_column = (uint16_t)to;
		else if (b->sort_column >= to && b->sort_column <= i)
			b->sort_column++;
	}
	b->layout = new_layout();
}

const struct column *
batch_dict(struct batch *b, unsigned i)
{
	if (b->col[i].form == COLUMN_PACKED)
		b->unpack(b, i, UNPACK_DICT);
	return b->col[i].codes != NULL ? &b->col[i] : NULL;
}

const struct column *
batch_entries(struct batch *b, unsigned i)
{
	const struct column *c = &b->col[i];

	if (c->form == COLUMN_PACKED && c->dict_n == 0)
		b->unpack(b, i, UNPACK_ENTRIES);
	return c->codes != NULL || (c->form == COLUMN_PACKED && c->dict_n > 0) ? c : NULL;
}

const struct planes *
batch_planes(struct batch *b, unsigned i)
{
	if (b->col[i].form == COLUMN_PACKED && b->col[i].planes == NULL)
		b->unpack(b, i, UNPACK_PLANES);
	return b->col[i].planes;
}

const uint64_t *
batch_present(struct batch *b, unsigned i)
{
	if (b->col[i].form == COLUMN_PACKED && (b->col[i].flags & COLUMN_PARTIAL))
		b->unpack(b, i, UNPACK_PRESENT);
	return b->col[i].present;
}
