"""A trained network on its way to the driver: as files at a URI, not as a task's result.

What tasks return goes through the driver's JVM, where `spark.driver.maxResultSize` ends the job
when training is done, and no result of 2 GiB can pass.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline import files


@dataclass(frozen=True)
class HandedOver:
    """Files that an executor has written for the driver.

    Parameters
    ----------
    uri : str
        Their directory.
    names : sequence of str
        The files.
    """

    uri: str
    names: Sequence[str]

    def read(self) -> dict[str, bytes]:
        """The files' bytes, on the driver, while the fit's scratch is there.

        Raises
        ------
        StoreError
            When one cannot be read.
        """
        return {name: files.read_bytes(files.join(self.uri, name)) for name in self.names}


def hand_over(contents: Mapping[str, bytes], scratch: str) -> HandedOver:
    """Write files below a fit's scratch directory, in a new directory: attempts do not meet there.

    Parameters
    ----------
    contents : mapping of str to bytes
        The files.
    scratch : str
        The fit's scratch directory, which is deleted when the fit ends.

    Raises
    ------
    StoreError
        When one cannot be written.
    """
    uri = files.join(scratch, f"network-{uuid.uuid4().hex[:12]}")
    for name, data in contents.items():
        files.write_bytes(files.join(uri, name), data)
    return HandedOver(uri, tuple(contents))
