#include "io/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "io/paths.h"
#include "io/places.h"

enum { LOOK_MS = 100 };

struct input {
	char *path;
	const char *name; /* in path: the entry of its directory */
	unsigned place, number;
	struct stream_reader *reader; /* NULL: not opened yet */
	int fd; /* the reader's */
	int64_t start_ns; /* of its first records, as it was found */
	enum place_file kind;
	bool operand; /* asked for by name: what is wrong with it is told */
	bool recognised;
	bool ready; /* there may be more */
	bool ended; /* nothing is written to it any more */
};

struct inputs {
	struct input **input;
	size_t first, n; /* input[first] .. input[n - 1] */
	size_t cap;
};

struct follow {
	const struct io_opts *opts;
	int stop_fd, out_fd;
	struct places *places;
	struct inputs waiting; /* found: each is read in its turn as far as it goes */
	struct inputs current; /* read so far: what comes now is read as it comes */
	size_t turn; /* of the current ones: who is asked first */
	unsigned numbers;
	int64_t looked_ns;
	struct stream_totals lost;
	struct buf history;
};

/* Files ------------------------------------------------------------------------------------------ */

static void
push(struct inputs *l, struct input *in)
{
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 16;
		l->input = mem_resize(l->input, l->cap, sizeof(struct input *));
	}
	l->input[l->n++] = in;
}

/* Take it out; false: it is not there. */
static bool
pull(struct inputs *l, const struct input *in)
{
	size_t i = l->first;

	while (i < l->n && l->input[i] != in)
		i++;
	if (i == l->n)
		return false;
	if (i == l->first)
		l->first++;
	else
		memmove(&l->input[i], &l->input[i + 1], (--l->n - i) * sizeof(struct input *));
	if (l->first == l->n)
		l->first = l->n = 0;
	return true;
}

static struct input *
new_input(struct follow *f, unsigned place, const char *path, enum place_file kind)
{
	struct input *in = mem_zero(1, sizeof(*in));

	in->path = mem_string(path);
	in->name = file_name(in->path);
	in->place = place;
	in->kind = kind;
	in->fd = -1;
	in->number = ++f->numbers;
	return in;
}

static void
free_input(struct input *in)
{
	stream_close(in->reader);
	mem_free(in->path);
	mem_free(in);
}

static void
free_inputs(struct inputs *l)
{
	for (size_t i = l->first; i < l->n; i++)
		free_input(l->input[i]);
	mem_free(l->input);
}

static void
add_lost(struct stream_totals *sum, const struct input *in)
{
	const struct stream_totals *t = in->reader == NULL ? NULL : stream_totals(in->reader);

	if (t == NULL)
		return;
	sum->skipped_octets += t->skipped_octets;
	sum->skipped_places += t->skipped_places;
	sum->lost_records += t->lost_records;
	sum->incomplete |= t->incomplete;
}

static void
drop(struct follow *f, struct input *in)
{
	add_lost(&f->lost, in);
	if (!pull(&f->waiting, in))
		(void)pull(&f->current, in);
	free_input(in);
}

/* -1: errno; what is no regular file is none that grows. */
static int
open_input(const struct follow *f, struct input *in)
{
	in->fd = open(in->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (in->fd >= 0 && !file_is_regular(in->fd)) {
		close(in->fd);
		errno = EINVAL;
		in->fd = -1;
	}
	if (in->fd < 0)
		return -1;
	in->reader =
	    stream_open(in->fd, STREAM_LIVE | (f->opts->recover ? STREAM_RECOVER : 0U), NULL, 0);
	return 0;
}

static bool
found(void *ctx, unsigned place, const char *path, enum place_file kind)
{
	struct follow *f = ctx;
	struct input *in = new_input(f, place, path, kind);

	if (kind == PLACE_PART && open_input(f, in) != 0 && errno == ENOENT) {
		free_input(in);
		return false;
	}
	(void)paths_is_flow(path, &in->start_ns);
	in->ended = kind == PLACE_INCOMPLETE;
	push(&f->waiting, in);
	return true;
}

static void
touched(void *ctx, unsigned place, const char *name)
{
	struct follow *f = ctx;

	for (size_t i = f->current.first; i < f->current.n; i++) {
		struct input *in = f->current.input[i];

		if (in->place == place && (name == NULL || strcmp(name, in->name) == 0))
			in->ready = true;
	}
}

/* A directory that cannot be opened: trying to read it as a file tells why. */
static void
failed(void *ctx, unsigned place, const char *path)
{
	struct follow *f = ctx;
	struct input *in = new_input(f, place, path, PLACE_WHOLE);

	in->operand = true;
	push(&f->waiting, in);
}

/* Operands --------------------------------------------------------------------------------------- */

/* A file by its own name: the part of it that is being written, if there is one. */
static int
add_file(struct follow *f, const char *path, struct err *err)
{
	const char *base = file_name(path);
	char *dir = file_directory(path);
	char *name = places_name_of_part(base);
	unsigned place = places_add(f->places, dir, false);
	struct buf part = { 0 };
	struct input *in;
	int rc = 0;

	buf_put(&part, path, (size_t)(base - path));
	buf_printf(&part, ".%s.part", name != NULL ? name : base);
	in = new_input(f, place, buf_cstr(&part), PLACE_PART);
	if (open_input(f, in) != 0 && errno == ENOENT) {
		free_input(in);
		part.len = (size_t)(base - path);
		buf_puts(&part, name != NULL ? name : base);
		in = new_input(f, place, buf_cstr(&part), PLACE_WHOLE);
		if (open_input(f, in) != 0)
			rc = err_set(err, "%s: %s", path,
			    errno == EINVAL ? "no regular file, nor a directory: nothing to follow"
					    : strerror(errno));
	}
	in->operand = true;
	push(&f->waiting, in);
	mem_free(name);
	mem_free(dir);
	buf_free(&part);
	return rc;
}

struct follow *
follow_open(char *const *operands, int n, const struct io_opts *opts, int stop_fd, struct err *err)
{
	struct follow *f = mem_zero(1, sizeof(*f));
	const struct place_calls calls = {
		.ctx = f, .found = found, .touched = touched, .failed = failed
	};

	f->opts = opts;
	f->stop_fd = stop_fd;
	f->out_fd = -1;
	f->places = places_new(&calls, opts->since_ns != INT64_MIN);
	for (int i = 0; i < n; i++) {
		struct stat st;

		if (stat(operands[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			(void)places_add(f->places, operands[i], true);
		} else if (add_file(f, operands[i], err) != 0) {
			follow_close(f);
			return NULL;
		}
	}
	return f;
}

void
follow_close(struct follow *f)
{
	if (f == NULL)
		return;
	free_inputs(&f->waiting);
	free_inputs(&f->current);
	places_free(f->places);
	buf_free(&f->history);
	mem_free(f);
}

void
follow_output(struct follow *f, int fd)
{
	f->out_fd = fd;
}

void
follow_totals(const struct follow *f, struct stream_totals *sum)
{
	*sum = f->lost;
	for (size_t i = f->waiting.first; i < f->waiting.n; i++)
		add_lost(sum, f->waiting.input[i]);
	for (size_t i = f->current.first; i < f->current.n; i++)
		add_lost(sum, f->current.input[i]);
}

const char *
follow_history(const struct follow *f)
{
	return buf_cstr((struct buf *)(uintptr_t)&f->history);
}

/* Reading ---------------------------------------------------------------------------------------- */

static int
by_start(const void *a, const void *b)
{
	const struct input *x = *(const struct input *const *)a;
	const struct input *y = *(const struct input *const *)b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* What has changed, and which files came: those in time order. */
static bool
look(struct follow *f, bool wait)
{
	size_t before = f->waiting.n;
	bool go_on = places_look(f->places, f->stop_fd, f->out_fd, wait);

	f->looked_ns = time_monotonic_ns();
	if (f->waiting.n > before + 1)
		qsort(&f->waiting.input[before], f->waiting.n - before, sizeof(struct input *),
		    by_start);
	return go_on;
}

/*
 * Who is read next: what arrived in files that are known, one after another; then what was there in
 * files that were found, in their order.  NULL: nobody has anything.
 */
static struct input *
choose(struct follow *f)
{
	const struct inputs *now = &f->current, *then = &f->waiting;
	size_t n = now->n - now->first;

	for (size_t i = 0; i < n; i++) {
		size_t at = (f->turn + i) % n;

		if (now->input[now->first + at]->ready) {
			f->turn = at + 1;
			return now->input[now->first + at];
		}
	}
	return then->n > then->first ? then->input[then->first] : NULL;
}

/* A part has another name now, or none: nothing is written to it any more. */
static bool
is_left(const struct input *in)
{
	struct stat st;

	if (fstat(in->fd, &st) != 0 || st.st_nlink == 0)
		return true;
	return in->kind == PLACE_PART && !file_is_named(in->fd, in->path);
}

/* All that is there was read.  Once more, when it is certain that nothing comes behind it. */
static void
at_end(struct follow *f, struct input *in)
{
	struct stat st;

	if (in->ended || (in->reader != NULL && stream_marked(in->reader))) {
		if (in->fd >= 0 && fstat(in->fd, &st) == 0)
			places_read(f->places, &st);
		drop(f, in);
		return;
	}
	in->ready = in->ended = is_left(in);
	if (pull(&f->waiting, in))
		push(&f->current, in);
}

/* Open, and a flow stream as far as can be told?  false: not now, or err. */
static bool
is_readable(struct follow *f, struct input *in, struct err *err)
{
	uint8_t head[8];
	ssize_t n;

	if (in->reader == NULL && open_input(f, in) != 0) {
		if (errno != ENOENT || in->operand)
			err_system(err, NULL);
		else
			drop(f, in); /* removed since it was found */
		return false;
	}
	if (in->recognised)
		return true;
	n = pread(in->fd, head, sizeof(head), 0);
	if (n < 0)
		err_system(err, NULL);
	else if (n < (ssize_t)sizeof(head))
		at_end(f, in);
	if (n < (ssize_t)sizeof(head))
		return false;
	in->recognised = stream_recognise(head, sizeof(head));
	if (!in->recognised && in->operand)
		err_set(err, "no flow stream; only those are followed");
	else if (!in->recognised)
		drop(f, in);
	return in->recognised;
}

/* The next batch of an input, or why there will be none: true.  false: it has none now. */
static bool
read_input(struct follow *f, struct input *in, struct job *j)
{
	enum stream_status status = STREAM_FAILED;

	j->input = in->number;
	j->path_text.len = 0;
	buf_puts(&j->path_text, in->path);
	j->path = buf_cstr(&j->path_text);
	if (!is_readable(f, in, &j->err) && j->err.status == 0)
		return false;
	if (j->err.status == 0)
		status = stream_next(in->reader, j->room.slot, &j->err);
	if (status == STREAM_BATCH) {
		j->b = slot_batch(j->room.slot);
		f->history.len = 0;
		buf_puts(&f->history, stream_history(in->reader));
		return true;
	}
	if (status == STREAM_END)
		at_end(f, in);
	else
		drop(f, in);
	return status == STREAM_FAILED;
}

bool
follow_next(struct follow *f, struct job *j)
{
	for (;;) {
		bool due = time_monotonic_ns() - f->looked_ns >= LOOK_MS * NS_PER_MS;
		struct input *in;

		if (due && !look(f, false))
			return false;
		in = choose(f);
		if (in != NULL && read_input(f, in, j))
			return true;
		if (in != NULL)
			continue;
		if (f->current.n == 0 && !places_open(f->places))
			return false;
		if (!look(f, true))
			return false;
	}
}
