/*
 * command.c - what runs when a file is complete: the user's command, and flowexpire.
 */
#include <string.h>

#include "base/die.h"
#include "base/time.h"
#include "collector.h"

/* Commands still running when the collector ends are waited for, as they may be needed: a transfer, say. */
#define DRAIN_NS (60 * NS_PER_S)

void
command_start(struct collector *c)
{
	const struct settings *set = &c->set;
	struct err err = { .status = 0 };
	unsigned n = 0;

	c->command = c->expire = -1;
	if (set->command != NULL) {
		c->command = (int)n;
		c->commands[n++] =
		    (struct runner_command){ .name = "--exec", .shell = set->command };
	}
	if (set->expire != NULL) {
		const char *const argv[] = { "flowexpire", "-q", "-e", set->expire, NULL };

		memcpy(c->expire_argv, argv, sizeof argv);
		c->expire = (int)n;
		c->commands[n++] = (struct runner_command){
			.name = "--expire", .argv = c->expire_argv, .coalesce = true
		};
	}
	if (n == 0)
		return;
	c->runner = runner_start(c->commands, n, &err);
	if (c->runner == NULL)
		die(err.status, NULL, "%s", err.text);
}

void
command_file(struct collector *c, const char *path)
{
	if (c->command >= 0)
		(void)runner_run(c->runner, (unsigned)c->command, path);
	if (c->expire >= 0)
		(void)runner_run(c->runner, (unsigned)c->expire, c->set.out);
}

void
command_tell(struct collector *c)
{
	const char *line;

	while (c->runner != NULL && (line = runner_line(c->runner)) != NULL)
		diag_limited(&c->command_limit, NULL, "%s", line);
}

void
command_end(struct collector *c)
{
	struct runner_stats stats;
	const char *line;

	if (c->runner == NULL)
		return;
	while ((line = runner_drain(c->runner, time_monotonic_ns() + DRAIN_NS)) != NULL)
		diag_limited(&c->command_limit, NULL, "%s", line);
	runner_stats(c->runner, &stats);
	if (stats.waiting + stats.dropped > 0)
		diag(NULL, "%llu commands were not run",
		    (unsigned long long)(stats.waiting + stats.dropped));
	runner_free(c->runner);
}
