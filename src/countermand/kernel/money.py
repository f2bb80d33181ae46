"""Money is an integer number of minor units and an ISO 4217 currency; there are no floats here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

import msgspec

MINOR_MAX = 10**15  # ten trillion yuan in fen: above it an amount is a mistake, not a payment

# ISO 4217: currency -> digits after the point.
EXPONENTS = {
    **dict.fromkeys(
        "AED AUD BRL CAD CHF CNY CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KZT LAK MMK MNT MOP MXN MYR NOK "
        "NPR NZD PHP PKR PLN QAR RON RUB SAR SEK SGD THB TRY TWD UAH USD UZS ZAR NGN KES ARS COP PEN "
        "BDT LKR".split(),
        2,
    ),
    **dict.fromkeys("JPY KRW VND CLP ISK XAF XOF UGX PYG RWF".split(), 0),
    **dict.fromkeys("KWD BHD OMR JOD TND IQD LYD".split(), 3),
}

_SIGNS = {
    "CNY": ("¥", "元"),
    "USD": ("$", "美元"),
    "EUR": ("€", "欧元"),
    "GBP": ("£", "英镑"),
    "HKD": ("HK$", "港元"),
}


class Money(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An amount: `minor` units of `currency` (fen for CNY, cents for USD, yen for JPY)."""

    minor: int
    currency: str


def minor_of(amount: str, currency: str) -> int:
    """Minor units of a decimal text; ValueError where it has more digits than the currency.

    >>> minor_of("1200.50", "CNY")
    120050
    """
    try:
        scaled = Decimal(amount).scaleb(EXPONENTS[currency])
    except (KeyError, InvalidOperation):
        raise ValueError(f"{amount!r} is not an amount of {currency}") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{amount!r} has more decimals than {currency} allows")
    return int(scaled)


def decimal_of(minor: int, currency: str) -> str:
    """Minor units as decimal text, as `minor_of` reads it.

    >>> decimal_of(120050, "CNY"), decimal_of(500, "JPY")
    ('1200.50', '500')
    """
    exponent = EXPONENTS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"


def money_texts(minor: int, currency: str) -> tuple[str, str]:
    """An amount for people, in English and Chinese.

    >>> money_texts(198000, "CNY")
    ('1,980.00 yuan', '1,980.00元')
    """
    exponent = EXPONENTS.get(currency, 2)
    digits = f"{Decimal(minor).scaleb(-exponent):,.{exponent}f}"
    _, zh = _SIGNS.get(currency, ("", currency))
    return (f"{digits} yuan" if currency == "CNY" else f"{digits} {currency}", f"{digits}{zh}")
