"""Blobs of Azure. In: an account, a container and a prefix. Out: an ObjectStore. Credentials are a
connection string, a SAS token or key of the environment, or what azure-identity finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
)
from azure.storage.blob import ContainerClient

from reporter.content.remote.remote_places import RemotePlace
from reporter.ingest.remote.stored_objects import (
    CONNECT_SECONDS,
    PAGE,
    READ_SECONDS,
    CredentialsError,
    ObjectError,
    StoredObject,
    broken,
    refusal,
)
from reporter.model.sentences import tell

_CONNECTION = "AZURE_STORAGE_CONNECTION_STRING"
_KEYS = ("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_KEY")
_LIMITS = {
    "retry_total": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
    "logging_enable": False,
}


class AzureObjects:
    """The blobs of one prefix."""

    def __init__(self, place: RemotePlace, environ: Mapping[str, str]) -> None:
        account, container = place.root.split("/")
        self._prefix = place.prefix
        with _told():
            self._client: Any = _client(account, container, environ)
        if self._client.account_name != account:
            why = tell("{variable} is of another account", variable=_CONNECTION)
            raise CredentialsError(why)
        self.address = str(self._client.primary_endpoint).partition("?")[0]

    def page(self, after: str) -> tuple[list[StoredObject], str]:
        """Return a page of the list and what to ask the next one with; '' for none."""
        with _told():
            blobs = self._client.list_blobs(self._prefix, results_per_page=PAGE)
            pages = blobs.by_page(after or None)
            found = [_object(blob) for blob in next(pages, ())]
        return found, pages.continuation_token or ""

    def look(self, key: str) -> StoredObject:
        """Return a blob as it is now."""
        with _told():
            return _object(self._client.get_blob_client(key).get_blob_properties())

    def read(self, object: StoredObject, take: Callable[[bytes], object]) -> StoredObject:
        """Hand on the bytes of a blob, as long as it has the ETag of the list."""
        with _told():
            stream = self._client.get_blob_client(object.key).download_blob(
                etag=object.etag, match_condition=MatchConditions.IfNotModified, max_concurrency=1
            )
            for chunk in stream.chunks():
                take(chunk)
        return object


def _client(account: str, container: str, environ: Mapping[str, str]) -> ContainerClient:
    if text := environ.get(_CONNECTION):
        return ContainerClient.from_connection_string(text, container, **_LIMITS)
    credential: Any = next((environ[name] for name in _KEYS if environ.get(name)), None)
    if credential is None:
        from azure.identity import DefaultAzureCredential

        credential = DefaultAzureCredential()
    url = f"https://{account}.blob.core.windows.net"
    return ContainerClient(url, container, credential, **_LIMITS)


def _object(blob: Any) -> StoredObject:
    changed_at = blob.last_modified.isoformat() if blob.last_modified else ""
    # A list gives ETags without quotes; a request asks with them.
    etag = f'"{blob.etag.strip(chr(34))}"' if blob.etag else ""
    version = getattr(blob, "version_id", "") or ""
    return StoredObject(blob.name, int(blob.size), etag, version, changed_at)


@contextmanager
def _told() -> Iterator[None]:
    """Say what an error of the library means."""
    try:
        yield
    except ClientAuthenticationError as error:
        code = str(getattr(error, "error_code", "") or type(error).__name__)
        raise CredentialsError(
            tell("there are no usable credentials ({code})", code=code)
        ) from None
    except HttpResponseError as error:
        code = str(getattr(error, "error_code", "") or f"HTTP {error.status_code}")
        raise refusal(int(error.status_code or 0), code) from None
    except ValueError:  # a connection string or key that is none
        why = tell("the credentials of the environment cannot be read")
        raise CredentialsError(why) from None
    except (AzureError, OSError) as error:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            why = tell("the certificate of the storage cannot be verified")
            raise ObjectError(why) from None
        raise broken(type(error).__name__) from None
