/* SPDX-License-Identifier: MIT */
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

static struct {
	void (*reload)(void);
	void (*stop)(void);
} actions;

/* For libmilter alone; see signals.h. */
__attribute__((visibility("default")))
int sigwait(const sigset_t *set, int *signal_r)
{
	(void)set;
	(void)signal_r;
	for (;;)
		pause();
}

static void make_set(sigset_t *set_r)
{
	sigemptyset(set_r);
	sigaddset(set_r, SIGHUP);
	sigaddset(set_r, SIGTERM);
	sigaddset(set_r, SIGINT);
}

void postern_signals_block(void)
{
	sigset_t set;

	make_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void *take_signals(void *unused)
{
	sigset_t set;

	(void)unused;
	make_set(&set);
	for (;;) {
		int taken = sigwaitinfo(&set, NULL);

		if (taken == SIGHUP)
			actions.reload();
		else if (taken == SIGTERM || taken == SIGINT)
			actions.stop();
	}
	return NULL;
}

int postern_signals_start(void (*reload)(void), void (*stop)(void), const char **error_r)
{
	pthread_t thread;
	int ret;

	actions.reload = reload;
	actions.stop = stop;
	ret = pthread_create(&thread, NULL, take_signals, NULL);
	if (ret != 0) {
		errno = ret;
		return postern_error(error_r, "cannot start the thread that takes signals: %m");
	}
	pthread_detach(thread);
	return 0;
}
