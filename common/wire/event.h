/*
 * event.h - records that tell of an event in a flow's life, and what of them counts.
 *
 * A firewall tells of one flow several times (Cisco NSEL, element 233): created, updated (the octets since the
 * last update), deleted (the octets of the whole flow, once more), or denied.  Every record is kept, and each
 * flow and octet counts once: deltaFlowCount, which a record without it has as 1, is made 0 but where a flow ends or
 * is denied, and the totals of a flow whose updates were counted stay under their elements as sent.
 * Address translators log the life of translations (element 230): their creation counts as a flow, nothing
 * else does.
 *
 * Source: Cisco ASA NetFlow Implementation Guide, "Templates for Flow Update Events"; IANA registry,
 * firewallEvent, natEvent.
 */
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include <stdbool.h>

struct field_id;
struct sessions;
struct spec;
struct task;

/* Connections of a firewall whose updates were counted, by its number (flowId); the oldest are forgotten. */
struct firewall;
void firewall_free(struct sessions *, struct firewall *); /* takes NULL */

/* Are records of this layout events?  By the elements it has: events with ordinary counters are traffic. */
bool event_layout(const struct spec *, unsigned n);

/* Make what was appended by the task count once. */
void event_records(const struct task *);

/* Is the column one of totals that were set apart?  Under their element they would count once more. */
bool event_set_apart(const struct field_id *);

#endif
