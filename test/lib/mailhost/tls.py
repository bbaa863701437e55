# SPDX-License-Identifier: MIT
"""A throw-away CA and the certificate of the host's servers; and another CA, of users.

Clients verify the servers with the first. It says nothing about clients: no server is given it. The
second is one whose word for an address the users' page takes (page_ca).
"""
import subprocess

from .layout import HOST, HOST_NAME

NAMES = f"DNS:localhost,DNS:{HOST_NAME},IP:{HOST}"


def make(layout):
    if layout.certificate.exists():
        return
    layout.tls.mkdir(mode=0o755, exist_ok=True)
    ca_key = layout.tls / "ca.key"
    _openssl("req", "-x509", *_new_key(ca_key), "-out", layout.ca,
             "-subj", "/CN=Throw-away CA of a test host")
    _openssl("req", "-x509", *_new_key(layout.certificate_key), "-out", layout.certificate,
             "-CA", layout.ca, "-CAkey", ca_key, "-subj", "/CN=localhost",
             "-addext", "subjectAltName=" + NAMES,
             "-addext", "basicConstraints=critical,CA:FALSE",
             "-addext", "extendedKeyUsage=serverAuth")
    ca_key.unlink()
    _openssl("req", "-x509", *_new_key(layout.users_ca_key), "-out", layout.users_ca,
             "-subj", "/CN=CA of the users of a test host")
    layout.users_ca_key.chmod(0o600)
    layout.certificate_key.chmod(0o600)


def _new_key(path):
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", path,
            "-days", "3650")


def _openssl(*args):
    subprocess.run(("openssl", *map(str, args)), check=True, capture_output=True, text=True)
