/*
 * netflow5.c - NetFlow version 5: a header of 24 octets and up to 30 records of 48 (Cisco, "NetFlow
 * Export Datagram Format").  Its record is one more template.
 */
#include "base/num.h"
#include "wire/decoder.h"

enum {
	HEADER = 24,
	RECORD = 48,
	ID_SAMPLING = 34,
	ID_ENGINE_TYPE = 38,
	ID_ENGINE_ID = 39,
	UPTIME_BACK_MS = 60000
};

/* Fields in order, and what is between them. */
static const struct spec record[] = {
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

struct template *
netflow5_template(bool raw)
{
	const char *why;

	return template_new(0, false, record, sizeof(record) / sizeof(record[0]), raw, NULL, &why);
}

/*
 * The header's sampling: two bits mode, 14 bits interval; 0 is unknown.  Only --raw keeps the header's
 * numbers under their elements as well.
 */
static void
header_constants(struct message *m, unsigned engine_type, unsigned engine_id, unsigned sampling)
{
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
count_records(struct message *m, size_t len, unsigned count)
{
	size_t present = (len - HEADER) / RECORD, n = count < present ? count : present;

	if (count == 0 || count > present)
		message_bad(m, BAD_COUNT);
	if (len != HEADER + n * RECORD)
		message_bad(m, BAD_TRAILING);
	if (m->w->sessions.opts.strict && (count == 0 || len != HEADER + (size_t)count * RECORD))
		return 0;
	return n;
}

/* Uptime and sequence both went back: the exporter began anew (see netflow9.c). */
static void
detect_restart(struct session *s, uint32_t uptime, uint32_t seq)
{
	if (s->has_uptime && (int32_t)(uptime - s->uptime_ms) < -UPTIME_BACK_MS &&
	    s->sequence.known && (int32_t)(seq - s->sequence.next) < 0)
		sequence_restart(&s->sequence);
	s->has_uptime = true;
	s->uptime_ms = uptime;
}

void
netflow5_decode(struct message *m, const uint8_t *p, size_t len)
{
	struct cursor c = cur_over(p, len);
	unsigned count, engine_type, engine_id, sampling;
	uint32_t uptime, seconds, nanoseconds, seq;
	size_t n;

	cur_skip(&c, 2);
	count = cur_u16(&c);
	uptime = cur_u32(&c);
	seconds = cur_u32(&c);
	nanoseconds = cur_u32(&c);
	seq = cur_u32(&c);
	engine_type = cur_u8(&c);
	engine_id = cur_u8(&c);
	sampling = cur_u16(&c);

	/* Uptimes are milliseconds, so the times made from them are no finer. */
	m->export_ns = seconds * NS_PER_S + nanoseconds / NS_PER_MS * NS_PER_MS;
	m->has_uptime = true;
	m->uptime_ms = uptime;
	m->uptime_ns = m->export_ns;
	n = count_records(m, len, count);
	detect_restart(m->s, uptime, seq);
	data_begin(m);
	header_constants(m, engine_type, engine_id, sampling);
	if (n > 0)
		data_set(m, m->w->v5, p + HEADER, n * RECORD);
	sequence_message(&m->s->sequence, seq, count, 0);
}
