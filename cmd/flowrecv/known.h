/*
 * known.h - the options records known now: what every new file begins with.
 *
 * Of the records of one exporter, domain and scope with the same elements the latest is kept; with
 * other elements it says other things (sampling and statistics both have the scope System).  Bounded in number
 * and memory: the oldest give way.
 */
#ifndef FLOWRECV_KNOWN_H
#define FLOWRECV_KNOWN_H

#include "flow/batch.h"

enum { KNOWN_MAX = 65536 };

struct known;
struct known *known_new(void);
void known_free(struct known *);

/* Take the records of a closed batch. */
void known_add(struct known *, struct batch *);

/*
 * What is known, or what an exporter's partition ("": all) needs of it, closed and ready to write; valid until
 * the next call.  NULL: nothing.
 */
struct batch *known_batch(struct known *, const char *partition);

#endif
