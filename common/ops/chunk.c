#include "ops/chunk.h"

#include <assert.h>

#include "base/ordered.h"
#include "flow/cells.h"

enum { SLAB = 32 << 20, ALIGN = 64 };

/* Memory --------------------------------------------------------------------------------------- */

struct slab {
	struct slab *next;
	uint8_t *mem;
	size_t size, used;
	unsigned chunks; /* that are in it */
	bool taken; /* one is being put there */
};

struct slabs {
	struct ordered_lock *lock;
	struct slab *all;
};

struct slabs *
slabs_new(void)
{
	struct slabs *s = mem_zero(1, sizeof(*s));

	s->lock = ordered_lock_new();
	return s;
}

void
slabs_free(struct slabs *s)
{
	while (s->all != NULL) {
		struct slab *next = s->all->next;

		mem_free_table(s->all->mem, s->all->size);
		mem_free(s->all);
		s->all = next;
	}
	ordered_lock_free(s->lock);
	mem_free(s);
}

/* A slab with room for n octets, for this thread until it is put back. */
static struct slab *
slab_take(struct slabs *s, size_t n)
{
	struct slab *a;

	ordered_lock(s->lock);
	for (a = s->all; a != NULL; a = a->next) {
		if (a->taken)
			continue;
		if (a->chunks == 0)
			a->used = 0;
		if (a->size - a->used >= n)
			break;
	}
	if (a == NULL) {
		a = mem_zero(1, sizeof(*a));
		a->size = n > SLAB ? n : SLAB;
		a->mem = mem_table(a->size);
		a->next = s->all;
		s->all = a;
	}
	a->taken = true;
	a->chunks++;
	ordered_unlock(s->lock);
	return a;
}

static void
slab_put(struct slabs *s, struct slab *a)
{
	ordered_lock(s->lock);
	a->taken = false;
	ordered_unlock(s->lock);
}

static void *
slab_alloc(struct slab *a, size_t n)
{
	void *p = a->mem + a->used;

	n = (n + ALIGN - 1) / ALIGN * ALIGN;
	assert(a->size - a->used >= n);
	a->used += n;
	return p;
}

/* Columns -------------------------------------------------------------------------------------- */

static bool
is_constant(const struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	return c->width > 0 && c->width <= 8 && c->present == NULL &&
	       memcmp(v, v + c->width, (n - 1) * c->width) == 0;
}

/* Room that a column may need at the most. */
static size_t
room_of(struct batch *b, unsigned i, size_t n)
{
	const struct column *c = batch_dict(b, i);
	size_t room = 8 * ALIGN + bits_words(n) * 8 + sizeof(struct packed) + FIELD_NAME_MAX;

	if (c != NULL && c->dict_n <= n)
		return room + n * 2 + c->dict_n * (size_t)(c->width + 4) + 4 +
		       (c->width ? 0 : c->dict_off[c->dict_n]);
	c = batch_plain(b, i);
	return room + (c->width ? n * c->width : (n + 1) * 4 + c->off[b->n]);
}

static uint64_t *
pack_presence(struct slab *a, const struct column *c, const uint32_t *idx, size_t n)
{
	uint64_t *bits;

	if (c->present == NULL)
		return NULL;
	bits = slab_alloc(a, bits_words(n) * 8);
	memset(bits, 0, bits_words(n) * 8);
	for (size_t k = 0; k < n; k++)
		bits[k / 64] |= (uint64_t)bits_get(c->present, idx ? idx[k] : k) << k % 64;
	return bits;
}

/* Cells of `width` octets as ones of `store`, not more. */
static void *
pack_cells(
    struct slab *a, unsigned store, const void *v, unsigned width, const uint32_t *idx, size_t n)
{
	void *to = slab_alloc(a, n * store);

	cells_convert(to, store, v, width, false, idx, n);
	return to;
}

static void
pack_numbers(struct packed *p, struct slab *a, const void *v, const uint32_t *idx, size_t n)
{
	if (p->type == TYPE_UINT)
		p->store = (uint8_t)cells_needed(v, p->width, idx, n);
	p->data = pack_cells(a, p->store, v, p->width, idx, n);
}

#define UNITS(D) \
	for (size_t k = 0; k < n; k++) { \
		uint64_t above = v[idx ? idx[k] : k] - base, u = above / (D); \
\
		rest |= above - u * (D); \
		to[k] = (uint32_t)u; \
	}

/* Times of one precision within 2^32 of its units.  false: they are not so. */
static bool
pack_times(struct packed *p, struct slab *a, const struct column *c, const uint32_t *idx, size_t n)
{
	const uint64_t *v = c->data;
	int64_t least = INT64_MAX, most = INT64_MIN;
	uint64_t base, rest = 0;
	uint32_t *to;

	if (c->type != TYPE_TIME || c->present != NULL || (c->scale != 6 && c->scale != 3))
		return false;
	for (size_t k = 0; k < n; k++) {
		int64_t t = (int64_t)v[idx ? idx[k] : k];

		least = t < least ? t : least;
		most = t > most ? t : most;
	}
	base = (uint64_t)least;
	p->unit = c->scale == 6 ? 1000000 : 1000;
	if (((uint64_t)most - base) / p->unit > UINT32_MAX)
		return false;
	to = slab_alloc(a, n * sizeof(*to));
	if (c->scale == 6) {
		UNITS(UINT64_C(1000000))
	} else {
		UNITS(UINT64_C(1000))
	}
	if (rest != 0) {
		a->used -= (n * sizeof(*to) + ALIGN - 1) / ALIGN * ALIGN;
		return false;
	}
	p->form = PACKED_TIME;
	p->store = 4;
	p->base = base;
	p->data = to;
	return true;
}

static void
pack_octets(struct packed *p, struct slab *a, const struct column *c, const uint32_t *idx, size_t n)
{
	uint32_t *off = slab_alloc(a, (n + 1) * sizeof(*off));
	uint8_t *to = slab_alloc(a, 0);
	size_t at = 0;

	for (size_t k = 0; k < n; k++) {
		size_t from = idx ? idx[k] : k, len = c->off[from + 1] - c->off[from];

		off[k] = (uint32_t)at;
		if (len > 0)
			memcpy(to + at, (const uint8_t *)c->data + c->off[from], len);
		at += len;
		p->longest = len > p->longest ? len : p->longest;
	}
	off[n] = (uint32_t)at;
	p->data = slab_alloc(a, at);
	p->off = off;
	p->octets = at;
}

/* Codes that another column before has too are there once. */
static uint16_t *
pack_codes(struct slab *a, const uint16_t *codes, const uint32_t *idx, size_t n, struct packed *col,
    const uint16_t **from, size_t n_cols)
{
	for (size_t k = 0; k < n_cols; k++)
		if (from[k] == codes)
			return col[k].codes;
	return pack_cells(a, sizeof(*codes), codes, sizeof(*codes), idx, n);
}

static void
pack_entries(struct packed *p, struct slab *a, const struct column *c, size_t n)
{
	p->form = PACKED_DICT;
	if (c->width > 0) {
		pack_numbers(p, a, c->dict_data, NULL, c->dict_n);
		return;
	}
	p->off = pack_cells(a, 4, c->dict_off, 4, NULL, c->dict_n + (size_t)1);
	p->data = pack_cells(a, 1, c->dict_data, 1, NULL, c->dict_off[c->dict_n]);
	for (size_t k = 0; k < n; k++) {
		size_t len = p->off[p->codes[k] + 1] - p->off[p->codes[k]];

		p->octets += len;
		p->longest = len > p->longest ? len : p->longest;
	}
}

static void
pack_column(struct chunk *ch, struct packed *p, struct slab *a, struct batch *b, unsigned i,
    const uint32_t *idx, size_t n, const uint16_t **from)
{
	const struct column *c = &b->col[i];

	*p = (struct packed){ .id = c->id,
		.type = c->type,
		.width = c->width,
		.scale = c->scale,
		.store = c->width,
		.flags = c->flags & COLUMN_SCOPE };
	if (c->id.named != NULL) {
		size_t len = strlen(c->id.named) + 1;

		p->id.named = memcpy(slab_alloc(a, len), c->id.named, len);
	}
	p->present = pack_presence(a, c, idx, n);
	if (c->codes != NULL && c->dict_n <= n) {
		p->codes =
		    pack_codes(a, c->codes, idx, n, ch->col, from, c->width > 0 ? ch->n_cols : 0);
		from[ch->n_cols] = c->width > 0 ? c->codes : NULL;
		pack_entries(p, a, c, n);
		return;
	}
	c = batch_plain(b, i);
	if (is_constant(c, b->n)) {
		p->form = PACKED_CONST;
		p->base = column_word(c, 0);
	} else if (c->width == 0) {
		pack_octets(p, a, c, idx, n);
	} else if (!pack_times(p, a, c, idx, n)) {
		pack_numbers(p, a, c->data, idx, n);
	}
}

/* A plain column of n records, which was `width` wide. */
static void
packed_of(const struct column *c, struct packed *p, unsigned width, size_t n)
{
	*p = (struct packed){ .id = c->id,
		.type = c->type,
		.width = (uint8_t)(width > c->width ? width : c->width),
		.scale = c->scale,
		.form = PACKED_PLAIN,
		.store = c->width,
		.flags = c->flags & COLUMN_SCOPE,
		.present = c->present,
		.data = c->data,
		.off = c->off };
	if (c->width > 0)
		return;
	p->octets = c->off[n] - c->off[0];
	for (size_t k = 0; k < n; k++) {
		size_t len = c->off[k + 1] - c->off[k];

		p->longest = len > p->longest ? len : p->longest;
	}
}

/* A column that keys read: where the batch has it. */
static void
pack_plain(const struct chunk *ch, struct packed *p, const struct column *from, size_t n)
{
	for (unsigned k = 0; k < ch->b->n_cols; k++) {
		const struct column *c = &ch->b->col[k];

		if (c->id.id == from->id.id && field_id_equal(&c->id, &from->id) &&
		    ((c->flags ^ from->flags) & COLUMN_SCOPE) == 0)
			packed_of(c, p, from->width, n);
	}
}

void
chunk_pack(struct chunk *ch, struct slabs *s, struct batch *src, const uint32_t *idx, size_t n,
    const bool *takes, const bool *plain)
{
	size_t room = src->n_cols * sizeof(struct packed) + ALIGN, before;
	const uint16_t **from = mem_zero(src->n_cols + 1, sizeof(*from));

	for (unsigned i = 0; i < src->n_cols; i++)
		if (takes[i] && !plain[i])
			room += room_of(src, i, n);
	*ch = (struct chunk){ .n = n, .slab = slab_take(s, room), .b = batch_new() };
	before = ch->slab->used;
	ch->col = slab_alloc(ch->slab, src->n_cols * sizeof(*ch->col));
	(void)batch_keep(ch->b, src, idx, n, plain);
	batch_close(ch->b);
	for (unsigned i = 0; i < src->n_cols; i++) {
		if (!takes[i])
			continue;
		if (plain[i])
			pack_plain(ch, &ch->col[ch->n_cols], &src->col[i], n);
		else
			pack_column(ch, &ch->col[ch->n_cols], ch->slab, src, i, idx, n, from);
		ch->n_cols++;
	}
	ch->octets = ch->slab->used - before + batch_octets(ch->b);
	slab_put(s, ch->slab);
	mem_free((void *)from);
}

/* Open chunks ---------------------------------------------------------------------------------- */

static void
keep_width(struct chunk *ch, const struct column *c, unsigned width)
{
	for (unsigned k = 0; k < ch->b->n_cols; k++) {
		const struct column *to = &ch->b->col[k];

		if (to->id.id == c->id.id && field_id_equal(&to->id, &c->id) &&
		    ((to->flags ^ c->flags) & COLUMN_SCOPE) == 0 && ch->width[k] < width)
			ch->width[k] = (uint8_t)width;
	}
}

void
chunk_copy(struct chunk *ch, struct batch *src, const uint32_t *idx, size_t n, const bool *takes)
{
	*ch = (struct chunk){ .n = n, .b = batch_new() };
	(void)batch_keep(ch->b, src, idx, n, takes);
	ch->width = mem_zero(ch->b->n_cols + 1, 1);
	for (unsigned i = 0; i < src->n_cols; i++)
		keep_width(ch, &src->col[i], src->col[i].width);
	batch_close(ch->b);
	ch->octets = batch_octets(ch->b);
}

bool
chunk_join(struct chunk *ch, const struct chunk *more)
{
	size_t cols = ch->b->n_cols;

	if (batch_append(ch->b, more->b, NULL, more->n) < 0)
		return false;
	if (ch->b->n_cols > cols) {
		ch->width = mem_resize(ch->width, ch->b->n_cols, 1);
		memset(ch->width + cols, 0, ch->b->n_cols - cols);
	}
	for (unsigned i = 0; i < more->b->n_cols; i++)
		keep_width(ch, &more->b->col[i], more->width[i]);
	ch->n = ch->b->n;
	ch->octets = batch_octets(ch->b);
	return true;
}

void
chunk_close(struct chunk *ch)
{
	if (ch->slab != NULL)
		return;
	batch_close(ch->b);
	mem_free(ch->col);
	ch->col = mem_alloc((ch->b->n_cols + 1) * sizeof(*ch->col));
	ch->n_cols = 0;
	for (unsigned k = 0; k < ch->b->n_cols; k++)
		if (!(ch->b->col[k].flags & COLUMN_EMPTY))
			packed_of(&ch->b->col[k], &ch->col[ch->n_cols++], ch->width[k], ch->n);
}

void
chunk_of(struct chunk *ch, struct batch *b)
{
	*ch = (struct chunk){ .n = b->n, .b = b };
	ch->width = mem_zero(b->n_cols + 1, 1);
	chunk_close(ch);
	ch->octets = batch_octets(b);
}

/* Arranging ------------------------------------------------------------------------------------ */

static void
arrange_cells(void *cells, unsigned width, const uint16_t *rec, size_t n, void *room)
{
	cells_by_code(room, cells, width, rec, n);
	memcpy(cells, room, n * width);
}

static void
arrange_presence(uint64_t *present, const uint16_t *rec, size_t n, uint64_t *room)
{
	memset(room, 0, bits_words(n) * sizeof(*room));
	for (size_t k = 0; k < n; k++)
		room[k / 64] |= (uint64_t)bits_get(present, rec[k]) << k % 64;
	memcpy(present, room, bits_words(n) * sizeof(*room));
}

/* Do columns before this one have its codes? */
static bool
has_codes(const struct chunk *ch, size_t before, const uint16_t *codes)
{
	for (size_t i = 0; i < before; i++)
		if (ch->col[i].codes == codes)
			return true;
	return false;
}

void
chunk_arrange(struct chunk *ch, const uint16_t *rec, size_t n, void *room)
{
	for (size_t i = 0; i < ch->n_cols; i++) {
		struct packed *p = &ch->col[i];

		if (p->width == 0)
			continue;
		if (p->present != NULL)
			arrange_presence(p->present, rec, n, room);
		if (p->form == PACKED_DICT && !has_codes(ch, i, p->codes))
			arrange_cells(p->codes, sizeof(*p->codes), rec, n, room);
		else if (p->form == PACKED_PLAIN || p->form == PACKED_TIME)
			arrange_cells(p->data, p->store, rec, n, room);
	}
}

void
chunk_free(struct chunk *ch, struct slabs *s)
{
	batch_free(ch->b);
	mem_free(ch->width);
	if (ch->slab == NULL) {
		mem_free(ch->col);
		return;
	}
	ordered_lock(s->lock);
	ch->slab->chunks--;
	ordered_unlock(s->lock);
}

/* One value ------------------------------------------------------------------------------------ */

static uint64_t
cell_bits(const struct packed *p, size_t i)
{
	const struct column c = { .type = p->type, .width = p->store, .data = p->data };

	return column_word(&c, i);
}

static void
put_address(const struct packed *p, size_t i, struct batch *to, unsigned col, size_t to_rec)
{
	struct addr a;

	if (p->store == 4)
		a = addr_v4(((const uint32_t *)p->data)[i]);
	else
		memcpy(a.b, (const uint8_t *)p->data + i * 16, 16);
	batch_put_ip(to, col, to_rec, &a);
}

void
packed_put(const struct packed *p, size_t rec, struct batch *to, unsigned col, size_t to_rec)
{
	size_t i = p->form == PACKED_DICT ? p->codes[rec] : rec, len;
	const uint8_t *octets;

	if (!bits_has(p->present, rec))
		return;
	if (p->width == 0) {
		octets = packed_octets(p, rec, &len);
		batch_put_octets(to, col, to_rec, octets, len);
	} else if (p->form == PACKED_CONST && p->type == TYPE_IP) {
		struct addr a = addr_v4((uint32_t)p->base);

		batch_put_ip(to, col, to_rec, &a);
	} else if (p->form == PACKED_CONST) {
		batch_put_uint(to, col, to_rec, p->base);
	} else if (p->form == PACKED_TIME) {
		batch_put_uint(to, col, to_rec, p->base + p->unit * ((const uint32_t *)p->data)[i]);
	} else if (p->type == TYPE_IP) {
		put_address(p, i, to, col, to_rec);
	} else {
		batch_put_uint(to, col, to_rec, cell_bits(p, i));
	}
}
