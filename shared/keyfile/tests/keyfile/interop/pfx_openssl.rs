//! PFX files and the openssl program.

use std::process::Command;

use keyward_keyfile::{Limits, pfx};

use super::{Matrix, outcome};
use crate::openssl::{Openssl, pem};
use crate::{KEY, PASSWORD, password, written};

const MACS: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

/// Name and version.
pub(crate) fn openssl() -> String {
    let version = String::from_utf8(Openssl::new().run("version")).unwrap();
    version.split(' ').take(2).collect::<Vec<_>>().join(" ").replace("OpenSSL", "openssl")
}

/// Whether `openssl pkcs12` knows an option.
pub(super) fn knows(option: &str) -> bool {
    let help = Command::new("openssl").args(["pkcs12", "-help"]).output().unwrap();
    String::from_utf8_lossy(&help.stderr).contains(option)
}

#[test]
fn openssl_with_each_encryption_and_mac() {
    let (bench, mut matrix, maker) = (Openssl::with_key(), Matrix::new("pfx-openssl"), openssl());
    for encryption in ["AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC", "PBE-SHA1-3DES", "PBE-SHA1-2DES"] {
        for mac in MACS {
            let options = format!("-iter 50 -keypbe {encryption} -certpbe {encryption} -macalg {mac}");
            assert_eq!(outcome(&mut matrix, &maker, &options, &bench.export(&options)), "read");
        }
    }
    for (options, expected) in [
        ("-certpbe NONE", "read"),
        ("-macalg md5", "unsupported_algorithm"),
        ("-nomac", "no_mac"),
        ("-keypbe NONE", "unencrypted_key"),
        ("-keypbe NONE -certpbe NONE -nomac", "no_mac"),
    ] {
        assert_eq!(outcome(&mut matrix, &maker, options, &bench.export(options)), expected);
    }
    bench.put("in.pfx", &written());
    let passin = format!("pass:{PASSWORD}");
    bench.put("out.pem", &bench.run_with(&["pkcs12", "-in", "in.pfx", "-nocerts", "-noenc", "-passin", &passin]));
    bench.run("pkcs8 -topk8 -nocrypt -in out.pem -out out-key.pem");
    assert_eq!(bench.get("out-key.pem"), pem("PRIVATE KEY", KEY.pkcs8_der()));
    matrix.add(format!("Keyward → {maker}"), "as Keyward writes it", "read");
    matrix.write();
}

/// Newer versions let the length of the MAC's salt be chosen.
#[test]
fn openssl_with_salts_of_each_length() {
    let (bench, mut matrix, maker) = (Openssl::with_key(), Matrix::new("pfx-openssl-salts"), openssl());
    if knows("-macsaltlen") {
        for length in [8, 16, 20, 64] {
            let file = bench.export(&format!("-macsaltlen {length}"));
            assert_eq!(outcome(&mut Matrix::new(""), &maker, "", &file), "read", "{length}");
            matrix.add(format!("{maker} → Keyward: MAC salt"), format!("{length} bytes"), "read");
        }
    } else {
        matrix.say(format!("{maker}: it can't write MAC salts of other lengths (it has no -macsaltlen): not tried"));
    }
    matrix.write();
}

#[test]
fn openssl_with_its_provider_for_old_algorithms() {
    let (bench, mut matrix, maker) = (Openssl::with_key(), Matrix::new("pfx-openssl-legacy"), openssl());
    let provider = Command::new("openssl").args(["list", "-providers", "-provider", "legacy"]).output().unwrap();
    if provider.status.success() {
        for (encryption, expected) in [
            ("PBE-SHA1-RC2-40", "read"),
            ("PBE-SHA1-RC2-128", "read"),
            ("PBE-SHA1-RC4-128", "unsupported_algorithm"),
            ("PBE-SHA1-RC4-40", "unsupported_algorithm"),
        ] {
            for mac in MACS {
                let options = format!("-legacy -iter 50 -keypbe {encryption} -certpbe {encryption} -macalg {mac}");
                let file = bench.export(&options);
                assert_eq!(outcome(&mut matrix, &maker, &format!("-keypbe {encryption}"), &file), expected);
            }
        }
    } else {
        matrix.say(format!("{maker}: its provider for old algorithms is not there: RC2 and RC4 not tried"));
    }
    matrix.write();
}

/// The commands of the next step make a file that is taken of one that was refused.
#[test]
fn the_next_step_mends_the_file() {
    let mut matrix = Matrix::new("pfx-mended");
    for options in [
        "-nomac",
        "-keypbe NONE",
        "-keypbe NONE -certpbe NONE -nomac",
        "-macalg md5",
        "-legacy -keypbe PBE-SHA1-RC4-128",
        "-iter 60000",
    ] {
        let bench = Openssl::with_key();
        let limits = Limits { iterations: 100_000, ..Limits::default() };
        let file = bench.export(options);
        let refusal = pfx::read(&file, &password(), &limits).unwrap_err();
        bench.put("old.pfx", &file);
        let commands: Vec<&str> =
            refusal.next_step().split(", ").filter_map(|step| step.split("openssl ").nth(1)).collect();
        assert_eq!(commands.len(), 2, "{options}");
        let (passin, passout) = (format!("pass:{PASSWORD}"), format!("pass:{PASSWORD}"));
        for command in commands {
            let mut arguments: Vec<&str> = command.split(' ').collect();
            arguments.extend(["-passin", &passin, "-passout", &passout]);
            bench.run_with(&arguments);
        }
        let mended = bench.get("key.pfx");
        let key = pfx::read(&mended, &password(), &limits).unwrap();
        assert_eq!(key.public_key(), KEY.public_key());
        let outcome = format!("refused as {}, and read after its next step", refusal.code());
        matrix.add(format!("{} → Keyward", openssl()), options, outcome);
    }
    matrix.write();
}
