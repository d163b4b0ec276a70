/*
 * foreign.h - records that are in streams as flows are, and are none: alerts, profiles of a baseline, a program's
 * state.
 *
 * They have addresses, times and octets as flows have, so that whoever adds up flows would add up these.  An alert says
 * who found it (detector), a profile what it describes (profile), a record of a state its kind (state, a number) and no
 * time.
 */
#ifndef FLOW_FOREIGN_H
#define FLOW_FOREIGN_H

#include "flow/batch.h"

enum foreign { FOREIGN_NONE, FOREIGN_ALERT, FOREIGN_BASELINE, FOREIGN_STATE };

/* Clear the bits of records that are no flows; what the last of these are.  Unpacks what tells. */
enum foreign foreign_exclude(struct batch *, uint64_t *sel);

/* What they are and where they belong, for messages. */
const char *foreign_text(enum foreign);

#endif
