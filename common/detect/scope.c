#include "detect/scope.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

enum { OPT_INTERNAL = OPT_LONG + 1100, OPT_STATE, OPT_WINDOW, ALLOW_OCTETS = 1 << 26 };

const struct opt scope_options[] = {
	{ OPT_INTERNAL, "internal", ARG_TEXT, "NETS",
	    "our networks: PREFIX,PREFIX (default: private and link-local ones)", NULL },
	{ 'a', "allow", ARG_FILE, "FILE",
	    "no alerts about these: ADDRESS, PREFIX or either:PORT a line", NULL },
	{ 0 },
};

const struct opt scope_state_options[] = {
	{ OPT_STATE, "state", ARG_FILE, "FILE",
	    "go on where the last run ended, and keep this one's end", NULL },
	{ 0 },
};

const struct opt scope_baseline_options[] = {
	{ 'B', "baseline", ARG_FILE, "FILE", "what is normal, as flowbase learned it", NULL },
	{ 0 },
};

const struct opt scope_window_options[] = {
	{ OPT_WINDOW, "window", ARG_TEXT, "DURATION", "time that is looked at as one", NULL },
	{ 0 },
};

/* Prefixes ----------------------------------------------------------------------------------------- */

/*
 * A prefix of the 128-bit form.  The mapped IPv4 addresses are those of ::ffff:0:0/96: of a shorter prefix that is not
 * meant for them they are left out.
 */
static void
add_prefix(struct ranges *set, const struct addr *a, unsigned plen)
{
	const struct range keys = prefix_keys(a, plen);

	if (plen >= 96 || keys.lo > V4_FIRST || keys.hi < V4_LAST) {
		ranges_add(set, keys.lo, keys.hi);
		return;
	}
	ranges_add(set, keys.lo, V4_FIRST - 1);
	ranges_add(set, V4_LAST + 1, keys.hi);
}

/* Allow-lists -------------------------------------------------------------------------------------- */

struct port_prefixes {
	unsigned port;
	struct ranges prefixes;
};

struct allowed {
	struct ranges any; /* whatever the port */
	struct port_prefixes *ports; /* by port */
	size_t n_ports;
};

static struct ranges *
prefixes_of_port(struct allowed *a, unsigned port)
{
	size_t i = 0;

	while (i < a->n_ports && a->ports[i].port != port)
		i++;
	if (i == a->n_ports) {
		a->ports = mem_resize(a->ports, ++a->n_ports, sizeof(*a->ports));
		a->ports[i] = (struct port_prefixes){ .port = port };
	}
	return &a->ports[i].prefixes;
}

/* 192.0.2.1, 192.0.2.0/24, 192.0.2.1:443, 192.0.2.0/24:443, 2001:db8::1, [2001:db8::/32]:443, *:443 */
static bool
parse_allowed(struct allowed *a, const char *p, size_t n)
{
	const char *colon = memrchr(p, ':', n), *bracket = memchr(p, ']', n);
	struct addr addr = { 0 };
	uint64_t port = 0;
	unsigned plen = 0;
	size_t len = n;

	if (parse_prefix(p, n, &addr, &plen)) {
		add_prefix(&a->any, &addr, plen);
		return true;
	}
	if (colon == NULL || !parse_u64(colon + 1, (size_t)(p + n - colon - 1), &port) ||
	    port > UINT16_MAX)
		return false;
	len = (size_t)(colon - p);
	if (len > 1 && p[0] == '[' && bracket == colon - 1) {
		p++;
		len -= 2;
	}
	if (len == 1 && *p == '*') {
		add_prefix(prefixes_of_port(a, (unsigned)port), &addr, 0);
		addr = addr_v4(0);
		plen = 96;
	} else if (!parse_prefix(p, len, &addr, &plen)) {
		return false;
	}
	add_prefix(prefixes_of_port(a, (unsigned)port), &addr, plen);
	return true;
}

/* What is told of a text: its beginning. */
static int
shown(const char *from, const char *to)
{
	return (int)(to - from > 60 ? 60 : to - from);
}

/* One in the line, or none; a comment behind it. */
static int
parse_line(struct allowed *a, const char *p, const char *end, struct err *err)
{
	const char *hash = memchr(p, '#', (size_t)(end - p)), *word_end;

	if (hash != NULL)
		end = hash;
	while (p < end && strchr(" \t\r", *p) != NULL)
		p++;
	while (end > p && strchr(" \t\r", end[-1]) != NULL)
		end--;
	for (word_end = p; word_end < end && strchr(" \t\r", *word_end) == NULL;)
		word_end++;
	if (word_end > p && !parse_allowed(a, p, (size_t)(word_end - p)))
		return err_set(err, "'%.*s' is no ADDRESS, PREFIX, or either:PORT ([IPV6]:PORT)",
		    shown(p, word_end), p);
	if (word_end < end)
		return err_set(err,
		    "'%.*s' is more than one in a line, and a comment begins with #", shown(p, end),
		    p);
	return 0;
}

static int
parse_lines(struct allowed *a, const char *name, const char *p, size_t len, struct err *err)
{
	const char *stop = p + len;

	for (unsigned line = 1; p < stop; line++) {
		const char *newline = memchr(p, '\n', (size_t)(stop - p));
		const char *end = newline != NULL ? newline : stop;
		struct err why = { .status = 0 };

		if (parse_line(a, p, end, &why) != 0)
			return err_set(err, "%s: line %u: %s", name, line, why.text);
		p = end + 1;
	}
	return 0;
}

static void
free_allowed(struct allowed *a)
{
	if (a == NULL)
		return;
	ranges_free(&a->any);
	for (size_t i = 0; i < a->n_ports; i++)
		ranges_free(&a->ports[i].prefixes);
	mem_free(a->ports);
	mem_free(a);
}

/* Another list adds to what there is. */
static int
read_allowed(struct scope *s, const char *path, struct err *err)
{
	struct buf text = { 0 };
	int rc;

	if (s->allowed == NULL)
		s->allowed = mem_zero(1, sizeof(*s->allowed));
	rc = file_load(path, ALLOW_OCTETS, &text);
	if (rc == 0 && memchr(buf_cstr(&text), '\0', text.len) != NULL)
		rc = err_set(err, "%s: not a text: it holds a NUL", path);
	else if (rc == 0)
		rc = parse_lines(s->allowed, path, buf_cstr(&text), text.len, err);
	else
		(void)err_set(
		    err, "%s: %s", path, errno == EFBIG ? "more than 64 MiB" : strerror(errno));
	ranges_normalise(&s->allowed->any);
	for (size_t i = 0; i < s->allowed->n_ports; i++)
		ranges_normalise(&s->allowed->ports[i].prefixes);
	buf_free(&text);
	return rc;
}

bool
scope_allows(const struct scope *s, const struct addr *a, int port)
{
	if (s->allowed == NULL)
		return false;
	if (scope_has(&s->allowed->any, a))
		return true;
	for (size_t i = 0; port >= 0 && i < s->allowed->n_ports; i++)
		if (s->allowed->ports[i].port == (unsigned)port)
			return scope_has(&s->allowed->ports[i].prefixes, a);
	return false;
}

/* The scope ---------------------------------------------------------------------------------------- */

static void
note_first_octets(struct scope *s)
{
	for (uint32_t i = 0; i < 256; i++)
		s->internal_v4[i] = (uint8_t)ranges_zone(
		    &s->internal, V4_FIRST | i << 24, V4_FIRST | i << 24 | UINT32_C(0xffffff));
}

static int
parse_internal(struct scope *s, const char *list, struct err *err)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		unsigned plen;
		struct addr a;

		if (!parse_prefix(list, n, &a, &plen))
			return err_usage(err,
			    "--internal: '%.*s' is no prefix; write 10.0.0.0/8,2001:db8::/32",
			    shown(list, list + n), list);
		add_prefix(&s->internal, &a, plen);
		list += n + (list[n] == ',');
	}
	ranges_normalise(&s->internal);
	note_first_octets(s);
	return 0;
}

void
scope_init(struct scope *s)
{
	struct err ignored = { 0 };

	*s = (struct scope){ .internal_text = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,"
					      "169.254.0.0/16,fc00::/7,fe80::/10" };
	(void)parse_internal(s, s->internal_text, &ignored);
}

void
scope_free(struct scope *s)
{
	ranges_free(&s->internal);
	free_allowed(s->allowed);
	s->allowed = NULL;
}

int
scope_opt(struct scope *s, int key, const char *arg, struct err *err)
{
	switch (key) {
	case OPT_INTERNAL:
		ranges_free(&s->internal);
		s->internal_text = arg;
		return parse_internal(s, arg, err) == 0 ? 1 : -1;
	case 'a': return read_allowed(s, arg, err) == 0 ? 1 : -1;
	case 'B': s->baseline = arg; return 1;
	case OPT_STATE: s->state = arg; return 1;
	case OPT_WINDOW:
		if (!parse_duration(arg, strlen(arg), false, &s->window_ns) || s->window_ns <= 0)
			return err_usage(
			    err, "--window: '%s' is no duration; write 10m, 1h or 1d", arg);
		return 1;
	default: return 0;
	}
}

void
scope_tell_unfit(uint64_t records, uint64_t unfit, void (*say)(const char *, const struct err *))
{
	struct err told = { 0 };

	if (records == 0 || unfit < records)
		return;
	(void)err_set(&told,
	    "none of the %llu records has two addresses and a time: nothing was looked at",
	    (unsigned long long)records);
	say(NULL, &told);
}

void
scope_tell_uncounted(uint64_t records, uint64_t uncounted, const char *so,
    void (*say)(const char *, const struct err *))
{
	struct err told = { 0 };

	if (records == 0 || uncounted < records)
		return;
	(void)err_set(
	    &told, "none of the %llu records counts octets: %s", (unsigned long long)records, so);
	say(NULL, &told);
}

void
scope_tell_foreign(
    uint64_t records, uint64_t foreign, void (*say)(const char *, const struct err *))
{
	struct err told = { 0 };

	if (records == 0 || foreign < records)
		return;
	(void)err_set(&told,
	    "none of the %llu records has an address of our networks: which are ours --internal "
	    "says",
	    (unsigned long long)records);
	say(NULL, &told);
}

void
scope_tell_back(uint64_t times, void (*say)(const char *, const struct err *))
{
	struct err told = { 0 };

	if (times == 0)
		return;
	(void)err_set(&told,
	    "the input goes back in time %llu time%s: what was answered there may count as "
	    "unanswered; it is best in order of time (flowcat -O end:asc)",
	    (unsigned long long)times, plural(times));
	say(NULL, &told);
}

bool
scope_unicast(const struct addr *a)
{
	if (addr_is_v4(a)) {
		uint32_t v4 = addr_u32(a);

		return v4 >> 24 != 0 && v4 < UINT32_C(0xe0000000); /* RFC 1122 3.2.1.3 */
	}
	return a->b[0] != 0xff && !addr_is_zero(a);
}
