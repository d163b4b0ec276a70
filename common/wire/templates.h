/*
 * templates.h - the templates of sessions: defined, found, lent to other ports, forgotten.
 */
#ifndef WIRE_TEMPLATES_H
#define WIRE_TEMPLATES_H

#include "wire/decoder.h"

/* The session's own template for a data set of the message, or NULL.  Expired ones go (RFC 7011 8.4). */
struct template *templates_find(struct message *, uint16_t id);

/* The same for a list in a record: templates that data is decoded by stay what they are. */
struct template *templates_find_listed(struct message *, uint16_t id);

/*
 * The template of exactly one other session of the same address, version and domain, or NULL.  It is
 * counted: some exporters change their port with every start, or send from several.  A strict collector has
 * none to lend.
 */
struct template *templates_borrow(struct message *, uint16_t id);

/*
 * Define (same: refresh) from the message's n specifiers (wire.specs).  What the exporter said before has no
 * meaning any more when it says something else, or something invalid (RFC 7011 8.1); a definition that was
 * overtaken by a newer one is ignored.
 */
void templates_define(struct message *, uint16_t id, bool options, unsigned n);

/* An invalid definition deletes the old one: what follows does not look like it any more. */
void templates_invalid(struct message *, uint16_t id);

/*
 * The exporter withdraws one.  false: it has not defined it, or as the other kind; none goes (RFC 7011 8.1: to be
 * logged).
 */
bool templates_withdraw(struct message *, uint16_t id, bool options);
void templates_withdraw_all(struct message *, bool options); /* of that kind */

void templates_forget_all(struct sessions *, struct session *, bool flows, bool options);

/* The session gets another rank; for session.c, which knows whether there is room. */
void templates_move(struct sessions *, struct session *, enum rank);

/* Make a template known that was saved by an earlier collector; it counts as cached until it is repeated. */
void templates_restore(
    struct message *, uint16_t id, bool options, unsigned n, int64_t refreshed_ns);

#endif
