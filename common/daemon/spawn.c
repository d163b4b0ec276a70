#include "daemon/spawn.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

extern char **environ;

int
spawn_clean(pid_t *pid, const char *const *argv, const posix_spawn_file_actions_t *files)
{
	posix_spawnattr_t attr;
	struct sigaction child;
	sigset_t all, none;
	int rc;

	/* Ignored, as whoever started us may have had it, nobody hears how the process ended (wait(2)). */
	if (sigaction(SIGCHLD, NULL, &child) == 0 && child.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(
	    &attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setsigmask(&attr, &none);
	rc = posix_spawnp(pid, argv[0], files, &attr, (char **)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attr);
	return rc;
}

/* Until the process is waited for its number, and with it that of its group, is nobody else's. */
bool
spawn_ended(pid_t pid, bool all, siginfo_t *end)
{
	*end = (siginfo_t){ .si_pid = 0 };
	if (waitid(P_PID, (id_t)pid, end, WEXITED | WNOHANG | WNOWAIT) != 0 || end->si_pid == 0)
		return false;
	if (all)
		(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return true;
}
