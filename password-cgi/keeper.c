/* SPDX-License-Identifier: MIT */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <sqlite3.h>

#include "keeper_config.h"
#include "keeper_log.h"
#include "page.h"

#define BACKLOG 64

/* ---- One request, in a process of its own ---- */

static void mail_failed(const char *error)
{
	postern_keeper_log(LOG_ERR, "postern page: %s", error);
}

static void set_limits(void)
{
	/* The dearest hash wants 64 MiB and a second. */
	const struct rlimit cpu = { POSTERN_KEEPER_SECONDS, POSTERN_KEEPER_SECONDS };
	const struct rlimit files = { 64, 64 }, core = { 0, 0 };

	(void)setrlimit(RLIMIT_CPU, &cpu);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)setrlimit(RLIMIT_CORE, &core);
	alarm(POSTERN_KEEPER_SECONDS);
}

static void reply(int fd, const struct postern_page_message *out)
{
	const char *error;

	if (postern_page_message_send(fd, out, &error) < 0)
		postern_keeper_log(LOG_NOTICE, "postern page: %s", error);
	/* The browser has all it gets; mails may take their time. */
	shutdown(fd, SHUT_RDWR);
	alarm(0);
}

/* Takes the question also where postern.conf is wrong: an answer of nothing is one of 503 to
   password.cgi, which would have one more line for the log if we hung up. */
static void serve(const struct postern_config *known, const char *path, int fd)
{
	const struct postern_config *config = known;
	struct postern_config *own = NULL;
	struct postern_page_message in, out;
	struct postern_mail *mails = NULL;
	const char *error;

	set_limits();
	postern_page_message_init(&out);
	if (postern_page_message_receive(fd, &in, &error) < 0) {
		postern_keeper_log(LOG_NOTICE, "postern page: %s", error);
		return;
	}
	if (config == NULL && postern_config_load(path, &own, &error) == 0)
		config = own;
	if (config == NULL)
		postern_keeper_log(LOG_ERR, "postern page: %s", error);
	else
		postern_page_answer(config, &in, time(NULL), &out, &mails);
	reply(fd, &out);
	postern_page_message_deinit(&in);
	postern_page_message_deinit(&out);
	if (mails != NULL)
		postern_mail_send_all(config, &mails, mail_failed);
	postern_config_free(&own);
}

/* ---- The socket ---- */

/* A socket that a dead keeper left is in the way; one that answers is somebody's. */
static int remove_old(const struct sockaddr_un *address, const char **error_r)
{
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = probe >= 0 &&
		connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0;

	if (probe >= 0)
		close(probe);
	if (alive)
		return postern_error(error_r, "another postern-keeper listens at %s",
				     address->sun_path);
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return postern_error(error_r, "cannot remove %s: %m", address->sun_path);
	return 0;
}

/* Nobody may connect before it has its group and mode. */
static int listen_at(const struct postern_config *config, int *fd_r, const char **error_r)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, ret;

	if (strlen(config->keeper_socket) >= sizeof(address.sun_path))
		return postern_error(error_r, "keeper_socket: the path is too long");
	strcpy(address.sun_path, config->keeper_socket);
	if (config->keeper_group == (gid_t)-1)
		return postern_error(error_r, "this machine has no group \"postern-page\": make it, "
				     "or name the keeper_group in postern.conf");
	if (remove_old(&address, error_r) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mask = umask(0177);
	ret = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (ret < 0 || chown(address.sun_path, (uid_t)-1, config->keeper_group) < 0 ||
	    chmod(address.sun_path, 0660) < 0 || listen(fd, BACKLOG) < 0) {
		postern_error(error_r, "cannot listen at %s: %m", address.sun_path);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*fd_r = fd;
	return 0;
}

static void reap(unsigned *processes)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		--*processes;
		if (WIFSIGNALED(status))
			postern_keeper_log(LOG_ERR, "postern page: process %ld was ended by signal "
					   "%d", (long)pid, WTERMSIG(status));
	}
}

static void take(struct postern_keeper_config *known, const char *path, int listener,
		 unsigned *processes, const sigset_t *before)
{
	const struct postern_config *now;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	pid_t pid;

	if (fd < 0)
		return;
	if (*processes >= POSTERN_KEEPER_PROCESSES_MAX) {
		postern_keeper_log(LOG_WARNING, "postern page: %u requests at once; one was turned "
				   "away", *processes);
		close(fd);
		return;
	}
	now = postern_keeper_config_now(known, path);
	pid = fork();
	if (pid == 0) {
		close(listener);
		sigprocmask(SIG_SETMASK, before, NULL);
		serve(now, path, fd);
		_exit(0);
	}
	if (pid < 0)
		postern_keeper_log(LOG_ERR, "postern page: cannot fork: %m");
	else
		++*processes;
	close(fd);
}

/* What OpenSSL does at its first HMAC takes longer than all the rest of a page, and libsodium looks
   for what this processor can do: once, and not in each process that is forked. */
static void warm_up(void)
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (HMAC(EVP_sha256(), "", 0, (const unsigned char *)"", 0, mac, NULL) == NULL ||
	    sodium_init() < 0)
		postern_keeper_log(LOG_WARNING, "postern page: OpenSSL or libsodium does not start");
}

/* For processes of one thread that read some pages of four files: what SQLite would set aside for
   twenty of each is touched as it is set aside, and that costs a quarter of a request. No file is
   opened here, which none of the processes could go on with. */
static void tune_sqlite(void)
{
	if (sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
	    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
	    sqlite3_initialize() != SQLITE_OK)
		postern_keeper_log(LOG_WARNING, "postern page: SQLite is not set up as it should be, "
				   "and a little slower");
}

int postern_keeper_run(const char *path, const struct postern_config *config,
		       const char **error_r)
{
	struct postern_keeper_config known = { .config = NULL };
	unsigned processes = 0;
	struct pollfd polls[2] = { { .events = POLLIN }, { .events = POLLIN } };
	sigset_t signals, before;
	bool over = false;
	int ret = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, &before);
	polls[1].fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (polls[1].fd < 0)
		return postern_error(error_r, "cannot wait for signals: %m");
	if (listen_at(config, &polls[0].fd, error_r) < 0) {
		close(polls[1].fd);
		return -1;
	}
	tune_sqlite();
	warm_up();
	postern_keeper_log(LOG_INFO, "postern-keeper listens at %s", config->keeper_socket);
	while (!over) {
		struct signalfd_siginfo signal;

		if (poll(polls, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			ret = postern_error(error_r, "cannot wait for requests: %m");
			break;
		}
		while (read(polls[1].fd, &signal, sizeof(signal)) == (ssize_t)sizeof(signal))
			over = over || signal.ssi_signo != SIGCHLD;
		reap(&processes);
		if (!over && (polls[0].revents & POLLIN) != 0)
			take(&known, path, polls[0].fd, &processes, &before);
	}
	unlink(config->keeper_socket);
	postern_keeper_config_deinit(&known);
	close(polls[0].fd);
	close(polls[1].fd);
	return ret;
}
