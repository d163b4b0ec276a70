/*
 * state.h - what flowbeacon knows from run to run: a flow stream of pairs with their beats, contacts, and conversations
 * that were open.
 *
 * A file that is not there is an empty state.
 */
#ifndef FLOWBEACON_STATE_H
#define FLOWBEACON_STATE_H

#include "contacts.h"
#include "ops/conversation_open.h"
#include "pairs.h"

struct state {
	/*
	 * How it was made: a state of other settings is refused.  internal: the text that says which networks are ours.
	 */
	int64_t window_ns;
	const char *internal;
	uint32_t method, direction, starts;

	/* What is read into and written from. */
	struct pairs *pairs;
	struct contacts *contacts;
	struct conversations *conversations;
};

/* -1: err. */
int state_read(
    struct state *, const char *path, void (*warn)(const char *, const struct err *), struct err *);
int state_write(struct state *, const char *path, char *const *argv, struct err *);

#endif
