/*
 * primitive.c - the words of nfdump and tcpdump: `src port`, `in if`, `tcp`, `icmp type`, `has` ...
 */
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "expr/parse.h"

const struct primitive primitives[] = {
	{ "ip", "srcip", "dstip", PRIMITIVE_ENDS },
	{ "host", "srcip", "dstip", PRIMITIVE_ENDS },
	{ "net", "srcip", "dstip", PRIMITIVE_ENDS },
	{ "port", "srcport", "dstport", PRIMITIVE_ENDS },
	{ "as", "srcas", "dstas", PRIMITIVE_ENDS },
	{ "mask", "srcmask", "dstmask", PRIMITIVE_ENDS },
	{ "mac", "srcmac", "dstmac", PRIMITIVE_ENDS },
	{ "vlan", "srcvlan", "dstvlan", PRIMITIVE_ENDS },
	{ "tos", "tos", "posttos", PRIMITIVE_FIRST },
	{ "if", "inif", "outif", PRIMITIVE_SIDES },
	{ "interface", "inif", "outif", PRIMITIVE_SIDES },
	{ NULL, NULL, NULL, PRIMITIVE_ENDS },
};

/* Protocols that are a condition by themselves. */
const char *const bare_protocols[] = { "tcp", "udp", "icmp", "icmp6", "igmp", "gre", "esp", "ah",
	"sctp", "ospf", NULL };

/* Two words for one field. */
static const struct {
	const char *first, *second, *field;
} phrases[] = {
	{ "next", "ip", "nexthop" },
	{ "next", "as", "nextas" },
	{ "prev", "as", "prevas" },
	{ "bgpnext", "ip", "bgpnexthop" },
	{ "router", "ip", "exporter" },
};

/* A field that a table here names. */
static struct field *
known_field(struct parser *p, const char *name)
{
	struct field *f = arena_alloc(&p->x->arena, sizeof(*f)), parsed;
	struct err err = { 0 };
	int known = field_parse(&parsed, name, strlen(name), &err);

	assert(known == 0); /* names of our own tables */
	(void)known;
	field_copy(f, &parsed);
	return f;
}

static struct node *
field_node(struct parser *p, const char *name, size_t at, size_t end)
{
	struct node *n = node_new(p->x, NODE_FIELD, at, end);

	n->field = known_field(p, name);
	return n;
}

const struct primitive *
primitive_named(const char *word, size_t n)
{
	const struct primitive *w = primitives;

	while (w->word != NULL && (strlen(w->word) != n || strncasecmp(w->word, word, n) != 0))
		w++;
	return w->word != NULL ? w : NULL;
}

static const struct primitive *
find_primitive(const struct parser *p)
{
	const struct token *t = &p->tok;

	return t->kind == TOK_WORD ? primitive_named(p->lex.text + t->at, t->end - t->at) : NULL;
}

static struct node *
directed(struct parser *p, const struct primitive *w, enum reach reach, bool dst, size_t at)
{
	struct node *n = field_node(p, dst ? w->dst : w->src, at, p->tok.end);

	n->reach = reach;
	if (reach != REACH_ONE)
		n->other = known_field(p, w->dst);
	parser_next(p);
	return n;
}

/* Behind `src` may stand `or dst`, `and dst`. */
static enum reach
second_direction(struct parser *p, const char *second)
{
	struct lex ahead = p->lex;
	enum reach reach;
	struct token t;

	if (p->tok.kind != TOK_OPERATOR || p->tok.op->class > OP_AND)
		return REACH_ONE;
	reach = p->tok.op->class == OP_OR ? REACH_ANY : REACH_BOTH;
	lex_next(&ahead, &t);
	if (!lex_is(&ahead, &t, second))
		return REACH_ONE;
	p->lex = ahead;
	parser_next(p);
	return reach;
}

/* src port, dst ip, src or dst net; src 10.0.0.1 means ip. */
static struct node *
parse_direction(struct parser *p)
{
	bool dst = lex_is(&p->lex, &p->tok, "dst");
	const struct primitive *w;
	size_t at = p->tok.at;
	enum reach reach;

	parser_next(p);
	reach = second_direction(p, dst ? "src" : "dst");
	w = find_primitive(p);
	if (w != NULL && w->kind != PRIMITIVE_SIDES)
		return directed(p, w, reach, dst && reach == REACH_ONE, at);
	if (p->tok.kind == TOK_NUMBER && w == NULL &&
	    memchr(p->lex.text + p->tok.at, '.', p->tok.end - p->tok.at) != NULL) {
		struct token value = p->tok;
		struct lex behind = p->lex;
		struct node *n = directed(p, primitives, reach, dst && reach == REACH_ONE, at);

		p->tok = value;
		p->lex = behind;
		return n;
	}
	return refuse_token(p, "ip, net, port, as, mask, mac, vlan or tos behind the direction");
}

/* in if, out if. */
static struct node *
parse_side(struct parser *p, bool out)
{
	size_t at = p->tok.at;
	const struct primitive *w;

	parser_next(p);
	w = find_primitive(p);
	if (w == NULL || w->kind != PRIMITIVE_SIDES)
		return refuse_token(p, out ? "'if' behind 'out'" : "'if' behind 'in'");
	return directed(p, w, REACH_ONE, out, at);
}

static struct node *
parse_has(struct parser *p)
{
	size_t at = p->tok.at;
	struct node *f, *n, *two;

	parser_next(p);
	f = p->tok.kind == TOK_NUMBER ? parse_field(p, p->lex.text + p->tok.at,
					    p->tok.end - p->tok.at, p->tok.at, p->tok.end)
				      : NULL;
	if (f != NULL)
		parser_next(p);
	else if (p->err->status == 0)
		f = parse_sub(p, PREC_UNARY);
	if (f == NULL)
		return NULL;
	if (f->kind != NODE_FIELD || f->reach >= REACH_ICMP_TYPE)
		return refuse(p, f->at, f->end, "has srcport", "'has' needs a field");
	n = node_new(p->x, NODE_HAS, at, f->end);
	n->field = f->field;
	if (f->reach == REACH_ONE)
		return n;
	two = node_new(p->x, NODE_HAS, at, f->end);
	two->field = f->other;
	return node_pair(p->x, f->reach == REACH_BOTH ? NODE_AND : NODE_OR, n, two);
}

/* ipv4, ipv6: the family of either address. */
static struct node *
parse_family(struct parser *p, bool v6)
{
	static const char mapped[] = "::ffff:0:0-::ffff:ffff:ffff";
	struct node *n = directed(p, primitives, REACH_ANY, false, p->tok.at);
	enum cmp cmp = v6 ? CMP_NE : CMP_EQ;
	/* Of two that cost the same the one made first is asked first; C leaves the order of arguments open. */
	struct node *one = test_text(p, n->field, cmp, mapped);
	struct node *other = test_text(p, n->other, cmp, mapped);

	return node_pair(p->x, NODE_OR, one, other);
}

static struct node *
icmp_operand(struct parser *p, bool code, size_t at)
{
	struct node *n = field_node(p, code ? "icmpcode" : "icmptype", at, p->tok.end);

	parser_next(p);
	n->reach = code ? REACH_ICMP_CODE : REACH_ICMP_TYPE;
	return n;
}

static bool
begins_primitive(const struct parser *p)
{
	return find_primitive(p) != NULL || lex_is(&p->lex, &p->tok, "src") ||
	       lex_is(&p->lex, &p->tok, "dst");
}

/* tcp; tcp dst port 80 and icmp type 8 as tcpdump has them: both conditions. */
static struct node *
parse_protocol(struct parser *p, const char *name)
{
	struct token t = p->tok;
	struct node *n = test_text(p, known_field(p, "proto"), CMP_EQ, name), *more;

	n->at = t.at;
	n->end = t.end;
	parser_next(p);
	if (strncmp(name, "icmp", 4) == 0 &&
	    (lex_is(&p->lex, &p->tok, "type") || lex_is(&p->lex, &p->tok, "code")))
		more = parse_condition(p, PREC_COMPARE);
	else if (begins_primitive(p))
		more = parse_condition(p, PREC_COMPARE);
	else
		return n;
	return more != NULL ? node_pair(p->x, NODE_AND, n, more) : NULL;
}

/* `icmp` is a protocol, but also a field: icmp = 2048. */
static bool
is_compared(const struct parser *p)
{
	struct lex ahead = p->lex;
	struct token t;

	lex_next(&ahead, &t);
	return t.kind == TOK_OPERATOR && t.op->class == OP_COMPARE;
}

struct node *
parse_primitive(struct parser *p)
{
	const struct primitive *w = find_primitive(p);
	const struct lex *l = &p->lex;
	size_t at = p->tok.at;

	if (w != NULL)
		return directed(
		    p, w, w->kind == PRIMITIVE_FIRST ? REACH_ONE : REACH_ANY, false, at);
	if (lex_is(l, &p->tok, "src") || lex_is(l, &p->tok, "dst"))
		return parse_direction(p);
	if (lex_is(l, &p->tok, "out") || (p->tok.kind == TOK_OPERATOR && p->tok.op->what == CMP_IN))
		return parse_side(p, p->tok.kind == TOK_WORD);
	if (lex_is(l, &p->tok, "has"))
		return parse_has(p);
	if (lex_is(l, &p->tok, "ipv4") || lex_is(l, &p->tok, "inet"))
		return parse_family(p, false);
	if (lex_is(l, &p->tok, "ipv6") || lex_is(l, &p->tok, "inet6"))
		return parse_family(p, true);
	if (lex_is(l, &p->tok, "icmp-type") || lex_is(l, &p->tok, "type"))
		return icmp_operand(p, false, at);
	if (lex_is(l, &p->tok, "icmp-code") || lex_is(l, &p->tok, "code"))
		return icmp_operand(p, true, at);
	for (size_t i = 0; bare_protocols[i] != NULL; i++)
		if (lex_is(l, &p->tok, bare_protocols[i]) && !is_compared(p))
			return parse_protocol(p, bare_protocols[i]);
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		struct lex ahead = p->lex;
		struct token t;

		lex_next(&ahead, &t);
		if (!lex_is(l, &p->tok, phrases[i].first) || !lex_is(&ahead, &t, phrases[i].second))
			continue;
		parser_next(p);
		parser_next(p);
		return field_node(p, phrases[i].field, at, t.end);
	}
	return NULL;
}

/* ICMP ---------------------------------------------------------------------------------------- */

/* A test of a column that holds type * 256 + code, from one of the type or the code alone. */
static struct node *
combined_test(struct parser *p, const struct node *single, bool code, const char *name)
{
	struct node *n = node_new(p->x, NODE_TEST, single->at, single->end);
	const struct ranges *from = &single->test->set;
	struct test *t = arena_zero(&p->x->arena, sizeof(*t));

	n->field = known_field(p, name);
	n->cmp = CMP_IN;
	n->test = t;
	*t = (struct test){ .type = TYPE_UINT, .kind = TEST_RANGES, .cmp = CMP_IN };
	for (size_t i = 0; i < from->n && from->r[i].lo <= 255; i++) {
		u128 lo = from->r[i].lo, hi = from->r[i].hi > 255 ? 255 : from->r[i].hi;

		if (!code)
			ranges_add(&t->set, lo << 8, hi << 8 | 255);
		for (unsigned type = 0; code && type < 256; type++)
			ranges_add(&t->set, (u128)type << 8 | lo, (u128)type << 8 | hi);
	}
	ranges_normalise(&t->set);
	ranges_keep(&t->set, &p->x->arena);
	return n;
}

static struct node *
absent(struct parser *p, struct field *f, const struct node *where)
{
	struct node *not = node_new(p->x, NODE_NOT, where->at, where->end),
		    *has = node_new(p->x, NODE_HAS, where->at, where->end);

	has->field = f;
	node_adopt(p->x, not, has);
	return not ;
}

/*
 * ICMP's type and code come in elements of their own (176..179), as type * 256 + code (32, 139), or,
 * from NetFlow v5 and many v9 exporters, as that number in the destination port.  TCP records of a
 * template with these elements carry zeros there, so the protocol is asked too.
 */
struct node *
compare_icmp(struct parser *p, struct node *left, enum cmp cmp, const struct literal *l, size_t n)
{
	bool code = left->reach == REACH_ICMP_CODE;
	struct node plain = *left, *single, *both, *port, *proto;

	plain.reach = REACH_ONE;
	single = compare_literals(p, &plain, cmp, l, n);
	if (single == NULL)
		return NULL;
	both = combined_test(p, single, code, "icmp");
	port = combined_test(p, single, code, "dstport");
	port = node_pair(p->x, NODE_AND, absent(p, both->field, left), port);
	port = node_pair(p->x, NODE_AND, absent(p, left->field, left), port);
	single = node_pair(p->x, NODE_OR, single, both);
	single = node_pair(p->x, NODE_OR, single, port);
	proto = test_text(p, known_field(p, "proto"), CMP_EQ, "icmp");
	proto =
	    node_pair(p->x, NODE_OR, proto, test_text(p, known_field(p, "proto"), CMP_EQ, "icmp6"));
	return node_pair(p->x, NODE_AND, proto, single);
}
