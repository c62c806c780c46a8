// The saved verifier's page: takes a proof, asks the reader's nodes, says what holds. It fetches nothing but itself, and what nodes answer.
import { isObject, parseHeader, publishedSince, sha256, KINDS } from './verifier.js';
import { LIMITS, explain } from './phrases.js';
import { averageOf, tallyOf } from './reviews_check.js';
import { verifyBy } from './quorum.js';
import { WORDS } from './verify_phrases.js';
import { KIND_NAMES, REASON_NAMES, STEP_NAMES } from './words.js';

const LIMIT = 64 * 2 ** 20; // bytes
const byId = (id) => document.getElementById(id);
const verdict = byId('verdict');
const store = { // a file opened from a disk may have none
  get: (name) => { try { return localStorage.getItem(`suyuan:${name}`); } catch { return null; } },
  set: (name, value) => { try { localStorage.setItem(`suyuan:${name}`, value); } catch { /* then it lasts as long as the page */ } },
};
let lang = store.get('lang') ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');
let say = WORDS[lang];
let taken = null; // {name, bundle}, what is being looked at
let own = null; // the SHA-256 of a verifier's file, and of whose
const pick = (pair) => pair?.[lang === 'en' ? 1 : 0];

function element(name, text = '', className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}
const timeOf = (ms) => new Date(ms).toLocaleString(lang === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Shanghai' }) + ' UTC+8';

function conclude(state, title, text, who = '', { independent = false, absent = false } = {}) {
  verdict.dataset.state = state;
  verdict.toggleAttribute('data-independent', independent);
  verdict.toggleAttribute('data-absent', absent);
  verdict.querySelector('h2').textContent = title;
  verdict.querySelector('.sentence').textContent = text;
  verdict.querySelector('.who').textContent = who;
  verdict.querySelector('.who').hidden = !who;
}

/** '31337/0x…', as it is typed, or stands behind the # of a label. */
function readPin(text) {
  const [, chain, journal] = /^\s*(\d{1,15})[./](0x[0-9a-f]{40})\s*$/i.exec(text ?? '') ?? [];
  return chain ? { chain: Number(chain), journal: journal.toLowerCase() } : null;
}

function readNodes() {
  const urls = [...new Set(byId('rpc').value.split(/\s+/).filter(Boolean))]; // the same node twice is one
  const wrong = urls.find((url) => !/^https?:\/\/[^/]/i.test(url));
  return { urls, wrong, need: Math.max(1, Math.floor(Number(byId('need').value)) || 1) };
}

// --- what is shown of a proof

function kindOf(subject) {
  const [, first, , part] = subject.split('/');
  if (first === '01') return { 21: 'item', 10: 'batch', undefined: 'product' }[part] ?? 'thing';
  return { '00': 'parcel' }[first] ?? (first in say.kinds ? first : 'thing');
}

/** A text of a document in the page's language: {zh, en}, or with a prefix, or a plain string. */
function textOf(value) {
  if (typeof value === 'string') return value;
  if (!isObject(value)) return '';
  const found = [lang, 'en', 'zh'].map((name) => Object.entries(value).find(([key]) => key.split(':').at(-1) === name)?.[1]);
  return found.find((text) => typeof text === 'string') ?? '';
}

function noteOf(document) {
  if (!isObject(document)) return '';
  const named = (...names) => names.map((name) => textOf(Object.entries(document).find(([key]) => key.split(':').at(-1) === name)?.[1])).find(Boolean);
  return [named('name', 'title'), named('origin'), named('note', 'reason', 'text')].filter(Boolean).join(' · ');
}

function entryItem(entry, documents, waits) {
  const fields = parseHeader(entry.header);
  const word = KINDS[fields?.kind] ?? '?';
  const paper = documents.get(entry.body?.public?.document);
  const step = word === 'checkpoint' && isObject(paper) ? STEP_NAMES[String(paper.bizStep ?? '').split(/[-:]/).at(-1)] : null;
  const item = element('li', '', 'step');
  const heading = element('h3', pick(step) ?? pick(KIND_NAMES[word]) ?? word);
  if (waits) heading.append(' ', element('span', say.pendingTag, 'tag'));
  const when = paper?.eventTime ? new Date(paper.eventTime).getTime() : fields?.at;
  item.append(element('p', Number.isFinite(when) ? timeOf(when) : '', 'when'), heading);
  const { stars, reason, rights } = entry.body?.public ?? {};
  const facts = [
    noteOf(paper), Number.isInteger(stars) && stars > 0 && stars <= 5 ? '★'.repeat(stars) + '☆'.repeat(5 - stars) : '',
    typeof reason === 'string' ? `${say.reason}: ${pick(REASON_NAMES[reason]) ?? reason}` : '', Array.isArray(rights) ? say.items(rights.length) : '',
  ].filter(Boolean);
  for (const fact of facts) item.append(element('p', fact, 'note'));
  const by = entry.body?.by;
  if (typeof by === 'string') item.append(element('p', `${say.by} ${by.startsWith('0x') ? by : say.shopper} · ${say.index(entry.index)}`, 'quiet code'));
  const more = element('details');
  more.append(element('summary', typeof entry.body === 'string' ? say.raw : say.content));
  more.addEventListener('toggle', () => { // a body may be long: it is written when somebody looks
    if (more.open && !more.querySelector('pre')) more.append(element('pre', JSON.stringify({ header: fields, body: entry.body, document: paper }, null, 1)));
  });
  item.append(more);
  return item;
}

function showContents(bundle) {
  const streams = [bundle, ...(bundle.related ?? [])];
  const documents = new Map(streams.flatMap((stream) => Object.entries(stream.documents ?? {})));
  const name = [...documents.values()].map((paper) => (isObject(paper) && isObject(paper.name) ? textOf(paper.name) : '')).find(Boolean);
  byId('subject').replaceChildren([say.kinds[kindOf(bundle.subject)], name].filter(Boolean).join(' · ') + ' ', element('span', bundle.subject, 'code'));
  const totals = byId('totals');
  totals.replaceChildren();
  if (bundle.subject.startsWith('/reviews/') && bundle.entries.length) {
    const { standing, withheld } = tallyOf(bundle);
    const sum = (counts) => counts.reduce((all, n) => all + n, 0);
    const shown = standing.map((n, i) => n - withheld[i]);
    totals.append(element('p', say.totals(sum(standing), sum(shown), sum(withheld), averageOf(shown), averageOf(standing))));
    totals.append(element('p', [5, 4, 3, 2, 1].map((n) => say.stars(n, standing[n - 1], withheld[n - 1])).join(say.join), 'quiet'));
  }
  const all = bundle.head.count ?? 0;
  totals.append(element('p', say.count(bundle.entries.length, all), 'quiet'));
  const newest = [...bundle.entries].reverse();
  byId('journey').replaceChildren(
    ...[...(bundle.pending ?? [])].reverse().map((entry) => entryItem(entry, documents, true)), ...newest.map((entry) => entryItem(entry, documents, false)),
  );
  byId('also').replaceChildren(...[...(bundle.related ?? []), ...(bundle.support?.length ? [{ relation: 'support', entries: bundle.support }] : [])].map((part) => {
    const block = element('details');
    const title = part.relation === 'support' ? say.support : `${say.related[part.relation] ?? part.relation} ${part.subject}`;
    const list = element('ol', '', 'journey');
    list.append(...[...part.entries].reverse().map((entry) => entryItem(entry, documents, false)));
    block.append(element('summary', title), list);
    return block;
  }));
  byId('found').hidden = false;
}

// --- what was found

function showAnswers(result, words) {
  byId('points').replaceChildren(...result.obligations.map(({ number, state, evidence, source }, i) => {
    const point = element('li');
    Object.assign(point.dataset, { point: number, state });
    const mark = element('span', '', 'mark');
    mark.setAttribute('aria-hidden', 'true');
    const told = element('div');
    const { title, sentence } = words.obligations[i];
    const answer = element('p', '', 'answer');
    answer.append(element('b', say.state[state]), ' ', sentence);
    told.append(element('h3', title), answer, ...evidence.faults.slice(0, 5).map(({ code, detail }) => element('p', [code, detail].filter(Boolean).join(' '), 'evidence code')));
    point.append(mark, told);
    if (source === 'operator') answer.append(' ', say.own);
    return point;
  }));
  byId('answers').hidden = false;
}

function showAlerts(words) {
  const alert = (title, text) => {
    const made = element('div', '', 'alert grave');
    const sign = element('span', '✕', 'sign');
    sign.setAttribute('aria-hidden', 'true');
    const told = element('div');
    told.append(element('h2', title), element('p', text));
    made.append(sign, told);
    return made;
  };
  byId('alerts').replaceChildren(...words.recalled.map((text) => alert(say.recalled, text)));
  byId('alerts').hidden = !words.recalled.length;
}

const named = (words, result, state) => result.obligations.flatMap((one, i) => (one.state === state ? [words.obligations[i].title] : [])).join(say.join);

function showVerdict(bundle, result, words, { urls, need, from }) {
  if (words.faults.length) return conclude('fails', say.fault, words.faults.join(' '));
  if (result.verdict === 'fails') return conclude('fails', say.fails, say.failed(named(words, result, 'fails')));
  const age = words.age.replace(lang === 'en' ? 'As of ' : '截至 ', '');
  const when = timeOf(result.seal.sealedAt * 1000);
  const entries = [bundle, ...(bundle.related ?? [])].reduce((n, stream) => n + stream.entries.length, 0);
  const text = result.absent ? say.nothing(when, age) : say.done(entries, when, age);
  const who = [...words.notShown.slice(0, 1), urls.length > 1 ? say.nodes(need, urls.length) : '', from ? say.first : ''].filter(Boolean).join(' ');
  if (result.verdict === 'unchecked') {
    const alone = result.obligations.every(({ number, state }) => state === 'holds' || [1, 7, 9].includes(number));
    return !urls.length && alone ? conclude('unchecked', say.offline, say.off, who) : conclude('unchecked', say.unchecked, say.open(named(words, result, 'unchecked')), who);
  }
  return conclude('holds', result.independent ? (result.absent ? say.absent : say.holds) : say.operatorHolds, text, who, result);
}

let turn = 0;
async function run() {
  const mine = ++turn;
  const nodes = readNodes();
  if (taken === null) return showOwn(nodes);
  const { bundle } = taken;
  for (const part of ['alerts', 'found', 'answers']) byId(part).hidden = true;
  const typed = byId('pin').value.trim();
  const pinned = readPin(typed);
  if (typed && !pinned) return conclude('unchecked', say.unchecked, say.bad);
  if (nodes.wrong) return conclude('unchecked', say.unchecked, say.badRpc(nodes.wrong));
  const { urls, need } = nodes;
  if (urls.length && need > urls.length) return conclude('unchecked', say.unchecked, say.tooFew(need, urls.length));
  conclude('busy', say.busy, '');
  const result = await verifyBy(bundle, { nodes: urls, need, pinned: pinned ?? undefined });
  if (mine !== turn) return undefined; // another check began
  const words = explain(result, lang);
  const unusable = result.obligations.every(({ code }) => code === 'unusable');
  showAlerts(words);
  if (unusable) return conclude('fails', say.notFile, say.notFileText);
  showAnswers(result, words);
  showContents(bundle);
  byId('found').classList.toggle('differs', result.verdict === 'fails');
  byId('notes').replaceChildren(...[...words.journals, ...words.notShown, words.pending, result.block === null ? '' : say.block(result.block)].filter(Boolean).map((text) => element('p', text)));
  showVerdict(bundle, result, words, { urls, need, from: !pinned });
  if (pinned && result.obligations[0].state === 'holds') store.set('deployment', `${pinned.chain}.${pinned.journal}`);
  store.set('rpcs', urls.join('\n'));
  return showOwn(nodes);
}

// --- the verifier's own file

async function showOwn({ urls, need }) {
  const line = byId('published');
  const tell = (state, text) => { line.dataset.state = state; line.textContent = text; };
  byId('hash').textContent = own ? `${own.hash}${own.name ? ` · ${own.name}` : ''}` : say.hashUnknown;
  const pinned = readPin(byId('pin').value);
  if (!own || !pinned || !urls.length) return tell('unchecked', say.publishedOpen);
  const answers = await Promise.all(urls.map((rpc) => publishedSince(own.hash, { rpc, pinned }).catch(() => null)));
  const [yes, no] = [answers.filter((since) => since > 0), answers.filter((since) => since === 0)];
  if (yes.length >= need && no.length < need) return tell('holds', say.published(timeOf(Math.min(...yes) * 1000)));
  if (no.length >= need && yes.length < need) return tell('fails', say.unpublished);
  return tell('unchecked', say.publishedOpen);
}

/** As it was served; a file on a disk may not read itself. */
async function hashSelf() {
  if (location.protocol.startsWith('http')) try {
    const bytes = new Uint8Array(await (await fetch(location.href.split('#')[0], { cache: 'force-cache' })).arrayBuffer());
    own ??= { hash: await sha256(bytes), name: '' };
  } catch { /* hashUnknown says so */ }
  await showOwn(readNodes());
}

// --- what the reader does

async function take(file) {
  if (!file) return;
  byId('name').textContent = file.name;
  if (file.size > LIMIT) { conclude('fails', say.notFile, say.tooLarge); return; }
  if (/\.html?$/i.test(file.name)) {
    own = { hash: await sha256(new Uint8Array(await file.arrayBuffer())), name: file.name };
    await showOwn(readNodes());
    byId('self').scrollIntoView();
    return;
  }
  let bundle = null;
  try { bundle = JSON.parse(await file.text()); } catch { /* told as no proof */ }
  taken = { name: file.name, bundle };
  await run();
}

function speak(to) {
  lang = to;
  say = WORDS[lang];
  document.documentElement.lang = lang === 'zh' ? 'zh-Hans-CN' : 'en';
  for (const part of document.querySelectorAll('[data-say]')) part.textContent = say[part.dataset.say] ?? '';
  verdict.querySelector('.limits').textContent = pick(LIMITS);
  const other = byId('language');
  other.textContent = say.other;
  other.lang = lang === 'zh' ? 'en' : 'zh-Hans';
  if (taken) run(); else showOwn(readNodes());
}

byId('language').addEventListener('click', () => { speak(lang === 'zh' ? 'en' : 'zh'); store.set('lang', lang); });
byId('file').addEventListener('change', ({ target }) => take(target.files[0]));
byId('ask').addEventListener('submit', (event) => { event.preventDefault(); run(); });
const drop = byId('drop');
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop']) {
  document.addEventListener(name, (event) => {
    event.preventDefault(); // or the browser opens the file itself
    drop.classList.toggle('over', name === 'dragenter' || name === 'dragover');
    if (name === 'drop') take(event.dataTransfer.files[0]);
  });
}
const pin = readPin(location.hash.slice(1)) ?? readPin(store.get('deployment'));
byId('pin').value = pin ? `${pin.chain}/${pin.journal}` : '';
byId('rpc').value = store.get('rpcs') ?? '';
speak(lang);
hashSelf();
