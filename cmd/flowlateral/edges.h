/*
 * edges.h - which of our hosts had a session with which, by which TCP port, since when.
 *
 * A session is more than an answer: both sides sent something beyond a handshake, so that scanners, whom flowscan
 * finds, leave no edges.  The rule to know: an edge is new or it is habit, and that is decided by its first session.
 */
#ifndef FLOWLATERAL_EDGES_H
#define FLOWLATERAL_EDGES_H

#include "detect/baseline.h"
#include "detect/sampled.h"
#include "detect/scope.h"
#include "ops/conversation.h"

enum { EDGES_MOST = 1 << 20 }; /* 104 octets each, and 16 to find it */

/* Without a baseline a state first learns for a day; what is new becomes habit after a week.  */
#define LEARN_NS (24 * NS_PER_HOUR)
#define HABIT_NS (7 * 24 * NS_PER_HOUR)
/* Times so much before all others are of a clock that was not set. */
#define UNSET_NS (366 * 24 * NS_PER_HOUR)

/* Why an edge is no news.  The numbers are in files. */
enum habit_kind {
	EDGE_NEW,
	EDGE_OLDER, /* its first session was running when the input began */
	EDGE_LEARNED, /* of the state's first day, or a week old */
	EDGE_BASE /* the baseline has it */
};

struct edge_key {
	struct addr client, server;
	uint16_t port, spare[3];
};

struct edge {
	struct edge_key key;
	int64_t first_ns, last_ns; /* begin of the first session, end of the last */
	uint64_t flows, packets, bytes, rpackets, rbytes;
	uint32_t sampling; /* greatest interval */
	uint8_t habit; /* enum habit_kind */
	uint8_t told; /* an alert named it */
	uint8_t fresh; /* this run has seen a session of it */
	uint8_t spare;
};
_Static_assert(sizeof(struct edge) == 104, "what the bound is made of");

struct edges {
	const struct scope *scope;
	const struct baseline *baseline; /* NULL: none */
	bool has_state, watching; /* watching: a run before this one left a state */
	struct keyed at;
	int64_t first_ns, last_ns; /* of all sessions; first INT64_MAX: there is none */
	struct sampled sampled;
	uint64_t forgotten; /* edges, for want of room */
	uint64_t portless; /* conversations without a port of the server */
	uint64_t silent; /* conversations without an answer or a session */
	uint64_t answered; /* by anything */
	uint64_t unheard; /* not, though the client went on: its records are of one direction */
};

void edges_init(struct edges *, const struct scope *);
void edges_free(struct edges *);

/* n <= CONVERSATIONS_CHUNK of TCP between hosts of ours: a conversation_take. */
void edges_add(void *edges, const struct conversation *, size_t n);

/*
 * Before judging: since when things are seen is settled; with a state and no baseline, what was first seen on the
 * state's first day is habit.
 */
void edges_learn(struct edges *);

/* After it: what has been known for a week is habit, by the time of most sessions of this run. */
void edges_age(struct edges *);

/* From when on things would have been seen. */
int64_t edges_known_from(const struct edges *);

static inline struct edge *
edges_at(const struct edges *e, size_t i)
{
	return keyed_at(&e->at, i);
}

#endif
