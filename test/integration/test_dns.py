#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The records that `postern dns` prints, and what `postern dns --check` says of those that a name server has."""
import base64
import datetime
import hashlib
import json
import os
import re
import subprocess

import dns.rdatatype
import dns.zone

from lib import nameserver, tap
from lib.command import CONFIG, DATAERR, TEMPFAIL, CommandTest, openssl
from lib.host import MailTest

DOMAIN, HOST = "example.test", "mail.example.test"
ADDRESSES = ("192.0.2.1", "2001:db8::1")
ADVICE = 1
# Beside the records of the domain: the host, and the names of its addresses.
WORLD = f"""
{HOST}. IN A 192.0.2.1
{HOST}. IN AAAA 2001:db8::1
1.2.0.192.in-addr.arpa. IN PTR {HOST}.
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR {HOST}.
"""


class DnsTest(CommandTest):
    @classmethod
    def setUpClass(cls):
        cls.server = nameserver.NameServer()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        super().setUp()
        self.certificate_file = self.certificate("server")
        self.settings = {"resolver": self.server.address, "mail_host": HOST,
                         "outgoing_addresses": " ".join(ADDRESSES), "dmarc_policy": "reject",
                         "tls_files": self.certificate_file}
        self.set()

    def set(self, **settings):
        self.settings.update(settings)
        self.configure(*(f"{name} = {value}" for name, value in self.settings.items() if value is not None))

    def add_keys(self):
        self.ok("dkim", "add", DOMAIN, "r")
        self.ok("dkim", "add", DOMAIN, "e", "--algorithm", "ed25519")


class Print(DnsTest):
    def test_zone_is_read_by_others(self):
        """dnspython reads the lines, and finds what --json says; NSD takes them too, in Check."""
        self.add_keys()
        text = self.ok("dns", DOMAIN)
        zone = dns.zone.from_text(f"$ORIGIN {DOMAIN}.\n$TTL 60\n@ SOA . . 1 1 1 1 1\n@ NS ns\n{text}",
                                  relativize=False, check_origin=False)
        found = set()
        for name, _, rdata in zone.iterate_rdatas():
            kind = dns.rdatatype.to_text(rdata.rdtype)
            if kind in ("SOA", "NS"):
                continue
            data = b"".join(rdata.strings).decode() if kind == "TXT" else rdata.to_text()
            found.add((name.to_text(omit_final_dot=True), kind, data))
        rows = self.json("dns", DOMAIN)
        self.assertEqual({(r["name"], r["type"], r["data"]) for r in rows}, found)
        self.assertEqual(16, len(found))
        keys = {r["record"] for r in self.json("dkim", "record", DOMAIN)}
        self.assertEqual(keys, {data for name, _, data in found if "_domainkey" in name})

    def test_guesses_are_marked(self):
        self.set(outgoing_addresses=None, dmarc_policy="none")
        done = self.run_command("dns", DOMAIN)
        text = done.stdout.decode()
        self.assertEqual(0, done.returncode)
        self.assertIn(b"no DKIM key; make one: postern dkim add", done.stderr)
        for word in ("outgoing_addresses", "dmarc_policy", "report_address"):
            self.assertRegex(text, rf"(?m)^; .*{word}|^{word}")
        self.set(outgoing_addresses="192.0.2.7", report_address="d@reports.example.com", dmarc_policy="reject")
        text = self.run_command("dns", DOMAIN).stdout.decode()
        self.assertNotRegex(text, "outgoing_addresses|dmarc_policy|report_address")
        self.assertIn(f'; {DOMAIN}._report._dmarc.reports.example.com. IN TXT "v=DMARC1"\n', text)

    def test_settings_are_on_the_users_page(self):
        self.set(page_url="https://www.example.org:8443/mail")
        text = self.run_command("dns", DOMAIN).stdout.decode()
        self.assertIn(f"_autodiscover._tcp.{DOMAIN}. IN SRV 0 1 8443 www.example.org.\n", text)
        self.assertIn(f"autoconfig.{DOMAIN}. IN CNAME www.example.org.\n", text)
        self.assertIn(f"mta-sts.{DOMAIN}. IN CNAME {HOST}.\n", text)

    def test_policy_that_the_zone_names(self):
        """The id of MTA-STS is the digest of the lines in the comment."""
        text = self.run_command("dns", DOMAIN).stdout.decode()
        policy = "".join(line[2:] + "\n" for line in text.splitlines()
                         if re.match(r"; (version|mode|mx|max_age): \w\S*$", line))
        self.assertEqual(4, policy.count("\n"))
        self.assertIn(f"id={hashlib.sha256(policy.encode()).hexdigest()[:16]}", text)

    def test_wrong(self):
        self.fails(DATAERR, "is no domain", "dns", "exa mple")
        self.fails(CONFIG, "expected an address", "dns", "--check", "--resolver", "ns.example", DOMAIN)


class CheckTest(DnsTest):
    def check(self, *options, domain=DOMAIN):
        """The exit status, which is that of the worst, and the findings by what they are about."""
        done = self.run_command("--json", "dns", "--check", *options, domain)
        self.assertEqual(b"", done.stderr)
        rows = json.loads(done.stdout)
        worst = max(["ok", "advice", "cannot tell", "wrong"].index(r["level"]) for r in rows)
        self.assertEqual((0, ADVICE, TEMPFAIL, CONFIG)[worst], done.returncode, rows)
        found = {}
        for row in rows:
            found.setdefault(row["about"], []).append((row["level"], row["finding"]))
        return done.returncode, found

    def assertFinding(self, found, about, level, words):
        self.assertTrue(any(l == level and re.search(words, text) for l, text in found.get(about, [])),
                        (about, level, words, found))


@tap.with_cases
class Check(CheckTest):
    def zone(self):
        return self.ok("dns", DOMAIN) + WORLD

    def test_all_is_well(self):
        self.add_keys()
        self.server.publish(self.zone())
        code, found = self.check()
        self.assertEqual((0, {"ok"}), (code, {level for rows in found.values() for level, _ in rows}), found)
        text = self.ok("dns", "--check", DOMAIN)
        self.assertEqual(len(text.splitlines()) - 1, sum(map(len, found.values())))

    # What is changed in the zone (a pattern, and what comes in its place), and the finding.
    CHANGES = (
        ("no DKIM record", r"^r\._domainkey.*\n", "", "DKIM r", "wrong", "no such record.*dkim record"),
        ("another key", r"^(e\._domainkey.*p=).*\"", r"\1" + base64.b64encode(bytes(32)).decode() + '"',
         "DKIM e", "wrong", "another key"),
        ("a revoked key", r"^(e\._domainkey.*p=).*\"", r'\1"', "DKIM e", "wrong", "revokes"),
        ("two DKIM records", r"^(e\._domainkey.* IN TXT ).*\n", r'\g<0>\1"v=DKIM1; p="' + "\n", "DKIM e", "wrong",
         "several"),
        ("no SPF", r'^example.test. IN TXT "v=spf1.*\n', "", "SPF", "wrong", 'publish: .*"v=spf1 ip4:192.0.2.1 '),
        ("SPF without an address", " ip6:2001:db8::1", "", "SPF 2001:db8::1", "wrong",
         "softfail.*add ip6:2001:db8::1"),
        ("SPF by mx and a", "ip4:192.0.2.1 ip6:2001:db8::1", "mx a:mail.example.test", "SPF 2001:db8::1", "ok",
         'pass, by "mx"'),
        ("SPF by include", "ip4:192.0.2.1 ip6:2001:db8::1 ~all",
         'include:i.test -all"\ni.test. IN TXT "v=spf1 redirect=r.test"\nr.test. IN TXT "v=spf1 ip4:192.0.2.0/24 '
         'ip6:2001:db8::/64 -all', "SPF 192.0.2.1", "ok", "pass"),
        ("SPF in an answer that comes by TCP", r"^example.test. IN TXT.*\n",
         r"\g<0>" + "".join(f'example.test. IN TXT "{n} {"x" * 240}"\n' for n in range(30)), "SPF 192.0.2.1", "ok",
         "pass"),
        ("a DKIM record behind a CNAME", r"^r\._domainkey.example.test.(.*)\n",
         "r._domainkey.example.test. IN CNAME keys.example.com.\nkeys.example.com." + r"\1" + "\n", "DKIM r", "ok",
         "fits the private key"),
        ("SPF with eleven look-ups behind the address", " ~all", " mx" * 11 + " ~all", "SPF", "wrong",
         "more than ten look-ups"),
        ("SPF with a wrong term", " ~all", " ip4:192.0.2.300 ~all", "SPF", "wrong", 'ip4:192.0.2.300" is no term'),
        ("two SPF records", r'^example.test. IN TXT "v=spf1.*\n', '\\g<0>example.test. IN TXT "v=spf1 -all"\n', "SPF",
         "wrong", "more than one"),
        ("SPF for everybody", "~all", "+all", "SPF", "wrong", "everybody"),
        ("SPF without an end", " ~all", "", "SPF", "advice", "strangers"),
        ("SPF that nobody can tell", "~all", f"include:x.{nameserver.BROKEN} ~all", "SPF", "cannot tell", "SERVFAIL"),
        ("no DMARC", r"^_dmarc.*\n", "", "DMARC", "wrong", 'publish: _dmarc.example.test. IN TXT "v=DMARC1; p=reject'),
        ("two DMARC records", r"^_dmarc.*\n", r"\g<0>_dmarc.example.test. IN TXT " '"v=DMARC1; p=none"\n', "DMARC",
         "wrong", "2 records"),
        ("another DMARC policy", "p=reject", "p=quarantine", "DMARC", "advice", "dmarc_policy = reject"),
        ("no DMARC policy", "p=reject; ", "", "DMARC", "wrong", "no p="),
        ("a DMARC policy that is none", "p=reject", "p=refuse", "DMARC", "wrong", "refuse"),
        ("no reports", "; rua=mailto:postmaster@example.test", "", "DMARC", "advice", "add rua="),
        ("a part of the mail", "p=reject", "p=reject; pct=10", "DMARC", "advice", "pct=10"),
        ("reports abroad", "rua=mailto:postmaster@example.test", "rua=mailto:d@example.com!10m",
         "DMARC rua example.com", "wrong", "example.test._report._dmarc.example.com. IN TXT"),
        ("reports abroad, agreed", "rua=mailto:postmaster@example.test(.*)",
         r'rua=mailto:d@example.com\1' + '\nexample.test._report._dmarc.example.com. IN TXT "v=DMARC1"',
         "DMARC rua example.com", "ok", "takes reports"),
        ("reports abroad, nobody can tell", "rua=mailto:postmaster@example.test",
         f"rua=mailto:d@{nameserver.BROKEN}", f"DMARC rua {nameserver.BROKEN}", "cannot tell", "SERVFAIL"),
        ("reports to no address", "rua=mailto:postmaster@example.test", "rua=postmaster@example.test", "DMARC rua",
         "wrong", "is no mailto"),
        ("no MX", r"^example.test. IN MX.*\n", "", "MX", "wrong", "publish: example.test. IN MX 10 mail.example.test."),
        ("an MX without an address", "IN MX 10 mail.", "IN MX 10 gone.", "MX gone.example.test", "wrong", "no address"),
        ("an MX that is a CNAME", "IN MX 10 mail.", "IN MX 10 autoconfig.", "MX autoconfig.example.test", "wrong",
         "CNAME"),
        ("an MX that is an address", "IN MX 10 mail.example.test.", "IN MX 10 192.0.2.1.", "MX 192.0.2.1", "wrong",
         "a host's name"),
        ("no mail at all", "IN MX 10 mail.example.test.", "IN MX 0 .", "MX", "advice", "no mail at all"),
        ("no reverse name", r"^1\.2\.0\.192.*\n", "", "PTR 192.0.2.1", "wrong", "has no name"),
        ("a reverse name that leads elsewhere", r"^(1\.2\.0\.192.*) mail.*\n", r"\1 other.test." + "\n",
         "PTR 192.0.2.1", "wrong", "other.test does not lead back"),
        ("no SRV", r"^_imaps.*\n", "", "SRV _imaps._tcp.example.test", "advice", "publish: _imaps"),
        ("no TLSRPT", r"^_smtp._tls.*\n", "", "TXT _smtp._tls.example.test", "advice", "v=TLSRPTv1"),
        ("no MTA-STS", r"^_mta-sts.*\n", "", "TXT _mta-sts.example.test", "advice", "v=STSv1"),
        ("no autoconfig", r"^autoconfig.*\n", "", "CNAME autoconfig.example.test", "advice", "publish: autoconfig"),
    )

    @tap.cases(*CHANGES)
    def test_change(self, pattern, change, about, level, words):
        self.add_keys()
        zone = self.zone()
        changed = re.sub(pattern, change, zone, count=1, flags=re.M)
        self.assertNotEqual(zone, changed)
        self.server.publish(changed)
        _, found = self.check()
        self.assertFinding(found, about, level, words)

    def test_record_of_the_organization(self):
        self.server.publish(WORLD + '_dmarc.example.test. IN TXT "v=DMARC1; p=none; sp=reject; '
                            'rua=mailto:d@example.test"\n')
        _, found = self.check(domain="sub.example.test")
        self.assertFinding(found, "DMARC", "ok", "policy is reject")

    def test_states_of_keys(self):
        self.add_keys()
        self.ok("dkim", "add", DOMAIN, "next")
        self.server.publish(self.zone())
        self.assertFinding(self.check()[1], "DKIM next", "ok", "does not sign yet")
        self.server.publish(re.sub(r"(?m)^next\..*\n", "", self.zone()))
        self.assertFinding(self.check()[1], "DKIM next", "advice", "before it does")
        self.ok("dkim", "activate", DOMAIN, "next")
        self.assertFinding(self.check()[1], "DKIM next", "wrong", "nobody can verify")
        self.assertFinding(self.check()[1], "DKIM r", "ok", "signs no more")
        self.ok("dkim", "retire", DOMAIN, "next")
        self.assertFinding(self.check()[1], "DKIM", "advice", "only Ed25519")
        self.ok("dkim", "retire", DOMAIN, "e")
        self.assertFinding(self.check()[1], "DKIM", "wrong", "no key signs")

    def test_resolver_that_fails(self):
        """Nothing is found to be missing or wrong where nobody could say."""
        self.add_keys()
        code, found = self.check(domain=f"sub.{nameserver.BROKEN}")
        levels = {level for about, rows in found.items() for level, _ in rows
                  if about.partition(" ")[0] in ("SPF", "DMARC", "MX", "SRV", "TXT", "CNAME")}
        self.assertEqual({"cannot tell"}, levels, found)
        silent = nameserver.SilentServer()
        self.addCleanup(silent.stop)
        code, found = self.check("--resolver", silent.address)
        levels = {level for about, rows in found.items() for level, _ in rows if not about.startswith("/")}
        self.assertEqual(({"cannot tell"}, TEMPFAIL), (levels, code), found)

    def test_addresses_of_proxies_from_postfix(self):
        """Without outgoing_addresses, Postfix's own settings say which they are."""
        folder = self.dir / "bin"
        folder.mkdir()
        (folder / "postconf").write_text(
            "#!/bin/sh\ncase $1 in\n-P) echo 'relay/unix/smtp_bind_address = 192.0.2.9' ;;\n"
            "*) echo 'smtp_bind_address = 192.0.2.8'; echo 'smtp_bind_address6 ='\n"
            "   echo 'proxy_interfaces = 192.0.2.10, [2001:db8::10]' ;;\nesac\n")
        (folder / "postconf").chmod(0o755)
        self.set(outgoing_addresses=None)
        done = self.run_command("--json", "dns", DOMAIN, env=os.environ | {"PATH": f"{folder}:/usr/bin:/bin"})
        self.assertIn(b'"v=spf1 ip4:192.0.2.8 ip4:192.0.2.9 ip4:192.0.2.10 ip6:2001:db8::10 ~all"', done.stdout)


class Files(CheckTest):
    """Certificates and revocation lists that have expired, or soon will."""

    def test_expiry(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for days, level in ((-1, "wrong"), (3, "advice"), (100, "ok")):
            path = self.make_certificate(now + datetime.timedelta(days=days))
            self.set(tls_files=path)
            self.assertFinding(self.check()[1], str(path), level, "")
        crl = self.make_crl(seconds=3600)
        self.set(tls_files=crl)
        self.assertFinding(self.check()[1], str(crl), "advice", "revocation list in it expires soon")
        # The first of several to end counts; a key beside them does not matter.
        both = self.dir / "both.pem"
        both.write_bytes((self.dir / "server.key").read_bytes() + self.certificate_file.read_bytes() +
                         self.make_certificate(now - datetime.timedelta(days=1)).read_bytes())
        self.set(tls_files=both)
        self.assertFinding(self.check()[1], str(both), "wrong", "has expired")
        self.set(tls_files=self.dir / "none.pem")
        self.assertFinding(self.check()[1], str(self.dir / "none.pem"), "cannot tell", "no certificate")

    def ca(self):
        config = self.dir / "ca.cnf"
        (self.dir / "index.txt").write_text("")
        config.write_text(f"[ca]\ndefault_ca = d\n[d]\ndatabase = {self.dir}/index.txt\ndefault_md = sha256\n"
                          f"new_certs_dir = {self.dir}\nrand_serial = yes\npolicy = p\nunique_subject = no\n"
                          f"[p]\ncommonName = supplied\n")
        self.ca_certificate = self.certificate("ca")
        return ("ca", "-config", config, "-batch", "-keyfile", self.dir / "ca.key", "-cert", self.ca_certificate)

    def make_certificate(self, end):
        path = self.dir / f"until-{end:%Y%m%d}.pem"
        request = self.dir / "request.pem"
        openssl("req", "-new", "-newkey", "ed25519", "-nodes", "-keyout", self.dir / "x.key", "-out", request,
                "-subj", f"/CN={path.stem}")
        openssl(*self.ca(), "-startdate", "20200101000000Z", "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-in", request,
                "-out", path, "-notext")
        return path

    def make_crl(self, seconds):
        path = self.dir / "list.pem"
        openssl(*self.ca(), "-gencrl", "-crlsec", str(seconds), "-out", path)
        return path


class OnAHost(MailTest):
    def test_dovecot_alone(self):
        """Where there is no postconf."""
        folder = self.host.folder / "doveconf-alone"
        folder.mkdir()
        (folder / "doveconf").symlink_to("/usr/bin/doveconf")
        conf = self.host.folder / "doveconf-alone.conf"
        conf.write_text(self.host.POSTERN_CONF.read_text() + f"mail_host = {HOST}\nresolver = 127.0.0.1:9\n")
        done = subprocess.run((self.host.ENTER, "/usr/bin/env", f"PATH={folder}",
                               self.host.folder / "stage/usr/bin/postern", "--config", conf, "--json", "dns",
                               "--check", DOMAIN), capture_output=True, text=True)
        self.assertEqual((TEMPFAIL, ""), (done.returncode, done.stderr))
        self.assertIn(f"{self.host.folder}/tls/server.pem", {row["about"] for row in json.loads(done.stdout)})

    def test_postfix_and_dovecot_are_asked(self):
        """Nothing is in postern.conf: they say what the host is called, and which certificates it shows."""
        server = nameserver.NameServer()
        self.addCleanup(server.stop)
        done = self.host.postern("--json", "dns", "--check", "--resolver", server.address, DOMAIN, check=False)
        self.assertEqual((CONFIG, ""), (done.returncode, done.stderr))
        found = {row["about"]: (row["level"], row["finding"]) for row in json.loads(done.stdout)}
        self.assertEqual(("ok", True), (found[f"{self.host.folder}/tls/server.pem"][0], "DMARC" in found), found)
        name = subprocess.run((self.host.ENTER, "postconf", "-h", "myhostname"), capture_output=True, check=True,
                              text=True).stdout.strip()
        self.assertIn(f"MX 10 {name}.", found["MX"][1])


if __name__ == "__main__":
    tap.main()
