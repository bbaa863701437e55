/* SPDX-License-Identifier: MIT */
#include "service_manager.h"

#ifdef POSTERN_SYSTEMD

#include <systemd/sd-daemon.h>
#include <time.h>

void postern_service_manager_ready(void)
{
	sd_notify(0, "READY=1");
}

void postern_service_manager_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

void postern_service_manager_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

#else

void postern_service_manager_ready(void)
{
}

void postern_service_manager_reloading(void)
{
}

void postern_service_manager_stopping(void)
{
}

#endif
