"""Stripe's reports. The files are written by hand, with the columns that Stripe documents for its report types
`balance_change_from_activity.itemized.3`, `payout_reconciliation.itemized` and `payouts.itemized.3`; none was downloaded.
"""

from datetime import UTC, datetime
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from tradepost.kernel.errors import Invalid
from tradepost.kernel.money import Money
from tradepost.payments.gateway import BalanceKind, BalanceLine
from tradepost_adapters.stripe import read_report

ACTIVITY = """\
balance_transaction_id,created_utc,created,available_on_utc,available_on,currency,gross,fee,net,reporting_category,\
source_id,description,customer_facing_amount,customer_facing_currency,automatic_payout_id,charge_id,payment_intent_id,\
dispute_reason,payment_metadata[operation_id],payment_metadata[capture_operation_id],refund_metadata[operation_id]
txn_1,2026-11-02 08:30:00,2026-11-02 09:30:00,2026-11-09 00:00:00,2026-11-09 01:00:00,eur,1234.50,17.53,1216.97,charge,\
ch_1,"Order ""1"", two mugs",1234.50,eur,po_1,ch_1,pi_1,,op_1,,
txn_2,2026-11-02 09:00:00,2026-11-02 10:00:00,2026-11-09 00:00:00,2026-11-09 01:00:00,eur,20.00,0.53,19.47,charge,\
ch_2,,20.00,eur,po_1,ch_2,pi_2,,op_2,op_3,
txn_3,2026-11-02 09:00:00,2026-11-02 10:00:00,2026-11-09 00:00:00,2026-11-09 01:00:00,eur,-5.00,0.00,-5.00,\
partial_capture_reversal,re_2,,-5.00,eur,po_1,ch_2,pi_2,,op_2,op_3,
txn_4,2026-11-03 10:00:00,2026-11-03 11:00:00,2026-11-10 00:00:00,2026-11-10 01:00:00,eur,-34.50,0.00,-34.50,refund,\
re_1,,-34.50,eur,po_1,ch_1,pi_1,,op_1,,op_4
txn_5,2026-11-04 10:00:00,2026-11-04 11:00:00,2026-11-04 10:00:00,2026-11-04 11:00:00,eur,-20.00,20.00,-40.00,dispute,\
du_1,,-20.00,eur,po_1,ch_2,pi_2,fraudulent,op_2,op_3,
txn_6,2026-11-05 10:00:00,2026-11-05 11:00:00,2026-11-05 10:00:00,2026-11-05 11:00:00,eur,-1.19,0.00,-1.19,fee,\
,Radar,,,po_1,,,,,,
txn_7,2026-11-06 10:00:00,2026-11-06 11:00:00,2026-11-06 10:00:00,2026-11-06 11:00:00,jpy,500,18,482,charge,\
ch_3,,500,jpy,po_2,ch_3,,,op_7,,
txn_8,2026-11-06 10:00:00,2026-11-06 11:00:00,2026-11-06 10:00:00,2026-11-06 11:00:00,kwd,12.340,0.200,12.140,charge,\
ch_4,,12.340,kwd,po_3,ch_4,pi_4,,op_8,,
"""
PAYOUTS = """\
payout_id,effective_at_utc,effective_at,currency,gross,fee,net,reporting_category,balance_transaction_id,description,\
payout_expected_arrival_date,payout_status,payout_reversed_at_utc,payout_reversed_at,payout_type,payout_description
po_1,2026-11-10 00:00:00,2026-11-10 01:00:00,eur,-1156.75,0.00,-1156.75,payout,txn_10,STRIPE PAYOUT,2026-11-10 00:00:00,\
failed,2026-11-12 00:00:00,2026-11-12 01:00:00,bank_account,STRIPE PAYOUT
po_1,2026-11-12 00:00:00,2026-11-12 01:00:00,eur,1156.75,0.00,1156.75,payout_reversal,txn_11,,,,,,,
"""
SHORT = "balance_transaction_id,created,currency,gross,fee,reporting_category,source_id"
ROW = "txn_1,2026-07-01 12:00:00,eur,10.00,0.39,charge,ch_1"


def read(text: str | bytes) -> list[BalanceLine]:
    return list(read_report(BytesIO(text if isinstance(text, bytes) else text.encode())))


def test_a_report_of_activity_holds_the_same_lines_as_the_balance() -> None:
    lines = read(ACTIVITY)
    assert lines[0] == BalanceLine(
        id="txn_1",
        kind=BalanceKind.CHARGE,
        amount=Money(123450, "EUR"),
        fee=1753,
        at=datetime(2026, 11, 2, 8, 30, tzinfo=UTC),
        reference="pi_1",
        operation_id="op_1",
    )
    assert [(line.kind, line.amount.amount, line.fee, line.reference, line.operation_id) for line in lines[1:]] == [
        ("charge", 2000, 53, "pi_2", "op_3"),
        ("charge", -500, 0, "pi_2", "op_3"),
        ("refund", -3450, 0, "pi_1", "op_4"),
        ("dispute", -2000, 2000, "du_1", None),
        ("fee", -119, 0, None, None),
        ("charge", 500, 18, "ch_3", "op_7"),
        ("charge", 12340, 200, "pi_4", "op_8"),
    ]
    assert [line.amount.currency for line in lines[-2:]] == ["JPY", "KWD"]


def test_a_report_of_payouts_names_them() -> None:
    assert [(line.id, line.kind, line.amount, line.reference) for line in read(PAYOUTS)] == [
        ("txn_10", "payout", Money(-115675, "EUR"), "po_1"),
        ("txn_11", "payout_failed", Money(115675, "EUR"), "po_1"),
    ]


def test_a_report_of_what_a_payout_holds_is_read_alike() -> None:
    header = (
        "automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,created_utc,currency,gross,fee,net"
    )
    header += ",reporting_category,source_id,charge_id,payment_intent_id"
    row = "po_1,2026-11-10 00:00:00,txn_1,2026-11-02 08:30:00,usd,10.00,0.59,9.41,charge,ch_1,ch_1,pi_1"
    (line,) = read(f"{header}\n{row}\n")
    assert (line.amount, line.fee, line.reference, line.operation_id) == (Money(1000, "USD"), 59, "pi_1", None)


def test_a_column_that_does_not_say_where_is_read_in_the_time_zone_of_the_report() -> None:
    file = f"{SHORT}\n{ROW}\n".encode()
    (line,) = read_report(BytesIO(file))
    assert line.at == datetime(2026, 7, 1, 12, tzinfo=UTC)
    (line,) = read_report(BytesIO(file), timezone=ZoneInfo("Europe/Berlin"))
    assert line.at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    (line,) = read_report(BytesIO(file.replace(b"12:00:00", b"12:00:00+09:00")), timezone=ZoneInfo("Europe/Berlin"))
    assert line.at == datetime(2026, 7, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "code", "amount"),
    [
        ("0.10", "eur", 10),
        ("-0.01", "EUR", -1),
        ("1000000000.29", "usd", 100_000_000_029),
        ("7", "jpy", 7),
        ("7.00", "isk", 7),
        ("1.5", "bhd", 1500),
        ("5", "mga", 500),
    ],
)
def test_amounts_are_read_exactly(text: str, code: str, amount: int) -> None:
    (line,) = read(f"{SHORT}\ntxn_1,2026-07-01 12:00:00,{code},{text},0,charge,ch_1\n")
    assert line.amount == Money(amount, code.upper())


def test_the_file_may_be_saved_by_a_spreadsheet() -> None:
    file = f"{SHORT}\n{ROW}\n\n".replace(",", ";").replace("\n", "\r\n")
    assert read(b"\xef\xbb\xbf" + file.encode()) == read(f"{SHORT}\n{ROW}\n")


@pytest.mark.parametrize(
    ("was", "now", "column"),
    [
        ("10.00", "10,00", None),  # one field too many
        ("10.00", '"10,00"', "gross"),
        ("10.00", "10.001", "gross"),
        ("10.00", "1e3", "gross"),
        ("10.00", "", "gross"),
        ("10.00", "99999999999999999999", "gross"),
        ("0.39", "free", "fee"),
        ("eur", "euros", "currency"),
        ("eur", "", "currency"),
        ("2026-07-01 12:00:00", "01.07.2026", "created"),
        ("2026-07-01 12:00:00", "", "created"),
        ("2026-07-01 12:00:00", "0001-01-01T00:00:00+14:00", "created"),
        ("txn_1", "", "balance_transaction_id"),
        ("charge", "", "reporting_category"),
        ("charge", '"charge', None),
    ],
)
def test_what_can_not_be_read_is_named_by_line_and_column(was: str, now: str, column: str | None) -> None:
    rows = read_report(BytesIO(f"{SHORT}\n{ROW}\n{ROW.replace(was, now, 1)}\n".encode()))
    next(rows)
    with pytest.raises(Invalid) as caught:
        next(rows)
    assert caught.value.code == "report.invalid"
    assert caught.value.data == {"line": 3, "column": column}
    assert caught.value.detail.startswith("Line 3: " if column is None else f"Line 3, column {column}: ")


def test_a_line_whose_sums_do_not_agree_is_refused() -> None:
    with pytest.raises(Invalid, match=r"Line 2, column net: it is not gross less fee"):
        read(f"{SHORT},net\n{ROW},10.00\n")


@pytest.mark.parametrize("missing", ["balance_transaction_id", "currency", "gross", "fee", "reporting_category"])
def test_a_file_without_a_column_that_is_needed_is_refused(missing: str) -> None:
    with pytest.raises(Invalid, match=f"Line 1, column {missing}: it is missing"):
        read(f"{SHORT}\n{ROW}\n".replace(missing, "something_else", 1))


@pytest.mark.parametrize(
    "file", [b"", b"\xff\xfe\x00a", b"%PDF-1.7\n", b"a,a\n"], ids=["empty", "utf-16", "pdf", "twice"]
)
def test_a_file_that_is_no_report_is_refused(file: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read(file)
    assert (caught.value.code, caught.value.data["line"]) == ("report.invalid", 1)
