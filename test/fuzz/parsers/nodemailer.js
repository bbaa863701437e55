#!/usr/bin/node
// SPDX-License-Identifier: MIT
// One From body a line in base64; out comes what nodemailer's addressparser reads, in hexadecimal, joined by blanks.
'use strict';
const parse = require('/usr/share/nodejs/nodemailer/lib/addressparser');

for (const line of require('fs').readFileSync(0, 'latin1').split('\n').slice(0, -1)) {
	const body = Buffer.from(line, 'base64').toString('utf8');
	const found = parse(body, { flatten: true }).map(a => a.address).filter(a => a);
	console.log(found.map(a => Buffer.from(a).toString('hex')).join(' '));
}
