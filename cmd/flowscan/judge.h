/*
 * judge.h - from evidence to alerts: which lines are scans, what shape a source's scan has, how sure that is.
 *
 * The score of a walk of `failed` contacts and `peak` steps, with the window in which D r^2 is greatest:
 *
 *	L = 4^peak		likelihood that a scanner, not a user, walked so (Jung 2004: tries of users fail one in
 *				five times, of scanners four in five, so a step is (.8/.2) up or (.2/.8) down)
 *	p = L / (L + 99)	99 is where the test accepts at a detection rate of .99 and a false one of .01
 *	v = failed / (failed + 4)
 *	D = failed (failed / tried)^2 of the window, d = D / (D + 15)
 *	score = 1 - (1 - p v) (1 - d)
 */
#ifndef FLOWSCAN_JUDGE_H
#define FLOWSCAN_JUDGE_H

#include "detect/alert.h"
#include "evidence.h"

enum {
	WALK_ACCEPT = 4, /* steps: 4^4 is the first power above 99 */
	DENSITY_ACCEPT = 15, /* D r^2 */
	HOSTS_LEAST = 8, /* failed hosts on a port, in TCP */
	PORTS_LEAST =
	    15, /* failed ports of a host; hosts on a port in UDP and ICMP; either where sampled */
	GRID_LEAST = 25, /* failed contacts of a source that tried a few ports of a few hosts */
	TARGET_SOURCES = 25, /* who tried one of ours in vain, on TARGET_PORTS at least */
	TARGET_PORTS = 64,
	TARGETS_TOLD =
	    8, /* more targets than that: only those that TARGET_MEDIAN times as many tried as the median */
	TARGET_MEDIAN = 4,
	FLOOD_MINUTE = 600, /* new sources in a minute */
	VICTIM_CLIENTS = 25,
	SCATTERED =
	    4, /* less than one in so many failures stands on a line that is a scan: no scan */
	PORTS_NAMED = 5
};

/* What all lines of a source come to. */
struct shape {
	uint32_t hosts, ports; /* with a failure; a port of each protocol, a host of all together */
	uint32_t good_hosts, good_ports; /* of them those that are scans */
	uint32_t pings, good_pings; /* of ports: ping, which is none to whoever reads of them */
	uint32_t portless; /* of ports: none is known, see judge_line_portless */
	uint32_t host_lines; /* those of good_hosts: one for each protocol */
	uint32_t on_hosts, on_ports; /* failed contacts on those */
	uint32_t tried_on_hosts; /* all contacts on those */
	uint8_t protos; /* of all lines, a bit each */
	uint32_t best; /* line; TABLE_NONE: no line is a scan */
	double score; /* of that */
	const struct spot *port[PORTS_NAMED]; /* the first of good_ports */
	int64_t start_ns,
	    end_ns; /* of good lines, 0 without any: of the burst that is most of a line, or of all */
};

enum scan_kind { SCAN_NONE, SCAN_HORIZONTAL, SCAN_VERTICAL, SCAN_BLOCK };

double walk_density(const struct walk *);

/* When most of a source's walk, or of one of its lines, was; NULL: it is spread over all its time, or known already. */
const struct burst *walk_burst(const struct evidence *, uint32_t source, const struct walk *);

/* Does nothing in these records show whether this protocol was answered?  Then it is not judged. */
bool judge_blind(const struct evidence *, uint8_t proto);

/* Do most of these records leave out ports? */
bool judge_portless(const struct evidence *);

/* Is this line of whatever ports a host tried of others, as who exported its tries left them out? */
bool judge_line_portless(const struct evidence *, uint32_t row);

/* And what one of ours was tried on. */
bool judge_target_portless(const struct target *);

/* All alerts, but for sources and targets that the scope allows and what was told before. */
void judge(struct evidence *, struct alerts *);

/* report.c: one alert each. */
void report_source(struct alerts *, const struct evidence *, uint32_t row, const struct shape *,
    enum scan_kind, double score);
void report_target(struct alerts *, const struct evidence *, uint32_t row, bool flood);
void report_victim(struct alerts *, const struct evidence *, uint32_t row);

#endif
