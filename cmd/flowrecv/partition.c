#include "partition.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/num.h"
#include "flow/value.h"

enum { EXPORTER_LEN = PARTITION_LEN - 16 };

/* What tells the exporters of a batch apart; NULL: no record has it. */
struct origin {
	const struct column *exporter, *domain, *name;
};

static const struct column *
find(struct batch *b, enum own own)
{
	struct field_id id = field_own(own);
	int i = batch_find(b, &id);

	return i < 0 ? NULL : batch_plain(b, (unsigned)i);
}

static struct value
value(const struct column *c, size_t rec)
{
	return c == NULL ? (struct value){ .type = TYPE_NONE } : value_at(c, rec);
}

static void
put_address(char *dst, const struct addr *a)
{
	size_t n = fmt_ip(dst, a);

	dst[n] = '\0';
	for (char *p = dst; *p != '\0'; p++)
		if (*p == ':')
			*p = '-';
}

/* What an exporter's directory is called. */
static void
put_exporter(char dst[EXPORTER_LEN], const struct addr *a, const struct value *called)
{
	if (called->type == TYPE_STRING && partition_name_good(called->s.p, called->s.n))
		(void)snprintf(dst, EXPORTER_LEN, "%.*s", (int)called->s.n, called->s.p);
	else
		put_address(dst, a);
}

static void
put_name(struct partition *p, enum partition_by by, const struct value *called)
{
	char exporter[EXPORTER_LEN];

	put_exporter(exporter, &p->exporter, called);
	if (by == PARTITION_DOMAIN)
		(void)snprintf(p->name, sizeof p->name, "%s/%u", exporter, p->domain);
	else
		(void)snprintf(p->name, sizeof p->name, "%s", exporter);
}

static bool
is_same(const struct partition *p, const struct addr *exporter, uint32_t domain)
{
	return p->domain == domain && addr_equal(&p->exporter, exporter);
}

static unsigned
group_of(
    struct partitions *ps, enum partition_by by, const struct origin *o, size_t rec, unsigned last)
{
	struct value exporter = value(o->exporter, rec), domain = value(o->domain, rec), called;
	uint32_t number =
	    by == PARTITION_DOMAIN && domain.type == TYPE_UINT ? (uint32_t)domain.u : 0;
	struct addr zero = { { 0 } }, *a = exporter.type == TYPE_IP ? &exporter.ip : &zero;
	struct partition *p;

	if (last < ps->n && is_same(&ps->of[last], a, number))
		return last;
	for (unsigned i = 0; i < ps->n; i++)
		if (is_same(&ps->of[i], a, number))
			return i;
	if (ps->n == PARTITIONS_MAX)
		return ps->n - 1;
	if (ps->n == ps->cap) {
		ps->cap = ps->cap ? 2 * ps->cap : 8;
		ps->of = mem_resize(ps->of, ps->cap, sizeof *ps->of);
	}
	p = &ps->of[ps->n];
	*p = (struct partition){ .exporter = *a, .domain = number };
	called = value(o->name, rec);
	if (ps->n == PARTITIONS_MAX - 1)
		(void)snprintf(p->name, sizeof p->name, "%s", PARTITION_OTHER);
	else
		put_name(p, by, &called);
	return ps->n++;
}

void
partitions_make(struct partitions *ps, enum partition_by by, struct batch *b)
{
	struct origin o = { find(b, OWN_EXPORTER), find(b, OWN_DOMAIN), find(b, OWN_SOURCE) };
	unsigned group = 0;
	size_t at = 0;

	ps->n = 0;
	if (b->n > ps->cap_records) {
		ps->cap_records = b->n;
		ps->group = mem_resize(ps->group, b->n, sizeof *ps->group);
		ps->idx = mem_resize(ps->idx, b->n, sizeof *ps->idx);
	}
	for (size_t rec = 0; rec < b->n; rec++) {
		group = group_of(ps, by, &o, rec, group);
		ps->group[rec] = (uint16_t)group;
		ps->of[group].n++;
	}
	for (unsigned i = 0; i < ps->n; i++) {
		ps->of[i].idx = ps->idx + at;
		at += ps->of[i].n;
		ps->of[i].n = 0;
	}
	for (size_t rec = 0; rec < b->n; rec++) {
		struct partition *p = &ps->of[ps->group[rec]];

		p->idx[p->n++] = (uint32_t)rec;
	}
}

void
partitions_free(struct partitions *ps)
{
	mem_free(ps->of);
	mem_free(ps->group);
	mem_free(ps->idx);
	*ps = (struct partitions){ .n = 0 };
}

bool
partition_has_exporter(const char *name, const char *exporter)
{
	size_t n = strlen(exporter);

	return strncmp(name, exporter, n) == 0 && (name[n] == '\0' || name[n] == '/');
}

size_t
partition_options(const char *name, struct batch *b, uint32_t *idx)
{
	struct origin o = { find(b, OWN_EXPORTER), NULL, find(b, OWN_SOURCE) };
	bool all = strcmp(name, PARTITION_OTHER) == 0;
	size_t n = 0;

	for (size_t rec = 0; rec < b->n; rec++) {
		struct value from = value(o.exporter, rec), called = value(o.name, rec);
		struct addr zero = { { 0 } };
		char exporter[EXPORTER_LEN];

		put_exporter(exporter, from.type == TYPE_IP ? &from.ip : &zero, &called);
		if (all || partition_has_exporter(name, exporter))
			idx[n++] = (uint32_t)rec;
	}
	return n;
}

bool
partition_name_good(const char *s, size_t n)
{
	if (n == 0 || n > 64 || s[0] == '.' || s[0] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			(s[i] >= '0' && s[i] <= '9') || strchr("._-", s[i]) != NULL))
			return false;
	return true;
}
