#include "state.h"

#include "detect/members.h"
#include "io/keep.h"

enum { STATE_VERSION = 1 };

/* What a record of the file is: the column `state`.  The numbers are in files. */
enum state_kind {
	STATE_HEAD,
	STATE_SOURCE,
	STATE_CONTACT,
	STATE_LINE,
	STATE_TARGET,
	STATE_VICTIM,
	STATE_KINDS
};

#define BURST(S, M) \
	LATER(MEMBER_NUMBER, S, M.first_ns), LATER(MEMBER_NUMBER, S, M.last_ns), \
	    LATER(MEMBER_NUMBER, S, M.failed), LATER(MEMBER_NUMBER, S, M.tried)
#define BURSTS(S, M) BURST(S, M.now), BURST(S, M.most)
#define WALK(S) \
	NUMBER(S, walk.peak_ns), NUMBER(S, walk.failed), NUMBER(S, walk.tried), \
	    NUMBER(S, walk.at), NUMBER(S, walk.peak), NUMBER(S, walk.best_failed), \
	    NUMBER(S, walk.best_tried), NUMBER(S, walk.window), NUMBER(S, walk.now_failed), \
	    NUMBER(S, walk.now_tried), BURSTS(S, walk.bursts)

struct head {
	uint64_t version, window_ns, udp, udp_answered, tcp_flagless, tcp_flagless_answered;
	uint64_t ported, portless;
};
static const struct member head_members[] = { NUMBER(head, version), NUMBER(head, window_ns),
	NUMBER(head, udp), NUMBER(head, udp_answered), NUMBER(head, tcp_flagless),
	NUMBER(head, tcp_flagless_answered), LATER(MEMBER_NUMBER, head, ported),
	LATER(MEMBER_NUMBER, head, portless), { 0 } };
static const struct member source_members[] = { OCTETS(source, first_dst), NUMBER(source, first_ns),
	NUMBER(source, last_ns), NUMBER(source, flows), NUMBER(source, packets),
	NUMBER(source, bytes), NUMBER(source, rpackets), NUMBER(source, rbytes), WALK(source),
	NUMBER(source, refused), NUMBER(source, opened), NUMBER(source, sampling),
	NUMBER(source, told), LATER(MEMBER_NUMBER, source, told_ns), NUMBER(source, first_port),
	NUMBER(source, first_proto), FLAG(source, promoted), { 0 } };
/* A contact with members that have addresses. */
struct contact_kept {
	uint32_t window;
	uint8_t bad;
};
static const struct member contact_members[] = { NUMBER(contact_kept, window),
	FLAG(contact_kept, bad), { 0 } };
static const struct member line_members[] = { NUMBER(line, first_ns), NUMBER(line, last_ns),
	WALK(line), LATER(MEMBER_NUMBER, line, ported), { 0 } };
static const struct member target_members[] = { NUMBER(target, first_ns), NUMBER(target, last_ns),
	NUMBER(target, flows), NUMBER(target, packets), NUMBER(target, bytes),
	OCTETS(target, ports), NUMBER(target, sources), NUMBER(target, failed),
	NUMBER(target, external), NUMBER(target, votes), NUMBER(target, on_port),
	NUMBER(target, sampling), NUMBER(target, told), NUMBER(target, minute),
	NUMBER(target, now_minute), NUMBER(target, last_minute), NUMBER(target, most_minute),
	NUMBER(target, port), LATER(MEMBER_NUMBER, target, proto),
	LATER(MEMBER_NUMBER, target, ported), LATER(MEMBER_NUMBER, target, told_ns),
	BURSTS(target, bursts), { 0 } };
static const struct member victim_members[] = { NUMBER(victim, first_ns), NUMBER(victim, last_ns),
	NUMBER(victim, flows), NUMBER(victim, packets), NUMBER(victim, bytes),
	OCTETS(victim, clients), NUMBER(victim, port), { 0 } };
static const struct member *const members[STATE_KINDS] = { head_members, source_members,
	contact_members, line_members, target_members, victim_members };

/* Writing ------------------------------------------------------------------------------------------ */

static void
put_contact(struct batch *b, const struct members_at *at, size_t rec, const struct contact *c)
{
	const struct contact_kept kept = { c->window, c->bad };

	members_put(b, at, rec, contact_members, &kept);
}

/* A row of a table, its key in the columns that flows have. */
static void
put_row(struct batch *b, const struct members_at *at, size_t rec, const struct evidence *e,
    enum state_kind kind, const struct table *t, uint32_t row)
{
	const struct addr *address = (const struct addr *)(const void *)table_row(t, row);
	const struct spot *spot = evidence_spot(t, row);

	members_put_kind(b, rec, kind);
	switch (kind) {
	case STATE_CONTACT:
	case STATE_LINE:
		member_put_ip(b, rec, 8,
		    (const struct addr *)(const void *)table_row(&e->sources, spot->source));
		member_put_number(b, rec, field_iana(4), 1, spot->proto);
		if (spot->kind != LINE_HOST)
			member_put_number(b, rec, field_iana(11), 2, spot->port);
		if (spot->kind != LINE_PORT)
			member_put_ip(b, rec, 12, &spot->dst);
		break;
	case STATE_TARGET: member_put_ip(b, rec, 12, address); break;
	default: member_put_ip(b, rec, 8, address);
	}
	if (kind == STATE_CONTACT)
		put_contact(b, at, rec, evidence_contact(e, row));
	else
		members_put(b, at, rec, members[kind], table_slots(t, row));
}

static int
write_table(struct io_sink *sink, const struct evidence *e, enum state_kind kind,
    const struct table *t, struct err *err)
{
	struct batch *b = batch_new();
	int rc = 0;

	for (size_t first = 0; first < t->n_rows && rc >= 0; first += b->n) {
		size_t n = t->n_rows - first < BATCH_RECORDS ? t->n_rows - first : BATCH_RECORDS;

		struct members_at at;

		batch_reset(b);
		batch_extend(b, n);
		at = members_make(b, members[kind]);
		for (size_t i = 0; i < n; i++)
			put_row(b, &at, i, e, kind, t, (uint32_t)(first + i));
		batch_close(b);
		rc = io_sink_batch(sink, b, err);
	}
	batch_free(b);
	return rc < 0 ? -1 : 0;
}

static int
write_head(struct io_sink *sink, const struct evidence *e, struct err *err)
{
	const struct head head = { STATE_VERSION, (uint64_t)e->window_ns, e->udp, e->udp_answered,
		e->tcp_flagless, e->tcp_flagless_answered, e->ported, e->portless };
	struct batch *b = batch_new();
	struct members_at at;
	int rc;

	batch_extend(b, 1);
	at = members_make(b, head_members);
	members_put_kind(b, 0, STATE_HEAD);
	members_put(b, &at, 0, head_members, &head);
	batch_close(b);
	rc = io_sink_batch(sink, b, err);
	batch_free(b);
	return rc < 0 ? -1 : 0;
}

static int
write_tables(void *ctx, struct io_sink *sink, struct err *err)
{
	const struct evidence *e = ctx;
	const struct table *tables[STATE_KINDS] = { [STATE_SOURCE] = &e->sources,
		[STATE_CONTACT] = &e->contacts,
		[STATE_LINE] = &e->lines,
		[STATE_TARGET] = &e->targets,
		[STATE_VICTIM] = &e->victims };
	int rc = write_head(sink, e, err);

	for (enum state_kind kind = STATE_SOURCE; kind < STATE_KINDS && rc == 0; kind++)
		rc = write_table(sink, e, kind, tables[kind], err);
	return rc;
}

int
state_write(struct evidence *e, const char *path, char *const *argv, struct err *err)
{
	return io_keep_write(path, argv, write_tables, e, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct evidence *e;
	struct member_walk at;
};

/* Numbers that something is computed of are what they can be. */
static bool
burst_sane(const struct burst *b)
{
	return b->first_ns >= 0 && b->first_ns <= b->last_ns && b->failed <= b->tried;
}

static bool
bursts_sane(const struct bursts *b)
{
	return burst_sane(&b->now) && burst_sane(&b->most);
}

static bool
walk_sane(const struct walk *w)
{
	return bursts_sane(&w->bursts) && w->at >= 0 && w->at <= w->peak &&
	       w->peak <= WALK_STEPS_MOST && w->failed <= w->tried &&
	       w->best_failed <= w->best_tried;
}

static bool
read_contact(struct reading *r, struct contact *c)
{
	struct contact_kept kept;

	if (!members_here(&r->at, &kept))
		return false;
	contact_tried(c, kept.window);
	c->bad = kept.bad != 0;
	return true;
}

static bool
read_spot(struct reading *r, enum state_kind kind)
{
	struct evidence *e = r->e;
	bool line = kind == STATE_LINE, has_port, has_dst;
	struct table *t = line ? &e->lines : &e->contacts;
	struct spot spot = { 0 };
	uint64_t proto, port = 0;
	struct addr src;
	uint32_t row;

	has_port = member_get_number(r->at.b, r->at.rec, field_iana(11), &port);
	has_dst = member_get_ip(r->at.b, r->at.rec, 12, &spot.dst);
	if (!member_get_ip(r->at.b, r->at.rec, 8, &src) ||
	    !member_get_number(r->at.b, r->at.rec, field_iana(4), &proto) ||
	    (line ? has_port == has_dst : !has_port || !has_dst))
		return false;
	table_seek(&e->sources, &src, 1, &spot.source);
	if (spot.source == TABLE_NONE)
		return false;
	spot.port = has_port ? (uint16_t)port : 0;
	spot.proto = (uint8_t)proto;
	spot.kind = !line ? 0 : has_dst ? LINE_HOST : LINE_PORT;
	table_find(t, &spot, 1, &row);
	if (!line)
		return read_contact(r, evidence_contact(e, row));
	return members_here(&r->at, table_slots(t, row)) && walk_sane(&evidence_line(e, row)->walk);
}

static bool
read_address(struct reading *r, struct table *t, enum state_kind kind)
{
	struct addr a;
	uint32_t row;

	if (!member_get_ip(r->at.b, r->at.rec, kind == STATE_TARGET ? 12 : 8, &a))
		return false;
	table_find(t, &a, 1, &row);
	if (!members_here(&r->at, table_slots(t, row)))
		return false;
	switch (kind) {
	case STATE_SOURCE: return walk_sane(&evidence_source(r->e, row)->walk);
	case STATE_TARGET: return bursts_sane(&evidence_target(r->e, row)->bursts);
	default: return true;
	}
}

static bool
read_head(struct reading *r, struct err *err)
{
	struct head head = { 0 };

	if (!members_here(&r->at, &head))
		return false;
	if (head.version != STATE_VERSION) {
		err_set(err, "of version %llu; this program knows %d",
		    (unsigned long long)head.version, STATE_VERSION);
		return false;
	}
	if (head.window_ns != (uint64_t)r->e->window_ns) {
		err_set(err, "made with --window %llus, not %llus",
		    (unsigned long long)(head.window_ns / (uint64_t)NS_PER_S),
		    (unsigned long long)(r->e->window_ns / NS_PER_S));
		return false;
	}
	r->e->udp = head.udp;
	r->e->udp_answered = head.udp_answered;
	r->e->tcp_flagless = head.tcp_flagless;
	r->e->tcp_flagless_answered = head.tcp_flagless_answered;
	r->e->ported = head.ported;
	r->e->portless = head.portless;
	return true;
}

static bool
read_record(void *ctx, struct err *err)
{
	struct reading *r = ctx;
	struct evidence *e = r->e;

	switch (r->at.kind) {
	case STATE_HEAD: return read_head(r, err);
	case STATE_SOURCE: return read_address(r, &e->sources, STATE_SOURCE);
	case STATE_CONTACT:
	case STATE_LINE: return read_spot(r, (enum state_kind)r->at.kind);
	case STATE_TARGET: return read_address(r, &e->targets, STATE_TARGET);
	case STATE_VICTIM: return read_address(r, &e->victims, STATE_VICTIM);
	default: return false;
	}
}

int
state_read(struct evidence *e, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .e = e,
		.at = { .what = "state of flowscan",
		    .kinds = members,
		    .n = STATE_KINDS,
		    .read = read_record,
		    .ctx = &r } };

	return io_keep_read(path, r.at.what, members_take, &r.at, &r.at.begun, warn, err);
}
