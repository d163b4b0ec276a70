/*
 * keys_pack.c - the keys of many records as strings of octets, from columns or from the codes that stand for them.
 */
#include "ops/keys.h"

static uint32_t
mask4(int prefix)
{
	return prefix <= 0 ? 0 : ~UINT32_C(0) << (32 - prefix);
}

static void
mask_addr(struct addr *a, const struct group_key *key)
{
	addr_mask(a, (unsigned)(addr_is_v4(a) ? 96 + key->prefix4 : key->prefix6));
}

static void
keys_transform(const struct group_key *key, enum type type, struct cell *c)
{
	if (type == TYPE_IP && key->prefix4 >= 0) {
		struct addr a;

		memcpy(a.b, &c->v, 16);
		mask_addr(&a, key);
		memcpy(&c->v, a.b, 16);
	} else if (key->bin.ns != 0 && (cell_numeric(type))) {
		c->v = cell_floor(c->v, key, type);
	}
}

#define STORE(T) \
	do { \
		for (size_t i = 0; i < n; i++) { \
			T t = (T)v[i]; \
			memcpy(out + i * len, &t, sizeof(t)); \
		} \
	} while (0)

static void
store_words(const uint64_t *v, size_t n, unsigned width, uint8_t *out, size_t len)
{
	switch (width) {
	case 1: STORE(uint8_t); break;
	case 2: STORE(uint16_t); break;
	case 4: STORE(uint32_t); break;
	default: STORE(uint64_t);
	}
}

#define COPY(T) \
	do { \
		const T *from = values; \
		for (size_t i = 0; i < n; i++) \
			memcpy(out + i * len, &from[idx[i]], sizeof(T)); \
	} while (0)

static void
copy_values(
    const void *values, const uint32_t *idx, size_t n, unsigned width, uint8_t *out, size_t len)
{
	switch (width) {
	case 1: COPY(uint8_t); break;
	case 2: COPY(uint16_t); break;
	case 4: COPY(uint32_t); break;
	default: COPY(uint64_t);
	}
}

static void
pack_fixed(const struct key_source *src, const struct group_key *key, const struct slot *slot,
    const uint32_t *idx, size_t n, uint8_t *out, size_t len)
{
	uint64_t v[KEYS_CHUNK];
	enum type type = (enum type)src->col->type;

	if (src->col->width == slot->width && key->bin.ns == 0 &&
	    (type != TYPE_IP || key->prefix4 < 0) && !type_is_float(type)) {
		copy_values(src->col->data, idx, n, slot->width, out, len);
		return;
	}
	cell_words(src->col, idx, n, v);
	if (type == TYPE_IP && key->prefix4 >= 0) {
		uint32_t mask = mask4(key->prefix4);

		for (size_t i = 0; i < n; i++)
			v[i] &= mask;
	} else if (key->bin.ns != 0 && cell_numeric(type)) {
		for (size_t i = 0; i < n; i++)
			v[i] = cell_floor(v[i], key, type);
	}
	store_words(v, n, slot->width, out, len);
}

static void
pack_ip16(const struct key_source *src, const struct group_key *key, const uint32_t *idx, size_t n,
    uint8_t *out, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		struct addr a;

		if (src->col->width == 4)
			a = addr_v4(((const uint32_t *)src->col->data)[idx[i]]);
		else
			memcpy(a.b, (const uint8_t *)src->col->data + (size_t)idx[i] * 16, 16);
		if (key->prefix4 >= 0)
			mask_addr(&a, key);
		memcpy(out + i * len, a.b, 16);
	}
}

static uint32_t
intern_of(const struct key_source *src, struct intern *in, uint32_t rec)
{
	const struct column *c = src->col;
	uint16_t code;

	if (src->dict == NULL)
		return intern_put(
		    in, (const uint8_t *)c->data + c->off[rec], c->off[rec + 1] - c->off[rec]);
	code = c->codes[rec];
	if (!bits_get(src->known, code)) {
		src->ids[code] = intern_put(in, (const uint8_t *)c->dict_data + c->dict_off[code],
		    c->dict_off[code + 1] - c->dict_off[code]);
		bits_set(src->known, code);
	}
	return src->ids[code];
}

static bool
has_value(const struct key_source *src, uint32_t rec)
{
	return bits_has(src->col->present, rec);
}

static void
pack_octets(const struct key_source *src, struct intern *in, const uint32_t *idx, size_t n,
    uint8_t *out, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t id = has_value(src, idx[i]) ? intern_of(src, in, idx[i]) : 0;

		memcpy(out + i * len, &id, 4);
	}
}

static void
pack_cells(const struct key_source *src, const struct group_key *key, struct intern *in,
    const uint32_t *idx, size_t n, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		struct cell c = { 0 };

		if (!has_value(src, idx[i]))
			continue;
		if (src->dict != NULL)
			c = (struct cell){ .v = intern_of(src, in, idx[i]),
				.type = src->col->type };
		else
			c = cell_at(src->col, idx[i], in);
		keys_transform(key, (enum type)c.type, &c);
		memcpy(out + i * len, &c, sizeof(c));
	}
}

/* No value: zeros in the slot, so that all without one are one group, and the mask's bit. */
static void
set_missing(const struct layout *l, unsigned key, uint8_t *packed)
{
	memset(packed + l->slot[key].off, 0, slot_size(&l->slot[key]));
	packed[l->mask_off + key / 8] |= (uint8_t)(1u << (key % 8));
}

static void
pack_missing(const struct key_source *src, const struct layout *l, unsigned key,
    const uint32_t *idx, size_t n, uint8_t *out)
{
	if (src->col != NULL && src->col->present == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (src->col == NULL || !has_value(src, idx[i]))
			set_missing(l, key, out + i * l->len);
}

static void
pack_slot(const struct key_source *src, const struct group_key *key, const struct slot *slot,
    struct intern *in, const uint32_t *idx, size_t n, uint8_t *out, size_t len)
{
	switch ((enum slot_kind)slot->kind) {
	case SLOT_FIXED: pack_fixed(src, key, slot, idx, n, out, len); break;
	case SLOT_IP16: pack_ip16(src, key, idx, n, out, len); break;
	case SLOT_OCTETS: pack_octets(src, in, idx, n, out, len); break;
	case SLOT_CELL: pack_cells(src, key, in, idx, n, out, len); break;
	case SLOT_NONE: break;
	}
}

void
keys_pack(const struct keys_bound *bound, const struct group_spec *spec, const struct layout *l,
    struct intern *in, const uint32_t *idx, size_t n, uint8_t *out)
{
	memset(out, 0, n * l->len);
	for (unsigned k = 0; k < l->n; k++) {
		const struct key_source *src = &bound->source[k];

		if (src->col != NULL)
			pack_slot(src, &spec->keys[k], &l->slot[k], in, idx, n,
			    out + l->slot[k].off, l->len);
		pack_missing(src, l, k, idx, n, out);
	}
}

/* The entries of a dictionary that digits stand for. */
static void
pack_entries(const struct column *dict, const struct group_key *key, const struct slot *slot,
    struct intern *in, const uint32_t *digit, size_t n, uint8_t *out, size_t len)
{
	struct column entries = *dict;
	struct key_source src = { .col = &entries };
	uint32_t idx[KEYS_CHUNK];

	entries.data = entries.dict_data;
	entries.off = entries.dict_off;
	entries.present = NULL;
	for (size_t i = 0; i < n; i++)
		idx[i] = digit[i] > 0 ? digit[i] - 1 : 0;
	pack_slot(&src, key, slot, in, idx, n, out, len);
}

/* The numbers that digits stand for. */
static void
pack_numbers(const struct digit *d, const struct group_key *key, const struct slot *slot,
    struct intern *in, const uint32_t *digit, size_t n, uint8_t *out, size_t len)
{
	uint64_t word[KEYS_CHUNK];
	uint32_t addr[KEYS_CHUNK], idx[KEYS_CHUNK];
	struct column c = { .type = d->type, .width = 8, .data = word };
	struct key_source src = { .col = &c };

	for (size_t i = 0; i < n; i++) {
		word[i] = digit[i] > 0 ? codes_value(d, digit[i]) : 0;
		addr[i] = (uint32_t)word[i];
		idx[i] = (uint32_t)i;
	}
	if (d->type == TYPE_IP) {
		c.width = 4;
		c.data = addr;
	}
	pack_slot(&src, key, slot, in, idx, n, out, len);
}

void
keys_pack_codes(const struct coding *coding, const struct column *const *col,
    const struct group_spec *spec, const struct layout *l, struct intern *in, const uint32_t *code,
    size_t n, uint8_t *out)
{
	uint32_t digit[KEYS_CHUNK];

	memset(out, 0, n * l->len);
	for (unsigned k = 0; k < l->n; k++) {
		const struct digit *d = &coding->digit[k];
		const struct slot *slot = &l->slot[k];

		codes_digits(coding, k, code, n, digit);
		if (d->dict)
			pack_entries(
			    col[k], &spec->keys[k], slot, in, digit, n, out + slot->off, l->len);
		else if (d->type != TYPE_NONE)
			pack_numbers(
			    d, &spec->keys[k], slot, in, digit, n, out + slot->off, l->len);
		for (size_t i = 0; i < n; i++)
			if (digit[i] == 0)
				set_missing(l, k, out + i * l->len);
	}
}
