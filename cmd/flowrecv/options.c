#include "options.h"

#include <stddef.h>

#include "flow/field.h"

static const struct opt input[] = {
	{ 'l', "listen", ARG_TEXT, "udp|tcp|tls|sctp:[HOST:]PORT",
	    "receive here, repeatable (default udp:2055; port 0: a free one)", NULL },
	{ 'r', "read", ARG_FILE, "CAPTURE",
	    "read export packets from a pcap or pcapng capture or an IPFIX file, repeatable",
	    NULL },
	{ KEY_SOURCE, "source", ARG_TEXT, "NAME=NET,...|@FILE",
	    "listen to these exporters only, and call them so; repeatable", NULL },
	{ KEY_SAMPLING, "sampling", ARG_TEXT, "N",
	    "exporters that say nothing count 1 of N packets", NULL },
	{ KEY_RCVBUF, "rcvbuf", ARG_TEXT, "SIZE", "receive buffer of a socket (default 32Mi)",
	    NULL },
	{ KEY_CERT, "cert", ARG_FILE, "FILE", "our certificate for tls, PEM", NULL },
	{ KEY_KEY, "key", ARG_FILE, "FILE", "its key", NULL },
	{ KEY_CA, "ca", ARG_FILE, "FILE", "the authority that peers' certificates are from", NULL },
	{ KEY_PEER, "peer", ARG_TEXT, "NAME",
	    "only exporters whose certificate has this DNS name; repeatable", NULL },
	{ KEY_CONNECTIONS, "connections", ARG_TEXT, "N", "at most so many (default 1024)", NULL },
	{ KEY_IDLE, "idle", ARG_TEXT, "DURATION",
	    "close connections that send nothing for so long (default 1h; 0 never)", NULL },
	{ KEY_PORT_FILE, "port-file", ARG_FILE, "FILE",
	    "write ADDRESS:PORT of each socket there when ready", NULL },
	{ 0 },
};
static const struct opt decoding[] = {
	{ KEY_TEMPLATES, "templates", ARG_FILE, "FILE",
	    "remember templates and options there over restarts", NULL },
	{ KEY_SCOPE, "template-scope", ARG_WORDS, "SCOPE",
	    "templates belong to an exporter's address, or address and port (default)",
	    "ip ip,port" },
	{ KEY_LIFETIME, "template-lifetime", ARG_TEXT, "DURATION",
	    "forget templates not repeated for so long (default 30m)", NULL },
	{ KEY_HOLD, "hold", ARG_TEXT, "SIZE",
	    "hold so much data that came before its template (default 64Mi, 0 none)", NULL },
	{ KEY_RAW, "raw", ARG_NONE, NULL, "keep every element as sent beside start and end", NULL },
	{ KEY_STRICT, "strict", ARG_NONE, NULL,
	    "discard malformed messages whole, use no template of another port (RFC 7011)", NULL },
	{ 0 },
};
static const struct opt output[] = {
	{ 'w', "write", ARG_FILE, "FILE|DIR", "write there (- standard output)", NULL },
	{ KEY_ROTATE, "rotate", ARG_TEXT, "DURATION",
	    "begin a new file of DIR each, aligned to UTC (default 5m; 0 never)", NULL },
	{ KEY_NAME, "name", ARG_TEXT, "PATTERN",
	    "strftime pattern of file names in DIR (default %Y%m%dT%H%M%SZ.flow)", NULL },
	{ 'S', "subdir", ARG_TEXT, "PATTERN",
	    "strftime pattern of sub-directories of DIR, such as %Y/%m/%d", NULL },
	{ KEY_PARTITION, "partition", ARG_WORDS, "BY",
	    "a directory of DIR for each exporter, or exporter and domain", "exporter domain" },
	{ KEY_FLUSH, "flush", ARG_TEXT, "DURATION",
	    "hold records at most so long (default 0.2s for pipes, 1s for files)", NULL },
	{ KEY_QUEUE, "queue", ARG_TEXT, "SIZE",
	    "blocks that wait for a disk or reader that has stopped (default 64Mi)", NULL },
	{ KEY_FAST, "fast", ARG_NONE, NULL, "files without compression: larger, faster", NULL },
	{ KEY_LEVEL, "level", ARG_TEXT, "N", "zstd level of files (default 1)", NULL },
	{ KEY_NO_HISTORY, "no-history", ARG_NONE, NULL, "do not record how the output was made",
	    NULL },
	{ 'x', "exec", ARG_TEXT, "COMMAND", "run it for every complete file, $1", NULL },
	{ 'e', "expire", ARG_TEXT, "LIMITS",
	    "after each file delete the oldest of DIR, see flowexpire(1)", NULL },
	{ 'R', "repeat", ARG_TEXT, "HOST:PORT", "send datagrams on as they came, repeatable",
	    NULL },
	{ KEY_SPOOF, "spoof", ARG_NONE, NULL, "with their exporters' addresses (needs privileges)",
	    NULL },
	{ 0 },
};
static const struct opt run[] = {
	{ 'j', "threads", ARG_TEXT, "N", "worker threads (default: all processors, at most 4)",
	    NULL },
	{ KEY_METRICS, "metrics", ARG_FILE, "FILE",
	    "write counters there for Prometheus, every 10 seconds", NULL },
	{ 'u', "user", ARG_TEXT, "USER[:GROUP]", "become this user once sockets are open", NULL },
	{ KEY_NO_SANDBOX, "no-sandbox", ARG_NONE, NULL,
	    "do not give up files and system calls that are not needed", NULL },
	{ KEY_STATS, "stats", ARG_NONE, NULL, "print statistics at the end", NULL },
	{ 'q', "quiet", ARG_NONE, NULL, "say nothing that is not an error", NULL },
	{ 'v', "verbose", ARG_NONE, NULL, "say what was done on standard error", NULL },
	{ 0 },
};
static const struct opt *const tables[] = { input, decoding, output, run, NULL };
const struct program flowrecv_program = {
	.name = "flowrecv",
	.synopsis = "[options] [EXPRESSION]",
	.purpose = "collect NetFlow, IPFIX and sFlow into a flow stream",
	.tables = tables,
	.help_fields = field_help,
	.examples = "flowrecv -l udp:2055 -w /var/flows --rotate 5m\n"
		    "flowrecv -l udp:127.0.0.1:2055 'dst port 445' | flowcat -o ndjson\n"
		    "flowrecv -r export.pcap -w export.flow\n",
};
