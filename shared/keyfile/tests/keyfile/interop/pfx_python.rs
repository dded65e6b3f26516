//! PFX files and Python's `cryptography`.

use serde::Deserialize;

use super::programs::python;
use super::{Matrix, outcome};
use crate::openssl::Openssl;
use crate::{PASSWORD, written};

#[derive(Deserialize)]
struct Made {
    version: String,
    files: Vec<String>,
}

#[test]
fn python_both_ways() {
    let (bench, mut matrix) = (Openssl::with_key(), Matrix::new("pfx-python"));
    bench.put("in.pfx", &written());
    let made: Made = python(&bench, "pfx.py", &[PASSWORD]);
    let maker = format!("Python cryptography {}", made.version);
    // Two encryptions with five MACs each.
    assert_eq!(made.files.len(), 10);
    for name in made.files {
        assert_eq!(outcome(&mut matrix, &maker, &name, &bench.get(&name)), "read");
    }
    assert_eq!(outcome(&mut matrix, &maker, "its best encryption", &bench.get("best.pfx")), "read");
    // Without encryption it writes a MAC under the empty password.
    assert_eq!(outcome(&mut matrix, &maker, "no encryption", &bench.get("open.pfx")), "wrong_password");
    matrix.add(format!("Keyward → {maker}"), "as Keyward writes it", "read");
    matrix.write();
}
