# SPDX-License-Identifier: MIT
"""Headless Chromium on the users' page of a host, with or without JavaScript and a TLS key.

The browser has a home of its own, with an NSS database of the host's CA and of its own key, and a policy that shows
this key to the host without asking. Chromium looks for policies in /etc/chromium, so it runs with a folder of
ours over that.
"""
import base64
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from .host import PATIENCE, TOP, eventually

AXE = TOP / "test/lib/axe/node_modules/axe-core/axe.min.js"
# Width and height in CSS pixels.
SIZES = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES = ("light", "dark")

START = """#!/bin/sh
exec unshare --mount --propagation private -- /bin/sh -c '
	mount -n -t tmpfs tmpfs /etc/chromium
	mkdir -p /etc/chromium/policies/managed
	cp {home}/policy.json /etc/chromium/policies/managed/
	exec /usr/lib/chromium/chromium "$@"
' chromium "$@"
"""


class Browser:
    def __init__(self, host, key=None, javascript=True):
        self.host = host
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="postern-browser-"))
        self.downloads = self.home / "downloads"
        self.downloads.mkdir()
        self._make_certificates(key)
        self._make_policy()
        options = webdriver.ChromeOptions()
        options.binary_location = str(self.home / "chromium")
        for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-gpu", "--force-device-scale-factor=1", "--lang=en",
                     f"--user-data-dir={self.home}/profile"):
            options.add_argument(word)
        options.add_experimental_option("prefs", {
            "download.default_directory": str(self.downloads),
            "intl.accept_languages": "en",
            **({} if javascript else {"profile.managed_default_content_settings.javascript": 2}),
        })
        service = Service("/usr/bin/chromedriver", env={**os.environ, "HOME": str(self.home)},
                          log_path=str(self.home / "log"))
        self.driver = webdriver.Chrome(service=service, options=options)
        self.driver.set_page_load_timeout(PATIENCE)

    def close(self):
        self.driver.quit()
        # Its processes end a moment after that, and write until then.
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)

    def _make_certificates(self, key):
        database = self.home / ".pki/nssdb"
        database.mkdir(parents=True)
        self._run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
        self._run("certutil", "-A", "-d", f"sql:{database}", "-n", "ca", "-t", "C,,", "-i", self.host.CA_FILE)
        if key is not None:
            self._run("openssl", "pkcs12", "-export", "-in", key.certificate, "-inkey", key.key, "-name", "key",
                      "-out", self.home / "key.p12", "-passout", "pass:x")
            self._run("pk12util", "-i", self.home / "key.p12", "-d", f"sql:{database}", "-W", "x")

    def _make_policy(self):
        show = {"pattern": f"https://localhost:{self.host.HTTPS_PORT}", "filter": {}}
        (self.home / "policy.json").write_text(json.dumps({
            "AutoSelectCertificateForUrls": [json.dumps(show)],
            "PasswordManagerEnabled": False,
        }))
        (self.home / "chromium").write_text(START.format(home=self.home))
        (self.home / "chromium").chmod(0o755)

    @staticmethod
    def _run(*command):
        subprocess.run(tuple(map(str, command)), check=True, capture_output=True)

    # ---- To go somewhere ----

    def open(self, path):
        """path is one behind PAGE_URL."""
        self.driver.get(self.host.PAGE_URL + path)

    def reload(self):
        self.driver.refresh()

    @property
    def page(self):
        """The body's id, less "page-"."""
        return self.driver.find_element(By.TAG_NAME, "body").get_attribute("id").removeprefix("page-")

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.host.PAGE_URL)

    # ---- To look ----

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def has(self, css):
        return bool(self.all(css))

    def text(self, css="main"):
        return self.one(css).text

    def wait_for(self, css):
        return eventually(lambda: next((e for e in self.all(css) if e.is_displayed()), None),
                          lambda: f"no {css} on the page {self.path}:\n{self.text('body')}")

    # ---- To do something ----

    def fill(self, form, **fields):
        """Text into the fields of a form; True and False check and uncheck."""
        for name, value in fields.items():
            element = self.one(f"{form} [name={name}]")
            if isinstance(value, bool):
                if element.is_selected() != value:
                    element.click()
            else:
                if element.get_attribute("type") != "file":
                    element.clear()
                element.send_keys(str(value))

    def submit(self, form):
        """Presses the form's button, and returns when the next page is there."""
        self.follow(f"{form} button[type=submit], {form} button:not([type])")

    def follow(self, css):
        """Clicks what leads to another page."""
        element = self.one(css)
        before = self.one("html")
        element.click()
        eventually(lambda: self._is_gone(before), f"{css} led nowhere on {self.path}")

    @staticmethod
    def _is_gone(element):
        """Is it of a page that was left? In the moment between two, the driver has other words for that."""
        try:
            element.is_enabled()
        except WebDriverException:
            return True
        return False

    def download(self, suffix):
        """The one file that has been saved, once it is whole."""
        return eventually(lambda: next(iter(self.downloads.glob("*" + suffix)), None),
                          lambda: f"nothing was saved: {os.listdir(self.downloads)}")

    # ---- To look at it as people do ----

    def set_look(self, size, scheme):
        width, height = SIZES[size]
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == "phone"})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def reset_look(self):
        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})

    def set_language(self, languages):
        """What it says in Accept-Language; None for what it has by itself."""
        self.driver.execute_cdp_cmd("Network.enable", {})
        self.driver.execute_cdp_cmd("Network.setExtraHTTPHeaders",
                                    {"headers": {"Accept-Language": languages} if languages else {}})

    def screenshot(self, path):
        """Of the whole page."""
        metrics = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": metrics["width"], "height": metrics["height"], "scale": 1}
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True, "clip": clip})
        path.write_bytes(base64.b64decode(shot["data"]))

    def overflow(self):
        """How many pixels the page, or a part of it that scrolls, is wider than there is room."""
        return self.driver.execute_script(
            "return Math.max(...[document.documentElement, ...document.querySelectorAll('.scroll')]"
            ".map((e) => e.scrollWidth - e.clientWidth))")

    def axe(self):
        """What axe-core finds against the accessibility of this page: a line each."""
        self.driver.execute_script(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document, { resultTypes: ['violations', 'incomplete'] })"
            ".then((r) => done(r.violations), (e) => done([{ id: String(e), nodes: [] }]));")
        return [f"{v['id']}: {v.get('help', '')}: " + "; ".join(n["html"] for n in v["nodes"][:3])
                for v in found]
