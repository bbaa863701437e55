// SPDX-License-Identifier: MIT
//
// A device's key, its certificate, and both as a .p12 file.
//
// The private key is made by the browser's WebCrypto and leaves it in one form only: wrapped by WebCrypto itself
// under the passphrase. No script, this one included, ever has its octets; they are never sent.

import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const HASH = 'SHA-256';
// What mail programs old and new read: PBES2 with AES-256-CBC (RFC 8018), as OpenSSL 3 writes it.
const CIPHER = { name: 'AES-CBC', length: 256 };
const KDF_ITERATIONS = 100000;
// The check sum's, by a derivation that is slow in script (RFC 7292, appendix B).
const MAC_ITERATIONS = 20000;

const OID = {
	pbes2: '1.2.840.113549.1.5.13',
	pbkdf2: '1.2.840.113549.1.5.12',
	hmacSha256: '1.2.840.113549.2.9',
	aes256Cbc: '2.16.840.1.101.3.4.1.42',
	shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
	certificateBag: '1.2.840.113549.1.12.10.1.3',
	friendlyName: '1.2.840.113549.1.9.20',
	localKeyId: '1.2.840.113549.1.9.21',
	commonName: '2.5.4.3',
	subjectAltName: '2.5.29.17',
	basicConstraints: '2.5.29.19',
	keyUsage: '2.5.29.15',
	extendedKeyUsage: '2.5.29.37',
	clientAuth: '1.3.6.1.5.5.7.3.2',
};

const random = (length) => crypto.getRandomValues(new Uint8Array(length));

/* Resolves to { certificate, privateKey }. The key may be wrapped, and that is all it is used for beside
   signing; nobody looks at the certificate's dates and names, but a name that says whose it is helps people. */
export async function makeDeviceKey(commonName, address) {
	const pair = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
	const certificate = new pkijs.Certificate();
	const name = { type: OID.commonName, value: new asn1js.Utf8String({ value: commonName }) };

	certificate.version = 2;
	certificate.serialNumber = new asn1js.Integer({ valueHex: positive(random(16)).buffer });
	certificate.subject.typesAndValues.push(new pkijs.AttributeTypeAndValue(name));
	certificate.issuer.typesAndValues.push(new pkijs.AttributeTypeAndValue(name));
	setDates(certificate, new Date());
	certificate.extensions = extensions(address);
	await certificate.subjectPublicKeyInfo.importKey(pair.publicKey);
	await certificate.sign(pair.privateKey, HASH);
	return { certificate, privateKey: pair.privateKey };
}

function positive(octets) {
	octets[0] = (octets[0] & 0x7f) | 0x40;
	return octets;
}

/* From yesterday, for a server whose clock is behind, for a hundred years: web servers turn an expired one away. */
function setDates(certificate, now) {
	const from = new Date(now.getTime() - 86400000), until = new Date(now);

	until.setUTCFullYear(until.getUTCFullYear() + 100);
	until.setUTCMilliseconds(0);
	certificate.notBefore = new pkijs.Time({ type: 0, value: from });
	// UTCTime ends with 2049 (RFC 5280, 4.1.2.5).
	certificate.notAfter = new pkijs.Time({ type: 1, value: until });
}

function extensions(address) {
	const digitalSignature = new asn1js.BitString({ valueHex: new Uint8Array([0x80]).buffer, unusedBits: 7 });
	const list = [
		extension(OID.basicConstraints, true, new pkijs.BasicConstraints({ cA: false }).toSchema()),
		extension(OID.keyUsage, true, digitalSignature),
		extension(OID.extendedKeyUsage, false,
			new pkijs.ExtKeyUsage({ keyPurposes: [OID.clientAuth] }).toSchema()),
	];

	// An address beyond ASCII has no place in an rfc822Name.
	if (/^[\x21-\x7e]+@[\x21-\x7e]+$/.test(address)) {
		const names = [new pkijs.GeneralName({ type: 1, value: address })];

		list.push(extension(OID.subjectAltName, false, new pkijs.GeneralNames({ names }).toSchema()));
	}
	return list;
}

function extension(extnID, critical, value) {
	return new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
}

export function toPem(certificate) {
	const lines = toBase64(certificate.toSchema(true).toBER(false)).match(/.{1,64}/g);

	return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

export function toBase64(octets) {
	return btoa(String.fromCharCode(...new Uint8Array(octets)));
}

/* A signature over the octets of text, in the form that openssl makes: DER (RFC 3279, 2.2.3). */
export async function sign(privateKey, text) {
	const plain = await crypto.subtle.sign({ name: CURVE.name, hash: HASH }, privateKey,
		new TextEncoder().encode(text));

	return pkijs.createCMSECDSASignature(plain);
}

/* The .p12 file (RFC 7292), as an ArrayBuffer. */
export async function toP12({ certificate, privateKey }, passphrase, label) {
	const password = new TextEncoder().encode(passphrase).buffer;
	const attributes = [
		// A BMPString has no room for what is beyond U+FFFF.
		attribute(OID.friendlyName, new asn1js.BmpString({ value: label.replace(/[\u{10000}-\u{10ffff}]/gu, '?') })),
		attribute(OID.localKeyId, new asn1js.OctetString({ valueHex: random(16).buffer })),
	];
	const authenticatedSafe = new pkijs.AuthenticatedSafe({
		parsedValue: {
			safeContents: [
				contents(1, OID.certificateBag, new pkijs.CertBag({ parsedValue: certificate }), attributes),
				contents(0, OID.shroudedKeyBag, await shroud(privateKey, passphrase), attributes),
			],
		},
	});
	const file = new pkijs.PFX({ parsedValue: { integrityMode: 0, authenticatedSafe } });

	await authenticatedSafe.makeInternalValues({
		safeContents: [{
			password,
			contentEncryptionAlgorithm: CIPHER,
			hmacHashAlgorithm: HASH,
			iterationCount: KDF_ITERATIONS,
		}, {}],
	});
	await file.makeInternalValues({
		password,
		iterations: MAC_ITERATIONS,
		pbkdf2HashAlgorithm: HASH,
		hmacHashAlgorithm: HASH,
	});
	return file.toSchema().toBER(false);
}

function attribute(type, value) {
	return new pkijs.Attribute({ type, values: [value] });
}

function contents(privacyMode, bagId, bagValue, bagAttributes) {
	const safeBags = [new pkijs.SafeBag({ bagId, bagValue, bagAttributes })];

	return { privacyMode, value: new pkijs.SafeContents({ safeBags }) };
}

/* The key encrypted by wrapKey, which is why pkijs, who would export it first, does not do it here. */
async function shroud(privateKey, passphrase) {
	const salt = random(16), iv = random(16);
	const secret = await crypto.subtle.importKey('raw', new TextEncoder().encode(passphrase), 'PBKDF2', false,
		['deriveKey']);
	const wrapping = await crypto.subtle.deriveKey({ name: 'PBKDF2', hash: HASH, salt, iterations: KDF_ITERATIONS },
		secret, CIPHER, false, ['wrapKey']);
	const wrapped = await crypto.subtle.wrapKey('pkcs8', privateKey, wrapping, { name: CIPHER.name, iv });

	return new pkijs.PKCS8ShroudedKeyBag({
		encryptionAlgorithm: new pkijs.AlgorithmIdentifier({
			algorithmId: OID.pbes2,
			algorithmParams: new pkijs.PBES2Params({
				keyDerivationFunc: new pkijs.AlgorithmIdentifier({
					algorithmId: OID.pbkdf2,
					algorithmParams: new pkijs.PBKDF2Params({
						salt: new asn1js.OctetString({ valueHex: salt.buffer }),
						iterationCount: KDF_ITERATIONS,
						prf: new pkijs.AlgorithmIdentifier({
							algorithmId: OID.hmacSha256,
							algorithmParams: new asn1js.Null(),
						}),
					}).toSchema(),
				}),
				encryptionScheme: new pkijs.AlgorithmIdentifier({
					algorithmId: OID.aes256Cbc,
					algorithmParams: new asn1js.OctetString({ valueHex: iv.buffer }),
				}),
			}).toSchema(),
		}),
		encryptedData: new asn1js.OctetString({ valueHex: wrapped }),
	});
}
