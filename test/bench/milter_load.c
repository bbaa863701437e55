/* SPDX-License-Identifier: MIT */
/*
 * Sends messages to a signing milter over several connections at once, as Postfix's
 * smtpd processes would, and prints one JSON line: messages a second, latency
 * percentiles, CPU of the milter per message and its resident memory.
 *
 * Each connection is a process of its own: postern-milter tells sessions apart by the
 * process that asks, as it does with smtpd.
 */
#include <err.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "milter_client.h"

struct options {
	const char *socket, *policy, *login, *from;
	unsigned connections, messages;
	size_t body_size;
	pid_t pid;
	bool expect_signature;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* CPU seconds of all threads of a process, and its resident kilobytes. */
static double process_cpu(pid_t pid)
{
	char path[64], line[1024], *at;
	unsigned long utime, stime;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL || fgets(line, sizeof(line), f) == NULL)
		err(1, "%s", path);
	fclose(f);
	at = strrchr(line, ')');
	if (at == NULL ||
	    sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &utime, &stime) != 2)
		errx(1, "%s: cannot read it", path);
	return (double)(utime + stime) / (double)sysconf(_SC_CLK_TCK);
}

static long process_rss(pid_t pid)
{
	char path[64], line[256];
	long rss = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &rss) == 1)
			break;
	fclose(f);
	return rss;
}

/* What smtpd asks before it takes a message, up to MAIL. */
static int policy_session(const struct options *o, unsigned port)
{
	static const char *const states[] = { "CONNECT", "EHLO", "MAIL" };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", o->policy);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(1, "%s", o->policy);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		char answer[512];
		ssize_t n;

		dprintf(fd,
			"request=smtpd_access_policy\nprotocol_state=%s\nprotocol_name=ESMTP\n"
			"client_address=127.0.0.1\nclient_port=%u\nhelo_name=bench\nsender=%s\n"
			"sasl_username=%s\nsasl_method=%s\nencryption_protocol=%s\nccert_pubkey_fingerprint=\n\n",
			states[i], port, i == 2 ? o->from : "", i == 2 ? o->login : "",
			i == 2 ? "PLAIN" : "", i == 0 ? "" : "TLSv1.3");
		n = read(fd, answer, sizeof(answer) - 1);
		if (n <= 0)
			err(1, "the policy service hung up");
		answer[n] = '\0';
		if (strncmp(answer, "action=DUNNO", 12) != 0 && strncmp(answer, "action=dunno", 12) != 0)
			errx(1, "the policy service says %s", answer);
	}
	return fd;
}

static char *make_body(size_t size)
{
	char *body = malloc(size + 3);

	if (body == NULL)
		err(1, "no memory");
	for (size_t i = 0; i < size; i++)
		body[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : (char)('a' + i % 26);
	memcpy(body + size - 2, "\r\n", 2);
	return body;
}

static void connection(const struct options *o, unsigned number, double *latencies)
{
	unsigned port = 20000 + number;
	int policy = o->policy != NULL ? policy_session(o, port) : -1;
	struct milter_client client;
	char sender[300], from[300], id[100];
	const char *fields[] = {
		"Received", "from bench (localhost [127.0.0.1]) by mx.example.test with ESMTPSA",
		"From", from, "To", "Somebody <somebody@example.net>",
		"Subject", "A message of ordinary length about nothing in particular",
		"Date", "Mon, 02 Nov 2026 10:00:00 +0000", "Message-ID", id,
		"MIME-Version", "1.0", "Content-Type", "text/plain; charset=utf-8",
		"Content-Transfer-Encoding", "7bit", "User-Agent", "bench", NULL };
	struct milter_message message = {
		.sender = sender, .recipient = "<somebody@example.net>", .login = o->login,
		.fields = fields, .body = make_body(o->body_size), .body_size = o->body_size };

	snprintf(sender, sizeof(sender), "<%s>", o->from);
	snprintf(from, sizeof(from), "Alice <%s>", o->from);
	milter_client_connect(&client, o->socket, (uint16_t)port);
	for (unsigned i = 0; i < o->messages; i++) {
		struct milter_verdict verdict;
		double start = now();

		snprintf(id, sizeof(id), "<%u.%u@example.test>", number, i);
		milter_client_send(&client, &message, &verdict);
		latencies[i] = now() - start;
		if ((verdict.code != 'c' && verdict.code != 'a') ||
		    (o->expect_signature && verdict.signatures == 0))
			errx(1, "message %u: the milter says %c %s, %u signatures", i,
			     verdict.code, verdict.reply, verdict.signatures);
	}
	milter_client_quit(&client);
	if (policy >= 0)
		close(policy);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run(const struct options *o)
{
	size_t total = (size_t)o->connections * o->messages;
	double *latencies = mmap(NULL, total * sizeof(double), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double cpu = o->pid > 0 ? process_cpu(o->pid) : 0;
	double start = now(), seconds;
	int failed = 0, status;

	if (latencies == MAP_FAILED)
		err(1, "mmap");
	for (unsigned i = 0; i < o->connections; i++) {
		pid_t child = fork();

		if (child < 0)
			err(1, "fork");
		if (child == 0) {
			connection(o, i, latencies + (size_t)i * o->messages);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		failed += status != 0;
	if (failed > 0)
		errx(1, "%d connections failed", failed);
	seconds = now() - start;
	qsort(latencies, total, sizeof(double), compare);
	printf("{\"messages\": %zu, \"per_second\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f", total,
	       (double)total / seconds, latencies[total / 2] * 1e3, latencies[total * 99 / 100] * 1e3);
	if (o->pid > 0)
		printf(", \"cpu_us_per_message\": %.1f, \"rss_kb\": %ld",
		       (process_cpu(o->pid) - cpu) * 1e6 / (double)total, process_rss(o->pid));
	puts("}");
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "socket", 1, NULL, 's' }, { "policy", 1, NULL, 'p' },
		{ "login", 1, NULL, 'l' }, { "from", 1, NULL, 'f' },
		{ "connections", 1, NULL, 'c' }, { "messages", 1, NULL, 'm' },
		{ "body-size", 1, NULL, 'b' }, { "pid", 1, NULL, 'i' },
		{ "expect-signature", 0, NULL, 'e' }, { 0 } };
	struct options o = { .login = "alice", .from = "alice@example.test", .connections = 16,
			     .messages = 100, .body_size = 2048 };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1)
		switch (c) {
		case 's': o.socket = optarg; break;
		case 'p': o.policy = optarg; break;
		case 'l': o.login = optarg; break;
		case 'f': o.from = optarg; break;
		case 'c': o.connections = (unsigned)atoi(optarg); break;
		case 'm': o.messages = (unsigned)atoi(optarg); break;
		case 'b': o.body_size = (size_t)atoll(optarg); break;
		case 'i': o.pid = (pid_t)atoi(optarg); break;
		case 'e': o.expect_signature = true; break;
		default: return 64;
		}
	if (o.socket == NULL || optind != argc || o.connections == 0 || o.messages == 0 ||
	    o.body_size < 2)
		errx(64, "usage: milter_load --socket PATH [--policy PATH] [--login NAME] [--from ADDRESS] "
			 "[--connections N] [--messages N-each] [--body-size OCTETS] [--pid MILTER] "
			 "[--expect-signature]");
	run(&o);
	return 0;
}
