//! Sealed messages, and those of `jwcrypto` (Python) and `jose` (Node).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use keyward_keyfile::jwe;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Matrix;
use super::programs::{node, python};
use crate::KEY;
use crate::openssl::{Openssl, pem};

const KID: &str = "exchange/1";
const LONGEST: usize = 200_000;

/// A program that seals and opens.
struct Program {
    name: &'static str,
    run: fn(&Openssl, &str) -> Answers,
    /// What it does not seal, of what is asked for below.
    cannot_seal: &'static [&'static str],
    /// What it does not open though it should.
    cannot_open: &'static [&'static str],
}

#[derive(Deserialize)]
struct Answers {
    version: String,
    answers: Vec<Answer>,
}

/// What a program made of one request.
#[derive(Deserialize, Debug)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Done(String),
    Refused(String),
}

/// What the scripts take.
#[derive(Serialize)]
struct Request {
    header: Value,
    plain: String,
    form: &'static str,
}

impl Request {
    fn compact(header: Value, plain: &[u8]) -> Self {
        Self { header, plain: STANDARD.encode(plain), form: "compact" }
    }
}

fn bench() -> Openssl {
    let bench = Openssl::new();
    bench.put("key.pem", &pem("PRIVATE KEY", KEY.pkcs8_der()));
    bench.put("public.pem", &pem("PUBLIC KEY", KEY.public_key().spki_der()));
    bench.put("secret", &[7; 32]);
    bench
}

impl Program {
    fn ask(&self, bench: &Openssl, work: &str, requests: &impl Serialize) -> Vec<Answer> {
        bench.put("requests.json", &serde_json::to_vec(requests).unwrap());
        (self.run)(bench, work).answers
    }

    fn open(&self, bench: &Openssl, sealed: &[String]) -> Vec<Answer> {
        let answers = self.ask(bench, "open", &sealed);
        assert_eq!(answers.len(), sealed.len());
        answers
    }

    fn seal(&self, bench: &Openssl, requests: &[Request]) -> Vec<Answer> {
        let answers = self.ask(bench, "seal", &requests);
        assert_eq!(answers.len(), requests.len());
        answers
    }

    fn with_version(&self, bench: &Openssl) -> String {
        bench.put("requests.json", b"[]");
        format!("{} {}", self.name, (self.run)(bench, "open").version)
    }
}

/// What is said of a message that this crate looked at.
fn ours(sealed: &str) -> Result<Vec<u8>, &'static str> {
    let envelope = jwe::parse(sealed, LONGEST).map_err(|error| error.code())?;
    let content_key = KEY.unwrap(envelope.encrypted_key(), b"").map_err(|error| error.code())?;
    envelope.open(&content_key).map(|plain| plain.to_vec()).map_err(|error| error.code())
}

fn agreed() -> Value {
    json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID })
}

fn plaintexts() -> [(&'static str, Vec<u8>); 4] {
    let bytes: Vec<u8> = (0..=255).collect();
    [
        ("text", "a key file and its password: Grüße".into()),
        ("no bytes", Vec::new()),
        ("every byte", bytes.clone()),
        ("64 KiB", bytes.repeat(256)),
    ]
}

const AGREED: &str = "JWE with RSA-OAEP-256 and A256GCM";

#[test]
fn jwcrypto_both_ways() {
    let program = Program {
        name: "jwcrypto",
        run: |bench, work| python(bench, "jwe.py", &[work]),
        cannot_seal: &["alg RSA-OAEP-384", "alg RSA-OAEP-512"],
        // It takes an empty plaintext for none, its own too.
        cannot_open: &["no bytes"],
    };
    both_ways(&program, Matrix::new("jwe-python"));
}

#[test]
fn jose_both_ways() {
    let program = Program {
        name: "jose",
        run: |bench, work| node(bench, "jwe.mjs", &[work]),
        cannot_seal: &["alg RSA1_5"],
        cannot_open: &[],
    };
    both_ways(&program, Matrix::new("jwe-node"));
}

fn both_ways(program: &Program, mut matrix: Matrix) {
    let bench = bench();
    let name = program.with_version(&bench);
    they_open(program, &bench, &name, &mut matrix);
    we_open(program, &bench, &name, &mut matrix);
    other_kinds(program, &bench, &name, &mut matrix);
    matrix.write();
}

/// What is sealed here they open; changed, they don't.
fn they_open(program: &Program, bench: &Openssl, name: &str, matrix: &mut Matrix) {
    let seal = |plain: &[u8]| jwe::seal(plain, KEY.public_key(), KID).unwrap();
    let sealed: Vec<String> = plaintexts().iter().map(|(_, plain)| seal(plain)).collect();
    for ((what, plain), answer) in plaintexts().iter().zip(program.open(bench, &sealed)) {
        let outcome = match answer {
            Answer::Done(opened) => {
                assert_eq!(STANDARD.decode(opened).unwrap(), *plain, "{name}, {what}");
                "opened"
            }
            Answer::Refused(_) => "refused, a fault there",
        };
        assert_eq!(outcome == "opened", !program.cannot_open.contains(what), "{name}, {what}");
        matrix.add(format!("Keyward → {name}: {AGREED}"), *what, outcome);
    }
    let (whats, changed): (Vec<_>, Vec<_>) =
        tampered(&seal(b"first"), &seal(b"other")).into_iter().map(|(what, _, text)| (what, text)).unzip();
    for (what, answer) in whats.iter().zip(program.open(bench, &changed)) {
        assert!(matches!(answer, Answer::Refused(_)), "{name}, {what}");
        matrix.add(format!("Keyward → {name}: {AGREED}, changed on the way"), *what, "refused");
    }
}

/// What they seal is opened here; changed, it isn't.
fn we_open(program: &Program, bench: &Openssl, name: &str, matrix: &mut Matrix) {
    let requests = plaintexts().map(|(_, plain)| Request::compact(agreed(), &plain));
    let answers = program.seal(bench, &requests);
    let mut sealed = Vec::new();
    for ((what, plain), answer) in plaintexts().into_iter().zip(answers) {
        let Answer::Done(text) = answer else { panic!("{name}, {what}: {answer:?}") };
        assert_eq!(jwe::parse(&text, LONGEST).unwrap().kid(), KID);
        assert_eq!(ours(&text), Ok(plain), "{name}, {what}");
        matrix.add(format!("{name} → Keyward: {AGREED}"), what, "opened");
        sealed.push(text);
    }
    for (what, code, text) in tampered(&sealed[0], &sealed[2]) {
        assert_eq!(ours(&text), Err(code), "{name}, {what}");
        matrix.add(format!("{name} → Keyward: {AGREED}, changed on the way"), what, format!("refused as {code}"));
    }
}

/// Changes of a message, each with the code of its refusal here. `other` is a second one for the same key.
fn tampered(text: &str, other: &str) -> Vec<(&'static str, &'static str, String)> {
    let parts = bytes_of(text);
    let others = bytes_of(other);
    let with = |index: usize, change: &dyn Fn(&mut Vec<u8>)| {
        let mut parts = parts.clone();
        change(&mut parts[index]);
        parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    };
    let header = |header: Value| with(0, &|part| *part = header.to_string().into_bytes());
    let mut cases = vec![
        ("another kid", "not_opened", header(json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "exchange/2" }))),
        ("a member more", "not_opened", {
            header(json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": KID, "x": 1 }))
        }),
        ("alg exchanged", "sealed_unsupported", header(json!({ "alg": "RSA-OAEP", "enc": "A256GCM", "kid": KID }))),
        ("header of no JSON", "sealed_malformed", with(0, &|part| part.truncate(part.len() - 1))),
        ("encrypted key of another", "not_opened", with(1, &|part| *part = others[1].clone())),
        ("encrypted key cut", "not_unwrapped", with(1, &|part| part.truncate(255))),
        ("no encrypted key", "sealed_malformed", with(1, &Vec::clear)),
        ("IV of another", "not_opened", with(2, &|part| *part = others[2].clone())),
        ("IV of 16 bytes", "sealed_malformed", with(2, &|part| part.resize(16, 0))),
        ("ciphertext cut", "not_opened", with(3, &|part| part.truncate(part.len() - 1))),
        ("ciphertext longer", "not_opened", with(3, &|part| part.push(0))),
        ("tag of another", "not_opened", with(4, &|part| *part = others[4].clone())),
        ("tag of 12 bytes", "sealed_malformed", with(4, &|part| part.truncate(12))),
        ("no tag", "sealed_malformed", with(4, &Vec::clear)),
        ("four parts", "sealed_malformed", text.rsplit_once('.').unwrap().0.to_owned()),
        ("six parts", "sealed_malformed", format!("{text}.AAAA")),
    ];
    for (index, what, code) in [
        (1, "a bit of the encrypted key", "not_unwrapped"),
        (2, "a bit of the IV", "not_opened"),
        (3, "a bit of the ciphertext", "not_opened"),
        (4, "a bit of the tag", "not_opened"),
    ] {
        for at in [0, parts[index].len() - 1] {
            cases.push((what, code, with(index, &|part| part[at] ^= 1)));
        }
    }
    cases
}

/// The five parts of a compact JWE.
fn bytes_of(text: &str) -> [Vec<u8>; 5] {
    let parts: Vec<Vec<u8>> = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
    parts.try_into().unwrap()
}

/// Sound messages of another kind than the agreed one, with the code of the refusal.
fn kinds() -> Vec<(String, &'static str, Request)> {
    let unsupported = "sealed_unsupported";
    let request = |header: Value| Request::compact(header, b"of another kind");
    let mut kinds = Vec::new();
    for alg in ["RSA-OAEP", "RSA-OAEP-384", "RSA-OAEP-512", "RSA1_5", "dir", "A256KW", "A256GCMKW"] {
        let header = json!({ "alg": alg, "enc": "A256GCM", "kid": KID });
        kinds.push((format!("alg {alg}"), unsupported, request(header)));
    }
    for enc in ["A128GCM", "A192GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"] {
        let header = json!({ "alg": "RSA-OAEP-256", "enc": enc, "kid": KID });
        kinds.push((format!("enc {enc}"), unsupported, request(header)));
    }
    for (what, code, more) in [
        ("zip DEF", unsupported, json!({ "zip": "DEF", "kid": KID })),
        ("crit", unsupported, json!({ "crit": ["exp"], "exp": 1, "kid": KID })),
        ("no kid", "sealed_malformed", json!({})),
    ] {
        let mut header = json!({ "alg": "RSA-OAEP-256", "enc": "A256GCM" });
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        kinds.push((what.to_owned(), code, request(header)));
    }
    for form in ["flattened", "general"] {
        let request = Request { form, ..request(agreed()) };
        kinds.push((format!("{form} JSON form"), "sealed_malformed", request));
    }
    kinds
}

fn other_kinds(program: &Program, bench: &Openssl, name: &str, matrix: &mut Matrix) {
    let (whats, requests): (Vec<_>, Vec<_>) =
        kinds().into_iter().map(|(what, code, request)| ((what, code), request)).unzip();
    for ((what, code), answer) in whats.into_iter().zip(program.seal(bench, &requests)) {
        match answer {
            Answer::Done(text) => {
                assert!(!program.cannot_seal.contains(&what.as_str()), "{name} seals with {what} now");
                assert_eq!(ours(&text), Err(code), "{name}, {what}");
                matrix.add(format!("{name} → Keyward: JWE"), what, format!("refused as {code}"));
            }
            Answer::Refused(why) => {
                assert!(program.cannot_seal.contains(&what.as_str()), "{name}, {what}: {why}");
                matrix.add(format!("{name} → Keyward: JWE"), what, format!("not tried, {name} does not write it"));
            }
        }
    }
}
