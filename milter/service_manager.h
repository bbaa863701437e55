/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_SERVICE_MANAGER_H
#define POSTERN_SERVICE_MANAGER_H

/* Tells systemd how the daemon is (sd_notify(3)); elsewhere nothing. */
void postern_service_manager_ready(void);
void postern_service_manager_reloading(void);
void postern_service_manager_stopping(void);

#endif
