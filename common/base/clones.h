/*
 * clones.h - loops compiled for wider units too, where the toolchain makes clones that are chosen at load time.
 *
 * CLONES before a static function of plain loops; everywhere else, and for everybody else, it is the plain one.
 * CLONES_WIDE is defined where there are clones; -DPLAIN_LOOPS leaves them off, -DNARROW_LOOPS the widest, to test the
 * others where a processor would take those.
 */
#ifndef BASE_CLONES_H
#define BASE_CLONES_H

#include <stdlib.h> /* for __GLIBC__ */

/* Clones are chosen before sanitizers are ready. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(PLAIN_LOOPS)
#define CLONES_WIDE 1
#if __GNUC__ >= 12 && !defined(NARROW_LOOPS)
#define CLONES __attribute__((target_clones("default", "avx2", "arch=x86-64-v4")))
#else
#define CLONES __attribute__((target_clones("default", "avx2")))
#endif
#else
#define CLONES
#endif

/* The same for loops over bits and digits, which gain from more than wider units: shifts, counts of zeros. */
#if defined(CLONES_WIDE) && __GNUC__ >= 12 && !defined(NARROW_LOOPS)
#define CLONES_OF_BITS __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#elif defined(CLONES_WIDE) && __GNUC__ >= 12
#define CLONES_OF_BITS __attribute__((target_clones("default", "arch=x86-64-v3")))
#else
#define CLONES_OF_BITS
#endif

/* Before a loop of some instructions that no vectors are made of: several rounds at a time. */
#define UNROLL _Pragma("GCC unroll 8")

#endif
