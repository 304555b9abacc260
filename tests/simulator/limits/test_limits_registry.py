"""The rules have a registry: every id is in it, every one of it is used, tested and documented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.simulator import check_message, check_modal
from kit.simulator.limits import RULES
from kit.simulator.limits.rules import SEVERITIES, SOURCES, table
from tests.simulator.limits.component_cases import COMPONENTS
from tests.simulator.limits.message_cases import EDITS, MESSAGES, WARNINGS
from tests.simulator.limits.modal_cases import MODAL_WARNINGS, MODALS
from tests.simulator.limits.test_limits_of_guilds import CASES as OTHERS

TABLES = (MESSAGES, COMPONENTS, MODALS, WARNINGS, MODAL_WARNINGS, EDITS, OTHERS)
ROOT = Path(__file__).parents[3]
LIST = ROOT.parent / "shared" / "discord" / "limits.md"
# The ids of that list, for machines without it, and how severe it calls each.
LISTED_ERRORS = """
M01 M03 M04 M05 M06 M07 M10 M11 M12 C01 C02 C03 C04
L01 L02 L03 L04 L05 L06 L07 L08 L09 T01 T03 T04 T05 B01 B02 B03 B04 B05 B06
S01 S02 S03 S05 S06 S07 S08 S09 S10 S11 D01 D02 D03 D04 D05 D07 D08 D09 D11 D12
"""
LISTED = {
    **dict.fromkeys(LISTED_ERRORS.split(), "error"),
    **dict.fromkeys(("M08", "M09", "B07", "S04", "D06"), "warning"),
    # Errors by the list; warnings as well where it says "may fail", and for an emoji's id without its name.
    **dict.fromkeys(("M02", "C05", "M13", "M14", "T02", "D10"), "error, warning"),
    **dict.fromkeys(("D13", "D14"), "behaviour"),
}
# Tested at other places: an empty message has an error of its own, the last two are no payload's.
ELSEWHERE = {"M11", "D13", "D14"}
# Discord's codes for values of a wrong kind, which any rule may carry.
GENERAL = {
    *("STRING_TYPE_CONVERT", "BOOLEAN_TYPE_CONVERT", "LIST_TYPE_CONVERT", "MODEL_TYPE_CONVERT"),
    *("NUMBER_TYPE_COERCE", "BASE_TYPE_REQUIRED", "BASE_TYPE_MAX_LENGTH", "BASE_TYPE_BAD_LENGTH"),
    *("NUMBER_TYPE_MIN", "NUMBER_TYPE_MAX", "BASE_TYPE_CHOICES"),
}
# Best effort: nobody wrote down what Discord calls these.
UNKNOWN = {"COMPONENT_ID_DUPLICATED", "BASE_TYPE_FORBIDDEN", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG"}


@pytest.mark.skipif(not LIST.exists(), reason="the list of rules is not beside this repository")
def test_the_list_of_ids_is_that_of_limits_md():
    """The copy of the ids, here, is the list itself."""
    ids = set(re.findall(r"^\|([A-Z]\d\d)\|", LIST.read_text(), re.MULTILINE))
    assert ids == set(LISTED)


def test_every_listed_rule_is_registered():
    """Each rule is there with its severity, its source and what it demands."""
    assert {name: RULES[name].severity for name in LISTED} == LISTED
    for name, rule in RULES.items():
        assert rule.id == name
        assert rule.severity in SEVERITIES
        assert set(rule.sources.split()) <= set(SOURCES)
        assert rule.demand.endswith(".")


def test_every_registered_rule_is_judged():
    """Each rule has a payload that breaks it beside one that doesn't; and the rules of the code are these."""
    cases = {case.rule for cases in TABLES for case in cases}
    assert cases | ELSEWHERE == set(RULES)
    used = set()
    for path in (ROOT / "kit" / "simulator").rglob("*.py"):
        if path.name != "rules.py":
            used |= set(re.findall(r'"([A-Z]\d\d)"', path.read_text()))
    assert used - set(RULES) == set()
    assert set(RULES) - used == {"U01", "D13", "D14"} - used


def test_severities_and_codes_are_those_registered():
    """A violation is as severe as its rule says, and carries a code of its rule."""
    found = [
        violation for case in (*MESSAGES, *COMPONENTS, *WARNINGS) for violation in check_message(case.bad)
    ]
    found += [violation for case in (*MODALS, *MODAL_WARNINGS) for violation in check_modal(case.bad)]
    assert len(found) > len(MESSAGES)
    for violation in found:
        rule = RULES[violation.rule]
        assert violation.severity in rule.severity.split(", "), violation
        if violation.severity == "error":
            assert violation.code in {*rule.codes, *GENERAL, *UNKNOWN}, violation


def test_the_document_is_the_registry():
    """docs/limits.md is what `python -m kit.simulator.limits --rules` prints."""
    assert (ROOT / "docs" / "limits.md").read_text() == table()
