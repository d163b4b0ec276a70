/*
 * err.c - filling in the reason of a failure.
 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 3, 0)))
set(struct err *err, int status, const char *fmt, va_list ap)
{
	if (err->status != 0)
		return;
	err->status = status;
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

int
err_set(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, EXIT_FAILED, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_system(struct err *err, const char *fmt, ...)
{
	int error = errno;
	size_t n = 0;
	va_list ap;

	if (err->status != 0)
		return -1;
	if (fmt != NULL) {
		va_start(ap, fmt);
		set(err, EXIT_FAILED, fmt, ap);
		va_end(ap);
		n = strlen(err->text);
	}
	err->status = EXIT_FAILED;
	err->error = error;
	snprintf(err->text + n, sizeof(err->text) - n, "%s%s", n > 0 ? ": " : "", strerror(error));
	return -1;
}

int
err_usage(struct err *err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(err, EXIT_USAGE, fmt, ap);
	va_end(ap);
	return -1;
}
