/* SPDX-License-Identifier: MIT */
#include "sockets.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *path, struct sockaddr_un *address_r, const char **error_r)
{
	memset(address_r, 0, sizeof(*address_r));
	address_r->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address_r->sun_path)) {
		return postern_error(error_r, "%s is too long for a socket, which may have %zu "
				     "octets", path, sizeof(address_r->sun_path) - 1);
	}
	strcpy(address_r->sun_path, path);
	return 0;
}

int postern_sockets_clear(const char *path, const char **error_r)
{
	struct sockaddr_un address;
	struct stat status;
	int ret, fd;

	if (address_of(path, &address, error_r) < 0)
		return -1;
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : postern_error(error_r, "cannot examine %s: %m", path);
	if (!S_ISSOCK(status.st_mode))
		return postern_error(error_r, "%s is there, and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return postern_error(error_r, "cannot make a socket: %m");
	ret = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (ret == 0 || errno != ECONNREFUSED) {
		close(fd);
		return postern_error(error_r, "somebody listens on %s already: is postern-milter "
				     "running?", path);
	}
	close(fd);
	if (unlink(path) < 0)
		return postern_error(error_r, "cannot remove %s: %m", path);
	return 0;
}

/* A new socket of that type, bound. */
static int make(const char *path, int type, const char **error_r)
{
	struct sockaddr_un address;
	int fd;

	if (postern_sockets_clear(path, error_r) < 0 || address_of(path, &address, error_r) < 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return postern_error(error_r, "cannot make a socket: %m");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		postern_error(error_r, "cannot bind %s: %m", path);
		close(fd);
		return -1;
	}
	return fd;
}

int postern_sockets_listen(const char *path, const char **error_r)
{
	int fd = make(path, SOCK_STREAM, error_r);

	if (fd >= 0 && listen(fd, SOMAXCONN) < 0) {
		postern_error(error_r, "cannot listen on %s: %m", path);
		close(fd);
		return -1;
	}
	return fd;
}

int postern_sockets_listen_to_all(const char *path, const char **error_r)
{
	mode_t mask = umask(0111);
	int fd = postern_sockets_listen(path, error_r);

	umask(mask);
	return fd;
}

int postern_sockets_receive(const char *path, const char **error_r)
{
	return make(path, SOCK_DGRAM, error_r);
}

void postern_sockets_begin(void)
{
	umask(0117);
}

void postern_sockets_end(void)
{
	umask(0077);
}

int postern_sockets_give(const char *path, uid_t user, gid_t group, const char **error_r)
{
	if (lchown(path, user, group) < 0) {
		return postern_error(error_r, "cannot give %s to user %lu and group %lu: %m", path,
				     (unsigned long)user, (unsigned long)group);
	}
	return 0;
}
