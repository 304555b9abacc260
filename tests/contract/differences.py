"""Where simcord 3.2.1 differs from Discord, and why that is thought to be so.

The tests hold simcord to exactly this, and `docs/contract.md` shows it: a difference that a newer simcord
no longer has fails the tests until it is taken off the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

REFUSED = [400, 50035]
TAKEN = ["done", "done"]


@dataclass(frozen=True)
class Difference:
    """What simcord makes of a scenario.

    Attributes:
        observed: What comes of it there.
        reason: What is different.
    """

    observed: Any
    reason: str


DIFFERENCES = {
    "a_follow_up_before_the_answer": Difference(
        "done", "the webhook of an interaction takes follow-ups before the interaction is answered"
    ),
    "a_modal_after_a_modal": Difference(
        "done", "the type of an answer is not checked against the type of the interaction"
    ),
    "files_and_reactions_have_permissions": Difference(
        ["done", [403, 50013], "done"], "files need no Attach Files"
    ),
    "components_are_numbered": Difference([0, [0]], "components without an id get none"),
    "a_thread_of_a_message": Difference(
        [True, True, "Ticket 1", "done"], "a message may start several threads"
    ),
    "a_thread_is_a_channel": Difference(
        [["ticket", "Ticket 1"], ["inside"]], "a thread of a message is announced in the channel, too"
    ),
    "an_archived_thread": Difference(
        [True, True, "done"], "an archived thread is written in like any other, and stays archived"
    ),
    "a_thread_that_is_deleted": Difference(
        ["done", [404, 10003], ["ticket", "Ticket 1"]],
        "a thread of a message is announced in the channel, too",
    ),
    "limit_bare_button": Difference(TAKEN, "a button with neither label nor emoji is taken"),
    "limit_link": Difference(TAKEN, "the scheme of a link is not looked at"),
    "limit_emoji": Difference(TAKEN, "any text is an emoji"),
    "limit_min_over_options": Difference(TAKEN, "min_values is not compared with the options"),
    "limit_defaults": Difference(TAKEN, "default options are not counted"),
    "limit_container": Difference(TAKEN, "an empty container is taken"),
    "limit_file": Difference(TAKEN, "a file component may show any address"),
    "an_error_names_its_field": Difference([], "errors have no tree, so that discord.py prints no field"),
    "an_error_in_an_answer_names_its_field": Difference(
        [], "errors have no tree, so that discord.py prints no field"
    ),
    "a_command_with_a_long_description": Difference(
        "not served", "commands are registered by tree.sync() alone, not one by one"
    ),
    "an_empty_message": Difference([REFUSED, REFUSED], "an empty message is an invalid form, not 50006"),
    "a_reply": Difference(
        [["a question", "an answer"], True, "done"], "a reply may point to a message that is gone"
    ),
    "reactions": Difference([[["👍", 1, True]], [], "done"], "any text is an emoji"),
    "history": Difference(
        [["4", "3"], ["3", "4"], ["3", "4"], ["2", "1", "0"]],
        "after= gives the newest page instead of the next one",
    ),
    "direct_messages": Difference(
        [None, "bob", "refused by the client", "done"], "a bot may open a channel with itself"
    ),
}
