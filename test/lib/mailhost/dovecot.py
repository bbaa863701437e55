# SPDX-License-Identifier: MIT
"""Dovecot as Debian sets it up, with the files of config/dovecot-2.3 or -2.4 put into conf.d.

Debian's own configuration is the beginning, less its PAM look-up, which would ask for the machine's users.
50-host.conf (dovecot-2.3.conf, dovecot-2.4.conf) is that of an admin who had a mail host before.
"""
import os
import pathlib
import re
import shutil

from . import sanitize
from .layout import DOMAIN, Failure, replace
from .processes import run

SHIPPED = pathlib.Path("/usr/share/dovecot")
SNIPPETS = pathlib.Path("usr/share/postern")


def configure(layout, ports, ids):
    conf = layout.etc / "dovecot"
    shipped = layout.on_release(SHIPPED)
    shutil.copytree(shipped / "conf.d", conf / "conf.d", dirs_exist_ok=True)
    shutil.copy(shipped / "dovecot.conf", layout.dovecot_conf)
    branch = _branch(shipped)
    _edit(conf / "conf.d/10-auth.conf", "!include auth-system.conf.ext",
          "#!include auth-system.conf.ext")
    _edit(conf / "conf.d/10-ssl.conf", "/etc/dovecot/private/dovecot.pem", layout.certificate)
    _edit(conf / "conf.d/10-ssl.conf", "/etc/dovecot/private/dovecot.key", layout.certificate_key)
    replace(conf / "users", "dodo:{PLAIN}dodo-secret-1\n")
    values = {"DIR": layout.dir, "RUN": layout.run, "LOG": layout.log, "MAIL": layout.mail,
              "SPOOL": layout.spool, **ports}
    replace(conf / "conf.d/50-host.conf", _host_conf(branch, values))
    for snippet in _snippets(layout, branch):
        shutil.copy(snippet, conf / "conf.d")
    sanitize.configure(layout)
    layout.run.mkdir(mode=0o755, exist_ok=True)
    for folder in (layout.dir / "dovecot", layout.mail):
        folder.mkdir(mode=0o755, exist_ok=True)
    shutil.chown(layout.mail, ids["vmail"], ids["vmail"])


def configure_stock(layout, folder, port, users):
    """The same Dovecot without postern, beside it in folder: IMAP over TLS on port, and users is its
    passwd-file. Returns its dovecot.conf."""
    conf = folder / "etc/dovecot"
    shutil.copytree(layout.etc / "dovecot", conf)
    branch = _branch(layout.on_release(SHIPPED))
    for snippet in _snippets(layout, branch):
        (conf / "conf.d" / snippet.name).unlink()
    off = dict.fromkeys(("IMAP", "POP3", "POP3S", "SIEVE", "DOVECOT_SUBMISSION", "RELAY"), 0)
    values = {"DIR": folder, "RUN": folder / "run", "LOG": folder / "log", "MAIL": folder / "mail",
              "SPOOL": folder, "IMAPS": port, **off}
    replace(conf / "conf.d/50-host.conf", _host_conf(branch, values))
    replace(conf / "users", users)
    for part in ("run", "dovecot", "mail", "private"):
        (folder / part).mkdir(mode=0o755)
    owner = layout.mail.stat()
    os.chown(folder / "mail", owner.st_uid, owner.st_gid)
    return conf / "dovecot.conf"


def _snippets(layout, branch):
    return list((layout.stage / SNIPPETS / f"dovecot-{branch}").glob("*.conf"))


def _branch(shipped):
    """2.3 or 2.4, by Debian's name of the module interface: dovecot-abi-2.4.abiv1."""
    abi = (shipped / "dovecot-abi").read_text()
    return re.search(r"[0-9]+\.[0-9]+", abi)[0]


def _host_conf(branch, values):
    values = {"DOMAIN": DOMAIN, **values}
    text = pathlib.Path(__file__).with_name(f"dovecot-{branch}.conf").read_text()
    return re.sub("@([A-Z0-9_]+)@", lambda match: str(values[match[1]]), text)


def _edit(path, old, new):
    text = path.read_text()
    if old not in text:
        raise Failure(f"Debian's {path.name} has no {old}")
    replace(path, text.replace(old, str(new)))


def start(layout):
    run(layout, ("dovecot",))
