/*
 * test_group_stored.c - batches as files have them, in dictionaries and planes, come to the groups that they came to
 * before they were stored.
 */
#include "group_lines.h"
#include "stored.h"

/*
 * Few addresses, so that files have dictionaries of them: of IPv4, of IPv6 alone, of both; octets above nothing and
 * not, below 2^32 and not, that some records miss.  lies: the last port is beyond what its zone map will say.
 */
static struct batch *
few_addresses(unsigned kind, bool lies)
{
	static const uint64_t range[] = { 100000, 3, UINT64_C(1) << 40, 1 };
	struct batch *b = batch_new();
	unsigned width = kind % 3 == 0 ? 4 : 16;
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, width, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr a = addr_v4((uint32_t)(rnd(1500) * 2 + i % 2) + 10000 * kind),
			    d = addr_v4((uint32_t)rnd(1000));

		if (kind % 3 == 1 || (kind % 3 == 2 && rnd(2) > 0))
			a.b[0] = 0x20;
		if (kind % 4 != 0 || rnd(9) > 0)
			batch_put_ip(b, (unsigned)src, i, &a);
		batch_put_ip(b, (unsigned)dst, i, &d);
		batch_put_uint(b, (unsigned)port, i, lies && i + 1 == MANY ? 5000 : rnd(10));
		if (kind != 5 || rnd(5) > 0)
			batch_put_uint(b, (unsigned)bytes, i,
			    !(kind & 2) + rnd(kind == 7 && i % 2 == 0 ? 100000 : range[kind % 4]));
	}
	batch_close(b);
	return b;
}

/* A zone map of ports that says less than there is. */
static void
tell_less(struct batch *b)
{
	struct column *c = &b->col[batch_find(b, &fields[F_DSTPORT].id)];

	c->max = 9;
}

/* Batches as a file has them. */
struct reading {
	struct stream_reader *r;
	struct stream_slot *slot[N_MANY];
	struct batch *b[N_MANY];
};

static void
store_and_read(struct reading *in, struct batch **b, enum block_profile profile)
{
	struct err err = { 0 };

	in->r = stream_open(stored_stream(b, N_MANY, profile, true), 0, NULL, 0);
	for (unsigned i = 0; i < N_MANY; i++) {
		in->slot[i] = slot_new();
		ok(stream_next(in->r, in->slot[i], &err) == STREAM_BATCH, "a batch is read");
		in->b[i] = slot_batch(in->slot[i]);
	}
}

static void
end_reading(struct reading *in)
{
	for (unsigned i = 0; i < N_MANY; i++)
		slot_free(in->slot[i]);
	stream_close(in->r);
}

/* Batches of a file come to what they came to before they were stored. */
static void
test_stored(
    const char *keys, const char *values, enum block_profile profile, unsigned tables, bool lies)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct reading in;

	understood(&spec, keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, lies);
	group_many(&want, b, &spec, 1);
	store_and_read(&in, b, profile);
	for (unsigned i = 0; i < N_MANY && lies; i++)
		tell_less(in.b[i]);
	group_many(&got, in.b, &spec, tables);
	ok(same_lines(&got, &want), "-k %s -v %s of stored batches, %u tables: %zu groups", keys,
	    values, tables, want.n);
	free_lines(&got);
	free_lines(&want);
	end_reading(&in);
	free_many(b, &spec);
}

/* Octets as other writers could store them. */
enum { IN_UNITS, FROM_OTHERS, NARROW, N_STORED };

static void
store_otherwise(struct batch *b, unsigned how, struct planes *other)
{
	unsigned col = (unsigned)batch_find(b, &fields[F_BYTES].id);
	struct planes *p = (struct planes *)(uintptr_t)batch_planes(b, col);

	if (p == NULL || batch_entries(b, col) != NULL) /* codes */
		return;
	*other = *p;
	switch (how) {
	case IN_UNITS: p->unit = 1000000; break;
	case FROM_OTHERS: p->from = other; break;
	default: b->col[col].width = 4; p->base = UINT32_MAX - 1;
	}
}

/* They come to what they come to without planes. */
static void
test_stored_otherwise(const char *keys, unsigned how)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct reading in;
	struct planes other[N_MANY];

	understood(&spec, keys, "bytes");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, false);
	store_and_read(&in, b, PROFILE_FAST);
	for (unsigned i = 0; i < N_MANY; i++)
		store_otherwise(in.b[i], how, &other[i]);
	group_many(&got, in.b, &spec, 1);
	for (unsigned i = 0; i < N_MANY; i++) {
		batch_reset(b[i]);
		ok(batch_append(b[i], in.b[i], NULL, in.b[i]->n) == 0, "and copied");
		batch_close(b[i]);
	}
	group_many(&want, b, &spec, 1);
	ok(same_lines(&got, &want), "-k %s of octets stored otherwise (%u): %zu groups", keys, how,
	    want.n);
	free_lines(&got);
	free_lines(&want);
	end_reading(&in);
	free_many(b, &spec);
}

/* Stored records of IPv6 alone are in a table of their own though codes take the place of their keys. */
static void
test_apart(void)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct batch *b[N_MANY];
	struct reading in;
	struct err err = { 0 };
	struct group_table *t;

	understood(&spec, "srcip", "bytes");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = few_addresses(i, false);
	store_and_read(&in, b, PROFILE_FILE);
	t = group_new(&spec, 1);
	for (unsigned i = 0; i < 2; i++)
		ok(group_add(t, in.b[i], NULL, &err) == 0 && (t->v6 != NULL) == (i == 1), "IPv%d",
		    i == 0 ? 4 : 6);
	group_settle(t);
	group_settle(t->v6);
	ok(t->rows.n_rows > 2900 && t->v6->rows.n_rows > 2900 && t->rows.key_len < 16,
	    "each in its table, of keys no longer than they are");
	group_free(t);
	end_reading(&in);
	free_many(b, &spec);
}

int
main(void)
{
	test_apart();
	for (unsigned how = 0; how < N_STORED; how++) {
		test_stored_otherwise("dstip", how);
		test_stored_otherwise("dstport", how);
	}
	for (unsigned tables = 1; tables <= 2; tables++) {
		enum block_profile profile = tables == 1 ? PROFILE_FILE : PROFILE_FAST;

		test_stored("srcip", "bytes", profile, tables, false);
		test_stored("srcip", "bytes,count", profile, tables, false);
		test_stored("dstip", "bytes", profile, tables, false);
		test_stored("dstport", "bytes,sum(dstport)", profile, tables, false);
		test_stored("srcip,dstip", "bytes", profile, tables, false);
		test_stored("srcip/24,dstport", "bytes,max(bytes)", profile, tables, false);
		test_stored("dstip", "p50(bytes),bytes", profile, tables, false);
		test_stored("dstport", "bytes", profile, tables, true);
		test_stored("dstport", "bytes,count", profile, tables, true);
	}
	return done_testing();
}
