/*
 * fixed.c - NetFlow versions 1, 5 and 7: a header and records of one layout (Cisco, "NetFlow Export
 * Datagram Format"; version 7 is that of Catalyst switches).  A record is one more template.
 *
 * All three headers begin alike: version, count, uptime, seconds, nanoseconds.
 */
#include "base/num.h"
#include "wire/decoder.h"

enum { ID_SAMPLING = 34, ID_ENGINE_TYPE = 38, ID_ENGINE_ID = 39 };

/* What all records begin with. */
static const struct spec record_begin[] = {
	{ 0, 8, 4, false }, /* source address */
	{ 0, 12, 4, false },
	{ 0, 15, 4, false }, /* next hop */
	{ 0, 10, 2, false }, /* interfaces */
	{ 0, 14, 2, false },
	{ 0, 2, 4, false }, /* packets, octets */
	{ 0, 1, 4, false },
	{ 0, 22, 4, false }, /* uptime at first and last packet */
	{ 0, 21, 4, false },
	{ 0, 7, 2, false }, /* ports */
	{ 0, 11, 2, false },
};

static const struct spec record1[] = {
	{ PEN_OWN, 0, 2, false }, /* nothing */
	{ 0, 4, 1, false }, /* protocol, type of service, TCP flags */
	{ 0, 5, 1, false },
	{ 0, 6, 1, false },
	{ PEN_OWN, 0, 7, false },
};

static const struct spec record5[] = {
	{ PEN_OWN, 0, 1, false },
	{ 0, 6, 1, false }, /* TCP flags, protocol, type of service */
	{ 0, 4, 1, false },
	{ 0, 5, 1, false },
	{ 0, 16, 2, false }, /* AS numbers */
	{ 0, 17, 2, false },
	{ 0, 9, 1, false }, /* prefix lengths */
	{ 0, 13, 1, false },
	{ PEN_OWN, 0, 2, false },
};

/* As 5; the flags say which of the fields the switch did not fill in. */
static const struct spec record7[] = {
	{ PEN_SFLOW, V7_FLAGS1, 1, false }, { 0, 6, 1, false }, { 0, 4, 1, false },
	{ 0, 5, 1, false }, { 0, 16, 2, false }, { 0, 17, 2, false }, { 0, 9, 1, false },
	{ 0, 13, 1, false }, { PEN_SFLOW, V7_FLAGS2, 2, false },
	{ 0, 43, 4, false }, /* the router whose work the switch did */
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define SPECS(list) list, COUNT(list)

static const struct layout {
	uint16_t version;
	uint8_t header, record; /* octets */
	const struct spec *specs; /* behind record_begin */
	size_t n;
	bool numbered; /* a sequence number of flows */
	bool sampled; /* engine and sampling behind it */
} layouts[FIXED_LAYOUTS] = {
	{ VERSION_NETFLOW1, 16, 48, SPECS(record1), false, false },
	{ VERSION_NETFLOW5, 24, 48, SPECS(record5), true, true },
	{ VERSION_NETFLOW7, 24, 52, SPECS(record7), true, false },
};

struct template *
fixed_template(unsigned i, bool raw)
{
	struct spec specs[COUNT(record_begin) + COUNT(record7)];
	const struct layout *l = &layouts[i];
	const char *why;

	memcpy(specs, record_begin, sizeof(record_begin));
	memcpy(specs + COUNT(record_begin), l->specs, l->n * sizeof(*specs));
	return template_new(
	    0, false, specs, (unsigned)(COUNT(record_begin) + l->n), raw, NULL, &why);
}

/*
 * The header's sampling: two bits mode, 14 bits interval; 0 is unknown.  Only --raw keeps the header's
 * numbers under their elements as well.
 */
static void
header_constants(struct message *m, struct cursor *c)
{
	unsigned engine_type = cur_u8(c), engine_id = cur_u8(c), sampling = cur_u16(c);
	unsigned mode = sampling >> 14, interval = sampling & 0x3fff;
	bool raw = m->w->sessions.opts.raw;

	if (interval > 0) {
		data_constant(m, field_own(OWN_SAMPLING), TYPE_UINT, 4, interval);
		data_constant(m, field_own(OWN_SAMPLING_SRC), TYPE_UINT, 1, SAMPLING_HEADER);
	}
	if (raw || mode > 0)
		data_constant(m, field_own(OWN_SAMPLING_MODE), TYPE_UINT, 1, mode);
	if (raw) {
		data_constant(m, field_iana(ID_SAMPLING), TYPE_UINT, 4, interval);
		data_constant(m, field_iana(ID_ENGINE_TYPE), TYPE_UINT, 1, engine_type);
		data_constant(m, field_iana(ID_ENGINE_ID), TYPE_UINT, 1, engine_id);
	}
}

/* Whole records present; what the header says and the length does not bear out is counted. */
static size_t
count_records(struct message *m, const struct layout *l, size_t len, unsigned count)
{
	size_t present = len / l->record, n = count < present ? count : present;

	if (count == 0 || count > present)
		message_bad(m, BAD_COUNT);
	if (len != n * l->record)
		message_bad(m, BAD_TRAILING);
	if (m->w->sessions.opts.strict && (count == 0 || count > present))
		return 0;
	return n;
}

static unsigned
layout_of(unsigned version)
{
	unsigned i = 0;

	while (layouts[i].version != version)
		i++;
	return i;
}

void
fixed_decode(struct message *m, const uint8_t *p, size_t len)
{
	unsigned layout = layout_of(m->s->stats.version), count;
	const struct layout *l = &layouts[layout];
	struct cursor c = cur_over(p, len);
	uint32_t seconds, nanoseconds, seq;
	size_t n;

	cur_skip(&c, 2);
	count = cur_u16(&c);
	m->uptime_ms = cur_u32(&c);
	seconds = cur_u32(&c);
	nanoseconds = cur_u32(&c);
	seq = l->numbered ? cur_u32(&c) : 0;

	/* Uptimes are milliseconds, so the times made from them are no finer. */
	m->export_ns = seconds * NS_PER_S;
	if (nanoseconds < NS_PER_S)
		m->export_ns += nanoseconds / NS_PER_MS * NS_PER_MS;
	else
		m->s->stats.odd_times++;
	m->has_uptime = true;
	m->uptime_ns = m->export_ns;
	n = count_records(m, l, len - l->header, count);
	if (l->numbered && message_restarted(m, m->uptime_ms, seq))
		sequence_restart(&m->s->sequence);
	data_begin(m);
	if (l->sampled)
		header_constants(m, &c);
	if (n > 0)
		data_set(m, m->w->fixed[layout], p + l->header, n * l->record);
	if (l->numbered)
		sequence_message(&m->s->sequence, seq, count, 0);
}
