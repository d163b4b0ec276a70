#include "io/places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "io/paths.h"
#include "io/watch.h"

static const char part_suffix[] = ".part", incomplete_suffix[] = ".incomplete";

/* What is known of NAME. */
enum state {
	STATE_NEW,
	STATE_PART, /* its part was told; NAME is still to come */
	STATE_WHOLE, /* NAME was there */
	STATE_DIRECTORY,
};

struct entry {
	char *name;
	enum state state;
	/* looks in a row that did not find it: a rename may hide an entry from one */
	unsigned absent;
	bool part, whole, incomplete, directory; /* seen now */
	bool fresh; /* NAME was written after the following began */
};

struct place {
	char *path;
	int watch; /* -1: looked at every time */
	bool store, dirty, removed;
	unsigned depth;
	int64_t changed_ns; /* modification time when it was read last; watch -1 */
	struct entry *known; /* by name */
	size_t n_known;
};

/* A file whatever its name. */
struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t changed_ns;
};

enum { READ_MOST = 1 << 16 };

struct places {
	struct place_calls calls;
	bool begun, first;
	int64_t began_ns;
	struct watch *watch;
	struct place *place;
	unsigned n_places;
	struct identity *read; /* files that were read, or need not be: the last ones */
	size_t n_read;
};

struct places *
places_new(const struct place_calls *calls, bool begun)
{
	struct places *s = mem_zero(1, sizeof(*s));
	struct timespec ts;

	s->calls = *calls;
	s->begun = begun;
	s->first = true;
	/* The clock that file times are taken from. */
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
	s->began_ns = ts.tv_sec * NS_PER_S + ts.tv_nsec;
	s->watch = watch_new();
	return s;
}

static void
free_known(struct place *p)
{
	for (size_t i = 0; i < p->n_known; i++)
		mem_free(p->known[i].name);
	mem_free(p->known);
	p->known = NULL;
	p->n_known = 0;
}

void
places_free(struct places *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->n_places; i++) {
		free_known(&s->place[i]);
		mem_free(s->place[i].path);
	}
	mem_free(s->place);
	mem_free(s->read);
	watch_free(s->watch);
	mem_free(s);
}

static unsigned
add_place(struct places *s, const char *path, bool store, unsigned depth)
{
	unsigned i = 0;

	while (i < s->n_places && (s->place[i].removed || strcmp(s->place[i].path, path) != 0))
		i++;
	if (i < s->n_places && (s->place[i].store || !store))
		return i;
	if (i == s->n_places) {
		s->place = mem_resize(s->place, i + 1, sizeof(*s->place));
		/* Watched before it is read: what comes in between is not missed. */
		s->place[i] = (struct place){
			.path = mem_string(path), .watch = watch_add(s->watch, path), .depth = depth
		};
		s->n_places++;
	}
	s->place[i].store = s->place[i].dirty = store;
	return i;
}

unsigned
places_add(struct places *s, const char *path, bool store)
{
	return add_place(s, path, store, 0);
}

bool
places_open(const struct places *s)
{
	for (unsigned i = 0; i < s->n_places; i++)
		if (s->place[i].store && !s->place[i].removed)
			return true;
	return false;
}

/* Files that were read --------------------------------------------------------------------------- */

static struct identity
identity_of(const struct stat *st)
{
	return (struct identity){ st->st_dev, st->st_ino, st->st_size,
		st->st_mtim.tv_sec * NS_PER_S + st->st_mtim.tv_nsec };
}

void
places_read(struct places *s, const struct stat *st)
{
	if (s->n_read < READ_MOST)
		s->read = mem_resize(s->read, s->n_read + 1, sizeof(*s->read));
	s->read[s->n_read++ % READ_MOST] = identity_of(st);
}

static bool
was_read(const struct places *s, const char *path)
{
	size_t n = s->n_read < READ_MOST ? s->n_read : (size_t)READ_MOST;
	struct identity id;
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	id = identity_of(&st);
	for (size_t i = 0; i < n; i++)
		if (s->read[i].ino == id.ino && s->read[i].dev == id.dev &&
		    s->read[i].size == id.size && s->read[i].changed_ns == id.changed_ns)
			return true;
	return false;
}

/* Reading a directory ---------------------------------------------------------------------------- */

char *
places_name_of_part(const char *entry)
{
	size_t n = file_stem(entry, part_suffix);

	if (entry[0] != '.' || n < 2 || entry[1] == '.')
		return NULL;
	return mem_string_n(entry + 1, n - 1);
}

/* What an entry of a directory is; false: nothing to do with us. */
static bool
see_entry(struct places *s, DIR *d, const struct dirent *de, struct entry *e)
{
	struct stat st = { .st_mode = 0 };
	size_t n = file_stem(de->d_name, incomplete_suffix);
	bool regular = de->d_type == DT_REG;

	*e = (struct entry){ .directory = de->d_type == DT_DIR };
	if (de->d_name[0] == '.') {
		e->name = e->directory ? NULL : places_name_of_part(de->d_name);
		e->part = true;
		return e->name != NULL;
	}
	if (de->d_type == DT_UNKNOWN || de->d_type == DT_LNK || (regular && s->first)) {
		if (fstatat(dirfd(d), de->d_name, &st, 0) != 0)
			return false;
		e->directory = S_ISDIR(st.st_mode);
		regular = S_ISREG(st.st_mode);
		e->fresh = identity_of(&st).changed_ns > s->began_ns;
		if (s->first && regular && !s->begun && !e->fresh)
			places_read(s, &st);
	}
	if (!e->directory && !regular)
		return false;
	e->incomplete = !e->directory && n > 0;
	e->whole = !e->directory && n == 0;
	e->name = e->incomplete ? mem_string_n(de->d_name, n) : mem_string(de->d_name);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

/* Entries by name, each name once.  -1: errno. */
static int
list(struct places *s, const struct place *p, struct entry **entries, size_t *n)
{
	DIR *d = opendir(p->path);
	const struct dirent *de;
	struct entry *e = NULL;
	size_t cap = 0, m = 0;
	int error;

	*n = 0;
	if (d == NULL)
		return -1;
	while (errno = 0, (de = readdir(d)) != NULL) {
		if (*n == cap) {
			cap = cap ? cap * 2 : 64;
			e = mem_resize(e, cap, sizeof(*e));
		}
		*n += see_entry(s, d, de, &e[*n]);
	}
	error = errno;
	closedir(d);
	if (error != 0) {
		while (*n > 0)
			mem_free(e[--*n].name);
		mem_free(e);
		errno = error;
		return -1;
	}
	if (*n > 0)
		qsort(e, *n, sizeof(*e), by_name);
	for (size_t i = 0; i < *n; i++) {
		if (m == 0 || strcmp(e[m - 1].name, e[i].name) != 0) {
			e[m++] = e[i];
			continue;
		}
		e[m - 1].part |= e[i].part;
		e[m - 1].whole |= e[i].whole;
		e[m - 1].incomplete |= e[i].incomplete;
		e[m - 1].directory |= e[i].directory;
		e[m - 1].fresh |= e[i].fresh;
		mem_free(e[i].name);
	}
	*entries = e;
	*n = m;
	return 0;
}

/* What becomes of names --------------------------------------------------------------------------- */

static bool
tell(struct places *s, unsigned place, const char *name, enum place_file kind)
{
	struct buf entry = { 0 };
	char *path;
	bool there;

	buf_puts(&entry, kind == PLACE_PART ? "." : "");
	buf_puts(&entry, name);
	if (kind != PLACE_WHOLE)
		buf_puts(&entry, kind == PLACE_PART ? part_suffix : incomplete_suffix);
	path = paths_join(s->place[place].path, buf_cstr(&entry));
	there = kind == PLACE_WHOLE && was_read(s, path);
	there = there || s->calls.found(s->calls.ctx, place, path, kind);
	mem_free(path);
	buf_free(&entry);
	return there;
}

static void
descend(struct places *s, unsigned place, const char *name)
{
	char *path;

	if (s->place[place].depth == PATHS_DEPTH)
		return;
	path = paths_join(s->place[place].path, name);
	(void)add_place(s, path, true, s->place[place].depth + 1);
	mem_free(path);
}

/* An entry as it is seen now, and what was known of it: what is known from now on. */
static enum state
advance(struct places *s, unsigned place, struct entry *e, enum state state)
{
	bool wanted = s->begun || !s->first || e->fresh;

	if (e->directory) {
		descend(s, place, e->name);
		return STATE_DIRECTORY;
	}
	if (e->part && (state == STATE_PART || tell(s, place, e->name, PLACE_PART)))
		return STATE_PART;
	if (e->part) {
		/* Renamed meanwhile: NAME was being written when we looked. */
		wanted = e->fresh = true;
		s->place[place].dirty = true;
	}
	if (state == STATE_NEW && wanted && e->whole)
		(void)tell(s, place, e->name, PLACE_WHOLE);
	if (state == STATE_NEW && wanted && e->incomplete)
		(void)tell(s, place, e->name, PLACE_INCOMPLETE);
	return e->whole || e->incomplete ? STATE_WHOLE : state;
}

/* Names that are gone are forgotten, unless they may be on their way from one name to the other. */
static bool
is_gone(struct places *s, unsigned place, struct entry *known)
{
	if (known->state == STATE_DIRECTORY || ++known->absent > 1)
		return true;
	s->place[place].dirty = true;
	return false;
}

/* What is known, after the directory was read: both in order of names. */
static void
update(struct places *s, unsigned place, struct entry *seen, size_t n_seen)
{
	struct entry *was = s->place[place].known;
	size_t n_was = s->place[place].n_known, i = 0, k = 0, n = 0;
	struct entry *now = mem_alloc((n_was + n_seen + 1) * sizeof(*now));

	while (i < n_was || k < n_seen) {
		int order = i == n_was ? 1 : k == n_seen ? -1 : strcmp(was[i].name, seen[k].name);

		if (order < 0) {
			now[n] = was[i++];
			if (is_gone(s, place, &now[n]))
				mem_free(now[n].name);
			else
				n++;
			continue;
		}
		now[n] = seen[k++];
		if (order == 0)
			now[n].fresh |= was[i].fresh;
		now[n].state = advance(s, place, &now[n], order == 0 ? was[i].state : STATE_NEW);
		if (order == 0)
			mem_free(was[i++].name);
		n++;
	}
	mem_free(was);
	s->place[place].known = now;
	s->place[place].n_known = n;
}

static void
read_place(struct places *s, unsigned place)
{
	struct place *p = &s->place[place];
	struct entry *seen = NULL;
	size_t n;

	p->dirty = false;
	/* Again, before it is read: the directory of this path may be another one by now. */
	p->watch = watch_add(s->watch, p->path);
	if (list(s, p, &seen, &n) == 0) {
		update(s, place, seen, n);
		mem_free(seen);
		return;
	}
	/* Those below come and go; one that was asked for is missed. */
	if (p->depth == 0 || (errno != ENOENT && errno != ENOTDIR))
		s->calls.failed(s->calls.ctx, place, p->path);
	p->removed = true;
	free_known(p);
}

/* Looking ---------------------------------------------------------------------------------------- */

static void
touch(struct places *s, unsigned place, const char *name)
{
	s->calls.touched(s->calls.ctx, place, name);
}

/*
 * A directory may be another one of the same name by now: that it was removed is told only once
 * nobody has a file of it open any more, and we may be the one who has.
 */
static void
suspect(struct places *s, const char *path)
{
	for (unsigned i = 0; i < s->n_places; i++)
		if (s->place[i].store && strcmp(s->place[i].path, path) == 0)
			s->place[i].dirty = true;
}

/* What the kernel told. */
static void
hear(struct places *s)
{
	struct watch_change c;

	while (watch_next(s->watch, &c)) {
		for (unsigned i = 0; i < s->n_places; i++) {
			struct place *p = &s->place[i];
			char *path;

			if (p->removed || (p->watch != c.directory && c.kind != WATCH_LOST))
				continue;
			touch(s, i, c.kind == WATCH_CONTENT ? c.name : NULL);
			if (!p->store || c.kind == WATCH_CONTENT)
				continue;
			p->dirty = true;
			path = paths_join(p->path, c.name);
			suspect(s, path);
			mem_free(path);
		}
	}
}

/*
 * Places that the kernel tells nothing of.  A directory is read when it has changed since; when that
 * was moments ago, once more: its time of modification has a coarse clock.
 */
static void
peer(struct places *s)
{
	for (unsigned i = 0; i < s->n_places; i++) {
		struct place *p = &s->place[i];
		struct stat st;
		int64_t changed_ns = 0;

		if (p->watch >= 0 || p->removed)
			continue;
		touch(s, i, NULL);
		if (!p->store)
			continue;
		if (stat(p->path, &st) == 0)
			changed_ns = st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
		p->dirty = p->dirty || changed_ns != p->changed_ns ||
			   time_now_ns() - changed_ns < 2 * NS_PER_S;
		p->changed_ns = changed_ns;
	}
}

/* How long to wait for a change. */
static enum watch_time
patience(const struct places *s)
{
	enum watch_time t = WATCH_LONG;

	for (unsigned i = 0; i < s->n_places; i++) {
		if (s->place[i].removed)
			continue;
		if (s->place[i].dirty)
			return WATCH_NOT;
		if (s->place[i].watch < 0)
			t = WATCH_SHORT;
	}
	return t;
}

bool
places_look(struct places *s, int stop_fd, int out_fd, bool wait)
{
	bool go_on = watch_wait(s->watch, stop_fd, out_fd, wait ? patience(s) : WATCH_NOT);

	hear(s);
	peer(s);
	/* Directories found on the way are read too: they come behind. */
	for (unsigned i = 0; i < s->n_places; i++)
		if (s->place[i].dirty && !s->place[i].removed)
			read_place(s, i);
	s->first = false;
	return go_on;
}
