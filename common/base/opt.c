/*
 * opt.c - command lines from tables: parsing, and the end of a program.
 */
#include "base/opt.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/die.h"
#include "base/mem.h"
#include "base/opt_help.h"

enum { NAMES_MAX = 256, WORD_MAX = 64 };

static void
usage_line(const char *text, const char *program)
{
	diag(NULL, "%s; try '%s --help'", text, program);
}

_Noreturn void
opt_usage(const struct program *program, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	usage_line(text, program->name);
	exit(EXIT_USAGE);
}

_Noreturn void
opt_refuse(const struct program *program, const struct err *err)
{
	if (err->status == EXIT_USAGE)
		opt_usage(program, "%s", err->text);
	die(EXIT_FAILED, NULL, "%s", err->text);
}

/* Has the reader of standard output gone?  What an earlier write failed of is not known any more. */
static bool
is_unread(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

int
opt_finish(int status)
{
	bool failed = ferror(stdout) != 0, unused = __fpending(stdout) == 0 && !failed;
	bool unread = failed && is_unread();

	errno = 0;
	if (fclose(stdout) == 0 && !failed)
		return status;
	/* the reader has gone, or there never was an output and nothing was written to it */
	if (errno == EPIPE || unread || (errno == EBADF && unused))
		return status;
	diag("standard output", "cannot write: %s",
	    errno ? strerror(errno) : "an earlier write failed");
	return EXIT_FAILED;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance, with two letters swapped as one change: the commonest slip of all. */
static unsigned
distance(const char *a, size_t na, const char *b, size_t nb)
{
	unsigned rows[3][WORD_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= nb; j++)
		last[j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned *spare = before;

		row[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			row[j] = least(
			    last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < row[j])
				row[j] = before[j - 2] + 1;
		}
		before = last;
		last = row;
		row = spare;
	}
	return last[nb];
}

/* Near: a third of the letters wrong at most; else the one name that goes on from the word. */
const char *
opt_nearest(const char *word, const char *const *candidates)
{
	size_t n = strlen(word), prefixed = 0;
	unsigned best = n < 3 ? 2 : (unsigned)(n / 3) + 1;
	const char *nearest = NULL, *longer = NULL;

	if (n == 0 || n > WORD_MAX)
		return NULL;
	for (; *candidates; candidates++) {
		size_t len = strlen(*candidates);
		unsigned d = len <= WORD_MAX ? distance(word, n, *candidates, len) : WORD_MAX;

		if (d < best && d < len) {
			best = d;
			nearest = *candidates;
		}
		if (n > 1 && strncmp(*candidates, word, n) == 0) {
			longer = *candidates;
			prefixed++;
		}
	}
	return nearest || prefixed != 1 ? nearest : longer;
}

void
opt_start(struct optparse *o, const struct program *program, int argc, char **argv)
{
	*o = (struct optparse){ .program = program, .argc = argc, .argv = argv, .next = 1 };
	o->operands = mem_zero((size_t)argc + 1, sizeof(*o->operands));
}

void
opt_end(struct optparse *o)
{
	mem_free(o->operands);
	o->operands = NULL;
}

static const struct opt *
find_letter(const struct program *program, char letter)
{
	for (const struct opt *const *t = program->tables; *t; t++)
		for (const struct opt *row = *t; row->key; row++)
			if (row->key == (unsigned char)letter)
				return row;
	return opt_builtin(program, letter, NULL, 0);
}

static const struct opt *
find_name(const struct program *program, const char *name, size_t n)
{
	for (const struct opt *const *t = program->tables; *t; t++)
		for (const struct opt *row = *t; row->key; row++)
			if (row->name && strlen(row->name) == n && memcmp(row->name, name, n) == 0)
				return row;
	return opt_builtin(program, 0, name, n);
}

static _Noreturn void
unknown_name(const struct program *program, const char *name, size_t n)
{
	const char *names[NAMES_MAX], *nearest;
	char *word = mem_string_n(name, n);

	opt_names(program, names, NAMES_MAX);
	nearest = opt_nearest(word, names);
	if (nearest == NULL)
		opt_usage(program, "unknown option '--%s'", word);
	diag(NULL, "unknown option '--%s'; did you mean '--%s'?", word, nearest);
	exit(EXIT_USAGE);
}

static const char *
next_argument(
    struct optparse *o, const struct opt *row, const char *dashes, const char *name, int len)
{
	if (o->next >= o->argc)
		opt_usage(o->program, "option '%s%.*s' needs an argument: %s", dashes, len, name,
		    row->arg_name);
	return o->argv[o->next++];
}

/* An empty name is a shell's variable that is not set, and no file's: better said now than when it is opened. */
static void
check_argument(const struct optparse *o, const struct opt *row, const char *arg, const char *dashes,
    const char *name, int len)
{
	if ((row->arg == ARG_FILE || row->arg == ARG_DIR) && *arg == '\0')
		opt_usage(o->program, "option '%s%.*s' has an empty name: %s is expected", dashes,
		    len, name, row->arg_name);
}

static int
take_long(struct optparse *o, const char *name, const char **arg)
{
	const char *equal = strchr(name, '=');
	size_t n = equal ? (size_t)(equal - name) : strlen(name);
	const struct opt *row = find_name(o->program, name, n);

	if (row == NULL)
		unknown_name(o->program, name, n);
	if (row->arg == ARG_NONE) {
		if (equal)
			opt_usage(o->program, "option '--%.*s' takes no argument", (int)n, name);
		return row->key;
	}
	*arg = equal ? equal + 1 : next_argument(o, row, "--", name, (int)n);
	check_argument(o, row, *arg, "--", name, (int)n);
	return row->key;
}

static int
take_letter(struct optparse *o, const char **arg)
{
	const char *letter = o->cluster++;
	const struct opt *row = find_letter(o->program, *letter);

	if (row == NULL)
		opt_usage(o->program, "unknown option '-%c'", *letter);
	if (row->arg != ARG_NONE) {
		*arg = *o->cluster ? o->cluster : next_argument(o, row, "-", letter, 1);
		check_argument(o, row, *arg, "-", letter, 1);
		o->cluster = NULL;
	}
	return row->key;
}

/* The key of the next option, 0 at the end. */
static int
take_option(struct optparse *o, const char **arg)
{
	for (;;) {
		char *word;

		if (o->cluster && *o->cluster)
			return take_letter(o, arg);
		o->cluster = NULL;
		if (o->next >= o->argc)
			return 0;
		word = o->argv[o->next++];
		if (word[0] != '-' || word[1] == '\0') {
			o->operands[o->n_operands++] = word;
		} else if (strcmp(word, "--") == 0) {
			while (o->next < o->argc)
				o->operands[o->n_operands++] = o->argv[o->next++];
		} else if (word[1] == '-') {
			return take_long(o, word + 2, arg);
		} else {
			o->cluster = word + 1;
		}
	}
}

int
opt_next(struct optparse *o, const char **arg)
{
	int key;

	*arg = NULL;
	key = take_option(o, arg);
	if (opt_print(o->program, key))
		exit(opt_finish(EXIT_DONE));
	return key;
}

char *
opt_line(char *const *argv)
{
	struct buf b = { 0 };

	for (int i = 0; argv[i] != NULL; i++) {
		const char *base = i == 0 ? strrchr(argv[0], '/') : NULL;
		const char *word = base ? base + 1 : argv[i];
		bool quote = *word == 0 || strpbrk(word, " \t\n'\"\\$&|;<>()*?[]#~`!{}") != NULL;

		if (i > 0)
			buf_putc(&b, ' ');
		if (quote)
			buf_putc(&b, '\'');
		for (; *word != 0; word++)
			if (*word == '\'')
				buf_puts(&b, "'\\''");
			else
				buf_putc(&b, (unsigned char)*word < ' ' ? ' ' : *word);
		if (quote)
			buf_putc(&b, '\'');
	}
	buf_cstr(&b);
	return b.data;
}
