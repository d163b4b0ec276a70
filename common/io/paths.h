/*
 * paths.h - flow files of a directory: private to io/.
 */
#ifndef IO_PATHS_H
#define IO_PATHS_H

#include <stdbool.h>
#include <stdint.h>

enum { PATHS_DEPTH = 16 }; /* directories below an operand */

/*
 * Is it a flow file, and when does it begin?  One that cannot be read, or whose content belies its
 * name, is one too: reading it tells the reason, where passing it over would make totals smaller.
 */
bool paths_is_flow(const char *path, int64_t *start_ns);

/* DIR/NAME; the caller frees it. */
char *paths_join(const char *dir, const char *name);

#endif
