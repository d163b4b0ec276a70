/*
 * Any text as an expression: it is refused with a reason, or selects records of a batch, and `not` of
 * it all others.
 */
#include <assert.h>

#include "expr/expr.h"
#include "flow/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { TEXT_MAX = 4096, RECORDS = 70 };

static void
fill(struct batch *b, unsigned col, size_t rec)
{
	static const char *const text[] = { "", "a", "http", "https", "\xff" };
	struct column *c = &b->col[col];
	struct addr a = { .b = { 0x20, 0x01, 0x0d, 0xb8, [15] = (uint8_t)rec } };

	if ((rec + col) % 7 == 0)
		return;
	switch (c->type) {
	case TYPE_IP:
		if (rec % 2 == 0 || c->width == 4)
			a = addr_v4(0x0a000000 + (uint32_t)rec);
		batch_put_ip(b, col, rec, &a);
		break;
	case TYPE_FLOAT64:
		batch_put_double(b, col, rec, rec == 9 ? __builtin_nan("") : (double)rec / 4);
		break;
	case TYPE_STRING:
	case TYPE_BYTES: batch_put_octets(b, col, rec, text[rec % 5], strlen(text[rec % 5])); break;
	case TYPE_TIME:
		batch_put_uint(b, col, rec, 1767571200000000000u + rec * 1000000000u);
		break;
	case TYPE_BOOL: batch_put_uint(b, col, rec, rec & 1); break;
	default: batch_put_uint(b, col, rec, rec * rec); break;
	}
}

static struct batch *
fixed_batch(void)
{
	static const struct {
		struct field_id id;
		enum type type;
		unsigned width;
	} columns[] = { { { .id = 8 }, TYPE_IP, 16 }, { { .id = 12 }, TYPE_IP, 4 },
		{ { .id = 7 }, TYPE_UINT, 2 }, { { .id = 11 }, TYPE_UINT, 4 },
		{ { .id = 4 }, TYPE_UINT, 1 }, { { .id = 6 }, TYPE_UINT, 2 },
		{ { .id = 1 }, TYPE_UINT, 8 }, { { .id = 85 }, TYPE_UINT, 4 },
		{ { .id = 2 }, TYPE_UINT, 8 }, { { .id = 434 }, TYPE_INT, 4 },
		{ { .id = 320 }, TYPE_FLOAT64, 8 }, { { .id = 276 }, TYPE_BOOL, 1 },
		{ { .id = 56 }, TYPE_MAC, 8 }, { { .id = 371 }, TYPE_STRING, 0 },
		{ { .id = 70 }, TYPE_BYTES, 0 },
		{ { .pen = PEN_OWN, .id = OWN_START }, TYPE_TIME, 8 },
		{ { .pen = PEN_OWN, .id = OWN_END }, TYPE_TIME, 8 },
		{ { .pen = PEN_NAMED, .named = "x" }, TYPE_DURATION, 8 } };
	struct batch *b = batch_new();

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		batch_column(b, &columns[i].id, columns[i].type, columns[i].width, 0);
	batch_extend(b, RECORDS);
	for (unsigned i = 0; i < b->n_cols; i++)
		for (size_t rec = 0; rec < RECORDS; rec++)
			fill(b, i, rec);
	batch_close(b);
	for (unsigned i = 0; i < b->n_cols; i++)
		column_zone(&b->col[i], RECORDS);
	return b;
}

/* false: refused, with a reason. */
static bool
evaluate(const char *text, struct batch *b, uint64_t *sel)
{
	struct err err = { 0 };
	struct expr *x = expr_compile(text, 0, &err);
	struct expr_state *s;
	struct buf plan = { 0 };
	size_t n;

	if (x == NULL) {
		assert(err.status == EXIT_USAGE && err.text[0] != '\0');
		return false;
	}
	expr_explain(x, false, &plan);
	assert(plan.len > 0);
	buf_free(&plan);
	s = expr_state_new(x);
	n = expr_select(s, b, sel);
	assert(n == bits_count(sel, b->n));
	assert((sel[1] & ~bits_tail(RECORDS)) == 0);
	expr_state_free(s);
	expr_free(x);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t sel[2], not [2];
	struct batch *b;
	struct buf text = { 0 };

	/* @ reads files. */
	if (len > TEXT_MAX || memchr(data, 0, len) != NULL || memchr(data, '@', len) != NULL)
		return 0;
	b = fixed_batch();
	buf_put(&text, data, len);
	if (evaluate(buf_cstr(&text), b, sel)) {
		text.len = 0;
		buf_puts(&text, "not (");
		buf_put(&text, data, len);
		buf_puts(&text, "\n)");
		if (evaluate(buf_cstr(&text), b, not ))
			assert((sel[0] ^ not [0]) == ~UINT64_C(0) &&
			       (sel[1] ^ not [1]) == bits_tail(RECORDS));
	}
	buf_free(&text);
	batch_free(b);
	return 0;
}
