/* SPDX-License-Identifier: MIT */
#include "record_collector.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "generation.h"
#include "log.h"
#include "login_datagram.h"
#include "login_journal.h"

/* Records that wait for the disk, and how many of them one transaction takes. */
#define WAITING_MAX 1024
#define BATCH_MAX 64
/* Milliseconds that the first of a batch waits for others: a transaction is two or three flushes to the
   disk, which would be a good part of what a login costs. */
#define GATHER_MSECS 250
/* Seconds that the end of the daemon waits for the disk. */
#define FINISH_SECONDS 5
/* Enough for all that systemd lets a socket hold. */
#define FINISH_ROUNDS 16
/* Datagrams that are taken in a row, so that nobody can keep the loop from its other work. */
#define RECEIVE_MAX 64
/* Seconds between two complaints, and between two looks for accounts that are gone. */
#define HOUR 3600

struct postern_record_collector {
	int fd;
	struct postern_watch *watch;
	pthread_t thread;

	pthread_mutex_t mutex;
	pthread_cond_t arrived, written;
	/* A ring. */
	struct postern_login_record waiting[WAITING_MAX];
	size_t first, count;
	/* A batch is on its way to the disk. */
	bool writing;
	/* Nothing is waited for any more. */
	bool ending;
	/* Records lost since the log last said that recording works. */
	unsigned lost;
	/* What went wrong on the loop, static; NULL for nothing. */
	const char *trouble;

	/* The thread's own. */
	struct postern_login_record batch[BATCH_MAX];
	int64_t complained_at;
	bool complained;
	int64_t swept_at;
};

/* ---- on the loop ---- */

/* Who fills the socket shall not fill the log as well: the thread complains, when it is time. */
static void lose(struct postern_record_collector *collector, const char *trouble, size_t count)
{
	pthread_mutex_lock(&collector->mutex);
	collector->lost += (unsigned)count;
	if (trouble != NULL)
		collector->trouble = trouble;
	pthread_cond_signal(&collector->arrived);
	pthread_mutex_unlock(&collector->mutex);
}

/* False when there is no room. */
static bool put(struct postern_record_collector *collector,
		const struct postern_login_record *record)
{
	bool room;

	pthread_mutex_lock(&collector->mutex);
	room = collector->count < WAITING_MAX;
	if (room)
		collector->waiting[(collector->first + collector->count++) % WAITING_MAX] = *record;
	if (collector->count == 1 || collector->count >= BATCH_MAX)
		pthread_cond_signal(&collector->arrived);
	pthread_mutex_unlock(&collector->mutex);
	return room;
}

/* False when there may be more. */
static bool receive(struct postern_record_collector *collector)
{
	char data[POSTERN_LOGIN_DATAGRAM_MAX];

	for (int i = 0; i < RECEIVE_MAX; i++) {
		struct postern_login_record record;
		const char *error;
		/* With MSG_TRUNC it is the size that was sent, and one too long is not taken for
		   its beginning. */
		ssize_t size = recv(collector->fd, data, sizeof(data), MSG_DONTWAIT | MSG_TRUNC);

		if (size < 0)
			return true;
		if (postern_login_datagram_read(data, (size_t)size, &record, &error) < 0)
			lose(collector, "one came in a form that is not known here: restart "
			     "Dovecot, if postern is another version now", 1);
		else if (!put(collector, &record))
			lose(collector, "they come faster than the disk takes them", 1);
	}
	return false;
}

static void on_event(unsigned events, void *context)
{
	(void)events;
	(void)receive(context);
}

/* ---- on the thread ---- */

static struct timespec after(int64_t msecs)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	time.tv_sec += msecs / 1000;
	time.tv_nsec += msecs % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

/* Until there is a batch, or its first record has waited long enough. With the mutex. */
static void gather(struct postern_record_collector *collector)
{
	const struct timespec until = after(GATHER_MSECS);

	while (collector->count > 0 && collector->count < BATCH_MAX && !collector->ending &&
	       pthread_cond_timedwait(&collector->arrived, &collector->mutex, &until) != ETIMEDOUT)
		;
}

/* Waits for something to do. Returns how many records there are in the batch. */
static size_t take(struct postern_record_collector *collector, const char **trouble_r)
{
	struct timespec until = { .tv_sec = collector->swept_at + HOUR };
	size_t count = 0;

	pthread_mutex_lock(&collector->mutex);
	while (collector->count == 0 && collector->trouble == NULL &&
	       pthread_cond_timedwait(&collector->arrived, &collector->mutex, &until) != ETIMEDOUT)
		;
	gather(collector);
	for (; count < BATCH_MAX && collector->count > 0; count++, collector->count--) {
		collector->batch[count] = collector->waiting[collector->first];
		collector->first = (collector->first + 1) % WAITING_MAX;
	}
	*trouble_r = collector->trouble;
	collector->trouble = NULL;
	collector->writing = true;
	pthread_mutex_unlock(&collector->mutex);
	return count;
}

/* Gives how many were lost, and begins to count anew where the log is about to say so. */
static unsigned count_lost(struct postern_record_collector *collector, bool anew)
{
	unsigned lost;

	pthread_mutex_lock(&collector->mutex);
	lost = collector->lost;
	if (anew)
		collector->lost = 0;
	pthread_mutex_unlock(&collector->mutex);
	return lost;
}

static void complain(struct postern_record_collector *collector, const char *trouble)
{
	int64_t now = postern_loop_now();

	if (collector->complained_at != 0 && now - collector->complained_at < HOUR)
		return;
	collector->complained_at = now;
	collector->complained = true;
	postern_log(LOG_ERR, "logins go on, but %u were not recorded: %s",
		    count_lost(collector, false), trouble);
}

static void take_back(struct postern_record_collector *collector)
{
	if (!collector->complained)
		return;
	collector->complained = false;
	postern_log(LOG_NOTICE, "logins are recorded again; %u were not",
		    count_lost(collector, true));
}

static int exists(int64_t account_id, const char *name, void *context, const char **error_r)
{
	struct postern_store *store = context;
	struct postern_account account;
	int ret = postern_store_account_find(store, name, &account, error_r);

	if (ret < 0)
		return -1;
	return ret == POSTERN_STORE_OK && account.id == account_id;
}

/* Leaves the records of accounts that there are. */
static int select_known(struct postern_store *store, struct postern_login_record *batch,
			size_t *count, const char **error_r)
{
	size_t known = 0;

	for (size_t i = 0; i < *count; i++) {
		int ret = exists(batch[i].account_id, batch[i].account, store, error_r);

		if (ret < 0)
			return -1;
		if (ret == 1)
			batch[known++] = batch[i];
	}
	*count = known;
	return 0;
}

static int write_batch(struct postern_record_collector *collector,
		       const struct postern_config *config, struct postern_store *store,
		       size_t count, const char **error_r)
{
	if (select_known(store, collector->batch, &count, error_r) < 0)
		return -1;
	return count == 0 ? 0 : postern_login_journal_append(config, collector->batch, count,
							     time(NULL), error_r);
}

/* Writes what is in the batch, and sweeps when it is time. */
static int work(struct postern_record_collector *collector, size_t count, const char **error_r)
{
	struct postern_generation *generation = postern_generation_get();
	bool sweeps = postern_loop_now() >= collector->swept_at + HOUR;
	struct postern_store *store = NULL;
	int ret;

	if (sweeps)
		collector->swept_at = postern_loop_now();
	ret = postern_store_pool_take(generation->stores, &store, error_r);
	if (ret == 0)
		ret = write_batch(collector, generation->config, store, count, error_r);
	if (ret == 0 && sweeps)
		ret = postern_login_journal_sweep(generation->config, exists, store, error_r);
	postern_store_pool_give(generation->stores, &store);
	postern_generation_unref(&generation);
	return ret;
}

static void end_batch(struct postern_record_collector *collector)
{
	pthread_mutex_lock(&collector->mutex);
	collector->writing = false;
	pthread_cond_broadcast(&collector->written);
	pthread_mutex_unlock(&collector->mutex);
}

static void *run(void *context)
{
	struct postern_record_collector *collector = context;

	for (;;) {
		const char *trouble, *error;
		size_t count = take(collector, &trouble);

		if (work(collector, count, &error) < 0) {
			lose(collector, NULL, count);
			trouble = error;
		}
		if (trouble != NULL)
			complain(collector, trouble);
		else if (count > 0)
			take_back(collector);
		end_batch(collector);
	}
	return NULL;
}

static int start(struct postern_record_collector *collector, const char **error_r)
{
	pthread_condattr_t monotonic;
	int ret;

	/* As postern_loop_now is. */
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&collector->arrived, &monotonic);
	pthread_cond_init(&collector->written, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&collector->mutex, NULL);
	collector->swept_at = postern_loop_now() - HOUR;
	ret = pthread_create(&collector->thread, NULL, run, collector);
	if (ret == 0)
		return 0;
	errno = ret;
	return postern_error(error_r, "cannot start the thread that records logins: %m");
}

int postern_record_collector_new(struct postern_loop *loop, int fd,
				 struct postern_record_collector **collector_r,
				 const char **error_r)
{
	struct postern_record_collector *collector = calloc(1, sizeof(*collector));

	if (collector == NULL)
		return postern_error(error_r, "cannot keep login records: %m");
	collector->fd = fd;
	if (postern_loop_add(loop, fd, POSTERN_READABLE, on_event, collector, &collector->watch,
			     error_r) < 0 ||
	    start(collector, error_r) < 0) {
		postern_loop_remove(&collector->watch);
		free(collector);
		return -1;
	}
	*collector_r = collector;
	return 0;
}

void postern_record_collector_finish(struct postern_record_collector *collector)
{
	const struct timespec until = after(1000 * FINISH_SECONDS);

	/* What lies in the socket and the loop has not come to. */
	for (int i = 0; i < FINISH_ROUNDS && !receive(collector); i++)
		;
	pthread_mutex_lock(&collector->mutex);
	collector->ending = true;
	pthread_cond_signal(&collector->arrived);
	while ((collector->count > 0 || collector->writing) &&
	       pthread_cond_timedwait(&collector->written, &collector->mutex, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&collector->mutex);
}
