"""Email through any SMTP server: your provider's, or one of your own. See docs/email.md."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any, Literal

import idna
from wtforms import IntegerField, PasswordField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, NumberRange, Regexp

from nexnotify.gateways import bounces, smtp
from nexnotify.gateways.contract import (
    Accepted,
    CallbackRequest,
    Capabilities,
    Gateway,
    GatewayError,
    GatewaySettings,
    Health,
    Misconfigured,
    OutgoingMessage,
    Received,
    Rejected,
    Reply,
    Transient,
    Unknown,
)

#: An address of the merchant's own; shoppers' may have letters of any language before the @.
ADDRESS = r"[!#-'*+\-/-9=?A-Z^_`a-z{|}~.]+@[^\s<>@,;:\"()\\]+"
LINK = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
#: A link alone on its line whose path ends as that of a picture: it is shown.
PICTURE = re.compile(r"https?://[^\s<>\"'?#]+\.(?:jpe?g|png|gif|webp)(?:\?[^\s<>\"']*)?", re.IGNORECASE)
#: What no line of a header may hold: controls, line ends of any kind, halves of characters.
NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
PAGE = """<!doctype html>
<html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body style="margin:0;padding:24px;font:16px/1.5 -apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif">
<div dir="auto" style="max-width:560px;margin:0 auto">
{paragraphs}
</div></body></html>
"""


class SmtpSettings(GatewaySettings):
    host = StringField(
        "Server",
        [DataRequired(), Regexp(r"^[^\s/]+$", message="A name like smtp.example.com.")],
        description="Such as smtp.example.com.",
    )
    port = IntegerField("Port", [NumberRange(1, 65535)], default=587, description="587 with STARTTLS, 465 with TLS.")
    security = SelectField(
        "Encryption",
        choices=[
            SelectChoice("starttls", "STARTTLS"),
            SelectChoice("tls", "TLS from the start"),
            SelectChoice("none", "None"),
        ],
        default="starttls",
        description="None only for a server on this machine: password and mails are then readable on the way.",
    )
    username = StringField("User", description="Leave empty if the server asks for none.")
    password = PasswordField("Password", description="The password, or app password, of that user.")
    from_address = StringField(
        "From address",
        [DataRequired(), Regexp(f"^{ADDRESS}$", message="An address like shop@example.com.")],
        description="Of a domain whose SPF and DKIM records name your server.",
    )
    from_name = StringField("From name", description="What shoppers see as the sender: your shop's name.")
    reply_to = StringField(
        "Reply to",
        [Regexp(f"^({ADDRESS}|)$", message="An address like help@example.com.")],
        description="Where answers go, if not to the from address.",
    )
    bounce_address = StringField(
        "Bounces to",
        [Regexp(f"^({ADDRESS}|)$", message="An address like bounces@example.com.")],
        description="Where mail servers report what they cannot deliver, if not to the from address.",
    )


class _Policy(EmailPolicy):
    """Leaves the way out on one line: some servers break a signature over a folded one."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}\r\n".encode("ascii")
        return super().fold_binary(name, value)


POLICY = _Policy(linesep="\r\n")


class GATEWAY(Gateway):
    key = "smtp"
    label = "Email (SMTP)"
    channel = "email"
    capabilities = Capabilities(receipts=True)
    default_rate = 5.0
    Settings = SmtpSettings

    @contextmanager
    def _conversation(self) -> Iterator[smtp.Client]:
        settings = self.settings
        client = smtp.Client(_own(settings["from_address"]).domain)
        try:
            security, user = settings.get("security") or "starttls", settings.get("username") or ""
            client.open(settings["host"], int(settings["port"]), security, user, settings.get("password") or "")
            yield client
        finally:
            client.leave()

    def send(self, message: OutgoingMessage) -> Accepted:
        if message.valid_until and message.valid_until <= datetime.now(UTC):
            raise Rejected("Too late to be worth sending.", reason="expired")
        try:
            to = _address(message.to)
        except ValueError:
            raise Rejected("This is no email address.", reason="unreachable") from None
        sender = _own(self.settings.get("bounce_address") or self.settings["from_address"])
        mail = _mail(message, to, self.settings)
        options = [] if to.username.isascii() else ["SMTPUTF8"]
        content = mail.as_bytes(policy=POLICY.clone(utf8=bool(options)))
        begun = False
        try:
            with self._conversation() as client:
                if options and not client.has_extn("smtputf8"):
                    raise Rejected("The server cannot write to an address with such letters.", reason="not_routable")
                if client.has_extn("dsn"):  # a report then names the mail, and returns no more of it than its head
                    options += ["RET=HDRS", f"ENVID={message.reference}"]
                smtp.expect(client.mail(sender.addr_spec, options), "sender")
                smtp.expect(client.rcpt(to.addr_spec), "recipient")
                smtp.expect(client.docmd("DATA"), "data", 354)
                begun = True
                client.content(content)
                words = smtp.expect(client.getreply(), "content")
        except OSError as error:  # smtplib's errors are of this kind, too
            kind = Unknown if begun else Transient
            raise kind(f"The connection broke ({type(error).__name__}).") from None
        return Accepted(str(mail["Message-ID"]).strip("<>"), words or None)

    def receive(self, request: CallbackRequest, kind: Literal["receipts", "inbound"]) -> Received:
        return Received(bounces.read_reports(request), Reply(200, ""))

    def check(self) -> Health:
        host, user = self.settings["host"], self.settings.get("username")
        try:
            with self._conversation() as client:
                smtp.expect(client.noop(), "session")
        except GatewayError as error:
            return Health(False, f"{host} says: {error.detail}")
        except OSError as error:
            return Health(False, f"The connection to {host} broke ({type(error).__name__}).")
        if not user:
            return Health(True, f"{host} answers.")
        bare = self.settings.get("security") == "none"
        return Health(True, f"{host} accepts user and password{', sent without encryption' if bare else ''}.")


def _address(text: str, name: str | None = None) -> Address:
    """An address as mail servers know it: its domain in ASCII, after the rules of 2008.

    :raises ValueError: it is none.
    """
    local, _, domain = text.strip().rpartition("@")
    domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    if not re.fullmatch(r"[^\s<>@,;:\"()\\\x00-\x1f\x7f-\x9f]+@[A-Za-z0-9._-]+", f"{local}@{domain}"):
        raise ValueError("Not an address.")
    return Address(_line(name), local, domain)


def _own(text: str, name: str | None = None) -> Address:
    """One of the merchant's addresses; a wrong one is no fault of the mail's."""
    try:
        return _address(text, name)
    except ValueError:
        raise Misconfigured("One of your addresses is no email address.") from None


def _line(text: str | None) -> str:
    """The text as one line of a header; nothing in it can begin another."""
    return " ".join(NOT_IN_A_LINE.sub(" ", text or "").split())


def _mail(message: OutgoingMessage, to: Address, settings: Mapping[str, Any]) -> EmailMessage:
    """Text and HTML, and the headers by which programs know what it is, and how to end it."""
    mail, sender = EmailMessage(policy=POLICY), _own(settings["from_address"], settings.get("from_name"))
    mail["From"], mail["To"], mail["Subject"] = sender, to, _line(message.subject)
    mail["Date"] = datetime.now(UTC)
    mail["Message-ID"] = f"<{message.reference}@{sender.domain}>"
    mail[bounces.REFERENCE_HEADER] = message.reference
    if settings.get("reply_to"):
        mail["Reply-To"] = _own(settings["reply_to"])
    way_out = message.unsubscribe_url or ""
    if re.fullmatch(r"https?://[!-~]+", way_out) and not re.search(r"[<>,]", way_out):
        mail["List-Unsubscribe"] = f"<{way_out}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Auto-Submitted"] = "auto-generated"  # nobody's absence note shall answer it
    mail["Precedence"] = "bulk"
    text = re.sub(r"[\ud800-\udfff]", "\ufffd", message.body)
    mail.set_content(text, cte="quoted-printable")
    mail.add_alternative(_page(text, _line(message.subject)), subtype="html", cte="quoted-printable")
    return mail


def _page(text: str, title: str) -> str:
    """The text as HTML: paragraphs, line ends, links; everything else stays what was written."""
    paragraphs = [f"<p>{_linked(each)}</p>" for each in re.split(r"\n\s*\n", text.strip().replace("\r\n", "\n"))]
    return PAGE.format(title=html.escape(title), paragraphs="\n".join(paragraphs))


def _linked(text: str) -> str:
    return "<br>\n".join(_picture(line) or _line_with_links(line) for line in text.split("\n"))


def _picture(line: str) -> str:
    """A line that is the address of a picture, as that picture; empty for any other."""
    if not PICTURE.fullmatch(line.strip()):
        return ""
    return f'<img src="{html.escape(line.strip())}" alt="" style="max-width:100%;height:auto;border:0">'


def _line_with_links(text: str) -> str:
    parts, end = [], 0
    for found in LINK.finditer(text):
        url = html.escape(found.group())
        parts += [html.escape(text[end : found.start()]), f'<a href="{url}">{url}</a>']
        end = found.end()
    return "".join([*parts, html.escape(text[end:])])
