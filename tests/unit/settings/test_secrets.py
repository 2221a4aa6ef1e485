"""Which values of a configuration are secrets."""

from sentinel.settings import configured_secrets
from tests.unit.settings.conftest import Folder

WHOLE = """
providers:
  one: {kind: openai, api_key: key-of-provider}
routes: {default: {targets: [one/m]}}
mcpServers:
  a: {command: x, env: {SERVICE_PASSPHRASE: correct horse battery, ODD: abc123def456, MODE: production, ROOT: /srv/d1}}
  b: {url: "http://h/mcp?token=in-the-query", headers: {Authorization: Bearer the-bare-token}}
"""
URL = "postgresql://u:p%40ssword@h/d"


def test_keys_tokens_and_passwords_are_and_plain_words_are_not(folder: Folder) -> None:
    found = configured_secrets(folder.load(WHOLE, env={"DATABASE_URL": URL}))
    wanted = {"key-of-provider", "correct horse battery", "abc123def456", "in-the-query", "Bearer the-bare-token"}
    assert wanted | {"the-bare-token", "p%40ssword", "p@ssword"} <= found
    assert not {"production", "/srv/d1"} & found
