/*
 * sheet.h - a small table for people: cells are put one after another, printed aligned.
 */
#ifndef FLOWSTAT_SHEET_H
#define FLOWSTAT_SHEET_H

#include <stdbool.h>

#include "base/buf.h"
#include "flow/value.h"

enum { SHEET_COLUMNS = 48 };

struct sheet {
	struct buf text; /* of all cells */
	size_t *end; /* of each cell, in text */
	size_t n, cap;
	unsigned columns;
	bool right[SHEET_COLUMNS], named;
};

/* Columns first, all of them; an empty name everywhere prints no head. */
void sheet_column(struct sheet *, const char *name, bool right);
void sheet_text(struct sheet *, const char *);
void sheet_count(struct sheet *, uint64_t, bool plain);
void sheet_scaled(struct sheet *, double, bool plain);
void sheet_percent(struct sheet *, double part, double whole);
void sheet_value(
    struct sheet *, const struct value *, const struct column *, const struct text_opts *);

void sheet_print(const struct sheet *, struct buf *);
void sheet_free(struct sheet *); /* and make it empty again */

#endif
