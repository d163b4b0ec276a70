/*
 * fuzz_flowalert_formats.c - whatever the texts of an alert hold, a line stays a line without control characters, and
 * every text ends with one.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/flowalert/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXTS = 7 };

static void
put(const struct format *f, const struct alert *a, struct buf *out)
{
	struct format_env env;

	format_env_init(&env, "host");
	if (f->begin != NULL)
		f->begin(&env, out);
	f->put(&env, a, out);
	if (f->end != NULL)
		f->end(&env, out);
	format_env_free(&env);
	assert(out->len > 0 && out->data[out->len - 1] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct format *const lines[] = { &format_ecs, &format_cef, &format_syslog };
	const struct addr src = addr_v4(0x0a000001);
	struct alert a = ALERT_NONE;
	char *text[TEXTS];
	struct buf out = { 0 };

	/* Texts one behind the other, a NUL between. */
	for (unsigned i = 0; i < TEXTS; i++) {
		size_t n = strnlen((const char *)data, len);

		text[i] = strndup((const char *)data, n);
		if (text[i] == NULL)
			abort();
		n += n < len;
		data += n;
		len -= n;
	}
	a.detector = text[0];
	a.kind = text[1];
	a.reason = text[2];
	a.why = text[3];
	a.attack = text[4];
	a.limits = text[5];
	a.subject = text[6];
	a.severity = SEVERITY_HIGH;
	a.src = text[6][0] != '\0' ? &src : NULL;
	for (unsigned f = 0; f < 3; f++) {
		out.len = 0;
		put(lines[f], &a, &out);
		for (size_t i = 0; i + 1 < out.len; i++)
			assert((unsigned char)out.data[i] >= 0x20);
	}
	out.len = 0;
	put(&format_stix, &a, &out);
	for (unsigned i = 0; i < TEXTS; i++)
		free(text[i]);
	buf_free(&out);
	return 0;
}
