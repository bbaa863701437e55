/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire_form.h"

#define X10(text) text text text text text text text text text text
#define X60000 X10(X10(X10(X10("xxxxxx"))))

struct output {
	size_t size;
	char data[4 * 65536];
};

static int append(const void *data, size_t size, void *context, const char **error_r)
{
	struct output *output = context;

	(void)error_r;
	assert_true(size < sizeof(output->data) - output->size);
	memcpy(output->data + output->size, data, size);
	output->size += size;
	output->data[output->size] = '\0';
	return 0;
}

/* In chunks of this size. */
static int run(const char *text, size_t chunk, size_t limit, struct output *output)
{
	struct postern_wire_form form;
	size_t size = strlen(text);
	const char *error;
	int ret;

	output->size = 0;
	output->data[0] = '\0';
	postern_wire_form_init(&form, limit);
	for (size_t at = 0; at < size; at += chunk) {
		size_t now = size - at < chunk ? size - at : chunk;

		ret = postern_wire_form_put(&form, text + at, now, append, output, &error);
		if (ret != 0)
			return ret;
	}
	return postern_wire_form_end(&form, append, output, &error);
}

static const struct {
	size_t limit;
	const char *text, *wire;
} forms[] = {
	{ 5, "", "" },
	{ 5, "\r\n", "\r\n" },
	{ 5, "12345\r\n", "12345\r\n" },
	{ 5, "123456\r\n", "12345\r\n 6\r\n" },
	/* The blank counts: four octets of the line on each line behind the first. */
	{ 5, "1234567890123\r\n", "12345\r\n 6789\r\n 0123\r\n" },
	{ 5, "1234567890123\r\n1\r\n123456\r\n",
	  "12345\r\n 6789\r\n 0123\r\n1\r\n12345\r\n 6\r\n" },
	{ 5, "12345", "12345\r\n" },
	{ 5, "1\r\n2", "1\r\n2\r\n" },
	{ 0, "1234567890123\r\n", "1234567890123\r\n" },
	{ 998, "a\r\n\r\n\r\n", "a\r\n\r\n\r\n" },
};

static void test_forms(void **state)
{
	static struct output output;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		for (size_t chunk = 1; chunk <= 16; chunk++) {
			check_row(forms[i].text,
				  run(forms[i].text, chunk, forms[i].limit, &output) == 0);
			assert_string_equal(output.data, forms[i].wire);
		}
	}
}

static const struct {
	const char *title, *text;
	int fault;
} faults[] = {
	{ "CR in a line", "a\rb\r\n", POSTERN_WIRE_BARE_CR },
	{ "CR CR LF", "a\r\r\n", POSTERN_WIRE_BARE_CR },
	{ "CR at the end", "a\r", POSTERN_WIRE_BARE_CR },
	{ "a run of the longest", X60000 "\r\n" X60000 " " X60000 "\t" X60000, POSTERN_WIRE_OK },
	{ "a run that is longer", X60000 "x\r\n", POSTERN_WIRE_LONG_RUN },
};

static void test_faults(void **state)
{
	static struct output output;

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		check_row(faults[i].title, run(faults[i].text, 1, 0, &output) == faults[i].fault);
		check_row(faults[i].title, run(faults[i].text, 65536, 0, &output) ==
			  faults[i].fault);
		check_row(faults[i].title, (*postern_wire_fault_text(faults[i].fault) == '\0') ==
			  (faults[i].fault == POSTERN_WIRE_OK));
	}
	/* Broken lines have no such runs. */
	assert_int_equal(run(X60000 "x\r\n", 1000, 998, &output), POSTERN_WIRE_OK);
}

static int refuse(const void *data, size_t size, void *context, const char **error_r)
{
	(void)data;
	(void)size;
	(void)context;
	return postern_error(error_r, "refused");
}

static void test_failure(void **state)
{
	struct postern_wire_form form;
	const char *error = NULL;

	(void)state;
	postern_wire_form_init(&form, 0);
	assert_int_equal(postern_wire_form_put(&form, "a", 1, refuse, NULL, &error), -1);
	assert_string_equal(error, "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
