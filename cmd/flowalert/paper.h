/*
 * paper.h - where alerts in a language of their own go: standard output, a file that appears whole, a socket.
 *
 * A socket takes lines only, each a datagram; what is no syslog message by itself gets the header of one.  Whether
 * anybody listens to UDP cannot be known; a local socket that nobody has is an error.
 */
#ifndef FLOWALERT_PAPER_H
#define FLOWALERT_PAPER_H

#include "base/file.h"
#include "format.h"

struct paper {
	const struct format *format;
	struct format_env env;
	struct buf text;
	const char *path; /* NULL: standard output */
	struct outfile file;
	int socket; /* -1: none */
	uint64_t left; /* alerts */
	/* For a datagram: not sent, lest they be in the way of others for ever. */
	uint64_t too_long;
};

/* Is `to` udp:HOST[:PORT] or unix:PATH?  Nothing is looked up.  -1: err. */
int paper_check(const char *to, struct err *);

/* `to`: where lines go, or NULL.  -1: err. */
int paper_open(struct paper *, const struct format *, const char *path, const char *to,
    const char *hostname, struct err *);
int paper_put(struct paper *, const struct alert *, struct err *);

/* complete false: the file is PATH.incomplete.  Frees; -1: err. */
int paper_close(struct paper *, bool complete, struct err *);

#endif
