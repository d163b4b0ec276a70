#include "counts.h"

#include <inttypes.h>
#include <stddef.h>

#include "base/num.h"
#include "net/address.h"

#define AT(FIELD) offsetof(struct wire_stats, FIELD)

/* clang-format off */
static const struct count table[] = {
	{ AT(messages), "messages_total", NULL, "Export messages received.", false, false },
	{ AT(octets), "octets_total", NULL, "Octets of export messages received.", false, false },
	{ AT(flows), "records_total", NULL, "Flow records decoded.", false, false },
	{ AT(options), "options_total", NULL, "Options records decoded.", false, false },
	{ AT(templates), "templates_total", NULL, "Template definitions received.", false, false },
	{ AT(lost), "lost_total", NULL, "Messages (v9, sFlow) or records (v5, IPFIX) missing by sequence numbers.", true, true },
	{ AT(incoherent), "incoherent_total", "break# in it that no loss explains", "Times that sequence numbers followed no single counter.", true, false },
	{ AT(reordered), "reordered_total", "reordered", "Messages that came late.", false, false },
	{ AT(duplicate), "duplicate_total", "duplicate", "Messages that came twice.", false, false },
	{ AT(restarts), "restarts_total", "restart#", "Times that the exporter began anew.", true, false },
	{ AT(discarded), "discarded_total", "record# discarded while the output stalled", "Flow records for which the output had no room.", true, false },
	{ AT(unknown_template_sets), "unknown_template_sets_total", "set# without template", "Data sets that came without their template.", true, false },
	{ AT(held), "held_sets", "of them held", "Data sets that wait for their template now.", false, true },
	{ AT(held_replayed), "held_replayed_total", "replayed when it came", "Data sets decoded when their template came.", false, false },
	{ AT(held_lost), "held_lost_total", "lost", "Data sets whose template did not come in time, or for which there was no room.", true, false },
	{ AT(records_unknown), "records_unknown_total", "record# unknown by sequence number", "Records in sets without template and in damaged messages, by sequence numbers.", false, false },
	{ AT(templates_expired), "templates_expired_total", "template# expired", "Templates that were not repeated in time.", true, false },
	{ AT(templates_evicted), "templates_evicted_total", "template# evicted", "Templates that gave way to others.", true, false },
	{ AT(templates_stale), "templates_stale_total", "template# overtaken by newer ones", "Definitions that were overtaken by newer ones and ignored.", false, false },
	{ AT(borrowed), "borrowed_total", "set# by the template of another port", "Data sets decoded by the template of another port of the exporter.", false, false },
	{ AT(cached), "cached_total", "set# by a remembered template", "Data sets decoded by a remembered template that was not repeated yet.", false, false },
	{ AT(odd_times), "odd_times_total", "odd time#", "Times before 1990 or that cannot be.", false, false },
	{ AT(skipped), "skipped_total", "of other formats skipped", "sFlow samples and records of formats that are not decoded.", false, false },
	{ AT(not_sent), "not_sent", "flow# not sent as the exporter says", "Flows that the exporter itself says it did not send.", true, true },
};
/* clang-format on */

const struct count *
counts_table(unsigned *n)
{
	*n = sizeof table / sizeof table[0];
	return table;
}

uint64_t
counts_bad(const uint64_t bad[BAD_KINDS])
{
	uint64_t s = 0;

	for (unsigned i = 0; i < BAD_KINDS; i++)
		s += bad[i];
	return s;
}

/* Sequence numbers count records in v5, v7 and IPFIX, messages in v9 and sFlow (RFC 3954 5.1, RFC 7011 3.1). */
static bool
counts_in_messages(unsigned version)
{
	return version == VERSION_NETFLOW9 || version == VERSION_SFLOW5;
}

const char *
counts_unit(unsigned version)
{
	return counts_in_messages(version) ? "message#" : "record#";
}

void
counts_put(struct buf *b, uint64_t n, const char *words)
{
	buf_printf(b, "%" PRIu64 " ", n);
	for (const char *p = words; *p != '\0'; p++)
		if (*p == '#')
			buf_puts(b, plural(n));
		else
			buf_putc(b, *p);
}

void
counts_put_place(struct buf *b, const struct wire_place *told)
{
	struct endpoint e = { .addr = told->addr, .port = told->port };
	char text[ENDPOINT_TEXT_MAX + 1];

	if (addr_is_zero(&told->addr)) {
		buf_printf(b, "%u", told->port);
		return;
	}
	text[endpoint_fmt(text, &e)] = '\0';
	buf_puts(b, text);
}

void
counts_put_session(struct buf *b, const struct wire_stats *w, const struct wire_place *told)
{
	static const char *const ways[] = { "udp", "tcp", "sctp" };
	char agent[FMT_MAX + 1];

	if (w->version == VERSION_SFLOW5)
		buf_puts(b, "sFlow 5");
	else
		buf_printf(b, "version %u", w->version);
	if (!addr_is_zero(&w->agent)) {
		agent[fmt_ip(agent, &w->agent)] = '\0';
		buf_printf(b, ", agent %s", agent);
	}
	buf_printf(b, ", domain %" PRIu32, w->domain);
	if (told->port != 0) {
		buf_printf(b, ", to %s:", ways[w->stream]);
		counts_put_place(b, told);
	}
	buf_puts(b, ": ");
}

void
counts_put_problems(struct buf *b, const struct wire_stats *w)
{
	const char *comma = "";

	if (w->lost != 0) {
		buf_puts(b, ", lost ");
		counts_put(b, w->lost, counts_unit(w->version));
	}
	/* As many records as the messages that came have. */
	if (w->lost != 0 && counts_in_messages(w->version) && w->messages > 0)
		buf_printf(b, " (about %.0f records)",
		    (double)w->lost * (double)w->flows / (double)w->messages);
	for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
		uint64_t n = count_of(&table[i], w);

		if (table[i].words != NULL && n != 0) {
			buf_puts(b, ", ");
			counts_put(b, n, table[i].words);
		}
	}
	if (counts_bad(w->bad) == 0)
		return;
	buf_puts(b, "; bad:");
	for (unsigned i = 0; i < BAD_KINDS; i++)
		if (w->bad[i] != 0) {
			buf_printf(b, "%s %" PRIu64 " %s", comma, w->bad[i], wire_bad_names[i]);
			comma = ",";
		}
}
