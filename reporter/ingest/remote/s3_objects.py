"""Objects of Amazon S3, and of what speaks as it does. In: a bucket and a prefix. Out: an
ObjectStore. Credentials, region and endpoint are those that botocore finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
    SSOError,
    TokenRetrievalError,
)

from reporter.content.remote.remote_places import RemotePlace
from reporter.ingest.remote.stored_objects import (
    CHUNK,
    CONNECT_SECONDS,
    PAGE,
    READ_SECONDS,
    THREADS,
    CredentialsError,
    ObjectError,
    StoredObject,
    broken,
    refusal,
)
from reporter.model.sentences import tell

_NO_CREDENTIALS = (
    *(NoCredentialsError, PartialCredentialsError, CredentialRetrievalError),
    *(TokenRetrievalError, SSOError, ProfileNotFound),
)
_BUSY = ("SlowDown", "RequestTimeout", "ThrottlingException", "Throttling", "InternalError")
_STALE = ("ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken")


class S3Objects:
    """The objects of one prefix."""

    def __init__(self, place: RemotePlace, _: Mapping[str, str]) -> None:
        self._bucket, self._prefix = place.root, place.prefix
        # All tries are ours, so that they are counted and bounded in one place.
        once = {"mode": "standard", "total_max_attempts": 1}
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries=once,
            max_pool_connections=THREADS,
        )
        with _told():
            self._client: Any = botocore.session.Session().create_client("s3", config=config)
        self.address = str(self._client.meta.endpoint_url)

    def page(self, after: str) -> tuple[list[StoredObject], str]:
        """Return a page of the list and what to ask the next one with; '' for none."""
        more = {"ContinuationToken": after} if after else {}
        with _told():
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._prefix, MaxKeys=PAGE, **more
            )
        found = [_object(entry) for entry in answer.get("Contents", ())]
        return found, answer.get("NextContinuationToken", "") if answer["IsTruncated"] else ""

    def look(self, key: str) -> StoredObject:
        """Return an object as it is now."""
        with _told():
            answer = self._client.head_object(Bucket=self._bucket, Key=key)
        return _object(answer | {"Key": key, "Size": answer["ContentLength"]})

    def read(self, object: StoredObject, take: Callable[[bytes], object]) -> StoredObject:
        """Hand on the bytes of an object, as long as it has the ETag of the list."""
        state = {"IfMatch": object.etag} if object.etag else {}
        with _told():
            answer = self._client.get_object(Bucket=self._bucket, Key=object.key, **state)
            with answer["Body"] as body:
                while chunk := body.read(CHUNK):
                    take(chunk)
        return replace(object, version=answer.get("VersionId", "").replace("null", ""))


def _object(entry: Mapping[str, Any]) -> StoredObject:
    changed_at = entry["LastModified"].isoformat()
    return StoredObject(entry["Key"], entry["Size"], entry.get("ETag", ""), changed_at=changed_at)


@contextmanager
def _told() -> Iterator[None]:
    """Say what an error of the library means."""
    try:
        yield
    except ClientError as error:
        raise _meaning(error) from None
    except _NO_CREDENTIALS as error:
        raise CredentialsError(_lacking(type(error).__name__)) from None
    except SSLError:
        why = tell("the certificate of the storage cannot be verified")
        raise ObjectError(why) from None
    except (BotoCoreError, OSError) as error:
        raise broken(type(error).__name__) from None


def _lacking(code: str) -> Any:
    return tell("there are no usable credentials ({code})", code=code)


def _meaning(error: ClientError) -> ObjectError:
    code = str(error.response.get("Error", {}).get("Code", ""))[:60]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _STALE:
        return CredentialsError(_lacking(code))
    return broken(code) if code in _BUSY else refusal(status, code)
