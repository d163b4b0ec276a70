#include "io/job.h"

void
job_drop(struct job *j)
{
	if (j->part != NULL)
		j->drop(j->part);
	j->part = NULL;
}

void
job_room_free(struct job_room *r)
{
	slot_free(r->slot);
	batch_free(r->own);
	csv_piece_free(r->piece);
	*r = (struct job_room){ 0 };
}

void
job_free(struct job *j)
{
	job_drop(j);
	job_room_free(&j->room);
	batch_free(j->rest);
	names_release(j->names);
	mem_free(j->sel);
	buf_free(&j->out);
	buf_free(&j->notes);
	buf_free(&j->path_text);
	*j = (struct job){ 0 };
}

uint64_t *
job_select_all(struct job *j, size_t n)
{
	size_t words = bits_words(n) + 1;

	if (j->cap_sel < words) {
		j->cap_sel = words;
		j->sel = mem_resize(j->sel, words, sizeof(*j->sel));
	}
	bits_fill(j->sel, n);
	j->n_sel = n;
	return j->sel;
}

void
job_select(struct job *j)
{
	const struct stream_slot *block = job_block(j);
	const uint64_t *counting;
	size_t n;

	job_select_all(j, j->b->n);
	counting = block != NULL && !slot_is_narrow(block) ? slot_selection(block, &n) : NULL;
	if (counting == NULL)
		return;
	memcpy(j->sel, counting, bits_words(j->b->n) * sizeof(*j->sel));
	j->n_sel = n;
}

void
job_note(struct job *j)
{
	const struct batch *b = j->b;
	struct block_info info = { 0 };

	if (job_block(j) != NULL)
		slot_info(j->room.slot, &info);
	j->facts = (struct job_facts){ b->options, b->n_cols, b->n_unpacked, info.length, b->err };
}

void
job_trim(struct job *j, size_t n)
{
	size_t words = bits_words(j->b->n), seen = 0;

	if (j->n_sel <= n)
		return;
	for (size_t w = 0; w < words; w++) {
		while (seen + (size_t)__builtin_popcountll(j->sel[w]) > n)
			j->sel[w] &= ~(UINT64_C(1) << (63 - __builtin_clzll(j->sel[w])));
		seen += (size_t)__builtin_popcountll(j->sel[w]);
	}
	j->n_sel = n;
}

void
job_narrow(struct job *j)
{
	if (job_block(j) != NULL && slot_narrow(j->room.slot, j->sel, j->n_sel))
		job_select_all(j, j->n_sel);
}
