//! Every seed and every regression input of the fuzz targets (docs/fuzzing.md). `KEYWARD_UPDATE=1` writes the seeds anew.

#![expect(clippy::print_stderr, reason = "which input is run is shown where it fails")]

#[path = "../../../../tests/fuzz/inputs/byok.rs"]
mod byok_input;
#[path = "../../../../tests/fuzz/inputs/exchange_key.rs"]
mod exchange_key;
#[path = "../../../../tests/fuzz/inputs/jwe.rs"]
mod jwe_input;
#[path = "../../../../tests/fuzz/inputs/limits.rs"]
mod limits;
#[path = "../../../../tests/fuzz/inputs/pem.rs"]
mod pem_input;
#[path = "../../../../tests/fuzz/inputs/pfx.rs"]
mod pfx_input;
#[path = "../../../../tests/fuzz/replay.rs"]
mod replay;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyward_keyfile::pem::{self, Found};
use keyward_keyfile::{byok, jwe, pfx};

use crate::crafted;
use crate::loosened::loosen;
use crate::openssl::Openssl;
use crate::{KEY, PASSWORD, password, written};
use exchange_key::EXCHANGE_KEY;
use limits::limits;
use replay::{Seeds, run_all};

/// What openssl is told for the seeds; the iterations are within the limits of the target.
const EXPORTS: [(&str, &str); 5] = [
    ("openssl-aes256-sha256.pfx", "-iter 16"),
    ("openssl-aes128-sha512.pfx", "-iter 16 -keypbe AES-128-CBC -certpbe AES-128-CBC -macalg sha512"),
    ("openssl-3des-sha1.pfx", "-iter 16 -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1"),
    ("openssl-3des-pbes2.pfx", "-iter 16 -keypbe DES-EDE3-CBC -certpbe NONE -macalg sha384"),
    ("openssl-rc2-sha1.pfx", "-legacy -iter 16 -keypbe PBE-SHA1-RC2-40 -certpbe PBE-SHA1-RC2-128 -macalg sha1"),
];

fn pfx_seeds() -> Seeds {
    let bench = Openssl::with_key();
    let mut seeds: Seeds = EXPORTS.map(|(name, options)| (name.to_owned(), bench.export(options))).into();
    let whole = written();
    seeds.push(("no-mac.pfx".to_owned(), bench.export("-iter 16 -nomac")));
    seeds.push(("ber.pfx".to_owned(), loosen(&whole)));
    // The contents of files, around which the target puts a MAC that fits.
    for (name, file) in [("aes", &seeds[0].1), ("3des", &seeds[2].1), ("rc2", &seeds[4].1)].map(|(n, f)| (n, f.clone()))
    {
        seeds.push((format!("content-{name}.der"), crafted::content(&file)));
    }
    let sha256 = crafted::algorithm(&[1, 2, 840, 113_549, 2, 9], None);
    let pbkdf2 = crafted::pbkdf2(&[7; 8], 3, Some(16), &sha256);
    let certificate = p12::SafeBagKind::CertBag(p12::CertBag::X509(vec![0x30, 0x00]));
    let list = yasna::construct_der(|w| w.write_sequence_of(|w| crafted::key_bag(3, Some("inner")).write(w.next())));
    let plain = p12::ContentInfo::Data(vec![0x30, 0x00]);
    for (name, content) in [
        ("ber", loosen(&crafted::content(&whole))),
        ("pbkdf2", crafted::safe(&[crafted::key_bag_under_pbes2(&pbkdf2)])),
        ("scrypt", crafted::safe(&[crafted::key_bag_under_pbes2(&crafted::scrypt(4, 1, 1))])),
        (
            "key-and-certificate",
            crafted::safe(&[crafted::key_bag(3, Some("key")), crafted::bag(certificate, Some("it"))]),
        ),
        ("other-bags", crafted::safe(&[crafted::other_bag(6, list), crafted::other_bag(5, vec![0x05, 0x00])])),
        ("groups", crafted::safe_of_groups(&[plain.clone(), plain])),
    ] {
        seeds.push((format!("content-{name}.der"), content));
    }
    seeds.push(("key.pkcs8".to_owned(), KEY.pkcs8_der().to_vec()));
    seeds
}

/// What openssl is told for the seeds under a password; the work is within the limits of the target.
const ENCRYPTIONS: [(&str, &str); 4] = [
    ("aes256-sha256", "-v2 aes-256-cbc -iter 16"),
    ("aes128-sha1", "-v2 aes-128-cbc -v2prf hmacWithSHA1 -iter 16"),
    ("3des-sha1", "-v1 PBE-SHA1-3DES -iter 16"),
    ("scrypt", "-scrypt -scrypt_N 16 -scrypt_r 1 -scrypt_p 1"),
];

fn pem_seeds() -> Seeds {
    let bench = Openssl::with_key();
    let pass = format!("pass:{PASSWORD}");
    let mut seeds = Seeds::new();
    for (name, options) in ENCRYPTIONS {
        for (form, kind) in [("PEM", "pem"), ("DER", "der")] {
            let mut arguments = vec!["pkcs8", "-topk8", "-in", "key.pem", "-outform", form, "-passout", &pass];
            arguments.extend(options.split(' '));
            seeds.push((format!("encrypted-{name}.{kind}"), bench.run_with(&arguments)));
        }
    }
    for (name, arguments) in [
        ("pkcs8.pem", "pkey -in key.pem"),
        ("pkcs8.der", "pkcs8 -topk8 -nocrypt -in key.pem -outform DER"),
        ("pkcs1.pem", "rsa -in key.pem -traditional"),
        ("pkcs1.der", "rsa -in key.pem -traditional -outform DER"),
        ("traditional.pem", "rsa -in key.pem -traditional -aes256 -passout pass:old"),
        ("public.pem", "pkey -in key.pem -pubout"),
        ("public.der", "pkey -in key.pem -pubout -outform DER"),
    ] {
        seeds.push((name.to_owned(), bench.run(arguments)));
    }
    let with_certificate = [&bench.get("cert.pem")[..], &bench.run("pkey -in key.pem")].concat();
    seeds.push(("with-certificate.pem".to_owned(), with_certificate));
    seeds
}

fn byok_seeds() -> Seeds {
    let made = byok::wrap(&KEY, EXCHANGE_KEY.public_key(), "https://contoso.vault.azure.net/keys/exchange/1").unwrap();
    let document: serde_json::Value = serde_json::from_slice(&made).unwrap();
    let spaced = serde_json::to_vec_pretty(&document).unwrap();
    vec![("made.byok".to_owned(), made), ("spaced.byok".to_owned(), spaced)]
}

fn jwe_seeds() -> Seeds {
    let seal = |plain: &[u8], kid: &str| jwe::seal(plain, EXCHANGE_KEY.public_key(), kid).unwrap().into_bytes();
    let content = format!(r#"{{"file":"{}","password":"{PASSWORD}"}}"#, STANDARD.encode(written()));
    vec![
        ("password.jwe".to_owned(), seal(PASSWORD.as_bytes(), "exchange/1")),
        ("key-file.jwe".to_owned(), seal(content.as_bytes(), "exchange/1")),
        ("nothing.jwe".to_owned(), seal(b"", "\"")),
        (
            "header.json".to_owned(),
            br#"{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"1","zip":"DEF","crit":[]}"#.to_vec(),
        ),
    ]
}

#[test]
fn seeds_and_regressions_of_pfx() {
    let seeds = run_all("pfx", pfx_seeds, pfx_input::run);
    for (name, seed) in seeds.iter().filter(|(name, _)| name.contains("openssl-")) {
        let read = pfx::read(seed, &password(), &limits());
        assert!(read.is_ok(), "{name} is to get through: {read:?}");
    }
}

#[test]
fn seeds_and_regressions_of_pem() {
    for (name, seed) in run_all("pem", pem_seeds, pem_input::run) {
        let got_through = match name.rsplit_once('/').map_or(name.as_str(), |(_, name)| name) {
            "traditional.pem" => continue,
            "public.pem" => pem::read_public_key(&seed, &limits()).is_ok(),
            file if file.ends_with(".der") => continue,
            _ => match pem::read_private_key(&seed, &limits()).unwrap() {
                Found::Clear(_) => true,
                Found::Encrypted(key) => key.open(&password(), &limits()).is_ok(),
            },
        };
        assert!(got_through, "{name} is to get through");
    }
}

#[test]
fn seeds_and_regressions_of_byok() {
    for (name, seed) in run_all("byok", byok_seeds, byok_input::run) {
        let blob = byok::parse(&seed, &limits()).unwrap();
        assert!(blob.open(&EXCHANGE_KEY, &limits()).is_ok(), "{name} is to get through");
    }
}

#[test]
fn seeds_and_regressions_of_jwe() {
    let seeds = run_all("jwe", jwe_seeds, jwe_input::run);
    for (name, seed) in seeds.iter().filter(|(name, _)| name.ends_with(".jwe")) {
        let envelope = jwe::parse(str::from_utf8(seed).unwrap(), seed.len()).unwrap();
        let content_key = EXCHANGE_KEY.unwrap(envelope.encrypted_key(), b"").unwrap();
        assert!(envelope.open(&content_key).is_ok(), "{name} is to get through");
    }
}
