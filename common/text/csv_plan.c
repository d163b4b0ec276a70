#include "text/csv_plan.h"

#include <string.h>

#include "base/mem.h"
#include "flow/batch.h"
#include "text/escape.h"

enum { SHOWN = 40 }; /* octets of a bad name in messages */

static int
check_twice(const struct csv_plan *plan, unsigned i, uint64_t next, struct err *err)
{
	const struct csv_name *name = &plan->name[i];

	for (unsigned k = 0; k < i; k++)
		if (plan->name[k].role == name->role && name->role != CSV_DERIVED &&
		    (name->role == CSV_DURATION || field_id_equal(&plan->name[k].id, &name->id)))
			return err_set(err, "line %llu: columns %u and %u are the same field",
			    (unsigned long long)next - 1, k + 1, i + 1);
	return 0;
}

static bool
is_own(const struct csv_name *name, enum own own)
{
	struct field_id id = field_own(own);

	return name->role == CSV_VALUE && name->type == TYPE_TIME && field_id_equal(&name->id, &id);
}

/* The column of an unsigned element, -1 none. */
static int
find_uint(const struct csv_plan *plan, uint16_t element, unsigned width)
{
	struct field_id id = field_iana(element);

	for (unsigned i = 0; i < plan->n_col; i++) {
		const struct csv_name *name = &plan->name[i];

		if (name->role == CSV_VALUE && name->type == TYPE_UINT && name->width >= width &&
		    field_id_equal(&name->id, &id))
			return (int)i;
	}
	return -1;
}

/* The next column that the file has not. */
static int
make(struct csv_plan *plan, struct field_id id, enum type type)
{
	struct csv_name *c = &plan->name[plan->n_all];

	c->id = id;
	c->type = type;
	c->width = 8;
	return (int)plan->n_all++;
}

/* What a duration makes: beside one of start and end the other, beside none flowDurationMicroseconds. */
static void
add_made(struct csv_plan *plan)
{
	const struct field_id microseconds = field_iana(162);
	bool has_lone = false;

	plan->start = plan->stop = plan->duration = plan->lone = -1;
	for (unsigned i = 0; i < plan->n_col; i++) {
		const struct csv_name *name = &plan->name[i];

		if (name->role == CSV_DURATION)
			plan->duration = (int)i;
		else if (is_own(name, OWN_START))
			plan->start = (int)i;
		else if (is_own(name, OWN_END))
			plan->stop = (int)i;
		has_lone |= name->role == CSV_VALUE && field_id_equal(&name->id, &microseconds);
	}
	plan->n_all = plan->n_col;
	if (plan->duration < 0)
		return;
	if (plan->start >= 0 && plan->stop < 0)
		plan->stop = make(plan, field_own(OWN_END), TYPE_TIME);
	else if (plan->stop >= 0 && plan->start < 0)
		plan->start = make(plan, field_own(OWN_START), TYPE_TIME);
	if (!has_lone)
		plan->lone = make(plan, microseconds, TYPE_UINT);
}

/* One name of the header. */
static int
take_name(
    struct csv_plan *plan, const struct csv_split *in, unsigned i, uint64_t line, struct err *err)
{
	struct csv_name *name = &plan->name[i];
	struct buf text = { 0 };
	struct err why = { 0 };
	int rc = 0;

	text.len = unescape_csv(
	    buf_room(&text, in->span[i].n + 1), in->span[i].p, in->span[i].n, in->delimiter);
	if (csv_name_parse(name, in, text.data, text.len, &why) < 0)
		rc = err_set(
		    err, "line %llu, column %u: %s", (unsigned long long)line, i + 1, why.text);
	else if (name->id.pen == PEN_NAMED && csv_name_is_value(in->span[i].p, in->span[i].n))
		rc = err_set(err,
		    "line %llu: '%.*s' is no name: the first line must name the columns",
		    (unsigned long long)line, text.len > SHOWN ? SHOWN : (int)text.len, text.data);
	buf_free(&text);
	return rc;
}

/* Octets of a value at most: addresses are widened by the first that is long. */
static size_t
most_octets(const struct csv_name *name)
{
	return name->type == TYPE_IP	 ? 16
	       : type_is_var(name->type) ? sizeof(uint32_t)
					 : name->width;
}

int
csv_plan_refuse(char c, bool last, char delimiter, uint64_t line, struct err *err)
{
	const char *to = delimiter == ',' ? "," : "\\t", *kind = delimiter == ',' ? "csv" : "tsv";

	if (last)
		return err_set(err,
		    "line %llu: one column, with '%c' in its name; sed 's/%c$//; y/%c/%s/' makes "
		    "it %s",
		    (unsigned long long)line, c, c, c, to, kind);
	return err_set(err,
	    "line %llu: one column, with '%c' in its name; tr '%c' '%s' makes it %s",
	    (unsigned long long)line, c, c, to, kind);
}

static bool
is_named(const struct csv_split *in, unsigned i, const char *name)
{
	return i < in->n_span && in->span[i].n == strlen(name) &&
	       memcmp(in->span[i].p, name, in->span[i].n) == 0;
}

/* A header of another kind of file: what would make it one of this kind. */
static int
check_foreign(const struct csv_split *in, uint64_t line, struct err *err)
{
	const struct csv_span *first = &in->span[0];
	char c = first->quoted ? 0 : csv_name_foreign(first->p, first->n, in->n_span);

	if (is_named(in, 0, "No.") && is_named(in, 1, "Time") && is_named(in, 2, "Source"))
		return err_set(err,
		    "line %llu: packets as Wireshark lists them, no flows; softflowd -r makes "
		    "flows",
		    (unsigned long long)line);
	for (unsigned i = 0; i < in->n_span; i++)
		if (!in->span[i].quoted && memchr(in->span[i].p, '\r', in->span[i].n) != NULL)
			return err_set(err,
			    "line %llu: a carriage return within the line; where they alone end "
			    "lines, tr '\\r' '\\n' makes them line feeds",
			    (unsigned long long)line);
	if (c == 0 || (c == '\t' && in->delimiter == '\t'))
		return 0;
	if (c == '#')
		return err_set(err,
		    "line %llu: a log of Zeek; sed -n 's/^#fields.//p; t; /^#/!p' makes it tsv",
		    (unsigned long long)line);
	if (c == '\t')
		return err_set(err, "line %llu: one column, with tabs in its name: -i tsv",
		    (unsigned long long)line);
	return csv_plan_refuse(c, first->p[first->n - 1] == c, in->delimiter, line, err);
}

/* A column that could be anything's. */
static bool
is_free(const struct csv_name *name)
{
	return name->role == CSV_VALUE && name->id.pen == PEN_NAMED && name->type == TYPE_STRING;
}

struct csv_plan *
csv_plan_new(const struct csv_split *in, const struct tz *tz, uint64_t line, struct err *err)
{
	struct csv_plan *plan;

	if (in->n_span > BATCH_COLUMNS_MAX) {
		(void)err_set(err, "line %llu: %u columns; at most %d are allowed",
		    (unsigned long long)line, in->n_span, (int)BATCH_COLUMNS_MAX);
		return NULL;
	}
	if (check_foreign(in, line, err) != 0)
		return NULL;
	plan = mem_zero(1, sizeof(*plan));
	plan->refs = 1;
	plan->foreign = true;
	plan->delimiter = in->delimiter;
	plan->name = mem_zero(in->n_span + CSV_MADE_MOST, sizeof(*plan->name));
	for (unsigned i = 0; i < in->n_span; i++) {
		if (take_name(plan, in, i, line, err) < 0 ||
		    check_twice(plan, i, in->line, err) < 0) {
			csv_plan_release(plan);
			return NULL;
		}
		plan->name[i].tz = tz;
		plan->n_col = i + 1;
		plan->foreign &= is_free(&plan->name[i]);
	}
	plan->keep_empty = plan->n_col == 1;
	add_made(plan);
	plan->proto = find_uint(plan, 4, 1); /* protocolIdentifier */
	plan->port = plan->proto < 0 ? -1 : find_uint(plan, 11, 2); /* destinationTransportPort */
	for (unsigned i = 0; i < plan->n_all; i++)
		plan->row += plan->name[i].role == CSV_VALUE ? most_octets(&plan->name[i]) : 0;
	return plan;
}

struct csv_plan *
csv_plan_share(struct csv_plan *plan)
{
	atomic_fetch_add(&plan->refs, 1);
	return plan;
}

void
csv_plan_release(struct csv_plan *plan)
{
	if (plan == NULL || atomic_fetch_sub(&plan->refs, 1) > 1)
		return;
	mem_free(plan->name);
	mem_free(plan);
}
