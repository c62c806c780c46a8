// What every page that checks itself does alike: whom it asks, what it remembers, how it says what it found.
const WORDS = {
  zh: {
    busy: '您的浏览器正在核验…', again: '正在重新核验…',
    holds: '您的浏览器已核验', absent: '您的浏览器已核验：没有任何记录', operator: '已核验，但不是独立核验', fails: '核验不通过', fault: '合约里有已证明的过错', unchecked: '有的部分没能核验', differs: '本页与证明不符',
    done: (n, when, age) => `截至 ${when}（${age}），这里的 ${n} 条记录均由签署者的密钥签署，未被改动，前后相接，截至封存没有更新的条目。`,
    nothing: (when, age) => `截至 ${when}（${age}），日志中没有它的任何记录。`,
    by: (host) => `链上状态由您选择的 ${host} 回答。`, own: '链上状态由本站自己的节点回答：不算独立。可在下方改用您信任的节点。',
    first: '这是首次访问：已记住这套合约，尚无他处印证。', label: '合约与标签所印一致。', earlier: '合约与您上次访问时所记一致。',
    failed: (list) => `未通过：${list}。请不要相信本页的内容。`, open: (list) => `没能核验：${list}。`,
    mismatch: (n) => `本页有 ${n} 处文字或步骤与已核验的文件不符（已标出）。请不要相信本页的内容。`,
    state: { holds: '成立', fails: '不成立', unchecked: '没能核验' },
    independent: '由您选择的节点回答。',
    names: (good, all) => `企业与商品名称：${all} 份资料中 ${good} 份核验成立。`, block: (n) => `链上状态取自区块 ${n}。`,
    offline: '取不到证明文件。', join: '、', rpc: '使用的节点：',
  },
  en: {
    busy: 'Your browser is checking…', again: 'Checking again…',
    holds: 'Checked by your own browser', absent: 'Checked by your own browser: nothing is recorded', operator: 'Checked, but not independently', fails: 'The check failed', fault: 'The contract has a proven fault', unchecked: 'Some of it could not be checked', differs: 'This page and its proof differ',
    done: (n, when, age) => `As of ${when} (${age}), what is recorded here (${n} ${n === 1 ? 'entry' : 'entries'}) is signed with its signers’ keys, unaltered and in order, and there was none newer.`,
    nothing: (when, age) => `As of ${when} (${age}), the journal has no record of it.`,
    by: (host) => `The node that you chose, ${host}, answered for the chain.`, own: 'This site’s own node answered for the chain: not independent. Below you can name one that you trust.',
    first: 'This is your first visit: these contracts are now remembered, and nothing else vouches for them.', label: 'The contracts are those printed on the label.', earlier: 'The contracts are those of your earlier visit.',
    failed: (list) => `These do not hold: ${list}. Do not rely on this page.`, open: (list) => `Not checked: ${list}.`,
    mismatch: (n) => `${n} texts or steps on this page are not those of the checked documents (they are marked). Do not rely on this page.`,
    state: { holds: 'Holds', fails: 'Fails', unchecked: 'Could not be checked' },
    independent: 'Answered by the node that you chose.',
    names: (good, all) => `Names of companies and goods: ${good} of ${all} profiles hold.`, block: (n) => `The chain was read at block ${n}.`,
    offline: 'The proof could not be fetched.', join: '; ', rpc: 'Node in use: ',
  },
};
export const lang = document.documentElement.lang.startsWith('en') ? 'en' : 'zh';
export const say = WORDS[lang];
export const byId = (id) => document.getElementById(id);
export const check = byId('check');
export const verdict = byId('verdict');

export const store = { // private windows may refuse it
  get: (name) => { try { return localStorage.getItem(`suyuan:${name}`); } catch { return null; } },
  set: (name, value) => { try { if (value) localStorage.setItem(`suyuan:${name}`, value); else localStorage.removeItem(`suyuan:${name}`); } catch { /* then it lasts as long as the page */ } },
};

export function element(name, text, className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

/** '31337.0x…' as {chain, journal}. */
function readPin(text) {
  const [, chain, journal] = /^(\d{1,15})\.(0x[0-9a-f]{40})$/i.exec(text ?? '') ?? [];
  return chain ? { chain: Number(chain), journal: journal.toLowerCase() } : null;
}

/** What is pinned, and since when. A label and an earlier visit that disagree: the one that the bundle is not of counts. */
export function pinOf(bundle) {
  const known = [
    { from: 'earlier', pin: readPin(store.get('deployment')) },
    { from: 'label', pin: readPin(location.hash.slice(1)) },
  ].filter(({ pin }) => pin);
  const other = known.find(({ pin }) => pin.chain !== bundle.chain?.id || pin.journal !== bundle.chain?.journal);
  return other ?? known[0] ?? { from: 'first', pin: readPin(`${bundle.chain?.id}.${bundle.chain?.journal}`) };
}

/** Asks a node, and each question once, so that all proofs of a page are judged at one block. */
export function reader(url) {
  const answers = new Map();
  return (method, params) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    if (!answers.has(body)) {
      answers.set(body, fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(10000), credentials: 'omit' })
        .then((response) => response.json()).then(({ result, error }) => { if (error || result === undefined) throw new Error('refused'); return result; }));
    }
    return answers.get(body);
  };
}

/** A bundle; a subject that is absent has one, too. */
export async function fetchProof(subject, path) {
  const response = await fetch(path ?? `/v1/proof?subject=${encodeURIComponent(subject)}`, { headers: { accept: 'application/json' }, cache: 'no-cache' });
  const bundle = await response.json();
  return bundle.subject === subject ? bundle : { subject: 'another' };
}

export function valueAt(document, pointer) {
  return pointer.split('/').slice(1).reduce((value, name) => value?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], document);
}

/** Marks every quotation that is not in a document that holds; gives how many. `settled`: no document is missing. */
export function compareQuotes(documents, settled) {
  let wrong = 0;
  for (const quote of document.querySelectorAll('[data-doc]')) {
    const paper = documents.get(quote.dataset.doc);
    const differs = paper ? valueAt(paper, quote.dataset.at) !== quote.textContent : settled;
    quote.classList.toggle('differs', differs);
    if (differs) wrong += 1;
  }
  return wrong;
}

export function showPoint({ number, state, source, evidence }, sentence) {
  const point = document.querySelector(`[data-point="${number}"]`);
  point.dataset.state = state;
  const answer = element('p', '', 'answer');
  answer.append(element('b', say.state[state]), ' ', sentence);
  if (source === 'independent') answer.append(' ', say.independent);
  const proof = evidence.faults.slice(0, 5).map(({ detail, code }) => element('p', [code, detail].filter(Boolean).join(' '), 'evidence code'));
  point.querySelectorAll('p').forEach((old) => old.remove());
  point.querySelector('div').append(answer, ...proof);
}

export function conclude(state, title, text, who = '', { independent = false, absent = false } = {}) {
  verdict.dataset.state = state;
  verdict.toggleAttribute('data-independent', independent);
  verdict.toggleAttribute('data-absent', absent);
  verdict.querySelector('h2').textContent = title;
  verdict.querySelector('.sentence').textContent = text;
  const more = verdict.querySelector('.who');
  more.textContent = who;
  more.hidden = !who;
}

const titleOf = (number) => document.querySelector(`[data-point="${number}"] h3`).textContent;
/** The titles of a result's points that are in a state. */
export const named = ({ obligations }, state) => obligations.filter((point) => point.state === state).map(({ number }) => titleOf(number)).join(say.join);

/** Says that a result fails, if it does; `words`: what phrases.js makes of it. A proven fault comes first: then nothing of the journal can be relied on. */
export function concludeFailure(result, words) {
  if (result.verdict !== 'fails') return false;
  if (words.faults.length) conclude('fails', say.fault, words.faults.join(' '));
  else conclude('fails', say.fails, say.failed(named(result, 'fails')));
  return true;
}

/** When a seal was made, by China's clock. */
export const whenOf = (seconds) => new Date(seconds * 1000).toLocaleString(lang === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Shanghai' }) + ' UTC+8';

/** The node that answers for the chain, as the reader chose it. */
export function nodeOf() {
  const url = store.get('rpc') || '/rpc';
  return { url, own: new URL(url, location.href).origin === location.origin, rpc: reader(url) };
}

/** The page's controls: a check begins anew when the reader names another node. */
export function install(run) {
  const form = byId('node');
  const field = byId('rpc');
  form.hidden = false;
  field.value = store.get('rpc') ?? '';
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    store.set('rpc', field.value.trim());
    run(false);
  });
  byId('rpc-reset').addEventListener('click', () => { field.value = ''; store.set('rpc', ''); run(false); });
  byId('print').addEventListener('click', () => window.print());
  byId('points').open = false;
  run();
}
