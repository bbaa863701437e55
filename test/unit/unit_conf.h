/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_UNIT_CONF_H
#define POSTERN_UNIT_CONF_H

#include "unit.h"

/* A place for a postern.conf, for those who read one. */

static char folder[PATH_MAX];
static char path[PATH_MAX + 16];

static int set_up(void **state)
{
	(void)state;
	unit_folder_make(folder);
	snprintf(path, sizeof(path), "%s/postern.conf", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unit_folder_remove(folder);
	return 0;
}

#endif
