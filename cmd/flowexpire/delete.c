/*
 * delete.c - deleting flow files of a store, and the directories that become empty.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "name.h"
#include "store.h"
#include "stream/stream.h"

/* Something else has taken the place of what we saw. */
static bool
exchanged(int error)
{
	return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

enum store_result
store_recognise(int dir_fd, const char *name, dev_t dev, ino_t ino)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	enum store_result is = STORE_FAILED;
	uint8_t head[STORE_MAGIC];
	struct stat st;
	ssize_t n;
	int error;

	if (fd < 0)
		return exchanged(errno) ? STORE_GONE : STORE_FAILED;
	if (fstat(fd, &st) == 0 && (st.st_dev != dev || st.st_ino != ino))
		is = STORE_GONE;
	else if ((n = file_read(fd, head, sizeof head)) >= 0)
		is = stream_recognise(head, (size_t)n) ? STORE_DONE : STORE_FOREIGN;
	error = errno;
	close(fd);
	errno = error;
	return is;
}

/*
 * First the side files: without them a flow file is whole, they without it are litter.  What keeps
 * one from being deleted keeps its flow file too, and is told for that.
 */
static void
delete_sides(struct store *s, int fd, const char *name)
{
	struct stat st;

	for (unsigned i = 0; name_side(&s->text, name, i); i++)
		if (fstatat(fd, s->text.data, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			(void)unlinkat(fd, s->text.data, 0);
}

/* In the directory of that descriptor; failed: errno, and *what does not work. */
static enum store_result
delete_in(struct store *s, int fd, const struct store_file *f, bool dry, const char **what)
{
	const char *name = s->names.data + f->name;
	enum store_result is = store_recognise(fd, name, f->dev, f->ino);

	*what = "cannot read: ";
	if (is != STORE_DONE || dry)
		return is;
	delete_sides(s, fd, name);
	*what = "cannot delete: ";
	if (unlinkat(fd, name, 0) != 0)
		return errno == ENOENT ? STORE_GONE : STORE_FAILED;
	s->dirs[f->dir].thinned = true;
	return STORE_DONE;
}

static void
tell_foreign(struct store *s, const struct store_file *f)
{
	if (s->verbose)
		diag(store_path(s, f), "left alone: its content is that of no flow file");
}

bool
store_is_none(struct store *s, const struct store_file *f)
{
	int fd = store_enter(s, f->dir);
	enum store_result is = STORE_GONE;

	if (fd >= 0) {
		is = store_recognise(fd, s->names.data + f->name, f->dev, f->ino);
		close(fd);
	} else if (!exchanged(errno)) {
		is = STORE_FAILED;
	}
	if (is == STORE_FOREIGN)
		tell_foreign(s, f);
	return is == STORE_FOREIGN || is == STORE_GONE;
}

enum store_result
store_delete(struct store *s, const struct store_file *f, bool dry)
{
	int fd = store_enter(s, f->dir);
	const char *what = "cannot read: ";
	enum store_result is = STORE_FAILED;

	if (fd >= 0)
		is = delete_in(s, fd, f, dry, &what);
	else if (exchanged(errno))
		is = STORE_GONE;
	if (is == STORE_FAILED)
		store_complain(s, f->dir, s->names.data + f->name, what, errno);
	if (is == STORE_FOREIGN)
		tell_foreign(s, f);
	if (fd >= 0)
		close(fd);
	return is;
}

/*
 * Parents come before their children in the list.  A directory that is not empty stays; so does,
 * without a word, one that cannot be removed (a mount point): it does no harm.
 */
void
store_prune(struct store *s)
{
	for (size_t dir = s->n_dirs; dir-- > 1;) {
		const struct store_dir *d = &s->dirs[dir];
		int fd = d->thinned ? store_enter(s, d->parent) : -1;

		if (fd < 0)
			continue;
		if (unlinkat(fd, s->names.data + d->name, AT_REMOVEDIR) == 0)
			s->dirs[d->parent].thinned = true;
		close(fd);
	}
}
