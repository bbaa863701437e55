/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "dkim_rotation.h"

#define NOW 1800000000
#define MINUTE 60
#define DAY (24 * 60 * 60)

static void each_step_is_taken_when_it_is_due(void **state)
{
	enum { GOOD = POSTERN_DKIM_SIGHT_GOOD, NONE = POSTERN_DKIM_SIGHT_NONE,
	       WRONG = POSTERN_DKIM_SIGHT_WRONG, UNKNOWN = POSTERN_DKIM_SIGHT_UNKNOWN };
	static const struct {
		const char *name, *state, *rotation;
		int sight;
		int64_t age;
		unsigned settle;
		enum postern_dkim_step step;
	} cases[] = {
		{ "not there", "published", "waits", NONE, 0, 60, POSTERN_DKIM_STEP_NONE },
		{ "another's", "published", "waits", WRONG, 0, 60, POSTERN_DKIM_STEP_NONE },
		{ "no answer", "published", "waits", UNKNOWN, 99 * DAY, 0, POSTERN_DKIM_STEP_NONE },
		{ "there", "published", "waits", GOOD, 0, 60, POSTERN_DKIM_STEP_SEEN },
		{ "there after long", "published", "waits", GOOD, 99 * DAY, 60,
		  POSTERN_DKIM_STEP_SEEN },
		{ "there, no settling", "published", "waits", GOOD, 0, 0,
		  POSTERN_DKIM_STEP_SWITCH },
		{ "not settled", "published", "seen", GOOD, 60 * MINUTE - 1, 60,
		  POSTERN_DKIM_STEP_NONE },
		{ "settled", "published", "seen", GOOD, 60 * MINUTE, 60, POSTERN_DKIM_STEP_SWITCH },
		{ "settled, no answer", "published", "seen", UNKNOWN, 99 * DAY, 60,
		  POSTERN_DKIM_STEP_NONE },
		{ "settled, gone", "published", "seen", NONE, 99 * DAY, 60,
		  POSTERN_DKIM_STEP_WAIT },
		{ "settled, changed", "published", "seen", WRONG, 99 * DAY, 0,
		  POSTERN_DKIM_STEP_WAIT },
		{ "the clock went back", "published", "seen", GOOD, -DAY, 60,
		  POSTERN_DKIM_STEP_NONE },
		{ "fades", "retired", "fades", UNKNOWN, 7 * DAY - 1, 60, POSTERN_DKIM_STEP_NONE },
		{ "has faded", "retired", "fades", UNKNOWN, 7 * DAY, 60,
		  POSTERN_DKIM_STEP_REMOVE },
		{ "fades, the clock went back", "retired", "fades", UNKNOWN, -99 * DAY, 60,
		  POSTERN_DKIM_STEP_NONE },
		{ "gone", "retired", "gone", UNKNOWN, 99 * DAY, 0, POSTERN_DKIM_STEP_NONE },
		/* What no rotation brought stays as the admin put it. */
		{ "by hand", "published", "", GOOD, 99 * DAY, 0, POSTERN_DKIM_STEP_NONE },
		{ "signs", "active", "", GOOD, 99 * DAY, 0, POSTERN_DKIM_STEP_NONE },
		{ "retired by hand", "retired", "", GOOD, 99 * DAY, 0, POSTERN_DKIM_STEP_NONE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_dkim_selector selector = { .changed = NOW - cases[i].age };

		strcpy(selector.state, cases[i].state);
		strcpy(selector.rotation, cases[i].rotation);
		check_row(cases[i].name, postern_dkim_rotation_step(&selector, cases[i].sight, NOW,
								    cases[i].settle, 7) ==
			  cases[i].step);
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		long seconds;
	} cases[] = {
		{ "0s", 0 }, { "90s", 90 }, { "30m", 1800 }, { "2h", 7200 }, { "30d", 30 * DAY },
		{ "31d", -1 }, { "999999999999999999999s", -1 }, { "10", -1 }, { "", -1 },
		{ "h", -1 }, { "-1h", -1 }, { "1 h", -1 }, { "1hm", -1 }, { "1w", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].text, postern_dkim_duration(cases[i].text) == cases[i].seconds);
}

static void published_records_are_compared(void **state)
{
	static const char own[] = "v=DKIM1; k=rsa; p=QUJD";
	static const struct {
		const char *published, *why;
	} cases[] = {
		{ "v=DKIM1; k=rsa; p=QUJD", NULL },
		{ "p=QUJD", NULL },
		{ "v=DKIM1;k=RSA;p=QU JD;", NULL },
		{ " v = DKIM1 ; p = Q U\tJD ; t=s:y; n=a note", NULL },
		{ "v=DKIM1; h=sha1:sha256; s=other:email; p=QUJD", NULL },
		{ "v=DKIM1; s=*; p=QUJD; unknown=thing", NULL },
		{ "v=DKIM1; k=rsa; p=QUJE", "another key" },
		{ "v=DKIM1; k=rsa; p=qujd", "another key" },
		{ "v=DKIM1; k=ed25519; p=QUJD", "another kind" },
		{ "v=DKIM1; k=rsa; p=", "revokes" },
		{ "v=DKIM1; k=rsa", "no p=" },
		{ "v=DKIM2; p=QUJD", "v=" },
		{ "p=QUJD; v=DKIM1", "v=" },
		{ "v=DKIM1; h=sha1; p=QUJD", "h=" },
		{ "v=DKIM1; s=tlsrpt; p=QUJD", "s=" },
		{ "v=DKIM1; p=QUJD; p=QUJD", "two p=" },
		{ "v=spf1 -all", "v=" },
		{ "hello", "no list of tags" },
		{ "=x; p=QUJD", "no list of tags" },
		{ "", "no p=" },
	};
	char why[POSTERN_DKIM_WHY_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool fits = postern_dkim_record_fits(cases[i].published, own, why);

		check_row(cases[i].published, fits == (cases[i].why == NULL));
		if (cases[i].why != NULL && strstr(why, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].published, why);
	}
	/* An Ed25519 record has to say so: k= is rsa without. */
	assert_false(postern_dkim_record_fits("p=QUJD", "v=DKIM1; k=ed25519; p=QUJD", why));
	assert_true(postern_dkim_record_fits("k=ed25519; p=QUJD", "v=DKIM1; k=ed25519; p=QUJD", why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_step_is_taken_when_it_is_due),
		cmocka_unit_test(durations),
		cmocka_unit_test(published_records_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
