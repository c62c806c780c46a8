// Receipts: each is held to the seals by itself.
import { fill, KIND_WORDS } from './review_phrases.js';
import { verifyEntry } from './reviews.js';
import { ask } from './buyer.js';
import { byId, copyOf, lang, ready, remembered, save, say, shelf, status, whenOf } from './buyer_page.js';

const note = byId('note');

function node() {
  let url = '/rpc';
  try { url = localStorage.getItem('suyuan:rpc') || url; } catch { /* the site's own, then */ }
  const rpc = async (method, params) => {
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, credentials: 'omit', body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) });
    const { result } = await response.json();
    if (result === undefined) throw new Error('refused');
    return result;
  };
  return { rpc, own: new URL(url, location.href).origin === location.origin };
}

const pinOf = (text) => { const [chain, journal] = (text ?? '').split('.'); return journal ? { chain: Number(chain), journal } : null; };

async function judge(row, kept) {
  const { rpc, own } = node();
  let answer = null;
  try { answer = await ask(`/v1/entries/${kept.index}`); } catch { /* then it could not be checked */ }
  const first = answer?.chain ? { chain: answer.chain.id, journal: answer.chain.journal } : null; // nothing is remembered yet
  const { state, code, seal } = await verifyEntry(answer, kept.receipt, { rpc, pinned: pinOf(remembered()) ?? first, sameOrigin: own });
  row.dataset.state = { kept: 'holds', waiting: 'waiting', broken: 'fails' }[state] ?? 'unchecked';
  const when = whenOf(kept.receipt.sealBy);
  const words = {
    kept: [say(own ? 'keptOwn' : 'kept'), seal ? say('seal', { number: seal.number, index: kept.index }) : ''],
    waiting: [say('waits', { when }), ''],
    broken: [say('broken'), code === 'late' ? say('late', { when }) : code === 'another-entry' ? say('another') : say('false')],
  }[state] ?? [say('open'), say('openWhy')];
  row.querySelector('.answer').textContent = words[0];
  row.querySelector('.why').textContent = words[1];
}

async function draw() {
  const kept = (await shelf.receipts()).sort((a, b) => b.at - a.at);
  const rows = kept.map((one) => {
    const row = copyOf('receipt');
    row.querySelector('.kind').textContent = fill(KIND_WORDS[one.statement.kind] ?? [one.statement.kind, one.statement.kind], lang);
    row.querySelector('.when').textContent = whenOf(one.receipt.issuedAt);
    row.querySelector('.subject').textContent = one.statement.subject;
    row.querySelector('button').addEventListener('click', () => save(`suyuan-receipt-${one.index}.json`, { version: 1, receipts: [one] }));
    return row;
  });
  byId('receipts').replaceChildren(...rows);
  byId('none').hidden = rows.length > 0;
  byId('save').hidden = rows.length === 0;
  for (const [i, row] of rows.entries()) await judge(row, kept[i]);
}

byId('save').addEventListener('click', async () => save('suyuan-receipts.json', { version: 1, receipts: await shelf.receipts() }));
byId('import').addEventListener('change', async ({ target }) => {
  try {
    const { receipts } = JSON.parse(await target.files[0].text());
    const good = receipts.filter((one) => typeof one?.id === 'string' && Number.isSafeInteger(one.index) && /^[0-9a-f]{64}$/.test(one.receipt?.leaves)
      && Number.isSafeInteger(one.receipt?.sealBy) && typeof one.statement?.kind === 'string');
    for (const one of good) await shelf.keepReceipt(one);
    status(note, say('imported', { n: good.length }), 'holds');
    await draw();
  } catch { status(note, say('badFile'), 'fails'); }
  target.value = '';
});

if (await ready(note)) {
  byId('with-script').hidden = false;
  await draw();
}
