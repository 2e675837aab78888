"""The contract of secret stores, held against memory and AWS Secrets Manager (as moto plays it)."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from tradepost.kernel.secret_stores import SecretStore, SecretUnreadable
from tradepost_adapters.aws.secrets_manager import AwsSecretsManager
from tradepost_adapters.contracts.secret_stores import STORED, SecretStoreContract
from tradepost_adapters.memory.secret_store import MemorySecretStore


class TestMemory(SecretStoreContract):
    @pytest.fixture
    def store(self) -> SecretStore:
        return MemorySecretStore(STORED)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("secretsmanager")
        for name, value in STORED.items():
            client.create_secret(Name=name, SecretString=value)
        client.create_secret(Name="prod/binary", SecretBinary=b"\xff\xfe")
        client.create_secret(Name="prod/bytes", SecretBinary=b"as bytes")
        yield


class TestAws(SecretStoreContract):
    @pytest.fixture
    def store(self, aws: None) -> SecretStore:
        return AwsSecretsManager()


def test_aws_secrets_may_be_named_by_their_arn_and_be_bytes(aws: None) -> None:
    arn = boto3.client("secretsmanager").describe_secret(SecretId="prod/shop")["ARN"]
    assert AwsSecretsManager().read(arn) == STORED["prod/shop"]
    assert AwsSecretsManager().read("prod/bytes") == "as bytes"
    with pytest.raises(SecretUnreadable, match="not UTF-8"):
        AwsSecretsManager().read("prod/binary")


def test_aws_that_can_not_be_asked_is_said_in_a_word(aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(SecretUnreadable, match="NoRegionError"):
        AwsSecretsManager().read("prod/shop")
