// A buyer's side: rights, keys that never leave this browser, statements, receipts. Kept in IndexedDB; nothing is sent anywhere but to this site.
import { fromHex, jcs, sha256, toHex } from './verifier.js';

const { subtle } = globalThis.crypto;
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const encoder = new TextEncoder();

export const randomHex = (size) => toHex(globalThis.crypto.getRandomValues(new Uint8Array(size)));

// -- rights

/** The secret of the delivery's line `i`: SHA-256("suyuan right" || secret || i)[:16], in hex. */
export async function lineSecret(secret, i) {
  const prefix = toHex(encoder.encode('suyuan right'));
  return (await sha256(fromHex(prefix + secret + i.toString(16).padStart(2, '0')))).slice(0, 32);
}
export const rightOf = (secret) => sha256(fromHex(secret));

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** The 16 bytes under a patch, in hex: typed as 32 hex digits or 26 base32 characters, any case and grouping; else null. */
export function parseCode(text) {
  const plain = String(text).replace(/[\s-]/g, '');
  if (/^[0-9a-f]{32}$/i.test(plain)) return plain.toLowerCase();
  const typed = plain.toUpperCase().replace(/[018]/g, (c) => ({ 0: 'O', 1: 'I', 8: 'B' })[c]);
  if (!/^[A-Z2-7]{26}$/.test(typed)) return null;
  const bits = [...typed].map((c) => BASE32.indexOf(c).toString(2).padStart(5, '0')).join('');
  if (bits.slice(128) !== '00') return null;
  return bits.slice(0, 128).match(/.{8}/g).map((byte) => parseInt(byte, 2).toString(16).padStart(2, '0')).join('');
}

// -- keys and statements

/** A P-256 key that cannot be taken out, and its public point in hex. */
export async function makeKey() {
  const pair = await subtle.generateKey(ECDSA, false, ['sign', 'verify']);
  return { key: pair.privateKey, by: toHex(new Uint8Array(await subtle.exportKey('raw', pair.publicKey))) };
}

/** A statement as it travels: ES256 over JCS, raw r || s. `content`: a hash, or the `public` that is hashed. */
export async function signStatement({ key, by }, deployment, kind, subject, content, now = Date.now()) {
  const statement = {
    kind, subject, content: typeof content === 'string' ? content : await sha256(jcs(content, true)),
    issuedAt: Math.floor(now / 1000), nonce: randomHex(32),
  };
  const { chain, journal } = deployment;
  const message = encoder.encode(jcs({ domain: { chain, journal }, ...statement }));
  const signature = toHex(new Uint8Array(await subtle.sign(ECDSA, key, message)));
  return { by, ...statement, signature };
}

// -- the site

export class Refused extends Error {
  constructor(status, problem, path = '') {
    super(problem?.detail ?? problem?.title ?? `HTTP ${status}`);
    this.status = status;
    this.path = path;
    this.problem = problem ?? {};
  }
}

/** Asks the site; throws Refused for its refusals and TypeError where it does not answer. */
export async function ask(path, { body, headers = {}, method = body === undefined ? 'GET' : 'POST', fetch = globalThis.fetch } = {}) {
  const raw = body instanceof Uint8Array || (globalThis.Blob && body instanceof Blob);
  const response = await fetch(path, {
    method, cache: 'no-store', credentials: 'omit',
    headers: { accept: 'application/json', ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: raw ? body : jcs(body) }),
  });
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(response.status, answer, path);
  return answer;
}

/** The deployment that this browser remembers, else the one that the site names; throws where they differ. */
export async function deploymentOf(fetch = globalThis.fetch, remembered = null) {
  const { chain, journal } = await ask('/v1/journal', { fetch });
  if (remembered && remembered !== `${chain}.${journal}`) throw new Refused(0, { detail: 'other-deployment' });
  return { chain, journal };
}

/** What remains of a statement and its receipt, to hold the site to its promise. */
export const receiptOf = (answer, statement, published, now = Date.now()) =>
  ({ id: `${answer.index}.${answer.receipt.leaves.slice(0, 16)}`, index: answer.index, receipt: answer.receipt, statement, public: published, at: now });

/** Binds a fresh key to a right; gives the right as it is to be kept, and the receipt. */
export async function claimRight(right, deployment, fetch) {
  const made = right.key ? right : { ...right, ...(await makeKey()) };
  const published = { right: right.right, secret: right.secret };
  const statement = await signStatement(made, deployment, 'claim', `/rights/${right.gtin}`, published);
  const answer = await ask('/v1/claims', { body: { statement, public: published }, fetch });
  return { right: { ...made, state: 'claimed' }, receipt: receiptOf(answer, statement, published) };
}

/** What an item's claim has to show, from its proof bundle; throws 'not-in-batch', or 'wrong-code' where the code is not the item's. */
export async function itemClaim(bundle, code) {
  const batch = (bundle.related ?? []).find(({ relation, items }) => relation === 'batch' && items);
  if (!batch) throw new Refused(0, { detail: 'not-in-batch' });
  if (await sha256(fromHex(code)) !== batch.items.code) throw new Refused(0, { detail: 'wrong-code' });
  return { batch: batch.subject, code, place: batch.items.index, proof: batch.items.proof.map((n) => bundle.hashes[n]) };
}

/** Claims an item with a key that is used for nothing else; the right's secret is made here. */
export async function claimItem(item, code, deployment, fetch) {
  const bundle = await ask(`/v1/proof?subject=${encodeURIComponent(item)}`, { fetch });
  const published = await itemClaim(bundle, code);
  const secret = randomHex(16);
  const right = await rightOf(secret);
  const statement = await signStatement(await makeKey(), deployment, 'claim', item, published);
  const answer = await ask('/v1/claims', { body: { statement, public: published, right }, fetch });
  return {
    answer, receipt: receiptOf(answer, statement, published),
    right: { right, secret, gtin: item.slice(4, 18), batch: published.batch, state: answer.right ?? 'waiting', item },
  };
}

// -- writing

/** Private content with its salt, and the `public` of a review or an amendment. */
export async function composeReview(right, { stars, words, language, photos = [], aspects = {} }, amends = false) {
  const content = { salt: randomHex(16), words, language, photos };
  const published = { right: right.right, stars, private: await sha256(jcs(content, true)) };
  if (!amends) published.batch = right.batch;
  if (Object.keys(aspects).length) published.aspects = aspects;
  return { content, public: published };
}

/** Signs and posts one of a right's own statements; gives the answer, and the receipts of what was recorded.
 * What is refused is `sent` of the error, without what is private: its author can appeal with it. */
export async function send(right, deployment, path, kind, published, content, fetch) {
  const statement = await signStatement(right, deployment, kind, `/reviews/${right.gtin}`, published);
  const answer = await ask(path, { body: { statement, public: published, ...(content ? { content } : {}) }, fetch })
    .catch((error) => { throw Object.assign(error, { sent: { statement, public: published } }); });
  const taken = answer?.receipt ? [answer] : answer?.reviews?.filter?.(({ receipt }) => receipt) ?? []; // an erasure has an entry a review
  return { answer, receipts: taken.map((one) => receiptOf(one, statement, published)) };
}

/** Sends a photo; gives the hash of what the site will serve of it. */
export async function sendPhoto(right, deployment, bytes, type, fetch) {
  const statement = await signStatement(right, deployment, 'photo', `/reviews/${right.gtin}`, await sha256(bytes));
  const headers = { 'content-type': type, 'suyuan-right': right.right, 'suyuan-statement': JSON.stringify(statement) };
  return (await ask('/v1/photos', { body: bytes, headers, fetch })).photo;
}

// -- what is kept

/** Rights and receipts in IndexedDB. A key is kept as a CryptoKey that cannot be read out, not even by this page. */
export class Shelf {
  #open = null;
  constructor(factory = globalThis.indexedDB, name = 'suyuan') { Object.assign(this, { factory, name }); }

  #database() {
    this.#open ??= new Promise((done, failed) => {
      const request = this.factory.open(this.name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('rights', { keyPath: 'right' });
        request.result.createObjectStore('receipts', { keyPath: 'id' });
      };
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
    return this.#open;
  }

  async #run(store, mode, work) {
    const transaction = (await this.#database()).transaction(store, mode);
    return new Promise((done, failed) => {
      const request = work(transaction.objectStore(store));
      transaction.oncomplete = () => done(request.result);
      transaction.onerror = transaction.onabort = () => failed(transaction.error);
    });
  }

  rights() { return this.#run('rights', 'readonly', (store) => store.getAll()); }
  right(name) { return this.#run('rights', 'readonly', (store) => store.get(name)); }
  keep(right) { return this.#run('rights', 'readwrite', (store) => store.put(right)); }
  forget(name) { return this.#run('rights', 'readwrite', (store) => store.delete(name)); }
  receipts() { return this.#run('receipts', 'readonly', (store) => store.getAll()); }
  keepReceipt(receipt) { return this.#run('receipts', 'readwrite', (store) => store.put(receipt)); }
  /** A right as it is now; what another tab did meanwhile is not undone. */
  async change(name, changes) { await this.keep({ ...(await this.right(name)), ...changes }); }
}

/** All rights that a delivery's secret gives, asked one after the other until the site knows none. */
export async function rightsOf(secret, fetch, most = 200) {
  const found = [];
  for (let i = 0; i < most; i += 1) {
    const own = await lineSecret(secret, i);
    const right = await rightOf(own);
    try { found.push({ ...(await ask(`/v1/rights/${right}`, { fetch })), right, secret: own }); } catch (error) {
      if (error.status === 404) break;
      throw error;
    }
  }
  return found;
}
