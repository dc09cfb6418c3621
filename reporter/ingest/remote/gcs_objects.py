"""Objects of Google Cloud Storage. In: a bucket and a prefix. Out: an ObjectStore. Credentials are
the application default ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import google.auth
from google.api_core.exceptions import GoogleAPICallError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from requests.exceptions import RequestException, SSLError

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

_TIMES = (CONNECT_SECONDS, READ_SECONDS)
_EMULATOR = "STORAGE_EMULATOR_HOST"
_READ_ONLY = ("https://www.googleapis.com/auth/devstorage.read_only",)
_FIELDS = "items(name,size,generation,etag,updated),nextPageToken"


class _Taken:
    """What the library writes to."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take, self._size = take, 0

    def write(self, chunk: bytes) -> int:
        self._take(chunk)
        self._size += len(chunk)
        return len(chunk)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass


class GcsObjects:
    """The objects of one prefix."""

    def __init__(self, place: RemotePlace, environ: Mapping[str, str]) -> None:
        self._prefix = place.prefix
        with _told():
            # Where an emulator is named, the library uses it and no credentials.
            given = (
                {}
                if environ.get(_EMULATOR)
                else {"credentials": google.auth.default(_READ_ONLY)[0]}
            )
            self._client: Any = storage.Client(project="-", **given)
        # Else it asks beside every request, in a thread of its own, where the bucket lies.
        self._client._bucket_metadata_cache = None
        self._bucket = self._client.bucket(place.root)
        self.address = str(self._client.api_endpoint)

    def page(self, after: str) -> tuple[list[StoredObject], str]:
        """Return a page of the list and what to ask the next one with; '' for none."""
        with _told():
            blobs = self._client.list_blobs(
                self._bucket,
                prefix=self._prefix,
                page_token=after or None,
                max_results=None,
                page_size=PAGE,
                fields=_FIELDS,
                retry=None,
                timeout=_TIMES,
            )
            found = [_object(blob) for blob in next(blobs.pages, ())]
        return found, blobs.next_page_token or ""

    def look(self, key: str) -> StoredObject:
        """Return an object as it is now."""
        blob = self._bucket.blob(key)
        with _told():
            blob.reload(retry=None, timeout=_TIMES)
        return _object(blob)

    def read(self, object: StoredObject, take: Callable[[bytes], object]) -> StoredObject:
        """Hand on the bytes of the generation of the list, as they are stored."""
        with _told():
            self._bucket.blob(object.key).download_to_file(
                _Taken(take),
                raw_download=True,  # else an object that says gzip arrives unpacked
                if_generation_match=int(object.version),
                retry=None,
                timeout=_TIMES,
            )
        return object


def _object(blob: Any) -> StoredObject:
    changed_at = blob.updated.isoformat() if blob.updated else ""
    return StoredObject(
        blob.name, int(blob.size), blob.etag or "", str(blob.generation), changed_at
    )


@contextmanager
def _told() -> Iterator[None]:
    """Say what an error of the library means."""
    try:
        yield
    except GoogleAPICallError as error:
        raise refusal(int(error.code or 0), f"HTTP {int(error.code or 0)}") from None
    except InvalidResponse as error:
        status = int(error.response.status_code)
        raise refusal(status, f"HTTP {status}") from None
    except (TransportError, DataCorruption) as error:
        raise broken(type(error).__name__) from None
    except (DefaultCredentialsError, GoogleAuthError) as error:
        code = type(error).__name__
        raise CredentialsError(
            tell("there are no usable credentials ({code})", code=code)
        ) from None
    except SSLError:
        why = tell("the certificate of the storage cannot be verified")
        raise ObjectError(why) from None
    except (RequestException, OSError) as error:
        raise broken(type(error).__name__) from None
