#!/usr/bin/env python3
"""What the packages in target/package were built from: package.sh writes it down, and `make deploy` refuses what does not fit.

    packages.py sources                                       a hash over all that makes the functions, as it is now
    packages.py stamp --sources HASH --architecture A NAME…   writes down of what, and for which processor, these were built
    packages.py check [--config FILE]                         whether all functions of the template fit the checkout and the parameter

FILE is the configuration of `sam deploy`.
"""

import argparse
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What is compiled into the functions, and how. Tests and benches are in no package.
SOURCES = ["Cargo.toml", "Cargo.lock", ".cargo", "functions", "shared", "infra/aws/package.sh", "infra/aws/tools/packaging.txt"]
NOT_PACKAGED = ("tests", "benches")


class Failure(Exception):
    """What does not fit, and what to do."""


def sources(root):
    """A hash over the names and contents of the sources."""
    told = hashlib.sha256()
    for path in sorted(found for source in SOURCES for found in files(root / source)):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        told.update(f"{path.relative_to(root).as_posix()}\0{content}\n".encode())
    return told.hexdigest()


def files(path):
    if path.is_file():
        return [path]
    # functions/tests, shared/<crate>/tests
    return [found for found in path.rglob("*") if found.is_file() and not set(found.relative_to(path).parts[:2]) & set(NOT_PACKAGED)]


def commit(root):
    """The commit of the checkout, for people; whether something fits goes by the sources."""
    try:
        asked = subprocess.run(["git", "-C", root, "describe", "--always", "--abbrev=40", "--dirty"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return asked.stdout.strip()


def stamps(folder):
    try:
        return json.loads((folder / "packages.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise Failure(f"{folder / 'packages.json'} can't be read ({error}): run make package.") from error


def digest(package):
    return hashlib.sha256(package.read_bytes()).hexdigest()


def stamp(root, folder, options):
    kept = stamps(folder)
    for name in options.names:
        kept[name] = {
            "architecture": options.architecture,
            "commit": commit(root),
            "sources": options.sources,
            "package": digest(folder / f"{name}.zip"),
        }
    (folder / "packages.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def template_functions(template):
    return sorted(re.findall(r"CodeUri: \.\./\.\./target/package/([a-z-]+)\.zip", template))


def architecture_of(template, config):
    """The parameter, as the deployment would have it."""
    default = re.search(r"^  Architecture:\n    Type: String\n    Default: (\w+)$", template, re.MULTILINE).group(1)
    if config is None or not config.is_file():
        return default
    try:
        import tomllib as toml
    except ImportError:
        # With SAM, also for an older Python.
        import tomlkit as toml
    try:
        told = toml.loads(config.read_text(encoding="utf-8")).get("default", {})
    except ValueError as error:
        raise Failure(f"{config} can't be read: {error}") from error
    for command in ("deploy", "global"):
        given = told.get(command, {}).get("parameters", {}).get("parameter_overrides")
        if given is not None:
            return overridden(given, config) or default
    return default


def overridden(given, config):
    """The value of Architecture among overrides in any of SAM's forms."""
    found = None
    for part in given if isinstance(given, list) else [given]:
        if isinstance(part, dict):
            found = part.get("Architecture", found)
            elsewhere = "$include" in part
        else:
            values = re.findall(r"""(?:^|\s)(?:ParameterKey=)?Architecture(?:,ParameterValue)?=\\?["']?(\w+)""", str(part))
            found = values[-1] if values else found
            elsewhere = "file://" in str(part)
        if elsewhere:
            raise Failure(f"{config} takes parameters from another file; write Architecture and the others into it, so that it can be seen which packages fit.")
    return found


def check(root, folder, options):
    template = (root / "infra/aws/template.yaml").read_text(encoding="utf-8")
    names, kept, wanted = template_functions(template), stamps(folder), architecture_of(template, options.config)
    missing = [name for name in names if not (folder / f"{name}.zip").is_file()]
    if missing:
        raise Failure(f"There are no packages of {some(missing)}: run make package.")
    unknown = [name for name in names if name not in kept or kept[name]["package"] != digest(folder / f"{name}.zip")]
    if unknown:
        raise Failure(f"It is not known of what the packages of {some(unknown)} were built: run make package.")
    others = [name for name in names if kept[name]["architecture"] != wanted]
    if others:
        built = " and ".join(sorted({kept[name]["architecture"] for name in others}))
        whose = f"{options.config} says so" if options.config and options.config.is_file() else "the default of the parameter Architecture"
        raise Failure(
            f"The deployment is for {wanted} ({whose}), but the packages of {some(others)} are for {built}: "
            f"run ARCHITECTURE={wanted} make package, or deploy with a CONFIG that has Architecture = \"{built}\"."
        )
    now = sources(root)
    stale = [name for name in names if kept[name]["sources"] != now]
    if stale:
        built = ", ".join(sorted({kept[name]["commit"] for name in stale}))
        raise Failure(f"The packages of {some(stale)} were built from other sources ({built}) than the checkout has ({commit(root)}): run make package.")
    print(f"{len(names)} packages for {wanted}, built from these sources ({commit(root)}).")


def some(names):
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} others"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("sources")
    stamped = commands.add_parser("stamp")
    stamped.add_argument("--sources", required=True)
    stamped.add_argument("--architecture", required=True)
    stamped.add_argument("names", nargs="+")
    commands.add_parser("check").add_argument("--config", type=pathlib.Path)
    options = parser.parse_args()
    folder = options.root / "target/package"
    try:
        if options.command == "sources":
            print(sources(options.root))
        elif options.command == "stamp":
            stamp(options.root, folder, options)
        else:
            check(options.root, folder, options)
    except Failure as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
