#include "detect/open_alerts.h"

#include "base/mem.h"
#include "detect/keyed.h"

enum { RULES_MOST = 1 << 20, NO_PORT = -1 };

/* One alert, found by the end that it has; a chain of those of the same end. */
struct rule {
	struct addr other; /* the other end, if it has one */
	int64_t start_ns;
	int32_t port; /* of the destination */
	bool has_other, by_src; /* by_src: found by its source */
	uint32_t next; /* + 1 */
};

struct found {
	struct addr addr;
	uint32_t first; /* + 1 */
};

struct open_alerts {
	struct keyed by_addr;
	struct rule *rule;
	size_t n, cap;
};

struct open_alerts *
open_alerts_new(void)
{
	struct open_alerts *o = mem_zero(1, sizeof(*o));

	keyed_init(&o->by_addr, sizeof(struct found), sizeof(struct addr), RULES_MOST);
	return o;
}

void
open_alerts_free(struct open_alerts *o)
{
	if (o == NULL)
		return;
	keyed_free(&o->by_addr);
	mem_free(o->rule);
	mem_free(o);
}

size_t
open_alerts_count(const struct open_alerts *o)
{
	return o->n;
}

static const struct column *
column_of(struct batch *b, struct field_id id, enum type type)
{
	int i = batch_find(b, &id);

	return i >= 0 && b->col[i].type == type ? batch_plain(b, (unsigned)i) : NULL;
}

static bool
addr_at(const struct column *c, size_t rec, struct addr *a)
{
	if (c == NULL || !column_has(c, rec))
		return false;
	*a = column_ip(c, rec);
	return true;
}

static int
add_rule(struct open_alerts *o, const struct addr *key, const struct rule *r, struct err *err)
{
	size_t at = keyed_add(&o->by_addr, key);
	struct found *f;

	if (at == KEYED_NONE || o->n == RULES_MOST)
		return err_set(err, "more than %d open alerts", RULES_MOST);
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->rule = mem_resize(o->rule, o->cap, sizeof(*o->rule));
	}
	f = keyed_at(&o->by_addr, at);
	o->rule[o->n] = *r;
	o->rule[o->n].next = f->first;
	f->first = (uint32_t)++o->n;
	return 0;
}

int
open_alerts_add(struct open_alerts *o, struct batch *b, const uint64_t *sel, struct err *err)
{
	const struct column *src = column_of(b, field_iana(8), TYPE_IP),
			    *dst = column_of(b, field_iana(12), TYPE_IP),
			    *port = column_of(b, field_iana(11), TYPE_UINT),
			    *start = column_of(b, field_own(OWN_START), TYPE_TIME),
			    *detector = column_of(b, field_own(OWN_DETECTOR), TYPE_STRING);

	for (size_t i = 0; i < b->n; i++) {
		struct rule r = { .start_ns = INT64_MIN, .port = NO_PORT };
		struct addr key, other;

		if (!bits_has(sel, i))
			continue;
		r.by_src = addr_at(src, i, &key);
		r.has_other = addr_at(dst, i, &other);
		if (detector == NULL || !column_has(detector, i))
			return err_set(err, "no alerts: records have no detector");
		if (!r.by_src && !r.has_other)
			continue; /* of a service, or of all */
		if (!r.by_src)
			key = other;
		r.has_other &= r.by_src;
		r.other = other;
		if (port != NULL && column_has(port, i))
			r.port = (int32_t)(column_uint(port, i) & UINT16_MAX);
		if (start != NULL && column_has(start, i))
			r.start_ns = column_int(start, i);
		if (add_rule(o, &key, &r, err) != 0)
			return -1;
	}
	return b->err.status != 0 ? err_set(err, "%s", b->err.text) : 0;
}

/* Of the alerts found by one end of a flow: is there one about it?  ports of that end and of the other. */
static bool
covers(const struct open_alerts *o, const struct addr *end, const struct addr *other, unsigned port,
    unsigned other_port, int64_t end_ns)
{
	size_t at = keyed_find(&o->by_addr, end);
	const struct found *f;

	if (at == KEYED_NONE)
		return false;
	f = keyed_at(&o->by_addr, at);
	for (uint32_t i = f->first; i != 0; i = o->rule[i - 1].next) {
		const struct rule *r = &o->rule[i - 1];
		unsigned server_port = r->by_src ? other_port : port;

		if (end_ns < r->start_ns ||
		    (r->port != NO_PORT && (unsigned)r->port != server_port))
			continue;
		if (!r->has_other || memcmp(&r->other, other, sizeof(*other)) == 0)
			return true;
	}
	return false;
}

bool
open_alerts_cover(const struct open_alerts *o, const struct addr *src, const struct addr *dst,
    unsigned srcport, unsigned dstport, int64_t end_ns)
{
	return o->n > 0 && (covers(o, src, dst, srcport, dstport, end_ns) ||
			       covers(o, dst, src, dstport, srcport, end_ns));
}
