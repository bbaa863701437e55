/* SPDX-License-Identifier: MIT */
#include "cgi.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cgi_config.h"
#include "keeper_ask.h"
#include "keeper_log.h"
#include "request.h"
#include "respond.h"
#include "text.h"

/* Seconds for all of it: the browser's body, and the keeper, who may wait 2 s for each of two
   files and compute some hashes. */
#define PROCESS_SECONDS 30

/* AddressSanitizer maps more than any limit allows. gcc says it in one way, clang in another. */
#ifdef __SANITIZE_ADDRESS__
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

static const char *from_environment(const char *name, void *context)
{
	(void)context;
	return getenv(name);
}

static long from_stdin(void *octets, size_t size, void *context)
{
	ssize_t count;

	(void)context;
	do
		count = read(STDIN_FILENO, octets, size);
	while (count < 0 && errno == EINTR);
	return (long)count;
}

/* What a hole in the parsing could use up. */
static void set_limits(void)
{
	static const struct {
		int resource;
		rlim_t limit;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, 5 },
		{ RLIMIT_FSIZE, 0 },
		{ RLIMIT_NOFILE, 16 },
		{ RLIMIT_NPROC, 0 },
#ifndef SANITIZED
		{ RLIMIT_AS, 256 * 1024 * 1024 },
#endif
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		const struct rlimit limit = { limits[i].limit, limits[i].limit };

		(void)setrlimit(limits[i].resource, &limit);
	}
	alarm(PROCESS_SECONDS);
}

/* Who reads keys, or why nobody does. */
struct reader {
	postern_question_keys_fn *keys;
	int why_not;
};

static int compose(const struct postern_cgi_config *config, const struct postern_request *request,
		   const struct reader *reader, struct postern_page_message *message,
		   const char **error_r)
{
	postern_question_compose(request, message);
	if (!postern_question_has_keys(request->method, request->route->path))
		return 0;
	errno = reader->why_not;
	if (reader->keys == NULL)
		return postern_error(error_r, "password.cgi cannot become " POSTERN_CGI_KEY_PROGRAM
				     " in its folder, which reads keys: %m");
	return reader->keys(config->page_ca, request, message, error_r);
}

static void serve(const struct postern_cgi_config *config, const struct postern_request *request,
		  const struct reader *reader)
{
	struct postern_page_message message, answer;
	const char *error;

	postern_page_message_init(&message);
	postern_page_message_init(&answer);
	if (compose(config, request, reader, &message, &error) < 0 ||
	    postern_keeper_ask(config->keeper_socket, &message, &answer, &error) < 0) {
		postern_keeper_log(LOG_ERR, "postern page: %s", error);
		postern_respond_refusal(stdout, config->page_url, request->head, 503);
	} else {
		postern_respond(stdout, config->page_url, request->head, &answer);
	}
	postern_page_message_deinit(&message);
	postern_page_message_deinit(&answer);
}

static void answer(const struct postern_cgi_config *config, const struct reader *reader)
{
	struct postern_request request;
	int status = postern_request_read(config->page_url, from_environment, from_stdin, NULL,
					  &request);

	if (status != 0)
		postern_respond_refusal(stdout, config->page_url, request.head, status);
	else if (request.from_elsewhere)
		postern_respond_again(stdout, config->page_url, request.head);
	else
		serve(config, &request, reader);
	postern_request_deinit(&request);
}

/* Without a page_url nobody's request is one to this page. */
static int load(struct postern_cgi_config *config_r, const char **error_r)
{
	/* The web server's word, as all that has no HTTP_ before its name. */
	int ret = postern_cgi_config_init(getenv("POSTERN_CONFIG"), config_r, error_r);

	postern_keeper_log_open("password.cgi", ret == 0 ? config_r->log : NULL);
	if (ret == 0 && *config_r->page_url == '\0')
		ret = postern_error(error_r, "postern.conf says no page_url");
	return ret;
}

int postern_cgi_run(postern_question_keys_fn *keys, int why_not)
{
	const struct reader reader = { keys, why_not };
	struct postern_cgi_config config;
	const char *error;

	set_limits();
	postern_text_choose(getenv("HTTP_ACCEPT_LANGUAGE"));
	if (load(&config, &error) < 0) {
		postern_keeper_log(LOG_ERR, "postern page: %s", error);
		postern_respond_refusal(stdout, "", false, 503);
	} else {
		answer(&config, &reader);
	}
	postern_cgi_config_deinit(&config);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
