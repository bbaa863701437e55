/* SPDX-License-Identifier: MIT */
#include "login_datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "service.h"

static const char version[] = "postern-login-1";

size_t postern_login_datagram_write(const struct postern_login_record *record,
				   char data_r[POSTERN_LOGIN_DATAGRAM_MAX])
{
	char service[POSTERN_SERVICES_TEXT_MAX], key[POSTERN_FINGERPRINT_TEXT_MAX] = "";

	postern_services_format(record->service, service);
	if (record->has_key)
		postern_fingerprint_format(&record->key, key);
	return (size_t)snprintf(data_r, POSTERN_LOGIN_DATAGRAM_MAX,
		"%s\t%s\t%s\t%s\t%" PRId64 "\t%s\t%s\t%s\t%s\t%s\t%s\t%s", version,
		postern_login_result_word(record->result), record->reason, service,
		record->account_id, record->account, record->asked, record->client,
		postern_login_by_word(record->by), record->label, key, record->tls);
}

/* Reads a field, which has no NUL and no tab; false when it is not what it has to be. */
typedef bool read_field_fn(const char *field, struct postern_login_record *record);

static bool read_text(const char *field, char *text_r, size_t size)
{
	postern_login_text_copy(field, text_r, size);
	return strcmp(field, text_r) == 0;
}

static bool read_version(const char *field, struct postern_login_record *record)
{
	(void)record;
	return strcmp(field, version) == 0;
}

static bool read_result(const char *field, struct postern_login_record *record)
{
	for (int i = 0; i < POSTERN_LOGIN_RESULTS; i++) {
		record->result = (enum postern_login_result)i;
		if (strcmp(postern_login_result_word(record->result), field) == 0)
			return true;
	}
	return false;
}

static bool read_reason(const char *field, struct postern_login_record *record)
{
	return field[strspn(field, "abcdefghijklmnopqrstuvwxyz-")] == '\0' &&
	       (*field == '\0') == (record->result == POSTERN_LOGIN_RESULT_OK) &&
	       read_text(field, record->reason, sizeof(record->reason));
}

static bool read_service(const char *field, struct postern_login_record *record)
{
	const char *error;

	/* One word: "all" and lists are more than a bit. */
	return postern_services_parse(field, &record->service, &error) == 0 &&
	       (record->service & (record->service - 1)) == 0;
}

static bool read_account_id(const char *field, struct postern_login_record *record)
{
	char *end;

	if (*field < '1' || *field > '9')
		return false;
	errno = 0;
	record->account_id = strtoll(field, &end, 10);
	return *end == '\0' && errno == 0;
}

static bool read_account(const char *field, struct postern_login_record *record)
{
	return *field != '\0' && read_text(field, record->account, sizeof(record->account));
}

static bool read_asked(const char *field, struct postern_login_record *record)
{
	return read_text(field, record->asked, sizeof(record->asked));
}

static bool read_client(const char *field, struct postern_login_record *record)
{
	unsigned char octets[sizeof(struct in6_addr)];
	int family = strchr(field, ':') != NULL ? AF_INET6 : AF_INET;

	return (*field == '\0' || inet_pton(family, field, octets) == 1) &&
	       read_text(field, record->client, sizeof(record->client));
}

static bool read_by(const char *field, struct postern_login_record *record)
{
	for (int i = 0; i < POSTERN_LOGIN_BYS; i++) {
		record->by = (enum postern_login_by)i;
		if (strcmp(postern_login_by_word(record->by), field) == 0)
			return true;
	}
	return false;
}

static bool read_label(const char *field, struct postern_login_record *record)
{
	return read_text(field, record->label, sizeof(record->label));
}

static bool read_key(const char *field, struct postern_login_record *record)
{
	const char *error;

	record->has_key = *field != '\0';
	return !record->has_key || (strlen(field) == POSTERN_FINGERPRINT_TEXT_MAX - 1 &&
		postern_fingerprint_parse(field, &record->key, &error) == 0);
}

static bool read_tls(const char *field, struct postern_login_record *record)
{
	postern_login_record_set_tls(record, field);
	return strcmp(field, record->tls) == 0;
}

static const struct {
	const char *name;
	read_field_fn *read;
} fields[] = {
	{ "version", read_version },
	{ "result", read_result },
	{ "reason", read_reason },
	{ "service", read_service },
	{ "account id", read_account_id },
	{ "account", read_account },
	{ "asked", read_asked },
	{ "client", read_client },
	{ "by", read_by },
	{ "label", read_label },
	{ "key", read_key },
	{ "tls", read_tls },
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

int postern_login_datagram_read(const void *data, size_t size,
				struct postern_login_record *record_r, const char **error_r)
{
	char copied[POSTERN_LOGIN_DATAGRAM_MAX];
	char *rest = copied;

	memset(record_r, 0, sizeof(*record_r));
	if (size >= sizeof(copied) || memchr(data, '\0', size) != NULL)
		return postern_error(error_r, "a login record that is too long or has a NUL");
	memcpy(copied, data, size);
	copied[size] = '\0';
	for (size_t i = 0; i < FIELD_COUNT; i++) {
		char *field = strsep(&rest, "\t");

		if (field == NULL || !fields[i].read(field, record_r)) {
			return postern_error(error_r, "a login record without a valid %s",
					     fields[i].name);
		}
	}
	if (rest != NULL)
		return postern_error(error_r, "a login record with more fields than it has");
	return 0;
}

int postern_login_datagram_send(const struct postern_login_record *record, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char data[POSTERN_LOGIN_DATAGRAM_MAX];
	int fd, error = 0;

	if (record->account_id == 0)
		return 0;
	if (strlen(socket_path) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	strcpy(address.sun_path, socket_path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return errno;
	if (sendto(fd, data, postern_login_datagram_write(record, data),
		   MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&address,
		   sizeof(address)) < 0)
		error = errno;
	close(fd);
	return error;
}
