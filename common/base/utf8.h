/*
 * utf8.h - is it UTF-8?  Strings of exporters need not be.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

/*
 * Length of the well-formed UTF-8 sequence at p (n > 0 octets left), 0 when it is none: *skip is then
 * how many octets one U+FFFD stands for (the maximal subpart, Unicode 3.9 table 3-8).
 */
size_t utf8_length(const char *p, size_t n, size_t *skip);

#endif
