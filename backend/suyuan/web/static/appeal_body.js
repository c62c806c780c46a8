// Builds an appeal (core/appeal.py says the form): the body, and the call that puts it on-chain. No page here: Node runs it, too.
import { blob, isCount, isHash, isObject, jcs, KINDS, sha256, toHex, word } from './verifier.js';

export const LIMIT = 4096;
export const SELECTOR = '069fae2a'; // of appeal(bytes)
const SIGNATURES = ['registration', 'recall'];
const STATEMENT = ['by', 'content', 'issuedAt', 'kind', 'nonce', 'signature', 'subject'];
const encoder = new TextEncoder();

/** What is wrong with a record, by code: `text` of appeal.js says it. */
export class NoAppeal extends Error {
  constructor(code, values = {}) { super(code); this.code = code; this.values = values; }
}

const need = (good, code, values) => { if (!good) throw new NoAppeal(code, values); };

function statementOf(value) {
  need(isObject(value) && KINDS.includes(value.kind) && value.kind !== 'appeal' && typeof (value.subject ?? '') === 'string', 'unsigned');
  need(typeof value.by === 'string' && /^(0x[0-9a-f]{40}|04[0-9a-f]{128})$/.test(value.by), 'unsigned');
  need(isHash(value.content) && isHash(value.nonce) && isCount(value.issuedAt), 'unsigned');
  need(typeof value.signature === 'string' && new RegExp(`^[0-9a-f]{${value.by.startsWith('0x') ? 130 : 128}}$`).test(value.signature), 'unsigned');
  return Object.fromEntries(STATEMENT.map((name) => [name, value[name] ?? '']));
}

function encoded(published) {
  try { return encoder.encode(jcs({ kind: 'appeal', subject: '/appeals', public: published }, true)); } catch { return null; }
}

/** The body for what a site refused: `{statement, public, …}`. Throws NoAppeal. */
export async function compose(sent) {
  need(isObject(sent), 'unsigned');
  need(!('suyuan:statement' in sent) && sent.type !== 'EPCISDocument', 'event');
  const statement = statementOf(sent.statement);
  need(isObject(sent.public), 'unsigned');
  let content = null;
  try { content = await sha256(encoder.encode(jcs(sent.public))); } catch { /* it has no canonical form */ }
  need(content === statement.content, 'other');
  const kept = { statement, public: sent.public };
  for (const name of SIGNATURES) if (typeof sent[name] === 'string') kept[name] = sent[name];
  const others = Object.keys(sent).filter((name) => !(name in kept) && name !== 'document').sort();
  if (isObject(sent.document)) {
    const whole = encoded({ ...kept, document: sent.document });
    if (whole && whole.length <= LIMIT) return { body: whole, leftOut: others };
    others.unshift('document');
  }
  const body = encoded(kept);
  need(body, 'unsigned');
  need(body.length <= LIMIT, 'long', { bytes: body.length, more: body.length - LIMIT });
  return { body, leftOut: others };
}

/** The call's data for `Journal.appeal(body)`. */
export const callOf = (body) => '0x' + SELECTOR + word(32n) + blob(toHex(body));
