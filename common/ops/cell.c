#include "ops/cell.h"

#include "base/num.h"
#include "flow/cells.h"

uint64_t
cell_word(const struct column *c, size_t rec)
{
	switch (c->type) {
	case TYPE_FLOAT32: return cell_double_bits((double)((const float *)c->data)[rec]);
	case TYPE_FLOAT64: return cell_double_bits(((const double *)c->data)[rec]);
	default: return column_word(c, rec);
	}
}

void
cell_words(const struct column *c, const uint32_t *idx, size_t n, uint64_t *v)
{
	if (!type_is_float(c->type)) {
		cells_convert(v, sizeof(*v), c->data, c->width, c->type == TYPE_INT, idx, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		v[i] = cell_word(c, idx[i]);
}

/* Where the bin would begin before the least number of 64 bits. */
static uint64_t
not_above(int64_t floor, uint64_t v)
{
	return (uint64_t)(floor > (int64_t)v ? INT64_MIN : floor);
}

uint64_t
cell_floor(uint64_t v, const struct group_key *key, enum type type)
{
	uint64_t bin = (uint64_t)key->bin.ns;

	if (type == TYPE_TIME)
		return not_above(tz_bin_floor(&key->bin, (int64_t)v), v);
	if (type_is_float(type)) {
		double d = cell_bits_double(v) / (double)bin;

		if (!(d > -9e15 && d < 9e15))
			return v;
		d = (double)((int64_t)d - (d < (double)(int64_t)d));
		return cell_double_bits(d * (double)bin);
	}
	if (type == TYPE_INT || type == TYPE_DURATION)
		return not_above((int64_t)((uint64_t)floor_div((int64_t)v, (int64_t)bin) * bin), v);
	return v - v % bin;
}

struct cell
cell_at(const struct column *c, size_t rec, struct intern *in)
{
	struct cell cell = { .type = c->type };

	if (!bits_has(c->present, rec))
		return (struct cell){ 0 };
	if (type_is_var((enum type)c->type)) {
		cell.v = intern_put(
		    in, (const uint8_t *)c->data + c->off[rec], c->off[rec + 1] - c->off[rec]);
	} else if (c->type == TYPE_IP) {
		struct addr a = column_ip(c, rec);

		memcpy(&cell.v, a.b, 16);
	} else {
		cell.v = cell_word(c, rec);
	}
	return cell;
}

double
cell_double(const struct cell *c)
{
	if (type_is_float(c->type))
		return cell_bits_double(c->v);
	return type_is_signed(c->type) ? (double)(int64_t)c->v : (double)c->v;
}

static int
compare_doubles(double a, double b)
{
	if (a != a || b != b)
		return (a != a) - (b != b);
	return (a > b) - (a < b);
}

static int
compare_octets(
    const struct cell *a, const struct intern *ia, const struct cell *b, const struct intern *ib)
{
	size_t na, nb;
	const uint8_t *pa = intern_get(ia, (uint32_t)a->v, &na);
	const uint8_t *pb = intern_get(ib, (uint32_t)b->v, &nb);
	int order = memcmp(pa, pb, na < nb ? na : nb);

	return order ? order : (na > nb) - (na < nb);
}

int
cell_compare(
    const struct cell *a, const struct intern *ia, const struct cell *b, const struct intern *ib)
{
	if (a->type != b->type) {
		if (cell_numeric((enum type)a->type) && cell_numeric((enum type)b->type)) {
			int order = compare_doubles(cell_double(a), cell_double(b));

			if (order != 0)
				return order;
		}
		return (a->type > b->type) - (a->type < b->type);
	}
	if (type_is_var((enum type)a->type))
		return compare_octets(a, ia, b, ib);
	if (a->type == TYPE_IP)
		return memcmp(&a->v, &b->v, 16);
	if (type_is_float(a->type))
		return compare_doubles(cell_bits_double(a->v), cell_bits_double(b->v));
	if (type_is_signed(a->type))
		return ((int64_t)a->v > (int64_t)b->v) - ((int64_t)a->v < (int64_t)b->v);
	return (a->v > b->v) - (a->v < b->v);
}

bool
cell_to_key(const struct cell *c, uint64_t *key)
{
	*key = cell_word_key(c->v, (enum type)c->type);
	return cell_numeric((enum type)c->type);
}

struct cell
cell_of_key(uint64_t key, enum type t)
{
	if (type_is_float(t))
		key = cell_double_bits(zone_double(key));
	else if (type_is_signed(t))
		key = (uint64_t)zone_int(key);
	return (struct cell){ .v = key, .type = t };
}

struct cell
cell_move(const struct cell *c, const struct intern *from, struct intern *to)
{
	struct cell moved = *c;

	if (type_is_var((enum type)c->type) && from != to) {
		size_t n;
		const uint8_t *p = intern_get(from, (uint32_t)c->v, &n);

		moved.v = intern_put(to, p, n);
	}
	return moved;
}

void
cell_put(struct batch *b, unsigned col, size_t rec, const struct cell *c, const struct intern *in)
{
	if (c->type == TYPE_NONE)
		return;
	if (type_is_var((enum type)c->type)) {
		size_t n;
		const uint8_t *p = intern_get(in, (uint32_t)c->v, &n);

		batch_put_octets(b, col, rec, p, n);
	} else if (c->type == TYPE_IP) {
		struct addr a;

		memcpy(a.b, &c->v, 16);
		batch_put_ip(b, col, rec, &a);
	} else if (type_is_float(c->type)) {
		batch_put_double(b, col, rec, cell_bits_double(c->v));
	} else {
		batch_put_uint(b, col, rec, c->v);
	}
}

void
cell_save(struct buf *out, const struct cell *c, const struct intern *in)
{
	buf_putc(out, (char)c->type);
	if (c->type == TYPE_NONE)
		return;
	if (type_is_var((enum type)c->type)) {
		size_t n;
		const uint8_t *p = intern_get(in, (uint32_t)c->v, &n);
		uint32_t len = (uint32_t)n;

		buf_put(out, &len, 4);
		buf_put(out, p, n);
	} else {
		buf_put(out, &c->v, c->type == TYPE_IP ? 16 : 8);
	}
}

struct cell
cell_load(struct cursor *cur, struct intern *in)
{
	struct cell c = { .type = cur_u8(cur) };

	if (c.type == TYPE_NONE)
		return c;
	if (type_is_var((enum type)c.type)) {
		size_t n = cur_le(cur, 4);
		const uint8_t *p = cur_octets(cur, n);

		c.v = intern_put(in, p ? (const void *)p : "", p ? n : 0);
	} else {
		const uint8_t *p = cur_octets(cur, c.type == TYPE_IP ? 16 : 8);

		if (p != NULL)
			memcpy(&c.v, p, c.type == TYPE_IP ? 16 : 8);
	}
	return c;
}
