/*
 * confine.c - what a collector needs no more once its sockets are open: privileges, and most of the system.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/file.h"
#include "base/mem.h"
#include "collector.h"
#include "daemon/sandbox.h"

/* CAP_NET_ADMIN, CAP_NET_RAW and the like were needed to open sockets only. */
enum { KEEP_NOTHING = 0 };

void
confine_privileges(struct collector *c)
{
	struct err err = { .status = 0 };

	if (!c->set.has_user)
		return;
	if (privileges_drop(&c->set.user, KEEP_NOTHING, &err) != 0)
		die(err.status, "--user", "%s", err.text);
}

struct list {
	struct sandbox_path *path;
	unsigned n;
};

static void
add(struct list *l, const char *path, enum sandbox_access access)
{
	if (path == NULL)
		return;
	l->path = mem_resize(l->path, l->n + 1, sizeof *l->path);
	l->path[l->n++] = (struct sandbox_path){ path, access };
}

/* Is there a place for the output?  Where not, opening it says so better than the sandbox. */
static bool
has_place(const char *path)
{
	char *dir = file_directory(path);
	bool good = access(dir, F_OK) == 0;
	int saved = errno;

	mem_free(dir);
	errno = saved;
	return good;
}

/* With or without a sandbox a file that can never be written is no setting to begin with. */
static void
check_place(const char *option, const char *path)
{
	if (path != NULL && !has_place(path))
		die(EXIT_FAILED, option, "%s: %s", path, strerror(errno));
}

static void
add_output(struct list *l, const struct settings *set)
{
	struct stat st;

	if (set->out == NULL || !has_place(set->out))
		return;
	if (set->to_dir)
		add(l, set->out, SANDBOX_STORE);
	else if (stat(set->out, &st) == 0 && !S_ISREG(st.st_mode))
		add(l, set->out, SANDBOX_WRITE);
	else
		add(l, set->out, SANDBOX_REPLACE);
}

/* What -u cannot read it will not be able to read again, which is told then. */
static void
add_certificates(struct list *l, const struct tls_opts *o)
{
	const char *files[] = { o->cert, o->key, o->ca };

	for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++)
		if (access(files[i], R_OK) == 0)
			add(l, files[i], SANDBOX_REREAD);
}

static void
note_directory(struct naming *n)
{
	struct stat st;

	if (stat(n->dir, &st) == 0) {
		n->dev = st.st_dev;
		n->ino = st.st_ino;
	}
}

void
confine_sandbox(struct collector *c)
{
	const struct settings *set = &c->set;
	struct sandbox_report report;
	struct err err = { .status = 0 };
	struct list l = { .n = 0 };
	int rc;

	check_place("--templates", set->templates);
	check_place("--metrics", set->metrics);
	check_place("--port-file", set->port_file);
	if (set->no_sandbox) {
		if (privileges_lock(&err) != 0)
			die(err.status, NULL, "%s", err.text);
		return;
	}
	add_output(&l, set);
	add(&l, set->templates, SANDBOX_REPLACE);
	add(&l, set->metrics, SANDBOX_REPLACE);
	add(&l, set->port_file, SANDBOX_REPLACE);
	for (unsigned i = 0; i < set->n_source; i++)
		if (set->source[i][0] == '@')
			add(&l, set->source[i] + 1, SANDBOX_REREAD);
	if (c->tls != NULL)
		add_certificates(&l, &set->tls);
	for (unsigned i = 0; i < set->n_read; i++)
		if (strcmp(set->read[i], "-") != 0 && access(set->read[i], F_OK) == 0)
			add(&l, set->read[i], SANDBOX_READ);
	rc = sandbox_apply(&(struct sandbox){ .paths = l.path, .n_paths = l.n }, &report, &err);
	mem_free(l.path);
	if (rc != 0)
		die(err.status, NULL, "%s (--no-sandbox does without)", err.text);
	if (report.files && set->to_dir)
		note_directory(&c->set.naming);
	if (set->verbose)
		diag(NULL, "%s", report.text);
}
