/* The table of information elements: order, lookups, pairs, directions. */
#include "flow/element.h"

#include "tap.h"

static void
test_table(void)
{
	size_t n, unsorted = 0, lost = 0, odd = 0, empty = 0, open = 0;
	const struct element *e = element_table(&n);

	ok(n > 1900, "the table has %zu elements", n);
	for (size_t i = 0; i < n; i++) {
		unsigned natural = type_width((enum type)e[i].type);

		if (i > 0 && (e[i - 1].pen > e[i].pen ||
				 (e[i - 1].pen == e[i].pen && e[i - 1].id >= e[i].id)))
			unsorted++;
		lost += element_find(e[i].pen, e[i].id) != &e[i];
		empty += e[i].name[0] == 0 || e[i].type == TYPE_NONE || e[i].type >= TYPE_COUNT;
		open +=
		    e[i].name[sizeof e[i].name - 1] != 0 || e[i].unit[sizeof e[i].unit - 1] != 0;
		odd += (e[i].width == 0) != type_is_var((enum type)e[i].type) ||
		       e[i].width > natural || (e[i].scale != 0 && e[i].type != TYPE_TIME);
	}
	is_u64(unsorted, 0, "it is sorted by enterprise and id, without duplicates");
	is_u64(lost, 0, "every element is found by its number");
	is_u64(empty, 0, "every element has a name and a type");
	is_u64(open, 0, "every name and unit has its place, and an end there");
	is_u64(odd, 0, "widths and scales agree with types");
	ok(element_find(0, 0) == NULL && element_find(0, 65535) == NULL &&
		element_find(1, 1) == NULL && element_find(UINT32_MAX, UINT16_MAX) == NULL,
	    "unknown elements are not found");
}

static void
test_facts(void)
{
	const struct element *e = element_find(0, 1);

	is_str(e->name, "octetDeltaCount", "element 1 is octetDeltaCount");
	ok(e->type == TYPE_UINT && e->width == 8 && e->merge == MERGE_SUM &&
		e->semantics == SEM_DELTA,
	    "it is a counter of 8 octets that adds up");
	is_str(e->unit, "octets", "it counts octets");
	ok(element_find(0, 6)->merge == MERGE_OR, "TCP flags are united");
	ok(element_find(0, 8)->merge == MERGE_KEY && element_find(0, 4)->merge == MERGE_KEY,
	    "addresses and identifiers are keys");
	ok(element_find(0, 52)->merge == MERGE_MIN && element_find(0, 53)->merge == MERGE_MAX,
	    "minimumTTL keeps the least, maximumTTL the greatest");
	ok(element_find(0, 150)->scale == 9 && element_find(0, 152)->scale == 6 &&
		element_find(0, 154)->scale == 3 && element_find(0, 156)->scale == 0,
	    "the scale of a time is the unit of its wire type");
	ok(element_find(0, 291)->type == TYPE_LIST && element_find(0, 313)->type == TYPE_BYTES &&
		element_find(0, 82)->type == TYPE_STRING && element_find(0, 56)->type == TYPE_MAC,
	    "lists, octets, strings and MAC addresses have their types");
	is_str(element_find(PEN_OWN, OWN_START)->name, "start", "own elements are in the table");
	is_str(element_find(PEN_SCOPE, 2)->name, "scopeInterface", "so are scope types");
}

static void
test_names(void)
{
	bool reverse;
	size_t n;
	const struct element *all = element_table(&n), *e;

	e = element_by_name("SOURCEipv4address", 17, &reverse);
	ok(e != NULL && e->id == 8 && !reverse, "names are found in either case");
	e = element_by_name("reverseOctetDeltaCount", 22, &reverse);
	ok(e != NULL && e->id == 1 && reverse, "reverse and a name is the other direction");
	e = element_by_name("reverseFlowId", 13, &reverse);
	ok(e == NULL, "an element that has no direction cannot be reversed");
	e = element_by_name("reverseFlowDeltaMilliseconds", 28, &reverse);
	ok(e != NULL && e->pen == PEN_CERT && e->id == 21 && !reverse,
	    "an element may itself be called reverse...");
	ok(element_by_name("octetDelta", 10, &reverse) == NULL,
	    "a beginning of a name is not a name");
	ok(element_by_name("end\0octetDeltaCount", 19, &reverse) == NULL,
	    "a text with a NUL octet is not a name");
	ok(element_by_name("", 0, &reverse) == NULL, "nor is nothing");
	for (size_t i = 0; i < n; i++)
		if (all[i].pen == PEN_OWN &&
		    element_by_name(all[i].name, strlen(all[i].name), &reverse) != &all[i])
			ok(false, "own name %s is not a vendor's", all[i].name);
}

static void
test_reverse(void)
{
	ok(element_find(PEN_REVERSE, 2) == element_find(0, 2), "29305.2 has the facts of 2");
	ok(element_find(PEN_REVERSE, 148) == NULL,
	    "29305.148 does not exist: flowId has no direction");
	ok(element_find(PEN_CERT, 0x4000 | 14) == element_find(PEN_CERT, 14),
	    "CERT's reverse bit gives the forward facts");
	ok(!element_reversible(210) && !element_reversible(130) && element_reversible(1),
	    "RFC 5103 6.1 says what is not reversible");
}

static void
test_pairs(void)
{
	bool v6;
	size_t n, wrong = 0;
	const struct element *e = element_table(&n);

	ok(element_pair(8, &v6) == 27 && !v6, "8 stores the source address, 27 is its partner");
	ok(element_pair(27, &v6) == 8 && v6, "27 is the IPv6 half");
	ok(element_pair(44, &v6) == 170 && element_pair(45, &v6) == 169 &&
		element_pair(47, &v6) == 140,
	    "prefixes and the MPLS top label are pairs");
	ok(element_pair(9, &v6) == 0 && element_pair(1, &v6) == 0, "prefix lengths are none");
	for (size_t i = 0; i < n && e[i].pen == 0; i++) {
		uint16_t other = element_pair(e[i].id, &v6);

		if (other != 0)
			wrong += e[i].type != TYPE_IP || e[i].width != (v6 ? 16 : 4) ||
				 element_find(0, other) == NULL ||
				 element_pair(other, &v6) != e[i].id;
	}
	is_u64(wrong, 0, "pairs are of addresses, and both ways");
}

static void
test_v9(void)
{
	ok(element_v9_pen(1) == PEN_IANA && element_v9_pen(152) == PEN_IANA,
	    "NetFlow v9 shares IANA's numbers");
	ok(element_v9_pen(33002) == PEN_V9 && element_v9_pen(65) == PEN_V9 &&
		element_v9_pen(0) == PEN_V9,
	    "types that IANA does not assign are NetFlow v9's own");
	ok(element_find(PEN_V9, 33002)->type == TYPE_UINT, "some of them are known");
}

int
main(void)
{
	test_table();
	test_facts();
	test_names();
	test_reverse();
	test_pairs();
	test_v9();
	return done_testing();
}
