/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "uses_of.h"
#include "visitor.h"

#include <stdio.h>
#include <string.h>

#include "label.h"

struct walk {
	struct postern_page *page;
	struct postern_login_journal *journal;
	size_t count;
};

static void read_use(struct walk *walk, const struct postern_account_key *key,
		     struct postern_login_use *use_r)
{
	const char *ignored;

	memset(use_r, 0, sizeof(*use_r));
	if (walk->journal != NULL &&
	    postern_login_journal_key_use(walk->journal, key->account_id, &key->fingerprint, use_r,
					  &ignored) < 0)
		memset(use_r, 0, sizeof(*use_r));
}

static int show_row(const struct postern_account_key *key, void *context)
{
	struct walk *walk = context;
	struct postern_page *page = walk->page;
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX], services[POSTERN_SERVICES_TEXT_MAX];
	char created[POSTERN_LAYOUT_TIME_MAX];
	struct postern_login_use use;

	walk->count++;
	postern_fingerprint_format(&key->fingerprint, fingerprint);
	postern_services_format(key->services, services);
	read_use(walk, key, &use);
	postern_html_add(&page->html, "<tr>\n<th scope=\"row\">%s</th>\n"
			 "<td data-label=\"%s\">%s<br><code class=\"fingerprint\">%s</code></td>\n",
			 key->label, T("Key"), key->type, fingerprint);
	postern_layout_cell(page, T("Good for"), services);
	postern_layout_cell(page, T("IMAP without login"), key->preauth ? T("yes") : T("no"));
	postern_layout_cell(page, T("Since"), postern_layout_time(key->created, "", created));
	postern_uses_cell(page, &use, T("waiting for its first login"));
	postern_html_add(&page->html, "<td><a href=\"%s/keys/edit?key=%s\" aria-label=\"%s: %s\">"
			 "%s</a></td>\n</tr>\n", page->base, fingerprint, T("Change"), key->label,
			 T("Change"));
	return 0;
}

static const char *done_text(const struct postern_page *page)
{
	const char *done = postern_page_field(page, "done");

	if (strcmp(done, "key") == 0)
		return T("The key is registered. Set up the device with it now: the table says "
			 "when it has logged in.");
	if (strcmp(done, "changed") == 0)
		return T("The key was changed.");
	if (strcmp(done, "removed") == 0)
		return T("The key was removed. It logs in nowhere from now on.");
	return NULL;
}

int postern_page_keys(struct postern_page *page, const char **error_r)
{
	struct walk walk = { .page = page };
	int ret;

	postern_layout_begin(page, "keys", T("Keys"), done_text(page));
	postern_html_add(&page->html, "<p><a href=\"%s/keys/new\">%s</a></p>\n", page->base,
			 T("Register a key"));
	postern_layout_table(page, "keys", T("Your keys"));
	postern_html_add(&page->html, "<thead><tr><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th><th scope=\"col\">%s</th>"
			 "<th scope=\"col\">%s</th><th scope=\"col\">%s</th></tr></thead>\n<tbody>\n",
			 T("Name"), T("Key"), T("Good for"), T("IMAP without login"), T("Since"),
			 T("Last used"), T("Change"));
	walk.journal = postern_uses_journal(page);
	ret = postern_store_key_each(page->store, page->account.id, show_row, &walk, error_r);
	postern_login_journal_free(&walk.journal);
	if (ret < 0)
		return -1;
	postern_html_add(&page->html, "</tbody>\n</table>\n</div>\n");
	if (walk.count == 0)
		postern_html_add(&page->html, "<p>%s</p>\n", T("There is none yet."));
	postern_layout_end(page);
	return 0;
}

/* ---- Change ---- */

/* The account's own key that the field names; NOT_FOUND for any other. */
static int find_key(struct postern_page *page, struct postern_account_key *key_r,
		    const char **error_r)
{
	struct postern_fingerprint fingerprint;
	struct postern_account owner;
	const char *ignored;
	int ret;

	if (postern_fingerprint_parse(postern_page_field(page, "key"), &fingerprint, &ignored) < 0)
		return POSTERN_STORE_NOT_FOUND;
	ret = postern_store_key_find(page->store, &fingerprint, key_r, &owner, error_r);
	if (ret == POSTERN_STORE_OK && owner.id != page->account.id)
		return POSTERN_STORE_NOT_FOUND;
	return ret;
}

static int no_such_key(struct postern_page *page)
{
	return postern_page_refuse(page, 404, T("You have no such key."));
}

static int show_edit(struct postern_page *page, const struct postern_account_key *key)
{
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX];

	postern_fingerprint_format(&key->fingerprint, fingerprint);
	postern_layout_begin(page, "keys-edit", T("Change a key"), NULL);
	postern_html_add(&page->html, "<dl class=\"facts\"><dt>%s</dt><dd>%s</dd><dt>%s</dt>"
			 "<dd><code class=\"fingerprint\">%s</code></dd></dl>\n", T("Key"),
			 key->type, T("Fingerprint"), fingerprint);
	postern_form_begin(page, "/keys/edit", "edit-key");
	postern_form_hidden(page, "key", fingerprint);
	postern_form_input(page, &(struct postern_input){
		.name = "label", .label = T("Name of the device or program"), .type = "text",
		.autocomplete = "off", .value = key->label, .required = true,
	});
	postern_form_services(page, key->services);
	postern_form_choice(page, "preauth", "preauth", "1", key->preauth,
			    T("IMAP without login: the server greets the key as logged in. Clear "
			      "this for a program that cannot handle it."));
	postern_form_end(page, T("Change it"), false);
	postern_html_add(&page->html, "<h2>%s</h2>\n<p>%s</p>\n", T("Remove it"),
			 T("From then on it logs in nowhere."));
	postern_form_begin(page, "/keys/remove", "remove-key");
	postern_form_hidden(page, "key", fingerprint);
	postern_form_end(page, T("Remove this key"), true);
	postern_layout_end(page);
	return 0;
}

int postern_page_key_edit(struct postern_page *page, const char **error_r)
{
	struct postern_account_key key;
	int ret = find_key(page, &key, error_r);

	if (ret < 0)
		return -1;
	return ret == POSTERN_STORE_OK ? show_edit(page, &key) : no_such_key(page);
}

int postern_page_do_key_edit(struct postern_page *page, const char **error_r)
{
	const char *label = postern_page_field(page, "label"), *reason;
	struct postern_account_key key;
	int ret = find_key(page, &key, error_r);

	if (ret != POSTERN_STORE_OK)
		return ret < 0 ? -1 : no_such_key(page);
	key.services = postern_owner_services(page);
	key.preauth = postern_page_flag(page, "preauth");
	if (postern_label_check(label, &reason) < 0)
		postern_page_wrong(page, "label", T("Give a name of at most 127 bytes; a "
			"letter with an accent counts as two or more."));
	else
		snprintf(key.label, sizeof(key.label), "%s", label);
	if (key.services == 0)
		postern_page_wrong(page, "services-imap", T("Choose what it is good for."));
	if (page->wrong_count > 0)
		return show_edit(page, &key);
	ret = postern_store_key_update(page->store, &key, error_r);
	if (ret != POSTERN_STORE_OK)
		return ret < 0 ? -1 : no_such_key(page);
	postern_page_log(page, LOG_NOTICE, "key changed", page->account.name, NULL);
	postern_owner_tell(page, T("A key was changed"), key.label);
	return postern_page_redirect(page, "/keys?done=changed");
}

/* ---- Remove ---- */

static int remove_key(struct postern_page *page, const struct postern_account_key *key,
		      const char **error_r)
{
	struct postern_account_key again;
	int ret;

	if (postern_store_begin(page->store, error_r) < 0)
		return -1;
	/* It may be another account's by now. */
	ret = find_key(page, &again, error_r);
	if (ret == POSTERN_STORE_OK)
		ret = postern_store_key_remove(page->store, &key->fingerprint, error_r);
	if (ret == POSTERN_STORE_OK)
		return postern_store_commit(page->store, error_r);
	postern_store_rollback(page->store);
	return ret;
}

int postern_page_do_key_remove(struct postern_page *page, const char **error_r)
{
	struct postern_account_key key;
	struct postern_owner_counts counts;
	int ret = find_key(page, &key, error_r);

	if (ret < 0 || postern_owner_count(page, &counts, error_r) < 0)
		return -1;
	if (ret == POSTERN_STORE_NOT_FOUND)
		return no_such_key(page);
	if (counts.passwords + counts.keys == 1 && !postern_page_flag(page, "confirm")) {
		return postern_owner_confirm(page, "/keys/remove", T("This is your last way in. "
			"Without it, no mail program gets in, and you will have to ask the "
			"administrator."), (const char *const[]){
				"key", postern_page_field(page, "key"), NULL });
	}
	ret = remove_key(page, &key, error_r);
	if (ret != POSTERN_STORE_OK)
		return ret < 0 ? -1 : no_such_key(page);
	postern_page_log(page, LOG_NOTICE, "key removed", page->account.name, NULL);
	postern_owner_tell(page, T("A key was removed"), key.label);
	return postern_page_redirect(page, "/keys?done=removed");
}
