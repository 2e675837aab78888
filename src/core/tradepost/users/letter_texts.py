"""The letters about accounts: what they say. Plain functions, so that each can be read as a whole.

None has a word in it that a user chose, not even their name: else anybody could have the shop send their words to any
address, by opening an account with it.
"""

from html import escape

import msgspec

from tradepost.mail.letters import Letter


class Site(msgspec.Struct, frozen=True):
    """The shop as its letters show it: its name, and the address of the pages that links lead to."""

    name: str
    url: str

    def link(self, page: str, token: str) -> str:
        """A page with a token. It stands in the fragment, which browsers keep to themselves: it is in no request, so in
        no log of a server, and in no Referer header. The page's script reads it and posts it."""
        return f"{self.page(page)}#token={token}"

    def page(self, page: str) -> str:
        """A page, for those who are signed in or need not be."""
        return f"{self.url.rstrip('/')}/{page}"


def welcome(site: Site, to: str, token: str) -> Letter:
    return _letter(
        to,
        f"Welcome to {site.name}",
        f"welcome to {site.name}. Please follow this link, so that we know this address is yours:",
        link=site.link("verify-email", token),
        end="It is good for a day. If you have not opened an account with us, there is nothing to do.",
    )


def verify_email(site: Site, to: str, token: str) -> Letter:
    return _letter(
        to,
        f"Your address at {site.name}",
        "please follow this link, so that we know this address is yours:",
        link=site.link("verify-email", token),
        end="It is good for a day. If you have not asked for it, there is nothing to do.",
    )


def confirm_new_email(site: Site, to: str, token: str) -> Letter:
    """To the address that is to be the new one."""
    return _letter(
        to,
        f"Your new address at {site.name}",
        f"you want to use this address at {site.name} from now on. Please follow this link to make it so:",
        link=site.link("verify-email", token),
        end="It is good for a day. If you have not asked for it, do not follow it, and nothing changes.",
    )


def email_change_requested(site: Site, to: str) -> Letter:
    """To the address that is still good."""
    return _letter(
        to,
        f"Another address for your account at {site.name}",
        "somebody who is signed in to your account has asked to use another e-mail address. It is not in use yet.",
        end="If that was not you, change your password now: that calls it off and signs everybody else out.",
    )


def email_changed(site: Site, to: str) -> Letter:
    """To the address that is good no more."""
    return _letter(
        to,
        f"Your address at {site.name} has changed",
        "your account has another e-mail address now, and you can no longer sign in with this one.",
        end=f"If that was not you, tell {site.name} at once.",
    )


def reset_password(site: Site, to: str, token: str) -> Letter:
    return _letter(
        to,
        f"A new password for {site.name}",
        "follow this link to choose a new password:",
        link=site.link("reset-password", token),
        end="It is good once, for half an hour. If you have not asked for it, there is nothing to do: your password "
        "stays as it is.",
    )


def password_changed(site: Site, to: str) -> Letter:
    return _letter(
        to,
        f"Your password at {site.name} has changed",
        "your account has a new password, and all other devices have been signed out.",
        end="If that was not you, ask for a new password now, before somebody else does more.",
    )


def second_factor_enabled(site: Site, to: str) -> Letter:
    return _letter(
        to,
        f"Two-step sign-in at {site.name} is on",
        "from now on it takes a code of your authenticator app to sign in to your account, and all other devices have "
        "been signed out. Keep the recovery codes where you find them without your phone.",
        end=f"If that was not you, choose a new password and tell {site.name} at once.",
    )


def second_factor_disabled(site: Site, to: str, *, reset: bool) -> Letter:
    """`reset`: by somebody else."""
    who = f"{site.name} has turned off" if reset else "you have turned off"
    return _letter(
        to,
        f"Two-step sign-in at {site.name} is off",
        f"{who} two-step sign-in for your account: the password is enough to sign in again. All other devices have been "
        "signed out.",
        end=f"If you did not want that, choose a new password and tell {site.name} at once.",
    )


def _letter(to: str, subject: str, *paragraphs: str, link: str = "", end: str) -> Letter:
    """Both forms of one letter."""
    paragraphs = ("Hello,", *paragraphs)
    lines = [*paragraphs, *([link] if link else []), end]
    safe = [f"<p>{escape(line)}</p>" for line in paragraphs]
    if link:
        safe.append(f'<p><a href="{escape(link)}">{escape(link)}</a></p>')
    body = "\n".join([*safe, f"<p>{escape(end)}</p>"])
    html = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{escape(subject)}</title>\n{body}\n</html>\n'
    return Letter(to=to, subject=subject, text="\n\n".join(lines) + "\n", html=html)
