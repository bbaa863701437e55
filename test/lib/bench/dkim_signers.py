# SPDX-License-Identifier: MIT
"""The other signing milters, each with the keys that are given, on a socket in a folder: a context manager that
gives the pid of its first process and the socket's path.

Keys are files by algorithm: {"rsa": path, "ed25519": path}, one of them or both.
"""
import contextlib
import os
import pathlib
import shutil
import subprocess
import time

OPENDKIM = """\
Syslog no
Mode s
Domain example.test
Selector bench
KeyFile {key}
SignatureAlgorithm {algorithm}-sha256
Socket local:{socket}
Canonicalization relaxed/relaxed
OversignHeaders From
InternalHosts 0.0.0.0/0
RequireSafeKeys no
UserID root
"""

DKIMPY = """\
Syslog no
Mode s
Domain example.test
{keys}
Socket local:{socket}
PidFile {folder}/pid
Canonicalization relaxed/relaxed
InternalHosts 127.0.0.1
UserID root
UMask 000
"""

# As little as signs; workers for all processors.
RSPAMD = """\
lua = "{folder}/rspamd.lua";
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
  local_addrs = [127.0.0.0/8];
  dns {{ nameserver = ["127.0.0.1:9:1"]; }}
}}
lang_detection {{ languages = []; }}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
worker "rspamd_proxy" {{
  bind_socket = "{socket} mode=0666";
  milter = true;
  timeout = 120s;
  count = {processors};
  upstream "local" {{ default = yes; self_scan = yes; }}
}}
modules {{ path = "/usr/share/rspamd/plugins/dkim_signing.lua"; }}
dkim_signing {{
  sign_local = true;
  sign_authenticated = true;
  allow_username_mismatch = true;
  use_esld = false;
  check_pubkey = false;
  domain {{ example.test {{ selectors = [{keys}]; }} }}
}}
"""


def opendkim(folder, keys):
    """Knows one algorithm at a time."""
    (algorithm, key), = keys.items()
    return _running(folder, ("opendkim", "-f", "-x"), OPENDKIM, key=key, algorithm=algorithm)


def dkimpy_milter(folder, keys):
    names = {"rsa": ("KeyFile", "Selector"), "ed25519": ("KeyFileEd25519", "SelectorEd25519")}
    lines = [f"{names[algorithm][0]} {_seed(folder, key) if algorithm == 'ed25519' else key}\n"
             f"{names[algorithm][1]} {algorithm}" for algorithm, key in keys.items()]
    return _running(folder, ("dkimpy-milter",), DKIMPY, keys="\n".join(lines))


def rspamd(folder, keys):
    (folder / "rspamd.lua").write_text('lua_util = require "lua_util"\nrequire "global_functions"()\n')
    (folder / "tld").write_text("test\nnet\n")
    selectors = ", ".join(
        f'{{ path = "{_seed(folder, key) if algorithm == "ed25519" else key}"; selector = "{algorithm}"; }}'
        for algorithm, key in keys.items())
    return _running(folder, ("rspamd", "-f", "-i", "-u", "root", "-g", "root", "-c"), RSPAMD, keys=selectors,
                    processors=os.cpu_count())


@contextlib.contextmanager
def floor(program, folder, key):
    """milter_floor.c: what libmilter and a bare signature cost."""
    socket = pathlib.Path(folder) / "floor"
    socket.unlink(missing_ok=True)
    process = subprocess.Popen((program, socket, key), stdin=subprocess.DEVNULL)
    try:
        _wait_for(socket, process, "milter_floor says why")
        yield process.pid, socket
    finally:
        process.terminate()
        process.wait()


SIGNERS = {"opendkim": opendkim, "rspamd": rspamd, "dkimpy-milter": dkimpy_milter}


def _seed(folder, key):
    """The 32 octets of an Ed25519 key in base64, which is what dkimpy and rspamd read."""
    der = subprocess.run(("openssl", "pkey", "-in", key, "-outform", "DER"), check=True, capture_output=True).stdout
    seed = folder / "ed25519.seed"
    done = subprocess.run(("openssl", "base64", "-A"), input=der[-32:], check=True, capture_output=True)
    seed.write_bytes(done.stdout + b"\n")
    seed.chmod(0o600)
    return seed


@contextlib.contextmanager
def _running(folder, command, text, **values):
    folder = pathlib.Path(folder)
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is not installed: apt-get install {command[0]}")
    socket, conf, output = folder / "sock", folder / "conf", folder / "output"
    conf.write_text(text.format(folder=folder, socket=socket, **values))
    with open(output, "wb") as log:
        process = subprocess.Popen((*command, conf), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _wait_for(socket, process, f"{command[0]}: {output}")
        yield process.pid, socket
    finally:
        process.terminate()
        process.wait()


def _wait_for(socket, process, where):
    deadline = time.monotonic() + 20
    while not socket.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"a milter does not start; {where}")
        time.sleep(0.02)
