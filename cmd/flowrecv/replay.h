/*
 * replay.h - what `-r` reads: packet captures, and IPFIX files (RFC 5655), which are messages back to back.
 */
#ifndef FLOWRECV_REPLAY_H
#define FLOWRECV_REPLAY_H

#include "net/capture.h"
#include "wire/wire.h"

struct replay;

/* path "-": standard input. NULL with err. */
struct replay *replay_open(const char *path, struct err *);
void replay_close(struct replay *);

/* 1 a message (data valid until the next call), 0 the end, -1 err; what was whole came first. */
int replay_next(struct replay *, struct wire_msg *, struct err *);

/* NULL for an IPFIX file. */
const struct capture_stats *replay_capture_stats(const struct replay *);

#endif
