/*
 * Any text as what follows -k, -v and -O: it is refused with a reason and as wrong usage, or is at least one key, value
 * or field.
 */
#include <assert.h>

#include "base/mem.h"
#include "ops/group.h"
#include "ops/sort.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { TEXT_MAX = 1024 };

static void
check(int rc, size_t n, const struct err *err)
{
	assert(rc == 0 ? n > 0 && err->status == 0
		       : rc == -1 && err->status == EXIT_USAGE && err->text[0] != '\0');
}

static void
try_keys(const char *text)
{
	struct group_spec spec = { .n_keys = 0 };
	struct err err = { 0 }, again = { 0 };
	int rc = group_spec_keys(&spec, text, &err);

	check(rc, spec.n_keys, &err);
	if (rc == 0 && group_spec_values(&spec, "flows", &again) == 0)
		(void)group_spec_check(&spec, &again);
	group_spec_free(&spec);
}

static void
try_values(const char *text)
{
	struct group_spec spec = { .n_keys = 0 };
	struct err err = { 0 }, again = { 0 };
	int rc = group_spec_values(&spec, text, &err);

	check(rc, spec.n_values, &err);
	if (rc == 0 && group_spec_keys(&spec, "srcip/24,end/5m", &again) == 0)
		(void)group_spec_check(&spec, &again);
	group_spec_free(&spec);
}

static void
try_order(const char *text)
{
	struct sort_key *keys = NULL;
	struct err err = { 0 };
	size_t n = 0;
	int rc = sort_keys_parse(&keys, &n, text, &err);

	check(rc, n, &err);
	sort_keys_free(keys);
}

static void
try_fields(const char *text)
{
	struct field_list list = { 0 };
	struct err err = { 0 };
	int rc = field_list_parse(&list, text, &err);

	check(rc, list.n + list.all + (list.relative != NULL), &err);
	field_list_free(&list);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text;

	if (len > TEXT_MAX)
		return 0;
	text = mem_string_n((const char *)data, len);
	try_keys(text);
	try_values(text);
	try_order(text);
	try_fields(text);
	mem_free(text);
	return 0;
}
