/*
 * expr.h - the expression language (flowexpr(7)): text compiled once, evaluated a batch at a time.
 *
 * Two-valued logic: a comparison with a missing operand is false, `not` is the plain complement,
 * arithmetic with a missing operand or a zero divisor is missing.  Evaluation reads only the columns
 * the outcome depends on: zone maps and dictionaries decide what they can before anything is unpacked.
 */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "base/buf.h"
#include "base/tz.h"
#include "flow/batch.h"
#include "flow/probe.h"

struct expr;

/*
 * Compile.  NULL with EXIT_USAGE and an err text of several lines: the reason, the line of the text
 * around the place, a caret under it, and a suggestion where there is one; the last three indented by
 * 4, so that whatever is printed before the reason does not shift the caret.  Relative times (-1h)
 * count from now; those that name no zone are in tz.  The result is immutable and may be shared by
 * threads.
 */
struct expr *expr_compile(const char *text, const struct tz *tz, struct err *);
void expr_free(struct expr *);

/* A file of `in @FILE` that has no octets, as one that could not be fetched; NULL: none. */
const char *expr_empty_list(const struct expr *);

/* Per-thread state of evaluation: scratch memory and bindings. */
struct expr_state *expr_state_new(const struct expr *);
void expr_state_free(struct expr_state *);

/*
 * The records for which the expression is true: sel has bits_words(b->n) words, all written.
 * Returns how many.  Damage found in columns read sticks in b->err.
 */
size_t expr_select(struct expr_state *, struct batch *b, uint64_t *sel);

/*
 * What can be said of records that were not read, of which only a probe knows something: none of them is selected,
 * all are, or that they have to be read.
 */
enum expr_answer { EXPR_NONE, EXPR_SOME, EXPR_ALL };
enum expr_answer expr_ask(const struct expr *, const struct probe *);

/*
 * Why nothing was selected where something should be: the first field that no record had that any of n states (NULL:
 * none) of an expression was asked about, and without which a condition that should hold cannot.  wanted: records for
 * which the expression is true were; false: those for which it is not.  NULL: there is no such field, or no record was.
 */
const char *expr_unmet(struct expr_state *const *, unsigned n, bool wanted);

/* The compiled plan, as text for --explain; invert: of the records for which it is not true. */
void expr_explain(const struct expr *, bool invert, struct buf *);

/* Fields that the expression reads, for projection: fn is called once for each. */
void expr_fields(const struct expr *, void (*fn)(void *ctx, const struct field *), void *ctx);

/* The words of the language (primitives, operators), NULL-ended: completions and documents. */
const char *const *expr_words(void);

#endif
