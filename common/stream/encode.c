/*
 * encode.c - batches to blocks: entries, names, headers.
 */
#include "base/hash.h"
#include "flow/zone.h"
#include "stream/block.h"
#include "stream/section.h"

struct encoder *
encoder_new(enum block_profile profile, int level)
{
	struct encoder *e = mem_zero(1, sizeof(*e));

	e->profile = profile;
	if (profile != PROFILE_PIPE)
		e->packer = pack_new(profile == PROFILE_FAST ? 0 : level ? level : 1);
	e->seed = hash_seed();
	return e;
}

static void
dict_free(struct dict *d)
{
	mem_free(d->first);
	mem_free(d->codes);
}

void
encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	pack_free(e->packer);
	buf_free(&e->planes);
	buf_free(&e->starts);
	mem_free(e->values);
	mem_free(e->slots);
	mem_free(e->order);
	dict_free(&e->dict);
	for (unsigned i = 0; i < KEPT_MAX; i++)
		dict_free(&e->kept[i].dict);
	mem_free(e);
}

static void
write_entry(uint8_t *at, const struct column *c, const struct entry *en, const uint8_t *block,
    size_t offset, size_t len, uint32_t name)
{
	uint16_t flags = en->flags;

	if (c->flags & COLUMN_SCOPE)
		flags |= ENTRY_SCOPE;
	if (c->flags & COLUMN_ZONE)
		flags |= ENTRY_ZONE;
	if (c->flags & COLUMN_TRUNCATED)
		flags |= ENTRY_TRUNCATED;
	if (len > 0)
		flags |= ENTRY_XXH3;
	memset(at, 0, ENTRY_LEN);
	store_le(at + E_ENTERPRISE, c->id.pen, 4);
	store_le(at + E_ELEMENT, c->id.id, 2);
	at[E_INSTANCE] = c->id.instance;
	at[E_TYPE] = c->type;
	at[E_WIDTH] = c->width;
	at[E_ENCODING] = en->encoding;
	at[E_SCALE] = en->scale;
	at[E_PLANES] = en->planes;
	store_le(at + E_FLAGS, flags, 2);
	store_le(at + E_REFERENCE, en->reference, 2);
	store_le(at + E_OFFSET, len ? offset : 0, 4);
	store_le(at + E_LENGTH, len, 4);
	store_le(at + E_UNPACKED, en->unpacked, 4);
	store_le(at + E_NAME, name, 4);
	store_le(at + E_BASE, en->base, 8);
	if (c->flags & COLUMN_ZONE) {
		store_le(at + E_MIN, c->min, 8);
		store_le(at + E_MAX, c->max, 8);
	}
	store_le(at + E_HASH, len ? hash_xxh3(block + offset, len) : 0, 8);
}

/* Blocks --------------------------------------------------------------------------------------- */

/* Stored columns in file order: end before start, which refers to it. */
static unsigned
column_order(const struct batch *b, unsigned *order, int *start, int *end)
{
	struct field_id start_id = field_own(OWN_START), end_id = field_own(OWN_END);
	unsigned n = 0;

	*start = batch_find(b, &start_id);
	*end = batch_find(b, &end_id);
	for (unsigned i = 0; i < b->n_cols; i++) {
		if (b->col[i].flags & (COLUMN_EMPTY | COLUMN_COMPUTED))
			continue;
		if ((int)i == *start && *end > *start)
			order[n++] = (unsigned)*end;
		if (!((int)i == *end && *end > *start && *start >= 0))
			order[n++] = i;
	}
	return n;
}

/* A block being made: its columns in file order, end before start, which refers to it. */
struct making {
	struct encoder *e;
	struct batch *b;
	struct buf *out;
	size_t at; /* where the block begins in out */
	const unsigned *order;
	const uint32_t *name;
	int start, end; /* columns of the batch; -1: none */
	uint16_t end_at; /* the end's place in the file */
	bool end_follows; /* from another column, so that none can refer to it */
	uint16_t version; /* that a reader needs */
};

static void
write_header(
    uint8_t *h, const struct making *m, size_t header_len, size_t block_len, unsigned columns)
{
	const struct batch *b = m->b;
	int start = m->start, end = m->end;
	int64_t min_start = INT64_MIN, max_end = INT64_MAX;

	if (start >= 0 && (b->col[start].flags & (COLUMN_ZONE | COLUMN_PARTIAL)) == COLUMN_ZONE)
		min_start = zone_int(b->col[start].min);
	if (end >= 0 && (b->col[end].flags & (COLUMN_ZONE | COLUMN_PARTIAL)) == COLUMN_ZONE)
		max_end = zone_int(b->col[end].max);
	header_empty(h, HEADER_LEN, b->options ? BLOCK_OPTIONS : 0);
	store_le(h + H_HEADER_LEN, header_len, 4);
	store_le(h + H_BLOCK_LEN, block_len, 4);
	store_le(h + H_RECORDS, b->n, 4);
	store_le(h + H_COLUMNS, columns, 2);
	store_le(h + H_VERSION, m->version, 2);
	store_le(h + H_MIN_START, (uint64_t)min_start, 8);
	store_le(h + H_MAX_END, (uint64_t)max_end, 8);
}

/* Names behind the entries: u16 length and octets each, padded to 8. */
static size_t
put_names(struct buf *out, size_t block_at, const struct batch *b, const unsigned *order,
    unsigned n, uint32_t *name)
{
	for (unsigned k = 0; k < n; k++) {
		const char *text = b->col[order[k]].id.named;
		uint16_t len;

		name[k] = 0;
		if (text == NULL)
			continue;
		len = (uint16_t)strlen(text);
		name[k] = (uint32_t)(out->len - block_at);
		buf_put(out, &len, 2);
		buf_put(out, text, len);
		while ((out->len - block_at) % 8)
			buf_putc(out, 0);
	}
	return out->len - block_at;
}

/* May the values of those columns stand in one block? */
static bool
values_fit(const struct batch *b, const unsigned *order, unsigned n)
{
	uint64_t octets = 0;

	for (unsigned k = 0; k < n; k++) {
		const struct column *c = &b->col[order[k]];

		octets += values_octets(b->n, c->width) + (c->width ? 0 : c->off[b->n]);
	}
	return octets <= MAX_UNPACKED;
}

/* More than a block may hold: two blocks. */
static int
encode_halves(struct encoder *e, struct batch *b, struct buf *out, struct err *err)
{
	size_t half = b->n / 2, begin = out->len;
	uint32_t *idx = mem_alloc(b->n * sizeof(*idx));
	struct batch *part = batch_new();
	int r = -1;

	for (size_t i = 0; i < b->n; i++)
		idx[i] = (uint32_t)i;
	part->options = b->options;
	if (batch_append(part, b, idx, half) == 0) {
		batch_close(part);
		r = block_encode(e, part, out, err);
	}
	batch_clear(part);
	if (r == 0 && (r = batch_append(part, b, idx + half, b->n - half)) == 0) {
		batch_close(part);
		r = block_encode(e, part, out, err);
	}
	if (r != 0)
		out->len = begin;
	batch_free(part);
	mem_free(idx);
	return r;
}

/* false: it is more than a block may hold. */
static bool
make_column(struct making *m, unsigned k)
{
	struct batch *b = m->b;
	struct column *c = &b->col[m->order[k]];
	const struct column *reference = NULL;
	struct entry en;
	size_t offset, len;
	uint8_t *block;

	/* As a distance from an end of finer precision it would be of that precision too. */
	if ((int)m->order[k] == m->start && m->end >= 0 && c->type == TYPE_TIME &&
	    b->col[m->end].type == TYPE_TIME && !(b->col[m->end].flags & COLUMN_PARTIAL) &&
	    b->col[m->end].scale >= c->scale && !m->end_follows)
		reference = &b->col[m->end];
	section_pad(m->out, m->at);
	offset = m->out->len - m->at;
	encode_section(m->e, &en, c, (uint16_t)k, reference, m->end_at, b->n, m->out);
	len = m->out->len - m->at - offset;
	if (offset + len > MAX_BLOCK || en.unpacked > MAX_UNPACKED)
		return false;
	if (en.version > m->version)
		m->version = en.version;
	if ((int)m->order[k] == m->end)
		m->end_follows = en.encoding == ENC_MAP;
	block = (uint8_t *)m->out->data + m->at;
	write_entry(
	    block + HEADER_LEN + k * (size_t)ENTRY_LEN, c, &en, block, offset, len, m->name[k]);
	return true;
}

/* Columns that others may follow from come first; in the entries every one has its place. */
static bool
make_columns(struct making *m, unsigned n)
{
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned k = 0; k < n; k++)
			if (section_leads(&m->b->col[m->order[k]]) == (pass == 0) &&
			    !make_column(m, k))
				return false;
	return true;
}

static void
write_order(uint8_t *h, const struct batch *b, const unsigned *order, unsigned n)
{
	for (unsigned k = 0; k < n && b->sort_column > 0; k++)
		if (order[k] + 1 == b->sort_column)
			store_le(h + H_SORT,
			    (k + 1) | (b->sort_descending ? (unsigned)SORT_DESCENDING : 0), 2);
}

int
block_encode(struct encoder *e, struct batch *b, struct buf *out, struct err *err)
{
	unsigned *order = mem_alloc((b->n_cols + 1) * sizeof(*order)), n;
	uint32_t *name = mem_alloc((b->n_cols + 1) * sizeof(*name));
	struct making m = { .e = e,
		.b = b,
		.out = out,
		.at = out->len,
		.order = order,
		.name = name,
		.version = VERSION_FIRST };
	size_t header_len;
	bool fits;

	for (unsigned i = 0; i < b->n_cols; i++)
		(void)batch_plain(b, i);
	if (b->n > e->values_cap) {
		e->values_cap = b->n;
		e->values = mem_resize(e->values, b->n + 64, sizeof(*e->values));
	}
	e->n_kept = 0;
	n = column_order(b, order, &m.start, &m.end);
	for (unsigned k = 0; k < n; k++)
		if ((int)order[k] == m.end)
			m.end_at = (uint16_t)k;
	memset(buf_room(out, HEADER_LEN + n * (size_t)ENTRY_LEN), 0,
	    HEADER_LEN + n * (size_t)ENTRY_LEN);
	out->len += HEADER_LEN + n * (size_t)ENTRY_LEN;
	header_len = put_names(out, m.at, b, order, n, name);
	fits = values_fit(b, order, n) && make_columns(&m, n);
	if (fits) {
		uint8_t *h;

		section_pad(out, m.at);
		h = (uint8_t *)out->data + m.at;
		write_header(h, &m, header_len, out->len - m.at, n);
		write_order(h, b, order, n);
	}
	mem_free(order);
	mem_free(name);
	if (fits)
		return 0;
	out->len = m.at;
	if (b->n < 2)
		return err_set(
		    err, "a record of more than %d MiB does not fit a block", MAX_BLOCK >> 20);
	return encode_halves(e, b, out, err);
}
