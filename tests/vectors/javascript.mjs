// Runs foreign vectors through verifier.js: `node javascript.mjs FILE…` prints {file: {checks, faults}} as JSON.
import { readFileSync } from 'node:fs';
import * as v from '../../backend/suyuan/web/static/verifier.js';

const hexOf = (base64) => Buffer.from(base64 ?? '', 'base64').toString('hex');
const flip = (hex) => (hex[0] === '0' ? '1' : '0') + hex.slice(1);

/** One file of either form; `check(name, expected, actual)` records. */
async function run(file, check) {
  if ('wantErr' in file) {
    const proof = (file.proof ?? []).map(hexOf);
    const good = 'leafIdx' in file
      ? await v.verifyInclusion(hexOf(file.leafHash), file.leafIdx, file.treeSize, proof, hexOf(file.root))
      : await v.verifyConsistency(file.size1, file.size2, hexOf(file.root1), hexOf(file.root2), proof);
    return check(file.desc, !file.wantErr, good);
  }
  for (const [i, e] of file.entries.entries()) {
    check(`entry ${i} canonical`, e.canonical, v.jcs(e.body, true));
    check(`entry ${i} body`, e.header.slice(230), await v.sha256(v.jcs(e.body)));
    check(`entry ${i} key`, e.header.slice(6, 70), await v.subjectKey(e.subject));
    check(`entry ${i} leaf`, e.leaf, await v.leafHash(e.header));
    check(`entry ${i} leaf of bytes`, e.leaf, await v.leafHash(v.fromHex(e.header)));
    const { kind, arg, seq, prev, at, state } = v.parseHeader(e.header);
    check(`entry ${i} fields`, JSON.stringify([e.kind, e.arg, e.seq, e.prev, e.at, e.state]), JSON.stringify([kind, arg, seq, prev, at, state]));
    check(`entry ${i} kind`, e.body.kind, v.KINDS[kind]);
    const before = seq === 0 ? '0'.repeat(64) : file.entries.find((other) => other.leaf === prev)?.state;
    check(`entry ${i} state`, state, v.nextState(before, kind, arg));
  }
  for (const [i, d] of file.documents.entries()) {
    check(`document ${i} canonical`, d.canonical, v.jcs(d.document));
    check(`document ${i} hash`, d.hash, await v.sha256(d.canonical));
  }
  for (const [i, s] of file.steps.entries()) check(`step ${i}: kind ${s.kind} arg ${s.arg} from ${s.before}`, s.after, v.nextState(s.before, s.kind, s.arg));
  const sealOf = new Map(file.seals.map((seal) => [seal.size, seal]));
  for (const { old, new: size, proof } of file.consistency) {
    const roots = [sealOf.get(old).root, sealOf.get(size).root];
    check(`consistency ${old} ${size}`, true, await v.verifyConsistency(old, size, ...roots, proof));
    check(`consistency ${old} ${size} padded`, false, await v.verifyConsistency(old, size, ...roots, [...proof, roots[0]]));
    check(`consistency ${old} ${size} of another root`, false, await v.verifyConsistency(old, size, flip(roots[0]), roots[1], proof));
    if (proof.length) check(`consistency ${old} ${size} cut`, false, await v.verifyConsistency(old, size, ...roots, proof.slice(1)));
  }
  for (const { index, size, leaf, proof } of file.inclusion) {
    const { root } = sealOf.get(size);
    check(`inclusion ${index} ${size}`, true, await v.verifyInclusion(leaf, index, size, proof, root));
    check(`inclusion ${index} ${size} padded`, false, await v.verifyInclusion(leaf, index, size, [...proof, root], root));
    check(`inclusion ${index} ${size} elsewhere`, false, await v.verifyInclusion(leaf, index + 1, size, proof, root));
    if (proof.length) check(`inclusion ${index} ${size} cut`, false, await v.verifyInclusion(leaf, index, size, proof.slice(0, -1), root));
  }
  for (const { size, subject, key, met, present, siblings } of file.heads) {
    const { heads } = sealOf.get(size);
    const head = present ? { count: met.count, leaf: met.leaf, siblings } : { met, siblings };
    check(`head ${subject} key`, key, await v.subjectKey(subject));
    check(`head ${subject} at ${size}`, present ? 'present' : 'absent', await v.verifyHead(heads, key, head));
    check(`head ${subject} at ${size} padded`, false, await v.verifyHead(heads, key, { ...head, siblings: [...siblings, '0'.repeat(64)] }));
    check(`head ${subject} at ${size} of other heads`, false, await v.verifyHead(flip(heads), key, head));
    check(`head ${subject} at ${size} the other way`, false, await v.verifyHead(heads, key, present ? { met, siblings } : { ...met, siblings }));
    if (siblings.length) check(`head ${subject} at ${size} cut`, false, await v.verifyHead(heads, key, { ...head, siblings: siblings.slice(0, -1) }));
    if (present) check(`head ${subject} at ${size} counted otherwise`, false, await v.verifyHead(heads, key, { ...head, count: met.count + 1 }));
  }
}

const report = {};
for (const path of process.argv.slice(2)) {
  const result = { checks: 0, faults: [] };
  report[path] = result;
  const check = (name, expected, actual) => {
    result.checks += 1;
    if (expected !== actual) result.faults.push({ name, expected, actual });
  };
  try { await run(JSON.parse(readFileSync(path, 'utf8')), check); } catch (error) { result.faults.push({ name: 'threw', actual: String(error?.stack) }); }
}
console.log(JSON.stringify(report));
