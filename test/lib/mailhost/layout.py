# SPDX-License-Identifier: MIT
"""Where everything of a host is, and DIR/env, which tells others."""
import os
import pathlib
import shlex

DOMAIN = "example.test"
HOST = "127.0.0.1"
HOST_NAME = "mail." + DOMAIN

# Unix sockets have names of 107 octets at most, and the longest one below DIR has 34.
DIR_LENGTH_MAX = 72

TOP = pathlib.Path(__file__).resolve().parents[3]


class Failure(Exception):
    """What went wrong, as one text for the person at the terminal."""


class Layout:
    """root: the folder that the servers are chrooted into; None when they use the machine's own files."""

    def __init__(self, folder, root=None):
        self.dir = pathlib.Path(folder).resolve()
        if len(str(self.dir)) > DIR_LENGTH_MAX or shlex.quote(str(self.dir)) != str(self.dir):
            raise Failure(f"{self.dir}: take a folder whose whole name has at most {DIR_LENGTH_MAX}"
                          " characters, none of them a blank or special to the shell")
        d = self.dir
        self.marker = d / ".postern-mailhost"
        self.root = root
        self.env = d / "env"
        self.stage = d / "stage"
        self.etc = d / "etc"                # the /etc that the servers see
        self.modules = d / "modules"        # the Dovecot modules that they see
        self.enter = d / "enter"
        self.postern = d / "postern"
        self.log_dir = d / "log"
        self.log = self.log_dir / "mail.log"
        self.tls = d / "tls"
        self.ca = self.tls / "ca.pem"
        self.users_ca = self.tls / "users-ca.pem"
        self.users_ca_key = self.tls / "users-ca.key"
        self.certificate = self.tls / "server.pem"
        self.certificate_key = self.tls / "server.key"
        self.run = d / "run"                # /run/dovecot of a real host
        self.spool = d / "spool"            # /var/spool/postfix
        self.postfix_data = d / "postfix"   # /var/lib/postfix
        self.sockets = self.spool / "postern"
        self.store = d / "store"            # /var/lib/postern
        self.dkim = d / "dkim"
        self.mail = d / "mail"
        self.web = d / "web"
        self.keeper = d / "keeper"          # /run/postern-keeper
        self.suexec_log = d / "suexec-log"
        self.sink = d / "sink"
        self.sink_envelopes = d / "sink-envelopes"
        self.dovecot_conf = self.etc / "dovecot" / "dovecot.conf"
        self.postfix_conf = self.etc / "postfix"
        self.postern_conf = self.etc / "postern" / "postern.conf"

    @classmethod
    def of_host(cls, folder):
        """With the root that this host was started with; None for a folder that is no host's."""
        layout = cls(folder)
        if not layout.marker.exists():
            return None
        root = layout.marker.read_text()
        return cls(folder, pathlib.Path(root) if root else None)

    def on_release(self, path):
        """That file of the release which the servers are of."""
        path = pathlib.Path(path)
        return path if self.root is None else self.root / path.relative_to("/")

    def write_env(self, ports, more):
        """Last step of a start: whoever sees DIR/env sees a host that answers. more: other values."""
        values = {
            "HOST": HOST,
            "DOMAIN": DOMAIN,
            **{f"{name}_PORT": port for name, port in ports.items() if name != "SINK"},
            "CA_FILE": self.ca,
            "USERS_CA_FILE": self.users_ca,
            "USERS_CA_KEY": self.users_ca_key,
            "POSTERN": self.postern,
            "STORE": self.store,
            "MILTER_SOCKET": self.sockets / "milter.sock",
            "POLICY_SOCKET": self.sockets / "policy.sock",
            "SASL_SOCKET": self.sockets / "auth.sock",
            "SOCKETMAP_SOCKET": self.sockets / "socketmap.sock",
            "DKIM_DIR": self.dkim,
            "SINK_DIR": self.sink,
            "MAIL_ROOT": self.mail,
            "LOG": self.log,
            "POSTFIX_CONFIG_DIR": self.postfix_conf,
            "DOVECOT_CONF": self.dovecot_conf,
            "POSTERN_CONF": self.postern_conf,
            "ENTER": self.enter,
            "ROOT": self.root or "/",
            **more,
        }
        text = "".join(f"{name}='{value}'\n" for name, value in values.items())
        replace(self.env, text)


def replace(path, text, mode=0o644):
    """Writes a file whole or not at all."""
    new = path.with_name(path.name + ".new")
    new.write_text(text)
    os.chmod(new, mode)
    os.replace(new, path)
