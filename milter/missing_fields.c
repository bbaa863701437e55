/* SPDX-License-Identifier: MIT */
#include "missing_fields.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static struct postern_missing_field *add(struct postern_missing_fields *fields, const char *name)
{
	struct postern_missing_field *field = &fields->list[fields->count++];

	field->name = name;
	return field;
}

static int add_date(struct postern_missing_fields *fields, time_t now, const char **error_r)
{
	struct postern_missing_field *field = add(fields, "Date");
	struct tm local;

	/* The names are English because the locale is never set. */
	if (localtime_r(&now, &local) == NULL ||
	    strftime(field->value, sizeof(field->value), " %a, %d %b %Y %H:%M:%S %z", &local) == 0)
		return postern_error(error_r, "cannot tell the date");
	return 0;
}

static int add_message_id(struct postern_missing_fields *fields, time_t now, const char *domain,
			  const char **error_r)
{
	struct postern_missing_field *field = add(fields, "Message-ID");
	uint64_t random[2];
	int length;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return postern_error(error_r, "cannot get random numbers: %m");
	length = snprintf(field->value, sizeof(field->value), " <%lld.%016llx%016llx@%s>",
			  (long long)now, (unsigned long long)random[0],
			  (unsigned long long)random[1], domain);
	if (length < 0 || (size_t)length >= sizeof(field->value))
		return postern_error(error_r, "the domain of a Message-ID is too long");
	return 0;
}

int postern_missing_fields_make(bool has_date, bool has_message_id, const char *domain,
				struct postern_missing_fields *fields_r, const char **error_r)
{
	time_t now = time(NULL);

	fields_r->count = 0;
	if (!has_date && add_date(fields_r, now, error_r) < 0)
		return -1;
	return has_message_id ? 0 : add_message_id(fields_r, now, domain, error_r);
}
