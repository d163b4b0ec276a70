/*
 * list.c - lists of values: in the text, `in [80 443 1000-2000]`, or of a file, `in @FILE`.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "expr/parse.h"

enum { LIST_FILE_MAX = 1 << 28 };

struct items {
	struct literal *item;
	size_t n, cap;
};

static void
items_add(struct items *s, const struct literal *l)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? s->cap * 2 : 16;
		s->item = mem_resize(s->item, s->cap, sizeof(*l));
	}
	s->item[s->n++] = *l;
}

/* Into the expression's memory. */
static const struct literal *
items_keep(struct parser *p, struct items *s)
{
	struct literal *kept = arena_alloc(&p->x->arena, (s->n + 1) * sizeof(*kept));

	if (s->n > 0)
		memcpy(kept, s->item, s->n * sizeof(*kept));
	mem_free(s->item);
	return kept;
}

static const char escapes[] = "escapes are \\\\ \\\" \\' \\n \\t \\xNN";
static const char wrong_escape[] = "the quoted text has a wrong escape";

/* l becomes the text that n octets from l->p are in quotes. */
static bool
take_quoted(struct parser *p, struct literal *l, size_t n)
{
	struct buf b = { 0 };
	bool good = lex_unquote(&b, l->p, n);

	if (good) {
		l->p = arena_string(&p->x->arena, b.len ? b.data : "", b.len);
		l->n = b.len;
		l->quoted = true;
	}
	buf_free(&b);
	return good;
}

bool
literal_at(struct parser *p, size_t at, size_t end, struct literal *l)
{
	const char *text = p->lex.text + at;

	*l = (struct literal){ .p = text, .n = end - at, .at = at, .end = end };
	if (end == at || (*text != '"' && *text != '\'') || take_quoted(p, l, end - at))
		return true;
	if (end - at < 2 || text[end - at - 1] != *text)
		refuse(p, at, end, "", "the quote is not closed");
	else
		refuse(p, at, end, escapes, "%s", wrong_escape);
	return false;
}

static const struct literal *
bracket_list(struct parser *p, size_t *n)
{
	size_t open = p->tok.at, pos = p->tok.end, end;
	struct items s = { 0 };
	struct literal l;

	for (;;) {
		pos = lex_blank(&p->lex, pos);
		if (pos == p->lex.len) {
			refuse(p, open, open + 1, "", "the list is not closed: ']' is missing");
			break;
		}
		if (p->lex.text[pos] == ']') {
			if (s.n == 0)
				refuse(p, open, pos + 1, "", "the list is empty");
			break;
		}
		if (p->lex.text[pos] == ',') {
			pos++;
			continue;
		}
		end = lex_word(&p->lex, pos, true);
		if (end == pos) {
			refuse(p, pos, pos + 1, "", "a list cannot hold '%c'", p->lex.text[pos]);
			break;
		}
		if (!literal_at(p, pos, end, &l))
			break;
		items_add(&s, &l);
		pos = end;
	}
	if (p->err->status != 0) {
		mem_free(s.item);
		return NULL;
	}
	p->lex.pos = pos + 1;
	parser_next(p);
	*n = s.n;
	return items_keep(p, &s);
}

/*
 * The text of an item that a line is in quotes from at on, with a comment behind it at most: where that ends; 0: the
 * line is no such item and stands for itself, quotes and all.
 */
static size_t
quoted_item(const char *text, size_t at, size_t end)
{
	const struct lex line = { .text = text, .len = end };
	size_t behind;

	if (text[at] != '"' && text[at] != '\'')
		return 0;
	behind = lex_word(&line, at, true);
	if (behind - at < 2 || text[behind - 1] != text[at])
		return 0;
	return lex_blank(&line, behind) == end ? behind : 0;
}

/* The end of an item that is not in quotes: at a comment or the end of the line, less blanks. */
static size_t
plain_item(const char *text, size_t at, size_t end)
{
	size_t last;

	for (last = at; last < end && text[last] != '#';)
		last++;
	while (last > at && strchr(" \t\r", text[last - 1]) != NULL)
		last--;
	return last;
}

static size_t
line_end(const char *text, size_t at, size_t len)
{
	const char *end = memchr(text + at, '\n', len - at);

	return end != NULL ? (size_t)(end - text) : len;
}

/* How many items a file has at most. */
static size_t
count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t at = 0, end; at < len; at = end + 1) {
		end = line_end(text, at, len);
		n += end > at;
	}
	return n;
}

/* An item a line; blanks around it, comments, and the mark that some editors begin with are not part of it. */
static const struct literal *
file_items(struct parser *p, const char *text, size_t len, const struct literal *where, size_t *n)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct literal *item =
	    arena_alloc(&p->x->arena, (count_lines(text, len) + 1) * sizeof(*item));
	size_t first = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
	uint32_t line = 1;

	*n = 0;
	for (size_t at = first, end; at < len; at = end + 1, line++) {
		struct literal l = { .at = where->at, .end = where->end, .line = line };
		size_t last;

		end = line_end(text, at, len);
		while (at < end && strchr(" \t\r", text[at]) != NULL)
			at++;
		last = at < end ? quoted_item(text, at, end) : 0;
		l.p = text + at;
		if (last > 0 && !take_quoted(p, &l, last - at)) {
			refuse(
			    p, l.at, l.end, escapes, "line %u of the list: %s", line, wrong_escape);
			return NULL;
		}
		if (last == 0)
			l.n = plain_item(text, at, end) - at;
		if (l.n > 0 || l.quoted)
			item[(*n)++] = l;
	}
	return item;
}

static const struct literal *
file_list(struct parser *p, size_t *n)
{
	size_t at = p->tok.end, end = lex_word(&p->lex, at, false);
	const struct literal *items;
	struct buf b = { 0 };
	struct literal l;
	char *path;

	if (!literal_at(p, at, end, &l))
		return NULL;
	if (l.n == 0) {
		refuse(p, p->tok.at, p->tok.end, "", "expected the name of a file behind '@'");
		return NULL;
	}
	path = arena_string(&p->x->arena, l.p, l.n);
	l.at = p->tok.at;
	if (file_load(path, LIST_FILE_MAX, &b) != 0) {
		refuse(p, l.at, end, "", "cannot read the list: %s", strerror(errno));
		buf_free(&b);
		return NULL;
	}
	if (b.len > 0 && memchr(b.data, '\0', b.len) != NULL) {
		refuse(p, l.at, end, "", "the list is no text: it holds a NUL");
		buf_free(&b);
		return NULL;
	}
	if (b.len == 0)
		p->x->empty = path;
	items = file_items(p, arena_string(&p->x->arena, b.len ? b.data : "", b.len), b.len, &l, n);
	buf_free(&b);
	if (items == NULL)
		return NULL;
	p->lex.pos = end;
	parser_next(p);
	return items;
}

const struct literal *
parse_list(struct parser *p, size_t *n)
{
	return p->tok.kind == TOK_AT ? file_list(p, n) : bracket_list(p, n);
}
