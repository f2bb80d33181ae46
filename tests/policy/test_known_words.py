"""Goal: every word that an editor offers is one that a condition may use, as it is written there."""

from __future__ import annotations

import pytest

from countermand.app import read_policy
from countermand.policy.known_words import FUNCTIONS, Word, known_words
from countermand.policy.package import check_policy, compile_policy

HEAD = """policy: p
version: "1"
title: {en: P, zh: 策}
lists:
  list: {of: counterparty, colour: grey, title: {en: L, zh: 名单}}
"""
# What stands in the place of a function's arguments, and what makes a condition of its value.
VALUES = {
    "coalesce(a, b)": "coalesce(amount, cny(1)) > cny(2)",
    "least(a, b)": "least(local_hour, kyc_level) > 2",
    "greatest(a, b)": "greatest(local_hour, kyc_level) > 2",
    "abs(x)": "abs(latitude) > 2",
    "distance_km(lat1, lon1, lat2, lon2)": "distance_km(latitude, longitude, 1, 2) > 3",
    "starts_with(text, 'prefix')": "starts_with(ip, 'prefix')",
    "length(text)": "length(ip) > 3",
    "lower(text)": "lower(device) = 'x'",
    "CASE WHEN a THEN b ELSE c END": "CASE WHEN vpn THEN rooted ELSE emulator END",
    "INTERVAL '24 hours'": "tenure < INTERVAL '24 hours'",
}


@pytest.mark.parametrize("word", FUNCTIONS, ids=lambda one: one.written.split("(")[0])
def test_a_function_may_be_used_as_it_is_offered(word: Word) -> None:
    """A policy whose rule calls it has no finding."""
    when = VALUES.get(word.written, word.written)
    rule = f'rules:\n  - {{id: one, when: "{when}", then: hold, reason: {{en: No, zh: 不}}}}\n'
    assert check_policy({"policy.yaml": HEAD + rule}) == []


def test_the_words_of_a_policy_are_its_facts() -> None:
    """Each once, in both languages; all that its own conditions name is among them."""
    package = compile_policy(read_policy("cn-consumer-finance")).package
    words = known_words(package)
    written = [one.written for one in words]
    assert len(written) == len(set(written))
    assert all(one.text.en and one.text.zh for one in words)
    named = {name for rule in package.rules if rule.node for name in rule.when.names()}
    assert {one for one in named if not one.startswith(("listed.", "trait."))} - set(written) == set()
    assert {one.origin for one in words} >= {"attribute", "list", "feature", "derived", "function", "field"}
