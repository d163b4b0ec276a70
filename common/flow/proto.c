#include <string.h>
#include <strings.h>

#include "base/num.h"
#include "base/opt.h"
#include "flow/value.h"

/*
 * Keywords of IANA's protocol numbers (registry of 2026), lower case; assigned numbers without a
 * keyword are left out.
 */
static const char *const names[256] = {
	[0] = "hopopt",
	[1] = "icmp",
	[2] = "igmp",
	[3] = "ggp",
	[4] = "ipv4",
	[5] = "st",
	[6] = "tcp",
	[7] = "cbt",
	[8] = "egp",
	[9] = "igp",
	[10] = "bbn-rcc-mon",
	[11] = "nvp-ii",
	[12] = "pup",
	[13] = "argus",
	[14] = "emcon",
	[15] = "xnet",
	[16] = "chaos",
	[17] = "udp",
	[18] = "mux",
	[19] = "dcn-meas",
	[20] = "hmp",
	[21] = "prm",
	[22] = "xns-idp",
	[23] = "trunk-1",
	[24] = "trunk-2",
	[25] = "leaf-1",
	[26] = "leaf-2",
	[27] = "rdp",
	[28] = "irtp",
	[29] = "iso-tp4",
	[30] = "netblt",
	[31] = "mfe-nsp",
	[32] = "merit-inp",
	[33] = "dccp",
	[34] = "3pc",
	[35] = "idpr",
	[36] = "xtp",
	[37] = "ddp",
	[38] = "idpr-cmtp",
	[39] = "tp++",
	[40] = "il",
	[41] = "ipv6",
	[42] = "sdrp",
	[43] = "ipv6-route",
	[44] = "ipv6-frag",
	[45] = "idrp",
	[46] = "rsvp",
	[47] = "gre",
	[48] = "dsr",
	[49] = "bna",
	[50] = "esp",
	[51] = "ah",
	[52] = "i-nlsp",
	[53] = "swipe",
	[54] = "narp",
	[55] = "min-ipv4",
	[56] = "tlsp",
	[57] = "skip",
	[58] = "ipv6-icmp",
	[59] = "ipv6-nonxt",
	[60] = "ipv6-opts",
	[62] = "cftp",
	[64] = "sat-expak",
	[65] = "kryptolan",
	[66] = "rvd",
	[67] = "ippc",
	[69] = "sat-mon",
	[70] = "visa",
	[71] = "ipcv",
	[72] = "cpnx",
	[73] = "cphb",
	[74] = "wsn",
	[75] = "pvp",
	[76] = "br-sat-mon",
	[77] = "sun-nd",
	[78] = "wb-mon",
	[79] = "wb-expak",
	[80] = "iso-ip",
	[81] = "vmtp",
	[82] = "secure-vmtp",
	[83] = "vines",
	[84] = "iptm",
	[85] = "nsfnet-igp",
	[86] = "dgp",
	[87] = "tcf",
	[88] = "eigrp",
	[89] = "ospfigp",
	[90] = "sprite-rpc",
	[91] = "larp",
	[92] = "mtp",
	[93] = "ax.25",
	[94] = "ipip",
	[95] = "micp",
	[96] = "scc-sp",
	[97] = "etherip",
	[98] = "encap",
	[100] = "gmtp",
	[101] = "ifmp",
	[102] = "pnni",
	[103] = "pim",
	[104] = "aris",
	[105] = "scps",
	[106] = "qnx",
	[107] = "a/n",
	[108] = "ipcomp",
	[109] = "snp",
	[110] = "compaq-peer",
	[111] = "ipx-in-ip",
	[112] = "vrrp",
	[113] = "pgm",
	[115] = "l2tp",
	[116] = "ddx",
	[117] = "iatp",
	[118] = "stp",
	[119] = "srp",
	[120] = "uti",
	[121] = "smp",
	[122] = "sm",
	[123] = "ptp",
	[124] = "isis",
	[125] = "fire",
	[126] = "crtp",
	[127] = "crudp",
	[128] = "sscopmce",
	[129] = "iplt",
	[130] = "sps",
	[131] = "pipe",
	[132] = "sctp",
	[133] = "fc",
	[134] = "rsvp-e2e-ignore",
	[135] = "mobility",
	[136] = "udplite",
	[137] = "mpls-in-ip",
	[138] = "manet",
	[139] = "shim6",
	[140] = "wesp",
	[141] = "rohc",
	[142] = "ethernet",
	[143] = "aggfrag",
	[144] = "nsh",
	[145] = "homa",
	[146] = "bit-emu",
};

/* What people write for them too. */
static const struct {
	const char *name;
	unsigned number;
} others[] = {
	{ "icmp6", 58 },
	{ "icmpv6", 58 },
	{ "ospf", 89 },
	{ "ip", 4 },
	{ "udp-lite", 136 },
};

const char *
proto_name(unsigned number)
{
	return number < 256 ? names[number] : NULL;
}

static bool
is_name(const char *name, const char *text, size_t n)
{
	return strlen(name) == n && strncasecmp(name, text, n) == 0;
}

int
proto_number(const char *text, size_t n)
{
	for (unsigned i = 0; i < 256; i++)
		if (names[i] != NULL && is_name(names[i], text, n))
			return (int)i;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (is_name(others[i].name, text, n))
			return (int)others[i].number;
	return -1;
}

const char *
proto_near(const char *text, size_t n)
{
	const char *near[257];
	char word[16];
	size_t k = 0;

	if (n >= sizeof(word))
		return NULL;
	memcpy(word, text, n);
	word[n] = '\0';
	for (unsigned i = 0; i < 256; i++)
		if (names[i] != NULL)
			near[k++] = names[i];
	near[k] = NULL;
	return opt_nearest(word, near);
}

static const char *const severities[] = {
	[SEVERITY_LOW] = "low",
	[SEVERITY_MEDIUM] = "medium",
	[SEVERITY_HIGH] = "high",
	[SEVERITY_CRITICAL] = "critical",
};
enum { N_SEVERITIES = sizeof(severities) / sizeof(severities[0]) };

const char *
severity_name(unsigned severity)
{
	return severity < N_SEVERITIES ? severities[severity] : NULL;
}

int
severity_number(const char *text, size_t n)
{
	for (int i = SEVERITY_LOW; i < N_SEVERITIES; i++)
		if (is_name(severities[i], text, n))
			return i;
	return -1;
}

/* Bit 8 is AE (RFC 9565), once NS; then CWR ECE URG ACK PSH RST SYN FIN. */
static const char letters[] = "NCEUAPRSF";
enum { LETTERS_N = sizeof(letters) - 1 };

size_t
fmt_flags(char *dst, unsigned bits)
{
	size_t n = 0;

	if (bits >= 1u << LETTERS_N) {
		memcpy(dst, "0x", 2);
		n = fmt_hex(dst + 2, (const uint8_t[]){ (uint8_t)(bits >> 8), (uint8_t)bits }, 2);
		return n + 2;
	}
	for (unsigned i = bits >> 8 ? 0 : 1; i < LETTERS_N; i++)
		dst[n++] = bits >> (LETTERS_N - 1 - i) & 1 ? letters[i] : '.';
	return n;
}

bool
parse_flags(const char *text, size_t n, unsigned *bits)
{
	*bits = 0;
	for (size_t i = 0; i < n; i++) {
		char upper = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
		const char *p = upper ? strchr(letters, upper) : NULL;

		if (text[i] == '.' || text[i] == ' ')
			continue;
		if (p == NULL)
			return false;
		*bits |= 1u << (LETTERS_N - 1 - (unsigned)(p - letters));
	}
	return n > 0;
}
