/*
 * die.c - one line on standard error.
 *
 * The line is built on the stack, so that "out of memory" can be said, and leaves in one write(2), so
 * that lines of several programs of a pipe do not mix.
 */
#include "base/die.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/utf8.h"

enum { LINE_MAX_LEN = 4096, TEXT_MAX_LEN = 2048, UTF8_MAX = 4 };

struct line {
	size_t len;
	char text[LINE_MAX_LEN];
};

static const char *program = "flowkit";

/*
 * A standard descriptor that is closed would be given to the next file opened: diagnostics would go
 * into an output file, input be read from an output.  What takes its place fails like a closed one.
 */
static void
hold_standard(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
			return;
}

void
diag_init(const char *argv0)
{
	const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

	hold_standard();
	/* A file size limit is then a failed write, told and cleaned up after. */
	signal(SIGXFSZ, SIG_IGN);
	if (argv0 && *argv0)
		program = slash ? slash + 1 : argv0;
}

/* Octets of the character at s that a terminal may have, 0 when there is none. */
static size_t
printable(const char *s)
{
	size_t skip, n = utf8_length(s, strnlen(s, UTF8_MAX), &skip);

	return n > 0 && utf8_is_shown(s, n) ? n : 0;
}

/* Append s, escaping what is not printable; newlines pass when keep_nl. */
static void
put(struct line *l, const char *s, bool keep_nl)
{
	while (*s && l->len < sizeof(l->text) - 8) {
		size_t n = keep_nl && *s == '\n' ? 1 : printable(s);

		if (n > 0) {
			memcpy(l->text + l->len, s, n);
			l->len += n;
			s += n;
			continue;
		}
		memcpy(l->text + l->len, "\\x", 2);
		l->len += 2;
		l->len += fmt_hex(l->text + l->len, (const uint8_t *)s++, 1);
	}
}

static void
print(const char *subject, const char *text, bool keep_nl)
{
	int saved = errno;
	struct line l;
	size_t done = 0;

	l.len = 0;
	diag_progress(NULL);
	put(&l, program, false);
	put(&l, ": ", false);
	if (subject) {
		put(&l, subject, false);
		put(&l, ": ", false);
	}
	put(&l, text, keep_nl);
	l.text[l.len++] = '\n';
	while (done < l.len) {
		ssize_t n = write(STDERR_FILENO, l.text + done, l.len - done);

		if (n < 0 && errno != EINTR)
			break;
		done += n > 0 ? (size_t)n : 0;
	}
	errno = saved;
}

void
diag_progress(const char *text)
{
	static const char erase[] = "\r\033[K";
	static bool shown;
	struct line l;

	if ((text == NULL && !shown) || !isatty(STDERR_FILENO))
		return;
	l.len = 0;
	memcpy(l.text, erase, sizeof(erase) - 1);
	l.len = sizeof(erase) - 1;
	if (text != NULL)
		put(&l, text, false);
	shown = text != NULL;
	if (write(STDERR_FILENO, l.text, l.len) < 0)
		shown = false;
}

void
diag(const char *subject, const char *fmt, ...)
{
	char text[TEXT_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print(subject, text, false);
}

void
diag_err(const char *subject, const struct err *err)
{
	print(subject, err->text, true);
}

void
diag_end(const char *subject, const struct err *err)
{
	if (err->status != 0 && err->error != EPIPE)
		diag_err(subject, err);
}

void
diag_limited(struct diag_limit *limit, const char *subject, const char *fmt, ...)
{
	unsigned burst = limit->burst ? limit->burst : 5;
	unsigned interval_s = limit->interval_s ? limit->interval_s : 10;
	char text[TEXT_MAX_LEN];
	struct timespec now;
	va_list ap;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (limit->printed == 0 || now.tv_sec - limit->window_s >= interval_s) {
		limit->window_s = now.tv_sec;
		limit->printed = 0;
	}
	if (limit->printed >= burst) {
		limit->suppressed++;
		return;
	}
	limit->printed++;
	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (limit->suppressed > 0 && n >= 0 && (size_t)n < sizeof(text))
		snprintf(text + n, sizeof(text) - (size_t)n, " (%llu more like it not shown)",
		    (unsigned long long)limit->suppressed);
	limit->suppressed = 0;
	print(subject, text, false);
}

_Noreturn void
die(int status, const char *subject, const char *fmt, ...)
{
	char text[TEXT_MAX_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	print(subject, text, false);
	exit(status);
}
