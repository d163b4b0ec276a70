#include "gen.h"

enum { PER_SUBNET = 200, PER_BLOCK = 8, LOCAL_AS = 64512 };

/* First octets of the public IPv4 space. */
static const uint8_t public_octets[] = { 17, 23, 31, 34, 35, 44, 52, 54, 62, 64, 69, 74, 77, 80, 87,
	91, 93, 95, 104, 108, 129, 142, 151, 157, 162, 185, 193, 199, 204, 212, 213, 216 };

static void
make_client(struct host *h, uint32_t i)
{
	uint32_t subnet = i / PER_SUBNET, number = 10 + i % PER_SUBNET;

	*h = (struct host){ .as = LOCAL_AS, .mask4 = 24, .mask6 = 64 };
	h->v4 = addr_v4(10u << 24 | (subnet & 0xffff) << 8 | number);
	h->v6 = (struct addr){ .b = { 0xfd, [6] = (uint8_t)(subnet >> 8), [7] = (uint8_t)subnet,
				   [14] = 1, [15] = (uint8_t)number } };
	h->interface = 1 + subnet % 8;
	h->site = (uint16_t)subnet;
}

/* Servers of one block of addresses share a prefix and an AS. */
static void
make_public(struct host *h, uint64_t block, uint64_t rest)
{
	uint32_t prefix, mask = 16 + (uint32_t)(block >> 40) % 7;

	*h = (struct host){ .mask4 = (uint8_t)mask, .mask6 = block & 1 << 20 ? 32 : 48 };
	prefix = (uint32_t)public_octets[block % sizeof(public_octets)] << 24 |
		 ((uint32_t)(block >> 8) & 0xffff00);
	prefix &= ~UINT32_C(0) << (32 - mask);
	rest = (rest & ~(~UINT64_C(0) << (32 - mask)));
	rest = (rest & ~UINT64_C(0xff)) | (1 + (rest & 0xff) * 253 / 255); /* 1..254 */
	h->v4 = addr_v4(prefix | (uint32_t)rest);
	h->v6 = (struct addr){ .b = { 0x2a, (uint8_t)(block >> 48 & 0x0f), (uint8_t)(block >> 32),
				   (uint8_t)(block >> 24), 0, (uint8_t)(block >> 16 & 0x0f), 0, 0,
				   0, 0, 0, 0, 0, 0, (uint8_t)(rest >> 8), (uint8_t)rest } };
	/* One AS in eight has a number of 4 octets (RFC 6793). */
	h->as = (block >> 56 & 7) == 0 ? 196608 + (uint32_t)(block >> 12 & 0x3fff)
				       : 1000 + (uint32_t)(block >> 12) % 60000;
	h->interface = 100 + h->as % 2;
}

static void
make_server(struct host *h, uint64_t seed, uint32_t i)
{
	make_public(h, dice_mix(seed + i / PER_BLOCK), dice_mix(~seed + i));
}

static void
make_internal(struct host *h, uint32_t i)
{
	*h = (struct host){ .as = LOCAL_AS, .mask4 = 24, .mask6 = 64, .interface = 50 };
	h->v4 = addr_v4(UINT32_C(10) << 24 | 255 << 16 | (5 + i));
	h->v6 = (struct addr){ .b = { 0xfd, [7] = 0xff, [15] = (uint8_t)(5 + i) } };
	h->site = (uint16_t)i;
}

void
hosts_init(struct hosts *h, const struct gen_opts *o)
{
	*h = (struct hosts){ .n_clients = o->clients, .n_servers = o->servers };
	h->seed = dice_mix(o->seed ^ UINT64_C(0x686f737473));
	h->log2_clients = dice_log2((uint64_t)o->clients + 1);
	h->log2_servers = dice_log2((uint64_t)o->servers + 1);
	h->stride = (uint32_t)(h->seed >> 40);
	h->clients = mem_alloc(o->clients * sizeof(*h->clients));
	h->servers = mem_alloc(o->servers * sizeof(*h->servers));
	for (uint32_t i = 0; i < o->clients; i++)
		make_client(&h->clients[i], i);
	for (uint32_t i = 0; i < o->servers; i++)
		make_server(&h->servers[i], h->seed, i);
	for (uint32_t i = 0; i < INTERNAL_SERVERS; i++)
		make_internal(&h->internal[i], i);
}

void
hosts_free(struct hosts *h)
{
	mem_free(h->clients);
	mem_free(h->servers);
}

/* Multiplying by a large prime spreads the busy ranks over the subnets. */
const struct host *
hosts_busy(const struct hosts *h, uint32_t rank)
{
	return &h->clients[(rank * UINT64_C(2654435761) + h->stride) % h->n_clients];
}

const struct host *
hosts_client(const struct hosts *h, struct dice *d)
{
	return hosts_busy(h, dice_zipf(d, h->n_clients, h->log2_clients));
}

/* The first two are the resolvers. */
const struct host *
hosts_inside(const struct hosts *h, uint16_t port, uint32_t i)
{
	return &h->internal[2 + (port + i) % (INTERNAL_SERVERS - 2)];
}

const struct host *
hosts_server(const struct hosts *h, struct dice *d)
{
	return &h->servers[dice_zipf(d, h->n_servers, h->log2_servers)];
}

void
hosts_stranger(struct host *h, struct dice *d, uint64_t seed)
{
	uint64_t u = dice_u64(d);

	make_public(h, dice_mix(seed ^ (u & 0xfffff)), u >> 32);
}
