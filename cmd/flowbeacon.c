/*
 * flowbeacon - conversations that come at a steady beat: malware calling home, and what looks like it.
 *
 * Files are read twice: the first look counts who talks to whom (flowbeacon/peers.h), the second keeps the starts of
 * those that could have a rhythm (flowbeacon/pairs.h); then each is judged (flowbeacon/judge.h).  What can be read only
 * once is looked at both ways at the same time.
 */
#include <sys/stat.h>

#include "base/die.h"
#include "base/opt.h"
#include "base/sum.h"
#include "flowbeacon/judge.h"
#include "flowbeacon/state.h"
#include "io/io.h"

enum { KEY_METHOD = OPT_LONG + 1, KEY_SCORE, KEY_DIRECTION, KEY_STARTS };
enum { STARTS = 512, STARTS_MOST = 1 << 20, RECORDS_PIPED = 4 };
#define WINDOW_NS (24 * 3600 * NS_PER_S)
#define WINDOW_MOST_NS (28 * WINDOW_NS) /* well within the reach of beats */

static const struct opt options[] = {
	{ KEY_METHOD, "method", ARG_WORDS, "METHOD", "how pairs are scored (default fb)",
	    "fb rita" },
	{ KEY_SCORE, "score", ARG_TEXT, "SCORE", "least score of an alert (default 0.5)", NULL },
	{ KEY_DIRECTION, "direction", ARG_WORDS, "WHICH",
	    "servers that are not ours (out, the default), ours to others (in), to us, all",
	    "out in within all" },
	{ KEY_STARTS, "starts", ARG_TEXT, "N",
	    "starts kept of a pair (default 512; with rita as many as there are)", NULL },
	{ 'm', "memory", ARG_TEXT, "SIZE", "memory for pairs and their starts (default 1Gi)",
	    NULL },
	{ 0 },
};
static const struct opt *const tables[] = { options, scope_options, scope_baseline_options,
	scope_state_options, scope_window_options, io_input_options, io_output_options,
	io_run_options, NULL };
static const struct program program = { "flowbeacon", "[options] [FILE ...]",
	"find conversations that come at a steady beat", tables,
	"flowbeacon day.flow\n"
	"flowbeacon --internal 198.51.100.0/24 -a allowed.txt -w beacons.flow day.flow\n"
	"flowbeacon --method rita --score 0.8 -k srcip,dstip,score,why day.flow\n"
	"flowbeacon --score 0 -o ndjson day.flow\n"
	"flowbeacon --state beacon.state -w alerts.flow day.flow\n",
	field_help };

enum direction { GOES_OUT, GOES_IN, GOES_WITHIN, GOES_ALL };

struct flowbeacon {
	struct io_opts io;
	struct scope scope;
	struct judge judge;
	enum direction direction;
	uint64_t starts;
	bool twice; /* files: looked at before */
	unsigned records_least;
	struct baseline *baseline;
	struct peers *peers;
	struct pairs *pairs;
	struct conversations *conversations;
	/* --state */
	struct contacts contacts;
	struct pairs *open; /* what the conversations that are open come to */
	uint64_t far; /* starts out of reach of their pair's others */
	uint64_t silent; /* conversations of kept pairs that were not answered */
};

/* Options --------------------------------------------------------------------------------------- */

static int
parse_word(const char *arg, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(arg, words[i]) == 0)
			return i;
	return -1;
}

static int
parse_own(struct flowbeacon *f, int key, const char *arg, struct err *err)
{
	static const char *const methods[] = { "fb", "rita", NULL };
	static const char *const directions[] = { "out", "in", "within", "all", NULL };
	int word;

	switch (key) {
	case KEY_METHOD:
		word = parse_word(arg, methods);
		if (word < 0)
			return err_usage(err, "--method '%s': fb or rita", arg);
		f->judge.method = (enum method)word;
		return 0;
	case KEY_DIRECTION:
		word = parse_word(arg, directions);
		if (word < 0)
			return err_usage(err, "--direction '%s': out, in, within or all", arg);
		f->direction = (enum direction)word;
		return 0;
	case KEY_SCORE:
		if (!parse_double(arg, strlen(arg), &f->judge.least) ||
		    !(f->judge.least >= 0 && f->judge.least <= 1))
			return err_usage(err, "--score '%s': a number from 0 to 1", arg);
		return 0;
	case KEY_STARTS:
		if (!parse_size(arg, strlen(arg), &f->starts) || f->starts < BEATS_LEAST_MOST ||
		    f->starts > STARTS_MOST)
			return err_usage(err, "--starts '%s': a number from %d to %d", arg,
			    BEATS_LEAST_MOST, STARTS_MOST);
		return 0;
	case 'm': return io_memory(&f->io, arg, err);
	default: return 0;
	}
}

static void
parse(struct flowbeacon *f, struct optparse *parser)
{
	struct err err = { 0 };
	const char *arg;
	int key, rc;

	while ((key = opt_next(parser, &arg)) != 0) {
		rc = scope_opt(&f->scope, key, arg, &err);
		if (rc == 0)
			rc = io_opt(&f->io, key, arg, &err);
		if (rc == 0)
			rc = parse_own(f, key, arg, &err);
		if (rc < 0)
			opt_refuse(&program, &err);
	}
	if (f->scope.window_ns != 0 && f->scope.state == NULL)
		opt_usage(&program, "--window is how much a --state remembers");
	if (f->scope.window_ns > WINDOW_MOST_NS)
		opt_usage(&program, "--window: at most 28d");
	if (f->scope.window_ns == 0)
		f->scope.window_ns = WINDOW_NS;
	f->judge.keeps = f->scope.state != NULL;
	if (f->starts == 0)
		f->starts = f->judge.method == METHOD_RITA ? STARTS_MOST : STARTS;
}

/* Looking --------------------------------------------------------------------------------------- */

/* Both ends have one port, as in NTP and IPsec: then who began is only who was seen first, and ours is the client. */
static void
turn(const struct scope *s, struct conversation *c)
{
	struct conversation was = *c;

	if (c->client_port == 0 || c->client_port != c->server_port ||
	    scope_internal(s, &c->client) || !scope_internal(s, &c->server) ||
	    c->answer != ANSWER_GIVEN)
		return;
	c->client = was.server;
	c->server = was.client;
	c->packets = was.rpackets;
	c->rpackets = was.packets;
	c->bytes = was.rbytes;
	c->rbytes = was.bytes;
}

static bool
in_direction(const struct flowbeacon *f, const struct conversation *c)
{
	bool client = scope_internal(&f->scope, &c->client);
	bool server = scope_internal(&f->scope, &c->server);

	switch (f->direction) {
	case GOES_OUT: return !server;
	case GOES_IN: return server && !client;
	case GOES_WITHIN: return server && client;
	case GOES_ALL: break;
	}
	return true;
}

/*
 * Was it answered?  Attempts that are repeated at a steady beat are no channel yet.  Where the other direction was not
 * exported or not picked, the client's own acknowledgements say that it was answered.
 */
static bool
was_said(const struct conversation *c)
{
	if (c->answer == ANSWER_GIVEN || c->sampling > 1)
		return true;
	return c->answer == ANSWER_NONE && c->has_flags && (c->flags & TCP_ACK) &&
	       (c->flags & (TCP_PSH | TCP_FIN));
}

/* Is it one to look at closely? */
static bool
is_wanted(const struct flowbeacon *f, struct conversation *c)
{
	bool icmp = c->proto == IP_ICMP || c->proto == IP_ICMP6;

	if (!scope_unicast(&c->client) || !scope_unicast(&c->server))
		return false;
	turn(&f->scope, c);
	if (!in_direction(f, c) || scope_allows(&f->scope, &c->client, -1) ||
	    scope_allows(&f->scope, &c->server, icmp ? -1 : c->server_port))
		return false;
	return f->twice || f->judge.keeps ||
	       peers_records(f->peers, &c->client, &c->server) >= RECORDS_PIPED;
}

/* Those that are wanted go to pairs. */
static void
sort_out(struct flowbeacon *f, struct pairs *pairs, const struct conversation *all, size_t n)
{
	struct conversation wanted[CONVERSATIONS_CHUNK];
	bool answered[CONVERSATIONS_CHUNK];
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		wanted[k] = all[i];
		if (!is_wanted(f, &wanted[k]))
			continue;
		answered[k] = was_said(&wanted[k]);
		f->silent += !answered[k++];
	}
	pairs_add(pairs, wanted, answered, k);
}

static void
take_conversations(void *ctx, const struct conversation *all, size_t n)
{
	struct flowbeacon *f = ctx;

	if (f->judge.keeps)
		contacts_add(&f->contacts, &f->scope, all, n);
	sort_out(f, f->pairs, all, n);
}

/* The first look, and what can be had only once. */
static int
unpack_peers(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	const struct flowbeacon *f = ctx;

	(void)worker;
	(void)sel;
	(void)err;
	peers_unpack(b);
	if (!f->twice)
		conversations_unpack(b);
	return IO_KEEP;
}

static int
count_peers(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowbeacon *f = ctx;

	(void)err;
	if (b->options)
		return 0;
	peers_add(f->peers, b, sel);
	if (!f->twice)
		conversations_add(f->conversations, b, sel);
	return 0;
}

/* The second. */
static int
select_pairs(void *ctx, unsigned worker, struct batch *b, uint64_t *sel, struct err *err)
{
	const struct flowbeacon *f = ctx;

	(void)worker;
	(void)err;
	peers_select(f->peers, b, sel, f->records_least);
	if (bits_count(sel, b->n) == 0)
		return IO_DROP;
	conversations_unpack(b);
	return IO_KEEP;
}

static int
put_together(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct flowbeacon *f = ctx;

	(void)err;
	conversations_add(f->conversations, b, sel);
	return 0;
}

/* What is said ---------------------------------------------------------------------------------- */

static void
complain(const struct flowbeacon *f, const struct alerts *alerts)
{
	struct conversation_counts c = conversations_counts(f->conversations);
	struct pairs_counts p = pairs_counts(f->pairs);
	struct peers_counts seen = f->judge.seen;

	scope_tell_back(c.back, f->io.warn);
	if (c.early > 0)
		diag(NULL, "too many conversations at once: %llu are in pieces",
		    (unsigned long long)c.early);
	if (seen.forgotten + seen.unknown > 0)
		diag(NULL,
		    "too many addresses: %llu pairs seen once or twice were forgotten, of %llu "
		    "nothing "
		    "is known",
		    (unsigned long long)seen.forgotten, (unsigned long long)seen.unknown);
	if (p.refused + p.dropped > 0)
		diag(NULL,
		    "out of memory (-m): %llu conversations of new pairs and %llu starts were not "
		    "kept",
		    (unsigned long long)p.refused, (unsigned long long)p.dropped);
	if (p.forgotten + f->contacts.forgotten > 0)
		diag(NULL,
		    "%llu pairs with few conversations and %llu contacts were forgotten for want "
		    "of room (-m)",
		    (unsigned long long)p.forgotten, (unsigned long long)f->contacts.forgotten);
	if (f->far > 0)
		diag(NULL, "%llu starts more than 48 days from others of their pair were not kept",
		    (unsigned long long)f->far);
	alerts_tell(alerts, f->io.warn);
	if (seen.sampling > 1)
		diag(NULL,
		    "sampled 1 in %u: beats are missed; %llu pairs with fewer than 20 were not "
		    "judged",
		    seen.sampling, (unsigned long long)f->judge.unjudged);
}

static void
tell(const struct flowbeacon *f, const struct alerts *alerts)
{
	struct conversation_counts c = conversations_counts(f->conversations);
	struct pairs_counts p = pairs_counts(f->pairs);
	struct peers_counts seen = f->judge.seen;

	diag(NULL, "%llu records, %llu pairs of addresses, %llu hosts of ours",
	    (unsigned long long)seen.records, (unsigned long long)seen.pairs,
	    (unsigned long long)seen.hosts);
	diag(NULL,
	    "%llu conversations put together, %llu without an answer kept; %llu pairs kept, "
	    "%llu judged, %zu alerts",
	    (unsigned long long)c.conversations, (unsigned long long)f->silent,
	    (unsigned long long)p.pairs, (unsigned long long)f->judge.judged, alerts_count(alerts));
	diag(NULL, "memory: %.1f MB who talks to whom, %.1f MB pairs and starts, %.1f MB open ones",
	    (double)seen.octets / 1e6, (double)p.octets / 1e6, (double)c.open_peak * 160 / 1e6);
}

/* From run to run ------------------------------------------------------------------------------- */

/* One that goes on: its pair is there, and is judged as if it ended now. */
static void
take_open(void *ctx, const struct conversation *all, size_t n)
{
	struct flowbeacon *f = ctx;

	contacts_add(&f->contacts, &f->scope, all, n);
	for (size_t i = 0; i < n; i++) {
		struct conversation c = all[i];

		if (is_wanted(f, &c) && pairs_touch(f->pairs, &c) != NULL)
			sort_out(f, f->open, &all[i], 1);
	}
}

static uint32_t
seconds(int64_t ns)
{
	int64_t s = ns / NS_PER_S;

	return s < 0 ? 0 : s > UINT32_MAX ? UINT32_MAX : (uint32_t)s;
}

/*
 * What the last window had is all there is to judge by: the time is that of the conversations, which one record's odd
 * clock does not move.
 */
static void
look_back(struct flowbeacon *f)
{
	struct pairs_opts opts = { BEATS_LEAST_MOST, f->io.memory, f->judge.method == METHOD_RITA,
		0 };
	struct peers_counts *seen = &f->judge.seen;
	int64_t now, window = f->scope.window_ns;
	uint32_t sampling = seen->sampling;
	uint64_t records = seen->records;

	conversations_due(f->conversations);
	now = conversations_clock(f->conversations);
	now = now > 0 ? now : 0;
	f->open = pairs_new(&opts);
	conversations_peek(f->conversations, take_open, f);
	pairs_forget(f->pairs, now, window);
	contacts_forget(&f->contacts, seconds(now - window), seconds(now + window));
	peers_free(f->peers);
	f->peers = peers_new(&f->scope, 0);
	contacts_tell(&f->contacts, f->peers);
	f->judge.acquaintance.peers = f->peers;
	*seen = peers_counts(f->peers);
	seen->records = records;
	seen->sampling = sampling;
	seen->first_ns = now - window;
	seen->last_ns = seen->end_ns = now;
}

/* With what is open. */
static void
judge_so_far(struct flowbeacon *f, struct pair *k, struct alerts *alerts)
{
	const struct pair *open = pairs_same(f->open, k);
	struct pair sum = *k;

	if (open != NULL) {
		sum.conversations += open->conversations;
		sum.answered += open->answered;
		sum_up(&sum.packets, open->packets);
		sum_up(&sum.bytes, open->bytes);
		sum_up(&sum.rpackets, open->rpackets);
		sum_up(&sum.rbytes, open->rbytes);
		sum.connected_ns = open->connected_ns < INT64_MAX - sum.connected_ns
				       ? sum.connected_ns + open->connected_ns
				       : INT64_MAX;
		if (open->longest_s > sum.longest_s)
			sum.longest_s = open->longest_s;
		if (open->sampling > sum.sampling)
			sum.sampling = open->sampling;
	}
	judge_pair(&f->judge, &sum, alerts);
	k->told = sum.told;
	f->far += k->beats.far;
	k->beats.far = 0; /* said once */
}

static struct state
state_of(struct flowbeacon *f)
{
	return (struct state){ f->scope.window_ns, f->scope.internal_text, f->judge.method,
		f->direction, (uint32_t)f->starts, f->pairs, &f->contacts, f->conversations };
}

/* The end --------------------------------------------------------------------------------------- */

static int
end(void *ctx, struct io_sink *sink, const struct io_result *result, struct err *err)
{
	struct flowbeacon *f = ctx;
	struct alerts *alerts = alerts_new();
	int rc;

	(void)result;
	f->judge.seen = peers_counts(f->peers);
	if (!f->io.quiet && f->judge.seen.pairs == 0)
		scope_tell_unfit(f->judge.seen.records, f->judge.seen.records, f->io.warn);
	if (f->judge.keeps)
		look_back(f);
	else
		conversations_finish(f->conversations);
	f->judge.acquaintance.hosts = f->judge.seen.hosts;
	for (size_t i = 0; i < pairs_counts(f->pairs).pairs; i++) {
		struct pair *k = pairs_at(f->pairs, i);

		if (f->judge.keeps) {
			judge_so_far(f, k, alerts);
			continue;
		}
		judge_pair(&f->judge, k, alerts);
		f->far += k->beats.far;
	}
	if (!f->io.quiet)
		complain(f, alerts);
	if (f->io.verbose)
		tell(f, alerts);
	rc = alerts_ranked(alerts, io_sink_put, sink, err);
	alerts_free(alerts);
	return rc;
}

/* Running --------------------------------------------------------------------------------------- */

static bool
can_read_twice(const struct io_opts *io, char *const *paths, int n)
{
	for (int i = 0; i < n; i++) {
		struct stat st;

		if (stat(paths[i], &st) != 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			return false;
	}
	return n > 0 && !io->follow;
}

/* What is wrong with the input the second look says. */
static int
look_first(struct flowbeacon *f, char *const *paths, int n, struct err *err)
{
	struct io_opts opts = f->io;
	struct io_source *source;
	struct io_sink *sink;
	struct io_result result = { 0 };
	int rc;

	opts.warn = NULL;
	opts.limit = UINT64_MAX;
	source = io_source_open(paths, n, &opts, err);
	if (source == NULL)
		return -1;
	sink = io_sink_function(&opts, count_peers, f);
	rc = io_run(source, sink, &opts, unpack_peers, f, &result, err);
	if (io_sink_close(sink, true, err) != 0)
		rc = -1;
	io_source_close(source);
	return rc;
}

static int
run(struct flowbeacon *f, const struct optparse *parser, char **argv, struct err *err)
{
	struct io_digest once = { .work = unpack_peers, .take = count_peers, .end = end, .ctx = f };
	struct io_digest second = {
		.work = select_pairs, .take = put_together, .end = end, .ctx = f
	};
	struct pairs_opts pairs = { (uint32_t)f->starts, f->io.memory,
		f->judge.method == METHOD_RITA, f->scope.window_ns };
	struct io_result result;
	struct state state;
	int status;

	f->twice = !f->judge.keeps && can_read_twice(&f->io, parser->operands, parser->n_operands);
	f->records_least = f->judge.method == METHOD_RITA ? 4 : 6;
	f->peers = peers_new(&f->scope, 0);
	f->pairs = pairs_new(&pairs);
	f->conversations = conversations_new(NULL, take_conversations, f);
	f->judge.acquaintance.scope = &f->scope;
	f->judge.acquaintance.peers = f->peers;
	state = state_of(f);
	if (f->scope.state != NULL && state_read(&state, f->scope.state, diag_err, err) != 0)
		return err->status;
	if (f->scope.baseline != NULL) {
		f->baseline = baseline_load(f->scope.baseline, err);
		if (f->baseline == NULL)
			return err->status;
		f->judge.acquaintance.baseline = f->baseline;
	}
	if (f->twice && look_first(f, parser->operands, parser->n_operands, err) != 0)
		return err->status ? err->status : EXIT_FAILED;
	status = io_digest(&f->io, parser->operands, parser->n_operands, argv,
	    f->twice ? &second : &once, &result, err);
	/* What is incomplete, or could not be told, is read again: the state stays as it was. */
	if (result.whole && f->scope.state != NULL &&
	    state_write(&state, f->scope.state, argv, err) != 0)
		return err->status;
	return status;
}

int
main(int argc, char **argv)
{
	struct flowbeacon f = { .judge.least = 0.5 };
	struct optparse parser;
	struct err err = { 0 };
	int status;

	diag_init(argv[0]);
	io_opts_init(&f.io);
	f.io.warn = diag_err;
	f.io.progress = diag_progress;
	f.io.flows = f.io.alerts = true;
	scope_init(&f.scope);
	contacts_init(&f.contacts);
	opt_start(&parser, &program, argc, argv);
	parse(&f, &parser);
	status = run(&f, &parser, argv, &err);
	diag_end(NULL, &err);
	conversations_free(f.conversations);
	contacts_free(&f.contacts);
	pairs_free(f.open);
	pairs_free(f.pairs);
	peers_free(f.peers);
	baseline_free(f.baseline);
	scope_free(&f.scope);
	io_opts_free(&f.io);
	opt_end(&parser);
	return opt_finish(status);
}
