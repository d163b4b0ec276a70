/*
 * file.c - whole reads and writes; outputs that appear complete or not at all.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/time.h"

enum { PIPE_SIZE = 1 << 20, IO_MAX = 1 << 30 };

int
file_open(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	return open(path, O_RDONLY | O_CLOEXEC);
}

ssize_t
file_read(int fd, void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t want = n - done < IO_MAX ? n - done : IO_MAX;
		ssize_t r = read(fd, (char *)p + done, want);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	return (ssize_t)done;
}

ssize_t
file_read_some(int fd, int stop_fd, void *p, size_t n)
{
	struct pollfd wait[2] = { { .fd = fd, .events = POLLIN },
		{ .fd = stop_fd, .events = POLLIN } };
	ssize_t r;

	do {
		if (stop_fd >= 0 && poll(wait, 2, -1) > 0 && wait[1].revents != 0)
			return 0;
		r = read(fd, p, n < IO_MAX ? n : IO_MAX);
	} while (r < 0 && errno == EINTR);
	return r;
}

int
file_load(const char *path, size_t most, struct buf *b)
{
	int fd = file_open(path), saved;
	size_t begin = b->len;
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = file_read(fd, buf_room(b, 65536), 65536);
		b->len += n > 0 ? (size_t)n : 0;
		if (b->len - begin > most) {
			errno = EFBIG;
			n = -1;
		}
	} while (n > 0);
	saved = errno;
	close(fd);
	errno = saved;
	return n == 0 ? 0 : -1;
}

int
file_write(int fd, const void *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		size_t want = n - done < IO_MAX ? n - done : IO_MAX;
		ssize_t r = write(fd, (const char *)p + done, want);

		if (r < 0 && errno != EINTR)
			return -1;
		done += r > 0 ? (size_t)r : 0;
	}
	return 0;
}

bool
file_read_at(int fd, void *to, size_t n, uint64_t at)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, (uint8_t *)to + got, n - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			errno = r == 0 ? 0 : errno;
			return false;
		}
		got += (size_t)r;
	}
	return true;
}

#ifdef __linux__
int
file_hand_on(int from, uint64_t at, int to, size_t n)
{
	off64_t next = (off64_t)at;
	size_t done = 0;

	while (done < n) {
		ssize_t got = splice(from, &next, to, NULL, n - done, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && done == 0 && (errno == EINVAL || errno == ENOSYS || errno == EPERM))
			return 0;
		if (got <= 0) {
			errno = got == 0 ? 0 : errno;
			return -1;
		}
		done += (size_t)got;
	}
	return 1;
}
#else
int
file_hand_on(int from, uint64_t at, int to, size_t n)
{
	(void)from;
	(void)at;
	(void)to;
	(void)n;
	return 0;
}
#endif

void
file_widen_pipe(int fd)
{
	int saved = errno;

#ifdef F_SETPIPE_SZ
	if (fcntl(fd, F_GETPIPE_SZ) < PIPE_SIZE)
		(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
#else
	(void)fd;
#endif
	errno = saved;
}

static bool
is_pipe(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

void
file_claim_pipe(int fd)
{
	struct flock shared = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	int saved = errno;

	if (is_pipe(fd))
		(void)fcntl(fd, F_SETLK, &shared);
	errno = saved;
}

bool
file_is_claimed(int fd)
{
	struct flock other = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return is_pipe(fd) && fcntl(fd, F_GETLK, &other) == 0 && other.l_type == F_RDLCK;
}

bool
file_is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

bool
file_unchanged(const char *path, const struct stat *was)
{
	struct stat now;

	return stat(path, &now) == 0 && now.st_dev == was->st_dev && now.st_ino == was->st_ino &&
	       now.st_size == was->st_size && now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

bool
file_is_named(int fd, const char *path)
{
	struct stat open, named;

	return fstat(fd, &open) == 0 && stat(path, &named) == 0 && open.st_dev == named.st_dev &&
	       open.st_ino == named.st_ino;
}

int
file_like(int fd, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };

	if (fchown(fd, st->st_uid, st->st_gid) != 0 && errno != EPERM)
		return -1;
	return fchmod(fd, st->st_mode & 07777) == 0 && futimens(fd, times) == 0 ? 0 : -1;
}

/* Six letters that nobody else is likely to use now. */
static void
put_random(struct buf *b)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	uint64_t v =
	    hash_u64(hash_seed(), (uint64_t)time_monotonic_ns() ^ (uint64_t)getpid() << 40);

	for (unsigned i = 0; i < 6; i++) {
		buf_putc(b, letters[v % 36]);
		v /= 36;
	}
}

const char *
file_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

char *
file_directory(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return mem_string(".");
	return mem_string_n(path, slash == path ? 1 : (size_t)(slash - path));
}

size_t
file_stem(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0 ? n - m : 0;
}

/* DIR/.NAME.XXXXXX beside path; of a long NAME its beginning, as it must not become too long. */
static char *
temporary_name(const char *path)
{
	const char *name = file_name(path);
	struct buf b = { 0 };

	buf_put(&b, path, (size_t)(name - path));
	buf_putc(&b, '.');
	buf_put(&b, name, strnlen(name, NAME_MAX - strlen("..XXXXXX")));
	buf_putc(&b, '.');
	put_random(&b);
	(void)buf_cstr(&b);
	return b.data;
}

static void
outfile_end(struct outfile *f)
{
	if (f->path && f->fd >= 0)
		close(f->fd);
	mem_free(f->path);
	mem_free(f->tmp);
	*f = (struct outfile){ .fd = -1 };
}

/* Without a name a file is gone with whoever writes it, however that ends; not every file system can. */
static bool
open_nameless(struct outfile *f)
{
	char *dir = file_directory(f->path);

	if (access("/proc/self/fd", X_OK) == 0)
		f->fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, f->mode);
	mem_free(dir);
	return f->fd >= 0;
}

/* Take a name beside the final one, which rename can put in its place. */
static int
take_name(struct outfile *f, int (*take)(struct outfile *))
{
	for (unsigned tries = 0; tries < 100; tries++) {
		f->tmp = temporary_name(f->path);
		if (take(f) == 0)
			return 0;
		mem_free(f->tmp);
		f->tmp = NULL;
		if (errno != EEXIST)
			break;
	}
	return -1;
}

static int
link_file(struct outfile *f)
{
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, f->tmp, AT_SYMLINK_FOLLOW);
}

/* mkstemp would make it 0600; open applies the umask without our having to touch it. */
static int
make_file(struct outfile *f)
{
	f->fd = open(f->tmp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, f->mode);
	return f->fd < 0 ? -1 : 0;
}

/* What the mode says of a group is said of that one; where it cannot have the file nobody has more than everybody. */
static int
keep_group(struct outfile *f, gid_t group)
{
	struct stat st;
	unsigned all;

	if (fstat(f->fd, &st) != 0)
		return -1;
	if (st.st_gid == group || fchown(f->fd, (uid_t)-1, group) == 0)
		return 0;
	all = st.st_mode >> 3 & st.st_mode & 06;
	return fchmod(f->fd, (st.st_mode & 0600) | all << 3 | all);
}

int
outfile_open(struct outfile *f, const char *path, struct err *err)
{
	struct stat st;
	char *target;
	bool there, ours;

	*f = (struct outfile){ .fd = -1, .mode = 0666 };
	there = stat(path, &st) == 0;
	/* It is not needed before the end; then it would be too late to say so. */
	if (!there && errno == ENAMETOOLONG)
		return err_system(err, "cannot write %s", path);
	if (!there && lstat(path, &st) == 0)
		return err_set(err,
		    "cannot write %s: it is a symbolic link to a file that is not there", path);
	if (there && !S_ISREG(st.st_mode)) {
		f->direct = true;
		f->path = mem_string(path);
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		/* Somebody else's would be closed to its owner, as it becomes ours. */
		ours = there && st.st_uid == geteuid();
		if (ours)
			f->mode = st.st_mode & 0666;
		target = realpath(path, NULL);
		f->path = mem_string(target ? target : path);
		free(target);
		if (!open_nameless(f))
			(void)take_name(f, make_file);
		if (ours && f->fd >= 0 && keep_group(f, st.st_gid) != 0) {
			err_system(err, "cannot write %s", path);
			outfile_discard(f);
			return -1;
		}
	}
	if (f->fd >= 0)
		return 0;
	err_system(err, "cannot write %s", path);
	outfile_end(f);
	return -1;
}

void
outfile_pace(struct outfile *f)
{
	const off_t piece = 8 << 20;
	off_t at = f->direct ? 0 : lseek(f->fd, 0, SEEK_CUR);

	if (at - f->paced < piece)
		return;
	(void)sync_file_range(f->fd, f->paced, at - f->paced, SYNC_FILE_RANGE_WRITE);
	f->paced = at;
}

/* File systems that cannot sync a directory say EINVAL. */
int
file_sync_directory(const char *path)
{
	char *dir = file_directory(path);
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;

	mem_free(dir);
	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
		status = -1;
	close(fd);
	return status;
}

/* Close what was written; a full disk may show only here. */
static int
outfile_close(struct outfile *f, struct err *err)
{
	int fd = f->fd;

	if (!f->direct && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
		return err_system(err, "cannot write %s", f->path);
	if (!f->direct && f->tmp == NULL && take_name(f, link_file) != 0)
		return err_system(err, "cannot give %s its name", f->path);
	f->fd = -1;
	if (close(fd) != 0 && errno != EINTR)
		return err_system(err, "cannot write %s", f->path);
	return 0;
}

static int
outfile_place(struct outfile *f, const char *path, struct err *err)
{
	if (rename(f->tmp, path) != 0)
		return err_system(err, "cannot rename %s", f->tmp);
	mem_free(f->tmp);
	f->tmp = NULL;
	if (file_sync_directory(path) != 0)
		return err_system(err, "cannot sync the directory of %s", path);
	return 0;
}

int
outfile_commit(struct outfile *f, struct err *err)
{
	int status = outfile_close(f, err);

	if (status == 0 && !f->direct)
		status = outfile_place(f, f->path, err);
	outfile_discard(f);
	return status;
}

int
outfile_keep_incomplete(struct outfile *f, struct err *told, struct err *err)
{
	struct buf b = { 0 };
	int status = outfile_close(f, err);

	*told = (struct err){ 0 };

	/* what did reach the disk is kept even when closing failed */
	buf_puts(&b, f->path);
	buf_puts(&b, ".incomplete");
	if (!f->direct && f->tmp == NULL)
		(void)take_name(f, link_file);
	if (f->tmp != NULL && outfile_place(f, buf_cstr(&b), err) != 0)
		status = -1;
	if (status == 0 && !f->direct)
		err_set(told, "not written; the part that is good is in %s", buf_cstr(&b));
	buf_free(&b);
	outfile_discard(f);
	return status;
}

void
outfile_discard(struct outfile *f)
{
	if (f->tmp)
		(void)unlink(f->tmp);
	outfile_end(f);
}

int
outfile_put(const char *path, const void *p, size_t n, struct err *err)
{
	struct outfile f;

	if (outfile_open(&f, path, err) != 0)
		return -1;
	if (file_write(f.fd, p, n) == 0)
		return outfile_commit(&f, err);
	err_system(err, "cannot write %s", path);
	outfile_discard(&f);
	return -1;
}

int
file_temp(const char *dir, struct err *err)
{
	struct buf b = { 0 };
	int fd;

	if (dir == NULL)
		dir = getenv("TMPDIR");
	if (dir == NULL || *dir == '\0')
		dir = "/tmp";
	buf_printf(&b, "%s/flowkit.XXXXXX", dir);
	(void)buf_cstr(&b);
	fd = mkostemp(b.data, O_CLOEXEC);
	if (fd < 0)
		err_system(err, "cannot create a temporary file in %s", dir);
	else
		(void)unlink(b.data);
	buf_free(&b);
	return fd;
}
