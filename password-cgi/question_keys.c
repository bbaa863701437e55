/* SPDX-License-Identifier: MIT */
#include "question.h"

#include <stdlib.h>
#include <time.h>

#include "certificate.h"
#include "upload.h"

int postern_question_add_keys(const char *page_ca, const struct postern_request *request,
			      struct postern_page_message *message, const char **error_r)
{
	if (postern_certificate_add(page_ca, getenv("SSL_CLIENT_CERT"), message, error_r) < 0)
		return -1;
	if ((request->route->flags & POSTERN_ROUTE_UPLOAD) == 0)
		return 0;
	return postern_upload_add(&request->form, request->cookie, time(NULL), message, error_r);
}
