import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { jcs, nextState } from '../../../backend/suyuan/web/static/verifier.js';
import { averageOf, gather, judgePage, judgeSummary } from '../../../backend/suyuan/web/static/reviews_check.js';
import { fill, KIND_WORDS, momentOf, PROBLEMS, REFUSALS, refusal, SAY } from '../../../backend/suyuan/web/static/review_phrases.js';

const STATIC = new URL('../../../backend/suyuan/web/static/', import.meta.url);
const sha = (text) => createHash('sha256').update(text).digest('hex');
const right = (n) => sha(`right ${n}`);
const content = (n, words = `words ${n}`) => ({ salt: sha(`salt ${n}`).slice(0, 32), words, language: 'en', photos: [] });
const hashed = (value) => sha(jcs(value, true));

/** Entries of a stream, one a step: [kind, arg, public]. */
function streamOf(steps, first = 40) {
  let state = '0'.repeat(64);
  return steps.map(([kind, arg, given], i) => {
    state = nextState(state, kind, arg);
    const [hex, wide] = [(n, size) => n.toString(16).padStart(2 * size, '0'), '00'.repeat(32)];
    const header = '01' + hex(kind, 1) + hex(arg, 1) + wide + hex(i, 8) + wide + hex(1790000000000 + i, 8) + state + wide;
    return { index: first + i, header, body: { public: given, by: '04' } };
  });
}

const steps = [
  [7, 4, { right: right(1), stars: 4, private: hashed(content(1)), batch: 'b' }],
  [7, 1, { right: right(2), stars: 1, private: hashed(content(2)), batch: 'b' }],
  [7, 5, { right: right(3), stars: 5, private: hashed(content(3)), batch: 'b' }],
  [10, 1 << 3, { right: right(2), reason: 'abuse', basis: 'CC-1024' }],
  [8, (4 << 3) | 3, { right: right(1), stars: 3, private: hashed(content(4)) }],
  [13, 0, { right: right(3), private: hashed({ salt: '00', words: 'thanks', language: 'en' }) }],
  [7, 2, { right: right(5), stars: 2, private: hashed(content(5)), batch: 'b' }],
  [12, 0, { right: right(5), basis: 'PIPL-47' }],
];

function world() {
  const entries = streamOf(steps);
  const bundle = { head: { count: entries.length }, entries, pending: [] };
  const contents = {
    [right(1)]: { state: 'shown', content: content(4) }, [right(2)]: { state: 'withheld' },
    [right(3)]: { state: 'shown', content: content(3), reply: { salt: '00', words: 'thanks', language: 'en' } }, [right(5)]: { state: 'erased' },
  };
  const card = (n, index, face, stars, words, more = {}) => ({ right: right(n), index, face, stars, words, reason: '', reply: null, replied: false, photos: [], ...more });
  const page = {
    summary: { entries: 8, standing: [1, 1, 1, 0, 1], withheld: [1, 0, 0, 0, 0], average: '3.3', averageAll: '2.8' },
    reasons: { abuse: 1 }, shown: 8, reviews: 4, stars: 0, language: '',
    cards: [
      card(5, 46, 'erased', 2, null), card(3, 42, 'shown', 5, 'words 3', { replied: true, reply: 'thanks' }),
      card(2, 41, 'withheld', 1, null, { reason: 'abuse' }), card(1, 40, 'shown', 3, 'words 4'),
    ],
  };
  return { bundle, contents, page };
}
const codes = async (change) => {
  const w = world();
  const before = change(w) ?? w;
  return (await judgePage(before.page, before.bundle, before.contents)).problems.map(({ code, index }) => (index === undefined ? code : `${code} ${index}`));
};

test('a page that says what the journal says has no problems', async () => {
  const { page, bundle, contents } = world();
  assert.deepEqual(await judgePage(page, bundle, contents), { problems: [], missing: [], unexplained: 0 });
});

const LIES = {
  'words 40': ({ page }) => { page.cards[3].words = 'Perfect!'; },
  'words 42': ({ contents, page }) => { contents[right(3)].content.words = page.cards[1].words = 'edited in both'; },
  'dropped-withheld 41': ({ page }) => { page.cards.splice(2, 1); },
  'dropped 40': ({ page }) => { page.cards.splice(3, 1); },
  'face 41': ({ page }) => { page.cards[2].face = 'withdrawn'; },
  'face 42': ({ page }) => { Object.assign(page.cards[1], { face: 'withheld', words: null, reason: 'fake' }); },
  'reason 41': ({ page }) => { page.cards[2].reason = 'illegal'; },
  'card-stars 40': ({ page }) => { page.cards[3].stars = 5; },
  'reply 42': ({ page }) => { page.cards[1].reply = 'sorry'; },
  'words 46': ({ page }) => { page.cards[0].words = 'still here'; },
  order: ({ page }) => { page.cards.reverse(); },
  total: ({ page }) => { page.summary.standing = [0, 1, 1, 0, 1]; },
  stars: ({ page }) => { page.summary.standing = [0, 1, 1, 0, 2]; },
  withheld: ({ page }) => { page.summary.withheld = [0, 0, 0, 0, 0]; },
  average: ({ page }) => { page.summary.average = '4.9'; },
  entries: ({ page }) => { page.summary.entries = 7; },
  reasons: ({ page }) => { page.reasons = { abuse: 0, illegal: 1 }; },
  newest: ({ page }) => { page.shown = 7; },
  reviews: ({ page }) => { page.reviews = 3; },
};
for (const [code, lie] of Object.entries(LIES)) {
  test(`a lie is named: ${code}`, async () => { assert.ok((await codes(lie)).includes(code), String(await codes(lie))); });
}

test('another photo than the signed one is found out', async () => {
  assert.deepEqual(await codes(({ page }) => { page.cards[3].photos = ['ab'.repeat(32)]; }), ['words 40']);
});

test('what the site holds back is missing, and not an altered word', async () => {
  const { page, bundle, contents } = world();
  Object.assign(page.cards[3], { face: 'missing', words: null });
  delete contents[right(1)];
  const { problems, missing } = await judgePage(page, bundle, contents);
  assert.deepEqual([problems, missing], [[], [40]]);
});

test('a filter by stars or language leaves out only what it may', async () => {
  const only = (w, keep) => { w.page.cards = w.page.cards.filter(keep); };
  assert.deepEqual(await codes((w) => { w.page.stars = 5; only(w, ({ stars }) => stars === 5); }), []);
  assert.deepEqual(await codes((w) => { w.page.stars = 3; only(w, ({ stars }) => stars === 5); }), ['dropped 40']);
  assert.deepEqual(await codes((w) => { w.page.language = 'en'; only(w, ({ face }) => face === 'shown'); }), []);
  assert.deepEqual(await codes((w) => { w.page.language = 'zh'; w.page.cards = []; }), []);
  assert.ok((await codes((w) => { w.page.language = 'zh'; w.page.cards = []; w.contents[right(1)].content.language = 'fr'; })).includes('words 40'));
});

test('a run that begins later tells of older reviews as such', () => {
  const folded = gather(streamOf(steps).slice(3));
  assert.deepEqual([1, 2, 3, 5].map((n) => [folded.get(right(n)).older, folded.get(right(n)).index]), [[true, 44], [true, 43], [true, 45], [false, 46]]);
  assert.deepEqual([folded.get(right(2)).withheld, folded.get(right(1)).stars], [true, 3]);
});

test('reasons in older entries are said to be unchecked', async () => {
  const { page, bundle, contents } = world();
  bundle.entries = bundle.entries.slice(4);
  Object.assign(page, { shown: 4, reviews: 3, cards: [page.cards[0], { ...page.cards[1], index: 45, face: 'older', words: null, stars: 0 }, { ...page.cards[3], index: 44, face: 'older', words: null }] });
  const { problems, unexplained } = await judgePage(page, bundle, contents);
  assert.deepEqual([problems, unexplained], [[], 1]);
});

test('reasons in older entries are checked where the bundle brings those entries along', async () => {
  const { page, bundle, contents } = world();
  bundle.subject = '/reviews/09521141012345';
  bundle.support = [{ subject: bundle.subject, ...bundle.entries[3] }];
  bundle.entries = bundle.entries.slice(4);
  Object.assign(page, { shown: 4, reviews: 3, cards: [page.cards[0], { ...page.cards[1], index: 45, face: 'older', words: null, stars: 0 }, { ...page.cards[3], index: 44, face: 'older', words: null }] });
  assert.deepEqual(await judgePage(page, bundle, contents), { problems: [], missing: [], unexplained: 0 });
  page.reasons = { fake: 1 };
  assert.ok((await judgePage(page, bundle, contents)).problems.some(({ code }) => code === 'reasons'));
});

test('an empty stream has an empty summary', () => {
  const summary = { entries: 0, standing: [0, 0, 0, 0, 0], withheld: [0, 0, 0, 0, 0], average: '', averageAll: '' };
  assert.deepEqual(judgeSummary(summary, { head: { met: null }, entries: [] }), []);
  assert.equal(averageOf([0, 0, 0, 0, 0]), '');
});

test('every phrase is there in both languages, with the same values', () => {
  for (const table of [PROBLEMS, SAY, KIND_WORDS, REFUSALS]) {
    for (const [name, pair] of Object.entries(table)) {
      assert.equal(pair.length, 2, name);
      const [zh, en] = pair.map((text) => new Set([...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1])));
      assert.deepEqual(zh, en, name);
      assert.match(pair[0], /[\u4e00-\u9fff]/, name);
      assert.doesNotMatch(pair.join(), /authentic|genuine|guarantee|trustworth|正品|保真|保证|真品|放心|可信/i);
    }
  }
  assert.equal(fill(PROBLEMS.total, 'en', { site: 6, journal: 7 }), 'The site shows 6 reviews, the journal says 7.');
});

test('every phrase that a script says is there, and every one is said', () => {
  const source = ['buyer_page', 'claim', 'receipts', 'reviews_check', 'reviews_page', 'summary', 'write'].map((name) => `${name}.js`).map((name) => readFileSync(new URL(name, STATIC), 'utf8')).join('\n');
  const said = new Set([...source.matchAll(/\b(?:say|tell)\('([\w-]+)'/g)].map((m) => m[1]).filter((name) => !(name in PROBLEMS)));
  for (const name of said) assert.ok(name in SAY, name);
  for (const name of [...Object.keys(SAY), ...Object.keys(PROBLEMS)]) assert.ok(source.includes(`'${name}'`) || source.includes(`SAY.${name}`), name);
});

const urn = (kind) => `urn:suyuan:problem:${kind}`;
const REFUSED = [
  [429, { type: urn('Throttled') }, '/v1/claims', 'throttled'],
  [409, { type: urn('TooEarly'), from: 1790000000 }, '/v1/claims', 'tooEarly'],
  [409, { type: urn('Conflict') }, '/v1/claims', 'claimedBefore'],
  [401, { type: urn('BadSignature') }, '/v1/claims', 'wrongSecret'],
  [404, { type: urn('NotFound') }, '/v1/rights/ab', 'unknown'],
  [404, {}, '/v1/proof?subject=x', 'unknown'],
  [401, { type: urn('BadSignature') }, '/v1/reviews', 'otherKey'],
  [409, { type: urn('Conflict') }, '/v1/reviews', 'used'],
  [409, { type: urn('Conflict') }, '/v1/erasures', 'gone'],
  [400, { type: urn('Malformed'), where: 'public/stars' }, '/v1/reviews', 'badStars'],
  [413, { type: urn('TooLarge'), where: 'content/words' }, '/v1/reviews', 'badWords'],
  [400, { type: urn('Malformed'), where: 'content/photos' }, '/v1/reviews', 'badPhotos'],
  [400, { type: urn('Malformed'), where: 'photo' }, '/v1/photos', 'badPhoto'],
  [413, { type: urn('TooLarge') }, '/v1/photos', 'bigPhoto'],
  [409, { type: urn('Conflict') }, '/v1/photos', 'manyPhotos'],
  [413, { type: urn('TooLarge') }, '/v1/reviews', 'tooLarge'],
  [403, { type: urn('NoStanding') }, '/v1/reviews', 'notAllowed'],
  [503, { type: urn('DatabaseAway') }, '/v1/reviews', 'siteAway'],
  [503, { type: urn('JournalEnded') }, '/v1/reviews', 'journalEnded'],
  [500, {}, '/v1/reviews', 'siteFault'],
  [400, {}, '/v1/claims', 'refused'],
];

for (const [status, problem, path, name] of REFUSED) {
  test(`a refusal is told in the page's own words: ${status} ${problem.type ?? ''} at ${path}`, () => {
    assert.equal(refusal({ status, problem: { ...problem, detail: 'in English' }, path }), name);
  });
}

test('no refusal has a sentence that is never told', () => {
  assert.deepEqual(Object.keys(REFUSALS).sort(), REFUSED.map(([, , , name]) => name).sort().filter((name, i, all) => name !== all[i - 1]));
});

test("times are by China's clock, and say so, wherever the reader is", () => {
  process.env.TZ = 'America/New_York';
  assert.equal(momentOf(1_790_000_000, 'zh'), '2026年9月21日 22:13 UTC+8');
  assert.equal(momentOf(1_790_000_000, 'en'), '21 Sept 2026, 22:13 UTC+8');
});
