#include "flow/name_rule.h"

#include "base/cursor.h"

/* clang-format off */
#define IE(N) { .id = N }
#define SCOPE(N) { .pen = PEN_SCOPE, .id = N }

/*
 * Interfaces: exporters send 82 and 83 with scope 10 and 14 (both the same number), with the scope
 * Interface of NetFlow v9 (RFC 3954 6.1), or with scope System and 10 beside them.
 * Applications: RFC 6759.  VRFs: 234 twice and 235 are seen as scope and beside it.
 * Samplers: 302 and 335 took the place of 48 and 84 (RFC 5477); exporters mix them.
 * Elements: RFC 5610 3.
 */
static const struct name_rule rules[] = {
	{ .element = { IE(10), IE(14), IE(252), IE(253), IE(213), SCOPE(2) }, .name = { IE(82), IE(83) } },
	{ .element = { IE(95) }, .name = { IE(96) }, .form = FORM_APPLICATION, .universal = true },
	{ .element = { IE(234), IE(235) }, .name = { IE(236) } },
	{ .element = { IE(48), IE(302) }, .name = { IE(335), IE(84) } },
	{ .element = { IE(51) }, .name = { IE(100) } },
	{ .element = { IE(283) }, .name = { IE(284) } },
	{ .element = { IE(346) }, .with = IE(303), .name = { IE(341) }, .type = IE(339),
	  .form = FORM_ELEMENT, .universal = true },
};
/* clang-format on */

enum {
	PANA_L7_PEN = 20, /* the engine whose selectors begin with an enterprise number */
	PEN_LEN = 4,
	OCTETS_MAX = NAME_VALUE - 1,
};

const struct name_rule *
name_rules(uint32_t *count)
{
	*count = sizeof(rules) / sizeof(rules[0]);
	return rules;
}

bool
name_rule_has(const struct name_rule *r, const struct field_id *id)
{
	uint32_t pen = id->pen;

	if (id->instance & FIELD_AS_SENT)
		return false;
	if (pen == PEN_REVERSE && element_reversible(id->id))
		pen = PEN_IANA;
	for (unsigned k = 0; k < RULE_ELEMENTS && r->element[k].id != 0; k++)
		if (r->element[k].pen == pen && r->element[k].id == id->id)
			return true;
	return false;
}

bool
name_field(const struct field_id *id)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (name_rule_has(&rules[i], id))
			return true;
	return false;
}

/* Values --------------------------------------------------------------------------------------- */

/* The first octet tells numbers (0) from octets (their count + 1). */
void
name_value_number(uint8_t value[NAME_VALUE], uint64_t v)
{
	memset(value, 0, NAME_VALUE);
	for (unsigned i = 0; i < 8; i++)
		value[NAME_VALUE - 1 - i] = (uint8_t)(v >> (8 * i));
}

/*
 * RFC 6759 4.1: an engine, for PANA-L7-PEN an enterprise, a selector whose width is the exporter's choice: zeros
 * in front of it say nothing.
 */
static bool
application_value(const uint8_t *p, size_t n, uint8_t value[NAME_VALUE])
{
	size_t head = n > 0 && p[0] == PANA_L7_PEN ? 1 + PEN_LEN : 1, skip = 0;

	if (n <= head)
		return false;
	while (head + skip + 1 < n && p[head + skip] == 0)
		skip++;
	if (n - skip > OCTETS_MAX)
		return false;
	memset(value, 0, NAME_VALUE);
	value[0] = (uint8_t)(n - skip + 1);
	memcpy(value + 1, p, head);
	memcpy(value + 1 + head, p + head + skip, n - head - skip);
	return true;
}

bool
name_value(enum rule_form form, const struct column *c, size_t rec, uint8_t value[NAME_VALUE])
{
	if (!bits_has(c->present, rec))
		return false;
	if (form == FORM_APPLICATION)
		return c->type == TYPE_BYTES &&
		       application_value((const uint8_t *)c->data + c->off[rec],
			   c->off[rec + 1] - c->off[rec], value);
	if (c->type != TYPE_UINT)
		return false;
	name_value_number(value, column_uint(c, rec));
	return true;
}

/* Classification engines by number; IANA's registry of them as of 2026-07-22. */
static const char *
engine_name(unsigned engine)
{
	static const char *const names[] = { [1] = "IANA-L3",
		[2] = "PANA-L3",
		[3] = "IANA-L4",
		[4] = "PANA-L4",
		[6] = "USER-Defined",
		[12] = "PANA-L2",
		[13] = "PANA-L7",
		[18] = "ETHERTYPE",
		[19] = "LLC",
		[PANA_L7_PEN] = "PANA-L7-PEN",
		[21] = "Qosmos-ixEngine",
		[22] = "ntop-nDPI" };

	return engine < sizeof(names) / sizeof(names[0]) ? names[engine] : NULL;
}

bool
name_spell(const struct name_query *q, struct buf *b)
{
	uint32_t count;
	const uint8_t *p = q->value + 1, *selector = p + 1;
	unsigned n = q->value[0], pen;

	if (name_rules(&count)[q->kind].form != FORM_APPLICATION || n < 3)
		return false;
	pen = p[0] == PANA_L7_PEN ? PEN_LEN : 0;
	n -= 2 + pen;
	if (n > 8)
		return false;
	if (engine_name(p[0]) != NULL)
		buf_printf(b, "%s:", engine_name(p[0]));
	else
		buf_printf(b, "%u:", p[0]);
	if (pen > 0)
		buf_printf(b, "%u:", (unsigned)be_uint(selector, pen));
	buf_printf(b, "%llu", (unsigned long long)be_uint(selector + pen, n));
	return true;
}

/* Origins -------------------------------------------------------------------------------------- */

/* The alternatives are those of the aliases exporter and domain, then those of the message alone. */
static const struct field exporter_fields[2] = {
	{ .type = TYPE_IP,
	    .n = 3,
	    .id = { { .id = 130 }, { .id = 131 }, { .pen = PEN_OWN, .id = OWN_EXPORTER } } },
	{ .type = TYPE_IP, .n = 1, .id = { { .pen = PEN_OWN, .id = OWN_EXPORTER } } },
};
static const struct field domain_fields[2] = {
	{ .type = TYPE_UINT,
	    .n = 2,
	    .id = { { .id = 149 }, { .pen = PEN_OWN, .id = OWN_DOMAIN } } },
	{ .type = TYPE_UINT, .n = 1, .id = { { .pen = PEN_OWN, .id = OWN_DOMAIN } } },
};

/* A copy of the column that answers for a field, plain; of TYPE_NONE when there is none of the type. */
static struct column
column_of(struct batch *b, const struct field *f)
{
	int i = batch_resolve(b, f);

	if (i < 0 || b->col[i].type != f->type)
		return (struct column){ .type = TYPE_NONE };
	return *batch_plain(b, (unsigned)i);
}

void
name_origin_bind(struct batch *b, struct column exporter[2], struct column domain[2])
{
	for (unsigned k = 0; k < 2; k++) {
		exporter[k] = column_of(b, &exporter_fields[k]);
		domain[k] = column_of(b, &domain_fields[k]);
	}
}

static bool
has(const struct column *c, size_t rec)
{
	return c->type != TYPE_NONE && bits_has(c->present, rec);
}

void
name_origin_at(
    struct name_origin *o, const struct column *exporter, const struct column *domain, size_t rec)
{
	memset(o, 0, sizeof(*o));
	if (has(exporter, rec)) {
		o->known |= KNOWN_EXPORTER;
		o->exporter = column_ip(exporter, rec);
	}
	if (has(domain, rec)) {
		o->known |= KNOWN_DOMAIN;
		o->domain = (uint32_t)column_uint(domain, rec);
	}
}

/* Columns -------------------------------------------------------------------------------------- */

bool
name_column_bind(struct name_column *c, struct batch *b, unsigned col)
{
	uint32_t count;
	const struct name_rule *r = name_rules(&count);

	for (c->kind = 0; c->kind < count; c->kind++)
		if (r[c->kind].form != FORM_ELEMENT && name_rule_has(&r[c->kind], &b->col[col].id))
			break;
	if (c->kind == count)
		return false;
	c->value = *batch_plain(b, col);
	name_origin_bind(b, c->exporter, c->domain);
	return true;
}

bool
name_column_query(const struct name_column *c, size_t rec, struct name_query *q)
{
	uint32_t count;

	q->kind = c->kind;
	q->unused = 0;
	if (!name_value(name_rules(&count)[c->kind].form, &c->value, rec, q->value))
		return false;
	for (unsigned k = 0; k < 2; k++)
		name_origin_at(&q->from[k], &c->exporter[k], &c->domain[k], rec);
	return true;
}
