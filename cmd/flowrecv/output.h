/*
 * output.h - one stream being written: to standard output, a pipe, or a file.
 *
 * A file is written as `.NAME.part`, only ever appended to, so that whoever dies leaves a readable prefix, and
 * locked, so that others see that it is being written; NAME appears whole, by rename.  Small blocks that
 * the flush interval left in it are merged into full ones first, so how often it was flushed does not show.
 */
#ifndef FLOWRECV_OUTPUT_H
#define FLOWRECV_OUTPUT_H

#include "stream/stream.h"

/* NAME, NAME_2 and so on, that are tried: a name without the time in it lasts for years, too. */
enum { OUTPUT_NAMES = 1000000 };

struct output;

/*
 * path: NULL is standard output; a pipe, a device or the like is written to directly.  history: a line of
 * provenance, NULL none.  NULL with err.
 */
struct output *output_open(const char *path, const char *history, struct err *);

/* A new file.  Nothing that is there is touched, neither PATH nor its part: NULL with err, its error EEXIST. */
struct output *output_create(const char *path, const char *history, struct err *);

/*
 * Append encoded blocks, with their notes (stream_note; NULL none).  small: they are to be merged when the file is
 * complete.  -1 with err; a file is as it was before, so they may be put again.
 */
int output_put(
    struct output *, struct buf *blocks, const struct buf *notes, bool small, struct err *);

/*
 * Make a file's index as it grows, for which some MiB are held until it ends, instead of reading it again then.  To be
 * called before anything is put.
 */
void output_index(struct output *);

/*
 * End the stream: end mark, merged by the encoder, on disk, in place.  Not complete: no end mark, and
 * a file is left as PATH.incomplete, one of a directory as NAME_2.flow.incomplete where that is taken; that is its path
 * from then on.  -1 with err: the part stays where it is, and this may be called again.
 */
int output_end(struct output *, struct encoder *, bool complete, struct err *);

/* Its path, the final one when it was ended; "" for standard output. */
const char *output_path(const struct output *);

/* Of whole blocks that were put in a file. */
uint64_t output_octets(const struct output *);

/* Could the last blocks not be put? */
bool output_is_cut(const struct output *);

/* Is it no file: blocks should leave quickly and need not be small? */
bool output_is_pipe(const struct output *);

void output_free(struct output *); /* takes NULL; the part of a file that was not ended stays */

/* Free an output that was begun in vain; its part goes. */
void output_discard(struct output *);

/*
 * Make a finished file of a part that its collector left (DIR/.NAME.part), up to its last whole block: DIR/NAME,
 * or DIR/NAME_2 where that is taken; never NAME itself when `other`.  1: done, *path is the file, the caller's
 * to free; 0: there is nothing to do, it is being written, is no part of ours, or held no record and is
 * gone; -1 with err.
 */
int output_repair(
    const char *part, bool other, struct encoder *, const char *history, char **path, struct err *);

/* The name of a path's part; the caller's to free. */
char *output_part(const char *path);

#endif
