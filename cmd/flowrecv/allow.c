#include "allow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "partition.h"

enum { FILE_MAX = 16 << 20 };

struct prefix {
	struct addr addr; /* masked */
	unsigned len; /* of 128 */
	unsigned order; /* as given: the first of two equal ones holds */
	struct wire_source *source;
};

struct allow {
	struct prefix *prefix;
	size_t n, cap;
	struct wire_source **sources;
	size_t n_sources;
	bool any; /* no source was given */
};

static int
add_prefix(struct allow *a, const char *p, size_t n, struct wire_source *source, struct err *err)
{
	struct prefix prefix = { .source = source, .order = (unsigned)a->n };

	if (!parse_prefix(p, n, &prefix.addr, &prefix.len))
		return err_usage(err, "'%.*s' is no address or prefix", (int)n, p);
	addr_mask(&prefix.addr, prefix.len);
	if (a->n == a->cap) {
		a->cap = a->cap ? 2 * a->cap : 16;
		a->prefix = mem_resize(a->prefix, a->cap, sizeof *a->prefix);
	}
	a->prefix[a->n++] = prefix;
	return 0;
}

static struct wire_source *
add_source(struct allow *a, const char *name, size_t n)
{
	struct wire_source *s = mem_zero(1, sizeof *s);

	s->name = mem_string_n(name, n);
	a->sources = mem_resize(a->sources, a->n_sources + 1, sizeof *a->sources);
	a->sources[a->n_sources++] = s;
	return s;
}

/* NAME=CIDR[,CIDR...][,sampling=N] */
static int
add_text(struct allow *a, const char *text, size_t n, struct err *err)
{
	static const char word[] = "sampling=";
	const char *end = text + n, *equals = memchr(text, '=', n), *p;
	size_t word_len = sizeof word - 1;
	struct wire_source *source;

	if (equals == NULL || !partition_name_good(text, (size_t)(equals - text)))
		return err_usage(err,
		    "'%.*s': expected NAME=PREFIX[,PREFIX...][,sampling=N], a name of letters, "
		    "digits, '.', '_' and '-'",
		    (int)n, text);
	source = add_source(a, text, (size_t)(equals - text));
	for (p = equals + 1; p <= end; p++) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t len = (size_t)((comma != NULL ? comma : end) - p);
		uint64_t packets;

		if (len > word_len && memcmp(p, word, word_len) == 0) {
			if (!parse_u64(p + word_len, len - word_len, &packets) || packets == 0 ||
			    packets > UINT32_MAX)
				return err_usage(
				    err, "'%.*s': expected sampling=N, N at least 1", (int)len, p);
			source->sampling = (uint32_t)packets;
		} else if (add_prefix(a, p, len, source, err) != 0) {
			return -1;
		}
		p += len;
	}
	return 0;
}

static int
add_lines(struct allow *a, const char *path, const char *text, size_t n, struct err *err)
{
	const char *end = text + n;
	unsigned number = 1;

	for (const char *p = text; p < end; number++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline != NULL ? newline : end;
		const char *hash = memchr(p, '#', (size_t)(stop - p)), *last;
		struct err why = { .status = 0 };

		last = hash != NULL ? hash : stop;
		while (p < last && strchr(" \t\r", *p) != NULL)
			p++;
		while (last > p && strchr(" \t\r", last[-1]) != NULL)
			last--;
		if (last > p && add_text(a, p, (size_t)(last - p), &why) != 0)
			return err_usage(err, "%s: line %u: %s", path, number, why.text);
		p = stop + 1;
	}
	return 0;
}

static int
add_file(struct allow *a, const char *path, struct err *err)
{
	struct buf text = { 0 };
	int rc = -1;

	/* Read again it would be empty, and nobody allowed. */
	if (strcmp(path, "-") == 0)
		return err_usage(
		    err, "@-: files are read again at SIGHUP, standard input cannot be");
	if (file_load(path, FILE_MAX, &text) == 0)
		rc = memchr(buf_cstr(&text), '\0', text.len) != NULL
			 ? err_usage(err, "%s: not a text: it holds a NUL", path)
			 : add_lines(a, path, buf_cstr(&text), text.len, err);
	else if (errno == EFBIG)
		err_usage(err, "%s: larger than 16 MiB", path);
	else
		err_usage(err, "%s: %s", path, strerror(errno));
	buf_free(&text);
	return rc;
}

/* The longest first; of one length by address. */
static int
compare(const void *x, const void *y)
{
	const struct prefix *a = x, *b = y;
	int c;

	if (a->len != b->len)
		return a->len > b->len ? -1 : 1;
	c = memcmp(a->addr.b, b->addr.b, sizeof a->addr.b);
	return c != 0 ? c : (a->order > b->order) - (a->order < b->order);
}

struct allow *
allow_new(const char *const *texts, unsigned n, struct err *err)
{
	struct allow *a = mem_zero(1, sizeof *a);
	int rc = 0;

	a->any = n == 0;
	for (unsigned i = 0; i < n && rc == 0; i++)
		rc = texts[i][0] == '@' ? add_file(a, texts[i] + 1, err)
					: add_text(a, texts[i], strlen(texts[i]), err);
	if (rc != 0) {
		allow_free(a);
		return NULL;
	}
	if (a->n > 0)
		qsort(a->prefix, a->n, sizeof *a->prefix, compare);
	return a;
}

void
allow_free(struct allow *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n_sources; i++) {
		mem_free((void *)(uintptr_t)a->sources[i]->name);
		mem_free(a->sources[i]);
	}
	mem_free(a->sources);
	mem_free(a->prefix);
	mem_free(a);
}

/* The first prefix of [from, to), all of one length, that is not before the address. */
static size_t
lower_bound(const struct allow *a, size_t from, size_t to, const struct addr *addr)
{
	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (memcmp(a->prefix[mid].addr.b, addr->b, sizeof addr->b) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

static size_t
end_of_length(const struct allow *a, size_t from)
{
	size_t lo = from, hi = a->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a->prefix[mid].len == a->prefix[from].len)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool
allow_find(const struct allow *a, const struct addr *addr, const struct wire_source **source)
{
	*source = NULL;
	for (size_t from = 0; from < a->n;) {
		size_t to = end_of_length(a, from), i;
		struct addr masked = *addr;

		/* A prefix shorter than ::/96 does not mean IPv4. */
		if (a->prefix[from].len < 96 && addr_is_v4(addr))
			break;
		addr_mask(&masked, a->prefix[from].len);
		i = lower_bound(a, from, to, &masked);
		if (i < to && addr_equal(&a->prefix[i].addr, &masked)) {
			*source = a->prefix[i].source;
			return true;
		}
		from = to;
	}
	return a->any;
}
