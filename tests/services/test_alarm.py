"""Who watches is told once of what is new, told when it is over, and told nothing that the log could forge."""

from __future__ import annotations

import hmac
import json
import smtplib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from typing import Any, ClassVar

import httpx
import pytest

from suyuan.core.errors import Refused, Unavailable
from suyuan.core.replay import Fault, Finding
from suyuan.services.alarm import TRIES, Alarm, Event, Mail, Notice, Vigil, Webhook
from suyuan.services.audit import AuditReport

JOURNAL = "0x" + "ab" * 20
SECRET = b"a secret of some length"
ONE, TWO = Finding(Fault.BODY, 7, "hashes to aa"), Finding(Fault.HEADS, 2, "rebuilt bb")
CLEAN = AuditReport(entries=10, seals=1)
BAD = replace(CLEAN, findings=(ONE,))
AWAY = AuditReport(unchecked=("the log does not answer",))
NOTICE = Notice(Event.FINDINGS, JOURNAL, 1_795_500_000, "findings: 10 entries, 1 seal, 1 finding", 1, (ONE,))


def heard(*reports: AuditReport, patience: int = 2) -> list[list[str]]:
    vigil = Vigil(JOURNAL, patience)
    return [[one.event.word for one in vigil.hears(report, n)] for n, report in enumerate(reports)]


# -- what is told


def test_a_sound_journal_is_nothing_to_tell() -> None:
    assert heard(CLEAN, CLEAN) == [[], []]


def test_a_finding_is_told_once_and_the_next_one_again() -> None:
    both = replace(BAD, findings=(ONE, TWO))
    assert heard(BAD, BAD, both, both) == [["findings"], [], ["findings"], []]
    vigil = Vigil(JOURNAL, 1)
    vigil.hears(BAD, 0)
    (notice,) = vigil.hears(both, 1)
    assert (notice.new, notice.findings) == (1, (TWO,))


def test_findings_that_are_gone_are_told_and_may_come_again() -> None:
    assert heard(BAD, CLEAN, CLEAN, BAD) == [["findings"], ["recovered"], [], ["findings"]]


def test_one_failure_is_nothing_and_several_in_a_row_are_told_once() -> None:
    assert heard(AWAY, CLEAN, AWAY, AWAY, AWAY, CLEAN, CLEAN) == [[], [], [], ["unchecked"], [], ["recovered"], []]


def test_a_finding_that_a_failing_audit_did_not_come_to_is_not_told_again() -> None:
    assert heard(BAD, AWAY, BAD) == [["findings"], [], []]


def test_what_is_found_beside_what_fails_is_told_at_once() -> None:
    assert heard(replace(BAD, unchecked=("no bodies",)), patience=1) == [["findings", "unchecked"]]


def test_of_many_new_findings_the_first_are_told_and_how_many_there_are() -> None:
    many = replace(CLEAN, findings=tuple(Finding(Fault.BODY, n, "x") for n in range(1000)))
    (notice,) = Vigil(JOURNAL, 1).hears(many, 0)
    assert (notice.new, len(notice.findings)) == (1000, 20)
    assert "+ 980" in notice.text


def test_a_notice_is_read_in_both_languages_and_cannot_be_steered_by_the_log() -> None:
    hostile = replace(NOTICE, findings=(Finding(Fault.BODY, 1, "x\r\nBcc: all@example.org\x1b[31m"),))
    assert (hostile.subject, hostile.subject.isprintable()) == (NOTICE.subject, True)
    assert "有新发现的问题" in hostile.text
    assert "new findings" in hostile.text
    assert "\r" not in hostile.text
    assert "x\ufffd\ufffdBcc" in hostile.text


# -- delivery


class Memory:
    """A channel that keeps what it is told, or fails as it is told to."""

    def __init__(self) -> None:
        self.got: list[Notice] = []
        self.fails: Exception | None = None

    def deliver(self, notice: Notice) -> None:
        if self.fails:
            raise self.fails
        self.got.append(notice)

    def close(self) -> None:
        self.fails = Unavailable("closed")


def test_what_cannot_be_delivered_waits_in_order_and_holds_up_no_other_channel() -> None:
    away, there = Memory(), Memory()
    alarm = Alarm([away, there])
    away.fails = Unavailable("the webhook does not answer")
    first, second = NOTICE, replace(NOTICE, event=Event.RECOVERED)
    assert alarm.tell([first]) == ["the webhook does not answer; it is tried again"]
    assert (away.got, there.got) == ([], [first])
    away.fails = None
    assert alarm.tell([second]) == []
    assert away.got == there.got == [first, second]
    assert alarm.tell([]) == []


def test_what_is_refused_is_given_up() -> None:
    channel = Memory()
    alarm = Alarm([channel])
    channel.fails = Refused("the webhook answered 410")
    assert alarm.tell([NOTICE]) == ["the webhook answered 410; it is given up"]
    channel.fails = None
    alarm.tell([])
    assert channel.got == []


class Receiver:
    """A webhook's other side: answers as it is told, and keeps what it got."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.rests: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if answer == 0:
            raise httpx.ConnectError("refused")
        return httpx.Response(answer)

    def hook(self, secret: bytes = b"") -> Webhook:
        http = httpx.Client(transport=httpx.MockTransport(self))
        return Webhook("http://hook.example/x", secret, rest=self.rests.append, http=http)


def test_a_webhook_gets_the_notice_as_json() -> None:
    receiver = Receiver(204)
    receiver.hook().deliver(NOTICE)
    (request,) = receiver.requests
    value = json.loads(request.content)
    assert (value["event"], value["journal"], value["new"]) == ("findings", JOURNAL, 1)
    assert value["findings"] == [{"fault": "body", "where": 7, "detail": "hashes to aa"}]
    assert "suyuan-signature" not in request.headers


def test_a_webhook_is_signed_over_time_and_body() -> None:
    receiver = Receiver(200)
    receiver.hook(SECRET).deliver(NOTICE)
    (request,) = receiver.requests
    signed = request.headers["suyuan-time"].encode() + b"\n" + request.content
    assert request.headers["suyuan-signature"] == hmac.new(SECRET, signed, sha256).hexdigest()


def test_a_webhook_is_tried_again_with_longer_rests_and_the_same_id() -> None:
    receiver = Receiver(0, 503, 429, 200)
    receiver.hook().deliver(NOTICE)
    assert receiver.rests == [1, 2, 4]
    assert len({json.loads(one.content)["id"] for one in receiver.requests}) == 1


def test_a_webhook_that_stays_away_is_unavailable_and_one_that_says_no_is_not_asked_again() -> None:
    receiver = Receiver(*[500] * TRIES)
    with pytest.raises(Unavailable, match="answered 500"):
        receiver.hook().deliver(NOTICE)
    for answer in (302, 400, 404):
        receiver = Receiver(answer)
        with pytest.raises(Refused, match=str(answer)):
            receiver.hook().deliver(NOTICE)
        assert len(receiver.requests) == 1


# -- mail


class Smtp(socketserver.StreamRequestHandler):
    """As much of an SMTP server as is spoken to."""

    timeout = 10
    offers: ClassVar[list[str]] = []
    refuses: ClassVar[bool] = False
    said: ClassVar[list[str]] = []
    mails: ClassVar[list[EmailMessage]] = []

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline():
            words = line.decode().strip()
            self.said.append(words)
            match words.split(" ")[0].upper():
                case "EHLO":
                    self.say("\r\n".join([f"250-{one}" for one in ("here", *self.offers)]) + "\r\n250 8BITMIME")
                case "DATA":
                    self.say("354 go on")
                    lines = []
                    while (one := self.rfile.readline()) != b".\r\n":
                        lines.append(one)
                    self.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
                    self.say("250 taken")
                case "QUIT":
                    self.say("221 bye")
                    return
                case "RCPT" if self.refuses:
                    self.say("550 nobody of that name")
                case _:
                    self.say("250 yes")

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")


@pytest.fixture
def smtp() -> Iterator[int]:
    Smtp.offers, Smtp.refuses, Smtp.said, Smtp.mails = [], False, [], []
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Smtp) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)


def mail(port: int, **more: Any) -> Mail:
    return Mail("127.0.0.1", port, "audit@site.example", ("a@x.example", "b@x.example"), **more)


def test_a_mail_says_what_was_found_to_everyone(smtp: int) -> None:
    mail(smtp).deliver(NOTICE)
    (got,) = Smtp.mails
    assert (got["From"], got["To"]) == ("audit@site.example", "a@x.example, b@x.example")
    assert got["Subject"] == NOTICE.subject
    assert got.get_content().splitlines() == NOTICE.text.splitlines()
    assert got["Auto-Submitted"] == "auto-generated"


def test_a_password_is_not_sent_where_there_is_no_tls(smtp: int) -> None:
    Smtp.offers = ["AUTH PLAIN"]
    with pytest.raises(Refused, match="no TLS"):
        mail(smtp, user="me", password="open sesame").deliver(NOTICE)
    assert not [one for one in Smtp.said if one.upper().startswith(("AUTH", "MAIL"))]


def test_tls_is_used_where_it_is_offered(smtp: int, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Any] = []
    context = ssl.create_default_context()

    def starttls(self: smtplib.SMTP, *, context: ssl.SSLContext) -> None:
        steps.append(context)

    monkeypatch.setattr(smtplib.SMTP, "starttls", starttls)
    monkeypatch.setattr(smtplib.SMTP, "login", lambda self, *given: steps.append(given))
    Smtp.offers = ["STARTTLS", "AUTH PLAIN"]
    mail(smtp, user="me", password="open sesame", tls=context).deliver(NOTICE)
    assert steps == [context, ("me", "open sesame")]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(Smtp.mails) == 1


def test_mail_that_does_not_go_out_is_unavailable_and_says_nothing_of_who_would_get_it(smtp: int) -> None:
    Smtp.refuses = True
    with pytest.raises(Unavailable) as error:
        mail(smtp).deliver(NOTICE)
    assert "x.example" not in str(error.value)
    with pytest.raises(Unavailable):
        mail(1).deliver(NOTICE)
