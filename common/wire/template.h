/*
 * template.h - what an exporter said its records look like, compiled to column copies.
 *
 * A template is kept as it came (field specifiers, so a repeated one is recognised) and as steps: where
 * in a record a value is, how it is read, and which column it goes to.  Everything that can be known
 * before a record is seen is decided here: types, widths, instances of repeated elements, address
 * pairs, and which time element makes a flow's start and end.
 */
#ifndef WIRE_TEMPLATE_H
#define WIRE_TEMPLATE_H

#include "base/buf.h"
#include "flow/field.h"
#include "wire/copy.h"
#include "wire/sampling.h"
#include "wire/types.h"

enum { VARYING = 65535, TEMPLATE_FIELDS_MAX = 4000, INSTANCES_MAX = 128, NO_COLUMN = 65535 };

/* A field specifier; enterprises as columns have them (PEN_V9, PEN_SCOPE ... for v9; PEN_OWN: octets of
 * a fixed layout that are no field). */
struct spec {
	uint32_t pen;
	uint16_t id, len;
	bool scope;
};

enum step_kind {
	STEP_UINT,
	STEP_INT,
	STEP_FLOAT,
	STEP_BOOL,
	STEP_TIME, /* an ordinary column of time or duration, see form */
	STEP_IP4,
	STEP_IP6,
	STEP_PAIR, /* both of an address pair: IPv4 at `at`, IPv6 at `at2` */
	STEP_STRING,
	STEP_BYTES,
	STEP_LIST,
	STEP_CHOSEN, /* the time element that makes start or end */
	STEP_SAMPLING, /* the record's own sampling interval */
};

enum time_form {
	FORM_SCALED,
	FORM_NTP,
	FORM_UPTIME, /* against the header's uptime, or the one learned from 160 */
	FORM_UPTIME_RECORD, /* against systemInitTimeMilliseconds (160) in the same record, at `at2` */
	FORM_DELTA,
};

struct step {
	uint8_t kind, form;
	uint8_t type, width, scale; /* of the column; width 0 variable */
	bool scope;
	struct field_id id; /* the column */
	struct field_id wire; /* the element itself: STEP_CHOSEN, and IPv6 of a pair */
	uint16_t at, len; /* offset in a record of fixed length, else number among `fields` */
	uint16_t at2, len2;
	copy_cells *copy; /* to cells of `width`; NULL: by kind */
	/* The column in the last batch of IPv4, IPv6 records; NO_COLUMN: it had none. */
	uint16_t col[2];
};

/*
 * A field as raw records have it: offset, or number among `fields` where their length varies.  len 0: none;
 * VARYING: each record tells.
 */
struct place {
	uint16_t at, len;
};

/* The first octets of a packet among the fields, and what is wanted of them (wire/section.h). */
struct section {
	struct place octets; /* len 0: there are none */
	struct place size, type, offset; /* of the frame, its link layer, where the octets begin */
	bool ip; /* they begin with IP, else with a link layer */
	bool one_packet; /* records have no counter of packets */
	bool no_octets; /* nor one of octets */
	uint64_t fields; /* bits of enum packet_field: those that records do not have */
};

enum family { FAMILY_4, FAMILY_6, FAMILY_BOTH, FAMILY_SECTION };

struct template
{
	struct template *next; /* of its session, same bucket */
	struct template *newer, *older; /* of its tier, by use */
	struct template *own_newer, *own_older; /* of its session, by use */
	struct session *session;
	uint16_t id;
	bool options;
	int64_t refreshed_ns; /* received: the last definition */
	int64_t export_ns; /* sent: the newest definition */
	int64_t since_ns, changed_ns; /* sent and received: the first that said this */
	/* What the exporter said before, for messages that were overtaken; or NULL. */
	struct template *previous;
	bool cached; /* from a saved state, and not repeated since */
	bool untyped; /* has enterprise elements that nobody knows */
	unsigned types_version; /* of the announced types it was compiled with */

	struct spec *specs;
	uint8_t *instances; /* of each specifier: which of its element; INSTANCES_MAX: dropped */
	struct place *fields; /* those that have octets, n_fields of them: at is the specifier */
	unsigned n_specs, n_fields;
	struct step *steps;
	unsigned n_steps;
	uint64_t layout[2]; /* of batches in which the steps' columns are those; 0: of none */
	uint32_t min_len; /* of a record; varying fields count 1 */
	bool varying;
	enum family family;
	int family_step; /* FAMILY_BOTH: the pair that decides */
	bool has_start, has_end; /* some element tells */
	bool by_uptime; /* and it counts from the exporter's start */
	bool has_sampling;
	bool tells; /* options: something that later records need (wire/options.h) */
	struct place sampler[SAMPLING_SAMPLERS], ingress,
	    egress; /* whose sampling interval a record has */
	bool names_sampler;
	bool events; /* records are events in a flow's life (wire/event.h) */
	struct section section;
	size_t octets; /* of memory */
};

/*
 * Compile specifiers (copied).  raw: chosen times and padding also stay under their own element, and
 * announced types (may be NULL) are not believed.  NULL with *why when no record can look so: no fields,
 * too many, or a length of 0.
 */
struct template *template_new(uint16_t id, bool options, const struct spec *, unsigned n, bool raw,
    const struct types *, const char **why);
void template_free(struct template *); /* the previous one too; takes NULL */
bool template_same(const struct template *, bool options, const struct spec *, unsigned n);

#endif
