/*
 * open_alerts.h - alerts that nobody has closed yet, and which flows are under them.
 *
 * What is learned while an attack goes on becomes normal; so flows that an open alert is about are left out: from its
 * start on, between its source and its destination (either direction; with its port where it has one), or all of the
 * one end that it has.  It is open until it is no longer in the list: its end is only how far the detector saw.
 */
#ifndef DETECT_OPEN_ALERTS_H
#define DETECT_OPEN_ALERTS_H

#include <stdbool.h>

#include "base/addr.h"
#include "base/err.h"
#include "flow/batch.h"

struct open_alerts;
struct open_alerts *open_alerts_new(void);
void open_alerts_free(struct open_alerts *); /* takes NULL */

/*
 * Take the selected (NULL: all) records as alerts.  Those of a detector without an address (of a service, of the whole
 * network) leave nothing out.  -1: err, they are none: they have no detector.
 */
int open_alerts_add(struct open_alerts *, struct batch *, const uint64_t *sel, struct err *);
size_t open_alerts_count(const struct open_alerts *);

/* Is a flow of these ends that ended then under one? */
bool open_alerts_cover(const struct open_alerts *, const struct addr *src, const struct addr *dst,
    unsigned srcport, unsigned dstport, int64_t end_ns);

#endif
