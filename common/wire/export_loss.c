#include "wire/exporter.h"

enum { REPORTED = 40 }; /* fields named in one line */

void
loss_add(struct exporter *e, const char *name, const char *what, uint64_t n)
{
	struct loss *loss;

	if (n == 0)
		return;
	for (size_t i = 0; i < e->n_losses; i++) {
		loss = &e->losses[i];
		if (strcmp(loss->name, name) == 0 && strcmp(loss->what, what) == 0) {
			loss->n += n;
			return;
		}
	}
	e->losses = mem_resize(e->losses, e->n_losses + 1, sizeof(*e->losses));
	loss = &e->losses[e->n_losses++];
	*loss = (struct loss){ .what = what, .n = n };
	snprintf(loss->name, sizeof(loss->name), "%s", name);
}

void
loss_count(struct exporter *e, const struct field_id *id, const char *what, uint64_t n)
{
	struct buf name = { 0 };

	if (n == 0)
		return;
	field_put_name(&name, id);
	loss_add(e, buf_cstr(&name), what, n);
	buf_free(&name);
}

bool
export_report(const struct exporter *e, struct buf *out)
{
	for (size_t i = 0; i < e->n_losses && i < REPORTED; i++) {
		const struct loss *l = &e->losses[i];

		buf_printf(out, "%s%s: %llu %s", i ? "; " : "", l->name, (unsigned long long)l->n,
		    l->what);
	}
	if (e->n_losses > REPORTED)
		buf_printf(out, "; and %zu more", e->n_losses - REPORTED);
	return e->n_losses > 0;
}

size_t
count_present(const uint64_t *present, const uint64_t *sel, size_t n)
{
	size_t count = 0;

	for (size_t w = 0; w < bits_words(n); w++) {
		uint64_t m = w == n / 64 ? bits_tail(n) : ~UINT64_C(0);

		m &= present ? present[w] : ~UINT64_C(0);
		m &= sel ? sel[w] : ~UINT64_C(0);
		count += (size_t)__builtin_popcountll(m);
	}
	return count;
}
