#include "suppress.h"

#include <string.h>

#include "base/mem.h"
#include "base/stanza.h"
#include "base/time.h"
#include "expr/expr.h"

#include "text.h"

static const char *const keys[] = { "match", "until", "reason", NULL };

/* Of a date the day is in it: until 2026-12-31 ends with that day. */
static int
parse_until(const struct stanza_entry *e, const struct tz *tz, int64_t *ns, struct err *err)
{
	int64_t span;

	*ns = INT64_MAX;
	if (e == NULL || strcmp(e->value, "never") == 0)
		return 0;
	if (!parse_time(e->value, strlen(e->value), time_now_ns(), tz, ns, &span))
		return stanza_refuse(
		    err, e, 0, 0, "no time; write 2026-12-31, 2026-12-31T18:00 or never");
	if (span > 3600 * NS_PER_S) /* a day's, be it of 23 hours */
		*ns += span;
	return 0;
}

static int
parse_reason(struct suppression *s, const struct stanza *t, struct err *err)
{
	const struct stanza_entry *e = stanza_get(t, "reason");

	if (e == NULL)
		return err_usage(
		    err, "line %u: [%s] has no reason: why it is suppressed", t->line, t->name);
	s->reason = mem_string(e->value);
	return 0;
}

/* All that is wrong with a section is told; how much is. */
static unsigned
parse_section(struct suppression *s, const struct stanza *t, const char *path, const struct tz *tz,
    suppress_tell tell)
{
	struct err err = { 0 };
	unsigned wrong;

	s->expr = text_match(t, tz, &err);
	wrong = text_wrong(s->expr == NULL, path, &err, tell);
	wrong += text_wrong(parse_reason(s, t, &err), path, &err, tell);
	wrong += text_wrong(
	    parse_until(stanza_get(t, "until"), tz, &s->until_ns, &err), path, &err, tell);
	s->name = mem_string(t->name);
	s->line = t->line;
	if (s->expr != NULL)
		s->state = expr_state_new(s->expr);
	return wrong;
}

static void
free_suppression(struct suppression *s)
{
	expr_state_free(s->state);
	expr_free(s->expr);
	mem_free(s->name);
	mem_free(s->reason);
	mem_free(s->sel);
}

static unsigned
take_sections(struct suppressions *s, const char *path, const struct stanzas *text,
    const struct tz *tz, suppress_tell tell)
{
	unsigned errors = 0;

	for (size_t i = 0; i < text->n; i++) {
		struct suppression one = { 0 };
		unsigned wrong = parse_section(&one, &text->section[i], path, tz, tell);

		errors += wrong;
		if (wrong > 0) {
			free_suppression(&one);
			continue;
		}
		s->at = mem_resize(s->at, s->n + 1, sizeof(*s->at));
		s->at[s->n++] = one;
	}
	return errors;
}

unsigned
suppress_parse(struct suppressions *s, const char *name, const char *text, size_t len,
    const struct tz *tz, suppress_tell tell)
{
	struct stanzas stanzas;
	unsigned errors = stanzas_parse(&stanzas, text, len, keys, name, tell);

	errors += take_sections(s, name, &stanzas, tz, tell);
	stanzas_free(&stanzas);
	return errors;
}

unsigned
suppress_load(struct suppressions *s, const char *path, const struct tz *tz, suppress_tell tell)
{
	struct buf text = { 0 };
	unsigned errors;

	if (!text_load(path, &text, tell))
		return 1;
	errors = suppress_parse(s, path, buf_cstr(&text), text.len, tz, tell);
	buf_free(&text);
	return errors;
}

void
suppress_free(struct suppressions *s)
{
	for (size_t i = 0; i < s->n; i++)
		free_suppression(&s->at[i]);
	mem_free(s->at);
	*s = (struct suppressions){ 0 };
}

void
suppress_bind(struct suppressions *s, struct batch *b)
{
	size_t words = bits_words(b->n);

	for (size_t i = 0; i < s->n; i++) {
		struct suppression *one = &s->at[i];

		if (words > one->words) {
			one->sel = mem_resize(one->sel, words, sizeof(*one->sel));
			one->words = words;
		}
		(void)expr_select(one->state, b, one->sel);
	}
}

bool
suppress_has(struct suppressions *s, size_t rec, int64_t end_ns)
{
	struct suppression *expired = NULL;

	for (size_t i = 0; i < s->n; i++) {
		struct suppression *one = &s->at[i];

		if (!bits_get(one->sel, rec))
			continue;
		if (end_ns < one->until_ns) {
			one->suppressed++;
			return true;
		}
		expired = one;
	}
	if (expired != NULL)
		expired->expired++;
	return false;
}
