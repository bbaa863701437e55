/* SPDX-License-Identifier: MIT */
#include "page_message.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "secret.h"

#define HEAD 6

void postern_page_message_init(struct postern_page_message *message)
{
	memset(message, 0, sizeof(*message));
}

void postern_page_message_deinit(struct postern_page_message *message)
{
	/* What lies behind size was never written; touching it would cost more than the rest. */
	postern_secret_free_sized((void **)&message->data, message->size);
	postern_page_message_init(message);
}

/* All of the room at once: a block that grew would leave copies of passwords behind. */
static bool has_room(struct postern_page_message *message, size_t size)
{
	if (message->data == NULL)
		message->data = malloc(POSTERN_PAGE_MESSAGE_MAX);
	if (message->data == NULL || message->count == POSTERN_PAGE_VALUES_MAX ||
	    size > POSTERN_PAGE_MESSAGE_MAX - message->size)
		message->spoilt = true;
	return !message->spoilt;
}

static void add(struct postern_page_message *message, const char *name, size_t name_size,
		const void *value, size_t size)
{
	struct postern_page_value *place = &message->values[message->count];

	/* With a NUL behind each of the two. */
	if (name_size > POSTERN_PAGE_MESSAGE_MAX || size > POSTERN_PAGE_MESSAGE_MAX ||
	    !has_room(message, name_size + size + 2)) {
		message->spoilt = true;
		return;
	}
	place->name = message->size;
	place->value = message->size + name_size + 1;
	place->size = size;
	memcpy(message->data + place->name, name, name_size);
	message->data[place->name + name_size] = '\0';
	if (size > 0)
		memcpy(message->data + place->value, value, size);
	message->data[place->value + size] = '\0';
	message->size += name_size + size + 2;
	message->count++;
}

void postern_page_message_add(struct postern_page_message *message, const char *name,
			      const void *value, size_t size)
{
	add(message, name, strlen(name), value, size);
}

void postern_page_message_add_text(struct postern_page_message *message, const char *name,
				   const char *text)
{
	postern_page_message_add(message, name, text, strlen(text));
}

const char *postern_page_message_nth(const struct postern_page_message *message, const char *name,
				     size_t n, size_t *size_r)
{
	for (size_t i = 0; i < message->count; i++) {
		const struct postern_page_value *value = &message->values[i];

		if (strcmp(message->data + value->name, name) == 0 && n-- == 0) {
			*size_r = value->size;
			return message->data + value->value;
		}
	}
	return NULL;
}

const char *postern_page_message_get(const struct postern_page_message *message, const char *name)
{
	size_t size;
	const char *text = postern_page_message_nth(message, name, 0, &size);

	return text != NULL && strlen(text) == size ? text : NULL;
}

static void put_number(unsigned char *octets, size_t count, size_t number)
{
	while (count-- > 0) {
		octets[count] = (unsigned char)number;
		number >>= 8;
	}
}

static size_t get_number(const unsigned char *octets, size_t count)
{
	size_t number = 0;

	while (count-- > 0)
		number = number << 8 | *octets++;
	return number;
}

static int write_all(int fd, const void *data, size_t size, const char **error_r)
{
	const char *rest = data;

	while (size > 0) {
		ssize_t done = send(fd, rest, size, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return postern_error(error_r, "cannot write to the other side: %m");
		rest += done;
		size -= (size_t)done;
	}
	return 0;
}

static int read_all(int fd, void *data, size_t size, const char **error_r)
{
	char *rest = data;

	while (size > 0) {
		ssize_t done = read(fd, rest, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return postern_error(error_r, "cannot read from the other side: %m");
		if (done == 0)
			return postern_error(error_r, "the other side hung up");
		rest += done;
		size -= (size_t)done;
	}
	return 0;
}

static unsigned char *append(unsigned char *end, const void *data, size_t size)
{
	if (size > 0)
		memcpy(end, data, size);
	return end + size;
}

static void encode(const struct postern_page_message *message, size_t total, unsigned char *octets)
{
	put_number(octets, 4, total);
	octets += 4;
	for (size_t i = 0; i < message->count; i++) {
		const struct postern_page_value *value = &message->values[i];
		size_t name_size = strlen(message->data + value->name);

		put_number(octets, 2, name_size);
		put_number(octets + 2, 4, value->size);
		octets = append(octets + HEAD, message->data + value->name, name_size);
		octets = append(octets, message->data + value->value, value->size);
	}
}

/* In one piece: the other side wakes up once. */
int postern_page_message_send(int fd, const struct postern_page_message *message,
			      const char **error_r)
{
	size_t total = 0;
	void *octets;
	int ret;

	if (message->spoilt)
		return postern_error(error_r, "the message is too large, or there is no memory");
	for (size_t i = 0; i < message->count; i++)
		total += HEAD + strlen(message->data + message->values[i].name) +
			message->values[i].size;
	octets = malloc(4 + total);
	if (octets == NULL)
		return postern_error(error_r, "no memory for a message");
	encode(message, total, octets);
	ret = write_all(fd, octets, 4 + total, error_r);
	postern_secret_free_sized(&octets, 4 + total);
	return ret;
}

static int malformed(struct postern_page_message *message, const char **error_r)
{
	postern_page_message_deinit(message);
	return postern_error(error_r, "the other side's message is malformed");
}

int postern_page_message_decode(const void *octets, size_t size,
				struct postern_page_message *message_r, const char **error_r)
{
	const unsigned char *rest = octets;

	postern_page_message_init(message_r);
	while (size > 0) {
		size_t name_size, value_size;

		if (size < HEAD)
			return malformed(message_r, error_r);
		name_size = get_number(rest, 2);
		value_size = get_number(rest + 2, 4);
		rest += HEAD;
		size -= HEAD;
		if (name_size > size || value_size > size - name_size ||
		    memchr(rest, '\0', name_size) != NULL)
			return malformed(message_r, error_r);
		add(message_r, (const char *)rest, name_size, rest + name_size, value_size);
		if (message_r->spoilt)
			return malformed(message_r, error_r);
		rest += name_size + value_size;
		size -= name_size + value_size;
	}
	return 0;
}

int postern_page_message_receive(int fd, struct postern_page_message *message_r,
				 const char **error_r)
{
	unsigned char head[4];
	void *octets = NULL;
	size_t size;
	int ret = -1;

	postern_page_message_init(message_r);
	if (read_all(fd, head, sizeof(head), error_r) < 0)
		return -1;
	size = get_number(head, sizeof(head));
	if (size > POSTERN_PAGE_MESSAGE_MAX)
		return malformed(message_r, error_r);
	octets = malloc(size + 1);
	if (octets == NULL)
		return postern_error(error_r, "no memory for a message");
	if (read_all(fd, octets, size, error_r) == 0)
		ret = postern_page_message_decode(octets, size, message_r, error_r);
	postern_secret_free_sized(&octets, size);
	return ret;
}
