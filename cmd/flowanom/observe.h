/*
 * observe.h - records go to everything that watches: tracks, floods, entropies, presence.
 *
 * A chunk of records is looked at in steps, so that the cache misses of one are not waited for before the next.
 */
#ifndef FLOWANOM_OBSERVE_H
#define FLOWANOM_OBSERVE_H

#include "judge.h"

enum { OBSERVE_LINKS = 1024, OBSERVE_AHEAD = 64, OBSERVE_PORTS = 65536 };
#define OBSERVE_AHEAD_NS (7 * 24 * NS_PER_HOUR)

/* Where an interface's track is; a small cache of what was looked for last. */
struct link_place {
	uint32_t exporter, number; /* exporter: index of its track + 1, 0 none */
	uint32_t track;
};

struct observed {
	const struct scope *scope;
	struct judge *judge;
	struct tracks tracks;
	struct floods floods;
	struct entropy *entropy;
	int64_t newest_ns;
	unsigned ahead; /* records in a row that are too far ahead to be believed */
	uint64_t records, strange, late; /* strange: without addresses or a time to be believed */
	uint64_t perhaps_tcp; /* of TCP, or of no protocol that is known */
	uint64_t flagged; /* of TCP, with flags that are not 0 */
	struct addr exporter; /* the last one, and its track */
	size_t exporter_track;
	struct link_place links[OBSERVE_LINKS];
	uint32_t *services; /* track + 1 by TCP, UDP and port */
	uint64_t service_ports[OBSERVE_PORTS / 64];
	struct pieces pieces;
};

void observe_init(struct observed *, const struct scope *, struct judge *, const struct hours *);
void observe_free(struct observed *);
void observe_add(struct observed *, struct batch *, const uint64_t *sel);

/* On a worker: unpack what observe_add reads. */
int observe_work(void *ctx, unsigned worker, struct batch *, uint64_t *sel, struct err *);

/*
 * The end of the input.  now_ns: until when it goes, for who has been silent since.  resumed: more follows in another
 * run, so what is not over stays open.
 */
void observe_finish(struct observed *, int64_t now_ns, bool resumed);

#endif
