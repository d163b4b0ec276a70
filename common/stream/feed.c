#include "stream/feed.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

/* What is read at once: of a file one header, as what is behind it may never be asked for. */
enum { WINDOW = 64 * 1024, WINDOW_FILE = 4096 };

void
feed_open(struct feed *f, int fd, const void *head, size_t head_len)
{
	struct stat st;

	*f = (struct feed){ .stop_fd = -1 };
	f->file = mem_zero(1, sizeof(*f->file));
	f->file->fd = fd;
	f->file->users = 1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		off_t at = lseek(fd, 0, SEEK_CUR);

		f->regular = true;
		f->size = (uint64_t)st.st_size;
		f->offset = at < 0 ? 0 : (uint64_t)at;
	}
	if (head_len > 0) {
		size_t window = f->regular ? WINDOW_FILE : WINDOW;

		f->cap = head_len > window ? head_len : window;
		f->data = mem_alloc(f->cap);
		memcpy(f->data, head, head_len);
		f->have = head_len;
	}
}

void
feed_close(struct feed *f)
{
	file_release(f->file);
	mem_free(f->data);
	*f = (struct feed){ 0 };
}

/* One read of up to n octets behind those that are buffered; 0 at the end, -1 with errno, which the feed keeps. */
static ssize_t
read_some(struct feed *f, uint8_t *to, size_t n)
{
	ssize_t got;

	do {
		if (f->regular)
			got = pread(f->file->fd, to, n, (off_t)(f->offset + f->have));
		else
			got = file_read_some(f->file->fd, f->stop_fd, to, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		f->error = errno;
	return got;
}

const uint8_t *
feed_peek(struct feed *f, size_t n, size_t *have)
{
	if (f->have < n && f->cap - f->at < n) {
		if (f->cap < n) {
			f->cap = f->regular ? (n + WINDOW_FILE - 1) / WINDOW_FILE * WINDOW_FILE
					    : n + WINDOW;
			f->data = mem_resize(f->data, f->cap, 1);
		}
		memmove(f->data, f->data + f->at, f->have);
		f->at = 0;
	}
	while (f->have < n) {
		size_t end = f->at + f->have;
		ssize_t got = read_some(f, f->data + end, f->cap - end);

		if (got < 0)
			return NULL;
		if (got == 0)
			break;
		f->have += (size_t)got;
	}
	*have = f->have;
	return f->data + f->at;
}

static void
drop(struct feed *f, size_t n)
{
	f->at += n;
	f->have -= n;
	f->offset += n;
	if (f->have == 0)
		f->at = 0;
}

bool
feed_skip(struct feed *f, uint64_t n)
{
	if (f->regular && n > f->have) {
		bool whole = feed_has(f, n);

		f->offset += n;
		f->at = f->have = 0;
		return whole;
	}
	while (n > 0) {
		size_t have, step;

		if (feed_peek(f, 1, &have) == NULL || have == 0)
			return false;
		step = have < n ? have : (size_t)n;
		drop(f, step);
		n -= step;
	}
	return true;
}

ssize_t
feed_take(struct feed *f, void *dst, size_t n)
{
	size_t done = f->have < n ? f->have : n;

	if (done > 0)
		memcpy(dst, f->data + f->at, done);
	drop(f, done);
	while (done < n) {
		ssize_t got = read_some(f, (uint8_t *)dst + done, n - done);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		f->offset += (size_t)got;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

bool
feed_has(struct feed *f, uint64_t n)
{
	struct stat st;

	if (!f->regular || (f->offset <= f->size && n <= f->size - f->offset))
		return true;
	if (fstat(f->file->fd, &st) != 0)
		return true;
	f->size = (uint64_t)st.st_size;
	return f->offset <= f->size && n <= f->size - f->offset;
}
