/*
 * name.h - what the name of a file in a store says.
 *
 * flowrecv(1) names its files NAME.flow; one that ended early is NAME.flow.incomplete, one that is
 * being written .NAME.flow.part.
 */
#ifndef FLOWEXPIRE_NAME_H
#define FLOWEXPIRE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* May it be a flow file of a store?  Its content must say so too. */
bool name_is_flow(const char *);

/*
 * Is it of flowrecv's own pattern, 20261125T193000Z.flow or 20261125T193000Z_2.flow?  Then *ns is when the
 * period began, and some nanoseconds later for _2 and up, so that they come behind.
 */
bool name_time(const char *, int64_t *ns);

/* Is it the name of a side file?  (.NAME.idx of NAME) */
bool name_is_side(const char *);

/* Side file i of a name; false when there are no more. */
bool name_side(struct buf *, const char *name, unsigned i);

#endif
