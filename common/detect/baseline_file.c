/*
 * baseline_file.c - baselines as flow streams: one record a profile.
 *
 * A record says what it describes in `profile`.  The network's comes first and says how to read the others: version,
 * hours of the week, sampling, networks that were ours, and by its end which days the slots are of.  Then come exporters,
 * hosts, prefixes, services, edges, each kind sorted, in batches of its own.  A stream of several files is read as their
 * merger, each network's record being followed by what belongs to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/mem.h"
#include "detect/baseline.h"
#include "detect/robust.h"
#include "stream/stream.h"

enum { BATCH_MEMORY = 1 << 25 };

enum profile {
	PROFILE_NETWORK,
	PROFILE_EXPORTER,
	PROFILE_HOST,
	PROFILE_PREFIX,
	PROFILE_SERVICE,
	PROFILE_EDGE,
	PROFILES
};
static const char *const profile_names[PROFILES] = { "network", "exporter", "host", "prefix",
	"service", "edge" };

enum base_column {
	COL_PROFILE,
	COL_START,
	COL_END,
	COL_SRC,
	COL_DST,
	COL_DSTLEN,
	COL_DSTPORT,
	COL_PROTO,
	COL_EXPORTER,
	COL_FLOWS,
	COL_BYTES,
	COL_RBYTES,
	COL_DAYS,
	COL_HOURLY,
	COL_SKETCH,
	COL_CLIENTS,
	COL_LARGEST,
	COL_VERSION,
	COL_HOURS,
	COL_SAMPLING,
	COL_INTERNAL,
	COL_OFFSET,
	COLS
};
static const struct {
	struct field_id id;
	enum type type;
	unsigned width;
} columns[COLS] = {
	[COL_PROFILE] = { { .pen = PEN_OWN, .id = OWN_PROFILE }, TYPE_STRING, 0 },
	[COL_START] = { { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8 },
	[COL_END] = { { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8 },
	[COL_SRC] = { { .id = 8 }, TYPE_IP, 4 },
	[COL_DST] = { { .id = 12 }, TYPE_IP, 4 },
	[COL_DSTLEN] = { { .id = 13 }, TYPE_UINT, 1 },
	[COL_DSTPORT] = { { .id = 11 }, TYPE_UINT, 2 },
	[COL_PROTO] = { { .id = 4 }, TYPE_UINT, 1 },
	[COL_EXPORTER] = { { .pen = PEN_OWN, .id = OWN_EXPORTER }, TYPE_IP, 4 },
	[COL_FLOWS] = { { .id = 3 }, TYPE_UINT, 8 },
	[COL_BYTES] = { { .id = 1 }, TYPE_UINT, 8 },
	[COL_RBYTES] = { { .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8 },
	[COL_DAYS] = { { .pen = PEN_OWN, .id = OWN_DAYS }, TYPE_UINT, 8 },
	[COL_HOURLY] = { { .pen = PEN_OWN, .id = OWN_HOURLY }, TYPE_BYTES, 0 },
	[COL_SKETCH] = { { .pen = PEN_OWN, .id = OWN_SKETCH }, TYPE_BYTES, 0 },
	[COL_CLIENTS] = { { .pen = PEN_OWN, .id = OWN_CLIENTS }, TYPE_UINT, 4 },
	[COL_LARGEST] = { { .pen = PEN_OWN, .id = OWN_LARGEST }, TYPE_UINT, 8 },
	[COL_VERSION] = { { .pen = PEN_OWN, .id = OWN_BASE_VERSION }, TYPE_UINT, 2 },
	[COL_HOURS] = { { .pen = PEN_OWN, .id = OWN_BASE_HOURS }, TYPE_UINT, 2 },
	[COL_SAMPLING] = { { .pen = PEN_OWN, .id = OWN_SAMPLING }, TYPE_UINT, 4 },
	[COL_INTERNAL] = { { .pen = PEN_OWN, .id = OWN_INTERNAL }, TYPE_STRING, 0 },
	[COL_OFFSET] = { { .pen = PEN_OWN, .id = OWN_UTC_OFFSET }, TYPE_INT, 4 },
};

/* Writing ------------------------------------------------------------------------------------------ */

struct writing {
	const struct baseline *b;
	struct batch *batch;
	baseline_take take;
	void *ctx;
	struct buf octets;
	struct err *err;
};

static int
hand_over(struct writing *w)
{
	int rc = 0;

	batch_close(w->batch);
	if (w->batch->n > 0)
		rc = w->take(w->ctx, w->batch, w->err);
	batch_reset(w->batch);
	return rc != 0 ? -1 : 0;
}

static unsigned
column_of(struct writing *w, enum base_column c)
{
	return (unsigned)batch_column(
	    w->batch, &columns[c].id, columns[c].type, columns[c].width, 0);
}

static void
put_uint(struct writing *w, size_t rec, enum base_column c, uint64_t v)
{
	batch_put_uint(w->batch, column_of(w, c), rec, v);
}

static void
put_ip(struct writing *w, size_t rec, enum base_column c, const struct addr *a)
{
	int col =
	    batch_column(w->batch, &columns[c].id, columns[c].type, addr_is_v4(a) ? 4 : 16, 0);

	batch_put_ip(w->batch, (unsigned)col, rec, a);
}

static void
put_octets(struct writing *w, size_t rec, enum base_column c, const void *p, size_t n)
{
	batch_put_octets(w->batch, column_of(w, c), rec, p, n);
}

/* A record with what all have. */
static size_t
put_profile(struct writing *w, enum profile kind, const struct seen *seen, uint64_t flows,
    uint64_t out, uint64_t in)
{
	size_t rec = batch_extend(w->batch, 1);

	put_octets(w, rec, COL_PROFILE, profile_names[kind], strlen(profile_names[kind]));
	batch_precision(w->batch, column_of(w, COL_START), 9);
	batch_precision(w->batch, column_of(w, COL_END), 9);
	put_uint(w, rec, COL_START, seen->first_s * (uint64_t)NS_PER_S);
	put_uint(w, rec, COL_END, seen->last_s * (uint64_t)NS_PER_S);
	put_uint(w, rec, COL_DAYS, seen->days);
	put_uint(w, rec, COL_FLOWS, flows);
	put_uint(w, rec, COL_BYTES, out);
	put_uint(w, rec, COL_RBYTES, in);
	return rec;
}

static void
put_sketch(struct writing *w, size_t rec, const struct hll *h)
{
	w->octets.len = 0;
	hll_put(&w->octets, h);
	put_octets(w, rec, COL_SKETCH, w->octets.len > 0 ? w->octets.data : "", w->octets.len);
	put_uint(w, rec, COL_CLIENTS, (uint64_t)(hll_count(h) + 0.5));
}

static void
put_host(struct writing *w, enum profile kind, const struct base_host *h)
{
	size_t rec = put_profile(w, kind, &h->seen, h->flows, h->out, h->in);
	struct addr a = baseline_addr(w->b, h->addr);

	put_ip(w, rec, kind == PROFILE_HOST ? COL_SRC : COL_EXPORTER, &a);
	put_octets(w, rec, COL_HOURLY, h->hourly,
	    (size_t)HOST_METRICS * w->b->hours.buckets * HOURS_SLOTS);
	if (kind == PROFILE_HOST)
		put_sketch(w, rec, &h->peers);
}

static void
put_network(struct writing *w)
{
	const struct baseline *b = w->b;
	const struct base_network *n = &b->network;
	size_t rec = put_profile(w, PROFILE_NETWORK, &n->seen, n->flows, n->out, n->in);

	put_uint(w, rec, COL_VERSION, BASELINE_VERSION);
	put_uint(w, rec, COL_HOURS, b->hours.buckets);
	put_uint(w, rec, COL_SAMPLING, b->sampling);
	put_octets(w, rec, COL_INTERNAL, b->internal, strlen(b->internal));
	put_uint(w, rec, COL_OFFSET, (uint64_t)(int64_t)b->hours.utc_offset_s);
	put_octets(w, rec, COL_HOURLY, n->hourly,
	    (size_t)NETWORK_METRICS * b->hours.buckets * HOURS_SLOTS);
}

static void
put_prefix(struct writing *w, const struct base_prefix *p)
{
	size_t rec = put_profile(w, PROFILE_PREFIX, &p->seen, p->flows, p->out, p->in);

	put_ip(w, rec, COL_DST, &p->prefix);
	put_uint(w, rec, COL_DSTLEN, baseline_prefix_len(&p->prefix));
	put_sketch(w, rec, &p->clients);
}

static void
put_service(struct writing *w, const struct base_service *s)
{
	size_t rec = put_profile(w, PROFILE_SERVICE, &s->seen, s->flows, s->out, s->in);
	struct addr a = baseline_addr(w->b, s->server);

	put_ip(w, rec, COL_DST, &a);
	put_uint(w, rec, COL_DSTPORT, s->port);
	put_uint(w, rec, COL_PROTO, s->proto);
	put_sketch(w, rec, &s->clients);
}

static void
put_edge(struct writing *w, const struct base_edge *e)
{
	size_t rec = put_profile(w, PROFILE_EDGE, &e->seen, e->flows, e->out, e->in);
	struct addr client = baseline_addr(w->b, e->client),
		    server = baseline_addr(w->b, e->server);

	put_ip(w, rec, COL_SRC, &client);
	put_ip(w, rec, COL_DST, &server);
	put_uint(w, rec, COL_DSTPORT, e->port);
	put_uint(w, rec, COL_PROTO, e->proto);
	put_uint(w, rec, COL_LARGEST, (uint64_t)(log8_value(e->largest, 1) + 0.5));
}

static void
put_one(struct writing *w, enum profile kind, const void *p)
{
	switch (kind) {
	case PROFILE_EXPORTER:
	case PROFILE_HOST: put_host(w, kind, p); break;
	case PROFILE_PREFIX: put_prefix(w, p); break;
	case PROFILE_SERVICE: put_service(w, p); break;
	case PROFILE_EDGE: put_edge(w, p); break;
	default: break;
	}
}

static int
put_all(struct writing *w, enum profile kind, const struct keyed *k)
{
	for (size_t i = 0; i < k->n; i++) {
		if ((w->batch->n == BATCH_RECORDS || batch_octets(w->batch) > BATCH_MEMORY) &&
		    hand_over(w) != 0)
			return -1;
		put_one(w, kind, keyed_at(k, i));
	}
	return hand_over(w);
}

int
baseline_write(const struct baseline *b, baseline_take take, void *ctx, struct err *err)
{
	struct writing w = { .b = b, .batch = batch_new(), .take = take, .ctx = ctx, .err = err };
	int rc;

	put_network(&w);
	rc = hand_over(&w) != 0 || put_all(&w, PROFILE_EXPORTER, &b->exporters) != 0 ||
		     put_all(&w, PROFILE_HOST, &b->hosts) != 0 ||
		     put_all(&w, PROFILE_PREFIX, &b->prefixes) != 0 ||
		     put_all(&w, PROFILE_SERVICE, &b->services) != 0 ||
		     put_all(&w, PROFILE_EDGE, &b->edges) != 0
		 ? -1
		 : 0;
	batch_free(w.batch);
	buf_free(&w.octets);
	return rc;
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct baseline *b;
	const struct column *col[COLS];
	size_t rec;

	/* Of the network's record before: which of its slots are kept, by its latest day and ours. */
	bool begun;
	int32_t latest;
	uint8_t *kept; /* buckets x HOURS_SLOTS */
};

static bool
bind(struct reading *r, struct batch *b)
{
	int at[COLS];

	for (unsigned k = 0; k < COLS; k++) {
		at[k] = batch_find(b, &columns[k].id);
		if (at[k] >= 0 && b->col[at[k]].type != columns[k].type)
			return false;
	}
	for (unsigned k = 0; k < COLS; k++)
		r->col[k] = at[k] < 0 ? NULL : batch_plain(b, (unsigned)at[k]);
	return b->err.status == 0;
}

static bool
has(const struct reading *r, enum base_column c)
{
	return r->col[c] != NULL && column_has(r->col[c], r->rec);
}

/* A number, 0 where there is none, cut to what it may be. */
static uint64_t
get_uint(const struct reading *r, enum base_column c, uint64_t most)
{
	uint64_t v = has(r, c) ? column_uint(r->col[c], r->rec) : 0;

	return v < most ? v : most;
}

static const char *
get_octets(const struct reading *r, enum base_column c, size_t *n)
{
	const struct column *col = r->col[c];

	*n = 0;
	if (!has(r, c))
		return "";
	*n = col->off[r->rec + 1] - col->off[r->rec];
	return (const char *)col->data + col->off[r->rec];
}

static bool
get_ip(const struct reading *r, enum base_column c, struct addr *a)
{
	const struct column *col = r->col[c];

	if (!has(r, c))
		return false;
	*a = col->width == 4 ? addr_v4(((const uint32_t *)col->data)[r->rec])
			     : ((const struct addr *)col->data)[r->rec];
	return true;
}

static uint32_t
get_time(const struct reading *r, enum base_column c)
{
	int64_t ns = has(r, c) ? column_int(r->col[c], r->rec) : 0;
	int64_t s = ns < 0 ? 0 : ns / NS_PER_S;

	return s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

static struct seen
get_seen(const struct reading *r)
{
	struct seen s = { .first_s = get_time(r, COL_START), .last_s = get_time(r, COL_END) };

	if (s.last_s < s.first_s)
		s.last_s = s.first_s;
	s.days = get_uint(r, COL_DAYS, UINT64_MAX) | 1;
	return s;
}

/* Profiles that are of the network's record before, and not beyond what it knows. */
static int
take_seen(const struct reading *r, struct seen *seen, struct err *err)
{
	struct seen s = get_seen(r);

	if (hours_day(&r->b->hours, (int64_t)s.last_s * NS_PER_S) > r->latest)
		return err_set(
		    err, "a profile was seen after the network: the baseline is damaged");
	baseline_join(r->b, seen, &s);
	return 0;
}

static int
take_sketch(const struct reading *r, struct hll *into, struct err *err)
{
	struct hll h = { 0 };
	size_t n;
	const char *p = get_octets(r, COL_SKETCH, &n);

	if (!hll_get(&h, p, n))
		return err_set(err, "a sketch of clients is none: the baseline is damaged");
	hll_merge(into, &h);
	hll_free(&h);
	return 0;
}

/* The greater of both, in slots that are of days kept still. */
static int
take_hourly(const struct reading *r, uint8_t *into, unsigned n_metrics, struct err *err)
{
	size_t n, row = (size_t)r->b->hours.buckets * HOURS_SLOTS;
	const uint8_t *p = (const uint8_t *)get_octets(r, COL_HOURLY, &n);

	if (n != row * n_metrics)
		return err_set(err, "%zu hourly values instead of %zu: the baseline is damaged", n,
		    row * n_metrics);
	for (unsigned m = 0; m < n_metrics; m++, into += row, p += row)
		for (size_t i = 0; i < row; i++)
			if (r->kept[i] && p[i] > into[i])
				into[i] = p[i];
	return 0;
}

static int
refuse(struct err *err, const char *what, const char *here, const char *before)
{
	return err_set(err, "%s %s, before it %s: baselines of different kinds are not merged",
	    what, here, before);
}

static void
put_sampling(char *text, size_t size, uint64_t n)
{
	if (n > 1)
		(void)snprintf(text, size, "1 in %llu packets", (unsigned long long)n);
	else
		(void)snprintf(text, size, "every packet");
}

/* Is it of the kind that we have?  Nothing learned yet takes what comes. */
static int
match(struct reading *r, struct err *err)
{
	struct baseline *b = r->b;
	uint64_t hours = get_uint(r, COL_HOURS, UINT64_MAX), sampling;
	uint64_t version = get_uint(r, COL_VERSION, UINT64_MAX);
	int64_t offset = has(r, COL_OFFSET) ? column_int(r->col[COL_OFFSET], r->rec) : 0;
	char here[FMT_MAX], before[FMT_MAX];
	size_t n;
	const char *internal = get_octets(r, COL_INTERNAL, &n);

	sampling = get_uint(r, COL_SAMPLING, UINT32_MAX);
	if (version != BASELINE_VERSION)
		return err_set(err, "a baseline of version %llu; this program knows %d",
		    (unsigned long long)version, BASELINE_VERSION);
	if ((hours != HOURS_WORKDAY && hours != HOURS_WEEKDAY) || offset <= -86400 ||
	    offset >= 86400)
		return err_set(err, "hours of no week: the baseline is damaged");
	if (baseline_empty(b))
		baseline_become(b, &(struct hours){ (unsigned)hours, (int)offset }, internal, n,
		    (uint32_t)sampling);
	if (sampling != b->sampling) {
		put_sampling(here, sizeof(here), sampling);
		put_sampling(before, sizeof(before), b->sampling);
		return refuse(err, "learned from", here, before);
	}
	if (hours != b->hours.buckets)
		return refuse(err, "hours of the week:", hours == HOURS_WORKDAY ? "48" : "168",
		    hours == HOURS_WORKDAY ? "168" : "48");
	if (offset != b->hours.utc_offset_s)
		return err_set(err,
		    "days of %lld s from UTC, before it of %d s: baselines of "
		    "different kinds are not merged",
		    (long long)offset, b->hours.utc_offset_s);
	if (n != strlen(b->internal) || memcmp(internal, b->internal, n) != 0)
		return err_set(err, "our networks are others than those of the baseline before it");
	return 0;
}

static int
take_network(struct reading *r, struct err *err)
{
	struct baseline *b = r->b;
	struct seen seen = get_seen(r);

	if (match(r, err) != 0)
		return -1;
	r->begun = true;
	/* That of no flows ends in 1970. */
	r->latest = seen.last_s > 0 ? hours_day(&b->hours, (int64_t)seen.last_s * NS_PER_S) : -1;
	r->kept = mem_resize(r->kept, b->hours.buckets, HOURS_SLOTS);
	baseline_advance(b, r->latest);
	for (unsigned bucket = 0; bucket < b->hours.buckets; bucket++)
		for (unsigned slot = 0; slot < HOURS_SLOTS; slot++)
			r->kept[bucket * HOURS_SLOTS + slot] =
			    hours_slot_day(&b->hours, bucket, slot, r->latest) ==
			    hours_slot_day(&b->hours, bucket, slot, b->latest);
	if (r->latest >= 0)
		baseline_join(b, &b->network.seen, &seen);
	b->network.flows += get_uint(r, COL_FLOWS, UINT64_MAX);
	b->network.out += get_uint(r, COL_BYTES, UINT64_MAX);
	b->network.in += get_uint(r, COL_RBYTES, UINT64_MAX);
	return take_hourly(r, b->network.hourly, NETWORK_METRICS, err);
}

static int
no_address(struct err *err, enum profile kind)
{
	return err_set(err, "a profile of a %s without its address: the baseline is damaged",
	    profile_names[kind]);
}

static int
take_host(struct reading *r, enum profile kind, struct err *err)
{
	struct base_host *h;
	struct addr a;

	if (!get_ip(r, kind == PROFILE_HOST ? COL_SRC : COL_EXPORTER, &a))
		return no_address(err, kind);
	h = kind == PROFILE_HOST ? baseline_add_host(r->b, &a) : baseline_add_exporter(r->b, &a);
	if (h == NULL)
		return 0;
	h->flows += get_uint(r, COL_FLOWS, UINT64_MAX);
	h->out += get_uint(r, COL_BYTES, UINT64_MAX);
	h->in += get_uint(r, COL_RBYTES, UINT64_MAX);
	if (take_seen(r, &h->seen, err) != 0 || take_hourly(r, h->hourly, HOST_METRICS, err) != 0)
		return -1;
	return take_sketch(r, &h->peers, err);
}

static int
take_prefix(struct reading *r, struct err *err)
{
	struct base_prefix *p;
	struct addr a;

	if (!get_ip(r, COL_DST, &a))
		return no_address(err, PROFILE_PREFIX);
	p = baseline_add_prefix(r->b, &a);
	if (p == NULL)
		return 0;
	p->flows += get_uint(r, COL_FLOWS, UINT64_MAX);
	p->out += get_uint(r, COL_BYTES, UINT64_MAX);
	p->in += get_uint(r, COL_RBYTES, UINT64_MAX);
	return take_seen(r, &p->seen, err) != 0 ? -1 : take_sketch(r, &p->clients, err);
}

static int
take_service(struct reading *r, struct err *err)
{
	struct base_service *s;
	struct addr a;

	if (!get_ip(r, COL_DST, &a))
		return no_address(err, PROFILE_SERVICE);
	s = baseline_add_service(r->b, &a, (int)get_uint(r, COL_PROTO, UINT8_MAX),
	    (unsigned)get_uint(r, COL_DSTPORT, UINT16_MAX));
	if (s == NULL)
		return 0;
	s->flows += get_uint(r, COL_FLOWS, UINT64_MAX);
	s->out += get_uint(r, COL_BYTES, UINT64_MAX);
	s->in += get_uint(r, COL_RBYTES, UINT64_MAX);
	return take_seen(r, &s->seen, err) != 0 ? -1 : take_sketch(r, &s->clients, err);
}

static int
take_edge(struct reading *r, struct err *err)
{
	struct addr client, server;
	struct base_edge *e;
	uint8_t largest;

	if (!get_ip(r, COL_SRC, &client) || !get_ip(r, COL_DST, &server))
		return no_address(err, PROFILE_EDGE);
	e = baseline_add_edge(r->b, &client, &server, (int)get_uint(r, COL_PROTO, UINT8_MAX),
	    (unsigned)get_uint(r, COL_DSTPORT, UINT16_MAX));
	if (e == NULL)
		return 0;
	e->flows = baseline_add_flows(e->flows, get_uint(r, COL_FLOWS, UINT32_MAX));
	e->out += get_uint(r, COL_BYTES, UINT64_MAX);
	e->in += get_uint(r, COL_RBYTES, UINT64_MAX);
	largest = log8_code((double)get_uint(r, COL_LARGEST, UINT64_MAX), 1);
	e->largest = largest > e->largest ? largest : e->largest;
	return take_seen(r, &e->seen, err);
}

static int
take_record(struct reading *r, struct err *err)
{
	size_t n;
	const char *name = get_octets(r, COL_PROFILE, &n);
	unsigned kind = 0;

	while (kind < PROFILES &&
	       (n != strlen(profile_names[kind]) || memcmp(name, profile_names[kind], n) != 0))
		kind++;
	if (kind != PROFILE_NETWORK && !r->begun)
		return err_set(err, "no baseline: it does not begin with the network's profile");
	switch (kind) {
	case PROFILE_NETWORK: return take_network(r, err);
	case PROFILE_EXPORTER:
	case PROFILE_HOST: return take_host(r, kind, err);
	case PROFILE_PREFIX: return take_prefix(r, err);
	case PROFILE_SERVICE: return take_service(r, err);
	case PROFILE_EDGE: return take_edge(r, err);
	default: return err_set(err, "a record that is no profile of a baseline");
	}
}

static int
take_batch(struct reading *r, struct batch *b, struct err *err)
{
	if (b->options)
		return 0;
	if (!bind(r, b)) {
		if (b->err.status != 0)
			*err = b->err;
		return err_set(err, "columns of other types than a baseline has");
	}
	for (r->rec = 0; r->rec < b->n; r->rec++)
		if (take_record(r, err) != 0)
			return -1;
	return 0;
}

int
baseline_read(struct baseline *b, int fd, struct err *err)
{
	struct stream_reader *reader = stream_open(fd, 0, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct reading r = { .b = b };
	enum stream_status status = STREAM_FAILED;
	int rc = 0;

	if (reader == NULL)
		rc = err_set(err, "%s", strerror(errno));
	while (rc == 0 && (status = stream_next(reader, slot, err)) == STREAM_BATCH)
		rc = take_batch(&r, slot_batch(slot), err);
	if (rc == 0 && status == STREAM_FAILED)
		rc = -1;
	if (rc == 0 && !r.begun)
		rc = err_set(err, "no baseline: there is no record in it");
	mem_free(r.kept);
	slot_free(slot);
	stream_close(reader);
	return rc;
}

int
baseline_merge(struct baseline *b, const char *path, struct err *err)
{
	struct err why = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	if (baseline_read(b, fd, &why) == 0)
		return 0;
	return err_set(err, "%s: %s", path, why.text);
}

struct baseline *
baseline_load(const char *path, struct err *err)
{
	static const struct hours hours = { .buckets = HOURS_WORKDAY };
	struct baseline *b = baseline_new(&hours, "");

	if (baseline_merge(b, path, err) != 0) {
		baseline_free(b);
		return NULL;
	}
	baseline_ready(b);
	return b;
}
