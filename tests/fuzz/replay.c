/*
 * replay.c - run a fuzz target over its corpus with any compiler; libFuzzer is not needed.
 *
 *	fuzz_NAME FILE|DIRECTORY ...
 *
 * FUZZ_ROUNDS=k also runs k variants of every input, cut short or with octets changed, from a fixed
 * seed, so that a failure can be repeated.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

struct input {
	uint8_t *data;
	size_t len;
};

static void
fail(const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	exit(3);
}

static struct input
read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	struct input in;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		fail(path);
	in.len = (size_t)st.st_size;
	/* of exactly its size, so that sanitizers see a read behind it */
	in.data = malloc(in.len ? in.len : 1);
	if (in.data == NULL || fread(in.data, 1, in.len, f) != in.len)
		fail(path);
	fclose(f);
	return in;
}

/* xorshift64* (S. Vigna, 2014) */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static void
run_variant(const struct input *in, uint64_t *state)
{
	size_t len = next_random(state) % 4 == 0 ? next_random(state) % (in->len + 1) : in->len;
	uint8_t *copy = malloc(len ? len : 1);

	if (copy == NULL)
		fail("memory");
	memcpy(copy, in->data, len);
	for (uint64_t flips = next_random(state) % 8; len > 0 && flips > 0; flips--) {
		uint64_t r = next_random(state);
		uint8_t *octet = &copy[(r >> 16) % len];

		if (r & 1)
			*octet = (uint8_t)(*octet ^ 1u << (r >> 8 & 7));
		else
			*octet = (uint8_t)(r >> 8);
	}
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static unsigned long
run_file(const char *path, unsigned long rounds)
{
	struct input in = read_file(path);
	uint64_t state = UINT64_C(0x9e3779b97f4a7c15) ^ in.len;

	(void)LLVMFuzzerTestOneInput(in.data, in.len);
	for (unsigned long i = 0; i < rounds; i++)
		run_variant(&in, &state);
	free(in.data);
	return 1 + rounds;
}

static unsigned long
run_path(const char *path, unsigned long rounds)
{
	struct dirent **names;
	unsigned long count = 0;
	struct stat st;
	int n;

	if (stat(path, &st) != 0)
		fail(path);
	if (!S_ISDIR(st.st_mode))
		return run_file(path, rounds);
	n = scandir(path, &names, NULL, alphasort);
	if (n < 0)
		fail(path);
	for (int i = 0; i < n; i++) {
		char child[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(child, sizeof(child), "%s/%s", path, names[i]->d_name);
			count += run_path(child, rounds);
		}
		free(names[i]);
	}
	free(names);
	return count;
}

int
main(int argc, char **argv)
{
	const char *env = getenv("FUZZ_ROUNDS");
	unsigned long rounds = env ? strtoul(env, NULL, 10) : 0, count = 0;

	for (int i = 1; i < argc; i++)
		count += run_path(argv[i], rounds);
	printf("%lu inputs\n", count);
	return count > 0 ? 0 : 1;
}
