/*
 * test_base_opt.c - command lines, diagnostics, and the end of a program; each in a process of its own.
 */
#include <fcntl.h>
#include <signal.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/opt.h"
#include "child.h"
#include "tap.h"

static const struct opt input_options[] = {
	{ 'i', "input", ARG_WORDS, "FORMAT", "input format", "flow csv" },
	{ 'l', NULL, ARG_NONE, NULL, "a letter without a name", NULL },
	{ OPT_LONG, "since", ARG_TEXT, "TIME", "not before", NULL },
	{ 0 },
};
static const struct opt output_options[] = {
	{ 'o', "output", ARG_FORMAT, "FORMAT", "output format", NULL },
	{ 'w', "write", ARG_FILE, "FILE", "write there", NULL },
	{ 'q', "quiet", ARG_NONE, NULL, "say nothing", NULL },
	{ 'v', "verbose", ARG_NONE, NULL, "say more", NULL },
	{ OPT_LONG + 1, "a-very-long-option-indeed", ARG_TEXT, "ARGUMENT", "is far to the right",
	    NULL },
	{ 0 },
};
static const struct opt *const tables[] = { input_options, output_options, NULL };

static void
help_fields(FILE *f)
{
	fputs("srcip\n", f);
}

static const struct program program = { "flowtest", "[options] [FILE ...]", "test option tables",
	tables, "  flowtest -o csv day.flow\n", help_fields };
static const struct program plain = { "flowtest", "[FILE]", "have no fields", tables, NULL, NULL };

struct line {
	const struct program *program;
	const char *words[12];
};

/* Print each option as key=argument, then the operands. */
static int
print_line(void *arg)
{
	struct line *l = arg;
	struct optparse o;
	const char *value;
	char *argv[16] = { NULL };
	int argc = 1, key;

	argv[0] = (char[]){ "dir/flowtest" };
	for (; l->words[argc - 1]; argc++)
		argv[argc] = strdup(l->words[argc - 1]);
	diag_init(argv[0]);
	opt_start(&o, l->program ? l->program : &program, argc, argv);
	while ((key = opt_next(&o, &value)) != 0) {
		if (key < OPT_LONG)
			printf("%c", key);
		else
			printf("+%d", key - OPT_LONG);
		printf("%s%s ", value ? "=" : "", value ? value : "");
	}
	printf("|");
	for (int i = 0; i < o.n_operands; i++)
		printf(" %s", o.operands[i]);
	opt_end(&o);
	for (int i = 1; i < argc; i++)
		free(argv[i]);
	return opt_finish(EXIT_DONE);
}

static void
test_lines(void)
{
	static const struct {
		struct line line;
		const char *out;
	} t[] = {
		{ { NULL, { NULL } }, "|" },
		{ { NULL, { "a", "b" } }, "| a b" },
		{ { NULL, { "-q" } }, "q |" },
		{ { NULL, { "-qv" } }, "q v |" },
		{ { NULL, { "-qocsv" } }, "q o=csv |" },
		{ { NULL, { "-qo", "csv" } }, "q o=csv |" },
		{ { NULL, { "-o=csv" } }, "o==csv |" },
		{ { NULL, { "--output=csv" } }, "o=csv |" },
		{ { NULL, { "--output", "csv" } }, "o=csv |" },
		{ { NULL, { "--output=" } }, "o= |" },
		{ { NULL, { "--output=a=b" } }, "o=a=b |" },
		{ { NULL, { "--output", "--quiet" } }, "o=--quiet |" },
		{ { NULL, { "--since", "-1h" } }, "+0=-1h |" },
		{ { NULL, { "a", "-q", "b", "-w", "c", "d" } }, "q w=c | a b d" },
		{ { NULL, { "-q", "--", "-v", "--", "a" } }, "q | -v -- a" },
		{ { NULL, { "-", "-q" } }, "q | -" },
		{ { NULL, { "" } }, "| " },
		{ { NULL, { "-l" } }, "l |" },
	};
	struct child c;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		child_run(&c, print_line, (void *)(uintptr_t)&t[i].line);
		is_str(c.out, t[i].out, "line %zu, of %s, is parsed", i,
		    t[i].line.words[0] ? t[i].line.words[0] : "nothing");
		ok(c.status == 0 && c.err[0] == '\0', "line %zu is silent", i);
	}
}

static void
test_wrong_lines(void)
{
	static const struct {
		struct line line;
		const char *err;
	} t[] = {
		{ { NULL, { "--outptu" } },
		    "flowtest: unknown option '--outptu'; did you mean '--output'?\n" },
		{ { NULL, { "--out" } },
		    "flowtest: unknown option '--out'; did you mean '--output'?\n" },
		{ { NULL, { "--outpu=csv" } },
		    "flowtest: unknown option '--outpu'; did you mean '--output'?\n" },
		{ { NULL, { "--hlep" } },
		    "flowtest: unknown option '--hlep'; did you mean '--help'?\n" },
		{ { NULL, { "--xyzzy" } },
		    "flowtest: unknown option '--xyzzy'; try 'flowtest --help'\n" },
		{ { NULL, { "-x" } }, "flowtest: unknown option '-x'; try 'flowtest --help'\n" },
		{ { NULL, { "-qx" } }, "flowtest: unknown option '-x'; try 'flowtest --help'\n" },
		{ { NULL, { "-\x1b" } },
		    "flowtest: unknown option '-\\x1b'; try 'flowtest --help'\n" },
		{ { NULL, { "-o" } },
		    "flowtest: option '-o' needs an argument: FORMAT; try 'flowtest --help'\n" },
		{ { NULL, { "--write" } },
		    "flowtest: option '--write' needs an argument: FILE; try 'flowtest --help'\n" },
		{ { NULL, { "-w", "" } }, "flowtest: option '-w' has an empty name: FILE is "
					  "expected; try 'flowtest --help'\n" },
		{ { NULL, { "--write=" } }, "flowtest: option '--write' has an empty name: FILE is "
					    "expected; try 'flowtest --help'\n" },
		{ { NULL, { "--quiet=yes" } },
		    "flowtest: option '--quiet' takes no argument; try 'flowtest --help'\n" },
		{ { &plain, { "--help-fields" } },
		    "flowtest: unknown option '--help-fields'; try 'flowtest --help'\n" },
	};
	struct child c;

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
		child_run(&c, print_line, (void *)(uintptr_t)&t[i].line);
		is_str(c.err, t[i].err, "'%s' is refused with a hint", t[i].line.words[0]);
		is_u64((uint64_t)c.status, EXIT_USAGE, "and the status of wrong usage");
	}
}

static void
test_help(void)
{
	static const char help[] = "usage: flowtest [options] [FILE ...]\n"
				   "test option tables\n"
				   "\n"
				   "  -i, --input FORMAT   input format: flow csv\n"
				   "  -l                   a letter without a name\n"
				   "      --since TIME     not before\n"
				   "\n"
				   "  -o, --output FORMAT  output format\n"
				   "  -w, --write FILE     write there\n"
				   "  -q, --quiet          say nothing\n"
				   "  -v, --verbose        say more\n"
				   "      --a-very-long-option-indeed ARGUMENT\n"
				   "                       is far to the right\n"
				   "\n"
				   "  -h, --help           print this help and exit\n"
				   "  -V, --version        print the version and exit\n"
				   "      --help-fields    print the names of fields and exit\n"
				   "\n"
				   "examples:\n"
				   "  flowtest -o csv day.flow\n";
	static const char rows[] = "i\t--input\twords\tFORMAT\tflow csv\tinput format\n"
				   "l\t-\tnone\t-\t-\ta letter without a name\n";
	struct child c;

	child_run(&c, print_line, &(struct line){ NULL, { "--help" } });
	is_str(c.out, help, "--help is made of the tables");
	ok(c.status == 0 && c.err[0] == '\0', "--help succeeds");
	child_run(&c, print_line, &(struct line){ NULL, { "-qh", "-x" } });
	is_str(c.out + 2, help, "-h too, and at once");
	child_run(&c, print_line, &(struct line){ &plain, { "--help" } });
	ok(strstr(c.out, "--help-fields") == NULL && strstr(c.out, "examples") == NULL,
	    "--help says only what there is");
	child_run(&c, print_line, &(struct line){ NULL, { "-V" } });
	is_str(c.out, "flowtest (flowkit) " FLOWKIT_VERSION "\n", "-V prints the version");
	child_run(&c, print_line, &(struct line){ NULL, { "--help-fields" } });
	is_str(c.out, "srcip\n", "--help-fields prints fields");
	child_run(&c, print_line, &(struct line){ NULL, { "--print-options" } });
	ok(strncmp(c.out, rows, strlen(rows)) == 0, "--print-options prints rows");
	ok(strstr(c.out, "\n-\t--since\ttext\tTIME\t-\tnot before\n") != NULL,
	    "an option without letter has -");
}

static int
help_to_full_disk(void *arg)
{
	int fd = open("/dev/full", O_WRONLY);

	(void)arg;
	dup2(fd, STDOUT_FILENO);
	return print_line(&(struct line){ NULL, { "--help" } });
}

static int
write_to_closed_pipe(void *arg)
{
	int ends[2];

	(void)arg;
	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) != 0)
		return 99;
	close(ends[0]);
	dup2(ends[1], STDOUT_FILENO);
	printf("text");
	return opt_finish(EXIT_DONE);
}

static int
finish_closed(void *arg)
{
	close(STDOUT_FILENO);
	if (arg)
		printf("text");
	return opt_finish(EXIT_DONE);
}

static void
test_finish(void)
{
	struct child c;

	child_run(&c, help_to_full_disk, NULL);
	is_u64((uint64_t)c.status, EXIT_FAILED, "--help to a full disk fails");
	is_str(c.err, "flowtest: standard output: cannot write: No space left on device\n",
	    "and says so");
	child_run(&c, write_to_closed_pipe, NULL);
	ok(c.status == 0 && c.err[0] == '\0', "a reader that has gone is no news");
	child_run(&c, finish_closed, NULL);
	ok(c.status == 0 && c.err[0] == '\0', "a closed output that was not needed is no failure");
	child_run(&c, finish_closed, &c);
	is_u64((uint64_t)c.status, EXIT_FAILED, "one that was needed is");
}

static void
test_nearest(void)
{
	static const char *const fields[] = { "srcip", "dstip", "srcport", "dstport", "bytes",
		"packets", NULL };

	is_str(opt_nearest("srcpi", fields), "srcip", "two letters swapped");
	is_str(opt_nearest("byts", fields), "bytes", "a letter missing");
	is_str(opt_nearest("pack", fields), "packets", "the beginning of one name");
	is_str(opt_nearest("dstprot", fields), "dstport", "the nearest of several");
	is_str(opt_nearest("xyz", fields), NULL, "nothing near");
	is_str(opt_nearest("", fields), NULL, "nothing is near nothing");
	is_str(opt_nearest("dst", fields), NULL, "the beginning of two names is neither");
}

static int
print_hostile(void *arg)
{
	struct err err = { .status = EXIT_USAGE, .text = "line one\n  ^\x01" };

	(void)arg;
	diag_init("/usr/bin/flowtest");
	diag("a\nb\x1b[31m\x7f", "%s",
	    "ok \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xff \xc0\xaf \xed\xa0\x80 \xc2\x9b "
	    "\xe2\x82");
	diag_err(NULL, &err);
	die(7, "subject", "%d", 42);
}

static int
print_long(void *arg)
{
	char *text = malloc(100001);

	(void)arg;
	memset(text, '\x01', 100000);
	text[100000] = '\0';
	diag(text, "%s", text);
	free(text);
	return 0;
}

static int
print_often(void *arg)
{
	struct diag_limit limit = { .burst = 2, .interval_s = 1 };

	(void)arg;
	diag_init("flowtest");
	for (int i = 0; i < 5; i++)
		diag_limited(&limit, "x", "message %d", i);
	usleep(2100000);
	diag_limited(&limit, "x", "message %d", 5);
	diag_limited(&limit, "x", "message %d", 6);
	return 0;
}

static void
test_diag(void)
{
	struct child c;

	child_run(&c, print_hostile, NULL);
	is_str(c.err,
	    "flowtest: a\\x0ab\\x1b[31m\\x7f: ok \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \\xff "
	    "\\xc0\\xaf "
	    "\\xed\\xa0\\x80 \\xc2\\x9b \\xe2\\x82\n"
	    "flowtest: line one\n  ^\\x01\n"
	    "flowtest: subject: 42\n",
	    "what could move a cursor is escaped");
	is_u64((uint64_t)c.status, 7, "die exits with its status");
	child_run(&c, print_long, NULL);
	ok(c.status == 0 && strlen(c.err) <= 4096 && c.err[strlen(c.err) - 1] == '\n',
	    "a long line is cut");
	child_run(&c, print_often, NULL);
	is_str(c.err,
	    "flowtest: x: message 0\nflowtest: x: message 1\n"
	    "flowtest: x: message 5 (3 more like it not shown)\nflowtest: x: message 6\n",
	    "repeats are limited and counted");
}

static void
test_line(void)
{
	static char *argv[] = { "/usr/bin/flowfilter", "src net 10.0.0.0/8", "-w", "it's", "",
		"a\nb", NULL };
	char *line = opt_line(argv);

	is_str(line, "flowfilter 'src net 10.0.0.0/8' -w 'it'\\''s' '' 'a b'",
	    "a command is a line that a shell reads");
	mem_free(line);
}

int
main(void)
{
	test_lines();
	test_wrong_lines();
	test_help();
	test_finish();
	test_nearest();
	test_diag();
	test_line();
	return done_testing();
}
