//! Files of other programs are read, and files of this crate are read by them. What was tried and what
//! came of it is printed.

#![expect(clippy::print_stdout, reason = "the tests report what was tried")]

use std::process::{Command, Output};

use keyward_keyfile::{Limits, inspect, pfx};

use crate::openssl::Openssl;
use crate::{KEY, PASSWORD, password, written};

/// Reads a file, prints a line and gives back `read` or the code of the refusal. The inspection has
/// to say the same.
fn outcome(maker: &str, how: &str, file: &[u8]) -> &'static str {
    let outcome = match pfx::read(file, &password(), &Limits::default()) {
        Ok(key) => {
            assert_eq!(key.public_key(), KEY.public_key(), "{maker}, {how}");
            "read"
        }
        Err(error) => error.code(),
    };
    let inspection = inspect(file, Some(&password()), &Limits::default());
    assert_eq!(inspection.accepted, outcome == "read", "{maker}, {how}");
    let mac = inspection.mac.map_or_else(|| "no known MAC".to_owned(), |mac| mac.algorithm.to_owned());
    let encryption = inspection.keys.first().and_then(|key| key.encryption.as_ref()).map_or_else(
        || "key not under a known encryption".to_owned(),
        |encryption| format!("key under {} with {}", encryption.cipher, encryption.derivation),
    );
    println!("{maker}, {how}: {encryption}, {mac}: {outcome}");
    outcome
}

const MACS: [&str; 5] = ["sha1", "sha224", "sha256", "sha384", "sha512"];

#[test]
fn openssl_with_each_encryption_and_mac() {
    let bench = Openssl::with_key();
    for encryption in ["AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC", "PBE-SHA1-3DES", "PBE-SHA1-2DES"] {
        for mac in MACS {
            let options = format!("-iter 50 -keypbe {encryption} -certpbe {encryption} -macalg {mac}");
            assert_eq!(outcome("openssl", &options, &bench.export(&options)), "read");
        }
    }
    for (options, expected) in [
        ("-certpbe NONE", "read"),
        ("-macalg md5", "unsupported_algorithm"),
        ("-nomac", "no_mac"),
        ("-keypbe NONE", "unencrypted_key"),
        ("-keypbe NONE -certpbe NONE -nomac", "no_mac"),
    ] {
        assert_eq!(outcome("openssl", options, &bench.export(options)), expected);
    }
}

/// Newer versions let the length of the MAC's salt be chosen.
#[test]
fn openssl_with_salts_of_each_length() {
    let bench = Openssl::with_key();
    let help = Command::new("openssl").args(["pkcs12", "-help"]).output().unwrap();
    if !String::from_utf8_lossy(&help.stderr).contains("-macsaltlen") {
        println!("openssl: this version has no -macsaltlen");
        return;
    }
    for length in [8, 16, 20, 64] {
        let options = format!("-macsaltlen {length}");
        assert_eq!(outcome("openssl", &options, &bench.export(&options)), "read");
    }
}

#[test]
fn openssl_with_its_provider_for_old_algorithms() {
    let bench = Openssl::with_key();
    let provider = Command::new("openssl").args(["list", "-providers", "-provider", "legacy"]).output().unwrap();
    if !provider.status.success() {
        println!("openssl: its provider for old algorithms is not there");
        return;
    }
    for (encryption, expected) in [
        ("PBE-SHA1-RC2-40", "read"),
        ("PBE-SHA1-RC2-128", "read"),
        ("PBE-SHA1-RC4-128", "unsupported_algorithm"),
        ("PBE-SHA1-RC4-40", "unsupported_algorithm"),
    ] {
        for mac in MACS {
            let options = format!("-legacy -iter 50 -keypbe {encryption} -certpbe {encryption} -macalg {mac}");
            assert_eq!(outcome("openssl", &options, &bench.export(&options)), expected);
        }
    }
}

/// The commands of the next step make a file that is taken of one that was refused.
#[test]
fn the_next_step_mends_the_file() {
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
        println!("openssl, {options}: {} before, mended by its next step", refusal.code());
    }
}

fn succeed(output: Output) -> Vec<u8> {
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Java reads the file of this crate and writes the key into one of its own.
#[test]
fn java_both_ways() {
    let bench = Openssl::new();
    bench.put("in.pfx", &written());
    let keytool = |more: &[&str]| Command::new("keytool").args(more).current_dir(bench.path()).output();
    if keytool(&["-help"]).is_err() {
        println!("keytool: not on the PATH");
        return;
    }
    for settings in [
        "",
        "-J-Dkeystore.pkcs12.legacy",
        "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA512AndAES_128 \
         -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512",
        "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWithHmacSHA224AndAES_256 \
         -J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA224",
    ] {
        let _ = std::fs::remove_file(bench.path().join("out.pfx"));
        let mut arguments: Vec<&str> = settings.split_whitespace().collect();
        arguments.extend(["-importkeystore", "-srckeystore", "in.pfx", "-srcstoretype", "PKCS12"]);
        arguments.extend(["-srcstorepass", PASSWORD, "-destkeystore", "out.pfx", "-deststoretype", "PKCS12"]);
        arguments.extend(["-deststorepass", PASSWORD, "-noprompt"]);
        succeed(keytool(&arguments).unwrap());
        assert_eq!(outcome("keytool", settings, &bench.get("out.pfx")), "read");
    }
    let listed = succeed(keytool(&["-list", "-keystore", "in.pfx", "-storepass", PASSWORD]).unwrap());
    let listed = String::from_utf8_lossy(&listed).into_owned();
    assert!(listed.contains("blue") && listed.contains("PrivateKeyEntry"), "{listed}");
    println!("keytool reads the file of this crate");
}

/// What Python's `cryptography` is told to do: write a file for each way, then read this crate's.
const SCRIPT: &str = r#"
import sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization as s
from cryptography.hazmat.primitives.serialization import pkcs12
password = sys.argv[1].encode()
key = s.load_pem_private_key(open("key.pem", "rb").read(), None)
cert = x509.load_pem_x509_certificate(open("cert.pem", "rb").read())
for scheme in ("PBESv2SHA256AndAES256CBC", "PBESv1SHA1And3KeyTripleDESCBC"):
    for mac in ("SHA1", "SHA256"):
        way = (s.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(50)
               .key_cert_algorithm(getattr(pkcs12.PBES, scheme)).hmac_hash(getattr(hashes, mac)()))
        file = pkcs12.serialize_key_and_certificates(b"outside", key, cert, None, way.build(password))
        open(f"{scheme}-{mac}.pfx", "wb").write(file)
back, certificate, _ = pkcs12.load_key_and_certificates(open("in.pfx", "rb").read(), password)
assert back.private_numbers() == key.private_numbers()
assert certificate is not None
"#;

/// `KEYWARD_PYTHON` names a Python that has `cryptography`.
#[test]
fn python_both_ways() {
    let Some(python) = std::env::var_os("KEYWARD_PYTHON") else {
        println!("python: not given");
        return;
    };
    let bench = Openssl::with_key();
    bench.put("in.pfx", &written());
    succeed(Command::new(python).args(["-c", SCRIPT, PASSWORD]).current_dir(bench.path()).output().unwrap());
    for scheme in ["PBESv2SHA256AndAES256CBC", "PBESv1SHA1And3KeyTripleDESCBC"] {
        for mac in ["SHA1", "SHA256"] {
            let file = bench.get(&format!("{scheme}-{mac}.pfx"));
            assert_eq!(outcome("python", &format!("{scheme} {mac}"), &file), "read");
        }
    }
    println!("python reads the file of this crate");
}
