/*
 * name_learn.c - options records read for what they call things.
 */
#include "flow/name_table.h"

enum { CHANGES_MAX = 1 << 16 };

/* The columns of a batch that a rule reads. */
struct reading {
	const struct name_rule *rule;
	uint32_t kind;
	struct column *key; /* all that hold the number */
	unsigned n_key;
	struct column with, type, name[RULE_NAMES]; /* TYPE_NONE: not there */
};

struct lesson {
	struct names *t;
	struct column exporter[2], domain[2];
	struct name_change *change;
	size_t n, cap;
};

/* A column for the identity, scope or not, plain; of TYPE_NONE when there is none. */
static struct column
column_for(struct batch *b, const struct field_id *id)
{
	int i = id->id != 0 ? batch_find(b, id) : -1;

	return i < 0 ? (struct column){ .type = TYPE_NONE } : *batch_plain(b, (unsigned)i);
}

/* false: the batch has no names for this rule. */
static bool
reading_bind(struct reading *r, struct batch *b)
{
	bool any = false;

	for (unsigned k = 0; k < RULE_NAMES; k++) {
		r->name[k] = column_for(b, &r->rule->name[k]);
		any = any || r->name[k].type == TYPE_STRING;
	}
	r->n_key = 0;
	if (!any)
		return false;
	r->key = mem_zero(b->n_cols + 1, sizeof(*r->key));
	for (unsigned i = 0; i < b->n_cols; i++)
		if (!(b->col[i].flags & COLUMN_EMPTY) && name_rule_has(r->rule, &b->col[i].id))
			r->key[r->n_key++] = *batch_plain(b, i);
	r->with = column_for(b, &r->rule->with);
	r->type = column_for(b, &r->rule->type);
	return r->n_key > 0;
}

/* The number that the record names; false: none, or it has two. */
static bool
reading_value(const struct reading *r, size_t rec, uint8_t value[NAME_VALUE])
{
	uint8_t other[NAME_VALUE], *to = value;
	bool any = false;

	for (unsigned k = 0; k < r->n_key; k++) {
		if (!name_value(r->rule->form, &r->key[k], rec, to))
			continue;
		if (any && memcmp(value, other, NAME_VALUE) != 0)
			return false;
		any = true;
		to = other;
	}
	if (!any || r->rule->form != FORM_ELEMENT)
		return any;
	if (!name_value(FORM_NUMBER, &r->with, rec, other))
		return false;
	/* An enterprise, then an element of it. */
	memmove(value + NAME_VALUE - 6, value + NAME_VALUE - 4, 4);
	memcpy(value + NAME_VALUE - 2, other + NAME_VALUE - 2, 2);
	return true;
}

/* Data types as informationElementDataType numbers them (RFC 5610 3.1); those not here stay octets. */
static enum type
reading_type(const struct reading *r, size_t rec)
{
	static const enum type types[] = { [1] = TYPE_UINT,
		[2] = TYPE_UINT,
		[3] = TYPE_UINT,
		[4] = TYPE_UINT,
		[5] = TYPE_INT,
		[6] = TYPE_INT,
		[7] = TYPE_INT,
		[8] = TYPE_INT,
		[9] = TYPE_FLOAT32,
		[10] = TYPE_FLOAT64,
		[11] = TYPE_BOOL,
		[12] = TYPE_MAC,
		[13] = TYPE_STRING,
		[18] = TYPE_IP,
		[19] = TYPE_IP };
	uint64_t v;

	if (r->type.type != TYPE_UINT || (r->type.present && !bits_get(r->type.present, rec)))
		return TYPE_NONE;
	v = column_uint(&r->type, rec);
	return v < sizeof(types) / sizeof(types[0]) ? types[v] : TYPE_NONE;
}

/*
 * What the record calls the number: the first of its name elements that is not empty.  It speaks for
 * the first that it has, so one that became empty gives way to the next.  false: it has none.
 */
static bool
reading_name(const struct reading *r, size_t rec, uint32_t *rank, const char **p, size_t *n)
{
	bool any = false;

	*n = 0;
	for (uint32_t k = 0; k < RULE_NAMES && *n == 0; k++) {
		const struct column *c = &r->name[k];

		if (c->type != TYPE_STRING || !bits_has(c->present, rec))
			continue;
		*rank = any ? *rank : k;
		*p = (const char *)c->data + c->off[rec];
		*n = c->off[rec + 1] - c->off[rec];
		any = true;
	}
	return any;
}

/* Longer names are cut, but not within a character. */
static size_t
cut(const char *p, size_t n)
{
	if (n <= NAME_LEN_MAX)
		return n;
	for (n = NAME_LEN_MAX; n > NAME_LEN_MAX - 3 && ((unsigned char)p[n] & 0xc0) == 0x80;)
		n--;
	return n;
}

static void
note(struct lesson *l, const struct name_key *key, uint32_t rank, struct name *name)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->change = mem_resize(l->change, l->cap, sizeof(*l->change));
	}
	l->change[l->n++] =
	    (struct name_change){ .entry = { .key = *key, .rank = rank, .name = name } };
}

/* Does the table say so already?  Only asked while nothing of the batch changed it. */
static bool
says(const struct names *t, const struct name_key *key, uint32_t rank, const char *p, size_t n,
    enum type type)
{
	const struct name_entry *e = names_entry(t, key);

	if (e == NULL)
		return n == 0;
	if (e->rank != rank)
		return e->rank < rank;
	return e->name->type == type && e->name->len == n && memcmp(e->name->text, p, n) == 0;
}

static void
learn_record(struct lesson *l, const struct reading *r, size_t rec)
{
	struct name_key key = { .kind = r->kind };
	enum type type = reading_type(r, rec);
	struct name_origin of;
	uint32_t rank = 0;
	const char *p = "";
	size_t n;

	if (!reading_name(r, rec, &rank, &p, &n) || !reading_value(r, rec, key.value))
		return;
	n = cut(p, n);
	name_origin_at(&of, &l->exporter[0], &l->domain[0], rec);
	key.exporter = of.exporter;
	key.domain = of.domain;
	if (l->n == 0 && says(l->t, &key, rank, p, n, type))
		return;
	note(l, &key, rank, n > 0 ? name_new(p, n, type) : NULL);
	memcpy(key.value, name_any, NAME_VALUE);
	if (n > 0 && names_entry(l->t, &key) == NULL)
		note(l, &key, 0, name_new("", 0, TYPE_NONE));
}

static void
apply(struct lesson *l)
{
	if (l->n > 0)
		l->t = names_change(l->t, l->change, l->n);
	l->n = 0;
}

/* The changes are bounded, not what a batch may hold. */
static void
learn_all(struct lesson *l, const struct reading *r, size_t n)
{
	for (size_t rec = 0; rec < n; rec++) {
		learn_record(l, r, rec);
		if (l->n >= CHANGES_MAX)
			apply(l);
	}
	apply(l);
}

struct names *
names_learn(struct names *t, struct batch *b)
{
	struct lesson l = { .t = t };
	struct reading r = { .kind = 0 };
	uint32_t count;
	const struct name_rule *rules = name_rules(&count);

	if (!b->options || b->n == 0)
		return t;
	name_origin_bind(b, l.exporter, l.domain);
	for (; r.kind < count; r.kind++) {
		r.rule = &rules[r.kind];
		r.key = NULL;
		if (reading_bind(&r, b))
			learn_all(&l, &r, b->n);
		mem_free(r.key);
	}
	mem_free(l.change);
	return l.t;
}
