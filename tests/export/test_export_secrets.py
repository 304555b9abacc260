"""Secrets never reach a module, and no message repeats one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kit.export import ExportError

if TYPE_CHECKING:
    from conftest import Notebook

IMPORTS = (
    "import base64, os\nimport discord\nfrom dataclasses import dataclass, field\nfrom discord import ui"
)
PASSWORD = "hunter2hunter2"
FAKE_TOKEN = "MTE4" + "x" * 20 + ".Gabcde." + "y" * 30


def poll(answer: str) -> str:
    return (
        "class Poll(ui.View):\n"
        "    def __init__(self):\n"
        "        super().__init__(timeout=None)\n"
        "    @ui.button(label='Vote', custom_id='poll:vote')\n"
        "    async def vote(self, interaction, button):\n"
        f"        await interaction.response.send_message({answer})\n"
    )


SECRETS = {
    "key of a dict": f"CONFIG = {{'db_password': '{PASSWORD}'}}",
    "header": f"CONFIG = {{'X-Api-Key': '{PASSWORD}'}}",
    "item of a dict": f"CONFIG = {{}}\nCONFIG['api_key'] = '{PASSWORD}'",
    "default of the environment": f"CONFIG = os.environ.get('BOT_TOKEN', '{PASSWORD}')",
    "default of getenv": f"CONFIG = os.getenv('API_KEY', '{PASSWORD}')",
    "either of two": f"API_KEY = '{PASSWORD}' if os.sep else 'other'\nCONFIG = API_KEY",
    "or": f"API_KEY = os.environ.get('KEY_') or '{PASSWORD}'\nCONFIG = API_KEY",
    "with a method": f"API_KEY = '{PASSWORD}'.strip()\nCONFIG = API_KEY",
    "decoded": f"API_KEY = base64.b64decode('{PASSWORD}==')\nCONFIG = API_KEY",
    "f-string": f"API_KEY = f'{PASSWORD}'\nCONFIG = API_KEY",
    "list": f"API_KEYS = ['{PASSWORD}']\nCONFIG = API_KEYS",
    "field": f"@dataclass\nclass Login:\n    token: str = field(default='{PASSWORD}')\nCONFIG = Login()",
    "pass": f"DB_PASS = '{PASSWORD}'\nCONFIG = DB_PASS",
    "encryption key": f"ENCRYPTION_KEY = '{PASSWORD}'\nCONFIG = ENCRYPTION_KEY",
    "encoded": f"HMAC_SECRET_B64 = '{PASSWORD}'\nCONFIG = HMAC_SECRET_B64",
    "bearer": f"CONFIG = {{'Authorization': 'Bearer {PASSWORD * 2}'}}",
    "query": f"CONFIG = 'https://example.com/?page=1&api_key={PASSWORD}'",
    "connection string": f"CONFIG = 'Server=db;Password={PASSWORD};'",
    "comment above": f"# was {FAKE_TOKEN}\nCONFIG = 1",
    "comment inside": f"CONFIG = [\n    1,  # {FAKE_TOKEN}\n]",
    "sum": f"def config():\n    return '{FAKE_TOKEN[:30]}' + '{FAKE_TOKEN[30:]}'\nCONFIG = config",
}


@pytest.mark.parametrize("cell", SECRETS.values(), ids=SECRETS)
@pytest.mark.asyncio
async def test_secret_is_refused_and_not_repeated(notebook: Notebook, cell: str) -> None:
    """However a secret is written, the module is refused, and the refusal can be saved with the notebook."""
    await notebook.run(IMPORTS, cell, poll("str(CONFIG)"))
    with pytest.raises(ExportError) as caught:
        await notebook.export(prove=False)
    said = f"{caught.value} {caught.value.fix} {caught.value.excerpt}"
    assert caught.value.reason == ("mutated global" if "CONFIG[" in cell else "secret")
    assert PASSWORD not in said
    assert FAKE_TOKEN[:30] not in said


@pytest.mark.parametrize(
    "cell",
    [
        "CONFIG = {'token': 'Token', 'password': 'Your new password'}",
        "class Fields:\n    token = 'token'\n    password = 'Password'\nCONFIG = Fields.token",
        "TOKENS = ['gold', 'silver']\nCONFIG = TOKENS",
        "API_KEY = os.environ.get('POLL_API_KEY_', '')\nCONFIG = API_KEY",
        "CONFIG = 'Bot commands and more of them'",
    ],
)
@pytest.mark.asyncio
async def test_what_only_talks_of_secrets_passes(notebook: Notebook, cell: str) -> None:
    """Labels, field names and tokens of a game are no secrets."""
    await notebook.run(IMPORTS, cell, poll("str(CONFIG)"))
    assert "CONFIG = " in (await notebook.export(prove=False)).code


@pytest.mark.asyncio
async def test_difference_shows_no_secret(notebook: Notebook) -> None:
    """A value from the environment that differs is named, and never shown."""
    await notebook.run(IMPORTS, "ACCESS = os.environ.get('POLL_ACCESS_', '')", poll("ACCESS"))
    notebook.namespace["ACCESS"] = PASSWORD
    with pytest.raises(ExportError) as caught:
        await notebook.export()
    assert "a value that is not shown" in str(caught.value)
    assert PASSWORD not in str(caught.value)
