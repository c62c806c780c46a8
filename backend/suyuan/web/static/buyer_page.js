// What the buyer's pages share: the shelf, words, and how errors are told.
import { fill, momentOf, REFUSALS, refusal, SAY } from './review_phrases.js';
import { deploymentOf, Shelf } from './buyer.js';

export const lang = document.documentElement.lang.startsWith('en') ? 'en' : 'zh';
export const say = (name, values) => fill(SAY[name], lang, values);
export const byId = (id) => document.getElementById(id);
export const shelf = new Shelf();

export const whenOf = (seconds) => momentOf(seconds, lang);

export function remembered() { try { return localStorage.getItem('suyuan:deployment'); } catch { return null; } }
export const deployment = () => deploymentOf(fetch.bind(globalThis), remembered());

export function nameOf(product) {
  const [own, other] = lang === 'en' ? [product?.en, product?.zh] : [product?.zh, product?.en];
  return own || other || '';
}

/** An error in words. */
export function told(error) {
  const detail = error?.message ?? '';
  if (['wrong-code', 'not-in-batch', 'other-deployment'].includes(detail)) return say(detail);
  if (error?.status) return fill(REFUSALS[refusal(error)], lang, { when: whenOf(error.problem.from) });
  if (error instanceof DOMException) return say('unkept');
  return say('away');
}

export function status(element, text, state = '') {
  element.textContent = text;
  element.dataset.state = state;
  element.hidden = !text;
  if (element.nextElementSibling?.matches('.site-said')) element.nextElementSibling.remove();
}

/** Says what went wrong; the site's own words, which are English, are folded away beneath. */
export function failed(element, error) {
  status(element, told(error), 'fails');
  const words = error?.status ? error.problem.detail : '';
  if (typeof words !== 'string' || !words) return;
  const folded = document.createElement('details');
  folded.className = 'site-said';
  const title = document.createElement('summary');
  title.textContent = say('siteSaid');
  const line = document.createElement('p');
  line.className = 'code';
  line.lang = 'en';
  line.textContent = words;
  folded.append(title, line);
  element.after(folded);
}

export function save(name, value) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1)], { type: 'application/json' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** A copy of a template's only element. */
export const copyOf = (id) => byId(id).content.firstElementChild.cloneNode(true);

/** Fails where the browser keeps nothing, before anything is sent. */
export async function ready(note) {
  try { await shelf.rights(); return true; } catch { status(note, say('unkept'), 'fails'); return false; }
}
