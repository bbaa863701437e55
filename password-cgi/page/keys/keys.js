// SPDX-License-Identifier: MIT
//
// The page "register a key" where there is JavaScript: one button makes a key, registers it, and hands out its .p12
// file. The form #add-key is there without this, for a key made elsewhere, and is what is sent from here too.
//
// The page has an empty #in-browser with the texts in its data- attributes, in the visitor's language, and the
// account's name, its address and the challenge in others (pages.h).

import { makeDeviceKey, sign, toBase64, toP12, toPem } from './device-key.js';

const PASSPHRASE_MIN = 8;

function element(name, attributes, ...children) {
	const made = document.createElement(name);

	for (const [key, value] of Object.entries(attributes))
		made.setAttribute(key, value);
	made.append(...children);
	return made;
}

class KeyMaker {
	constructor(panel, form) {
		this.text = panel.dataset;
		this.form = form;
		this.panel = panel;
		this.challenge = this.text.challenge;
		this.result = element('div', { role: 'status', id: 'key-result' });
		// A form, for a password manager and the Enter key; it is never sent.
		this.own = element('form', { id: 'make-key', autocomplete: 'off' });
		this.label = this.add('key-label', this.labelOf('label'), 'text', 'off');
		this.passphrase = this.add('passphrase', this.text.passphrase, 'password', 'new-password');
		this.again = this.add('passphrase-again', this.text.again, 'password', 'new-password');
		if (form.elements.current)
			this.current = this.add('key-current', this.labelOf('current'), 'password', 'current-password');
		this.button = element('button', { type: 'submit' }, this.text.button);
		this.own.append(this.button);
		this.own.addEventListener('submit', (event) => {
			event.preventDefault();
			this.run();
		});
		panel.append(element('h2', {}, this.text.title), element('p', {}, this.text.explain), this.own, this.result);
		panel.hidden = false;
	}

	labelOf(name) {
		return this.form.querySelector(`label[for="${name}"]`).textContent;
	}

	add(id, text, type, autocomplete) {
		const input = element('input', { id, type, autocomplete });

		this.own.append(element('div', { class: 'field' }, element('label', { for: id }, text), input));
		return input;
	}

	async run() {
		const wrong = this.check();

		if (wrong) {
			this.complain(wrong.text);
			wrong.field.focus();
			return;
		}
		this.button.disabled = true;
		this.say(this.text.working, '');
		try {
			await this.makeAndRegister();
		} catch (error) {
			console.error(error);
			this.complain(this.text.failed);
		}
		this.button.disabled = false;
	}

	check() {
		if ([...this.passphrase.value].length < PASSPHRASE_MIN)
			return { field: this.passphrase, text: this.text.short };
		if (this.passphrase.value !== this.again.value)
			return { field: this.again, text: this.text.differ };
		return null;
	}

	async makeAndRegister() {
		const label = this.label.value.trim() || this.text.account;

		// A second try, after a wrong password say, goes on with the same key.
		this.key ??= await makeDeviceKey(label, this.text.address);
		const file = await toP12(this.key, this.passphrase.value, label);
		const answer = await fetch(this.form.action, {
			method: 'POST',
			body: await this.fields(label),
			redirect: 'manual',
			credentials: 'same-origin',
		});

		// "Done" is a redirection to the list of keys.
		if (answer.type === 'opaqueredirect')
			this.handOut(file, label);
		else
			this.refused(await answer.text());
	}

	/* Services and the like are what the form below has. */
	async fields(label) {
		const fields = new FormData(this.form);

		fields.set('label', label);
		fields.set('certificate', toPem(this.key.certificate));
		fields.set('challenge', this.challenge);
		fields.set('signature', toBase64(await sign(this.key.privateKey, this.challenge)));
		fields.delete('file');
		fields.delete('signed');
		if (this.current)
			fields.set('current', this.current.value);
		return fields;
	}

	/* Shows what the page that came back says is wrong; its challenge is the one to sign next time. */
	refused(html) {
		const page = new DOMParser().parseFromString(html, 'text/html');
		const wrong = [...page.querySelectorAll('#errors li')].map((line) => line.textContent.trim());

		this.challenge = page.querySelector('#in-browser')?.dataset.challenge ?? this.challenge;
		this.complain(wrong.join(' ') || page.querySelector('main p')?.textContent || this.text.failed);
	}

	/* The file is offered and kept at hand: a download that was turned down can be had again. */
	handOut(file, label) {
		const url = URL.createObjectURL(new Blob([file], { type: 'application/x-pkcs12' }));
		const save = element('a', { id: 'save-key', href: url, download: `${fileName(label)}.p12` }, this.text.save);
		// From …/keys/new to …/keys.
		const goOn = element('a', { href: this.form.action.replace(/\/new$/, '') }, this.text.goOn);

		this.own.remove();
		this.say(this.text.done, 'summary done');
		this.result.append(element('p', {}, save), element('p', {}, goOn));
		this.key = null;
		save.focus();
		save.click();
	}

	say(text, kind) {
		this.result.className = kind;
		this.result.replaceChildren(element('p', {}, text));
	}

	complain(text) {
		this.say(text, 'summary error');
	}
}

function fileName(label) {
	return label.normalize('NFC').replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'key';
}

const panel = document.querySelector('#in-browser'), form = document.querySelector('#add-key');

// WebCrypto is there over https, and in browsers of the last ten years.
if (panel && form && window.crypto?.subtle)
	new KeyMaker(panel, form);
