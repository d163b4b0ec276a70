/*
 * contacts.h - whom our hosts sent something lately: what peers.h knows of one run's records, known from run to run.
 *
 * About 70 octets each; bounded: of more the half that was seen last is kept, which is counted.
 */
#ifndef FLOWBEACON_CONTACTS_H
#define FLOWBEACON_CONTACTS_H

#include "detect/keyed.h"
#include "ops/conversation.h"
#include "peers.h"

enum { CONTACTS_MOST = 1 << 21 };

struct contact {
	struct addr host, to;
	uint32_t last_s;
};

struct contacts {
	struct keyed all;
	uint64_t forgotten; /* for want of room */
};

void contacts_init(struct contacts *);
void contacts_free(struct contacts *);

/* Both ends of conversations, where they are ours and sent something. */
void contacts_add(struct contacts *, const struct scope *, const struct conversation *, size_t n);

/* Those that were seen last before a time, or so late that their clock is another, go. */
void contacts_forget(struct contacts *, uint32_t before_s, uint32_t beyond_s);

/* How many hosts there are, and how many talk to an address. */
void contacts_tell(const struct contacts *, struct peers *);

#endif
