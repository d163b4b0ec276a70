/*
 * wire_craft.h - export messages made by hand, decoded, and looked at cell by cell.
 */
#ifndef TESTS_WIRE_CRAFT_H
#define TESTS_WIRE_CRAFT_H

#include <stdlib.h>

#include "base/mem.h"
#include "base/num.h"
#include "wire/wire.h"

#include "tap.h"

enum { CRAFT_MAX = 65535, RECEIVED_S = 1700000100, EXPORT_S = 1700000000, UPTIME_MS = 1000000 };

struct craft {
	uint8_t d[CRAFT_MAX + 1];
	size_t n, set;
};

/* A big-endian number of any length. */
static inline void
put(struct craft *c, uint64_t v, unsigned len)
{
	for (unsigned i = len; i-- > 0;)
		c->d[c->n++] = (uint8_t)(i < 8 ? v >> 8 * i : 0);
}

static inline void
put_text(struct craft *c, const char *s, size_t n)
{
	memcpy(c->d + c->n, s, n);
	c->n += n;
}

static inline void
fix(struct craft *c, size_t at, unsigned v)
{
	c->d[at] = (uint8_t)(v >> 8);
	c->d[at + 1] = (uint8_t)v;
}

/* Headers; finish() completes IPFIX's length. */
static inline void
begin_v5(struct craft *c, unsigned count, uint32_t seq, unsigned sampling)
{
	c->n = 0;
	put(c, 5, 2);
	put(c, count, 2);
	put(c, UPTIME_MS, 4);
	put(c, EXPORT_S, 4);
	put(c, 0, 4);
	put(c, seq, 4);
	put(c, 0x1356, 2);
	put(c, sampling, 2);
}

static inline void
begin_v9(struct craft *c, unsigned count, uint32_t seq, uint32_t domain)
{
	c->n = 0;
	put(c, 9, 2);
	put(c, count, 2);
	put(c, UPTIME_MS, 4);
	put(c, EXPORT_S, 4);
	put(c, seq, 4);
	put(c, domain, 4);
}

static inline void
begin_ipfix(struct craft *c, uint32_t seq, uint32_t domain)
{
	c->n = 0;
	put(c, 10, 2);
	put(c, 0, 2);
	put(c, EXPORT_S, 4);
	put(c, seq, 4);
	put(c, domain, 4);
}

static inline void
open_set(struct craft *c, unsigned id)
{
	c->set = c->n;
	put(c, id, 2);
	put(c, 0, 2);
}

static inline void
close_set(struct craft *c)
{
	fix(c, c->set + 2, (unsigned)(c->n - c->set));
}

static inline void
finish(struct craft *c)
{
	if (c->d[1] == 10)
		fix(c, 2, (unsigned)c->n);
}

/* A template record: id, then count pairs of (element, length). */
static inline void
put_template(struct craft *c, unsigned id, unsigned count, const uint16_t (*fields)[2])
{
	put(c, id, 2);
	put(c, count, 2);
	for (unsigned i = 0; i < count; i++) {
		put(c, fields[i][0], 2);
		put(c, fields[i][1], 2);
	}
}

static inline void
put_template_set(
    struct craft *c, unsigned set, unsigned id, unsigned count, const uint16_t (*fields)[2])
{
	open_set(c, set);
	put_template(c, id, count, fields);
	close_set(c);
}

/* One record of version 5. */
static inline void
put_v5_record(struct craft *c, uint32_t src, uint32_t dst, uint32_t packets)
{
	put(c, src, 4);
	put(c, dst, 4);
	put(c, 0, 4);
	put(c, 3, 2);
	put(c, 4, 2);
	put(c, packets, 4);
	put(c, packets * 100, 4);
	put(c, UPTIME_MS - 5000, 4);
	put(c, UPTIME_MS - 1000, 4);
	put(c, 1024, 2);
	put(c, 443, 2);
	put(c, 0x1806, 3);
	put(c, 0, 1);
	put(c, 64512, 2);
	put(c, 64513, 2);
	put(c, 24, 1);
	put(c, 16, 1);
	put(c, 0, 2);
}

/* A decoder with its batches. */
struct rig {
	struct wire *w;
	struct batch *b[WIRE_KINDS];
	struct wire_out out;
	struct wire_msg msg;
	unsigned fulls;
	size_t records; /* of batches that were full */
};

static inline void
rig_full(void *ctx, enum wire_kind kind)
{
	struct rig *r = ctx;

	r->fulls++;
	r->records += r->b[kind]->n;
	batch_reset(r->b[kind]);
}

static inline void
rig_open(struct rig *r, struct wire_opts opts)
{
	*r = (struct rig){ .w = wire_new(&opts) };
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		r->out.batch[i] = r->b[i] = batch_new();
	r->out.full = rig_full;
	r->out.ctx = r;
	r->msg.exporter = addr_v4(0xc0000201);
	r->msg.port = 2055;
	r->msg.received_ns = RECEIVED_S * NS_PER_S;
}

static inline void
rig_close(struct rig *r)
{
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		batch_free(r->b[i]);
	wire_free(r->w);
}

static inline void
rig_clear(struct rig *r)
{
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		batch_reset(r->b[i]);
}

/* Octets of a message are handed over in memory of just their length, so a sanitiser sees overruns. */
static inline size_t
rig_decode(struct rig *r, const void *data, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1);
	size_t got;

	if (n > 0)
		memcpy(exact, data, n);
	r->msg.data = exact;
	r->msg.len = n;
	got = wire_decode(r->w, &r->msg, &r->out);
	free(exact);
	return got;
}

static inline size_t
rig_send(struct rig *r, struct craft *c)
{
	finish(c);
	return rig_decode(r, c->d, c->n);
}

static inline struct wire_stats
rig_stats(const struct rig *r)
{
	struct wire_stats s = { 0 };

	wire_stats_at(r->w, 0, &s);
	return s;
}

static inline struct wire_totals
rig_totals(const struct rig *r)
{
	struct wire_totals t;

	wire_totals(r->w, &t);
	return t;
}

/* Cells: the column of an identity with a value in this record, or NULL. */
static inline const struct column *
cell(struct rig *r, enum wire_kind kind, struct field_id id, size_t rec)
{
	struct batch *b = r->b[kind];

	batch_close(b);
	for (unsigned i = 0; i < b->n_cols; i++) {
		const struct column *c = &b->col[i];

		if (field_id_equal(&c->id, &id) && rec < b->n && bits_get(c->bits, rec))
			return c;
	}
	return NULL;
}

static inline bool
has(struct rig *r, enum wire_kind kind, struct field_id id, size_t rec)
{
	return cell(r, kind, id, rec) != NULL;
}

/* An integer; UINT64_MAX - 1 where there is none. */
static inline uint64_t
num(struct rig *r, enum wire_kind kind, struct field_id id, size_t rec)
{
	const struct column *c = cell(r, kind, id, rec);

	if (c == NULL)
		return UINT64_MAX - 1;
	if (c->width == 8)
		return ((const uint64_t *)c->data)[rec];
	if (c->width == 4)
		return ((const uint32_t *)c->data)[rec];
	return c->width == 2 ? ((const uint16_t *)c->data)[rec] : ((const uint8_t *)c->data)[rec];
}

/* Text of an address, octets in hex, or a string as it is; "-" where there is none. */
static inline const char *
text(struct rig *r, enum wire_kind kind, struct field_id id, size_t rec)
{
	static char buf[4096];
	const struct column *c = cell(r, kind, id, rec);
	size_t n;

	if (c == NULL)
		return "-";
	if (c->type == TYPE_IP && c->width == 4) {
		n = fmt_ip4(buf, ((const uint32_t *)c->data)[rec]);
	} else if (c->type == TYPE_IP) {
		struct addr a;

		memcpy(a.b, (const uint8_t *)c->data + 16 * rec, 16);
		n = fmt_ip(buf, &a);
	} else {
		const uint8_t *p = (const uint8_t *)c->data + c->off[rec];

		n = c->off[rec + 1] - c->off[rec];
		if (c->type == TYPE_STRING)
			memcpy(buf, p, n);
		else
			n = fmt_hex(buf, p, n);
	}
	buf[n] = 0;
	return buf;
}

#define F(N) field_iana(N)
#define OWN(NAME) field_own(OWN_##NAME)

#endif
