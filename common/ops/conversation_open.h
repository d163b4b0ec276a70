/*
 * conversation_open.h - conversations that are not complete when a run ends, for a next run to go on with.
 *
 * A collector's files are cut where they are cut: without this a long flow's pieces of every five minutes would be so
 * many conversations, at a steady beat.
 */
#ifndef OPS_CONVERSATION_OPEN_H
#define OPS_CONVERSATION_OPEN_H

#include "ops/conversation_row.h"

/*
 * Hand out those that wait for nothing any more, by the time that the input has reached, whatever a clock or two say.
 */
void conversations_due(struct conversations *);

/* Show those that are left as if they ended here: they stay open.  take is called for one at a time. */
void conversations_peek(const struct conversations *, conversation_take take, void *ctx);

/*
 * What a next run needs, after conversations_due: the input's time, INT64_MIN before there was any, and the rows but
 * for those far ahead of it.
 */
int64_t conversations_clock(const struct conversations *);
void conversations_open(const struct conversations *,
    void (*take)(void *ctx, const struct conversation_row *), void *ctx);

/* In that run, before anything is added: first the time.  false: the row is none, is there already, or has no room. */
void conversations_set_clock(struct conversations *, int64_t ns);
bool conversations_resume(struct conversations *, const struct conversation_row *);

#endif
