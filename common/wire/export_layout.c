/*
 * Records that have the same fields share a layout; a layout is a template.
 */
#include "wire/exporter.h"

static bool
has_field(const struct xfield *f, size_t rec)
{
	return bits_has(f->present, rec);
}

/* A number for a field, and for a length of it, whose exclusive-or tells sets of fields apart. */
static uint64_t
field_hash(size_t field, size_t length)
{
	return hash_u64(hash_seed(), (uint64_t)field << 32 | length) | 1;
}

static void
hash_records(struct plan *p, size_t n)
{
	memset(p->hashes, 0, n * sizeof(*p->hashes));
	for (size_t k = 0; k < p->n_fields; k++) {
		const struct xfield *f = &p->fields[k];
		uint64_t h = field_hash(k, 0);

		if (f->op == PUT_DOMAIN || (f->present == NULL && !f->by_length))
			continue;
		for (size_t i = 0; i < n; i++) {
			if (!has_field(f, i))
				continue;
			if (f->by_length)
				h = field_hash(k, 1 + put_fixed_length(f, i));
			p->hashes[i] ^= h;
		}
	}
}

static void
put_spec(const struct exporter *e, struct layout *l, const struct xfield *f, size_t rec)
{
	bool v9 = e->opts.version == EXPORT_V9, enterprise = f->pen != PEN_IANA && !v9;

	put_be(&l->spec, f->wire | (enterprise ? 0x8000u : 0), 2);
	put_be(&l->spec, put_fixed_length(f, rec), 2);
	if (enterprise)
		put_be(&l->spec, f->pen, 4);
}

static void
choose_fields(struct exporter *e, struct layout *l, size_t rec)
{
	struct plan *p = &e->plan;

	l->fields = arena_alloc(&p->arena, p->n_fields * sizeof(*l->fields));
	for (size_t k = 0; k < p->n_fields; k++) {
		const struct xfield *f = &p->fields[k];

		if (!has_field(f, rec) || (f->op == PUT_DOMAIN && l->n_scope > 0))
			continue;
		l->fields[l->n++] = (uint32_t)k;
		l->n_scope += f->scope;
	}
}

static void
layout_init(struct exporter *e, struct layout *l, uint64_t hash, size_t rec)
{
	struct buf spec = l->spec;

	spec.len = 0;
	*l = (struct layout){ .hash = hash, .spec = spec };
	choose_fields(e, l, rec);
	for (unsigned i = 0; i < l->n; i++) {
		const struct xfield *f = &e->plan.fields[l->fields[i]];

		put_spec(e, l, f, rec);
		l->typed = l->typed || f->typed != 0;
		if (f->length == LENGTH_VAR) {
			l->variable = true;
			l->lists = l->lists || f->uses != NULL;
			l->least++;
		} else {
			l->fixed += put_fixed_length(f, rec);
		}
	}
	l->least += l->fixed;
	l->spec_hash = hash_octets(hash_seed() + l->n_scope, l->spec.data, l->spec.len);
}

static void
slots_grow(struct plan *p)
{
	p->n_slots = p->n_slots ? p->n_slots * 2 : 64;
	mem_free(p->slots);
	p->slots = mem_zero(p->n_slots, sizeof(*p->slots));
	for (size_t i = 0; i < p->n_layouts; i++) {
		size_t at = p->layouts[i].hash & (p->n_slots - 1);

		while (p->slots[at] != 0)
			at = (at + 1) & (p->n_slots - 1);
		p->slots[at] = (uint32_t)i + 1;
	}
}

static uint32_t
layout_find(struct exporter *e, uint64_t hash, size_t rec)
{
	struct plan *p = &e->plan;
	size_t at;

	if ((p->n_layouts + 1) * 2 > p->n_slots)
		slots_grow(p);
	for (at = hash & (p->n_slots - 1); p->slots[at] != 0; at = (at + 1) & (p->n_slots - 1)) {
		if (p->layouts[p->slots[at] - 1].hash == hash)
			return p->slots[at] - 1;
	}
	if (p->n_layouts == p->cap_layouts) {
		size_t cap = p->cap_layouts ? p->cap_layouts * 2 : 16;

		p->layouts = mem_resize(p->layouts, cap, sizeof(*p->layouts));
		memset(
		    p->layouts + p->cap_layouts, 0, (cap - p->cap_layouts) * sizeof(*p->layouts));
		p->cap_layouts = cap;
	}
	layout_init(e, &p->layouts[p->n_layouts], hash, rec);
	p->slots[at] = (uint32_t)++p->n_layouts;
	return (uint32_t)p->n_layouts - 1;
}

void
layouts_make(struct exporter *e, size_t n)
{
	struct plan *p = &e->plan;
	uint64_t last = 0;
	uint32_t layout = 0;

	if (n > p->cap_records) {
		p->cap_records = n;
		p->hashes = mem_resize(p->hashes, n, sizeof(*p->hashes));
		p->of = mem_resize(p->of, n, sizeof(*p->of));
	}
	p->n_layouts = 0;
	if (p->n_slots > 0)
		memset(p->slots, 0, p->n_slots * sizeof(*p->slots));
	hash_records(p, n);
	for (size_t i = 0; i < n; i++) {
		if (!bits_has(p->sel, i))
			continue;
		if (p->n_layouts == 0 || p->hashes[i] != last)
			layout = layout_find(e, p->hashes[i], i);
		last = p->hashes[i];
		p->of[i] = layout;
	}
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->cap_layouts; i++)
		buf_free(&p->layouts[i].spec);
	mem_free(p->fields);
	mem_free(p->layouts);
	mem_free(p->slots);
	mem_free(p->hashes);
	mem_free(p->of);
	arena_free(&p->arena);
}
