# SPDX-License-Identifier: MIT
"""postern's configuration, store and daemons."""
import os
import subprocess

from .layout import DOMAIN, Failure, replace
from . import processes

CONF = """\
store = {layout.store}
store_group = postern
dkim_dir = {layout.dkim}
domains = {domain}
recipient_delimiter = +

user = postern
group = postern
milter_socket = {layout.sockets}/milter.sock
policy_socket = {layout.sockets}/policy.sock
sasl_socket = {layout.sockets}/auth.sock
socketmap_socket = {layout.sockets}/socketmap.sock
socket_group = postfix
record_socket = {layout.store}/logins/record.sock
sessions_socket = {layout.run}/postern-sessions.sock
dovecot_auth_socket = {layout.run}/auth-postern
log = stderr

page_url = {page_url}
page_ca = {layout.users_ca}
page_admins = bob
page_mail_to = bob@{domain}
page_mail_host = localhost
keeper_socket = {layout.keeper}/keeper.sock
"""

ACCOUNTS = (
    ("alice", "alice-secret-1", ("a.liddell@" + DOMAIN,)),
    ("bob", "bob-secret-1", ()),
)


def configure(layout, page_url):
    layout.postern_conf.parent.mkdir(mode=0o755, exist_ok=True)
    replace(layout.postern_conf, CONF.format(layout=layout, domain=DOMAIN, page_url=page_url))
    layout.keeper.mkdir(mode=0o755, exist_ok=True)
    if layout.store.exists():
        return
    _command(layout, "init")
    for name, password, aliases in ACCOUNTS:
        _command(layout, "account", "add", name,
                 *(word for alias in aliases for word in ("--address", alias)))
        _command(layout, "password", "set", name, stdin=password + "\n")
    _command(layout, "dkim", "add", DOMAIN)


def start(layout):
    processes.start_server(layout, "postern-milter", (layout.stage / "usr/sbin/postern-milter",))
    processes.start_server(layout, "postern-keeper", (layout.stage / "usr/sbin/postern-keeper",))


def wait(layout):
    for name in ("milter.sock", "policy.sock", "auth.sock"):
        processes.wait_for_socket(layout.sockets / name)
    processes.wait_for_socket(layout.keeper / "keeper.sock")


def _command(layout, *args, stdin=""):
    done = subprocess.run((str(layout.postern), *args), input=stdin, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd="/",
                          env={"PATH": os.environ["PATH"]})
    if done.returncode != 0:
        raise Failure(f"postern {' '.join(args)}: exit status {done.returncode}\n{done.stdout}")
