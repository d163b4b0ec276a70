/*
 * began.c - which of two sides of a conversation is the client.
 */
#include "ops/conversation.h"

/* The flags of a whole connection, or-ed, say nothing: both sides have sent SYN and ACK. */
unsigned
conversation_vote(unsigned flags)
{
	flags &= TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_ACK;
	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		return VOTE_BEGAN;
	if ((flags & (TCP_SYN | TCP_RST)) && !(flags & (TCP_FIN | TCP_PSH)))
		return VOTE_ANSWERED;
	return flags != 0 ? VOTE_OTHER : 0;
}

static bool
only_answered(const struct side *s)
{
	return s->votes == VOTE_ANSWERED;
}

bool
conversation_begun_by_b(const struct side *a, const struct side *b)
{
	bool a_served = a->port >= 0 && conversation_service_port((unsigned)a->port);
	bool b_served = b->port >= 0 && conversation_service_port((unsigned)b->port);

	if ((a->votes ^ b->votes) & VOTE_BEGAN)
		return b->votes & VOTE_BEGAN;
	if (only_answered(a) != only_answered(b))
		return only_answered(a);
	if (a_served != b_served)
		return a_served;
	if (a->seen != b->seen)
		return b->seen;
	if (a->port != b->port)
		return b->port > a->port;
	return b->seen && b->first_ns < a->first_ns;
}

/* Above the well-known range: what IANA's registry and habit give to services that are common in networks. */
bool
conversation_service_port(unsigned port)
{
	if (port < 1024)
		return port != 0;
	switch (port) {
	case 1194: /* OpenVPN */
	case 1433: /* SQL Server */
	case 1434:
	case 1521: /* Oracle */
	case 1701: /* L2TP */
	case 1723: /* PPTP */
	case 1812: /* RADIUS */
	case 1813:
	case 1883: /* MQTT */
	case 1900: /* SSDP */
	case 2049: /* NFS */
	case 2055: /* NetFlow */
	case 2222: /* SSH beside 22 */
	case 2375: /* Docker */
	case 2376:
	case 2379: /* etcd */
	case 3128: /* Squid */
	case 3268: /* Active Directory */
	case 3269:
	case 3306: /* MySQL */
	case 3389: /* RDP */
	case 3478: /* STUN */
	case 3690: /* Subversion */
	case 4500: /* IPsec */
	case 4739: /* IPFIX */
	case 5060: /* SIP */
	case 5061:
	case 5222: /* XMPP */
	case 5223: /* push services */
	case 5228:
	case 5353: /* mDNS */
	case 5355: /* LLMNR */
	case 5432: /* PostgreSQL */
	case 5671: /* AMQP */
	case 5672:
	case 5900: /* VNC */
	case 5901:
	case 5938: /* TeamViewer */
	case 5985: /* WinRM */
	case 5986:
	case 6379: /* Redis */
	case 6443: /* Kubernetes */
	case 6514: /* syslog over TLS */
	case 6667: /* IRC */
	case 8000: /* HTTP beside 80 and 443 */
	case 8008:
	case 8080:
	case 8081:
	case 8088:
	case 8443:
	case 8888:
	case 8883: /* MQTT over TLS */
	case 9042: /* Cassandra */
	case 9090:
	case 9092: /* Kafka */
	case 9100: /* printers */
	case 9200: /* Elasticsearch */
	case 9300:
	case 9418: /* git */
	case 9443:
	case 10050: /* Zabbix */
	case 10051:
	case 11211: /* memcached */
	case 27017: /* MongoDB */
	case 51820: /* WireGuard */ return true;
	default: return false;
	}
}
