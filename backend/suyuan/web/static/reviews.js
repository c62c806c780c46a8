// What pages need of reviews and receipts beside verifier.js: the reviews that a verified stream tells of, whether words are those that
// were signed, and whether the promise in a receipt was kept (docs/protocol.md, sections 2 and 7).

import {
  KINDS, NoAnswer, blob, encodeIsSeal, hashOf, isCount, isHash, isObject, jcs, leafHash, misfit, openChain, parseHeader, sha256, subjectKey,
  toNumber, verifyInclusion, word,
} from './verifier.js';

export { fromHex, jcs, sha256, toHex } from './verifier.js';

/** The reviews in entries {index, header, body} of a /reviews/ stream that `verify` has found to hold, oldest first, as a bundle shows them.
 *  `reviews`, newest first: {right, batch, stars, aspects, private, state, withheld, reason, basis, amended, index, at, by, replied, reply};
 *  state: 'withdrawn' (counts no more), 'erased' (its words are gone, its stars count), 'withheld' (by the operator, for `reason`) or 'shown';
 *  `amended`, `replied`: when, in ms, or null; `private`, `reply`: what `verifyContent` compares words with.
 *  `older`, newest first: events {kind, right, index, at, by, stars, old, withheld, reason, basis, private} about reviews from before them. */
export function foldReviews(entries) {
  const [reviews, older] = [new Map(), []];
  for (const { index, header, body } of Array.isArray(entries) ? entries : []) {
    const fields = parseHeader(header);
    const said = body?.public;
    if (!fields || !isObject(said) || typeof said.right !== 'string') continue;
    const { kind, arg, at } = fields;
    const { right, reason = null, basis = null, aspects = {} } = said;
    const review = reviews.get(right);
    const [old, fresh] = [(arg >> 3) & 7, arg & 7];
    switch (KINDS[kind]) {
      case 'review':
        reviews.set(right, {
          right, batch: said.batch, stars: fresh, aspects, private: said.private, state: 'shown', withheld: false, reason: null, basis: null,
          amended: null, index, at, by: body.by, replied: null, reply: null, erased: false, withdrawn: false,
        });
        continue;
      case 'review.amend':
        if (review) Object.assign(review, { stars: fresh, aspects, private: said.private, amended: at });
        break;
      case 'review.withdraw':
        if (review) Object.assign(review, { withdrawn: true, withheld: false, reason: null, basis: null });
        break;
      case 'review.withhold':
        if (review) Object.assign(review, { withheld: true, reason, basis });
        break;
      case 'review.restore':
        if (review) Object.assign(review, { withheld: false, reason: null, basis: null });
        break;
      case 'review.erase':
        if (review) review.erased = true;
        break;
      case 'review.reply':
        if (review) Object.assign(review, { replied: at, reply: said.private });
        break;
      default: continue;
    }
    if (!review) {
      older.unshift({ kind: KINDS[kind], right, index, at, by: body.by, stars: fresh || null, old: old || null, withheld: arg >> 6 === 1, reason, basis, private: said.private ?? null });
    }
  }
  const list = [...reviews.values()].map(({ erased, withdrawn, ...review }) =>
    ({ ...review, state: withdrawn ? 'withdrawn' : erased ? 'erased' : review.withheld ? 'withheld' : 'shown' }));
  return { reviews: list.reverse(), older };
}

/** Whether `content` is what `hash` (an entry's `private`) names: SHA-256 of its JCS. */
export const verifyContent = async (content, hash) => isObject(content) && isHash(hash) && (await hashOf(content)) === hash;

// tests/web/test_verifier.py computes them from the contract
export const RECEIPT_SELECTORS = { checkReceipt: '55860989', head: '8f7dcfa3' };
const VERDICTS = ['valid', 'bad-signature', 'unknown-key', 'out-of-bounds'];

export const encodeCheckReceipt = ({ leaves, index, count, issuedAt, sealBy, signature }) =>
  '0x' + RECEIPT_SELECTORS.checkReceipt + leaves + [index, count, issuedAt, sealBy, 192].map(word).join('') + blob(signature);

const isSignature = (x) => typeof x === 'string' && /^[0-9a-f]{130}$/.test(x);
const RECEIPT = { leaves: isHash, index: isCount, count: isCount, issuedAt: isCount, sealBy: isCount, signature: isSignature };
const CHAIN = { id: isCount, journal: (x) => typeof x === 'string' && /^0x[0-9a-f]{40}$/.test(x) };
const SEAL = { number: isCount, size: isCount, root: isHash, heads: isHash, sealedAt: isCount };
const ANSWER = { chain: CHAIN, subject: (x) => typeof x === 'string', index: isCount, header: parseHeader, body: isObject };

const textOf = (body) => { try { return jcs(body, true); } catch { return null; } };

async function judgeEntry(answer, receipt, options, result) {
  const say = (state, code) => ({ state, code });
  const { rpc, pinned, timeout = 10000, sameOrigin } = options;
  if (misfit(receipt, RECEIPT)) return say('unchecked', 'receipt-form');
  const waits = answer?.pending === true;
  if (misfit(answer, waits ? ANSWER : { ...ANSWER, seal: SEAL, proof: [isHash] })) return say('unchecked', 'answer-form');
  if (receipt.count !== 1) return say('unchecked', 'receipt-run');
  const { chain, seal, subject, index, header, body, proof } = answer;
  if (!isObject(pinned) || !isCount(pinned.chain)) return say('unchecked', 'not-pinned');
  if (pinned.chain !== chain.id || String(pinned.journal).toLowerCase() !== chain.journal) return say('broken', 'other-deployment');
  if (index !== receipt.index) return say('unchecked', 'other-index');
  const fields = parseHeader(header);
  const text = textOf(body);
  if (text === null || fields.body !== await sha256(text) || fields.key !== await subjectKey(subject)) return say('broken', 'body-differs');
  const leaf = await leafHash(header);
  const mine = leaf === receipt.leaves;
  if (!rpc) return say('unchecked', 'rpc-absent');
  const page = typeof rpc === 'string' && globalThis.location;
  const own = sameOrigin ?? (page && new URL(rpc, page.href).origin === page.origin);
  const { block, call } = await openChain(rpc, chain.id, timeout);
  result.block = block;
  const verdict = VERDICTS[toNumber((await call(chain.journal, encodeCheckReceipt(receipt)))[0])] ?? 'unknown-verdict';
  result.receipt = verdict;
  const provable = (code) => (verdict === 'valid' ? say('broken', code) : say('unchecked', 'receipt-' + verdict)); // by a receipt that counts
  const clock = Number.isFinite(options.now) ? options.now : Date.now();
  const now = Math.floor(clock > 1e11 ? clock / 1000 : clock);
  if (waits) {
    const [size] = await call(chain.journal, '0x' + RECEIPT_SELECTORS.head, 4);
    result.independent = !own;
    if (!mine) return say('unchecked', 'another-entry');
    if (toNumber(size) > index) return say('unchecked', 'not-shown'); // a seal covers it, and the site has not shown the proof
    if (now > receipt.sealBy) return provable('late');
    return verdict === 'valid' ? say('waiting', 'not-yet-due') : say('unchecked', 'receipt-' + verdict);
  }
  const sealed = toNumber((await call(chain.journal, encodeIsSeal(seal)))[0]);
  if (sealed > 1) throw new NoAnswer('rpc-unusable');
  if (!sealed && seal.block > block) throw new NoAnswer('rpc-behind');
  result.independent = !own;
  if (!sealed) return say('broken', 'seal-unknown');
  if (!(await verifyInclusion(leaf, index, seal.size, proof, seal.root))) return say('broken', 'not-included');
  if (!mine) return provable('another-entry');
  result.seal = { number: seal.number, size: seal.size, sealedAt: seal.sealedAt };
  return say('kept', seal.sealedAt <= receipt.sealBy ? 'in-time' : 'sealed'); // an older seal may have covered it first
}

/** Whether a receipt's promise is kept, by an `answer` of GET /v1/entries/{index}; never throws. Options as `verify` takes them.
 *  {state, code, receipt, block, seal, independent}; state: 'kept' (under a seal that the contract confirms), 'waiting' (it has time until
 *  sealBy), 'broken' (another entry or none in time; or what was shown is false), 'unchecked'. `receipt`: what the contract says of it. */
export async function verifyEntry(answer, receipt, options) {
  const result = { state: 'unchecked', code: 'unusable', receipt: null, block: null, seal: null, independent: false };
  try {
    if (!globalThis.crypto?.subtle) return { ...result, code: 'no-crypto' };
    const [a, r] = JSON.parse(JSON.stringify([answer ?? null, receipt ?? null])); // have no getters or prototypes
    return Object.assign(result, await judgeEntry(a, r, options ?? {}, result));
  } catch (error) {
    return { ...result, code: error instanceof NoAnswer ? error.message : 'unusable' };
  }
}
