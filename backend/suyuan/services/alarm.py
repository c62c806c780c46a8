"""Alarm: who watches a journal is told once of each new finding, of audits that fail in a row, and when it is over.

Notices go out by webhook (a POST of JSON, signed where there is a secret) and by mail. What cannot be delivered now
waits, in order, and is tried again at the next round; nothing of it stops the watch.
"""

from __future__ import annotations

import hmac
import json
import smtplib
import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from enum import Enum
from hashlib import sha256
from typing import Any, Protocol

import httpx

from suyuan.core.errors import Refused, SuyuanError, Unavailable
from suyuan.core.replay import Finding
from suyuan.services.audit import AuditReport
from suyuan.services.report import SHOWN, headline, place, plain, when
from suyuan.services.report_words import RULES, Words

TRIES = 4  # of one delivery, with twice as long a rest before each
_WAITING = 100  # notices that wait for a channel; older ones are given up
_SSL_PORT = 465


class Event(Enum):
    """What there is to tell."""

    FINDINGS = Words("new findings", "有新发现的问题")
    UNCHECKED = Words("it cannot be checked", "无法核对")
    RECOVERED = Words("it is in order again", "已恢复正常")

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told, once. `findings`: the first of the `new` ones; `unchecked`: why it could not be checked."""

    event: Event
    journal: str
    at: int
    headline: str
    new: int = 0
    findings: tuple[Finding, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """One line of mail."""
        count = f" ({self.new})" if self.new else ""
        return f"suyuan {self.journal[:10]}…: {self.event.value.en}{count} - {self.event.value.zh}"

    @property
    def text(self) -> str:
        """What a person reads."""
        lines = [self.event.value.zh, self.event.value.en, "", f"{self.journal}, {when(self.at)}", self.headline, ""]
        for one in self.findings:
            rule, at = RULES[one.fault], place(one)
            lines += [f"{rule.name.zh} · {rule.name.en}", f"  {at.zh} · {at.en}: {plain(one.detail)}"]
        lines += [f"+ {self.new - len(self.findings)}"] * (self.new > len(self.findings))
        lines += [plain(reason) for reason in self.unchecked]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """What a program is sent. The same notice has the same `id`, however often it is sent."""
        value = {
            "event": self.event.word,
            "journal": self.journal,
            "at": self.at,
            "headline": self.headline,
            "new": self.new,
            "findings": [{"fault": f.fault.value, "where": f.where, "detail": plain(f.detail)} for f in self.findings],
            "unchecked": [plain(reason) for reason in self.unchecked],
        }
        return {"id": sha256(json.dumps(value, sort_keys=True).encode()).hexdigest(), **value}


class Vigil:
    """Compares each audit with what was told before. `patience`: how many in a row that could not check are told of."""

    def __init__(self, journal: str, patience: int) -> None:
        self._journal = journal
        self._patience = patience
        self._known: set[Finding] = set()
        self._missed = 0

    def hears(self, report: AuditReport, at: int) -> list[Notice]:
        """What has to be told of the newest audit, made at a time (seconds)."""
        told = []
        line = headline(report)
        new = [one for one in dict.fromkeys(report.findings) if one not in self._known]
        if new:
            told.append(Notice(Event.FINDINGS, self._journal, at, line, len(new), tuple(new[:SHOWN])))
        if report.unchecked:
            self._known.update(new)  # what is not found again may only not have been looked for
            self._missed += 1
            if self._missed == self._patience:
                told.append(Notice(Event.UNCHECKED, self._journal, at, line, unchecked=report.unchecked[:SHOWN]))
            return told
        if self._missed >= self._patience or (self._known and not report.findings):
            told.append(Notice(Event.RECOVERED, self._journal, at, line))
        self._known = set(report.findings)
        self._missed = 0
        return told


class Channel(Protocol):
    """A way to tell somebody. Raises Unavailable where it may work later, Refused where it will not."""

    def deliver(self, notice: Notice) -> None: ...

    def close(self) -> None: ...


class Alarm:
    """Channels, and what waits for each."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._queues: list[tuple[Channel, deque[Notice]]] = [(one, deque(maxlen=_WAITING)) for one in channels]

    def tell(self, notices: Sequence[Notice]) -> list[str]:
        """Delivers what waited and what is new, in order; gives a sentence for each that did not go through."""
        failures = []
        for channel, queue in self._queues:
            queue.extend(notices)
            while queue:
                try:
                    channel.deliver(queue[0])
                except Unavailable as error:
                    failures.append(f"{error}; it is tried again")
                    break
                except SuyuanError as error:
                    failures.append(f"{error}; it is given up")
                queue.popleft()
        return failures

    def close(self) -> None:
        """Lets go of connections."""
        for channel, _ in self._queues:
            channel.close()


class Webhook:
    """POSTs notices. With a secret, `Suyuan-Signature` is hex HMAC-SHA256 over `Suyuan-Time`, a newline and the body.

    `rest` waits for seconds between tries.
    """

    def __init__(
        self,
        url: str,
        secret: bytes = b"",
        *,
        rest: Callable[[float], object] = time.sleep,
        http: httpx.Client | None = None,
    ) -> None:
        self._url = url
        self._secret = secret
        self._rest = rest
        self._http = http or httpx.Client(timeout=20)

    def deliver(self, notice: Notice) -> None:
        body = json.dumps(notice.as_json(), ensure_ascii=False).encode()
        for attempt in range(TRIES):
            if attempt:
                self._rest(2.0 ** (attempt - 1))
            answer = self._post(body)
            if isinstance(answer, int) and answer < 300:
                return
            if isinstance(answer, int) and answer < 500 and answer not in (408, 429):
                raise Refused(f"the webhook answered {answer}")
        raise Unavailable(f"the webhook {'does not answer' if answer is None else f'answered {answer}'}")

    def close(self) -> None:
        self._http.close()

    def _post(self, body: bytes) -> int | None:
        headers = {"Content-Type": "application/json"}
        if self._secret:
            now = str(int(time.time()))
            headers["Suyuan-Time"] = now
            headers["Suyuan-Signature"] = hmac.new(self._secret, now.encode() + b"\n" + body, sha256).hexdigest()
        try:
            return self._http.post(self._url, content=body, headers=headers).status_code
        except httpx.HTTPError:
            return None


@dataclass(frozen=True, slots=True)
class Mail:
    """Sends notices by SMTP, under TLS where the server offers it; a password is never sent without."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: str = ""
    tls: ssl.SSLContext | None = None  # None: what the machine trusts

    def deliver(self, notice: Notice) -> None:
        message = EmailMessage()
        message["Subject"] = notice.subject
        message["From"] = self.sender
        message["To"] = ", ".join(self.to)
        message["Date"] = formatdate(notice.at)
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2] or None)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        context = self.tls or ssl.create_default_context()
        try:
            with self._connect(context) as smtp:
                smtp.ehlo()
                secure = self.port == _SSL_PORT
                if not secure and smtp.has_extn("starttls"):
                    smtp.starttls(context=context)
                    smtp.ehlo()
                    secure = True
                if self.user:
                    if not secure:
                        raise Refused(f"{self.host} offers no TLS, and the password is not sent without")
                    smtp.login(self.user, self.password)
                smtp.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Unavailable(f"mail by {self.host} does not go out: {type(error).__name__}") from error

    def close(self) -> None:
        """Each notice has a connection of its own."""

    def _connect(self, context: ssl.SSLContext) -> smtplib.SMTP:
        if self.port == _SSL_PORT:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=30, context=context)
        return smtplib.SMTP(self.host, self.port, timeout=30)
