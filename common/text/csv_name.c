#include "text/csv_name.h"

#include <stdio.h>
#include <strings.h>

#include "base/addr.h"
#include "base/num.h"
#include "base/time.h"
#include "flow/synonym.h"

static bool
is_integer(enum type t)
{
	return t == TYPE_UINT || t == TYPE_INT;
}

/* `uint32`, `float64`, `string`: TYPE_NONE when it is no type. */
static enum type
type_parse(const char *p, size_t n, unsigned *width)
{
	for (unsigned t = TYPE_UINT; t < TYPE_COUNT; t++) {
		const char *name = type_name((enum type)t);
		size_t len = strlen(name);
		uint64_t bits;

		if (n < len || strncasecmp(p, name, len) != 0)
			continue;
		*width = type_width((enum type)t);
		if (n == len)
			return (enum type)t;
		if (is_integer((enum type)t) && parse_u64(p + len, n - len, &bits) &&
		    (bits == 8 || bits == 16 || bits == 32 || bits == 64)) {
			*width = (unsigned)bits / 8;
			return (enum type)t;
		}
	}
	return TYPE_NONE;
}

/* Cut a type off the end of the name. */
static enum type
cut_type(const char *p, size_t *n, unsigned *width)
{
	const char *colon = memrchr(p, ':', *n);
	enum type type;

	if (colon == NULL)
		return TYPE_NONE;
	type = type_parse(colon + 1, *n - (size_t)(colon + 1 - p), width);
	if (type != TYPE_NONE)
		*n = (size_t)(colon - p);
	return type;
}

/* What the name alone says of the type; TYPE_NONE: nothing. */
static enum type
known_type(const struct field *f, unsigned *width)
{
	const struct element *e = f->n > 0 ? element_find(f->id[0].pen, f->id[0].id) : NULL;

	if (f->n > 0 && (f->id[0].instance & FIELD_AS_SENT)) {
		*width = 8;
		return TYPE_UINT;
	}
	if (e != NULL && f->id[0].pen != PEN_NAMED) {
		*width = e->width;
		return (enum type)e->type;
	}
	*width = type_width(f->type);
	return f->type;
}

static int
take_named(struct csv_name *c, const char *p, size_t n, struct err *err)
{
	if (n >= sizeof(c->named))
		return err_set(
		    err, "a name of %zu octets; at most %zu are allowed", n, sizeof(c->named) - 1);
	if (memchr(p, 0, n) != NULL)
		return err_set(err, "a name with a NUL octet");
	memcpy(c->named, p, n);
	c->named[n] = 0;
	c->id = (struct field_id){ .pen = PEN_NAMED, .named = c->named };
	c->type = TYPE_STRING;
	c->width = 0;
	return 0;
}

static void
take_field(struct csv_name *c, const struct field *f)
{
	if (f->derived == DERIVED_DURATION) {
		c->role = CSV_DURATION;
		c->type = TYPE_DURATION;
		c->width = type_width(TYPE_DURATION);
		return;
	}
	if (f->derived == DERIVED_FLOWS) {
		c->id = field_iana(3); /* deltaFlowCount */
		c->type = TYPE_UINT;
		c->width = 8;
		return;
	}
	if (f->derived != DERIVED_NONE) {
		c->role = CSV_DERIVED;
		return;
	}
	c->id = f->id[0];
	if (c->id.named != NULL) {
		(void)snprintf(c->named, sizeof(c->named), "%s", c->id.named);
		c->id.named = c->named;
	}
	c->type = known_type(f, &c->width);
	if (c->type == TYPE_NONE) {
		c->type = c->id.pen == PEN_NAMED ? TYPE_STRING : TYPE_BYTES;
		c->width = 0;
	}
}

static bool
is_called(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && strncasecmp(p, name, n) == 0;
}

/* Is there a column of this name, or of one that means it whatever stands beside it? */
static bool
has_column(const struct csv_split *header, const char *name)
{
	for (unsigned i = 0; i < header->n_span; i++) {
		const struct csv_span *span = &header->span[i];
		const struct synonym *s = synonym_find(span->p, span->n);

		if (is_called(span->p, span->n, name) ||
		    (s != NULL && strcmp(s->field, name) == 0 && synonym_unless(s) == NULL))
			return true;
	}
	return false;
}

/* The name as another tool's; NULL: it is none, or not beside the other columns. */
static const struct synonym *
find_synonym(const struct csv_split *header, const char *p, size_t n)
{
	const struct synonym *s = synonym_find(p, n);
	const char *unless = s != NULL ? synonym_unless(s) : NULL;

	return header != NULL && unless != NULL && has_column(header, unless) ? NULL : s;
}

int
csv_name_parse(
    struct csv_name *c, const struct csv_split *header, const char *p, size_t n, struct err *err)
{
	const struct synonym *s;
	struct field f;
	struct err ignored = { 0 };
	unsigned width = 0;
	enum type type;

	*c = (struct csv_name){ .role = CSV_VALUE };
	type = cut_type(p, &n, &width);
	if (n == 0)
		return err_set(err, "a column without a name");
	s = find_synonym(header, p, n);
	if (s != NULL)
		c->unit_ns = s->unit_ns;
	if (field_parse(&f, s ? s->field : p, s ? strlen(s->field) : n, &ignored) == 0)
		take_field(c, &f);
	else if (take_named(c, p, n, err) < 0)
		return -1;
	if (type != TYPE_NONE && c->role == CSV_VALUE) {
		c->type = type;
		c->width = width;
	}
	return 0;
}

char
csv_name_foreign(const char *p, size_t n, unsigned columns)
{
	static const char zeek[] = "#separator";
	size_t blanks = 0;

	if (n >= sizeof(zeek) - 1 && memcmp(p, zeek, sizeof(zeek) - 1) == 0)
		return '#';
	if (columns > 1 || (n > 0 && p[0] == '`'))
		return 0;
	for (size_t i = 0; i < n; i++) {
		blanks += p[i] == ' ';
		if (p[i] == '\t' || p[i] == ';' || p[i] == '|' || blanks == 2)
			return p[i];
	}
	return 0;
}

bool
csv_name_is_value(const char *p, size_t n)
{
	struct addr a;
	double d;
	int64_t ns, span;

	return parse_double(p, n, &d) || parse_ip(p, n, &a) ||
	       (n > 0 && p[0] >= '0' && p[0] <= '9' && parse_time(p, n, 0, NULL, &ns, &span));
}

/* Does the text read back as this very column, with room for its integers? */
static bool
reads_back(const char *p, size_t n, const struct field_id *id, enum type type, unsigned *width)
{
	struct csv_name c;
	struct err ignored = { 0 };

	if (csv_name_parse(&c, NULL, p, n, &ignored) != 0 || c.role != CSV_VALUE ||
	    c.unit_ns != 0 || c.type != type || (is_integer(type) && c.width < *width) ||
	    !field_id_equal(&c.id, id) || (id->pen == PEN_NAMED && csv_name_is_value(p, n)))
		return false;
	*width = c.width;
	return true;
}

static void
put_name(struct buf *out, const struct field_id *id, bool plain)
{
	if (id->pen == PEN_NAMED && plain)
		buf_puts(out, id->named);
	else if (id->pen == PEN_NAMED)
		field_put_quoted(out, id->named);
	else if (plain)
		field_put_name(out, id);
	else
		field_put_number(out, id);
}

unsigned
csv_name_put(
    struct buf *out, const struct field_id *id, enum type type, unsigned width, unsigned columns)
{
	size_t at = out->len;

	/* As plain as reads back: a column may have the name of something else. */
	for (unsigned plain = 2; plain-- > 0;) {
		for (unsigned typed = 0; typed < 2; typed++) {
			out->len = at;
			put_name(out, id, plain);
			if (typed) {
				buf_putc(out, ':');
				buf_puts(out, type_name(type));
			}
			if (columns > 0 && csv_name_foreign(out->data + at, out->len - at, columns))
				continue;
			if (reads_back(out->data + at, out->len - at, id, type, &width))
				return width;
		}
	}
	return width;
}
