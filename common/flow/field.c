#include "flow/field_find.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/opt.h"
#include "flow/synonym.h"

enum {
	WORD_MOST = 48, /* longer ones get no suggestion */
	NEAR_MOST = 5, /* nor are names suggested whose length is further off */
};

bool
field_id_equal(const struct field_id *a, const struct field_id *b)
{
	if (a->pen != b->pen || a->id != b->id || a->instance != b->instance)
		return false;
	return a->pen != PEN_NAMED || strcmp(a->named, b->named) == 0;
}

bool
field_has(const struct field *f, const struct field_id *id)
{
	for (unsigned i = 0; i < f->n; i++)
		if (field_id_equal(&f->id[i], id))
			return true;
	return false;
}

void
field_copy(struct field *dst, const struct field *src)
{
	*dst = *src;
	if (src->n > 0 && src->id[0].pen == PEN_NAMED)
		dst->id[0].named = dst->named;
}

static bool
same_text(const char *name, const char *text, size_t n)
{
	return strncasecmp(name, text, n) == 0 && name[n] == 0;
}

/* Directions --------------------------------------------------------------------------------- */

/* The reverse elements of one, at most 4 (RFC 5103; Cisco's responder counters have numbers of their own). */
static unsigned
reverse_of(const struct field_id *id, struct field_id *to)
{
	static const uint16_t starts[] = { 156, 154, 152, 150 }, ends[] = { 157, 155, 153, 151 };
	const uint16_t *times = id->id == OWN_START ? starts : ends;

	if (id->pen == PEN_OWN && (id->id == OWN_START || id->id == OWN_END)) {
		for (unsigned i = 0; i < 4; i++)
			to[i] = (struct field_id){ .pen = PEN_REVERSE, .id = times[i] };
		return 4;
	}
	if (id->pen != PEN_IANA || !element_reversible(id->id))
		return 0;
	if (id->id == 231 || id->id == 298)
		*to = field_iana((uint16_t)(id->id + 1)); /* initiator: responder */
	else
		*to = (struct field_id){ .pen = PEN_REVERSE, .id = id->id };
	return 1;
}

/* Types -------------------------------------------------------------------------------------- */

static enum type
id_type(const struct field_id *id)
{
	const struct element *e = element_find(id->pen, id->id);

	if (id->instance & FIELD_AS_SENT)
		return TYPE_UINT;
	return e != NULL && id->pen != PEN_NAMED ? (enum type)e->type : TYPE_NONE;
}

static enum type
derived_type(enum derived d)
{
	switch (d) {
	case DERIVED_DURATION: return TYPE_DURATION;
	case DERIVED_FLOWS: return TYPE_UINT;
	case DERIVED_NONE: return TYPE_NONE;
	default: return TYPE_FLOAT64;
	}
}

/* Names of parts ------------------------------------------------------------------------------ */

bool
field_set_name(struct field *f, const char *name, size_t n)
{
	if (n >= sizeof(f->name))
		return false;
	memcpy(f->name, name, n);
	f->name[n] = 0;
	return true;
}

static bool
find_alias(struct field *f, const char *text, size_t n)
{
	size_t count;
	const struct alias *a = field_aliases(&count);

	for (size_t i = 0; i < count; i++) {
		if (!same_text(a[i].name, text, n))
			continue;
		f->derived = a[i].derived;
		f->n = a[i].n;
		memcpy(f->id, a[i].id, sizeof(f->id));
		f->type = f->derived ? derived_type(f->derived) : id_type(&f->id[0]);
		return field_set_name(f, a[i].name, n);
	}
	return false;
}

/* r and an alias: the reverse of all it lists that has one. */
static bool
find_reverse_alias(struct field *f, const char *text, size_t n)
{
	size_t count;
	const struct alias *a = field_aliases(&count);

	if (n < 2 || (text[0] != 'r' && text[0] != 'R'))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct field_id to[4];

		if (!same_text(a[i].name, text + 1, n - 1))
			continue;
		for (unsigned k = 0; k < a[i].n; k++) {
			unsigned m = reverse_of(&a[i].id[k], to);

			for (unsigned j = 0; j < m && f->n < FIELD_ALT_MAX; j++)
				f->id[f->n++] = to[j];
		}
		if (f->n == 0)
			return false;
		f->type = id_type(&f->id[0]);
		f->name[0] = 'r';
		memcpy(f->name + 1, a[i].name, n);
		return true;
	}
	return false;
}

/* Where the collector keeps what this element says, when that is another identity. */
static bool
stored_as(uint16_t id, struct field_id *to)
{
	bool is_v6;
	uint16_t v4 = element_pair(id, &is_v6);

	if (id >= 150 && id <= 157) {
		*to = field_own(id % 2 == 0 ? OWN_START : OWN_END);
		return true;
	}
	*to = field_iana(v4);
	return v4 != 0 && is_v6;
}

/* Other elements of the same name and type mean the same: vendors copy from each other. */
static void
add_namesakes(struct field *f, const struct element *first)
{
	size_t count;
	const struct element *e = element_table(&count), *end = e + count;

	for (e = first + 1; e < end && f->n < FIELD_ALT_MAX; e++)
		if (e->type == first->type && strcasecmp(e->name, first->name) == 0)
			f->id[f->n++] = (struct field_id){ .pen = e->pen, .id = e->id };
}

static bool
find_element(struct field *f, const char *text, size_t n)
{
	bool reverse;
	const struct element *e = element_by_name(text, n, &reverse);

	if (e == NULL)
		return false;
	f->type = (enum type)e->type;
	f->id[0] = (struct field_id){ .pen = e->pen, .id = e->id };
	f->n = 1;
	if (reverse) {
		if (e->pen == PEN_CERT)
			f->id[0].id |= 0x4000;
		else
			f->id[0].pen = PEN_REVERSE;
		memcpy(f->name, "reverse", 7);
		strcpy(f->name + 7, e->name);
		f->name[7] = (char)toupper((unsigned char)f->name[7]);
		return true;
	}
	if (e->pen == PEN_IANA && stored_as(e->id, &f->id[1]))
		f->n = 2;
	add_namesakes(f, e);
	return field_set_name(f, e->name, n);
}

/* An unsigned decimal number of digits only. */
static bool
parse_digits(const char *p, size_t n, uint64_t most, uint64_t *v)
{
	return n > 0 && n <= 10 && p[0] >= '0' && p[0] <= '9' && (n < 2 || p[1] != 'x') &&
	       parse_u64(p, n, v) && *v <= most;
}

/* v9_N, PEN.ID, and the wire name ePENidID. */
static bool
find_number(struct field *f, const char *text, size_t n)
{
	uint64_t pen = 0, id;
	const char *dot = memchr(text, '.', n);
	struct buf name = { 0 };
	bool fits;

	if (n > 3 && strncasecmp(text, "v9_", 3) == 0) {
		if (!parse_digits(text + 3, n - 3, UINT16_MAX, &id))
			return false;
		pen = element_v9_pen((uint16_t)id);
	} else if (dot != NULL) {
		if (!parse_digits(text, (size_t)(dot - text), UINT32_MAX, &pen) ||
		    !parse_digits(dot + 1, n - (size_t)(dot + 1 - text), UINT16_MAX, &id))
			return false;
	} else {
		const char *mid = n > 3 && text[0] == 'e' ? memmem(text, n, "id", 2) : NULL;

		if (mid == NULL ||
		    !parse_digits(text + 1, (size_t)(mid - text - 1), UINT32_MAX, &pen) ||
		    !parse_digits(mid + 2, n - (size_t)(mid + 2 - text), UINT16_MAX, &id))
			return false;
	}
	if (pen == PEN_NAMED)
		return false;
	f->n = 1;
	f->id[0] = (struct field_id){ .pen = (uint32_t)pen, .id = (uint16_t)id };
	f->type = id_type(&f->id[0]);
	field_put_name(&name, &f->id[0]);
	fits = field_set_name(f, name.data, name.len);
	buf_free(&name);
	return fits;
}

/* Named columns ------------------------------------------------------------------------------ */

bool
field_set_named(struct field *f, const char *name, size_t n)
{
	if (n == 0 || n >= sizeof(f->named) || memchr(name, 0, n) != NULL)
		return false;
	memcpy(f->named, name, n);
	f->named[n] = 0;
	f->n = 1;
	f->id[0] = (struct field_id){ .pen = PEN_NAMED, .named = f->named };
	return true;
}

/* `name`, a backquote in it doubled. */
static bool
find_quoted(struct field *f, const char *text, size_t n)
{
	char name[FIELD_NAME_MAX];
	size_t len = 0;

	if (n < 3 || text[0] != '`' || text[n - 1] != '`')
		return false;
	for (size_t i = 1; i < n - 1; i++) {
		if (text[i] == '`' && (i + 1 == n - 1 || text[++i] != '`'))
			return false;
		if (len == sizeof(name))
			return false;
		name[len++] = text[i];
	}
	return field_set_named(f, name, len) && field_set_name(f, text, n);
}

/* #2 and up, #sent, #2sent: cut off the end of the text and give the instance. */
static bool
cut_instance(const char *text, size_t *n, uint8_t *instance)
{
	const char *hash = memrchr(text, '#', *n), *p;
	size_t len;
	uint64_t nth = 1;

	*instance = 0;
	if (hash == NULL)
		return true;
	p = hash + 1;
	len = *n - (size_t)(p - text);
	if (len >= 4 && memcmp(p + len - 4, "sent", 4) == 0) {
		*instance = FIELD_AS_SENT;
		len -= 4;
	}
	if ((len > 0 || *instance == 0) &&
	    (len == 0 || *p == '0' || !parse_digits(p, len, 0x80, &nth) || nth < 2))
		return false;
	*instance |= (uint8_t)(nth - 1);
	*n = (size_t)(hash - text);
	return true;
}

bool
field_find(struct field *f, const char *text, size_t n, unsigned depth)
{
	uint8_t instance;
	size_t whole = n;

	memset(f, 0, sizeof(*f));
	if (n == 0 || n >= FIELD_TEXT_MAX || memchr(text, 0, n) != NULL)
		return false;
	if (text[0] == '`')
		return find_quoted(f, text, n);
	if (same_text("count", text, n)) {
		f->type = TYPE_UINT;
		return field_set_named(f, "count", n) && field_set_name(f, "count", n);
	}
	if (memchr(text, '(', n) != NULL)
		return aggregate_find(f, text, n, depth);
	if (!cut_instance(text, &n, &instance) || n == 0)
		return false;
	if (!find_alias(f, text, n) && !find_reverse_alias(f, text, n) &&
	    !find_element(f, text, n) && !find_number(f, text, n)) {
		memset(f, 0, sizeof(*f));
		return aggregate_find(f, text, whole, depth);
	}
	if (instance == 0)
		return true;
	if (f->n == 0)
		return false;
	f->derived = DERIVED_NONE;
	if (instance & FIELD_AS_SENT)
		f->type = TYPE_UINT;
	for (unsigned i = 0; i < f->n; i++)
		f->id[i].instance = instance;
	if (strlen(f->name) + whole - n >= sizeof(f->name))
		return false;
	strncat(f->name, text + n, whole - n);
	return true;
}

/* A name that is either side's: both. */
static bool
suggest_sides(char *hint, size_t size, const char *word)
{
	char src[FIELD_TEXT_MAX + 3], dst[FIELD_TEXT_MAX + 3];

	snprintf(src, sizeof(src), "src%s", word);
	snprintf(dst, sizeof(dst), "dst%s", word);
	if (!field_exists(src, strlen(src)) || !field_exists(dst, strlen(dst)))
		return false;
	snprintf(hint, size, "'%s' or '%s'", src, dst);
	return true;
}

/* The alias, else the element, whose name is nearest. */
static const char *
nearest(const char *word)
{
	size_t n_alias, n_element, n = 0;
	const struct alias *a = field_aliases(&n_alias);
	const struct element *e = element_table(&n_element);
	const char *names[n_element + 1], *found;
	size_t len = strlen(word);

	if (len > WORD_MOST)
		return NULL;
	for (size_t i = 0; i < n_alias; i++)
		names[n++] = a[i].name;
	names[n] = NULL;
	found = opt_nearest(word, names);
	if (found != NULL)
		return found;
	n = 0;
	for (size_t i = 0; i < n_element; i++)
		if (strlen(e[i].name) + NEAR_MOST > len && strlen(e[i].name) < len + NEAR_MOST)
			names[n++] = e[i].name;
	names[n] = NULL;
	return opt_nearest(word, names);
}

int
field_parse(struct field *f, const char *text, size_t n, struct err *err)
{
	char word[FIELD_TEXT_MAX], hint[2 * FIELD_TEXT_MAX + 16];
	size_t octets = n > 1 && text[0] == '`' ? n - 2 : n;
	const struct synonym *synonym;
	const char *near;

	if (field_find(f, text, n, 0))
		return 0;
	if (n == 0)
		return err_usage(err, "a field name is empty");
	if (octets >= FIELD_NAME_MAX)
		return err_usage(err, "a field name of %zu octets; at most %d are allowed", octets,
		    FIELD_NAME_MAX - 1);
	memcpy(word, text, n);
	word[n] = 0;
	if (suggest_sides(hint, sizeof(hint), word))
		return err_usage(err, "unknown field '%s'; did you mean %s?", word, hint);
	synonym = synonym_find(word, n);
	near = synonym != NULL ? synonym->field : nearest(word);
	if (near != NULL)
		return err_usage(err, "unknown field '%s'; did you mean '%s'?", word, near);
	return err_usage(err, "unknown field '%s'; --help-fields lists them%s", word,
	    strchr(word, '(') == NULL ? ", and other names stand in backquotes" : "");
}

bool
field_exists(const char *text, size_t n)
{
	struct field f;

	return field_find(&f, text, n, 0);
}

/* Names of columns --------------------------------------------------------------------------- */

/* Does the text that stands at the end of the buffer name this very column? */
static bool
reads_back(const struct buf *b, size_t at, const struct field_id *id)
{
	struct field f;

	return field_find(&f, b->data + at, b->len - at, 0) && f.n > 0 &&
	       field_id_equal(&f.id[0], id);
}

static void
put_instance(struct buf *b, uint8_t instance)
{
	unsigned nth = (instance & 0x7fu) + 1;

	if (instance != 0)
		buf_putc(b, '#');
	if (nth > 1)
		buf_printf(b, "%u", nth);
	if (instance & FIELD_AS_SENT)
		buf_puts(b, "sent");
}

static void
put_reverse(struct buf *b, const char *name)
{
	buf_puts(b, "reverse");
	buf_putc(b, (char)toupper((unsigned char)name[0]));
	buf_puts(b, name + 1);
}

static bool
is_reverse(const struct element *e, const struct field_id *id)
{
	return id->pen == PEN_REVERSE || (id->pen == PEN_CERT && e->id != id->id);
}

/* The first alias that begins with this identity, or its reverse. */
static const char *
alias_of(const struct field_id *id, bool *reverse)
{
	size_t count;
	const struct alias *a = field_aliases(&count);
	struct field_id to[4];

	*reverse = id->pen == PEN_REVERSE;
	for (size_t i = 0; i < count; i++) {
		const struct field_id *first = &a[i].id[0];

		if (a[i].n == 0)
			continue;
		if (!*reverse && first->pen == id->pen && first->id == id->id)
			return a[i].name;
		if (*reverse && reverse_of(first, to) > 0 && to[0].pen == id->pen &&
		    to[0].id == id->id)
			return a[i].name;
	}
	return NULL;
}

void
field_put_quoted(struct buf *b, const char *name)
{
	buf_putc(b, '`');
	for (const char *p = name; *p; p++) {
		if (*p == '`')
			buf_putc(b, '`');
		buf_putc(b, *p);
	}
	buf_putc(b, '`');
}

void
field_put_number(struct buf *b, const struct field_id *id)
{
	if (id->pen == PEN_V9 && element_v9_pen(id->id) == PEN_V9)
		buf_printf(b, "v9_%u", id->id);
	else
		buf_printf(b, "%u.%u", id->pen, id->id);
	put_instance(b, id->instance);
}

void
field_put_name(struct buf *b, const struct field_id *id)
{
	size_t at = b->len;
	bool reverse;
	const struct element *e;
	const char *alias;

	if (id->pen == PEN_NAMED) {
		buf_puts(b, id->named);
		if (id->named[0] != 0 && reads_back(b, at, id))
			return;
		b->len = at;
		field_put_quoted(b, id->named);
		return;
	}
	alias = alias_of(id, &reverse);
	if (alias != NULL) {
		if (reverse)
			buf_putc(b, 'r');
		buf_puts(b, alias);
		put_instance(b, id->instance);
		if (reads_back(b, at, id))
			return;
		b->len = at;
	}
	e = element_find(id->pen, id->id);
	if (e != NULL) {
		if (is_reverse(e, id))
			put_reverse(b, e->name);
		else
			buf_puts(b, e->name);
		put_instance(b, id->instance);
		if (reads_back(b, at, id))
			return;
		b->len = at;
	}
	field_put_number(b, id);
}

void
field_put_wire_name(struct buf *b, const struct field_id *id)
{
	const struct element *e = element_find(id->pen, id->id);
	unsigned nth = (id->instance & 0x7fu) + 1;

	if (id->pen == PEN_NAMED)
		buf_puts(b, id->named);
	else if (id->pen == PEN_V9)
		buf_printf(b, "v9_%u", id->id);
	else if (id->pen == PEN_SCOPE && e == NULL)
		buf_printf(b, "scope%u", id->id);
	else if (e == NULL)
		buf_printf(b, "e%uid%u", id->pen, id->id);
	else if (is_reverse(e, id))
		put_reverse(b, e->name);
	else
		buf_puts(b, e->name);
	if (nth > 1)
		buf_printf(b, "#%u", nth);
}

void
field_of_id(struct field *f, const struct field_id *id)
{
	struct buf name = { 0 };

	memset(f, 0, sizeof(*f));
	f->n = 1;
	f->id[0] = *id;
	f->type = id_type(id);
	if (id->pen == PEN_NAMED) {
		struct field named;

		(void)snprintf(f->named, sizeof(f->named), "%s", id->named);
		f->id[0].named = f->named;
		if (field_find(&named, f->named, strlen(f->named), 0) && named.n > 0 &&
		    field_id_equal(&named.id[0], id))
			f->type = named.type;
	}
	field_put_name(&name, id);
	(void)snprintf(f->name, sizeof(f->name), "%s", buf_cstr(&name));
	buf_free(&name);
}
