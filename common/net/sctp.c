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
sctp_tell_streams(int fd)
{
	int on = 1;

	(void)setsockopt(fd, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
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

ssize_t
sctp_receive(int fd, void *dst, size_t n, uint16_t *stream, bool *end)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
	struct iovec iov = { .iov_base = dst, .iov_len = n };
	struct msghdr msg;
	ssize_t got;

	/* No events were asked for; should the kernel send one all the same, it is passed over. */
	do {
		msg = (struct msghdr){ .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof control };
		got = recvmsg(fd, &msg, 0);
	} while (got > 0 && (msg.msg_flags & MSG_NOTIFICATION) != 0);
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
