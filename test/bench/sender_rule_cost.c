/* SPDX-License-Identifier: MIT */
/*
 * What the sender rule costs: sender_rule_cost plain|resent FIELDS REPEAT judges a message with so
 * many header fields so often, and prints the processor time of one as JSON. "plain" is a usual
 * message, From first and the rest fields that name nobody; in "resent" every other field names an
 * identity, in encoded words, which is the dearest there is. Under callgrind, whoever counts
 * instructions counts those of judge().
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sender_rule.h"

static const char from[] = " =?UTF-8?Q?Al=C3=ADce?= Liddell <alice@example.org>";
static const char resent[] =
	" =?UTF-8?B?w4FsacOnZQ==?= =?ISO-8859-1?Q?_Lidd=E9ll?= (at home) <alice@example.org>";
static const char other[] = " from mail.example.net (mail.example.net [192.0.2.1]) by x; today";

static int owns(const struct postern_address *address, void *context, const char **error_r)
{
	(void)context;
	(void)error_r;
	return strcmp(address->domain, "example.org") == 0 ? 0 : 1;
}

static int add(struct postern_sender_rule *rule, const char *name, const char *body)
{
	const char *error;

	return postern_sender_rule_field(rule, name, strlen(name), body, strlen(body), &error);
}

/* Not inlined: callgrind knows it by its name. */
__attribute__((noinline)) static int judge(bool is_resent, unsigned fields);

static int judge(bool is_resent, unsigned fields)
{
	struct postern_sender_rule *rule = NULL;
	const char *error;
	int verdict;

	if (postern_sender_rule_new(owns, NULL, 0, &rule, &error) < 0)
		return -1;
	verdict = postern_sender_rule_envelope_sender(rule, "<alice@example.org>", &error);
	for (unsigned i = 0; verdict == POSTERN_SENDER_OK && i < fields; i++) {
		if (i == 0)
			verdict = add(rule, "From", from);
		else if (is_resent)
			verdict = add(rule, "Resent-From", resent);
		else
			verdict = add(rule, "Received", other);
	}
	if (verdict == POSTERN_SENDER_OK)
		verdict = postern_sender_rule_end_of_header(rule, &error);
	postern_sender_rule_free(&rule);
	return verdict;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	bool is_resent;
	unsigned fields, repeat;
	size_t octets;
	double begin;

	if (argc != 4) {
		fputs("usage: sender_rule_cost plain|resent FIELDS REPEAT\n", stderr);
		return EXIT_FAILURE;
	}
	is_resent = strcmp(argv[1], "resent") == 0;
	fields = (unsigned)strtoul(argv[2], NULL, 10);
	repeat = (unsigned)strtoul(argv[3], NULL, 10);
	begin = now();
	for (unsigned i = 0; i < repeat; i++) {
		if (judge(is_resent, fields) != POSTERN_SENDER_OK) {
			fputs("an honest message was refused\n", stderr);
			return EXIT_FAILURE;
		}
	}
	octets = strlen("From:\r\n") + strlen(from) + (fields - 1) *
		 (is_resent ? strlen("Resent-From:\r\n") + strlen(resent) :
			      strlen("Received:\r\n") + strlen(other));
	printf("{\"us\": %.3f, \"octets\": %zu}\n", (now() - begin) / repeat, octets);
	return EXIT_SUCCESS;
}
