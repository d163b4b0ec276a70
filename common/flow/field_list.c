#include <string.h>

#include "base/mem.h"
#include "flow/field.h"

void
field_list_free(struct field_list *list)
{
	mem_free(list->fields);
	mem_free(list->relative);
	*list = (struct field_list){ 0 };
}

static bool
same_field(const struct field *a, const struct field *b)
{
	if (a->derived != b->derived || a->n != b->n)
		return false;
	for (unsigned i = 0; i < a->n; i++)
		if (!field_id_equal(&a->id[i], &b->id[i]))
			return false;
	return true;
}

/* Fields move when the array grows or shrinks, and with them the names they point to. */
static void
fix_names(struct field_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->fields[i].n > 0 && list->fields[i].id[0].pen == PEN_NAMED)
			list->fields[i].id[0].named = list->fields[i].named;
}

void
field_list_append(struct field_list *list, const struct field *f)
{
	list->fields = mem_resize(list->fields, list->n + 1, sizeof(*list->fields));
	field_copy(&list->fields[list->n++], f);
	fix_names(list);
}

static void
add_field(struct field_list *list, const struct field *f)
{
	for (size_t i = 0; i < list->n; i++)
		if (same_field(&list->fields[i], f) || strcmp(list->fields[i].name, f->name) == 0)
			return;
	field_list_append(list, f);
}

/*
 * -f takes away what shows f's values: the alias too where the list has the column, and the other way
 * round.
 */
static bool
shows(const struct field *a, const struct field *f)
{
	if (a->n > 0 && f->n > 0)
		return field_id_equal(&a->id[0], &f->id[0]);
	return a->derived != DERIVED_NONE && a->derived == f->derived;
}

static void
remove_field(struct field_list *list, const struct field *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++)
		if (!shows(&list->fields[i], f))
			list->fields[kept++] = list->fields[i];
	list->n = kept;
	fix_names(list);
}

/* Octets up to the comma that ends an item: not one within backquotes or parentheses. */
static size_t
item_length(const char *p)
{
	bool quoted = false;
	int depth = 0;
	size_t i;

	for (i = 0; p[i] && (p[i] != ',' || quoted || depth > 0); i++) {
		if (p[i] == '`')
			quoted = !quoted;
		else if (!quoted)
			depth += (p[i] == '(') - (p[i] == ')');
	}
	return i;
}

static int
refuse_beside_all(const char *name, struct err *err)
{
	return err_usage(err, "'%s' beside 'all': nothing can be added to all", name);
}

/* beside: there were fields before, added or taken away. */
static int
take_item(
    struct field_list *list, char sign, const char *p, size_t n, bool *beside, struct err *err)
{
	struct field f;

	if (n == 3 && memcmp(p, "all", 3) == 0) {
		if (sign == '-')
			return err_usage(err, "'-all' leaves no field");
		if (list->n > 0)
			return refuse_beside_all(list->fields[list->n - 1].name, err);
		if (*beside)
			return err_usage(
			    err, "'all' behind fields taken away: fields cannot be taken from all");
		list->all = true;
		return 0;
	}
	if (field_parse(&f, p, n, err) < 0)
		return -1;
	if (sign == '-' && list->all)
		return err_usage(
		    err, "'-%s' behind 'all': fields cannot be taken from all", f.name);
	if (sign == '+' && list->all)
		return refuse_beside_all(f.name, err);
	if (sign == '-')
		remove_field(list, &f);
	else
		add_field(list, &f);
	*beside = true;
	return 0;
}

/* More changes of a list that is not known yet, behind those so far. */
static void
add_changes(struct field_list *list, const char *text)
{
	size_t n = strlen(list->relative), more = strlen(text) + 1;

	list->relative = mem_resize(list->relative, n + 1 + more, 1);
	list->relative[n] = ',';
	memcpy(list->relative + n + 1, text, more);
}

int
field_list_parse(struct field_list *list, const char *text, struct err *err)
{
	const char *p = text;
	bool beside = false;

	while (*p == ' ')
		p++;
	if (*p != '+' && *p != '-') {
		field_list_free(list);
	} else if (list->relative != NULL) {
		beside = !list->all;
		add_changes(list, p);
	} else if (list->n == 0) {
		list->relative = mem_string(p);
	}
	for (;;) {
		size_t len = item_length(p), n = len;
		char sign = '+';

		while (n > 0 && *p == ' ')
			p++, n--, len--;
		while (n > 0 && p[n - 1] == ' ')
			n--;
		if (n > 0 && (*p == '+' || *p == '-')) {
			sign = *p++;
			n--;
			len--;
		}
		if (take_item(list, sign, p, n, &beside, err) < 0)
			return -1;
		if (p[len] == 0)
			break;
		p += len + 1;
	}
	if (list->n == 0 && !list->all && list->relative == NULL)
		return err_usage(err, "'%s' leaves no field", text);
	return 0;
}

/* Help --------------------------------------------------------------------------------------- */

/* (the elements it reads) */
static void
put_reads(FILE *out, const struct alias *a)
{
	struct buf b = { 0 };

	for (unsigned i = 0; i < a->n; i++) {
		if (i > 0)
			buf_puts(&b, ", ");
		field_put_wire_name(&b, &a->id[i]);
	}
	if (a->n == 0)
		buf_puts(&b, "computed");
	fprintf(out, " (%s)\n", buf_cstr(&b));
	buf_free(&b);
}

void
field_help(FILE *out)
{
	size_t n;
	const struct alias *a = field_aliases(&n);

	fprintf(out, "  %-14s %-9s %-8s %s\n", "FIELD", "TYPE", "UNIT",
	    "MEANING (READS, the first present)");
	for (size_t i = 0; i < n; i++) {
		struct field f;
		struct err ignored = { 0 };
		const struct element *e =
		    a[i].n ? element_find(a[i].id[0].pen, a[i].id[0].id) : NULL;

		(void)field_parse(&f, a[i].name, strlen(a[i].name), &ignored);
		fprintf(out, "  %-14s %-9s %-8s %s", a[i].name, type_name(f.type), e ? e->unit : "",
		    a[i].help);
		put_reads(out, &a[i]);
	}
	fputs(
	    "\n"
	    "r before a field is the reverse direction (RFC 5103): rbytes, rpackets.\n"
	    "Any other information element goes by its name, as IANA or its vendor writes it, in\n"
	    "either case: octetDeltaCount, reverseOctetDeltaCount, flowEndReason, silkAppLabel.\n"
	    "Elements without a known name go by number: PEN.ID (35632.77), NetFlow v9 types as\n"
	    "v9_N.  NAME#2 is the second of an element that a record repeats.\n"
	    "Aggregates are fields too: distinct_dstip or distinct(dstip), mean_, min_, max_,\n"
	    "first_, last_, or_, sum_ and p1_ to p99_ before a field, and count.\n"
	    "Columns with other names are written in backquotes: `my column`.\n"
	    "flowfields(7) has the rules.\n",
	    out);
}
