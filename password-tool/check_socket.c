/* SPDX-License-Identifier: MIT */
#include "check_servers.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "failure.h"

int postern_check_socket(const char *path, const char *then)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ret = -1;

	if (fd >= 0 && strlen(path) < sizeof(address.sun_path)) {
		strcpy(address.sun_path, path);
		ret = connect(fd, (struct sockaddr *)&address, sizeof(address));
	}
	if (fd >= 0)
		close(fd);
	return ret == 0 ? 0 : postern_fail(EX_CONFIG, "nobody answers at %s, so that %s", path, then);
}
