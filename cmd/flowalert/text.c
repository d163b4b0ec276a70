#include "text.h"

#include <errno.h>
#include <string.h>

#include "base/die.h"
#include "base/file.h"
#include "expr/expr.h"
#include "flow/value.h"

bool
text_load(const char *path, struct buf *text, void (*tell)(const char *, const struct err *))
{
	struct err err = { 0 };

	if (file_load(path, STANZA_OCTETS, text) == 0)
		return true;
	(void)err_set(&err, "%s", errno == EFBIG ? "more than 4 MiB" : strerror(errno));
	tell(path, &err);
	buf_free(text);
	return false;
}

unsigned
text_wrong(
    int rc, const char *path, struct err *err, void (*tell)(const char *, const struct err *))
{
	if (rc == 0)
		return 0;
	tell(path, err);
	*err = (struct err){ 0 };
	return 1;
}

struct expr *
text_compile(const struct stanza_entry *e, const struct tz *tz, struct err *err)
{
	struct err why = { 0 };
	struct expr *x = expr_compile(e->value, tz, &why);

	if (x == NULL)
		(void)err_usage(err, "line %u: %s: %s", e->line, e->key, why.text);
	else if (expr_empty_list(x) != NULL)
		diag(expr_empty_list(x), "an empty list: nothing is in it");
	return x;
}

struct expr *
text_match(const struct stanza *t, const struct tz *tz, struct err *err)
{
	const struct stanza_entry *e = stanza_get(t, "match");

	if (e != NULL)
		return text_compile(e, tz, err);
	(void)err_usage(err, "line %u: [%s] has no match: an expression", t->line, t->name);
	return NULL;
}

enum severity
text_severity(const char *name)
{
	int n = severity_number(name, strlen(name));

	return n >= SEVERITY_LOW && n <= SEVERITY_CRITICAL ? (enum severity)n : 0;
}

double
text_score(enum severity s)
{
	static const double score[] = { 0, 0.3, 0.6, 0.8, 0.95 };

	return score[s];
}
