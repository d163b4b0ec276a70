/*
 * format.c - the table of formats, and recognising them.
 */
#include <unistd.h>

#include "io/io.h"
#include "stream/stream.h"
#include "wire/wire.h"

static const struct format_row {
	const char *name;
	enum io_format format;
	bool in, out;
	bool suffix; /* of files that are such */
} formats[] = {
	{ "flow", IO_FLOW, true, true, false },
	{ "table", IO_TABLE, false, true, false },
	{ "csv", IO_CSV, true, true, true },
	{ "tsv", IO_TSV, true, true, true },
	{ "json", IO_JSON, false, true, true },
	{ "ndjson", IO_NDJSON, false, true, true },
	{ "ipfix", IO_IPFIX, true, true, true },
	{ "null", IO_NULL, false, true, false },
};
enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

static int
refuse(const char *name, bool input, struct err *err)
{
	struct buf known = { 0 };

	for (size_t i = 0; i < N_FORMATS; i++)
		if (input ? formats[i].in : formats[i].out)
			buf_printf(&known, " %s", formats[i].name);
	err_usage(err, "unknown %s format '%s'; known are:%s", input ? "input" : "output", name,
	    buf_cstr(&known));
	buf_free(&known);
	return -1;
}

int
io_format_parse(const char *name, bool input, enum io_format *format, struct err *err)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0 &&
		    (input ? formats[i].in : formats[i].out)) {
			*format = formats[i].format;
			return 0;
		}
	}
	return refuse(name, input, err);
}

static const struct format_row *
row_of_suffix(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < N_FORMATS; i++)
		if (formats[i].suffix && strcmp(formats[i].name, dot + 1) == 0)
			return &formats[i];
	return NULL;
}

const char *
io_suffix(const char *path)
{
	const struct format_row *row = row_of_suffix(path);

	return row != NULL ? row->name : NULL;
}

enum io_format
io_out_format(const struct io_opts *opts)
{
	bool standard = opts->out_path == NULL || strcmp(opts->out_path, "-") == 0;
	const struct format_row *row = standard ? NULL : row_of_suffix(opts->out_path);

	if (opts->out_format != IO_AUTO)
		return opts->out_format;
	if (row != NULL)
		return row->format;
	return standard && isatty(STDOUT_FILENO) ? IO_TABLE : IO_FLOW;
}

static bool
starts_with(const uint8_t *p, size_t n, const char *magic, size_t len)
{
	return n >= len && memcmp(p, magic, len) == 0;
}

const char *
io_other(const void *head, size_t n)
{
	const uint8_t *p = head;

	if (starts_with(p, n, "\xd4\xc3\xb2\xa1", 4) || starts_with(p, n, "\xa1\xb2\xc3\xd4", 4) ||
	    starts_with(p, n, "\x4d\x3c\xb2\xa1", 4) || starts_with(p, n, "\xa1\xb2\x3c\x4d", 4) ||
	    starts_with(p, n, "\x0a\x0d\x0d\x0a", 4))
		return "a packet capture; decode its export packets with: flowrecv -r FILE";
	if (starts_with(p, n, "\x0c\xa5", 2) || starts_with(p, n, "\xa5\x0c", 2))
		return "an nfdump file; send it with nfreplay to flowrecv, or print it as csv";
	if (starts_with(p, n, "\x28\xb5\x2f\xfd", 4))
		return "compressed with zstd; unpack it with: zstd -dc FILE | ...";
	if (starts_with(p, n, "\x1f\x8b", 2))
		return "compressed with gzip; unpack it with: gzip -dc FILE | ...";
	return NULL;
}

enum io_format
io_recognise(const void *head, size_t n, const char **why)
{
	const uint8_t *p = head;
	const uint8_t *line = memchr(p, '\n', n);

	*why = NULL;
	if (n == 0 || stream_recognise(p, n))
		return IO_FLOW;
	if (n >= 16 && wire_recognise_ipfix(p, n))
		return IO_IPFIX;
	*why = io_other(p, n);
	if (*why == NULL && (p[0] == '{' || p[0] == '['))
		*why = "json, which is written here but not read";
	else if (*why == NULL && (memchr(p, 0, n) != NULL || p[0] >= 0xf0))
		*why = "neither a flow stream, csv, tsv nor IPFIX file";
	if (*why != NULL)
		return IO_AUTO;
	return memchr(p, '\t', line ? (size_t)(line - p) : n) != NULL ? IO_TSV : IO_CSV;
}
