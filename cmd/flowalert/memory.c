#include "memory.h"

#include <stddef.h>

#include "base/hash.h"
#include "detect/keyed.h"
#include "io/keep.h"

enum { MEMORY_VERSION = 1 };

struct memory {
	struct keyed memos;
};

/* A number of a memo and the column that it is kept in. */
static const struct member {
	const char *name;
	uint16_t off;
	uint8_t type, width;
} members[] = {
	{ "state", offsetof(struct memo, kind), TYPE_UINT, 1 },
	{ "first", offsetof(struct memo, first_ns), TYPE_TIME, 8 },
	{ "last", offsetof(struct memo, last_ns), TYPE_TIME, 8 },
	{ "told", offsetof(struct memo, told_ns), TYPE_INT, 8 },
	{ "weight", offsetof(struct memo, score), TYPE_FLOAT64, 8 },
	{ "times", offsetof(struct memo, count), TYPE_UINT, 8 },
	{ "grade", offsetof(struct memo, severity), TYPE_UINT, 1 },
	/* Files of before do not have it. */
	{ "worst", offsetof(struct memo, worst), TYPE_UINT, 1 },
};
enum { N_MEMBERS = sizeof(members) / sizeof(members[0]), WORST = N_MEMBERS - 1 };

struct memory *
memory_new(void)
{
	struct memory *m = mem_zero(1, sizeof(*m));

	keyed_init(&m->memos, sizeof(struct memo), sizeof(((struct memo *)0)->hash), MEMORY_MOST);
	return m;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->memos.n; i++)
		mem_free(memory_at(m, i)->name);
	keyed_free(&m->memos);
	mem_free(m);
}

/* Names are not compared: two seeded hashes that nobody can aim at stand for them. */
static size_t
hash_name(enum memo_kind kind, const char *name, uint64_t hash[2])
{
	size_t n = strnlen(name, MEMO_NAME_MOST);

	hash[0] = hash_octets(hash_seed() + (uint64_t)kind, name, n);
	hash[1] = hash_octets(~hash_seed() - (uint64_t)kind, name, n);
	return n;
}

struct memo *
memory_find(struct memory *m, enum memo_kind kind, const char *name)
{
	uint64_t hash[2];
	size_t at;

	(void)hash_name(kind, name, hash);
	at = keyed_find(&m->memos, hash);
	return at == KEYED_NONE ? NULL : keyed_at(&m->memos, at);
}

struct memo *
memory_make(struct memory *m, enum memo_kind kind, const char *name)
{
	uint64_t hash[2];
	size_t n = hash_name(kind, name, hash), at = keyed_add(&m->memos, hash);
	struct memo *memo;

	if (at == KEYED_NONE)
		return NULL;
	memo = keyed_at(&m->memos, at);
	if (memo->name == NULL) {
		memo->name = mem_string_n(name, n);
		memo->kind = (uint8_t)kind;
	}
	return memo;
}

size_t
memory_count(const struct memory *m)
{
	return m->memos.n;
}

struct memo *
memory_at(struct memory *m, size_t i)
{
	return keyed_at(&m->memos, i);
}

uint64_t
memory_full(const struct memory *m)
{
	return m->memos.full;
}

static struct field_id
named(const char *name)
{
	return (struct field_id){ .pen = PEN_NAMED, .named = name };
}

/* Writing ------------------------------------------------------------------------------------------ */

static void
put_memo(struct batch *b, const struct memo *memo)
{
	struct field_id id = named("name");
	size_t rec = batch_extend(b, 1);

	for (unsigned i = 0; i < N_MEMBERS; i++) {
		struct field_id member = named(members[i].name);
		int col = batch_column(b, &member, (enum type)members[i].type, members[i].width, 0);
		uint64_t v = 0;

		memcpy(&v, (const uint8_t *)memo + members[i].off, members[i].width);
		batch_put_uint(b, (unsigned)col, rec, v); /* little-endian, as batches are */
	}
	batch_put_octets(b, (unsigned)batch_column(b, &id, TYPE_STRING, 0, 0), rec, memo->name,
	    strlen(memo->name));
}

static int
write_batch(struct io_sink *sink, struct batch *b, struct err *err)
{
	int rc = 0;

	if (b->n > 0) {
		batch_close(b);
		rc = io_sink_batch(sink, b, err);
		batch_reset(b);
	}
	return rc < 0 ? -1 : 0;
}

/* What is written: memos for which keep (NULL: all) says so. */
struct writing {
	struct memory *m;
	bool (*keep)(void *ctx, const struct memo *);
	void *ctx;
};

static int
write_memos(void *ctx, struct io_sink *sink, struct err *err)
{
	static char head_name[] = "flowalert";
	const struct memo head = { .kind = MEMO_HEAD, .count = MEMORY_VERSION, .name = head_name };
	const struct writing *w = ctx;
	struct batch *b = batch_new();
	int rc = 0;

	put_memo(b, &head);
	for (size_t i = 0; i < w->m->memos.n && rc == 0; i++) {
		if (w->keep != NULL && !w->keep(w->ctx, memory_at(w->m, i)))
			continue;
		put_memo(b, memory_at(w->m, i));
		if (b->n == BATCH_RECORDS)
			rc = write_batch(sink, b, err);
	}
	if (rc == 0)
		rc = write_batch(sink, b, err);
	batch_free(b);
	return rc;
}

int
memory_write(struct memory *m, const char *path, bool (*keep)(void *ctx, const struct memo *),
    void *ctx, char *const *argv, struct err *err)
{
	struct writing w = { m, keep, ctx };

	return io_keep_write(path, argv, write_memos, &w, err);
}

/* Reading ------------------------------------------------------------------------------------------ */

struct reading {
	struct memory *m;
	bool has_head;
};

/* All columns but the youngest (NULL), or it is none of ours. */
static bool
bind(struct batch *b, const struct column *col[N_MEMBERS + 1])
{
	int at[N_MEMBERS + 1];

	for (unsigned i = 0; i <= N_MEMBERS; i++) {
		struct field_id id = named(i < N_MEMBERS ? members[i].name : "name");
		unsigned type = i < N_MEMBERS ? members[i].type : TYPE_STRING;

		at[i] = batch_find(b, &id);
		if (at[i] < 0 ? i != WORST : b->col[at[i]].type != type)
			return false;
	}
	for (unsigned i = 0; i <= N_MEMBERS; i++) {
		col[i] = at[i] < 0 ? NULL : batch_plain(b, (unsigned)at[i]);
		if (i < N_MEMBERS && col[i] != NULL && col[i]->width != members[i].width)
			return false;
	}
	return b->err.status == 0;
}

static bool
read_memo(struct reading *r, const struct column *col[N_MEMBERS + 1], size_t rec, struct err *err)
{
	const struct column *names = col[N_MEMBERS];
	struct memo memo = { 0 }, *kept;
	char name[MEMO_NAME_MOST + 1];
	size_t n;

	for (unsigned i = 0; i < N_MEMBERS; i++) {
		if (col[i] == NULL)
			continue;
		if (!column_has(col[i], rec))
			return false;
		memcpy((uint8_t *)&memo + members[i].off,
		    (const uint8_t *)col[i]->data + rec * members[i].width, members[i].width);
	}
	if (!column_has(names, rec) || memo.kind < MEMO_HEAD || memo.kind >= MEMO_KINDS ||
	    memo.severity > SEVERITY_CRITICAL || memo.worst > SEVERITY_CRITICAL ||
	    !(memo.score >= 0 && memo.score < 1e9) || memo.last_ns < memo.first_ns)
		return false;
	if (memo.kind == MEMO_HEAD) {
		r->has_head = memo.count == MEMORY_VERSION;
		if (!r->has_head)
			err_set(err, "of version %llu; this program knows %d",
			    (unsigned long long)memo.count, MEMORY_VERSION);
		return r->has_head;
	}
	n = names->off[rec + 1] - names->off[rec];
	if (!r->has_head || n > MEMO_NAME_MOST)
		return false;
	memcpy(name, (const char *)names->data + names->off[rec], n);
	name[n] = '\0';
	kept = memory_make(r->m, (enum memo_kind)memo.kind, name);
	if (kept == NULL)
		return true;
	memcpy(memo.hash, kept->hash, sizeof(memo.hash));
	memo.name = kept->name;
	memo.known = true;
	memo.known_ns = memo.last_ns;
	memo.worst = memo.worst > memo.severity ? memo.worst : memo.severity;
	memo.known_worst = memo.worst;
	*kept = memo;
	return true;
}

static int
take_state(void *ctx, struct batch *b, const uint64_t *sel, struct err *err)
{
	const struct column *col[N_MEMBERS + 1];

	(void)sel;
	if (b->options)
		return 0;
	if (!bind(b, col))
		return err_set(err, "no state of flowalert");
	for (size_t rec = 0; rec < b->n; rec++)
		if (!read_memo(ctx, col, rec, err))
			return err_set(err, "no state of flowalert");
	return 0;
}

int
memory_read(struct memory *m, const char *path, void (*warn)(const char *, const struct err *),
    struct err *err)
{
	struct reading r = { .m = m };

	return io_keep_read(path, "state of flowalert", take_state, &r, &r.has_head, warn, err);
}
