/*
 * die.h - diagnostics of a program: one line on standard error, `PROGRAM: SUBJECT: reason`.
 *
 * Control characters and invalid UTF-8 in what is printed are escaped (\xNN), so hostile file names
 * and strings cannot move the cursor.  The program's name is the only global of the toolkit.
 */
#ifndef BASE_DIE_H
#define BASE_DIE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Remember the program's name (the last component of argv0).  Call it first in main: it also reserves
 * standard descriptors that are closed and makes writes beyond RLIMIT_FSIZE fail with EFBIG.
 */
void diag_init(const char *argv0);

/* Print `PROGRAM: SUBJECT: text`; subject may be NULL. */
void diag(const char *subject, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Print the reason of an err after its subject (NULL: none). */
void diag_err(const char *subject, const struct err *);

/*
 * Why the program ends, if something failed.  That nobody reads its output any more (EPIPE) is not told: where SIGPIPE
 * is not ignored it ends a program without a word, too.
 */
void diag_end(const char *subject, const struct err *);

/*
 * Rate limit for a class of messages: at most `burst` per `interval_s`; the first message after a
 * quiet interval says how many were suppressed.
 */
struct diag_limit {
	unsigned burst, interval_s; /* 0: 5 messages per 10 s */
	int64_t window_s;
	unsigned printed;
	uint64_t suppressed;
};
void diag_limited(struct diag_limit *, const char *subject, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Where standard error is a terminal, and only there: a line that the next one replaces; NULL removes
 * it, as does any message.
 */
void diag_progress(const char *text);

_Noreturn void die(int status, const char *subject, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
