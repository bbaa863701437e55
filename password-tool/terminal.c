/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "failure.h"

static const int ending_signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
#define SIGNAL_COUNT (sizeof(ending_signals) / sizeof(ending_signals[0]))

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
	caught = number;
}

struct signals {
	struct sigaction actions[SIGNAL_COUNT];
	sigset_t mask;
};

/* The signals are let in only while the command waits for input, so none is missed. */
static void catch_signals(struct signals *old_r)
{
	struct sigaction action = { .sa_handler = catch_signal };
	sigset_t block;

	sigemptyset(&action.sa_mask);
	sigemptyset(&block);
	caught = 0;
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaddset(&block, ending_signals[i]);
	sigprocmask(SIG_BLOCK, &block, &old_r->mask);
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(ending_signals[i], &action, &old_r->actions[i]);
}

static void restore_signals(const struct signals *old)
{
	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		sigaction(ending_signals[i], &old->actions[i], NULL);
	if (caught != 0)
		raise(caught);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
}

static void write_stderr(const char *text)
{
	/* A prompt that cannot be shown is no reason to stop. */
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

/* One octet; 0 at the end of input and after a signal, -1 on failure. */
static ssize_t read_octet(const struct signals *old, char *octet_r)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (ppoll(&in, 1, NULL, &old->mask) < 0) {
		if (errno != EINTR)
			return -1;
		if (caught != 0)
			return 0;
	}
	return read(STDIN_FILENO, octet_r, 1);
}

/* Reads to the end of the line, beyond size as well, so that the rest is not left for the shell. */
static int read_line(const struct signals *old, char *line_r, size_t size)
{
	size_t used = 0;
	char octet = '\0';

	for (;;) {
		ssize_t got = read_octet(old, &octet);

		if (got < 0)
			return postern_fail(EX_IOERR, "cannot read from the terminal: %m");
		if (caught != 0)
			return EX_DATAERR;
		if (got == 0 || octet == '\n')
			break;
		if (octet == '\0')
			return postern_fail(EX_DATAERR, "there is a NUL in what was entered");
		if (used < size)
			line_r[used] = octet;
		used++;
	}
	if (used >= size)
		return postern_fail(EX_DATAERR, "what was entered is longer than %zu octets",
				    size - 1);
	line_r[used] = '\0';
	return 0;
}

int postern_terminal_ask(const char *prompt, char *line_r, size_t size)
{
	struct termios before, silent;
	struct signals old;
	int code;

	if (tcgetattr(STDIN_FILENO, &before) != 0)
		return postern_fail(EX_IOERR, "cannot turn off the terminal's echo: %m");
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	/* A shell that comes back without echo helps nobody. */
	silent.c_cc[VSUSP] = _POSIX_VDISABLE;

	catch_signals(&old);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) {
		code = postern_fail(EX_IOERR, "cannot turn off the terminal's echo: %m");
	} else {
		write_stderr(prompt);
		code = read_line(&old, line_r, size);
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
		write_stderr("\n");
	}
	restore_signals(&old);
	return code;
}
