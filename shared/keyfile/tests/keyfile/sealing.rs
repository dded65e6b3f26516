//! Sealed messages, and wrapping that openssl understands.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward_keyfile::jwe::{self, JweError};

use crate::KEY;
use crate::openssl::{Openssl, pem};

fn sealed() -> String {
    jwe::seal(b"key file and password", KEY.public_key(), "exchange/1").unwrap()
}

fn open(text: &str) -> Result<Vec<u8>, JweError> {
    let envelope = jwe::parse(text, 10_000)?;
    let content_key = KEY.unwrap(envelope.encrypted_key(), b"").map_err(|_| JweError::NotOpened)?;
    Ok(envelope.open(&content_key)?.to_vec())
}

fn with_part(index: usize, part: &str) -> String {
    let text = sealed();
    let mut parts: Vec<&str> = text.split('.').collect();
    parts[index] = part;
    parts.join(".")
}

#[test]
fn what_is_sealed_opens() {
    let text = sealed();
    assert_eq!(jwe::parse(&text, 10_000).unwrap().kid(), "exchange/1");
    assert_eq!(open(&text).unwrap(), b"key file and password");
    assert_ne!(text, sealed());
    let empty = jwe::seal(b"", KEY.public_key(), "").unwrap();
    assert_eq!(open(&empty).unwrap(), b"");
}

#[test]
fn the_header_is_the_agreed_one() {
    let text = sealed();
    let header = URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
    assert_eq!(String::from_utf8(header).unwrap(), r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"exchange/1"}"#);
}

#[test]
fn headers_that_are_refused() {
    for (header, code) in [
        (r#"{"alg":"RSA-OAEP","enc":"A256GCM","kid":"k"}"#, "sealed_unsupported"),
        (r#"{"alg":"dir","enc":"A256GCM","kid":"k"}"#, "sealed_unsupported"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A128GCM","kid":"k"}"#, "sealed_unsupported"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","zip":"DEF"}"#, "sealed_unsupported"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","crit":["b64"]}"#, "sealed_unsupported"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","crit":null}"#, "sealed_unsupported"),
        (r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#, "sealed_malformed"),
        (r#"{"alg":"RSA-OAEP-256","alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k"}"#, "sealed_malformed"),
        ("[]", "sealed_malformed"),
        ("", "sealed_malformed"),
    ] {
        let error = open(&with_part(0, &URL_SAFE_NO_PAD.encode(header))).unwrap_err();
        assert_eq!(error.code(), code, "{header}");
        assert!(!error.next_step().is_empty());
    }
    // Members that mean nothing here are ignored (RFC 7516, section 4), but authenticated.
    let more = r#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"k","cty":"json","x":1}"#;
    let changed = with_part(0, &URL_SAFE_NO_PAD.encode(more));
    assert_eq!(open(&changed).unwrap_err(), JweError::NotOpened);
}

#[test]
fn parts_that_are_refused() {
    let text = sealed();
    assert_eq!(jwe::parse(&text, text.len() - 1).unwrap_err().code(), "sealed_too_long");
    for changed in [
        String::new(),
        "....".to_owned(),
        format!("{text}."),
        format!("{text}="),
        with_part(1, ""),
        with_part(1, &"A".repeat(1000)),
        with_part(2, "AAAA"),
        with_part(4, "AAAA"),
        with_part(3, "a b"),
    ] {
        assert_eq!(open(&changed).unwrap_err().code(), "sealed_malformed", "{changed}");
    }
    let envelope = jwe::parse(&text, 10_000).unwrap();
    assert_eq!(envelope.clone().open(&[0; 32]).unwrap_err(), JweError::NotOpened);
    assert_eq!(envelope.open(&[0; 16]).unwrap_err(), JweError::NotOpened);
}

#[test]
fn any_changed_character_keeps_it_closed() {
    let text = sealed();
    for at in (0..text.len()).step_by(7) {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(open(&changed).is_err(), "{at}");
    }
}

#[test]
fn openssl_unwraps_and_wraps() {
    let bench = Openssl::new();
    bench.put("key.pem", &pem("PRIVATE KEY", KEY.pkcs8_der()));
    let oaep = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
                -pkeyopt rsa_mgf1_md:sha256 -pkeyopt rsa_oaep_label:656e76";
    bench.put("wrapped", &KEY.public_key().wrap(b"data key", b"env").unwrap());
    let plain = bench.run(&format!("pkeyutl -decrypt -inkey key.pem -in wrapped {oaep}"));
    assert_eq!(plain, b"data key");
    bench.put("plain", b"from outside");
    let wrapped = bench.run(&format!("pkeyutl -encrypt -inkey key.pem -in plain {oaep}"));
    assert_eq!(*KEY.unwrap(&wrapped, b"env").unwrap(), *b"from outside");
}

#[test]
fn openssl_verifies_and_signs() {
    let bench = Openssl::new();
    let message = keyward_keyfile::possession::message("contoso", "lock-tenant", "n-1");
    bench.put("key.pem", &pem("PRIVATE KEY", KEY.pkcs8_der()));
    bench.put("message", &message);
    bench.put("signature", &KEY.sign_pss(&message).unwrap());
    let pss = "-rawin -digest sha256 -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:32";
    bench.run(&format!("pkeyutl -verify -inkey key.pem -in message -sigfile signature {pss}"));
    let signature = bench.run(&format!("pkeyutl -sign -inkey key.pem -in message {pss}"));
    KEY.public_key().verify_pss(&message, &signature).unwrap();
}
