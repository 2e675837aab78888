"""Mail into a folder."""

from pathlib import Path

import pytest

from tradepost.mail import MailDelayed
from tradepost_adapters.contracts.mailer import SENDER, a_mail
from tradepost_adapters.local_mail import FileMailer


async def test_files_are_the_owners_alone_to_read(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "mail"
    await FileMailer(folder, SENDER).send(a_mail())
    assert [file.name for file in folder.iterdir()] == ["job_01.eml"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "job_01.eml").stat().st_mode & 0o777 == 0o600


async def test_a_folder_that_can_not_be_written_is_for_now(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(MailDelayed):
        await FileMailer(blocked / "mail", SENDER).send(a_mail())
