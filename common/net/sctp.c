/*
 * sctp.c - the kernel's SCTP sockets.
 */
#include "net/sctp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/sctp.h>

const char *
sctp_reason(int error)
{
	return error == EPROTONOSUPPORT || error == ESOCKTNOSUPPORT
		   ? "this kernel has no SCTP: load the module sctp"
		   : strerror(error);
}

void
sctp_prepare(int fd)
{
	const struct sctp_event change = { .se_type = SCTP_ASSOC_CHANGE, .se_on = 1 };
	int on = 1;

	(void)setsockopt(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
	(void)setsockopt(fd, IPPROTO_SCTP, SCTP_EVENT, &change, sizeof change);
}

static uint16_t
stream_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		struct sctp_rcvinfo info;

		if (c->cmsg_level != IPPROTO_SCTP || c->cmsg_type != SCTP_RCVINFO ||
		    c->cmsg_len < CMSG_LEN(sizeof info))
			continue;
		memcpy(&info, CMSG_DATA(c), sizeof info);
		return info.rcv_sid;
	}
	return 0;
}

/* What the kernel tells of the association: 1 nothing that matters, 0 its end, -1 with errno. */
static int
change_of(const void *data, size_t n)
{
	struct sctp_assoc_change change;

	if (n < sizeof change)
		return 1;
	memcpy(&change, data, sizeof change);
	if (change.sac_type != SCTP_ASSOC_CHANGE)
		return 1;
	if (change.sac_state == SCTP_SHUTDOWN_COMP)
		return 0;
	errno = ECONNRESET;
	return change.sac_state == SCTP_COMM_LOST ? -1 : 1;
}

ssize_t
sctp_receive(int fd, void *dst, size_t n, uint16_t *stream, bool *end)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
	struct iovec iov = { .iov_base = dst, .iov_len = n };
	struct msghdr msg;
	ssize_t got;

	for (;;) {
		msg = (struct msghdr){ .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof control };
		got = recvmsg(fd, &msg, 0);
		if (got <= 0 || (msg.msg_flags & MSG_NOTIFICATION) == 0)
			break;
		got = change_of(dst, (size_t)got);
		if (got <= 0)
			return got;
	}
	if (got > 0) {
		*stream = stream_of(&msg);
		*end = (msg.msg_flags & MSG_EOR) != 0;
	}
	return got;
}

int64_t
sctp_in_flight(int fd)
{
	struct sctp_status status;
	socklen_t len = sizeof status;

	memset(&status, 0, sizeof status);
	if (getsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, &status, &len) != 0)
		return -1;
	return (int64_t)status.sstat_unackdata + status.sstat_penddata;
}
