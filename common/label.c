/* SPDX-License-Identifier: MIT */
#include "label.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#include "key.h"

/* Controls, formats (the bidirectional ones among them), line separators, and what is no character
   or not a public one. */
static bool is_invisible(ucs4_t character)
{
	return uc_is_general_category_withtable(character, UC_CATEGORY_MASK_C |
							   UC_CATEGORY_MASK_Zl |
							   UC_CATEGORY_MASK_Zp);
}

int postern_label_check(const char *text, const char **error_r)
{
	const uint8_t *rest = (const uint8_t *)text;
	size_t size = strlen(text);

	if (size == 0)
		return postern_error(error_r, "a label may not be empty");
	if (size >= POSTERN_KEY_LABEL_MAX)
		return postern_error(error_r, "a label has at most %d octets",
				     POSTERN_KEY_LABEL_MAX - 1);
	if (u8_check(rest, size) != NULL)
		return postern_error(error_r, "a label has to be UTF-8");
	while (*rest != '\0') {
		ucs4_t character;

		rest += u8_mbtouc(&character, rest, strlen((const char *)rest));
		if (is_invisible(character))
			return postern_error(error_r, "U+%04X may not stand in a label",
					     (unsigned)character);
	}
	return 0;
}
