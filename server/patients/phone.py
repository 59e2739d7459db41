"""A telephone number as people write it → E.164. The only file that imports phonenumbers."""

import phonenumbers

SHOWN = 4  # figures of a number that tell those who know it which one is meant, and nobody else the rest
LONGEST_INPUT = 40  # an E.164 number has 15 digits; the rest is spaces and marks


class InvalidPhone(ValueError):
    """Not a telephone number that can exist in any country's plan."""


def to_e164(text: str, region: str) -> str:
    """``text`` as E.164 ("+8613812345678"); without country code it is one of ``region`` (ISO 3166-1 alpha-2).

    Raises ``InvalidPhone``.
    """
    if len(text) > LONGEST_INPUT:
        raise InvalidPhone("too long for a telephone number")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone("not a telephone number") from error
    if number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidPhone("no such telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(phone: str) -> str:
    """Its last figures alone."""
    return f"•••{phone[-SHOWN:]}"
