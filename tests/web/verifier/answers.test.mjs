// What the chain says, or does not; bundles that are none; speed.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { before, test } from 'node:test';
import { verify } from '../../../backend/suyuan/web/static/verifier.js';
import * as W from './world.mjs';

let world;
let bundle;
before(async () => { world = await W.makeWorld(); bundle = W.itemBundle(world); });
const states = (result) => result.obligations.map((o) => o.state);

test('without an rpc the chain\'s part could not be checked', async () => {
  const result = await verify(bundle, W.optionsOf(world, { rpc: undefined }));
  assert.equal(result.verdict, 'unchecked');
  assert.deepEqual(states(result), ['unchecked', 'holds', 'holds', 'holds', 'holds', 'holds', 'unchecked', 'holds', 'unchecked']);
  assert.deepEqual([result.obligations[0].code, result.obligations[6].code, result.independent], ['rpc-absent', 'rpc-absent', false]);
  assert.ok(result.obligations.every((o) => o.source === 'offline'));
});

test('an operator\'s own rpc is marked as such', async () => {
  const result = await verify(bundle, W.optionsOf(world, { sameOrigin: true }));
  assert.equal(result.verdict, 'holds');
  assert.equal(result.independent, false);
  assert.deepEqual(result.obligations.map((o) => o.source), ['operator', ...Array(5).fill('offline'), 'operator', 'offline', 'operator']);
});

test('an rpc at the page\'s own origin is known to be the operator\'s', async () => {
  const server = await serve(world.rpc());
  globalThis.location = new URL(server.url);
  try {
    const result = await verify(bundle, W.optionsOf(world, { rpc: server.url + 'rpc' }));
    assert.equal(result.verdict, 'holds');
    assert.equal(result.obligations[0].source, 'operator');
  } finally { delete globalThis.location; server.close(); }
});

async function serve(answer, wait = 0) {
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += part;
    const { id, method, params } = JSON.parse(text);
    await new Promise((go) => setTimeout(go, wait));
    const reply = await (async () => answer(method, params))().then((result) => ({ result }), (e) => ({ error: { code: -1, message: String(e) } }));
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
  });
  await new Promise((go) => server.listen(0, '127.0.0.1', go));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => { server.closeAllConnections(); server.close(); } };
}

test('JSON-RPC over HTTP; slow, broken and gone', async () => {
  const server = await serve(world.rpc());
  assert.equal((await verify(bundle, W.optionsOf(world, { rpc: server.url }))).verdict, 'holds');
  server.close();
  const gone = await verify(bundle, W.optionsOf(world, { rpc: server.url, timeout: 300 }));
  assert.deepEqual([gone.verdict, gone.obligations[0].code], ['unchecked', 'rpc-unreachable']);
  const slow = await serve(world.rpc(), 2000);
  const started = Date.now();
  const late = await verify(bundle, W.optionsOf(world, { rpc: slow.url, timeout: 100 }));
  assert.ok(Date.now() - started < 1500);
  assert.deepEqual([late.verdict, late.obligations[0].code], ['unchecked', 'rpc-unreachable']);
  slow.close();
  const broken = await serve(async () => { throw new Error('reverted'); });
  assert.equal((await verify(bundle, W.optionsOf(world, { rpc: broken.url }))).obligations[0].code, 'rpc-error');
  broken.close();
});

const LONG = '0x' + 'ff'.repeat(32 * 7);
for (const [name, over, code] of [
  ['another chain', { eth_chainId: () => '0x1' }, 'rpc-wrong-chain'],
  ['no contract there', { merchants: () => '0x' }, 'no-contract'],
  ['no text', { eth_blockNumber: () => 900 }, 'rpc-unusable'],
  ['a huge block', { eth_blockNumber: () => '0x' + 'f'.repeat(40) }, 'rpc-unusable'],
  ['null', { eth_chainId: () => null }, 'rpc-unusable'],
  ['throws', { isSeal: () => { throw new Error('x'); } }, 'rpc-unreachable'],
  ['a bool that is none', { isSeal: () => '0x' + '2'.padStart(64, '0') }, 'rpc-unusable'],
  ['half a word', { isSeal: () => '0x01' }, 'rpc-unusable'],
  ['a huge number for a bool', { isSeal: () => LONG }, 'rpc-unusable'],
]) {
  test(`(1) could not be checked: ${name}`, async () => {
    const result = await verify(bundle, W.optionsOf(world, { rpc: world.rpc(over) }));
    assert.deepEqual([result.verdict, result.obligations[0].state, result.obligations[0].code], ['unchecked', 'unchecked', code]);
  });
}
for (const [name, over, number] of [
  ['too few verdicts', { check: () => '0x' + ['20', '1', '0'].map((x) => x.padStart(64, '0')).join('') }, 7],
  ['no verdicts', { check: () => '0x' + ['20', '0'].map((x) => x.padStart(64, '0')).join('') }, 7],
  ['nonsense for verdicts', { check: () => LONG }, 7],
  ['a short record', { batch: () => '0x' + W.ZERO }, 9],
  ['a huge record', { batch: () => LONG }, 9],
]) {
  test(`(${number}) could not be checked: ${name}`, async () => {
    const result = await verify(bundle, W.optionsOf(world, { rpc: world.rpc(over) }));
    assert.equal(result.verdict, 'unchecked');
    assert.equal(result.obligations[number - 1].state, 'unchecked');
    assert.equal(result.obligations[0].state, 'holds');
  });
}

test('all reads are at one block', async () => {
  const tags = new Set();
  const rpc = world.rpc();
  await verify(bundle, W.optionsOf(world, { rpc: (method, params) => { if (method === 'eth_call') tags.add(params[1]); return rpc(method, params); } }));
  assert.deepEqual([...tags], ['0x384']);
});

test('age: fresh, stale, from the future; in seconds or milliseconds', async () => {
  const at = world.sealed.sealedAt;
  const first = async (more) => { const { verdict, obligations: [o], sealAge } = await verify(bundle, W.optionsOf(world, more)); return [verdict, o.code, sealAge]; };
  assert.deepEqual(await first({ now: at + 172800 }), ['holds', 'confirmed', 172800]);
  assert.deepEqual(await first({ now: at + 172801 }), ['unchecked', 'stale', 172801]);
  assert.deepEqual(await first({ now: (at + 50) * 1000, maxSealAge: 60 }), ['holds', 'confirmed', 50]);
  assert.deepEqual(await first({ now: at + 70, maxSealAge: 60 }), ['unchecked', 'stale', 70]);
  assert.deepEqual(await first({ now: at - 601 }), ['unchecked', 'from-the-future', -601]);
});

test('a bundle that was served just now is under the newest seal, or told to be older', async () => {
  const at = world.sealed.sealedAt;
  const newest = (n) => world.rpc({ seals: () => '0x' + n.toString(16).padStart(64, '0') });
  const first = async (more) => { const { verdict, obligations: [o] } = await verify(bundle, W.optionsOf(world, { live: true, now: at + 601, ...more })); return [verdict, o.code]; };
  const { number } = world.sealed;
  assert.deepEqual(await first({ rpc: newest(number) }), ['holds', 'confirmed']);
  assert.deepEqual(await first({ rpc: newest(number + 1) }), ['unchecked', 'older']);
  assert.deepEqual(await first({ rpc: newest(number + 1), now: at + 600 }), ['holds', 'confirmed']);
  assert.deepEqual(await first({ rpc: newest(number + 1), live: false }), ['holds', 'confirmed']);
});

test('pinning: none, another, in other letters', async () => {
  const first = async (pinned) => { const { verdict, obligations: [o] } = await verify(bundle, W.optionsOf(world, { pinned })); return [verdict, o.code]; };
  assert.deepEqual(await first(undefined), ['unchecked', 'not-pinned']);
  assert.deepEqual(await first({}), ['unchecked', 'not-pinned']);
  assert.deepEqual(await first({ chain: 1, journal: W.JOURNAL }), ['fails', 'other-deployment']);
  assert.deepEqual(await first({ chain: W.CHAIN, journal: W.MERCHANTS }), ['fails', 'other-deployment']);
  assert.deepEqual(await first({ chain: W.CHAIN, journal: W.JOURNAL.toUpperCase().replace('0X', '0x') }), ['holds', 'confirmed']);
});

test('what is no bundle fails with a code, and never throws', async () => {
  const cyclic = { version: 1 };
  cyclic.self = cyclic;
  const deep = [];
  let at = deep;
  for (let i = 0; i < 100000; i++) { const inner = []; at.push(inner); at = inner; }
  const bombs = [
    undefined, null, 0, 1e308, NaN, '', 'text', true, [], {}, [bundle], () => 1, Symbol('x'), 10n, cyclic, deep, new Proxy({}, { get() { throw new Error('x'); }, ownKeys() { throw new Error('y'); } }),
    JSON.parse('{"__proto__": {"version": 1}}'), { ...bundle, version: 2 }, { ...bundle, toJSON() { throw new Error('z'); } }, Object.create(bundle), { ...bundle, body: 10n },
  ];
  for (const bomb of bombs) {
    const result = await verify(bomb, W.optionsOf(world));
    assert.equal(result.verdict, 'fails');
    assert.equal(result.obligations[3].code, 'unusable');
    assert.equal(result.obligations.length, 9);
  }
  for (const options of [undefined, null, 5, 'x', { rpc: 5 }, { rpc: {}, pinned: 5 }, { pinned: { chain: W.CHAIN, journal: {} } }, { now: 'x' }, { timeout: -1, rpc: 'http://127.0.0.1:1/' }, { rpc: 'no url' }]) {
    assert.notEqual((await verify(bundle, options)).verdict, 'holds');
  }
});

test('any part of the wrong type, anywhere: never holds by it, never throws', async () => {
  const junk = [null, 0, -1, 1.5, 1e300, '', 'x', '__proto__', [], {}, [[]], true, JSON.parse('{"__proto__": 1, "constructor": {}}'), '\ud800', Array(300).fill('0'.repeat(64))];
  const paths = [];
  const walk = (value, path) => {
    if (path.length) paths.push(path);
    if (path.length < 5 && value && typeof value === 'object') for (const [k] of Object.entries(value).slice(0, 24)) walk(value[k], [...path, k]);
  };
  walk(bundle, []);
  const free = new Set(['block', 'tx']); // of the seal, not proven, nor repeated in a result
  let n = 0;
  for (const path of paths) {
    if (path[0] === 'seal' && free.has(path[1])) continue;
    for (const bad of [junk[n++ % junk.length], junk[(n * 7) % junk.length]]) {
      const copy = structuredClone(bundle);
      let at = copy;
      for (const step of path.slice(0, -1)) at = at[step];
      if (JSON.stringify(at[path.at(-1)]) === JSON.stringify(bad)) continue;
      at[path.at(-1)] = bad;
      const result = await verify(copy, W.optionsOf(world));
      const told = path[0] === 'support' || path[0] === 'pending';
      if (!told) assert.notEqual(result.verdict, 'holds', `${path.join('/')} = ${JSON.stringify(bad)?.slice(0, 50)}`);
    }
  }
  assert.ok(n > 200, String(n));
});

test('names from Object.prototype are names like others', async () => {
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const copy = JSON.parse(JSON.stringify(bundle).replace('"documents":{', `"documents":{"${name}":{},`));
    const result = await verify(copy, W.optionsOf(world));
    assert.equal(result.verdict, 'fails');
    assert.equal(result.obligations[3].code, 'document-hash');
  }
});

test('without WebCrypto nothing could be checked', async () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
  Object.defineProperty(globalThis, 'crypto', { value: undefined, configurable: true });
  try {
    const result = await verify(bundle, W.optionsOf(world));
    assert.equal(result.verdict, 'unchecked');
    assert.equal(result.obligations[0].code, 'no-crypto');
  } finally { Object.defineProperty(globalThis, 'crypto', own); }
});

test('a thousand entries are verified in a few seconds', async () => {
  const w = new W.World();
  for (let i = 0; i < 1000; i++) {
    await w.append('product', '/01/' + W.GTIN, { n: i });
    await w.append('product', `/01/${String(i).padStart(14, '0')}`, { n: i });
  }
  // proofs by levels, or making the bundle would take longer than the test
  w.seal();
  const levels = [w.leaves];
  while (levels.at(-1).length > 1) {
    const below = levels.at(-1);
    levels.push(Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => (2 * i + 1 < below.length ? W.sha('01' + below[2 * i] + below[2 * i + 1]) : below[2 * i])));
  }
  const hashes = [];
  const known = new Map();
  const big = {
    version: 1, subject: '/01/' + W.GTIN, chain: { id: W.CHAIN, journal: W.JOURNAL }, seal: w.sealed, documents: {}, hashes,
    entries: w.streams.get('/01/' + W.GTIN).map((e) => ({ index: e.index, header: e.hex, body: e.body })),
  };
  big.inclusion = big.entries.map(({ index }) => {
    const proof = [];
    for (let l = 0, i = index; l < levels.length - 1; l++, i >>= 1) {
      const sibling = levels[l][i ^ 1];
      if (sibling === undefined) continue;
      if (!known.has(sibling)) known.set(sibling, hashes.push(sibling) - 1);
      proof.push(known.get(sibling));
    }
    return { index, proof };
  });
  const { met, siblings } = W.mapProof(w.heads, W.shaText(big.subject));
  big.head = { count: met.count, leaf: met.leaf, siblings };
  const started = performance.now();
  const result = await verify(big, W.optionsOf(w));
  const took = performance.now() - started;
  assert.equal(result.verdict, 'holds', JSON.stringify(result.obligations));
  assert.ok(took < 5000, `${took} ms`);
  console.log(`# 1000 entries in ${Math.round(took)} ms`);
});

// --- what was proven against the journal, and journals that go on from one another

const number = (n) => '0x' + n.toString(16).padStart(64, '0');

for (const [code, fault] of [[1, 'omission'], [2, 'fork'], [3, 'misstep'], [4, 'broken-promise']]) {
  test(`a proven ${fault} fails the verdict, though the seal is confirmed`, async () => {
    const result = await verify(bundle, W.optionsOf(world, { rpc: world.rpc({ ended: () => number(code) }) }));
    assert.equal(result.verdict, 'fails');
    assert.deepEqual(states(result), Array(9).fill('holds'));
    assert.deepEqual(result.proven, [{ journal: bundle.chain.journal, fault, late: 0 }]);
  });
}

test('receipts proven late are told, and fail nothing', async () => {
  const result = await verify(bundle, W.optionsOf(world, { rpc: world.rpc({ lateReceipts: () => number(3) }) }));
  assert.equal(result.verdict, 'holds');
  assert.deepEqual(result.proven, [{ journal: bundle.chain.journal, fault: null, late: 3 }]);
});

for (const [name, over] of [
  ['reverts, as an older contract does', () => { throw new Error('execution reverted'); }],
  ['answers nothing', () => '0x'],
  ['tells of a fault that there is not', () => number(9)],
]) {
  test(`a contract whose ended() ${name}: (1) could not be checked, the rest is`, async () => {
    const result = await verify(bundle, W.optionsOf(world, { rpc: world.rpc({ ended: over }) }));
    assert.deepEqual(states(result), ['unchecked', ...Array(8).fill('holds')]);
    assert.equal(result.obligations[0].code, 'faults-unasked');
    assert.deepEqual(result.proven, []);
  });
}

test('predecessors without end are not asked for ever', async () => {
  const rpc = world.rpc();
  let asked = 0;
  const endless = async (method, params) => {
    if (method !== 'eth_call') return rpc(method, params);
    const [{ data }] = params;
    if (data.startsWith('0xb719d032')) return number(BigInt('0x' + '77'.repeat(20)) + BigInt(++asked));
    if (data.startsWith('0xaf2ae25b')) return '0x' + '0'.repeat(320);
    return rpc(method, params);
  };
  const result = await verify(bundle, { ...W.optionsOf(world, { rpc: endless }), pinned: { chain: bundle.chain.id, journal: '0x' + '66'.repeat(20) } });
  assert.deepEqual([result.verdict, result.obligations[0].code], ['fails', 'other-deployment']);
  assert.ok(asked <= 32, String(asked));
});
