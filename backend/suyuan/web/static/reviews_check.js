// Whether a page of reviews says what the journal says. No DOM here: a page is what `reviews_page.js` read off it.
import { KINDS, parseHeader, parseTally } from './verifier.js';
import { foldReviews, verifyContent } from './reviews.js';

/** Stars on average with one decimal, halves up; '' for none. The site computes the same. */
export function averageOf(counts) {
  const total = counts.reduce((sum, n) => sum + n, 0);
  if (!total) return '';
  const tenths = Math.floor((20 * counts.reduce((sum, n, i) => sum + n * (i + 1), 0) + total) / (2 * total));
  return `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

const sum = (counts) => counts.reduce((total, n) => total + n, 0);
const same = (a, b) => a.length === b.length && a.every((x, i) => x === b[i]);
/** What says whether a review is withheld. */
const SETTLES = ['review', 'review.withdraw', 'review.withhold', 'review.restore'];
/** As HTML hands text on: no CR, no NUL. */
const plain = (text) => String(text ?? '').replace(/\r\n?/g, '\n').replaceAll('\0', '');

/** The counts that a bundle of reviews proves: those of its newest sealed entry. */
export function tallyOf(bundle) {
  const newest = bundle.entries.at(-1);
  const counts = newest ? parseTally(parseHeader(newest.header).state) : Array(10).fill(0);
  return { entries: bundle.head.count ?? 0, standing: counts.slice(0, 5), withheld: counts.slice(5) };
}

/** What a page's numbers say other than the journal's: [{code, …}]. `summary`: {entries, standing, withheld, average, averageAll}. */
export function judgeSummary(summary, bundle) {
  const told = [];
  const { entries, standing, withheld } = tallyOf(bundle);
  const shown = standing.map((n, i) => n - withheld[i]);
  const tell = (code, site, journal) => told.push({ code, site, journal });
  if (summary.entries !== entries) tell('entries', summary.entries, entries);
  if (sum(summary.standing) !== sum(standing)) tell('total', sum(summary.standing), sum(standing));
  else if (!same(summary.standing, standing)) tell('stars', summary.standing.join(' '), standing.join(' '));
  if (sum(summary.withheld) !== sum(withheld)) tell('withheld', sum(summary.withheld), sum(withheld));
  else if (!same(summary.withheld, withheld)) tell('withheld-stars', summary.withheld.join(' '), withheld.join(' '));
  if (summary.average !== averageOf(shown)) tell('average', summary.average || '—', averageOf(shown) || '—');
  if (summary.averageAll !== averageOf(standing)) tell('average', summary.averageAll || '—', averageOf(standing) || '—');
  return told;
}

/** Each right's review in a run of entries: what `foldReviews` tells of those written in it, and what the run says of older ones. */
export function gather(entries) {
  const { reviews, older } = foldReviews(entries);
  const all = new Map([...reviews].reverse().map((review) => [review.right, { ...review, older: false }]));
  for (const event of [...older].reverse()) {
    const { right, index, kind, stars, old, reason, private: name, at } = event;
    const review = all.get(right) ?? { right, index, stars: old ?? 0, state: 'shown', withheld: false, reason: null, replied: null, reply: null, older: true };
    all.set(right, review);
    if (kind === 'review.amend') review.stars = stars;
    if (kind === 'review.withdraw') Object.assign(review, { state: 'withdrawn', withheld: false, reason: null });
    if (kind === 'review.withhold') Object.assign(review, { withheld: true, reason });
    if (kind === 'review.restore') Object.assign(review, { withheld: false, reason: null });
    if (kind === 'review.erase' && review.state !== 'withdrawn') review.state = 'erased';
    if (kind === 'review.reply') Object.assign(review, { replied: at, reply: name });
  }
  return all;
}

/** The reasons of those withheld now: {reason: how many}. */
function reasonsOf(gathered) {
  const reasons = {};
  for (const { withheld, reason } of gathered.values()) if (withheld) reasons[reason] = (reasons[reason] ?? 0) + 1;
  return reasons;
}

/** Adds what the bundle brings along of older entries that withhold, where that explains no more than is withheld. */
function withOlder(reasons, bundle, { entries }, withheld) {
  const kindOf = ({ header }) => KINDS[parseHeader(header).kind];
  const settled = new Set(entries.filter((entry) => SETTLES.includes(kindOf(entry))).map(({ body }) => body.public?.right));
  const older = new Map();
  for (const entry of bundle.support ?? []) {
    const { right, reason } = entry.body.public ?? {};
    if (entry.subject === bundle.subject && kindOf(entry) === 'review.withhold' && !settled.has(right)) older.set(right, reason);
  }
  const all = { ...reasons };
  for (const reason of older.values()) all[reason] = (all[reason] ?? 0) + 1;
  return sum(Object.values(all)) <= sum(withheld) ? all : reasons;
}

/** What a card may show of a review, by the journal; what the site holds back is missing, never anything else. */
const faceOf = ({ state, withheld, older }) => (state === 'withdrawn' ? state : withheld ? 'withheld' : state === 'erased' ? state : older ? 'older' : 'shown');

/**
 * What a page of reviews says other than the journal. `bundle` has been verified; `contents` is what `GET /v1/reviews` answers;
 * `page`: {summary, shown, reviews, stars, language, reasons, cards: [{right, index, face, stars, reason, words, reply, photos}]}.
 * Gives {problems: [{code, index?, …}], missing: [index], unexplained: n}.
 */
export async function judgePage(page, bundle, contents) {
  const problems = judgeSummary(page.summary, bundle);
  const missing = [];
  const tell = (code, values) => problems.push({ code, ...values });
  const entries = [...bundle.entries, ...(bundle.pending ?? [])];
  if (page.shown !== entries.length) tell('newest', { site: page.shown, journal: entries.length });
  const folded = gather(entries);
  if (page.reviews !== folded.size) tell('reviews', { site: page.reviews, journal: folded.size });
  const { withheld } = tallyOf(bundle);
  const sealed = withOlder(reasonsOf(gather(bundle.entries)), bundle, bundle, withheld);
  const whole = sum(Object.values(sealed)) === sum(withheld);
  const now = withOlder(reasonsOf(folded), bundle, { entries }, withheld); // the site may count what is not sealed yet
  for (const [name, site] of Object.entries(page.reasons)) { // older ones are in the sums alone
    const fits = (journal) => (whole ? site === journal : site >= journal);
    if (!fits(sealed[name] ?? 0) && !fits(now[name] ?? 0)) tell('reasons', { site, journal: sealed[name] ?? 0 });
  }

  const cards = new Map(page.cards.map((card) => [card.right, card]));
  for (const card of page.cards) if (!folded.has(card.right)) tell('unknown', { index: card.index });
  const order = page.cards.map(({ index }) => index);
  if (order.some((index, i) => i && index >= order[i - 1])) tell('order', {});
  for (const [right, review] of folded) {
    const card = cards.get(right);
    const { index, stars } = review;
    const content = contents?.[right]?.content;
    if (!card) { // filters leave out; the journal says what may be left out by stars, the signed words by language
      const bySign = page.stars && page.stars !== stars;
      const byWords = page.language && (faceOf(review) !== 'shown' || !content || content.language !== page.language);
      if (!bySign && !byWords) tell(review.withheld ? 'dropped-withheld' : 'dropped', { index });
      else if (!bySign && byWords && content && faceOf(review) === 'shown' && !(await verifyContent(content, review.private))) tell('words', { index });
      continue;
    }
    const face = faceOf(review);
    if (card.index !== index) tell('place', { index });
    if (card.stars !== stars) tell('card-stars', { index, site: card.stars, journal: stars });
    if (card.face !== face && !(face === 'shown' && card.face === 'missing')) tell('face', { index, site: card.face, journal: face });
    if (face === 'withheld' && card.reason !== review.reason) tell('reason', { index });
    if (card.face === 'missing') missing.push(index);
    if (card.face === 'shown' && face === 'shown') {
      const good = content && await verifyContent(content, review.private);
      if (!good || plain(content.words) !== plain(card.words) || !same(content.photos ?? [], card.photos)) tell('words', { index });
    } else if (card.words !== null) tell('words', { index });
    if (Boolean(review.reply) !== card.replied) tell('reply', { index });
    else if (review.reply && card.reply !== null) {
      const reply = contents?.[right]?.reply;
      if (!reply || !(await verifyContent(reply, review.reply)) || plain(reply.words) !== plain(card.reply)) tell('reply', { index });
    } else if (review.reply && (face === 'shown' || face === 'older') && card.face !== 'missing') missing.push(index); // it goes with its review
  }
  return { problems, missing, unexplained: sum(withheld) - sum(Object.values(sealed)) };
}
