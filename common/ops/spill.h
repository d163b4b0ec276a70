/*
 * spill.h - what does not fit in memory: chains of extents in one unlinked temporary file.
 */
#ifndef OPS_SPILL_H
#define OPS_SPILL_H

#include "base/buf.h"
#include "base/err.h"
#include "flow/batch.h"

struct spill_extent {
	uint64_t offset;
	size_t len;
};

struct spill_chain {
	struct spill_extent *extent;
	size_t n, cap;
};

/* Zero-initialise; the file is made when something is written. */
struct spill {
	bool open;
	int fd;
	uint64_t size;
	struct spill_chain *chain;
	size_t n_chains;
};

/* Append an extent to a chain (created as needed).  dir: NULL the default.  -1: err. */
int spill_write(
    struct spill *, size_t chain, const void *, size_t n, const char *dir, struct err *);

/* Read extent i of a chain into out (emptied first).  -1: err. */
int spill_read(const struct spill *, size_t chain, size_t i, struct buf *out, struct err *);

size_t spill_extents(const struct spill *, size_t chain);
void spill_free(struct spill *); /* and make it empty again */

/* A closed or read-only batch as octets, and back into an open batch (reset first). */
void spill_save_batch(struct buf *, struct batch *);
int spill_load_batch(const struct buf *, struct batch *, struct err *);

#endif
