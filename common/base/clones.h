/*
 * clones.h - loops compiled for wider units too, where the toolchain makes clones that are chosen at load time.
 *
 * CLONES before a static function of plain loops; everywhere else, and for everybody else, it is the plain one.
 */
#ifndef BASE_CLONES_H
#define BASE_CLONES_H

#include <stdlib.h> /* for __GLIBC__ */

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("default", "avx2")))
#else
#define CLONES
#endif

#endif
