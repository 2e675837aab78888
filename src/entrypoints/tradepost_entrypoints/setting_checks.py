"""What each setting may be, beyond its type."""

from collections.abc import Callable, Mapping
from typing import Any

from tradepost.kernel.locales import locale_faults
from tradepost.mail.mail import Sender
from tradepost.orders.letter_data import LETTERS
from tradepost_entrypoints.setting_values import (
    check_amounts,
    check_broker,
    check_event_source,
    check_functions,
    check_gateway,
    check_issuer,
    check_networks,
    check_origins,
    check_page,
    check_proxies,
    check_redirects,
    check_return_page,
    check_secret,
    check_stripe_key,
    check_webhook_networks,
    declared_providers,
    simulated_secrets,
    webhook_secrets,
)

_SCHEMES = {
    "database_url": ("sqlite:///", "postgresql://"),
    "cache_url": ("memory://", "redis://", "rediss://", "unix://"),
    "broker_url": ("process:", "redis://", "rediss://", "unix://", "nats://", "tls://"),
    "payment_gateway": ("stripe:", "simulated:///", "http://", "https://"),
    "mail_url": ("smtp://", "smtps://", "file:", "console:"),
    "public_url": ("http://", "https://"),
    "api_url": ("http://", "https://"),
}


def _check_locale(tag: str) -> None:
    for fault in locale_faults(tag, ""):
        raise ValueError(fault.detail)


def _check_letters(named: tuple[str, ...]) -> None:
    if unknown := [name for name in named if name not in LETTERS]:
        raise ValueError(f"there is no letter {', '.join(unknown)}; there are {', '.join(LETTERS)}")


_CHECKS: Mapping[str, Callable[[Any], object]] = {
    "broker_url": check_broker,
    "payment_gateway": check_gateway,
    "stripe_secret_key": check_stripe_key,
    "stripe_webhook_secrets": webhook_secrets,
    "stripe_return_url": check_return_page,
    "simulated_webhook_secrets": simulated_secrets,
    "mail_from": Sender.parse,
    "locale": _check_locale,
    "order_letters": _check_letters,
    "public_url": check_page,
    "api_url": check_issuer,
    "token_secret": check_secret,
    "identity_providers": declared_providers,
    "identity_redirects": check_redirects,
    "trusted_proxies": check_proxies,
    "consumers": check_functions,
    "step_up_refunds": check_amounts,
    "cors_origins": check_origins,
    "staff_networks": check_networks,
    "event_source": check_event_source,
    "webhook_allowed_networks": check_webhook_networks,
}


def check(field: str, value: Any) -> None:
    """Raises ValueError with what was expected."""
    schemes = _SCHEMES.get(field)
    if schemes and not value.startswith(schemes):
        raise ValueError(f"expected an address that starts with {' or '.join(schemes)}")
    if schemes and value in schemes and value not in ("memory://", "console:", "stripe:", "process:"):
        raise ValueError(f"nothing follows {value}")
    if field in _CHECKS:
        _CHECKS[field](value)
