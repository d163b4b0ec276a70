/*
 * baseline_write.c - a baseline as records of a flow stream: one a profile.
 */
#include "base/mem.h"
#include "detect/baseline.h"
#include "detect/baseline_file.h"
#include "detect/robust.h"

enum { BATCH_MEMORY = 1 << 25 };

const char *const profile_names[PROFILES] = { "network", "exporter", "host", "prefix", "service",
	"edge" };

const struct base_column_spec base_columns[COLS] = {
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
	    w->batch, &base_columns[c].id, base_columns[c].type, base_columns[c].width, 0);
}

static void
put_uint(struct writing *w, size_t rec, enum base_column c, uint64_t v)
{
	batch_put_uint(w->batch, column_of(w, c), rec, v);
}

static void
put_ip(struct writing *w, size_t rec, enum base_column c, const struct addr *a)
{
	int col = batch_column(
	    w->batch, &base_columns[c].id, base_columns[c].type, addr_is_v4(a) ? 4 : 16, 0);

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
