#include "index.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "stream/stream.h"
#include "text/escape.h"

static int
rewrite_file(const char *path, int fd, const struct stat *st, bool *pays, struct err *err)
{
	struct stream_index_info x;
	struct outfile file;
	int rc;

	*pays = false;
	if (outfile_open(&file, path, err) != 0)
		return -1;
	rc = stream_index_copy(fd, file.fd, err);
	if (rc == 0 && file_like(file.fd, st) != 0)
		rc = err_system(err, NULL);
	if (rc == 0)
		*pays = stream_index_info(file.fd, &x, err) == 0 && x.index_blocks > 0;
	if (rc == 0 && *pays && st->st_nlink > 1)
		rc = err_set(err,
		    "has other names (hard links), which would keep the old file: left as it is");
	if (rc == 0 && *pays && !file_unchanged(path, st))
		rc = err_set(err, "was replaced or deleted meanwhile");
	if (rc == 0 && *pays)
		return outfile_commit(&file, err);
	outfile_discard(&file);
	return rc;
}

int
index_make(const char *path, const struct io_opts *opts, struct buf *out, struct err *err)
{
	struct err unsound = { 0 };
	struct stream_index_info x;
	const char *done = "has an index";
	struct stat st;
	bool pays = true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO is not waited for */
	int rc = 0;

	(void)opts;
	if (fd < 0 || fstat(fd, &st) != 0)
		rc = err_system(err, NULL);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(err, "--index is for files");
	else if (stream_index_info(fd, &x, &unsound) != 0 || x.index_blocks == 0 || !x.whole) {
		rc = rewrite_file(path, fd, &st, &pays, err);
		done = pays ? "indexed" : "too small for an index";
	}
	if (rc == 0) {
		(void)escape_terminal(out, path, strlen(path), SIZE_MAX);
		buf_printf(out, ": %s\n", done);
	}
	if (fd >= 0)
		close(fd);
	return rc;
}
