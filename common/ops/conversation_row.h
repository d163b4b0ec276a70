/*
 * conversation_row.h - one open conversation: what belongs to it, what it comes to.  The table of them is
 * conversation.c.
 */
#ifndef OPS_CONVERSATION_ROW_H
#define OPS_CONVERSATION_ROW_H

#include "ops/conversation_read.h"

/* By its two ends in their order; [0], [1]: what the end of that number sent. */
struct conversation_row {
	struct ends ends;
	int64_t start_ns, end_ns, first_ns[2];
	uint64_t packets[2], bytes[2];
	uint32_t flows[2], sampling;
	uint16_t flags[2], icmp[2];
	uint8_t votes, has_flags; /* votes: VOTE_BITS an end */
};
_Static_assert(sizeof(struct conversation_row) <= 136, "a row is two cache lines and little more");

/* As conversation_opts has them. */
struct patience {
	int64_t pair_ns, timeout_ns;
};

/* A row without records, of the ends and the times of one that is to be its first. */
void row_begin(struct conversation_row *, const struct ends *, const struct piece *);

/* Add a record. */
void row_extend(struct conversation_row *, const struct piece *);

/* Does a record of the same ends belong to it?  Else it begins another one. */
bool row_continues(const struct conversation_row *, const struct patience *, const struct piece *);

/* How long after its end records may begin that belong to it. */
int64_t row_wait(const struct conversation_row *, const struct patience *);

/* From the client's side; whole, unless the caller knows better. */
void row_tell(const struct conversation_row *, struct conversation *);

/* Could it have come of records? */
bool row_sane(const struct conversation_row *);

#endif
