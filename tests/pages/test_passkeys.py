"""Goal: what a real browser makes of our options, we accept; and nothing from another origin.

Peer: Chromium with its virtual authenticator; the page itself is made up by the test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from countermand.adapters.credentials.passkeys import WebAuthnPasskeys
from countermand.confirmation.linking import Linked, challenge_bytes
from countermand.vocabulary.authenticators import Purpose

ORIGIN, ELSEWHERE = "http://localhost:8080", "http://localhost:9090"
PASSKEYS = WebAuthnPasskeys("localhost", "Countermand", [ORIGIN])
LINKED = Linked(purpose=Purpose.OPERATION, ref="op-1", account="a-1", kind="payment", payee="shop")
NONCE = bytes(range(32))
CREATE = """async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({publicKey})).toJSON();
}"""
GET = """async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({publicKey})).toJSON();
}"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page that has a platform authenticator, with a person who is verified when asked."""
    opened = browser.new_page()
    answer = {"body": "<p>bank</p>", "content_type": "text/html"}
    opened.route("http://localhost:*/**", lambda route: route.fulfill(**answer))
    devtools = opened.context.new_cdp_session(opened)
    devtools.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": kind})
    opened.goto(f"{ORIGIN}/")
    yield opened
    opened.close()


def test_a_browsers_passkey_signs_what_is_confirmed(page: Any) -> None:
    """Registered, used, and refused for any other amount, nonce, origin, or a second time."""
    wish = PASSKEYS.registration(NONCE, "a-1", [], biometric=True)
    made = PASSKEYS.registered(NONCE, page.evaluate(CREATE, wish))
    assert made is not None
    assert (made.platform, made.user_verified) == (True, True)
    wanted = challenge_bytes(LINKED, NONCE)
    options = PASSKEYS.assertion(wanted, [made.credential])
    credential = page.evaluate(GET, options)
    assert json.dumps(credential)
    used = PASSKEYS.asserted(wanted, credential, made.public_key, made.counter)
    assert used is not None
    assert (used.credential, used.user_verified) == (made.credential, True)
    assert used.counter > made.counter
    other = challenge_bytes(LINKED, bytes(32))
    assert PASSKEYS.asserted(other, credential, made.public_key, made.counter) is None
    assert PASSKEYS.asserted(wanted, credential, made.public_key, used.counter) is None

    page.goto(f"{ELSEWHERE}/")
    phished = page.evaluate(GET, options)
    assert PASSKEYS.asserted(wanted, phished, made.public_key, used.counter) is None
    page.goto(f"{ORIGIN}/")
    again = page.evaluate(GET, options)
    assert PASSKEYS.asserted(wanted, again, made.public_key, used.counter) is not None
