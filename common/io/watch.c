#include "io/watch.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/mem.h"

enum { EVENTS = 64 * 1024 };

struct watch {
	int fd; /* -1: the kernel has none for us */
	size_t at, have;
	alignas(struct inotify_event) char events[EVENTS];
};

struct watch *
watch_new(void)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	w->at = w->have = 0;
	return w;
}

void
watch_free(struct watch *w)
{
	if (w == NULL)
		return;
	if (w->fd >= 0)
		close(w->fd);
	mem_free(w);
}

/*
 * File systems whose files others change without this kernel's knowledge.
 * Source: magic numbers of statfs(2).
 */
static bool
is_remote(const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) != 0)
		return false;
	switch ((unsigned long)fs.f_type & 0xffffffff) {
	case 0x6969: /* NFS */
	case 0x517b: /* SMB */
	case 0xff534d42: /* CIFS */
	case 0xfe534d42: /* SMB2 */
	case 0x01021997: /* 9P */
	case 0x00c36400: /* CEPH */
	case 0x5346414f: /* AFS */
	case 0x6b414653: /* kAFS */
	case 0x65735546: /* FUSE */
	case 0x0bd00bd0: /* Lustre */
	case 0x01161970: /* GFS2 */
	case 0x7461636f: /* OCFS2 */ return true;
	default: return false;
	}
}

int
watch_add(struct watch *w, const char *path)
{
	const uint32_t mask = IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
			      IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

	if (w->fd < 0 || is_remote(path))
		return -1;
	return inotify_add_watch(w->fd, path, mask);
}

bool
watch_wait(struct watch *w, int stop_fd, int out_fd, enum watch_time t)
{
	static const int ms[] = { [WATCH_NOT] = 0, [WATCH_SHORT] = 200, [WATCH_LONG] = -1 };
	struct pollfd fds[3] = { { .fd = stop_fd, .events = POLLIN }, { .fd = out_fd },
		{ .fd = w->fd, .events = POLLIN } };

	if (poll(fds, 3, ms[t]) < 0 && errno != EINTR)
		return false;
	return fds[0].revents == 0 && (fds[1].revents & (POLLERR | POLLHUP)) == 0;
}

bool
watch_next(struct watch *w, struct watch_change *c)
{
	struct inotify_event e;
	ssize_t n;

	if (w->at == w->have) {
		n = w->fd >= 0 ? read(w->fd, w->events, sizeof(w->events)) : 0;
		w->at = 0;
		w->have = n > 0 ? (size_t)n : 0;
		if (n <= 0)
			return false;
	}
	memcpy(&e, w->events + w->at, sizeof(e));
	*c = (struct watch_change){ .directory = e.wd,
		.kind = e.mask & IN_Q_OVERFLOW ? WATCH_LOST
			: e.mask & IN_MODIFY   ? WATCH_CONTENT
					       : WATCH_ENTRIES };
	if (e.len > 0)
		(void)strncpy(c->name, w->events + w->at + sizeof(e), sizeof(c->name) - 1);
	w->at += sizeof(e) + e.len;
	return true;
}
