/*
 * gather.h - records of many batches put together in a given order.
 */
#ifndef OPS_GATHER_H
#define OPS_GATHER_H

#include "ops/order.h"

/*
 * Hand out the records refs[0..n) of src[] as batches of at most `most` records (0: BATCH_RECORDS).
 * false: fn said stop.
 */
bool gather_refs(struct batch *const *src, size_t n_src, const struct ref *, size_t n, size_t most,
    bool (*fn)(void *ctx, struct batch *), void *ctx);

#endif
