/*
 * export_stream.c - a transport session that began anew: TCP and SCTP connections break.
 */
#include "wire/exporter.h"

/* Templates that messages before the one at hand had: n of them, from the *i-th on, as many as fit. */
static void
put_sent(const struct exporter *e, const struct session *s, const struct template *list, unsigned n,
    unsigned *i, struct buf *msg)
{
	for (; *i < n; ++*i) {
		const struct template *t = &list[*i];

		if (!t->sent || t->sent_message == s->messages)
			continue;
		if (msg->len > IPFIX_HEADER && msg->len + t->set.len > e->opts.mtu)
			return;
		buf_put(msg, t->set.data, t->set.len);
	}
}

int
session_renew(struct exporter *e, struct session *s, struct err *err)
{
	struct buf msg = { .len = 0 };
	unsigned i = 0, k = 0;
	int rc = 0;

	s->sequence = 0;
	while (rc == 0) {
		msg.len = 0;
		memset(buf_room(&msg, IPFIX_HEADER), 0, IPFIX_HEADER);
		msg.len = IPFIX_HEADER;
		put_sent(e, s, s->subs, s->n_subs, &k, &msg);
		if (k == s->n_subs)
			put_sent(e, s, s->templates, s->n_templates, &i, &msg);
		if (msg.len == IPFIX_HEADER)
			break;
		ipfix_header(e, s, &msg, 0);
		rc = e->fn(e->ctx, msg.data, msg.len, 0, s->time_ns, err);
		e->totals.messages++;
		e->totals.octets += msg.len;
	}
	if (rc == 0)
		s->transport = e->transport;
	buf_free(&msg);
	return rc;
}
