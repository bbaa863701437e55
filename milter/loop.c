/* SPDX-License-Identifier: MIT */
#include "loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_AT_ONCE 64

struct postern_watch {
	struct postern_loop *loop;
	struct postern_watch *next;
	struct postern_watch **link; /* what points at this one */
	int fd;
	postern_loop_fn *fn;
	void *context;
	int64_t deadline; /* 0 for none */
	/* Removed in the middle of a round: an event for it may still be in the batch. */
	bool removed;
};

struct postern_loop {
	int epoll_fd;
	bool running;
	struct postern_watch *watches;
	struct postern_watch *removed;
	postern_loop_tick_fn *tick;
	void *tick_context;
	int64_t ticked_at;
};

int64_t postern_loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static uint32_t to_epoll(unsigned events)
{
	return ((events & POSTERN_READABLE) != 0 ? EPOLLIN | EPOLLRDHUP : 0) |
	       ((events & POSTERN_WRITABLE) != 0 ? EPOLLOUT : 0);
}

static unsigned from_epoll(uint32_t events)
{
	/* A hang-up or an error shows in the next read, whoever waits for what. */
	return ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 ?
		POSTERN_READABLE : 0) |
	       ((events & EPOLLOUT) != 0 ? POSTERN_WRITABLE : 0);
}

int postern_loop_new(struct postern_loop **loop_r, const char **error_r)
{
	struct postern_loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return postern_error(error_r, "cannot make an event loop: %m");
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		postern_error(error_r, "cannot make an event loop: %m");
		free(loop);
		return -1;
	}
	*loop_r = loop;
	return 0;
}

static void free_removed(struct postern_loop *loop)
{
	while (loop->removed != NULL) {
		struct postern_watch *watch = loop->removed;

		loop->removed = watch->next;
		free(watch);
	}
}

int postern_loop_add(struct postern_loop *loop, int fd, unsigned events, postern_loop_fn *fn,
		     void *context, struct postern_watch **watch_r, const char **error_r)
{
	struct postern_watch *watch = calloc(1, sizeof(*watch));
	struct epoll_event event = { .events = to_epoll(events), .data.ptr = watch };

	if (watch == NULL)
		return postern_error(error_r, "cannot wait for one more descriptor: %m");
	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		postern_error(error_r, "cannot wait for one more descriptor: %m");
		free(watch);
		return -1;
	}
	watch->loop = loop;
	watch->fd = fd;
	watch->fn = fn;
	watch->context = context;
	watch->next = loop->watches;
	watch->link = &loop->watches;
	if (watch->next != NULL)
		watch->next->link = &watch->next;
	loop->watches = watch;
	*watch_r = watch;
	return 0;
}

int postern_loop_change(struct postern_watch *watch, unsigned events, const char **error_r)
{
	struct epoll_event event = { .events = to_epoll(events), .data.ptr = watch };

	if (epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event) < 0)
		return postern_error(error_r, "cannot wait for a descriptor: %m");
	return 0;
}

void postern_loop_remove(struct postern_watch **watch)
{
	struct postern_watch *gone = *watch;

	if (gone == NULL)
		return;
	*watch = NULL;
	epoll_ctl(gone->loop->epoll_fd, EPOLL_CTL_DEL, gone->fd, NULL);
	*gone->link = gone->next;
	if (gone->next != NULL)
		gone->next->link = gone->link;
	gone->removed = true;
	gone->next = gone->loop->removed;
	gone->loop->removed = gone;
	if (!gone->loop->running)
		free_removed(gone->loop);
}

void postern_loop_deadline(struct postern_watch *watch, unsigned seconds)
{
	watch->deadline = seconds == 0 ? 0 : postern_loop_now() + seconds;
}

void postern_loop_tick(struct postern_loop *loop, postern_loop_tick_fn *fn, void *context)
{
	loop->tick = fn;
	loop->tick_context = context;
}

/* A callback may remove any watch, so after each one that was called the walk begins anew; the
   deadline of that one is off, which ends it. */
static void time_out(struct postern_loop *loop, int64_t now)
{
	struct postern_watch *watch = loop->watches;

	while (watch != NULL) {
		if (watch->deadline == 0 || watch->deadline > now) {
			watch = watch->next;
			continue;
		}
		watch->deadline = 0;
		watch->fn(POSTERN_TIMEOUT, watch->context);
		watch = loop->watches;
	}
}

static void once_a_second(struct postern_loop *loop)
{
	int64_t now = postern_loop_now();

	if (now == loop->ticked_at)
		return;
	loop->ticked_at = now;
	time_out(loop, now);
	if (loop->tick != NULL)
		loop->tick(now, loop->tick_context);
}

int postern_loop_run(struct postern_loop *loop, const char **error_r)
{
	struct epoll_event events[EVENTS_AT_ONCE];

	loop->running = true;
	for (;;) {
		int count = epoll_wait(loop->epoll_fd, events, EVENTS_AT_ONCE, 1000);

		if (count < 0 && errno != EINTR)
			return postern_error(error_r, "cannot wait for events: %m");
		for (int i = 0; i < count; i++) {
			struct postern_watch *watch = events[i].data.ptr;

			if (!watch->removed)
				watch->fn(from_epoll(events[i].events), watch->context);
		}
		once_a_second(loop);
		free_removed(loop);
	}
}
