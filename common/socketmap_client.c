/* SPDX-License-Identifier: MIT */
#include "socketmap_client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

#define PATIENCE 5000 /* milliseconds */
#define REPLY_MAX 16384

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int connect_to(const char *path, const char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return postern_error(error_r, "%s: the name is too long for a socket", path);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		postern_error(error_r, "cannot ask the socketmap %s: %m", path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

static int wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int ret;

	do {
		left = deadline - now();
		ret = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
	} while (ret < 0 && errno == EINTR);
	if (ret == 0)
		errno = ETIMEDOUT;
	return ret > 0 ? 0 : -1;
}

static int send_all(int fd, const char *data, size_t size, int64_t deadline)
{
	while (size > 0) {
		ssize_t sent;

		if (wait_for(fd, POLLOUT, deadline) < 0)
			return -1;
		sent = send(fd, data, size, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (sent > 0) {
			data += sent;
			size -= (size_t)sent;
		}
	}
	return 0;
}

/* True when text is a whole netstring; then its contents are what *value_r points at. */
static bool is_whole(char *text, size_t size, char **value_r)
{
	size_t length = 0, i = 0;

	while (i < size && i < 6 && text[i] >= '0' && text[i] <= '9')
		length = length * 10 + (size_t)(text[i++] - '0');
	if (i == 0 || i + 2 + length != size || text[i] != ':' || text[size - 1] != ',')
		return false;
	text[size - 1] = '\0';
	*value_r = text + i + 1;
	return true;
}

static int receive(int fd, char *text, char **value_r, int64_t deadline)
{
	size_t used = 0;

	while (used < REPLY_MAX) {
		ssize_t got;

		if (wait_for(fd, POLLIN, deadline) < 0)
			return -1;
		got = recv(fd, text + used, REPLY_MAX - used, 0);
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (got == 0)
			break;
		used += got > 0 ? (size_t)got : 0;
		if (is_whole(text, used, value_r))
			return 0;
	}
	errno = EPROTO;
	return -1;
}

static int take_reply(const char *path, const char *reply, char **value_r, const char **error_r)
{
	char shown[128];

	if (strncmp(reply, "OK ", 3) == 0) {
		*value_r = strdup(reply + 3);
		return *value_r != NULL ? 0 : postern_error(error_r, "no memory");
	}
	if (strncmp(reply, "NOTFOUND", strlen("NOTFOUND")) == 0)
		return 0;
	return postern_error(error_r, "the socketmap %s answers \"%s\"", path,
			     postern_escape(reply, strlen(reply), shown, sizeof(shown)));
}

int postern_socketmap_client_find(const char *path, const char *table, const char *key,
				  char **value_r, const char **error_r)
{
	int64_t deadline = now() + PATIENCE;
	char text[REPLY_MAX], *reply = NULL, *request = NULL;
	int fd = -1, length, ret = -1;

	*value_r = NULL;
	length = asprintf(&request, "%zu:%s %s,", strlen(table) + 1 + strlen(key), table, key);
	if (length < 0)
		return postern_error(error_r, "no memory");
	fd = connect_to(path, error_r);
	if (fd < 0)
		goto out;
	if (send_all(fd, request, (size_t)length, deadline) < 0 ||
	    receive(fd, text, &reply, deadline) < 0) {
		postern_error(error_r, "the socketmap %s does not answer: %m", path);
		goto out;
	}
	ret = take_reply(path, reply, value_r, error_r);
out:
	if (fd >= 0)
		close(fd);
	free(request);
	return ret;
}
