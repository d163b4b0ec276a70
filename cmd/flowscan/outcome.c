#include "outcome.h"

#include "detect/scope.h"

enum { ECHO_REQUEST = 8, ECHO_REQUEST6 = 128 };

/*
 * The client's own flags tell an established connection whether its answers are in the records or not: routers that see
 * one direction only make no scanner.  FIN, NULL and Xmas scans have neither SYN nor ACK.
 */
static enum outcome
tcp_outcome(const struct conversation *c)
{
	bool syn = c->flags & TCP_SYN, ack = c->flags & TCP_ACK, rst = c->flags & TCP_RST;

	/* Who had sent more than a probe was connected before it was reset. */
	if (c->answer == ANSWER_REFUSED)
		return ack && (syn || c->packets > 2) ? ANSWERED : REFUSED;
	if (c->answer == ANSWER_GIVEN)
		return c->has_flags && syn && rst && !ack ? HALF_OPEN : ANSWERED;
	if (!c->has_flags)
		return FAILED;
	if (ack)
		return ANSWERED;
	return syn || !rst ? FAILED : NO_TRY;
}

/* Answers are as likely to be missed as everything else: only that nothing but a SYN was seen says something. */
static enum outcome
sampled_outcome(const struct conversation *c)
{
	if (c->proto != IP_TCP || !c->has_flags)
		return NO_TRY;
	return (c->flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_PSH)) == TCP_SYN &&
		       c->answer != ANSWER_GIVEN
		   ? FAILED
		   : ANSWERED;
}

static bool
is_broadcast(const struct addr *a)
{
	return addr_is_v4(a) && (addr_u32(a) & 0xff) == 0xff;
}

enum outcome
outcome_of(const struct conversation *c)
{
	if (!scope_unicast(&c->server) || !scope_unicast(&c->client))
		return NO_TRY;
	if (c->answer == ANSWER_ONLY) {
		if (c->proto == IP_TCP && conversation_vote(c->rflags) == VOTE_ANSWERED)
			return ALONE;
		return NO_TRY;
	}
	if (c->answer == ANSWER_NONE && is_broadcast(&c->server))
		return NO_TRY;
	if (c->sampling > 1)
		return sampled_outcome(c);
	switch (c->proto) {
	case IP_TCP: return tcp_outcome(c);
	case IP_UDP: return c->answer == ANSWER_NONE ? FAILED : ANSWERED;
	case IP_ICMP:
		if (c->server_port >> 8 != ECHO_REQUEST)
			return NO_TRY;
		return c->answer == ANSWER_NONE ? FAILED : ANSWERED;
	case IP_ICMP6:
		if (c->server_port >> 8 != ECHO_REQUEST6)
			return NO_TRY;
		return c->answer == ANSWER_NONE ? FAILED : ANSWERED;
	default: return NO_TRY;
	}
}
