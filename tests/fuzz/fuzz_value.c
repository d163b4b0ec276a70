/*
 * Names, values and lists from random octets.  What callers rely on: a field's name reads back as the
 * same field, a value's text as the same value, and a list prints as one JSON value whatever it is.
 */
#include <assert.h>
#include <math.h>

#include "../unit/same.h"
#include "flow/list.h"

static void
check_field(const char *text, size_t n)
{
	struct field f, g;
	struct err err = { 0 };
	struct buf name = { 0 };
	int status = field_parse(&f, text, n, &err);

	assert((status == 0) == (err.text[0] == 0));
	if (status < 0)
		return;
	assert(f.name[0] != 0 && strlen(f.name) < FIELD_NAME_MAX);
	assert(field_parse(&g, f.name, strlen(f.name), &err) == 0);
	if (f.n == 0)
		return;
	assert(field_id_equal(&f.id[0], &g.id[0]));
	field_put_name(&name, &f.id[0]);
	assert(
	    field_parse(&g, name.data, name.len, &err) == 0 && field_id_equal(&f.id[0], &g.id[0]));
	buf_free(&name);
}

static void
check_value(const char *text, size_t n)
{
	static const uint16_t elements[] = { 1, 4, 6, 8, 56, 82, 95, 152 };
	const struct text_opts csv = { .style = STYLE_CSV }, table = { .style = STYLE_TABLE };
	const struct text_opts raw = { .style = STYLE_RAW };

	for (unsigned t = TYPE_NONE; t < TYPE_COUNT; t++) {
		for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
			struct field_id id = field_iana(elements[i]);
			const struct column c = { .id = id, .type = (uint8_t)t };
			struct value v, back;
			struct buf out = { 0 };

			if (!value_parse(&v, (enum type)t, &id, text, n))
				continue;
			assert(v.type == (enum type)t && same_value(&v, &v));
			value_put(&out, &v, &c, &table);
			value_put(&out, &v, &c, &raw);
			out.len = 0;
			value_put(&out, &v, &c, &csv);
			if (t < TYPE_STRING && !(t == TYPE_TIME && v.i < 0) &&
			    !(t == TYPE_DURATION && v.i < 0))
				assert(value_parse(&back, (enum type)t, &id, out.data, out.len) &&
				       same_value(&v, &back));
			buf_free(&out);
		}
	}
}

/* JSON values (RFC 8259): the end of the one at p, NULL when it is none. */
static const char *json_end(const char *p);

static const char *
json_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\' && strchr("\"\\/bfnrtu", *++p) == NULL)
			return NULL;
	}
	return p + 1;
}

static const char *
json_members(const char *p, char end, int named)
{
	if (*++p == end)
		return p + 1;
	for (;;) {
		if (named) {
			p = json_string(p);
			if (p == NULL || *p++ != ':')
				return NULL;
		}
		p = json_end(p);
		if (p == NULL || (*p != ',' && *p != end))
			return NULL;
		if (*p++ == end)
			return p;
	}
}

static const char *
json_end(const char *p)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t digits;

	if (*p == '{' || *p == '[')
		return json_members(p, *p == '{' ? '}' : ']', *p == '{');
	if (*p == '"')
		return json_string(p);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	digits = strspn(p, "+-.0123456789eE");
	return digits > 0 ? p + digits : NULL;
}

static void
check_list(const void *octets, size_t n)
{
	for (int wire = 0; wire < 2; wire++) {
		struct buf out = { 0 };
		const char *text, *end;

		list_put_json(&out, octets, n, wire != 0);
		text = buf_cstr(&out);
		end = json_end(text);
		assert(end == text + out.len);
		buf_free(&out);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	switch (data[0]) {
	case 'f': check_field((const char *)data + 1, len - 1); break;
	case 'v': check_value((const char *)data + 1, len - 1); break;
	default: check_list(data, len);
	}
	return 0;
}
