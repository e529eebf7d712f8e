"""What mail servers send back, for email plugins: delivery reports (RFC 3464) and complaints (RFC 5965).

A report names our message by what it returns of it: our ``Message-ID`` (``<reference@…>``), the header
:data:`REFERENCE_HEADER`, or the envelope's id. Whoever forges one must know such a reference, 32 random hex digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message

from nexnotify.gateways.contract import BadCallback, CallbackRequest, Receipt, ReceiptStatus, RejectedReason

#: A mail carries its reference in this header too, because some relays write a ``Message-ID`` of their own.
REFERENCE_HEADER = "X-Nexnotify-Reference"

_REFERENCE = re.compile(r"<?\s*([0-9a-f]{32})(?:@|>|\s*$)", re.IGNORECASE)
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS = re.compile(r"[^\s<>@:;,\"'()]+@[^\s<>@;,\"'()]+")
#: Subject and detail of RFC 3463: there is no such mailbox, or no such domain.
_GONE = {"1.1", "1.2", "1.3", "1.6", "1.10", "2.1", "4.4"}
_CONTENT = {"2.3", "3.4"}
#: Kinds of feedback that are complaints or opt-outs.
_COMPLAINTS = {"abuse", "fraud", "opt-out", "opt-out-list", "other"}
#: Reports are small; a longer form field or part is none.
_MOST = 1_000_000


def words(text: str | bytes) -> str:
    """A server's words in one line, without the addresses that it repeats: they are kept where anybody may read."""
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return _ADDRESS.sub("(address)", " ".join(text.split()))[:200]


def enhanced_status(text: str) -> str:
    """The enhanced status code (5.1.1) in a server's words; empty where there is none, or one that says nothing."""
    found = _STATUS.search(text)
    return found.group() if found and found.group(2, 3) != ("0", "0") else ""


def meaning(status: str) -> tuple[ReceiptStatus, RejectedReason]:
    """What a final failure with this status means. Only "unreachable" is about the address itself."""
    kind, _, rest = status.partition(".")
    if rest == "4.7":
        return "expired", "expired"
    if kind == "5" and rest in _GONE:
        return "rejected", "unreachable"
    if kind == "5" and rest.startswith("7."):
        return "rejected", "sender"
    if kind == "5" and (rest in _CONTENT or rest.startswith("6.")):
        return "rejected", "content"
    return "undelivered", "other"


def read_reports(request: CallbackRequest) -> tuple[Receipt, ...]:
    """What the reports in a call say: one posted as it came (``message/rfc822``), or in a field or file of a form.

    :returns: nothing for a mail that is no report: somebody's answer, a note that they are away.
    :raises BadCallback: there is no mail in it, or a report about no message of ours.
    """
    mails = [mail for mail in _mails(request) if mail.keys()]
    if not any(mail["From"] or _reports(mail) for mail in mails):
        raise BadCallback("There is no mail in it.")
    for mail in mails:
        parts = _reports(mail)
        if parts:
            reference = _reference(mail) or next(iter(request.query.get("reference", ())), None)
            if not reference:
                raise BadCallback("The report names no message of ours.")
            return tuple(receipt for part in parts for receipt in _receipts(part, reference))
    return ()


def _mails(request: CallbackRequest) -> Iterator[Message]:
    """Every mail that may be in a call."""
    kind = request.headers.get("content-type", "")
    if kind.lower().startswith("multipart/"):
        # A form with files, or the bare parts of a report: the call itself has the shape of a mail.
        whole = message_from_bytes(b"Content-Type: " + kind.encode("ascii", "replace") + b"\r\n\r\n" + request.body)
        yield whole
        if whole.get_content_type() == "multipart/form-data":
            for part in whole.walk():
                content = None if part.is_multipart() else part.get_payload(decode=True)
                if isinstance(content, bytes):
                    yield _parse(content)
    elif request.body and not request.form:
        yield _parse(request.body)
    for values in request.form.values():
        for value in values:
            yield _parse(value.encode("utf-8", "replace"))


def _parse(content: bytes) -> Message:
    # A mailbox file begins with a line of its own; a form field may begin with an empty one.
    return message_from_bytes(re.sub(rb"\AFrom [^\n]*\n", b"", content.lstrip()) if len(content) <= _MOST else b"")


def _reports(mail: Message) -> list[Message]:
    kinds = ("message/delivery-status", "message/feedback-report")
    return [part for part in mail.walk() if part.get_content_type() in kinds]


def _blocks(part: Message) -> list[Message]:
    """The groups of fields in a report."""
    content = part.get_payload()
    return [block for block in content if isinstance(block, Message)] if isinstance(content, list) else []


def _reference(mail: Message) -> str | None:
    """Our reference, in what the report returns of the mail or says of it."""
    for text in _candidates(mail):
        found = _REFERENCE.match(text.strip())
        if found:
            return found[1].lower()
    return None


def _candidates(mail: Message) -> Iterator[str]:
    """Where it may stand, the returned mail first: a report has a ``Message-ID`` too, and it is not ours."""
    names = (REFERENCE_HEADER, "Message-ID", "Original-Message-ID", "Original-Envelope-Id")
    for part in reversed(list(mail.walk())):
        if part is mail:
            continue
        headers: Iterable[Message] = (part,)
        if part.get_content_type() == "text/rfc822-headers":
            content = part.get_payload(decode=True)
            headers = (message_from_bytes(content),) if isinstance(content, bytes) else ()
        for each in headers:
            yield from (str(each[name]) for name in names if each[name])
    for name in ("In-Reply-To", "References"):
        yield from str(mail[name] or "").split()


def _receipts(part: Message, reference: str) -> Iterator[Receipt]:
    blocks = _blocks(part)
    if part.get_content_type() == "message/feedback-report":
        kind = next((str(block["Feedback-Type"]) for block in blocks if block["Feedback-Type"]), "").strip().lower()
        if kind in _COMPLAINTS:
            yield Receipt("rejected", reference, reason="opted_out", code=kind, detail="The reader complained.")
        return
    for block in blocks:
        action = str(block["Action"] or "").split(" ")[0].strip().lower()
        said = words(str(block["Diagnostic-Code"] or ""))
        status = enhanced_status(str(block["Status"] or "")) or enhanced_status(said) or str(block["Status"] or "")[:20]
        if action == "failed":
            ours, reason = meaning(status)
            yield Receipt(ours, reference, None, reason, status or None, said or None)
        elif action == "delivered":
            yield Receipt("delivered", reference, None, None, status or None, said or None)
        elif action in ("relayed", "expanded"):
            yield Receipt("sent", reference, None, None, status or None, said or None)
