// Claims: a delivery's rights from the secret in the link's fragment, or an item's by the code under its patch.
import { ask, claimItem, claimRight, parseCode, rightsOf } from './buyer.js';
import { byId, copyOf, deployment, failed, nameOf, ready, say, shelf, status, whenOf } from './buyer_page.js';

const note = byId('note');
const list = byId('rights');
const AGAIN = 4_000;

/** The secret leaves the address before anything else happens: no history, no copied link keeps it. */
function secretOfAddress() {
  const [, secret] = /^#([0-9a-f]{32})$/i.exec(location.hash) ?? [];
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  return secret?.toLowerCase() ?? null;
}

const stateOf = (right) => {
  if (right.state === 'waiting') return right.from ? say('from', { when: whenOf(right.from) }) : say('working');
  if (right.state === 'issued') return say('issued');
  if (right.state === 'none') return say('none');
  if (!right.key) return say('elsewhere');
  return say(right.state === 'reviewed' ? 'reviewed' : 'claimed');
};

async function draw() {
  const rights = (await shelf.rights()).sort((a, b) => (a.at ?? 0) - (b.at ?? 0) || (a.right < b.right ? -1 : 1));
  list.replaceChildren(...rights.map((right) => {
    const row = copyOf('right');
    row.dataset.state = right.state;
    row.dataset.right = right.right;
    row.querySelector('.name').textContent = nameOf(right.product) || right.gtin;
    row.querySelector('.lot').textContent = decodeURIComponent(right.item ? right.item.slice(22) : right.batch.slice(22));
    row.querySelector('.state').textContent = stateOf(right);
    const [go, write, wait, forget] = ['go', 'write', 'wait', 'forget'].map((name) => row.querySelector(`[data-do=${name}]`));
    const mine = Boolean(right.key) && ['claimed', 'reviewed'].includes(right.state);
    go.hidden = right.state !== 'issued';
    write.hidden = !mine;
    write.href = `/write#${right.right}`;
    write.textContent = right.state === 'reviewed' ? write.dataset.edit : write.textContent;
    wait.hidden = right.state !== 'waiting';
    wait.disabled = Boolean(right.wanted);
    if (right.wanted) wait.textContent = wait.dataset.waits;
    go.addEventListener('click', () => act(row, () => claim(right)));
    wait.addEventListener('click', () => act(row, () => shelf.change(right.right, { wanted: true })));
    forget.hidden = mine;
    forget.addEventListener('click', () => act(row, () => shelf.forget(right.right)));
    return row;
  }));
  byId('none').hidden = rights.length > 0;
  byId('list').hidden = rights.length === 0;
}

async function act(row, work) {
  row.querySelectorAll('button').forEach((button) => { button.disabled = true; });
  try { await work(); status(note, ''); } catch (error) { failed(note, error); }
  await draw();
}

/** The key is kept before the claim is sent: an answer that is lost must not lose it. */
async function claim(right, moves = true) {
  const fresh = await shelf.right(right.right);
  if (!fresh.key) {
    const { makeKey } = await import('./buyer.js');
    Object.assign(fresh, await makeKey());
    await shelf.keep(fresh);
  }
  const { right: claimed, receipt } = await claimRight(fresh, await deployment());
  await shelf.keepReceipt(receipt);
  await shelf.keep({ ...claimed, wanted: false });
  if (moves) location.href = `/write#${right.right}`;
}

/** Asks how each right stands now, and claims what was to be claimed when it opened. */
async function refresh() {
  let open = false;
  for (const right of await shelf.rights()) {
    try {
      const { secret, key, by, ...answer } = await ask(`/v1/rights/${right.right}`);
      const state = right.state === 'reviewed' && answer.state === 'claimed' ? 'reviewed' : answer.state;
      await shelf.change(right.right, { ...answer, state });
      if (state === 'issued' && right.wanted) await claim(right, false);
      open ||= state === 'waiting';
    } catch (error) { if (error.status !== 404) open = true; }
  }
  await draw();
  if (open) setTimeout(refresh, AGAIN);
}

async function take(secret) {
  status(note, byId('list').dataset.busy, 'busy');
  const found = await rightsOf(secret);
  const kept = new Map((await shelf.rights()).map((right) => [right.right, right]));
  for (const right of found) await shelf.keep({ at: Date.now(), ...kept.get(right.right), ...right });
  status(note, found.length ? '' : say('nothingHere'), found.length ? '' : 'fails');
}

const form = byId('item');
form?.addEventListener('submit', async (event) => {
  event.preventDefault();
  const result = byId('item-note');
  const code = parseCode(byId('code').value);
  if (!code) return status(result, say('bad-code'), 'fails');
  const button = form.querySelector('button');
  button.disabled = true;
  status(result, say('working'), 'busy');
  try {
    const { right, receipt, answer } = await claimItem(form.dataset.item, code, await deployment());
    await shelf.keepReceipt(receipt);
    if (answer.right !== 'none') await shelf.keep({ ...right, at: Date.now(), wanted: true });
    status(result, answer.right === 'none' ? say('none') : say('itemDone'), 'holds');
    byId('code').value = '';
    await refresh();
  } catch (error) { failed(result, error); }
  button.disabled = false;
  return undefined;
});

const photo = byId('photo');
if (photo && globalThis.BarcodeDetector) {
  byId('scan').hidden = false;
  photo.addEventListener('change', async () => {
    try {
      const image = await createImageBitmap(photo.files[0]);
      const codes = await new BarcodeDetector({ formats: ['qr_code'] }).detect(image);
      const found = codes.map(({ rawValue }) => rawValue).find(parseCode);
      if (!found) throw new Error('none');
      byId('code').value = found;
      status(byId('item-note'), '');
    } catch { status(byId('item-note'), say('unread'), 'fails'); }
  });
}

const secret = secretOfAddress();
if (await ready(note)) {
  byId('with-script').hidden = false;
  if (secret) { try { await take(secret); } catch (error) { failed(note, error); } }
  await draw();
  await refresh();
}
