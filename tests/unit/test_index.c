/*
 * The index of files: the records that random conditions select are the same with it and without, whatever the
 * addresses, missing values, types, segments and options; damage in it is found, or changes nothing.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/file.h"
#include "base/hash.h"
#include "expr/expr.h"
#include "random_batch.h"
#include "stream/index.h"
#include "tap.h"

enum { FILES = 120, CONDITIONS = 40, FLIPS = 6, ADDRESSES = 3000, POOL_PORTS = 400 };

static uint64_t seed;

static unsigned
below(unsigned n)
{
	return (unsigned)rnd_below(&seed, n);
}

/* Files ------------------------------------------------------------------------------------------ */

/* Address i of the pool: IPv4, IPv6, and what is near the border of both. */
static struct addr
address(unsigned i)
{
	struct addr a = { .b = { 0x20, 0x01, (uint8_t)(i % 7),
			      (uint8_t)(i % 3), [5] = (uint8_t)(i % 5), [7] = (uint8_t)(i / 256),
			      [15] = (uint8_t)i } };

	if (i % 2 == 0)
		return addr_v4(UINT32_C(10) << 24 | (i % 11) << 16 | (i / 100) << 8 | (i & 255));
	if (i % 101 == 1)
		return (struct addr){ .b = { [15] = (uint8_t)(i / 101) } };
	if (i % 103 == 2)
		return (struct addr){ .b = { [9] = 1, [15] = (uint8_t)(i / 103) } };
	return a;
}

struct shape {
	unsigned first, n; /* of the pool: the block's addresses */
	bool v4;
};

static void
put_column(struct batch *b, const struct field_id *id, enum type type, unsigned width,
    const struct shape *s)
{
	static const unsigned missing[] = { 0, 0, 0, 5, 60, 100 };
	int col = batch_column(b, id, type, width, 0);
	unsigned rate = missing[below(6)];

	for (size_t i = 0; i < b->n; i++) {
		unsigned k = s->first + below(s->n);
		struct addr a = address(s->v4 ? k & ~1U : k);

		if (below(100) < rate)
			continue;
		if (type == TYPE_IP)
			batch_put_ip(b, (unsigned)col, i, &a);
		else if (type == TYPE_BYTES)
			batch_put_octets(b, (unsigned)col, i, a.b, 16);
		else if (type == TYPE_TIME)
			batch_put_uint(b, (unsigned)col, i,
			    (uint64_t)(INT64_C(1795428000) + s->first) * 1000000000 + below(5));
		else
			batch_put_uint(b, (unsigned)col, i,
			    below(8) ? 1000 + (s->first + below(9)) % POOL_PORTS
				     : 32000 + below(3000));
	}
}

static struct batch *
random_flows(uint64_t *serial, bool options)
{
	static const struct field_id ids[] = { { .id = 8 }, { .id = 12 }, { .id = 27 },
		{ .id = 15 }, { .pen = PEN_OWN, .id = OWN_EXPORTER } };
	static const struct field_id ports[] = { { .id = 7 }, { .id = 11 }, { .id = 180 } };
	static const struct field_id times[] = { { .pen = PEN_OWN, .id = OWN_START },
		{ .pen = PEN_OWN, .id = OWN_END }, { .pen = PEN_OWN, .id = OWN_RECEIVED } };
	const struct field_id name = { .pen = PEN_NAMED, .named = "serial" }, pad = { .id = 371 };
	struct batch *b = batch_new();
	struct shape s = { below(ADDRESSES - 200), 1 + below(200), below(2) };
	int col;

	b->options = options;
	batch_extend(b, 100 + below(900));
	for (unsigned i = 0; i < 5; i++)
		if (below(4) != 0)
			put_column(b, &ids[i], below(60) ? TYPE_IP : TYPE_BYTES,
			    s.v4 && below(2) ? 4 : 16, &s);
	for (unsigned i = 0; i < 3; i++)
		if (below(4) != 0)
			put_column(
			    b, &ports[i], below(60) ? TYPE_UINT : TYPE_INT, below(2) ? 2 : 4, &s);
	for (unsigned i = 0; i < 3; i++)
		if (below(5) != 0)
			put_column(b, &times[i], TYPE_TIME, 8, &s);
	col = batch_column(b, &name, TYPE_UINT, 8, 0);
	for (size_t i = 0; i < b->n; i++)
		batch_put_uint(b, (unsigned)col, i, (*serial)++);
	/* Octets that nothing makes small: the index has its share of them. */
	col = batch_column(b, &pad, TYPE_STRING, 0, 0);
	for (size_t i = 0; i < b->n; i++) {
		uint64_t text[6];

		for (unsigned k = 0; k < 6; k++)
			text[k] = rnd(&seed);
		batch_put_octets(b, (unsigned)col, i, text, sizeof(text));
	}
	batch_close(b);
	return b;
}

/*
 * One to three segments in a file without a name; sometimes one has no index.  noted: what indexes say is made before.
 */
static int
random_file_by(bool noted)
{
	static const enum block_profile profiles[] = { PROFILE_PIPE, PROFILE_FILE, PROFILE_FAST };
	struct encoder *e = encoder_new(profiles[below(3)], 0);
	struct stream_noter *noter = stream_noter_new();
	int fd = memfd_create("index", MFD_CLOEXEC);
	struct buf out = { 0 }, notes = { 0 };
	struct err err = { 0 };
	uint64_t serial = 0;

	for (unsigned segments = 1 + below(3); segments > 0; segments--) {
		struct stream_writer *w = stream_create(fd, "test_index");

		if (below(6) != 0)
			stream_index(w);
		for (unsigned blocks = 1 + below(below(4) ? 20 : 60); blocks > 0; blocks--) {
			struct batch *b = random_flows(&serial, below(8) == 0);
			size_t before = out.len;

			if (block_encode(e, b, &out, &err) != 0)
				abort();
			if (noted)
				stream_note(noter, out.data + before, out.len - before, &notes);
			batch_free(b);
			if (blocks > 1 && below(3) == 0)
				continue; /* goes with the next */
			if (stream_put_noted(w, out.data, out.len, &notes, &err) != 0)
				abort();
			out.len = notes.len = 0;
		}
		if (stream_finish(w, &err) != 0)
			abort();
		stream_abandon(w);
	}
	encoder_free(e);
	stream_noter_free(noter);
	buf_free(&out);
	buf_free(&notes);
	return fd;
}

static int
random_file(void)
{
	return random_file_by(false);
}

/* Reading ---------------------------------------------------------------------------------------- */

struct answer {
	uint64_t selected, hash, options, first, passed;
	bool failed, unusable;
};

struct question {
	const struct expr *x;
	bool invert;
};

static bool
wants(void *ctx, const struct probe *p)
{
	const struct question *q = ctx;

	return expr_ask(q->x, p) != (q->invert ? EXPR_ALL : EXPR_NONE);
}

static void
take(struct answer *a, struct batch *b, struct expr_state *s, bool invert)
{
	const struct field_id name = { .pen = PEN_NAMED, .named = "serial" };
	uint64_t sel[BATCH_RECORDS / 64];
	const uint64_t *serial = batch_plain(b, (unsigned)batch_find(b, &name))->data;

	if (b->options) {
		a->options = hash_u64(a->options, serial[0] + b->n);
		return;
	}
	if (a->first == 0)
		a->first = 1 + serial[0];
	(void)expr_select(s, b, sel);
	for (size_t i = 0; i < b->n; i++) {
		if (bits_get(sel, i) == invert)
			continue;
		a->selected++;
		a->hash = hash_u64(a->hash, serial[i]);
	}
}

static struct answer
ask(int fd, struct question *q, bool index)
{
	struct expr_state *state = expr_state_new(q->x);
	struct stream_slot *slot = slot_new();
	struct answer a = { .selected = 0 };
	enum stream_status status;
	struct stream_reader *r;
	struct err err = { 0 };

	lseek(fd, 0, SEEK_SET);
	r = stream_open(dup(fd), 0, NULL, 0);
	if (index)
		a.unusable = stream_pass_over(r, wants, q, true, &err) != 0;
	while ((status = stream_next(r, slot, &err)) == STREAM_BATCH)
		take(&a, slot_batch(slot), state, q->invert);
	a.failed = status == STREAM_FAILED;
	a.passed = stream_totals(r)->passed_blocks;
	stream_close(r);
	slot_free(slot);
	expr_state_free(state);
	return a;
}

static bool
same(const struct answer *a, const struct answer *b)
{
	return a->selected == b->selected && a->hash == b->hash && a->options == b->options &&
	       a->first == b->first && a->failed == b->failed;
}

/* Conditions -------------------------------------------------------------------------------------- */

static void
put_address(struct buf *out)
{
	struct addr a = address(below(ADDRESSES));

	out->len += fmt_ip(buf_room(out, 64), &a);
}

static void
put_leaf(struct buf *out)
{
	static const char *const fields[] = { "ip", "src ip", "dst ip",
		"srcip =", "nexthop =", "exporter =", "srcip !=", "dstip >", "dstip <=" };
	static const char *const times[] = { "start", "end", "received" };
	static const unsigned lengths4[] = { 8, 12, 16, 19, 24, 28, 31, 32 };
	static const unsigned lengths6[] = { 16, 32, 40, 48, 60, 64, 96, 120, 128 };
	struct addr a = address(below(ADDRESSES));

	switch (below(8)) {
	case 0:
		buf_puts(out, below(2) ? "net " : "dst net ");
		out->len += fmt_ip(buf_room(out, 64), &a);
		buf_printf(out, "/%u", addr_is_v4(&a) ? lengths4[below(8)] : lengths6[below(9)]);
		return;
	case 1:
		buf_puts(out, below(2) ? "srcip in [" : "ip not in [");
		for (unsigned n = 1 + below(5); n > 0; n--) {
			put_address(out);
			buf_putc(out, ' ');
		}
		buf_puts(out, "]");
		return;
	case 2:
		buf_printf(out, "%s %u", below(2) ? "port" : "dst port",
		    below(4) ? 1000 + below(POOL_PORTS) : 31000 + below(5000));
		return;
	case 3: buf_printf(out, "srcport %s %u", below(2) ? ">" : "<=", 900 + below(600)); return;
	case 4:
		buf_printf(out, "%s %s %u", times[below(3)],
		    below(2) ? ">" : "<=", 1795428000 + below(ADDRESSES));
		return;
	case 5: buf_puts(out, below(2) ? "has srcip" : "`serial` < 3000"); return;
	default: buf_printf(out, "%s ", fields[below(9)]); put_address(out);
	}
}

static void
put_condition(struct buf *out, unsigned depth)
{
	if (depth == 0 || below(3) == 0) {
		put_leaf(out);
		return;
	}
	buf_puts(out, below(4) == 0 ? "not (" : "(");
	put_condition(out, depth - 1);
	buf_puts(out, below(2) ? ") and (" : ") or (");
	put_condition(out, depth - 1);
	buf_putc(out, ')');
}

static struct expr *
random_condition(struct buf *text)
{
	struct err err = { 0 };
	struct expr *x;

	text->len = 0;
	put_condition(text, below(4));
	x = expr_compile(buf_cstr(text), 0, &err);
	if (x == NULL)
		printf("# %s\n# %s\n", buf_cstr(text), err.text);
	return x;
}

/* Tests ------------------------------------------------------------------------------------------- */

struct tally {
	unsigned wrong, failed, unsound, large, flips, found, empty;
	uint64_t passed, answers, octets;
};

static void
flip(int fd, uint64_t at)
{
	uint8_t octet;

	if (pread(fd, &octet, 1, (off_t)at) != 1)
		abort();
	octet ^= (uint8_t)(1 << below(8));
	if (pwrite(fd, &octet, 1, (off_t)at) != 1)
		abort();
}

/* Any bit of the last index block. */
static void
damage(int fd, struct question *q, const struct answer *want, struct tally *t)
{
	uint64_t end = (uint64_t)lseek(fd, 0, SEEK_END), at = index_find(fd, end), where;
	int copy = memfd_create("copy", MFD_CLOEXEC);
	uint8_t *all = mem_alloc(end);
	struct answer got;

	if (at == UINT64_MAX || pread(fd, all, end, 0) != (ssize_t)end ||
	    write(copy, all, end) != (ssize_t)end)
		goto out;
	where = at + below((unsigned)(end - HEADER_LEN - at));
	flip(copy, where);
	got = ask(copy, q, true);
	t->flips++;
	t->found += got.unusable;
	/* What the header's seal covers is damage of the stream too; all else is the index's only. */
	if (where < at + HEADER_LEN + INDEX_HEAD)
		t->wrong += !got.failed || got.selected > want->selected;
	else
		t->wrong += !same(&got, want);
out:
	mem_free(all);
	close(copy);
}

static void
one_file(struct tally *t)
{
	int fd = random_file();
	struct stream_index_info info;
	struct buf text = { 0 };
	struct err err = { 0 };

	t->unsound += stream_index_check(fd, &err) != 0;
	if (stream_index_info(fd, &info, &err) != 0 ||
	    info.octets > (uint64_t)lseek(fd, 0, SEEK_END) / INDEX_SHARE)
		t->large++;
	t->octets += info.octets;
	for (unsigned i = 0; i < CONDITIONS; i++) {
		struct expr *x = random_condition(&text);
		struct question q = { x, below(4) == 0 };
		struct answer want, got;

		if (x == NULL) {
			t->failed++;
			continue;
		}
		want = ask(fd, &q, false);
		got = ask(fd, &q, true);
		t->answers++;
		t->passed += got.passed;
		t->empty += want.selected == 0;
		t->failed += want.failed || got.unusable;
		if (!same(&want, &got)) {
			printf("# %" PRIu64 " selected, %" PRIu64 " with the index: %s%s\n",
			    want.selected, got.selected, q.invert ? "not " : "", buf_cstr(&text));
			t->wrong++;
		}
		if (i < FLIPS)
			damage(fd, &q, &want, t);
		expr_free(x);
	}
	buf_free(&text);
	close(fd);
}

/* One address less in a filter whose hashes hold: only the check of the data can know. */
static void
lies_are_found(void)
{
	struct err err = { 0 };
	struct stat st;
	uint64_t at, lines, entries, hash;
	uint8_t *p;
	int fd, copy;

	seed = 3;
	do {
		fd = random_file();
		at = fstat(fd, &st) == 0 ? index_find(fd, (uint64_t)st.st_size) : UINT64_MAX;
		p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	} while (at == UINT64_MAX || le_uint(p + at + HEADER_LEN + X_LINES, 4) == 0);
	ok(stream_index_check(fd, &err) == 0, "an index that is as the data passes");
	p += at;
	lines = le_uint(p + HEADER_LEN + X_LINES, 4) * INDEX_LINE;
	entries = le_uint(p + HEADER_LEN + X_BLOCKS, 4) * INDEX_ENTRY;
	memset(p + HEADER_LEN + INDEX_HEAD + entries, 0, lines);
	hash = hash_xxh3(p + HEADER_LEN + INDEX_HEAD + entries, lines);
	memcpy(p + HEADER_LEN + X_COMMON, &hash, 8);
	header_seal(p, HEADER_LEN + INDEX_HEAD);
	ok(stream_index_check(fd, &err) != 0, "one without what the data has does not");
	is_str(err.text, "index without an address, network or port that a block has",
	    "and that is said");
	p[HEADER_LEN + X_VERSION] = INDEX_VERSION - 1;
	header_seal(p, HEADER_LEN + INDEX_HEAD);
	err = (struct err){ 0 };
	ok(stream_index_check(fd, &err) != 0 && strstr(err.text, "older version") != NULL,
	    "one of an older version is not believed: %s", err.text);
	copy = memfd_create("copy", MFD_CLOEXEC);
	err = (struct err){ 0 };
	ok(stream_index_copy(fd, copy, &err) == 0 && stream_index_check(copy, &err) == 0,
	    "and is made anew");
	close(copy);
	close(fd);
}

/* Is the index of any use for a condition that selects what it does without? */
static bool
index_serves(int fd, const char *condition)
{
	struct err err = { 0 };
	struct expr *x = expr_compile(condition, 0, &err);
	struct question q = { x, false };
	struct answer want = ask(fd, &q, false), got = ask(fd, &q, true);

	expr_free(x);
	return same(&want, &got) && !got.unusable && got.passed > 0;
}

/* Filters are read for addresses and ports only: damage in them is none for times. */
static void
times_need_no_filters(void)
{
	static const char never[] = "start < 1970-02-01 and end < 1970-02-01",
			  nobody[] = "ip 203.0.113.77";
	struct stat st;
	uint64_t at, lines;
	int fd;

	seed = 3;
	do {
		uint8_t octets[HEADER_LEN + INDEX_HEAD] = { 0 };

		fd = random_file();
		at = fstat(fd, &st) == 0 ? index_find(fd, (uint64_t)st.st_size) : UINT64_MAX;
		lines = at != UINT64_MAX && file_read_at(fd, octets, sizeof(octets), at)
			    ? le_uint(octets + HEADER_LEN + X_LINES, 4)
			    : 0;
		at += sizeof(octets) + le_uint(octets + HEADER_LEN + X_BLOCKS, 4) * INDEX_ENTRY;
	} while (lines == 0 || !index_serves(fd, never) || !index_serves(fd, nobody));
	flip(fd, at + below((unsigned)lines * INDEX_LINE));
	ok(index_serves(fd, never) && !index_serves(fd, nobody),
	    "a damaged filter of all serves times, not addresses");
	close(fd);
}

struct stay {
	unsigned from, to; /* blocks */
};

/* A file of many blocks, of which some have one address more; so many of them are put at once. */
static int
file_put(unsigned blocks, unsigned at_once, struct stay stay, const struct addr *a)
{
	const struct field_id src = { .id = 8 }, pad = { .id = 371 };
	const struct field_id serial = { .pen = PEN_NAMED, .named = "serial" };
	struct encoder *e = encoder_new(PROFILE_FILE, 0);
	int fd = memfd_create("stay", MFD_CLOEXEC);
	struct stream_writer *w = stream_create(fd, "test_index");
	struct buf out = { 0 };
	struct err err = { 0 };

	stream_index(w);
	for (unsigned k = 0; k < blocks; k++) {
		struct batch *b = batch_new();
		unsigned ip = (unsigned)batch_column(b, &src, TYPE_IP, 4, 0);
		unsigned octets = (unsigned)batch_column(b, &pad, TYPE_STRING, 0, 0);
		unsigned number = (unsigned)batch_column(b, &serial, TYPE_UINT, 8, 0);

		batch_extend(b, 300);
		for (size_t i = 0; i < b->n; i++) {
			struct addr other = addr_v4(0x0a000000 + k * 64 + below(64));
			uint64_t text[6];

			batch_put_uint(b, number, i, k * b->n + i);
			batch_put_ip(
			    b, ip, i, i == 7 && k >= stay.from && k < stay.to ? a : &other);
			for (unsigned t = 0; t < 6; t++)
				text[t] = rnd(&seed);
			batch_put_octets(b, octets, i, text, sizeof(text));
		}
		batch_close(b);
		if (block_encode(e, b, &out, &err) != 0)
			abort();
		batch_free(b);
		if ((k + 1) % at_once != 0 && k + 1 < blocks)
			continue;
		if (stream_put(w, out.data, out.len, &err) != 0)
			abort();
		out.len = 0;
	}
	if (stream_finish(w, &err) != 0)
		abort();
	stream_abandon(w);
	encoder_free(e);
	buf_free(&out);
	return fd;
}

static int
file_with(unsigned blocks, struct stay stay, const struct addr *a)
{
	return file_put(blocks, 1, stay, a);
}

/* Who was there for a while is not looked for before and after, whatever the blocks that are asked first say. */
static void
other_blocks_are_spared(void)
{
	enum { MANY = 128, GROUP = 16 };
	static const struct stay stays[] = { { 127, 128 }, { 113, 128 }, { 112, 128 }, { 111, 128 },
		{ 88, 128 }, { 1, 128 }, { 0, 1 }, { 0, 17 }, { 0, 127 }, { 50, 52 } };
	const struct addr a = addr_v4(0xc0000207);
	struct err err = { 0 };
	struct expr *x = expr_compile("ip 192.0.2.7", 0, &err);
	struct question q = { x, false };

	seed = 5;
	for (unsigned i = 0; i < sizeof(stays) / sizeof(*stays); i++) {
		unsigned there = stays[i].to - stays[i].from, may = there + GROUP + 2;
		int fd = file_with(MANY, stays[i], &a);
		struct answer want = ask(fd, &q, false), got = ask(fd, &q, true);

		ok(same(&want, &got) && got.selected == there,
		    "an address in %u blocks from %u on is found there", there, stays[i].from);
		ok(got.passed + may >= MANY, "and %" PRIu64 " of %d blocks are passed over",
		    got.passed, MANY);
		close(fd);
	}
	expr_free(x);
}

/*
 * A file of blocks with random octets and one column, of which block k has k, in the shape of an address or a number.
 */
static int
file_of(const struct field_id *id, bool port, unsigned blocks)
{
	const struct field_id pad = { .id = 371 };
	const struct field_id serial = { .pen = PEN_NAMED, .named = "serial" };
	struct encoder *e = encoder_new(PROFILE_FILE, 0);
	int fd = memfd_create("column", MFD_CLOEXEC);
	struct stream_writer *w = stream_create(fd, "test_index");
	struct buf out = { 0 };
	struct err err = { 0 };

	stream_index(w);
	for (unsigned k = 0; k < blocks; k++) {
		struct batch *b = batch_new();
		unsigned col =
		    (unsigned)batch_column(b, id, port ? TYPE_UINT : TYPE_IP, port ? 2 : 16, 0);
		unsigned octets = (unsigned)batch_column(b, &pad, TYPE_STRING, 0, 0);
		unsigned number = (unsigned)batch_column(b, &serial, TYPE_UINT, 8, 0);

		batch_extend(b, 300);
		for (size_t i = 0; i < b->n; i++) {
			struct addr a = addr_v4(0xc0000200 + k);
			uint64_t text[6];

			if (port)
				batch_put_uint(b, col, i, 1000 + k);
			else
				batch_put_ip(b, col, i, &a);
			batch_put_uint(b, number, i, k * b->n + i);
			for (unsigned t = 0; t < 6; t++)
				text[t] = rnd(&seed);
			batch_put_octets(b, octets, i, text, sizeof(text));
		}
		batch_close(b);
		if (block_encode(e, b, &out, &err) != 0)
			abort();
		batch_free(b);
	}
	if (stream_put(w, out.data, out.len, &err) != 0 || stream_finish(w, &err) != 0)
		abort();
	stream_abandon(w);
	encoder_free(e);
	buf_free(&out);
	return fd;
}

/* Each of the columns that the index is of, under the name that has it found. */
static void
every_column_is_indexed(void)
{
	enum { BLOCKS = 20, ASKED = 7 };
	static const struct {
		struct field_id id;
		const char *name;
	} columns[] = {
		{ { .id = 8 }, "src ip" },
		{ { .id = 12 }, "dst ip" },
		{ { .id = 27 }, "src ip" },
		{ { .id = 28 }, "dst ip" },
		{ { .id = 15 }, "nexthop =" },
		{ { .id = 62 }, "nexthop =" },
		{ { .id = 18 }, "bgpnexthop =" },
		{ { .id = 63 }, "bgpnexthop =" },
		{ { .id = 225 }, "natsrcip =" },
		{ { .id = 226 }, "natdstip =" },
		{ { .id = 281 }, "natsrcip =" },
		{ { .id = 282 }, "natdstip =" },
		{ { .pen = PEN_V9, .id = 40001 }, "natsrcip =" },
		{ { .pen = PEN_V9, .id = 40002 }, "natdstip =" },
		{ { .id = 130 }, "exporter =" },
		{ { .id = 131 }, "exporter =" },
		{ { .pen = PEN_OWN, .id = OWN_EXPORTER }, "exporter =" },
		{ { .id = 7 }, "src port" },
		{ { .id = 11 }, "dst port" },
		{ { .id = 180 }, "src port" },
		{ { .id = 181 }, "dst port" },
		{ { .id = 182 }, "src port" },
		{ { .id = 183 }, "dst port" },
	};

	seed = 9;
	for (unsigned i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
		bool port = strstr(columns[i].name, "port") != NULL && columns[i].name[0] != 'e';
		int fd = file_of(&columns[i].id, port, BLOCKS);
		struct buf text = { 0 };
		struct err err = { 0 };
		struct question q = { 0 };
		struct answer want, got;

		buf_printf(
		    &text, port ? "%s %u" : "%s 192.0.2.%u", columns[i].name, port * 1000 + ASKED);
		q.x = expr_compile(buf_cstr(&text), 0, &err);
		want = ask(fd, &q, false);
		got = ask(fd, &q, true);
		ok(same(&want, &got) && got.selected == 300 && got.passed >= BLOCKS / 2,
		    "%s passes over blocks without it in element %u: %llu", buf_cstr(&text),
		    columns[i].id.id, (unsigned long long)got.passed);
		expr_free((struct expr *)(uintptr_t)q.x);
		buf_free(&text);
		close(fd);
	}
}

/* The last index block of a file speaks of a block that the one before it has spoken of, and its hashes hold. */
static void
speak_twice(int fd)
{
	struct stat st;
	uint8_t *p, *entries, *last; /* of the one before */
	uint64_t before, back, hash;

	if (fstat(fd, &st) != 0)
		abort();
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p += index_find(fd, (uint64_t)st.st_size);
	entries = p + HEADER_LEN + INDEX_HEAD;
	before = le_uint(p + HEADER_LEN + X_PREVIOUS, 8);
	last = entries - before + (INDEX_BLOCKS - 1) * INDEX_ENTRY;
	back = before + le_uint(last + XE_BACK, 8);
	memcpy(entries, last, XE_LINES); /* all but its filter */
	memcpy(entries + XE_BACK, &back, 8);
	hash = hash_xxh3(entries, le_uint(p + HEADER_LEN + X_BLOCKS, 4) * INDEX_ENTRY);
	memcpy(p + HEADER_LEN + X_ENTRIES, &hash, 8);
	header_seal(p, HEADER_LEN + INDEX_HEAD);
}

/* Index blocks that speak of the same block would have its records read twice: they are damaged. */
static void
no_block_is_spoken_of_twice(void)
{
	const struct addr a = addr_v4(0xc0000207);
	int fd = file_with(INDEX_BLOCKS + 20, (struct stay){ 0, 1 }, &a);
	struct err err = { 0 };
	struct expr *x = expr_compile("`serial` >= 0", 0, &err);
	struct question q = { x, false };
	struct answer want = ask(fd, &q, false), got = ask(fd, &q, true);

	ok(same(&want, &got) && !got.unusable, "two index blocks serve a file of many blocks");
	speak_twice(fd);
	got = ask(fd, &q, true);
	ok(got.unusable, "and are not believed when both speak of a block");
	expr_free(x);
	close(fd);
}

/* Every octet of an entry that says where its block is and what it is: another one is found, though its hash holds. */
static void
lies_of_entries_are_found(void)
{
	const struct addr a = addr_v4(0xc0000207);
	int fd = file_with(5, (struct stay){ 1, 2 }, &a);
	struct stat st;
	struct err err = { 0 };
	unsigned missed = 0;
	uint8_t *p, *head, *entries;
	uint64_t hash, n;

	if (fstat(fd, &st) != 0)
		abort();
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	p += index_find(fd, (uint64_t)st.st_size);
	head = p + HEADER_LEN;
	entries = head + INDEX_HEAD;
	n = le_uint(head + X_BLOCKS, 4);
	ok(n == 5 && stream_index_check(fd, &err) == 0, "an index of five blocks passes");
	for (uint64_t k = 0; k < n; k++)
		for (unsigned i = XE_BACK; i < XE_ZONES; i++) {
			for (unsigned again = 0; again < 2; again++) {
				entries[k * INDEX_ENTRY + i] ^= 8;
				hash = hash_xxh3(entries, n * INDEX_ENTRY);
				memcpy(head + X_ENTRIES, &hash, 8);
				header_seal(p, HEADER_LEN + INDEX_HEAD);
				missed += (stream_index_check(fd, &err) == 0) != again;
			}
		}
	ok(missed == 0, "with another octet in an entry it does not: %u missed", missed);
	close(fd);
}

/* Copied without its index, and with one again, a file has the same octets. */
static void
copies_are_the_same(void)
{
	int fd, copy = memfd_create("copy", MFD_CLOEXEC),
		again = memfd_create("again", MFD_CLOEXEC);
	struct stat a, b, c;
	struct err err = { 0 };
	const uint8_t *p, *q;

	seed = 11;
	fd = random_file();
	ok(stream_index_copy(fd, copy, &err) == 0 && stream_index_copy(copy, again, &err) == 0,
	    "a stream is copied with a new index");
	fstat(fd, &a);
	fstat(copy, &b);
	fstat(again, &c);
	p = mmap(NULL, (size_t)b.st_size, PROT_READ, MAP_SHARED, copy, 0);
	q = mmap(NULL, (size_t)c.st_size, PROT_READ, MAP_SHARED, again, 0);
	ok(b.st_size == c.st_size && memcmp(p, q, (size_t)b.st_size) == 0,
	    "and again, to the same octets");
	ok(ftruncate(copy, b.st_size - 64) == 0 && stream_index_copy(copy, again, &err) != 0,
	    "one without its end mark is refused: %s", err.text);
	close(fd);
	close(copy);
	close(again);
}

/* Any bit of any block's header. */
static void
no_damaged_header_is_copied(void)
{
	enum { TRIES = 60 };
	struct block_header h;
	uint8_t head[HEADER_LEN];
	unsigned copied = 0;

	seed = 13;
	for (unsigned i = 0; i < TRIES; i++) {
		int fd = file_with(3, (struct stay){ 0, 0 }, NULL), copy;
		uint64_t at = 0, end = (uint64_t)lseek(fd, 0, SEEK_END);
		struct err err = { 0 };

		for (unsigned skip = below(6); skip > 0; skip--) {
			if (!file_read_at(fd, head, HEADER_LEN, at) || !header_read(&h, head))
				abort();
			at = at + h.block_len < end ? at + h.block_len : 0;
		}
		if (!file_read_at(fd, head, HEADER_LEN, at) || !header_read(&h, head))
			abort();
		flip(fd, at + below(h.header_len));
		copy = memfd_create("copy", MFD_CLOEXEC);
		copied += stream_index_copy(fd, copy, &err) == 0;
		close(copy);
		close(fd);
	}
	ok(copied == 0, "a stream with a damaged header is not copied: %u of %d were", copied,
	    TRIES);
}

static bool
same_octets(int one, int other)
{
	struct stat a, b;
	void *p, *q;
	bool same;

	if (fstat(one, &a) != 0 || fstat(other, &b) != 0 || a.st_size != b.st_size)
		return false;
	p = mmap(NULL, (size_t)a.st_size, PROT_READ, MAP_SHARED, one, 0);
	q = mmap(NULL, (size_t)b.st_size, PROT_READ, MAP_SHARED, other, 0);
	same = memcmp(p, q, (size_t)a.st_size) == 0;
	munmap(p, (size_t)a.st_size);
	munmap(q, (size_t)b.st_size);
	return same;
}

static void
notes_change_nothing(void)
{
	unsigned same = 0;

	for (unsigned i = 0; i < FILES; i++) {
		const uint64_t begin = i * UINT64_C(0x9e3779b97f4a7c15) + 7;
		int looked, noted;

		seed = begin;
		looked = random_file_by(false);
		seed = begin;
		noted = random_file_by(true);
		same += same_octets(looked, noted);
		close(looked);
		close(noted);
	}
	ok(same == FILES, "an index of notes is that of blocks looked into: %u of %d", same, FILES);
}

/* Blocks come together where one batch is more than a block may hold: more than an index block has room for. */
static void
blocks_may_come_together(void)
{
	const struct addr a = addr_v4(0xc0000207);
	const struct stay stay = { 3, 4 };
	unsigned same = 0, tries = 0;
	int one_by_one;

	seed = 17;
	one_by_one = file_with(2 * INDEX_BLOCKS + 5, stay, &a);
	for (unsigned at_once = 2; at_once < 3 * INDEX_BLOCKS; at_once += at_once / 2, tries++) {
		int fd;

		seed = 17;
		fd = file_put(2 * INDEX_BLOCKS + 5, at_once, stay, &a);
		same += same_octets(one_by_one, fd);
		close(fd);
	}
	ok(same == tries, "blocks put at once have the index of blocks put one by one: %u of %u",
	    same, tries);
	close(one_by_one);
}

int
main(void)
{
	struct tally t = { 0 };

	for (unsigned i = 0; i < FILES && t.wrong < 10; i++) {
		seed = i * UINT64_C(0x2545f4914f6cdd1d) + 1;
		one_file(&t);
	}
	ok(t.wrong == 0, "%" PRIu64 " random conditions select the same with and without index",
	    t.answers);
	ok(t.failed == 0, "all of them compile, and every index is sound");
	ok(t.unsound == 0, "every index holds against its data");
	ok(t.large == 0 && t.octets > 0, "no index is larger than a fiftieth of its file");
	ok(t.passed > t.answers, "blocks are passed over: %" PRIu64, t.passed);
	ok(t.empty < t.answers / 2, "most conditions select something: %u of %" PRIu64 " do not",
	    t.empty, t.answers);
	ok(t.found > t.flips / 2, "%u flipped bits: %u found, the others without effect", t.flips,
	    t.found);
	lies_are_found();
	times_need_no_filters();
	other_blocks_are_spared();
	every_column_is_indexed();
	no_block_is_spoken_of_twice();
	lies_of_entries_are_found();
	copies_are_the_same();
	no_damaged_header_is_copied();
	notes_change_nothing();
	blocks_may_come_together();
	return done_testing();
}
