/*
 * stanza.h - settings as text: sections of `key = value` lines, as people write them.
 *
 *	# a comment
 *	[name]
 *	key   = value
 *	other = a value that goes on
 *	        in lines that begin with a blank
 *
 * A value is the text behind the `=` as it stands, without blanks at its ends; lines that go on are joined by the
 * newline that was between them, so that a value may have comments of its own language.  A `#` is a comment only where
 * it is the first of a line.  Keys and names are of letters, digits, `-`, `_` and `.`; a name comes once, a key once in
 * its section.
 *
 * What is wrong is said with its line and a caret under the place.
 */
#ifndef BASE_STANZA_H
#define BASE_STANZA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { STANZA_OCTETS = 1 << 22, STANZA_SECTIONS = 4096, STANZA_KEYS = 32, STANZA_WRONG = 100 };

struct stanza_entry {
	const char *key, *value; /* NUL-ended */
	unsigned line, column; /* of the value, from 1, 0 */
	const char *text; /* that line, for messages */
};

struct stanza {
	const char *name;
	unsigned line;
	struct stanza_entry *entry;
	size_t n;
};

struct stanzas {
	struct stanza *section;
	size_t n;
	char *text; /* private: all of the above points into it, and into lines */
	char **lines;
	size_t n_lines;
};

typedef void (*stanza_tell)(const char *subject, const struct err *);

/*
 * The text of len octets; keys: those that there are, ended by NULL, to suggest from.  Every line that is wrong is
 * told, of STANZA_WRONG at most, and left out: an entry with the lines on which it goes on, a head with its section.
 * How many are; free it in any case.
 */
unsigned stanzas_parse(struct stanzas *, const char *text, size_t len, const char *const *keys,
    const char *subject, stanza_tell);
void stanzas_free(struct stanzas *);

/* NULL: the section has no such key. */
const struct stanza_entry *stanza_get(const struct stanza *, const char *key);

/*
 * Say what is wrong with n octets of a value from octet `at` on: `line N: KEY: reason`, the line and a caret.
 * n 0: all of it.  Always -1, as err_usage.
 */
int stanza_refuse(struct err *, const struct stanza_entry *, size_t at, size_t n, const char *fmt,
    ...) __attribute__((format(printf, 5, 6)));

#endif
