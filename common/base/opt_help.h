/*
 * opt_help.h - what a program's tables print: help, version, rows for tests and completions.
 *
 * Private to opt.c.  The options that every program has without a row of its own are rows here.
 */
#ifndef BASE_OPT_HELP_H
#define BASE_OPT_HELP_H

#include "base/opt.h"

/* The row with that letter, or with that name of n octets (letter 0); NULL when there is none. */
const struct opt *opt_builtin(const struct program *, char letter, const char *name, size_t n);

/* Long names of all options, ended by NULL; at most max - 1 of them. */
void opt_names(const struct program *, const char **names, size_t max);

/* Print what the key of a row of opt_builtin asks for; false when it is none of theirs. */
bool opt_print(const struct program *, int key);

#endif
