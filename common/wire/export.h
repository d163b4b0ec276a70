/*
 * export.h - batches encoded as NetFlow v5, v9 or IPFIX messages.
 *
 * Templates are made from the columns that records have; a message holds templates it needs first.
 * What a format cannot say is counted per field, never silently dropped.
 */
#ifndef WIRE_EXPORT_H
#define WIRE_EXPORT_H

#include "base/buf.h"
#include "flow/batch.h"

enum export_version { EXPORT_V5 = 5, EXPORT_V9 = 9, EXPORT_IPFIX = 10 };

/* Fits Ethernet's 1500 octets with IPv6 (40), UDP (8) and a tunnel or tag or two. */
enum { EXPORT_MTU = 1400 };

struct export_opts {
	enum export_version version;
	size_t mtu; /* payload bound of one message; 65535 for files; 0: EXPORT_MTU */
	unsigned template_messages; /* repeat templates after so many messages; 0 never */
	unsigned template_seconds; /* and after so long */
	bool stream; /* file, TCP or SCTP: templates once in a transport session */
	uint32_t domain; /* when records have none */
	bool now; /* header times are the clock's; else from the records' end times */
	bool keep_exporter; /* send the exporter's address as 130/131 where the record has none */
};

/*
 * One message ready to go: data borrowed until the function returns.  0; -1: stop, err set; EXPORT_AGAIN, of
 * a stream: this message was not sent, the transport session is a new one.  It comes again then, numbered
 * anew, and before it the templates that it and later ones need (RFC 7011 3.1, 8.1).
 */
enum { EXPORT_AGAIN = 1 };
typedef int (*export_fn)(
    void *ctx, const void *data, size_t len, unsigned records, int64_t time_ns, struct err *);

struct exporter;
struct exporter *export_new(const struct export_opts *, export_fn, void *ctx);
void export_free(struct exporter *);

/* Encode the selected records (NULL: all); options batches go as options data.  -1: err. */
int export_batch(struct exporter *, struct batch *, const uint64_t *sel, struct err *);

/* Send what is still held.  -1: err. */
int export_flush(struct exporter *, struct err *);

/* What could not be said, in one line ("srcip: 12 IPv6 flows; vlanId: 30 values"); false: nothing. */
bool export_report(const struct exporter *, struct buf *);

/* Records of messages that were sent, options by themselves; records that were dropped. */
struct export_totals {
	uint64_t records, options, dropped;
};
const struct export_totals *export_totals(const struct exporter *);

#endif
