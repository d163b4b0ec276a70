/*
 * sflow_counter.c - counter samples of sFlow: what an interface has counted so far, as options data.
 *
 * The scope is the data source: an interface by its IANA element, else its type and index.
 */
#include "wire/sflow.h"

enum { SOURCE_INTERFACE = 0, GENERIC = 1 };

/* Generic interface counters, in order. */
static const struct counter {
	uint16_t field;
	uint8_t len;
} counters[] = {
	{ ROW_IF_INDEX, 4 },
	{ ROW_IF_TYPE, 4 },
	{ ROW_IF_SPEED, 8 },
	{ ROW_IF_DIRECTION, 4 },
	{ ROW_IF_STATUS, 4 },
	{ ROW_IF_IN_OCTETS, 8 },
	{ ROW_IF_IN_UCAST, 4 },
	{ ROW_IF_IN_MULTICAST, 4 },
	{ ROW_IF_IN_BROADCAST, 4 },
	{ ROW_IF_IN_DISCARDS, 4 },
	{ ROW_IF_IN_ERRORS, 4 },
	{ ROW_IF_IN_UNKNOWN, 4 },
	{ ROW_IF_OUT_OCTETS, 8 },
	{ ROW_IF_OUT_UCAST, 4 },
	{ ROW_IF_OUT_MULTICAST, 4 },
	{ ROW_IF_OUT_BROADCAST, 4 },
	{ ROW_IF_OUT_DISCARDS, 4 },
	{ ROW_IF_OUT_ERRORS, 4 },
	{ ROW_IF_PROMISCUOUS, 4 },
};
enum { COUNTERS = sizeof(counters) / sizeof(counters[0]), COUNTERS_LEN = 88 };

/* A counter that the agent does not have is all ones. */
static void
put_counters(struct row *r, struct cursor *c)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		uint64_t v = cur_uint(c, counters[i].len);
		enum row_field f = (enum row_field)counters[i].field;

		if (counters[i].len == 4)
			sflow_number(r, f, (uint32_t)v);
		else if (v != UINT64_MAX || r->m->w->sessions.opts.raw)
			row_number(r, f, v);
	}
}

static void
put_scope(struct row *r, const struct sflow_source *source)
{
	if (source->type == SOURCE_INTERFACE) {
		row_number(r, ROW_SCOPE_IN_IF, source->index);
		return;
	}
	row_number(r, ROW_SCOPE_SOURCE_TYPE, source->type);
	row_number(r, ROW_SCOPE_SOURCE_INDEX, source->index);
}

void
sflow_counter_sample(struct sflow *s, struct cursor *c, bool expanded)
{
	uint32_t sequence = cur_u32(c);
	struct sflow_source source = sflow_source(c, expanded);
	struct sflow_records records = { c, cur_u32(c) };
	struct sflow_part part;
	bool counted = false;
	struct row *r = &s->row;

	if (c->bad) {
		message_bad(s->m, BAD_RECORD);
		return;
	}
	row_begin(r, s->m);
	put_scope(r, &source);
	if (s->has_agent)
		row_address(r, ROW_AGENT, ROW_AGENT6, &s->agent, s->agent_v6);
	if (sflow_raw(s))
		row_number(r, ROW_SEQUENCE, sequence);
	while (sflow_record(s, &records, &part)) {
		if (part.format != GENERIC || counted) {
			s->m->s->stats.skipped++;
		} else if (cur_left(&part.body) < COUNTERS_LEN) {
			message_bad(s->m, BAD_RECORD);
		} else {
			put_counters(r, &part.body);
			counted = true;
		}
	}
	s->m->n_constants = s->n_options;
	row_append(r, WIRE_OPTIONS);
}
