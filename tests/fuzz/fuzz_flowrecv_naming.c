/*
 * Names of files and directories by strftime patterns: --name, a newline, --subdir.  A pattern that is accepted
 * names, whenever it is, a file below the directory and no hidden one; that some name is too long for the file system
 * is told when it is, and the collector goes on.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../cmd/flowrecv/naming.h"
#include "base/mem.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static char dir[] = "/tmp/fuzz_naming.XXXXXX";

/* A Wednesday in September, the ends of a year, the last second of 32 bits, the last of all. */
static const int64_t times_s[] = { 0, 1726012800, 1735689599, 1735689600, 4294967295, 9223372035 };

static void
check_path(const char *path)
{
	size_t n = strlen(dir);

	assert(strncmp(path, dir, n) == 0 && path[n] == '/');
	for (const char *p = path + n; p != NULL; p = strchr(p + 1, '/'))
		assert(p[1] != '\0' && p[1] != '/' && p[1] != '.');
}

/* Directories that were made for a file, from the last one up; frees the path. */
static void
remove_directories(char *path)
{
	char *slash;

	while ((slash = strrchr(path, '/')) != NULL && (size_t)(slash - path) > strlen(dir)) {
		*slash = '\0';
		(void)rmdir(path);
	}
	mem_free(path);
}

static void
check(const char *pattern, const char *subdir)
{
	const struct naming naming = { .dir = dir, .subdir = subdir, .pattern = pattern };

	for (size_t i = 0; i < sizeof times_s / sizeof times_s[0]; i++) {
		struct err err = { .status = 0 };
		char *path;
		struct output *o = naming_create(&naming, "", times_s[i] * NS_PER_S, NULL, &err);

		if (o == NULL) {
			assert(
			    err.text[0] != '\0' && strstr(err.text, "gives no file name") == NULL);
			continue;
		}
		path = mem_string(output_path(o));
		check_path(path);
		output_discard(o);
		remove_directories(path);
	}
}

static void
remove_dir(void)
{
	(void)rmdir(dir);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool made;
	char *text, *subdir;

	if (!made && (mkdtemp(dir) == NULL || atexit(remove_dir) != 0))
		abort();
	made = true;
	if (len > 1000)
		return 0;
	text = mem_string_n((const char *)data, len);
	subdir = strchr(text, '\n');
	if (subdir != NULL)
		*subdir++ = '\0';
	if (naming_check(text, false) && (subdir == NULL || naming_check(subdir, true)))
		check(text, subdir);
	mem_free(text);
	return 0;
}
