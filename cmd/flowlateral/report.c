/*
 * report.c - alerts in words and numbers.
 */
#include "base/bits.h"
#include "base/sum.h"
#include "judge.h"
#include "ports.h"

enum { PORTS_NAMED = 4, FILE_PORTS = 3 };

/* Words -------------------------------------------------------------------------------------------- */

static void
begin_words(struct judge *j)
{
	j->reason.len = j->why.len = j->attack.len = j->hidden.len = 0;
}

static const char *
text_or_null(struct buf *b)
{
	return b->len > 0 ? buf_cstr(b) : NULL;
}

/* Ports of some pairs: those of administration as bits, how many others there are, and one of these. */
struct ports {
	uint32_t admin;
	unsigned others, other;
	uint64_t seen[(UINT16_MAX + 1) / 64]; /* of the others */
};

static void
add_ports(const struct judge *j, struct ports *ports, const struct pair *p)
{
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		unsigned port = j->w.link[i].edge->key.port;
		int k = admin_port(port);

		if (k >= 0) {
			ports->admin |= UINT32_C(1) << k;
		} else if (!bits_get(ports->seen, port)) {
			bits_set(ports->seen, port);
			ports->others++;
			ports->other = port;
		}
	}
}

/* "SSH, SMB and RDP", "SMB and 2 other ports", "port 8080" */
static void
put_ports(struct buf *b, const struct ports *p)
{
	unsigned n = 0, all = p->others > 0, left;

	for (int k = 0; k < ADMIN_PORTS; k++)
		all += p->admin >> k & 1;
	for (int k = 0; k < ADMIN_PORTS && n < PORTS_NAMED; k++) {
		if (!(p->admin >> k & 1))
			continue;
		buf_puts(b, n == 0 ? "" : n + 1 == all ? " and " : ", ");
		buf_puts(b, admin_ports[k].name);
		n++;
	}
	left = p->others + all - n - (p->others > 0);
	if (left == 0)
		return;
	buf_puts(b, n > 0 ? " and " : "");
	if (left > 1)
		buf_printf(b, "%u %sports", left, n > 0 ? "other " : "");
	else if (p->others == 1)
		buf_printf(b, "port %u", p->other);
	else
		buf_puts(b, "another");
}

static void
put_pair_ports(struct judge *j, const struct pair *p)
{
	struct ports ports = { 0 };

	add_ports(j, &ports, p);
	put_ports(&j->reason, &ports);
}

static const struct addr *
client_of(const struct judge *j, const struct pair *p)
{
	return &weigh_place(&j->w, p->client)->addr;
}

static const struct addr *
server_of(const struct judge *j, const struct pair *p)
{
	return &weigh_place(&j->w, p->server)->addr;
}

/* For how long it did not happen: days where they are a few. */
static void
put_first_time(struct judge *j, int64_t first_ns)
{
	int64_t known_ns = first_ns - edges_known_from(j->edges);

	if (known_ns <= 0)
		return;
	buf_puts(&j->reason, ", first time in ");
	if (known_ns >= 48 * NS_PER_HOUR)
		buf_printf(&j->reason, "%lld days", (long long)(known_ns / (24 * NS_PER_HOUR)));
	else
		reason_duration(&j->reason, known_ns);
}

static void
put_limits(struct judge *j)
{
	const struct baseline *b = j->baseline;

	if (b == NULL)
		buf_puts(
		    &j->hidden, j->edges->has_state
				    ? "no baseline: habit is what the state has seen"
				    : "no baseline: what was habit before this input is not known");
	else if (baseline_young(b, &b->network.seen))
		buf_printf(
		    &j->hidden, "the baseline knows less than %d days", BASELINE_NORMAL_DAYS);
	if (!sampled_any(&j->edges->sampled))
		return;
	if (j->hidden.len > 0)
		buf_puts(&j->hidden, "; ");
	sampled_limits(&j->hidden, &j->edges->sampled,
	    "short sessions are not seen, and that one was answered is a guess");
}

/* Numbers ------------------------------------------------------------------------------------------ */

static void
why_of(struct judge *j, const char *key, unsigned step, double v)
{
	char name[32];
	size_t n = 0;

	while (key[n] != '\0') {
		name[n] = key[n];
		n++;
	}
	if (step > 0)
		n += fmt_u64(name + n, step);
	name[n] = '\0';
	why_number(&j->why, name, v);
}

/* What made a pair's score; step: its number on a path, 0 for one alone. */
static void
put_pair_why(struct judge *j, const struct pair *p, unsigned step)
{
	why_of(j, "admin", step, p->admin);
	why_of(j, "new", step, p->fresh);
	why_of(j, "peer", step, p->peer);
	why_of(j, "ports", step, p->ports);
	why_of(j, "moved", step, p->moved);
	why_of(j, "others", step, j->w.link[p->main].others);
	why_of(j, "targets", step, p->targets);
	if (step > 0)
		why_of(j, "score", step, p->score);
}

static void
put_attack(struct judge *j, const char *id)
{
	/* T1021 is in T1021.002. */
	if (strstr(buf_cstr(&j->attack), id) != NULL)
		return;
	if (j->attack.len > 0)
		buf_putc(&j->attack, ',');
	buf_puts(&j->attack, id);
}

static bool
carries_files(unsigned port)
{
	static const unsigned file_ports[FILE_PORTS] = { 22, 139, 445 };

	for (unsigned i = 0; i < FILE_PORTS; i++)
		if (file_ports[i] == port)
			return true;
	return false;
}

static void
put_pair_attack(struct judge *j, const struct pair *p)
{
	for (uint32_t i = p->first; i < p->first + p->n; i++) {
		const struct edge *e = j->w.link[i].edge;
		int k = admin_port(e->key.port);

		put_attack(j, k >= 0 ? admin_ports[k].attack : "T1210");
		if (e->bytes >= MOVED_OCTETS && carries_files(e->key.port))
			put_attack(j, "T1570");
	}
}

/* Alerts ------------------------------------------------------------------------------------------- */

static void
tell_pair(struct judge *j, struct alert *a, const struct pair *p)
{
	if (a->flows == NOT_COUNTED) {
		a->start_ns = p->first_ns;
		a->flows = a->packets = a->bytes = a->rpackets = a->rbytes = 0;
	}
	if (p->first_ns < a->start_ns)
		a->start_ns = p->first_ns;
	if (p->last_ns > a->end_ns)
		a->end_ns = p->last_ns;
	sum_up(&a->flows, p->flows);
	sum_up(&a->packets, p->packets);
	sum_up(&a->bytes, p->bytes);
	sum_up(&a->rpackets, p->rpackets);
	sum_up(&a->rbytes, p->rbytes);
	if (p->sampling > a->sampling)
		a->sampling = p->sampling;
	put_pair_attack(j, p);
	for (uint32_t i = p->first; i < p->first + p->n; i++)
		j->w.link[i].edge->told = true;
}

static void
put_alert(struct judge *j, struct alert *a, const char *kind, double score)
{
	put_limits(j);
	a->detector = "lateral";
	a->kind = kind;
	a->score = score;
	a->reason = buf_cstr(&j->reason);
	a->why = buf_cstr(&j->why);
	a->attack = text_or_null(&j->attack);
	a->limits = text_or_null(&j->hidden);
	a->proto = IP_TCP;
	alerts_put(j->alerts, a);
}

void
report_pair(struct judge *j, struct pair *p)
{
	struct alert a = ALERT_NONE;
	uint32_t others = j->w.link[p->main].others;

	if (p->told)
		return;
	begin_words(j);
	reason_addr(&j->reason, client_of(j, p));
	buf_puts(&j->reason, " reached ");
	reason_addr(&j->reason, server_of(j, p));
	buf_puts(&j->reason, " by ");
	put_pair_ports(j, p);
	put_first_time(j, p->first_ns);
	if (p->peer)
		buf_puts(&j->reason, "; neither is a server");
	else if (others == 0)
		buf_puts(&j->reason, "; nobody else does");
	else
		buf_printf(&j->reason, "; %u other%s", others, others == 1 ? " does" : "s do");
	if (p->moved) {
		buf_puts(&j->reason, "; ");
		j->reason.len += fmt_scaled(buf_room(&j->reason, FMT_MAX), (double)p->bytes);
		buf_puts(&j->reason, "B sent there");
	}
	put_pair_why(j, p, 0);
	a.src = client_of(j, p);
	a.dst = server_of(j, p);
	a.dstport = j->w.link[p->main].edge->key.port;
	tell_pair(j, &a, p);
	put_alert(j, &a, p->admin ? "admin" : "peer", p->score);
}

/* Fans --------------------------------------------------------------------------------------------- */

static size_t
count_told(const struct step *const *step, size_t n)
{
	size_t told = 0;

	for (size_t i = 0; i < n; i++)
		told += step[i]->pair->told;
	return told;
}

/* The first of those that were not told before. */
static void
put_hosts(struct judge *j, const struct step *const *step, size_t n)
{
	size_t named = 0;

	for (size_t i = 0; i < n && named < HOSTS_NAMED; i++) {
		if (step[i]->pair->told)
			continue;
		buf_puts(&j->reason, named++ == 0 ? ": " : ", ");
		reason_addr(&j->reason, server_of(j, step[i]->pair));
	}
	if (n > named)
		buf_printf(&j->reason, " and %zu more", n - named);
}

void
report_fan(struct judge *j, const struct step *const *step, size_t n)
{
	const struct pair *first = step[0]->pair, *last = step[n - 1]->pair;
	struct alert a = ALERT_NONE;
	struct ports ports = { 0 };
	double mean = 0;

	if (!judge_news(n, count_told(step, n)))
		return;
	begin_words(j);
	for (size_t i = 0; i < n; i++) {
		add_ports(j, &ports, step[i]->pair);
		mean += step[i]->pair->score / (double)n;
		tell_pair(j, &a, step[i]->pair);
	}
	reason_addr(&j->reason, client_of(j, first));
	buf_printf(&j->reason, " reached %zu hosts by ", n);
	put_ports(&j->reason, &ports);
	buf_puts(&j->reason, " within ");
	reason_duration(&j->reason, last->first_ns - first->first_ns);
	put_first_time(j, first->first_ns);
	put_hosts(j, step, n);
	why_count(&j->why, "hosts", n);
	why_number(&j->why, "mean", mean);
	why_duration(&j->why, "within", last->first_ns - first->first_ns);
	a.src = client_of(j, first);
	put_alert(j, &a, "fan", 1 - (1 - mean) * 5 / (5 + (double)n));
}

/* Paths -------------------------------------------------------------------------------------------- */

static void
put_hop(struct judge *j, const struct pair *p, const struct pair *before)
{
	if (before == NULL) {
		reason_addr(&j->reason, client_of(j, p));
	} else {
		buf_puts(&j->reason, ", ");
		reason_duration(&j->reason, p->first_ns - before->first_ns);
		buf_puts(&j->reason, " later");
	}
	buf_puts(&j->reason, " -> ");
	reason_addr(&j->reason, server_of(j, p));
	buf_puts(&j->reason, " by ");
	put_pair_ports(j, p);
}

void
report_trail(struct judge *j, const struct trail *t)
{
	const struct step *last = &j->step[t->last], *path[PATH_MOST] = { last };
	unsigned n = last->depth;
	struct alert a = ALERT_NONE;

	begin_words(j);
	for (unsigned i = n; i-- > 0;) {
		path[i] = last;
		if (last->before != 0)
			last = &j->step[last->before - 1];
	}
	for (unsigned i = 0; i < n; i++) {
		put_hop(j, path[i]->pair, i > 0 ? path[i - 1]->pair : NULL);
		put_pair_why(j, path[i]->pair, i + 1);
		tell_pair(j, &a, path[i]->pair);
	}
	put_first_time(j, path[0]->pair->first_ns);
	if (t->hosts > n)
		buf_printf(&j->reason, "; %u hosts in all", t->hosts);
	why_count(&j->why, "steps", n);
	why_count(&j->why, "hosts", t->hosts);
	a.src = client_of(j, path[0]->pair);
	a.dst = server_of(j, path[n - 1]->pair);
	a.dstport = j->w.link[path[n - 1]->pair->main].edge->key.port;
	put_alert(j, &a, "path", 1 - path[n - 1]->miss);
}
