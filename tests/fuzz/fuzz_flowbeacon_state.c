/*
 * fuzz_flowbeacon_state.c - whatever a state holds, it is read or refused, and what was read is judged, gets older, and
 * is written again.
 */
#include <assert.h>

#include "../../cmd/flowbeacon/judge.h"
#include "../../cmd/flowbeacon/state.h"
#include "kept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
ignore(void *ctx, const struct conversation *c, size_t n)
{
	(void)ctx;
	(void)c;
	(void)n;
}

static void
judge_all(struct state *s, const struct scope *scope)
{
	char *argv[] = { (char[]){ "flowbeacon" }, NULL };
	struct judge judge = { .keeps = true };
	struct alerts *alerts = alerts_new();
	struct err err = { 0 };

	judge.acquaintance.scope = scope;
	judge.acquaintance.peers = peers_new(scope, 0);
	contacts_tell(s->contacts, (struct peers *)(uintptr_t)judge.acquaintance.peers);
	judge.seen = peers_counts(judge.acquaintance.peers);
	judge.seen.first_ns = 0;
	judge.seen.end_ns = 24 * 3600 * NS_PER_S;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < pairs_counts(s->pairs).pairs; i++)
			judge_pair(&judge, pairs_at(s->pairs, i), alerts);
		assert(state_write(s, "/dev/null", argv, &err) == 0);
		pairs_forget(s->pairs, conversations_clock(s->conversations) / 2, s->window_ns);
		contacts_forget(s->contacts, 1 << 20, UINT32_MAX / 2);
	}
	conversations_finish(s->conversations);
	assert(alerts_ranked(alerts, kept_take, NULL, &err) == 0);
	alerts_free(alerts);
	peers_free((struct peers *)(uintptr_t)judge.acquaintance.peers);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct pairs_opts opts = { 512, 1 << 30, false, 0 };
	struct contacts contacts;
	struct state state = { .window_ns = 24 * 3600 * NS_PER_S, .starts = 512 };
	struct kept kept = kept_open(data, len);
	int rc;
	struct err err = { 0 };
	struct scope scope;

	scope_init(&scope);
	contacts_init(&contacts);
	state.internal = scope.internal_text;
	state.pairs = pairs_new(&opts);
	state.contacts = &contacts;
	state.conversations = conversations_new(NULL, ignore, NULL);
	rc = state_read(&state, kept.path, NULL, &err);
	assert(rc == 0 || (rc == -1 && err.status != 0 && err.text[0] != '\0'));
	if (rc == 0)
		judge_all(&state, &scope);
	conversations_free(state.conversations);
	contacts_free(&contacts);
	pairs_free(state.pairs);
	scope_free(&scope);
	close(kept.fd);
	return 0;
}
