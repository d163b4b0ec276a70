/*
 * Records of any file as alerts: whatever types and values its columns have, what comes out is as alert_read.h says.
 */
#include <assert.h>

#include "base/mem.h"
#include "detect/alert_read.h"
#include "wild_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static const struct field_id ids[] = { { .pen = PEN_OWN, .id = OWN_DETECTOR },
	{ .pen = PEN_OWN, .id = OWN_KIND }, { .pen = PEN_OWN, .id = OWN_REASON },
	{ .pen = PEN_OWN, .id = OWN_WHY }, { .pen = PEN_OWN, .id = OWN_ATTACK },
	{ .pen = PEN_OWN, .id = OWN_SUBJECT }, { .pen = PEN_OWN, .id = OWN_START },
	{ .pen = PEN_OWN, .id = OWN_END }, { .pen = PEN_OWN, .id = OWN_SCORE },
	{ .pen = PEN_OWN, .id = OWN_SEVERITY }, { .pen = PEN_OWN, .id = OWN_SAMPLING },
	{ .pen = PEN_OWN, .id = OWN_ALERTS }, { .id = 8 }, { .id = 12 }, { .id = 7 }, { .id = 11 },
	{ .id = 4 }, { .id = 3 }, { .pen = PEN_REVERSE, .id = 1 } };

static void
check(const struct alert *a)
{
	assert(a->detector != NULL && a->kind != NULL && a->reason != NULL && a->why != NULL);
	assert(a->score >= 0 && a->score <= 1);
	assert(a->severity >= SEVERITY_LOW && a->severity <= SEVERITY_CRITICAL);
	assert(a->srcport <= UINT16_MAX && a->dstport <= UINT16_MAX && a->proto <= UINT8_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cursor c = cur_over(data, len);
	struct batch *b = wild_batch(&c, ids, sizeof(ids) / sizeof(ids[0]), false);
	struct alert_reader reader;
	struct arena arena = { 0 };
	struct alert a;

	alert_bind(&reader, b);
	for (size_t rec = 0; rec < b->n; rec++) {
		arena_reset(&arena);
		(void)alert_is(&reader, rec);
		alert_at(&reader, rec, &arena, &a);
		check(&a);
	}
	arena_free(&arena);
	batch_free(b);
	return 0;
}
