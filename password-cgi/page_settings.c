/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <string.h>

#include "mail_settings.h"

/* What mail programs have to know, for people; page_programs.c has it for the programs. */

static void fact(struct postern_html *html, const char *name, const char *value)
{
	postern_html_add(html, "<dt>%s</dt><dd>%s</dd>\n", name, value);
}

static const char *methods(const struct postern_mail_settings *settings)
{
	if (settings->both)
		return T("your password, on a connection with one of your keys");
	if (settings->by_key != 0 && settings->by_password)
		return T("one of your keys, or a password");
	return settings->by_key != 0 ? T("one of your keys") : T("your password");
}

static void write_facts(struct postern_html *html, const struct postern_mail_settings *settings)
{
	postern_html_add(html, "<dl class=\"facts\">\n");
	if (*settings->address != '\0')
		fact(html, T("E-mail address"), settings->address);
	fact(html, T("User name"), settings->user);
	fact(html, T("Server, for receiving and sending"), settings->host);
	fact(html, T("Log in with"), methods(settings));
	postern_html_add(html, "</dl>\n");
}

static const char *purpose(const struct postern_mail_server *server)
{
	switch (server->service) {
	case POSTERN_SERVICE_IMAP:
		return T("Receiving, by IMAP");
	case POSTERN_SERVICE_POP3:
		return T("Receiving, by POP3");
	default:
		return T("Sending, by SMTP");
	}
}

static void write_ports(struct postern_html *html)
{
	postern_html_add(html, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
			 "aria-label=\"%s\">\n<table "
			 "id=\"servers\">\n<caption>%s</caption>\n<thead><tr><th "
			 "scope=\"col\">%s</th><th scope=\"col\">%s</th><th "
			 "scope=\"col\">%s</th></tr></thead>\n<tbody>\n", T("Ports"), T("Ports"),
			 T("For"), T("Port"), T("Encryption"));
	for (const struct postern_mail_server *server = postern_mail_servers; server->type != NULL;
	     server++) {
		postern_html_add(html, "<tr><th scope=\"row\">%s</th><td>%u</td><td>%s</td></tr>\n",
				 purpose(server), server->port,
				 server->starttls ? "STARTTLS" : "TLS");
	}
	postern_html_add(html, "<tr><th scope=\"row\">%s</th><td>4190</td><td>STARTTLS</td></tr>\n"
			 "</tbody>\n</table>\n</div>\n", T("Filters, by ManageSieve"));
}

/* ---- Steps, program by program ---- */

static void begin_steps(struct postern_html *html, const char *id, const char *program)
{
	postern_html_add(html, "<section id=\"%s\">\n<h2>%s</h2>\n<ol>\n", id, program);
}

static void step(struct postern_html *html, const char *text)
{
	postern_html_add(html, "<li>%s</li>\n", text);
}

static void end_steps(struct postern_html *html)
{
	postern_html_add(html, "</ol>\n</section>\n");
}

static void write_thunderbird(struct postern_html *html,
			      const struct postern_mail_settings *settings)
{
	begin_steps(html, "thunderbird", "Thunderbird");
	if (settings->by_key != 0 || settings->both)
		step(html, T("Settings, Privacy & Security, Manage Certificates, Your "
			     "Certificates, Import: choose the .p12 file, and enter its "
			     "passphrase."));
	step(html, T("Menu, New, Existing Mail Account: enter your name, your e-mail address, and "
		     "the password if you use one. Thunderbird finds the rest by itself; "
		     "otherwise choose Configure manually and enter what stands above."));
	if (settings->by_key != 0) {
		step(html, T("For a key, the authentication method for receiving is TLS "
			     "Certificate, and for sending it is No authentication."));
		step(html, T("When it asks which certificate to show, choose yours, and let it "
			     "remember that."));
	}
	end_steps(html);
}

static void write_android(struct postern_html *html, const struct postern_mail_settings *settings)
{
	begin_steps(html, "android", "Thunderbird (Android), K-9 Mail, FairEmail");
	if (settings->by_key != 0 || settings->both)
		step(html, T("Open the .p12 file on the device, enter its passphrase, and install "
			     "it as a certificate for apps."));
	step(html, T("Add an account with your e-mail address. What the program does not find by "
		     "itself stands above."));
	if (settings->by_key != 0)
		step(html, T("For a key, choose it as the client certificate, for receiving and "
			     "for sending, and client certificate (EXTERNAL) as the "
			     "authentication."));
	end_steps(html);
}

static void write_apple(struct postern_page *page, const struct postern_mail_settings *settings)
{
	begin_steps(&page->html, "apple", "Apple Mail (iPhone, iPad, Mac)");
	if (settings->by_password && !settings->both) {
		postern_html_add(&page->html, "<li><a href=\"%s/settings/profile\">%s</a></li>\n",
				 page->base, T("Open the configuration profile on the device."));
		step(&page->html, T("Install it: on iPhone and iPad in Settings, Profile "
				    "Downloaded; on a Mac in System Settings, Device "
				    "Management."));
		step(&page->html, T("It asks for your password. It is best to make one for this "
				    "device alone, under Device passwords."));
	} else {
		step(&page->html, T("Apple's mail programs log in with a password alone, and your "
				    "account wants a key. Ask your administrator."));
	}
	end_steps(&page->html);
}

static void write_outlook(struct postern_page *page, const struct postern_mail_settings *settings)
{
	begin_steps(&page->html, "outlook", "Outlook");
	if (settings->by_password && !settings->both) {
		step(&page->html, T("File, Add Account: enter your e-mail address. Outlook finds "
				    "the rest by itself; otherwise choose IMAP and enter what "
				    "stands above."));
		step(&page->html, T("Outlook knows no keys; make a password for it alone, under "
				    "Device passwords."));
	} else {
		step(&page->html, T("Outlook logs in with a password alone, and your account "
				    "wants a key. Ask your administrator."));
	}
	end_steps(&page->html);
}

static void write_command_line(struct postern_html *html,
			       const struct postern_mail_settings *settings)
{
	if (settings->by_key == 0)
		return;
	begin_steps(html, "command-line", "mutt, msmtp, mbsync, fetchmail, curl");
	step(html, T("Name the files of your certificate and key as the client certificate, and "
		     "choose EXTERNAL as the mechanism where the program asks for one."));
	end_steps(html);
}

int postern_page_settings(struct postern_page *page, const char **error_r)
{
	struct postern_mail_settings settings;

	if (postern_mail_settings_of_account(page->store, page->config, &page->account, &settings,
					     error_r) < 0)
		return -1;
	postern_layout_begin(page, "settings", T("Settings for mail programs"), NULL);
	write_facts(&page->html, &settings);
	write_ports(&page->html);
	postern_html_add(&page->html, "<p>%s</p>\n",
			 T("Choose TLS where the program offers it. You can send as your own "
			   "addresses alone; each message is signed on its way out."));
	write_thunderbird(&page->html, &settings);
	write_android(&page->html, &settings);
	write_apple(page, &settings);
	write_outlook(page, &settings);
	write_command_line(&page->html, &settings);
	postern_layout_end(page);
	return 0;
}
