/*
 * expr.c - compiling, and what is asked of a compiled expression besides evaluating it.
 */
#include "base/time.h"
#include "expr/parse.h"

struct expr *
expr_compile(const char *text, const struct tz *tz, struct err *err)
{
	struct expr *x;
	size_t len = strlen(text);

	if (len > EXPR_TEXT_MAX) {
		err_usage(err,
		    "an expression of %zu octets is longer than %d; put lists in files: in @FILE",
		    len, EXPR_TEXT_MAX);
		return NULL;
	}
	x = mem_zero(1, sizeof(*x));
	x->text = arena_string(&x->arena, text, len);
	x->len = len;
	x->now_ns = time_now_ns();
	x->tz = tz;
	x->root = expr_parse(x, err);
	if (x->root == NULL) {
		expr_free(x);
		return NULL;
	}
	expr_order(x);
	return x;
}

const char *
expr_empty_list(const struct expr *x)
{
	return x->empty;
}

void
expr_free(struct expr *x)
{
	if (x == NULL)
		return;
	arena_free(&x->arena);
	mem_free(x);
}

/* Fields that computed ones are made of (flow/resolve.c). */
static void
tell_derived(enum derived d, void (*fn)(void *ctx, const struct field *), void *ctx)
{
	static const char *const of_duration[] = { "start", "end", "flowDurationMilliseconds",
		"flowDurationMicroseconds", NULL };
	static const char *const of_bps[] = { "bytes", NULL },
				 *const of_pps[] = { "packets", NULL },
				 *const of_bpp[] = { "bytes", "packets", NULL },
				 *const none[] = { NULL };
	const char *const *name = d == DERIVED_BPS   ? of_bps
				  : d == DERIVED_PPS ? of_pps
				  : d == DERIVED_BPP ? of_bpp
						     : none;
	struct err err = { 0 };
	struct field f;

	for (; *name != NULL; name++)
		if (field_parse(&f, *name, strlen(*name), &err) == 0)
			fn(ctx, &f);
	if (d != DERIVED_DURATION && d != DERIVED_BPS && d != DERIVED_PPS)
		return;
	for (name = of_duration; *name != NULL; name++)
		if (field_parse(&f, *name, strlen(*name), &err) == 0)
			fn(ctx, &f);
}

static void
tell_fields(const struct node *n, void (*fn)(void *ctx, const struct field *), void *ctx)
{
	if (n->field != NULL && n->field->n > 0)
		fn(ctx, n->field);
	if (n->field != NULL)
		tell_derived(n->field->derived, fn, ctx);
	for (size_t i = 0; i < n->n_child; i++)
		tell_fields(n->child[i], fn, ctx);
}

void
expr_fields(const struct expr *x, void (*fn)(void *ctx, const struct field *), void *ctx)
{
	tell_fields(x->root, fn, ctx);
}

const char *const *
expr_words(void)
{
	/* Words of letters of the tables: operators, primitives, protocols; a test keeps them in step. */
	static const char *const words[] = { "and", "or", "not", "in", "eq", "ne", "lt", "le", "gt",
		"ge", "contains", "startswith", "endswith", "has", "any", "true", "false", "src",
		"dst", "out", "ip", "host", "net", "port", "as", "mask", "mac", "vlan", "tos", "if",
		"interface", "tcp", "udp", "icmp", "icmp6", "igmp", "gre", "esp", "ah", "sctp",
		"ospf", "icmp-type", "icmp-code", "type", "code", "ipv4", "ipv6", "inet", "inet6",
		"next", "prev", "bgpnext", "router", NULL };

	return words;
}
