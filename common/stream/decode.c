/*
 * decode.c - sections to columns, one at a time and only when asked, and no more of a column than that.
 */
#include "base/num.h"
#include "flow/cells.h"
#include "stream/stored.h"
#include "stream/thin.h"

static bool
is_dict(const struct block_entry *e)
{
	return e->encoding == ENC_DICT || e->encoding == ENC_MAP;
}

/* Numbers ---------------------------------------------------------------------------------------- */

/* A plane of n octets, from part k.  NULL: it is damaged. */
static const uint8_t *
find_plane(struct stream_slot *s, struct stored *st, unsigned k, size_t n)
{
	size_t len;
	const uint8_t *part = stored_part(s, st, k, SIZE_MAX, &len);
	uint8_t *plane;

	if (part == NULL || len == n)
		return part;
	if (len > n || n > MAX_UNPACKED - s->thinned)
		return NULL;
	s->thinned += n;
	plane = arena_alloc(&s->batch.arena, n + SLACK);
	return thin_unpack(plane, n, part, len) ? plane : NULL;
}

/* Planes of n octets of a column that has parts, from part `first`. */
static const char *
find_planes(struct stream_slot *s, unsigned col, unsigned first, unsigned planes, size_t n,
    struct planes *p)
{
	struct stored *st = s->entry[col].section;

	p->n = planes;
	for (unsigned k = 0; k < planes; k++) {
		p->plane[k] = st == NULL ? NULL : find_plane(s, st, first + k, n);
		if (p->plane[k] == NULL)
			return "damaged plane";
	}
	return NULL;
}

/* Parts in front of the values: presence. */
static unsigned
first_part(const struct block_entry *e)
{
	return (e->flags & ENTRY_PRESENCE) != 0;
}

/* Planes of the column that another one's numbers are distances before, or NULL: it is not stored so. */
static const struct planes *
reference_planes(struct stream_slot *s, unsigned col)
{
	const struct block_entry *e = &s->entry[s->entry[col].reference];

	if (e->encoding != ENC_PLANES)
		return NULL;
	slot_unpack(&s->batch, s->entry[col].reference, UNPACK_PLANES);
	return e->numbers;
}

static const char *
want_planes(struct stream_slot *s, unsigned col)
{
	struct block_entry *e = &s->entry[col];
	struct planes *p;
	const char *why;

	if (e->numbers != NULL)
		return NULL;
	p = arena_zero(&s->batch.arena, sizeof(*p));
	p->base = e->base;
	p->unit = pow10_u64(e->scale);
	if (e->reference != NO_REFERENCE)
		p->from = reference_planes(s, col);
	why = find_planes(s, col, first_part(e), e->planes, s->records, p);
	if (why == NULL)
		e->numbers = p;
	return why;
}

static const char *
decode_planes(struct stream_slot *s, unsigned col, const struct block_entry *e)
{
	const char *why = want_planes(s, col);
	struct column *c = &s->batch.col[col];
	size_t n = s->batch.n;

	if (why != NULL)
		return why;
	c->data = arena_alloc(&s->batch.arena, n * c->width + SLACK);
	if (s->idx != NULL)
		planes_pick(c->data, c->width, e->numbers, s->idx, n);
	else
		planes_join(c->data, c->width, e->numbers, 0, n);
	if (e->reference != NO_REFERENCE && e->numbers->from == NULL) {
		const struct column *r = batch_plain(&s->batch, e->reference);
		const uint64_t *from = r->data;
		uint64_t *v = s->batch.col[col].data;

		for (size_t i = 0; i < n; i++)
			v[i] = from[i] - v[i];
	}
	return NULL;
}

/* Every record has the value of the last record that begins a run. */
#define SPREAD(T) \
	do { \
		const T *from = values; \
		T *out = to; \
		size_t run = 0; \
		for (size_t i = 0; i < n; i++) { \
			run += bits_get(starts, i); \
			out[i] = from[run - 1]; \
		} \
	} while (0)

static void
spread(void *to, const void *values, unsigned width, const uint64_t *starts, size_t n)
{
	switch (width) {
	case 1: SPREAD(uint8_t); break;
	case 2: SPREAD(uint16_t); break;
	case 4: SPREAD(uint32_t); break;
	default: SPREAD(uint64_t);
	}
}

static const char *
decode_runs(struct stream_slot *s, unsigned col, const struct block_entry *e)
{
	struct arena *a = &s->batch.arena;
	struct column *c = &s->batch.col[col];
	struct planes p = { .base = e->base, .unit = pow10_u64(e->scale) };
	size_t n = s->records, words = bits_words(n), runs;
	unsigned k = first_part(e);
	const uint64_t *starts =
	    e->section == NULL ? NULL : stored_part(s, e->section, k, words * 8, NULL);
	const char *why;
	void *values;

	if (starts == NULL || n == 0 || !bits_get(starts, 0) || (starts[words - 1] & ~bits_tail(n)))
		return "damaged runs";
	runs = bits_count(starts, n);
	why = find_planes(s, col, k + 1, e->planes, runs, &p);
	if (why != NULL)
		return why;
	values = arena_alloc(a, runs * c->width + SLACK);
	planes_join(values, c->width, &p, 0, runs);
	c->data = arena_alloc(a, n * c->width + SLACK);
	spread(c->data, values, c->width, starts, n);
	if (s->idx != NULL)
		c->data = narrow_cells(s, c->data, c->width);
	return NULL;
}

/* Octets ----------------------------------------------------------------------------------------- */

/* Lengths, which are part k, to offsets, checked against the octets there are. */
static const char *
decode_octets(
    struct stream_slot *s, struct stored *st, unsigned k, size_t n, void **data, uint32_t **off)
{
	const uint32_t *lengths = stored_part(s, st, k, n * 4, NULL);
	size_t len = 0;
	const void *octets = lengths == NULL ? NULL : stored_part(s, st, k + 1, SIZE_MAX, &len);
	uint64_t at = 0;

	if (octets == NULL)
		return "damaged lengths";
	*off = arena_alloc(&s->batch.arena, (n + 1) * sizeof(**off));
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

/* Dictionaries ----------------------------------------------------------------------------------- */

/* Are values of entries, from part k, in planes? */
static bool
in_planes(const struct stored *st, unsigned k, unsigned width)
{
	return width > 1 && k < st->parts && st->unpacked_len[k] != (size_t)st->dict_n * width;
}

/* Values of entries as wide as they are stored; NULL: damaged. */
static void *
fixed_entries(struct stream_slot *s, unsigned col, unsigned k, unsigned width)
{
	struct stored *st = s->entry[col].section;
	struct planes p = { .unit = 1 };
	size_t n = st->dict_n;
	void *to;

	if (!in_planes(st, k, width))
		return (void *)(uintptr_t)stored_part(s, st, k, n * width, NULL);
	if (width > sizeof(uint64_t) || find_planes(s, col, k, width, n, &p) != NULL)
		return NULL;
	to = arena_alloc(&s->batch.arena, n * width + SLACK);
	planes_join(to, width, &p, 0, n);
	return to;
}

/* Values of dictionary entries. */
static const char *
want_entries(struct stream_slot *s, unsigned col)
{
	struct stored *st = s->entry[col].section;
	struct column *c = &s->batch.col[col];
	unsigned k = first_part(&s->entry[col]);
	const char *why = NULL;

	if (c->dict_n > 0)
		return NULL;
	if (st == NULL || st->dict_n == 0)
		return "impossible dictionary";
	if (c->width == 0)
		why = decode_octets(s, st, k, st->dict_n, &c->dict_data, &c->dict_off);
	else
		c->dict_data = fixed_entries(s, col, k, c->width);
	if (why != NULL || c->dict_data == NULL)
		return why != NULL ? why : "damaged dictionary";
	c->dict_n = st->dict_n;
	return NULL;
}

/* Codes as planes: those of the reference where the dictionary is by them. */
static const char *
want_codes(struct stream_slot *s, unsigned col)
{
	struct block_entry *e = &s->entry[col], *r;
	struct stored *st = e->section;
	unsigned values, width = s->batch.col[col].width;
	struct planes *p;
	const char *why;

	if (e->numbers != NULL)
		return NULL;
	if (e->encoding == ENC_MAP) {
		r = &s->entry[e->reference];
		slot_unpack(&s->batch, e->reference, UNPACK_PLANES);
		if (r->numbers == NULL)
			return "damaged reference column";
		if (r->section->dict_n != st->dict_n)
			return "dictionary of another size than the reference's";
		e->numbers = r->numbers;
		return NULL;
	}
	if (st == NULL || st->dict_n == 0 || e->planes < 1 || e->planes > 2)
		return "impossible dictionary";
	values = width == 0 ? 2 : in_planes(st, first_part(e), width) ? width : 1;
	p = arena_zero(&s->batch.arena, sizeof(*p));
	p->unit = 1;
	why = find_planes(s, col, first_part(e) + values, e->planes, s->records, p);
	if (why != NULL)
		return "damaged codes";
	if (!planes_within(p, s->records, st->dict_n - 1))
		return "code beyond its dictionary";
	e->numbers = p;
	return NULL;
}

/*
 * Octets that a dictionary has once, counted for each record that has them: who takes codes hands values on record by
 * record too.
 */
static const char *
count_octets(struct stream_slot *s, const struct column *c)
{
	uint64_t octets = 0;

	for (size_t i = 0; i < s->batch.n; i++)
		octets += c->dict_off[c->codes[i] + 1] - c->dict_off[c->codes[i]];
	if (octets > MAX_UNPACKED - s->values)
		return "values of a block take more than 256 MiB";
	s->values += octets;
	return NULL;
}

static const char *
decode_dict(struct stream_slot *s, unsigned col)
{
	const char *why = want_entries(s, col);
	struct column *c;
	size_t n = s->batch.n;

	if (why == NULL)
		why = want_codes(s, col);
	if (why != NULL)
		return why;
	c = &s->batch.col[col];
	c->form = COLUMN_DICT;
	if (c->codes != NULL)
		return NULL;
	if (s->entry[col].encoding == ENC_MAP &&
	    s->batch.col[s->entry[col].reference].codes != NULL) {
		c->codes = s->batch.col[s->entry[col].reference].codes;
	} else {
		c->codes = arena_alloc(&s->batch.arena, n * sizeof(*c->codes) + SLACK);
		if (s->idx != NULL)
			planes_pick(c->codes, sizeof(*c->codes), s->entry[col].numbers, s->idx, n);
		else
			planes_join(c->codes, sizeof(*c->codes), s->entry[col].numbers, 0, n);
	}
	return c->width == 0 ? count_octets(s, c) : NULL;
}

static void
expand_octets(struct stream_slot *s, struct column *c)
{
	size_t n = s->batch.n;
	uint32_t at = 0; /* decode_dict saw that they are within MAX_UNPACKED */

	c->off = arena_alloc(&s->batch.arena, (n + 1) * sizeof(*c->off));
	for (size_t i = 0; i < n; i++) {
		c->off[i] = at;
		at += c->dict_off[c->codes[i] + 1] - c->dict_off[c->codes[i]];
	}
	c->off[n] = at;
	c->data = arena_alloc(&s->batch.arena, at + SLACK);
	for (size_t i = 0; i < n; i++)
		memcpy((uint8_t *)c->data + c->off[i],
		    (const uint8_t *)c->dict_data + c->dict_off[c->codes[i]],
		    c->off[i + 1] - c->off[i]);
}

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
	cells_by_code(c->data, c->dict_data, c->width, c->codes, n);
}

static void
fill_constant(struct stream_slot *s, struct column *c, uint64_t v)
{
	size_t n = s->batch.n;

	c->data = arena_alloc(&s->batch.arena, n * c->width + SLACK);
	planes_join(c->data, c->width, &(struct planes){ .base = v, .unit = 1 }, 0, n);
}

/* Columns ---------------------------------------------------------------------------------------- */

/* A damaged column is missing everywhere: whoever finishes the batch sees err. */
static void
blank_column(struct stream_slot *s, struct column *c)
{
	size_t n = s->batch.n;

	c->form = COLUMN_PLAIN;
	c->codes = NULL;
	c->planes = NULL;
	c->dict_n = 0;
	c->flags = (uint16_t)((c->flags & COLUMN_SCOPE) | COLUMN_PARTIAL);
	c->data = arena_zero(&s->batch.arena, n * c->width + SLACK);
	if (c->width == 0)
		c->off = arena_zero(&s->batch.arena, (n + 1) * sizeof(*c->off));
	c->present = arena_zero(&s->batch.arena, (bits_words(n) + 1) * 8);
}

static const char *
load_presence(struct stream_slot *s, struct column *c, struct stored *st)
{
	size_t n = s->records, words = bits_words(n);
	uint64_t *bits = (uint64_t *)(uintptr_t)stored_part(s, st, 0, words * 8, NULL);

	if (bits == NULL)
		return "damaged presence";
	if (words > 0 && (bits[words - 1] & ~bits_tail(n)))
		return "presence beyond the last record";
	c->present = s->idx == NULL ? bits : narrow_bits(s, bits);
	return NULL;
}

/* The section, and presence, which everybody needs. */
static const char *
load(struct stream_slot *s, unsigned col)
{
	struct block_entry *e = &s->entry[col];
	const char *why;

	if (e->loaded)
		return NULL;
	e->loaded = true;
	s->batch.n_unpacked++;
	if (e->length == 0) {
		if (e->encoding != ENC_CONST && !(e->encoding == ENC_PLANES && e->planes == 0))
			return "column without its section";
		return e->flags & ENTRY_PRESENCE ? "column without its section" : NULL;
	}
	why = stored_load(s, e, &e->section);
	if (why == NULL && (e->flags & ENTRY_PRESENCE))
		why = load_presence(s, &s->batch.col[col], e->section);
	return why;
}

/* Values that stand one after another, as stored. */
static const char *
decode_values(struct stream_slot *s, struct column *c, const struct block_entry *e)
{
	unsigned k = first_part(e);
	const char *why;

	if (e->encoding == ENC_BYTES) {
		why = decode_octets(s, e->section, k, s->records, &c->data, &c->off);
		if (why == NULL && s->idx != NULL)
			narrow_octets(s, &c->data, &c->off);
		return why;
	}
	c->data = (void *)(uintptr_t)stored_part(s, e->section, k, s->records * c->width, NULL);
	if (c->data == NULL)
		return "damaged values";
	if (s->idx != NULL)
		c->data = narrow_cells(s, c->data, c->width);
	return NULL;
}

static const char *
decode_plain(struct stream_slot *s, unsigned col)
{
	const struct block_entry *e = &s->entry[col];
	struct column *c = &s->batch.col[col];
	const char *why = NULL;

	switch (e->encoding) {
	case ENC_CONST: fill_constant(s, c, e->base); break;
	case ENC_PLANES: why = decode_planes(s, col, e); break;
	case ENC_RUNS: why = decode_runs(s, col, e); break;
	case ENC_DICT:
	case ENC_MAP:
		why = decode_dict(s, col);
		if (why == NULL)
			expand_dict(s, c);
		break;
	default: why = decode_values(s, c, e); break;
	}
	c->form = COLUMN_PLAIN;
	return why;
}

/* What comparisons can use: not distances, and not planes of more records than the batch has. */
static const char *
decode_numbers(struct stream_slot *s, unsigned col)
{
	const struct block_entry *e = &s->entry[col];
	const char *why = is_dict(e) ? want_codes(s, col) : want_planes(s, col);

	if (why == NULL && s->idx == NULL &&
	    (is_dict(e) || e->reference == NO_REFERENCE || e->numbers->from != NULL))
		s->batch.col[col].planes = e->numbers;
	return why;
}

static const char *
decode(struct stream_slot *s, unsigned col, enum unpack what)
{
	const char *why = load(s, col);

	if (why != NULL)
		return why;
	switch (what) {
	case UNPACK_PRESENT: return NULL;
	case UNPACK_ENTRIES: return want_entries(s, col);
	case UNPACK_PLANES: return decode_numbers(s, col);
	case UNPACK_DICT: return decode_dict(s, col);
	default: return decode_plain(s, col);
	}
}

/* Is it stored in the form that is asked for? */
static bool
has_form(const struct block_entry *e, enum unpack what)
{
	switch (what) {
	case UNPACK_ENTRIES:
	case UNPACK_DICT: return is_dict(e);
	case UNPACK_PLANES: return is_dict(e) || e->encoding == ENC_PLANES;
	default: return true;
	}
}

void
slot_unpack(struct batch *b, unsigned col, enum unpack what)
{
	struct stream_slot *s = b->source;
	struct column *c = &b->col[col];
	const char *why;

	if (c->form == COLUMN_PLAIN || !has_form(&s->entry[col], what))
		return;
	if (c->form == COLUMN_DICT) {
		if (what == UNPACK_PLAIN)
			expand_dict(s, c);
		return;
	}
	why = decode(s, col, what);
	if (why == NULL)
		return;
	err_set(
	    &b->err, "offset %llu: column %u: %s", (unsigned long long)s->file_offset, col, why);
	blank_column(s, c);
}
