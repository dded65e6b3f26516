//! Transfer blobs: opened and made against the openssl program, and refused.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use keyward_keyfile::{KeyBits, KeyFileError, Limits, PrivateKey, byok};
use serde_json::{Value, json};

use crate::KEY;
use crate::interop::{Matrix, openssl};
use crate::openssl::{Openssl, pem};

const KID: &str = "https://contoso.vault.azure.net/keys/exchange/0123456789abcdef0123456789abcdef";

/// The ways of wrapping, in words and as the openssl program names them.
const WRAPPING: &str = "RSA-OAEP with SHA-1, AES-256 key wrap with padding";
const OAEP: &str = "-pkeyopt rsa_padding_mode:oaep";
const WRAP_PAD: &str = "-id-aes256-wrap-pad -iv A65959A6";

static EXCHANGE: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeyBits::Rsa2048).unwrap());

fn made() -> Vec<u8> {
    byok::wrap(&KEY, EXCHANGE.public_key(), KID).unwrap()
}

fn parse(file: &[u8]) -> Result<byok::Blob, KeyFileError> {
    byok::parse(file, &Limits::default())
}

fn open(file: &[u8]) -> Result<PrivateKey, KeyFileError> {
    parse(file)?.open(&EXCHANGE, &Limits::default())
}

fn code(file: &[u8]) -> &'static str {
    let error = open(file).expect_err("the blob is to be refused");
    assert!(!error.next_step().is_empty() && !error.to_string().is_empty());
    error.code()
}

fn document(ciphertext: &[u8]) -> Value {
    json!({
        "schema_version": "1.0.0",
        "header": { "kid": KID, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP" },
        "ciphertext": URL_SAFE_NO_PAD.encode(ciphertext),
        "generator": "a tool; an HSM",
    })
}

fn blob(ciphertext: &[u8]) -> Vec<u8> {
    document(ciphertext).to_string().into_bytes()
}

fn ciphertext_of(file: &[u8]) -> Vec<u8> {
    let document: Value = serde_json::from_slice(file).unwrap();
    URL_SAFE_NO_PAD.decode(document["ciphertext"].as_str().unwrap()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A ciphertext by the openssl program alone: `plain` under an AES key of `aes_bytes`, that for `EXCHANGE`.
fn by_openssl(bench: &Openssl, plain: &[u8], aes_bytes: usize) -> Vec<u8> {
    bench.put("exchange.pem", &pem("PUBLIC KEY", EXCHANGE.public_key().spki_der()));
    bench.put("target.der", plain);
    bench.run(&format!("rand -out aes {aes_bytes}"));
    let mut ciphertext = bench.run(&format!("pkeyutl -encrypt -pubin -inkey exchange.pem -in aes {OAEP}"));
    let cipher = WRAP_PAD.replace("256", &(8 * aes_bytes).to_string());
    ciphertext.extend(bench.run(&format!("enc {cipher} -K {} -in target.der", hex(&bench.get("aes")))));
    ciphertext
}

#[test]
fn what_openssl_wraps_opens() {
    let bench = Openssl::new();
    bench.run("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out target.pem");
    let target = bench.run("pkcs8 -topk8 -nocrypt -in target.pem -outform DER");
    let file = blob(&by_openssl(&bench, &target, 32));
    let read = parse(&file).unwrap();
    assert_eq!((read.kid(), read.generator()), (KID, "a tool; an HSM"));
    let key = open(&file).unwrap();
    assert_eq!(key.public_key().spki_der(), bench.run("pkey -in target.pem -pubout -outform DER"));
    let mut matrix = Matrix::new("byok-from-openssl");
    matrix.add(format!("{} → Keyward: transfer blob", openssl()), WRAPPING, "opened");
    matrix.write();
}

#[test]
fn openssl_unwraps_what_is_made() {
    let bench = Openssl::new();
    bench.put("exchange.pem", &pem("PRIVATE KEY", EXCHANGE.pkcs8_der()));
    let ciphertext = ciphertext_of(&made());
    bench.put("encrypted", &ciphertext[..256]);
    bench.put("wrapped", &ciphertext[256..]);
    let aes = bench.run(&format!("pkeyutl -decrypt -inkey exchange.pem -in encrypted {OAEP}"));
    assert_eq!(aes.len(), 32);
    let pkcs8 = bench.run(&format!("enc -d {WRAP_PAD} -K {} -in wrapped", hex(&aes)));
    assert_eq!(pkcs8, KEY.pkcs8_der());
    let mut matrix = Matrix::new("byok-to-openssl");
    matrix.add(format!("Keyward → {}: transfer blob", openssl()), WRAPPING, "opened");
    matrix.write();
}

#[test]
fn what_is_made_has_the_agreed_form_and_opens() {
    let file = made();
    let mut wanted = document(&ciphertext_of(&file));
    wanted["generator"] = json!(format!("keyward {}; software", env!("CARGO_PKG_VERSION")));
    assert_eq!(serde_json::from_slice::<Value>(&file).unwrap(), wanted);
    assert_eq!(open(&file).unwrap().public_key(), KEY.public_key());
    assert_ne!(file, made());
    assert_eq!(parse(&file).unwrap().to_json().unwrap(), file);
    // However the sender wrote it, what is read is written in the one form.
    let spaced = serde_json::to_vec_pretty(&serde_json::from_slice::<Value>(&file).unwrap()).unwrap();
    assert_ne!(spaced, file);
    assert_eq!(parse(&spaced).unwrap().to_json().unwrap(), file);
    assert!(format!("{:?}", parse(&file).unwrap()).len() < 200);
}

#[test]
fn exchange_keys_of_every_size() {
    for size in KeyBits::ALL {
        let exchange = PrivateKey::generate(size).unwrap();
        let file = byok::wrap(&KEY, exchange.public_key(), KID).unwrap();
        let read = parse(&file).unwrap();
        assert_eq!(read.split(size.bits()).unwrap().0.len(), size.bits() as usize / 8);
        let key = read.open(&exchange, &Limits::default()).unwrap();
        assert_eq!(key.public_key(), KEY.public_key());
        // With the wrong size the two parts are cut in the wrong place.
        assert_eq!(read.open(&KEY, &Limits::default()).unwrap_err().code(), "byok_not_for_this_vault");
    }
}

#[test]
fn sizes_that_no_exchange_key_has() {
    let read = parse(&made()).unwrap();
    for bits in [0, 8, 1024, 2047, 2056, 8192, u32::MAX] {
        assert_eq!(read.split(bits).unwrap_err().code(), "key_size_not_allowed", "{bits}");
    }
    let short = parse(&blob(&[7; 512])).unwrap();
    assert_eq!(short.split(4096).unwrap_err(), KeyFileError::ByokMalformed { part: "ciphertext" });
    assert!(short.split(2048).is_ok());
}

#[test]
fn versions_and_ways_of_wrapping_that_are_refused() {
    for (pointer, value) in [
        ("/schema_version", "1.0"),
        ("/schema_version", "1.0.1"),
        ("/schema_version", ""),
        ("/header/alg", "RSA-OAEP"),
        ("/header/alg", "DIR"),
        ("/header/enc", "A256GCM"),
        ("/header/enc", "CKM_RSA_AES_KEY_WRAP "),
    ] {
        let mut changed = document(&ciphertext_of(&made()));
        *changed.pointer_mut(pointer).unwrap() = json!(value);
        assert_eq!(code(changed.to_string().as_bytes()), "byok_unsupported", "{pointer} {value}");
    }
}

#[test]
fn members_that_are_missing_added_or_of_another_type() {
    let whole = document(&ciphertext_of(&made()));
    for member in ["schema_version", "header", "ciphertext", "generator", "header/kid", "header/alg", "header/enc"] {
        let pointer = format!("/{member}");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let mut missing = whole.clone();
        missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        assert_eq!(code(missing.to_string().as_bytes()), "byok_malformed", "without {member}");
        let mut added = whole.clone();
        added.pointer_mut(parent).unwrap()["more"] = json!("x");
        assert_eq!(code(added.to_string().as_bytes()), "byok_malformed", "beside {member}");
        for other in [Value::Null, json!(1), json!([]), json!({}), json!(["k", "dir", "CKM_RSA_AES_KEY_WRAP"])] {
            let mut changed = whole.clone();
            *changed.pointer_mut(&pointer).unwrap() = other.clone();
            assert_eq!(code(changed.to_string().as_bytes()), "byok_malformed", "{member} as {other}");
        }
        let value = whole.pointer(&pointer).unwrap();
        let once = format!("\"{name}\":{value}");
        let twice = whole.to_string().replace(&once, &format!("{once},{once}"));
        assert!(twice.len() > whole.to_string().len());
        assert_eq!(code(twice.as_bytes()), "byok_malformed", "{member} twice");
    }
    let list: Vec<&Value> = ["schema_version", "header", "ciphertext", "generator"].map(|name| &whole[name]).to_vec();
    assert_eq!(code(json!(list).to_string().as_bytes()), "byok_malformed");
}

#[test]
fn what_is_no_blob_at_all() {
    let file = made();
    let mut followed = file.clone();
    followed.extend_from_slice(b"{}");
    let mut marked = b"\xEF\xBB\xBF".to_vec();
    marked.extend_from_slice(&file);
    let nested = [b"[".repeat(60_000), b"{\"header\":".repeat(6_000), b"{\"a\":".repeat(10_000)];
    let others = [b"".to_vec(), b"{}".to_vec(), b"null".to_vec(), b"\xFF".to_vec(), crate::written()];
    for other in [followed, marked].into_iter().chain(nested).chain(others) {
        assert_eq!(code(&other), "byok_malformed", "{:?}", String::from_utf8_lossy(&other[..other.len().min(20)]));
    }
    let mut spaced = file.clone();
    spaced.push(b'\n');
    assert!(open(&spaced).is_ok());
}

#[test]
fn texts_are_bounded() {
    for (pointer, longest) in [("/header/kid", 2048), ("/generator", 256)] {
        let mut changed = document(&ciphertext_of(&made()));
        for (text, taken) in [
            ("k".repeat(longest), true),
            ("k".repeat(longest + 1), false),
            ("é".repeat(longest / 2 + 1), false),
            ("a\nb".to_owned(), false),
            ("a\u{1b}[2J".to_owned(), false),
            (String::new(), pointer == "/generator"),
        ] {
            *changed.pointer_mut(pointer).unwrap() = json!(text);
            assert_eq!(parse(changed.to_string().as_bytes()).is_ok(), taken, "{pointer} {text:?}");
        }
    }
    for kid in [String::new(), "k".repeat(2049), "a\0".to_owned()] {
        let error = byok::wrap(&KEY, EXCHANGE.public_key(), &kid).unwrap_err();
        assert_eq!(error, KeyFileError::ByokMalformed { part: "kid" });
    }
}

#[test]
fn sizes_are_bounded() {
    let limits = Limits::default();
    let mut longest = made();
    longest.resize(limits.file_bytes, b' ');
    assert!(open(&longest).is_ok());
    longest.push(b' ');
    let error = parse(&longest).unwrap_err();
    assert_eq!(error, KeyFileError::ByokTooLarge { bytes: limits.file_bytes + 1, limit: limits.file_bytes });
    assert!(!error.next_step().is_empty());
    for (bytes, taken) in [(280, true), (4608, true), (0, false), (272, false), (281, false), (4616, false)] {
        assert_eq!(parse(&blob(&vec![7; bytes])).is_ok(), taken, "{bytes}");
    }
}

#[test]
fn ciphertexts_that_are_not_base64url() {
    let ciphertext = ciphertext_of(&made());
    // 280 bytes end in one byte more than whole groups, so that there is padding to be wrong about.
    let whole = URL_SAFE_NO_PAD.encode(&ciphertext[..280]);
    let padded = URL_SAFE.encode(&ciphertext[..280]);
    assert!(padded.ends_with('='));
    let (rest, last) = whole.split_at(whole.len() - 1);
    // The bits after the last byte are to be zero; `A`, `Q`, `g` and `w` alone have them so.
    let loose = format!("{rest}{}", char::from(last.as_bytes()[0] + 1));
    for text in [padded, loose, format!("+{}", &whole[1..]), format!("/{}", &whole[1..]), format!("{whole}\n")] {
        let mut changed = document(&ciphertext);
        changed["ciphertext"] = json!(text);
        let error = parse(changed.to_string().as_bytes()).unwrap_err();
        assert_eq!(error, KeyFileError::ByokMalformed { part: "ciphertext" });
    }
}

#[test]
fn cut_or_changed_ciphertexts_stay_closed() {
    let whole = ciphertext_of(&made());
    for length in (0..whole.len()).step_by(8) {
        let wanted = if length < 280 { "byok_malformed" } else { "byok_not_for_this_vault" };
        // A private operation each: not every length.
        if length < 320 || length % 128 == 0 || length + 8 == whole.len() {
            assert_eq!(code(&blob(&whole[..length])), wanted, "{length}");
        }
    }
    for at in (0..whole.len()).step_by(61).chain([255, 256, whole.len() - 1]) {
        let mut changed = whole.clone();
        changed[at] ^= 1 << (at % 8);
        assert_eq!(code(&blob(&changed)), "byok_not_for_this_vault", "{at}");
    }
    let error = parse(&blob(&whole)).unwrap().open(&KEY, &Limits::default()).unwrap_err();
    assert_eq!(error, KeyFileError::ByokNotForThisVault);
}

#[test]
fn any_cut_of_the_file_is_malformed() {
    let file = made();
    for length in (0..file.len()).step_by(13).chain([file.len() - 1]) {
        assert_eq!(code(&file[..length]), "byok_malformed", "{length}");
    }
}

#[test]
fn other_content_in_a_sound_wrap() {
    let bench = Openssl::new();
    let short_key = by_openssl(&bench, KEY.pkcs8_der(), 16);
    assert_eq!(code(&blob(&short_key)), "byok_not_for_this_vault");
    assert_eq!(code(&blob(&by_openssl(&bench, b"no key, but more than one block", 32))), "damaged");
    bench.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem");
    let ec = bench.run("pkcs8 -topk8 -nocrypt -in ec.pem -outform DER");
    assert_eq!(code(&blob(&by_openssl(&bench, &ec, 32))), "not_rsa");
}

#[test]
fn key_sizes_are_those_of_the_limits() {
    let big = PrivateKey::generate(KeyBits::Rsa4096).unwrap();
    let file = byok::wrap(&big, EXCHANGE.public_key(), KID).unwrap();
    assert_eq!(code(&file), "key_size_not_allowed");
    let key = parse(&file).unwrap().open(&EXCHANGE, &Limits::any_key_size()).unwrap();
    assert_eq!(key.public_key(), big.public_key());
}
