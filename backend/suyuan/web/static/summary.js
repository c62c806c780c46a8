// The numbers of a product's reviews, where a page shows them: read off it, and held to the journal's.
import { verify } from './verifier.js';
import { judgeSummary } from './reviews_check.js';
import { fill, PROBLEMS, SAY } from './review_phrases.js';

const numbers = (text) => text.split(' ').map(Number);

export function readSummary({ dataset }) {
  const reasons = Object.fromEntries(dataset.reasons.split(' ').filter(Boolean).map((one) => one.split(':')).map(([name, n]) => [name, Number(n)]));
  return {
    entries: Number(dataset.entries), standing: numbers(dataset.standing), withheld: numbers(dataset.withheld),
    average: dataset.average, averageAll: dataset.averageAll, reasons,
  };
}

/** Checks the summary of a page about something else: {state, text}. `fetchProof`, `options`: as that page verifies. */
export async function checkSummary(part, fetchProof, options, lang) {
  try {
    const bundle = await fetchProof(`/reviews/${part.dataset.gtin}`);
    const { verdict } = await verify(bundle, options);
    const problems = judgeSummary(readSummary(part), bundle);
    part.classList.toggle('differs', verdict === 'fails' || problems.length > 0);
    if (verdict === 'fails') return { state: 'fails', text: fill(SAY.distrust, lang) };
    if (problems.length) return { state: 'fails', text: problems.map(({ code, ...values }) => fill(PROBLEMS[code], lang, values)).join(' ') };
    return verdict === 'holds' ? { state: 'holds', text: fill(SAY.summary, lang) } : { state: 'unchecked', text: fill(SAY.summaryOpen, lang) };
  } catch { return { state: 'unchecked', text: fill(SAY.summaryOpen, lang) }; }
}
