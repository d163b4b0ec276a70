#include "info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/time.h"
#include "flow/value.h"
#include "flow/zone.h"
#include "stream/stream.h"
#include "text/escape.h"

enum { ENCODINGS_MAX = 8, RANGE_TEXT = 24, NAME_MOST = 48 };

/* A column over all blocks. */
struct column_sum {
	struct field_id id;
	char named[FIELD_NAME_MAX];
	enum type type;
	unsigned width, scale, planes;
	bool scope, options, mixed; /* mixed: types differ between blocks */
	bool partial, ranged, truncated;
	uint64_t min, max, stored, unpacked, blocks;
	uint32_t dict_n;
	struct {
		const char *name;
		uint64_t blocks;
	} encoding[ENCODINGS_MAX];
};

struct summary {
	struct column_sum *col;
	unsigned n_col;
	uint64_t flow_blocks, options_blocks;
};

static struct column_sum *
find_sum(struct summary *s, const struct column *c, bool options)
{
	struct column_sum *sum;

	for (unsigned i = 0; i < s->n_col; i++)
		if (s->col[i].options == options && field_id_equal(&s->col[i].id, &c->id) &&
		    s->col[i].scope == ((c->flags & COLUMN_SCOPE) != 0))
			return &s->col[i];
	s->col = mem_resize(s->col, s->n_col + 1, sizeof(*s->col));
	for (unsigned i = 0; i < s->n_col; i++)
		if (s->col[i].id.named != NULL)
			s->col[i].id.named = s->col[i].named; /* moved along */
	sum = &s->col[s->n_col++];
	*sum = (struct column_sum){ .id = c->id,
		.type = (enum type)c->type,
		.scale = c->scale,
		.options = options,
		.scope = (c->flags & COLUMN_SCOPE) != 0,
		.ranged = true,
		.min = UINT64_MAX };
	if (c->id.named != NULL) {
		(void)snprintf(sum->named, sizeof(sum->named), "%s", c->id.named);
		sum->id.named = sum->named;
	}
	return sum;
}

static void
add_encoding(struct column_sum *sum, const char *name)
{
	for (unsigned i = 0; i < ENCODINGS_MAX; i++) {
		if (sum->encoding[i].name == NULL)
			sum->encoding[i].name = name;
		if (strcmp(sum->encoding[i].name, name) == 0) {
			sum->encoding[i].blocks++;
			return;
		}
	}
}

static void
add_column(struct summary *s, const struct column_info *info, bool options)
{
	const struct column *c = &info->col;
	struct column_sum *sum = find_sum(s, c, options);

	sum->mixed |= sum->type != (enum type)c->type;
	/* Addresses of both widths have keys that do not compare: no range. */
	if (c->type == TYPE_IP && sum->blocks > 0 && sum->width != c->width)
		sum->ranged = false;
	sum->width = c->width > sum->width ? c->width : sum->width;
	sum->scale = c->scale < sum->scale ? c->scale : sum->scale;
	sum->planes = info->planes > sum->planes ? info->planes : sum->planes;
	sum->dict_n = info->dict_n > sum->dict_n ? info->dict_n : sum->dict_n;
	sum->partial |= (c->flags & COLUMN_PARTIAL) != 0;
	sum->stored += info->stored;
	sum->unpacked += info->unpacked;
	sum->blocks++;
	add_encoding(sum, info->encoding);
	if (!(c->flags & COLUMN_ZONE)) {
		sum->ranged = false;
		return;
	}
	sum->truncated |= (c->flags & COLUMN_TRUNCATED) != 0;
	sum->min = c->min < sum->min ? c->min : sum->min;
	sum->max = c->max > sum->max ? c->max : sum->max;
}

static void
add_block(struct summary *s, const struct stream_slot *slot)
{
	struct block_info block;

	slot_info(slot, &block);
	*(block.options ? &s->options_blocks : &s->flow_blocks) += 1;
	for (unsigned i = 0; i < block.columns; i++) {
		struct column_info info;

		slot_column_info(slot, i, &info);
		add_column(s, &info, block.options);
	}
}

/* Ranges ------------------------------------------------------------------------------------- */

static void
put_octets_key(struct buf *out, const struct column_sum *sum, uint64_t key)
{
	uint8_t octets[8];
	size_t n = 0;

	for (unsigned i = 0; i < 8; i++) {
		octets[i] = (uint8_t)(key >> (56 - 8 * i));
		if (octets[i] != 0)
			n = i + 1;
	}
	if (sum->type == TYPE_STRING)
		(void)escape_terminal(out, (const char *)octets, n, RANGE_TEXT);
	else
		out->len += fmt_hex(buf_room(out, FMT_MAX), octets, n);
	if (n == 8)
		buf_puts(out, "...");
}

/* The first half of an IPv6 address is all that the key has. */
static void
put_ip_key(struct buf *out, const struct column_sum *sum, uint64_t key)
{
	struct addr a = { 0 };

	if (sum->width == 4) {
		out->len += fmt_ip4(buf_room(out, FMT_MAX), (uint32_t)key);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		a.b[i] = (uint8_t)(key >> (56 - 8 * i));
	out->len += fmt_ip6(buf_room(out, FMT_MAX), &a);
	buf_puts(out, "/64");
}

static void
put_key(struct buf *out, const struct column_sum *sum, uint64_t key, const struct tz *tz)
{
	const struct text_opts opts = { .style = STYLE_CSV, .tz = tz };
	const struct column col = { .id = sum->id,
		.type = (uint8_t)sum->type,
		.width = (uint8_t)sum->width,
		.scale = (uint8_t)sum->scale };
	struct value v = { .type = sum->type, .u = key };

	switch (sum->type) {
	case TYPE_STRING:
	case TYPE_BYTES:
	case TYPE_LIST: put_octets_key(out, sum, key); return;
	case TYPE_IP: put_ip_key(out, sum, key); return;
	case TYPE_FLOAT32:
	case TYPE_FLOAT64: v.f = zone_double(key); break;
	case TYPE_INT:
	case TYPE_TIME:
	case TYPE_DURATION: v.i = zone_int(key); break;
	default: break;
	}
	value_put(out, &v, &col, &opts);
}

static void
put_range(struct buf *out, const struct column_sum *sum, const struct tz *tz)
{
	if (!sum->ranged || sum->mixed || sum->min > sum->max) {
		buf_putc(out, '-');
		return;
	}
	put_key(out, sum, sum->min, tz);
	if (sum->min == sum->max && !sum->truncated)
		return;
	buf_puts(out, " .. ");
	put_key(out, sum, sum->max, tz);
}

/* Text --------------------------------------------------------------------------------------- */

static void
put_name(struct buf *out, const struct column_sum *sum)
{
	struct buf name = { 0 };

	if (sum->id.pen == PEN_NAMED)
		buf_puts(&name, sum->id.named);
	else
		field_put_name(&name, &sum->id);
	(void)escape_terminal(out, name.data, name.len, NAME_MOST);
	if (sum->scope)
		buf_puts(out, " (scope)");
	buf_free(&name);
}

static void
put_encodings(struct buf *out, const struct column_sum *sum)
{
	for (unsigned i = 0; i < ENCODINGS_MAX && sum->encoding[i].name != NULL; i++)
		buf_printf(out, "%s%s %llu", i ? ", " : "", sum->encoding[i].name,
		    (unsigned long long)sum->encoding[i].blocks);
	if (sum->partial)
		buf_puts(out, ", some missing");
}

static void
put_column(struct buf *out, const struct column_sum *sum, size_t width, size_t enc_width,
    uint64_t octets, const struct tz *tz)
{
	struct buf name = { 0 }, enc = { 0 };

	put_name(&name, sum);
	put_encodings(&enc, sum);
	buf_printf(out, "  %-*s %-8s %2u %12llu %5.1f%%  ", (int)width, buf_cstr(&name),
	    sum->mixed ? "(mixed)" : type_name(sum->type), sum->width,
	    (unsigned long long)sum->stored,
	    octets ? 100 * (double)sum->stored / (double)octets : 0);
	buf_printf(out, "%-*s ", (int)enc_width, buf_cstr(&enc));
	put_range(out, sum, tz);
	buf_putc(out, '\n');
	buf_free(&name);
	buf_free(&enc);
}

static void
put_columns(
    struct buf *out, const struct summary *s, bool options, uint64_t octets, const struct tz *tz)
{
	struct buf name = { 0 }, enc = { 0 };
	size_t width = 4, enc_width = 28;

	if ((options ? s->options_blocks : s->flow_blocks) == 0)
		return;
	for (unsigned i = 0; i < s->n_col; i++) {
		if (s->col[i].options != options)
			continue;
		name.len = enc.len = 0;
		put_name(&name, &s->col[i]);
		put_encodings(&enc, &s->col[i]);
		width = name.len > width ? name.len : width;
		enc_width = enc.len > enc_width ? enc.len : enc_width;
	}
	buf_free(&name);
	buf_free(&enc);
	buf_printf(out, "%s\n  %-*s %-8s %2s %12s %6s  %-*s %s\n",
	    options ? "options columns" : "columns", (int)width, "name", "type", "w", "octets",
	    "share", (int)enc_width, "encodings (blocks)", "range");
	for (unsigned i = 0; i < s->n_col; i++)
		if (s->col[i].options == options)
			put_column(out, &s->col[i], width, enc_width, octets, tz);
}

static void
put_history(struct buf *out, const char *lines)
{
	const char *label = "history    ";

	while (*lines != 0) {
		size_t n = strcspn(lines, "\n");

		buf_puts(out, label);
		(void)escape_terminal(out, lines, n, SIZE_MAX);
		buf_putc(out, '\n');
		lines += n + (lines[n] == '\n');
		label = "           ";
	}
}

/* The ranges of start and end, of the records that have them. */
static void
put_times(struct buf *out, const struct summary *s, const struct tz *tz)
{
	const struct field_id start = field_own(OWN_START), end = field_own(OWN_END);
	const struct column_sum *first = NULL, *last = NULL;

	for (unsigned i = 0; i < s->n_col; i++) {
		const struct column_sum *sum = &s->col[i];

		if (sum->options || sum->type != TYPE_TIME || !sum->ranged || sum->mixed)
			continue;
		if (field_id_equal(&sum->id, &start))
			first = sum;
		else if (field_id_equal(&sum->id, &end))
			last = sum;
	}
	if (first == NULL || last == NULL)
		return;
	buf_puts(out, "time       ");
	out->len += fmt_time(buf_room(out, FMT_MAX), zone_int(first->min), 3, tz);
	buf_puts(out, " .. ");
	out->len += fmt_time(buf_room(out, FMT_MAX), zone_int(last->max), 3, tz);
	buf_putc(out, '\n');
}

/* An index is of a file only.  -1: it is none, and to open a FIFO again would wait for another writer. */
static int
open_indexed(const char *path)
{
	int fd = strcmp(path, "-") == 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || file_is_regular(fd))
		return fd;
	close(fd);
	return -1;
}

static void
put_index(struct buf *out, const char *path, uint64_t octets)
{
	int fd = open_indexed(path);
	struct stream_index_info x;
	struct err err = { 0 };

	if (fd < 0)
		return;
	if (stream_index_info(fd, &x, &err) != 0)
		buf_printf(out, "index      unusable: %s\n", err.text);
	else if (x.index_blocks > 0)
		buf_printf(out, "index      %llu octets, %.2f%% of the file, of %llu block%s%s\n",
		    (unsigned long long)x.octets,
		    octets ? 100 * (double)x.octets / (double)octets : 0,
		    (unsigned long long)x.blocks, plural(x.blocks),
		    x.whole ? "" : ", not of all segments");
	close(fd);
}

static void
put_summary(struct buf *out, const char *path, const struct summary *s,
    const struct stream_reader *r, const struct io_opts *opts)
{
	const struct stream_totals *t = stream_totals(r);

	buf_puts(out, "file       ");
	(void)escape_terminal(out, path, strlen(path), SIZE_MAX);
	buf_printf(out, "\nrecords    %llu in %llu block%s", (unsigned long long)t->records,
	    (unsigned long long)s->flow_blocks, plural(s->flow_blocks));
	if (s->options_blocks > 0)
		buf_printf(out, ", %llu options record%s in %llu block%s",
		    (unsigned long long)t->options, plural(t->options),
		    (unsigned long long)s->options_blocks, plural(s->options_blocks));
	buf_printf(out, "\noctets     %llu", (unsigned long long)t->octets);
	if (t->records > 0)
		buf_printf(out, ", %.1f a record", (double)t->octets / (double)t->records);
	buf_printf(out, "\nsegments   %llu%s\n", (unsigned long long)t->segments,
	    t->incomplete ? ", incomplete" : "");
	put_index(out, path, t->octets);
	put_times(out, s, opts->tz);
	put_history(out, stream_history(r));
	put_columns(out, s, false, t->octets, opts->tz);
	put_columns(out, s, true, t->octets, opts->tz);
}

/* Reading ------------------------------------------------------------------------------------ */

static struct stream_reader *
open_stream(const char *path, const struct io_opts *opts, struct err *err)
{
	int fd = file_open(path);

	if (fd < 0) {
		(void)err_system(err, NULL);
		return NULL;
	}
	return stream_open(
	    fd, (opts->recover ? STREAM_RECOVER : 0U) | (opts->live ? STREAM_LIVE : 0U), NULL, 0);
}

static void
put_block(struct buf *out, const struct stream_slot *slot)
{
	struct block_info b;

	slot_info(slot, &b);
	buf_printf(out,
	    "block      offset %llu, %llu octets, sequence %llu, %u %srecord%s, %u column%s\n",
	    (unsigned long long)b.offset, (unsigned long long)b.length,
	    (unsigned long long)b.sequence, b.records, b.options ? "options " : "",
	    plural(b.records), b.columns, plural(b.columns));
}

int
info_describe(const char *path, const struct io_opts *opts, struct buf *out, struct err *err)
{
	struct stream_reader *r = open_stream(path, opts, err);
	struct stream_slot *slot;
	struct summary s = { 0 };
	struct buf blocks = { 0 };
	enum stream_status status;

	if (r == NULL)
		return -1;
	slot = slot_new();
	while ((status = stream_next(r, slot, err)) == STREAM_BATCH) {
		add_block(&s, slot);
		if (opts->verbose)
			put_block(&blocks, slot);
	}
	put_summary(out, path, &s, r, opts);
	buf_put(out, blocks.data, blocks.len);
	buf_free(&blocks);
	mem_free(s.col);
	slot_free(slot);
	stream_close(r);
	return status == STREAM_END ? 0 : -1;
}

static int
check_index(const char *path, struct err *err)
{
	int fd = open_indexed(path), rc;

	if (fd < 0)
		return 0;
	rc = stream_index_check(fd, err);
	close(fd);
	return rc;
}

int
info_check(const char *path, const struct io_opts *opts, struct buf *out, struct err *err)
{
	struct stream_reader *r = open_stream(path, opts, err);
	struct stream_slot *slot;
	const struct stream_totals *t;
	enum stream_status status = STREAM_FAILED;
	uint64_t blocks = 0; /* of records: t counts the others too */

	if (r == NULL)
		return -1;
	slot = slot_new();
	for (; err->status == 0 && (status = stream_next(r, slot, err)) == STREAM_BATCH; blocks++)
		(void)slot_check(slot, err);
	if (err->status == 0 && status == STREAM_END)
		(void)check_index(path, err);
	t = stream_totals(r);
	if (err->status == 0 && t->incomplete)
		(void)err_set(err, "%llu octet%s damaged, at least %llu record%s lost",
		    (unsigned long long)t->skipped_octets, plural(t->skipped_octets),
		    (unsigned long long)t->lost_records, plural(t->lost_records));
	if (err->status == 0) {
		(void)escape_terminal(out, path, strlen(path), SIZE_MAX);
		buf_printf(out, ": sound, %llu record%s, %llu block%s, %llu octets\n",
		    (unsigned long long)t->records, plural(t->records), (unsigned long long)blocks,
		    plural(blocks), (unsigned long long)t->octets);
	}
	slot_free(slot);
	stream_close(r);
	return err->status == 0 ? 0 : -1;
}
