/*
 * test_group_ways.c - ways to the same groups: one table or several, all or the first, keys looked for or not, codes
 * that grow, memory that suffices or does not.
 */
#include "flow/zone.h"
#include "group_lines.h"

/*
 * So many that several tables are put together by partitions, and that one table ceases to look for keys: both
 * come to the same.  v6: a batch with IPv6 addresses, and records without octets.
 */
static void
test_many(const char *keys, const char *values, unsigned v6)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];

	understood(&spec, keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(i == v6);
	group_many(&want, b, &spec, 1);
	for (unsigned tables = 2; tables <= N_MANY; tables *= 4) {
		group_many(&got, b, &spec, tables);
		ok(same_lines(&got, &want), "-k %s -v %s by %u tables: %zu groups", keys, values,
		    tables, want.n);
		free_lines(&got);
	}
	/* In little memory. */
	spec.memory = 4 << 20;
	group_many(&got, b, &spec, 2);
	ok(same_lines(&got, &want), "-k %s -v %s in little memory", keys, values);
	free_lines(&got);
	free_lines(&want);
	free_many(b, &spec);
}

/* A zone map that lies costs time, and nothing else. */
static void
test_lies(void)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];

	understood(&spec, "dstport", "count");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(false);
	group_many(&want, b, &spec, 1);
	for (unsigned i = 0; i < N_MANY; i++) {
		struct column *c = &b[i]->col[batch_find(b[i], &fields[F_DSTPORT].id)];

		c->flags |= COLUMN_ZONE;
		c->min = i % 2 ? 3 : 1 << 20;
		c->max = c->min + i;
		if (i == 0) { /* the last one is left out */
			c->min = 0;
			c->max = 8;
		}
	}
	group_many(&got, b, &spec, 1);
	ok(same_lines(&got, &want), "zone maps that lie change nothing");
	free_lines(&got);
	free_lines(&want);
	free_many(b, &spec);
}

static int
by_last(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	uint64_t v = last_value(*x), w = last_value(*y);

	return v != w ? (v < w) - (v > w) : strcmp(*x, *y);
}

/* Keep the first n lines, and those equal to the last of them. */
static void
keep_first(struct lines *l, size_t n)
{
	size_t kept = 0;

	qsort(l->line, l->n, sizeof(*l->line), by_last);
	while (kept < l->n && (kept < n || last_value(l->line[kept]) == last_value(l->line[n - 1])))
		kept++;
	for (size_t i = kept; i < l->n; i++)
		free(l->line[i]);
	l->n = kept;
}

static void
test_first(const char *keys, const char *values, size_t n)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 }, got = { 0 };
	struct batch *b[N_MANY];
	struct err err = { 0 };
	size_t all;

	understood(&spec, keys, values);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = many_records(i == 5);
	group_many(&want, b, &spec, 1);
	all = want.n;
	keep_first(&want, n);
	for (unsigned tables = 1; tables <= N_MANY; tables++) {
		struct group_top top = { spec.n_values - 1, n, .counted = tables % 2 == 0 };
		struct group_table *t[N_MANY];
		size_t handed;

		got.spec = &spec;
		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < N_MANY; i++)
			ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "records are added");
		ok(group_finish(t, tables, &top, take, &got, &err) == 0, "groups are handed out");
		ok(!top.counted || group_count(t, tables) == all, "and all counted");
		for (unsigned i = 0; i < tables; i++)
			group_free(t[i]);
		handed = got.n;
		keep_first(&got, n);
		ok(same_lines(&got, &want), "-k %s -v %s: the first %zu by %u tables, of %zu", keys,
		    values, n, tables, handed);
		free_lines(&got);
	}
	free_lines(&want);
	free_many(b, &spec);
}

/* Codes that grow ------------------------------------------------------------------------------- */

enum { GROW_N = 20000, GROW_PROTOS = 9 };

/* The i-th batch has other protocols than the one before, and its ports and ends lie elsewhere, lower or higher. */
static struct batch *
growing_records(unsigned i, uint64_t (*octets)[N_MANY][70])
{
	static const uint8_t protos[GROW_PROTOS] = { 17, 6, 89, 1, 112, 58, 47, 2, 200 };
	struct batch *b = batch_new();
	int end = batch_column(b, &fields[F_END].id, TYPE_TIME, 8, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, 2, 0);
	int proto = batch_column(b, &fields[F_PROTO].id, TYPE_UINT, 1, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, GROW_N);
	for (size_t k = 0; k < GROW_N; k++) {
		unsigned p = (unsigned)((i * 5 + rnd(2 + i % 3)) % GROW_PROTOS);
		uint64_t minute = (i * 3) % N_MANY, at = rnd(60) == 0 ? 69 : i * 7 + rnd(10);
		uint64_t n = rnd(100000);

		batch_put_uint(b, (unsigned)end, k, (minute * 60 + rnd(60)) * UINT64_C(1000000000));
		batch_put_uint(b, (unsigned)port, k, 65000 - 900 * at);
		batch_put_uint(b, (unsigned)proto, k, protos[p]);
		batch_put_uint(b, (unsigned)bytes, k, n);
		octets[protos[p]][minute][at] += n;
	}
	batch_close(b);
	column_zone(&b->col[end], b->n);
	column_zone(&b->col[port], b->n);
	column_zone(&b->col[proto], b->n);
	return b;
}

/* What is held in arrays is held on when a later batch, or another table, needs more codes, or others. */
static void
test_growing(const char *keys, bool ports, bool times)
{
	static uint64_t octets[256][N_MANY][70];
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct batch *b[N_MANY];
	struct err err = { 0 };

	memset(octets, 0, sizeof(octets));
	understood(&spec, keys, "bytes");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = growing_records(i, octets);
	for (unsigned tables = 1; tables <= N_MANY; tables++) {
		struct group_table *t[N_MANY];
		struct lines got = { .spec = &spec };
		uint64_t sum = 0, all = 0;
		size_t groups = 0;
		bool held = true;

		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < N_MANY; i++)
			if (group_add(t[i % tables], b[i], NULL, &err) != 0)
				abort();
		for (unsigned i = 0; i < tables; i++)
			held &= t[i]->rows.n_rows == 0 && t[i]->tally.coding.space > 0;
		ok(held, "-k %s: %u tables hold all in arrays", keys, tables);
		finish_tables(&got, t, tables);
		for (size_t i = 0; i < got.n; i++)
			sum += last_value(got.line[i]) * (1 + last_value(got.line[i]) % 7);
		for (unsigned p = 0; p < 256; p++) {
			uint64_t by[N_MANY][70] = { 0 };

			for (unsigned m = 0; m < N_MANY; m++)
				for (unsigned a = 0; a < 70; a++)
					by[times ? m : 0][ports ? a : 0] += octets[p][m][a];
			for (unsigned m = 0; m < N_MANY; m++)
				for (unsigned a = 0; a < 70; a++) {
					all += by[m][a] * (1 + by[m][a] % 7);
					groups += by[m][a] > 0;
				}
		}
		ok(got.n == groups && sum == all, "-k %s by %u tables: %zu groups", keys, tables,
		    groups);
		free_lines(&got);
	}
	free_many(b, &spec);
}

/* Keys that are not looked for ------------------------------------------------------------------ */

/* As many_records, of two addresses and a port that takes more octets from batch `wide` on. */
static struct batch *
pair_records(bool wide)
{
	struct batch *b = batch_new();
	int src = batch_column(b, &fields[F_SRCIP].id, TYPE_IP, 4, 0);
	int dst = batch_column(b, &fields[F_DSTIP].id, TYPE_IP, 4, 0);
	int port = batch_column(b, &fields[F_DSTPORT].id, TYPE_UINT, wide ? 4 : 2, 0);
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 8, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		struct addr from = addr_v4((uint32_t)rnd(1000)), to = addr_v4((uint32_t)rnd(1000));

		batch_put_ip(b, (unsigned)src, i, &from);
		batch_put_ip(b, (unsigned)dst, i, &to);
		batch_put_uint(b, (unsigned)port, i, rnd(3) << (wide ? 20 : 0));
		batch_put_uint(
		    b, (unsigned)bytes, i, rnd(100) == 0 ? UINT64_C(1) << 40 : rnd(1000));
	}
	batch_close(b);
	return b;
}

enum { AGAIN = 12 };

/* All batches several times over, most of them to the first table. */
static void
add_again(struct group_table **t, unsigned tables, struct batch **b)
{
	struct err err = { 0 };

	for (unsigned k = 0; k < AGAIN * N_MANY; k++) {
		unsigned i = k * N_MANY / (AGAIN * N_MANY);

		if (group_add(t[i < 5 || k % 2 ? 0 : k % tables], b[i], NULL, &err) != 0)
			abort();
	}
}

/*
 * Records that nobody looked for go to disk as they are, and come back as the same groups; of a layout that has changed
 * meanwhile too, and beside another table that has not gone to disk or knows another layout.
 */
static void
test_loose_on_disk(unsigned wide)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines want = { 0 };
	struct batch *b[N_MANY];

	understood(&spec, "srcip,dstip,dstport", "bytes,count");
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = pair_records(i >= wide);
	for (unsigned tables = 0; tables <= 3; tables++) {
		unsigned n = tables > 0 ? tables : 1, on_disk = 0, rows = 0;
		struct lines got = { .spec = &spec };
		struct group_table *t[3];

		spec.memory = tables * (UINT64_C(33) << 20); /* first as much as it takes */
		for (unsigned i = 0; i < n; i++)
			t[i] = group_new(&spec, n);
		add_again(t, n, b);
		for (unsigned i = 0; i < n; i++) {
			on_disk += t[i]->n_loose_spills;
			rows += t[i]->n_spills;
		}
		ok((on_disk > 0) == (tables > 0),
		    "%u tables went to disk %u times with loose rows, %u with others", tables,
		    on_disk, rows);
		finish_tables(&got, t, n);
		if (tables == 0) {
			want = got;
			continue;
		}
		ok(same_lines(&got, &want), "%zu groups, the layout changes at %u", want.n, wide);
		free_lines(&got);
	}
	free_lines(&want);
	free_many(b, &spec);
}

/* Loose rows beside a table whose keys cannot be put together by their octets: none is lost. */
static void
test_loose_beside_strings(void)
{
	struct batch *few = batch_new();
	int name = batch_column(few, &fields[F_NAME].id, TYPE_STRING, 0, 0);
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct err err = { 0 };
	struct batch *b[N_MANY];

	understood(&spec, "srcip,dstip,dstport,interfaceName", "count");
	batch_extend(few, 1);
	batch_put_octets(few, (unsigned)name, 0, "eth0", 4);
	batch_close(few);
	for (unsigned i = 0; i < N_MANY; i++)
		b[i] = pair_records(false);
	for (unsigned other = 0; other < 2; other++) {
		struct group_table *t[2] = { group_new(&spec, 2), group_new(&spec, 2) };
		struct lines got = { .spec = &spec };
		uint64_t sum = 0;

		if (group_add(t[other], few, NULL, &err) != 0)
			abort();
		for (unsigned i = 0; i < N_MANY; i++)
			if (group_add(t[!other], b[i], NULL, &err) != 0)
				abort();
		ok(t[!other]->loose.n_rows > 0, "table %u has loose rows", !other);
		finish_tables(&got, t, 2);
		for (size_t i = 0; i < got.n; i++)
			sum += last_value(got.line[i]);
		ok(sum == N_MANY * MANY + 1, "and no record is lost");
		free_lines(&got);
	}
	for (unsigned i = 0; i < N_MANY; i++)
		batch_free(b[i]);
	batch_free(few);
	group_spec_free(&spec);
}

/* Limits ---------------------------------------------------------------------------------------- */

/* Keys as far apart as numbers can be are no range. */
static void
test_far_apart(uint64_t first, uint64_t second)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct batch *b[2];
	struct err err = { 0 };

	understood(&spec, "bytes", "count");
	for (unsigned i = 0; i < 2; i++) {
		int col;

		b[i] = batch_new();
		col = batch_column(b[i], &fields[F_BYTES].id, TYPE_UINT, 8, 0);
		batch_extend(b[i], MANY);
		for (size_t k = 0; k < MANY; k++)
			batch_put_uint(b[i], (unsigned)col, k, i ? second : first);
		batch_close(b[i]);
		column_zone(&b[i]->col[col], MANY);
	}
	for (unsigned tables = 1; tables <= 2; tables++) {
		struct group_table *t[2];
		struct lines got = { .spec = &spec };

		for (unsigned i = 0; i < tables; i++)
			t[i] = group_new(&spec, tables);
		for (unsigned i = 0; i < 2; i++)
			ok(group_add(t[i % tables], b[i], NULL, &err) == 0, "they are added");
		finish_tables(&got, t, tables);
		ok(got.n == 2 && last_value(got.line[0]) == MANY && last_value(got.line[1]) == MANY,
		    "%" PRIu64 " and %" PRIu64 " by %u tables", first, second, tables);
		free_lines(&got);
	}
	for (unsigned i = 0; i < 2; i++)
		batch_free(b[i]);
	group_spec_free(&spec);
}

/* Records of `bytes` that are 0 or 60000, of as many protocols from TCP on. */
static struct batch *
beside_tcp(unsigned protos)
{
	struct batch *b = batch_new();
	int bytes = batch_column(b, &fields[F_BYTES].id, TYPE_UINT, 4, 0);
	int proto = batch_column(b, &fields[F_PROTO].id, TYPE_UINT, 1, 0);

	batch_extend(b, MANY);
	for (size_t i = 0; i < MANY; i++) {
		batch_put_uint(b, (unsigned)bytes, i, i % 4 < 2 ? 0 : 60000);
		batch_put_uint(b, (unsigned)proto, i, 6 + i % 2 * (protos - 1));
	}
	batch_close(b);
	column_zone(&b->col[bytes], b->n);
	if (protos == 1)
		column_zone(&b->col[proto], b->n);
	return b;
}

/* A protocol just behind the range of another table, in a list of few, is none of that range. */
static void
test_behind_the_range(void)
{
	for (unsigned protos = 2; protos <= 4; protos++) {
		struct group_spec spec = { .memory = UINT64_C(2) << 30 };
		struct batch *b[2] = { beside_tcp(1), beside_tcp(protos) };
		struct lines got = { .spec = &spec };
		struct group_table *t[2];
		struct err err = { 0 };
		uint64_t sum = 0;

		understood(&spec, "bytes,proto", "count");
		for (unsigned i = 0; i < 2; i++) {
			t[i] = group_new(&spec, 2);
			ok(group_add(t[i], b[i], NULL, &err) == 0, "they are added");
		}
		finish_tables(&got, t, 2);
		for (size_t i = 0; i < got.n; i++)
			sum += last_value(got.line[i]);
		ok(got.n == 4 && sum == UINT64_C(2) * MANY,
		    "protocols 6 and %u, each with two sizes", 5 + protos);
		free_lines(&got);
		batch_free(b[0]);
		batch_free(b[1]);
		group_spec_free(&spec);
	}
}

/* How often groups of many IPv4 addresses, and of one IPv6 address or none, go to disk in so much memory. */
static unsigned
spills_in(uint64_t memory, bool v6)
{
	struct group_spec spec = { .memory = UINT64_C(2) << 30 };
	struct lines got = { .spec = &spec };
	struct err err = { 0 };
	struct group_table *t;
	unsigned spills;

	if (group_spec_keys(&spec, "srcip,dstport", &err) != 0 ||
	    group_spec_values(&spec, "max(bytes)", &err) != 0)
		abort();
	spec.memory = memory;
	rnd_state = 7;
	t = group_new(&spec, 1);
	for (unsigned i = 0; i < 3; i++) {
		struct batch *b = many_records(false), *other = batch_new();
		int src = batch_column(other, &fields[F_SRCIP].id, TYPE_IP, 4, 0);

		if (group_add(t, b, NULL, &err) != 0)
			abort();
		batch_extend(other, 1);
		batch_put_ip(other, (unsigned)src, 0,
		    &(struct addr){ .b = { [0] = v6 ? 0x20 : 0, [10] = 0xff, [11] = 0xff } });
		batch_close(other);
		if (group_add(t, other, NULL, &err) != 0)
			abort();
		batch_free(other);
		batch_free(b);
	}
	spills = group_spills(t);
	ok(group_finish(&t, 1, NULL, take, &got, &err) == 0, "groups in %" PRIu64 " octets",
	    memory);
	group_free(t);
	free_lines(&got);
	group_spec_free(&spec);
	return spills;
}

/* An IPv6 address among many of IPv4 takes no memory from them. */
static void
test_families_share(void)
{
	uint64_t memory = 1 << 20;

	while (spills_in(memory, false) > 0)
		memory += memory / 8;
	ok(memory > 1 << 20 && spills_in(memory + memory / 8, true) == 0,
	    "one IPv6 address does not send IPv4 to disk: %" PRIu64 " octets", memory);
}

int
main(void)
{
	test_many("srcip,dstport", "count,bytes", N_MANY);
	test_many("srcip,dstip", "bytes", 7);
	test_many("srcip,dstip", "distinct(dstport),p50(bytes),flows", 2);
	test_many("srcip,dstport", "min(bytes),mean(bytes),max(dstip)", 4);
	test_first("srcip/24", "flows,bytes", 10);
	test_first("srcip/24", "bytes,count", 100);
	test_first("srcip/20", "max(dstport),bytes", 7);
	test_first("dstport,srcip/16", "mean(bytes),count", 3);
	test_first("srcip/24", "distinct(dstip)", 10);
	test_first("srcip", "bytes", 10);
	test_first("dstport", "bytes,flows", 10);
	test_first("dstport", "count,flows", 3);
	test_first("dstport,proto", "count,bytes", 20);
	test_first("dstport,proto", "flows", 1000000);
	test_first("proto", "bytes", 1);
	test_first("dstip,dstport", "count,flows", 10);
	test_first("srcip,dstip", "flows,bytes", 30);
	test_growing("dstport,proto", true, false);
	test_growing("end/1m,proto", false, true);
	test_growing("proto", false, false);
	test_growing("proto,end/1m", false, true);
	test_loose_on_disk(N_MANY);
	test_loose_on_disk(6);
	test_loose_beside_strings();
	test_far_apart(UINT64_MAX, 0);
	test_far_apart(UINT64_MAX, 1);
	test_far_apart(0, UINT64_MAX);
	test_far_apart(UINT64_MAX - 2, 1);
	test_behind_the_range();
	test_families_share();
	test_lies();
	return done_testing();
}
