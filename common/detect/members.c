#include "detect/members.h"

#include <assert.h>
#include <string.h>

static struct field_id
id_of(const struct member *m)
{
	return m->element != 0 ? field_iana(m->element) : member_named(m->name);
}

static enum type
type_of(const struct member *m)
{
	return m->kind == MEMBER_IP ? TYPE_IP : m->kind == MEMBER_OCTETS ? TYPE_BYTES : TYPE_UINT;
}

/* Writing ------------------------------------------------------------------------------------------ */

struct members_at
members_make(struct batch *b, const struct member *m)
{
	struct members_at at = { 0 };

	for (unsigned i = 0; m[i].kind != MEMBER_END; i++) {
		struct field_id id = id_of(&m[i]);
		unsigned width = m[i].kind == MEMBER_OCTETS ? 0
				 : m[i].kind == MEMBER_IP   ? 4
							    : m[i].size;

		assert(i < MEMBERS_MOST);
		at.col[i] = batch_column(b, &id, type_of(&m[i]), width, 0);
		assert(at.col[i] >= 0);
	}
	return at;
}

void
members_put(struct batch *b, const struct members_at *at, size_t rec, const struct member *m,
    const void *structure)
{
	for (unsigned i = 0; m[i].kind != MEMBER_END; i++) {
		const uint8_t *p = (const uint8_t *)structure + m[i].off;
		unsigned col = (unsigned)at->col[i];
		struct addr a;
		uint64_t v = 0;

		switch (m[i].kind) {
		case MEMBER_IP:
			memcpy(&a, p, sizeof(a));
			batch_put_ip(b, col, rec, &a);
			break;
		case MEMBER_OCTETS: batch_put_octets(b, col, rec, p, m[i].size); break;
		default:
			memcpy(&v, p, m[i].size); /* little-endian, as batches are */
			batch_put_uint(b, col, rec, v);
		}
	}
}

void
member_put_number(struct batch *b, size_t rec, struct field_id id, unsigned width, uint64_t v)
{
	batch_put_uint(b, (unsigned)batch_column(b, &id, TYPE_UINT, width, 0), rec, v);
}

void
member_put_ip(struct batch *b, size_t rec, uint16_t element, const struct addr *a)
{
	struct field_id id = field_iana(element);

	batch_put_ip(b, (unsigned)batch_column(b, &id, TYPE_IP, addr_is_v4(a) ? 4 : 16, 0), rec, a);
}

/* Reading ------------------------------------------------------------------------------------------ */

static int
find(struct batch *b, const struct field_id *id, enum type type)
{
	int i = batch_find(b, id);

	if (i < 0 || b->col[i].type != type)
		return -1;
	(void)batch_plain(b, (unsigned)i);
	return i;
}

/* In a batch that was read; those that it lacks are noted.  Unpacks them. */
static struct members_at
find_all(struct batch *b, const struct member *m)
{
	struct members_at at = { 0 };

	for (unsigned i = 0; m[i].kind != MEMBER_END; i++) {
		struct field_id id = id_of(&m[i]);

		assert(i < MEMBERS_MOST);
		at.col[i] = find(b, &id, type_of(&m[i]));
	}
	return at;
}

static bool
get_all(struct batch *b, const struct members_at *at, size_t rec, const struct member *m,
    void *structure)
{
	for (unsigned i = 0; m[i].kind != MEMBER_END; i++) {
		const struct column *c = at->col[i] < 0 ? NULL : &b->col[at->col[i]];
		uint8_t *p = (uint8_t *)structure + m[i].off;
		struct addr a;
		uint64_t v;

		if (c == NULL || !column_has(c, rec)) {
			if (m[i].later)
				continue;
			return false;
		}
		switch (m[i].kind) {
		case MEMBER_IP:
			a = column_ip(c, rec);
			memcpy(p, &a, sizeof(a));
			break;
		case MEMBER_OCTETS:
			if (c->off[rec + 1] - c->off[rec] != m[i].size)
				return false;
			memcpy(p, (const uint8_t *)c->data + c->off[rec], m[i].size);
			break;
		default:
			v = column_uint(c, rec);
			if ((m[i].size < 8 && v >> 8 * m[i].size != 0) ||
			    (m[i].kind == MEMBER_FLAG && v > 1))
				return false;
			memcpy(p, &v, m[i].size);
		}
	}
	return true;
}

bool
member_get_number(struct batch *b, size_t rec, struct field_id id, uint64_t *v)
{
	int i = find(b, &id, TYPE_UINT);

	if (i < 0 || !column_has(&b->col[i], rec))
		return false;
	*v = column_uint(&b->col[i], rec);
	return true;
}

bool
member_get_ip(struct batch *b, size_t rec, uint16_t element, struct addr *a)
{
	struct field_id id = field_iana(element);
	int i = find(b, &id, TYPE_IP);

	if (i < 0 || !column_has(&b->col[i], rec))
		return false;
	*a = column_ip(&b->col[i], rec);
	return true;
}

bool
member_get_octets(
    struct batch *b, size_t rec, struct field_id id, const uint8_t **octets, size_t *n)
{
	int i = find(b, &id, TYPE_BYTES);
	const struct column *c;

	if (i < 0 || !column_has(&b->col[i], rec))
		return false;
	c = &b->col[i];
	*octets = (const uint8_t *)c->data + c->off[rec];
	*n = c->off[rec + 1] - c->off[rec];
	return true;
}

/* Kinds -------------------------------------------------------------------------------------------- */

static const char state_name[] = "state";

void
members_put_kind(struct batch *b, size_t rec, unsigned kind)
{
	member_put_number(b, rec, member_named(state_name), 1, kind);
}

static bool
read_all(struct member_walk *w, struct batch *b, struct err *err)
{
	struct field_id id = member_named(state_name);
	int state = find(b, &id, TYPE_UINT);

	assert(w->n <= MEMBER_KINDS_MOST);
	w->b = b;
	for (unsigned k = 0; k < w->n; k++)
		if (w->kinds[k] != NULL)
			w->at[k] = find_all(b, w->kinds[k]);
	for (w->rec = 0; w->rec < b->n; w->rec++) {
		uint64_t kind;

		if (state < 0 || !column_has(&b->col[state], w->rec))
			return false;
		kind = column_uint(&b->col[state], w->rec);
		if (kind >= w->n || (kind == 0) == w->begun)
			return false;
		w->kind = (unsigned)kind;
		if (!w->read(w->ctx, err))
			return false;
		w->begun = true;
	}
	return true;
}

int
members_take(void *walk, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct member_walk *w = walk;

	(void)sel;
	return b->options || read_all(w, b, err) ? 0 : err_set(err, "no %s", w->what);
}

bool
members_here(const struct member_walk *w, void *structure)
{
	return get_all(w->b, &w->at[w->kind], w->rec, w->kinds[w->kind], structure);
}
