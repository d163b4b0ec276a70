/*
 * stream.h - the flow stream (flowstream(5)): the one thing that passes through pipes.
 *
 * Blocks of records and an end mark; nothing in it needs seeking.  A stream without its end mark
 * was cut short, and reading it fails: a program that died upstream must not become a smaller,
 * believable total downstream.
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "base/buf.h"
#include "base/err.h"
#include "flow/batch.h"
#include "flow/probe.h"

/* Blocks ---------------------------------------------------------------------------------------- */

enum block_profile {
	PROFILE_PIPE, /* CONST and PLAIN */
	PROFILE_FILE, /* PLANES and DICT, zstd */
	PROFILE_FAST, /* PLANES and DICT, zstd only where nearly all octets are the same */
};

/* Per-thread state of encoding: compressor and scratch. */
struct encoder;
struct encoder *encoder_new(enum block_profile, int level); /* level 0: the default, 1 */
void encoder_free(struct encoder *);

/*
 * Append a block holding the batch (plain columns, n <= BATCH_RECORDS_MAX) to out; sequence 0.  Several blocks, one
 * behind the other, where it is more than one may hold.  -1: err, and nothing was appended.
 */
int block_encode(struct encoder *, struct batch *, struct buf *out, struct err *);

/* Reading --------------------------------------------------------------------------------------- */

enum stream_status {
	STREAM_BATCH, /* *slot was filled */
	STREAM_END, /* the input ended after an end mark */
	STREAM_FAILED, /* see err; nothing more comes */
};

enum stream_flags {
	STREAM_RECOVER = 1 << 0, /* skip damage to the next valid header, count it */
	/*
	 * A file that is still being written: no more whole blocks, an end mark or not, is STREAM_END; stream_next
	 * may be called again when there are more octets.
	 */
	STREAM_LIVE = 1 << 1,
	/*
	 * Blocks of which only some records count are given whole, and slot_selection says which count; without it the
	 * batch has only those.
	 */
	STREAM_WHOLE = 1 << 2,
};

struct stream_totals {
	uint64_t records, options, blocks, segments, octets;
	uint64_t skipped_octets, skipped_places, lost_records; /* under STREAM_RECOVER */
	uint64_t passed_blocks, passed_records; /* not read, for stream_pass_over */
	bool incomplete; /* no end mark, or something was skipped */
	bool recovered; /* so it was, but under STREAM_RECOVER, and the end was reached */
};

struct stream_reader;

/* A block as read: reused from call to call by one owner; memory settles. */
struct stream_slot;
struct stream_slot *slot_new(void);
void slot_free(struct stream_slot *);

/*
 * Start reading.  Owns fd from here.  head is what is known of the first octets: of a regular file they were looked at
 * (pread), from other inputs taken.
 */
struct stream_reader *stream_open(int fd, unsigned flags, const void *head, size_t head_len);
void stream_close(struct stream_reader *);

/* From now on a pipe is at its end when stop_fd is readable (another thread wants the reader to stop). */
void stream_stop_at(struct stream_reader *, int stop_fd);

const struct stream_totals *stream_totals(const struct stream_reader *);

/*
 * Was an end mark what was read last?  Under STREAM_LIVE the end of an input may also be the end of what is there so
 * far.
 */
bool stream_marked(const struct stream_reader *);

/*
 * Read the next block with records (header checked) into the slot.  For regular files sections are
 * read when unpacked; for pipes the whole block is in memory.  Cheap: decoding happens in
 * slot_batch, on any thread.  History and unknown skippable blocks are passed to stream_history.
 */
enum stream_status stream_next(struct stream_reader *, struct stream_slot *, struct err *);

/* The slot's batch, columns packed; valid until the slot is filled again. */
struct batch *slot_batch(struct stream_slot *);

/*
 * Keep only the records of sel, n of them and few (false: too many, nothing was done): the batch has no others from
 * here on, what was unpacked of its columns is cut down, and of the rest only their cells are decoded.
 */
bool slot_narrow(struct stream_slot *, const uint64_t *sel, size_t n);

/* Does its batch have fewer records than the block? */
bool slot_is_narrow(const struct stream_slot *);

/* Of a block read under STREAM_WHOLE: which of its records count, *n of them.  NULL: all. */
const uint64_t *slot_selection(const struct stream_slot *, size_t *n);

/*
 * From here on the block as stored says that of its records only those of sel count, n of them: so it goes on
 * undecoded.  Its batch stays what it is, and another selection may take this one's place.  -1: err.
 */
int slot_select(struct stream_slot *, const uint64_t *sel, size_t n, struct err *);

/*
 * The same of its columns: only those remain, and every record counts again.  0: some cannot do without others, nothing
 * was done.  1: done, and its batch is not to be read any more.  -1: err.
 */
int slot_project(struct stream_slot *, const unsigned *column, unsigned n, struct err *);

/* The whole block as stored, for pass-through; read now if it was not.  NULL: err. */
const uint8_t *slot_octets(struct stream_slot *, size_t *len, struct err *);

/* Is it encoded as files are (planes, dictionaries), so that a file may take it as it is? */
bool slot_packed(const struct stream_slot *);

/* Bounds of its records' times as the header says; false: not known. */
bool slot_times(const struct stream_slot *, int64_t *min_start_ns, int64_t *max_end_ns);

/*
 * Verify every section's hash, and that its values are what its zone maps and the header say of them (--check).
 * -1: err.
 */
int slot_check(struct stream_slot *, struct err *);

/*
 * Pass over blocks that are not wanted: of a regular file, neither live nor recovered, whose end tells by an index
 * what the blocks hold.  ask returns false where a probe rules out what is looked for; keep_first: not the first
 * block of flows.  Before the first stream_next.  -1: err says what is wrong with the index; all it covers
 * that is not sound is read.
 */
typedef bool (*stream_ask)(void *ctx, const struct probe *);
int stream_pass_over(
    struct stream_reader *, stream_ask, void *ctx, bool keep_first, struct err *err);

/* Provenance lines seen so far, newline separated. */
const char *stream_history(const struct stream_reader *);

/* Facts of a block for --info. */
struct block_info {
	uint64_t offset, length, sequence;
	uint32_t records; /* that count */
	bool options;
	unsigned columns;
};
struct column_info {
	struct column col; /* identity, type, flags, zone */
	const char *encoding;
	unsigned planes;
	uint64_t stored, unpacked;
	uint32_t dict_n;
};
void slot_info(const struct stream_slot *, struct block_info *);
void slot_column_info(const struct stream_slot *, unsigned column, struct column_info *);

/* Does the input start as a flow stream? (needs 8 octets) */
bool stream_recognise(const void *, size_t);

/* Writing --------------------------------------------------------------------------------------- */

struct stream_writer;

/* Start writing to fd (not owned).  history: one line of provenance, NULL none. */
struct stream_writer *stream_create(int fd, const char *history);

/* Carry the provenance of inputs; before the first block. */
void stream_inherit(struct stream_writer *, const char *lines);

/*
 * The order that blocks claim is that of the whole stream: before the first of them.  Otherwise the claim is taken
 * back, as blocks of several streams may come one after the other.
 */
void stream_ordered(struct stream_writer *);

/*
 * Write encoded blocks (block_encode's or slot_octets'): the sequence is set and the header sealed
 * here.  -1: err; the writer is as before, so whoever removes what was written of them may
 * put them again.
 */
int stream_put(struct stream_writer *, void *blocks, size_t len, struct err *);

/* The same with a slot's block as it is stored: from a file into a pipe it goes without being read. */
int stream_pass(struct stream_writer *, struct stream_slot *, struct err *);

/*
 * From now on make an index of what is put, which goes into the stream where it pays (flowstream(5)): for files.
 * Before the first block; or, when all blocks were put, stream_index_back, which reads them back from a descriptor of
 * the file at its begin, and owns it.  -1: err; whoever removes what was written of it goes on without an index.  A
 * stream_put that failed gives the index up: stream_indexes says whether one is being made.
 */
void stream_index(struct stream_writer *);
bool stream_indexes(const struct stream_writer *);
int stream_index_back(struct stream_writer *, int fd, struct err *);

/*
 * What an index says of encoded blocks, made on the thread that encoded them: so that the one that writes them need not
 * look into them.  notes: of all of those blocks and no others; NULL or empty: none.
 */
struct stream_noter;
struct stream_noter *stream_noter_new(void);
void stream_noter_free(struct stream_noter *); /* takes NULL */
void stream_note(struct stream_noter *, void *blocks, size_t len, struct buf *notes);
int stream_put_noted(
    struct stream_writer *, void *blocks, size_t len, const struct buf *notes, struct err *);

/* Of a regular file: index blocks and their octets, and how many blocks of how many records they cover. */
struct stream_index_info {
	uint64_t index_blocks, octets, blocks, records;
	uint64_t without; /* of those, how many have a filter of neither their own nor all */
	bool whole; /* every segment to the beginning of the file has an index */
};
/* -1: err, the index is damaged. */
int stream_index_info(int fd, struct stream_index_info *, struct err *);

/* Does the index say of every block what is in it, and where it is?  Reads all of them.  -1: err. */
int stream_index_check(int fd, struct err *);

/*
 * Copy a whole stream from one regular file to another, blocks as they are, and with a new index.  -1: err; incomplete
 * streams are refused.
 */
int stream_index_copy(int from_fd, int to_fd, struct err *);

/* Totals and the end mark.  -1: err, and the writer is as before, as with stream_put. */
int stream_finish(struct stream_writer *, struct err *);

/* Free the writer without an end mark (readers will see that we failed), or after finish. */
void stream_abandon(struct stream_writer *);

#endif
