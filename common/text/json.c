/*
 * json.c - records as JSON objects, one a line.
 *
 * A record shows what it has: a missing value has no key.  With `raw` the names are those of wires,
 * numbers are plain, and elements of our own making are left out, so a line says exactly what an
 * exporter sent.
 */
#include "base/json.h"
#include "base/mem.h"
#include "flow/list.h"
#include "text/writer.h"

/* A key and the column, or the part of one, that it shows. */
struct json_cell {
	struct cell cell;
	struct label *label; /* NULL: values are printed as they are */
	size_t key, key_len; /* in json_plan.keys: `,"name":` and the value's opening quote */
	size_t name_len; /* of them, from key + 1: the quoted name */
	bool quoted, scope;
	bool not_wire; /* raw: not of records that carry every wire element */
};

struct json_plan {
	const struct text_writer *w;
	const struct names *names;
	struct batch *b;
	struct field_id *id; /* of its columns */
	struct json_cell *cell;
	unsigned n;
	struct buf keys;
	struct cell exporter, domain, wire; /* raw */
	bool raw;
};

static bool
is_quoted(const struct column *c, bool raw)
{
	switch ((enum type)c->type) {
	case TYPE_TIME: return !raw;
	case TYPE_IP:
	case TYPE_MAC:
	case TYPE_STRING:
	case TYPE_BYTES: return true;
	default: return false;
	}
}

/* One more cell showing column i under the name of id, or as the user named it; the caller binds it. */
static struct json_cell *
add_cell(struct json_plan *p, unsigned i, const struct field_id *id, const char *title)
{
	const struct name *announced = label_element(p->names, id, p->id, p->b->n_cols);
	struct json_cell *j;
	struct buf name = { 0 };

	j = &p->cell[p->n++];
	memset(j, 0, sizeof(*j));
	j->quoted = is_quoted(&p->b->col[i], p->raw);
	j->scope = (p->b->col[i].flags & COLUMN_SCOPE) != 0;
	if (announced != NULL)
		buf_put(&name, announced->text, announced->len);
	else if (title != NULL || id->pen == PEN_NAMED)
		buf_puts(&name, title ? title : id->named);
	else if (p->raw)
		field_put_wire_name(&name, id);
	else
		field_put_name(&name, id);
	j->key = p->keys.len;
	buf_puts(&p->keys, ",\"");
	json_put_text(&p->keys, name.data, name.len);
	buf_putc(&p->keys, '"');
	j->name_len = p->keys.len - j->key - 1;
	buf_putc(&p->keys, ':');
	if (j->quoted)
		buf_putc(&p->keys, '"');
	j->key_len = p->keys.len - j->key;
	buf_free(&name);
	return j;
}

static void
add_plain(struct json_plan *p, unsigned i, const struct field_id *id, int64_t unit)
{
	struct json_cell *j = add_cell(p, i, id, NULL);

	cell_bind(&j->cell, p->b, i, p->raw ? CELL_WIRE : CELL_JSON, p->w->spec.tz, unit, NULL);
	j->label = label_new(p->names, TEXT_JSON, p->b, i);
}

static int64_t
scale_ns(unsigned scale)
{
	return scale >= 9 ? NS_PER_S : scale >= 6 ? NS_PER_MS : scale >= 3 ? NS_PER_US : 1;
}

/* Start or end, as the element of its precision: 150..157 are start and end by turns, s ms us ns. */
static void
add_own_time(struct json_plan *p, unsigned i)
{
	const struct column *c = &p->b->col[i];
	unsigned step = c->scale >= 9 ? 0 : c->scale >= 6 ? 1 : c->scale >= 3 ? 2 : 3;
	struct field_id id = field_iana((uint16_t)(150 + step * 2 + (c->id.id == OWN_END)));

	add_plain(p, i, &id, scale_ns(c->scale));
	p->cell[p->n - 1].not_wire = true;
}

static void
add_family(struct json_plan *p, unsigned i, const struct field_id *id, enum cell_family family,
    int logical)
{
	struct json_cell *j = add_cell(p, i, id, NULL);

	cell_bind_family(&j->cell, p->b, i, family, logical);
}

/* An address: wires have one element for each family (see batch.h's pairs in element.h). */
static void
add_address(struct json_plan *p, unsigned i)
{
	struct field_id id = p->b->col[i].id, other = id;
	const struct element *e = element_find(id.pen, id.id);
	bool is_v6 = false;

	other.id = 0;
	if (id.pen == PEN_IANA || id.pen == PEN_REVERSE)
		other.id = element_pair(id.id, &is_v6);
	if (other.id == 0 && e != NULL && e->width == 16) {
		add_family(p, i, &id, CELL_V6_OF_BOTH, -1);
	} else if (other.id == 0) {
		add_plain(p, i, &id, 0);
	} else if (is_v6) {
		int logical = batch_find(p->b, &other);

		if (logical >= 0 && p->b->col[logical].type != TYPE_IP)
			logical = -1;
		add_family(p, i, &id, CELL_V6_OF_BOTH, logical);
		add_family(p, i, &other, CELL_ZERO_V4, logical);
	} else {
		add_family(p, i, &id, CELL_V4, -1);
		if (p->b->col[i].width == 16)
			add_family(p, i, &other, CELL_V6, -1);
	}
}

static void
add_raw(struct json_plan *p, unsigned i)
{
	const struct column *c = &p->b->col[i];
	struct field_id id = c->id;

	if (id.pen == PEN_OWN) {
		if (id.id == OWN_START || id.id == OWN_END)
			add_own_time(p, i);
		else if (id.id == OWN_SAMPLING_MODE) /* in a v5 header, but no element of IANA's */
			add_plain(p, i, &id, 0);
	} else if (c->type == TYPE_IP) {
		add_address(p, i);
	} else if (c->type == TYPE_TIME || c->type == TYPE_DURATION) {
		const struct element *e = element_find(id.pen, id.id);

		add_plain(p, i, &id, scale_ns(e != NULL ? e->scale : c->scale));
	} else {
		id.instance &= (uint8_t)~FIELD_AS_SENT;
		add_plain(p, i, &id, 0);
	}
}

static void
bind_own(struct json_plan *p, struct cell *c, enum own own)
{
	struct field_id id = field_own(own);
	int i = p->raw ? batch_find(p->b, &id) : -1;

	if (i < 0 || type_is_var((enum type)p->b->col[i].type))
		cell_none(c, NULL);
	else
		cell_bind(c, p->b, (unsigned)i, CELL_JSON, 0, 0, NULL);
}

/* On no wire, so that raw has no other name and value for it. */
static bool
is_computed(const struct column *c)
{
	return c->derived != DERIVED_NONE && c->derived != DERIVED_FLOWS;
}

/* Has one of the fields before the kth of the list this column? */
static bool
is_listed_before(const struct json_plan *p, unsigned k, int i)
{
	for (unsigned before = 0; before < k; before++)
		if (text_resolve(p->w, p->b, &p->w->col[before].field) == i)
			return true;
	return false;
}

static void
add_listed(struct json_plan *p, unsigned k)
{
	const struct field *f = &p->w->col[k].field;
	int i = text_resolve(p->w, p->b, f);
	struct json_cell *j;

	if (i < 0)
		return;
	if (p->raw && !is_computed(&p->b->col[i])) {
		/* Fields that have one column have one name on the wire. */
		if (!is_listed_before(p, k, i))
			add_raw(p, (unsigned)i);
		return;
	}
	j = add_cell(p, (unsigned)i, &p->b->col[i].id, text_title(f));
	cell_bind(&j->cell, p->b, (unsigned)i, CELL_JSON, p->w->spec.tz, 0, NULL);
	j->label = label_new(p->names, TEXT_JSON, p->b, (unsigned)i);
}

/* The columns of the batch as they are shown: start and end, which a stream stores the other way round. */
static unsigned
shown(const struct batch *b, unsigned i)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);
	int s = batch_find(b, &start), e = batch_find(b, &end);

	if (s < 0 || e < 0 || s < e)
		return i;
	return i == (unsigned)s ? (unsigned)e : i == (unsigned)e ? (unsigned)s : i;
}

static void
plan_make(
    struct json_plan *p, const struct text_writer *w, const struct names *names, struct batch *b)
{
	unsigned most = w->list ? w->n_col : b->n_cols;

	*p = (struct json_plan){ .w = w, .names = names, .b = b, .raw = w->spec.raw };
	p->id = mem_alloc((b->n_cols + 1) * sizeof(*p->id));
	for (unsigned k = 0; k < b->n_cols; k++)
		p->id[k] = b->col[k].id;
	p->cell = mem_alloc((most * 2 + 1) * sizeof(*p->cell)); /* an address makes two */
	bind_own(p, &p->exporter, OWN_EXPORTER);
	bind_own(p, &p->domain, OWN_DOMAIN);
	bind_own(p, &p->wire, OWN_WIRE);
	for (unsigned k = 0; w->list && k < w->n_col; k++)
		add_listed(p, k);
	for (unsigned k = 0; !w->list && k < b->n_cols; k++) {
		unsigned i = shown(b, k);

		if (b->col[i].flags & COLUMN_EMPTY)
			continue;
		if (p->raw)
			add_raw(p, i);
		else
			add_plain(p, i, &b->col[i].id, 0);
	}
}

static void
plan_free(struct json_plan *p)
{
	for (unsigned k = 0; k < p->n; k++) {
		cell_free(&p->cell[k].cell);
		label_free(p->cell[k].label);
	}
	cell_free(&p->exporter);
	cell_free(&p->domain);
	cell_free(&p->wire);
	mem_free(p->cell);
	mem_free(p->id);
	buf_free(&p->keys);
}

static void
plan_fill(struct json_plan *p, const uint32_t *rec, unsigned n)
{
	for (unsigned k = 0; k < p->n; k++)
		cell_stage(&p->cell[k].cell, rec, n);
	cell_stage(&p->exporter, rec, n);
	cell_stage(&p->domain, rec, n);
	cell_stage(&p->wire, rec, n);
}

static bool
is_there(const struct json_cell *j, unsigned i, uint32_t rec)
{
	return j->cell.variable ? cell_has(&j->cell, rec) : j->cell.len[i] > 0;
}

static void
put_variable(const struct json_plan *p, const struct json_cell *j, uint32_t rec, struct buf *out)
{
	size_t n;
	const char *octets = cell_octets(&j->cell, rec, &n);

	buf_put(out, p->keys.data + j->key, j->key_len);
	if (j->cell.col.type == TYPE_STRING)
		json_put_text(out, octets, n);
	else if (j->cell.col.type == TYPE_BYTES)
		out->len += fmt_hex(buf_room(out, n * 2 + FMT_MAX), (const uint8_t *)octets, n);
	else
		list_put_json(out, octets, n, p->raw);
	if (j->quoted)
		buf_putc(out, '"');
}

/* The name in place of the value, if it has one. */
static bool
put_label(const struct json_plan *p, const struct json_cell *j, uint32_t rec, struct buf *out)
{
	size_t n;
	const char *label = label_at(j->label, rec, &n);

	if (label == NULL)
		return false;
	buf_put(out, p->keys.data + j->key, j->key_len - j->quoted);
	buf_put(out, label, n);
	return true;
}

/* The names of the scope fields that the record has. */
static void
put_scope(const struct json_plan *p, unsigned i, uint32_t rec, struct buf *out)
{
	char separator = '[';

	buf_puts(out, ",\"_scope\":");
	for (unsigned k = 0; k < p->n; k++) {
		const struct json_cell *j = &p->cell[k];

		if (!j->scope || !is_there(j, i, rec))
			continue;
		buf_putc(out, separator);
		buf_put(out, p->keys.data + j->key + 1, j->name_len);
		separator = ',';
	}
	buf_puts(out, separator == '[' ? "[]" : "]");
}

/* What stands beside the fields: _kind _scope _exporter _domain; begins with a comma where it is not empty. */
static void
put_facts(const struct json_plan *p, unsigned i, uint32_t rec, struct buf *out)
{
	if (p->b->options) {
		buf_puts(out, ",\"_kind\":\"options\"");
		put_scope(p, i, rec, out);
	} else if (p->raw) {
		buf_puts(out, ",\"_kind\":\"flow\"");
	}
	if (p->exporter.len[i] > 0) {
		buf_puts(out, ",\"_exporter\":\"");
		buf_put(out, cell_text(&p->exporter, i), p->exporter.len[i]);
		buf_putc(out, '"');
	}
	if (p->domain.len[i] > 0) {
		buf_puts(out, ",\"_domain\":");
		buf_put(out, cell_text(&p->domain, i), p->domain.len[i]);
	}
}

static void
put_record(const struct json_plan *p, unsigned i, uint32_t rec, struct buf *out)
{
	size_t start;
	bool wire = p->wire.len[i] == 4; /* true */
	char *d;

	if (p->w->spec.format == TEXT_JSON)
		buf_put(out, ",\n", 2);
	start = out->len;
	put_facts(p, i, rec, out);
	for (unsigned k = 0; k < p->n; k++) {
		const struct json_cell *j = &p->cell[k];

		if (j->label != NULL && put_label(p, j, rec, out))
			continue;
		if (j->cell.variable) {
			if (cell_has(&j->cell, rec))
				put_variable(p, j, rec, out);
			continue;
		}
		if (j->cell.len[i] == 0 || (j->not_wire && wire))
			continue;
		d = buf_room(out, j->key_len + CELL_STRIDE + 1);
		memcpy(d, p->keys.data + j->key, j->key_len);
		d += j->key_len;
		d += cell_copy(d, &j->cell, i);
		if (j->quoted)
			*d++ = '"';
		out->len = (size_t)(d - out->data);
	}
	/* Every key came with a comma before it: the first one's is the bracket. */
	if (out->len == start)
		buf_putc(out, '{');
	out->data[start] = '{';
	buf_putc(out, '}');
	if (p->w->spec.format == TEXT_NDJSON)
		buf_putc(out, '\n');
}

void
json_rows(const struct text_writer *w, const struct names *names, struct batch *b,
    const uint64_t *sel, struct text_drain *drain, struct buf *out)
{
	struct tiles tiles = { .sel = sel, .n = b->n };
	struct json_plan plan;
	uint32_t rec[CELL_TILE];
	unsigned n;

	plan_make(&plan, w, names, b);
	while ((n = tile_next(&tiles, rec)) > 0) {
		plan_fill(&plan, rec, n);
		for (unsigned i = 0; i < n; i++)
			put_record(&plan, i, rec[i], out);
		text_offer(drain, b, out);
	}
	plan_free(&plan);
}
