//! What is sealed badly, and passwords that are none.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keyward_keyfile::jwe;
use keyward_tests::keys::key;
use serde_json::{Value, json};

use crate::{CANARY, Case, Stage};

const MALFORMED: &str = "sealed_malformed";
const UNSUPPORTED: &str = "sealed_unsupported";
const NOT_OURS: &str = "not_sealed_for_this_vault";

fn generate(name: &str, sealed: &str) -> Case {
    let body = json!({ "id": "k2", "region": "europe", "sealedPassword": sealed }).to_string();
    Case::post(&format!("sealed: {name}"), "alice", "/keys/generate", body)
}

/// The message with another header.
fn with_header(sealed: &str, header: &Value) -> String {
    let rest = sealed.split_once('.').unwrap().1;
    format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
}

fn with_part(sealed: &str, part: usize, change: impl Fn(&str) -> String) -> String {
    let parts: Vec<String> = sealed
        .split('.')
        .enumerate()
        .map(|(at, text)| if at == part { change(text) } else { text.to_owned() })
        .collect();
    parts.join(".")
}

/// Changes the first character to another of the alphabet.
fn flipped(text: &str) -> String {
    let first = if text.starts_with('A') { "B" } else { "A" };
    format!("{first}{}", &text[1..])
}

pub(crate) fn cases(stage: &Stage) -> Vec<Case> {
    let alice = stage.alice();
    let good = alice.seal(CANARY.as_bytes());
    let other = alice.seal(CANARY.as_bytes());
    let (_, kid) = alice.exchange_key();
    let header = |alg: &str, enc: &str, more: Value| {
        let mut header = json!({ "alg": alg, "enc": enc, "kid": kid });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        with_header(&good, &header)
    };
    let mut cases = vec![
        generate("nothing", "").is(422, MALFORMED),
        generate("the password itself", CANARY).is(422, MALFORMED),
        generate("dots", "....").is(422, MALFORMED),
        generate("four parts", good.rsplit_once('.').unwrap().0).is(422, MALFORMED),
        generate("six parts", &format!("{good}.AAAA")).is(422, MALFORMED),
        generate("JSON form", &json!({ "ciphertext": CANARY }).to_string()).is(422, MALFORMED),
        generate("a token", &stage.local.token("alice")).is(422, MALFORMED),
        generate("cut off", &good[..good.len() - 8]).is(422, MALFORMED),
        generate("padded", &format!("{good}==")).is(422, MALFORMED),
        generate("standard alphabet", &with_part(&good, 1, |text| format!("+/{}", &text[2..]))).is(422, MALFORMED),
        generate("long key", &with_part(&good, 1, |_| "A".repeat(1000))).is(422, MALFORMED),
        generate("no key", &with_part(&good, 1, |_| String::new())).is(422, MALFORMED),
        generate("long header", &with_part(&good, 0, |_| "e".repeat(3000))).is(422, MALFORMED),
        generate("long", &"A".repeat(170_000)).is(422, "sealed_too_long"),
        generate("alg none", &header("none", "A256GCM", json!({}))).is(422, UNSUPPORTED),
        generate("alg RSA1_5", &header("RSA1_5", "A256GCM", json!({}))).is(422, UNSUPPORTED),
        generate("alg RSA-OAEP", &header("RSA-OAEP", "A256GCM", json!({}))).is(422, UNSUPPORTED),
        generate("alg dir", &header("dir", "A256GCM", json!({}))).is(422, UNSUPPORTED),
        generate("enc A128GCM", &header("RSA-OAEP-256", "A128GCM", json!({}))).is(422, UNSUPPORTED),
        generate("enc none", &header("RSA-OAEP-256", "none", json!({}))).is(422, UNSUPPORTED),
        generate("zip", &header("RSA-OAEP-256", "A256GCM", json!({ "zip": "DEF" }))).is(422, UNSUPPORTED),
        generate("crit", &header("RSA-OAEP-256", "A256GCM", json!({ "crit": ["x"] }))).is(422, UNSUPPORTED),
        generate("no kid", &with_header(&good, &json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM" }))).is(422, MALFORMED),
        generate("another header", &header("RSA-OAEP-256", "A256GCM", json!({ "x": 1 }))).is(422, "not_opened"),
        generate("changed text", &with_part(&good, 3, flipped)).is(422, "not_opened"),
        generate("changed tag", &with_part(&good, 4, flipped)).is(422, "not_opened"),
        generate("changed start", &with_part(&good, 2, flipped)).is(422, "not_opened"),
        generate("changed key", &with_part(&good, 1, flipped)).is(422, NOT_OURS),
        generate("another's key", &with_part(&good, 1, |_| other.split('.').nth(1).unwrap().to_owned()))
            .is(422, "not_opened"),
        generate("empty password", &alice.seal(b"")).is(422, "empty_password"),
        generate("long password", &alice.seal("p".repeat(2000).as_bytes())).is(422, "password_too_long"),
        generate("password not UTF-8", &alice.seal(b"\xff\xfe")).is(422, NOT_OURS),
    ];
    for kid in ["provider", "exchange-2", "", "../keys/k1"] {
        let sealed = with_header(&good, &json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": kid }));
        cases.push(generate(&format!("kid {kid:?}"), &sealed).is(422, NOT_OURS));
    }
    let stranger = jwe::seal(CANARY.as_bytes(), key(1).public_key(), &kid).unwrap();
    cases.push(generate("to another key under this kid", &stranger).is(422, NOT_OURS));
    for value in [json!([CANARY]), json!(null), json!({ "text": CANARY }), json!(7)] {
        let body = json!({ "id": "k2", "region": "europe", "sealedPassword": value }).to_string();
        cases.push(Case::post(&format!("sealed: {value}"), "alice", "/keys/generate", body));
    }
    let taken = json!({ "id": "k1", "region": "europe", "sealedPassword": good }).to_string();
    cases.push(Case::post("a key that is there", "alice", "/keys/generate", taken).is(409, "key_exists"));
    let asia = json!({ "id": "k2", "region": "asia", "sealedPassword": good }).to_string();
    cases.push(Case::post("another region", "alice", "/keys/generate", asia).is(409, "region_not_of_tenant"));
    cases
}
