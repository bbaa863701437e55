/* SPDX-License-Identifier: MIT */
#include "login_record.h"

#include <string.h>

#include <unistr.h>

#include "escape.h"
#include "service.h"

static const char *const result_words[POSTERN_LOGIN_RESULTS] = {
	[POSTERN_LOGIN_RESULT_OK] = "ok",
	[POSTERN_LOGIN_RESULT_REFUSED] = "refused",
	[POSTERN_LOGIN_RESULT_FAILED] = "failed",
};

static const char *const by_words[POSTERN_LOGIN_BYS] = {
	[POSTERN_LOGIN_BY_KEY] = "key",
	[POSTERN_LOGIN_BY_PASSWORD] = "password",
};

const char *postern_login_result_word(enum postern_login_result result)
{
	return result_words[result];
}

const char *postern_login_by_word(enum postern_login_by by)
{
	return by_words[by];
}

/* ---- text ---- */

/* A character that neither ends a field nor a line, nor moves a cursor. */
static bool is_character(ucs4_t character)
{
	return character >= 0x20 && (character < 0x7f || character > 0x9f);
}

void postern_login_text_copy(const char *octets, char *text_r, size_t size)
{
	const uint8_t *rest = (const uint8_t *)octets;
	size_t left = strlen(octets), used = 0;

	while (left > 0) {
		ucs4_t character;
		int length = u8_mbtoucr(&character, rest, left);
		bool good = length > 0 && is_character(character);
		size_t taken = length > 0 ? (size_t)length : 1;

		if (used + (good ? taken : 1) >= size)
			break;
		if (good)
			memcpy(text_r + used, rest, taken);
		else
			text_r[used] = '?';
		used += good ? taken : 1;
		rest += taken;
		left -= taken;
	}
	text_r[used] = '\0';
}

/* ---- what came of it ---- */

/* Refusals of a key that is nobody's have a word of their own: many clients show a certificate that
   has nothing to do with us, and whoever counts refusals has to be able to leave these out. */
static const char *reason_of(const struct postern_login_record *record, int outcome)
{
	if (outcome == POSTERN_LOGIN_OK)
		return "";
	if (outcome == POSTERN_LOGIN_NOT_OURS && record->by == POSTERN_LOGIN_BY_KEY)
		return record->has_key ? "unknown-key" : "no-key";
	return postern_login_outcome_word(outcome);
}

static void set_account(struct postern_login_record *record,
			const struct postern_account *account, const char *label)
{
	record->account_id = account->id;
	strcpy(record->account, account->name);
	strcpy(record->label, label);
}

void postern_login_record_conclude(struct postern_login_record *record, int outcome,
				   const struct postern_login *login, const char *asked)
{
	record->result = outcome == POSTERN_LOGIN_OK ? POSTERN_LOGIN_RESULT_OK :
			 outcome > 0 ? POSTERN_LOGIN_RESULT_REFUSED : POSTERN_LOGIN_RESULT_FAILED;
	strcpy(record->reason, reason_of(record, outcome));
	/* With the key of one account on the connection and the name of another, it is the key's
	   owner who wants to know. */
	if (login != NULL && outcome == POSTERN_LOGIN_OTHER_ACCOUNT)
		set_account(record, &login->holder.account, login->holder.label);
	else if (login != NULL)
		set_account(record, &login->account, login->label);
	/* A key that is nobody's is of interest where it was to be the way in. */
	if (record->by == POSTERN_LOGIN_BY_PASSWORD &&
	    (login == NULL || login->holder.account.id == 0))
		record->has_key = false;
	if (asked != NULL && strcmp(asked, record->account) != 0)
		postern_login_text_copy(asked, record->asked, sizeof(record->asked));
}

void postern_login_record_mismatch(struct postern_login_record *record)
{
	record->result = POSTERN_LOGIN_RESULT_REFUSED;
	strcpy(record->reason, postern_login_outcome_word(POSTERN_LOGIN_MISMATCH));
}

/* Versions and cipher suites as OpenSSL names them. */
static bool is_tls(const char *text)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789._-/";

	return text[strspn(text, alphabet)] == '\0' && strlen(text) < POSTERN_LOGIN_TLS_MAX;
}

void postern_login_record_set_tls(struct postern_login_record *record, const char *tls)
{
	strcpy(record->tls, is_tls(tls) ? tls : "");
}

/* ---- the line ---- */

struct line {
	char *text;
	size_t used;
};

static bool is_plain(const char *value)
{
	static const char marks[] = "._:@+/-=";

	if (strcmp(value, "-") == 0)
		return false;
	for (const unsigned char *p = (const unsigned char *)value; *p != '\0'; p++) {
		bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			      (*p >= '0' && *p <= '9') || *p >= 0x80;

		if (!letter && strchr(marks, *p) == NULL)
			return false;
	}
	return true;
}

static void append(struct line *line, const char *text, size_t size)
{
	if (size > POSTERN_LOGIN_LINE_MAX - 1 - line->used)
		return;
	memcpy(line->text + line->used, text, size);
	line->used += size;
	line->text[line->used] = '\0';
}

static void append_text(struct line *line, const char *text)
{
	append(line, text, strlen(text));
}

/* value is escaped, but for the quotes. */
static void append_quoted(struct line *line, const char *value)
{
	char shown[4 * POSTERN_ESCAPED_MAX];

	append_text(line, "\"");
	append_text(line, postern_escape_quotes(value, shown, sizeof(shown)));
	append_text(line, "\"");
}

static void append_word(struct line *line, const char *name, const char *value)
{
	char shown[POSTERN_ESCAPED_MAX];

	append_text(line, " ");
	append_text(line, name);
	append_text(line, "=");
	postern_escape(value, strlen(value), shown, sizeof(shown));
	if (*value == '\0')
		append_text(line, "-");
	else if (is_plain(shown))
		append_text(line, shown);
	else
		append_quoted(line, shown);
}

const char *postern_login_record_format(const struct postern_login_record *record,
					const char *error, char text_r[POSTERN_LOGIN_LINE_MAX])
{
	char service[POSTERN_SERVICES_TEXT_MAX], key[POSTERN_FINGERPRINT_TEXT_MAX] = "";
	struct line line = { .text = text_r };

	postern_services_format(record->service, service);
	if (record->has_key)
		postern_fingerprint_format(&record->key, key);
	append_text(&line, "postern login:");
	append_word(&line, "result", result_words[record->result]);
	append_word(&line, "reason", record->reason);
	append_word(&line, "service", service);
	append_word(&line, "account", record->account);
	append_word(&line, "client", record->client);
	append_word(&line, "by", by_words[record->by]);
	append_word(&line, "label", record->label);
	append_word(&line, "key", key);
	append_word(&line, "tls", record->tls);
	append_word(&line, "asked", record->asked);
	append_word(&line, "session", record->session);
	if (error != NULL)
		append_word(&line, "error", error);
	return text_r;
}
