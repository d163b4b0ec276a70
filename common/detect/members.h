/*
 * members.h - structures as records of a flow stream and back: how a detector keeps what it knows from run to run.
 *
 * A table says which members there are; each is a column that has the member's name, or for addresses and what flows
 * have too a standard one.  Columns are looked for once a batch, not once a record.  Reading believes nothing: whatever
 * lacks a member (but for those that came later), or has it of another kind, is none; what the numbers mean the reader
 * checks.
 */
#ifndef DETECT_MEMBERS_H
#define DETECT_MEMBERS_H

#include <stddef.h>

#include "base/addr.h"
#include "flow/batch.h"

enum member_kind { MEMBER_END, MEMBER_NUMBER, MEMBER_FLAG, MEMBER_OCTETS, MEMBER_IP };
enum { MEMBERS_MOST = 48 };

struct member {
	enum member_kind kind;
	uint16_t element; /* of IANA; 0: the column has the name */
	const char *name;
	uint32_t off, size; /* in the structure, octets */
	bool later; /* older files lack it: then it stays as it is in the structure */
};

#define MEMBER(KIND, ELEMENT, S, M) \
	{ \
		KIND, ELEMENT, #M, offsetof(struct S, M), sizeof(((struct S *)0)->M), false \
	}
#define LATER(KIND, S, M) \
	{ \
		KIND, 0, #M, offsetof(struct S, M), sizeof(((struct S *)0)->M), true \
	}
#define NUMBER(S, M) MEMBER(MEMBER_NUMBER, 0, S, M)
#define FLAG(S, M) MEMBER(MEMBER_FLAG, 0, S, M)
#define OCTETS(S, M) MEMBER(MEMBER_OCTETS, 0, S, M)
#define IP(S, M, ELEMENT) MEMBER(MEMBER_IP, ELEMENT, S, M)
#define STANDARD(S, M, ELEMENT) MEMBER(MEMBER_NUMBER, ELEMENT, S, M)

/* Where the members' columns are in a batch. */
struct members_at {
	int col[MEMBERS_MOST];
};

/* In an open batch, made where need be; they hold until batch_reset. */
struct members_at members_make(struct batch *, const struct member *);
void members_put(struct batch *, const struct members_at *, size_t rec, const struct member *,
    const void *structure);

/*
 * A file of several kinds of records: which one each is its column `state` says, by its number in a table of members
 * (NULL: it has none).  Kind 0 is the head, with which the file begins, and there is one.
 */
enum { MEMBER_KINDS_MOST = 8 };
struct member_walk {
	const char *what; /* the file is, for messages */
	const struct member *const *kinds; /* n of them */
	unsigned n;
	/* Takes the record where the walk is; false: it is none of these. */
	bool (*read)(void *ctx, struct err *);
	void *ctx;
	bool begun; /* the head was there */
	/* Where it is: */
	struct batch *b;
	size_t rec;
	unsigned kind;
	struct members_at at[MEMBER_KINDS_MOST];
};

/* Read the records of a batch that came from the file, as io_take does.  walk: struct member_walk. */
int members_take(void *walk, struct batch *, const uint64_t *sel, struct err *);

/*
 * The structure of the record where the walk is.  false: some member has no value of its kind; it is filled in part
 * then.
 */
bool members_here(const struct member_walk *, void *structure);

/* Its column `state`, when it is written. */
void members_put_kind(struct batch *, size_t rec, unsigned kind);

/* Single values by the same rules: for what is in no structure. */
void member_put_number(struct batch *, size_t rec, struct field_id, unsigned width, uint64_t);
void member_put_ip(struct batch *, size_t rec, uint16_t element, const struct addr *);
bool member_get_number(struct batch *, size_t rec, struct field_id, uint64_t *);
bool member_get_ip(struct batch *, size_t rec, uint16_t element, struct addr *);
/* Octets, borrowed from the batch. */
bool member_get_octets(
    struct batch *, size_t rec, struct field_id, const uint8_t **octets, size_t *n);

/* A column that is known by its name. */
static inline struct field_id
member_named(const char *name)
{
	return (struct field_id){ .pen = PEN_NAMED, .named = name };
}

#endif
