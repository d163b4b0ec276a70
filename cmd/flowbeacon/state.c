#include "state.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "detect/members.h"
#include "io/keep.h"

enum { STATE_VERSION = 1, BATCH_MEMORY = 1 << 25, SEVERITIES = 4 };

/* What a record of the file is: the column `state`.  The numbers are in files. */
enum state_kind { STATE_HEAD, STATE_PAIR, STATE_CONTACT, STATE_OPEN, STATE_KINDS };

/* clock_ns: of the conversations, INT64_MIN before there was a time. */
struct head {
	uint64_t beacon_version, window_ns, internal, method, direction, starts;
	int64_t clock_ns;
};

#define BOTH(S, M) NUMBER(S, M[0]), NUMBER(S, M[1])
static const struct member head_members[] = { NUMBER(head, beacon_version), NUMBER(head, window_ns),
	NUMBER(head, internal), NUMBER(head, method), NUMBER(head, direction), NUMBER(head, starts),
	NUMBER(head, clock_ns), { 0 } };
static const struct member pair_members[] = { IP(pair, client, 8), IP(pair, server, 12),
	STANDARD(pair, port, 11), STANDARD(pair, proto, 4), NUMBER(pair, hours),
	LATER(MEMBER_OCTETS, pair, hour_s), NUMBER(pair, sampling), NUMBER(pair, longest_s),
	NUMBER(pair, first_ns), NUMBER(pair, last_ns), NUMBER(pair, end_ns),
	NUMBER(pair, conversations), NUMBER(pair, answered), NUMBER(pair, packets),
	NUMBER(pair, bytes), NUMBER(pair, rpackets), NUMBER(pair, rbytes),
	NUMBER(pair, connected_ns), NUMBER(pair, told), NUMBER(pair, beats.window_ms),
	NUMBER(pair, beats.stride), NUMBER(pair, beats.base_ns), NUMBER(pair, beats.far), { 0 } };
static const struct member contact_members[] = { IP(contact, host, 8), IP(contact, to, 12),
	NUMBER(contact, last_s), { 0 } };
static const struct member open_members[] = { IP(conversation_row, ends.ip[0], 8),
	IP(conversation_row, ends.ip[1], 12), STANDARD(conversation_row, ends.port[0], 7),
	STANDARD(conversation_row, ends.port[1], 11), NUMBER(conversation_row, ends.proto),
	NUMBER(conversation_row, start_ns), NUMBER(conversation_row, end_ns),
	BOTH(conversation_row, first_ns), BOTH(conversation_row, packets),
	BOTH(conversation_row, bytes), BOTH(conversation_row, flows),
	NUMBER(conversation_row, sampling), BOTH(conversation_row, flags),
	BOTH(conversation_row, icmp), NUMBER(conversation_row, votes),
	NUMBER(conversation_row, has_flags), { 0 } };
static const struct member *const members[STATE_KINDS] = { head_members, pair_members,
	contact_members, open_members };

/* A pair's beats, as they are in memory: ms and octets, 4 octets each. */
static const char beats_name[] = "beats";

static struct head
head_of(const struct state *s)
{
	return (struct head){ .beacon_version = STATE_VERSION,
		.window_ns = (uint64_t)s->window_ns,
		.internal = hash_xxh64(s->internal, strlen(s->internal)),
		.method = s->method,
		.direction = s->direction,
		.starts = s->starts,
		.clock_ns = conversations_clock(s->conversations) };
}

/* Writing ------------------------------------------------------------------------------------------ */

struct writing {
	struct io_sink *sink;
	struct batch *b;
	enum state_kind kind;
	struct members_at at;
	int rc;
	struct err *err;
};

static void
flush(struct writing *w)
{
	if (w->b->n == 0)
		return;
	batch_close(w->b);
	if (w->rc >= 0)
		w->rc = io_sink_batch(w->sink, w->b, w->err);
	batch_reset(w->b);
}

static void
begin_kind(struct writing *w, enum state_kind kind)
{
	flush(w);
	w->kind = kind;
}

static size_t
put(struct writing *w, const void *thing)
{
	size_t rec;

	if (w->b->n == BATCH_RECORDS || batch_octets(w->b) > BATCH_MEMORY)
		flush(w);
	rec = batch_extend(w->b, 1);
	if (rec == 0)
		w->at = members_make(w->b, members[w->kind]);
	members_put_kind(w->b, rec, w->kind);
	members_put(w->b, &w->at, rec, members[w->kind], thing);
	return rec;
}

static void
put_pair(struct writing *w, const struct pair *k)
{
	struct field_id id = member_named(beats_name);
	size_t rec = put(w, k);

	batch_put_octets(w->b, (unsigned)batch_column(w->b, &id, TYPE_BYTES, 0, 0), rec,
	    k->beats.n > 0 ? k->beats.beat : (const void *)"", k->beats.n * sizeof(struct beat));
}

static void
put_open(void *ctx, const struct conversation_row *row)
{
	(void)put(ctx, row);
}

static int
write_all(void *ctx, struct io_sink *sink, struct err *err)
{
	const struct state *s = ctx;
	const struct head head = head_of(s);
	struct writing w = { .sink = sink, .b = batch_new(), .err = err };

	begin_kind(&w, STATE_HEAD);
	(void)put(&w, &head);
	begin_kind(&w, STATE_PAIR);
	for (size_t i = 0; i < pairs_counts(s->pairs).pairs; i++)
		put_pair(&w, pairs_at(s->pairs, i));
	begin_kind(&w, STATE_CONTACT);
	for (size_t i = 0; i < s->contacts->all.n; i++)
		(void)put(&w, keyed_at(&s->contacts->all, i));
	begin_kind(&w, STATE_OPEN);
	conversations_open(s->conversations, put_open, &w);
	flush(&w);
	batch_free(w.b);
	return w.rc < 0 ? -1 : 0;
}

int
state_write(struct state *s, const char *path, char *const *argv, struct err *err)
{
	return io_keep_write(path, argv, write_all, s, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct state *state;
	struct member_walk at;
};

static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= INT64_MAX / 2;
}

/* What differs from how this run is asked to work. */
static void
compare(const struct head *head, const struct head *ours, struct err *err)
{
	if (head->beacon_version != STATE_VERSION)
		err_set(err, "of version %llu; this program knows %d",
		    (unsigned long long)head->beacon_version, STATE_VERSION);
	else if (head->window_ns != ours->window_ns)
		err_set(err, "made with --window %llus, not %llus",
		    (unsigned long long)(head->window_ns / (uint64_t)NS_PER_S),
		    (unsigned long long)(ours->window_ns / (uint64_t)NS_PER_S));
	else if (head->internal != ours->internal)
		err_set(err, "made with another --internal");
	else if (head->method != ours->method)
		err_set(err, "made with another --method");
	else if (head->direction != ours->direction)
		err_set(err, "made with another --direction");
	else if (head->starts != ours->starts)
		err_set(err, "made with --starts %llu, not %llu", (unsigned long long)head->starts,
		    (unsigned long long)ours->starts);
}

static bool
read_head(struct reading *r, struct err *err)
{
	struct head head = { 0 }, ours = head_of(r->state);

	if (!members_here(&r->at, &head))
		return false;
	compare(&head, &ours, err);
	if (err->status != 0 || (head.clock_ns != INT64_MIN && !is_time(head.clock_ns)))
		return false;
	if (head.clock_ns != INT64_MIN)
		conversations_set_clock(r->state->conversations, head.clock_ns);
	return true;
}

/* Numbers that something is computed of are what they can be. */
static bool
is_sane(const struct pair *k)
{
	const struct beats *b = &k->beats;

	return is_time(k->first_ns) && is_time(k->last_ns) && is_time(k->end_ns) &&
	       k->first_ns <= k->last_ns && k->first_ns <= k->end_ns && k->connected_ns >= 0 &&
	       k->hours >> 24 == 0 && k->sampling > 0 && k->told <= SEVERITIES &&
	       k->answered <= k->conversations && b->base_ns >= -BEATS_BEFORE_NS &&
	       b->base_ns <= INT64_MAX / 2 && b->base_ns % NS_PER_S == 0 &&
	       b->window_ms % 1000 == 0 && (b->window_ms == 0 || b->stride > 0);
}

static bool
read_beats(const struct reading *r, struct beats *b)
{
	const uint8_t *octets;
	size_t n;

	if (!member_get_octets(r->at.b, r->at.rec, member_named(beats_name), &octets, &n) ||
	    n % sizeof(struct beat) != 0 || n / sizeof(struct beat) > r->state->starts)
		return false;
	b->n = (uint32_t)(n / sizeof(struct beat));
	if (b->n == 0)
		return true;
	for (b->cap = BEATS_FIRST; b->cap < b->n;)
		b->cap *= 2;
	b->beat = mem_resize(NULL, b->cap, sizeof(*b->beat));
	memcpy(b->beat, octets, n);
	return true;
}

static bool
has_hours(const struct pair *k)
{
	uint32_t any = 0;

	for (unsigned i = 0; i < PAIR_HOURS; i++)
		any |= k->hour_s[i];
	return any != 0;
}

static bool
read_pair(const struct reading *r)
{
	struct pair k = { 0 };

	if (!members_here(&r->at, &k) || !is_sane(&k) || !read_beats(r, &k.beats))
		return false;
	if (!has_hours(&k))
		pairs_guess_hours(&k);
	if (pairs_restore(r->state->pairs, &k))
		return true;
	beats_free(&k.beats);
	return false;
}

static bool
read_contact(const struct reading *r)
{
	struct keyed *all = &r->state->contacts->all;
	struct contact contact = { 0 };
	size_t n = all->n, at;

	if (!members_here(&r->at, &contact))
		return false;
	at = keyed_add(all, &contact);
	if (at != n || all->n != n + 1)
		return false;
	*(struct contact *)keyed_at(all, at) = contact;
	return true;
}

static bool
read_record(void *ctx, struct err *err)
{
	struct reading *r = ctx;
	struct conversation_row row = { 0 };

	switch (r->at.kind) {
	case STATE_HEAD: return read_head(r, err);
	case STATE_PAIR: return read_pair(r);
	case STATE_CONTACT: return read_contact(r);
	case STATE_OPEN:
		return members_here(&r->at, &row) &&
		       conversations_resume(r->state->conversations, &row);
	default: return false;
	}
}

int
state_read(struct state *s, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .state = s,
		.at = { .what = "state of flowbeacon",
		    .kinds = members,
		    .n = STATE_KINDS,
		    .read = read_record,
		    .ctx = &r } };

	return io_keep_read(path, r.at.what, members_take, &r.at, &r.at.begun, warn, err);
}
