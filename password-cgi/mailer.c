/* SPDX-License-Identifier: MIT */
#include "mailer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>

#define SENDMAIL_SECONDS 30

void postern_mail_add(struct postern_mail **mails, const char *to, const char *subject,
		      const char *fmt, ...)
{
	struct postern_mail *mail = calloc(1, sizeof(*mail));
	va_list args;

	if (mail == NULL)
		return;
	snprintf(mail->to, sizeof(mail->to), "%s", to);
	snprintf(mail->subject, sizeof(mail->subject), "%s", subject);
	va_start(args, fmt);
	vsnprintf(mail->body, sizeof(mail->body), fmt, args);
	va_end(args);
	mail->next = *mails;
	*mails = mail;
}

void postern_mail_free_all(struct postern_mail **mails)
{
	while (*mails != NULL) {
		struct postern_mail *next = (*mails)->next;

		free(*mails);
		*mails = next;
	}
}

/* RFC 2047, 4.1: base64 says anything; a word has 75 characters at most, and is not cut within
   one of the text. */
static void write_subject(FILE *out, const char *subject)
{
	fputs("Subject:", out);
	while (*subject != '\0') {
		unsigned char encoded[64];
		size_t size = strlen(subject);

		if (size > 42) {
			size = 42;
			while (((unsigned char)subject[size] & 0xc0) == 0x80)
				size--;
		}
		EVP_EncodeBlock(encoded, (const unsigned char *)subject, (int)size);
		fprintf(out, " =?UTF-8?B?%s?=\n", (const char *)encoded);
		subject += size;
	}
}

static void write_body(FILE *out, const char *body)
{
	size_t size = strlen(body);

	while (size > 0) {
		unsigned char encoded[80];
		size_t part = size < 54 ? size : 54;

		EVP_EncodeBlock(encoded, (const unsigned char *)body, (int)part);
		fprintf(out, "%s\n", (const char *)encoded);
		body += part;
		size -= part;
	}
}

/* Base64 throughout: no line is too long, and none begins with a dot or "From ". */
static void write_mail(FILE *out, const struct postern_mail *mail)
{
	const char *at = strrchr(mail->to, '@');
	char date[64];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	/* In the C locale, which nobody sets to another. */
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc);
	fprintf(out, "From: postmaster%s\nTo: %s\nDate: %s\n", at != NULL ? at : "", mail->to, date);
	write_subject(out, mail->subject);
	fputs("MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
	      "Content-Transfer-Encoding: base64\nAuto-Submitted: auto-generated\n\n", out);
	write_body(out, mail->body);
}

/* In the child: has to end in exec or _exit. */
static void become_sendmail(const char *program, const struct postern_mail *mail, int in)
{
	/* execve's strings are not const for reasons of history; it writes to none of them. */
	const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const char *const arguments[] = { "sendmail", "-i", "-f", "", "--", mail->to, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(126);
	alarm(SENDMAIL_SECONDS);
	execve(program, (char *const *)arguments, (char *const *)environment);
	_exit(127);
}

static int send_one(const struct postern_config *config, const struct postern_mail *mail,
		    const char **error_r)
{
	int ends[2], status = 0;
	bool whole;
	FILE *out;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return postern_error(error_r, "cannot make a pipe to sendmail: %m");
	out = fdopen(ends[1], "w");
	if (out == NULL) {
		postern_error(error_r, "cannot write to sendmail: %m");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	/* Nothing is in out's buffer yet, so the child has nothing of it to write. */
	pid = fork();
	if (pid == 0)
		become_sendmail(config->page_sendmail, mail, ends[0]);
	close(ends[0]);
	if (pid < 0) {
		postern_error(error_r, "cannot start sendmail: %m");
		fclose(out);
		return -1;
	}
	write_mail(out, mail);
	whole = ferror(out) == 0;
	whole = fclose(out) == 0 && whole;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return postern_error(error_r, "%s did not take a mail to %s (status %d)",
				     config->page_sendmail, mail->to, status);
	if (!whole)
		return postern_error(error_r, "%s ended before a mail to %s was written",
				     config->page_sendmail, mail->to);
	return 0;
}

void postern_mail_send_all(const struct postern_config *config, struct postern_mail **mails,
			   void (*fail)(const char *error))
{
	const char *error;

	/* A sendmail that ends early is an error here, not a signal. */
	signal(SIGPIPE, SIG_IGN);
	for (struct postern_mail *mail = *mails; mail != NULL; mail = mail->next) {
		if (send_one(config, mail, &error) < 0)
			fail(error);
	}
	postern_mail_free_all(mails);
}
