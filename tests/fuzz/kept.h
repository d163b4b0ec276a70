/*
 * kept.h - for fuzz targets of what programs keep from run to run: the input as a sealed file, and somebody who takes
 * alerts.
 */
#ifndef FUZZ_KEPT_H
#define FUZZ_KEPT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flow/batch.h"
#include "seal.h"

struct kept {
	int fd;
	char path[40];
};

/* Headers get hashes that are right, or nothing but those would be tried. */
static inline struct kept
kept_open(const uint8_t *data, size_t len)
{
	struct kept k = { .fd = memfd_create("state", MFD_CLOEXEC) };
	uint8_t *copy = malloc(len + 1);

	if (k.fd < 0 || copy == NULL)
		abort();
	memcpy(copy, data, len);
	seal_all(copy, len);
	if (write(k.fd, copy, len) != (ssize_t)len)
		abort();
	free(copy);
	snprintf(k.path, sizeof(k.path), "/proc/self/fd/%d", k.fd);
	return k;
}

/* An alerts_take that looks at every value. */
static inline int
kept_take(void *ctx, struct batch *b, struct err *err)
{
	(void)ctx;
	(void)err;
	for (size_t i = 0; i < b->n_cols; i++)
		(void)batch_plain(b, (unsigned)i);
	return 0;
}

#endif
