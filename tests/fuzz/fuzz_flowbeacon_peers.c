/*
 * Who talks to whom, from octets that are records: two addresses of 16 each, in a table with room for 512 pairs.  The
 * table stays within its bound; as long as nothing was forgotten it counts what a square of counters counts.
 */
#include <assert.h>
#include <stdint.h>

#include "../../cmd/flowbeacon/peers.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ADDRS = 256, ROUNDS = 3, MOST = 512, FOREIGN = 200 };

struct naive {
	unsigned records[ADDRS][ADDRS]; /* by the lesser and the greater */
	bool sent[ADDRS][ADDRS];
};

/* IPv4 of ours, foreign IPv6 behind. */
static struct addr
addr_of(uint8_t n)
{
	if (n < FOREIGN)
		return addr_v4(UINT32_C(0x0a000000) + n);
	return (struct addr){ .b = { 0x20, 1, [15] = n } };
}

static void
put_time(struct batch *b, enum own which, size_t i, uint64_t ns)
{
	struct field_id id = field_own(which);

	batch_put_uint(b, (unsigned)batch_column(b, &id, TYPE_TIME, 8, 0), i, ns);
}

/* Two octets a record: who to whom; times are the octets too, wild ones. */
static struct batch *
make(const uint8_t *data, size_t n, struct naive *naive)
{
	struct field_id src = field_iana(8), dst = field_iana(12);
	struct batch *b = batch_new();

	batch_extend(b, n);
	for (size_t i = 0; i < n; i++) {
		uint8_t from = data[2 * i], to = data[2 * i + 1];
		struct addr s = addr_of(from), d = addr_of(to);
		uint64_t start = (uint64_t)from << 56 | to;

		batch_put_ip(b, (unsigned)batch_column(b, &src, TYPE_IP, 16, 0), i, &s);
		batch_put_ip(b, (unsigned)batch_column(b, &dst, TYPE_IP, 16, 0), i, &d);
		put_time(b, OWN_START, i, start);
		put_time(b, OWN_END, i, start + 1);
		naive->records[from < to ? from : to][from < to ? to : from]++;
		naive->sent[from][to] = true;
	}
	batch_close(b);
	return b;
}

static void
compare(const struct peers *p, const struct naive *naive)
{
	for (unsigned a = 0; a < ADDRS; a++) {
		struct addr x = addr_of((uint8_t)a);
		unsigned clients = 0;

		for (unsigned o = 0; o < ADDRS; o++) {
			struct addr y = addr_of((uint8_t)o);
			unsigned want = naive->records[a < o ? a : o][a < o ? o : a];

			clients += o < FOREIGN && naive->sent[o][a];
			assert(peers_records(p, &x, &y) ==
			       (want < PEERS_RECORDS_MOST ? want : PEERS_RECORDS_MOST));
		}
		assert(peers_clients(p, &x) == clients);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct scope scope;
	struct naive *naive = mem_zero(1, sizeof(*naive));
	struct peers_counts c;
	struct peers *p;
	size_t n = len / 2 < 4096 ? len / 2 : 4096;

	scope_init(&scope);
	p = peers_new(&scope, MOST);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct batch *b = make(data, n, naive);

		peers_add(p, b, NULL);
		batch_free(b);
	}
	c = peers_counts(p);
	assert(c.records == n * ROUNDS && c.pairs <= MOST && c.unknown == 0);
	if (c.forgotten == 0)
		compare(p, naive);
	peers_free(p);
	scope_free(&scope);
	mem_free(naive);
	return 0;
}
