/*
 * ordered.h - the one way this toolkit works in parallel: produce items one after another, work on
 * them on several threads, consume them in the order they were produced.
 *
 * Items are slots of a ring that the caller owns; the ring's size bounds memory.  There are as many threads as
 * asked for, the calling one among them: each produces an item, one thread at a time, and works on it; the calling
 * one consumes in between.  With `live` set the producer has a thread of its own, as it may block, the workers have
 * theirs, and the calling one only consumes.  With one thread, and unless `live` is set, all three run on the calling
 * thread in turn.  Nothing spins.
 */
#ifndef BASE_ORDERED_H
#define BASE_ORDERED_H

#include <stdbool.h>
#include <stddef.h>

enum ordered_next { ORDERED_ITEM, ORDERED_END };

struct ordered {
	unsigned threads; /* that work, >= 1 */
	bool live; /* input may block: a producer thread even with one worker */
	unsigned idle_ms; /* live: call idle() when nothing was consumed for so long; 0 never */

	/* Ring of n_items, item_size each; caller owned; at least threads + 2, or 1 where the caller is alone. */
	void *items;
	size_t item_size;
	unsigned n_items;

	void *ctx;
	enum ordered_next (*produce)(
	    void *ctx, void *item); /* fill a slot, or END (also on failure) */
	void (*work)(void *ctx, void *item, unsigned worker); /* worker < threads */
	bool (*consume)(void *ctx, void *item); /* in order; false: stop early */
	bool (*idle)(
	    void *ctx); /* on the consuming thread; false: not again until something was consumed */
	struct ordered_run *run; /* while it runs; its own */
};

/*
 * Run to the end of the input or until consume says stop; then produce is not called again.  A
 * producer that is blocked in a read when the run stops is abandoned through `cancel` (may be NULL),
 * which must make the read return.
 */
void ordered_run(struct ordered *, void (*cancel)(void *ctx));

/*
 * For work on an item: everything before it was consumed, and it is the next one.  Until its work is done nobody
 * consumes, so that it may begin with what consuming it would do.  The thread that called consumes what is done of
 * those before, in here.
 */
bool ordered_is_next(const struct ordered *, const void *item);

/* Call work(ctx, i, worker) for every i < n, on several threads in any order; back when all is done. */
void ordered_each(
    unsigned threads, size_t n, void (*work)(void *ctx, size_t i, unsigned worker), void *ctx);

/* What several threads change is changed by one at a time. */
struct ordered_lock;
struct ordered_lock *ordered_lock_new(void);
void ordered_lock_free(struct ordered_lock *); /* takes NULL */
void ordered_lock(struct ordered_lock *);
void ordered_unlock(struct ordered_lock *);

/* Processors this process may use. */
unsigned ordered_processors(void);

#endif
