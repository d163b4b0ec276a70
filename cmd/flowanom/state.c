#include "state.h"

#include <math.h>
#include <stddef.h>

#include "base/mem.h"
#include "detect/members.h"
#include "io/keep.h"

enum { STATE_VERSION = 1, GONE_HOURS = 28 * 24, ONCE_HOURS = 48 };

/* What a record of the file is: the column `state`.  The numbers are in files. */
enum state_kind {
	STATE_HEAD,
	STATE_TRACK,
	STATE_RUN,
	STATE_HOST,
	STATE_ENTROPY,
	STATE_BIN,
	STATE_KINDS
};

struct head {
	int64_t newest_ns;
	int32_t latest, utc_offset_s;
	uint32_t version, buckets, open_hour, newest_hour, partial_hour, newest_bin;
};
static const struct member head_members[] = { NUMBER(head, version), NUMBER(head, buckets),
	NUMBER(head, utc_offset_s), NUMBER(head, newest_ns), NUMBER(head, latest),
	NUMBER(head, open_hour), NUMBER(head, newest_hour), NUMBER(head, partial_hour),
	NUMBER(head, newest_bin), { 0 } };
static const struct member track_members[] = { OCTETS(track, key.addr), NUMBER(track, key.id),
	NUMBER(track, key.kind), NUMBER(track, first_hour), NUMBER(track, last_hour),
	NUMBER(track, presence.bits), NUMBER(track, presence.newest), NUMBER(track, presence.first),
	NUMBER(track, presence.active), NUMBER(track, presence.quiet), NUMBER(track, presence.week),
	NUMBER(track, presence.longest[0]), NUMBER(track, presence.longest[1]),
	NUMBER(track, presence.told), NUMBER(track, presence.gap_from),
	NUMBER(track, presence.gap_to), OCTETS(track, now), OCTETS(track, peak), { 0 } };
static const struct member run_members[] = { NUMBER(run, key.track), NUMBER(run, key.down),
	NUMBER(run, first), NUMBER(run, last), NUMBER(run, hours), NUMBER(run, at),
	NUMBER(run, all), NUMBER(run, amount), OCTETS(run, value), OCTETS(run, usual),
	OCTETS(run, total), OCTETS(run, times), NUMBER(run, habit.samples),
	OCTETS(run, habit.usual), OCTETS(run, habit.spread), OCTETS(run, habit.least),
	OCTETS(run, habit.most), OCTETS(run, habit.x), OCTETS(run, habit.z),
	OCTETS(run, host_share), OCTETS(run, host), NUMBER(run, own), NUMBER(run, alone),
	NUMBER(run, told), { 0 } };
static const struct member host_members[] = { OCTETS(host, addr), NUMBER(host, newest),
	NUMBER(host, known), NUMBER(host, peak_syn), NUMBER(host, peak_asked),
	NUMBER(host, peak_packets), NUMBER(host, peak_bytes), LATER(MEMBER_OCTETS, host, cell),
	{ 0 } };
static const struct member bin_members[] = { NUMBER(entropy_bin, number),
	NUMBER(entropy_bin, flows), OCTETS(entropy_bin, n), OCTETS(entropy_bin, who),
	OCTETS(entropy_bin, port), { 0 } };

/* A record of STATE_ENTROPY has octets only. */
static const struct member *const members[STATE_KINDS] = {
	[STATE_HEAD] = head_members,
	[STATE_TRACK] = track_members,
	[STATE_RUN] = run_members,
	[STATE_HOST] = host_members,
	[STATE_BIN] = bin_members,
};

/* Writing ------------------------------------------------------------------------------------------ */

static void
put_named(struct batch *b, size_t rec, const char *name, const void *p, size_t n)
{
	struct field_id id = member_named(name);

	batch_put_octets(b, (unsigned)batch_column(b, &id, TYPE_BYTES, 0, 0), rec, p, n);
}

/* What is written: a record at a time goes into a batch of its kind, which goes when it is full. */
struct writing {
	struct io_sink *sink;
	struct batch *b;
	struct members_at at; /* in the batch, from its first record on */
	int rc;
};

static int
flush(struct writing *w, struct err *err)
{
	if (w->b->n > 0 && w->rc >= 0) {
		batch_close(w->b);
		w->rc = io_sink_batch(w->sink, w->b, err);
	}
	batch_reset(w->b);
	return w->rc < 0 ? -1 : 0;
}

static int
write_one(struct writing *w, enum state_kind kind, const void *thing, struct err *err)
{
	size_t rec;

	if (w->b->n >= BATCH_RECORDS / 4 && flush(w, err) < 0)
		return -1;
	rec = batch_extend(w->b, 1);
	if (rec == 0)
		w->at = members_make(w->b, members[kind]);
	members_put_kind(w->b, rec, kind);
	members_put(w->b, &w->at, rec, members[kind], thing);
	return 0;
}

static int
write_head(struct writing *w, const struct observed *o, uint32_t newest_bin, struct err *err)
{
	const struct tracks *t = &o->tracks;
	const struct head head = { o->newest_ns, t->latest, t->hours.utc_offset_s, STATE_VERSION,
		t->hours.buckets, t->open_hour, t->newest_hour, t->partial_hour, newest_bin };

	return write_one(w, STATE_HEAD, &head, err) < 0 ? -1 : flush(w, err);
}

/* Not seen for longer than its past reaches, or in one hour only: forgotten, or a state would only grow. */
static bool
is_gone(const struct tracks *t, const struct track *k)
{
	uint32_t most = k->first_hour == k->last_hour ? ONCE_HOURS : GONE_HOURS;

	return k->key.kind != TRACK_NETWORK && k->last_hour != 0 &&
	       k->last_hour + most < t->newest_hour;
}

/* to: room for the new numbers of tracks, which runs are written with. */
static int
write_tracks(struct writing *w, const struct observed *o, uint32_t *to, struct err *err)
{
	const struct tracks *t = &o->tracks;
	const struct keyed *runs = &o->judge->runs;
	uint32_t n = 0;

	for (size_t i = 0; i < t->at.n; i++) {
		const struct track *k = tracks_at(t, i);

		to[i] = n;
		if (is_gone(t, k)) {
			to[i] = UINT32_MAX;
			continue;
		}
		n++;
		if (write_one(w, STATE_TRACK, k, err) < 0)
			return -1;
		if (k->past != NULL)
			put_named(w->b, w->b->n - 1, "past", k->past, tracks_past_octets(t));
	}
	if (flush(w, err) < 0)
		return -1;
	for (size_t i = 0; i < runs->n; i++) {
		struct run r = *(const struct run *)keyed_at(runs, i);

		if (r.hours == 0 || to[r.key.track] == UINT32_MAX)
			continue;
		r.key.track = to[r.key.track];
		if (write_one(w, STATE_RUN, &r, err) < 0)
			return -1;
	}
	return flush(w, err);
}

static int
write_hosts(struct writing *w, const struct observed *o, struct err *err)
{
	for (size_t i = 0; i < o->floods.hosts.n; i++) {
		const struct host *h = floods_host(&o->floods, i);

		/* Of a destination seen now and then nothing is worth knowing but what may become a flood. */
		if (!flood_is_open(h) &&
		    (h->known < (scope_internal(o->scope, &h->addr) ? 2 : FLOOD_KNOWN) ||
			h->newest + GONE_HOURS * 60 < o->floods.newest))
			continue;
		if (write_one(w, STATE_HOST, h, err) < 0)
			return -1;
	}
	return flush(w, err);
}

static int
write_entropy(struct writing *w, const struct observed *o, const float *kept, struct err *err)
{
	size_t rec = batch_extend(w->b, 1);

	members_put_kind(w->b, rec, STATE_ENTROPY);
	put_named(w->b, rec, "kept", kept, ENTROPY_KEPT * ENTROPIES * sizeof(*kept));
	if (flush(w, err) < 0)
		return -1;
	for (unsigned i = 0; i < ENTROPY_OPEN; i++) {
		const struct entropy_bin *bin = entropy_open(o->entropy, i);

		if (bin->number != 0 && write_one(w, STATE_BIN, bin, err) < 0)
			return -1;
	}
	return flush(w, err);
}

static int
write_observed(void *ctx, struct io_sink *sink, struct err *err)
{
	const struct observed *o = ctx;
	struct writing w = { .sink = sink, .b = batch_new() };
	uint32_t *newest_bin;
	const float *kept = entropy_kept(o->entropy, &newest_bin);
	uint32_t *to = mem_alloc((o->tracks.at.n + 1) * sizeof(*to));
	int rc = -1;

	if (write_head(&w, o, *newest_bin, err) == 0 && write_tracks(&w, o, to, err) == 0 &&
	    write_hosts(&w, o, err) == 0 && write_entropy(&w, o, kept, err) == 0)
		rc = 0;
	batch_free(w.b);
	mem_free(to);
	return rc;
}

int
state_write(const struct observed *o, const char *path, char *const *argv, struct err *err)
{
	return io_keep_write(path, argv, write_observed, (void *)(uintptr_t)o, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct observed *o;
	size_t tracks; /* read so far */
	struct member_walk at;
};

/* Exactly n octets. */
static bool
get_octets(const struct reading *r, const char *name, void *to, size_t n)
{
	const uint8_t *octets;
	size_t len;

	if (!member_get_octets(r->at.b, r->at.rec, member_named(name), &octets, &len) || len != n)
		return false;
	memcpy(to, octets, n);
	return true;
}

static bool
read_head(struct reading *r, struct err *err)
{
	struct tracks *t = &r->o->tracks;
	struct head head = { 0 };
	uint32_t *newest_bin;

	if (!members_here(&r->at, &head))
		return false;
	if (head.version != STATE_VERSION) {
		err_set(err, "of version %u; this program knows %d", head.version, STATE_VERSION);
		return false;
	}
	if (head.buckets != t->hours.buckets || head.utc_offset_s != t->hours.utc_offset_s) {
		err_set(err, "made with other hours of the week: another --tz or baseline");
		return false;
	}
	/* From 1970 to 2106, and no more open hours than there are. */
	if (head.newest_ns < 0 || head.newest_ns / NS_PER_S > UINT32_MAX || head.latest < -1 ||
	    head.latest > UINT16_MAX || head.newest_hour > UINT32_MAX / 3600 ||
	    head.newest_hour - head.open_hour >= TRACK_OPEN || head.newest_bin > UINT32_MAX / 300)
		return false;
	r->o->newest_ns = head.newest_ns;
	t->latest = head.latest;
	t->open_hour = head.open_hour;
	t->newest_hour = head.newest_hour;
	t->partial_hour = head.partial_hour;
	(void)entropy_kept(r->o->entropy, &newest_bin);
	*newest_bin = head.newest_bin;
	return true;
}

static bool
presence_sane(const struct presence *p)
{
	const uint32_t most = UINT32_MAX / 60; /* minutes to 2106 */

	return p->newest <= most && p->first <= p->newest && p->quiet <= most &&
	       p->active <= most && p->longest[0] <= most && p->longest[1] <= most &&
	       p->gap_from <= most && p->gap_to <= most && p->told <= most;
}

/* Tracks come in their order, the network first: runs know them by their number. */
static bool
read_track(struct reading *r)
{
	struct tracks *t = &r->o->tracks;
	size_t octets = tracks_past_octets(t), at;
	struct track k = { 0 };
	uint8_t *past;

	if (!members_here(&r->at, &k) || k.key.kind >= TRACK_KINDS || !presence_sane(&k.presence) ||
	    (r->tracks == 0) != (k.key.kind == TRACK_NETWORK))
		return false;
	at = keyed_add(&t->at, &k.key);
	if (at != r->tracks++)
		return false;
	*tracks_at(t, at) = k;
	past = mem_alloc(octets);
	if (get_octets(r, "past", past, octets))
		memcpy(track_past(t, tracks_at(t, at)), past, octets);
	mem_free(past);
	return true;
}

static bool
is_amount(double v)
{
	return v >= 0 && v <= 1e19;
}

static bool
read_run(struct reading *r)
{
	struct keyed *runs = &r->o->judge->runs;
	struct run run = { 0 };
	size_t at;

	if (!members_here(&r->at, &run) || run.key.track >= r->tracks || run.key.down > 1 ||
	    run.amount >= AMOUNTS || run.hours == 0 || run.last < run.first ||
	    run.last > UINT32_MAX / 3600 || run.at > UINT32_MAX / 3600 || !is_amount(run.value) ||
	    !is_amount(run.usual) || !is_amount(run.total) || !is_amount(run.times) ||
	    !is_amount(run.host_share) || !isfinite(run.habit.z))
		return false;
	run.own |= r->o->judge->baseline == NULL;
	at = keyed_add(runs, &run.key);
	if (at != KEYED_NONE)
		*(struct run *)keyed_at(runs, at) = run;
	return at != KEYED_NONE;
}

static bool
read_host(struct reading *r)
{
	struct keyed *hosts = &r->o->floods.hosts;
	struct host h = { 0 };
	size_t at;

	if (!members_here(&r->at, &h) || h.newest > UINT32_MAX / 60 || !flood_cells_sane(&h))
		return false;
	at = keyed_add(hosts, &h.addr);
	if (at == KEYED_NONE)
		return true;
	*(struct host *)keyed_at(hosts, at) = h;
	if (h.newest > r->o->floods.newest)
		r->o->floods.newest = h.newest;
	return true;
}

static bool
read_entropy(struct reading *r)
{
	uint32_t *newest;
	float *kept = entropy_kept(r->o->entropy, &newest);

	if (!get_octets(r, "kept", kept, ENTROPY_KEPT * ENTROPIES * sizeof(*kept)))
		return false;
	for (size_t i = 0; i < (size_t)ENTROPY_KEPT * ENTROPIES; i++)
		if (!(kept[i] >= 0 && kept[i] <= 1.001F))
			kept[i] = NAN;
	return true;
}

static bool
read_bin(struct reading *r)
{
	struct entropy_bin *bin = mem_zero(1, sizeof(*bin));
	bool good =
	    members_here(&r->at, bin) && bin->number != 0 && bin->number <= UINT32_MAX / 300;

	for (unsigned of = 0; of < ENTROPIES && good; of++) {
		uint64_t sum = 0;

		for (unsigned i = 0; i < ENTROPY_PARTS; i++)
			sum += bin->n[of][i];
		good = sum == bin->flows;
	}
	if (good) {
		*entropy_open(r->o->entropy, bin->number % ENTROPY_OPEN) = *bin;
		entropy_opened(r->o->entropy);
	}
	mem_free(bin);
	return good;
}

static bool
read_record(void *ctx, struct err *err)
{
	struct reading *r = ctx;

	switch (r->at.kind) {
	case STATE_HEAD: return read_head(r, err);
	case STATE_TRACK: return read_track(r);
	case STATE_RUN: return read_run(r);
	case STATE_HOST: return read_host(r);
	case STATE_ENTROPY: return read_entropy(r);
	case STATE_BIN: return read_bin(r);
	default: return false;
	}
}

int
state_read(struct observed *o, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .o = o,
		.at = { .what = "state of flowanom",
		    .kinds = members,
		    .n = STATE_KINDS,
		    .read = read_record,
		    .ctx = &r } };

	return io_keep_read(path, r.at.what, members_take, &r.at, &r.at.begun, warn, err);
}
