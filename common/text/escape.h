/*
 * escape.h - octets of strings as text that a strict reader accepts, and back.
 *
 * A string is whatever octets an exporter sent.  csv and tsv must be valid UTF-8 without control
 * characters (DuckDB and spreadsheets refuse or mangle them), yet reading them back must give the
 * same octets; json cannot say them at all, so there they become U+FFFD.
 *
 * The rule of csv: a cell is escaped when it holds a control character, an octet that is not valid
 * UTF-8, or a backslash that could be read as the start of an escape (one before a backslash or `x`),
 * or is \N, which is how databases write that there is no value.
 * Then every backslash is doubled and each of those octets is \xNN.  A cell that needs none of it
 * (C:\Users) stays as it is.  Reading takes \\ and \xNN as escapes, any other backslash as itself.
 * In tsv every backslash is doubled, and \t \n \r are escapes too.
 */
#ifndef TEXT_ESCAPE_H
#define TEXT_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/utf8.h"

/* A string cell with quotes and escapes as its delimiter (',' or '\t') needs; empty: "". */
void escape_csv(struct buf *, const char *, size_t n, char delimiter);

/* Is a cell a missing value as databases write it, \N?  We write none, and read it. */
bool text_is_null(const char *, size_t n);

/* The octets of a cell, unquoted already; at most n are written to dst.  Returns how many. */
size_t unescape_csv(char *dst, const char *, size_t n, char delimiter);

/*
 * For terminals: control characters (C1 too) and invalid UTF-8 as \xNN; more than `most` columns are
 * cut and end with an ellipsis.  Returns the columns used, as utf8_columns counts them.
 */
size_t escape_terminal(struct buf *, const char *, size_t n, size_t most);

#endif
