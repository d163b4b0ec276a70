#include "state.h"

#include "base/hash.h"
#include "base/sum.h"
#include "detect/members.h"
#include "io/keep.h"

/* 2: octets of hours are multiplied by the sampling of their records; in 1 they were as exporters count. */
enum { STATE_VERSION = 2 };

/* What a record of the file is: the column `state`.  The numbers are in files. */
enum state_kind { STATE_HEAD, STATE_PAIR, STATE_HOUR, STATE_RESOLVER, STATE_TOLD, STATE_KINDS };

/* internal: a hash of the text that says which networks are ours. */
struct head {
	uint64_t exfil_version, window_ns, internal, sampling_least, sampling_greatest;
};

/* Of an hour what is judged. */
struct hour {
	struct addr host;
	uint32_t hour;
	uint64_t out, in;
};

static const struct member head_members[] = { NUMBER(head, exfil_version), NUMBER(head, window_ns),
	NUMBER(head, internal), NUMBER(head, sampling_least), NUMBER(head, sampling_greatest),
	{ 0 } };
static const struct member pair_members[] = { IP(pair, key.host, 8), IP(pair, key.dst, 12),
	NUMBER(pair, key.channel), NUMBER(pair, window_ns), NUMBER(pair, start_ns),
	NUMBER(pair, end_ns), NUMBER(pair, out), NUMBER(pair, in), NUMBER(pair, packets),
	NUMBER(pair, rpackets), NUMBER(pair, flows), NUMBER(pair, largest), NUMBER(pair, told),
	NUMBER(pair, sampling), STANDARD(pair, port, 11), STANDARD(pair, proto, 4), { 0 } };
static const struct member hour_members[] = { IP(hour, host, 8), NUMBER(hour, hour),
	NUMBER(hour, out), NUMBER(hour, in), { 0 } };
static const struct member resolver_members[] = { IP(resolver, addr, 12), { 0 } };
static const struct member told_members[] = { IP(told, key.addr, 8), NUMBER(told, key.hour),
	NUMBER(told, out), { 0 } };
static const struct member *const members[STATE_KINDS] = { head_members, pair_members, hour_members,
	resolver_members, told_members };

static struct head
head_of(const struct judge *j)
{
	const char *internal = j->scope->internal_text;

	return (struct head){ .exfil_version = STATE_VERSION,
		.window_ns = (uint64_t)j->traffic->window_ns,
		.internal = hash_xxh64(internal, strlen(internal)),
		.sampling_least = j->traffic->sampled.least,
		.sampling_greatest = j->traffic->sampled.greatest };
}

/* Writing ------------------------------------------------------------------------------------------ */

static int
write_kind(struct io_sink *sink, enum state_kind kind, const struct keyed *things, struct err *err)
{
	struct batch *b = batch_new();
	int rc = 0;

	for (size_t first = 0; first < things->n && rc >= 0; first += b->n) {
		size_t n = things->n - first < BATCH_RECORDS ? things->n - first : BATCH_RECORDS;
		struct members_at at;

		batch_reset(b);
		batch_extend(b, n);
		at = members_make(b, members[kind]);
		for (size_t i = 0; i < n; i++) {
			const void *thing = keyed_at(things, first + i);
			const struct hourly_row *r = thing;
			struct hour h;

			if (kind == STATE_HOUR) {
				h = (struct hour){ r->key.addr, r->key.hour, r->v[METRIC_OUT],
					r->v[METRIC_IN] };
				thing = &h;
			}
			members_put_kind(b, i, kind);
			members_put(b, &at, i, members[kind], thing);
		}
		batch_close(b);
		rc = io_sink_batch(sink, b, err);
	}
	batch_free(b);
	return rc < 0 ? -1 : 0;
}

static int
write_all(void *ctx, struct io_sink *sink, struct err *err)
{
	const struct judge *j = ctx;
	struct head head = head_of(j);
	const struct keyed one = { .at = (uint8_t *)&head, .n = 1, .stride = sizeof(head) };
	const struct keyed *const things[STATE_KINDS] = { &one, &j->traffic->pairs,
		&j->traffic->hourly.rows, &j->traffic->resolvers, &j->told };
	int rc = 0;

	for (enum state_kind kind = STATE_HEAD; kind < STATE_KINDS && rc == 0; kind++)
		rc = write_kind(sink, kind, things[kind], err);
	return rc;
}

int
state_write(struct judge *j, const char *path, char *const *argv, struct err *err)
{
	return io_keep_write(path, argv, write_all, j, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct judge *judge;
	struct member_walk at;
	uint32_t scale; /* of octets of hours */
};

/* Times and hours are what records can have: sums and differences of them are some still. */
static bool
is_time(int64_t ns)
{
	return ns >= 0 && ns <= INT64_MAX / 2;
}

static bool
is_hour(uint32_t hour)
{
	return hour <= INT64_MAX / 2 / NS_PER_HOUR;
}

static bool
read_head(struct reading *r, struct err *err)
{
	struct traffic *t = r->judge->traffic;
	struct head head = { 0 }, ours = head_of(r->judge);

	if (!members_here(&r->at, &head))
		return false;
	if (head.exfil_version < 1 || head.exfil_version > STATE_VERSION)
		err_set(err, "of version %llu; this program knows %d",
		    (unsigned long long)head.exfil_version, STATE_VERSION);
	else if (head.window_ns != ours.window_ns)
		err_set(err, "made with --window %llus, not %llus",
		    (unsigned long long)(head.window_ns / (uint64_t)NS_PER_S),
		    (unsigned long long)(ours.window_ns / (uint64_t)NS_PER_S));
	else if (head.internal != ours.internal)
		err_set(err, "made with another --internal");
	if (err->status != 0 || head.sampling_least > UINT32_MAX ||
	    head.sampling_greatest > UINT32_MAX || head.sampling_least > head.sampling_greatest)
		return false;
	t->sampled.least = (uint32_t)head.sampling_least;
	t->sampled.greatest = (uint32_t)head.sampling_greatest;
	r->scale = head.exfil_version == 1 && t->sampled.greatest > 1 ? t->sampled.greatest : 1;
	return true;
}

/* A new thing of a table; NULL: it is there already, or there are more than ever were written. */
static void *
add(struct keyed *table, const void *key)
{
	size_t n = table->n, at = keyed_add(table, key);

	return at == n && table->n == n + 1 ? keyed_at(table, at) : NULL;
}

static bool
read_pair(const struct reading *r)
{
	struct pair pair = { 0 }, *to;

	if (!members_here(&r->at, &pair) || pair.key.channel >= CHANNELS || pair.flows == 0 ||
	    pair.sampling == 0 || !is_time(pair.window_ns) || !is_time(pair.start_ns) ||
	    !is_time(pair.end_ns))
		return false;
	to = add(&r->judge->traffic->pairs, &pair.key);
	if (to != NULL)
		*to = pair;
	return to != NULL;
}

static bool
read_hour(const struct reading *r)
{
	struct hour hour = { 0 };
	struct hourly_key key = { .kind = HOURLY_HOST };
	struct hourly_row *to;

	if (!members_here(&r->at, &hour) || !is_hour(hour.hour))
		return false;
	key.addr = hour.host;
	key.hour = hour.hour;
	to = add(&r->judge->traffic->hourly.rows, &key);
	if (to == NULL)
		return false;
	to->v[METRIC_OUT] = product_unsigned(hour.out, r->scale);
	to->v[METRIC_IN] = product_unsigned(hour.in, r->scale);
	return true;
}

static bool
read_told(const struct reading *r)
{
	struct told told = { .key.kind = HOURLY_HOST }, *to;

	if (!members_here(&r->at, &told) || !is_hour(told.key.hour))
		return false;
	told.out = product_unsigned(told.out, r->scale);
	to = add(&r->judge->told, &told.key);
	if (to != NULL)
		*to = told;
	return to != NULL;
}

static bool
read_record(void *ctx, struct err *err)
{
	struct reading *r = ctx;
	struct resolver resolver;

	switch (r->at.kind) {
	case STATE_HEAD: return read_head(r, err);
	case STATE_PAIR: return read_pair(r);
	case STATE_HOUR: return read_hour(r);
	case STATE_RESOLVER:
		return members_here(&r->at, &resolver) &&
		       add(&r->judge->traffic->resolvers, &resolver.addr) != NULL;
	case STATE_TOLD: return read_told(r);
	default: return false;
	}
}

int
state_read(struct judge *j, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .judge = j,
		.at = { .what = "state of flowexfil",
		    .kinds = members,
		    .n = STATE_KINDS,
		    .read = read_record,
		    .ctx = &r } };

	return io_keep_read(path, r.at.what, members_take, &r.at, &r.at.begun, warn, err);
}
