/*
 * order.h - flow records in the order of their fields (-O).
 */
#ifndef FLOWCAT_ORDER_H
#define FLOWCAT_ORDER_H

#include "io/io.h"
#include "ops/sort.h"

struct order {
	struct sort_key *keys;
	size_t n_keys;
};

/* As io_filter, but ordered; equal records keep the order they came in, on however many threads. */
int order_filter(const struct io_opts *, const struct order *, char **paths, int n, char **argv,
    struct io_result *, struct err *);

#endif
