/* SPDX-License-Identifier: MIT */
#include "unit_dying.h"

#include <time.h>

#include "challenge.h"
#include "login.h"
#include "page.h"

/*
 * kill -9 of postern-keeper's process at each of its writes, into the store and into page.db: what
 * is left is the state of before or of after, for each thing that the page can change.
 */
#define OLD "correct horse battery"
#define NEW "five new words of mine"
#define VERIFIER "$1$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/" /* secret-1 */

/* In place of the C library's, for SQLite as well: what a process wrote outlives it without this, and
   here nothing has to last longer. */
int fdatasync(int fd)
{
	(void)fd;
	if (dies_now())
		_exit(9);
	return 0;
}

static char cookie[POSTERN_TOKEN_SIZE], link_token[POSTERN_TOKEN_SIZE];
static char *schemes[] = { (char[]){ "md5-crypt" }, NULL };
static char *none[] = { NULL };
static char *admins[] = { (char[]){ "alice" }, NULL };
static char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX], request_id[24];

/* Who is signed in, by a link: no password is asked for again. */
static void sign_in(struct unit_store *unit)
{
	struct postern_session session = { .way = POSTERN_WAY_LINK };
	struct postern_state *state = NULL;
	struct postern_account account;
	const char *error;

	ok(unit, postern_store_account_find(unit->store, "alice", &account, &error));
	session.account_id = account.id;
	strcpy(session.account, account.name);
	ok(unit, postern_state_open(&unit->config, &state, &error));
	ok(unit, postern_token_make(cookie, &error));
	ok(unit, postern_state_session_add(state, cookie, &session, time(NULL), &error));
	postern_state_free(&state);
}

/* One request, in the process that may die; its status. */
static int request(struct unit_store *unit, const char *path, const char *const *fields)
{
	struct postern_page_message in, out;
	struct postern_mail *mails = NULL;
	char token[POSTERN_TOKEN_SIZE];
	const char *error, *status;
	int ret;

	postern_page_message_init(&in);
	postern_page_message_init(&out);
	if (postern_token_of_form(cookie, token, &error) < 0)
		return -1;
	postern_page_message_add_text(&in, ":method", "POST");
	postern_page_message_add_text(&in, ":path", path);
	postern_page_message_add_text(&in, ":cookie", cookie);
	postern_page_message_add_text(&in, ":client", "192.0.2.1");
	postern_page_message_add_text(&in, "token", token);
	for (; *fields != NULL; fields += 2)
		postern_page_message_add_text(&in, fields[0], fields[1]);
	postern_page_answer(&unit->config, &in, time(NULL), &out, &mails);
	status = postern_page_message_get(&out, ":status");
	ret = status != NULL ? atoi(status) : -1;
	postern_mail_free_all(&mails);
	postern_page_message_deinit(&in);
	postern_page_message_deinit(&out);
	return ret;
}

static bool is_password(struct unit_store *unit, const char *password)
{
	struct postern_login login;
	const char *error;
	int ret = postern_login_by_password(unit->store, &unit->config, "alice", password,
					    POSTERN_SERVICE_IMAP, NULL, &login, &error);

	if (ret < 0)
		fail_msg("%s", error);
	return ret == POSTERN_LOGIN_OK;
}

struct counts {
	unsigned passwords, keys;
};

static int count_password(const struct postern_account_password *password, void *context)
{
	assert_non_null(password->verifiers[0]);
	((struct counts *)context)->passwords++;
	return 0;
}

static int count_key(const struct postern_account_key *key, void *context)
{
	(void)key;
	((struct counts *)context)->keys++;
	return 0;
}

static struct counts count(struct unit_store *unit)
{
	struct counts counts = { 0 };

	ok(unit, postern_store_password_each(unit->store, 0, count_password, &counts,
					     &unit->error));
	ok(unit, postern_store_key_each(unit->store, 0, count_key, &counts, &unit->error));
	return counts;
}

/* ---- What can be done ---- */

static int set_password(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/password", (const char *const[]){
		"new", NEW, "again", NEW, "others", "1", "keys", "1", NULL }) == 303 ? 0 : -1;
}

static int make_password(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/passwords/new", (const char *const[]){
		"label", "printer", "services", "submission", NULL }) == 200 ? 0 : -1;
}

static int remove_password(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/passwords/remove", (const char *const[]){
		"label", "device", NULL }) == 303 ? 0 : -1;
}

static int add_key(struct unit_store *unit, const char **error_r)
{
	char other[POSTERN_FINGERPRINT_TEXT_MAX], line[POSTERN_CHALLENGE_MAX];
	struct postern_fingerprint key = unit_fingerprint(2);

	if (postern_challenge_make(cookie, "alice", unit->config.page_url, time(NULL), line,
				   error_r) < 0)
		return -1;
	postern_fingerprint_format(&key, other);
	return request(unit, "/keys/new", (const char *const[]){
		":key", other, ":key-type", "Ed25519", ":key-label", "laptop", ":proved", line,
		"services", "imap", NULL }) == 303 ? 0 : -1;
}

static int edit_key(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/keys/edit", (const char *const[]){
		"key", fingerprint, "label", "new name", "services", "imap", NULL }) == 303 ? 0 : -1;
}

static int remove_key(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/keys/remove", (const char *const[]){
		"key", fingerprint, NULL }) == 303 ? 0 : -1;
}

static int use_link(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/link", (const char *const[]){ ":link", link_token, NULL }) == 303 ?
		0 : -1;
}

static int ask_for_reset(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/reset", (const char *const[]){
		"name", "alice", "words", "", "crypt", "", NULL }) == 200 ? 0 : -1;
}

static int approve_hash(struct unit_store *unit, const char **error_r)
{
	(void)error_r;
	return request(unit, "/admin/approve", (const char *const[]){
		"id", request_id, NULL }) == 303 ? 0 : -1;
}

struct change {
	const char *title;
	change_fn *run;
	/* Passwords and keys afterwards; 2 and 1 before. */
	struct counts after;
	bool sets_password;
};

static const struct change changes[] = {
	{ "set the password, remove the rest", set_password, { 1, 0 }, true },
	{ "make a device password", make_password, { 3, 1 }, false },
	{ "remove a password", remove_password, { 1, 1 }, false },
	{ "add a key", add_key, { 2, 2 }, false },
	{ "edit a key", edit_key, { 2, 1 }, false },
	{ "remove a key", remove_key, { 2, 0 }, false },
	{ "use a link", use_link, { 2, 1 }, false },
	{ "ask for a reset", ask_for_reset, { 2, 1 }, false },
	{ "approve a request with a hash", approve_hash, { 2, 1 }, true },
};

/* A store of its own each time, with nobody's handle open while the child runs. */
static struct unit_store *prepare(void)
{
	struct postern_reset_request asked = { .account = "alice" };
	struct unit_store *unit;
	struct postern_state *state = NULL;
	struct postern_account account;
	struct postern_fingerprint key = unit_fingerprint(1);
	void *made;

	unit_store_set_up(&made);
	unit = made;
	unit->config.page_url = (char *)"https://mail.example.org/p";
	unit->config.page_ca = unit->config.page_mail_host = (char *)"";
	unit->config.page_mail_to = none;
	unit->config.page_admins = admins;
	unit->config.password_schemes = schemes;
	unit->config.password_min_length = 8;
	unit->config.record_socket = (char *)"/nonexistent";
	account = unit_account_add(unit, "alice");
	unit_password_set(unit, account.id, "main", POSTERN_SERVICES_ALL,
			  "{PLAIN}" OLD);
	unit_password_set(unit, account.id, "device", POSTERN_SERVICE_IMAP, VERIFIER);
	unit_key_add(unit, account.id, 1);
	postern_fingerprint_format(&key, fingerprint);
	sign_in(unit);
	ok(unit, postern_state_open(&unit->config, &state, &unit->error));
	asked.account_id = account.id;
	ok(unit, postern_token_make(link_token, &unit->error));
	ok(unit, postern_state_request_add(state, &asked, time(NULL), &unit->error));
	ok(unit, postern_state_request_close(state, asked.id, link_token, time(NULL),
					     &unit->error));
	strcpy(asked.verifier, "{PLAIN}" NEW);
	ok(unit, postern_state_request_add(state, &asked, time(NULL), &unit->error));
	snprintf(request_id, sizeof(request_id), "%lld", (long long)asked.id);
	postern_state_free(&state);
	postern_store_free(&unit->store);
	return unit;
}

static void check(struct unit_store *unit, const struct change *change, bool survived)
{
	struct counts counts;
	struct postern_state *state = NULL;
	bool old, new, is_before, is_after;

	unit->store = unit_store_open(unit, POSTERN_STORE_WRITE | POSTERN_STORE_VERIFIERS);
	counts = count(unit);
	old = is_password(unit, OLD);
	new = is_password(unit, NEW);
	/* Never neither, and never both. */
	check_row(change->title, old != new);
	is_before = counts.passwords == 2 && counts.keys == 1 && old;
	is_after = counts.passwords == change->after.passwords &&
		counts.keys == change->after.keys && new == change->sets_password;
	/* postern.db and verifiers.db are two: in between a door is closed, none opened. */
	check_row(change->title, is_before || is_after ||
		  (!survived && change->run == set_password && counts.passwords == 1 && new));
	if (survived)
		check_row(change->title, is_after);
	/* page.db can be read, whatever it was in the middle of. */
	ok(unit, postern_state_open(&unit->config, &state, &unit->error));
	postern_state_free(&state);
}

static void killed_at_each_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		bool survived = false;
		unsigned n = 0;

		while (!survived) {
			struct unit_store *unit = prepare();
			void *made = unit;

			survived = survives(unit, changes[i].run, ++n);
			check(unit, &changes[i], survived);
			unit_store_tear_down(&made);
		}
		/* It did write. */
		assert_true(n > 5);
		print_message("# %s: killed at %u writes\n", changes[i].title, n - 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_each_write),
	};

	return cmocka_run_group_tests_name("page_crash", tests, NULL, NULL);
}
