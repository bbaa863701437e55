/* SPDX-License-Identifier: MIT */
#include "password.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unistr.h>
#include <zxcvbn.h>

#include "precis.h"
#include "secret.h"

/* log2 of the guesses that a password has to stand: a million, which takes out every common
   password, name and date, and what is made of one of them by a digit or a capital. More is
   not asked: a server slows guessing down, and length is the admin's to set. */
#define STRENGTH_BITS 20.0

/* The account's name and what stands in it: local-part, domain, and the domain's labels. */
#define WORDS_MAX 8

struct words {
	char *copy;
	const char *list[WORDS_MAX + 1]; /* NULL-terminated */
	size_t count;
};

static void add_word(struct words *words, const char *word)
{
	/* A label of one or two letters would be found everywhere. */
	if (words->count < WORDS_MAX && strlen(word) > 2)
		words->list[words->count++] = word;
}

static int words_init(struct words *words, const char *account, const char **error_r)
{
	const char *at = strchr(account, '@');
	char *rest, *label;

	memset(words, 0, sizeof(*words));
	add_word(words, account);
	if (at == NULL)
		return 0;
	add_word(words, at + 1);
	words->copy = strdup(account);
	if (words->copy == NULL)
		return postern_error(error_r, "cannot check the password: out of memory");
	words->copy[at - account] = '\0';
	add_word(words, words->copy);
	rest = words->copy + (at - account) + 1;
	while ((label = strsep(&rest, ".")) != NULL)
		add_word(words, label);
	return 0;
}

static int refuse(const char **error_r, const char *reason)
{
	postern_error(error_r, "%s", reason);
	return POSTERN_PASSWORD_WEAK;
}

/* Prepared as a name is, so that case and width make no difference. 1, 0 or -1. */
static int is_one_of(const char *password, const struct words *words, const char **error_r)
{
	char *folded = NULL;
	int found = 0, ret = postern_precis_username(password, &folded, error_r);

	if (ret < 0)
		return -1;
	for (size_t i = 0; ret == POSTERN_PRECIS_OK && i < words->count; i++) {
		if (strcmp(folded, words->list[i]) == 0)
			found = 1;
	}
	postern_secret_free(&folded);
	return found;
}

static int check(const char *password, const struct words *words, unsigned min_chars,
		 const char **error_r)
{
	size_t size = strlen(password);
	const char *list[WORDS_MAX + 1];
	int ret;

	if (size > POSTERN_PASSWORD_MAX) {
		postern_error(error_r, "this password is too long: at most %d octets",
			      POSTERN_PASSWORD_MAX);
		return POSTERN_PASSWORD_WEAK;
	}
	if (u8_mbsnlen((const uint8_t *)password, size) < min_chars) {
		postern_error(error_r, "this password is too short: choose one of at least "
			      "%u characters", min_chars);
		return POSTERN_PASSWORD_WEAK;
	}
	ret = is_one_of(password, words, error_r);
	if (ret < 0)
		return -1;
	if (ret > 0)
		return refuse(error_r, "this password is the name of the account or of its "
			      "domain: choose another");
	memcpy(list, words->list, sizeof(list));
	if (ZxcvbnMatch(password, list, NULL) < STRENGTH_BITS)
		return refuse(error_r, "this password is among the first that are guessed: "
			      "choose a longer one, such as four words that have nothing to "
			      "do with each other");
	return 0;
}

int postern_password_check_quality(const char *password, const char *account, unsigned min_chars,
				   const char **error_r)
{
	struct words words = { 0 };
	char *prepared = NULL;
	int ret = postern_precis_password(password, &prepared, error_r);

	if (ret == POSTERN_PRECIS_REFUSED)
		ret = POSTERN_PASSWORD_WEAK;
	if (ret == 0)
		ret = words_init(&words, account, error_r);
	if (ret == 0)
		ret = check(prepared, &words, min_chars, error_r);
	free(words.copy);
	postern_secret_free(&prepared);
	return ret;
}
