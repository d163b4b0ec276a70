/*
 * stix.c - a bundle of STIX 2.1: of each alert an indicator, what was observed, and the sighting that joins them.
 *
 * Source: OASIS STIX Version 2.1 (10 June 2021): 2.9 identifiers, 4.7 indicator, 4.14 observed data, 5.2 sighting, 6.5
 * and 6.6 addresses, 6.12 network traffic, 9 patterns.  Identifiers are version 5: observables in the name space and of
 * the properties that 2.9 and their sections say, in canonical JSON; all others in our own.  So the same alert told
 * again is the same objects, with a later `modified`.
 */
#include <stdio.h>

#include "flow/value.h"

#include "format.h"

enum { REF_MOST = 80, OBSERVED_MOST = 999999999 };

/* 2.9: of observables' identifiers. */
static const struct uuid observables = { { 0x00, 0xab, 0xed, 0xb4, 0xaa, 0x42, 0x46, 0x6c, 0x9c,
    0x01, 0xfe, 0xd2, 0x33, 0x15, 0xa9, 0xb7 } };
/* Of identifiers that no alert has: ourselves, techniques. */
static const struct uuid lasting = { { 0x8e, 0x1c, 0x61, 0x0d, 0x35, 0xf2, 0x4b, 0x0a, 0xa4, 0x77,
    0x2b, 0x90, 0x5d, 0x18, 0xe3, 0x46 } };
static const char epoch[] = "2026-01-01T00:00:00.000Z";

struct ref {
	char text[REF_MOST]; /* TYPE--UUID; empty: none */
};

static struct ref
ref_of(const char *type, struct uuid id)
{
	char text[UUID_TEXT + 1];
	struct ref r = { "" };

	uuid_put(&id, text);
	snprintf(r.text, sizeof(r.text), "%s--%s", type, text);
	return r;
}

static struct ref
lasting_ref(const char *type, const char *name, size_t n)
{
	return ref_of(type, uuid_of_name(&lasting, name, n));
}

static struct ref
observable_ref(const char *type, const struct buf *properties)
{
	return ref_of(type, uuid_of_name(&observables, properties->data, properties->len));
}

static struct ref
alert_ref(const char *type, const struct alert *a)
{
	return ref_of(type, format_id(a, type));
}

/* A bundle says an object once. */
static bool
is_new(struct format_env *env, const struct ref *r)
{
	struct uuid id = uuid_of_name(&lasting, r->text, strlen(r->text));
	size_t before = env->said.n;

	return keyed_add(&env->said, &id) == KEYED_NONE || env->said.n > before;
}

static void
open_object(struct buf *out, const char *type, const struct ref *r)
{
	buf_puts(out, out->data[out->len - 1] == '[' ? "\n" : ",\n");
	json_open(out, NULL, '{');
	json_text(out, "type", type);
	json_text(out, "spec_version", "2.1");
	json_text(out, "id", r->text);
}

static void
put_made(struct buf *out, const struct alert *a)
{
	struct ref us = lasting_ref("identity", "flowkit", 7);

	json_text(out, "created_by_ref", us.text);
	json_time(out, "created", a->start_ns);
	json_time(out, "modified", a->end_ns);
}

static void
put_identity(struct buf *out)
{
	struct ref us = lasting_ref("identity", "flowkit", 7);

	open_object(out, "identity", &us);
	json_text(out, "created", epoch);
	json_text(out, "modified", epoch);
	json_text(out, "name", "flowkit");
	json_text(out, "identity_class", "system");
	json_close(out, '}');
}

/* Observables -------------------------------------------------------------------------------------- */

static struct ref
put_addr(struct format_env *env, const struct addr *a, struct buf *out)
{
	const char *type = a != NULL && addr_is_v4(a) ? "ipv4-addr" : "ipv6-addr";
	struct buf properties = { 0 };
	struct ref r = { "" };

	if (a == NULL)
		return r;
	json_open(&properties, NULL, '{');
	json_addr(&properties, "value", a);
	json_close(&properties, '}');
	r = observable_ref(type, &properties);
	if (is_new(env, &r)) {
		open_object(out, type, &r);
		json_addr(out, "value", a);
		json_close(out, '}');
	}
	buf_free(&properties);
	return r;
}

/* In the order of their names, as canonical JSON (RFC 8785) has them; all of them make the identifier. */
static void
put_traffic_properties(
    struct buf *out, const struct alert *a, const struct ref *src, const struct ref *dst)
{
	const struct addr *any = a->src != NULL ? a->src : a->dst;
	const char *proto = a->proto >= 0 ? proto_name((unsigned)a->proto) : NULL;

	if (a->dstport >= 0)
		json_uint(out, "dst_port", (uint64_t)a->dstport);
	if (a->dst != NULL)
		json_text(out, "dst_ref", dst->text);
	json_time(out, "end", a->end_ns);
	json_open(out, "protocols", '[');
	json_item(out, addr_is_v4(any) ? "ipv4" : "ipv6", 4);
	if (proto != NULL)
		json_item(out, proto, strlen(proto));
	json_close(out, ']');
	if (a->srcport >= 0)
		json_uint(out, "src_port", (uint64_t)a->srcport);
	if (a->src != NULL)
		json_text(out, "src_ref", src->text);
	json_time(out, "start", a->start_ns);
}

static struct ref
put_traffic(struct format_env *env, const struct alert *a, const struct ref *src,
    const struct ref *dst, struct buf *out)
{
	struct buf properties = { 0 };
	struct ref r;

	json_open(&properties, NULL, '{');
	put_traffic_properties(&properties, a, src, dst);
	json_close(&properties, '}');
	r = observable_ref("network-traffic", &properties);
	if (is_new(env, &r)) {
		open_object(out, "network-traffic", &r);
		put_traffic_properties(out, a, src, dst);
		json_counter(out, "src_byte_count", a->bytes);
		json_counter(out, "dst_byte_count", a->rbytes);
		json_counter(out, "src_packets", a->packets);
		json_counter(out, "dst_packets", a->rpackets);
		json_close(out, '}');
	}
	buf_free(&properties);
	return r;
}

static uint64_t
observed(const struct alert *a)
{
	uint64_t n = a->count > 0 ? a->count : 1;

	return n < OBSERVED_MOST ? n : OBSERVED_MOST;
}

static struct ref
put_observed(const struct alert *a, const struct ref refs[3], struct buf *out)
{
	struct ref r = alert_ref("observed-data", a);

	open_object(out, "observed-data", &r);
	put_made(out, a);
	json_time(out, "first_observed", a->start_ns);
	json_time(out, "last_observed", a->end_ns);
	json_uint(out, "number_observed", observed(a));
	json_open(out, "object_refs", '[');
	for (unsigned i = 0; i < 3; i++)
		if (refs[i].text[0] != '\0')
			json_item(out, refs[i].text, strlen(refs[i].text));
	json_close(out, ']');
	json_close(out, '}');
	return r;
}

/* What it says ------------------------------------------------------------------------------------- */

static void
put_test(struct buf *pattern, const char *path, const struct addr *a)
{
	buf_printf(
	    pattern, "%snetwork-traffic:%s.value = '", pattern->len > 1 ? " AND " : "", path);
	pattern->len += fmt_ip(buf_room(pattern, FMT_MAX), a);
	buf_putc(pattern, '\'');
}

static void
put_pattern(struct buf *out, const struct alert *a)
{
	struct buf pattern = { 0 };

	buf_putc(&pattern, '[');
	if (a->src != NULL)
		put_test(&pattern, "src_ref", a->src);
	if (a->dst != NULL)
		put_test(&pattern, "dst_ref", a->dst);
	if (a->dstport >= 0)
		buf_printf(&pattern, " AND network-traffic:dst_port = %d", a->dstport);
	buf_putc(&pattern, ']');
	json_text(out, "pattern", buf_cstr(&pattern));
	json_text(out, "pattern_type", "stix");
	json_text(out, "pattern_version", "2.1");
	buf_free(&pattern);
}

static void
put_name(struct buf *out, const struct alert *a)
{
	struct buf name = { 0 };

	buf_printf(&name, "%s %s", a->detector, a->kind);
	json_text(out, "name", buf_cstr(&name));
	buf_free(&name);
}

static void
put_words(struct buf *out, const struct alert *a)
{
	const char *severity = severity_name(a->severity);
	struct buf text = { 0 };

	buf_printf(&text, "%s\n%s%s%s", a->reason, a->why, a->limits != NULL ? "\n" : "",
	    a->limits != NULL ? a->limits : "");
	json_uint(out, "confidence", (uint64_t)(a->score * 100 + 0.5));
	json_open(out, "labels", '[');
	json_item(out, severity, strlen(severity));
	json_close(out, ']');
	json_text(out, "description", buf_cstr(&text));
	buf_free(&text);
}

static struct ref
put_indicator(const struct alert *a, struct buf *out)
{
	struct ref r = alert_ref("indicator", a);

	open_object(out, "indicator", &r);
	put_made(out, a);
	put_name(out, a);
	put_words(out, a);
	json_open(out, "indicator_types", '[');
	json_item(out, "anomalous-activity", 18);
	json_close(out, ']');
	put_pattern(out, a);
	json_time(out, "valid_from", a->start_ns);
	json_close(out, '}');
	return r;
}

static void
put_sighting(const struct alert *a, const struct ref *of, const struct ref *data, struct buf *out)
{
	struct ref r = alert_ref("sighting", a), us = lasting_ref("identity", "flowkit", 7);

	open_object(out, "sighting", &r);
	put_made(out, a);
	json_time(out, "first_seen", a->start_ns);
	json_time(out, "last_seen", a->end_ns);
	json_uint(out, "count", observed(a));
	json_text(out, "sighting_of_ref", of->text);
	json_open(out, "observed_data_refs", '[');
	json_item(out, data->text, strlen(data->text));
	json_close(out, ']');
	json_open(out, "where_sighted_refs", '[');
	json_item(out, us.text, strlen(us.text));
	json_close(out, ']');
	json_close(out, '}');
}

static void
put_technique(
    struct format_env *env, const char *id, size_t n, const struct ref *r, struct buf *out)
{
	char name[16], url[64];

	if (!is_new(env, r))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)n, id);
	snprintf(url, sizeof(url), "https://attack.mitre.org/techniques/%.5s/%s%s", name,
	    n > 5 ? name + 6 : "", n > 5 ? "/" : "");
	open_object(out, "attack-pattern", r);
	json_text(out, "created", epoch);
	json_text(out, "modified", epoch);
	json_text(out, "name", name);
	json_open(out, "external_references", '[');
	json_open(out, NULL, '{');
	json_text(out, "source_name", "mitre-attack");
	json_text(out, "external_id", name);
	json_text(out, "url", url);
	json_close(out, '}');
	json_close(out, ']');
	json_close(out, '}');
}

static void
put_techniques(
    struct format_env *env, const struct alert *a, const struct ref *indicator, struct buf *out)
{
	const char *list = a->attack, *id;
	size_t n;

	while ((id = format_attack(&list, &n)) != NULL) {
		struct ref technique = lasting_ref("attack-pattern", id, n), r;
		struct buf name = { 0 };

		put_technique(env, id, n, &technique, out);
		buf_printf(&name, "%s %s", indicator->text, technique.text);
		r = lasting_ref("relationship", name.data, name.len);
		buf_free(&name);
		if (!is_new(env, &r))
			continue;
		open_object(out, "relationship", &r);
		put_made(out, a);
		json_text(out, "relationship_type", "indicates");
		json_text(out, "source_ref", indicator->text);
		json_text(out, "target_ref", technique.text);
		json_close(out, '}');
	}
}

/* Nothing can be observed of an alert without addresses: a note on ourselves says it. */
static void
put_note(const struct alert *a, struct buf *out)
{
	struct ref r = alert_ref("note", a), us = lasting_ref("identity", "flowkit", 7);
	struct buf text = { 0 };

	open_object(out, "note", &r);
	put_made(out, a);
	buf_printf(&text, "%s %s%s%s: %s\n%s", a->detector, a->kind, a->subject != NULL ? " " : "",
	    a->subject != NULL ? a->subject : "", a->reason, a->why);
	json_text(out, "abstract", a->reason);
	json_text(out, "content", buf_cstr(&text));
	json_uint(out, "confidence", (uint64_t)(a->score * 100 + 0.5));
	json_open(out, "object_refs", '[');
	json_item(out, us.text, strlen(us.text));
	json_close(out, ']');
	json_close(out, '}');
	buf_free(&text);
}

static void
put(struct format_env *env, const struct alert *a, struct buf *out)
{
	struct ref refs[3], indicator, data;

	if (a->src == NULL && a->dst == NULL) {
		put_note(a, out);
		return;
	}
	refs[0] = put_addr(env, a->src, out);
	refs[1] = put_addr(env, a->dst, out);
	refs[2] = put_traffic(env, a, &refs[0], &refs[1], out);
	data = put_observed(a, refs, out);
	indicator = put_indicator(a, out);
	put_sighting(a, &indicator, &data, out);
	put_techniques(env, a, &indicator, out);
}

static const char opening[] = "{\"type\":\"bundle\",\"id\":\"";

/* The identifier is of all that follows it. */
static void
begin(struct format_env *env, struct buf *out)
{
	struct ref unknown = lasting_ref("bundle", "", 0);

	(void)env;
	buf_printf(out, "%s%s\",\"objects\":[", opening, unknown.text);
	put_identity(out);
}

static void
end(struct format_env *env, struct buf *out)
{
	struct ref r;

	(void)env;
	buf_puts(out, "\n]}\n");
	r = lasting_ref("bundle", out->data, out->len);
	memcpy(out->data + sizeof(opening) - 1, r.text, strlen(r.text));
}

const struct format format_stix = { .name = "stix", .begin = begin, .put = put, .end = end };
