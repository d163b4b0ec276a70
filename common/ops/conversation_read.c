/*
 * conversation_read.c - columns of a batch as pieces of conversations.
 *
 * Each column is read by a flat loop down the chunk, its width decided outside.
 */
#include "ops/conversation_read.h"

#include <endian.h>

#define IE(N) \
	{ \
		.id = N \
	}
#define REVERSE(N) \
	{ \
		.pen = PEN_REVERSE, .id = N \
	}
#define OWN(N) \
	{ \
		.pen = PEN_OWN, .id = N \
	}
#define FIELD(T, ...) \
	{ \
		.type = T, \
		.n = sizeof((struct field_id[]){ __VA_ARGS__ }) / sizeof(struct field_id), \
		.id = { __VA_ARGS__ } \
	}

/* The alternatives are those of the aliases (flow/alias.c). */
static const struct field fields[PIECE_COLUMNS] = {
	[PIECE_SRC] = FIELD(TYPE_IP, IE(8), IE(27)),
	[PIECE_DST] = FIELD(TYPE_IP, IE(12), IE(28)),
	[PIECE_SRCPORT] = FIELD(TYPE_UINT, IE(7), IE(180), IE(182)),
	[PIECE_DSTPORT] = FIELD(TYPE_UINT, IE(11), IE(181), IE(183)),
	[PIECE_PROTO] = FIELD(TYPE_UINT, IE(4)),
	[PIECE_FLAGS] = FIELD(TYPE_UINT, IE(6)),
	[PIECE_START] = FIELD(TYPE_TIME, OWN(OWN_START), OWN(OWN_END)),
	[PIECE_END] = FIELD(TYPE_TIME, OWN(OWN_END), OWN(OWN_START)),
	[PIECE_PACKETS] = FIELD(TYPE_UINT, IE(2), IE(86), IE(298)),
	[PIECE_BYTES] = FIELD(TYPE_UINT, IE(1), IE(85), IE(231)),
	[PIECE_FLOWS] = FIELD(TYPE_UINT, IE(3)),
	[PIECE_RPACKETS] = FIELD(TYPE_UINT, REVERSE(2), REVERSE(86)),
	[PIECE_RBYTES] = FIELD(TYPE_UINT, REVERSE(1), REVERSE(85)),
	[PIECE_RFLOWS] = FIELD(TYPE_UINT, REVERSE(3)),
	[PIECE_RFLAGS] = FIELD(TYPE_UINT, REVERSE(6)),
	[PIECE_ICMP] = FIELD(TYPE_UINT, IE(32), IE(139)),
	[PIECE_SAMPLING] = FIELD(TYPE_UINT, OWN(OWN_SAMPLING)),
	[PIECE_EXPORTER] = FIELD(TYPE_IP, IE(130), IE(131), OWN(OWN_EXPORTER)),
};

bool
pieces_bind(struct piece_source *s, struct batch *b)
{
	int at[PIECE_COLUMNS];

	/* All are found before any is unpacked: finding one may move the columns. */
	for (unsigned k = 0; k < PIECE_COLUMNS; k++) {
		at[k] = batch_resolve(b, &fields[k]);
		if (at[k] >= 0 && b->col[at[k]].type != fields[k].type)
			at[k] = -1;
	}
	for (unsigned k = 0; k < PIECE_COLUMNS; k++)
		s->col[k] = at[k] < 0 ? NULL : batch_plain(b, (unsigned)at[k]);
	return s->col[PIECE_SRC] != NULL && s->col[PIECE_DST] != NULL && s->col[PIECE_END] != NULL;
}

void
conversations_unpack(struct batch *b)
{
	struct piece_source s;

	(void)pieces_bind(&s, b);
}

int
conversations_work(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	(void)ctx;
	(void)worker;
	(void)sel;
	(void)err;
	conversations_unpack(b);
	return 0;
}

/* Numbers -------------------------------------------------------------------------------------- */

/* Are the chosen records one behind the other?  Then loops need no idx, and go many at a time. */
static inline bool
in_a_row(const uint32_t *idx, size_t n)
{
	return n > 0 && idx[n - 1] - idx[0] == n - 1;
}

#define LOAD(T) \
	do { \
		const T *from = c->data; \
		if (in_a_row(idx, n)) \
			for (size_t i = 0, first = idx[0]; i < n; i++) \
				out[i] = (uint64_t)from[first + i]; \
		else \
			for (size_t i = 0; i < n; i++) \
				out[i] = (uint64_t)from[idx[i]]; \
	} while (0)

static void
load_uint(const struct column *c, const uint32_t *idx, size_t n, uint64_t absent, uint64_t *out)
{
	if (c == NULL) {
		for (size_t i = 0; i < n; i++)
			out[i] = absent;
		return;
	}
	switch (c->width) {
	case 1: LOAD(uint8_t); break;
	case 2: LOAD(uint16_t); break;
	case 4: LOAD(uint32_t); break;
	default: LOAD(uint64_t);
	}
	if (c->present == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		if (!bits_get(c->present, idx[i]))
			out[i] = absent;
}

static void
load_ip(const struct column *c, const uint32_t *idx, size_t n, struct addr *out, bool *has)
{
	if (c->width == 4) {
		const uint32_t *from = c->data;

		for (size_t i = 0; i < n; i++)
			out[i] = addr_v4(from[idx[i]]);
	} else if (in_a_row(idx, n)) {
		memcpy(out, (const struct addr *)c->data + idx[0], n * sizeof(*out));
	} else {
		const struct addr *from = c->data;

		for (size_t i = 0; i < n; i++)
			out[i] = from[idx[i]];
	}
	for (size_t i = 0; i < n && c->present != NULL; i++)
		has[i] = has[i] && bits_get(c->present, idx[i]);
}

/* Ends ----------------------------------------------------------------------------------------- */

static bool
has_ports(uint64_t proto)
{
	return proto != IP_ICMP && proto != IP_ICMP6;
}

/* Is (a, p) more than (b, q), addresses as memcmp says it?  Which it is, nobody can foretell: no branches. */
static inline bool
is_more(const struct addr *a, uint64_t p, const struct addr *b, uint64_t q)
{
	uint64_t x[2], y[2];

	memcpy(x, a->b, 16);
	memcpy(y, b->b, 16);
	for (unsigned i = 0; i < 2; i++) {
		x[i] = be64toh(x[i]);
		y[i] = be64toh(y[i]);
	}
	return (x[0] > y[0]) | ((x[0] == y[0]) & ((x[1] > y[1]) | ((x[1] == y[1]) & (p > q))));
}

/* Put both ends in order; returns which of them is the source. */
static unsigned
order_ends(struct ends *e, const struct addr *src, const struct addr *dst, uint64_t srcport,
    uint64_t dstport, uint64_t proto)
{
	unsigned d;

	if (!has_ports(proto))
		srcport = dstport = 0;
	d = is_more(src, srcport, dst, dstport);
	e->ip[d] = *src;
	e->ip[!d] = *dst;
	e->port[d] = (uint16_t)srcport;
	e->port[!d] = (uint16_t)dstport;
	e->proto = (uint32_t)proto;
	return d;
}

/*
 * A part of a chunk of every number's column, so that all of them stay in the nearest cache; a line more of each, or
 * those of one record would share few places of it.
 */
enum { PART = 64 };
struct words {
	uint64_t v[PIECE_COLUMNS][PART + 8];
};

/* What a number is where no record has it. */
static const uint64_t absent[PIECE_COLUMNS] = {
	[PIECE_FLOWS] = 1,
	[PIECE_FLAGS] = UINT64_MAX,
	[PIECE_ICMP] = UINT64_MAX,
	[PIECE_SAMPLING] = 1,
};

/* From 1970 to 2116: the difference of two, and a timeout more, is a time still. */
static int64_t
sane_time(uint64_t v)
{
	int64_t ns = (int64_t)v;

	return ns < 0 ? 0 : ns > INT64_MAX / 2 ? INT64_MAX / 2 : ns;
}

static void
fill_piece(struct piece *q, const struct words *w, size_t i)
{
	bool icmp = !has_ports(w->v[PIECE_PROTO][i]);
	uint64_t kind = w->v[PIECE_ICMP][i], sampling = w->v[PIECE_SAMPLING][i];

	q->has_flags = w->v[PIECE_PROTO][i] == IP_TCP && w->v[PIECE_FLAGS][i] != UINT64_MAX;
	q->flags = q->has_flags ? w->v[PIECE_FLAGS][i] & UINT16_MAX : 0;
	q->rflags = w->v[PIECE_RFLAGS][i] & UINT16_MAX;
	q->start_ns = sane_time(w->v[PIECE_START][i]);
	q->end_ns = sane_time(w->v[PIECE_END][i]);
	if (q->end_ns < q->start_ns)
		q->end_ns = q->start_ns;
	q->packets = w->v[PIECE_PACKETS][i];
	q->bytes = w->v[PIECE_BYTES][i];
	q->rpackets = w->v[PIECE_RPACKETS][i];
	q->rbytes = w->v[PIECE_RBYTES][i];
	/* A record is one, whatever it says: 0 is that none went this way. */
	q->flows = w->v[PIECE_FLOWS][i] != 0 ? w->v[PIECE_FLOWS][i] : 1;
	q->rflows = w->v[PIECE_RFLOWS][i];
	q->is_biflow = (q->rpackets | q->rbytes | q->rflows) != 0;
	if (q->is_biflow && q->rflows == 0)
		q->rflows = 1;
	q->sampling = sampling < 1 ? 1 : sampling > UINT32_MAX ? UINT32_MAX : (uint32_t)sampling;
	q->icmp = !icmp ? 0 : kind != UINT64_MAX ? kind : w->v[PIECE_DSTPORT][i];
}

/* The pieces of n <= PART records behind those that there are. */
static void
read_part(struct pieces *p, const struct piece_source *s, const uint32_t *idx, size_t n)
{
	struct addr src[PART], dst[PART], exporter[PART];
	bool has[PART], has_exporter[PART], exporters;
	const uint64_t *timed = s->col[PIECE_END]->present;
	struct words w;

	memset(has, 1, sizeof(has));
	memset(has_exporter, 1, sizeof(has_exporter));
	load_ip(s->col[PIECE_SRC], idx, n, src, has);
	load_ip(s->col[PIECE_DST], idx, n, dst, has);
	exporters = p->exporters && s->col[PIECE_EXPORTER] != NULL;
	if (exporters)
		load_ip(s->col[PIECE_EXPORTER], idx, n, exporter, has_exporter);
	for (unsigned k = PIECE_SRCPORT; k < PIECE_EXPORTER; k++)
		load_uint(s->col[k], idx, n, absent[k], w.v[k]); /* cppcheck-suppress uninitvar */
	for (size_t i = 0; i < n; i++) {
		struct piece *q = &p->piece[p->n];

		if (!has[i] || !bits_has(timed, idx[i]))
			continue;
		fill_piece(q, &w, i);
		p->rec[p->n] = idx[i];
		q->d = (uint8_t)order_ends(&p->ends[p->n++], &src[i], &dst[i],
		    w.v[PIECE_SRCPORT][i], w.v[PIECE_DSTPORT][i], w.v[PIECE_PROTO][i]);
		q->has_exporter = exporters && has_exporter[i];
		if (q->has_exporter)
			q->exporter = exporter[i];
	}
}

size_t
pieces_next(
    struct pieces *p, const struct piece_source *s, size_t n, const uint64_t *sel, size_t *next)
{
	p->n = 0;
	return pieces_more(p, s, n, sel, next);
}

size_t
pieces_more(
    struct pieces *p, const struct piece_source *s, size_t n, const uint64_t *sel, size_t *next)
{
	uint32_t idx[CONVERSATIONS_CHUNK];
	size_t k = 0;

	for (; *next < n && k < CONVERSATIONS_CHUNK - p->n; ++*next)
		if (bits_has(sel, *next))
			idx[k++] = (uint32_t)*next;
	for (size_t at = 0; at < k; at += PART)
		read_part(p, s, idx + at, k - at < PART ? k - at : PART);
	return k;
}
