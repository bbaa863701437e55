/* SPDX-License-Identifier: MIT */
#include "unit_dkim.h"

/*
 * The examples of RFC 6376 (appendices A and C) and RFC 8463 (appendix A): from their keys, as our
 * key files, and their texts, made canonical by hand, comes their b=; from their message, through
 * libopendkim, comes their bh=. The b= of a whole message cannot be theirs: libopendkim writes the
 * tags in an order of its own. That the examples verify is in test_dkim_verifiers.py.
 */
struct example {
	const char *name, *pem;
	enum postern_dkim_algorithm algorithm;
	/* What is hashed and signed. */
	const char *text;
	const char *b;
};

#define FOOTBALL_FIELDS \
	"from:Joe SixPack <joe@football.example.com>\r\n" \
	"to:Suzie Q <suzie@shopping.example.net>\r\n" \
	"subject:Is dinner ready?\r\n" \
	"date:Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n" \
	"message-id:<20030712040037.46341.5F8J@football.example.com>\r\n"

static const struct example examples[] = {
	{ "RFC 8463, Ed25519",
	  /* The seed of RFC 8032, 7.1, behind the head of PKCS #8 (RFC 8410, 7). */
	  "-----BEGIN PRIVATE KEY-----\n"
	  "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
	  "-----END PRIVATE KEY-----\n",
	  POSTERN_DKIM_ED25519_SHA256,
	  FOOTBALL_FIELDS
	  "dkim-signature:v=1; a=ed25519-sha256; c=relaxed/relaxed; d=football.example.com; "
	  "i=@football.example.com; q=dns/txt; s=brisbane; t=1528637909; h=from : to : "
	  "subject : date : message-id : from : subject : date; "
	  "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=",
	  "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus"
	  "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==" },
	{ "RFC 8463, RSA",
	  "-----BEGIN RSA PRIVATE KEY-----\n"
	  "MIICXQIBAAKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi\n"
	  "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqM\n"
	  "KrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB\n"
	  "AoGAH0cxOhFZDgzXWhDhnAJDw5s4roOXN4OhjiXa8W7Y3rhX3FJqmJSPuC8N9vQm\n"
	  "6SVbaLAE4SG5mLMueHlh4KXffEpuLEiNp9Ss3O4YfLiQpbRqE7Tm5SxKjvvQoZZe\n"
	  "zHorimOaChRL2it47iuWxzxSiRMv4c+j70GiWdxXnxe4UoECQQDzJB/0U58W7RZy\n"
	  "6enGVj2kWF732CoWFZWzi1FicudrBFoy63QwcowpoCazKtvZGMNlPWnC7x/6o8Gc\n"
	  "uSe0ga2xAkEA8C7PipPm1/1fTRQvj1o/dDmZp243044ZNyxjg+/OPN0oWCbXIGxy\n"
	  "WvmZbXriOWoSALJTjExEgraHEgnXssuk7QJBALl5ICsYMu6hMxO73gnfNayNgPxd\n"
	  "WFV6Z7ULnKyV7HSVYF0hgYOHjeYe9gaMtiJYoo0zGN+L3AAtNP9huqkWlzECQE1a\n"
	  "licIeVlo1e+qJ6Mgqr0Q7Aa7falZ448ccbSFYEPD6oFxiOl9Y9se9iYHZKKfIcst\n"
	  "o7DUw1/hz2Ck4N5JrgUCQQCyKveNvjzkkd8HjYs0SwM0fPjK16//5qDZ2UiDGnOe\n"
	  "uEzxBDAr518Z8VFbR41in3W4Y3yCDgQlLlcETrS+zYcL\n"
	  "-----END RSA PRIVATE KEY-----\n",
	  POSTERN_DKIM_RSA_SHA256,
	  FOOTBALL_FIELDS
	  "dkim-signature:v=1; a=rsa-sha256; c=relaxed/relaxed; d=football.example.com; "
	  "i=@football.example.com; q=dns/txt; s=test; t=1528637909; h=from : to : subject : "
	  "date : message-id : from : subject : date; "
	  "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=",
	  "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3"
	  "DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz"
	  "dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=" },
	{ "RFC 6376",
	  "-----BEGIN RSA PRIVATE KEY-----\n"
	  "MIICXwIBAAKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFC\n"
	  "jxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gb\n"
	  "to/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB\n"
	  "AoGBALmn+XwWk7akvkUlqb+dOxyLB9i5VBVfje89Teolwc9YJT36BGN/l4e0l6QX\n"
	  "/1//6DWUTB3KI6wFcm7TWJcxbS0tcKZX7FsJvUz1SbQnkS54DJck1EZO/BLa5ckJ\n"
	  "gAYIaqlA9C0ZwM6i58lLlPadX/rtHb7pWzeNcZHjKrjM461ZAkEA+itss2nRlmyO\n"
	  "n1/5yDyCluST4dQfO8kAB3toSEVc7DeFeDhnC1mZdjASZNvdHS4gbLIA1hUGEF9m\n"
	  "3hKsGUMMPwJBAPW5v/U+AWTADFCS22t72NUurgzeAbzb1HWMqO4y4+9Hpjk5wvL/\n"
	  "eVYizyuce3/fGke7aRYw/ADKygMJdW8H/OcCQQDz5OQb4j2QDpPZc0Nc4QlbvMsj\n"
	  "7p7otWRO5xRa6SzXqqV3+F0VpqvDmshEBkoCydaYwc2o6WQ5EBmExeV8124XAkEA\n"
	  "qZzGsIxVP+sEVRWZmW6KNFSdVUpk3qzK0Tz/WjQMe5z0UunY9Ax9/4PVhp/j61bf\n"
	  "eAYXunajbBSOLlx4D+TunwJBANkPI5S9iylsbLs6NkaMHV6k5ioHBBmgCak95JGX\n"
	  "GMot/L2x0IYyMLAz6oLWh2hm7zwtb0CgOrPo1ke44hFYnfc=\n"
	  "-----END RSA PRIVATE KEY-----\n",
	  POSTERN_DKIM_RSA_SHA256,
	  /* simple */
	  "Received: from client1.football.example.com  [192.0.2.1]\r\n"
	  "      by submitserver.example.com with SUBMISSION;\r\n"
	  "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
	  "From: Joe SixPack <joe@football.example.com>\r\n"
	  "To: Suzie Q <suzie@shopping.example.net>\r\n"
	  "Subject: Is dinner ready?\r\n"
	  "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
	  "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
	  "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
	  "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
	  "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
	  "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
	  "      b=;",
	  "AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB"
	  "4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut"
	  "KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV"
	  "4bmp/YzhwvcubU4=" },
};

static struct postern_dkim_key *read_key(struct fixture *fixture, const struct example *example)
{
	struct postern_dkim_key *key = NULL;
	char path[PATH_MAX + 64];

	key_path(fixture, "rfc", path);
	unit_write(path, example->pem, 0600);
	ok(fixture, postern_dkim_keys_get(fixture->keys, DOMAIN, "rfc", &key, &fixture->error));
	check_row(example->name, key->algorithm == example->algorithm);
	return key;
}

/* In base64. RFC 8463, 3: Ed25519 signs the hash, not the text. */
static void compute(const struct postern_dkim_key *key, const char *text, char b_r[512])
{
	unsigned char hash[EVP_MAX_MD_SIZE], signature[256];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t size = sizeof(signature);
	unsigned hash_size;

	assert_int_equal(EVP_Digest(text, strlen(text), hash, &hash_size, EVP_sha256(), NULL), 1);
	if (key->algorithm == POSTERN_DKIM_ED25519_SHA256) {
		assert_int_equal(EVP_DigestSignInit(context, NULL, NULL, NULL, key->key), 1);
		assert_int_equal(EVP_DigestSign(context, signature, &size, hash, hash_size), 1);
	} else {
		assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key),
				 1);
		assert_int_equal(EVP_DigestSign(context, signature, &size,
						(const unsigned char *)text, strlen(text)), 1);
	}
	EVP_EncodeBlock((unsigned char *)b_r, signature, (int)size);
	EVP_MD_CTX_free(context);
}

static void test_signatures(void **state)
{
	for (size_t i = 0; i < COUNT(examples); i++) {
		struct postern_dkim_key *key = read_key(*state, &examples[i]);
		char b[512];

		compute(key, examples[i].text, b);
		assert_string_equal(b, examples[i].b);
		postern_dkim_key_unref(&key);
	}
}

/* Without white space. Returns the value of a tag, on the heap. */
static char *tag(const char *value, const char *name)
{
	char *squeezed = calloc(1, strlen(value) + 2), *end, *found;
	char start[16];

	*squeezed = ';';
	for (char *p = squeezed + 1; *value != '\0'; value++) {
		if (strchr(" \t\r\n", *value) == NULL)
			*p++ = *value;
	}
	snprintf(start, sizeof(start), ";%s=", name);
	found = strstr(squeezed, start);
	assert_non_null(found);
	found += strlen(start);
	end = strchr(found, ';');
	found = end == NULL ? strdup(found) : strndup(found, (size_t)(end - found));
	free(squeezed);
	return found;
}

static char *sign_dinner(struct fixture *fixture, const struct example *example)
{
	static const char *const dinner_fields[] = {
		"From: Joe SixPack <joe@football.example.com>",
		"To: Suzie Q <suzie@shopping.example.net>", "Subject: Is dinner ready?",
		"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)",
		"Message-ID: <20030712040037.46341.5F8J@football.example.com>",
	};
	static const char dinner_body[] =
		"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n\r\n";
	struct postern_dkim_sign *signature = NULL;
	char *value = NULL;

	ok(fixture, postern_dkim_sign_new(fixture->dkim, read_key(fixture, example), DOMAIN, "rfc",
					  &signature, &fixture->error));
	for (size_t i = 0; i < COUNT(dinner_fields); i++)
		ok(fixture, postern_dkim_sign_field(signature, dinner_fields[i],
						    strlen(dinner_fields[i]), &fixture->error));
	ok(fixture, postern_dkim_sign_end_of_header(signature, &fixture->error));
	ok(fixture, postern_dkim_sign_body(signature, dinner_body, strlen(dinner_body),
					   &fixture->error));
	ok(fixture, postern_dkim_sign_finish(signature, &value, &fixture->error));
	postern_dkim_sign_free(&signature);
	return value;
}

static void test_message(void **state)
{
	for (size_t i = 0; i < COUNT(examples); i++) {
		char *first = sign_dinner(*state, &examples[i]);
		char *bh = tag(first, "bh");

		assert_string_equal(bh, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
		free(bh);
		free(first);
	}
}

/* The same key, message and second: the same signature. */
static void test_signature_is_repeated(void **state)
{
	for (size_t i = 0; i < COUNT(examples); i++) {
		char *first, *second, *first_time, *second_time;
		bool same;

		do {
			first = sign_dinner(*state, &examples[i]);
			second = sign_dinner(*state, &examples[i]);
			first_time = tag(first, "t");
			second_time = tag(second, "t");
			same = strcmp(first_time, second_time) == 0;
			if (same)
				assert_string_equal(first, second);
			free(first);
			free(second);
			free(first_time);
			free(second_time);
		} while (!same);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_signatures),
		TEST(test_message),
		TEST(test_signature_is_repeated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
