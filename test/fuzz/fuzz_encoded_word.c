/* SPDX-License-Identifier: MIT */
#include <string.h>

#include <unistr.h>

#include "encoded_word.h"
#include "fuzz.h"

/* UTF-8 stays UTF-8 and is bounded; nothing that could be decoded is left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct postern_decoded decoded;
	const char *error = NULL;
	char *room;
	int ret;

	if (u8_check(data, size) != NULL)
		return 0;
	room = malloc(POSTERN_DECODED_ROOM(size));
	MUST(room != NULL || size == 0);
	ret = postern_encoded_words_decode((const char *)data, size, room, &decoded, &error);
	MUST(ret >= 0);
	MUST(decoded.size <= 3 * size && decoded.octets_size <= size);
	if (ret == POSTERN_ENCODED_OK) {
		MUST(u8_check((uint8_t *)decoded.text, decoded.size) == NULL);
		MUST(!postern_encoded_word_present(decoded.text, decoded.size));
		if (!postern_encoded_word_present((const char *)data, size))
			MUST(decoded.size == size && memcmp(decoded.text, data, size) == 0);
	} else {
		MUST(decoded.found != NULL && decoded.found_size > 0);
	}
	free(room);
	return 0;
}
