//! The packages that `make package` left, unpacked so that they can be run.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::Outcome;

/// The name of the program in a package, as Lambda's own runtimes want it.
const PROGRAM: &str = "bootstrap";

/// One function as it is deployed.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Bytes of the package.
    pub(crate) packed: u64,
    /// Bytes of what is in it.
    pub(crate) unpacked: u64,
    /// Where its program was unpacked.
    pub(crate) program: PathBuf,
}

/// Where the packages are: the folder in the variable, or in the target folder.
fn place(variable: &str, folder: &str) -> PathBuf {
    std::env::var_os(variable)
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("target").join(folder), PathBuf::from)
}

/// All packaged functions by their names, unpacked under `into`.
pub(crate) fn functions(into: &Path) -> Outcome<Vec<Package>> {
    unpacked(&place("KEYWARD_PACKAGES", "package"), into, "make package")
}

/// The function that does nothing.
pub(crate) fn empty(into: &Path) -> Outcome<Package> {
    let script = "functions/benches/functions/empty.sh";
    let packages = unpacked(&place("KEYWARD_PACKAGE_EMPTY", "package-empty"), into, script)?;
    let package = packages.into_iter().next().ok_or("there is no empty function")?;
    Ok(Package { name: "an empty function".to_owned(), ..package })
}

fn unpacked(folder: &Path, into: &Path, made_by: &str) -> Outcome<Vec<Package>> {
    let mut zips = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| missing(folder, &error.to_string(), made_by))? {
        zips.push(entry?.path());
    }
    zips.retain(|path| path.extension().is_some_and(|extension| extension == "zip"));
    zips.sort();
    if zips.is_empty() {
        return Err(missing(folder, "it holds no package", made_by).into());
    }
    zips.iter().map(|zip| unpack(zip, into)).collect()
}

fn missing(folder: &Path, reason: &str, made_by: &str) -> String {
    format!("{}: {reason}. Run `{made_by}` first, or `make bench`, which does.", folder.display())
}

fn unpack(zip: &Path, into: &Path) -> Outcome<Package> {
    let name = zip.file_stem().ok_or("a package without a name")?.to_string_lossy().into_owned();
    let folder = into.join(&name);
    // Packaging needs Python too.
    let mut python = Command::new("python3");
    python.args(["-m", "zipfile", "-e"]).arg(zip).arg(&folder);
    let status = python.status().map_err(|error| format!("python3 does not run: {error}; install it and try again"))?;
    if !status.success() {
        return Err(format!("{} can't be unpacked; make it anew", zip.display()).into());
    }
    let program = folder.join(PROGRAM);
    // Python does not keep who may run it.
    fs::set_permissions(&program, Permissions::from_mode(0o755))
        .map_err(|error| format!("{} holds no `{PROGRAM}`: {error}", zip.display()))?;
    let unpacked = fs::read_dir(&folder)?.map(|entry| Ok(entry?.metadata()?.len())).sum::<Outcome<u64>>()?;
    Ok(Package { name, packed: fs::metadata(zip)?.len(), unpacked, program })
}
