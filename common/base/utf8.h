/*
 * utf8.h - is it UTF-8?  Strings of exporters need not be.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Length of the well-formed UTF-8 sequence at p (n > 0 octets left), 0 when it is none: *skip is then
 * how many octets one U+FFFD stands for (the maximal subpart, Unicode 3.9 table 3-8).
 */
size_t utf8_length(const char *p, size_t n, size_t *skip);

/*
 * May a terminal have this well-formed sequence?  Not controls (C0, DEL, C1), which move its cursor, nor format
 * characters that nobody sees: those that turn the text around them (Bidi_Control, Unicode's PropList), and those of no
 * width (U+200B.., U+2060.., U+FEFF, U+FFF9.., tags).
 */
bool utf8_is_shown(const char *p, size_t len);

/*
 * Columns that text takes on a terminal: two for the wide characters of East Asia (UAX #11) and emoji, none for marks
 * that stand on the character before them, and four, of \xNN, for each octet of what is not shown.
 */
size_t utf8_columns(const char *p, size_t n);

#endif
