"""The bill of materials of what is shipped, in CycloneDX: the locked dependencies exported by uv,
the licence of each from its metadata, and the browser's files of VENDORED.md.

Only what an installed server has: tests and tools are in no bill unless --all-groups asks for them.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import groupby
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression, is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
VENDORED = ROOT / "mockserver" / "dashboard" / "VENDORED.md"
LICENCES = {
    "axe-playwright-python": "MIT AND MPL-2.0",
    "blinker": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pip-audit": "Apache-2.0",
    "typing-extensions": "PSF-2.0",
}
"""What metadata leaves open: it names none or a family only, so the text was read; or there is no
metadata, since not every Python needs the package."""


def licence(package: str) -> str | None:
    """Return the licence of an installed package as an SPDX expression; None when none is known."""
    try:
        fields = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return LICENCES.get(package)
    named = fields.get("License-Expression") or fields.get("License") or ""
    if named and (is_supported_id(named) or is_expression(named)):
        return named
    return LICENCES.get(package)


def locked(*groups: str) -> Bom:
    """Return the locked dependencies without the default groups, but with those that options name,
    each with its licence. A SystemExit names those whose licence nobody knows."""
    command = (sys.executable, "-m", "uv", "export", "--quiet", "--locked", "--no-default-groups")
    options = ("--format=cyclonedx1.5", "--preview-features=sbom-export", *groups)
    export = subprocess.run([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    bom = Bom.from_json(json.loads(export.stdout))
    for component in bom.components:
        known = licence(component.name)
        if known:
            component.licenses = [LicenseFactory().make_from_string(known)]
    unknown = [component.name for component in bom.components if not component.licenses]
    if unknown and not groups:
        sys.exit(f"sbom: no licence is known of {', '.join(unknown)}: look, and add it to LICENCES")
    return bom


def vendored() -> Iterator[Component]:
    """Yield the npm packages of VENDORED.md, each with its files inside."""
    rows = [
        [cell.strip().replace("`", "") for cell in line.split("|")[1:-1]]
        for line in VENDORED.read_text("utf-8").splitlines()
        if line.startswith("| `")
    ]
    for (package, version), files in groupby(rows, key=lambda row: (row[1], row[2])):
        scope, _, name = package.rpartition("/")
        inside = list(files)
        yield Component(
            type=ComponentType.LIBRARY,
            bom_ref=f"{package}@{version}",
            group=scope or None,
            name=name,
            version=version,
            purl=PackageURL("npm", scope, name, version),
            licenses=[LicenseFactory().make_from_string(inside[0][3])],
            external_references=[
                ExternalReference(type=ExternalReferenceType.WEBSITE, url=XsUri(inside[0][5]))
            ],
            components=[
                Component(
                    type=ComponentType.FILE,
                    bom_ref=f"mockserver/dashboard/static/{row[0]}",
                    name=f"mockserver/dashboard/static/{row[0]}",
                    hashes=[HashType(alg=HashAlgorithm.SHA_256, content=row[6])],
                )
                for row in inside
            ],
        )


def bill(*groups: str) -> str:
    """Return the whole bill as JSON, which CycloneDX's own schema has been held against."""
    bom = locked(*groups)
    product = bom.metadata.component
    assert product is not None, "uv names the project"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    product.type = ComponentType.APPLICATION
    product.description = project["description"]
    product.licenses = [LicenseFactory().make_from_string(project["license"])]
    for component in vendored():
        bom.components.add(component)
        bom.register_dependency(product, [component])
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if wrong:
        sys.exit(f"sbom: this is no CycloneDX 1.6: {wrong}")
    return f"{text}\n"


def main() -> None:
    """Write the bill of materials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="where to write it")
    parser.add_argument("--all-groups", action="store_true", help="tests and tools, too")
    given = parser.parse_args()
    text = bill(*(["--all-groups"] if given.all_groups else []))
    given.file.parent.mkdir(parents=True, exist_ok=True)
    given.file.write_text(text, "utf-8")
    print(f"sbom: {len(json.loads(text)['components'])} components in {given.file}")


if __name__ == "__main__":
    main()
