"""What an evidence pack says, in Chinese and in English: its two READMEs, and the words of its report.

No sentence here claims more than section 12 of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

from suyuan.core.entries import Kind
from suyuan.core.proof import State
from suyuan.core.rules import Role, Standing

if TYPE_CHECKING:
    from suyuan.services.evidence import Pack

Both = tuple[str, str]  # in Chinese, in English

OBLIGATIONS: Mapping[int, Both] = {
    1: ("封存确在链上，且是所指定的那一套合约", "The seal is on the chain, in the pinned contracts"),
    2: ("目录证明指向这次封存", "The head proof leads to the sealed map"),
    3: ("最新一条就是目录所记的最新一条", "The newest entry shown is the head's"),
    4: ("正文与文件和记录头一致", "Bodies and documents are those committed to"),
    5: ("前后相接，没有缺漏", "In order, without a gap"),
    6: ("每一条都在日志的该位置", "Every entry is in the journal at its place"),
    7: ("签名有效，签署者当时有资格", "Signatures hold, by who had standing at the time"),
    8: ("累计数字前后一致", "Running totals follow from each other"),
    9: ("批次、包装与召回", "Batch, containers and recall"),
}
STATES: Mapping[State, Both] = {
    State.HOLDS: ("成立", "holds"),
    State.FAILS: ("不成立", "FAILS"),
    State.UNCHECKED: ("未能核验", "could not be checked"),
}
KINDS: Mapping[int, Both] = {
    Kind.PRODUCT: ("发布商品", "product listed"),
    Kind.BATCH: ("登记批次", "batch registered"),
    Kind.CHECKPOINT: ("事件", "event"),
    Kind.RECALL: ("召回", "recall"),
    Kind.RIGHTS: ("发出评价权", "rights to review issued"),
    Kind.CLAIM: ("认领", "claimed"),
    Kind.REVIEW: ("评价", "review"),
    Kind.REVIEW_AMEND: ("修改评价", "review amended"),
    Kind.REVIEW_WITHDRAW: ("撤回评价", "review withdrawn"),
    Kind.REVIEW_WITHHOLD: ("隐藏评价", "review withheld"),
    Kind.REVIEW_RESTORE: ("恢复评价", "review restored"),
    Kind.REVIEW_ERASE: ("删除评价内容", "review's content erased"),
    Kind.REVIEW_REPLY: ("商家回复", "merchant's reply"),
    Kind.ORDER: ("订单", "order placed"),
    Kind.DELIVERY: ("送达", "delivered"),
    Kind.MERCHANT: ("企业资料", "participant's profile"),
    Kind.CASE: ("案件", "case"),
    Kind.TERMS: ("平台规则", "terms"),
    Kind.APPEAL: ("申诉", "appeal"),
}
ROLES: Mapping[Role, Both] = {
    Role.NONE: ("未登记", "not registered"),
    Role.MERCHANT: ("商家", "merchant"),
    Role.PARTNER: ("合作方", "partner"),
    Role.OPERATOR: ("平台运营方", "operator"),
    Role.REGULATOR: ("监管机构", "regulator"),
}
STANDINGS: Mapping[Standing, Both] = {
    Standing.UNKNOWN: ("未登记", "not registered"),
    Standing.ADMITTED: ("资格正常", "in good standing"),
    Standing.WARNED: ("受到警告", "warned"),
    Standing.SUSPENDED: ("已暂停资格", "suspended"),
    Standing.EXPELLED: ("已取消资格", "expelled"),
}
OUTCOMES: Mapping[str, Both] = {
    "kept": ("承诺已兑现", "the promise was kept"),
    "kept late": ("逾期才封存", "sealed, but late"),
    "broken": ("承诺未兑现", "PROMISE BROKEN"),
    "waiting": ("尚未到期", "not due yet"),
    "not signed by a receipt key": ("不是由回执密钥签署", "not signed by a receipt key"),
    "could not be checked": ("未能核验", "could not be checked"),
}
PROVEN: tuple[Both, ...] = (
    ("记录了这些内容，由这把密钥签署", "that this was recorded, and by whose key"),
    ("封存的时间，以及此后没有改动", "when it was sealed, and that it is unaltered since"),
    ("顺序如此；截至该次封存，一条不少", "that it is in this order, and all of it as of the seal"),
    ("从所示最早一条起，合计数字无误", "that the totals follow from the oldest entry shown"),
)
UNPROVEN: tuple[Both, ...] = (
    ("记录的内容属实", "that what was recorded is true"),
    ("订单真实、买家诚实", "that an order was real or its buyer honest"),
    ("运营方与商家不是同一家", "that operator and merchant are not the same"),
    ("回答链上状态的节点说了真话（可多问几个）", "that a node tells the truth about the chain (ask several)"),
    ("运营方没有藏着从未示人的东西", "that the operator keeps nothing to itself that nobody else has seen"),
    ("在平台删除的文字，别处也都删除了", "that words erased on the platform are erased everywhere"),
)
CONDITIONS: Both = (
    "条件：读者从别处认得这一套合约，链由不属于运营方的节点回答，核验程序来自别处。",
    "To a reader who knows the deployment from elsewhere, asks a node that is not the operator's, and has a verifier"
    " from elsewhere.",
)
MAKER: Both = (
    "本材料由 suyuan 程序制作。它不是法院、公证处或鉴定机构的文书。",
    "Made by the program suyuan. It is not a paper of a court, a notary or an expert.",
)


def verdict(pack: Pack) -> Both:
    """What the first page says, no stronger than whose word it rests on."""
    if pack.state is State.FAILS:
        return "核验不成立：见下列各项", "IT DOES NOT HOLD: see below what fails"
    if pack.state is State.UNCHECKED:
        return "部分未能核验：见下列各项", "SOME OF IT COULD NOT BE CHECKED: see below"
    if not pack.independent:
        return (
            "前后一致，但链上状态由本站自己的节点回答：未经独立核验",
            "It agrees, by the site's own node: NOT independently verified",
        )
    return "各项成立", "EVERYTHING HOLDS"


def standpoint(pack: Pack) -> Both:
    """By whose word the chain is known, and whether the deployment was."""
    nodes = len(pack.wanted.nodes)
    zh = f"由申请人指定的 {nodes} 个节点回答" if nodes else "由本站自己的节点回答，不算独立"
    en = f"nodes that the asker named: {nodes}" if nodes else "the site's own node, which is not independent"
    if pack.wanted.pinned is None:
        return f"{zh}；合约地址未从别处指定", f"{en}; the deployment was not known from elsewhere"
    return f"{zh}；合约地址由申请人指定", f"{en}; the deployment was given by the asker"


def stamp(seconds: int) -> str:
    """A time in UTC; what no calendar has is told as its number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s"


def published(pack: Pack) -> Both:
    """What the chain has of the verifier's file."""
    if pack.since is None:
        return "未能查知合约是否登记了它", "whether the contract has it could not be checked"
    if not pack.since:
        return "合约没有登记这个文件：请改用别处得来的核验程序", "the contract does NOT have it: use one from elsewhere"
    return f"合约自 {stamp(pack.since)} 起登记", f"the contract has it since {stamp(pack.since)}"


def explain(pack: Pack) -> tuple[str, str]:
    """README.txt and 说明.txt."""
    return _english(pack), _chinese(pack)


def _english(pack: Pack) -> str:
    a = pack.addresses
    private = "private/         what the operator opened of its own store; each file's name is its SHA-256\n"
    private *= bool(pack.wanted.private)
    return f"""EVIDENCE PACK · {pack.wanted.subject}

Made     {stamp(pack.created)}
About    {pack.wanted.subject}{f" · right {pack.wanted.right}" if pack.wanted.right else ""}
Recorded chain {a.chain_id}, journal {a.journal}
Result   {verdict(pack)[1]}
Asked    {standpoint(pack)[1]}
{MAKER[1]}

WHAT IS HERE
report.pdf       all of it, to read
proofs/          a proof of each stream: the subject, and all that it leans on
terms/           the platform's terms over time, with their proof
documents/       the documents named by the entries; each file's name is the SHA-256 of its bytes
words/ photos/   of reviews that are shown; likewise
{private}seals.json       the seals with transactions, logs, blocks; contracts' addresses and ABIs
registry.json    keys and standing of those who signed; the batches' records
signatures.json  every statement as EIP-712 typed data (participants) or as the signed text (shoppers)
findings.json    what verifying came to when this was made
receipts.json    receipts that were handed in, if there were any, and what became of them
verify.html      the verifier, a single file: {published(pack)[1]}
                 SHA-256 {sha256(pack.verifier).hexdigest()}
protocol.md      the protocol, from which another verifier can be written
MANIFEST.sha256  the hash of every file

HOW TO CHECK IT
1. In this folder: sha256sum -c MANIFEST.sha256. This shows that the files are those the pack was made with.
   It does not show who made the pack: whoever alters a file can alter the manifest.
2. Learn the chain and the journal's address from elsewhere than this pack: a label's print, another publication.
   They must be those above.
3. Open verify.html in a browser (it needs no network), enter that deployment and the JSON-RPC address of one or
   several nodes of the chain that are not the operator's, and give it the files in proofs/ and terms/ one by one.
   Or, with the program: suyuan verify FILE --rpc URL --chain {a.chain_id} --journal {a.journal}
   If you do not trust verify.html: the journal's function verifierSince tells whether its hash was published.
   A seal of years ago is told as old: nothing after it is shown here. That is so of any archive.
4. Each seal: the journal's function isSeal(number, size, root, heads, sealedAt) with the values in seals.json; and the
   transaction and block in any explorer of the chain.
5. Signatures: give an element's typedData and signature in signatures.json to any wallet library; it must recover
   the key that the MerchantRegistry's keyAt(by, time) names. ES256: verify `message` with the P-256 key `by`.
6. Documents, words, photos: sha256sum of a file is its name, and an entry's `public` names it.
7. To rely on nothing of ours, write a verifier from protocol.md.

WHAT IT PROVES
{CONDITIONS[1]} Proven:
{chr(10).join(f"- {en}" for _, en in PROVEN)}

WHAT IT DOES NOT PROVE
{chr(10).join(f"- {en}" for _, en in UNPROVEN)}
"""


def _chinese(pack: Pack) -> str:
    a = pack.addresses
    private = "private/         运营方从自己的存档交出的内容；文件名即其 SHA-256\n" * bool(pack.wanted.private)
    return f"""证据包 · {pack.wanted.subject}

制作时间 {stamp(pack.created)}
对象     {pack.wanted.subject}{f" · 评价权 {pack.wanted.right}" if pack.wanted.right else ""}
记录于   链 {a.chain_id}，日志合约 {a.journal}
结果     {verdict(pack)[0]}
查询     {standpoint(pack)[0]}
{MAKER[0]}

内容
report.pdf       供人阅读的报告
proofs/          证明文件：对象本身，以及它所依据的每一串记录
terms/           平台历次规则及其证明
documents/       记录所指的文件；文件名即其内容的 SHA-256
words/ photos/   公开显示的评价文字与照片；文件名同上
{private}seals.json       历次封存，其交易、日志与区块，合约地址与 ABI
registry.json    签署者的密钥与资格变化；批次登记
signatures.json  每一条声明的 EIP-712 结构（参与者），或被签署的原文（买家）
findings.json    制作时的核验结果
receipts.json    交来的回执（如有）及其结果
verify.html      核验程序，单个文件：{published(pack)[0]}
                 SHA-256 {sha256(pack.verifier).hexdigest()}
protocol.md      协议原文，可据以另写核验程序
MANIFEST.sha256  每个文件的哈希

如何核验
1. 在本文件夹运行 sha256sum -c MANIFEST.sha256。这只说明文件与制作时相同；改动文件的人也能改动清单。
2. 从本包以外的来源（标签印字、其他公开资料）得知链号与日志合约地址，应与上面一致。
3. 用浏览器打开 verify.html（可断网），填入该链号与地址，以及一个或几个不属于运营方的节点地址，
   逐个选入 proofs/ 与 terms/ 中的文件。
   或用程序：suyuan verify 文件 --rpc 节点地址 --chain {a.chain_id} --journal {a.journal}
   若不信任 verify.html：日志合约的 verifierSince 可查它的哈希是否登记过。
   多年以后，封存会被提示为陈旧：此后的事这里没有。任何存档都是如此。
4. 封存：以 seals.json 中的数值调用日志合约的 isSeal(number, size, root, heads, sealedAt)；
   交易与区块可在任何浏览器查到。
5. 签名：把 signatures.json 中的 typedData 与 signature 交给任何钱包库，
   恢复出的密钥应是 MerchantRegistry 的 keyAt(by, 时间)。
   ES256：用 P-256 公钥 by 验证 message。
6. 文件、文字、照片：sha256sum 的结果就是文件名，记录的 public 之中指明了它。
7. 若完全不想依赖我们的程序，可按 protocol.md 另写核验程序。

它证明什么
{CONDITIONS[0]}已证明：
{chr(10).join(f"- {zh}" for zh, _ in PROVEN)}

它不证明什么
{chr(10).join(f"- {zh}" for zh, _ in UNPROVEN)}
"""
