/*
 * caret.h - a part of a line in a message, and marks under what is wrong in it.
 */
#ifndef BASE_CARET_H
#define BASE_CARET_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Two lines, each begun with a line feed and four blanks: text[from .. to), control characters as blanks, and a caret
 * with tildes under its part [at .. end); from <= at <= to.  What is beyond `to` is not marked, a part of none has the
 * caret.
 */
void caret_put(struct buf *, const char *text, size_t from, size_t to, size_t at, size_t end);

#endif
