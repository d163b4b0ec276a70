/*
 * follow.h - flow files read while they are being written, several at a time, and those that come
 * after them: --follow.  Private to io/.
 *
 * What is there is read in time order, file by file; from then on what arrives is handed out as it
 * comes, whatever file it is in, so that one whose writer died holds up nobody.
 */
#ifndef IO_FOLLOW_H
#define IO_FOLLOW_H

#include "io/job.h"

struct follow;

/*
 * Operands: directories, followed until stopped, and flow files, each to its end mark.  In a directory finished files
 * are read too where the options have a beginning (since).  stop_fd: readable when no more is wanted.  NULL with err: a
 * file that is not there, or no file.
 */
struct follow *follow_open(
    char *const *operands, int n, const struct io_opts *, int stop_fd, struct err *);
void follow_close(struct follow *);

/* The output is this pipe: when nobody reads it any more, following ends. */
void follow_output(struct follow *, int fd);

/* As source_next. */
bool follow_next(struct follow *, struct job *);

/* What --recover skipped so far; provenance of the file read last. */
void follow_totals(const struct follow *, struct stream_totals *sum);
const char *follow_history(const struct follow *);

#endif
