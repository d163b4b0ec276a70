/*
 * output.c - sections of a report: text with a heading, or records through the writers of all programs.
 *
 * csv: sections are parted by an empty line.  ndjson: each record says in `report` which it belongs to.
 * json: one object with an array for each section.
 */
#include "base/json.h"
#include "report.h"

void
output_begin(struct output *o, const char *title)
{
	o->title = mem_string(title);
	if (o->n_sections++ > 0 && (o->text || o->format == TEXT_CSV || o->format == TEXT_TSV))
		buf_putc(&o->buf, '\n');
	if (o->text)
		return;
	if (o->format == TEXT_JSON) {
		buf_puts(&o->buf, o->n_sections == 1 ? "{\"" : ",\"");
		json_put_text(&o->buf, title, strlen(title));
		buf_puts(&o->buf, "\":");
	}
	if (o->format == TEXT_NDJSON)
		output_field(o, &(struct field_id){ .pen = PEN_NAMED, .named = "report" });
}

static struct field *
add_field(struct field_list *l)
{
	struct field *f = mem_zero(l->n + 1, sizeof(*f));

	for (size_t i = 0; i < l->n; i++)
		field_copy(&f[i], &l->fields[i]);
	mem_free(l->fields);
	l->fields = f;
	return &f[l->n++];
}

void
output_field(struct output *o, const struct field_id *id)
{
	field_of_id(add_field(&o->fields), id);
}

void
output_computed(struct output *o, const char *name)
{
	struct err ignored = { 0 };

	(void)field_parse(add_field(&o->fields), name, strlen(name), &ignored);
}

static void
open_writer(struct output *o, struct batch *first)
{
	struct text_spec spec = { .format = o->format,
		.fields = &o->fields,
		.plain = true,
		.header = true,
		.tz = o->io->tz };

	o->writer = text_new(&spec);
	text_begin(o->writer, NULL, first, &o->buf);
}

int
output_batch(struct output *o, struct batch *b, struct err *err)
{
	struct buf rows = { 0 };
	size_t lead;
	int rc;

	if (o->writer == NULL)
		open_writer(o, b);
	if (o->format == TEXT_NDJSON) {
		struct field_id id = output_named("report");
		int col = batch_column(b, &id, TYPE_STRING, 0, 0);

		for (size_t i = 0; i < b->n && col >= 0; i++)
			batch_put_octets(b, (unsigned)col, i, o->title, strlen(o->title));
		batch_close(b);
	}
	rc = text_rows(o->writer, NULL, b, NULL, NULL, &rows, err);
	lead = text_lead(o->writer, rows.len);
	buf_put(&o->buf, rows.data ? rows.data + lead : "", rows.len - lead);
	buf_free(&rows);
	return rc;
}

void
output_end(struct output *o)
{
	if (!o->text) {
		if (o->writer == NULL)
			open_writer(o, NULL);
		text_end(o->writer, &o->buf);
		while (
		    o->format == TEXT_JSON && o->buf.len > 0 && o->buf.data[o->buf.len - 1] == '\n')
			o->buf.len--;
		text_free(o->writer);
		o->writer = NULL;
		field_list_free(&o->fields);
		o->fields = (struct field_list){ 0 };
	}
	mem_free(o->title);
	o->title = NULL;
}

void
output_finish(struct output *o)
{
	if (!o->text && o->format == TEXT_JSON)
		buf_puts(&o->buf, o->n_sections > 0 ? "}\n" : "{}\n");
}
