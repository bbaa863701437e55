# SPDX-License-Identifier: MIT
"""rspamd as a verifier: one that does nothing but DKIM, and a name server that knows the keys alone."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import socket
import socketserver
import subprocess
import tempfile
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from .host import eventually

CONF = """\
options {{
  filters = "dkim";
  pidfile = "{folder}/pid";
  tempdir = "{folder}";
  url_tld = "{folder}/tld";
  control_socket = "{folder}/control";
  cache_file = "{folder}/symbols";
  hs_cache_dir = "{folder}";
  stats_file = "{folder}/stats";
  max_message = 200mb;
  task_timeout = 120s;
  # Not the machine's own resolver: nothing is asked outside.
  dns {{ nameserver = ["127.0.0.1:{dns}:1"]; timeout = 5s; }}
}}
lang_detection {{ languages = []; }}
logging {{ type = "console"; level = "info"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; task_timeout = 120s; }}
dkim {{ max_sigs = 20; }}
"""


class _Answer(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        query = dns.message.from_wire(data)
        question = query.question[0]
        answer = dns.message.make_response(query)
        text = self.server.records.get(str(question.name).rstrip(".").lower())
        if text is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.rdtype == dns.rdatatype.TXT:
            parts = " ".join('"%s"' % re.sub(r'(["\\])', r"\\\1", text[i:i + 255])
                             for i in range(0, len(text), 255))
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", "TXT", parts))
        sock.sendto(answer.to_wire(), self.client_address)


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(records):
    """Runs one; gives a function that takes a message and returns what rspamd says of each signature."""
    server = socketserver.ThreadingUDPServer(("127.0.0.1", 0), _Answer)
    server.records = records
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="postern-rspamd-") as folder:
        user = pwd.getpwnam("_rspamd")
        os.chown(folder, user.pw_uid, user.pw_gid)
        port = _free_port()
        path = pathlib.Path(folder)
        (path / "conf").write_text(CONF.format(folder=folder, port=port,
                                               dns=server.server_address[1]))
        (path / "tld").write_text("test\nnet\ncom\n")
        with open(path / "log", "wb") as log:
            process = subprocess.Popen(("rspamd", "-f", "-c", path / "conf", "-u", "_rspamd",
                                        "-g", "_rspamd"), stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log)
        try:
            _wait(process, port, path / "log")
            yield lambda message: _results(port, message)
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
            server.server_close()


def _wait(process, port, log):
    def answers():
        if process.poll() is not None:
            raise AssertionError(f"rspamd does not start: {log.read_text()}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return _ask(port, "GET", "/ping", b"") == b"pong\r\n"
    eventually(answers, "rspamd does not answer")


def _ask(port, method, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request(method, path, body, {"IP": "192.0.2.1"})  # mail from outside
    answer = connection.getresponse().read()
    connection.close()
    return answer


SAYS = {"R_DKIM_ALLOW": "pass", "R_DKIM_REJECT": "fail", "R_DKIM_PERMFAIL": "permfail",
        "R_DKIM_TEMPFAIL": "tempfail"}


def _results(port, message):
    symbols = json.loads(_ask(port, "POST", "/checkv2", message))["symbols"]
    return [said for name, said in SAYS.items() if name in symbols
            for _ in symbols[name].get("options") or [""]]
