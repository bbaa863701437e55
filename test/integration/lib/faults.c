/* SPDX-License-Identifier: MIT */
/*
 * For LD_PRELOAD, beneath a daemon under test: while a file with the name of a fault is in the
 * folder $POSTERN_FAULTS, that fault is there. "clock" holds the second since 1970 that it is said
 * to be; with "sign", OpenSSL signs nothing.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static bool read_fault(const char *name, long long *value_r)
{
	const char *folder = getenv("POSTERN_FAULTS");
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder == NULL ? "" : folder, name);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%lld", value_r) != 1)
		*value_r = 0;
	fclose(file);
	return true;
}

time_t time(time_t *time_r)
{
	struct timespec now;
	long long value;

	clock_gettime(CLOCK_REALTIME, &now);
	if (read_fault("clock", &value))
		now.tv_sec = (time_t)value;
	if (time_r != NULL)
		*time_r = now.tv_sec;
	return now.tv_sec;
}

int RSA_sign(int type, const unsigned char *digest, unsigned size, unsigned char *signature_r,
	     unsigned *size_r, void *key);
int RSA_sign(int type, const unsigned char *digest, unsigned size, unsigned char *signature_r,
	     unsigned *size_r, void *key)
{
	__typeof__(&RSA_sign) next;
	long long value;

	*(void **)&next = dlsym(RTLD_NEXT, "RSA_sign");
	return read_fault("sign", &value) ? 0 : next(type, digest, size, signature_r, size_r, key);
}

int EVP_DigestSign(void *context, unsigned char *signature_r, size_t *size_r,
		   const unsigned char *data, size_t size);
int EVP_DigestSign(void *context, unsigned char *signature_r, size_t *size_r,
		   const unsigned char *data, size_t size)
{
	__typeof__(&EVP_DigestSign) next;
	long long value;

	*(void **)&next = dlsym(RTLD_NEXT, "EVP_DigestSign");
	return read_fault("sign", &value) ? 0 : next(context, signature_r, size_r, data, size);
}
