/*
 * about.h - what an aggregate is about, as alerts say it: its ends where they have a place for them, words for the
 * rest.
 */
#ifndef FLOWALERT_ABOUT_H
#define FLOWALERT_ABOUT_H

#include "detect/alert.h"
#include "flow/value.h"

struct ends {
	struct addr src, dst;
};

/*
 * Take a key as an address, a port or the protocol of the alert, which points into ends then.  False: it has no place
 * for it, so it is a part of its subject.
 */
bool about_end(struct alert *, struct ends *, const struct field_id *, const struct value *);

/* Append name=value of a cell, a blank before; nothing where it is missing.  Blanks in a value become _. */
void about_put(struct buf *, const struct column *, size_t rec);

#endif
