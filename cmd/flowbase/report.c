#include "report.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/sum.h"
#include "base/time.h"
#include "detect/robust.h"
#include "detect/sampled.h"
#include "flow/value.h"
#include "text/escape.h"

enum { EDGES_SHOWN = 10, SERVICES_SHOWN = 5, WIDTH = 9 };

/* What is asked for -------------------------------------------------------------------------------- */

static bool
parse_port(struct report_of *of, const char *p)
{
	size_t n = strcspn(p, "/");
	uint64_t port;

	if (!parse_u64(p, n, &port) || port > UINT16_MAX)
		return false;
	of->port = (int)port;
	if (p[n] == '\0')
		return true;
	of->proto = proto_number(p + n + 1, strlen(p + n + 1));
	return of->proto >= 0;
}

bool
report_parse(struct report_of *of, const char *text, bool server)
{
	const char *colon = strrchr(text, ':');
	size_t n = strlen(text);

	if (!server) {
		of->has_host = parse_ip(text, n, &of->host);
		return of->has_host;
	}
	of->has_server = parse_ip(text, n, &of->server);
	if (of->has_server || colon == NULL)
		return of->has_server;
	n = (size_t)(colon - text);
	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		of->has_server = parse_ip(text + 1, n - 2, &of->server);
	else
		of->has_server = memchr(text, ':', n) == NULL && parse_ip(text, n, &of->server);
	return of->has_server && parse_port(of, colon + 1);
}

static bool
is_asked(const struct report_of *of, const struct base_edge *e)
{
	return (of->port < 0 || e->port == of->port) && (of->proto < 0 || e->proto == of->proto);
}

static const struct base_edge *
edges_of(const struct baseline *b, const struct report_of *of, size_t *n)
{
	return of->has_server ? baseline_pair(b, &of->host, &of->server, n)
			      : baseline_edges(b, &of->host, n);
}

bool
report_has(const struct baseline *b, const struct report_of *of)
{
	size_t n;
	const struct base_edge *e;

	if (!of->has_host)
		return true;
	if (!of->has_server)
		return baseline_host(b, &of->host) != NULL;
	e = edges_of(b, of, &n);
	for (size_t i = 0; i < n; i++)
		if (is_asked(of, &e[i]))
			return true;
	return false;
}

/* Words -------------------------------------------------------------------------------------------- */

static void
put_amount(struct buf *out, double v, bool plain, int width)
{
	char text[FMT_MAX];
	size_t n = plain ? fmt_u64(text, (uint64_t)v) : fmt_scaled(text, v);

	buf_printf(out, "%*.*s", width, (int)n, text);
}

/* A counter, whose last digits a double would not have. */
static void
put_count(struct buf *out, uint64_t n, bool plain)
{
	char text[FMT_MAX];

	buf_put(out, text, plain ? fmt_u64(text, n) : fmt_scaled(text, (double)n));
}

static void
put_time(struct buf *out, uint32_t s, const struct tz *tz)
{
	out->len += fmt_time_human(buf_room(out, FMT_MAX), (int64_t)s * NS_PER_S, 0, tz);
}

static void
put_addr(struct buf *out, const struct addr *a)
{
	out->len += fmt_ip(buf_room(out, FMT_MAX), a);
}

/* Days from the first to the last, and on how many of them. */
static void
put_seen(struct buf *out, const struct baseline *b, const struct seen *s, const struct tz *tz)
{
	int64_t ns = NS_PER_S;
	int32_t days = hours_day(&b->hours, s->last_s * ns) - hours_day(&b->hours, s->first_s * ns);

	put_time(out, s->first_s, tz);
	buf_puts(out, " to ");
	put_time(out, s->last_s, tz);
	buf_printf(out, ", on %d of %s%d days", __builtin_popcountll(s->days),
	    days >= 64 ? "the last " : "", days >= 64 ? 64 : days + 1);
}

static void
put_young(struct buf *out, const struct baseline *b, const struct seen *s)
{
	if (baseline_young(b, s))
		buf_printf(out,
		    "too young to be called normal: known for %u of %d days at the baseline's "
		    "end\n",
		    baseline_days_known(b, s), BASELINE_NORMAL_DAYS);
}

/* Hours -------------------------------------------------------------------------------------------- */

/* The codes of a bucket on the days that count; returns how many. */
static size_t
codes_of(const struct baseline *b, const uint8_t *hourly, const struct seen *seen, unsigned metric,
    unsigned bucket, double *v)
{
	size_t buckets = b->hours.buckets, n = 0;
	int32_t from = hours_day(&b->hours, (int64_t)seen->first_s * NS_PER_S);

	for (unsigned slot = 0; slot < HOURS_SLOTS; slot++) {
		int32_t day = hours_slot_day(&b->hours, bucket, slot, b->latest);

		if (day < from ||
		    b->network.hourly[(METRIC_FLOWS * buckets + bucket) * HOURS_SLOTS + slot] == 0)
			continue;
		v[n++] = hourly[(metric * buckets + bucket) * HOURS_SLOTS + slot];
	}
	return n;
}

static void
put_metric(struct buf *out, double code, unsigned metric, bool network, bool plain)
{
	double unit = metric_unit(metric, network);

	if (unit > 0)
		put_amount(out, floor(log8_value(code, unit) + 0.5), plain, WIDTH);
	else
		buf_printf(out, "%*.2f", WIDTH, code / UINT8_MAX);
}

static void
put_hours(struct buf *out, const struct baseline *b, const uint8_t *hourly, const struct seen *seen,
    bool network, bool plain)
{
	unsigned metrics = network ? NETWORK_METRICS : HOST_METRICS;
	double v[HOURS_SLOTS];
	char name[FMT_MAX];
	size_t n;

	buf_printf(out, "\n%-14s %4s", "median of", "days");
	for (unsigned m = 0; m < metrics; m++)
		buf_printf(out, " %*s", WIDTH, metric_name(m));
	buf_putc(out, '\n');
	for (unsigned bucket = 0; bucket < b->hours.buckets; bucket++) {
		n = codes_of(b, hourly, seen, METRIC_FLOWS, bucket, v);
		if (n == 0)
			continue;
		buf_printf(
		    out, "%-14.*s %4zu", (int)hours_put_name(&b->hours, bucket, name), name, n);
		for (unsigned m = 0; m < metrics; m++) {
			n = codes_of(b, hourly, seen, m, bucket, v);
			buf_putc(out, ' ');
			put_metric(out, robust_median(v, n), m, network, plain);
		}
		buf_putc(out, '\n');
	}
}

/* Reports ------------------------------------------------------------------------------------------ */

static size_t
count_young(const struct baseline *b, const struct keyed *k, size_t seen)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++)
		n += baseline_young(
		    b, (const struct seen *)(const void *)((uint8_t *)keyed_at(k, i) + seen));
	return n;
}

static void
put_sampling(struct buf *out, const struct baseline *b)
{
	if (b->sampling > 0)
		sampled_put(out, b->sampling);
	else
		buf_puts(out, "nothing yet");
}

/* How much of everything there is; prefixes are those of the world outside, which may be said. */
static void
put_contents(struct buf *out, const struct baseline *b, const char *outside)
{
	buf_printf(out, "%zu host%s, %zu edge%s, %zu service%s, %zu prefix%s%s, %zu exporter%s",
	    b->hosts.n, plural(b->hosts.n), b->edges.n, plural(b->edges.n), b->services.n,
	    plural(b->services.n), b->prefixes.n, b->prefixes.n == 1 ? "" : "es", outside,
	    b->exporters.n, plural(b->exporters.n));
}

static void
put_network(struct buf *out, const struct baseline *b, const struct tz *tz, bool plain)
{
	const struct base_network *n = &b->network;

	buf_puts(out, "network ");
	if (n->seen.days == 0) {
		buf_puts(out, "of which nothing was learned\n");
		return;
	}
	put_seen(out, b, &n->seen, tz);
	buf_puts(out, ", learned from ");
	put_sampling(out, b);
	buf_printf(out, "\nours are %s; hours of UTC%+d s\n", b->internal, b->hours.utc_offset_s);
	put_young(out, b, &n->seen);
	put_count(out, n->flows, plain);
	buf_puts(out, " conversations, ");
	put_count(out, n->out, plain);
	buf_puts(out, " octets out, ");
	put_count(out, n->in, plain);
	buf_puts(out, " in\n");
	put_contents(out, b, " outside");
	buf_putc(out, '\n');
	put_hours(out, b, n->hourly, &n->seen, true, plain);
}

static void
put_service_name(struct buf *out, unsigned port, unsigned proto)
{
	const char *name = proto_name(proto);

	if (name != NULL)
		buf_printf(out, ":%u/%s", port, name);
	else
		buf_printf(out, ":%u/%u", port, proto);
}

static void
put_edge(struct buf *out, const struct baseline *b, const struct base_edge *e, const struct tz *tz,
    bool plain)
{
	struct addr server = baseline_addr(b, e->server);
	const struct base_service *s = baseline_service(b, &server, e->proto, e->port);

	put_addr(out, &server);
	put_service_name(out, e->port, e->proto);
	buf_puts(out, "  ");
	put_count(out, e->flows, plain);
	buf_puts(out, e->flows == 1 ? " conversation, " : " conversations, ");
	put_count(out, e->out, plain);
	buf_puts(out, " out, ");
	put_count(out, e->in, plain);
	buf_puts(out, " in, the largest ");
	put_amount(out, floor(log8_value(e->largest, 1) + 0.5), plain, 0);
	buf_puts(out, " out; ");
	put_seen(out, b, &e->seen, tz);
	if (s != NULL)
		buf_printf(out, "; used by %.0f of %zu hosts", hll_count(&s->clients), b->hosts.n);
	buf_putc(out, '\n');
}

static int
compare_amounts(const void *x, const void *y)
{
	const struct base_edge *const *a = x, *const *b = y;
	uint64_t m = sum_unsigned((*a)->out, (*a)->in), n = sum_unsigned((*b)->out, (*b)->in);

	return m != n ? (m < n ? 1 : -1) : (*a > *b) - (*a < *b);
}

static void
put_edges(struct buf *out, const struct baseline *b, const struct report_of *of,
    const struct tz *tz, bool plain)
{
	size_t n, kept = 0, most = of->has_server ? SIZE_MAX : EDGES_SHOWN;
	const struct base_edge *e = edges_of(b, of, &n);
	const struct base_edge **by = mem_alloc((n + 1) * sizeof(*by));

	for (size_t i = 0; i < n; i++)
		if (is_asked(of, &e[i]))
			by[kept++] = &e[i];
	qsort(by, kept, sizeof(*by), compare_amounts);
	if (!of->has_server && kept > 0)
		buf_printf(out, "\ntalks to, %zu of %zu, most octets first:\n",
		    kept < most ? kept : most, kept);
	for (size_t i = 0; i < kept && i < most; i++)
		put_edge(out, b, by[i], tz, plain);
	mem_free(by);
}

static int
compare_use(const void *x, const void *y)
{
	const struct base_service *const *a = x, *const *b = y;
	double m = hll_count(&(*a)->clients), n = hll_count(&(*b)->clients);

	if (m != n)
		return m < n ? 1 : -1;
	if ((*a)->flows != (*b)->flows)
		return (*a)->flows < (*b)->flows ? 1 : -1;
	return (*a > *b) - (*a < *b);
}

static void
put_services(struct buf *out, const struct baseline *b, const struct addr *a)
{
	size_t n;
	const struct base_service *s = baseline_services(b, a, &n);
	const struct base_service **by = mem_alloc((n + 1) * sizeof(*by));

	for (size_t i = 0; i < n; i++)
		by[i] = &s[i];
	qsort(by, n, sizeof(*by), compare_use);
	for (size_t i = 0; i < n && i < SERVICES_SHOWN; i++) {
		buf_puts(out, i == 0 ? "answers on " : ", ");
		put_service_name(out, by[i]->port, by[i]->proto);
		buf_printf(out, " (%.0f of our hosts)", hll_count(&by[i]->clients));
	}
	if (n > SERVICES_SHOWN)
		buf_printf(out, " and %zu more", n - SERVICES_SHOWN);
	if (n > 0)
		buf_putc(out, '\n');
	mem_free(by);
}

static void
put_host(struct buf *out, const struct baseline *b, const struct report_of *of, const struct tz *tz,
    bool plain)
{
	const struct base_host *h = baseline_host(b, &of->host);

	put_addr(out, &of->host);
	buf_putc(out, ' ');
	put_seen(out, b, &h->seen, tz);
	buf_putc(out, '\n');
	put_young(out, b, &h->seen);
	put_count(out, h->flows, plain);
	buf_printf(out, " conversations begun, with %.0f servers; ", hll_count(&h->peers));
	put_count(out, h->out, plain);
	buf_puts(out, " octets out, ");
	put_count(out, h->in, plain);
	buf_puts(out, " in\n");
	put_services(out, b, &of->host);
	put_edges(out, b, of, tz, plain);
	put_hours(out, b, h->hourly, &h->seen, false, plain);
}

void
report_put(struct buf *out, const struct baseline *b, const struct report_of *of,
    const struct tz *tz, bool plain)
{
	if (!of->has_host) {
		put_network(out, b, tz, plain);
	} else if (!report_has(b, of)) {
		put_addr(out, &of->host);
		buf_puts(out, of->has_server ? " never talked to that\n" : " was never seen\n");
	} else if (of->has_server) {
		put_edges(out, b, of, tz, plain);
	} else {
		put_host(out, b, of, tz, plain);
	}
}

/* Parts -------------------------------------------------------------------------------------------- */

struct part {
	struct baseline *of;
	const struct report_of *asked;
};

static void
copy_host(struct baseline *to, const struct baseline *b, const struct base_host *h)
{
	struct addr a = baseline_addr(b, h->addr);
	struct base_host *copy = baseline_add_host(to, &a);

	copy->seen = h->seen;
	copy->flows = h->flows;
	copy->out = h->out;
	copy->in = h->in;
	hll_merge(&copy->peers, &h->peers);
	memcpy(copy->hourly, h->hourly, (size_t)HOST_METRICS * b->hours.buckets * HOURS_SLOTS);
}

static void
copy_services(struct baseline *to, const struct baseline *b, const struct addr *a)
{
	size_t n;
	const struct base_service *s = baseline_services(b, a, &n);

	for (size_t i = 0; i < n; i++) {
		struct base_service *copy = baseline_add_service(to, a, s[i].proto, s[i].port);

		copy->seen = s[i].seen;
		copy->flows = s[i].flows;
		copy->out = s[i].out;
		copy->in = s[i].in;
		hll_merge(&copy->clients, &s[i].clients);
	}
}

struct baseline *
report_part(const struct baseline *b, const struct report_of *of)
{
	struct baseline *to = baseline_new(&b->hours, b->internal);
	size_t n = 0;
	const struct base_edge *e = of->has_host ? edges_of(b, of, &n) : NULL;
	const struct base_host *h = of->has_host ? baseline_host(b, &of->host) : NULL;

	to->sampling = b->sampling;
	to->latest = b->latest;
	to->network.seen = b->network.seen;
	to->network.flows = b->network.flows;
	to->network.out = b->network.out;
	to->network.in = b->network.in;
	memcpy(to->network.hourly, b->network.hourly,
	    (size_t)NETWORK_METRICS * b->hours.buckets * HOURS_SLOTS);
	if (h != NULL && !of->has_server) {
		copy_host(to, b, h);
		copy_services(to, b, &of->host);
	}
	for (size_t i = 0; i < n; i++) {
		struct addr server = baseline_addr(b, e[i].server);
		struct base_edge *copy, key;

		if (!is_asked(of, &e[i]))
			continue;
		copy = baseline_add_edge(to, &of->host, &server, e[i].proto, e[i].port);
		key = *copy;
		*copy = e[i];
		copy->client = key.client;
		copy->server = key.server;
	}
	baseline_ready(to);
	return to;
}

/* One line ----------------------------------------------------------------------------------------- */

static void
put_name(struct buf *out, const char *name)
{
	(void)escape_terminal(out, name, strlen(name), SIZE_MAX);
	buf_puts(out, ": ");
}

void
report_check(struct buf *out, const struct baseline *b, const char *name)
{
	put_name(out, name);
	buf_printf(out, "sound: version %d, %u hours of the week, learned from ", BASELINE_VERSION,
	    b->hours.buckets);
	put_sampling(out, b);
	buf_puts(out, "; ");
	put_contents(out, b, "");
	buf_printf(out, ", %zu KiB in memory\n", baseline_memory(b) / 1024);
}

static void
put_young_count(
    struct buf *out, const struct baseline *b, const char *what, const struct keyed *k, size_t seen)
{
	buf_printf(out, ", %zu of %zu %s", count_young(b, k, seen), k->n, what);
}

bool
report_age(struct buf *out, const struct baseline *b, const char *name, int64_t now_ns,
    int64_t max_age_ns, bool each, const struct tz *tz)
{
	int64_t age = now_ns - (int64_t)b->network.seen.last_s * NS_PER_S;
	bool young = baseline_young(b, &b->network.seen), old = max_age_ns > 0 && age > max_age_ns;

	put_name(out, name);
	if (b->network.seen.days == 0) {
		buf_puts(out, "nothing was learned\n");
		return false;
	}
	put_seen(out, b, &b->network.seen, tz);
	buf_puts(out, ", the latest flow ");
	out->len += fmt_duration_human(buf_room(out, FMT_MAX), age > 0 ? age : 0);
	buf_printf(out, " ago%s%s\n", old ? ": too old" : "",
	    young ? ": too young to say what is normal" : "");
	put_name(out, name);
	buf_printf(out, "known for less than %d days", BASELINE_NORMAL_DAYS);
	put_young_count(out, b, "hosts", &b->hosts, offsetof(struct base_host, seen));
	put_young_count(out, b, "edges", &b->edges, offsetof(struct base_edge, seen));
	put_young_count(out, b, "services", &b->services, offsetof(struct base_service, seen));
	put_young_count(out, b, "prefixes", &b->prefixes, offsetof(struct base_prefix, seen));
	buf_putc(out, '\n');
	for (size_t i = 0; each && i < b->hosts.n; i++) {
		const struct base_host *h = keyed_at(&b->hosts, i);
		struct addr a = baseline_addr(b, h->addr);

		if (!baseline_young(b, &h->seen))
			continue;
		put_name(out, name);
		put_addr(out, &a);
		buf_puts(out, " is young: ");
		put_seen(out, b, &h->seen, tz);
		buf_putc(out, '\n');
	}
	return !young && !old;
}
