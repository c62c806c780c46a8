// Has the reader's own browser check what the page shows, and says what it found. Without it the page is complete, and unchecked.
import { verify } from './verifier.js';
import { explain } from './phrases.js';
import {
  byId, check, compareQuotes, conclude, concludeFailure, element, fetchProof, install, lang, named, nodeOf, pinOf, say, showPoint, store,
  verdict, whenOf,
} from './checking.js';
import { checkSummary } from './summary.js';

/** Marks every step and quotation of the page that is not in what was proven; gives how many. `documents`: those that hold, by hash. */
function compare(entries, documents, settled) {
  let wrong = 0;
  for (const step of document.querySelectorAll('.step')) {
    const entry = entries.get(Number(step.dataset.index));
    const good = entry?.body?.public?.document === step.dataset.document;
    step.dataset.checked = good ? 'yes' : 'no';
    if (!good) wrong += 1;
  }
  return wrong + compareQuotes(documents, settled);
}

async function run(first = true) {
  conclude('busy', first ? say.busy : say.again, verdict.querySelector('.sentence').textContent);
  const { url, own, rpc } = nodeOf();
  let bundle;
  try { bundle = await fetchProof(check.dataset.subject, check.dataset.proof); } catch { return conclude('unchecked', say.unchecked, say.offline); }
  const { from, pin } = pinOf(bundle);
  const options = { rpc, pinned: pin, sameOrigin: own, live: true };
  const result = await verify(bundle, options);
  const words = explain(result, lang);
  result.obligations.forEach((point, i) => showPoint(point, words.obligations[i].sentence));
  if (from === 'first' && result.obligations[0].state === 'holds') store.set('deployment', `${pin.chain}.${pin.journal}`);

  const notes = [say[from], result.block === null ? '' : say.block(result.block), ...words.faults, ...words.journals, ...words.recalled, ...words.notShown, words.pending].filter(Boolean);
  const list = byId('notes');
  list.replaceChildren(...notes.map((note) => element('p', note)), element('p', say.rpc + (own ? '/rpc' : url), 'code'));
  list.hidden = false;

  const wrong = (text) => conclude('fails', say.differs, text);
  if (concludeFailure(result, words)) return undefined;

  const streams = [bundle, ...(bundle.related ?? [])];
  const entries = new Map([...streams.flatMap((stream) => stream.entries), ...(bundle.pending ?? [])].map((entry) => [entry.index, entry]));
  const documents = new Map(streams.flatMap((stream) => Object.entries(stream.documents ?? {})));
  let differing = compare(entries, documents, false);
  if (differing) return wrong(say.mismatch(differing));

  const when = whenOf(result.seal.sealedAt);
  const age = words.age.replace(lang === 'en' ? 'As of ' : '截至 ', '');
  const who = [own ? say.own : say.by(new URL(url).host), from === 'first' ? say.first : ''].filter(Boolean).join(lang === 'en' ? ' ' : '');
  const text = result.absent ? say.nothing(when, age) : say.done(streams.reduce((n, stream) => n + stream.entries.length, 0), when, age);
  if (result.verdict === 'unchecked') conclude('unchecked', say.unchecked, say.open(named(result, 'unchecked')), who);
  else conclude('holds', own ? say.operator : result.absent ? say.absent : say.holds, text, who, result);

  const also = check.dataset.also.split(' ').filter(Boolean); // names: each has a stream, and a proof, of its own
  let [good, whole] = [0, true]; // whole: nothing that a quotation may stand in is missing
  for (const subject of also) {
    try {
      const other = await fetchProof(subject);
      const { verdict: state, notShown } = await verify(other, options);
      whole &&= notShown.length === 0;
      if (state === 'fails') continue;
      if (state === 'holds') good += 1;
      for (const [hash, paper] of Object.entries(other.documents ?? {})) documents.set(hash, paper);
    } catch { whole = false; }
  }
  differing = compare(entries, documents, whole && result.notShown.length === 0);
  if (differing) wrong(say.mismatch(differing));
  if (also.length) list.append(element('p', say.names(good, also.length)));
  const summary = byId('summary');
  if (summary) {
    const { state, text: told } = await checkSummary(summary, fetchProof, options, lang);
    if (state === 'fails') wrong(told);
    list.append(element('p', told));
  }
  return undefined;
}

install(run);
