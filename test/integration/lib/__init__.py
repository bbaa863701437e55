# SPDX-License-Identifier: MIT
"""What the integration tests share.

host.py     a mail host: started once for a test program, or the one in POSTERN_HOST_DIR
keys.py     TLS keys with self-signed certificates
passwords.py  a host with more password mechanisms, and GNU SASL as a client
sessions.py IMAP, POP3, ManageSieve and SMTP connections to the host, with or without a key
dkim.py     two verifiers that take the record from `postern dkim record`
tap.py      cases of a table as tests, and results as TAP

A test program is a file test_*.py beside this folder. It runs on its own:
`sudo /usr/bin/python3 test/integration/test_….py [TestClass[.test_name]]`.
"""
