#include "rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/num.h"
#include "base/stanza.h"
#include "expr/expr.h"

#include "text.h"

static const char *const keys[] = { "match", "keys", "window", "threshold", "first", "severity",
	"score", "attack", "note", NULL };

/* Parsing ------------------------------------------------------------------------------------------ */

/* The text without the blanks that people put behind commas. */
static char *
squeeze(const char *text)
{
	char *out = mem_string(text), *to = out;

	for (const char *p = text; *p != '\0'; p++)
		if (strchr(" \t\n", *p) == NULL)
			*to++ = *p;
	*to = '\0';
	return out;
}

/* An expression for people: without comments, in one line. */
static char *
tidy(const char *text)
{
	char *out = mem_string(text), *to = out;

	for (const char *p = text; *p != '\0';) {
		bool blank = strchr(" \t\n", *p) != NULL;

		if (*p == '#' && to > out && to[-1] == ' ') {
			p += strcspn(p, "\n");
			continue;
		}
		if (!blank)
			*to++ = *p;
		else if (to > out && to[-1] != ' ')
			*to++ = ' ';
		p++;
	}
	while (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return out;
}

static int
parse_keys(struct rule *r, const struct stanza_entry *e, struct err *err)
{
	struct err why = { 0 };
	char *list;
	int rc;

	if (e == NULL)
		return 0;
	list = squeeze(e->value);
	rc = group_spec_keys(&r->spec, list, &why);
	if (rc != 0)
		rc = stanza_refuse(err, e, 0, 0, "%s", why.text);
	mem_free(list);
	r->n_own_keys = r->spec.n_keys;
	return rc;
}

static int
parse_rule_window(struct rule *r, const struct stanza_entry *e, struct err *err)
{
	char key[FMT_MAX + 8];

	if (e == NULL)
		return 0;
	if (!parse_duration(e->value, strlen(e->value), false, &r->window_ns) || r->window_ns <= 0)
		return stanza_refuse(err, e, 0, 0, "no duration; write 5m, 1h or 1d");
	snprintf(key, sizeof(key), "end/%lldns", (long long)r->window_ns);
	return group_spec_keys(&r->spec, key, err);
}

/* A field that the threshold reads is a value of the groups, unless it is one of their keys. */
struct wanting {
	struct rule *r;
	const struct stanza_entry *e;
	struct err *err;
	bool failed;
};

static bool
is_there(const struct group_spec *s, const struct field *f)
{
	for (size_t k = 0; k < s->n_keys; k++)
		for (unsigned i = 0; i < f->n; i++)
			if (field_id_equal(&f->id[i], &s->keys[k].as))
				return true;
	for (size_t v = 0; v < s->n_values; v++)
		for (unsigned i = 0; i < f->n; i++)
			if (field_id_equal(&f->id[i], &s->values[v].as))
				return true;
	return false;
}

static void
want_value(void *ctx, const struct field *f)
{
	struct wanting *w = ctx;
	struct err why = { 0 };
	const char *name = f->n > 0 && f->id[0].pen == PEN_NAMED ? f->id[0].named : f->name;
	const char *at;

	if (w->failed)
		return;
	if (w->r->window_ns > 0 && f->n > 0 && f->id[0].pen == PEN_OWN && f->id[0].id == OWN_END) {
		(void)stanza_refuse(w->err, w->e, 0, 0,
		    "a window has no end, duration or rate; write bytes > 1G for those");
		w->failed = true;
		return;
	}
	if (is_there(&w->r->spec, f))
		return;
	if (group_spec_values(&w->r->spec, name, &why) == 0)
		return;
	at = strstr(w->e->value, name);
	(void)stanza_refuse(w->err, w->e, at != NULL ? (size_t)(at - w->e->value) : 0,
	    at != NULL ? strlen(name) : 0, "%s", why.text);
	w->failed = true;
}

static int
parse_threshold(struct rule *r, const struct stanza_entry *e, const struct tz *tz, bool has_keys,
    struct err *err)
{
	struct wanting w = { r, e, err, false };

	if (group_spec_values(&r->spec, RULE_VALUES, err) != 0)
		return -1;
	if (e == NULL)
		return 0;
	r->threshold_text = tidy(e->value);
	r->threshold = text_compile(e, tz, err);
	if (r->threshold == NULL)
		return -1;
	if (!has_keys) /* they are wrong, so what it may read is not known */
		return 0;
	expr_fields(r->threshold, want_value, &w);
	return w.failed ? -1 : 0;
}

static int
parse_severity(struct rule *r, const struct stanza_entry *e, struct err *err)
{
	r->severity = e != NULL ? text_severity(e->value) : SEVERITY_MEDIUM;
	r->score = text_score(r->severity);
	return r->severity != 0
		   ? 0
		   : stanza_refuse(err, e, 0, 0, "none of low, medium, high, critical");
}

/* Behind the severity, whose score it replaces. */
static int
parse_score(struct rule *r, const struct stanza_entry *e, struct err *err)
{
	if (e == NULL ||
	    (parse_double(e->value, strlen(e->value), &r->score) && r->score >= 0 && r->score <= 1))
		return 0;
	return stanza_refuse(err, e, 0, 0, "no number from 0 to 1");
}

/* T1046 or T1071.001, commas between. */
static int
parse_attack(struct rule *r, const struct stanza_entry *e, struct err *err)
{
	size_t at = 0;

	if (e == NULL)
		return 0;
	while (e->value[at] != '\0') {
		size_t n = strcspn(e->value + at, ", \t"), digits = 0;

		for (size_t i = 1; i < n; i++)
			digits += e->value[at + i] >= '0' && e->value[at + i] <= '9';
		if (n > 0 &&
		    (e->value[at] != 'T' || (n != 5 && n != 9) || digits != (n == 5 ? 4u : 7u) ||
			(n == 9 && e->value[at + 5] != '.')))
			return stanza_refuse(err, e, at, n,
			    "no technique of ATT&CK; write T1046 or T1071.001, commas between");
		at += n;
		at += strspn(e->value + at, ", \t");
	}
	r->attack = squeeze(e->value);
	return 0;
}

static int
parse_first(struct rule *r, const struct stanza_entry *e, bool has_keys, struct err *err)
{
	if (e == NULL)
		return 0;
	if (!parse_duration(e->value, strlen(e->value), false, &r->first_ns) || r->first_ns <= 0)
		return stanza_refuse(
		    err, e, 0, 0, "no duration: how long to watch before anything is new");
	if (r->window_ns > 0)
		return stanza_refuse(
		    err, e, 0, 0, "what is the first ever is so of all time: leave out window");
	if (!has_keys)
		return stanza_refuse(err, e, 0, 0, "without keys nothing is the first");
	return 0;
}

/* All that is wrong with a section is told; how much is. */
static unsigned
parse_rule(
    struct rule *r, const struct stanza *t, const char *name, const struct tz *tz, rules_tell tell)
{
	const struct stanza_entry *note = stanza_get(t, "note"), *own = stanza_get(t, "keys");
	struct err err = { 0 };
	unsigned wrong, wrong_keys;

	r->name = mem_string(t->name);
	r->note = note != NULL ? mem_string(note->value) : NULL;
	r->line = t->line;
	r->match = text_match(t, tz, &err);
	wrong = text_wrong(r->match == NULL, name, &err, tell);
	wrong_keys = text_wrong(parse_keys(r, own, &err), name, &err, tell);
	wrong += wrong_keys;
	wrong += text_wrong(parse_rule_window(r, stanza_get(t, "window"), &err), name, &err, tell);
	wrong +=
	    text_wrong(parse_threshold(r, stanza_get(t, "threshold"), tz, wrong_keys == 0, &err),
		name, &err, tell);
	wrong +=
	    text_wrong(parse_first(r, stanza_get(t, "first"), own != NULL, &err), name, &err, tell);
	wrong += text_wrong(parse_severity(r, stanza_get(t, "severity"), &err), name, &err, tell);
	wrong += text_wrong(parse_score(r, stanza_get(t, "score"), &err), name, &err, tell);
	wrong += text_wrong(parse_attack(r, stanza_get(t, "attack"), &err), name, &err, tell);
	group_spec_zone(&r->spec, tz);
	if (wrong > 0 || group_spec_check(&r->spec, &err) == 0)
		return wrong;
	err = (struct err){ 0 };
	(void)err_usage(&err, "line %u: [%s]: keys or threshold cannot be", t->line, t->name);
	return text_wrong(-1, name, &err, tell);
}

static void
free_rule(struct rule *r)
{
	mem_free(r->name);
	mem_free(r->note);
	mem_free(r->attack);
	mem_free(r->threshold_text);
	expr_free(r->match);
	expr_free(r->threshold);
	group_spec_free(&r->spec);
}

static bool
has_name(const struct rules *rules, const char *name)
{
	for (size_t i = 0; i < rules->n; i++)
		if (strcmp(rules->at[i].name, name) == 0)
			return true;
	return false;
}

unsigned
rules_parse(struct rules *rules, const char *name, const char *text, size_t len,
    const struct tz *tz, rules_tell tell)
{
	struct stanzas stanzas;
	struct err err = { 0 };
	unsigned errors = stanzas_parse(&stanzas, text, len, keys, name, tell);

	for (size_t i = 0; i < stanzas.n; i++) {
		const struct stanza *t = &stanzas.section[i];
		struct rule one = { 0 };
		unsigned wrong = 0;

		if (has_name(rules, t->name))
			wrong = text_wrong(
			    err_usage(&err, "line %u: [%s] is in a file before", t->line, t->name),
			    name, &err, tell);
		wrong += parse_rule(&one, t, name, tz, tell);
		errors += wrong;
		if (wrong > 0) {
			free_rule(&one);
			continue;
		}
		rules->at = mem_resize(rules->at, rules->n + 1, sizeof(*rules->at));
		rules->at[rules->n++] = one;
	}
	stanzas_free(&stanzas);
	return errors;
}

unsigned
rules_load(struct rules *rules, const char *path, const struct tz *tz, rules_tell tell)
{
	struct buf text = { 0 };
	unsigned errors;

	if (!text_load(path, &text, tell))
		return 1;
	errors = rules_parse(rules, path, buf_cstr(&text), text.len, tz, tell);
	buf_free(&text);
	return errors;
}

void
rules_free(struct rules *rules)
{
	for (unsigned w = 0; w < rules->n_workers; w++) {
		for (size_t i = 0; i < rules->n; i++) {
			expr_state_free(rules->workers[w].match[i]);
			group_free(rules->workers[w].table[i]);
		}
		mem_free(rules->workers[w].match);
		mem_free(rules->workers[w].table);
		mem_free(rules->workers[w].sel);
	}
	mem_free(rules->workers);
	for (size_t i = 0; i < rules->n; i++)
		free_rule(&rules->at[i]);
	mem_free(rules->at);
}

/* Matching ----------------------------------------------------------------------------------------- */

void
rules_start(struct rules *rules, unsigned workers, uint64_t memory_octets)
{
	rules->n_workers = workers;
	rules->workers = mem_zero(workers, sizeof(*rules->workers));
	for (unsigned w = 0; w < workers; w++) {
		rules->workers[w].match = mem_zero(rules->n + 1, sizeof(struct expr_state *));
		rules->workers[w].table = mem_zero(rules->n + 1, sizeof(struct group_table *));
	}
	for (size_t i = 0; i < rules->n; i++)
		rules->at[i].spec.memory = memory_octets / rules->n;
}

int
rules_add(
    struct rules *rules, unsigned worker, struct batch *b, const uint64_t *sel, struct err *err)
{
	struct rule_worker *w = &rules->workers[worker];
	size_t words = bits_words(b->n);

	if (words > w->words) {
		w->sel = mem_resize(w->sel, words, sizeof(*w->sel));
		w->words = words;
	}
	for (size_t i = 0; i < rules->n; i++) {
		const struct rule *r = &rules->at[i];
		uint64_t any = 0;

		if (w->match[i] == NULL)
			w->match[i] = expr_state_new(r->match);
		(void)expr_select(w->match[i], b, w->sel);
		for (size_t k = 0; k < words; k++)
			any |= w->sel[k] &= sel[k];
		if (any == 0)
			continue;
		if (w->table[i] == NULL)
			w->table[i] = group_new(&r->spec, rules->n_workers);
		if (group_add(w->table[i], b, w->sel, err) != 0)
			return -1;
	}
	return 0;
}
