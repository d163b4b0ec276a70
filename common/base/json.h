/*
 * json.h - octets as the inside of a JSON string (RFC 8259 7).
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

/* Append n octets escaped, without quotes; each maximal invalid part of UTF-8 becomes one U+FFFD. */
void json_put_text(struct buf *, const char *, size_t n);

#endif
