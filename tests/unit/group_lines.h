/*
 * group_lines.h - groups as lines of text, to compare those of several ways with each other: of many records, by
 * any number of tables.
 */
#ifndef TESTS_GROUP_LINES_H
#define TESTS_GROUP_LINES_H

#include <stdlib.h>

#include "naive_records.h"
#include "ops/group_table.h"
#include "tap.h"

enum { MANY = 30000, N_MANY = 8 };

/* Lines, one a group. */
struct lines {
	char **line;
	size_t n;
	const struct group_spec *spec;
};

static inline int
compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline void
add_line(struct lines *l, struct buf *b)
{
	if ((l->n & (l->n - 1)) == 0)
		l->line = mem_resize(l->line, l->n ? 2 * l->n : 1, sizeof(*l->line));
	l->line[l->n++] = mem_string(buf_cstr(b));
	b->len = 0;
}

static inline void
free_lines(struct lines *l)
{
	for (size_t i = 0; i < l->n; i++)
		mem_free(l->line[i]);
	mem_free(l->line);
	l->line = NULL;
	l->n = 0;
}

static inline void
cell_text(struct buf *out, struct batch *b, const struct field_id *id, size_t i)
{
	int col = batch_find(b, id);
	struct tv v = { 0 };

	if (col >= 0)
		v = column_value(batch_plain(b, (unsigned)col), i);
	text_of(out, &v);
	buf_putc(out, ' ');
}

static inline bool
take(void *ctx, struct batch *b)
{
	struct lines *l = ctx;
	struct buf line = { 0 };

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < l->spec->n_keys; k++)
			cell_text(&line, b, &l->spec->keys[k].as, i);
		for (size_t v = 0; v < l->spec->n_values; v++)
			cell_text(&line, b, &l->spec->values[v].as, i);
		add_line(l, &line);
	}
	buf_free(&line);
	return true;
}

static inline bool
same_lines(const struct lines *a, const struct lines *b)
{
	for (size_t i = 0; i < a->n || i < b->n; i++)
		if (i >= a->n || i >= b->n || strcmp(a->line[i], b->line[i]) != 0) {
			printf("# line %zu of %zu and %zu\n# got:  %s\n# want: %s\n", i, a->n, b->n,
			    i < a->n ? a->line[i] : "", i < b->n ? b->line[i] : "");
			return false;
		}
	return true;
}

/* The first ten by the last value: those of all tables, whoever of them has most of a group. */
static inline uint64_t
last_value(const char *line)
{
	const char *at = line + strlen(line);

	while (at > line && at[-1] == ' ')
		at--;
	while (at > line && at[-1] != ' ')
		at--;
	return strtoull(at, NULL, 10);
}

/* What groups are of. */
static inline void
understood(struct group_spec *spec, const char *keys, const char *values)
{
	struct err err = { 0 };

	ok(group_spec_keys(spec, keys, &err) == 0 && group_spec_values(spec, values, &err) == 0,
	    "-k %s -v %s is understood%s", keys, values, err.text);
}

static inline struct batch *
many_records(bool v6)
{
	struct batch *b = batch_new();
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, 4, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr a = addr_v4((uint32_t)rnd(300000)), d = random_addr(v6);

		batch_put_ip(b, (unsigned)src, i, &a);
		batch_put_ip(b, (unsigned)dst, i, &d);
		batch_put_uint(b, (unsigned)port, i, rnd(10));
		if (!v6 || rnd(5) > 0)
			batch_put_uint(b, (unsigned)bytes, i, rnd(1000) << rnd(40));
	}
	batch_close(b);
	return b;
}

/* The groups of n tables, which are freed, as lines in order. */
static inline void
finish_tables(struct lines *l, struct group_table **t, unsigned n)
{
	struct err err = { 0 };

	ok(group_finish(t, n, NULL, take, l, &err) == 0, "groups of %u tables are handed out", n);
	ok(group_count(t, n) == l->n, "and counted");
	for (unsigned i = 0; i < n; i++)
		group_free(t[i]);
	qsort(l->line, l->n, sizeof(*l->line), compare_text);
}

static inline void
group_many(struct lines *l, struct batch **b, const struct group_spec *spec, unsigned tables)
{
	struct group_table *t[N_MANY];
	struct err err = { 0 };

	l->spec = spec;
	for (unsigned i = 0; i < tables; i++)
		t[i] = group_new(spec, tables);
	for (unsigned i = 0; i < N_MANY; i++)
		ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "many records are added");
	finish_tables(l, t, tables);
}

static inline void
free_many(struct batch **b, struct group_spec *spec)
{
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	group_spec_free(spec);
}

#endif
