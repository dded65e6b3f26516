//! PEM files: those of the openssl program are read, others are refused with what mends them.

use std::sync::LazyLock;

use keyward_keyfile::pem::{Found, is_pem, read_private_key, read_public_key};
use keyward_keyfile::{KeyFileError, Limits, Password, PrivateKey};

use crate::openssl::{Openssl, pem};
use crate::{KEY, PASSWORD, password, written};

/// The tests' key as the openssl program writes it by default.
static CLEAR: LazyLock<Vec<u8>> = LazyLock::new(|| pem("PRIVATE KEY", KEY.pkcs8_der()));

fn read(file: &[u8]) -> Result<PrivateKey, KeyFileError> {
    read_under(PASSWORD, file)
}

fn read_under(password: &str, file: &[u8]) -> Result<PrivateKey, KeyFileError> {
    match read_private_key(file, &Limits::default())? {
        Found::Clear(key) => Ok(key),
        Found::Encrypted(key) => key.open(&Password::new(password).unwrap(), &Limits::default()),
    }
}

fn code(file: &[u8]) -> &'static str {
    let error = read(file).expect_err("the file is to be refused");
    assert!(!error.next_step().is_empty() && !error.to_string().is_empty());
    error.code()
}

fn is_the_key(file: &[u8]) {
    assert!(is_pem(file));
    assert_eq!(read(file).unwrap().public_key(), KEY.public_key());
}

/// What openssl makes of `key.pem` with these arguments.
fn by_openssl(bench: &Openssl, arguments: &str) -> Vec<u8> {
    bench.run(&format!("{arguments} -in key.pem -out made.pem"));
    bench.get("made.pem")
}

#[test]
fn keys_in_the_clear() {
    let bench = Openssl::with_key();
    is_the_key(&CLEAR);
    is_the_key(&by_openssl(&bench, "pkcs8 -topk8 -nocrypt"));
    let pkcs1 = by_openssl(&bench, "rsa -traditional");
    assert!(pkcs1.starts_with(b"-----BEGIN RSA PRIVATE KEY-----"));
    is_the_key(&pkcs1);
    for made in [
        "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out k",
        "genrsa -out k 2048",
        "genrsa -traditional -out k 2048",
    ] {
        bench.run(made);
        let key = read(&bench.get("k")).unwrap();
        assert_eq!(key.public_key().spki_der(), bench.run("pkey -in k -pubout -outform DER"), "{made}");
    }
}

#[test]
fn keys_under_a_password() {
    let bench = Openssl::with_key();
    let passed = format!("-passout pass:{}", PASSWORD.replace(' ', "_"));
    for options in [
        "-v2 aes-256-cbc",
        "-v2 aes-128-cbc -v2prf hmacWithSHA1",
        "-v2 aes-192-cbc -v2prf hmacWithSHA512 -iter 3",
        "-v2 des3",
        "-scrypt",
        "-v1 PBE-SHA1-3DES",
    ] {
        let file = by_openssl(&bench, &format!("pkcs8 -topk8 {options} {passed}"));
        assert!(file.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{options}");
        assert!(matches!(read_private_key(&file, &Limits::default()).unwrap(), Found::Encrypted(_)));
        let right = PASSWORD.replace(' ', "_");
        assert_eq!(read_under(&right, &file).unwrap().public_key(), KEY.public_key(), "{options}");
        for wrong in [PASSWORD, "correct_horsE", "x"] {
            assert_eq!(read_under(wrong, &file).unwrap_err(), KeyFileError::WrongPassword, "{options} {wrong}");
        }
    }
}

#[test]
fn what_openssl_writes_beside_the_key_is_passed_over() {
    let bench = Openssl::with_key();
    bench.put("in.pfx", &written());
    let pass = format!("pass:{PASSWORD}");
    bench.run_with(&["pkcs12", "-in", "in.pfx", "-nodes", "-passin", &pass, "-out", "all.pem"]);
    let all = bench.get("all.pem");
    assert!(all.starts_with(b"Bag Attributes"));
    is_the_key(&all);
    is_the_key(&[&bench.get("cert.pem")[..], &CLEAR].concat());
    is_the_key(&[&CLEAR[..], &bench.run("pkey -in key.pem -pubout"), &bench.get("cert.pem")].concat());
}

#[test]
fn lines_of_other_lengths_and_ends() {
    let text = String::from_utf8(CLEAR.clone()).unwrap();
    is_the_key(text.replace('\n', "\r\n").as_bytes());
    is_the_key(text.trim_end().as_bytes());
    is_the_key(format!("\u{FEFF}{text}\n\n").as_bytes());
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    is_the_key(format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n").as_bytes());
    let lines: Vec<&str> = body.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    is_the_key(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", lines.join("\n")).as_bytes());
}

#[test]
fn the_encryption_of_traditional_files() {
    let bench = Openssl::with_key();
    let file = by_openssl(&bench, "rsa -traditional -aes256 -passout pass:old");
    assert!(file.windows(10).any(|window| window == b"Proc-Type:"));
    let error = read(&file).unwrap_err();
    assert_eq!(error.code(), "pem_unsupported");
    assert!(error.next_step().contains("openssl pkcs8 -topk8 -in old.pem -out key.pem"));
    // The command that it names mends it.
    bench.put("old.pem", &file);
    bench.run("pkcs8 -topk8 -in old.pem -out key.pem -passin pass:old -passout pass:new");
    assert_eq!(read_under("new", &bench.get("key.pem")).unwrap().public_key(), KEY.public_key());
}

#[test]
fn keys_of_other_kinds() {
    let bench = Openssl::new();
    bench.run("ecparam -genkey -name prime256v1 -noout -out ec.pem");
    let ec = bench.get("ec.pem");
    assert!(ec.starts_with(b"-----BEGIN EC PRIVATE KEY-----"));
    assert_eq!(code(&ec), "not_rsa");
    bench.run("genpkey -algorithm ed25519 -out ed.pem");
    assert_eq!(code(&bench.get("ed.pem")), "not_rsa");
    assert_eq!(code(&pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0")), "pem_unsupported");
    assert_eq!(code(&pem("X PRIVATE KEY", b"x")), "pem_unsupported");
    bench.run("genrsa -out short.pem 1024");
    assert_eq!(code(&bench.get("short.pem")), "key_size_not_allowed");
    bench.run("genrsa -out long.pem 3072");
    assert_eq!(code(&bench.get("long.pem")), "key_size_not_allowed");
    assert!(matches!(read_private_key(&bench.get("long.pem"), &Limits::any_key_size()), Ok(Found::Clear(_))));
    bench.run("rsa -in short.pem -traditional -out short.pem");
    assert_eq!(code(&bench.get("short.pem")), "key_size_not_allowed");
}

#[test]
fn files_without_one_key() {
    let bench = Openssl::with_key();
    assert_eq!(code(&bench.get("cert.pem")), "no_key");
    assert_eq!(code(&bench.run("pkey -in key.pem -pubout")), "no_key");
    let error = read(&[&CLEAR[..], &by_openssl(&bench, "rsa -traditional")].concat()).unwrap_err();
    assert_eq!(
        error,
        KeyFileError::SeveralKeys { names: vec!["PRIVATE KEY".to_owned(), "RSA PRIVATE KEY".to_owned()] }
    );
    let hostile = pem("\u{1b}[2J PRIVATE KEY", b"x").repeat(100);
    let shown = read(&hostile).unwrap_err().to_string();
    assert!(!shown.contains('\u{1b}') && shown.len() < 1000, "{shown}");
}

#[test]
fn what_is_no_pem_file() {
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(CLEAR.iter().flat_map(|byte| [*byte, 0])).collect();
    for file in [b"".to_vec(), b"text".to_vec(), KEY.pkcs8_der().to_vec(), written(), utf16] {
        assert_eq!(code(&file), "not_pem");
        assert!(!is_pem(&file));
    }
}

#[test]
fn damage_is_named() {
    let text = String::from_utf8(CLEAR.clone()).unwrap();
    let (begin, end) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
    for damaged in [
        text.replace(end, ""),
        text.replace(end, "-----END RSA PRIVATE KEY-----"),
        text.replacen(begin, &format!("{begin}\n{begin}"), 1),
        text.replace("MII", "MI"),
        text.replace("MII", "M*I"),
        text.replacen('\n', "\n\n", 1),
        format!("{begin}\n{end}\n"),
        format!("{begin}\nMAA=\n{end}\n"),
        // An encrypted key under the label of one in the clear, and the other way round.
        text.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        text.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
    ] {
        assert_eq!(code(damaged.as_bytes()), "damaged", "{damaged}");
    }
    for length in (CLEAR.len() / 2..CLEAR.len() - 2).step_by(41) {
        assert_eq!(code(&CLEAR[..length]), "damaged", "{length}");
    }
}

#[test]
fn a_changed_boundary_is_refused() {
    let end = CLEAR.len() - "-----END PRIVATE KEY-----\n".len();
    for at in (0..CLEAR.len()).filter(|at| *at < 32 || *at >= end) {
        for byte in *b"\n\0-:=A " {
            let mut changed = CLEAR.clone();
            changed[at] = byte;
            // What stands after the last line is not part of the key.
            if changed[at] != CLEAR[at] && at + 1 != CLEAR.len() {
                assert!(read(&changed).is_err(), "{byte} at {at}");
            }
        }
    }
}

#[test]
fn work_is_bounded() {
    let bench = Openssl::with_key();
    let slow = by_openssl(&bench, "pkcs8 -topk8 -iter 2000 -passout pass:x");
    let few = Limits { iterations: 1000, ..Limits::default() };
    let open = |file: &[u8], limits: &Limits| match read_private_key(file, limits).unwrap() {
        Found::Encrypted(key) => key.open(&password(), limits).unwrap_err().code(),
        Found::Clear(_) => panic!("it is encrypted"),
    };
    assert_eq!(open(&slow, &few), "too_many_iterations");
    let wide = by_openssl(&bench, "pkcs8 -topk8 -scrypt -passout pass:x");
    assert_eq!(open(&wide, &Limits { scrypt_bytes: 1024, ..Limits::default() }), "too_much_memory");
    let nested = pem("ENCRYPTED PRIVATE KEY", &[[0x30, 0x80].repeat(100), vec![0; 200]].concat());
    assert!(matches!(code(&nested), "nested_too_deep" | "not_der"));
    let long = [&CLEAR[..], &vec![b'\n'; Limits::default().file_bytes]].concat();
    assert_eq!(code(&long), "file_too_large");
    assert_eq!(code(&b"-----BEGIN PRIVATE KEY-----\n".repeat(2000)), "damaged");
    assert_eq!(code(&b"-----END PRIVATE KEY-----\n".repeat(2000)), "damaged");
}

#[test]
fn debug_shows_no_key() {
    let bench = Openssl::with_key();
    let file = by_openssl(&bench, "pkcs8 -topk8 -passout pass:x");
    let shown = format!("{:?}", read_private_key(&file, &Limits::default()).unwrap());
    assert_eq!(shown, "Encrypted(EncryptedKey(redacted))");
}

#[test]
fn public_keys() {
    let bench = Openssl::with_key();
    let public = |file: &[u8]| read_public_key(file, &Limits::default()).map_err(|error| error.code());
    let spki = bench.run("pkey -in key.pem -pubout");
    assert_eq!(public(&spki).as_ref(), Ok(KEY.public_key()));
    assert_eq!(public(&[&bench.get("cert.pem")[..], &spki].concat()).as_ref(), Ok(KEY.public_key()));
    assert_eq!(public(&CLEAR), Err("not_pem"));
    assert_eq!(public(&spki.repeat(2)), Err("not_pem"));
    assert_eq!(public(b"{}"), Err("not_pem"));
    bench.run("genpkey -algorithm ed25519 -out ed.pem");
    assert_eq!(public(&bench.run("pkey -in ed.pem -pubout")), Err("damaged"));
}
