"""Discord's rules, callable without a server: each payload is judged before anything is stored."""

from kit.simulator.limits.forms import Violation, error_tree
from kit.simulator.limits.messages import check_message, check_modal
from kit.simulator.limits.rules import RULES, Rule

__all__ = ["RULES", "Rule", "Violation", "check_message", "check_modal", "error_tree"]
