/* SPDX-License-Identifier: MIT */
#ifndef POSTERN_PAGES_H
#define POSTERN_PAGES_H

/*
 * The users' page from the outside: what a browser, a test, a style sheet and the one script may
 * rely on. Everything else about it may change.
 *
 * WHO DOES WHAT
 *
 *     browser ── web server ── password.cgi ── postern-keeper ── store
 *                               postern-page     root
 *
 * password.cgi is a CGI/1.1 program, a process a request, as the user postern-page. It parses: the
 * request, the client certificate, an uploaded key, the proof of its possession (of keys, as
 * password-key.cgi, see cgi.h); it opens no file but postern.conf and page_ca. What it found goes to
 * postern-keeper as one message of short named values over a unix socket. postern-keeper alone has
 * the store; it decides, changes, and writes the page. So a hole in what parses is one in a process
 * that can read no verifier.
 *
 * ROUTES are PATH_INFO behind the path of page_url (postern.conf), here page_url =
 * https://mail.example.org/password.cgi. A GET changes nothing. Each POST has the field "token" and
 * the cookie that a GET before it has set, but for /api/password.
 *
 *     GET  /                  overview: name, way in, addresses, passwords, keys, last logins.
 *                             Without a session 303 to /sign-in, as of every page with [s] below
 *     GET  /sign-in           forms #with-certificate (only where this connection's certificate
 *                             is good for an account) and #with-password
 *     POST /sign-in           name password                            -> 303 /, or 403, 429
 *     POST /sign-in/key       (no field: the certificate of this connection) -> 303 /
 *     POST /sign-out          [s]                                      -> 303 /sign-in
 *     GET  /password          [s] form #set-password
 *     POST /password          [s] current* new again crypt others keys -> 303 /?done=password
 *     GET  /passwords         [s] table #passwords with a form .remove a row; form #generate
 *     POST /passwords/new     [s] current* label services              -> 200, the password in
 *                             <output id="generated">, this once
 *     POST /passwords/remove  [s] label confirm                        -> 303 /passwords?done=…
 *     GET  /keys              [s] table #keys; a row has links to /keys/edit?key=FINGERPRINT
 *     GET  /keys/new          [s] forms #add-this-key (only where this connection has a key that
 *                             is nobody's) and #add-key; the openssl commands in pre.command
 *     POST /keys/new          [s] multipart: current* label services preauth certificate (text)
 *                             file (upload) challenge signature (base64 text) signed (upload);
 *                             or urlencoded with this=1                -> 303 /keys?done=key
 *     GET  /keys/edit?key=    [s] forms #edit-key, #remove-key
 *     POST /keys/edit         [s] key label services preauth           -> 303 /keys?done=…
 *     POST /keys/remove       [s] key confirm                          -> 303 /keys?done=…
 *     GET  /settings          [s] hosts, ports and methods for mail programs
 *     GET  /settings/profile  [s] the same for Apple's devices
 *     GET  /reset             form #ask-for-reset
 *     POST /reset             name words crypt                         -> 200, the same for all
 *     GET  /link?t=TOKEN      sets the cookie __Host-postern-link      -> 303 /link
 *     GET  /link              form #use-link
 *     POST /link              (no field)                               -> 303 /password
 *     GET  /admin             [s] the requests, for who is in page_admins, else 404
 *     POST /admin/approve     [s] current* id                          -> 200, <output id="link">
 *     POST /admin/refuse      [s] id                                   -> 303 /admin?done=…
 *     GET  /change-password   303 to /password; the web server maps /.well-known/change-password
 *     GET  /autoconfig?emailaddress=  Mozilla's; the web server maps
 *                             /.well-known/autoconfig/mail/config-v1.1.xml and /mail/config-v1.1.xml
 *     POST /autodiscover      Microsoft's: XML in, XML out; /autodiscover/autodiscover.xml
 *     POST /api/password      user curpass newpass: what the httpapi driver of Roundcube's password
 *                             plugin sends. text/plain: "ok" with 200; one sentence with 400
 *                             (newpass is refused), 403 (user or curpass), 429, 503
 *
 * current* is asked of who came in by password, and only then there is such a field: page data
 * asks again before a key or a password is added. confirm=1 is asked for by a second page when what
 * is removed is the last way in. services is a checkbox field, once for each of imap pop3
 * submission sieve web; preauth, others, keys and this are checkboxes of the value 1.
 *
 * A GET that a link of another site led to, by Sec-Fetch-Site, and that has no cookie, is answered
 * with body#page-again, which loads itself again: the browser holds the cookie back the first time.
 *
 * A wrong field is 422 with the form filled in again (secrets excepted); others are 400 (not a
 * request at all), 403 (no or wrong token, wrong name or password), 404, 405 with Allow, 411, 413,
 * 415, 421 (a Host that is not page_url's), 429 with Retry-After, 500, 503.
 *
 * SHAPE of each page, for the style sheet and the tests:
 *
 *     <html lang="en|de">, <body id="page-…"> with the route's words: page-sign-in, page-overview,
 *         page-password, page-passwords, page-generated, page-keys, page-keys-new, page-keys-edit,
 *         page-settings, page-reset, page-reset-sent, page-link, page-admin, page-admin-link,
 *         page-confirm, page-error, page-again
 *     <a class="skip" href="#main">, <header>, <nav> with <a aria-current="page">, <main id="main">,
 *         <footer>
 *     <p id="way" data-way="key|certificate|password|link"> where there is a session
 *     <div class="summary error" id="errors" role="alert"> a list of links to the wrong fields
 *     <div class="summary done" role="status"> what has just been done
 *     <div class="field"> label, p.hint#NAME-hint, p.wrong#NAME-wrong, then the input; the id of a
 *         field is its name, and of a checkbox of services "services-imap"
 *     <fieldset><legend> around checkboxes, each in <div class="choice">
 *     <button>, and <button class="danger"> for what takes something away
 *     <table> with <caption>, th[scope=col], in <div class="scroll" tabindex="0">
 *     <dl class="facts">, <pre class="command"><code>, <output>, <code class="fingerprint">
 *
 * /keys/new has <div id="in-browser" hidden> for the script, the only one of all pages (script-src
 * and connect-src 'self' there alone). Its data- attributes are the account, its address (for the
 * certificate's name), the challenge, and the texts, translated. The script makes a key and its
 * certificate, signs the octets of the challenge (ECDSA, SHA-256, in DER form), and sends the form
 * #add-key with these two and with a label and password of its own fields. A redirection means
 * that the key is registered: then it hands out the .p12 file. Another answer is a page that says
 * in #errors what is wrong, and has the next challenge.
 *
 * FILES served by the web server: POSTERN_PAGES_STATIC style.css, keys.js.
 *
 * LANGUAGES go by Accept-Language. The C source has the English text within T(…) (text.h); po/de.po
 * has the German. Every page text is in the source once.
 */

#define POSTERN_PAGES_STATIC "/postern/"

#define POSTERN_PAGES_COOKIE "__Host-postern"
#define POSTERN_PAGES_LINK_COOKIE "__Host-postern-link"

#endif
