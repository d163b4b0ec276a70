/*
 * flood.h - destinations minute by minute: who gets more than it can answer.
 *
 * A minute is a flood when there is much of something (the floors below), FLOOD_TIMES as much as in any minute of
 * the destination's own before, and it looks like one:
 *
 *	syn	connections that were only tried: pure SYNs, most of the TCP flows to it, from many sources or to one
 *		port
 *	oneway	packets or octets, of which the destination sends next to nothing back
 *	many	flows that ask (not answers), from many sources; only of destinations that have been seen for a while
 *
 * So a download is none (it is answered), nor a scan (many ports of one source, or little for each destination), nor
 * the answers to a scan.  Counts are multiplied by the sampling.
 *
 * Records that last longer than a minute are spread over the minutes that are still open, at most FLOOD_OPEN.
 */
#ifndef FLOWANOM_FLOOD_H
#define FLOWANOM_FLOOD_H

#include "base/addr.h"
#include "detect/keyed.h"
#include "ops/conversation_read.h"

enum {
	FLOOD_OPEN = 4,
	FLOOD_TIMES = 10,
	FLOOD_SYNS = 600, /* a minute */
	FLOOD_FLOWS = 3000,
	FLOOD_PACKETS = 300000, /* 5000 a second */
	FLOOD_SOURCES = 50, /* as estimated of 64 bits: 100 and more are not told apart well */
	FLOOD_ONEWAY = 20, /* so many packets in for one out */
	FLOOD_KNOWN = 60, /* minutes with something in them */
	FLOOD_RECORDS = 30, /* least number of records, however much they stand for */
	FLOOD_GAP = 10, /* minutes between floods of one alert, at most */
	FLOOD_HOSTS = 1 << 18,
	FLOODS_MOST = 1 << 16
};
#define FLOOD_BYTES UINT64_C(1500000000) /* a minute: 200 Mbit/s */

struct cell {
	uint32_t minute; /* since 1970; 0 none */
	uint32_t flows, syn, tcp, asked; /* multiplied */
	uint32_t sampling; /* greatest interval that they were multiplied by */
	uint64_t packets, bytes, back; /* back: packets that it sent */
	uint64_t sources; /* bits */
	uint32_t votes; /* for the port, by majority */
	uint16_t port;
	uint8_t proto;
	uint8_t records; /* at most 255: enough to know that there are FLOOD_RECORDS */
};
_Static_assert(sizeof(struct cell) == 64, "a line of the cache");

/* A destination, or a host of ours that sends. */
struct host {
	struct addr addr;
	uint32_t track; /* + 1; 0: not one of ours, or it never sent anything */
	uint32_t newest, known; /* minute; minutes with something in them */
	uint32_t peak_syn, peak_asked; /* of minutes that were no flood; they fade */
	uint64_t peak_packets, peak_bytes;
	uint64_t spare;
	struct cell cell[FLOOD_OPEN];
};

enum flood_sign { FLOOD_IS_SYN = 1, FLOOD_IS_ONEWAY = 2, FLOOD_IS_MANY = 4 };

/* Minutes of one flood. */
struct flood {
	struct addr addr;
	uint32_t first, last, minutes, signs, known;
	uint32_t sampling; /* greatest interval of its minutes */
	uint64_t flows, packets, bytes, back;
	double times; /* how much more the worst minute had than its limit */
	struct cell worst;
	struct host before; /* its peaks then */
};

struct floods {
	struct keyed hosts, floods;
	uint32_t newest; /* minute, of any */
	uint64_t forgotten, late;
	void (*over)(void *ctx, const struct flood *);
	void *ctx;
};

void floods_init(struct floods *);
void floods_free(struct floods *);

static inline struct host *
floods_host(const struct floods *f, size_t i)
{
	return keyed_at(&f->hosts, i);
}

/* A record, to its destination; asked: it begins something, or goes on with it.  from: hash of the source. */
void floods_add(
    struct floods *, struct host *, const struct ends *, const struct piece *, bool asked);

/* A record that a host sent. */
void floods_back(struct floods *, struct host *, const struct piece *);

/* Forget destinations that are quiet when there is little room; before a chunk. */
void floods_make_room(struct floods *);

/* The end of the input, at the minute now.  resumed: another run goes on with the minutes that are still open. */
void floods_finish(struct floods *, uint32_t now, bool resumed);

/* Some minute of it is still open. */
bool flood_is_open(const struct host *);

/* Of a host that was read from a file: its open minutes are where they belong. */
bool flood_cells_sane(const struct host *);

/* How many sources, about; 64 bits say up to 266. */
unsigned flood_sources(uint64_t bits);

#endif
