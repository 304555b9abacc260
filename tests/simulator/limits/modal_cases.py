"""The rules of modals: payloads at the edge of each, and beyond."""

from __future__ import annotations

from tests.simulator.limits.builders import (
    box,
    button,
    channels,
    field_,
    group,
    inputs,
    label,
    modal,
    option,
    row,
    select,
    text,
    upload,
)
from tests.simulator.limits.case import (
    BOOLEAN,
    CHOICE,
    DEFAULTS,
    FIRST,
    FORBIDDEN,
    INPUT,
    LENGTH,
    LONG,
    MAX,
    MIN,
    REQUIRED,
    TYPE,
    Case,
    Json,
)


def _default(value: str) -> Json:
    return option(value, default=True)


MODALS = [
    Case("D01", modal(*inputs(1), title="x" * 45), modal(*inputs(1), title="x" * 46), "title", LENGTH),
    Case(
        "D01",
        modal(*inputs(1), custom_id="x" * 100),
        modal(*inputs(1), custom_id=None),
        "custom_id",
        REQUIRED,
    ),
    Case("D02", modal(*inputs(5)), modal(*inputs(6)), "components", LENGTH),
    Case("D02", modal(*inputs(1)), modal(), "components", LENGTH),
    Case("D03", modal(text(), *inputs(1)), modal(select()), "components.0", TYPE),
    Case("D03", modal(row(field_(label="x"))), modal(field_()), "components.0", TYPE),
    Case("D04", modal(label(label="x" * 45)), modal(label(label="x" * 46)), "components.0.label", LENGTH),
    Case(
        "D04",
        modal(label(description="x" * 100)),
        modal(label(description="")),
        "components.0.description",
        LENGTH,
    ),
    Case("D04", modal(label()), modal(label(text())), INPUT, TYPE),
    Case("D04", modal(label(channels())), modal({"type": 18, "label": "L"}), INPUT, REQUIRED),
    Case("D05", modal(label(field_(style=2))), modal(label(field_(style=3))), f"{INPUT}.style", CHOICE),
    Case(
        "D05",
        modal(label(field_(placeholder="x" * 100))),
        modal(label(field_(placeholder="x" * 101))),
        f"{INPUT}.placeholder",
        LONG,
    ),
    Case(
        "D05",
        modal(label(field_(max_length=4000))),
        modal(label(field_(max_length=4001))),
        f"{INPUT}.max_length",
        MAX,
    ),
    Case(
        "D05",
        modal(label(field_(max_length=1))),
        modal(label(field_(max_length=0))),
        f"{INPUT}.max_length",
        MIN,
    ),
    Case(
        "D05",
        modal(label(field_(min_length=5, max_length=5))),
        modal(label(field_(min_length=6, max_length=5))),
        f"{INPUT}.min_length",
        MAX,
    ),
    Case(
        "D05",
        modal(label(field_(value="x" * 4000))),
        modal(label(field_(value="x" * 4001))),
        f"{INPUT}.value",
        LONG,
    ),
    Case("D05", modal(row(field_(label="x"))), modal(row(field_())), f"{FIRST}.label", REQUIRED),
    Case(
        "D05", modal(label(field_(label=None))), modal(label(field_(label="x"))), f"{INPUT}.label", FORBIDDEN
    ),
    Case(
        "D07",
        modal(label(upload(max_values=10))),
        modal(label(upload(max_values=11))),
        f"{INPUT}.max_values",
        MAX,
    ),
    Case(
        "D07",
        modal(label(upload(file_types=["image", "video", "audio", ".pdf"]))),
        modal(label(upload(file_types=["pdf"]))),
        f"{INPUT}.file_types.0",
        CHOICE,
    ),
    Case(
        "D07",
        modal(label(upload(file_types=["." + "x" * 15] * 10))),
        modal(label(upload(file_types=["." + "x" * 16]))),
        f"{INPUT}.file_types.0",
        LENGTH,
    ),
    Case(
        "D07",
        modal(label(upload(file_types=[".a"] * 10))),
        modal(label(upload(file_types=[".a"] * 11))),
        f"{INPUT}.file_types",
        LONG,
    ),
    Case("D08", modal(label(group(21, 2))), modal(label(group(21, 1))), f"{INPUT}.options", LENGTH),
    Case("D08", modal(label(group(21, 10))), modal(label(group(21, 11))), f"{INPUT}.options", LENGTH),
    Case(
        "D08",
        modal(label(group(21, 2, options=[_default("a"), option("b")]))),
        modal(label(group(21, 2, options=[_default("a"), _default("b")]))),
        f"{INPUT}.options",
        DEFAULTS,
    ),
    Case("D09", modal(label(group(22, 1))), modal(label(group(22, 0))), f"{INPUT}.options", LENGTH),
    Case("D09", modal(label(group(22, 10))), modal(label(group(22, 11))), f"{INPUT}.options", LENGTH),
    Case(
        "D09",
        modal(label(group(22, 10, max_values=10))),
        modal(label(group(22, 10, max_values=11))),
        f"{INPUT}.max_values",
        MAX,
    ),
    Case(
        "D10",
        modal(label({"type": 23, "custom_id": "c", "default": True})),
        modal(label({"type": 23, "custom_id": "c", "default": 1})),
        f"{INPUT}.default",
        BOOLEAN,
    ),
    Case("D11", modal(text("x" * 4000)), modal(text("x" * 4001)), "components.0.content", LENGTH),
    Case("D11", modal(text("x")), modal(text("")), "components.0.content", LENGTH),
    Case("D12", modal(label()), modal(label(button())), INPUT, TYPE),
    Case("D12", modal(text()), modal(box(text())), "components.0", TYPE),
    Case(
        "D12",
        modal(label(field_(disabled=False))),
        modal(label(field_(disabled=True))),
        f"{INPUT}.disabled",
        FORBIDDEN,
    ),
    Case(
        "S03",
        modal(label(select(min_values=0, required=False))),
        modal(label(select(min_values=0))),
        f"{INPUT}.min_values",
        MIN,
    ),
    Case(
        "S03",
        modal(label(upload(min_values=1))),
        modal(label(upload(min_values=0))),
        f"{INPUT}.min_values",
        MIN,
    ),
    Case(
        "C04",
        modal(label(select(disabled=False))),
        modal(label(select(disabled=True))),
        f"{INPUT}.disabled",
        FORBIDDEN,
    ),
    Case(
        "C03",
        modal(*inputs(2)),
        modal(label(), label()),
        "components.1.component.custom_id",
        "COMPONENT_CUSTOM_ID_DUPLICATED",
    ),
]

MODAL_WARNINGS = [
    Case(
        "D06",
        modal(label(field_(value="xx", min_length=2))),
        modal(label(field_(value="x", min_length=2))),
        f"{INPUT}.value",
        "",
    ),
    Case(
        "D10",
        modal(label({"type": 23, "custom_id": "c"})),
        modal(label({"type": 23, "custom_id": "c", "required": True})),
        f"{INPUT}.required",
        "",
    ),
]
