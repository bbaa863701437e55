/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistr.h>

#include "command.h"
#include "device_key.h"
#include "failure.h"
#include "input.h"
#include "key.h"
#include "label.h"
#include "secret.h"

/*
 * "key new": three files for a device, STEM.key, STEM.crt and STEM.p12; with --from, which names a
 * key that is there, the last two. All of them or none, and never in place of another.
 */
enum {
	FILE_KEY,
	FILE_CERTIFICATE,
	FILE_P12,
	FILES
};

static const char *const suffixes[FILES] = { ".key", ".crt", ".p12" };

/* Octets of a passphrase; more than anybody types, or copies. */
#define PASSPHRASE_MAX 256

struct new_files {
	char path[FILES][PATH_MAX];
	/* What goes into each; NULL for a file that is not to be made. Secrets. */
	char *data[FILES];
	size_t size[FILES];
};

static const struct postern_column columns[] = {
	{ "type", POSTERN_COLUMN_TEXT },
	{ "fingerprint", POSTERN_COLUMN_TEXT },
	{ "key", POSTERN_COLUMN_TEXT },
	{ "certificate", POSTERN_COLUMN_TEXT },
	{ "p12", POSTERN_COLUMN_TEXT },
	{ "next", POSTERN_COLUMN_TEXT },
	{ 0 },
};

/* ---- what is asked for ---- */

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static int name_files(const struct postern_command *command, struct new_files *files)
{
	const char *stem = postern_command_operand(command, 0);
	bool has_key = postern_command_option(command, POSTERN_OPTION_FROM) != NULL;

	if (*last_part(stem) == '\0' || strlen(stem) + sizeof(".key") > PATH_MAX)
		return postern_fail(EX_USAGE, "\"%s\" is no beginning of a file's name, like phone "
				    "or keys/phone", postern_show(stem));
	for (int i = 0; i < FILES; i++) {
		snprintf(files->path[i], PATH_MAX, "%s%s", stem, suffixes[i]);
		/* Before a passphrase is asked for; it is looked at again when it counts. */
		if (access(files->path[i], F_OK) == 0 && !(i == FILE_KEY && has_key))
			return postern_fail(EX_CANTCREAT, "%s is there already, and stays; take "
					    "another name or move it away",
					    postern_show(files->path[i]));
	}
	return 0;
}

/* The certificate's common name, which becomes the label of the key. */
static int read_name(const struct postern_command *command, const char **name_r)
{
	const char *name = postern_command_option(command, POSTERN_OPTION_NAME);
	const char *error;

	if (name == NULL)
		name = last_part(postern_command_operand(command, 0));
	if (postern_label_check(name, &error) < 0)
		return postern_fail(EX_USAGE, "\"%s\" cannot be the name of a key: %s; give one "
				    "with --name", postern_show(name), error);
	if (u8_mbsnlen((const uint8_t *)name, strlen(name)) > POSTERN_DEVICE_KEY_NAME_MAX)
		return postern_fail(EX_USAGE, "the name of a key has at most %d characters",
				    POSTERN_DEVICE_KEY_NAME_MAX);
	*name_r = name;
	return 0;
}

static int read_key(const char *path, struct postern_device_key **key_r)
{
	const char *error;
	char *data;
	size_t size;
	int code;

	code = postern_input_read(path, "private key", POSTERN_DEVICE_KEY_FILE_MAX, &data, &size);
	if (code != 0)
		return code;
	if (postern_device_key_read(data, size, key_r, &error) < 0)
		code = postern_fail(EX_DATAERR, "%s: %s", postern_show(path), error);
	postern_secret_free_sized((void **)&data, size);
	return code;
}

static int get_key(const struct postern_command *command, struct postern_device_key **key_r)
{
	const char *from = postern_command_option(command, POSTERN_OPTION_FROM);
	const char *type = postern_command_option(command, POSTERN_OPTION_TYPE);
	const char *error;

	if (from != NULL && type != NULL)
		return postern_fail(EX_USAGE, "--from has a key that is of some type already; leave "
				    "--type out");
	if (from != NULL && strcmp(from, "-") == 0)
		return postern_fail(EX_USAGE, "--from wants a file: stdin is for the passphrase");
	if (from != NULL)
		return read_key(from, key_r);
	if (postern_device_key_new(type != NULL ? type : POSTERN_DEVICE_KEY_TYPE, key_r,
				   &error) < 0)
		return postern_fail(EX_USAGE, "%s", error);
	return 0;
}

static int read_passphrase(const struct postern_command *command, char **passphrase_r)
{
	if (postern_command_option(command, POSTERN_OPTION_P12_PASSWORD_STDIN) == NULL &&
	    !isatty(STDIN_FILENO))
		return postern_fail(EX_USAGE, "nobody can be asked for the passphrase of the .p12 "
				    "file; give it on stdin, with --p12-password-stdin");
	return postern_input_secret("passphrase", "Passphrase of the .p12 file: ",
				    "The same again: ", PASSPHRASE_MAX, passphrase_r);
}

/* Reads it as "key add" will: what that would refuse is refused here. */
static int look_at(const struct postern_device_key *key, struct postern_key *read_r)
{
	const char *error;
	char *pem = NULL;
	int code = 0;

	if (postern_device_key_write_public(key, &pem, &error) < 0 ||
	    postern_key_read(pem, strlen(pem), read_r, &error) < 0)
		code = postern_fail(EX_DATAERR, "%s", error);
	free(pem);
	return code;
}

/* ---- making it ---- */

static int make(struct postern_device_key *key, bool is_new, const char *name,
		const char *passphrase, struct new_files *files)
{
	const char *error;

	if (postern_device_key_certify(key, name, &error) < 0 ||
	    (is_new && postern_device_key_write(key, &files->data[FILE_KEY], &error) < 0) ||
	    postern_device_key_write_certificate(key, &files->data[FILE_CERTIFICATE], &error) < 0 ||
	    postern_device_key_write_p12(key, name, passphrase, &files->data[FILE_P12],
					 &files->size[FILE_P12], &error) < 0)
		return postern_fail(EX_OSERR, "%s", error);
	if (is_new)
		files->size[FILE_KEY] = strlen(files->data[FILE_KEY]);
	files->size[FILE_CERTIFICATE] = strlen(files->data[FILE_CERTIFICATE]);
	return 0;
}

/* ---- the files ---- */

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t wrote = write(fd, data, size);

		if (wrote < 0 && errno != EINTR)
			return false;
		if (wrote > 0) {
			data += wrote;
			size -= (size_t)wrote;
		}
	}
	return true;
}

/* The umask is such that it is nobody else's from its first moment on. */
static int write_file(const char *path, const char *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool written;

	if (fd < 0 && errno == EEXIST)
		return postern_fail(EX_CANTCREAT, "%s is there already, and stays",
				    postern_show(path));
	if (fd < 0)
		return postern_fail(EX_CANTCREAT, "cannot make %s: %m", postern_show(path));
	written = write_all(fd, data, size) && fsync(fd) == 0;
	if (close(fd) == 0 && written)
		return 0;
	postern_fail(EX_IOERR, "cannot write %s: %m", postern_show(path));
	unlink(path);
	return EX_IOERR;
}

static int write_files(const struct new_files *files)
{
	int code = 0, i = 0;

	for (; code == 0 && i < FILES; i++) {
		if (files->data[i] != NULL)
			code = write_file(files->path[i], files->data[i], files->size[i]);
	}
	/* Those before the one that could not be made. */
	for (i -= 2; code != 0 && i >= 0; i--) {
		if (files->data[i] != NULL)
			unlink(files->path[i]);
	}
	return code;
}

static void free_files(struct new_files *files)
{
	for (int i = 0; i < FILES; i++)
		postern_secret_free_sized((void **)&files->data[i], files->size[i]);
}

/* What is easier to hear now than to find out with the file in hand. */
static void warn_of_ed25519(const struct postern_key *key)
{
	if (strcmp(key->type, "Ed25519") == 0)
		postern_note("Thunderbird and many telephones cannot import an Ed25519 key; for "
			     "these make one with --type p256");
}

static int answer(const struct postern_command *command, const struct new_files *files,
		  const struct postern_key *key)
{
	struct postern_output *output = postern_command_output(command);
	const char *from = postern_command_option(command, POSTERN_OPTION_FROM);
	char fingerprint[POSTERN_FINGERPRINT_TEXT_MAX], next[PATH_MAX + 64];

	postern_fingerprint_format(&key->fingerprint, fingerprint);
	snprintf(next, sizeof(next), "postern key add ACCOUNT %s", files->path[FILE_CERTIFICATE]);
	postern_output_record(output, columns, (const struct postern_value[]){
		{ .text = key->type },
		{ .text = fingerprint },
		{ .text = from != NULL ? from : files->path[FILE_KEY] },
		{ .text = files->path[FILE_CERTIFICATE] },
		{ .text = files->path[FILE_P12] },
		{ .text = next },
	});
	return postern_output_finish(&output, 0);
}

int postern_cmd_key_new(struct postern_command *command)
{
	struct postern_device_key *key = NULL;
	struct new_files files = { .data = { NULL } };
	struct postern_key read;
	char *passphrase = NULL;
	const char *name = NULL;
	int code;

	code = name_files(command, &files);
	if (code == 0)
		code = read_name(command, &name);
	if (code == 0)
		code = get_key(command, &key);
	if (code == 0)
		code = look_at(key, &read);
	if (code == 0)
		code = read_passphrase(command, &passphrase);
	if (code == 0)
		code = make(key, postern_command_option(command, POSTERN_OPTION_FROM) == NULL,
			    name, passphrase, &files);
	if (code == 0)
		code = write_files(&files);
	if (code == 0) {
		warn_of_ed25519(&read);
		code = answer(command, &files, &read);
	}
	postern_secret_free(&passphrase);
	free_files(&files);
	postern_device_key_free(&key);
	return code;
}
