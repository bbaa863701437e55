/* SPDX-License-Identifier: MIT */
#include "zone.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* The longest string of a TXT record (RFC 1035, 3.3). */
#define STRING_MAX 255

void postern_zone_add(struct postern_zone *zone, const char *name, const char *type,
		      const char *data, const char *comment)
{
	POSTERN_MEMORY_GROW(&zone->list, zone->count, &zone->room);
	zone->list[zone->count++] = (struct postern_zone_record){
		.name = postern_memory_copy(name),
		.type = type,
		.data = postern_memory_copy(data),
		.comment = comment == NULL ? NULL : postern_memory_copy(comment),
	};
}

void postern_zone_deinit(struct postern_zone *zone)
{
	for (size_t i = 0; i < zone->count; i++) {
		free(zone->list[i].name);
		free(zone->list[i].data);
		free(zone->list[i].comment);
	}
	free(zone->list);
	*zone = (struct postern_zone){ 0 };
}

static void print_string(FILE *out, const char *text, size_t size)
{
	fputs(" \"", out);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			fputc('\\', out);
		fputc(text[i], out);
	}
	fputc('"', out);
}

static void print_text(FILE *out, const char *text)
{
	size_t left = strlen(text);
	bool several = left > STRING_MAX;

	fputs(several ? " (" : "", out);
	do {
		size_t part = left < STRING_MAX ? left : STRING_MAX;

		print_string(out, text, part);
		text += part;
		left -= part;
	} while (left > 0);
	fputs(several ? " )" : "", out);
}

void postern_zone_print_comment(FILE *out, const char *comment)
{
	while (*comment != '\0') {
		size_t size = strcspn(comment, "\n");

		fprintf(out, "; %.*s\n", (int)size, comment);
		comment += size + (comment[size] == '\n');
	}
}

void postern_zone_print_record(FILE *out, const struct postern_zone_record *record)
{
	if (record->comment != NULL)
		postern_zone_print_comment(out, record->comment);
	fprintf(out, "%s. IN %s", record->name, record->type);
	if (strcmp(record->type, "TXT") == 0)
		print_text(out, record->data);
	else
		fprintf(out, " %s", record->data);
	fputc('\n', out);
}
