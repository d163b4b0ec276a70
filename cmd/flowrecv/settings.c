/*
 * settings.c - what the command line asked for.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/expire.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/ordered.h"
#include "net/udp.h"
#include "options.h"
#include "settings.h"

enum { WORKERS_DEFAULT = 4 };
#define SIZE_MOST (UINT64_C(1) << 40)

static const char **
append(const char **list, unsigned *n, const char *s)
{
	list = mem_resize(list, *n + 1, sizeof *list);
	list[(*n)++] = s;
	return list;
}

/* Arguments -------------------------------------------------------------------------------------- */

static int64_t
duration(const char *name, const char *arg)
{
	int64_t ns;

	if (!parse_duration(arg, strlen(arg), true, &ns) || ns < 0)
		opt_usage(&flowrecv_program, "--%s '%s': expected a duration such as 5m or 0.2s",
		    name, arg);
	return ns;
}

static int64_t
whole_seconds(const char *name, const char *arg)
{
	int64_t ns = duration(name, arg);

	if (ns % NS_PER_S != 0)
		opt_usage(&flowrecv_program, "--%s '%s': expected whole seconds", name, arg);
	return ns;
}

/* Where no time at all means nothing: 0 is what was not said. */
static int64_t
some(const char *name, const char *arg, int64_t ns)
{
	if (ns == 0 || ns > UINT32_MAX * NS_PER_S)
		opt_usage(&flowrecv_program, "--%s '%s': expected a time from 1ns to 4294967295s",
		    name, arg);
	return ns;
}

static uint64_t
size(const char *name, const char *arg)
{
	uint64_t octets;

	if (!parse_size(arg, strlen(arg), &octets) || octets > SIZE_MOST)
		opt_usage(&flowrecv_program, "--%s '%s': expected a size such as 32Mi", name, arg);
	return octets;
}

static int
receive_buffer(const char *arg)
{
	uint64_t octets = size("rcvbuf", arg);

	if (octets == 0 || octets > (uint64_t)1 << 30)
		opt_usage(&flowrecv_program, "--rcvbuf '%s': expected a size up to 1Gi", arg);
	return octets > INT_MAX / 2 ? INT_MAX / 2 : (int)octets; /* the kernel doubles it */
}

static uint32_t
number(const char *name, const char *arg, uint32_t most)
{
	uint64_t n;

	if (!parse_u64(arg, strlen(arg), &n) || n < 1 || n > most)
		opt_usage(&flowrecv_program, "--%s '%s': expected 1 to %" PRIu32, name, arg, most);
	return (uint32_t)n;
}

static const char *
listen_address(const char *arg)
{
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, arg, ADDRESS_LISTEN, LISTEN_TRANSPORTS, &err) != 0)
		opt_usage(&flowrecv_program, "--listen: %s", err.text);
	return arg;
}

static const char *
repeat_address(const char *arg)
{
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, arg, ADDRESS_SEND, 1 << TRANSPORT_UDP, &err) != 0)
		opt_usage(&flowrecv_program, "--repeat: %s", err.text);
	return arg;
}

static bool
scope_ip(const char *arg)
{
	if (strcmp(arg, "ip") != 0 && strcmp(arg, "ip,port") != 0)
		opt_usage(&flowrecv_program, "--template-scope '%s': expected ip or ip,port", arg);
	return strcmp(arg, "ip") == 0;
}

static enum partition_by
partition(const char *arg)
{
	if (strcmp(arg, "exporter") == 0)
		return PARTITION_EXPORTER;
	if (strcmp(arg, "domain") != 0)
		opt_usage(&flowrecv_program, "--partition '%s': expected exporter or domain", arg);
	return PARTITION_DOMAIN;
}

static const char *
limits(const char *arg)
{
	struct expire_limits limits = { 0 };
	struct err err = { .status = 0 };

	if (expire_parse(&limits, arg, &err) != 0)
		opt_usage(&flowrecv_program, "--expire %s", err.text);
	return arg;
}

static void
user(struct privileges *p, const char *arg)
{
	struct err err = { .status = 0 };

	if (privileges_find(p, arg, &err) != 0)
		opt_usage(&flowrecv_program, "--user: %s", err.text);
}

/* The expression.  A file's name there is a capture that -r was forgotten for. */
static struct expr *
expression(const char *text)
{
	struct err err = { .status = 0 };
	struct expr *e = expr_compile(text, 0, &err);

	if (e == NULL && access(text, F_OK) == 0)
		opt_usage(&flowrecv_program, "'%s': unexpected; captures are read with -r", text);
	if (e == NULL) {
		diag_err("expression", &err);
		exit(EXIT_USAGE);
	}
	if (expr_empty_list(e) != NULL)
		diag(expr_empty_list(e), "an empty list: nothing is in it");
	return e;
}

/* Options ---------------------------------------------------------------------------------------- */

static bool
take_input(struct settings *s, int key, const char *arg)
{
	switch (key) {
	case 'l': s->listen = append(s->listen, &s->n_listen, listen_address(arg)); return true;
	case 'r': s->read = append(s->read, &s->n_read, arg); return true;
	case KEY_SOURCE: s->source = append(s->source, &s->n_source, arg); return true;
	case KEY_SAMPLING: s->wire.sampling = number("sampling", arg, UINT32_MAX); return true;
	case KEY_RCVBUF: s->rcvbuf = receive_buffer(arg); return true;
	case KEY_PORT_FILE: s->port_file = arg; return true;
	case KEY_CERT: s->tls.cert = arg; return true;
	case KEY_KEY: s->tls.key = arg; return true;
	case KEY_CA: s->tls.ca = arg; return true;
	case KEY_PEER: s->peer = append(s->peer, &s->n_peer, arg); return true;
	case KEY_CONNECTIONS: s->connections = number("connections", arg, 1000000); return true;
	case KEY_IDLE: s->idle_ns = duration("idle", arg); return true;
	default: return false;
	}
}

static bool
take_decoding(struct settings *s, int key, const char *arg)
{
	switch (key) {
	case KEY_TEMPLATES: s->templates = arg; return true;
	case KEY_SCOPE: s->wire.scope_ip = scope_ip(arg); return true;
	case KEY_LIFETIME:
		s->wire.lifetime_s = (unsigned)(some("template-lifetime", arg,
						    whole_seconds("template-lifetime", arg)) /
						NS_PER_S);
		return true;
	case KEY_HOLD:
		s->wire.hold_octets = size("hold", arg);
		s->wire.hold_octets += s->wire.hold_octets == 0; /* 1: none */
		return true;
	case KEY_RAW: s->wire.raw = true; return true;
	case KEY_STRICT: s->wire.strict = true; return true;
	default: return false;
	}
}

static bool
take_output(struct settings *s, int key, const char *arg)
{
	switch (key) {
	case 'w': s->out = arg; return true;
	case KEY_ROTATE: s->rotate_ns = whole_seconds("rotate", arg); return true;
	case KEY_NAME: s->naming.pattern = arg; return true;
	case 'S': s->naming.subdir = arg; return true;
	case KEY_PARTITION: s->partition = partition(arg); return true;
	case KEY_FLUSH: s->flush_ns = some("flush", arg, duration("flush", arg)); return true;
	case KEY_QUEUE: s->queue_octets = size("queue", arg); return true;
	case KEY_FAST: s->fast = true; return true;
	case KEY_LEVEL: s->level = (int)number("level", arg, 19); return true;
	case KEY_NO_HISTORY: s->no_history = true; return true;
	case 'R': s->repeat = append(s->repeat, &s->n_repeat, repeat_address(arg)); return true;
	case KEY_SPOOF: s->spoof = true; return true;
	case 'x': s->command = arg; return true;
	case 'e': s->expire = limits(arg); return true;
	default: return false;
	}
}

static void
take_run(struct settings *s, int key, const char *arg)
{
	switch (key) {
	case 'j': s->workers = number("threads", arg, UDP_WORKERS_MAX); break;
	case KEY_METRICS: s->metrics = arg; break;
	case 'u':
		s->has_user = true;
		user(&s->user, arg);
		break;
	case KEY_NO_SANDBOX: s->no_sandbox = true; break;
	case KEY_STATS: s->stats = true; break;
	case 'q': s->quiet = true; break;
	case 'v': s->verbose = s->stats = true; break;
	default: break;
	}
}

/* Sense ------------------------------------------------------------------------------------------ */

/* Options that mean something for a directory only. */
static void
check_directory(const struct settings *s)
{
	if (!s->to_dir && (s->rotate_ns >= 0 || s->naming.pattern != NULL ||
			      s->naming.subdir != NULL || s->partition != PARTITION_NONE))
		opt_usage(&flowrecv_program, "--rotate, --name, --subdir and --partition need -w "
					     "DIR, a directory that exists");
	if (s->naming.pattern != NULL && !naming_check(s->naming.pattern, false))
		opt_usage(&flowrecv_program,
		    "--name '%s': file names are not empty, begin with no dot and hold no slash",
		    s->naming.pattern);
	if (s->naming.subdir != NULL && !naming_check(s->naming.subdir, true))
		opt_usage(&flowrecv_program,
		    "--subdir '%s': names of directories are not empty and begin with no dot",
		    s->naming.subdir);
}

bool
settings_has_tls(const struct settings *s)
{
	return s->tls.cert != NULL || s->tls.key != NULL || s->tls.ca != NULL || s->n_peer > 0;
}

static void
check(const struct settings *s)
{
	if (s->n_listen > 0 && s->n_read > 0)
		opt_usage(&flowrecv_program, "either --listen or --read");
	if (s->n_read > 0 && settings_has_tls(s))
		opt_usage(&flowrecv_program, "--cert, --key, --ca and --peer go with --listen tls");
	if (s->n_read > 0 && (s->port_file != NULL || s->n_repeat > 0))
		opt_usage(&flowrecv_program, "--port-file and --repeat go with --listen");
	if (s->spoof && s->n_repeat == 0)
		opt_usage(&flowrecv_program, "--spoof goes with --repeat");
	if (s->command != NULL && s->out == NULL)
		opt_usage(&flowrecv_program, "--exec is for complete files: it needs -w FILE|DIR");
	if (s->expire != NULL && !s->to_dir)
		opt_usage(&flowrecv_program, "--expire needs -w DIR, a directory that exists");
	check_directory(s);
	if (s->out == NULL && isatty(STDOUT_FILENO))
		opt_usage(&flowrecv_program,
		    "standard output is a terminal: use -w FILE, or pipe into flowcat");
}

/* What follows from what was not said. */
static void
complete(struct settings *s)
{
	s->tls.names = s->peer;
	s->tls.n_names = s->n_peer;
	if (s->rotate_ns < 0)
		s->rotate_ns = s->to_dir ? 300 * NS_PER_S : 0;
	if (s->naming.pattern == NULL)
		s->naming.pattern = "%Y%m%dT%H%M%SZ.flow";
	s->naming.dir = s->out;
	if (s->workers == 0) {
		s->workers = ordered_processors();
		s->workers = s->workers < WORKERS_DEFAULT ? s->workers : WORKERS_DEFAULT;
	}
	if (s->n_read > 0)
		s->workers = 1;
}

/* Through a symbolic link the file it names is written, not the link: where it is there is room for it. */
static void
resolve_output(struct settings *s)
{
	struct stat st;

	if (s->out == NULL || stat(s->out, &st) != 0 || !S_ISREG(st.st_mode) ||
	    lstat(s->out, &st) != 0 || !S_ISLNK(st.st_mode))
		return;
	s->resolved = realpath(s->out, NULL);
	if (s->resolved != NULL)
		s->out = s->resolved;
}

void
settings_parse(struct settings *s, int argc, char **argv)
{
	struct optparse parser;
	const char *arg;
	struct stat st;
	int key;

	*s = (struct settings){ .rcvbuf = 32 << 20,
		.queue_octets = 64 << 20,
		.rotate_ns = -1,
		.connections = 1024,
		.idle_ns = 3600 * NS_PER_S };
	opt_start(&parser, &flowrecv_program, argc, argv);
	while ((key = opt_next(&parser, &arg)) != 0)
		if (!take_input(s, key, arg) && !take_decoding(s, key, arg) &&
		    !take_output(s, key, arg))
			take_run(s, key, arg);
	if (parser.n_operands > 1)
		opt_usage(&flowrecv_program, "'%s': unexpected; the expression is one argument",
		    parser.operands[1]);
	if (parser.n_operands == 1)
		s->filter = expression(parser.operands[0]);
	opt_end(&parser);
	if (s->out != NULL && strcmp(s->out, "-") == 0)
		s->out = NULL;
	s->to_dir = s->out != NULL && stat(s->out, &st) == 0 && S_ISDIR(st.st_mode);
	resolve_output(s);
	check(s);
	complete(s);
}

void
settings_free(struct settings *s)
{
	free(s->resolved);
	mem_free(s->listen);
	mem_free(s->read);
	mem_free(s->source);
	mem_free(s->repeat);
	mem_free(s->peer);
	expr_free(s->filter);
}
