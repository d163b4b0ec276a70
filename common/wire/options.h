/*
 * options.h - what exporters' options records tell that later records need.
 *
 * When the exporter started (uptimes of IPFIX count from there), sampling intervals of samplers, interfaces and
 * domains, the types of enterprise elements (RFC 5610), and what the exporter itself lost.  Everything is read
 * from records as they are stored, so records saved by an earlier collector teach the same.
 */
#ifndef WIRE_OPTIONS_H
#define WIRE_OPTIONS_H

#include "wire/session.h"

/* Has a record of this layout anything to tell? */
bool options_tell(const struct spec *, unsigned n);

/* Learn from options records first... (n of them) of one session.  The batch may be open. */
void options_learn(struct sessions *, struct session *, struct batch *, size_t first, size_t n);

#endif
