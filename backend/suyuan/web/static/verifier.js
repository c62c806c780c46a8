// Verifies a proof bundle (docs/protocol.md, section 8) in a browser or under Node, with nothing but WebCrypto. Obligations are
// answered 'holds', 'fails' or 'unchecked', and marked (n) where they are met: (1) deployment, seal (2) head (3) newest entry
// (4) bodies, documents (5) order (6) inclusion (7) signatures (8) tallies (9) item, batch, containers, recall.
// Hashes are lower-case hex; bytes appear only where they are hashed.

const ZERO = '0'.repeat(64);
const ADDRESS = /^0x[0-9a-f]{40}$/;
const LONE = /\p{Surrogate}/u;
const TEN_MINUTES = 600;
const matches = (form, x) => typeof x === 'string' && form.test(x);
export const isHash = (x) => matches(/^[0-9a-f]{64}$/, x);
export const isCount = (x) => Number.isSafeInteger(x) && x >= 0;
export const isObject = (x) => typeof x === 'object' && x !== null && !Array.isArray(x);
const isProof = (x) => Array.isArray(x) && x.length <= 256 && x.every(isHash);
const isSubject = (x) => typeof x === 'string' && x[0] === '/' && x.length <= 2048 && !LONE.test(x);
const listOf = (x) => (Array.isArray(x) ? x : []);

export const KINDS = [
  null, 'product', 'batch', 'checkpoint', 'recall', 'rights', 'claim', 'review', 'review.amend', 'review.withdraw', 'review.withhold',
  'review.restore', 'review.erase', 'review.reply', 'order', 'delivery', 'merchant', 'case', 'terms', 'appeal',
];
const [BATCH, CHECKPOINT, RECALL, CLAIM, REVIEW, AMEND, WITHDRAW, WITHHOLD, RESTORE, REPLY, APPEAL] = [2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 19];
const APPEALS = '/appeals';
const LINE_LIMIT = 16; // journals of which each goes on from the next, that are asked for

const encoder = new TextEncoder();
/** The bytes of an appeal's body that is no object, whatever somebody put on-chain: canonical base64, at most 4,096; else null. */
function unread(text) {
  try {
    const chars = typeof text === 'string' ? atob(text) : null;
    return chars !== null && chars.length <= 4096 && btoa(chars) === text ? Uint8Array.from(chars, (c) => c.charCodeAt(0)) : null;
  } catch { return null; }
}
export const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
export function fromHex(hex) {
  if (!matches(/^([0-9a-f]{2})*$/, hex)) throw new TypeError('not lower-case hex');
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export async function sha256(data) {
  const bytes = typeof data === 'string' ? encoder.encode(data) : data;
  return toHex(new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes)));
}
const hashHex = (hex) => sha256(fromHex(hex));

const node = (left, right) => hashHex('01' + left + right);
/** RFC 8785; throws where the protocol has no canonical form. A body (`strict`) has whole numbers and ASCII names. */
export function jcs(value, strict = false) {
  const need = (good) => { if (!good) throw new TypeError('no canonical form'); };
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') need(!LONE.test(value));
  else if (typeof value === 'number') { // from 1e21 on a double is written with an exponent: no integer
    need(Number.isSafeInteger(value) || (!strict && Number.isFinite(value) && (value % 1 !== 0 || Math.abs(value) >= 1e21)));
  } else {
    need(typeof value === 'object');
    if (Array.isArray(value)) return '[' + Array.from(value, (item) => jcs(item, strict)).join(',') + ']';
    const names = Object.keys(value).sort(); // by UTF-16 code units
    need(!strict || !names.some((name) => /[^\x00-\x7f]/.test(name)));
    return '{' + names.map((name) => jcs(name) + ':' + jcs(value[name], strict)).join(',') + '}';
  }
  return JSON.stringify(value);
}

export const hashOf = async (value, strict) => { try { return await sha256(jcs(value, strict)); } catch { return null; } };

export const subjectKey = sha256;

const hexOf = (x) => (x instanceof Uint8Array ? toHex(x) : x);

/** The fields of a header (hex or bytes), or null. */
export function parseHeader(header) {
  const hex = hexOf(header);
  if (!matches(/^[0-9a-f]{294}$/, hex)) return null;
  const cut = (offset, size) => hex.slice(2 * offset, 2 * (offset + size));
  const [version, kind, arg, seq, at] = [[0, 1], [1, 1], [2, 1], [35, 8], [75, 8]].map((place) => parseInt(cut(...place), 16));
  if (!isCount(seq) || !isCount(at)) return null;
  return { version, kind, arg, key: cut(3, 32), seq, prev: cut(43, 32), at, state: cut(83, 32), body: cut(115, 32) };
}

export const leafHash = (header) => hashHex('00' + hexOf(header));

/** Ten counts: standing with 1 to 5 stars, then how many of those are withheld. */
export const parseTally = (state) => state.slice(0, 60).match(/.{6}/g).map((n) => parseInt(n, 16));

/** The state after an entry, or null where that would be a fault (section 2). */
export function nextState(before, kind, arg) {
  if (!isHash(before) || !KINDS[kind] || ![kind, arg].every(isCount) || arg > 255) return null;
  if (kind < REVIEW || kind > REPLY) return arg === 0 ? before : null;
  if (before.slice(60) !== '0000') return null;
  const [h, a, b] = [arg >> 6, (arg >> 3) & 7, arg & 7];
  const [old, fresh, rewrites] = [kind >= AMEND && kind <= RESTORE, kind <= AMEND, kind <= WITHDRAW];
  const fits = (stars, wanted) => (wanted ? stars >= 1 && stars <= 5 : stars === 0);
  if (!fits(a, old) || !fits(b, fresh) || h > Number(old && rewrites)) return null;
  const counts = parseTally(before);
  for (const row of rewrites ? [0, 5].slice(0, h + 1) : []) {
    if (old) counts[row + a - 1] -= 1;
    if (fresh) counts[row + b - 1] += 1;
  }
  if (old && !rewrites) counts[4 + a] += kind === WITHHOLD ? 1 : -1;
  if (counts.some((n, i) => n < 0 || n > 0xffffff || (i >= 5 && n > counts[i - 5]))) return null;
  return counts.map((n) => n.toString(16).padStart(6, '0')).join('') + '0000';
}

const encodePart = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
const decodePart = (text) => { try { return decodeURIComponent(text); } catch { return text; } };

export function checkDigit(digits) {
  const sum = [...digits].reverse().reduce((total, digit, i) => total + digit * (i % 2 ? 1 : 3), 0);
  return String((10 - (sum % 10)) % 10);
}

const table = (text) => new Map(text.split(/[|\n]/).map((line) => line.split(' ')).map(([name, ...rest]) => [name, rest]));

// EPC schemes: digits of company prefix and reference (0: any text); AI; form (g: the reference's first digit leads, a check digit
// ends; c: a check digit ends; r: neither); the serial (its AI; +: part of the key; -: none)
const SCHEMES = table(`sgtin 13 01 g 21|upui 13 01 g 235|lgtin 13 01 g 10|itip 13 8006 g 21|sscc 17 00 g -|sgln 12 414 c 254
pgln 12 417 c -|grai 12 8003 c +|gdti 12 253 c +|sgcn 12 255 c +|gsrn 17 8018 c -|gsrnp 17 8017 c -|gsin 16 402 c -
giai 0 8004 r -|ginc 0 401 r -|cpi 0 8010 r 8011`);

function fromUrn(uri) {
  const [, scheme, company, rest] = /^urn:epc:(?:id|idpat|class):([a-z]+):(\d{6,12})\.(.*)$/s.exec(uri) ?? [];
  const [size, ai, form, after] = SCHEMES.get(scheme) ?? [];
  if (!ai) return null;
  const parts = (after === '-' ? /^(.*)()()$/s : scheme === 'itip' ? /^(\d*)\.(\d\d\.\d\d)\.(.+)$/s : /^([^.]*)()\.(.+)$/s).exec(rest);
  if (!parts || parts[1] === '*') return null;
  const [reference, serial] = [decodePart(parts[1]), parts[3] === '*' ? '' : decodePart(parts[3])];
  const both = (company + reference).length;
  if (size > 0 ? both !== Number(size) || /\D/.test(reference) : !reference || both > 30) return null;
  let key = form === 'g' ? reference.slice(0, 1) + company + reference.slice(1) : company + reference;
  if (form !== 'r') key += checkDigit(key);
  key = (scheme === 'grai' ? '0' : '') + key + parts[2].replace('.', '') + (after === '+' ? serial : '');
  const bare = '+-'.includes(after) || serial === '' || (scheme === 'sgln' && serial === '0');
  return bare ? [ai, key] : [ai, key, after, serial];
}

// Digital Link keys: name, digits, then at most so much text, qualifiers (of a trade item the first that is there counts)
const KEYS = table(`01 gtin 14 0 21 235 10|8006 itip 18 0 21 10|00 sscc 18 0|414 gln 13 0 254 7040|417 party 13 0 7040
8017 gsrnp 18 0 8019|8018 gsrn 18 0 8019|8010 cpid 0 30 8011|8003 grai 14 16|8004 giai 0 30 7040|253 gdti 13 17|255 gcn 13 12
401 ginc 0 30|402 gsin 17 0|8013 gmn 0 25`);
const NAMES = table('cpv 22|lot 10|ser 21|glnx 254|' + [...KEYS].map(([ai, [name]]) => `${name} ${ai}`).join('|'));

function fromDigitalLink(uri) {
  const parts = /^https?:\/\/[^/?#]+([^?#]*)/i.exec(uri)?.[1].replace(/\/$/, '').split('/').slice(1) ?? [];
  for (let start = parts.length % 2; start < parts.length; start += 2) {
    const [key, ...rest] = parts.slice(start).map((part, i) => (i % 2 ? decodePart(part) : NAMES.get(part)?.[0] ?? part));
    if (!KEYS.has(key)) continue;
    const [, digits, text, ...qualifiers] = KEYS.get(key);
    const trade = key === '01' || key === '8006';
    const value = key === '01' && /^(\d{8}|\d{12,13})$/.test(rest[0]) ? rest[0].padStart(14, '0') : rest[0];
    const given = new Map(rest.slice(1).flatMap((name, i, all) => (i % 2 ? [] : [[name, all[i + 1]]])));
    if (trade) given.delete('22'); // a variant of the class is no subject of its own
    if (!new RegExp(`^\\d{${digits}}.{0,${text}}$`).test(value)) continue;
    if ([...given].some(([name, x]) => !qualifiers.includes(name) || !x)) continue;
    const kept = qualifiers.filter((name) => given.has(name)).slice(0, trade ? 1 : 9);
    return [key, value, ...kept.flatMap((name) => [name, given.get(name)])];
  }
  return null;
}

/** The subject of an EPC: a URN or Digital Link URI. */
export function subjectOf(uri) {
  if (typeof uri !== 'string' || uri === '' || LONE.test(uri)) return null;
  const path = fromUrn(uri) ?? fromDigitalLink(uri);
  return path ? '/' + path.map(encodePart).join('/') : '/epc/' + encodePart(uri);
}

export function namedSubjects(event) {
  const members = (...names) => names.flatMap((name) => listOf(event?.[name]));
  const uris = [...members('epcList', 'childEPCs', 'inputEPCList', 'outputEPCList'), event?.parentID,
    ...members('quantityList', 'childQuantityList', 'inputQuantityList', 'outputQuantityList').map((q) => q?.epcClass)];
  return new Set(uris.map(subjectOf).filter(Boolean));
}

/** From node `fn` of a level up to its last, `sn`, to the root: which siblings stand left. */
function sidesLeft(fn, sn) {
  const left = [];
  const up = () => { fn = Math.floor(fn / 2); sn = Math.floor(sn / 2); };
  while (sn > 0) {
    left.push(fn % 2 === 1 || fn === sn);
    if (left.at(-1)) while (fn % 2 === 0 && fn > 0) up();
    up();
  }
  return left;
}

/** RFC 9162, 2.1.3.2; sizes below 2^53. */
export async function verifyInclusion(leaf, index, size, proof, root, hash = node) {
  if (!isCount(index) || !isCount(size) || index >= size || !isHash(leaf) || !isHash(root)) return false;
  const left = sidesLeft(index, size - 1);
  if (!isProof(proof) || proof.length !== left.length) return false;
  let value = leaf;
  for (const [i, sibling] of proof.entries()) value = await (left[i] ? hash(sibling, value) : hash(value, sibling));
  return value === root;
}

/** RFC 9162, 2.1.4.2; an empty old tree proves nothing. */
export async function verifyConsistency(oldSize, newSize, oldRoot, newRoot, proof) {
  if (!isCount(oldSize) || !isCount(newSize) || !oldSize || oldSize > newSize || !isProof(proof)) return false;
  if (oldSize === newSize) return proof.length === 0 && typeof oldRoot === 'string' && oldRoot === newRoot;
  let [fn, sn] = [oldSize - 1, newSize - 1];
  while (fn % 2 === 1) [fn, sn] = [(fn - 1) / 2, Math.floor(sn / 2)];
  const [start, ...rest] = fn === 0 ? [oldRoot, ...proof] : proof; // 0 where the old size is a power of two
  const left = sidesLeft(fn, sn);
  if (!isHash(start) || rest.length !== left.length) return false;
  let [before, after] = [start, start];
  for (const [i, sibling] of rest.entries()) {
    if (left[i]) before = await node(sibling, before);
    after = await (left[i] ? node(sibling, after) : node(after, sibling));
  }
  return before === oldRoot && after === newRoot;
}

const bitOf = (key, depth) => (parseInt(key[depth >> 2], 16) >> (3 - (depth & 3))) & 1;

/** What a head (present {count, leaf, siblings}, absent {met, siblings}) proves: 'present', 'absent' or false. */
export async function verifyHead(heads, key, head) {
  if (!isHash(key) || !isObject(head) || !isProof(head.siblings)) return false;
  const { met, siblings, ...own } = head;
  const absent = met !== undefined;
  const end = absent ? met : { key, ...own };
  if (end !== null && misfit(end, { key: isHash, count: (n) => isCount(n) && n > 0, leaf: isHash })) return false;
  const shares = end === null || siblings.every((_, depth) => bitOf(end.key, depth) === bitOf(key, depth));
  if (!shares || (end?.key === key) === absent) return false;
  if (siblings.at(-1) === ZERO) return false; // one key is its leaf and none is empty: neither has an empty sibling
  let value = end === null ? ZERO : await hashHex('02' + end.key + end.count.toString(16).padStart(16, '0') + end.leaf);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    value = await hashHex('03' + (bitOf(key, depth) ? siblings[depth] + value : value + siblings[depth]));
  }
  return value === heads && (absent ? 'absent' : 'present');
}

export async function verifyItem(item, quantity, itemsRoot, proof) {
  if (typeof item?.serial !== 'string' || LONE.test(item.serial) || !isHash(item.code)) return false;
  const leaf = await hashHex('00' + toHex(encoder.encode(item.serial)) + '00' + item.code);
  return verifyInclusion(leaf, item.index, quantity, proof, itemsRoot);
}

// tests/web/test_verifier.py computes them from the contracts
export const SELECTORS = {
  isSeal: 'de96cbad', seals: '08560eca', merchants: '8bcc8801', batches: 'cfdf677e', check: '31b35ec3', batch: 'fddaa065',
  ended: '12fa6feb', lateReceipts: 'd8ce0d74', predecessor: 'b719d032', predecessorSeal: 'af2ae25b', verifierSince: 'af333522',
};
const selector = (name) => '0x' + SELECTORS[name];
export const word = (n) => n.toString(16).padStart(64, '0');
export const blob = (hex) => word(hex.length / 2) + hex.padEnd(Math.ceil(hex.length / 64) * 64, '0');
const text = (string) => blob(toHex(encoder.encode(string)));

export const encodeIsSeal = (seal) =>
  selector('isSeal') + word(seal.number) + word(seal.size) + seal.root + seal.heads + word(seal.sealedAt);

export function encodeCheck(claims) {
  let [offsets, tuples] = ['', ''];
  for (const { by, at, statement, signature } of claims) {
    const [kind, subject] = [text(statement.kind), text(statement.subject)];
    const inner = word(160) + word(160 + kind.length / 2) + statement.content + word(statement.issuedAt) + statement.nonce + kind + subject;
    offsets += word(32 * claims.length + tuples.length / 2);
    tuples += by.slice(2).padStart(64, '0') + word(at) + word(128) + word(128 + inner.length / 2) + inner + blob(signature);
  }
  return selector('check') + word(32) + word(claims.length) + offsets + tuples;
}

/** The faults that end a journal, in the contract's order. */
export const FAULTS = [null, 'omission', 'fork', 'misstep', 'broken-promise'];
const VERDICTS = ['valid', 'unknown-signer', 'bad-signature', 'no-standing', 'issued-late'];

const addressOf = (w) => '0x' + w.slice(26);

export class NoAnswer extends Error {}
export const toNumber = (hex) => {
  const n = matches(/^0x[0-9a-f]{1,64}$/i, hex) ? Number(hex) : NaN;
  if (!isCount(n)) throw new NoAnswer('rpc-unusable');
  return n;
};

/** Calls at one block; each answers words. */
export async function openChain(rpc, id, timeout) {
  const post = async (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const headers = { 'content-type': 'application/json' };
    const { result } = await (await fetch(rpc, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeout) })).json();
    if (result === undefined) throw new NoAnswer('rpc-error');
    return result;
  };
  const ask = async (...what) => {
    try { return await (typeof rpc === 'function' ? rpc : post)(...what); } catch (error) {
      throw error instanceof NoAnswer ? error : new NoAnswer('rpc-unreachable');
    }
  };
  const [met, block] = (await Promise.all([ask('eth_chainId', []), ask('eth_blockNumber', [])])).map(toNumber);
  if (met !== id) throw new NoAnswer('rpc-wrong-chain');
  const call = async (to, data, least = 1) => {
    const answer = await ask('eth_call', [{ to, data }, '0x' + block.toString(16)]);
    if (answer === '0x') throw new NoAnswer('no-contract');
    const list = matches(/^0x([0-9a-f]{64})+$/i, answer) ? answer.slice(2).toLowerCase().match(/.{64}/g) : [];
    if (list.length < least) throw new NoAnswer('rpc-unusable');
    return list.map((w) => '0x' + w);
  };
  return { block, call };
}

/** Since when a Journal has the verifier's file with this SHA-256, in seconds; 0: it has not. Throws NoAnswer. */
export async function publishedSince(hash, { rpc, pinned, timeout = 10000 }) {
  const { call } = await openChain(rpc, pinned.chain, timeout);
  return toNumber((await call(pinned.journal, selector('verifierSince') + hash))[0]);
}

const STATES = ['holds', 'unchecked', 'fails'];
const rank = ({ state }) => STATES.indexOf(state);

/** The nine answers; the first of the worst findings gives the code. */
class Findings {
  list = Array.from({ length: 9 }, (_, i) =>
    ({ number: i + 1, state: 'holds', code: 'holds', detail: '', evidence: { faults: [] }, source: 'offline' }));

  add(state, number, code, detail = '') {
    const o = this.list[number - 1];
    if (rank({ state }) > rank(o)) Object.assign(o, { state, code, detail });
    if (o.evidence.faults.length < 20) o.evidence.faults.push({ state, code, detail });
  }
  note(number, code) {
    const o = this.list[number - 1];
    if (o.state === 'holds') o.code = code;
    return o;
  }
  /** How a part of the bundle reports; what is found in a related one belongs to (9). */
  reporter(where, related) {
    const tell = (state) => (number, code, detail = where) =>
      (related ? this.add(state, 9, `related-${state}`, `${detail} (${number}) ${code}`) : this.add(state, number, code, detail));
    return { fail: tell('fails'), doubt: tell('unchecked') };
  }
}

const each = async (items, work) => { // some at a time
  for (let i = 0; i < items.length; i += 256) await Promise.all(items.slice(i, i + 256).map(work));
};

// forms of the parts: a test, a list of a form, an object's members
const maybe = (form) => (x) => x === undefined || misfit(x, form) === null;
const ENTRY = { index: isCount, header: parseHeader, body: (x) => isObject(x) || unread(x) !== null };
const STREAM = {
  subject: isSubject, head: isObject, entries: [ENTRY],
  inclusion: maybe([{ index: isCount, proof: Array.isArray }]), documents: maybe(isObject),
};
const BUNDLE = {
  ...STREAM, version: (x) => x === 1, chain: { id: isCount, journal: (x) => matches(ADDRESS, x) },
  seal: { number: isCount, size: isCount, root: isHash, heads: isHash, sealedAt: isCount }, hashes: [isHash],
  support: maybe([{ ...ENTRY, subject: isSubject }]), related: maybe([STREAM]), pending: maybe([ENTRY]),
};
export function misfit(value, form, where = '') {
  if (typeof form === 'function') return form(value) ? null : where || '/';
  const list = Array.isArray(form);
  if (list ? !Array.isArray(value) : !isObject(value)) return where || '/';
  const below = (name) => misfit(value[name], list ? form[0] : form[name], `${where}/${name}`);
  return Object.keys(list ? value : form).reduce((wrong, name) => wrong ?? below(name), null);
}

async function read(bundle, findings) {
  const { chain, seal, hashes, support = [], related = [], pending = [] } = bundle;
  const documents = [];
  const entriesOf = (list, stream, where) => list.map(({ index, header, body, subject }, i) => {
    const { body: hash, ...fields } = parseHeader(header);
    const report = findings.reporter(`${where}/${i}`, stream.relation);
    const bytes = unread(body);
    return { ...fields, ...report, hash, header, index, body: bytes ? {} : body, bytes, stream, subject: stream.subject ?? subject };
  });
  const streamOf = ({ subject, head, entries, items, inclusion = [], documents: papers = {} }, where, relation) => {
    const stream = { ...findings.reporter(where, relation), subject, relation, head, items, absent: head.met !== undefined };
    stream.proofs = new Map(inclusion.map(({ index, proof }) => [index, proof]));
    stream.entries = entriesOf(entries, stream, where + '/entries');
    for (const [name, document] of Object.entries(papers)) documents.push({ name, document, stream });
    return stream;
  };
  const main = streamOf(bundle, '');
  const streams = [main, ...related.map((part, i) => streamOf(part, `/related/${i}`, String(part.relation)))];
  const waiting = entriesOf(pending, main, '/pending');
  const shown = [...streams.flatMap((stream) => stream.entries), ...entriesOf(support, { proofs: main.proofs }, '/support')];
  for (const stream of streams) stream.key = await subjectKey(stream.subject);
  await each([...shown, ...waiting], async (entry) => { entry.leaf = await leafHash(entry.header); });
  return { chain, seal, hashes, documents, main, related: streams.slice(1), streams, pending: waiting, shown };
}

async function judgeHead({ head, key, entries, absent, fail }, heads) {
  if (!(await verifyHead(heads, key, head))) fail(2, 'head-mismatch'); // (2)
  const newest = entries.at(-1); // (3)
  if (absent) { if (newest) fail(3, 'entries-of-absent'); }
  else if (!newest) fail(3, 'none-shown');
  else if (newest.seq + 1 !== head.count) newest.fail(3, 'count-differs');
  else if (newest.leaf !== head.leaf) newest.fail(3, 'leaf-differs');
}

async function judgeBody(entry, documents) { // (4)
  const { kind, body, subject, bytes } = entry;
  const fail = (code) => entry.fail(4, code);
  if (entry.version !== 1) fail('version');
  if (entry.key !== await subjectKey(subject)) fail('key-differs');
  if (bytes) {
    if (kind !== APPEAL || subject !== APPEALS) fail('body-form');
    if (entry.hash !== await sha256(bytes)) fail('body-hash');
    return;
  }
  if (!KINDS[kind] || body.kind !== KINDS[kind]) fail('kind-differs');
  let canonical = '';
  try { canonical = encoder.encode(jcs(body, true)); } catch { fail('body-form'); }
  if (canonical.length > 65536) fail('body-size');
  if (entry.hash !== await sha256(canonical)) fail('body-hash');
  const event = kind === CHECKPOINT; // of no subject: its document names them
  if (body.subject !== (event ? undefined : subject)) fail('subject-differs');
  const name = body.public?.document;
  if (name === undefined && !event) return;
  if (!isHash(name)) fail('document-name');
  else if (!documents.has(name)) entry.doubt(4, 'document-missing');
  else if (event) {
    entry.event = documents.get(name);
    const named = namedSubjects(entry.event);
    if (!named.has(subject) || body.named !== named.size) fail('not-named');
  }
}

/** (5): one unbroken run; what is pending goes on from the head. */
function judgeOrder({ entries, absent }, pending, seal, now) {
  let before = absent ? { index: -1, leaf: ZERO, seq: -1, at: 0 } : null;
  for (const [i, entry] of [...entries, ...pending].entries()) {
    const waits = i >= entries.length;
    const fail = (code) => entry.fail(5, waits ? 'pending-' + code : code);
    if (entry.seq === 0 && entry.prev !== ZERO) fail('first-prev');
    if (before) {
      if (entry.seq !== before.seq + 1) fail('seq-gap');
      if (entry.prev !== before.leaf) fail('prev-differs');
      if (entry.index <= before.index) fail('index-order');
      if (entry.at < before.at) fail('time-order');
    }
    if (waits && entry.index < seal.size) fail('sealed');
    if (!waits && entry.index >= seal.size) fail('index-order');
    if (entry.at > ((waits ? now : seal.sealedAt) + TEN_MINUTES) * 1000) fail('too-late');
    before = entry;
  }
}

async function judgeInclusion({ index, leaf, stream, fail }, { seal, hashes, main }, hash) { // (6)
  const proof = stream.proofs.get(index) ?? main.proofs.get(index);
  if (!proof) fail(6, 'no-proof');
  else if (!(await verifyInclusion(leaf, index, seal.size, pick(hashes, proof), seal.root, hash))) fail(6, 'not-included');
}
const pick = (hashes, pointers) => pointers.map((p) => hashes[isCount(p) ? p : -1]);

/** (7): a claim for a registry to check; or how to check a shopper's signature for a journal; or none. */
async function readClaim(entry, { chain, shown }) {
  const { kind, subject, body } = entry;
  const { by, issuedAt, nonce, signature } = body;
  const fail = (code) => entry.fail(7, code);
  if (entry.bytes && kind === APPEAL) return undefined; // nobody is said to have signed it
  if (by === undefined || signature === undefined) return fail('unsigned');
  const shopper = kind >= CLAIM && kind <= WITHDRAW; // a review is a shopper's, whoever else can sign
  if (!matches(shopper ? /^04[0-9a-f]{128}$/ : ADDRESS, by)) return fail('author');
  const content = await hashOf(body.public, true);
  const signed = matches(shopper ? /^[0-9a-f]{128}$/ : /^[0-9a-f]{130}$/, signature);
  if (!content || typeof body.kind !== 'string' || !isCount(issuedAt) || !isHash(nonce) || !signed) return fail('statement-form');
  const statement = { kind: body.kind, subject: kind === CHECKPOINT ? '' : subject, content, issuedAt, nonce };
  const at = Math.floor(entry.at / 1000);
  if (!shopper) return { by, at, statement, signature };
  const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const { subtle } = globalThis.crypto;
  const signedFor = (journal) => {
    const message = encoder.encode(jcs({ domain: { chain: chain.id, journal }, ...statement }));
    return subtle.importKey('raw', fromHex(by), ecdsa, false, ['verify'])
      .then((key) => subtle.verify(ecdsa, key, fromHex(signature), message)).catch(() => false);
  };
  const right = body.public?.right;
  const binds = (other) => other.kind === CLAIM && other.body.by === by && other.index < entry.index // of the same right and product
    && other.subject === '/rights/' + subject.slice(-14) && typeof right === 'string' && other.body.public?.right === right;
  const signedWell = () => {
    if (issuedAt > at + TEN_MINUTES) return fail('issued-late');
    if (kind !== CLAIM && !shown.some(binds)) entry.doubt(7, 'claim-missing');
    return undefined;
  };
  return { under: async (journal, doubted) => (await signedFor(journal) ? signedWell() : doubted ? entry.doubt(7, doubted) : fail('bad-signature')) };
}

/** (7): no statement counts twice. `claims`: for the registries; `shoppers`: signed for the journal that took them. */
async function readClaims(shape) {
  const [claims, shoppers, used] = [[], [], new Map()];
  for (const entry of [...shape.shown, ...shape.pending]) {
    const claim = await readClaim(entry, shape);
    if (claim) (claim.under ? shoppers : claims).push({ claim, entry });
    if (entry.bytes) continue;
    const once = [entry.subject, entry.body.by, entry.body.nonce].join();
    if ((used.get(once) ?? entry.index) !== entry.index) entry.fail(7, 'nonce-again');
    used.set(once, entry.index);
  }
  return { claims, shoppers };
}

function judgeTally(entries) { // (8)
  let before = null;
  for (const { seq, kind, arg, state, body, fail } of entries) {
    const from = before ?? (seq === 0 ? ZERO : null);
    if (from !== null && nextState(from, kind, arg) !== state) fail(8, 'misstep');
    if ((kind === REVIEW || kind === AMEND) && body.public?.stars !== (arg & 7)) fail(8, 'stars-differ');
    before = state;
  }
}

const ITEM = /^\/01\/(\d{14})\/21\/([^/]+)$/;
const LOT = /^\/01\/(\d{14})\/10\/[^/]+$/;

/** (9): every container that the events put the item into is here, and none that holds neither it nor a batch of its. */
function judgeRelated({ main, related, shown, pending }, item) {
  const packed = [...shown, ...pending].filter(({ event }) => isObject(event) && event.action !== 'DELETE')
    .map(({ event: { parentID, childEPCs, childQuantityList } }) =>
      [subjectOf(parentID), new Set([...listOf(childEPCs), ...listOf(childQuantityList).map((q) => q?.epcClass)].map(subjectOf))]);
  const holding = (...things) => {
    const all = new Set(things); // grows as it is walked
    for (const one of all) for (const [parent, children] of packed) if (parent && children.has(one)) all.add(parent);
    for (const one of things) all.delete(one);
    return all;
  };
  const batches = related.filter(({ relation, subject }) => relation === 'batch' && LOT.test(subject));
  const [needed, known] = [holding(main.subject), holding(...[main, ...batches].map(({ subject }) => subject))];
  const given = new Set();
  for (const part of related) {
    if (part.relation === 'container') given.add(part.subject);
    else if (!batches.includes(part) || (item && LOT.exec(part.subject)[1] !== item[1])) main.fail(9, 'relation', part.subject);
  }
  for (const subject of given) if (!known.has(subject)) main.doubt(9, 'container-unproven', subject);
  for (const subject of item ? needed : []) if (!given.has(subject)) main.doubt(9, 'container-missing', subject);
  if (item && !main.absent && !batches.length) main.doubt(9, 'no-batch', main.subject);
}

/** (9): the BatchRegistry says what the batch's entry says, and the item is in it. */
async function judgeBatch({ subject, entries, absent, items }, record, { main, hashes }, item) {
  const fail = (code) => main.fail(9, code, subject);
  if (!record.registeredAt) return absent || main.doubt(9, 'not-registered', subject);
  for (const { kind, body } of entries) {
    const same = body.by === record.merchant && ['itemsRoot', 'quantity'].every((name) => body.public?.[name] === record[name])
      && record.content === await hashOf(body.public);
    if (kind === BATCH && !same) fail('registry-differs');
  }
  if (!item) return undefined;
  if (!isObject(items)) return main.doubt(9, 'no-items-proof', subject);
  const serial = decodePart(item[2]);
  if (items.serial !== serial || encodePart(serial) !== item[2]) return fail('other-item'); // an item has one subject
  return await verifyItem(items, record.quantity, record.itemsRoot, pick(hashes, listOf(items.proof))) || fail('not-in-batch');
}

/** A Journal and those before it, newest first, each asked for once, when it is wanted: {address, before: {journal, seal} | null}. */
class Line {
  known = [];
  constructor(call, first) { Object.assign(this, { call, first }); }

  async at(place) { // null where they end
    while (this.known.length <= place) {
      const newest = this.known.at(-1);
      if (newest && !newest.before) return null;
      if (this.known.length === LINE_LIMIT) throw new NoAnswer('long-line');
      const address = newest?.before.journal ?? this.first;
      const [named] = await this.call(address, selector('predecessor'));
      const journal = addressOf(named);
      this.known.push({ address, before: /^0x0{40}$/.test(journal) ? null : { journal, seal: await this.handed(address) } });
    }
    return this.known[place];
  }
  async handed(address) {
    const words = await this.call(address, selector('predecessorSeal'), 5);
    const [number, size, sealedAt] = [words[0], words[1], words[4]].map(toNumber);
    return { number, size, root: words[2].slice(2), heads: words[3].slice(2), sealedAt };
  }
  /** Where a Journal stands among them; -1 where it is none of them. */
  async find(journal) {
    for (let place = 0; ; place++) {
      const era = await this.at(place);
      if (!era) return -1;
      if (era.address === journal) return place;
    }
  }
  /** Where that stands, from a place on, under which an entry was taken. */
  async eraOf(index, from) {
    for (let place = from; ; place++) if (index >= ((await this.at(place)).before?.seal.size ?? 0)) return place;
  }
}

const sameSeal = (a, b) => encodeIsSeal(a) === encodeIsSeal(b);

/** (1): where the bundle's journal stands in the line of the pinned one; fails where it does not, whatever it says of itself. */
async function findOwn(line, { chain, main }, call) {
  const other = (code) => { main.fail(1, code, chain.journal); throw new NoAnswer('other-deployment'); };
  if (line.first === chain.journal) { await line.at(0); return 0; }
  const place = await line.find(chain.journal).catch(() => -1);
  if (place >= 0) return place;
  const claims = await new Line(call, chain.journal).find(line.first).catch(() => -1);
  return other(claims > 0 ? 'claims-to-go-on' : 'other-deployment');
}

/** (1), and what (7) and (9) need of the chain. */
async function askChain(shape, item, { claims, shoppers }, options, findings, result) {
  const { chain, seal, main, streams } = shape;
  const { rpc, pinned, maxSealAge = 172800, timeout = 10000, sameOrigin, live } = options;
  const batches = streams.filter((stream) => LOT.test(stream.subject));
  const open = new Map([ // what is not answered yet
    [1, (code) => main.doubt(1, code)],
    [7, (code) => claims.forEach(({ entry }) => entry.doubt(7, code))],
    [9, (code) => batches.forEach(({ subject }) => main.doubt(9, code, subject))],
  ]);
  let unasked = shoppers; // as for the bundle's own journal; an earlier one may have taken what was not signed for it
  try {
    const journal = isObject(pinned) && isCount(pinned.chain) ? String(pinned.journal).toLowerCase() : null; // (1)
    const other = journal && (journal !== chain.journal || pinned.chain !== chain.id);
    if (!journal) main.doubt(1, 'not-pinned');
    if (result.sealAge > maxSealAge) main.doubt(1, 'stale');
    if (result.sealAge < -TEN_MINUTES) main.doubt(1, 'from-the-future');
    if (other && (!rpc || pinned.chain !== chain.id)) main.fail(1, 'other-deployment', chain.journal);
    if (!rpc) throw new NoAnswer('rpc-absent');
    if (other && pinned.chain !== chain.id) throw new NoAnswer('other-deployment');
    const page = typeof rpc === 'string' && globalThis.location;
    const own = sameOrigin ?? (page && new URL(rpc, page.href).origin === page.origin);
    const { block, call } = await openChain(rpc, chain.id, timeout).catch((error) => {
      if (other) main.fail(1, 'other-deployment', chain.journal);
      throw error;
    });
    const ask = async (address, name, data = selector(name)) => (await call(address, data))[0];
    const answered = (number, code) => {
      open.delete(number);
      findings.note(number, code).source = own ? 'operator' : 'independent';
    };
    result.block = block;
    const line = new Line(call, journal ?? chain.journal);
    const place = await findOwn(line, shape, call);
    const eras = line.known.slice(0, place + 1);
    const { before } = eras[place];
    Object.assign(result, { line: place ? eras.map(({ address }) => address) : [], predecessor: before });
    const isSeal = async (one) => {
      const answer = toNumber(await ask(chain.journal, 'isSeal', encodeIsSeal(one)));
      if (answer > 1) throw new NoAnswer('rpc-unusable');
      return answer === 1;
    };
    if (place) {
      const { seal: handed } = eras[place - 1].before;
      if (seal.number > handed.number || seal.size > handed.size || (seal.number === handed.number && !sameSeal(seal, handed))) main.fail(1, 'after-handover');
      else if (!(await isSeal(handed))) main.fail(1, 'handover-unknown');
    }
    const registries = new Map();
    const registryOf = async (name, at) => {
      const key = name + at;
      return registries.get(key) ?? registries.set(key, addressOf(await ask((await line.at(at)).address, name))).get(key);
    };
    const askFaults = async ({ address }) => {
      try {
        const [ended, late] = (await Promise.all([ask(address, 'ended'), ask(address, 'lateReceipts')])).map(toNumber);
        if (ended >= FAULTS.length) throw new NoAnswer('rpc-unusable');
        if (ended || late) result.proven.push({ journal: address, fault: FAULTS[ended], late });
      } catch { main.doubt(1, 'faults-unasked', address); }
    };
    const askNewest = async () => { // a site that is alive serves a new seal minutes after it came
      if (!live || !(result.sealAge > TEN_MINUTES)) return;
      const newest = toNumber(await ask(eras[0].address, 'seals'));
      if (place ? newest : newest > seal.number) main.doubt(1, 'older');
    };
    const [sealed] = await Promise.all([isSeal(seal), registryOf('merchants', place), registryOf('batches', place), askNewest(), ...eras.map(askFaults)]);
    if (!sealed && seal.block > block && toNumber(await ask(chain.journal, 'seals')) < seal.number) throw new NoAnswer('rpc-behind');
    if (!sealed) main.fail(1, 'seal-unknown');
    answered(1, 'confirmed');
    const asked = []; // (7)
    for (const { claim, entry } of shoppers) asked.push({ claim, journal: line.known[await line.eraOf(entry.index, place)].address });
    unasked = [];
    await each(asked, ({ claim, journal: then }) => claim.under(then));
    const [byEra, last] = [new Map(), []];
    for (const one of claims) {
      const era = before ? await line.eraOf(one.entry.index, place) : place;
      byEra.set(era, [...(byEra.get(era) ?? last), one]);
    }
    for (const [era, all] of byEra) {
      for (let i = 0; i < all.length; i += 100) {
        const some = all.slice(i, i + 100);
        const [, count, ...verdicts] = await call(await registryOf('merchants', era), encodeCheck(some.map(({ claim }) => claim)), 2);
        if (toNumber(count) !== some.length || verdicts.length !== some.length) throw new NoAnswer('rpc-unusable');
        const names = verdicts.map((verdict) => VERDICTS[toNumber(verdict)] ?? 'unknown-verdict');
        names.forEach((name, j) => { if (name !== 'valid') some[j].entry.fail(7, name); });
      }
    }
    if (claims.length) answered(7, 'signed');
    for (const stream of batches) { // (9): by the newest registry that knows it; a recall in any counts
      const oldest = before ? await line.eraOf(Math.min(...stream.entries.map(({ index }) => index), Infinity), place) : place;
      let record = null;
      for (let era = place; era <= oldest; era++) {
        const [merchant, ...row] = await call(await registryOf('batches', era), selector('batch') + stream.key, 7);
        const [quantity, registeredAt, recalledAt] = row.slice(0, 3).map(toNumber);
        const [itemsRoot, content, reason] = row.slice(3).map((w) => w.slice(2));
        if (!record?.registeredAt) record = { merchant: addressOf(merchant), quantity, registeredAt, itemsRoot, content };
        if (recalledAt) result.recalled.push({ subject: stream.subject, at: recalledAt * 1000, by: 'registry', reason });
      }
      await judgeBatch(stream, record, shape, item);
    }
    if (batches.length) answered(9, 'registered');
  } catch (error) {
    const code = error instanceof NoAnswer ? error.message : 'rpc-unusable';
    for (const doubt of open.values()) doubt(code);
    await each(unasked, ({ claim }) => claim.under(chain.journal, code === 'other-deployment' ? '' : code));
  }
}

async function judge(bundle, options, findings, result) {
  const wrong = misfit(bundle, BUNDLE);
  if (wrong) return wrong;
  const shape = await read(bundle, findings);
  const { seal, main, streams, pending, shown } = shape;
  const clock = Number.isFinite(options.now) ? options.now : Date.now();
  const now = Math.floor(clock > 1e11 ? clock / 1000 : clock);
  const { subject, absent } = main;
  const { number, size, sealedAt } = seal;
  Object.assign(result, { subject, absent, sealAge: now - sealedAt, seal: { number, size, sealedAt } });
  result.pending = pending.map(({ index, kind, at }) => ({ index, kind: KINDS[kind], at, code: 'not-yet-proven' }));
  result.notShown = streams.filter(({ entries }) => entries[0]?.seq)
    .map(({ subject, entries }) => ({ code: 'older-entries', subject, count: entries[0].seq }));
  result.recalled = shown.filter(({ kind }) => kind === RECALL).map(({ subject, at, index }) => ({ subject, at, by: 'journal', index }));
  result.unread = shown.filter(({ bytes }) => bytes).length;
  const counts = parseTally(main.entries.at(-1)?.state ?? ZERO);
  if (counts.some(Boolean)) result.tally = { standing: counts.slice(0, 5), withheld: counts.slice(5) };

  for (const stream of streams) await judgeHead(stream, seal.heads); // (2) (3)
  const documents = new Map(); // (4)
  await each(shape.documents, async ({ name, document, stream }) => {
    if (await hashOf(document) === name) documents.set(name, document);
    else stream.fail(4, 'document-hash');
  });
  await each([...shown, ...pending], (entry) => judgeBody(entry, documents));
  for (const stream of streams) judgeOrder(stream, stream === main ? pending : [], seal, now); // (5)
  const known = new Map(); // neighbours' proofs share most of their upper nodes
  const hash = (left, right) => known.get(left + right) ?? known.set(left + right, node(left, right)).get(left + right);
  await each(shown, (entry) => judgeInclusion(entry, shape, hash)); // (6)
  [...shown].sort((a, b) => a.index - b.index).forEach((entry, i, all) => { if (entry.at < all[i - 1]?.at) entry.fail(6, 'time-order'); });
  const signed = await readClaims(shape); // (7)
  for (const stream of streams) judgeTally(stream === main ? [...stream.entries, ...pending] : stream.entries); // (8)
  const item = ITEM.exec(subject); // (9)
  judgeRelated(shape, item);

  findings.note(2, absent ? 'absent' : 'present');
  findings.note(8, !result.tally ? 'no-tally' : main.entries[0].seq ? 'from-oldest-shown' : 'from-the-first');
  if (!item && !LOT.test(subject) && streams.length === 1) findings.note(9, 'not-needed');
  await askChain(shape, item, signed, options, findings, result);
  return null;
}

/** Verifies a proof bundle; never throws. `proven` tells what was proven of the journals from the pinned one to the bundle's ({journal,
 *  fault, late}): a fault fails the verdict, whatever the answers. `line`: these, where they are more than one. Options: `rpc`, a URL or async (method, params) → result; `pinned` {chain, journal}, known from
 *  elsewhere; `now`, `maxSealAge` in seconds; `sameOrigin`, the rpc is the operator's (else told by its URL); `timeout` in ms; `live`, it was
 *  served just now, and should be under the newest seal. */
export async function verify(bundle, options) {
  const findings = new Findings();
  const result = { subject: null, absent: false, seal: null, sealAge: null, block: null, tally: null, recalled: [], pending: [], notShown: [],
    proven: [], line: [], predecessor: null, unread: 0 };
  const all = (state, code, detail) => findings.list.forEach(({ number }) => findings.add(state, number, code, detail));
  try {
    const copy = JSON.parse(JSON.stringify(bundle)); // has no getters or prototypes
    const able = globalThis.crypto?.subtle;
    const wrong = able && await judge(copy, options ?? {}, findings, result);
    if (wrong) all('fails', 'unusable', wrong);
    if (!able) all('unchecked', 'no-crypto');
  } catch { all('fails', 'unusable'); }
  const { list } = findings;
  const verdict = result.proven.some(({ fault }) => fault) ? 'fails' : STATES[Math.max(...list.map(rank))];
  return { verdict, independent: list[0].source === 'independent', obligations: list, ...result };
}
