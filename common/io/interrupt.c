#include "io/interrupt.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

static const int signals[] = { SIGINT, SIGTERM };
enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

/* All that a handler can reach. */
static volatile sig_atomic_t told_fd;

/* Whichever of them comes next ends the program. */
static void
on_signal(int signo)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)signo;
	(void)!write(told_fd, &one, sizeof(one));
	for (unsigned i = 0; i < SIGNALS; i++) {
		struct sigaction now;

		if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler == on_signal)
			(void)signal(signals[i], SIG_DFL);
	}
	errno = saved;
}

void
interrupt_catch(struct interrupt *in, int eventfd)
{
	const struct sigaction once = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	told_fd = eventfd;
	for (unsigned i = 0; i < SIGNALS; i++) {
		sigaction(signals[i], NULL, &in->before[i]);
		if (in->before[i].sa_handler != SIG_IGN)
			sigaction(signals[i], &once, NULL);
	}
}

void
interrupt_release(struct interrupt *in)
{
	for (unsigned i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &in->before[i], NULL);
}
