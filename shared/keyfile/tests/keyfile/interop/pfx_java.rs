//! PFX files and Java's keytool. It is tried where it is there; where it isn't, the rows say so.

use std::process::{Command, Output};

use super::programs::succeed;
use super::{Matrix, outcome};
use crate::openssl::Openssl;
use crate::{PASSWORD, written};

fn keytool(bench: &Openssl, arguments: &[&str]) -> std::io::Result<Output> {
    Command::new("keytool").args(arguments).current_dir(bench.path()).output()
}

/// Name and version, if it is there.
pub(super) fn version() -> Option<String> {
    let output = Command::new("keytool").arg("-J-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(format!("keytool {}", text.split('"').nth(1)?))
}

/// Lets keytool read this crate's file and write the key into one of its own.
pub(super) fn export(bench: &Openssl, settings: &str) -> Output {
    let _ = std::fs::remove_file(bench.path().join("out.pfx"));
    let mut arguments: Vec<&str> = settings.split_whitespace().collect();
    arguments.extend(["-importkeystore", "-srckeystore", "in.pfx", "-srcstoretype", "PKCS12"]);
    arguments.extend(["-srcstorepass", PASSWORD, "-destkeystore", "out.pfx", "-deststoretype", "PKCS12"]);
    arguments.extend(["-deststorepass", PASSWORD, "-noprompt"]);
    keytool(bench, &arguments).unwrap()
}

#[test]
fn java_both_ways() {
    let mut matrix = Matrix::new("pfx-java");
    let Some(maker) = version() else {
        matrix.say("keytool: it is not on the PATH: PFX files of Java not tried");
        return matrix.write();
    };
    let bench = Openssl::new();
    bench.put("in.pfx", &written());
    for settings in [
        "",
        "-J-Dkeystore.pkcs12.legacy",
        "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA512AndAES_128 \
         -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512",
        "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA224AndAES_256 \
         -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA224",
    ] {
        succeed(export(&bench, settings));
        assert_eq!(outcome(&mut matrix, &maker, settings, &bench.get("out.pfx")), "read");
    }
    let listed = succeed(keytool(&bench, &["-list", "-keystore", "in.pfx", "-storepass", PASSWORD]).unwrap());
    let listed = String::from_utf8_lossy(&listed).into_owned();
    assert!(listed.contains("blue") && listed.contains("PrivateKeyEntry"), "{listed}");
    matrix.add(format!("Keyward → {maker}"), "as Keyward writes it", "read");
    matrix.write();
}
