/*
 * fuzz_flowalert_suppress.c - whatever a suppression file holds, it is read or refused with a reason, and what was read
 * can be asked.
 */
#include <assert.h>
#include <string.h>

#include "../../cmd/flowalert/suppress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
tell(const char *subject, const struct err *err)
{
	assert(strcmp(subject, "fuzz") == 0 && err->status == EXIT_USAGE && err->text[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct suppressions s = { 0 };
	struct batch *b = batch_new();
	struct field_id src = field_iana(8);

	(void)suppress_parse(&s, "fuzz", (const char *)data, len, 0, tell);
	batch_extend(b, 1);
	batch_put_uint(b, (unsigned)batch_column(b, &src, TYPE_IP, 4, 0), 0, 1);
	batch_close(b);
	suppress_bind(&s, b);
	(void)suppress_has(&s, 0, 1);
	for (size_t i = 0; i < s.n; i++)
		assert(s.at[i].name[0] != '\0' && s.at[i].reason[0] != '\0');
	suppress_free(&s);
	batch_free(b);
	return 0;
}
