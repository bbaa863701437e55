# SPDX-License-Identifier: MIT
"""A name server on loopback: NSD, with all of the DNS below the root as one zone of its own."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import dns.exception
import dns.message
import dns.query
import dns.rdatatype

from .host import PATIENCE, eventually

ADDRESS = "127.0.0.1"
# Names below it are answered with SERVFAIL: NSD has the zone, and no file of it.
BROKEN = "broken.test"


def free_port():
    """One that is free for UDP and TCP."""
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind((ADDRESS, 0))
            port = udp.getsockname()[1]
            try:
                tcp.bind((ADDRESS, port))
            except OSError:
                continue
            return port


class NameServer:
    """Answers with what publish() was given last, and nothing more: each other name is NXDOMAIN."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postern-dns-"))
        self.port = free_port()
        self.address = f"{ADDRESS}:{self.port}"
        self.serial = 0
        self.published = ""
        (self.folder / "nsd.conf").write_text(f"""
server:
  ip-address: {ADDRESS}@{self.port}
  username: ""
  server-count: 1
  zonesdir: {self.folder}
  pidfile: {self.folder}/nsd.pid
  xfrdfile: {self.folder}/xfrd.state
  xfrdir: {self.folder}
  zonelistfile: {self.folder}/zone.list
  logfile: {self.folder}/nsd.log
remote-control:
  control-enable: no
zone:
  name: .
  zonefile: root.zone
zone:
  name: {BROKEN}
  zonefile: broken.zone
""")
        self._write("")
        self._start()
        self._wait()

    def _start(self):
        self.process = subprocess.Popen(("/usr/sbin/nsd", "-d", "-c", self.folder / "nsd.conf"),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _write(self, records):
        self.serial += 1
        zone = self.folder / "root.zone"
        new = self.folder / "root.zone.new"
        new.write_text(f"$ORIGIN .\n$TTL 60\n@ IN SOA ns.test. hostmaster.test. {self.serial} 60 60 60 60\n"
                       f"@ IN NS ns.test.\nns.test. IN A {ADDRESS}\n{records}\n")
        # Another second each time, whatever the clock says: by that it sees what is new.
        os.utime(new, (self.serial, self.serial))
        new.rename(zone)

    def _wait(self, seconds=PATIENCE):
        def is_there():
            if self.process.poll() is not None:
                raise AssertionError(f"nsd has ended: {(self.folder / 'nsd.log').read_text()}")
            try:
                answer = self.ask(".", "SOA").answer
            except (OSError, dns.exception.DNSException):
                return False
            return answer and answer[0][0].serial == self.serial
        eventually(is_there, lambda: (self.folder / "nsd.log").read_text(), seconds)

    def publish(self, records):
        """Puts these lines of a zone file, all names in full, in place of those before."""
        self._write(records)
        for _ in range(5):
            # Now and then a reload process of NSD 4.6 dies, and the zone before stays: ask again. Asked twice
            # on a busy machine, now and then all of it does (mremap in its log): begin anew.
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGHUP)
            else:
                self._start()
            try:
                self._wait(seconds=5)
                break
            except AssertionError:
                continue
        else:
            self._wait(seconds=0)
        self.published = records

    def ask(self, name, kind, timeout=1):
        return dns.query.udp(dns.message.make_query(name, kind), ADDRESS, port=self.port, timeout=timeout)

    def texts(self, name):
        """TXT records, each in one piece. On a busy machine an answer can take long, and a datagram be lost."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.ask(name, "TXT").answer
                break
            except dns.exception.Timeout:
                if time.monotonic() > until:
                    raise
        return [b"".join(rdata.strings).decode() for rrset in answer
                if rrset.rdtype == dns.rdatatype.TXT for rdata in rrset]

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


class SilentServer:
    """Takes questions and never answers."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 0))
        self.address = f"{ADDRESS}:{self.socket.getsockname()[1]}"

    def stop(self):
        self.socket.close()
