/* SPDX-License-Identifier: MIT */
#include "charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <unistr.h>

#include "iso_2022_jp.h"

enum decoder {
	DECODE_ASCII,
	DECODE_UTF8,
	DECODE_ICONV,
	/* Second octets down to 0x40. */
	DECODE_ICONV_TRAIL,
	DECODE_ISO_2022_JP,
};

struct postern_charset {
	const char *name;
	/* iconv's name for it, or for the superset that mail clients read it as. */
	const char *iconv_name;
	enum decoder decoder;
};

static const struct postern_charset charsets[] = {
	{ "utf-8", NULL, DECODE_UTF8 },
	{ "utf8", NULL, DECODE_UTF8 },
	{ "us-ascii", NULL, DECODE_ASCII },
	{ "ascii", NULL, DECODE_ASCII },
	{ "ansi_x3.4-1968", NULL, DECODE_ASCII },
	{ "iso-8859-1", "ISO-8859-1", DECODE_ICONV },
	{ "iso8859-1", "ISO-8859-1", DECODE_ICONV },
	{ "iso_8859-1", "ISO-8859-1", DECODE_ICONV },
	{ "latin1", "ISO-8859-1", DECODE_ICONV },
	{ "iso-8859-2", "ISO-8859-2", DECODE_ICONV },
	{ "iso-8859-3", "ISO-8859-3", DECODE_ICONV },
	{ "iso-8859-4", "ISO-8859-4", DECODE_ICONV },
	{ "iso-8859-5", "ISO-8859-5", DECODE_ICONV },
	{ "iso-8859-6", "ISO-8859-6", DECODE_ICONV },
	{ "iso-8859-6-i", "ISO-8859-6", DECODE_ICONV },
	{ "iso-8859-7", "ISO-8859-7", DECODE_ICONV },
	{ "iso-8859-8", "ISO-8859-8", DECODE_ICONV },
	{ "iso-8859-8-i", "ISO-8859-8", DECODE_ICONV },
	{ "iso-8859-9", "ISO-8859-9", DECODE_ICONV },
	{ "iso-8859-10", "ISO-8859-10", DECODE_ICONV },
	{ "iso-8859-11", "ISO-8859-11", DECODE_ICONV },
	{ "iso-8859-13", "ISO-8859-13", DECODE_ICONV },
	{ "iso-8859-14", "ISO-8859-14", DECODE_ICONV },
	{ "iso-8859-15", "ISO-8859-15", DECODE_ICONV },
	{ "iso8859-15", "ISO-8859-15", DECODE_ICONV },
	{ "iso-8859-16", "ISO-8859-16", DECODE_ICONV },
	{ "windows-874", "CP874", DECODE_ICONV },
	{ "tis-620", "TIS-620", DECODE_ICONV },
	{ "windows-1250", "CP1250", DECODE_ICONV },
	{ "windows-1251", "CP1251", DECODE_ICONV },
	{ "windows-1252", "CP1252", DECODE_ICONV },
	{ "windows-1253", "CP1253", DECODE_ICONV },
	{ "windows-1254", "CP1254", DECODE_ICONV },
	{ "windows-1255", "CP1255", DECODE_ICONV },
	{ "windows-1256", "CP1256", DECODE_ICONV },
	{ "windows-1257", "CP1257", DECODE_ICONV },
	{ "windows-1258", "CP1258", DECODE_ICONV },
	{ "cp1250", "CP1250", DECODE_ICONV },
	{ "cp1251", "CP1251", DECODE_ICONV },
	{ "cp1252", "CP1252", DECODE_ICONV },
	{ "cp437", "CP437", DECODE_ICONV },
	{ "cp850", "CP850", DECODE_ICONV },
	{ "ibm850", "CP850", DECODE_ICONV },
	{ "cp852", "CP852", DECODE_ICONV },
	{ "ibm852", "CP852", DECODE_ICONV },
	{ "cp866", "CP866", DECODE_ICONV },
	{ "ibm866", "CP866", DECODE_ICONV },
	{ "koi8-r", "KOI8-R", DECODE_ICONV },
	{ "koi8-u", "KOI8-U", DECODE_ICONV },
	{ "macintosh", "MACINTOSH", DECODE_ICONV },
	{ "x-mac-roman", "MACINTOSH", DECODE_ICONV },
	{ "gb2312", "GB18030", DECODE_ICONV_TRAIL },
	{ "gb_2312-80", "GB18030", DECODE_ICONV_TRAIL },
	{ "gbk", "GB18030", DECODE_ICONV_TRAIL },
	{ "x-gbk", "GB18030", DECODE_ICONV_TRAIL },
	{ "cp936", "GB18030", DECODE_ICONV_TRAIL },
	{ "gb18030", "GB18030", DECODE_ICONV_TRAIL },
	{ "big5", "BIG5-HKSCS", DECODE_ICONV_TRAIL },
	{ "big5-hkscs", "BIG5-HKSCS", DECODE_ICONV_TRAIL },
	{ "cp950", "BIG5-HKSCS", DECODE_ICONV_TRAIL },
	{ "shift_jis", "CP932", DECODE_ICONV_TRAIL },
	{ "shift-jis", "CP932", DECODE_ICONV_TRAIL },
	{ "x-sjis", "CP932", DECODE_ICONV_TRAIL },
	{ "sjis", "CP932", DECODE_ICONV_TRAIL },
	{ "cp932", "CP932", DECODE_ICONV_TRAIL },
	{ "windows-31j", "CP932", DECODE_ICONV_TRAIL },
	{ "euc-jp", "EUC-JP-MS", DECODE_ICONV },
	{ "x-euc-jp", "EUC-JP-MS", DECODE_ICONV },
	{ "iso-2022-jp", "EUC-JP-MS", DECODE_ISO_2022_JP },
	{ "iso-2022-jp-ms", "EUC-JP-MS", DECODE_ISO_2022_JP },
	{ "cp50220", "EUC-JP-MS", DECODE_ISO_2022_JP },
	{ "cp50221", "EUC-JP-MS", DECODE_ISO_2022_JP },
	{ "euc-kr", "CP949", DECODE_ICONV },
	{ "ks_c_5601-1987", "CP949", DECODE_ICONV },
	{ "cp949", "CP949", DECODE_ICONV },
	{ "windows-949", "CP949", DECODE_ICONV },
};

const struct postern_charset *postern_charset_find(const char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
		const char *known = charsets[i].name;

		if (strlen(known) == size && strncasecmp(known, name, size) == 0)
			return &charsets[i];
	}
	return NULL;
}

bool postern_charset_has_ascii_trail(const struct postern_charset *charset)
{
	return charset->decoder == DECODE_ICONV_TRAIL;
}

bool postern_charset_is_stateless(const struct postern_charset *charset)
{
	return charset->decoder != DECODE_ISO_2022_JP;
}

static int decode_iconv(const char *name, const char *octets, size_t size, char *text,
			size_t *used, size_t max, const char **error_r)
{
	/* iconv does not write to its input. */
	char *in = (char *)octets;
	char *out = text + *used;
	size_t out_left = max - *used;
	iconv_t converter = iconv_open("UTF-8", name);
	size_t status;

	if (converter == (iconv_t)-1)
		return postern_error(error_r, "no conversion from %s to UTF-8: %s", name,
				     strerror(errno));
	status = iconv(converter, &in, &size, &out, &out_left);
	/* Some hold a character back until they know what follows it. */
	if (status != (size_t)-1)
		status = iconv(converter, NULL, NULL, &out, &out_left);
	*used = max - out_left;
	iconv_close(converter);
	return status == (size_t)-1 ? POSTERN_CHARSET_INVALID : POSTERN_CHARSET_OK;
}

static int decode_iso_2022_jp(const char *iconv_name, const char *octets, size_t size, char *text,
			      size_t *used, size_t max, const char **error_r)
{
	size_t euc_size = 0;
	char *euc = malloc(POSTERN_EUC_JP_SIZE(size) + 1);
	int ret;

	if (euc == NULL)
		return postern_error(error_r, "out of memory");
	if (postern_iso_2022_jp_to_euc(octets, size, euc, &euc_size))
		ret = decode_iconv(iconv_name, euc, euc_size, text, used, max, error_r);
	else
		ret = POSTERN_CHARSET_INVALID;
	free(euc);
	return ret;
}

static bool is_ascii(const char *octets, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if ((unsigned char)octets[i] >= 0x80)
			return false;
	}
	return true;
}

static int decode_as_is(const char *octets, size_t size, char *text, size_t *used, size_t max)
{
	if (size > max - *used)
		return POSTERN_CHARSET_INVALID;
	memcpy(text + *used, octets, size);
	*used += size;
	return POSTERN_CHARSET_OK;
}

int postern_charset_decode(const struct postern_charset *charset, const char *octets, size_t size,
			   char *text, size_t *used, size_t max, const char **error_r)
{
	switch (charset->decoder) {
	case DECODE_ASCII:
		if (!is_ascii(octets, size))
			return POSTERN_CHARSET_INVALID;
		return decode_as_is(octets, size, text, used, max);
	case DECODE_UTF8:
		if (u8_check((const uint8_t *)octets, size) != NULL)
			return POSTERN_CHARSET_INVALID;
		return decode_as_is(octets, size, text, used, max);
	case DECODE_ISO_2022_JP:
		return decode_iso_2022_jp(charset->iconv_name, octets, size, text, used, max, error_r);
	default:
		return decode_iconv(charset->iconv_name, octets, size, text, used, max, error_r);
	}
}
