// Several nodes asked about one bundle: what `need` of them agree on counts. services/verify.py does the same.
import { verify } from './verifier.js';

const WORST = ['fails', 'unchecked', 'holds'];

/** One obligation as `said` by the nodes, and `alone` without any. */
function agree(alone, said, need) {
  const of = (state) => said.filter((one) => one.state === state);
  const [holds, fails, unchecked] = [of('holds'), of('fails'), of('unchecked')];
  if (holds.length >= need && fails.length < need) return { ...holds[0], source: holds.every(({ source }) => source === holds[0].source) ? holds[0].source : 'operator' };
  if (fails.length >= need && holds.length < need) return fails[0];
  if (said.length === unchecked.length) return unchecked[0];
  const detail = `${holds.length} : ${fails.length} / ${need}`;
  return { ...alone, state: 'unchecked', code: 'nodes-disagree', detail, evidence: { faults: [{ state: 'unchecked', code: 'nodes-disagree', detail }] } };
}

/** What was proven against the journals, and whether too few, or both sides, say so. */
function agreeOnFaults(heard, need) {
  const [late, telling] = [new Map(), new Map()];
  for (const { journal, fault, late: count } of heard.flatMap(({ proven }) => proven)) {
    late.set(journal, Math.max(late.get(journal) ?? 0, count));
    if (fault) telling.set(`${journal} ${fault}`, (telling.get(`${journal} ${fault}`) ?? 0) + 1);
  }
  const most = Math.max(0, ...telling.values());
  const clean = heard.filter(({ obligations: [first], proven }) => first.state === 'holds' && !proven.some(({ fault }) => fault)).length;
  const agreed = new Map([...telling].filter(([, count]) => count >= need && clean < need).map(([told]) => told.split(' ')));
  const doubt = telling.size > 0 && agreed.size === 0 && !(clean >= need && most < need);
  const proven = [...late].map(([journal, count]) => ({ journal, fault: agreed.get(journal) ?? null, late: count })).filter((one) => one.fault || one.late);
  return { proven, doubt, detail: `${clean} : ${most} / ${need}` };
}

/** As `verify` answers, by several `nodes` (each an `rpc`) of which `need` have to agree; without any, what needs one is not checked.
 *  `heard`: each node's own answer. A recall counts whoever tells of it. */
export async function verifyBy(bundle, { nodes = [], need = 1, ...options }) {
  const offline = await verify(bundle, options);
  const heard = await Promise.all(nodes.map((rpc) => verify(bundle, { ...options, rpc })));
  if (!heard.length) return { ...offline, heard };
  const obligations = offline.obligations.map((alone, i) => agree(alone, heard.map((one) => one.obligations[i]), need));
  const { proven, doubt, detail } = agreeOnFaults(heard, need);
  if (doubt && obligations[0].state === 'holds') {
    obligations[0] = { ...obligations[0], state: 'unchecked', code: 'nodes-disagree', detail, evidence: { faults: [{ state: 'unchecked', code: 'nodes-disagree', detail }] } };
  }
  const { block, line, predecessor } = heard.find(({ obligations: [first] }) => first.state === obligations[0].state) ?? offline;
  const recalled = [...new Map(heard.flatMap((one) => one.recalled).map((one) => [`${one.subject} ${one.at} ${one.by}`, one])).values()];
  const worst = WORST.find((state) => obligations.some((one) => one.state === state));
  const verdict = proven.some(({ fault }) => fault) ? 'fails' : worst;
  return { ...offline, verdict, independent: obligations[0].source === 'independent', obligations, proven, recalled, block, line, predecessor, heard };
}
