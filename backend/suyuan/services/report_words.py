"""What an audit's findings mean and what can be done about each, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from suyuan.chain.port import Fault as Judged
from suyuan.core.replay import Fault
from suyuan.services.audit import Result


@dataclass(frozen=True, slots=True)
class Words:
    """The same in both languages."""

    en: str
    zh: str


class Place(Enum):
    """What a finding's number counts."""

    ENTRY = "entry"
    SEAL = "seal"
    EITHER = "at"  # its detail says which


class Act(Enum):
    """What can be done about a fault."""

    CHALLENGE = Words(
        "`suyuan challenge` with this report as JSON and the log's address looks for what the contract can judge in"
        " it, and proves it in one transaction, whoever sends it.",
        "可用 `suyuan challenge` 附上本报告（JSON）与日志地址，查找合约可以裁断的证据；"
        "任何人发送一笔交易即可向合约证明。",
    )
    RECEIPT = Words(
        "`suyuan challenge` with the receipt can prove a broken promise or lateness to the contract.",
        "可用 `suyuan challenge` 附上收据，向合约证明承诺未兑现或逾期封存。",
    )
    SHOW = Words(
        "No contract can judge this: keep this report and what was served, and show both to the operator, then to the"
        " regulator. Anyone can repeat the audit.",
        "合约无法裁断此项：请保留本报告与所读取的内容，先向运营方、再向监管部门出示。任何人都可重做审计。",
    )
    ANSWER = Words(
        "An appeal is answered by an entry of the journal; past the grace period the contract takes no seal without"
        " it.",
        "申诉须由账本中的条目答复；宽限期过后，未答复则合约不再接受封存。",
    )
    DONE = Words(
        "The contract has judged this already: its transaction is evidence for anyone.",
        "合约已经作出裁断：该笔交易对任何人都是证据。",
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault: its name, what it means, what can be done, what its number counts."""

    name: Words
    meaning: Words
    act: Act
    place: Place = Place.ENTRY


RULES: Mapping[Fault, Rule] = {
    Fault.HEADER: Rule(
        Words("not an entry's header", "不是条目头"),
        Words(
            "What stands there is no header of 147 bytes, so nothing about the entry can be checked.",
            "该处不是 147 字节的条目头，该条目的一切都无从核对。",
        ),
        Act.SHOW,
    ),
    Fault.STREAM: Rule(
        Words("a stream does not follow", "记录流前后不接"),
        Words(
            "An entry's place, predecessor, version or totals do not follow from the entry before it of the same"
            " subject: something was removed, put in, changed or counted wrongly.",
            "条目的序号、前一条目、版本或累计数与同一对象的前一条目不相接：有记录被删除、插入、改动或计错。",
        ),
        Act.CHALLENGE,
    ),
    Fault.TIME: Rule(
        Words("a time that cannot be", "时间不成立"),
        Words(
            "An entry says that it was accepted before the one that precedes it, or outside the times of the seals"
            " around it: it may have been backdated.",
            "条目的接受时间早于前一条目，或不在前后封存时间之间：可能被倒签。",
        ),
        Act.CHALLENGE,
        Place.EITHER,
    ),
    Fault.RIGHTS: Rule(
        Words("a right or a review that does not follow", "评价权或评价不成立"),
        Words(
            "A right to review, a claim, a review or a decision about one does not follow from what came before: a"
            " right was used twice, was never issued, or more were issued than goods were delivered.",
            "评价权、认领、评价或对评价的处理与此前记录不符：重复使用、从未发放，或发放数超过交付数。",
        ),
        Act.SHOW,
    ),
    Fault.SIGNATURE: Rule(
        Words("a shopper did not sign it", "非购买者签名"),
        Words(
            "The key of the right did not sign this, or signed it after it was accepted: the words may not be the"
            " shopper's.",
            "该评价权的密钥没有签署此条，或签署晚于接受时间：内容可能不是购买者所写。",
        ),
        Act.SHOW,
    ),
    Fault.AUTHOR: Rule(
        Words("its author could not have written it", "署名者无权书写"),
        Words(
            "The participant's key of that time did not sign this, or its role or standing at that time did not let it"
            " write such a record.",
            "当时有效的参与方密钥没有签署此条，或其当时的身份、资格不允许书写此类记录。",
        ),
        Act.SHOW,
    ),
    Fault.BODY: Rule(
        Words("a body that is not the one committed to", "正文与承诺不符"),
        Words(
            "The body does not hash to what its header says, breaks the rule of its kind, leaves out a part of its"
            " event, or uses a nonce again.",
            "正文的哈希与条目头不符、违反该类记录的规则、缺少所属事件的一部分，或重复使用一次性数。",
        ),
        Act.SHOW,
    ),
    Fault.ROOT: Rule(
        Words("what is served is not what was sealed", "所提供的内容与封存不符"),
        Words(
            "The root rebuilt from the entries is not the one on-chain: an entry was altered, removed or put in after"
            " it was sealed, or something else was sealed than is served.",
            "由条目重建的根与链上封存的根不同：封存后有条目被改动、删除或插入，或封存的并非所提供的内容。",
        ),
        Act.SHOW,
        Place.SEAL,
    ),
    Fault.HEADS: Rule(
        Words("the sealed heads are not those of the entries", "封存的流首表与条目不符"),
        Words(
            "The heads map rebuilt from the entries is not the one on-chain: some subject's newest entries may have"
            " been left out of what its readers are shown as everything.",
            "由条目重建的流首表与链上封存的不同：某对象的最新条目可能没有出现在“全部记录”之中。",
        ),
        Act.CHALLENGE,
        Place.SEAL,
    ),
    Fault.SEALS: Rule(
        Words("the seals do not follow", "封存前后不接"),
        Words(
            "A seal does not follow from the one before, the contract does not confirm it, or takes no more: the"
            " chain's node may not tell the truth. Ask another one.",
            "某次封存与前一次不相接、合约不予确认或不再接受封存：所问的链节点可能不实，请另问一个节点。",
        ),
        Act.SHOW,
        Place.SEAL,
    ),
    Fault.MISSING: Rule(
        Words("sealed, and not served", "已封存而未提供"),
        Words(
            "A seal covers entries that the log does not serve.",
            "封存所涵盖的条目，日志没有提供。",
        ),
        Act.SHOW,
        Place.SEAL,
    ),
    Fault.BATCH: Rule(
        Words("the batch registry says otherwise", "与批次登记不符"),
        Words(
            "A batch or its recall in the journal is not what the BatchRegistry says, or it still says nothing.",
            "账本中的批次或召回与批次登记合约所载不符，或合约至今没有记载。",
        ),
        Act.SHOW,
    ),
    Fault.APPEAL: Rule(
        Words("an appeal that is overdue or that nobody made", "申诉逾期未答或查无此申诉"),
        Words(
            "An appeal on-chain has waited past the grace period, or the journal holds one that nobody put on-chain.",
            "链上申诉超过宽限期未获答复，或账本载有无人在链上提出的申诉。",
        ),
        Act.ANSWER,
    ),
    Fault.RECEIPT: Rule(
        Words("a receipt's promise was not kept", "收据的承诺未兑现"),
        Words(
            "What a receipt promised is not in the journal where it promised it, was sealed late, or the receipt is by"
            " a key that does not count.",
            "收据所承诺的条目不在承诺的位置、封存逾期，或收据由无效的密钥签署。",
        ),
        Act.RECEIPT,
    ),
    Fault.SERVED: Rule(
        Words("readers are served something else", "向读者提供的内容不一致"),
        Words(
            "What the site or the log serves is not what the audited log says, or not what it was at an earlier audit.",
            "网站或日志所提供的内容与受审日志不同，或与上次审计时不同。",
        ),
        Act.SHOW,
    ),
    Fault.PROVEN: Rule(
        Words("a fault was proven to the contract", "过错已向合约证明"),
        Words(
            "Somebody has proven to the contract that the operator broke the ledger's rules.",
            "已有人向合约证明运营方违反了账本规则。",
        ),
        Act.DONE,
        Place.EITHER,
    ),
}

VERDICTS: Mapping[Result, Words] = {
    Result.CLEAN: Words(
        "Everything that was read holds. It says nothing about whether what was recorded is true.",
        "所读内容全部成立。这不说明所记录的事情属实。",
    ),
    Result.FINDINGS: Words("Something does not hold.", "有内容不成立。"),
    Result.UNCHECKED: Words(
        "Something could not be had, so this is neither good nor bad news.",
        "有内容未能取得，因此既不能说好，也不能说坏。",
    ),
}
RESULTS: Mapping[Result, Words] = {
    Result.CLEAN: Words("clean", "未见异常"),
    Result.FINDINGS: Words("findings", "发现问题"),
    Result.UNCHECKED: Words("could not be checked", "未能核对"),
}
LIMITS = Words(
    "Checked is what the chain's node and the log's address answered, at one time. That what was recorded is true, that"
    " an order was real or that the node tells the truth, no audit can say; ask several nodes.",
    "核对的是链节点与日志地址在某一时刻的答复。所记是否属实、订单是否真实、节点是否诚实，审计无从判断；请询问多个节点。",
)
KINDS: Mapping[str, str] = {
    "product": "商品", "batch": "批次", "checkpoint": "溯源节点", "recall": "召回", "rights": "评价权", "claim": "认领",
    "review": "评价", "review.amend": "修改", "review.withdraw": "撤回", "review.withhold": "隐藏",
    "review.restore": "恢复", "review.erase": "删除", "review.reply": "回复", "order": "订单", "delivery": "交付",
    "merchant": "商家", "case": "案件", "terms": "条款", "appeal": "申诉",
}  # fmt: skip
ENDED: Mapping[Judged, Words] = {
    Judged.OMISSION: Words("an omission", "遗漏记录"),
    Judged.FORK: Words("a fork", "记录流分叉"),
    Judged.MISSTEP: Words("a misstep", "状态或时间错误"),
    Judged.BROKEN_PROMISE: Words("a broken promise", "收据承诺未兑现"),
}
