/*
 * err.h - why something failed, carried to the one place that prints it.
 *
 * Nothing under common/ prints or exits (die.h, opt.h and out-of-memory aside): a function that
 * fails fills a struct err and returns -1 (or NULL); the program prints it with diag().
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

/* Exit statuses, the same for every program. */
enum {
	EXIT_DONE = 0,
	EXIT_NO = 1, /* the question asked has the answer no, as grep */
	EXIT_USAGE = 2, /* wrong usage or expression */
	EXIT_FAILED = 3, /* failed or incomplete: damaged input, I/O error */
};

struct err {
	int status; /* EXIT_USAGE or EXIT_FAILED; 0 while nothing failed */
	int error; /* errno, where err_system set the reason; else 0 */
	char text[480]; /* one line, lower case, no newline; may be several for expression errors */
};

/* Set the reason; status EXIT_FAILED.  Always returns -1.  The first reason set is kept. */
int err_set(struct err *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * The same where the system failed: what errno says stands behind the reason (fmt NULL: alone), and err->error keeps it
 * for those who try again (ENOSPC), take another name (EEXIST) or say nothing (EPIPE).  On the way to them errno
 * changes.
 */
int err_system(struct err *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same with status EXIT_USAGE: the user asked for something that cannot be. */
int err_usage(struct err *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
