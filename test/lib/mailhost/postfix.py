# SPDX-License-Identifier: MIT
"""Postfix as Debian sets it up, with the lines that README.md gives.

The main.cf and master.cf that Debian ships are the beginning; then come this host's own
settings, those of an admin who had a mail host before; then postfix-on is run as that admin
runs it.
"""
import os
import pathlib
import shutil

from .layout import DOMAIN, HOST, HOST_NAME, Failure
from .processes import run

SHIPPED = pathlib.Path("/usr/share/postfix")


def settings(layout, ports):
    return {
        "maillog_file": layout.log,
        "maillog_file_prefixes": layout.dir,
        "queue_directory": layout.spool,
        "data_directory": layout.postfix_data,
        "myhostname": HOST_NAME,
        "mydomain": DOMAIN,
        "myorigin": DOMAIN,
        "mydestination": "",
        # Nobody is trusted for being on loopback: everybody is there.
        "mynetworks": "",
        "inet_interfaces": HOST,
        "inet_protocols": "ipv4",
        # The services keep their names and have other ports.
        "known_tcp_ports": f"smtp={ports['SMTP']}, submission={ports['SUBMISSION']},"
                           f" submissions={ports['SUBMISSIONS']}",
        "recipient_delimiter": "+",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "virtual_mailbox_domains": DOMAIN,
        "virtual_mailbox_maps": "static:any",
        "virtual_alias_maps": f"inline:{{a.liddell@{DOMAIN}=alice@{DOMAIN}}}",
        "virtual_transport": "lmtp:unix:private/dovecot-lmtp",
        # No name is looked up; what is not for us goes to the sink.
        "relayhost": f"[{HOST}]:{ports['SINK']}",
        "smtp_dns_support_level": "disabled",
        "smtp_host_lookup": "native",
        "smtp_tls_security_level": "none",
        "smtpd_peername_lookup": "no",
        "smtpd_tls_cert_file": layout.certificate,
        "smtpd_tls_key_file": layout.certificate_key,
        "smtpd_tls_security_level": "may",
        "smtpd_relay_restrictions": "reject_unauth_destination",
        "notify_classes": "",
    }


def configure(layout, ports, ids):
    conf = layout.postfix_conf
    shipped = layout.on_release(SHIPPED)
    shutil.copytree(layout.on_release("/etc/postfix"), conf, symlinks=True, dirs_exist_ok=True)
    shutil.copy(shipped / "main.cf.debian", conf / "main.cf")
    shutil.copy(shipped / "master.cf.dist", conf / "master.cf")
    uid, gid = _ids(layout)
    layout.spool.mkdir(mode=0o755, exist_ok=True)
    for folder in (layout.postfix_data, layout.spool / "private"):
        folder.mkdir(mode=0o700, exist_ok=True)
        os.chown(folder, uid, 0)
    # What the package's installation, or systemd-tmpfiles, does on a real host.
    layout.sockets.mkdir(mode=0o755, exist_ok=True)
    os.chown(layout.sockets, ids["postern"], gid)
    layout.sockets.chmod(0o2750)
    run(layout, ("postconf", "-e", *(f"{name}={value}"
                                     for name, value in settings(layout, ports).items())))
    run(layout, (layout.stage / "usr/share/postern/postfix-on", ports["RELAY"]))


def _ids(layout):
    """User and group of postfix, on that release."""
    for line in (layout.etc / "passwd").read_text().splitlines():
        name, _, uid, gid = line.split(":")[:4]
        if name == "postfix":
            return int(uid), int(gid)
    raise Failure("there is no user postfix")


def start(layout):
    # As Debian's unit does: what a chrooted smtpd needs is copied below the queue folder. Newer
    # packages do so in `postfix start`.
    script = "/usr/lib/postfix/configure-instance.sh"
    if 'INSTANCE="$1"' in layout.on_release(script).read_text():
        run(layout, (script, "-"))
    run(layout, ("postfix", "start"))
