"""Suppliers as records: admission, probation, suspension at once, the blacklist; offers, gaps, visits owed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from ivr.policy import Policy
from ivr.vocabulary import Rating
from models.audit import AuditEntry
from models.base import utc_now
from models.database import Database
from models.elders import Elder
from models.masking import masked
from models.queries.offers import offers_for
from models.queries.service_gaps import list_gaps
from models.queries.suppliers import Warned, list_suppliers, ranked, supplier_line
from models.queries.visits_owed import list_visits_owed
from models.register import FormRefused
from models.scope import EVERYWHERE, NOWHERE, Scope
from models.services.catalogue import ClassRule, ServiceForm, add_service, catalogue, change_service
from models.services.quota import owed_by_now, whole_months
from models.services.records import ServiceUnit
from models.suppliers.admission import change, register
from models.suppliers.outcomes import complained, complaint_dropped, order_ended, order_rated
from models.suppliers.records import Condition, Supplier, SupplierPaper, SupplierService, SupplierStatus, Worker
from models.suppliers.standing import a_year_after, change_status, history_of
from models.suppliers.supplier_forms import PaperForm, licence_key
from models.suppliers.workers import WorkerForm, add_worker, by_badge, change_worker, renew_badge
from models.versions import VersionConflict

from . import conftest as land
from .conftest import AREA, BY, LONG_AGO, TODAY

POLICY = Policy()


def refused(found: pytest.ExceptionInfo[FormRefused]) -> set[str]:
    return {problem.field for problem in found.value.problems}


async def status_of(db: Database, supplier: int) -> tuple[SupplierStatus, str]:
    async with db.read() as session:
        row = await session.get_one(Supplier, supplier)
        return row.status, row.status_reason


@pytest.mark.clause("S11")
async def test_admission_needs_six_papers_in_force_and_an_agreement(db: Database) -> None:
    async with db.write() as session:
        whole = await land.form(session)
        without: dict[Condition, PaperForm] = {
            one: paper for one, paper in whole.papers.items() if one is not Condition.TAX
        }
        old = {**without, Condition.TAX: PaperForm("DEMO", "", LONG_AGO, TODAY - timedelta(days=1))}
        supplier = await register(session, replace(whole, papers=without), by=BY, area_code=AREA)
        for lacking in (without, old):
            version = supplier.version
            await change(
                session,
                supplier.id,
                replace(whole, papers=lacking, notes=f"{len(lacking)}"),
                version=version,
                by=BY,
                area_code=AREA,
            )
            assert supplier.version == version + 1
            with pytest.raises(FormRefused) as found:
                await _status(session, supplier, SupplierStatus.PROBATION)
            assert refused(found) == {"status"}
            session.expunge_all()
            supplier = await session.get_one(Supplier, supplier.id)
        late = replace(whole, agreement_until=TODAY - timedelta(days=1))
        await change(session, supplier.id, late, version=supplier.version, by=BY, area_code=AREA)
        with pytest.raises(FormRefused):
            await _status(session, supplier, SupplierStatus.PROBATION)
        await change(session, supplier.id, whole, version=supplier.version, by=BY, area_code=AREA)
        await _status(session, supplier, SupplierStatus.PROBATION)
        assert supplier.on_probation_until == a_year_after(TODAY)
        with pytest.raises(FormRefused) as found:
            await _status(session, supplier, SupplierStatus.ACTIVE)  # the year is not over
        assert refused(found) == {"status"}
        supplier.on_probation_until = TODAY - timedelta(days=1)
        await session.flush()
        await _status(session, supplier, SupplierStatus.ACTIVE)
        assert [(one.old, one.new) for one in await history_of(session, supplier.id)] == [
            (SupplierStatus.APPLYING, SupplierStatus.PROBATION),
            (SupplierStatus.PROBATION, SupplierStatus.ACTIVE),
        ]


async def _status(session: object, supplier: Supplier, new: SupplierStatus, reason: str = "") -> None:
    await change_status(
        session,  # type: ignore[arg-type]
        supplier.id,
        new,
        reason=reason,
        version=supplier.version,
        by=BY,
        today=TODAY,
    )


@pytest.mark.clause("S11")
async def test_a_form_is_refused_beside_each_field_that_is_wrong(db: Database) -> None:
    async with db.write() as session:
        good = await land.form(session)
        service = await land.service(session)
        wrong = replace(
            good,
            name=" ",
            licence="12",
            phone="not a number",
            capital=-1,
            agreement_until=LONG_AGO - timedelta(days=1),
            papers={Condition.TAX: PaperForm("1"), Condition.STAFF: PaperForm(issued_on=TODAY + timedelta(days=1))},
            prices={service: 3_001, 999: 1},
            areas=frozenset({999}),
        )
        with pytest.raises(FormRefused) as found:
            await register(session, wrong, by=BY, area_code=AREA)
        assert refused(found) == {
            "name", "licence", "phone", "capital", "agreement_until", "papers.tax.issued_on", "papers.staff.issued_on",
            f"prices.{service}", "prices.999", "areas",
        }  # fmt: skip
        first = await register(session, good, by=BY, area_code=AREA)
        with pytest.raises(VersionConflict):
            await change(session, first.id, good, version=first.version + 1, by=BY, area_code=AREA)


@pytest.mark.clause("H10")
async def test_the_blacklist_is_for_good_and_goes_by_the_licence(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session, "99DEMO00000001")
        with pytest.raises(FormRefused) as found:
            await _status(session, supplier, SupplierStatus.BLACKLISTED)
        assert refused(found) == {"reason"}
        await _status(session, supplier, SupplierStatus.BLACKLISTED, "伪造材料")
        for new in SupplierStatus:
            with pytest.raises(FormRefused):
                await _status(session, supplier, new, "再来一次")
        assert licence_key("99-demo 0000000l") != licence_key("99DEMO00000001")
        for typed in ("99DEMO00000001", "９９ｄｅｍｏ-0000 0001", "99DEMOO000000I"):
            renamed = replace(await land.form(session, typed), name="演示·新名字")
            with pytest.raises(FormRefused) as found:
                await register(session, renamed, by=BY, area_code=AREA)
            assert refused(found) == {"licence"}
            assert "黑名单" in found.value.problems[0].zh
        with pytest.raises(FormRefused):
            await change(
                session, supplier.id, await land.form(session, "99DEMO00000009"), version=supplier.version,
                by=BY, area_code=AREA,
            )  # fmt: skip
    async with db.read() as session:
        actions = list(await session.scalars(select(AuditEntry.action)))
    assert "supplier.status" in actions


@pytest.mark.clause("H9")
async def test_the_fourth_complaint_in_a_row_suspends_at_once(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session)
        service = await land.service(session)
        for number in range(20):
            order = await land.order(session)
            at = utc_now() + timedelta(seconds=60 - number)  # recorded in any order: when they were counts
            await order_ended(session, supplier.id, order, policy=POLICY, service=service, at=at)
        row = [await land.order(session) for _ in range(4)]
        stopped = []
        for minute, order in enumerate(row, start=1):
            at = utc_now() + timedelta(minutes=1 + minute)
            await order_ended(session, supplier.id, order, policy=POLICY, service=service, at=at)
            told = [
                await complained(session, supplier.id, await land.complaint(session), policy=POLICY, order=order)
                for _ in range(2)  # two complaints about one order are one complained order
            ]
            stopped.append(any(told))
            void, at = await land.order(session), at + timedelta(seconds=30)  # which is none that went well
            await order_ended(session, supplier.id, void, policy=POLICY, service=service, at=at, void=True)
        assert stopped == [False, False, False, True]
        shown = await supplier_line(session, supplier.id, scope=EVERYWHERE, policy=POLICY, today=TODAY)
        assert shown is not None
        assert (shown.facts.orders, shown.facts.complaints, shown.facts.complained_in_a_row) == (28, 4, 4)
        assert shown.rank is None
    status, reason = await status_of(db, supplier.id)
    assert status is SupplierStatus.SUSPENDED
    assert "4" in reason


@pytest.mark.clause("H9")
async def test_a_complaint_rate_above_a_fifth_suspends_and_the_second_time_is_final(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session)

        async def play(good: int, bad: int) -> bool:
            stopped = False
            service = await land.service(session)
            for number in range(good + bad):
                order = await land.order(session)
                await order_ended(session, supplier.id, order, policy=POLICY, service=service)
                if number % 3 == 1 and number // 3 < bad:
                    complaint = await land.complaint(session)
                    stopped = await complained(session, supplier.id, complaint, policy=POLICY, order=order)
                await order_rated(session, order, Rating.SATISFIED, policy=POLICY)
            return stopped

        def now() -> SupplierStatus:
            return supplier.status

        await play(5, 1)
        assert now() is SupplierStatus.PROBATION  # one of six
        await play(4, 2)
        assert now() is SupplierStatus.SUSPENDED  # three of twelve
        await _status(session, supplier, SupplierStatus.PROBATION)
        await play(1, 0)  # what was before counts no more
        assert now() is SupplierStatus.PROBATION
        await play(6, 3)
        assert now() is SupplierStatus.SUSPENDED
        with pytest.raises(FormRefused) as found:
            await _status(session, supplier, SupplierStatus.PROBATION)
        assert "H10" in found.value.problems[0].en


async def test_a_complaint_that_was_dropped_counts_no_more(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session)
        order, first, second = (
            await land.order(session), await land.complaint(session), await land.complaint(session)
        )  # fmt: skip
        await order_ended(session, supplier.id, order, policy=POLICY, service=await land.service(session), void=True)
        await complained(session, supplier.id, first, policy=POLICY, order=order)
        await complained(session, supplier.id, second, policy=POLICY)
        facts = (await ranked(session, scope=EVERYWHERE, policy=POLICY, today=TODAY))[0].facts
        assert (facts.orders, facts.void, facts.complaints) == (1, 1, 2)
        for complaint in (first, second):
            await complaint_dropped(session, complaint)
        facts = (await ranked(session, scope=EVERYWHERE, policy=POLICY, today=TODAY))[0].facts
        assert (facts.orders, facts.void, facts.complaints) == (1, 1, 0)


@pytest.mark.clause("T8")
async def test_nobody_works_without_training_and_a_lost_badge_counts_no_more(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session)
        worker = (await session.scalars(select(Worker))).one()
        service, home = await land.service(session), await land.unit(session, "演示一街道社区")

        async def offered() -> list[int]:
            found = await offers_for(session, service, home, policy=POLICY, today=TODAY)
            return [offer.supplier for offer in found.offered]

        assert await offered() == [supplier.id]
        untrained = [
            {"trained_on": None},
            {"trained_on": TODAY + timedelta(days=1)},
            {"trained_on": LONG_AGO, "trained_until": TODAY - timedelta(days=1)},
            {"trained_on": LONG_AGO, "active": False},
        ]
        for dates in untrained:
            form = WorkerForm("演示·工", "12000000102", **dates)  # type: ignore[arg-type]
            await change_worker(session, worker.id, form, version=worker.version, by=BY, area_code=AREA)
            assert await offered() == []
        token = worker.badge_token
        assert await by_badge(session, token) == (worker, supplier)
        await renew_badge(session, worker.id, version=worker.version, by=BY)
        assert await by_badge(session, token) is None
        with pytest.raises(FormRefused) as found:
            await add_worker(
                session, supplier.id, WorkerForm("", "120****0102", worker.badge_number), by=BY, area_code=AREA
            )
        assert refused(found) == {"name", "phone", "badge_number"}
        second = await add_worker(session, supplier.id, WorkerForm("演示·乙", "12000000103"), by=BY, area_code=AREA)
        assert second.badge_number == f"{supplier.id}-002"


@pytest.mark.clause("H6", "S3.2")
async def test_offers_and_gaps_go_by_service_and_place(db: Database) -> None:
    async with db.write() as session:
        everywhere = await land.admitted(session, "99DEMO00000001")
        street = await land.admitted(session, "99DEMO00000002", place="演示一街道")
        service = await land.service(session)
        near, far = [await land.unit(session, f"演示{name}街道社区") for name in ("一", "二")]
        found = await offers_for(session, service, near, policy=POLICY, today=TODAY, open_orders={everywhere.id: 3})
        assert [offer.supplier for offer in found.offered] == [street.id, everywhere.id]
        found = await offers_for(session, service, far, policy=POLICY, today=TODAY)
        assert [offer.supplier for offer in found.offered] == [everywhere.id]
        assert [(one.supplier, one.why.zh) for one in found.left_out] == [(street.id, "不服务此地")]
        gaps = (await list_gaps(session, scope=EVERYWHERE, today=TODAY, limit=200)).items
        cleaning = [(gap.unit, len(gap.suppliers)) for gap in gaps if gap.service == service]
        assert cleaning == [(far, 1)]
        assert len(gaps) == 1 + 15 * 2  # nobody does the other services
        here = Scope(units=frozenset({near}))
        assert {gap.unit for gap in (await list_gaps(session, scope=here, today=TODAY)).items} == {near}
        page = await list_gaps(session, scope=EVERYWHERE, today=TODAY, limit=2)
        assert (len(page.items), page.next) == (2, "2")

        async def lacking(supplier: Supplier, **wrong: Any) -> list[tuple[int, int]]:
            """The gaps of cleaning while this is so."""
            right = {name: getattr(supplier, name) for name in wrong}
            for changes in (wrong, right):
                for name, value in changes.items():
                    setattr(supplier, name, value)
                await session.flush()
                if changes is wrong:
                    found = (await list_gaps(session, scope=EVERYWHERE, today=TODAY, service=service)).items
            return [(gap.unit, len(gap.suppliers)) for gap in found]

        yesterday, tomorrow = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
        assert await lacking(everywhere, agreement_until=yesterday) == [(near, 1), (far, 0)]
        assert await lacking(everywhere, agreement_from=tomorrow) == [(near, 1), (far, 0)]
        paper = (await session.scalars(select(SupplierPaper).where(SupplierPaper.supplier_id == street.id))).first()
        assert paper is not None
        paper.valid_until = yesterday  # the other's count still
        assert await lacking(street) == [(near, 1), (far, 1)]
        price = await session.get_one(SupplierService, (everywhere.id, service))
        price.price = 10**7
        assert await lacking(everywhere) == [(near, 0), (far, 0)]


async def test_who_sees_which_suppliers(db: Database) -> None:
    async with db.write() as session:
        first = await land.admitted(session, "99DEMO00000001", place="演示一街道")
        second = await land.admitted(session, "99DEMO00000002", place="演示二街道社区")
        near, far = [await land.unit(session, f"演示{name}街道社区") for name in ("一", "二")]

        async def seen(scope: Scope, **wanted: object) -> set[int]:
            found = await list_suppliers(session, scope=scope, policy=POLICY, today=TODAY, **wanted)  # type: ignore[arg-type]
            return {line.id for line in found.items}

        assert await seen(EVERYWHERE) == {first.id, second.id}
        assert await seen(NOWHERE) == set()
        assert await seen(Scope(units=frozenset({near}))) == {first.id}
        assert await seen(replace(NOWHERE, supplier=second.id)) == {second.id}
        assert await seen(EVERYWHERE, org_unit=far) == {second.id}
        assert await seen(EVERYWHERE, status=SupplierStatus.ACTIVE) == set()
        line = (await list_suppliers(session, scope=EVERYWHERE, policy=POLICY, today=TODAY)).items[0]
        assert masked(line).licence == line.licence


async def test_what_runs_out_shouts(db: Database) -> None:
    async with db.write() as session:
        supplier = await land.admitted(session)
        old, soon = TODAY - timedelta(days=1), TODAY + timedelta(days=30)
        form = await land.form(session)
        papers = {**form.papers, Condition.TAX: PaperForm("1", "", LONG_AGO, old)}
        papers[Condition.RECORD] = PaperForm("1", "", LONG_AGO, soon)
        await change(
            session, supplier.id, replace(form, papers=papers), version=supplier.version, by=BY, area_code=AREA
        )
        supplier.on_probation_until = old
        worker = (await session.scalars(select(Worker))).one()
        worker.trained_until = soon
        await session.flush()
        line = await supplier_line(session, supplier.id, scope=EVERYWHERE, policy=POLICY, today=TODAY)
        assert line is not None
        assert [(one.kind, one.over) for one in line.warnings] == [
            (Warned.PAPER, True),
            (Warned.PROBATION, True),
            (Warned.PAPER, False),
            (Warned.TRAINING, False),
        ]
        assert line.missing == (Condition.TAX,)


@pytest.mark.clause("H13", "T1", "S6")
async def test_the_catalogue_keeps_to_the_rules_of_visits_and_classes(db: Database) -> None:
    async with db.write() as session:
        first = await catalogue(session)
        assert len(first) == 16
        assert len({one.aid for one in first}) == 8
        assert all(one.price_limit <= 3_000 and one.minimum_minutes >= 50 for one in first if one.counts_as_visit)
        assert {one.rules[1].paid_percent for one in first} == {100}
        form = ServiceForm(first[0].aid, "代缴费", "paying bills", ServiceUnit.VISIT, 3_001, 49)
        with pytest.raises(FormRefused) as found:
            await add_service(session, "meals", replace(form, rules={2: ClassRule(paid_percent=49)}), by=BY)
        assert refused(found) == {"price_limit", "minimum_minutes", "rules.2", "code"}
        new = await add_service(session, "bills", replace(form, counts_as_visit=False), by=BY)
        rules = {**first[0].rules, 3: ClassRule(offered=False)}
        version = new.version
        changed = replace(form, counts_as_visit=False, rules=rules, active=False)
        await change_service(session, new.id, changed, version=version, by=BY)
        assert new.version == version + 1
        with pytest.raises(VersionConflict):
            await change_service(session, new.id, changed, version=version, by=BY)
        last = (await catalogue(session))[-1]
        assert (last.code, last.active, last.rules[3].offered) == ("bills", False, False)
        assert new.id not in {one.id for one in await catalogue(session, active_only=True)}


@pytest.mark.clause("T1")
async def test_who_is_behind_and_who_is_over_this_year(db: Database) -> None:
    today = date(2026, 7, 15)
    async with db.write() as session:
        supplier = await land.admitted(session)
        cleaning, meals = await land.service(session), await land.service(session, "meals")
        behind, level, over, own, new = [
            await land.elder(session, service_class=one) for one in (1, 2, 1, 3, 1)
        ]  # fmt: skip
        (await session.get_one(Elder, new)).created_at = datetime(2026, 4, 10).astimezone()
        visits = {behind: 5, level: 6, over: 13, own: 0, new: 2}
        for elder, count in visits.items():
            for _ in range(count):
                order, at = await land.order(session, elder), datetime(2026, 3, 1).astimezone()
                await order_ended(session, supplier.id, order, policy=POLICY, service=cleaning, at=at)
            for service, void, year in ((meals, False, 2026), (cleaning, True, 2026), (cleaning, False, 2025)):
                order, at = await land.order(session, elder), datetime(year, 3, 1).astimezone()
                await order_ended(session, supplier.id, order, policy=POLICY, service=service, at=at, void=void)

        async def found(standing: str, scope: Scope = EVERYWHERE) -> dict[int, tuple[int, int]]:
            page = await list_visits_owed(
                session,
                scope=scope,
                policy=POLICY,
                today=today,
                standing=standing,  # type: ignore[arg-type]
            )
            return {one.elder: (one.done, one.by_now) for one in page.items}

        assert await found("behind") == {behind: (5, 6)}
        assert await found("over") == {over: (13, 6)}
        assert await found("any") == {behind: (5, 6), level: (6, 6), over: (13, 6), new: (2, 2)}
        assert await found("any", NOWHERE) == {}


@pytest.mark.clause("T1")
def test_a_visit_is_owed_for_each_month_that_is_over() -> None:
    assert [owed_by_now(12, whole_months(date(2026, month, 1), date(2020, 5, 5))) for month in (1, 2, 12)] == [0, 1, 11]
    assert whole_months(date(2026, 7, 1), date(2026, 7, 1)) == 0
    assert owed_by_now(5, 6) == 2


async def test_no_score_reads_the_orders_of_a_year_and_an_offer_asks_for_few(db: Database) -> None:
    async with db.write() as session:
        near = await land.admitted(session, "99DEMO00000001", place="演示一街道")
        await land.admitted(session, "99DEMO00000002", place="演示二街道")
        service, home = await land.service(session), await land.unit(session, "演示一街道社区")
    asked: list[tuple[str, Any]] = []
    async with db.read() as session:
        connection = (await session.connection()).sync_connection

        def note(_c: Any, _u: Any, statement: str, parameters: Any, *_: Any) -> None:
            asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        everybody = await ranked(session, scope=EVERYWHERE, policy=POLICY, today=TODAY)
        count = len(asked)
        found = await offers_for(session, service, home, policy=POLICY, today=TODAY)
        event.remove(connection, "before_cursor_execute", note)
        for statement, parameters in asked:
            if "supplier_outcomes" not in statement:
                continue
            plan = (await session.connection()).exec_driver_sql
            steps = [row[3] for row in await plan(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            read = [step for step in steps if "supplier_outcomes" in step]
            assert read
            assert all("COVERING INDEX ix_supplier_outcomes_facts" in step for step in read), steps
    assert (len(everybody), [one.supplier for one in found.offered]) == (2, [near.id])
    (of_offer,) = [statement for statement, _ in asked[count:] if "supplier_outcomes" in statement]
    assert of_offer.count("supplier_id IN (?)") == 2  # one supplier's are counted
