"""Secrets from AWS Secrets Manager, through Amazon's own client.

Region and credentials are found the way every AWS client finds them: AWS_REGION, a profile, the role of the machine.
It takes the permission `secretsmanager:GetSecretValue` on the secrets that are named, and nothing else.
"""

import logging
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tradepost.kernel.secret_stores import SecretUnreadable

_PATIENCE = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


class AwsSecretsManager:
    """`SecretStore` in AWS Secrets Manager. A name is a secret's name or its ARN."""

    def __init__(self, client: Any = None) -> None:
        # At DEBUG, botocore writes whole answers to the log, and here an answer is a secret.
        logging.getLogger("botocore").setLevel(logging.WARNING)
        self._client = client

    def read(self, name: str, /) -> str:
        try:
            if self._client is None:
                self._client = boto3.client("secretsmanager", config=_PATIENCE)
            found = self._client.get_secret_value(SecretId=name)
            text = found.get("SecretString")
            return found["SecretBinary"].decode() if text is None else str(text)
        except ClientError as error:  # its message names accounts and roles
            raise SecretUnreadable(f"AWS says {error.response['Error']['Code']}") from None
        except BotoCoreError as error:
            raise SecretUnreadable(f"AWS can not be asked: {type(error).__name__}") from None
        except UnicodeDecodeError:
            raise SecretUnreadable("it is not UTF-8") from None
