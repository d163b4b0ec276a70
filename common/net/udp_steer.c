/*
 * udp_steer.c - one exporter, one worker: a hash of the source address in C and as classic BPF.
 *
 * The kernel's own choice among SO_REUSEPORT sockets hashes ports too, and an exporter that sends from
 * several (or a new one after a restart) would be spread over workers that do not know each other's
 * templates.  Both computations below must stay the same; tests/unit/test_udp.c compares them by what
 * the kernel delivers.
 */
#include <linux/filter.h>
#include <sys/socket.h>

#include "base/cursor.h"
#include "net/udp.h"

enum { FACTOR = 0x2c1b3c6d }; /* odd, of no pattern: h = (h ^ word) * FACTOR mixes upward */

/* The four words of an address, IPv4 mapped: the state after three of them is the same for all IPv4. */
static uint32_t
mix(uint32_t h, uint32_t word)
{
	return (h ^ word) * (uint32_t)FACTOR;
}

unsigned
udp_worker_of(const struct addr *a, unsigned n)
{
	uint32_t h = 0;

	for (unsigned i = 0; i < 4; i++)
		h = mix(h, (uint32_t)be_uint(a->b + 4 * i, 4));
	return (h ^ h >> 16) % n;
}

/*
 * A program computes on an accumulator A, an index X and words M[].  Loads at SKF_NET_OFF count from the
 * IP header; at this hook others would count from the UDP payload (linux/filter.h; the kernel's
 * net/core/sock_reuseport.c).  The version's four bits tell the families apart, as an IPv6 socket may
 * get IPv4 packets too.
 */
enum { IP4_SOURCE = 12, IP6_SOURCE = 8 };

#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_NET_OFF + (offset)))

/* M[0] = (M[0] ^ A) * FACTOR */
#define MIX \
	BPF_STMT(BPF_MISC | BPF_TAX, 0), BPF_STMT(BPF_LD | BPF_MEM, 0), \
	    BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, FACTOR), \
	    BPF_STMT(BPF_ST, 0)
enum { MIX_LEN = 5 };

int
udp_steer(int fd, unsigned n)
{
	uint32_t mapped = mix(mix(mix(0, 0), 0), 0xffff);
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (uint32_t)SKF_NET_OFF),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 0, 2 + 3 * (1 + MIX_LEN) + 2),
		/* IPv6 */
		BPF_STMT(BPF_LD | BPF_IMM, 0),
		BPF_STMT(BPF_ST, 0),
		LOAD(IP6_SOURCE),
		MIX,
		LOAD(IP6_SOURCE + 4),
		MIX,
		LOAD(IP6_SOURCE + 8),
		MIX,
		LOAD(IP6_SOURCE + 12),
		BPF_STMT(BPF_JMP | BPF_JA, 3),
		/* IPv4 */
		BPF_STMT(BPF_LD | BPF_IMM, mapped),
		BPF_STMT(BPF_ST, 0),
		LOAD(IP4_SOURCE),
		/* both */
		MIX,
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, n),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_fprog program = { .len = sizeof code / sizeof code[0], .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}
