// What verifier.js found, in words: a sentence for each obligation × state × code, no stronger than section 12 of the protocol.

const pick = (pair, lang) => pair[lang === 'en' ? 1 : 0];

export const TITLES = [
  null,
  ['存证链与封存', 'Deployment and seal'],
  ['条目总数的证明', 'Proof of how many entries there are'],
  ['最新条目', 'Newest entry'],
  ['内容与文件', 'Contents and documents'],
  ['先后顺序', 'Order'],
  ['收录在总账中', 'Inclusion in the journal'],
  ['签名与资格', 'Signatures and standing'],
  ['评价计数', 'Review counts'],
  ['单品、批次与包装', 'Item, batch and containers'],
];

const HOLDS = [
  null,
  ['合约确认了这次封存，部署与您所记的一致。', 'The contract confirms this seal, and the deployment is the one you know.'],
  ['总数的证明与封存一致。', 'The proof of the number of entries agrees with the seal.'],
  ['所示最新一条就是封存时的最新一条。', 'The newest entry shown is the newest as of the seal.'],
  ['每条内容都与其指纹一致，每份文件都是当时签署的那一份。', 'Each entry’s content matches its fingerprint, and each document is the one that was signed.'],
  ['所示条目首尾相接，没有缺漏。', 'The entries shown follow one another without a gap.'],
  ['所示每一条都在总账的相应位置上。', 'Every entry shown is in the journal at its place.'],
  ['每个签名都相符，签署者当时有资格。', 'Each signature holds, and its signer had standing at the time.'],
  ['计数逐条相承。', 'Each count follows from the one before.'],
  ['批次登记与包装记录都相符。', 'The batch register and the container records agree.'],
];

const UNCHECKED = ['这一项没能核对。', 'This could not be checked.'];
const FAILS = ['这一项不相符。', 'This does not hold.'];

/** By code; what has no entry here is told by its state alone. */
export const SENTENCES = {
  // (1)
  'other-deployment': ['这份证明属于另一个部署，不是您所记的那一个。', 'This proof is of another deployment, not the one you know.'],
  'claims-to-go-on': ['这份证明属于另一个日志。它自称接续您所记的那一个，但任何人都能这样自称。', 'This proof is of another journal. It says that it goes on from the one you know, which anyone’s contract can say.'],
  'after-handover': ['这次封存晚于移交：您所记的日志只接续此前的那一段。', 'This seal is later than the handover: the journal you know goes on from what came before it alone.'],
  'handover-unknown': ['前一个日志的合约不认识移交时的封存。', 'The earlier journal’s contract does not know the seal at the handover.'],
  'long-line': ['前后接续的日志太多，没有再往前查。', 'Too many journals go on from one another; no more were asked for.'],
  'faults-unasked': ['节点没有说明合约里有没有已证明的过错。', 'The node did not say whether the contract has a proven fault of this journal.'],
  'not-pinned': ['没有预先记下的部署可供比对。', 'There is no deployment known beforehand to compare with.'],
  'older': ['网站出示的是较早的状态：链上已有更新的封存，其间的记录这里没有。', 'The site shows an older state: the chain has a newer seal, and what was recorded since is missing here.'],
  'stale': ['这次封存已经太旧，此后的情况没有核对。', 'The seal is too old; what came after it was not checked.'],
  'from-the-future': ['封存时间晚于本机时钟，请检查时钟。', 'The seal is later than this device’s clock; check the clock.'],
  'seal-unknown': ['合约不认识这次封存。', 'The contract does not know this seal.'],
  'rpc-absent': ['没有可用的链节点，链上的部分没有核对。', 'No chain node was given, so what is on the chain was not checked.'],
  'rpc-unreachable': ['链节点没有应答。', 'The chain node did not answer.'],
  'rpc-error': ['链节点报告了错误。', 'The chain node reported an error.'],
  'rpc-unusable': ['链节点的应答无法使用。', 'The chain node’s answer could not be used.'],
  'rpc-wrong-chain': ['链节点连的是另一条链。', 'The chain node is on another chain.'],
  'rpc-behind': ['链节点还没有同步到这次封存。', 'The chain node has not reached this seal yet.'],
  'no-contract': ['链节点在该地址没有找到合约。', 'The chain node found no contract at that address.'],
  'nodes-disagree': ['节点说法不一，或一致的不够多。', 'The nodes disagree, or too few of them agree.'],
  'no-crypto': ['浏览器在此页面不提供加密功能（需要 https），没有核对。', 'The browser offers no cryptography on this page (https is needed), so nothing was checked.'],
  'unusable': ['这不是可用的证明文件。', 'This is not a usable proof.'],
  // (2) (3)
  'absent': ['封存时没有关于它的任何条目。', 'As of the seal there is no entry about it.'],
  'head-mismatch': ['总数的证明与封存不一致。', 'The proof of the number of entries does not agree with the seal.'],
  'entries-of-absent': ['证明说没有条目，却给出了条目。', 'The proof says there are no entries, yet shows some.'],
  'none-shown': ['证明说有条目，却一条也没有给出。', 'The proof says there are entries, yet shows none.'],
  'count-differs': ['所示最新一条与总数不符。', 'The newest entry shown does not agree with the number of entries.'],
  'leaf-differs': ['所示最新一条不是封存时的最新一条。', 'The newest entry shown is not the newest as of the seal.'],
  // (4)
  'version': ['条目的版本不认识。', 'An entry is of an unknown version.'],
  'kind-differs': ['条目的种类与内容不符。', 'An entry’s kind and its content disagree.'],
  'key-differs': ['有条目说的不是这个对象。', 'An entry is about something else.'],
  'subject-differs': ['条目内容所指的对象不符。', 'An entry’s content names another subject.'],
  'body-form': ['条目内容的格式不合规定。', 'An entry’s content is not of the agreed form.'],
  'body-size': ['条目内容过大。', 'An entry’s content is too large.'],
  'body-hash': ['条目内容与其指纹不符，被改动过。', 'An entry’s content does not match its fingerprint: it was altered.'],
  'document-hash': ['有文件与其指纹不符，被改动过。', 'A document does not match its fingerprint: it was altered.'],
  'document-name': ['条目没有正确指明它的文件。', 'An entry does not properly name its document.'],
  'document-missing': ['有文件没有附上，没能核对。', 'A document is not included and could not be checked.'],
  'not-named': ['事件文件没有提到这个对象。', 'An event’s document does not name this subject.'],
  // (5)
  'first-prev': ['第一条之前不应有条目。', 'The first entry points to one before it.'],
  'seq-gap': ['条目之间有缺漏或顺序颠倒。', 'Entries are missing or out of order.'],
  'prev-differs': ['有条目没有接在前一条之后。', 'An entry does not follow the one before it.'],
  'index-order': ['条目在总账中的位置颠倒。', 'Entries are out of order in the journal.'],
  'time-order': ['条目的时间倒退了。', 'Time runs backwards between entries.'],
  'too-late': ['有条目的时间晚于封存。', 'An entry is later than its seal.'],
  'pending': ['待封存的条目没有接在最新一条之后。', 'An entry that waits for its seal does not follow the newest one.'],
  // (6)
  'no-proof': ['有条目没有附上收录证明。', 'An entry comes without proof of inclusion.'],
  'not-included': ['有条目不在总账的所称位置。', 'An entry is not in the journal where it is said to be.'],
  // (7)
  'signed': ['登记合约确认每个签名都相符，签署者当时有资格。', 'The register confirms each signature, and that its signer had standing at the time.'],
  'unsigned': ['有条目没有签名。', 'An entry is not signed.'],
  'author': ['签署者不是应当签署的人。', 'An entry is signed by someone who is not its author.'],
  'statement-form': ['签名的格式不合规定。', 'A signature is not of the agreed form.'],
  'bad-signature': ['有签名不相符。', 'A signature does not hold.'],
  'unknown-signer': ['签署者没有登记。', 'A signer is not registered.'],
  'no-standing': ['签署者当时没有资格。', 'A signer had no standing at the time.'],
  'issued-late': ['签署时间晚于收录时间。', 'A statement is dated after it was accepted.'],
  'unknown-verdict': ['登记合约没有确认签名。', 'The register does not confirm a signature.'],
  'nonce-again': ['同一份签署被用了两次。', 'One signed statement is used twice.'],
  'claim-missing': ['没有附上评价者密钥与评价权的绑定记录。', 'The record that binds a reviewer’s key to a right to review is not included.'],
  // (8)
  'from-the-first': ['评价计数从第一条起逐条相承。', 'The review counts follow from the first entry on.'],
  'from-oldest-shown': ['评价计数从所示最早一条起逐条相承；更早的没有在此核对。', 'The review counts follow from the oldest entry shown; older ones are not checked here.'],
  'no-tally': ['没有评价计数。', 'There are no review counts.'],
  'misstep': ['计数与前一条对不上。', 'A count does not follow from the one before.'],
  'stars-differ': ['评价的星数与计数不符。', 'A review’s stars are not those that were counted.'],
  // (9)
  'registered': ['批次登记合约的记录与此相符。', 'The batch register’s record agrees.'],
  'not-needed': ['没有关联的批次或包装需要核对。', 'There is no related batch or container to check.'],
  'not-registered': ['批次还没有登记，没能核对。', 'The batch is not registered yet, so this could not be checked.'],
  'registry-differs': ['批次登记与记录不符。', 'The batch register and the record disagree.'],
  'not-in-batch': ['这件单品不在该批次登记的单品之中。', 'This item is not among those registered for the batch.'],
  'other-item': ['批次证明说的是另一件单品。', 'The batch’s proof is of another item.'],
  'no-items-proof': ['没有附上单品属于批次的证明。', 'No proof that the item is of the batch is included.'],
  'no-batch': ['没有附上单品所属的批次。', 'The item’s batch is not included.'],
  'relation': ['附上了不相干的批次或对象。', 'Something is included that does not belong to it.'],
  'container-missing': ['没有附上它装过的某个包装的记录。', 'The record of a container that it was in is not included.'],
  'container-unproven': ['附上的某个包装，没能证明装过它。', 'A container is included that it could not be shown to have been in.'],
  'related-fails': ['关联的批次或包装的证明不相符。', 'The proof of a related batch or container does not hold.'],
  'related-unchecked': ['关联的批次或包装没能全部核对。', 'A related batch or container could not be checked in full.'],
};

const VERDICTS = {
  holds: ['核对无误：所示记录未被改动、先后连贯，且截至封存时没有遗漏更新的条目。', 'Checked: what is shown is unaltered, in order, and includes the newest as of the seal.'],
  unchecked: ['有的部分没能核对。', 'Some of it could not be checked.'],
  fails: ['核对不通过：所示记录与封存不符，或证明有误。', 'Check failed: what is shown does not agree with what was sealed, or the proof is faulty.'],
};
const FAULT = {
  omission: ['遗漏（日志里的一条记录，没有算进它所属对象的条数）', 'omission (an entry of the journal that its subject’s count leaves out)'],
  fork: ['分叉（同一位置上有两条不同的记录）', 'fork (two different entries in one place)'],
  misstep: ['错步（计数、时间或版本与前一条接不上）', 'misstep (a count, a time or a version that does not follow)'],
  'broken-promise': ['失信（收据承诺的记录，被换成了另一条）', 'broken promise (another entry where a receipt promised one)'],
};
const OPERATOR = ['（由平台自己的节点应答，不算独立核实。）', ' (Answered by the operator’s own node: not independently verified.)'];
const OFFLINE = ['链上部分没有得到独立核实。', 'What is on the chain was not independently verified.'];
/** What no verdict says, to stand beside each. */
export const LIMITS = [
  '这只说明记录了什么、何时、由谁的密钥签署；不说明所记属实，也不说明订单真实、买家诚实，或平台与商家互不相干。',
  'This says what was recorded, when and by whose key; not that it is true, nor that an order was real, its buyer honest, or the operator and the merchant apart.',
];

/** Seconds as a rough length of time. */
function span(seconds, lang) {
  const [size, zh, en] = [[86400, '天', 'day'], [3600, '小时', 'hour'], [60, '分钟', 'minute'], [1, '秒', 'second']]
    .find(([length]) => Math.abs(seconds) >= length) ?? [1, '秒', 'second'];
  const n = Math.round(Math.abs(seconds) / size);
  return lang === 'en' ? `${n} ${en}${n === 1 ? '' : 's'}` : `${n} ${zh}`;
}

function sentenceOf({ number, state, code }, lang) {
  const known = SENTENCES[code] ?? (String(code).startsWith('pending-') ? SENTENCES.pending : null);
  return pick(known ?? { holds: HOLDS[number], unchecked: UNCHECKED, fails: FAILS }[state] ?? UNCHECKED, lang);
}

/**
 * A result of `verify` in words; `lang` is 'zh' or 'en'.
 * Returns {verdict, limits, age, obligations: [{number, title, state, sentence}], recalled, notShown, pending, faults, journals}: texts, or lists
 * of texts. `faults`: what the contract has as proven, to be said in red; `journals`: which journals go on from which.
 */
export function explain(result, lang = 'zh') {
  const en = lang === 'en';
  const source = ({ source: from }) => (from === 'operator' ? pick(OPERATOR, lang) : '');
  const day = (ms) => new Date(ms).toISOString().slice(0, 10);
  return {
    verdict: pick(VERDICTS[result.verdict] ?? VERDICTS.unchecked, lang)
      + (result.verdict === 'holds' && !result.independent ? (en ? ' ' : '') + pick(OFFLINE, lang) : ''),
    limits: pick(LIMITS, lang),
    age: result.sealAge === null ? '' : en ? `As of ${span(result.sealAge, lang)} ago` : `截至 ${span(result.sealAge, lang)}前`,
    obligations: result.obligations.map((o) => ({
      number: o.number, title: pick(TITLES[o.number], lang), state: o.state, sentence: sentenceOf(o, lang) + source(o),
    })),
    recalled: result.recalled.map(({ subject, at, by }) => (en
      ? `RECALLED on ${day(at)}, says the ${by === 'registry' ? 'batch register' : 'journal'}: ${subject}`
      : `已召回（${day(at)}，${by === 'registry' ? '批次登记' : '总账'}所记）：${subject}`)),
    notShown: result.notShown.map(({ subject, count }) => (en
      ? `${count} older entries about ${subject} are not shown and not checked here.`
      : `关于 ${subject} 还有 ${count} 条更早的条目未显示，没有在此核对。`)),
    faults: result.proven.filter(({ fault }) => fault).map(({ fault, journal }) => (en
      ? `The contract has a proven fault of this journal: ${pick(FAULT[fault], lang)}. Journal ${journal}.`
      : `合约里有这个日志已被证明的过错：${pick(FAULT[fault], lang)}。日志 ${journal}。`)),
    journals: [
      ...result.proven.filter(({ late }) => late).map(({ late }) => (en
        ? `${late} ${late === 1 ? 'receipt was' : 'receipts were'} proven to have been kept too late.` : `有 ${late} 张收据被证明逾期才兑现。`)),
      ...(result.line.length ? [en
        ? `Recorded in the journal before this one, ${result.line.at(-1)}, which the pinned one, ${result.line[0]}, goes on from.`
        : `记录在前一个日志 ${result.line.at(-1)} 里；您所记的日志 ${result.line[0]} 由它接续而来。`] : []),
      ...(result.predecessor ? [en
        ? `The journal goes on from ${result.predecessor.journal}, from its seal № ${result.predecessor.seal.number} of ${result.predecessor.seal.size} entries.`
        : `这个日志接续自 ${result.predecessor.journal} 的第 ${result.predecessor.seal.number} 次封存（共 ${result.predecessor.seal.size} 条）。`] : []),
      ...(result.unread ? [en
        ? `${result.unread} appeals hold what somebody put on-chain, whatever it is: nobody is shown to have signed it.`
        : `有 ${result.unread} 条申诉是某人放到链上的原样字节：没有证明由谁签署。`] : []),
    ],
    pending: result.pending.length === 0 ? '' : en
      ? `${result.pending.length} accepted, not yet sealed: not yet proven.`
      : `另有 ${result.pending.length} 条已收下、尚未封存：还没有证明。`,
  };
}
