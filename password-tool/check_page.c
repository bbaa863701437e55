/* SPDX-License-Identifier: MIT */
#include "check_page.h"

#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "check_servers.h"
#include "failure.h"
#include "secret.h"
#include "state.h"
#include "trusted_file.h"

#define CA_FILE_MAX (1024 * 1024)

/* One certificate will do; each of them is one to trust. */
static int check_ca(const struct postern_config *config)
{
	X509 *certificate = NULL;
	const char *error;
	char *data = NULL;
	size_t size;
	BIO *bio;

	if (*config->page_ca == '\0')
		return 0;
	if (postern_trusted_read(config->page_ca, POSTERN_TRUST_UNTAMPERED, CA_FILE_MAX, &data,
				 &size, &error) < 0)
		return postern_fail(EX_CONFIG, "page_ca: %s", error);
	bio = BIO_new_mem_buf(data, (int)size);
	if (bio != NULL)
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	ERR_clear_error();
	postern_secret_free(&data);
	if (certificate == NULL)
		return postern_fail(EX_CONFIG, "page_ca: %s has no certificate in it",
				    config->page_ca);
	X509_free(certificate);
	return 0;
}

/* A name that is mistyped, or is somebody else's one day. */
static int check_admins(struct postern_command *command)
{
	struct postern_account account;
	const char *error;
	int code = 0;

	for (char **name = command->config->page_admins; *name != NULL; name++) {
		switch (postern_store_account_find(command->store, *name, &account, &error)) {
		case POSTERN_STORE_OK:
			break;
		case POSTERN_STORE_NOT_FOUND:
			code = postern_fail(EX_CONFIG, "page_admins: there is no account \"%s\"",
					    postern_show(*name));
			break;
		default:
			return postern_command_store_failed(error);
		}
	}
	return code;
}

int postern_check_page(struct postern_command *command)
{
	const struct postern_config *config = command->config;
	const char *error;
	int code = 0;

	if (*config->page_url == '\0')
		return 0;
	if (postern_check_socket(config->keeper_socket, "the users' page is out of order: start "
				 "postern-keeper") != 0)
		code = EX_CONFIG;
	if (check_ca(config) != 0)
		code = EX_CONFIG;
	if (check_admins(command) != 0)
		code = EX_CONFIG;
	if (access(config->page_sendmail, X_OK) != 0)
		code = postern_fail(EX_CONFIG, "page_sendmail: cannot run %s: %m",
				    config->page_sendmail);
	if (postern_state_check(config, &error) < 0)
		code = postern_fail(EX_CONFIG, "%s", error);
	return code;
}
