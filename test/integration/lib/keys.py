# SPDX-License-Identifier: MIT
"""TLS keys with self-signed certificates, as the users make them: with openssl."""
import pathlib
import subprocess

KINDS = {
    "Ed25519": ("-newkey", "ed25519"),
    "ECDSA P-256": ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "RSA-2048": ("-newkey", "rsa:2048"),
}


class Key:
    """certificate and key are names of PEM files; pem is one file with both."""

    def __init__(self, folder, name, kind="Ed25519", expired=False, issuer=None, address=None):
        """issuer: certificate and key of a CA; else it signs itself. address: in the certificate."""
        base = pathlib.Path(folder) / name
        self.kind = kind
        self.certificate = base.with_suffix(".crt")
        self.key = base.with_suffix(".key")
        self.pem = base.with_suffix(".pem")
        subprocess.run(("openssl", "req", "-x509", "-noenc", *KINDS[kind], "-subj", f"/CN={name}",
                        "-days", "1", "-keyout", self.key, "-out", self.certificate,
                        *(("-CA", issuer[0], "-CAkey", issuer[1]) if issuer else ()),
                        *(("-addext", f"subjectAltName=email:{address}") if address else ())),
                       check=True, capture_output=True)
        if expired:
            self._expire(name)
        self.pem.write_bytes(self.key.read_bytes() + self.certificate.read_bytes())
        for path in (self.key, self.pem):
            path.chmod(0o600)
        self.fingerprint = self._fingerprint()

    def _expire(self, name):
        """A certificate for the same key that ended in 2001. `openssl req` of 3.0 sets no dates;
        `openssl ca` does."""
        folder = self.certificate.parent / f"{name}-ca"
        folder.mkdir()
        (folder / "index").touch()
        (folder / "conf").write_text(
            f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\n"
            "rand_serial=yes\ndefault_md=default\npolicy=p\n[p]\ncommonName=supplied\n")
        request = folder / "request"
        subprocess.run(("openssl", "req", "-new", "-key", self.key, "-subj", f"/CN={name}",
                        "-out", request), check=True, capture_output=True)
        subprocess.run(("openssl", "ca", "-batch", "-config", folder / "conf", "-selfsign",
                        "-keyfile", self.key, "-in", request, "-out", self.certificate, "-notext",
                        "-startdate", "20000101000000Z", "-enddate", "20010101000000Z"),
                       check=True, capture_output=True)

    def _fingerprint(self):
        """SHA-256 of the SubjectPublicKeyInfo, hex: not by the code under test."""
        public = subprocess.run(("openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"),
                                check=True, capture_output=True).stdout
        digest = subprocess.run(("openssl", "dgst", "-sha256", "-r"), input=public, check=True,
                                capture_output=True).stdout
        return digest.split()[0].decode()
