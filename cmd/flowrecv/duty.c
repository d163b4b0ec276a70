/*
 * duty.c - what the main thread of a collector does beside waiting: log, metrics, remembering, the
 * list of exporters, statistics.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/die.h"
#include "base/mem.h"
#include "base/time.h"
#include "collector.h"
#include "metrics.h"
#include "net/udp.h"
#include "state.h"

#define TICK_NS NS_PER_S
#define METRICS_NS (10 * NS_PER_S)
/* Templates are repeated every few minutes: what is new is saved at once, how old it is now and then. */
#define SAVE_NS (60 * NS_PER_S)
/* Of its time a collector spends at most a part on remembering: floods bring new templates all the time. */
enum { SAVE_PART = 20 };

/* Snapshots -------------------------------------------------------------------------------------- */

static void
look(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		worker_snapshot(c->worker[i], &c->snapshot[i]);
}

static struct sums
sums_of(const struct collector *c)
{
	struct sums sums = { .truncated = c->truncated };

	for (unsigned i = 0; i < c->n_workers; i++)
		sums_add(&sums, &c->snapshot[i]);
	return sums;
}

static uint64_t
changes(const struct collector *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < c->n_workers; i++)
		n += c->snapshot[i].changes;
	return n;
}

static void
print_statistics(struct collector *c)
{
	for (unsigned i = 0; i < c->n_workers; i++)
		stats_exporters(&c->snapshot[i]);
	stats_doors(c->snapshot, c->n_workers);
}

void
duty_statistics(struct collector *c)
{
	struct store_stats written;
	struct sums sums;

	look(c);
	sums = sums_of(c);
	store_stats(c->store, &written);
	print_statistics(c);
	stats_total(&sums, &written);
}

/* Exporters -------------------------------------------------------------------------------------- */

int
collector_allow(struct collector *c, struct err *err)
{
	struct allow *a = allow_new(c->set.source, c->set.n_source, err);

	if (a == NULL)
		return -1;
	c->allows = mem_resize(c->allows, c->n_allows + 1, sizeof(struct allow *));
	c->allows[c->n_allows++] = a;
	atomic_store_explicit(&c->allow, a, memory_order_release);
	return 0;
}

void
duty_reload(struct collector *c)
{
	struct err err = { .status = 0 }, unread = err;

	if (collector_allow(c, &err) != 0)
		diag("--source", "%s; the exporters stay as they were", err.text);
	else if (c->set.verbose)
		diag(NULL, "exporters read again");
	if (c->tls == NULL)
		return;
	if (tls_renew(c->tls, &c->set.tls, &unread) != 0)
		diag("tls", "%s; the certificates stay as they were", unread.text);
	else if (c->set.verbose)
		diag(NULL, "certificates read again");
}

/* Remembering ------------------------------------------------------------------------------------ */

static bool
is_of_worker(void *ctx, const struct addr *exporter)
{
	const unsigned *which = ctx; /* worker, of how many */

	return udp_worker_of(exporter, which[1]) == which[0];
}

static void
restore_batch(void *ctx, struct batch *b)
{
	struct collector *c = ctx;

	for (unsigned i = 0; i < c->n_workers; i++) {
		unsigned which[2] = { i, c->n_workers };

		wire_restore(worker_wire(c->worker[i]), b, is_of_worker, which);
	}
}

static void
restore_known(void *ctx, struct batch *b)
{
	const struct collector *c = ctx;

	if (!wire_is_saved(b))
		store_restore(c->store, b);
}

void
duty_restore_known(struct collector *c)
{
	struct err told_later = { .status = 0 };

	if (c->set.templates != NULL)
		(void)state_read(c->set.templates, restore_known, c, &told_later);
}

void
duty_restore(struct collector *c)
{
	struct err err = { .status = 0 };

	if (c->set.templates == NULL)
		return;
	if (state_read(c->set.templates, restore_batch, c, &err) != 0)
		diag(c->set.templates, "%s; templates after it are not remembered", err.text);
}

/* Of all workers, then the options records that the store knows. */
static int
save(struct collector *c, struct err *err)
{
	int64_t begin_ns = time_monotonic_ns(), end_ns;
	struct saved saved = { .n = 0 };
	struct batch *known = batch_new();
	int rc;

	for (unsigned i = 0; i < c->n_workers; i++)
		worker_save(c->worker[i], &saved);
	known->options = true;
	store_known(c->store, known);
	batch_close(known);
	saved.batch = mem_resize(saved.batch, saved.n + 1, sizeof(struct batch *));
	saved.batch[saved.n++] = known;
	rc = state_write(c->set.templates, saved.batch, saved.n, c->history, err);
	for (unsigned i = 0; i < saved.n; i++)
		batch_free(saved.batch[i]);
	mem_free(saved.batch);
	c->saved_changes = changes(c);
	end_ns = time_monotonic_ns();
	c->next_save_ns = end_ns + SAVE_NS;
	c->no_save_ns = end_ns + SAVE_PART * (end_ns - begin_ns);
	return rc;
}

/* In turn ---------------------------------------------------------------------------------------- */

static void
write_metrics(struct collector *c)
{
	struct sums sums = sums_of(c);
	struct store_stats written;
	struct err err = { .status = 0 };

	store_stats(c->store, &written);
	if (metrics_write(c->set.metrics, c->snapshot, c->n_workers, &sums, &written, &err) != 0)
		diag_limited(&c->metrics_limit, c->set.metrics, "%s", err.text);
}

void
duty_begin(struct collector *c)
{
	int64_t now = time_monotonic_ns();

	c->log = log_new(c->n_workers, c->set.verbose);
	c->snapshot = mem_zero(c->n_workers, sizeof *c->snapshot);
	c->next_tick_ns = now + TICK_NS;
	c->next_metrics_ns = now;
	c->next_save_ns = now + SAVE_NS;
	c->command_limit = (struct diag_limit){ .burst = N_COMMANDS, .interval_s = 60 };
	c->templates_limit = c->metrics_limit = (struct diag_limit){ .burst = 1, .interval_s = 60 };
}

int64_t
duty_due_ns(const struct collector *c)
{
	int64_t due = c->next_tick_ns - time_monotonic_ns();

	if (c->service.watchdog_ns > 0 && c->service.watchdog_ns < due)
		due = c->service.watchdog_ns;
	return due > 0 ? due : 0;
}

void
duty_do(struct collector *c)
{
	int64_t now = time_monotonic_ns();
	struct err unsaved = { .status = 0 };

	if (c->service.watchdog_ns > 0)
		(void)service_alive(&c->service);
	if (now < c->next_tick_ns)
		return;
	c->next_tick_ns = now + TICK_NS;
	look(c);
	if (!c->set.quiet)
		log_tell(c->log, c->snapshot, now);
	if (c->set.templates != NULL && now >= c->no_save_ns &&
	    (changes(c) != c->saved_changes || store_known_changed(c->store) ||
		now >= c->next_save_ns) &&
	    save(c, &unsaved) != 0)
		diag_limited(&c->templates_limit, c->set.templates, "%s", unsaved.text);
	if (c->set.metrics != NULL && now >= c->next_metrics_ns) {
		write_metrics(c);
		c->next_metrics_ns = now + METRICS_NS;
	}
}

void
duty_end(struct collector *c)
{
	struct store_stats written;
	struct err err = { .status = 0 }, unsaved = err, unmeasured = err;
	struct sums sums;
	bool failed = false; /* which the records are not */

	look(c);
	log_unsaid(c->log);
	if (c->set.templates != NULL) /* at once: the output may be stuck */
		failed = save(c, &unsaved) != 0;
	if (store_end(c->store, c->status == EXIT_DONE, &written, &err) != 0)
		c->status = EXIT_FAILED;
	if (c->set.templates != NULL &&
	    store_known_changed(c->store)) /* options that still waited */
		failed = save(c, &unsaved) != 0;
	if (failed)
		diag(c->set.templates, "%s", unsaved.text);
	diag_end(NULL, &err);
	if (err.error == EPIPE && !c->set.stats)
		written.lost = 0; /* nobody wants them */
	store_free(c->store);
	c->store = NULL;
	sums = sums_of(c);
	if (c->set.stats) {
		print_statistics(c);
		stats_total(&sums, &written);
	} else if (!c->set.quiet) {
		stats_warn(&sums, &written);
	}
	if (c->set.metrics != NULL && metrics_write(c->set.metrics, c->snapshot, c->n_workers,
					  &sums, &written, &unmeasured) != 0) {
		diag(c->set.metrics, "%s", unmeasured.text);
		failed = true;
	}
	if (failed)
		c->status = EXIT_FAILED;
	for (unsigned i = 0; i < c->n_workers; i++)
		snapshot_free(&c->snapshot[i]);
	mem_free(c->snapshot);
	log_free(c->log);
	for (unsigned i = 0; i < c->n_allows; i++)
		allow_free(c->allows[i]);
	mem_free(c->allows);
}
