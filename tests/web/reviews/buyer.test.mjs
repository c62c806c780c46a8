import assert from 'node:assert/strict';
import { createHash, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { fromHex, jcs } from '../../../backend/suyuan/web/static/verifier.js';
import { compose } from '../../../backend/suyuan/web/static/appeal_body.js';
import * as B from '../../../backend/suyuan/web/static/buyer.js';
import { verifyContent } from '../../../backend/suyuan/web/static/reviews.js';

const sha = (...parts) => { const h = createHash('sha256'); for (const p of parts) h.update(p); return h.digest(); };
const AT = { chain: 31337, journal: '0x' + '12'.repeat(20) };
const SECRET = '00112233445566778899aabbccddeeff';
const GTIN = '09521141012345';

/** A site that answers from a table: 'METHOD path' → value or [status, value]; keeps what was asked. */
function stub(table) {
  const asked = [];
  const fetch = async (path, { method, body, headers }) => {
    asked.push({ path, method, headers, body: typeof body === 'string' ? JSON.parse(body) : body });
    const found = table[`${method} ${path}`];
    const value = typeof found === 'function' ? found(asked.at(-1)) : found;
    const [status, answer] = Array.isArray(value) ? value : value === undefined ? [404, { detail: 'none' }] : [200, value];
    return { ok: status < 300, status, json: async () => answer };
  };
  return { fetch, asked };
}

async function signedBy(by, statement) {
  const { signature, by: _, ...rest } = statement;
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const key = await webcrypto.subtle.importKey('raw', fromHex(by), algorithm, false, ['verify']);
  return webcrypto.subtle.verify(algorithm, key, fromHex(signature), new TextEncoder().encode(jcs({ domain: AT, ...rest })));
}

test('a line\'s right is the one that the shop derives', async () => {
  const own = sha('suyuan right', Buffer.from(SECRET, 'hex'), Buffer.from([3])).subarray(0, 16);
  assert.equal(await B.lineSecret(SECRET, 3), own.toString('hex'));
  assert.equal(await B.rightOf(own.toString('hex')), sha(own).toString('hex'));
});

test('rights are asked for until the site knows none', async () => {
  const names = await Promise.all([0, 1].map(async (i) => B.rightOf(await B.lineSecret(SECRET, i))));
  const { fetch, asked } = stub(Object.fromEntries(names.map((right) => [`GET /v1/rights/${right}`, { right, gtin: GTIN, state: 'issued' }])));
  const found = await B.rightsOf(SECRET, fetch);
  assert.deepEqual(found.map(({ right }) => right), names);
  assert.equal(asked.length, 3);
  assert.ok(!JSON.stringify(asked).includes(SECRET), 'the secret stays here');
});

test('a site that does not answer is no end of the list', async () => {
  const { fetch } = stub({});
  await assert.rejects(B.rightsOf(SECRET, async (...a) => ({ ...(await fetch(...a)), status: 503 })), { status: 503 });
});

test('a code is read as printed, typed and in hex', () => {
  const hex = '000102030405060708090a0b0c0d0e0f';
  const printed = 'AAAQEAYEAUDAOCAJBIFQYDIOB4';
  for (const text of [hex, hex.toUpperCase(), printed, printed.toLowerCase(), 'AAA QEA YEA-UDA OCA JBI FQY DIO B4', printed.replace('O', '0')]) assert.equal(B.parseCode(text), hex);
  for (const text of ['', 'x', printed.slice(1), printed + 'A', 'AAAQEAYEAUDAOCAJBIFQYDIOB5', hex.slice(1), '9'.repeat(26)]) assert.equal(B.parseCode(text), null, text);
});

test('a statement is signed for the deployment by a key that cannot be read out', async () => {
  const made = await B.makeKey();
  assert.equal(made.key.extractable, false);
  assert.match(made.by, /^04[0-9a-f]{128}$/);
  const statement = await B.signStatement(made, AT, 'claim', `/rights/${GTIN}`, { right: 'ab' }, 1790000000999);
  assert.equal(statement.issuedAt, 1790000000);
  assert.equal(statement.content, sha('{"right":"ab"}').toString('hex'));
  assert.match(statement.signature, /^[0-9a-f]{128}$/);
  assert.ok(await signedBy(made.by, statement));
  const other = await B.signStatement(made, AT, 'claim', '', { right: 'ab' });
  assert.notEqual(other.nonce, statement.nonce);
});

test('another deployment than the remembered one gets no signature', async () => {
  const { fetch } = stub({ 'GET /v1/journal': AT });
  assert.deepEqual(await B.deploymentOf(fetch), AT);
  assert.deepEqual(await B.deploymentOf(fetch, `31337.${AT.journal}`), AT);
  await assert.rejects(B.deploymentOf(fetch, '1.0x'), /other-deployment/);
});

const receipt = { leaves: 'aa'.repeat(32), index: 7, count: 1, issuedAt: 1, sealBy: 100, signature: '' };

test('a right is claimed with its secret and a fresh key, which a second try keeps', async () => {
  let fails = true;
  const { fetch, asked } = stub({ 'POST /v1/claims': () => (fails ? [503, {}] : { index: 7, receipt }) });
  const right = { right: await B.rightOf(SECRET), secret: SECRET, gtin: GTIN, ...(await B.makeKey()) };
  await assert.rejects(B.claimRight(right, AT, fetch), { status: 503 });
  fails = false;
  const { right: claimed, receipt: kept } = await B.claimRight(right, AT, fetch);
  assert.equal(claimed.state, 'claimed');
  const { statement, public: published } = asked[1].body;
  assert.equal(statement.by, right.by);
  assert.equal(statement.subject, `/rights/${GTIN}`);
  assert.deepEqual(published, { right: right.right, secret: SECRET });
  assert.ok(await signedBy(right.by, statement));
  assert.deepEqual([kept.index, kept.receipt, kept.statement], [7, receipt, statement]);
  assert.ok(!('key' in kept));
});

test('an item is claimed with its code, by a key for that alone, and the right\'s secret stays', async () => {
  const [item, code] = [`/01/${GTIN}/21/A1`, '0f'.repeat(16)];
  const bundle = {
    hashes: ['11'.repeat(32), '22'.repeat(32)],
    related: [{ relation: 'batch', subject: `/01/${GTIN}/10/L1`, items: { serial: 'A1', code: sha(Buffer.from(code, 'hex')).toString('hex'), index: 1, proof: [1, 0] } }],
  };
  const { fetch, asked } = stub({
    [`GET /v1/proof?subject=${encodeURIComponent(item)}`]: bundle, 'POST /v1/claims': { index: 7, receipt, right: 'waiting' },
  });
  const { right, receipt: kept } = await B.claimItem(item, code, AT, fetch);
  const { public: published, right: asked_for, statement } = asked[1].body;
  assert.deepEqual(published, { batch: `/01/${GTIN}/10/L1`, code, place: 1, proof: ['22'.repeat(32), '11'.repeat(32)] });
  assert.equal(asked_for, await B.rightOf(right.secret));
  assert.equal(statement.subject, item);
  assert.deepEqual([right.gtin, right.batch, right.state, right.key], [GTIN, `/01/${GTIN}/10/L1`, 'waiting', undefined]);
  assert.ok(!JSON.stringify([asked, kept]).includes(right.secret));
  await assert.rejects(B.claimItem(item, '00'.repeat(16), AT, fetch), /wrong-code/);
  assert.equal(asked.filter(({ method }) => method === 'POST').length, 1);
  await assert.rejects(B.itemClaim({ related: [] }, code), /not-in-batch/);
});

test('a review is composed, signed and sent; its words hash to what is signed', async () => {
  const { fetch, asked } = stub({ 'POST /v1/reviews': { index: 9, receipt } });
  const right = { right: 'cd'.repeat(32), gtin: GTIN, batch: `/01/${GTIN}/10/L1`, ...(await B.makeKey()) };
  const draft = { stars: 4, words: '甜。\n😀', language: 'zh', photos: [], aspects: { quality: 5 } };
  const { content, public: published } = await B.composeReview(right, draft);
  await B.send(right, AT, '/v1/reviews', 'review', published, content, fetch);
  const { statement, content: sent } = asked[0].body;
  assert.ok(await verifyContent(sent, published.private));
  assert.ok(!(await verifyContent({ ...sent, words: 'x' }, published.private)));
  assert.deepEqual(Object.keys(published).sort(), ['aspects', 'batch', 'private', 'right', 'stars']);
  assert.ok(await signedBy(right.by, statement));
  const again = await B.composeReview(right, { ...draft, aspects: {} }, true);
  assert.deepEqual(Object.keys(again.public).sort(), ['private', 'right', 'stars']);
  assert.notEqual(again.content.salt, content.salt);
});

test('what a site refuses can be appealed with, and holds none of the words', async () => {
  const { fetch } = stub({ 'POST /v1/reviews': [403, { detail: 'not here' }] });
  const right = { right: 'cd'.repeat(32), gtin: GTIN, batch: `/01/${GTIN}/10/L1`, ...(await B.makeKey()) };
  const draft = { stars: 1, words: 'nobody reads this', language: 'en', photos: [], aspects: {} };
  const { content, public: published } = await B.composeReview(right, draft);
  const refused = await B.send(right, AT, '/v1/reviews', 'review', published, content, fetch).catch((error) => error);
  assert.equal(refused.status, 403);
  const { body, leftOut } = await compose(refused.sent);
  const { statement } = JSON.parse(new TextDecoder().decode(body)).public;
  assert.ok(await signedBy(right.by, statement));
  assert.deepEqual(leftOut, []);
  assert.ok(!new TextDecoder().decode(body).includes('nobody'));
});

test('a photo is signed by what is sent; the site names what it will serve', async () => {
  const { fetch, asked } = stub({ 'POST /v1/photos': { photo: 'ee'.repeat(32) } });
  const right = { right: 'cd'.repeat(32), gtin: GTIN, ...(await B.makeKey()) };
  assert.equal(await B.sendPhoto(right, AT, new Uint8Array([1, 2]), 'image/png', fetch), 'ee'.repeat(32));
  const statement = JSON.parse(asked[0].headers['suyuan-statement']);
  assert.deepEqual([statement.kind, statement.subject, statement.content], ['photo', `/reviews/${GTIN}`, sha(Buffer.from([1, 2])).toString('hex')]);
  assert.equal(asked[0].headers['suyuan-right'], right.right);
});
