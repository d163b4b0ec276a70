#include "carrier.h"

#include <inttypes.h>

#include "base/die.h"
#include "base/num.h"
#include "base/time.h"
#include "wire/export.h"

enum { CONNECT_S = 30, FINISH_S = 10, LAND_EVERY = 64, DOUBLINGS = 5 };

/* How much of the stream has arrived, as far as is known. */
static void
land(struct carrier *c)
{
	int64_t left = conn_in_flight(c->conn);
	uint64_t written = conn_written(c->conn);

	if (left >= 0 && (uint64_t)left <= written)
		flight_land(&c->flight, written - (uint64_t)left);
}

static int
connect_once(struct carrier *c, struct err *err)
{
	c->attempted_ns = time_monotonic_ns();
	c->conn = conn_open(c->to, c->tls, c->peer_name, CONNECT_S * NS_PER_S, err);
	return c->conn != NULL ? 0 : -1;
}

int
carrier_open(struct carrier *c, struct err *err)
{
	return connect_once(c, err);
}

/* Count what is lost with a connection that broke; err becomes why it did, and how much that is. */
static void
break_off(struct carrier *c, const struct err *why, struct err *err)
{
	struct err ignored = { .status = 0 };
	uint64_t records;
	size_t messages;

	/* A collector that ends in order still reads what is on its way. */
	if (c->conn->ended && conn_finish(c->conn, FINISH_S * NS_PER_S, &ignored) == 0)
		flight_free(&c->flight);
	land(c);
	messages = flight_count(&c->flight, &records);
	c->breaks++;
	c->lost += messages;
	c->lost_records += records;
	c->unsure |= messages > 0 || !c->conn->ended;
	flight_free(&c->flight);
	if (c->conn->refused && messages == 0) {
		err_set(err, "%s", why->text);
		return;
	}
	/* A peer that resets has not read what its kernel acknowledged last: nobody knows how much. */
	err_set(err, "%s: %s%zu message%s with %" PRIu64 " record%s %s way", why->text,
	    c->conn->ended ? "" : "at least ", messages, plural(messages), records, plural(records),
	    messages == 1 ? "was on its" : "were on their");
}

/* Certificates expire while a connection lasts, and others take their place. */
static void
renew(struct carrier *c)
{
	struct err err = { .status = 0 };

	if (c->tls != NULL && tls_renew(c->tls, c->tls_opts, &err) != 0 && !c->quiet)
		diag(c->name, "%s; the certificates stay as they were", err.text);
}

/* RFC 7011 10.4.4 wants a minute between attempts unless it is told otherwise. */
static int
connect_again(struct carrier *c, struct err *err)
{
	int64_t wait_ns = c->retry_ns;

	for (unsigned i = 1; i <= c->retries; i++) {
		struct err why = { .status = 0 };

		time_sleep_until(c->attempted_ns + wait_ns);
		renew(c);
		if (connect_once(c, &why) == 0)
			return 0;
		if (!c->quiet)
			diag(c->name, "%s (attempt %u of %u)", why.text, i, c->retries);
		if (i <= DOUBLINGS)
			wait_ns *= 2;
	}
	return err_set(
	    err, "no connection after %u attempt%s: gave up", c->retries, plural(c->retries));
}

int
carrier_send(struct carrier *c, const void *data, size_t len, unsigned records, struct err *err)
{
	struct err why = { .status = 0 }, told = { .status = 0 };

	if (conn_write(c->conn, data, len, &why) == 0) {
		c->sent++;
		c->octets += len;
		flight_add(&c->flight, conn_written(c->conn), records);
		/* A broken association does not tell what was in flight. */
		if (c->sent % LAND_EVERY == 0 || c->to->transport == TRANSPORT_SCTP)
			land(c);
		return 0;
	}
	break_off(c, &why, &told);
	if (c->conn->refused || c->retries == 0)
		return err_set(err, "%s", told.text);
	if (!c->quiet)
		diag_err(c->name, &told);
	conn_close(c->conn);
	c->conn = NULL;
	return connect_again(c, err) == 0 ? EXPORT_AGAIN : -1;
}

/* As long as the collector goes on reading; it may leave its side open. */
int
carrier_finish(struct carrier *c, struct err *err)
{
	struct err why = { .status = 0 };
	int64_t before, left = INT64_MAX;
	int rc;

	do {
		before = left;
		rc = conn_finish(c->conn, FINISH_S * NS_PER_S, &why);
		left = conn_in_flight(c->conn);
	} while (rc == 1 && left > 0 && left < before);
	if (rc == 0 || (rc == 1 && left == 0))
		return 0;
	if (rc == 1)
		err_set(&why, "the collector does not read any more");
	break_off(c, &why, err);
	return -1;
}

void
carrier_free(struct carrier *c)
{
	conn_close(c->conn);
	c->conn = NULL;
	flight_free(&c->flight);
}
