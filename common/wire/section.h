/*
 * section.h - records that carry the first octets of a packet (RFC 5476; ipHeaderPacketSection, IANA 313, and
 * dataLinkFrameSection, 315): what these say becomes fields of the record.
 *
 * The exporter's own word stands: only elements that its template does not have are filled in.  A record
 * without a counter of packets is one packet.
 */
#ifndef WIRE_SECTION_H
#define WIRE_SECTION_H

#include "wire/step.h"

/* Compile: which field is the section, and what is wanted of it.  at: of each specifier, see struct place. */
void section_layout(struct section *, const struct spec *, const uint16_t *at, unsigned n);

static inline bool
section_is_there(const struct section *s)
{
	return s->octets.len != 0;
}

/* Neither address is the record's own: the section tells which batch it belongs to. */
bool section_decides(const struct section *);
bool section_is_v6(const struct section *, const struct rows *, size_t rec);

/* Fill in the records that the task appended. */
void section_records(const struct task *, enum wire_kind);

#endif
