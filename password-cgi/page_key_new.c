/* SPDX-License-Identifier: MIT */
#include "layout.h"
#include "owner.h"
#include "visitor.h"

#include <stdio.h>
#include <string.h>

#include "challenge.h"
#include "label.h"

/* ---- The page ---- */

static void command(struct postern_page *page, const char *text)
{
	postern_html_add(&page->html, "<pre class=\"command\"><code>%s</code></pre>\n", text);
}

/* The name in a certificate is for its owner alone; what is special to a shell or to openssl's
   -subj is left out. */
static void plain_name(const char *address, char text_r[80])
{
	size_t size = 0;

	for (; *address != '\0' && size < 79; address++) {
		unsigned char octet = (unsigned char)*address;

		if (octet >= 0x80 || strchr("'\"\\/=+$`!*?[]{}()<>|&;#~ ", octet) != NULL)
			continue;
		text_r[size++] = (char)octet;
	}
	text_r[size] = '\0';
}

static void show_commands(struct postern_page *page, const char *name)
{
	struct postern_html *html = &page->html;
	char line[512];

	postern_html_add(html, "<details open>\n<summary>%s</summary>\n<p>%s</p>\n",
			 T("How to make a key"), T("With openssl, on the device itself or on a "
			 "computer that you trust. This makes a key and its certificate:"));
	snprintf(line, sizeof(line), "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		 "-noenc -days 36500 -subj '/CN=%s' -keyout device.key -out device.crt", name);
	command(page, line);
	postern_html_add(html, "<p>%s</p>\n", T("And this the file that mail programs import; it "
			 "asks for a passphrase, which they ask for too:"));
	command(page, "openssl pkcs12 -export -inkey device.key -in device.crt -out device.p12");
	postern_html_add(html, "<p>%s</p>\n", T("An older program that does not read it may read "
			 "this one:"));
	command(page, "openssl pkcs12 -export -legacy -inkey device.key -in device.crt "
		"-out device.p12");
	postern_html_add(html, "<p>%s</p>\n</details>\n", T("Then paste or upload device.crt here. "
			 "The file device.key stays with you."));
}

static void show_proof(struct postern_page *page, const char *challenge)
{
	struct postern_html *html = &page->html;

	postern_html_add(html, "<fieldset>\n<legend>%s</legend>\n<p>%s</p>\n",
			 T("Show that the key is yours"), T("Sign this line with it, in the folder "
			 "where device.key is, and paste what comes out:"));
	postern_html_add(html, "<pre class=\"command\"><code>printf %%s '%s' &gt; line.txt\n"
			 "openssl dgst -sha256 -sign device.key line.txt | openssl base64"
			 "</code></pre>\n<p>%s</p>\n", challenge,
			 T("For an Ed25519 key, the second command is:"));
	command(page, "openssl pkeyutl -sign -rawin -inkey device.key -in line.txt | openssl base64");
	postern_form_hidden(page, "challenge", challenge);
	postern_form_input(page, &(struct postern_input){
		.name = "signature", .label = T("Signature"), .monospace = true,
		.autocomplete = "off",
	});
	postern_form_input(page, &(struct postern_input){
		.name = "signed", .label = T("Or the signature as a file"), .type = "file",
	});
	postern_html_add(html, "</fieldset>\n");
}

static void show_in_browser(struct postern_page *page, const char *challenge)
{
	char address[POSTERN_OWNER_ADDRESS_MAX];

	postern_owner_address(page->config, page->account.name, address, sizeof(address));
	postern_html_add(&page->html, "<div id=\"in-browser\" hidden data-address=\"%s\" "
			 "data-account=\"%s\" data-challenge=\"%s\" data-title=\"%s\" "
			 "data-explain=\"%s\" data-passphrase=\"%s\" data-again=\"%s\" "
			 "data-differ=\"%s\" data-short=\"%s\" data-button=\"%s\" "
			 "data-working=\"%s\" data-done=\"%s\" data-save=\"%s\" "
			 "data-go-on=\"%s\" data-failed=\"%s\"></div>\n",
			 address, page->account.name, challenge, T("Make a key in this browser"),
			 T("The key is made here and goes nowhere. You get a file for your mail "
			   "program, with a passphrase, and the key is registered."),
			 T("Passphrase for the file"), T("The same again"),
			 T("The two are not the same."), T("Take 8 characters or more."),
			 T("Make and register a key"), T("The key is being made."),
			 T("The key is registered. Import the file into your mail program, and "
			   "delete it then."), T("Save the file"), T("To your keys"),
			 T("This browser cannot make a key. Use openssl."));
}

static void show_form(struct postern_page *page, const char *challenge)
{
	unsigned services = postern_owner_services(page);
	bool again = page->wrong_count > 0;

	postern_html_add(&page->html, "<h2>%s</h2>\n", T("A certificate or a public key"));
	postern_form_begin_upload(page, "/keys/new", "add-key");
	postern_form_input(page, &(struct postern_input){
		.name = "certificate", .label = T("Certificate or public key"), .monospace = true,
		.autocomplete = "off", .value = postern_page_field(page, "certificate"),
		.hint = T("What begins with -----BEGIN CERTIFICATE----- or -----BEGIN PUBLIC "
			  "KEY-----. Never a private key."),
	});
	postern_form_input(page, &(struct postern_input){
		.name = "file", .label = T("Or as a file"), .type = "file",
	});
	postern_form_input(page, &(struct postern_input){
		.name = "label", .label = T("Name of the device or program"), .type = "text",
		.autocomplete = "off", .value = postern_page_field(page, "label"),
		.hint = T("Without one, it is that in the certificate."),
	});
	postern_form_services(page, services != 0 ? services : POSTERN_SERVICES_ALL);
	postern_form_choice(page, "preauth", "preauth", "1",
			    !again || postern_page_flag(page, "preauth"),
			    T("IMAP without login: the server greets the key as logged in. Clear "
			      "this for a program that cannot handle it."));
	show_proof(page, challenge);
	postern_form_current(page);
	postern_form_end(page, T("Register the key"), false);
}

/* Has this connection a key that is nobody's yet? */
static int is_free(struct postern_page *page, bool *free_r, const char **error_r)
{
	struct postern_account_key key;
	struct postern_account owner;
	int ret;

	*free_r = false;
	if (!page->has_key)
		return 0;
	ret = postern_store_key_find(page->store, &page->key, &key, &owner, error_r);
	*free_r = ret == POSTERN_STORE_NOT_FOUND;
	return ret < 0 ? -1 : 0;
}

static int show(struct postern_page *page, const char **error_r)
{
	char challenge[POSTERN_CHALLENGE_MAX], name[80];
	char address[POSTERN_OWNER_ADDRESS_MAX];
	bool free_key = false;

	if (is_free(page, &free_key, error_r) < 0 ||
	    postern_challenge_make(page->cookie, page->account.name, page->config->page_url,
				   page->now, challenge, error_r) < 0)
		return -1;
	postern_owner_address(page->config, page->account.name, address, sizeof(address));
	plain_name(*address != '\0' ? address : page->account.name, name);
	page->script = true;
	postern_layout_begin(page, "keys-new", T("Register a key"), NULL);
	if (free_key) {
		postern_html_add(&page->html, "<h2>%s</h2>\n<p>%s</p>\n",
				 T("The key of this browser"), T("This connection has a certificate "
				 "that is not registered yet."));
		postern_form_begin(page, "/keys/new", "add-this-key");
		postern_form_hidden(page, "this", "1");
		/* The form below has a "current" too, and an id stands once on a page. */
		if (page->way == POSTERN_WAY_PASSWORD)
			postern_html_add(&page->html, "<div class=\"field\">\n"
					 "<label for=\"current-this\">%s</label>\n"
					 "<input type=\"password\" id=\"current-this\" name=\"current\" "
					 "autocomplete=\"current-password\" required>\n</div>\n",
					 T("Current password"));
		postern_form_end(page, T("Register the key of this browser"), false);
	}
	show_in_browser(page, challenge);
	show_form(page, challenge);
	show_commands(page, name);
	postern_layout_end(page);
	return 0;
}

int postern_page_key_new(struct postern_page *page, const char **error_r)
{
	return show(page, error_r);
}

/* ---- Registering ---- */

/* What password.cgi said of the uploaded key, or of this connection's. */
static void read_key(struct postern_page *page, struct postern_account_key *key)
{
	bool this = postern_page_flag(page, "this");
	const char *fingerprint = postern_page_field(page, this ? ":fingerprint" : ":key");
	const char *wrong = postern_page_field(page, ":key-wrong");
	const char *proof = postern_page_field(page, ":proof-wrong"), *ignored;
	const char *proved = postern_page_field(page, ":proved");

	if (*wrong != '\0' && !this) {
		postern_page_wrong(page, "certificate", T(wrong));
		return;
	}
	if (postern_fingerprint_parse(fingerprint, &key->fingerprint, &ignored) < 0) {
		postern_page_wrong(page, "certificate", this ? T("This connection has no key.") :
				   T("Paste or upload a certificate or a public key."));
		return;
	}
	snprintf(key->type, sizeof(key->type), "%s",
		 postern_page_field(page, this ? ":this-type" : ":key-type"));
	snprintf(key->label, sizeof(key->label), "%s",
		 postern_page_field(page, this ? ":this-label" : ":key-label"));
	/* A key of this very connection has proved itself in the handshake. */
	if (this || (page->has_key &&
		     memcmp(&page->key, &key->fingerprint, sizeof(page->key)) == 0))
		return;
	if (strcmp(proof, "void") == 0 ||
	    (*proved != '\0' && !postern_challenge_is_for(proved, page->account.name,
							  page->config->page_url)))
		postern_page_wrong(page, "signature", T("This line was too old, or of another "
			"visit. Sign the one that stands here now."));
	else if (*proof != '\0')
		postern_page_wrong(page, "signature", T("This is not a signature of this key over "
			"this line. Run both commands again."));
	else if (*proved == '\0')
		postern_page_wrong(page, "signature", T("Sign the line, so that it is known that "
			"the key is yours."));
}

static void read_options(struct postern_page *page, struct postern_account_key *key)
{
	bool this = postern_page_flag(page, "this");
	const char *label = postern_page_field(page, "label"), *reason;

	if (*label != '\0')
		snprintf(key->label, sizeof(key->label), "%s", label);
	if (strlen(label) >= sizeof(key->label) ||
	    (page->wrong_count == 0 && postern_label_check(key->label, &reason) < 0))
		postern_page_wrong(page, "label", T("Give a name of at most 127 bytes; a "
			"letter with an accent counts as two or more."));
	key->services = this ? POSTERN_SERVICES_ALL : postern_owner_services(page);
	key->preauth = this || postern_page_flag(page, "preauth");
	if (key->services == 0)
		postern_page_wrong(page, "services-imap", T("Choose what it is good for."));
}

static int store_key(struct postern_page *page, struct postern_account_key *key,
		     const char **error_r)
{
	struct postern_owner_counts counts;
	int ret;

	if (postern_store_begin(page->store, error_r) < 0)
		return -1;
	ret = postern_owner_recheck(page, error_r);
	if (ret > 0)
		ret = postern_error(error_r, "the account was removed or disabled meanwhile");
	if (ret == 0)
		ret = postern_owner_count(page, &counts, error_r);
	if (ret == 0 && counts.keys >= POSTERN_OWNER_KEYS_MAX)
		postern_page_wrong(page, "certificate", T("You have as many keys as there may be. "
			"Remove one first."));
	if (ret == 0 && page->wrong_count == 0)
		ret = postern_store_key_add(page->store, key, error_r);
	if (ret == POSTERN_STORE_EXISTS)
		postern_page_wrong(page, "certificate", T("This key is registered already. A key "
			"is good for one account only."));
	if (ret == 0 && page->wrong_count == 0)
		return postern_store_commit(page->store, error_r);
	postern_store_rollback(page->store);
	return ret < 0 ? -1 : 0;
}

int postern_page_do_key_new(struct postern_page *page, const char **error_r)
{
	struct postern_account_key key = { .account_id = page->account.id };
	int ret = postern_visitor_again(page, error_r);

	if (ret < 0)
		return -1;
	read_key(page, &key);
	read_options(page, &key);
	if (page->wrong_count == 0 && store_key(page, &key, error_r) < 0)
		return -1;
	if (page->wrong_count > 0)
		return show(page, error_r);
	postern_page_log(page, LOG_NOTICE, "key registered", page->account.name, NULL);
	postern_owner_tell(page, T("A key was registered"), key.label);
	return postern_page_redirect(page, "/keys?done=key");
}
