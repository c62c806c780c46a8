// What the review pages' scripts say, in both languages. `{name}` is filled in.

/** What is wrong with a page of reviews, by code of reviews_check.js. */
export const PROBLEMS = {
  entries: ['本站称有 {site} 条记录，日志中是 {journal} 条。', 'The site says {site} entries, the journal {journal}.'],
  total: ['本站显示 {site} 条评价，日志中是 {journal} 条。', 'The site shows {site} reviews, the journal says {journal}.'],
  stars: ['各星级的条数与日志不符（本站 {site}，日志 {journal}）。', 'The counts by stars are not the journal’s ({site}; the journal: {journal}).'],
  withheld: ['本站称隐藏了 {site} 条，日志中是 {journal} 条。', 'The site says {site} are withheld, the journal {journal}.'],
  'withheld-stars': ['被隐藏评价的星级与日志不符。', 'The stars of the withheld reviews are not the journal’s.'],
  average: ['本站的平均分是 {site}，按日志应为 {journal}。', 'The site’s average is {site}; by the journal it is {journal}.'],
  reasons: ['隐藏理由的条数与日志不符（本站 {site}，日志 {journal}）。', 'The reasons for withholding do not add up ({site}; the journal: {journal}).'],
  newest: ['本页显示 {site} 条记录，证明中是 {journal} 条。', 'The page shows {site} entries, its proof {journal}.'],
  reviews: ['本页涉及 {site} 条评价，证明中是 {journal} 条。', 'The page tells of {site} reviews, its proof of {journal}.'],
  unknown: ['第 {index} 号评价不在日志中。', 'Review {index} is not in the journal.'],
  order: ['评价的先后与日志不符。', 'The reviews are not in the journal’s order.'],
  dropped: ['日志中的第 {index} 号评价没有显示。', 'Review {index} is in the journal and not on this page.'],
  'dropped-withheld': ['被隐藏的第 {index} 号评价没有列出。', 'Review {index} is withheld, and the page does not say so.'],
  place: ['第 {index} 号评价的位置不对。', 'Review {index} is shown at another place.'],
  'card-stars': ['第 {index} 号评价的星级是 {journal}，不是 {site}。', 'Review {index} gave {journal} stars, not {site}.'],
  face: ['第 {index} 号评价的状态与日志不符。', 'The state of review {index} is not the journal’s.'],
  reason: ['第 {index} 号评价的隐藏理由与日志不符。', 'The reason why review {index} is withheld is not the journal’s.'],
  words: ['第 {index} 号评价的文字或照片不是当时签署的。', 'The words or photos of review {index} are not those that were signed.'],
  reply: ['第 {index} 号评价的商家回复不是当时签署的。', 'The reply to review {index} is not the one that was signed.'],
};

export const SAY = {
  holds: ['所示评价：一条没少，未被改动，合计无误。', 'These reviews: none left out, none altered, and the totals are right.'],
  done: [
    '截至 {when}，日志共记 {total} 条评价，其中 {withheld} 条被隐藏。本页是最新的 {shown} 条记录，前后相接；每段文字都是当时签署的。',
    'As of {when} the journal counts {total} reviews, {withheld} of them withheld. Shown are the newest {shown} entries without a gap, and all words are those that were signed.',
  ],
  older: ['比这里更早的 {n} 条记录及其合计由审计者核对，没有在此核对。', 'The {n} older entries, and their totals, are audited by others and were not checked here.'],
  unexplained: ['另有 {n} 条被隐藏，理由在更早的记录里，没有在此核对。', 'The reasons of {n} more that are withheld stand in older entries and were not checked here.'],
  absent: ['本站没有显示第 {list} 号评价的内容：没能核对。', 'The site does not show the content of these reviews, which could not be checked: {list}.'],
  noContents: ['取不到评价的文字，没能核对。', 'The reviews’ words could not be fetched to check them.'],
  summary: ['本页的评价数字与日志一致。', 'The numbers of reviews on this page are the journal’s.'],
  summaryOpen: ['本页的评价数字没能核对。', 'The numbers of reviews on this page could not be checked.'],
  distrust: ['请不要相信本页的评价。', 'Do not rely on these reviews.'],
  // claim
  from: ['{when} 起可以认领', 'can be claimed from {when}'],
  issued: ['可以认领', 'ready to be claimed'],
  claimed: ['已在这台设备上认领', 'claimed on this device'],
  elsewhere: ['已在别的设备上认领', 'claimed on another device'],
  reviewed: ['已评价', 'reviewed'],
  none: ['这一批的评价名额已满', 'no right to review was left for its batch'],
  working: ['正在处理…', 'Working…'],
  'wrong-code': ['这不是这一件的密码。请对照标签再输一次。', 'That is not this item’s code. Please compare it with the label.'],
  'bad-code': ['密码应为 26 位字母数字。', 'A code has 26 letters and digits.'],
  'not-in-batch': ['没有找到这一件所属批次的登记。', 'No registered batch has this item.'],
  'other-deployment': ['本站的合约与这台浏览器所记的不同，没有签署任何内容。', 'This site’s contracts are not those that this browser remembers; nothing was signed.'],
  siteSaid: ['本站的原话（英文）', 'In the site’s own words'],
  away: ['现在连不上本站，什么也没有丢失。请稍后再试。', 'The site does not answer. Nothing is lost; please try again.'],
  unkept: ['这个浏览器不肯保存数据（例如无痕窗口），因此没法认领。', 'This browser keeps no data (a private window, perhaps), so nothing can be claimed with it.'],
  nothingHere: ['这条链接没有对应的商品，或者还没有送达。', 'This link has nothing to review, or the delivery is not recorded yet.'],
  itemDone: ['已认领。评价的名额开放后会出现在“可以评价的商品”里。', 'Claimed. Once the right to review it opens, it is in your list.'],
  unread: ['照片里没有认出二维码。', 'No code was found in that photo.'],
  // write
  needStars: ['请先选星级。', 'Please choose the stars first.'],
  sent: ['已收下。凭证存在“我的凭证”里：本站承诺在 {when} 之前封存上链。', 'Accepted. The receipt is in “My receipts”: the site promised to have it sealed by {when}.'],
  withdrawn: ['已撤回。', 'Withdrawn.'],
  erased: ['已删除，日志记下了删除的依据。', 'Erased; the journal says on what ground.'],
  exported: ['已存为文件。', 'Saved to a file.'],
  photo: ['正在上传第 {n} 张照片…', 'Sending photo {n}…'],
  sure: ['确定？再按一次。', 'Sure? Press again.'],
  // receipts
  kept: ['承诺已兑现：已封存上链', 'Kept: sealed on the chain'],
  keptOwn: ['承诺已兑现（由本站自己的节点回答，不算独立）', 'Kept (this site’s own node answered: not independent)'],
  waits: ['等待封存，承诺不晚于 {when}', 'Waiting; promised by {when}'],
  broken: ['承诺被违背：请保存这张凭证', 'PROMISE BROKEN: keep this receipt'],
  late: ['已过 {when}，仍未封存', 'It is past {when} and still not sealed'],
  another: ['日志在这个位置上封存的是别的内容', 'The journal has something else sealed at that place'],
  false: ['本站给出的证明不成立', 'The proof that the site gave does not hold'],
  open: ['没能核对', 'Could not be checked'],
  openWhy: ['本站没有给出可核对的答复。', 'The site gave no answer that could be checked.'],
  imported: ['导入 {n} 张。', 'Added: {n}.'],
  badFile: ['这不是凭证文件。', 'That is not a file of receipts.'],
  seal: ['第 {number} 次封存，日志第 {index} 号', 'Seal {number}, place {index} in the journal'],
};

/** What a receipt is for, by kind of statement. */
export const KIND_WORDS = {
  claim: ['认领', 'Claim'], review: ['评价', 'Review'], 'review.amend': ['修改评价', 'Amended review'],
  'review.withdraw': ['撤回评价', 'Withdrawn review'], erase: ['删除要求', 'Erasure'],
};

export const fill = (pair, lang, values = {}) => pair[lang === 'en' ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));

/** Refusals of the site, told. */
export const REFUSALS = {
  refused: ['没有被接受。', 'It was not accepted.'],
  throttled: ['从您的网络试错的次数太多了，请过一两分钟再试。', 'Too many wrong tries came from your network. Please try again in a minute or two.'],
  tooEarly: ['还没有开放：{when} 起可以认领。', 'Not open yet: it can be claimed from {when} on.'],
  claimedBefore: ['已经被认领过了：每个名额、每件商品只能认领一次。', 'It was claimed before: a right, or an item, is claimed once.'],
  wrongSecret: ['这条链接或密码打不开它。请核对后再试。', 'That link or code does not open it. Please compare it and try again.'],
  unknown: ['本站没有这个评价名额或这一批商品的登记。', 'This site knows no such right to review, or no such batch.'],
  otherKey: ['这台设备上的密钥不是认领它的那一把。', 'The key on this device is not the one that claimed it.'],
  used: ['这个名额现在不能这样用：还没认领，或者已经写过、撤回或删除了评价。', 'The right cannot be used so: it is not claimed yet, or its review was written, withdrawn or erased before.'],
  gone: ['已经删除过了，没有可以删除或导出的内容。', 'It was erased before; nothing is left to erase or export.'],
  badStars: ['星级应为 1 到 5 颗。', 'Stars are 1 to 5.'],
  badWords: ['文字没有被接受：太长，或者含有不允许的字符。', 'The words were not accepted: too long, or with characters that are not allowed.'],
  badPhotos: ['照片没有被接受：太多、重复，或者没有传完。', 'The photos were not accepted: too many, one twice, or one that was not sent whole.'],
  badPhoto: ['这张照片没有被接受：只收完整、不会动的 JPEG、PNG 或 WebP。', 'That photo was not accepted: a whole JPEG, PNG or WebP that does not move is wanted.'],
  bigPhoto: ['这张照片太大了。', 'That photo is too large.'],
  manyPhotos: ['没用上的照片太多了，暂时不能再传。', 'Too many photos were sent and not used; no more for now.'],
  tooLarge: ['内容太长了。', 'It is too long.'],
  notAllowed: ['现在不允许这样做。', 'That is not allowed now.'],
  siteAway: ['本站暂时不能处理，什么也没有写入。请稍后再试。', 'The site cannot do that at the moment; nothing was written. Please try again.'],
  journalEnded: ['一项已经证明的过错结束了日志：在新的日志接续之前，本站不再记录任何内容。', 'A proven fault has ended the journal: nothing is recorded until it goes on in another one.'],
  siteFault: ['本站出了故障。请稍后再试。', 'Something is wrong with the site. Please try again later.'],
};

const AT = {
  claims: { 401: 'wrongSecret', 409: 'claimedBefore' },
  photos: { 400: 'badPhoto', 409: 'manyPhotos', 413: 'bigPhoto' },
  reviews: { 409: 'used' },
};
const ANYWHERE = { 401: 'otherKey', 403: 'notAllowed', 404: 'unknown', 409: 'gone', 413: 'tooLarge', 429: 'throttled', 503: 'siteAway' };
const OF = { 'public/stars': 'badStars', 'content/words': 'badWords', 'content/photos': 'badPhotos' };

/** Which of REFUSALS tells a refusal {status, problem, path} of the site; `tooEarly` wants {when}. */
export function refusal({ status, problem, path }) {
  if (problem.type?.endsWith(':TooEarly')) return 'tooEarly';
  if (problem.type?.endsWith(':JournalEnded')) return 'journalEnded';
  const [, where] = /^\/v1\/(\w+)/.exec(path) ?? [];
  return OF[problem.where] ?? AT[where]?.[status] ?? ANYWHERE[status] ?? (status >= 500 ? 'siteFault' : 'refused');
}

/** Day and time by China's clock, as on every page, wherever the reader is. */
export const momentOf = (seconds, lang) => `${new Date(seconds * 1000).toLocaleString(lang === 'zh' ? 'zh-CN' : 'en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Asia/Shanghai' })} UTC+8`;
