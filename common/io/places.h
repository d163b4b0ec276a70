/*
 * places.h - directories that are followed: which files come into them, and which were there: private to io/.
 *
 * A store's writer appends to .NAME.part, may put a merged one in its place, and renames it to NAME
 * (or NAME.incomplete).  Whoever opened the first needs none of the later ones: they hold the same
 * records.  So NAME is known from its part on, whatever happens in between, and told once; it may
 * be told again when it has gone and a new one comes.
 */
#ifndef IO_PLACES_H
#define IO_PLACES_H

#include <stdbool.h>

enum place_file {
	PLACE_PART, /* .NAME.part */
	PLACE_WHOLE, /* NAME */
	PLACE_INCOMPLETE, /* NAME.incomplete, whose part nobody told */
};

struct place_calls {
	void *ctx;
	/*
	 * A file to read.  A part is opened now, before it can be renamed: false when it has gone already, and
	 * its NAME will be told.
	 */
	bool (*found)(void *ctx, unsigned place, const char *path, enum place_file);
	/* The entry of that name, or any where it is NULL, has grown, or was renamed or removed. */
	void (*touched)(void *ctx, unsigned place, const char *name);
	/* A directory that cannot be read; errno says why. */
	void (*failed)(void *ctx, unsigned place, const char *path);
};

struct places;
struct stat;

/* A file that was read, as it is now: under another name, or in another place, it is not told again. */
void places_read(struct places *, const struct stat *);

/*
 * begun: finished files that are there at the first look are told too; else only those finished
 * since the call.
 */
struct places *places_new(const struct place_calls *, bool begun);
void places_free(struct places *);

/*
 * Watch a directory: a store, with the directories below it, whose files are told, or only for what touches files
 * that the caller knows.  Its number, the same for the same path.
 */
unsigned places_add(struct places *, const char *path, bool store);

/*
 * Tell what has changed; with wait, wait for it.  false: stop_fd is readable or nobody reads out_fd
 * any more (watch.h).
 */
bool places_look(struct places *, int stop_fd, int out_fd, bool wait);

/* Is there a store still, from which more may come? */
bool places_open(const struct places *);

/* NAME of a part's .NAME.part, as a new string; NULL: it is no part's name. */
char *places_name_of_part(const char *entry);

#endif
