/*
 * ipfix_in.h - an IPFIX file (RFC 5655: messages back to back) as batches.  Private to io/.
 */
#ifndef IO_IPFIX_IN_H
#define IO_IPFIX_IN_H

#include "flow/batch.h"

struct ipfix_in;

/* Owns fd.  Octets taken from it already come first. */
struct ipfix_in *ipfix_in_open(int fd, const void *head, size_t head_len, bool raw, int stop_fd);
void ipfix_in_close(struct ipfix_in *);

/*
 * Exchange *b (any batch made by batch_new) for one with records.  1 a batch, 0 the end, -1 err (what was whole came
 * first).
 */
int ipfix_in_next(struct ipfix_in *, struct batch **b, struct err *);

#endif
