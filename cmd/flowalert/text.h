/*
 * text.h - what the texts that people write for flowalert have in common: files, expressions, severities.
 */
#ifndef FLOWALERT_TEXT_H
#define FLOWALERT_TEXT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/stanza.h"
#include "flow/element.h"

struct expr;
struct tz;

/* Read a file whole.  False: tell was told. */
bool text_load(
    const char *path, struct buf *, void (*tell)(const char *subject, const struct err *));

/* What became of a part: unless rc is 0 tell err, of that file, and clear it for the next part.  How many are wrong. */
unsigned text_wrong(
    int rc, const char *path, struct err *, void (*tell)(const char *subject, const struct err *));

/* Compile what a section's match is; times that name no zone are in tz.  NULL: err; it has none. */
struct expr *text_match(const struct stanza *, const struct tz *, struct err *);

/* Compile a value.  NULL: err, which says its line. */
struct expr *text_compile(const struct stanza_entry *, const struct tz *, struct err *);

/* A severity by name.  0: none. */
enum severity text_severity(const char *);

/* What is scored as a severity says: .3, .6, .8, .95. */
double text_score(enum severity);

#endif
