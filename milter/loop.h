/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LOOP_H
#define POSTERN_LOOP_H

#include <stdint.h>

#include "error.h"

/*
 * One thread that waits for many descriptors (epoll(7)), and calls back. Nothing in a callback may
 * block. All functions belong to the thread that runs the loop, or come before it runs. It lives as
 * long as the process.
 */
struct postern_loop;
struct postern_watch;

enum postern_loop_event {
	POSTERN_READABLE = 1 << 0, /* or at its end, or broken: read to find out */
	POSTERN_WRITABLE = 1 << 1,
	POSTERN_TIMEOUT = 1 << 2,  /* the deadline has passed; it is off now */
};

/* events is a set of the above. May remove any watch. */
typedef void postern_loop_fn(unsigned events, void *context);

int postern_loop_new(struct postern_loop **loop_r, const char **error_r) POSTERN_WARN_UNUSED;

/* The descriptor stays the caller's. events: READABLE and WRITABLE, or 0. */
int postern_loop_add(struct postern_loop *loop, int fd, unsigned events, postern_loop_fn *fn,
		     void *context, struct postern_watch **watch_r, const char **error_r)
	POSTERN_WARN_UNUSED;
int postern_loop_change(struct postern_watch *watch, unsigned events, const char **error_r)
	POSTERN_WARN_UNUSED;
/* Before the descriptor is closed. NULL is fine. */
void postern_loop_remove(struct postern_watch **watch);

/* TIMEOUT in so many seconds from now, give or take one; 0 for never. */
void postern_loop_deadline(struct postern_watch *watch, unsigned seconds);

/* Called about once a second, with postern_loop_now. One at a time; NULL for none. */
typedef void postern_loop_tick_fn(int64_t now, void *context);
void postern_loop_tick(struct postern_loop *loop, postern_loop_tick_fn *fn, void *context);

/* Returns only when it fails. */
int postern_loop_run(struct postern_loop *loop, const char **error_r) POSTERN_WARN_UNUSED;

/* Seconds of a clock that never goes back. */
int64_t postern_loop_now(void);

#endif
