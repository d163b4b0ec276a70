#include "wire/exporter.h"

/* Up to 8 octets: written as 8, of which the first count. */
void
put_be(struct buf *b, uint64_t v, unsigned octets)
{
	uint64_t be = __builtin_bswap64(v << (64 - 8 * octets));

	memcpy(buf_room(b, sizeof(be)), &be, sizeof(be));
	b->len += octets;
}

void
set_be(struct buf *b, size_t at, uint64_t v, unsigned octets)
{
	for (unsigned i = 0; i < octets; i++)
		b->data[at + i] = (char)(v >> (8 * (octets - 1 - i)));
}

uint64_t
cell_uint(const struct column *c, size_t rec)
{
	switch (c->width) {
	case 1: return ((const uint8_t *)c->data)[rec];
	case 2: return ((const uint16_t *)c->data)[rec];
	case 4: return ((const uint32_t *)c->data)[rec];
	default: return ((const uint64_t *)c->data)[rec];
	}
}

bool
cell_is_v4(const struct column *c, size_t rec)
{
	return c->width == 4 || addr_is_v4((const struct addr *)((const uint8_t *)c->data +
								 rec * sizeof(struct addr)));
}

static int64_t
unit_ns(unsigned scale)
{
	int64_t unit = 1;

	while (scale-- > 0)
		unit *= 10;
	return unit;
}

/*
 * Seconds since 1900 and a binary fraction.  The fraction is rounded up, so that a reader who rounds
 * down, and one who rounds to the nearest, both get the decimal value back; of microseconds the
 * low 11 bits are zero (RFC 7011 6.1.9).
 */
static uint64_t
ntp_time(int64_t ns, bool micro)
{
	int64_t s = floor_div(ns, NS_PER_S);
	uint64_t rest = (uint64_t)(ns - s * NS_PER_S), fraction;

	if (micro) {
		fraction = ((rest / 1000 << 32) + 999999) / 1000000;
		fraction = (fraction + 2047) & ~UINT64_C(2047);
	} else {
		fraction = ((rest << 32) + 999999999) / 1000000000;
	}
	return (uint64_t)(s + NTP_EPOCH_S) << 32 | (fraction & UINT32_MAX);
}

static size_t
cell_octets(const struct column *c, size_t rec, const uint8_t **p)
{
	*p = (const uint8_t *)c->data + c->off[rec];
	return c->off[rec + 1] - c->off[rec];
}

size_t
put_length(const struct xfield *f, size_t rec)
{
	size_t n = f->col.off[rec + 1] - f->col.off[rec];

	return n + (n < 255 ? 1 : 3);
}

size_t
put_fixed_length(const struct xfield *f, size_t rec)
{
	size_t n;

	if (!f->by_length)
		return f->length;
	n = f->col.off[rec + 1] - f->col.off[rec];
	if (f->col.type != TYPE_STRING)
		return n;
	return n <= f->length ? f->length : (n + STRING_SHORT - 1) / STRING_SHORT * STRING_SHORT;
}

static void
put_padded(struct buf *b, const struct xfield *f, size_t rec)
{
	const uint8_t *p;
	size_t n = cell_octets(&f->col, rec, &p), want = put_fixed_length(f, rec);

	buf_put(b, p, n < want ? n : want);
	for (; n < want; n++)
		buf_putc(b, '\0');
}

static void
put_variable(struct buf *b, const struct xfield *f, size_t rec)
{
	const uint8_t *p;
	size_t n = cell_octets(&f->col, rec, &p);

	if (n < 255) {
		put_be(b, n, 1);
	} else {
		put_be(b, 255, 1);
		put_be(b, n, 2);
	}
	buf_put(b, p, n);
}

void
put_field(struct buf *b, const struct xfield *f, size_t rec, const struct session *s)
{
	const struct column *c = &f->col;
	struct addr a;
	int64_t ns;

	switch ((enum put_op)f->op) {
	case PUT_UINT: put_be(b, cell_uint(c, rec), f->length); break;
	case PUT_BOOL: put_be(b, cell_uint(c, rec) ? 1 : 2, 1); break;
	case PUT_IP4:
		a = column_ip(c, rec);
		buf_put(b, a.b + 12, 4);
		break;
	case PUT_IP6:
		a = column_ip(c, rec);
		buf_put(b, a.b, 16);
		break;
	case PUT_TIME:
		ns = (int64_t)cell_uint(c, rec);
		put_be(b, (uint64_t)floor_div(ns, unit_ns(f->scale)), f->length);
		break;
	case PUT_NTP_US: put_be(b, ntp_time((int64_t)cell_uint(c, rec), true), 8); break;
	case PUT_NTP_NS: put_be(b, ntp_time((int64_t)cell_uint(c, rec), false), 8); break;
	case PUT_UPTIME:
		ns = (int64_t)cell_uint(c, rec) - s->boot_ns;
		put_be(b, (uint64_t)floor_div(ns, NS_PER_MS), 4);
		break;
	case PUT_PADDED: put_padded(b, f, rec); break;
	case PUT_VAR: put_variable(b, f, rec); break;
	case PUT_DOMAIN: put_be(b, s->domain, f->length); break;
	}
}
