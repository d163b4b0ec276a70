/*
 * baseline_read.c - records of flow streams into a baseline, which is how baselines are merged too.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/sum.h"
#include "detect/baseline.h"
#include "detect/baseline_file.h"
#include "detect/robust.h"
#include "stream/stream.h"

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
		at[k] = batch_find(b, &base_columns[k].id);
		if (at[k] >= 0 && b->col[at[k]].type != base_columns[k].type)
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

static void
add_flows(const struct reading *r, uint64_t *flows)
{
	sum_up(flows, get_uint(r, COL_FLOWS, UINT64_MAX));
}

static void
add_octets(const struct reading *r, uint64_t *out, uint64_t *in)
{
	sum_up(out, get_uint(r, COL_BYTES, UINT64_MAX));
	sum_up(in, get_uint(r, COL_RBYTES, UINT64_MAX));
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
	if (!has(r, c))
		return false;
	*a = column_ip(r->col[c], r->rec);
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
	add_flows(r, &b->network.flows);
	add_octets(r, &b->network.out, &b->network.in);
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
	add_flows(r, &h->flows);
	add_octets(r, &h->out, &h->in);
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
	add_flows(r, &p->flows);
	add_octets(r, &p->out, &p->in);
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
	add_flows(r, &s->flows);
	add_octets(r, &s->out, &s->in);
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
	e->flows = sum_u32(e->flows, get_uint(r, COL_FLOWS, UINT32_MAX));
	add_octets(r, &e->out, &e->in);
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
		return err_system(err, "%s", path);
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
