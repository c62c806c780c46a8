// Has the reader's own browser check a page of reviews: that they are the newest, all of them, as signed, and add up.
import { verify } from './verifier.js';
import { explain } from './phrases.js';
import {
  byId, check, compareQuotes, conclude, concludeFailure, element, fetchProof, install, lang, named, nodeOf, pinOf, say, showPoint, store, verdict,
  whenOf,
} from './checking.js';
import { judgePage, tallyOf } from './reviews_check.js';
import { readSummary } from './summary.js';
import { fill, PROBLEMS, SAY } from './review_phrases.js';

const tell = (name, values) => fill(SAY[name], lang, values);
const list = (text) => text.split(' ').filter(Boolean);

function readPage() {
  const { stars, language, shown, reviews } = check.dataset;
  const cards = [...document.querySelectorAll('.review')].map((card) => {
    const [words, reply] = [card.querySelector(':scope > .words'), card.querySelector('[data-reply]')];
    const photos = [...card.querySelectorAll('.photos img')].map((image) => image.getAttribute('src').split('/').at(-1));
    return {
      right: card.dataset.right, index: Number(card.dataset.index), face: card.dataset.face, stars: Number(card.dataset.stars),
      reason: card.dataset.reason, words: words?.textContent ?? null, reply: reply?.textContent ?? null,
      replied: Boolean(card.querySelector('.reply')), photos,
    };
  });
  const summary = readSummary(byId('summary'));
  return { summary, reasons: summary.reasons, shown: Number(shown), reviews: Number(reviews), stars: Number(stars), language, cards };
}

/** Marks what is wrong where it stands, and lists it under the verdict. */
function showProblems(problems) {
  const items = problems.map(({ code, ...values }) => fill(PROBLEMS[code], lang, values));
  const shown = verdict.querySelector('.problems');
  shown.replaceChildren(...items.slice(0, 8).map((text) => element('li', text)));
  shown.hidden = !items.length;
  for (const card of document.querySelectorAll('.review')) {
    const own = items.filter((_, i) => problems[i].index === Number(card.dataset.index));
    const note = card.querySelector('.problem');
    note.textContent = own.join(' ');
    note.hidden = !own.length;
    card.dataset.checked = own.length ? 'no' : card.dataset.face === 'missing' ? 'open' : 'yes';
  }
  byId('summary').classList.toggle('differs', problems.some(({ index }) => index === undefined));
}

async function run(first = true) {
  conclude('busy', first ? say.busy : say.again, verdict.querySelector('.sentence').textContent);
  const { url, own, rpc } = nodeOf();
  const { gtin, limit, subject, proof, also } = check.dataset;
  let bundle;
  try { bundle = await fetchProof(subject, proof); } catch { return conclude('unchecked', say.unchecked, say.offline); }
  let contents = null;
  try {
    const response = await fetch(`/v1/reviews?product=${gtin}&limit=${limit}`, { headers: { accept: 'application/json' }, cache: 'no-cache' });
    contents = response.ok ? (await response.json()).contents : null;
  } catch { /* told below */ }
  const { from, pin } = pinOf(bundle);
  const result = await verify(bundle, { rpc, pinned: pin, sameOrigin: own, live: true });
  const words = explain(result, lang);
  result.obligations.forEach((point, i) => showPoint(point, words.obligations[i].sentence));
  if (from === 'first' && result.obligations[0].state === 'holds') store.set('deployment', `${pin.chain}.${pin.journal}`);
  if (concludeFailure(result, words)) return undefined;

  const page = readPage();
  const { problems, missing, unexplained } = await judgePage(page, bundle, contents);
  const older = bundle.entries.length ? (result.notShown[0]?.count ?? 0) : 0;
  const notes = [
    say[from], result.block === null ? '' : say.block(result.block), ...words.journals, words.pending,
    older ? tell('older', { n: older }) : '', unexplained > 0 ? tell('unexplained', { n: unexplained }) : '',
  ].filter(Boolean);
  byId('notes').replaceChildren(...notes.map((note) => element('p', note)), element('p', say.rpc + (own ? '/rpc' : url), 'code'));
  byId('notes').hidden = false;
  const unfetched = !contents && page.cards.some(({ face }) => face === 'shown');
  showProblems(unfetched ? problems.filter(({ code }) => code !== 'words' && code !== 'reply') : problems);
  const wrong = unfetched ? problems.filter(({ code }) => code !== 'words' && code !== 'reply') : problems;
  if (wrong.length) return conclude('fails', say.differs, tell('distrust'));

  const who = [own ? say.own : say.by(new URL(url).host), from === 'first' ? say.first : '', older ? tell('older', { n: older }) : '']
    .filter(Boolean).join(lang === 'en' ? ' ' : '');
  const { standing, withheld } = tallyOf(bundle);
  const sum = (counts) => counts.reduce((total, n) => total + n, 0);
  const text = tell('done', { when: whenOf(result.seal.sealedAt), total: sum(standing), withheld: sum(withheld), shown: page.shown });
  if (result.verdict === 'unchecked') conclude('unchecked', say.unchecked, say.open(named(result, 'unchecked')), who);
  else if (unfetched) conclude('unchecked', say.unchecked, tell('noContents'), who);
  else if (missing.length) conclude('unchecked', say.unchecked, tell('absent', { list: missing.join(say.join) }), who);
  else conclude('holds', own ? say.operator : tell('holds'), text, who, { ...result, absent: false });

  const documents = new Map();
  let whole = true;
  for (const name of list(also)) {
    try {
      const other = await fetchProof(name);
      const { verdict: state, notShown } = await verify(other, { rpc, pinned: pin, sameOrigin: own, live: true });
      whole &&= notShown.length === 0;
      if (state !== 'fails') for (const [hash, paper] of Object.entries(other.documents ?? {})) documents.set(hash, paper);
    } catch { whole = false; }
  }
  const differing = compareQuotes(documents, whole);
  if (differing) conclude('fails', say.differs, say.mismatch(differing));
  return undefined;
}

install(run);
