/*
 * keys.h - the keys of a record as one string of octets of fixed length.
 *
 * A layout says where each key stands.  It starts with what the first batch has and only widens: a
 * number to more octets, addresses to 16 when an IPv6 one appears that is not kept apart (family.c), a field to cells
 * when its type differs between batches.  Which keys are missing is a bitmap at the end, once one is.  So two keys of
 * one table are equal exactly when their octets are, and the common ones are 4 or 12 octets long.
 */
#ifndef OPS_KEYS_H
#define OPS_KEYS_H

#include "ops/cell.h"
#include "ops/codes.h"

enum { KEYS_CHUNK = 256 };

enum slot_kind {
	SLOT_NONE, /* missing so far */
	SLOT_FIXED, /* a number of width octets; IPv4 too */
	SLOT_IP16, /* 16 octets, IPv4 mapped */
	SLOT_OCTETS, /* 4: interned */
	SLOT_CELL, /* 24: struct cell */
};

struct slot {
	uint8_t kind, type, width;
	uint8_t scale; /* TIME, DURATION: the finest precision seen */
	uint16_t off;
};

/* Octets of it in a key. */
static inline unsigned
slot_size(const struct slot *s)
{
	switch ((enum slot_kind)s->kind) {
	case SLOT_FIXED: return s->width;
	case SLOT_IP16: return 16;
	case SLOT_OCTETS: return 4;
	case SLOT_CELL: return sizeof(struct cell);
	default: return 0;
	}
}

struct layout {
	struct slot slot[GROUP_KEYS_MAX];
	unsigned n;
	bool masked; /* some key is missing somewhere */
	uint16_t mask_off;
	size_t len; /* 4 more than a multiple of 8 */
};

/* Two keys that change places when a record goes the other way; n_pairs 0 without biflow. */
struct key_pair {
	unsigned a, b;
	bool ports;
};

/* Where the keys of one batch come from. */
struct key_source {
	const struct column *col; /* NULL: no record has it */
	const struct column *dict; /* variable length: read its codes */
	uint32_t *ids; /* of the dictionary's entries, made as they are met */
	uint64_t *known;
};
struct keys_bound {
	struct key_source source[GROUP_KEYS_MAX];
	const struct column *col[GROUP_KEYS_MAX]; /* the same, for codes_of */
	int at[GROUP_KEYS_MAX]; /* index in the batch; -1 none */
	struct layout want; /* what this batch needs: slots, and masked once it is unpacked */
	bool v4; /* addresses are read as IPv4, wherever they stand among others */
	struct coding coding; /* a plan; space 0 none */
};

/*
 * Find the keys' columns in a batch of which n records are wanted; v4: those whose addresses are all IPv4, whatever
 * other records have.
 */
void keys_bind(struct keys_bound *, const struct group_spec *, struct batch *, size_t n, bool v4,
    const struct coding *before);

/* Has a batch a column of IPv6 addresses among the keys'? */
bool keys_have_v6(const struct group_spec *, struct batch *);

/* Has every record an IPv6 address among its keys, as a dictionary of no others tells? */
bool keys_are_v6(const struct group_spec *, struct batch *);

/* The bits of the records that have an IPv6 address among their keys, in the batch's arena.  NULL: none has. */
uint64_t *keys_find_v6(const struct group_spec *, struct batch *);

/* Unpack them: for codes where the plan has a dictionary, else plain.  Scratch memory is the batch's arena. */
void keys_unpack(struct keys_bound *, struct batch *, bool for_codes);

/* The least layout that holds both; true when it differs from a in what stands where. */
bool layout_join(struct layout *joined, const struct layout *a, const struct layout *b,
    const struct key_pair *, unsigned n_pairs);

/* The keys of records idx[0..n), n <= KEYS_CHUNK, layout->len octets each. */
void keys_pack(const struct keys_bound *, const struct group_spec *, const struct layout *,
    struct intern *, const uint32_t *idx, size_t n, uint8_t *out);

/* The keys that codes stand for, n <= KEYS_CHUNK; col: of the batch whose dictionaries the coding has. */
void keys_pack_codes(const struct coding *, const struct column *const *col,
    const struct group_spec *, const struct layout *, struct intern *, const uint32_t *code,
    size_t n, uint8_t *out);

/* One key out of a packed string, and into one (zeroed before). */
struct cell keys_get(const struct layout *, unsigned key, const uint8_t *packed);
void keys_set(const struct layout *, unsigned key, uint8_t *packed, const struct cell *);

/* Change the places of each pair of keys. */
void keys_swap(const struct layout *, const struct key_pair *, unsigned n_pairs, uint8_t *packed);

static inline bool
keys_missing(const struct layout *l, unsigned key, const uint8_t *packed)
{
	return l->masked && (packed[l->mask_off + key / 8] >> (key % 8) & 1);
}

#endif
