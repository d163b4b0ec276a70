#include "ops/keys.h"

/* Layouts ------------------------------------------------------------------------------------- */

/* A column of addresses of which some may be IPv6. */
static bool
is_v6(const struct column *c)
{
	return c->type == TYPE_IP && c->width == 16;
}

static struct slot
slot_of(const struct column *c)
{
	struct slot s = { .type = c->type, .width = c->width, .scale = c->scale };

	if (type_is_var((enum type)c->type))
		s.kind = SLOT_OCTETS;
	else if (is_v6(c))
		s.kind = SLOT_IP16;
	else
		s.kind = SLOT_FIXED;
	if (c->type == TYPE_FLOAT32)
		s.width = 8; /* as the bits of a double */
	return s;
}

static struct slot
slot_join(const struct slot *a, const struct slot *b)
{
	struct slot s = *a;

	if (a->kind == SLOT_NONE)
		return *b;
	if (b->kind == SLOT_NONE)
		return *a;
	s.scale = a->scale < b->scale ? a->scale : b->scale;
	if (a->type != b->type || a->kind == SLOT_CELL || b->kind == SLOT_CELL) {
		s.kind = SLOT_CELL;
		s.type = a->type == b->type ? a->type : TYPE_NONE;
		s.width = 0;
		return s;
	}
	s.kind = a->kind > b->kind ? a->kind : b->kind;
	s.width = a->width > b->width ? a->width : b->width;
	return s;
}

static bool
slot_same(const struct slot *a, const struct slot *b)
{
	return a->kind == b->kind && a->type == b->type && a->width == b->width;
}

static void
layout_place(struct layout *l)
{
	unsigned off = 0;

	for (unsigned i = 0; i < l->n; i++) {
		l->slot[i].off = (uint16_t)off;
		off += slot_size(&l->slot[i]);
	}
	l->mask_off = (uint16_t)off;
	off += l->masked ? (l->n + 7) / 8 : 0;
	l->len = (off + 3) / 8 * 8 + 4; /* at least off, and 4 more than a multiple of 8 */
}

bool
layout_join(struct layout *joined, const struct layout *a, const struct layout *b,
    const struct key_pair *pair, unsigned n_pairs)
{
	struct layout l = { .n = b->n };
	bool changed = a->len == 0 || (b->masked && !a->masked);

	l.masked = a->masked || b->masked;

	for (unsigned i = 0; i < l.n; i++)
		l.slot[i] = slot_join(&a->slot[i], &b->slot[i]);
	for (unsigned k = 0; k < n_pairs; k++) {
		struct slot *x = &l.slot[pair[k].a], *y = &l.slot[pair[k].b];

		*x = *y = slot_join(x, y);
	}
	for (unsigned i = 0; i < l.n; i++)
		changed = changed || !slot_same(&l.slot[i], &a->slot[i]);
	layout_place(&l);
	*joined = l;
	return changed;
}

/* Binding --------------------------------------------------------------------------------------- */

/* What this batch needs of a layout. */
static struct slot
slot_wanted(const struct group_key *key, const struct column *c, bool v4)
{
	struct slot s = slot_of(c);

	if (v4 && is_v6(c)) {
		s.kind = SLOT_FIXED;
		s.width = 4;
	}
	/* A bin of whole seconds, milliseconds ... is no more precise than that. */
	for (uint64_t unit = 10, e = 1; e <= 9; unit *= 10, e++)
		if (key->bin.ns != 0 && (uint64_t)key->bin.ns % unit == 0 &&
		    (e == 3 || e == 6 || e == 9) && s.scale < e)
			s.scale = (uint8_t)e;
	return s;
}

void
keys_bind(struct keys_bound *bound, const struct group_spec *spec, struct batch *b, size_t n,
    bool v4, const struct coding *before)
{
	bound->v4 = v4;
	for (size_t k = 0; k < spec->n_keys; k++)
		bound->at[k] = batch_resolve(b, &spec->keys[k].field);
	bound->want = (struct layout){ .n = (unsigned)spec->n_keys };
	if (!codes_plan(&bound->coding, spec, b, bound->at, n, before))
		bound->coding.space = 0;
	for (size_t k = 0; k < spec->n_keys; k++)
		if (bound->at[k] >= 0)
			bound->want.slot[k] =
			    slot_wanted(&spec->keys[k], &b->col[bound->at[k]], v4);
}

/* The last 32 bits of n addresses: all of an IPv4 address, nothing to be looked at of an IPv6 one. */
static uint32_t *
last_words(struct batch *b, const struct addr *a, size_t n)
{
	uint32_t *v = arena_alloc(&b->arena, (n + 1) * sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i] = addr_u32(&a[i]);
	return v;
}

/* A column of addresses as one of IPv4. */
static const struct column *
v4_column(struct batch *b, unsigned col, bool by_code)
{
	struct column *c = arena_alloc(&b->arena, sizeof(*c));
	const struct column *from = batch_dict(b, col);
	const uint32_t *entry;
	uint32_t *v;

	(void)batch_present(b, col);
	if (from == NULL) {
		from = batch_plain(b, col);
		*c = *from;
		c->data = last_words(b, from->data, b->n);
	} else {
		*c = *from;
		entry = c->dict_data = last_words(b, from->dict_data, from->dict_n);
		if (!by_code) {
			v = c->data = arena_alloc(&b->arena, (b->n + 1) * sizeof(*v));
			for (size_t i = 0; i < b->n; i++)
				v[i] = entry[from->codes[i]];
		}
	}
	c->width = 4;
	return c;
}

static void
bind_key(struct key_source *src, struct batch *b, unsigned col, bool by_code, bool v4)
{
	src->dict = NULL;
	if (v4 && is_v6(&b->col[col])) {
		src->col = v4_column(b, col, by_code);
		return;
	}
	if (by_code || type_is_var((enum type)b->col[col].type))
		src->dict = batch_dict(b, col);
	if (src->dict != NULL) {
		(void)batch_present(b, col);
		src->col = src->dict;
		src->ids = arena_alloc(&b->arena, src->dict->dict_n * sizeof(*src->ids) + 1);
		src->known = arena_zero(&b->arena, bits_words(src->dict->dict_n) * 8 + 8);
	} else {
		src->col = batch_plain(b, col);
	}
}

void
keys_unpack(struct keys_bound *bound, struct batch *b, bool for_codes)
{
	for (unsigned k = 0; k < bound->want.n; k++) {
		bound->source[k] = (struct key_source){ 0 };
		if (bound->at[k] >= 0)
			bind_key(&bound->source[k], b, (unsigned)bound->at[k],
			    for_codes && bound->coding.digit[k].dict, bound->v4);
		bound->col[k] = bound->source[k].col;
		if (bound->col[k] == NULL || bound->col[k]->present != NULL)
			bound->want.masked = true;
	}
}

/* Families -------------------------------------------------------------------------------------- */

bool
keys_have_v6(const struct group_spec *spec, struct batch *b)
{
	for (size_t k = 0; k < spec->n_keys; k++) {
		int at = batch_resolve(b, &spec->keys[k].field);

		if (at >= 0 && is_v6(&b->col[at]))
			return true;
	}
	return false;
}

bool
keys_are_v6(const struct group_spec *spec, struct batch *b)
{
	for (size_t k = 0; k < spec->n_keys; k++) {
		int at = batch_resolve(b, &spec->keys[k].field);
		const struct column *c =
		    at >= 0 && is_v6(&b->col[at]) ? batch_entries(b, (unsigned)at) : NULL;
		uint32_t i = 0;

		if (c == NULL || (c->flags & COLUMN_PARTIAL))
			continue;
		while (i < c->dict_n && !addr_is_v4(&((const struct addr *)c->dict_data)[i]))
			i++;
		if (i == c->dict_n)
			return true;
	}
	return false;
}

/* Set the bits of records whose value in a column is an IPv6 address. */
static void
mark_v6(struct batch *b, unsigned col, uint64_t *v6)
{
	const struct column *c = batch_dict(b, col);
	const uint64_t *present = batch_present(b, col);
	const struct addr *a;
	uint8_t *of = NULL;

	if (c != NULL) {
		a = c->dict_data;
		of = arena_alloc(&b->arena, c->dict_n + 1);
		for (uint32_t i = 0; i < c->dict_n; i++)
			of[i] = !addr_is_v4(&a[i]);
	} else {
		c = batch_plain(b, col);
		a = c->data;
	}
	for (size_t w = 0; w < bits_words(b->n); w++) {
		size_t first = w * 64, n = b->n - first < 64 ? b->n - first : 64;
		uint64_t bits = 0;

		for (size_t i = 0; i < n; i++)
			bits |= (uint64_t)(of != NULL ? of[c->codes[first + i]]
						      : !addr_is_v4(&a[first + i]))
				<< i;
		v6[w] |= present != NULL ? bits & present[w] : bits;
	}
}

uint64_t *
keys_find_v6(const struct group_spec *spec, struct batch *b)
{
	uint64_t *v6 = arena_zero(&b->arena, bits_words(b->n) * 8 + 8);

	for (size_t k = 0; k < spec->n_keys; k++) {
		int at = batch_resolve(b, &spec->keys[k].field);

		if (at >= 0 && is_v6(&b->col[at]))
			mark_v6(b, (unsigned)at, v6);
	}
	return bits_count(v6, b->n) > 0 ? v6 : NULL;
}

/* Single keys ------------------------------------------------------------------------------------- */

struct cell
keys_get(const struct layout *l, unsigned key, const uint8_t *packed)
{
	const struct slot *s = &l->slot[key];
	struct cell c = { .type = s->type };
	const uint8_t *p = packed + s->off;

	if (keys_missing(l, key, packed))
		return (struct cell){ 0 };
	switch ((enum slot_kind)s->kind) {
	case SLOT_FIXED:
		memcpy(&c.v, p, s->width);
		if (s->type == TYPE_IP) {
			struct addr a = addr_v4((uint32_t)c.v);

			memcpy(&c.v, a.b, 16);
		} else if (s->type == TYPE_INT && s->width < 8) {
			unsigned shift = 64 - 8u * s->width;

			c.v = (uint64_t)((int64_t)(c.v << shift) >> shift);
		}
		break;
	case SLOT_IP16: memcpy(&c.v, p, 16); break;
	case SLOT_OCTETS: memcpy(&c.v, p, 4); break;
	case SLOT_CELL: memcpy(&c, p, sizeof(c)); break;
	case SLOT_NONE: break;
	}
	return c;
}

void
keys_set(const struct layout *l, unsigned key, uint8_t *packed, const struct cell *c)
{
	const struct slot *s = &l->slot[key];
	uint8_t *p = packed + s->off;

	if (c->type == TYPE_NONE) {
		packed[l->mask_off + key / 8] |= (uint8_t)(1u << (key % 8));
		return;
	}
	switch ((enum slot_kind)s->kind) {
	case SLOT_FIXED:
		if (s->type == TYPE_IP) {
			struct addr a;
			uint32_t host;

			memcpy(a.b, &c->v, 16);
			host = addr_u32(&a);
			memcpy(p, &host, 4);
		} else {
			memcpy(p, &c->v, s->width);
		}
		break;
	case SLOT_IP16: memcpy(p, &c->v, 16); break;
	case SLOT_OCTETS: memcpy(p, &c->v, 4); break;
	case SLOT_CELL: memcpy(p, c, sizeof(*c)); break;
	case SLOT_NONE: break;
	}
}

void
keys_swap(const struct layout *l, const struct key_pair *pair, unsigned n_pairs, uint8_t *packed)
{
	for (unsigned k = 0; k < n_pairs; k++) {
		unsigned a = pair[k].a, b = pair[k].b;
		uint8_t *pa = packed + l->slot[a].off, *pb = packed + l->slot[b].off;
		unsigned bit_a = keys_missing(l, a, packed), bit_b = keys_missing(l, b, packed);
		uint8_t kept[sizeof(struct cell)];
		unsigned n = slot_size(&l->slot[a]);

		memcpy(kept, pa, n);
		memcpy(pa, pb, n);
		memcpy(pb, kept, n);
		if (bit_a == bit_b)
			continue;
		packed[l->mask_off + a / 8] ^= (uint8_t)(1u << (a % 8));
		packed[l->mask_off + b / 8] ^= (uint8_t)(1u << (b % 8));
	}
}
