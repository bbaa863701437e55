/* SPDX-License-Identifier: MIT */
/*
 * Logs in to IMAP on implicit TLS and out again, from several threads, and prints one
 * JSON line: logins a second and latency percentiles. Three ways:
 *   --key STEM                 greeting must be PREAUTH (STEM.key, STEM.crt)
 *   --user NAME --password P   AUTHENTICATE PLAIN after the greeting
 *   --handshake STEM           nothing but the TLS handshake with a client certificate
 */
#include <err.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

enum way { WAY_NONE, WAY_KEY, WAY_PLAIN, WAY_HANDSHAKE };

struct load {
	enum way way;
	const char *stem, *user, *password;
	unsigned port, threads, logins;
	SSL_CTX *context;
	double *latencies;
};

struct worker {
	pthread_t thread;
	const struct load *load;
	unsigned number;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Reads until a line that begins with start has come; anything else that ends the talk is an
   error. */
static void expect(SSL *ssl, const char *start)
{
	char text[8192];
	size_t size = 0;

	for (;;) {
		int n = SSL_read(ssl, text + size, (int)(sizeof(text) - 1 - size));

		if (n <= 0)
			errx(1, "the server hung up while \"%s\" was waited for", start);
		size += (size_t)n;
		text[size] = '\0';
		for (char *line = text; line != NULL && *line != '\0';) {
			if (strncmp(line, start, strlen(start)) == 0 && strchr(line, '\n') != NULL)
				return;
			if (strncmp(line, "a NO", 4) == 0)
				errx(1, "\"%s\" was waited for: %s", start, line);
			line = strchr(line, '\n');
			if (line != NULL)
				line++;
		}
		if (size > sizeof(text) - 1024)
			errx(1, "the server says too much: %s", text);
	}
}

static void say(SSL *ssl, const char *text)
{
	if (SSL_write(ssl, text, (int)strlen(text)) <= 0)
		errx(1, "cannot write to the server");
}

static void authenticate_plain(SSL *ssl, const struct load *load)
{
	unsigned char message[512], base64[1024];
	char line[1200];
	int size = snprintf((char *)message, sizeof(message), "%c%s%c%s", '\0', load->user, '\0',
			    load->password);

	EVP_EncodeBlock(base64, message, size);
	snprintf(line, sizeof(line), "a AUTHENTICATE PLAIN %s\r\n", base64);
	say(ssl, line);
	expect(ssl, "a OK");
}

static void log_in_and_out(const struct load *load)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)load->port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	SSL *ssl = SSL_new(load->context);

	if (fd < 0 || ssl == NULL ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "port %u", load->port);
	if (SSL_set_fd(ssl, fd) != 1 || SSL_connect(ssl) != 1)
		errx(1, "TLS: %s", ERR_error_string(ERR_get_error(), NULL));
	switch (load->way) {
	case WAY_KEY:
		expect(ssl, "* PREAUTH");
		break;
	case WAY_PLAIN:
		expect(ssl, "* OK");
		authenticate_plain(ssl, load);
		break;
	default:
		/* In TLS 1.3 the client is done first; a word from the server means it is too. */
		expect(ssl, "* ");
		break;
	}
	if (load->way != WAY_HANDSHAKE) {
		say(ssl, "b LOGOUT\r\n");
		expect(ssl, "b OK");
	}
	SSL_free(ssl);
	close(fd);
}

static void *work(void *context)
{
	struct worker *worker = context;
	const struct load *load = worker->load;

	for (unsigned i = 0; i < load->logins; i++) {
		double start = now();

		log_in_and_out(load);
		load->latencies[(size_t)worker->number * load->logins + i] = now() - start;
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void prepare(struct load *load)
{
	char path[4096];

	load->context = SSL_CTX_new(TLS_client_method());
	if (load->context == NULL)
		errx(1, "no TLS");
	/* Every login is a full handshake, as from many devices. */
	SSL_CTX_set_session_cache_mode(load->context, SSL_SESS_CACHE_OFF);
	if (load->stem == NULL)
		return;
	snprintf(path, sizeof(path), "%s.crt", load->stem);
	if (SSL_CTX_use_certificate_file(load->context, path, SSL_FILETYPE_PEM) != 1)
		errx(1, "%s: no certificate", path);
	snprintf(path, sizeof(path), "%s.key", load->stem);
	if (SSL_CTX_use_PrivateKey_file(load->context, path, SSL_FILETYPE_PEM) != 1)
		errx(1, "%s: no key", path);
}

static void run(struct load *load)
{
	size_t total = (size_t)load->threads * load->logins;
	struct worker *workers = calloc(load->threads, sizeof(*workers));
	double start = now(), seconds;

	load->latencies = calloc(total, sizeof(double));
	if (workers == NULL || load->latencies == NULL)
		err(1, "no memory");
	for (unsigned i = 0; i < load->threads; i++) {
		workers[i] = (struct worker){ .load = load, .number = i };
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			errx(1, "no thread");
	}
	for (unsigned i = 0; i < load->threads; i++)
		pthread_join(workers[i].thread, NULL);
	seconds = now() - start;
	qsort(load->latencies, total, sizeof(double), compare);
	printf("{\"logins\": %zu, \"per_second\": %.1f, \"p50_ms\": %.2f, \"p99_ms\": %.2f}\n", total,
	       (double)total / seconds, load->latencies[total / 2] * 1e3,
	       load->latencies[total * 99 / 100] * 1e3);
	free(workers);
	free(load->latencies);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "port", 1, NULL, 'p' }, { "key", 1, NULL, 'k' },
		{ "handshake", 1, NULL, 'h' }, { "user", 1, NULL, 'u' },
		{ "password", 1, NULL, 'w' }, { "threads", 1, NULL, 't' },
		{ "logins", 1, NULL, 'n' }, { 0 } };
	struct load load = { .threads = 8, .logins = 50 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 'p': load.port = (unsigned)atoi(optarg); break;
		case 'k': load.stem = optarg; load.way = WAY_KEY; break;
		case 'h': load.stem = optarg; load.way = WAY_HANDSHAKE; break;
		case 'u': load.user = optarg; load.way = WAY_PLAIN; break;
		case 'w': load.password = optarg; break;
		case 't': load.threads = (unsigned)atoi(optarg); break;
		case 'n': load.logins = (unsigned)atoi(optarg); break;
		default: return 64;
		}
	if (load.port == 0 || load.way == WAY_NONE || load.threads == 0 || load.logins == 0 ||
	    (load.way == WAY_PLAIN && load.password == NULL) || optind != argc)
		errx(64, "usage: login_load --port N (--key STEM | --handshake STEM | --user NAME "
			 "--password P) [--threads N] [--logins N-each]");
	prepare(&load);
	run(&load);
	SSL_CTX_free(load.context);
	return 0;
}
