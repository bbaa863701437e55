/* SPDX-License-Identifier: MIT */
#include "autoconfig.h"

#include <ctype.h>

#define BEGIN "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
	"<Autodiscover xmlns=\"" SCHEMA "responseschema/2006\">\n"
#define SCHEMA "http://schemas.microsoft.com/exchange/autodiscover/"
#define END "  </Response>\n</Autodiscover>\n"

/* Outlook knows no keys, and reads TLS from the first octet as "SSL". */
static void write_protocol(struct postern_html *xml, const struct postern_mail_settings *settings,
			   const struct postern_mail_server *server)
{
	char type[8] = "";

	for (size_t i = 0; i + 1 < sizeof(type) && server->type[i] != '\0'; i++)
		type[i] = (char)toupper((unsigned char)server->type[i]);
	postern_html_add(xml, "      <Protocol>\n        <Type>%s</Type>\n"
			 "        <Server>%s</Server>\n        <Port>%u</Port>\n"
			 "        <LoginName>%s</LoginName>\n"
			 "        <DomainRequired>off</DomainRequired>\n        <SPA>off</SPA>\n"
			 "        <SSL>on</SSL>\n        <Encryption>SSL</Encryption>\n"
			 "        <AuthRequired>on</AuthRequired>\n", type, settings->host,
			 server->port, settings->user);
	if (server->service == POSTERN_SERVICE_SUBMISSION)
		postern_html_add(xml, "        <UsePOPAuth>off</UsePOPAuth>\n"
				 "        <SMTPLast>off</SMTPLast>\n");
	postern_html_add(xml, "      </Protocol>\n");
}

void postern_autodiscover_write(struct postern_html *xml,
				const struct postern_mail_settings *settings)
{
	if (*settings->address == '\0') {
		postern_html_add(xml, BEGIN "  <Response>\n    <Error>\n"
				 "      <ErrorCode>600</ErrorCode>\n"
				 "      <Message>Invalid Request</Message>\n"
				 "      <DebugData/>\n    </Error>\n" END);
		return;
	}
	postern_html_add(xml, BEGIN
			 "  <Response xmlns=\"" SCHEMA "outlook/responseschema/2006a\">\n"
			 "    <Account>\n      <AccountType>email</AccountType>\n"
			 "      <Action>settings</Action>\n");
	for (const struct postern_mail_server *server = postern_mail_servers; server->type != NULL;
	     server++) {
		if (!server->starttls)
			write_protocol(xml, settings, server);
	}
	postern_html_add(xml, "    </Account>\n" END);
}
