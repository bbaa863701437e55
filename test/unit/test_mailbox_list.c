/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mailbox_list.h"

#define TWO_WAYS "malformed: its quotes, comments, backslashes or line ends can be read in two ways"

/* What is read is written as "address|name|comments|all", one line a mailbox, and then the
   outcome that ended it. */
static const struct {
	const char *body, *expected;
} cases[] = {
	{ "a@b.test", "a@b.test|||\nend" },
	{ " a@b.test ", "a@b.test|||\nend" },
	{ "<a@b.test>", "a@b.test|||\nend" },
	{ "A B <a@b.test>", "a@b.test|A B||A B\nend" },
	{ "A  \t B<a@b.test>", "a@b.test|A B||A B\nend" },
	{ "\"A, B\" <a@b.test>", "a@b.test|A, B||A, B\nend" },
	{ "\"A \\\"B\\\" \\\\\" <a@b.test>", "a@b.test|A \"B\" \\||A \"B\" \\\nend" },
	{ "\"A\n B\" <a@b.test>", "a@b.test|A B||A B\nend" },
	{ "\"A\r\n\tB\" <a@b.test>", "a@b.test|A\tB||A\tB\nend" },
	{ "\" A \" <a@b.test>", "a@b.test| A || A \nend" },
	{ "\"\" <a@b.test>", "a@b.test|||\nend" },
	{ "\"\"", "malformed: a name has no address in angle brackets" },
	{ "A\"B\"C <a@b.test>", "a@b.test|ABC||ABC\nend" },
	{ ".A <a@b.test>", "malformed: a special character stands outside of quotes" },
	{ "A (c(d)), <a@b.test>", "malformed: a name has no address in angle brackets" },
	{ "a@b.test (c(d)),(e(f)) a@b.test", "a@b.test||c(d)|c(d)\na@b.test||e(f)|e(f)\nend" },
	{ "(c(d)) a@b.test", "a@b.test||c(d)|c(d)\nend" },
	{ "a@b.test (c(d))", "a@b.test||c(d)|c(d)\nend" },
	{ "(c(d))a@b.test", TWO_WAYS },
	{ "a@b.test(c(d))", TWO_WAYS },
	{ "=?utf-8?q?A\"B\"?= <a@b.test>", "encoding" },
	{ "=?utf-8?q?A(B)?= <a@b.test>", "encoding" },
	{ "\"=?utf-8?q?A\"?= <a@b.test>", "encoding" },
	{ "(=?utf-8?q?A) ?= <a@b.test>", "encoding" },
	{ "=?utf-8?q?A?=\"=?x?q?B?=\"(=?y?q?C?=) <a@b.test>",
	  "a@b.test|=?utf-8?q?A?==?x?q?B?=|=?y?q?C?=|=?utf-8?q?A?==?x?q?B?==?y?q?C?=\nend" },
	{ "A. .B <a@b.test>", "a@b.test|A. .B||A. .B\nend" },
	{ "\xc3\xa9 <a@b.test>", "a@b.test|\xc3\xa9||\xc3\xa9\nend" },
	{ "=?utf-8?q?A?= <a@b.test>", "a@b.test|=?utf-8?q?A?=||=?utf-8?q?A?=\nend" },
	{ "(c) A (d) B(e) <a@b.test> (f)", "a@b.test|A B|c d e f|c A d Be f\nend" },
	{ "(c)(d) a@b.test (e)", "a@b.test||cd e|cd e\nend" },
	{ "A(c)B <a@b.test>", "a@b.test|AB|c|AcB\nend" },
	{ "a@b.test ( c \t d )", "a@b.test|| c \t d | c \t d \nend" },
	{ "a@b.test (c\n d)", "a@b.test||c d|c d\nend" },
	{ "a@b.test (c (d (e)))", "a@b.test||c (d (e))|c (d (e))\nend" },
	{ "a@b.test (\\c\\(\\))", "a@b.test||c()|c()\nend" },
	{ "a@b.test (c \"d\", e)", "a@b.test||c \"d\", e|c \"d\", e\nend" },
	{ "a@b.test (c @ <e>)", "a@b.test||c @ <e>|c @ <e>\nend" },
	{ "\"@\" (c \"d\") <a@b.test>", TWO_WAYS },
	{ "(c \"d\") \"@\" <a@b.test>", TWO_WAYS },
	{ "\"@\" <a@b.test>, \"\\\\\" <a@b.test>", "a@b.test|@||@\n" TWO_WAYS },
	{ "\"<\" <a@b.test>, (\n) a@b.test", "a@b.test|<||<\n" TWO_WAYS },
	{ "(c (d)) (>) a@b.test", TWO_WAYS },
	{ "A\"@\" <a@b.test>", TWO_WAYS },
	{ "\"@\"A <a@b.test>", TWO_WAYS },
	{ "\"@\"(c) <a@b.test>", TWO_WAYS },
	{ "<a@b.test>(@)", TWO_WAYS },
	{ "\"@\"<a@b.test>", "a@b.test|@||@\nend" },
	{ "\"A\"<a@b.test>,\"@\" <a@b.test>", "a@b.test|A||A\na@b.test|@||@\nend" },
	{ "a@b.test,c@d.test", "a@b.test|||\nc@d.test|||\nend" },
	{ "A <a@b.test>, (x) C <c@d.test> (y)", "a@b.test|A||A\nc@d.test|C|x y|x C y\nend" },
	{ "a@b.test\n ,\n c@d.test", "a@b.test|||\nc@d.test|||\nend" },
	{ "< \ta@b.test\t >", "a@b.test|||\nend" },
	{ "\"a\"@b.test", "a@b.test|||\nend" },
	{ "A <\"a.\"@b.test>", "\"a.\"@b.test|A||A\nend" },
	{ "A:;", "group" },
	{ "A B: a@b.test;", "group" },
	{ "\"\": a@b.test;", "group" },
	{ "A (c):;", "group" },
	{ "a@b.test, A:;", "a@b.test|||\ngroup" },
	{ ":", "malformed: a special character stands outside of quotes" },
	{ "", "malformed: an address is missing" },
	{ " \n ", "malformed: an address is missing" },
	{ "(c)", "malformed: an address is missing" },
	{ ",a@b.test", "malformed: an address is missing" },
	{ "a@b.test,", "a@b.test|||\nmalformed: an address is missing" },
	{ "a@b.test,,c@d.test", "a@b.test|||\nmalformed: an address is missing" },
	{ "A", "malformed: a name has no address in angle brackets" },
	{ "A,a@b.test", "malformed: a name has no address in angle brackets" },
	{ "A <a@b.test", "malformed: angle brackets hold more than an address" },
	{ "A <a@b.test\n >", "malformed: angle brackets hold more than an address" },
	{ "A <\n a@b.test>", "malformed: angle brackets hold no address of the form local@domain" },
	{ "A <", "malformed: angle brackets hold no address of the form local@domain" },
	{ "A <>", "malformed: angle brackets hold no address of the form local@domain" },
	{ "A <\"a>", "malformed: angle brackets hold no address of the form local@domain" },
	{ "A <\"a\\", "malformed: angle brackets hold no address of the form local@domain" },
	{ "<@c.test:a@b.test>", "malformed: a route or nothing stands before an at-sign" },
	{ "@b.test", "malformed: a route or nothing stands before an at-sign" },
	{ "A @b.test", "malformed: an at-sign stands outside of an address" },
	{ "a@[b]", "malformed: an address has a domain in square brackets" },
	{ "a@b.test[", "malformed: an address has a domain in square brackets" },
	{ "a=?@b.test", "malformed: an address holds an encoded word" },
	{ "a@", "malformed: the domain is empty" },
	{ "a@b.test.", "malformed: the domain has a label that is empty or longer than 63 octets" },
	{ "a@b.test c", "malformed: something stands behind an address where a comma belongs" },
	{ "a@b.test;", "malformed: something stands behind an address where a comma belongs" },
	{ "<a@b.test>c", "malformed: something stands behind an address where a comma belongs" },
	{ "<a@b.test> (", "malformed: a comment is not closed" },
	{ "(", "malformed: a comment is not closed" },
	{ "A (", "malformed: a comment is not closed" },
	{ "A (()", "malformed: a comment is not closed" },
	{ "A (\\", TWO_WAYS },
	{ "A (\\\n )", TWO_WAYS },
	{ "A (\"(\")", TWO_WAYS },
	{ "A (\"\\a\")", TWO_WAYS },
	{ "A (\")", TWO_WAYS },
	{ "A ((b),)", TWO_WAYS },
	{ "A (\\@)", TWO_WAYS },
	{ "\"A\n <\" <a@b.test>", TWO_WAYS },
	{ "A (\n @) <a@b.test>", TWO_WAYS },
	{ "\"", "malformed: a quoted string is not closed" },
	{ "\"A", "malformed: a quoted string is not closed" },
	{ "\"A\\", "malformed: a backslash stands before nothing" },
	{ "\"A\\\n \" <a@b.test>", "malformed: a backslash stands before nothing" },
	{ "\"\\\"<\" <a@b.test>", TWO_WAYS },
	{ "A [", "malformed: a special character stands outside of quotes" },
	{ "A \\B <a@b.test>", "malformed: a special character stands outside of quotes" },
	{ "A > <a@b.test>", "malformed: a special character stands outside of quotes" },
};

static const char *const outcomes[] = {
	[POSTERN_MAILBOX_END] = "end",
	[POSTERN_MAILBOX_GROUP] = "group",
	[POSTERN_MAILBOX_MALFORMED] = "malformed: ",
	[POSTERN_MAILBOX_ENCODING] = "encoding",
};

static void write_text(FILE *out, const struct postern_text *text)
{
	fputc('|', out);
	fwrite(text->octets, 1, text->size, out);
}

/* Body and room are on the heap in their exact size, so that a sanitizer sees a step beyond. */
static char *read_all(const char *text)
{
	size_t size = strlen(text), shown_size;
	char *body = malloc(size), *room = malloc(POSTERN_MAILBOX_ROOM(size)), *shown = NULL;
	char address[2 * POSTERN_ADDRESS_MAX];
	struct postern_mailbox_list list;
	struct postern_mailbox mailbox;
	enum postern_mailbox_outcome outcome;
	FILE *out = open_memstream(&shown, &shown_size);

	assert_non_null(room);
	assert_non_null(out);
	if (size > 0)
		memcpy(body, text, size);
	postern_mailbox_list_init(&list, body, size, room);
	while ((outcome = postern_mailbox_list_next(&list, &mailbox)) == POSTERN_MAILBOX_FOUND) {
		postern_address_format(&mailbox.address, address, sizeof(address));
		fputs(address, out);
		write_text(out, &mailbox.name);
		write_text(out, &mailbox.comments);
		write_text(out, &mailbox.all);
		fputc('\n', out);
	}
	fputs(outcomes[outcome], out);
	if (outcome == POSTERN_MAILBOX_MALFORMED)
		fputs(list.reason, out);
	/* After the end there is nothing more. */
	assert_int_equal(postern_mailbox_list_next(&list, &mailbox), POSTERN_MAILBOX_END);
	fclose(out);
	free(body);
	free(room);
	return shown;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *shown = read_all(cases[i].body);

		if (strcmp(shown, cases[i].expected) != 0)
			fail_msg("%s:\n%s\nand not\n%s", cases[i].body, shown, cases[i].expected);
		free(shown);
	}
}

/* Twice the input takes twice the work: a megabyte of the worst openings ends at once. */
static void test_long(void **state)
{
	static const char *const pieces[] = { "(", "\"", "\\", "a", "<", "a@b.test,", "((", "\"\\",
					      ".", " ", ",", "a b ", "a\"b\"", "(a)" };
	const size_t size = 1 << 20;
	char *body = malloc(size), *room = malloc(POSTERN_MAILBOX_ROOM(size));

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct postern_mailbox_list list;
		struct postern_mailbox mailbox;

		for (size_t k = 0; k < size; k++)
			body[k] = pieces[i][k % strlen(pieces[i])];
		postern_mailbox_list_init(&list, body, size, room);
		while (postern_mailbox_list_next(&list, &mailbox) == POSTERN_MAILBOX_FOUND)
			;
	}
	free(body);
	free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases), cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
