/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "failure.h"

/* A descriptor that was not given would go to the next file opened, and messages into that file.
   What stands in for it can be neither read nor written, whichever is its use. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(EX_OSERR);
	}
}

int main(int argc, char **argv)
{
	struct postern_command command = { 0 };
	int code;

	hold_standard_descriptors();
	/* What this makes is nobody else's to read until it is given to somebody. */
	umask(077);
	code = postern_args_parse(argc, argv, &command.args);
	if (code == 0 && command.args.verb != NULL)
		code = postern_command_open(&command);
	if (code == 0 && command.args.verb != NULL)
		code = command.args.verb->run(&command);
	postern_command_deinit(&command);
	if (code == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		code = postern_fail(EX_IOERR, "cannot write the answer: %m");
	return code;
}
