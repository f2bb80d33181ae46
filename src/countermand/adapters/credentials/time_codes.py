"""TOTP (RFC 6238) with six digits and steps of 30 seconds."""

from __future__ import annotations

import hmac

import pyotp

from countermand.kernel.clock import MICROS_PER_SECOND

ISSUER = "Countermand"
STEP_SECONDS = 30
NEIGHBOURS = 1  # a phone's clock may be half a minute off


class PyOtpCodes:
    """Codes by pyotp."""

    def new_secret(self) -> str:
        """160 random bits in base 32."""
        return pyotp.random_base32()

    def address(self, secret: str, account: str) -> str:
        """The otpauth:// address that an authenticator app reads."""
        return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)

    def step_of(self, secret: str, code: str, now: int) -> int | None:
        """The time step whose code this is; every candidate is compared, whichever fits."""
        step, maker = now // MICROS_PER_SECOND // STEP_SECONDS, pyotp.TOTP(secret)
        found = None
        for candidate in range(step - NEIGHBOURS, step + NEIGHBOURS + 1):
            if hmac.compare_digest(maker.generate_otp(candidate).encode(), code.encode()):
                found = candidate
        return found
