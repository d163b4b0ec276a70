/*
 * writer.h - what the writers of the text formats share.
 */
#ifndef TEXT_WRITER_H
#define TEXT_WRITER_H

#include "text/cell.h"
#include "text/label.h"
#include "text/text.h"

struct text_column {
	struct field field;
	enum type type; /* csv, complete: what its header stands for */
	unsigned width; /* csv, complete: of its integers; table: characters */

	/* Table. */
	struct field to; /* an endpoint column `srcip:port`: the port; name[0] 0: none */
	bool right;
};

struct text_writer {
	struct text_spec spec;
	bool list; /* col says what is printed; json: every record what it has */
	bool strict; /* a value outside the list is an error */
	char *relative; /* -k +f,-f: changes of the columns printed by default */
	struct text_column *col;
	unsigned n_col;
	bool led; /* json: a record went out */
};

/* What a column is called: a named one by its name alone, without the quotes that expressions need. */
static inline const char *
text_title(const struct field *f)
{
	return f->n > 0 && f->id[0].pen == PEN_NAMED ? f->id[0].named : f->name;
}

/* What exporters announced column k of the list to be called, or NULL. */
const struct name *text_announced(const struct text_writer *, const struct names *, unsigned k);

/* The column that answers for a field of this writer, or -1. */
int text_resolve(const struct text_writer *, struct batch *, const struct field *);

void text_set_default(struct text_writer *, const char *names);
void text_set_batch(struct text_writer *, const struct batch *);

/* Are these records flows, or aggregates and the like? (what decides a default list; see text.c) */
bool text_are_flows(const struct batch *);

/* Are they alerts?  first: the first batch, NULL: there is none, and the maker of the records knows. */
bool text_are_alerts(const struct text_writer *, const struct batch *first);

/* Alerts that went through flowalert, so that each says how many it stands for?  first: as above. */
bool text_are_told(const struct text_writer *, const struct batch *first);

/* Between records: text that is enough is offered. */
static inline void
text_offer(struct text_drain *d, const struct batch *b, struct buf *out)
{
	enum { ENOUGH = 128 << 10 };

	if (d == NULL || out->len - d->left < ENOUGH || b->err.status != 0)
		return;
	d->take(d->ctx);
	d->left = out->len;
}

void csv_begin(struct text_writer *, const struct names *, struct batch *first, struct buf *);
int csv_rows(const struct text_writer *, const struct names *, struct batch *, const uint64_t *sel,
    struct text_drain *, struct buf *, struct err *);
void json_rows(const struct text_writer *, const struct names *, struct batch *,
    const uint64_t *sel, struct text_drain *, struct buf *);
void table_begin(struct text_writer *, const struct names *, struct batch *first, struct buf *);
void table_rows(const struct text_writer *, const struct names *, struct batch *,
    const uint64_t *sel, struct buf *);

#endif
