/*
 * source.h - what `-r` reads: packet captures, and IPFIX files (RFC 5655), which are messages back to back.
 */
#ifndef FLOWRECV_SOURCE_H
#define FLOWRECV_SOURCE_H

#include "net/capture.h"
#include "wire/wire.h"

struct source;

/* path "-": standard input. NULL with err. */
struct source *source_open(const char *path, struct err *);
void source_close(struct source *);

/* 1 a message (data valid until the next call), 0 the end, -1 err; what was whole came first. */
int source_next(struct source *, struct wire_msg *, struct err *);

/* NULL for an IPFIX file. */
const struct capture_stats *source_capture_stats(const struct source *);

#endif
