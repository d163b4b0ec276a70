/*
 * export_stream.c - a transport session that began anew: TCP and SCTP connections break.
 */
#include "wire/exporter.h"

/* Sets that messages before the one at hand had: of n, from the *i-th on, as many as fit; how many. */
static unsigned
put_sent(const struct exporter *e, const struct session *s, const struct template *list, unsigned n,
    unsigned *i, struct buf *msg)
{
	unsigned sets = 0;

	for (; *i < n; ++*i) {
		const struct template *t = &list[*i];

		if (!t->sent || t->sent_message == s->messages)
			continue;
		if (msg->len > IPFIX_HEADER && msg->len + t->set.len > e->opts.mtu)
			break;
		buf_put(msg, t->set.data, t->set.len);
		sets++;
	}
	return sets;
}

int
session_renew(struct exporter *e, struct session *s, struct err *err)
{
	struct buf msg = { .len = 0 };
	unsigned i = 0, k = 0, types = 0, records;
	int rc = 0;

	s->sequence = 0;
	while (rc == 0) {
		msg.len = 0;
		memset(buf_room(&msg, IPFIX_HEADER), 0, IPFIX_HEADER);
		msg.len = IPFIX_HEADER;
		records = 0;
		(void)put_sent(e, s, s->subs, s->n_subs, &k, &msg);
		if (k == s->n_subs)
			(void)put_sent(e, s, s->templates, s->n_templates, &i, &msg);
		if (i == s->n_templates)
			records = put_sent(e, s, s->types, s->n_types, &types, &msg);
		if (msg.len == IPFIX_HEADER)
			break;
		ipfix_header(e, s, &msg, s->sequence);
		rc = e->fn(e->ctx, msg.data, msg.len, records, s->time_ns, err);
		s->sequence += records;
		e->totals.options += rc == 0 ? records : 0;
	}
	if (rc == 0)
		s->transport = e->transport;
	buf_free(&msg);
	return rc;
}
