/* Any octets as csv: what is read can be written, and what was written reads back and writes the same. */
#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { INPUT_MAX = 65536 };

static void
check_batch(const struct batch *b)
{
	assert(b->n <= BATCH_RECORDS);
	for (unsigned k = 0; k < b->n_cols; k++) {
		const struct column *c = &b->col[k];

		if (c->width != 0 || (c->flags & COLUMN_EMPTY))
			continue;
		for (size_t i = 0; i < b->n; i++)
			assert(c->off[i] <= c->off[i + 1]);
		assert(c->off[b->n] <= c->data_len);
	}
}

/* Everything in a batch as csv; false: the batch has no records. */
static bool
rewrite(const void *data, size_t len, char delimiter, bool skip, struct buf *out)
{
	struct csv_reader *r = csv_open(-1, delimiter, data, len);
	struct csv_bad bad = { .skip = skip };
	struct batch *b = batch_new();
	struct field_list fields = { .all = true };
	struct text_spec spec = { .format = delimiter == ',' ? TEXT_CSV : TEXT_TSV,
		.fields = &fields,
		.complete = true,
		.header = true };
	struct text_writer *w;
	struct err err = { 0 };
	int rc = csv_next(r, b, &bad, &err);
	bool any = b->n > 0;

	assert(rc >= 0 || err.text[0] != 0);
	assert(rc >= 0 || !skip || b->n == 0);
	check_batch(b);
	fields.fields = mem_zero(b->n_cols + 1, sizeof(*fields.fields));
	for (unsigned k = 0; k < b->n_cols; k++)
		if (!(b->col[k].flags & COLUMN_EMPTY))
			field_of_column(&fields.fields[fields.n++], &b->col[k]);
	if (any && fields.n > 0) {
		err = (struct err){ 0 };
		w = text_new(&spec);
		text_begin(w, NULL, b, out);
		rc = text_rows(w, NULL, b, NULL, NULL, out, &err);
		assert(rc == 0);
		text_free(w);
	}
	any = any && fields.n > 0;
	field_list_free(&fields);
	batch_free(b);
	csv_close(r);
	return any;
}

/* A name that stands alone and has what others separate columns with is refused: the file is none of csv. */
static bool
is_refused(struct buf *out, char delimiter)
{
	size_t n = strcspn(buf_cstr(out), "\n");

	return memchr(out->data, delimiter, n) == NULL &&
	       (memchr(out->data, ';', n) != NULL || memchr(out->data, '|', n) != NULL ||
		   memchr(out->data, ' ', n) != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf first = { 0 }, second = { 0 };
	char delimiter;

	if (len < 1 || len > INPUT_MAX)
		return 0;
	delimiter = data[0] & 1 ? '\t' : ',';
	if (rewrite(data + 1, len - 1, delimiter, true, &first) && !is_refused(&first, delimiter)) {
		bool again = rewrite(first.data, first.len, delimiter, false, &second);

		assert(again);
		assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
	}
	buf_free(&first);
	buf_free(&second);
	return 0;
}
