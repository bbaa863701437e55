/* SPDX-License-Identifier: MIT */
#include "session_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024 /* a power of two */

struct entry {
	struct entry *next_by_process;
	struct entry *next_by_client;
	struct postern_process process;
	/* Policy connections that are open. */
	unsigned attached;
	int64_t detached_at;
	/* serial is 0 while nothing is known; then it is in no client's bucket. */
	struct postern_session session;
};

struct postern_session_table {
	pthread_mutex_t mutex;
	size_t count;
	size_t max;
	uint64_t last_serial;
	struct entry *by_process[BUCKETS];
	struct entry *by_client[BUCKETS];
};

static bool same_process(const struct postern_process *a, const struct postern_process *b)
{
	return a->pid == b->pid && a->start_time == b->start_time;
}

/* What a process's next client must not inherit is wherever this says false. */
static bool same_session(const struct postern_session *a, const struct postern_session *b)
{
	return postern_endpoint_equal(&a->client, &b->client) &&
	       postern_endpoint_equal(&a->server, &b->server) &&
	       strcmp(a->protocol, b->protocol) == 0;
}

static struct entry **process_bucket(struct postern_session_table *table,
				     const struct postern_process *process)
{
	return &table->by_process[(size_t)process->pid % BUCKETS];
}

static struct entry **client_bucket(struct postern_session_table *table,
				    const struct postern_endpoint *client)
{
	uint32_t hash = client->port;

	for (size_t i = 0; i < sizeof(client->address.s6_addr); i++)
		hash = (hash ^ client->address.s6_addr[i]) * 16777619u;
	return &table->by_client[hash % BUCKETS];
}

static struct entry *find(struct postern_session_table *table,
			  const struct postern_process *process)
{
	struct entry *entry = *process_bucket(table, process);

	while (entry != NULL && !same_process(&entry->process, process))
		entry = entry->next_by_process;
	return entry;
}

/* The entry stays, with nothing in it. */
static void empty(struct postern_session_table *table, struct entry *entry)
{
	struct entry **link;

	if (entry->session.serial == 0)
		return;
	link = client_bucket(table, &entry->session.client);
	while (*link != entry)
		link = &(*link)->next_by_client;
	*link = entry->next_by_client;
	memset(&entry->session, 0, sizeof(entry->session));
}

static void fill(struct postern_session_table *table, struct entry *entry,
		 const struct postern_session *session)
{
	struct entry **link = client_bucket(table, &session->client);

	empty(table, entry);
	entry->session = *session;
	entry->next_by_client = *link;
	*link = entry;
}

static void forget(struct postern_session_table *table, struct entry *entry)
{
	struct entry **link = process_bucket(table, &entry->process);

	empty(table, entry);
	while (*link != entry)
		link = &(*link)->next_by_process;
	*link = entry->next_by_process;
	free(entry);
	table->count--;
}

static bool expired(const struct entry *entry, int64_t now)
{
	return entry->attached == 0 &&
	       (entry->session.serial == 0 ||
		now - entry->detached_at >= POSTERN_SESSION_DETACHED_MAX);
}

static void forget_expired(struct postern_session_table *table, int64_t now)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		struct entry *next;

		for (struct entry *entry = table->by_process[i]; entry != NULL; entry = next) {
			next = entry->next_by_process;
			if (expired(entry, now))
				forget(table, entry);
		}
	}
}

/* The longest detached, when there is no room for one who is here. */
static bool forget_oldest(struct postern_session_table *table)
{
	struct entry *oldest = NULL;

	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct entry *entry = table->by_process[i]; entry != NULL;
		     entry = entry->next_by_process) {
			if (entry->attached == 0 &&
			    (oldest == NULL || entry->detached_at < oldest->detached_at))
				oldest = entry;
		}
	}
	if (oldest != NULL)
		forget(table, oldest);
	return oldest != NULL;
}

int postern_session_table_new(size_t max, struct postern_session_table **table_r,
			      const char **error_r)
{
	struct postern_session_table *table = calloc(1, sizeof(*table));
	int ret;

	if (table == NULL)
		return postern_error(error_r, "cannot make the table of sessions: %m");
	ret = pthread_mutex_init(&table->mutex, NULL);
	if (ret != 0) {
		free(table);
		errno = ret;
		return postern_error(error_r, "cannot make the table of sessions: %m");
	}
	table->max = max;
	*table_r = table;
	return 0;
}

void postern_session_table_free(struct postern_session_table **table)
{
	if (*table == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((*table)->by_process[i] != NULL)
			forget(*table, (*table)->by_process[i]);
	}
	pthread_mutex_destroy(&(*table)->mutex);
	free(*table);
	*table = NULL;
}

static int attach(struct postern_session_table *table, const struct postern_process *process,
		  int64_t now, const char **error_r)
{
	struct entry *entry = find(table, process);
	struct entry **link;

	if (entry == NULL) {
		if (table->count >= table->max)
			forget_expired(table, now);
		if (table->count >= table->max && !forget_oldest(table)) {
			return postern_error(error_r, "more than %zu smtpd processes ask at a "
					     "time", table->max);
		}
		entry = calloc(1, sizeof(*entry));
		if (entry == NULL)
			return postern_error(error_r, "cannot keep one more session: %m");
		entry->process = *process;
		link = process_bucket(table, process);
		entry->next_by_process = *link;
		*link = entry;
		table->count++;
	}
	entry->attached++;
	return 0;
}

int postern_session_table_attach(struct postern_session_table *table,
				 const struct postern_process *process, int64_t now,
				 const char **error_r)
{
	int ret;

	pthread_mutex_lock(&table->mutex);
	ret = attach(table, process, now, error_r);
	pthread_mutex_unlock(&table->mutex);
	return ret;
}

void postern_session_table_detach(struct postern_session_table *table,
				  const struct postern_process *process, int64_t now)
{
	struct entry *entry;

	pthread_mutex_lock(&table->mutex);
	entry = find(table, process);
	if (entry != NULL && entry->attached > 0 && --entry->attached == 0) {
		entry->detached_at = now;
		if (entry->session.serial == 0)
			forget(table, entry);
	}
	pthread_mutex_unlock(&table->mutex);
}

/* A CONNECT of a client that another entry has at the same server means that the other is over:
   no two connections have both ends in common. */
static void empty_others(struct postern_session_table *table, const struct entry *own,
			 const struct postern_session *session)
{
	struct entry *next;

	if (session->client.port == 0)
		return;
	for (struct entry *entry = *client_bucket(table, &session->client); entry != NULL;
	     entry = next) {
		next = entry->next_by_client;
		if (entry != own &&
		    postern_endpoint_equal(&entry->session.client, &session->client) &&
		    postern_endpoint_equal(&entry->session.server, &session->server))
			empty(table, entry);
	}
}

int postern_session_table_renew(struct postern_session_table *table,
				struct postern_session *session, const char **error_r)
{
	struct entry *entry;
	int ret = 0;

	pthread_mutex_lock(&table->mutex);
	entry = find(table, &session->process);
	if (entry == NULL) {
		ret = postern_error(error_r, "smtpd process %ld asks, and never came in",
				    (long)session->process.pid);
		goto out;
	}
	if (session->stage == POSTERN_STAGE_CONNECT)
		empty_others(table, entry, session);
	session->at_milter = entry->session.at_milter && session->stage == POSTERN_STAGE_RCPT;
	session->serial = entry->session.serial;
	if (session->serial == 0 || session->stage == POSTERN_STAGE_CONNECT ||
	    !same_session(&entry->session, session)) {
		session->serial = ++table->last_serial;
		session->at_milter = false;
	}
	fill(table, entry, session);
out:
	pthread_mutex_unlock(&table->mutex);
	return ret;
}

static void copy(const struct entry *entry, struct postern_session *session_r)
{
	*session_r = entry->session;
	session_r->attached = entry->attached > 0;
}

int postern_session_table_find_process(struct postern_session_table *table,
				       const struct postern_process *process, int64_t now,
				       struct postern_session *session_r)
{
	int ret = POSTERN_SESSION_MISSING;
	struct entry *entry;

	pthread_mutex_lock(&table->mutex);
	entry = find(table, process);
	if (entry != NULL && entry->session.serial != 0 && !expired(entry, now)) {
		copy(entry, session_r);
		ret = POSTERN_SESSION_FOUND;
	}
	pthread_mutex_unlock(&table->mutex);
	return ret;
}

static bool server_agrees(const struct postern_endpoint *a, const struct postern_endpoint *b)
{
	return a->port == 0 || b->port == 0 || postern_endpoint_equal(a, b);
}

int postern_session_table_find_client(struct postern_session_table *table,
				      const struct postern_endpoint *client,
				      const struct postern_endpoint *server, int64_t now,
				      struct postern_session *session_r)
{
	int ret = POSTERN_SESSION_MISSING;
	struct entry *found = NULL;

	pthread_mutex_lock(&table->mutex);
	for (struct entry *entry = *client_bucket(table, client); entry != NULL;
	     entry = entry->next_by_client) {
		if (expired(entry, now) ||
		    !postern_endpoint_equal(&entry->session.client, client) ||
		    !server_agrees(&entry->session.server, server))
			continue;
		if (ret == POSTERN_SESSION_FOUND) {
			ret = POSTERN_SESSION_AMBIGUOUS;
			break;
		}
		found = entry;
		ret = POSTERN_SESSION_FOUND;
	}
	if (ret == POSTERN_SESSION_FOUND) {
		found->session.at_milter = true;
		copy(found, session_r);
	}
	pthread_mutex_unlock(&table->mutex);
	return ret;
}

void postern_session_table_end(struct postern_session_table *table,
			       const struct postern_session *session)
{
	struct entry *entry;

	pthread_mutex_lock(&table->mutex);
	entry = *client_bucket(table, &session->client);
	while (entry != NULL && entry->session.serial != session->serial)
		entry = entry->next_by_client;
	if (entry != NULL)
		empty(table, entry);
	pthread_mutex_unlock(&table->mutex);
}

void postern_session_table_expire(struct postern_session_table *table, int64_t now)
{
	pthread_mutex_lock(&table->mutex);
	forget_expired(table, now);
	pthread_mutex_unlock(&table->mutex);
}

size_t postern_session_table_count(struct postern_session_table *table)
{
	size_t count;

	pthread_mutex_lock(&table->mutex);
	count = table->count;
	pthread_mutex_unlock(&table->mutex);
	return count;
}
