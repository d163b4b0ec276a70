#include "text/writer.h"

#include "base/mem.h"

static bool
is_json(const struct text_writer *w)
{
	return w->spec.format == TEXT_JSON || w->spec.format == TEXT_NDJSON;
}

/* A stream stores the end of a flow before its start; people read the other way. */
static void
put_start_first(struct text_writer *w)
{
	int start = -1, end = -1;

	for (unsigned i = 0; i < w->n_col; i++) {
		const struct field *f = &w->col[i].field;

		if (f->n == 0 || f->id[0].pen != PEN_OWN || f->id[0].instance != 0)
			continue;
		if (f->id[0].id == OWN_START)
			start = (int)i;
		else if (f->id[0].id == OWN_END)
			end = (int)i;
	}
	if (end >= 0 && start > end) {
		struct field f;

		field_copy(&f, &w->col[start].field);
		field_copy(&w->col[start].field, &w->col[end].field);
		field_copy(&w->col[end].field, &f);
	}
}

/* Make the list: the fields given, or those of the batch. */
static void
text_set_fields(struct text_writer *w, const struct field *f, size_t n)
{
	mem_free(w->col);
	w->col = mem_zero(n + 1, sizeof(*w->col));
	w->n_col = (unsigned)n;
	w->list = true;
	for (size_t i = 0; i < n; i++)
		field_copy(&w->col[i].field, &f[i]);
}

/* The columns printed by default, as -k +f,-f changes them; what they name was parsed before. */
static void
set_changed(struct text_writer *w, struct field_list *list)
{
	struct err ignored = { 0 };

	if (w->relative != NULL)
		(void)field_list_parse(list, w->relative, &ignored);
	text_set_fields(w, list->fields, list->n);
	field_list_free(list);
}

void
text_set_default(struct text_writer *w, const char *names)
{
	struct field_list list = { 0 };
	struct err ignored = { 0 };

	(void)field_list_parse(&list, names, &ignored);
	set_changed(w, &list);
}

void
text_set_batch(struct text_writer *w, const struct batch *b)
{
	struct field_list list = { .fields = mem_zero(b->n_cols + 1, sizeof(*list.fields)) };

	for (unsigned i = 0; i < b->n_cols; i++)
		if (!(b->col[i].flags & COLUMN_EMPTY))
			field_of_id(&list.fields[list.n++], &b->col[i].id);
	set_changed(w, &list);
}

static bool
has(const struct batch *b, struct field_id id)
{
	return batch_find(b, &id) >= 0;
}

/*
 * A collector stamps every record with the time it came; generated and converted flows have a start,
 * an end and an address.  What has neither was aggregated, or is something else altogether.
 */
bool
text_are_flows(const struct batch *b)
{
	return has(b, field_own(OWN_RECEIVED)) ||
	       (has(b, field_own(OWN_START)) && has(b, field_own(OWN_END)) &&
		   (has(b, field_iana(8)) || has(b, field_iana(12))));
}

bool
text_are_alerts(const struct text_writer *w, const struct batch *first)
{
	return first != NULL ? has(first, field_own(OWN_DETECTOR)) : w->spec.alerts;
}

bool
text_are_told(const struct text_writer *w, const struct batch *first)
{
	return first != NULL ? has(first, field_own(OWN_ALERTS)) : w->spec.told;
}

int
text_resolve(const struct text_writer *w, struct batch *b, const struct field *f)
{
	/* Complete: one column is one identity, or two would show one value. */
	if (w->strict)
		return f->n > 0 ? batch_find(b, &f->id[0]) : -1;
	return batch_resolve(b, f);
}

const struct name *
text_announced(const struct text_writer *w, const struct names *names, unsigned k)
{
	const struct field *f = &w->col[k].field;
	const struct name *name;
	struct field_id *beside;
	size_t n = 0;

	if (names == NULL || f->n == 0)
		return NULL;
	beside = mem_alloc(w->n_col * sizeof(*beside));
	for (unsigned i = 0; i < w->n_col; i++)
		if (w->col[i].field.n > 0)
			beside[n++] = w->col[i].field.id[0];
	name = label_element(names, &f->id[0], beside, n);
	mem_free(beside);
	return name;
}

struct text_writer *
text_new(const struct text_spec *spec)
{
	struct text_writer *w = mem_zero(1, sizeof(*w));

	w->spec = *spec;
	w->spec.fields = NULL;
	w->strict = spec->complete;
	if (spec->fields != NULL && spec->fields->relative != NULL && !is_json(w))
		w->relative = mem_string(spec->fields->relative);
	else if (spec->fields != NULL && (spec->fields->n > 0 || !spec->fields->all))
		text_set_fields(w, spec->fields->fields, spec->fields->n);
	if (w->strict)
		put_start_first(w);
	return w;
}

void
text_free(struct text_writer *w)
{
	if (w == NULL)
		return;
	mem_free(w->relative);
	mem_free(w->col);
	mem_free(w);
}

void
text_begin(struct text_writer *w, const struct names *names, struct batch *first, struct buf *out)
{
	if (first != NULL && first->options)
		first = NULL;
	switch (w->spec.format) {
	case TEXT_CSV:
	case TEXT_TSV: csv_begin(w, names, first, out); break;
	case TEXT_TABLE: table_begin(w, names, first, out); break;
	case TEXT_JSON: buf_puts(out, "[\n"); break;
	case TEXT_NDJSON: break;
	}
}

int
text_rows(const struct text_writer *w, const struct names *names, struct batch *b,
    const uint64_t *sel, struct text_drain *drain, struct buf *out, struct err *err)
{
	size_t before = out->len;
	int rc = 0;

	if (b->options && !(is_json(w) && w->spec.options))
		return 0;
	if (w->relative != NULL && w->n_col == 0)
		return err_usage(err, "-k %s leaves no column", w->relative);
	if (b->options || w->spec.raw)
		names = NULL; /* what says the names is printed as it is */
	switch (w->spec.format) {
	case TEXT_CSV:
	case TEXT_TSV: rc = csv_rows(w, names, b, sel, drain, out, err); break;
	case TEXT_TABLE: table_rows(w, names, b, sel, out); break;
	default: json_rows(w, names, b, sel, drain, out); break;
	}
	if (rc == 0 && b->err.status != 0) {
		*err = b->err;
		rc = -1;
	}
	if (rc < 0 && out->len > before)
		out->len = before;
	return rc;
}

size_t
text_lead(struct text_writer *w, size_t len)
{
	if (w->spec.format != TEXT_JSON || w->led || len == 0)
		return 0;
	w->led = true;
	return 2;
}

void
text_end(struct text_writer *w, struct buf *out)
{
	if (w->spec.format == TEXT_JSON)
		buf_puts(out, w->led ? "\n]\n" : "]\n");
}
