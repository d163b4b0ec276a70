#include "wire/event.h"

#include "base/hash.h"
#include "base/mem.h"
#include "wire/step.h"

enum {
	ID_FLOWS = 3,
	ID_FLOW = 148,
	ID_NAT_EVENT = 230,
	ID_FW_EVENT = 233,
	V9_FW_EVENT = 40005, /* before Cisco had element 233 */
};

/* Values of firewallEvent. */
enum { FW_CREATED = 1, FW_DELETED, FW_DENIED, FW_ALERT, FW_UPDATE };

/* Counters of events: octets and packets, of initiator and responder, total. */
static const uint16_t counters[] = { 231, 232, 298, 299, 85, 86 };

/* Elements of traffic: deltas, post and layer 2 ones too. */
static const uint16_t traffic[] = { 1, 2, ID_FLOWS, 23, 24, 352 };

/* Connections ------------------------------------------------------------------------------------ */

/*
 * Two generations of numbers; the young one grows while there is memory for it, then it takes the place of
 * the old one, which is forgotten.
 */
enum { SLOTS_MIN = 1024, SLOTS_MAX = 1 << 20 /* of one generation */ };

struct numbers {
	uint64_t *slot; /* number + 1, 0 free, GONE */
	size_t slots, used;
};
#define GONE UINT64_MAX

struct firewall {
	struct numbers young, old;
	uint64_t seed;
};

static uint64_t *
slot_of(const struct numbers *t, uint64_t seed, uint64_t key)
{
	size_t i = hash_u64(seed, key) & (t->slots - 1);

	while (t->slot[i] != 0 && t->slot[i] != key)
		i = (i + 1) & (t->slots - 1);
	return &t->slot[i];
}

static void
numbers_free(struct sessions *t, struct numbers *n)
{
	t->learned_octets -= n->slots * sizeof(*n->slot);
	mem_free(n->slot);
	*n = (struct numbers){ 0 };
}

/* false: there is no memory for so many. */
static bool
numbers_new(struct numbers *n, const struct claim *claim, size_t slots)
{
	if (!claim_take(claim, slots * sizeof(uint64_t)))
		return false;
	*n = (struct numbers){ mem_zero(slots, sizeof(uint64_t)), slots, 0 };
	return true;
}

static void
enter(struct numbers *n, uint64_t seed, uint64_t key)
{
	uint64_t *slot = slot_of(n, seed, key);

	n->used += *slot == 0;
	*slot = key;
}

/* Begin anew; what there were are the old ones, if there is memory for them. */
static void
next_generation(struct sessions *t, const struct claim *claim, struct firewall *f)
{
	struct numbers full = f->young;

	numbers_free(t, &f->old);
	if (numbers_new(&f->young, claim, SLOTS_MIN)) {
		f->old = full;
	} else {
		memset(full.slot, 0, full.slots * sizeof(*full.slot));
		f->young.used = 0;
	}
}

static void
make_room(struct sessions *t, const struct claim *claim, struct firewall *f)
{
	struct numbers full = f->young;

	if (full.used < full.slots / 2)
		return;
	if (full.slots >= SLOTS_MAX || !numbers_new(&f->young, claim, 2 * full.slots)) {
		next_generation(t, claim, f);
		return;
	}
	for (size_t i = 0; i < full.slots; i++)
		if (full.slot[i] != 0 && full.slot[i] != GONE)
			enter(&f->young, f->seed, full.slot[i]);
	numbers_free(t, &full);
}

static void
remember(struct sessions *t, struct session *s, uint64_t number)
{
	struct claim claim = session_claim(t, s);
	struct firewall *f = s->firewall;
	struct numbers first;

	if (f == NULL) {
		if (!numbers_new(&first, &claim, SLOTS_MIN))
			return;
		f = s->firewall = mem_zero(1, sizeof(*f));
		f->young = first;
		f->seed = hash_seed();
	}
	make_room(t, &claim, f);
	enter(&f->young, f->seed, number + 1);
}

static bool
take_from(struct numbers *n, uint64_t seed, uint64_t number)
{
	uint64_t *slot = n->slots > 0 ? slot_of(n, seed, number + 1) : NULL;

	if (slot == NULL || *slot == 0)
		return false;
	*slot = GONE;
	return true;
}

/* Were updates of it counted?  It has ended: its number may be used again. */
static bool
take(struct firewall *f, uint64_t number)
{
	bool young, old;

	if (f == NULL)
		return false;
	young = take_from(&f->young, f->seed, number);
	old = take_from(&f->old, f->seed, number);
	return young || old;
}

void
firewall_free(struct sessions *t, struct firewall *f)
{
	if (f == NULL)
		return;
	numbers_free(t, &f->young);
	numbers_free(t, &f->old);
	mem_free(f);
}

/* Records ---------------------------------------------------------------------------------------- */

bool
event_layout(const struct spec *specs, unsigned n)
{
	bool event = false;

	for (unsigned i = 0; i < n; i++) {
		event |= specs[i].pen == PEN_IANA &&
			 (specs[i].id == ID_FW_EVENT || specs[i].id == ID_NAT_EVENT);
		event |= specs[i].pen == PEN_V9 && specs[i].id == V9_FW_EVENT;
		for (unsigned k = 0; k < sizeof(traffic) / sizeof(traffic[0]); k++)
			if (specs[i].pen == PEN_IANA && specs[i].id == traffic[k])
				return false;
	}
	return event;
}

static int
column_of(const struct batch *b, uint32_t pen, uint16_t id)
{
	const struct field_id field = { .pen = pen, .id = id };
	int i = batch_find(b, &field);

	return i >= 0 && b->col[i].type == TYPE_UINT ? i : -1;
}

static bool
get(const struct batch *b, int col, size_t rec, uint64_t *v)
{
	if (col < 0 || !column_has(&b->col[col], rec))
		return false;
	*v = column_uint(&b->col[col], rec);
	return true;
}

/* The record's counters repeat what was counted: they stay as the exporter's numbers. */
static void
set_apart(struct batch *b, size_t rec)
{
	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
		struct field_id id = { .id = counters[i], .instance = FIELD_AS_SENT };
		int from = column_of(b, PEN_IANA, counters[i]), to;
		uint64_t v;

		if (!get(b, from, rec, &v))
			continue;
		to = batch_column(b, &id, TYPE_UINT, 8, 0);
		if (to >= 0)
			batch_put_uint(b, (unsigned)to, rec, v);
		batch_unmark(b, (unsigned)from, rec);
	}
}

bool
event_set_apart(const struct field_id *id)
{
	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (id->pen == PEN_IANA && id->id == counters[i] && id->instance == FIELD_AS_SENT)
			return true;
	return false;
}

static bool
is_creation(uint64_t nat_event)
{
	return nat_event == 1 || nat_event == 4 || nat_event == 6;
}

void
event_records(const struct task *k)
{
	const struct field_id flows_id = field_iana(ID_FLOWS);
	struct session *s = k->m->s;
	struct batch *b = k->b;
	int flows = batch_column(b, &flows_id, TYPE_UINT, 1, 0);
	int fw = column_of(b, PEN_IANA, ID_FW_EVENT), fw9 = column_of(b, PEN_V9, V9_FW_EVENT);
	int nat = column_of(b, PEN_IANA, ID_NAT_EVENT), flow = column_of(b, PEN_IANA, ID_FLOW);

	for (size_t rec = k->first; flows >= 0 && rec < k->first + k->n; rec++) {
		uint64_t event, number = 0;
		bool numbered = get(b, flow, rec, &number) && number < GONE - 1;

		if ((!get(b, fw, rec, &event) && !get(b, fw9, rec, &event)) || event == 0 ||
		    event > FW_UPDATE) {
			if (get(b, nat, rec, &event))
				batch_put_uint(b, (unsigned)flows, rec, is_creation(event));
			continue;
		}
		batch_put_uint(b, (unsigned)flows, rec, event == FW_DELETED || event == FW_DENIED);
		if (event == FW_UPDATE && numbered)
			remember(&k->m->w->sessions, s, number);
		else if (event == FW_DELETED && numbered && take(s->firewall, number))
			set_apart(b, rec);
	}
}
