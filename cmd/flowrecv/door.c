#include "door.h"

void
door_add(struct door *to, const struct door *d)
{
	to->datagrams += d->datagrams;
	to->octets += d->octets;
	to->denied += d->denied;
	to->truncated += d->truncated;
	to->dropped += d->dropped;
	to->accepted += d->accepted;
	to->open += d->open;
	to->refused += d->refused;
	to->evicted += d->evicted;
	to->expired += d->expired;
	to->failed += d->failed;
}
