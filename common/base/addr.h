/*
 * addr.h - IP and MAC addresses as text and as values.
 *
 * An address is 16 octets in network order; IPv4 is mapped (::ffff:a.b.c.d, RFC 4291 2.5.5.2).
 * A prefix of length p < 96 does not match IPv4; IPv4 prefixes are 96 + p.
 */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct addr {
	uint8_t b[16];
};

static inline struct addr
addr_v4(uint32_t host)
{
	return (struct addr){ .b = { [10] = 0xff,
				  [11] = 0xff,
				  [12] = (uint8_t)(host >> 24),
				  [13] = (uint8_t)(host >> 16),
				  [14] = (uint8_t)(host >> 8),
				  [15] = (uint8_t)host } };
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, 12) == 0;
}

static inline bool
addr_is_zero(const struct addr *a)
{
	static const struct addr zero;

	return memcmp(a->b, zero.b, 16) == 0;
}

static inline bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return memcmp(a->b, b->b, 16) == 0;
}

/* The IPv4 address in host order; only of a mapped address. */
static inline uint32_t
addr_u32(const struct addr *a)
{
	return (uint32_t)a->b[12] << 24 | (uint32_t)a->b[13] << 16 | (uint32_t)a->b[14] << 8 |
	       a->b[15];
}

/* At most FMT_MAX octets are written to dst, no NUL; the text's length is returned (base/num.h). */
size_t fmt_ip4(char *dst, uint32_t host); /* dotted quad */
size_t fmt_ip(char *dst, const struct addr *); /* dotted quad when mapped, else RFC 5952 */
size_t fmt_ip6(char *dst, const struct addr *); /* always as IPv6, as inet_ntop */
size_t fmt_mac(char *dst, uint64_t mac); /* aa:bb:cc:dd:ee:ff of the low 48 bits */

bool parse_ip(const char *, size_t, struct addr *); /* either family, nothing behind */
bool parse_mac(const char *, size_t, uint64_t *); /* aa:bb:cc:dd:ee:ff or aa-bb-… */

/* ADDRESS[/LENGTH]; *plen counts in the 128-bit form (IPv4 96 + length). Bits behind are kept. */
bool parse_prefix(const char *, size_t, struct addr *, unsigned *plen);

/* Clear the bits behind the first plen of 128. */
void addr_mask(struct addr *, unsigned plen);

#endif
