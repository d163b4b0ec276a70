/*
 * interrupt.h - SIGINT and SIGTERM as an end of input, so that what was read is written out whole:
 * private to io/.
 */
#ifndef IO_INTERRUPT_H
#define IO_INTERRUPT_H

#include <signal.h>

struct interrupt {
	struct sigaction before[2];
};

/*
 * From now on the first signal makes the eventfd readable; the second one, of either kind, ends the program, which may
 * be stuck because nobody reads its output.  Signals that are ignored (nohup, &) stay so.  One at a time.
 */
void interrupt_catch(struct interrupt *, int eventfd);

/* As it was before. */
void interrupt_release(struct interrupt *);

#endif
