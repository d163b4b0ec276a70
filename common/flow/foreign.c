#include "flow/foreign.h"

/* Those that have a value in the column; was there one that was selected? */
static bool
exclude(struct batch *b, uint64_t *sel, int col)
{
	const uint64_t *present = batch_present(b, (unsigned)col);
	uint64_t any = 0;

	for (size_t w = 0; w < bits_words(b->n); w++) {
		uint64_t has = present != NULL ? present[w] : ~UINT64_C(0);

		any |= sel[w] & has;
		sel[w] &= ~has;
	}
	return any != 0;
}

static int
find(const struct batch *b, struct field_id id, enum type type)
{
	int i = batch_find(b, &id);

	return i >= 0 && b->col[i].type == type ? i : -1;
}

enum foreign
foreign_exclude(struct batch *b, uint64_t *sel)
{
	int alert = find(b, field_own(OWN_DETECTOR), TYPE_STRING);
	int profile = find(b, field_own(OWN_PROFILE), TYPE_STRING);
	int state = find(b, (struct field_id){ .pen = PEN_NAMED, .named = "state" }, TYPE_UINT);
	enum foreign what = FOREIGN_NONE;

	if (alert >= 0 && exclude(b, sel, alert))
		what = FOREIGN_ALERT;
	if (profile >= 0 && exclude(b, sel, profile))
		what = FOREIGN_BASELINE;
	if (state >= 0 && find(b, field_own(OWN_START), TYPE_TIME) < 0 && exclude(b, sel, state))
		what = FOREIGN_STATE;
	return what;
}

const char *
foreign_text(enum foreign what)
{
	switch (what) {
	case FOREIGN_ALERT: return "alerts, no flows; flowalert and flowfilter read them";
	case FOREIGN_BASELINE: return "a baseline, no flows; detectors take it with -B";
	case FOREIGN_STATE: return "a program's state, no flows; it takes it with --state";
	default: return "flows";
	}
}
