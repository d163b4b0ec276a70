/*
 * memory.h - what is remembered from run to run: one table of small things, each of a kind and with a name.
 *
 * Alerts by what makes them the same, hosts by what was found of them, aggregates by how long they have been beyond
 * their threshold, what a rule has seen: all of them are a name, times, a count and a score.  So the file (a flow
 * stream, written whole or not at all) is one list too: flowcat -o ndjson FILE.
 */
#ifndef FLOWALERT_MEMORY_H
#define FLOWALERT_MEMORY_H

#include <stdbool.h>

#include "base/err.h"
#include "flow/element.h"

/* What a record of the file is: the column `state`.  The numbers are in files. */
enum memo_kind {
	MEMO_HEAD = 1, /* of the file: count is its version */
	MEMO_ALERT, /* first, last: of the incident; told_ns: end of it when it was told; count: alerts */
	MEMO_HOST, /* score: what is held against it at last_ns; count: alerts told */
	MEMO_SERIES, /* first: bin; last: latest bin; told_ns: width; count: runs */
	MEMO_STREAK, /* first, last: bins; count: of them */
	MEMO_RULE, /* first_ns: watching since */
	MEMO_SEEN, /* what a rule has seen, last when */
	MEMO_KINDS
};

struct memo {
	uint64_t hash[2]; /* of kind and name; private */
	char *name;
	int64_t first_ns, last_ns, told_ns;
	double score;
	uint64_t count;
	uint32_t pending; /* of this run: what is to be told of it, + 1; not kept */
	uint8_t kind; /* enum memo_kind */
	uint8_t severity; /* enum severity, of what was told last; 0 */
	uint8_t worst; /* the same, of all that was heard */
	bool known; /* it was in the file; not kept */
	int64_t known_ns; /* last_ns then */
	uint8_t known_worst;
};

enum { MEMORY_MOST = 1 << 20, MEMO_NAME_MOST = 4096 };

struct memory;
struct memory *memory_new(void);
void memory_free(struct memory *); /* takes NULL */

/* Names are cut to MEMO_NAME_MOST octets.  Until the next memory_make. */
struct memo *memory_find(struct memory *, enum memo_kind, const char *name);

/* The same, made where there is none (last_ns 0); NULL: there is no room (counted). */
struct memo *memory_make(struct memory *, enum memo_kind, const char *name);

size_t memory_count(const struct memory *);
struct memo *memory_at(struct memory *, size_t i);
uint64_t memory_full(const struct memory *);

/* A file that is not there is an empty memory.  -1: err. */
int memory_read(struct memory *, const char *path, void (*warn)(const char *, const struct err *),
    struct err *);

/* All for which keep is true (NULL: all). */
int memory_write(struct memory *, const char *path, bool (*keep)(void *ctx, const struct memo *),
    void *ctx, char *const *argv, struct err *);

#endif
