/* SPDX-License-Identifier: MIT */
#include "dkim_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dkim_key.h"
#include "failure.h"
#include "memory.h"
#include "secret.h"

#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define FILE_NAME_MAX (POSTERN_DKIM_SELECTOR_MAX + sizeof(".pem"))

static int fail(const struct postern_config *config, const char *what, const char *domain,
		const char *file)
{
	int code = errno == EPERM || errno == EACCES ? EX_NOPERM : EX_CANTCREAT;

	return postern_fail(code, "cannot %s %s%s%s%s%s: %m%s", what, config->dkim_dir,
			    domain == NULL ? "" : "/", domain == NULL ? "" : domain,
			    file == NULL ? "" : "/", file == NULL ? "" : file,
			    code == EX_NOPERM ? "; run this as root" : "");
}

static void file_name(const char *selector, char name_r[FILE_NAME_MAX])
{
	snprintf(name_r, FILE_NAME_MAX, "%s.pem", selector);
}

int postern_dkim_file_check_owner(const struct postern_config *config)
{
	if (config->user == (uid_t)-1 || config->group == (gid_t)-1)
		return postern_fail(EX_CONFIG, "the user that postern-milter runs as does not "
				    "exist; make it, or name another with \"user\" and \"group\" "
				    "in postern.conf");
	if (geteuid() != 0 && geteuid() != config->user)
		return postern_fail(EX_NOPERM, "only root can make files for the daemon's user; run "
				    "this as root");
	return 0;
}

/* What was just made becomes the daemon's, and nobody else's. */
static int give_away(const struct postern_config *config, int fd, mode_t mode)
{
	if (fchown(fd, config->user, config->group) < 0 || fchmod(fd, mode) < 0)
		return -1;
	return 0;
}

/* Somebody who may write into the folder could put his own key there. */
static int check_folder(const struct postern_config *config, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(config, "look at", NULL, NULL);
	if ((st.st_uid != 0 && st.st_uid != config->user) || (st.st_mode & 077) != 0)
		return postern_fail(EX_CONFIG, "%s has to belong to root or the daemon's user, with "
				    "mode 0700; see: chown, chmod", config->dkim_dir);
	return 0;
}

int postern_dkim_file_prepare(const struct postern_config *config)
{
	int code, fd;

	code = postern_dkim_file_check_owner(config);
	if (code != 0)
		return code;
	if (mkdir(config->dkim_dir, 0700) < 0)
		return errno == EEXIST ? 0 : fail(config, "make", NULL, NULL);
	fd = open(config->dkim_dir, FOLDER_FLAGS | O_NOFOLLOW);
	if (fd < 0 || give_away(config, fd, 0700) < 0)
		code = fail(config, "make", NULL, NULL);
	if (fd >= 0)
		close(fd);
	return code;
}

/* Opens dkim_dir/DOMAIN, and makes it when asked to. */
static int open_domain(const struct postern_config *config, const char *domain, bool make,
		       int *fd_r)
{
	int top, code;

	*fd_r = -1;
	top = open(config->dkim_dir, FOLDER_FLAGS);
	if (top < 0)
		return fail(config, "open", NULL, NULL);
	code = check_folder(config, top);
	if (code != 0)
		goto out;
	if (make && mkdirat(top, domain, 0700) < 0 && errno != EEXIST) {
		code = fail(config, "make", domain, NULL);
		goto out;
	}
	*fd_r = openat(top, domain, FOLDER_FLAGS | O_NOFOLLOW);
	if (*fd_r < 0 || (make && (give_away(config, *fd_r, 0700) < 0 || fsync(top) < 0)))
		code = fail(config, "open", domain, NULL);
	else
		code = check_folder(config, *fd_r);
	if (code != 0 && *fd_r >= 0) {
		close(*fd_r);
		*fd_r = -1;
	}
out:
	close(top);
	return code;
}

static void close_keeping_errno(int fd)
{
	int saved_errno = errno;

	close(fd);
	errno = saved_errno;
}

static int write_all(int fd, const char *data)
{
	size_t left = strlen(data);

	while (left > 0) {
		ssize_t wrote = write(fd, data, left);

		if (wrote < 0 && errno != EINTR)
			return -1;
		if (wrote > 0) {
			data += wrote;
			left -= (size_t)wrote;
		}
	}
	return 0;
}

/* The name appears when all of it is on the disk. linkat, unlike rename, never puts a file in the
   place of another. What a crash left under the other name is nobody's: the caller holds the
   store's write lock. */
static int write_file(const struct postern_config *config, int folder, const char *name,
		      const char *pem)
{
	char unfinished[FILE_NAME_MAX + sizeof(".new")];
	int ret = -1;
	int fd;

	snprintf(unfinished, sizeof(unfinished), ".%s.new", name);
	if (unlinkat(folder, unfinished, 0) < 0 && errno != ENOENT)
		return -1;
	fd = openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	if (write_all(fd, pem) == 0 && give_away(config, fd, 0600) == 0 && fsync(fd) == 0 &&
	    linkat(folder, unfinished, folder, name, 0) == 0)
		ret = 0;
	close_keeping_errno(fd);
	if (ret == 0 && (unlinkat(folder, unfinished, 0) < 0 || fsync(folder) < 0))
		ret = -1;
	return ret;
}

int postern_dkim_file_write(const struct postern_config *config, const char *domain,
			    const char *selector, const char *pem)
{
	char name[FILE_NAME_MAX];
	int folder, code;

	code = postern_dkim_file_prepare(config);
	if (code == 0)
		code = open_domain(config, domain, true, &folder);
	if (code != 0)
		return code;
	file_name(selector, name);
	if (write_file(config, folder, name, pem) == 0)
		code = 0;
	else if (errno != EEXIST)
		code = fail(config, "write", domain, name);
	else
		code = postern_fail(EX_CANTCREAT, "%s/%s/%s is there already and not in the store; "
				    "name another selector or move it away", config->dkim_dir,
				    domain, name);
	close(folder);
	return code;
}

static int read_file(const struct postern_config *config, int fd, char **pem_r)
{
	char *pem = postern_memory_new(1, POSTERN_DKIM_PEM_MAX);
	struct stat st;
	ssize_t got;

	got = read(fd, pem, POSTERN_DKIM_PEM_MAX - 1);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
	    (st.st_uid == 0 || st.st_uid == config->user) && got >= 0) {
		*pem_r = pem; /* transferred */
		return 0;
	}
	postern_secret_free(&pem);
	errno = EACCES;
	return -1;
}

int postern_dkim_file_read(const struct postern_config *config, const char *domain,
			   const char *selector, char **pem_r)
{
	char name[FILE_NAME_MAX];
	int folder, fd, code;

	*pem_r = NULL;
	code = open_domain(config, domain, false, &folder);
	if (code != 0)
		return code;
	file_name(selector, name);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		code = fail(config, "read", domain, name);
	else if (read_file(config, fd, pem_r) < 0)
		code = postern_fail(EX_CONFIG, "%s/%s/%s has to be a file of the daemon's user with "
				    "mode 0600; see: chown, chmod", config->dkim_dir, domain, name);
	if (fd >= 0)
		close(fd);
	close(folder);
	return code;
}

bool postern_dkim_file_exists(const struct postern_config *config, const char *domain,
			      const char *selector)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/%s.pem", config->dkim_dir, domain, selector);
	return lstat(path, &st) == 0;
}

int postern_dkim_file_remove(const struct postern_config *config, const char *domain,
			     const char *selector)
{
	char name[FILE_NAME_MAX];
	int folder, code;

	code = open_domain(config, domain, false, &folder);
	if (code != 0)
		return code;
	file_name(selector, name);
	if ((unlinkat(folder, name, 0) < 0 && errno != ENOENT) || fsync(folder) < 0)
		code = fail(config, "remove", domain, name);
	close(folder);
	return code;
}
