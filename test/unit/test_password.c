/* SPDX-License-Identifier: MIT */
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "unit.h"

#include <openssl/err.h>

#include "password.h"
#include "password_scheme.h"

#define PASSWORD "correct horse 1"

static int verify(const char *password, const char *verifier)
{
	const char *error = "no text";
	int ret = postern_password_verify(password, "alice", verifier, NULL, &error);

	if (ret < 0)
		fail_msg("%s: %s", verifier, error);
	assert_int_equal(ERR_peek_error(), 0);
	return ret;
}

static void assert_verify(const char *password, const char *verifier, int expected)
{
	int ret = verify(password, verifier);

	if (ret != expected)
		fail_msg("\"%s\" against %s: %d, not %d", password, verifier, ret, expected);
}

/* Made by the tools named; test_password_tools.c asks them anew. */
static const struct {
	const char *scheme;
	const char *verifier;
} known[] = {
	/* openssl passwd */
	{ "md5-crypt", "$1$saltsalt$CNBFiUgnvLbRBlRlJMTjT1" },
	{ "sha256-crypt", "$5$saltsalt$AIApzLOVSHoORaWl8B42o2wmPpjCr3sZLga8YChMaD9" },
	{ "sha512-crypt", "$6$saltsalt$KulWkKhTEn4gWT8mDDQ5pm2T5stc.dCGy1JEZlXSUBCZfYGY14y5blUAVND"
	  "3cl0Yh.x4j4G2oV.//Nmbw0Gbk0" },
	/* perl -e crypt */
	{ "des-crypt", "XXwIRkyGq9rmU" },
	{ "md5-crypt", "$1$abcdefgh$hE0hiWP2jV3w47Z6PvHp60" },
	/* PHP */
	{ "bcrypt", "$2y$04$n.ovVtTbHiyeUnn80XbVH.3rV1Zk/nwkUe/kuVJ/ywjx23s104aRa" },
	{ "bsdi-crypt", "_J9..rasmuW8.dC7DRc2" },
	{ "argon2i", "$argon2i$v=19$m=1024,t=2,p=1$UlNTV3d5OWlmc2cuN3c0SA$5Ip+dbetjczd/XwbWO5CxM//"
	  "ef4T9xsNNWnppUdmzYs" },
	{ "argon2id", "$argon2id$v=19$m=1024,t=2,p=1$YTJtalRKTEZxUER2SHBvYg$Ud95wIC8abRvilXLs0HLCW"
	  "Y+4xxV9TlBWTErNHySTe4" },
	{ "argon2id", "$argon2id$v=19$m=1024,t=2,p=4$Z1VwWWlCQWRsU0Zjb3N5Uw$SqyUfMwqFzlGCefU8sDmf8"
	  "DNAlJMYQlNRbwFuNedN/w" },
	/* mkpasswd */
	{ "yescrypt", "$y$j9T$05r3HDHN3F5vMgUxMZF631$uvBIst2xXbiqRfQH8NKl6yORCG/GNBDCCy/kLcgpul7" },
	{ "gost-yescrypt", "$gy$j9T$UVRggpYmuv1mKiYi0Bjgw/$y1gWTiKT8AsirC9S2RudAfYQPR2y2qzU.n9eXLk"
	  "Imt9" },
	{ "scrypt", "$7$CU..../....is5GfI.XpNKbWPuEo.JmF/$eimHAhk4TaqwxyeWhQsJH.FvbCbcsMCGnYGo86KC"
	  "kRA" },
	{ "bcrypt", "$2b$05$LmtsUmu3X/l2BPSyq8aANey8F3VoGDS035IkjzFIxZkvhBPtdOmBu" },
	{ "bcrypt", "$2a$05$lZXN9K5EhqaBmox2BWv6huYKDGS69RpJM5AQQhEurpGNiIlXqdKoy" },
	{ "sha512-crypt", "$6$rounds=1000$saltsalt$UCJDY12pJ.9Bpb/0NdqEkPdeMobvKACTq5gjyzxDGexh137"
	  "wpnR3.OG9XWZj3Zi3ugtF0oWnDOUadQaTBWs0g1" },
	{ "sunmd5", "$md5,rounds=90354$SOez3mWJ$$o0Tu8RTkhrOsAtyUeGxy61" },
	{ "nt", "$3$$41b70ea3dd6e52b5584b6e0678118473" },
	/* doveadm pw, and the ways to write what it makes */
	{ "md5-crypt", "{MD5}$1$aDsV1AAB$YUhMrURlrQLgmVHCZmpHH/" },
	{ "md5-crypt", "{MD5.HEX}2431246144735631414142245955684d7255526c72514c676d5648435a"
	  "6d7048482f" },
	{ "md5-crypt", "{MD5-CRYPT}$1$aDsV1AAB$YUhMrURlrQLgmVHCZmpHH/" },
	{ "md5-crypt", "{CRYPT}$1$aDsV1AAB$YUhMrURlrQLgmVHCZmpHH/" },
	{ "md5-crypt", "{crypt}$1$aDsV1AAB$YUhMrURlrQLgmVHCZmpHH/" },
	{ "des-crypt", "{DES-CRYPT}XXwIRkyGq9rmU" },
	{ "des-crypt", "{CRYPT}XXwIRkyGq9rmU" },
	{ "bcrypt", "{BLF-CRYPT}$2y$04$n.ovVtTbHiyeUnn80XbVH.3rV1Zk/nwkUe/kuVJ/ywjx23s104aRa" },
	{ "sha512-crypt", "{SHA512-CRYPT.B64}JDYka3BxdVgwdW9CRHBaLm5GcCRITi9XT3hkb0JUYlhYVTFWak5wW"
	  "jVoU0dDelNCaS9VaWZMemx2RTlXVXlub2Ewd3BDMExSOExGNm5lNE1nYUxmNGlZUldoa3FOTlI4dEk1WVYzYkox"
	  "Lg==" },
	{ "sha1", "{SHA}x5fPvYFgDcbGATGvaDXPPkWxnc8=" },
	{ "sha1", "{SHA1}x5fPvYFgDcbGATGvaDXPPkWxnc8=" },
	{ "sha1", "{SHA1.HEX}c797cfbd81600dc6c60131af6835cf3e45b19dcf" },
	{ "sha1", "{SHA1}c797cfbd81600dc6c60131af6835cf3e45b19dcf" },
	{ "sha1", "{sha.base64}x5fPvYFgDcbGATGvaDXPPkWxnc8=" },
	{ "ssha", "{SSHA}V+weJMdbopFKJpZGKRYjIAEYUqpUwEH2" },
	{ "ssha", "{SSHA.HEX}070d2a9995fea0d18a4863fdb8a6e1114f1b264ae93c4d83" },
	{ "sha256", "{SHA256}4RtS2kpm+fcTc7DBtN24R0BeBfyCN1cJZPHDoEPKEOc=" },
	{ "ssha256", "{SSHA256}udLCPoHaoJgbedBqHNEcfRmsIhikz0oa5nJajB4M2KymQAZx" },
	{ "sha512", "{SHA512}I+DAxzCeWVZnWjf9N94ZtnTiHIOzuJU4EJSNW2TtVcfiYD0vihnQrMGEZeVYvsp2OWHFD"
	  "AdLeeYQqB/eXBKGYA==" },
	{ "ssha512", "{SSHA512}udw3YBQJIJeVBQk542Rh7reLiViYyHSJ+l+NfMIaJEeSyUdePI1SjqEOHZJgoBppkPr"
	  "B1EjIovloVLL5mbjr53RRbUQ=" },
	{ "smd5", "{SMD5}fYq6txCJ+J4TCRqBgc3INw+93E4=" },
	{ "plain-md5", "{LDAP-MD5}Js3bn30o89V6WnyCSxIWtw==" },
	{ "plain-md5", "{PLAIN-MD5}26cddb9f7d28f3d57a5a7c824b1216b7" },
	{ "plain-md5", "{MD5}26CDDB9F7D28F3D57A5A7C824B1216B7" },
	{ "plain-md5", "{PLAIN-MD5}Js3bn30o89V6WnyCSxIWtw==" },
	{ "cram-md5", "{CRAM-MD5}0d3a8e891950a5a8b3abb80fe81eaec73a6eacdf0b5861357f433b4b9f137d54" },
	{ "cram-md5", "{HMAC-MD5}0d3a8e891950a5a8b3abb80fe81eaec73a6eacdf0b5861357f433b4b9f137d54" },
	{ "scram-sha-1", "{SCRAM-SHA-1}4096,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,"
	  "E0JBp0oiNbx1ZeE6VqVK1HWh2pU=" },
	{ "scram-sha-256", "{SCRAM-SHA-256}4096,XQYabYH2VzX1f2aZE7TU1Q==,fiWUYX3iBu6NBnMg+ZmPFv5+8"
	  "W+TqAdBGwviAvf524E=,PqVEDstUQkwad4pBWv2ZAn5fA84GIv1bNcQL5P6Uvr0=" },
	{ "pbkdf2", "{PBKDF2}$1$fm.hYZSSA64V8yl8$5000$ddc991924c7a11fe8988fa97f479dc9fbe04469c" },
	{ "argon2id", "{CRYPT}$argon2id$v=19$m=1024,t=2,p=1$YTJtalRKTEZxUER2SHBvYg$Ud95wIC8abRvilX"
	  "Ls0HLCWY+4xxV9TlBWTErNHySTe4" },
	{ "argon2i", "{ARGON2}$argon2i$v=19$m=1024,t=2,p=1$UlNTV3d5OWlmc2cuN3c0SA$5Ip+dbetjczd/Xwb"
	  "WO5CxM//ef4T9xsNNWnppUdmzYs" },
	{ "argon2id", "{ARGON2ID}$argon2id$v=19$m=1024,t=2,p=1$YTJtalRKTEZxUER2SHBvYg$Ud95wIC8abRv"
	  "ilXLs0HLCWY+4xxV9TlBWTErNHySTe4" },
	{ "plain", "{PLAIN}" PASSWORD },
	{ "plain", "{CLEAR}" PASSWORD },
	{ "plain", "{CLEARTEXT}" PASSWORD },
	{ "plain", "{PLAIN.B64}Y29ycmVjdCBob3JzZSAx" },
	{ "plain", "{PLAIN.HEX}636f727265637420686f7273652031" },
};

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		assert_verify(PASSWORD, known[i].verifier, POSTERN_PASSWORD_OK);
		assert_string_equal(postern_password_scheme(known[i].verifier), known[i].scheme);
	}
}

static void test_wrong_password(void **state)
{
	char longer[POSTERN_PASSWORD_MAX + 2];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	for (size_t i = 0; i < COUNT(known); i++) {
		assert_verify("correct horse 2", known[i].verifier,
			      /* DES sees 8 characters */
			      strcmp(known[i].scheme, "des-crypt") == 0 ?
			      POSTERN_PASSWORD_OK : POSTERN_PASSWORD_MISMATCH);
		assert_verify("Correct horse 1", known[i].verifier, POSTERN_PASSWORD_MISMATCH);
		assert_verify("", known[i].verifier, POSTERN_PASSWORD_MISMATCH);
		assert_verify(longer, known[i].verifier, POSTERN_PASSWORD_MISMATCH);
		longer[600] = '\0'; /* more than crypt(3) takes */
		assert_verify(longer, known[i].verifier, POSTERN_PASSWORD_MISMATCH);
		longer[600] = 'x';
	}
}

/* One octet changed, at the front, in the middle and at the end; and cut by one. */
static void test_changed_verifier(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(known); i++) {
		size_t size = strlen(known[i].verifier);
		const size_t places[] = { 0, size / 2, size - 2 };
		char *changed;

		for (size_t p = 0; p < COUNT(places); p++) {
			changed = strdup(known[i].verifier);
			changed[places[p]] = changed[places[p]] == 'A' ? 'B' : 'A';
			if (verify(PASSWORD, changed) == POSTERN_PASSWORD_OK)
				fail_msg("%s verifies though it is %s", changed, known[i].verifier);
			free(changed);
		}
		changed = strndup(known[i].verifier, size - 1);
		if (verify(PASSWORD, changed) == POSTERN_PASSWORD_OK)
			fail_msg("%s verifies though it is cut", changed);
		free(changed);
	}
}

static void test_never_verifies(void **state)
{
	static const char *const verifiers[] = {
		"", "*", "!", "!!", "*0", "*1", "x", "NP", "*LK*",
		"!$1$saltsalt$CNBFiUgnvLbRBlRlJMTjT1", "*$1$saltsalt$CNBFiUgnvLbRBlRlJMTjT1",
		/* neither crypt(3) nor a prefix */
		PASSWORD, "hunter2", "{PLAIN", "{}", "{}x", "{PLAIN}", "{PLAIN.ROT13}x",
		"{PLAIN.}x", "{.HEX}78", "{ PLAIN}x", "{PLAIN }x", "{PLAIN.HEX}6", "{PLAIN.HEX}6300",
		"{PLAIN.B64}!!!!", "{UNKNOWN}x", "{CRYPT}", "{CRYPT}*", "{CRYPT}!x",
		/* Dovecot's own, cut short or in an encoding in which their cost cannot be seen */
		"{DIGEST-MD5}", "{PLAIN-TRUNC}", "{PLAIN-MD4.ROT13}x", "{OTP}sha1", "{OTP}sha1 x y z",
		"{OTP.HEX}73686131203130323420383930626332",
		"$apr1$saltsalt$bBFZJOdqmeHkX5sAJRgXJ0", "$8$saltsalt$AIApzLOVSHoORaWl8B42o2wmPpjCr3s",
		/* settings without a hash, and hashes of a wrong size or alphabet */
		"$1$saltsalt$", "$1$saltsalt", "$1$", "$6$saltsalt$x", "$y$j9T$05r3HDHN3F5vMgUxMZF631",
		"$2b$05$LmtsUmu3X/l2BPSyq8aANe", "$1$saltsalt$CNBFiUgnvLbRBlRlJMTj=1",
		"{SHA}x5fPvYFgDcbGATGvaDXPPkWxnQ==", "{SHA}", "{SSHA}x5fPvYFgDcbGATGvaDXPPkWxnc8=",
		"{SHA256}x5fPvYFgDcbGATGvaDXPPkWxnc8=", "{CRAM-MD5}0d3a8e89",
		/* SCRAM: fields missing, empty, of the wrong size, too many; iterations 0 and -1 */
		"{SCRAM-SHA-1}4096,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=",
		"{SCRAM-SHA-1}4096,,u2GNhki02ahEQyOcVxLNJPEEAbM=,E0JBp0oiNbx1ZeE6VqVK1HWh2pU=",
		"{SCRAM-SHA-1}4096,5VCd70hev7qy74KTgXYwwA==,u2GN,E0JBp0oiNbx1ZeE6VqVK1HWh2pU=",
		"{SCRAM-SHA-1}4096,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,"
		"E0JBp0oiNbx1ZeE6VqVK1HWh2pU=,x",
		"{SCRAM-SHA-1}0,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,"
		"E0JBp0oiNbx1ZeE6VqVK1HWh2pU=",
		"{SCRAM-SHA-1}-1,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,"
		"E0JBp0oiNbx1ZeE6VqVK1HWh2pU=",
		"{SCRAM-SHA-1}4096,5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,E0JB",
		"{PBKDF2}$1$salt$0$ddc991924c7a11fe8988fa97f479dc9fbe04469c",
		"{PBKDF2}$2$salt$1$ddc991924c7a11fe8988fa97f479dc9fbe04469c", "{PBKDF2}$1$salt",
		"$argon2id$", "{ARGON2ID}x", "$argon2id$v=19$m=1024,t=2$YTJtalRKTEZxUER2SHBvYg$Ud95wIC8",
		"$argon2d$v=19$m=1024,t=2,p=1$YTJtalRKTEZxUER2SHBvYg$Ud95wIC8abRvilXLs0HLCWY+4xxV9TlB"
		"WTErNHySTe4",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(verifiers); i++) {
		assert_verify(PASSWORD, verifiers[i], POSTERN_PASSWORD_UNKNOWN_SCHEME);
		assert_verify(verifiers[i], verifiers[i], POSTERN_PASSWORD_UNKNOWN_SCHEME);
		assert_verify("", verifiers[i], POSTERN_PASSWORD_UNKNOWN_SCHEME);
		assert_null(postern_password_scheme(verifiers[i]));
	}
}

static int of_dovecot(const char *password, const char *account, const char *scheme,
		      const char *text)
{
	assert_string_equal(account, "alice");
	if (strcmp(scheme, "PLAIN-TRUNC.B64") == 0 && strcmp(text, "MTItaG9yc2U=") == 0)
		return strcmp(password, PASSWORD) == 0 ? POSTERN_PASSWORD_OK :
			POSTERN_PASSWORD_MISMATCH;
	return POSTERN_PASSWORD_UNKNOWN_SCHEME;
}

/* What only Dovecot compares: handed to it as it is, and where it is not there, nothing matches. */
static void test_of_dovecot(void **state)
{
	static const char *const cases[][2] = {
		{ "{OTP}sha1 1024 890bc29b0fc13444 69f93606e36e9a37", "otp" },
		{ "{digest-md5}cf4f79795ce19be46f2b47d187cbf365", "digest-md5" },
		{ "{PLAIN-MD4}51b834b7c1ef0b59ea50888fcb39ace2", "plain-md4" },
		{ "{PLAIN-TRUNC.B64}MTItaG9yc2U=", "plain-trunc" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_string_equal(postern_password_scheme(cases[i][0]), cases[i][1]);
		assert_verify(PASSWORD, cases[i][0], POSTERN_PASSWORD_MISMATCH);
	}
	postern_password_set_dovecot(of_dovecot);
	assert_verify(PASSWORD, cases[0][0], POSTERN_PASSWORD_UNKNOWN_SCHEME);
	assert_verify(PASSWORD, cases[3][0], POSTERN_PASSWORD_OK);
	assert_verify("wrong", cases[3][0], POSTERN_PASSWORD_MISMATCH);
	assert_verify(PASSWORD, "{OTP}sha1 1000001 890bc29b0fc13444 69f93606e36e9a37",
		      POSTERN_PASSWORD_TOO_COSTLY);
	postern_password_set_dovecot(NULL);
}

#define HASH22 "CNBFiUgnvLbRBlRlJMTjT1"
#define HASH28 "CNBFiUgnvLbRBlRlJMTjT1abcdef"
#define HASH43 "AIApzLOVSHoORaWl8B42o2wmPpjCr3sZLga8YChMaD9"
#define ARGON43 "Ud95wIC8abRvilXLs0HLCWY+4xxV9TlBWTErNHySTe4"
#define HASH86 HASH43 HASH43
#define BCRYPT "LmtsUmu3X/l2BPSyq8aANey8F3VoGDS035IkjzFIxZkvhBPtdOmBu"
#define SCRAM ",5VCd70hev7qy74KTgXYwwA==,u2GNhki02ahEQyOcVxLNJPEEAbM=,E0JBp0oiNbx1ZeE6VqVK1HWh2pU="

static void test_costs(void **state)
{
	static const struct {
		struct postern_password_limits limits;
		const char *verifier;
		int expected;
	} cases[] = {
		/* Above the defaults, up to what would take years. */
		{ { 0, 0 }, "$6$rounds=1000001$salt$" HASH86, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$5$rounds=999999999$salt$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$sha1$1000001$salt$" HASH28, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$md5,rounds=4294963199$saltsalt$$" HASH22, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$2b$15$" BCRYPT, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$2b$99$" BCRYPT, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "{BLF-CRYPT}$2y$31$" BCRYPT, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "_zzzzaaaa" "abcdefghijk", POSTERN_PASSWORD_TOO_COSTLY },
		/* log2(N) 17 and r 32: 512 MiB; N 12 with p; N 12 with t; log2(N) 38 */
		{ { 0, 0 }, "$y$jET$05r3HDHN3F5vMgUxMZF631$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$gy$jET$05r3HDHN3F5vMgUxMZF631$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$y$j9T.T$05r3HDHN3F5vMgUxMZF631$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$y$j9T/T$05r3HDHN3F5vMgUxMZF631$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$y$jZT$05r3HDHN3F5vMgUxMZF631$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$7$FU..../....salt$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$7$CU..../1...salt$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$7$zzzzzzzzzzzsalt$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "{SCRAM-SHA-1}1000001" SCRAM, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "{PBKDF2}$1$salt$1000001$ddc991924c7a11fe8988fa97f479dc9fbe04469c",
		  POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$argon2id$v=19$m=262145,t=1,p=1$YTJtalRKTEZxUER2SHBvYg$" ARGON43,
		  POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$argon2id$v=19$m=1024,t=1025,p=1$YTJtalRKTEZxUER2SHBvYg$" ARGON43,
		  POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 0 }, "$argon2i$v=19$m=65536,t=17,p=1$YTJtalRKTEZxUER2SHBvYg$" ARGON43,
		  POSTERN_PASSWORD_TOO_COSTLY },
		/* Within the admin's limits; too costly with the default ones or not. */
		{ { 100000, 0 }, "$6$rounds=100000$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ { 100000, 0 }, "$6$rounds=100001$salt$" HASH86, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 0, 11 }, "$2b$11$" BCRYPT, POSTERN_PASSWORD_MISMATCH },
		{ { 0, 11 }, "$2b$12$" BCRYPT, POSTERN_PASSWORD_TOO_COSTLY },
		/* No limit can go below what postern itself makes. */
		{ { 1, 1 }, "$6$rounds=100000$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ { 1, 1 }, "$6$rounds=100001$salt$" HASH86, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 1, 1 }, "$2b$10$" BCRYPT, POSTERN_PASSWORD_MISMATCH },
		{ { 1, 1 }, "$2b$11$" BCRYPT, POSTERN_PASSWORD_TOO_COSTLY },
		{ { 1, 1 }, "$6$saltsalt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ { 1, 1 }, "{SCRAM-SHA-1}4096" SCRAM, POSTERN_PASSWORD_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *error = "";
		int ret = postern_password_verify("wrong", "alice", cases[i].verifier, &cases[i].limits,
						  &error);

		if (ret != cases[i].expected)
			fail_msg("%s: %d, not %d (%s)", cases[i].verifier, ret, cases[i].expected,
				 error);
	}
}

/* Nobody gets in without a password, even where one was once made of nothing. */
static void test_empty_password(void **state)
{
	static const char *const verifiers[] = {
		"$1$saltsalt$5Jhcit4zN9UlGiA0txPkO0", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
		"{SSHA}ro8wjA2G1QwpFfap1VXt+LNgTyU0T1Sb",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(verifiers); i++)
		assert_verify("", verifiers[i], POSTERN_PASSWORD_MISMATCH);
}

/* HMAC takes a key of one block as it is, and the digest of a longer one; from doveadm. */
static void test_cram_md5_key_size(void **state)
{
	char password[66] = "";

	(void)state;
	memset(password, 'p', 64);
	assert_verify(password, "{CRAM-MD5}68dc42533f51cc1522c38c82a68eae5f"
		      "e670cd03c41504213b13532a08f36547", POSTERN_PASSWORD_OK);
	password[64] = 'p';
	assert_verify(password, "{CRAM-MD5}834bad525baf04b3ba64fe396e36ffe4"
		      "626b5b60d8ad3aef80f18055322026ce", POSTERN_PASSWORD_OK);
}

/* yescrypt's numbers of one, two and three digits. The memory is what libxcrypt was seen to
   take. */
static void test_memory(void **state)
{
	static const struct {
		const char *setting;
		unsigned log2_n, r;
	} cases[] = {
		{ "$y$j9T$salt", 12, 32 }, { "$gy$j9T$salt", 12, 32 },
		{ "$y$j9i$salt", 12, 47 }, { "$y$j9j$salt", 12, 48 }, { "$y$j9k.$salt", 12, 49 },
		{ "$y$j9kn$salt", 12, 100 }, { "$y$j8pT$salt", 11, 400 },
		{ "$y$j7ry$salt", 10, 559 }, { "$y$j7rz$salt", 10, 560 },
		{ "$y$j7s..$salt", 10, 561 }, { "$y$j7s./$salt", 10, 562 },
		{ "$y$j6sKS$salt", 9, 1999 }, { "$7$CU..../....salt", 14, 32 },
		/* nothing to speak of, too much, and no setting */
		{ "$6$salt", 0, 0 }, { "$y$jZT$salt", 0, 0 }, { "$y$", 0, 0 }, { "$y$j9", 0, 0 },
		{ "$y$j9s", 0, 0 }, { "$7$CU..", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(postern_crypt_memory(cases[i].setting),
				 (128ULL * cases[i].r) << cases[i].log2_n);
}

/* A long password cannot multiply the work of a verifier within the limits, and those that postern
   makes work for every length. */
static void test_cost_of_length(void **state)
{
	static const struct {
		size_t size;
		const char *verifier;
		int expected;
	} cases[] = {
		{ 63, "$6$rounds=1000000$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ 64, "$6$rounds=1000000$salt$" HASH86, POSTERN_PASSWORD_TOO_COSTLY },
		{ 64, "$6$rounds=500000$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ 511, "$6$rounds=125001$salt$" HASH86, POSTERN_PASSWORD_TOO_COSTLY },
		{ 511, "$5$rounds=125001$salt$" HASH43, POSTERN_PASSWORD_TOO_COSTLY },
		{ 511, "$sha1$125001$salt$" HASH28, POSTERN_PASSWORD_TOO_COSTLY },
		{ 511, "$6$rounds=100000$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
		{ 511, "$6$salt$" HASH86, POSTERN_PASSWORD_MISMATCH },
	};
	const struct postern_password_limits least = { 1, 1 };
	const char *error;
	char password[512];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(password, 'p', cases[i].size);
		password[cases[i].size] = '\0';
		assert_verify(password, cases[i].verifier, cases[i].expected);
	}
	assert_int_equal(postern_password_verify(password, "alice", "$6$rounds=100000$salt$" HASH86, &least,
						 &error), POSTERN_PASSWORD_MISMATCH);
}

/* "tést" in NFC and NFD, and with a no-break space; made by crypt(3) from these very octets. */
static void test_forms(void **state)
{
	static const struct {
		const char *password, *verifier;
		int expected;
	} cases[] = {
		{ "t\u00e9st ", "{PLAIN}t\u00e9st ", POSTERN_PASSWORD_OK },
		{ "te\u0301st ", "{PLAIN}t\u00e9st ", POSTERN_PASSWORD_OK },
		{ "te\u0301st\u00a0", "{PLAIN}t\u00e9st ", POSTERN_PASSWORD_OK },
		/* imported as typed */
		{ "te\u0301st ", "{PLAIN}te\u0301st ", POSTERN_PASSWORD_OK },
		{ "t\xe9st", "{PLAIN}t\xe9st", POSTERN_PASSWORD_OK },
		{ "a\u200bb", "{PLAIN}a\u200bb", POSTERN_PASSWORD_OK },
		/* but not the other way round, and nothing else */
		{ "t\u00e9st ", "{PLAIN}te\u0301st ", POSTERN_PASSWORD_MISMATCH },
		{ "test ", "{PLAIN}t\u00e9st ", POSTERN_PASSWORD_MISMATCH },
		{ "t\u00c9st ", "{PLAIN}t\u00e9st ", POSTERN_PASSWORD_MISMATCH },
		{ "t\xe9st", "{PLAIN}t\u00e9st", POSTERN_PASSWORD_MISMATCH },
		{ "a\u200bb", "{PLAIN}ab", POSTERN_PASSWORD_MISMATCH },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_verify(cases[i].password, cases[i].verifier, cases[i].expected);
}

static void test_verifier_length(void **state)
{
	char verifier[POSTERN_VERIFIER_MAX + 2] = "{PLAIN}";
	size_t prefix = strlen(verifier);

	(void)state;
	memset(verifier + prefix, 'x', sizeof(verifier) - prefix - 1);
	verifier[sizeof(verifier) - 1] = '\0';
	assert_verify(verifier + prefix, verifier, POSTERN_PASSWORD_UNKNOWN_SCHEME);
	verifier[POSTERN_VERIFIER_MAX] = '\0';
	assert_verify(verifier + prefix, verifier, POSTERN_PASSWORD_OK);
}

static double seconds_of_cpu(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* An unknown account costs what a known one does; measured in CPU time, so that the machine's
   other work does not count, and with room for a bad day. */
static void test_nobody(void **state)
{
	const int times = 5;
	double start, nobody, somebody;

	(void)state;
	start = seconds_of_cpu();
	for (int i = 0; i < times; i++)
		postern_password_verify_nobody(PASSWORD);
	nobody = seconds_of_cpu() - start;
	start = seconds_of_cpu();
	for (int i = 0; i < times; i++)
		assert_verify("wrong", "$y$j9T$05r3HDHN3F5vMgUxMZF631$" HASH43,
			      POSTERN_PASSWORD_MISMATCH);
	somebody = seconds_of_cpu() - start;
	assert_true(nobody > 0.4 * somebody && nobody < 2.5 * somebody);
}

/* What this process has of address space, and 8 MiB: less than the verifiers below want. */
static struct rlimit little_more_memory(void)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	assert_non_null(statm);
	assert_int_equal(fscanf(statm, "%lu", &pages), 1);
	fclose(statm);
	limit.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + (8 << 20);
	limit.rlim_max = limit.rlim_cur;
	return limit;
}

/* Want of memory is a failure, not a wrong password. */
static void test_no_memory(void **state)
{
	static const char *const verifiers[] = {
		"$y$j9T$05r3HDHN3F5vMgUxMZF631$" HASH43,
		"$argon2id$v=19$m=65536,t=1,p=1$YTJtalRKTEZxUER2SHBvYg$" ARGON43,
	};

	(void)state;
#ifdef __SANITIZE_ADDRESS__
	print_message("skipped: address sanitizer cannot run with little address space\n");
	skip();
#endif
	for (size_t i = 0; i < COUNT(verifiers); i++) {
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			struct rlimit limit = little_more_memory();
			const char *error = NULL;

			if (setrlimit(RLIMIT_AS, &limit) != 0)
				_exit(2);
			_exit(postern_password_verify("wrong", "alice", verifiers[i], NULL, &error) == -1 &&
			      error != NULL && strstr(error, "emory") != NULL ? 0 : 1);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_wrong_password),
		cmocka_unit_test(test_changed_verifier),
		cmocka_unit_test(test_never_verifies),
		cmocka_unit_test(test_of_dovecot),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_empty_password),
		cmocka_unit_test(test_cram_md5_key_size),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cost_of_length),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_verifier_length),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
