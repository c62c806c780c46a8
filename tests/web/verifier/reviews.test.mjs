// The reviews that a stream tells of, words that are held against their hash, and receipts whose promise is kept or not.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { encodeCheckReceipt, foldReviews, jcs, RECEIPT_SELECTORS, sha256, toHex, verifyContent, verifyEntry } from '../../../backend/suyuan/web/static/reviews.js';
import * as W from './world.mjs';

let world;
before(async () => { world = await W.makeWorld(); });

/** Entries of a stream, without its hashes: what the fold reads. */
const told = (...steps) => steps.map(([kind, right, arg, more = {}], i) => ({
  index: 10 + i,
  header: W.pack({ version: 1, kind: { ...W.KIND, 'review.erase': 12 }[kind], arg, key: W.ZERO, seq: i, prev: W.ZERO, at: 1000 + i, state: W.ZERO, body: W.ZERO }),
  body: { kind, by: 'k' + right, public: { right, ...more } },
}));
const fold = (...steps) => foldReviews(told(...steps));
const statesOf = ({ reviews }) => reviews.map(({ right, state, stars }) => [right, state, stars]);
const written = ['review', 'a', 4, { batch: 'b', stars: 4, private: 'p', aspects: { value: 5 } }];

describe('reviews', () => {
  test('of the world, newest first', () => {
    const { reviews, older } = foldReviews(W.reviewBundle(world).entries);
    assert.deepEqual(reviews.map(({ stars, state, reason, basis }) => [stars, state, reason, basis]), [[1, 'withheld', 'abuse', 'CC-1024'], [4, 'shown', null, null], [5, 'shown', null, null]]);
    assert.deepEqual(reviews.map(({ amended, replied }) => [!!amended, !!replied]), [[false, false], [true, false], [false, true]]);
    assert.deepEqual(older, []);
    assert.equal(reviews[2].private, W.shaText('words0'));
    assert.equal(reviews[1].private, W.shaText('words again'));
    assert.equal(reviews[2].reply, W.shaText('thanks'));
    assert.ok(reviews[0].index > reviews[1].index);
  });
  test('one that was written', () => {
    assert.deepEqual(fold(written).reviews, [{
      right: 'a', batch: 'b', stars: 4, aspects: { value: 5 }, private: 'p', state: 'shown', withheld: false, reason: null, basis: null,
      amended: null, index: 10, at: 1000, by: 'ka', replied: null, reply: null,
    }]);
  });
  const amend = ['review.amend', 'a', (4 << 3) | 2, { stars: 2, private: 'q' }];
  const hold = ['review.withhold', 'a', 4 << 3, { reason: 'fake', basis: 'EC-17' }];
  const restore = ['review.restore', 'a', 4 << 3, { reason: 'appeal' }];
  const withdraw = ['review.withdraw', 'a', 4 << 3];
  const erase = ['review.erase', 'a', 0, { basis: 'PIPL-47' }];
  for (const [name, steps, expected] of [
    ['amended', [amend], 'shown'], ['withheld', [hold], 'withheld'], ['restored', [hold, restore], 'shown'], ['withdrawn', [withdraw], 'withdrawn'],
    ['withdrawn while withheld', [hold, withdraw], 'withdrawn'], ['erased', [erase], 'erased'], ['erased while withheld', [hold, erase], 'erased'],
    ['erased after it was withdrawn', [withdraw, erase], 'withdrawn'],
  ]) test(name, () => assert.equal(fold(written, ...steps).reviews[0].state, expected));
  test('what an amendment changes', () => {
    const [review] = fold(written, amend).reviews;
    assert.deepEqual([review.stars, review.private, review.aspects, review.amended, review.index], [2, 'q', {}, 1001, 10]);
  });
  test('why it is withheld, until it is not', () => {
    assert.deepEqual(fold(written, hold).reviews.map((r) => [r.withheld, r.reason, r.basis]), [[true, 'fake', 'EC-17']]);
    assert.deepEqual(fold(written, hold, restore).reviews.map((r) => [r.withheld, r.reason, r.basis]), [[false, null, null]]);
  });
  test('events about older ones are told by themselves', () => {
    const { reviews, older } = fold(amend, hold, ['review.reply', 'a', 0, { private: 'r' }], ['review.withdraw', 'c', (1 << 6) | (3 << 3)]);
    assert.deepEqual(reviews, []);
    assert.deepEqual(older.map(({ kind, right, stars, old, withheld }) => [kind, right, stars, old, withheld]), [
      ['review.withdraw', 'c', null, 3, true], ['review.reply', 'a', null, null, false], ['review.withhold', 'a', null, 4, false], ['review.amend', 'a', 2, 4, false],
    ]);
    assert.deepEqual([older[2].reason, older[2].basis, older[1].private], ['fake', 'EC-17', 'r']);
  });
  test('names from Object.prototype are rights like others', () => {
    assert.deepEqual(statesOf(fold(['review.reply', '__proto__', 0], ['review', 'constructor', 3])), [['constructor', 'shown', 3]]);
  });
  test('what is none is passed over', () => {
    for (const bad of [undefined, null, {}, 'x', [], [{}], [{ header: 'x' }], [{ ...told(written)[0], body: null }], [{ ...told(written)[0], body: { public: { right: 7 } } }], told(['product', 'a', 0])]) {
      assert.deepEqual(foldReviews(bad), { reviews: [], older: [] });
    }
  });
});

test('words are those that were signed, or not', async () => {
  const content = { salt: 'ab'.repeat(16), words: '好茶', language: 'zh', photos: [] };
  const hash = W.shaText(W.canonical(content));
  assert.equal(await verifyContent(content, hash), true);
  assert.equal(await verifyContent({ ...content, words: '好茶 ' }, hash), false);
  assert.equal(await verifyContent({ ...content, extra: 1 }, hash), false);
  for (const bad of [undefined, null, 'x', [], 5, { words: '\ud800' }, { n: 2 ** 53 }]) assert.equal(await verifyContent(bad, hash), false);
  for (const bad of [undefined, null, '', hash.toUpperCase(), [hash]]) assert.equal(await verifyContent(content, bad), false);
  assert.equal(hash, await sha256(jcs(content)));
  assert.equal(toHex(new Uint8Array([1, 255])), '01ff');
});

describe('receipts', () => {
  const receiptOf = (entry, more = {}) => ({ leaves: entry.leaf, index: entry.index, count: 1, issuedAt: Math.floor(world.at / 1000), sealBy: world.sealed.sealedAt + 60, signature: 'ab'.repeat(65), ...more });
  const answerOf = (entry, more = {}) => ({
    chain: { id: W.CHAIN, journal: W.JOURNAL }, seal: world.sealed, subject: entry.subject, index: entry.index, header: entry.hex, body: entry.body,
    proof: W.treePath(entry.index, world.leaves), ...more,
  });
  /** A chain that also knows receipts and its newest state. */
  const rpc = ({ verdict = 0, size = world.sealed.size, over = {} } = {}) => {
    const inner = world.rpc(over);
    return async (method, params) => {
      const data = params[0]?.data ?? '';
      const answer = { [RECEIPT_SELECTORS.checkReceipt]: [verdict], [RECEIPT_SELECTORS.head]: [size, 0, 0, 0] }[data.slice(2, 10)];
      return answer ? '0x' + answer.map((n) => n.toString(16).padStart(64, '0')).join('') : inner(method, params);
    };
  };
  const judged = async (answer, receipt, chain = {}, more = {}) => {
    const { state, code, receipt: said } = await verifyEntry(answer, receipt, W.optionsOf(world, { rpc: rpc(chain), ...more }));
    return [state, code, said];
  };
  let entry;
  before(() => { entry = world.streams.get(W.REVIEWS)[1]; });

  test('kept, under a seal that the contract confirms', async () => {
    assert.deepEqual(await judged(answerOf(entry), receiptOf(entry)), ['kept', 'in-time', 'valid']);
    assert.deepEqual(await judged(answerOf(entry), receiptOf(entry, { sealBy: world.sealed.sealedAt - 1 })), ['kept', 'sealed', 'valid']);
    assert.deepEqual(await judged(answerOf(entry), receiptOf(entry), { verdict: 2 }), ['kept', 'in-time', 'unknown-key']);
    const { independent, seal, block } = await verifyEntry(answerOf(entry), receiptOf(entry), W.optionsOf(world, { rpc: rpc() }));
    assert.deepEqual([independent, seal, block], [true, { number: 7, size: world.sealed.size, sealedAt: world.sealed.sealedAt }, 900]);
    assert.equal((await verifyEntry(answerOf(entry), receiptOf(entry), W.optionsOf(world, { rpc: rpc(), sameOrigin: true }))).independent, false);
  });
  test('another entry at its place breaks the promise, where the receipt counts', async () => {
    const other = receiptOf(entry, { leaves: W.sha('') });
    assert.deepEqual(await judged(answerOf(entry), other), ['broken', 'another-entry', 'valid']);
    for (const [verdict, name] of [[1, 'bad-signature'], [2, 'unknown-key'], [3, 'out-of-bounds'], [9, 'unknown-verdict']]) {
      assert.deepEqual(await judged(answerOf(entry), other, { verdict }), ['unchecked', 'receipt-' + name, name]);
    }
  });
  test('what is shown and false', async () => {
    const flip = (hex, at = 0) => hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1);
    const code = async (more) => (await judged(answerOf(entry, more), receiptOf(entry))).slice(0, 2);
    for (let at = 0; at < 294; at += 7) assert.ok(['body-differs', 'not-included', 'answer-form'].includes((await code({ header: flip(entry.hex, at) }))[1]), String(at));
    assert.deepEqual(await code({ proof: [] }), ['broken', 'not-included']);
    assert.deepEqual(await code({ proof: answerOf(entry).proof.map((h) => flip(h)) }), ['broken', 'not-included']);
    assert.deepEqual(await code({ subject: W.LOT }), ['broken', 'body-differs']);
    assert.deepEqual(await code({ body: { ...entry.body, by: 'x' } }), ['broken', 'body-differs']);
    assert.deepEqual(await code({ body: { n: 0.5 } }), ['broken', 'body-differs']);
    for (const [name, value] of [['root', W.sha('')], ['heads', W.sha('')], ['size', 9], ['sealedAt', 1], ['number', 6]]) {
      assert.deepEqual(await code({ seal: { ...world.sealed, [name]: value } }), ['broken', 'seal-unknown'], name);
    }
    assert.deepEqual(await code({ seal: { ...world.sealed, number: 8, block: 5000 } }), ['unchecked', 'rpc-behind']);
    assert.deepEqual(await code({ chain: { id: 1, journal: W.JOURNAL } }), ['broken', 'other-deployment']);
    assert.deepEqual(await code({ chain: { id: W.CHAIN, journal: W.MERCHANTS } }), ['broken', 'other-deployment']);
    assert.deepEqual(await code({ index: entry.index + 1 }), ['unchecked', 'other-index']);
  });
  test('waiting until it is due, then late', async () => {
    const waits = answerOf(entry, { pending: true, proof: undefined });
    const size = entry.index;
    const due = receiptOf(entry).sealBy;
    const at = (now, chain = {}, receipt = receiptOf(entry)) => judged(waits, receipt, { size, ...chain }, { now });
    assert.deepEqual(await at(due), ['waiting', 'not-yet-due', 'valid']);
    assert.deepEqual(await at(due + 1), ['broken', 'late', 'valid']);
    assert.deepEqual(await at((due + 1) * 1000), ['broken', 'late', 'valid']);
    assert.deepEqual(await at(due + 1, { verdict: 3 }), ['unchecked', 'receipt-out-of-bounds', 'out-of-bounds']);
    assert.deepEqual(await at(due, { verdict: 1 }), ['unchecked', 'receipt-bad-signature', 'bad-signature']);
    assert.deepEqual(await at(due + 1, { size: entry.index + 1 }), ['unchecked', 'not-shown', 'valid']);
    assert.deepEqual(await at(due, {}, receiptOf(entry, { leaves: W.sha('') })), ['unchecked', 'another-entry', 'valid']);
    assert.deepEqual((await judged({ ...waits, seal: undefined }, receiptOf(entry), { size }, { now: due })).slice(0, 2), ['waiting', 'not-yet-due']);
  });
  test('what could not be checked', async () => {
    const code = async (more) => (await judged(answerOf(entry), receiptOf(entry), {}, more)).slice(0, 2);
    assert.deepEqual(await code({ rpc: undefined }), ['unchecked', 'rpc-absent']);
    assert.deepEqual(await code({ pinned: undefined }), ['unchecked', 'not-pinned']);
    assert.deepEqual(await code({ rpc: async () => { throw new Error('x'); } }), ['unchecked', 'rpc-unreachable']);
    assert.deepEqual(await code({ rpc: async () => '0x1' }), ['unchecked', 'rpc-wrong-chain']);
    assert.deepEqual(await code({ rpc: rpc({ over: { isSeal: () => '0x' } }) }), ['unchecked', 'no-contract']);
    assert.deepEqual(await code({ rpc: rpc({ over: { isSeal: () => '0x' + '2'.padStart(64, '0') } }) }), ['unchecked', 'rpc-unusable']);
    assert.deepEqual(await judged(answerOf(entry), receiptOf(entry, { count: 2 })), ['unchecked', 'receipt-run', null]);
  });
  test('what is no answer and no receipt', async () => {
    const cyclic = {};
    cyclic.self = cyclic;
    for (const bad of [undefined, null, 5, '', [], {}, cyclic, () => 1, 10n, new Proxy({}, { get() { throw new Error('x'); }, ownKeys() { throw new Error('y'); } })]) {
      assert.equal((await judged(bad, receiptOf(entry)))[0], 'unchecked');
      assert.equal((await judged(answerOf(entry), bad))[0], 'unchecked');
    }
    for (const name of Object.keys(receiptOf(entry))) assert.deepEqual(await judged(answerOf(entry), { ...receiptOf(entry), [name]: null }), ['unchecked', 'receipt-form', null]);
    for (const name of Object.keys(answerOf(entry))) assert.deepEqual(await judged(answerOf(entry, { [name]: 7 }), receiptOf(entry)), ['unchecked', name === 'index' ? 'other-index' : 'answer-form', null]);
    for (const options of [undefined, null, 5, { rpc: 5 }, { pinned: 5 }]) assert.equal((await verifyEntry(answerOf(entry), receiptOf(entry), options)).state, 'unchecked');
  });
  test('a receipt is asked after as the contract has it', () => {
    const data = encodeCheckReceipt(receiptOf(entry));
    assert.equal(data.length, 2 + 8 + 64 * 6 + 64 + 64 * 3);
  });
});
