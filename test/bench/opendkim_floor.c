/* SPDX-License-Identifier: MIT */
/*
 * What libopendkim alone makes of a large body: signs the same message in memory again and again, with relaxed
 * canonicalisation and no milter around it, on all processors, and prints one JSON line. No milter that signs
 * such bodies in that way with libopendkim is faster.
 *
 *   opendkim_floor KEY-FILE OCTETS SECONDS
 */
#include <err.h>
#include <opendkim/dkim.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY_MAX 16384

struct message {
	char key[KEY_MAX];
	unsigned char *body;
	size_t size;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void read_key(const char *path, char key_r[KEY_MAX])
{
	FILE *file = fopen(path, "r");
	size_t size = file != NULL ? fread(key_r, 1, KEY_MAX - 1, file) : 0;

	if (size == 0)
		err(1, "%s", path);
	key_r[size] = '\0';
	fclose(file);
}

/* Lines as milter_load sends them. */
static void make_body(struct message *message, size_t size)
{
	message->size = size;
	message->body = malloc(size);
	if (message->body == NULL)
		err(1, "no memory");
	for (size_t i = 0; i < size; i++)
		message->body[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : (unsigned char)('a' + i % 26);
	memcpy(message->body + size - 2, "\r\n", 2);
}

static void sign(DKIM_LIB *library, struct message *message)
{
	unsigned char from[] = "From: alice@example.test", selector[] = "bench", domain[] = "example.test";
	unsigned char *value = NULL;
	size_t size = 0;
	DKIM_STAT status;
	DKIM *dkim = dkim_sign(library, selector, NULL, (dkim_sigkey_t)message->key, selector, domain,
			       DKIM_CANON_RELAXED, DKIM_CANON_RELAXED, DKIM_SIGN_RSASHA256, -1, &status);

	if (dkim == NULL || dkim_header(dkim, from, strlen((char *)from)) != DKIM_STAT_OK ||
	    dkim_eoh(dkim) != DKIM_STAT_OK)
		errx(1, "libopendkim does not sign");
	/* As much at a time as libmilter hands over. */
	for (size_t i = 0; i < message->size; i += 65535) {
		size_t left = message->size - i;

		if (dkim_body(dkim, message->body + i, left < 65535 ? left : 65535) != DKIM_STAT_OK)
			errx(1, "libopendkim does not sign");
	}
	if (dkim_eom(dkim, NULL) != DKIM_STAT_OK ||
	    dkim_getsighdr_d(dkim, 0, &value, &size) != DKIM_STAT_OK || size == 0)
		errx(1, "libopendkim does not sign");
	dkim_free(dkim);
}

/* Writes its messages a second to fd. */
static void measure(struct message *message, double seconds, int fd)
{
	DKIM_LIB *library = dkim_init(NULL, NULL);
	double start = now(), rate;
	unsigned count = 0;

	if (library == NULL)
		errx(1, "libopendkim does not start");
	do {
		sign(library, message);
		count++;
	} while (now() - start < seconds);
	rate = count / (now() - start);
	if (write(fd, &rate, sizeof(rate)) != sizeof(rate))
		err(1, "pipe");
}

int main(int argc, char **argv)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	static struct message message;
	double rate, sum = 0;
	int fds[2], status;

	if (argc != 4 || atol(argv[2]) < 2)
		errx(64, "usage: opendkim_floor KEY-FILE OCTETS SECONDS");
	read_key(argv[1], message.key);
	make_body(&message, (size_t)atol(argv[2]));
	if (pipe(fds) < 0)
		err(1, "pipe");
	for (long i = 0; i < processors; i++) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			measure(&message, atof(argv[3]), fds[1]);
			_exit(0);
		}
	}
	close(fds[1]);
	while (read(fds[0], &rate, sizeof(rate)) == sizeof(rate))
		sum += rate;
	while (wait(&status) > 0)
		if (status != 0)
			errx(1, "a process failed");
	printf("{\"per_second\": %.2f}\n", sum);
	return 0;
}
