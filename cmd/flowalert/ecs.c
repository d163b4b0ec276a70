/*
 * ecs.c - Elastic Common Schema 8.11: one JSON document a line.
 *
 * Source: https://www.elastic.co/guide/en/ecs/8.11 (field sets base, event, source, destination, network, rule, threat,
 * related, log, observer); what it has no field for is under flowkit.
 */
#include "flow/value.h"

#include "format.h"

static void
put_id(struct buf *out, const char *key, const struct alert *a)
{
	struct uuid id = format_id(a, "alert");
	char text[UUID_TEXT + 1];

	uuid_put(&id, text);
	json_text(out, key, text);
}

/* category and type: the only type that both categories allow is info. */
static void
put_event(struct buf *out, const struct alert *a)
{
	json_open(out, "event", '{');
	json_text(out, "kind", "alert");
	json_open(out, "category", '[');
	json_item(out, "network", 7);
	json_item(out, "intrusion_detection", 19);
	json_close(out, ']');
	json_open(out, "type", '[');
	json_item(out, "info", 4);
	json_close(out, ']');
	put_id(out, "id", a);
	json_text(out, "module", "flowkit");
	json_text(out, "dataset", "flowkit.alert");
	json_text(out, "provider", a->detector);
	json_text(out, "action", a->kind);
	json_text(out, "reason", a->reason);
	json_uint(out, "severity", a->severity);
	json_number(out, "risk_score", a->score * 100);
	json_time(out, "start", a->start_ns);
	json_time(out, "end", a->end_ns);
	if (a->end_ns >= a->start_ns)
		json_uint(out, "duration", (uint64_t)a->end_ns - (uint64_t)a->start_ns);
	json_close(out, '}');
}

static void
put_end(struct buf *out, const char *key, const struct addr *a, int port, uint64_t bytes,
    uint64_t packets)
{
	if (a == NULL && port < 0)
		return;
	json_open(out, key, '{');
	if (a != NULL) {
		json_addr(out, "address", a);
		json_addr(out, "ip", a);
	}
	if (port >= 0)
		json_uint(out, "port", (uint64_t)port);
	json_counter(out, "bytes", bytes);
	json_counter(out, "packets", packets);
	json_close(out, '}');
}

/* There and back, if both were counted. */
static uint64_t
both(uint64_t there, uint64_t back)
{
	if (there == NOT_COUNTED || back == NOT_COUNTED)
		return NOT_COUNTED;
	return back > NOT_COUNTED - 1 - there ? NOT_COUNTED - 1 : there + back;
}

static void
put_network(struct buf *out, const struct alert *a)
{
	const struct addr *any = a->src != NULL ? a->src : a->dst;
	const char *name = a->proto >= 0 ? proto_name((unsigned)a->proto) : NULL;
	char number[FMT_MAX];

	json_open(out, "network", '{');
	if (any != NULL)
		json_text(out, "type", addr_is_v4(any) ? "ipv4" : "ipv6");
	if (a->proto >= 0) {
		number[fmt_u64(number, (uint64_t)a->proto)] = '\0';
		json_text(out, "iana_number", number);
		json_text(out, "transport", name);
	}
	json_counter(out, "bytes", both(a->bytes, a->rbytes));
	json_counter(out, "packets", both(a->packets, a->rpackets));
	json_close(out, '}');
}

/* Techniques, and those below them, as ECS keeps them apart. */
static void
put_threat(struct buf *out, const char *attack)
{
	const char *list = attack, *id;
	bool below = false;
	size_t n;

	if (list == NULL || format_attack(&list, &n) == NULL)
		return;
	json_open(out, "threat", '{');
	json_text(out, "framework", "MITRE ATT&CK");
	json_open(out, "technique", '{');
	json_open(out, "id", '[');
	for (list = attack; (id = format_attack(&list, &n)) != NULL; below = below || n > 5)
		json_item(out, id, 5);
	json_close(out, ']');
	if (below) {
		json_open(out, "subtechnique", '{');
		json_open(out, "id", '[');
		for (list = attack; (id = format_attack(&list, &n)) != NULL;)
			if (n > 5)
				json_item(out, id, n);
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, '}');
	json_close(out, '}');
}

static void
put_related(struct buf *out, const struct alert *a)
{
	const struct addr *addr[] = { a->src, a->dst };
	char text[FMT_MAX];

	if (a->src == NULL && a->dst == NULL)
		return;
	json_open(out, "related", '{');
	json_open(out, "ip", '[');
	for (unsigned i = 0; i < 2; i++)
		if (addr[i] != NULL)
			json_item(out, text, fmt_ip(text, addr[i]));
	json_close(out, ']');
	json_close(out, '}');
}

static void
put_own(struct buf *out, const struct alert *a)
{
	json_open(out, "flowkit", '{');
	json_text(out, "severity", severity_name(a->severity));
	json_number(out, "score", a->score);
	json_uint(out, "alerts", a->count > 0 ? a->count : 1);
	json_counter(out, "flows", a->flows);
	json_text(out, "why", a->why);
	json_text(out, "subject", a->subject);
	json_text(out, "limits", a->limits);
	if (a->sampling > 1)
		json_uint(out, "sampling", a->sampling);
	json_close(out, '}');
}

static void
put(struct format_env *env, const struct alert *a, struct buf *out)
{
	struct buf rule = { 0 };

	json_open(out, NULL, '{');
	json_time(out, "@timestamp", a->end_ns);
	json_open(out, "ecs", '{');
	json_text(out, "version", "8.11.0");
	json_close(out, '}');
	json_text(out, "message", a->reason);
	put_event(out, a);
	put_end(out, "source", a->src, a->srcport, a->bytes, a->packets);
	put_end(out, "destination", a->dst, a->dstport, a->rbytes, a->rpackets);
	put_network(out, a);
	buf_printf(&rule, "%s.%s", a->detector, a->kind);
	json_open(out, "rule", '{');
	json_text(out, "name", buf_cstr(&rule));
	json_close(out, '}');
	put_threat(out, a->attack);
	put_related(out, a);
	json_open(out, "log", '{');
	json_text(out, "level", severity_name(a->severity));
	json_close(out, '}');
	json_open(out, "observer", '{');
	json_text(out, "hostname", env->hostname);
	json_text(out, "vendor", "flowkit");
	json_text(out, "product", "flowalert");
	json_text(out, "version", FLOWKIT_VERSION);
	json_close(out, '}');
	put_own(out, a);
	json_close(out, '}');
	buf_putc(out, '\n');
	buf_free(&rule);
}

const struct format format_ecs = { .name = "ecs", .lines = true, .put = put };
