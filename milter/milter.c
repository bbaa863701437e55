/* SPDX-License-Identifier: MIT */
#include "milter.h"

#include <libmilter/mfapi.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "auth_results.h"
#include "endpoint.h"
#include "generation.h"
#include "log.h"
#include "message.h"
#include "origin.h"
#include "outside.h"

/* Of one connection from smtpd, which is one SMTP session. */
struct connection {
	bool has_client;
	struct postern_endpoint client;
	/* smtpd leaves the blank behind the colon of a field where it is. */
	bool leading_blank;
	/* smtpd waits for an answer to each recipient, and to the end of the header. */
	bool answers_recipients, answers_end_of_header;
	/* The session that the last message was found to be of. */
	struct postern_session session;
	/* Of one message; NULL in between. One of the two. */
	struct postern_message *message;
	struct postern_outside *outside;
};

static struct {
	struct postern_session_table *table;
	struct postern_dkim *dkim;
	atomic_uint busy;
} milter;

unsigned postern_milter_busy(void)
{
	return milter.busy;
}

/* The one reset between messages. */
static void reset(struct connection *connection)
{
	if (connection->message != NULL || connection->outside != NULL)
		milter.busy--;
	postern_message_free(&connection->message);
	postern_outside_free(&connection->outside);
}

static sfsistat refuse(SMFICTX *ctx, const struct postern_reply *reply)
{
	char code[sizeof(reply->code)];
	char status[sizeof(reply->status)];
	/* The text is a format to libmilter and to Postfix: a percent sign is written twice. */
	char text[2 * POSTERN_REPLY_TEXT_MAX];
	char *p = text;

	strcpy(code, reply->code);
	strcpy(status, reply->status);
	for (const char *from = reply->text; *from != '\0'; from++) {
		if (*from == '%')
			*p++ = '%';
		*p++ = *from;
	}
	*p = '\0';
	/* Without a reply of ours libmilter sends one of its own, of the same class. */
	(void)smfi_setreply(ctx, code, status, text);
	return *code == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT;
}

static const char *macro(SMFICTX *ctx, const char *name)
{
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "%s", name);
	return smfi_getsymval(ctx, symbol);
}

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
			     unsigned long unused2, unsigned long unused3,
			     unsigned long *actions_r, unsigned long *steps_r,
			     unsigned long *unused2_r, unsigned long *unused3_r)
{
	/* Asked for by name, so that no milter_mail_macros in main.cf can take them away. */
	static char mail_macros[] =
		"i {auth_authen} {auth_type} {tls_version} {daemon_name} {daemon_addr} "
		"{daemon_port}";
	static char end_macros[] = "i";
	struct connection *connection;

	(void)unused2;
	(void)unused3;
	if ((actions & SMFIF_ADDHDRS) == 0) {
		postern_log(LOG_ERR, "the mail server does not let a milter add header fields");
		return SMFIS_REJECT;
	}
	connection = calloc(1, sizeof(*connection));
	if (connection == NULL || smfi_setpriv(ctx, connection) != MI_SUCCESS) {
		free(connection);
		return SMFIS_REJECT;
	}
	connection->answers_recipients = (steps & SMFIP_NR_RCPT) == 0;
	connection->answers_end_of_header = (steps & SMFIP_NR_EOH) == 0;
	connection->leading_blank = (steps & SMFIP_HDR_LEADSPC) != 0;
	*actions_r = SMFIF_ADDHDRS | (actions & SMFIF_CHGHDRS);
	if ((actions & SMFIF_SETSYMLIST) != 0 &&
	    smfi_setsymlist(ctx, SMFIM_ENVFROM, mail_macros) == MI_SUCCESS &&
	    smfi_setsymlist(ctx, SMFIM_EOM, end_macros) == MI_SUCCESS)
		*actions_r |= SMFIF_SETSYMLIST;
	/* No answer to parts of a message: one is given at its end, all of which Postfix has got
	   from its client before it begins. */
	*steps_r = steps & (SMFIP_HDR_LEADSPC | SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY |
			    SMFIP_NR_RCPT | SMFIP_NOHELO | SMFIP_NODATA | SMFIP_NOUNKNOWN);
	*unused2_r = 0;
	*unused3_r = 0;
	return SMFIS_CONTINUE;
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
	struct connection *connection = smfi_getpriv(ctx);

	(void)name;
	if (connection == NULL)
		return SMFIS_TEMPFAIL;
	connection->has_client =
		postern_endpoint_of_sockaddr((struct sockaddr *)address, &connection->client);
	return SMFIS_CONTINUE;
}

static int find_origin(SMFICTX *ctx, struct connection *connection,
		       const struct postern_generation *generation,
		       struct postern_snapshot *snapshot,
		       struct postern_message_origin *origin_r, struct postern_reply *reply_r)
{
	struct postern_origin_claims claims = {
		.has_client = connection->has_client,
		.client = connection->client,
		.daemon = macro(ctx, "{daemon_name}"),
		.login = macro(ctx, "{auth_authen}"),
		.method = macro(ctx, "{auth_type}"),
		.protocol = macro(ctx, "{tls_version}"),
	};
	const char *address = macro(ctx, "{daemon_addr}");

	if (address == NULL ||
	    !postern_endpoint_parse(address, macro(ctx, "{daemon_port}"), &claims.server))
		memset(&claims.server, 0, sizeof(claims.server));
	return postern_origin_find(generation, snapshot, milter.table, &claims, origin_r,
				   &connection->session, reply_r);
}

/* Makes the message; false when there is no memory. */
static bool begin_message(SMFICTX *ctx, struct connection *connection,
			  struct postern_generation *generation,
			  struct postern_snapshot *snapshot,
			  const struct postern_message_origin *origin)
{
	if (origin->outside)
		connection->outside = postern_outside_new(generation, &connection->client,
							  macro(ctx, "j"));
	else
		connection->message = postern_message_new(generation, snapshot, milter.dkim,
							  origin);
	if (connection->message == NULL && connection->outside == NULL)
		return false;
	milter.busy++;
	return true;
}

static sfsistat on_mail(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = smfi_getpriv(ctx);
	struct postern_generation *generation;
	struct postern_snapshot snapshot;
	struct postern_message_origin origin;
	struct postern_reply reply;
	bool begun = false;
	int refused;

	if (connection == NULL)
		return SMFIS_TEMPFAIL;
	reset(connection);
	generation = postern_generation_get();
	snapshot = (struct postern_snapshot){ .pool = generation->stores };
	refused = find_origin(ctx, connection, generation, &snapshot, &origin, &reply);
	if (!refused)
		begun = begin_message(ctx, connection, generation, &snapshot, &origin);
	postern_snapshot_end(&snapshot);
	postern_generation_unref(&generation);
	if (refused)
		return refuse(ctx, &reply);
	if (!begun)
		return SMFIS_TEMPFAIL;
	if (connection->outside != NULL) {
		postern_outside_sender(connection->outside, arguments[0]);
	} else if (postern_message_sender(connection->message, arguments[0]) ==
		   POSTERN_MESSAGE_REFUSED) {
		reply = *postern_message_reply(connection->message);
		reset(connection);
		return refuse(ctx, &reply);
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_recipient(SMFICTX *ctx, char **arguments)
{
	struct connection *connection = smfi_getpriv(ctx);

	(void)arguments;
	if (connection != NULL && connection->message != NULL)
		postern_message_recipient(connection->message);
	/* Never a refusal: cleanup(8) could not give one to sendmail(1). */
	return connection != NULL && connection->answers_recipients ? SMFIS_CONTINUE : SMFIS_NOREPLY;
}

/* After a refused MAIL, libmilter goes on when the mail server does: no message then. */
static bool has_message(const struct connection *connection)
{
	return connection != NULL &&
	       (connection->message != NULL || connection->outside != NULL);
}

/* value with its leading blank. */
static void take_field(struct connection *connection, const char *name, const char *value)
{
	if (connection->outside != NULL)
		postern_outside_field(connection->outside, name, value);
	else
		postern_message_field(connection->message, name, value);
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
	struct connection *connection = smfi_getpriv(ctx);
	char *with_blank;

	if (!has_message(connection))
		return SMFIS_NOREPLY; /* refused later on */
	if (connection->leading_blank) {
		take_field(connection, name, value);
		return SMFIS_NOREPLY;
	}
	if (asprintf(&with_blank, " %s", value) < 0) {
		reset(connection);
		return SMFIS_NOREPLY;
	}
	take_field(connection, name, with_blank);
	free(with_blank);
	return SMFIS_NOREPLY;
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	bool refused = false;

	if (has_message(connection) && connection->outside != NULL)
		postern_outside_end_of_header(connection->outside);
	else if (has_message(connection))
		refused = postern_message_end_of_header(connection->message, macro(ctx, "i")) ==
			  POSTERN_MESSAGE_REFUSED;
	if (connection != NULL && !connection->answers_end_of_header)
		return SMFIS_NOREPLY; /* refused at the end of the message */
	if (!has_message(connection))
		return SMFIS_TEMPFAIL;
	return refused ? refuse(ctx, postern_message_reply(connection->message)) : SMFIS_CONTINUE;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t size)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (has_message(connection) && connection->outside != NULL)
		postern_outside_body(connection->outside, data, size);
	else if (has_message(connection))
		postern_message_body(connection->message, data, size);
	return SMFIS_NOREPLY;
}

static int change_fields(SMFICTX *ctx, const struct connection *connection)
{
	/* libmilter copies it and does not take it as const. */
	char *removed = (char *)postern_message_removed(connection->message);
	struct postern_added_field field;

	if (removed != NULL && smfi_chgheader(ctx, removed, 1, NULL) != MI_SUCCESS)
		return -1;

	for (size_t i = 0; postern_message_added(connection->message, i, &field); i++) {
		/* A mail server that eats the blank behind the colon puts one there as well. */
		char *name = (char *)field.name;
		char *value = (char *)field.value + (connection->leading_blank ? 0 : 1);
		int ret = field.on_top ? smfi_insheader(ctx, 0, name, value) :
					 smfi_addheader(ctx, name, value);

		if (ret != MI_SUCCESS)
			return -1;
	}
	return 0;
}

static sfsistat not_changed(const char *queue_id)
{
	postern_log(LOG_ERR, "%s: the changes could not be handed to the mail server",
		    queue_id == NULL ? "NOQUEUE" : queue_id);
	return SMFIS_TEMPFAIL;
}

static int change_outside_fields(SMFICTX *ctx, const struct connection *connection)
{
	static char name[] = POSTERN_AUTH_RESULTS_FIELD;
	const char *result = postern_outside_result(connection->outside);
	unsigned number;

	for (size_t i = 0; (number = postern_outside_removed(connection->outside, i)) > 0; i++) {
		if (smfi_chgheader(ctx, name, (int)number, NULL) != MI_SUCCESS)
			return -1;
	}
	if (result == NULL)
		return 0;
	result += connection->leading_blank ? 0 : 1;
	return smfi_insheader(ctx, 0, name, (char *)result) == MI_SUCCESS ? 0 : -1;
}

static sfsistat end_outside(SMFICTX *ctx, struct connection *connection, const char *queue_id)
{
	const struct postern_reply *reply = postern_outside_end(connection->outside, queue_id);

	if (reply != NULL)
		return refuse(ctx, reply);
	if (change_outside_fields(ctx, connection) == 0)
		return SMFIS_CONTINUE;
	return not_changed(queue_id);
}

static sfsistat end_message(SMFICTX *ctx, struct connection *connection, const char *queue_id)
{
	if (postern_message_end(connection->message, queue_id) == POSTERN_MESSAGE_REFUSED)
		return refuse(ctx, postern_message_reply(connection->message));
	if (change_fields(ctx, connection) == 0)
		return SMFIS_CONTINUE;
	return not_changed(queue_id);
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);
	sfsistat answer;

	if (!has_message(connection))
		return SMFIS_TEMPFAIL;
	answer = connection->outside != NULL ? end_outside(ctx, connection, macro(ctx, "i")) :
					       end_message(ctx, connection, macro(ctx, "i"));
	reset(connection);
	return answer;
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection != NULL)
		reset(connection);
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct connection *connection = smfi_getpriv(ctx);

	if (connection == NULL)
		return SMFIS_CONTINUE;
	reset(connection);
	if (connection->session.serial != 0)
		postern_session_table_end(milter.table, &connection->session);
	smfi_setpriv(ctx, NULL);
	free(connection);
	return SMFIS_CONTINUE;
}

int postern_milter_init(const char *path, struct postern_session_table *table,
			struct postern_dkim *dkim, const char **error_r)
{
	static char name[] = "postern-milter";
	struct smfiDesc description = {
		.xxfi_name = name,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_SETSYMLIST,
		.xxfi_connect = on_connect,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_recipient,
		.xxfi_header = on_field,
		.xxfi_eoh = on_end_of_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_negotiate = on_negotiate,
	};
	char *connection = NULL;
	int ret;

	milter.table = table;
	milter.dkim = dkim;
	if (asprintf(&connection, "unix:%s", path) < 0)
		return postern_error(error_r, "cannot open %s: %m", path);
	ret = smfi_setconn(connection);
	free(connection);
	if (ret != MI_SUCCESS || smfi_register(description) != MI_SUCCESS ||
	    smfi_setbacklog(SOMAXCONN) != MI_SUCCESS || smfi_opensocket(false) != MI_SUCCESS)
		return postern_error(error_r, "cannot open the milter socket %s: the mail log says "
				     "why", path);
	return 0;
}

int postern_milter_run(const char **error_r)
{
	if (smfi_main() != MI_SUCCESS)
		return postern_error(error_r, "libmilter gave up: the mail log says why");
	return 0;
}
