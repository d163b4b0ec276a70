/*
 * fragment.h - IP datagrams put together from their fragments, bounded in number, octets and age.
 *
 * Fragments may come in any order; one that repeats octets already there is ignored; one that
 * contradicts them dooms its datagram (RFC 5722), for IPv4 too: a sender that overlaps fragments
 * wants two readers to see two things.
 */
#ifndef NET_FRAGMENT_H
#define NET_FRAGMENT_H

#include "flow/ip.h"

enum {
	FRAGMENT_DATAGRAMS = 256, /* being put together at a time; the oldest gives way */
	FRAGMENT_OCTETS = 65535, /* of a datagram */
	FRAGMENT_GAPS = 64, /* separate stretches of one datagram */
	FRAGMENT_AGE_S = 30, /* by the capture's clock; RFC 1122 3.3.2 says 60 to 120 */
};

struct fragments;
struct fragments *fragments_new(void);
void fragments_free(struct fragments *);

/*
 * Take a fragment.  true: its datagram is complete, *whole is it, its payload valid until the
 * next call.  *dropped grows by the fragments that this call gave up.
 */
bool fragments_add(struct fragments *, const struct packet *, int64_t now_ns, struct packet *whole,
    uint64_t *dropped);

/* Give up all that is held (the input ended); returns how many fragments that were. */
uint64_t fragments_drop(struct fragments *);

#endif
