/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "fuzz.h"
#include "header_field.h"
#include "mailbox_list.h"

static size_t count_octet(const uint8_t *data, size_t size, char octet)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++)
		count += data[i] == (uint8_t)octet;
	return count;
}

/* Texts stay in their room; no mailbox comes out of nothing; a list ends. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct postern_mailbox_list list;
	struct postern_mailbox mailbox;
	enum postern_mailbox_outcome outcome;
	size_t offset, found = 0;
	char *room;

	if (postern_field_check_octets((const char *)data, size, &offset) != POSTERN_OCTETS_OK)
		return 0;
	room = malloc(POSTERN_MAILBOX_ROOM(size));
	MUST(room != NULL);
	postern_mailbox_list_init(&list, (const char *)data, size, room);
	while ((outcome = postern_mailbox_list_next(&list, &mailbox)) == POSTERN_MAILBOX_FOUND) {
		MUST(mailbox.name.size <= mailbox.all.size);
		MUST(mailbox.comments.size <= mailbox.all.size);
		MUST(mailbox.all.size <= size);
		MUST(mailbox.address.domain[0] != '\0');
		found++;
	}
	MUST(found <= count_octet(data, size, '@'));
	MUST(found <= count_octet(data, size, ',') + 1);
	MUST(outcome != POSTERN_MAILBOX_END || found > 0);
	MUST(outcome != POSTERN_MAILBOX_GROUP || count_octet(data, size, ':') > 0);
	MUST(outcome != POSTERN_MAILBOX_MALFORMED || list.reason != NULL);
	MUST(postern_mailbox_list_next(&list, &mailbox) == POSTERN_MAILBOX_END);
	free(room);
	return 0;
}
