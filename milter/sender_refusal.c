/* SPDX-License-Identifier: MIT */
#include "sender_refusal.h"

#include <stdio.h>
#include <string.h>

#include "escape.h"

/* In the texts, %f is the field, %a what was found and %w why. */
static const struct {
	enum postern_sender_verdict verdict;
	const char *text;
} reasons[POSTERN_REASONS] = {
	[POSTERN_REASON_FROM_MISSING] = {
		POSTERN_SENDER_MALFORMED,
		"the message has no From field; add one with your own address" },
	[POSTERN_REASON_FROM_TWICE] = {
		POSTERN_SENDER_NOT_OWN,
		"the message has a second From field (%a); send it with exactly one" },
	[POSTERN_REASON_SENDER_TWICE] = {
		POSTERN_SENDER_NOT_OWN,
		"the message has a second Sender field (%a); send it with one at most" },
	[POSTERN_REASON_ONLY_ONE] = {
		POSTERN_SENDER_MALFORMED,
		"%f names more than one address (<%a>); leave only the one that is yours" },
	[POSTERN_REASON_TWICE] = {
		POSTERN_SENDER_MALFORMED,
		"the message has a second %f field; send it with one at most" },
	[POSTERN_REASON_UNREADABLE] = {
		POSTERN_SENDER_MALFORMED,
		"%f (%a) cannot be read for certain, because %w; write it as Name "
		"<local-part@domain>" },
	[POSTERN_REASON_ENVELOPE_UNREADABLE] = {
		POSTERN_SENDER_MALFORMED,
		"%f (%a) cannot be read for certain, because %w; use your own address in the form "
		"local-part@domain" },
	[POSTERN_REASON_NOT_OWN] = {
		POSTERN_SENDER_NOT_OWN,
		"<%a> in %f is not yours; send with an address of your own" },
	[POSTERN_REASON_SHOWN_NOT_OWN] = {
		POSTERN_SENDER_NOT_OWN,
		"the name in %f shows %a, which is not your address; take it out of the name" },
	[POSTERN_REASON_GROUP] = {
		POSTERN_SENDER_MALFORMED,
		"%f holds a group of addresses (%a); write your own address there instead" },
	[POSTERN_REASON_FIELD_TOO_LONG] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field is longer than 8192 octets; shorten it" },
	[POSTERN_REASON_NAME_TOO_LONG] = {
		POSTERN_SENDER_MALFORMED,
		"the message has a header field whose name is longer than 998 octets (%a); take the "
		"field out" },
	[POSTERN_REASON_NAME_ILLEGAL] = {
		POSTERN_SENDER_MALFORMED,
		"the message has a header line without a legal field name (%a); correct it or take "
		"it out" },
	[POSTERN_REASON_CONTROL] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field holds a control character (%a), which no header may; take it out" },
	[POSTERN_REASON_LINE_END] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field holds a broken line end (%a); end each line in CRLF, and begin the next "
		"one of the field with a blank" },
	[POSTERN_REASON_NOT_UTF8] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field holds text that is not UTF-8 (%a); set your mail program to UTF-8" },
	[POSTERN_REASON_ENCODING] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field holds an encoded word that cannot be decoded (%a); set your mail program "
		"to UTF-8, or write the name without special characters" },
	[POSTERN_REASON_CHARSET] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field is in a character set that is not taken here (%a); set your mail program "
		"to UTF-8" },
	[POSTERN_REASON_HIDDEN] = {
		POSTERN_SENDER_MALFORMED,
		"the %f field holds a hidden character that changes how the name is read (%a); take it "
		"out of the name" },
};

/* As much as fits. */
static void append(char *text, size_t size, const char *piece, size_t piece_size)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%.*s", (int)piece_size, piece);
}

static void expand(const char *template, const char *field, const char *found, const char *why,
		   char *text, size_t size)
{
	const char *percent;

	text[0] = '\0';
	while ((percent = strchr(template, '%')) != NULL) {
		const char *piece = percent[1] == 'f' ? field : percent[1] == 'a' ? found : why;

		append(text, size, template, (size_t)(percent - template));
		append(text, size, piece, strlen(piece));
		template = percent + 2;
	}
	append(text, size, template, strlen(template));
}

int postern_sender_refuse(const struct postern_sender_finding *finding,
			  struct postern_sender_refusal *refusal_r)
{
	const char *found = finding->found;
	size_t found_size = finding->found_size;
	/* What is left of the line is for the words. */
	char shown[128], why[192];

	while (found_size > 0 && strchr(" \t\r\n", *found) != NULL) {
		found++;
		found_size--;
	}
	memset(refusal_r, 0, sizeof(*refusal_r));
	snprintf(refusal_r->rule, sizeof(refusal_r->rule), "%s", finding->rule);
	postern_escape_ascii(finding->field, finding->field_size, refusal_r->field,
			     sizeof(refusal_r->field));
	postern_escape_ascii(found, found_size, refusal_r->found, sizeof(refusal_r->found));
	if (found_size > 0)
		postern_escape_ascii(found, found_size, shown, sizeof(shown));
	else
		strcpy(shown, "empty");
	/* A reason may be an error that quotes the message. */
	postern_escape_ascii(finding->why, finding->why == NULL ? 0 : strlen(finding->why), why,
			     sizeof(why));
	expand(reasons[finding->reason].text, refusal_r->field, shown, why, refusal_r->text,
	       sizeof(refusal_r->text));
	return reasons[finding->reason].verdict;
}
