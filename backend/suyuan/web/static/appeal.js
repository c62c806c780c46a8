// The page of appeals: builds one from a refused record, shows the call to copy, and has a wallet send it if there is one.
import { callOf, compose, NoAppeal } from './appeal_body.js';

const byId = (id) => document.getElementById(id);
const english = document.documentElement.lang.startsWith('en');
const form = byId('builder');
const note = byId('note');
const { chain, journal, fee } = form.dataset;
let call = null;

const TEXT = {
  unsigned: ['这不是带签名的记录：应含 statement 与 public，与当时提交的一样。', 'This is not a signed record: it holds statement and public, as they were sent.'],
  event: ['事件记录请用命令行申诉（需要计算事件的哈希）。', 'For an event use the command, which computes the event’s hash.'],
  other: ['statement 签署的不是这份 public。', 'The statement was not signed over this public part.'],
  long: ['申诉有 {bytes} 字节，超出合约上限 {more} 字节；签名部分不能删减。', 'The appeal has {bytes} bytes, {more} more than the contract takes, and what was signed cannot be cut.'],
  json: ['这不是 JSON。', 'This is not JSON.'],
  made: ['申诉已生成，共 {bytes} 字节。还没有发送。', 'The appeal is made: {bytes} bytes. Nothing was sent yet.'],
  without: ['未包含：{list}。', 'Left out: {list}.'],
  copied: ['已复制。', 'Copied.'],
  wrongChain: ['钱包连的是另一条链（{met}），应为 {chain}。没有发送。', 'The wallet is on another chain ({met}; wanted is {chain}). Nothing was sent.'],
  sent: ['已发送，交易 {tx}。上链后，答复期限从那时算起。', 'Sent, in transaction {tx}. Once it is on-chain the time for an answer begins.'],
  refused: ['钱包没有发送：{detail}', 'The wallet did not send it: {detail}'],
};
const say = (name, values = {}) => TEXT[name][english ? 1 : 0].replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));
const tell = (text, state) => { note.textContent = text; note.dataset.state = state; note.hidden = false; };

byId('file').addEventListener('change', async ({ target }) => {
  byId('record').value = target.files.length ? await target.files[0].text() : '';
  target.value = '';
});

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  byId('call').hidden = true;
  call = null;
  try {
    let sent;
    try { sent = JSON.parse(byId('record').value); } catch { throw new NoAppeal('json'); }
    const { body, leftOut } = await compose(sent);
    call = { to: journal, data: callOf(body), value: `0x${BigInt(fee).toString(16)}` };
    byId('to').value = call.to;
    byId('value').value = fee;
    byId('data').value = call.data;
    byId('call').hidden = false;
    byId('wallet').hidden = !globalThis.ethereum?.request;
    tell([say('made', { bytes: body.length }), leftOut.length ? say('without', { list: leftOut.join(english ? ', ' : '、') }) : ''].join(english ? ' ' : ''), 'holds');
  } catch (error) {
    if (!(error instanceof NoAppeal)) throw error;
    tell(say(error.code, error.values), 'fails');
  }
  note.focus();
});

for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const field = byId(button.dataset.copy);
    try { await navigator.clipboard.writeText(field.value); tell(say('copied'), 'holds'); } catch { field.select(); }
  });
}

byId('wallet').addEventListener('click', async () => {
  const { ethereum } = globalThis;
  try {
    const [from] = await ethereum.request({ method: 'eth_requestAccounts' });
    const met = Number(await ethereum.request({ method: 'eth_chainId' }));
    if (met !== Number(chain)) { tell(say('wrongChain', { met, chain }), 'fails'); return; }
    tell(say('sent', { tx: await ethereum.request({ method: 'eth_sendTransaction', params: [{ from, ...call }] }) }), 'holds');
  } catch (error) { tell(say('refused', { detail: error?.message ?? '' }), 'fails'); }
});

byId('with-script').hidden = false;
