#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hashes of every kind log in by IMAP, POP3 and submission, each form of a password does, and nothing else."""
import concurrent.futures
import contextlib
import sqlite3
import subprocess
import unicodedata

from lib import tap
from lib.passwords import PASSWORD, PasswordTest

PYTHON = ("/usr/bin/python3", "-W", "ignore", "-c")
MAKERS = {
    **{f"openssl passwd {way}": ("openssl", "passwd", way, "-stdin") for way in ("-1", "-5", "-6")},
    **{f"perl crypt, {setting}": ("perl", "-ne", f"chomp; print crypt($_, q({setting}abcdefgh$))")
       for setting in ("$1$", "$5$", "$6$")},
    **{f"php crypt, {setting}": ("php", "-r", f"echo crypt(trim(fgets(STDIN)), '{setting}abcdefgh$');")
       for setting in ("$1$", "$5$", "$6$")},
    **{f"php password_hash, {way}": ("php", "-r", f"echo password_hash(trim(fgets(STDIN)), PASSWORD_{way});")
       for way in ("BCRYPT", "ARGON2I", "ARGON2ID")},
    **{f"python crypt, {way}": (*PYTHON, f"import crypt; print(crypt.crypt(input(), crypt.METHOD_{way}))")
       for way in ("MD5", "SHA256", "SHA512", "CRYPT")},
    "python crypt, blowfish": (*PYTHON, "import crypt; print(crypt.crypt(input(), '$2b$05$' + 22*'a'))"),
    **{f"mkpasswd {way}": ("mkpasswd", "-s", "-m", way)
       for way in ("yescrypt", "gost-yescrypt", "scrypt", "bcrypt", "sha512crypt", "sha256crypt", "md5crypt",
                   "sunmd5", "bsdicrypt")},
}

def doveadm(host, *args):
    """Of the host's own Dovecot: a release knows a scheme that another does not."""
    return subprocess.run((host.ENTER, "doveadm", "-O", "pw", *args), check=True, text=True,
                          capture_output=True).stdout.strip()


class HashTest(PasswordTest):
    mechanisms = ()

    def setUp(self):
        """No account of its own: each test has many."""

    def assertAll(self, names, password, works):
        # Where many are at it at once, a failure's wait is waited for once.
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(self.assertLogin, name, password, works) for name in names]:
                done.result()

    def import_all(self, hashes):
        """Accounts n0, n1, … with these hashes, by name of their maker."""
        names = {f"n{i}": maker for i, maker in enumerate(hashes)}
        text = "".join(f"{name}:{hashes[maker]}:\n" for name, maker in names.items())
        self.host.postern("import", "--format", "passwd-file", stdin=text)
        for name in names:
            self.addCleanup(self.host.postern, "account", "remove", name)
        return names


class MadeElsewhere(HashTest):
    @classmethod
    def configure(cls):
        if cls.host.is_dovecot_2_4:
            # For those that only Dovecot compares.
            cls.settings = "auth_allow_weak_schemes = yes\n"
        super().configure()

    def test_programs(self):
        hashes = {}
        for name, maker in MAKERS.items():
            done = subprocess.run(maker, input=PASSWORD + "\n", text=True, capture_output=True)
            self.assertEqual((0, True), (done.returncode, bool(done.stdout.strip())), (name, done.stderr))
            hashes[name] = done.stdout.strip()
        self.assertHashes(hashes)

    def test_every_scheme_of_doveadm(self):
        schemes = sorted(doveadm(self.host, "-l").split())
        # DIGEST-MD5's has the name of the account in it.
        made = {scheme: doveadm(self.host, "-s", scheme, "-p", PASSWORD, "-u", f"n{number}")
                for number, scheme in enumerate(schemes)}
        # doveadm forgets the number of octets, without which Dovecot itself compares nothing.
        self.assertEqual("{PLAIN-TRUNC}" + PASSWORD, made["PLAIN-TRUNC"])
        made["PLAIN-TRUNC"] = "{PLAIN-TRUNC}5-" + PASSWORD[:5]
        self.assertHashes(made)

    def assertHashes(self, hashes):
        names = self.import_all(hashes)
        print(f"# {len(names)}: {', '.join(names.values())}")
        self.assertAll(names, PASSWORD, True)
        # Not one with another end: of which DES-crypt sees nothing.
        self.assertAll(names, PASSWORD.upper(), False)


class Never(HashTest):
    def test_what_is_no_hash(self):
        """Put into the store behind its back."""
        texts = ("*", "!", "!!", "x", "{PLAIN}", "{CRYPT}", "{CRYPT}*", "{NONESUCH}" + PASSWORD, PASSWORD, "$1$",
                 "$1$abcdefgh$", "$99$abcdefgh$f4FAhCjxUf8AsFu5Ck2gF/", "{SCRAM-SHA-256}4096,,,", "{", "{}",
                 "{MD5-CRYPT}", "{SHA512}", "{CRAM-MD5}", "{PLAIN-MD5}", "$y$j9T$$", "{LDAP-MD5}====")
        names = self.import_all({text: f"{{PLAIN}}{PASSWORD}" for text in texts})
        self.assertLogin("n0", PASSWORD, True)
        with contextlib.closing(sqlite3.connect(self.host.STORE / "verifiers.db")) as db:
            for name, text in names.items():
                db.execute("UPDATE verifier SET verifier = ? WHERE verifier = ? AND password_id ="
                           " (SELECT max(password_id) FROM verifier WHERE verifier = ?)",
                           (text, f"{{PLAIN}}{PASSWORD}", f"{{PLAIN}}{PASSWORD}"))
            db.commit()
            self.assertEqual(0, db.execute("SELECT count(*) FROM verifier WHERE verifier = ?",
                                           (f"{{PLAIN}}{PASSWORD}",)).fetchone()[0])
        for password in (PASSWORD, "", "*", "!"):
            self.assertAll(names, password, False)

    def test_too_costly(self):
        made = "$6$rounds=999999999$abcdefgh$" + "a" * 86
        self.import_all({"costly": made})
        mark = self.host.log_mark()
        self.assertLogin("n0", PASSWORD, False)
        self.host.wait_for_log(mark, "password_max_rounds")


COMPOSED = "t\u00e9st \u00a0\u2002\u200a"
DIFFERENT = ("t\u00e9st   ", "T\u00e9st    ", "test    ", "t\u00e9st     ", "t\u00e9st")
NAME = "bj\u00f6rn"


class Forms(HashTest):
    # Without it Dovecot refuses names that are not ASCII.
    settings = "auth_username_chars =\n"

    def test_forms_of_a_password(self):
        self.add_account("hatta", password=COMPOSED)
        for form in (COMPOSED, unicodedata.normalize("NFD", COMPOSED), "t\u00e9st    ", "te\u0301st \u3000\u2003 "):
            self.assertLogin("hatta", form, True)
        for form in DIFFERENT:
            self.assertLogin("hatta", form, False)

    def test_raw_octets_of_an_imported_one(self):
        """Made of what the user's keyboard gave then, and not prepared."""
        raw = "te\u0301st\u00a0phrase"
        made = subprocess.run(("openssl", "passwd", "-6", "-stdin"), input=raw + "\n", text=True,
                              capture_output=True, check=True).stdout
        self.add_account("hatta", password=None)
        self.host.postern("password", "set", "hatta", "--hash", stdin=made)
        self.assertLogin("hatta", raw, True)

    def test_forms_of_a_name(self):
        self.add_account(NAME)
        for form in (NAME, unicodedata.normalize("NFD", NAME), NAME.upper()):
            with self.subTest(form=ascii(form)):
                self.imap(form, PASSWORD)
                self.smtp(form, PASSWORD)
        with self.assertRaises(Exception):
            self.imap("bjorn", PASSWORD)


@tap.with_cases
class Refused(HashTest):
    @tap.cases(
        ("nothing", b"\n", "empty"),
        ("NUL", b"pass\0word-7\n", "NUL"),
        ("TAB", b"pass\tword-7\n", "control"),
        ("DEL", b"pass\x7fword-7\n", "control"),
        ("C1 control", "pass\u0085word-7\n".encode(), "control"),
        ("soft hyphen", "pass\u00adword-7\n".encode(), "invisible"),
        ("zero width space", "pass\u200bword-7\n".encode(), "invisible"),
        ("joiner", "pass\u200dword-7\n".encode(), "joiner"),
        ("middle dot", "pass\u00b7word-7\n".encode(), "middle dot"),
        ("unassigned", "pass\u0378word-7\n".encode(), "does not have"),
        ("private use", "pass\ue000word-7\n".encode(), "private-use"),
        ("no character", "pass\ufdd0word-7\n".encode(), "invisible"),
        ("not UTF-8", b"pass\xffword-7\n", "UTF-8"),
        ("short", b"xK3#v\n", "8"),
        ("common", b"password1\n", "guessed"),
        ("the name", b"Jabberwock\n", "name"),
        ("two lines", b"jabberwock-7\nx\n", "line"),
        ("100 kB", b"x" * 100000 + b"\n", "too long"),
    )
    def test_when_setting(self, octets, word):
        self.add_account("jabberwock", password=None)
        done = subprocess.run((*self.host.POSTERN.split(), "password", "set", "jabberwock"), input=octets,
                              capture_output=True)
        self.assertEqual(65, done.returncode, done.stderr)
        self.assertRegex(done.stderr.decode(), f"(?i)\\Apostern: .*{word}")


if __name__ == "__main__":
    tap.main()
