/*
 * decode.c - sections to columns, one at a time and only when asked.
 */
#include <unistd.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "stream/block.h"
#include "stream/pack.h"

/* Sections ------------------------------------------------------------------------------------- */

/* A section in memory, its parts found: nothing is unpacked yet. */
struct section {
	struct unpacker **unpacker;
	unsigned parts, next;
	uint32_t dict_n;
	const uint8_t *stored[MAX_PARTS];
	uint32_t stored_len[MAX_PARTS], unpacked_len[MAX_PARTS];
	struct arena *arena;
};

static const uint8_t *
section_octets(struct stream_slot *s, const struct block_entry *e)
{
	uint8_t *p;
	size_t got = 0;

	if (s->have >= (size_t)e->offset + e->length)
		return s->octets + e->offset;
	if (s->file == NULL)
		return NULL;
	p = arena_alloc(&s->batch.arena, e->length + (size_t)SLACK);
	while (got < e->length) {
		ssize_t n = pread(s->file->fd, p + got, e->length - got,
		    (off_t)(s->file_offset + e->offset + got));

		if (n <= 0)
			return NULL;
		got += (size_t)n;
	}
	return p;
}

static const char *
section_load(struct stream_slot *s, const struct block_entry *e, struct section *sec)
{
	const uint8_t *p = section_octets(s, e);
	struct cursor c;
	uint64_t at, total = 0;

	*sec = (struct section){ .arena = &s->batch.arena, .unpacker = &s->unpacker };
	if (p == NULL)
		return "section cannot be read";
	if (hash_xxh64(p, e->length) != e->hash)
		return "damaged section (its hash does not hold)";
	c = cur_over(p, e->length);
	sec->parts = (unsigned)cur_le(&c, 4);
	sec->dict_n = (uint32_t)cur_le(&c, 4);
	if (sec->parts == 0 || sec->parts > MAX_PARTS || sec->dict_n > MAX_DICT)
		return "impossible section";
	at = 8 + (uint64_t)sec->parts * PART_LEN;
	for (unsigned k = 0; k < sec->parts; k++) {
		sec->stored_len[k] = (uint32_t)cur_le(&c, 4);
		sec->unpacked_len[k] = (uint32_t)cur_le(&c, 4);
		at = (at + SECTION_ALIGN - 1) / SECTION_ALIGN * SECTION_ALIGN;
		if (c.bad || at > e->length || sec->stored_len[k] > e->length - at)
			return "part outside its section";
		sec->stored[k] = p + at;
		at += sec->stored_len[k];
		total += sec->unpacked_len[k];
	}
	return total == e->unpacked && total <= MAX_UNPACKED ? NULL : "parts do not add up";
}

/* The next part, unpacked: exactly n octets (n SIZE_MAX: whatever it says, *len).  NULL: it is not so. */
static const void *
section_part(struct section *sec, size_t n, size_t *len)
{
	unsigned k = sec->next;
	size_t unpacked;
	uint8_t *to;

	if (k >= sec->parts)
		return NULL;
	unpacked = sec->unpacked_len[k];
	if ((n != SIZE_MAX && unpacked != n) || unpacked > MAX_UNPACKED)
		return NULL;
	sec->next++;
	if (len != NULL)
		*len = unpacked;
	if (sec->stored_len[k] == unpacked)
		return sec->stored[k];
	to = arena_alloc(sec->arena, unpacked + SLACK);
	return unpack_octets(sec->unpacker, to, unpacked, sec->stored[k], sec->stored_len[k])
		   ? to
		   : NULL;
}

/* Decoding ------------------------------------------------------------------------------------- */

#define JOIN(T, P, EXPR) \
	case P: { \
		T *out = to; \
		for (size_t i = 0; i < n; i++) \
			out[i] = (T)(base + scale * (uint64_t)(EXPR)); \
		break; \
	}
#define B(k) ((uint64_t)p[k][i] << (8 * (k)))
#define JOIN_WIDTH(T) \
	switch (planes) { \
		JOIN(T, 0, 0) \
		JOIN(T, 1, p[0][i]) \
		JOIN(T, 2, B(0) | B(1)) \
		JOIN(T, 3, B(0) | B(1) | B(2)) \
		JOIN(T, 4, B(0) | B(1) | B(2) | B(3)) \
		JOIN(T, 5, B(0) | B(1) | B(2) | B(3) | B(4)) \
		JOIN(T, 6, B(0) | B(1) | B(2) | B(3) | B(4) | B(5)) \
		JOIN(T, 7, B(0) | B(1) | B(2) | B(3) | B(4) | B(5) | B(6)) \
	default: JOIN(T, 8, B(0) | B(1) | B(2) | B(3) | B(4) | B(5) | B(6) | B(7)) \
	}

static void
join_planes(void *to, unsigned width, size_t n, const uint8_t *const *p, unsigned planes,
    uint64_t base, uint64_t scale)
{
	switch (width) {
	case 1: JOIN_WIDTH(uint8_t); break;
	case 2: JOIN_WIDTH(uint16_t); break;
	case 4: JOIN_WIDTH(uint32_t); break;
	default: JOIN_WIDTH(uint64_t); break;
	}
}

static const char *
decode_planes(struct stream_slot *s, unsigned col, const struct block_entry *e, struct section *sec)
{
	struct column *c = &s->batch.col[col];
	size_t n = s->batch.n;
	const uint8_t *p[8] = { 0 };

	for (unsigned k = 0; k < e->planes; k++)
		if ((p[k] = section_part(sec, n, NULL)) == NULL)
			return "damaged plane";
	c->data = arena_alloc(&s->batch.arena, n * c->width + SLACK);
	join_planes(c->data, c->width, n, p, e->planes, e->base, pow10_u64(e->scale));
	if (e->reference != NO_REFERENCE) {
		const struct column *r = batch_plain(&s->batch, e->reference);
		const uint64_t *from = r->data;
		uint64_t *v = s->batch.col[col].data;

		for (size_t i = 0; i < n; i++)
			v[i] = from[i] - v[i];
	}
	return NULL;
}

/* Lengths to offsets, checked against the octets there are. */
static const char *
decode_octets(struct section *sec, size_t n, void **data, uint32_t **off)
{
	const uint32_t *lengths = section_part(sec, n * 4, NULL);
	size_t len = 0;
	const void *octets = lengths == NULL ? NULL : section_part(sec, SIZE_MAX, &len);
	uint64_t at = 0;

	if (octets == NULL)
		return "damaged lengths";
	*off = arena_alloc(sec->arena, (n + 1) * sizeof(**off));
	for (size_t i = 0; i < n; i++) {
		(*off)[i] = (uint32_t)at;
		at += lengths[i];
		if (at > len)
			return "lengths beyond their octets";
	}
	(*off)[n] = (uint32_t)at;
	*data = (void *)(uintptr_t)octets;
	return at == len ? NULL : "octets beyond their lengths";
}

/* Values of dictionary entries. */
static const char *
decode_entries(struct column *c, struct section *sec)
{
	if (sec->dict_n == 0)
		return "impossible dictionary";
	if (c->width == 0)
		return decode_octets(sec, sec->dict_n, &c->dict_data, &c->dict_off);
	c->dict_data = (void *)(uintptr_t)section_part(sec, (size_t)sec->dict_n * c->width, NULL);
	return c->dict_data == NULL ? "damaged dictionary" : NULL;
}

/* A value for each entry of the reference's dictionary, whose codes are ours too. */
static const char *
decode_map(struct stream_slot *s, unsigned col, const struct block_entry *e, struct section *sec)
{
	const struct column *r;
	struct column *c = &s->batch.col[col];
	const char *why = decode_entries(c, sec);

	if (why != NULL)
		return why;
	if (s->batch.col[e->reference].codes == NULL)
		slot_unpack(&s->batch, e->reference, UNPACK_DICT);
	r = &s->batch.col[e->reference];
	if (r->codes == NULL)
		return "damaged reference column";
	if (r->dict_n != sec->dict_n)
		return "dictionary of another size than the reference's";
	c->dict_n = sec->dict_n;
	c->codes = r->codes;
	c->form = COLUMN_DICT;
	return NULL;
}

static const char *
decode_dict(
    struct stream_slot *s, struct column *c, const struct block_entry *e, struct section *sec)
{
	size_t n = s->batch.n;
	const uint8_t *low, *high = NULL;
	uint16_t *codes;
	unsigned most = 0;
	const char *why = decode_entries(c, sec);

	if (why != NULL)
		return why;
	if (e->planes < 1 || e->planes > 2)
		return "impossible dictionary";
	low = section_part(sec, n, NULL);
	if (e->planes == 2)
		high = section_part(sec, n, NULL);
	if (low == NULL || (e->planes == 2 && high == NULL))
		return "damaged codes";
	codes = arena_alloc(&s->batch.arena, n * sizeof(*codes) + SLACK);
	if (high == NULL)
		for (size_t i = 0; i < n; i++)
			codes[i] = low[i];
	else
		for (size_t i = 0; i < n; i++)
			codes[i] = (uint16_t)(low[i] | high[i] << 8);
	for (size_t i = 0; i < n; i++)
		most = codes[i] > most ? codes[i] : most;
	if (n > 0 && most >= sec->dict_n)
		return "code beyond its dictionary";
	c->dict_n = sec->dict_n;
	c->codes = codes;
	c->form = COLUMN_DICT;
	return NULL;
}

static void
expand_octets(struct stream_slot *s, struct column *c)
{
	size_t n = s->batch.n;
	uint64_t at = 0;

	c->off = arena_alloc(&s->batch.arena, (n + 1) * sizeof(*c->off));
	for (size_t i = 0; i < n; i++) {
		c->off[i] = (uint32_t)at;
		at += c->dict_off[c->codes[i] + 1] - c->dict_off[c->codes[i]];
	}
	if (at > MAX_UNPACKED) {
		err_set(&s->batch.err, "column unpacks to more than 256 MiB");
		memset(c->off, 0, (n + 1) * sizeof(*c->off));
		c->data = c->dict_data;
		return;
	}
	c->off[n] = (uint32_t)at;
	c->data = arena_alloc(&s->batch.arena, at + SLACK);
	for (size_t i = 0; i < n; i++)
		memcpy((uint8_t *)c->data + c->off[i],
		    (const uint8_t *)c->dict_data + c->dict_off[c->codes[i]],
		    c->off[i + 1] - c->off[i]);
}

#define EXPAND(T) \
	do { \
		const T *from = c->dict_data; \
		T *to = c->data; \
		for (size_t i = 0; i < n; i++) \
			to[i] = from[c->codes[i]]; \
	} while (0)

struct octets16 {
	uint64_t w[2];
};

static void
expand_dict(struct stream_slot *s, struct column *c)
{
	size_t n = s->batch.n;

	c->form = COLUMN_PLAIN;
	if (c->width == 0) {
		expand_octets(s, c);
		return;
	}
	c->data = arena_alloc(&s->batch.arena, n * c->width + SLACK);
	switch (c->width) {
	case 1: EXPAND(uint8_t); break;
	case 2: EXPAND(uint16_t); break;
	case 4: EXPAND(uint32_t); break;
	case 8: EXPAND(uint64_t); break;
	default: EXPAND(struct octets16); break;
	}
}

static void
fill_constant(struct stream_slot *s, struct column *c, uint64_t v)
{
	size_t n = s->batch.n;

	c->data = arena_alloc(&s->batch.arena, n * c->width + SLACK);
	join_planes(c->data, c->width, n, NULL, 0, v, 1);
	c->form = COLUMN_PLAIN;
}

/* A damaged column is missing everywhere: whoever finishes the batch sees err. */
static void
blank_column(struct stream_slot *s, struct column *c)
{
	size_t n = s->batch.n;

	c->form = COLUMN_PLAIN;
	c->codes = NULL;
	c->flags = (uint16_t)((c->flags & COLUMN_SCOPE) | COLUMN_PARTIAL);
	c->data = arena_zero(&s->batch.arena, n * c->width + SLACK);
	if (c->width == 0)
		c->off = arena_zero(&s->batch.arena, (n + 1) * sizeof(*c->off));
	c->present = arena_zero(&s->batch.arena, (bits_words(n) + 1) * 8);
}

static const char *
decode_presence(struct stream_slot *s, struct column *c, struct section *sec)
{
	size_t n = s->batch.n, words = bits_words(n);
	uint64_t *bits = (uint64_t *)(uintptr_t)section_part(sec, words * 8, NULL);

	if (bits == NULL)
		return "damaged presence";
	if (words > 0 && (bits[words - 1] & ~bits_tail(n)))
		return "presence beyond the last record";
	c->present = bits;
	return NULL;
}

static const char *
decode_column(struct stream_slot *s, unsigned col, enum unpack what)
{
	const struct block_entry *e = &s->entry[col];
	struct column *c = &s->batch.col[col];
	struct section sec = { 0 };
	const char *why;

	if (e->length == 0) {
		if (e->encoding != ENC_CONST && !(e->encoding == ENC_PLANES && e->planes == 0))
			return "column without its section";
		if (e->flags & ENTRY_PRESENCE)
			return "column without its section";
	} else if ((why = section_load(s, e, &sec)) != NULL) {
		return why;
	}
	if ((e->flags & ENTRY_PRESENCE) && (why = decode_presence(s, c, &sec)) != NULL)
		return why;
	if (what == UNPACK_PRESENT)
		return NULL;
	switch (e->encoding) {
	case ENC_CONST: fill_constant(s, c, e->base); return NULL;
	case ENC_PLANES: why = decode_planes(s, col, e, &sec); break;
	case ENC_BYTES: why = decode_octets(&sec, s->batch.n, &c->data, &c->off); break;
	case ENC_DICT: return decode_dict(s, c, e, &sec);
	case ENC_MAP: return decode_map(s, col, e, &sec);
	default:
		c->data = (void *)(uintptr_t)section_part(&sec, s->batch.n * c->width, NULL);
		why = c->data == NULL ? "damaged values" : NULL;
	}
	s->batch.col[col].form = COLUMN_PLAIN;
	return why;
}

void
slot_unpack(struct batch *b, unsigned col, enum unpack what)
{
	struct stream_slot *s = b->source;
	struct column *c = &b->col[col];
	const char *why = NULL;

	if (what == UNPACK_DICT && s->entry[col].encoding != ENC_DICT &&
	    s->entry[col].encoding != ENC_MAP)
		return;
	if (c->form == COLUMN_PACKED) {
		why = decode_column(s, col, what);
		b->n_unpacked++;
	}
	if (why != NULL) {
		err_set(&b->err, "offset %llu: column %u: %s", (unsigned long long)s->file_offset,
		    col, why);
		blank_column(s, c);
	}
	if (what == UNPACK_PLAIN && c->form == COLUMN_DICT)
		expand_dict(s, c);
}

bool
slot_entries(struct stream_slot *s, unsigned col)
{
	const struct block_entry *e = &s->entry[col];
	struct column *c = &s->batch.col[col];
	struct section sec;
	const char *why;

	if (e->encoding != ENC_DICT && e->encoding != ENC_MAP)
		return false;
	if (c->form != COLUMN_PACKED && c->dict_data != NULL)
		return true;
	why = e->length == 0 ? "column without its section" : section_load(s, e, &sec);
	if (why == NULL && (e->flags & ENTRY_PRESENCE))
		why = decode_presence(s, c, &sec);
	if (why == NULL)
		why = decode_entries(c, &sec);
	if (why == NULL) {
		c->dict_n = sec.dict_n;
		return true;
	}
	err_set(&s->batch.err, "offset %llu: column %u: %s", (unsigned long long)s->file_offset,
	    col, why);
	return false;
}
