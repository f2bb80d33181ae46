"""WebAuthn for one relying party; the person is verified every time, and only our own origins count."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorAttachment,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from countermand.confirmation.challenge_ports import Passkey
from countermand.kernel.canonical import digest

log = structlog.get_logger(__name__)
_REFUSALS = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error)


class WebAuthnPasskeys:
    """`party` is the relying party's id (a domain), `origins` those its pages and apps have."""

    def __init__(self, party: str, name: str, origins: Sequence[str]) -> None:
        self._party, self._name, self._origins = party, name, list(origins)

    def registration(self, challenge: bytes, account: str, known: Sequence[str], *, biometric: bool) -> Any:
        """What `navigator.credentials.create` is given."""
        attachment = AuthenticatorAttachment.PLATFORM if biometric else None
        options = generate_registration_options(
            rp_id=self._party,
            rp_name=self._name,
            user_name=account,
            user_id=digest(account.encode()),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                authenticator_attachment=attachment,
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_described(known),
        )
        return json.loads(options_to_json(options))

    def registered(self, challenge: bytes, response: Mapping[str, Any]) -> Passkey | None:
        """The new passkey."""
        try:
            done = verify_registration_response(
                credential=dict(response),
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origins,
                require_user_verification=True,
            )
        except _REFUSALS as error:
            log.info("passkey_refused", step="registration", why=type(error).__name__)
            return None
        return Passkey(
            bytes_to_base64url(done.credential_id),
            bytes_to_base64url(done.credential_public_key),
            done.sign_count,
            response.get("authenticatorAttachment") == "platform",
            done.user_verified,
        )

    def assertion(self, challenge: bytes, known: Sequence[str]) -> Any:
        """What `navigator.credentials.get` is given."""
        options = generate_authentication_options(
            rp_id=self._party,
            challenge=challenge,
            allow_credentials=_described(known),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return json.loads(options_to_json(options))

    def asserted(
        self, challenge: bytes, response: Mapping[str, Any], key: str, counter: int
    ) -> Passkey | None:
        """The passkey after a use; a counter that does not grow is that of a copy, and refused."""
        try:
            done = verify_authentication_response(
                credential=dict(response),
                expected_challenge=challenge,
                expected_rp_id=self._party,
                expected_origin=self._origins,
                credential_public_key=base64url_to_bytes(key),
                credential_current_sign_count=counter,
                require_user_verification=True,
            )
        except _REFUSALS as error:
            log.info("passkey_refused", step="assertion", why=type(error).__name__)
            return None
        credential = bytes_to_base64url(done.credential_id)
        return Passkey(credential, key, done.new_sign_count, platform=False, user_verified=done.user_verified)


def _described(known: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known]
