/*
 * sandbox.c - files, then system calls: the filter forbids Landlock's own.
 */
#include "daemon/sandbox.h"

#include <stdio.h>

#include "daemon/landlock.h"
#include "daemon/privileges.h"
#include "daemon/seccomp.h"

static int
missing(const char *what, const char *why, struct err *err)
{
	return err_set(err, "the sandbox is required, but cannot restrict %s: %s", what, why);
}

int
sandbox_apply(const struct sandbox *s, struct sandbox_report *report, struct err *err)
{
	const char *no_files = "not asked for", *no_calls = "not asked for";
	char files[32];
	int version = 0, calls = 0;

	*report = (struct sandbox_report){ .files = false };
	if (privileges_lock(err) != 0)
		return -1;
	if (!s->skip_files)
		version = landlock_apply(s->paths, s->n_paths, &no_files, err);
	if (version < 0)
		return -1;
	if (version == 0 && !s->skip_files && s->require)
		return missing("files", no_files, err);
	if (!s->skip_calls)
		calls = seccomp_apply(&no_calls, err);
	if (calls < 0)
		return -1;
	if (calls == 0 && !s->skip_calls && s->require)
		return missing("system calls", no_calls, err);

	report->files = version > 0;
	report->calls = calls > 0;
	snprintf(files, sizeof files, "Landlock %d", version);
	snprintf(report->text, sizeof report->text, "files: %s%s; system calls: %s%s",
	    version > 0 ? files : "not restricted: ", version > 0 ? "" : no_files,
	    calls > 0 ? "seccomp" : "not restricted: ", calls > 0 ? "" : no_calls);
	return 0;
}
