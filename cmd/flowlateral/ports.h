/*
 * ports.h - TCP ports by which a host is worked on from another: what an intruder goes on by.
 */
#ifndef FLOWLATERAL_PORTS_H
#define FLOWLATERAL_PORTS_H

struct admin_port {
	unsigned port;
	const char *name;
	const char *attack; /* ATT&CK id */
};

enum { ADMIN_PORTS = 20 };
extern const struct admin_port admin_ports[ADMIN_PORTS];

/* Its number in admin_ports, -1: it is none. */
int admin_port(unsigned port);

#endif
