//! Files that this crate writes are read by openssl, without its provider for old algorithms.

use chrono::DateTime;
use keyward_keyfile::{Limits, Password, PrivateKey, pfx};

use crate::openssl::{Openssl, pem};
use crate::{KEY, few, noon, password, written};

#[test]
fn openssl_reads_key_and_certificate() {
    let bench = Openssl::new();
    bench.put("in.pfx", &written());
    let pass = ["-passin", "pass:correct horse"];
    let pkcs12 = ["pkcs12", "-in", "in.pfx"];
    let run = |more: &[&str]| {
        let output = bench.run_with(&[&pkcs12, &pass[..], more].concat());
        String::from_utf8(output).unwrap()
    };
    let everything = run(&["-noenc"]);
    assert_eq!(everything.matches("friendlyName: blue").count(), 2);
    assert_eq!(everything.matches("localKeyID: ").count(), 2);
    bench.put("out.pem", run(&["-noenc", "-nocerts"]).as_bytes());
    bench.run("pkcs8 -topk8 -nocrypt -in out.pem -outform DER -out out.p8");
    let key = PrivateKey::from_pkcs8(&bench.get("out.p8"), &Limits::default()).unwrap();
    assert_eq!(key.pkcs8_der(), KEY.pkcs8_der());

    bench.put("cert.pem", run(&["-nokeys"]).as_bytes());
    bench.run("verify -no_check_time -CAfile cert.pem cert.pem");
    let text = bench.run("x509 -in cert.pem -noout -subject -dates -pubkey");
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("CN = blue") || text.contains("CN=blue"), "{text}");
    assert!(text.contains("notBefore=Jan 15 08:00:00 2027 GMT"), "{text}");
    let public = String::from_utf8(pem("PUBLIC KEY", KEY.public_key().spki_der())).unwrap();
    assert!(text.contains(&public), "{text}");
}

#[test]
fn openssl_names_the_algorithms() {
    let bench = Openssl::new();
    bench.put("in.pfx", &pfx::write(&KEY, &password(), "blue", noon()).unwrap());
    let command = "openssl pkcs12 -info -noout -in in.pfx -passin";
    let output = std::process::Command::new("openssl")
        .args(command.split(' ').skip(1))
        .arg("pass:correct horse")
        .current_dir(bench.path())
        .output()
        .unwrap();
    let info = String::from_utf8(output.stderr).unwrap();
    assert!(info.contains("MAC: sha256, Iteration 600000"), "{info}");
    let pbes2 = "PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256";
    assert_eq!(info.matches(pbes2).count(), 2, "{info}");
}

#[test]
fn passwords_and_names_of_every_plane() {
    let bench = Openssl::new();
    for text in ["Grüße", "鍵の暗号", "\u{1F511}"] {
        let password = Password::new(text).unwrap();
        let file = pfx::write_with_iterations(&KEY, &password, text, noon(), few()).unwrap();
        bench.put("in.pfx", &file);
        let pass = format!("pass:{text}");
        bench.run_with(&["pkcs12", "-in", "in.pfx", "-noenc", "-passin", &pass]);
    }
}

#[test]
fn names_and_instants_at_their_limits() {
    let write = |name: &str, seconds| {
        let instant = DateTime::from_timestamp(seconds, 0).unwrap();
        pfx::write_with_iterations(&KEY, &password(), name, instant, few())
            .map(|file| assert!(pfx::read(&file, &password(), &Limits::default()).is_ok()))
            .map_err(|error| error.code())
    };
    assert_eq!(write("", 0), Err("name_not_allowed"));
    assert_eq!(write("a\nb", 0), Err("name_not_allowed"));
    assert_eq!(write(&"x".repeat(257), 0), Err("name_not_allowed"));
    assert_eq!(write(&"x".repeat(256), 0), Ok(()));
    assert_eq!(write("x", -1), Err("instant_not_allowed"));
    assert_eq!(write("x", 250_217_942_399), Ok(()));
    assert_eq!(write("x", 250_217_942_400), Err("instant_not_allowed"));
}

#[test]
fn two_files_of_one_key_share_nothing_secret() {
    assert_ne!(written(), written());
}
