"""The preview where there is no browser or no kernel: static HTML and text."""

from __future__ import annotations

from tests.widgets.fakes import FakeChannel, make_button, make_message, make_row


def test_html_and_text_stand_beside_the_widget(open_preview):
    """GitHub and nbconvert show the messages without a kernel, with hostile text as text."""
    hostile = "<img src=x onerror=alert(1)>"
    row = make_row(make_button("a", hostile), make_button("b", "Off", 4, disabled=True))
    embed = {"title": hostile, "color": 0xFF0000, "fields": [{"name": "n", "value": "v"}]}
    message = make_message(content=f"{hostile} [x](javascript:alert)", components=[row], embeds=[embed])
    preview, _ = open_preview(FakeChannel(message))
    bundle = preview._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in data
    assert "<img" not in data["text/html"]
    assert "javascript:alert" not in data["text/html"].replace("[x](javascript:alert)", "")
    assert "(Off)" in data["text/plain"]
    assert f"[{hostile}]" in data["text/plain"]


def test_text_pictures_every_kind_of_component(open_preview):
    """In a terminal the structure of a message can be read."""
    card = {
        "type": 17,
        "accent_color": 1,
        "components": [
            {"type": 10, "content": "# Roles"},
            {"type": 14},
            {
                "type": 9,
                "components": [{"type": 10, "content": "Mod"}],
                "accessory": make_button("m", "Join", 3),
            },
            {"type": 12, "items": [{"media": {"url": "attachment://cat.png"}}]},
            {"type": 13, "file": {"url": "attachment://a.zip"}},
            make_row({"type": 5, "custom_id": "u", "default_values": [{"id": "1", "type": "user"}]}),
            make_row(
                {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a"}], "disabled": True}
            ),
        ],
    }
    hidden = {"type": 17, "spoiler": True, "components": [{"type": 10, "content": "the secret"}]}
    preview, _ = open_preview(FakeChannel(make_message(flags=32768, components=[card, hidden])))
    text = preview.to_text()
    assert text.split("\n")[3:] == [
        "┃ # Roles",
        "┃ ────────────────────────",
        "┃ Mod  [Join]",
        "┃ [image: cat.png]",
        "┃ [file: a.zip]",
        "┃ [▾ Ant]",
        "┃ (▾ Make a selection)",
        "┃ ░░░░░░░░",
    ]
    assert "the secret" not in text


def test_a_pin_is_announced(open_preview):
    """The system's message about a pin has no text of its own, and says what happened."""
    reference = {"type": 0, "message_id": "1", "channel_id": "2"}
    preview, _ = open_preview(FakeChannel(make_message(type=6, message_reference=reference)))
    assert preview.to_text().endswith("pinned a message to this channel.")
    assert "pinned a message to this channel." in preview._repr_mimebundle_()[0]["text/html"]
