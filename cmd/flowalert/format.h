/*
 * format.h - alerts in the languages of other systems: one table of them, one file each.
 *
 * A format of lines has nothing before the first or behind the last alert, so a line may go anywhere by itself; the
 * others are one text that is whole at its end only.  Texts of alerts may hold anything: each format escapes them as
 * its standard says, and makes what is not UTF-8 U+FFFD.
 */
#ifndef FLOWALERT_FORMAT_H
#define FLOWALERT_FORMAT_H

#include "base/buf.h"
#include "base/num.h"
#include "base/uuid.h"
#include "detect/alert.h"
#include "detect/keyed.h"

/* What a format knows besides the alert. */
struct format_env {
	const char *hostname; /* of this machine */
	unsigned facility; /* of syslog (RFC 5424 6.2.1) */
	struct keyed said; /* objects of the text so far, by their identifiers */
};

struct format {
	const char *name;
	bool lines;
	void (*begin)(struct format_env *, struct buf *); /* NULL for lines */
	void (*put)(struct format_env *, const struct alert *, struct buf *);
	void (*end)(struct format_env *, struct buf *);
};

extern const struct format format_ecs, format_cef, format_syslog, format_stix;

/* NULL: there is no such. */
const struct format *format_find(const char *name);

void format_env_init(struct format_env *, const char *hostname);
void format_env_free(struct format_env *);

/* A facility by name (kern ... local7), -1: none; and their names, a blank between. */
int format_facility(const char *name);
#define FORMAT_FACILITIES \
	"kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock " \
	"local0 local1 local2 local3 local4 local5 local6 local7"

/* RFC 5424 of this alert with any message: for lines of other formats that go to a log daemon. */
void syslog_put_header(const struct format_env *, const struct alert *, struct buf *);

/* Shared by formats --------------------------------------------------------------------------------- */

/* The incident's identifier: the same however often it is told. */
struct uuid format_id(const struct alert *, const char *what);

/* RFC 3339, milliseconds, UTC. */
void format_time(struct buf *, int64_t ns);

/*
 * UTF-8 of at most `most` octets: invalid parts become U+FFFD, those in `escaped` get a backslash, what a terminal does
 * not show becomes \xNN, whose backslash is one of the text.  ASCII control characters are appended by `control`, where
 * it is not NULL, in its own way.
 */
void format_text(struct buf *, const char *, size_t most, const char *escaped,
    void (*control)(struct buf *, unsigned char));

/* The next id of ATT&CK in a list, NULL at its end; *n its length.  What does not look like one is left out. */
const char *format_attack(const char **list, size_t *n);

/* JSON: a comma where one is needed, the key, then the value. */
void json_text(struct buf *, const char *key, const char *text);
void json_time(struct buf *, const char *key, int64_t ns);
void json_uint(struct buf *, const char *key, uint64_t);
void json_counter(struct buf *, const char *key, uint64_t); /* NOT_COUNTED: nothing */
void json_number(struct buf *, const char *key, double);
void json_addr(struct buf *, const char *key, const struct addr *);
void json_open(struct buf *, const char *key, char bracket); /* key NULL: in a list */
void json_close(struct buf *, char bracket);
void json_item(struct buf *, const char *, size_t n); /* of a list */

#endif
