/* SPDX-License-Identifier: MIT */
#include "cgi.h"

/* password-key.cgi */
int main(void)
{
	return postern_cgi_run(postern_question_add_keys, 0);
}
