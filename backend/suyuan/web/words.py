"""Every word that the site says, in Chinese and in English, and how numbers and times are written in both.

No sentence here claims more than section 12 of the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

from suyuan.core.epcis.words import DISPOSITIONS, STEPS
from suyuan.services.look_up import CHINA, Quote, Text

Lang: TypeAlias = Literal["zh", "en"]
LANGS: tuple[Lang, ...] = get_args(Lang)
TAGS: Mapping[Lang, str] = {"zh": "zh-Hans-CN", "en": "en"}

LANGUAGES: Mapping[str, str] = {
    "zh": "中文", "en": "English", "ja": "日本語", "ko": "한국어", "fr": "Français", "de": "Deutsch", "es": "Español",
    "ru": "Русский", "ar": "العربية", "th": "ไทย", "vi": "Tiếng Việt", "id": "Bahasa Indonesia", "pt": "Português",
}  # fmt: skip

_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

WORDS: Mapping[str, tuple[str, str]] = {
    # the frame
    "site": ("溯源", "Suyuan"),
    "tagline": ("记录可以由您自己核验", "Records that you can check yourself"),
    "other_language": ("English", "中文"),
    "skip": ("跳到正文", "Skip to content"),
    "print": ("打印", "Print"),
    "open_source": (
        "本页不加载任何第三方内容，不使用统计或追踪。",
        "This page loads nothing from elsewhere and tracks nothing.",
    ),
    # home
    "home_title": ("从哪里来，\n一查便知。", "Where it comes from,\non the record."),
    "home_line": (
        "商品的每一步由经手者签名、封存上链；您的浏览器当场核验，不必相信写记录的人。",
        "Each step is signed by who did it and sealed on a chain. Your own browser checks it, so you need not trust"
        " the one who wrote it.",
    ),
    "code": ("商品码", "Code"),
    "code_hint": (
        "扫包装上的二维码，或粘贴链接、输入条码数字",
        "Scan the code on the pack, or paste its link, or type the digits",
    ),
    "look": ("查询", "Look up"),
    "examples": ("看看例子", "Examples"),
    "examples_note": (
        "演示数据：企业与商品皆为虚构。",
        "Demonstration data: the companies and goods are invented.",
    ),
    # subjects
    "product": ("商品", "Product"),
    "batch": ("批次", "Batch"),
    "item": ("单件", "Item"),
    "parcel": ("物流单元", "Parcel"),
    "class": ("商品", "Product"),
    "lot": ("批号", "Lot"),
    "serial": ("序列号", "Serial"),
    "gtin": ("商品条码", "GTIN"),
    "sscc": ("物流单元代码", "SSCC"),
    "produced": ("生产日期", "Produced"),
    "expires": ("保质期至", "Best before"),
    "net": ("净含量", "Net content"),
    "origin": ("产地", "Origin"),
    "storage": ("贮存", "Storage"),
    "quantity": ("登记数量", "Registered"),
    "pieces": ("{n} 件", "{n} pieces"),
    "piece": ("{n} 件", "{n} piece"),
    "no_listing": ("尚未发布商品信息", "Nobody has described this product yet"),
    "whole_batch": ("查看整个批次", "The whole batch"),
    "whole_product": ("查看此商品", "The product"),
    "batches": ("批次", "Batches"),
    "no_batches": ("还没有登记批次。", "No batch is registered yet."),
    "registered": ("{date}上链登记", "on-chain since {date}"),
    "not_registered": ("尚未上链", "not on-chain yet"),
    "recalled_on": ("{date}召回", "recalled {date}"),
    "item_silent": (
        "没有任何记录单独提到这一件；它在批次的单件清单之中，以下是它所属批次的记录。",
        "No record names this very item. It is on its batch's list of items; what follows is the batch's record.",
    ),
    # participants
    "role_0": ("未登记", "not registered"),
    "role_1": ("商家", "merchant"),
    "role_2": ("合作方", "partner"),
    "role_3": ("平台运营方", "operator"),
    "role_4": ("监管机构", "regulator"),
    "standing_0": ("未登记", "not registered"),
    "standing_1": ("资格正常", "in good standing"),
    "standing_2": ("受到警告", "warned"),
    "standing_3": ("已暂停资格", "suspended"),
    "standing_4": ("已取消资格", "expelled"),
    "since": ("自 {date}", "since {date}"),
    "unnamed": ("未公布名称", "name not published"),
    # what could hurt
    "alerts": ("请先留意", "Know this first"),
    "recalled": ("已召回", "Recalled"),
    "recalled_text": ("这个批次已于{date}召回。", "This batch was recalled on {date}."),
    "recalled_by": ("召回由{name}签署。", "Signed: {name}"),
    "on_chain": ("召回已登记在链上。", "The recall is on the chain."),
    "not_on_chain": ("召回已入日志，尚未登记上链。", "The recall is in the journal and not on the chain yet."),
    "advice": ("怎么办", "What to do"),
    "lost": ("不应在市面上", "Should not be on sale"),
    "lost_text": (
        "记录显示它已于 {date} {state}。若它在您手中，请勿使用，并向商家或 12315 反映。",
        "On record as {state} on {date}. If you hold it, do not use it, and tell the merchant or call 12315.",
    ),
    "unfit": ("不合格记录", "Failed a check"),
    "unfit_text": ("{date} 的记录：{state}。", "On record on {date}: {state}."),
    "excursion": ("超出约定范围", "Outside the agreed range"),
    "excursion_high": (
        "{what}最高 {value}，约定不高于 {limit}。",
        "{what} rose to {value}; the limit is {limit}.",
    ),
    "excursion_low": ("{what}最低 {value}，约定不低于 {limit}。", "{what} fell to {value}; the limit is {limit}."),
    "excursion_any": ("{what}曾触发警报。", "{what} raised an alarm."),
    "excursion_share": (
        "这条记录涉及同批次的一部分，未必包含这一件。",
        "That record is of a part of the batch, which may or may not hold this item.",
    ),
    "see_step": ("查看这一步", "See that step"),
    "expired": ("已过保质期", "Past its date"),
    "expired_text": ("保质期至 {date}。", "Best before {date}."),
    "other_lot": ("批号不符", "The lot differs"),
    "other_lot_text": (
        "标签写的批号是 {label}，记录里是 {record}。标签可能被改动。",
        "The label says lot {label}, the record says {record}. The label may have been altered.",
    ),
    "standing": ("商家资格异常", "The merchant's standing"),
    "standing_text": ("{name}：{standing}（自 {date}）。", "{name} is {standing} since {date}."),
    "warned": ("商家受到警告", "The merchant was warned"),
    "sold": ("已售出", "Sold already"),
    "sold_text": (
        "记录显示它已于 {date} 售出（{place}）。如果您还没有买下它，这张标签可能是复制的。",
        "On record as sold on {date} ({place}). If you have not bought it yet, its label may be a copy.",
    ),
    # the check
    "check": ("核验", "The check"),
    "waiting_title": ("您的浏览器尚未核验", "Not checked by your browser yet"),
    "waiting_text": (
        "本站称：截至 {date}（第 {number} 次封存），证明中含 {n} 条签名记录。这只是本站的说法。",
        "This site says: as of {date} (seal {number}), the proof holds signed records: {n}. So far that is only what"
        " this site says.",
    ),
    "waiting_absent": (
        "本站称：截至 {date}（第 {number} 次封存），日志中没有它的任何记录。这只是本站的说法。",
        "This site says: as of {date} (seal {number}), the journal has no record of it. So far that is only what"
        " this site says.",
    ),
    "noscript": (
        "浏览器未运行脚本，因此本页没有被核验。下载证明文件，可用任何独立的核验程序检查下列九项。",
        "Scripts are off, so nothing here was checked. The proof can be downloaded and the nine points below checked"
        " with any verifier.",
    ),
    "limits": (
        "核验能证明记录由谁签署、何时封存、没有改动或遗漏；不能证明记录内容属实。",
        "A check proves who signed, when it was sealed, and that nothing was altered or left out. It does not prove"
        " that what was recorded is true.",
    ),
    "more_limits": ("证明了什么、没有证明什么", "What is proven, and what is not"),
    # the journey
    "journey": ("来路", "The journey"),
    "journey_none": ("还没有经手记录。", "No step is on record yet."),
    "recorded": ("{date}入账", "recorded {date}"),
    "recorded_late": ("{age}后入账", "recorded {age} later"),
    "pending": ("待封存", "not sealed yet"),
    "scope_container": ("随箱", "its case or pallet"),
    "scope_batch": ("整批", "whole batch"),
    "scope_share": ("同批 {n}", "{n} of the batch"),
    "some": ("部分", "part"),
    "scope_key": (
        "标有“整批”“随箱”的是它所属批次、所在包装的记录；标有“同批”的只涉及批次的一部分，未必包含这一件。",
        "Steps marked as of the batch, or of its case or pallet, are those records. Where only a part of the batch is"
        " named, it may or may not hold this item.",
    ),
    "elsewhere": (
        "它所在包装的记录中，有 {n} 条发生在装入之前或取出之后，与它无关，未列出。",
        "Not listed: records of its case or pallet from before it went in or after it came out ({n}).",
    ),
    "part_container": ("容器", "Container"),
    "part_content": ("内含", "Holding"),
    "part_input": ("投入", "Inputs"),
    "part_output": ("产出", "Outputs"),
    "thing_item": ("{n} 件{name}", "{n} × {name}"),
    "thing_same": ("{amount}", "{amount}"),
    "thing_same_lot": ("{amount}，批号 {lot}", "{amount}, lot {lot}"),
    "thing_lot": ("{amount}{name}，批号 {lot}", "{amount} {name}, lot {lot}"),
    "thing_class": ("{amount}{name}", "{amount} {name}"),
    "contents": ("里面是什么", "What is inside"),
    "contents_hint": (
        "点开批次看来路；扫每件商品自己的码，看那一件的记录。以装箱者签署的记录为准。",
        "Open a batch for where it comes from; scan a thing's own code for its own records. As the packer signed it.",
    ),
    "contents_recalled": ("{date} 已召回", "recalled on {date}"),
    "thing_parcel": ("物流单元 {id}", "Parcel {id}"),
    "certificate": ("检验报告编号", "Report"),
    "retracted": ("已撤回", "Retracted"),
    "retracted_text": ("{date} 由签署者撤回：{reason}。", "Taken back by its signer on {date}: {reason}."),
    "declares": ("撤回一条记录", "A record is retracted"),
    "declares_text": ("{reason}。原记录保留并标明已撤回。", "{reason}. What it retracts stays, marked as such."),
    "did_not_occur": ("该事件未发生", "it did not happen"),
    "incorrect_data": ("数据有误", "its data was wrong"),
    "readings": ("{n} 次读数", "{n} readings"),
    "time": ("时间", "Time"),
    "value": ("读数", "Reading"),
    "limit_high": ("上限 {value}", "limit {value}"),
    "limit_low": ("下限 {value}", "limit {value}"),
    "within": ("在约定范围内", "within the agreed range"),
    "outside": ("超限", "outside"),
    "no_limits": ("未约定范围", "no range agreed"),
    "chart": (
        "{what}曲线：{least} 至 {most}，{verdict}",
        "{what} from {least} to {most}, {verdict}",
    ),
    # rights
    "rights": ("您的权利", "Your rights"),
    "rights_text": (
        "在中国大陆，消费者有知情权、公平交易权和依法求偿权。食品不符合安全标准的，可依《食品安全法》要求赔偿。请保留购物凭证与包装。",
        "In mainland China consumers have the right to know what they buy and to be compensated; food below the"
        " safety standard gives a claim under the Food Safety Law. Keep your receipt and the packaging.",
    ),
    "rights_call": ("投诉举报：拨打 12315（全国消费者投诉举报热线）", "Complaints: call 12315, the consumer hotline"),
    # the proof
    "proof": ("证明与证据", "Proof and evidence"),
    "obligations": ("九项核验", "The nine points"),
    "to_check": ("待核验", "not checked"),
    "o1": ("封存确在链上，且是您认得的那一套合约", "The seal is on the chain, in the contracts that you know"),
    "o2": ("目录证明指向这次封存", "The index proof leads to that seal"),
    "o3": ("最新一条就是这里的最新一条", "The newest record shown is the newest there is"),
    "o4": ("正文与文件和记录头一致", "Texts and documents match what was sealed"),
    "o5": ("前后相接，没有缺漏", "In order, without a gap"),
    "o6": ("每一条都在日志的该位置", "Each record is in the journal at its place"),
    "o7": ("签名有效，签署者当时有资格", "Signatures hold, and signers had standing at the time"),
    "o8": ("累计数字前后一致", "Running totals follow from each other"),
    "o9": ("属于所示批次；召回状态", "It belongs to its batch; recall status"),
    "seal": ("封存", "Seal"),
    "sealed_at": ("封存时间", "Sealed"),
    "ago": ("{age}前", "{age} ago"),
    "size": ("日志条数", "Journal size"),
    "root": ("日志根", "Journal root"),
    "heads": ("目录根", "Index root"),
    "block": ("区块", "Block"),
    "transaction": ("交易", "Transaction"),
    "deployment": ("部署", "Deployment"),
    "chain_n": ("链 {n}", "chain {n}"),
    "streams": ("所含记录", "Records shown"),
    "shown_of": ("{shown} / {count} 条", "{shown} of {count}"),
    "pending_n": ("另有 {n} 条已受理、待封存", "{n} more accepted and not sealed yet"),
    "relation_batch": ("批次", "batch"),
    "relation_container": ("箱或托盘", "case or pallet"),
    "download": ("下载证明文件（.proof.json）", "Download the proof (.proof.json)"),
    "all_entries": ("完整历史的证明", "Proof of the whole history"),
    "evidence_pack": ("证据包（.zip）", "Evidence pack (.zip)"),
    "saved_verifier": ("可另存的核验程序", "The verifier, to save"),
    "rpc": ("用哪个节点查询链", "The node that answers for the chain"),
    "rpc_hint": (
        "默认由本站自己的节点回答，不算独立。填入您信任的 JSON-RPC 地址；只保存在本机。",
        "By default this site's own node answers: not independent. Enter the JSON-RPC address of a node that you"
        " trust; it is kept on this device.",
    ),
    "rpc_use": ("使用并重新核验", "Use it and check again"),
    "rpc_reset": ("改回本站节点", "Back to this site's node"),
    # reviews
    "reviews": ("评价", "Reviews"),
    "reviews_of": ("{name}的评价", "Reviews of {name}"),
    "reviews_rule": (
        "评价权随送达或刮码发出，不多于批次件数；一权一评。删除、隐藏都留有记录，隐藏必须说明理由。",
        "A right to review is issued for what is delivered or claimed, never more than the batch has: one right,"
        " one review. What is withheld or erased stays on record, with the reason.",
    ),
    "reviews_none": ("还没有评价。", "No reviews yet."),
    "reviews_all": ("查看全部 {n} 条评价", "Read all reviews: {n}"),
    "reviews_shown": ("公开显示的 {n} 条", "of those shown: {n}"),
    "reviews_with_hidden": (
        "连同被隐藏的，{n} 条的平均：{average}",
        "{average} with the withheld ones: {n} in all",
    ),
    "reviews_nothing_hidden": ("没有评价被隐藏。", "None is withheld."),
    "reviews_hidden": ("{n} 条被隐藏：", "{n} withheld: "),
    "reviews_reason": ("{n} 条{reason}", "{n} {reason}"),
    "reviews_unexplained": ("{n} 条的理由在逐条列出处", "{n} with the reason at each"),
    "reviews_stars": ("{n} 星", "{n} stars"),
    "reviews_star": ("{n} 星", "{n} star"),
    "reviews_row": ("{shown} 条", "{shown}"),
    "reviews_row_hidden": ("{shown} 条，另隐藏 {hidden} 条", "{shown}, and {hidden} withheld"),
    "reviews_unsealed": (
        "以上数字截至封存；此后新受理的见各条。",
        "Counts are as of the seal; what came after is marked.",
    ),
    "reviews_back": ("返回商品", "Back to the product"),
    "filter_stars": ("星级", "Stars"),
    "filter_language": ("语言", "Language"),
    "filter_any": ("全部", "All"),
    "filter_of": ("最新 {n} 条记录中的 {shown} 条评价", "{shown} of the newest {n} entries"),
    "filter_whole": ("全部 {n} 条记录中的 {shown} 条评价", "{shown} of all {n} entries"),
    "filter_none": ("没有符合条件的评价。", "None that fits."),
    "more_entries": ("再往前看", "Show older ones"),
    "entries_are": (
        "记录包括评价、修改、撤回、隐藏、恢复、删除与回复。",
        "Entries are reviews, amendments, withdrawals, withholdings, restorations, erasures and replies.",
    ),
    "amended": ("{date}修改过", "amended {date}"),
    "review_lot": ("批号 {lot}", "lot {lot}"),
    "aspect_quality": ("品质", "Quality"),
    "aspect_authentic": ("与描述相符", "As described"),
    "aspect_packaging": ("包装", "Packaging"),
    "aspect_freshness": ("新鲜", "Freshness"),
    "aspect_value": ("值不值", "Value"),
    "photo_n": ("买家照片 {n}", "Buyer’s photo {n}"),
    "reply": ("商家回复", "The merchant replied"),
    "reply_missing": (
        "本站没有显示所记录的回复文字。",
        "The site does not show the reply’s words that were recorded.",
    ),
    "reply_hidden": ("回复随评价一同不显示。", "The reply is not shown without its review."),
    "face_withheld": ("已隐藏：{reason}", "Withheld: {reason}"),
    "face_withdrawn": ("作者于{date}撤回。", "Withdrawn by its author on {date}."),
    "face_erased": ("应买家要求删除（{law}）", "Erased at the buyer’s wish ({law})"),
    "face_missing": (
        "缺失：本站没有显示所记录的内容。",
        "Missing: the site does not show what was recorded.",
    ),
    "face_older": (
        "这条评价本身早于这里显示的记录。",
        "The review itself is older than the entries shown here.",
    ),
    "reason_abuse": ("辱骂他人", "abusive language"),
    "reason_illegal": ("违法内容", "illegal content"),
    "reason_personal": ("泄露个人信息", "somebody’s personal data"),
    "reason_advertising": ("广告", "advertising"),
    "reason_fake": ("虚假评价", "fake review"),
    "reason_order": ("依主管机关命令", "order of an authority"),
    "law_CC-1024": ("《民法典》第 1024 条", "Civil Code, art. 1024"),
    "law_CC-1032": ("《民法典》第 1032 条", "Civil Code, art. 1032"),
    "law_ECO-6": ("《网络信息内容生态治理规定》第 6 条", "Online Content Ecosystem Provisions, art. 6"),
    "law_ECO-7": ("《网络信息内容生态治理规定》第 7 条", "Online Content Ecosystem Provisions, art. 7"),
    "law_CL-49": ("《网络安全法》第 49 条", "Cybersecurity Law, art. 49"),
    "law_CL-52": ("《网络安全法》第 52 条", "Cybersecurity Law, art. 52"),
    "law_DSA-9": ("欧盟《数字服务法》第 9 条", "EU Digital Services Act, art. 9"),
    "law_DSA-16": ("欧盟《数字服务法》第 16 条", "EU Digital Services Act, art. 16"),
    "law_PIPL-10": ("《个人信息保护法》第 10 条", "Personal Information Protection Law, art. 10"),
    "law_PIPL-47": ("《个人信息保护法》第 47 条", "Personal Information Protection Law, art. 47"),
    "law_GDPR-6": ("欧盟 GDPR 第 6 条", "GDPR, art. 6"),
    "law_GDPR-17": ("欧盟 GDPR 第 17 条", "GDPR, art. 17"),
    "law_AD-14": ("《广告法》第 14 条", "Advertising Law, art. 14"),
    "law_IAD-9": ("《互联网广告管理办法》第 9 条", "Internet Advertising Measures, art. 9"),
    "law_EC-17": ("《电子商务法》第 17 条", "E-Commerce Law, art. 17"),
    "law_AUCL-9": ("《反不正当竞争法》第 9 条", "Anti-Unfair Competition Law, art. 9"),
    "proof_of_one": ("这一条的证明", "Its proof"),
    "proof_index": ("日志序号", "Place in the journal"),
    "proof_leaf": ("指纹", "Fingerprint"),
    "proof_time": ("受理时间", "Accepted"),
    "proof_key": ("作者密钥", "Author’s key"),
    "proof_claim": ("认领记录", "Its claim"),
    "proof_claim_at": ("第 {index} 号", "entry {index}"),
    "proof_claim_none": ("此处未附", "not shown here"),
    "waiting_reviews": (
        "本站称：截至 {date}（第 {number} 次封存），共 {n} 条评价，下列为最新 {shown} 条记录。这只是本站的说法。",
        "This site says: as of {date} (seal {number}), reviews in all: {n}; the newest entries shown: {shown}. So far"
        " that is only what this site says.",
    ),
    "reviews_limits": (
        "核验能证明：下列评价由认领了评价权的密钥签署，截至封存一条没少、未被改动，合计从所示最早一条起无误。不能证明评价属实，也不能证明订单真实、买家诚实。",
        "A check proves that these reviews were signed with keys that claimed a right, are unaltered and all of the"
        " newest as of the seal, with totals that follow from the oldest shown. It does not prove that they are true,"
        " nor that an order was real or its buyer honest.",
    ),
    "claimed_first": ("首次认领：{date}", "Claimed first on {date}"),
    "claimed_text": (
        "有人用刮开的密码认领过它。若不是您本人，这张标签可能是复制的。",
        "Somebody claimed it with the code under its patch. If that was not you, its label may be a copy.",
    ),
    "copied": ("可能有复制的标签", "Its label may have been copied"),
    "copied_text": (
        "一小时内，这个码在两座城市被扫过（{date}）。",
        "This code was scanned in two cities within the hour ({date}).",
    ),
    "claim_item": ("刮开密码，认领并评价", "Scratch, claim and review it"),
    # claim
    "claim_title": ("认领与评价", "Claim and review"),
    "claim_lead": (
        "收到货的人凭链接认领。您的浏览器会当场做一把只用一次的密钥；平台不知道您写的是哪一条。",
        "Who was sent the goods claims with the link. Your browser makes a key that is used for this review alone.",
    ),
    "claim_none": (
        "这台设备上没有待评价的商品。请打开商家发给您的链接，或从商品页刮码认领。",
        "Nothing to review on this device. Open the link that the shop sent you, or scratch a label and claim from its"
        " page.",
    ),
    "claim_list": ("可以评价的商品", "What you can review"),
    "claim_busy": ("正在查询…", "Looking…"),
    "claim_script": (
        "认领需要浏览器运行脚本：密钥在您的设备上生成，不能由网站代做。",
        "Claiming needs scripts: the key is made on your device, and no site can make it for you.",
    ),
    "claim_go": ("认领并写评价", "Claim and write a review"),
    "claim_write": ("写评价", "Write the review"),
    "claim_edit": ("查看或修改我的评价", "See or amend my review"),
    "claim_wait": ("到时自动认领", "Claim it when it opens"),
    "claim_waits": ("到时会自动认领", "It will be claimed by itself"),
    "claim_forget": ("从这台设备移除", "Forget it on this device"),
    "claim_keep": (
        "凭据只保存在这台设备的浏览器里。清除浏览数据会把它删掉。",
        "All of it is kept in this browser alone. Clearing its data destroys it.",
    ),
    "claim_item_title": ("刮码认领", "Claim by the scratched code"),
    "claim_item_lead": (
        "刮开标签上的涂层，输入 26 位密码，或扫涂层下的二维码。密码一经认领即公开：之后再有人认领，就说明标签被复制。",
        "Scratch the patch on the label and type its 26 characters, or scan the code beneath. Claiming makes the code"
        " public: whoever comes later with a copy is told so.",
    ),
    "claim_code": ("涂层下的密码", "The code under the patch"),
    "claim_code_hint": ("26 位字母数字，大小写、空格不限", "26 letters and digits; case and spaces do not matter"),
    "claim_scan": ("拍照识别", "Read it from a photo"),
    "claim_item_go": ("认领这一件", "Claim this item"),
    "back_to_item": ("返回这一件的页面", "Back to the item"),
    # write
    "write_title": ("写评价", "Write a review"),
    "write_none": (
        "这台设备上没有这件商品的密钥。请用认领时的浏览器打开。",
        "This device has no key for that. Use the browser with which it was claimed.",
    ),
    "write_stars": ("您给几颗星？", "How many stars?"),
    "write_words": ("您的评价", "Your words"),
    "write_words_hint": (
        "会公开显示。请不要写姓名、电话、地址。",
        "It is shown to everybody. Leave out names, numbers and addresses.",
    ),
    "write_language": ("用什么语言写的", "Its language"),
    "write_aspects": ("细项（可不填）", "In particular (if you like)"),
    "write_unsaid": ("不评", "—"),
    "write_photos": ("照片（可不传，最多 {n} 张）", "Photos (if you like, up to {n})"),
    "write_photos_hint": (
        "拍摄地点等信息会在上传时去掉。",
        "Where and with what it was taken is removed when it is sent.",
    ),
    "write_remove": ("去掉这张照片", "Leave this photo out"),
    "write_send": ("签名并提交", "Sign and send"),
    "write_amend": ("签名并修改", "Sign and amend"),
    "write_signs": (
        "提交后任何人都改不了它，包括本站；您自己可以修改、撤回或要求删除。",
        "Once sent nobody can change it, this site included. You can amend it, withdraw it or have it erased.",
    ),
    "write_mine": ("我的这条评价", "This review of mine"),
    "write_withdraw": ("撤回", "Withdraw"),
    "write_withdraw_hint": (
        "不再计入总数；日志里仍记有撤回。",
        "It no longer counts; the journal says it was withdrawn.",
    ),
    "write_erase": ("删除我的资料", "Erase my data"),
    "write_erase_hint": (
        "本站销毁所存的您在这家店的订单资料、所有评价的文字与照片；星级仍计入总数。别处若有抄录，本站删不到。",
        "The site destroys all that it keeps about you as this shop’s buyer: orders, and the words and photos of all"
        " your reviews. The stars still count. Copies elsewhere are out of its reach.",
    ),
    "write_basis": ("依据", "On the ground of"),
    "write_export": ("导出我的数据", "Export my data"),
    "write_export_hint": (
        "本站关于这条评价所存的一切，存为文件。",
        "All that the site holds about this review, as a file.",
    ),
    "write_to_receipts": ("我的凭证", "My receipts"),
    "write_to_reviews": ("查看这件商品的评价", "Reviews of this product"),
    # receipts
    "receipts_title": ("我的凭证", "My receipts"),
    "receipts_lead": (
        "每次提交，本站都签了一张凭证：承诺某时之前把它封存上链。您的浏览器在这里逐张核对。",
        "For each thing you sent, the site signed a receipt: a promise to have it sealed on the chain by a time. Your"
        " browser checks each of them here.",
    ),
    "receipts_none": ("这台设备上还没有凭证。", "There is no receipt on this device yet."),
    "receipts_save": ("全部存为文件", "Save all to a file"),
    "receipts_import": ("从文件导入", "Add from a file"),
    "receipts_save_one": ("存这一张", "Save this one"),
    "receipts_script": (
        "凭证保存在您的浏览器里，查看和核对需要运行脚本。",
        "Receipts are kept in your browser; to see and check them it has to run scripts.",
    ),
    "receipts_keys": (
        "文件里只有凭证与所签内容，没有密钥。",
        "The file holds receipts and what was signed, and no keys.",
    ),
    # the operator's signs
    "signs_title": ("可疑迹象", "Signs"),
    "signs_lead": (
        "迹象不是结论：它们只说哪里值得有人看一眼。",
        "A sign is no verdict: it says where somebody should look.",
    ),
    "signs_none": ("没有迹象。", "No signs."),
    "strength_p-value": ("机缘概率不超过 {value}", "by chance at most {value}"),
    "strength_orders": ("{value} 笔订单", "{value} orders"),
    "strength_similarity": ("相似度 {value}", "similarity {value}"),
    "sign_shared-reviewers": ("两件商品的评价者重合", "Two products share reviewers"),
    "sign_reviewed-together": ("同一批人接连评价", "Buyers who review together"),
    "sign_burst": ("短时间内集中评价", "A burst of reviews"),
    "sign_same-words": ("文字雷同", "The same words"),
    "sign_buyer-stars": ("某买家的星级异常", "One buyer’s stars depart"),
    "sign_batch-stars": ("某批次的星级异常", "One batch’s stars depart"),
    "sign_once-only-stars": ("只评一次者的星级异常", "Once-only buyers’ stars depart"),
    "sign_no-parcel": ("没有物流痕迹的订单", "Orders without a parcel’s trace"),
    "sign_repeated-orders": ("同一买家重复下单", "One buyer’s repeated orders"),
    "sign_claimed-together": ("集中认领", "Claimed all at once"),
    "sign_withheld-stars": ("低星评价更常被隐藏", "Low stars are withheld more often"),
    "sign_what": ("数值", "Figure"),
    "sign_value": ("是", "Value"),
    # appeals
    "write_refused": ("保存被拒收的签名记录", "Save the signed record that was refused"),
    "appeal_title": ("申诉", "Appeals"),
    "appeal_link": ("平台不收您的记录？申诉", "Your record was refused? Appeal"),
    "appeal_lead": (
        "平台不收您签名的记录时，您可以绕过它：把记录直接交给合约。过了答复期限，合约只接受连同逾期申诉一起的封存，先提出的先答复。",
        "If this platform does not take your signed record, you can go past it: give the record to the contract. Past"
        " the time for an answer the contract takes a seal only together with what is overdue, the oldest first.",
    ),
    "appeal_when": ("什么时候用", "When to use it"),
    "appeal_when_text": (
        "商家的记录或买家的评价被拒收，或者一直没有回音。手上要有当时提交的那份签名记录。",
        "A merchant’s record or a buyer’s review was refused, or never answered. You need the signed record as it was"
        " sent.",
    ),
    "appeal_not_text": (
        "申诉只保证您的原文进入日志，人人可见、不能删去。它不证明原文属实，也不保证平台照它办理；平台怎样决定，会记在该记录自己的序列里。",
        "An appeal makes sure that what you sent is in the journal, for everybody to see and for nobody to take out. It"
        " does not show that it is true, nor that the platform does as it asks: what it decides is an entry in the"
        " record’s own stream.",
    ),
    "appeal_cost": ("费用与期限", "What it costs, and how long it takes"),
    "appeal_cost_text": (
        "费用 {fee}（链上的币），另加交易的 gas。费用不归平台。"
        "答复期限：{grace}；逾期的若多于 32 件，每次封存带上最早的 32 件。",
        "A fee of {fee} of the chain’s coin, and the transaction’s gas. The platform does not get the fee. An answer is"
        " due within {grace}; where more than 32 are overdue, each seal has to bring answers to the oldest 32.",
    ),
    "appeal_public": (
        "申诉的内容永久公开，不能收回。评价的文字、照片和买家的信息不会放进去，只留哈希。",
        "What an appeal holds is public for ever and cannot be taken back. A review’s words and photos, and who bought,"
        " stay out: only their hashes are in it.",
    ),
    "appeal_away": ("链没有应答，现在说不出。", "The chain does not answer, so this cannot be told now."),
    "appeal_how": ("怎样申诉", "How to appeal"),
    "appeal_command": (
        "用命令行，并使用您自己的链节点：",
        "With the command, and a node of your own:",
    ),
    "appeal_your_node": ("您的节点", "YOUR-NODE"),
    "appeal_wallet": (
        "或者用您自己的钱包：把被拒收的记录放在下面，本页当场生成交易内容。它不会发给本站。",
        "Or with a wallet of your own: put the refused record below, and this page makes the transaction. Nothing of it"
        " is sent to this site.",
    ),
    "appeal_script": (
        "生成交易内容需要脚本；命令行不需要。",
        "Making the transaction needs scripts; the command does not.",
    ),
    "appeal_record": ("被拒收的记录（JSON）", "The refused record (JSON)"),
    "appeal_build": ("生成申诉", "Make the appeal"),
    "appeal_choose": ("选择文件", "Choose a file"),
    "appeal_call": (
        "在链 {chain} 上，用任何钱包发送这一笔交易：",
        "On chain {chain}, with any wallet, send this transaction:",
    ),
    "appeal_to": ("收款地址（合约）", "To (the contract)"),
    "appeal_value": ("金额（wei）", "Value (wei)"),
    "appeal_data": ("数据", "Data"),
    "appeal_copy": ("复制", "Copy"),
    "appeal_send": ("用钱包发送", "Send with the wallet"),
    "appeal_list": ("已提出的申诉", "Appeals so far"),
    "appeal_counts": ("共 {asked} 件，{open} 件待答复。", "{asked} in all, {open} of them open."),
    "appeal_open": ("待答复", "open"),
    "appeal_overdue": ("已逾期", "overdue"),
    "appeal_answered": ("已答复", "answered"),
    "appeal_asked": ("{date} 提出", "asked {date}"),
    "appeal_asks": ("要求记录：{kind}", "It asks for a record: {kind}"),
    "appeal_signed": ("自称的签署者 ", "signed, by its own word, as "),
    "appeal_unreadable": (
        "{n} 字节，不是可以读懂的申诉；原样记录，不在此显示。",
        "{n} bytes that cannot be read as an appeal. They are recorded as they are, and not shown here.",
    ),
    "appeal_due": ("最迟 {date} 答复", "An answer is due by {date}"),
    "appeal_by_seal": (
        "已收录为第 {index} 条，由第 {seal} 次封存证明。",
        "Recorded as entry {index}, proven against seal {seal}.",
    ),
    "appeal_paid": ("付费者 ", "Paid by "),
    "appeal_proof": ("收录的证明", "Proof of its entry"),
    "appeal_none": ("还没有人申诉。", "Nobody has appealed yet."),
    "appeal_older": ("更早的", "Older ones"),
    "appeal_all_proof": ("全部申诉的证明", "Proof of all appeals"),
    # how the journal stands
    "fault_1": ("遗漏", "omission"),
    "fault_2": ("分叉", "fork"),
    "fault_3": ("错步", "misstep"),
    "fault_4": ("失信", "broken promise"),
    "fault_5": ("迟封", "lateness"),
    "meaning_1": (
        "目录漏掉了日志里已有的记录。",
        "An index left out an entry that the journal has.",
    ),
    "meaning_2": (
        "同一对象的记录出现两种历史，或前后不相接。",
        "Two histories of one subject, or an entry that does not follow the one before it.",
    ),
    "meaning_3": (
        "合计、时间或格式版本不合规则。",
        "Totals, a time or a version that break the rules.",
    ),
    "meaning_4": (
        "凭证承诺的位置上封存了别的内容。",
        "Something else was sealed where a receipt promised an entry.",
    ),
    "meaning_5": (
        "封存晚于凭证承诺的时间。",
        "Sealed later than a receipt promised.",
    ),
    "ended_title": ("合约已证实这本日志有过错：{fault}", "The contract has a proven fault of this journal: {fault}"),
    "ended_text": (
        "{meaning}合约不再接受任何封存；此后的记录不会上链。",
        "{meaning} The contract takes no more seals: what is recorded from now on does not get on-chain.",
    ),
    "ended_tx": ("证实它的交易", "The transaction that proved it"),
    "ended_more": ("查看审计页", "See the auditor’s page"),
    "overdue_title": ("有申诉逾期未答", "An appeal is overdue"),
    "overdue_text": (
        "最早的一条本应在 {date} 前答复。在它得到答复之前，合约不接受新的封存。",
        "The oldest was due by {date}. Until it is answered, the contract takes no new seal.",
    ),
    # the auditor's page
    "audit_title": ("供审计", "For auditors"),
    "audit_link": ("供审计：账目与证据", "For auditors: figures and evidence"),
    "audit_lead": (
        "本页是运营方自己的说法，不必相信。下面每个数字都指向能证明它的东西；与其相信，不如自己运行：",
        "This page is the operator’s own word, and nobody has to believe it. Each figure leads to what proves it."
        " Rather than believe it, run:",
    ),
    "audit_run_audit": ("从链和公开日志重建并核对一切", "Rebuild and check everything from the chain and the open log"),
    "audit_run_check": (
        "核对最新的树头：签名、见证、链上的封存（FILE 是您的见证策略，至少写明下面的日志公钥）",
        "Check the newest tree head: its signature, its witnesses, the seal on the chain (FILE: your policy of"
        " witnesses, with the log’s key from below)",
    ),
    "audit_run_challenge": (
        "把您手里的证明或凭证所能证实的过错交给合约",
        "Show the contract what your proofs and receipts prove",
    ),
    "audit_verify": ("在浏览器里核验一份证明", "Check one proof in your browser"),
    "audit_own_node": (
        "上面的 --rpc 是本站自己的节点；请换成您信任的节点。",
        "The --rpc above is this site’s own node: put one that you trust in its place.",
    ),
    "audit_as_of": ("数字截至 {date}，约每分钟更新。", "Figures as of {date}, renewed about once a minute."),
    "audit_standing": ("合约怎么说", "What the contract says"),
    "audit_sound_title": ("合约中没有已证实的过错", "No fault was proven to the contract"),
    "audit_sound_text": (
        "据本站节点 {date} 的回答。没有人证实过错，不等于没有过错：请运行上面的审计。",
        "As this site’s node answered on {date}. That nobody has proven one does not mean that there is none: run the"
        " audit above.",
    ),
    "audit_chain_away": (
        "链没有回答：此刻不能说合约里有没有已证实的过错、有没有未答的申诉。",
        "The chain does not answer: whether a fault was proven or an appeal is open cannot be told now.",
    ),
    "audit_late": ("已证实迟封的凭证", "Receipts proven late"),
    "audit_predecessor": ("前身日志", "Predecessor"),
    "audit_no_predecessor": ("没有：这本日志从头开始", "None: this journal began empty"),
    "audit_earlier": ("（此前的日志）", "(of an earlier journal)"),
    "audit_from_seal": ("接续其第 {number} 次封存（{size} 条）", "goes on from its seal {number} ({size} entries)"),
    "audit_log_key": ("日志公钥", "Key of the log"),
    "audit_machine": ("给程序", "For programs"),
    "audit_size": ("规模与封存", "Size and seals"),
    "audit_accepted": ("已受理", "Accepted"),
    "audit_sealed": ("已封存", "Sealed"),
    "audit_entries": ("{n} 条", "{n} entries"),
    "audit_counted": (
        "下面按类计数到 {n} 条，其余还在数。",
        "Counted by kind so far: {n}; the rest is being counted.",
    ),
    "audit_seals": ("封存次数", "Seals"),
    "audit_newest": ("最近一次", "Newest"),
    "audit_tree_head": ("树头", "Tree head"),
    "audit_gap": ("封存间隔", "Between seals"),
    "audit_gap_text": (
        "通常 {usual}，最长 {longest}（最近 1,000 次）",
        "usually {usual}, at most {longest} (of the newest 1,000)",
    ),
    "audit_waits": ("从受理到封存", "From acceptance to seal"),
    "audit_waits_text": (
        "一半在 {median} 内，95% 在 {most} 内，最久 {worst}；凭证承诺 {promise}",
        "half within {median}, 95% within {most}, at worst {worst}; receipts promise {promise}",
    ),
    "audit_seconds": ("{n} 秒", "{n} s"),
    "audit_gas": ("封存所用的燃料", "Gas for seals"),
    "audit_gas_text": (
        "共 {gas} gas，每次 {seal}，每条记录 {entry}；付出 {paid} 个链上原生币（读过收据的 {n} 次）",
        "{gas} in all, {seal} a seal, {entry} an entry; {paid} of the chain’s coin paid (receipts read: {n})",
    ),
    "audit_chart_size": ("日志的增长", "How the journal grew"),
    "audit_chart_gas": ("每次封存的燃料", "Gas of each seal"),
    "audit_chart_waits": ("等待封存的时间", "Time until sealed"),
    "audit_chart_kinds": ("各类记录", "Entries by kind"),
    "audit_axis_entries": ("条", "entries"),
    "audit_axis_gas": ("gas", "gas"),
    "audit_axis_time": ("封存时间", "sealed"),
    "audit_exact": ("精确数字", "Exact numbers"),
    "audit_within": ("≤ {age}", "≤ {age}"),
    "audit_longer": ("更久", "longer"),
    "audit_latest": ("最近的封存", "The newest seals"),
    "audit_number": ("序号", "No."),
    "audit_when": ("时间", "When"),
    "kind_1": ("商品", "product"),
    "kind_2": ("批次", "batch"),
    "kind_3": ("经手记录", "checkpoint"),
    "kind_4": ("召回", "recall"),
    "kind_5": ("评价权", "rights"),
    "kind_6": ("认领", "claim"),
    "kind_7": ("评价", "review"),
    "kind_8": ("评价修改", "review amended"),
    "kind_9": ("评价撤回", "withdrawn"),
    "kind_10": ("评价隐藏", "withheld"),
    "kind_11": ("评价恢复", "restored"),
    "kind_12": ("评价删除", "erased"),
    "kind_13": ("商家回复", "reply"),
    "kind_14": ("订单", "order"),
    "kind_15": ("送达", "delivery"),
    "kind_16": ("企业资料", "merchant"),
    "kind_17": ("纠纷", "case"),
    "kind_18": ("规则", "terms"),
    "kind_19": ("申诉", "appeal"),
    "kind_other": ("其他", "other"),
    "audit_audits": ("交来的审计", "Audits handed in"),
    "audit_audits_text": (
        "由签名者交来，本站不审查。运营方可能不展示查出问题的审计：这里只有交来且被留下的，没有的不等于没有过。",
        "Handed in by who signed them. The operator could drop one that found something: these are only those that were"
        " handed in and kept, and that none is here does not mean that there was none.",
    ),
    "audit_audits_none": ("还没有人交来审计。", "No audit was handed in yet."),
    "audit_last": ("最近一次全面审计", "The last full audit"),
    "audit_by": ("签名者", "Signed by"),
    "audit_result": ("结论", "Result"),
    "audit_covered": ("范围", "Covers"),
    "audit_covered_text": (
        "{entries} 条，{seals} 次封存，至第 {seal} 次",
        "{entries} entries, {seals} seals, up to seal {seal}",
    ),
    "audit_report": ("报告的 SHA-256", "SHA-256 of its report"),
    "audit_clean": ("未发现问题", "clean"),
    "audit_findings": ("发现 {n} 处问题", "findings: {n}"),
    "audit_unchecked": ("未能核完", "could not be checked"),
    "audit_root_same": ("根与那次封存相同", "its root is that of the seal"),
    "audit_root_other": ("根与那次封存不同", "its root is NOT that of the seal"),
    "audit_root_none": ("这里没有那次封存", "there is no such seal here"),
    "audit_signer_unknown": ("未登记的地址：谁都能造一个", "an address that is not registered: anybody can make one"),
    "audit_signed": ("签名原文", "as it was signed"),
    "audit_witnesses": ("见证人", "Witnesses"),
    "audit_witnesses_text": ("为最新的树头联署的：", "Cosigned the newest tree head:"),
    "audit_witnesses_none": ("最新的树头还没有见证人联署。", "No witness has cosigned the newest tree head."),
    "audit_withheld": ("被隐藏的评价", "Withheld reviews"),
    "audit_withheld_text": (
        "全部商品共 {standing} 条有效评价，其中 {withheld} 条被隐藏。",
        "All products together: {standing} reviews that count, {withheld} of them withheld.",
    ),
    "audit_stars": ("星级", "Stars"),
    "audit_count": ("有效", "Count"),
    "audit_hidden": ("隐藏", "Withheld"),
    "audit_share": ("占比", "Share"),
    "audit_reason": ("理由", "Reason"),
    "audit_reviews": ("条数", "Reviews"),
    "audit_products": (
        "隐藏最多的商品（共 {n} 种商品有被隐藏的评价）",
        "Products with most withheld (of {n} that have any)",
    ),
    "audit_proof": ("证明", "proof"),
    "audit_tallies": (
        "各星级的数来自封存的记录；理由是本站自己的表，逐条写在评价流里。",
        "Counts by stars are those of sealed entries; reasons are from the site’s own table, and stand in each"
        " product’s stream of reviews.",
    ),
    "audit_appeals": ("申诉", "Appeals"),
    "audit_appeals_text": (
        "共 {asked} 条，已答 {answered} 条；答复期限 {grace}。",
        "Asked: {asked}, answered: {answered}; each is due within {grace}.",
    ),
    "audit_appeal_more": ("怎样申诉，及全部申诉", "How to appeal, and all appeals"),
    "audit_open": ("未答", "Open"),
    "audit_asked": ("提出", "Asked"),
    "audit_asked_by": ("提出者", "Asked by"),
    "audit_due": ("应答期限", "Due"),
    "audit_overdue": ("已逾期", "overdue"),
    "audit_answered": ("最近答复的", "Answered last"),
    "audit_answer_at": ("第 {seal} 次封存，第 {index} 条", "seal {seal}, entry {index}"),
    "audit_faults": ("已证实的过错", "Proven faults"),
    "audit_faults_none": ("没有。", "None."),
    "audit_fault": ("过错", "Fault"),
    # absent and errors
    "absent_title": ("没有任何记录", "Nothing is recorded"),
    "absent_text": (
        "日志中没有关于这个编码的任何记录，而且这一点本身可以证明。包装上若真有此码，它可能是伪造的，或尚未登记。",
        "The journal holds nothing about this code, and that absence can itself be proven. If a pack really bears it,"
        " it may be forged, or not registered yet.",
    ),
    "announced_title": ("装箱未上账本", "Its packing is not on the ledger"),
    "announced_text": (
        "一家商店说，它为一张订单发出了这个包裹；但装箱没有记入账本，所以账本上没有关于这个包裹的任何记录。",
        "A shop says that it sent this parcel for an order. Its packing was not recorded, so the ledger holds nothing"
        " about this parcel.",
    ),
    "announced": ("商店说里面是什么", "What the shop says is inside"),
    "announced_product": ("看商品", "The product"),
    "announced_items": ("单件：", "Items:"),
    "announced_more": ("另有 {n} 件", "and {n} more"),
    "announced_hint": (
        "这份清单只是商店和本站的说法，没有证明。点开批次或单件：它们各有自己的记录和证明。实物若不符，请勿收货。",
        "This list is the shop’s and this site’s word, and not proven. Open a batch or an item: each has records and a"
        " proof of its own. If the goods differ, do not accept them.",
    ),
    "absent_product": ("商品本身有登记：", "The product itself is on record: "),
    "bad_title": ("这不是有效的编码", "This is not a valid code"),
    "bad_text": (
        "数字或格式有误，常见的是输错或漏了一位。请再核对一次。",
        "A digit or the form is wrong, most often one mistyped or left out. Please compare it again.",
    ),
    "bad_check": (
        "校验位不对：编码里有一位数字很可能输错了。",
        "The check digit is wrong: most likely one digit was mistyped.",
    ),
    "missing_title": ("没有这个页面", "There is no such page"),
    "missing_text": ("链接可能不完整。", "The link may be incomplete."),
    "away_title": ("暂时无法回答", "No answer for the moment"),
    "away_text": ("系统的一部分暂时不可用，没有丢失任何记录。请稍后再试。",
                  "A part of the system is away; nothing is lost. Please try again shortly."),
    "fault_title": ("本站出了问题", "Something is wrong here"),
    "fault_text": ("问题已记下，与您的商品无关。", "It was written down. It has nothing to do with your goods."),
    "detail": ("详细信息", "Detail"),
    "back": ("返回首页", "Back to the start"),
    # about
    "about_title": ("证明了什么，没有证明什么", "What is proven, and what is not"),
    "about_proven": ("已证明", "Proven"),
    "about_needs": (
        "条件：您认得这一套合约（首次访问、标签印字或保存的核验程序），链由不属于运营方的节点回答，核验程序来自别处。",
        "To a reader who knows the contracts (from a first visit, a label's print or a saved verifier), asks a node"
        " that is not the operator's, and has the verifier from elsewhere:",
    ),
    "about_yes_1": ("记录了这些内容，由这把密钥签署。", "that this was recorded, and signed with this key;"),
    "about_yes_2": ("在这个时间之前已经封存，此后没有改动。", "that it was sealed by then, and is unaltered since;"),
    "about_yes_3": ("顺序如此；截至封存，一条不少。", "that it is in this order, and all of it as of the seal;"),
    "about_yes_4": ("从所示最早一条起，合计数字无误。", "that the totals follow from the oldest entry shown."),
    "about_unproven": ("没有证明", "Not proven"),
    "about_no_1": ("记录的内容属实。", "That what was recorded is true."),
    "about_no_2": ("订单真实、买家诚实。", "That an order was real, or its buyer honest."),
    "about_no_3": ("运营方与商家不是同一家。", "That operator and merchant are not the same."),
    "about_no_4": (
        "回答链上状态的节点说了真话；可以多问几个。",
        "That a node tells the truth about the chain: ask several.",
    ),
    "about_no_5": (
        "运营方没有藏着从未示人的东西。",
        "That an operator keeps nothing to itself that nobody else has seen.",
    ),
    "about_no_6": ("在这里删除的文字，别处也都删除了。", "That words erased here are erased everywhere."),
    "about_no_7": (
        "您手中的东西就是标签所说的那一件：标签可以被复制。",
        "That the thing in your hand is the one its label names: labels can be copied.",
    ),
    "about_site": (
        "本页的核验程序由本站提供。一个作恶的网站也能提供作恶的程序，因此要紧时请用保存的核验程序检查下载的证明文件。",
        "This page's verifier comes from this very site, and a dishonest site could serve a dishonest one. When it"
        " matters, check the downloaded proof with a verifier that you saved or got elsewhere.",
    ),
}  # fmt: skip

MEASURED: Mapping[str, tuple[str, str]] = {
    "Temperature": ("温度", "Temperature"),
    "RelativeHumidity": ("相对湿度", "Relative humidity"),
    "AbsoluteHumidity": ("绝对湿度", "Absolute humidity"),
    "MassConcentration": ("溶氧等质量浓度", "Mass concentration"),
    "Pressure": ("压力", "Pressure"),
    "Acceleration": ("加速度", "Acceleration"),
    "Illuminance": ("照度", "Illuminance"),
    "Mass": ("质量", "Mass"),
    "Speed": ("速度", "Speed"),
}

UNITS: Mapping[str, str] = {  # UN/ECE Recommendation 20
    "CEL": "°C", "FAH": "°F", "KEL": "K", "P1": "%", "M1": "mg/L", "KGM": "kg", "GRM": "g", "TNE": "t", "LTR": "L",
    "MLT": "mL", "MTR": "m", "LUX": "lx", "HPA": "hPa", "KPA": "kPa", "KMH": "km/h", "A97": "hPa", "GL": "g/L",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What the site says, in one language."""

    lang: Lang

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of that key, with its values."""
        return self._of(WORDS[key]).format(**values)

    def _of(self, pair: tuple[str, str]) -> str:
        return pair[LANGS.index(self.lang)]

    @property
    def tag(self) -> str:
        """The language's BCP 47 tag."""
        return TAGS[self.lang]

    @property
    def other(self) -> Lang:
        """The language that one may switch to."""
        return "en" if self.lang == "zh" else "zh"

    @property
    def list_mark(self) -> str:
        """What stands between the parts of a list."""
        return "，" if self.lang == "zh" else ", "

    def language(self, tag: str) -> str:
        """A language by its own name, or its tag."""
        return LANGUAGES.get(tag.lower().partition("-")[0], tag)

    def iso(self, milliseconds: float) -> str:
        """A time as HTML has it."""
        return datetime.fromtimestamp(milliseconds / 1000, CHINA).isoformat(timespec="seconds")

    def text(self, text: Text) -> str:
        """Words of a document, in this language or else in the other."""
        return (text.zh or text.en) if self.lang == "zh" else (text.en or text.zh)

    def language_of(self, text: Text) -> Lang:
        """The language in which `text` gives a document's words."""
        return self.lang if (text.zh, text.en)[LANGS.index(self.lang)] else self.other

    def pointer(self, quote: Quote) -> str:
        """The JSON pointer to the very words that `text` gives."""
        return quote.pointer.replace("*", self.language_of(quote.text))

    def step(self, step: str) -> str:
        """A business step; what is not of the standard, by its URI's last part."""
        return self._of(STEPS[step]) if step in STEPS else _last(step)

    def disposition(self, disposition: str) -> str:
        return self._of(DISPOSITIONS[disposition]) if disposition in DISPOSITIONS else _last(disposition)

    def measured(self, kind: str) -> str:
        return self._of(MEASURED[kind]) if kind in MEASURED else _last(kind)

    def error_reason(self, reason: str) -> str:
        return self(reason) if reason in ("did_not_occur", "incorrect_data") else _last(reason) or "—"

    def number(self, value: float) -> str:
        """1,000 or 5.8; at most three decimals."""
        return f"{value:,.3f}".rstrip("0").rstrip(".")

    def amount(self, value: float, uom: str) -> str:
        """A value with its unit; without one it is a count."""
        if not uom:
            return self("piece" if value == 1 else "pieces", n=self.number(value))
        return self.reading(value, uom)

    def reading(self, value: float, uom: str) -> str:
        """A value with its unit, if it has one."""
        unit = UNITS.get(uom, uom)
        return f"{self.number(value)}{'' if unit in ('', '%') else ' '}{unit}"

    def day(self, iso: str) -> str:
        """An ISO day."""
        year, month, day = (int(part) for part in iso.split("-"))
        return f"{year}年{month}月{day}日" if self.lang == "zh" else f"{day} {_MONTHS[month - 1]} {year}"

    def date(self, seconds: float) -> str:
        """The day of a time, by China's clock."""
        return self.day(datetime.fromtimestamp(seconds, CHINA).date().isoformat())

    def moment(self, when: datetime) -> str:
        """Day and time, by the clock that `when` brings."""
        return f"{self.day(when.date().isoformat())}{' ' if self.lang == 'zh' else ', '}{when:%H:%M}"

    def stamp(self, seconds: float) -> str:
        """Day and time, by China's clock, and saying so."""
        return f"{self.moment(datetime.fromtimestamp(seconds, CHINA))} UTC+8"

    def age(self, seconds: float) -> str:
        """About how long."""
        for size, zh, en in ((86400, "天", "day"), (3600, "小时", "hour"), (60, "分钟", "minute"), (1, "秒", "second")):
            if seconds >= size or size == 1:
                n = int(seconds // size)
                return f"{n} {zh}" if self.lang == "zh" else f"{n} {en}{'' if n == 1 else 's'}"
        raise AssertionError


def _last(uri: str) -> str:
    return uri.rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2]
