/*
 * allow.h - which exporters are listened to, what they are called, and how they sample.
 *
 * Without a source everybody is listened to.  The longest prefix that matches an address decides.  Immutable
 * once made, so threads share it; a new one takes its place when the files are read again.
 */
#ifndef FLOWRECV_ALLOW_H
#define FLOWRECV_ALLOW_H

#include "base/err.h"
#include "wire/wire.h"

struct allow;

/*
 * Of texts NAME=CIDR[,CIDR...][,sampling=N] or @FILE, which holds one a line (# begins a comment).  NULL with err;
 * of a file it says the line.
 */
struct allow *allow_new(const char *const *texts, unsigned n, struct err *);
void allow_free(struct allow *); /* takes NULL */

/* Is the exporter listened to?  *source is what is configured for it, or NULL. */
bool allow_find(const struct allow *, const struct addr *, const struct wire_source **source);

#endif
