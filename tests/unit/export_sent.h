/*
 * export_sent.h - batches that are exported, and the messages that they become.
 */
#ifndef TESTS_EXPORT_SENT_H
#define TESTS_EXPORT_SENT_H

#include "base/cursor.h"
#include "base/mem.h"
#include "base/num.h"
#include "tap.h"
#include "wire/export.h"

enum { MESSAGES = 4096 };

/* Messages as they were sent. */
struct sent {
	struct buf message[MESSAGES];
	unsigned n;
	uint64_t records;
};

static inline int
keep(void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *err)
{
	struct sent *s = ctx;

	(void)time_ns;
	if (s->n == MESSAGES)
		return err_set(err, "too many messages");
	buf_put(&s->message[s->n++], data, len);
	s->records += records;
	return 0;
}

static inline void
sent_free(struct sent *s)
{
	for (unsigned i = 0; i < s->n; i++)
		buf_free(&s->message[i]);
	mem_free(s);
}

static inline uint64_t
number(const struct sent *s, unsigned message, size_t at, size_t n)
{
	return be_uint((const uint8_t *)s->message[message].data + at, n);
}

/* A batch of n plain IPv4 flows that end a second apart. */
static inline struct batch *
flows(size_t n, uint64_t bytes)
{
	struct batch *b = batch_new();
	struct field_id start = field_own(OWN_START), end = field_own(OWN_END), src = field_iana(8),
			dst = field_iana(12), packets = field_iana(2), octets = field_iana(1);
	unsigned c_start = (unsigned)batch_column(b, &start, TYPE_TIME, 8, 0);
	unsigned c_end = (unsigned)batch_column(b, &end, TYPE_TIME, 8, 0);
	unsigned c_src = (unsigned)batch_column(b, &src, TYPE_IP, 4, 0);
	unsigned c_dst = (unsigned)batch_column(b, &dst, TYPE_IP, 4, 0);
	unsigned c_packets = (unsigned)batch_column(b, &packets, TYPE_UINT, 8, 0);
	unsigned c_octets = (unsigned)batch_column(b, &octets, TYPE_UINT, 8, 0);

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t t = UINT64_C(1767571200) * 1000000000 + i * UINT64_C(1000000000);

		batch_put_uint(b, c_start, i, t);
		batch_put_uint(b, c_end, i, t + 500000000);
		batch_put_uint(b, c_src, i, 0x0a000001 + i);
		batch_put_uint(b, c_dst, i, 0xc0000201);
		batch_put_uint(b, c_packets, i, 3);
		batch_put_uint(b, c_octets, i, bytes);
	}
	batch_precision(b, c_start, 6);
	batch_precision(b, c_end, 6);
	batch_close(b);
	return b;
}

/* Add a column of one value in each record of an open batch. */
static inline void
add_uint(struct batch *b, struct field_id id, unsigned width, uint64_t value)
{
	unsigned c = (unsigned)batch_column(b, &id, TYPE_UINT, width, 0);

	for (size_t i = 0; i < b->n; i++)
		batch_put_uint(b, c, i, value);
	batch_close(b);
}

static inline struct sent *
export_all(
    const struct export_opts *o, struct batch *b, struct buf *report, struct export_totals *totals)
{
	struct sent *s = mem_zero(1, sizeof(*s));
	struct err err = { 0 };
	struct exporter *e = export_new(o, keep, s);

	if (export_batch(e, b, NULL, &err) != 0 || export_flush(e, &err) != 0)
		ok(false, "exporting fails: %s", err.text);
	if (report != NULL)
		export_report(e, report);
	if (totals != NULL)
		*totals = *export_totals(e);
	export_free(e);
	return s;
}

/* How many messages have a set with this id. */
static inline unsigned
with_set(const struct sent *s, size_t header, uint16_t id)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++) {
		size_t at = header;

		while (at + 4 <= s->message[i].len && number(s, i, at, 2) != id)
			at += number(s, i, at + 2, 2);
		n += at + 4 <= s->message[i].len;
	}
	return n;
}

#endif
