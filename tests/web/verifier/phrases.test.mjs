import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { verify } from '../../../backend/suyuan/web/static/verifier.js';
import { explain, LIMITS, SENTENCES } from '../../../backend/suyuan/web/static/phrases.js';
import * as W from './world.mjs';

const source = readFileSync(new URL('../../../backend/suyuan/web/static/verifier.js', import.meta.url), 'utf8');

/** Every code that verifier.js can give, read from its text. */
const codes = new Set([
  ...[...source.matchAll(/\b(?:fail|doubt|note|answered|NoAnswer|all)\((?:\d, |'\w+', )?'([a-z-]+)'/g)].map((m) => m[1]),
  ...[...source.matchAll(/(?:unknown-signer|bad-signature|no-standing|issued-late|unknown-verdict|other-deployment|rpc-absent|from-oldest-shown|from-the-first|no-tally|absent)(?=')/g)].map((m) => m[0]),
  'related-fails', 'related-unchecked',
]);

test('every code has a sentence in both languages', () => {
  assert.ok(codes.size > 60, String(codes.size));
  const others = ['sealed', 'confirmed', 'present']; // 'pending-sealed'; and what HOLDS says for itself
  for (const code of codes) {
    if (others.includes(code)) continue;
    assert.equal(SENTENCES[code]?.length, 2, code);
    for (const text of SENTENCES[code]) assert.ok(text.length > 5, code);
  }
});

test('no sentence is stronger than the protocol', () => {
  const all = [readFileSync(new URL('../../../backend/suyuan/web/static/phrases.js', import.meta.url), 'utf8')].join('');
  assert.doesNotMatch(all, /authentic|genuine|guarantee|trustworth|正品|保真|保证|真品|放心|可信/i);
  assert.match(LIMITS[1], /not that it is true/);
});

test('results become words', async () => {
  const world = await W.makeWorld();
  Object.assign(world.batches.get(W.LOT), { recalledAt: 1790000100, reason: W.sha('01') });
  const bundle = W.itemBundle(world, { limit: 2 });
  for (const lang of ['zh', 'en']) {
    const good = explain(await verify(bundle, W.optionsOf(world)), lang);
    assert.equal(good.obligations.length, 9);
    assert.match(good.recalled[0], /2026-09-2.*\/01\//);
    assert.equal(good.notShown.length, 1);
    assert.match(good.age, lang === 'en' ? /^As of 2 minutes ago$/ : /^截至 2 分钟前$/);
    const operator = explain(await verify(bundle, W.optionsOf(world, { sameOrigin: true })), lang);
    assert.match(operator.obligations[0].sentence, lang === 'en' ? /not independently verified/ : /不算独立核实/);
    assert.match(operator.verdict, lang === 'en' ? /not independently verified/ : /没有得到独立核实/);
    const none = explain(await verify(null, {}), lang);
    assert.ok(none.obligations.every((o) => o.sentence.length > 3 && o.state === 'fails'));
    assert.equal(none.age, '');
    const offline = explain(await verify(bundle, {}), lang);
    assert.equal(offline.obligations[6].state, 'unchecked');
  }
});
