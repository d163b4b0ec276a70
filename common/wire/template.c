#include "wire/template.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"
#include "wire/event.h"
#include "wire/options.h"
#include "wire/section.h"

enum { ID_PADDING = 210, ID_INIT_TIME = 160, SLOTS_MIN = 64 };

/* Steps besides those of specifiers: start, end, two of sampling. */
enum { STEPS_ADDED = 4 };

/*
 * Field specifiers by identity, to number repeated ones and to find an address's partner.  Scope
 * fields count with the others, so a name with its number says which is meant.
 */
struct index {
	struct slot {
		uint32_t pen;
		uint16_t id;
		bool used;
		uint16_t count; /* of specifiers so far */
		uint16_t first, last; /* specifiers */
	} * slots;
	uint16_t *next; /* of each specifier: the next of its identity */
	size_t mask;
	uint64_t seed;
};

static struct slot *
index_find(const struct index *x, uint32_t pen, uint16_t id)
{
	size_t i = hash_u64(x->seed, (uint64_t)pen << 16 | id) & x->mask;

	while (x->slots[i].used && (x->slots[i].pen != pen || x->slots[i].id != id))
		i = (i + 1) & x->mask;
	return &x->slots[i];
}

static struct index
index_new(unsigned n)
{
	struct index x = { .seed = hash_seed() };
	size_t slots = SLOTS_MIN;

	while (slots < 2 * (size_t)n)
		slots *= 2;
	x.slots = mem_zero(slots, sizeof(*x.slots));
	x.next = mem_zero(n, sizeof(*x.next));
	x.mask = slots - 1;
	return x;
}

static void
index_free(struct index *x)
{
	mem_free(x->slots);
	mem_free(x->next);
}

/* Which of the specifiers with this identity it is, from 0. */
static unsigned
index_add(struct index *x, const struct spec *s, unsigned position)
{
	struct slot *slot = index_find(x, s->pen, s->id);

	if (!slot->used)
		*slot = (struct slot){
			.pen = s->pen, .id = s->id, .used = true, .first = (uint16_t)position
		};
	else
		x->next[slot->last] = (uint16_t)position;
	slot->last = (uint16_t)position;
	return slot->count++;
}

/* The specifier that is the n-th of this IANA element, or -1. */
static int
index_nth(const struct index *x, uint16_t id, unsigned n)
{
	const struct slot *slot = index_find(x, PEN_IANA, id);
	unsigned i = slot->first;

	if (!slot->used || n >= slot->count)
		return -1;
	for (; n > 0; n--)
		i = x->next[i];
	return (int)i;
}

/* Time elements of start [0] and end [1], the most precise first; then the time of an event. */
struct time_rank {
	uint16_t id[2];
	uint8_t form, scale;
};
static const struct time_rank time_ranks[] = {
	{ { 156, 157 }, FORM_NTP, 0 },
	{ { 154, 155 }, FORM_NTP, 3 },
	{ { 152, 153 }, FORM_SCALED, 6 },
	{ { 150, 151 }, FORM_SCALED, 9 },
	{ { 158, 159 }, FORM_DELTA, 3 },
	{ { 22, 21 }, FORM_UPTIME, 6 },
	{ { 325, 325 }, FORM_NTP, 0 },
	{ { 324, 324 }, FORM_NTP, 3 },
	{ { 323, 323 }, FORM_SCALED, 6 },
	{ { 322, 322 }, FORM_SCALED, 9 },
};
enum { TIME_RANKS = sizeof(time_ranks) / sizeof(time_ranks[0]), TIME_EVENTS = 6 };

static bool
time_length_good(const struct time_rank *r, unsigned len)
{
	return r->form == FORM_NTP ? len == 8 : len >= 1 && len <= 8;
}

/* The specifier that makes start (end 0) or end (1), or -1; *rank says how it is read. */
static int
choose_time(const struct index *x, const struct spec *specs, unsigned end, unsigned *rank)
{
	for (*rank = 0; *rank < TIME_RANKS; ++*rank) {
		const struct time_rank *r = &time_ranks[*rank];
		const struct slot *slot = index_find(x, PEN_IANA, r->id[end]);

		if (slot->used && time_length_good(r, specs[slot->first].len))
			return slot->first;
	}
	return -1;
}

static unsigned
width_for(unsigned len)
{
	return len <= 1 ? 1 : len <= 2 ? 2 : len <= 4 ? 4 : 8;
}

static void
as_octets(struct step *s, enum step_kind kind, enum type type)
{
	s->kind = (uint8_t)kind;
	s->type = (uint8_t)type;
	s->width = 0;
}

static void
as_integer(struct step *s, enum step_kind kind, enum type type, unsigned natural)
{
	unsigned width = s->len == VARYING ? 8 : width_for(s->len);

	s->kind = (uint8_t)kind;
	s->type = (uint8_t)type;
	s->width = (uint8_t)(width > natural ? width : natural);
}

static void
as_time(struct step *s, const struct element *e)
{
	bool ntp = e->type == TYPE_TIME && e->scale < 6;

	s->type = e->type;
	s->width = 8;
	s->scale = e->scale;
	s->kind = STEP_TIME;
	s->form = ntp ? FORM_NTP : FORM_SCALED;
	if (ntp && s->len != 8) {
		/* No NTP timestamp: the number is kept, its meaning is not known. */
		as_integer(s, STEP_UINT, TYPE_UINT, 8);
		s->id.instance |= FIELD_AS_SENT;
	}
}

struct compiler {
	struct template *t;
	const struct types *types; /* announced ones; or NULL */
	struct index index;
	uint16_t *at; /* of each specifier */
	bool raw;
};

/* Has the record the IPv4 element too, in a length that is none of an address, so that it is a column of octets? */
static bool
has_odd_partner(const struct compiler *c, const struct step *s, uint16_t partner)
{
	int other = index_nth(&c->index, partner, s->id.instance);
	const struct spec *o = other >= 0 ? &c->t->specs[other] : NULL;

	return o != NULL && o->scope == s->scope && o->len != 0 && o->len != 4;
}

static void
as_ip(const struct compiler *c, struct step *s, const struct element *e)
{
	bool is_v6 = false;
	uint16_t partner = s->id.pen == PEN_IANA ? element_pair(s->id.id, &is_v6) : 0;

	if (s->len != e->width) {
		as_octets(s, STEP_BYTES, TYPE_BYTES);
		return;
	}
	s->type = TYPE_IP;
	s->width = (uint8_t)s->len;
	s->kind = s->len == 4 ? STEP_IP4 : STEP_IP6;
	s->wire = s->id;
	if (partner != 0 && is_v6 && !has_odd_partner(c, s, partner))
		s->id.id = partner;
}

static bool
length_is_integer(unsigned len)
{
	return (len >= 1 && len <= 8) || len == VARYING;
}

static const struct element *
element_of(struct compiler *c, const struct field_id *id)
{
	const struct element *e = element_find(id->pen, id->id);

	if (e != NULL || id->pen == PEN_IANA || id->pen >= PEN_OWN)
		return e;
	c->t->untyped = !c->raw;
	return c->types != NULL && !c->raw ? types_find(c->types, id->pen, id->id) : NULL;
}

/* How a specifier is read.  What its element's type cannot be sent as is kept as octets. */
static void
classify(struct compiler *c, struct step *s)
{
	const struct element *e = element_of(c, &s->id);
	enum type type = e ? (enum type)e->type : TYPE_BYTES;

	as_octets(s, STEP_BYTES, TYPE_BYTES);
	switch (type) {
	case TYPE_UINT:
		if (length_is_integer(s->len))
			as_integer(s, STEP_UINT, type, e->width);
		break;
	case TYPE_INT:
		if (length_is_integer(s->len))
			as_integer(s, STEP_INT, type, e->width);
		break;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64:
		if (s->len == 4 || s->len == 8) {
			s->kind = STEP_FLOAT;
			s->type = (uint8_t)(s->len == 8 ? TYPE_FLOAT64 : type);
			s->width = s->type == TYPE_FLOAT64 ? 8 : 4;
		}
		break;
	case TYPE_BOOL:
		if (s->len == 1) {
			s->kind = STEP_BOOL;
			s->type = TYPE_BOOL;
			s->width = 1;
		}
		break;
	case TYPE_TIME:
	case TYPE_DURATION:
		if (s->len >= 1 && s->len <= 8)
			as_time(s, e);
		break;
	case TYPE_IP: as_ip(c, s, e); break;
	case TYPE_MAC:
		if (s->len == 6)
			as_integer(s, STEP_UINT, TYPE_MAC, 8);
		break;
	case TYPE_STRING: as_octets(s, STEP_STRING, TYPE_STRING); break;
	case TYPE_LIST: as_octets(s, STEP_LIST, TYPE_LIST); break;
	case TYPE_NONE:
	case TYPE_BYTES:
	case TYPE_COUNT: break;
	}
}

static void
locate(struct compiler *c)
{
	struct template *t = c->t;
	uint32_t offset = 0;

	for (unsigned i = 0; i < t->n_specs; i++) {
		const struct spec *s = &t->specs[i];
		unsigned instance = index_add(&c->index, s, i);

		c->t->instances[i] = (uint8_t)(instance < INSTANCES_MAX ? instance : INSTANCES_MAX);
		c->at[i] = (uint16_t)(t->varying ? t->n_fields : offset);
		offset += s->len;
		if (s->len > 0)
			t->fields[t->n_fields++] = (struct place){ (uint16_t)i, s->len };
	}
}

static struct step *
add_step(struct compiler *c, unsigned spec)
{
	const struct spec *s = &c->t->specs[spec];
	struct step *step = &c->t->steps[c->t->n_steps++];

	*step = (struct step){
		.id = { .pen = s->pen, .id = s->id, .instance = c->t->instances[spec] },
		.scope = s->scope,
		.at = c->at[spec],
		.len = s->len,
		.col = { NO_COLUMN, NO_COLUMN },
	};
	return step;
}

/*
 * Add start or end.  Returns the specifier that it replaces, or -1: the time of an event stays a
 * column of its own beside the start and end made from it.
 */
static int
add_time(struct compiler *c, unsigned end)
{
	const struct slot *init = index_find(&c->index, PEN_IANA, ID_INIT_TIME);
	unsigned rank;
	int spec = choose_time(&c->index, c->t->specs, end, &rank);
	struct step *s;

	if (spec < 0)
		return -1;
	s = add_step(c, (unsigned)spec);
	classify(c, s);
	s->wire = s->id;
	s->id = field_own(end ? OWN_END : OWN_START);
	s->kind = STEP_CHOSEN;
	s->type = TYPE_TIME;
	s->width = 8;
	s->form = time_ranks[rank].form;
	s->scale = time_ranks[rank].scale;
	if (s->form == FORM_UPTIME && init->used && c->t->specs[init->first].len == 8) {
		s->form = FORM_UPTIME_RECORD;
		s->at2 = c->at[init->first];
		s->len2 = 8;
	}
	c->t->by_uptime |= s->form == FORM_UPTIME;
	if (end)
		c->t->has_end = true;
	else
		c->t->has_start = true;
	return rank < TIME_EVENTS ? spec : -1;
}

/* The other specifier of an address pair, of the same number, to be decoded with it; or -1. */
static int
partner_of(struct compiler *c, unsigned spec)
{
	const struct spec *s = &c->t->specs[spec], *o;
	bool is_v6;
	uint16_t partner = s->pen == PEN_IANA ? element_pair(s->id, &is_v6) : 0;
	int other;

	if (partner == 0 || c->t->instances[spec] == INSTANCES_MAX)
		return -1;
	other = index_nth(&c->index, partner, c->t->instances[spec]);
	if (other < 0)
		return -1;
	o = &c->t->specs[other];
	if (o->scope != s->scope || s->len != (is_v6 ? 16 : 4) || o->len != (is_v6 ? 4 : 16))
		return -1;
	return other;
}

static void
add_pair(struct compiler *c, unsigned v4, unsigned v6)
{
	struct step *s = add_step(c, v4);

	s->kind = STEP_PAIR;
	s->type = TYPE_IP;
	s->width = 4;
	s->at2 = c->at[v6];
	s->len2 = 16;
	s->wire = (struct field_id){ .id = c->t->specs[v6].id, .instance = s->id.instance };
}

/* Is the field left out: nothing in it, or an element that is only there to fill up? */
static bool
is_void(const struct compiler *c, unsigned spec)
{
	const struct spec *s = &c->t->specs[spec];

	return s->len == 0 || s->pen == PEN_OWN || c->t->instances[spec] == INSTANCES_MAX ||
	       (s->pen == PEN_IANA && s->id == ID_PADDING && !c->raw);
}

static void
add_steps(struct compiler *c)
{
	struct template *t = c->t;
	int chosen[2] = { -1, -1 };

	if (!t->options) {
		chosen[0] = add_time(c, 0);
		chosen[1] = add_time(c, 1);
	}
	for (unsigned i = 0; i < t->n_specs; i++) {
		const struct spec *s = &t->specs[i];
		int partner = partner_of(c, i);
		bool is_v6 = false;

		if (is_void(c, i) || (!c->raw && ((int)i == chosen[0] || (int)i == chosen[1])))
			continue;
		if (partner >= 0) {
			(void)element_pair(s->id, &is_v6);
			if (!is_v6)
				add_pair(c, i, (unsigned)partner);
			continue;
		}
		classify(c, add_step(c, i));
	}
}

/* 34 samplingInterval, else 50 samplerRandomInterval: what the record itself says it stands for. */
static void
add_sampling(struct compiler *c)
{
	static const uint16_t ids[] = { 34, 50 };

	for (unsigned i = 0; i < 2 && !c->t->options; i++) {
		const struct slot *slot = index_find(&c->index, PEN_IANA, ids[i]);
		struct step *s;

		if (!slot->used || !length_is_integer(c->t->specs[slot->first].len))
			continue;
		s = add_step(c, slot->first);
		s->id = field_own(OWN_SAMPLING);
		s->kind = STEP_SAMPLING;
		s->type = TYPE_UINT;
		s->width = 4;
		c->t->has_sampling = true;
	}
}

/* Where records have the element as an integer; of the first specifier that has. */
static struct place
place_of(const struct compiler *c, uint16_t id)
{
	const struct slot *slot = index_find(&c->index, PEN_IANA, id);
	unsigned len = slot->used ? c->t->specs[slot->first].len : 0;

	if (!length_is_integer(len))
		return (struct place){ 0 };
	return (struct place){ c->at[slot->first], (uint16_t)len };
}

/* What sampling intervals are said for: selectorId, else samplerId; the interfaces. */
static void
find_places(struct compiler *c)
{
	struct template *t = c->t;

	t->sampler[0] = place_of(c, 302);
	t->sampler[1] = place_of(c, 48);
	t->names_sampler = t->sampler[0].len > 0 || t->sampler[1].len > 0;
	t->ingress = place_of(c, 10);
	t->egress = place_of(c, 14);
}

/* Which open batch the records go to: that of source, else destination address. */
static void
decide_family(struct compiler *c)
{
	struct template *t = c->t;

	t->family = section_decides(&t->section) ? FAMILY_SECTION : FAMILY_4;
	for (unsigned i = t->n_steps; i-- > 0;) {
		const struct step *s = &t->steps[i];

		if (s->id.pen != PEN_IANA || (s->id.id != 8 && s->id.id != 12))
			continue;
		if (s->kind == STEP_PAIR) {
			t->family = FAMILY_BOTH;
			t->family_step = (int)i;
		} else if (s->kind == STEP_IP6 && t->family != FAMILY_BOTH) {
			t->family = FAMILY_6;
		}
	}
}

static void
find_copies(struct template *t)
{
	for (unsigned i = 0; i < t->n_steps; i++) {
		struct step *s = &t->steps[i];

		if (s->kind == STEP_UINT || s->kind == STEP_IP4)
			s->copy = copy_find(s->len, s->width);
	}
}

static const char *
measure(struct template *t)
{
	uint32_t len = 0;

	if (t->n_specs == 0)
		return "a template without fields";
	if (t->n_specs > TEMPLATE_FIELDS_MAX)
		return "a template of too many fields";
	for (unsigned i = 0; i < t->n_specs; i++) {
		t->varying |= t->specs[i].len == VARYING;
		len += t->specs[i].len == VARYING ? 1 : t->specs[i].len;
	}
	if (len == 0)
		return "a template of records of length 0";
	t->min_len = len;
	return NULL;
}

static void
compile(struct template *t, bool raw, const struct types *types)
{
	struct compiler c = { .t = t, .types = types, .index = index_new(t->n_specs), .raw = raw };

	t->instances = mem_alloc(t->n_specs);
	t->fields = mem_alloc(t->n_specs * sizeof(*t->fields));
	c.at = mem_alloc(t->n_specs * sizeof(*c.at));
	t->steps = mem_zero(t->n_specs + STEPS_ADDED, sizeof(*t->steps));
	locate(&c);
	add_steps(&c);
	add_sampling(&c);
	if (!t->options && !raw)
		section_layout(&t->section, t->specs, c.at, t->n_specs);
	decide_family(&c);
	find_copies(t);
	find_places(&c);
	t->tells = t->options && options_tell(t->specs, t->n_specs);
	t->events = !t->options && !raw && event_layout(t->specs, t->n_specs);
	t->types_version = types != NULL ? types->version : 0;
	mem_free(c.at);
	index_free(&c.index);
	t->octets = sizeof(*t) + t->n_specs * (sizeof(*t->specs) + sizeof(*t->fields) + 1) +
		    (t->n_specs + STEPS_ADDED) * sizeof(*t->steps);
}

struct template *
template_new(uint16_t id, bool options, const struct spec *specs, unsigned n, bool raw,
    const struct types *types, const char **why)
{
	struct template *t = mem_zero(1, sizeof(*t));

	t->id = id;
	t->options = options;
	t->n_specs = n;
	t->specs = mem_zero(n ? n : 1, sizeof(*specs));
	if (n > 0)
		memcpy(t->specs, specs, n * sizeof(*specs));
	*why = measure(t);
	if (*why != NULL) {
		template_free(t);
		return NULL;
	}
	compile(t, raw, types);
	return t;
}

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	template_free(t->previous);
	mem_free(t->specs);
	mem_free(t->steps);
	mem_free(t->instances);
	mem_free(t->fields);
	mem_free(t);
}

bool
template_same(const struct template *t, bool options, const struct spec *specs, unsigned n)
{
	if (t->options != options || t->n_specs != n)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (t->specs[i].pen != specs[i].pen || t->specs[i].id != specs[i].id ||
		    t->specs[i].len != specs[i].len || t->specs[i].scope != specs[i].scope)
			return false;
	return true;
}
