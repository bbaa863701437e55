/* SPDX-License-Identifier: MIT */
#include "password_scheme.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>

/*
 * What a verifier of crypt(3) asks for, read from its parameters before anything is computed. What
 * cannot be read is left to crypt(3), which refuses it.
 */

/* More digits than any limit. */
#define DIGITS_MAX 9

/* The value of a digit of crypt(3)'s base 64, or -1. */
static int digit(char c)
{
	static const char digits[] =
		"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* A decimal number too long to read is above every limit. */
static bool decimal_above(const char *text, unsigned long limit)
{
	if (strspn(text, "0123456789") > DIGITS_MAX)
		return true;
	return strtoul(text, NULL, 10) > limit;
}

/* size digits, the lowest first. */
static bool read_fixed(const char *text, size_t size, uint64_t *number_r)
{
	*number_r = 0;
	for (size_t i = 0; i < size; i++) {
		int value = digit(text[i]);

		if (value < 0)
			return false;
		*number_r |= (uint64_t)value << (6 * i);
	}
	return true;
}

/* A number of yescrypt's: a first digit up to 47 is the whole number; above that, each half of the
   digits that are left stands for one more digit, like the lengths of UTF-8. Numbers start at
   least. */
static bool read_variable(const char **text, uint32_t least, uint64_t *number_r)
{
	int first = digit(*(*text)++), low = 0, high = 47;
	unsigned more = 0;

	if (first < 0)
		return false;
	*number_r = least;
	while (first > high) {
		*number_r += (uint64_t)(high - low + 1) << (6 * more);
		low = high + 1;
		high = low + (62 - high) / 2;
		more++;
	}
	*number_r += (uint64_t)(first - low) << (6 * more);
	while (more-- > 0) {
		int value = digit(**text);

		if (value < 0)
			return false;
		(*text)++;
		*number_r += (uint64_t)value << (6 * more);
	}
	return true;
}

static bool starts_with(const char **text, const char *prefix)
{
	size_t size = strlen(prefix);

	if (strncmp(*text, prefix, size) != 0)
		return false;
	*text += size;
	return true;
}

struct scrypt_cost {
	uint64_t log2_n, r, p, t;
};

/* flavor log2(N) r [which-follow [p] [t] [g] [log2(ROM)]] "$" …; crypt(3) has no use for g and
   ROM. */
static bool read_yescrypt(const char *text, struct scrypt_cost *cost_r)
{
	uint64_t flavor, follow = 0;

	*cost_r = (struct scrypt_cost){ .p = 1 };
	if (!read_variable(&text, 0, &flavor) || !read_variable(&text, 1, &cost_r->log2_n) ||
	    !read_variable(&text, 1, &cost_r->r))
		return false;
	if (*text == '$')
		return true;
	return read_variable(&text, 1, &follow) &&
		((follow & 1) == 0 || read_variable(&text, 2, &cost_r->p)) &&
		((follow & 2) == 0 || read_variable(&text, 1, &cost_r->t));
}

/* log2(N), r in 5 digits, p in 5 digits, … */
static bool read_scrypt(const char *text, struct scrypt_cost *cost_r)
{
	int log2_n = digit(text[0]);

	*cost_r = (struct scrypt_cost){ .log2_n = (uint64_t)log2_n };
	return log2_n >= 0 && read_fixed(text + 1, 5, &cost_r->r) &&
		read_fixed(text + 6, 5, &cost_r->p);
}

static bool read_scrypt_cost(const char *text, struct scrypt_cost *cost_r)
{
	if (starts_with(&text, "$y$") || starts_with(&text, "$gy$"))
		return read_yescrypt(text, cost_r);
	return starts_with(&text, "$7$") && read_scrypt(text, cost_r);
}

/* 128 * N * r octets for each of p lanes, t + 1 times over (RFC 7914, 2, and yescrypt's t). */
static bool scrypt_above(const struct scrypt_cost *cost)
{
	const uint64_t most = POSTERN_PASSWORD_MEMORY_MAX / 128;

	/* Each is below 2^22 before they are multiplied. */
	if (cost->log2_n > 21 || cost->r > most || cost->p > most || cost->t > most)
		return true;
	return cost->r * cost->p * (cost->t + 1) > most >> cost->log2_n;
}

uint64_t postern_crypt_memory(const char *text)
{
	struct scrypt_cost cost;

	if (!read_scrypt_cost(text, &cost) || scrypt_above(&cost))
		return 0;
	return (128 * cost.r * cost.p) << cost.log2_n;
}

/* These hash the whole password in every round, so a client that sends a long one would get more
   work done than the admin allowed; up to 64 octets a round is one. */
static bool rounds_above(const char *text, size_t password_size, unsigned long max_rounds)
{
	unsigned long rounds_of_longest = POSTERN_MADE_ROUNDS * (CRYPT_MAX_PASSPHRASE_SIZE / 64);
	unsigned long most = max_rounds;

	if (decimal_above(text, max_rounds))
		return true;
	/* What postern makes is computed for every password that it was made of. */
	if (most < rounds_of_longest)
		most = rounds_of_longest;
	return strtoul(text, NULL, 10) > most / (1 + password_size / 64);
}

bool postern_crypt_too_costly(const char *text, size_t password_size,
			      const struct postern_password_limits *limits)
{
	struct scrypt_cost cost;
	uint64_t rounds;

	if (read_scrypt_cost(text, &cost))
		return scrypt_above(&cost);
	if (starts_with(&text, "$2"))
		return text[0] != '\0' && text[1] == '$' &&
			decimal_above(text + 2, limits->max_bcrypt_cost);
	if (starts_with(&text, "$5$") || starts_with(&text, "$6$"))
		return starts_with(&text, "rounds=") &&
			rounds_above(text, password_size, limits->max_rounds);
	if (starts_with(&text, "$sha1$"))
		return rounds_above(text, password_size, limits->max_rounds);
	if (starts_with(&text, "$md5,rounds="))
		return decimal_above(text, limits->max_rounds);
	if (starts_with(&text, "_"))
		return read_fixed(text, 4, &rounds) && rounds > limits->max_rounds;
	return false;
}
