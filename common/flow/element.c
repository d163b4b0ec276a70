#include "flow/element.h"

#include <string.h>
#include <strings.h>

#include "flow/element_list.h"

#define ROW(PEN, ID, NAME, TYPE, WIDTH, SCALE, SEM, MERGE, UNIT) \
	{ .pen = PEN, \
		.id = ID, \
		.type = TYPE_##TYPE, \
		.width = WIDTH, \
		.scale = SCALE, \
		.semantics = SEM_##SEM, \
		.merge = MERGE_##MERGE, \
		.name = NAME, \
		.unit = UNIT },

static const struct element table[] = { ELEMENT_LIST(ROW) };

enum { TABLE_N = sizeof(table) / sizeof(table[0]), CERT_REVERSE = 0x4000, REVERSE_LEN = 7 };

const struct element *
element_table(size_t *count)
{
	*count = TABLE_N;
	return table;
}

static const struct element *
find_exact(uint32_t pen, uint16_t id)
{
	size_t lo = 0, hi = TABLE_N;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct element *e = &table[mid];

		if (e->pen == pen && e->id == id)
			return e;
		if (e->pen < pen || (e->pen == pen && e->id < id))
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const struct element *
element_find(uint32_t pen, uint16_t id)
{
	const struct element *e;

	if (pen == PEN_REVERSE)
		return element_reversible(id) ? find_exact(PEN_IANA, id) : NULL;
	e = find_exact(pen, id);
	if (e == NULL && pen == PEN_CERT && (id & CERT_REVERSE))
		e = find_exact(pen, (uint16_t)(id ^ CERT_REVERSE));
	return e;
}

static const struct element *
find_name(const char *name, size_t n)
{
	if (memchr(name, 0, n) != NULL)
		return NULL;
	for (size_t i = 0; i < TABLE_N; i++)
		if (strncasecmp(table[i].name, name, n) == 0 && table[i].name[n] == 0)
			return &table[i];
	return NULL;
}

const struct element *
element_by_name(const char *name, size_t n, bool *reverse)
{
	const struct element *e = find_name(name, n);

	*reverse = false;
	if (e != NULL || n <= REVERSE_LEN || strncasecmp(name, "reverse", REVERSE_LEN) != 0)
		return e;
	e = find_name(name + REVERSE_LEN, n - REVERSE_LEN);
	if (e == NULL || !(e->pen == PEN_CERT || (e->pen == PEN_IANA && element_reversible(e->id))))
		return NULL;
	*reverse = true;
	return e;
}

/* Elements that say something about the exporter or the flow as a whole have no direction. */
bool
element_reversible(uint16_t id)
{
	switch (id) {
	case 40:
	case 41:
	case 42:
	case 130:
	case 131:
	case 137:
	case 138:
	case 145:
	case 148:
	case 149:
	case 160:
	case 163:
	case 164:
	case 165:
	case 166:
	case 167:
	case 168:
	case 173:
	case 210:
	case 211:
	case 212:
	case 213:
	case 214:
	case 215:
	case 216:
	case 217:
	case 239: return false;
	default: return true;
	}
}

uint32_t
element_v9_pen(uint16_t type)
{
	return find_exact(PEN_IANA, type) != NULL ? PEN_IANA : PEN_V9;
}

/* { IPv4 element, IPv6 element } of the IANA registry. */
static const uint16_t pairs[][2] = {
	{ 8, 27 }, /* source address */
	{ 12, 28 }, /* destination address */
	{ 15, 62 }, /* next hop */
	{ 18, 63 }, /* BGP next hop */
	{ 44, 170 }, /* source prefix */
	{ 45, 169 }, /* destination prefix */
	{ 47, 140 }, /* MPLS top label */
	{ 130, 131 }, /* exporter */
	{ 211, 212 }, /* collector */
	{ 225, 281 }, /* source after NAT */
	{ 226, 282 }, /* destination after NAT */
	{ 403, 404 }, /* original exporter */
};

uint16_t
element_pair(uint16_t id, bool *is_v6)
{
	*is_v6 = false;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] == id)
			return pairs[i][1];
		if (pairs[i][1] == id) {
			*is_v6 = true;
			return pairs[i][0];
		}
	}
	return 0;
}

static const struct {
	const char *name;
	unsigned width;
} types[TYPE_COUNT] = {
	[TYPE_NONE] = { "none", 0 },
	[TYPE_UINT] = { "uint", 8 },
	[TYPE_INT] = { "int", 8 },
	[TYPE_FLOAT32] = { "float32", 4 },
	[TYPE_FLOAT64] = { "float64", 8 },
	[TYPE_BOOL] = { "bool", 1 },
	[TYPE_TIME] = { "time", 8 },
	[TYPE_DURATION] = { "duration", 8 },
	[TYPE_IP] = { "ip", 16 },
	[TYPE_MAC] = { "mac", 8 },
	[TYPE_STRING] = { "string", 0 },
	[TYPE_BYTES] = { "bytes", 0 },
	[TYPE_LIST] = { "list", 0 },
};

const char *
type_name(enum type t)
{
	return (unsigned)t < TYPE_COUNT ? types[t].name : "unknown";
}

unsigned
type_width(enum type t)
{
	return (unsigned)t < TYPE_COUNT ? types[t].width : 0;
}
