#include "text/label.h"

#include "base/cursor.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/num.h"
#include "text/escape.h"

enum { SLOTS_FIRST = 64, SLOTS_MOST = 1 << 14, TEXT_MOST = 1 << 20 };

/* A text found before; len 0: there is none. */
struct found {
	struct name_query query;
	uint32_t at, len;
	bool used;
};

struct label {
	const struct names *names;
	enum text_format format;
	struct name_column column;
	/* Of an announced element: what its octets are; TYPE_NONE: column is bound. */
	enum type type;

	struct found *slot; /* open addressing, at most half full */
	size_t n, cap;
	struct buf text, scratch;
};

/* Elements ------------------------------------------------------------------------------------- */

static bool
is_unknown(const struct field_id *id)
{
	return id->pen < PEN_OWN && element_find(id->pen, id->id) == NULL &&
	       !(id->instance & FIELD_AS_SENT);
}

/* Names that could be taken for something else are none: those of fields, and json's own keys. */
static const struct name *
announced(const struct names *names, const struct field_id *id)
{
	const struct name *name = is_unknown(id) ? names_element(names, id) : NULL;

	if (name == NULL || name->text[0] == '_' || field_exists(name->text, name->len))
		return NULL;
	return name;
}

static bool
is_called(const struct names *names, const struct field_id *id, const struct name *name)
{
	const struct name *other;

	if (id->pen == PEN_NAMED)
		return strlen(id->named) == name->len &&
		       memcmp(id->named, name->text, name->len) == 0;
	other = is_unknown(id) ? names_element(names, id) : NULL;
	return other != NULL && other->len == name->len &&
	       memcmp(other->text, name->text, name->len) == 0;
}

const struct name *
label_element(
    const struct names *names, const struct field_id *id, const struct field_id *beside, size_t n)
{
	const struct name *name = names != NULL ? announced(names, id) : NULL;

	for (size_t i = 0; name != NULL && i < n; i++)
		if ((beside[i].pen != id->pen || beside[i].id != id->id) &&
		    is_called(names, &beside[i], name))
			return NULL;
	return name;
}

/* The octets of an element as the value that its type says; false: they are none. */
static bool
octets_value(enum type type, const uint8_t *p, size_t n, struct value *v)
{
	uint64_t bits = n <= 8 ? be_uint(p, n) : 0;
	float f;

	v->type = type;
	switch (type) {
	case TYPE_UINT: v->u = bits; return n > 0 && n <= 8;
	case TYPE_INT:
		v->i = n > 0 && n <= 8 ? (int64_t)(bits << (64 - 8 * n)) >> (64 - 8 * n) : 0;
		return n > 0 && n <= 8;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		v->type = TYPE_FLOAT64;
		memcpy(&v->f, &bits, 8);
		memcpy(&f, &(uint32_t){ (uint32_t)bits }, 4);
		v->f = n == 4 ? (double)f : v->f;
		return n == 4 || n == 8;
	case TYPE_BOOL: v->u = bits == 1; return n == 1 && (bits == 1 || bits == 2);
	case TYPE_MAC: v->u = bits; return n == 6;
	case TYPE_IP:
		if (n == 4)
			v->ip = addr_v4((uint32_t)bits);
		else if (n == 16)
			memcpy(v->ip.b, p, 16);
		return n == 4 || n == 16;
	case TYPE_STRING:
		while (n > 0 && p[n - 1] == 0)
			n--; /* as in every string column */
		v->s.p = (const char *)p;
		v->s.n = n;
		return true;
	default: return false;
	}
}

/* Texts ---------------------------------------------------------------------------------------- */

static void
put_quoted(struct label *l, const char *p, size_t n)
{
	switch (l->format) {
	case TEXT_TABLE: (void)escape_terminal(&l->text, p, n, LABEL_COLUMNS); break;
	case TEXT_CSV: escape_csv(&l->text, p, n, ','); break;
	case TEXT_TSV: escape_csv(&l->text, p, n, '\t'); break;
	default:
		buf_putc(&l->text, '"');
		json_put_text(&l->text, p, n);
		buf_putc(&l->text, '"');
	}
}

/* An announced element's value; numbers are not quoted. */
static bool
put_octets(struct label *l, size_t rec)
{
	const struct text_opts opts = { .style = STYLE_CSV };
	const struct column *c = &l->column.value;
	size_t n = c->off[rec + 1] - c->off[rec];
	struct value v;

	if (!bits_has(c->present, rec) ||
	    !octets_value(l->type, (const uint8_t *)c->data + c->off[rec], n, &v))
		return false;
	l->scratch.len = 0;
	value_put(&l->scratch, &v, c, &opts);
	if (v.type == TYPE_FLOAT64 && v.f - v.f != 0) /* json has no word for it */
		return l->format != TEXT_JSON && l->format != TEXT_NDJSON;
	if (v.type == TYPE_STRING || v.type == TYPE_IP || v.type == TYPE_MAC)
		put_quoted(l, l->scratch.data ? l->scratch.data : "", l->scratch.len);
	else
		buf_put(&l->text, l->scratch.data, l->scratch.len);
	return true;
}

static void
put_name(struct label *l, const struct name_query *q)
{
	const struct name *name = names_find(l->names, q);

	l->scratch.len = 0;
	if (name != NULL)
		put_quoted(l, name->text, name->len);
	else if (name_spell(q, &l->scratch))
		put_quoted(l, l->scratch.data, l->scratch.len);
}

/* Finding again -------------------------------------------------------------------------------- */

static struct found *
slot_of(const struct label *l, const struct name_query *q)
{
	size_t i = hash_octets(hash_seed(), q, sizeof(*q)) % l->cap;

	while (l->slot[i].used && memcmp(&l->slot[i].query, q, sizeof(*q)) != 0)
		i = (i + 1) % l->cap;
	return &l->slot[i];
}

static void
start_over(struct label *l, size_t cap)
{
	mem_free(l->slot);
	l->cap = cap;
	l->slot = mem_zero(cap, sizeof(*l->slot));
	l->n = l->text.len = 0;
}

/* Room for one more: what was found before is found again when it is asked for. */
static void
make_room(struct label *l)
{
	if (l->n < l->cap / 2 && l->text.len < TEXT_MOST)
		return;
	start_over(l, l->cap < SLOTS_MOST ? l->cap * 4 : l->cap);
}

static const char *
find_label(struct label *l, const struct name_query *q, size_t *n)
{
	struct found *f = slot_of(l, q);

	if (!f->used) {
		make_room(l);
		f = slot_of(l, q);
		*f = (struct found){ .query = *q, .at = (uint32_t)l->text.len, .used = true };
		l->n++;
		put_name(l, q);
		f->len = (uint32_t)l->text.len - f->at;
	}
	*n = f->len;
	return f->len > 0 ? l->text.data + f->at : NULL;
}

const char *
label_at(struct label *l, size_t rec, size_t *n)
{
	struct name_query q;

	if (l->type == TYPE_NONE)
		return name_column_query(&l->column, rec, &q) ? find_label(l, &q, n) : NULL;
	l->text.len = 0;
	if (!put_octets(l, rec))
		return NULL;
	*n = l->text.len;
	return l->text.data ? l->text.data : "";
}

struct label *
label_new(const struct names *names, enum text_format format, struct batch *b, unsigned col)
{
	const struct name *name = NULL;
	struct label *l;

	if (names == NULL || (b->col[col].derived != DERIVED_NONE))
		return NULL;
	l = mem_zero(1, sizeof(*l));
	l->names = names;
	l->format = format;
	if (name_column_bind(&l->column, b, col)) {
		start_over(l, SLOTS_FIRST);
		return l;
	}
	if (b->col[col].type == TYPE_BYTES && is_unknown(&b->col[col].id))
		name = names_element(names, &b->col[col].id);
	if (name == NULL || name->type == TYPE_NONE) {
		mem_free(l);
		return NULL;
	}
	l->type = (enum type)name->type;
	l->column.value = *batch_plain(b, col);
	return l;
}

void
label_free(struct label *l)
{
	if (l == NULL)
		return;
	mem_free(l->slot);
	buf_free(&l->text);
	buf_free(&l->scratch);
	mem_free(l);
}
