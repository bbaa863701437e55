/* SPDX-License-Identifier: MIT */
#include "milter_client.h"

#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

/* One write a packet burst: the bench measures the milter, not our system calls. */
#define OUT_MAX (256 * 1024)
#define CHUNK_MAX 65535

struct out {
	char data[OUT_MAX];
	size_t size;
};

static struct out out;

static void out_flush(int fd)
{
	size_t done = 0;

	while (done < out.size) {
		ssize_t n = write(fd, out.data + done, out.size - done);

		if (n < 0)
			err(1, "writing to the milter");
		done += (size_t)n;
	}
	out.size = 0;
}

static void out_packet(int fd, char command, const void *data, size_t size)
{
	uint32_t length = htonl((uint32_t)size + 1);

	if (out.size + size + 5 > OUT_MAX)
		out_flush(fd);
	if (size + 5 > OUT_MAX)
		errx(1, "a milter packet of %zu octets", size);
	memcpy(out.data + out.size, &length, 4);
	out.data[out.size + 4] = command;
	if (size > 0)
		memcpy(out.data + out.size + 5, data, size);
	out.size += size + 5;
}

static void read_all(int fd, void *data, size_t size)
{
	char *at = data;

	while (size > 0) {
		ssize_t n = read(fd, at, size);

		if (n <= 0)
			err(1, "the milter hung up");
		at += n;
		size -= (size_t)n;
	}
}

/* Reads one packet; returns its command. data_r is cut at size and NUL-terminated. */
static char in_packet(int fd, char *data_r, size_t size, size_t *size_r)
{
	static char packet[1024 * 1024];
	uint32_t length;

	read_all(fd, &length, 4);
	length = ntohl(length);
	if (length == 0 || length > sizeof(packet))
		errx(1, "the milter sent a packet of %u octets", length);
	read_all(fd, packet, length);
	*size_r = length - 1 < size - 1 ? length - 1 : size - 1;
	memcpy(data_r, packet + 1, *size_r);
	data_r[*size_r] = '\0';
	return packet[0];
}

/* Packs strings with their NULs; the list ends with NULL. */
static size_t pack(char *to, size_t max, const char *const *strings)
{
	size_t size = 0;

	for (; *strings != NULL; strings++) {
		size_t n = strlen(*strings) + 1;

		if (size + n > max)
			errx(1, "a milter command is too long");
		memcpy(to + size, *strings, n);
		size += n;
	}
	return size;
}

static void send_macros(struct milter_client *client, char stage, const char *const *macros)
{
	char data[2048];

	data[0] = stage;
	out_packet(client->fd, SMFIC_MACRO, data, 1 + pack(data + 1, sizeof(data) - 1, macros));
}

/* Reads answers until the one that ends a stage; what the milter does to the message is counted. */
static void read_reply(struct milter_client *client, struct milter_verdict *verdict)
{
	char data[4096];
	size_t size;

	for (;;) {
		char command = in_packet(client->fd, data, sizeof(data), &size);

		switch (command) {
		case SMFIR_PROGRESS:
			continue;
		case SMFIR_ADDHEADER:
		case SMFIR_INSHEADER: {
			const char *name = command == SMFIR_INSHEADER ? data + 4 : data;

			verdict->inserted++;
			if (strcasecmp(name, "DKIM-Signature") == 0)
				verdict->signatures++;
			continue;
		}
		case SMFIR_REPLYCODE:
			snprintf(verdict->reply, sizeof(verdict->reply), "%.200s", data);
			break;
		case SMFIR_CONTINUE:
		case SMFIR_ACCEPT:
		case SMFIR_REJECT:
		case SMFIR_TEMPFAIL:
		case SMFIR_DISCARD:
		case SMFIR_SKIP:
			break;
		default: /* other changes of the message */
			continue;
		}
		verdict->code = command;
		return;
	}
}

/* Sends a stage unless the milter asked to be spared it; false when the message is over. */
static bool stage(struct milter_client *client, char command, uint32_t no_step, uint32_t no_reply,
		  const char *data, size_t size, struct milter_verdict *verdict)
{
	if ((client->protocol & no_step) != 0)
		return true;
	out_packet(client->fd, command, data, size);
	if ((client->protocol & no_reply) != 0)
		return true;
	out_flush(client->fd);
	read_reply(client, verdict);
	return verdict->code == SMFIR_CONTINUE || verdict->code == SMFIR_SKIP;
}

static void negotiate(struct milter_client *client)
{
	uint32_t offer[3] = { htonl(6), htonl(SMFI_CURR_ACTS), htonl(SMFI_CURR_PROT) };
	char data[1024];
	size_t size;
	uint32_t answer[3];

	out_packet(client->fd, SMFIC_OPTNEG, offer, sizeof(offer));
	out_flush(client->fd);
	if (in_packet(client->fd, data, sizeof(data), &size) != SMFIC_OPTNEG ||
	    size < sizeof(answer))
		errx(1, "the milter does not negotiate");
	memcpy(answer, data, sizeof(answer));
	client->actions = ntohl(answer[1]);
	client->protocol = ntohl(answer[2]);
}

void milter_client_connect(struct milter_client *client, const char *path, uint16_t port)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct milter_verdict verdict = { 0 };
	char data[256];
	size_t size;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(1, "%s: too long for a socket", path);
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "%s", path);
	negotiate(client);

	send_macros(client, SMFIC_CONNECT,
		    (const char *const[]){ "j", "mx.example.test", "{daemon_name}", "bench", NULL });
	size = pack(data, sizeof(data), (const char *const[]){ "localhost", NULL });
	data[size++] = '4';
	data[size++] = (char)(port >> 8);
	data[size++] = (char)(port & 0xff);
	size += pack(data + size, sizeof(data) - size, (const char *const[]){ "127.0.0.1", NULL });
	if (!stage(client, SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN, data, size, &verdict) ||
	    !stage(client, SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, "bench", 6, &verdict))
		errx(1, "the milter refuses the connection: %c %s", verdict.code, verdict.reply);
	out_flush(client->fd);
}

static bool send_envelope(struct milter_client *client, const struct milter_message *message,
			  struct milter_verdict *verdict)
{
	char data[1024];
	const char *macros[] = { "i", "4BenchQueueId", "{auth_type}", "PLAIN",
				 "{auth_authen}", message->login, NULL };
	size_t size;

	if (message->login == NULL)
		macros[2] = NULL;
	send_macros(client, SMFIC_MAIL, macros);
	size = pack(data, sizeof(data), (const char *const[]){ message->sender, NULL });
	if (!stage(client, SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, data, size, verdict))
		return false;
	size = pack(data, sizeof(data), (const char *const[]){ message->recipient, NULL });
	return stage(client, SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, data, size, verdict) &&
	       stage(client, SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA, NULL, 0, verdict);
}

static bool send_fields(struct milter_client *client, const char *const *fields,
			struct milter_verdict *verdict)
{
	static char data[128 * 1024];

	for (; *fields != NULL; fields += 2) {
		bool leading = (client->protocol & SMFIP_HDR_LEADSPC) != 0;
		char body[65536];
		size_t size;

		snprintf(body, sizeof(body), "%s%s", leading ? " " : "", fields[1]);
		size = pack(data, sizeof(data), (const char *const[]){ fields[0], body, NULL });
		if (!stage(client, SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR, data, size, verdict))
			return false;
	}
	return stage(client, SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, NULL, 0, verdict);
}

void milter_client_send(struct milter_client *client, const struct milter_message *message,
			struct milter_verdict *verdict_r)
{
	size_t at = 0;

	memset(verdict_r, 0, sizeof(*verdict_r));
	if (!send_envelope(client, message, verdict_r) ||
	    !send_fields(client, message->fields, verdict_r))
		goto refused;
	while (at < message->body_size && verdict_r->code != SMFIR_SKIP) {
		size_t n = message->body_size - at;

		if (n > CHUNK_MAX)
			n = CHUNK_MAX;
		if (!stage(client, SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY, message->body + at, n,
			   verdict_r))
			goto refused;
		at += n;
	}
	out_packet(client->fd, SMFIC_BODYEOB, NULL, 0);
	out_flush(client->fd);
	read_reply(client, verdict_r);
	return;
refused:
	out_packet(client->fd, SMFIC_ABORT, NULL, 0);
	out_flush(client->fd);
}

void milter_client_quit(struct milter_client *client)
{
	out_packet(client->fd, SMFIC_QUIT, NULL, 0);
	out_flush(client->fd);
	close(client->fd);
	client->fd = -1;
}
