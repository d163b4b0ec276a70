/*
 * add.c - records into a group_table, by the cheapest way that their keys and values allow:
 *
 *	codes, sums	keys of few possible combinations (codes.h), counts and sums only (tally.h)
 *	codes, rows	the same keys, any values: a row is looked up once a block for each code that occurs
 *	keys, rows	packed keys (keys.h), looked up record by record
 *	keys, loose	or not looked up, where most are new (loose.h)
 */
#include "ops/group_table.h"

/*
 * SPARSE: an array of so many codes a record is not worth its while.  MANY_ROWS: a table of so many is beyond
 * caches; LOOK_AGAIN: after so many records.  LOOSE_LEAST: a share that loose rows can be in, of which a chunk for
 * each partition takes a quarter.
 */
enum {
	CODES_CHUNK = 4096,
	SPARSE = 64,
	MANY_ROWS = 1 << 16,
	LOOK_AGAIN = 1 << 14,
	LOOSE_LEAST = 32 << 20
};

/* The selected records of a batch. */
struct picked {
	const uint32_t *idx;
	size_t n;
	bool all; /* idx[i] is i */
};

static bool
all_set(const uint64_t *sel, size_t n)
{
	size_t i = 0;

	while (i < n / 64 && sel[i] == ~UINT64_C(0))
		i++;
	return i == n / 64 && (n % 64 == 0 || sel[i] == bits_tail(n));
}

static struct picked
pick(struct group_table *g, const struct batch *b, const uint64_t *sel)
{
	struct picked p = { .n = b->n, .all = sel == NULL || all_set(sel, b->n) };

	if (g->idx_cap < b->n + 64) {
		mem_free(g->idx);
		mem_free(g->code);
		g->idx_cap = b->n + 64;
		g->idx = mem_alloc(g->idx_cap * sizeof(*g->idx));
		g->code = mem_alloc(g->idx_cap * sizeof(*g->code));
	}
	if (!p.all)
		p.n = bits_indexes(sel, b->n, g->idx);
	p.idx = g->idx;
	return p;
}

/* Records by number, for those who want a list of all too. */
static void
list_all(struct group_table *g, const struct picked *p)
{
	for (size_t i = 0; p->all && i < p->n; i++)
		g->idx[i] = (uint32_t)i;
}

static void
update_rows(struct group_table *g, const struct values_bound *values, struct values_chunk *ch)
{
	for (size_t i = 0; i < ch->n; i++) {
		ch->slots[i] = table_slots(&g->rows, ch->row[i]);
		__builtin_prefetch(ch->slots[i], 1);
	}
	values_update(&g->values, values, ch, &g->intern);
}

/* Keys, rows ------------------------------------------------------------------------------------ */

static void
add_chunk(struct group_table *g, const struct keys_bound *keys, const struct values_bound *values,
    const uint32_t *idx, size_t n)
{
	struct values_chunk ch = { .idx = idx, .n = n };
	uint32_t row[TABLE_CHUNK];
	uint8_t dir[TABLE_CHUNK];

	keys_pack(keys, g->spec, &g->layout, &g->intern, idx, n, g->keys);
	if (g->n_pairs > 0) {
		biflow_order(g, g->keys, n, dir);
		ch.dir = dir;
	}
	table_find(&g->rows, g->keys, n, row);
	ch.row = row;
	update_rows(g, values, &ch);
}

/* Values of a row of their own, before they are narrowed. */
static uint64_t *
fresh_slots(const struct group_table *g, size_t i)
{
	return g->fresh + i * (g->values.n_slots + 1) + 1;
}

static bool
is_narrow(const uint64_t *slots, size_t n)
{
	uint64_t any = 0;

	for (size_t s = 0; s < n; s++)
		any |= slots[s];
	return any <= UINT32_MAX;
}

/* The same without looking for the keys; records with a larger value than loose rows hold are looked for. */
static void
add_loose(struct group_table *g, const struct keys_bound *keys, const struct values_bound *values,
    const uint32_t *idx, size_t n)
{
	struct values_chunk ch = { .idx = idx, .n = n };
	uint32_t hash[TABLE_CHUNK], large[TABLE_CHUNK];
	size_t len = g->layout.len, slots = g->values.n_slots, n_large = 0;

	keys_pack(keys, g->spec, &g->layout, &g->intern, idx, n, g->keys);
	table_hashes(&g->rows, g->keys, len, n, hash);
	memset(g->fresh, 0, n * (slots + 1) * sizeof(*g->fresh));
	for (size_t i = 0; i < n; i++)
		ch.slots[i] = fresh_slots(g, i);
	values_update(&g->values, values, &ch, &g->intern);
	for (size_t i = 0; i < n; i++) {
		uint8_t *row;

		if (!is_narrow(ch.slots[i], slots)) {
			large[n_large++] = idx[i];
			continue;
		}
		row = loose_row(&g->loose, len + slots * sizeof(uint32_t), hash[i]);
		table_copy_key(row, g->keys + i * len, len);
		for (size_t s = 0; s < slots; s++)
			((uint32_t *)(void *)(row + len))[s] = (uint32_t)ch.slots[i][s];
	}
	g->loose.have = values->have;
	if (n_large > 0)
		add_chunk(g, keys, values, large, n_large);
}

/* Are values counts and sums, the same ones as those of the loose rows so far? */
static bool
suit_loose(struct group_table *g, const struct values_bound *values)
{
	if (!g->is_loose || !tally_suit(&g->values, values))
		return false;
	if (g->fresh == NULL)
		g->fresh = mem_alloc(TABLE_CHUNK * (g->values.n_slots + 1) * sizeof(*g->fresh));
	return !group_has_loose(g) || g->loose.have == values->have;
}

/*
 * Do so once a table is beyond caches and most keys are new, of values that are added up and keys that have
 * the same hash in every table.
 */
static void
consider_loose(struct group_table *g, size_t n)
{
	size_t rows = g->rows.n_rows, made = rows > g->seen_rows ? rows - g->seen_rows : 0;

	if (g->seen >= LOOK_AGAIN) {
		g->is_loose = g->may_loose && g->share >= LOOSE_LEAST && rows >= MANY_ROWS &&
			      made > g->seen / 2 && group_keys_alike(&g->layout, &g->layout);
		g->seen = 0;
		g->seen_rows = rows;
	}
	g->seen += n;
}

static void
add_by_keys(struct group_table *g, struct keys_bound *keys, const struct values_bound *values,
    struct batch *b, const struct picked *p, size_t first)
{
	bool loose;

	list_all(g, p);
	keys_unpack(keys, b, false);
	group_relayout(g, &keys->want);
	if (!g->is_loose)
		consider_loose(g, p->n - first);
	loose = suit_loose(g, values);
	for (size_t i = first; i < p->n; i += TABLE_CHUNK) {
		size_t n = p->n - i < TABLE_CHUNK ? p->n - i : TABLE_CHUNK;

		if (loose)
			add_loose(g, keys, values, p->idx + i, n);
		else
			add_chunk(g, keys, values, p->idx + i, n);
	}
}

/* Codes, rows ----------------------------------------------------------------------------------- */

static void
find_codes(struct group_table *g, const struct coding *c, const struct column *const *col,
    const uint32_t *code, size_t n, uint32_t *row)
{
	keys_pack_codes(c, col, g->spec, &g->layout, &g->intern, code, n, g->keys);
	table_find(&g->rows, g->keys, n, row);
}

/* The codes that occur, in order; used has room for one more than there are. */
static size_t
used_codes(struct batch *b, const uint32_t *code, size_t n, uint32_t space, uint32_t *used)
{
	uint8_t *seen = arena_zero(&b->arena, space + sizeof(uint64_t));
	size_t n_used = 0;

	for (size_t i = 0; i < n; i++)
		seen[code[i]] = 1;
	for (uint32_t c = 0; c < space; c += sizeof(uint64_t)) {
		uint64_t any;

		memcpy(&any, seen + c, sizeof(any));
		for (uint32_t k = 0; k < sizeof(any) && any != 0; k++) {
			used[n_used] = c + k;
			n_used += seen[c + k];
		}
	}
	return n_used;
}

/* The rows of the codes that occur, by code. */
static uint32_t *
rows_of_codes(struct group_table *g, const struct keys_bound *keys, struct batch *b,
    const uint32_t *code, size_t n)
{
	uint32_t space = keys->coding.space, found[TABLE_CHUNK];
	uint32_t *row = arena_alloc(&b->arena, space * sizeof(*row));
	uint32_t *used = arena_alloc(&b->arena, (n + 1) * sizeof(*used));
	size_t n_used = used_codes(b, code, n, space, used);

	for (size_t i = 0; i < n_used; i += TABLE_CHUNK) {
		size_t m = n_used - i < TABLE_CHUNK ? n_used - i : TABLE_CHUNK;

		find_codes(g, &keys->coding, keys->col, used + i, m, found);
		for (size_t k = 0; k < m; k++)
			row[used[i + k]] = found[k];
	}
	return row;
}

/* False: the codes do not hold, nothing was added. */
static bool
add_by_codes(struct group_table *g, const struct keys_bound *keys,
    const struct values_bound *values, struct batch *b, const struct picked *p)
{
	uint32_t row[TABLE_CHUNK];
	const uint32_t *row_of;

	if (!codes_of(&keys->coding, keys->col, p->all ? NULL : p->idx, 0, p->n, g->code))
		return false;
	list_all(g, p);
	row_of = rows_of_codes(g, keys, b, g->code, p->n);
	for (size_t i = 0; i < p->n; i += TABLE_CHUNK) {
		struct values_chunk ch = { .idx = p->idx + i, .row = row };

		ch.n = p->n - i < TABLE_CHUNK ? p->n - i : TABLE_CHUNK;
		for (size_t k = 0; k < ch.n; k++)
			row[k] = row_of[g->code[i + k]];
		update_rows(g, values, &ch);
	}
	return true;
}

/* Codes, sums ----------------------------------------------------------------------------------- */

static void
settle_codes(struct group_table *g, const struct column *const *col, const uint32_t *code, size_t n)
{
	uint32_t row[TABLE_CHUNK];
	uint64_t *slots[TABLE_CHUNK];

	find_codes(g, &g->tally.coding, col, code, n, row);
	for (size_t i = 0; i < n; i++)
		slots[i] = table_slots(&g->rows, row[i]);
	tally_give(&g->tally, &g->values, code, slots, n);
}

static void
settle(struct group_table *g, const struct column *const *col)
{
	uint32_t code[TABLE_CHUNK], at = 0;
	size_t n;

	while (
	    g->tally.coding.space > 0 && (n = tally_codes(&g->tally, &at, code, TABLE_CHUNK)) > 0)
		settle_codes(g, col, code, n);
	tally_free(&g->tally);
}

/* What is held over from batch to batch has no dictionary, and so needs no columns. */
void
group_settle(struct group_table *g)
{
	settle(g, NULL);
}

void
group_settle_only(struct group_table *g, const uint32_t *code, size_t n)
{
	for (size_t i = 0; i < n; i += TABLE_CHUNK)
		settle_codes(g, NULL, code + i, n - i < TABLE_CHUNK ? n - i : TABLE_CHUNK);
	tally_free(&g->tally);
}

/*
 * Ready to hold what this batch adds?  A wider coding must not cost more than it saves: all codes are looked at
 * for counts.
 */
static bool
begin_tally(struct group_table *g, struct coding *c, const struct values_bound *values, size_t n)
{
	bool goes_on = tally_continue(&g->tally, &g->values, values), widened;

	if (goes_on && codes_cover(&g->tally.coding, c))
		return true;
	widened = codes_widen(c, &g->tally.coding);
	if (c->space / SPARSE > n || tally_octets(c, &g->values) > g->share / TALLY_SHARE)
		return false;
	if (goes_on && widened) {
		tally_widen(&g->tally, c);
		return true;
	}
	group_settle(g);
	tally_begin(&g->tally, c, &g->values, values);
	return true;
}

/* The number of records added: those behind, if any, do not keep to their codes. */
static size_t
add_to_tally(struct group_table *g, const struct keys_bound *keys,
    const struct values_bound *values, const struct picked *p)
{
	size_t i, n;

	g->tally.most += values->most;
	for (i = 0; i < p->n; i += n) {
		const uint32_t *idx = p->all ? NULL : p->idx + i;

		n = p->n - i < CODES_CHUNK ? p->n - i : CODES_CHUNK;
		if (!codes_of(&g->tally.coding, keys->col, idx, i, n, g->code))
			break;
		tally_add(&g->tally, &g->values, values, idx, i, n, g->code);
	}
	if (g->tally.coding.local)
		settle(g, keys->col);
	return i;
}

/* Computed columns are added behind the others, which may move all: so before pointers are taken. */
static void
resolve_all(const struct group_spec *spec, struct batch *b)
{
	for (size_t k = 0; k < spec->n_keys; k++)
		(void)batch_resolve(b, &spec->keys[k].field);
	for (size_t i = 0; i < spec->n_values; i++)
		if (spec->values[i].fn != FN_FLOWS && spec->values[i].fn != FN_RECORDS)
			(void)batch_resolve(b, &spec->values[i].field);
}

static void
add_picked(struct group_table *g, struct keys_bound *keys, struct values_bound *values,
    struct batch *b, const struct picked *p)
{
	bool coded = keys->coding.space > 0 && g->n_pairs == 0;
	bool held =
	    coded && tally_suit(&g->values, values) && begin_tally(g, &keys->coding, values, p->n);
	size_t done = 0;

	if (!held || !p->all)
		values_unpack(values, b);
	if (coded) {
		keys_unpack(keys, b, true);
		group_relayout(g, &keys->want);
		if (held)
			done = add_to_tally(g, keys, values, p);
		else if (keys->coding.space / SPARSE <= p->n && add_by_codes(g, keys, values, b, p))
			done = p->n;
	}
	if (done == p->n)
		return;
	values_unpack(values, b);
	add_by_keys(g, keys, values, b, p, done);
}

void
group_put(struct group_table *g, struct batch *b, const uint64_t *sel, bool v4)
{
	struct keys_bound keys;
	struct values_bound values;
	struct picked p = pick(g, b, sel);

	if (p.n == 0)
		return;
	resolve_all(g->spec, b);
	keys_bind(&keys, g->spec, b, p.n, v4, &g->tally.coding);
	if (!values_steady(&g->values, b)) {
		group_settle(g);
		group_fold(g);
	}
	values_bind(&g->values, &values, &g->rows, b);
	add_picked(g, &keys, &values, b, &p);
}
