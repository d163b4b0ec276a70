/*
 * Texts of many records at once are those of each record alone: numbers and times of a tile are worked out side by
 * side, those of few records one after another.  And so they are of stored records, where columns have dictionaries.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "base/time.h"
#include "random_batch.h"
#include "stored.h"
#include "tap.h"
#include "text/text.h"

enum { RECORDS = 1000 };

static const int64_t midnight = INT64_C(1795910400) * NS_PER_S; /* 2026-11-29 */

/* How values are spread: alike in whole tiles, or with one among them that is not. */
struct spread {
	const char *name;
	uint64_t most; /* numbers are below */
	unsigned odd; /* one value of so many is any number, any time; 0: none */
	unsigned missing; /* one of so many */
	int64_t step_ns, unit_ns; /* times: from one to the next, of whole units */
	int64_t first_ns; /* 0: they pass midnight */
};

static const struct spread spreads[] = {
	{ "of a digit", 10, 0, 0, 7 * NS_PER_MS, NS_PER_MS, 0 },
	{ "of ports", 65536, 0, 0, 90 * NS_PER_S, NS_PER_MS, 0 },
	{ "of seven digits", 10000000, 0, 9, NS_PER_S, NS_PER_MS, 0 },
	{ "just as long as fits", 1 << 23, 0, 0, 143 * NS_PER_MS, NS_PER_MS, 0 },
	{ "of eight digits", 100000000, 0, 0, NS_PER_S, NS_PER_S, 0 },
	{ "of ten digits", UINT64_C(10000000000), 0, 3, NS_PER_MS, NS_PER_MS, 0 },
	{ "with odd ones", 1000, 100, 0, NS_PER_S, NS_PER_MS, 0 },
	{ "with many odd ones", 100000, 5, 5, NS_PER_S, NS_PER_MS, 0 },
	{ "of any length", UINT64_MAX, 0, 0, NS_PER_S, NS_PER_MS, 0 },
	{ "with odd times", 5000, 0, 0, 30 * NS_PER_S + NS_PER_MS / 4, 1, 0 },
	{ "at the end of time", 10, 0, 0, -NS_PER_MS, NS_PER_MS, INT64_MAX },
	{ "at its begin", 10, 0, 0, NS_PER_MS, NS_PER_MS, INT64_MIN + NS_PER_MS },
};

static uint64_t
number(uint64_t *dice, const struct spread *s)
{
	if (s->odd > 0 && rnd_below(dice, s->odd) == 0)
		return rnd(dice) >> rnd_below(dice, 64);
	return rnd_below(dice, s->most);
}

static int64_t
time_of(uint64_t *dice, const struct spread *s, size_t rec)
{
	int64_t first = s->first_ns ? s->first_ns : midnight - RECORDS / 2 * s->step_ns;
	int64_t ns = first + (int64_t)rec * s->step_ns;

	if (s->odd > 0 && rnd_below(dice, s->odd) == 0)
		return (int64_t)rnd(dice);
	return ns / s->unit_ns * s->unit_ns;
}

/* Columns with few values, which have dictionaries once they are stored. */
static const struct few {
	enum type type;
	unsigned width;
	uint64_t value[4];
} few[] = {
	{ TYPE_UINT, 8, { 1, UINT64_C(77777777777), 5000, UINT64_MAX } },
	{ TYPE_UINT, 8, { 9, 1234567, 12, 4242424 } },
	{ TYPE_UINT, 4, { 100, 99, 4200000001, 0 } },
	{ TYPE_UINT, 4, { 64512, 3, 2999999, 0 } },
	{ TYPE_UINT, 2, { 1, 1, 1, 1 } },
	{ TYPE_UINT, 1, { 24, 8, 0, 255 } },
	{ TYPE_IP, 4, { 0x01020304, 0x01010101, 0x02020202, 0x09090909 } },
	{ TYPE_IP, 4, { 0xfffefdfc, 0x01010101, 0x0a000001, 0xc0a80001 } },
	{ TYPE_UINT, 8, { 7, 70, 700, 7000 } },
	{ TYPE_DURATION, 8, { 0, 251000000, 3001000000, 9127000000 } },
	{ TYPE_UINT, 1, { 1, 2, 1, 2 } },
	{ TYPE_UINT, 2, { 443, 80, 53, 22 } },
};

enum { NUMBERS = 4, TIMES = 4, FEW = sizeof(few) / sizeof(*few) };

static void
put_few(uint64_t *dice, const struct spread *s, struct batch *b, const unsigned *col, size_t rec)
{
	uint64_t which = rnd(dice);

	for (unsigned k = 0; k < FEW; k++, which >>= 2)
		if (s->missing == 0 || k % 2 == 0 || rnd_below(dice, s->missing) > 0)
			batch_put_uint(b, col[k], rec, few[k].value[which % 4]);
}

static struct batch *
records(uint64_t *dice, const struct spread *s)
{
	static const unsigned widths[] = { 1, 2, 4, 8 };
	static const unsigned scales[TIMES] = { 9, 6, 3, 0 };
	struct batch *b = batch_new();
	unsigned numbers[NUMBERS], times[TIMES], fews[FEW];

	for (uint16_t k = 0; k < NUMBERS; k++)
		numbers[k] = (unsigned)batch_column(
		    b, &(struct field_id){ .pen = 4242, .id = k }, TYPE_UINT, widths[k], 0);
	for (uint16_t k = 0; k < TIMES; k++) {
		times[k] = (unsigned)batch_column(
		    b, &(struct field_id){ .pen = 4242, .id = NUMBERS + k }, TYPE_TIME, 8, 0);
		batch_precision(b, times[k], scales[k]);
	}
	for (uint16_t k = 0; k < FEW; k++) {
		fews[k] = (unsigned)batch_column(b,
		    &(struct field_id){ .pen = 4242, .id = NUMBERS + TIMES + k }, few[k].type,
		    few[k].width, 0);
		if (few[k].type == TYPE_DURATION)
			batch_precision(b, fews[k], 6);
	}
	batch_extend(b, RECORDS);
	for (size_t rec = 0; rec < RECORDS; rec++) {
		for (unsigned k = 0; k < NUMBERS; k++)
			if (s->missing == 0 || rnd_below(dice, s->missing) > 0)
				batch_put_uint(b, numbers[k], rec,
				    number(dice, s) & (UINT64_MAX >> (64 - 8 * widths[k])));
		for (unsigned k = 0; k < TIMES; k++)
			if (s->missing == 0 || k > 1 || rnd_below(dice, s->missing) > 0)
				batch_put_uint(b, times[k], rec, (uint64_t)time_of(dice, s, rec));
		put_few(dice, s, b, fews, rec);
	}
	batch_close(b);
	return b;
}

static void
put_each(struct text_writer *w, struct batch *b, const uint64_t *sel, struct buf *out)
{
	uint64_t one[RECORDS / 64 + 1] = { 0 };
	struct err err = { 0 };

	for (size_t rec = 0; rec < RECORDS; rec++) {
		if (!bits_get(sel, rec))
			continue;
		bits_set(one, rec);
		(void)text_rows(w, NULL, b, one, NULL, out, &err);
		one[rec / 64] = 0;
	}
}

/* Records of which one of so many is left out. */
static void
compare(struct text_writer *w, struct batch *b, uint64_t *dice, unsigned left_out, const char *what)
{
	uint64_t sel[RECORDS / 64 + 1] = { 0 };
	struct buf all = { 0 }, each = { 0 };
	struct err err = { 0 };

	for (size_t rec = 0; rec < RECORDS; rec++)
		if (left_out == 0 || rnd_below(dice, left_out) > 0)
			bits_set(sel, rec);
	(void)text_rows(w, NULL, b, sel, NULL, &all, &err);
	put_each(w, b, sel, &each);
	ok(each.len > 0 && all.len == each.len && memcmp(all.data, each.data, all.len) == 0,
	    "text: numbers %s, each is printed as alone (one of %u left out)", what, left_out);
	buf_free(&all);
	buf_free(&each);
}

/* The same of records that were stored; dictionaries: how many columns have one. */
static void
compare_stored(struct text_writer *w, struct batch *b, uint64_t *dice, const char *what,
    unsigned *dictionaries)
{
	struct stream_reader *r = stream_open(stored_stream(&b, 1, PROFILE_FILE, true), 0, NULL, 0);
	struct stream_slot *slot = slot_new();
	struct err err = { 0 };
	struct batch *again = slot_batch(slot);

	if (stream_next(r, slot, &err) != STREAM_BATCH)
		abort();
	for (unsigned i = 0; i < again->n_cols; i++)
		*dictionaries += batch_dict(again, i) != NULL;
	compare(w, again, dice, 0, what);
	compare(w, again, dice, 3, what);
	slot_free(slot);
	stream_close(r);
}

static void
test_spread(uint64_t *dice, const struct spread *s, enum text_format format, const char *zone,
    unsigned *dictionaries)
{
	struct batch *b = records(dice, s);
	struct buf head = { 0 };
	struct tz *tz = NULL;
	struct text_writer *w;

	if (!tz_parse(zone, strlen(zone), &tz))
		abort();
	w = text_new(&(struct text_spec){ .format = format, .tz = tz });
	text_begin(w, NULL, b, &head);
	compare(w, b, dice, 0, s->name);
	compare(w, b, dice, 40, s->name);
	compare(w, b, dice, 2, s->name);
	compare_stored(w, b, dice, s->name, dictionaries);
	text_free(w);
	tz_free(tz);
	batch_free(b);
	buf_free(&head);
}

int
main(void)
{
	static const char *const zones[] = { "UTC", "+05:30", "Europe/Zurich" };
	uint64_t dice = 1;
	unsigned dictionaries = 0;

	for (size_t i = 0; i < sizeof(spreads) / sizeof(*spreads); i++) {
		for (size_t z = 0; z < 3; z++) {
			test_spread(&dice, &spreads[i], TEXT_CSV, zones[z], &dictionaries);
			test_spread(&dice, &spreads[i], TEXT_NDJSON, zones[z], &dictionaries);
		}
	}
	ok(dictionaries > 300, "%u columns had dictionaries", dictionaries);
	return done_testing();
}
