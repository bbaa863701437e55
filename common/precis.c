/* SPDX-License-Identifier: MIT */
#include "precis.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include "precis_class.h"
#include "secret.h"

/* Longer names are refused before any work; normalising makes a text a few times shorter at
   most. */
#define USERNAME_INPUT_MAX 4096
#define USERNAME_MAX 255

/* RFC 8264, 7: applied again until nothing changes, at most so often. */
#define ROUNDS_MAX 4

/* Code points on the heap; wiped, since it may be a password. So is all text here, that of names
   too: a new password is prepared as one, to be compared with the account's. */
struct text {
	uint32_t *characters;
	size_t size;
};

static void text_free(struct text *text)
{
	postern_secret_free_sized(&text->characters, text->size * sizeof(*text->characters));
	text->size = 0;
}

/* Puts the result of a libunistring function in place of text; NULL is its failure. */
static int text_replace(struct text *text, uint32_t *characters, size_t size,
			const char **error_r)
{
	if (characters == NULL)
		return postern_error(error_r, "cannot prepare the text: out of memory");
	text_free(text);
	text->characters = characters;
	text->size = size;
	return 0;
}

static int refuse(const char **error_r, const char *reason)
{
	(void)postern_error(error_r, "%s", reason);
	return POSTERN_PRECIS_REFUSED;
}

/* size octets of UTF-8, at least one. */
static int text_read(const char *utf8, size_t size, struct text *text_r, const char **error_r)
{
	size_t count = 0;
	uint32_t *characters;

	if (u8_check((const uint8_t *)utf8, size) != NULL)
		return refuse(error_r, "the text is not valid UTF-8");
	characters = u8_to_u32((const uint8_t *)utf8, size, NULL, &count);
	return text_replace(text_r, characters, count, error_r);
}

/* Back to UTF-8, on the heap. */
static int text_write(const struct text *text, char **utf8_r, const char **error_r)
{
	size_t size = 0;
	uint8_t *utf8 = u32_to_u8(text->characters, text->size, NULL, &size);

	*utf8_r = utf8 == NULL ? NULL : malloc(size + 1);
	if (*utf8_r != NULL) {
		memcpy(*utf8_r, utf8, size);
		(*utf8_r)[size] = '\0';
	}
	postern_wipe(utf8, size);
	free(utf8);
	if (*utf8_r == NULL)
		return postern_error(error_r, "cannot prepare the text: out of memory");
	return 0;
}

static int text_normalize(struct text *text, const char **error_r)
{
	size_t size = 0;
	uint32_t *characters =
		u32_normalize(UNINORM_NFC, text->characters, text->size, NULL, &size);

	return text_replace(text, characters, size, error_r);
}

static bool is_printable_ascii(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	}
	return true;
}

/* Both profiles check characters after NFC, where RFC 8265 has it before: decomposed Hangul is
   made of jamo that RFC 8264 disallows, and macOS decomposes; so a Korean name in NFD would
   not find its account. Nothing else comes in by it but canonical equivalents of what is
   allowed. */

int postern_precis_password(const char *password, char **prepared_r, const char **error_r)
{
	struct text text = { 0 };
	size_t size = strlen(password);
	int ret;

	*prepared_r = NULL;
	if (size == 0)
		return refuse(error_r, "a password must not be empty");
	if (is_printable_ascii(password, size)) {
		*prepared_r = strdup(password);
		if (*prepared_r == NULL)
			return postern_error(error_r, "cannot prepare the text: out of memory");
		return POSTERN_PRECIS_OK;
	}
	ret = text_read(password, size, &text, error_r);
	if (ret != 0)
		goto out;
	for (size_t i = 0; i < text.size; i++) {
		if (uc_is_general_category_withtable(text.characters[i], UC_CATEGORY_MASK_Zs))
			text.characters[i] = ' ';
	}
	ret = text_normalize(&text, error_r);
	if (ret != 0)
		goto out;
	for (size_t i = 0; i < text.size; i++) {
		enum postern_precis_class class = postern_precis_class(text.characters[i]);

		if (class == POSTERN_PRECIS_VALID || class == POSTERN_PRECIS_FREEFORM_ONLY ||
		    (class == POSTERN_PRECIS_CONTEXT &&
		     postern_precis_context_allows(text.characters, text.size, i)))
			continue;
		/* Which one stays untold: it is part of a secret. */
		(void)postern_error(error_r, "a password must not contain %s",
				    class == POSTERN_PRECIS_CONTEXT ?
				    "a joiner or middle dot outside of its place" :
				    postern_precis_class_name(text.characters[i]));
		ret = POSTERN_PRECIS_REFUSED;
		goto out;
	}
	ret = text_write(&text, prepared_r, error_r);
out:
	text_free(&text);
	return ret;
}

/* RFC 8265, 3.3.1: full-width and half-width characters become their decompositions, one for
   one. */
static void map_width(struct text *text)
{
	for (size_t i = 0; i < text->size; i++) {
		ucs4_t decomposition[UC_DECOMPOSITION_MAX_LENGTH];
		int tag, count = uc_decomposition(text->characters[i], &tag, decomposition);

		if (count == 1 && (tag == UC_DECOMP_WIDE || tag == UC_DECOMP_NARROW))
			text->characters[i] = decomposition[0];
	}
}

/* IdentifierClass; context and direction count only in the text as it is stored. */
static int check_identifier(const struct text *text, bool in_context, const char **error_r)
{
	for (size_t i = 0; i < text->size; i++) {
		uint32_t character = text->characters[i];
		enum postern_precis_class class = postern_precis_class(character);

		if (class == POSTERN_PRECIS_VALID)
			continue;
		if (class == POSTERN_PRECIS_CONTEXT &&
		    (!in_context ||
		     postern_precis_context_allows(text->characters, text->size, i)))
			continue;
		(void)postern_error(error_r, "a name must not contain %s (U+%04X)",
				    class == POSTERN_PRECIS_CONTEXT ?
				    "a joiner, middle dot or digit outside of its place" :
				    postern_precis_class_name(character), character);
		return POSTERN_PRECIS_REFUSED;
	}
	if (in_context && !postern_precis_bidi_allows(text->characters, text->size))
		return refuse(error_r, "a name must not mix right-to-left and left-to-right "
			      "characters");
	return POSTERN_PRECIS_OK;
}

/* One round of UsernameCaseMapped. */
static int prepare_identifier(struct text *text, const char **error_r)
{
	size_t size = 0;
	uint32_t *lower;
	int ret;

	map_width(text);
	ret = text_normalize(text, error_r);
	if (ret == 0)
		ret = check_identifier(text, false, error_r);
	if (ret != 0)
		return ret;
	/* No language: a name has to mean the same on every machine. */
	lower = u32_tolower(text->characters, text->size, NULL, UNINORM_NFC, NULL, &size);
	if (text_replace(text, lower, size, error_r) < 0)
		return -1;
	return check_identifier(text, true, error_r);
}

/* What all of the above comes to for nearly every name. */
static int prepare_ascii(const char *part, size_t size, char **prepared_r, const char **error_r)
{
	char *lower = strndup(part, size);

	if (lower == NULL)
		return postern_error(error_r, "cannot prepare the text: out of memory");
	for (size_t i = 0; i < size; i++) {
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] - 'A' + 'a');
	}
	*prepared_r = lower;
	return POSTERN_PRECIS_OK;
}

/* userpart or domain, size octets, at least one. */
static int prepare_part(const char *part, size_t size, char **prepared_r, const char **error_r)
{
	struct text text = { 0 };
	char *before = NULL;
	int ret;

	if (is_printable_ascii(part, size) && memchr(part, ' ', size) == NULL)
		return prepare_ascii(part, size, prepared_r, error_r);
	ret = text_read(part, size, &text, error_r);
	for (int round = 0; ret == 0 && round < ROUNDS_MAX; round++) {
		ret = prepare_identifier(&text, error_r);
		if (ret == 0)
			ret = text_write(&text, prepared_r, error_r);
		if (ret != 0)
			break;
		if (before != NULL && strcmp(before, *prepared_r) == 0)
			goto out;
		postern_secret_free(&before);
		before = *prepared_r;
		*prepared_r = NULL;
	}
	if (ret == 0)
		ret = refuse(error_r, "a name must not change when it is prepared again");
out:
	postern_secret_free(&before);
	text_free(&text);
	return ret;
}

/* Puts "user@domain" together in place of user. */
static int append_domain(char **user, const char *domain, const char **error_r)
{
	size_t user_size = strlen(*user), domain_size = strlen(domain);
	char *name = malloc(user_size + 1 + domain_size + 1);

	if (name == NULL)
		return postern_error(error_r, "cannot prepare the text: out of memory");
	memcpy(name, *user, user_size);
	name[user_size] = '@';
	memcpy(name + user_size + 1, domain, domain_size + 1);
	postern_secret_free(user);
	*user = name;
	return 0;
}

static int prepare_name(const char *name, size_t size, char **prepared_r, const char **error_r)
{
	const char *at = strchr(name, '@');
	size_t user_size = at == NULL ? size : (size_t)(at - name);
	char *domain = NULL;
	int ret;

	if (at != NULL && strchr(at + 1, '@') != NULL)
		return refuse(error_r, "a name must not contain \"@\" twice");
	if (user_size == 0 || (at != NULL && at[1] == '\0'))
		return refuse(error_r, "a name must not be empty on either side of \"@\"");
	ret = prepare_part(name, user_size, prepared_r, error_r);
	if (ret == 0 && at != NULL) {
		ret = prepare_part(at + 1, size - user_size - 1, &domain, error_r);
		if (ret == 0)
			ret = append_domain(prepared_r, domain, error_r);
		postern_secret_free(&domain);
	}
	return ret;
}

/* The width of the whole name before it is taken apart: there is a full-width "@". */
static int map_name_width(const char *name, size_t size, char **mapped_r, const char **error_r)
{
	struct text text = { 0 };
	int ret = text_read(name, size, &text, error_r);

	if (ret == 0) {
		map_width(&text);
		ret = text_write(&text, mapped_r, error_r);
	}
	text_free(&text);
	return ret;
}

int postern_precis_username(const char *name, char **prepared_r, const char **error_r)
{
	size_t size = strlen(name);
	char *mapped = NULL;
	int ret;

	*prepared_r = NULL;
	if (size == 0)
		return refuse(error_r, "a name must not be empty");
	if (size > USERNAME_INPUT_MAX)
		return refuse(error_r, "a name must not be longer than 255 octets");
	if (is_printable_ascii(name, size)) {
		ret = prepare_name(name, size, prepared_r, error_r);
	} else {
		ret = map_name_width(name, size, &mapped, error_r);
		if (ret == 0)
			ret = prepare_name(mapped, strlen(mapped), prepared_r, error_r);
		postern_secret_free(&mapped);
	}
	if (ret == 0 && strlen(*prepared_r) > USERNAME_MAX)
		ret = refuse(error_r, "a name must not be longer than 255 octets");
	if (ret != 0)
		postern_secret_free(prepared_r);
	return ret;
}
