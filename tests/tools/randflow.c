/*
 * randflow - a random flow stream, and what it holds, for readers written elsewhere.
 *
 *	randflow SEED pipe|file|fast OUT.flow > cells.txt
 *
 * Each line: record, enterprise.element.instance (or the name in quotes), type, the value in hex
 * (octets; numbers as 16 digits, signed ones extended; addresses as 16 octets).  Missing cells have no line.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/random_batch.h"
#include "stream/stream.h"

static void
print_cell(const struct column *c, size_t rec, size_t number)
{
	uint64_t v = 0;

	printf("%zu %" PRIu32 ".%u.%u", number, c->id.pen, c->id.id, c->id.instance);
	if (c->id.named != NULL)
		for (const char *p = c->id.named; *p; p++)
			printf("%s%02x", p == c->id.named ? "=" : "", (unsigned char)*p);
	printf(" %u ", c->type);
	if (c->type == TYPE_IP) {
		struct addr a;

		if (c->width == 4)
			a = addr_v4(((const uint32_t *)c->data)[rec]);
		else
			memcpy(a.b, (const uint8_t *)c->data + rec * 16, 16);
		for (int i = 0; i < 16; i++)
			printf("%02x", a.b[i]);
	} else if (c->width == 0) {
		for (uint32_t i = c->off[rec]; i < c->off[rec + 1]; i++)
			printf("%02x", ((const uint8_t *)c->data)[i]);
	} else {
		memcpy(&v, (const uint8_t *)c->data + rec * c->width, c->width);
		if (c->type == TYPE_INT && c->width < 8 && v >> (8 * c->width - 1))
			v |= ~UINT64_C(0) << (8 * c->width);
		printf("%016" PRIx64, v);
	}
	putchar('\n');
}

static void
print_batch(const struct batch *b, size_t first)
{
	for (size_t rec = 0; rec < b->n; rec++)
		for (unsigned k = 0; k < b->n_cols; k++)
			if (!(b->col[k].flags & COLUMN_EMPTY) &&
			    (b->col[k].present == NULL || bits_get(b->col[k].present, rec)))
				print_cell(&b->col[k], rec, first + rec);
}

int
main(int argc, char **argv)
{
	uint64_t seed = argc == 4 ? strtoull(argv[1], NULL, 10) : 0;
	int fd = argc == 4 ? open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
	enum block_profile profile = argc == 4 && strcmp(argv[2], "file") == 0	 ? PROFILE_FILE
				     : argc == 4 && strcmp(argv[2], "fast") == 0 ? PROFILE_FAST
										 : PROFILE_PIPE;
	struct encoder *e = encoder_new(profile, 0);
	struct stream_writer *w;
	struct buf out = { 0 };
	struct err err = { 0 };
	size_t first = 0;

	if (fd < 0) {
		fprintf(stderr, "usage: randflow SEED pipe|file|fast OUT.flow\n");
		return 2;
	}
	w = stream_create(fd, "randflow");
	for (uint64_t k = 0; k < 3; k++) {
		uint64_t state = seed + k;
		struct batch *b =
		    random_batch(seed * 3 + k, 1 + rnd_below(&state, k == 2 ? 2500 : 700));

		out.len = 0;
		if (block_encode(e, b, &out, &err) != 0 ||
		    stream_put(w, out.data, out.len, &err) != 0)
			return 3;
		print_batch(b, first);
		first += b->n;
		batch_free(b);
	}
	if (stream_finish(w, &err) != 0)
		return 3;
	stream_abandon(w);
	encoder_free(e);
	buf_free(&out);
	return 0;
}
