"""What schemathesis cannot know: texts of the field's own formats, and files that can be imported."""

import itertools
import json
import os
import re
from datetime import date

import schemathesis
from hypothesis import strategies as st

TEXTS = {
    "gb-t-2260": ["341103", "340000", "安徽省合肥市", "福建省泉州市安溪县", "滁州市"],
    "gb-t-4754": ["C3841", "C", "锂离子电池制造"],
    "gb-32100": ["91350100M000100Y43"],
    "calendar-date": ["2026-03-05", "2026/3/5", "2026年3月5日", "20260305"],
    "website": ["https://www.example.com", "example.com/a?b=1"],
    "mobile-number": ["13800001234", "+86 138-0000-1234"],
    "telephone-number": ["0550-3071234", "3071235"],
    "mailbox": ["wang@example.com"],
    "postcode": ["239000", ""],
    "status-word": ["open", "closed", "withdrawn", "已办结"],
    "station-type-word": ["society_station", "专家工作站"],
    "achievement-type-word": ["patent", "论文"],
    "type-word": ["society_station", "patent", "论文"],
    "availability-word": ["available", "limited", "unavailable"],
    "consent-word": ["matching", "matching_and_contact", "none"],
    "dimension": ["region", "industry", "field", "type", "title", "status", "year"],
    # A cursor is what the service gave; a blank one stands for the first page.
    "cursor": [""],
}
for name, texts in TEXTS.items():
    schemathesis.openapi.format(name, st.sampled_from(texts))
# Dates of this field are those of people who live, and none is of the future.
schemathesis.openapi.format("date", st.dates(date(1990, 1, 1), date(2026, 1, 1)).map(str))


def example(context, media_type):
    """The document's own file: whatever is drawn stands for it, for a text drawn at random is hardly ever a file."""
    content = context.case.operation.definition.raw["requestBody"]["content"][media_type]
    return content["example"].encode()


@schemathesis.serializer("application/x-ndjson", "application/jsonl")
def lines(context, value):
    return body(value, lambda: example(context, "application/x-ndjson"))


@schemathesis.serializer("text/csv")
def table(context, value):
    return body(value, lambda: example(context, "text/csv"))


def body(value, of_example):
    """A text stands for the file; what is none is sent as it is, to be refused."""
    return of_example() if isinstance(value, (str, bytes)) else json.dumps(value).encode()


SENT = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A text that is sent as Idempotency-Key stands for one request; the tool sends the document's example with many, which is refused as it should
    be. So each good text becomes one of its own; not in what is sent to be refused anyway, for the tool looks anew at what was changed.

    The key that asks is not to be revoked: all that comes after would be refused alike. Its number is learned from the list of keys.

    Nobody has decided tomorrow, which no schema can say; and the tool draws dates as it likes where an absent one is allowed too."""
    told = (case.headers or {}).get("Idempotency-Key")
    refused = case.meta is not None and case.meta.generation.mode.is_negative
    if not refused and isinstance(told, str) and re.fullmatch("[!-~]{1,255}", told):
        case.headers["Idempotency-Key"] = f"request-{next(SENT)}"
    decided = case.body.get("decided_on") if isinstance(case.body, dict) else None
    if not refused and isinstance(decided, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", decided):
        case.body["decided_on"] = min(decided, "2026-01-01")
    if case.method == "DELETE" and case.path_parameters.get("id") == os.environ["ASKING_KEY"]:
        case.path_parameters["id"] = "key-1"
