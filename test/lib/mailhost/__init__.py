# SPDX-License-Identifier: MIT
"""A private mail host in a folder: the parts that test/mailhost puts together.

layout.py     names of the files and folders, and DIR/env
release.py    which Debian the servers are of
namespace.py  the private /etc and Dovecot module folder that the servers see
ports.py      free ports, reserved for as long as the host lives
processes.py  which processes are this host's, and how they are ended
build.py      the checkout's build folder, and its installation below DIR/stage
sanitize.py   what a build with AddressSanitizer asks of the servers
tls.py        a throw-away CA and the servers' certificate
postern.py dovecot.py postfix.py web.py    one file for each server
host.py       start and stop
"""
