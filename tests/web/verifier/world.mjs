// A small deployment made by hand, apart from the code under test: entries, trees, proofs, bundles and a chain that answers.
import { createHash, webcrypto } from 'node:crypto';
import { nextState } from '../../../backend/suyuan/web/static/verifier.js';

export const ZERO = '0'.repeat(64);
export const sha = (hex) => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');
export const shaText = (text) => createHash('sha256').update(text, 'utf8').digest('hex');
const utf8 = (text) => Buffer.from(text, 'utf8').toString('hex');
const u64 = (n) => BigInt(n).toString(16).padStart(16, '0');

export const canonical = (value) => {
  if (Array.isArray(value)) return '[' + value.map(canonical).join(',') + ']';
  if (value && typeof value === 'object') {
    return '{' + Object.keys(value).sort().map((k) => JSON.stringify(k) + ':' + canonical(value[k])).join(',') + '}';
  }
  return JSON.stringify(value);
};

// RFC 9162, as it stands there: recursive
const split = (n) => { let k = 1; while (k * 2 < n) k *= 2; return k; };
export const treeRoot = (d) => {
  if (d.length === 0) return sha('');
  if (d.length === 1) return d[0];
  const k = split(d.length);
  return sha('01' + treeRoot(d.slice(0, k)) + treeRoot(d.slice(k)));
};
export const treePath = (m, d) => {
  if (d.length <= 1) return [];
  const k = split(d.length);
  return m < k ? [...treePath(m, d.slice(0, k)), treeRoot(d.slice(k))] : [...treePath(m - k, d.slice(k)), treeRoot(d.slice(0, k))];
};
const subproof = (m, d, whole) => {
  if (m === d.length) return whole ? [] : [treeRoot(d)];
  const k = split(d.length);
  return m <= k ? [...subproof(m, d.slice(0, k), whole), treeRoot(d.slice(k))] : [...subproof(m - k, d.slice(k), false), treeRoot(d.slice(0, k))];
};
export const consistency = (m, d) => subproof(m, d, true);

// the heads map: keys as bit strings
const bits = (key) => BigInt('0x' + key).toString(2).padStart(256, '0');
const mapLeaf = (h) => sha('02' + h.key + u64(h.count) + h.leaf);
export const mapRoot = (heads, depth = 0) => {
  if (heads.length === 0) return ZERO;
  if (heads.length === 1) return mapLeaf(heads[0]);
  const side = (b) => heads.filter((h) => bits(h.key)[depth] === b);
  return sha('03' + mapRoot(side('0'), depth + 1) + mapRoot(side('1'), depth + 1));
};
export const mapProof = (heads, key, depth = 0) => {
  if (heads.length <= 1) return { met: heads[0] ?? null, siblings: [] };
  const side = (b) => heads.filter((h) => bits(h.key)[depth] === b);
  const mine = bits(key)[depth];
  const rest = mapProof(side(mine), key, depth + 1);
  return { met: rest.met, siblings: [mapRoot(side(mine === '0' ? '1' : '0'), depth + 1), ...rest.siblings] };
};

export const CHAIN = 31337;
export const JOURNAL = '0x' + '1a'.repeat(20);
export const MERCHANTS = '0x' + '2b'.repeat(20);
export const BATCHES = '0x' + '3c'.repeat(20);
export const MERCHANT = '0x' + 'aa'.repeat(20);
export const OPERATOR = '0x' + 'bb'.repeat(20);
export const T0 = 1790000000000;
export const KIND = { product: 1, batch: 2, checkpoint: 3, recall: 4, rights: 5, claim: 6, review: 7, 'review.amend': 8, 'review.withdraw': 9, 'review.withhold': 10, 'review.restore': 11, 'review.reply': 13 };

/** What stands for a secp256k1 signature here: the fake registry computes the same. */
export const sign = (by, s) => {
  const mac = shaText([by, s.kind, s.subject, s.content, s.issuedAt, s.nonce].join('|'));
  return mac + mac + '1b';
};

export class World {
  entries = [];
  streams = new Map();
  documents = new Map();
  batches = new Map();
  nonce = 0;
  at = T0;

  document(doc) {
    const hash = shaText(canonical(doc));
    this.documents.set(hash, doc);
    return hash;
  }

  /** Appends one entry. `over` replaces fields of the header before it is hashed. */
  async append(kind, subject, pub, { by = MERCHANT, key, arg = 0, subjectInBody = true, nonce, over = {}, extra = {} } = {}) {
    this.at += 1000;
    const stream = this.streams.get(subject) ?? [];
    const last = stream.at(-1);
    const issuedAt = Math.floor(this.at / 1000) - 5;
    const body = { kind, ...(subjectInBody ? { subject } : {}), public: pub, by, issuedAt, nonce: nonce ?? shaText('nonce' + this.nonce++), ...extra };
    const statement = { kind, subject: subjectInBody ? subject : '', content: shaText(canonical(pub)), issuedAt, nonce: body.nonce };
    if (key) {
      body.by = key.point;
      const message = canonical({ domain: { chain: CHAIN, journal: JOURNAL }, ...statement });
      body.signature = Buffer.from(await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, Buffer.from(message))).toString('hex');
    } else body.signature = sign(by, statement);
    const header = {
      version: 1, kind: KIND[kind], arg, key: shaText(subject), seq: stream.length, prev: last?.leaf ?? ZERO, at: this.at,
      state: nextState(last?.header.state ?? ZERO, KIND[kind], arg), body: shaText(canonical(body)), ...over,
    };
    return this.put(subject, header, body);
  }

  put(subject, header, body) {
    const hex = pack(header);
    const entry = { subject, index: this.entries.length, header, hex, body, leaf: sha('00' + hex) };
    this.entries.push(entry);
    this.streams.set(subject, [...(this.streams.get(subject) ?? []), entry]);
    return entry;
  }

  /** One event, in the stream of each subject that it names, in the order of their keys. */
  async event(doc, subjects) {
    const pub = { event: 'ni:///sha-256;' + this.nonce, document: this.document({ '@context': 'https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld', ...doc }) };
    const nonce = shaText('nonce' + this.nonce++);
    const at = this.at;
    for (const subject of [...subjects].sort((a, b) => (shaText(a) < shaText(b) ? -1 : 1))) {
      this.at = at;
      await this.append('checkpoint', subject, pub, { subjectInBody: false, nonce, extra: { named: subjects.length } });
    }
  }

  /** Seals everything so far, or the first `size` entries. */
  seal(size = this.entries.length) {
    const heads = new Map();
    for (const e of this.entries.slice(0, size)) heads.set(e.subject, { key: e.header.key, count: e.header.seq + 1, leaf: e.leaf });
    this.heads = [...heads.values()];
    this.leaves = this.entries.slice(0, size).map((e) => e.leaf);
    this.sealed = { number: 7, size, root: treeRoot(this.leaves), heads: mapRoot(this.heads), sealedAt: Math.floor(this.at / 1000) + 60, block: 812, tx: '0x' + 'ee'.repeat(32) };
    this.sealKey = JSON.stringify([7, size, this.sealed.root, this.sealed.heads, this.sealed.sealedAt]);
    return this;
  }

  bundle(subject, { limit = 20, related = [], support = [] } = {}) {
    const hashes = [];
    const point = (proof) => proof.map((h) => { const i = hashes.indexOf(h); return i < 0 ? hashes.push(h) - 1 : i; });
    const size = this.sealed.size;
    const part = (s, others = []) => {
      const stream = (this.streams.get(s) ?? []).filter((e) => e.index < size).slice(-limit);
      const documents = {};
      for (const e of stream) if (e.body.public?.document) documents[e.body.public.document] = this.documents.get(e.body.public.document);
      const proof = mapProof(this.heads, shaText(s));
      const head = stream.length ? { count: proof.met.count, leaf: proof.met.leaf, siblings: proof.siblings } : proof;
      return {
        subject: s, head, entries: stream.map((e) => ({ index: e.index, header: e.hex, body: e.body })),
        inclusion: [...stream, ...others].map((e) => ({ index: e.index, proof: point(treePath(e.index, this.leaves)) })), documents,
      };
    };
    const main = part(subject, support);
    const bundle = {
      version: 1, subject, chain: { id: CHAIN, journal: JOURNAL }, seal: { ...this.sealed }, ...main,
      support: support.map((e) => ({ subject: e.subject, index: e.index, header: e.hex, body: e.body })),
      related: related.map(({ relation, of, serial }) => {
        const stream = { relation, ...part(of) };
        if (serial !== undefined) {
          const { items } = this.batches.get(of);
          const index = items.findIndex((i) => i.serial === serial);
          stream.items = { serial, code: items[index].code, index, proof: point(treePath(index, items.map(itemLeaf))) };
        }
        return stream;
      }),
      pending: (this.streams.get(subject) ?? []).filter((e) => e.index >= size).map((e) => ({ index: e.index, header: e.hex, body: e.body, receipt: {} })),
    };
    bundle.hashes = hashes;
    return structuredClone(bundle);
  }

  /** An rpc that answers for this world's contracts; `over` replaces answers by method or by called function. */
  rpc(over = {}) {
    const registry = this.batches;
    return async (method, params) => {
      if (over[method]) return over[method](params);
      if (method === 'eth_chainId') return '0x' + CHAIN.toString(16);
      if (method === 'eth_blockNumber') return '0x384';
      if (method !== 'eth_call' || params[1] !== '0x384') throw new Error('unexpected ' + method + ' ' + params[1]);
      const [{ to, data }] = params;
      const w = data.slice(10).match(/.{64}/g) ?? [];
      const name = { de96cbad: 'isSeal', '08560eca': 'seals', '8bcc8801': 'merchants', cfdf677e: 'batches', '31b35ec3': 'check', fddaa065: 'batch', '12fa6feb': 'ended', d8ce0d74: 'lateReceipts', b719d032: 'predecessor' }[data.slice(2, 10)];
      const expected = { check: MERCHANTS, batch: BATCHES }[name] ?? JOURNAL;
      if (to !== expected) return '0x';
      if (over[name]) return over[name](w, data);
      if (name === 'isSeal') {
        const asked = JSON.stringify([Number('0x' + w[0]), Number('0x' + w[1]), w[2], w[3], Number('0x' + w[4])]);
        return '0x' + (asked === this.sealKey ? '1' : '0').padStart(64, '0');
      }
      if (name === 'seals') return '0x' + '7'.padStart(64, '0');
      if (name === 'merchants') return '0x' + MERCHANTS.slice(2).padStart(64, '0');
      if (['ended', 'lateReceipts', 'predecessor'].includes(name)) return '0x' + ZERO;
      if (name === 'batches') return '0x' + BATCHES.slice(2).padStart(64, '0');
      if (name === 'batch') {
        const r = [...registry.values()].find((b) => b.key === w[0]);
        if (!r) return '0x' + ZERO.repeat(7);
        return '0x' + [r.merchant.slice(2), r.quantity.toString(16), (T0 / 1000).toString(16), (r.recalledAt ?? 0).toString(16), r.itemsRoot, r.content, r.reason ?? ZERO].map((x) => x.padStart(64, '0')).join('');
      }
      const verdicts = decodeClaims(data.slice(10)).map((c) => {
        if (![MERCHANT, OPERATOR].includes(c.by)) return 1;
        if (c.signature !== sign(c.by, c.statement)) return 2;
        return c.statement.issuedAt > c.at + 600 ? 4 : 0;
      });
      return '0x' + [32, verdicts.length, ...verdicts].map((n) => n.toString(16).padStart(64, '0')).join('');
    };
  }
}

/** An ABI decoder of its own, for Claim[]. */
export function decodeClaims(hex) {
  const at = (o) => hex.slice(2 * o, 2 * o + 64);
  const num = (o) => Number('0x' + at(o));
  const bytes = (o) => hex.slice(2 * o + 64, 2 * (o + 32 + num(o)));
  const array = num(0);
  return Array.from({ length: num(array) }, (_, i) => {
    const t = array + 32 + num(array + 32 + 32 * i);
    const s = t + num(t + 64);
    return {
      by: '0x' + at(t).slice(24), at: num(t + 32), signature: bytes(t + num(t + 96)),
      statement: {
        kind: Buffer.from(bytes(s + num(s)), 'hex').toString(), subject: Buffer.from(bytes(s + num(s + 32)), 'hex').toString(),
        content: at(s + 64), issuedAt: num(s + 96), nonce: at(s + 128),
      },
    };
  });
}

export const pack = (h) => [h.version, h.kind, h.arg].map((n) => n.toString(16).padStart(2, '0')).join('')
  + h.key + u64(h.seq) + h.prev + u64(h.at) + h.state + h.body;

export const itemLeaf = ({ serial, code }) => sha('00' + utf8(serial) + '00' + code);

export async function shopper() {
  const pair = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const raw = await webcrypto.subtle.exportKey('raw', pair.publicKey);
  return { privateKey: pair.privateKey, point: Buffer.from(raw).toString('hex') };
}

export const GTIN = '09521234543213';
export const LOT = `/01/${GTIN}/10/LOT%2F7`;
export const ITEM = `/01/${GTIN}/21/S-2%21`;
export const CASE = '/00/095212345432100019';
export const PALLET = '/00/095212345432100026';
export const REVIEWS = `/reviews/${GTIN}`;
export const dl = (path) => 'https://id.example.org' + path;

/** The world of the tests: a batch of five, one item's way in a case on a pallet, reviews, and other people's entries. */
export async function makeWorld() {
  const w = new World();
  const noise = async (n) => { for (let i = 0; i < n; i++) await w.append('product', `/01/0000000000${String(1000 + w.entries.length)}`, { n: i }); };
  await noise(5);
  const items = ['S-1', 'S-2!', 'S-3', 'S-4', 'S-5'].map((serial) => ({ serial, code: shaText('code' + serial) }));
  const pub = { document: w.document({ name: '五常大米' }), quantity: 5, itemsRoot: treeRoot(items.map(itemLeaf)) };
  await w.append('batch', LOT, pub);
  w.batches.set(LOT, { key: shaText(LOT), merchant: MERCHANT, quantity: 5, itemsRoot: pub.itemsRoot, content: shaText(canonical(pub)), items });
  await w.event({ type: 'ObjectEvent', quantityList: [{ epcClass: 'urn:epc:class:lgtin:9521234.054321.LOT%2F7', quantity: 5 }] }, [LOT]);
  await w.event({ type: 'ObjectEvent', epcList: [dl(ITEM), dl(`/01/${GTIN}/21/S-3`)] }, [ITEM, `/01/${GTIN}/21/S-3`]);
  await noise(3);
  await w.event({ type: 'AggregationEvent', parentID: dl(CASE), childEPCs: [dl(ITEM)] }, [CASE, ITEM]);
  await w.event({ type: 'AggregationEvent', parentID: dl(PALLET), childEPCs: [dl(CASE)] }, [PALLET, CASE]);
  await w.event({ type: 'ObjectEvent', epcList: [dl(PALLET)], temperature: 7.5 }, [PALLET]);
  await w.event({ type: 'ObjectEvent', epcList: [dl(ITEM)] }, [ITEM]);
  const keys = [await shopper(), await shopper(), await shopper()];
  w.claims = [];
  for (const [i, stars] of [5, 3, 1].entries()) {
    w.claims.push(await w.append('claim', `/rights/${GTIN}`, { right: shaText('right' + i) }, { key: keys[i] }));
    await w.append('review', REVIEWS, { right: shaText('right' + i), batch: LOT, stars, private: shaText('words' + i) }, { key: keys[i], arg: stars });
  }
  await w.append('review.amend', REVIEWS, { right: shaText('right1'), stars: 4, private: shaText('words again') }, { key: keys[1], arg: (3 << 3) | 4 });
  await w.append('review.withhold', REVIEWS, { right: shaText('right2'), reason: 'abuse', basis: 'CC-1024' }, { by: OPERATOR, arg: 1 << 3 });
  await w.append('review.reply', REVIEWS, { right: shaText('right0'), private: shaText('thanks') });
  await noise(4);
  w.keys = keys;
  return w.seal();
}

export const related = [{ relation: 'batch', of: LOT, serial: 'S-2!' }, { relation: 'container', of: CASE }, { relation: 'container', of: PALLET }];
export const itemBundle = (w, more = {}) => w.bundle(ITEM, { related, ...more });
export const reviewBundle = (w, more = {}) => w.bundle(REVIEWS, { support: w.claims, ...more });
export const optionsOf = (w, more = {}) => ({ rpc: w.rpc(), pinned: { chain: CHAIN, journal: JOURNAL }, now: w.sealed.sealedAt + 100, ...more });
