/*
 * name.c - what the name of a file in a store says.
 */
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "name.h"

/*
 * What is kept beside NAME and can be made again from it is .NAME and one of these.  Only such as are
 * known: .NAME.part and .NAME.XXXXXX are NAME being written.
 */
static const char *const sides[] = { ".idx" };
enum { N_SIDES = sizeof(sides) / sizeof(sides[0]), STAMP = 16 /* octets of 20261125T193000Z */ };

bool
name_is_flow(const char *name)
{
	return name[0] != '.' &&
	       (file_stem(name, ".flow") > 0 || file_stem(name, ".flow.incomplete") > 0);
}

/* "" or _2, _3 ... _999999 before .flow, as flowrecv counts. */
static bool
take_copy(const char **at, int64_t *copy)
{
	const char *p = *at;
	size_t n;

	*copy = 0;
	if (*p != '_')
		return true;
	n = strspn(p + 1, "0123456789");
	*at = p + 1 + n;
	return n <= 6 && parse_i64(p + 1, n, copy);
}

bool
name_time(const char *name, int64_t *ns)
{
	const char *rest = name + STAMP;
	int64_t copy, span_ns;
	char digits[14];

	if (strlen(name) < STAMP || name[8] != 'T' || name[15] != 'Z' || !take_copy(&rest, &copy) ||
	    (strcmp(rest, ".flow") != 0 && strcmp(rest, ".flow.incomplete") != 0))
		return false;
	memcpy(digits, name, 8);
	memcpy(digits + 8, name + 9, 6);
	/* only digits: parse_time knows other points in time of 14 octets */
	for (size_t i = 0; i < sizeof digits; i++)
		if (digits[i] < '0' || digits[i] > '9')
			return false;
	if (!parse_time(digits, sizeof digits, 0, NULL, ns, &span_ns))
		return false;
	*ns += copy;
	return true;
}

bool
name_is_side(const char *name)
{
	for (unsigned i = 0; i < N_SIDES; i++)
		if (name[0] == '.' && file_stem(name, sides[i]) > 0)
			return true;
	return false;
}

bool
name_side(struct buf *b, const char *name, unsigned i)
{
	if (i >= N_SIDES)
		return false;
	b->len = 0;
	buf_printf(b, ".%s%s", name, sides[i]);
	buf_cstr(b);
	return true;
}
