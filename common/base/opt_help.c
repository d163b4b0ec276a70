/*
 * opt_help.c - what a program's tables print.
 */
#include "base/opt_help.h"

#include <string.h>

enum {
	KEY_HELP = -1,
	KEY_VERSION = -2,
	KEY_FIELDS = -3,
	KEY_PRINT = -4,
	LEFT_MAX = 30, /* options wider than this put their help on a line of its own */
};

static const struct builtin {
	char letter;
	struct opt opt;
} builtins[] = {
	{ 'h', { KEY_HELP, "help", ARG_NONE, NULL, "print this help and exit", NULL } },
	{ 'V', { KEY_VERSION, "version", ARG_NONE, NULL, "print the version and exit", NULL } },
	{ 0, { KEY_FIELDS, "help-fields", ARG_NONE, NULL, "print the names of fields and exit",
		 NULL } },
	{ 0, { KEY_PRINT, "print-options", ARG_NONE, NULL, NULL, NULL } },
};
enum { N_BUILTINS = sizeof(builtins) / sizeof(*builtins) };

static bool
offered(const struct program *program, const struct builtin *b)
{
	return b->opt.key != KEY_FIELDS || program->help_fields != NULL;
}

const struct opt *
opt_builtin(const struct program *program, char letter, const char *name, size_t n)
{
	for (size_t i = 0; i < N_BUILTINS; i++) {
		const struct builtin *b = &builtins[i];
		bool same = name ? strlen(b->opt.name) == n && memcmp(b->opt.name, name, n) == 0
				 : letter != 0 && b->letter == letter;

		if (same && offered(program, b))
			return &b->opt;
	}
	return NULL;
}

void
opt_names(const struct program *program, const char **names, size_t max)
{
	size_t n = 0;

	for (const struct opt *const *t = program->tables; *t; t++)
		for (const struct opt *row = *t; row->key && n < max - 1; row++)
			if (row->name)
				names[n++] = row->name;
	for (size_t i = 0; i < N_BUILTINS && n < max - 1; i++)
		if (builtins[i].opt.help && offered(program, &builtins[i]))
			names[n++] = builtins[i].opt.name;
	names[n] = NULL;
}

static char
letter_of(const struct opt *row)
{
	return (char)(row->key > 0 && row->key < OPT_LONG ? row->key : 0);
}

/* `-o, --output FORMAT`; the length it has, as snprintf. */
static int
left_part(char *dst, size_t size, char letter, const struct opt *row)
{
	char dash[8] = "    ";

	if (letter)
		snprintf(dash, sizeof(dash), "-%c%s", letter, row->name ? ", " : "");
	return snprintf(dst, size, "  %s%s%s%s%s", dash, row->name ? "--" : "",
	    row->name ? row->name : "", row->arg_name ? " " : "",
	    row->arg_name ? row->arg_name : "");
}

static int
widest(const struct program *program)
{
	char text[128];
	int width = 0, n;

	for (const struct opt *const *t = program->tables; *t; t++) {
		for (const struct opt *row = *t; row->key; row++) {
			n = left_part(text, sizeof(text), letter_of(row), row);
			if (n > width && n <= LEFT_MAX)
				width = n;
		}
	}
	for (size_t i = 0; i < N_BUILTINS; i++) {
		n = left_part(text, sizeof(text), builtins[i].letter, &builtins[i].opt);
		if (n > width && builtins[i].opt.help && offered(program, &builtins[i]))
			width = n;
	}
	return width;
}

static void
print_row(char letter, const struct opt *row, int width)
{
	char text[128];

	if (left_part(text, sizeof(text), letter, row) > width)
		printf("%s\n%*s  %s", text, width, "", row->help);
	else
		printf("%-*s  %s", width, text, row->help);
	if (row->arg == ARG_WORDS && row->words && strstr(row->help, row->words) == NULL)
		printf(": %s", row->words);
	putchar('\n');
}

static void
print_help(const struct program *program)
{
	int width = widest(program);

	printf("usage: %s %s\n%s\n", program->name, program->synopsis, program->purpose);
	for (const struct opt *const *t = program->tables; *t; t++) {
		putchar('\n');
		for (const struct opt *row = *t; row->key; row++)
			print_row(letter_of(row), row, width);
	}
	putchar('\n');
	for (size_t i = 0; i < N_BUILTINS; i++)
		if (builtins[i].opt.help && offered(program, &builtins[i]))
			print_row(builtins[i].letter, &builtins[i].opt, width);
	if (program->examples) {
		size_t n = strlen(program->examples);

		printf("\nexamples:\n%s%s", program->examples,
		    n > 0 && program->examples[n - 1] == '\n' ? "" : "\n");
	}
}

/* letter, --name, kind of argument, its name, choices, help; `-` where there is none. */
static void
print_machine_row(char letter, const struct opt *row)
{
	static const char *const kinds[] = { "none", "text", "file", "dir", "fields", "format",
		"words" };
	char letters[2] = { letter ? letter : '-', '\0' };

	printf("%s\t%s%s\t%s\t%s\t%s\t%s\n", letters, row->name ? "--" : "",
	    row->name ? row->name : "-", kinds[row->arg], row->arg_name ? row->arg_name : "-",
	    row->words ? row->words : "-", row->help);
}

static void
print_machine(const struct program *program)
{
	for (const struct opt *const *t = program->tables; *t; t++)
		for (const struct opt *row = *t; row->key; row++)
			print_machine_row(letter_of(row), row);
	for (size_t i = 0; i < N_BUILTINS; i++)
		if (builtins[i].opt.help && offered(program, &builtins[i]))
			print_machine_row(builtins[i].letter, &builtins[i].opt);
}

bool
opt_print(const struct program *program, int key)
{
	switch (key) {
	case KEY_HELP: print_help(program); return true;
	case KEY_VERSION: printf("%s (flowkit) %s\n", program->name, FLOWKIT_VERSION); return true;
	case KEY_FIELDS: program->help_fields(stdout); return true;
	case KEY_PRINT: print_machine(program); return true;
	default: return false;
	}
}
