/*
 * settings.c - flowrecv's options.
 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/num.h"
#include "net/address.h"
#include "settings.h"

enum {
	KEY_ROTATE = OPT_LONG + 1,
	KEY_NAME,
	KEY_FLUSH,
	KEY_RAW,
	KEY_STRICT,
	KEY_SCOPE,
	KEY_LIFETIME,
	KEY_RCVBUF,
	KEY_PORT_FILE,
	KEY_FAST,
	KEY_LEVEL,
	KEY_NO_HISTORY
};

static const struct opt input[] = {
	{ 'l', "listen", ARG_TEXT, "udp:[HOST:]PORT",
	    "receive here, repeatable (default udp:2055; port 0: a free one)", NULL },
	{ 'r', "read", ARG_FILE, "CAPTURE",
	    "read export packets from a pcap or pcapng capture or an IPFIX file, repeatable",
	    NULL },
	{ KEY_RAW, "raw", ARG_NONE, NULL, "keep every element as sent beside start and end", NULL },
	{ KEY_STRICT, "strict", ARG_NONE, NULL, "discard malformed messages whole (RFC 7011 9.1)",
	    NULL },
	{ KEY_SCOPE, "template-scope", ARG_WORDS, "SCOPE",
	    "templates belong to an exporter's address, or address and port (default)",
	    "ip ip,port" },
	{ KEY_LIFETIME, "template-lifetime", ARG_TEXT, "DURATION",
	    "forget templates not repeated for so long (default 30m)", NULL },
	{ KEY_RCVBUF, "rcvbuf", ARG_TEXT, "SIZE", "receive buffer of a socket (default 32Mi)",
	    NULL },
	{ KEY_PORT_FILE, "port-file", ARG_FILE, "FILE",
	    "write ADDRESS:PORT of each socket there when ready", NULL },
	{ 0 },
};
static const struct opt output[] = {
	{ 'w', "write", ARG_FILE, "FILE|DIR", "write there (- standard output)", NULL },
	{ KEY_ROTATE, "rotate", ARG_TEXT, "DURATION",
	    "begin a new file of DIR each, aligned to UTC (default 5m; 0 never)", NULL },
	{ KEY_NAME, "name", ARG_TEXT, "PATTERN",
	    "strftime pattern of file names in DIR (default %Y%m%dT%H%M%SZ.flow)", NULL },
	{ KEY_FLUSH, "flush", ARG_TEXT, "DURATION",
	    "hold records at most so long (default 0.2s for pipes, 1s for files)", NULL },
	{ KEY_FAST, "fast", ARG_NONE, NULL, "files without compression: larger, faster", NULL },
	{ KEY_LEVEL, "level", ARG_TEXT, "N", "zstd level of files (default 1)", NULL },
	{ KEY_NO_HISTORY, "no-history", ARG_NONE, NULL, "do not record how the output was made",
	    NULL },
	{ 0 },
};
static const struct opt run[] = {
	{ 'q', "quiet", ARG_NONE, NULL, "say nothing that is not an error", NULL },
	{ 'v', "verbose", ARG_NONE, NULL, "say what was done on standard error", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { input, output, run, NULL };
const struct program flowrecv_program = {
	.name = "flowrecv",
	.synopsis = "[options]",
	.purpose = "collect NetFlow, IPFIX and sFlow into a flow stream",
	.tables = tables,
	.examples = "flowrecv -l udp:2055 -w /var/flows --rotate 5m\n"
		    "flowrecv -l udp:127.0.0.1:2055 | flowcat -o ndjson\n"
		    "flowrecv -r export.pcap -w export.flow\n",
};

static const char **
append(const char **list, unsigned *n, const char *s)
{
	list = mem_resize(list, *n + 1, sizeof *list);
	list[(*n)++] = s;
	return list;
}

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

static int
receive_buffer(const char *arg)
{
	uint64_t octets;

	if (!parse_size(arg, strlen(arg), &octets) || octets == 0 || octets > INT_MAX / 2)
		opt_usage(&flowrecv_program, "--rcvbuf '%s': expected a size up to 1Gi", arg);
	return (int)octets;
}

static const char *
listen_address(const char *arg)
{
	struct err err = { .status = 0 };
	struct address a;

	if (address_parse(&a, arg, ADDRESS_LISTEN, 1 << TRANSPORT_UDP, &err) != 0)
		opt_usage(&flowrecv_program, "--listen: %s", err.text);
	return arg;
}

static bool
scope_ip(const char *arg)
{
	if (strcmp(arg, "ip") != 0 && strcmp(arg, "ip,port") != 0)
		opt_usage(&flowrecv_program, "--template-scope '%s': expected ip or ip,port", arg);
	return strcmp(arg, "ip") == 0;
}

static int
level(const char *arg)
{
	uint64_t n;

	if (!parse_u64(arg, strlen(arg), &n) || n < 1 || n > 19)
		opt_usage(&flowrecv_program, "--level '%s': expected 1 to 19", arg);
	return (int)n;
}

/* What goes together, and what follows from what was not said. */
static void
complete(struct settings *s, bool has_rotate)
{
	struct stat st;

	if (s->n_listen > 0 && s->n_read > 0)
		opt_usage(&flowrecv_program, "either --listen or --read");
	if (s->n_read > 0 && s->port_file != NULL)
		opt_usage(&flowrecv_program, "--port-file goes with --listen");
	if (s->n_read == 0 && s->n_listen == 0)
		s->listen = append(s->listen, &s->n_listen, "2055");
	if (s->out != NULL && strcmp(s->out, "-") == 0)
		s->out = NULL;
	s->to_dir = s->out != NULL && stat(s->out, &st) == 0 && S_ISDIR(st.st_mode);
	if (!s->to_dir && (has_rotate || s->pattern != NULL))
		opt_usage(
		    &flowrecv_program, "--rotate and --name need -w DIR, a directory that exists");
	if (s->to_dir && !has_rotate)
		s->rotate_ns = 300 * NS_PER_S;
	if (s->pattern == NULL)
		s->pattern = "%Y%m%dT%H%M%SZ.flow";
	if (s->pattern[0] == '\0' || s->pattern[0] == '.' || strchr(s->pattern, '/') != NULL)
		opt_usage(&flowrecv_program,
		    "--name '%s': file names are not empty, begin with no dot and hold no slash",
		    s->pattern);
	if (s->out == NULL && isatty(STDOUT_FILENO))
		opt_usage(&flowrecv_program,
		    "standard output is a terminal: use -w FILE, or pipe into flowcat");
}

void
settings_parse(struct settings *s, int argc, char **argv)
{
	struct optparse parser;
	const char *arg;
	bool has_rotate = false;
	int key;

	*s = (struct settings){ .rcvbuf = 32 << 20 };
	opt_start(&parser, &flowrecv_program, argc, argv);
	while ((key = opt_next(&parser, &arg)) != 0) {
		switch (key) {
		case 'l': s->listen = append(s->listen, &s->n_listen, listen_address(arg)); break;
		case 'r': s->read = append(s->read, &s->n_read, arg); break;
		case 'w': s->out = arg; break;
		case 'q': s->quiet = true; break;
		case 'v': s->verbose = true; break;
		case KEY_ROTATE:
			s->rotate_ns = whole_seconds("rotate", arg);
			has_rotate = true;
			break;
		case KEY_NAME: s->pattern = arg; break;
		case KEY_FLUSH: s->flush_ns = duration("flush", arg); break;
		case KEY_RAW: s->wire.raw = true; break;
		case KEY_STRICT: s->wire.strict = true; break;
		case KEY_SCOPE: s->wire.scope_ip = scope_ip(arg); break;
		case KEY_LIFETIME:
			s->wire.lifetime_s =
			    (unsigned)(whole_seconds("template-lifetime", arg) / NS_PER_S);
			break;
		case KEY_RCVBUF: s->rcvbuf = receive_buffer(arg); break;
		case KEY_PORT_FILE: s->port_file = arg; break;
		case KEY_FAST: s->fast = true; break;
		case KEY_LEVEL: s->level = level(arg); break;
		case KEY_NO_HISTORY: s->no_history = true; break;
		default: break;
		}
	}
	if (parser.n_operands > 0)
		opt_usage(&flowrecv_program, "'%s': unexpected; captures are read with -r",
		    parser.operands[0]);
	opt_end(&parser);
	complete(s, has_rotate);
}

void
settings_free(struct settings *s)
{
	mem_free(s->listen);
	mem_free(s->read);
}
