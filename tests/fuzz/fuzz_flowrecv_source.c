/*
 * Lists of exporters (--source) from any text, of the command line and of a file.  What is refused has a reason; of
 * what is accepted every name is one for a directory, and an address is found by the longest prefix that has it.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../cmd/flowrecv/allow.h"
#include "../../cmd/flowrecv/partition.h"
#include "base/cursor.h"
#include "base/mem.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TEXTS = 8 };

static void
check_one(const struct allow *a, const struct addr *addr)
{
	const struct wire_source *source, *again;
	bool found = allow_find(a, addr, &source);

	assert(found || source == NULL);
	assert(found == allow_find(a, addr, &again) && source == again);
	if (source != NULL)
		assert(partition_name_good(source->name, strlen(source->name)));
}

/* Every address that stands in the text is one that is listened to. */
static void
check_text(const struct allow *a, const char *text)
{
	for (const char *p = strchr(text, '='); p != NULL; p = strchr(p, ',')) {
		size_t n = strcspn(++p, ",");
		const struct wire_source *source;
		struct addr addr;
		unsigned prefix;

		if (!parse_prefix(p, n, &addr, &prefix))
			continue;
		check_one(a, &addr);
		if (!(prefix < 96 && addr_is_v4(&addr)))
			assert(allow_find(a, &addr, &source) && source != NULL);
	}
}

static void
check(const char *const *texts, unsigned n, const struct addr *addr)
{
	struct err err = { .status = 0 };
	struct allow *a = allow_new(texts, n, &err);

	assert((a == NULL) == (err.status != 0) && (a != NULL || err.text[0] != '\0'));
	if (a == NULL)
		return;
	check_one(a, addr);
	for (unsigned i = 0; i < n; i++)
		if (texts[i][0] != '@')
			check_text(a, texts[i]);
	allow_free(a);
}

static void
check_file(const uint8_t *data, size_t len, const struct addr *addr)
{
	int fd = memfd_create("fuzz", 0);
	char path[64];
	const char *text = path;

	assert(fd >= 0 && write(fd, data, len) == (ssize_t)len);
	(void)snprintf(path, sizeof path, "@/proc/self/fd/%d", fd);
	check(&text, 1, addr);
	close(fd);
}

/* An address, then texts of the command line with a NUL behind each, which are the lines of the file too. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *texts[TEXTS];
	struct addr addr;
	unsigned n = 0;
	char *all;

	if (len < 16)
		return 0;
	memcpy(addr.b, data, 16);
	check_file(data + 16, len - 16, &addr);
	all = mem_alloc(len - 16 + 1);
	memcpy(all, data + 16, len - 16);
	all[len - 16] = '\0';
	for (char *p = all; p < all + len - 16 && n < TEXTS; p += strlen(p) + 1)
		if (*p != '@') /* no file of this machine */
			texts[n++] = p;
	check(texts, n, &addr);
	mem_free(all);
	return 0;
}
