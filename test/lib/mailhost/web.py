# SPDX-License-Identifier: MIT
"""The web server in front of the users' page: nginx with fcgiwrap, or Apache with mod_cgid and suexec.

Each begins as Debian sets it up, with a site of an admin who had one before, which includes the lines of
config/nginx or config/apache2 as they stand, but for the folders that this host's files are in.
"""
import os
import pathlib
import shutil
import socket

from . import processes
from .layout import HOST, HOST_NAME, replace

SERVERS = ("nginx", "apache")
CGI_USER = "postern-page"
CGI_FOLDER = pathlib.Path("usr/lib/postern/page")
WEB_GROUP = "www-data"
PATH = "/password.cgi"
# As in postern-page.service.
PROCESSES = 4

NGINX_CONF = """\
user www-data;
worker_processes 2;
pid {web}/nginx.pid;
error_log {log} warn;
events {{
	worker_connections 256;
}}
http {{
	include /etc/nginx/mime.types;
	access_log off;
	client_body_temp_path {web}/body;
	fastcgi_temp_path {web}/fastcgi;
	proxy_temp_path {web}/proxy;
	scgi_temp_path {web}/scgi;
	uwsgi_temp_path {web}/uwsgi;
	server {{
		listen {host}:{port} ssl;
		server_name {names};
		ssl_certificate {certificate};
		ssl_certificate_key {key};
		ssl_protocols TLSv1.2 TLSv1.3;
		include /etc/nginx/postern-page.conf;
	}}
}}
"""

APACHE_MODULES = ("alias", "authz_core", "cgid", "headers", "mime", "mpm_event", "rewrite",
                  "socache_shmcb", "setenvif", "ssl", "suexec")
APACHE_CONF = """\
ServerName localhost
PidFile {web}/apache2.pid
User www-data
Group www-data
ErrorLog {log}
Listen {host}:{port}
TypesConfig /etc/mime.types
IncludeOptional mods-enabled/*.load
ScriptSock {web}/cgid.sock
SSLSessionCache shmcb:{web}/sessions(512000)
Mutex file:{web} default
<Directory />
	Require all denied
</Directory>
<Directory {web}/empty>
	Require all granted
</Directory>
<VirtualHost {host}:{port}>
	ServerName localhost
	ServerAlias {names}
	DocumentRoot {web}/empty
	SSLEngine on
	SSLCertificateFile {certificate}
	SSLCertificateKeyFile {key}
	Include postern-page.conf
</VirtualHost>
"""


def page_url(port):
    return f"https://localhost:{port}{PATH}"


def is_there(layout, server):
    """On the host's release."""
    return layout.on_release({"nginx": "/usr/sbin/nginx", "apache": "/usr/sbin/apache2"}[server]).exists()


def configure(layout, server, port, ids):
    layout.web.mkdir(mode=0o755, exist_ok=True)
    values = {"web": layout.web, "log": layout.log, "host": HOST, "port": port,
              "names": f"localhost {HOST_NAME}", "certificate": layout.certificate,
              "key": layout.certificate_key}
    {"nginx": _configure_nginx, "apache": _configure_apache}[server](layout, values, ids[CGI_USER])


def _configure_nginx(layout, values, _id):
    conf = layout.etc / "nginx"
    conf.mkdir(mode=0o755, exist_ok=True)
    shutil.copy(layout.on_release("/etc/nginx/mime.types"), conf)
    replace(conf / "nginx.conf", NGINX_CONF.format(**values))
    replace(conf / "postern-page.conf", _shipped(layout, "nginx"))


def _configure_apache(layout, values, number):
    conf = layout.etc / "apache2"
    shutil.copytree(layout.on_release("/etc/apache2"), conf, symlinks=True, dirs_exist_ok=True)
    shutil.rmtree(conf / "mods-enabled")
    (conf / "mods-enabled").mkdir()
    for name in APACHE_MODULES:
        (conf / f"mods-enabled/{name}.load").symlink_to(f"../mods-available/{name}.load")
    (layout.web / "empty").mkdir(exist_ok=True)
    replace(conf / "apache2.conf", APACHE_CONF.format(**values))
    replace(conf / "postern-page.conf", _shipped(layout, "apache2"))
    # suexec looks at these two: where programs may be, and whose they are.
    replace(conf / "suexec/www-data", f"{layout.stage / CGI_FOLDER}\npublic_html/cgi-bin\n")
    for path in (layout.stage / CGI_FOLDER, *(layout.stage / CGI_FOLDER).glob("*")):
        os.chown(path, number, number)
    # Its log has a fixed place, which lies under a folder of this host (namespace.py).
    layout.suexec_log.mkdir(mode=0o755, exist_ok=True)


def _shipped(layout, server):
    text = (layout.stage / "usr/share/postern" / server / "postern-page.conf").read_text()
    return text.replace(" /usr/", f" {layout.stage}/usr/").replace("unix:/run/postern-page/",
                                                                  f"unix:{layout.web}/")


def start(layout, server, ids):
    if server == "nginx":
        _start_fcgiwrap(layout, ids[CGI_USER])
        processes.start_server(layout, "nginx", ("nginx", "-g", "daemon off;"))
    else:
        processes.start_server(layout, "apache", ("apache2", "-D", "FOREGROUND"))


def _start_fcgiwrap(layout, number):
    """As postern-page.socket and postern-page.service say."""
    path = layout.web / "page.sock"
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(path))
        shutil.chown(path, 0, WEB_GROUP)
        path.chmod(0o660)
        s.listen(128)
        # Each by itself: with -c 4 the four would outlive the one that was started.
        for _ in range(PROCESSES):
            processes.start_server(
                layout, "fcgiwrap",
                ("setpriv", f"--reuid={number}", f"--regid={number}", "--clear-groups", "--no-new-privs",
                 "fcgiwrap", "-c", "1", "-p", layout.stage / CGI_FOLDER / "password.cgi"), stdin=s)
