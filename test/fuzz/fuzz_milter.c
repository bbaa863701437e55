/* SPDX-License-Identifier: MIT */
#include <libmilter/mfapi.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "milter.h"
#include "milter_world.h"
#include "sender_rule.h"

/*
 * The milter's callbacks as libmilter calls them: any number of messages of one session, finished,
 * aborted and begun anew. Of each, what comes of it is held against the rule alone (sender_rule.h)
 * given the same envelope sender and fields: nothing of one message may show in the next.
 *
 * The input is an octet of settings and then steps with a NUL behind each: "M<sender>", "R", "Hname:
 * value", "E", "Btext", "X" (end of message), "A" (abort). A step that libmilter would not come to is
 * passed over.
 */
enum place { OUTSIDE, IN_ENVELOPE, IN_HEADER, IN_BODY };

struct session {
	SMFICTX *ctx;
	enum place place;
	/* What the milter is held against. */
	struct postern_sender_rule *rule;
	int verdict;
	bool refused;
	/* Of sendmail(1): the first field says who it is. */
	bool identified;
	char sender[512];
};

static void expect(struct session *session, int verdict)
{
	MUST(verdict >= 0);
	if (session->verdict == POSTERN_SENDER_OK)
		session->verdict = verdict;
}

static void judge_sender(struct session *session)
{
	const char *error = NULL;

	expect(session, postern_sender_rule_envelope_sender(session->rule, session->sender,
							    &error));
	session->identified = true;
}

static bool is_judged(void)
{
	return milter_world.origin != ORIGIN_TRUSTED && !milter_world.config.report_only;
}

/* Whether the message ought to be refused by now. */
static bool is_refusable(const struct session *session)
{
	return is_judged() && session->verdict != POSTERN_SENDER_OK;
}

static void check_answer(struct session *session, sfsistat answer)
{
	MUST(answer != SMFIS_ACCEPT && answer != SMFIS_DISCARD);
	session->refused |= answer == SMFIS_REJECT || answer == SMFIS_TEMPFAIL;
	if (answer == SMFIS_REJECT)
		MUST(milter_world.reply_class == '5');
	milter_world.reply_class = '\0';
}

static void begin(struct session *session, const char *sender)
{
	char argument[sizeof(session->sender)];
	char *arguments[] = { argument, NULL };
	const char *error = NULL;

	if (session->place != OUTSIDE)
		milter_world.callbacks.xxfi_abort(session->ctx);
	postern_sender_rule_free(&session->rule);
	MUST(postern_sender_rule_new(milter_world_owns, NULL, milter_world.config.allow,
				     &session->rule, &error) == 0);
	session->verdict = POSTERN_SENDER_OK;
	session->refused = session->identified = false;
	snprintf(argument, sizeof(argument), "%s", sender);
	strcpy(session->sender, argument);
	if (milter_world.origin != ORIGIN_LOCAL)
		judge_sender(session);
	check_answer(session, milter_world.callbacks.xxfi_envfrom(session->ctx, arguments));
	MUST(session->refused == is_refusable(session));
	session->place = IN_ENVELOPE;
}

static void send_field(struct session *session, char *field)
{
	char *colon = strchr(field, ':');
	char *value = colon == NULL ? field + strlen(field) : colon + 1;
	char *seen = NULL;
	const char *error = NULL;

	if (colon != NULL)
		*colon = '\0';
	MUST(asprintf(&seen, "%s%s", milter_world.leading_blank ? "" : " ", value) >= 0);
	if (!session->identified) {
		judge_sender(session);
		if (!milter_world_is_local_user(field, seen))
			session->verdict = POSTERN_SENDER_NOT_OWN;
	} else {
		expect(session, postern_sender_rule_field(session->rule, field, strlen(field),
							  seen, strlen(seen), &error));
	}
	MUST(milter_world.callbacks.xxfi_header(session->ctx, field, value) == SMFIS_NOREPLY);
	free(seen);
	session->place = IN_HEADER;
}

static void end_header(struct session *session)
{
	const char *error = NULL;

	if (!session->identified)
		session->verdict = POSTERN_SENDER_NOT_OWN;
	expect(session, postern_sender_rule_end_of_header(session->rule, &error));
	check_answer(session, milter_world.callbacks.xxfi_eoh(session->ctx));
	session->place = IN_BODY;
}

static void end_message(struct session *session)
{
	size_t added = milter_world.added;

	check_answer(session, milter_world.callbacks.xxfi_eom(session->ctx));
	if (milter_world.origin == ORIGIN_LOCAL && !session->identified)
		MUST(session->refused);
	else if (is_judged())
		MUST(session->refused == is_refusable(session));
	/* What is let through because it is the account's own bears a signature. */
	if (!session->refused && is_judged())
		MUST(milter_world.added > added);
	session->place = OUTSIDE;
}

static void take_step(struct session *session, char *step)
{
	enum place place = session->place;

	switch (*step) {
	case 'M':
		if (strlen(step + 1) < sizeof(session->sender))
			begin(session, step + 1);
		break;
	case 'R':
		if (place == IN_ENVELOPE)
			(void)milter_world.callbacks.xxfi_envrcpt(session->ctx, NULL);
		break;
	case 'H':
		if (place == IN_ENVELOPE || place == IN_HEADER)
			send_field(session, step + 1);
		break;
	case 'E':
		if (place == IN_ENVELOPE || place == IN_HEADER)
			end_header(session);
		break;
	case 'B':
		if (place == IN_BODY)
			MUST(milter_world.callbacks.xxfi_body(session->ctx,
							      (unsigned char *)step + 1,
							      strlen(step + 1)) == SMFIS_NOREPLY);
		break;
	case 'X':
		if (place == IN_BODY)
			end_message(session);
		break;
	case 'A':
		MUST(milter_world.callbacks.xxfi_abort(session->ctx) == SMFIS_CONTINUE);
		session->place = OUTSIDE;
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct session session = { .ctx = milter_world_open(size > 0 ? data[0] : 0) };
	char *steps;

	if (size == 0) {
		milter_world_close(session.ctx);
		return 0;
	}
	steps = malloc(size);
	MUST(steps != NULL);
	memcpy(steps, data + 1, size - 1);
	steps[size - 1] = '\0';
	for (char *step = steps; step < steps + size; ) {
		char *next = step + strlen(step) + 1;

		take_step(&session, step);
		/* The client is waited for now. */
		MUST(milter_world.snapshots == 0);
		step = next;
	}
	milter_world_close(session.ctx);
	MUST(postern_milter_busy() == 0);
	postern_sender_rule_free(&session.rule);
	free(steps);
	return 0;
}
