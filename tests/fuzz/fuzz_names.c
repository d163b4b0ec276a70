/*
 * Names out of options records of any elements and types, and questions by flow records: the rules of
 * flow/name_rule.c.  What was handed out stays what it was when more is learned, names are not empty and
 * within bounds, and where a number has a name, that is one that was sent.
 */
#include <assert.h>

#include "flow/names.h"
#include "wild_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* All that the rules speak of, whose the records are, and elements that mean nothing to them. */
static const struct field_id ids[] = {
	{ .id = 10 },
	{ .id = 14 },
	{ .id = 252 },
	{ .id = 253 },
	{ .id = 213 },
	{ .pen = PEN_SCOPE, .id = 2 },
	{ .id = 82 },
	{ .id = 83 },
	{ .id = 95 },
	{ .id = 96 },
	{ .id = 234 },
	{ .id = 235 },
	{ .id = 236 },
	{ .id = 48 },
	{ .id = 302 },
	{ .id = 335 },
	{ .id = 84 },
	{ .id = 51 },
	{ .id = 100 },
	{ .id = 283 },
	{ .id = 284 },
	{ .id = 346 },
	{ .id = 303 },
	{ .id = 341 },
	{ .id = 339 },
	{ .id = 130 },
	{ .id = 131 },
	{ .id = 149 },
	{ .pen = PEN_OWN, .id = OWN_EXPORTER },
	{ .pen = PEN_OWN, .id = OWN_DOMAIN },
	{ .pen = PEN_REVERSE, .id = 10 },
	{ .id = 10, .instance = FIELD_AS_SENT },
	{ .id = 8 },
	{ .id = 371 },
	{ .pen = 55555, .id = 7 },
};
enum { IDS = sizeof(ids) / sizeof(ids[0]) };

static void
check_name(const struct name *name)
{
	assert(name == NULL || (name->len > 0 && name->refs > 0 && name->type < TYPE_COUNT));
}

static void
ask(const struct names *t, const struct names *same, struct batch *b)
{
	struct buf text = { .len = 0 };

	for (unsigned col = 0; col < b->n_cols; col++) {
		struct name_column c;

		if (!name_column_bind(&c, b, col))
			continue;
		for (size_t rec = 0; rec < b->n; rec++) {
			struct name_query q;
			const struct name *name;

			if (!name_column_query(&c, rec, &q))
				continue;
			name = names_find(t, &q);
			check_name(name);
			assert(name == names_find(same, &q));
			text.len = 0;
			assert(name_spell(&q, &text) == (text.len > 0));
		}
	}
	for (unsigned i = 0; i < IDS; i++)
		check_name(names_element(t, &ids[i]));
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cur_over(data, len);
	struct names *t = names_new();

	while (!c.bad && cur_left(&c) > 2) {
		bool options = cur_u8(&c) & 1;
		struct batch *b = wild_batch(&c, ids, IDS, options);
		struct names *before = names_share(t);
		size_t count = names_count(before);

		if (options)
			t = names_learn(t, b);
		else
			ask(t, before, b);
		assert(names_count(before) == count && names_count(t) <= NAMES_MAX);
		names_release(before);
		batch_free(b);
	}
	names_release(t);
	return 0;
}
