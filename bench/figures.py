"""What ``make bench`` measures. docs/speed.md explains each; a house test keeps the two the same."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass


class NotRun(Exception):
    """A figure cannot be measured here; the words say why."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    #: Module and function that measure it once.
    measure: str
    goal: float
    words: str
    unit: str = "ratio"
    #: Whether more is better.
    at_least: bool = True
    runs: int = 3

    def once(self) -> float:
        """One measurement.

        :raises NotRun: it cannot be done here.
        """
        try:
            found = pkgutil.resolve_name(self.measure)
        except ModuleNotFoundError as error:
            if error.name != self.measure.partition(":")[0]:
                raise
            raise NotRun(f"there is no {error.name}.") from None
        value: float = found()
        return value

    def is_met(self, value: float) -> bool:
        """Whether a value reaches the goal."""
        return value >= self.goal if self.at_least else value <= self.goal


FIGURES = (
    Figure(
        "send_vs_loop_0ms",
        "bench.sending:send_vs_loop_0ms",
        0.70,
        "texts/s, the gateway answering at once, ÷ the bare client's",
    ),
    Figure(
        "send_vs_loop_100ms",
        "bench.sending:send_vs_loop_100ms",
        0.95,
        "texts/s, the gateway answering after 100 ms, ÷ the bare client's",
    ),
    Figure(
        "fanout_vs_insert",
        "bench.fanout:fanout_vs_insert",
        1.6,
        "time from restock to 100,000 planned texts ÷ the bare insert of their rows",
        at_least=False,
    ),
    Figure(
        "plan_all_rules_vs_insert",
        "bench.plans:plan_all_rules_vs_insert",
        2.5,
        "the same with every rule about people on",
        at_least=False,
    ),
    Figure(
        "plan_cost_growth",
        "bench.plans:plan_cost_growth",
        1.2,
        "CPU time to plan a request among 1,000,000 ÷ among 1,000, every rule on",
        at_least=False,
        runs=1,
    ),
    Figure(
        "simulator_vs_planning",
        "bench.plans:simulator_vs_planning",
        1.0,
        "time to simulate a restock for 20,000 people ÷ to plan it, every rule on",
        at_least=False,
    ),
    Figure(
        "bulk_vs_insert",
        "bench.bulk:bulk_vs_insert",
        2.5,
        "time from the confirmation of a text to 50,000 to all of them planned ÷ the bare insert of their rows",
        at_least=False,
    ),
    Figure(
        "first_text_p99_s",
        "bench.latency:first_text_p99_s",
        0.3,
        "from the stock call to its first text accepted, idle installation, 99th of 100",
        unit="s",
        at_least=False,
        runs=1,
    ),
    Figure(
        "signup_vs_empty_view",
        "bench.signups:signup_vs_empty_view",
        0.25,
        "sign-ups/s ÷ requests/s of a view that does nothing",
    ),
    Figure(
        "signup_during_fanout",
        "bench.signups:signup_during_fanout",
        0.5,
        "sign-ups/s while 100,000 texts are planned ÷ sign-ups/s alone",
        runs=1,
    ),
    Figure(
        "signup_during_fanout_p99_s",
        "bench.signups:signup_during_fanout_p99_s",
        0.3,
        "99 of 100 sign-ups are answered within this while 100,000 texts are planned",
        unit="s",
        at_least=False,
        runs=1,
    ),
    Figure(
        "vs_task_per_text",
        "bench.tasks:vs_task_per_text",
        1.0,
        "texts/s ÷ those of one task a text with as many threads and the same client",
    ),
    Figure(
        "vs_django_oscar",
        "bench.oscar:vs_django_oscar",
        15,
        "shoppers told/s by text through an HTTP gateway ÷ by django-oscar's emails over SMTP",
        runs=1,
    ),
    Figure(
        "vs_django_oscar_smtp",
        "bench.oscar:vs_django_oscar_smtp",
        2,
        "the same with emails on both sides, to one SMTP server",
        runs=1,
    ),
    Figure(
        "vs_django_oscar_dummy",
        "bench.oscar:vs_django_oscar_dummy",
        8,
        "the same where accepting costs nothing: its dummy backend, our outbox",
        runs=1,
    ),
    Figure(
        "worker_memory_growth",
        "bench.memory:worker_memory_growth",
        1.1,
        "a worker's memory after 100,000 texts ÷ after the first 10,000",
        at_least=False,
        runs=1,
    ),
    Figure(
        "cost_growth",
        "bench.growth:cost_growth",
        1.2,
        "CPU time to plan, claim and settle a text beside 1,000,000 old ones ÷ beside 10,000",
        at_least=False,
        runs=1,
    ),
    Figure(
        "two_workers_speedup",
        "bench.workers:two_workers_speedup",
        1.7,
        "texts/s of two workers ÷ of one, the gateway answering after 100 ms",
        runs=2,
    ),
    Figure(
        "export_vs_openpyxl",
        "bench.exports:export_vs_openpyxl",
        0.5,
        "rows/s of a workbook from the database ÷ bare openpyxl writing the same rows",
    ),
    Figure(
        "admin_lists_p95_ms",
        "bench.lists:admin_lists_p95_ms",
        100,
        "95 of 100 list pages of the admin are made within this: 200,000 customers, 500,000 orders, 1,000,000 messages",
        unit="ms",
        at_least=False,
        runs=1,
    ),
    Figure(
        "admin_lists_growth",
        "bench.lists:admin_lists_growth",
        1.3,
        "time for all these pages ÷ beside a tenth of the rows",
        at_least=False,
        runs=1,
    ),
    Figure(
        "admin_lists_p95_ms_postgresql",
        "bench.lists:admin_lists_p95_ms_postgresql",
        100,
        "the same as admin_lists_p95_ms, on PostgreSQL",
        unit="ms",
        at_least=False,
        runs=1,
    ),
    Figure(
        "admin_lists_growth_postgresql",
        "bench.lists:admin_lists_growth_postgresql",
        1.3,
        "the same as admin_lists_growth, on PostgreSQL",
        at_least=False,
        runs=1,
    ),
    Figure(
        "metrics_p95_ms",
        "bench.metrics:metrics_p95_ms",
        200,
        "95 of 100 pages of the metrics are made within this: 10,000,000 lines of history of messages",
        unit="ms",
        at_least=False,
        runs=1,
    ),
)
