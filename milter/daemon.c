/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "dkim.h"
#include "live_sessions.h"
#include "log.h"
#include "login_journal.h"
#include "loop.h"
#include "milter.h"
#include "policy_server.h"
#include "privileges.h"
#include "record_collector.h"
#include "sasl_relay.h"
#include "send_journal.h"
#include "service_manager.h"
#include "session_table.h"
#include "signals.h"
#include "socketmap_server.h"
#include "sockets.h"
#include "store_pool.h"

/* As many as there can be policy connections. */
#define SESSIONS_MAX 4096
/* How long the messages in progress may take when the daemon is to end. */
#define DRAIN_SECONDS 10

static struct {
	const char *config_path;
	/* Its sockets are the open ones, whatever is read later. */
	struct postern_generation *start;
	struct postern_session_table *table;
	struct postern_dkim *dkim;
	struct postern_loop *loop;
	struct postern_policy_server *policy;
	struct postern_sasl_relay *sasl;
	struct postern_socketmap_server *socketmap;
	struct postern_record_collector *records;
	struct postern_live_sessions *sessions;
	int policy_fd;
	int sasl_fd;
	int socketmap_fd;
	int record_fd;
	int sessions_fd;
	pthread_t loop_thread;
} self;

static bool differs(const char *a, const char *b)
{
	return strcmp(a, b) != 0;
}

static void warn_of_restart(const struct postern_config *new)
{
	const struct postern_config *old = self.start->config;

	if (differs(old->milter_socket, new->milter_socket) ||
	    differs(old->policy_socket, new->policy_socket) ||
	    differs(old->sasl_socket, new->sasl_socket) ||
	    differs(old->socketmap_socket, new->socketmap_socket) ||
	    differs(old->record_socket, new->record_socket) ||
	    differs(old->sessions_socket, new->sessions_socket) ||
	    old->end_sessions != new->end_sessions ||
	    old->socket_group != new->socket_group || old->user != new->user ||
	    old->group != new->group)
		postern_log(LOG_WARNING, "a changed socket, user, group or end_sessions takes "
			    "effect at the next start, not by a reload");
}

/* This process sends its own records by the path in the configuration, and listens at the start's. */
static int keep_record_socket(struct postern_config *config, const char **error_r)
{
	char *path = strdup(self.start->config->record_socket);

	if (path == NULL)
		return postern_error(error_r, "cannot keep the configuration: %m");
	free(config->record_socket);
	config->record_socket = path;
	return 0;
}

static int load(struct postern_generation **generation_r, const char **error_r)
{
	if (postern_generation_load(self.config_path, generation_r, error_r) < 0)
		return -1;
	warn_of_restart((*generation_r)->config);
	if (keep_record_socket((*generation_r)->config, error_r) == 0)
		return 0;
	postern_generation_unref(generation_r);
	return -1;
}

/* A message in progress goes on with the generation that it has. */
static void reload(void)
{
	struct postern_generation *new = NULL;
	const char *error;

	postern_service_manager_reloading();
	if (load(&new, &error) < 0) {
		postern_log(LOG_ERR, "not reloaded, the configuration before stays in force: %s",
			    error);
	} else {
		postern_log_open(new->config->log);
		postern_generation_publish(new);
		postern_log(LOG_NOTICE, "reloaded");
	}
	postern_service_manager_ready();
}

/*
 * Nobody new comes in from now on: smtpd answers with a 451, and its client tries again. Then the
 * process ends, as it is: libmilter's threads cannot be joined, so nothing may be taken down under
 * them, and nothing here has to be saved but the login records that have come in.
 */
static void stop(void)
{
	const struct postern_config *config = self.start->config;
	const struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	int64_t deadline = postern_loop_now() + DRAIN_SECONDS;

	postern_service_manager_stopping();
	unlink(config->milter_socket);
	unlink(config->policy_socket);
	unlink(config->sasl_socket);
	unlink(config->socketmap_socket);
	unlink(config->record_socket);
	if (self.sessions_fd >= 0)
		unlink(config->sessions_socket);
	while (postern_milter_busy() > 0 && postern_loop_now() < deadline)
		nanosleep(&pause, NULL);
	if (self.records != NULL)
		postern_record_collector_finish(self.records);
	if (postern_milter_busy() > 0)
		postern_log(LOG_WARNING, "ended with %u messages in progress, which will be sent "
			    "again", postern_milter_busy());
	else
		postern_log(LOG_NOTICE, "ended");
	_exit(EXIT_SUCCESS);
}

static void tick(int64_t now, void *unused)
{
	(void)unused;
	if (now % 60 == 0)
		postern_session_table_expire(self.table, now);
	if (self.sessions != NULL)
		postern_live_sessions_tick(self.sessions);
}

static void *run_loop(void *unused)
{
	const char *error;

	(void)unused;
	if (postern_loop_run(self.loop, &error) < 0) {
		postern_log(LOG_CRIT, "%s", error);
		_exit(EXIT_FAILURE);
	}
	return NULL;
}

/* Mail goes on without it. */
static void open_record_socket(const struct postern_config *config)
{
	const char *error;

	if (postern_login_journal_prepare(config, &error) == 0)
		self.record_fd = postern_sockets_receive(config->record_socket, &error);
	else
		self.record_fd = -1;
	if (self.record_fd >= 0 && postern_sockets_give(config->record_socket, config->user,
							config->store_group, &error) < 0) {
		close(self.record_fd);
		self.record_fd = -1;
	}
	if (self.record_fd < 0)
		postern_log(LOG_WARNING, "logins will not be recorded: %s", error);
}

/* Without limits nobody misses it; with them, messages wait, and the log says why. */
static void prepare_send_journal(const struct postern_config *config)
{
	const char *error;

	if (postern_send_journal_prepare(config, &error) < 0)
		postern_log(LOG_WARNING, "limits will not work: %s", error);
}

/* An admin who wants sessions to end is not to believe that they do. */
static int open_sessions_socket(const struct postern_config *config, const char **error_r)
{
	self.sessions_fd = -1;
	if (!config->end_sessions)
		return 0;
	self.sessions_fd = postern_sockets_listen_to_all(config->sessions_socket, error_r);
	if (self.sessions_fd < 0)
		return -1;
	return postern_sockets_give(config->sessions_socket, config->user, config->group, error_r);
}

static int open_sockets(const struct postern_config *config, const char **error_r)
{
	int ret = -1;

	postern_sockets_begin();
	open_record_socket(config);
	prepare_send_journal(config);
	if (open_sessions_socket(config, error_r) < 0)
		goto out;
	self.policy_fd = postern_sockets_listen(config->policy_socket, error_r);
	if (self.policy_fd < 0)
		goto out;
	self.sasl_fd = postern_sockets_listen(config->sasl_socket, error_r);
	if (self.sasl_fd < 0)
		goto out;
	self.socketmap_fd = postern_sockets_listen(config->socketmap_socket, error_r);
	if (self.socketmap_fd < 0)
		goto out;
	if (postern_sockets_clear(config->milter_socket, error_r) < 0 ||
	    postern_milter_init(config->milter_socket, self.table, self.dkim, error_r) < 0)
		goto out;
	if (postern_sockets_give(config->policy_socket, config->user, config->socket_group,
				 error_r) < 0 ||
	    postern_sockets_give(config->sasl_socket, config->user, config->socket_group,
				 error_r) < 0 ||
	    postern_sockets_give(config->socketmap_socket, config->user, config->socket_group,
				 error_r) < 0 ||
	    postern_sockets_give(config->milter_socket, config->user, config->socket_group,
				 error_r) < 0)
		goto out;
	ret = 0;
out:
	postern_sockets_end();
	return ret;
}

/* Three descriptors for each smtpd process, and some for files. And memory as it is used:
   libmilter's threads come and go, and each would leave its share in an arena that nobody
   returns to. */
static void set_limits(void)
{
	struct rlimit limit;

	mallopt(M_ARENA_MAX, 2);
	/* Nobody asks SQLite for these figures, and each of its allocations would wait for a lock
	   that all threads share. */
	if (sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
		postern_log(LOG_WARNING, "SQLite is not set up as it should be, and a little slower");
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		postern_log(LOG_WARNING, "cannot raise the number of open files: %m");
}

static int start_loop(const char **error_r)
{
	int ret;

	if (postern_loop_new(&self.loop, error_r) < 0 ||
	    postern_policy_server_new(self.loop, self.policy_fd, self.table, &self.policy,
				      error_r) < 0 ||
	    postern_sasl_relay_new(self.loop, self.sasl_fd, self.table, &self.sasl, error_r) < 0 ||
	    postern_socketmap_server_new(self.loop, self.socketmap_fd, &self.socketmap, error_r) < 0)
		return -1;
	if (self.record_fd >= 0 &&
	    postern_record_collector_new(self.loop, self.record_fd, &self.records, error_r) < 0)
		return -1;
	if (self.sessions_fd >= 0 &&
	    postern_live_sessions_new(self.loop, self.sessions_fd, &self.sessions, error_r) < 0)
		return -1;
	postern_loop_tick(self.loop, tick, NULL);
	ret = pthread_create(&self.loop_thread, NULL, run_loop, NULL);
	if (ret != 0) {
		errno = ret;
		return postern_error(error_r, "cannot start a thread: %m");
	}
	return 0;
}

/* A store that cannot be read now may come back; until then everything is a temporary failure,
   and the admin should hear of it before the users do. */
static void try_store(const struct postern_generation *generation)
{
	struct postern_store *store = NULL;
	const char *error;

	if (postern_store_pool_take(generation->stores, &store, &error) < 0)
		postern_log(LOG_ERR, "mail will be refused as a temporary failure: %s", error);
	postern_store_pool_give(generation->stores, &store);
}

int postern_daemon_run(const char *path, struct postern_generation *generation,
		       const char **error_r)
{
	const struct postern_config *config = generation->config;

	self.config_path = path;
	postern_signals_block();
	set_limits();
	if (postern_privileges_check(config->user, config->group, error_r) < 0 ||
	    postern_session_table_new(SESSIONS_MAX, &self.table, error_r) < 0 ||
	    postern_dkim_new(&self.dkim, error_r) < 0 || open_sockets(config, error_r) < 0 ||
	    postern_privileges_drop(config->user, config->group, error_r) < 0) {
		postern_generation_unref(&generation);
		return -1;
	}
	try_store(generation);
	postern_generation_ref(generation);
	self.start = generation;
	postern_generation_publish(generation);
	if (start_loop(error_r) < 0 || postern_signals_start(reload, stop, error_r) < 0)
		return -1;
	postern_log(LOG_NOTICE, "started");
	postern_service_manager_ready();
	return postern_milter_run(error_r);
}
