/*
 * conversation_read.h - what conversations need of records, a chunk at a time; of use too where records are enough.
 */
#ifndef OPS_CONVERSATION_READ_H
#define OPS_CONVERSATION_READ_H

#include "base/sum.h"
#include "ops/conversation.h"

/* The two ends in one order, whichever way a record goes: the lesser address and port first.  No padding. */
struct ends {
	struct addr ip[2];
	uint16_t port[2]; /* ICMP, and what has no ports: 0 */
	uint32_t proto;
};
_Static_assert(sizeof(struct ends) == 40, "compared as five words");

/* One record; d: the end that sent it. */
struct piece {
	int64_t start_ns, end_ns;
	uint64_t packets, bytes, rpackets, rbytes;
	uint64_t flows, rflows, flags, rflags, icmp;
	struct addr exporter;
	uint32_t sampling; /* at least 1 */
	uint8_t d, has_flags, is_biflow, has_exporter;
};

/* A counter of it, times its sampling. */
static inline uint64_t
piece_scaled(const struct piece *p, uint64_t v)
{
	return product_unsigned(v, p->sampling);
}

struct pieces {
	size_t n;
	struct ends ends[CONVERSATIONS_CHUNK];
	struct piece piece[CONVERSATIONS_CHUNK];
	uint32_t rec[CONVERSATIONS_CHUNK]; /* which record of the batch it is */
	bool exporters; /* to be set: each piece's exporter is asked for */
};

/* The columns of a batch. */
enum piece_column {
	PIECE_SRC,
	PIECE_DST,
	PIECE_SRCPORT,
	PIECE_DSTPORT,
	PIECE_PROTO,
	PIECE_FLAGS,
	PIECE_START,
	PIECE_END,
	PIECE_PACKETS,
	PIECE_BYTES,
	PIECE_FLOWS,
	PIECE_RPACKETS,
	PIECE_RBYTES,
	PIECE_RFLOWS,
	PIECE_RFLAGS,
	PIECE_ICMP,
	PIECE_SAMPLING,
	PIECE_EXPORTER,
	PIECE_COLUMNS
};
struct piece_source {
	const struct column *col[PIECE_COLUMNS]; /* NULL: no record has it */
};

/* false: no record has both addresses and a time. */
bool pieces_bind(struct piece_source *, struct batch *);

/*
 * Read the next CONVERSATIONS_CHUNK of the n records that are selected (NULL: all), from *next on, which moves on;
 * those without addresses or a time are left out.  How many were selected: 0 at the end.
 */
size_t pieces_next(
    struct pieces *, const struct piece_source *, size_t n, const uint64_t *sel, size_t *next);

/* The same behind the pieces that there are, which may be of another batch: as many as there is room for. */
size_t pieces_more(
    struct pieces *, const struct piece_source *, size_t n, const uint64_t *sel, size_t *next);

#endif
