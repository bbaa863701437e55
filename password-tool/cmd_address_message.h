/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_CMD_ADDRESS_MESSAGE_H
#define POSTERN_CMD_ADDRESS_MESSAGE_H

#include "command.h"

/* "address check" for a message in a file ("-" is stdin): what the sender rule says of it. Returns an
   exit code, 1 when the rule refuses it. */
int postern_cmd_address_message(struct postern_command *command, const char *path);

#endif
