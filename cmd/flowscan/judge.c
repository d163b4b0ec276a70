#include "judge.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

double
walk_density(const struct walk *w)
{
	double share = w->best_tried > 0 ? (double)w->best_failed / w->best_tried : 0;

	return w->best_failed * share * share;
}

static double
walk_score(const struct walk *w)
{
	double likelihood = pow(4, w->peak), density = walk_density(w);
	double p = likelihood / (likelihood + 99), v = w->failed / (w->failed + 4.0);
	double d = density / (density + DENSITY_ACCEPT);

	return 1 - (1 - p * v) * (1 - d);
}

static bool
accepted(const struct walk *w)
{
	return w->peak >= WALK_ACCEPT || walk_density(w) >= DENSITY_ACCEPT;
}

bool
judge_blind(const struct evidence *e, uint8_t proto)
{
	enum { ENOUGH = 200, SHARE = 100 };

	if (proto == IP_TCP)
		return e->tcp_flagless >= ENOUGH &&
		       e->tcp_flagless_answered < e->tcp_flagless / SHARE;
	return e->udp >= ENOUGH && e->udp_answered < e->udp / SHARE;
}

bool
judge_portless(const struct evidence *e)
{
	return e->portless > e->ported;
}

bool
judge_target_portless(const struct target *t)
{
	return t->port == 0 && !is_ping(t->proto) && !t->ported;
}

bool
judge_line_portless(const struct evidence *e, uint32_t row)
{
	const struct spot *k = evidence_spot(&e->lines, row);

	return k->kind == LINE_PORT && k->port == 0 && !is_ping(k->proto) &&
	       !evidence_line(e, row)->ported;
}

/* Lines and sources -------------------------------------------------------------------------------- */

static bool
line_good(const struct evidence *e, uint32_t row)
{
	const struct spot *k = evidence_spot(&e->lines, row);
	const struct line *l = evidence_line(e, row);
	bool sampled = evidence_source(e, k->source)->sampling > 1;
	bool few = k->kind == LINE_PORT && k->proto == IP_TCP && !sampled;

	return accepted(&l->walk) && l->walk.failed >= (few ? HOSTS_LEAST : PORTS_LEAST) &&
	       !judge_blind(e, k->proto);
}

/* The time of a scan goes from its first line's start to its last one's end. */
static void
add_time(struct shape *s, int64_t start_ns, int64_t end_ns)
{
	if (s->start_ns == 0 || start_ns < s->start_ns)
		s->start_ns = start_ns;
	if (end_ns > s->end_ns)
		s->end_ns = end_ns;
}

const struct burst *
walk_burst(const struct evidence *e, uint32_t source, const struct walk *w)
{
	return bursts_main(&w->bursts, w->failed, evidence_source(e, source)->told_ns);
}

static unsigned
proto_bit(uint8_t proto)
{
	switch (proto) {
	case IP_TCP: return 1;
	case IP_UDP: return 2;
	default: return 4; /* ping */
	}
}

/* A host has a line for each protocol: is this one, of several that are scans or of all, not the first? */
static bool
host_known(const struct evidence *e, uint32_t row, bool good)
{
	struct spot k = *evidence_spot(&e->lines, row);
	uint8_t own = k.proto;
	uint32_t other;

	for (unsigned i = 0; i < PROTOS && protos_judged[i] != own; i++) {
		k.proto = protos_judged[i];
		table_seek(&e->lines, &k, 1, &other);
		if (other != TABLE_NONE && (!good || line_good(e, other)))
			return true;
	}
	return false;
}

static void
add_line(const struct evidence *e, uint32_t row, struct shape *s)
{
	const struct spot *k = evidence_spot(&e->lines, row);
	const struct line *l = evidence_line(e, row);
	const struct burst *burst = walk_burst(e, k->source, &l->walk);
	bool several = s->protos != proto_bit(k->proto);
	double score;

	if (k->kind == LINE_PORT) {
		s->ports++;
		s->pings += is_ping(k->proto);
		s->portless += judge_line_portless(e, row);
	} else if (!several || !host_known(e, row, false)) {
		s->hosts++;
	}
	if (!line_good(e, row))
		return;
	if (k->kind == LINE_PORT) {
		if (s->good_ports < PORTS_NAMED)
			s->port[s->good_ports] = k;
		s->good_ports++;
		s->good_pings += is_ping(k->proto);
		s->on_ports += l->walk.failed;
	} else {
		if (!several || !host_known(e, row, true))
			s->good_hosts++;
		s->host_lines++;
		s->on_hosts += l->walk.failed;
		s->tried_on_hosts += l->walk.tried;
	}
	add_time(s, burst != NULL ? burst->first_ns : l->first_ns,
	    burst != NULL ? burst->last_ns : l->last_ns);
	score = walk_score(&l->walk);
	if (s->best == TABLE_NONE || score > s->score) {
		s->best = row;
		s->score = score;
	}
}

/* A few ports of a few hosts each: no line is long, but they cross, as those of file sharers do not. */
static bool
is_grid(const struct source *s, const struct shape *sh)
{
	uint32_t side = sh->hosts > sh->ports ? sh->hosts : sh->ports;

	return sh->hosts >= 3 && sh->ports >= 3 && s->walk.failed >= GRID_LEAST &&
	       s->walk.failed >= 3 * side && accepted(&s->walk);
}

/*
 * Most of a scanner's failures stand on the lines of its scan.  Who shares files finds many peers gone, each on a port
 * of its own, and now and then enough of them on one that is usual.
 */
static bool
is_scattered(const struct source *s, const struct shape *sh)
{
	uint32_t on = sh->on_ports > sh->on_hosts ? sh->on_ports : sh->on_hosts;

	return on < s->walk.failed / SCATTERED;
}

/* With a memory of earlier runs: news only, when there is half as much again. */
static bool
is_news(uint32_t failed, uint32_t fresh, uint32_t told)
{
	return fresh > 0 && failed >= told + told / 2;
}

static void
judge_source(struct evidence *e, struct alerts *alerts, uint32_t row, struct shape *sh)
{
	struct source *s = evidence_source(e, row);
	const struct burst *burst = walk_burst(e, row, &s->walk);
	bool grid = is_grid(s, sh);
	enum scan_kind kind = SCAN_NONE;
	double score = sh->score;

	if (sh->good_ports > 0 && (sh->good_hosts > 0 || grid))
		kind = SCAN_BLOCK;
	else if (sh->good_hosts > 0)
		kind = SCAN_VERTICAL;
	else if (sh->good_ports > 0)
		kind = SCAN_HORIZONTAL;
	else if (grid)
		kind = SCAN_BLOCK;
	if (!grid && is_scattered(s, sh))
		return;
	if (kind == SCAN_BLOCK && walk_score(&s->walk) > score)
		score = walk_score(&s->walk);
	if (kind == SCAN_NONE || !is_news(s->walk.failed, s->new_failed, s->told))
		return;
	s->told = s->walk.failed;
	if (sh->best == TABLE_NONE)
		add_time(sh, burst != NULL ? burst->first_ns : s->first_ns,
		    burst != NULL ? burst->last_ns : s->last_ns);
	if (!scope_allows(
		e->scope, (const struct addr *)(const void *)table_row(&e->sources, row), -1))
		report_source(alerts, e, row, sh, kind, score);
	s->told_ns = s->last_ns;
}

static void
judge_sources(struct evidence *e, struct alerts *alerts)
{
	struct shape *shape = mem_zero(e->sources.n_rows + 1, sizeof(*shape));

	for (uint32_t row = 0; row < e->sources.n_rows; row++)
		shape[row].best = TABLE_NONE;
	for (uint32_t row = 0; row < e->lines.n_rows; row++) {
		const struct spot *k = evidence_spot(&e->lines, row);

		shape[k->source].protos |= (uint8_t)proto_bit(k->proto);
	}
	for (uint32_t row = 0; row < e->lines.n_rows; row++)
		add_line(e, row, &shape[evidence_spot(&e->lines, row)->source]);
	for (uint32_t row = 0; row < e->sources.n_rows; row++)
		if (evidence_source(e, row)->promoted)
			judge_source(e, alerts, row, &shape[row]);
	mem_free(shape);
}

/* Targets and victims ------------------------------------------------------------------------------ */

static bool
is_flood(const struct target *t)
{
	return t->most_minute >= FLOOD_MINUTE && t->on_port > t->failed / 5 * 4;
}

static bool
is_swept(const struct target *t)
{
	return t->sources >= TARGET_SOURCES && t->on_port <= t->failed / 2 &&
	       evidence_distinct(t->ports) >= TARGET_PORTS;
}

static int
compare_counts(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* Whoever has a public address is tried all day: who of many is worth a line is who is tried much more than others. */
static uint32_t
sources_least(const struct evidence *e)
{
	uint32_t *sources = mem_alloc((e->targets.n_rows + 1) * sizeof(*sources)), least;
	size_t n = 0;

	for (uint32_t row = 0; row < e->targets.n_rows; row++)
		if (is_swept(evidence_target(e, row)))
			sources[n++] = evidence_target(e, row)->sources;
	if (n > 0)
		qsort(sources, n, sizeof(*sources), compare_counts);
	least = n > TARGETS_TOLD ? sources[n / 2] * TARGET_MEDIAN : 0;
	mem_free(sources);
	return least;
}

static void
judge_target(struct evidence *e, struct alerts *alerts, uint32_t row, uint32_t least)
{
	struct target *t = evidence_target(e, row);
	bool flood = is_flood(t);

	if (!flood && (!is_swept(t) || t->sources < least))
		return;
	if (!is_news(t->failed, t->new_failed, t->told))
		return;
	t->told = t->failed;
	if (!scope_allows(e->scope, (const struct addr *)(const void *)table_row(&e->targets, row),
		flood ? t->port : -1))
		report_target(alerts, e, row, flood);
	t->told_ns = t->last_ns;
}

/* Our own servers' answers may be alone because a record was lost; a victim is somebody else. */
static void
judge_victim(struct evidence *e, struct alerts *alerts, uint32_t row)
{
	const struct victim *v = evidence_victim(e, row);
	const struct addr *a = (const struct addr *)(const void *)table_row(&e->victims, row);

	if (e->sampling > 1 || v->fresh == 0 || scope_internal(e->scope, a))
		return;
	if (evidence_distinct(v->clients) >= VICTIM_CLIENTS && !scope_allows(e->scope, a, v->port))
		report_victim(alerts, e, row);
}

void
judge(struct evidence *e, struct alerts *alerts)
{
	uint32_t least = sources_least(e);

	judge_sources(e, alerts);
	for (uint32_t row = 0; row < e->targets.n_rows; row++)
		judge_target(e, alerts, row, least);
	for (uint32_t row = 0; row < e->victims.n_rows; row++)
		judge_victim(e, alerts, row);
}
