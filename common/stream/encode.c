/*
 * encode.c - batches to blocks: choosing encodings, writing sections, sealing headers.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/hash.h"
#include "stream/format.h"
#include "stream/pack.h"
#include "stream/stream.h"

_Static_assert(
    __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "columns are stored as they are in memory");

enum { DICT_SLOTS = 1 << 17, DICT_CHEAP = 256 };

struct encoder {
	enum block_profile profile;
	struct packer *packer; /* NULL: sections are not compressed */
	struct buf section, planes; /* one column's */
	uint64_t *values; /* one column's values as u64 */
	size_t values_cap;
	uint32_t *slots; /* dictionary: entry + 1 by hash */
	uint64_t seed;
	uint16_t *codes;
};

/* One column on its way: what its entry will say. */
struct entry {
	uint8_t encoding, scale, planes;
	uint16_t flags, reference;
	uint32_t unpacked, dict_n;
	uint64_t base;
};

/* The parts of a section, collected before its directory can be written. */
struct parts {
	unsigned n;
	uint32_t stored[MAX_PARTS], unpacked[MAX_PARTS];
	struct buf *out;
};

struct encoder *
encoder_new(enum block_profile profile, int level)
{
	struct encoder *e = mem_zero(1, sizeof(*e));

	e->profile = profile;
	if (profile == PROFILE_FILE)
		e->packer = pack_new(level ? level : 1);
	e->seed = hash_seed();
	e->slots = mem_alloc(DICT_SLOTS * sizeof(*e->slots));
	e->codes = mem_alloc(BATCH_RECORDS_MAX * sizeof(*e->codes));
	return e;
}

void
encoder_free(struct encoder *e)
{
	if (e == NULL)
		return;
	pack_free(e->packer);
	buf_free(&e->section);
	buf_free(&e->planes);
	mem_free(e->values);
	mem_free(e->slots);
	mem_free(e->codes);
	mem_free(e);
}

static void
part_add(struct encoder *e, struct parts *p, const void *data, size_t n)
{
	size_t len;

	assert(p->n < MAX_PARTS);
	buf_pad(p->out, SECTION_ALIGN);
	if (e->packer != NULL && n > 64) {
		len = pack_octets(e->packer, p->out, data, n);
	} else {
		buf_put(p->out, data, n);
		len = n;
	}
	p->stored[p->n] = (uint32_t)len;
	p->unpacked[p->n++] = (uint32_t)n;
}

static void
store_le(void *at, uint64_t v, size_t n)
{
	memcpy(at, &v, n);
}

/* Values as numbers ---------------------------------------------------------------------------- */

#define WIDEN(T) \
	do { \
		const T *v = c->data; \
		for (size_t i = 0; i < n; i++) \
			out[i] = (uint64_t)v[i]; \
	} while (0)

static void
widen_values(const struct column *c, size_t n, uint64_t *out)
{
	bool is_signed = c->type == TYPE_INT;

	switch (c->width) {
	case 1:
		if (is_signed)
			WIDEN(int8_t);
		else
			WIDEN(uint8_t);
		break;
	case 2:
		if (is_signed)
			WIDEN(int16_t);
		else
			WIDEN(uint16_t);
		break;
	case 4:
		if (is_signed)
			WIDEN(int32_t);
		else
			WIDEN(uint32_t);
		break;
	default: memcpy(out, c->data, n * 8); break;
	}
}

/* The least present value: base of the planes.  Signed types in two's complement. */
static uint64_t
least_value(const struct column *c)
{
	bool is_signed = c->type == TYPE_INT || c->type == TYPE_TIME || c->type == TYPE_DURATION;

	if (!(c->flags & COLUMN_ZONE) || c->type == TYPE_FLOAT32 || c->type == TYPE_FLOAT64)
		return 0;
	return is_signed ? c->min ^ UINT64_C(1) << 63 : c->min;
}

static void
blank_missing(const struct column *c, size_t n, uint64_t *v, uint64_t blank)
{
	if (c->present == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (!bits_get(c->present, i))
			v[i] = blank;
}

#define DIVIDE(D) \
	for (size_t i = 0; i < n; i++) { \
		uint64_t q = v[i] / (D); \
		rest |= v[i] - q * (D); \
	}

/* The coarsest scale not above `scale` that divides every value. */
static unsigned
exact_scale(const uint64_t *v, size_t n, unsigned scale)
{
	for (;; scale = scale > 3 ? scale > 6 ? 6 : 3 : 0) {
		uint64_t rest = 0;

		if (scale >= 9) {
			DIVIDE(UINT64_C(1000000000))
		} else if (scale >= 6) {
			DIVIDE(UINT64_C(1000000))
		} else if (scale >= 3) {
			DIVIDE(UINT64_C(1000))
		}
		if (rest == 0)
			return scale >= 9 ? 9 : scale >= 6 ? 6 : scale >= 3 ? 3 : 0;
	}
}

static void
divide_values(uint64_t *v, size_t n, unsigned scale)
{
	if (scale == 9)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000000000);
	else if (scale == 6)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000000);
	else if (scale == 3)
		for (size_t i = 0; i < n; i++)
			v[i] /= UINT64_C(1000);
}

static void
split_planes(struct encoder *e, struct parts *p, const uint64_t *v, size_t n, unsigned planes)
{
	uint8_t *plane;

	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		for (size_t i = 0; i < n; i++)
			plane[i] = (uint8_t)(v[i] >> (8 * k));
		part_add(e, p, plane, n);
	}
}

static unsigned
planes_needed(uint64_t all_bits)
{
	unsigned planes = 0;

	for (; all_bits; all_bits >>= 8)
		planes++;
	return planes;
}

/* Start as a distance before end: small numbers where absolute ones are large. */
static void
encode_planes(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	uint64_t *v = e->values, bits = 0;

	widen_values(c, n, v);
	en->encoding = ENC_PLANES;
	if (reference != NULL) {
		const uint64_t *r = reference->data;
		uint64_t least = UINT64_MAX; /* as signed, shifted */

		for (size_t i = 0; i < n; i++)
			v[i] = r[i] - v[i];
		for (size_t i = 0; i < n; i++)
			if (c->present == NULL || bits_get(c->present, i))
				least = zone_key_int((int64_t)v[i]) < least
					    ? zone_key_int((int64_t)v[i])
					    : least;
		en->base = least ^ UINT64_C(1) << 63;
	} else {
		en->base = least_value(c);
	}
	blank_missing(c, n, v, en->base);
	for (size_t i = 0; i < n; i++)
		v[i] -= en->base;
	if (c->type == TYPE_TIME || c->type == TYPE_DURATION) {
		en->scale = (uint8_t)exact_scale(v, n, c->scale);
		divide_values(v, n, en->scale);
	}
	for (size_t i = 0; i < n; i++)
		bits |= v[i];
	en->planes = (uint8_t)planes_needed(bits);
	split_planes(e, p, v, n, en->planes);
}

/* Dictionaries --------------------------------------------------------------------------------- */

struct dict {
	size_t n;
	uint32_t *first; /* record that holds entry k's value */
};

static const void *
cell_octets(const struct column *c, size_t rec, size_t *len)
{
	if (c->width == 0) {
		*len = c->off[rec + 1] - c->off[rec];
		return (const uint8_t *)c->data + c->off[rec];
	}
	*len = c->width;
	return (const uint8_t *)c->data + rec * c->width;
}

static uint64_t
cell_hash(uint64_t seed, const void *p, size_t len)
{
	uint64_t v = 0;

	if (len > 8)
		return hash_octets(seed, p, len);
	memcpy(&v, p, len);
	return hash_u64(seed + len, v);
}

/* Codes by first appearance in e->codes.  false: more than `most` distinct values. */
static bool
dict_build(struct encoder *e, const struct column *c, size_t n, size_t most, struct dict *d)
{
	uint32_t mask = DICT_SLOTS - 1;

	memset(e->slots, 0, DICT_SLOTS * sizeof(*e->slots));
	d->n = 0;
	for (size_t i = 0; i < n; i++) {
		size_t len, other;
		const void *p = cell_octets(c, i, &len), *q;
		uint32_t at = (uint32_t)cell_hash(e->seed, p, len) & mask;

		for (; e->slots[at] != 0; at = (at + 1) & mask) {
			q = cell_octets(c, d->first[e->slots[at] - 1], &other);
			if (other == len && memcmp(p, q, len) == 0)
				break;
		}
		if (e->slots[at] == 0) {
			if (d->n == most)
				return false;
			d->first[d->n++] = (uint32_t)i;
			e->slots[at] = (uint32_t)d->n;
		}
		e->codes[i] = (uint16_t)(e->slots[at] - 1);
	}
	return true;
}

/* Sort entries by value: like addresses stand together, and lookups can be binary. */
struct dict_order {
	uint64_t key;
	uint32_t entry;
};

static int
order_compare(const void *a, const void *b)
{
	const struct dict_order *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key ? 1 : x->entry < y->entry ? -1 : 1;
}

static void
dict_sort(struct encoder *e, const struct column *c, size_t n, struct dict *d)
{
	struct dict_order *o = mem_alloc(d->n * sizeof(*o));
	uint32_t *first = mem_alloc(d->n * sizeof(*first));
	uint16_t *to = mem_alloc(d->n * sizeof(*to));

	for (size_t k = 0; k < d->n; k++)
		o[k] = (struct dict_order){ column_zone_key(c, d->first[k]), (uint32_t)k };
	qsort(o, d->n, sizeof(*o), order_compare);
	for (size_t k = 0; k < d->n; k++) {
		first[k] = d->first[o[k].entry];
		to[o[k].entry] = (uint16_t)k;
	}
	for (size_t i = 0; i < n; i++)
		e->codes[i] = to[e->codes[i]];
	memcpy(d->first, first, d->n * sizeof(*first));
	mem_free(to);
	mem_free(first);
	mem_free(o);
}

static void
put_values(
    struct encoder *e, struct parts *p, const struct column *c, const uint32_t *rec, size_t n)
{
	struct buf octets = { 0 }, lengths = { 0 };

	for (size_t k = 0; k < n; k++) {
		size_t len;
		const void *v = cell_octets(c, rec ? rec[k] : k, &len);
		uint32_t len32 = (uint32_t)len;

		if (c->width == 0)
			buf_put(&lengths, &len32, 4);
		buf_put(&octets, v, len);
	}
	if (c->width == 0)
		part_add(e, p, lengths.len ? lengths.data : "", lengths.len);
	part_add(e, p, octets.len ? octets.data : "", octets.len);
	buf_free(&octets);
	buf_free(&lengths);
}

static void
put_codes(struct encoder *e, struct parts *p, size_t n, unsigned planes)
{
	uint8_t *plane;

	e->planes.len = 0;
	plane = (uint8_t *)buf_room(&e->planes, n + 64);
	for (unsigned k = 0; k < planes; k++) {
		for (size_t i = 0; i < n; i++)
			plane[i] = (uint8_t)(e->codes[i] >> (8 * k));
		part_add(e, p, plane, n);
	}
}

static bool
encode_dict(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n,
    size_t most)
{
	struct dict d = { 0 };
	bool small;

	if (most > MAX_DICT)
		most = MAX_DICT;
	d.first = mem_alloc((most + 1) * sizeof(*d.first));
	small = dict_build(e, c, n, most, &d);
	if (small) {
		dict_sort(e, c, n, &d);
		en->encoding = ENC_DICT;
		en->dict_n = (uint32_t)d.n;
		en->planes = d.n > 256 ? 2 : 1;
		if (c->width > 0 && c->width <= 8)
			en->flags |= ENTRY_SORTED_DICT;
		put_values(e, p, c, d.first, d.n);
		put_codes(e, p, n, en->planes);
	}
	mem_free(d.first);
	return small;
}

/* Columns -------------------------------------------------------------------------------------- */

static bool
is_constant(const struct column *c, size_t n)
{
	const uint8_t *v = c->data;

	if (c->width == 0 || c->width > 8)
		return false;
	if (c->flags & COLUMN_PARTIAL)
		return (c->flags & COLUMN_ZONE) && c->min == c->max && c->type != TYPE_FLOAT32 &&
		       c->type != TYPE_FLOAT64;
	return n > 0 && memcmp(v, v + c->width, (n - 1) * c->width) == 0;
}

static uint64_t
constant_of(const struct column *c, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++) {
		if (c->present == NULL || bits_get(c->present, i)) {
			memcpy(&v, (const uint8_t *)c->data + i * c->width, c->width);
			break;
		}
	}
	return v;
}

static void
encode_plain(struct encoder *e, struct parts *p, struct entry *en, const struct column *c, size_t n)
{
	if (c->width == 0) {
		en->encoding = ENC_BYTES;
		put_values(e, p, c, NULL, n);
	} else {
		en->encoding = ENC_PLAIN;
		part_add(e, p, c->data, n * c->width);
	}
}

/* Choose an encoding and append the parts. */
static void
encode_values(struct encoder *e, struct parts *p, struct entry *en, const struct column *c,
    const struct column *reference, size_t n)
{
	if (is_constant(c, n)) {
		en->encoding = ENC_CONST;
		en->base = constant_of(c, n);
		return;
	}
	if (e->profile == PROFILE_PIPE) {
		encode_plain(e, p, en, c, n);
		return;
	}
	if (c->type == TYPE_IP || c->width == 0) {
		if (!encode_dict(e, p, en, c, n, n / 2))
			encode_plain(e, p, en, c, n);
		return;
	}
	if (c->width >= 4 && reference == NULL && c->type != TYPE_TIME &&
	    encode_dict(e, p, en, c, n, n / 64 < DICT_CHEAP ? n / 64 : DICT_CHEAP))
		return;
	encode_planes(e, p, en, c, reference, n);
}

/* One column's section into e->section (empty: none), its facts into *en. */
static void
encode_section(struct encoder *e, struct entry *en, struct column *c,
    const struct column *reference, uint16_t reference_at, size_t n)
{
	struct buf body = { 0 };
	struct parts p = { .out = &body };

	*en = (struct entry){ .reference = NO_REFERENCE, .scale = c->scale };
	column_zone(c, n);
	if (c->present != NULL) {
		en->flags |= ENTRY_PRESENCE;
		part_add(e, &p, c->present, bits_words(n) * 8);
	}
	encode_values(e, &p, en, c, reference, n);
	if (en->encoding == ENC_PLANES && reference != NULL)
		en->reference = reference_at;
	e->section.len = 0;
	if (p.n > 0) {
		buf_put(&e->section, &(uint32_t){ p.n }, 4);
		buf_put(&e->section, &en->dict_n, 4);
		for (unsigned k = 0; k < p.n; k++) {
			buf_put(&e->section, &p.stored[k], 4);
			buf_put(&e->section, &p.unpacked[k], 4);
			en->unpacked += p.unpacked[k];
		}
		buf_pad(&e->section, SECTION_ALIGN);
		buf_put(&e->section, body.data ? body.data : "", body.len);
	}
	buf_free(&body);
}

static void
write_entry(uint8_t *at, const struct column *c, const struct entry *en, size_t offset,
    const struct buf *section, uint32_t name)
{
	uint16_t flags = en->flags;

	if (c->flags & COLUMN_SCOPE)
		flags |= ENTRY_SCOPE;
	if (c->flags & COLUMN_ZONE)
		flags |= ENTRY_ZONE;
	if (c->flags & COLUMN_TRUNCATED)
		flags |= ENTRY_TRUNCATED;
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
	store_le(at + E_OFFSET, section->len ? offset : 0, 4);
	store_le(at + E_LENGTH, section->len, 4);
	store_le(at + E_UNPACKED, en->unpacked, 4);
	store_le(at + E_NAME, name, 4);
	store_le(at + E_BASE, en->base, 8);
	if (c->flags & COLUMN_ZONE) {
		store_le(at + E_MIN, c->min, 8);
		store_le(at + E_MAX, c->max, 8);
	}
	store_le(at + E_HASH, section->len ? hash_xxh64(section->data, section->len) : 0, 8);
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

static void
write_header(uint8_t *h, const struct batch *b, size_t header_len, size_t block_len,
    unsigned columns, int start, int end)
{
	int64_t min_start = INT64_MIN, max_end = INT64_MAX;

	if (start >= 0 && (b->col[start].flags & (COLUMN_ZONE | COLUMN_PARTIAL)) == COLUMN_ZONE)
		min_start = (int64_t)(b->col[start].min ^ UINT64_C(1) << 63);
	if (end >= 0 && (b->col[end].flags & (COLUMN_ZONE | COLUMN_PARTIAL)) == COLUMN_ZONE)
		max_end = (int64_t)(b->col[end].max ^ UINT64_C(1) << 63);
	memset(h, 0, HEADER_LEN);
	memcpy(h + H_MAGIC, STREAM_MAGIC, 8);
	store_le(h + H_HEADER_LEN, header_len, 4);
	store_le(h + H_BLOCK_LEN, block_len, 4);
	store_le(h + H_RECORDS, b->n, 4);
	store_le(h + H_COLUMNS, columns, 2);
	store_le(h + H_FLAGS, b->options ? BLOCK_OPTIONS : 0, 2);
	store_le(h + H_VERSION, STREAM_VERSION, 2);
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

static void
pad_block(struct buf *out, size_t block_at)
{
	size_t pad = (size_t) - (out->len - block_at) % SECTION_ALIGN;

	memset(buf_room(out, pad), 0, pad);
	out->len += pad;
}

/* More than a block may hold: two blocks. */
static int
encode_halves(struct encoder *e, struct batch *b, struct buf *out, struct err *err)
{
	size_t half = b->n / 2;
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
	batch_free(part);
	mem_free(idx);
	return r;
}

int
block_encode(struct encoder *e, struct batch *b, struct buf *out, struct err *err)
{
	unsigned *order = mem_alloc((b->n_cols + 1) * sizeof(*order));
	uint32_t *name = mem_alloc((b->n_cols + 1) * sizeof(*name));
	size_t block_at = out->len, header_len;
	int start, end, r = 0;
	unsigned n;

	for (unsigned i = 0; i < b->n_cols; i++)
		(void)batch_plain(b, i);
	if (b->n > e->values_cap) {
		e->values_cap = b->n;
		e->values = mem_resize(e->values, b->n + 64, sizeof(*e->values));
	}
	n = column_order(b, order, &start, &end);
	memset(buf_room(out, HEADER_LEN + n * (size_t)ENTRY_LEN), 0,
	    HEADER_LEN + n * (size_t)ENTRY_LEN);
	out->len += HEADER_LEN + n * (size_t)ENTRY_LEN;
	header_len = put_names(out, block_at, b, order, n, name);
	for (unsigned k = 0, end_at = 0; k < n; k++) {
		struct column *c = &b->col[order[k]];
		const struct column *reference = NULL;
		struct entry en;
		size_t offset;

		if ((int)order[k] == end)
			end_at = k;
		if ((int)order[k] == start && end >= 0 && c->type == TYPE_TIME &&
		    b->col[end].type == TYPE_TIME)
			reference = &b->col[end];
		encode_section(e, &en, c, reference, (uint16_t)end_at, b->n);
		if (e->section.len > 0)
			pad_block(out, block_at);
		offset = out->len - block_at;
		if (offset + e->section.len > MAX_BLOCK || en.unpacked > MAX_UNPACKED) {
			r = -1;
			break;
		}
		buf_put(out, e->section.data ? e->section.data : "", e->section.len);
		write_entry((uint8_t *)out->data + block_at + HEADER_LEN + k * (size_t)ENTRY_LEN, c,
		    &en, offset, &e->section, name[k]);
	}
	if (r == 0) {
		pad_block(out, block_at);
		write_header((uint8_t *)out->data + block_at, b, header_len, out->len - block_at, n,
		    start, end);
		if (b->sort_column > 0)
			for (unsigned k = 0; k < n; k++)
				if (order[k] + 1 == b->sort_column)
					store_le(out->data + block_at + H_SORT,
					    (k + 1) |
						(b->sort_descending ? (unsigned)SORT_DESCENDING
								    : 0),
					    2);
	}
	mem_free(order);
	mem_free(name);
	if (r == 0)
		return 0;
	out->len = block_at;
	if (b->n < 2)
		return err_set(
		    err, "a record of more than %d MiB does not fit a block", MAX_BLOCK >> 20);
	return encode_halves(e, b, out, err);
}
