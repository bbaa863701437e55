/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "html.h"
#include "page_message.h"
#include "text.h"

static const struct {
	const char *text, *html;
} texts[] = {
	{ "", "" },
	{ "plain", "plain" },
	{ "<b>", "&lt;b&gt;" },
	{ "a & b", "a &amp; b" },
	{ "&amp;", "&amp;amp;" },
	{ "\"x\" 'y'", "&quot;x&quot; &#39;y&#39;" },
	{ "%s%n", "%s%n" },
	{ "é ü 漢 😀", "é ü 漢 😀" },
	{ "a\tb\nc\rd", "a\tb\nc\rd" },
	{ "a\x01" "b\x7f" "c\x1b[m", "a\ufffdb\ufffdc\ufffd[m" },
	{ "\xc2\x85", "\ufffd" },
	{ "\xff", "\ufffd" },
	{ "\xc3", "\ufffd" },
	{ "\xc3<", "\ufffd&lt;" },
	{ "\xe2\x82<", "\ufffd\ufffd&lt;" },
	{ "\xed\xa0\x80", "\ufffd\ufffd\ufffd" },
	{ "\xc0\xbc", "\ufffd\ufffd" },
	{ "\u202egpj", "\ufffdgpj" },
	{ "\u2066\u200f\u2028", "\ufffd\ufffd\ufffd" },
	{ "\ufffe\ufdd0", "\ufffd\ufffd" },
};

static void texts_are_escaped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct postern_html html;

		postern_html_init(&html);
		postern_html_add(&html, "%s|", texts[i].text);
		assert_false(html.failed);
		if (html.size != strlen(texts[i].html) + 1 ||
		    memcmp(html.data, texts[i].html, html.size - 1) != 0)
			fail_msg("case \"%s\": \"%.*s\"", texts[i].text, (int)html.size, html.data);
		postern_html_deinit(&html);
	}
}

static void conversions(void **state)
{
	/* The compiler must not know. */
	const char *volatile nothing = NULL;
	struct postern_html html;

	(void)state;
	postern_html_init(&html);
	postern_html_add(&html, "<a href=\"%s\">%d %u %lld 100%% %s</a>", "x\"y", -1, 4000000000u,
			 1LL << 40, nothing);
	assert_false(html.failed);
	assert_int_equal(html.size, strlen("<a href=\"x&quot;y\">-1 4000000000 1099511627776 100% </a>"));
	assert_memory_equal(html.data, "<a href=\"x&quot;y\">-1 4000000000 1099511627776 100% </a>",
			    html.size);
	/* What is no conversion here is a mistake of the source, and shows. */
	postern_html_add(&html, "%x", 1u);
	assert_true(html.failed);
	postern_html_deinit(&html);
}

static void there_is_an_end(void **state)
{
	struct postern_html html;
	static char text[64 * 1024];

	(void)state;
	memset(text, '<', sizeof(text) - 1);
	postern_html_init(&html);
	for (int i = 0; i < 10; i++)
		postern_html_add(&html, "%s", text);
	assert_true(html.failed);
	assert_true(html.room <= 512 * 1024);
	postern_html_deinit(&html);
}

static void languages(void **state)
{
	static const struct {
		const char *header, *tag;
	} cases[] = {
		{ NULL, "en" }, { "", "en" }, { "de", "de" }, { "DE-at", "de" }, { "fr", "en" },
		{ "fr, de;q=0.5", "de" }, { "en, de", "en" }, { "de, en", "de" },
		{ "en;q=0.5, de;q=0.8", "de" }, { "de;q=0.5,en;q=0.50", "de" },
		{ "de;q=0", "en" }, { "de;q=x", "en" }, { "deutsch", "en" }, { ",,;;q=,de", "de" },
		{ "*", "en" }, { " de ", "de" }, { "de;q=0.001, en;q=0", "de" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		check_row(cases[i].header == NULL ? "" : cases[i].header,
			  strcmp(postern_text_choose(cases[i].header), cases[i].tag) == 0);
	postern_text_choose("de");
	assert_string_equal(T("Sign in"), "Anmelden");
	assert_string_equal(T("no such text"), "no such text");
	postern_text_choose("en");
	assert_string_equal(T("Sign in"), "Sign in");
	for (size_t i = 1; i < postern_text_de_count; i++)
		assert_true(strcmp(postern_text_de[i - 1].english, postern_text_de[i].english) < 0);
}

static void messages(void **state)
{
	static const struct {
		const char *octets;
		size_t size;
		int ret;
	} cases[] = {
		{ "", 0, 0 },
		{ "\0\1\0\0\0\2abc", 9, 0 },
		{ "\0\1\0\0\0\0a\0\1\0\0\0\0a", 14, 0 },
		{ "\0", 1, -1 },
		{ "\0\1\0\0\0\2ab", 8, -1 },
		{ "\0\5\0\0\0\0a", 7, -1 },
		{ "\0\1\xff\xff\xff\xff" "a", 7, -1 },
		{ "\0\1\0\0\0\0\0", 7, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct postern_page_message message;
		const char *error;

		assert_int_equal(postern_page_message_decode(cases[i].octets, cases[i].size,
							     &message, &error), cases[i].ret);
		postern_page_message_deinit(&message);
	}
}

static void messages_are_bounded(void **state)
{
	struct postern_page_message message;
	size_t size;

	(void)state;
	postern_page_message_init(&message);
	for (int i = 0; i < POSTERN_PAGE_VALUES_MAX; i++)
		postern_page_message_add_text(&message, "a", "b");
	assert_false(message.spoilt);
	assert_string_equal(postern_page_message_nth(&message, "a", POSTERN_PAGE_VALUES_MAX - 1,
						     &size), "b");
	postern_page_message_add_text(&message, "a", "b");
	assert_true(message.spoilt);
	postern_page_message_deinit(&message);
	postern_page_message_add(&message, "a", "x\0y", 3);
	assert_null(postern_page_message_get(&message, "a"));
	assert_non_null(postern_page_message_nth(&message, "a", 0, &size));
	assert_int_equal(size, 3);
	postern_page_message_deinit(&message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_escaped),
		cmocka_unit_test(conversions),
		cmocka_unit_test(there_is_an_end),
		cmocka_unit_test(languages),
		cmocka_unit_test(messages),
		cmocka_unit_test(messages_are_bounded),
	};

	return cmocka_run_group_tests_name("page_html", tests, NULL, NULL);
}
