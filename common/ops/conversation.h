/*
 * conversation.h - flow records put together to conversations: who began, whom, what came back.
 *
 * Exporters send a record for each direction, and cut long flows into pieces at their active timeout.  Records of
 * the same two ends and protocol that continue each other become one conversation, told from the client's side.
 * RFC 5103 biflows (reverse counters) are taken as they are, and go on like any other.
 *
 * A record continues its conversation if it begins no later than `pair_ns` after that ended, or ends as little before
 * it began.  The pieces of a long flow may be further apart: TCP without a new SYN after no FIN or RST by timeout_ns;
 * other protocols by as long as the conversation has lasted, at most timeout_ns (or a poll every minute from one port
 * would be one long flow, and no beat).  A pure SYN after an answer begins a new conversation.
 *
 * Surprising rule: conversations are handed out as they become complete, not in order of start (but see by_start); at
 * the end of the input, or sooner when too many are open (counted: some are then in pieces), the rest.  Counters are as
 * they were exported, not scaled by sampling; a flow that two exporters saw counts twice.
 */
#ifndef OPS_CONVERSATION_H
#define OPS_CONVERSATION_H

#include "base/addr.h"
#include "base/err.h"
#include "base/num.h"
#include "flow/batch.h"

enum { IP_ICMP = 1, IP_TCP = 6, IP_UDP = 17, IP_ICMP6 = 58 };
enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16 };

/* What the server's side of a conversation did.  In sampled records silence says nothing. */
enum answer {
	ANSWER_NONE, /* nothing came back */
	ANSWER_REFUSED, /* TCP: resets only */
	ANSWER_GIVEN, /* anything else came back */
	ANSWER_ONLY, /* an answer of which the question was not seen: backscatter, or a lost record */
};

struct conversation {
	struct addr client, server;
	int64_t start_ns, end_ns;
	uint64_t packets, bytes, rpackets, rbytes; /* r: from the server */
	uint32_t flows, rflows; /* records, or what they say they stand for */
	uint32_t sampling; /* the greatest interval of its records; 1 none, or not known */
	uint16_t client_port,
	    server_port; /* ICMP: 0, type * 256 + code of the client's first record */
	uint16_t flags, rflags; /* TCP, all that were seen */
	uint8_t proto;
	uint8_t answer; /* enum answer */
	bool has_flags; /* TCP: some record said its flags */
	bool in_pieces; /* handed out early: more of it may follow */
};

static inline int64_t
conversation_duration(const struct conversation *c)
{
	return c->end_ns - c->start_ns;
}

/* Did the server answer?  In sampled records what was not a mere attempt is taken for answered. */
bool conversation_answered(const struct conversation *);

/* Who began ----------------------------------------------------------------------------------- */

/*
 * What a record's TCP flags say of its sender, 0 nothing: it sent a pure SYN; nothing but what answers one
 * (SYN ACK, RST, RST ACK); something else.
 */
enum { VOTE_BEGAN = 1, VOTE_ANSWERED = 2, VOTE_OTHER = 4, VOTE_BITS = 3 };
unsigned conversation_vote(unsigned flags);

/* What is known of one of two sides: the same rule for flowagg -b and for detectors. */
struct side {
	unsigned votes; /* conversation_vote of its records, or-ed */
	int port; /* -1 none */
	bool seen; /* it sent something */
	int64_t first_ns; /* when, by the records */
};

/*
 * Did b begin?  The first of these that tells the sides apart decides: who sent a pure SYN did; who sent nothing but
 * answers did not; who has a service's port did not; who sent anything did; who has the higher port did; who was
 * seen first did.
 */
bool conversation_begun_by_b(const struct side *a, const struct side *b);

/* A port of the well-known range, or that a service of its own is usually found at. */
bool conversation_service_port(unsigned port);

/* Records to conversations -------------------------------------------------------------------- */

enum { CONVERSATIONS_CHUNK = 256, CONVERSATIONS_OPEN = 1 << 20 };
#define CONVERSATION_PAIR_NS (5 * NS_PER_S)
#define CONVERSATION_TIMEOUT_NS (300 * NS_PER_S)

/* n <= CONVERSATIONS_CHUNK of them, valid during the call. */
typedef void (*conversation_take)(void *ctx, const struct conversation *, size_t n);

struct conversation_opts {
	int64_t pair_ns, timeout_ns; /* 0: the values above */
	size_t open_most; /* bound of open ones, about 160 octets each; 0: CONVERSATIONS_OPEN */
	bool by_start; /* those that are handed out together are in order of start */
};

struct conversation_counts {
	uint64_t records, conversations;
	uint64_t early; /* handed out because too many were open */
	/* How often time fell back by more than ten minutes: what was open was cut off. */
	uint64_t back;
	uint64_t strange; /* records without two addresses or times, of no conversation */
	uint64_t open_peak;
};

struct conversations;
/* opts NULL: defaults. */
struct conversations *conversations_new(
    const struct conversation_opts *, conversation_take, void *ctx);
void conversations_free(struct conversations *); /* takes NULL; what is open is forgotten */

/* Add the selected (NULL: all) records of a batch of flows; the last few wait for those of the next. */
void conversations_add(struct conversations *, struct batch *, const uint64_t *sel);

/* Hand out what is open: the end of the input. */
void conversations_finish(struct conversations *);

struct conversation_counts conversations_counts(const struct conversations *);

/* Unpack the columns that conversations_add reads: on a worker, before the thread that adds. */
void conversations_unpack(struct batch *);

/* The same in the shape of an io_work that keeps all. */
int conversations_work(void *ctx, unsigned worker, struct batch *, uint64_t *sel, struct err *);

#endif
