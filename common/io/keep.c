#include "io/keep.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

int
io_keep_write(const char *path, char *const *argv,
    int (*write)(void *ctx, struct io_sink *, struct err *), void *ctx, struct err *err)
{
	struct err why = { 0 }, closing = { 0 };
	struct io_opts opts;
	struct io_sink *sink;
	int rc;

	io_opts_init(&opts);
	opts.out_format = IO_FLOW;
	opts.out_path = path;
	sink = io_sink_open(&opts, argv, &why);
	if (sink == NULL) { /* which says the path */
		io_opts_free(&opts);
		return err_set(err, "%s", why.text);
	}
	rc = write(ctx, sink, &why);
	if (io_sink_close(sink, rc == 0, &closing) != 0 && rc == 0) {
		why = closing;
		rc = -1;
	}
	io_opts_free(&opts);
	return rc == 0 ? 0 : err_set(err, "%s: %s", path, why.text);
}

/* Can it be written anew?  Who notes what was told finds out before telling it. */
static int
check_place(const char *path, struct err *err)
{
	struct outfile f;

	if (outfile_open(&f, path, err) != 0)
		return -1;
	outfile_discard(&f);
	return 0;
}

int
io_keep_read(const char *path, const char *what, io_take take, void *ctx, const bool *begun,
    void (*warn)(const char *, const struct err *), struct err *err)
{
	char *paths[] = { (char *)(uintptr_t)path };
	struct io_result result = { 0 };
	struct err why = { 0 };
	struct io_source *source;
	struct io_sink *sink;
	struct io_opts opts;
	struct stat st;
	bool there, missing;
	int rc;

	if (strcmp(path, "-") == 0) /* where the other records go */
		return err_set(err, "-: standard output, and no file for a %s", what);
	there = stat(path, &st) == 0;
	missing = !there && errno == ENOENT;
	if (!missing && access(path, R_OK) != 0) /* which nobody should remove for that */
		return err_system(err, "%s", path);
	if (there && S_ISDIR(st.st_mode)) /* as an operand it would be all the files below it */
		return err_set(err, "%s: a directory, and no file for a %s", path, what);
	if ((missing || (there && S_ISREG(st.st_mode))) && check_place(path, err) != 0)
		return -1;
	if (missing)
		return 0;
	io_opts_init(&opts);
	opts.threads = 1;
	opts.warn = warn;
	source = io_source_open(paths, 1, &opts, &why);
	if (source == NULL) {
		io_opts_free(&opts);
		return err_set(err, "%s", why.text);
	}
	sink = io_sink_function(&opts, take, ctx);
	rc = io_run(source, sink, &opts, NULL, NULL, &result, &why);
	(void)io_sink_close(sink, true, &(struct err){ 0 });
	io_source_close(source);
	io_opts_free(&opts);
	if (rc < 0)
		return err_set(err, "%s: %s", path, why.text);
	if (result.incomplete || !*begun)
		return err_set(err, "%s: no whole %s%s", path, what,
		    S_ISREG(st.st_mode) ? "; remove it to begin anew" : "");
	return 0;
}
