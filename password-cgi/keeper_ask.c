/* SPDX-License-Identifier: MIT */
#include "keeper_ask.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int postern_keeper_ask(const char *path, const struct postern_page_message *message,
		       struct postern_page_message *answer_r, const char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ret = -1, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return postern_error(error_r, "cannot make a socket: %m");
	if (strlen(path) >= sizeof(address.sun_path)) {
		postern_error(error_r, "keeper_socket: the path is too long");
		goto out;
	}
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		postern_error(error_r, "cannot reach postern-keeper at %s: %m", path);
		goto out;
	}
	if (postern_page_message_send(fd, message, error_r) == 0)
		ret = postern_page_message_receive(fd, answer_r, error_r);
out:
	close(fd);
	return ret;
}
