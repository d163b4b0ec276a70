#include "gen.h"

enum { TILE = 256, FAMILIES = 2 };

/* The columns, in the order in which they are written. */
enum {
	C_START,
	C_END,
	C_SRCIP,
	C_DSTIP,
	C_SRCPORT,
	C_DSTPORT,
	C_PROTO,
	C_FLAGS,
	C_TOS,
	C_PACKETS,
	C_BYTES,
	C_INIF,
	C_OUTIF,
	C_SRCAS,
	C_DSTAS,
	C_SRCMASK,
	C_DSTMASK,
	C_NEXTHOP,
	C_DIRECTION,
	C_REASON,
	C_EXPORTER,
	C_DOMAIN,
	C_RECEIVED,
	C_COUNT
};

static const struct {
	uint32_t pen;
	uint16_t id4, id6;
	uint8_t type, width, scale;
} columns[C_COUNT] = {
	[C_START] = { PEN_OWN, OWN_START, OWN_START, TYPE_TIME, 8, 6 },
	[C_END] = { PEN_OWN, OWN_END, OWN_END, TYPE_TIME, 8, 6 },
	[C_SRCIP] = { PEN_IANA, 8, 8, TYPE_IP, 0, 0 },
	[C_DSTIP] = { PEN_IANA, 12, 12, TYPE_IP, 0, 0 },
	[C_SRCPORT] = { PEN_IANA, 7, 7, TYPE_UINT, 2, 0 },
	[C_DSTPORT] = { PEN_IANA, 11, 11, TYPE_UINT, 2, 0 },
	[C_PROTO] = { PEN_IANA, 4, 4, TYPE_UINT, 1, 0 },
	[C_FLAGS] = { PEN_IANA, 6, 6, TYPE_UINT, 2, 0 },
	[C_TOS] = { PEN_IANA, 5, 5, TYPE_UINT, 1, 0 },
	[C_PACKETS] = { PEN_IANA, 2, 2, TYPE_UINT, 8, 0 },
	[C_BYTES] = { PEN_IANA, 1, 1, TYPE_UINT, 8, 0 },
	[C_INIF] = { PEN_IANA, 10, 10, TYPE_UINT, 4, 0 },
	[C_OUTIF] = { PEN_IANA, 14, 14, TYPE_UINT, 4, 0 },
	[C_SRCAS] = { PEN_IANA, 16, 16, TYPE_UINT, 4, 0 },
	[C_DSTAS] = { PEN_IANA, 17, 17, TYPE_UINT, 4, 0 },
	[C_SRCMASK] = { PEN_IANA, 9, 29, TYPE_UINT, 1, 0 },
	[C_DSTMASK] = { PEN_IANA, 13, 30, TYPE_UINT, 1, 0 },
	[C_NEXTHOP] = { PEN_IANA, 15, 15, TYPE_IP, 0, 0 },
	[C_DIRECTION] = { PEN_IANA, 61, 61, TYPE_UINT, 1, 0 },
	[C_REASON] = { PEN_IANA, 136, 136, TYPE_UINT, 1, 0 },
	[C_EXPORTER] = { PEN_OWN, OWN_EXPORTER, OWN_EXPORTER, TYPE_IP, 4, 0 },
	[C_DOMAIN] = { PEN_OWN, OWN_DOMAIN, OWN_DOMAIN, TYPE_UINT, 4, 0 },
	[C_RECEIVED] = { PEN_OWN, OWN_RECEIVED, OWN_RECEIVED, TYPE_TIME, 8, 3 },
};

struct family {
	struct batch *batch;
	unsigned n;
	struct row rows[TILE];
};

struct pour {
	struct family family[FAMILIES];
	pour_fn fn;
	void *ctx;
	size_t held;
};

static void
add_columns(struct batch *b, bool v6)
{
	for (unsigned i = 0; i < C_COUNT; i++) {
		struct field_id id = { .pen = columns[i].pen,
			.id = v6 ? columns[i].id6 : columns[i].id4 };
		unsigned width = columns[i].width ? columns[i].width : v6 ? 16 : 4;
		int at = batch_column(b, &id, (enum type)columns[i].type, width, 0);

		if (at >= 0 && columns[i].type == TYPE_TIME)
			batch_precision(b, (unsigned)at, columns[i].scale);
	}
}

struct pour *
pour_new(pour_fn fn, void *ctx)
{
	struct pour *p = mem_zero(1, sizeof(*p));

	p->fn = fn;
	p->ctx = ctx;
	for (unsigned i = 0; i < FAMILIES; i++) {
		p->family[i].batch = batch_new();
		add_columns(p->family[i].batch, i == 1);
	}
	return p;
}

void
pour_free(struct pour *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < FAMILIES; i++)
		batch_free(p->family[i].batch);
	mem_free(p);
}

#define POUR(T, COLUMN, VALUE) \
	do { \
		T *cell = (T *)batch_cells(b, COLUMN) + first; \
		for (unsigned i = 0; i < f->n; i++) { \
			const struct row *r = &f->rows[i]; \
			cell[i] = (T)(VALUE); \
		} \
	} while (0)

static void
pour_addresses(struct family *f, size_t first, bool v6)
{
	struct batch *b = f->batch;

	if (v6) {
		POUR(struct addr, C_SRCIP, r->src);
		POUR(struct addr, C_DSTIP, r->dst);
		POUR(struct addr, C_NEXTHOP, r->next);
		return;
	}
	POUR(uint32_t, C_SRCIP, addr_u32(&r->src));
	POUR(uint32_t, C_DSTIP, addr_u32(&r->dst));
	POUR(uint32_t, C_NEXTHOP, addr_u32(&r->next));
}

/* The tile's rows to columns: a tile stays in the cache while each column is written. */
static void
pour_tile(struct family *f, bool v6)
{
	struct batch *b = f->batch;
	size_t first = batch_extend(b, f->n);

	POUR(int64_t, C_START, r->start_ms * NS_PER_MS);
	POUR(int64_t, C_END, r->end_ms * NS_PER_MS);
	pour_addresses(f, first, v6);
	POUR(uint16_t, C_SRCPORT, r->srcport);
	POUR(uint16_t, C_DSTPORT, r->dstport);
	POUR(uint8_t, C_PROTO, r->proto);
	POUR(uint16_t, C_FLAGS, r->flags);
	POUR(uint8_t, C_TOS, r->tos);
	POUR(uint64_t, C_PACKETS, r->packets);
	POUR(uint64_t, C_BYTES, r->bytes);
	POUR(uint32_t, C_INIF, r->inif);
	POUR(uint32_t, C_OUTIF, r->outif);
	POUR(uint32_t, C_SRCAS, r->srcas);
	POUR(uint32_t, C_DSTAS, r->dstas);
	POUR(uint8_t, C_SRCMASK, r->srcmask);
	POUR(uint8_t, C_DSTMASK, r->dstmask);
	POUR(uint8_t, C_DIRECTION, r->direction);
	POUR(uint8_t, C_REASON, r->end_reason);
	POUR(uint32_t, C_EXPORTER, UINT32_C(10) << 24 | 254 << 16 | 255 << 8 | (1 + r->exporter));
	POUR(uint32_t, C_DOMAIN, 1 + r->exporter);
	POUR(int64_t, C_RECEIVED, r->received_us * NS_PER_US);
	for (unsigned c = 0; c < C_COUNT; c++)
		batch_mark(b, c, first, f->n);
	f->n = 0;
}

int
pour_flush(struct pour *p, struct err *err)
{
	int rc = 0;

	p->held = 0;
	for (unsigned i = 0; i < FAMILIES && rc == 0; i++) {
		struct family *f = &p->family[i];

		if (f->n > 0)
			pour_tile(f, i == 1);
		if (f->batch->n == 0)
			continue;
		batch_close(f->batch);
		rc = p->fn(p->ctx, f->batch, err);
		batch_clear(f->batch);
		for (unsigned c = 0; c < C_COUNT; c++) {
			if (columns[c].type == TYPE_TIME)
				batch_precision(f->batch, c, columns[c].scale);
		}
	}
	return rc;
}

int
pour_row(struct pour *p, const struct row *r, struct err *err)
{
	struct family *f = &p->family[r->v6];

	f->rows[f->n++] = *r;
	if (f->n == TILE)
		pour_tile(f, r->v6);
	if (++p->held < BATCH_RECORDS)
		return 0;
	return pour_flush(p, err);
}
