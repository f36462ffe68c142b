"""The catalog: the campaigns in the templates folder, checked and compiled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from campaigns.content.compiler import SHARED, Compiler
from campaigns.errors import FileError, FilesError

if TYPE_CHECKING:
    from datetime import datetime

    from campaigns.content.compiled import Compiled
    from campaigns.domain.brand import Brand
    from campaigns.domain.campaign import Campaign
    from campaigns.domain.customer import AttributeSpec
    from campaigns.domain.findings import Finding
    from campaigns.domain.identity import IdentityRules
    from campaigns.domain.release import Release


class Catalog:
    """The campaigns of one templates folder. Reading and compiling happen when asked for; what
    was compiled is kept as long as no file of it changes."""

    def __init__(self, templates: Path, compiler: Compiler = SHARED) -> None:
        self.templates = templates
        self._compiler = compiler
        self._known: dict[tuple[str, str], tuple[str, Compiled]] = {}

    def campaigns(self) -> list[str]:
        """The names of all campaigns. Raises FileError when the folder is not there."""
        folder = self.templates / "campaigns"
        if not folder.is_dir():
            raise FileError(
                "there is no such folder. CAMPAIGNS_TEMPLATES says where brand, layouts and "
                "campaigns are; without it they are in ./templates.",
                path=folder,
            )
        return sorted(path.parent.name for path in folder.glob("*/campaign.yaml"))

    def brand(self) -> Brand:
        """The brand. Raises FileError (also when the folder is not there) or FilesError."""
        from campaigns.content.reading import read_model
        from campaigns.domain.brand import Brand

        self.campaigns()
        return read_model(self.templates / "brand.yaml", Brand)[1]

    def campaign(self, name: str) -> Campaign:
        """A campaign's own file, without its copy. Raises FileError or FilesError."""
        from campaigns.content.reading import read_model
        from campaigns.domain.campaign import Campaign

        return read_model(self.templates / "campaigns" / name / "campaign.yaml", Campaign)[1]

    def attributes(self) -> Mapping[str, AttributeSpec]:
        """The declared attributes of customers. Raises FileError or FilesError."""
        from campaigns.content.reading import read_attributes

        return read_attributes(self.templates / "attributes.yaml")[1]

    def identity_rules(self) -> IdentityRules:
        """When two profiles are one person; the ones built in where the file is not there.

        Raises FileError (also for an attribute that is not declared) or FilesError.
        """
        from campaigns.content.reading import read_model
        from campaigns.domain.identity import IdentityRules

        path = self.templates / "identities.yaml"
        if not path.exists():
            return IdentityRules()
        rules = read_model(path, IdentityRules)[1]
        declared = self.attributes()
        for name in (*rules.contradict, *(rules.probable.compare if rules.probable else ())):
            if name not in declared:
                raise FileError(
                    f"`{name}` is no attribute. Declare it in attributes.yaml, or take it out.",
                    path=path,
                )
        return rules

    def compile(self, name: str, *, edition: str = "") -> Release:
        """The campaign's release. Raises NotFoundError with the nearest name, and FilesError with
        every wrong file and every finding of level error."""
        from campaigns.domain.findings import Level

        compiled = self.examine(name, edition=edition)
        errors = [f for f in compiled.findings if f.level is Level.ERROR]
        if errors or compiled.release is None:
            raise FilesError([FileError(f.sentence, path=f.file, line=f.line) for f in errors])
        return compiled.release

    def check(self, name: str, now: datetime) -> list[Finding]:
        """Everything that is wrong, or looks wrong, with a campaign now. Raises NotFoundError."""
        return self.examine(name).at(now)

    def check_shared(self) -> list[Finding]:
        """What is wrong with files that are no campaign's own: identities.yaml, which sending does
        not read, and folders of campaigns/ that hold no campaign."""
        from campaigns.content.checks.rules import RULES
        from campaigns.domain.findings import Finding

        names, found = self.campaigns(), list[Finding]()
        try:
            self.identity_rules()
        except (FileError, FilesError) as error:
            errors = error.errors if isinstance(error, FilesError) else (error,)
            for e in errors:
                found.append(
                    Finding("file", RULES["file"].level, e.message, "", str(e.path), e.line)
                )
        for folder in sorted((self.templates / "campaigns").iterdir()):
            if folder.is_dir() and folder.name not in names and any(folder.glob("*.y*ml")):
                told = "This is no campaign: there is no campaign.yaml in it."
                mend = "Add one, or take the folder out."
                level = RULES["file-unread"].level
                found.append(Finding("file-unread", level, told, mend, str(folder)))
        return found

    def examine_all(self, names: Sequence[str]) -> None:
        """Compile these together, some at once, so that asking for one finds it made."""
        digests = {name: self._digest(name) for name in names}
        new = [n for n, d in digests.items() if self._known.get((n, ""), ("",))[0] != d]
        for name, compiled in zip(
            new, self._compiler.compile_all(self.templates, new), strict=True
        ):
            self._known[name, ""] = (digests[name], compiled)

    def examine(self, name: str, *, edition: str = "") -> Compiled:
        """The release, unless a file is wrong, and all findings. Raises NotFoundError."""
        self.campaigns()
        digest = self._digest(name)
        known = self._known.get((name, edition))
        if known is None or known[0] != digest:
            known = (digest, self._compiler.compile(self.templates, name, edition))
            self._known[name, edition] = known
        return known[1]

    def schemas(self) -> dict[str, dict[str, Any]]:
        """JSON Schemas (draft 2020-12) by file kind: brand, campaign, copy, attributes,
        identities."""
        from campaigns.content.schemas import schemas

        return schemas()

    def _digest(self, name: str) -> str:
        """Of every file that the campaign is made from."""
        digest = blake2b(digest_size=16)
        for path in self._files(name):
            content = path.read_bytes() if path.is_file() else b""
            digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def _files(self, name: str) -> Iterator[Path]:
        yield self.templates / "brand.yaml"
        yield self.templates / "attributes.yaml"
        yield from sorted((self.templates / "layouts").glob("*.j2"))
        yield from sorted((self.templates / "campaigns" / name).glob("*.y*ml"))
