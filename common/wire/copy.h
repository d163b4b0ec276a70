/*
 * copy.h - rows to columns: one field of many records, read from a message, written to cells.
 *
 * Every function reads n values of `len` octets, the next `stride` octets behind the last, from octets
 * that the caller has checked, and writes n cells.  Plain loops over constant lengths, which compilers
 * unroll; nothing else is decided per record.
 */
#ifndef WIRE_COPY_H
#define WIRE_COPY_H

#include <stddef.h>
#include <stdint.h>

struct source {
	const uint8_t *p;
	size_t len, stride, n;
};

/* A value that no i64 of nanoseconds holds. */
#define TIME_NONE INT64_MIN

/*
 * Unsigned, of the usual lengths: the loop for values of `len` octets and cells of `width`, which the compiler
 * has made for them.  NULL: there is none, copy_uint does it.
 */
typedef void copy_cells(void *cells, const uint8_t *, size_t stride, size_t n);
copy_cells *copy_find(size_t len, unsigned width);

/* Unsigned, 1 to 8 octets (reduced or over-long: RFC 7011 6.2) to cells of 1 2 4 8 octets. */
void copy_uint(void *cells, unsigned width, const struct source *);
void copy_int(void *cells, unsigned width, const struct source *); /* sign extended */

/* float32 (4 octets) to cells of 4 or 8, float64 (8) to cells of 8. */
void copy_float(void *cells, unsigned width, const struct source *);

/* RFC 7011 6.1.5: 1 is true, 2 false; returns how many were neither, whose cells mean nothing. */
size_t copy_bool(uint8_t *cells, const struct source *);

/* IPv4 to cells of 4 (a number) or 16 (mapped). */
void copy_ip4(void *cells, unsigned width, const struct source *);

/* IPv6 to cells of 16; returns how many were IPv4 mapped addresses. */
size_t copy_ip6(uint8_t *cells, const struct source *);

/* Forms of time on the wire.  Each returns the least value written; TIME_NONE where one does not fit. */

/* Counts of a unit since 1970. */
int64_t copy_scaled(int64_t *cells, const struct source *, int64_t unit_ns);

/* RFC 7011 6.1.9: len 8. */
int64_t copy_ntp(int64_t *cells, const struct source *, int64_t unit_ns);

/*
 * Exporter's uptime in milliseconds.  It is a 32-bit count that wraps every 49.7 days, so only its
 * distance from the header's has meaning; signed, as some exporters stamp Last after the header.
 */
int64_t copy_uptime(
    int64_t *cells, const struct source *, int64_t header_ns, uint32_t header_uptime);

/* Microseconds before the header's time (158, 159). */
int64_t copy_delta(int64_t *cells, const struct source *, int64_t header_ns);

#endif
