// Every byte class and field of a bundle, changed: refused, and by the obligation that it breaks.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { verify } from '../../../backend/suyuan/web/static/verifier.js';
import * as W from './world.mjs';

let world;
let bundles;
before(async () => {
  world = await W.makeWorld();
  bundles = { item: W.itemBundle(world), reviews: W.reviewBundle(world), lot: world.bundle(W.LOT), absent: world.bundle('/01/00000000009999') };
});

const failing = (result, state = 'fails') => result.obligations.filter((o) => o.state === state).map((o) => o.number);
const flip = (hex, at = 0) => hex.slice(0, at) + (hex[at] === '0' ? '1' : '0') + hex.slice(at + 1);

/** The bundle after `change`, verified: at least obligation `number` must be in `state`. */
function refused(name, which, number, change, { state = 'fails', code, options = {} } = {}) {
  test(name, async () => {
    const bundle = structuredClone(bundles[which]);
    const changed = change(bundle) ?? bundle;
    assert.notDeepEqual(changed, bundles[which], 'the change changed nothing');
    const result = await verify(changed, W.optionsOf(world, options));
    assert.notEqual(result.verdict, 'holds');
    assert.ok(failing(result, state).includes(number), `(${number}) ${state}: ${JSON.stringify(result.obligations.map((o) => [o.number, o.state, o.code]))}`);
    if (code) assert.ok(result.obligations[number - 1].evidence.faults.some((f) => f.code === code), JSON.stringify(result.obligations[number - 1]));
  });
}

test('the untouched bundles hold, independently', async () => {
  for (const [name, bundle] of Object.entries(bundles)) {
    const result = await verify(bundle, W.optionsOf(world));
    assert.equal(result.verdict, 'holds', name + JSON.stringify(result.obligations.filter((o) => o.state !== 'holds')));
    assert.equal(result.independent, true);
    assert.deepEqual(result.obligations.map((o) => o.number), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  }
});

describe('headers', () => {
  const fields = [ // name, hex offset, obligations that must notice
    ['version', 1, 4], ['kind', 3, 4], ['arg', 5, 8], ['key', 6, 4], ['seq', 85, 5], ['prev', 90, 5], ['at', 165, 6],
    ['state', 170, 8], ['body', 235, 4],
  ];
  for (const [field, at, number] of fields) {
    for (const [which, place] of [['item', 1], ['reviews', 1]]) {
      refused(`${which}: ${field}`, which, number, (b) => { b.entries[place].header = flip(b.entries[place].header, at); });
    }
    refused(`newest: ${field}`, 'reviews', 3, (b) => { b.entries.at(-1).header = flip(b.entries.at(-1).header, at); });
    refused(`support: ${field} is not included`, 'reviews', 6, (b) => { b.support[0].header = flip(b.support[0].header, at); });
    refused(`related: ${field}`, 'item', 9, (b) => { b.related[0].entries[0].header = flip(b.related[0].entries[0].header, at); });
  }
  test('every single hex digit of a header matters', async () => {
    for (let i = 0; i < 294; i += 3) {
      const bundle = structuredClone(bundles.lot);
      bundle.entries[0].header = flip(bundle.entries[0].header, i);
      assert.equal((await verify(bundle, W.optionsOf(world))).verdict, 'fails', String(i));
    }
  });
});

describe('(1) deployment and seal', () => {
  refused('another chain', 'lot', 1, (b) => { b.chain.id = 1; }, { code: 'other-deployment' });
  refused('another journal', 'lot', 1, (b) => { b.chain.journal = '0x' + '99'.repeat(20); }, { code: 'other-deployment' });
  for (const field of ['number', 'size', 'sealedAt']) refused(`seal ${field}`, 'lot', 1, (b) => { b.seal[field] += 1; }, { code: 'seal-unknown' });
  refused('seal root', 'lot', 1, (b) => { b.seal.root = flip(b.seal.root); }, { code: 'seal-unknown' });
  refused('seal heads', 'lot', 1, (b) => { b.seal.heads = flip(b.seal.heads); }, { code: 'seal-unknown' });
  refused('a root changed misses the entries', 'lot', 6, (b) => { b.seal.root = flip(b.seal.root); });
  refused('a size changed misses the entries', 'lot', 6, (b) => { b.seal.size = 2; });
  refused('heads changed miss the head', 'lot', 2, (b) => { b.seal.heads = flip(b.seal.heads); });
  refused('a seal that an rpc behind cannot know', 'lot', 1, (b) => { b.seal.number = 9; b.seal.block = 5000; }, { state: 'unchecked', code: 'rpc-behind' });
});

describe('(2) (3) head', () => {
  refused('leaf', 'item', 2, (b) => { b.head.leaf = flip(b.head.leaf); });
  refused('leaf against the newest', 'item', 3, (b) => { b.head.leaf = flip(b.head.leaf); }, { code: 'leaf-differs' });
  refused('count', 'item', 2, (b) => { b.head.count += 1; });
  refused('count against the newest', 'item', 3, (b) => { b.head.count += 1; }, { code: 'count-differs' });
  refused('count 0', 'item', 2, (b) => { b.head.count = 0; });
  refused('sibling dropped', 'item', 2, (b) => { b.head.siblings.pop(); });
  refused('first sibling dropped', 'item', 2, (b) => { b.head.siblings.shift(); });
  refused('sibling added', 'item', 2, (b) => { b.head.siblings.push(W.ZERO); });
  refused('sibling in front', 'item', 2, (b) => { b.head.siblings.unshift(W.sha('00')); });
  refused('sibling changed', 'item', 2, (b) => { b.head.siblings[0] = flip(b.head.siblings[0]); });
  refused('sibling of another length', 'item', 2, (b) => { b.head.siblings[0] += '00'; });
  refused('siblings swapped', 'item', 2, (b) => { b.head.siblings.reverse(); });
  refused('257 siblings', 'item', 2, (b) => { b.head.siblings = Array(257).fill(W.ZERO); });
  refused('the newest entry left out', 'item', 3, (b) => { b.entries.pop(); }, { code: 'count-differs' });
  refused('all entries left out', 'item', 3, (b) => { b.entries = []; }, { code: 'none-shown' });
  refused('present said to be absent, met itself', 'item', 2, (b) => {
    b.head = { met: { key: W.shaText(W.ITEM), count: b.head.count, leaf: b.head.leaf }, siblings: b.head.siblings };
  });
  refused('present said to be absent, met nothing', 'item', 2, (b) => { b.head = { met: null, siblings: b.head.siblings }; b.entries = []; });
  refused('present said to be absent by another proof', 'item', 2, (b) => { b.head = structuredClone(bundles.absent.head); b.entries = []; });
  refused('absent, with entries', 'item', 3, (b) => { b.head = structuredClone(bundles.absent.head); }, { code: 'entries-of-absent' });
  refused('absent said to be present', 'absent', 2, (b) => { b.head = { count: b.head.met?.count ?? 1, leaf: b.head.met?.leaf ?? W.ZERO, siblings: b.head.siblings }; });
  refused('absent: met of another path', 'absent', 2, (b) => { b.head.met = { key: flip(W.shaText('/01/00000000009999')), count: 1, leaf: W.ZERO }; });
  refused('absent: another subject with the same proof', 'absent', 2, (b) => { b.subject = W.ITEM; });
});

describe('(4) bodies and documents', () => {
  refused('body: public', 'reviews', 4, (b) => { b.entries[0].body.public.stars = 4; }, { code: 'body-hash' });
  refused('body: a member added', 'item', 4, (b) => { b.entries[0].body.x = 1; }, { code: 'body-hash' });
  refused('body: kind', 'item', 4, (b) => { b.entries[0].body.kind = 'recall'; }, { code: 'kind-differs' });
  refused('body: subject', 'lot', 4, (b) => { b.entries[0].body.subject = W.ITEM; }, { code: 'subject-differs' });
  refused('body: subject left out', 'lot', 4, (b) => { delete b.entries[0].body.subject; }, { code: 'subject-differs' });
  refused('body: author', 'item', 4, (b) => { b.entries[0].body.by = W.OPERATOR; }, { code: 'body-hash' });
  refused('body: a fraction', 'lot', 4, (b) => { b.entries[0].body.public.quantity = 5.5; }, { code: 'body-form' });
  refused('body: a name that is not ASCII', 'lot', 4, (b) => { b.entries[0].body['名'] = 1; }, { code: 'body-form' });
  refused('body: too large', 'lot', 4, (b) => { b.entries[0].body.x = 'x'.repeat(70000); }, { code: 'body-size' });
  refused('another subject', 'lot', 4, (b) => { b.subject = '/01/' + W.GTIN; }, { code: 'key-differs' });
  refused('support under another subject', 'reviews', 4, (b) => { b.support[0].subject = W.REVIEWS; }, { code: 'key-differs' });
  refused('document changed', 'item', 4, (b) => { Object.values(b.documents)[0].type = 'x'; }, { code: 'document-hash' });
  refused('document under another name', 'item', 4, (b) => { const [a, c] = Object.keys(b.documents); [b.documents[a], b.documents[c]] = [b.documents[c], b.documents[a]]; }, { code: 'document-hash' });
  refused('document renamed', 'item', 4, (b) => { const [a] = Object.keys(b.documents); b.documents[flip(a)] = b.documents[a]; delete b.documents[a]; }, { code: 'document-hash' });
  refused('document that nothing names, and is not what it says', 'lot', 4, (b) => { b.documents[W.sha('')] = {}; }, { code: 'document-hash' });
  refused('document left out', 'lot', 4, (b) => { b.documents = {}; }, { state: 'unchecked', code: 'document-missing' });
  refused('document: an integer beyond 2^53', 'lot', 4, (b) => { Object.values(b.documents)[0].n = 2 ** 53; }, { code: 'document-hash' });
});

describe('(5) order', () => {
  refused('a gap in the middle', 'item', 5, (b) => { b.entries.splice(1, 1); }, { code: 'seq-gap' });
  refused('swapped', 'item', 5, (b) => { [b.entries[0], b.entries[1]] = [b.entries[1], b.entries[0]]; }, { code: 'seq-gap' });
  refused('reversed', 'reviews', 5, (b) => { b.entries.reverse(); });
  refused('an entry twice', 'item', 5, (b) => { b.entries.splice(1, 0, structuredClone(b.entries[1])); }, { code: 'seq-gap' });
  refused('index out of order', 'item', 5, (b) => { b.entries[0].index = b.entries[1].index + 1; }, { code: 'index-order' });
  refused('newer than its seal', 'lot', 5, (b) => { b.seal.sealedAt -= 5000; }, { code: 'too-late' });
  test('the oldest left out: holds, and says what is not shown', async () => {
    const result = await verify(world.bundle(W.REVIEWS, { support: world.claims, limit: 3 }), W.optionsOf(world));
    assert.equal(result.verdict, 'holds');
    assert.deepEqual(result.notShown, [{ code: 'older-entries', subject: W.REVIEWS, count: 3 }]);
    assert.equal(result.obligations[7].code, 'from-oldest-shown');
  });
});

describe('(6) inclusion', () => {
  refused('index', 'item', 6, (b) => { b.entries[0].index += 1; }, { code: 'no-proof' });
  refused('index in both places', 'item', 6, (b) => { b.entries[0].index += 1; b.inclusion[0].index += 1; }, { code: 'not-included' });
  refused('index beyond the seal', 'item', 6, (b) => { b.entries[2].index = b.inclusion[2].index = 5000; }, { code: 'not-included' });
  refused('no proof of one', 'item', 6, (b) => { b.inclusion.pop(); }, { code: 'no-proof' });
  refused('no proofs', 'item', 6, (b) => { delete b.inclusion; }, { code: 'no-proof' });
  refused('number dropped', 'item', 6, (b) => { b.inclusion[0].proof.pop(); });
  refused('number added', 'item', 6, (b) => { b.inclusion[0].proof.push(0); });
  refused('number changed', 'item', 6, (b) => { b.inclusion[0].proof[0] += 1; });
  for (const [name, bad] of [['beyond the list', 1e6], ['negative', -1], ['a fraction', 0.5], ['a name', '__proto__'], ['text', '0'], ['null', null], ['length', 'length']]) {
    refused(`number: ${name}`, 'item', 6, (b) => { b.inclusion[0].proof[0] = bad; }, { code: 'not-included' });
  }
  refused('hash changed', 'item', 6, (b) => { b.hashes[0] = flip(b.hashes[0]); });
  refused('hash dropped', 'item', 6, (b) => { b.hashes.shift(); });
  refused('support without proof', 'reviews', 6, (b) => { b.inclusion = b.inclusion.filter((x) => x.index !== b.support[0].index); }, { code: 'no-proof' });
});

describe('(7) signatures', () => {
  const verdicts = (n) => ({ options: { rpc: world.rpc({ check: (w, data) => {
    const claims = W.decodeClaims(data.slice(10));
    return '0x' + [32, claims.length, ...claims.map((_, i) => (i === claims.length - 1 ? n : 0))].map((x) => x.toString(16).padStart(64, '0')).join('');
  } }) } });
  for (const [n, code] of [[1, 'unknown-signer'], [2, 'bad-signature'], [3, 'no-standing'], [4, 'issued-late'], [9, 'unknown-verdict']]) {
    test(`the registry says ${code}`, async () => {
      const result = await verify(bundles.lot, W.optionsOf(world, verdicts(n).options));
      assert.equal(result.verdict, 'fails');
      assert.deepEqual([result.obligations[6].state, result.obligations[6].code], ['fails', code]);
    });
  }
  refused('signature', 'lot', 7, (b) => { b.entries[0].body.signature = flip(b.entries[0].body.signature); }, { code: 'bad-signature' });
  refused('no signature', 'lot', 7, (b) => { delete b.entries[0].body.signature; }, { code: 'unsigned' });
  refused('nonce', 'lot', 7, (b) => { b.entries[0].body.nonce = flip(b.entries[0].body.nonce); }, { code: 'bad-signature' });
  refused('issuedAt', 'lot', 7, (b) => { b.entries[0].body.issuedAt += 1; }, { code: 'bad-signature' });
  refused('nobody known', 'lot', 7, (b) => { b.entries[0].body.by = '0x' + '77'.repeat(20); }, { code: 'unknown-signer' });
  refused('a list for an author', 'lot', 7, (b) => { b.entries[0].body.by = [W.MERCHANT]; }, { code: 'author' });
  refused('a huge time', 'lot', 7, (b) => { b.entries[0].body.issuedAt = 1e300; }, { code: 'statement-form' });
  refused('a shopper\'s signature', 'reviews', 7, (b) => { b.entries[0].body.signature = flip(b.entries[0].body.signature); }, { code: 'bad-signature' });
  refused('a shopper\'s words', 'reviews', 7, (b) => { b.entries[0].body.public.stars = 2; }, { code: 'bad-signature' });
  refused('another shopper\'s key', 'reviews', 7, (b) => { b.entries[0].body.by = b.entries[1].body.by; }, { code: 'bad-signature' });
  refused('no point of the curve', 'reviews', 7, (b) => { b.entries[0].body.by = '04' + '11'.repeat(64); }, { code: 'bad-signature' });
  refused('the claim left out', 'reviews', 7, (b) => { b.support.shift(); }, { state: 'unchecked', code: 'claim-missing' });
  refused('the claims left out', 'reviews', 7, (b) => { delete b.support; }, { state: 'unchecked', code: 'claim-missing' });
});

describe('worlds that lie', () => {
  const lying = (name, number, code, make, subject = W.REVIEWS, state = 'fails', also = []) => test(name, async () => {
    const w = await W.makeWorld();
    const more = (await make(w)) ?? {};
    w.seal();
    const result = await verify(w.bundle(subject, { support: w.claims, ...more }), W.optionsOf(w));
    assert.notEqual(result.verdict, 'holds');
    assert.ok(result.obligations[number - 1].evidence.faults.some((f) => f.code === code && f.state === state), JSON.stringify(result.obligations.filter((o) => o.state !== 'holds')));
    assert.deepEqual(failing(result, state), [number, ...also]);
  });
  lying('(8) a tally that does not follow', 8, 'misstep', (w) => w.append('review.reply', W.REVIEWS, { text: '' }, { over: { state: '000001'.padEnd(64, '0') } }));
  lying('(8) an arg that a kind has not', 8, 'misstep', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { arg: 3, state: W.ZERO } }), '/01/' + W.GTIN);
  lying('(8) a first state from nowhere', 8, 'misstep', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { state: W.sha('') } }), '/01/' + W.GTIN);
  lying('(8) stars that are not the arg', 8, 'stars-differ', async (w) => {
    const key = await W.shopper();
    w.claims.push(await w.append('claim', `/rights/${W.GTIN}`, { right: W.ZERO }, { key }));
    await w.append('review', W.REVIEWS, { right: W.ZERO, stars: 1 }, { key, arg: 5 });
  });
  lying('(5) time that goes back', 5, 'time-order', async (w) => {
    await w.append('product', '/01/' + W.GTIN, {}, { over: { at: w.at + 50000 } });
    w.at += 40000;
    await w.append('product', '/01/' + W.GTIN, { n: 2 });
    w.at -= 40000;
    await w.append('product', '/01/' + W.GTIN, { n: 3 }, { over: { at: w.at - 1 } });
  }, '/01/' + W.GTIN, 'fails', [6]); // the journal as a whole is not in order either
  lying('(5) a first entry with a prev', 5, 'first-prev', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { prev: W.sha('') } }), '/01/' + W.GTIN);
  lying('(5) a seq that skips', 5, 'seq-gap', async (w) => {
    await w.append('product', '/01/' + W.GTIN, {});
    await w.append('product', '/01/' + W.GTIN, { n: 1 }, { over: { seq: 2 } });
  }, '/01/' + W.GTIN);
  lying('(5) a prev of another stream', 5, 'prev-differs', async (w) => {
    await w.append('product', '/01/' + W.GTIN, {});
    await w.append('product', '/01/' + W.GTIN, { n: 1 }, { over: { prev: w.entries[0].leaf } });
  }, '/01/' + W.GTIN);
  lying('(5) an entry later than its seal', 5, 'too-late', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { at: w.at + 9e6 } }), '/01/' + W.GTIN);
  lying('(4) an event that does not name the subject', 4, 'not-named', (w) => w.event({ epcList: [W.dl(W.CASE)] }, ['/01/' + W.GTIN]), '/01/' + W.GTIN);
  lying('(4) a checkpoint without a document', 4, 'document-name', (w) => w.append('checkpoint', '/01/' + W.GTIN, {}, { subjectInBody: false }), '/01/' + W.GTIN);
  lying('(4) a version of tomorrow', 4, 'version', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { version: 2 } }), '/01/' + W.GTIN);
  lying('(4) a kind and a name', 4, 'kind-differs', (w) => w.append('product', '/01/' + W.GTIN, {}, { over: { kind: 14 } }), '/01/' + W.GTIN);
  lying('(7) a statement twice', 7, 'nonce-again', async (w) => {
    const { body } = await w.append('product', '/01/' + W.GTIN, {});
    await w.append('product', '/01/' + W.GTIN, {}, { nonce: body.nonce });
  }, '/01/' + W.GTIN);
  lying('(7) a review by a merchant', 7, 'author', (w) => w.append('review', W.REVIEWS, { stars: 5 }, { arg: 5 }));
  lying('(7) a claim after its review', 7, 'claim-missing', async (w) => {
    const key = await W.shopper();
    await w.append('review', W.REVIEWS, { right: W.ZERO, stars: 5 }, { key, arg: 5 });
    w.claims.push(await w.append('claim', `/rights/${W.GTIN}`, { right: W.ZERO }, { key }));
  }, W.REVIEWS, 'unchecked');
  lying('(7) a claim of a right to another product', 7, 'claim-missing', async (w) => {
    const key = await W.shopper();
    w.claims.push(await w.append('claim', '/rights/00000000000017', { right: W.ZERO }, { key }));
    await w.append('review', W.REVIEWS, { right: W.ZERO, stars: 5 }, { key, arg: 5 });
  }, W.REVIEWS, 'unchecked');
  for (const [name, claimed, right] of [['of another right', W.sha(''), W.ZERO], ['of no right', undefined, undefined], ['without one', W.ZERO, undefined]]) {
    lying(`(7) a claim ${name}`, 7, 'claim-missing', async (w) => {
      const key = await W.shopper();
      w.claims.push(await w.append('claim', `/rights/${W.GTIN}`, claimed ? { right: claimed } : {}, { key }));
      await w.append('review', W.REVIEWS, { ...(right ? { right } : {}), stars: 5 }, { key, arg: 5 });
    }, W.REVIEWS, 'unchecked');
  }
  for (const stars of [undefined, null, true, '1']) {
    lying(`(8) stars that are ${stars}`, 8, 'stars-differ', async (w) => {
      const key = await W.shopper();
      w.claims.push(await w.append('claim', `/rights/${W.GTIN}`, { right: W.ZERO }, { key }));
      await w.append('review', W.REVIEWS, { right: W.ZERO, ...(stars === undefined ? {} : { stars }) }, { key, arg: 1 });
    });
  }
  lying('(4) a number of named subjects that is not the event\'s', 4, 'not-named', (w) => w.append('checkpoint', '/01/' + W.GTIN, {
    document: w.document({ epcList: [W.dl('/01/' + W.GTIN)] }) }, { subjectInBody: false, extra: { named: 2 } }), '/01/' + W.GTIN);
  lying('(3) a head of another leaf', 3, 'leaf-differs', (w) => {
    const seal = w.seal.bind(w);
    w.seal = () => {
      seal();
      w.heads.find((h) => h.key === W.shaText(W.LOT)).leaf = w.entries[0].leaf;
      w.sealed.heads = W.mapRoot(w.heads);
      w.sealKey = JSON.stringify([7, w.sealed.size, w.sealed.root, w.sealed.heads, w.sealed.sealedAt]);
      return w;
    };
  }, W.LOT);
});

describe('(9) items, batches, containers', () => {
  const items = (change) => (b) => change(b.related[0].items, b);
  refused('serial', 'item', 9, items((i) => { i.serial = 'S-3'; }), { code: 'other-item' });
  refused('code', 'item', 9, items((i) => { i.code = flip(i.code); }), { code: 'not-in-batch' });
  refused('index', 'item', 9, items((i) => { i.index += 1; }), { code: 'not-in-batch' });
  refused('index beyond', 'item', 9, items((i) => { i.index = 99; }), { code: 'not-in-batch' });
  refused('proof cut', 'item', 9, items((i) => { i.proof.pop(); }), { code: 'not-in-batch' });
  refused('proof padded', 'item', 9, items((i) => { i.proof.push(0); }), { code: 'not-in-batch' });
  refused('proof pointing nowhere', 'item', 9, items((i) => { i.proof[0] = 1e9; }), { code: 'not-in-batch' });
  refused('proof by a name', 'item', 9, items((i) => { i.proof[0] = '__proto__'; }), { code: 'not-in-batch' });
  refused('no items proof', 'item', 9, (b) => { delete b.related[0].items; }, { state: 'unchecked', code: 'no-items-proof' });
  refused('no batch', 'item', 9, (b) => { b.related.shift(); }, { state: 'unchecked', code: 'no-batch' });
  refused('no related at all', 'item', 9, (b) => { delete b.related; }, { state: 'unchecked', code: 'no-batch' });
  refused('the case left out', 'item', 9, (b) => { b.related.splice(1, 1); }, { state: 'unchecked', code: 'container-missing' });
  refused('the pallet of the case left out', 'item', 9, (b) => { b.related.splice(2, 1); }, { state: 'unchecked', code: 'container-missing' });
  refused('a container that the item never was in', 'item', 9, (b) => { b.related[1] = { relation: 'container', ...structuredClone(bundles.absent), subject: '/00/095212345432100033' }; }, { code: 'related-fails' });
  test('members that only the verifier may set are not taken from a bundle', async () => {
    const { bundle, w } = { bundle: structuredClone(bundles.lot), w: world };
    for (const entry of bundle.entries) Object.assign(entry, { event: { parentID: W.dl(W.CASE), childEPCs: [W.dl(W.LOT)] }, leaf: 'x', sound: true, fail: null, stream: null });
    bundle.related = structuredClone(bundles.item.related.filter((r) => r.subject === W.CASE));
    const result = await verify({ ...bundle, hashes: [...bundle.hashes] }, W.optionsOf(w));
    assert.ok(result.obligations[8].evidence.faults.some((f) => f.code === 'container-unproven'));
  });
  refused('a batch called a container', 'item', 9, (b) => { b.related[0].relation = 'container'; }, { state: 'unchecked', code: 'container-unproven' });
  refused('a relation unknown', 'item', 9, (b) => { b.related[0].relation = 'friend'; }, { code: 'relation' });
  refused('related: another subject', 'item', 9, (b) => { b.related[0].subject = `/01/${W.GTIN}/10/OTHER`; }, { code: 'related-fails' });
  refused('related: head', 'item', 9, (b) => { b.related[1].head.count += 1; }, { code: 'related-fails' });
  refused('related: newest left out', 'item', 9, (b) => { b.related[2].entries.pop(); }, { code: 'related-fails' });
  refused('related: inclusion left out', 'item', 9, (b) => { b.related[2].inclusion = []; }, { code: 'related-fails' });
  refused('related: document changed', 'item', 9, (b) => { Object.values(b.related[0].documents)[0].x = 1; }, { code: 'related-fails' });
  refused('related: body', 'item', 9, (b) => { b.related[0].entries[0].body.public.quantity = 6; }, { code: 'related-fails' });
  refused('related: signature', 'item', 9, (b) => { b.related[2].entries[0].body.signature = flip(b.related[2].entries[0].body.signature); }, { code: 'related-fails' });

  const registered = (name, change, code, state = 'fails', which = 'item') => test(name, async () => {
    const w = await W.makeWorld();
    const bundle = which === 'item' ? W.itemBundle(w) : w.bundle(W.LOT);
    change(w.batches, w.batches.get(W.LOT));
    const { obligations, verdict } = await verify(bundle, W.optionsOf(w));
    assert.equal(verdict, state);
    assert.deepEqual([obligations[8].state, obligations[8].code], [state, code]);
  });
  registered('the registry has no such batch', (all) => all.clear(), 'not-registered', 'unchecked');
  registered('a batch that is not registered', (all) => all.clear(), 'not-registered', 'unchecked', 'lot');
  registered('another itemsRoot', (_, b) => { b.itemsRoot = W.sha(''); }, 'registry-differs');
  registered('another quantity', (_, b) => { b.quantity = 6; }, 'registry-differs');
  registered('another merchant', (_, b) => { b.merchant = W.OPERATOR; }, 'registry-differs', 'fails', 'lot');
  registered('another content', (_, b) => { b.content = W.sha('00'); }, 'registry-differs', 'fails', 'lot');
  test('containers of the batch belong, and need not be there; those of a transaction, and left ones, do not', async () => {
    const w = await W.makeWorld();
    const [a, b, c, d] = ['/00/095212345432100040', '/00/095212345432100057', '/00/095212345432100064', '/00/095212345432100071'];
    await w.event({ type: 'AggregationEvent', action: 'ADD', parentID: W.dl(a), childEPCs: [W.dl(W.ITEM)] }, [a, W.ITEM]);
    await w.event({ type: 'AggregationEvent', action: 'ADD', parentID: W.dl(b), childQuantityList: [{ epcClass: W.dl(W.LOT) }] }, [b, W.LOT]);
    await w.event({ type: 'TransactionEvent', action: 'ADD', parentID: W.dl(c), epcList: [W.dl(W.ITEM)] }, [c, W.ITEM]);
    await w.event({ type: 'AggregationEvent', action: 'DELETE', parentID: W.dl(d), childEPCs: [W.dl(W.ITEM)] }, [d, W.ITEM]);
    w.seal();
    const answer = async (...more) => {
      const related = more.map((of) => ({ relation: 'container', of }));
      const { verdict, obligations } = await verify(w.bundle(W.ITEM, { related: [...W.related, ...related] }), W.optionsOf(w));
      return [verdict, obligations[8].code];
    };
    assert.deepEqual(await answer(a, b), ['holds', 'registered']);
    assert.deepEqual(await answer(a), ['holds', 'registered']);
    assert.deepEqual(await answer(b), ['unchecked', 'container-missing']);
    assert.deepEqual(await answer(a, c), ['unchecked', 'container-unproven']);
    assert.deepEqual(await answer(a, d), ['unchecked', 'container-unproven']);
    assert.deepEqual(await answer(a, W.LOT), ['unchecked', 'container-unproven']);
  });
  test('what waits puts an item into a container, too', async () => {
    const w = await W.makeWorld();
    const box = '/00/095212345432100040';
    await w.event({ type: 'ObjectEvent', action: 'OBSERVE', epcList: [W.dl(box)] }, [box]);
    const size = w.entries.length;
    await w.event({ type: 'AggregationEvent', action: 'ADD', parentID: W.dl(box), childEPCs: [W.dl(W.ITEM)] }, [box, W.ITEM]);
    w.seal(size);
    const answer = async (related) => {
      const bundle = w.bundle(W.ITEM, { related });
      for (const { body } of bundle.pending) bundle.documents[body.public.document] = w.documents.get(body.public.document);
      const { verdict, obligations } = await verify(bundle, W.optionsOf(w));
      return [verdict, obligations[8].code];
    };
    assert.deepEqual(await answer([...W.related, { relation: 'container', of: box }]), ['holds', 'registered']);
    assert.deepEqual(await answer(W.related), ['unchecked', 'container-missing']);
  });
  test('a recall is no fault, and is told', async () => {
    const w = await W.makeWorld();
    Object.assign(w.batches.get(W.LOT), { recalledAt: 1790000100, reason: W.sha('01') });
    for (const bundle of [W.itemBundle(w), w.bundle(W.LOT)]) {
      const result = await verify(bundle, W.optionsOf(w));
      assert.equal(result.verdict, 'holds');
      assert.deepEqual(result.recalled, [{ subject: W.LOT, at: 1790000100000, by: 'registry', reason: W.sha('01') }]);
    }
  });
  test('a recall in the journal alone is told, too', async () => {
    const w = await W.makeWorld();
    const entry = await w.append('recall', W.LOT, {});
    w.seal();
    const result = await verify(W.itemBundle(w), W.optionsOf(w));
    assert.equal(result.verdict, 'holds');
    assert.deepEqual(result.recalled, [{ subject: W.LOT, at: entry.header.at, by: 'journal', index: entry.index }]);
  });
});

describe('pending', () => {
  const later = async (change) => {
    const w = await W.makeWorld();
    const size = w.entries.length;
    await w.append('product', '/01/' + W.GTIN, { n: 1 });
    await w.append('review.reply', W.REVIEWS, { text: 'later' });
    w.seal(size);
    const bundle = W.reviewBundle(w);
    change?.(bundle);
    return verify(bundle, W.optionsOf(w));
  };
  test('goes on from the head and is not yet proven', async () => {
    const result = await later();
    assert.equal(result.verdict, 'holds');
    assert.deepEqual(result.pending.map(({ kind, code }) => [kind, code]), [['review.reply', 'not-yet-proven']]);
  });
  for (const [name, number, change] of [
    ['another body', 4, (b) => { b.pending[0].body.public.text = 'x'; }],
    ['another prev', 5, (b) => { b.pending[0].header = flip(b.pending[0].header, 90); }],
    ['another seq', 5, (b) => { b.pending[0].header = flip(b.pending[0].header, 85); }],
    ['an index that is sealed', 5, (b) => { b.pending[0].index = 3; }],
    ['another signature', 7, (b) => { b.pending[0].body.signature = flip(b.pending[0].body.signature); }],
    ['another state', 8, (b) => { b.pending[0].header = flip(b.pending[0].header, 170); }],
  ]) {
    test(`${name} is refused by (${number})`, async () => {
      const result = await later(change);
      assert.equal(result.verdict, 'fails');
      assert.ok(failing(result).includes(number), JSON.stringify(result.obligations));
    });
  }
  test('of a subject that the seal does not know starts at 0', async () => {
    const w = await W.makeWorld();
    const size = w.entries.length;
    await w.append('product', '/01/' + W.GTIN, { n: 1 });
    w.seal(size);
    const bundle = w.bundle('/01/' + W.GTIN);
    const result = await verify(bundle, W.optionsOf(w));
    assert.equal(result.verdict, 'holds');
    assert.equal(result.absent, true);
  });
});
