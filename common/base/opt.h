/*
 * opt.h - command lines from tables: one table gives getopt, --help, completions and the test that
 * holds manuals and tables together.
 *
 * Same letter, same meaning in every program: a test compares all tables.  -h/--help, -V/--version and --help-fields
 * are handled by opt_next, which prints and exits; `--help > /dev/full` fails.
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/err.h"

/* What an argument is, for completions. */
enum opt_arg { ARG_NONE, ARG_TEXT, ARG_FILE, ARG_DIR, ARG_FIELDS, ARG_FORMAT, ARG_WORDS };

struct opt {
	int key; /* a letter, or OPT_LONG + n for a long option without letter; 0 ends */
	const char *name; /* long name */
	enum opt_arg arg; /* ARG_NONE: takes no argument */
	const char *arg_name; /* as shown, e.g. "FILE"; NULL for ARG_NONE */
	const char *help; /* one line, lower case, no full stop */
	const char *words; /* ARG_WORDS: the choices, blank separated */
};
enum { OPT_LONG = 256 };

struct program {
	const char *name;
	const char *synopsis; /* after the name, e.g. "[options] [FILE ...]" */
	const char *purpose; /* one line */
	const struct opt *const *tables; /* NULL-ended list of option tables, in --help order */
	const char *examples; /* lines for --help */
	void (*help_fields)(FILE *); /* NULL: --help-fields is not offered */
};

/*
 * Parse the next option.  Returns its key with *arg set (or NULL), 0 when there are no more: then `operands` has the
 * rest, borrowed from argv.  Options and operands may be mixed; `--` ends options.
 * Wrong usage, as is an empty name of a file, prints a line with a suggestion and exits 2.  Options that take no table
 * row: -h --help -V --version --help-fields --print-options (tab separated rows for tests and completions).
 */
struct optparse {
	const struct program *program;
	int argc;
	char **argv;
	int next; /* private */
	char *cluster; /* private: rest of -abc */
	char **operands; /* argc pointers; n_operands of them once opt_next has returned 0 */
	int n_operands;
};
void opt_start(struct optparse *, const struct program *, int argc, char **argv);
int opt_next(struct optparse *, const char **arg);
void opt_end(struct optparse *); /* frees operands' array */

/* Print a message of the caller's with `; try 'NAME --help'` behind it and exit 2. */
_Noreturn void opt_usage(const struct program *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same of what an option's own parser says; or just a failure, if that is no usage error. */
_Noreturn void opt_refuse(const struct program *, const struct err *);

/* Close stdout, failing loudly: the last thing a program does. Returns exit status. */
int opt_finish(int status);

/* Levenshtein-nearest of the candidates (ended by NULL), or NULL when none is near. */
const char *opt_nearest(const char *word, const char *const *candidates);

/* The command as one line that a shell reads as the same words, control characters as blanks.  The caller frees it. */
char *opt_line(char *const *argv);

#endif
