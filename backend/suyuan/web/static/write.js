// Writes the review of one right: signs here, sends, keeps the receipt; amends, withdraws, has erased, exports.
import { composeReview, send, sendPhoto } from './buyer.js';
import { byId, deployment, failed, nameOf, ready, save, say, shelf, status, whenOf } from './buyer_page.js';

const note = byId('note');
const form = byId('review');
const name = location.hash.slice(1);
let photos = []; // {file} to be sent, or {hash} that was
let right = null;

/** Words as the site takes them: no control characters but ends of lines, none that turn text about. */
const tidy = (text) => text.replace(/\r\n?/g, '\n').replace(/\t/g, ' ').replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/g, '').trim();

function draw() {
  byId('what').textContent = nameOf(right.product) || right.gtin;
  byId('lot').textContent = decodeURIComponent(right.batch.slice(22));
  byId('reviews').href = `/reviews/${right.gtin}`;
  const written = right.written ?? null;
  const over = written?.state === 'withdrawn' || written?.state === 'erased';
  byId('send').textContent = written ? byId('send').dataset.amend : byId('send').dataset.send;
  byId('mine').hidden = !written;
  byId('withdraw').hidden = written?.state === 'withdrawn';
  byId('erase-part').hidden = written?.state === 'erased';
  form.hidden = over;
  if (!written || over) return;
  form.elements.stars.value = String(written.stars);
  form.elements.words.value = written.words;
  form.elements.language.value = written.language;
  for (const [aspect, stars] of Object.entries(written.aspects ?? {})) form.elements[`aspect-${aspect}`].value = String(stars);
  photos = written.photos.map((hash) => ({ hash }));
  drawPhotos();
}

function drawPhotos() {
  byId('previews').replaceChildren(...photos.map((photo, i) => {
    const row = byId('preview').content.firstElementChild.cloneNode(true);
    const image = row.querySelector('img');
    image.src = photo.hash ? `/v1/photos/${photo.hash}` : (photo.url ??= URL.createObjectURL(photo.file));
    row.querySelector('button').addEventListener('click', () => { photos.splice(i, 1); drawPhotos(); });
    return row;
  }));
}

byId('photos').addEventListener('change', ({ target }) => {
  const most = Number(target.dataset.most);
  photos = [...photos, ...[...target.files].map((file) => ({ file }))].slice(0, most);
  target.value = '';
  drawPhotos();
});

/** Says what went wrong; what the site refused can be saved, to appeal with. */
function refused(error) {
  failed(note, error);
  byId('refused').hidden = !error?.sent || error.sent.statement.kind === 'erase'; // that is no record
  byId('refused').querySelector('button').onclick = () => save('suyuan-refused.json', error.sent);
}

function busy(on) { document.querySelectorAll('button').forEach((button) => { button.disabled = on; }); }

/** What was sent, and what this browser keeps of it. */
async function keep(sent, written) {
  for (const receipt of sent.receipts) await shelf.keepReceipt(receipt);
  await shelf.change(right.right, { written, state: 'reviewed' });
  right = await shelf.right(right.right);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const stars = Number(form.elements.stars.value);
  if (!stars) { status(note, say('needStars'), 'fails'); form.elements.stars[0].focus(); return; }
  busy(true);
  try {
    const at = await deployment();
    for (const [i, photo] of photos.entries()) {
      if (photo.hash) continue;
      status(note, say('photo', { n: i + 1 }), 'busy');
      photo.hash = await sendPhoto(right, at, new Uint8Array(await photo.file.arrayBuffer()), photo.file.type || 'application/octet-stream');
    }
    status(note, say('working'), 'busy');
    const aspects = Object.fromEntries([...form.querySelectorAll('select[name^=aspect-]')].filter(({ value }) => value).map(({ name: field, value }) => [field.slice(7), Number(value)]));
    const draft = {
      stars, aspects, language: form.elements.language.value, photos: photos.map(({ hash }) => hash),
      words: tidy(form.elements.words.value),
    };
    const amends = Boolean(right.written);
    const { content, public: published } = await composeReview(right, draft, amends);
    const sent = await send(right, at, '/v1/reviews', amends ? 'review.amend' : 'review', published, content);
    await keep(sent, { ...draft, state: 'standing' });
    status(note, say('sent', { when: whenOf(sent.receipts[0].receipt.sealBy) }), 'holds');
    byId('refused').hidden = true;
    draw();
  } catch (error) { refused(error); }
  busy(false);
  note.focus();
});

/** Asks twice: the second press does it. */
function twice(id, work) {
  const button = byId(id);
  button.addEventListener('click', async () => {
    if (!button.dataset.sure) {
      button.dataset.sure = 'yes';
      status(note, say('sure'), 'busy');
      return;
    }
    delete button.dataset.sure;
    busy(true);
    try { await work(await deployment()); draw(); } catch (error) { refused(error); }
    busy(false);
  });
}

twice('withdraw', async (at) => {
  const sent = await send(right, at, '/v1/reviews', 'review.withdraw', { right: right.right });
  await keep(sent, { ...right.written, state: 'withdrawn' });
  status(note, say('withdrawn'), 'holds');
});
twice('erase', async (at) => {
  const sent = await send(right, at, '/v1/erasures', 'erase', { right: right.right, basis: byId('basis').value });
  await keep(sent, { stars: right.written.stars, words: '', language: '', photos: [], aspects: {}, state: right.written.state === 'withdrawn' ? 'withdrawn' : 'erased' });
  status(note, say('erased'), 'holds');
});
byId('export').addEventListener('click', async () => {
  try {
    const { answer } = await send(right, await deployment(), '/v1/exports', 'export', { right: right.right });
    save(`suyuan-${right.right.slice(0, 8)}.json`, answer);
    status(note, say('exported'), 'holds');
  } catch (error) { failed(note, error); }
});

if (await ready(note)) {
  right = /^[0-9a-f]{64}$/.test(name) ? await shelf.right(name) : null;
  if (right?.key) {
    byId('with-key').hidden = false;
    draw();
  } else byId('none').hidden = false;
}
