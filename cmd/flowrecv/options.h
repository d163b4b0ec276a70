/*
 * options.h - flowrecv's options: tables and the keys of those without a letter.
 */
#ifndef FLOWRECV_OPTIONS_H
#define FLOWRECV_OPTIONS_H

#include "base/opt.h"

enum {
	KEY_SOURCE = OPT_LONG + 1,
	KEY_RAW,
	KEY_STRICT,
	KEY_SCOPE,
	KEY_LIFETIME,
	KEY_TEMPLATES,
	KEY_HOLD,
	KEY_SAMPLING,
	KEY_RCVBUF,
	KEY_PORT_FILE,
	KEY_CERT,
	KEY_KEY,
	KEY_CA,
	KEY_PEER,
	KEY_CONNECTIONS,
	KEY_IDLE,
	KEY_ROTATE,
	KEY_NAME,
	KEY_PARTITION,
	KEY_FLUSH,
	KEY_QUEUE,
	KEY_FAST,
	KEY_LEVEL,
	KEY_NO_HISTORY,
	KEY_SPOOF,
	KEY_METRICS,
	KEY_NO_SANDBOX,
	KEY_STATS
};

extern const struct program flowrecv_program;

#endif
