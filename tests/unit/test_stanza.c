/*
 * test_stanza.c - settings as text: what a value is, where it goes on, how what is wrong is shown.
 */
#include "base/mem.h"
#include "base/stanza.h"
#include "tap.h"

static const char *const keys[] = { "match", "note", NULL };

static char told[600]; /* all that was, the subjects left out */

static void
tell(const char *subject, const struct err *err)
{
	size_t n = strlen(told);

	(void)subject;
	snprintf(told + n, sizeof(told) - n, "%s%s", n > 0 ? "\n" : "", err->text);
}

/* The value of a key of the first section, or what is wrong. */
static const char *
value(const char *text, const char *key)
{
	static char out[600];
	const struct stanza_entry *e;
	struct stanzas s;

	told[0] = '\0';
	if (stanzas_parse(&s, text, strlen(text), keys, "text", tell) != 0)
		snprintf(out, sizeof(out), "%s", told);
	else if (s.n == 0 || (e = stanza_get(&s.section[0], key)) == NULL)
		snprintf(out, sizeof(out), "none");
	else
		snprintf(out, sizeof(out), "%s", e->value);
	stanzas_free(&s);
	return out;
}

static void
test_values(void)
{
	is_str(value("[a]\nmatch = x = 'y' # z", "match"), "x = 'y' # z",
	    "a value is all that follows");
	is_str(
	    value("[a]\r\nmatch\t=\tx \t\r\n", "match"), "x", "blanks at its ends are none of it");
	is_str(value("[ a ]\nmatch=x", "match"), "x", "no blank is needed");
	is_str(value("[a]\nmatch = x\n  y\n\tz\nnote = n", "match"), "x\n  y\n\tz",
	    "lines that go on are of it");
	is_str(value("[a]\nmatch = x\n  y\n\tz\nnote = n", "note"), "n",
	    "and what follows them is not");
	is_str(value("[a]\nmatch = x # c\n# no\n  y", "match"), "x # c     \n  y",
	    "a comment between is blank");
	is_str(value("", "match"), "none", "nothing is nothing");
	is_str(value("# x\n\n   # y\n", "match"), "none", "comments are nothing");
}

static void
test_refused(void)
{
	is_str(value("[a]\nmatc = x", "match"),
	    "line 2: there is no such key\n    matc = x\n    ^~~~\n    did you mean 'match'?",
	    "a key that is none");
	is_str(value("[a]\n[b]\n[a]", "match"),
	    "line 3: a second section of this name\n    [a]\n     ^\n    the other begins in line "
	    "1",
	    "a name twice");
	is_str(value("[a]\n\xc3\xa9 = x", "match"),
	    "line 2: [name], or key = value, is expected\n    \xc3\xa9 = x\n    ^", "no letter");
	is_str(value("match = x", "match"),
	    "line 1: a section, [name], must begin before the first key\n    match = x\n    ^~~~~",
	    "a key before all sections");
	is_str(value("[a]\nmatch = \x01\x02\nmatch", "match"),
	    "line 3: [name], or key = value, is expected\n    match\n         ^",
	    "a line that ends early");
	is_str(
	    value("[a]\nmatc = x\n  y\nnote = n\n[b c]\nnote = n\nx\n[d]\nnoet = n\n more", "note"),
	    "line 2: there is no such key\n    matc = x\n    ^~~~\n    did you mean 'match'?\n"
	    "line 5: ']' is expected behind the name\n    [b c]\n       ^\n"
	    "line 9: there is no such key\n    noet = n\n    ^~~~\n    did you mean 'note'?",
	    "all lines that are wrong, but not those that belong to one");
}

/* What is wrong is left out, and no more. */
static void
test_left(void)
{
	static const char text[] = "[a]\nmatc = x\n y\nnote = n\n[b c]\nnote = n\n[d]\nmatch = z\n";
	struct stanzas s;

	told[0] = '\0';
	is_u64(stanzas_parse(&s, text, strlen(text), keys, "text", tell), 2, "two lines are wrong");
	is_u64(s.n, 2, "of three sections two are left");
	is_str(stanza_get(&s.section[0], "note")->value, "n", "with the keys that are right");
	ok(s.section[0].n == 1, "and no others");
	is_str(stanza_get(&s.section[1], "match")->value, "z", "and the last as it is");
	stanzas_free(&s);
}

/* A place within a value, of a line that is longer than what is shown. */
static void
test_place(void)
{
	char text[400];
	struct err err = { 0 };
	struct stanzas s;
	int n = snprintf(text, sizeof(text), "[a]\nmatch = %0200d wrong %0100d\n", 1, 2);

	ok(stanzas_parse(&s, text, (size_t)n, keys, "text", tell) == 0, "a long line");
	ok(stanza_refuse(&err, &s.section[0].entry[0], 201, 5, "bad %d", 7) == -1 &&
		err.status == EXIT_USAGE,
	    "refused");
	ok(strncmp(err.text, "line 2: match: bad 7\n    0000", 28) == 0 &&
		strstr(err.text, "1 wrong 000") != NULL &&
		strcmp(err.text + strlen(err.text) - 6, " ^~~~~") == 0,
	    "the place is shown: %s", "line, caret");
	stanzas_free(&s);
}

int
main(void)
{
	test_values();
	test_refused();
	test_left();
	test_place();
	return done_testing();
}
