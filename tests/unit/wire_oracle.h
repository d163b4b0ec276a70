/*
 * wire_oracle.h - what holds of decoded messages, whatever was in them (PROTOCOL 1.5).
 *
 * A decoder with its batches is fed message by message; the first law that was broken is kept as text.
 *
 * Messages	fed = those of all exporters + those of exporters that gave way = the totals'; so octets.
 *		Those of version 0 are no messages: each is counted once as of unknown version or as too
 *		short, and nothing else is counted for them.  All others were decoded, as far as they went.
 * Records	returned = flows + options counted = records in batches; discarded ones are in none.
 * Data sets	without template = held now + replayed + lost, of each exporter.
 * Batches	columns are of the types and forms that batch.h promises, no identity twice; every record has
 *		its exporter, port, domain, version and time of receipt, every flow also a start or an end,
 *		or the element that would have been one (DESIGN 1, Times), and says where its sampling is from.
 *		The exception is counted as BAD_RECORD: a time before 1990 whose element's column has another
 *		type in the batch.
 */
#ifndef TESTS_WIRE_ORACLE_H
#define TESTS_WIRE_ORACLE_H

#include "base/hash.h"
#include "base/num.h"
#include "flow/list.h"
#include "wire/wire.h"

struct oracle {
	struct wire *w;
	struct wire_opts opts;
	struct batch *b[WIRE_KINDS];
	struct wire_out out;
	uint64_t messages, octets, records; /* fed, fed, returned */
	uint64_t taken; /* records of batches that were handed over */
	uint64_t timeless; /* flows without any time */
	size_t largest; /* octets of a batch */
	const char *wrong; /* NULL: every law holds so far */

	/* A hash of every record's content in the order of coming, if asked for. */
	bool marking;
	uint64_t *mark[WIRE_KINDS];
	size_t n_marks[WIRE_KINDS], cap_marks[WIRE_KINDS];
};

static inline void
oracle_expect(struct oracle *o, bool holds, const char *law)
{
	if (!holds && o->wrong == NULL)
		o->wrong = law;
}

/* Batches ---------------------------------------------------------------------------------------- */

static inline bool
oracle_values_good(const struct batch *b, const struct column *c, size_t i)
{
	switch (c->type) {
	case TYPE_BOOL: return ((const uint8_t *)c->data)[i] <= 1;
	case TYPE_MAC: return ((const uint64_t *)c->data)[i] >> 48 == 0;
	case TYPE_STRING:
		return c->off[i] == c->off[i + 1] ||
		       ((const uint8_t *)c->data)[c->off[i + 1] - 1] != 0;
	case TYPE_LIST: {
		struct list_reader r;

		return list_open(
		    &r, (const uint8_t *)c->data + c->off[i], c->off[i + 1] - c->off[i]);
	}
	default: return i < b->n;
	}
}

static inline void
oracle_column(struct oracle *o, const struct batch *b, const struct column *c)
{
	bool known_pen = c->id.pen <= PEN_OWN || c->id.pen == PEN_V9 || c->id.pen == PEN_SCOPE ||
			 c->id.pen == PEN_SFLOW;

	oracle_expect(o, known_pen && c->id.named == NULL, "a column of no identity");
	oracle_expect(o, c->type > TYPE_NONE && c->type < TYPE_COUNT, "a column of no type");
	oracle_expect(o, (c->width == 0) == type_is_var((enum type)c->type), "a width of no type");
	oracle_expect(o, b->n % 64 == 0 || (c->bits[b->n / 64] & ~bits_tail(b->n)) == 0,
	    "presence of records that are none");
	for (size_t i = 0; c->width == 0 && i < b->n; i++)
		oracle_expect(o,
		    c->off[i] <= c->off[i + 1] &&
			(bits_get(c->bits, i) || c->off[i] == c->off[i + 1]),
		    "octets of a record that has none");
	oracle_expect(o, c->width != 0 || b->n == 0 || c->off[b->n] == c->data_len,
	    "octets that are of no record");
	for (size_t i = 0; i < b->n && o->wrong == NULL; i++)
		if (bits_get(c->bits, i))
			oracle_expect(
			    o, oracle_values_good(b, c, i), "a value that its type lacks");
}

static inline void
oracle_identities(struct oracle *o, const struct batch *b)
{
	enum { LOOK = 128 };

	for (unsigned i = 0; i < b->n_cols && i < LOOK; i++)
		for (unsigned k = 0; k < i; k++)
			oracle_expect(o,
			    !field_id_equal(&b->col[i].id, &b->col[k].id) ||
				((b->col[i].flags ^ b->col[k].flags) & COLUMN_SCOPE) != 0,
			    "two columns of one identity");
}

/* Time elements that could be a flow's start or end. */
static inline bool
oracle_tells_time(const struct field_id *id)
{
	if (id->pen == PEN_OWN)
		return id->id == OWN_START || id->id == OWN_END;
	return id->pen == PEN_IANA &&
	       (id->id == 21 || id->id == 22 || (id->id >= 150 && id->id <= 159) ||
		   (id->id >= 322 && id->id <= 325));
}

static inline const uint64_t *
oracle_bits(const struct batch *b, enum own own)
{
	struct field_id id = field_own(own);
	int col = batch_find(b, &id);

	return col < 0 ? NULL : b->col[col].bits;
}

static inline void
oracle_flows(struct oracle *o, const struct batch *b)
{
	static uint64_t timed[BATCH_RECORDS / 64];
	const uint64_t *guess = oracle_bits(b, OWN_TIME_GUESS);
	const uint64_t *sampling = oracle_bits(b, OWN_SAMPLING);
	const uint64_t *source = oracle_bits(b, OWN_SAMPLING_SRC);
	size_t words = bits_words(b->n);

	memset(timed, 0, words * 8);
	for (unsigned i = 0; i < b->n_cols; i++)
		for (size_t w = 0; oracle_tells_time(&b->col[i].id) && w < words; w++)
			timed[w] |= b->col[i].bits[w];
	o->timeless += b->n - bits_count(timed, b->n);
	for (size_t w = 0; guess != NULL && w < words; w++)
		oracle_expect(o,
		    (guess[w] & ~(oracle_bits(b, OWN_START)[w] & oracle_bits(b, OWN_END)[w])) == 0,
		    "a guessed time that is not there");
	if (b->n_cols < BATCH_COLUMNS_MAX)
		for (size_t w = 0; w < words; w++)
			oracle_expect(o,
			    (sampling == NULL ? 0 : sampling[w]) ==
				(source == NULL ? 0 : source[w]),
			    "a sampling interval from nowhere");
}

static inline void
oracle_batch(struct oracle *o, enum wire_kind kind)
{
	static const enum own always[] = { OWN_EXPORTER, OWN_DOMAIN, OWN_RECEIVED, OWN_VERSION,
		OWN_EXPORTER_PORT, OWN_WIRE };
	struct batch *b = o->b[kind];
	size_t octets = batch_octets(b);

	batch_close(b);
	o->largest = octets > o->largest ? octets : o->largest;
	oracle_expect(o, b->n <= BATCH_RECORDS, "a batch of too many records");
	if (b->n == 0)
		return;
	oracle_expect(o, b->options == (kind == WIRE_OPTIONS), "options among flows");
	for (unsigned i = 0; i < b->n_cols; i++)
		oracle_column(o, b, &b->col[i]);
	oracle_identities(o, b);
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		const uint64_t *bits = oracle_bits(b, always[i]);

		if (always[i] != OWN_WIRE || o->opts.raw)
			oracle_expect(o, bits != NULL && bits_count(bits, b->n) == b->n,
			    "a record that does not say whence it came");
	}
	if (kind != WIRE_OPTIONS)
		oracle_flows(o, b);
}

/* Marks ------------------------------------------------------------------------------------------ */

static inline uint64_t
oracle_mark_cell(const struct column *c, size_t rec)
{
	uint64_t id[3] = { c->id.pen, (uint64_t)c->id.id << 16 | c->id.instance,
		(uint64_t)c->type << 8 | (c->flags & COLUMN_SCOPE) };
	uint64_t h = hash_octets(1, id, sizeof(id));
	struct addr a;

	if (c->width == 0)
		return hash_octets(
		    h, (const uint8_t *)c->data + c->off[rec], c->off[rec + 1] - c->off[rec]);
	if (c->type != TYPE_IP)
		return hash_u64(
		    h, c->type == TYPE_INT ? (uint64_t)column_int(c, rec) : column_uint(c, rec));
	if (c->width == 4)
		a = addr_v4(((const uint32_t *)c->data)[rec]);
	else
		memcpy(a.b, (const uint8_t *)c->data + 16 * rec, 16);
	return hash_octets(h, a.b, sizeof(a.b));
}

/* What the record says, whatever the order and widths of columns. */
static inline uint64_t
oracle_mark(const struct batch *b, size_t rec)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < b->n_cols; i++)
		if (bits_get(b->col[i].bits, rec))
			sum += oracle_mark_cell(&b->col[i], rec);
	return sum;
}

static inline void
oracle_take_marks(struct oracle *o, enum wire_kind kind)
{
	const struct batch *b = o->b[kind];

	for (size_t i = 0; o->marking && i < b->n; i++) {
		if (o->n_marks[kind] == o->cap_marks[kind]) {
			o->cap_marks[kind] = o->cap_marks[kind] ? 2 * o->cap_marks[kind] : 64;
			o->mark[kind] =
			    mem_resize(o->mark[kind], o->cap_marks[kind], sizeof(uint64_t));
		}
		o->mark[kind][o->n_marks[kind]++] = oracle_mark(b, i);
	}
}

/* Feeding ---------------------------------------------------------------------------------------- */

/* Look at a batch and empty it, as who writes it would. */
static inline void
oracle_take(struct oracle *o, enum wire_kind kind)
{
	oracle_batch(o, kind);
	oracle_take_marks(o, kind);
	o->taken += o->b[kind]->n;
	batch_reset(o->b[kind]);
}

static inline void
oracle_full(void *ctx, enum wire_kind kind)
{
	oracle_take(ctx, kind);
}

static inline void
oracle_open(struct oracle *o, const struct wire_opts *opts)
{
	*o = (struct oracle){ .w = wire_new(opts), .opts = *opts };
	for (unsigned i = 0; i < WIRE_KINDS; i++)
		o->out.batch[i] = o->b[i] = batch_new();
	o->out.full = oracle_full;
	o->out.ctx = o;
}

static inline void
oracle_exporter(struct oracle *o, const struct wire_stats *s)
{
	uint64_t bad = 0;

	for (unsigned i = 0; i < BAD_KINDS; i++)
		bad += s->bad[i];
	oracle_expect(o, s->unknown_template_sets == s->held + s->held_replayed + s->held_lost,
	    "sets without template that went nowhere");
	if (s->version == 0)
		oracle_expect(o,
		    bad == s->messages && bad == s->bad[BAD_VERSION] + s->bad[BAD_SHORT] &&
			s->flows + s->options + s->templates + s->unknown_template_sets == 0,
		    "garbage that counts for more than garbage");
}

/* Over all exporters; what is in the batches counts. */
static inline void
oracle_sums(struct oracle *o)
{
	struct wire_totals t;
	struct wire_stats s;
	size_t held = 0;

	wire_totals(o->w, &t);
	for (size_t i = 0; wire_stats_at(o->w, i, &s); i++)
		oracle_exporter(o, &s);
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		held += o->b[k]->n;
	oracle_expect(o, t.messages == o->messages && t.octets == o->octets,
	    "messages that no exporter has sent");
	oracle_expect(o, o->timeless <= t.bad[BAD_RECORD], "a flow without any time");
	oracle_expect(o, t.flows + t.options == o->records, "records that nobody counted");
	oracle_expect(o, o->records == o->taken + held, "records that are in no batch");
	oracle_expect(o, t.unknown_template_sets == t.held + t.held_replayed + t.held_lost,
	    "sets without template that went nowhere");
}

/* Decode a message; its octets are handed over in memory of just their length, so that sanitisers see overruns. */
static inline size_t
oracle_feed(struct oracle *o, const struct wire_msg *msg)
{
	struct wire_msg exact = *msg;
	uint8_t *copy = mem_alloc(msg->len);
	size_t got;

	if (msg->len > 0)
		memcpy(copy, msg->data, msg->len);
	exact.data = copy;
	got = wire_decode(o->w, &exact, &o->out);
	mem_free(copy);
	o->messages++;
	o->octets += msg->len;
	o->records += got;
	oracle_expect(o, msg->stream || !wire_broken(o->w), "a datagram that ends a connection");
	return got;
}

/* All that was decoded so far is looked at and taken.  NULL, or the law that is broken. */
static inline const char *
oracle_check(struct oracle *o)
{
	for (unsigned k = 0; k < WIRE_KINDS; k++)
		oracle_take(o, (enum wire_kind)k);
	oracle_sums(o);
	return o->wrong;
}

static inline void
oracle_forget_marks(struct oracle *o)
{
	memset(o->n_marks, 0, sizeof(o->n_marks));
}

/* Are all records of `part` among those of `whole`, in their order? */
static inline bool
oracle_is_part(const struct oracle *part, const struct oracle *whole)
{
	for (unsigned k = 0; k < WIRE_KINDS; k++) {
		size_t at = 0;

		for (size_t i = 0; i < part->n_marks[k]; i++, at++) {
			while (at < whole->n_marks[k] && whole->mark[k][at] != part->mark[k][i])
				at++;
			if (at == whole->n_marks[k])
				return false;
		}
	}
	return true;
}

static inline void
oracle_close(struct oracle *o)
{
	for (unsigned k = 0; k < WIRE_KINDS; k++) {
		batch_free(o->b[k]);
		mem_free(o->mark[k]);
	}
	wire_free(o->w);
}

#endif
