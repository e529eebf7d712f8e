"""An import, and what was wrong with its rows."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from nexnotify.db import BigId, Encrypted, Tenant, db, partial_index, tenant_args, tenant_key
from nexnotify.words import N_

#: Where an import stands; the words are what a person reads.
STATUSES = {
    "checking": N_("The file is being read; nothing is changed."),
    "checked": N_("The file has been read. Nothing is changed before you say so."),
    "running": N_("The rows are being taken in."),
    "done": N_("All good rows have been taken in."),
    "unreadable": N_("The file could not be read; nothing was changed."),
    "failed": N_("A fault stopped it; what was taken in before stays."),
    "cancelled": N_("Ended by one of your people, or never begun for a day."),
}
#: Something for a worker.
AT_WORK = ("checking", "running")


class ImportRun(Tenant, db.Model):
    """One uploaded file and what becomes of it. Its content is gone when it is over."""

    __tablename__ = "import_run"
    __table_args__ = tenant_args(
        sa.Index("ix_import_run_list", "store_id", "id"),
        partial_index("ix_import_run_at_work", "id", where="status IN ('checking', 'running')"),
        partial_index("ix_import_run_kept", "created_at", where="forgotten_at IS NULL"),
    )

    #: One of ``imports.kinds.KINDS``.
    kind: Mapped[str] = mapped_column(sa.String(20))
    file_name: Mapped[str] = mapped_column(sa.String(255))
    #: Products: take the quantities in the file too.
    with_stock: Mapped[bool] = mapped_column(default=False)
    #: Products: what the addresses of a Shopify export hang on.
    shop_url: Mapped[str | None] = mapped_column(sa.String(2000))
    status: Mapped[str] = mapped_column(sa.String(20))
    #: Why it is unreadable.
    problem: Mapped[str | None] = mapped_column(sa.Text)
    #: The file, packed and encrypted; null once it is over.
    content: Mapped[str | None] = mapped_column(Encrypted, deferred=True)
    #: Of this pass over the file: how many items and refused rows it has, the row of the last item that is done with,
    #: how many items were taken, and how many rows or items refused.
    total: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None] = mapped_column(BigId, sa.ForeignKey("staff_user.id"))
    created_at: Mapped[datetime]
    #: When a worker last did something for it; one that has been silent for long is dead.
    worked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: When its faults were deleted; they quote the file.
    forgotten_at: Mapped[datetime | None]


class ImportFault(Tenant, db.Model):
    """A row that was refused, by its number in the file."""

    __tablename__ = "import_fault"
    __table_args__ = tenant_args(
        tenant_key("import_run_id", "import_run"),
        sa.Index("ix_import_fault_run", "store_id", "import_run_id", "line", "id"),
    )

    import_run_id: Mapped[int] = mapped_column(BigId)
    line: Mapped[int]
    column: Mapped[str | None] = mapped_column(sa.String(255))
    #: What stood there, and what is wrong with it: both may name a person.
    value: Mapped[str | None] = mapped_column(Encrypted)
    reason: Mapped[str] = mapped_column(Encrypted)
