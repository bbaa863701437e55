/* SPDX-License-Identifier: MIT */
#include "sender_maps.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "escape.h"
#include "sender_table.h"
#include "socketmap_client.h"

#define KEY_MAX (2 * POSTERN_ADDRESS_MAX + 2)

struct map {
	/* Of a text; else NULL. */
	struct postern_sender_table *table;
	/* Of a socketmap: where, and its table there. */
	char *socket, *name;
};

struct postern_sender_maps {
	size_t count;
	struct map list[];
};

static const char *const text_types[] = { "texthash:", "hash:", "lmdb:", "btree:", "cdb:" };
static const char socket_type[] = "socketmap:unix:";

/* The path behind "type:", or NULL. */
static const char *path_of_text(const char *map)
{
	for (size_t i = 0; i < sizeof(text_types) / sizeof(text_types[0]); i++) {
		size_t size = strlen(text_types[i]);

		if (strncmp(map, text_types[i], size) == 0 && map[size] == '/')
			return map + size;
	}
	return NULL;
}

/* "/path:table" behind "socketmap:unix:", or NULL. */
static const char *place_of_socket(const char *map)
{
	const char *place = map + strlen(socket_type), *colon;

	if (strncmp(map, socket_type, strlen(socket_type)) != 0 || *place != '/')
		return NULL;
	colon = strrchr(place, ':');
	return colon != NULL && colon[1] != '\0' ? place : NULL;
}

int postern_sender_map_check(const char *map, const char **error_r)
{
	char shown[128];

	if (path_of_text(map) != NULL || place_of_socket(map) != NULL)
		return 0;
	return postern_error(error_r, "expected texthash:/FILE, hash:/FILE or "
			     "socketmap:unix:/SOCKET:TABLE, not \"%s\"",
			     postern_escape(map, strlen(map), shown, sizeof(shown)));
}

static int map_init(struct map *map, const char *text, const char **error_r)
{
	const char *path = path_of_text(text);
	const char *place = place_of_socket(text);
	const char *colon;

	if (postern_sender_map_check(text, error_r) < 0)
		return -1;
	if (path != NULL)
		return postern_sender_table_new(path, &map->table, error_r);
	colon = strrchr(place, ':');
	map->socket = strndup(place, (size_t)(colon - place));
	map->name = strdup(colon + 1);
	return map->socket != NULL && map->name != NULL ?
	       0 : postern_error(error_r, "no memory for %s", text);
}

int postern_sender_maps_new(char *const *texts, struct postern_sender_maps **maps_r,
			    const char **error_r)
{
	struct postern_sender_maps *maps;
	size_t count = 0;

	while (texts[count] != NULL)
		count++;
	maps = calloc(1, sizeof(*maps) + count * sizeof(maps->list[0]));
	if (maps == NULL)
		return postern_error(error_r, "no memory for the sender login maps");
	while (maps->count < count) {
		size_t i = maps->count++;

		if (map_init(&maps->list[i], texts[i], error_r) < 0) {
			postern_sender_maps_free(&maps);
			return -1;
		}
	}
	*maps_r = maps;
	return 0;
}

void postern_sender_maps_free(struct postern_sender_maps **maps)
{
	if (*maps == NULL)
		return;
	for (size_t i = 0; i < (*maps)->count; i++) {
		struct map *map = &(*maps)->list[i];

		postern_sender_table_free(&map->table);
		free(map->socket);
		free(map->name);
	}
	free(*maps);
	*maps = NULL;
}

static int find(struct postern_sender_maps *maps, const char *key, char **value_r,
		const char **error_r)
{
	*value_r = NULL;
	for (size_t i = 0; i < maps->count && *value_r == NULL; i++) {
		struct map *map = &maps->list[i];
		int ret = map->table != NULL ?
			  postern_sender_table_find(map->table, key, value_r, error_r) :
			  postern_socketmap_client_find(map->socket, map->name, key, value_r, error_r);

		if (ret < 0)
			return -1;
	}
	return 0;
}

/* As smtpd compares: logins between commas and blanks, without case. */
static bool names(const char *value, const char *login)
{
	static const char separators[] = ", \t\r\n";

	for (value += strspn(value, separators); *value != '\0';
	     value += strspn(value, separators)) {
		size_t size = strcspn(value, separators);

		if (size == strlen(login) && strncasecmp(value, login, size) == 0)
			return true;
		value += size;
	}
	return false;
}

/* The keys in smtpd's order; the first that there is decides. */
static int look_up(struct postern_sender_maps *maps, const struct postern_address *address,
		   char delimiter, char **value_r, const char **error_r)
{
	struct postern_address base;
	char key[KEY_MAX];

	postern_address_format(address, key, sizeof(key));
	if (find(maps, key, value_r, error_r) < 0)
		return -1;
	if (*value_r == NULL && delimiter != '\0' &&
	    postern_address_base(address, delimiter, &base)) {
		postern_address_format(&base, key, sizeof(key));
		if (find(maps, key, value_r, error_r) < 0)
			return -1;
	}
	if (*value_r != NULL)
		return 0;
	snprintf(key, sizeof(key), "@%s", address->domain);
	return find(maps, key, value_r, error_r);
}

int postern_sender_maps_check(struct postern_sender_maps *maps, const char *login,
			      const struct postern_address *address, char delimiter,
			      const char **error_r)
{
	char *value = NULL;
	int ret = POSTERN_SENDER_MAPS_NOT_OWN;

	if (look_up(maps, address, delimiter, &value, error_r) < 0)
		return -1;
	if (value != NULL && names(value, login))
		ret = POSTERN_SENDER_MAPS_OWN;
	free(value);
	return ret;
}
