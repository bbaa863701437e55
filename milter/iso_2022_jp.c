/* SPDX-License-Identifier: MIT */
#include "iso_2022_jp.h"

#include <string.h>

#define ESC '\x1b'
#define SO '\x0e'
#define SI '\x0f'
/* EUC's single shifts to half-width katakana and to JIS X 0212. */
#define SS2 '\x8e'
#define SS3 '\x8f'

enum shift {
	SHIFT_ASCII, /* and JIS X 0201 Roman */
	SHIFT_KATAKANA,
	SHIFT_JIS_X_0208,
	SHIFT_JIS_X_0212,
};

static const struct {
	const char *escape;
	enum shift shift;
} escapes[] = {
	{ "\x1b(B", SHIFT_ASCII },
	{ "\x1b(J", SHIFT_ASCII },
	{ "\x1b(I", SHIFT_KATAKANA },
	{ "\x1b$@", SHIFT_JIS_X_0208 },
	{ "\x1b$B", SHIFT_JIS_X_0208 },
	{ "\x1b$(D", SHIFT_JIS_X_0212 },
};

/* The length of the escape sequence at the beginning of the octets; 0 for none that is known. */
static size_t read_escape(const char *octets, size_t size, enum shift *shift)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(escapes[0]); i++) {
		size_t length = strlen(escapes[i].escape);

		if (length <= size && memcmp(escapes[i].escape, octets, length) == 0) {
			*shift = escapes[i].shift;
			return length;
		}
	}
	return 0;
}

static bool is_graphic(char c)
{
	return c > ' ' && c < 0x7f;
}

static char high(char c)
{
	return (char)(c | 0x80);
}

/* One character at the beginning of the octets: how many of them it takes; 0 when there is none. */
static size_t read_character(enum shift shift, const char *octets, size_t size, char *euc,
			     size_t *used)
{
	if (shift == SHIFT_ASCII) {
		if ((unsigned char)octets[0] >= 0x80 || octets[0] == SO || octets[0] == SI)
			return 0;
		euc[(*used)++] = octets[0];
		return 1;
	}
	if (!is_graphic(octets[0]))
		return 0;
	if (shift == SHIFT_KATAKANA) {
		euc[(*used)++] = SS2;
		euc[(*used)++] = high(octets[0]);
		return 1;
	}
	if (size < 2 || !is_graphic(octets[1]))
		return 0;
	if (shift == SHIFT_JIS_X_0212)
		euc[(*used)++] = SS3;
	euc[(*used)++] = high(octets[0]);
	euc[(*used)++] = high(octets[1]);
	return 2;
}

bool postern_iso_2022_jp_to_euc(const char *octets, size_t size, char *euc, size_t *euc_size_r)
{
	enum shift shift = SHIFT_ASCII;
	size_t used = 0;

	for (size_t at = 0, taken; at < size; at += taken) {
		if (octets[at] == ESC)
			taken = read_escape(octets + at, size - at, &shift);
		else
			taken = read_character(shift, octets + at, size - at, euc, &used);
		if (taken == 0)
			return false;
	}
	*euc_size_r = used;
	return shift == SHIFT_ASCII;
}
