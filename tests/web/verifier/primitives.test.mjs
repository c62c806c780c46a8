// The parts, where the vectors do not reach.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import * as v from '../../../backend/suyuan/web/static/verifier.js';
import * as W from './world.mjs';

test('the verifier stays small', () => {
  assert.ok(statSync(new URL('../../../backend/suyuan/web/static/verifier.js', import.meta.url)).size <= 44000);
  assert.ok(statSync(new URL('../../../backend/suyuan/web/static/reviews.js', import.meta.url)).size <= 12000);
});

test('jcs: the example of RFC 8785, and what is refused', () => {
  const value = JSON.parse('{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001], "string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}');
  assert.equal(v.jcs(value), '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
  assert.equal(v.jcs([-0, 0.1, 1e21, 9007199254740991]), '[0,0.1,1e+21,9007199254740991]');
  assert.equal(v.jcs(JSON.parse('{"__proto__": {"b": 1}, "a": 2}')), '{"__proto__":{"b":1},"a":2}');
  for (const bad of [2 ** 53, -(2 ** 53), 1e20, NaN, Infinity, '\ud800', { '\udc00': 1 }, ['a\ud800b'], undefined, [undefined], 1n, () => 1, Symbol('x'), new Array(1)]) {
    assert.throws(() => v.jcs(bad), TypeError);
  }
  for (const bad of [1.5, 1e21, { é: 1 }, [{ é: 1 }]]) {
    assert.throws(() => v.jcs(bad, true), TypeError);
    v.jcs(bad);
  }
});

test('headers: 147 bytes, lower case, numbers that a double holds', async () => {
  const hex = W.pack({ version: 1, kind: 2, arg: 3, key: W.sha('01'), seq: 4, prev: W.sha('02'), at: 5, state: W.sha('03'), body: W.sha('04') });
  assert.deepEqual(v.parseHeader(hex), { version: 1, kind: 2, arg: 3, key: W.sha('01'), seq: 4, prev: W.sha('02'), at: 5, state: W.sha('03'), body: W.sha('04') });
  assert.deepEqual(v.parseHeader(v.fromHex(hex)), v.parseHeader(hex));
  for (const bad of [null, undefined, 5, {}, [hex], '', hex.slice(2), hex + '00', hex.toUpperCase(), '0x' + hex, hex.slice(0, 70) + 'ff'.repeat(8) + hex.slice(86)]) assert.equal(v.parseHeader(bad), null);
});

test('proofs of the wrong type are no proofs', async () => {
  const h = W.sha('');
  for (const bad of [null, undefined, 'x', 5, {}, [null], [5], ['zz'], [h + '00'], [[h]]]) {
    assert.equal(await v.verifyInclusion(h, 0, 2, bad, h), false);
    assert.equal(await v.verifyConsistency(1, 2, h, h, bad), false);
    assert.equal(await v.verifyHead(h, h, { count: 1, leaf: h, siblings: bad }), false);
  }
  for (const size of [-1, 0, 1.5, NaN, 2 ** 53, '2', null]) {
    assert.equal(await v.verifyInclusion(h, 0, size, [], h), false);
    assert.equal(await v.verifyConsistency(size, 2 ** 52, h, h, [h]), false);
  }
  assert.equal(await v.verifyConsistency(0, 0, h, h, []), false);
  for (const bad of [null, 5, [], {}, { met: 5, siblings: [] }, { met: { key: h, count: 1, leaf: h }, siblings: [] }, { count: -1, leaf: h, siblings: [] }]) assert.equal(await v.verifyHead(W.ZERO, h, bad), false);
  assert.equal(await v.verifyHead(W.ZERO, h, { met: null, siblings: [] }), 'absent');
});

test('trees of every small size: inclusion and consistency agree with the recursion of RFC 9162', async () => {
  const leaves = Array.from({ length: 33 }, (_, i) => W.sha('00' + i.toString(16).padStart(4, '0')));
  for (let n = 1; n <= 33; n++) {
    const tree = leaves.slice(0, n);
    const root = W.treeRoot(tree);
    for (let i = 0; i < n; i++) {
      const proof = W.treePath(i, tree);
      assert.equal(await v.verifyInclusion(tree[i], i, n, proof, root), true);
      if (n > 1) assert.equal(await v.verifyInclusion(tree[i], (i + 1) % n, n, proof, root), false);
    }
    for (let m = 1; m <= n; m++) {
      const proof = W.consistency(m, tree);
      const old = W.treeRoot(leaves.slice(0, m));
      assert.equal(await v.verifyConsistency(m, n, old, root, proof), true, `${m} ${n}`);
      assert.equal(await v.verifyConsistency(m, n, W.sha('05'), root, proof), false);
      assert.equal(await v.verifyConsistency(m, n, old, root, [...proof, W.sha('05')]), false);
    }
  }
});

test('a map in which a lone key is not its own leaf is refused', async () => {
  const key = W.sha('01');
  const leaf = W.sha('02' + key + '1'.padStart(16, '0') + key);
  assert.equal(await v.verifyHead(leaf, key, { count: 1, leaf: key, siblings: [] }), 'present');
  const first = parseInt(key[0], 16) >> 3;
  const padded = W.sha('03' + (first ? W.ZERO + leaf : leaf + W.ZERO));
  assert.equal(await v.verifyHead(padded, key, { count: 1, leaf: key, siblings: [W.ZERO] }), false);
});

test('subjects of EPCs', () => {
  for (const [uri, subject] of [
    ['urn:epc:id:sgtin:4012345.011111.98%22', '/01/04012345111118/21/98%22'],
    ['urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()', '/01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29'],
    ['urn:epc:id:sscc:4012345.3111111111', '/00/340123451111111111'],
    ['urn:epc:id:sgln:4012345.00005.122', '/414/4012345000054/254/122'],
    ['urn:epc:id:sgln:4012345.00005.0', '/414/4012345000054'],
    ['urn:epc:id:grai:4012345.00022.334455', '/8003/04012345000221334455'],
    ['urn:epc:id:giai:4012345.ABC345', '/8004/4012345ABC345'],
    ['urn:epc:id:gsrn:4012345.0000006765', '/8018/401234500000067657'],
    ['urn:epc:id:gdti:4012345.00009.PO-4711', '/253/4012345000092PO-4711'],
    ['urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234', '/8010/061414111111111111111-A%23%2F/8011/1234'],
    ['urn:epc:id:pgln:999999999999.', '/417/9999999999994'],
    ['urn:epc:id:itip:3564536535.664.35.64.85945894', '/8006/635645365356453564/21/85945894'],
    ['urn:epc:class:lgtin:4012345.012345.Lot987', '/01/04012345123456/10/Lot987'],
    ['urn:epc:idpat:sgtin:4012345.012345.*', '/01/04012345123456'],
    ['urn:epc:id:gid:95100000.12345.400', '/epc/urn%3Aepc%3Aid%3Agid%3A95100000.12345.400'],
    ['urn:epc:id:sgtin:4012345.11.98', '/epc/urn%3Aepc%3Aid%3Asgtin%3A4012345.11.98'],
    ['urn:epc:id:__proto__:4012345.1', '/epc/urn%3Aepc%3Aid%3A__proto__%3A4012345.1'],
    ['https://example.com/01/04012345111118/10/L1/21/S%2F1?17=301231', '/01/04012345111118/21/S%2F1'],
    ['https://example.com/some/path/01/4012345111118/10/L1/', '/01/04012345111118/10/L1'],
    ['http://example.com/gtin/04012345111118/cpv/2', '/01/04012345111118'],
    ['https://example.com/01/97803', '/epc/https%3A%2F%2Fexample.com%2F01%2F97803'],
    ['https://example.com/01/04012345111118/99/x', '/epc/https%3A%2F%2Fexample.com%2F01%2F04012345111118%2F99%2Fx'],
    ['公司:1', '/epc/%E5%85%AC%E5%8F%B8%3A1'],
  ]) assert.equal(v.subjectOf(uri), subject, uri);
  for (const bad of [null, undefined, 5, {}, [], '', '\ud800']) assert.equal(v.subjectOf(bad), null);
  assert.deepEqual([...v.namedSubjects({ epcList: ['x:1', 5, null, 'x:1'], childEPCs: 'x:2', parentID: 'x:3', quantityList: [{ epcClass: 'x:4' }, null, 7], bizLocation: { id: 'x:5' } })],
    ['/epc/x%3A1', '/epc/x%3A3', '/epc/x%3A4']);
});

test('tallies beyond a byte, and what no state may hold', () => {
  const state = (...counts) => counts.map((n) => n.toString(16).padStart(6, '0')).join('').padEnd(64, '0');
  assert.equal(v.nextState(state(255, 0, 0, 0, 0, 0, 0, 0, 0, 0), 7, 1), state(256, 0, 0, 0, 0, 0, 0, 0, 0, 0));
  assert.equal(v.nextState(state(0xffffff, 0, 0, 0, 0, 0, 0, 0, 0, 0), 7, 1), null);
  assert.equal(v.nextState(state(1, 0, 0, 0, 0, 1, 0, 0, 0, 0), 9, 1 << 3), null); // would leave one withheld that does not stand
  assert.equal(v.nextState(state(1, 0, 0, 0, 0, 1, 0, 0, 0, 0), 9, (1 << 6) | (1 << 3)), W.ZERO);
  for (const arg of [-1, 1.5, 256, NaN, '1', null, undefined]) assert.equal(v.nextState(W.ZERO, 7, arg), null);
  for (const kind of [0, 20, 255, -1, 1.5, '7x', 'length', null]) assert.equal(v.nextState(W.ZERO, kind, 0), null);
  for (const before of [null, '', 'zz', W.ZERO + '00']) assert.equal(v.nextState(before, 1, 0), null);
});

test('the claims encoded are the claims decoded', () => {
  const claims = Array.from({ length: 5 }, (_, i) => ({
    by: '0x' + String(i).repeat(40), at: 1790000000 + i, signature: 'ab'.repeat(65),
    statement: { kind: 'review'.repeat(i), subject: '/01/五常大米'.repeat(i * 3), content: W.shaText('c' + i), issuedAt: i, nonce: W.shaText('n' + i) },
  }));
  assert.deepEqual(W.decodeClaims(v.encodeCheck(claims).slice(10)), claims);
  assert.equal(v.encodeCheck([]).length, 10 + 128);
});
