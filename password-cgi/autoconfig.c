/* SPDX-License-Identifier: MIT */
#include "autoconfig.h"

#include <string.h>

static void authentication(struct postern_html *xml, const char *method)
{
	postern_html_add(xml, "      <authentication>%s</authentication>\n", method);
}

/*
 * Programs take the first method that they know. For sending, a key needs no AUTH at all, and that
 * is the one way that Thunderbird has, whose SMTP knows no EXTERNAL.
 */
static void write_server(struct postern_html *xml, const struct postern_mail_settings *settings,
			 const struct postern_mail_server *server)
{
	bool outgoing = server->service == POSTERN_SERVICE_SUBMISSION;
	const char *element = outgoing ? "outgoingServer" : "incomingServer";

	postern_html_add(xml, "    <%s type=\"%s\">\n      <hostname>%s</hostname>\n"
			 "      <port>%u</port>\n      <socketType>%s</socketType>\n"
			 "      <username>%s</username>\n", element, server->type, settings->host,
			 server->port, server->starttls ? "STARTTLS" : "SSL", settings->user);
	if ((settings->by_key & server->service) != 0) {
		if (outgoing)
			authentication(xml, "none");
		authentication(xml, "TLS-client-cert");
	}
	if (settings->by_password)
		authentication(xml, "password-cleartext");
	postern_html_add(xml, "    </%s>\n", element);
}

void postern_autoconfig_write(struct postern_html *xml,
			      const struct postern_mail_settings *settings, const char *help)
{
	postern_html_add(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			 "<clientConfig version=\"1.1\">\n  <emailProvider id=\"%s\">\n"
			 "    <domain>%s</domain>\n    <displayName>%s</displayName>\n"
			 "    <displayShortName>%s</displayShortName>\n", settings->provider,
			 settings->provider, settings->provider, settings->provider);
	for (const struct postern_mail_server *server = postern_mail_servers; server->type != NULL;
	     server++)
		write_server(xml, settings, server);
	postern_html_add(xml, "    <documentation url=\"%s\">\n"
			 "      <descr lang=\"en\">Settings and keys</descr>\n"
			 "      <descr lang=\"de\">Einstellungen und Schl\303\274ssel</descr>\n"
			 "    </documentation>\n  </emailProvider>\n</clientConfig>\n", help);
}
