"""A job's record as JUnit XML, as systems for continuous integration read it: a suite for the job, a case for each sheet."""

import re
from collections import defaultdict
from collections.abc import Sequence
from html import escape

from podium.contract.models import LogView, SheetView, ValidationView
from podium.contract.record import AttemptView, JobRecord
from podium.plots.words import in_line, shown
from podium.times import elapsed_between, iso

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MESSAGE_CHARS = 500  # of what is told in one line
OUTPUT_CHARS = 20_000  # of each stream of a sheet


def junit(record: JobRecord, now: float) -> str:
    """Return the XML of a record, with the ends of the outputs that are in it. `now` is in seconds since the epoch."""
    job = record.job
    attempts: defaultdict[int, list[AttemptView]] = defaultdict(list)
    for attempt in record.attempts:
        attempts[attempt.sheet].append(attempt)
    outputs: defaultdict[int, list[LogView]] = defaultdict(list)
    for output in record.outputs:
        outputs[output.sheet].append(output)
    name = in_line(job.job_name)
    cases = [_case(each, name, attempts[each.sheet], outputs[each.sheet]) for each in record.sheets]
    failed = sum(each.status == "failed" for each in record.sheets)
    cancelled = sum(each.status == "cancelled" for each in record.sheets)
    skipped = len(record.sheets) - failed - cancelled - sum(each.status == "completed" for each in record.sheets)
    numbers = _attributes(
        tests=len(record.sheets),
        failures=failed,
        errors=cancelled,
        time=f"{elapsed_between(job.started_at, job.finished_at or iso(now)) or 0.0:.3f}",
    )
    began = job.started_at or job.submitted_at
    rest = _attributes(skipped=skipped, **({"timestamp": began[:19]} if began else {}))  # not for testsuites
    facts = {"job_id": job.job_id, "status": job.status, "reason": job.reason, "workspace": job.workspace}
    properties = "".join(
        f"      <property{_attributes(name=key, value=in_line(value))}/>\n" for key, value in facts.items() if value
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<testsuites{_attributes(name=name)}{numbers}>\n"
        f"  <testsuite{_attributes(name=name)}{numbers}{rest}>\n"
        f"    <properties>\n{properties}    </properties>\n{''.join(cases)}"
        "  </testsuite>\n</testsuites>\n"
    )


def _case(sheet: SheetView, suite: str, attempts: Sequence[AttemptView], outputs: Sequence[LogView]) -> str:
    name = in_line(sheet.name) or f"sheet {sheet.sheet}"
    head = _attributes(classname=suite, name=name, time=f"{sheet.duration_seconds or 0.0:.3f}")
    parts = _verdict(sheet)
    told = "\n".join([*map(_attempt, attempts), *map(_validation, sheet.validations)])
    for stream, element in (("stdout", "system-out"), ("stderr", "system-err")):
        text = "\n".join(_end_of(each) for each in outputs if each.stream == stream)
        text = "\n".join(each for each in (told if stream == "stdout" else "", text) if each)
        parts += [f"      <{element}>{_text(text)}</{element}>\n"] if text else []
    return f"    <testcase{head}>\n{''.join(parts)}    </testcase>\n" if parts else f"    <testcase{head}/>\n"


def _verdict(sheet: SheetView) -> list[str]:
    message = in_line(sheet.reason)[:MESSAGE_CHARS] or sheet.status
    if sheet.status == "completed":
        return []
    if sheet.status == "failed":
        wrong = [each for each in sheet.validations if not each.passed]
        kind = "validation" if wrong else "exit" if sheet.exit_code else "failed"
        detail = "\n".join([shown(sheet.reason)[:OUTPUT_CHARS], *map(_validation, wrong)])
        return [f"      <failure{_attributes(message=message, type=kind)}>{_text(detail)}</failure>\n"]
    if sheet.status == "cancelled":  # it did not pass: no CI may call that well
        return [f"      <error{_attributes(message=message, type='cancelled')}/>\n"]
    why = (
        message if message.startswith(sheet.status) else f"{sheet.status}: {message}" if sheet.reason else sheet.status
    )
    return [f"      <skipped{_attributes(message=why)}/>\n"]


def _attempt(attempt: AttemptView) -> str:
    why = f": {in_line(attempt.reason)}" if attempt.reason else ""
    return f"attempt {attempt.attempt} {attempt.outcome}{why}"


def _validation(check: ValidationView) -> str:
    verdict = "passed" if check.passed else "failed"
    found = f"; found {in_line(check.found)}" if not check.passed else ""
    quoted = f" {in_line(check.output)}" if check.output and not check.passed else ""
    return f"validation {check.type} {verdict}: expected {in_line(check.expected)}{found}{quoted}"


def _end_of(output: LogView) -> str:
    text = "\n".join(shown(line.text) for line in output.lines)
    return text if len(text) <= OUTPUT_CHARS else f"[earlier output is left out]\n{text[-OUTPUT_CHARS:]}"


def _text(text: str) -> str:
    return escape(_NO_XML.sub("�", text), quote=False)


def _attributes(**values: object) -> str:
    return "".join(f' {key}="{escape(_NO_XML.sub("�", str(value)))}"' for key, value in values.items())
