/* SPDX-License-Identifier: MIT */
#include "missing_fields.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

int postern_missing_fields_date(time_t now, char text_r[POSTERN_DATE_MAX], const char **error_r)
{
	struct tm local;

	/* The names are English because the locale is never set. */
	if (localtime_r(&now, &local) == NULL ||
	    strftime(text_r, POSTERN_DATE_MAX, "%a, %d %b %Y %H:%M:%S %z", &local) == 0)
		return postern_error(error_r, "cannot tell the date");
	return 0;
}

int postern_missing_fields_message_id(time_t now, const char *domain,
				      char text_r[POSTERN_MESSAGE_ID_MAX], const char **error_r)
{
	uint64_t random[2];
	int length;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return postern_error(error_r, "cannot get random numbers: %m");
	length = snprintf(text_r, POSTERN_MESSAGE_ID_MAX, "<%lld.%016llx%016llx@%s>",
			  (long long)now, (unsigned long long)random[0],
			  (unsigned long long)random[1], domain);
	if (length < 0 || length >= POSTERN_MESSAGE_ID_MAX)
		return postern_error(error_r, "the domain of a Message-ID is too long");
	return 0;
}
