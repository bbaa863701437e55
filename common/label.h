/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_LABEL_H
#define POSTERN_LABEL_H

#include "error.h"

/* What the owner of a key or a password calls it: 1 to POSTERN_KEY_LABEL_MAX - 1 octets of UTF-8
   that can be seen and printed anywhere. A failure is a sentence for the user. */
int postern_label_check(const char *text, const char **error_r) POSTERN_WARN_UNUSED;

#endif
