/* SPDX-License-Identifier: MIT */
#include "trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret.h"

static int check_owner(const char *path, const struct stat *status, const char **error_r)
{
	if (status->st_uid == 0 || status->st_uid == geteuid())
		return 0;
	return postern_error(error_r, "%s belongs to user %lu, who is neither root nor the one "
			     "reading it: chown it, or move it away", path,
			     (unsigned long)status->st_uid);
}

/* Nobody but the owner may have put there what is there. */
static int check_untampered(const char *path, const struct stat *status, const char **error_r)
{
	if (check_owner(path, status, error_r) < 0)
		return -1;
	if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return postern_error(error_r, "%s is writable by others than its owner "
				     "(mode %04o): chmod go-w it, after a look at what is in it",
				     path, status->st_mode & 07777);
	}
	return 0;
}

static int check_file(const char *path, const struct stat *status, enum postern_trust trust,
		      const char **error_r)
{
	if (!S_ISREG(status->st_mode))
		return postern_error(error_r, "%s is not a regular file", path);
	if (check_untampered(path, status, error_r) < 0)
		return -1;
	if (trust != POSTERN_TRUST_UNTAMPERED && (status->st_mode & S_IRWXO) != 0) {
		return postern_error(error_r, "%s is open to everyone (mode %04o): chmod o= it",
				     path, status->st_mode & 07777);
	}
	if (trust == POSTERN_TRUST_SECRET && (status->st_mode & S_IRWXG) != 0) {
		return postern_error(error_r, "%s is open to its group (mode %04o): chmod go= it",
				     path, status->st_mode & 07777);
	}
	return 0;
}

static int open_failed(const char *path, const char **error_r)
{
	if (errno == ELOOP) {
		return postern_error(error_r, "%s is a symbolic link, which is not followed here: "
				     "name the file itself", path);
	}
	return postern_error(error_r, "cannot open %s: %m", path);
}

int postern_trusted_open(const char *path, enum postern_trust trust, const char **error_r)
{
	struct stat status;
	/* O_NONBLOCK: a FIFO must not hold us up before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return open_failed(path, error_r);
	if (fstat(fd, &status) < 0)
		postern_error(error_r, "cannot examine %s: %m", path);
	else if (check_file(path, &status, trust, error_r) == 0)
		return fd;
	close(fd);
	return -1;
}

/* O_PATH: closing an ordinary descriptor would drop every POSIX lock that this process holds on
   the file, and SQLite's locks are such. */
static int examine(const char *path, struct stat *status_r, const char **error_r)
{
	int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	int ret = 0;

	if (fd < 0)
		return open_failed(path, error_r);
	if (fstat(fd, status_r) < 0)
		ret = postern_error(error_r, "cannot examine %s: %m", path);
	close(fd);
	if (ret == 0 && S_ISLNK(status_r->st_mode)) {
		errno = ELOOP;
		ret = open_failed(path, error_r);
	}
	return ret;
}

int postern_trusted_check(const char *path, enum postern_trust trust, const char **error_r)
{
	struct stat status;

	if (examine(path, &status, error_r) < 0)
		return -1;
	return check_file(path, &status, trust, error_r);
}

int postern_trusted_check_folder(const char *path, const char **error_r)
{
	struct stat status;

	if (examine(path, &status, error_r) < 0)
		return -1;
	if (!S_ISDIR(status.st_mode))
		return postern_error(error_r, "%s is not a folder", path);
	return check_untampered(path, &status, error_r);
}

/* Reads up to max + 1 octets, so that one too many is noticed. */
static int read_all(int fd, const char *path, char *data, size_t max, size_t *size_r,
		    const char **error_r)
{
	size_t size = 0;

	for (;;) {
		ssize_t got = read(fd, data + size, max + 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return postern_error(error_r, "cannot read %s: %m", path);
		size += (size_t)got;
		if (size > max) {
			return postern_error(error_r, "%s is larger than %zu octets", path, max);
		}
		if (got == 0)
			break;
	}
	*size_r = size;
	return 0;
}

int postern_trusted_read(const char *path, enum postern_trust trust, size_t max,
			 char **data_r, size_t *size_r, const char **error_r)
{
	char *data = NULL;
	size_t size = 0;
	int ret = -1;
	int fd = postern_trusted_open(path, trust, error_r);

	if (fd < 0)
		return -1;
	data = malloc(max + 2);
	if (data == NULL) {
		postern_error(error_r, "cannot read %s: %m", path);
		goto out;
	}
	if (read_all(fd, path, data, max, &size, error_r) < 0)
		goto out;
	data[size] = '\0';
	*data_r = data;
	*size_r = size;
	data = NULL; /* transferred */
	ret = 0;
out:
	if (data != NULL)
		postern_secret_free_sized(&data, max + 2);
	close(fd);
	return ret;
}
