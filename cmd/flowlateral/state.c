#include "state.h"

#include <stddef.h>
#include <string.h>

#include "io/keep.h"

enum { STATE_VERSION = 1 };

/*
 * Columns; those that flows have too are named as theirs.  `lateral` is the version in the first record, 0 in the
 * others.
 */
enum state_column {
	COL_KIND,
	COL_SRC,
	COL_DST,
	COL_PORT,
	COL_START,
	COL_END,
	COL_FLOWS,
	COL_PACKETS,
	COL_BYTES,
	COL_RPACKETS,
	COL_RBYTES,
	COL_SAMPLING,
	COL_HABIT,
	COL_TOLD,
	COLS
};
static const struct {
	struct field_id id;
	enum type type;
	unsigned width;
	uint64_t most;
} columns[COLS] = {
	[COL_KIND] = { { .pen = PEN_NAMED, .named = "lateral" }, TYPE_UINT, 1, UINT8_MAX },
	[COL_SRC] = { { .id = 8 }, TYPE_IP, 4, 0 },
	[COL_DST] = { { .id = 12 }, TYPE_IP, 4, 0 },
	[COL_PORT] = { { .id = 11 }, TYPE_UINT, 2, UINT16_MAX },
	[COL_START] = { { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8, INT64_MAX / 2 },
	[COL_END] = { { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8, INT64_MAX / 2 },
	[COL_FLOWS] = { { .id = 3 }, TYPE_UINT, 8, UINT64_MAX },
	[COL_PACKETS] = { { .id = 2 }, TYPE_UINT, 8, UINT64_MAX },
	[COL_BYTES] = { { .id = 1 }, TYPE_UINT, 8, UINT64_MAX },
	[COL_RPACKETS] = { { .pen = PEN_REVERSE, .id = 2 }, TYPE_UINT, 8, UINT64_MAX },
	[COL_RBYTES] = { { .pen = PEN_REVERSE, .id = 1 }, TYPE_UINT, 8, UINT64_MAX },
	[COL_SAMPLING] = { { .pen = PEN_OWN, .id = OWN_SAMPLING }, TYPE_UINT, 4, UINT32_MAX },
	[COL_HABIT] = { { .pen = PEN_NAMED, .named = "habit" }, TYPE_UINT, 1, EDGE_LEARNED },
	[COL_TOLD] = { { .pen = PEN_NAMED, .named = "told" }, TYPE_UINT, 1, 1 },
};

/* Writing ------------------------------------------------------------------------------------------ */

static void
put_value(struct batch *b, size_t rec, enum state_column c, uint64_t v)
{
	int i = batch_column(b, &columns[c].id, columns[c].type, columns[c].width, 0);

	batch_put_uint(b, (unsigned)i, rec, v);
}

static void
put_ip(struct batch *b, size_t rec, enum state_column c, const struct addr *a)
{
	int i = batch_column(b, &columns[c].id, TYPE_IP, addr_is_v4(a) ? 4 : 16, 0);

	batch_put_ip(b, (unsigned)i, rec, a);
}

static void
put_head(struct batch *b, const struct edges *e)
{
	put_value(b, 0, COL_KIND, STATE_VERSION);
	if (e->first_ns > e->last_ns) /* nothing was seen yet */
		return;
	put_value(b, 0, COL_START, (uint64_t)e->first_ns);
	put_value(b, 0, COL_END, (uint64_t)e->last_ns);
}

static void
put_edge(struct batch *b, size_t rec, const struct edge *x)
{
	put_value(b, rec, COL_KIND, 0);
	put_ip(b, rec, COL_SRC, &x->key.client);
	put_ip(b, rec, COL_DST, &x->key.server);
	put_value(b, rec, COL_PORT, x->key.port);
	put_value(b, rec, COL_START, (uint64_t)x->first_ns);
	put_value(b, rec, COL_END, (uint64_t)x->last_ns);
	put_value(b, rec, COL_FLOWS, x->flows);
	put_value(b, rec, COL_PACKETS, x->packets);
	put_value(b, rec, COL_BYTES, x->bytes);
	put_value(b, rec, COL_RPACKETS, x->rpackets);
	put_value(b, rec, COL_RBYTES, x->rbytes);
	put_value(b, rec, COL_SAMPLING, x->sampling);
	put_value(b, rec, COL_HABIT, x->habit);
	put_value(b, rec, COL_TOLD, x->told);
}

static int
write_edges(void *ctx, struct io_sink *sink, struct err *err)
{
	const struct edges *e = ctx;
	struct batch *b = batch_new();
	size_t at = 0;
	int rc = 0;

	batch_extend(b, 1);
	put_head(b, e);
	batch_close(b);
	rc = io_sink_batch(sink, b, err);
	while (at < e->at.n && rc >= 0) {
		batch_reset(b);
		for (; at < e->at.n && b->n < BATCH_RECORDS; at++) {
			if (edges_at(e, at)->habit == EDGE_BASE)
				continue;
			batch_extend(b, 1);
			put_edge(b, b->n - 1, edges_at(e, at));
		}
		batch_close(b);
		rc = b->n > 0 ? io_sink_batch(sink, b, err) : 0;
	}
	batch_free(b);
	return rc < 0 ? -1 : 0;
}

int
state_write(const struct edges *e, const char *path, char *const *argv, struct err *err)
{
	return io_keep_write(path, argv, write_edges, (void *)(uintptr_t)e, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct edges *e;
	const struct column *col[COLS];
	size_t rec;
	bool begun;
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
has(const struct reading *r, enum state_column c)
{
	return r->col[c] != NULL && column_has(r->col[c], r->rec);
}

/* A number that may be so large; 0 where there is none. */
static bool
get_value(const struct reading *r, enum state_column c, uint64_t *v)
{
	*v = 0;
	if (!has(r, c))
		return true;
	*v = columns[c].type == TYPE_TIME ? (uint64_t)column_int(r->col[c], r->rec)
					  : column_uint(r->col[c], r->rec);
	return *v <= columns[c].most;
}

static bool
get_ip(const struct reading *r, enum state_column c, struct addr *a)
{
	if (!has(r, c))
		return false;
	*a = column_ip(r->col[c], r->rec);
	return true;
}

/* A head may say no times: what edges were seen in is seen. */
static void
see_times(struct edges *e, int64_t first_ns, int64_t last_ns)
{
	if (first_ns < e->first_ns)
		e->first_ns = first_ns;
	if (last_ns > e->last_ns)
		e->last_ns = last_ns;
}

static bool
take_head(struct reading *r, uint64_t version, int64_t first_ns, int64_t last_ns, struct err *err)
{
	if (version != STATE_VERSION)
		err_set(err, "of version %llu; this program knows %d", (unsigned long long)version,
		    STATE_VERSION);
	if (version != STATE_VERSION || first_ns > last_ns)
		return false;
	r->begun = r->e->watching = true;
	if (has(r, COL_START))
		see_times(r->e, first_ns, last_ns);
	return true;
}

static bool
take_record(struct reading *r, struct err *err)
{
	struct edge_key key = { 0 };
	uint64_t v[COLS] = { 0 };
	struct edge *x;
	size_t at;

	for (unsigned c = 0; c < COLS; c++)
		if (columns[c].type != TYPE_IP && !get_value(r, c, &v[c]))
			return false;
	if (v[COL_KIND] != 0)
		return take_head(r, v[COL_KIND], (int64_t)v[COL_START], (int64_t)v[COL_END], err);
	if (!r->begun || !get_ip(r, COL_SRC, &key.client) || !get_ip(r, COL_DST, &key.server) ||
	    v[COL_START] > v[COL_END] || v[COL_FLOWS] == 0)
		return false;
	key.port = (uint16_t)v[COL_PORT];
	at = keyed_add(&r->e->at, &key);
	if (at == KEYED_NONE)
		return true; /* counted */
	x = edges_at(r->e, at);
	see_times(r->e, (int64_t)v[COL_START], (int64_t)v[COL_END]);
	x->first_ns = (int64_t)v[COL_START];
	x->last_ns = (int64_t)v[COL_END];
	x->flows = v[COL_FLOWS];
	x->packets = v[COL_PACKETS];
	x->bytes = v[COL_BYTES];
	x->rpackets = v[COL_RPACKETS];
	x->rbytes = v[COL_RBYTES];
	x->sampling = (uint32_t)v[COL_SAMPLING];
	x->habit = (uint8_t)v[COL_HABIT];
	x->told = (uint8_t)v[COL_TOLD];
	return true;
}

static int
take_batch(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct reading *r = ctx;

	(void)sel;
	if (b->options)
		return 0;
	if (!bind(r, b))
		return err_set(
		    err, "%s", b->err.status != 0 ? b->err.text : "no state of flowlateral");
	for (r->rec = 0; r->rec < b->n; r->rec++)
		if (!take_record(r, err))
			return err_set(err, "no state of flowlateral");
	return 0;
}

int
state_read(struct edges *e, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .e = e };

	return io_keep_read(path, "state of flowlateral", take_batch, &r, &r.begun, warn, err);
}
