# SPDX-License-Identifier: MIT
"""Settings of Dovecot's, written as for 2.3 and put into the form of 2.4 for a host that has it."""
import itertools
import re

_names = (f"test{number}" for number in itertools.count())


def _mechanisms(match):
    names = "".join(f"  {name} = yes\n" for name in match[1].split())
    return f"auth_mechanisms {{\n{names}}}"


# Whole lines.
_LINES = (
    (r"passdb \{", lambda match: f"passdb {next(_names)} {{"),
    (r" *args = nopassword=y", "  fields {\n    nopassword = yes\n  }"),
    (r" *args = (/\S+)", r"  passwd_file_path = \1"),
    (r" *service_count = 0", "  restart_request_count = unlimited"),
    (r"ssl_ca = <(\S+)", r"ssl_server_ca_file = \1"),
    (r"ssl_verify_client_cert = yes", "ssl_server_request_client_cert = yes"),
    (r"auth_debug = yes", "log_debug = category=auth"),
    (r"auth_mechanisms = \$auth_mechanisms (.*)", _mechanisms),
)


def in_2_4(settings):
    for pattern, replacement in _LINES:
        settings = re.sub(f"(?m)^{pattern}$", replacement, settings)
    return settings
